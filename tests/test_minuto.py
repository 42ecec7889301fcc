"""The minute job: what it finds and mends, whom it lets alone, and in which order it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from apoio import GATILHOS, Banco, Sessao, papel_novo
from oraculo import Linha
from test_reparo import ESTRAGOS

from estoque_pg.migracoes import instalar

ZERO = {"processados": 0, "corrigidos": 0, "falhas": 0}
PRODUTOS = (
    "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
    " tipo_movimentacao, qtd_movimentacao, ativo)"
    " SELECT 'P' || lpad(n::text, 4, '0'), 'N', '2025-08-06', 'E', n, true"
    " FROM generate_series(1, {}) AS n"
)


def fallback(banco: Banco, lote: int = 10) -> dict[str, int]:
    return banco.cru("SELECT * FROM estoque_fallback(%s)", [lote])[0]


def minuto(banco: Banco) -> Linha:
    return banco.cru("SELECT * FROM estoque_minuto()")[0]


def estragar(banco: Banco, produto: str = "P0001") -> None:
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = -7 WHERE cod_produto = %s", [produto])


def a_vez_de(banco: Banco, *produtos: str) -> None:
    """They have gone longest without being compared; among equals no order is promised."""
    banco.cru(
        "UPDATE estoque_tempo_real SET comparado_em = '-infinity' WHERE cod_produto = ANY (%s)",
        [list(produtos)],
    )


def sem_gatilhos(banco: Banco, comando: str) -> None:
    """A write that the triggers do not see, as a replica or a careless restore makes it."""
    banco.cru(f"SET session_replication_role = replica; {comando}; RESET session_replication_role")


def transbordar(banco: Banco, produto: str) -> None:
    """Movements whose sum no balance can hold: comparing this product raises 22003."""
    sem_gatilhos(
        banco,
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        f" SELECT '{produto}', 'N', '2025-08-06', 'E', 999999999999, true"
        " FROM generate_series(1, 2)",
    )


# --- what it finds ----------------------------------------------------------------------------


@pytest.mark.parametrize("estrago", ESTRAGOS)
def test_whatever_goes_astray_is_mended(povoado: Banco, estrago: str) -> None:
    """A full circle of the fallback mends every kind of damage, and writes down what it was."""
    povoado.cru(ESTRAGOS[estrago][0])
    assert povoado.cru("SELECT * FROM estoque_verificar()")
    feito = fallback(povoado, 20)
    assert feito["corrigidos"] >= 1
    assert feito["falhas"] == 0
    povoado.verificar()
    anotado = povoado.cru("SELECT * FROM estoque_correcao")
    assert anotado
    assert fallback(povoado, 20)["corrigidos"] == 0
    assert len(povoado.cru("SELECT id FROM estoque_correcao")) == len(anotado)


@pytest.mark.parametrize(
    "comando",
    [
        PRODUTOS.format(1),
        "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " VALUES ('L', 'P0001', 3, '2025-08-07')",
        "INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario,"
        " data_expedicao_editada) VALUES ('P0001', 3, '2025-08-07')",
        "INSERT INTO programacao_producao (cod_produto, qtd_programada, data_programacao)"
        " VALUES ('P0001', 3, '2025-08-07')",
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('A1', 'P0001', true)",
    ],
)
def test_unknown_codes_of_the_sources_are_found(banco: Banco, comando: str) -> None:
    banco.mov("X", 1)
    sem_gatilhos(banco, comando)
    assert fallback(banco)["corrigidos"] >= 1
    banco.verificar()
    assert banco.produto("P0001") is not None


def test_unknown_codes_beyond_a_slice_and_a_batch_are_found_in_turn(banco: Banco) -> None:
    """The walk goes on where it stopped, over tables, and leaves none out."""
    banco.cru(PRODUTOS.format(2200))
    sem_gatilhos(
        banco,
        "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " SELECT 'L', 'Z' || n, 1, '2025-08-07' FROM generate_series(1, 25) AS n",
    )
    achados = [fallback(banco)["corrigidos"] for _ in range(12)]
    assert max(achados) <= 10
    assert sum(achados) == 25
    banco.verificar()


def test_empty_and_correct_databases(banco: Banco) -> None:
    assert fallback(banco) == ZERO
    banco.cru(PRODUTOS.format(3))
    assert fallback(banco) == {**ZERO, "processados": 3}
    assert banco.cru("SELECT * FROM estoque_correcao") == []


def test_expired_fields_are_no_difference(banco: Banco) -> None:
    banco.mov("P", 1)
    banco.sep("P", 5, 9)
    banco.ir_para(3)
    assert fallback(banco) == {**ZERO, "processados": 1}


@pytest.mark.parametrize("lote", [0, -1, None])
def test_a_batch_is_one_or_more(banco: Banco, lote: int | None) -> None:
    banco.recusa("22023", "SELECT * FROM estoque_fallback(%s)", [lote])


# --- in which order ---------------------------------------------------------------------------


def test_every_product_has_its_turn(banco: Banco) -> None:
    banco.cru(PRODUTOS.format(95))
    inicio = banco.valor("SELECT clock_timestamp()")
    for volta in range(2):
        vistos: set[str] = set()
        for _ in range(10):
            assert fallback(banco)["falhas"] == 0
            agora = {
                r["cod_produto"]
                for r in banco.cru(
                    "SELECT cod_produto FROM estoque_tempo_real WHERE comparado_em > %s", [inicio]
                )
            }
            assert len(agora) in (10, 5) or volta
            vistos |= agora
            inicio = banco.valor("SELECT clock_timestamp()")
        assert len(vistos) == 95
    banco.verificar()


def test_ordinary_writes_stay_hot_and_do_not_count_as_a_comparison(banco: Banco) -> None:
    banco.mov("P", 1)
    antes = banco.valor("SELECT comparado_em FROM estoque_tempo_real")
    with banco.conn.transaction():
        for n in range(5):
            banco.mov("P", n)
        escritas, hot = banco.cru(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables"
            " WHERE relname = 'estoque_tempo_real'"
        )[0].values()
    assert banco.valor("SELECT comparado_em FROM estoque_tempo_real") == antes
    assert escritas >= 5
    assert hot >= escritas - 1


# --- whom it lets alone -----------------------------------------------------------------------


def test_a_locked_product_is_passed_over_and_comes_when_it_is_free(banco: Banco) -> None:
    banco.cru(PRODUTOS.format(4))
    estragar(banco)
    with Sessao(banco) as outra:
        outra.faz("BEGIN").result()
        outra.faz("SELECT FROM estoque_tempo_real WHERE cod_produto = 'P0001' FOR UPDATE").result()
        inicio = time.monotonic()
        assert fallback(banco, 3) == {**ZERO, "processados": 3}
        assert time.monotonic() - inicio < 1
        outra.faz("ROLLBACK").result()
    assert fallback(banco, 1) == {"processados": 1, "corrigidos": 1, "falhas": 0}
    banco.verificar()


def test_a_product_taken_between_comparison_and_repair_is_left_unmarked(banco: Banco) -> None:
    """Another session holds what the rebuild needs besides the product's row: the turn."""
    banco.cru(PRODUTOS.format(2))
    banco.cru("DELETE FROM estoque_codigo_conhecido WHERE codigo = 'P0001'")
    antes = banco.valor("SELECT comparado_em FROM estoque_tempo_real WHERE cod_produto = 'P0001'")
    with Sessao(banco) as outra:
        outra.faz("BEGIN").result()
        outra.faz("SELECT FROM estoque_controle FOR UPDATE").result()
        assert fallback(banco) == {**ZERO, "processados": 1}
        agora = "SELECT comparado_em FROM estoque_tempo_real WHERE cod_produto = 'P0001'"
        assert banco.valor(agora) == antes
        assert banco.cru("SELECT * FROM estoque_falha") == []
        outra.faz("ROLLBACK").result()
    assert fallback(banco)["corrigidos"] == 1
    banco.verificar()


