"""The commands of plain questions, made of the questions: arguments, table, data.

A question that says it has a `Comando` gets it here. Where the answer needs more than a table, the
command is written by hand.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import click

from estoque_pg import tabela
from estoque_pg.cli.base import (
    Banco,
    avisar,
    com_banco,
    com_dias,
    com_formato,
    escrever_linha,
    escrever_linhas,
    ler_quantidade,
    tabular,
)
from estoque_pg.cli.codigos import com_codigo, com_codigos, desconhecido, exigir
from estoque_pg.cli.colunas import Colunas
from estoque_pg.cli.grupo import com_grupo, exigir_todas, mostrar
from estoque_pg.cli.grupo import perguntar as perguntar_ao_grupo
from estoque_pg.idioma import t, tn
from estoque_pg.metodos import perguntas_com_metodo
from estoque_pg.perguntas.base import Pergunta
from estoque_pg.perguntas.linha import Linha
from estoque_pg.perguntas.publicacao import Comando, forma, publicacao


def comandos() -> dict[str, click.Command]:
    """Return the command of each question that says it has one, in the order of the methods."""
    return {
        comando.nome: _fazer(perguntar, comando)
        for perguntar in perguntas_com_metodo().values()
        if (comando := publicacao(perguntar).comando) is not None
    }


def _fazer(perguntar: Callable[..., Pergunta[Any]], comando: Comando) -> click.Command:
    resposta = forma(perguntar)
    colunas = Colunas(resposta.linha, comando.colunas)

    def executar(banco: Banco, em_json: bool, grupo: str | None = None, **dados: Any) -> None:
        if grupo is not None:
            _do_grupo(comando, banco, grupo, em_json, dados)
            return
        if "codigos" in dados and not dados["codigos"]:
            raise click.UsageError(t("name the products, or give a dash to read their codes"))
        with banco.api() as api:
            achado = api.responder(perguntar(**dados))
        if achado is None:
            raise desconhecido([dados["codigo"]])
        if resposta.varias and em_json:
            escrever_linhas(resposta.linha, achado)
        elif resposta.varias:
            _mostrar_linhas(comando, colunas, achado, dados)
        elif em_json:
            escrever_linha(achado)
        else:
            _mostrar_linha(comando, colunas, achado)
        if "codigos" in dados:
            exigir(dados["codigos"], {linha.codigo_consultado for linha in achado})

    executar.__doc__ = (
        f"{comando.ajuda}\n\n\b\nExample:\n  estoque {comando.nome} {comando.exemplo}".rstrip()
    )
    funcao = com_banco(com_formato(executar))
    if comando.do_grupo is not None:
        funcao = com_grupo(funcao)
    for parametro in reversed([*inspect.signature(perguntar).parameters.values()]):
        funcao = _parametro(parametro)(funcao)
    return click.command(comando.nome)(funcao)


def _do_grupo(
    comando: Comando, banco: Banco, grupo: str, em_json: bool, dados: dict[str, Any]
) -> None:
    assert comando.do_grupo is not None
    resposta = perguntar_ao_grupo(banco, grupo, comando.do_grupo(**dados))
    colunas = ["empresa", *comando.colunas] if comando.colunas else []
    quantas = mostrar(resposta, colunas, em_json)
    if not em_json and "dias" in dados:
        avisar(_contadas(comando, quantas, dados))
    exigir_todas(resposta)


def _parametro(p: inspect.Parameter) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return how the command line gives what a question takes, by the parameter's name."""
    if p.name == "codigo":
        return com_codigo
    if p.name == "codigos":
        return com_codigos("CODIGO...")
    if p.name == "quantidade":
        return click.argument("quantidade", callback=ler_quantidade)
    if p.name == "texto":
        return click.argument("texto", nargs=-1, required=True, callback=_juntar)
    if p.name == "limite":
        return click.option(
            "--limite",
            type=click.IntRange(0),
            default=p.default,
            show_default=True,
            metavar="N",
            help="How many at most.",
        )
    if p.name == "dias":
        return com_dias(p.default)
    raise TypeError(f"no plain command gives {p.name}: say here how, or write the command by hand")


def _juntar(contexto: click.Context, parametro: click.Parameter, palavras: tuple[str, ...]) -> str:
    return " ".join(palavras)


# -- what is shown ------------------------------------------------------------------------------


def _mostrar_linhas(
    comando: Comando, colunas: Colunas, linhas: Sequence[Linha], dados: dict[str, Any]
) -> None:
    if linhas:
        tabular(*colunas.tabela(linhas))
    avisar(_contadas(comando, len(linhas), dados))


def _contadas(comando: Comando, quantas: int, dados: dict[str, Any]) -> str:
    prazo = tabela.ate_em(dados["dias"]) if "dias" in dados else ""
    uma, varias = (f"{{n}} {contada}" for contada in comando.contadas)
    return tn(uma, varias, quantas, n=tabela.numero(quantas), prazo=prazo)


def _mostrar_linha(comando: Comando, colunas: Colunas, linha: Linha) -> None:
    tabular([t(titulo) for titulo in comando.titulos], colunas.deitada(linha))
