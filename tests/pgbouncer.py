"""A real PgBouncer in transaction mode, in front of the tests' server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from servidor.contas import ids_do_servidor
from servidor.pacotes import ErroPacotes, baixar_programa

CONF = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {pasta}
auth_type = trust
auth_file = {pasta}/quem
pool_mode = transaction
default_pool_size = {conexoes}
logfile = {pasta}/registro
pidfile = {pasta}/pid
"""


def _preparar(pasta: Path) -> dict[str, str]:
    """Put the program into the folder, where who runs it may read it; return its environment."""
    instalado = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if instalado is not None:
        shutil.copy(instalado, pasta / "pgbouncer")
        return {}
    try:
        raiz = baixar_programa("pgbouncer")
    except ErroPacotes as erro:
        pytest.skip(f"PgBouncer is not to be had here: {erro.mensagem}")
    shutil.copy(raiz / "usr/sbin/pgbouncer", pasta / "pgbouncer")
    for biblioteca in [*raiz.glob("usr/lib/*-linux-*/*.so*"), *raiz.glob("lib/*-linux-*/*.so*")]:
        shutil.copy(biblioteca, pasta)
    return {"LD_LIBRARY_PATH": str(pasta)}


@contextmanager
def pgbouncer(dsn: str, conexoes: int = 1) -> Iterator[str]:
    """Yield the DSN of the database through a pooler that has so many connections to it.

    With one, whatever a client leaves behind is what the next one finds.
    """
    direto = conninfo_to_dict(dsn)
    quem: dict[str, Any] = ids_do_servidor(None)
    with tempfile.TemporaryDirectory(prefix="pgbouncer-", dir="/tmp") as nome:
        pasta = Path(nome)
        ambiente = os.environ | _preparar(pasta)
        (pasta / "quem").write_text(f'"{direto["user"]}" ""\n')
        (pasta / "conf").write_text(
            CONF.format(host=direto["host"], port=direto["port"], pasta=pasta, conexoes=conexoes)
        )
        for caminho in (pasta, *pasta.iterdir()):
            caminho.chmod(0o755)
            if quem:
                os.chown(caminho, quem["user"], quem["group"])
        with subprocess.Popen(
            [pasta / "pgbouncer", "-q", pasta / "conf"],
            env=ambiente,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **quem,
        ) as processo:
            try:
                pelo_pooler = make_conninfo(dsn, host=nome, port=6432)
                _esperar(pelo_pooler, pasta)
                yield pelo_pooler
            finally:
                processo.kill()


def _esperar(dsn: str, pasta: Path) -> None:
    for _ in range(100):
        try:
            psycopg.connect(dsn).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError((pasta / "registro").read_text())
