"""The sources as an ERP may have them: variants, later changes, what does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as Dec

import psycopg
import pytest
from apoio import Banco, com_as_demais
from conftest import Servico
from oraculo import FONTES

from estoque_pg.erros import FonteIncompativel, QuantidadeInvalida, UnificacaoInvalida
from estoque_pg.migracoes import instalar

# The ERP's own tables: more columns, other widths and types, no CHECKs, no foreign keys, columns
# in another order, serial keys, integer codes in the unification.
ERP = com_as_demais("""
CREATE TABLE movimentacao_estoque (
    extra1 jsonb, id serial PRIMARY KEY, ativo boolean, cod_produto varchar(50) NOT NULL,
    nome_produto varchar(200) NOT NULL, data_movimentacao timestamp NOT NULL,
    tipo_movimentacao varchar(50) NOT NULL, local_movimentacao varchar(50),
    qtd_movimentacao double precision NOT NULL, observacao text, criado_em timestamptz,
    criado_por varchar(100), peso numeric
);
CREATE TABLE pre_separacao_item (
    id serial PRIMARY KEY, separacao_lote_id varchar(50), num_pedido varchar(50),
    cod_produto varchar(50) NOT NULL, nome_produto varchar(255),
    qtd_original_carteira numeric(15,3), qtd_selecionada_usuario integer,
    data_expedicao_editada timestamp, status varchar(20), recomposto boolean, tipo_envio varchar(10)
);
CREATE TABLE separacao (
    id serial PRIMARY KEY, separacao_lote_id varchar(50), num_pedido varchar(50),
    cod_produto varchar(50), nome_produto varchar(255), qtd_saldo numeric(18,6), valor_saldo float,
    expedicao timestamp, agendamento date, tipo_envio varchar(10), criado_em timestamp
);
CREATE TABLE programacao_producao (
    id serial PRIMARY KEY, data_programacao date NOT NULL, cod_produto varchar(50) NOT NULL,
    nome_produto varchar(255), qtd_programada bigint NOT NULL, linha_producao varchar(50)
);
CREATE TABLE embarque_itens (
    id serial PRIMARY KEY, embarque_id integer NOT NULL, separacao_lote_id varchar(50),
    pedido varchar(50) , nota_fiscal varchar(20), status varchar(20) NOT NULL DEFAULT 'ativo',
    erro_validacao varchar(500), peso float
);
CREATE TABLE unificacao_codigos (
    id serial PRIMARY KEY, codigo_origem integer NOT NULL, codigo_destino integer NOT NULL,
    ativo boolean, observacao text, created_at timestamp
);
""")
DADOS = """
INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,
    qtd_movimentacao, ativo) VALUES
    ('123', 'Cento e vinte e três', now(), 'E', 10.0005, true),
    ('456', 'Outro', now(), 'E', -3.3333, true), ('0123', 'Zero à frente', now(), 'E', 7, true),
    ('456', 'Inativo', now(), 'E', 1000, NULL);
INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario, data_expedicao_editada)
    VALUES ('123', 3, '2025-08-07 23:59:59'), ('789', NULL, NULL);
INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao) VALUES
    ('L1', '123', 2.0005, '2025-08-08 00:00:00'), ('L1', NULL, 5, '2025-08-08'),
    ('L2', '456', 1.0004, '2025-08-08 12:00'), (NULL, '456', NULL, NULL);
INSERT INTO programacao_producao (cod_produto, qtd_programada, data_programacao)
    VALUES ('456', 40, '2025-08-09'), ('456', -1, '2025-08-09');
INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal) VALUES (1, 'L1', 'NF');
INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)
    VALUES (123, 456, true), (456, 999, NULL);
"""


@pytest.fixture
def erp(vazio: str) -> Iterator[Banco]:
    """A database with the ERP's variant and data in it, the package installed on top."""
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute(ERP)
        conn.execute(DADOS)
    instalar(vazio, None)
    banco = Banco(vazio)
    yield banco
    banco.fechar()


def test_install_adopts_tables_and_their_data(erp: Banco) -> None:
    erp.verificar()
    assert erp.saldo("456") == Dec("6.668")
    assert erp.saldo("0123") == 7
    assert erp.previsto("456") == {
        erp.dia(1): (0, 3),
        erp.dia(2): (0, Dec("1.000")),
        erp.dia(3): (40, 0),
    }


