"""Real-time stock on PostgreSQL: balance, forecast and stock-out, kept by the database itself.

>>> import psycopg
>>> from estoque_pg import APIEstoqueTempoReal
>>> with psycopg.connect("dbname=erp") as conn:
...     APIEstoqueTempoReal(conn).consultar_produto("P001")
"""

from estoque_pg.api import APIEstoqueTempoReal, GrupoEstoque
from estoque_pg.api_async import APIEstoqueTempoRealAsync, GrupoEstoqueAsync
from estoque_pg.erros import (
    ArgumentoInvalido,
    BancoMaisNovo,
    CronAusente,
    DivergenciaEncontrada,
    EmpresasFora,
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
from estoque_pg.perguntas.avisos import (
    EntregaMorta,
    EntregaPendente,
    Inscricao,
    NovaInscricao,
    Transicao,
)
from estoque_pg.perguntas.busca import Achado
from estoque_pg.perguntas.cobertura import Cobertura
from estoque_pg.perguntas.conferencia import (
    Ajuste,
    Comparacao,
    Contagem,
    Divergencia,
    Execucao,
    Recalculo,
)
from estoque_pg.perguntas.documentos import Documento
from estoque_pg.perguntas.grupos import (
    EmpresaDoGrupo,
    EmpresaFora,
    EstatisticasDaEmpresa,
    EstatisticasDoGrupo,
    RupturaDaEmpresa,
    RupturasDoGrupo,
    SaldoDaEmpresa,
    SaldosDoGrupo,
)
from estoque_pg.perguntas.incoerencias import DocumentoCitado, Incoerencia
from estoque_pg.perguntas.operacao import (
    Alterado,
    Correcao,
    Desajuste,
    Falha,
    Gatilho,
    Resumo,
    TarefaNoCron,
)
from estoque_pg.perguntas.planejamento import (
    AbaixoDoMinimo,
    Causa,
    DiaSimulado,
    Explicacao,
    ProjecaoSimulada,
    Promessa,
    Remedio,
    Simulacao,
    Simulado,
)
from estoque_pg.perguntas.projecoes import DiaProjetado, Disponibilidade, ProjecaoCompleta
from estoque_pg.perguntas.regras import Regra, RegraVigente
from estoque_pg.perguntas.saldos import (
    Acompanhado,
    Atrasado,
    CodigoConhecido,
    EmRisco,
    MovimentacaoPrevista,
    Negativo,
    Produto,
    Ruptura,
)
from estoque_pg.perguntas.totais import Estatisticas

__version__ = "0.1.0"

__all__ = [
    "APIEstoqueTempoReal",
    "APIEstoqueTempoRealAsync",
    "AbaixoDoMinimo",
    "Achado",
    "Acompanhado",
    "Ajuste",
    "Alterado",
    "ArgumentoInvalido",
    "Atrasado",
    "BancoMaisNovo",
    "Causa",
    "Cobertura",
    "CodigoConhecido",
    "Comparacao",
    "Contagem",
    "Correcao",
    "CronAusente",
    "Desajuste",
    "DiaProjetado",
    "DiaSimulado",
    "Disponibilidade",
    "Divergencia",
    "DivergenciaEncontrada",
    "Documento",
    "DocumentoCitado",
    "EmRisco",
    "EmpresaDoGrupo",
    "EmpresaFora",
    "EmpresasFora",
    "EntregaMorta",
    "EntregaPendente",
    "ErroConexao",
    "ErroEstoque",
    "ErroSerializacao",
    "Estatisticas",
    "EstatisticasDaEmpresa",
    "EstatisticasDoGrupo",
    "Execucao",
    "Explicacao",
    "Falha",
    "FonteIncompativel",
    "Gatilho",
    "GatilhoAlheio",
    "GrupoEstoque",
    "GrupoEstoqueAsync",
    "Incoerencia",
    "Inscricao",
    "ManutencaoNecessaria",
    "MigracaoAlterada",
    "MigracoesPendentes",
    "MovimentacaoPrevista",
    "Negativo",
    "NovaInscricao",
    "Produto",
    "ProdutoDesconhecido",
    "ProjecaoCompleta",
    "ProjecaoSimulada",
    "Promessa",
    "QuantidadeInvalida",
    "Recalculo",
    "Regra",
    "RegraVigente",
    "Remedio",
    "Resumo",
    "Ruptura",
    "RupturaDaEmpresa",
    "RupturasDoGrupo",
    "SaldoDaEmpresa",
    "SaldosDoGrupo",
    "SemPermissao",
    "Simulacao",
    "Simulado",
    "TarefaNoCron",
    "Transicao",
    "UnificacaoInvalida",
    "__version__",
]
