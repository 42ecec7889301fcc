"""Random statements, entered at every node: stored and answered are recomputed after each.

What Citus itself refuses, it refuses on the copy of the tables without our triggers, too.
"""

from __future__ import annotations

import psycopg
import pytest
from apoio import RAIZ, Banco
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from oraculo import FONTES, verificar_invariante
from psycopg.pq import TransactionStatus
from test_propriedades import (
    SQL,
    Bloco,
    Copia,
    Dia,
    Executor,
    Passo,
    com_ctes,
    em_bloco,
    exemplos,
    roteiro,
)

from citus.aglomerado import CADA_ENTRADA, BancoCitus


class ExecutorCitus(Executor):
    """The shadow is a second company, of whose tables nobody computes anything."""

    banco: BancoCitus

    def fazer_sombra(self) -> None:
        conn = self.banco.coordenador
        conn.execute("CREATE SCHEMA sombra")
        with conn.transaction():
            conn.execute("SET LOCAL search_path = sombra")
            for t in FONTES:
                conn.execute((RAIZ / "sql" / "01_fontes" / f"{t}.sql").read_bytes())

    def esvaziar(self) -> None:
        """Through the triggers: a node does not hear of session_replication_role."""
        for esquema in ("sombra", self.banco.esquema):
            tabelas = ", ".join(f"{esquema}.{t}" for t in FONTES)
            self.banco.coordenador.execute(f"TRUNCATE {tabelas}")

    def passo(self, passo: Passo) -> None:
        """Another session moves the day, so that it is not moved within a transaction."""
        dentro = self.conn.info.transaction_status != TransactionStatus.IDLE
        if not (dentro and isinstance(passo, Dia)):
            super().passo(passo)

    def contraditoria(self, erro: psycopg.Error) -> bool:
        """COPY loses the SQLSTATE on its way through Citus, not the words."""
        return super().contraditoria(erro) or "code unification is contradictory" in str(erro)

    def nos_dois(self, passo: SQL | Copia) -> None:
        inicio = self.proximo
        try:
            super().nos_dois(passo)
        except psycopg.Error as erro:
            self.proximo = inicio
            if not self.recusado_sem_nos(passo, erro):
                raise

    def recusado_sem_nos(self, passo: SQL | Copia, erro: psycopg.Error) -> bool:
        try:
            with self.conn.transaction():
                self.executar("sombra", passo)
        except psycopg.Error as outro:
            return outro.sqlstate == erro.sqlstate
        return False

    def rodar_e_olhar(self, passos: list[Passo]) -> None:
        """What one node was told all are to know."""
        self.zerar()
        self.rodar(passos)
        verificar_invariante(self.banco.coordenador, consultas=False)


@pytest.fixture
def executor(banco: Banco) -> ExecutorCitus:
    return ExecutorCitus(banco)


@pytest.mark.lento
@pytest.mark.parametrize("entrada", CADA_ENTRADA, indirect=True)
@exemplos(4)
@given(passos=roteiro)
def test_random_scripts(executor: ExecutorCitus, passos: list[Passo]) -> None:
    executor.rodar_e_olhar(passos)


@pytest.mark.lento
@exemplos(8)
@given(passos=st.lists(com_ctes().map(SQL), min_size=2, max_size=6))
def test_several_sources_in_one_query(executor: ExecutorCitus, passos: list[Passo]) -> None:
    executor.consultas = False
    executor.rodar_e_olhar(passos)


@pytest.mark.lento
@exemplos(8)
@given(passos=st.lists(em_bloco, min_size=1, max_size=4))
def test_all_in_one_transaction(executor: ExecutorCitus, passos: list[Passo]) -> None:
    executor.consultas = False
    executor.rodar_e_olhar([Bloco(tuple(passos), desfazer=False)])


@pytest.mark.lento
@settings(exemplos(1), phases=[Phase.generate])
@given(passos=st.lists(em_bloco, min_size=40, max_size=60))
def test_long_histories(executor: ExecutorCitus, passos: list[Passo]) -> None:
    executor.consultas = False
    executor.rodar_e_olhar(passos)
