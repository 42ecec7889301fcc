"""One way into a database: what the migrations make is what sql/ says, and nothing half done."""

from __future__ import annotations

import difflib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from apoio import DEPENDE, MIGRACOES, Banco, arquivos_sql, congelar
from conftest import Servico
from oraculo import FONTES, verificar_invariante
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from estoque_pg import migracoes
from estoque_pg.erros import BancoMaisNovo, ErroEstoque, MigracaoAlterada, MigracoesPendentes
from estoque_pg.instalacao import passo
from estoque_pg.migracoes import desfazer, estado, instalar, migrar

RAIZ = Path(__file__).resolve().parent.parent
ESCRITURACAO = ("_yoyo", "yoyo_lock", "estoque_migracao_soma")
NOMES = ['Estoque "Um"', "loja; DROP TABLE x", "ção 'z' %s", "pg", "SELECT"]


def sem_escrituracao(*extra: str) -> list[str]:
    return [f"--exclude-table=public.{t}*" for t in (*ESCRITURACAO, *extra)]


# --- sql/ and migrations/ ---------------------------------------------------------------------


def test_sql_applied_in_order_equals_the_migrations(
    servico: Servico, vazio: str, despejo: Callable[..., str]
) -> None:
    instalar(vazio, None)
    outro = servico.criar()
    try:
        with psycopg.connect(servico.dsn(outro)) as conn:
            conn.execute("SET search_path = public, pg_temp")
            for arquivo in sorted((RAIZ / "sql").rglob("*.sql")):
                conn.execute(arquivo.read_bytes())
            for nome in ("1_exigir", "2_travar", "3_carregar", "4_encerrar"):
                passo(conn, nome, antes="[]")
        assert despejo(servico.dsn(outro)) == despejo(vazio, *sem_escrituracao())
    finally:
        servico.remover(outro)


def test_open_migration_is_generated_from_sql() -> None:
    feito = subprocess.run(
        [sys.executable, str(RAIZ / "ferramentas" / "gerar_migracao.py"), "--conferir"],
        capture_output=True,
        text=True,
    )
    assert feito.returncode == 0, feito.stderr + "run `make migration`"


def test_every_migration_has_its_rollback_and_no_transaction_of_its_own() -> None:
    arquivos = sorted((RAIZ / "migrations").glob("*.sql"))
    idas = [a for a in arquivos if not a.name.endswith(".rollback.sql")]
    assert idas
    for ida in idas:
        assert ida.name[:4].isdigit()
        assert ida.name[4] == "."
        assert ida.with_suffix(".rollback.sql").exists()
        linhas = {linha.strip().upper().rstrip(";") for linha in ida.read_text().splitlines()}
        assert not linhas & {"COMMIT", "START TRANSACTION", "ROLLBACK"}
        assert "BEGIN TRANSACTION" not in linhas


def test_sql_names_no_schema() -> None:
    """Relocatable: not one file says where it will be installed."""
    for arquivo in (RAIZ / "sql").rglob("*.sql"):
        assert "public." not in arquivo.read_text().lower(), arquivo.name


def test_second_run_is_a_no_op(vazio: str, despejo: Callable[..., str]) -> None:
    assert instalar(vazio, None) != []
    antes = despejo(vazio)
    assert instalar(vazio, None) == []
    assert migrar(vazio, None) == []
    assert despejo(vazio) == antes


# --- the way back -----------------------------------------------------------------------------


@pytest.mark.parametrize("desde_a_primeira", [False, True])
def test_rollback_on_an_erp_leaves_nothing_of_ours(
    vazio: str, despejo: Callable[..., str], tmp_path: Path, desde_a_primeira: bool
) -> None:
    from test_fontes import DADOS, ERP

    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute(ERP)
        conn.execute(DADOS)
    antes = despejo(vazio)
    if desde_a_primeira:
        for arquivo in (RAIZ / "migrations").glob("0001.*"):
            shutil.copy(arquivo, tmp_path)
        instalar(vazio, None, tmp_path)
        migrar(vazio, None)
    else:
        instalar(vazio, None)
    assert despejo(vazio) != antes
    desfazer(vazio, None)
    assert despejo(vazio) == antes
    with psycopg.connect(vazio) as conn:
        assert conn.execute("SELECT count(*) FROM movimentacao_estoque").fetchone() == (4,)