def test_every_kind_of_write_on_the_erps_variant(erp: Banco) -> None:
    erp.mov("123", 0.1 + 0.2, data_movimentacao="2025-01-01 10:00")
    erp.execute("UPDATE movimentacao_estoque SET ativo = true")
    erp.sep("789", Dec("1.000500"), 1, "L1")
    erp.pre("789", 4, 1)
    erp.prod("789", 11, 2)
    erp.execute("UPDATE separacao SET expedicao = '2025-08-10 23:59:59.999', cod_produto = '456'")
    erp.execute("UPDATE embarque_itens SET erro_validacao = 'x'")
    erp.unir("789", "456")
    erp.execute("UPDATE unificacao_codigos SET ativo = false WHERE codigo_origem = 123")
    erp.recusa(
        "EP002", "UPDATE unificacao_codigos SET ativo = true, codigo_destino = codigo_origem"
    )
    erp.recusa("EP001", "UPDATE movimentacao_estoque SET qtd_movimentacao = 'Infinity'")
    erp.recusa("EP001", "UPDATE separacao SET qtd_saldo = 'NaN'")
    erp.recusa("EP001", "UPDATE programacao_producao SET qtd_programada = 9000000000000000000")
    erp.execute("DELETE FROM programacao_producao")
    erp.execute("TRUNCATE movimentacao_estoque, unificacao_codigos")
    for dia in (1, 3, 30):
        erp.ir_para(dia)


def test_integer_codes_are_the_text_they_print(erp: Banco) -> None:
    """'0123' and '123' are two codes, although 0123 and 123 are one integer."""
    assert erp.valor("SELECT estoque_codigo('123')") == "456"
    assert erp.valor("SELECT estoque_codigo('0123')") == "0123"


def test_integer_codes_and_negative_or_large_ones(erp: Banco) -> None:
    erp.unir("-5", "2147483647")
    assert erp.valor("SELECT estoque_codigo('-5')") == "2147483647"


@pytest.mark.parametrize(
    ("tipo", "valor", "certo"),
    [
        ("double precision", "2.00049999999999994", "2.001"),
        ("numeric", "2.00049999999999994", "2.000"),
        ("numeric", "1.00050", "1.001"),
        ("integer", "7", "7"),
        ("bigint", "7", "7"),
        ("smallint", "7", "7"),
        ("numeric(15,3)", "1.0005", "1.001"),
    ],
)
def test_quantity_types(vazio: str, tipo: str, valor: str, certo: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute(
            f"CREATE TABLE separacao (id int PRIMARY KEY, separacao_lote_id text,"
            f" cod_produto text, nome_produto text, qtd_saldo {tipo}, expedicao date);"
            f"CREATE TABLE movimentacao_estoque (id int PRIMARY KEY, cod_produto text,"
            f" nome_produto text, qtd_movimentacao {tipo}, ativo boolean, data_movimentacao date);"
            f"INSERT INTO separacao VALUES (1, 'L', 'P1', NULL, {valor}, '2025-08-07');"
        )
    instalar(vazio, None)
    banco = Banco(vazio)
    try:
        banco.verificar()
        assert banco.previsto("P1") == {banco.dia(1): (0, Dec(certo))}
        banco.execute(f"INSERT INTO movimentacao_estoque VALUES (1, 'P1', NULL, {valor}, true)")
        banco.execute("INSERT INTO movimentacao_estoque VALUES (2, 'P1', 'N', NULL, true)")
        assert banco.saldo("P1") == Dec(certo)  # a NULL quantity of a movement counts as zero
        banco.execute("UPDATE movimentacao_estoque SET ativo = NULL WHERE id = 1")
        assert banco.saldo("P1") == 0
    finally:
        banco.fechar()


def test_nulls_everywhere(vazio: str) -> None:
    """NULLs in every column but the key."""
    with psycopg.connect(vazio, autocommit=True) as conn:
        instalar(vazio, None)
        for tabela in FONTES:
            colunas = conn.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND attnotnull AND attname <> 'id'",
                [tabela],
            ).fetchall()
            for (coluna,) in colunas:
                conn.execute(f"ALTER TABLE {tabela} ALTER {coluna} DROP NOT NULL")
    banco = Banco(vazio)
    try:
        for tabela in FONTES:
            banco.execute(f"INSERT INTO {tabela} (id) VALUES (900), (901)")
        banco.execute("UPDATE movimentacao_estoque SET cod_produto = 'P1' WHERE id = 900")
        banco.execute("UPDATE movimentacao_estoque SET ativo = true")
        banco.execute("UPDATE movimentacao_estoque SET qtd_movimentacao = 4")
        assert banco.saldo("P1") == 4
        banco.execute("UPDATE pre_separacao_item SET cod_produto = 'P1'")
        banco.execute("UPDATE pre_separacao_item SET data_expedicao_editada = %s", [banco.D])
        banco.execute("UPDATE pre_separacao_item SET qtd_selecionada_usuario = 1 WHERE id = 901")
        banco.execute("UPDATE separacao SET qtd_saldo = 1")
        banco.execute("UPDATE embarque_itens SET status = 'ativo', nota_fiscal = 'NF'")
        banco.execute("UPDATE unificacao_codigos SET ativo = true")
        banco.execute("UPDATE unificacao_codigos SET codigo_origem = 'P1'")
        banco.execute("UPDATE unificacao_codigos SET codigo_destino = 'P2' WHERE id = 900")
        for tabela in FONTES:
            banco.execute(f"DELETE FROM {tabela}")
    finally:
        banco.fechar()


