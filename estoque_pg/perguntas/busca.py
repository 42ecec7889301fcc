"""Products by words of their names and codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from estoque_pg.perguntas import argumentos
from estoque_pg.perguntas.base import Pergunta, linhas
from estoque_pg.perguntas.linha import (
    CodProduto,
    Coluna,
    EstoqueAtual,
    Linha,
    MenorEstoqueD7,
    NomeProduto,
)
from estoque_pg.perguntas.publicacao import Comando, Rota, publicada


@dataclass(frozen=True, slots=True)
class Achado(Linha):
    """A row of `estoque_buscar`: a product that has every word of the text."""

    cod_produto: CodProduto
    nome_produto: NomeProduto
    estoque_atual: EstoqueAtual
    menor_estoque_d7: MenorEstoqueD7
    dia_ruptura: Annotated[date | None, Coluna("runs out", "ruptura")]


@publicada(
    rota=Rota("buscar", "The products with every word of a text, the closest first.", "produtos"),
    comando=Comando(
        "buscar",
        "Find products by words of their names or codes.\n\n"
        "Each word has to be in the name or in a code of the product; accents and capitals do not"
        " matter.",
        exemplo="azeitona",
        contadas=("product found", "products found"),
    ),
)
def buscar(texto: str, limite: int = 50) -> Pergunta[list[Achado]]:
    """Return the products with every word of a text, the closest first; none for a blank one.

    Raises ArgumentoInvalido for a `limite` that is negative.
    """
    return linhas(Achado, "buscar", texto=argumentos.texto(texto), limite=argumentos.limite(limite))