def test_down_and_up_again_with_data_in_the_sources(
    vazio: str, despejo: Callable[..., str]
) -> None:
    instalar(vazio, None)
    cheio = despejo(vazio, *sem_escrituracao())
    banco = Banco(vazio)
    banco.mov("P1", 10)
    banco.sep("P1", 3)
    banco.cru("ALTER FUNCTION estoque_hoje() RESET ALL")
    desfazer(vazio, None)
    sobra = banco.cru(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'v', 'S') UNION ALL SELECT proname FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace UNION ALL SELECT tgname FROM pg_trigger"
        " WHERE NOT tgisinternal"
    )
    assert {r["relname"] for r in sobra} <= {*FONTES, *(f"{t}_id_seq" for t in FONTES)}
    instalar(vazio, None)
    assert despejo(vazio, *sem_escrituracao()) == cheio
    verificar_invariante(banco.conn)
    assert banco.saldo("P1") == 10
    banco.fechar()


def conferir_voltas(dsn: str, pasta: Path, ate: Path, despejo: Callable[..., str]) -> None:
    """Each migration after the first, taken back, leaves what was there before it.

    `ate` is an empty folder: the versions of the package, one after the other. The ERP has its
    tables already: those that are made where they are missing stay, as the ERP's.
    """
    with psycopg.connect(dsn) as conn:
        for fonte in sorted((pasta.parent / "sql" / "01_fontes").glob("*.sql")):
            conn.execute(fonte.read_bytes())
    idas = sorted(a for a in pasta.glob("*.sql") if not a.name.endswith(".rollback.sql"))
    for n, ida in enumerate(idas):
        for arquivo in (ida, ida.with_suffix(".rollback.sql")):
            shutil.copy(arquivo, ate)
        if n == 0:
            instalar(dsn, None, ate)
            continue
        antes = despejo(dsn)
        assert migrar(dsn, None, ate) == [ida.stem]
        assert desfazer(dsn, None, ate, ate=idas[n - 1].stem) == [ida.stem]
        depois = despejo(dsn)
        diferenca = difflib.unified_diff(antes.splitlines(), depois.splitlines(), lineterm="", n=0)
        assert depois == antes, (
            f"{ida.stem}.rollback.sql does not undo {ida.name}, by hand:\n" + "\n".join(diferenca)
        )
        assert migrar(dsn, None, ate) == [ida.stem]


def test_the_way_back_of_each_migration_is_its_inverse(
    vazio: str, tmp_path: Path, despejo: Callable[..., str]
) -> None:
    """Of those released and of the open one; the first leaves nothing, as tests above tell."""
    conferir_voltas(vazio, RAIZ / "migrations", tmp_path, despejo)
    with psycopg.connect(vazio) as conn:
        assert estado(conn).aplicadas == tuple(MIGRACOES)
        verificar_invariante(conn)


# --- many at once, and dying on the way -------------------------------------------------------


def test_twenty_concurrent_installs(vazio: str, despejo: Callable[..., str]) -> None:
    with ThreadPoolExecutor(20) as equipe:
        feitos = list(equipe.map(lambda _: instalar(vazio, None), range(20)))
    assert sorted(map(bool, feitos)) == [False] * 19 + [True]
    with psycopg.connect(vazio) as conn:
        assert estado(conn).em_dia
        verificar_invariante(conn)


