"""The read functions, the view and the audit, at the edges of their arguments."""

from __future__ import annotations

from decimal import Decimal as Dec
from typing import Any

import psycopg
import pytest
from apoio import Banco, arquivo_de, chamada, consultas
from oraculo import FONTES, verificar_invariante

FUNCOES = {
    "estoque_consultar": "codigo_consultado cod_produto nome_produto estoque_atual"
    " menor_estoque_d7 dia_ruptura movimentacoes_previstas",
    "estoque_rupturas": "cod_produto nome_produto estoque_atual menor_estoque_d7 dia_ruptura"
    " dias_ate_ruptura falta fim_ruptura",
    "estoque_projecao": "dia data saldo_inicial entrada saida saldo_final",
    "estoque_disponibilidade": "data_disponivel quantidade_disponivel",
    "estoque_estatisticas": "total_produtos produtos_com_ruptura produtos_estoque_negativo"
    " produtos_estoque_zerado movimentacoes_previstas_7d percentual_ruptura",
    "estoque_explicar": "inicio fim falta dia_da_falta origem id documento saida entrada_data"
    " entrada_quantidade entrada_documento remedios",
    "estoque_simular": "cod_produto nome_produto dia_ruptura_antes dia_ruptura_depois menor_antes"
    " menor_depois",
    "estoque_projecao_simulada": "dia data entrada_antes saida_antes saldo_antes entrada_depois"
    " saida_depois saldo_depois",
    "estoque_prometer": "cod_produto nome_produto quantidade maximo_hoje data_disponivel"
    " maximo_na_data data_conjunta codigos_pedidos",
    "estoque_abaixo_do_minimo": "cod_produto nome_produto minimo primeiro_dia menor_saldo falta"
    " pedir_ate",
    "estoque_documentos": "dia data_prevista origem id documento lote codigo entrada saida saldo"
    " situacao",
    "estoque_incoerencias": "tipo cod_produto documentos desde quantidade o_que_fazer",
    "estoque_cobertura": "codigo_consultado cod_produto nome_produto estoque_atual saida_diaria"
    " dias_por_consumo dias_por_documentos",
    "estoque_buscar": "cod_produto nome_produto estoque_atual menor_estoque_d7 dia_ruptura",
    "estoque_em_risco": "cod_produto nome_produto estoque_atual dia_ruptura falta proxima_entrada",
    "estoque_regra_vigente": "cod_produto minimo prazo_reposicao tolerancia responsavel",
    "estoque_verificar": "cod_produto campo data_prevista valor_armazenado valor_esperado",
}


def cena(banco: Banco) -> None:
    banco.mov("P1", 10)
    banco.sep("P1", 12, 3)
    banco.prod("P1", 30, 5)
    banco.mov("P2", -1)
    banco.sep("P3", 5, 20)
    banco.mov("P4", 100)
    banco.unir("P5", "P4")


@pytest.mark.parametrize("funcao", FUNCOES)
def test_columns_are_the_public_ones_in_order(banco: Banco, funcao: str) -> None:
    cur = banco.conn.execute(f"SELECT * FROM {chamada(banco.conn, funcao)}")
    assert cur.description is not None
    assert " ".join(c.name for c in cur.description) == FUNCOES[funcao]


def test_the_columns_of_every_question_are_written_down(banco: Banco) -> None:
    escalares = {"estoque_codigo"}
    faltam = consultas() - set(FUNCOES) - escalares
    assert faltam == set(), "tests/test_consultas.py: name their columns in FUNCOES, in order"


def test_view_has_the_code_and_then_the_columns_of_the_table(banco: Banco) -> None:
    cur = banco.conn.execute("SELECT * FROM estoque_por_codigo")
    assert cur.description is not None
    nomes = [c.name for c in cur.description]
    assert nomes[:7] == [
        "codigo",
        "cod_produto",
        "nome_produto",
        "saldo_atual",
        "menor_estoque_d7",
        "dia_ruptura",
        "atualizado_em",
    ]


