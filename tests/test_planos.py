"""What a statement reads does not depend on what PostgreSQL believes about the tables.

Statistics lag behind: those of an empty table, or of the three rows left of a test catalogue, are
still believed while the real catalogue is written in one statement. Each statement here runs on
such statistics and on right ones. Nothing is timed: auto_explain tells, of every statement inside
our functions, the rows that each part of its plan read, and those must be few times the rows there
are, never the rows of one table times those of another. See docs/decisoes/15.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from apoio import RAIZ, Banco
from conftest import Servico

from estoque_pg.migracoes import instalar
from ferramentas.fontes import FONTES, Fonte, Tipo

PRODUTOS = 500
POUCOS = 10
MOVEM = [f for f in FONTES if f.move]
UMA_A_UMA = 6 * POUCOS * len(MOVEM)
EXPLICAR = {
    "log_min_duration": "0",
    "log_analyze": "on",
    "log_timing": "off",
    "log_nested_statements": "on",
    "log_format": "json",
    "log_level": "notice",
}

# --- the rows ---------------------------------------------------------------------------------

VALORES: dict[str, str] = {
    "cod_produto": "{prefixo} || i % {produtos}",
    "nome_produto": "'Produto ' || i % {produtos}",
    "separacao_lote_id": "{prefixo} || i / 3",
    "nota_fiscal": "CASE WHEN i % 5 = 0 THEN 'NF' END",
    "status": "CASE WHEN '{tabela}' = 'embarque_itens' THEN 'ativo' END",
    "erro_validacao": "NULL",
    "ativo": "true",
    "data_movimentacao": "current_date",
    "tipo_movimentacao": "'E'",
}
POR_TIPO: dict[Tipo, str] = {
    "texto": "'x'",
    "codigo": "'x'",
    "quantidade": "1 + i % 9",
    "data": "estoque_hoje() + (i * 7919 % 40)::integer - 3",
    "momento": "current_date",
    "logico": "true",
}


def colunas(fonte: Fonte) -> dict[str, str]:
    """What is written to a source: each column and its value in row `i`."""
    tipos = {c: t for c, t in fonte.colunas.items() if c != "id"}
    valores = {c: VALORES.get(c) or POR_TIPO[t] for c, t in tipos.items()}
    if "nome_produto" in fonte.opcionais:
        valores["nome_produto"] = VALORES["nome_produto"]
    if fonte.tabela == "movimentacao_estoque":  # not ours to read, and not null
        valores |= {c: VALORES[c] for c in ("data_movimentacao", "tipo_movimentacao")}
    return valores


def inserir(fonte: Fonte, linhas: str, produtos: int = PRODUTOS, prefixo: str = "P") -> str:
    """One INSERT; `linhas` is what yields its `i`."""
    nomes, valores = zip(*colunas(fonte).items(), strict=True)
    texto = f"INSERT INTO {fonte.tabela} ({', '.join(nomes)}) SELECT {', '.join(valores)}"
    return (
        texto.format(prefixo=f"'{prefixo}'", produtos=produtos, tabela=fonte.tabela)
        + f" FROM {linhas}"
    )


def cargas(produtos: int = PRODUTOS, prefixo: str = "P") -> dict[str, str]:
    """A catalogue, each source in one statement; the unifications stay empty."""
    return {
        f.tabela: inserir(f, f"generate_series(1, {produtos * 2}) AS i", produtos, prefixo)
        for f in FONTES
        if f.tabela != "unificacao_codigos"
    }


def uma_a_uma() -> str:
    """New products and known ones, row by row in one transaction."""
    inserts = (inserir(f, "(SELECT v_i AS i) AS linha", 2 * POUCOS, "U") for f in MOVEM)
    corpo = "; ".join(inserts)
    return f"DO $$ BEGIN FOR v_i IN 1..{6 * POUCOS} LOOP {corpo}; END LOOP; END $$"


# --- the statements ---------------------------------------------------------------------------

CODIGOS = f"ARRAY(SELECT 'P' || i FROM generate_series(0, {PRODUTOS - 1}) AS i)"
UNIR = (
    "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
    f" SELECT 'P' || i, 'P' || (i + {PRODUTOS // 2}), true"
    f" FROM generate_series(0, {PRODUTOS // 4}) AS i"
)
FATURAR = "UPDATE embarque_itens SET nota_fiscal = CASE WHEN nota_fiscal IS NULL THEN 'NF' END"
LIGAR = "UPDATE movimentacao_estoque SET separacao_lote_id = 'P' || id / 3, numero_nf = id / 5"
POR_FORA = (
    "SET LOCAL session_replication_role = replica",
    inserir(MOVEM[0], f"generate_series(1, {PRODUTOS}) AS i", prefixo="Z"),
    "SET LOCAL session_replication_role = origin",
)
AMANHA = (
    "DO $do$ BEGIN EXECUTE format('CREATE OR REPLACE FUNCTION estoque_hoje() RETURNS date"
    " LANGUAGE sql STABLE PARALLEL SAFE RETURN date %L', estoque_hoje() + 30); END $do$"
)

# A general minimum, and one of its own for every tenth product.
MINIMOS = (
    "INSERT INTO estoque_regra (cod_produto, minimo) SELECT NULL, 3 UNION ALL"
    f" SELECT 'P' || i, 7 FROM generate_series(0, {PRODUTOS - 1}, 10) AS i"
)

# Two products run out, of which two are to be told.
MUDAR = (
    "SELECT estoque_anunciar()",
    "SELECT estoque_inscrever('email', 'a' || n || '@b.example') FROM generate_series(1, 2) AS n",
    "UPDATE separacao SET qtd_saldo = qtd_saldo + 1000 WHERE cod_produto IN ('P1', 'P2')",
)


def de_cada_fonte() -> Iterator[tuple[str, tuple[str, ...]]]:
    for fonte in MOVEM:
        t = fonte.tabela
        yield f"{t}: mais", (cargas()[t],)
        yield f"{t}: novos", (cargas(prefixo="N")[t],)
        mudancas = {
            "quantidade": f"{fonte.quantidade} = {fonte.quantidade} + 1",
            "codigo": "cod_produto = cod_produto || 'x'",
            "nome": "nome_produto = nome_produto || 'x'",
        }
        if fonte.data:
            mudancas["dia"] = f"{fonte.data} = {fonte.data} + 1"
        if fonte.portao:
            mudancas["lote"] = f"{fonte.lote} = {fonte.lote} || 'x'"
        for nome, mudanca in mudancas.items():
            yield f"{t}: {nome}", (f"UPDATE {t} SET {mudanca}",)
        yield f"{t}: apagar", (f"DELETE FROM {t}",)


# Name, and the statements: all but the last set the scene.
DE_TUDO: dict[str, tuple[str, ...]] = {
    **dict(de_cada_fonte()),
    "faturar": (FATURAR,),
    "lotes novos": (cargas(prefixo="N")["embarque_itens"],),
    "apagar itens": ("DELETE FROM embarque_itens",),
    "separacoes depois do portao": (FATURAR, "UPDATE separacao SET qtd_saldo = qtd_saldo + 1"),
    "unir": (UNIR,),
    "desunir": (UNIR, "UPDATE unificacao_codigos SET ativo = false"),
    "truncar": ("TRUNCATE pre_separacao_item",),
    "truncar itens": ("TRUNCATE embarque_itens",),
    "recalcular tudo": ("SELECT estoque_recalcular_tudo()",),
    "recalcular o que veio por fora": (*POR_FORA, "SELECT estoque_recalcular_tudo()"),
    "verificar": ("SELECT * FROM estoque_verificar()",),
    "verificar muitos": (f"SELECT * FROM estoque_verificar({CODIGOS})",),
    "consultar": (f"SELECT * FROM estoque_consultar({CODIGOS})",),
    "rupturas": ("SELECT * FROM estoque_rupturas()",),
    "rupturas de um mes": ("SELECT * FROM estoque_rupturas(30)",),
    "abaixo do minimo": (MINIMOS, "SELECT * FROM estoque_abaixo_do_minimo()"),
    "estatisticas": ("SELECT * FROM estoque_estatisticas()",),
    "incoerencias": (LIGAR, "SELECT * FROM estoque_incoerencias()"),
    "buscar": ("SELECT * FROM estoque_buscar('produto 7')",),
    "anunciar": (*MUDAR, "SELECT estoque_anunciar()"),
    "virada": (AMANHA, "SELECT estoque_virada()"),
    "consultar amanha": (AMANHA, f"SELECT * FROM estoque_consultar({CODIGOS})"),
}
DE_POUCOS: dict[str, tuple[str, ...]] = {
    "uma a uma": (uma_a_uma(),),
    "unir dois": (
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('P1', 'P2', true)",
    ),
    "recalcular": ("SELECT estoque_recalcular('P7')",),
    "verificar um": ("SELECT * FROM estoque_verificar('{P7}')",),
    "consultar poucos": (f"SELECT * FROM estoque_consultar(({CODIGOS})[1:{POUCOS}])",),
    "cobertura": (f"SELECT * FROM estoque_cobertura(({CODIGOS})[1:{POUCOS}])",),
    "fallback": (f"SELECT * FROM estoque_fallback({POUCOS})",),
    "fallback do que veio por fora": (*POR_FORA, f"SELECT * FROM estoque_fallback({POUCOS})"),
}

# One product has most rows of each source; what concerns one row reads no more than a few.
QUENTE = tuple(inserir(f, f"generate_series(1, {PRODUTOS}) AS i", 1) for f in FONTES if f in MOVEM)
NOVA = inserir(MOVEM[0], "(SELECT 0 AS i) AS linha", 1).replace("Produto", "Outro")
DE_UM: dict[str, tuple[str, ...]] = {
    "outro nome": (*QUENTE, NOVA),
    "outro nome, e nenhum antes": (
        *QUENTE,
        *(f"UPDATE {f.tabela} SET nome_produto = ''" for f in MOVEM),
        NOVA,
    ),
    "apagado": (
        *QUENTE,
        "DELETE FROM movimentacao_estoque WHERE id = (SELECT max(id) FROM movimentacao_estoque)",
    ),
    **{
        f"{f.tabela}: novo dia": (
            *QUENTE,
            f"UPDATE {f.tabela} SET {f.data} = estoque_hoje() + 5",
            f"UPDATE {f.tabela} SET {f.data} = {f.data} + 1"
            f" WHERE id = (SELECT max(id) FROM {f.tabela})",
        )
        for f in MOVEM
        if f.data
    },
    **{
        f"{f.tabela}: uma linha": (*QUENTE, inserir(f, "(SELECT 0 AS i) AS linha", 1))
        for f in MOVEM
    },
    "codigo": ("SELECT estoque_codigo('P7')",),
    "tomar uma entrega": (
        *MUDAR,
        "SELECT estoque_anunciar()",
        "SELECT * FROM _estoque_tomar_entrega('{email}', '1 minute')",
    ),
    "consultar um": ("SELECT * FROM estoque_consultar('{P7}')",),
    "projecao": ("SELECT * FROM estoque_projecao('P7')",),
    "disponibilidade": ("SELECT * FROM estoque_disponibilidade('P7', 1)",),
}

# --- what was read ----------------------------------------------------------------------------


@dataclass
class Leitura:
    """What the plans of one statement read, by table (or kind of node), with the worst of each."""

    linhas: Counter[str]
    onde: dict[str, str]
    custo: float
    compilados: int

    def conferir(self, tamanhos: dict[str, int], vezes: int, produtos: int) -> None:
        """No table was read more than `vezes` times, but for ten times the products concerned."""
        for tabela, lidas in self.linhas.items():
            limite = vezes * tamanhos.get(tabela, PRODUTOS) + 10 * produtos
            # What a statement names in WITH is read by each part that names it, of which
            # `incoerencias` has many; a loop over it would read it once a product.
            limite *= 2 if tabela == "CTE Scan" else 1
            assert lidas <= limite, f"{lidas} rows of {tabela}, at worst in: {self.onde[tabela]}"
        # A way that is switched off was taken all the same: there was no other, and such a cost
        # makes PostgreSQL compile the plan, which takes longer than running it.
        assert self.custo < 1e9


class Sessao:
    """A session that keeps its plans, as an application's does, and tells what they read."""

    def __init__(self, banco: Banco) -> None:
        self.conn = banco.conectar()
        self._planos: list[dict[str, Any]] = []
        self.conn.add_notice_handler(self._ouvir)
        self.conn.execute("LOAD 'auto_explain'")
        self.indices = dict(
            self.conn.execute(
                "SELECT i.indexrelid::regclass::text, a.attname FROM pg_index AS i"
                " JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
            ).fetchall()
        )

    def _ouvir(self, aviso: psycopg.errors.Diagnostic) -> None:
        texto = aviso.message_primary or ""
        if texto.startswith("duration:"):
            self._planos.append(json.loads(texto[texto.index("{") :]))

    def tamanhos(self) -> dict[str, int]:
        tabelas = [r[0] for r in self.conn.execute("SELECT relname FROM pg_stat_user_tables")]
        contar = " UNION ALL ".join(f"SELECT '{t}', count(*) FROM {t}" for t in tabelas)
        return dict(self.conn.execute(contar.encode()).fetchall())

    def ler(self, comando: str, produtos: int) -> Leitura:
        """Runs it, and adds up the rows that the nodes of all its plans read."""
        self._planos.clear()
        for nome, valor in EXPLICAR.items():
            self.conn.execute(f"SET auto_explain.{nome} = {valor}".encode())
        self.conn.execute(comando.encode())
        self.conn.execute("SET auto_explain.log_min_duration = -1")
        leitura = Leitura(Counter(), {}, 0, 0)
        piores: Counter[str] = Counter()
        for plano in self._planos:
            texto = " ".join(plano["Query Text"].split())[:200]
            for alvo, lidas in self._nos(plano["Plan"], produtos):
                leitura.linhas[alvo] += lidas
                if lidas >= piores[alvo]:
                    piores[alvo], leitura.onde[alvo] = lidas, texto
            leitura.custo = max(leitura.custo, plano["Plan"]["Total Cost"])
            leitura.compilados += "JIT" in plano
        return leitura

    def _nos(self, no: dict[str, Any], produtos: int) -> Iterator[tuple[str, int]]:
        """Of each node of a plan what it read: the rows it found and those that it threw away."""
        for filho in no.get("Plans", []):
            yield from self._nos(filho, produtos)
        fora = sum(v for k, v in no.items() if k.startswith("Rows Removed by "))
        # Rows of a join's inputs are counted where they come from; it tells those it compared.
        lidas = fora
        if "Relation Name" in no and no["Node Type"] != "ModifyTable":
            lidas += no["Actual Rows"]
        filtros = no.get("Filter", "") + no.get("Join Filter", "")
        if re.search(r"(ANY|ALL) \((COALESCE\()?\$", filtros):
            # Each row is looked for in a list, from its beginning.
            lidas = (fora + no["Actual Rows"]) * produtos
        if "Index Cond" in no and self.indices.get(no["Index Name"], "") not in no["Index Cond"]:
            # Without its first column, an index is read from end to end.
            lidas = max(lidas, PRODUTOS if no["Actual Loops"] > 1 else 0)
        if lidas:
            yield no.get("Relation Name", no["Node Type"]), int(lidas * no["Actual Loops"])


