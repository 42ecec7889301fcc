"""The questions whose answers need more than a table, and the repair and audit.

Plain questions have their commands made by `estoque_pg.cli.simples`.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import click

from estoque_pg import tabela
from estoque_pg.cli.base import (
    Banco,
    avisar,
    colorido,
    com_banco,
    com_dias,
    com_formato,
    contar,
    escrever,
    escrever_linha,
    escrever_linhas,
    ler_quantidade,
    saldo,
    tabular,
)
from estoque_pg.cli.codigos import com_codigo, com_codigos, exigir, ler_entrada
from estoque_pg.cli.ficha import ficha, pedir_produto, previsoes, ruptura_em, titulo
from estoque_pg.cli.grupo import com_grupo, exigir_todas, mostrar
from estoque_pg.cli.grupo import perguntar as perguntar_ao_grupo
from estoque_pg.erros import DivergenciaEncontrada
from estoque_pg.idioma import t, tn
from estoque_pg.perguntas.conferencia import Divergencia, valor_de
from estoque_pg.perguntas.grupos import saldos_do_grupo
from estoque_pg.perguntas.linha import Coluna, Linha
from estoque_pg.perguntas.saldos import Produto


@click.command()
@com_codigos("[CODIGO]...")
@com_grupo
@com_banco
@com_formato
def consultar(codigos: tuple[str, ...], grupo: str | None, banco: Banco, em_json: bool) -> None:
    """Show products, a line each.

    Balance, lowest balance of the next 7 days, and the day on which stock runs out, by any code
    of a product. Codes may also come from standard input, one per line: where a dash stands, or
    where no code is given and the input is not the terminal.

    \b
    Examples:
      estoque consultar P001 P002
      estoque consultar - < codes.txt
      estoque consultar --formato csv < codes.txt > stock.csv
      estoque consultar P001 --grupo holding
    """
    if not codigos and not sys.stdin.isatty():
        codigos = tuple(ler_entrada())
    if not codigos:
        raise click.UsageError(t("name the products, or give their codes on standard input"))
    if grupo is not None:
        saldos = perguntar_ao_grupo(banco, grupo, saldos_do_grupo(codigos))
        mostrar(saldos, em_json=em_json)
        exigir_todas(saldos)
        exigir(codigos, {s.codigo_consultado for s in saldos.produtos})
        return
    with banco.retrato() as api:
        produtos = api.produtos(codigos)
        hoje = api.hoje()
    if em_json:
        escrever_linhas(Produto, produtos)
    elif produtos:
        unificado = any(p.codigo_consultado != p.cod_produto for p in produtos)
        linhas: list[list[object]] = []
        for p in produtos:
            quando = ruptura_em(p.dia_ruptura, hoje) if p.dia_ruptura else None
            pedido: list[object] = [p.codigo_consultado] if unificado else []
            quantos = [saldo(p.estoque_atual), saldo(p.menor_estoque_d7)]
            linhas.append([*pedido, p.cod_produto, p.nome_produto, *quantos, quando])
        pedidos = [t("asked")] if unificado else []
        tabular(
            [*pedidos, t("product"), t("name"), t("balance"), t("lowest D+7"), t("runs out")],
            linhas,
        )
    achados = {p.codigo_consultado for p in produtos}
    exigir(codigos, achados)


@click.command()
@com_codigo
@com_banco
@com_formato
def produto(codigo: str, banco: Banco, em_json: bool) -> None:
    """Show one product and its next 7 days.

    What is overdue has lines of its own: exits, which count today, and entries, which do not count.

    \b
    Example:
      estoque produto P001
    """
    with banco.retrato() as api:
        achado = pedir_produto(api, codigo)
        atrasado = api.atrasado(codigo)
        hoje = api.hoje()
    if em_json:
        escrever_linha(achado)
        return
    escrever("\n".join(ficha(achado, hoje, colorido(sys.stdout))))
    titulos, linhas = previsoes(achado, atrasado)
    if linhas:
        escrever("")
        tabular(titulos, linhas)


@click.command()
@com_codigo
@click.argument("quantidade", callback=ler_quantidade)
@com_dias(28)
@com_banco
@com_formato
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
    with banco.retrato() as api:
        achado = pedir_produto(api, codigo)
        resposta = api.disponibilidade(codigo, quantidade, dias)
        assert resposta is not None  # the product is known, in this same snapshot
        hoje = api.hoje()
    if em_json:
        escrever_linha(resposta)
        return
    titulo(achado)
    pedida = tabela.numero(quantidade)
    if resposta.data_disponivel is None or resposta.quantidade_disponivel is None:
        escrever(t("{pedida} cannot be promised {prazo}", pedida=pedida, prazo=tabela.ate_em(dias)))
        return
    dia = resposta.data_disponivel
    escrever(
        t(
            "{pedida} can be promised from {dia} ({quando}); up to {total} on that day",
            pedida=pedida,
            dia=tabela.data(dia),
            quando=tabela.em_dias((dia - hoje).days),
            total=tabela.numero(resposta.quantidade_disponivel),
        )
    )


@dataclass(frozen=True, slots=True)
class Recalculados(Linha):
    """How many products were rebuilt otherwise than they had been."""

    corrigidos: Annotated[int, Coluna("corrected")]


@click.command()
@com_codigos("[CODIGO]...")
@click.option("--tudo", is_flag=True, help="Every product.")
@com_banco
@com_formato
def recalcular(codigos: tuple[str, ...], tudo: bool, banco: Banco, em_json: bool) -> None:
    """Rebuild products from the sources.

    Idempotent, and safe while others write. A dash reads codes from standard input.

    \b
    Examples:
      estoque recalcular P001 P002
      estoque recalcular --tudo
    """
    if codigos and tudo:
        raise click.UsageError(t("give codes or --tudo, not both"))
    if not codigos and not tudo:
        raise click.UsageError(t("name the products, or give --tudo for all of them"))
    with banco.api() as api:
        if tudo:
            corrigidos = api.recalcular_tudo()
        else:
            # A code nothing knows may still have a stored row to remove: rebuild before judging.
            corrigidos = sum(api.recalcular(c) for c in dict.fromkeys(codigos))
            achados = {p.codigo_consultado for p in api.produtos(codigos)}
    if not tudo and not achados and not corrigidos:
        exigir(codigos, achados)
    if em_json:
        escrever_linha(Recalculados(corrigidos))
    else:
        n = tabela.numero(corrigidos)
        escrever(tn("{n} product corrected", "{n} products corrected", corrigidos, n=n))
    if not tudo and not corrigidos:
        exigir(codigos, achados)


@click.command()
@com_codigos("[CODIGO]...")
@com_banco
@com_formato
def verificar(codigos: tuple[str, ...], banco: Banco, em_json: bool) -> None:
    """Compare stored values with the sources.

    Lists every difference, and ends with exit code 4 when there is one. A dash reads codes from
    standard input.

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
    if codigos and not achados and not divergencias:
        exigir(codigos, achados)
    if em_json:
        escrever_linhas(Divergencia, divergencias)
    elif divergencias:
        tabular(
            [t("product"), t("field"), t("date"), t("stored"), t("expected")],
            [
                [
                    d.cod_produto,
                    d.campo,
                    d.data_prevista,
                    valor_de(d.campo, d.valor_armazenado),
                    valor_de(d.campo, d.valor_esperado),
                ]
                for d in divergencias
            ],
        )
    if contagem:
        o_que = t(
            "{produtos} and {previsoes}",
            produtos=contar(contagem.produtos, "product"),
            previsoes=contar(contagem.previsoes, "forecast row"),
        )
    else:
        o_que = contar(len(achados), "code")
    conta = contar(len(divergencias), "difference")
    resumo = t(
        "{o_que} compared with the sources in {ms} ms: {conta}",
        o_que=o_que,
        ms=tabela.numero(ms),
        conta=conta,
    )
    (avisar if em_json else escrever)(resumo)
    if divergencias:
        raise DivergenciaEncontrada(t("{conta} between stored values and sources", conta=conta))
    if codigos:
        exigir(codigos, achados)
