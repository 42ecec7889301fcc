"""What an installation consists of: signed, compared by the status, put back by vigiar."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from apoio import Banco, papel_novo
from psycopg import sql
from test_cli import dados, estoque, uma_linha

from estoque_pg import APIEstoqueTempoReal
from estoque_pg.migracoes import desfazer, estado, instalar

RAIZ = Path(__file__).resolve().parent.parent


@pytest.fixture
def cena(banco: Banco) -> Banco:
    banco.mov("P0001", 15, nome_produto="Parafuso")
    banco.sep("P0001", 16, 1)
    banco.mov("P0002", 7)
    return banco


def textos(banco: Banco) -> list[str]:
    return [p["texto"] for p in dados("status", dsn=banco.dsn, codigo=4)["problemas"]]


def test_the_relations_are_those_of_the_files(banco: Banco) -> None:
    """_estoque_relacoes is written by hand: sql/ and the book of migrations say what is ours."""
    arquivos = {a.stem for a in (RAIZ / "sql/02_tabelas").glob("*.sql")} | {
        a.stem for a in (RAIZ / "sql").rglob("*.sql") if "CREATE VIEW" in a.read_text()
    }
    livro = {
        r["relname"]
        for r in banco.cru(
            "SELECT relname FROM pg_class WHERE relname ~ '^_yoyo_|_migracao_soma$'"
            " AND relkind = 'r'"
        )
    }
    assert set(banco.valor("SELECT _estoque_relacoes()")) == arquivos | livro


def test_everything_of_ours_is_signed(banco: Banco) -> None:
    """All functions, relations, constraints and indexes in the schema, but the sources'."""
    assinadas = {(r["tipo"], r["objeto"]) for r in banco.cru("SELECT * FROM estoque_assinatura")}
    fontes = [r["tabela"] for r in banco.cru("SELECT tabela FROM _estoque_fontes()")]
    esperadas = {
        (r["tipo"], r["objeto"])
        for r in banco.cru(
            "SELECT 'function' AS tipo, oid::regprocedure::text AS objeto FROM pg_proc"
            " WHERE pronamespace = 'public'::regnamespace AND proname ~ 'estoque'"
            " UNION ALL"
            " SELECT CASE relkind WHEN 'c' THEN 'type' WHEN 'r' THEN 'table' ELSE 'view' END,"
            " relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('c', 'r', 'v') AND relname <> ALL (%(fontes)s)"
            " UNION ALL"
            " SELECT 'constraint', conname FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"
            " AND conrelid <> ALL (%(fontes)s::regclass[])"
            " UNION ALL"
            " SELECT 'index', i.relname FROM pg_index AS x"
            " JOIN pg_class AS i ON i.oid = x.indexrelid"
            " WHERE i.relnamespace = 'public'::regnamespace"
            " AND x.indrelid <> ALL (%(fontes)s::regclass[]) AND NOT EXISTS ("
            " SELECT FROM pg_constraint AS k WHERE k.conindid = i.oid)",
            {"fontes": fontes},
        )
    }
    assert assinadas == esperadas


ESTRAGOS = {
    "DROP INDEX estoque_tempo_real_ruptura": "the index estoque_tempo_real_ruptura is missing",
    "DROP INDEX estoque_separacao_lote": "the index estoque_separacao_lote is missing",
    "UPDATE pg_index SET indisvalid = false"
    " WHERE indexrelid = 'estoque_movimentacao_produto'::regclass": (
        "the index estoque_movimentacao_produto is invalid"
    ),
    "UPDATE pg_index SET indisvalid = false"
    " WHERE indexrelid = 'estoque_tempo_real_comparado'::regclass": (
        "the index estoque_tempo_real_comparado is invalid"
    ),
    "DROP TABLE estoque_falha": "the table estoque_falha is missing",
    "ALTER TABLE estoque_lote DROP CONSTRAINT estoque_lote_pkey": (
        "the constraint estoque_lote_pkey is missing"
    ),
    "ALTER TABLE estoque_controle DROP CONSTRAINT estoque_controle_orcamento_check": (
        "the constraint estoque_controle_orcamento_check is missing"
    ),
    "DROP VIEW estoque_por_codigo": "the view estoque_por_codigo is missing",
    "GRANT EXECUTE ON FUNCTION _estoque_aplicar TO PUBLIC": "does not have the rights",
    "REVOKE SELECT ON estoque_tempo_real FROM PUBLIC": (
        "the table estoque_tempo_real does not have the rights"
    ),
    "GRANT INSERT ON movimentacao_prevista TO PUBLIC": (
        "the table movimentacao_prevista does not have the rights"
    ),
    "ALTER FUNCTION estoque_rupturas(integer) SET search_path = pg_temp": (
        "the function estoque_rupturas(integer) looks for its tables in another schema"
    ),
}


