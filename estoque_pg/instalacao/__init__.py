"""The steps of installing, as against the objects that the migrations make.

They are not history: the runner takes them in the package's present version around whatever is
pending, also at version n, all in one commit. What they call is in the database, put there by the
migrations; so what a fresh installation asks for, an upgraded one does as well.

Those called vivo_ are of an installation that counts large sources beside their writers: the first
and the last of them, which put notes on and take them away, commit by themselves.
"""

from __future__ import annotations

from importlib.resources import files

import psycopg


def passo(conn: psycopg.Connection[object], nome: str, **parametros: str) -> None:
    """Take one step: the statements of the file of that name, each by itself."""
    texto = files(__package__).joinpath(f"{nome}.sql").read_text(encoding="utf-8")
    if not parametros:
        conn.execute(texto.encode())
        return
    corpo = "\n".join(linha for linha in texto.splitlines() if not linha.startswith("--"))
    for comando in filter(str.strip, corpo.split(";")):
        conn.execute(comando.encode(), parametros if "%(" in comando else None)
