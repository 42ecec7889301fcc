"""Installing over an ERP that lives: its variants, its sins, and its writers meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal as Dec

import psycopg
import pytest
from apoio import Banco, com_as_demais
from conftest import Servico
from psycopg.conninfo import make_conninfo
from test_fontes import DADOS, ERP, objetos

from estoque_pg import migracoes
from estoque_pg.erros import (
    ErroEstoque,
    FonteIncompativel,
    QuantidadeInvalida,
    UnificacaoInvalida,
)
from estoque_pg.migracoes import desfazer, instalar
from estoque_pg.situacao import situacao

MINIMA = com_as_demais("""
CREATE TABLE movimentacao_estoque (id serial PRIMARY KEY, cod_produto varchar(20),
    nome_produto varchar(80), qtd_movimentacao float8, ativo boolean, data_movimentacao timestamp);
CREATE TABLE pre_separacao_item (id serial PRIMARY KEY, cod_produto varchar(20),
    nome_produto text, qtd_selecionada_usuario int, data_expedicao_editada timestamp,
    status varchar(20));
CREATE TABLE separacao (id serial PRIMARY KEY, separacao_lote_id varchar(20),
    cod_produto varchar(20), nome_produto text, qtd_saldo float8, expedicao timestamp);
CREATE TABLE programacao_producao (id serial PRIMARY KEY, cod_produto varchar(20),
    data_programacao timestamp, qtd_programada float8);
CREATE TABLE embarque_itens (separacao_lote_id varchar(20), nota_fiscal varchar(20),
    status varchar(20), erro_validacao varchar(500));
CREATE TABLE unificacao_codigos (codigo_origem integer, codigo_destino integer, ativo boolean);
""")
PARTICIONADA = """
CREATE TABLE movimentacao_estoque (id bigserial,
    cod_produto varchar(50) NOT NULL, nome_produto varchar(200) NOT NULL,
    data_movimentacao date NOT NULL, tipo_movimentacao varchar(50) NOT NULL,
    qtd_movimentacao numeric(15,3), ativo boolean,
    PRIMARY KEY (id, data_movimentacao, cod_produto)) PARTITION BY RANGE (data_movimentacao);
CREATE TABLE mov_2024 PARTITION OF movimentacao_estoque
    FOR VALUES FROM (MINVALUE) TO ('2025-01-01');
CREATE TABLE mov_2025 PARTITION OF movimentacao_estoque
    FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (cod_produto);
CREATE TABLE mov_2025_p1 PARTITION OF mov_2025 FOR VALUES IN ('P1');
CREATE TABLE mov_2025_outros PARTITION OF mov_2025 DEFAULT;
"""
MOVER = (
    "INSERT INTO {} (cod_produto, nome_produto, data_movimentacao, tipo_movimentacao,"
    " qtd_movimentacao, ativo) VALUES ('{}', 'N', '{}', 'E', {}, true)"
)


def preparar(dsn: str, *comandos: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        for comando in comandos:
            conn.execute(comando)


@pytest.fixture
def adotar(vazio: str) -> Iterator[Callable[..., Banco]]:
    """Makes the ERP's tables, installs over them, and checks the invariant."""
    bancos = []

    def fazer(*comandos: str, tolerante: bool = False) -> Banco:
        preparar(vazio, *comandos)
        instalar(vazio, None, tolerante=tolerante)
        bancos.append(Banco(vazio))
        bancos[-1].verificar()
        return bancos[-1]

    yield fazer
    for banco in bancos:
        banco.fechar()


# --- variants ---------------------------------------------------------------------------------


def test_optional_columns_may_be_absent(adotar: Callable[..., Banco]) -> None:
    banco = adotar(
        MINIMA,
        "INSERT INTO programacao_producao (cod_produto, data_programacao, qtd_programada)"
        " VALUES ('10', '2025-08-07 12:00', 5.5), ('30', '2025-08-07', 1)",
        "INSERT INTO unificacao_codigos VALUES (10, 20, true)",
    )
    assert banco.previsto("20") == {banco.dia(1): (Dec("5.5"), 0)}
    banco.prod("20", 2, 2)
    banco.execute("UPDATE programacao_producao SET qtd_programada = qtd_programada + 1")
    banco.execute("INSERT INTO movimentacao_estoque VALUES (1, '20', 'Vinte', 0.1, true)")
    banco.execute("INSERT INTO separacao VALUES (1, 'L', '10', NULL, 0.2, '2025-08-07')")
    banco.execute("INSERT INTO embarque_itens VALUES ('L', 'NF', 'ativo', NULL)")
    banco.execute("INSERT INTO pre_separacao_item VALUES (1, '30', NULL, 7, '2025-08-07', NULL)")
    banco.execute("DELETE FROM programacao_producao WHERE cod_produto = '10'")
    banco.execute("UPDATE unificacao_codigos SET codigo_destino = 30")
    banco.execute("TRUNCATE programacao_producao")


def test_columns_of_other_collations(adotar: Callable[..., Banco]) -> None:
    banco = adotar(
        MINIMA.replace("cod_produto varchar(20)", 'cod_produto varchar(20) COLLATE "C"', 1).replace(
            "codigo_origem integer, codigo_destino integer",
            'codigo_origem text COLLATE "POSIX", codigo_destino text COLLATE "C"',
        )
    )
    banco.execute("INSERT INTO movimentacao_estoque VALUES (1, '10', 'N', 5, true)")
    banco.sep("10", 2, lote="L")
    banco.execute("INSERT INTO embarque_itens VALUES ('L', 'NF', 'ativo', NULL)")
    banco.execute("INSERT INTO unificacao_codigos VALUES ('10', '20', true)")
    banco.recusa("EP002", "INSERT INTO unificacao_codigos VALUES ('20', '10', true)")
    banco.execute("UPDATE unificacao_codigos SET codigo_destino = '30'")
    assert banco.saldo("30") == 5


