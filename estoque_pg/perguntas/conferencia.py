"""What is stored against what the sources say: the audit, the rebuilding, the minute job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from estoque_pg.perguntas import argumentos
from estoque_pg.perguntas.base import Pergunta, linhas, talvez_linha, uma_linha, valor
from estoque_pg.perguntas.linha import CodProduto, Coluna, Linha
from estoque_pg.perguntas.publicacao import Rota, publicada


@dataclass(frozen=True, slots=True)
class Divergencia(Linha):
    """A row of `estoque_verificar`: a stored value that differs from the sources."""

    cod_produto: CodProduto
    campo: Annotated[str, Coluna("field")]
    data_prevista: Annotated[date | None, Coluna("date")]
    valor_armazenado: Annotated[str | None, Coluna("stored")]
    valor_esperado: Annotated[str | None, Coluna("expected")]

    def na_planilha(self, campo: str) -> Any:
        """Return a value of a field that holds numbers or dates as such."""
        valor = getattr(self, campo)
        return valor_de(self.campo, valor) if campo.startswith("valor_") else valor


def valor_de(campo: str, texto: str | None) -> Decimal | date | str | None:
    """Return what a stored field holds, which the audit gives as text whatever it is."""
    if texto is None:
        return None
    if campo in ("saldo_atual", "menor_estoque_d7", "entrada_prevista", "saida_prevista"):
        return Decimal(texto)
    if campo in ("dia_ruptura", "valido_ate"):
        return date.fromisoformat(texto)
    return texto


def verificar(codigos: Sequence[str] | None = None) -> Pergunta[list[Divergencia]]:
    """Recompute from the sources and return every difference; empty means exact."""
    lista = None if codigos is None else argumentos.codigos(codigos)
    return linhas(Divergencia, "verificar", codigos=lista)


@dataclass(frozen=True, slots=True)
class Contagem(Linha):
    """How much an audit compares."""

    produtos: int
    previsoes: int


def contagem() -> Pergunta[Contagem]:
    """Return how many products and forecast rows there are to audit."""
    return uma_linha(Contagem, "contagem")


# -- rebuilding ---------------------------------------------------------------------------------


def recalcular(codigo: str) -> Pergunta[int]:
    """Rebuild one product (its whole group) from the sources; return how many changed."""
    return valor(int, "recalcular", codigo=argumentos.codigo(codigo))


@dataclass(frozen=True, slots=True)
class Recalculo(Linha):
    """A product that was rebuilt; `corrigido` tells whether it, or its gates, had been wrong.

    `saldo_atual` is None when the correction was to remove the row: nothing knows the code.
    """

    cod_produto: str
    saldo_atual: Decimal | None
    corrigido: bool


@publicada(
    rota=Rota(
        "recalcular",
        "Rebuild a product from the sources; tell its balance and whether it had been wrong.",
        None,
        escreve=True,
    ),
)
def recalcular_produto(codigo: str) -> Pergunta[Recalculo | None]:
    """Rebuild one product as `recalcular` does; return its balance and whether it was wrong.

    None when no source knows the code and nothing of it was stored.
    """
    return talvez_linha(Recalculo, "recalcular_produto", codigo=argumentos.codigo(codigo))


def recalcular_tudo() -> Pergunta[int]:
    """Rebuild every product from the sources; return how many changed."""
    return valor(int, "recalcular_tudo")


# -- the minute job -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Execucao(Linha):
    """A run of the minute job; `virados` products were turned to today, `motor` drove it."""

    id: int
    inicio: datetime
    fim: datetime
    processados: int
    corrigidos: int
    falhas: int
    virados: int
    motor: str


def minuto() -> Pergunta[Execucao | None]:
    """Run the minute job; None while another run is under way, and on a standby."""
    return talvez_linha(Execucao, "minuto")


@dataclass(frozen=True, slots=True)
class Comparacao(Linha):
    """What a run of the fallback did: products compared, and of those corrected and failed."""

    processados: int
    corrigidos: int
    falhas: int


def fallback(lote: int = 10) -> Pergunta[Comparacao]:
    """Compare the `lote` products longest not looked at with the sources, and mend them.

    Zeros while another run is under way, and on a standby. Raises ArgumentoInvalido for a `lote`
    below 1.
    """
    return uma_linha(Comparacao, "fallback", lote=lote)


@dataclass(frozen=True, slots=True)
class Ajuste(Linha):
    """The settings of the minute job: products a run, and its time in seconds."""

    por_execucao: int
    orcamento: float


def configurar(por_execucao: int | None = None, orcamento: float | None = None) -> Pergunta[Ajuste]:
    """Set what is given of `por_execucao` (products), `orcamento` (seconds); return the settings.

    Raises ArgumentoInvalido for what is not positive.
    """
    return uma_linha(
        Ajuste,
        "configurar",
        por_execucao=por_execucao,
        orcamento=argumentos.segundos(orcamento, "orcamento"),
    )
