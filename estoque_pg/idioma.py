"""The language in which people are spoken to: Brazilian Portuguese or English.

The English sentence is the key; `traducoes/` holds the catalogue, and a sentence it lacks stays
English. A language holds for a block (`com_idioma`), a request or a command, never for the
process; where nothing was chosen, the environment of this moment decides.

>>> t("no rupture up to {dia}", dia="07/08/2025")
'no rupture up to 07/08/2025'
"""

from __future__ import annotations

import gettext
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from estoque_pg.preferencias import preferido

INGLES, PORTUGUES = "en", "pt_BR"
TRADUCOES = Path(__file__).parent / "traducoes"
DOMINIO = "estoque_pg"
VARIAVEL = "ESTOQUE_IDIOMA"

_escolhido: ContextVar[str | None] = ContextVar("estoque_pg.idioma", default=None)


# -- speaking -----------------------------------------------------------------------------------


def t(frase: str, /, **valores: object) -> str:
    """Return the sentence in the language of this moment, `{names}` in it replaced by values."""
    traduzida = _traducoes(idioma()).gettext(frase) if frase else ""
    return traduzida.format(**valores) if valores else traduzida


def tn(singular: str, plural: str, n: int, /, **valores: object) -> str:
    """Return the sentence for `n` things, `{n}` and other names in it replaced by values."""
    return escolher(singular, plural, n).format(**{"n": n, **valores})


def escolher(singular: str, plural: str, n: int, /) -> str:
    """Return the sentence for `n` things, nothing in it replaced."""
    return _traducoes(idioma()).ngettext(singular, plural, n)


def marcar(frase: str) -> str:
    """Return the sentence as it is: it goes into the catalogue, and `t` is for later."""
    return frase


def tem(frase: str) -> bool:
    """Whether the catalogue knows the sentence, so that it is one of ours."""
    return bool(frase) and _traducoes(PORTUGUES).gettext(frase) is not frase


AUSENTE = marcar("missing")  # what SQL gives for the value of a key that is not there
Dito = Sequence[Any]  # a model and its values; a value may be such a sequence itself


def dizer(dito: Dito, /) -> str:
    """Return what SQL says in parts: a model with `%s` for each value, as format() takes it."""
    modelo, *valores = dito
    partes = iter([_valor(v) for v in valores])
    return re.sub("%s", lambda marca: next(partes, marca[0]), t(modelo))


def _valor(valor: object) -> str:
    if isinstance(valor, list):
        return dizer(valor)
    if valor is None:  # as format() writes NULL
        return ""
    return t(AUSENTE) if valor == AUSENTE else str(valor)


# -- choosing -----------------------------------------------------------------------------------


def idioma() -> str:
    """Return the language of this moment: what was chosen, else what the environment says."""
    return _escolhido.get() or do_ambiente()


def escolhido() -> bool:
    """Whether a language was chosen for what goes on here."""
    return _escolhido.get() is not None


@contextmanager
def com_idioma(idioma: str) -> Iterator[None]:
    """Speak a language, given as a locale or a tag (pt_BR.UTF-8, pt-BR, en), inside the block."""
    antes = _escolhido.set(_nosso(idioma) or INGLES)
    try:
        yield
    finally:
        _escolhido.reset(antes)


def do_ambiente() -> str:
    """Return the language that the environment asks for, English where it asks for none of ours.

    ESTOQUE_IDIOMA decides, then LANGUAGE, LC_ALL, LC_MESSAGES and LANG, the first that is set. As
    for other programs, the locale C is left alone by LANGUAGE.
    """
    localidade = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), None)
    preferidos = None if localidade in ("C", "POSIX") else os.environ.get("LANGUAGE")
    pedidos = os.environ.get(VARIAVEL) or preferidos or localidade or ""
    return next(filter(None, map(_nosso, pedidos.split(":"))), INGLES)


def do_cabecalho(aceitos: str | None) -> str:
    """Return the language that an Accept-Language header prefers among ours.

    English where it names none of ours; what the environment says where it does not choose.
    """

    def nosso(nome: str) -> str | None:
        return do_ambiente() if nome == "*" else _nosso(nome)

    return preferido(aceitos or "*", nosso, INGLES)


def _nosso(nome: str) -> str | None:
    """Return which of our languages a locale or a tag means: pt_BR.UTF-8, pt-PT, pt."""
    lingua = re.split(r"[-_.@]", nome.strip().lower(), maxsplit=1)[0]
    return {"pt": PORTUGUES, "en": INGLES, "c": INGLES, "posix": INGLES}.get(lingua)


@lru_cache
def _traducoes(idioma: str) -> gettext.NullTranslations:
    return gettext.translation(DOMINIO, TRADUCOES, [idioma], fallback=True)