@pytest.mark.parametrize(
    ("antes", "depois", "texto"),
    [
        (
            "cod_produto varchar(20)",
            "cod_produto varchar(20) COLLATE sem_caixa",
            "movimentacao_estoque.cod_produto has the nondeterministic collation sem_caixa",
        ),
        (
            "codigo_origem integer",
            "codigo_origem text COLLATE sem_caixa",
            "unificacao_codigos.codigo_origem has the nondeterministic collation sem_caixa",
        ),
        (
            "(separacao_lote_id varchar(20), nota",
            '(separacao_lote_id varchar(20) COLLATE "C", nota',
            "embarque_itens.separacao_lote_id, separacao.separacao_lote_id have different"
            ' collations: "C", "POSIX"',
        ),
    ],
)
def test_collations_that_cannot_be_compared(
    vazio: str, antes: str, depois: str, texto: str
) -> None:
    """Two codes would be one, or every invoice of the ERP would end in an error."""
    tabelas = MINIMA.replace(antes, depois, 1).replace(
        ", separacao_lote_id varchar(20)", ', separacao_lote_id varchar(20) COLLATE "POSIX"'
    )
    erro = recusada(
        vazio,
        FonteIncompativel,
        "CREATE COLLATION sem_caixa (provider = icu, locale = 'und-u-ks-level2',"
        " deterministic = false)",
        tabelas,
    )
    assert erro.detalhe == texto


def test_triggers_of_the_erp_stay_and_both_work(adotar: Callable[..., Banco]) -> None:
    banco = adotar(
        MINIMA,
        "CREATE FUNCTION dobrar() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.qtd_movimentacao := NEW.qtd_movimentacao * 2; RETURN NEW; END $$",
        "CREATE TRIGGER do_erp BEFORE INSERT ON movimentacao_estoque"
        " FOR EACH ROW EXECUTE FUNCTION dobrar()",
    )
    banco.execute("INSERT INTO movimentacao_estoque VALUES (1, 'P1', 'N', 5, true)")
    assert banco.saldo("P1") == 10


def test_partitions_count_however_they_are_written(adotar: Callable[..., Banco]) -> None:
    """A statement on a partition does not fire the triggers of its parent."""
    banco = adotar(PARTICIONADA, MOVER.format("mov_2024", "P0", "2024-05-05", 3))
    banco.mov("P1", 5)
    banco.execute(MOVER.format("mov_2024", "P1", "2024-02-02", 6))
    banco.execute(MOVER.format("mov_2025", "P1", "2025-02-02", 7))
    banco.execute(MOVER.format("mov_2025_p1", "P1", "2025-02-02", 8))
    assert banco.saldo("P1") == 26
    banco.copiar(
        "mov_2025_outros",
        "cod_produto, nome_produto, data_movimentacao, tipo_movimentacao, qtd_movimentacao, ativo",
        [(f"P{n % 3}2", "N", date(2025, 1, 1 + n), "E", n, True) for n in range(20)],
    )
    banco.execute("UPDATE mov_2025_p1 SET qtd_movimentacao = 1")
    banco.execute("UPDATE movimentacao_estoque SET data_movimentacao = '2024-12-31'")
    banco.execute("UPDATE mov_2024 SET qtd_movimentacao = 2 WHERE cod_produto = 'P1'")
    banco.execute("DELETE FROM mov_2024 WHERE cod_produto = 'P02'")
    banco.execute(MOVER.format("movimentacao_estoque", "P1", "2025-02-02", 8))
    banco.recusa("EP001", MOVER.format("mov_2025_p1", "P1", "2025-03-03", "'NaN'"))
    banco.execute("TRUNCATE mov_2024")
    assert banco.saldo("P1") == 8
    banco.execute("TRUNCATE movimentacao_estoque")


def test_a_partition_made_later_is_watched_when_asked_to(adotar: Callable[..., Banco]) -> None:
    banco = adotar(PARTICIONADA)
    banco.mov("P1", 5)
    banco.cru(
        "CREATE TABLE mov_2026 PARTITION OF movimentacao_estoque"
        " FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)"
    )
    banco.execute(MOVER.format("movimentacao_estoque", "P1", "2026-01-01", 1))
    assert {
        (r["tabela"], r["estado"])
        for r in banco.cru("SELECT tabela, estado FROM estoque_gatilhos() WHERE estado <> 'ok'")
    } == {("mov_2026", "missing")}
    banco.cru(MOVER.format("mov_2026", "P1", "2026-01-01", 10))  # past every trigger
    banco.cru(MOVER.format("mov_2026", "P9", "2026-01-01", 10))
    assert banco.valor("SELECT count(*) FROM estoque_minuto()") == 1  # the job sees to it
    banco.verificar()
    assert (banco.saldo("P1"), banco.saldo("P9")) == (16, 10)
    banco.execute(MOVER.format("mov_2026", "P1", "2026-01-01", 100))
    assert banco.valor("SELECT estoque_vigiar()") == 0


def test_a_partition_that_was_detached_counts_no_more(adotar: Callable[..., Banco]) -> None:
    """It keeps its triggers, which say so until they are taken off; then it concerns nobody."""
    banco = adotar(PARTICIONADA, MOVER.format("mov_2024", "P1", "2024-05-05", 3))
    banco.mov("P1", 5)
    banco.cru("ALTER TABLE movimentacao_estoque DETACH PARTITION mov_2024")
    banco.cru("SELECT estoque_recalcular_tudo()")
    for escrita in (
        MOVER.format("mov_2024", "P1", "2024-06-06", 100),
        "UPDATE mov_2024 SET qtd_movimentacao = qtd_movimentacao + 1",
        "DELETE FROM mov_2024",
        "TRUNCATE mov_2024",
    ):
        erro = banco.recusa("EP007", escrita)
        assert "mov_2024" in str(erro.diag.message_primary)
        assert "DROP TRIGGER estoque_inserir ON mov_2024;" in str(erro.diag.message_hint)
    assert banco.valor("SELECT estoque_vigiar()") == 4
    banco.execute(MOVER.format("mov_2024", "P1", "2024-06-06", 100))
    banco.execute("UPDATE mov_2024 SET qtd_movimentacao = qtd_movimentacao + 1")
    banco.execute("DELETE FROM mov_2024 WHERE qtd_movimentacao > 50")
    banco.execute("TRUNCATE mov_2024")
    assert banco.saldo("P1") == 5
    banco.execute(MOVER.format("mov_2025_p1", "P1", "2025-06-06", 100))
    banco.cru("ALTER TABLE movimentacao_estoque DETACH PARTITION mov_2025")
    banco.cru("SELECT estoque_recalcular_tudo()")
    banco.recusa("EP007", MOVER.format("mov_2025_p1", "P1", "2025-07-07", 100))
    banco.cru("SELECT estoque_vigiar()")
    banco.execute(MOVER.format("mov_2025_p1", "P1", "2025-07-07", 100))
    assert banco.produto("P1") is None
    banco.execute(
        "ALTER TABLE movimentacao_estoque ATTACH PARTITION mov_2025"
        " FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); SELECT estoque_vigiar()"
    )
    banco.execute(MOVER.format("mov_2025_p1", "P1", "2025-06-08", 100))
    assert banco.saldo("P1") == 305


