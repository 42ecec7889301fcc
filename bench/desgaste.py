"""What a long series of updates leaves behind: how the tables grow with autovacuum at work."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from bancada import Bancada, avisar
from cargas import Carga
from cenario import NOSSO, alvo
from comandos import COMANDOS
from medidas import Pgbench
from resultado import Resultado, Secao

CLIENTES = 8


def medir_desgaste(bancada: Bancada, banco: str) -> list[Secao]:
    """Change the quantity of so many movements, one by one, each of which updates its product."""
    atualizacoes, tamanho = bancada.ritmo.atualizacoes, bancada.ritmo.pequeno
    roteiro = Carga("movimento_quantidade", "", {}).roteiro
    with bancada.conectar(banco, NOSSO) as conn:
        conn.execute("VACUUM (FREEZE, ANALYZE)")
        _autovacuum(conn, "on")
        antes = _situacao(conn)
        avisar(f"  {atualizacoes:,} updates")
        Pgbench(bancada).rodar(
            roteiro.caminho, banco, NOSSO, alvo(tamanho), CLIENTES,
            f"-t{atualizacoes // CLIENTES}", opcoes="-c synchronous_commit=off",
        )  # fmt: skip
        time.sleep(1)  # before PostgreSQL 15 the counters come with a delay
        depois = _situacao(conn)
        _autovacuum(conn, "off")
    titulo = (
        f"Wear: the quantity of {atualizacoes:,} movements changed one by one, autovacuum on, "
        f"{tamanho.produtos:,} products"
    )
    resultados = [_resultado(tabela, antes[tabela], depois[tabela]) for tabela in antes]
    return [Secao(titulo, resultados)]


def _autovacuum(conn: psycopg.Connection[Any], valor: str) -> None:
    conn.execute(f"ALTER SYSTEM SET autovacuum = {valor}".encode())
    conn.execute("SELECT pg_reload_conf()")


def _situacao(conn: psycopg.Connection[Any]) -> dict[str, tuple[int, int, int]]:
    """Updates, HOT updates and bytes of each table that is written to, by name."""
    linhas = conn.execute(COMANDOS["situacao"], {}).fetchall()
    return {nome: (updates, hot, octetos) for nome, updates, hot, octetos in linhas}


def _resultado(tabela: str, antes: tuple[int, int, int], depois: tuple[int, int, int]) -> Resultado:
    feitas, hot = depois[0] - antes[0], depois[1] - antes[1]
    return Resultado(
        f"desgaste.{tabela}",
        f"{tabela}, share of HOT updates",
        100 * hot / feitas if feitas else 0.0,
        "%",
        {"before": antes[2] / 1024, "after": depois[2] / 1024},
        "KiB",
        f"{feitas:,} updates",
    )
