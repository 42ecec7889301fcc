"""docs/citus.md does what it says: a filled company is brought onto the cluster and back."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from apoio import RAIZ
from oraculo import ler_fontes, verificar_invariante
from psycopg import sql
from test_cli import dados, estoque
from test_concorrencia import UNIDOS, item, mov, sep

from citus.aglomerado import ServicoCitus, em, nome_do_banco
from estoque_pg import APIEstoqueTempoReal
from estoque_pg.migracoes import instalar

COMPANHIA = "empresa_1"  # as the page calls it


def secao(titulo: str) -> str:
    """The console examples below a title of the page, as a script."""
    texto = (RAIZ / "docs" / "citus.md").read_text(encoding="utf-8")
    corpo = texto.partition(f"\n## {titulo}\n")[2].partition("\n## ")[0]
    blocos = re.findall(r"^ *```console\n(.*?)^ *```", corpo, re.MULTILINE | re.DOTALL)
    assert blocos, titulo
    return re.sub(r"^ *\$ ", "", "".join(blocos), flags=re.MULTILINE)


@pytest.mark.lento
def test_a_filled_company_comes_and_goes_back(
    servico: ServicoCitus, vazio: str, tmp_path: Path
) -> None:
    """With the page's own commands; sources are equal, stock exact, rules and alerts kept."""
    servidor = servico.citus.coordenador
    fora = {p: f"{p}_{nome_do_banco(vazio)}" for p in ("old", "new")}  # without Citus
    onde = {p: servidor.dsn(nome) for p, nome in fora.items()} | {"coordinator": vazio}

    def rodar(texto: str, **trocas: str) -> None:
        for host in ("old", "coordinator", "new"):
            texto = texto.replace(f"host={host} dbname=erp", onde[trocas.get(host, host)])
        caminho = f"{servidor.bindir}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        feito = subprocess.run(
            ["bash", "-c", f"set -e -o pipefail\n{texto}"],
            cwd=tmp_path, env={**os.environ, "PATH": caminho}, capture_output=True, text=True,
        )  # fmt: skip
        assert feito.returncode == 0, f"{texto}\n{feito.stderr}"

    # A session of its own: tests before this one may have killed the server.
    with psycopg.connect(servidor.dsn(), autocommit=True) as admin:
        for nome in fora.values():
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(nome)))
    try:
        instalar(onde["old"], COMPANHIA, criar_schema=True)
        with psycopg.connect(em(onde["old"], COMPANHIA), autocommit=True) as conn:
            for comando in (*UNIDOS, item("L0"), mov("C", -4)):
                conn.execute(comando.encode())
            antes = ler_fontes(conn)
        rodar(secao("A company that is there already"))
        with psycopg.connect(em(vazio, COMPANHIA), autocommit=True) as conn:
            conn.execute(f"SELECT citus_schema_distribute('{COMPANHIA}')".encode())
            feito = estoque("install", "--schema", COMPANHIA, dsn=vazio)
            assert feito.exit_code == 0, feito.output
            assert ler_fontes(conn) == antes
            verificar_invariante(conn)
            assert dados("status", "--schema", COMPANHIA, dsn=vazio)["problemas"] == []
            conn.execute("INSERT INTO estoque_regra (cod_produto, minimo) VALUES ('C', 10)")
            APIEstoqueTempoReal(conn).anunciar()
            conn.execute(sep("D", 5).replace("'2025-08-07'", "estoque_hoje() + 2").encode())
            APIEstoqueTempoReal(conn).anunciar()
            antes = ler_fontes(conn)
            avisos = conn.execute(TRANSICOES).fetchall()
            assert avisos
        rodar(secao("A company that is there already"), old="coordinator", coordinator="new")
        instalar(onde["new"], COMPANHIA)
        rodar(secao("The way back"))
        with psycopg.connect(em(onde["new"], COMPANHIA), autocommit=True) as conn:
            assert ler_fontes(conn) == antes
            assert conn.execute(TRANSICOES).fetchall() == avisos
            assert conn.execute("SELECT minimo FROM estoque_regra").fetchall() == [(10,)]
            assert APIEstoqueTempoReal(conn).anunciar() == 0
            conn.execute(mov("C").encode())
            verificar_invariante(conn)
        assert dados("status", "--schema", COMPANHIA, dsn=onde["new"])["problemas"] == []
    finally:
        for nome in fora.values():
            servico.remover(nome)


TRANSICOES = "SELECT cod_produto, tipo, sequencia FROM estoque_transicao ORDER BY 1, 3"
