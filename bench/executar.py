"""What the triggers cost, how fast the answers come, and what becomes of both as the data grow.

Progress goes to stderr, the figures to stdout. The full run takes an hour and more on a slow
machine, and writes bench/RESULTADOS.md and bench/resultados.json. Exit code 4 when the audit at
the end finds a difference: a fast wrong number is worth nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence

import leiame
from adocao import medir_adocao
from alternativas import medir_alternativas
from auditoria import auditar
from bancada import Bancada, avisar, encerrar, montar, pasta_do_disco
from cenario import IVM, NOSSO, comparar, construir
from comandos import PASTA
from crescimento import medir_crescimento
from desgaste import medir_desgaste
from grupo import medir_grupo
from indices import medir_indices
from lotes import medir_lotes
from maquina import descrever
from perguntas import medir_meia_noite, medir_perguntas
from relatorio import Relatorio
from resultado import Secao
from ritmo import COMPLETO, ENSAIO, RAPIDO, Ritmo
from velocidade import medir_velocidade
from vivo import medir_vivo

from estoque_pg.erros import DivergenciaEncontrada

ESCRITAS, PEQUENO, LARGO, GRANDE = "escritas", "pequeno", "largo", "grande"  # the databases
ENORME, GRUPO = "enorme", "grupo"
DADOS = PASTA / "resultados.json"


def medir(ritmo: Ritmo) -> Relatorio:
    """Measure everything, in the order in which the databases are needed."""
    inicio, carga = time.perf_counter(), os.getloadavg()[0]
    with montar(ritmo) as bancada:
        avisar(f"building: {ritmo.escritas}, in several schemas")
        dsn = bancada.criar(ESCRITAS)
        construir(dsn, ritmo.escritas)
        meia_noite = medir_meia_noite(bancada, ESCRITAS)
        schemas = comparar(dsn)
        avisar("many rows")
        lotes = medir_lotes(bancada, ESCRITAS, schemas)
        avisar("single rows")
        velocidade = medir_velocidade(bancada, ESCRITAS, schemas)
        avisar("indexes on movements")
        indices = medir_indices(bancada, ESCRITAS)

        avisar("adopting")
        adocao = medir_adocao(bancada, GRANDE, ritmo.grande)
        avisar("questions")
        perguntas = medir_perguntas(bancada, GRANDE)
        perguntas[0].resultados.append(meia_noite)
        avisar("other ways")
        alternativas = medir_alternativas(bancada, GRANDE)

        avisar(f"building: {ritmo.pequeno}; {ritmo.largo}")
        construir(bancada.criar(PEQUENO), ritmo.pequeno)
        construir(bancada.criar(LARGO), ritmo.largo)
        avisar("growth")
        crescimento = medir_crescimento(bancada, PEQUENO, LARGO, GRANDE)
        avisar("wear")
        desgaste = medir_desgaste(bancada, PEQUENO)

        avisar("live pages")
        construir(bancada.criar(ENORME), ritmo.enorme)
        vivo = medir_vivo(
            bancada, {ESCRITAS: ritmo.escritas, LARGO: ritmo.largo, ENORME: ritmo.enorme}
        )

        avisar("a group of companies")
        grupo = medir_grupo(bancada, GRUPO, ritmo)

        avisar("audit")
        auditoria = auditar(bancada, (ESCRITAS, PEQUENO, LARGO, GRANDE, ENORME))
        maquina = descrever(_versao(bancada), pasta_do_disco(), carga)
    secoes: list[Secao] = [
        *velocidade, *lotes, *indices, *perguntas, *alternativas, *vivo, *grupo, *crescimento,
        *desgaste, *adocao,
    ]  # fmt: skip
    segundos = time.perf_counter() - inicio
    return Relatorio(ritmo, secoes, auditoria, maquina, IVM in schemas, segundos)


def _versao(bancada: Bancada) -> str:
    with bancada.conectar(ESCRITAS, NOSSO) as conn:
        linha = conn.execute("SELECT version()").fetchone()
    return str(linha[0]) if linha else ""


def principal(argumentos: Sequence[str] | None = None) -> int:
    leitor = argparse.ArgumentParser(prog="make bench", description=__doc__)
    modo = leitor.add_mutually_exclusive_group()
    modo.add_argument(
        "--rapido", action="store_true", help="small sizes, a minute or two; nothing is written"
    )
    modo.add_argument(
        "--ensaio", action="store_true", help="a few rows, to see that it runs; nothing is written"
    )
    modo.add_argument(
        "--leiame",
        action="store_true",
        help="measure nothing: put the figures of resultados.json into both READMEs",
    )
    leitor.add_argument("--json", action="store_true", help="print all figures as JSON")
    opcoes = leitor.parse_args(argumentos)
    if opcoes.leiame:
        leiame.escrever(json.loads(DADOS.read_text(encoding="utf-8")))
        return 0
    relatorio = medir(ENSAIO if opcoes.ensaio else RAPIDO if opcoes.rapido else COMPLETO)
    texto = json.dumps(relatorio.dados(), ensure_ascii=False, indent=1)
    print(texto if opcoes.json else relatorio.tabelas())
    if not (opcoes.rapido or opcoes.ensaio):
        DADOS.write_text(texto + "\n", encoding="utf-8")
        (PASTA / "RESULTADOS.md").write_text(relatorio.documento(), encoding="utf-8")
        avisar("written to bench/RESULTADOS.md and bench/resultados.json")
    if diferencas := relatorio.auditoria.diferencas:
        raise DivergenciaEncontrada(f"the audit found {diferencas} differences")
    return 0


if __name__ == "__main__":
    encerrar(principal)
