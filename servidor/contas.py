"""Whom the server runs as: PostgreSQL refuses root."""

from __future__ import annotations

import contextlib
import os
import pwd
from pathlib import Path
from typing import Any

from estoque_pg.idioma import t
from servidor.erros import ErroServidor


def ids_do_servidor(base: Path | None) -> dict[str, Any]:
    """Whom to run the server as: ourselves, or for root somebody else, as subprocess takes it.

    Root taking up a folder that belongs to an ordinary user runs the server as that user.
    """
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError as erro:
            raise ErroServidor(
                t(
                    "the user id {uid} has no name, and PostgreSQL wants one",
                    uid=os.geteuid(),
                ),
                dica=t("add it to /etc/passwd, or run as another user"),
            ) from erro
        return {}
    with contextlib.suppress(OSError, KeyError):
        if base and (dono := base.stat().st_uid) != 0:
            return _ids(pwd.getpwuid(dono))
    for nome in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return _ids(pwd.getpwnam(nome))
    raise ErroServidor(
        t("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`"),
        dica=t("run as an ordinary user, or `adduser --system postgres`"),
    )


def _ids(conta: pwd.struct_passwd) -> dict[str, Any]:
    return {"user": conta.pw_uid, "group": conta.pw_gid, "extra_groups": []}
