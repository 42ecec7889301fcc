"""Rows as a file: CSV for programs, CSV as Brazilian Excel opens it, and workbooks (xlsx).

The first has keys and plain values. The other two are for people: titles in the language in force,
sentences instead of keys, numbers and dates as such. Texts stay texts there: 0123 keeps its zero,
MAR5 is no day of March, and =1+1 is not worked out.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from estoque_pg.erros import ArgumentoInvalido, ErroEstoque
from estoque_pg.idioma import t
from estoque_pg.perguntas.linha import Coluna, Linha, colunas, colunas_exigidas, em_json

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

CSV, PLANILHA, XLSX = "csv", "planilha", "xlsx"
FORMATOS = (CSV, PLANILHA, XLSX)

MAX_LINHAS = 1_048_576  # of a sheet, its header included
_MAX_TEXTO = 32_767  # of a cell, in units of UTF-16
_MAX_FORMULA = 8_000  # what Excel reads, with some room
_MAX_LITERAL = 127  # signs of a text in a formula: 255 units, and each may take two
_MAX_DIGITOS = 15  # that a spreadsheet keeps of a number
_PRIMEIRO_DIA = date(1900, 3, 1)  # from here on all spreadsheets count days alike
_MAX_LARGURA = 60


def gerar(formato: str, classe: type[Linha], resposta: Linha | Sequence[Linha]) -> bytes:
    """Return the table of an answer as a file; `classe` is that of the answer's rows."""
    classe, linhas = tabela(classe, resposta)
    return {CSV: em_csv, PLANILHA: em_planilha, XLSX: em_xlsx}[formato](classe, linhas)


def tabela(
    classe: type[Linha], resposta: Linha | Sequence[Linha]
) -> tuple[type[Linha], Sequence[Linha]]:
    """Return the rows of an answer: its own, those of the table in it, or itself as the only one.

    Where an answer has a table, what else it says has no place in a file of rows, except for the
    rows of its `RESTO`.
    """
    if not isinstance(resposta, Linha):
        return classe, resposta
    if not resposta.TABELA:
        return classe, [resposta]
    de_dentro = get_args(get_type_hints(classe)[resposta.TABELA])[0]
    linhas = getattr(resposta, resposta.TABELA)
    return de_dentro, [*linhas, *getattr(resposta, resposta.RESTO)] if resposta.RESTO else linhas


# -- for programs -------------------------------------------------------------------------------


def em_csv(classe: type[Linha], linhas: Iterable[Linha]) -> bytes:
    """Return CSV as psql writes it, in UTF-8: keys, 1234.5, 2025-08-07, JSON for what is nested.

    All columns, with the code as it was asked for: answers are joined to questions.
    """
    saida = io.StringIO()
    escritor = csv.writer(saida, lineterminator="\n")  # quoting as in RFC 4180
    nomes = [c.name for c in fields(classe)]
    escritor.writerow(nomes)
    # A row below the table's own has some of the columns.
    escritor.writerows([_plano(getattr(linha, nome, None)) for nome in nomes] for linha in linhas)
    return saida.getvalue().encode()


def _plano(valor: Any) -> str:
    if valor is None:
        return ""
    if isinstance(valor, Decimal):
        texto = f"{valor:f}"
        return texto.rstrip("0").rstrip(".") if "." in texto else texto
    if isinstance(valor, date):
        return valor.isoformat()
    if isinstance(valor, (tuple, list, dict, bool)):
        return json.dumps(em_json(valor), ensure_ascii=False)
    return str(valor)


# -- CSV for people -----------------------------------------------------------------------------

# What Excel takes for something else: whatever does not begin with a letter (a formula, a number,
# a date, a sum of money, an error), months with a number, logical values, sums of money.
_MESES = (
    "jan(eiro|uary)?|fev(ereiro)?|feb(ruary)?|mar(ço|co|ch)?|abr(il)?|apr(il)?|maio?|may"
    "|jun(ho|e)?|jul(ho|y)?|ago(sto)?|aug(ust)?|set(embro)?|sep(t|tember)?|out(ubro)?|oct(ober)?"
    "|nov(embro|ember)?|dez(embro)?|dec(ember)?"
)
_ENGANOSO = re.compile(
    rf"[\W\d_]|(?=.*\d).*\b({_MESES})(?![^\W\d_])|(verdadeiro|falso|true|false)\s*$|.*\$",
    re.IGNORECASE | re.DOTALL,
)


