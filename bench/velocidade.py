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
    ritmo, variaveis = bancada.ritmo, alvo(bancada.ritmo.escritas)
    instrucoes = ritmo.instrucoes[clientes]
    tps: dict[str, list[float]] = {schema: [] for schema in schemas}
    for rodada in range(ritmo.rodadas):
        for i in range(len(schemas)):
            schema = schemas[(rodada + i) % len(schemas)]
            with bancada.conectar(banco, schema) as conn:
                carga.preparar(conn, variaveis, instrucoes)
                caminho = carga.roteiro.caminho
                valor = pgbench.tps(caminho, banco, schema, variaveis, clientes, instrucoes)
                carga.conferir(conn)
            tps[schema].append(valor)
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
