"""Groups of companies: what they answer, who is away, who may ask, who may not act through them."""

from __future__ import annotations

import csv
import inspect
import io
import itertools
import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import psycopg
import pytest
from apoio import Banco, congelar, papel_novo
from conftest import Servico
from oraculo import Conexao
from psycopg import sql
from psycopg.conninfo import make_conninfo
from test_cli import dados, estoque, uma_linha

from estoque_pg import (
    APIEstoqueTempoReal,
    EmpresaFora,
    GrupoEstoque,
    GrupoEstoqueAsync,
    RupturaDaEmpresa,
    grupos,
)
from estoque_pg.erros import ArgumentoInvalido, SemPermissao
from estoque_pg.integracoes import include_name
from estoque_pg.metodos import Metodo, MetodosDoGrupo
from estoque_pg.migracoes import desfazer, instalar
from servidor import Servidor

ESTRANHA = 'Empresa "B" %s é'
EMPRESAS = ("empresa_1", "empresa_2", ESTRANHA)
D = Banco.D


def montar(dsn: str, schema: str, n: int) -> None:
    """A company: P001 runs out after so many days, P002 never, ALIAS is P001."""
    instalar(dsn, schema, criar_schema=True)
    with psycopg.connect(dsn, autocommit=True) as conn:
        olhar(conn, schema)
        congelar(conn, D)
        conn.execute(
            "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
            " tipo_movimentacao, qtd_movimentacao, ativo) VALUES ('P001', 'Azeitona', %(d)s,"
            " 'ENTRADA', %(n)s, true), ('P002', 'Óleo', %(d)s, 'ENTRADA', 7, true)",
            {"d": D, "n": 10 * n},
        )
        conn.execute(
            "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
            " VALUES ('L1', 'P001', 100, %s::date + %s)",
            [D, n],
        )
        conn.execute(
            "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
            " VALUES ('ALIAS', 'P001', true)"
        )


def olhar(conn: Conexao, schema: str) -> None:
    caminho = sql.SQL("{}, pg_temp").format(sql.Identifier(schema)).as_string(conn)
    conn.execute("SELECT set_config('search_path', %s, false)", [caminho])


@pytest.fixture(scope="module")
def modelo_do_grupo(servico: Servico) -> str:
    nome = servico.criar()
    for n, empresa in enumerate(EMPRESAS, 1):
        montar(servico.dsn(nome), empresa, n)
    return nome


@pytest.fixture
def dsn(servico: Servico, modelo_do_grupo: str) -> Iterator[str]:
    nome = servico.criar(modelo_do_grupo)
    yield servico.dsn(nome)
    servico.remover(nome)


@pytest.fixture
def conn(dsn: str) -> Iterator[Conexao]:
    with psycopg.connect(dsn, autocommit=True) as aberta:
        yield aberta


@pytest.fixture
def grupo(conn: Conexao) -> GrupoEstoque:
    """The group `holding`: two companies by its pattern, one by name."""
    grupos.criar(conn, "holding", [ESTRANHA], "empresa_%")
    return GrupoEstoque(conn, "holding")


def fora(resposta: Any) -> dict[str, str]:
    return {f.empresa: f.fora for f in resposta.empresas_fora}


def de_cada(conn: Conexao, empresas: tuple[str, ...], dias: int) -> list[tuple[Any, ...]]:
    """What each company answers by itself, in the order of the group."""
    achadas = [
        (empresa, *(getattr(r, c.name) for c in fields(r)))
        for empresa in empresas
        for r in APIEstoqueTempoReal(conn, empresa).rupturas(dias)
    ]
    return sorted(achadas, key=lambda r: (r[5], r[0], r[1]))


def valores(r: RupturaDaEmpresa) -> tuple[Any, ...]:
    return tuple(getattr(r, c.name) for c in fields(r) if c.name != "fora")


# --- what it answers ----------------------------------------------------------------------------


def test_a_group_answers_what_its_companies_do(conn: Conexao, grupo: GrupoEstoque) -> None:
    assert [e.empresa for e in grupo.empresas()] == sorted(EMPRESAS)
    for dias, quantas in ((0, 0), (2, 2), (7, 3), (28, 3)):
        achadas = grupo.rupturas(dias)
        assert [valores(r) for r in achadas.produtos] == de_cada(conn, EMPRESAS, dias)
        assert (len(achadas.produtos), achadas.empresas_fora) == (quantas, ())
    figuras = grupo.estatisticas()
    assert [e.empresa for e in figuras.empresas] == sorted(EMPRESAS)
    for e in figuras.empresas:
        uma = APIEstoqueTempoReal(conn, e.empresa).get_estatisticas()
        assert {c: v for c, v in e.como_dict().items() if c != "empresa"} == uma

    saldos = grupo.saldos(["P002", "ALIAS", "zzz", "O'R"])
    assert [(s.codigo_consultado, s.cod_produto, s.empresa) for s in saldos.produtos] == [
        (pedido, produto, empresa)
        for pedido, produto in (("P002", "P002"), ("ALIAS", "P001"))
        for empresa in sorted(EMPRESAS)
    ]
    for s in saldos.produtos:
        um = APIEstoqueTempoReal(conn, s.empresa).produto(s.codigo_consultado)
        assert um is not None
        assert (um.estoque_atual, um.menor_estoque_d7, um.dia_ruptura, um.nome_produto) == (
            s.estoque_atual, s.menor_estoque_d7, s.dia_ruptura, s.nome_produto
        )  # fmt: skip
    assert grupo.saldos([]).produtos == ()
    with pytest.raises(ArgumentoInvalido):
        grupo.rupturas(-1)
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        conn.execute("SELECT * FROM holding.estoque_rupturas(NULL)")


