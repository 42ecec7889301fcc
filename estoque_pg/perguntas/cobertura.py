"""For how long stock lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from estoque_pg.perguntas import argumentos
from estoque_pg.perguntas.base import Pergunta, linhas
from estoque_pg.perguntas.linha import CodProduto, Coluna, EstoqueAtual, Linha, NomeProduto
from estoque_pg.perguntas.publicacao import Comando, publicada


@dataclass(frozen=True, slots=True)
class Cobertura(Linha):
    """A row of `estoque_cobertura`: for how long the stock of a product lasts.

    `saida_diaria` is what left a day in the last 30 days, and `dias_por_consumo` how long the
    balance lasts at that rate, None where nothing left. `dias_por_documentos` are the days until
    the open exits alone exceed the balance, None where they never do.
    """

    codigo_consultado: Annotated[str, Coluna("asked")]
    cod_produto: CodProduto
    nome_produto: NomeProduto
    estoque_atual: EstoqueAtual
    saida_diaria: Annotated[Decimal, Coluna("out per day")]
    dias_por_consumo: Annotated[Decimal | None, Coluna("days at that rate")]
    dias_por_documentos: Annotated[int | None, Coluna("days by open exits")]


@publicada(
    comando=Comando(
        "cobertura",
        "Show for how many days stock lasts.\n\n"
        "By what left in the last 30 days, and by the open exits alone. A dash reads codes from"
        " standard input.",
        exemplo="P001 P002",
        contadas=("known code", "known codes"),
    ),
)
def cobertura(codigos: Sequence[str]) -> Pergunta[list[Cobertura]]:
    """Return for how long each distinct known code lasts, in the order asked for."""

    def em_ordem(achados: list[Cobertura]) -> list[Cobertura]:
        por_codigo = {c.codigo_consultado: c for c in achados}
        return [por_codigo[c] for c in dict.fromkeys(pedidos) if c in por_codigo]

    pedidos = argumentos.codigos(codigos)
    return linhas(Cobertura, "cobertura", codigos=pedidos).entao(em_ordem)