@pytest.mark.parametrize("estrago", ESTRAGOS)
def test_each_kind_of_part_is_missed_and_put_back(cena: Banco, estrago: str) -> None:
    antes = cena.cru("SELECT * FROM _estoque_pecas() ORDER BY tipo, objeto")
    cena.cru(estrago)
    assert any(ESTRAGOS[estrago] in t for t in textos(cena)), textos(cena)
    assert estoque("vigiar", dsn=cena.dsn).exit_code == 0
    assert estoque("status", dsn=cena.dsn).exit_code == 0
    depois = cena.cru("SELECT * FROM _estoque_pecas() ORDER BY tipo, objeto")
    for uma, outra in zip(antes, depois, strict=True):
        assert {**uma, "numero": 0} == {**outra, "numero": 0}
    cena.verificar()
    assert estoque("vigiar", dsn=cena.dsn).stdout == "everything is in place\n"
    cena.sep("P0001", 1, 2)


def test_a_table_whose_columns_were_changed_is_made_anew(cena: Banco) -> None:
    cena.cru("ALTER TABLE estoque_falha DROP COLUMN vezes")
    saida = estoque("status", dsn=cena.dsn).stdout
    assert "the table estoque_falha is changed" in saida
    assert "run `estoque uninstall`, then `estoque install`" in saida
    desfazer(cena.dsn)
    instalar(cena.dsn)
    assert dados("status", dsn=cena.dsn)["problemas"] == []


def test_lost_keys_and_rows_that_are_there_twice(cena: Banco) -> None:
    """Told by the audit, put back by vigiar, which keeps one of each and compares all of them."""
    chaves = {
        "estoque_tempo_real": "cod_produto",
        "movimentacao_prevista": "cod_produto",
        "estoque_codigo_conhecido": "codigo",
    }
    for tabela in chaves:
        colunas = cena.valor(
            "SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND attgenerated = ''",
            [tabela],
        )
        cena.cru(
            f"ALTER TABLE {tabela} DROP CONSTRAINT {tabela}_pkey;"
            f" INSERT INTO {tabela} ({colunas}) SELECT {colunas} FROM {tabela}"
        )
    cena.cru("UPDATE estoque_tempo_real SET saldo_atual = 99")
    campos = {(r["cod_produto"], r["campo"]) for r in cena.cru("SELECT * FROM estoque_verificar()")}
    for tabela in chaves:
        assert ("P0001", f"linhas de {tabela}") in campos
    um = cena.cru("SELECT campo FROM estoque_verificar(ARRAY['P0002'])")
    assert "linhas de estoque_tempo_real" in {r["campo"] for r in um}
    with pytest.raises(psycopg.Error):
        cena.cru(
            "INSERT INTO separacao (cod_produto, expedicao, qtd_saldo) VALUES ('P0001', NULL, 1)"
        )
    assert any("3 constraints are missing" in t for t in textos(cena))
    APIEstoqueTempoReal(cena.conn).minuto()  # it does not end in an error
    assert estoque("vigiar", dsn=cena.dsn).exit_code == 0
    cena.verificar()
    assert cena.saldo("P0001") == 15
    assert cena.valor("SELECT count(*) FROM estoque_tempo_real") == 2