def test_more_than_can_be_mended_in_time_is_left_for_the_next_runs(banco: Banco) -> None:
    """What is mended stays locked until the run ends: no writer shall wait for very much of it."""
    banco.cru(PRODUTOS.format(4))
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = -7 WHERE cod_produto <> 'P0003'")
    aos_poucos = "SELECT * FROM _estoque_corrigir(_estoque_comparar(2, NULL, 0, 0), '0 s')"
    feitos = [banco.cru(aos_poucos)[0] for _ in range(4)]
    # P0002 was cut off and comes first, with P0003, which is right and locks nothing.
    esperado = [(1, 1), (2, 1), (2, 1), (2, 0)]
    assert [(f["processados"], f["corrigidos"]) for f in feitos] == esperado
    banco.verificar()


def test_a_writer_does_not_wait_for_the_comparison(banco: Banco) -> None:
    """While a long comparison runs, its product takes a movement at once."""
    banco.mov("P", 1)
    banco.cru(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " SELECT 'P', 'Produto P', '2025-08-06', 'E', 1, true FROM generate_series(1, 200000)"
    )
    with Sessao(banco) as outra:
        futuro = outra.faz("SELECT corrigidos FROM estoque_fallback()")
        longas = []
        while not futuro.done():
            inicio = time.monotonic()
            banco.cru(
                "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
                " tipo_movimentacao, qtd_movimentacao, ativo)"
                " VALUES ('P', 'Produto P', '2025-08-06', 'E', 1, true)"
            )
            longas.append(time.monotonic() - inicio)
        assert futuro.result() == [(0,)]
    assert len(longas) >= 3
    assert max(longas) < 0.15
    banco.verificar()