def test_public_columns_of_the_result_tables(banco: Banco) -> None:
    for tabela, esperado in (
        (
            "estoque_tempo_real",
            "cod_produto nome_produto saldo_atual menor_estoque_d7 dia_ruptura atualizado_em",
        ),
        ("movimentacao_prevista", "cod_produto data_prevista entrada_prevista saida_prevista"),
    ):
        cur = banco.conn.execute(f"SELECT * FROM {tabela}")
        assert cur.description is not None
        nomes = [c.name for c in cur.description]
        assert nomes[: len(esperado.split())] == esperado.split()
    tipos = {
        r["attname"]: r["t"]
        for r in banco.cru(
            "SELECT attname, format_type(atttypid, atttypmod) t FROM pg_attribute"
            " WHERE attrelid = 'estoque_tempo_real'::regclass AND attnum > 0"
        )
    }
    assert tipos["saldo_atual"] == tipos["menor_estoque_d7"] == "numeric(15,3)"
    assert tipos["atualizado_em"] == "timestamp with time zone"


def test_view_reads_one_code_by_index(banco: Banco) -> None:
    """A direct reader who asks for one code does not pay for all of them."""
    banco.cru(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " SELECT 'P' || n, 'N', now(), 'E', n, true FROM generate_series(1, 5000) n"
    )
    banco.cru("ANALYZE")
    plano = "\n".join(
        r["QUERY PLAN"]
        for r in banco.cru("EXPLAIN SELECT * FROM estoque_por_codigo WHERE codigo = 'P7'")
    )
    assert "Seq Scan on estoque_tempo_real" not in plano
    assert "Seq Scan on estoque_codigo_conhecido" not in plano


@pytest.mark.parametrize(
    "alvo", ["estoque_tempo_real", "movimentacao_prevista", "estoque_por_codigo"]
)
def test_direct_readers_get_values_their_drivers_can_hold(banco: Banco, alvo: str) -> None:
    """Any application reads the tables directly: `SELECT *` must not hold an infinite date."""
    cena(banco)
    assert banco.conn.execute(f"SELECT * FROM {alvo}").fetchall()


# --- consultar --------------------------------------------------------------------------------


@pytest.mark.parametrize("lista", [None, [], [None], ["não existe"], [""]])
def test_nothing_asked_nothing_known_no_rows(banco: Banco, lista: Any) -> None:
    """An empty or NULL list gives no rows, an unknown code gives no row."""
    cena(banco)
    assert banco.cru("SELECT * FROM estoque_consultar(%s::text[])", [lista]) == []


def test_distinct_requested_codes(banco: Banco) -> None:
    cena(banco)
    linhas = banco.cru("SELECT * FROM estoque_consultar('{P1,P1,P5,NULL,P4,P5,zzz}')")
    assert sorted(r["codigo_consultado"] for r in linhas) == ["P1", "P4", "P5"]


def test_list_of_two_dimensions(banco: Banco) -> None:
    cena(banco)
    assert len(banco.cru("SELECT * FROM estoque_consultar('{{P1,P2},{P3,P4}}')")) == 4


def test_forecast_of_the_answer_is_by_date_with_net(banco: Banco) -> None:
    cena(banco)
    banco.sep("P1", 1.5, 5)
    banco.pre("P1", 9, 8)  # beyond D+7
    banco.pre("P1", 9, -1)  # overdue: counted, but not listed
    linha = banco.cru("SELECT * FROM estoque_consultar('{P1}')")[0]
    assert linha["movimentacoes_previstas"] == [
        {"data": "2025-08-09", "entrada": 0, "saida": 12, "saldo_dia": -12},
        {"data": "2025-08-11", "entrada": 30, "saida": 1.5, "saldo_dia": 28.5},
    ]
    assert banco.cru("SELECT * FROM estoque_consultar('{P4}')")[0]["movimentacoes_previstas"] == []


def test_codigo(banco: Banco) -> None:
    cena(banco)
    for cod, esperado in (
        ("P5", "P4"),
        ("P4", "P4"),
        ("desconhecido", "desconhecido"),
        (None, None),
    ):
        assert banco.valor("SELECT estoque_codigo(%s)", [cod]) == esperado


# --- rupturas ---------------------------------------------------------------------------------


def test_ruptures_by_date_then_code(banco: Banco) -> None:
    cena(banco)
    banco.sep("P0", 1, 3)
    linhas = banco.cru("SELECT * FROM estoque_rupturas()")
    assert [(r["cod_produto"], r["dias_ate_ruptura"]) for r in linhas] == [
        ("P2", 0),
        ("P0", 3),
        ("P1", 3),
    ]