# --- the statistics ---------------------------------------------------------------------------


@dataclass
class Cena:
    banco: Banco
    sessao: Sessao
    cargas: dict[str, Leitura]
    vazia: Leitura
    tamanhos: dict[str, int]


@pytest.fixture(scope="module", params=["de nada", "de tres linhas", "certas"])
def cena(request: pytest.FixtureRequest, servico: Servico, modelo: str) -> Iterator[Cena]:
    """A catalogue, of which PostgreSQL believes what the parameter says."""
    with servico.banco(modelo) as banco:
        yield armar(banco, request.param)


def armar(banco: Banco, estatisticas: str) -> Cena:
    for tabela in Sessao(banco).tamanhos():
        banco.cru(f"ALTER TABLE {tabela} SET (autovacuum_enabled = off)")
    if estatisticas == "de tres linhas":
        # A test catalogue, deleted; then each table has three rows on the pages of thousands.
        for comando in cargas(4 * PRODUTOS, "T").values():
            banco.cru(comando)
        banco.cru("SET session_replication_role = replica")
        for tabela in ("estoque_tempo_real", "estoque_codigo_conhecido", "movimentacao_prevista"):
            banco.cru(f"DELETE FROM {tabela}")
        for tabela in (*cargas(), "estoque_lote"):
            banco.cru(f"DELETE FROM {tabela}")
        banco.cru("SET session_replication_role = origin")
        for fonte in FONTES:
            if fonte.tabela in cargas():
                banco.cru(inserir(fonte, "generate_series(1, 3) AS i", 3, "X"))
    banco.cru("ANALYZE")
    sessao = Sessao(banco)
    with sessao.conn.transaction(force_rollback=True):
        vazia = sessao.ler(uma_a_uma(), UMA_A_UMA)
    lidas = {}
    for tabela, comando in cargas().items():
        lidas[tabela] = sessao.ler(comando, PRODUTOS)
    banco.verificar()
    if estatisticas == "certas":
        banco.cru("VACUUM ANALYZE")
    return Cena(banco, sessao, lidas, vazia, sessao.tamanhos())