def test_a_table_being_altered_is_not_waited_for(banco: Banco) -> None:
    banco.cru(PRODUTOS.format(2))
    with Sessao(banco) as outra:
        outra.faz("BEGIN").result()
        outra.faz("LOCK TABLE programacao_producao IN ACCESS EXCLUSIVE MODE").result()
        assert fallback(banco) == ZERO  # even the walk over the codes needs the table
        banco.cru("UPDATE estoque_tempo_real SET valido_ate = '0001-01-01'")
        assert minuto(banco)["virados"] == 2  # what needs no source is done all the same
        outra.faz("ROLLBACK").result()
    assert fallback(banco)["processados"] == 2


def test_two_at_once(banco: Banco) -> None:
    """The second returns zeros, or no row, without waiting."""
    banco.cru(PRODUTOS.format(3))
    with Sessao(banco) as outra:
        outra.faz("BEGIN").result()
        assert outra.faz("SELECT processados FROM estoque_fallback()").result() == [(3,)]
        assert fallback(banco) == ZERO
        assert banco.cru("SELECT * FROM estoque_minuto()") == []
        outra.faz("COMMIT").result()
    assert fallback(banco)["processados"] == 3


def test_many_at_once_while_others_write(banco: Banco) -> None:
    banco.cru(PRODUTOS.format(40))

    def trabalhar(n: int) -> int:
        conn = banco.conectar()
        for i in range(15):
            if n < 3:
                conn.execute("SELECT * FROM estoque_minuto()")
            else:
                conn.execute(
                    "UPDATE movimentacao_estoque SET qtd_movimentacao = qtd_movimentacao + 1"
                    " WHERE id %% 5 = %s",
                    [(n + i) % 5],
                )
        return n

    with ThreadPoolExecutor(6) as fios:
        assert sorted(fios.map(trabalhar, range(6))) == list(range(6))
    assert banco.valor("SELECT sum(corrigidos) FROM estoque_execucao") == 0
    assert banco.cru("SELECT * FROM estoque_falha") == []
    banco.verificar()


# --- what fails -------------------------------------------------------------------------------


def test_a_failing_product_does_not_stop_the_others_nor_block_the_queue(banco: Banco) -> None:
    banco.cru(PRODUTOS.format(4))
    transbordar(banco, "P0001")
    estragar(banco, "P0002")
    a_vez_de(banco, "P0001", "P0002")
    assert fallback(banco, 2) == {"processados": 2, "corrigidos": 1, "falhas": 1}
    falha = banco.cru("SELECT * FROM estoque_falha")[0]
    assert (falha["cod_produto"], falha["sqlstate"], falha["vezes"]) == ("P0001", "22003", 1)
    # it goes to the end of the queue
    assert fallback(banco, 2) == {**ZERO, "processados": 2}
    assert fallback(banco, 2) == {"processados": 2, "corrigidos": 0, "falhas": 1}
    depois = banco.cru("SELECT * FROM estoque_falha")[0]
    assert depois["vezes"] == 2
    assert depois["desde"] == falha["desde"] < depois["ultima_em"]
    sem_gatilhos(banco, "DELETE FROM movimentacao_estoque WHERE qtd_movimentacao > 1000")
    fallback(banco)
    assert banco.cru("SELECT * FROM estoque_falha") == []
    banco.verificar()


