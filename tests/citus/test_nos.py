"""What happens to nodes: a company moves, a node stops, a node crashes, two companies on two."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from apoio import NIVEIS
from oraculo import ler_fontes, verificar_invariante
from test_cli import dados
from test_concorrencia import mov, sep, tempestade, uma_de_muitas
from test_queda import escrever

from citus.aglomerado import EMPRESA, BancoCitus, Entrada, ServicoCitus, no_da_empresa
from estoque_pg.migracoes import instalar
from servidor import Servidor

VIZINHA = "vizinha"


def mudar(banco: BancoCitus, para: Servidor, esquema: str = EMPRESA) -> None:
    """As an operator moves a company."""
    banco.coordenador.execute(
        "SELECT citus_schema_move(quote_ident(%s)::regnamespace, %s, %s)",
        [esquema, para.host, para.port],
    )


def o_outro(banco: BancoCitus) -> Servidor:
    return banco.ao("outro")


@pytest.mark.lento
def test_a_company_moves_while_it_is_written_to(banco: BancoCitus) -> None:
    """There and back; nothing that was under way fails but what fails without a move, too."""
    origem = banco.no
    with ThreadPoolExecutor(1) as equipe:
        carga = equipe.submit(tempestade, banco, uma_de_muitas, NIVEIS[0], 1, 100)
        for destino in (o_outro(banco), origem):
            mudar(banco, destino)
            assert banco.no is destino
        carga.result()
    banco.verificar()
    assert dados("status", dsn=banco.dsn)["problemas"] == []
    verificar_invariante(banco.coordenador)


@pytest.mark.lento
def test_the_node_of_the_company_stops_and_comes_back(banco: BancoCitus) -> None:
    banco.mov("P1", 10)
    banco.sep("P1", 12, 3)
    antes = ler_fontes(banco.coordenador)
    no = banco.no
    no.parar()
    with pytest.raises(psycopg.Error):
        banco.cru(mov("P1"))
    no.iniciar()
    banco.reconectar()
    assert ler_fontes(banco.conn) == antes
    banco.execute(mov("P1"))


def escrever_ate_cair(*args: Any) -> None:
    """What another node says of one that is gone is no OperationalError."""
    with contextlib.suppress(psycopg.Error):
        escrever(*args)


@pytest.mark.lento
def test_a_node_is_killed_under_load(banco: BancoCitus) -> None:
    """That of the company, then the coordinator: what was acknowledged is there, all is exact."""
    recebidos: list[int] = []
    for ciclo, vitima in enumerate((banco.no, banco.citus.coordenador)):
        antes = len(recebidos)
        parar = threading.Event()
        trabalho = [
            threading.Thread(
                target=escrever_ate_cair,
                args=(banco.dsn, 100 * ciclo + n, parar, recebidos),
            )
            for n in range(4)
        ]
        for t in trabalho:
            t.start()
        time.sleep(1.5)
        vitima.matar()
        parar.set()
        for t in trabalho:
            t.join(20)
        vitima.iniciar()
        banco.reconectar()
        banco.verificar()
        provas = banco.cru(
            "SELECT qtd_movimentacao FROM movimentacao_estoque WHERE cod_produto = 'PROVA'"
        )
        gravados = {int(r["qtd_movimentacao"]) for r in provas}
        assert set(recebidos) <= gravados, "an acknowledged commit was lost"
        assert len(recebidos) > antes + 10


# --- two companies ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def modelo_duas(servico: ServicoCitus, modelo: str) -> str:
    """A second company, on the other worker."""
    nome = servico.criar(modelo)
    instalar(servico.dsn(nome), VIZINHA, criar_schema=True)
    return nome


@pytest.fixture
def duas(
    servico: ServicoCitus, modelo_duas: str, entrada: Entrada
) -> Iterator[tuple[BancoCitus, BancoCitus]]:
    nome = servico.criar(modelo_duas)
    uma = BancoCitus(servico.citus, nome, "coordenador")
    porta = uma.ao(entrada)
    outra = BancoCitus(servico.citus, nome, porta, VIZINHA)
    if uma.no is outra.no:
        mudar(outra, uma.ao("outro"), VIZINHA)
    uma.fechar()
    uma = BancoCitus(servico.citus, nome, porta)
    yield uma, outra
    uma.fechar()
    outra.fechar()
    servico.remover(nome)


def test_two_companies_on_two_nodes(duas: tuple[BancoCitus, BancoCitus]) -> None:
    """The same codes, other stock; both in one transaction; one moves and the other does not."""
    uma, outra = duas
    assert uma.no is not outra.no
    uma.mov("P1", 10)
    outra.mov("P1", 3)
    with uma.conn.transaction():
        for esquema, quantos in ((EMPRESA, 5), (VIZINHA, 7)):
            uma.conn.execute(f"SET LOCAL search_path = {esquema}")
            uma.conn.execute(mov("P1", quantos))
            uma.conn.execute(sep("P1", 1))
    with uma.conn.transaction(force_rollback=True):
        for esquema in (EMPRESA, VIZINHA):
            uma.conn.execute(f"SET LOCAL search_path = {esquema}")
            uma.conn.execute(mov("P1", 100))
    assert (uma.saldo("P1"), outra.saldo("P1")) == (15, 10)
    mudar(outra, uma.no, VIZINHA)
    for banco in duas:
        banco.execute(mov("P1", 1))
        assert dados("status", dsn=banco.dsn)["problemas"] == []
    assert (uma.saldo("P1"), outra.saldo("P1")) == (16, 11)
    assert no_da_empresa(uma.coordenador, VIZINHA) == uma.no.host


def test_a_report_over_companies(duas: tuple[BancoCitus, BancoCitus]) -> None:
    """A view over both, in a schema of nobody's."""
    uma, outra = duas
    uma.mov("P1", 10)
    outra.mov("P2", 3)
    conn = uma.coordenador
    conn.execute("SET citus.enable_schema_based_sharding = off")
    conn.execute("CREATE SCHEMA relatorios")
    partes = " UNION ALL ".join(
        f"SELECT '{e}' AS empresa, cod_produto, saldo_atual FROM {e}.estoque_tempo_real"
        for e in (EMPRESA, VIZINHA)
    )
    conn.execute(f"CREATE VIEW relatorios.saldos AS {partes}")
    linhas = conn.execute("SELECT * FROM relatorios.saldos ORDER BY empresa").fetchall()
    assert linhas == [(EMPRESA, "P1", 10), (VIZINHA, "P2", 3)]
