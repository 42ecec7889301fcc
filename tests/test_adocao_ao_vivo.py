"""Large sources are counted beside their writers: exact at the commit, come what may meanwhile."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from apoio import MIGRACOES, NIVEIS, RETENTAVEIS, Banco, arquivos_sql
from conftest import Servico
from oraculo import FONTES
from psycopg.conninfo import conninfo_to_dict
from test_adocao import GRANDE, MINIMA, MOVER, PARTICIONADA, preparar
from test_fontes import objetos

from estoque_pg import adocao, migracoes
from estoque_pg.erros import ErroEstoque, FonteIncompativel, QuantidadeInvalida, UnificacaoInvalida
from estoque_pg.instalacao import passo
from estoque_pg.migracoes import desfazer, estado, instalar
from estoque_pg.situacao import situacao

Gancho = Callable[[], object]
MOMENTOS = (
    "before vivo_anotar",
    "when it notes",
    "before vivo_encher",
    "before 4_encerrar",
    "before vivo_alcancar",
    "before 2_travar",
)
TRAVADO = ("before vivo_conferir", "before vivo_trocar", "after vivo_trocar")


def criar_fontes() -> str:
    """The sources as the package would make them."""
    return "".join(
        arquivo.read_text() for nome in FONTES for arquivo in arquivos_sql(f"{nome}.sql")
    )


@pytest.fixture(autouse=True)
def ao_vivo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are many rows."""
    monkeypatch.setattr(adocao, "_GRANDE", 0)


@pytest.fixture
def ganchos(monkeypatch: pytest.MonkeyPatch) -> dict[str, Gancho]:
    """What to do before or after a step of the installation, the first time it is taken.

    The rehearsal is over when the notes begin; its steps do not count.
    """
    marcados: dict[str, Gancho] = {}
    comecou = False

    def com_ganchos(conn: psycopg.Connection[object], nome: str, **parametros: str) -> None:
        nonlocal comecou
        comecou = comecou or nome == "vivo_anotar"
        if comecou and (gancho := marcados.pop(f"before {nome}", None)):
            gancho()
        passo(conn, nome, **parametros)
        if comecou and (gancho := marcados.pop(f"after {nome}", None)):
            gancho()

    def anotar(*args: Any) -> None:
        adocao.anotar(*args)
        marcados.pop("when it notes", lambda: None)()

    monkeypatch.setattr(migracoes, "passo", com_ganchos)
    monkeypatch.setattr(adocao, "passo", com_ganchos)
    monkeypatch.setattr(migracoes, "anotar", anotar)
    return marcados


def instalador(conn: psycopg.Connection[Any]) -> int:
    """The process of the session that installs."""
    [(pid,)] = conn.execute(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).fetchall()
    return int(pid)


def estoque(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "estoque_pg", *args], capture_output=True, text=True
    )


def exato(dsn: str) -> Banco:
    """The installed database, compared with the oracle."""
    banco = Banco(dsn)
    banco.verificar()
    assert banco.valor("SELECT count(*) FROM estoque_gatilhos() WHERE estado <> 'ok'") == 0
    assert banco.valor("SELECT to_regclass('_estoque_anotacao')") is None
    assert banco.valor("SELECT to_regproc('_estoque_anotar')") is None
    return banco


# --- every kind of statement, at every moment ---------------------------------------------------

POVOAR = (
    "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
    " tipo_movimentacao, qtd_movimentacao, ativo)"
    " SELECT c || n % 12, 'Produto ' || n, '2025-08-01', 'E', n % 7 - 2, n % 9 <> 0"
    " FROM generate_series(1, 400) AS n, unnest(ARRAY['P', 'X']) AS c",
    "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
    " SELECT 'L' || n % 8, 'P' || n % 12, n % 5, date '2025-08-04' + n % 14"
    " FROM generate_series(1, 60) AS n",
    "INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario,"
    " data_expedicao_editada, status) SELECT 'P' || n % 14, n, date '2025-08-05' + n % 9, 'CRIADO'"
    " FROM generate_series(1, 30) AS n",
    "INSERT INTO programacao_producao (cod_produto, data_programacao, qtd_programada)"
    " SELECT 'P' || n % 12, date '2025-08-05' + n % 9, n FROM generate_series(1, 30) AS n",
    "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal, status)"
    " SELECT 1, 'L' || n, 'NF', 'ativo' FROM generate_series(1, 4) AS n",
    # An alias has one destination only, ever: nothing here is contradictory.
    "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
    " SELECT 'X' || n, 'P' || n, n % 2 = 0 FROM generate_series(0, 11) AS n"
    " UNION ALL SELECT 'Y' || n, 'X' || n, n % 3 = 0 FROM generate_series(0, 11) AS n",
)


