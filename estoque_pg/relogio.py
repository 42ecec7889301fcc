"""The clock of this machine, in whose time zone the time of day is told to people."""

from __future__ import annotations

from datetime import datetime


def fuso() -> str:
    """Name the time zone of this machine."""
    return datetime.now().astimezone().tzname() or "local"
