"""Random statements of every kind over few products; the invariant after each of them.

A failing example shrinks to a short SQL script, which the failure prints. Every statement also
runs on a copy of the source tables without triggers, in the schema `sombra`: the triggers must not
change what a statement does to the sources, and a unification may be refused only when its end is
unsound.

ESTOQUE_HYPOTHESIS=longo runs far more examples, from a new seed each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg
import pytest
from apoio import Banco, nao_somadas, obrigatorias, palavras
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oraculo import FONTES, Linha, Oraculo, ler_fontes, unificacao_valida, verificar_invariante
from oraculo_manha import comparar_manha
from oraculo_planejador import comparar_planejador

from ferramentas.fontes import FONTES as DECLARADAS
from ferramentas.fontes import Fonte, Tipo

settings.register_profile(
    "padrao",
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    # explaining a failure runs the example many times over for little
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
settings.register_profile(
    "longo", settings.get_profile("padrao"), derandomize=False, max_examples=3000
)
PERFIL = settings.get_profile(os.environ.get("ESTOQUE_HYPOTHESIS", "padrao"))
LONGO = PERFIL is not settings.get_profile("padrao")


def exemplos(n: int) -> settings:
    return settings(PERFIL, max_examples=PERFIL.max_examples if LONGO else n)


# --- the script -------------------------------------------------------------------------------


@dataclass(frozen=True)
class SQL:
    """One statement; `@` stands for the schema, `#` for the next new id."""

    texto: str


@dataclass(frozen=True)
class Copia:
    tabela: str
    linhas: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Dia:
    """The system's day moves to D+n; `virada` runs the job that turns the day."""

    n: int
    virada: bool


@dataclass(frozen=True)
class Recalcular:
    codigo: str | None


@dataclass(frozen=True)
class Bloco:
    """A transaction, or a savepoint in one."""

    passos: tuple[Passo, ...]
    desfazer: bool


Passo: TypeAlias = SQL | Copia | Dia | Recalcular | Bloco

# --- literals ---------------------------------------------------------------------------------

CODIGOS = ("A", "B", "C", "0123", "123")
codigo = st.sampled_from([f"'{c}'" for c in CODIGOS])
lote = st.sampled_from(["'L1'", "'L2'", "NULL"])
pedido = st.sampled_from(["'1'", "'2'", "NULL"])
ativo = st.sampled_from(["true", "true", "true", "false", "NULL"])
nome = st.sampled_from(["'um'", "'dois'", "''"])
data = st.sampled_from(
    ["NULL"] + [f"date '{Banco.D}' + {n}" for n in (-2, -1, 0, 0, 1, 2, 6, 7, 8, 9, 15)]
)
saldo = st.sampled_from(["0", "1", "-1", "5", "-7.5", "0.001", "10", "-3"])
nulo = st.just("NULL")
prevista = st.sampled_from(["NULL", "0", "-1", "1", "2.5", "0.0005", "3", "8"])

# Where a column is special: what the table demands and we do not read, and what is no forecast.
ESPECIAIS: dict[str, dict[str, st.SearchStrategy[str]]] = {
    "movimentacao_estoque": {
        "data_movimentacao": st.sampled_from(
            [f"date '{Banco.D}' + {n}" for n in (0, 0, -1, -30, -31, -91)]
        ),
        "numero_nf": st.sampled_from(["NULL", "'NF'", "''"]),
        "separacao_lote_id": lote,
        "tipo_movimentacao": st.just("'E'"),
        "qtd_movimentacao": saldo,
    },
    "pre_separacao_item": {"separacao_lote_id": lote},
    "separacao": {"num_pedido": pedido},
    "embarque_itens": {
        "pedido": pedido,
        "nota_fiscal": st.sampled_from(["'NF'", "'NF'", "''", "NULL"]),
        "status": st.sampled_from(["'ativo'", "'ativo'", "'cancelado'", "NULL"]),
        "erro_validacao": st.sampled_from(["NULL", "NULL", "'erro'"]),
    },
}


