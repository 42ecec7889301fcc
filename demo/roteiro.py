"""The life of a day: what an ERP does to one product, and what its numbers do at once.

Every run writes new documents and, at the end, takes the order back and restores the production
plan: the product ends the day where it began, so the story can be told again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

import psycopg
from psycopg.rows import class_row

from demo.comandos import COMANDOS
from demo.documentos import dia_util
from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import t
from estoque_pg.tabela import numero


@dataclass(frozen=True, slots=True)
class Retrato:
    """One product at one moment: `saida` is forecast for today, `entrada` for the next workday."""

    cod_produto: str
    nome_produto: str
    saldo_atual: Decimal
    menor_estoque_d7: Decimal
    dia_ruptura: date | None
    saida: Decimal
    entrada: Decimal
    final_d7: Decimal


@dataclass(frozen=True, slots=True)
class Passo:
    """A step that has been done: the products before and after it."""

    titulo: str
    antes: list[Retrato]
    depois: list[Retrato]
    milissegundos: float


class Dia:
    """The product of the day and what happens to it."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn
        self.hoje = APIEstoqueTempoReal(conn).hoje()
        self.amanha = dia_util(self.hoje + timedelta(days=1))
        self.codigo = self._um("produto_do_dia")
        self.inicio = self.retrato(self.codigo)
        self.outro = self.retrato(self._um("produto_a_unificar", codigo=self.codigo))
        self.producao = conn.execute(COMANDOS["ler_producao"], {"codigo": self.codigo}).fetchall()
        self.planejado = sum(int(linha[3]) for linha in self.producao)
        mais_tarde = sum(
            int(linha[3]) for linha in self.producao if linha[2] > self.hoje + timedelta(days=7)
        )
        # The order leaves enough for today but not for the days after it, though with the
        # production that is planned for later there will be enough.
        hoje, *depois = APIEstoqueTempoReal(conn).projecao(self.codigo, 7)
        menor = min(d.saldo_final for d in depois)
        falta = min(int(hoje.saldo_final - menor) - 1, mais_tarde // 2, 100)
        self.quantidade = ceil(menor) + max(1, falta)
        execucao = int(self._um("contar_execucao"))
        self.valores = {
            "codigo": self.codigo,
            "nome": self.inicio.nome_produto,
            "quantidade": self.quantidade,
            "hoje": self.hoje,
            "dia": self.hoje,
            "execucao": execucao,
            "lote": f"LOTE_DEMO_{execucao:04d}",
            "pedido": f"DEMO{execucao:04d}",
            "nota": f"D{execucao:05d}",
            "origem": self.outro.cod_produto,
            "destino": self.codigo,
        }

    def passos(self) -> Iterator[Passo]:
        """Do the steps one by one; each is committed before it is shown."""
        este, ambos = [self.codigo], [self.codigo, self.outro.cod_produto]
        quanto = numero(self.quantidade)
        yield self._passo(
            t("an order: {quanto} of it pre-separated, to leave today", quanto=quanto), self._pedir
        )
        yield self._passo(
            t("the pre-separation becomes a separation, in one transaction"), self._separar
        )
        yield self._passo(
            t("its invoice is validated, the movement written, in one transaction"), self._faturar
        )
        yield self._passo(t("the invoice is cancelled, its movement taken back"), self._cancelar)
        yield self._passo(
            t(
                "production is replaced: all {quanto} are made on {dia} now",
                quanto=numero(self.planejado),
                dia=f"{self.amanha:%d/%m}",
            ),
            self._reprogramar,
        )
        outro = f"{self.outro.cod_produto}, {self.outro.nome_produto}"
        yield self._passo(
            t("{outro}, is unified into it", outro=outro), self._unificar, ambos, este
        )
        yield self._passo(t("and the two are separated again"), self._separar_codigos, este, ambos)
        yield self._passo(
            t("the customer gives up, production goes back to the plan it had"), self._desfazer
        )

    def retrato(self, codigo: str) -> Retrato:
        with self.conn.cursor(row_factory=class_row(Retrato)) as cursor:
            cursor.execute(
                COMANDOS["retrato"],
                {"codigo": codigo, "saida": self.hoje, "entrada": self.amanha},
            )
            linha = cursor.fetchone()
        if linha is None:
            raise ErroEstoque(
                t("product {codigo} has disappeared from the demonstration", codigo=codigo)
            )
        return linha

    def _um(self, nome: str, **valores: object) -> Any:
        linha = self.conn.execute(COMANDOS[nome], valores).fetchone()
        if linha is None:
            raise ErroEstoque(
                t("the demonstration's database has no product left to tell the story with"),
                dica=t("run `make clean` and then `make demo` to start afresh"),
            )
        return linha[0]

    def _passo(
        self,
        titulo: str,
        fazer: Callable[[], None],
        antes: list[str] | None = None,
        depois: list[str] | None = None,
    ) -> Passo:
        retratos = [self.retrato(c) for c in antes or [self.codigo]]
        inicio = time.perf_counter()
        with self.conn.transaction():
            fazer()
        ms = 1000 * (time.perf_counter() - inicio)
        return Passo(titulo, retratos, [self.retrato(c) for c in depois or [self.codigo]], ms)

    def _fazer(self, comando: str, **valores: object) -> int:
        return self.conn.execute(COMANDOS[comando], self.valores | valores).rowcount

    def _pedir(self) -> None:
        self._fazer("pedir")

    def _separar(self) -> None:
        self._fazer("enviar_pre_separacao")
        self._fazer("separar")

    def _faturar(self) -> None:
        self._fazer("embarcar")
        self._fazer("faturar")

    def _cancelar(self) -> None:
        self._fazer("cancelar_embarque")
        self._fazer("cancelar_movimento")

    def _reprogramar(self) -> None:
        # As the ERP's own import does it: out with all rows, in with the new ones.
        self._fazer("apagar_producao")
        self._fazer("programar", dia=self.amanha, quantidade=self.planejado, linha="LINHA 1")

    def _unificar(self) -> None:
        if not self._fazer("religar_unificacao"):
            self._fazer("unificar")

    def _separar_codigos(self) -> None:
        self._fazer("separar_codigos")

    def _desfazer(self) -> None:
        self._fazer("desistir")
        self._fazer("apagar_producao")
        for codigo, nome, dia, quantidade, linha in self.producao:
            self._fazer("programar", codigo=codigo, nome=nome, dia=dia, quantidade=quantidade,
                        linha=linha)  # fmt: skip
