"""The HTTP service."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from types import FrameType

import click

from estoque_pg import grupos, migracoes
from estoque_pg.cli.base import Banco, avisar, com_banco
from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import t

VARIAVEL = "ESTOQUE_TOKEN"
PACIENCIA = 10  # seconds that requests under way may take when the service is told to stop


@click.command()
@click.option(
    "--endereco",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on.",
)
@click.option(
    "--porta",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="PORT",
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--grupo",
    "nomes",
    metavar="NAME",
    multiple=True,
    help="Serve a group of companies besides; may be given several times.",
)
@com_banco
def servir(endereco: str, porta: int, nomes: tuple[str, ...], banco: Banco) -> None:
    """Answer the questions over HTTP, until Ctrl+C or SIGTERM.

    With the extra `painel` (fastapi 0.143 or newer, and jinja2) also with pages, at /; with the
    extra `metricas` (prometheus-client) with what Prometheus scrapes, at /metrics. It needs
    what `pip install fastapi psycopg-pool uvicorn` installs. Where ESTOQUE_TOKEN is
    set, recalculating needs it as a bearer token. An address that other machines can reach needs
    it for everything but /saude.

    \b
    Example:
      estoque servir --dsn "dbname=erp" --porta 8000 --grupo holding
    """
    try:
        import uvicorn

        from estoque_pg.http import criar_aplicacao
        from estoque_pg.http.registro import resumir
    except ModuleNotFoundError as erro:
        if (erro.name or "").startswith("estoque_pg"):
            raise
        raise ErroEstoque(
            t("the HTTP service needs the package {name}, which is not installed", name=erro.name),
            dica="pip install fastapi psycopg-pool uvicorn",
        ) from erro

    token = os.environ.get(VARIAVEL, "").strip() or None  # a file's last line end is not meant
    with _escutar(endereco, porta) as ouvido:
        ip, numero = ouvido.getsockname()[:2]
        local = ipaddress.ip_address(ip.partition("%")[0]).is_loopback
        if not local and token is None:
            raise ErroEstoque(
                t(
                    "{endereco} can be reached from other machines, and {variavel} is not set",
                    endereco=endereco,
                    variavel=VARIAVEL,
                ),
                dica=t(
                    "set {variavel} to a secret that clients send, or listen on 127.0.0.1",
                    variavel=VARIAVEL,
                ),
            )
        _avisar_do_banco(banco, nomes)
        resumir()
        # The extra `painel`: Jinja, and a FastAPI that has server-sent events.
        com_painel = all(map(find_spec, ("jinja2", "fastapi.sse")))
        app = criar_aplicacao(
            banco.dsn,
            banco.schema,
            token,
            token_para_tudo=not local,
            com_painel=com_painel,
            com_metricas=find_spec("prometheus_client") is not None,
            grupos=nomes,
        )

        class ServidorHTTP(uvicorn.Server):
            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                if (ao_vivo := getattr(app.state, "ao_vivo", None)) is not None:
                    ao_vivo.encerrar()  # open pages would be waited for
                super().handle_exit(sig, frame)

        servidor = ServidorHTTP(
            uvicorn.Config(
                app,
                lifespan="on",
                ws="none",
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=PACIENCIA,
            )
        )
        # uvicorn stops in good order on these, and then raises them again for us.
        for sinal in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sinal, lambda *_: sys.exit(0))
        onde = f"[{ip}]" if ":" in ip else ip
        avisar(t("listening on http://{onde}:{numero} (Ctrl+C stops)", onde=onde, numero=numero))
        servidor.run(sockets=[ouvido])
    if not servidor.started:
        raise ErroEstoque(t("the service did not start"))


def _escutar(endereco: str, porta: int) -> socket.socket:
    try:
        familia, tipo, protocolo, _, alvo = socket.getaddrinfo(
            endereco, porta, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Not socket.create_server(), which leaves the protocol open: asyncio sets TCP_NODELAY only
        # where it says TCP, and an answer in two pieces waits 40 ms for an acknowledgement without.
        ouvido = socket.socket(familia, tipo, protocolo)
        try:
            ouvido.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            ouvido.bind(alvo)
            ouvido.listen(2048)
        except BaseException:
            ouvido.close()
            raise
        return ouvido
    except (OSError, UnicodeError) as erro:
        motivo = getattr(erro, "strerror", None) or str(erro)
        raise ErroEstoque(
            t(
                "cannot listen on {endereco} port {porta}: {motivo}",
                endereco=endereco,
                porta=porta,
                motivo=motivo,
            )
        ) from erro


def _avisar_do_banco(banco: Banco, nomes: Sequence[str]) -> None:
    """Say at once what would make every answer a 503; it may be mended while we run."""
    try:
        with banco.conectar() as conn:
            erro = migracoes.recusa(migracoes.estado(conn, banco.schema))
            for falta in {*nomes} - {g.grupo for g in grupos.listar(conn)}:
                avisar(t("warning: this role finds no group {grupo}", grupo=falta))
    except ErroEstoque as falha:
        erro = falha
    if erro is not None:
        avisar(t("warning: answering 503 until this is mended: {mensagem}", mensagem=erro.mensagem))
        if erro.dica:
            avisar(t("hint: {dica}", dica=erro.dica))
