"""What adopting a big database costs: `python bench/adocao.py [--movimentos N] [--produtos N]`.

Fills the source tables, times one GROUP BY over the movements, then installs while a few sessions
write. Figures are ratios of that GROUP BY: the machine's speed drops out. The longest that one of
the sessions waited for a statement is told beside what the installer says of itself.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import threading
import time
from pathlib import Path

import psycopg

from estoque_pg.migracoes import instalar
from servidor import Servidor

FONTES = """
CREATE TABLE movimentacao_estoque (id bigserial PRIMARY KEY, cod_produto varchar(50) NOT NULL,
    nome_produto varchar(200) NOT NULL, data_movimentacao date NOT NULL,
    tipo_movimentacao varchar(50) NOT NULL, qtd_movimentacao numeric(15,3) NOT NULL, ativo boolean);
CREATE TABLE separacao (id bigserial PRIMARY KEY, separacao_lote_id varchar(50),
    cod_produto varchar(50), nome_produto varchar(255), qtd_saldo double precision, expedicao date);
"""
MOVIMENTOS = """
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
    qtd_movimentacao, ativo)
SELECT 'P' || p, 'Produto ' || p, date '2025-01-01' + i % 700, 'AJUSTE',
    round((hashint4(i) % 1000)::numeric / 7, 3), i % 50 <> 0
FROM (SELECT i, (hashint4(i + 1) & 2147483647) % %(produtos)s AS p
      FROM generate_series(1, %(movimentos)s) AS i) AS x
"""
SEPARACOES = """
INSERT INTO separacao (separacao_lote_id, cod_produto, nome_produto, qtd_saldo, expedicao)
SELECT 'L' || i / 15, 'P' || i, 'Produto ' || i, i % 50, current_date + i % 40
FROM generate_series(1, %(produtos)s) AS i
"""
ESCREVER = (
    "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
    " tipo_movimentacao, qtd_movimentacao, ativo)"
    " VALUES ('P' || %(p)s, 'Produto ' || %(p)s, current_date, 'E', 1, true)",
    "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
    " VALUES ('N' || %(p)s, 'P' || %(p)s, 1, current_date + 3)",
    "UPDATE separacao SET qtd_saldo = qtd_saldo + 1 WHERE id = %(p)s",
)


class Escritores:
    """Sessions that write single rows until the block ends, each after a pause."""

    def __init__(self, dsn: str, quantos: int, produtos: int, pausa: float) -> None:
        self.dsn, self.produtos, self.pausa = dsn, produtos, pausa
        self.feitas, self.maior = 0, 0.0
        self.falhas: list[BaseException] = []
        self._parar = threading.Event()
        self._sessoes = [threading.Thread(target=self._rodar) for _ in range(quantos)]

    def __enter__(self) -> Escritores:
        for sessao in self._sessoes:
            sessao.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._parar.set()
        for sessao in self._sessoes:
            sessao.join()

    def _rodar(self) -> None:
        r = random.Random()
        try:
            with psycopg.connect(self.dsn, autocommit=True) as conn:
                while not self._parar.is_set():
                    inicio = time.perf_counter()
                    conn.execute(r.choice(ESCREVER), {"p": r.randrange(self.produtos)})
                    self.maior = max(self.maior, time.perf_counter() - inicio)
                    self.feitas += 1
                    time.sleep(self.pausa)
        except BaseException as erro:
            self.falhas.append(erro)


def main() -> None:
    opcoes = argparse.ArgumentParser(description=__doc__)
    opcoes.add_argument("--movimentos", type=int, default=10_000_000)
    opcoes.add_argument("--produtos", type=int, default=100_000)
    opcoes.add_argument("--escritores", type=int, default=2, help="sessions that write meanwhile")
    opcoes.add_argument("--pausa", type=float, default=0.005, help="seconds between their writes")
    opcoes.add_argument("--pasta", type=Path, help="where the data go, else to memory")
    args = opcoes.parse_args()
    conf = ("fsync = on", "shared_buffers = '1GB'", "max_wal_size = '8GB'")
    with Servidor(args.pasta, conf=conf) as servidor:
        dsn = servidor.dsn("postgres")
        with psycopg.connect(dsn, autocommit=True) as conn:
            print(f"filling {args.movimentos:,} movements", file=sys.stderr)
            conn.execute(FONTES)
            for comando in (MOVIMENTOS, SEPARACOES):
                conn.execute(comando.replace("% ", "%% "), vars(args))
            conn.execute("VACUUM ANALYZE")
            grupo = min(cronometrar_grupo(conn) for _ in range(3))
        ditas: list[str] = []

        def avisar(linha: str) -> None:
            ditas.append(linha)
            print(f"{time.perf_counter() - inicio:6.2f} {linha}", file=sys.stderr)

        inicio = time.perf_counter()
        with Escritores(dsn, args.escritores, args.produtos, args.pausa) as escritores:
            instalar(dsn, avisar=avisar)
            total = time.perf_counter() - inicio
        with psycopg.connect(dsn) as conn:
            diferencas = conn.execute("SELECT count(*) FROM estoque_verificar()").fetchone()
    print(f"one GROUP BY over {args.movimentos:,} movements: {grupo:.2f} s")
    print(f"the whole installation: {total:.2f} s, {total / grupo:.1f} times that")
    espera = float(re.sub(r"[^\d.]|\.$", "", ditas[-1]))
    print(f"writers held off: {espera:.2f} s, {espera / grupo:.2f} times that")
    print(
        f"the longest of {escritores.feitas:,} writes meanwhile: {escritores.maior:.2f} s,"
        f" {escritores.maior / grupo:.2f} times that; failed: {len(escritores.falhas)}"
    )
    print(f"differences afterwards: {diferencas[0] if diferencas else '?'}")


def cronometrar_grupo(conn: psycopg.Connection) -> float:
    inicio = time.perf_counter()
    conn.execute(
        "SELECT sum(g.s) FROM (SELECT cod_produto, sum(qtd_movimentacao) AS s"
        " FROM movimentacao_estoque GROUP BY 1) AS g"
    )
    return time.perf_counter() - inicio


if __name__ == "__main__":
    main()