@pytest.mark.parametrize("dias", [0, 1, 2, 3, 6, 7, 8, 19, 20, 365, 10000])
def test_ruptures_of_any_horizon(banco: Banco, dias: int) -> None:
    """Products that run out within D … D+dias, any `dias`."""
    cena(banco)
    certo = banco.verificar()
    assert banco.cru("SELECT * FROM estoque_rupturas(%s)", [dias]) == certo.rupturas(dias)


# --- projecao ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dias", [0, 1, 7, 28, 400])
def test_projection_is_dense(banco: Banco, dias: int) -> None:
    cena(banco)
    certo = banco.verificar()
    linhas = banco.cru("SELECT * FROM estoque_projecao('P1', %s)", [dias])
    assert linhas == certo.projecao("P1", dias)
    assert [r["dia"] for r in linhas] == list(range(dias + 1))


def test_projection_defaults_to_28_days_and_takes_any_code(banco: Banco) -> None:
    cena(banco)
    assert len(banco.cru("SELECT * FROM estoque_projecao('P5')")) == 29
    assert banco.cru("SELECT * FROM estoque_projecao('não existe')") == []


# --- disponibilidade --------------------------------------------------------------------------


def disponivel(banco: Banco, cod: str, qtd: object, dias: int = 28) -> Any:
    return banco.conn.execute(
        "SELECT * FROM estoque_disponibilidade(%s, %s::numeric, %s)", [cod, qtd, dias]
    ).fetchall()


def test_earliest_day_from_which_the_balance_stays(banco: Banco) -> None:
    """Promising it creates no later rupture."""
    banco.mov("P1", 10)
    assert disponivel(banco, "P1", 10) == [(banco.D, 10)]
    banco.sep("P1", 4, 3)
    assert disponivel(banco, "P1", 6) == [(banco.D, 6)]
    assert disponivel(banco, "P1", 10) == [(None, None)]
    banco.prod("P1", 20, 6)
    assert disponivel(banco, "P1", 10) == [(banco.dia(6), 26)]
    banco.sep("P1", 18, 9)
    assert disponivel(banco, "P1", 10) == [(None, None)]
    assert disponivel(banco, "P1", 10, 8) == [(banco.dia(6), 26)]
    assert disponivel(banco, "P1", Dec("8.001")) == [(None, None)]
    assert disponivel(banco, "P1", 8) == [(banco.dia(6), 8)]


def test_availability_of_unknown_code_and_by_alias(banco: Banco) -> None:
    cena(banco)
    assert disponivel(banco, "não existe", 1) == []
    assert disponivel(banco, "P5", 100) == [(banco.D, 100)]


@pytest.mark.parametrize("qtd", [None, 0, -1, "NaN", "Infinity"])
def test_availability_of_no_quantity_is_refused(banco: Banco, qtd: object) -> None:
    cena(banco)
    banco.recusa("22023", "SELECT * FROM estoque_disponibilidade('P1', %s::numeric)", [qtd])


@pytest.mark.parametrize(
    ("escrita", "valores", "quanto"),
    [
        ("5", [], "5"),
        ("5.5", [], "5.5"),
        ("'5'", [], "5"),
        ("'5.1'", [], "5.1"),
        ("5::smallint", [], "5"),
        ("5::bigint", [], "5"),
        ("5.1::numeric", [], "5.1"),
        ("5.1::double precision", [], "5.1"),
        ("5.1::double precision, 28", [], "5.1"),
        ("quantidade => 5.1::float8, dias => 28", [], "5.1"),
        ("quantidade => 5.1", [], "5.1"),
        ("%s", [5], "5"),
        ("%s", [5.1], "5.1"),
        ("%s", [Dec("5.1")], "5.1"),
        ("%s", ["5.1"], "5.1"),
        ("999999999999.999::double precision", [], "999999999999.999"),
        ("999999999999.999", [], "999999999999.999"),
        ("'999999999999.999'", [], "999999999999.999"),
        ("%s", [999999999999.999], "999999999999.999"),
    ],
)
def test_a_quantity_of_any_numeric_type(
    banco: Banco, escrita: str, valores: list[Any], quanto: str
) -> None:
    """Each finds one function, and to the third decimal: that much can be promised, no more."""
    pergunta = f"SELECT data_disponivel FROM estoque_disponibilidade('P1', {escrita})"
    banco.mov("P1", Dec(quanto))
    assert banco.valor(pergunta, valores) == banco.D
    banco.mov("P1", Dec("-0.001"))
    assert banco.valor(pergunta, valores) is None


