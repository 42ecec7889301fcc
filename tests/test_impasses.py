"""Single statements never deadlock with each other, and what they leave is exact.

The kinds of statement are made from the declared sources, so a new source is among them. Each meets
each, in both orders, by sessions that are stepped; then they meet where a group of codes changes
under one that already holds products; then they storm.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest
from apoio import Banco, Sessao
from conftest import Servico
from oraculo import verificar_invariante

from ferramentas.fontes import FONTES, Fonte

# --- the kinds of statement -------------------------------------------------------------------

# Two sides write the same products, each through rows and lots of its own: what they meet on is
# ours. A comes before all, X after; X joins A, or A leaves X, under writers of B and C.
CODIGOS = ("A", "B", "C", "X")
LADOS = (1, 0)


@dataclass(frozen=True)
class Tipo:
    """One kind of statement: what it does to some codes, for one side."""

    fonte: str | None
    sql: Callable[[Sequence[str], int], str]
    antes: str = ""
    # A rebuild finds nothing to change where all is right.
    muda: bool = True
    varios: bool = False


def meio(codigos: Sequence[str]) -> str:
    """The one code of a statement of one row: both sides have it."""
    return sorted(codigos)[1]


# Columns that a table asks for and that do not count.
PEDIDAS = {"movimentacao_estoque": {"tipo_movimentacao": "'E'"}}


def inserir(fonte: Fonte, codigos: Sequence[str], lado: int, lote: str = "L") -> str:
    def valor(coluna: str, codigo: str) -> str:
        if coluna == fonte.quantidade:
            return "3"
        if coluna == fonte.data:
            return "estoque_hoje() + 2"
        if coluna == fonte.lote:
            return f"'{lote}{lado}{codigo}'"
        if fonte.colunas[coluna] == "logico":
            return "true"
        if fonte.colunas[coluna] == "momento":
            return "estoque_hoje()"
        return {"cod_produto": f"'{codigo}'", "nome_produto": "'N'"}.get(coluna, "NULL")

    pedidas = PEDIDAS.get(fonte.tabela, {})
    colunas = [c for c in fonte.colunas if c != "id"]
    linhas = (", ".join([*(valor(c, cod) for c in colunas), *pedidas.values()]) for cod in codigos)
    return (
        f"INSERT INTO {fonte.tabela} ({', '.join([*colunas, *pedidas])})"
        f" VALUES {', '.join(f'({linha})' for linha in linhas)}"
    )


def de_fonte(fonte: Fonte) -> Iterator[tuple[str, Tipo]]:
    """Insert, update and delete, of one row and of several, in a source that moves something."""

    def alterar(como: str) -> Callable[[Sequence[str], int], str]:
        return lambda codigos, lado: (
            como.format(tabela=fonte.tabela, quantidade=fonte.quantidade, codigo=codigos[0])
            + f" WHERE cod_produto = ANY ('{{{','.join(codigos)}}}') AND id % 2 = {lado}"
        )

    feitos = {
        "insert": lambda codigos, lado: inserir(fonte, codigos, lado),
        "update": alterar("UPDATE {tabela} SET {quantidade} = {quantidade} + 1"),
        "delete": alterar("DELETE FROM {tabela}"),
    }
    for verbo, sql in feitos.items():
        yield f"{fonte.nome}: {verbo} several", Tipo(fonte.tabela, sql, varios=True)
        yield (
            f"{fonte.nome}: {verbo} one",
            Tipo(fonte.tabela, lambda codigos, lado, sql=sql: sql([meio(codigos)], lado)),  # type: ignore[misc]
        )
    mudar = alterar("UPDATE {tabela} SET cod_produto = '{codigo}'")
    yield f"{fonte.nome}: another code", Tipo(fonte.tabela, mudar, varios=True)


def itens(codigos: Sequence[str], lado: int, lote: str = "L", nota: str = "'NF'") -> str:
    linhas = (f"(1, '{lote}{lado}{c}', {nota}, 'ativo')" for c in codigos)
    return (
        "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal, status)"
        f" VALUES {', '.join(linhas)}"
    )


def nos_lotes(como: str, lote: str) -> Callable[[Sequence[str], int], str]:
    def sql(codigos: Sequence[str], lado: int) -> str:
        lotes = ",".join(f"{lote}{lado}{c}" for c in codigos)
        return f"{como} WHERE separacao_lote_id = ANY ('{{{lotes}}}')"

    return sql


def sempre(sql: str) -> Callable[[Sequence[str], int], str]:
    return lambda codigos, lado: sql


FATURAR = "UPDATE embarque_itens SET nota_fiscal = 'NF'"
UNIR = "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo) VALUES "
MOVIMENTACAO = FONTES[0]

# Those that no declaration tells; by the source whose statement they are.
POR_MAO = {
    "invoice one": Tipo("embarque_itens", lambda c, lado: itens([meio(c)], lado)),
    "invoice several": Tipo("embarque_itens", itens, varios=True),
    "invoice number comes": Tipo("embarque_itens", nos_lotes(FATURAR, "L"), varios=True),
    "invoices go": Tipo(
        "embarque_itens", nos_lotes("DELETE FROM embarque_itens", "F"), varios=True
    ),
    "unify": Tipo("unificacao_codigos", sempre(UNIR + "('X', 'A', true)")),
    "unify no more": Tipo(
        "unificacao_codigos",
        sempre("UPDATE unificacao_codigos SET ativo = false WHERE codigo_origem = 'Z'"),
    ),
    "unification goes": Tipo(
        "unificacao_codigos",
        sempre("DELETE FROM unificacao_codigos WHERE codigo_origem = 'Z'"),
    ),
    "codes come": Tipo(
        "movimentacao_estoque",
        lambda codigos, lado: inserir(MOVIMENTACAO, [*codigos, "N", "0"], lado),
        varios=True,
    ),
    "code goes": Tipo(
        "movimentacao_estoque", sempre("DELETE FROM movimentacao_estoque WHERE cod_produto = 'N'")
    ),
    "recalculate": Tipo(
        None, lambda codigos, _: f"SELECT estoque_recalcular('{meio(codigos)}')", muda=False
    ),
    "recalculate everything": Tipo(None, sempre("SELECT estoque_recalcular_tudo()"), muda=False),
    "turn the day": Tipo(
        None,
        sempre("SELECT estoque_virada()"),
        antes="UPDATE estoque_tempo_real SET valido_ate = valido_desde - 1",
    ),
    "fallback": Tipo(
        None,
        sempre("SELECT * FROM estoque_fallback(100)"),
        antes="UPDATE estoque_tempo_real SET saldo_atual = -1 WHERE cod_produto = 'C'",
    ),
    "minute job": Tipo(
        None,
        sempre("SELECT * FROM estoque_minuto()"),
        antes="UPDATE movimentacao_prevista SET saida_prevista = 99 WHERE cod_produto = 'C'",
    ),
}
TRUNCAR = {f"{f.nome}: truncate": Tipo(f.tabela, sempre(f"TRUNCATE {f.tabela}")) for f in FONTES}
TIPOS = {
    **dict(t for f in FONTES if f.move for t in de_fonte(f)),
    **POR_MAO,
    **TRUNCAR,
}

# --- the scene --------------------------------------------------------------------------------

NOSSAS = ("estoque_tempo_real", "movimentacao_prevista", "estoque_codigo_conhecido", "estoque_lote")
TABELAS = (*(f.tabela for f in FONTES), *NOSSAS)


@pytest.fixture(scope="module")
def modelo_da_cena(servico: Servico, modelo: str) -> str:
    """A template: two rows of each side for each code in each source, and a copy to go back to."""
    nome = servico.criar(modelo)
    banco = Banco(servico.dsn(nome))
    for fonte in FONTES:
        if fonte.move:
            for lote in ("L", "F") if fonte.portao else ("L",):
                for codigo in CODIGOS:
                    for lado in LADOS:
                        banco.cru(inserir(fonte, [codigo], lado, lote))
    for lado in LADOS:
        banco.cru(itens(CODIGOS, lado, "L", "NULL"))
        banco.cru(itens(CODIGOS, lado, "F"))
    banco.cru(inserir(MOVIMENTACAO, ["N", "Z"], 1))
    banco.cru(UNIR + "('Z', 'B', true)")
    banco.verificar()
    banco.cru("CREATE SCHEMA guarda")
    for tabela in TABELAS:
        banco.cru(f"CREATE TABLE guarda.{tabela} AS TABLE {tabela}")
    banco.fechar()
    return nome


@pytest.fixture
def banco(servico: Servico, modelo_da_cena: str) -> Iterator[Banco]:
    with servico.banco(modelo_da_cena) as banco:
        yield banco


def escritas(banco: Banco) -> dict[str, str]:
    """The columns of each table that can be written: those that are worked out cannot."""
    return {
        r["tabela"]: r["colunas"]
        for r in banco.cru(
            "SELECT attrelid::regclass::text AS tabela,"
            " string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS colunas"
            " FROM pg_attribute WHERE attrelid = ANY (%s::regclass[])"
            " AND attnum > 0 AND NOT attisdropped AND attgenerated = '' GROUP BY attrelid",
            [list(TABELAS)],
        )
    }


def montar(banco: Banco, *antes: str) -> None:
    """Puts the scene back, past the triggers, and what is to be there besides."""
    colunas = escritas(banco)
    voltar = [
        f"DELETE FROM {t}; INSERT INTO {t} ({colunas[t]}) OVERRIDING SYSTEM VALUE"
        f" SELECT {colunas[t]} FROM guarda.{t}"
        for t in TABELAS
    ]
    banco.cru(
        f"BEGIN; SET LOCAL session_replication_role = replica; {'; '.join(voltar)};"
        " SET LOCAL session_replication_role = origin; COMMIT"
    )
    for sql in antes:
        if sql:
            banco.cru(sql)


def conferir(banco: Banco, *tipos: str) -> None:
    """Exact, by the oracle; a run of the job leaves to the next what somebody was writing."""
    if {"fallback", "minute job"} & set(tipos):
        banco.cru("SELECT * FROM estoque_fallback(100)")
    verificar_invariante(banco.conn, consultas=False)


def encenar(sessoes: Sequence[Sessao], segura: str, comandos: Sequence[str]) -> None:
    """The first is not committed before each of the others has run or waits, in their order."""
    dono, *outras = sessoes
    dono.faz("BEGIN; " + segura).result(20)
    futuros = []
    for sessao, sql in zip(outras, comandos, strict=True):
        futuros.append(sessao.faz(sql))
        sessao.assenta(futuros[-1])
    dono.faz("COMMIT").result(20)
    for futuro in futuros:
        futuro.result(20)


@pytest.fixture
def sessoes(banco: Banco) -> Iterator[list[Sessao]]:
    with ExitStack() as pilha:
        yield [pilha.enter_context(Sessao(banco)) for _ in range(4)]


# --- each with each ---------------------------------------------------------------------------


def test_every_source_is_among_them() -> None:
    assert {t.fonte for t in TIPOS.values()} - {None} == {f.tabela for f in FONTES}
    por_mao = {t.fonte for t in POR_MAO.values()}
    assert {f.tabela for f in FONTES if not f.move} <= por_mao, "write its statements: POR_MAO"


@pytest.mark.parametrize("tipo", TIPOS)
def test_each_changes_something(banco: Banco, tipo: str) -> None:
    """Or it would meet nobody."""
    montar(banco, TIPOS[tipo].antes)
    antes = [banco.cru(f"SELECT * FROM {t} ORDER BY 1, 2") for t in NOSSAS[:2]]
    banco.cru(TIPOS[tipo].sql(("B", "C", "X"), 0))
    depois = [banco.cru(f"SELECT * FROM {t} ORDER BY 1, 2") for t in NOSSAS[:2]]
    assert (antes != depois) or not TIPOS[tipo].muda
    conferir(banco)


@pytest.mark.lento
@pytest.mark.parametrize("um", TIPOS)
def test_two_statements(banco: Banco, sessoes: list[Sessao], um: str) -> None:
    """One has run and is not committed; another runs, or waits for it and then runs."""
    for outro, tipo in TIPOS.items():
        montar(banco, TIPOS[um].antes, tipo.antes)
        try:
            encenar(sessoes[:2], TIPOS[um].sql(("B", "C", "X"), 0), [tipo.sql(("X", "C", "B"), 1)])
            conferir(banco, um, outro)
        except Exception as erro:
            raise AssertionError(f"{um}, then {outro}: {erro}") from erro


# --- where a group changes under one that holds products --------------------------------------


MOVER_C = inserir(MOVIMENTACAO, ["C"], 1)
# what is there before · what changes meanwhile · the codes of the one, the codes of the other
MUDANCAS: dict[str, tuple[str, str, Sequence[str], Sequence[str]]] = {
    "joined": ("", UNIR + "('X', 'A', true)", ("X", "C", "B"), ("A", "B", "C")),
    "parted": (
        UNIR + "('A', 'X', true)",
        "DELETE FROM unificacao_codigos WHERE codigo_origem = 'A'",
        ("C", "B", "A"),
        ("A", "B", "C"),
    ),
}


@pytest.mark.lento
@pytest.mark.parametrize("mudanca", MUDANCAS)
@pytest.mark.parametrize("um", [nome for nome, tipo in TIPOS.items() if tipo.varios])
def test_group_changes_under_a_writer(
    banco: Banco, sessoes: list[Sessao], um: str, mudanca: str
) -> None:
    """It holds B and waits for C; what it needs besides moves before B, where another has it.

    TRUNCATE holds the whole of its table before we are asked, and may deadlock with a statement
    that reads it: it is in no other's place here.
    """
    antes, muda, codigos, outros = MUDANCAS[mudanca]
    for outro, tipo in TIPOS.items():
        if outro in TRUNCAR:
            continue
        montar(banco, antes, TIPOS[um].antes, tipo.antes)
        try:
            encenar(sessoes, MOVER_C, [TIPOS[um].sql(codigos, 0), muda, tipo.sql(outros, 1)])
            conferir(banco, um, outro)
        except Exception as erro:
            raise AssertionError(f"{um}, {mudanca}, {outro}: {erro}") from erro


def mov(*codigos: str) -> str:
    return inserir(MOVIMENTACAO, codigos, 0)


def sep(lote: str, *codigos: str) -> str:
    return inserir(next(f for f in FONTES if f.portao), codigos, 0, lote)


# what one session holds · what others do meanwhile, each in a session of its own
ENCENADOS: dict[str, tuple[str, tuple[str, ...]]] = {
    "code forgotten and registered again by another": (
        MOVER_C,
        (mov("B", "C", "N"), "DELETE FROM movimentacao_estoque WHERE cod_produto = 'N'",
         mov("N", "B")),
    ),
    "code registered while everything is rebuilt": (
        MOVER_C,
        ("SELECT estoque_recalcular_tudo()", mov("0"), mov("0", "B")),
    ),
    "code registered while its source is truncated": (
        MOVER_C,
        ("TRUNCATE embarque_itens", mov("0"), mov("0", "B")),
    ),
    "lot invoiced and separated while everything is rebuilt": (
        MOVER_C,
        ("SELECT estoque_recalcular_tudo()", itens(["A"], 0, "novo"), sep("novo", "A")),
    ),
    "new code unified with one that is written": (
        MOVER_C,
        (mov("C", "0", "Y"), UNIR + "('B', 'Y', true)", mov("B", "0")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("caso", ENCENADOS)
def test_staged(banco: Banco, sessoes: list[Sessao], caso: str) -> None:
    segura, comandos = ENCENADOS[caso]
    encenar(sessoes, segura, comandos)
    banco.verificar()


# --- storms -----------------------------------------------------------------------------------

PRODUTOS = [f"P{n}" for n in range(9)]
PASSAGEIROS = [f"Q{n}" for n in range(4)]  # codes that come and go


def tempestade(
    banco: Banco, gerar: Callable[[random.Random, int], str], sessoes: int, vezes: int
) -> list[psycopg.Error]:
    """Each session with a seed and rows of its own; every statement a transaction. The errors."""

    def trabalhar(eu: int) -> list[psycopg.Error]:
        r, conn, erros = random.Random(eu), banco.conectar(), []
        for _ in range(vezes):
            try:
                conn.execute(gerar(r, eu))
            except psycopg.Error as erro:
                erros.append(erro)
        return erros

    with ThreadPoolExecutor(sessoes) as equipe:
        return [erro for erros in equipe.map(trabalhar, range(sessoes)) for erro in erros]


def preparar(banco: Banco) -> None:
    for codigo in PRODUTOS:
        banco.cru(inserir(MOVIMENTACAO, [codigo], 0))
        for eu in range(8):
            banco.cru(
                "INSERT INTO pre_separacao_item (num_pedido, cod_produto, qtd_selecionada_usuario,"
                " data_expedicao_editada) VALUES (%s, %s, 3, estoque_hoje() + %s)",
                [f"s{eu}", codigo, eu],
            )
    banco.cru(UNIR + "('P8', 'P0', false), ('P6', 'P2', false), ('P7', 'P1', false)")


def alternar(origem: str) -> str:
    return f"UPDATE unificacao_codigos SET ativo = NOT ativo WHERE codigo_origem = '{origem}'"


def movimentos(codigos: Sequence[str], r: random.Random, eu: int) -> str:
    linhas = ", ".join(f"('{c}')" for c in codigos)
    return (
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo, observacao)"
        f" SELECT v.c, 'N{r.randint(0, 1)}', estoque_hoje(), 'E', {r.randint(-9, 9)}, true, 's{eu}'"
        f" FROM (VALUES {linhas}) AS v (c)"
    )


def producao(codigos: Sequence[str], r: random.Random) -> str:
    linhas = ", ".join(f"('{c}')" for c in codigos)
    return (
        "INSERT INTO programacao_producao (cod_produto, qtd_programada, data_programacao)"
        f" SELECT v.c, {r.randint(1, 9)}, estoque_hoje() + {r.randint(0, 9)}"
        f" FROM (VALUES {linhas}) AS v (c)"
    )


def reservar(r: random.Random, eu: int) -> str:
    return (
        f"UPDATE pre_separacao_item SET qtd_selecionada_usuario = {r.randint(1, 9)}"
        f" WHERE num_pedido = 's{eu}'"
    )


def de_nove(r: random.Random, eu: int) -> str:
    """All products in some order, while one session unifies the last with the first and back."""
    nove = r.sample(PRODUTOS, 9)
    if eu == 0:
        return alternar("P8")
    return r.choice([movimentos(nove, r, eu), producao(nove, r), reservar(r, eu)])


def de_tudo(r: random.Random, eu: int) -> str:
    codigos = r.sample(PRODUTOS, r.randint(2, 6))
    lotes = [f"L{r.randint(0, 3)}", f"L{r.randint(0, 3)}"]
    separadas = ", ".join(
        f"('{r.choice(lotes)}', 's{eu}', '{c}', {r.randint(1, 9)}, estoque_hoje() + {n})"
        for n, c in enumerate(codigos)
    )
    faturadas = ", ".join(f"(1, '{lote}', 'NF', 'ativo', 's{eu}')" for lote in lotes)
    return r.choice(
        [
            movimentos(codigos, r, eu),
            movimentos(codigos[:1], r, eu),
            movimentos(r.sample(PRODUTOS + PASSAGEIROS, 4), r, eu),
            movimentos(r.sample(PRODUTOS + PASSAGEIROS, 4), r, eu),
            f"DELETE FROM movimentacao_estoque WHERE observacao = 's{eu}' AND cod_produto ~ '^Q'",
            producao(codigos, r),
            reservar(r, eu),
            "INSERT INTO separacao (separacao_lote_id, num_pedido, cod_produto, qtd_saldo,"
            f" expedicao) VALUES {separadas}",
            f"UPDATE separacao SET expedicao = expedicao + 1 WHERE num_pedido = 's{eu}'",
            f"DELETE FROM separacao WHERE num_pedido = 's{eu}' AND id % 3 = {r.randint(0, 2)}",
            "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal, status,"
            f" pedido) VALUES {faturadas}",
            f"DELETE FROM embarque_itens WHERE pedido = 's{eu}'",
            alternar(f"P{6 + eu}") if eu < 3 else producao(codigos, r),
            f"SELECT estoque_recalcular('{r.choice(PRODUTOS + PASSAGEIROS)}')",
            r.choice(
                [
                    "SELECT estoque_virada()",
                    "SELECT * FROM estoque_fallback()",
                    "SELECT estoque_recalcular_tudo()",
                ]
            ),
        ]
    )


@pytest.mark.lento
@pytest.mark.parametrize(
    ("gerar", "sessoes", "vezes"), [(de_nove, 6, 200), (de_tudo, 8, 150)], ids=["nine", "all"]
)
def test_storm_of_single_statements(
    servico: Servico,
    modelo: str,
    gerar: Callable[[random.Random, int], str],
    sessoes: int,
    vezes: int,
) -> None:
    with servico.banco(modelo) as banco:
        preparar(banco)
        assert tempestade(banco, gerar, sessoes, vezes) == []
        banco.verificar()


# --- what a key that is gone lets in ----------------------------------------------------------


@pytest.mark.parametrize(
    ("tabela", "coluna"),
    [("estoque_tempo_real", "cod_produto"), ("estoque_codigo_conhecido", "codigo")],
)
@pytest.mark.parametrize(
    "sql",
    [
        inserir(MOVIMENTACAO, ["B", "C"], 0),
        inserir(MOVIMENTACAO, ["C", "novo"], 0),
        "UPDATE pre_separacao_item SET qtd_selecionada_usuario = 8 WHERE cod_produto = 'C'",
    ],
)
def test_code_that_is_there_twice_is_named(
    banco: Banco, tabela: str, coluna: str, sql: str
) -> None:
    """After a restore that lost the primary key, say. It must not be asked for again for ever."""
    montar(banco)
    banco.cru(f"ALTER TABLE {tabela} DROP CONSTRAINT {tabela}_pkey CASCADE")
    colunas = escritas(banco)[tabela]
    banco.cru(
        f"INSERT INTO {tabela} ({colunas}) SELECT {colunas} FROM {tabela} WHERE {coluna} = 'C'"
    )
    banco.cru("SET statement_timeout = '10 s'")
    with pytest.raises(psycopg.Error) as erro:
        banco.cru(sql)
    assert erro.value.sqlstate == "XX001", erro.value
    assert f"{tabela} has the code 'C' more than once" in str(erro.value)
    assert erro.value.diag.message_hint is not None
    banco.cru(erro.value.diag.message_hint)  # it says what to run
    banco.execute(sql)
