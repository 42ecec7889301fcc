"""The ERP's own triggers, cascades and functions write the sources within one statement.

Their statements end, and fire our triggers, before those of the statement around them: a row may
be taken back before the statement that brought it has been counted.
"""

from __future__ import annotations

import pytest
from apoio import Banco

MOV = (
    "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
    " tipo_movimentacao, qtd_movimentacao, ativo) VALUES "
)
SEP = "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao) VALUES "
PRE = (
    "INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario, data_expedicao_editada)"
    " VALUES "
)
PROD = "INSERT INTO programacao_producao (cod_produto, qtd_programada, data_programacao) VALUES "
ITEM = "INSERT INTO embarque_itens (separacao_lote_id, nota_fiscal, status) VALUES "
UNIR = "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo) VALUES "


def linha(cod: str, qtd: int = 10) -> str:
    return f"('{cod}', 'Produto {cod}', '2025-08-06', 'E', {qtd}, true)"


def gatilho(
    banco: Banco, tabela: str, corpo: str, quando: str = "AFTER INSERT", cada: str = "ROW"
) -> None:
    """A trigger of the ERP's."""
    banco.cru(
        f"CREATE FUNCTION erp_{tabela}() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$ BEGIN {corpo}; RETURN NEW; END $$;"
        f"CREATE TRIGGER erp {quando} ON {tabela}"
        f" FOR EACH {cada} EXECUTE FUNCTION erp_{tabela}()"
    )


# --- rows changed again by the statement that brings them -----------------------------------------

MAIUSCULAS = (
    "UPDATE {t} SET cod_produto = upper(cod_produto)"
    " WHERE id = NEW.id AND cod_produto <> upper(cod_produto)"
)
APAGAR = "DELETE FROM {t} WHERE id = NEW.id AND {c} < 100"
INSERCOES = {
    "movimentacao_estoque": (
        "qtd_movimentacao",
        MOV + linha("a"),
        MOV + ", ".join(map(linha, "abAa")),
    ),
    "separacao": (
        "qtd_saldo",
        SEP + "('L1', 'a', 5, '2025-08-07')",
        SEP + "('L1', 'a', 5, '2025-08-07'), ('L2', 'b', 2, '2025-08-08'),"
        " (NULL, 'A', 1, '2025-08-07')",
    ),
    "pre_separacao_item": (
        "qtd_selecionada_usuario",
        PRE + "('a', 5, '2025-08-07')",
        PRE + "('a', 5, '2025-08-07'), ('b', 2, '2025-08-08'), ('A', 1, '2025-08-07')",
    ),
    "programacao_producao": (
        "qtd_programada",
        PROD + "('a', 5, '2025-08-07')",
        PROD + "('a', 5, '2025-08-07'), ('b', 2, '2025-08-08'), ('A', 1, '2025-08-07')",
    ),
}


@pytest.mark.parametrize("antes", ["new", "known", "known as destination", "invoiced"])
@pytest.mark.parametrize("corpo", [MAIUSCULAS, APAGAR], ids=["renames", "deletes"])
@pytest.mark.parametrize("tabela", INSERCOES)
def test_row_is_changed_as_it_comes(banco: Banco, tabela: str, corpo: str, antes: str) -> None:
    coluna, uma, varias = INSERCOES[tabela]
    if antes == "known":
        for cod in "aA":
            banco.mov(cod, 500)
    elif antes == "known as destination":
        banco.unir("A", "Z")
    elif antes == "invoiced":
        banco.item("L1", "NF")
    gatilho(banco, tabela, corpo.format(t=tabela, c=coluna))
    for sql in (uma, uma, varias, varias):
        banco.execute(sql)
    with banco.transacao():
        banco.execute(f"DELETE FROM {tabela}")
        banco.execute(uma)
        banco.execute(varias)
    banco.execute(f"DELETE FROM {tabela}")


@pytest.mark.parametrize(
    ("tabela", "data"),
    [
        ("separacao", "expedicao"),
        ("pre_separacao_item", "data_expedicao_editada"),
        ("programacao_producao", "data_programacao"),
    ],
)
@pytest.mark.parametrize("conhecido", [True, False])
def test_date_is_moved_as_the_row_comes(
    banco: Banco, tabela: str, data: str, conhecido: bool
) -> None:
    """Nothing stays behind on the date that the row had for a moment."""
    if conhecido:
        banco.mov("a", 500)
    gatilho(banco, tabela, f"UPDATE {tabela} SET {data} = {data} + 1 WHERE id = NEW.id")
    for sql in INSERCOES[tabela][1:]:
        banco.execute(sql)
    assert banco.dia(1) not in banco.previsto("a")


