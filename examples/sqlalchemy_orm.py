"""An ERP on SQLAlchemy 2 writes its tables and reads the stock within one transaction.

    DATABASE_URL="dbname=erp" python examples/sqlalchemy_orm.py

The database has estoque_pg installed (`estoque install`). Nothing stays: it ends with a rollback.
"""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal

import psycopg
from sqlalchemy import Engine, Numeric, create_engine, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from estoque_pg import APIEstoqueTempoReal


class Base(DeclarativeBase):
    """The ERP's models: as many columns as its tables have, of which these matter here."""


class MovimentacaoEstoque(Base):
    __tablename__ = "movimentacao_estoque"

    id: Mapped[int] = mapped_column(primary_key=True)
    cod_produto: Mapped[str]
    nome_produto: Mapped[str]
    data_movimentacao: Mapped[date]
    tipo_movimentacao: Mapped[str]
    qtd_movimentacao: Mapped[Decimal] = mapped_column(Numeric(15, 3))
    ativo: Mapped[bool | None] = mapped_column(default=True)


class PreSeparacaoItem(Base):
    __tablename__ = "pre_separacao_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    separacao_lote_id: Mapped[str | None]
    cod_produto: Mapped[str]
    qtd_selecionada_usuario: Mapped[Decimal | None] = mapped_column(Numeric(15, 3))
    data_expedicao_editada: Mapped[date | None]
    status: Mapped[str | None] = mapped_column(default="CRIADO")


class Separacao(Base):
    __tablename__ = "separacao"

    id: Mapped[int] = mapped_column(primary_key=True)
    separacao_lote_id: Mapped[str | None]
    cod_produto: Mapped[str | None]
    qtd_saldo: Mapped[float | None]
    expedicao: Mapped[date | None]


class UnificacaoCodigos(Base):
    __tablename__ = "unificacao_codigos"

    id: Mapped[int] = mapped_column(primary_key=True)
    codigo_origem: Mapped[str]
    codigo_destino: Mapped[str]
    ativo: Mapped[bool | None] = mapped_column(default=True)


def motor(dsn: str) -> Engine:
    """Return an engine on psycopg 3; `dsn` is what libpq takes, so the same as everywhere here."""
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))


def estoque(sessao: Session) -> APIEstoqueTempoReal:
    """Return the API within the session's transaction; what the session holds back is sent first.

    The API does not go through the session, so that nothing would be flushed on its behalf.
    """
    sessao.flush()
    conn = sessao.connection().connection.driver_connection
    assert isinstance(conn, psycopg.Connection)
    return APIEstoqueTempoReal(conn)


def main() -> None:
    with Session(motor(os.environ["DATABASE_URL"])) as sessao:
        hoje = estoque(sessao).hoje()
        sessao.add(
            MovimentacaoEstoque(
                cod_produto="EXEMPLO-1",
                nome_produto="Azeitona verde 200 g",
                data_movimentacao=hoje,
                tipo_movimentacao="ENTRADA",
                qtd_movimentacao=Decimal(100),
            )
        )
        sessao.add(
            PreSeparacaoItem(
                cod_produto="EXEMPLO-1",
                qtd_selecionada_usuario=Decimal(120),
                data_expedicao_editada=hoje,
            )
        )
        print(estoque(sessao).consultar_produto("EXEMPLO-1"))
        sessao.execute(
            update(PreSeparacaoItem)
            .where(PreSeparacaoItem.cod_produto == "EXEMPLO-1")
            .values(qtd_selecionada_usuario=80)
        )
        print(estoque(sessao).consultar_produto("EXEMPLO-1"))
        sessao.rollback()
        print(estoque(sessao).consultar_produto("EXEMPLO-1"))


if __name__ == "__main__":
    main()