def escrita(r: random.Random) -> str:
    """A statement of any kind, on few products and lots."""
    p, x, lote = f"P{r.randint(0, 13)}", f"{r.choice('PXY')}{r.randint(0, 11)}", r.randint(0, 8)
    qtd, dia, resto = r.randint(-3, 9), f"date '2025-08-06' + {r.randint(-3, 12)}", r.randint(0, 6)
    movimento = (
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
    )
    return r.choice(
        [
            f"{movimento} VALUES ('{x}', 'Nome {qtd}', '2025-08-06', 'E', {qtd}, true)",
            f"{movimento} SELECT '{p[0]}' || n % 20, 'Lote', '2025-08-06', 'E', n, true"
            f" FROM generate_series(1, {r.randint(2, 30)}) AS n",
            f"UPDATE movimentacao_estoque SET ativo = NOT ativo WHERE id % 7 = {resto}",
            f"UPDATE movimentacao_estoque SET cod_produto = '{p}' WHERE id % 50 = {resto}",
            f"UPDATE movimentacao_estoque SET nome_produto = 'Outro' WHERE cod_produto = '{x}'",
            f"DELETE FROM movimentacao_estoque WHERE cod_produto = '{x}'",
            f"DELETE FROM movimentacao_estoque WHERE id % 40 = {resto}",
            "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
            f" VALUES ('L{lote}', '{x}', {qtd}, {dia}), ('L{lote}', NULL, 1, {dia})",
            f"UPDATE separacao SET expedicao = {dia} WHERE id % 7 = {resto}",
            f"UPDATE separacao SET separacao_lote_id = 'L{lote}' WHERE id % 7 = {resto}",
            f"DELETE FROM separacao WHERE cod_produto = '{p}'",
            "INSERT INTO pre_separacao_item (cod_produto, qtd_selecionada_usuario,"
            f" data_expedicao_editada) VALUES ('{x}', {qtd}, {dia})",
            "UPDATE pre_separacao_item SET status = CASE status WHEN 'CRIADO' THEN 'CANCELADO'"
            f" ELSE 'CRIADO' END WHERE id % 7 = {resto}",
            "INSERT INTO programacao_producao (cod_produto, data_programacao, qtd_programada)"
            f" VALUES ('{x}', {dia}, {qtd})",
            f"DELETE FROM programacao_producao WHERE id % 7 = {resto}",
            "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal, status)"
            f" VALUES (1, 'L{lote}', 'NF', 'ativo')",
            "UPDATE embarque_itens SET erro_validacao = CASE WHEN erro_validacao IS NULL"
            f" THEN 'erro' END WHERE id % 3 = {resto % 3}",
            f"DELETE FROM embarque_itens WHERE separacao_lote_id = 'L{lote}'",
            f"UPDATE unificacao_codigos SET ativo = NOT ativo WHERE id % 7 = {resto}",
            f"DELETE FROM unificacao_codigos WHERE codigo_origem = '{x}'",
            "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
            f" SELECT 'X{lote}', 'P{lote}', true WHERE NOT EXISTS"
            f" (SELECT FROM unificacao_codigos WHERE codigo_origem = 'X{lote}')",
            f"WITH m AS ({movimento} VALUES ('{x}', 'N', '2025-08-06', 'E', 3, true)"
            f" RETURNING cod_produto) UPDATE separacao AS s SET qtd_saldo = s.qtd_saldo + 1"
            " FROM m WHERE s.cod_produto = m.cod_produto",
        ]
    )


def tudo(conn: psycopg.Connection[Any], r: random.Random, truncar: bool = False) -> None:
    """Forty statements at all isolation levels, a COPY, one for replication, perhaps a TRUNCATE."""
    for n in range(40):
        with conn.transaction(force_rollback=n % 10 == 9):
            conn.execute(f"SET TRANSACTION ISOLATION LEVEL {NIVEIS[n % 3]}")
            conn.execute(escrita(r))
    with (
        conn.cursor() as cur,
        cur.copy(
            "COPY movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
            " tipo_movimentacao, qtd_movimentacao, ativo) FROM STDIN"
        ) as copia,
    ):
        for n in range(50):
            copia.write_row((f"P{n % 30}", "C", "2025-08-06", "E", n, True))
    with conn.transaction():
        conn.execute("SET LOCAL session_replication_role = replica")
        conn.execute(MOVER.format("movimentacao_estoque", f"R{r.randint(0, 3)}", "2025-08-06", 9))
    if truncar:
        conn.execute("TRUNCATE programacao_producao")


@pytest.mark.parametrize("semente", range(3))
def test_exact_whatever_is_written_in_between(
    vazio: str, ganchos: dict[str, Gancho], semente: int
) -> None:
    preparar(vazio, criar_fontes(), *POVOAR)
    r = random.Random(semente)
    with psycopg.connect(vazio, autocommit=True) as outra:
        for momento in MOMENTOS:
            # While it counts a TRUNCATE waits, as it does for any reader.
            truncar = momento == "when it notes"
            ganchos[momento] = lambda truncar=truncar: tudo(outra, r, truncar)  # type: ignore[misc]
        ditas: list[str] = []
        instalar(vazio, None, avisar=ditas.append)
        assert ganchos == {}
        assert "noting what is written meanwhile" in ditas
        assert ditas[-1].startswith("writers were held off for ")
        banco = exato(vazio)
        assert banco.valor("SELECT count(*) FROM estoque_tempo_real") > 10
        # And from here on the triggers count.
        for _ in range(30):
            banco.execute(escrita(r))
        banco.fechar()