def em_planilha(classe: type[Linha], linhas: Iterable[Linha]) -> bytes:
    """Return CSV as Brazilian Excel opens it: semicolons, decimal commas, dd/mm/aaaa, a BOM."""
    saida = io.StringIO()
    escritor = csv.writer(saida, delimiter=";", lineterminator="\r\n")
    titulos = colunas_exigidas(classe)
    escritor.writerow([_protegido(titulo) for titulo in _titulos(titulos)])
    for linha in linhas:
        celulas = _celulas(titulos, linha)
        escritor.writerow([_protegido(v) if isinstance(v, str) else _dito(v) for v in celulas])
    return saida.getvalue().encode("utf-8-sig")


def _protegido(texto: str) -> str:
    """Return a text as one that Excel leaves alone.

    That is a formula which gives this very text. A text in a formula has an end at 255 units, so
    a long one is put together; one that is too long for that has an apostrophe in front.
    """
    if not _ENGANOSO.match(texto):
        return texto
    partes = [texto[i : i + _MAX_LITERAL] for i in range(0, len(texto), _MAX_LITERAL)]
    formula = "=" + "&".join('"' + parte.replace('"', '""') + '"' for parte in partes)
    return formula if _tamanho(formula) <= _MAX_FORMULA else "'" + texto


# -- workbooks ----------------------------------------------------------------------------------


def exigir_xlsxwriter() -> None:
    """Raise ErroEstoque, with the way to install it, where XlsxWriter is missing."""
    try:
        import xlsxwriter  # noqa: F401
    except ImportError as erro:
        raise ErroEstoque(
            t("xlsx needs the package XlsxWriter, which is not installed"),
            dica=t(
                "pip install 'estoque-pg[xlsx]', or XlsxWriter alone; or ask for {formato}",
                formato=PLANILHA,
            ),
        ) from erro


def em_xlsx(classe: type[Linha], linhas: Sequence[Linha]) -> bytes:
    """Return a workbook: real numbers and dates, a header that stays, columns as wide as needed.

    Raises ArgumentoInvalido for more rows than a sheet has.
    """
    exigir_xlsxwriter()
    import xlsxwriter

    if len(linhas) >= MAX_LINHAS:
        raise ArgumentoInvalido(
            t(
                "{n} rows are more than a sheet holds, which are {limite}",
                n=_dito(len(linhas)),
                limite=_dito(MAX_LINHAS - 1),
            ),
            dica=t("ask for {formato}", formato=CSV),
        )
    titulos = colunas_exigidas(classe)
    saida = io.BytesIO()
    with xlsxwriter.Workbook(saida, {"in_memory": True}) as livro:
        folha = livro.add_worksheet()
        negrito = livro.add_format({"bold": True})
        formatos = {nome: livro.add_format({"num_format": nome}) for nome in _FORMATOS}
        larguras = []
        for x, titulo in enumerate(_titulos(titulos)):
            _exigir(folha.write_string(0, x, titulo, negrito))
            larguras.append(len(titulo) + 3)  # with the button of the filter
        for y, linha in enumerate(linhas, 1):
            for x, valor in enumerate(_celulas(titulos, linha)):
                _escrever(folha, y, x, valor, formatos)
                larguras[x] = max(larguras[x], len(_dito(valor)) + 2)
        for x, largura in enumerate(larguras):
            folha.set_column(x, x, min(largura, _MAX_LARGURA))
        folha.freeze_panes(1, 0)
        folha.autofilter(0, 0, len(linhas), len(larguras) - 1)
        # A code of digits is a text on purpose: no green corner.
        folha.ignore_errors({"number_stored_as_text": f"A1:XFD{MAX_LINHAS}"})
    return saida.getvalue()


# A whole number has a format of its own: in the other one a decimal comma would follow it.
_INTEIRO, _NUMERO, _DIA = "#,##0", "#,##0.###", "dd/mm/yyyy"
_FORMATOS = (_INTEIRO, _NUMERO, _DIA)


