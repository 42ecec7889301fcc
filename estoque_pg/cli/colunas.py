"""Rows as the cells of a table: titles and what values mean, from what the row's class says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from estoque_pg import tabela
from estoque_pg.cli.base import saldo
from estoque_pg.idioma import t
from estoque_pg.perguntas.linha import Coluna, Linha, colunas_exigidas
from estoque_pg.tabela import Marcado

_PEDIDO, _CODIGO = "codigo_consultado", "cod_produto"


class Colunas:
    """The columns of a class of rows that a table shows: those named, all of them if none is.

    Each needs a title: nothing is left out by mistake.
    """

    def __init__(self, classe: type[Linha], nomes: Sequence[str] = ()) -> None:
        self._colunas = colunas_exigidas(classe, nomes)

    def tabela(
        self, linhas: Sequence[Linha], hoje: date | None = None
    ) -> tuple[list[str], list[list[object]]]:
        """Return the titles, and the cells of each row, whose deadlines are told by `hoje`.

        The code that was asked for has no column where it is the product's own in every row.
        """
        colunas = dict(self._colunas)
        if _PEDIDO in colunas and all(getattr(r, _PEDIDO) == getattr(r, _CODIGO) for r in linhas):
            del colunas[_PEDIDO]
        return (
            [t(c.titulo) for c in colunas.values()],
            [[_celula(c, getattr(r, nome), hoje) for nome, c in colunas.items()] for r in linhas],
        )

    def deitada(self, linha: Linha) -> list[list[object]]:
        """Return one row as the cells of a table of titles and values."""
        return [[_rotulo(c), _celula(c, getattr(linha, nome))] for nome, c in self._colunas.items()]


def _rotulo(coluna: Coluna) -> str:
    marca = f"{tabela.MARCA_RUPTURA} " if coluna.sentido == "alerta" else ""
    return marca + t(coluna.titulo)


def _celula(coluna: Coluna, valor: Any, hoje: date | None = None) -> object:
    """Return a cell that shows what the value means."""
    if valor is None:
        return None
    if valor in coluna.frases:
        return t(coluna.frases[valor])
    if coluna.sentido == "saldo":
        return saldo(valor)
    if coluna.sentido == "alerta":
        return Marcado(valor) if valor else valor
    if coluna.sentido == "ruptura":
        return Marcado(f"{tabela.MARCA_RUPTURA} {tabela.data(valor)}")
    if coluna.sentido == "prazo":
        return tabela.em_dias(valor)
    if coluna.sentido == "limite" and hoje is not None and valor < hoje:
        return Marcado(t("{dia} (past)", dia=tabela.data(valor)))
    return valor