def test_the_minute_job_tries_a_failing_product_again_out_of_turn(banco: Banco) -> None:
    """Once its sources are mended it is off the list at once, not after a circle of hours."""
    banco.cru(PRODUTOS.format(30))
    transbordar(banco, "P0001")
    a_vez_de(banco, "P0001")
    assert minuto(banco)["falhas"] == 1
    assert minuto(banco)["falhas"] == 1
    sem_gatilhos(banco, "DELETE FROM movimentacao_estoque WHERE qtd_movimentacao > 1000")
    assert minuto(banco)["falhas"] == 0
    assert banco.cru("SELECT * FROM estoque_falha") == []


def test_a_failing_code_that_nothing_mentions_any_more_is_dropped(banco: Banco) -> None:
    banco.cru(PRODUTOS.format(2))
    transbordar(banco, "NOVO")
    assert fallback(banco)["falhas"] == 1
    sem_gatilhos(banco, "DELETE FROM movimentacao_estoque WHERE cod_produto = 'NOVO'")
    fallback(banco)
    assert banco.cru("SELECT * FROM estoque_falha") == []


def test_a_failing_rebuild_keeps_what_was_there(banco: Banco) -> None:
    """It is compared, differs, and cannot be written: nothing half done, and it is written down."""
    banco.cru(PRODUTOS.format(2))
    estragar(banco)
    banco.cru(
        "ALTER TABLE estoque_tempo_real ADD CONSTRAINT teto CHECK (cod_produto <> 'P0001'"
        " OR saldo_atual < 0) NOT VALID"
    )
    assert fallback(banco) == {"processados": 2, "corrigidos": 0, "falhas": 1}
    assert banco.valor("SELECT sqlstate FROM estoque_falha") == "23514"
    assert banco.cru("SELECT * FROM estoque_correcao") == []
    banco.cru("ALTER TABLE estoque_tempo_real DROP CONSTRAINT teto")
    assert fallback(banco)["corrigidos"] == 1
    banco.verificar()


# --- the run ----------------------------------------------------------------------------------


def test_the_run_is_recorded(banco: Banco) -> None:
    banco.mov("P", 1)
    banco.sep("P", 5, 9)
    banco.ir_para(3)
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 4")
    banco.cru("SET application_name = 'teste'")
    feita = minuto(banco)
    assert feita["inicio"] <= feita["fim"]
    assert [feita[c] for c in ("processados", "corrigidos", "falhas", "virados", "motor")] == [
        1, 1, 0, 1, "teste",
    ]  # fmt: skip
    assert banco.cru("SELECT * FROM estoque_execucao") == [feita]
    banco.verificar()
    assert banco.valor("SELECT saldo_atual FROM estoque_tempo_real") == 1
    corrigida = banco.cru("SELECT * FROM estoque_correcao WHERE campo = 'saldo_atual'")[0]
    assert (corrigida["valor_antes"], corrigida["valor_depois"]) == ("4.000", "1.000")


def test_a_contradiction_past_the_triggers_stops_nothing(banco: Banco) -> None:
    """A circle unifies nothing: its codes stay apart, and the run mends what there is to mend."""
    banco.cru(PRODUTOS.format(3))
    estragar(banco, "P0003")
    sem_gatilhos(
        banco,
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('P0001', 'P0002', true), ('P0002', 'P0001', true)",
    )
    feita = minuto(banco)
    assert (feita["corrigidos"], feita["falhas"]) == (1, 0)
    banco.verificar()


def test_records_are_bounded(banco: Banco) -> None:
    banco.mov("P", 1)
    banco.cru(
        "INSERT INTO estoque_execucao"
        " (inicio, fim, processados, corrigidos, falhas, virados, motor)"
        " SELECT now() - n * interval '1 day', now(), 1, 1, 0, 0, 'x' FROM generate_series(1, 9) n;"
        " INSERT INTO estoque_correcao (cod_produto, campo)"
        " SELECT 'X', 'c' || n FROM generate_series(1, 10050) n"
    )
    estragar(banco, "P")
    minuto(banco)
    assert banco.valor("SELECT count(*) FROM estoque_execucao") == 7 + 1 - 1
    assert banco.valor("SELECT count(*) FROM estoque_correcao") == 10000
    assert banco.valor("SELECT count(*) FROM estoque_correcao WHERE cod_produto = 'P'") > 0


