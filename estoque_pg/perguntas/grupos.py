"""What is asked of all companies of a group at once, and of the group itself.

The statements are asked in the group's own schema (`estoque_pg.grupos`). An answer names the
companies that did not answer, in `empresas_fora`: it never lacks one without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, TypeVar

from estoque_pg.idioma import marcar
from estoque_pg.perguntas import argumentos
from estoque_pg.perguntas.base import Pergunta, linhas, uma_linha, valor, valores
from estoque_pg.perguntas.linha import (
    CodProduto,
    Coluna,
    EstoqueAtual,
    Linha,
    MenorEstoqueD7,
    NomeProduto,
)

T = TypeVar("T", bound=Linha)
R = TypeVar("R", bound=Linha)

# Why a company did not answer.
MOTIVOS: Mapping[str, str] = MappingProxyType(
    {
        "ausente": marcar("not installed"),
        "versao": marcar("another version is installed"),
        "alheia": marcar("not asked: somebody else could act through it"),
        "sem_direito": marcar("no right to read it"),
        "inacessivel": marcar("its server cannot be reached"),
        "demorou": marcar("no answer in time"),
        "falhou": marcar("it answered with an error"),
    }
)
Empresa = Annotated[str, Coluna("company")]
# In a file stand the companies that are away as well, each a row of these two columns alone.
Fora = Annotated[str | None, Coluna("away", frases=MOTIVOS)]


@dataclass(frozen=True, slots=True)
class EmpresaFora(Linha):
    """A company that did not answer; `fora` is a key of MOTIVOS, `erro` the server's own words.

    The public dictionary leaves these out: they may name hosts and roles.
    """

    RESERVADAS: ClassVar[tuple[str, ...]] = ("erro",)

    empresa: Empresa
    fora: Annotated[str, Coluna("away", frases=MOTIVOS)]
    erro: Annotated[str, Coluna("error")]


@dataclass(frozen=True, slots=True)
class RupturaDaEmpresa(Linha):
    """A product of a company that runs out; `fora` is None, and fills a column of files."""

    RESERVADAS: ClassVar[tuple[str, ...]] = ("fora",)

    empresa: Empresa
    cod_produto: CodProduto
    nome_produto: NomeProduto
    estoque_atual: EstoqueAtual
    menor_estoque_d7: MenorEstoqueD7
    dia_ruptura: Annotated[date, Coluna("runs out", "ruptura")]
    dias_ate_ruptura: Annotated[
        int, Coluna("when", "prazo", na_planilha=marcar("days until it runs out"))
    ]
    falta: Annotated[Decimal, Coluna("short")]
    fim_ruptura: Annotated[date | None, Coluna("until")]
    fora: Fora = None


@dataclass(frozen=True, slots=True)
class EstatisticasDaEmpresa(Linha):
    """The figures of a company's stock; `fora` is None, and fills a column of files."""

    RESERVADAS: ClassVar[tuple[str, ...]] = ("fora",)

    empresa: Empresa
    total_produtos: Annotated[int, Coluna("products")]
    produtos_com_ruptura: Annotated[int, Coluna("running out within 7 days", "alerta")]
    produtos_estoque_negativo: Annotated[int, Coluna("balance below zero")]
    produtos_estoque_zerado: Annotated[int, Coluna("balance zero")]
    movimentacoes_previstas_7d: Annotated[int, Coluna("forecast rows of the next 7 days")]
    percentual_ruptura: Annotated[Decimal, Coluna("per cent running out")]
    fora: Fora = None


@dataclass(frozen=True, slots=True)
class SaldoDaEmpresa(Linha):
    """What a company has of a code; `fora` is None, and fills a column of files."""

    RESERVADAS: ClassVar[tuple[str, ...]] = ("fora",)

    empresa: Empresa
    codigo_consultado: Annotated[str, Coluna("asked")]
    cod_produto: CodProduto
    nome_produto: NomeProduto
    estoque_atual: EstoqueAtual
    menor_estoque_d7: MenorEstoqueD7
    dia_ruptura: Annotated[date | None, Coluna("runs out", "ruptura")]
    fora: Fora = None


@dataclass(frozen=True, slots=True)
class RupturasDoGrupo(Linha):
    """What runs out in the group, soonest first, and who did not answer."""

    TABELA: ClassVar[str] = "produtos"
    RESTO: ClassVar[str] = "empresas_fora"

    produtos: tuple[RupturaDaEmpresa, ...]
    empresas_fora: tuple[EmpresaFora, ...]


@dataclass(frozen=True, slots=True)
class EstatisticasDoGrupo(Linha):
    """The figures of each company, by name, and who did not answer."""

    TABELA: ClassVar[str] = "empresas"
    RESTO: ClassVar[str] = "empresas_fora"

    empresas: tuple[EstatisticasDaEmpresa, ...]
    empresas_fora: tuple[EmpresaFora, ...]


@dataclass(frozen=True, slots=True)
class SaldosDoGrupo(Linha):
    """What the companies have of some codes, in the order asked for, and who did not answer."""

    TABELA: ClassVar[str] = "produtos"
    RESTO: ClassVar[str] = "empresas_fora"

    produtos: tuple[SaldoDaEmpresa, ...]
    empresas_fora: tuple[EmpresaFora, ...]


def _de(classe: type[T]) -> Callable[..., T | EmpresaFora]:
    """Return what makes a row of an answer: a company's, or that of one that is away."""

    def fazer(*, fora: str | None, erro: str | None, **colunas: Any) -> T | EmpresaFora:
        if fora is None:
            return classe(**colunas)
        return EmpresaFora(colunas["empresa"], fora, erro or "")

    return fazer


