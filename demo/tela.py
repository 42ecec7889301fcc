"""What the demonstration prints, and how."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from textwrap import wrap
from typing import Any

import psycopg

from demo.roteiro import Dia, Passo, Retrato
from estoque_pg import DiaProjetado, Estatisticas, Produto, Ruptura
from estoque_pg.explicacao import em_palavras
from estoque_pg.idioma import t, tn
from estoque_pg.perguntas.planejamento import ACOES, Explicacao, Simulado
from estoque_pg.tabela import (
    APAGADO,
    ASCII,
    NEGRITO,
    VERDE,
    VERMELHO,
    Marcado,
    colorir,
    em_dias,
    grafico_projecao,
    limpo,
    numero,
    tabela,
)


class Tela:
    """Standard output, with colours or without."""

    def __init__(self, cores: bool, largura: int) -> None:
        self.cores = cores
        self.largura = largura
        try:
            "▼█─".encode(sys.stdout.encoding or "ascii")
            self._unicode = True
        except (UnicodeEncodeError, LookupError):
            self._unicode = False

    def escrever(self, texto: str = "") -> None:
        if not self._unicode:
            codigo = sys.stdout.encoding or "ascii"
            texto = texto.translate(ASCII).encode(codigo, "replace").decode(codigo)
        print(texto, flush=True)

    def inteiro(self, valor: int) -> str:
        return numero(valor)

    def titulo(self, texto: str) -> None:
        self.escrever()
        self.escrever(colorir(limpo(texto), NEGRITO, self.cores))

    def linha(self, texto: str) -> None:
        self.escrever(f"  {texto}")

    def paragrafo(self, texto: str) -> None:
        for linha in wrap(texto, self.largura - 2):
            self.linha(linha)

    def aviso(self, texto: str) -> None:
        for linha in wrap(texto, self.largura - 2):
            self.linha(colorir(linha, VERMELHO, self.cores))

    def bloco(self, texto: str) -> None:
        for linha in texto.splitlines():
            self.escrever(f"  {linha}".rstrip())

    def estatisticas(self, e: Estatisticas) -> None:
        acabam = t("{n} run out within 7 days", n=numero(e.produtos_com_ruptura))
        self.linha(
            t(
                "{total} products: {acabam} ({percentual} %), {negativos} are negative, {zerados}"
                " are zero",
                total=numero(e.total_produtos),
                acabam=colorir(acabam, VERMELHO, self.cores),
                percentual=numero(e.percentual_ruptura),
                negativos=numero(e.produtos_estoque_negativo),
                zerados=numero(e.produtos_estoque_zerado),
            )
        )
        previsoes = numero(e.movimentacoes_previstas_7d)
        self.linha(t("{n} forecasts (a product on a day) in those 7 days", n=previsoes))

    def rupturas(self, rupturas: Sequence[Ruptura]) -> None:
        linhas = [
            [
                r.cod_produto,
                r.nome_produto,
                Marcado(r.estoque_atual) if r.estoque_atual < 0 else r.estoque_atual,
                Marcado(r.menor_estoque_d7),
                r.dia_ruptura,
                em_dias(r.dias_ate_ruptura),
            ]
            for r in rupturas
        ]
        colunas = (t("code"), t("product"), t("balance"), t("lowest"), t("runs out on"), "")
        self.bloco(tabela(colunas, linhas, self.cores, self.largura - 2))

    def projecao(self, produto: Produto, projecao: Sequence[DiaProjetado]) -> None:
        self.linha(
            t(
                "balance {agora}, lowest in 7 days {menor}; bars: the end of each day",
                agora=numero(produto.estoque_atual),
                menor=numero(produto.menor_estoque_d7),
            )
        )
        self.bloco(grafico_projecao(projecao, self.largura - 2, 10, self.cores))

    def explicacoes(self, explicacoes: Sequence[Explicacao]) -> None:
        for e in explicacoes:
            self.paragrafo(em_palavras(e))
            for r in e.remedios:
                quando = f"{r.para:%d/%m}" if r.de is None else f"{r.de:%d/%m} → {r.para:%d/%m}"
                qual = f" {r.documento}" if r.documento else ""
                self.linha(f"- {t(ACOES[r.acao])}{qual}: {numero(r.quantidade)}, {quando}")

    def simulacao(self, produtos: Sequence[Simulado]) -> None:
        piores = sorted(
            (p for p in produtos if p.menor_depois < min(p.menor_antes, Decimal(0))),
            key=lambda p: (p.menor_depois - p.menor_antes, p.cod_produto),
        )
        self.linha(
            t(
                "{n} products would have another balance, {piores} of them a lower one below zero",
                n=len(produtos),
                piores=len(piores),
            )
        )
        colunas = (t("code"), t("product"), t("lowest"), t("then lowest"), t("runs out on"))
        linhas = [
            [p.cod_produto, p.nome_produto, p.menor_antes, Marcado(p.menor_depois),
             p.dia_ruptura_depois]
            for p in piores[:5]
        ]  # fmt: skip
        if linhas:
            self.bloco(tabela(colunas, linhas, self.cores, self.largura - 2))

    def dia(self, conn: psycopg.Connection[Any]) -> None:
        dia = Dia(conn)
        qual = f"{dia.codigo}, {dia.inicio.nome_produto}"
        self.titulo(t("The life of a day: {produto}", produto=qual))
        self.linha(
            t("plain INSERT, UPDATE and DELETE on the ERP's tables, each step a transaction")
        )
        fim, amanha = f"{dia.hoje + timedelta(days=7):%d/%m}", f"{dia.amanha:%d/%m}"
        self.paragrafo(
            t(
                "out, in: the exits forecast for today, the entries for {amanha}; then the balance"
                " at the end of {fim}, the lowest until then, and the day stock runs out",
                amanha=amanha,
                fim=fim,
            )
        )
        colunas = (
            "",
            t("code"),
            t("balance"),
            t("out today"),
            t("in {dia}", dia=amanha),
            t("at {dia}", dia=fim),
            t("lowest"),
            t("rupture"),
        )
        for n, passo in enumerate(dia.passos(), 1):
            self._passo(n, passo, colunas)
        self.escrever()
        if dia.retrato(dia.codigo) == dia.inicio:
            self.linha(t("the product is exactly where the day began"))
        else:
            self.aviso(t("the product is not where the day began: somebody else was at work"))

    def _passo(self, n: int, passo: Passo, colunas: Sequence[str]) -> None:
        self.escrever()
        tempo = colorir(f"{decimal(passo.milissegundos)} ms", APAGADO, self.cores)
        numero_do_passo = colorir(str(n), NEGRITO, self.cores)
        self.linha(f"{numero_do_passo}  {limpo(passo.titulo)}  {tempo}")
        antes = {r.cod_produto: _celulas(r) for r in passo.antes}
        linhas = [[t("before"), *celulas] for celulas in antes.values()]
        for r in passo.depois:
            linhas.append([t("after"), *_destacar(_celulas(r), antes.get(r.cod_produto))])
        titulos, _, *corpo = tabela(colunas, linhas, self.cores).splitlines()
        self.bloco("\n".join(f"   {linha}" for linha in (titulos, *corpo)))

    def auditoria(self, produtos: int, previsoes: int, diferencas: int, ms: float) -> None:
        resultado = colorir(
            tn("{n} difference", "{n} differences", diferencas, n=numero(diferencas)),
            VERMELHO if diferencas else VERDE,
            self.cores,
        )
        self.linha(
            t(
                "{produtos} products and {previsoes} forecast rows compared with the sources:"
                " {resultado}, in {ms} ms",
                produtos=numero(produtos),
                previsoes=numero(previsoes),
                resultado=resultado,
                ms=f"{ms:.0f}",
            )
        )


def decimal(valor: float) -> str:
    """Write a measured time: one decimal is as much as it is worth."""
    return numero(Decimal(f"{valor:.1f}"))


def _celulas(r: Retrato) -> list[object]:
    return [
        r.cod_produto,
        r.saldo_atual,
        r.saida,
        r.entrada,
        r.final_d7,
        r.menor_estoque_d7,
        Marcado(f"{r.dia_ruptura:%d/%m}") if r.dia_ruptura else None,
    ]


def _destacar(depois: list[object], antes: list[object] | None) -> list[object]:
    """Make what a step changed stand out."""
    if antes is None:
        return depois
    return [
        d if d == a or isinstance(d, Marcado) else Marcado(d, NEGRITO)
        for d, a in zip(depois, antes, strict=True)
    ]
