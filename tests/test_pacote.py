"""What is installed: the wheel, the source archive, and the package in an empty environment."""

from __future__ import annotations

import ast
import email
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pip
import psycopg
import pytest
from pathspec import GitIgnoreSpec
from readme_renderer import markdown
from telas import conferir

from estoque_pg import __version__
from servidor import Servidor

RAIZ = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.lento


def rodar(
    *comando: object, em: Path, codigo: int = 0, **mais: str
) -> subprocess.CompletedProcess[str]:
    do_banco = ("PG", "DATABASE_URL", "PYTHON")
    ambiente = {k: v for k, v in os.environ.items() if not k.startswith(do_banco)} | mais
    feito = subprocess.run(
        [str(c) for c in comando], cwd=em, env=ambiente, capture_output=True, text=True
    )
    assert feito.returncode == codigo, feito.stdout + feito.stderr
    return feito


def construir(tipo: str, projeto: Path, destino: Path) -> Path:
    rodar(sys.executable, "-m", "hatchling", "build", "-t", tipo, "-d", destino, em=projeto)
    [feito] = destino.iterdir()
    return feito


def do_checkout() -> set[str]:
    """The files of the repository; what only running and building leave there is ignored by git."""
    ignorados = GitIgnoreSpec.from_lines((RAIZ / ".gitignore").read_text().splitlines())
    nomes = ignorados.match_tree_files(RAIZ, negate=True)
    return {n for n in nomes if n.split("/")[0] not in (".git", ".ci")}


