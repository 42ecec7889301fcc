"""Writes the open migration from sql/: the files in the order of their folders and names.

`sql/` is what people read and edit; `migrations/` is the only thing ever applied to a database.
Until the first release there is one open migration, made anew by this script (`make migration`).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

RAIZ = Path(__file__).resolve().parent.parent
DESTINO = RAIZ / "migrations" / "0001.nucleo.sql"
CABECALHO = "-- Generated from sql/ by ferramentas/gerar_migracao.py; edit there.\n"

# What each kind of statement is undone by. Source tables are the ERP's: never dropped.
DESFAZ = {
    r"^CREATE FUNCTION ((?!_estoque_gatilho_)\w+)": "DROP FUNCTION {0};",
    # Which tables bear a trigger is known only there: partitions come and go.
    r"^CREATE FUNCTION (_estoque_gatilho_\w+)": "DROP FUNCTION {0} CASCADE;",
    r"^CREATE VIEW (\w+)": "DROP VIEW {0};",
    r"^CREATE TABLE (?!IF NOT EXISTS)(\w+)": "DROP TABLE {0};",
    r"^CREATE TYPE (\w+)": "DROP TYPE {0};",
    r"^CREATE INDEX IF NOT EXISTS (\w+)": "DROP INDEX {0};",
}


def desfazer() -> str:
    """The rollback: everything the migration makes, dropped in the opposite order."""
    feitos: list[tuple[int, str]] = []
    inteiro = texto()
    for padrao, comando in DESFAZ.items():
        for achado in re.finditer(padrao, inteiro, re.MULTILINE):
            feitos.append((achado.start(), comando.format(*achado.groups())))
    return CABECALHO + "\n".join(comando for _, comando in sorted(feitos, reverse=True)) + "\n"


def texto() -> str:
    """The whole definition as one script, each part headed by the file it comes from."""
    partes = [CABECALHO]
    for arquivo in sorted((RAIZ / "sql").rglob("*.sql")):
        partes.append(f"\n-- {arquivo.relative_to(RAIZ).as_posix()}\n")
        partes.append(arquivo.read_text(encoding="utf-8"))
    return "".join(partes)


def main() -> None:
    """Writes the migration and its rollback; with --conferir says whether they are up to date."""
    arquivos = {DESTINO: texto(), DESTINO.with_suffix(".rollback.sql"): desfazer()}
    for destino, conteudo in arquivos.items():
        if "--conferir" in sys.argv[1:]:
            if not destino.exists() or destino.read_text(encoding="utf-8") != conteudo:
                sys.exit(f"{destino.name} differs from sql/: run `make migration`")
        else:
            destino.parent.mkdir(exist_ok=True)
            destino.write_text(conteudo, encoding="utf-8")


if __name__ == "__main__":
    main()