def test_concurrent_installs_of_several_processes_into_a_named_schema(vazio: str) -> None:
    programa = f"from estoque_pg.migracoes import instalar; instalar({vazio!r}, 'Loja 1')"
    processos = [
        subprocess.Popen([sys.executable, "-c", programa], cwd=RAIZ, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for p in processos:
        _, erro = p.communicate(timeout=60)
        assert p.returncode == 0, erro.decode()


def test_killed_in_between(servico: Servico) -> None:
    """SIGKILL at any moment leaves all or nothing, and the next install succeeds at once."""
    r = random.Random(7)
    nome = servico.criar()
    dsn = servico.dsn(nome)
    programa = (
        "import sys; from estoque_pg.migracoes import instalar; print('x', flush=True);"
        f" instalar({dsn!r}, None); print('done', flush=True)"
    )
    meios = 0
    try:
        for _ in range(8):
            p = subprocess.Popen([sys.executable, "-c", programa], cwd=RAIZ, stdout=subprocess.PIPE)
            assert p.stdout is not None
            p.stdout.readline()  # the imports are done
            time.sleep(r.uniform(0.0, 0.35))
            p.send_signal(signal.SIGKILL)
            acabou = b"done" in p.stdout.read()
            p.wait()
            with psycopg.connect(dsn) as conn:
                situacao = estado(conn)
                tabelas = conn.execute(
                    "SELECT count(*) FROM pg_class WHERE relname = 'estoque_tempo_real'"
                ).fetchone()
                # the server may still be finishing the dead one's last statement
                if not situacao.instalado and tabelas == (0,):
                    meios += 1
                else:
                    assert situacao.em_dia
            instalar(dsn, None)
            with psycopg.connect(dsn) as conn:
                assert estado(conn).em_dia
                verificar_invariante(conn)
            assert not acabou or situacao.em_dia
            desfazer(dsn, None)
            with psycopg.connect(dsn, autocommit=True) as conn:
                conn.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        assert meios > 0
    finally:
        servico.remover(nome)


def test_failing_migration_leaves_what_was_there(
    vazio: str, tmp_path: Path, despejo: Callable[..., str]
) -> None:
    pasta = tmp_path / "migrations"
    shutil.copytree(RAIZ / "migrations", pasta)
    instalar(vazio, None, pasta)
    antes = despejo(vazio)
    (pasta / "9999.ruim.sql").write_text(f"{DEPENDE}CREATE TABLE metade (x int);\nSELECT 1 / 0;\n")
    (pasta / "9999.ruim.rollback.sql").write_text("DROP TABLE metade;\n")
    with pytest.raises(ErroEstoque):
        migrar(vazio, None, pasta)
    assert despejo(vazio) == antes
    (pasta / "9999.ruim.sql").write_text(f"{DEPENDE}CREATE TABLE metade (x int);\n")
    assert migrar(vazio, None, pasta) == ["9999.ruim"]
    with psycopg.connect(vazio) as conn:
        verificar_invariante(conn)


def test_upgraded_equals_fresh_and_the_way_back_is_its_inverse(
    servico: Servico, vazio: str, tmp_path: Path, despejo: Callable[..., str]
) -> None:
    """A next version: a column more, a function replaced, an index, a comment, a right."""
    pasta = tmp_path / "migrations"
    shutil.copytree(RAIZ / "migrations", pasta)
    funcao = arquivos_sql("estoque_codigo.sql")[0].read_text()
    (pasta / "9999.proxima.sql").write_text(
        f"{DEPENDE}"
        "ALTER TABLE estoque_tempo_real ADD COLUMN local text;\n"
        "CREATE INDEX estoque_tempo_real_local ON estoque_tempo_real (local);\n"
        "COMMENT ON COLUMN estoque_tempo_real.local IS 'Where it is.';\n"
        + funcao.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(
            "'Canonical", "'The canonical"
        )
        + "CREATE TABLE estoque_novo (id int PRIMARY KEY);\n"
        "GRANT SELECT ON estoque_novo TO PUBLIC;\n"
    )
    (pasta / "9999.proxima.rollback.sql").write_text(
        "DROP TABLE estoque_novo;\n"
        "DROP INDEX estoque_tempo_real_local;\n"
        "ALTER TABLE estoque_tempo_real DROP COLUMN local;\n"
        + funcao.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    )
    instalar(vazio, None)
    um = despejo(vazio)
    banco = Banco(vazio)
    novo = servico.criar()
    try:
        banco.mov("P1", 5)
        assert migrar(vazio, None, pasta) == ["9999.proxima"]
        banco.mov("P1", 5)
        instalar(servico.dsn(novo), None, pasta)
        congelar(banco.conn, Banco.D)
        with psycopg.connect(servico.dsn(novo), autocommit=True) as conn:
            congelar(conn, Banco.D)
            assert conn.execute("SELECT * FROM estoque_alterados()").fetchall() == []
        assert despejo(vazio) == despejo(servico.dsn(novo))
        assert banco.cru("SELECT * FROM estoque_alterados()") == []
        # The way back, as the runner takes it, one migration at a time.
        rollback = (pasta / "9999.proxima.rollback.sql").read_text()
        banco.cru("SET search_path = public, pg_temp")
        banco.cru(rollback)
        banco.cru("RESET search_path")
        banco.mov("P1", 5)
        banco.cru("DELETE FROM estoque_migracao_soma WHERE id = '9999.proxima'")
        sem_hoje = [linha for linha in despejo(vazio).splitlines() if "RETURN" not in linha]
        assert sem_hoje == [linha for linha in um.splitlines() if "RETURN" not in linha]
    finally:
        banco.fechar()
        servico.remover(novo)


# --- what is refused --------------------------------------------------------------------------


def test_edited_migration_is_refused(vazio: str, tmp_path: Path) -> None:
    pasta = tmp_path / "migrations"
    shutil.copytree(RAIZ / "migrations", pasta)
    instalar(vazio, None, pasta)
    ida = pasta / "0001.nucleo.sql"
    ida.write_text(ida.read_text() + "\n-- edited\n")
    for acao in (instalar, migrar):
        with pytest.raises(MigracaoAlterada):
            acao(vazio, None, pasta)
    with psycopg.connect(vazio) as conn:
        assert estado(conn, None, pasta).alteradas == ("0001.nucleo",)


def test_database_newer_than_the_package_is_refused(vazio: str, tmp_path: Path) -> None:
    pasta = tmp_path / "migrations"
    shutil.copytree(RAIZ / "migrations", pasta)
    (pasta / "9999.futuro.sql").write_text(f"{DEPENDE}CREATE TABLE futuro (x int);")
    (pasta / "9999.futuro.rollback.sql").write_text("DROP TABLE futuro;")
    instalar(vazio, None, pasta)
    for acao in (instalar, migrar, desfazer):
        with pytest.raises(BancoMaisNovo):
            acao(vazio, None)
    with psycopg.connect(vazio) as conn:
        assert estado(conn).desconhecidas == ("9999.futuro",)
    desfazer(vazio, None, pasta)


def test_migrating_what_was_never_installed(vazio: str) -> None:
    with pytest.raises(MigracoesPendentes):
        migrar(vazio, None)
    with psycopg.connect(vazio) as conn:
        atual = estado(conn)
        assert not atual.instalado
        assert atual.pendentes
        assert conn.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchone() == (0,)


def test_state_is_read_only(banco: Banco) -> None:
    leitor = banco.conectar(options="-c default_transaction_read_only=on")
    assert estado(leitor).em_dia


# --- schemas ----------------------------------------------------------------------------------


@pytest.mark.parametrize("nome", NOMES)
def test_any_schema_name(vazio: str, nome: str) -> None:
    instalar(vazio, nome)
    caminho = sql.Identifier(nome).as_string()
    with psycopg.connect(vazio, autocommit=True) as conn:
        assert estado(conn, nome).em_dia
        fora = conn.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname NOT IN (%s, 'information_schema') AND nspname !~ '^pg_(catalog|toast)'",
            [nome],
        ).fetchall()
        assert fora == []
        conn.execute("SELECT set_config('search_path', %s, false)", [caminho])
        verificar_invariante(conn)
    assert migrar(vazio, nome) == []
    desfazer(vazio, nome)
    with psycopg.connect(vazio) as conn:
        assert not estado(conn, nome).instalado


def test_two_installs_in_two_schemas_do_not_touch_each_other(vazio: str) -> None:
    um, dois = NOMES[:2]
    for nome in (um, dois):
        instalar(vazio, nome, criar_schema=True)
    bancos = [
        Banco(make_conninfo(vazio, options="-c search_path=" + opcao(nome))) for nome in (um, dois)
    ]
    a, b = bancos
    a.mov("P1", 10)
    a.unir("P1", "P2")
    b.verificar()
    assert b.cru("SELECT * FROM estoque_tempo_real") == []
    b.mov("P1", 3)
    b.sep("P1", 5, 1, "L1")
    a.sep("P1", 5, 1, "L1")
    b.item("L1", "NF1")
    a.verificar()
    assert a.previsto("P2")
    assert not b.previsto("P1")
    # qualified, with either's schema in the path or none at all
    for caminho in ("", opcao(dois).replace("\\ ", " "), "pg_catalog"):
        with psycopg.connect(vazio, autocommit=True) as conn:
            conn.execute("SELECT set_config('search_path', %s, false)", [caminho])
            conn.execute(
                sql.SQL("UPDATE {} SET qtd_movimentacao = qtd_movimentacao + 1").format(
                    sql.Identifier(um, "movimentacao_estoque")
                )
            )
            linha = conn.execute(
                sql.SQL("SELECT estoque_atual FROM {}('{{P1}}')").format(
                    sql.Identifier(um, "estoque_consultar")
                )
            ).fetchone()
            assert linha == (a.saldo("P2"),)
        a.verificar()
        b.verificar()
    a.ir_para(3)
    b.verificar()
    assert b.valor("SELECT estoque_hoje()") == b.D
    for banco in bancos:
        banco.fechar()
    desfazer(vazio, um)
    c = Banco(make_conninfo(vazio, options="-c search_path=" + opcao(dois)))
    c.mov("P1", 1)
    c.fechar()


def opcao(nome: str) -> str:
    """A schema name as a value of libpq's options: quoted for SQL, blanks escaped."""
    return sql.Identifier(nome).as_string().replace("\\", "\\\\").replace(" ", "\\ ")


def test_default_is_the_connections_current_schema(servico: Servico, vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA loja")
    dsn = make_conninfo(vazio, options="-c search_path=loja,public")
    instalar(dsn, None)
    with psycopg.connect(vazio) as conn:
        assert conn.execute(
            "SELECT to_regclass('loja.estoque_tempo_real') IS NOT NULL"
        ).fetchone() == (True,)
        assert conn.execute("SELECT to_regclass('public.estoque_tempo_real')").fetchone() == (None,)


def test_install_by_a_url(vazio: str) -> None:
    partes = conninfo_to_dict(vazio)
    url = (
        f"postgresql://{partes['user']}@/{partes['dbname']}"
        f"?host={partes['host']}&port={partes['port']}"
    )
    assert instalar(url, None)


def test_pytest_postgresql_client_on_the_same_server(
    postgresql: psycopg.Connection[object],
) -> None:
    """A database loaded by the public entry point, handed out by pytest-postgresql."""
    postgresql.autocommit = True
    postgresql.execute(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo) VALUES ('P1', 'N', now(), 'E', 5, true)"
    )
    verificar_invariante(postgresql)
    assert migracoes.estado(postgresql).em_dia