def da_roda(roda: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(roda) as arquivo:
        return {nome: arquivo.read(nome) for nome in arquivo.namelist()}


def por_alheios(pasta: Path) -> None:
    """Somebody else's packages, with the names of ours."""
    for nome in ("demo", "servidor"):
        (pasta / nome).mkdir()
        (pasta / nome / "__init__.py").write_text("raise SystemExit('somebody else')\n")


def test_the_wheel_has_the_package_and_its_migrations_and_nothing_else(tmp_path: Path) -> None:
    roda = da_roda(construir("wheel", RAIZ, tmp_path / "roda"))
    esperado = {n for n in do_checkout() if n.startswith("estoque_pg/")}
    esperado |= {f"estoque_pg/{n}" for n in do_checkout() if n.startswith("migrations/")}
    assert {n for n in roda if ".dist-info/" not in n} == esperado

    arquivo = construir("sdist", RAIZ, tmp_path / "arquivo")
    shutil.unpack_archive(arquivo, tmp_path)
    fonte = tmp_path / arquivo.name.removesuffix(".tar.gz")
    achados = {p.relative_to(fonte).as_posix() for p in fonte.rglob("*") if p.is_file()}
    assert achados == do_checkout() | {"PKG-INFO"}
    assert da_roda(construir("wheel", fonte, tmp_path / "de novo")) == roda


def test_nothing_but_commands_needs_the_command_line() -> None:
    """What commands import must not import them: imported first, it would find itself half made."""
    for arquivo in (RAIZ / "estoque_pg").rglob("*.py"):
        caminho = arquivo.relative_to(RAIZ).as_posix()
        if caminho.startswith("estoque_pg/cli/") or caminho == "estoque_pg/__main__.py":
            continue
        for no in ast.walk(ast.parse(arquivo.read_text(encoding="utf-8"))):
            if isinstance(no, ast.ImportFrom):
                nomes = [f"{no.module}.{n.name}" for n in no.names]
                assert not [n for n in nomes if n.startswith("estoque_pg.cli")], caminho


def test_the_page_on_a_package_index(tmp_path: Path) -> None:
    """README.md renders there, and its links lead back to the repository."""
    roda = da_roda(construir("wheel", RAIZ, tmp_path))
    [ficha] = [texto for nome, texto in roda.items() if nome.endswith(".dist-info/METADATA")]
    campos = email.message_from_string(ficha.decode())
    assert campos["Version"] == __version__
    assert campos["Description-Content-Type"] == "text/markdown"
    enderecos = dict(url.split(", ") for url in campos.get_all("Project-URL", []))
    assert set(enderecos) == {"Repository", "Changelog", "Documentation", "Issues"}
    pagina = markdown.render(str(campos.get_payload()))
    assert pagina is not None
    assert "<table>" in pagina
    ligacoes = re.findall(r'<a href="([^"]+)"', pagina)
    casa = enderecos["Repository"] + "/blob/main/"
    assert len(ligacoes) > 10
    assert [x for x in ligacoes if not x.startswith((casa, "#"))] == []
    arquivos = [x.removeprefix(casa) for x in ligacoes if x.startswith(casa)]
    assert [a for a in arquivos if not (RAIZ / a).exists()] == []


def test_installed_into_an_empty_environment(vazio: str, tmp_path: Path) -> None:
    roda = construir("wheel", RAIZ, tmp_path / "roda")
    ambiente = tmp_path / "venv"
    venv.create(ambiente)  # without pip, which Debian's Python has not: ours serves
    instalar = ["install", "-q", "--ignore-installed", "--disable-pip-version-check", "--no-input"]
    rodar(ambiente / "bin/python", Path(pip.__file__).parent, *instalar, roda, em=tmp_path)

    def estoque(*args: str, codigo: int = 0) -> subprocess.CompletedProcess[str]:
        return rodar(ambiente / "bin/estoque", *args, em=tmp_path, codigo=codigo)

    assert estoque("--version").stdout == f"estoque, version {__version__}\n"
    ajuda = rodar(ambiente / "bin/estoque", "--help", em=tmp_path, ESTOQUE_IDIOMA="pt_BR")
    assert ajuda.stdout.startswith("Uso: estoque [OPÇÕES] ")
    assert "applied 0001" in estoque("install", "--sem-agendamento", "--dsn", vazio).stdout
    with psycopg.connect(vazio) as conn:
        conn.execute(
            "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
            " tipo_movimentacao, qtd_movimentacao, ativo)"
            " VALUES ('P001', 'Azeitona', current_date, 'ENTRADA', 1500, true)"
        )
    status = estoque("status", "--dsn", vazio).stdout
    assert f"package      estoque_pg {__version__}, up to date" in status
    [produto] = json.loads(estoque("consultar", "P001", "--json", "--dsn", vazio).stdout)
    assert produto["estoque_atual"] == 1500

    [pacotes] = ambiente.glob("lib/python*/site-packages")
    for pasta in (pacotes, tmp_path):
        por_alheios(pasta)
    demo = estoque("demo", codigo=1)
    assert demo.stdout == ""
    assert demo.stderr.splitlines() == [
        "error: the demo is not part of the installed package",
        "hint: it lives in the repository: run `make demo` in a checkout of it",
    ]


def test_the_demo_of_a_checkout(tmp_path: Path) -> None:
    por_alheios(tmp_path)
    pasta = tmp_path / "do demo"
    try:
        feito = rodar(sys.executable, "-m", "estoque_pg", "demo", "--pasta", pasta, em=tmp_path)
        _conferir_as_telas(pasta, tmp_path)
    finally:
        rodar(sys.executable, "-m", "servidor", "remover", pasta, em=RAIZ)
    assert "the product is exactly where the day began" in feito.stdout
    assert ": 0 differences, in " in feito.stdout
    assert not pasta.exists()


def _conferir_as_telas(pasta: Path, em: Path) -> None:
    """What README.pt-BR.md shows of the demo, and of the commands on its database."""

    def em_portugues(*comando: str) -> str:
        feito = rodar(
            sys.executable, "-m", "estoque_pg", *comando,
            em=em, ESTOQUE_IDIOMA="pt_BR", COLUMNS="72",
        )  # fmt: skip
        return feito.stdout + feito.stderr

    with Servidor(pasta, duravel=True) as servidor:
        dsn = servidor.dsn("estoque_demo")
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("SELECT estoque_minuto()")
        telas = {
            "banco ": em_portugues("status", "--dsn", dsn),
            "$ estoque rupturas": em_portugues("rupturas", "--dsn", dsn),
        }
    telas["O estoque neste momento"] = em_portugues("demo", "--pasta", str(pasta))
    conferir(RAIZ / "README.pt-BR.md", telas)
