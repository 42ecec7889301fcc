"""Single-row statements: how fast they go beside the same tables without us, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bancada import Bancada, avisar
from cargas import CARGAS, PRODUTO_QUENTE, Carga
from cenario import NOSSO, NU, ROTULOS, alvo
from medidas import Pgbench, cpu, mediana_das_razoes
from resultado import Resultado, Secao


def medir_velocidade(bancada: Bancada, banco: str, schemas: Sequence[str]) -> list[Secao]:
    """Measure every statement at every number of clients, then the time of its backend."""
    pgbench = Pgbench(bancada)
    resultados = []
    for carga in (PRODUTO_QUENTE, *CARGAS):
        avisar(f"  {carga.nome}")
        bancada.limpar(banco)
        resultados += [
            _comparar(bancada, pgbench, banco, schemas, carga, clientes) for clientes in carga.metas
        ]
        if carga is not PRODUTO_QUENTE:
            resultados.append(_cpu(bancada, banco, carga))
    quente, *outros = resultados
    return [Secao("Single-row statements", [*outros, quente])]


def _comparar(
    bancada: Bancada,
    pgbench: Pgbench,
    banco: str,
    schemas: Sequence[str],
    carga: Carga,
    clientes: int,
) -> Resultado:
    """Alternate the schemas within each round, each round beginning with another."""
    tps: dict[str, list[float]] = {schema: [] for schema in schemas}
    for rodada in range(bancada.ritmo.rodadas):
        for i in range(len(schemas)):
            schema = schemas[(rodada + i) % len(schemas)]
            apagaveis = bancada.ritmo.apagaveis
            tps[schema].append(_rodar(bancada, pgbench, banco, schema, carga, clientes, apagaveis))
    quantos = "1 client" if clientes == 1 else f"{clientes} clients"
    return Resultado(
        f"velocidade.{carga.chave}.{clientes}",
        f"{carga.nome}, {quantos}, of {ROTULOS[carga.referencia]}'s speed",
        mediana_das_razoes(tps[NOSSO], tps[carga.referencia]),
        "×",
        {ROTULOS[schema]: median(valores) for schema, valores in tps.items()},
        "tps",
        meta=carga.metas[clientes],
        maior_e_melhor=True,
    )


def _rodar(
    bancada: Bancada,
    pgbench: Pgbench,
    banco: str,
    schema: str,
    carga: Carga,
    clientes: int,
    apagaveis: int,
) -> float:
    """Statements per second of one run; one that ran out of rows to delete is done again."""
    variaveis, duracao = alvo(bancada.ritmo.escritas), bancada.ritmo.duracao
    with bancada.conectar(banco, schema) as conn:
        carga.preparar(conn, variaveis, apagaveis)
        feitas, tps = pgbench.rodar(
            carga.roteiro.caminho, banco, schema, variaveis, clientes, duracao
        )
        if carga.a_apagar and feitas > apagaveis:
            return _rodar(bancada, pgbench, banco, schema, carga, clientes, 2 * feitas)
        carga.conferir(conn, sobram=apagaveis - feitas)
    return tps


def _cpu(bancada: Bancada, banco: str, carga: Carga) -> Resultado:
    tempos: dict[str, list[float]] = {NU: [], NOSSO: []}
    for rodada in range(bancada.ritmo.rodadas):
        for schema in (NU, NOSSO) if rodada % 2 == 0 else (NOSSO, NU):
            tempos[schema].append(cpu(bancada, banco, schema, carga, alvo(bancada.ritmo.escritas)))
    return Resultado(
        f"cpu.{carga.chave}",
        f"{carga.nome}, processor time of the backend",
        median(tempos[NOSSO]),
        "µs",
        {ROTULOS[schema]: median(valores) for schema, valores in tempos.items()},
        "µs",
    )
