"""How an installation is doing, part by part, and the two repairs of the installation itself.

All parts but the repairs only read, with no more than USAGE on the schema, on a hot standby too.
`estoque_pg.situacao` asks them in one snapshot and says what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from estoque_pg.idioma import Dito, dizer
from estoque_pg.perguntas.base import Pergunta, linhas, talvez_linha, uma_linha, valor, valores
from estoque_pg.perguntas.conferencia import Execucao
from estoque_pg.perguntas.linha import Linha


@dataclass(frozen=True, slots=True)
class Resumo(Linha):
    """The figures of an installation, all at the moment `agora`.

    `recusadas` tells that source rows were left out at the installation, or the last rebuild.
    `orcamento` is in seconds. `comparado_desde` is the oldest comparison of a product with the
    sources, None without products. `banco_do_cron` and `lancador` (pg_cron's process lives) are
    None where this role may not know; `cron_legivel` tells whether `tarefa` can be asked. `copia`
    tells that the results were restored from somewhere else and never compared since,
    `por_comparar` how many codes may be wrong and wait for the minute job. `partes` is what an
    installation consists of, its triggers aside. Of alerts: the active subscriptions, the
    deliveries that wait, since when the oldest does, those given up, why the minute job could not
    announce, None where it could, and the subscriptions that ended of themselves.
    """

    agora: datetime
    espelho: bool
    instalado_em: datetime | None
    produtos: int
    vencidos: int
    comparado_desde: datetime | None
    por_execucao: int | None
    orcamento: float | None
    recusadas: bool | None
    copia: bool
    por_comparar: int
    partes: int
    correcoes_24h: int
    total_de_falhas: int
    avisos_inscricoes: int | None
    avisos_pendentes: int | None
    avisos_desde: datetime | None
    avisos_mortos: int | None
    avisos_erro: str | None
    avisos_encerrados: int | None
    banco_do_cron: str | None
    lancador: bool | None
    cron_legivel: bool


def resumo() -> Pergunta[Resumo]:
    """Return the figures of the installation: products, settings, corrections, pg_cron."""
    return uma_linha(Resumo, "resumo")


@dataclass(frozen=True, slots=True)
class Gatilho(Linha):
    """A trigger of ours, and its state: ok, always, disabled, replica only, missing, stray."""

    tabela: str
    gatilho: str
    estado: str

    @property
    def no_lugar(self) -> bool:
        """Whether it fires for every writer."""
        return self.estado in ("ok", "always")


def gatilhos() -> Pergunta[list[Gatilho]]:
    """Return the triggers on the sources, and those that are missing."""
    return linhas(Gatilho, "gatilhos")


@dataclass(frozen=True, slots=True)
class Alterado(Linha):
    """A part that is not as it was installed.

    `tipo` is type, table, constraint, index, function or view; `estado` missing, changed, invalid,
    rights, search_path or uncompared.
    """

    tipo: str
    objeto: str
    estado: str


def alterados() -> Pergunta[list[Alterado]]:
    """Return the parts of the installation that are not as they were installed."""
    return linhas(Alterado, "alterados")


class Desajuste(str):
    """What of the sources does not fit; `modelo` is the English sentence without its names."""

    modelo: str

    @classmethod
    def de_dito(cls, dito: Dito) -> Desajuste:
        """Build it, in the language of this moment, from what SQL says in parts."""
        feito = cls(dizer(dito))
        feito.modelo = str(dito[0])
        return feito


def desajustes() -> Pergunta[list[Desajuste]]:
    """Return what of the sources does not fit, a line for each."""
    return valores(list, "desajustes").entao(lambda ditos: list(map(Desajuste.de_dito, ditos)))


def execucoes() -> Pergunta[list[Execucao]]:
    """Return the last five runs of the minute job, newest first."""
    return linhas(Execucao, "execucoes")


@dataclass(frozen=True, slots=True)
class Correcao(Linha):
    """A difference from the sources that the fallback found and mended."""

    corrigido_em: datetime
    cod_produto: str
    campo: str
    data_prevista: date | None
    valor_antes: str | None
    valor_depois: str | None


def correcoes() -> Pergunta[list[Correcao]]:
    """Return the last five differences that the minute job mended, newest first."""
    return linhas(Correcao, "correcoes")


@dataclass(frozen=True, slots=True)
class Falha(Linha):
    """A product the fallback cannot compare or rebuild, and the error."""

    cod_produto: str
    sqlstate: str
    mensagem: str
    desde: datetime
    ultima_em: datetime
    vezes: int


def falhas() -> Pergunta[list[Falha]]:
    """Return the ten products that the minute job has failed on for longest."""
    return linhas(Falha, "falhas")


@dataclass(frozen=True, slots=True)
class TarefaNoCron(Linha):
    """The minute job in the pg_cron of this database, and how its last run ended."""

    ativa: bool
    usuario: str
    estado: str | None
    mensagem: str | None


def tarefa() -> Pergunta[TarefaNoCron | None]:
    """Return the minute job as this database's pg_cron has it; None where it has no such job.

    To be asked where `resumo().cron_legivel`: there is no pg_cron here to ask otherwise.
    """
    return talvez_linha(TarefaNoCron, "tarefa")


# -- repairs ------------------------------------------------------------------------------------


def vigiar() -> Pergunta[int]:
    """Put back missing triggers and changed parts, and count what was missed; return how many."""
    return valor(int, "vigiar")


def conceder(
    papel: str, leitura: bool = False, escrita: bool = False, copia: bool = False
) -> Pergunta[list[str]]:
    """Give a role what a reader, a writer of the sources or a backup needs; return the GRANTs run.

    `copia` is for pg_dump of the schema: reading of all that is ours and of the sources.
    """
    return valores(str, "conceder", papel=papel, leitura=leitura, escrita=escrita, copia=copia)