@pytest.mark.lento
def test_exact_while_sessions_write_all_the_time(vazio: str, ganchos: dict[str, Gancho]) -> None:
    preparar(
        vazio,
        criar_fontes(),
        *POVOAR,
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo) SELECT 'P' || n % 3000, 'N', '2025-08-01',"
        " 'E', n % 5, true FROM generate_series(1, 12000) AS n",
    )
    parar = threading.Event()
    feitas = [0] * 4
    falhas: list[BaseException] = []

    def rodar(quem: int) -> None:
        r = random.Random(quem)
        try:
            with psycopg.connect(vazio, autocommit=True) as conn:
                while not parar.is_set():
                    try:
                        with conn.transaction():
                            conn.execute(f"SET TRANSACTION ISOLATION LEVEL {r.choice(NIVEIS)}")
                            for _ in range(r.randint(1, 3)):
                                conn.execute(escrita(r))
                    except RETENTAVEIS:
                        continue
                    feitas[quem] += 1
                    # Sessions that never rest rewrite the small tables faster than a machine of two
                    # processors reads through what they leave behind.
                    time.sleep(0.05)
        except BaseException as erro:
            falhas.append(erro)

    def deixar_escrever() -> None:
        ate = sum(feitas) + 40
        while sum(feitas) < ate and not falhas:
            time.sleep(0.01)

    for momento in MOMENTOS:
        ganchos[momento] = deixar_escrever
    sessoes = [threading.Thread(target=rodar, args=(n,)) for n in range(4)]
    for sessao in sessoes:
        sessao.start()
    try:
        instalar(vazio, None)
        with psycopg.connect(vazio) as conn:
            # One snapshot, while they go on.
            assert conn.execute("SELECT * FROM estoque_verificar()").fetchall() == []
        deixar_escrever()
    finally:
        parar.set()
        for sessao in sessoes:
            sessao.join()
    assert falhas == []
    exato(vazio).fechar()


def test_what_it_makes_is_what_the_plain_way_makes(
    servico: Servico,
    vazio: str,
    monkeypatch: pytest.MonkeyPatch,
    despejo: Callable[..., str],
) -> None:
    preparar(vazio, criar_fontes(), *POVOAR)
    outro = servico.criar()
    try:
        preparar(servico.dsn(outro), criar_fontes(), *POVOAR)
        instalar(vazio, None)
        monkeypatch.setattr(adocao, "_GRANDE", 1 << 40)
        ditas: list[str] = []
        instalar(servico.dsn(outro), None, avisar=ditas.append)
        assert "noting what is written meanwhile" not in ditas
        assert despejo(vazio) == despejo(servico.dsn(outro))
        desfazer(vazio, None)
        desfazer(servico.dsn(outro), None)
        assert objetos(vazio) == objetos(servico.dsn(outro))
    finally:
        servico.remover(outro)


def test_nothing_of_ours_is_there_before_the_end(vazio: str, ganchos: dict[str, Gancho]) -> None:
    """Nobody can ask and get half an answer."""
    preparar(vazio, MINIMA, "INSERT INTO movimentacao_estoque VALUES (1, '1', 'Um', 5, true)")
    visto: list[object] = []

    def olhar() -> None:
        with psycopg.connect(vazio) as conn:
            agora = estado(conn)
            assert not agora.instalado
            assert agora.pela_metade
            visto.append(conn.execute("SELECT to_regproc('estoque_consultar')").fetchone())
            visto.append(conn.execute("SELECT to_regclass('estoque_tempo_real')").fetchone())
        feito = estoque("status", "--dsn", vazio)
        assert feito.returncode == 3
        assert "an installation is under way, or was cut off" in feito.stderr

    ganchos["after vivo_trocar"] = olhar
    instalar(vazio, None)
    assert visto == [(None,), (None,)]
    exato(vazio).fechar()


def test_missing_sources_are_made_meanwhile(vazio: str, ganchos: dict[str, Gancho]) -> None:
    """Ours are nobody else's; one that the ERP makes first is counted all the same."""
    movimentos = MINIMA.split(";")[0]
    preparar(vazio, movimentos, "INSERT INTO movimentacao_estoque VALUES (1, '1', 'Um', 5, true)")
    tabela = MINIMA.split(";")[2]

    def criar() -> None:
        preparar(
            vazio,
            tabela,
            "INSERT INTO separacao VALUES (1, 'L', '1', 'Um', 2, '2025-08-07')",
            "INSERT INTO movimentacao_estoque VALUES (2, '2', 'Dois', 7, true)",
        )

    ganchos["when it notes"] = criar
    instalar(vazio, None)
    banco = exato(vazio)
    assert banco.previsto("1") == {banco.dia(1): (0, 2)}
    banco.execute("INSERT INTO separacao VALUES (2, 'L', '2', 'Um', 2, '2025-08-07')")
    banco.fechar()


# --- tables that change meanwhile -----------------------------------------------------------------

MUDANCAS: dict[str, tuple[str, ...]] = {
    "a partition is made and written to": (
        "CREATE TABLE mov_2026 PARTITION OF movimentacao_estoque"
        " FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)",
        MOVER.format("mov_2026", "P7", "2026-01-01", 10),
    ),
    "a partition comes with its rows": (
        "CREATE TABLE nova (LIKE movimentacao_estoque INCLUDING ALL)",
        MOVER.format("nova", "P7", "2026-01-01", 10)
        .replace("(cod", "(id, cod")
        .replace("('P7", "(99, 'P7"),
        "ALTER TABLE movimentacao_estoque ATTACH PARTITION nova"
        " FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)",
    ),
    "a child comes with its rows": (
        "CREATE TABLE filha () INHERITS (separacao)",
        "INSERT INTO filha (id, separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " VALUES (1, 'L', 'P1', 3, '2025-08-07')",
    ),
    "the triggers are off for a while": (
        "ALTER TABLE mov_2024 DISABLE TRIGGER ALL",
        MOVER.format("mov_2024", "P1", "2024-06-01", 10),
        "ALTER TABLE mov_2024 ENABLE TRIGGER ALL",
    ),
}


