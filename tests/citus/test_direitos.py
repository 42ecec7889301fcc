"""Roles at both entries: readers and writers that estoque grant made, and nobody in particular.

Roles belong to all databases of the cluster: each test's bear the name of its database.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from oraculo import comparar_consultas, oraculo_de
from oraculo_manha import comparar_manha
from oraculo_planejador import comparar_planejador
from psycopg.conninfo import make_conninfo
from test_cli import dados, estoque
from test_concorrencia import CANCELAR, UNIDOS, item, mov, sep

from citus.aglomerado import CADA_ENTRADA, EMPRESA, BancoCitus, ServicoCitus, em, nome_do_banco
from estoque_pg.migracoes import instalar


@pytest.fixture
def papel(povoado: BancoCitus) -> Iterator[str]:
    """Made at the coordinator, known to all nodes."""
    nome = f"app_{povoado.nome}"
    conn = povoado.coordenador
    conn.execute(f"CREATE ROLE {nome} LOGIN")
    try:
        yield nome
    finally:
        conn.execute(f"DROP OWNED BY {nome} CASCADE")
        conn.execute(f"DROP ROLE {nome}")


def conceder(banco: BancoCitus, papel: str, *que: str) -> None:
    dsn = em(banco.citus.dsn(banco.nome), banco.esquema)
    feito = estoque("grant", papel, *que, dsn=dsn)
    assert feito.exit_code == 0, feito.output


def test_a_reader_asks_everything_and_writes_nothing(povoado: BancoCitus, papel: str) -> None:
    conceder(povoado, papel, "--leitura")
    dsn = make_conninfo(povoado.dsn, user=papel)
    certo = oraculo_de(povoado.conn)
    with psycopg.connect(dsn, autocommit=True) as conn:
        erros = comparar_consultas(conn, certo)
        erros += comparar_planejador(conn, certo) + comparar_manha(conn, certo)
        assert not erros, "\n".join(erros)
        for escrita in (mov("P"), "UPDATE estoque_tempo_real SET saldo_atual = 0"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(escrita.encode())
    situacao = dados("status", dsn=dsn)
    assert situacao["problemas"] == []
    assert dados("rupturas", dsn=dsn) == dados("rupturas", dsn=povoado.dsn)


def test_a_writer_writes_the_sources_and_no_result(povoado: BancoCitus, papel: str) -> None:
    conceder(povoado, papel, "--escrita")
    dsn = make_conninfo(povoado.dsn, user=papel)
    with psycopg.connect(dsn, autocommit=True) as conn:
        for comando in (*UNIDOS, item("L0"), sep("N"), CANCELAR, "DELETE FROM separacao"):
            conn.execute(comando.encode())
            povoado.verificar()
        for proibida in (
            "UPDATE estoque_tempo_real SET saldo_atual = 0",
            "DELETE FROM movimentacao_prevista",
            "INSERT INTO estoque_lote VALUES ('X', true)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(proibida.encode())
    assert dados("status", dsn=dsn)["problemas"] == []


def test_anybody_reads_what_is_public(povoado: BancoCitus, papel: str) -> None:
    povoado.cru(f"GRANT USAGE ON SCHEMA {povoado.esquema} TO {papel}")
    dsn = make_conninfo(povoado.dsn, user=papel)
    with psycopg.connect(dsn, autocommit=True) as conn:
        linhas = conn.execute("SELECT * FROM estoque_consultar('{P,X}')").fetchall()
        assert len(linhas) == 2
        conn.execute("SELECT * FROM estoque_por_codigo")
        for proibida in ("SELECT * FROM movimentacao_estoque", "SELECT estoque_minuto()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(proibida.encode())
    assert estoque("status", dsn=dsn).exit_code == 0


def test_default_privileges_do_not_open_the_results(vazio: str, servico: ServicoCitus) -> None:
    """What the ERP's owner gives on all tables to come is no right to write ours."""
    nome = nome_do_banco(vazio)
    papel = f"app_{nome}"
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {papel} LOGIN")
        conn.execute(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {papel}")
        conn.execute(f"CREATE SCHEMA {EMPRESA}")
        conn.execute(f"GRANT USAGE ON SCHEMA {EMPRESA} TO {papel}")
        try:
            instalar(vazio, EMPRESA)
            for entrada in CADA_ENTRADA:
                banco = BancoCitus(servico.citus, nome, entrada)
                with psycopg.connect(make_conninfo(banco.dsn, user=papel), autocommit=True) as app:
                    app.execute(mov("P1").encode())
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        app.execute("UPDATE estoque_tempo_real SET saldo_atual = 0")
                banco.verificar()
                banco.fechar()
        finally:
            conn.execute(f"ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM {papel}")
            conn.execute(f"DROP OWNED BY {papel} CASCADE")
            conn.execute(f"DROP ROLE {papel}")
