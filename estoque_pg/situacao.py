"""How an installation is doing, in one object: what `estoque status` prints and /saude asks.

It only reads, with no more than USAGE on the schema, on a hot standby too. Where nothing is
installed, or an older version, `operacao` is None and the migrations say why.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import psycopg

from estoque_pg import __version__, migracoes
from estoque_pg.api import retrato
from estoque_pg.erros import MigracoesPendentes, citado, traduzindo
from estoque_pg.migracoes import Estado
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.conferencia import Execucao
from estoque_pg.perguntas.linha import Linha
from estoque_pg.perguntas.operacao import Alterado, Correcao, Falha, Gatilho, Resumo, TarefaNoCron

SILENCIO = 180  # seconds without a run of the minute job that are worth a warning


@dataclass(frozen=True, slots=True)
class Operacao(Resumo):
    """What the database says of itself, all at the moment `agora`: the figures, and the parts.

    `execucoes` and `correcoes` are the newest five, newest first; `falhas` the oldest ten of
    `total_de_falhas`. `tarefa` is None where pg_cron is not in this database or has no such job.
    """

    RESERVADAS = ("cron_legivel",)

    gatilhos: tuple[Gatilho, ...]
    alterados: tuple[Alterado, ...]
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

    @property
    def problemas(self) -> tuple[Problema, ...]:
        """What somebody has to mend; the migrations speak for themselves."""
        o = self.operacao
        if o is None:
            return ()
        achados = _dos_gatilhos(o.gatilhos) + _das_funcoes(o.alterados)
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
        return (*self.da_tarefa, *([recusadas] if o and o.recusadas else []))

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
    if estado.instalado:
        try:
            operacao = _operacao(conn, schema, limite)
        except MigracoesPendentes:
            # An older installation lacks what is asked; one that should have it must say so.
            if estado.em_dia:
                raise
    return Situacao(
        versao=__version__,
        servidor=conn.info.parameter_status("server_version") or "",
        banco=conn.info.dbname,
        migracoes=estado,
        operacao=operacao,
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


def _das_funcoes(alterados: tuple[Alterado, ...]) -> list[Problema]:
    por_estado: dict[str, list[str]] = {}
    for a in alterados:
        por_estado.setdefault(a.estado, []).append(a.objeto)
    return [
        Problema(
            _contagem("function", nomes, estado), "run `estoque vigiar`, then `estoque verificar`"
        )
        for estado, nomes in por_estado.items()
    ]


def _contagem(tipo: str, nomes: list[str], estado: str) -> str:
    estado = "for replicas only" if estado == "replica only" else estado
    if len(nomes) == 1:
        return f"the {tipo} {nomes[0]} is {estado}"
    resto = f" and {len(nomes) - 3} more" if len(nomes) > 3 else ""
    return f"{len(nomes)} {tipo}s are {estado}: {', '.join(nomes[:3])}{resto}"


def _operacao(conn: psycopg.Connection[Any], schema: str | None, limite: int) -> Operacao:
    with traduzindo(), retrato(conn, schema) as api:
        if limite:
            api.responder(internas.limitar(limite * 1000))
        r = api.resumo()
        return Operacao(
            **{c.name: getattr(r, c.name) for c in fields(r)},
            gatilhos=tuple(api.gatilhos()),
            alterados=tuple(api.alterados()),
            execucoes=tuple(api.execucoes()),
            correcoes=tuple(api.correcoes()),
            falhas=tuple(api.falhas()),
            tarefa=api.tarefa() if r.cron_legivel else None,
        )
