"""A group over companies that lie on different nodes: made and asked at the coordinator."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest
from apoio import Banco, congelar
from test_cli import dados, estoque
from test_concorrencia import mov, sep

from citus.aglomerado import ServicoCitus, em, no_da_empresa
from estoque_pg import GrupoEstoque
from estoque_pg.migracoes import instalar

EMPRESAS = ("empresa_1", "empresa_2")


@pytest.fixture
def dsn(servico: ServicoCitus) -> Iterator[str]:
    nome = servico.criar()
    dsn = servico.dsn(nome)
    for n, empresa in enumerate(EMPRESAS, 1):
        instalar(dsn, empresa, criar_schema=True)
        with psycopg.connect(em(dsn, empresa), autocommit=True) as conn:
            congelar(conn, Banco.D)
            conn.execute(mov("P1", 10 * n))
            conn.execute(sep("P1", 100))
    yield dsn
    servico.remover(nome)


def faltas(grupo: GrupoEstoque) -> dict[str, Decimal]:
    return {r.empresa: r.falta for r in grupo.rupturas(7).produtos}


@pytest.mark.lento
def test_a_group_of_companies_on_different_nodes(servico: ServicoCitus, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        nos = {no_da_empresa(conn, empresa) for empresa in EMPRESAS}
        assert len(nos) == 2
        feito = dados("grupo", "criar", "holding", "--padrao", "empresa_%", dsn=dsn)
        assert [e["empresa"] for e in feito["empresas"]] == list(EMPRESAS)
        # It is no company: of the coordinator alone, whatever sessions there make otherwise.
        assert conn.execute("SELECT count(*) FROM pg_dist_schema").fetchone() == (2,)
        assert conn.execute("SHOW citus.enable_ddl_propagation").fetchone() == ("on",)

        grupo = GrupoEstoque(conn, "holding")
        assert faltas(grupo) == {"empresa_1": 90, "empresa_2": 80}
        assert [e.total_produtos for e in grupo.estatisticas().empresas] == [1, 1]
        saldos = grupo.saldos(["P1", "ninguem"]).produtos
        assert {s.empresa: s.estoque_atual for s in saldos} == {"empresa_1": 10, "empresa_2": 20}
        with conn.transaction():  # with what the transaction itself has written
            conn.execute(f"SET LOCAL search_path = {EMPRESAS[0]}")
            conn.execute(mov("P1", 1))
            assert faltas(grupo) == {"empresa_1": 89, "empresa_2": 80}

        parado = servico.citus.no_de(no_da_empresa(conn, EMPRESAS[0]))
        parado.parar()
        try:
            resposta = grupo.rupturas(7)
        finally:
            parado.iniciar()
        assert [r.empresa for r in resposta.produtos] == ["empresa_2"]
        [ausente] = resposta.empresas_fora
        assert (ausente.empresa, ausente.fora) == ("empresa_1", "inacessivel")
        assert "connection" in ausente.erro
        assert ausente.erro.isprintable()
        assert faltas(grupo) == {"empresa_1": 89, "empresa_2": 80}

        banco = conn.info.dbname
    for no in servico.citus.nos[1:]:
        recusado = estoque("grupo", "criar", "outro", "--padrao", "x%", dsn=no.dsn(banco))
        assert recusado.exit_code == 1
        assert servico.citus.coordenador.host in recusado.stderr
    assert estoque("grupo", "apagar", "holding", "--sim", dsn=dsn).exit_code == 0
    for empresa in EMPRESAS:
        assert dados("status", dsn=em(dsn, empresa))["problemas"] == []
