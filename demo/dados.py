"""The whole ERP of the demonstration, table by table, from one seed and one day.

The same seed and day give the same rows. The order of the tables is the order of loading; it does
not matter for the result, the triggers keep every state in between exact.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from demo.catalogo import gerar_catalogo
from demo.documentos import gerar_documentos
from demo.movimentos import gerar_movimentos
from demo.unificacoes import gerar_unificacoes


@dataclass(frozen=True, slots=True)
class Tabela:
    """The rows of one source table."""

    nome: str
    colunas: tuple[str, ...]
    linhas: Iterable[tuple[object, ...]]
    total: int


def milesimos(quantidade: int) -> str:
    """Thousandths as a decimal number: exact, and quicker than Decimal."""
    sinal = "-" if quantidade < 0 else ""
    inteiro, fracao = divmod(abs(quantidade), 1000)
    return f"{sinal}{inteiro}.{fracao:03d}"


def gerar(semente: int, hoje: date) -> list[Tabela]:
    """All source tables; dates are relative to `hoje`."""
    sorteio = random.Random(semente)
    produtos = gerar_catalogo(sorteio)
    unificacoes = gerar_unificacoes(sorteio, produtos, hoje)
    documentos = gerar_documentos(sorteio, produtos, unificacoes, hoje)
    movimentos = gerar_movimentos(sorteio, produtos, unificacoes, documentos.faturamentos, hoje)

    def linhas() -> Iterator[tuple[object, ...]]:
        for dia, codigo, nome, tipo, local, quantidade, *resto in movimentos:
            yield (dia, codigo, nome, tipo, local, milesimos(quantidade), *resto)

    return [
        _tabela(
            "unificacao_codigos",
            "codigo_origem codigo_destino ativo observacao",
            [(u.origem, u.destino, u.ativo, u.observacao) for u in unificacoes.linhas],
        ),
        Tabela(
            "movimentacao_estoque",
            _colunas(
                "data_movimentacao cod_produto nome_produto tipo_movimentacao local_movimentacao"
                " qtd_movimentacao observacao numero_nf separacao_lote_id ativo"
            ),
            linhas(),
            len(movimentos),
        ),
        _tabela(
            "embarque_itens",
            "embarque_id separacao_lote_id pedido nota_fiscal status erro_validacao",
            documentos.embarques,
        ),
        _tabela(
            "pre_separacao_item",
            "separacao_lote_id num_pedido cod_produto nome_produto qtd_selecionada_usuario"
            " data_expedicao_editada status recomposto tipo_envio",
            documentos.pre_separacoes,
        ),
        _tabela(
            "separacao",
            "separacao_lote_id num_pedido cod_produto nome_produto qtd_saldo expedicao tipo_envio",
            documentos.separacoes,
        ),
        _tabela(
            "programacao_producao",
            "cod_produto nome_produto data_programacao qtd_programada linha_producao",
            documentos.producoes,
        ),
    ]


def _tabela(nome: str, colunas: str, linhas: list[tuple[object, ...]]) -> Tabela:
    return Tabela(nome, _colunas(colunas), linhas, len(linhas))


def _colunas(nomes: str) -> tuple[str, ...]:
    return tuple(nomes.split())
