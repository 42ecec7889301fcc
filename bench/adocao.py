"""What adopting a big database costs: `python bench/adocao.py [--movimentos N] [--produtos N]`.

Fills the source tables, times one GROUP BY over the movements, then installs. Figures are ratios
of that GROUP BY: the machine's speed drops out.
"""

from __future__ import annotations

import argparse
import sys
import time

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


def main() -> None:
    opcoes = argparse.ArgumentParser(description=__doc__)
    opcoes.add_argument("--movimentos", type=int, default=10_000_000)
    opcoes.add_argument("--produtos", type=int, default=100_000)
    args = opcoes.parse_args()
    conf = ("fsync = on", "shared_buffers = '1GB'", "max_wal_size = '8GB'")
    with Servidor(conf=conf) as servidor:
        dsn = servidor.dsn("postgres")
        with psycopg.connect(dsn, autocommit=True) as conn:
            print(f"filling {args.movimentos:,} movements", file=sys.stderr)
            conn.execute(FONTES)
            for comando in (MOVIMENTOS, SEPARACOES):
                conn.execute(comando.replace("% ", "%% "), vars(args))
            conn.execute("VACUUM ANALYZE")
            grupo = min(cronometrar_grupo(conn) for _ in range(3))
        inicio = time.perf_counter()
        instalar(dsn, avisar=lambda linha: print(linha, file=sys.stderr))
        total = time.perf_counter() - inicio
        with psycopg.connect(dsn) as conn:
            diferencas = conn.execute("SELECT count(*) FROM estoque_verificar()").fetchone()
    print(f"one GROUP BY over {args.movimentos:,} movements: {grupo:.2f} s")
    print(f"the whole installation: {total:.2f} s, {total / grupo:.1f} times that")
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
