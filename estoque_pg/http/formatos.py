"""The form of an answer: JSON, or its rows as a file. Here alone it is chosen and made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from fastapi import Depends, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from estoque_pg import planilha
from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import idioma
from estoque_pg.perguntas.linha import Linha
from estoque_pg.planilha import CSV, PLANILHA, XLSX
from estoque_pg.preferencias import preferido

Formato = Literal["json", "csv", "planilha", "xlsx"]
JSON: Formato = "json"
FORMATOS: tuple[Formato, ...] = get_args(Formato)

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# The media type and the file name's ending of each. `planilha` has no media type of its own.
_MIDIAS = {CSV: "text/csv; charset=utf-8", PLANILHA: "text/csv; charset=utf-8", XLSX: _EXCEL}
_FINAIS = {CSV: "csv", PLANILHA: "csv", XLSX: "xlsx"}
# What an Accept may name, and what it gets.
_ACEITOS: Mapping[str, Formato] = {
    "*/*": "json",
    "application/*": "json",
    "application/json": "json",
    "text/*": "csv",
    "text/csv": "csv",
    _EXCEL: "xlsx",
}

# What such an endpoint answers besides JSON, for OpenAPI.
RESPOSTAS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            _EXCEL: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}


def do_cabecalho(aceitos: str) -> Formato:
    """Return what an Accept header prefers, the first of equals; JSON where it names none."""
    return preferido(aceitos, lambda midia: _ACEITOS.get(midia.lower()), JSON)


async def _pedido(
    request: Request,
    formato: Annotated[
        Formato,  # an optional one would be told of a choice of two types, and refused twice
        Query(
            description="How to answer: csv for programs, planilha for Brazilian Excel, a workbook."
            " It goes before Accept; without either, JSON."
        ),
    ] = None,  # type: ignore[assignment]
) -> Formato:
    escolhido = formato or do_cabecalho(",".join(request.headers.getlist("accept")))
    if escolhido == XLSX:
        try:
            planilha.exigir_xlsxwriter()
        except ErroEstoque as erro:
            vary = {"Vary": "Accept, Accept-Language"}
            raise HTTPException(501, erro.mensagem, headers=vary) from None
    return escolhido


Pedido = Annotated[Formato, Depends(_pedido)]


def sucesso(**campos: Any) -> JSONResponse:
    """Answer with JSON."""
    # Not through the models, which would check again what the row types make sure of.
    return JSONResponse({"sucesso": True, **campos})


async def responder(
    formato: Formato,
    nome: str,
    classe: type[Linha],
    resposta: Linha | Sequence[Linha],
    campos: Callable[[], Mapping[str, Any]],
    fora: Mapping[str, int] | None = None,
) -> Response:
    """Answer with the fields as JSON, or with the rows as a file called `nome`.

    `fora` are headers that count what of the answer has no place among its rows.
    """
    if formato == JSON:
        resposta_json = sucesso(**campos())
        resposta_json.headers["Vary"] = "Accept"
        return resposta_json
    # In a thread: others are answered while thousands of rows are written.
    dados = await run_in_threadpool(planilha.gerar, formato, classe, resposta)
    return arquivo(formato, nome, dados, fora)


def arquivo(
    formato: str, nome: str, dados: bytes, fora: Mapping[str, int] | None = None
) -> Response:
    """Return a file that was made, under its name."""
    cabecalhos = {
        "Content-Disposition": f'attachment; filename="{nome}.{_FINAIS[formato]}"',
        "Content-Language": idioma().replace("_", "-"),  # of the titles
        "Vary": "Accept, Accept-Language",
        **{cabecalho: str(quantos) for cabecalho, quantos in (fora or {}).items()},
    }
    return Response(dados, media_type=_MIDIAS[formato], headers=cabecalhos)
