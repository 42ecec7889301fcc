"""What only this package asks, for itself. No methods: with a pool they would be of no use.

What belongs to a session is set for as long as it lasts; pg_cron is asked wherever it sits, on a
connection that `estoque_pg.manutencao` opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from estoque_pg.perguntas.base import Pergunta, linhas, talvez_linha, uma_linha, valor, valores
from estoque_pg.perguntas.linha import Linha
from estoque_pg.perguntas.operacao import Alterado

# -- the session --------------------------------------------------------------------------------


def limitar(milissegundos: int) -> Pergunta[str]:
    """Give up the statements of this transaction after so long."""
    return valor(str, "prazo", ms=str(milissegundos))


def chamar_se_worker() -> Pergunta[str]:
    """Name the session as a worker, which the runs it drives are recorded under."""
    return valor(str, "chamar_se_worker")


def tomar_vez_do_worker() -> Pergunta[bool]:
    """Become the worker of this schema, for as long as the session lasts; False if there is one."""
    return valor(bool, "tomar_vez_do_worker")


# -- pg_cron ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cron(Linha):
    """The minute job as pg_cron knows it; `banco_do_cron` is None where this role may not know."""

    nome: str
    horario: str
    comando: str
    banco: str
    banco_do_cron: str | None


def cron() -> Pergunta[Cron]:
    """Return what the minute job is called in pg_cron, and where that sits."""
    return uma_linha(Cron, "cron")


def cron_ausente() -> Pergunta[bool]:
    """Whether the database lacks pg_cron."""
    return valor(bool, "cron_ausente")


def agendar() -> Pergunta[str]:
    """Put the minute job into the pg_cron of this database; return its name."""
    return valor(str, "agendar")


def desagendar() -> Pergunta[bool]:
    """Take it out; return whether it was there."""
    return valor(bool, "desagendar")


def cron_agendar_alhures(cron: Cron) -> Pergunta[int]:
    """In the database of pg_cron: schedule the job of another database."""
    return valor(
        int,
        "cron_agendar_alhures",
        nome=cron.nome,
        horario=cron.horario,
        comando=cron.comando,
        banco=cron.banco,
    )


def cron_desagendar_alhures(nome: str) -> Pergunta[int]:
    """In the database of pg_cron: take a job out by its name; return how many there were."""
    return valor(int, "cron_desagendar_alhures", nome=nome)


# -- the installation ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Servidor(Linha):
    """The server that was asked, as against the installation.

    `no` is the node of Citus that has the tables of the schema, and `no_aqui` whether this is that;
    None where Citus has not distributed it. `banco_do_cron` and `lancador` (pg_cron's process
    lives) are None where this role may not know; `cron_legivel` says whether its jobs can be asked.
    """

    no: str | None
    no_aqui: bool | None
    banco_do_cron: str | None
    lancador: bool | None
    cron_legivel: bool


def servidor() -> Pergunta[Servidor]:
    """Return what the server that is asked says of itself."""
    return uma_linha(Servidor, "servidor")


def funcoes_perdidas() -> Pergunta[list[Alterado]]:
    """Return functions of ours that are gone or look elsewhere, before any of them is asked."""
    return linhas(Alterado, "funcoes_perdidas")


# -- alerts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entrega(Linha):
    """A delivery that was taken, under a lease whose number is `reserva`.

    `chave` is its idempotency key, the same at every attempt, of which this is number `tentativa`.
    `falhas` is how often in a row its destination could not be reached.
    `aviso` is a transition, a digest or a test, as JSON.
    """

    entrega: int
    reserva: UUID
    chave: str
    tentativa: int
    falhas: int
    canal: str
    destino: str
    segredo: str | None
    idioma: str
    aviso: dict[str, Any]


def tomar_entrega(
    canais: Sequence[str], segundos: float, uma: int | None = None
) -> Pergunta[Entrega | None]:
    """Take the next delivery by one of the channels that is due, or the one named, for so long.

    None if there is none.
    """
    return talvez_linha(Entrega, "tomar_entrega", canais=canais, reserva=segundos, uma=uma)


def concluir_entrega(
    entrega: Entrega,
    estado: str,
    erro: str | None = None,
    espera: float = 0,
    alcance: str | None = None,
    pausa: float | None = None,
    desistir: float | None = None,
) -> Pergunta[bool]:
    """Note what became of a delivery: entregue, morta, or pendente for so many seconds.

    With an `alcance` of destino or servidor nothing is tried there for `pausa` seconds, and what
    has waited there for `desistir` is given up (None: nothing); that of inscricao ends it. Returns
    whether the lease still held.
    """
    return valor(
        bool,
        "concluir_entrega",
        entrega=entrega.entrega,
        reserva=entrega.reserva,
        estado=estado,
        erro=erro,
        espera=espera,
        alcance=alcance,
        pausa=pausa,
        desistir=desistir,
    )


# -- the panel -----------------------------------------------------------------------------------


def quantas_incoerencias() -> Pergunta[int]:
    """Return how many there are. Raises SemPermissao for who may not read documents."""
    return valor(int, "quantas_incoerencias")


@dataclass(frozen=True, slots=True)
class Falta(Linha):
    """The first day a product ends short by more than its tolerance, by how much, until when.

    `fim` is None where the shortage lasts to the last day asked for.
    """

    ruptura: date
    falta: Decimal
    fim: date | None


def falta(codigo: str, dias: int = 28) -> Pergunta[Falta | None]:
    """Return what `rupturas` says of one product; None where it does not run out."""
    return talvez_linha(Falta, "falta", codigo=codigo, dias=dias)


@dataclass(frozen=True, slots=True)
class Mudados(Linha):
    """The products written since a moment, and the moment to ask from next.

    `mudados` has the number of each row's writer by canonical code: the same again is nothing new.
    `produtos` and `rompidos`, how many there are and how many run out, are None where nobody has
    written since: as many as before; `produtos` also where not all were looked at. `ouvidos` has
    the same number for each code that was named, None for what is no product, or no more.
    `regras` is another text whenever a rule is another.
    """

    marca: int
    hoje: date
    produtos: int | None
    rompidos: int | None
    mudados: dict[str, str]
    ouvidos: dict[str, str | None]
    regras: str


def mudados(desde: int | None, ouvidos: Sequence[str] = (), tudo: bool = True) -> Pergunta[Mudados]:
    """Return what was written since the moment `marca` of an earlier answer; None: nothing yet.

    Without `tudo` only the products that run out are looked at, and those named.
    """
    return uma_linha(
        lambda marca, **mais: Mudados(marca=int(marca), **mais),
        "mudados",
        desde=desde,
        ouvidos=list(ouvidos),
        tudo=tudo,
    )


# -- measuring ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Medidas(Linha):
    """What /metrics tells and costs the same however large the stock is.

    `execucoes` and `correcoes` are the numbers of the newest: they only grow, while old rows go.
    `duracao` of the newest run is in seconds. Of alerts None where they may not be read.
    """

    comparado_desde: datetime | None
    por_comparar: int
    execucoes: int
    ultima_execucao: datetime | None
    duracao: float | None
    correcoes: int
    falhas: int
    gatilhos_fora: int
    avisos_pendentes: int | None
    avisos_desde: datetime | None
    avisos_mortos: int | None


def medidas() -> Pergunta[Medidas]:
    """Return how comparisons, job, corrections, triggers and alerts stand."""
    return uma_linha(Medidas, "medidas")


@dataclass(frozen=True, slots=True)
class Contagens(Linha):
    """What /metrics counts among all products: those that run out within so many days."""

    produtos: int
    negativos: int
    rupturas_0: int
    rupturas_7: int
    rupturas_28: int


def contagens() -> Pergunta[Contagens]:
    """Count products, negative balances and ruptures."""
    return uma_linha(Contagens, "contagens")


def amostra() -> Pergunta[list[str]]:
    """Return some products, drawn at random, for `estoque bench`."""
    return valores(str, "amostra")
