"""What Citus costs: the same statements on plain PostgreSQL, through the coordinator, at the node.

`make bench-citus` runs it; --rapido rehearses it in a few minutes and writes nothing. The full run
takes about twenty and writes bench/CITUS.md. Exit code 4 when the audit finds a difference.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import psycopg
from auditoria import Auditoria, auditar
from bancada import CONFIGURACAO, Bancada, avisar, encerrar, pasta_do_disco
from cargas import CARGAS, Carga, sortear
from cenario import NOSSO, alvo, arquivos_das_fontes, arrumar, encher, regrar
from comandos import COMANDOS, PASTA
from lotes import Acao, copiar, desfeito, inserir, linhas_da_copia
from maquina import descrever
from medidas import Pgbench, latencia, mediana_das_razoes
from perguntas import PERGUNTAS, Pergunta, alcance_de
from psycopg import sql
from relatorio import lista
from resultado import com_unidade, numero
from ritmo import COMPLETO, RAPIDO, Ritmo

from estoque_pg.erros import DivergenciaEncontrada
from estoque_pg.migracoes import instalar
from servidor import ErroServidor, Servidor
from servidor.citus import Citus

BANCO = "erp"
SIMPLES, COORDENADOR, NO = "plain", "coordinator", "node"
LUGARES = (SIMPLES, COORDENADOR, NO)
CLIENTES = (1, 8)
SOLTAS = ("movimento_inserido", "movimento_quantidade", "separacao_inserida", "separacao_data")
PERGUNTADAS = ("rupturas_7", "consultar_50", "projecao", "explicar", "prometer_50")
DISPONIBILIDADE = Pergunta(
    "disponibilidade", "estoque_disponibilidade, 28 days", "disponibilidade", 1, None, dias=28
)
# All of one machine in one run: the size at which the writes of the other benchmark are measured.
CHEIO = replace(COMPLETO, lote=50_000, rodadas_do_lote=3, perguntas=1_000)
ENSAIO = replace(RAPIDO, lote=5_000, perguntas=100)


@dataclass(frozen=True, slots=True)
class Medida:
    """A line of the table: what each place took, round by round, in tps or ms."""

    o_que: str
    unidade: str
    valores: Mapping[str, Sequence[float]]

    def celulas(self) -> list[str]:
        """What plain PostgreSQL took, and what the others did of it."""
        simples = self.valores[SIMPLES]
        razoes = [
            com_unidade(mediana_das_razoes(self.valores[lugar], simples), "×")
            for lugar in (COORDENADOR, NO)
        ]
        return [self.o_que, f"{numero(median(simples), self.unidade)} {self.unidade}", *razoes]


@dataclass(frozen=True, slots=True)
class Cena:
    """The two installations that are compared, and the three ways to them."""

    bancadas: Mapping[str, Bancada]
    ritmo: Ritmo

    def alternar(self, rodadas: int, medir: Callable[[str], float]) -> dict[str, list[float]]:
        """Measure in every place in every round, each round beginning with another of them."""
        medidos: dict[str, list[float]] = {lugar: [] for lugar in LUGARES}
        for rodada in range(rodadas):
            for i in range(len(LUGARES)):
                lugar = LUGARES[(rodada + i) % len(LUGARES)]
                self.limpar(lugar)
                medidos[lugar].append(medir(lugar))
        return medidos

    def limpar(self, lugar: str) -> None:
        """A VACUUM of everything does not leave the node at which it is given."""
        self.bancadas[SIMPLES if lugar == SIMPLES else NO].limpar(BANCO)


@contextmanager
def montar(ritmo: Ritmo) -> Iterator[Cena]:
    """Start all servers, with the same settings, and install on both sides over the same rows."""
    conf = (*CONFIGURACAO, "wal_level = logical")
    base = pasta_do_disco()
    with Servidor(base=base, conf=conf) as simples, Citus(base=base, conf=conf) as citus:
        bancada = Bancada(simples, ritmo)
        avisar(f"building: {ritmo.escritas}")
        dsn = bancada.criar(BANCO)
        encher(dsn, ritmo.escritas)
        no = _copiar(bancada, citus)
        for alvo_ in (dsn, citus.dsn(BANCO)):
            instalar(alvo_, NOSSO)
            regrar(alvo_, ritmo.escritas)
        bancadas = {SIMPLES: bancada, COORDENADOR: Bancada(citus.coordenador, ritmo)}
        bancadas[NO] = Bancada(citus.no_de(no), ritmo)
        for lugar in (SIMPLES, NO):
            arrumar(bancadas[lugar].dsn(BANCO))
        yield Cena(bancadas, ritmo)


def _copiar(de: Bancada, citus: Citus) -> str:
    """Make the company on the cluster, with the rows of the other; return the host it lies on."""
    with psycopg.connect(citus.criar(BANCO), autocommit=True) as para:
        para.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(NOSSO)))
        para.execute("SELECT set_config('search_path', %s, false)", [NOSSO])
        with de.conectar(BANCO, NOSSO) as origem:
            for arquivo in arquivos_das_fontes():
                para.execute(arquivo.read_bytes())
                _copiar_tabela(origem, para, arquivo.stem)
        linha = para.execute("SELECT nodename FROM citus_shards LIMIT 1").fetchone()
    assert linha is not None
    return str(linha[0])


def _copiar_tabela(
    origem: psycopg.Connection[Any], para: psycopg.Connection[Any], tabela: str
) -> None:
    nome = sql.Identifier(tabela)
    with origem.cursor() as de, para.cursor() as ate:
        with de.copy(sql.SQL("COPY {} TO STDOUT").format(nome)) as saida:
            with ate.copy(sql.SQL("COPY {} FROM STDIN").format(nome)) as entrada:
                for pedaco in saida:
                    entrada.write(pedaco)
    # Ids go on from the copied rows; those given by another node are of a range of its own.
    proximo = sql.SQL("SELECT coalesce(max(id), 0) + 1 FROM {}").format(nome)
    linha = para.execute(proximo).fetchone()
    assert linha is not None
    para.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [tabela, linha[0]])


# --- what is measured ---------------------------------------------------------------------------


def medir_soltas(cena: Cena) -> list[Medida]:
    """Single-row statements: how many a second."""
    pgbench = {lugar: Pgbench(bancada) for lugar, bancada in cena.bancadas.items()}
    variaveis = alvo(cena.ritmo.escritas)

    def medir(carga: Carga, clientes: int) -> Medida:
        quantos = "1 client" if clientes == 1 else f"{clientes} clients"
        avisar(f"  {carga.nome}, {quantos}")

        def tps(lugar: str) -> float:
            return pgbench[lugar].rodar(
                carga.roteiro.caminho, BANCO, NOSSO, variaveis, clientes, cena.ritmo.duracao
            )[1]

        return Medida(f"{carga.nome}, {quantos}", "tps", cena.alternar(cena.ritmo.rodadas, tps))

    por_chave = {carga.chave: carga for carga in CARGAS}
    return [medir(por_chave[chave], n) for chave in SOLTAS for n in CLIENTES]


def medir_lotes(cena: Cena) -> list[Medida]:
    """Many rows in one statement: milliseconds, rolled back."""
    ritmo, variaveis = cena.ritmo, alvo(cena.ritmo.escritas)
    copiados = linhas_da_copia(ritmo.lote, variaveis)
    quantos = {**variaveis, "quantos": ritmo.lote}

    def executar(comando: str, parametros: Mapping[str, int]) -> Acao:
        return lambda conn: conn.execute(COMANDOS[comando], parametros)

    def medir(nome: str, acao: Acao) -> Medida:
        avisar(f"  {nome}")

        def tempo(lugar: str) -> float:
            with cena.bancadas[lugar].conectar(BANCO, NOSSO) as conn:
                return desfeito(conn, acao)

        return Medida(nome, "ms", cena.alternar(ritmo.rodadas_do_lote, tempo))

    def em_cada_lado(acao: Acao) -> None:
        for lugar in (SIMPLES, COORDENADOR):
            with cena.bancadas[lugar].conectar(BANCO, NOSSO) as conn:
                acao(conn)

    lote, novos = f"{ritmo.lote:,}", ritmo.lote // 5
    medidas = [
        medir(f"{lote} movements in one statement", lambda c: inserir(c, ritmo.lote, variaveis)),
        medir(f"{lote} movements by COPY", lambda conn: copiar(conn, copiados)),
        medir(f"{lote} separations inserted", executar("lote_de_separacoes", quantos)),
    ]
    em_cada_lado(executar("lote_de_separacoes", quantos))
    medidas += [
        medir(f"{lote} separations moved by a day", executar("lote_de_separacoes_adiado", {})),
        medir(f"{lote} separations deleted", executar("lote_de_separacoes_apagado", {})),
    ]
    em_cada_lado(executar("lote_de_separacoes_apagado", {}))
    novo = executar("lote_de_produtos", {"quantos": novos})
    return [*medidas, medir(f"{novos:,} new products in one statement", novo)]


def medir_perguntas(cena: Cena) -> list[Medida]:
    """Questions: the median of their milliseconds."""
    alcance = alcance_de(cena.ritmo.escritas)

    def medir(pergunta: Pergunta) -> Medida:
        avisar(f"  {pergunta.nome}")
        vezes = max(2, cena.ritmo.perguntas // (1 if pergunta.codigos else pergunta.cada))
        parametros = pergunta.sortear(sortear(), alcance, vezes)

        def tempo(lugar: str) -> float:
            with cena.bancadas[lugar].conectar(BANCO, NOSSO) as conn:
                return latencia(conn, pergunta.comando, parametros).p50

        return Medida(pergunta.nome, "ms", cena.alternar(cena.ritmo.rodadas, tempo))

    with cena.bancadas[COORDENADOR].conectar(BANCO, NOSSO) as conn:
        conn.execute("SELECT estoque_virada()")  # all fields hold, even where midnight has passed
    with cena.bancadas[SIMPLES].conectar(BANCO, NOSSO) as conn:
        conn.execute("SELECT estoque_virada()")
    return [medir(p) for p in (*PERGUNTAS, DISPONIBILIDADE) if _escolhida(p)]


def _escolhida(pergunta: Pergunta) -> bool:
    return pergunta.chave in PERGUNTADAS or pergunta is DISPONIBILIDADE


# --- the report ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Relatorio:
    ritmo: Ritmo
    secoes: Mapping[str, list[Medida]]
    auditorias: Sequence[Auditoria]
    maquina: Sequence[str]
    segundos: float

    def tabela(self) -> str:
        titulos = ["what", "plain PostgreSQL", "coordinator", "node of the company"]
        linhas = [titulos]
        for nome, medidas in self.secoes.items():
            linhas.append([f"**{nome}**", "", "", ""])
            linhas += [m.celulas() for m in medidas]
        larguras = [max(len(linha[i]) for linha in linhas) for i in range(len(titulos))]

        def texto(celulas: Sequence[str]) -> str:
            return "| " + " | ".join(map(str.ljust, celulas, larguras)) + " |"

        regua = "|" + "|".join("-" * (n + 2) for n in larguras) + "|"
        return "\n".join([texto(titulos), regua, *map(texto, linhas[1:])])

    def documento(self) -> str:
        return f"""# What Citus costs

