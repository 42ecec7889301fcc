"""What the live pages of the panel cost: the look for changes, and telling all who listen.

The service is a real `estoque servir`; who listens are connections of this process. Also by itself:
`python bench/vivo.py [--produtos N] [--paginas N]` prints the tables for one size.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from bancada import Bancada, avisar, montar
from cargas import sortear
from cenario import NOSSO, construir
from comandos import COMANDOS
from medidas import nanossegundos
from relatorio import tabela
from resultado import Resultado, Secao
from ritmo import COMPLETO, Tamanho

from estoque_pg import APIEstoqueTempoReal
from estoque_pg.painel.aovivo import INTERVALO, MAXIMO, PARTE
from estoque_pg.perguntas import internas
from servidor import ErroServidor

OUVIDO, OUTRO = "100001", "100002"  # the product that the pages show, and one they do not
_AQUECER = 3
_TIQUES = os.sysconf("SC_CLK_TCK")


def medir_vivo(bancada: Bancada, bancos: Mapping[str, Tamanho]) -> list[Secao]:
    """Measure the look in every database, and those who listen in the smallest and the largest."""
    olhares = [_olhar(bancada, banco, tamanho) for banco, tamanho in bancos.items()]
    nomes = list(bancos)
    extremos = dict.fromkeys((nomes[0], nomes[-1]))
    ouvintes = [r for n in extremos for r in _avisar_todos(bancada, n, bancos[n])]
    return [
        Secao("The panel: one look for what changed", olhares),
        Secao(f"The panel: {bancada.ritmo.paginas} open pages of one product", ouvintes),
    ]


# -- the look ------------------------------------------------------------------------------------


def _olhar(bancada: Bancada, banco: str, tamanho: Tamanho) -> Resultado:
    """One movement is written before each look: where nothing was, nothing would be read."""
    avisar(f"  one look, {tamanho.produtos:,} products")
    processador, espera, a_vista, parado = [], [], [], []
    with bancada.conectar(banco, NOSSO) as escritora, bancada.conectar(banco, NOSSO) as conn:
        api = APIEstoqueTempoReal(conn, schema=NOSSO)
        pid = conn.info.backend_pid
        marca = api.responder(internas.mudados(None)).marca
        for _ in range(_AQUECER + bancada.ritmo.olhares):
            escritora.execute(COMANDOS["um_movimento"], {"codigo": OUVIDO})
            antes, inicio = nanossegundos(pid), time.perf_counter()
            visto = api.responder(internas.mudados(marca, [OUVIDO]))
            espera.append(1000 * (time.perf_counter() - inicio))
            processador.append((nanossegundos(pid) - antes) / 1_000_000)
            assert OUVIDO in visto.mudados
            inicio = time.perf_counter()
            api.responder(internas.mudados(marca, [OUVIDO], False))
            a_vista.append(1000 * (time.perf_counter() - inicio))
            marca = visto.marca
            inicio = time.perf_counter()
            api.responder(internas.mudados(marca, [OUVIDO]))
            parado.append(1000 * (time.perf_counter() - inicio))
    levou = median(espera[_AQUECER:])
    pausa = min(max(INTERVALO, PARTE * levou / 1000), MAXIMO)
    parte = median(processador[_AQUECER:]) / (1000 * pausa + levou)
    return Resultado(
        f"vivo.olhar.{banco}",
        f"one look at all, {tamanho.produtos:,} products",
        median(processador[_AQUECER:]),
        "ms",
        {
            "until the answer": levou,
            "at what is in sight": median(a_vista[_AQUECER:]),
            "where nobody wrote": median(parado[_AQUECER:]),
        },
        "ms",
        f"one in {pausa + levou / 1000:.1f} s, {100 * parte:.2g} % of a server process",
    )


# -- who listens ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Servico:
    """A running `estoque servir`."""

    pid: int
    host: str
    porta: int

    def memoria(self) -> float:
        """MiB that it holds."""
        texto = Path(f"/proc/{self.pid}/status").read_text()
        achado = re.search(r"^VmRSS:\s+(\d+) kB", texto, re.MULTILINE)
        assert achado is not None
        return int(achado[1]) / 1024

    def processador(self) -> float:
        """Seconds that all its threads have run, in steps of a hundredth or so."""
        campos = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(campos[11]) + int(campos[12])) / _TIQUES


@contextmanager
def servindo(dsn: str) -> Iterator[Servico]:
    """Run the service on a free port until the block ends."""
    limpo = {v: x for v, x in os.environ.items() if not v.startswith(("PG", "ESTOQUE_", "LC_"))}
    argv = [sys.executable, "-m", "estoque_pg", "servir", "--porta", "0", "--dsn", dsn]
    with subprocess.Popen(
        [*argv, "--schema", NOSSO], env=limpo, stderr=subprocess.PIPE, text=True
    ) as processo:
        try:
            assert processo.stderr is not None
            linha = processo.stderr.readline()
            achado = re.search(r"http://(\S+):(\d+)", linha)
            if achado is None:
                raise ErroServidor(f"estoque servir failed: {linha.strip()}")
            yield Servico(processo.pid, achado[1], int(achado[2]))
        finally:
            processo.kill()


class Paginas:
    """Connections that listen as an open page of one product does."""

    def __init__(self, quantas: int) -> None:
        self.quantas = quantas
        self.ouvido: list[float] = []  # when each was told, of those told since the last change
        self.todas = asyncio.Event()
        self._tarefas: list[asyncio.Task[None]] = []

    async def abrir(self, servico: Servico) -> None:
        """Open them all; each is told at once, since it knows no state yet."""
        self._tarefas = [asyncio.create_task(self._ouvir(servico)) for _ in range(self.quantas)]
        await self.esperar()

    async def esperar(self) -> list[float]:
        """Wait until all have been told, and return when each was."""
        await asyncio.wait_for(self.todas.wait(), 60)
        ouvido = self.ouvido
        self.ouvido = []
        self.todas.clear()
        return ouvido

    async def fechar(self) -> None:
        for tarefa in self._tarefas:
            tarefa.cancel()
        await asyncio.gather(*self._tarefas, return_exceptions=True)

    async def _ouvir(self, servico: Servico) -> None:
        leitor, escritor = await asyncio.open_connection(servico.host, servico.porta)
        pedido = f"GET /ao-vivo?codigo={OUVIDO} HTTP/1.1\r\nHost: {servico.host}\r\n\r\n"
        escritor.write(pedido.encode())
        try:
            while linha := await leitor.readline():
                if linha.startswith(b"event: mudou"):
                    self.ouvido.append(time.perf_counter())
                    if len(self.ouvido) == self.quantas:
                        self.todas.set()
        finally:
            escritor.close()


def _avisar_todos(bancada: Bancada, banco: str, tamanho: Tamanho) -> list[Resultado]:
    avisar(f"  {bancada.ritmo.paginas} pages, {tamanho.produtos:,} products")
    with servindo(bancada.dsn(banco)) as servico:
        return asyncio.run(_medir_paginas(bancada, banco, tamanho, servico))


async def _medir_paginas(
    bancada: Bancada, banco: str, tamanho: Tamanho, servico: Servico
) -> list[Resultado]:
    ritmo = bancada.ritmo
    paginas, poucas = Paginas(ritmo.paginas), Paginas(1)
    async with await psycopg.AsyncConnection.connect(bancada.dsn(banco), autocommit=True) as conn:
        await conn.execute("SELECT set_config('search_path', %s, false)", [NOSSO])
        await poucas.abrir(servico)  # what the first page costs is no page's
        vazio = servico.memoria()
        await poucas.fechar()
        await paginas.abrir(servico)
        cheio = servico.memoria()
        sossego = await _gasto(conn, servico, ritmo.sossego, escrever=False)
        movimento = await _gasto(conn, servico, ritmo.sossego, escrever=True)
        avisos, leques = await _tempos(conn, paginas, ritmo.avisos)
        await paginas.fechar()
    em = f"{tamanho.produtos:,} products"
    return [
        Resultado(
            f"vivo.avisados.{banco}",
            f"a COMMIT until the last page is told, {em}",
            median(avisos),
            "ms",
            {
                "median": median(avisos),
                "longest": max(avisos),
                "first to last page": median(leques),
            },
            "ms",
            f"{len(avisos)} writes",
        ),
        Resultado(
            f"vivo.memoria.{banco}",
            f"memory of the service, {em}",
            cheio - vazio,
            "MiB",
            {"no page": vazio, f"{ritmo.paginas} pages": cheio},
            "MiB",
        ),
        _processador(f"vivo.sossego.{banco}", f"nobody writes, {em}", sossego),
        _processador(f"vivo.movimento.{banco}", f"another product is written, {em}", movimento),
    ]


def _processador(chave: str, quando: str, gasto: Mapping[str, float]) -> Resultado:
    nome = f"processor time in a second, {quando}"
    return Resultado(chave, nome, sum(gasto.values()), "ms", gasto, "ms")


async def _gasto(
    conn: psycopg.AsyncConnection[Any], servico: Servico, segundos: float, *, escrever: bool
) -> dict[str, float]:
    """Milliseconds a second of the service and of its server processes, a tenth apart written."""
    cursor = await conn.execute(COMANDOS["processos_do_servico"])
    pids = [pid for (pid,) in await cursor.fetchall()]

    def agora() -> tuple[float, float]:
        return 1000 * servico.processador(), sum(nanossegundos(p) for p in pids) / 1_000_000

    inicio, antes = time.perf_counter(), agora()
    while (passado := time.perf_counter() - inicio) < segundos:
        if escrever:
            await conn.execute(COMANDOS["um_movimento"], {"codigo": OUTRO})
        await asyncio.sleep(min(0.1, segundos))
    depois = agora()
    nomes = ("service", "server")
    return {n: (d - a) / passado for n, a, d in zip(nomes, antes, depois, strict=True)}


async def _tempos(
    conn: psycopg.AsyncConnection[Any], paginas: Paginas, vezes: int
) -> tuple[list[float], list[float]]:
    """Milliseconds from a commit until all are told, and from the first to the last of them."""
    sorte: random.Random = sortear()
    avisos, leques = [], []
    for _ in range(vezes):
        await asyncio.sleep(INTERVALO * sorte.random())  # at any moment between two looks
        await conn.execute(COMANDOS["um_movimento"], {"codigo": OUVIDO})
        inicio = time.perf_counter()
        ouvido = await paginas.esperar()
        avisos.append(1000 * (max(ouvido) - inicio))
        leques.append(1000 * (max(ouvido) - min(ouvido)))
    return avisos, leques


def principal() -> None:
    opcoes = argparse.ArgumentParser(description=__doc__)
    opcoes.add_argument("--produtos", type=int, default=COMPLETO.enorme.produtos)
    opcoes.add_argument("--paginas", type=int, default=COMPLETO.paginas)
    args = opcoes.parse_args()
    tamanho = Tamanho(args.produtos, args.produtos, args.produtos // 10)
    with montar(replace(COMPLETO, paginas=args.paginas)) as bancada:
        construir(bancada.criar("vivo"), tamanho)
        for secao in medir_vivo(bancada, {"vivo": tamanho}):
            print(f"\n## {secao.titulo}\n\n{tabela(secao.resultados)}")


if __name__ == "__main__":
    principal()
