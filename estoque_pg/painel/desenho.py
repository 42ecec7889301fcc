"""Pages of templates: what values look like, and the headers that keep a page to itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from estoque_pg import __version__, tabela
from estoque_pg.explicacao import em_palavras
from estoque_pg.idioma import PORTUGUES, idioma, t, tn
from estoque_pg.painel.entrada import Entrada, aqui, caminho
from estoque_pg.perguntas.documentos import ORIGENS
from estoque_pg.perguntas.linha import em_json
from estoque_pg.perguntas.planejamento import em_conjunto

MODELOS = Path(__file__).parent / "modelos"
ESTATICO = Path(__file__).parent / "estatico"

CABECALHOS = {
    # Nothing from elsewhere, no script or style within a page, no frame around it.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}


def numero(valor: Decimal | int | None) -> str:
    """Write a number as the reader's language does: 1.234,5 or 1,234.5."""
    if valor is None:
        return "–"
    texto = tabela.numero(valor)
    if idioma() == PORTUGUES:
        return texto
    return texto.translate(str.maketrans(".,", ",."))


def data(valor: date | None) -> str:
    """Write a date as Brazil does, or as ISO does elsewhere."""
    if valor is None:
        return "–"
    return tabela.data(valor) if idioma() == PORTUGUES else valor.isoformat()


def hora(valor: datetime | None) -> str:
    """Write a moment in the service's time zone."""
    if valor is None:
        return "–"
    aqui = valor.astimezone()
    return f"{data(aqui.date())} {aqui:%H:%M}"


class Desenho:
    """Draws pages."""

    def __init__(self, entrada: Entrada, grupos: Sequence[str] = ()) -> None:
        self._entrada = entrada
        self.ambiente = Environment(
            loader=FileSystemLoader(MODELOS),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.ambiente.globals.update(
            t=t, tn=tn, endereco=endereco, versao=__version__, arquivo=_arquivo,
            em_dias=tabela.em_dias, ate_em=tabela.ate_em,
            em_palavras=partial(em_palavras, origens=ORIGENS), em_conjunto=em_conjunto,
            grupos=grupos, do_grupo=do_grupo,
            origens=ORIGENS, ha_xlsx=find_spec("xlsxwriter") is not None,
        )  # fmt: skip
        self.ambiente.tests["eh_numero"] = lambda v: isinstance(v, (Decimal, int))
        self.ambiente.tests["eh_data"] = lambda v: isinstance(v, date)
        filtros: Mapping[str, Callable[..., Any]] = {
            "numero": numero, "data": data, "hora": hora, "codigo": do_produto, "em_json": _em_json,
        }  # fmt: skip
        self.ambiente.filters.update(filtros)

    def pagina(
        self, request: Request, modelo: str, status: int = 200, **dados: Any
    ) -> HTMLResponse:
        """Return a page of a template."""
        texto = self.ambiente.get_template(modelo).render(
            lingua=idioma().replace("_", "-"),
            caminho=caminho(request),
            consulta=dict(request.query_params),
            aqui=aqui(request),
            entrou=self._entrada.entrou(request),
            versao_do_estoque=getattr(request.state, "versao", ""),
            **dados,
        )
        linguas = {"Content-Language": idioma().replace("_", "-")}
        return HTMLResponse(texto, status, {**CABECALHOS, **linguas})


def endereco(caminho: str, atual: Mapping[str, str] | None = None, **mais: object) -> str:
    """Return an address of ours, with what its query says now and what it shall say besides."""
    campos = {**(atual or {}), **mais}
    cheios = {nome: str(valor) for nome, valor in campos.items() if valor not in (None, "")}
    return caminho + (f"?{urlencode(cheios)}" if cheios else "")


def do_produto(codigo: str) -> str:
    """Return the address of a product's page."""
    return "/produto/" + quote(codigo, safe="")


def do_grupo(grupo: str) -> str:
    """Return the address of a group's page."""
    return "/grupos/" + quote(grupo, safe="")


def _em_json(valor: Any) -> str:
    return json.dumps(em_json(valor), ensure_ascii=False)


@lru_cache
def _arquivo(nome: str) -> str:
    """Return the address of a file, another one whenever what it holds is another."""
    resumo = hashlib.sha256((ESTATICO / nome).read_bytes()).hexdigest()[:10]
    return f"/estatico/{nome}?{resumo}"
