"""What docs/backup.md says, run with the real pg_dump and pg_restore; and what goes wrong there."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from apoio import RAIZ, Banco, Sessao, papel_novo
from conftest import CONF, Servico
from exemplos import Pagina
from psycopg.conninfo import make_conninfo

from estoque_pg import APIEstoqueTempoReal
from estoque_pg.cli.operacao import saida_do_status
from estoque_pg.migracoes import instalacoes, instalar
from estoque_pg.situacao import situacao
from servidor import Servidor

PAGINA = RAIZ / "docs" / "backup.md"
# The sections of the page that have examples, by title; the first makes what the others restore.
SECOES = [s for s in re.split(r"^(?=## )", PAGINA.read_text(encoding="utf-8"), flags=re.M)
          if "```console" in s]  # fmt: skip
# Figures that grow with the package.
PARTES = re.compile(r"\b\d+(?= (?:functions|tables|triggers or parts) )|(?<=on restore: )\d+")
COPIAS = ("copia", "copia_simples", "copia_toda", "copia_nova", "copia_velha", "producao", "antes")


@dataclass
class Casa:
    """A server with the database of the page, `erp`, and the folder with its dumps."""

    servico: Servico
    pasta: Path

    def rodar(self, secao: str) -> str:
        return Pagina(secao, self.servico.dsn("erp"), self.pasta).real()

    def programa(self, nome: str, *args: str) -> subprocess.CompletedProcess[str]:
        s = self.servico.servidor
        return subprocess.run(
            [s.bindir / nome, *args], cwd=self.pasta, capture_output=True, text=True,
            env={**os.environ, "PGHOST": s.host, "PGPORT": str(s.port), "PGUSER": "postgres"},
        )  # fmt: skip

    def restaurar(self, *opcoes: str, dump: str = "erp.dump", banco: str = "copia") -> str:
        """pg_restore into a database, which is made where it is missing; what it complained of."""
        self.programa("createdb", banco)
        return self.programa("pg_restore", *opcoes, "-d", banco, dump).stderr


@pytest.fixture(scope="module")
def dumps(
    servico: Servico, modelo_povoado: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Casa]:
    bindir = servico.servidor.bindir
    if not (bindir / "pg_dump").exists():
        pytest.skip("this server comes without pg_dump")
    servico.admin.execute(f"ALTER DATABASE {servico.criar(modelo_povoado)} RENAME TO erp")
    casa = Casa(servico, tmp_path_factory.mktemp("backup"))
    with pytest.MonkeyPatch.context() as ambiente:
        ambiente.setenv("PATH", str(bindir), prepend=os.pathsep)
        casa.rodar(SECOES[0])
        yield casa
    servico.remover("erp")


@pytest.fixture
def casa(dumps: Casa) -> Iterator[Casa]:
    yield dumps
    for nome in COPIAS:
        dumps.servico.remover(nome)


def conferir(dsn: str, schema: str) -> None:
    """Nothing is left to mend, everything is exact, and a new write counts."""
    with psycopg.connect(dsn) as conn:
        assert situacao(conn, schema).problemas == ()
    banco = Banco(make_conninfo(dsn, options=f"-c search_path={schema}"))
    try:
        banco.verificar()
        antes = banco.saldo("P") or 0
        banco.mov("P", 5)
        banco.sep("NOVO", 5, 2, "L9")
        assert banco.saldo("P") == antes + 5
        with banco.transacao(desfazer=True):  # anybody who may use the schema reads the results
            banco.cru(f"GRANT USAGE ON SCHEMA {schema} TO pg_monitor; SET LOCAL ROLE pg_monitor")
            banco.cru(f"SELECT * FROM {schema}.estoque_consultar('{{P}}')")
            assert banco.valor("SELECT count(*) FROM estoque_por_codigo") > 1
    finally:
        banco.fechar()


def conferir_tudo(dsn: Callable[[str], str], nomes: list[str]) -> None:
    assert nomes
    for nome in nomes:
        with psycopg.connect(dsn(nome)) as conn:
            schemas = instalacoes(conn)
        assert schemas
        for schema in schemas:
            conferir(dsn(nome), schema)


@pytest.mark.parametrize("n", range(1, len(SECOES)), ids=lambda n: SECOES[n].splitlines()[0][3:])
def test_what_the_page_says(casa: Casa, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ATUALIZAR_DOCS=1 in the environment the page is written anew instead."""
    secao = SECOES[n]
    papeis = re.findall(r"^\$ createuser (\w+)", secao, re.M)
    try:
        if "service=novo" in secao:
            with Servidor(conf=CONF) as outro:
                monkeypatch.setenv("HOME", str(casa.pasta))
                (casa.pasta / ".pg_service.conf").write_text(
                    f"[novo]\nhost={outro.host}\nport={outro.port}\nuser=postgres\n"
                )
                real = casa.rodar(secao)
                conferir_tudo(outro.dsn, ["copia"])
        else:
            real = casa.rodar(secao)
            admin = casa.servico.admin
            feitos = [n for (n,) in admin.execute("SELECT datname FROM pg_database").fetchall()]
            conferir_tudo(casa.servico.dsn, [n for n in COPIAS if n in feitos])
    finally:
        for nome in COPIAS:
            casa.servico.remover(nome)
        with psycopg.connect(casa.servico.dsn("erp"), autocommit=True) as conn:
            for papel in papeis:
                conn.execute(f"DROP OWNED BY {papel}; DROP ROLE {papel}".encode())
    texto = PAGINA.read_text(encoding="utf-8")
    if os.environ.get("ATUALIZAR_DOCS"):
        PAGINA.write_text(texto.replace(secao, real), encoding="utf-8")
    else:
        assert PARTES.sub("N", real) == PARTES.sub("N", secao)