def test_a_source_that_was_replaced_counts_no_more(banco: Banco) -> None:
    banco.mov("P1", 5)
    banco.cru("ALTER TABLE movimentacao_estoque RENAME TO arquivo")
    banco.cru("CREATE TABLE movimentacao_estoque (LIKE arquivo INCLUDING IDENTITY)")
    with pytest.raises(psycopg.Error, match="table arquivo of schema public bears") as erro:
        banco.cru("DELETE FROM arquivo")
    assert erro.value.sqlstate == "EP007"
    banco.cru("SELECT estoque_vigiar()")
    banco.mov("P1", 7)
    banco.execute("DELETE FROM arquivo")
    assert banco.saldo("P1") == 7
    assert banco.cru("SELECT * FROM estoque_alterados()") == []


COPIAS = {
    "moved to an archive": (
        "CREATE SCHEMA b; ALTER TABLE {t} SET SCHEMA b; CREATE TABLE {t} (LIKE b.{t} INCLUDING ALL)"
    ),
    "a clone that calls our functions": (
        "CREATE SCHEMA b; CREATE TABLE b.{t} (LIKE {t} INCLUDING ALL);"
        " CREATE TRIGGER c AFTER INSERT ON b.{t} REFERENCING NEW TABLE AS novos"
        " FOR EACH STATEMENT EXECUTE FUNCTION {f}();"
        " CREATE TRIGGER d AFTER UPDATE ON b.{t} REFERENCING OLD TABLE AS antigos"
        " NEW TABLE AS novos FOR EACH STATEMENT EXECUTE FUNCTION {f}();"
        " CREATE TRIGGER e AFTER DELETE ON b.{t} REFERENCING OLD TABLE AS antigos"
        " FOR EACH STATEMENT EXECUTE FUNCTION {f}();"
        " CREATE TRIGGER g AFTER TRUNCATE ON b.{t}"
        " FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_truncar()"
    ),
}


@pytest.mark.parametrize("copia", COPIAS)
def test_a_copy_in_another_schema_is_refused(banco: Banco, copia: str) -> None:
    """Of every source: a write to the copy would move numbers that are not its own."""
    banco.mov("P1", 5)
    for fonte in banco.cru("SELECT tabela, gatilho FROM _estoque_fontes()"):
        tabela, funcao = fonte["tabela"], fonte["gatilho"]
        coluna = banco.valor(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1",
            [tabela],
        )
        with banco.conn.transaction(force_rollback=True):
            banco.cru(COPIAS[copia].format(t=tabela, f=funcao))
            for escrita in (
                f"INSERT INTO b.{tabela} SELECT * FROM b.{tabela} WHERE false",
                f"UPDATE b.{tabela} SET {coluna} = {coluna} WHERE false",
                f"DELETE FROM b.{tabela}",
                f"TRUNCATE b.{tabela}",
            ):
                with pytest.raises(psycopg.Error, match=r"of schema b .* schema public") as erro:
                    with banco.conn.transaction():
                        banco.cru(escrita)
                assert erro.value.sqlstate == "EP007", escrita
                assert f"ON b.{tabela};" in str(erro.value.diag.message_hint)
            alheios = "SELECT count(*) FROM estoque_gatilhos() WHERE estado = 'stray'"
            assert banco.valor(alheios) == 4
            banco.cru("SELECT estoque_vigiar()")
            assert banco.valor(alheios) == 0
            banco.cru(f"TRUNCATE b.{tabela}")
    banco.verificar()


def test_functions_that_look_elsewhere_are_refused(banco: Banco) -> None:
    """What a restored copy beside production, or a renamed schema, is left with."""
    banco.mov("P1", 5)
    mover = MOVER.format("b.movimentacao_estoque", "P1", "2024-05-05", 7)
    banco.cru("ALTER SCHEMA public RENAME TO b; CREATE SCHEMA public")
    instalar(banco.dsn, "public")
    with pytest.raises(psycopg.Error, match=r"of schema b bears .* schema public") as erro:
        banco.cru(mover)
    assert erro.value.sqlstate == "EP007"
    banco.cru("DROP SCHEMA public CASCADE; ALTER SCHEMA b RENAME TO public")
    banco.mov("P1", 7)
    assert banco.saldo("P1") == 12


def test_a_product_that_does_not_fit_does_not_keep_a_partition_unwatched(
    adotar: Callable[..., Banco],
) -> None:
    """Nor does it stop the minute job, whose other work is due."""
    banco = adotar(PARTICIONADA)
    banco.cru(
        "CREATE TABLE mov_2026 PARTITION OF movimentacao_estoque"
        " FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)"
    )
    for cod, quantidade in (("GRANDE", 999999999999), ("GRANDE", 999999999999), ("P1", 5)):
        banco.cru(MOVER.format("mov_2026", cod, "2026-01-01", quantidade))
    assert banco.valor("SELECT count(*) FROM estoque_minuto()") == 1
    assert banco.saldo("P1") == 5
    assert banco.cru("SELECT cod_produto, sqlstate FROM estoque_falha") == [
        {"cod_produto": "GRANDE", "sqlstate": "22003"}
    ]
    assert banco.valor("SELECT count(*) FROM estoque_gatilhos() WHERE estado <> 'ok'") == 0
    banco.cru("DELETE FROM mov_2026 WHERE id = (SELECT max(id) FROM mov_2026 WHERE id < 3)")
    banco.cru("SELECT estoque_minuto()")
    assert banco.cru("SELECT * FROM estoque_falha") == []
    assert banco.saldo("GRANDE") == 999999999999
    banco.verificar()


