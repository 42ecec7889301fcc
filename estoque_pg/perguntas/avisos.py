"""What changed of ruptures, and who is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

from estoque_pg.idioma import PORTUGUES, marcar
from estoque_pg.perguntas import argumentos
from estoque_pg.perguntas.base import Pergunta, linhas, uma_linha, valor
from estoque_pg.perguntas.linha import (
    CodProduto,
    Coluna,
    Linha,
    NomeProduto,
    momento_de_json,
)

CANAIS = ("email", "webhook", "apprise")
TIPOS = {
    "apareceu": marcar("is going to run out"),
    "aproximou": marcar("runs out sooner"),
    "afastou": marcar("runs out later"),
    "terminou": marcar("no longer runs out"),
    "abaixo_do_minimo": marcar("falls below its minimum"),
    "acima_do_minimo": marcar("no longer falls below its minimum"),
}
FUSO = "America/Sao_Paulo"


@dataclass(frozen=True, slots=True)
class Transicao(Linha):
    """A row of `estoque_transicoes`: what changed of a product's rupture, or of its minimum.

    `tipo` is a key of `TIPOS`, `sequencia` counts the product's transitions, `dia` is the business
    day of the announcement. Days and shortages are what was announced before and what holds since;
    None where there is none. `causa` has `origem`, `id`, `documento` and `saida` of the exit that
    takes the balance below zero on `dia_depois`, or `unificado_em`, the code that the product was
    unified into; None where it is not one thing.
    """

    id: Annotated[int, Coluna("announcement")]
    cod_produto: CodProduto
    sequencia: Annotated[int, Coluna("no.")]
    tipo: Annotated[str, Coluna("what", frases=TIPOS)]
    em: Annotated[datetime, Coluna("announced")]
    dia: Annotated[date, Coluna("day")]
    nome_produto: NomeProduto
    dia_antes: Annotated[date | None, Coluna("was")]
    dia_depois: Annotated[date | None, Coluna("is", "ruptura")]
    falta_antes: Annotated[Decimal | None, Coluna("lacked")]
    falta_depois: Annotated[Decimal | None, Coluna("lacks")]
    causa: Annotated[dict[str, Any] | None, Coluna("cause")]

    def na_planilha(self, campo: str) -> Any:
        """Return the cause as a text: the document, or the code that it was unified into."""
        if campo != "causa" or self.causa is None:
            return getattr(self, campo)
        if "unificado_em" in self.causa:
            return f"→ {self.causa['unificado_em']}"
        return self.causa["documento"] or f"{self.causa['origem']} {self.causa['id']}"

    @classmethod
    def de_json(cls, objeto: Mapping[str, Any]) -> Transicao:
        """Build it from the JSON form of the row."""
        datas = {
            c: objeto[c] and date.fromisoformat(objeto[c])
            for c in ("dia", "dia_antes", "dia_depois")
        }
        numeros = {c: int(objeto[c]) for c in ("id", "sequencia")}
        em = momento_de_json(objeto["em"])
        return cls(**{**objeto, **datas, **numeros, "em": em})


def transicoes(
    desde: datetime | None = None, limite: int = 1000, antes: int | None = None
) -> Pergunta[list[Transicao]]:
    """Return the newest transitions since a moment, newest first; None: of the last 7 days.

    `antes` is the id of one: only those before it, for who shows them in parts. A moment without a
    time zone is taken in that of the session. Raises ArgumentoInvalido for a negative `limite`.
    """
    return linhas(
        Transicao, "transicoes", desde=desde, limite=argumentos.limite(limite), antes=antes
    )


def anunciar() -> Pergunta[int]:
    """Write what changed of ruptures since the last call, for all who are to be told; how many.

    The minute job does it too. 0 while another call is under way, and on a standby.
    """
    return valor(int, "anunciar")


@dataclass(frozen=True, slots=True)
class Inscricao(Linha):
    """A row of `estoque_inscricoes`: who is told of which transitions, and where.

    Conditions that are None are met by all. With `resumo_as` there is one message a day, at that
    hour of `fuso`. `destino` is without what is secret in it. `motivo` tells why it is no longer
    `ativa`, None where it was paused by hand. `pendentes` and `mortas` count deliveries that wait
    and that were given up.
    """

    id: int
    canal: str
    destino: str
    produtos: list[str] | None
    prefixo: str | None
    responsavel: str | None
    tipos: list[str] | None
    resumo_as: time | None
    idioma: str
    fuso: str
    ativa: bool
    motivo: str | None
    criada_em: datetime
    criada_por: str
    pendentes: int
    mortas: int


def inscricoes() -> Pergunta[list[Inscricao]]:
    """Return the subscriptions, without their secrets. Raises SemPermissao for who may not."""
    return linhas(Inscricao, "inscricoes")


@dataclass(frozen=True, slots=True)
class NovaInscricao(Linha):
    """The number of a subscription, and the secret of a webhook, which is not shown again."""

    id: int
    segredo: str | None


def inscrever(
    canal: str,
    destino: str,
    *,
    segredo: str | None = None,
    produtos: Sequence[str] | None = None,
    prefixo: str | None = None,
    responsavel: str | None = None,
    tipos: Sequence[str] | None = None,
    resumo_as: time | None = None,
    idioma: str = PORTUGUES,
    fuso: str = FUSO,
) -> Pergunta[NovaInscricao]:
    """Subscribe a destination to the transitions that meet all conditions given.

    `canal` is email, webhook or apprise; `produtos` are codes, `prefixo` is how the code begins,
    `responsavel` the person of the product's rule, `tipos` keys of `TIPOS`. With `resumo_as` there
    is one message a day. Raises ArgumentoInvalido for what is none of these, and for a code that
    no source knows; SemPermissao for who may not write subscriptions.
    """
    return uma_linha(
        NovaInscricao,
        "inscrever",
        canal=argumentos.texto(canal, "canal"),
        destino=argumentos.texto(destino, "destino"),
        segredo=_texto(segredo, "segredo"),
        produtos=None if produtos is None else argumentos.codigos(produtos),
        prefixo=_texto(prefixo, "prefixo"),
        responsavel=_texto(responsavel, "responsavel"),
        tipos=None if tipos is None else argumentos.codigos(tipos),
        resumo_as=resumo_as,
        idioma=argumentos.texto(idioma, "idioma"),
        fuso=argumentos.texto(fuso, "fuso"),
    )


def _texto(dado: str | None, nome: str) -> str | None:
    return None if dado is None else argumentos.texto(dado, nome)


def cancelar_inscricao(inscricao: int) -> Pergunta[bool]:
    """Remove a subscription and what waits for it alone; return whether it was there."""
    return valor(bool, "cancelar_inscricao", inscricao=inscricao)


def pausar_inscricao(inscricao: int, pausar: bool = True) -> Pergunta[bool]:
    """Let a subscription rest, or take it up again (`pausar` False); return whether it was there.

    What waits for it alone is given up, and can be sent again.
    """
    return valor(bool, "pausar_inscricao", inscricao=inscricao, pausar=pausar)


def testar_inscricao(inscricao: int) -> Pergunta[int | None]:
    """Make a test message; return the number of the delivery, None for no such subscription."""
    return uma_linha(_entrega, "testar_inscricao", inscricao=inscricao)


def _entrega(entrega: int | None) -> int | None:
    return entrega


@dataclass(frozen=True, slots=True)
class EntregaPendente(Linha):
    """A row of `estoque_entregas_pendentes`: a delivery that waits for its next attempt.

    Of a digest or a test `cod_produto`, `sequencia` and `tipo` are None; `erro` is what the last
    attempt met with.
    """

    id: int
    inscricao: int
    canal: str
    destino: str
    cod_produto: str | None
    sequencia: int | None
    tipo: str | None
    criada_em: datetime
    tentativas: int
    proxima_em: datetime
    erro: str | None


def entregas_pendentes() -> Pergunta[list[EntregaPendente]]:
    """Return the deliveries that wait, the oldest 100, oldest first."""
    return linhas(EntregaPendente, "entregas_pendentes")


@dataclass(frozen=True, slots=True)
class EntregaMorta(Linha):
    """A row of `estoque_entregas_mortas`: a delivery that was given up, and the last error.

    Of a digest or a test `cod_produto`, `sequencia` and `tipo` are None.
    """

    id: int
    inscricao: int
    canal: str
    destino: str
    cod_produto: str | None
    sequencia: int | None
    tipo: str | None
    criada_em: datetime
    tentativas: int
    erro: str | None


def entregas_mortas() -> Pergunta[list[EntregaMorta]]:
    """Return the deliveries that were given up, oldest first."""
    return linhas(EntregaMorta, "entregas_mortas")


def reenviar(entrega: int) -> Pergunta[bool]:
    """Take up again a delivery that was given up, under its old key; return whether it was."""
    return valor(bool, "reenviar", entrega=entrega)


def reenviar_mortas(inscricao: int | None = None) -> Pergunta[int]:
    """Take up again all that was given up, for all active subscriptions or for one; how many."""
    return valor(int, "reenviar_mortas", inscricao=inscricao)


def descartar_entrega(entrega: int) -> Pergunta[bool]:
    """Forget a delivery that was given up; return whether there was one."""
    return valor(bool, "descartar_entrega", entrega=entrega)