@pytest.mark.parametrize(
    ("escrita", "dita"),
    [
        ("NULL", "NULL"), ("NULL::float8", "NULL"), ("NULL::numeric", "NULL"), ("'NaN'", "NaN"),
        ("'NaN'::float8", "NaN"), ("'Infinity'::float8", "Infinity"), ("-0.5::float8", "-0.5"),
    ],
)  # fmt: skip
def test_no_quantity_of_any_type_is_refused(banco: Banco, escrita: str, dita: str) -> None:
    erro = banco.recusa("22023", f"SELECT * FROM estoque_disponibilidade('P1', {escrita})")
    esperado = f"quantidade must be a positive number, not {dita}"
    assert erro.diag.message_primary == esperado


# --- arguments out of their domain ------------------------------------------------------------


def com_dias(banco: Banco) -> list[str]:
    """The functions that look so many days ahead."""
    achadas = banco.cru(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND proname LIKE 'estoque\\_%' AND 'dias' = ANY (proargnames[:pronargs]) ORDER BY 1"
    )
    nomes = [r["proname"] for r in achadas]
    assert {"estoque_rupturas", "estoque_projecao", "estoque_disponibilidade"} <= set(nomes)
    return nomes


@pytest.mark.parametrize("dias", [-1, -(2**31), None])
def test_negative_or_null_days_are_refused(banco: Banco, dias: int | None) -> None:
    """Of an unknown code, too. `_estoque_exigir_dias` does it."""
    cena(banco)
    valor = "NULL::int" if dias is None else f"({dias})"
    for funcao in com_dias(banco):
        pedido = chamada(banco.conn, funcao, dias=valor)
        for pergunta in (pedido, pedido.replace("'P1'", "'zzz'")):
            erro = banco.recusa("22023", f"SELECT * FROM {pergunta}")
            assert "dias" in str(erro), pergunta


# One row for each day: nobody can ask for more days than the calendar has.
DENSAS = {"estoque_projecao", "estoque_disponibilidade"}


@pytest.mark.parametrize("dias", [0, 7, 28, 3650, 2**31 - 1])
def test_any_horizon_over_documents_at_the_ends_of_the_calendar(banco: Banco, dias: int) -> None:
    """Dates are infinite where an ERP has them so: they are compared, never subtracted.

    Nor is a horizon that ends after the calendar added to today as it is.
    """
    cena(banco)
    for codigo in ("P1", "P7", "P8"):
        for dia in ("infinity", "-infinity", "5874897-12-31", "4713-01-01 BC"):
            banco.cru(
                "INSERT INTO separacao (cod_produto, qtd_saldo, expedicao) VALUES (%s, 3, %s)",
                [codigo, dia],
            )
            banco.cru(
                "INSERT INTO programacao_producao (cod_produto, qtd_programada, data_programacao)"
                " VALUES (%s, 4, %s)",
                [codigo, dia],
            )
    banco.cru("SET statement_timeout = '30s'")  # billions of rows, if it were to make them
    queixas = []
    for funcao in com_dias(banco):
        recusas = ("22023", "22008") if funcao in DENSAS else ("22023",)
        pedido = chamada(banco.conn, funcao, dias=str(dias))
        for pergunta in (pedido, pedido.replace("'P1'", "'P7'")):
            try:
                banco.cru(f"SELECT * FROM {pergunta}")
            except psycopg.Error as erro:
                if dias <= 3650 or erro.sqlstate not in recusas:
                    queixas.append(f"{pergunta}: {erro}")
    assert not queixas, "\n".join(queixas)


def test_null_code_gives_no_row(banco: Banco) -> None:
    cena(banco)
    assert banco.cru("SELECT * FROM estoque_projecao(NULL)") == []
    assert banco.cru("SELECT * FROM estoque_disponibilidade(NULL, 1)") == []


# --- estatisticas -----------------------------------------------------------------------------


def test_statistics_of_an_empty_system(banco: Banco) -> None:
    linha = banco.cru("SELECT * FROM estoque_estatisticas()")[0]
    assert set(linha.values()) == {0}


