"""When a transaction that met another one is run again, and when that is enough."""

from __future__ import annotations

import random
from typing import Any

import psycopg
from psycopg.pq import PipelineStatus, TransactionStatus

from estoque_pg.erros import ErroSerializacao
from estoque_pg.idioma import t

TENTATIVAS = 6
ESPERA_INICIAL = 0.05  # seconds, about; doubles with each attempt


def livre(conn: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> bool:
    """Tell whether the next statement on the connection is a transaction of its own.

    In pipeline mode it shares one with what was sent before it.
    """
    return (
        conn.autocommit
        and conn.info.transaction_status == TransactionStatus.IDLE
        and conn.pgconn.pipeline_status == PipelineStatus.OFF
    )


class Repeticao:
    """Counts the attempts of one call; `propria` tells whether its transaction is ours to repeat.

    Inside the caller's transaction a retry is useless: its snapshot is lost with it.
    """

    def __init__(self, propria: bool) -> None:
        self._limite = TENTATIVAS if propria else 1
        self._feitas = 0

    def espera(self, erro: ErroSerializacao) -> float:
        """Return the seconds to wait before the next attempt; raise the error when there is none.

        The wait is random, so that two sessions which met once do not meet again in step.
        """
        self._feitas += 1
        if self._feitas == self._limite:
            if self._limite > 1:
                erro.dica = t(
                    "tried {n} times: try again when fewer sessions write", n=self._limite
                )
            raise erro
        return ESPERA_INICIAL * 2.0 ** (self._feitas - 1) * random.uniform(0.5, 1.5)
