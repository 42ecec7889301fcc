"""What a question takes: checked here, so that a slip does not end the caller's transaction."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from estoque_pg.erros import ArgumentoInvalido, citado
from estoque_pg.idioma import marcar, t

Quantidade = Decimal | int | float | str

MAX_QUANTIDADE = Decimal("999999999999.9995")  # from here on numeric(15,3) cannot hold it
MAX_DIAS = 3650  # how far the command line and the HTTP service look ahead; here there is no limit


def codigo(valor: str) -> str:
    """Return a product code; raise ArgumentoInvalido for what cannot be one."""
    if not isinstance(valor, str):
        raise ArgumentoInvalido(t("a product code is text, not {tipo}", tipo=type(valor).__name__))
    try:
        valor.encode()
    except UnicodeEncodeError:
        raise ArgumentoInvalido(t("a product code must be valid Unicode text")) from None
    if "\0" in valor:
        raise ArgumentoInvalido(t("a product code cannot contain a NUL character"))
    return valor


def codigos(valores: Iterable[str]) -> list[str]:
    """Return a list of product codes; one code in the place of a list is refused."""
    if isinstance(valores, (str, bytes)):
        raise ArgumentoInvalido(
            t("a list of codes is expected, not one code"), dica=t("write [codigo]")
        )
    if not isinstance(valores, Iterable):
        raise ArgumentoInvalido(
            t("a list of codes is expected, not {tipo}", tipo=type(valores).__name__)
        )
    return [codigo(v) for v in valores]


def mudancas(valores: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the changes of a simulation; what each says, the database checks."""
    if isinstance(valores, (str, bytes, Mapping)) or not isinstance(valores, Iterable):
        raise ArgumentoInvalido(
            t("mudancas must be a list of dictionaries, not {tipo}", tipo=type(valores).__name__)
        )
    return list(valores)


def pedido(linhas: Iterable[tuple[str, Quantidade]]) -> list[tuple[str, Decimal]]:
    """Return the lines of an order, each a code and a positive quantity."""
    lidas = []
    for n, linha in enumerate(linhas, 1):
        try:
            cod_produto, quanto = linha
        except (TypeError, ValueError):
            raise ArgumentoInvalido(
                t("line {n} of the order must be a code and a quantity", n=n)
            ) from None
        try:
            lidas.append((codigo(cod_produto), quantidade(quanto)))
        except ArgumentoInvalido as erro:
            raise ArgumentoInvalido(
                t("line {n} of the order: {erro}", n=n, erro=erro.mensagem),
                erro.dica,
                erro.sqlstate,
            ) from None
    return lidas


def texto(valor: str, nome: str = "texto") -> str:
    """Return a text, given as the argument `nome`; refuse what the database cannot be sent."""
    if not isinstance(valor, str):
        raise ArgumentoInvalido(
            t("{nome} must be text, not {tipo}", nome=nome, tipo=type(valor).__name__)
        )
    try:
        valor.encode()
    except UnicodeEncodeError:
        raise ArgumentoInvalido(t("{nome} must be valid Unicode text", nome=nome)) from None
    if "\0" in valor:
        raise ArgumentoInvalido(t("{nome} cannot contain a NUL character", nome=nome))
    return valor


# What follows the database refuses as well, in the same words.


def limite(valor: int) -> int:
    """Return how many rows are wanted at most."""
    dica = "Give the largest number of products to return."
    if isinstance(valor, bool) or not hasattr(valor, "__index__"):
        raise _fora(t("limite must be a whole number, not {valor}", valor=f"{valor!r}"), dica)
    if valor < 0:
        raise _fora(t("limite must be zero or more, not {valor}", valor=valor), dica)
    return operator.index(valor)


def dias(valor: int) -> int:
    """Return a number of days from today."""
    dica = t("Give the number of days from today.")
    if isinstance(valor, bool) or not hasattr(valor, "__index__"):
        raise _fora(t("dias must be a whole number, not {valor}", valor=f"{valor!r}"), dica)
    if valor < 0:
        raise _fora(t("dias must be zero or more, not {valor}", valor=valor), dica)
    return operator.index(valor)


def quantidade(valor: Quantidade) -> Decimal:
    """Return a positive quantity."""
    try:
        numero = Decimal(str(valor))
    except InvalidOperation:
        numero = Decimal("NaN")
    if not (numero.is_finite() and numero > 0):
        dado = citado(valor) if isinstance(valor, str) else valor
        raise _fora(
            t("quantidade must be a positive number, not {dado}", dado=dado),
            t("Give the quantity to promise."),
        )
    return numero


def estoque_minimo(valor: Quantidade) -> Decimal:
    """Return a safety stock."""
    return _nao_negativa(
        valor,
        marcar("minimo must be from 0 to 999999999999.999, not %s"),
        marcar("Give the safety stock in the product's unit."),
    )


def tolerancia(valor: Quantidade) -> Decimal:
    """Return a shortage that is none yet."""
    return _nao_negativa(
        valor,
        marcar("tolerancia must be from 0 to 999999999999.999, not %s"),
        marcar("Give the shortage that is none yet in the product's unit."),
    )


def _nao_negativa(valor: Quantidade, frase: str, dica: str) -> Decimal:
    try:
        numero = Decimal(str(valor))
    except InvalidOperation:
        numero = Decimal("NaN")
    if isinstance(valor, bool) or not (numero.is_finite() and 0 <= numero < MAX_QUANTIDADE):
        raise _fora(t(frase) % (citado(valor) if isinstance(valor, str) else valor), t(dica))
    return numero


def prazo_reposicao(valor: int) -> int:
    """Return a lead time in days."""
    if isinstance(valor, bool) or not hasattr(valor, "__index__") or not 0 <= valor <= MAX_DIAS:
        raise _fora(
            t("prazo_reposicao must be from 0 to 3650, not %s") % f"{valor!r}",
            t("Give the lead time of replenishment in days."),
        )
    return operator.index(valor)


def limpar(valores: Iterable[str], campos: Sequence[str]) -> list[str]:
    """Return the fields of a rule to be taken back."""
    lista = codigos(valores)
    for nome in lista:
        if nome not in campos:
            raise _fora(
                t("a rule has no field %s") % citado(nome),
                t("Fields are minimo, prazo_reposicao, tolerancia, responsavel."),
            )
    return lista


def segundos(valor: float | None, nome: str) -> float | None:
    """Return a time in seconds, given as the argument `nome`; that it is positive, others check."""
    if valor is None:
        return None
    if isinstance(valor, bool) or not isinstance(valor, (int, float, Decimal)):
        raise _fora(
            t("{nome} must be a number of seconds, not {valor}", nome=nome, valor=f"{valor!r}"),
            t("Give seconds."),
        )
    if not math.isfinite(valor):
        raise _fora(
            t("{nome} must be a finite number of seconds, not {valor}", nome=nome, valor=valor),
            t("Give seconds."),
        )
    return float(valor)


def _fora(mensagem: str, dica: str) -> ArgumentoInvalido:
    return ArgumentoInvalido(mensagem, dica, sqlstate="22023")