def test_a_column_that_the_erp_renamed_is_named_with_the_way_out(cena: Banco) -> None:
    cena.cru("ALTER TABLE separacao RENAME qtd_saldo TO saldo_do_item")
    saida = estoque("status", dsn=cena.dsn).stdout
    assert "! separacao.qtd_saldo is missing" in saida
    assert "a generated column of that name" in saida
    cena.cru("ALTER TABLE separacao DISABLE TRIGGER USER")
    erro = estoque("vigiar", dsn=cena.dsn)
    assert erro.exit_code != 0
    assert "separacao.qtd_saldo is missing" in erro.output
    assert "run `estoque vigiar` again" in erro.output
    # Walk the way that the hint shows.
    cena.cru(
        "ALTER TABLE separacao ADD COLUMN qtd_saldo numeric"
        " GENERATED ALWAYS AS (saldo_do_item) STORED"
    )
    assert estoque("vigiar", dsn=cena.dsn).exit_code == 0
    cena.cru(
        "INSERT INTO separacao (cod_produto, expedicao, saldo_do_item) VALUES ('P0002', NULL, 3)"
    )
    assert cena.cru("SELECT * FROM estoque_verificar()") == []
    assert estoque("status", dsn=cena.dsn).exit_code == 0
    assert (
        cena.valor("SELECT menor_estoque_d7 FROM estoque_tempo_real WHERE cod_produto = 'P0001'")
        == -1
    )


def test_a_renamed_schema(banco: Banco, vazio: str) -> None:
    """Every write fails, the status says why, and one command binds it anew; or one statement."""
    instalar(vazio, "a", criar_schema=True)
    with psycopg.connect(vazio, autocommit=True) as conn:
        inserir = sql.SQL("INSERT INTO {}.separacao (cod_produto, expedicao, qtd_saldo)"
                          " VALUES ('P1', '2020-01-01', 1)")  # fmt: skip
        conn.execute(inserir.format(sql.Identifier("a")))
        conn.execute('ALTER SCHEMA a RENAME TO "B 2"')
        with pytest.raises(psycopg.Error):
            conn.execute(inserir.format(sql.Identifier("B 2")))
        s = dados("status", "--schema", "B 2", dsn=vazio, codigo=4)
        (problema,) = s["problemas"]
        assert "look for their tables in another schema" in problema["texto"]
        assert "estoque vigiar" in problema["remedio"]
        assert estoque("vigiar", "--schema", "B 2", dsn=vazio).exit_code == 0
        assert dados("status", "--schema", "B 2", dsn=vazio)["problemas"] == []
        conn.execute(inserir.format(sql.Identifier("B 2")))
        with conn.transaction():
            conn.execute("ALTER SCHEMA \"B 2\" RENAME TO c; SELECT c.estoque_reapontar('c')")
            conn.execute(inserir.format(sql.Identifier("c")))
        assert conn.execute("SELECT menor_estoque_d7 FROM c.estoque_tempo_real").fetchall() == [
            (-3,)
        ]
        assert dados("status", "--schema", "c", dsn=vazio)["problemas"] == []
        assert conn.execute("SELECT c.estoque_reapontar('c')").fetchone() == (0,)


def test_a_renamed_schema_is_not_taken_for_another_of_its_old_name(vazio: str) -> None:
    """Its functions would speak of the other one, whose numbers a write must not move."""
    instalar(vazio, "a", criar_schema=True)
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("ALTER SCHEMA a RENAME TO copia")
        instalar(vazio, "a", criar_schema=True)
        with pytest.raises(psycopg.Error) as erro:
            conn.execute(
                "INSERT INTO copia.separacao (cod_produto, expedicao, qtd_saldo)"
                " VALUES ('P1', NULL, 1)"
            )
        assert erro.value.sqlstate == "EP007"
        assert dados("status", "--schema", "a", dsn=vazio)["problemas"] == []
        assert dados("status", "--schema", "copia", dsn=vazio, codigo=4)["operacao"] is None
        assert estoque("vigiar", "--schema", "copia", dsn=vazio).exit_code == 0
        conn.execute(
            "INSERT INTO copia.separacao (cod_produto, expedicao, qtd_saldo) VALUES ('P1', NULL, 1)"
        )
        assert conn.execute("SELECT count(*) FROM a.estoque_tempo_real").fetchone() == (0,)
        assert conn.execute("SELECT count(*) FROM copia.estoque_tempo_real").fetchone() == (1,)


def test_functions_that_another_major_version_writes_otherwise(cena: Banco) -> None:
    """Told, put back from what was signed, and signed anew as this server writes them."""
    cena.cru(
        "UPDATE estoque_assinatura SET servidor = 13,"
        " definicao = replace(definicao, E'\\n', E' \\n')"
        " WHERE objeto IN ('estoque_virada()', 'estoque_por_codigo')"
    )
    assert any("cannot be compared since PostgreSQL was upgraded" in t for t in textos(cena))
    assert estoque("vigiar", dsn=cena.dsn).stdout == "2 triggers or parts put back\n"
    assert dados("status", dsn=cena.dsn)["problemas"] == []
    assert cena.valor("SELECT min(servidor) FROM estoque_assinatura") > 13


