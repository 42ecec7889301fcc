"""The questions a planner asks, and the repair and audit of what answers them."""

from __future__ import annotations

import sys
import time
from decimal import Decimal

import click

from estoque_pg import tabela
from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.cli.base import (
    Banco,
    avisar,
    colorido,
    com_banco,
    com_dias,
    com_json,
    contar,
    escrever,
    escrever_json,
    largura,
    ler_quantidade,
    saldo,
    tabular,
)
from estoque_pg.erros import DivergenciaEncontrada, ProdutoDesconhecido
from estoque_pg.linhas import Produto
from estoque_pg.tabela import Marcado


@click.command()
@click.argument("codigos", nargs=-1, required=True, metavar="CODIGO...")
@com_banco
@com_json
def consultar(codigos: tuple[str, ...], banco: Banco, em_json: bool) -> None:
    """Show products, a line each.

    Balance, lowest balance of the next 7 days, and the day on which stock runs out.

    \b
    Example:
      estoque consultar P001 P002
    """
    with banco.api() as api:
        produtos = api.produtos(codigos)
        hoje = api.hoje()
    if em_json:
        escrever_json([p.como_dict() for p in produtos])
    elif produtos:
        unificado = any(p.codigo_consultado != p.cod_produto for p in produtos)
        linhas: list[list[object]] = []
        for p in produtos:
            quando = _ruptura((p.dia_ruptura - hoje).days, p) if p.dia_ruptura else None
            pedido: list[object] = [p.codigo_consultado] if unificado else []
            saldos = [saldo(p.estoque_atual), saldo(p.menor_estoque_d7)]
            linhas.append([*pedido, p.cod_produto, p.nome_produto, *saldos, quando])
        pedidos = ["asked"] if unificado else []
        tabular([*pedidos, "product", "name", "balance", "lowest D+7", "runs out"], linhas)
    achados = {p.codigo_consultado for p in produtos}
    _exigir([c for c in dict.fromkeys(codigos) if c not in achados])


def _ruptura(dias: int, produto: Produto) -> Marcado:
    assert produto.dia_ruptura is not None
    return Marcado(
        f"{tabela.MARCA_RUPTURA} {tabela.data(produto.dia_ruptura)} ({tabela.em_dias(dias)})"
    )


def _exigir(desconhecidos: list[str]) -> None:
    """Fail, naming the codes nothing is known of."""
    if desconhecidos:
        plural = "s" if len(desconhecidos) > 1 else ""
        raise ProdutoDesconhecido(f"unknown product{plural}: {', '.join(desconhecidos)}")


def _produto(api: APIEstoqueTempoReal, codigo: str) -> Produto:
    achados = api.produtos([codigo])
    _exigir([] if achados else [codigo])
    return achados[0]


def _titulo(produto: Produto) -> None:
    nome = tabela.limpo(produto.nome_produto or "")
    titulo = f"{tabela.limpo(produto.cod_produto)}  {nome}".rstrip()
    escrever(tabela.colorir(titulo, tabela.NEGRITO, colorido(sys.stdout)))
    if produto.codigo_consultado != produto.cod_produto:
        escrever(f"{tabela.limpo(produto.codigo_consultado)} is unified into this code")


@click.command()
@click.argument("codigo")
@com_banco
@com_json
def produto(codigo: str, banco: Banco, em_json: bool) -> None:
    """Show one product and its next 7 days.

    \b
    Example:
      estoque produto P001
    """
    with banco.api() as api:
        achado = _produto(api, codigo)
        hoje = api.hoje()
    if em_json:
        escrever_json(achado.como_dict())
        return
    cores = colorido(sys.stdout)
    _titulo(achado)
    for rotulo, valor in (
        ("balance now", achado.estoque_atual),
        ("lowest D+7", achado.menor_estoque_d7),
    ):
        cor = tabela.VERMELHO if valor < 0 else tabela.NEGRITO
        escrever(f"{rotulo:12} {tabela.colorir(tabela.numero(valor), cor, cores)}")
    if achado.dia_ruptura is None:
        escrever(f"{'runs out':12} not within 7 days")
    else:
        marca = _ruptura((achado.dia_ruptura - hoje).days, achado)
        escrever(f"{'runs out':12} {tabela.colorir(str(marca.valor), marca.cor, cores)}")
    if achado.movimentacoes_previstas:
        escrever("")
        tabular(
            ["date", "in", "out", "net"],
            [[m.data, m.entrada, m.saida, m.saldo_dia] for m in achado.movimentacoes_previstas],
        )


