"""What Prometheus scrapes: /metrics, where the package prometheus-client is installed.

The database is asked on a connection aside, by one scrape at a time: for what takes milliseconds
however large the stock is (`medidas`) by every scrape, for what reads all products (`contagens`) no
more often than makes that a hundredth of one server process. While it is away the rest is told.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Generic, TypeVar

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from estoque_pg import __version__
from estoque_pg.api import retrato
from estoque_pg.erros import ErroEstoque, traduzindo
from estoque_pg.http.conexoes import pool_de_metricas
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.base import Pergunta
from estoque_pg.perguntas.internas import Contagens, Medidas

T = TypeVar("T")

LIMITE = 5  # seconds that a question may take: Prometheus gives a scrape up after 10
PARTE = 100  # counts are kept for so many times what they took
VALIDADE = 1.0  # seconds that an answer is kept at least: scrapes at once ask once
# Ours, and no newer form of it that the library may think of: every Prometheus reads this one.
TIPO = "text/plain; version=0.0.4; charset=utf-8"
FAIXAS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METODOS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
ABERTA = "/ao-vivo"  # stays open for hours, which is no request's time
OUTRA = "outra"  # the route of what has none
_registro = logging.getLogger("estoque_pg.http.conexao")

# The figures of the database by the name of their field; a moment is told as a Unix timestamp.
FIGURAS: dict[str, tuple[str, str]] = {
    "comparado_desde": (
        "estoque_comparacao_mais_antiga_timestamp_seconds",
        "When the product was compared that has gone longest without it; absent without products.",
    ),
    "por_comparar": (
        "estoque_codigos_por_comparar",
        "Codes that may be wrong and wait for the minute job to compare them.",
    ),
    "execucoes": (
        "estoque_tarefa_execucoes_total",
        "Runs of the minute job, by the number of the newest.",
    ),
    "ultima_execucao": (
        "estoque_tarefa_ultima_execucao_timestamp_seconds",
        "When the minute job last ended; absent before its first run.",
    ),
    "duracao": (
        "estoque_tarefa_ultima_execucao_duracao_seconds",
        "How long that run took; absent before the first.",
    ),
    "correcoes": (
        "estoque_correcoes_total",
        "Differences from the sources that were found and mended, by the number of the newest.",
    ),
    "falhas": ("estoque_falhas", "Products that cannot be compared or rebuilt."),
    "gatilhos_fora": (
        "estoque_gatilhos_fora_do_lugar",
        "Triggers that are missing, disabled or on a table that is none of the sources.",
    ),
    "avisos_pendentes": ("estoque_avisos_pendentes", "Deliveries of alerts that wait."),
    "avisos_desde": (
        "estoque_avisos_mais_antigo_timestamp_seconds",
        "Since when the oldest delivery waits; absent where none does.",
    ),
    "avisos_mortos": ("estoque_avisos_mortos", "Deliveries that were given up."),
}
# And those of a pool, as psycopg_pool calls them.
DOS_POOLS: dict[str, tuple[str, str]] = {
    "pool_size": ("estoque_pool_conexoes", "Connections of a pool."),
    "pool_max": ("estoque_pool_conexoes_maximo", "How many it may have."),
    "pool_available": ("estoque_pool_disponiveis", "Of those it has, the ones nobody uses."),
    "requests_waiting": ("estoque_pool_esperando", "Requests that wait for a connection."),
    "requests_errors": ("estoque_pool_erros_total", "Requests that got none in time."),
}


class Cronometro:
    """Middleware that times requests by the template of their route, never by their path."""

    def __init__(self, app: ASGIApp, duracoes: Histogram) -> None:
        self.app = app
        self.duracoes = duracoes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        inicio = time.perf_counter()
        raiz = scope.get("root_path", "")
        status = 500  # what is answered to an error that passes through here

        async def anotar(mensagem: Message) -> None:
            nonlocal status
            if mensagem["type"] == "http.response.start":
                status = mensagem["status"]
            await send(mensagem)

        try:
            await self.app(scope, receive, anotar)
        finally:
            rota = _rota(scope, raiz)
            if rota != ABERTA:
                metodo = scope["method"] if scope["method"] in METODOS else "outro"
                serie = self.duracoes.labels(rota, metodo, f"{status // 100}xx")
                serie.observe(time.perf_counter() - inicio)


def _rota(scope: Scope, raiz: str) -> str:
    """Return the template of a request's route; of files, where they are mounted."""
    if (rota := scope.get("route")) is not None:
        return str(rota.path_format)
    return str(scope.get("root_path", "")).removeprefix(raiz) or OUTRA


class _Lembrada(Generic[T]):
    """An answer that is kept for so many times what it took, None where there was none."""

    def __init__(self, vezes: int) -> None:
        self._vezes = vezes
        self._quando = self._ate = float("-inf")
        self._resposta: T | None = None
        self.levou = 0.0

    def obter(self, perguntar: Callable[[], T | None]) -> T | None:
        inicio = time.monotonic()
        if inicio >= self._ate:
            self._resposta = perguntar()
            self._quando = time.monotonic()
            self.levou = self._quando - inicio
            self._ate = self._quando + max(VALIDADE, self._vezes * self.levou)
        return self._resposta

    def ultima(self, segundos: float) -> T | None:
        """Return the last answer, if it is no older than so many seconds."""
        return self._resposta if time.monotonic() - self._quando <= segundos else None


