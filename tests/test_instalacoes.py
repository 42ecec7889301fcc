"""Several installs in one database, the rights of applications, and databases that move house."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from apoio import DEPENDE, MIGRACOES, Banco, papel_novo
from conftest import Servico
from oraculo import FONTES, verificar_invariante
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from test_cli import dados, estoque, uma_linha
from test_fontes import objetos
from test_migracoes import NOMES

from estoque_pg.migracoes import instalacoes, instalar, pasta_padrao

MOVER = (
    "INSERT INTO {}.movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
    " tipo_movimentacao, qtd_movimentacao, ativo) VALUES (%s, 'N', '2025-08-06', 'E', %s, true)"
)


def citado(conn: psycopg.Connection, nome: str) -> str:
    """The identifier, for a statement with parameters."""
    return sql.Identifier(nome).as_string(conn).replace("%", "%%")


def mover(conn: psycopg.Connection, schema: str, codigo: str, quantidade: object) -> None:
    conn.execute(MOVER.format(citado(conn, schema)).encode(), [codigo, quantidade])


def saldo(conn: psycopg.Connection, schema: str, codigo: str) -> object:
    consulta = "SELECT saldo_atual FROM {}.estoque_tempo_real WHERE cod_produto = %s"
    linha = conn.execute(consulta.format(citado(conn, schema)).encode(), [codigo]).fetchone()
    return linha[0] if linha else None


# --- a schema per company ---------------------------------------------------------------------


@pytest.mark.lento
def test_fifty_companies_in_one_database(vazio: str, tmp_path: Path) -> None:
    """Each is installed on its own; migrating all reports the one that fails, the others done."""
    empresas = [f"empresa {n:02}" for n in range(46)] + [n for n in NOMES if len(n) > 2][:4]
    with ThreadPoolExecutor(4) as fila:
        list(fila.map(lambda nome: instalar(vazio, nome), empresas))
    with psycopg.connect(vazio, autocommit=True) as conn:
        assert sorted(instalacoes(conn)) == sorted(empresas)
        for n, nome in enumerate(empresas):
            mover(conn, nome, "P1", n)
        assert [saldo(conn, nome, "P1") for nome in empresas] == list(range(50))
        conn.execute('DROP SCHEMA "empresa 07" CASCADE; CREATE SCHEMA "empresa 07"')
        conn.execute('CREATE TABLE "empresa 07".separacao (id int)')
        conn.execute("UPDATE \"empresa 11\".estoque_migracao_soma SET sha256 = 'another'")
    assert len(dados("list", dsn=vazio)) == 49
    resultado = estoque("migrate", "--todos", "--json", dsn=vazio)
    assert resultado.exit_code == 3
    feitos = {f["schema"]: f for f in json.loads(resultado.stdout)}
    assert len(feitos) == 49
    assert [s for s, f in feitos.items() if f.get("erro")] == ["empresa 11"]


def test_migrating_all_goes_on_after_a_failure(
    vazio: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nome in ("a", "b", "c"):
        instalar(vazio, nome)
    for arquivo in pasta_padrao().iterdir():
        (tmp_path / arquivo.name).write_bytes(arquivo.read_bytes())
    (tmp_path / "9999.mais.sql").write_text(
        f"{DEPENDE}CREATE TABLE mais (n int);\n"
        "DO $$ BEGIN IF current_schema() = 'b' THEN RAISE 'not in b'; END IF; END $$;\n"
    )
    (tmp_path / "9999.mais.rollback.sql").write_text("DROP TABLE mais;\n")
    monkeypatch.setattr("estoque_pg.migracoes.pasta_padrao", lambda: tmp_path)
    assert "lacks: 9999.mais" in estoque("list", dsn=vazio).stdout
    resultado = estoque("migrate", "--todos", dsn=vazio)
    assert "b: migration 9999.mais: not in b" in uma_linha(resultado, 1)
    assert resultado.stdout.splitlines() == ["a: 9999.mais", "c: 9999.mais"]
    estados = {i["schema"]: i["em_dia"] for i in dados("list", dsn=vazio)}
    assert estados == {"a": True, "b": False, "c": True}
    # What the one that failed had is still there.
    with psycopg.connect(vazio, autocommit=True) as conn:
        mover(conn, "b", "P1", 3)
        assert saldo(conn, "b", "P1") == 3


def test_all_of_nothing(vazio: str) -> None:
    assert "nothing is installed" in uma_linha(estoque("migrate", "--todos", dsn=vazio), 3)
    assert dados("list", dsn=vazio) == []
    assert "--schema" in uma_linha(estoque("migrate", "--todos", "--schema", "x", dsn=vazio), 2)


# --- taking one out ---------------------------------------------------------------------------


def test_uninstall_removes_ours_and_only_ours(vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("CREATE TABLE do_erp (id int); CREATE SCHEMA outra")
        conn.execute("CREATE FUNCTION estoque_do_erp() RETURNS int LANGUAGE sql RETURN 1")
        instalar(vazio, None)
        instalar(vazio, "outra")
        mover(conn, "public", "P1", 5)
        mover(conn, "outra", "P1", 7)
        assert "--sim" in uma_linha(estoque("uninstall", dsn=vazio), 2)
        assert saldo(conn, "public", "P1") == 5
        assert estoque("uninstall", "--sim", dsn=vazio).exit_code == 0
        restam = {nome for tipo, nome in objetos(vazio) if tipo in ("class", "proc")}
        nossos = {n for n in restam if "estoque" in n or n.startswith("_")}
        assert nossos == {
            "estoque_do_erp",
            "movimentacao_estoque",
            "movimentacao_estoque_id_seq",
            "movimentacao_estoque_pkey",
        }
        assert {"do_erp", *FONTES} <= restam
        linha = conn.execute("SELECT cod_produto, qtd_movimentacao FROM movimentacao_estoque")
        assert linha.fetchall() == [("P1", 5)]
        mover(conn, "public", "P1", 1)  # no trigger is left that could fail
        mover(conn, "outra", "P1", 7)
        assert saldo(conn, "outra", "P1") == 14
        uma_linha(estoque("uninstall", "--sim", dsn=vazio), 3)
        assert estoque("install", dsn=vazio).exit_code == 0
        assert saldo(conn, "public", "P1") == 6


@pytest.mark.parametrize(("resposta", "saida"), [("public\n", 0), ("publik\n", 2), ("\n", 2)])
def test_uninstall_asks_for_the_name(vazio: str, resposta: str, saida: int) -> None:
    instalar(vazio, None)
    mestre, escravo = pty.openpty()
    processo = subprocess.Popen(
        [sys.executable, "-m", "estoque_pg", "uninstall", "--dsn", vazio],
        stdin=escravo,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(mestre, resposta.encode())
    _, erros = processo.communicate(timeout=60)
    os.close(mestre)
    os.close(escravo)
    assert processo.returncode == saida, erros
    assert "Type the schema's name (public)" in erros
    with psycopg.connect(vazio) as conn:
        assert instalacoes(conn) == ([] if saida == 0 else ["public"])


def test_what_depends_on_ours_is_not_dropped_with_it(vazio: str) -> None:
    """A view of the analysts stands in the way: nothing is removed, and the error names it."""
    instalar(vazio, None)
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("CREATE VIEW painel AS SELECT * FROM estoque_tempo_real")
        antes = objetos(vazio)
        texto = uma_linha(estoque("uninstall", "--sim", dsn=vazio), 1)
        assert "painel" in texto
        assert objetos(vazio) == antes
        conn.execute("DROP VIEW painel")
    assert estoque("uninstall", "--sim", dsn=vazio).exit_code == 0


def test_the_status_of_all(vazio: str) -> None:
    """A line for each; of one with something to mend, where to look."""
    for nome in ("a", 'b "x"'):
        instalar(vazio, nome)
    resultado = estoque("status", "--todos", dsn=vazio)
    assert resultado.exit_code == 0
    assert [linha.split(":")[0] for linha in resultado.stdout.splitlines()] == ["a", 'b "x"']
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute('ALTER TABLE "b ""x""".separacao DISABLE TRIGGER estoque_inserir')
    resultado = estoque("status", "--todos", dsn=vazio)
    assert 'b "x": 1 thing to mend' in uma_linha(resultado, 4)
    linhas = resultado.stdout.splitlines()
    assert linhas[1].startswith('b "x": up to date')
    assert linhas[2] == "! the trigger estoque_inserir of separacao is disabled"
    resultado = estoque("status", "--todos", "--json", dsn=vazio)
    assert resultado.exit_code == 4
    assert [len(s["problemas"]) for s in json.loads(resultado.stdout)] == [0, 1]