def test_what_the_status_itself_needs_is_gone(cena: Banco) -> None:
    """No circle: what vigiar can put back it is said to, else that all can be made anew."""
    cena.cru("DROP FUNCTION _estoque_cron() CASCADE")
    saida = estoque("status", dsn=cena.dsn).stdout
    assert "the function _estoque_cron() is missing" in saida
    assert "run `estoque vigiar`" in saida
    assert estoque("vigiar", dsn=cena.dsn).exit_code == 0
    assert estoque("status", dsn=cena.dsn).exit_code == 0
    cena.cru(
        "DROP FUNCTION estoque_vigiar(), estoque_alterados(), _estoque_fontes(),"
        " _estoque_indices_das_fontes(), estoque_consultar(text[]) CASCADE"
    )
    resultado = estoque("status", dsn=cena.dsn)
    assert resultado.exit_code == 4
    assert "run `estoque uninstall`, then `estoque install`" in resultado.stdout
    assert estoque("uninstall", "--sim", dsn=cena.dsn).exit_code == 0
    assert not estado(cena.conn).instalado
    sobras = cena.cru(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relname ~ 'estoque_' AND relname !~ '^movimentacao_estoque'"
    )
    assert sobras == []
    instalar(cena.dsn)
    assert dados("status", dsn=cena.dsn)["problemas"] == []
    assert cena.saldo("P0001") == 15


def test_the_hint_of_a_missing_function_leads_to_the_status(cena: Banco) -> None:
    cena.cru("DROP FUNCTION estoque_rupturas(integer)")
    erro = uma_linha(estoque("rupturas", dsn=cena.dsn), 3)
    assert "estoque status" in erro


def test_what_a_superuser_installs_belongs_to_the_owner_of_the_sources(
    banco: Banco, vazio: str
) -> None:
    """The sources that it makes, too; who owns them upgrades, mends and removes all of it."""
    fontes = [r["tabela"] for r in banco.cru("SELECT tabela FROM _estoque_fontes()")]
    ditas: list[str] = []
    with papel_novo(banco.conn, "dono") as dono, psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute(f"GRANT ALL ON SCHEMA public TO {dono}; SET ROLE {dono}")
        for fonte in fontes[:3]:
            conn.execute((RAIZ / f"sql/01_fontes/{fonte}.sql").read_bytes())
        conn.execute("RESET ROLE")
        instalar(vazio, avisar=ditas.append)
        assert f"what is ours belongs to {dono}, as the sources do" in ditas
        donos = conn.execute(
            "SELECT DISTINCT pg_get_userbyid(dono) FROM ("
            " SELECT relowner AS dono FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND proname ~ 'estoque') AS x"
        ).fetchall()
        assert donos == [(dono,)]
        como_dono = f"{vazio} user={dono}"
        assert dados("status", dsn=como_dono)["problemas"] == []
        conn.execute("DROP INDEX estoque_separacao_lote; DROP FUNCTION estoque_estatisticas()")
        assert estoque("vigiar", dsn=como_dono).exit_code == 0
        assert desfazer(como_dono)
        conn.execute(f"DROP OWNED BY {dono} CASCADE")


def test_sources_of_several_owners_are_said_to_cost(banco: Banco, vazio: str) -> None:
    fontes = [r["tabela"] for r in banco.cru("SELECT tabela FROM _estoque_fontes()")]
    ditas: list[str] = []
    with papel_novo(banco.conn, "dono") as dono, psycopg.connect(vazio, autocommit=True) as conn:
        for fonte in fontes:
            conn.execute((RAIZ / f"sql/01_fontes/{fonte}.sql").read_bytes())
            outro = dono if fonte == "separacao" else "pg_monitor"
            conn.execute(f"ALTER TABLE {fonte} OWNER TO {outro}")
        instalar(vazio, avisar=ditas.append)
        (aviso,) = [d for d in ditas if d.startswith("warning: the sources belong to")]
        assert dono in aviso
        assert "that role alone can upgrade" in aviso
        conn.execute("ALTER TABLE separacao OWNER TO pg_monitor")


