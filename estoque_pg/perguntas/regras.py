"""The rules that planners lay down for products: minimum, lead time, tolerance, person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from estoque_pg.perguntas import argumentos
from estoque_pg.perguntas.argumentos import Quantidade
from estoque_pg.perguntas.base import Pergunta, linhas, talvez_linha
from estoque_pg.perguntas.linha import Coluna, Linha, NomeProduto
from estoque_pg.perguntas.publicacao import Rota, publicada

CAMPOS = ("minimo", "prazo_reposicao", "tolerancia", "responsavel")


@dataclass(frozen=True, slots=True)
class Regra(Linha):
    """A row of `estoque_regra` as it was written: what is None comes from the general rule.

    `codigo` is the code it was written under, None for the general rule, which holds for all
    others; `cod_produto` the canonical code, None too where no source knows the code.
    """

    codigo: Annotated[str | None, Coluna("code")]
    cod_produto: Annotated[str | None, Coluna("product")]
    nome_produto: NomeProduto
    minimo: Annotated[Decimal | None, Coluna("minimum")]
    prazo_reposicao: Annotated[int | None, Coluna("lead time")]
    tolerancia: Annotated[Decimal | None, Coluna("tolerance")]
    responsavel: Annotated[str | None, Coluna("person")]


@publicada(rota=Rota("regras", "The rules that are laid down, the general one first.", "regras"))
def regras() -> Pergunta[list[Regra]]:
    """Return the rules that are laid down, the general one first, then by code."""
    return linhas(Regra, "regras")


@dataclass(frozen=True, slots=True)
class RegraVigente(Linha):
    """A row of `estoque_regra_vigente`: what holds for a product; for all others without a code."""

    cod_produto: Annotated[str | None, Coluna("product")]
    minimo: Annotated[Decimal, Coluna("minimum")]
    prazo_reposicao: Annotated[int | None, Coluna("lead time")]
    tolerancia: Annotated[Decimal, Coluna("tolerance")]
    responsavel: Annotated[str | None, Coluna("person")]


@publicada(
    rota=Rota("regra", "The rule that holds for a product, its own or the general one.", "regra")
)
def regra(codigo: str | None) -> Pergunta[RegraVigente | None]:
    """Return the rule in force for a product, for all others where `codigo` is None.

    None for an unknown code.
    """
    return talvez_linha(RegraVigente, "regra", codigo=_codigo(codigo))


@dataclass(frozen=True, slots=True)
class Responsavel(Linha):
    """Who looks after a product; after all that have no rule of their own where it is None."""

    cod_produto: str | None
    responsavel: str | None


def responsaveis() -> Pergunta[dict[str | None, str | None]]:
    """Return who looks after each product with a rule, and after the others under None."""
    return linhas(Responsavel, "responsaveis").entao(
        lambda todos: {r.cod_produto: r.responsavel for r in todos}
    )


def definir_regra(
    codigo: str | None,
    *,
    minimo: Quantidade | None = None,
    prazo_reposicao: int | None = None,
    tolerancia: Quantidade | None = None,
    responsavel: str | None = None,
    limpar: Sequence[str] = (),
) -> Pergunta[RegraVigente | None]:
    """Lay down what is given of a product's rule, of the general one where `codigo` is None.

    Returns the rule in force then; None for an unknown code, and nothing is written. What is not
    given stays; `limpar` names fields to be taken back. Raises ArgumentoInvalido for what is no
    number, negative or too large, and for a field that there is not; SemPermissao for who may not
    write rules.
    """
    return talvez_linha(
        RegraVigente,
        "definir_regra",
        codigo=_codigo(codigo),
        minimo=None if minimo is None else argumentos.estoque_minimo(minimo),
        prazo_reposicao=None
        if prazo_reposicao is None
        else argumentos.prazo_reposicao(prazo_reposicao),
        tolerancia=None if tolerancia is None else argumentos.tolerancia(tolerancia),
        responsavel=None if responsavel is None else argumentos.texto(responsavel, "responsavel"),
        limpar=argumentos.limpar(limpar, CAMPOS),
    )


def _codigo(codigo: str | None) -> str | None:
    return None if codigo is None else argumentos.codigo(codigo)