# --- the damage itself, and every way it is mended ------------------------------------------------


@contextmanager
def aberto(casa: Casa, nome: str = "copia", schema: str = "public") -> Iterator[Banco]:
    banco = Banco(make_conninfo(casa.servico.dsn(nome), options=f"-c search_path={schema}"))
    try:
        yield banco
    finally:
        banco.fechar()


def problemas(banco: Banco, schema: str = "public") -> str:
    """What the status says, and that its exit code is that of something to mend."""
    agora = situacao(banco.conectar(), schema)
    assert saida_do_status(agora) == 4
    return "\n".join(p.texto for p in agora.problemas)


INSERIR = (
    "INSERT INTO {}.movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
    " tipo_movimentacao, qtd_movimentacao, ativo) VALUES ('P', 'P', '2025-08-06', 'E', 5, true)"
)
COPIA = "this is a restored copy"


def test_a_key_that_a_view_kept_from_being_restored(casa: Casa) -> None:
    """Every product is there twice: a write says so, the audit and the status too."""
    casa.restaurar()
    with aberto(casa) as banco:
        banco.cru("CREATE VIEW bi AS SELECT cod_produto FROM estoque_tempo_real"
                  " GROUP BY cod_produto")  # fmt: skip
        assert "errors ignored" in casa.restaurar("--clean", "--if-exists")
        assert banco.valor("SELECT count(*) FROM estoque_tempo_real") == 4
        with pytest.raises(psycopg.Error) as erro:
            banco.cru(INSERIR.format("public"))
        assert erro.value.sqlstate in ("P0003", "XX001")
        assert banco.cru("SELECT * FROM estoque_verificar()")
        dito = problemas(banco)
        assert "constraint estoque_tempo_real_pkey is missing" in dito
        assert COPIA in dito
        assert APIEstoqueTempoReal(banco.conectar()).vigiar() == 1
        banco.verificar()
    conferir(casa.servico.dsn("copia"), "public")


def test_the_minute_job_mends_what_was_counted_twice(casa: Casa) -> None:
    """With no lot invoiced pg_restore has nothing to complain of."""
    casa.restaurar()
    with aberto(casa) as banco:
        banco.execute("DELETE FROM embarque_itens; DELETE FROM estoque_lote")
    assert casa.programa("pg_dump", "-Fc", "-f", "sem_lotes.dump", "copia").returncode == 0
    casa.servico.remover("copia")
    casa.restaurar("-s", dump="sem_lotes.dump")
    assert casa.restaurar("-a", dump="sem_lotes.dump") == ""
    with aberto(casa) as banco:
        assert banco.saldo("Q") == 20
        assert problemas(banco).startswith(COPIA)
        for _ in range(2):
            banco.cru("SELECT estoque_minuto()")
        banco.verificar()
        # What is left is the news of the last 24 hours.
        assert re.fullmatch(r"\d+ differences from the sources corrected .*", problemas(banco))
        banco.mov("P", 5)
        assert banco.saldo("P") == 17


def test_everybody_reads_again_what_was_restored_without_rights(casa: Casa) -> None:
    casa.restaurar("-O", "-x")
    with aberto(casa) as banco:
        for pergunta in ("SELECT * FROM estoque_consultar('{P}')", "TABLE estoque_por_codigo"):
            with banco.transacao(desfazer=True):
                banco.cru("SET LOCAL ROLE pg_monitor")
                with pytest.raises(psycopg.errors.InsufficientPrivilege), banco.conn.transaction():
                    banco.cru(pergunta)
        assert "do not have the rights they were installed with" in problemas(banco)
        assert APIEstoqueTempoReal(banco.conectar()).vigiar() > 1
        # What is for nobody is nobody's again.
        assert not banco.valor("SELECT has_function_privilege('pg_monitor',"
                               " 'estoque_recalcular_tudo()', 'EXECUTE')")  # fmt: skip
    conferir(casa.servico.dsn("copia"), "public")