def test_quantity_is_changed_by_a_statement_trigger(banco: Banco) -> None:
    gatilho(
        banco,
        "movimentacao_estoque",
        "UPDATE movimentacao_estoque SET qtd_movimentacao = 7 WHERE qtd_movimentacao = 10",
        cada="STATEMENT",
    )
    banco.execute(MOV + linha("a"))
    banco.execute(MOV + f"{linha('a')}, {linha('b')}")
    assert banco.saldo("a") == 14


def test_row_is_changed_before_it_comes(banco: Banco) -> None:
    gatilho(
        banco,
        "separacao",
        "NEW.cod_produto := upper(NEW.cod_produto); NEW.expedicao := NEW.expedicao + 1",
        quando="BEFORE INSERT OR UPDATE",
    )
    for sql in INSERCOES["separacao"][1:]:
        banco.execute(sql)
    banco.execute("UPDATE separacao SET qtd_saldo = qtd_saldo + 1")
    assert banco.produto("a") is None


def test_update_deletes_what_it_updated(banco: Banco) -> None:
    """The row that left one product for another does not reach it."""
    gatilho(
        banco,
        "movimentacao_estoque",
        "DELETE FROM movimentacao_estoque WHERE id = NEW.id AND NOT ativo",
        quando="AFTER UPDATE",
    )
    for cod in "ab":
        banco.mov(cod, 5)
    banco.execute("UPDATE movimentacao_estoque SET cod_produto = 'c', ativo = false")
    assert banco.produto("a") is banco.produto("c") is None
    for cod in "ab":
        banco.mov(cod, 5)
    banco.execute("UPDATE movimentacao_estoque SET ativo = false WHERE cod_produto = 'a'")
    assert banco.produto("a") is None


def test_deleted_row_comes_back(banco: Banco) -> None:
    """A row that may not be deleted is written anew by the ERP, under another code."""
    gatilho(
        banco,
        "movimentacao_estoque",
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo) SELECT v.c, 'Outro', OLD.data_movimentacao,"
        " 'E', OLD.qtd_movimentacao, true FROM (VALUES (OLD.cod_produto), ('x')) AS v (c)"
        " WHERE OLD.qtd_movimentacao > 3",
        quando="AFTER DELETE",
    )
    banco.mov("a", 5)
    banco.execute("DELETE FROM movimentacao_estoque")
    banco.execute("UPDATE movimentacao_estoque SET qtd_movimentacao = 1")
    banco.execute("DELETE FROM movimentacao_estoque")
    assert banco.produto("a") is banco.produto("x") is None


def test_failure_inside_takes_the_marks_back(banco: Banco) -> None:
    """What a sub-transaction of the trigger rolled back is not remembered."""
    gatilho(
        banco,
        "movimentacao_estoque",
        "BEGIN DELETE FROM movimentacao_estoque WHERE id = NEW.id; RAISE 'no';"
        " EXCEPTION WHEN raise_exception THEN NULL; END",
    )
    banco.execute(MOV + linha("a"))
    banco.execute(MOV + f"{linha('a')}, {linha('b')}")
    assert banco.saldo("a") == 20


# --- rows that bring rows of other sources --------------------------------------------------------

