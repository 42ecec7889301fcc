"""How an installation is doing, in one object: what `estoque status` prints and /saude asks.

It only reads, with no more than USAGE on the schema, on a hot standby too. Where nothing is
installed, or an older version, `operacao` is None and the migrations say why.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import psycopg

from estoque_pg import __version__, migracoes
from estoque_pg.api import APIEstoqueTempoReal, retrato
from estoque_pg.erros import ErroEstoque, MigracoesPendentes, citado, traduzindo
from estoque_pg.migracoes import Estado
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.conferencia import Execucao
from estoque_pg.perguntas.linha import Linha
from estoque_pg.perguntas.operacao import Alterado, Correcao, Falha, Gatilho, Resumo, TarefaNoCron

SILENCIO = 180  # seconds without a run of the minute job that are worth a warning
REFAZER = (
    "run `estoque uninstall`, then `estoque install`: everything is made anew from the sources,"
    " which are not touched"
)
# What mends the others cannot mend itself.
DO_VIGIA = (
    "estoque_vigiar(", "estoque_alterados(", "estoque_reapontar(", "_estoque_restaurar(",
    "_estoque_repor(", "_estoque_pecas(", "_estoque_relacoes(", "_estoque_indices_das_fontes(",
)  # fmt: skip
ESTADOS = {
    "replica only": ("is for replicas only", "are for replicas only"),
    "rights": ("does not have the rights it was installed with",
               "do not have the rights they were installed with"),
    "search_path": ("looks for its tables in another schema",
                    "look for their tables in another schema"),
    "uncompared": ("cannot be compared since PostgreSQL was upgraded",
                   "cannot be compared since PostgreSQL was upgraded"),
}  # fmt: skip
CONSEQUENCIAS = {
    "index": "; until it is back, what reads a product's rows reads the whole table, the minute"
    " job too",
    "constraint": "; products may be there twice",
}


@dataclass(frozen=True, slots=True)
class Operacao(Resumo):
    """What the database says of itself, all at the moment `agora`: the figures, and the parts.

    `execucoes` and `correcoes` are the newest five, newest first; `falhas` the oldest ten of
    `total_de_falhas`. `tarefa` is None where pg_cron is not in this database or has no such job.
    """

    RESERVADAS = ("cron_legivel",)

    gatilhos: tuple[Gatilho, ...]
    alterados: tuple[Alterado, ...]
    desajustes: tuple[str, ...]
    execucoes: tuple[Execucao, ...]
    correcoes: tuple[Correcao, ...]
    falhas: tuple[Falha, ...]
    tarefa: TarefaNoCron | None

    def idade(self, momento: datetime) -> float:
        """Return how many seconds ago `momento` was, by the server's clock."""
        return max((self.agora - momento).total_seconds(), 0.0)

    @property
    def parado(self) -> bool:
        """Whether the minute job is silent: 3 minutes after it last ran, or was installed."""
        desde = self.execucoes[0].fim if self.execucoes else self.instalado_em
        return desde is None or self.idade(desde) > SILENCIO


@dataclass(frozen=True, slots=True)
class Problema(Linha):
    """What is wrong, in a line, and the command that mends it."""

    texto: str
    remedio: str


