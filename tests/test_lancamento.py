"""From one release to the next: what a change of sql/ becomes, and does to a living database.

A trial release is made of sql/ with an older rule, column and right in it; the next one is sql/ as
it is, so that the oracle can tell whether the upgraded database is exact.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from apoio import Banco, congelar, repetir
from conftest import Servico
from oraculo import FONTES, verificar_invariante
from test_migracoes import conferir_voltas

from estoque_pg.erros import ArgumentoInvalido, FonteIncompativel
from estoque_pg.migracoes import desfazer, estado, instalar, migrar
from ferramentas.gerar_migracao import ABRE, gerar
from ferramentas.lancar import lancar

RAIZ = Path(__file__).resolve().parent.parent
PRIMEIRA, SEGUNDA = "0001.nucleo", "0002.segunda"

# What the older release had in place of what sql/ has: file, present text, older text.
ANTES = (
    # A rule: open pre-separations of one kind did not count.
    ("_estoque_contribuicao_pre_separacao", "IN ('CRIADO', 'RECOMPOSTO')", "IN ('CRIADO')"),
    # A right: everybody read what the job had walked.
    ("estoque_percurso", " FROM PUBLIC;\n", " FROM PUBLIC;\nGRANT SELECT ON estoque_percurso"
     " TO PUBLIC;\n"),
    # Results and parameters: functions that are dropped and made anew, with what holds on to them.
    ("estoque_virada", "RETURNS bigint", "RETURNS integer"),
    ("_estoque_cabe", "p_quantidade", "p_valor"),
)  # fmt: skip

# A table that changes, of the test's own: those of sql/ are free to.
ENSAIO = """\
CREATE TABLE estoque_ensaio (
    id int PRIMARY KEY,
    n int
);