def test_the_budget_ends_a_run_after_one_product_at_least(banco: Banco) -> None:
    banco.cru(PRODUTOS.format(20))
    ajuste = banco.cru("SELECT * FROM estoque_configurar()")[0]
    assert ajuste == {"por_execucao": 10, "orcamento": timedelta(seconds=20)}
    ajuste = banco.cru("SELECT * FROM estoque_configurar(por_execucao => 15)")[0]
    assert ajuste == {"por_execucao": 15, "orcamento": timedelta(seconds=20)}
    assert minuto(banco)["processados"] == 15
    banco.cru("SELECT * FROM estoque_configurar(orcamento => '1 microsecond')")
    assert minuto(banco)["processados"] == 1
    for chamada in ("0", "-3", "NULL, '0 s'", "NULL, '-1 s'"):
        banco.recusa("22023", f"SELECT * FROM estoque_configurar({chamada})")
    assert banco.cru("SELECT * FROM estoque_configurar()")[0]["por_execucao"] == 15


def test_the_settings_survive_the_loss_of_their_row(banco: Banco) -> None:
    banco.cru(PRODUTOS.format(20))
    banco.cru("DELETE FROM estoque_controle; DELETE FROM estoque_percurso")
    assert minuto(banco)["processados"] == 10
    assert banco.cru("SELECT * FROM estoque_configurar(7)")[0]["por_execucao"] == 7
    banco.unir("P0001", "P0002")


def test_turning_the_day_waits_for_nobody(banco: Banco) -> None:
    """Held rows are left for the next run; whoever asks meanwhile is answered rightly."""
    for cod in "ABC":
        banco.mov(cod, 1)
        banco.sep(cod, 5, 9)
    banco.ir_para(3)
    with Sessao(banco) as outra:
        outra.faz("BEGIN").result()
        outra.faz("SELECT FROM estoque_tempo_real WHERE cod_produto = 'B' FOR UPDATE").result()
        assert minuto(banco)["virados"] == 2
        banco.verificar()
        outra.faz("ROLLBACK").result()
    assert minuto(banco)["virados"] == 1
    banco.verificar()


def test_a_product_that_cannot_be_turned_does_not_hold_up_the_others(banco: Banco) -> None:
    """Two exits that fit day by day, and together fall below any balance when the second nears."""
    for cod in "ABC":
        banco.mov(cod, 1)
        banco.sep(cod, 5, 9)
    banco.sep("B", 9e11, 5)
    banco.sep("B", 9e11, 9)
    banco.cru("CREATE OR REPLACE FUNCTION estoque_hoje() RETURNS date LANGUAGE sql STABLE"
              " PARALLEL SAFE RETURN date '2025-08-09'")  # fmt: skip
    feita = minuto(banco)
    assert feita["virados"] == 2
    assert banco.cru("SELECT cod_produto, sqlstate FROM estoque_falha") == [
        {"cod_produto": "B", "sqlstate": "22003"}
    ]


@pytest.mark.parametrize("funcao", ["estoque_fallback()", "estoque_minuto()"])
@pytest.mark.parametrize("nivel", ["REPEATABLE READ", "SERIALIZABLE"])
def test_in_stricter_isolation_levels(banco: Banco, funcao: str, nivel: str) -> None:
    banco.cru(PRODUTOS.format(3))
    estragar(banco)
    conn = banco.conectar()
    conn.execute(f"SET default_transaction_isolation = '{nivel}'")
    conn.execute(f"SELECT * FROM {funcao}")
    banco.verificar()


# --- what the status asks ---------------------------------------------------------------------


def estados(banco: Banco) -> dict[tuple[str, str], str]:
    return {
        (r["tabela"], r["gatilho"]): r["estado"]
        for r in banco.cru("SELECT * FROM estoque_gatilhos()")
    }


