"""The questions and the repairs, over a psycopg connection the caller owns."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row, kwargs_row, scalar_row
from psycopg.types.json import set_json_loads

from estoque_pg.consultas import CONSULTAS
from estoque_pg.erros import ArgumentoInvalido, ErroSerializacao, traduzindo
from estoque_pg.linhas import (
    Contagem,
    DiaProjetado,
    Disponibilidade,
    Divergencia,
    Estatisticas,
    Linha,
    Produto,
    Ruptura,
)

T = TypeVar("T")
L = TypeVar("L", bound=Linha)

TENTATIVAS = 6
ESPERA_INICIAL = 0.05  # seconds, about; doubles with each attempt


def _json_decimal(texto: str | bytes) -> Any:
    """Read JSON numbers as Decimal: a quantity never passes through a float."""
    return json.loads(texto, parse_float=Decimal, parse_int=Decimal)


def _codigo(valor: str) -> str:
    if not isinstance(valor, str):
        raise ArgumentoInvalido(f"a product code is text, not {type(valor).__name__}")
    try:
        valor.encode()
    except UnicodeEncodeError:
        raise ArgumentoInvalido("a product code must be valid Unicode text") from None
    if "\0" in valor:
        raise ArgumentoInvalido("a product code cannot contain a NUL character")
    return valor


def _codigos(valores: Iterable[str]) -> list[str]:
    if isinstance(valores, (str, bytes)):
        raise ArgumentoInvalido("a list of codes is expected, not one code", dica="write [codigo]")
    return [_codigo(v) for v in valores]


def _quantidade(valor: Decimal | int | float | str) -> Decimal:
    try:
        return Decimal(str(valor))
    except InvalidOperation:
        raise ArgumentoInvalido(f"not a quantity: {valor!r}") from None


class APIEstoqueTempoReal:
    """Ask for balances, forecasts and ruptures; rebuild and audit them.

    The constructor opens nothing and changes nothing. The schema is the one the connection's
    search_path finds. Connection and transaction are the caller's: no method commits, except
    that on an idle autocommit connection each statement is a transaction of its own, and only
    there are serialization failures and deadlocks (SQLSTATE 40001, 40P01) retried.

    Every method raises a subclass of `ErroEstoque`; `__cause__` is psycopg's own error. Methods
    named `consultar_*` and `get_*` return JSON-ready dictionaries, the short names typed rows.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn

    # -- dictionaries ---------------------------------------------------------------------------

    def consultar_workspace(self, codigos: Sequence[str]) -> list[dict[str, Any]]:
        """Return one dictionary per distinct known code, in the order asked for.

        Unknown codes give none. A code that is unified gives the answer of its whole group,
        under the canonical code.
        """
        return [p.como_dict() for p in self.produtos(codigos)]

    def consultar_produto(self, codigo: str) -> dict[str, Any] | None:
        """Return the product's dictionary, or None when no source knows the code."""
        produtos = self.consultar_workspace([codigo])
        return produtos[0] if produtos else None

    def consultar_rupturas(self, dias: int = 7) -> list[dict[str, Any]]:
        """Return the products that run out within today and `dias` days, soonest first.

        Keys: cod_produto, nome_produto, estoque_atual, menor_estoque_d7, dia_ruptura,
        dias_ate_ruptura. Raises ArgumentoInvalido when `dias` is negative.
        """
        return [r.como_dict() for r in self.rupturas(dias)]

    def consultar_projecao(self, codigo: str, dias: int = 28) -> list[dict[str, Any]]:
        """Return `dias` + 1 dictionaries, one per day from today; none for an unknown code.

        Keys: dia, data, saldo_inicial, entrada, saida, saldo_final.
        """
        return [d.como_dict() for d in self.projecao(codigo, dias)]

    def consultar_disponibilidade(
        self, codigo: str, quantidade: Decimal | int | float | str, dias: int = 28
    ) -> dict[str, Any] | None:
        """Return since when `quantidade` can be promised without a later rupture, and how much.

        Keys: data_disponivel, quantidade_disponivel, both None when no day up to the horizon
        does. None for an unknown code. Raises ArgumentoInvalido unless `quantidade` > 0.
        """
        disponibilidade = self.disponibilidade(codigo, quantidade, dias)
        return disponibilidade.como_dict() if disponibilidade else None

    def get_estatisticas(self) -> dict[str, Any]:
        """Return the whole stock's figures.

        Keys: total_produtos, produtos_com_ruptura, produtos_estoque_negativo,
        produtos_estoque_zerado, movimentacoes_previstas_7d, percentual_ruptura.
        """
        return self.estatisticas().como_dict()

    # -- typed rows -----------------------------------------------------------------------------

    def produtos(self, codigos: Sequence[str]) -> list[Produto]:
        """Return one row per distinct known code, in the order asked for."""
        pedidos = _codigos(codigos)
        with traduzindo(), self.conn.cursor(row_factory=kwargs_row(Produto.de_linha)) as cursor:
            set_json_loads(_json_decimal, cursor)
            linhas = cursor.execute(CONSULTAS["consultar"], {"codigos": pedidos}).fetchall()
        por_codigo = {p.codigo_consultado: p for p in linhas}
        return [por_codigo[c] for c in dict.fromkeys(pedidos) if c in por_codigo]

    def rupturas(self, dias: int = 7) -> list[Ruptura]:
        """Return the products that run out within today and `dias` days, soonest first."""
        return self._linhas(Ruptura, "rupturas", dias=dias)

    def projecao(self, codigo: str, dias: int = 28) -> list[DiaProjetado]:
        """Return one row per day from today to `dias` days ahead."""
        return self._linhas(DiaProjetado, "projecao", codigo=_codigo(codigo), dias=dias)

    def disponibilidade(
        self, codigo: str, quantidade: Decimal | int | float | str, dias: int = 28
    ) -> Disponibilidade | None:
        """Return since when the quantity can be promised; None for an unknown code."""
        linhas = self._linhas(
            Disponibilidade,
            "disponibilidade",
            codigo=_codigo(codigo),
            quantidade=_quantidade(quantidade),
            dias=dias,
        )
        return linhas[0] if linhas else None

    def estatisticas(self) -> Estatisticas:
        """Return the whole stock's figures."""
        return self._linhas(Estatisticas, "estatisticas")[0]

    def verificar(self, codigos: Sequence[str] | None = None) -> list[Divergencia]:
        """Recompute from the sources and return every difference; empty means exact."""
        lista = None if codigos is None else _codigos(codigos)
        return self._linhas(Divergencia, "verificar", codigos=lista)

    def contagem(self) -> Contagem:
        """Return how many products and forecast rows there are to audit."""
        return self._linhas(Contagem, "contagem")[0]

    # -- single values --------------------------------------------------------------------------

    def hoje(self) -> date:
        """Return the business date, the `today` of every answer."""
        valor: date = self._escalar("hoje")
        return valor

    def codigo_canonico(self, codigo: str) -> str:
        """Return the code its unification group goes by; the code itself when it has none."""
        valor: str = self._escalar("codigo", codigo=_codigo(codigo))
        return valor

    # -- maintenance ----------------------------------------------------------------------------

    def recalcular(self, codigo: str) -> int:
        """Rebuild one product (its whole group) from the sources; return how many changed."""
        parametro = _codigo(codigo)
        return int(self._repetindo(lambda: self._escalar("recalcular", codigo=parametro)))

    def recalcular_tudo(self) -> int:
        """Rebuild every product from the sources; return how many changed."""
        return int(self._repetindo(lambda: self._escalar("recalcular_tudo")))

    # -- inside ---------------------------------------------------------------------------------

    def _linhas(self, classe: type[L], nome: str, **parametros: Any) -> list[L]:
        with traduzindo(), self.conn.cursor(row_factory=class_row(classe)) as cursor:
            return cursor.execute(CONSULTAS[nome], parametros).fetchall()

    def _escalar(self, nome: str, **parametros: Any) -> Any:
        with traduzindo(), self.conn.cursor(row_factory=scalar_row) as cursor:
            return cursor.execute(CONSULTAS[nome], parametros).fetchone()

    def _repetindo(self, passo: Callable[[], T]) -> T:
        # Inside the caller's transaction a retry is useless: its snapshot is lost with it.
        livre = self.conn.info.transaction_status == TransactionStatus.IDLE
        tentativas = TENTATIVAS if self.conn.autocommit and livre else 1
        for tentativa in range(1, tentativas):
            try:
                return passo()
            except ErroSerializacao:
                # Random, so that two sessions which met once do not meet again in step.
                time.sleep(ESPERA_INICIAL * 2 ** (tentativa - 1) * random.uniform(0.5, 1.5))
        try:
            return passo()
        except ErroSerializacao as erro:
            if tentativas > 1:
                erro.dica = f"tried {tentativas} times: try again when fewer sessions write"
            raise