def sorteio(fonte: Fonte, coluna: str) -> st.SearchStrategy[str]:
    """What a column is drawn from of which nothing special is known."""
    por_nome = {
        "cod_produto": st.one_of(codigo, codigo, nulo),
        "nome_produto": st.one_of(nome, nulo),
        "separacao_lote_id": lote,
    }
    por_tipo: dict[Tipo, st.SearchStrategy[str]] = {
        "qualquer": nulo,
        # A state: one that the contribution knows, or another.
        "texto": st.sampled_from([*palavras(fonte), "'OUTRO'", "NULL"]),
        "codigo": codigo,
        "quantidade": prevista,
        "data": data,
        "momento": data,
        "logico": ativo,
    }
    de = por_nome[coluna] if coluna in por_nome else por_tipo[fonte.colunas[coluna]]
    return de.filter(lambda x: x != "NULL") if coluna in obrigatorias(fonte) else de


def sorteios(fonte: Fonte) -> dict[str, st.SearchStrategy[str]]:
    """What each column that counts is drawn from."""
    contam = [c for c in fonte.colunas if c != "id"]
    contam += [c for c in fonte.opcionais if c == "nome_produto"]
    return {c: sorteio(fonte, c) for c in contam} | ESPECIAIS.get(fonte.tabela, {})


COLUNAS = {fonte.tabela: sorteios(fonte) for fonte in DECLARADAS}
tabela = st.sampled_from(FONTES)
onde = st.sampled_from(
    ["true", "id % 2 = 0", "id % 2 = 1", "id % 3 = 0", "id = (SELECT max(id) FROM @.{t})"]
)


