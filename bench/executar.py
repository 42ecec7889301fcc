"""`make bench`: what the triggers cost and how fast the answers come; see RESULTADOS.md.

Progress goes to stderr, the table to stdout. Exit code 4 when the audit at the end finds a
difference: a fast wrong number is worth nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from cenario import COMANDOS, LINHA, NOSSO, NU, PASTA, PRODUTOS, construir, usar
from medidas import Latencia, Pgbench, cronometrar, latencia
from relatorio import Resultado, documento, maquina, tabela

from estoque_pg.cli.saidas import saida_de
from estoque_pg.erros import DivergenciaEncontrada, ErroEstoque, traduzir
from servidor import Servidor

BANCO = "bench"
# A throwaway server of ours does without fsync; here it is the point. Later lines win.
CONFIGURACAO = (
    "fsync = on",
    "full_page_writes = on",
    "synchronous_commit = on",
    "shared_buffers = '1GB'",
    "max_wal_size = '8GB'",
    "checkpoint_timeout = '1h'",
    "autovacuum = off",
)


@dataclass(frozen=True, slots=True)
class Ritmo:
    """How thorough a run is."""

    movimentos: int
    rodadas: int
    segundos: int
    rodadas_lote: int
    execucoes: int


COMPLETO = Ritmo(movimentos=1_000_000, rodadas=5, segundos=2, rodadas_lote=3, execucoes=2000)
RAPIDO = Ritmo(movimentos=200_000, rodadas=3, segundos=1, rodadas_lote=1, execucoes=500)


def avisar(texto: str) -> None:
    print(texto, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Carga:
    """A pgbench script with its clients, and the schema its figure is a share of."""

    nome: str
    roteiro: str
    clientes: int
    referencia: str
    meta: float


CARGAS = (
    Carga("movement insert, 1 client", "movimento", 1, NU, 0.75),
    Carga("movement insert, 8 clients", "movimento", 8, NU, 0.60),
    Carga("separation insert, 1 client", "separacao", 1, NU, 0.50),
    Carga("separation insert, 8 clients", "separacao", 8, NU, 0.45),
    Carga("one hot product, 16 clients", "quente", 16, LINHA, 0.85),
)
_ROTULO = {NU: "bare", LINHA: "row trigger", NOSSO: "ours"}


def medir_cargas(pgbench: Pgbench, ritmo: Ritmo) -> list[Resultado]:
    """Alternate the three schemas within each round, so that a slow minute slows them all."""
    tps: dict[tuple[str, str], list[float]] = {}
    ordem = [NU, LINHA, NOSSO]
    for rodada in range(ritmo.rodadas):
        for carga in CARGAS:
            avisar(f"  round {rodada + 1} of {ritmo.rodadas}: {carga.nome}")
            for schema in ordem:
                caminho = PASTA / "pgbench" / f"{carga.roteiro}.sql"
                valor = pgbench.tps(caminho, schema, carga.clientes, ritmo.segundos)
                tps.setdefault((carga.nome, schema), []).append(valor)
        ordem.append(ordem.pop(0))
    resultados = []
    for carga in CARGAS:
        nossos, outros = tps[carga.nome, NOSSO], tps[carga.nome, carga.referencia]
        razao = median(a / b for a, b in zip(nossos, outros, strict=True))
        detalhe = ", ".join(
            f"{_ROTULO[s]} {median(tps[carga.nome, s]):,.0f}" for s in (NU, LINHA, NOSSO)
        )
        nome = f"{carga.nome}, of {_ROTULO[carga.referencia]}"
        resultados.append(Resultado(nome, f"{detalhe} tps", razao, carga.meta, "×", True))
    return resultados


def medir_lotes(conn: psycopg.Connection[Any], ritmo: Ritmo) -> list[Resultado]:
    resultados = []
    for comando, nome, meta in (
        ("lote_de_movimentos", "200,000 movements in one statement, of bare", 1.25),
        ("lote_de_poucos", "20,000 movements of 10 products, of bare", None),
    ):
        tempos: dict[str, list[float]] = {s: [] for s in (NU, LINHA, NOSSO)}
        for rodada in range(ritmo.rodadas_lote):
            avisar(f"  round {rodada + 1} of {ritmo.rodadas_lote}: {nome}")
            for schema, lista in tempos.items():
                lista.append(cronometrar(conn, schema, comando))
        razao = median(a / b for a, b in zip(tempos[NOSSO], tempos[NU], strict=True))
        detalhe = ", ".join(f"{_ROTULO[s]} {1000 * median(t):,.0f}" for s, t in tempos.items())
        resultados.append(Resultado(nome, f"{detalhe} ms", razao, meta, "×", False))
    return resultados


def medir_consultas(conn: psycopg.Connection[Any], ritmo: Ritmo) -> list[Resultado]:
    usar(conn, NOSSO)
    sorteio = random.Random(42)
    codigos = [str(100_000 + n) for n in range(1, PRODUTOS + 1)]
    n = ritmo.execucoes

    def linha(nome: str, medida: Latencia, meta: float, vezes: int) -> Resultado:
        detalhe = f"median {medida.p50:.2f} ms, {medida.linhas} rows, {vezes} times"
        return Resultado(f"{nome}, p99", detalhe, medida.p99, meta, "ms", False)

    um = [{"codigos": [sorteio.choice(codigos)]} for _ in range(n)]
    cinquenta = [{"codigos": sorteio.sample(codigos, 50)} for _ in range(n)]
    projecao = [{"codigo": sorteio.choice(codigos)} for _ in range(n)]
    poucas = max(100, n // 10)
    resultados = [
        linha("estoque_consultar, 1 product", latencia(conn, "consultar", um), 1, n),
        linha("estoque_consultar, 50 products", latencia(conn, "consultar", cinquenta), 5, n),
        linha("estoque_projecao, 28 days", latencia(conn, "projecao", projecao), 100, n),
        linha("estoque_estatisticas", latencia(conn, "estatisticas", [{}] * poucas), 100, poucas),
        linha("estoque_rupturas(7)", latencia(conn, "rupturas", [{}] * poucas), 5, poucas),
    ]
    with conn.transaction(force_rollback=True):
        conn.execute(COMANDOS["amanha"], {})
        depois = latencia(conn, "rupturas", [{}] * 50)
    resultados.append(linha("estoque_rupturas(7) after midnight", depois, 150, 50))
    return resultados


def auditar(conn: psycopg.Connection[Any]) -> tuple[int, str]:
    usar(conn, NOSSO)
    contagem = conn.execute(COMANDOS["contar"]).fetchone()
    assert contagem is not None
    inicio = time.perf_counter()
    diferencas = conn.execute(COMANDOS["verificar"]).fetchall()
    ms = 1000 * (time.perf_counter() - inicio)
    texto = (
        f"Audit afterwards: {contagem[1]:,} products and {contagem[2]:,} forecast rows compared "
        f"with {contagem[0]:,} movements and the open documents, "
        f"{len(diferencas)} differences, in {ms:,.0f} ms."
    )
    return len(diferencas), texto


def medir(ritmo: Ritmo) -> tuple[int, list[Resultado], str]:
    """Return the number of differences found, the results and the text of the report."""
    inicio, ocupacao = time.perf_counter(), os.getloadavg()[0]
    # On disk, in a folder that goes with the run; /var/tmp is seldom in memory, unlike /tmp.
    disco = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())
    with Servidor(base=disco, conf=CONFIGURACAO) as servidor:
        with psycopg.connect(servidor.dsn(), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {BANCO}")
        avisar(f"building: {PRODUTOS:,} products, {ritmo.movimentos:,} movements, three schemas")
        construir(servidor.dsn(BANCO), ritmo.movimentos)
        with psycopg.connect(servidor.dsn(BANCO), autocommit=True) as conn:
            avisar("queries")
            consultas = medir_consultas(conn, ritmo)
            avisar("bulk statements")
            lotes = medir_lotes(conn, ritmo)
            avisar("single rows")
            cargas = medir_cargas(Pgbench(servidor, BANCO), ritmo)
            avisar("audit")
            diferencas, auditoria = auditar(conn)
            versao = conn.execute("SELECT version()").fetchone()
            fatos = maquina(str(versao[0]) if versao else "", disco)
            # A busy machine slows the three alike but not in proportion, and spoils a p99.
            fatos.append(f"load average of the machine before the run: {ocupacao:.2f}")
    resultados = [*cargas, *lotes, *consultas]
    texto = documento(
        resultados,
        [
            f"{PRODUTOS:,} products, {ritmo.movimentos:,} movements, "
            f"{3 * PRODUTOS:,} separations, {PRODUTOS:,} pre-separations, "
            f"{PRODUTOS // 2:,} production rows, {PRODUTOS // 20:,} unified codes.",
            "*bare*: the same tables and indexes without triggers. *row trigger*: a textbook "
            "trigger that adds each row to a sum and does nothing else. *ours*: the whole product.",
        ],
        [
            f"pgbench, prepared, {ritmo.segundos} s per run; the three alternate within each of "
            f"{ritmo.rodadas} rounds. tps are medians; a ratio is the median of the rounds' own.",
            f"Bulk statements: median of {ritmo.rodadas_lote}, rolled back, vacuumed in between.",
            "Queries: prepared, binary, over the unix socket, rows fetched, 20 to warm up.",
            "After midnight: the business day moved on by one, no stored row refreshed.",
            "Server settings: " + ", ".join(CONFIGURACAO).replace("'", "") + ".",
            f"The whole run took {time.perf_counter() - inicio:.0f} s.",
        ],
        fatos,
        auditoria,
    )
    return diferencas, resultados, texto


def principal(argumentos: Sequence[str] | None = None) -> int:
    leitor = argparse.ArgumentParser(prog="make bench", description=__doc__)
    leitor.add_argument("--rapido", action="store_true", help="about a minute, nothing is written")
    opcoes = leitor.parse_args(argumentos)
    diferencas, resultados, texto = medir(RAPIDO if opcoes.rapido else COMPLETO)
    print(tabela(resultados))
    if not opcoes.rapido:
        (PASTA / "RESULTADOS.md").write_text(texto, encoding="utf-8")
        avisar("written to bench/RESULTADOS.md")
    if diferencas:
        raise DivergenciaEncontrada(f"the audit found {diferencas} differences")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(principal())
    except psycopg.Error as erro:
        falha: ErroEstoque = traduzir(erro)
        sys.exit(f"error: {falha.mensagem}")
    except ErroEstoque as erro:
        print(f"error: {erro.mensagem}", file=sys.stderr)
        if erro.dica:
            print(f"hint: {erro.dica}", file=sys.stderr)
        sys.exit(saida_de(erro))
