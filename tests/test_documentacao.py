"""The examples in the documents run, and say what they promise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

RAIZ = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("nome", ["README.md", "README.pt-BR.md"])
def test_examples_run_as_printed(nome: str, postgresql: psycopg.Connection[Any]) -> None:
    texto = (RAIZ / nome).read_text(encoding="utf-8")
    blocos = re.findall(r"^```sql\n(.*?)^```", texto, re.MULTILINE | re.DOTALL)
    assert len(blocos) >= 2
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


def test_both_readmes_name_every_public_function() -> None:
    publicas = {f.stem for f in (RAIZ / "sql").rglob("estoque_*.sql") if f.parent.name >= "06"}
    for nome in ("README.md", "README.pt-BR.md"):
        texto = (RAIZ / nome).read_text(encoding="utf-8")
        assert {p for p in publicas if p not in texto} == set()