def test_who_cannot_read_or_write_any_more_is_named(cena: Banco) -> None:
    """The functions' owner lost what the triggers need."""
    with papel_novo(cena.conn, "sem") as papel:
        funcoes = cena.cru("SELECT objeto FROM estoque_assinatura WHERE tipo = 'function'")
        for f in funcoes:
            cena.cru(f"ALTER FUNCTION {f['objeto']} OWNER TO {papel}")
        achados = textos(cena)
        assert f"{papel} may not read separacao" in achados
        assert f"{papel} may not read and write estoque_tempo_real" in achados
        assert any(re.match(r"separacao is owned by \w+, and", t) for t in achados)
        assert estoque("vigiar", dsn=cena.dsn).exit_code == 0  # gives them back
        assert dados("status", dsn=cena.dsn)["problemas"] == []


@pytest.mark.parametrize("perda", ["estoque_movimentacao_produto", "movimentacao_prevista_pkey"])
def test_the_job_goes_on_without_an_index(cena: Banco, perda: str) -> None:
    """It passes the table over where each step would read all of it, and compares as ever."""
    linhas = 300
    cena.copiar(
        "movimentacao_estoque",
        "cod_produto, nome_produto, data_movimentacao, tipo_movimentacao, qtd_movimentacao, ativo",
        [(f"X{n:03}", "x", cena.D, "E", 1, True) for n in range(linhas)],
    )
    if perda.endswith("_pkey"):
        tabela = "movimentacao_prevista"
        cena.cru(f"ALTER TABLE {tabela} DROP CONSTRAINT {perda}")
    else:
        tabela = "movimentacao_estoque"
        cena.cru(f"DROP INDEX {perda}")
    cena.cru("SELECT estoque_configurar(por_execucao => 2)")
    with cena.conn.transaction():
        feito = cena.cru("SELECT * FROM estoque_minuto()")[0]
        lidas = cena.valor(
            "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = %s", [tabela]
        )
    assert (feito["processados"], feito["corrigidos"], feito["falhas"]) == (2, 0, 0)
    assert lidas < linhas * 40  # a walk through the codes would read it once for each
    (problema,) = dados("status", dsn=cena.dsn, codigo=4)["problemas"]
    assert "is missing" in problema["texto"]
    if not perda.endswith("_pkey"):
        assert "reads the whole table, the minute job too" in problema["texto"]


def test_a_copy_is_compared_by_the_job(cena: Banco) -> None:
    """What pg_restore leaves is another table: the job compares all of it, once."""
    cena.cru("UPDATE estoque_controle SET lugar = '1/2'")
    cena.cru("UPDATE estoque_tempo_real SET saldo_atual = saldo_atual * 2, comparado_em = now()")
    assert any(t.startswith("this is a restored copy") for t in textos(cena))
    cena.cru("SELECT estoque_configurar(por_execucao => 1)")
    cena.cru("SELECT estoque_minuto()")
    assert cena.valor("SELECT count(*) FROM estoque_recontagem") == 2
    avisos = dados("status", dsn=cena.dsn, codigo=4)["avisos"]
    assert "2 codes may be wrong, and wait for the minute job to compare them" in {
        a["texto"] for a in avisos
    }
    cena.cru("SELECT estoque_minuto()")
    assert cena.valor("SELECT count(*) FROM estoque_recontagem") == 0
    cena.verificar()
    assert cena.valor("SELECT lugar = _estoque_lugar() FROM estoque_controle")


def test_much_that_is_wrong_is_not_left_to_chance(cena: Banco) -> None:
    """As after a restore into a living installation: the rest is compared at once."""
    for n in range(40):
        cena.cru(
            "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
            " tipo_movimentacao, qtd_movimentacao, ativo)"
            " VALUES (%s, 'x', '2025-08-06', 'E', 1, true)",
            [f"X{n:02}"],
        )
    cena.cru("UPDATE estoque_tempo_real SET saldo_atual = saldo_atual * 2")
    cena.cru("SELECT estoque_minuto()")
    assert cena.valor("SELECT count(*) FROM estoque_recontagem") > 30
    # A run mends for half a second; a busy machine may need several.
    for _ in range(40):
        cena.cru("SELECT estoque_minuto()")
        if cena.valor("SELECT count(*) FROM estoque_recontagem") == 0:
            break
    cena.verificar()
    assert cena.valor("SELECT count(*) FROM estoque_recontagem") == 0
