"""Puts the panel beside the API: pages, files, what is alive, and errors as pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from estoque_pg.api_async import APIEstoqueTempoRealAsync
from estoque_pg.http.conexoes import pool_de_paginas
from estoque_pg.painel import avisos, grupos, paginas
from estoque_pg.painel.aovivo import AoVivo
from estoque_pg.painel.desenho import Desenho
from estoque_pg.painel.entrada import Entrada

ESTATICO = Path(__file__).parent / "estatico"


class Painel:
    """The panel of an application.

    `token`, where there is one, is asked for by a form: of who writes, and with `token_para_tudo`
    of everybody. `grupos` are the groups of companies that have a page.
    """

    def __init__(
        self,
        conninfo: str,
        schema: str | None,
        token: str | None,
        token_para_tudo: bool,
        grupos: Sequence[str] = (),
    ) -> None:
        self._conninfo = conninfo
        self._schema = schema
        self._grupos = grupos
        self.entrada = Entrada(token, token_para_tudo)
        self.desenho = Desenho(self.entrada, grupos)

    @asynccontextmanager
    async def vida(self, app: FastAPI, api: APIEstoqueTempoRealAsync) -> AsyncIterator[None]:
        """Hold what the pages need while the application runs."""
        app.state.ao_vivo = AoVivo(api.responder)
        app.state.pool_de_paginas = pool_de_paginas(self._conninfo)
        app.state.pool_de_paginas.open()
        trabalhos = [
            asyncio.create_task(app.state.ao_vivo.olhar_sempre()),
            asyncio.create_task(app.state.ao_vivo.contar_sempre()),
        ]
        try:
            yield
        finally:
            app.state.ao_vivo.encerrar()
            for trabalho in trabalhos:  # a database that hangs holds nobody up
                trabalho.cancel()
            await asyncio.gather(*trabalhos, return_exceptions=True)
            await run_in_threadpool(app.state.pool_de_paginas.close)

    def por(self, app: FastAPI) -> None:
        """Add the pages and their files."""
        app.include_router(paginas.rotas(self._schema, self.entrada, self.desenho))
        app.include_router(avisos.rotas(self._schema, self.entrada, self.desenho))
        app.include_router(grupos.rotas(self._grupos, self.entrada, self.desenho))
        app.mount("/estatico", StaticFiles(directory=ESTATICO), name="estatico")

    def erro(self, request: Request, status: int, mensagem: str) -> Response | None:
        """Return an error as a page to who reads pages; None to the others."""
        de_pessoa = "text/html" in request.headers.get("accept", "")
        if not de_pessoa or request.url.path.startswith("/api/"):
            return None
        return self.desenho.pagina(request, "erro.html", status, mensagem=mensagem)
