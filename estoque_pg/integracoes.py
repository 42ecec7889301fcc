"""For tools that compare a database with models, such as Alembic: what is ours is not theirs.

>>> from estoque_pg.integracoes import include_object
>>> context.configure(..., include_object=include_object)  # in the env.py of Alembic

Nothing of those tools is imported: these are plain functions, of the form that Alembic asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from estoque_pg.grupos import TABELAS
from estoque_pg.migracoes import indices_nossos, tabelas_nossas

_tabelas = cache(lambda: tabelas_nossas() | TABELAS)
_indices = cache(indices_nossos)


def include_object(
    objeto: Any,
    nome: str | None,
    tipo: str,
    refletido: bool,
    comparado: Any,
    *,
    schemas: Collection[str | None] | None = None,
) -> bool:
    """Tell Alembic to leave alone our tables and view, and our indexes on the ERP's tables.

    It says True to everything else, so one of the project's own goes on with `and`. `schemas` are
    those that estoque_pg is installed in, as Alembic names them: None is the connection's own.
    Without it a name of ours is taken for ours in every schema.
    """
    if tipo == "index":
        return not (nome in _indices() and _em(objeto.table.schema, schemas))
    if tipo in ("table", "view"):
        return not (nome in _tabelas() and _em(objeto.schema, schemas))
    return True


def include_name(
    nome: str | None,
    tipo: str,
    pais: Mapping[str, str | None],
    *,
    schemas: Collection[str | None] | None = None,
) -> bool:
    """Tell Alembic not to read our tables at all; beside `include_object`, which does the rest.

    What Alembic reads and then leaves alone costs time, and a warning for each type of ours that
    SQLAlchemy does not know.
    """
    return not (tipo == "table" and nome in _tabelas() and _em(pais.get("schema_name"), schemas))


def _em(schema: str | None, schemas: Collection[str | None] | None) -> bool:
    return schemas is None or schema in schemas
