"""Keeping an installation well: the minute job, its drivers, and the status."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from estoque_pg import manutencao, migracoes, tabela
from estoque_pg.cli.base import (
    Banco,
    Feito,
    campo,
    colorido,
    com_banco,
    com_json,
    com_todos,
    contar,
    em_todos,
    escrever,
    escrever_json,
    tabular,
)
from estoque_pg.cli.entrega import entregador
from estoque_pg.cli.saidas import saida_de
from estoque_pg.cli.trabalhador import Trabalhador
from estoque_pg.erros import ErroEstoque, ManutencaoNecessaria
from estoque_pg.idioma import t, tn
from estoque_pg.perguntas.conferencia import Ajuste, valor_de
from estoque_pg.relogio import fuso
from estoque_pg.situacao import Operacao, Problema, Situacao, situacao


@click.command()
@click.option(
    "--lote",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="N",
    help="How many products to compare.",
)
@com_banco
@com_json
def fallback(lote: int, banco: Banco, em_json: bool) -> None:
    """Compare products with the sources and mend them.

    Takes those that have gone longest without it, as the minute job does. Products that others are
    writing are passed over.

    \b
    Example:
      estoque fallback --lote 1000
    """
    with banco.api() as api:
        feito = api.fallback(lote)
    if em_json:
        escrever_json(feito.como_dict())
        return
    escrever(
        t(
            "{produtos} compared, {corrigidos} corrected, {falhas} failed",
            produtos=contar(feito.processados, "product"),
            corrigidos=tabela.numero(feito.corrigidos),
            falhas=tabela.numero(feito.falhas),
        )
    )
    if feito.falhas:
        escrever(t("`estoque status` names the failing products"))


@click.command()
@click.option(
    "--por-execucao", type=click.IntRange(1), metavar="N", help="Products compared in a run."
)
@click.option(
    "--orcamento",
    type=click.FloatRange(0, 86400, min_open=True),
    metavar="SECONDS",
    help="Time after which a run takes up no further product.",
)
@com_banco
@com_json
def configurar(
    por_execucao: int | None, orcamento: float | None, banco: Banco, em_json: bool
) -> None:
    """Set the minute job, or show how it is set.

    \b
    Examples:
      estoque configurar
      estoque configurar --por-execucao 50 --orcamento 30
    """
    with banco.api() as api:
        ajuste = api.configurar(por_execucao, orcamento)
    if em_json:
        escrever_json(ajuste.como_dict())
    else:
        escrever(_ajuste(ajuste))


@click.command()
@com_banco
@com_json
def agendar(banco: Banco, em_json: bool) -> None:
    """Put the minute job into pg_cron.

    Finds pg_cron in this database or in the one it is set to sit in. Doing it again leaves one
    job, made anew.

    \b
    Example:
      estoque agendar --dsn "dbname=erp"
    """
    with banco.sessao() as conn:
        tarefa = manutencao.agendar(conn, banco.schema)
    if em_json:
        escrever_json(tarefa.como_dict())
    else:
        escrever(
            t(
                'scheduled every minute: the job "{nome}" in the pg_cron of the database '
                '"{banco_do_cron}"',
                nome=tabela.limpo(tarefa.nome),
                banco_do_cron=tabela.limpo(tarefa.banco_do_cron),
            )
        )


@click.command()
@com_banco
@com_json
def desagendar(banco: Banco, em_json: bool) -> None:
    """Take the minute job out of pg_cron.

    \b
    Example:
      estoque desagendar --dsn "dbname=erp"
    """
    with banco.sessao() as conn:
        havia = manutencao.desagendar(conn, banco.schema)
    if em_json:
        escrever_json({"removida": havia})
    else:
        escrever(t("the minute job is no longer scheduled") if havia else t("it was not scheduled"))


@click.command()
@click.option("--uma-vez", is_flag=True, help="Run the job once, as from a crontab.")
@click.option("--sem-avisos", is_flag=True, help="Do not deliver alerts.")
@com_banco
def worker(uma_vez: bool, sem_avisos: bool, banco: Banco) -> None:
    """Run the minute job without pg_cron, and deliver alerts.

    Every minute, in the foreground, until SIGINT or SIGTERM. One worker at a time serves a
    schema: another waits, and takes over. Prints a line for a run that changed something. Alerts
    go as by `estoque avisos entregar`; with --uma-vez none do.

    \b
    Examples:
      estoque worker --dsn "dbname=erp"
      estoque worker --uma-vez
    """
    if uma_vez:
        Trabalhador(banco).uma_vez()
    else:
        Trabalhador(banco, entregador=None if sem_avisos else entregador(banco)).servir()


# -- status -------------------------------------------------------------------------------------


@click.command()
@com_todos
@com_banco
@com_json
def status(banco: Banco, em_json: bool, todos: bool) -> None:
    """Show how the installation is doing.

    Read-only. Exit code 3 unless schema and package match; 4 when triggers are missing, functions
    changed, products failing, or something had to be corrected within 24 hours.

    \b
    Examples:
      estoque status --schema estoque
      estoque status --todos
    """
    if todos:
        em_todos(banco, lambda cada: _resumir(cada, em_json), em_json)
        return
    with banco.conectar() as conn:
        agora = situacao(conn, banco.schema)
    if em_json:
        escrever_json(_dados(agora))
    else:
        _mostrar(agora)
    if (erro := _queixa(agora)) is not None:
        raise erro


def _resumir(banco: Banco, em_json: bool) -> Feito:
    """One install among several, in a line."""
    with banco.conectar() as conn:
        agora = situacao(conn, banco.schema)
    erro = _queixa(agora)
    if not em_json and agora.migracoes.em_dia:
        o = agora.operacao
        resto = f"; {contar(o.produtos, 'product')}; {_da_tarefa(o)}" if o else ""
        escrever(f"{tabela.limpo(banco.schema or '')}: {t('up to date')}{resto}")
        _mostrar_marcados(agora)
    return _dados(agora), erro


def _queixa(s: Situacao) -> ErroEstoque | None:
    """The error that the status ends with."""
    if (erro := migracoes.recusa(s.migracoes)) is not None:
        return erro
    if s.problemas:
        return ManutencaoNecessaria(tn("{n} thing to mend", "{n} things to mend", len(s.problemas)))
    return None


def saida_do_status(s: Situacao) -> int:
    """The exit code of `estoque status`."""
    erro = _queixa(s)
    return 0 if erro is None else saida_de(erro)


def _dados(s: Situacao) -> dict[str, object]:
    return {**s.como_dict(), "saida": saida_do_status(s)}


def _mostrar(s: Situacao) -> None:
    m = s.migracoes
    espelho = f", {t('a standby')}" if s.operacao and s.operacao.espelho else ""
    campo(t("database"), f"{tabela.limpo(s.banco)} (PostgreSQL {s.servidor}{espelho})")
    campo(t("schema"), tabela.limpo(m.schema or t("(none)")))
    if s.operacao is not None and s.operacao.no is not None:
        no = tabela.limpo(s.operacao.no)
        campo(t("node"), t("{no}, this server", no=no) if s.operacao.no_aqui else no)
    em_dia = f", {t('up to date')}" if m.em_dia else ""
    campo(t("package"), f"estoque_pg {s.versao}{em_dia}")
    for migracao in m.aplicadas:
        nota = f"  {t('(THE FILE DIFFERS NOW)')}" if migracao in m.alteradas else ""
        campo(f"  {t('applied')}", f"{migracao}{nota}")
    for migracao in m.pendentes:
        campo(f"  {t('pending')}", migracao)
    for migracao in m.desconhecidas:
        campo(f"  {t('unknown')}", t("{migracao} (from a newer package)", migracao=migracao))
    if s.operacao is not None:
        _mostrar_operacao(s.operacao)
    _mostrar_marcados(s)


def _mostrar_marcados(s: Situacao) -> None:
    for problema in s.problemas:
        _marcar("!", problema, tabela.VERMELHO)
    for aviso in s.avisos:
        _marcar("~", aviso, tabela.NEGRITO)


def _mostrar_operacao(o: Operacao) -> None:
    bons, gatilhos = sum(g.no_lugar for g in o.gatilhos), tabela.numero(len(o.gatilhos))
    campo(t("triggers"), t("{n} of {total} in place", n=tabela.numero(bons), total=gatilhos))
    iguais, partes = tabela.numero(o.partes - len(o.alterados)), tabela.numero(o.partes)
    campo(t("parts"), t("{n} of {total} as they were installed", n=iguais, total=partes))
    campo(t("products"), tabela.numero(o.produtos) + _vencidos(o))
    if o.comparado_desde is not None:
        idade = _idade(o.idade(o.comparado_desde))
        campo(t("compared"), t("each within the last {idade}, or made since", idade=idade))
    if o.por_execucao is not None and o.orcamento is not None:
        campo(t("settings"), _ajuste(Ajuste(o.por_execucao, o.orcamento)))
    campo(t("minute job"), _tarefa(o))
    if o.execucoes:
        tabular(
            [
                f"  {t('run')} ({fuso()})",
                t("driven by"),
                t("compared"),
                t("corrected"),
                t("failed"),
                t("turned"),
                "ms",
            ],
            [
                [
                    f"  {e.inicio.astimezone():%d/%m %H:%M:%S}",  # of 7 days; fits 80 columns
                    e.motor,
                    e.processados,
                    e.corrigidos,
                    e.falhas,
                    e.virados,
                    round((e.fim - e.inicio).total_seconds() * 1000),
                ]
                for e in o.execucoes
            ],
        )
    campo(t("corrections"), _correcoes(o))
    if o.correcoes:
        tabular(
            [
                f"  {t('found')} ({fuso()})",
                t("product"),
                t("field"),
                t("date"),
                t("was"),
                t("is"),
            ],
            [
                [
                    f"  {_momento(c.corrigido_em)}",
                    c.cod_produto,
                    c.campo,
                    c.data_prevista,
                    valor_de(c.campo, c.valor_antes),
                    valor_de(c.campo, c.valor_depois),
                ]
                for c in o.correcoes
            ],
        )
    if o.avisos_inscricoes or o.avisos_pendentes or o.avisos_mortos:
        campo(
            t("alerts"),
            t(
                "{inscricoes}; {pendentes} waiting, {mortas} given up",
                inscricoes=contar(o.avisos_inscricoes or 0, "subscription"),
                pendentes=tabela.numero(o.avisos_pendentes or 0),
                mortas=tabela.numero(o.avisos_mortos or 0),
            ),
        )
    campo(t("failing"), contar(o.total_de_falhas, "product") if o.falhas else t("none"))
    if o.falhas:
        tabular(
            [f"  {t('since')} ({fuso()})", t("product"), t("tries"), t("error")],
            [[f"  {_momento(f.desde)}", f.cod_produto, f.vezes, f.mensagem] for f in o.falhas],
        )


def _vencidos(o: Operacao) -> str:
    if not o.vencidos:
        return t(", all turned to today")
    return t(
        ", {n} of them not turned to today yet (queries are right all the same)",
        n=tabela.numero(o.vencidos),
    )


def _tarefa(o: Operacao) -> str:
    if o.espelho:
        return t("runs on the primary")
    partes = []
    if o.execucoes:
        ultima = o.execucoes[0]
        idade, motor = _idade(o.idade(ultima.fim)), tabela.limpo(ultima.motor)
        partes.append(t("last run {idade} ago by {motor}", idade=idade, motor=motor))
    else:
        partes.append(t("has not run yet"))
    if o.tarefa is not None:
        agendada, inativa = t("scheduled in pg_cron"), t("its pg_cron job is inactive")
        partes.append(agendada if o.tarefa.ativa else inativa)
    elif o.cron_legivel:
        partes.append(t("not scheduled in pg_cron"))
    elif o.banco_do_cron is not None:
        # Whether it is scheduled there cannot be seen from here.
        partes.append(
            t("pg_cron sits in the database {banco}", banco=tabela.limpo(o.banco_do_cron))
        )
    return "; ".join(partes)


def _da_tarefa(o: Operacao) -> str:
    return t("minute job {tarefa}", tarefa=_tarefa(o))


def _correcoes(o: Operacao) -> str:
    if not o.correcoes:
        return t("none by the minute job")
    n = tabela.numero(o.correcoes_24h)
    return t("{n} by the minute job within 24 hours; the newest:", n=n)


def _marcar(sinal: str, problema: Problema, cor: str) -> None:
    marca = tabela.colorir(sinal, cor, colorido(sys.stdout))
    escrever(f"{marca} {tabela.limpo(problema.texto)}")
    escrever(f"  {tabela.limpo(problema.remedio)}")


def _ajuste(ajuste: Ajuste) -> str:
    produtos, segundos = contar(ajuste.por_execucao, "product"), f"{ajuste.orcamento:g} s"
    return t("{produtos} a run, stopping after {segundos}", produtos=produtos, segundos=segundos)


def _momento(momento: datetime) -> str:
    return f"{momento.astimezone():%d/%m/%Y %H:%M:%S}"


def _idade(segundos: float) -> str:
    """Say how long a time is, in its largest unit: 40 s, 3 min, 5 h, 2 days."""
    if segundos < 120:
        return f"{segundos:.0f} s"
    if segundos < 7200:
        return f"{segundos / 60:.0f} min"
    if segundos < 172800:
        return f"{segundos / 3600:.0f} h"
    return t("{n} days", n=f"{segundos / 86400:.0f}")
