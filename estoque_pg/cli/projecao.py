"""The projection of one product: table and chart, or a picture."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from estoque_pg import tabela
from estoque_pg.cli import imagem
from estoque_pg.cli.base import (
    Banco,
    avisar,
    colorido,
    com_banco,
    com_dias,
    com_formato,
    escrever,
    escrever_linhas,
    largura,
    saldo,
    tabular,
)
from estoque_pg.cli.codigos import com_codigo
from estoque_pg.cli.ficha import pedir_produto, titulo
from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import t
from estoque_pg.perguntas.projecoes import DiaProjetado
from estoque_pg.tabela import Marcado

ALTURA = 12  # rows of the chart


@click.command()
@com_codigo
@com_dias(28)
@click.option(
    "--png",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE",
    help="Draw a picture into FILE, instead of the text.",
)
@com_banco
@com_formato
def projecao(codigo: str, dias: int, png: Path | None, banco: Banco, em_json: bool) -> None:
    """Project a product day by day.

    A table of the days and, on a terminal, a chart of the balance at the end of each. Overdue
    exits count today. A picture needs the extra `png` (matplotlib); an existing FILE is replaced,
    and --formato prints the days besides.

    \b
    Examples:
      estoque projecao P001 --dias 28
      estoque projecao P001 --png p001.png
    """
    if png is not None:
        imagem.exigir_matplotlib()
    with banco.retrato() as api:
        achado = pedir_produto(api, codigo)
        linhas = api.projecao(codigo, dias)
    if png is not None:
        _gravar(png, imagem.desenhar_projecao(achado, linhas))
    if em_json:
        escrever_linhas(DiaProjetado, linhas)
    elif png is None:
        titulo(achado)
        escrever("")
        _tabela(linhas)
        escrever("")
        _grafico(linhas)


def _gravar(destino: Path, conteudo: bytes) -> None:
    try:
        destino.write_bytes(conteudo)
    except OSError as erro:
        raise ErroEstoque(
            t("cannot write {destino}: {strerror}", destino=destino, strerror=erro.strerror or erro)
        ) from erro
    avisar(t("{destino} written", destino=destino))


def _tabela(linhas: list[DiaProjetado]) -> None:
    ruptura = tabela.dia_da_ruptura(linhas)
    tabular(
        [t("day"), t("date"), t("opening"), t("in"), t("out"), t("closing"), ""],
        [
            [
                f"D+{d.dia}" if d.dia else t("today"),
                d.data,
                saldo(d.saldo_inicial),
                d.entrada or None,
                d.saida or None,
                saldo(d.saldo_final),
                Marcado(f"{tabela.MARCA_RUPTURA} {t('rupture')}") if d is ruptura else " ",
            ]
            for d in linhas
        ],
    )


def _grafico(linhas: list[DiaProjetado]) -> None:
    cores = colorido(sys.stdout)
    colunas = largura()
    if colunas is None:  # nobody looks: what the chart says in words is enough
        escrever(tabela.legenda_projecao(linhas, cores))
    else:
        escrever(tabela.colorir(t("balance at the end of each day"), tabela.APAGADO, cores))
        escrever(tabela.grafico_projecao(linhas, min(colunas, 120), ALTURA, cores))