REVOKE ALL ON estoque_ensaio FROM PUBLIC;
COMMENT ON TABLE estoque_ensaio IS 'Of the test.';
"""
PAR = "CREATE TYPE _estoque_par AS (\n    a int,\n    b int\n);\n"


def trocar(raiz: Path, nome: str, de: str, para: str) -> None:
    [arquivo] = (raiz / "sql").rglob(f"{nome}.sql")
    texto = arquivo.read_text(encoding="utf-8")
    assert de in texto, (nome, de)
    arquivo.write_text(texto.replace(de, para), encoding="utf-8")


def escrever(raiz: Path, nome: str | None = None) -> list[str]:
    """Write the open migration as `make migration` does; what it leaves to be done."""
    arquivos, tarefas = gerar(raiz, nome)
    for arquivo, texto in arquivos.items():
        arquivo.parent.mkdir(exist_ok=True)
        arquivo.write_text(texto, encoding="utf-8")
    return tarefas


def a_mao(arquivo: Path, comandos: str) -> None:
    arquivo.write_text(arquivo.read_text(encoding="utf-8").replace(ABRE, ABRE + comandos))


@pytest.fixture
def casa(tmp_path: Path) -> Path:
    """The repository after its first release, a trial one with older texts."""
    shutil.copytree(RAIZ / "sql", tmp_path / "sql")
    for nome, depois, antes in ANTES:
        trocar(tmp_path, nome, depois, antes)
    (tmp_path / "sql/02_tabelas/estoque_ensaio.sql").write_text(ENSAIO)
    (tmp_path / "sql/14_vigia/_estoque_antiga.sql").write_text(
        "CREATE FUNCTION _estoque_antiga() RETURNS integer\nLANGUAGE sql IMMUTABLE\nRETURN 1;\n\n"
        "REVOKE ALL ON FUNCTION _estoque_antiga() FROM PUBLIC;\n"
    )
    assert escrever(tmp_path) == []
    assert lancar(tmp_path) == PRIMEIRA
    return tmp_path


def mudar(casa: Path) -> None:
    """Bring sql/ to what it is, and further: a column and an index, a table, a definer function."""
    for nome, depois, antes in ANTES:
        trocar(casa, nome, antes, depois)
    (casa / "sql/14_vigia/_estoque_antiga.sql").unlink()
    (casa / "sql/02_tabelas/estoque_ensaio.sql").write_text(
        ENSAIO.replace("    n int\n", "    n int,\n    nota text\n").replace(
            "REVOKE ALL", "CREATE INDEX estoque_ensaio_nota ON estoque_ensaio (nota);\n\nREVOKE ALL"
        )
    )
    (casa / "sql/02_tabelas/estoque_novo.sql").write_text(
        "CREATE TABLE estoque_novo (\n    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY\n);\n\n"
        "REVOKE ALL ON estoque_novo FROM PUBLIC;\nGRANT SELECT ON estoque_novo TO PUBLIC;\n"
    )
    (casa / "sql/14_vigia/_estoque_nova.sql").write_text(
        "CREATE FUNCTION _estoque_nova() RETURNS bigint\nLANGUAGE sql STABLE SECURITY DEFINER\n"
        "SET search_path FROM CURRENT\nAS 'SELECT count(*) FROM estoque_novo';\n\n"
        "REVOKE ALL ON FUNCTION _estoque_nova() FROM PUBLIC;\n"
    )


IDA = (
    "ALTER TABLE estoque_ensaio ADD COLUMN nota text;\n"
    "CREATE INDEX estoque_ensaio_nota ON estoque_ensaio (nota);\n"
)
VOLTA = "ALTER TABLE estoque_ensaio DROP COLUMN nota;\n"


@pytest.fixture
def segunda(casa: Path) -> Path:
    """The folder of migrations with the second one written."""
    mudar(casa)
    [tarefa] = escrever(casa, "segunda")
    assert "sql/02_tabelas/estoque_ensaio.sql: write the change by hand" in tarefa
    a_mao(casa / f"migrations/{SEGUNDA}.sql", IDA)
    a_mao(casa / f"migrations/{SEGUNDA}.rollback.sql", VOLTA)
    assert escrever(casa) == []  # written anew, with the hand's part in it
    return casa / "migrations"


@dataclass
class Escritores:
    """Sessions that write all the time, each products and lots of its own."""

    dsn: str

    def __enter__(self) -> Escritores:
        self.parar = threading.Event()
        self.feitas = 0
        self.falhas: list[BaseException] = []
        self.sessoes = [threading.Thread(target=self._rodar, args=(n,)) for n in range(3)]
        for sessao in self.sessoes:
            sessao.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.parar.set()
        for sessao in self.sessoes:
            sessao.join()
        assert self.falhas == []

    def _rodar(self, n: int) -> None:
        try:
            with psycopg.connect(self.dsn, autocommit=True) as conn:
                while not self.parar.is_set():
                    # A function that an upgrade replaces may meet a plan of the old one once.
                    repetir(lambda: self._escrever(conn, n))
                    self.feitas += 1
        except BaseException as erro:
            self.falhas.append(erro)

    def _escrever(self, conn: psycopg.Connection[object], n: int) -> None:
        conn.execute(
            "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
            " tipo_movimentacao, qtd_movimentacao, ativo) VALUES (%s, 'N', now(), 'E', 2, true)",
            [f"W{n}"],
        )
        conn.execute(
            "INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario,"
            " data_expedicao_editada, status) VALUES (%s, 3, '2025-08-07', 'RECOMPOSTO')",
            [f"W{n}"],
        )
        conn.execute(
            "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
            " VALUES (%s, %s, 1, '2025-08-08')",
            [f"L{n}", f"W{n}"],
        )
        conn.execute("UPDATE separacao SET qtd_saldo = 2 WHERE cod_produto = %s", [f"W{n}"])


@pytest.fixture
def papel(servico: Servico) -> Iterator[str]:
    """A role to which default privileges give everything, and which was given one function."""
    servico.admin.execute("CREATE ROLE aplicacao")
    yield "aplicacao"
    servico.admin.execute("DROP ROLE aplicacao")


def test_a_living_database_goes_up_and_down_again(
    servico: Servico, papel: str, vazio: str, segunda: Path, despejo: Callable[..., str]
) -> None:
    instalar(vazio, None, primeira(segunda))
    banco = Banco(vazio)
    novo = servico.criar()
    banco.cru(f"GRANT EXECUTE ON FUNCTION estoque_virada() TO {papel}")
    banco.cru("INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario,"
              " data_expedicao_editada, status) VALUES ('P1', 5, '2025-08-07', 'RECOMPOSTO'),"
              " ('P1', 4, '2025-08-07', 'CRIADO')")  # fmt: skip
    banco.cru("INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
              " VALUES ('L', 'P1', 7, '2025-08-08')")  # fmt: skip
    assert banco.previsto("P1")[banco.dia(1)] == (0, 4)  # by the older rule
    # Only now: what the first release made has no rights from them.
    for o_que in ("TABLES", "FUNCTIONS", "SEQUENCES"):
        banco.cru(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON {o_que} TO {papel}")
    com_privilegios = despejo(vazio)
    try:
        ditas: list[str] = []
        with Escritores(vazio) as escritores:
            while escritores.feitas < 3:
                pass
            assert migrar(vazio, None, segunda, avisar=ditas.append) == [SEGUNDA]
            ate = escritores.feitas
            while escritores.feitas < ate + 3:
                assert not escritores.falhas
        assert ditas[-1].startswith("writers were held off for ")
        banco.verificar()
        assert banco.previsto("P1")[banco.dia(1)] == (0, 9)
        assert banco.cru("SELECT * FROM estoque_alterados()") == []
        _direitos_certos(banco, papel)

        # Upgraded equals fresh: the same objects, comments, rights, columns in the same order.
        with psycopg.connect(servico.dsn(novo), autocommit=True) as conn:
            for o_que in ("TABLES", "FUNCTIONS", "SEQUENCES"):
                conn.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON {o_que} TO"
                             f" {papel}".encode())  # fmt: skip
        assert instalar(servico.dsn(novo), None, segunda) == [PRIMEIRA, SEGUNDA]
        with psycopg.connect(servico.dsn(novo), autocommit=True) as conn:
            congelar(conn, Banco.D)
            conn.execute(f"GRANT EXECUTE ON FUNCTION estoque_virada() TO {papel}".encode())
            verificar_invariante(conn)
        # The sources are the ERP's: what its default privileges give on them is not our business.
        # On what is ours they give reading, from the day on which they are there.
        leitura = re.compile(rf"GRANT SELECT ON (TABLE|SEQUENCE) \S+ TO {papel};")
        assert [n for n in despejo(vazio).splitlines() if not leitura.fullmatch(n)] == [
            linha
            for linha in despejo(servico.dsn(novo)).splitlines()
            if not (f"TO {papel}" in linha and any(fonte in linha for fonte in FONTES))
            and not leitura.fullmatch(linha)
        ]

        # The way back, with what was written meanwhile, while others write.
        with Escritores(vazio):
            assert desfazer(vazio, None, segunda, ate=PRIMEIRA) == [SEGUNDA]
        assert banco.previsto("P1")[banco.dia(1)] == (0, 4)
        assert despejo(vazio) == com_privilegios
        assert banco.cru("SELECT * FROM estoque_alterados()") == []
        assert banco.cru("SELECT * FROM estoque_verificar()") == []
        assert migrar(vazio, None, segunda) == [SEGUNDA]
        banco.verificar()
        with pytest.raises(ArgumentoInvalido):
            desfazer(vazio, None, segunda, ate="0003.futura")
        for o_que in ("TABLES", "FUNCTIONS", "SEQUENCES"):
            banco.cru(
                f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON {o_que} FROM {papel}"
            )
        desfazer(vazio, None, segunda)
        assert not estado(banco.conn, None, segunda).instalado
    finally:
        banco.fechar()
        servico.remover(novo)


def primeira(pasta: Path) -> Path:
    """A folder with the first migration only: the package as it was released then."""
    so = pasta.parent / "primeira"
    so.mkdir(exist_ok=True)
    for arquivo in pasta.glob(f"{PRIMEIRA}*"):
        shutil.copy(arquivo, so)
    return so


def _direitos_certos(banco: Banco, papel: str) -> None:
    """Default privileges gave nothing but reading; the right that was given came through."""
    dados = banco.cru(
        "SELECT c.oid::regclass::text AS objeto, x.privilege_type AS direito"
        " FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x"
        " WHERE x.grantee = %s::regrole AND x.privilege_type <> 'SELECT' UNION ALL"
        " SELECT p.oid::regprocedure::text, x.privilege_type"
        " FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS x"
        " WHERE x.grantee = %s::regrole",
        [papel, papel],
    )
    assert dados == [{"objeto": "estoque_virada()", "direito": "EXECUTE"}]


def test_what_changed_is_written_and_nothing_else(segunda: Path) -> None:
    """Most are replaced in place; one whose parameters change takes with it what uses it."""
    ida = (segunda / f"{SEGUNDA}.sql").read_text(encoding="utf-8")
    volta = (segunda / f"{SEGUNDA}.rollback.sql").read_text(encoding="utf-8")
    assert ida.startswith(f"-- depends: {PRIMEIRA}\n")
    assert "-- writers go on" not in ida
    assert "DROP FUNCTION _estoque_antiga;" in ida
    assert "CREATE FUNCTION _estoque_antiga()" in volta
    assert "DROP FUNCTION estoque_virada;" in ida
    assert "CREATE FUNCTION estoque_virada() RETURNS bigint" in ida
    assert "CREATE FUNCTION estoque_virada() RETURNS integer" in volta
    assert ida.index("DROP FUNCTION _estoque_contribuicao_separacao;") < ida.index(
        "DROP FUNCTION _estoque_cabe;"
    )
    assert "DROP TABLE estoque_novo;" in volta
    assert IDA in ida
    assert VOLTA in volta
    assert "estoque_consultar" not in ida
    assert "CREATE TABLE estoque_ensaio" not in ida.replace("-- | CREATE TABLE", "")


def test_a_change_of_questions_only_keeps_no_writer_waiting(casa: Path, vazio: str) -> None:
    pasta = casa / "migrations"
    instalar(vazio, None, pasta)
    trocar(casa, "estoque_estatisticas", "Counts of products", "The counts of products")
    trocar(casa, "estoque_rupturas", "soonest first.", "soonest first, as ever.")
    assert escrever(casa, "segunda") == []
    ida = pasta / f"{SEGUNDA}.sql"
    assert "-- writers go on\n" in ida.read_text()
    assert "CREATE OR REPLACE FUNCTION estoque_rupturas(" in ida.read_text()
    with psycopg.connect(vazio) as escritora:
        # Whoever waits for a writer waits for this one.
        escritora.execute(
            "INSERT INTO separacao (cod_produto, qtd_saldo, expedicao) VALUES ('P1', 1, now())"
        )
        assert migrar(vazio, None, pasta) == [SEGUNDA]
    with psycopg.connect(vazio) as conn:
        assert conn.execute("SELECT * FROM estoque_alterados()").fetchall() == []


def test_nothing_changed_is_nothing_to_migrate(casa: Path) -> None:
    assert gerar(casa) == ({}, [])
    assert lancar(casa) is None


def test_a_frozen_file_that_is_edited_stops_everything(casa: Path) -> None:
    ida = casa / f"migrations/{PRIMEIRA}.sql"
    ida.write_text(ida.read_text() + "-- edited\n")
    for acao in (gerar, lancar):
        with pytest.raises(SystemExit, match="is released and was edited"):
            acao(casa)


def test_what_is_not_written_by_hand_is_not_released(casa: Path) -> None:
    mudar(casa)
    escrever(casa, "segunda")
    with pytest.raises(SystemExit, match="write the change by hand"):
        lancar(casa)


def test_a_second_table_changed_later_is_asked_for_too(segunda: Path) -> None:
    """The part by hand is there already, and says nothing of it."""
    casa = segunda.parent
    (casa / "sql/02_tabelas/_estoque_par.sql").write_text(PAR)
    assert escrever(casa) == []
    assert lancar(casa) == SEGUNDA
    for nome, de in (("estoque_ensaio", "    nota text\n"), ("_estoque_par", "    b int\n")):
        trocar(casa, nome, de, de.replace("\n", ",\n    obs text\n"))
        tarefas = escrever(casa, "terceira")
        [tarefa] = tarefas
        assert f"sql/02_tabelas/{nome}.sql: write the change by hand" in tarefa
        ida = segunda / "0003.terceira.sql"
        a_mao(ida, f"ALTER TABLE {nome} ADD COLUMN obs text;\n")
        assert escrever(casa) == tarefas  # the way back, too
        a_mao(ida.with_suffix(".rollback.sql"), f"ALTER TABLE {nome} DROP COLUMN obs;\n")
        assert escrever(casa) == []


def test_how_to_give_a_change_up_is_said(segunda: Path) -> None:
    """sql/ is as it was released; what is by hand would still run."""
    casa = segunda.parent
    assert lancar(casa) == SEGUNDA
    trocar(casa, "estoque_ensaio", "    nota text\n", "    nota text,\n    obs text\n")
    escrever(casa, "terceira")
    ida = segunda / "0003.terceira.sql"
    for arquivo in (ida, ida.with_suffix(".rollback.sql")):
        a_mao(arquivo, "ALTER TABLE estoque_ensaio RENAME n TO m;\n")
    assert escrever(casa) == []
    trocar(casa, "estoque_ensaio", "    nota text,\n    obs text\n", "    nota text\n")
    [tarefa] = escrever(casa)
    assert "To give it up, put sql/ back and delete both files: 0003.terceira.sql" in tarefa
    with pytest.raises(SystemExit, match="To give it up"):
        lancar(casa)
    for arquivo in (ida, ida.with_suffix(".rollback.sql")):
        arquivo.unlink()
    assert gerar(casa) == ({}, [])


def test_the_way_back_undoes_what_is_by_hand(
    segunda: Path, vazio: str, tmp_path: Path, servico: Servico, despejo: Callable[..., str]
) -> None:
    """It is held to that for the migrations of the repository by test_migracoes.py."""
    (tmp_path / "uma").mkdir()
    conferir_voltas(vazio, segunda, tmp_path / "uma", despejo)
    volta = segunda / f"{SEGUNDA}.rollback.sql"
    volta.write_text(volta.read_text().replace(VOLTA, "-- estoque_ensaio stays as it is\n"))
    (tmp_path / "outra").mkdir()
    outro = servico.criar()
    with pytest.raises(AssertionError, match="does not undo") as erro:
        conferir_voltas(servico.dsn(outro), segunda, tmp_path / "outra", despejo)
    assert "+    nota text" in str(erro.value)
    servico.remover(outro)


def test_a_name_that_is_not_one_is_refused() -> None:
    """Make hands it over as one argument, whatever is in it."""
    feito = subprocess.run(
        ["make", "--dry-run", "migration", "NOME=two words; x"],
        cwd=RAIZ, capture_output=True, text=True,
    )  # fmt: skip
    assert feito.returncode == 0, feito.stderr
    assert 'gerar_migracao.py "two words; x"' in feito.stdout
    for nome in ("two words; x", "Maiúscula"):
        recusado = subprocess.run(
            [sys.executable, "ferramentas/gerar_migracao.py", nome],
            cwd=RAIZ, capture_output=True, text=True,
        )  # fmt: skip
        assert recusado.returncode == 1
        assert "small letters, digits and _ only" in recusado.stderr


def test_an_open_migration_that_is_not_up_to_date_is_not_released(segunda: Path) -> None:
    casa = segunda.parent
    trocar(casa, "estoque_estatisticas", "Counts of products", "The counts of products")
    with pytest.raises(SystemExit, match="run `make migration`"):
        lancar(casa)
    escrever(casa)
    assert lancar(casa) == SEGUNDA
    assert gerar(casa) == ({}, [])


def test_the_third_release_knows_what_the_second_did(
    segunda: Path, vazio: str, servico: Servico, despejo: Callable[..., str]
) -> None:
    """The released text of a table is known from the comment, of a function from its last text."""
    casa = segunda.parent
    assert lancar(casa) == SEGUNDA
    trocar(casa, "estoque_ensaio", "    nota text\n", "    nota text,\n    obs text\n")
    trocar(casa, "_estoque_nova", "SELECT count(*)", "SELECT 1 + count(*)")
    [tarefa] = escrever(casa, "terceira")
    assert "estoque_ensaio" in tarefa
    ida = segunda / "0003.terceira.sql"
    a_mao(ida, "ALTER TABLE estoque_ensaio ADD COLUMN obs text;\n")
    a_mao(ida.with_suffix(".rollback.sql"), "ALTER TABLE estoque_ensaio DROP COLUMN obs;\n")
    assert escrever(casa) == []
    assert "CREATE OR REPLACE FUNCTION _estoque_nova" in ida.read_text()
    assert "estoque_virada" not in ida.read_text()
    instalar(vazio, None, primeira(segunda))
    assert migrar(vazio, None, segunda) == [SEGUNDA, "0003.terceira"]  # in one commit
    cheio = despejo(vazio)
    assert desfazer(vazio, None, segunda, ate=SEGUNDA) == ["0003.terceira"]
    assert migrar(vazio, None, segunda) == ["0003.terceira"]
    assert despejo(vazio) == cheio


def test_a_table_of_the_erp_that_bears_a_new_name_of_ours(segunda: Path, vazio: str) -> None:
    """What a fresh installation refuses an upgrade refuses as well, with nothing changed."""
    instalar(vazio, None, primeira(segunda))
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("CREATE TABLE estoque_novo (x int)")
        with pytest.raises(FonteIncompativel) as erro:
            migrar(vazio, None, segunda)
        assert erro.value.detalhe == "estoque_novo is there already, and is not ours"
        assert estado(conn, None, segunda).aplicadas == (PRIMEIRA,)
        conn.execute("DROP TABLE estoque_novo")
    assert migrar(vazio, None, segunda) == [SEGUNDA]


def test_the_frozen_files_are_what_they_were_and_sql_is_what_the_open_one_says() -> None:
    """What `make migration` would say of the repository as it stands."""
    arquivos, tarefas = gerar(RAIZ)
    assert tarefas == []
    for arquivo, texto in arquivos.items():
        assert arquivo.read_text(encoding="utf-8") == texto, f"{arquivo.name}: run `make migration`"
