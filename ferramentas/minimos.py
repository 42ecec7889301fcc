"""Tests with the oldest versions that pyproject.toml allows: `make minimos`.

Makes .venv-minimos with the lowest release allowed of what the package needs, its extras included,
and of pytest and its PostgreSQL plugin; then runs there the tests of what meets those packages.
The versions are read from the project's metadata: nothing is to be kept up to date here.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pip
from packaging.requirements import Requirement
from packaging.version import Version

RAIZ = Path(__file__).resolve().parent.parent
AMBIENTE = RAIZ / ".venv-minimos"
PYTHON = str(AMBIENTE / "bin" / "python")
# Of the tools of the tests, these alone: the others are as new as may be.
FERRAMENTAS = ("pytest", "pytest-postgresql")
TESTES = (
    "api", "api_async", "cli", "http", "metricas", "migracoes", "painel", "planejador", "planilha",
)  # fmt: skip


def minimos() -> Iterator[str]:
    """The lowest version of each requirement, as pip takes it; where extras differ, the higher."""
    menores: dict[str, Version] = {}
    for requisito in map(Requirement, requires("estoque-pg") or []):
        do_pacote = requisito.marker is None or not requisito.marker.evaluate({"extra": "test"})
        if do_pacote or requisito.name in FERRAMENTAS:
            limites = [s.version for s in requisito.specifier if s.operator in (">=", "==")]
            if len(limites) != 1:
                sys.exit(f"{requisito} has no lowest version")
            menor = Version(limites[0])
            menores[requisito.name] = max(menor, menores.get(requisito.name, menor))
    yield from (f"{nome}=={versao}" for nome, versao in menores.items())


def preparar(versoes: list[str]) -> None:
    """Make the virtual environment anew. Debian's Python has no pip to put into it: ours serves."""
    venv.create(AMBIENTE, clear=True)
    instalar = [PYTHON, str(Path(pip.__file__).parent), "install", "--ignore-installed", "-qq"]
    instalar += ["--disable-pip-version-check", "--no-input"]
    # The test client of the FastAPI of then wants the httpx of then, not httpx2.
    subprocess.run([*instalar, *versoes, "-e", ".[test]", "httpx"], cwd=RAIZ, check=True)


def main() -> int:
    versoes = list(minimos())
    print("estoque: testing with", ", ".join(versoes), file=sys.stderr, flush=True)
    preparar(versoes)
    testes = [f"tests/test_{nome}.py" for nome in TESTES]
    todos = ["-n", "auto", "--dist", "worksteal"]  # as `make test` does
    comando = [PYTHON, "-m", "pytest", *todos, *testes, *sys.argv[1:]]
    return subprocess.run(comando, cwd=RAIZ).returncode


if __name__ == "__main__":
    sys.exit(main())