def test_everything_that_does_not_fit_lets_the_minute_job_go_on(
    adotar: Callable[..., Banco],
) -> None:
    """One product overflows, and a partition of shipment items gets its triggers all the same."""
    banco = adotar(
        "CREATE TABLE embarque_itens (separacao_lote_id varchar(20), nota_fiscal varchar(20),"
        " status varchar(20), erro_validacao varchar(500)) PARTITION BY LIST (separacao_lote_id)"
    )
    banco.mov("P1", 5)
    banco.cru("SET session_replication_role = replica")
    for _ in range(2):
        banco.cru(MOVER.format("movimentacao_estoque", "GRANDE", "2026-01-01", 999999999999))
    banco.cru("CREATE TABLE itens PARTITION OF embarque_itens DEFAULT")
    assert banco.valor("SELECT count(*) FROM estoque_minuto()") == 1
    assert banco.valor("SELECT count(*) FROM estoque_gatilhos() WHERE estado <> 'ok'") == 0
    banco.cru("DELETE FROM movimentacao_estoque WHERE cod_produto = 'GRANDE'")
    banco.cru("SET session_replication_role = origin")
    banco.cru("SELECT estoque_minuto()")
    banco.verificar()


def test_vigiar_counts_what_was_taken_from_a_partition(adotar: Callable[..., Banco]) -> None:
    """The products a partition mentions are not all that a write past the triggers concerned."""
    banco = adotar(PARTICIONADA)
    banco.cru(
        "CREATE TABLE mov_2026 PARTITION OF movimentacao_estoque"
        " FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)"
    )
    for cod in ("P1", "P2", "P3"):
        banco.execute(MOVER.format("movimentacao_estoque", cod, "2026-01-01", 5))
    banco.cru("DELETE FROM mov_2026 WHERE cod_produto = 'P1'")
    banco.cru("UPDATE mov_2026 SET cod_produto = 'P4' WHERE cod_produto = 'P2'")
    assert banco.valor("SELECT estoque_vigiar()") == 4
    banco.verificar()


ANEXADAS = {
    "movimentacao_estoque": (
        PARTICIONADA,
        "CREATE TABLE nova (LIKE movimentacao_estoque INCLUDING ALL);"
        " INSERT INTO nova SELECT n, 'X' || n % 30, 'N', '2026-01-01', 'E', n, true"
        " FROM generate_series(1, 60) AS n;"
        " ALTER TABLE movimentacao_estoque ATTACH PARTITION nova"
        " FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)",
    ),
    "embarque_itens": (
        "CREATE TABLE embarque_itens (separacao_lote_id varchar(20), nota_fiscal varchar(20),"
        " status varchar(20), erro_validacao varchar(500)) PARTITION BY LIST (status)",
        "CREATE TABLE nova PARTITION OF embarque_itens DEFAULT;"
        " INSERT INTO nova SELECT 'L' || n, 'NF', 'ativo' FROM generate_series(1, 30) AS n",
    ),
    "unificacao_codigos": (
        "CREATE TABLE unificacao_codigos (codigo_origem varchar(20), codigo_destino varchar(20),"
        " ativo boolean) PARTITION BY LIST (ativo)",
        "CREATE TABLE nova PARTITION OF unificacao_codigos DEFAULT;"
        " INSERT INTO nova SELECT 'P' || n, 'Q', true FROM generate_series(1, 20) AS n",
    ),
}


@pytest.mark.parametrize("fonte", ANEXADAS)
def test_a_partition_that_comes_with_its_rows_is_compared_bit_by_bit(
    adotar: Callable[..., Banco], fonte: str
) -> None:
    """Rebuilding all its products in the run that finds it would hold their writers up."""
    criar, anexar = ANEXADAS[fonte]
    banco = adotar(criar)
    banco.cru(
        "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " SELECT 'L' || n, 'P' || n, 1, '2025-08-07' FROM generate_series(1, 30) AS n"
    )
    banco.cru("SELECT estoque_configurar(por_execucao => 1)")
    banco.cru(anexar)
    banco.cru("SELECT * FROM _estoque_vigiar_particoes()")
    assert banco.valor("SELECT count(*) FROM estoque_gatilhos() WHERE estado <> 'ok'") == 0
    esperados = banco.valor("SELECT count(*) FROM estoque_recontagem")
    assert esperados == {"unificacao_codigos": 21}.get(fonte, 30)
    assert banco.cru("SELECT * FROM estoque_verificar()")  # nothing was rebuilt yet
    parcial = "SELECT * FROM _estoque_corrigir(_estoque_comparar(1, NULL, 0, 5), '0 s')"
    assert banco.cru(parcial)[0]["corrigidos"] == 1
    assert 0 < banco.valor("SELECT count(*) FROM estoque_recontagem") < esperados
    for _ in range(10):  # a run stops where its time is up: on a busy machine it takes several
        banco.cru("SELECT estoque_minuto()")
        if not (restam := banco.valor("SELECT count(*) FROM estoque_recontagem")):
            break
    assert restam == 0
    banco.verificar()


def test_disabled_and_dropped_triggers_are_put_back(banco: Banco) -> None:
    banco.mov("P1", 5)
    banco.cru("ALTER TABLE movimentacao_estoque DISABLE TRIGGER USER")
    banco.cru("DROP TRIGGER estoque_alterar ON separacao")
    banco.cru(MOVER.format("movimentacao_estoque", "P1", "2025-01-01", 10))
    assert banco.valor("SELECT count(*) FROM estoque_gatilhos() WHERE estado = 'disabled'") == 4
    assert banco.valor("SELECT estoque_vigiar()") == 5
    banco.verificar()
    assert banco.saldo("P1") == 15


def test_children_by_inheritance_count_too(adotar: Callable[..., Banco]) -> None:
    banco = adotar(
        MINIMA,
        "CREATE TABLE mov_antigo (arquivo text) INHERITS (movimentacao_estoque)",
        "INSERT INTO mov_antigo VALUES (1, 'P1', 'N', 5, true, NULL, 'x')",
    )
    assert banco.saldo("P1") == 5
    banco.execute("INSERT INTO mov_antigo VALUES (2, 'P1', 'N', 6, true, NULL, 'x')")
    banco.execute("INSERT INTO movimentacao_estoque VALUES (3, 'P1', 'N', 7, true)")
    banco.execute("UPDATE movimentacao_estoque SET qtd_movimentacao = qtd_movimentacao + 1")
    banco.execute("DELETE FROM mov_antigo WHERE id = 1")
    assert banco.saldo("P1") == 15