def test_statistics(banco: Banco) -> None:
    cena(banco)
    banco.sep("P6", 1, 7)
    banco.sep("P6", 1, 8)
    banco.sep("P6", 1, -1)
    assert banco.cru("SELECT * FROM estoque_estatisticas()")[0] == {
        "total_produtos": 5,
        "produtos_com_ruptura": 3,
        "produtos_estoque_negativo": 1,
        "produtos_estoque_zerado": 2,
        "movimentacoes_previstas_7d": 3,
        "percentual_ruptura": Dec("60.00"),
    }
    banco.ir_para(9)


# --- the audit --------------------------------------------------------------------------------

ESTRAGOS = {
    "saldo_atual": "UPDATE estoque_tempo_real SET saldo_atual = saldo_atual + 1"
    " WHERE cod_produto = 'P1'",
    "menor_estoque_d7": "UPDATE estoque_tempo_real SET menor_estoque_d7 = 7"
    " WHERE cod_produto = 'P1'",
    "dia_ruptura": "UPDATE estoque_tempo_real SET dia_ruptura = NULL WHERE cod_produto = 'P1'",
    "nome_produto": "UPDATE estoque_tempo_real SET nome_produto = 'errado'"
    " WHERE cod_produto = 'P1'",
    "entrada_prevista": "UPDATE movimentacao_prevista SET entrada_prevista = 31"
    " WHERE cod_produto = 'P1' AND entrada_prevista = 30",
    "saida_prevista": "UPDATE movimentacao_prevista SET saida_prevista = 1"
    " WHERE cod_produto = 'P1' AND saida_prevista = 12",
    "row gone": "DELETE FROM estoque_tempo_real WHERE cod_produto = 'P1'",
    "forecast gone": "DELETE FROM movimentacao_prevista WHERE cod_produto = 'P1'",
    "row too many": "INSERT INTO estoque_tempo_real (cod_produto) VALUES ('FANTASMA')",
    "forecast too many": "INSERT INTO movimentacao_prevista VALUES ('P1', '2031-01-01', 1, 0)",
    "all gone": "TRUNCATE estoque_tempo_real, movimentacao_prevista",
}


@pytest.mark.parametrize("estrago", ESTRAGOS)
def test_audit_finds_every_difference_and_recalculation_mends_it(
    banco: Banco, estrago: str
) -> None:
    """Recomputes from the sources and returns every difference, in both tables."""
    cena(banco)
    banco.cru(ESTRAGOS[estrago])
    achados = banco.cru("SELECT * FROM estoque_verificar()")
    assert achados
    if "_" in estrago:
        assert estrago in {r["campo"] for r in achados}
        assert {r["cod_produto"] for r in achados} == {"P1"}
        assert all(r["valor_armazenado"] != r["valor_esperado"] for r in achados)
        assert banco.cru("SELECT * FROM estoque_verificar('{P1}')") == achados
        assert banco.cru("SELECT * FROM estoque_verificar('{P2,P4}')") == []
        assert banco.valor("SELECT estoque_recalcular('P1')") == 1
        assert banco.valor("SELECT estoque_recalcular('P1')") == 0
    else:
        corrigidos = banco.valor("SELECT estoque_recalcular_tudo()")
        assert corrigidos == len({r["cod_produto"] for r in achados})
    banco.verificar()
    assert banco.valor("SELECT estoque_recalcular_tudo()") == 0


def test_audit_by_alias_and_by_unknown_code(banco: Banco) -> None:
    cena(banco)
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 0 WHERE cod_produto = 'P4'")
    assert {r["cod_produto"] for r in banco.cru("SELECT * FROM estoque_verificar('{P5}')")} == {
        "P4"
    }
    assert banco.cru("SELECT * FROM estoque_verificar('{zzz}')") == []
    assert banco.cru("SELECT * FROM estoque_verificar('{}')") == []
    assert banco.valor("SELECT estoque_recalcular('P5')") == 1
    banco.verificar()


def test_audit_shows_the_date_of_a_forecast_difference(banco: Banco) -> None:
    cena(banco)
    banco.cru("DELETE FROM movimentacao_prevista WHERE data_prevista = %s", [banco.dia(3)])
    achados = banco.cru("SELECT * FROM estoque_verificar() WHERE data_prevista IS NOT NULL")
    assert {(r["cod_produto"], r["data_prevista"]) for r in achados} == {("P1", banco.dia(3))}


