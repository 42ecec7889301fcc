"""Why, what if, what may be promised, what falls below its minimum."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from estoque_pg.erros import ArgumentoInvalido
from estoque_pg.idioma import marcar, t, tn
from estoque_pg.perguntas import argumentos
from estoque_pg.perguntas.argumentos import Quantidade
from estoque_pg.perguntas.base import Pergunta, linhas
from estoque_pg.perguntas.linha import CodProduto, Coluna, Linha, NomeProduto, em_json
from estoque_pg.perguntas.publicacao import Rota, publicada

ACOES = {
    "repor": marcar("replenish"),
    "antecipar": marcar("bring the entry forward"),
    "adiar": marcar("put the exit off"),
}

Mudancas = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Remedio(Linha):
    """What would end an interval below zero, alone; `mudancas` is what `simular` takes.

    `acao` is a key of `ACOES`. `de` is the day on which the document counts now; `origem`, `id`,
    `documento` and `de` are None for a replenishment.
    """

    acao: Annotated[str, Coluna("", frases=ACOES)]
    origem: Annotated[str | None, Coluna("")]
    id: Annotated[str | None, Coluna("")]
    documento: Annotated[str | None, Coluna("document")]
    quantidade: Annotated[Decimal, Coluna("quantity")]
    de: Annotated[date | None, Coluna("counts on")]
    para: Annotated[date, Coluna("to")]
    mudancas: tuple[dict[str, Any], ...]  # for programs: a spreadsheet has no place for it
    dia_ruptura_depois: Annotated[date | None, Coluna("then runs out")]
    menor_depois: Annotated[Decimal, Coluna("then lowest")]

    @classmethod
    def de_json(cls, objeto: Mapping[str, Any]) -> Remedio:
        """Build it from an element of the JSON form of `remedios`."""
        datas = {
            c: objeto[c] and date.fromisoformat(objeto[c])
            for c in ("de", "para", "dia_ruptura_depois")
        }
        return cls(**{**objeto, **datas, "mudancas": tuple(objeto["mudancas"])})


@dataclass(frozen=True, slots=True)
class Explicacao(Linha):
    """A row of `estoque_explicar`: an interval of days that end below zero, and why.

    `fim` is None where the interval goes on beyond the days asked for. `origem`, `id`, `documento`
    and `saida` are those of the exit that takes the balance below zero, None where the first day
    begins below zero; `entrada_*` those of the next entry that counts after the first day.
    """

    inicio: Annotated[date, Coluna("below zero from")]
    fim: Annotated[date | None, Coluna("until")]
    falta: Annotated[Decimal, Coluna("short")]
    dia_da_falta: Annotated[date, Coluna("day of the shortage")]
    origem: Annotated[str | None, Coluna("source")]
    id: Annotated[str | None, Coluna("id")]
    documento: Annotated[str | None, Coluna("document")]
    saida: Annotated[Decimal | None, Coluna("out")]
    entrada_data: Annotated[date | None, Coluna("next entry")]
    entrada_quantidade: Annotated[Decimal | None, Coluna("quantity of the entry")]
    entrada_documento: Annotated[str | None, Coluna("document of the entry")]
    remedios: Annotated[tuple[Remedio, ...], Coluna("what would end it")]

    @classmethod
    def de_linha(cls, **colunas: Any) -> Explicacao:
        """Build it from the columns of the query, whose remedies are JSON."""
        remedios = tuple(map(Remedio.de_json, colunas.pop("remedios")))
        return cls(remedios=remedios, **colunas)


@publicada(
    rota=Rota(
        "explicar",
        "Why a product runs out, interval by interval, and what would end each.",
        "intervalos",
    ),
)
def explicar(codigo: str, dias: int = 28) -> Pergunta[list[Explicacao] | None]:
    """Return the intervals below zero, with what would end each; None for an unknown code.

    Raises ArgumentoInvalido for `dias` that are negative or more than 3650.
    """
    return linhas(
        _explicacao, "explicar", codigo=argumentos.codigo(codigo), dias=argumentos.dias(dias)
    ).entao(lambda achadas: [e for e in achadas if e is not None] if achadas else None)


def _explicacao(**colunas: Any) -> Explicacao | None:
    return Explicacao.de_linha(**colunas) if colunas["inicio"] is not None else None


@dataclass(frozen=True, slots=True)
class Causa(Linha):
    """The exit that makes a product run out, all None where that day begins short already."""

    cod_produto: str
    origem: str | None
    id: str | None
    documento: str | None
    saida: Decimal | None


def causas(codigos: Sequence[str], dias: int = 28) -> Pergunta[list[Causa]]:
    """Return the cause of the first rupture of each of these products that runs out.

    A shortage within the tolerance is none, as in `rupturas`.
    """
    return linhas(Causa, "causas", codigos=argumentos.codigos(codigos), dias=argumentos.dias(dias))


@dataclass(frozen=True, slots=True)
class Simulado(Linha):
    """A row of `estoque_simular`: a product before and after the changes.

    And the last day below zero, before and after, None where that is the last day asked for.
    """

    cod_produto: CodProduto
    nome_produto: NomeProduto
    dia_ruptura_antes: Annotated[date | None, Coluna("runs out", "ruptura")]
    dia_ruptura_depois: Annotated[date | None, Coluna("then runs out", "ruptura")]
    menor_antes: Annotated[Decimal, Coluna("lowest", "saldo")]
    menor_depois: Annotated[Decimal, Coluna("then lowest", "saldo")]
    fim_ruptura_antes: Annotated[date | None, Coluna("until")]
    fim_ruptura_depois: Annotated[date | None, Coluna("then until")]


@dataclass(frozen=True, slots=True)
class Simulacao(Linha):
    """What changes would do; `avisos` names the items whose filter met no open document."""

    TABELA: ClassVar[str] = "produtos"

    produtos: tuple[Simulado, ...]
    avisos: tuple[str, ...]


def simular(mudancas: Mudancas, dias: int = 28) -> Pergunta[Simulacao]:
    """Return the products that the changes would touch, before and after; nothing is written.

    `mudancas` is a list of dictionaries as `estoque_simular` takes them. Raises ArgumentoInvalido
    for a bad item, which it names by its number and key, and for bad days.
    """

    def formar(achadas: list[int | Simulado]) -> Simulacao:
        produtos = tuple(x for x in achadas if isinstance(x, Simulado))
        return Simulacao(produtos, _avisos(achadas))

    return linhas(
        _simulado, "simular", mudancas=_em_texto(mudancas), dias=argumentos.dias(dias)
    ).entao(formar)


def _simulado(aviso: int | None, **colunas: Any) -> int | Simulado:
    return Simulado(**colunas) if aviso is None else aviso


@dataclass(frozen=True, slots=True)
class DiaSimulado(Linha):
    """A row of `estoque_projecao_simulada`: one day, as it is and as it would be."""

    dia: Annotated[int, Coluna("day", na_planilha=marcar("days from today"))]
    data: Annotated[date, Coluna("date")]
    entrada_antes: Annotated[Decimal, Coluna("in")]
    saida_antes: Annotated[Decimal, Coluna("out")]
    saldo_antes: Annotated[Decimal, Coluna("balance", "saldo")]
    entrada_depois: Annotated[Decimal, Coluna("then in")]
    saida_depois: Annotated[Decimal, Coluna("then out")]
    saldo_depois: Annotated[Decimal, Coluna("then balance", "saldo")]


@dataclass(frozen=True, slots=True)
class ProjecaoSimulada(Linha):
    """A product day by day, before and after; `avisos` as in `Simulacao`."""

    TABELA: ClassVar[str] = "dias"

    dias: tuple[DiaSimulado, ...]
    avisos: tuple[str, ...]


def projecao_simulada(
    codigo: str, mudancas: Mudancas, dias: int = 28
) -> Pergunta[ProjecaoSimulada | None]:
    """Return a product day by day, before and after the changes; None for an unknown code.

    Raises as `simular`.
    """

    def formar(achados: list[int | DiaSimulado]) -> ProjecaoSimulada | None:
        dias = tuple(x for x in achados if isinstance(x, DiaSimulado))
        return ProjecaoSimulada(dias, _avisos(achados)) if dias else None

    return linhas(
        _dia_simulado,
        "projecao_simulada",
        codigo=argumentos.codigo(codigo),
        mudancas=_em_texto(mudancas),
        dias=argumentos.dias(dias),
    ).entao(formar)


def _dia_simulado(aviso: int | None, **colunas: Any) -> int | DiaSimulado:
    return DiaSimulado(**colunas) if aviso is None else aviso


def _avisos(achados: Iterable[object]) -> tuple[str, ...]:
    return tuple(
        t("item {n} of mudancas meets no open document", n=x) for x in achados if isinstance(x, int)
    )


# The sign that PostgreSQL has in no text, as JSON writes it; not a backslash before the word u0000.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def _em_texto(mudancas: Mudancas) -> str:
    """Write the changes as JSON; the database checks what they say."""
    lista = argumentos.mudancas(mudancas)
    try:
        texto = json.dumps(lista, default=em_json, allow_nan=False, ensure_ascii=False)
        texto.encode()
    except (TypeError, ValueError, RecursionError) as erro:
        frase = t("mudancas cannot be written as JSON: {erro}", erro=erro)
        raise ArgumentoInvalido(frase, sqlstate="22023") from None
    if _NUL.search(texto):
        raise ArgumentoInvalido(t("mudancas cannot contain a NUL character"), sqlstate="22023")
    return texto


@dataclass(frozen=True, slots=True)
class Promessa(Linha):
    """A row of `estoque_prometer`: a product of an order, and since when it can be promised.

    `cod_produto` is None where no source knows the code; `data_conjunta`, the same in every row,
    is the first day from which the whole order can be promised, None where there is none.
    """

    cod_produto: Annotated[str | None, Coluna("product")]
    nome_produto: NomeProduto
    quantidade: Annotated[Decimal, Coluna("quantity")]
    maximo_hoje: Annotated[Decimal | None, Coluna("most today")]
    data_disponivel: Annotated[date | None, Coluna("from")]
    maximo_na_data: Annotated[Decimal | None, Coluna("most then")]
    data_conjunta: Annotated[date | None, Coluna("all from")]
    codigos_pedidos: Annotated[tuple[str, ...], Coluna("asked")]

    @classmethod
    def de_linha(cls, codigos_pedidos: Sequence[str], **colunas: Any) -> Promessa:
        """Build it from the columns of the query, the codes as a tuple."""
        return cls(codigos_pedidos=tuple(codigos_pedidos), **colunas)

    @property
    def segura(self) -> bool:
        """Whether the whole order waits for this product: none is later, and it is not today."""
        ja = self.maximo_hoje is not None and self.maximo_hoje >= self.quantidade
        return self.data_disponivel == self.data_conjunta and not ja


def prometer(pedido: Sequence[tuple[str, Quantidade]], dias: int = 28) -> Pergunta[list[Promessa]]:
    """Return since when each product of an order, lines of code and quantity, can be promised.

    Lines of one product are added up. Raises ArgumentoInvalido for a quantity that is not above
    zero, which it names by its line.
    """
    itens = argumentos.pedido(pedido)
    return linhas(
        Promessa.de_linha,
        "prometer",
        codigos=[codigo for codigo, _ in itens],
        quantidades=[quantidade for _, quantidade in itens],
        dias=argumentos.dias(dias),
    )


def em_conjunto(promessas: Sequence[Promessa], dia: str, prazo: str) -> str:
    """Say since when a whole order can be promised, and in an order of several who holds it up.

    `dia` is the day as the reader writes it, `prazo` the horizon in words.
    """
    frase = (
        t("all of it can be promised from {dia}", dia=dia)
        if promessas and promessas[0].data_conjunta
        else t("all of it cannot be promised {prazo}", prazo=prazo)
    )
    seguram = [p.cod_produto or ", ".join(p.codigos_pedidos) for p in promessas if p.segura]
    if len(promessas) < 2 or not seguram:
        return frase
    quem = tn(
        "{produtos} holds it up", "{produtos} hold it up", len(seguram), produtos=", ".join(seguram)
    )
    return f"{frase}; {quem}"


@dataclass(frozen=True, slots=True)
class AbaixoDoMinimo(Linha):
    """A row of `estoque_abaixo_do_minimo`: a product that falls below its minimum.

    Where the minimum is 0, which it is without a rule, the product simply runs out. `pedir_ate` may
    be over.
    """

    cod_produto: CodProduto
    nome_produto: NomeProduto
    minimo: Annotated[Decimal, Coluna("minimum")]
    primeiro_dia: Annotated[date, Coluna("below from")]
    menor_saldo: Annotated[Decimal, Coluna("lowest", "saldo")]
    falta: Annotated[Decimal, Coluna("short")]
    pedir_ate: Annotated[date | None, Coluna("order by", "limite")]


@publicada(
    rota=Rota(
        "abaixo_do_minimo",
        "The products that fall below their minimum within so many days.",
        "produtos",
    ),
)
def abaixo_do_minimo(dias: int = 28) -> Pergunta[list[AbaixoDoMinimo]]:
    """Return the products that fall below their minimum, soonest first, and by when to order."""
    return linhas(AbaixoDoMinimo, "abaixo_do_minimo", dias=argumentos.dias(dias))
