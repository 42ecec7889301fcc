"""Runs the examples of a page of docs/ and writes what they really answer.

Three kinds of fenced block count, in the order of the page, all on one database of its own:

- `sql`: every statement runs; what a `text` block right after it shows is their results as psql
  prints them, or the error. Without such a block the results are not shown, and an error fails.
- `console`: lines that begin with `$ ` run in bash, in a folder of the page's own; the other lines
  are what they print, and `$ ` followed by `# exit N` after a command says how it ends.

Today is Banco.D in all of them, as soon as there is an `estoque_hoje()`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import sqlparse
from apoio import Banco, congelar

BLOCO = re.compile(
    r"^```(?P<tipo>sql|console)\n(?P<corpo>.*?)^```\n(?:\n?```text\n(?P<saida>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
NUMERICOS = {20, 21, 23, 26, 700, 701, 1700}  # what psql aligns to the right
# What differs from one run or one machine to the next.
VARIAVEIS = [
    (re.compile(r"\bin \d[\d.]* ms"), "in 12 ms"),
    (re.compile(r"held off for \d[\d.]* s"), "held off for 0.02 s"),
    (re.compile(r"the source tables are in use: trying again\n"), ""),
    # Whether this server has pg_cron, and where.
    (re.compile(r"; pg_cron sits in the database postgres"), "; not scheduled"),
    (re.compile(r"has not run yet$", re.MULTILINE), "has not run yet; not scheduled"),
    (re.compile(r"\(PostgreSQL .*\)$", re.MULTILINE), "(PostgreSQL 15.18)"),
]


class Pagina:
    """One page, run from its beginning on the database that `dsn` names."""

    def __init__(self, texto: str, dsn: str, pasta: Path, idioma: str = "en") -> None:
        self.texto = texto
        self.idioma = idioma
        self.dsn = dsn
        self.pasta = pasta
        self.exemplos = 0
        self._congelado = False

    def real(self) -> str:
        """The page with every answer as it is now."""
        with psycopg.connect(self.dsn, autocommit=True) as self.conn:
            return BLOCO.sub(self._bloco, self.texto)

    def _bloco(self, bloco: re.Match[str]) -> str:
        self.exemplos += 1
        if bloco["tipo"] == "console":
            assert bloco["saida"] is None, "a console block holds its own output"
            return f"```console\n{''.join(self._comandos(bloco['corpo']))}```\n"
        saida = self._sql(bloco["corpo"], erros=bloco["saida"] is not None)
        if bloco["saida"] is None:
            return bloco[0]
        return bloco[0].replace(f"```text\n{bloco['saida']}", f"```text\n{saida}")

    def _congelar(self) -> None:
        if not self._congelado:
            achada = self.conn.execute("SELECT to_regprocedure('estoque_hoje()')").fetchone()
            if achada != (None,):
                congelar(self.conn, Banco.D)
                self._congelado = True

    # --- SQL ------------------------------------------------------------------------------------

    def _sql(self, corpo: str, erros: bool) -> str:
        partes = []
        for comando in sqlparse.split(corpo):
            self._congelar()
            try:
                cursor = self.conn.execute(comando.encode())
            except psycopg.Error as erro:
                if not erros:
                    raise
                partes.append(_erro(erro))
            else:
                if cursor.description:
                    partes.append(_tabela(cursor))
        return "\n".join(partes)

    # --- bash -----------------------------------------------------------------------------------

    def _comandos(self, corpo: str) -> Iterator[str]:
        for linha in corpo.splitlines():
            if not linha.startswith("$ "):
                continue  # an old answer
            self._congelar()
            comando, _, esperado = linha[2:].partition("  # exit ")
            feito = subprocess.run(
                ["bash", "-c", comando],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=self.pasta,
                env=self._ambiente(),
                timeout=60,
            )
            assert feito.returncode == int(esperado or 0), f"{linha}\n{feito.stdout}"
            saida = feito.stdout
            for padrao, fixo in VARIAVEIS:
                saida = padrao.sub(fixo, saida)
            yield f"{linha}\n{saida}"

    def _ambiente(self) -> dict[str, str]:
        limpo = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "DATABASE_URL"))}
        info = self.conn.info
        return {
            **limpo,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "ESTOQUE_IDIOMA": self.idioma,
            "PGHOST": info.host,
            "PGPORT": str(info.port),
            "PGUSER": info.user,
            "PGDATABASE": info.dbname,
        }


def _erro(erro: psycopg.Error) -> str:
    diag = erro.diag
    linhas = [f"ERROR:  {diag.message_primary}"]
    linhas += [f"DETAIL:  {diag.message_detail}"] if diag.message_detail else []
    linhas += [f"HINT:  {diag.message_hint}"] if diag.message_hint else []
    return "\n".join(linhas) + "\n"


def _tabela(cursor: psycopg.Cursor[Any]) -> str:
    """The result as psql prints it."""
    resultado = cursor.pgresult
    assert resultado is not None
    assert cursor.description is not None
    nomes = [c.name for c in cursor.description]
    direita = [c.type_code in NUMERICOS for c in cursor.description]
    linhas = [
        [(resultado.get_value(i, j) or b"").decode() for j in range(len(nomes))]
        for i in range(resultado.ntuples)
    ]
    larguras = [max(map(len, coluna)) for coluna in zip(nomes, *linhas, strict=True)]
    saida = [" | ".join(n.center(w) for n, w in zip(nomes, larguras, strict=True))]
    saida.append("-+-".join("-" * w for w in larguras))
    for linha in linhas:
        celulas = zip(linha, larguras, direita, strict=True)
        saida.append(" | ".join(c.rjust(w) if d else c.ljust(w) for c, w, d in celulas))
    conta = f"({len(linhas)} row{'' if len(linhas) == 1 else 's'})"
    regua = f"-{saida[1]}-"
    corpo = [f" {x}".rstrip() for x in (saida[0], *saida[2:])]
    return "\n".join([corpo[0], regua, *corpo[1:], conta]) + "\n"