def test_the_views_are_for_who_reads_tables(conn: Conexao, grupo: GrupoEstoque) -> None:
    rupturas = conn.execute("SELECT empresa, cod_produto FROM holding.rupturas").fetchall()
    assert rupturas == [(r.empresa, r.cod_produto) for r in grupo.rupturas().produtos]
    conta = "SELECT sum(total_produtos), count(fora) FROM holding.estatisticas"
    assert conn.execute(conta).fetchone() == (6, 0)
    codigos = conn.execute(
        "SELECT empresa, codigo_consultado FROM holding.estoque_por_codigo"
    ).fetchall()
    assert codigos == list(
        map(tuple, map(reversed, itertools.product(["ALIAS", "P001", "P002"], sorted(EMPRESAS))))
    )


def test_both_apis_have_the_same_methods() -> None:
    nomes = [n for n, m in vars(MetodosDoGrupo).items() if isinstance(m, Metodo)]
    assert nomes == ["rupturas", "estatisticas", "saldos", "empresas"]
    for nome in nomes:
        um, outro = getattr(GrupoEstoque, nome), getattr(GrupoEstoqueAsync, nome)
        assert inspect.signature(um) == inspect.signature(outro)
        assert um.__doc__ == outro.__doc__
        assert inspect.iscoroutinefunction(outro)


@pytest.mark.anyio
async def test_asynchronously(dsn: str, grupo: GrupoEstoque) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        assert await GrupoEstoqueAsync(conn, "holding").rupturas(7) == grupo.rupturas(7)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_another_versions_functions_go(conn: Conexao, grupo: GrupoEstoque) -> None:
    conn.execute("CREATE FUNCTION holding._estoque_perguntar(text) RETURNS void LANGUAGE sql AS ''")
    conn.execute("CREATE ROLE leitor_do_grupo")
    try:
        grupos.conceder(conn, "holding", "leitor_do_grupo")
        grupos.atualizar(conn, "holding")
        achadas = conn.execute(
            "SELECT count(*), bool_or(has_function_privilege('leitor_do_grupo', p.oid, 'EXECUTE'))"
            " FROM pg_proc AS p WHERE p.pronamespace = 'holding'::regnamespace"
            " AND p.proname IN ('_estoque_perguntar', 'estoque_rupturas')"
        ).fetchone()
        assert achadas == (2, True)  # who may read it still may
        assert len(grupo.rupturas(7).produtos) == 3
        # What somebody else made in its schema stays, and so does the schema.
        conn.execute("CREATE TABLE holding.minha (n int)")
        grupos.apagar(conn, "holding")
        assert conn.execute("SELECT count(*) FROM holding.minha").fetchone() == (0,)
    finally:
        conn.execute("DROP OWNED BY leitor_do_grupo; DROP ROLE leitor_do_grupo")


def test_odd_names(conn: Conexao) -> None:
    nome = 'O "Grupo" %s; DROP'
    grupos.criar(conn, nome, EMPRESAS)
    grupo = GrupoEstoque(conn, nome)
    assert len(grupo.rupturas(7).produtos) == 3
    grupos.retirar(conn, nome, ESTRANHA)
    assert [e.empresa for e in grupo.empresas()] == ["empresa_1", "empresa_2"]
    grupos.incluir(conn, nome, "O'Hara", ESTRANHA)
    assert {r.empresa for r in grupo.rupturas(7).produtos} == {"empresa_1", "empresa_2", "O'Hara"}
    grupos.apagar(conn, nome)
    assert grupos.listar(conn) == []


# --- who belongs to it --------------------------------------------------------------------------


def test_a_company_comes_and_goes_with_the_pattern(
    conn: Conexao, dsn: str, grupo: GrupoEstoque
) -> None:
    montar(dsn, "empresa_9", 5)
    montar(dsn, "empresarial", 5)  # _ is no wildcard
    conn.execute("CREATE SCHEMA empresa_vazia")
    assert [e.empresa for e in grupo.empresas()] == sorted([*EMPRESAS, "empresa_9"])
    assert [r.empresa for r in grupo.rupturas(7).produtos][-1] == "empresa_9"
    desfazer(dsn, "empresa_9")
    desfazer(dsn, ESTRANHA)  # nothing of a group holds it
    assert [e.empresa for e in grupo.empresas()] == sorted(EMPRESAS)
    # One that was named is missed, by name and in every answer.
    for resposta in (grupo.rupturas(7), grupo.estatisticas(), grupo.saldos(["P001"])):
        assert fora(resposta) == {ESTRANHA: "ausente"}
    conn.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(ESTRANHA)))
    [ausente] = grupo.rupturas(7).empresas_fora
    assert (ausente.fora, ausente.erro) == (
        "ausente", f"schema {sql.Identifier(ESTRANHA).as_string(conn)} does not exist"
    )  # fmt: skip
    grupos.atualizar(conn, "holding", "emp%")
    assert "empresarial" in [e.empresa for e in grupo.empresas()]


