"""The worker: runs the minute job, every minute, where pg_cron does not, and delivers alerts.

One at a time per schema, by a session advisory lock: a second one stands by, and takes over when
the first is gone. When the connection is lost it connects again, with growing waits.
"""

from __future__ import annotations

import contextvars
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import psycopg

from estoque_pg import tabela
from estoque_pg.avisos.entregador import Entregador
from estoque_pg.cli.base import Banco, avisar, contar, escrever
from estoque_pg.erros import ErroConexao, ErroEstoque, MigracoesPendentes, SemPermissao
from estoque_pg.idioma import t
from estoque_pg.migracoes import exigir_direta
from estoque_pg.perguntas import conferencia, internas
from estoque_pg.perguntas.conferencia import Execucao

SENTINELA = 2.0  # seconds between two looks of a standby at the lock
ESPERA_INICIAL, ESPERA_MAXIMA = 0.5, 30.0  # seconds between two attempts to connect; doubles


@dataclass
class Trabalhador:
    """Drives the minute job of one schema until it is told to end."""

    banco: Banco
    periodo: float = 60.0  # seconds; runs begin on its multiples: on the minute
    fim: threading.Event = field(default_factory=threading.Event)
    comecou: bool = False
    entregador: Entregador | None = None  # delivers alerts, in a thread of its own

    def __post_init__(self) -> None:
        self._entrega: threading.Thread | None = None

    def uma_vez(self) -> None:
        """Run the job once; say what it did if it did something, or if somebody looks."""
        with self._conectar() as conn:
            feita = self.banco.responder(conn, conferencia.minuto())
        if feita is None and sys.stdout.isatty():
            escrever(t("nothing done: another run is under way, or this is a standby"))
        if feita is not None and (_fez(feita) or sys.stdout.isatty()):
            escrever(_linha(feita))

    def servir(self) -> None:
        """Run the job every minute until SIGINT or SIGTERM; a run under way is finished first."""
        with ate_o_sinal(self.fim):
            try:
                self.ciclo()
            finally:
                self.fim.set()
                if self._entrega is not None:
                    self._entrega.join()
        avisar(t("worker ended"))

    def ciclo(self) -> None:
        """Run the job every minute until `fim` is set."""
        espera = ESPERA_INICIAL
        while not self.fim.is_set():
            try:
                with self._conectar() as conn:
                    espera = ESPERA_INICIAL
                    self._trabalhar(conn)
            except ErroConexao as erro:
                # What never worked is a wrong address, and better said than retried.
                if not self.comecou:
                    raise
                motivo = tabela.limpo(erro.mensagem)
                avisar(
                    t(
                        "connection lost ({motivo}); trying again in {espera} s",
                        motivo=motivo,
                        espera=f"{espera:g}",
                    )
                )
                self.fim.wait(espera)
                espera = min(espera * 2, ESPERA_MAXIMA)

    @contextmanager
    def _conectar(self) -> Iterator[psycopg.Connection[Any]]:
        with self.banco.sessao() as conn:
            exigir_direta(conn)
            self.banco.responder(conn, internas.chamar_se_worker())
            yield conn

    def _trabalhar(self, conn: psycopg.Connection[Any]) -> None:
        self._tomar_vez(conn)
        if self.fim.is_set():
            return
        banco = tabela.limpo(conn.info.dbname)
        if self.comecou:
            escrever(t("worker again at work on {banco}, every minute", banco=banco))
        else:
            escrever(t("worker at work on {banco}, every minute", banco=banco))
        sys.stdout.flush()
        self.comecou = True
        self._comecar_a_entregar()
        while not self.fim.is_set():
            self._rodar(conn)
            self.fim.wait(self.periodo - time.time() % self.periodo)

    def _comecar_a_entregar(self) -> None:
        if self.entregador is not None and self._entrega is None:
            self.entregador.fim = self.fim
            # In the language of this command, which a thread does not inherit.
            contexto = contextvars.copy_context()
            self._entrega = threading.Thread(
                target=contexto.run, args=(self._entregar, self.entregador), daemon=True
            )
            self._entrega.start()

    def _entregar(self, entregador: Entregador) -> None:
        while not self.fim.is_set():
            try:
                entregador.ciclo()
            except ErroConexao:
                pass  # the worker itself says so
            except ErroEstoque as erro:
                avisar(t("alerts not delivered: {mensagem}", mensagem=tabela.limpo(erro.mensagem)))
            self.fim.wait(self.periodo)

    def _tomar_vez(self, conn: psycopg.Connection[Any]) -> None:
        avisado = False
        while not self.fim.is_set():
            if self.banco.responder(conn, internas.tomar_vez_do_worker()):
                return
            if not avisado:
                avisar(t("another worker serves this schema: standing by"))
                self.comecou = avisado = True
            self.fim.wait(SENTINELA)

    def _rodar(self, conn: psycopg.Connection[Any]) -> None:
        try:
            feita = self.banco.responder(conn, conferencia.minuto())
        except (ErroConexao, MigracoesPendentes, SemPermissao):
            raise  # the next minute would not go better
        except ErroEstoque as erro:
            avisar(
                t(
                    "run failed, the next is due on the minute: {mensagem}",
                    mensagem=tabela.limpo(erro.mensagem),
                )
            )
            return
        if feita is not None and _fez(feita):
            escrever(_linha(feita))
            sys.stdout.flush()


@contextmanager
def ate_o_sinal(fim: threading.Event) -> Iterator[None]:
    """Set `fim` at SIGINT or SIGTERM inside the block."""

    def encerrar(numero: int, quadro: FrameType | None) -> None:
        fim.set()

    antes = {s: signal.signal(s, encerrar) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sinal, tratador in antes.items():
            signal.signal(sinal, tratador)


def _fez(feita: Execucao) -> bool:
    return bool(feita.corrigidos or feita.falhas or feita.virados)


def _linha(feita: Execucao) -> str:
    feito = t(
        "{produtos} compared, {corrigidos} corrected, {falhas} failed, {virados} turned in {ms} ms",
        produtos=contar(feita.processados, "product"),
        corrigidos=tabela.numero(feita.corrigidos),
        falhas=tabela.numero(feita.falhas),
        virados=tabela.numero(feita.virados),
        ms=tabela.numero(round((feita.fim - feita.inicio).total_seconds() * 1000)),
    )
    return f"{feita.inicio.astimezone():%d/%m/%Y %H:%M:%S}  {feito}"
