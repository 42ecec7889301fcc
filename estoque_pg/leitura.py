"""What people type, read: numbers as they are written in Brazil, lines of an order, a search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal

from estoque_pg.erros import ArgumentoInvalido, citado
from estoque_pg.idioma import t

# Between code and quantity: an equals sign, what spreadsheets put between cells, or blanks.
_LINHA = re.compile(r"(.*?\S)\s*(?:[=;\t]\s*|(?<=\s))([^\s=;]+)", re.DOTALL)


def numero(texto: str) -> Decimal | None:
    """Read a number without a sign: 1234.5, or 1.234,5 as in Brazil; None for anything else.

    Raises ArgumentoInvalido for what has two readings.
    """
    limpo = texto.strip()
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", limpo):
        # One thousand or one and a bit: the tables write the former, JSON the latter.
        milhar, decimal = limpo.replace(".", ""), limpo.replace(".", ",")
        raise ArgumentoInvalido(
            t(
                "{limpo} has two readings: write {milhar} if the point groups thousands, "
                "{decimal} if it is a decimal point",
                limpo=limpo,
                milhar=milhar,
                decimal=decimal,
            )
        )
    if re.fullmatch(r"\d{1,3}(\.\d{3})*,\d+|\d{1,3}(\.\d{3}){2,}|\d+,\d+", limpo):
        limpo = limpo.replace(".", "").replace(",", ".")
    return Decimal(limpo) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", limpo) else None


def pedido(linhas: Iterable[str]) -> list[tuple[str, Decimal]]:
    """Read the lines of an order, each a code and a quantity; blank lines go.

    Between the two stands an equals sign, a semicolon, a tab or blanks. Raises ArgumentoInvalido
    for the first line that is none, which it names by its number.
    """
    lidas = []
    for n, linha in enumerate(linhas, 1):
        if not linha.strip():
            continue
        achada = _LINHA.fullmatch(linha.strip())
        if achada is None:
            raise ArgumentoInvalido(
                t(
                    "line {n} of the order, {texto}: write CODIGO=QUANTIDADE",
                    n=n,
                    texto=citado(linha),
                )
            )
        try:
            quantidade = numero(achada[2])
        except ArgumentoInvalido as erro:
            raise ArgumentoInvalido(
                t("line {n} of the order: {erro}", n=n, erro=erro.mensagem)
            ) from None
        if not quantidade:
            queixa = t("{texto} is not a positive quantity", texto=citado(achada[2]))
            raise ArgumentoInvalido(t("line {n} of the order: {erro}", n=n, erro=queixa))
        lidas.append((achada[1], quantidade))
    return lidas


def simples(texto: str) -> str:
    """Return a text as it is searched: whatever its accents and capitals."""
    decomposto = unicodedata.normalize("NFD", texto.casefold())
    return "".join(c for c in decomposto if not unicodedata.combining(c))
