"""The deliverer of alerts at a terminal: what it says there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.avisos.entregador import Entregador
from estoque_pg.avisos.falhas import NaoEntregue
from estoque_pg.cli import tabela
from estoque_pg.cli.base import Banco, avisar, escrever
from estoque_pg.erros import ErroConexao, ErroEstoque
from estoque_pg.idioma import t
from estoque_pg.perguntas.internas import Entrega


def entregador(banco: Banco, **ajustes: Any) -> Entregador:
    """Make a deliverer that says at the terminal what it does."""

    @contextmanager
    def conectar() -> Iterator[APIEstoqueTempoReal]:
        with banco.sessao() as conn:
            yield APIEstoqueTempoReal(conn, banco.schema)

    return Entregador(conectar, _dizer, _perdida, queixar=_queixar, **ajustes)


def _dizer(entrega: Entrega, falha: NaoEntregue | None) -> None:
    que = t("delivery {n} by {canal}", n=entrega.entrega, canal=entrega.canal)
    if falha is not None:
        motivo = tabela.limpo(falha.motivo)
        avisar(t("{que}: not delivered at attempt {n}: {motivo}", que=que, n=entrega.tentativa,
                 motivo=motivo))  # fmt: skip
    elif sys.stdout.isatty():
        escrever(t("{que}: delivered", que=que))


def _queixar(erro: ErroEstoque) -> None:
    avisar(
        t(
            "cannot announce, delivers what was announced before: {mensagem}",
            mensagem=tabela.limpo(erro.mensagem),
        )
    )


def _perdida(erro: ErroConexao, espera: float) -> None:
    avisar(
        t(
            "connection lost ({motivo}); trying again in {espera} s",
            motivo=tabela.limpo(erro.mensagem),
            espera=f"{espera:g}",
        )
    )