class Metricas:
    """The metrics of an application, in a registry of its own, where no others meet them."""

    def __init__(self, app: FastAPI, conninfo: str, schema: str | None) -> None:
        self._app = app
        self._schema = schema
        self._pool = pool_de_metricas(conninfo)
        self._vez = threading.Lock()
        self._medidas = _Lembrada[Medidas](0)
        self._contagens = _Lembrada[Contagens](PARTE)
        self._duracoes = Histogram(
            "estoque_http_duracao_seconds",
            "Time from a request to the end of its answer, by route.",
            ("rota", "metodo", "status"),
            buckets=FAIXAS,
            registry=None,
        )
        self._todas = CollectorRegistry()
        self._todas.register(self)
        ProcessCollector(registry=self._todas)
        app.add_middleware(Cronometro, duracoes=self._duracoes)

    @asynccontextmanager
    async def vida(self) -> AsyncIterator[None]:
        """Hold the connection of the metrics while the application runs."""
        self._pool.open()
        try:
            yield
        finally:
            await run_in_threadpool(self._pool.close)

    def texto(self) -> Response:
        """Return all there is, as Prometheus reads it."""
        return Response(generate_latest(self._todas), media_type=TIPO)

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: to be registered is no reason to ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now; prometheus-client asks."""
        yield _figura("estoque_info", "The version that answers.", [({"versao": __version__}, 1)])
        yield from self._do_banco()
        yield from self._dos_pools()
        if (ao_vivo := getattr(self._app.state, "ao_vivo", None)) is not None:
            yield _figura("estoque_painel_ouvintes", "Open pages.", [({}, ao_vivo.ouvintes)])
            yield _figura(
                "estoque_painel_olhar_duracao_seconds",
                "How long the last look at all products for changes took.",
                [({}, ao_vivo.levou)],
            )
        for familia in self._duracoes.collect():
            # When a series was begun is of no use to anybody here, and a third of the answer.
            familia.samples = [s for s in familia.samples if not s.name.endswith("_created")]
            yield familia

    # -- the database ---------------------------------------------------------------------------

    def _do_banco(self) -> Iterator[Metric]:
        contagens: Contagens | None = None
        if self._vez.acquire(timeout=LIMITE):
            try:
                medidas = self._medidas.obter(lambda: self._perguntar(internas.medidas()))
                if medidas is not None:
                    contagens = self._contagens.obter(lambda: self._perguntar(internas.contagens()))
            finally:
                self._vez.release()
        else:
            # Another scrape is busy with slow counts, or the database is: what that one learned of
            # late tells which.
            medidas = self._medidas.ultima(2 * LIMITE)
        yield _figura("estoque_up", "Whether the database answered.", [({}, medidas is not None)])
        yield _figura(
            "estoque_leitura_duracao_seconds",
            "How long the database took to answer, when it was last asked.",
            [
                ({"leitura": "medidas"}, self._medidas.levou),
                ({"leitura": "contagens"}, self._contagens.levou),
            ],
        )
        for campo, (nome, ajuda) in FIGURAS.items():
            valor = getattr(medidas, campo, None)
            if isinstance(valor, datetime):
                valor = valor.timestamp()
            if valor is not None:
                yield _figura(nome, ajuda, [({}, valor)])
        if contagens is not None:
            yield _figura("estoque_produtos", "Products.", [({}, contagens.produtos)])
            yield _figura(
                "estoque_negativos",
                "Products whose balance is below zero now.",
                [({}, contagens.negativos)],
            )
            yield _figura(
                "estoque_rupturas",
                "Products that run out within so many days.",
                [
                    ({"dias": "0"}, contagens.rupturas_0),
                    ({"dias": "7"}, contagens.rupturas_7),
                    ({"dias": "28"}, contagens.rupturas_28),
                ],
            )

    def _perguntar(self, pergunta: Pergunta[T]) -> T | None:
        """Ask on the connection aside; None where the database does not answer in time."""
        try:
            with traduzindo(), self._pool.connection() as conn:
                with retrato(conn, self._schema) as api:
                    api.responder(internas.limitar(int(LIMITE * 1000)))
                    return api.responder(pergunta)
        except ErroEstoque as erro:
            _registro.warning(
                "warning: /metrics lacks the figures of the database: %s", erro.mensagem
            )
            return None

    # -- the process ----------------------------------------------------------------------------

    def _dos_pools(self) -> Iterator[Metric]:
        estado = self._app.state
        pools: list[AsyncConnectionPool[Any] | ConnectionPool[Any]] = [
            estado.api.banco, estado.pool_de_saude, self._pool
        ]  # fmt: skip
        if (paginas := getattr(estado, "pool_de_paginas", None)) is not None:
            pools.append(paginas)
        numeros = [({"pool": p.name}, p.get_stats()) for p in pools]
        for chave, (nome, ajuda) in DOS_POOLS.items():
            yield _figura(nome, ajuda, [(rotulos, n.get(chave, 0)) for rotulos, n in numeros])


def _figura(nome: str, ajuda: str, amostras: Sequence[tuple[Mapping[str, str], float]]) -> Metric:
    """Return a metric of one or several series; what ends in _total only grows."""
    rotulos = list(amostras[0][0])
    classe = CounterMetricFamily if nome.endswith("_total") else GaugeMetricFamily
    familia = classe(nome, ajuda, labels=rotulos)
    for valores, numero in amostras:
        familia.add_metric([valores[r] for r in rotulos], numero)
    return familia