@pytest.mark.parametrize(
    ("mudanca", "momento"),
    [(m, "when it notes") for m in MUDANCAS]
    # To make a partition takes its parent away from every reader: that waits for the end.
    + [(m, "before 4_encerrar") for m in MUDANCAS if "is made" not in m],
)
def test_tables_that_change_meanwhile(
    vazio: str, ganchos: dict[str, Gancho], mudanca: str, momento: str
) -> None:
    preparar(
        vazio,
        criar_fontes().split(";", 1)[1],
        PARTICIONADA,
        MOVER.format("mov_2024", "P1", "2024-05-05", 3),
        MOVER.format("movimentacao_estoque", "P2", "2025-05-05", 4),
    )
    ganchos[momento] = lambda: preparar(vazio, *MUDANCAS[mudanca])
    instalar(vazio, None)
    assert ganchos == {}
    banco = exato(vazio)
    banco.execute(MOVER.format("mov_2024", "P1", "2024-07-07", 100))
    banco.fechar()


def test_a_partition_that_goes_meanwhile(vazio: str, ganchos: dict[str, Gancho]) -> None:
    preparar(
        vazio,
        PARTICIONADA,
        MOVER.format("mov_2024", "P1", "2024-05-05", 3),
        MOVER.format("movimentacao_estoque", "P2", "2025-05-05", 4),
    )
    ganchos["when it notes"] = lambda: preparar(
        vazio, "ALTER TABLE movimentacao_estoque DETACH PARTITION mov_2024"
    )
    instalar(vazio, None)
    banco = exato(vazio)
    assert banco.produto("P1") is None
    banco.execute(MOVER.format("mov_2024", "P1", "2024-07-07", 100))
    banco.fechar()


@pytest.mark.parametrize("volta", ["ATTACH PARTITION", "INHERIT"])
def test_a_table_that_is_away_while_it_is_counted(
    vazio: str, ganchos: dict[str, Gancho], volta: str
) -> None:
    """It comes back with its triggers, as if nothing had been."""
    preparar(
        vazio,
        criar_fontes().split(";", 1)[1],
        PARTICIONADA,
        "CREATE TABLE filha () INHERITS (separacao)",
        MOVER.format("mov_2024", "P1", "2024-05-05", 3),
        "INSERT INTO filha (id, separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " VALUES (1, 'L', 'P2', 3, '2025-08-07')",
    )
    if volta == "INHERIT":
        ida = "ALTER TABLE filha NO INHERIT separacao"
        vinda = "ALTER TABLE filha INHERIT separacao"
    else:
        ida = "ALTER TABLE movimentacao_estoque DETACH PARTITION mov_2024"
        vinda = (
            "ALTER TABLE movimentacao_estoque ATTACH PARTITION mov_2024"
            " FOR VALUES FROM (MINVALUE) TO ('2025-01-01')"
        )
    ganchos["when it notes"] = lambda: preparar(vazio, ida)
    ganchos["before 4_encerrar"] = lambda: preparar(vazio, vinda)
    instalar(vazio, None)
    assert ganchos == {}
    banco = exato(vazio)
    assert banco.valor("SELECT saldo_atual FROM estoque_tempo_real WHERE cod_produto = 'P1'") == 3
    assert banco.previsto("P2") == {banco.dia(1): (0, 3)}
    banco.fechar()


@pytest.mark.parametrize(
    "mudanca",
    [
        "ALTER TABLE separacao RENAME cod_produto TO produto",
        "ALTER TABLE separacao DROP qtd_saldo",
        "ALTER TABLE separacao ALTER qtd_saldo TYPE text",
    ],
)
def test_a_column_that_goes_meanwhile_fails_the_installation_not_the_writer(
    vazio: str, ganchos: dict[str, Gancho], mudanca: str
) -> None:
    preparar(vazio, criar_fontes(), *POVOAR)
    antes: list[object] = []

    def mudar() -> None:
        preparar(
            vazio,
            mudanca,
            "INSERT INTO separacao SELECT * FROM separacao LIMIT 0",
            "UPDATE separacao SET separacao_lote_id = 'L1'",
            "DELETE FROM separacao WHERE id < 3",
        )
        antes.extend(o for o in objetos(vazio) if o[0] == "class")

    ganchos["when it notes"] = mudar
    with pytest.raises(FonteIncompativel):
        instalar(vazio, None)
    assert [o for o in objetos(vazio) if o[0] == "trigger"] == []
    with psycopg.connect(vazio) as conn:
        assert not estado(conn).pela_metade