def _escrever(folha: Worksheet, y: int, x: int, valor: Any, formatos: Mapping[str, Any]) -> None:
    if valor is None or valor == "":
        return
    if isinstance(valor, bool):
        codigo = folha.write_boolean(y, x, valor)
    elif isinstance(valor, (Decimal, int, float)):
        formato = formatos[_INTEIRO if valor == int(valor) else _NUMERO]
        codigo = folha.write_number(y, x, float(valor), formato)
    elif isinstance(valor, date):
        meia_noite = datetime(valor.year, valor.month, valor.day)
        codigo = folha.write_datetime(y, x, meia_noite, formatos[_DIA])
    elif valor.startswith("<r>") and valor.endswith("</r>"):
        # XlsxWriter takes this for markup of its own, unless it puts the pieces together itself.
        comum = formatos[_INTEIRO]
        codigo = folha.write_rich_string(y, x, comum, valor[:1], comum, valor[1:])
    else:
        codigo = folha.write_string(y, x, valor)
    _exigir(codigo)


def _exigir(codigo: int) -> None:
    """XlsxWriter leaves out or cuts what has no place, and says so by a number alone."""
    if codigo:
        raise ValueError(f"XlsxWriter refused a cell: {codigo}")


# -- what both show people ----------------------------------------------------------------------


def _titulos(titulos: Mapping[str, Coluna]) -> list[str]:
    ditos = [t(coluna.na_planilha or coluna.titulo) for coluna in titulos.values()]
    return [titulo[:1].upper() + titulo[1:] for titulo in ditos]


def _celulas(titulos: Mapping[str, Coluna], linha: Linha) -> Iterator[Any]:
    """Return what a row shows: each a text, or what a spreadsheet has a type for, or None."""
    for nome, coluna in titulos.items():
        yield _celula(coluna, linha.na_planilha(nome))


def _celula(coluna: Coluna, valor: Any) -> Any:
    if isinstance(valor, tuple):
        return _cortado(_juntos(valor))
    if isinstance(valor, str):
        return _cortado(t(coluna.frases[valor]) if valor in coluna.frases else valor)
    if isinstance(valor, datetime):  # no spreadsheet knows zones
        return valor.isoformat(sep=" ")
    if isinstance(valor, date) and valor < _PRIMEIRO_DIA:
        return _dito(valor)
    if isinstance(valor, (Decimal, int, float)) and not isinstance(valor, bool):
        return valor if _cabe(valor) else _dito(valor)
    return valor


def _cabe(numero: Decimal | int | float) -> bool:
    """Whether a spreadsheet keeps all of a number."""
    exato = Decimal(str(numero))
    return exato.is_finite() and len(exato.normalize().as_tuple().digits) <= _MAX_DIGITOS


def _juntos(valores: Iterable[Any]) -> str:
    """Return texts one after another, and rows as words: values after their titles."""
    return "; ".join(_em_palavras(v) if isinstance(v, Linha) else _dito(v) for v in valores)


def _em_palavras(linha: Linha) -> str:
    partes = []
    for nome, coluna in colunas(type(linha)).items():
        dito = _dito(_celula(coluna, linha.na_planilha(nome)))
        if dito:
            partes.append(f"{t(coluna.titulo)} {dito}".lstrip())
    return " ".join(partes)


def _dito(valor: Any) -> str:
    """Return a value as people write it in Brazil: 1234,5, 07/08/2025."""
    if valor is None:
        return ""
    if isinstance(valor, bool):
        return t("yes") if valor else t("no")
    if isinstance(valor, date):
        return f"{valor.day:02d}/{valor.month:02d}/{valor.year:04d}"
    if isinstance(valor, (Decimal, int, float)):
        return _plano(Decimal(str(valor))).replace(".", ",")
    return str(valor)


def _cortado(texto: str) -> str:
    """Return a text as long as a cell can be; where that is less, it says so."""
    if _tamanho(texto) <= _MAX_TEXTO:
        return texto
    aviso = t(" ... (too long for a cell: ask for csv or json)")
    cabe = 2 * (_MAX_TEXTO - _tamanho(aviso))
    return texto.encode("utf-16-le")[:cabe].decode("utf-16-le", "ignore") + aviso


def _tamanho(texto: str) -> int:
    """Return how many units of UTF-16 a text takes, which is how Excel counts."""
    return len(texto.encode("utf-16-le")) // 2