def test_uninstall_leaves_partitions_as_they_were(vazio: str) -> None:
    preparar(vazio, PARTICIONADA)
    antes = objetos(vazio)
    instalar(vazio, None)
    desfazer(vazio, None)
    criadas = {("class", t) for t in ("pre_separacao_item", "separacao", "programacao_producao")}
    assert [o for o in antes if o not in objetos(vazio)] == []
    assert criadas <= set(objetos(vazio))  # source tables that were missing are the ERP's now
    assert not [o for o in objetos(vazio) if o[0] == "trigger"]


# --- what does not fit ------------------------------------------------------------------------


def recusada(dsn: str, classe: type[ErroEstoque], *comandos: str) -> ErroEstoque:
    preparar(dsn, *comandos)
    antes = objetos(dsn)
    with pytest.raises(classe) as erro:
        instalar(dsn, None)
    assert objetos(dsn) == antes
    return erro.value


def test_tables_of_another_owner(servico: Servico, vazio: str) -> None:
    """The installer has to be the owner, or a member of the owner's role."""
    with psycopg.connect(vazio, autocommit=True) as conn:
        papel = f"instalador_{conn.info.dbname}"
        conn.execute(f"CREATE ROLE {papel} LOGIN; CREATE ROLE {papel}_erp")
        conn.execute(f"GRANT ALL ON SCHEMA public TO {papel}, {papel}_erp")
        conn.execute(f"SET ROLE {papel}_erp")
        conn.execute(ERP)
        conn.execute(DADOS)
        conn.execute("RESET ROLE")
        dsn = make_conninfo(vazio, user=papel)
        try:
            with pytest.raises(FonteIncompativel) as erro:
                instalar(dsn, None)
            assert f"separacao is owned by {papel}_erp" in (erro.value.detalhe or "")
            conn.execute(f"GRANT {papel}_erp TO {papel}")
            # A partition needs triggers too, and so its owner's rights.
            conn.execute("CREATE TABLE alheia () INHERITS (separacao)")
            with pytest.raises(FonteIncompativel) as erro:
                instalar(dsn, None)
            assert (erro.value.detalhe or "").startswith("alheia is owned by postgres, and")
            conn.execute(f"ALTER TABLE alheia OWNER TO {papel}_erp")
            instalar(dsn, None)
            banco = Banco(dsn)
            banco.verificar()
            banco.mov("123", 5.5)
            banco.fechar()
        finally:
            conn.execute(f"DROP OWNED BY {papel}, {papel}_erp CASCADE")
            conn.execute(f"DROP ROLE {papel}, {papel}_erp")