@click.command()
@com_dias(7)
@com_banco
@com_json
def rupturas(dias: int, banco: Banco, em_json: bool) -> None:
    """List the products that run out soon.

    Those within --dias days from today, soonest first.

    \b
    Example:
      estoque rupturas --dias 14
    """
    with banco.api() as api:
        linhas = api.rupturas(dias)
    if em_json:
        escrever_json([r.como_dict() for r in linhas])
        return
    if linhas:
        tabular(
            ["runs out", "when", "product", "name", "balance", "lowest D+7"],
            [
                [
                    Marcado(f"{tabela.MARCA_RUPTURA} {tabela.data(r.dia_ruptura)}"),
                    tabela.em_dias(r.dias_ate_ruptura),
                    r.cod_produto,
                    r.nome_produto,
                    saldo(r.estoque_atual),
                    saldo(r.menor_estoque_d7),
                ]
                for r in linhas
            ],
        )
    corre = "runs" if len(linhas) == 1 else "run"
    avisar(f"{contar(len(linhas), 'product')} {corre} out within {contar(dias, 'day')}")


@click.command()
@click.argument("codigo")
@com_dias(28)
@com_banco
@com_json
def projecao(codigo: str, dias: int, banco: Banco, em_json: bool) -> None:
    """Project a product day by day.

    A table of the days, and a chart of the balance at the end of each.

    \b
    Example:
      estoque projecao P001 --dias 28
    """
    with banco.api() as api:
        achado = _produto(api, codigo)
        linhas = api.projecao(codigo, dias)
    if em_json:
        escrever_json([d.como_dict() for d in linhas])
        return
    cores = colorido(sys.stdout)
    _titulo(achado)
    escrever("")
    ruptura = next((d for d in linhas if d.saldo_final < 0), None)
    tabular(
        ["day", "date", "opening", "in", "out", "closing", ""],
        [
            [
                f"D+{d.dia}" if d.dia else "today",
                d.data,
                saldo(d.saldo_inicial),
                d.entrada or None,
                d.saida or None,
                saldo(d.saldo_final),
                Marcado(f"{tabela.MARCA_RUPTURA} rupture") if d is ruptura else " ",
            ]
            for d in linhas
        ],
    )
    escrever("")
    escrever(tabela.grafico_projecao(linhas, min(largura() or 80, 120), 12, cores))


@click.command()
@click.argument("codigo")
@click.argument("quantidade", callback=ler_quantidade)
@com_dias(28)
@com_banco
@com_json
def disponibilidade(
    codigo: str, quantidade: Decimal, dias: int, banco: Banco, em_json: bool
) -> None:
    """Say when a quantity can be promised.

    That is the first day from which the projected balance stays at or above it, up to the
    horizon, so that promising it causes no later stock-out.

    \b
    Example:
      estoque disponibilidade P001 1500
    """
    with banco.api() as api:
        achado = _produto(api, codigo)
        resposta = api.disponibilidade(codigo, quantidade, dias)
        hoje = api.hoje()
    if em_json:
        escrever_json(resposta.como_dict() if resposta else None)
        return
    _titulo(achado)
    pedida = tabela.numero(quantidade)
    if (
        resposta is None
        or resposta.data_disponivel is None
        or resposta.quantidade_disponivel is None
    ):
        escrever(f"{pedida} cannot be promised within {contar(dias, 'day')}")
        return
    dia = resposta.data_disponivel
    escrever(
        f"{pedida} can be promised from {tabela.data(dia)} ({tabela.em_dias((dia - hoje).days)});"
        f" up to {tabela.numero(resposta.quantidade_disponivel)} on that day"
    )