# --- columns come and go ----------------------------------------------------------------------


def test_columns_added_to_and_dropped_from_the_sources(banco: Banco) -> None:
    """Those we don't use, before and after ours, without breaking a trigger."""
    conn2 = banco.conectar()  # a session with warm plans

    def usar(n: int) -> None:
        for conn in (conn2, banco.conn):
            conn.execute(
                "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
                " tipo_movimentacao, qtd_movimentacao, ativo)"
                " VALUES ('P1', 'N', '2025-08-06', 'E', %s, true)",
                [n],
            )
            conn.execute(
                "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
                " VALUES ('L1', 'P1', 1, '2025-08-07')"
            )
            conn.execute("UPDATE separacao SET qtd_saldo = qtd_saldo + 1")
            conn.execute("UPDATE movimentacao_estoque SET qtd_movimentacao = qtd_movimentacao + 1")
            conn.execute(
                "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal, status)"
                " VALUES (1, 'L1', 'NF', 'ativo')"
            )
            conn.execute("DELETE FROM embarque_itens")
            conn.execute(
                "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
                " VALUES ('P1', 'P2', true)"
            )
            conn.execute("DELETE FROM unificacao_codigos")
            banco.verificar()

    usar(1)
    for tabela in FONTES:
        banco.cru(f"ALTER TABLE {tabela} ADD COLUMN nova text DEFAULT 'x', ADD COLUMN outra jsonb")
    usar(2)
    for tabela, coluna in (
        ("movimentacao_estoque", "local_movimentacao"),
        ("movimentacao_estoque", "observacao"),
        ("movimentacao_estoque", "separacao_lote_id"),
        ("movimentacao_estoque", "numero_nf"),
        ("separacao", "num_pedido"),
        ("separacao", "tipo_envio"),
        ("pre_separacao_item", "num_pedido"),
        ("pre_separacao_item", "separacao_lote_id"),
        ("pre_separacao_item", "recomposto"),
        ("programacao_producao", "linha_producao"),
        ("embarque_itens", "pedido"),
        ("unificacao_codigos", "observacao"),
        *((t, "nova") for t in FONTES),
    ):
        banco.cru(f"ALTER TABLE {tabela} DROP COLUMN {coluna}")
    usar(3)


def test_widened_columns(banco: Banco) -> None:
    banco.mov("P1", 1)
    banco.cru("ALTER TABLE separacao ALTER cod_produto TYPE text, ALTER qtd_saldo TYPE numeric")
    banco.cru("ALTER TABLE movimentacao_estoque ALTER nome_produto TYPE varchar(500)")
    banco.sep("P1", Dec("1.0005"))
    banco.mov("P1", 2, nome_produto="x" * 400)
    banco.execute("UPDATE separacao SET qtd_saldo = 3")


def test_sources_belong_to_the_erp(servico: Servico, erp: Banco) -> None:
    """No column is ever added to them, no row rewritten."""
    intocado = servico.criar()
    contar = (
        "SELECT attrelid::regclass::text, count(*) FROM pg_attribute WHERE attrelid ="
        " ANY (%s::regclass[]) AND attnum > 0 GROUP BY 1"
    )
    with psycopg.connect(servico.dsn(intocado)) as conn:
        conn.execute(ERP)
        esperado: dict[str, int] = dict(conn.execute(contar, [list(FONTES)]).fetchall())
    servico.remover(intocado)
    assert esperado["movimentacao_estoque"] == 13
    assert dict(erp.conn.execute(contar, [list(FONTES)]).fetchall()) == esperado
    assert erp.valor("SELECT bool_and(xmax = 0) FROM movimentacao_estoque")


