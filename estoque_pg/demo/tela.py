"""What the demonstration prints, and how."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import psycopg

from estoque_pg.demo.roteiro import Dia, Passo, Retrato
from estoque_pg.linhas import DiaProjetado, Estatisticas, Produto, Ruptura
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

    def aviso(self, texto: str) -> None:
        self.linha(colorir(texto, VERMELHO, self.cores))

    def bloco(self, texto: str) -> None:
        for linha in texto.splitlines():
            self.escrever(f"  {linha}".rstrip())

    def estatisticas(self, e: Estatisticas) -> None:
        self.linha(
            f"{numero(e.total_produtos)} products: "
            + colorir(f"{numero(e.produtos_com_ruptura)} run out within 7 days", VERMELHO,
                      self.cores)
            + f" ({numero(e.percentual_ruptura)} %), {numero(e.produtos_estoque_negativo)} are "
            f"negative, {numero(e.produtos_estoque_zerado)} are zero"
        )  # fmt: skip
        self.linha(f"{numero(e.movimentacoes_previstas_7d)} days with a forecast in those 7 days")

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
        colunas = ("code", "product", "balance", "lowest", "runs out on", "")
        self.bloco(tabela(colunas, linhas, self.cores, self.largura - 2))

    def projecao(self, produto: Produto, projecao: Sequence[DiaProjetado]) -> None:
        self.linha(
            f"balance {numero(produto.estoque_atual)}, lowest within 7 days "
            f"{numero(produto.menor_estoque_d7)}; the bars are the balance at the end of each day"
        )
        self.bloco(grafico_projecao(projecao, self.largura - 2, 10, self.cores))

    def dia(self, conn: psycopg.Connection[Any]) -> None:
        dia = Dia(conn)
        self.titulo(f"The life of a day: {dia.codigo}, {dia.inicio.nome_produto}")
        self.linha(
            "each step is a transaction of plain INSERT, UPDATE and DELETE on the ERP's tables"
        )
        for n, passo in enumerate(dia.passos(), 1):
            self._passo(n, passo, f"{dia.dia:%d/%m}")
        self.escrever()
        final = dia.retrato(dia.codigo)
        if final == dia.inicio:
            self.linha("the product is exactly where the day began")
        else:
            self.aviso("the product is not where the day began: somebody else was at work")

    def _passo(self, n: int, passo: Passo, dia: str) -> None:
        self.escrever()
        tempo = colorir(f"{passo.milissegundos:.1f} ms", APAGADO, self.cores)
        self.linha(f"{colorir(f'{n}', NEGRITO, self.cores)}  {passo.titulo}  {tempo}")
        linhas = [["before", *_celulas(r)] for r in passo.antes]
        for r in passo.depois:
            antes = next((a for a in passo.antes if a.cod_produto == r.cod_produto), None)
            linhas.append(["after", *_destacar(_celulas(r), _celulas(antes) if antes else None)])
        colunas = (
            "", "code", "balance", f"entries {dia}", f"exits {dia}", "after 7 days",
            "lowest D+7", "runs out on",
        )  # fmt: skip
        self.bloco(_recuar(tabela(colunas, linhas, self.cores, self.largura - 5)))

    def auditoria(self, produtos: int, previsoes: int, diferencas: int, ms: float) -> None:
        resultado = colorir(
            f"{numero(diferencas)} differences", VERMELHO if diferencas else VERDE, self.cores
        )
        self.linha(
            f"{numero(produtos)} products and {numero(previsoes)} forecast rows compared with the "
            f"sources: {resultado}, in {ms:.0f} ms"
        )


def _celulas(r: Retrato) -> list[object]:
    return [
        r.cod_produto,
        r.saldo_atual,
        r.entrada,
        r.saida,
        r.final_d7,
        r.menor_estoque_d7,
        r.dia_ruptura,
    ]


def _destacar(depois: list[object], antes: list[object] | None) -> list[object]:
    """Make what a step changed stand out."""
    if antes is None:
        return [depois[0], *(Marcado(d, NEGRITO) for d in depois[1:])]
    return [
        d if d == a else Marcado(d, VERDE if d is None else NEGRITO)
        for d, a in zip(depois, antes, strict=True)
    ]


def _recuar(texto: str) -> str:
    return "\n".join(f"   {linha}" for linha in texto.splitlines())
