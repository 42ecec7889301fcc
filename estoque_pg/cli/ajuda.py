"""The help in the language of the invocation: commands are made once, with English texts.

A command says nothing of languages. The group hands out copies whose texts are translated, by
paragraphs, so that a line which many commands have stands in the catalogue once.
"""

from __future__ import annotations

import copy
import gettext
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from estoque_pg import idioma
from estoque_pg.idioma import marcar, t

C = TypeVar("C", bound=click.Command)
Traduzir = Callable[[str], str]

CRU = "\b\n"  # how click is told to leave a paragraph's lines as they are
EXEMPLOS = ("Example:", "Examples:")
NUMEROS = (marcar("integer range"), marcar("float range"), marcar("integer"))


def traduzido(comando: C, traduzir: Traduzir = t) -> C:
    """Return a copy of a command whose help, and that of its parameters, is translated."""
    novo = copy.copy(comando)
    vars(novo)["_help_option"] = None  # click keeps it, in the language that asked first
    if comando.help:
        novo.help = _texto(comando.help, traduzir)
    novo.options_metavar = traduzir(comando.options_metavar or "") or None
    if isinstance(novo, click.Group):
        novo.subcommand_metavar = traduzir(novo.subcommand_metavar)
    novo.params = [_parametro(p, traduzir) for p in comando.params]
    return novo


def _parametro(parametro: click.Parameter, traduzir: Traduzir) -> click.Parameter:
    novo = copy.copy(parametro)
    if isinstance(novo, click.Option) and novo.help:
        novo.help = traduzir(" ".join(novo.help.split()))
    if novo.metavar and novo.metavar.isalpha():
        novo.metavar = traduzir(novo.metavar)
    if novo.type.name in NUMEROS:  # named where a value is refused
        novo.type = copy.copy(novo.type)
        novo.type.name = traduzir(novo.type.name)
    return novo


def _texto(ajuda: str, traduzir: Traduzir) -> str:
    return "\n\n".join(_paragrafo(p, traduzir) for p in inspect.cleandoc(ajuda).split("\n\n"))


def _paragrafo(paragrafo: str, traduzir: Traduzir) -> str:
    if not paragrafo.startswith(CRU):
        return traduzir(" ".join(paragrafo.split()))
    titulo, _, linhas = paragrafo.removeprefix(CRU).partition("\n")
    if titulo in EXEMPLOS:  # what is typed is the same in all languages
        return f"{CRU}{traduzir(titulo)}\n{linhas}"
    return CRU + traduzir(paragrafo.removeprefix(CRU))


def frases_da_ajuda(grupo: click.Group) -> Iterator[str]:
    """Return what the help of a group and its commands is made of, for the catalogue."""
    vistas: list[str] = []

    def anotar(frase: str) -> str:
        vistas.append(frase)
        return frase

    for comando in (grupo, *grupo.commands.values()):
        traduzido(comando, anotar)
        if isinstance(comando, click.Group) and comando is not grupo:
            yield from frases_da_ajuda(comando)
    yield from vistas


# -- click's own words --------------------------------------------------------------------------


def ensinar_click() -> None:
    """Make click say its own words through our catalogue, inside an invocation of ours.

    It calls gettext's global functions, which know the environment and one domain for the whole
    process. Other programs made with click in this process hear what they always heard.
    """
    for nome, modulo in list(sys.modules.items()):
        if nome.partition(".")[0] == "click":
            for palavra, nossa in (("_", _palavra), ("ngettext", _plural)):
                if hasattr(modulo, palavra):
                    vars(modulo)[palavra] = nossa


def _palavra(frase: str) -> str:
    return t(frase) if idioma.escolhido() else gettext.gettext(frase)


def _plural(singular: str, plural: str, n: int) -> Any:
    if not idioma.escolhido():
        return gettext.ngettext(singular, plural, n)
    return idioma.escolher(singular, plural, n)
