"""The thread that asks: again and again, on a connection of its own, made anew when it is lost."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import psycopg

from estoque_pg import tabela
from estoque_pg.api import retrato, se_puder
from estoque_pg.cli.base import Banco, contar
from estoque_pg.erros import ErroConexao
from estoque_pg.idioma import t
from estoque_pg.perguntas import saldos
from estoque_pg.perguntas.base import Pergunta
from estoque_pg.perguntas.documentos import Documento
from estoque_pg.perguntas.saldos import Acompanhado, Atrasado, Produto, Ruptura

INTERVALO = 1.0  # seconds between two questions, at least
PARTE = 10  # and at least so many times what the question took: a tenth of one server process
DIAS = 28  # of documents of an open product


@dataclass(frozen=True)
class Alvo:
    """What is followed: the codes given, else the ruptures within `dias` days."""

    codigos: tuple[str, ...]
    dias: int

    @property
    def titulo(self) -> str:
        if self.codigos:
            return contar(len(self.codigos), "product")
        return t("Products that run out {prazo}", prazo=tabela.ate_em(self.dias))

    @property
    def nada(self) -> str:
        return t("no product runs out {prazo}", prazo=tabela.ate_em(self.dias))

    def perguntar(self) -> Pergunta[list[Acompanhado]]:
        """One statement, as cheap as telling whether anything changed would be."""
        if self.codigos:
            return saldos.acompanhar(self.codigos)
        return saldos.rupturas(self.dias).entao(_das_rupturas)


def _das_rupturas(rupturas: list[Ruptura]) -> list[Acompanhado]:
    return [
        Acompanhado(
            r.cod_produto,
            r.cod_produto,
            r.nome_produto,
            r.estoque_atual,
            r.menor_estoque_d7,
            r.dia_ruptura,
            r.dias_ate_ruptura,
        )
        for r in rupturas
    ]


@dataclass(frozen=True)
class Aberto:
    """A product that is open on the screen, of one snapshot.

    `produto` is None where nothing knows the code any more, `documentos` where this role may not
    read them.
    """

    codigo: str
    produto: Produto | None
    atrasado: Atrasado
    documentos: list[Documento] | None
    hoje: date


@dataclass(frozen=True, eq=False)
class Visto:
    """What the asking thread found; replaced as a whole, never changed."""

    acompanhados: list[Acompanhado]
    mudou: set[str] = field(default_factory=set)
    aberto: Aberto | None = None
    desde: float = field(default_factory=time.time)  # of the last change
    fora_desde: float | None = None  # when the database went away
    fim: Exception | None = None  # an error that waiting does not mend


class Observador(threading.Thread):
    """Asks for the list or, while a product is open, for that."""

    def __init__(self, banco: Banco, alvo: Alvo, primeira: list[Acompanhado]) -> None:
        super().__init__(daemon=True)
        self.banco = banco
        self.alvo = alvo
        self.visto = Visto(primeira)
        self._codigo: str | None = None
        self._parar = threading.Event()
        self._acordar = threading.Event()
        self._conn: psycopg.Connection[Any] | None = None

    def abrir(self, codigo: str | None) -> None:
        """Ask for that product from now on, and at once; None: for the list again."""
        self._codigo = codigo
        self._acordar.set()

    def run(self) -> None:
        while not self._parar.is_set():
            try:
                self._observar()
            except ErroConexao:
                if self.visto.fora_desde is None:
                    self.visto = replace(self.visto, fora_desde=time.time())
                self._parar.wait(INTERVALO)
            except Exception as erro:  # raised again by whoever watches
                self.visto = replace(self.visto, fim=erro)
                return

    def parar(self) -> None:
        """End it, also in the middle of a question that waits for somebody's lock."""
        self._parar.set()
        self._acordar.set()
        if (conn := self._conn) is not None:
            with contextlib.suppress(psycopg.Error):
                conn.cancel_safe(timeout=1)
        self.join(3)

    def _observar(self) -> None:
        with self.banco.conectar(paciencia=5) as conn, self.banco.explicando(conn):
            self._conn = conn
            while not self._parar.is_set():
                inicio = time.monotonic()
                self._acordar.clear()
                if (codigo := self._codigo) is not None:
                    self._receber_aberto(self._abrir(conn, codigo))
                else:
                    self._receber(self.banco.responder(conn, self.alvo.perguntar()))
                levou = time.monotonic() - inicio
                self._acordar.wait(max(INTERVALO, levou * PARTE))

    def _abrir(self, conn: psycopg.Connection[Any], codigo: str) -> Aberto:
        documentos: list[Documento] | None = None
        with retrato(conn, self.banco.schema) as api:
            produto, atrasado, hoje = api.produto(codigo), api.atrasado(codigo), api.hoje()
            with se_puder(api):
                documentos = api.documentos(codigo, DIAS) or []
        return Aberto(codigo, produto, atrasado, documentos, hoje)

    def _receber(self, novas: list[Acompanhado]) -> None:
        velhas = self.visto.acompanhados
        if novas != velhas:
            antes = {s.codigo_consultado: s for s in velhas}
            mudou = {s.codigo_consultado for s in novas if antes.get(s.codigo_consultado) != s}
            self.visto = Visto(novas, mudou)
        elif self.visto.fora_desde is not None or self.visto.aberto is not None:
            self.visto = replace(self.visto, fora_desde=None, aberto=None)

    def _receber_aberto(self, aberto: Aberto) -> None:
        if aberto != self.visto.aberto:
            self.visto = replace(self.visto, aberto=aberto, desde=time.time(), fora_desde=None)
        elif self.visto.fora_desde is not None:
            self.visto = replace(self.visto, fora_desde=None)