def linha(t: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.tuples(*COLUNAS[t].values())


@st.composite
def inserir(draw: st.DrawFn, maximo: int = 3) -> str:
    t = draw(tabela)
    linhas = draw(st.lists(linha(t), min_size=1, max_size=maximo))
    valores = ", ".join(f"(#, {', '.join(r)})" for r in linhas)
    return f"INSERT INTO @.{t} (id, {', '.join(COLUNAS[t])}) VALUES {valores}"


@st.composite
def atualizar(draw: st.DrawFn) -> str:
    t = draw(tabela)
    colunas = draw(
        st.lists(st.sampled_from(sorted(COLUNAS[t])), min_size=1, max_size=2, unique=True)
    )
    mudancas = ", ".join(f"{c} = {draw(COLUNAS[t][c])}" for c in colunas)
    return f"UPDATE @.{t} SET {mudancas} WHERE {draw(onde).format(t=t)}"


@st.composite
def atualizar_por_expressao(draw: st.DrawFn) -> str:
    t, mudanca = draw(
        st.sampled_from(
            [
                ("movimentacao_estoque", "qtd_movimentacao = -qtd_movimentacao"),
                ("movimentacao_estoque", "ativo = NOT coalesce(ativo, false)"),
                ("movimentacao_estoque", "id = -id"),
                ("separacao", "expedicao = expedicao + 1, qtd_saldo = qtd_saldo * 2"),
                (
                    "separacao",
                    "separacao_lote_id = CASE separacao_lote_id WHEN 'L1' THEN 'L2' ELSE 'L1' END",
                ),
                ("programacao_producao", "data_programacao = data_programacao - 1"),
                (
                    "pre_separacao_item",
                    "status = CASE status WHEN 'CRIADO' THEN 'ENVIADO_SEPARACAO' ELSE 'CRIADO' END",
                ),
                (
                    "embarque_itens",
                    "erro_validacao = CASE WHEN erro_validacao IS NULL THEN 'erro' END",
                ),
                (
                    "embarque_itens",
                    "separacao_lote_id = CASE separacao_lote_id WHEN 'L1' THEN 'L2' ELSE 'L1' END",
                ),
                ("unificacao_codigos", "ativo = NOT coalesce(ativo, false)"),
                (
                    "unificacao_codigos",
                    "codigo_origem = codigo_destino, codigo_destino = codigo_origem",
                ),
            ]
        )
    )
    return f"UPDATE @.{t} SET {mudanca} WHERE {draw(onde).format(t=t)}"


@st.composite
def apagar(draw: st.DrawFn) -> str:
    t = draw(tabela)
    return f"DELETE FROM @.{t} WHERE {draw(onde).format(t=t)}"


@st.composite
def em_conflito(draw: st.DrawFn) -> str:
    t = draw(tabela)
    colunas = ", ".join(COLUNAS[t])
    nova, outra = draw(linha(t)), draw(linha(t))
    mudancas = ", ".join(f"{c} = excluded.{c}" for c in COLUNAS[t])
    return (
        f"INSERT INTO @.{t} (id, {colunas})"
        f" VALUES (coalesce((SELECT max(id) FROM @.{t}), #), {', '.join(nova)}),"
        f" (#, {', '.join(outra)})"
        f" ON CONFLICT (id) DO UPDATE SET {mudancas}"
    )


@st.composite
def fundir(draw: st.DrawFn) -> str:
    t = draw(tabela)
    c = draw(st.sampled_from(sorted(COLUNAS[t])))
    return (
        f"MERGE INTO @.{t} t USING (VALUES (0), (1), (7)) v (k) ON abs(t.id) % 3 = v.k"
        f" WHEN MATCHED AND v.k = 1 THEN DELETE"
        f" WHEN MATCHED THEN UPDATE SET {c} = {draw(COLUNAS[t][c])}"
        f" WHEN NOT MATCHED THEN INSERT (id, {', '.join(COLUNAS[t])})"
        f" VALUES (# + v.k, {', '.join(draw(linha(t)))})"
    )


@st.composite
def truncar(draw: st.DrawFn) -> str:
    tabelas = draw(st.lists(tabela, min_size=1, max_size=3, unique=True))
    return "TRUNCATE " + ", ".join(f"@.{t}" for t in tabelas)


@st.composite
def mudar_de_tabela(draw: st.DrawFn) -> str:
    return draw(
        st.sampled_from(
            [
                "WITH x AS (DELETE FROM @.separacao RETURNING *)"
                " INSERT INTO @.pre_separacao_item (id, cod_produto, qtd_selecionada_usuario,"
                " data_expedicao_editada) SELECT # + row_number() OVER (ORDER BY id), cod_produto,"
                " qtd_saldo, expedicao FROM x WHERE cod_produto IS NOT NULL",
                "WITH x AS (UPDATE @.pre_separacao_item SET status = 'ENVIADO_SEPARACAO'"
                " WHERE coalesce(status, 'CRIADO') = 'CRIADO' RETURNING *)"
                " INSERT INTO @.separacao (id, separacao_lote_id, cod_produto, qtd_saldo,"
                " expedicao)"
                " SELECT # + row_number() OVER (ORDER BY id), 'L1', cod_produto,"
                " qtd_selecionada_usuario, data_expedicao_editada FROM x",
            ]
        )
    )


simples = st.one_of(inserir(2), inserir(2), atualizar(), atualizar_por_expressao(), apagar())


@st.composite
def com_ctes(draw: st.DrawFn) -> str:
    """Several sources changed in one query; at most one statement changes old rows of a table."""
    partes: list[str] = []
    mexidas: set[str] = set()
    for parte in draw(st.lists(simples, min_size=2, max_size=4)):
        alvo = next(t for t in FONTES if f"@.{t} " in parte)
        if parte.startswith("INSERT") or alvo not in mexidas:
            partes.append(parte)
            mexidas |= set() if parte.startswith("INSERT") else {alvo}
    *ctes, ultima = partes
    if not ctes:
        return ultima
    return "WITH " + ", ".join(f"w{n} AS ({p})" for n, p in enumerate(ctes)) + " " + ultima


@st.composite
def copiar(draw: st.DrawFn) -> Copia:
    t = draw(tabela)
    return Copia(t, tuple(draw(st.lists(linha(t), min_size=1, max_size=5))))


comando: st.SearchStrategy[Passo] = st.one_of(
    st.one_of(
        inserir(),
        inserir(),
        inserir(),
        atualizar(),
        atualizar_por_expressao(),
        apagar(),
        em_conflito(),
        fundir(),
        com_ctes(),
        com_ctes(),
        com_ctes(),
        truncar(),
        mudar_de_tabela(),
    ).map(SQL),
    copiar(),
)
relogio: st.SearchStrategy[Passo] = st.one_of(
    st.builds(Dia, st.sampled_from([-1, 0, 1, 2, 7, 8]), st.booleans()),
    st.builds(Recalcular, st.one_of(st.none(), st.sampled_from(CODIGOS))),
)
em_bloco = st.recursive(
    st.one_of(comando, comando, comando, relogio),
    lambda filhos: st.builds(
        Bloco, st.lists(filhos, min_size=1, max_size=3).map(tuple), st.booleans()
    ),
    max_leaves=6,
)
roteiro = st.lists(em_bloco, min_size=2, max_size=9)

# --- running it -------------------------------------------------------------------------------


class Executor:
    def __init__(self, banco: Banco) -> None:
        self.banco = banco
        self.conn = banco.conn
        self.fazer_sombra()
        self.consultas = True
        self.proximo = self.vez = 0

    def fazer_sombra(self) -> None:
        self.conn.execute("CREATE SCHEMA sombra")
        for t in FONTES:
            real = f"{self.banco.esquema}.{t}"
            self.conn.execute(f"CREATE TABLE sombra.{t} (LIKE {real} INCLUDING ALL)")

    def zerar(self) -> None:
        """Back to an empty system: each example stands alone."""
        self.esvaziar()
        self.banco.congelar(self.banco.D)
        self.proximo = self.vez = 0

    def esvaziar(self) -> None:
        """Without firing a trigger."""
        tabelas = self.banco.cru(
            "SELECT c.oid::regclass::text AS t FROM pg_class c"
            " WHERE c.relnamespace IN ('public'::regnamespace, 'sombra'::regnamespace)"
            " AND c.relkind = 'r' AND c.relname !~ 'yoyo|controle|migracao'"
        )
        self.conn.execute("SET session_replication_role = replica")
        self.conn.execute("; ".join(f"DELETE FROM {r['t']}" for r in tabelas))
        self.conn.execute("RESET session_replication_role")

    def rodar(self, passos: tuple[Passo, ...] | list[Passo]) -> None:
        for passo in passos:
            self.passo(passo)

    def passo(self, passo: Passo) -> None:
        match passo:
            case Bloco(passos, desfazer):
                with self.conn.transaction(force_rollback=desfazer):
                    self.rodar(passos)
            case Dia(n, virada):
                self.banco.congelar(self.banco.dia(n))
                if virada:
                    self.verificar()
                    self.conn.execute("SELECT estoque_virada()")
            case Recalcular(None):
                assert self.banco.valor("SELECT estoque_recalcular_tudo()") == 0
            case Recalcular(codigo):
                assert self.banco.valor("SELECT estoque_recalcular(%s)", [codigo]) == 0
            case SQL() | Copia():
                self.nos_dois(passo)
        self.verificar()

    def nos_dois(self, passo: SQL | Copia) -> None:
        """The statement on the shadow, then on the real tables; both keep it or neither does."""
        inicio = self.proximo
        try:
            with self.conn.transaction():
                self.executar("sombra", passo)
                self.proximo = inicio
                self.executar(self.banco.esquema, passo)
            aceito = True
        except psycopg.Error as erro:
            if not self.contraditoria(erro):
                raise
            aceito = False
        if aceito:
            sombra = ler_fontes(self.conn, "sombra.")
            for t, linhas in ler_fontes(self.conn, f"{self.banco.esquema}.").items():
                assert sorted(map(str, linhas)) == sorted(map(str, sombra[t])), t
            assert unificacao_valida(sombra["unificacao_codigos"])
        else:
            with self.conn.transaction(force_rollback=True):
                self.proximo = inicio
                self.executar("sombra", passo)
                unificacoes = ler_fontes(self.conn, "sombra.")["unificacao_codigos"]
                assert not unificacao_valida(unificacoes) or _repetida(unificacoes)

    def contraditoria(self, erro: psycopg.Error) -> bool:
        """Whether a unification was refused."""
        return erro.sqlstate == "EP002"

    def executar(self, esquema: str, passo: SQL | Copia) -> None:
        if isinstance(passo, SQL):
            if passo.texto.startswith("MERGE") and self.conn.info.server_version < 150000:
                return
            texto = passo.texto.replace("@", esquema)
            while "#" in texto:
                texto = texto.replace("#", str(self.novo()), 1)
            self.conn.execute(texto)
            return
        colunas = ", ".join(COLUNAS[passo.tabela])
        with self.conn.cursor() as cur:
            with cur.copy(f"COPY {esquema}.{passo.tabela} (id, {colunas}) FROM STDIN") as copia:
                for r in passo.linhas:
                    copia.write_row([self.novo(), *map(_python, r)])

    def novo(self) -> int:
        self.proximo += 100  # MERGE and INSERT … SELECT add to it
        return self.proximo + self.proximo // 100 % 2

    def verificar(self) -> None:
        certo = verificar_invariante(self.conn, consultas=self.consultas)
        if self.consultas:
            self.vez += 1
            erros = comparar_planejador(self.conn, certo, self.vez)
            erros += comparar_manha(self.conn, certo)
            assert not erros, "\n".join([f"today is {certo.hoje}", *erros[:12]])


def _repetida(linhas: list[Linha]) -> bool:
    """The same pair active twice: neither unsound nor worth having; refusing it is fine."""
    pares = [(r["codigo_origem"], r["codigo_destino"]) for r in linhas if r["ativo"]]
    return len(pares) != len(set(pares))


def _python(literal: str) -> Any:
    """The value of one of the literals above."""
    from datetime import date, timedelta

    if literal.startswith("date"):
        _, iso, *soma = literal.split("'")
        dias = int(soma[0].replace("+", "") or 0) if soma and soma[0].strip() else 0
        return date.fromisoformat(iso) + timedelta(days=dias)
    if literal.startswith("'"):
        return literal[1:-1]
    return {"NULL": None, "true": True, "false": False}.get(literal, literal)


@pytest.fixture
def executor(banco: Banco) -> Iterator[Executor]:
    queixas = nao_somadas(Oraculo)  # else a difference would be found, and not where it comes from
    assert not queixas, "\n".join(queixas)
    executor = Executor(banco)
    yield executor
    executor.zerar()


# The database outlives the examples of one test; Executor.zerar empties it before each.


@pytest.mark.lento
@exemplos(120)
@given(passos=roteiro)
def test_random_scripts(executor: Executor, passos: list[Passo]) -> None:
    executor.zerar()
    executor.rodar(passos)


@pytest.mark.lento
@exemplos(150)
@given(passos=st.lists(com_ctes().map(SQL), min_size=2, max_size=6))
def test_several_sources_in_one_query(executor: Executor, passos: list[Passo]) -> None:
    """Triggers of one query see each other's rows; nothing may be counted twice or missed."""
    executor.zerar()
    executor.consultas = False
    executor.rodar(passos)


@pytest.mark.lento
@exemplos(60)
@given(passos=st.lists(em_bloco, min_size=1, max_size=4))
def test_all_in_one_transaction(executor: Executor, passos: list[Passo]) -> None:
    """What an earlier statement of the same transaction has done must not be done again."""
    executor.zerar()
    executor.consultas = False
    executor.passo(Bloco(tuple(passos), desfazer=False))


# not shrunk: what fails here fails, shorter, in the tests above with more examples
@pytest.mark.lento
@settings(exemplos(6), phases=[Phase.generate])
@given(passos=st.lists(em_bloco, min_size=40, max_size=60))
def test_long_histories(executor: Executor, passos: list[Passo]) -> None:
    executor.zerar()
    executor.consultas = False
    executor.rodar(passos)