ENTRE_FONTES = {
    "a separation closes its pre-separation": (
        "separacao",
        "DELETE FROM pre_separacao_item WHERE cod_produto = NEW.cod_produto",
    ),
    "a separation is shipped and invoiced at once": (
        "separacao",
        ITEM + "(NEW.separacao_lote_id, 'NF', 'ativo')",
    ),
    "a separation takes the invoice back": (
        "separacao",
        "UPDATE embarque_itens SET nota_fiscal = NULL"
        " WHERE separacao_lote_id = NEW.separacao_lote_id",
    ),
    "an invoice removes what it ships": (
        "embarque_itens",
        "DELETE FROM separacao WHERE separacao_lote_id = NEW.separacao_lote_id",
    ),
    "an invoice moves the stock": (
        "embarque_itens",
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " SELECT s.cod_produto, 'Produto', '2025-08-06', 'F', -s.qtd_saldo, true"
        " FROM separacao AS s"
        " WHERE s.separacao_lote_id = NEW.separacao_lote_id",
    ),
    "an invoice brings another separation": (
        "embarque_itens",
        SEP + "(NEW.separacao_lote_id, 'n', 4, '2025-08-09')",
    ),
    "an invoice moves its separations to another lot": (
        "embarque_itens",
        "UPDATE separacao SET separacao_lote_id = 'L9'"
        " WHERE separacao_lote_id = NEW.separacao_lote_id",
    ),
    "an invoice is found wrong": (
        "embarque_itens",
        "UPDATE embarque_itens SET erro_validacao = 'x' WHERE id = NEW.id",
    ),
    "a movement unifies its code": (
        "movimentacao_estoque",
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo) SELECT"
        " NEW.cod_produto, upper(NEW.cod_produto), true WHERE NEW.cod_produto = 'a' AND NOT EXISTS"
        " (SELECT FROM unificacao_codigos AS u WHERE u.codigo_origem = NEW.cod_produto)",
    ),
    "a movement splits its code": ("movimentacao_estoque", "DELETE FROM unificacao_codigos"),
    "a movement recalculates its code": (
        "movimentacao_estoque",
        "PERFORM estoque_recalcular(NEW.cod_produto)",
    ),
    "a movement recalculates everything": (
        "movimentacao_estoque",
        "PERFORM estoque_recalcular_tudo()",
    ),
    "a unification moves its rows": (
        "unificacao_codigos",
        "UPDATE movimentacao_estoque SET cod_produto = NEW.codigo_destino"
        " WHERE cod_produto = NEW.codigo_origem",
    ),
    "a unification removes its rows": (
        "unificacao_codigos",
        "DELETE FROM movimentacao_estoque WHERE cod_produto = NEW.codigo_origem;"
        " DELETE FROM unificacao_codigos WHERE id = NEW.id",
    ),
    "a unification is not to be": (
        "unificacao_codigos",
        "UPDATE unificacao_codigos SET ativo = false WHERE id = NEW.id",
    ),
}


@pytest.mark.parametrize("caso", ENTRE_FONTES)
def test_row_brings_changes_of_other_sources(banco: Banco, caso: str) -> None:
    """Everything the day may bring, with the ERP's trigger in place, new and known codes alike."""
    tabela, corpo = ENTRE_FONTES[caso]
    gatilho(banco, tabela, corpo)
    for sql in (
        PRE + "('a', 5, '2025-08-07'), ('b', 6, '2025-08-08')",
        SEP + "('L1', 'a', 5, '2025-08-07')",
        SEP + "('L1', 'c', 5, '2025-08-07'), ('L2', 'b', 2, '2025-08-08')",
        MOV + linha("a"),
        MOV + f"{linha('a')}, {linha('d')}",
        UNIR + "('d', 'e', true)",
        MOV + linha("d"),
        ITEM + "('L1', 'NF', 'ativo'), ('L2', 'NF', 'ativo')",
        SEP + "('L1', 'a', 5, '2025-08-07'), ('L3', 'f', 1, '2025-08-07')",
        UNIR + "('f', 'g', true)",
        MOV + linha("g"),
        "UPDATE embarque_itens SET status = 'cancelado'",
        "DELETE FROM separacao",
        "DELETE FROM movimentacao_estoque",
        "DELETE FROM unificacao_codigos",
        "DELETE FROM pre_separacao_item",
    ):
        banco.execute(sql)


def test_trigger_that_waits_for_the_commit(banco: Banco) -> None:
    banco.cru(
        "CREATE FUNCTION erp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " DELETE FROM movimentacao_estoque WHERE id = NEW.id AND qtd_movimentacao = 10;"
        " RETURN NEW; END $$;"
        "CREATE CONSTRAINT TRIGGER erp AFTER INSERT ON movimentacao_estoque"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION erp()"
    )
    banco.execute(MOV + linha("a"))
    with banco.transacao():
        banco.execute(MOV + f"{linha('a')}, {linha('b', 3)}")
        banco.execute(SEP + "('L1', 'c', 5, '2025-08-07')")
        assert banco.saldo("a") == 10
    assert banco.produto("a") is None


# --- codes that may be NULL -----------------------------------------------------------------------

QUANTIDADES = {t: c for t, (c, _, _) in INSERCOES.items()}


@pytest.fixture
def com_nulos(banco: Banco) -> Banco:
    """The ERP variant in which no code is mandatory and quantities are floats."""
    for tabela, coluna in QUANTIDADES.items():
        banco.cru(
            f"ALTER TABLE {tabela} ALTER cod_produto DROP NOT NULL,"
            f" ALTER {coluna} TYPE double precision"
        )
    return banco


