"""The deliverer: takes what is due, sends it outside of any transaction, notes what became of it.

Any number of them may run. One that is killed leaves a lease behind, after which the next one sends
the message again under the same key; what comes later for the same product and destination waits.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.avisos import servicos, webhook
from estoque_pg.avisos.correio import Correio
from estoque_pg.avisos.falhas import Alcance, NaoEntregue, em_prazo, tarde
from estoque_pg.avisos.mensagem import Mensagem, mensagem
from estoque_pg.erros import ErroConexao, ErroEstoque
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.internas import Entrega

TENTATIVAS = 22
ESPERA_INICIAL, ESPERA_MAXIMA = 10.0, 3600.0  # seconds between two attempts; doubles
LENTA = 0.25  # of the time that an attempt may take: what fails later holds others up
PERIODO = 1.0  # seconds between two looks for what is due
ANUNCIAR = 5.0  # seconds between two comparisons at least, and 20 times as long as one takes
CONEXAO_INICIAL, CONEXAO_MAXIMA = 0.5, 30.0  # seconds between two attempts to connect; doubles


@dataclass
class Entregador:
    """Delivers for one schema until it is told to end."""

    conectar: Callable[[], AbstractContextManager[APIEstoqueTempoReal]]
    dizer: Callable[[Entrega, NaoEntregue | None], None] = lambda entrega, falha: None
    perdida: Callable[[ErroConexao, float], None] = lambda erro, espera: None
    reserva: float = 120.0  # seconds of a lease: much more than an attempt may take
    prazo: float = 20.0  # seconds that an attempt may take
    base: float = ESPERA_INICIAL
    queixar: Callable[[ErroEstoque], None] = lambda erro: None
    fim: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._enviar: dict[str, Callable[[Entrega, Mensagem, float], None]] = {
            "webhook": webhook.enviar
        }
        if (correio := Correio.do_ambiente()) is not None:
            self._enviar["email"] = correio.enviar
        if servicos.ha():
            self._enviar["apprise"] = servicos.enviar

    @property
    def canais(self) -> list[str]:
        """What it can send by; the rest is left to others."""
        return list(self._enviar)

    def uma_vez(self) -> int:
        """Announce, and deliver what is due; return how many attempts that took."""
        with self.conectar() as api:
            falha = self._anunciar(api)
            feitas = self._esgotar(api)
        if falha is not None:
            raise falha
        return feitas

    def ciclo(self) -> None:
        """Announce and deliver until `fim` is set, whatever becomes of the connection."""
        comecou, espera = False, CONEXAO_INICIAL
        while not self.fim.is_set():
            try:
                with self.conectar() as api:
                    comecou, espera = True, CONEXAO_INICIAL
                    self._servir(api)
            except ErroConexao as erro:
                # What never worked is a wrong address, and better said than retried.
                if not comecou:
                    raise
                self.perdida(erro, espera)
                self.fim.wait(espera)
                espera = min(espera * 2, CONEXAO_MAXIMA)

    def uma(self, api: APIEstoqueTempoReal, qual: int | None = None) -> bool:
        """Deliver what is due first, or the one named; return whether there was one."""
        entrega = api.responder(internas.tomar_entrega(self.canais, self.reserva, qual))
        if entrega is None:
            return False
        falha = self._tentar(entrega)
        if falha is None:
            api.responder(internas.concluir_entrega(entrega, "entregue"))
        else:
            self._adiar(api, entrega, falha)
        self.dizer(entrega, falha)
        return True

    def _tentar(self, entrega: Entrega) -> NaoEntregue | None:
        if entrega.canal == "apprise":
            servicos.carregar()
        inicio = time.monotonic()
        try:
            dita, enviar = mensagem(entrega), self._enviar[entrega.canal]
            if not em_prazo(self.prazo, lambda: enviar(entrega, dita, self.prazo)):
                alcance: Alcance = "servidor" if entrega.canal == "email" else "destino"
                return NaoEntregue(tarde(self.prazo), alcance)
        except NaoEntregue as falha:
            if falha.alcance == "tentativa" and time.monotonic() - inicio > LENTA * self.prazo:
                falha.alcance = "destino"
            return falha
        except Exception as erro:
            # Nobody foresaw it; others do not wait for who mends it, nor is this one lost.
            return NaoEntregue(_sem_segredos(f"{type(erro).__name__}: {erro}", entrega))
        return None

    def _servir(self, api: APIEstoqueTempoReal) -> None:
        proxima, dita = 0.0, ""
        while not self.fim.is_set():
            inicio = time.monotonic()
            if inicio >= proxima:
                falha = self._anunciar(api)
                # Not every few seconds the same.
                if falha is not None and str(falha) != dita:
                    self.queixar(falha)
                dita = str(falha or "")
                proxima = inicio + max(ANUNCIAR, 20 * (time.monotonic() - inicio))
            self._esgotar(api)
            self.fim.wait(PERIODO)

    def _anunciar(self, api: APIEstoqueTempoReal) -> ErroEstoque | None:
        """Announce; what fails there is no reason not to deliver what was announced before."""
        try:
            api.anunciar()
        except ErroConexao:
            raise
        except ErroEstoque as falha:
            return falha
        return None

    def _esgotar(self, api: APIEstoqueTempoReal) -> int:
        feitas = 0
        while not self.fim.is_set() and self.uma(api):
            feitas += 1
        return feitas

    def _adiar(self, api: APIEstoqueTempoReal, entrega: Entrega, falha: NaoEntregue) -> None:
        # Not all at once after an outage; never sooner than the destination asks for. A message is
        # tried again by its own attempts, a destination by all that failed there in a row.
        acaso, pedida = random.uniform(0.75, 1.25), falha.espera or 0.0
        morta = falha.alcance in ("mensagem", "inscricao") or entrega.tentativa >= TENTATIVAS
        api.responder(
            internas.concluir_entrega(
                entrega,
                "morta" if morta else "pendente",
                falha.motivo,
                max(espera(self.base, entrega.tentativa - 1) * acaso, pedida),
                falha.alcance,
                max(espera(self.base, entrega.falhas) * acaso, pedida),
                ao_todo(self.base) if entrega.falhas + 1 >= TENTATIVAS else None,
            )
        )


def espera(base: float, falhas: int) -> float:
    """Return the seconds to wait after a failure that so many came before."""
    return float(min(base * 2.0 ** min(falhas, 64), ESPERA_MAXIMA))


def ao_todo(base: float = ESPERA_INICIAL) -> float:
    """Return the seconds from the first attempt to the last."""
    return sum(espera(base, n) for n in range(TENTATIVAS - 1))


def _sem_segredos(motivo: str, entrega: Entrega) -> str:
    """Leave out of a reason what is not shown of a destination: passwords stand in addresses."""
    if entrega.segredo:
        motivo = motivo.replace(entrega.segredo, "...")
    if entrega.canal == "email":
        return motivo
    servico = entrega.destino.partition("://")[0]
    motivo = motivo.replace(entrega.destino, f"{servico}://...")
    consulta = entrega.destino.partition("?")[2]
    return motivo.replace(consulta, "...") if consulta else motivo
