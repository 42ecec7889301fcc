"""Real-time stock on PostgreSQL: balance, forecast and stock-out, kept by the database itself.

>>> import psycopg
>>> from estoque_pg import APIEstoqueTempoReal
>>> with psycopg.connect("dbname=erp") as conn:
...     APIEstoqueTempoReal(conn).consultar_produto("P001")
"""

from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.api_async import APIEstoqueTempoRealAsync
from estoque_pg.erros import (
    ArgumentoInvalido,
    BancoMaisNovo,
    CronAusente,
    DivergenciaEncontrada,
    ErroConexao,
    ErroEstoque,
    ErroSerializacao,
    FonteIncompativel,
    GatilhoAlheio,
    ManutencaoNecessaria,
    MigracaoAlterada,
    MigracoesPendentes,
    ProdutoDesconhecido,
    QuantidadeInvalida,
    SemPermissao,
    UnificacaoInvalida,
)
from estoque_pg.perguntas.conferencia import Contagem, Divergencia, Recalculo
from estoque_pg.perguntas.projecoes import DiaProjetado, Disponibilidade, ProjecaoCompleta
from estoque_pg.perguntas.saldos import MovimentacaoPrevista, Produto, Ruptura
from estoque_pg.perguntas.totais import Estatisticas

__version__ = "0.1.0"

__all__ = [
    "APIEstoqueTempoReal",
    "APIEstoqueTempoRealAsync",
    "ArgumentoInvalido",
    "BancoMaisNovo",
    "Contagem",
    "CronAusente",
    "DiaProjetado",
    "Disponibilidade",
    "Divergencia",
    "DivergenciaEncontrada",
    "ErroConexao",
    "ErroEstoque",
    "ErroSerializacao",
    "Estatisticas",
    "FonteIncompativel",
    "GatilhoAlheio",
    "ManutencaoNecessaria",
    "MigracaoAlterada",
    "MigracoesPendentes",
    "MovimentacaoPrevista",
    "Produto",
    "ProdutoDesconhecido",
    "ProjecaoCompleta",
    "QuantidadeInvalida",
    "Recalculo",
    "Ruptura",
    "SemPermissao",
    "UnificacaoInvalida",
    "__version__",
]