def test_every_variant_at_once(vazio: str, ganchos: dict[str, Gancho]) -> None:
    """Partitions, floats, integer codes, chars, a trigger that has our name, a child."""
    preparar(
        vazio,
        *(c.replace("1000000", "3000").replace("n % 2000", "n % 90") for c in GRANDE),
        "DROP TABLE programacao_producao",
        "CREATE TABLE programacao_producao (id serial, cod_produto char(1),"
        " data_programacao date, qtd_programada float8)",
        "INSERT INTO programacao_producao VALUES (1, '7', '2025-08-08', 3)",
        "CREATE TABLE filha (arquivo text) INHERITS (separacao)",
        "CREATE FUNCTION nada() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER estoque_inserir AFTER INSERT ON separacao EXECUTE FUNCTION nada()",
    )
    escritas = (
        "INSERT INTO programacao_producao VALUES (2, '8', '2025-08-09', 5)",
        "UPDATE programacao_producao SET qtd_programada = qtd_programada + 1",
        "INSERT INTO filha (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " VALUES ('L1', '9', 2, '2025-08-10')",
        "INSERT INTO embarque_itens VALUES ('L1', 'NF', 'ativo', NULL)",
        "INSERT INTO mov_depois (cod_produto, nome_produto, data_movimentacao, qtd_movimentacao,"
        " ativo) VALUES ('5', 'N', '2025-06-06', 1.5, true)",
        "UPDATE movimentacao_estoque SET data_movimentacao = '2024-02-02' WHERE cod_produto = '4'",
        "UPDATE unificacao_codigos SET ativo = NOT ativo WHERE codigo_origem % 3 = 0",
        "INSERT INTO unificacao_codigos VALUES (100001, 100000, true)",
    )
    for momento in MOMENTOS:
        ganchos[momento] = lambda: preparar(vazio, *escritas)
    # The last is there several times now, and means the same.
    instalar(vazio, None)
    banco = exato(vazio)
    for comando in escritas[:-1]:
        banco.execute(comando)
    assert banco.valor("SELECT count(*) FROM pg_trigger WHERE tgfoid = 'nada'::regproc") == 1
    banco.fechar()


def test_codes_that_are_padded(vazio: str, ganchos: dict[str, Gancho]) -> None:
    """The blanks of a char(n) are no part of the code."""
    tabelas = MINIMA.replace("cod_produto varchar(20)", "cod_produto char(20)")
    preparar(vazio, tabelas, "INSERT INTO movimentacao_estoque VALUES (1, '1', 'Um', 5, true)")
    comando = (
        "INSERT INTO movimentacao_estoque VALUES (2, '1', 'Dois', 6, true), (3, '2', '', 1, NULL)"
    )
    ganchos["before 4_encerrar"] = lambda: preparar(vazio, comando)
    instalar(vazio, None)
    with psycopg.connect(vazio) as conn:
        assert conn.execute("SELECT * FROM estoque_verificar()").fetchall() == []
        assert conn.execute(
            "SELECT cod_produto, nome_produto, saldo_atual FROM estoque_tempo_real ORDER BY 1"
        ).fetchall() == [("1", "Dois", 11), ("2", None, 0)]


# --- cut off --------------------------------------------------------------------------------------


def cortar(dsn: str, ganchos: dict[str, Gancho], momento: str) -> None:
    """Begin to install, and lose the session at that moment."""

    def matar() -> None:
        with psycopg.connect(dsn, autocommit=True) as conn:
            pid = instalador(conn)
            conn.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])

    ganchos[momento] = matar
    with pytest.raises((ErroEstoque, psycopg.Error)):
        instalar(dsn, None)
    assert ganchos == {}


@pytest.mark.parametrize("momento", [*MOMENTOS[1:], *TRAVADO])
@pytest.mark.parametrize("depois", ["install", "uninstall"])
def test_a_session_that_dies_harms_nobody(
    vazio: str, ganchos: dict[str, Gancho], momento: str, depois: str
) -> None:
    preparar(vazio, criar_fontes(), *POVOAR)
    antes = objetos(vazio)
    r = random.Random(momento)
    cortar(vazio, ganchos, momento)
    with psycopg.connect(vazio, autocommit=True) as conn:
        agora = situacao(conn)
        assert not agora.migracoes.instalado
        assert agora.migracoes.pela_metade
        assert conn.execute("SELECT count(*) FROM _estoque_anotacao").fetchone() is not None
        conn.execute("DELETE FROM _estoque_anotacao")
        tudo(conn, r, truncar=True)  # writers go on, and nothing is noted for nobody
        assert conn.execute("SELECT count(*) FROM _estoque_anotacao").fetchone() == (0,)
    if depois == "install":
        ganchos["before 4_encerrar"] = lambda: preparar(vazio, escrita(r), escrita(r))
        ditas: list[str] = []
        instalar(vazio, None, avisar=ditas.append)
        assert "an earlier installation was cut off: beginning again" in ditas
        exato(vazio).fechar()
    else:
        feito = estoque("uninstall", "--dsn", vazio, "--sim")
        assert feito.returncode == 0, feito.stderr
        # Indexes stay after such an end, as they do without the notes.
        sobra = [o for o in objetos(vazio) if o not in antes]
        assert {o[0] for o in sobra} <= {"class"}
        assert {o[1] for o in sobra} <= {
            "estoque_movimentacao_produto",
            "estoque_movimentacao_data",
            "estoque_movimentacao_dia",
            "estoque_movimentacao_lote",
            "estoque_movimentacao_nota",
            "estoque_pre_separacao_produto",
            "estoque_separacao_produto",
            "estoque_separacao_lote",
            "estoque_programacao_produto",
            "estoque_embarque_lote",
        }
        with psycopg.connect(vazio) as conn:
            assert not estado(conn).pela_metade


def test_a_small_install_takes_over_what_a_large_one_left(
    vazio: str, ganchos: dict[str, Gancho], monkeypatch: pytest.MonkeyPatch
) -> None:
    preparar(vazio, criar_fontes(), *POVOAR)
    cortar(vazio, ganchos, "before vivo_encher")
    monkeypatch.setattr(adocao, "_GRANDE", 1 << 40)
    instalar(vazio, None)
    exato(vazio).fechar()