def test_partitioned_movements(vazio: str) -> None:
    """A big ledger may be partitioned by date; its key then holds the date, too."""
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute(
            "CREATE TABLE movimentacao_estoque (id bigint GENERATED BY DEFAULT AS IDENTITY,"
            " cod_produto varchar(50) NOT NULL, nome_produto varchar(200) NOT NULL,"
            " data_movimentacao date NOT NULL, tipo_movimentacao varchar(50) NOT NULL,"
            " qtd_movimentacao numeric(15,3) NOT NULL, ativo boolean,"
            " PRIMARY KEY (id, data_movimentacao)) PARTITION BY RANGE (data_movimentacao);"
            "CREATE TABLE mov_2024 PARTITION OF movimentacao_estoque"
            " FOR VALUES FROM (MINVALUE) TO ('2025-01-01');"
            "CREATE TABLE mov_2025 PARTITION OF movimentacao_estoque"
            " FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)"
        )
    instalar(vazio, None)
    banco = Banco(vazio)
    try:
        banco.mov("P1", 5)
        banco.mov("P1", 6, data_movimentacao="2024-02-02")
        banco.execute("UPDATE movimentacao_estoque SET data_movimentacao = '2024-03-03'")
        banco.execute("UPDATE movimentacao_estoque SET qtd_movimentacao = 9")
        assert banco.saldo("P1") == 18
        banco.execute("DELETE FROM movimentacao_estoque")
    finally:
        banco.fechar()


# --- what does not fit ------------------------------------------------------------------------


def objetos(dsn: str) -> list[tuple[str, ...]]:
    with psycopg.connect(dsn) as conn:
        return conn.execute(
            "SELECT 'class', relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " UNION ALL SELECT 'proc', proname FROM pg_proc"
            " WHERE pronamespace = 'public'::regnamespace"
            " UNION ALL SELECT 'type', typname FROM pg_type"
            " WHERE typnamespace = 'public'::regnamespace"
            " UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal"
            " UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE nspname !~ '^pg_'"
            " ORDER BY 1, 2"
        ).fetchall()


def test_all_misfits_are_listed_at_once_and_nothing_is_left_behind(vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute(
            "CREATE TABLE movimentacao_estoque (id int PRIMARY KEY, cod_produto text,"
            " nome_produto text, qtd_movimentacao text, ativo integer);"
            "CREATE TABLE separacao (id int PRIMARY KEY, cod_produto text, nome_produto text,"
            " qtd_saldo numeric, expedicao text);"
            "CREATE TABLE unificacao_codigos (codigo_origem numeric, codigo_destino text,"
            " ativo bool);"
            "CREATE VIEW embarque_itens AS SELECT 1 AS id"
        )
    antes = objetos(vazio)
    with pytest.raises(FonteIncompativel) as erro:
        instalar(vazio, None)
    texto = f"{erro.value.mensagem} {erro.value.detalhe}"
    for misfit in (
        "movimentacao_estoque.qtd_movimentacao",
        "movimentacao_estoque.ativo",
        "separacao.separacao_lote_id",
        "separacao.expedicao",
        "unificacao_codigos.codigo_origem",
        "embarque_itens",
    ):
        assert misfit in texto
    assert "separacao.qtd_saldo" not in texto
    assert erro.value.sqlstate == "EP003"
    assert erro.value.dica
    assert objetos(vazio) == antes


def test_misfit_in_a_named_schema_leaves_not_even_the_schema_objects(vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA loja; CREATE TABLE loja.separacao (id int)")
    antes = objetos(vazio)
    with pytest.raises(FonteIncompativel):
        instalar(vazio, "loja")
    assert objetos(vazio) == antes


@pytest.mark.parametrize(
    ("dado", "classe"),
    [
        (
            "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
            " tipo_movimentacao, qtd_movimentacao, ativo) VALUES ('1','N',now(),'E','NaN',true)",
            QuantidadeInvalida,
        ),
        (
            "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
            " VALUES (1, 2, true), (2, 1, true)",
            UnificacaoInvalida,
        ),
        (
            "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
            " VALUES (1, 2, true), (1, 3, true)",
            UnificacaoInvalida,
        ),
    ],
)
def test_bad_data_already_there_stops_the_install(
    vazio: str, dado: str, classe: type[Exception]
) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute(ERP)
        conn.execute(dado)
    antes = objetos(vazio)
    with pytest.raises(classe):
        instalar(vazio, None)
    assert objetos(vazio) == antes


def test_install_by_an_ordinary_owner(servico: Servico, vazio: str) -> None:
    """No superuser needed: the owner of the schema and of the tables is enough."""
    with psycopg.connect(vazio, autocommit=True) as conn:
        papel = f"dono_{conn.info.dbname}"
        conn.execute(f"CREATE ROLE {papel} LOGIN; GRANT ALL ON SCHEMA public TO {papel}")
        conn.execute(f"SET ROLE {papel}")
        conn.execute(ERP)
        conn.execute(DADOS)
        conn.execute("RESET ROLE")
        dsn = psycopg.conninfo.make_conninfo(vazio, user=papel)
        instalar(dsn, None)
        banco = Banco(dsn)
        try:
            banco.mov("123", 5.5)
            banco.item("L2", "NF2")
        finally:
            banco.fechar()
        conn.execute(f"DROP OWNED BY {papel} CASCADE; DROP ROLE {papel}")
