"""What /saude looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from estoque_pg import migracoes
from estoque_pg.consultas import CONSULTAS
from estoque_pg.erros import traduzindo


@dataclass(frozen=True)
class Saude:
    """What was found; `erro` is None when all is well, else one line about the first trouble."""

    erro: str | None
    detalhes: dict[str, Any]


def examinar(conn: psycopg.Connection[Any], schema: str | None) -> Saude:
    """Look at migrations and tables over a connection; raise ErroEstoque when it is no use."""
    estado = migracoes.estado(conn, schema)
    detalhes: dict[str, Any] = {
        "migracoes_aplicadas": list(estado.aplicadas),
        "migracoes_pendentes": list(estado.pendentes),
    }
    if (recusa := migracoes.recusa(estado)) is not None:
        return Saude(recusa.mensagem, detalhes)
    with traduzindo(), psycopg.Cursor(conn, row_factory=tuple_row) as cursor:
        (hoje, _) = cursor.execute(CONSULTAS["saude"]).fetchall()[0]
    return Saude(None, {**detalhes, "hoje": hoje.isoformat()})