@pytest.mark.parametrize("momento", [*MOMENTOS[1:], *TRAVADO])
@pytest.mark.parametrize("classe", [RuntimeError, KeyboardInterrupt])
def test_what_fails_on_the_way_leaves_nothing(
    vazio: str, ganchos: dict[str, Gancho], momento: str, classe: type[BaseException]
) -> None:
    preparar(vazio, criar_fontes(), *POVOAR)
    antes = objetos(vazio)

    def falhar() -> None:
        raise classe("stop")

    ganchos[momento] = falhar
    with pytest.raises(classe):
        instalar(vazio, None)
    assert objetos(vazio) == antes
    with psycopg.connect(vazio) as conn:
        assert not estado(conn).pela_metade
    instalar(vazio, None)
    exato(vazio).fechar()


def test_a_table_of_that_name_that_is_not_ours(vazio: str) -> None:
    preparar(vazio, criar_fontes(), "CREATE TABLE _estoque_anotacao (do_erp int)")
    antes = objetos(vazio)
    with pytest.raises(FonteIncompativel) as erro:
        instalar(vazio, None)
    assert erro.value.detalhe == "_estoque_anotacao is there already, and is not ours"
    assert objetos(vazio) == antes
    with psycopg.connect(vazio) as conn:
        assert not estado(conn).pela_metade


ANOTA = "SELECT count(*) FROM pg_proc WHERE proname = '_estoque_anotar'"


@pytest.mark.parametrize("sinal", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("depois_de", ["noting", "filling", "counting"])
def test_a_signal_leaves_nothing(vazio: str, depois_de: str, sinal: signal.Signals) -> None:
    # Large, and quick to fill: a row has a page of its own.
    preparar(
        vazio,
        criar_fontes(),
        "ALTER TABLE movimentacao_estoque SET (fillfactor = 10)",
        *POVOAR,
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo) SELECT 'P' || n % 3000, repeat('N', 190),"
        " '2025-08-01', 'E', n % 5, true FROM generate_series(1, 30000) AS n",
    )
    antes = objetos(vazio)
    with psycopg.connect(vazio) as escritor:
        with subprocess.Popen(
            [sys.executable, "-m", "estoque_pg", "install", "--dsn", vazio, "--sem-agendamento"],
            stderr=subprocess.PIPE,
            text=True,
        ) as processo:
            assert processo.stderr is not None
            for linha in processo.stderr:
                if linha.startswith("noting") and depois_de != "noting":
                    # At the second lock it cannot go on without us.
                    while escritor.execute(ANOTA).fetchone() == (0,):
                        time.sleep(0.005)
                    escritor.execute("LOCK unificacao_codigos IN ROW EXCLUSIVE MODE")
                if linha.startswith(depois_de):
                    break
            time.sleep(0.2)  # what it said comes from inside libpq, where Python loses exceptions
            processo.send_signal(sinal)
            time.sleep(0.5)
            escritor.rollback()
            resto = processo.stderr.read()
            assert processo.wait(20) == 1, resto
    assert objetos(vazio) == antes
    with psycopg.connect(vazio) as conn:
        assert not estado(conn).pela_metade


def test_what_is_installed_when_it_is_interrupted_stays_whole(
    vazio: str, ganchos: dict[str, Gancho]
) -> None:
    """All that is left to do then is to take the notes away; the indexes are needed."""
    preparar(vazio, criar_fontes(), *POVOAR)
    antes = objetos(vazio)

    def falhar() -> None:
        raise KeyboardInterrupt

    ganchos["before vivo_limpar"] = falhar
    with pytest.raises(KeyboardInterrupt):
        instalar(vazio, None)
    banco = Banco(vazio)
    banco.verificar()
    assert banco.valor("SELECT count(*) FROM estoque_gatilhos() WHERE estado <> 'ok'") == 0
    indices = banco.cru("SELECT nome FROM _estoque_indices_das_fontes()")
    assert {("class", i["nome"]) for i in indices} <= set(objetos(vazio))
    banco.fechar()
    desfazer(vazio, None)
    assert objetos(vazio) == antes


@pytest.mark.parametrize("grande", [True, False])
def test_an_interrupt_that_meets_the_commit_is_too_late(
    vazio: str, monkeypatch: pytest.MonkeyPatch, grande: bool
) -> None:
    preparar(vazio, criar_fontes(), *POVOAR)
    if not grande:
        monkeypatch.setattr(adocao, "_GRANDE", 1 << 40)
    realizar = migracoes._Obra.realizar

    def interrompida(obra: migracoes._Obra) -> None:
        realizar(obra)
        raise KeyboardInterrupt

    monkeypatch.setattr(migracoes._Obra, "realizar", interrompida)
    assert instalar(vazio, None) == MIGRACOES
    banco = exato(vazio)
    indices = banco.cru("SELECT nome FROM _estoque_indices_das_fontes()")
    assert {("class", i["nome"]) for i in indices} <= set(objetos(vazio))
    banco.fechar()


def test_two_installations_at_once(vazio: str, ganchos: dict[str, Gancho]) -> None:
    """One waits for the other, and finds nothing to do, or has another schema to do."""
    preparar(
        vazio,
        criar_fontes(),
        *POVOAR,
        "CREATE SCHEMA outra",
        "SET search_path = outra;" + criar_fontes() + ";".join(POVOAR),
    )
    feitas: dict[str, list[str]] = {}

    def rodar(schema: str, vez: int) -> None:
        feitas[f"{schema} {vez}"] = instalar(vazio, schema)

    sessoes = [threading.Thread(target=rodar, args=args) for args in [("public", 2), ("outra", 1)]]

    def comecar() -> None:
        for sessao in sessoes:
            sessao.start()
        time.sleep(0.3)

    ganchos["when it notes"] = comecar
    rodar("public", 1)
    for sessao in sessoes:
        sessao.join(60)
    assert feitas == {"public 1": MIGRACOES, "public 2": [], "outra 1": MIGRACOES}
    exato(vazio).fechar()
    exato(f"{vazio} options='-c search_path=outra'").fechar()


