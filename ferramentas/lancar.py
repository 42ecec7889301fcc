"""Freezes the open migration: from then on a change belongs in the next one.

`make lancar` runs it. The checksums stand in migrations/lancadas.sha256, in the form that
`sha256sum -c` reads; a frozen file that is edited fails the tests and stops `make migration`.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

RAIZ = Path(__file__).resolve().parent.parent
LISTA = "lancadas.sha256"
VOLTA = ".rollback.sql"


def _somas(raiz: Path) -> dict[str, str]:
    """The recorded checksum of each frozen file, by its name."""
    lista = raiz / "migrations" / LISTA
    linhas = lista.read_text(encoding="utf-8").splitlines() if lista.exists() else []
    return {arquivo: soma for soma, arquivo in (linha.split("  ", 1) for linha in linhas)}


def _soma(arquivo: Path) -> str:
    return hashlib.sha256(arquivo.read_bytes()).hexdigest()


def lancadas(raiz: Path = RAIZ) -> list[str]:
    """The frozen migrations, in order."""
    return sorted(a.removesuffix(".sql") for a in _somas(raiz) if not a.endswith(VOLTA))


def conferir_lancadas(raiz: Path = RAIZ) -> None:
    """Stop where a frozen file is not what it was."""
    for arquivo, soma in _somas(raiz).items():
        alvo = raiz / "migrations" / arquivo
        if not alvo.exists() or _soma(alvo) != soma:
            sys.exit(f"{arquivo} is released and was edited: restore it; a change belongs in a new"
                     " migration")  # fmt: skip


def lancar(raiz: Path = RAIZ) -> str | None:
    """Freeze the open migration, if it is what sql/ says; return its name, None without one."""
    from ferramentas.gerar_migracao import atrasadas, gerar

    arquivos, queixas = gerar(raiz)
    queixas += atrasadas(arquivos)
    if queixas:
        sys.exit("\n".join(queixas))
    if not arquivos:
        return None
    with (raiz / "migrations" / LISTA).open("a", encoding="utf-8") as lista:
        lista.writelines(f"{_soma(a)}  {a.name}\n" for a in arquivos)
    return next(iter(arquivos)).stem


def main() -> None:
    """Freeze the open migration and say so."""
    nome = lancar()
    print(f"{nome} is frozen: commit migrations/{LISTA}" if nome else "no migration is open")


if __name__ == "__main__":
    sys.path.insert(0, str(RAIZ))
    main()
