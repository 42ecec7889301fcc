"""What the tests share: a database that checks the invariant after each step, and sessions."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from oraculo import (
    Conexao,
    Linha,
    Oraculo,
    com_datas_infinitas,
    ler,
    verificar_invariante,
)
from packaging.requirements import Requirement
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row, tuple_row

from ferramentas.fontes import FONTES as DECLARADAS
from ferramentas.fontes import Fonte, Tipo

if TYPE_CHECKING:
    from typing_extensions import Self  # typing has it from Python 3.11 on

RAIZ = Path(__file__).resolve().parent.parent
NIVEIS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
RETENTAVEIS = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
FUSO = ZoneInfo("America/Sao_Paulo")
# Triggers of an installation without partitions: one for each kind of statement on each source.
GATILHOS = 4 * len(DECLARADAS)
# What is installed, in order.
MIGRACOES = sorted(
    a.stem for a in (RAIZ / "migrations").glob("*.sql") if not a.name.endswith(".rollback.sql")
)
# A migration that a test invents, 9999.<name>, comes after all of them.
DEPENDE = f"-- depends: {MIGRACOES[-1]}\n"

Parametros = Sequence[Any] | Mapping[str, Any] | None


def do_extra(nome: str) -> list[str]:
    """The packages of an extra, which a hint names: from a wheel there is no extra to be had."""
    requisitos = map(Requirement, requires("estoque-pg") or [])
    return [r.name for r in requisitos if r.marker and r.marker.evaluate({"extra": nome})]


def hoje_em_sao_paulo() -> date:
    return datetime.now(FUSO).date()


def arquivos_sql(padrao: str = "*.sql") -> list[Path]:
    """The files below sql/ by name, in whichever folder they stand; at least one."""
    achados = sorted((RAIZ / "sql").rglob(padrao))
    assert achados, padrao
    return achados


def arquivo_de(objeto: str) -> str:
    """Where an object is written, for a message that says where something is missing."""
    [arquivo] = arquivos_sql(f"{objeto}.sql")
    return arquivo.relative_to(RAIZ).as_posix()


def publicos() -> set[str]:
    """The functions and views for everyone: those whose names begin with estoque_."""
    criados = re.compile(
        r"^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE|VIEW) (estoque_\w+)", re.MULTILINE
    )
    nomes = {n for arquivo in arquivos_sql() for n in criados.findall(arquivo.read_text())}
    assert nomes
    return nomes


def consultas() -> set[str]:
    """The functions that answer: those of the folder of queries that are not inner."""
    achadas = {
        a.stem
        for a in (RAIZ / "sql").glob("*_consultas/estoque_*.sql")
        if f"\nCREATE FUNCTION {a.stem}(" in a.read_text()
    }
    assert achadas
    return achadas


# An argument of each type, where it does not matter which.
ARGUMENTO = {
    "text": "'P1'", "text[]": "'{P1}'", "numeric": "1", "integer": "1", "boolean": "false",
    "double precision": "1.5::float8", "numeric[]": "'{1}'", "jsonb": "'[]'",
}  # fmt: skip


def chamada(conn: Conexao, funcao: str, **dados: str) -> str:
    """A call of a function with the arguments given, and one of each other that it demands."""
    nomes, tipos, opcionais = conn.cursor(row_factory=tuple_row).execute(
        "SELECT proargnames, (SELECT array_agg(t::regtype::text ORDER BY n)"
        " FROM unnest(proargtypes) WITH ORDINALITY AS u (t, n)), pronargdefaults"
        " FROM pg_proc WHERE pronamespace = quote_ident(current_schema())::regnamespace"
        " AND proname = %s",
        [funcao],
    ).fetchone() or pytest.fail(f"no function {funcao}")  # fmt: skip
    tipos = tipos or []
    exigidos = zip(nomes or [], tipos[: len(tipos) - opcionais], strict=False)
    dados = {nome: ARGUMENTO[tipo] for nome, tipo in exigidos} | dados
    return f"{funcao}({', '.join(f'{nome} => {valor}' for nome, valor in dados.items())})"


# --- the sources, as they are declared ----------------------------------------------------------

# What a column that must be there is in an ERP that has only these, by what is kept in it.
MINIMO: Mapping[Tipo, str] = {
    "qualquer": "serial PRIMARY KEY",
    "texto": "varchar(255)",
    "codigo": "integer",
    "quantidade": "float8",
    "data": "timestamp",
    "momento": "timestamp",
    "logico": "boolean",
}


def com_as_demais(tabelas: str) -> str:
    """A script that makes an ERP's sources, completed by those it does not name.

    A source that no test is particular about then needs no line in any of them.
    """
    for fonte in DECLARADAS:
        if not re.search(rf"^CREATE TABLE {fonte.tabela} ", tabelas, re.MULTILINE):
            colunas = ", ".join(f"{c} {MINIMO[tipo]}" for c, tipo in fonte.colunas.items())
            tabelas += f"CREATE TABLE {fonte.tabela} ({colunas});\n"
    return tabelas


def obrigatorias(fonte: Fonte) -> set[str]:
    """The columns that are NOT NULL in the table as we make it."""
    tabela = RAIZ / "sql" / "01_fontes" / f"{fonte.tabela}.sql"
    return set(re.findall(r"^ +(\w+) .*NOT NULL", tabela.read_text(), re.MULTILINE))


def palavras(fonte: Fonte) -> list[str]:
    """The states that the contribution of a source knows, such as CRIADO, as SQL literals."""
    if not fonte.move:
        return []
    [arquivo] = arquivos_sql(f"_estoque_contribuicao_{fonte.nome}.sql")
    definicao = arquivo.read_text().partition("\nCOMMENT ON ")[0]
    sem_comentarios = re.sub(r"--.*", "", definicao)
    return sorted(set(re.findall(r"'[^']+'", sem_comentarios)))


def congelar(conn: Conexao, dia: date) -> None:
    """Moves the whole system's day, the documented way: by replacing the one function."""
    conn.execute(
        f"CREATE OR REPLACE FUNCTION estoque_hoje() RETURNS date "
        f"LANGUAGE sql STABLE PARALLEL SAFE RETURN date '{dia.isoformat()}'"
    )