# --- rows that cannot be counted ------------------------------------------------------------------

PECADOS = {
    "quantity": (QuantidadeInvalida, MOVER.format("movimentacao_estoque", "Z", "now", "'NaN'")),
    "quantity without a product": (
        QuantidadeInvalida,
        "INSERT INTO separacao (separacao_lote_id, qtd_saldo, expedicao)"
        " VALUES ('L', 'NaN', '2025-08-07')",
    ),
    "unification": (
        UnificacaoInvalida,
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('P0', 'P1', true), ('P1', 'P0', true)",
    ),
}


@pytest.mark.parametrize("pecado", PECADOS)
@pytest.mark.parametrize("momento", MOMENTOS)
def test_a_row_that_cannot_be_counted_comes_meanwhile(
    vazio: str, ganchos: dict[str, Gancho], momento: str, pecado: str
) -> None:
    preparar(vazio, criar_fontes(), *POVOAR)
    antes = objetos(vazio)
    classe, comando = PECADOS[pecado]
    ganchos[momento] = lambda: preparar(vazio, comando)
    with pytest.raises(classe) as erro:
        instalar(vazio, None)
    assert "--tolerante" in (erro.value.dica or "")
    assert objetos(vazio) == antes
    instalar(vazio, None, tolerante=True)
    exato(vazio).fechar()


@pytest.mark.parametrize("pecado", PECADOS)
@pytest.mark.parametrize("momento", MOMENTOS)
def test_one_that_comes_meanwhile_is_left_out_on_request(
    vazio: str, ganchos: dict[str, Gancho], momento: str, pecado: str
) -> None:
    preparar(vazio, criar_fontes(), *POVOAR)
    ganchos[momento] = lambda: preparar(vazio, PECADOS[pecado][1])
    ditas: list[str] = []
    instalar(vazio, None, tolerante=True, avisar=ditas.append)
    assert any(d.startswith("left out") for d in ditas)
    banco = exato(vazio)
    assert banco.valor("SELECT recusadas FROM estoque_controle") is True
    banco.fechar()


# --- transactions in the way ----------------------------------------------------------------------


@pytest.mark.parametrize("momento", ["before vivo_anotar", "before vivo_encher"])
def test_a_transaction_in_the_way_is_waited_for(
    vazio: str, ganchos: dict[str, Gancho], momento: str
) -> None:
    """At either lock; meanwhile the others write."""
    preparar(vazio, criar_fontes(), *POVOAR)
    ditas: list[str] = []
    with psycopg.connect(vazio) as parada, psycopg.connect(vazio, autocommit=True) as outra:
        ganchos[momento] = lambda: parada.execute(
            "LOCK separacao, movimentacao_estoque IN ROW EXCLUSIVE MODE"
        )
        instalacao = threading.Thread(
            target=instalar, args=(vazio, None), kwargs={"avisar": ditas.append}
        )
        instalacao.start()
        while "the source tables are in use: trying again" not in ditas:
            time.sleep(0.05)
        tudo(outra, random.Random(1))
        parada.execute("INSERT INTO separacao (cod_produto, qtd_saldo) VALUES ('P1', 2)")
        parada.commit()
        instalacao.join(60)
    exato(vazio).fechar()


@pytest.mark.parametrize("momento", ["before vivo_anotar", "before vivo_encher"])
def test_it_gives_up_in_the_end_and_says_who(
    vazio: str, ganchos: dict[str, Gancho], monkeypatch: pytest.MonkeyPatch, momento: str
) -> None:
    monkeypatch.setattr(migracoes, "TENTATIVAS", 3)
    monkeypatch.setattr(migracoes, "AO_LIMPAR", 2)
    preparar(vazio, criar_fontes(), *POVOAR)
    antes = objetos(vazio)
    ditas: list[str] = []
    with psycopg.connect(vazio) as parada:
        parada.execute("SELECT 1")
        time.sleep(2.1)
        ganchos[momento] = lambda: parada.execute("LOCK unificacao_codigos IN ROW EXCLUSIVE MODE")
        with pytest.raises(ErroEstoque) as erro:
            instalar(vazio, None, avisar=ditas.append)
        assert erro.value.mensagem == "the source tables stayed in use: nothing was changed"
        assert f"process {parada.info.backend_pid} (" in (erro.value.dica or "")
        with psycopg.connect(vazio, autocommit=True) as outra:
            assert not estado(outra).instalado
            tudo(outra, random.Random(2))
    if momento == "before vivo_anotar":
        assert objetos(vazio) == antes
    else:
        assert any("could not be removed, and does nothing" in d for d in ditas)
        assert desfazer(vazio, None) == []
        assert [o for o in objetos(vazio) if o[0] == "trigger"] == []
    instalar(vazio, None)
    exato(vazio).fechar()