@pytest.mark.parametrize("tabela", QUANTIDADES)
def test_rows_without_a_code_belong_to_nobody(com_nulos: Banco, tabela: str) -> None:
    banco = com_nulos
    for sql in INSERCOES[tabela][1:]:
        banco.execute(sql)
    banco.execute(f"UPDATE {tabela} SET cod_produto = NULL WHERE cod_produto = 'b'")
    banco.execute(f"UPDATE {tabela} SET cod_produto = NULL")
    assert banco.valor("SELECT count(*) FROM estoque_tempo_real") == 0
    banco.execute("SELECT estoque_recalcular_tudo()")
    for outra in (*QUANTIDADES, "embarque_itens", "unificacao_codigos"):
        if outra != tabela:
            banco.execute(f"TRUNCATE {outra}")
    banco.execute("SELECT estoque_recalcular(NULL)")
    banco.execute(f"UPDATE {tabela} SET cod_produto = 'n', {QUANTIDADES[tabela]} = 4")
    banco.execute(f"DELETE FROM {tabela}")


@pytest.mark.parametrize("valor", ["NaN", "Infinity", "-Infinity", "1e12"])
@pytest.mark.parametrize("tabela", QUANTIDADES)
def test_bad_quantity_without_a_code_is_refused(com_nulos: Banco, tabela: str, valor: str) -> None:
    banco, coluna = com_nulos, QUANTIDADES[tabela]
    for sql in INSERCOES[tabela][1:]:
        banco.execute(sql)
    mudar = f"UPDATE {tabela} SET {coluna} = '{valor}'"
    banco.recusa("EP001", f"{mudar}, cod_produto = NULL")
    banco.recusa("EP001", f"{mudar}, cod_produto = NULL WHERE cod_produto = 'b'")
    banco.execute(f"UPDATE {tabela} SET cod_produto = NULL WHERE cod_produto = 'b'")
    banco.recusa("EP001", mudar)
    banco.recusa("EP001", f"{mudar} WHERE cod_produto IS NULL")


# --- foreign keys between the sources and to the ERP's own tables ---------------------------------


def povoar(banco: Banco) -> None:
    for sql in (
        MOV + f"{linha('a')}, {linha('b')}",
        PRE + "('a', 5, '2025-08-07'), ('b', 6, '2025-08-08'), ('c', 6, '2025-08-08')",
        SEP + "('L1', 'a', 5, '2025-08-07'), ('L1', 'b', 2, '2025-08-08'),"
        " ('L2', 'd', 1, '2025-08-07'), (NULL, 'a', 1, '2025-08-07')",
        PROD + "('a', 5, '2025-08-07'), ('d', 2, '2025-08-08')",
        ITEM + "('L1', 'NF', 'ativo'), ('L2', NULL, 'ativo')",
        UNIR + "('a', 'b', true)",
    ):
        banco.execute(sql)


@pytest.mark.parametrize("ao_excluir", ["CASCADE", "SET NULL"])
@pytest.mark.parametrize("adiada", [False, True])
def test_product_master_with_cascades(com_nulos: Banco, ao_excluir: str, adiada: bool) -> None:
    banco = com_nulos
    banco.cru("CREATE TABLE produto (cod varchar(50) PRIMARY KEY)")
    banco.cru("INSERT INTO produto SELECT unnest('{a,b,c,d,A,B,x,y}'::text[])")
    colunas = [(t, "cod_produto") for t in QUANTIDADES]
    colunas += [("unificacao_codigos", c) for c in ("codigo_origem", "codigo_destino")]
    for tabela, coluna in colunas:
        banco.cru(
            f"ALTER TABLE {tabela} ADD FOREIGN KEY ({coluna}) REFERENCES produto"
            f" ON UPDATE CASCADE ON DELETE {ao_excluir}"
            + (" DEFERRABLE INITIALLY DEFERRED" if adiada else "")
        )
    povoar(banco)
    banco.execute("UPDATE produto SET cod = 'novo' WHERE cod = 'a'")
    banco.execute("UPDATE produto SET cod = cod || '2'")
    banco.execute("DELETE FROM produto WHERE cod IN ('b2', 'd2')")
    banco.execute("INSERT INTO produto VALUES ('z')")
    banco.execute(
        f"WITH i AS ({MOV}{linha('z')}), s AS ({SEP}('L1', 'z', 5, '2025-08-07'))"
        " DELETE FROM produto WHERE cod = 'z'"
    )
    banco.execute("DELETE FROM produto")
    assert banco.valor("SELECT count(*) FROM estoque_tempo_real") == 0


