"""Many rows at once: one statement, COPY, and a transaction of single statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any

import psycopg
from bancada import Bancada, avisar
from cargas import sortear
from cenario import NOSSO, NU, ROTULOS, alvo
from comandos import COMANDOS
from medidas import cronometrar, mediana_das_razoes
from resultado import Resultado, Secao
from roteiro import Roteiro

UMA_TRANSACAO = 1_000
META_DO_LOTE = 1.20
META_DA_TRANSACAO = 0.80

Acao = Callable[[psycopg.Connection[Any]], object]


def medir_lotes(bancada: Bancada, banco: str, schemas: Sequence[str]) -> list[Secao]:
    ritmo, variaveis = bancada.ritmo, alvo(bancada.ritmo.escritas)
    poucos = {**variaveis, "ate": variaveis["de"] + 9}
    lote, decimo = f"{ritmo.lote:,}", ritmo.lote // 10
    copiados = linhas_da_copia(ritmo.lote, variaveis)

    def medir(chave: str, nome: str, acao: Acao, meta: float | None) -> Resultado:
        avisar(f"  {nome}")
        tempos = _alternar(bancada, banco, schemas, lambda conn: desfeito(conn, acao))
        razao = mediana_das_razoes(tempos[NOSSO], tempos[NU])
        nome += ", of bare's time"
        return Resultado(chave, nome, razao, "×", _medianas(tempos), "ms", meta=meta)

    resultados = [
        medir(
            "lote.instrucao", f"{lote} movements in one statement",
            lambda conn: inserir(conn, ritmo.lote, variaveis), META_DO_LOTE,
        ),
        medir(
            "lote.copia", f"{lote} movements by COPY",
            lambda conn: copiar(conn, copiados), META_DO_LOTE,
        ),
        # Few products, many rows of each: what is quadratic in a row trigger.
        medir(
            "lote.poucos", f"{decimo:,} movements of 10 products in one statement",
            lambda conn: inserir(conn, decimo, poucos), None,
        ),
        _medir_transacao(bancada, banco, schemas),
    ]  # fmt: skip
    return [Secao("Many rows", resultados)]


def _medir_transacao(bancada: Bancada, banco: str, schemas: Sequence[str]) -> Resultado:
    """Through a client's library, a statement at a time, as an application does it."""
    nome = f"{UMA_TRANSACAO:,} movements inserted one by one in one transaction"
    avisar(f"  {nome}")
    roteiro, variaveis = Roteiro("movimento_inserido"), alvo(bancada.ritmo.escritas)

    def transacao(conn: psycopg.Connection[Any]) -> None:
        with conn.transaction():
            roteiro.enviar(conn, variaveis, sortear(), UMA_TRANSACAO)

    def tempo(conn: psycopg.Connection[Any]) -> float:
        return cronometrar(lambda: transacao(conn))

    tempos = _alternar(bancada, banco, schemas, tempo)
    return Resultado(
        "lote.transacao",
        f"{nome}, of bare's speed",
        mediana_das_razoes(tempos[NU], tempos[NOSSO]),
        "×",
        _medianas(tempos),
        "ms",
        meta=META_DA_TRANSACAO,
        maior_e_melhor=True,
    )


def _alternar(
    bancada: Bancada,
    banco: str,
    schemas: Sequence[str],
    medir: Callable[[psycopg.Connection[Any]], float],
) -> dict[str, list[float]]:
    """What is measured in each schema; each round begins with another of them."""
    medidos: dict[str, list[float]] = {schema: [] for schema in schemas}
    for rodada in range(bancada.ritmo.rodadas_do_lote):
        for i in range(len(schemas)):
            schema = schemas[(rodada + i) % len(schemas)]
            with bancada.conectar(banco, schema) as conn:
                medidos[schema].append(medir(conn))
                conn.execute("VACUUM")
    return medidos


def desfeito(conn: psycopg.Connection[Any], acao: Acao) -> float:
    """Milliseconds of something that is rolled back afterwards."""
    with conn.transaction(force_rollback=True):
        return cronometrar(lambda: acao(conn))


def _medianas(tempos: Mapping[str, list[float]]) -> dict[str, float]:
    return {ROTULOS[schema]: median(valores) for schema, valores in tempos.items()}


def inserir(conn: psycopg.Connection[Any], quantos: int, variaveis: Mapping[str, int]) -> None:
    conn.execute(COMANDOS["lote_de_movimentos"], {**variaveis, "quantos": quantos})


def linhas_da_copia(quantos: int, variaveis: Mapping[str, int]) -> str:
    """The rows of the bulk statement, as COPY takes them."""
    de, produtos, hoje = variaveis["de"], variaveis["ate"] - variaveis["de"] + 1, date.today()
    return "".join(
        f"{de + i % produtos}\tPRODUTO {de + i % produtos}\t{hoje}\tAJUSTE\tCD\t{i % 100 - 50}\tt\n"
        for i in range(quantos)
    )


def copiar(conn: psycopg.Connection[Any], linhas: str) -> None:
    with conn.cursor() as cursor, cursor.copy(COMANDOS["copia_de_movimentos"]) as copia:
        copia.write(linhas)