def test_loading_a_catalogue(cena: Cena) -> None:
    for leitura in cena.cargas.values():
        leitura.conferir(cena.tamanhos, vezes=10, produtos=PRODUTOS)


def test_the_first_rows_one_by_one(cena: Cena) -> None:
    """The plans that a session makes on empty tables are those that it keeps."""
    cena.vazia.conferir({}, vezes=0, produtos=UMA_A_UMA)


@pytest.mark.parametrize("comandos", DE_TUDO.values(), ids=DE_TUDO)
def test_statement_over_everything(cena: Cena, comandos: tuple[str, ...]) -> None:
    executar(cena, comandos, vezes=10, produtos=PRODUTOS)


@pytest.mark.parametrize("comandos", DE_POUCOS.values(), ids=DE_POUCOS)
def test_statement_over_few(cena: Cena, comandos: tuple[str, ...]) -> None:
    executar(cena, comandos, vezes=1, produtos=UMA_A_UMA)


@pytest.mark.parametrize("comandos", DE_UM.values(), ids=DE_UM)
def test_statement_over_one_row(cena: Cena, comandos: tuple[str, ...]) -> None:
    executar(cena, comandos, vezes=0, produtos=5)


def executar(cena: Cena, comandos: tuple[str, ...], vezes: int, produtos: int) -> None:
    """In a session that plans it for the first time, and in one that has kept its plans."""
    nova = Sessao(cena.banco)
    for sessao in (nova, cena.sessao):
        with sessao.conn.transaction(force_rollback=True):
            for comando in comandos[:-1]:
                sessao.conn.execute(comando.encode())
            leitura = sessao.ler(comandos[-1], produtos)
            depois = sessao.tamanhos()
        tamanhos = {t: max(n, depois[t]) for t, n in cena.tamanhos.items()}
        leitura.conferir(tamanhos, vezes, produtos)
    nova.conn.close()


def test_codes_of_fixed_length(vazio: str) -> None:
    """No index of a `char` column serves: the table is read then, but nothing compiled for it."""
    with psycopg.connect(vazio, autocommit=True) as conn:
        for fonte in FONTES:
            tabela = (RAIZ / "sql" / "01_fontes" / f"{fonte.tabela}.sql").read_text()
            conn.execute(tabela.replace("varchar(50)", "char(20)").encode())
    instalar(vazio, None)
    banco = Banco(vazio)
    for comando in cargas(POUCOS).values():
        banco.cru(comando)
    sessao = Sessao(banco)
    sessao.conn.execute("SET jit = on")
    for comando in (
        cargas(prefixo="N")["separacao"],
        FATURAR,
        "DELETE FROM separacao WHERE cod_produto = 'P1'",
        "SELECT * FROM estoque_verificar('{P2}')",
        "SELECT estoque_recalcular('P2')",
        f"SELECT * FROM estoque_fallback({POUCOS})",
    ):
        assert sessao.ler(comando, POUCOS).compilados == 0, comando
    assert banco.cru("SELECT * FROM estoque_verificar()") == []
    banco.fechar()