@click.command()
@com_banco
@com_json
def estatisticas(banco: Banco, em_json: bool) -> None:
    """Show the figures of the whole stock.

    \b
    Example:
      estoque estatisticas --json
    """
    with banco.api() as api:
        e = api.estatisticas()
    if em_json:
        escrever_json(e.como_dict())
        return
    rupturas: object = e.produtos_com_ruptura
    if e.produtos_com_ruptura:
        rupturas = Marcado(rupturas)
    tabular(
        ["stock", "count"],
        [
            ["products", e.total_produtos],
            [f"{tabela.MARCA_RUPTURA} running out within 7 days", rupturas],
            ["  per cent of all", e.percentual_ruptura],
            ["balance below zero", e.produtos_estoque_negativo],
            ["balance zero", e.produtos_estoque_zerado],
            ["forecast rows of the next 7 days", e.movimentacoes_previstas_7d],
        ],
    )


@click.command()
@click.argument("codigos", nargs=-1, metavar="[CODIGO]...")
@click.option("--tudo", is_flag=True, help="Every product.")
@com_banco
@com_json
def recalcular(codigos: tuple[str, ...], tudo: bool, banco: Banco, em_json: bool) -> None:
    """Rebuild products from the sources.

    Idempotent, and safe while others write.

    \b
    Examples:
      estoque recalcular P001 P002
      estoque recalcular --tudo
    """
    if bool(codigos) == tudo:
        raise click.UsageError("name the products, or give --tudo for all of them")
    with banco.api() as api:
        if tudo:
            corrigidos = api.recalcular_tudo()
        else:
            # A code nothing knows may still have a stored row to remove: rebuild before judging.
            corrigidos = sum(api.recalcular(c) for c in dict.fromkeys(codigos))
            achados = {p.codigo_consultado for p in api.produtos(codigos)}
    if em_json:
        escrever_json({"corrigidos": corrigidos})
    else:
        escrever(f"{contar(corrigidos, 'product')} corrected")
    if not tudo and not corrigidos:
        _exigir([c for c in dict.fromkeys(codigos) if c not in achados])


@click.command()
@click.argument("codigos", nargs=-1, metavar="[CODIGO]...")
@com_banco
@com_json
def verificar(codigos: tuple[str, ...], banco: Banco, em_json: bool) -> None:
    """Compare stored values with the sources.

    Lists every difference, and ends with exit code 4 when there is one.

    \b
    Examples:
      estoque verificar
      estoque verificar P001
    """
    with banco.api() as api:
        if codigos:
            achados = {p.codigo_consultado for p in api.produtos(codigos)}
        inicio = time.perf_counter()
        divergencias = api.verificar(list(codigos) or None)
        ms = round((time.perf_counter() - inicio) * 1000)
        contagem = api.contagem() if not codigos else None
    if em_json:
        escrever_json([d.como_dict() for d in divergencias])
    elif divergencias:
        tabular(
            ["product", "field", "date", "stored", "expected"],
            [
                [d.cod_produto, d.campo, d.data_prevista, d.valor_armazenado, d.valor_esperado]
                for d in divergencias
            ],
        )
    if contagem:
        o_que = f"{contar(contagem.produtos, 'product')} and "
        o_que += contar(contagem.previsoes, "forecast row")
    else:
        o_que = contar(len(set(codigos)), "code")
    conta = contar(len(divergencias), "difference")
    resumo = f"{o_que} compared with the sources in {tabela.numero(ms)} ms: {conta}"
    (avisar if em_json else escrever)(resumo)
    if divergencias:
        raise DivergenciaEncontrada(f"{conta} between stored values and sources")
    if codigos:
        _exigir([c for c in dict.fromkeys(codigos) if c not in achados])