Written by `make bench-citus`; do not edit. Figures are of one machine at one time: run it on yours.
Both columns on the right are ratios to plain PostgreSQL in the same run.

{self.tabela()}

## Method

{lista(self._metodo())}

## Machine

{lista(self.maquina)}
"""

    def _metodo(self) -> list[str]:
        ritmo = self.ritmo
        return [
            "*plain PostgreSQL*: a server of the same programs without Citus. *coordinator* and "
            "*node of the company*: the two nodes of a Citus cluster through which a session may "
            "come in; the cluster has a coordinator and two workers, all on this machine, on unix "
            "sockets. The same rows lie on both sides, and the product is installed over them: "
            f"{ritmo.escritas}.",
            "A ratio is the median of the rounds' own; the places alternate within each round, and "
            "each round begins with another. What is written is vacuumed before each measurement.",
            f"Single rows: pgbench {ritmo.duracao}, prepared, each statement a transaction of its "
            f"own, {ritmo.rodadas} rounds.",
            f"Many rows: one statement, rolled back, {ritmo.rodadas_do_lote} rounds.",
            f"Questions: the median of {ritmo.perguntas:,} executions (a tenth of that for the "
            "whole stock), prepared, binary, until the last row has arrived; some to warm up; "
            f"{ritmo.rodadas} rounds. They are the questions of bench/RESULTADOS.md.",
            "Audit afterwards: "
            f"{sum(a.diferencas for a in self.auditorias):,} differences in "
            f"{sum(a.produtos for a in self.auditorias):,} products on both sides.",
            "Server settings of all: " + ", ".join(CONFIGURACAO).replace("'", "") + ".",
            f"The whole run took {self.segundos:,.0f} s.",
        ]


def medir(ritmo: Ritmo) -> Relatorio:
    inicio, carga = time.perf_counter(), os.getloadavg()[0]
    with montar(ritmo) as cena:
        avisar("single rows")
        soltas = medir_soltas(cena)
        avisar("many rows")
        lotes = medir_lotes(cena)
        avisar("questions")
        perguntas = medir_perguntas(cena)
        avisar("audit")
        auditorias = [auditar(cena.bancadas[lugar], [BANCO]) for lugar in (SIMPLES, COORDENADOR)]
        with cena.bancadas[COORDENADOR].conectar(BANCO, NOSSO) as conn:
            linha = conn.execute("SELECT version(), citus_version()").fetchone()
        assert linha is not None
        maquina = descrever(str(linha[0]), pasta_do_disco(), carga)
        maquina.append(str(linha[1]).split(" on ")[0])
    secoes = {
        "Single rows, statements per second": soltas,
        "Many rows, time": lotes,
        "Questions, time": perguntas,
    }
    return Relatorio(ritmo, secoes, auditorias, maquina, time.perf_counter() - inicio)


def principal(argumentos: Sequence[str] | None = None) -> int:
    leitor = argparse.ArgumentParser(prog="make bench-citus", description=__doc__)
    leitor.add_argument("--rapido", action="store_true", help="small sizes; nothing is written")
    opcoes = leitor.parse_args(argumentos)
    if "CITUS_BINDIR" not in os.environ:
        raise ErroServidor("CITUS_BINDIR is not set", dica="`make bench-citus` sets it")
    os.environ["ESTOQUE_PG_BINDIR"] = os.environ["CITUS_BINDIR"]
    relatorio = medir(ENSAIO if opcoes.rapido else CHEIO)
    print(relatorio.tabela())
    if not opcoes.rapido:
        (PASTA / "CITUS.md").write_text(relatorio.documento(), encoding="utf-8")
        avisar("written to bench/CITUS.md")
    if diferencas := sum(a.diferencas for a in relatorio.auditorias):
        raise DivergenciaEncontrada(f"the audit found {diferencas} differences")
    return 0


if __name__ == "__main__":
    encerrar(principal)
