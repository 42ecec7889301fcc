"""Who may do what: writers of the sources, readers, and callers who mean harm."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest
from apoio import Banco, arquivo_de, arquivos_sql, chamada, consultas, papel_novo
from oraculo import FONTES, Conexao
from psycopg import sql

from estoque_pg.migracoes import desfazer, instalar

# Questions that not everyone may ask, and why.
RESTRITAS = dict.fromkeys(
    (
        "estoque_documentos", "estoque_explicar", "estoque_simular", "estoque_projecao_simulada",
        "estoque_abaixo_do_minimo", "estoque_incoerencias", "estoque_cobertura",
    ),
    "reads the tables of the ERP with its owner's rights: for those given --leitura",
)  # fmt: skip
LEITURA = sorted({"estoque_hoje", *consultas()} - set(RESTRITAS))
PUBLICAS = {
    *LEITURA,
    "estoque_verificar",
    "estoque_recalcular",
    "estoque_recalcular_tudo",
    "estoque_virada",
    "_estoque_estado_dos_avisos",  # figures for the status, of tables that nobody else reads
    "_estoque_recalcular_produto",  # no more than estoque_recalcular, which it calls, lets it
}


@pytest.fixture
def papel(banco: Banco) -> Iterator[str]:
    """An ordinary role that may write the sources and nothing else."""
    fontes = ", ".join(FONTES)
    with papel_novo(banco.conn, "escritor") as nome:
        banco.cru(f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON {fontes} TO {nome}")
        banco.cru(f"GRANT TEMPORARY ON DATABASE {banco.conn.info.dbname} TO {nome}")
        yield nome
        for conn in banco._abertas[1:]:
            conn.close()


def como(banco: Banco, papel: str) -> Conexao:
    return banco.conectar(user=papel)


INSERIR = (
    "INSERT INTO public.movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
    " tipo_movimentacao, qtd_movimentacao, ativo) VALUES ('P1', 'N', now(), 'E', 10, true)"
)
ESCRITAS = [
    INSERIR,
    "UPDATE public.movimentacao_estoque SET qtd_movimentacao = 4",
    "INSERT INTO public.separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
    " VALUES ('L1', 'P1', 5, '2025-08-07')",
    "INSERT INTO public.pre_separacao_item (cod_produto, qtd_selecionada_usuario,"
    " data_expedicao_editada) VALUES ('P2', 5, '2025-08-07')",
    "INSERT INTO public.programacao_producao (cod_produto, qtd_programada, data_programacao)"
    " VALUES ('P2', 5, '2025-08-07')",
    "INSERT INTO public.embarque_itens (embarque_id, separacao_lote_id, nota_fiscal, status)"
    " VALUES (1, 'L1', 'NF', 'ativo')",
    "INSERT INTO public.unificacao_codigos (codigo_origem, codigo_destino, ativo)"
    " VALUES ('P1', 'P2', true)",
    "UPDATE public.embarque_itens SET status = 'cancelado'",
    "DELETE FROM public.pre_separacao_item",
    "UPDATE public.unificacao_codigos SET ativo = false",
    "TRUNCATE public.separacao",
    "TRUNCATE public.unificacao_codigos, public.embarque_itens",
]


def test_writer_of_the_sources_needs_no_right_on_the_results(banco: Banco, papel: str) -> None:
    conn = como(banco, papel)
    for escrita in ESCRITAS:
        conn.execute(escrita)
        banco.verificar()
    assert banco.saldo("P1") == 4


def nossas_tabelas(banco: Banco) -> list[str]:
    return [
        r["relname"]
        for r in banco.cru(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'v', 'm', 'S') AND relname <> ALL (%s)"
            " AND relname !~ '_id_seq$'",
            [list(FONTES)],
        )
    ]


def test_nobody_else_writes_results_directly(banco: Banco, papel: str) -> None:
    """Read by everyone, written by nobody else."""
    banco.mov("P1", 10)
    banco.sep("P1", 5)
    conn = como(banco, papel)
    for escrita in (
        "UPDATE estoque_tempo_real SET saldo_atual = 0",
        "DELETE FROM estoque_tempo_real",
        "INSERT INTO estoque_tempo_real (cod_produto) VALUES ('X')",
        "TRUNCATE estoque_tempo_real",
        "UPDATE movimentacao_prevista SET saida_prevista = 0",
        "DELETE FROM movimentacao_prevista",
        "INSERT INTO movimentacao_prevista VALUES ('X', '2025-01-01', 1, 1)",
        "TRUNCATE movimentacao_prevista",
        "UPDATE estoque_codigo_conhecido SET cod_produto = 'X'",
        "DELETE FROM estoque_lote",
        "UPDATE estoque_controle SET unico = true",
        "DELETE FROM estoque_por_codigo",
        "UPDATE estoque_por_codigo SET saldo_atual = 0",
        "DO $$ BEGIN LOCK TABLE estoque_tempo_real IN ACCESS EXCLUSIVE MODE; END $$",
    ):
        with pytest.raises(psycopg.Error) as erro:
            conn.execute(escrita)
        assert erro.value.sqlstate in ("42501", "55000"), (escrita, erro.value)
    banco.verificar()


def test_no_table_of_ours_can_be_written_by_public(banco: Banco) -> None:
    tabelas = nossas_tabelas(banco)
    assert {"estoque_tempo_real", "movimentacao_prevista", "estoque_por_codigo"} <= set(tabelas)
    dadas = banco.cru(
        "SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relname = ANY (%s) AND a.grantee <> c.relowner"
        " AND a.privilege_type <> 'SELECT'",
        [tabelas],
    )
    assert dadas == []


def test_everyone_reads_results_through_tables_view_and_functions(banco: Banco, papel: str) -> None:
    """A role without any right on the sources, too."""
    banco.mov("P1", 10)
    banco.cru(f"REVOKE ALL ON {', '.join(FONTES)} FROM {papel}")
    conn = como(banco, papel)
    assert len(LEITURA) >= 7
    chamadas = [chamada(banco.conn, funcao) for funcao in LEITURA]
    for alvo in (*chamadas, "estoque_tempo_real", "movimentacao_prevista", "estoque_por_codigo"):
        conn.execute(f"SELECT * FROM {alvo}")


def test_public_executes_only_what_is_public(banco: Banco) -> None:
    abertas = {
        r["proname"]
        for r in banco.cru(
            "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
            " AND has_function_privilege('public', p.oid, 'EXECUTE') AND p.prosecdef"
        )
    }
    assert abertas <= PUBLICAS, "REVOKE ALL ... FROM PUBLIC in their files, or PUBLICAS here"
    faltam = {
        nome
        for nome in PUBLICAS
        - {"estoque_recalcular", "estoque_recalcular_tudo", "estoque_virada", "estoque_verificar"}
        if not banco.valor(
            "SELECT bool_and(has_function_privilege('public', oid, 'EXECUTE')) FROM pg_proc"
            " WHERE proname = %s",
            [nome],
        )
    }
    assert not faltam, "\n".join(
        f"{arquivo_de(nome)}: GRANT EXECUTE ... TO PUBLIC, or RESTRITAS in tests/test_direitos.py"
        for nome in sorted(faltam)
    )


def test_functions_that_write_are_not_callable_by_the_writer(banco: Banco, papel: str) -> None:
    """The inner functions are no side door into the results."""
    conn = como(banco, papel)
    internas = banco.cru(
        "SELECT p.oid::regprocedure::text AS f, p.prosecdef, p.provolatile,"
        " p.prorettype = 'trigger'::regtype AS g,"
        " has_function_privilege(%s, p.oid, 'EXECUTE') AS pode FROM pg_proc p"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.proname <> ALL (%s)",
        [papel, list(PUBLICAS)],
    )
    assert len(internas) > 10
    for r in internas:
        if r["pode"]:  # then it can do no more than its caller may, and writes nothing
            assert not r["prosecdef"], r["f"]
            assert not r["g"], r["f"]
            assert r["provolatile"] != "v", r["f"]
    assert conn.execute("SELECT 1").fetchone() == (1,)


def test_trigger_functions_cannot_be_put_on_a_table_of_the_callers(
    banco: Banco, papel: str
) -> None:
    banco.cru(f"GRANT CREATE ON SCHEMA public TO {papel}")
    conn = como(banco, papel)
    conn.execute("CREATE TABLE public.isca (LIKE public.movimentacao_estoque)")
    for r in banco.cru(
        "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
        " AND p.prorettype = 'trigger'::regtype"
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(
                sql.SQL(
                    "CREATE TRIGGER t AFTER INSERT ON public.isca EXECUTE FUNCTION public.{}()"
                ).format(sql.Identifier(r["proname"]))
            )
    conn.execute("DROP TABLE public.isca")


def test_security_definer_functions_are_pinned(banco: Banco) -> None:
    """SECURITY DEFINER always with a search_path, pg_temp last."""
    definer = banco.cru(
        "SELECT oid::regprocedure::text AS f, proconfig FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    )
    assert definer
    for r in definer:
        caminhos = [c for c in (r["proconfig"] or []) if c.startswith("search_path=")]
        assert [c.endswith("pg_temp") for c in caminhos] == [True], r


def test_every_function_binds_its_names_at_install(banco: Banco, papel: str) -> None:
    """Pinned by search_path, bound early, or callable only by functions that are pinned."""
    soltas = banco.cru(
        "SELECT oid::regprocedure::text AS f FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosqlbody IS NULL"
        " AND has_function_privilege(%s, oid, 'EXECUTE') AND provolatile <> 'i'"
        " AND NOT coalesce(array_to_string(proconfig, ' '), '') LIKE '%%search_path=%%'",
        [papel],
    )
    # This one becomes part of the queries of the functions that call it, which are pinned; called
    # by itself it does no more than its caller may, and reads whatever the caller's path finds.
    assert [r["f"] for r in soltas] == ["_estoque_contribuicoes(text[],boolean,text)"]


ARMADILHAS = """
CREATE TEMP TABLE estoque_tempo_real (LIKE public.estoque_tempo_real INCLUDING ALL);
CREATE TEMP TABLE movimentacao_prevista (LIKE public.movimentacao_prevista INCLUDING ALL);
CREATE TEMP TABLE estoque_codigo_conhecido (LIKE public.unificacao_codigos);
CREATE TEMP TABLE estoque_lote (x int);
CREATE TEMP TABLE estoque_controle (x int);
CREATE TEMP TABLE movimentacao_estoque (LIKE public.movimentacao_estoque);
CREATE TEMP TABLE separacao (LIKE public.separacao);
CREATE TEMP TABLE pre_separacao_item (LIKE public.pre_separacao_item);
CREATE TEMP TABLE programacao_producao (LIKE public.programacao_producao);
CREATE TEMP TABLE embarque_itens (LIKE public.embarque_itens);
CREATE TEMP TABLE unificacao_codigos (LIKE public.unificacao_codigos);
CREATE TEMP TABLE novas (x int);
CREATE TEMP TABLE velhas (x int);
CREATE FUNCTION pg_temp.estoque_hoje() RETURNS date LANGUAGE sql AS $$ SELECT date '1999-01-01' $$;
CREATE FUNCTION pg_temp.estoque_codigo(text) RETURNS text LANGUAGE sql AS $$ SELECT 'ROUBADO' $$;
CREATE FUNCTION pg_temp.round(numeric, int) RETURNS numeric LANGUAGE sql AS $$ SELECT 0.0 $$;
"""
ARMADILHAS_DO_SCHEMA = """
CREATE FUNCTION mal.estoque_hoje() RETURNS date LANGUAGE sql AS $$ SELECT date '1999-01-01' $$;
CREATE FUNCTION mal.estoque_codigo(text) RETURNS text LANGUAGE sql AS $$ SELECT 'ROUBADO' $$;
CREATE FUNCTION mal.soma(numeric, numeric) RETURNS numeric LANGUAGE sql AS $$ SELECT 666.0 $$;
CREATE OPERATOR mal.+ (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = mal.soma);
CREATE FUNCTION mal.coluna(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
CREATE OPERATOR mal.= (LEFTARG = text, RIGHTARG = text, FUNCTION = mal.coluna);
CREATE FUNCTION mal.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT timestamptz '1999-01-01' $$;
CREATE FUNCTION mal.round(numeric, int) RETURNS numeric LANGUAGE sql AS $$ SELECT 0.0 $$;
CREATE TABLE mal.estoque_tempo_real (LIKE public.estoque_tempo_real INCLUDING ALL);
CREATE TABLE mal.movimentacao_prevista (LIKE public.movimentacao_prevista INCLUDING ALL);
"""


@pytest.mark.parametrize(
    "caminho", ["pg_temp, mal, public, pg_catalog", "mal, pg_temp, pg_catalog", "", "public, mal"]
)
def test_hostile_search_path_and_temp_objects_change_nothing(
    banco: Banco, papel: str, caminho: str
) -> None:
    """Of the caller: neither his tables, nor his functions, nor his operators."""
    banco.cru(f"CREATE SCHEMA mal; GRANT ALL ON SCHEMA mal TO {papel}")
    banco.mov("P1", 1)
    banco.unir("A1", "P1")
    banco.cru("DELETE FROM unificacao_codigos")
    conn = como(banco, papel)
    conn.execute(ARMADILHAS)
    conn.execute(ARMADILHAS_DO_SCHEMA)
    conn.execute("SELECT set_config('search_path', %s, false)", [caminho])
    for escrita in ESCRITAS:
        conn.execute(escrita)
        banco.verificar()
    for funcao in LEITURA:
        pedido = chamada(banco.conn, funcao)
        limpa = banco.cru(f"SELECT t::text AS linha FROM {pedido} t")
        suja = conn.execute(f"SELECT t::text FROM public.{pedido} t")
        assert [r["linha"] for r in limpa] == [r[0] for r in suja.fetchall()]
    hoje = conn.execute("SELECT public.estoque_hoje(), public.estoque_codigo('P1')").fetchone()
    assert hoje == (banco.D, "P1")
    for roubada in ("mal.estoque_tempo_real", "mal.movimentacao_prevista"):
        assert conn.execute(f"SELECT * FROM {roubada}").fetchall() == []


@pytest.mark.parametrize(
    "ajuste",
    [
        "timezone = 'Pacific/Kiritimati'",
        "datestyle = 'SQL, DMY'",
        "intervalstyle = 'sql_standard'",
        "extra_float_digits = -15",
        "bytea_output = 'escape'",
        "standard_conforming_strings = off",
        "transform_null_equals = on",
        "row_security = off",
        "lc_numeric = 'C'",
        "enable_hashagg = off",
        "enable_sort = off",
        "array_nulls = off",
        "plan_cache_mode = force_generic_plan",
        "work_mem = '64kB'",
        "check_function_bodies = off",
    ],
)
def test_callers_settings_change_nothing(banco: Banco, papel: str, ajuste: str) -> None:
    conn = como(banco, papel)
    conn.execute(f"SET {ajuste}")
    conn.execute(
        "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " VALUES ('L1', 'P1', 123456789.0125, '2025-08-07'), ('L1', 'P1', 0.1, '2025-08-08')"
    )
    for escrita in ESCRITAS:
        conn.execute(escrita)
        banco.verificar()


def test_row_security_on_a_source_does_not_blind_the_triggers(banco: Banco, papel: str) -> None:
    """The owner's functions see all rows; what a writer may see is another matter."""
    banco.mov("P1", 10)
    banco.cru("ALTER TABLE movimentacao_estoque ENABLE ROW LEVEL SECURITY")
    banco.cru(f"CREATE POLICY p ON movimentacao_estoque TO {papel} USING (cod_produto = 'P2')")
    conn = como(banco, papel)
    conn.execute(INSERIR.replace("'P1'", "'P2'"))
    conn.execute(
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('P1', 'P2', true)"
    )
    banco.verificar()
    assert banco.saldo("P2") == 20
    banco.cru("DROP POLICY p ON movimentacao_estoque")


# --- what each file says ------------------------------------------------------------------------


def test_every_function_says_beside_it_who_may_run_it() -> None:
    """Without it the default privileges of the database would say."""
    faltam = []
    for arquivo in arquivos_sql():
        texto = arquivo.read_text(encoding="utf-8")
        criada = re.search(r"^CREATE FUNCTION (\w+)", texto, re.MULTILINE)
        nome = criada and criada[1]
        if criada and not re.search(
            rf"^(GRANT EXECUTE|REVOKE ALL) ON FUNCTION\s+{nome}\(", texto, re.MULTILINE
        ):
            onde = arquivo_de(arquivo.stem)
            faltam.append(f"{onde}: GRANT EXECUTE ON FUNCTION {nome}(...) TO PUBLIC, or"
                          " REVOKE ALL ... FROM PUBLIC, is missing")  # fmt: skip
    assert not faltam, "\n".join(faltam)


def test_everyone_may_run_contributions(banco: Banco) -> None:
    """They become part of the reader of all sources, which runs with its caller's rights."""
    fechadas = banco.cru(
        "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
        " AND p.proname LIKE '\\_estoque\\_contribuicao\\_%'"
        " AND NOT has_function_privilege('public', p.oid, 'EXECUTE')"
    )
    faltam = [f"{arquivo_de(r['proname'])}: GRANT EXECUTE ... TO PUBLIC" for r in fechadas]
    assert not faltam, "\n".join(faltam)


# --- default privileges, which an ERP's database may well have ----------------------------------

ACLS = """
    SELECT c.relkind::text, c.relname::text, x.grantee::regrole::text, x.privilege_type
    FROM pg_class AS c, aclexplode(coalesce(c.relacl,
        acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) AS x
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'S')
        AND c.relname NOT IN (SELECT f || s FROM unnest(%(fontes)s::text[]) AS f,
                              unnest(ARRAY['', '_id_seq']) AS s)
    UNION ALL
    SELECT 'f', p.oid::regprocedure::text, x.grantee::regrole::text, x.privilege_type
    FROM pg_proc AS p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
    WHERE p.pronamespace = 'public'::regnamespace AND p.proname <> 'estoque_do_erp'
    ORDER BY 1, 2, 3, 4
"""


def test_default_privileges_give_reading_alone(banco: Banco, vazio: str) -> None:
    """Or an application could write the results, or nobody could ask, or no backup be made."""
    with psycopg.connect(vazio, autocommit=True) as conn, papel_novo(conn, "app") as papel:
        conn.execute(
            f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {papel}, PUBLIC;"
            f" ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO {papel}, PUBLIC;"
            f" ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO {papel};"
            " ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"
        )
        conn.execute("CREATE FUNCTION estoque_do_erp() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        instalar(vazio, None)
        fontes = {"fontes": list(FONTES)}
        esperado = set(banco.conn.execute(ACLS, fontes).fetchall())
        esperado |= {(tipo, nome, papel, "SELECT") for tipo, nome, *_ in esperado if tipo != "f"}
        assert set(conn.execute(ACLS, fontes).fetchall()) == esperado
        # What is the ERP's, and what it grants on it, stays.
        conn.execute(f"SET ROLE {papel}")
        conn.execute("SELECT estoque_do_erp()")
        conn.execute(INSERIR)
        conn.execute("SELECT * FROM estoque_consultar('{P1}')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("UPDATE estoque_tempo_real SET saldo_atual = 0")
        conn.execute("RESET ROLE")


def test_who_may_create_in_the_schema_is_warned_of(vazio: str) -> None:
    """An operator made there for exactly varchar would run with the installer's rights."""
    with psycopg.connect(vazio, autocommit=True) as conn, papel_novo(conn, "criador") as papel:
        conn.execute(f"GRANT CREATE ON SCHEMA public TO {papel}, PUBLIC")
        ditas: list[str] = []
        instalar(vazio, None, avisar=ditas.append)
        avisos = [linha for linha in ditas if linha.startswith("warning: ")]
        assert len(avisos) == 1
        assert f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {papel}," in avisos[0]
        desfazer(vazio, None)
        conn.execute(f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {papel}")
        ditas.clear()
        instalar(vazio, None, avisar=ditas.append)
        assert not [linha for linha in ditas if linha.startswith("warning: ")]
