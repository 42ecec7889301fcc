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
from estoque_pg.idioma import marcar, t, tn
from estoque_pg.migracoes import Estado
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.conferencia import Execucao
from estoque_pg.perguntas.linha import Linha
from estoque_pg.perguntas.operacao import (
    Alterado,
    Correcao,
    Desajuste,
    Falha,
    Gatilho,
    Resumo,
    TarefaNoCron,
)

SILENCIO = 180  # seconds without a run of the minute job that are worth a warning
PACIENCIA = 900  # seconds that an alert may wait to be delivered before that is worth a warning
REFAZER = marcar(
    "run `estoque uninstall`, then `estoque install`: everything is made anew from the sources,"
    " which are not touched"
)
# What mends the others cannot mend itself.
DO_VIGIA = (
    "estoque_vigiar(", "estoque_alterados(", "estoque_reapontar(", "_estoque_restaurar(",
    "_estoque_repor(", "_estoque_pecas(", "_estoque_relacoes(", "_estoque_indices_das_fontes(",
)  # fmt: skip
# What is said of parts: of one of a kind and state, and of several. The kinds and states are keys.
TIPOS = {
    "trigger": (marcar("the trigger {nome}"), marcar("{n} triggers")),
    "table": (marcar("the table {nome}"), marcar("{n} tables")),
    "type": (marcar("the type {nome}"), marcar("{n} types")),
    "constraint": (marcar("the constraint {nome}"), marcar("{n} constraints")),
    "index": (marcar("the index {nome}"), marcar("{n} indexes")),
    "function": (marcar("the function {nome}"), marcar("{n} functions")),
    "view": (marcar("the view {nome}"), marcar("{n} views")),
}
ESTADOS = {
    "missing": (marcar("{qual} is missing"), marcar("{quais} are missing: {nomes}")),
    "disabled": (marcar("{qual} is disabled"), marcar("{quais} are disabled: {nomes}")),
    "changed": (marcar("{qual} is changed"), marcar("{quais} are changed: {nomes}")),
    "invalid": (marcar("{qual} is invalid"), marcar("{quais} are invalid: {nomes}")),
    "stray": (marcar("{qual} is stray"), marcar("{quais} are stray: {nomes}")),
    "replica only": (
        marcar("{qual} is for replicas only"),
        marcar("{quais} are for replicas only: {nomes}"),
    ),
    "rights": (
        marcar("{qual} does not have the rights it was installed with"),
        marcar("{quais} do not have the rights they were installed with: {nomes}"),
    ),
    "search_path": (
        marcar("{qual} looks for its tables in another schema"),
        marcar("{quais} look for their tables in another schema: {nomes}"),
    ),
    "uncompared": (
        marcar("{qual} cannot be compared since PostgreSQL was upgraded"),
        marcar("{quais} cannot be compared since PostgreSQL was upgraded: {nomes}"),
    ),
}
CONSEQUENCIAS = {
    "index": marcar(
        "{o_que}; until it is back, what reads a product's rows reads the whole table, the minute"
        " job too"
    ),
    "constraint": marcar("{o_que}; products may be there twice"),
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
    desajustes: tuple[Desajuste, ...]
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
                    t("this is a restored copy, and nobody has compared it with its sources"),
                    t("run `estoque recalcular --tudo`; the minute job would take several runs"),
                )
            )
        if o.falhas:
            f = o.falhas[0]
            quem = tn(
                "the product {codigo} fails: {erro}",
                "{n} products fail, {codigo} the longest: {erro}",
                o.total_de_falhas,
                codigo=citado(f.cod_produto),
                erro=f"{f.mensagem} ({f.sqlstate})",
            )
            achados.append(
                Problema(
                    quem,
                    t("mend its rows in the sources; the minute job then takes it off the list"),
                )
            )
        return (*achados, *self.corrigidos)

    @property
    def corrigidos(self) -> tuple[Problema, ...]:
        """What was wrong and is mended: news for the administrator, nothing for who asks now."""
        o = self.operacao
        if o is None or not o.correcoes_24h:
            return ()
        return (
            Problema(
                tn(
                    "{n} difference from the sources corrected within the last 24 hours",
                    "{n} differences from the sources corrected within the last 24 hours",
                    o.correcoes_24h,
                ),
                t(
                    "find who writes past the triggers (see docs/operacao.md), then `estoque "
                    "verificar`; this line stays for the 24 hours"
                ),
            ),
        )

    @property
    def avisos(self) -> tuple[Problema, ...]:
        """What deserves a look and stops nothing."""
        recusadas = Problema(
            t("source rows that cannot be counted were left out"),
            t(
                "`SELECT * FROM estoque_linhas_recusadas()` lists them; once they are mended, "
                "run `estoque recalcular --tudo`"
            ),
        )
        o = self.operacao
        if o is None:
            return ()
        return (
            *self.da_tarefa,
            *([recusadas] if o.recusadas else []),
            *([_por_comparar(o.por_comparar)] if o.por_comparar else []),
            *_dos_avisos(o),
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
                    t("the minute job has not run in the last 3 minutes"),
                    t("run `estoque agendar` (pg_cron) or `estoque worker`"),
                )
            )
        if o.lancador is False and o.banco_do_cron is not None:
            achados.append(
                Problema(t("pg_cron is loaded, but its launcher is gone"), t("restart the server"))
            )
        if o.tarefa is not None and o.tarefa.estado == "failed":
            achados.append(
                Problema(
                    t(
                        "the last run under pg_cron failed: {mensagem}",
                        mensagem=o.tarefa.mensagem or t("no reason given"),
                    ),
                    t("run `estoque agendar` anew"),
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


def _dos_avisos(o: Operacao) -> list[Problema]:
    """Say what is wrong with alerts; stock is right all the same."""
    achados = []
    if o.avisos_erro is not None:
        achados.append(
            Problema(
                t("the minute job cannot announce ruptures: {erro}", erro=o.avisos_erro),
                t("run `estoque vigiar`; this line goes with the next run that can"),
            )
        )
    if o.avisos_desde is not None and o.idade(o.avisos_desde) > PACIENCIA:
        achados.append(
            Problema(
                t("alerts have waited to be delivered for more than 15 minutes"),
                t(
                    "run `estoque worker` or `estoque avisos entregar`; for e-mail they need"
                    " ESTOQUE_SMTP"
                ),
            )
        )
    if o.avisos_encerrados:
        achados.append(
            Problema(
                tn(
                    "{n} subscription ended of itself",
                    "{n} subscriptions ended of themselves",
                    o.avisos_encerrados,
                ),
                t(
                    "`estoque avisos listar` says why; `estoque avisos retomar` takes one up again,"
                    " `cancelar` removes it"
                ),
            )
        )
    if o.avisos_mortos:
        achados.append(
            Problema(
                tn("{n} alert was given up", "{n} alerts were given up", o.avisos_mortos),
                t("`estoque avisos mortas` says why, `estoque avisos reenviar` tries again"),
            )
        )
    return achados


def _dos_gatilhos(gatilhos: tuple[Gatilho, ...]) -> list[Problema]:
    """Say what is wrong with the triggers, a line for each state: there may be many partitions."""
    por_estado: dict[str, list[str]] = {}
    for g in gatilhos:
        if not g.no_lugar:
            por_estado.setdefault(g.estado, []).append(
                t("{gatilho} of {tabela}", gatilho=g.gatilho, tabela=g.tabela)
            )
    return [
        Problema(_contagem("trigger", nomes, estado), t("run `estoque vigiar`"))
        for estado, nomes in por_estado.items()
    ]


def _das_partes(alterados: tuple[Alterado, ...]) -> list[Problema]:
    por_estado: dict[tuple[str, str], list[str]] = {}
    for a in alterados:
        por_estado.setdefault((a.tipo, a.estado), []).append(a.objeto)
    return [
        Problema(
            t(CONSEQUENCIAS.get(tipo, "{o_que}"), o_que=_contagem(tipo, nomes, estado)),
            _remedio(tipo, nomes, estado),
        )
        for (tipo, estado), nomes in por_estado.items()
    ]


def _remedio(tipo: str, nomes: list[str], estado: str) -> str:
    if tipo in ("table", "type") and estado == "changed":
        return t(REFAZER)
    if estado == "missing" and any(n.startswith(DO_VIGIA) for n in nomes):
        return t(REFAZER)  # `estoque vigiar` could not do it
    return t("run `estoque vigiar`, then `estoque verificar`")


def _das_fontes(desajustes: tuple[Desajuste, ...]) -> list[Problema]:
    return [
        Problema(
            texto,
            t(
                "give a column that was renamed its old name back, or the table a generated "
                "column of that name; else mend what is named"
            )
            if texto.modelo == "%s is missing"
            else t("mend it, then run `estoque vigiar` and `estoque verificar`"),
        )
        for texto in desajustes
    ]


def _por_comparar(quantos: int) -> Problema:
    return Problema(
        tn(
            "{n} code may be wrong, and waits for the minute job to compare it",
            "{n} codes may be wrong, and wait for the minute job to compare them",
            quantos,
        ),
        t("it takes up to 1,000 in a run; `estoque recalcular --tudo` compares all at once"),
    )


def _contagem(tipo: str, nomes: list[str], estado: str) -> str:
    # One that is not known here yet is said in English.
    um, varios = ESTADOS.get(
        estado, (f"{{qual}} is {estado}", f"{{quais}} are {estado}: {{nomes}}")
    )
    qual, quais = TIPOS.get(tipo, (f"the {tipo} {{nome}}", f"{{n}} {tipo}s"))
    if len(nomes) == 1:
        return t(um, qual=t(qual, nome=nomes[0]))
    ditos = ", ".join(nomes[:3])
    if len(nomes) > 3:
        ditos = t("{nomes} and {n} more", nomes=ditos, n=len(nomes) - 3)
    return t(varios, quais=t(quais, n=len(nomes)), nomes=ditos)


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
        erro.dica = t(REFAZER)
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