@contextmanager
def papel_novo(conn: Conexao, prefixo: str) -> Iterator[str]:
    """A role that may log in; at the end it goes, with what it owns and may do here."""
    nome = f"{prefixo}_{conn.info.dbname}"  # roles belong to the whole server
    conn.execute(f"CREATE ROLE {nome} LOGIN")
    try:
        yield nome
    finally:
        conn.execute(f"DROP OWNED BY {nome} CASCADE; DROP ROLE {nome}")


class Banco:
    """One clone of the template database. Every `execute` ends with the invariant."""

    # A day far from every clock, so that nothing in these tests depends on when they run.
    D = date(2025, 8, 6)
    esquema = "public"

    def __init__(self, dsn: str, oraculo: type[Oraculo] = Oraculo) -> None:
        self.dsn = dsn
        self.oraculo = oraculo
        self.conn: Conexao = psycopg.connect(dsn, autocommit=True)
        self._abertas: list[Conexao] = [self.conn]
        self.congelar(self.D)

    def fechar(self) -> None:
        for conn in self._abertas:
            conn.close()

    def conectar(self, *, autocommit: bool = True, **extra: Any) -> Conexao:
        conn: Conexao = psycopg.connect(make_conninfo(self.dsn, **extra), autocommit=autocommit)
        self._abertas.append(conn)
        return conn

    def conectar_orm(self) -> Conexao:
        return psycopg.connect(self.dsn)

    # --- steps --------------------------------------------------------------------------------

    def execute(self, sql: str, params: Parametros = None) -> list[Linha]:
        linhas = self.cru(sql, params)
        self.verificar()
        return linhas

    def cru(self, sql: str, params: Parametros = None) -> list[Linha]:
        """A statement without the invariant after it (while setting a scene, or to ask)."""
        cur = com_datas_infinitas(self.conn.cursor(row_factory=dict_row))
        cur.execute(sql, params)
        return cur.fetchall() if cur.description else []

    def valor(self, sql: str, params: Parametros = None) -> Any:
        linhas = self.cru(sql, params)
        return next(iter(linhas[0].values())) if linhas else None

    def copiar(self, tabela: str, colunas: str, linhas: Iterable[Sequence[Any]]) -> None:
        with self.conn.cursor() as cur:
            with cur.copy(f"COPY {tabela} ({colunas}) FROM STDIN") as copia:
                for linha in linhas:
                    copia.write_row(linha)
        self.verificar()

    def verificar(self) -> Oraculo:
        return verificar_invariante(self.conn, classe=self.oraculo)

    def recusa(self, sqlstate: str, sql: str, params: Parametros = None) -> psycopg.Error:
        """The statement fails with this SQLSTATE and leaves nothing of itself behind."""
        antes = self.retrato()
        with pytest.raises(psycopg.Error) as erro:
            self.cru(sql, params)
        assert erro.value.sqlstate == sqlstate, erro.value
        assert self.retrato() == antes
        self.verificar()
        return erro.value

    def retrato(self) -> dict[str, list[str]]:
        """All rows of the sources and the results, as they are."""
        tabelas = (*self.oraculo.FONTES, "estoque_tempo_real", "movimentacao_prevista")
        return {t: sorted(map(str, ler(self.conn, t))) for t in tabelas}

    @contextmanager
    def transacao(self, desfazer: bool = False) -> Iterator[None]:
        with self.conn.transaction(force_rollback=desfazer):
            yield
        self.verificar()

    def dia(self, n: int = 0) -> date:
        """D+n, D being the day at which this database stands when the test begins."""
        return self.D + timedelta(days=n)

    def ir_para(self, dia: date | int) -> date:
        """Moves the system to another day (a number means D+n)."""
        alvo = self.dia(dia) if isinstance(dia, int) else dia
        self.congelar(alvo)
        self.verificar()
        return alvo

    def congelar(self, dia: date) -> None:
        congelar(self.conn, dia)

    def espera(self, conn: Conexao) -> bool:
        """Whether what a connection sent waits for another's lock."""
        pid = conn.info.backend_pid
        return bool(self.valor("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid]))

    # --- rows of the sources, with what a test does not care about filled in ------------------

    def inserir(self, tabela: str, **colunas: Any) -> int:
        nomes = ", ".join(colunas)
        marcas = ", ".join(f"%({c})s" for c in colunas)
        linha = self.execute(
            f"INSERT INTO {tabela} ({nomes}) VALUES ({marcas}) RETURNING id", colunas
        )[0]
        return int(linha["id"])

    def mov(self, cod: str, qtd: object, *, ativo: bool | None = True, **mais: Any) -> int:
        colunas: Linha = {
            "cod_produto": cod,
            "nome_produto": f"Produto {cod}",
            "data_movimentacao": self.D,
            "tipo_movimentacao": "ENTRADA",
            "qtd_movimentacao": qtd,
            "ativo": ativo,
        }
        return self.inserir("movimentacao_estoque", **{**colunas, **mais})

    def pre(self, cod: str, qtd: object, dia: date | int | None = 1, **mais: Any) -> int:
        colunas: Linha = {
            "cod_produto": cod,
            "qtd_selecionada_usuario": qtd,
            "data_expedicao_editada": self.dia(dia) if isinstance(dia, int) else dia,
            "status": "CRIADO",
        }
        return self.inserir("pre_separacao_item", **{**colunas, **mais})

    def sep(
        self,
        cod: str | None,
        qtd: object,
        dia: date | int | None = 1,
        lote: str | None = "L1",
        **mais: Any,
    ) -> int:
        colunas: Linha = {
            "separacao_lote_id": lote,
            "cod_produto": cod,
            "qtd_saldo": qtd,
            "expedicao": self.dia(dia) if isinstance(dia, int) else dia,
        }
        return self.inserir("separacao", **{**colunas, **mais})

    def prod(self, cod: str, qtd: object, dia: date | int | None = 1, **mais: Any) -> int:
        colunas: Linha = {
            "cod_produto": cod,
            "qtd_programada": qtd,
            "data_programacao": self.dia(dia) if isinstance(dia, int) else dia,
        }
        return self.inserir("programacao_producao", **{**colunas, **mais})

    def item(self, lote: str | None, nota: str | None = None, **mais: Any) -> int:
        colunas: Linha = {
            "embarque_id": 1,
            "separacao_lote_id": lote,
            "nota_fiscal": nota,
            "status": "ativo",
        }
        return self.inserir("embarque_itens", **{**colunas, **mais})

    def unir(self, de: str, para: str, ativo: bool | None = True) -> int:
        return self.inserir(
            "unificacao_codigos", codigo_origem=de, codigo_destino=para, ativo=ativo
        )

    def povoar(self) -> None:
        """P runs out, lot L1 is invoiced and L2 is not, X is an alias of P; Q is a bystander."""
        self.mov("P", 10)
        self.mov("Q", 10)
        self.mov("X", 2)
        self.unir("X", "P")
        self.sep("P", 20, 3, "L2")
        self.sep("P", 4, 4, "L1")
        self.sep("Q", 4, 4, "L1")
        self.sep("Q", 1, 4, "L2")
        self.prod("P", 30, 5)
        self.prod("Q", 3, 12)
        self.item("L1", "NF")
        self.item("L2")

    # --- what the package stores and answers --------------------------------------------------

    def produto(self, cod: str) -> Linha | None:
        linhas = self.cru("SELECT * FROM estoque_tempo_real WHERE cod_produto = %s", [cod])
        return linhas[0] if linhas else None

    def saldo(self, cod: str) -> Any:
        linha = self.produto(cod)
        return linha["saldo_atual"] if linha else None

    def d7(self, cod: str) -> Any:
        """Lowest balance and stock-out day as the view tells them today, by any code."""
        linha = self.cru("SELECT * FROM estoque_por_codigo WHERE codigo = %s", [cod])[0]
        return linha["menor_estoque_d7"], linha["dia_ruptura"]

    def previsto(self, cod: str) -> dict[date, Any]:
        return {
            r["data_prevista"]: (r["entrada_prevista"], r["saida_prevista"])
            for r in self.cru("SELECT * FROM movimentacao_prevista WHERE cod_produto = %s", [cod])
        }


def em_cada_estado(fonte: Fonte) -> list[Linha]:
    """A row in each state that the contribution of a source knows, and one without any."""
    valores: dict[Tipo, Any] = {"quantidade": Decimal(3), "data": Banco.D, "logico": True}
    linha = dict.fromkeys(fonte.opcionais) | {c: valores.get(t) for c, t in fonte.colunas.items()}
    linha |= {"cod_produto": "P1", "nome_produto": "Um"}
    textos = {c for c in fonte.contribuicao if fonte.colunas[c] == "texto"} - {"cod_produto"}
    estados = [None, *(palavra.strip("'") for palavra in palavras(fonte))]
    return [linha | {"id": n} | dict.fromkeys(textos, e) for n, e in enumerate(estados)]


def nao_somadas(oraculo: type[Oraculo]) -> list[str]:
    """The sources of which the oracle counts no row as what they are declared to move."""
    queixas = []
    for fonte in DECLARADAS:
        if fonte.move:
            linhas: dict[str, list[Linha]] = {f.tabela: [] for f in DECLARADAS}
            certo = oraculo(linhas | {fonte.tabela: em_cada_estado(fonte)}, Banco.D)
            entradas, saidas = certo.previsto.get(("P1", Banco.D), (0, 0))
            contado = {"saldo": certo.produtos["P1"].saldo, "entrada": entradas, "saida": saidas}
            if [o_que for o_que, quanto in contado.items() if quanto] != [fonte.move]:
                queixas.append(f"tests/oraculo.py: _somar counts no row of {fonte.tabela} as"
                               f" {fonte.move}, or counts it as something else")  # fmt: skip
    return queixas


class Sessao:
    """A database session in a thread of its own, so that a test can watch it wait for a lock."""

    def __init__(self, banco: Banco) -> None:
        self.banco = banco
        self.conn = banco.conectar()
        self._linha = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.conn.cancel_safe()
        self._linha.shutdown()
        self.conn.close()

    def faz(self, sql: str, params: Parametros = None) -> Future[list[Any]]:
        """Sends a statement and returns at once."""

        def executar() -> list[Any]:
            cur = self.conn.execute(sql, params)
            return cur.fetchall() if cur.description else []

        return self._linha.submit(executar)

    def assenta(self, futuro: Future[list[Any]], limite: float = 20) -> bool:
        """Waits until the statement is done (True) or hangs on another session's lock (False)."""
        esperar_ate = time.monotonic() + limite
        while time.monotonic() < esperar_ate:
            if futuro.done():
                return True
            if self.banco.espera(self.conn):
                return False
            time.sleep(0.002)
        raise AssertionError("the statement neither ended nor waited for a lock")


def repetir(acao: Callable[[], Any], vezes: int = 30) -> int:
    """Runs it until it is neither a serialization failure nor a deadlock; how often it failed."""
    for falhas in range(vezes):
        try:
            acao()
            return falhas
        except RETENTAVEIS:
            time.sleep(0.001 * falhas)
    raise AssertionError(f"still a serialization failure after {vezes} attempts")