def test_who_waits_for_us_and_holds_what_we_want_goes_first(
    vazio: str, ganchos: dict[str, Gancho]
) -> None:
    """It would wait for the counting to end, and the end of the counting for it."""
    preparar(vazio, criar_fontes(), *POVOAR)
    ditas: list[str] = []
    with psycopg.connect(vazio) as outra:
        fim: list[threading.Thread] = []

        def escrever() -> None:
            outra.execute("UPDATE embarque_itens SET pedido = 'x'")

        def truncar() -> None:
            def rodar() -> None:
                outra.execute("TRUNCATE programacao_producao")
                outra.commit()

            fim.append(threading.Thread(target=rodar))
            fim[0].start()
            time.sleep(0.3)

        ganchos["before vivo_encher"] = escrever
        ganchos["before 4_encerrar"] = truncar
        instalar(vazio, None, avisar=ditas.append)
        fim[0].join(20)
    assert "the source tables are in use: trying again" in ditas
    banco = exato(vazio)
    assert banco.valor("SELECT count(*) FROM programacao_producao") == 0
    banco.fechar()


# --- old snapshots, and rows that fire no trigger -------------------------------------------------


@pytest.mark.parametrize("nivel", NIVEIS[1:])
@pytest.mark.parametrize("grande", [True, False])
def test_a_transaction_that_sees_what_was_before(
    vazio: str,
    ganchos: dict[str, Gancho],
    monkeypatch: pytest.MonkeyPatch,
    grande: bool,
    nivel: str,
) -> None:
    """What it writes while we count is noted; after us it is exact, or has to be run again."""
    preparar(vazio, criar_fontes(), *POVOAR)
    depois = (
        MOVER.format("movimentacao_estoque", "P1", "2025-08-06", 5),
        MOVER.format("movimentacao_estoque", "NOVO", "2025-08-06", 5),
        "DELETE FROM movimentacao_estoque WHERE cod_produto = 'P2'",
        "UPDATE separacao SET qtd_saldo = qtd_saldo + 1 WHERE separacao_lote_id = 'L3'",
        "UPDATE embarque_itens SET nota_fiscal = NULL",
        "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal, status)"
        " VALUES (1, 'LX', 'NF', 'ativo')",
        "INSERT INTO embarque_itens (embarque_id, separacao_lote_id, nota_fiscal, status)"
        " VALUES (1, 'L7', 'NF', 'ativo')",
        "UPDATE unificacao_codigos SET ativo = NOT ativo WHERE codigo_origem = 'X1'",
        "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('P1', 'P3', true)",
    )
    nova = (
        "INSERT INTO separacao (separacao_lote_id, cod_produto, qtd_saldo, expedicao)"
        " VALUES ('LX', '{}', 7, '2025-08-07')"
    )
    sessoes = [psycopg.connect(vazio) for _ in range(len(depois) + 2)]
    try:
        antiga, meio, *fim = sessoes

        def escrever(sessao: psycopg.Connection[Any], *comandos: str) -> None:
            for comando in comandos:
                sessao.execute(comando)
            sessao.commit()

        def ver() -> None:
            """Indexes are there by now: these would have been waited for."""
            for sessao in sessoes:
                sessao.execute(f"SET TRANSACTION ISOLATION LEVEL {nivel}")
                sessao.execute("SELECT count(*) FROM movimentacao_estoque")
            escrever(antiga, nova.format("P4"), *depois[:2])

        def escrever_mais() -> None:
            escrever(meio, nova.format("P5"), depois[3])

        if grande:
            ganchos["before vivo_anotar"] = ver
            ganchos["before 4_encerrar"] = escrever_mais
        else:
            monkeypatch.setattr(adocao, "_GRANDE", 1 << 40)
            ver()
            escrever_mais()
        instalar(vazio, None)
        assert ganchos == {}
        for sessao, comando in zip(fim, depois, strict=True):
            try:
                escrever(sessao, comando)
            except RETENTAVEIS:
                sessao.rollback()
            exato(vazio).fechar()
    finally:
        for sessao in sessoes:
            sessao.close()


def test_rows_that_replication_applies_meanwhile(
    banco: Banco, vazio: str, ganchos: dict[str, Gancho]
) -> None:
    """Nothing can note them: all is counted again, with the worker held off."""
    preparar(vazio, criar_fontes(), *POVOAR)
    nome = conninfo_to_dict(vazio)["dbname"]
    banco.cru("CREATE PUBLICATION fontes FOR TABLE movimentacao_estoque")
    banco.cru(f"SELECT pg_create_logical_replication_slot('{nome}', 'pgoutput')")
    preparar(
        vazio,
        f"CREATE SUBSCRIPTION {nome} CONNECTION '{banco.dsn}' PUBLICATION fontes"
        f" WITH (create_slot = false, slot_name = '{nome}')",
    )

    def esperar(conn: psycopg.Connection[Any], consulta: str) -> None:
        ate = time.monotonic() + 60
        while conn.execute(consulta).fetchone() == (0,):
            assert time.monotonic() < ate
            time.sleep(0.05)

    def aplicar() -> None:
        banco.execute(MOVER.format("movimentacao_estoque", "P1", "2025-08-06", 5))
        esperar(conn, "SELECT count(*) FROM movimentacao_estoque WHERE nome_produto = 'N'")

    with psycopg.connect(vazio, autocommit=True) as conn:
        try:
            esperar(conn, "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate = 'r'")
            # The ids of both are their own.
            conn.execute(
                "ALTER TABLE movimentacao_estoque DROP CONSTRAINT IF EXISTS"
                " movimentacao_estoque_pkey"
            )
            ganchos["before 4_encerrar"] = aplicar
            instalar(vazio, None)
            assert ganchos == {}
            exato(vazio).fechar()
        finally:
            conn.execute(f"DROP SUBSCRIPTION IF EXISTS {nome}")
