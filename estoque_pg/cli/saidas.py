"""The exit codes of the command line: 0 is ok, 2 (wrong usage) is click's own."""

from __future__ import annotations

from estoque_pg.erros import (
    BancoMaisNovo,
    DivergenciaEncontrada,
    EmpresasFora,
    ErroConexao,
    ErroEstoque,
    ManutencaoNecessaria,
    MigracaoAlterada,
    MigracoesPendentes,
)

# The most specific class first: the first that fits counts.
SAIDAS: tuple[tuple[type[ErroEstoque], int], ...] = (
    (MigracoesPendentes, 3),
    (BancoMaisNovo, 3),
    (MigracaoAlterada, 3),
    (ManutencaoNecessaria, 4),
    (DivergenciaEncontrada, 4),
    (EmpresasFora, 4),
    (ErroConexao, 5),
    (ErroEstoque, 1),
)


def saida_de(erro: ErroEstoque) -> int:
    """Return the exit code of an error."""
    return next(codigo for classe, codigo in SAIDAS if isinstance(erro, classe))
