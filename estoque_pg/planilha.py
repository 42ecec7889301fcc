"""Rows as a spreadsheet: CSV as Brazilian Excel opens it, and xlsx where XlsxWriter is installed.

Titles are for people, in the language in force. Texts stay texts: a code such as 0123 keeps its
zero, and none that begins with a sign of a formula is carried out.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_type_hints

from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import t
from estoque_pg.perguntas.linha import Coluna, Linha, em_json

# What a spreadsheet makes something else of: a number, a date, a formula.
_ENGANOSO = re.compile(r"\s*[-+=@\t\r0-9]")
_LARGURA_MAXIMA = 60


def em_csv(classe: type[Linha], linhas: Iterable[Linha]) -> bytes:
    """Return CSV with semicolons, decimal commas, dd/mm/aaaa and a mark of UTF-8 at its start."""
    saida = io.StringIO()
    escritor = csv.writer(saida, delimiter=";", lineterminator="\r\n")
    colunas = _colunas(classe)
    escritor.writerow([titulo for _, titulo, _ in colunas])
    for linha in linhas:
        escritor.writerow([_em_texto(valor) for valor in _valores(colunas, linha)])
    return saida.getvalue().encode("utf-8-sig")


def em_xlsx(classe: type[Linha], linhas: Sequence[Linha]) -> bytes:
    """Return a workbook: real numbers and dates, a header that stays, columns as wide as needed."""
    try:
        import xlsxwriter
    except ImportError:
        raise ErroEstoque(
            t("xlsx needs the package XlsxWriter"),
            dica=t("install it: pip install XlsxWriter; or ask for --formato planilha"),
        ) from None
    saida = io.BytesIO()
    # Nothing that looks like a formula or a link becomes one.
    livro = xlsxwriter.Workbook(saida, {"in_memory": True})
    negrito = livro.add_format({"bold": True})
    numero = livro.add_format({"num_format": "#,##0.###"})
    dia = livro.add_format({"num_format": "dd/mm/yyyy"})
    momento = livro.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
    folha = livro.add_worksheet()
    folha.freeze_panes(1, 0)
    colunas = _colunas(classe)
    larguras = [len(titulo) for _, titulo, _ in colunas]
    for x, (_, titulo, _) in enumerate(colunas):
        folha.write_string(0, x, titulo, negrito)
    for y, linha in enumerate(linhas, 1):
        for x, valor in enumerate(_valores(colunas, linha)):
            larguras[x] = max(larguras[x], len(_em_texto(valor)))
            if valor is None:
                continue
            if isinstance(valor, bool):
                folha.write_boolean(y, x, valor)
            elif isinstance(valor, (Decimal, int, float)):
                folha.write_number(y, x, float(valor), numero)
            elif isinstance(valor, datetime):
                folha.write_datetime(y, x, valor.replace(tzinfo=None), momento)
            elif isinstance(valor, date) and valor.year >= 1900:  # Excel knows no day before
                folha.write_datetime(y, x, datetime.combine(valor, datetime.min.time()), dia)
            else:
                folha.write_string(y, x, _como_texto(valor))
    for x, largura in enumerate(larguras):
        folha.set_column(x, x, min(largura, _LARGURA_MAXIMA) + 2)
    livro.close()
    return saida.getvalue()


# -- inside -------------------------------------------------------------------------------------

_Colunas = list[tuple[str, str, Coluna | None]]


def _colunas(classe: type[Linha]) -> _Colunas:
    """Return name and title of each column; one that has no title is called by its name."""
    tipos = get_type_hints(classe, include_extras=True)
    achadas: _Colunas = []
    for nome in (c.name for c in fields(classe)):
        notas = getattr(tipos[nome], "__metadata__", ())
        coluna = next((nota for nota in notas if isinstance(nota, Coluna)), None)
        achadas.append((nome, t(coluna.titulo) if coluna else nome.replace("_", " "), coluna))
    return achadas


def _valores(colunas: _Colunas, linha: Linha) -> Iterator[Any]:
    for nome, _, coluna in colunas:
        valor = getattr(linha, nome)
        frases = coluna.frases if coluna else {}
        yield t(frases[valor]) if isinstance(valor, str) and valor in frases else valor


def _em_texto(valor: Any) -> str:
    if valor is None:
        return ""
    if isinstance(valor, bool):
        return t("yes") if valor else t("no")
    if isinstance(valor, (Decimal, int, float)):
        texto = f"{valor:f}" if isinstance(valor, Decimal) else str(valor)
        texto = texto.rstrip("0").rstrip(".") if "." in texto else texto
        return texto.replace(".", ",")
    if isinstance(valor, datetime):
        return f"{valor:%d/%m/%Y %H:%M:%S}"
    if isinstance(valor, date):
        return f"{valor.day:02d}/{valor.month:02d}/{valor.year:04d}"
    texto = _como_texto(valor)
    if _ENGANOSO.match(texto):
        return '="' + texto.replace('"', '""') + '"'
    return texto


def _como_texto(valor: Any) -> str:
    """Write a text as it is, a list of texts with commas, and what is nested as JSON."""
    if isinstance(valor, str):
        return valor
    if isinstance(valor, (tuple, list)) and all(isinstance(v, str) for v in valor):
        return ", ".join(valor)
    return json.dumps(em_json(valor), ensure_ascii=False)