def test_audit_finds_wrong_groups(banco: Banco) -> None:
    """A map of codes gone astray is a divergence, too, and recalculating mends it."""
    cena(banco)
    banco.cru("UPDATE estoque_codigo_conhecido SET cod_produto = 'P5' WHERE codigo = 'P5'")
    assert banco.cru("SELECT * FROM estoque_verificar()")
    banco.cru("SELECT estoque_recalcular_tudo()")
    banco.verificar()


def test_recalculating_an_exact_system_changes_nothing(banco: Banco) -> None:
    cena(banco)
    antes = banco.retrato()
    assert banco.valor("SELECT estoque_recalcular_tudo()") == 0
    for cod in ("P1", "P5", "zzz"):
        assert banco.valor("SELECT estoque_recalcular(%s)", [cod]) == 0
    depois = banco.retrato()
    assert antes["movimentacao_prevista"] == depois["movimentacao_prevista"]
    banco.verificar()


def test_recalculating_after_the_triggers_were_away(banco: Banco) -> None:
    """session_replication_role switches triggers off, as a restore of data does."""
    cena(banco)
    banco.cru("SET session_replication_role = replica")
    banco.cru("DELETE FROM separacao")
    banco.cru(
        "UPDATE movimentacao_estoque SET qtd_movimentacao = 77, cod_produto = 'PX'"
        " WHERE cod_produto = 'P2'"
    )
    banco.cru(
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('P1', 'PX', true)"
    )
    banco.cru(
        "INSERT INTO embarque_itens (separacao_lote_id, nota_fiscal, status)"
        " VALUES ('L1', 'NF', 'ativo')"
    )
    banco.cru("RESET session_replication_role")
    assert banco.cru("SELECT * FROM estoque_verificar()")
    banco.cru("SELECT estoque_recalcular_tudo()")
    banco.verificar()
    banco.sep("P1", 4, 2, "L1")  # the gate was mended, too
    assert banco.previsto("PX") == {banco.dia(5): (30, 0)}


def test_read_functions_in_a_read_only_transaction(banco: Banco) -> None:
    """Also on a hot standby or under a read-only role: reading writes nothing."""
    cena(banco)
    banco.ir_para(2)
    leitor = banco.conectar(options="-c default_transaction_read_only=on")
    verificar_invariante(leitor)


def test_read_functions_in_parallel_plans(banco: Banco) -> None:
    cena(banco)
    banco.ir_para(2)
    leitor = banco.conectar(
        options="-c force_parallel_mode=on"
        if banco.conn.info.server_version < 160000
        else "-c debug_parallel_query=on"
    )
    verificar_invariante(leitor)


def test_read_functions_in_a_prepared_generic_plan(banco: Banco) -> None:
    cena(banco)
    leitor = banco.conectar(options="-c plan_cache_mode=force_generic_plan")
    for n in range(3):
        banco.ir_para(n)  # a plan made yesterday must not answer with yesterday
        for _ in range(2):
            linha = leitor.execute(
                "SELECT dia_ruptura FROM estoque_consultar(%s)", [["P1"]], prepare=True
            ).fetchone()
            assert linha == (banco.dia(3),)
            total = leitor.execute(
                "SELECT dias_ate_ruptura FROM estoque_rupturas(7) WHERE cod_produto = 'P1'",
                prepare=True,
            ).fetchone()
            assert total == (3 - n,)


def test_every_object_of_ours_is_described(banco: Banco) -> None:
    """Public or not: psql shows what is written with \\dd, and an upgrade keeps it."""
    sem = banco.cru(
        "SELECT p.proname AS nome FROM pg_proc p"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.proname ~ '^_?estoque_'"
        " AND obj_description(p.oid, 'pg_proc') IS NULL"
        " UNION ALL SELECT c.relname FROM pg_class c"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'c')"
        " AND c.relname <> ALL (%s) AND c.relname !~ '^_yoyo_|^estoque_migracao_soma$'"
        " AND obj_description(c.oid, 'pg_class') IS NULL"
        " AND obj_description(c.reltype, 'pg_type') IS NULL",
        [list(FONTES)],
    )
    faltam = [f"{arquivo_de(r['nome'])}: COMMENT ON is missing" for r in sem]
    assert not faltam, "\n".join(faltam)
