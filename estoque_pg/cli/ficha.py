"""What several commands say about one product: what it is called, and when it runs out."""

from __future__ import annotations

import sys
from datetime import date

from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.cli import tabela
from estoque_pg.cli.base import colorido, escrever
from estoque_pg.cli.codigos import desconhecido
from estoque_pg.cli.tabela import Marcado
from estoque_pg.idioma import t
from estoque_pg.perguntas.saldos import Produto


def pedir_produto(api: APIEstoqueTempoReal, codigo: str) -> Produto:
    """Ask for one product; raises ProdutoDesconhecido."""
    achado = api.produto(codigo)
    if achado is None:
        raise desconhecido([codigo])
    return achado


def titulo(produto: Produto) -> None:
    """Print the canonical code and the name, and the code that was asked for where it differs."""
    nome = tabela.limpo(produto.nome_produto or "")
    texto = f"{tabela.limpo(produto.cod_produto)}  {nome}".rstrip()
    escrever(tabela.colorir(texto, tabela.NEGRITO, colorido(sys.stdout)))
    if produto.codigo_consultado != produto.cod_produto:
        escrever(
            t(
                "{codigo} is unified into this code",
                codigo=tabela.limpo(produto.codigo_consultado),
            )
        )


def ruptura_em(dia: date, hoje: date) -> Marcado:
    """Return the cell that says when stock runs out."""
    quando = tabela.em_dias((dia - hoje).days)
    return Marcado(f"{tabela.MARCA_RUPTURA} {tabela.data(dia)} ({quando})")
