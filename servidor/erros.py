"""The error of the private server."""

from estoque_pg.erros import ErroEstoque


class ErroServidor(ErroEstoque):
    """The private PostgreSQL server cannot be found, started or stopped."""