@dataclass(frozen=True, slots=True)
class Situacao:
    """An installation as it stands."""

    versao: str
    servidor: str
    banco: str
    migracoes: Estado
    operacao: Operacao | None
    perdidas: tuple[Alterado, ...] = ()  # functions without which there is no `operacao`

    @property
    def problemas(self) -> tuple[Problema, ...]:
        """What somebody has to mend; the migrations speak for themselves."""
        o = self.operacao
        if o is None:
            return tuple(_das_partes(self.perdidas))
        achados = _das_fontes(o.desajustes) + _dos_gatilhos(o.gatilhos) + _das_partes(o.alterados)
        if o.copia and not o.espelho:
            achados.append(
                Problema(
                    "this is a restored copy, and nobody has compared it with its sources",
                    "run `estoque recalcular --tudo`; the minute job would take several runs",
                )
            )
        if o.falhas:
            f = o.falhas[0]
            quem = f"the product {citado(f.cod_produto)} fails"
            if o.total_de_falhas > 1:
                quem = f"{o.total_de_falhas} products fail, {citado(f.cod_produto)} the longest"
            achados.append(
                Problema(
                    f"{quem}: {f.mensagem} ({f.sqlstate})",
                    "mend its rows in the sources; the minute job then takes it off the list",
                )
            )
        return (*achados, *self.corrigidos)

    @property
    def corrigidos(self) -> tuple[Problema, ...]:
        """What was wrong and is mended: news for the administrator, nothing for who asks now."""
        o = self.operacao
        if o is None or not o.correcoes_24h:
            return ()
        plural = "" if o.correcoes_24h == 1 else "s"
        return (
            Problema(
                f"{o.correcoes_24h} difference{plural} from the sources corrected within the"
                " last 24 hours",
                "find who writes past the triggers (see docs/operacao.md), then"
                " `estoque verificar`; this line stays for the 24 hours",
            ),
        )

    @property
    def avisos(self) -> tuple[Problema, ...]:
        """What deserves a look and stops nothing."""
        recusadas = Problema(
            "source rows that cannot be counted were left out",
            "`SELECT * FROM estoque_linhas_recusadas()` lists them; once they are mended, run"
            " `estoque recalcular --tudo`",
        )
        o = self.operacao
        if o is None:
            return ()
        return (
            *self.da_tarefa,
            *([recusadas] if o.recusadas else []),
            *([_por_comparar(o.por_comparar)] if o.por_comparar else []),
        )

    @property
    def da_tarefa(self) -> tuple[Problema, ...]:
        """What the minute job lacks: answers are right without it."""
        o = self.operacao
        if o is None or o.espelho:
            return ()
        achados = []
        if o.parado:
            achados.append(
                Problema(
                    "the minute job has not run in the last 3 minutes",
                    "run `estoque agendar` (pg_cron) or `estoque worker`",
                )
            )
        if o.lancador is False and o.banco_do_cron is not None:
            achados.append(
                Problema("pg_cron is loaded, but its launcher is gone", "restart the server")
            )
        if o.tarefa is not None and o.tarefa.estado == "failed":
            achados.append(
                Problema(
                    f"the last run under pg_cron failed: {o.tarefa.mensagem or 'no reason given'}",
                    "run `estoque agendar` anew",
                )
            )
        return tuple(achados)

    def como_dict(self) -> dict[str, Any]:
        """Return a dictionary that json.dumps accepts: times as ISO text, durations in seconds."""
        m = self.migracoes
        return {
            "versao": self.versao,
            "servidor": self.servidor,
            "banco": self.banco,
            "schema": m.schema,
            "instalado": m.instalado,
            "em_dia": m.em_dia,
            "aplicadas": list(m.aplicadas),
            "pendentes": list(m.pendentes),
            "desconhecidas": list(m.desconhecidas),
            "alteradas": list(m.alteradas),
            "operacao": self.operacao.como_dict() if self.operacao else None,
            "problemas": [p.como_dict() for p in self.problemas],
            "avisos": [p.como_dict() for p in self.avisos],
        }


def situacao(conn: psycopg.Connection[Any], schema: str | None = None, limite: int = 0) -> Situacao:
    """Return how the installation in a schema is doing; None means the current schema.

    `limite` is how many seconds a statement of it may take, 0 any. Raises ErroEstoque.
    """
    estado = migracoes.estado(conn, schema)
    operacao = None
    perdidas: tuple[Alterado, ...] = ()
    if estado.instalado:
        try:
            with _limitado(conn, schema, limite) as api:
                encontradas: list[Alterado] = api.responder(internas.funcoes_perdidas())
                perdidas = tuple(encontradas)
                # What is bound to another schema would speak of that one.
                if not any(p.estado == "search_path" for p in perdidas):
                    operacao = _operacao(api)
        except MigracoesPendentes as erro:
            # An older installation lacks what is asked; one that should have it must say so.
            if estado.em_dia and not perdidas:
                perdidas = _alterados(conn, schema, limite, erro)
    return Situacao(
        versao=__version__,
        servidor=conn.info.parameter_status("server_version") or "",
        banco=conn.info.dbname,
        migracoes=estado,
        operacao=operacao,
        perdidas=perdidas,
    )