def _todas(
    classe: type[T],
    formar: Callable[[tuple[T, ...], tuple[EmpresaFora, ...]], R],
    nome: str,
    **parametros: Any,
) -> Pergunta[R]:
    def separar(achadas: list[T | EmpresaFora]) -> R:
        return formar(
            tuple(a for a in achadas if isinstance(a, classe)),
            tuple(a for a in achadas if isinstance(a, EmpresaFora)),
        )

    return linhas(_de(classe), nome, **parametros).entao(separar)


def rupturas_do_grupo(dias: int = 7) -> Pergunta[RupturasDoGrupo]:
    """Return the products that run out in any company within today and `dias` days."""
    return _todas(RupturaDaEmpresa, RupturasDoGrupo, "grupo_rupturas", dias=argumentos.dias(dias))


def estatisticas_do_grupo() -> Pergunta[EstatisticasDoGrupo]:
    """Return the figures of each company's stock."""
    return _todas(EstatisticasDaEmpresa, EstatisticasDoGrupo, "grupo_estatisticas")


def saldos_do_grupo(codigos: Sequence[str]) -> Pergunta[SaldosDoGrupo]:
    """Return what each company has of the codes; of one it does not know it has no row."""

    def em_ordem(achados: SaldosDoGrupo) -> SaldosDoGrupo:
        ordem = {c: n for n, c in enumerate(dict.fromkeys(pedidos))}
        em_ordem = sorted(achados.produtos, key=lambda s: ordem[s.codigo_consultado])
        return SaldosDoGrupo(tuple(em_ordem), achados.empresas_fora)

    pedidos = argumentos.codigos(codigos)
    return _todas(SaldoDaEmpresa, SaldosDoGrupo, "grupo_saldos", codigos=pedidos).entao(em_ordem)


# -- the group itself ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EmpresaDoGrupo(Linha):
    """A company of a group: where it is, and why it cannot be asked, None where it can.

    `servidor` is a foreign server, None for this database; `endereco` says where that leads.
    """

    empresa: Empresa
    esquema: Annotated[str, Coluna("schema")]
    servidor: str | None
    endereco: Annotated[str | None, Coluna("server")]
    fora: Fora
    erro: Annotated[str | None, Coluna("error")]


def empresas() -> Pergunta[list[EmpresaDoGrupo]]:
    """Return the companies of the group by name; none of them is asked anything."""
    return linhas(lambda **colunas: EmpresaDoGrupo(**colunas), "grupo_empresas")


@dataclass(frozen=True, slots=True)
class GrupoDeEmpresas(Linha):
    """A group of the database, and the role it belongs to."""

    grupo: Annotated[str, Coluna("group")]
    dono: Annotated[str, Coluna("owner")]


def grupos() -> Pergunta[list[GrupoDeEmpresas]]:
    """Return the groups of the database, of those the role may use."""
    return linhas(GrupoDeEmpresas, "grupos")


@dataclass(frozen=True, slots=True)
class Cabimento(Linha):
    """What there is already of a company that a group is to take in."""

    tomado: bool
    pelo_padrao: bool
    instalada: bool


def cabimento(empresa: str, esquema: str) -> Pergunta[Cabimento]:
    """Return whether the name is taken, or is one of the pattern, and whether the schema is one."""
    return uma_linha(
        lambda **colunas: Cabimento(**colunas), "grupo_cabimento", empresa=empresa, esquema=esquema
    )


def fazer_grupo(padrao: str | None, limite: float) -> Pergunta[int]:
    """Note what a new group consists of."""
    return valor(int, "grupo_fazer", padrao=padrao, limite=limite)


def mudar_grupo(padrao: str | None, limite: float | None) -> Pergunta[int]:
    """Give a group another pattern, another limit; None leaves it."""
    return valor(int, "grupo_mudar", padrao=padrao, limite=limite)


def incluir_empresa(empresa: str, esquema: str, servidor: str | None) -> Pergunta[str]:
    """Note a company of a group."""
    return valor(str, "grupo_incluir", empresa=empresa, esquema=esquema, servidor=servidor)


def servidor_do_grupo(opcoes: str, senha: str | None) -> Pergunta[str]:
    """Make the foreign server to where options of libpq lead, given as JSON; return its name."""
    return valor(str, "grupo_servidor", opcoes=opcoes, senha=senha)


def retirar_empresa(empresa: str) -> Pergunta[bool]:
    """Take a company out; return whether it was named."""
    return valor(bool, "grupo_retirar", empresa=empresa)


def conceder_grupo(papel: str) -> Pergunta[list[str]]:
    """Let a role read the group; return the statements run."""
    return valores(str, "grupo_conceder", papel=papel)


def extensoes_que_faltam() -> Pergunta[list[str]]:
    """Return which of the extensions for other servers are not in the database."""
    return valores(str, "grupo_extensoes")


@dataclass(frozen=True, slots=True)
class Sessao(Linha):
    """The role and the search_path of a session, as its settings say them."""

    papel: str
    caminho: str


def quem_e_onde() -> Pergunta[Sessao]:
    """Return who a session is, and where it looks."""
    return uma_linha(Sessao, "quem_e_onde")


def ser(papel: str, caminho: str) -> Pergunta[str]:
    """Be a role, and look somewhere, until the transaction ends."""
    return valor(str, "ser", papel=papel, caminho=caminho)


def existe_schema(schema: str) -> Pergunta[bool]:
    """Return whether the database has a schema of that name."""
    return valor(bool, "existe_schema", schema=schema)