def test_row_security_that_hides_rows(servico: Servico, vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        papel = f"dono_rls_{conn.info.dbname}"
        conn.execute(f"CREATE ROLE {papel} LOGIN; GRANT ALL ON SCHEMA public TO {papel}")
        conn.execute(f"SET ROLE {papel}")
        conn.execute(MINIMA)
        conn.execute("ALTER TABLE separacao ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        conn.execute("RESET ROLE")
        try:
            with pytest.raises(FonteIncompativel, match="do not fit") as erro:
                instalar(make_conninfo(vazio, user=papel), None)
            assert "row level security" in (erro.value.detalhe or "")
        finally:
            conn.execute(f"DROP OWNED BY {papel} CASCADE; DROP ROLE {papel}")


def test_row_security_forced_later_is_no_reason_to_forget_products(
    servico: Servico, vazio: str
) -> None:
    """Rows a policy hides from the owner are not gone: who cannot see them all must not mend."""
    with psycopg.connect(vazio, autocommit=True) as conn:
        papel = f"dono_rls_{conn.info.dbname}"
        conn.execute(f"CREATE ROLE {papel} LOGIN; GRANT ALL ON SCHEMA public TO {papel}")
        try:
            instalar(make_conninfo(vazio, user=papel), None)
            conn.execute(MOVER.format("movimentacao_estoque", "P1", "2025-01-01", 5))
            conn.execute(
                "ALTER TABLE movimentacao_estoque ENABLE ROW LEVEL SECURITY,"
                " FORCE ROW LEVEL SECURITY"
            )
            dono = psycopg.connect(vazio, autocommit=True, user=papel)
            for chamada in (
                "estoque_minuto()", "estoque_fallback()", "estoque_recalcular('P1')",
                "estoque_recalcular_tudo()", "estoque_verificar()",
            ):  # fmt: skip
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level"):
                    dono.execute(f"SELECT * FROM {chamada}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level"):
                conn.execute("DELETE FROM movimentacao_estoque WHERE cod_produto = 'P1'")
            # Reads no source:
            conn.execute(
                "INSERT INTO movimentacao_estoque (cod_produto, nome_produto,"
                " data_movimentacao, tipo_movimentacao, qtd_movimentacao, ativo)"
                " VALUES ('P1', 'N', '2025-01-01', 'E', 7, true)"
            )
            saldo = conn.execute("SELECT saldo_atual FROM estoque_tempo_real").fetchone()
            assert saldo == (12,)
            conn.execute("ALTER TABLE movimentacao_estoque NO FORCE ROW LEVEL SECURITY")
            dono.execute("SELECT estoque_minuto()")
            dono.close()
            banco = Banco(vazio)
            banco.verificar()
            banco.fechar()
        finally:
            conn.execute(f"DROP OWNED BY {papel} CASCADE; DROP ROLE {papel}")


@pytest.mark.parametrize(
    ("objeto", "nome"),
    [
        ("CREATE TABLE estoque_tempo_real (qualquer int)", "estoque_tempo_real"),
        ("CREATE VIEW estoque_lote AS SELECT 1", "estoque_lote"),
        # An installation would have taken it for its own, and an uninstallation dropped it.
        ("CREATE UNIQUE INDEX estoque_separacao_lote ON separacao (id)", "estoque_separacao_lote"),
        ("CREATE SEQUENCE estoque_embarque_lote", "estoque_embarque_lote"),
    ],
)
def test_names_of_ours_that_are_taken(vazio: str, objeto: str, nome: str) -> None:
    erro = recusada(vazio, FonteIncompativel, MINIMA, objeto)
    assert erro.detalhe == f"{nome} is there already, and is not ours"


def test_an_index_left_by_an_installation_that_was_killed_is_taken_over(vazio: str) -> None:
    preparar(vazio, MINIMA, "CREATE INDEX estoque_separacao_produto ON separacao (cod_produto, id)")
    instalar(vazio, None)
    desfazer(vazio, None)
    with psycopg.connect(vazio) as conn:
        assert conn.execute("SELECT to_regclass('estoque_separacao_produto')").fetchone() == (None,)


@pytest.mark.parametrize(
    "criar",
    [
        MINIMA.replace("movimentacao_estoque (id serial PRIMARY KEY,", "todas (id serial,")
        + "CREATE TABLE movimentacao_estoque () INHERITS (todas)",
        PARTICIONADA.replace("movimentacao_estoque", "todas").replace(
            "mov_2024 ", "movimentacao_estoque "
        ),
    ],
)
def test_a_source_below_another_table(vazio: str, criar: str) -> None:
    """What is written through the table above fires that table's triggers alone."""
    erro = recusada(vazio, FonteIncompativel, criar)
    assert (erro.detalhe or "").startswith("movimentacao_estoque is a partition or child of todas")


def test_a_child_that_is_foreign(vazio: str) -> None:
    """It can have no triggers of ours."""
    erro = recusada(
        vazio,
        FonteIncompativel,
        MINIMA,
        "CREATE EXTENSION file_fdw; CREATE SERVER arquivos FOREIGN DATA WRAPPER file_fdw",
        "CREATE FOREIGN TABLE alhures () INHERITS (separacao)"
        " SERVER arquivos OPTIONS (filename '/dev/null')",
    )
    assert erro.detalhe == "separacao has a foreign table among its partitions"


def test_a_trigger_name_that_is_taken(adotar: Callable[..., Banco]) -> None:
    """An ERP may call a trigger as it likes, on a source and on what is put below one later."""
    banco = adotar(
        MINIMA,
        "CREATE FUNCTION nada() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER estoque_inserir AFTER INSERT ON movimentacao_estoque"
        " EXECUTE FUNCTION nada()",
    )
    banco.execute("INSERT INTO movimentacao_estoque VALUES (1, 'P1', 'N', 5, true)")
    assert banco.saldo("P1") == 5
    banco.cru(
        "CREATE SCHEMA outra;"
        " CREATE TABLE outra.movimentacao_estoque (LIKE public.movimentacao_estoque)"
    )
    instalar(banco.dsn, "outra")
    banco.cru(
        "CREATE TABLE dupla () INHERITS (public.movimentacao_estoque, outra.movimentacao_estoque)"
    )
    for schema in ("public", "outra"):
        banco.cru(f"SELECT {schema}.estoque_minuto()")
    assert banco.valor("SELECT count(*) FROM outra.estoque_gatilhos() WHERE estado <> 'ok'") == 0
    inserir = "INSERT INTO dupla VALUES (2, 'P1', 'N', 6, true)"
    banco.execute(inserir)
    assert banco.saldo("P1") == 11
    assert banco.valor("SELECT saldo_atual FROM outra.estoque_tempo_real") == 6
    desfazer(banco.dsn, "outra")
    banco.execute(inserir)
    assert banco.saldo("P1") == 17


def test_temporary_children_are_their_sessions_own(banco: Banco) -> None:
    """Nobody else can see into one: looking would stop every minute job while it lives."""
    outra = banco.conectar()
    outra.execute("CREATE TEMPORARY TABLE rascunho () INHERITS (movimentacao_estoque)")
    outra.execute(
        "INSERT INTO rascunho (id, cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo) VALUES (1, 'P1', 'N', now(), 'E', 1, true)"
    )
    assert banco.valor("SELECT count(*) FROM estoque_gatilhos() WHERE estado <> 'ok'") == 0
    assert banco.valor("SELECT count(*) FROM estoque_minuto()") == 1
    assert banco.valor("SELECT estoque_vigiar()") == 0
    banco.verificar()


# --- rows that already break a rule -------------------------------------------------------------

PECADOS = (
    "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, qtd_movimentacao, ativo) VALUES"
    " ('1', 'Um', 5, true), ('1', 'Um', 'NaN', true), ('2', 'Dois', 'Infinity', true)",
    "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
    " VALUES ('L', '3', 1e15, '2025-08-07'), ('L', '3', 4, '2025-08-07')",
    "INSERT INTO unificacao_codigos VALUES (1, 2, true), (1, 3, true), (4, 5, true), (5, 6, true),"
    " (6, 4, true), (7, 4, true), (8, 8, true), (9, 1, true), (2, 3, false)",
    "INSERT INTO programacao_producao (cod_produto, qtd_programada, data_programacao)"
    " SELECT n::text, n, '2025-08-08' FROM generate_series(4, 9) AS n",
)


def test_they_are_listed_with_queries_that_find_them(vazio: str) -> None:
    erro = recusada(vazio, QuantidadeInvalida, MINIMA, *PECADOS)
    assert "--tolerante" in (erro.dica or "")
    consultas = [
        linha.strip().rstrip(";")
        for linha in (erro.detalhe or "").splitlines()
        if linha.startswith("    ")
    ]
    with psycopg.connect(vazio) as conn:
        achados = [conn.execute(c.encode()).fetchall() for c in consultas]
    movimentos, separacoes, unificacoes = achados
    assert [linha[0] for linha in movimentos] == [2, 3]
    assert [linha[0] for linha in separacoes] == [1]
    # Every row the answers do without: those of an origin with two, those that never end.
    assert {(a, b) for a, b, _ in unificacoes} == {
        (1, 2),
        (1, 3),
        (4, 5),
        (5, 6),
        (6, 4),
        (7, 4),
        (8, 8),
    }
    preparar(
        vazio,
        "DELETE FROM movimentacao_estoque WHERE id IN (2, 3)",
        "DELETE FROM separacao WHERE id = 1",
    )
    assert "unificacao_codigos" in (recusada(vazio, UnificacaoInvalida).detalhe or "")


def test_tolerant_install_leaves_them_out_and_says_so(vazio: str) -> None:
    preparar(vazio, MINIMA, *PECADOS)
    ditas: list[str] = []
    instalar(vazio, None, tolerante=True, avisar=ditas.append)
    assert any("left out" in d and "qtd_saldo" in d and "circular" in d for d in ditas)
    banco = Banco(vazio)
    try:
        banco.verificar()
        assert banco.saldo("1") == 5
        assert banco.valor("SELECT estoque_codigo('9')") == "1"  # a sound one among them
        assert banco.valor("SELECT sum(linhas) FROM estoque_linhas_recusadas()") == 10
        banco.execute("SELECT estoque_recalcular_tudo()")
        assert "left out" in situacao(banco.conn).avisos[-1].texto
        # What is left out may be written to, and comes in once it is mended.
        banco.execute("UPDATE movimentacao_estoque SET nome_produto = 'Novo'")
        banco.execute("UPDATE separacao SET expedicao = '2025-08-09'")
        banco.execute("UPDATE movimentacao_estoque SET qtd_movimentacao = 7 WHERE id = 2")
        assert banco.saldo("1") == 12
        banco.execute("UPDATE separacao SET qtd_saldo = 2 WHERE id = 1")
        # New ones are refused as ever.
        banco.recusa("EP001", "UPDATE movimentacao_estoque SET qtd_movimentacao = 'NaN'")
        banco.recusa("EP001", "INSERT INTO separacao VALUES (9, 'L', '3', NULL, 'NaN', now())")
        banco.recusa("EP002", "INSERT INTO unificacao_codigos VALUES (1, 9, true)")
        banco.recusa("EP002", "INSERT INTO unificacao_codigos VALUES (10, 4, true)")
        # Mending a contradiction unites what it kept apart.
        banco.execute("DELETE FROM unificacao_codigos WHERE codigo_destino = 2")
        assert banco.valor("SELECT estoque_codigo('9')") == "3"
        banco.execute("UPDATE unificacao_codigos SET ativo = false WHERE codigo_origem = 6")
        assert banco.valor("SELECT estoque_codigo('4')") == "6"
        assert banco.valor("SELECT estoque_codigo('7')") == "6"
        banco.execute("DELETE FROM unificacao_codigos WHERE codigo_origem = 8")
        banco.execute("DELETE FROM movimentacao_estoque WHERE id = 3")
        assert banco.cru("SELECT * FROM estoque_linhas_recusadas()") == []
        # The status reminds of it until everything was rebuilt from sound rows.
        assert "left out" in situacao(banco.conn).avisos[-1].texto
        assert situacao(banco.conn).problemas == ()
        banco.execute("SELECT estoque_recalcular_tudo()")
        assert not [a for a in situacao(banco.conn).avisos if "left out" in a.texto]
        banco.execute("DELETE FROM unificacao_codigos")
    finally:
        banco.fechar()


# --- while others write -------------------------------------------------------------------------

ENCHER = (
    "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, qtd_movimentacao, ativo)"
    " SELECT 'P' || n % 2000, 'Produto', n % 11 - 4, true FROM generate_series(1, {}) AS n"
)
# Everything at once: partitions, floats, timestamps, integer codes, columns more and fewer.
GRANDE = (
    MINIMA.split(";", 1)[1],
    "CREATE TABLE movimentacao_estoque (extra jsonb, id bigserial, cod_produto varchar(20),"
    " nome_produto varchar(80), data_movimentacao timestamp NOT NULL DEFAULT '2024-07-01',"
    " qtd_movimentacao float8, ativo boolean) PARTITION BY RANGE (data_movimentacao)",
    "CREATE TABLE mov_antes PARTITION OF movimentacao_estoque"
    " FOR VALUES FROM (MINVALUE) TO ('2025-01-01')",
    "CREATE TABLE mov_depois PARTITION OF movimentacao_estoque"
    " FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)",
    "CREATE FUNCTION do_erp() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN NEW.extra := '{}'; RETURN NEW; END $$",
    "CREATE TRIGGER do_erp BEFORE INSERT ON movimentacao_estoque"
    " FOR EACH ROW EXECUTE FUNCTION do_erp()",
    "INSERT INTO movimentacao_estoque"
    " (cod_produto, nome_produto, data_movimentacao, qtd_movimentacao, ativo)"
    " SELECT (n % 2000)::text, 'Produto', date '2024-01-01' + n % 700, n % 11 - 4.0005, true"
    " FROM generate_series(1, 1000000) AS n",
    # Pairs within what one session writes.
    "INSERT INTO unificacao_codigos SELECT n, n + 4, true FROM generate_series(0, 400) AS n"
    " WHERE n / 4 % 2 = 0",
    "ANALYZE",
)


@contextmanager
def aceitando_impasses() -> Iterator[None]:
    """Let a transaction be a deadlock's victim once the triggers are there, never the installer's.

    Transactions of several statements may lock their products in opposite orders.
    """
    try:
        yield
    except psycopg.errors.DeadlockDetected as erro:
        if "_estoque_gatilho" not in (erro.diag.context or ""):
            raise


def escrever(dsn: str, semente: int, parar: threading.Event, esperas: list[float]) -> None:
    mover = (
        "INSERT INTO {} (cod_produto, nome_produto, data_movimentacao, qtd_movimentacao, ativo)"
        " VALUES (%s, 'Produto', %s, %s, true)"
    )
    with psycopg.connect(dsn, autocommit=True) as conn:
        n = semente
        while not parar.is_set():
            n += 4  # products and lots of its own: sessions that share them may deadlock
            antes = time.monotonic()
            with aceitando_impasses(), conn.transaction():
                quantidade = n % 7 - 3.0005
                conn.execute(
                    mover.format("movimentacao_estoque"),
                    [str(n % 2500), "2024-05-05" if n % 3 else "2025-05-05", quantidade],
                )
                # Past the parent, into the partition itself.
                conn.execute(mover.format("mov_depois"), [str(n % 500), "2025-06-06", -quantidade])
                conn.execute(
                    "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
                    " VALUES (%s, %s, 1, '2025-08-08 10:00')",
                    [f"L{n % 48}", str(n % 300)],
                )
                if n % 5 == 0:
                    conn.execute(
                        "UPDATE movimentacao_estoque SET ativo = NOT ativo WHERE id = %s",
                        [n % 9000],
                    )
                if n % 20 == 0:
                    conn.execute(
                        "INSERT INTO embarque_itens VALUES (%s, 'NF', 'ativo', NULL)",
                        [f"L{n % 48}"],
                    )
            esperas.append(time.monotonic() - antes)


@pytest.mark.lento
def test_a_million_movements_and_four_writers(vazio: str) -> None:
    """Exact at commit, and the writers wait for the filling only, not for checks and indexes."""
    preparar(vazio, *GRANDE, "CREATE INDEX ON movimentacao_estoque (id)")
    parar = threading.Event()
    esperas: list[float] = []
    falhas: list[BaseException] = []

    def rodar(semente: int) -> None:
        try:
            escrever(vazio, semente, parar, esperas)
        except BaseException as erro:
            falhas.append(erro)

    sessoes = [threading.Thread(target=rodar, args=(n,)) for n in range(4)]
    for sessao in sessoes:
        sessao.start()
    ditas: list[str] = []
    try:
        time.sleep(0.5)
        instalar(vazio, None, avisar=ditas.append)
        feitas = len(esperas)
        time.sleep(1)
    finally:
        parar.set()
        for sessao in sessoes:
            sessao.join()
    assert falhas == []
    assert len(esperas) > feitas
    assert ditas[0] == "checking the source tables"
    for particao in ("mov_antes", "mov_depois"):
        assert f"indexing {particao} (cod_produto, id) beside its writers" in ditas
    assert ditas[-1].startswith("writers were held off for ")
    with psycopg.connect(vazio) as conn:
        diferencas = conn.execute("SELECT * FROM estoque_verificar()").fetchall()
        soma = conn.execute(
            "SELECT (SELECT sum(saldo_atual) FROM estoque_tempo_real),"
            " (SELECT sum(round(qtd_movimentacao::numeric, 3)) FROM movimentacao_estoque"
            " WHERE ativo)"
        ).fetchone()
    assert diferencas == []
    assert soma is not None
    assert soma[0] == soma[1]


def test_a_transaction_in_the_way_is_waited_for(vazio: str) -> None:
    preparar(vazio, MINIMA, ENCHER.format(200))
    ditas: list[str] = []
    with psycopg.connect(vazio) as outra:
        outra.execute("UPDATE separacao SET qtd_saldo = 1; UPDATE movimentacao_estoque SET id = id")
        instalador = threading.Thread(
            target=instalar, args=(vazio, None), kwargs={"avisar": ditas.append}
        )
        instalador.start()
        while "the source tables are in use: trying again" not in ditas:
            time.sleep(0.05)
        # Meanwhile nobody waits: the installer gave way.
        outra.execute("INSERT INTO separacao (cod_produto, qtd_saldo) VALUES ('P1', 2)")
        outra.commit()
        instalador.join(60)
    banco = Banco(vazio)
    try:
        banco.verificar()
        assert banco.valor("SELECT count(*) FROM estoque_tempo_real") == 200
    finally:
        banco.fechar()


def test_it_gives_up_in_the_end_and_leaves_nothing(
    vazio: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migracoes, "TENTATIVAS", 2)
    monkeypatch.setattr("estoque_pg.adocao._PEQUENA", 0)
    preparar(vazio, MINIMA, ENCHER.format(200))
    antes = objetos(vazio)
    with psycopg.connect(vazio) as outra:
        outra.execute("SELECT 1")
        with psycopg.connect(vazio) as escritora:
            escritora.execute("UPDATE unificacao_codigos SET ativo = false")
            time.sleep(2.5)
            ditas: list[str] = []
            # Indexes wait for those who write to the same table only: this one is not indexed.
            with pytest.raises(ErroEstoque) as erro:
                instalar(vazio, None, avisar=ditas.append)
            assert erro.value.sqlstate == "55P03"
            assert erro.value.mensagem == "the source tables stayed in use: nothing was changed"
            quem = f"process {escritora.info.backend_pid} ("
            assert quem in (erro.value.dica or "")
            assert [
                d for d in ditas if "waits for the transactions open already" in d and quem in d
            ]
            assert objetos(vazio) == antes
    instalar(vazio, None)


@pytest.mark.parametrize("sinal", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_install_that_is_interrupted_takes_its_indexes_away(
    vazio: str, sinal: signal.Signals
) -> None:
    preparar(vazio, MINIMA, ENCHER.format(150_000))
    antes = objetos(vazio)
    with psycopg.connect(vazio) as escritor:
        escritor.execute("LOCK TABLE movimentacao_estoque IN ROW EXCLUSIVE MODE")
        with subprocess.Popen(
            [sys.executable, "-m", "estoque_pg", "install", "--dsn", vazio],
            stderr=subprocess.PIPE,
            text=True,
        ) as processo:
            assert processo.stderr is not None
            while "indexing" not in processo.stderr.readline():
                assert processo.poll() is None
            time.sleep(0.5)  # it waits for the writer
            processo.send_signal(sinal)
            time.sleep(0.1)
            escritor.commit()
            assert processo.wait(20) == 1
    assert objetos(vazio) == antes


def test_an_invalid_index_of_an_earlier_attempt_is_made_anew(
    vazio: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("estoque_pg.adocao._PEQUENA", 0)
    preparar(
        vazio,
        PARTICIONADA,
        MOVER.format("movimentacao_estoque", "P1", "2025-01-01", 3),
        "CREATE INDEX estoque_movimentacao_produto ON movimentacao_estoque (cod_produto, id)",
        "DROP INDEX estoque_movimentacao_produto",
        MINIMA.split(";")[1],
        "CREATE INDEX estoque_pre_separacao_produto ON pre_separacao_item (cod_produto, id)",
        "UPDATE pg_index SET indisvalid = false"
        " WHERE indexrelid = 'estoque_pre_separacao_produto'::regclass",
    )
    ditas: list[str] = []
    instalar(vazio, None, avisar=ditas.append)
    assert "indexing mov_2025_p1 (cod_produto, id) beside its writers" in ditas
    with psycopg.connect(vazio) as conn:
        assert conn.execute("SELECT FROM pg_index WHERE NOT indisvalid").fetchall() == []
        # The parent's index took those of the partitions over: there is one on each.
        n = conn.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = 'mov_2025_p1'::regclass"
        ).fetchone()
        assert n == (4,)  # the key and three of ours
    desfazer(vazio, None)
    with psycopg.connect(vazio) as conn:
        n = conn.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = 'mov_2025_p1'::regclass"
        ).fetchone()
        assert n == (1,)