def test_what_cannot_be_taken_in(conn: Conexao, grupo: GrupoEstoque) -> None:
    def recusa(acao: Callable[[], None]) -> str:
        with pytest.raises(ArgumentoInvalido) as erro:
            acao()
        return erro.value.mensagem

    assert "exists already" in recusa(lambda: grupos.criar(conn, "empresa_1"))
    assert "exists already" in recusa(lambda: grupos.criar(conn, "holding"))
    assert "nothing is installed" in recusa(lambda: grupos.criar(conn, "outro", ["public"]))
    assert "nothing is installed" in recusa(lambda: grupos.incluir(conn, "holding", "nada"))
    assert "has a company" in recusa(lambda: grupos.incluir(conn, "holding", ESTRANHA))
    assert "has a company" in recusa(lambda: grupos.incluir(conn, "holding", "empresa_1"))
    assert "has a company" in recusa(
        lambda: grupos.incluir(conn, "holding", "empresa_7", "empresa_1")
    )
    assert "has a company" in recusa(
        lambda: grupos.incluir(conn, "holding", "empresa_7", servidor="host=/nada dbname=x")
    )
    assert "there is no group" in recusa(lambda: grupos.incluir(conn, "nada", "empresa_1"))
    assert "does not name" in recusa(lambda: grupos.retirar(conn, "holding", "empresa_1"))
    assert [g.grupo for g in grupos.listar(conn)] == ["holding"]  # nothing of `outro` was kept


# --- who is away --------------------------------------------------------------------------------


def test_a_company_that_fails_is_named_and_the_rest_answers(
    conn: Conexao, dsn: str, grupo: GrupoEstoque
) -> None:
    def quebrar(comando: str) -> Any:
        olhar(conn, "empresa_1")
        with conn.transaction(force_rollback=True):
            conn.execute(comando.encode())
            achadas = grupo.rupturas(7)
            assert {r.empresa for r in achadas.produtos} == {"empresa_2", ESTRANHA}
            assert set(fora(grupo.estatisticas())) <= {"empresa_1"}
            [quem] = achadas.empresas_fora
            assert quem.empresa == "empresa_1"
            return quem.fora, quem.erro

    assert quebrar("DROP FUNCTION estoque_rupturas")[0] == "versao"
    assert quebrar("ALTER TABLE estoque_tempo_real RENAME TO outra")[0] == "versao"
    assert quebrar(
        "CREATE OR REPLACE FUNCTION _estoque_exigir_dias(p_dias integer,"
        " p_maximo integer DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'out of %', 'order'; END $$"
    ) == ("falhou", "out of order")
    # A table in use, by an upgrade say.
    with psycopg.connect(dsn) as outra:
        outra.execute("LOCK TABLE empresa_2.estoque_tempo_real")
        assert fora(grupo.rupturas(7)) == {"empresa_2": "demorou"}
    assert fora(grupo.rupturas(7)) == {}


def test_rows_that_came_before_a_company_failed_do_not_count(
    conn: Conexao, grupo: GrupoEstoque
) -> None:
    """All of a company's codes are read as they come: one fails in the middle."""
    conn.execute(
        "CREATE FUNCTION empresa_1.falhar(x text) RETURNS text LANGUAGE plpgsql AS"
        " $$ BEGIN IF x = 'P002' THEN RAISE 'broken'; END IF; RETURN x; END $$"
    )
    conn.execute(
        "CREATE OR REPLACE VIEW empresa_1.estoque_por_codigo AS SELECT empresa_1.falhar(codigo) AS"
        " codigo, cod_produto, NULL::text AS nome_produto, NULL::numeric(15,3) AS saldo_atual,"
        " NULL::numeric(15,3) AS menor_estoque_d7, NULL::date AS dia_ruptura, NULL::timestamptz AS"
        " atualizado_em, NULL::date AS valido_desde, NULL::date AS valido_ate"
        " FROM (SELECT codigo, cod_produto FROM empresa_1.estoque_codigo_conhecido"
        " ORDER BY codigo OFFSET 0) AS k"
    )
    linhas = conn.execute(
        "SELECT codigo_consultado, fora, erro FROM holding.estoque_por_codigo"
        " WHERE empresa = 'empresa_1'"
    ).fetchall()
    assert linhas == [(None, "falhou", "broken")]


# --- who may ask, and who may not act through it ------------------------------------------------


@contextmanager
def dono_de_tudo(conn: Conexao) -> Iterator[str]:
    """A role that owns all companies, and no superuser."""
    with papel_novo(conn, "dono") as dono:
        for empresa in EMPRESAS:
            entregar(conn, empresa, dono)
        conn.execute(f"GRANT CREATE ON DATABASE {conn.info.dbname} TO {dono}".encode())
        yield dono


def entregar(conn: Conexao, schema: str, dono: str) -> None:
    conn.execute(
        sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(sql.Identifier(schema), sql.Identifier(dono))
    )
    for comando in conn.execute(
        "SELECT format('ALTER TABLE %%s OWNER TO %%I', c.oid::regclass, %(d)s::text)"
        " FROM pg_class AS c WHERE c.relnamespace = quote_ident(%(s)s)::regnamespace"
        " AND c.relkind IN ('r', 'v')"
        " UNION ALL"
        " SELECT format('ALTER ROUTINE %%s OWNER TO %%I', p.oid::regprocedure, %(d)s::text)"
        " FROM pg_proc AS p WHERE p.pronamespace = quote_ident(%(s)s)::regnamespace",
        {"s": schema, "d": dono},
    ).fetchall():
        conn.execute(comando[0].encode())


