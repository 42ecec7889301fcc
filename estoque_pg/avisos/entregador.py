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
from estoque_pg.avisos.falhas import NaoEntregue
from estoque_pg.avisos.mensagem import Mensagem, mensagem
from estoque_pg.erros import ErroConexao
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.internas import Entrega

TENTATIVAS = 14
ESPERA_MAXIMA = 4 * 3600.0
PERIODO = 1.0  # seconds between two looks for what is due
ANUNCIAR = 5.0  # seconds between two comparisons at least, and 20 times as long as one takes
ESPERA_INICIAL, ESPERA_DE_CONEXAO = 0.5, 30.0  # seconds between two attempts to connect; doubles


@dataclass
class Entregador:
    """Delivers for one schema until it is told to end."""

    conectar: Callable[[], AbstractContextManager[APIEstoqueTempoReal]]
    dizer: Callable[[Entrega, NaoEntregue | None], None] = lambda entrega, falha: None
    perdida: Callable[[ErroConexao, float], None] = lambda erro, espera: None
    reserva: float = 120.0  # seconds of a lease: much more than an attempt may take
    prazo: float = 20.0  # seconds that an attempt may take
    base: float = 10.0  # seconds before the second attempt; doubles
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
            api.anunciar()
            return self._esgotar(api)

    def ciclo(self) -> None:
        """Announce and deliver until `fim` is set, whatever becomes of the connection."""
        comecou, espera = False, ESPERA_INICIAL
        while not self.fim.is_set():
            try:
                with self.conectar() as api:
                    comecou, espera = True, ESPERA_INICIAL
                    self._servir(api)
            except ErroConexao as erro:
                # What never worked is a wrong address, and better said than retried.
                if not comecou:
                    raise
                self.perdida(erro, espera)
                self.fim.wait(espera)
                espera = min(espera * 2, ESPERA_DE_CONEXAO)

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
        try:
            self._enviar[entrega.canal](entrega, mensagem(entrega), self.prazo)
        except NaoEntregue as falha:
            return falha
        except Exception as erro:
            # Nobody foresaw it; others do not wait for who mends it, nor is this one lost.
            return NaoEntregue(_sem_segredos(f"{type(erro).__name__}: {erro}", entrega))
        return None

    def _servir(self, api: APIEstoqueTempoReal) -> None:
        proxima = 0.0
        while not self.fim.is_set():
            inicio = time.monotonic()
            if inicio >= proxima:
                api.anunciar()
                proxima = inicio + max(ANUNCIAR, 20 * (time.monotonic() - inicio))
            self._esgotar(api)
            self.fim.wait(PERIODO)

    def _esgotar(self, api: APIEstoqueTempoReal) -> int:
        feitas = 0
        while not self.fim.is_set() and self.uma(api):
            feitas += 1
        return feitas

    def _adiar(self, api: APIEstoqueTempoReal, entrega: Entrega, falha: NaoEntregue) -> None:
        espera = min(self.base * 2 ** (entrega.tentativa - 1), ESPERA_MAXIMA)
        # Not all at once after an outage; never sooner than the destination asks for.
        espera = max(espera * random.uniform(0.75, 1.25), falha.espera or 0.0)
        morta = falha.alcance in ("mensagem", "inscricao") or entrega.tentativa >= TENTATIVAS
        destino = {"destino": "pausar", "inscricao": "encerrar"}.get(falha.alcance)
        api.responder(
            internas.concluir_entrega(
                entrega, "morta" if morta else "pendente", falha.motivo, espera, destino
            )
        )


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
