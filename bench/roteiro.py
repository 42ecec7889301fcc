"""The single-row statements: the scripts of pgbench/, sent by pgbench or by ourselves."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from comandos import PASTA

_SORTEIO = re.compile(r"^\\set (\w+) random\((\S+), (\S+)\)\n", re.MULTILINE)
_VARIAVEL = re.compile(r"(?<!:):(\w+)")


class Roteiro:
    """One script: variables drawn at random between two bounds, and one statement."""

    def __init__(self, nome: str) -> None:
        self.caminho: Path = PASTA / "pgbench" / f"{nome}.sql"
        texto = self.caminho.read_text(encoding="utf-8")
        self._sorteios = _SORTEIO.findall(texto)
        instrucao = _SORTEIO.sub("", texto).strip().removesuffix(";").replace("%", "%%")
        # As pgbench does it: each mention is a parameter of its own, whose type the server finds.
        self._nomes: list[str] = _VARIAVEL.findall(instrucao)
        self._instrucao = _VARIAVEL.sub("%s", instrucao).encode()

    def enviar(
        self,
        conn: psycopg.Connection[Any],
        variaveis: Mapping[str, int],
        sorteio: random.Random,
        vezes: int,
        *,
        desfazer: bool = False,
        segundos: float = float("inf"),
    ) -> int:
        """Send the statement so many times, prepared; undo each where asked to.

        Return how many were sent: fewer where they would take longer than `segundos`.
        """
        fim = time.perf_counter() + segundos
        with conn.cursor() as cursor:
            for enviados in range(vezes):
                if time.perf_counter() > fim:
                    return enviados
                valores = dict(variaveis)
                for nome, minimo, maximo in self._sorteios:
                    de, ate = _limite(minimo, variaveis), _limite(maximo, variaveis)
                    valores[nome] = sorteio.randint(de, ate)
                cursor.execute(
                    self._instrucao, [str(valores[n]) for n in self._nomes], prepare=True
                )
                if cursor.rowcount != 1:
                    raise AssertionError(f"{self.caminho.name} met {cursor.rowcount} rows, not 1")
                if desfazer:
                    conn.rollback()
        return vezes


def _limite(texto: str, variaveis: Mapping[str, int]) -> int:
    return variaveis[texto[1:]] if texto.startswith(":") else int(texto)
