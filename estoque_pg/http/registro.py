"""What the service says while the database is away: once a minute, in one line each."""

from __future__ import annotations

import logging
import time

INTERVALO = 60.0  # seconds


class UmaPorMinuto(logging.Filter):
    """Lets a record through each INTERVALO, in one line."""

    def __init__(self) -> None:
        super().__init__()
        self._calado_ate = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        agora = time.monotonic()
        if agora < self._calado_ate:
            return False
        self._calado_ate = agora + INTERVALO
        record.msg, record.args = " ".join(record.getMessage().split()), ()
        return True


def _so_o_motivo(record: logging.LogRecord) -> bool:
    # A pool also reports every connection it discards, and when it stops trying.
    if not str(record.msg).startswith("error connecting"):
        return False
    record.msg = f"warning: {record.msg}"
    return True


def resumir() -> None:
    """Keep short what is logged at every request and every attempt while there is no database."""
    logging.getLogger("psycopg.pool").addFilter(_so_o_motivo)
    for nome in ("psycopg.pool", "estoque_pg.http.conexao"):
        logging.getLogger(nome).addFilter(UmaPorMinuto())