def test_json_names_the_schema_worked_on(vazio: str) -> None:
    for comando, aplicadas in (("install", MIGRACOES), ("migrate", [])):
        assert dados(comando, dsn=vazio) == {"schema": "public", "aplicadas": aplicadas}


# --- rights -----------------------------------------------------------------------------------


@pytest.fixture
def papeis(vazio: str) -> Iterator[tuple[str, str, str]]:
    """An owner who is no superuser, with a schema of his own; a reader; a writer."""
    with psycopg.connect(vazio, autocommit=True) as conn:
        with (
            papel_novo(conn, "leitora") as leitora,
            papel_novo(conn, "escritora") as escritora,
            papel_novo(conn, "dona") as dona,
        ):
            conn.execute(f"GRANT CREATE ON DATABASE {conn.info.dbname} TO {dona}")
            yield dona, leitora, escritora


def test_reader_and_writer_get_what_they_need_and_no_more(
    vazio: str, papeis: tuple[str, str, str]
) -> None:
    dona, leitora, escritora = papeis
    dsn = make_conninfo(vazio, user=dona)
    alvo = ("--schema", "Loja 1")
    assert estoque("install", *alvo, dsn=dsn).exit_code == 0
    for papel in (leitora, escritora):
        with psycopg.connect(vazio, user=papel) as conn:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute('SELECT * FROM "Loja 1".estoque_tempo_real')
    lidos = dados("grant", leitora, "--leitura", *alvo, dsn=dsn)["comandos"]
    escritos = dados("grant", escritora, "--escrita", *alvo, dsn=dsn)["comandos"]
    assert all(c.startswith("GRANT ") for c in lidos + escritos)
    assert not [c for c in escritos if "estoque_tempo_real" in c]

    with psycopg.connect(vazio, user=escritora, autocommit=True) as conn:
        mover(conn, "Loja 1", "P1", 10)
        conn.execute('UPDATE "Loja 1".movimentacao_estoque SET qtd_movimentacao = 4')
        conn.execute(
            'INSERT INTO "Loja 1".separacao (cod_produto, qtd_saldo, expedicao)'
            " VALUES ('P1', 3, current_date)"
        )
        for proibido in (
            'UPDATE "Loja 1".estoque_tempo_real SET saldo_atual = 0',
            'DELETE FROM "Loja 1".movimentacao_prevista',
            'TRUNCATE "Loja 1".separacao',
            'SELECT "Loja 1".estoque_recalcular_tudo()',
            'SELECT "Loja 1".estoque_conceder(current_user, true, true)',
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(proibido)
    leitor = make_conninfo(vazio, user=leitora)
    for comando in (["produto", "P1"], ["rupturas"], ["projecao", "P1"], ["estatisticas"]):
        assert estoque(*comando, *alvo, dsn=leitor).exit_code == 0
    assert dados("produto", "P1", *alvo, dsn=leitor)["estoque_atual"] == 4
    with psycopg.connect(leitor, autocommit=True) as conn:
        assert saldo(conn, "Loja 1", "P1") == 4
        for proibido in (
            'SELECT * FROM "Loja 1".movimentacao_estoque',
            'UPDATE "Loja 1".estoque_tempo_real SET saldo_atual = 0',
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(proibido)
    assert "permission denied" in uma_linha(
        estoque("grant", escritora, "--leitura", *alvo, dsn=leitor), 1
    )
    assert "nobody_at_all" in uma_linha(
        estoque("grant", "nobody_at_all", "--leitura", *alvo, dsn=dsn), 1
    )
    uma_linha(estoque("grant", leitora, *alvo, dsn=dsn), 2)
    assert estoque("uninstall", "--sim", *alvo, dsn=dsn).exit_code == 0


def test_serial_keys_come_with_their_sequence(vazio: str, papeis: tuple[str, str, str]) -> None:
    dona, _, escritora = papeis
    dsn = make_conninfo(vazio, user=dona)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "CREATE SCHEMA loja; CREATE TABLE loja.unificacao_codigos (id serial PRIMARY KEY,"
            " codigo_origem int, codigo_destino int, ativo boolean)"
        )
    instalar(dsn, "loja")
    estoque("grant", escritora, "--escrita", "--schema", "loja", dsn=dsn)
    with psycopg.connect(vazio, user=escritora, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO loja.unificacao_codigos (codigo_origem, codigo_destino, ativo)"
            " VALUES (1, 2, true)"
        )
    assert dados("produto", "1", "--schema", "loja", dsn=dsn)["cod_produto"] == "2"


# --- databases that move ------------------------------------------------------------------------


def povoar(banco: Banco) -> None:
    banco.mov("P1", 100)
    banco.sep("P1", 30, 2, "L1")
    banco.sep("P2", 7, 2, "L2")
    banco.item("L2", "NF")
    banco.prod("P2", 5, 3)
    banco.unir("A", "P1")


def copiar_banco(servico: Servico, de: str, para: str, *opcoes: str) -> None:
    """pg_dump of one database restored into another."""
    programa = servico.servidor.bindir / "pg_dump"
    if not programa.exists():
        pytest.skip("this server comes without pg_dump")
    despejo = subprocess.run(
        [programa, "-d", de, *opcoes], capture_output=True, text=True, check=True
    ).stdout
    subprocess.run(
        [servico.servidor.bindir / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", para],
        input=despejo,
        text=True,
        check=True,
        capture_output=True,
    )


def test_dump_and_restore_work_on(servico: Servico, banco: Banco, vazio: str) -> None:
    povoar(banco)
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("DROP SCHEMA public")
    copiar_banco(servico, banco.dsn, vazio, "-n", "public")
    restaurado = Banco(vazio)
    try:
        restaurado.verificar()
        restaurado.mov("A", 5)
        restaurado.execute("UPDATE embarque_itens SET status = 'cancelado'")
        restaurado.execute("DELETE FROM unificacao_codigos")
        assert estoque("status", dsn=vazio).exit_code == 4  # a copy that nobody has compared
        assert estoque("vigiar", dsn=vazio).exit_code == 0
        assert dados("status", dsn=vazio)["em_dia"]
        assert estoque("uninstall", "--sim", dsn=vazio).exit_code == 0
    finally:
        restaurado.fechar()


def test_restoring_the_sources_alone_needs_a_rebuild(
    servico: Servico, banco: Banco, vazio: str
) -> None:
    """With triggers disabled, as pg_restore does it: found by the audit, mended by one command."""
    povoar(banco)
    instalar(vazio, None)
    tabelas = [opcao for fonte in FONTES for opcao in ("-t", fonte)]
    copiar_banco(servico, banco.dsn, vazio, "--data-only", "--disable-triggers", *tabelas)
    restaurado = Banco(vazio)
    try:
        assert restaurado.valor("SELECT count(*) FROM estoque_tempo_real") == 0
        assert estoque("verificar", dsn=vazio).exit_code == 4
        assert estoque("recalcular", "--tudo", dsn=vazio).exit_code == 0
        restaurado.verificar()
        assert restaurado.saldo("P1") == 100
    finally:
        restaurado.fechar()


def test_logical_replication_is_a_bypass_that_is_found(
    servico: Servico, banco: Banco, vazio: str
) -> None:
    """PostgreSQL applies replicated rows without statement triggers: the audit sees it."""
    instalar(vazio, None)
    nome = conninfo_to_dict(vazio)["dbname"]
    banco.cru(f"CREATE PUBLICATION fontes FOR TABLE {', '.join(FONTES)}")
    # On one server a slot that the subscription makes would wait for the subscription.
    banco.cru(f"SELECT pg_create_logical_replication_slot('{nome}', 'pgoutput')")
    assinante = Banco(vazio)
    try:
        assinante.cru(
            f"CREATE SUBSCRIPTION {nome} CONNECTION '{banco.dsn}' PUBLICATION fontes"
            f" WITH (create_slot = false, slot_name = '{nome}')"
        )
        povoar(banco)
        ate = time.monotonic() + 60
        while assinante.valor("SELECT count(*) FROM unificacao_codigos") == 0:
            assert time.monotonic() < ate
            time.sleep(0.05)
        assert estoque("verificar", dsn=vazio).exit_code == 4
        assert estoque("recalcular", "--tudo", dsn=vazio).exit_code == 0
        verificar_invariante(assinante.conn)
        assert assinante.saldo("P1") == 100
    finally:
        assinante.cru(f"DROP SUBSCRIPTION IF EXISTS {nome}")
        assinante.fechar()


def test_writing_as_a_replica_is_a_bypass_that_is_found(banco: Banco) -> None:
    povoar(banco)
    with banco.conn.transaction():
        banco.conn.execute("SET LOCAL session_replication_role = replica")
        mover(banco.conn, "public", "P1", 5)
        mover(banco.conn, "public", "NOVO", 5)
    assert estoque("verificar", dsn=banco.dsn).exit_code == 4
    assert dados("recalcular", "--tudo", dsn=banco.dsn) == {"corrigidos": 2}
    banco.verificar()