def test_triggers_and_their_states(banco: Banco) -> None:
    assert len(estados(banco)) == GATILHOS
    assert set(estados(banco).values()) == {"ok"}
    banco.cru(
        "ALTER TABLE separacao DISABLE TRIGGER estoque_inserir;"
        " ALTER TABLE separacao ENABLE REPLICA TRIGGER estoque_alterar;"
        " ALTER TABLE separacao ENABLE ALWAYS TRIGGER estoque_excluir;"
        " DROP TRIGGER estoque_truncar ON separacao;"
        " ALTER TRIGGER estoque_inserir ON embarque_itens RENAME TO outro"
    )
    ruins = {chave: estado for chave, estado in estados(banco).items() if estado != "ok"}
    assert ruins == {
        ("separacao", "estoque_inserir"): "disabled",
        ("separacao", "estoque_alterar"): "replica only",
        ("separacao", "estoque_excluir"): "always",
        ("separacao", "estoque_truncar"): "missing",
    }


def test_a_trigger_of_somebody_else_under_our_name_is_not_ours(banco: Banco) -> None:
    banco.cru(
        "CREATE FUNCTION nada() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN NULL; END $$;"
        " DROP TRIGGER estoque_inserir ON separacao;"
        " CREATE TRIGGER estoque_inserir AFTER INSERT ON separacao EXECUTE FUNCTION nada()"
    )
    assert estados(banco)["separacao", "estoque_inserir"] == "missing"


def test_partitions_need_the_triggers_too(banco: Banco) -> None:
    banco.cru(
        "CREATE TABLE filha () INHERITS (movimentacao_estoque);"
        " CREATE TABLE neta () INHERITS (filha)"
    )
    assert len(estados(banco)) == GATILHOS + 4 * 2  # two children
    assert {e for (t, _), e in estados(banco).items() if t in ("filha", "neta")} == {"missing"}


def test_a_lost_source_table_is_named(banco: Banco) -> None:
    banco.cru("DROP TABLE embarque_itens")
    ruins = {t for (t, _), e in estados(banco).items() if e == "missing"}
    assert ruins == {"embarque_itens"}


@pytest.mark.parametrize(
    ("comando", "esperado"),
    [
        (
            "CREATE OR REPLACE FUNCTION estoque_virada() RETURNS bigint LANGUAGE sql"
            " AS 'SELECT 0::bigint'",
            {"estoque_virada()": "changed"},
        ),
        ("ALTER FUNCTION estoque_minuto() RESET search_path", {"estoque_minuto()": "changed"}),
        ("DROP FUNCTION estoque_estatisticas()", {"estoque_estatisticas()": "missing"}),
        ("DROP FUNCTION estoque_consultar(text[])", {"estoque_consultar(text[])": "missing"}),
        ("CREATE FUNCTION estoque_do_erp() RETURNS int LANGUAGE sql AS 'SELECT 1'", {}),
        (
            "UPDATE estoque_assinatura SET definicao = 'x', servidor = 1"
            " WHERE objeto = 'estoque_virada()'",
            {"estoque_virada()": "uncompared"},
        ),
        ("UPDATE estoque_assinatura SET servidor = 1", {}),  # the same on both
        ("SELECT 1", {}),
    ],
)
def test_changed_functions(banco: Banco, comando: str, esperado: dict[str, str]) -> None:
    """estoque_hoje has been replaced (the tests do it): it is meant to be."""
    banco.cru(comando)
    achados = banco.cru("SELECT * FROM estoque_alterados()")
    assert {r["objeto"]: r["estado"] for r in achados if r["tipo"] == "function"} == esperado


def test_what_another_version_of_postgresql_writes_otherwise_is_signed_anew(banco: Banco) -> None:
    """After pg_upgrade: made again as it was signed, it is what the new server prints."""
    banco.cru(
        "UPDATE estoque_assinatura SET servidor = 1,"
        " definicao = replace(definicao, ' AS ', '  AS ')"
        " WHERE objeto IN ('estoque_codigo(text)', 'estoque_por_codigo')"
    )
    banco.cru("CREATE OR REPLACE FUNCTION estoque_codigo(codigo text) RETURNS text LANGUAGE sql"
              " STABLE AS 'SELECT NULL::text'")  # fmt: skip
    alterados = "SELECT objeto, estado FROM estoque_alterados()"
    assert {r["estado"] for r in banco.cru(alterados)} == {"uncompared"}
    assert banco.valor("SELECT estoque_vigiar()") == 2
    assert banco.cru(alterados) == []
    banco.mov("P1", 5)
    assert banco.valor("SELECT estoque_codigo('P1')") == "P1"


