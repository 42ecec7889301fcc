"""What the service says when the database is away: once a minute, in one line."""

from __future__ import annotations

import logging
import time

INTERVALO = 60.0  # seconds


class Resumo(logging.Filter):
    """Of what the pools log, lets failed connections through, one line each INTERVALO.

    A pool reports every attempt and every connection it discards, over several lines.
    """

    def __init__(self) -> None:
        super().__init__()
        self._calado_ate = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        agora = time.monotonic()
        if not str(record.msg).startswith("error connecting") or agora < self._calado_ate:
            return False
        self._calado_ate = agora + INTERVALO
        motivo = record.args[-1] if isinstance(record.args, tuple) and record.args else record.msg
        record.msg, record.args = "warning: no database: " + " ".join(str(motivo).split()), ()
        return True