def test_lot_master_with_cascades(banco: Banco) -> None:
    """Renaming or deleting a lot moves its separations and its invoice in one statement."""
    banco.cru("CREATE TABLE lote (lote varchar(50) PRIMARY KEY)")
    banco.cru("INSERT INTO lote SELECT 'L' || n FROM generate_series(1, 9) AS n")
    povoar(banco)
    for tabela in ("separacao", "embarque_itens"):
        banco.cru(
            f"ALTER TABLE {tabela} ADD FOREIGN KEY (separacao_lote_id) REFERENCES lote"
            " ON UPDATE CASCADE ON DELETE CASCADE"
        )
    banco.execute("UPDATE lote SET lote = 'M1' WHERE lote = 'L1'")
    banco.execute("UPDATE lote SET lote = lote || 'x'")
    banco.execute(
        "WITH i AS (UPDATE embarque_itens SET nota_fiscal = 'NF')"
        " DELETE FROM lote WHERE lote = 'M1x'"
    )
    banco.execute("DELETE FROM lote")


@pytest.mark.parametrize("ao_excluir", ["CASCADE", "SET NULL"])
def test_lot_in_one_source_only_goes(banco: Banco, ao_excluir: str) -> None:
    banco.cru("CREATE TABLE lote (lote varchar(50) PRIMARY KEY)")
    banco.cru("INSERT INTO lote VALUES ('L1'), ('L2')")
    povoar(banco)
    banco.cru(
        "ALTER TABLE embarque_itens ADD FOREIGN KEY (separacao_lote_id) REFERENCES lote"
        f" ON UPDATE CASCADE ON DELETE {ao_excluir}"
    )
    banco.execute("UPDATE lote SET lote = 'M1' WHERE lote = 'L1'")  # its separations stay in L1
    banco.execute("UPDATE lote SET lote = 'L1' WHERE lote = 'M1'")
    banco.execute("DELETE FROM lote")


def test_cascades_from_source_to_source(banco: Banco) -> None:
    """A pre-separation takes its separations along, those their items and movements."""
    for filha, mae in (
        ("separacao", "pre_separacao_item"),
        ("embarque_itens", "separacao"),
        ("movimentacao_estoque", "separacao"),
    ):
        banco.cru(f"ALTER TABLE {filha} ADD mae bigint REFERENCES {mae} ON DELETE CASCADE")
    for cod in "ab":
        pre = banco.pre(cod, 5)
        for lote in ("L1", "L2"):
            sep = banco.sep(cod, 2, lote=lote, mae=pre)
            banco.item(lote, "NF" if lote == "L1" else None, mae=sep)
            banco.mov(cod, -2, mae=sep)
    banco.execute("DELETE FROM separacao WHERE cod_produto = 'a' AND separacao_lote_id = 'L1'")
    banco.execute("DELETE FROM pre_separacao_item WHERE cod_produto = 'a'")
    pre = banco.pre("n", 5)
    banco.execute(
        "WITH s AS (INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao,"
        f" mae) VALUES ('L1', 'n', 5, '2025-08-07', {pre}))"
        " DELETE FROM pre_separacao_item"
    )
    assert banco.valor("SELECT count(*) FROM estoque_tempo_real") == 0


# --- queries that write, and recalculate within ---------------------------------------------------

