"""`estoque demo`: a private server, a realistic ERP, and what the package does with it."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from demo.carga import Carga, carregar, ler_carga
from demo.comandos import COMANDOS
from demo.tela import Tela, decimal
from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.erros import DivergenciaEncontrada, ErroEstoque, MigracaoAlterada, traduzir
from estoque_pg.idioma import t
from estoque_pg.manutencao import agendar
from estoque_pg.migracoes import instalar
from servidor import Servidor

BANCO = "estoque_demo"
RUPTURAS = 12  # shown; there are more

__all__ = ["executar"]


def executar(pasta: Path | None, semente: int) -> None:
    """Show the package at work on a private server kept in `pasta` (None: the usual place).

    The first run loads an ERP generated from `semente`; later ones reuse it. Raises
    DivergenciaEncontrada when the audit at the end finds a difference.
    """
    tela = Tela(
        cores=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
        largura=min(shutil.get_terminal_size((96, 24)).columns, 110),
    )
    servidor = Servidor(pasta, duravel=True).iniciar()
    try:
        carga = _preparar(servidor, semente, tela)
        with psycopg.connect(servidor.dsn(BANCO), autocommit=True) as conn:
            _carregar(conn, semente, carga, tela)
            _agendar(servidor, conn, tela)
            _mostrar(conn, tela)
            tela.dia(conn)
            _auditar(conn, tela)
    except psycopg.Error as erro:
        raise traduzir(erro) from erro
    _despedir(servidor, pasta, tela)


def _preparar(servidor: Servidor, semente: int, tela: Tela) -> Carga | None:
    """Leave a database with the schema installed; return what it was loaded with."""
    tela.titulo(t("Server and schema"))
    if servidor.reutilizado:
        tela.linha(t("server: the one of before, socket in {pasta}", pasta=servidor.host))
    else:
        tela.linha(t("server: made, socket in {pasta}", pasta=servidor.host))
    with psycopg.connect(servidor.dsn(), autocommit=True) as admin:
        existe = admin.execute(COMANDOS["banco_existe"]).fetchone()
        if existe is None or not existe[0]:
            admin.execute(COMANDOS["criar_banco"])
    try:
        aplicadas = instalar(servidor.dsn(BANCO))
    except MigracaoAlterada as erro:
        raise MigracaoAlterada(
            t("the demonstration's database is of another version: {erro}", erro=erro.mensagem),
            dica=t("run `make clean` and then `make demo` to start afresh"),
        ) from erro
    if aplicadas:
        tela.linha(t("schema: applied {aplicadas}", aplicadas=", ".join(aplicadas)))
    else:
        tela.linha(t("schema: up to date"))
    with psycopg.connect(servidor.dsn(BANCO), autocommit=True) as conn:
        carga = ler_carga(conn)
    if carga is not None and carga.semente != semente:
        raise ErroEstoque(
            t(
                "the demonstration was loaded with seed {antes}, not {semente}",
                antes=carga.semente,
                semente=semente,
            ),
            dica=t("run `make clean` first, or leave the seed as it is"),
        )
    return carga


def _carregar(conn: psycopg.Connection[Any], semente: int, carga: Carga | None, tela: Tela) -> None:
    hoje = APIEstoqueTempoReal(conn).hoje()
    if carga is None:
        feita = carregar(conn, semente, hoje)
        tela.linha(
            t(
                "ERP: {linhas} rows loaded with COPY in {segundos} s, the triggers at work",
                linhas=tela.inteiro(feita.linhas),
                segundos=decimal(feita.segundos),
            )
        )
    else:
        tela.linha(
            t(
                "ERP: reusing what was loaded on {dia} (seed {semente})",
                dia=f"{carga.dia:%d/%m/%Y}",
                semente=carga.semente,
            )
        )
        if (hoje - carga.dia).days > 3:
            tela.aviso(
                t(
                    "its documents grow old, more of them overdue each day; `make clean` and"
                    " `make demo` start afresh"
                )
            )
    fontes = conn.execute(COMANDOS["contar_fontes"]).fetchone()
    assert fontes is not None
    nomes = (
        t("movements"), t("pre-separations"), t("separations"), t("production rows"),
        t("shipment items"), t("unified codes"),
    )  # fmt: skip
    tela.paragrafo(
        ", ".join(f"{tela.inteiro(n)} {nome}" for n, nome in zip(fontes, nomes, strict=True))
    )


def _agendar(servidor: Servidor, conn: psycopg.Connection[Any], tela: Tela) -> None:
    """Have pg_cron run the minute job, or say who can."""
    if not servidor.tem_cron:
        tela.linha(t("minute job: this server has no pg_cron; `estoque worker` runs it"))
        return
    with psycopg.connect(servidor.dsn(), autocommit=True) as admin:
        admin.execute(COMANDOS["criar_cron"])
    # At each start: pg_cron keeps in a job the socket's folder of when it was made.
    agendar(conn)
    tela.linha(t("minute job: pg_cron runs it, every minute; `estoque status` shows the runs"))


def _mostrar(conn: psycopg.Connection[Any], tela: Tela) -> None:
    api = APIEstoqueTempoReal(conn)
    tela.titulo(t("The stock at this moment"))
    tela.estatisticas(api.estatisticas())
    rupturas = api.rupturas(7)
    mostradas = min(RUPTURAS, len(rupturas))
    tela.titulo(t("The next ruptures ({n} of {total})", n=mostradas, total=len(rupturas)))
    tela.rupturas(rupturas[:RUPTURAS])
    escolhido = conn.execute(COMANDOS["produto_do_grafico"]).fetchone()
    if escolhido is not None:
        produto = api.produtos([escolhido[0]])[0]
        qual = f"{produto.cod_produto}, {produto.nome_produto}"
        tela.titulo(t("28 days of {produto}", produto=qual))
        tela.projecao(produto, api.projecao(produto.cod_produto, 28))
        tela.titulo(t("Why, and what would help"))
        tela.explicacoes((api.explicar(produto.cod_produto, 28) or [])[:1])
        linha = conn.execute(COMANDOS["linha_mais_cheia"]).fetchone()
        if linha is not None:
            tela.titulo(t("What if {linha} is two days late", linha=linha[0]))
            mudanca = {"acao": "adiar", "dias": 2, "linhas": [linha[0]]}
            tela.simulacao(api.simular([mudanca]).produtos)


def _auditar(conn: psycopg.Connection[Any], tela: Tela) -> None:
    tela.titulo(t("The audit"))
    inicio = time.perf_counter()
    diferencas = APIEstoqueTempoReal(conn).verificar()
    ms = 1000 * (time.perf_counter() - inicio)
    contagem = conn.execute(COMANDOS["contar_resultado"]).fetchone()
    assert contagem is not None
    tela.auditoria(contagem[0], contagem[1], len(diferencas), ms)
    if diferencas:
        primeira = diferencas[0]
        raise DivergenciaEncontrada(
            t(
                "the audit found {n} differences, the first in {campo} of {produto}: {armazenado}"
                " is stored, {esperado} is right",
                n=len(diferencas),
                campo=primeira.campo,
                produto=primeira.cod_produto,
                armazenado=primeira.valor_armazenado,
                esperado=primeira.valor_esperado,
            )
        )


def _despedir(servidor: Servidor, pasta: Path | None, tela: Tela) -> None:
    """Say how to go on with what is there now, and how to stop it: lines to copy."""
    tela.titulo(t("Yours to play with"))
    bindir = Path(sys.executable).parent
    if shutil.which("estoque") is None and (bindir / "estoque").exists():
        tela.linha(f"export PATH={shlex.quote(str(bindir))}:$PATH")
    tela.linha(f"export DATABASE_URL={shlex.quote(servidor.dsn(BANCO))}")
    tela.linha(t("estoque rupturas     # or acompanhar, projecao CODE, status; estoque --help"))
    tela.linha(servidor.comando_psql(BANCO))
    if pasta is None:
        tela.linha(t("make painel          # all of this in a browser"))
        tela.linha(t("make stop            # the data stay; make clean removes all of it"))
    else:
        python, alvo = shlex.quote(sys.executable), shlex.quote(str(pasta))
        tela.linha(f"{python} -m servidor parar {alvo}   # {t('remover: with its data')}")
