"""The examples in the documents run, and say what they promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from apoio import GATILHOS, MIGRACOES, RAIZ, publicos
from conftest import Servico
from exemplos import Pagina
from oraculo import verificar_invariante
from psycopg import sql

from estoque_pg import __version__
from ferramentas.fontes import FONTES as DECLARADAS

# These have tests of their own, beside what they are about.
ALHURES = {
    "backup.md", "citus.md", "comandos.md", "erros.md", "http.md", "metricas.md",
    "opentelemetry.md", "operacao.md", "python.md",
}  # fmt: skip
PAGINAS = sorted({p.name for p in (RAIZ / "docs").glob("*.md")} - ALHURES)
# These begin with an empty database; the others find everything installed.
DO_INICIO = {"adocao.md", "comecar.md"}


@pytest.mark.parametrize("nome", ["README.md", "README.pt-BR.md"])
def test_examples_run_as_printed(nome: str, postgresql: psycopg.Connection[Any]) -> None:
    texto = (RAIZ / nome).read_text(encoding="utf-8")
    blocos = re.findall(r"^```sql\n(.*?)^```", texto, re.MULTILINE | re.DOTALL)
    assert blocos
    conn = postgresql
    for bloco in blocos:
        for comando in re.sub(r"--.*", "", bloco).split(";"):
            if comando.strip():
                ultimo = conn.execute(comando.encode())
    assert ultimo.fetchall() == []  # the audit closes the example
    codigo = conn.execute("SELECT * FROM estoque_consultar('{P001}')").fetchone()
    assert codigo is not None
    assert [str(x) for x in codigo[3:5]] == ["1700.000", "-50.000"]
    promessa = conn.execute("SELECT * FROM estoque_disponibilidade('P001', 800)").fetchone()
    dias = conn.execute("SELECT estoque_hoje() + 5").fetchone()
    assert promessa is not None
    assert dias is not None
    assert (promessa[0], str(promessa[1])) == (dias[0], "850.000")
    conn.rollback()


LEIAMES = ("README.md", "README.pt-BR.md")


def test_no_page_bears_the_marks_of_a_merge() -> None:
    paginas = [*RAIZ.glob("*.md"), *(RAIZ / "docs").rglob("*.md")]
    marcas = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)
    assert [p.name for p in paginas if marcas.search(p.read_text(encoding="utf-8"))] == []


def test_both_readmes_name_every_public_function() -> None:
    for nome in LEIAMES:
        texto = (RAIZ / nome).read_text(encoding="utf-8")
        faltam = {p for p in publicos() if p not in texto}
        assert faltam == set(), f"{nome}, the table of functions: name them"


@pytest.mark.parametrize("nome", [*LEIAMES, "docs/tabelas-e-funcoes.md"])
def test_every_declared_source_is_in_the_table_of_sources(nome: str) -> None:
    texto = (RAIZ / nome).read_text(encoding="utf-8")
    faltam = [f.tabela for f in DECLARADAS if f"\n| `{f.tabela}` | " not in texto]
    assert faltam == [], f"{nome}, the table of sources: say what a row counts as"


@pytest.mark.parametrize("nome", LEIAMES)
def test_the_status_screen_of_the_readmes_is_of_this_version(nome: str) -> None:
    """It is printed by hand: the pages of docs/ are compared with what the commands answer."""
    texto = (RAIZ / nome).read_text(encoding="utf-8")
    pacote, em_dia, aplicada, gatilhos, no_lugar = (
        ("pacote", "em dia", "aplicada", "gatilhos", f"{GATILHOS} de {GATILHOS} no lugar")
        if nome == "README.pt-BR.md"
        else ("package", "up to date", "applied", "triggers", f"{GATILHOS} of {GATILHOS} in place")
    )
    for linha in (
        f"    {pacote:<12} estoque_pg {__version__}, {em_dia}\n",
        "".join(f"      {aplicada:<10} {migracao}\n" for migracao in MIGRACOES),
        f"    {gatilhos:<12} {no_lugar}\n",
    ):
        assert linha in texto, f"{nome}: its status screen has to say\n{linha}"


# --- docs/ ------------------------------------------------------------------------------------


@pytest.fixture
def erp(servico: Servico, modelo: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database called erp, as on the pages."""
    nome = servico.criar() if request.param in DO_INICIO else servico.criar(modelo)
    trocar = sql.SQL("ALTER DATABASE {} RENAME TO erp").format(sql.Identifier(nome))
    servico.admin.execute(trocar)
    with psycopg.connect(servico.dsn("erp")) as conn:  # as it is from PostgreSQL 15 on
        conn.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    yield servico.dsn("erp")
    servico.remover("erp")
    servico.admin.execute("DROP ROLE IF EXISTS planejador")  # which pages make


@pytest.mark.parametrize(("nome", "erp"), [(p, p) for p in PAGINAS], indirect=["erp"])
def test_pages_say_what_the_examples_answer(nome: str, erp: str, tmp_path: Path) -> None:
    """With ATUALIZAR_DOCS=1 in the environment the page is written anew instead."""
    arquivo = RAIZ / "docs" / nome
    idioma = "pt_BR" if nome.endswith(".pt-BR.md") else "en"
    pagina = Pagina(arquivo.read_text(encoding="utf-8"), erp, tmp_path, idioma)
    real = pagina.real()
    if os.environ.get("ATUALIZAR_DOCS"):
        arquivo.write_text(real, encoding="utf-8")
    assert pagina.exemplos or "```" not in pagina.texto
    assert real == arquivo.read_text(encoding="utf-8")
    # No example may hide in a kind of block that nobody runs.
    soltos = re.sub(r"^```(sql|console|text)\n.*?^```$", "", real, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"^\s*(\$ )?(estoque|SELECT|INSERT|UPDATE|DELETE) ", soltos, re.MULTILINE)
    with psycopg.connect(erp, autocommit=True) as conn:
        verificar_invariante(conn)


def test_reference_is_what_the_help_says() -> None:
    feito = subprocess.run(
        [sys.executable, "ferramentas/gerar_referencia.py", "--conferir"],
        cwd=RAIZ, capture_output=True, text=True,
    )  # fmt: skip
    assert feito.returncode == 0, feito.stderr


def test_the_page_of_functions_has_an_example_of_each() -> None:
    texto = (RAIZ / "docs" / "tabelas-e-funcoes.md").read_text(encoding="utf-8")
    exemplos = "".join(re.findall(r"^```sql\n(.*?)^```", texto, re.MULTILINE | re.DOTALL))
    faltam = {p for p in publicos() if p not in exemplos}
    assert faltam == set(), "docs/tabelas-e-funcoes.md: show each in an example"
    assert "movimentacao_prevista" in exemplos


def test_links_between_pages_lead_somewhere() -> None:
    for pagina in (*RAIZ.glob("*.md"), *(RAIZ / "docs").rglob("*.md")):
        for alvo in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", pagina.read_text(encoding="utf-8")):
            assert (pagina.parent / alvo).exists(), f"{pagina.name}: {alvo}"


@pytest.mark.parametrize("programa", ["executar.py", "adocao.py", "em_citus.py"])
def test_the_benchmarks_start(programa: str) -> None:
    """They take minutes and run by hand; a name that has moved shows at once."""
    comando = [sys.executable, f"bench/{programa}", "--help"]
    feito = subprocess.run(comando, cwd=RAIZ, capture_output=True, text=True)
    assert (feito.returncode, feito.stderr) == (0, "")
