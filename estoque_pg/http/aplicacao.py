"""Puts the application together: pools, endpoints, errors, OpenAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext

from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from estoque_pg import __version__
from estoque_pg.api_async import APIEstoqueTempoRealAsync
from estoque_pg.http import respostas, rotas
from estoque_pg.http.acesso import LimiteDoCorpo, exigir
from estoque_pg.http.conexoes import pool_de_perguntas, pool_de_saude
from estoque_pg.http.grupos import dos_grupos
from estoque_pg.http.lingua import Lingua


def criar_aplicacao(
    conninfo: str,
    schema: str | None = None,
    token: str | None = None,
    token_para_tudo: bool = False,
    com_painel: bool = False,
    com_metricas: bool = False,
    grupos: Sequence[str] = (),
) -> FastAPI:
    """Return the ASGI application on a database.

    `schema` None means where the role's search_path looks. With a `token`, what writes must
    bear it (`Authorization: Bearer ...`), and with `token_para_tudo` everything but /saude, as it
    should be wherever others than this machine can connect. Nothing is opened before the server
    starts the application, and a database that is away then, or later, is a 503 until it is back.
    `com_painel` serves the panel at / as well, which needs the extra `painel`, `com_metricas`
    what Prometheus scrapes at /metrics, which needs the extra `metricas`. `grupos` are the groups
    of companies that are served besides: whoever may read the service reads all of these.
    """
    if token_para_tudo and not token:
        raise ValueError("token_para_tudo needs a token")

    painel = None
    if com_painel:
        from estoque_pg.painel import Painel  # not everybody has what it needs

        painel = Painel(conninfo, schema, token, token_para_tudo, grupos)

    @asynccontextmanager
    async def vida(app: FastAPI) -> AsyncIterator[None]:
        app.state.schema = schema
        app.state.grupos = tuple(grupos)
        app.state.pool_de_saude = pool_de_saude(conninfo)
        app.state.pool_de_saude.open()
        try:
            async with pool_de_perguntas(conninfo) as pool:
                app.state.api = APIEstoqueTempoRealAsync(pool, schema)
                async with (
                    painel.vida(app, app.state.api) if painel else nullcontext(),
                    metricas.vida() if metricas else nullcontext(),
                ):
                    yield
        finally:
            await run_in_threadpool(app.state.pool_de_saude.close)

    exigencia = [Depends(exigir(token))] if token else []
    de_todos = exigencia if token_para_tudo else []
    app = FastAPI(
        title="estoque_pg",
        summary="Real-time stock: balance, forecast and stock-out",
        version=__version__,
        lifespan=vida,
        redirect_slashes=False,  # a slash at the end may belong to a code
        openapi_url=None,  # below, with the token where everything needs one
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
    )
    app.add_middleware(LimiteDoCorpo)
    app.add_middleware(Lingua)
    respostas.instalar(app, painel.erro if painel else None)
    app.include_router(rotas.perguntas(de_todos))
    app.include_router(dos_grupos(de_todos))
    app.include_router(rotas.manutencao(exigencia))
    app.include_router(rotas.saude())

    metricas = None
    if com_metricas:
        from estoque_pg.http.metricas import Metricas

        metricas = Metricas(app, conninfo, schema)

        @app.get("/metrics", include_in_schema=False, dependencies=de_todos)
        def metrics() -> Response:
            return metricas.texto()

    if painel is not None:
        painel.por(app)

    @app.get("/openapi.json", include_in_schema=False, dependencies=de_todos)
    async def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    return app
