"""The server that is measured, its databases, and the run they serve."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from comandos import usar
from psycopg import sql
from ritmo import Ritmo

from estoque_pg.cli.saidas import saida_de
from estoque_pg.erros import ErroEstoque, traduzir
from servidor import Servidor

# A throwaway server of ours does without fsync; here it is the point. Later lines win.
CONFIGURACAO = (
    "fsync = on",
    "full_page_writes = on",
    "synchronous_commit = on",
    "shared_buffers = '1GB'",
    "max_wal_size = '8GB'",
    "checkpoint_timeout = '1h'",
    "autovacuum = off",
    "timezone = 'America/Sao_Paulo'",  # CURRENT_DATE is the business day then
)


def avisar(texto: str) -> None:
    """Say on stderr how far it is."""
    print(texto, file=sys.stderr, flush=True)


def pasta_do_disco() -> Path:
    """A folder on disk: /var/tmp is seldom in memory, unlike /tmp."""
    return Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())


class Bancada:
    """A throwaway server with the settings of the benchmark."""

    def __init__(self, servidor: Servidor, ritmo: Ritmo) -> None:
        self.servidor = servidor
        self.ritmo = ritmo

    def criar(self, banco: str) -> str:
        """Make an empty database and return its connection string."""
        with psycopg.connect(self.servidor.dsn(), autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(banco)))
        return self.dsn(banco)

    def dsn(self, banco: str) -> str:
        return self.servidor.dsn(banco)

    @contextmanager
    def conectar(self, banco: str, caminho: str) -> Iterator[psycopg.Connection[Any]]:
        """A connection in autocommit with this search_path."""
        with psycopg.connect(self.dsn(banco), autocommit=True) as conn:
            usar(conn, caminho)
            yield conn

    def limpar(self, banco: str) -> None:
        """Take away what one measurement left behind before the next: autovacuum is off."""
        with psycopg.connect(self.dsn(banco), autocommit=True) as conn:
            conn.execute("VACUUM (ANALYZE)")


@contextmanager
def montar(ritmo: Ritmo) -> Iterator[Bancada]:
    """Start the server; it goes with the block."""
    with Servidor(base=pasta_do_disco(), conf=CONFIGURACAO) as servidor:
        yield Bancada(servidor, ritmo)


def encerrar(principal: Callable[[], int]) -> None:
    """Run a bench and exit; an error is a line and its hint, with a command's exit code."""
    try:
        sys.exit(principal())
    except psycopg.Error as erro:
        falha: ErroEstoque = traduzir(erro)
        sys.exit(f"error: {falha.mensagem}")
    except ErroEstoque as erro:
        print(f"error: {erro.mensagem}", file=sys.stderr)
        if erro.dica:
            print(f"hint: {erro.dica}", file=sys.stderr)
        sys.exit(saida_de(erro))
