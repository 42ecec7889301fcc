"""A real browser for the panel's tests: Debian's headless Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from servidor.pacotes import ErroPacotes, baixar_programa

NOME = "chromium-headless-shell"
# Nothing that would ask the world outside for anything.
CALADO = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


def _programa() -> tuple[str, dict[str, str]]:
    """Return the browser, and the environment it needs; unpacked privately, as the server is."""
    if instalado := shutil.which(NOME):
        return instalado, {}
    if not all(map(shutil.which, ("apt-get", "dpkg"))):
        pytest.skip(
            "the pages are tested with Chromium from Debian's packages, and there is no apt"
        )
    try:
        raiz = baixar_programa(NOME)
    except ErroPacotes as erro:
        pytest.skip(f"Chromium is not to be had here: {erro.mensagem}")
    pastas = [*raiz.glob("usr/lib/*-linux-*"), *raiz.glob("usr/lib/*-linux-*/pulseaudio")]
    return str(raiz / "usr/lib/chromium" / NOME), {"LD_LIBRARY_PATH": ":".join(map(str, pastas))}


@contextmanager
def navegador() -> Iterator[Browser]:
    """Yield a browser."""
    programa, ambiente = _programa()
    # Chromium keeps its state below the home of who runs it, which may not be writable.
    casa = {} if os.access(Path.home(), os.W_OK) else {"HOME": "/tmp"}
    with sync_playwright() as p:
        aberto = p.chromium.launch(
            executable_path=programa, args=CALADO, env={**os.environ, **ambiente, **casa}
        )
        try:
            yield aberto
        finally:
            aberto.close()
