"""plpgsql_check finds nothing in any function, trigger functions on every table they serve."""

from __future__ import annotations

import pytest
from apoio import Banco

CONSULTA = """
SELECT p.oid::regprocedure::text AS funcao, r.*
FROM pg_proc p
JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
LEFT JOIN pg_trigger t ON t.tgfoid = p.oid AND NOT t.tgisinternal
CROSS JOIN LATERAL plpgsql_check_function_tb(
    p.oid, coalesce(t.tgrelid, 0), fatal_errors := false, extra_warnings := true,
    performance_warnings := true, security_warnings := true,
    -- a function serves all events of its table: give it the transition tables of every one
    oldtable := CASE WHEN t.oid IS NOT NULL THEN 'antigos' END,
    newtable := CASE WHEN t.oid IS NOT NULL THEN 'novos' END) r
WHERE p.pronamespace = 'public'::regnamespace
    -- it cannot look into statements made at run time, and says so by a guess
    AND r.detail IS DISTINCT FROM 'attention: cannot to determine volatility of used dynamic SQL'
    -- what they execute is in the catalogs, or in a table that nobody but the owner of our
    -- functions can write
    AND NOT (p.proname IN ('_estoque_repor', '_estoque_entregar', '_estoque_ajustar_ao_citus')
        AND r.level = 'security')
"""


@pytest.fixture
def com_extensao(banco: Banco) -> Banco:
    if not banco.valor("SELECT 1 FROM pg_available_extensions WHERE name = 'plpgsql_check'"):
        pytest.skip("this server has no plpgsql_check")
    banco.cru("CREATE EXTENSION plpgsql_check WITH SCHEMA pg_catalog")
    return banco


def test_no_finding(com_extensao: Banco) -> None:
    achados = com_extensao.cru(CONSULTA)
    assert not achados, "\n".join(
        f"{a['funcao']}:{a['lineno']}: {a['level']}: {a['message']} {a['detail'] or ''}"
        for a in achados
    )


def test_it_would_find_something(com_extensao: Banco) -> None:
    com_extensao.cru(
        "CREATE FUNCTION ruim() RETURNS int LANGUAGE plpgsql AS"
        " $$ DECLARE v int; BEGIN SELECT nada INTO v FROM estoque_tempo_real; RETURN v; END $$"
    )
    assert {a["funcao"] for a in com_extensao.cru(CONSULTA)} == {"ruim()"}
