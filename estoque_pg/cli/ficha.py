"""What several commands say about one product: what it is called, and when it runs out."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal

from estoque_pg import tabela
from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.cli.base import colorido, escrever, rotulado
from estoque_pg.cli.codigos import desconhecido
from estoque_pg.idioma import t
from estoque_pg.perguntas.saldos import Atrasado, Produto
from estoque_pg.tabela import Marcado


def pedir_produto(api: APIEstoqueTempoReal, codigo: str) -> Produto:
    """Ask for one product; raises ProdutoDesconhecido."""
    achado = api.produto(codigo)
    if achado is None:
        raise desconhecido([codigo])
    return achado


def titulo(produto: Produto) -> None:
    """Print the canonical code and the name, and the code that was asked for where it differs."""
    escrever("\n".join(linhas_do_titulo(produto, colorido(sys.stdout))))


def linhas_do_titulo(produto: Produto, cores: bool) -> list[str]:
    """Return what `titulo` prints, line by line."""
    nome = tabela.limpo(produto.nome_produto or "")
    texto = f"{tabela.limpo(produto.cod_produto)}  {nome}".rstrip()
    linhas = [tabela.colorir(texto, tabela.NEGRITO, cores)]
    if produto.codigo_consultado != produto.cod_produto:
        pedido = tabela.limpo(produto.codigo_consultado)
        linhas.append(t("{codigo} is unified into this code", codigo=pedido))
    return linhas


def ficha(produto: Produto, hoje: date, cores: bool) -> list[str]:
    """Return a product at a glance, line by line."""
    linhas = linhas_do_titulo(produto, cores)
    for rotulo, valor in (
        (t("balance now"), produto.estoque_atual),
        (t("lowest D+7"), produto.menor_estoque_d7),
    ):
        cor = tabela.VERMELHO if valor < 0 else tabela.NEGRITO
        linhas.append(rotulado(rotulo, tabela.colorir(tabela.numero(valor), cor, cores)))
    quando = t("not within 7 days")
    if produto.dia_ruptura is not None:
        marca = ruptura_em(produto.dia_ruptura, hoje)
        quando = tabela.colorir(str(marca.valor), marca.cor, cores)
    return [*linhas, rotulado(t("runs out"), quando)]


def previsoes(produto: Produto, atrasado: Atrasado) -> tuple[list[str], list[list[object]]]:
    """Return the next seven days as the titles and rows of a table.

    What is overdue stands before them by itself: with it, balance and days add up.
    """
    linhas: list[list[object]] = []
    if atrasado.saida:
        linhas.append([t("overdue"), Decimal(0), atrasado.saida, -atrasado.saida])
    if atrasado.entrada:
        linhas.append([t("overdue, does not count"), atrasado.entrada, Decimal(0), Decimal(0)])
    linhas += [[m.data, m.entrada, m.saida, m.saldo_dia] for m in produto.movimentacoes_previstas]
    return [t("date"), t("in"), t("out"), t("net")], linhas


def ruptura_em(dia: date, hoje: date) -> Marcado:
    """Return the cell that says when stock runs out."""
    quando = tabela.em_dias((dia - hoje).days)
    return Marcado(f"{tabela.MARCA_RUPTURA} {tabela.data(dia)} ({quando})")