def como(dsn: str, papel: str) -> Conexao:
    return psycopg.connect(make_conninfo(dsn, user=papel), autocommit=True)


def test_a_reader_of_the_group_needs_no_right_in_any_company(conn: Conexao, dsn: str) -> None:
    with dono_de_tudo(conn) as dono, papel_novo(conn, "planejador") as leitor:
        with como(dsn, dono) as dele:
            grupos.criar(dele, "holding", EMPRESAS, leitores=[leitor])
        with como(dsn, leitor) as meu:
            grupo = GrupoEstoque(meu, "holding")
            assert len(grupo.rupturas(7).produtos) == 3
            assert fora(grupo.estatisticas()) == {}
            assert len(grupo.saldos(["P001"]).produtos) == 3
            assert meu.execute("SELECT count(*) FROM holding.rupturas").fetchone() == (3,)
            for comando in (
                "SELECT * FROM empresa_1.estoque_tempo_real",
                "SELECT * FROM holding.estoque_grupo_empresa",
                "INSERT INTO holding.estoque_grupo_empresa VALUES ('x', 'x', 'dbname=postgres')",
                "SELECT * FROM holding._estoque_perguntar('SELECT 1', '', 'x int') AS x (a text,"
                " x int, b text, c text)",
                "SELECT holding.estoque_conceder('public')",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    meu.execute(comando.encode())
            # What a session makes for itself is not found.
            meu.execute("CREATE TEMP TABLE estoque_grupo_empresa (empresa text, esquema text)")
            meu.execute("CREATE TEMP TABLE estoque_grupo (limite text)")
            meu.execute("SET search_path = pg_temp, holding")
            assert len(grupo.rupturas(7).produtos) == 3
        with papel_novo(conn, "outro") as outro, como(dsn, outro) as dele:
            with pytest.raises(SemPermissao):
                GrupoEstoque(dele, "holding").rupturas(7)


def test_default_privileges_give_nobody_a_group(conn: Conexao) -> None:
    with papel_novo(conn, "app") as app:
        for o_que in ("TABLES", "FUNCTIONS", "SCHEMAS"):
            conn.execute(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON {o_que} TO {app}".encode())
        grupos.criar(conn, "holding", EMPRESAS)
        dados_dele = conn.execute(
            "SELECT has_schema_privilege(%(p)s, 'holding', 'USAGE'),"
            " has_table_privilege(%(p)s, 'holding.estoque_grupo_empresa', 'INSERT'),"
            " bool_or(has_function_privilege(%(p)s, p.oid, 'EXECUTE'))"
            " FROM pg_proc AS p WHERE p.pronamespace = 'holding'::regnamespace",
            {"p": app},
        ).fetchone()
        assert dados_dele == (False, False, False)


MALVADA = """
CREATE TABLE {s}.estoque_migracao_soma (id text);
CREATE FUNCTION {s}.estoque_rupturas(dias integer) RETURNS TABLE (cod_produto text,
    nome_produto text, estoque_atual numeric, menor_estoque_d7 numeric, dia_ruptura date,
    dias_ate_ruptura integer, falta numeric, fim_ruptura date) LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.prova VALUES (current_user); END $$;
GRANT USAGE ON SCHEMA {s} TO PUBLIC
"""


@pytest.mark.parametrize("por_nome", [True, False], ids=["its name", "the pattern"])
def test_nobody_acts_as_the_groups_owner_by_a_schema_of_his_own(
    conn: Conexao, dsn: str, por_nome: bool
) -> None:
    """Whoever makes a schema of a company's name, or one that the pattern has, is not asked."""
    conn.execute("CREATE TABLE prova (quem text)")
    with papel_novo(conn, "malvado") as mau:
        conn.execute(f"GRANT CREATE ON DATABASE {conn.info.dbname} TO {mau}".encode())
        conn.execute("GRANT INSERT ON prova TO PUBLIC")
        if por_nome:
            grupos.criar(conn, "holding", ["empresa_1", "empresa_2"])
            desfazer(dsn, "empresa_1")
            conn.execute("DROP SCHEMA empresa_1 CASCADE")
        else:
            grupos.criar(conn, "holding", padrao="empresa_%")
        schema = "empresa_1" if por_nome else "empresa_3"
        with como(dsn, mau) as dele:
            dele.execute(f"CREATE SCHEMA {schema}".encode())
            dele.execute(MALVADA.format(s=schema).encode())
        achadas = GrupoEstoque(conn, "holding").rupturas(7)
        assert fora(achadas) == {schema: "alheia"}
        assert mau in achadas.empresas_fora[0].erro
        assert "empresa_2" in {r.empresa for r in achadas.produtos}
        # It would have: this is what is kept from happening.
        conn.execute(f"SELECT * FROM {schema}.estoque_rupturas(7)".encode())
        assert conn.execute("SELECT quem FROM prova").fetchall() == [(conn.info.user,)]


def test_every_way_into_a_company_is_looked_at(conn: Conexao, dsn: str) -> None:
    """A function, an operator, a table of somebody else's; a right to put one there."""
    with dono_de_tudo(conn) as dono, papel_novo(conn, "malvado") as mau:
        with como(dsn, dono) as dele:
            grupos.criar(dele, "holding", padrao="empresa_%")

        def depois(comando: str) -> str:
            with conn.transaction(force_rollback=True):
                conn.execute(comando.encode())
                achadas = GrupoEstoque(conn, "holding").rupturas(7)
                [quem] = achadas.empresas_fora
                assert (quem.empresa, quem.fora) == ("empresa_1", "alheia")
                assert {r.empresa for r in achadas.produtos} == {"empresa_2"}
                return quem.erro

        quem = f"and cannot act as {dono}, who owns the group"
        for comando, queixa in {
            f"GRANT CREATE ON SCHEMA empresa_1 TO {mau}": f"{mau} may create in the schema",
            "GRANT CREATE ON SCHEMA empresa_1 TO PUBLIC": "PUBLIC may create in the schema",
            f"ALTER SCHEMA empresa_1 OWNER TO {mau}": f"{mau} owns the schema",
            f"ALTER FUNCTION empresa_1.estoque_hoje() OWNER TO {mau}":
                f"{mau} owns the function estoque_hoje",
            f"ALTER TABLE empresa_1.estoque_regra OWNER TO {mau}": f"{mau} owns estoque_regra",
            "CREATE FUNCTION empresa_1.f(text, date) RETURNS boolean LANGUAGE sql RETURN true;"
            " CREATE OPERATOR empresa_1.<= (FUNCTION = empresa_1.f, LEFTARG = text,"
            f" RIGHTARG = date); ALTER FUNCTION empresa_1.f OWNER TO {dono};"
            f" ALTER OPERATOR empresa_1.<= (text, date) OWNER TO {mau}":
                f"{mau} owns the operator <=",
        }.items():  # fmt: skip
            assert depois(comando) == f"{queixa} {quem}"
        # Who could act as the owner anyhow gains nothing by it.
        conn.execute(f"GRANT {dono} TO {mau}".encode())
        conn.execute(f"GRANT CREATE ON SCHEMA empresa_1 TO {mau}".encode())
        conn.execute(f"ALTER FUNCTION empresa_1.estoque_hoje() OWNER TO {mau}".encode())
        assert fora(GrupoEstoque(conn, "holding").rupturas(7)) == {}


def test_a_superusers_group_is_its_companies_owners(conn: Conexao, dsn: str) -> None:
    with dono_de_tudo(conn) as dono:
        grupos.criar(conn, "do_super", EMPRESAS)
        assert set(fora(GrupoEstoque(conn, "do_super").rupturas(7)).values()) == {"alheia"}
        grupos.criar(conn, "do_dono", EMPRESAS, dono=dono)
        assert [(g.grupo, g.dono) for g in grupos.listar(conn)] == [
            ("do_dono", dono), ("do_super", conn.info.user)
        ]  # fmt: skip
        grupos.atualizar(conn, "do_dono")
        donos = conn.execute(
            "SELECT DISTINCT proowner::regrole::text FROM pg_proc"
            " WHERE pronamespace = 'do_dono'::regnamespace"
        ).fetchall()
        assert donos == [(dono,)]
        assert fora(GrupoEstoque(conn, "do_dono").rupturas(7)) == {}


# --- other servers ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filial(servico: Servico) -> Iterator[Servidor]:
    """Another server, with two companies in one database; its readers log in with a password."""
    extensoes = servico.admin.execute(
        "SELECT count(*) FROM pg_available_extensions WHERE name IN ('dblink', 'postgres_fdw')"
    ).fetchone()
    if extensoes != (2,):
        pytest.skip("this server comes without dblink and postgres_fdw")
    with Servidor(conf=("timezone='UTC'", "password_encryption='scram-sha-256'")) as servidor:
        for n, empresa in enumerate(("sul", "norte"), 4):
            montar(servidor.dsn(), empresa, n)
        with psycopg.connect(servidor.dsn(), autocommit=True) as conn:
            conn.execute("CREATE ROLE leitor LOGIN PASSWORD 'muito-secreta'")
            for empresa in ("sul", "norte"):
                olhar(conn, empresa)
                conn.execute("SELECT estoque_conceder('leitor', true)")
        regras = servidor.dados / "pg_hba.conf"
        regras.write_text(f"local all leitor scram-sha-256\n{regras.read_text()}")
        with psycopg.connect(servidor.dsn(), autocommit=True) as conn:
            conn.execute("SELECT pg_reload_conf()")
        yield servidor


def dsn_do_leitor(servidor: Servidor, senha: str | None = "muito-secreta") -> str:
    return make_conninfo(servidor.dsn(), user="leitor", password=senha, connect_timeout=2)


SECRETO = "muito-secreta"


@pytest.fixture
def com_filial(conn: Conexao, grupo: GrupoEstoque, filial: Servidor) -> GrupoEstoque:
    grupos.incluir(conn, "holding", "sul", servidor=dsn_do_leitor(filial))
    grupos.incluir(conn, "holding", "do norte", "norte", servidor=dsn_do_leitor(filial))
    return grupo


ESPERAM = (
    "SELECT a.pid FROM pg_stat_activity AS a"
    " WHERE a.usename = 'leitor' AND a.wait_event_type = 'Lock'"
)


def ligacoes(conn: Conexao) -> Any:
    achadas = conn.execute("SELECT dblink_get_connections()").fetchone()
    return achadas and achadas[0]


def test_companies_of_another_server_answer_too(
    conn: Conexao, com_filial: GrupoEstoque, filial: Servidor
) -> None:
    achadas = com_filial.rupturas(7)
    assert [r.empresa for r in achadas.produtos] == [
        "empresa_1", "empresa_2", ESTRANHA, "sul", "do norte"
    ]  # fmt: skip
    with psycopg.connect(filial.dsn()) as outra:
        de_la = APIEstoqueTempoReal(outra, "norte").rupturas(7)
    assert valores(achadas.produtos[-1])[1:] == tuple(
        getattr(de_la[0], c.name) for c in fields(de_la[0])
    )
    assert len(com_filial.estatisticas().empresas) == 5
    assert len(com_filial.saldos(["ALIAS", "O'R"]).produtos) == 5
    # One server for both; what a session could use is gone with the answer.
    assert len({e.servidor for e in com_filial.empresas()} - {None}) == 1
    assert ligacoes(conn) is None
    # The one connection serves one company after another, and one that fails does not end it.
    with psycopg.connect(filial.dsn()) as outra:
        outra.execute("LOCK TABLE norte.estoque_tempo_real")
        achadas = com_filial.rupturas(7)
        assert fora(achadas) == {"do norte": "demorou"}
        assert len(achadas.produtos) == 4
    with psycopg.connect(filial.dsn(), autocommit=True) as outra:
        outra.execute("REVOKE USAGE ON SCHEMA sul FROM leitor")
        assert fora(com_filial.rupturas(7)) == {"sul": "sem_direito"}
        outra.execute("GRANT USAGE ON SCHEMA sul TO leitor")
        outra.execute("ALTER SCHEMA sul RENAME TO outro")
        assert fora(com_filial.rupturas(7)) == {"sul": "ausente"}
        outra.execute("ALTER SCHEMA outro RENAME TO sul")
    # A question that is cancelled leaves no connection either.
    grupos.atualizar(conn, "holding", limite=30)
    with psycopg.connect(filial.dsn()) as outra:
        outra.execute("LOCK TABLE sul.estoque_tempo_real")
        conn.execute("SET statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute("SELECT * FROM holding.estoque_rupturas(7)")
    assert ligacoes(conn) is None


def test_a_password_is_used_and_never_shown(
    conn: Conexao, dsn: str, filial: Servidor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a group whose owner is no superuser: then a server has to ask for one."""
    with dono_de_tudo(conn) as dono:
        with como(dsn, dono) as dele:
            grupos.criar(dele, "holding", EMPRESAS)
            with pytest.raises(SemPermissao) as erro:
                grupos.incluir(dele, "holding", "sul", servidor=dsn_do_leitor(filial))
            assert erro.value.dica is not None
            assert f'TO "{dono}";' in erro.value.dica
            conn.execute(erro.value.dica.encode())
            # From the password file, as libpq has it.
            arquivo = tmp_path / "senhas"
            arquivo.write_text(f"*:*:*:leitor:{SECRETO}\n")
            arquivo.chmod(0o600)
            monkeypatch.setenv("PGPASSFILE", str(arquivo))
            grupos.incluir(dele, "holding", "sul", servidor=dsn_do_leitor(filial, None))
            monkeypatch.delenv("PGPASSFILE")
            assert fora(GrupoEstoque(dele, "holding").rupturas(7)) == {}
        da_vista = "SELECT * FROM pg_user_mappings"
        tela = dados("grupo", "mostrar", "holding", dsn=dsn)
        assert [e["empresa"] for e in tela["empresas"] if e["servidor"]] == ["sul"]
        assert SECRETO not in json.dumps(tela)
        with papel_novo(conn, "planejador") as leitor:
            grupos.conceder(conn, "holding", leitor)
            with como(dsn, leitor) as meu:
                assert "sul" in {
                    r.empresa for r in GrupoEstoque(meu, "holding").rupturas().produtos
                }
                ditas = meu.execute(da_vista).fetchall()
                ditas += meu.execute("SELECT * FROM holding.estoque_empresas()").fetchall()
                assert SECRETO not in str(ditas)
                with pytest.raises(psycopg.Error):  # nor is its server anybody's
                    meu.execute("SELECT * FROM dblink(%s, 'SELECT 1') AS x (x int)", [ditas[-1][2]])
        # Another password takes the place of the first.
        grupos.retirar(conn, "holding", "sul")
        assert conn.execute(da_vista).fetchall() == []
        grupos.incluir(conn, "holding", "sul", servidor=dsn_do_leitor(filial, "errada"))
        grupos.incluir(conn, "holding", "norte", servidor=dsn_do_leitor(filial))
        assert fora(GrupoEstoque(conn, "holding").rupturas(7)) == {}
        grupos.apagar(conn, "holding")
        assert conn.execute("SELECT count(*) FROM pg_foreign_server").fetchone() == (0,)
        conn.execute(f"REVOKE ALL ON FOREIGN DATA WRAPPER postgres_fdw FROM {dono}".encode())


def test_a_row_that_somebody_added_leads_nowhere(conn: Conexao, grupo: GrupoEstoque) -> None:
    """The name of a server is no address, which dblink would take it for."""
    conn.execute(
        "INSERT INTO holding.estoque_grupo_empresa VALUES ('x', 'y', %s)",
        [f"dbname={conn.info.dbname} user=postgres"],
    )
    assert fora(grupo.rupturas(7)) == {"x": "inacessivel"}


def test_servers_that_are_down_or_hang(
    conn: Conexao, dsn: str, com_filial: GrupoEstoque, filial: Servidor
) -> None:
    grupos.incluir(
        conn, "holding", "longe", "sul", servidor="host=/nada dbname=postgres user=leitor"
    )
    achadas = com_filial.rupturas(7)
    assert fora(achadas) == {"longe": "inacessivel"}
    assert len(achadas.produtos) == 5
    assert "/nada" in achadas.empresas_fora[0].erro
    assert "\n" not in achadas.empresas_fora[0].erro

    assert filial.pid is not None
    os.kill(filial.pid, signal.SIGSTOP)
    try:
        for resposta in (com_filial.rupturas(7), com_filial.estatisticas()):
            assert fora(resposta) == dict.fromkeys(("do norte", "longe", "sul"), "inacessivel")
        assert len(com_filial.estatisticas().empresas) == 3
    finally:
        os.kill(filial.pid, signal.SIGCONT)
    # This session does not ask it again for a while; another one does.
    assert "sul" in fora(com_filial.rupturas(7))
    with psycopg.connect(dsn, autocommit=True) as outra:
        assert fora(GrupoEstoque(outra, "holding").rupturas(7)) == {"longe": "inacessivel"}


def test_a_server_that_hangs_in_the_middle(
    conn: Conexao, com_filial: GrupoEstoque, filial: Servidor
) -> None:
    """It takes the question, and its process is stopped before it answers."""
    grupos.atualizar(conn, "holding", limite=2)
    with (
        psycopg.connect(filial.dsn()) as outra,
        psycopg.connect(filial.dsn(), autocommit=True) as vigia,
        ThreadPoolExecutor(1) as linha,
    ):
        outra.execute("LOCK TABLE norte.estoque_tempo_real")
        pergunta = linha.submit(com_filial.rupturas, 7)
        while not (parado := vigia.execute(ESPERAM).fetchone()):
            pass
        os.kill(parado[0], signal.SIGSTOP)
        try:
            achadas = pergunta.result()
        finally:
            os.kill(parado[0], signal.SIGCONT)
        assert fora(achadas) == {"do norte": "demorou", "sul": "demorou"}
        assert len(achadas.produtos) == 3
        # And this session does not wait for it a second time just now.
        assert fora(com_filial.estatisticas()) == fora(achadas)


# --- the command line ---------------------------------------------------------------------------


def test_the_commands(dsn: str) -> None:
    def rodar(*args: str, codigo: int = 0) -> str:
        feito = estoque(*args, dsn=dsn)
        assert feito.exit_code == codigo, feito.output
        return feito.stdout + feito.stderr

    feito = rodar("grupo", "criar", "holding", "--padrao", "empresa_%", "--esquemas", ESTRANHA)
    assert [linha.split()[0] for linha in feito.splitlines()[2:4]] == ["Empresa", "empresa_1"]
    assert feito.splitlines()[-1] == "3 companies"
    assert "exists already" in uma_linha(estoque("grupo", "criar", "holding", dsn=dsn), 1)
    assert dados("grupo", "listar", dsn=dsn) == [{"grupo": "holding", "dono": "postgres"}]
    rodar("grupo", "retirar", "holding", ESTRANHA)
    rodar("grupo", "incluir", "holding", "terceira", "--esquema", ESTRANHA)
    assert "GRANT USAGE ON SCHEMA holding TO" in rodar("grupo", "conceder", "holding", "postgres")
    visto = dados("grupo", "mostrar", "holding", dsn=dsn)
    assert [(e["empresa"], e["esquema"], e["produtos"]) for e in visto["empresas"]] == [
        ("empresa_1", "empresa_1", 2), ("empresa_2", "empresa_2", 2), ("terceira", ESTRANHA, 2)
    ]  # fmt: skip

    tela = rodar("rupturas", "--grupo", "holding", "--dias", "2").splitlines()
    assert tela[0].split() == ["company", "product", "name", "balance", "runs", "out", "when",
                               "short", "until"]  # fmt: skip
    assert [linha.split()[0] for linha in tela[2:4]] == ["empresa_1", "empresa_2"]
    assert tela[4] == "2 products run out within 2 days"
    assert len(rodar("estatisticas", "--grupo", "holding").splitlines()) == 5
    assert [linha.split()[:3] for linha in
            rodar("consultar", "ALIAS", "--grupo", "holding").splitlines()[2:]] == [
        [empresa, "ALIAS", "P001"] for empresa in ("empresa_1", "empresa_2", "terceira")
    ]  # fmt: skip
    assert "zzz" in uma_linha(estoque("consultar", "zzz", "--grupo", "holding", dsn=dsn), 1)
    assert "no group" in uma_linha(estoque("rupturas", "--grupo", "nada", dsn=dsn), 1)
    assert estoque("rupturas", "--grupo", "a", "--schema", "b", dsn=dsn).exit_code == 2

    assert estoque("grupo", "apagar", "holding", dsn=dsn).exit_code == 2
    rodar("grupo", "apagar", "holding", "--sim")
    assert dados("grupo", "listar", dsn=dsn) == []
    assert dados("estatisticas", "--schema", "empresa_1", dsn=dsn)["total_produtos"] == 2


def test_who_is_away_is_named_everywhere(conn: Conexao, dsn: str, grupo: GrupoEstoque) -> None:
    desfazer(dsn, ESTRANHA)
    queixa = f"  {ESTRANHA}: not installed (nothing is installed in schema"
    for comando in (["rupturas"], ["estatisticas"], ["consultar", "P001"]):
        feito = estoque(*comando, "--grupo", "holding", dsn=dsn)
        assert "1 company did not answer" in uma_linha(feito, 4)
        assert queixa in feito.stderr
        assert feito.stdout.count("empresa_") == 2  # the rest is there
        em_json = estoque(*comando, "--grupo", "holding", "--json", dsn=dsn)
        assert em_json.exit_code == 4
        [ausente] = json.loads(em_json.stdout)["empresas_fora"]
        assert (ausente["empresa"], ausente["fora"]) == (ESTRANHA, "ausente")
        # In a file, which goes on without what was said beside it, by a row of its own.
        arquivo = estoque(*comando, "--grupo", "holding", "--formato", "csv", dsn=dsn)
        linhas = list(csv.DictReader(io.StringIO(arquivo.stdout, newline="")))
        assert [(r["empresa"], r["fora"]) for r in linhas] == [
            ("empresa_1", ""), ("empresa_2", ""), (ESTRANHA, "ausente")
        ]  # fmt: skip
        planilha = estoque(*comando, "--grupo", "holding", "--formato", "planilha", dsn=dsn)
        assert planilha.stdout.splitlines()[-1].endswith(";not installed")
    assert "1 company did not answer" in uma_linha(
        estoque("grupo", "mostrar", "holding", dsn=dsn), 4
    )
    assert grupo.rupturas(7).empresas_fora == (
        EmpresaFora(ESTRANHA, "ausente", f"nothing is installed in schema {_citado(conn)}"),
    )


def _citado(conn: Conexao) -> str:
    return sql.Identifier(ESTRANHA).as_string(conn)


def test_its_functions_are_sound(conn: Conexao, grupo: GrupoEstoque) -> None:
    """As test_plpgsql_check.py has it of ours; statements made at run time are no fault."""
    existe = "SELECT 1 FROM pg_available_extensions WHERE name = 'plpgsql_check'"
    if conn.execute(existe).fetchone() is None:
        pytest.skip("this server has no plpgsql_check")
    conn.execute("CREATE EXTENSION plpgsql_check WITH SCHEMA pg_catalog")
    queixas = conn.execute(
        "SELECT p.oid::regprocedure::text, r.level, r.message FROM pg_proc AS p"
        " JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'"
        " CROSS JOIN LATERAL plpgsql_check_function_tb(p.oid, fatal_errors := false,"
        " extra_warnings := true, security_warnings := true) AS r"
        " WHERE p.pronamespace = 'holding'::regnamespace"
        " AND p.proname <> '_estoque_perguntar'"  # its columns are its caller's
        # What it runs is made of literals and of names that are quoted.
        " AND NOT (p.proname IN ('estoque_conceder', '_estoque_servidor') AND r.level = 'security')"
    ).fetchall()
    assert queixas == []


def test_nobody_but_its_owner_has_anything_of_it(conn: Conexao, grupo: GrupoEstoque) -> None:
    """What runs as the owner is pinned to the group's schema, and whatever runs any SQL is not."""
    funcoes = conn.execute(
        "SELECT p.proname, p.prosecdef, p.proconfig, has_function_privilege('public', p.oid,"
        " 'EXECUTE'), obj_description(p.oid) IS NOT NULL FROM pg_proc AS p"
        " WHERE p.pronamespace = 'holding'::regnamespace"
    ).fetchall()
    assert {nome for nome, dono, *_ in funcoes if dono} == {
        "estoque_empresas", "estoque_rupturas", "estoque_estatisticas", "estoque_saldos"
    }  # fmt: skip
    for nome, _, ajustes, de_todos, descrita in funcoes:
        assert not de_todos, nome
        assert descrita, nome
        assert nome == "_estoque_motivo" or 'search_path="holding", pg_temp' in ajustes, nome
    donos = conn.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'holding'::regnamespace"
        " AND relacl::text LIKE '%=r/%' AND relacl::text NOT LIKE '%postgres=%'"
    ).fetchall()
    assert donos == []


def test_what_compares_models_leaves_it_alone(conn: Conexao, grupo: GrupoEstoque) -> None:
    """Alembic, with `include_name`, does not drop the tables of a group."""
    tabelas = conn.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'holding'::regnamespace"
        " AND relkind = 'r'"
    ).fetchall()
    assert {nome for (nome,) in tabelas} == grupos.TABELAS
    for (nome,) in tabelas:
        assert not include_name(nome, "table", {"schema_name": "holding"})
