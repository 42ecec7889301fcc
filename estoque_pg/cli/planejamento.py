"""The planner's questions: why a product runs out, what if, what may be promised."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from estoque_pg import leitura, tabela
from estoque_pg.cli.base import (
    Banco,
    avisar,
    campo,
    colorido,
    com_banco,
    com_dias,
    com_formato,
    em_arquivo,
    escrever,
    escrever_linha,
    escrever_linhas,
    paragrafo,
    saldo,
    tabular,
)
from estoque_pg.cli.codigos import com_codigo, completar, desconhecido, ler_entrada
from estoque_pg.cli.colunas import Colunas
from estoque_pg.cli.ficha import pedir_produto, titulo
from estoque_pg.erros import ArgumentoInvalido, ErroEstoque
from estoque_pg.explicacao import chamado, em_palavras
from estoque_pg.idioma import t, tn
from estoque_pg.perguntas.planejamento import (
    ACOES,
    AbaixoDoMinimo,
    DiaSimulado,
    Explicacao,
    Mudancas,
    Promessa,
    em_conjunto,
)
from estoque_pg.tabela import Marcado


@click.command()
@com_codigo
@com_dias(28)
@com_banco
@com_formato
def explicar(codigo: str, dias: int, banco: Banco, em_json: bool) -> None:
    """Say why a product runs out, and what would help.

    Each time the balance is below zero: since when and until when, how much is lacking, the
    document that takes it there, the next entry, and what would end it, tried beforehand.

    \b
    Example:
      estoque explicar P001
    """
    with banco.retrato() as api:
        achado = pedir_produto(api, codigo)
        explicadas = api.explicar(codigo, dias) or []
    if em_json:
        escrever_linhas(Explicacao, explicadas)
        return
    titulo(achado)
    if not explicadas:
        escrever(t("does not run out {prazo}", prazo=tabela.ate_em(dias)))
    for e in explicadas:
        escrever("")
        paragrafo(em_palavras(e))
        tabular(
            [t("what"), t("document"), t("quantity"), t("counts on"), t("to"), t("then lowest")],
            [
                [t(ACOES[r.acao]), chamado(r), r.quantidade, r.de, r.para, saldo(r.menor_depois)]
                for r in e.remedios
            ],
        )


@click.command()
@click.argument("arquivo", required=False)
@click.option("--adiar", type=int, metavar="N", help="Put documents off by so many days.")
@click.option("--para", metavar="YYYY-MM-DD", help="Move documents to this date.")
@click.option("--ignorar", is_flag=True, help="Leave documents out.")
@click.option("--escalar", type=float, metavar="F", help="Multiply quantities by this factor.")
@click.option("--origem", help="Only documents of this table.")
@click.option("--id", "ids", multiple=True, help="Only the documents with this id.")
@click.option("--pedido", "pedidos", multiple=True, help="Only those of this order.")
@click.option("--lote", "lotes", multiple=True, help="Only those of this lot.")
@click.option("--linha", "linhas", multiple=True, help="Only those of this production line.")
@click.option(
    "--codigo",
    "codigos",
    multiple=True,
    help="Only those of this product.",
    shell_complete=completar,
)
@click.option("--de", metavar="YYYY-MM-DD", help="Only those dated this day or later.")
@click.option("--ate", metavar="YYYY-MM-DD", help="Only those dated this day or earlier.")
@click.option(
    "--produto",
    metavar="CODIGO",
    help="Show this product day by day, instead of the products that change.",
    shell_complete=completar,
)
@com_dias(28)
@com_banco
@com_formato
def simular(
    arquivo: str | None,
    produto: str | None,
    adiar: int | None,
    para: str | None,
    ignorar: bool,
    escalar: float | None,
    dias: int,
    banco: Banco,
    em_json: bool,
    **filtro: Any,
) -> None:
    """Show what changes of documents would do; nothing is written.

    One change by options, or a list of changes as JSON from a file; a dash reads it from standard
    input. What a list may say: docs/tabelas-e-funcoes.md.

    \b
    Examples:
      estoque simular --adiar 2 --linha "LINHA 3"
      estoque simular --ignorar --pedido 1234
      estoque simular changes.json
      estoque simular --adiar 2 --linha "LINHA 3" --produto P001
    """
    acoes: list[dict[str, Any]] = []
    if adiar is not None:
        acoes.append({"acao": "adiar", "dias": adiar})
    if para is not None:
        acoes.append({"acao": "adiar", "para": para})
    if ignorar:
        acoes.append({"acao": "ignorar"})
    if escalar is not None:
        acoes.append({"acao": "escalar", "fator": escalar})
    pedido = {chave: valor for chave, valor in filtro.items() if valor}
    if arquivo is not None and (acoes or pedido):
        raise click.UsageError(t("give a file or one change by options, not both"))
    if arquivo is None and len(acoes) != 1:
        raise click.UsageError(
            t("say what is to change: one of --adiar, --para, --ignorar, --escalar, or a file")
        )
    mudancas = _ler_mudancas(arquivo) if arquivo else [{**acoes[0], **pedido}]
    if produto is not None:
        _simular_um(produto, mudancas, dias, banco, em_json)
        return
    with banco.api() as api:
        resposta = api.simular(mudancas, dias)
    _avisar(resposta.avisos, em_json)
    if em_json:
        escrever_linha(resposta)
        return
    if resposta.produtos:
        tabular(
            [t("product"), t("name"), t("runs out"), t("then runs out"), t("lowest"),
             t("then lowest")],
            [
                [s.cod_produto, s.nome_produto,
                 _periodo(s.dia_ruptura_antes, s.fim_ruptura_antes),
                 _periodo(s.dia_ruptura_depois, s.fim_ruptura_depois),
                 saldo(s.menor_antes), saldo(s.menor_depois)]
                for s in resposta.produtos
            ],
        )  # fmt: skip
    quantos = len(resposta.produtos)
    avisar(
        tn(
            "{n} product would have another balance {prazo}",
            "{n} products would have another balance {prazo}",
            quantos,
            n=tabela.numero(quantos),
            prazo=tabela.ate_em(dias),
        )
    )


def _periodo(inicio: date | None, fim: date | None) -> object:
    """Return the cell that says from the first to the last day below zero."""
    if inicio is None:
        return None
    return Marcado(f"{tabela.MARCA_RUPTURA} {tabela.periodo(inicio, fim)}")


def _simular_um(codigo: str, mudancas: Mudancas, dias: int, banco: Banco, em_json: bool) -> None:
    """Show one product day by day; the first day below zero, now and then, is marked."""
    with banco.retrato() as api:
        achado = pedir_produto(api, codigo)
        resposta = api.projecao_simulada(codigo, mudancas, dias)
        assert resposta is not None  # the product is known, in this same snapshot
    _avisar(resposta.avisos, em_json)
    if em_json:
        escrever_linha(resposta)
        return
    titulo(achado)
    escrever("")
    antes = [(d.dia, d.data, d.saldo_antes) for d in resposta.dias]
    depois = [(d.dia, d.data, d.saldo_depois) for d in resposta.dias]
    rupturas = {_ruptura(antes), _ruptura(depois)}
    titulos, celulas = Colunas(DiaSimulado, _DIAS).tabela(resposta.dias)
    marca = Marcado(tabela.MARCA_RUPTURA)
    tabular(
        [*titulos, ""],
        [
            [*c, marca if d.dia in rupturas else " "]
            for c, d in zip(celulas, resposta.dias, strict=True)
        ],
    )
    cores = colorido(sys.stdout)
    escrever("")
    campo(t("as it is"), tabela.legenda(antes, cores))
    campo(t("then"), tabela.legenda(depois, cores))


_DIAS = [c.name for c in fields(DiaSimulado) if c.name != "dia"]  # the date says it


def _ruptura(dias: Sequence[tuple[int, date, Decimal]]) -> int | None:
    return next((n for n, _, fim in dias if fim < 0), None)


def _avisar(avisos: Sequence[str], em_json: bool) -> None:
    """Say what of the changes met nothing, where the answer itself does not."""
    if not em_json or em_arquivo():
        for aviso in avisos:
            avisar(aviso)


def _ler_texto(arquivo: str) -> str:
    """Read a file, or standard input where a dash stands."""
    try:
        bruto = sys.stdin.buffer.read() if arquivo == "-" else Path(arquivo).read_bytes()
        return bruto.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as erro:
        motivo = getattr(erro, "strerror", None) or erro
        raise ErroEstoque(
            t("cannot read {arquivo}: {erro}", arquivo=arquivo, erro=motivo)
        ) from erro


def _ler_mudancas(arquivo: str) -> Any:
    texto = _ler_texto(arquivo)
    try:
        return json.loads(texto)
    except ValueError as erro:
        raise ErroEstoque(
            t("{arquivo} is no JSON: {erro}", arquivo=arquivo, erro=erro),
            dica=t('write a list of changes: [{{"acao": "adiar", "dias": 2, "linhas": ["L"]}}]'),
        ) from erro


@click.command()
@click.argument("linhas", nargs=-1, metavar="[CODIGO=QUANTIDADE]...")
@click.option(
    "--arquivo",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Read the lines of the order from FILE.",
)
@com_dias(28)
@com_banco
@com_formato
def prometer(
    linhas: tuple[str, ...], arquivo: Path | None, dias: int, banco: Banco, em_json: bool
) -> None:
    """Say since when a whole order can be promised.

    Lines of one product are added up. A dash reads lines from standard input; there and in a file
    a semicolon, a tab or blanks may stand for the equals sign, as spreadsheets write it.

    \b
    Examples:
      estoque prometer P001=50 P002=20
      estoque prometer - < order.txt
      estoque prometer --arquivo order.csv
    """
    todas = [texto for linha in linhas for texto in (ler_entrada() if linha == "-" else [linha])]
    if arquivo is not None:
        todas += _ler_texto(str(arquivo)).splitlines()
    if not todas:
        raise click.UsageError(t("give the lines of the order: CODIGO=QUANTIDADE, or --arquivo"))
    try:
        pedido = leitura.pedido(todas)
    except ArgumentoInvalido as erro:
        raise click.UsageError(erro.mensagem) from None
    with banco.api() as api:
        promessas = api.prometer(pedido, dias)
    if em_json:
        escrever_linhas(Promessa, promessas)
    else:
        tabular(
            [t("product"), t("name"), t("quantity"), t("most today"), t("from"), t("most then")],
            [
                [p.cod_produto or ", ".join(p.codigos_pedidos), p.nome_produto, p.quantidade,
                 p.maximo_hoje, p.data_disponivel, p.maximo_na_data]
                for p in promessas
            ],
        )  # fmt: skip
        junta = promessas[0].data_conjunta if promessas else None
        dia = tabela.data(junta) if junta else ""
        escrever(tabela.limpo(em_conjunto(promessas, dia, tabela.ate_em(dias))))
    faltam = [c for p in promessas if p.cod_produto is None for c in p.codigos_pedidos]
    if faltam:
        raise desconhecido(faltam)


@click.command("abaixo-do-minimo")
@com_dias(28)
@com_banco
@com_formato
def abaixo_do_minimo(dias: int, banco: Banco, em_json: bool) -> None:
    """List the products that fall below their minimum.

    Minimum, tolerance and lead time are laid down in the table estoque_regra.

    \b
    Example:
      estoque abaixo-do-minimo --dias 14
    """
    with banco.retrato() as api:
        achados = api.abaixo_do_minimo(dias)
        hoje = api.hoje()
    if em_json:
        escrever_linhas(AbaixoDoMinimo, achados)
        return
    if achados:
        tabular(*Colunas(AbaixoDoMinimo).tabela(achados, hoje))
    n = len(achados)
    avisar(
        tn(
            "{n} product falls below its minimum {prazo}",
            "{n} products fall below their minimum {prazo}",
            n,
            n=tabela.numero(n),
            prazo=tabela.ate_em(dias),
        )
    )
    sem = sum(not a.minimo for a in achados)
    if sem:
        avisar(
            tn(
                "{n} of them has the minimum 0: it simply runs out",
                "{n} of them have the minimum 0: they simply run out",
                sem,
                n=tabela.numero(sem),
            )
        )