CONSULTAS = {
    "new movement": f"WITH i AS ({MOV}{linha('n')} RETURNING cod_produto)"
    " SELECT estoque_recalcular(cod_produto) FROM i",
    "movements": f"WITH i AS ({MOV}{linha('a')}, {linha('a')}, {linha('n')} RETURNING cod_produto)"
    " SELECT estoque_recalcular(cod_produto) FROM i",
    "movements and everything": f"WITH i AS ({MOV}{linha('a')}, {linha('n')} RETURNING 1)"
    " SELECT (SELECT count(*) FROM i), estoque_recalcular_tudo()",
    "separation": f"WITH i AS ({SEP}('L1', 'a', 5, '2025-08-07'), ('L3', 'n', 1, '2025-08-07')"
    " RETURNING cod_produto) SELECT estoque_recalcular(cod_produto) FROM i",
    "separation and its invoice": f"WITH s AS ({SEP}('L3', 'a', 5, '2025-08-07'),"
    f" ('L3', 'n', 1, '2025-08-07') RETURNING cod_produto), i AS ({ITEM}('L3', 'NF', 'ativo')"
    " RETURNING 1) SELECT estoque_recalcular(cod_produto) FROM s, i",
    "invoice": f"WITH i AS ({ITEM}('L2', 'NF', 'ativo') RETURNING 1)"
    " SELECT estoque_recalcular('d') FROM i",
    "invoice taken back": "WITH i AS (UPDATE embarque_itens SET status = 'cancelado' RETURNING 1)"
    " SELECT estoque_recalcular('b'), estoque_recalcular_tudo() FROM i",
    "last mention": "WITH d AS (DELETE FROM pre_separacao_item RETURNING cod_produto)"
    " SELECT estoque_recalcular(cod_produto) FROM d",
    "unification": f"WITH u AS ({UNIR}('c', 'n', true) RETURNING 1)"
    " SELECT estoque_recalcular('c'), estoque_recalcular('n') FROM u",
    "split": "WITH u AS (UPDATE unificacao_codigos SET ativo = false RETURNING 1),"
    f" i AS ({MOV}{linha('a')} RETURNING 1)"
    " SELECT estoque_recalcular('a') FROM u, i",
    "conversion": "WITH d AS (DELETE FROM pre_separacao_item RETURNING cod_produto),"
    f" s AS ({SEP}('L1', 'c', 6, '2025-08-08'), ('L9', 'a', 5, '2025-08-07') RETURNING cod_produto)"
    " SELECT estoque_recalcular(d.cod_produto), estoque_recalcular(s.cod_produto) FROM d, s",
    "dates and codes": "WITH u AS (UPDATE separacao SET expedicao = expedicao + 1,"
    " cod_produto = 'n' RETURNING cod_produto), v AS (UPDATE programacao_producao"
    " SET qtd_programada = 1 RETURNING cod_produto)"
    " SELECT estoque_recalcular(u.cod_produto), estoque_recalcular(v.cod_produto) FROM u, v",
    "day": f"WITH i AS ({SEP}('L9', 'a', 5, '2025-08-07') RETURNING 1)"
    " SELECT estoque_virada() FROM i",
}


@pytest.mark.parametrize("caso", CONSULTAS)
def test_query_that_recalculates_what_it_writes(banco: Banco, caso: str) -> None:
    """The rebuild sees rows that no trigger has counted yet; they must not count twice."""
    povoar(banco)
    with banco.transacao(desfazer=True):
        banco.execute(CONSULTAS[caso])
    banco.execute(CONSULTAS[caso])
    with banco.transacao():
        banco.execute(MOV + linha("a"))
        banco.execute(SEP + "('L1', 'n', 5, '2025-08-07')")


FUNCAO = {
    "deletes": "DELETE FROM {t} WHERE id = p_id",
    "renames": "UPDATE {t} SET cod_produto = 'outro' WHERE id = p_id",
    "deletes and recalculates": "DELETE FROM {t} WHERE id = p_id; PERFORM estoque_recalcular('a')",
    "deletes and recalculates everything": "DELETE FROM {t} WHERE id = p_id;"
    " PERFORM estoque_recalcular_tudo()",
    "deletes and turns the day": "DELETE FROM {t} WHERE id = p_id; PERFORM estoque_virada()",
}


@pytest.mark.parametrize("conhecido", [True, False])
@pytest.mark.parametrize("tabela", INSERCOES)
@pytest.mark.parametrize("caso", FUNCAO)
def test_function_takes_back_what_the_query_around_it_wrote(
    banco: Banco, caso: str, tabela: str, conhecido: bool
) -> None:
    """A function in a query writes, and fires triggers, before the query's own triggers fire."""
    if conhecido:
        banco.pre("a", 50, 3)
    banco.cru(
        "CREATE FUNCTION erp(p_id bigint) RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
        f" {FUNCAO[caso].format(t=tabela)}; RETURN 1; END $$"
    )
    for sql in INSERCOES[tabela][1:]:
        banco.execute(f"WITH i AS ({sql} RETURNING id) SELECT erp(id) FROM i")
    with banco.transacao():
        for sql in INSERCOES[tabela][1:]:
            banco.execute(sql)
            banco.execute(f"WITH i AS ({sql} RETURNING id) SELECT erp(id) FROM i")