# -- inside -------------------------------------------------------------------------------------


def _dos_gatilhos(gatilhos: tuple[Gatilho, ...]) -> list[Problema]:
    """Say what is wrong with the triggers, a line for each state: there may be many partitions."""
    por_estado: dict[str, list[str]] = {}
    for g in gatilhos:
        if not g.no_lugar:
            por_estado.setdefault(g.estado, []).append(f"{g.gatilho} of {g.tabela}")
    return [
        Problema(_contagem("trigger", nomes, estado), "run `estoque vigiar`")
        for estado, nomes in por_estado.items()
    ]


def _das_partes(alterados: tuple[Alterado, ...]) -> list[Problema]:
    por_estado: dict[tuple[str, str], list[str]] = {}
    for a in alterados:
        por_estado.setdefault((a.tipo, a.estado), []).append(a.objeto)
    return [
        Problema(
            _contagem(tipo, nomes, estado) + CONSEQUENCIAS.get(tipo, ""),
            _remedio(tipo, nomes, estado),
        )
        for (tipo, estado), nomes in por_estado.items()
    ]


def _remedio(tipo: str, nomes: list[str], estado: str) -> str:
    if tipo in ("table", "type") and estado == "changed":
        return REFAZER
    if estado == "missing" and any(n.startswith(DO_VIGIA) for n in nomes):
        return REFAZER  # `estoque vigiar` could not do it
    return "run `estoque vigiar`, then `estoque verificar`"


def _das_fontes(desajustes: tuple[str, ...]) -> list[Problema]:
    return [
        Problema(
            texto,
            "give a column that was renamed its old name back, or the table a generated column of"
            " that name; else mend what is named"
            if texto.endswith(" is missing")
            else "mend it, then run `estoque vigiar` and `estoque verificar`",
        )
        for texto in desajustes
    ]


def _por_comparar(quantos: int) -> Problema:
    plural = "s" if quantos > 1 else ""
    return Problema(
        f"{quantos} code{plural} may be wrong, and wait for the minute job to compare them",
        "it takes up to 1,000 in a run; `estoque recalcular --tudo` compares all at once",
    )


def _contagem(tipo: str, nomes: list[str], estado: str) -> str:
    um, varios = ESTADOS.get(estado, (f"is {estado}", f"are {estado}"))
    if len(nomes) == 1:
        return f"the {tipo} {nomes[0]} {um}"
    resto = f" and {len(nomes) - 3} more" if len(nomes) > 3 else ""
    plural = "indexes" if tipo == "index" else f"{tipo}s"
    return f"{len(nomes)} {plural} {varios}: {', '.join(nomes[:3])}{resto}"


@contextmanager
def _limitado(
    conn: psycopg.Connection[Any], schema: str | None, limite: int
) -> Iterator[APIEstoqueTempoReal]:
    with traduzindo(), retrato(conn, schema) as api:
        if limite:
            api.responder(internas.limitar(limite * 1000))
        yield api


def _alterados(
    conn: psycopg.Connection[Any], schema: str | None, limite: int, erro: ErroEstoque
) -> tuple[Alterado, ...]:
    """Return which parts are not there, where nothing else can be asked for want of them."""
    try:
        with _limitado(conn, schema, limite) as api:
            return tuple(api.alterados())
    except MigracoesPendentes:
        erro.dica = REFAZER
        raise erro from None


def _operacao(api: APIEstoqueTempoReal) -> Operacao:
    r = api.resumo()
    return Operacao(
        **{c.name: getattr(r, c.name) for c in fields(r)},
        gatilhos=tuple(api.gatilhos()),
        alterados=tuple(api.alterados()),
        desajustes=tuple(api.desajustes()),
        execucoes=tuple(api.execucoes()),
        correcoes=tuple(api.correcoes()),
        falhas=tuple(api.falhas()),
        tarefa=api.tarefa() if r.cron_legivel else None,
    )