FUNCOES = (
    "SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid), obj_description(p.oid),"
    " ARRAY(SELECT a::text FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) AS a"
    " ORDER BY 1) AS direitos"
    " FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace ORDER BY 1"
)


@pytest.mark.parametrize(
    "comando",
    [
        "CREATE OR REPLACE FUNCTION estoque_virada() RETURNS bigint LANGUAGE sql"
        " AS 'SELECT 0::bigint'",
        "ALTER FUNCTION estoque_minuto() RESET search_path",
        "DROP FUNCTION estoque_consultar(text[]), _estoque_anotar_falha(text, text, text),"
        " estoque_recalcular_tudo()",
        "DROP FUNCTION _estoque_gatilho_separacao() CASCADE",
        "DROP FUNCTION estoque_disponibilidade(text, numeric, integer)",
        "DROP FUNCTION estoque_disponibilidade(text, numeric, integer),"
        " estoque_disponibilidade(text, double precision, integer)",
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO pg_monitor;"
        " DROP FUNCTION _estoque_tomar_minuto(), estoque_estatisticas()",
    ],
)
def test_functions_are_put_back_as_they_were(banco: Banco, comando: str) -> None:
    """With comment and rights; and the triggers that went with a trigger's function."""
    antes = banco.cru(FUNCOES)
    banco.cru(comando)
    banco.cru("INSERT INTO separacao (cod_produto, qtd_saldo, expedicao) VALUES ('P1', 0, NULL)")
    assert banco.valor("SELECT estoque_vigiar()") > 0
    assert banco.cru("SELECT * FROM estoque_alterados()") == []
    assert banco.cru(FUNCOES) == antes
    assert banco.valor("SELECT estoque_vigiar()") == 0
    banco.verificar()
    banco.sep("P1", 3, 1)


def test_the_signatures_do_not_depend_on_who_asks(banco: Banco) -> None:
    conn = banco.conectar()
    conn.execute("SET search_path = pg_catalog")
    assert conn.execute("SELECT * FROM public.estoque_alterados()").fetchall() == []


def test_the_signatures_do_not_depend_on_settings(vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute(
            f"ALTER DATABASE {conn.info.dbname} SET quote_all_identifiers = on;"
            f" ALTER DATABASE {conn.info.dbname} SET datestyle = 'SQL, DMY'"
        )
        instalar(vazio, None)
        assert conn.execute("SELECT * FROM estoque_alterados()").fetchall() == []


def test_functions_of_the_erp_are_its_own_affair(vazio: str) -> None:
    """Whatever they are called, and whenever they were made."""
    criar = "CREATE OR REPLACE FUNCTION estoque_baixar() RETURNS int LANGUAGE sql AS 'SELECT {}'"
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute(criar.format(1))
        instalar(vazio, None)
        conn.execute(criar.format(2))
        conn.execute("CREATE FUNCTION _estoque_nova() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        assert conn.execute("SELECT * FROM estoque_alterados()").fetchall() == []
        conn.execute("SELECT _estoque_assinar()")  # as the next migration does
        conn.execute("DROP FUNCTION estoque_baixar(), _estoque_nova()")
        assert conn.execute("SELECT * FROM estoque_alterados()").fetchall() == []
        conn.execute("DROP FUNCTION estoque_codigo(text) CASCADE")
        assert conn.execute("SELECT estado FROM estoque_alterados()").fetchall() == [("missing",)]


def test_a_reader_sees_all_of_it_and_changes_nothing(banco: Banco) -> None:
    with papel_novo(banco.conn, "leitor") as papel:
        conn = banco.conectar(user=papel)
        for consulta in (
            "estoque_execucao", "estoque_correcao", "estoque_falha", "estoque_assinatura",
            "estoque_gatilhos()", "estoque_alterados()", "estoque_controle", "_estoque_cron()",
        ):  # fmt: skip
            conn.execute(f"SELECT * FROM {consulta}")
        chamadas: list[Callable[[], object]] = [
            lambda f=f: conn.execute(f"SELECT * FROM {f}")  # type: ignore[misc]
            for f in (
                "estoque_fallback()", "estoque_minuto()", "estoque_configurar(1)",
                "estoque_agendar()", "estoque_desagendar()", "_estoque_assinar()",
            )
        ]  # fmt: skip
        for chamada in chamadas:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                chamada()
        conn.close()