def test_a_schema_is_renamed_and_no_write_fails_in_between(casa: Casa) -> None:
    casa.restaurar()
    with aberto(casa) as banco, Sessao(banco) as outra:
        banco.cru("ALTER SCHEMA public RENAME TO loja; SET search_path = loja")
        with pytest.raises(psycopg.Error):
            banco.cru(INSERIR.format("loja"))
        assert "look for their tables in another schema" in problemas(banco, "loja")
        assert APIEstoqueTempoReal(banco.conectar(), schema="loja").vigiar() > 1
        banco.verificar()
        # In one transaction: whoever writes meanwhile, by the new name, waits for its end at most.
        with banco.conn.transaction():
            banco.cru("ALTER SCHEMA loja RENAME TO outra")
            assert banco.valor("SELECT outra.estoque_reapontar('outra')") > 1
        outra.faz(INSERIR.format("outra")).result(20)
        banco.cru("SET search_path = outra")
        banco.verificar()
        assert banco.saldo("P") == 17
    conferir(casa.servico.dsn("copia"), "outra")


def test_a_copy_beside_production_never_moves_its_numbers(casa: Casa) -> None:
    """Made with a text editor: the functions of the copy still name production's schema."""
    texto = (casa.pasta / "erp.sql").read_text(encoding="utf-8")
    texto = re.sub(r"\bpublic\.", "espelho.", texto)
    (casa.pasta / "espelho.sql").write_text("CREATE SCHEMA espelho;\n" + texto, encoding="utf-8")
    casa.restaurar()
    feito = casa.programa(
        "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", "copia", "-f", "espelho.sql"
    )
    assert feito.returncode == 0, feito.stderr
    with aberto(casa) as producao, aberto(casa, schema="espelho") as espelho:
        antes = producao.retrato()
        for escrita in (
            INSERIR.format("espelho"),
            "UPDATE espelho.separacao SET qtd_saldo = qtd_saldo + 1",
            "DELETE FROM espelho.unificacao_codigos",
            "TRUNCATE espelho.programacao_producao",
        ):
            with pytest.raises(psycopg.Error):
                espelho.cru(escrita)
            assert producao.retrato() == antes
        assert "look for their tables in another schema" in problemas(espelho, "espelho")
        assert APIEstoqueTempoReal(espelho.conectar(), schema="espelho").vigiar() > 1
        espelho.verificar()
        espelho.mov("P", 5)
        assert espelho.saldo("P") == 17
        assert producao.retrato() == antes
        producao.verificar()
        producao.mov("P", 1)
        espelho.verificar()
    conferir(casa.servico.dsn("copia"), "espelho")


def test_a_role_for_backups_reads_partitions_and_all_sequences(casa: Casa) -> None:
    """A quoted schema, a partitioned source; what vigiar makes anew is read by default, too."""
    dsn = casa.servico.dsn("copia")
    casa.programa("createdb", "copia")
    with psycopg.connect(dsn, autocommit=True) as conn, papel_novo(conn, "copista") as papel:
        conn.execute(
            'CREATE SCHEMA "Loja 1"; SET search_path = "Loja 1";'
            " CREATE TABLE movimentacao_estoque (id int GENERATED ALWAYS AS IDENTITY,"
            " cod_produto text, nome_produto text, data_movimentacao date,"
            " tipo_movimentacao text, qtd_movimentacao numeric(15,3), ativo boolean)"
            " PARTITION BY RANGE (data_movimentacao);"
            " CREATE TABLE mov_2025 PARTITION OF movimentacao_estoque"
            " FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')"
        )
        instalar(dsn, "Loja 1")
        copiar = ("pg_dump", "-U", papel, "-n", '"Loja 1"', "-f", "loja.sql", "copia")
        assert "permission denied" in casa.programa(*copiar).stderr
        feitos = APIEstoqueTempoReal(conn, schema="Loja 1").conceder(papel, copia=True)
        assert f'GRANT SELECT ON "Loja 1".mov_2025 TO {papel}' in feitos
        assert casa.programa(*copiar).stderr == ""
        texto = (casa.pasta / "loja.sql").read_text(encoding="utf-8")
        assert "COPY " in texto
        conn.execute(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {papel}".encode())
        conn.execute("DROP TABLE estoque_falha")
        assert APIEstoqueTempoReal(conn, schema="Loja 1").vigiar() >= 1
        assert casa.programa(*copiar).stderr == ""
        assert conn.execute(
            "SELECT has_table_privilege(%s, 'estoque_falha', 'INSERT, UPDATE, DELETE')", [papel]
        ).fetchone() == (False,)
