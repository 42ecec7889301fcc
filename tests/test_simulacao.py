"""Why, what if, a whole order: what is said of a change is what comes when it is really made."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import date
from decimal import Decimal as Dec
from typing import Any

import psycopg
import pytest
from apoio import Banco, papel_novo
from oraculo import Linha, oraculo_de
from oraculo_planejador import Planejador, comparar_planejador, mudancas_ao_acaso

DIAS = 15
# Where the documents stand: table, column of the day, column of the quantity.
COLUNAS = {
    "pre_separacao_item": ("data_expedicao_editada", "qtd_selecionada_usuario"),
    "separacao": ("expedicao", "qtd_saldo"),
    "programacao_producao": ("data_programacao", "qtd_programada"),
}


def encher(banco: Banco, semente: int) -> None:
    """Some products, some unified, with documents of every kind around today."""
    s = random.Random(semente)
    codigos = [f"P{n}" for n in range(8)]

    def dia() -> date | None:
        return s.choice([None, *map(banco.dia, [-40, -9, -2, -1, 0, 0, 1, 1, 2, 3, 5, 8, 13, 20])])

    def quanto() -> Dec:
        return Dec(s.choice(["0", "0.5", "1", "3", "7.25", "10", "40"]))

    linhas: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
        "movimentacao_estoque": (
            "cod_produto, nome_produto, data_movimentacao, tipo_movimentacao, qtd_movimentacao,"
            " ativo",
            [(c, c, banco.dia(-3), "E", s.choice([-5, 0, 4, 12, 30]), True) for c in codigos],
        ),
        "separacao": (
            "cod_produto, num_pedido, separacao_lote_id, expedicao, qtd_saldo",
            [(s.choice(codigos), s.choice("AB"), s.choice("LMF"), dia(), quanto())
             for _ in range(14)],
        ),
        "pre_separacao_item": (
            "cod_produto, num_pedido, separacao_lote_id, data_expedicao_editada,"
            " qtd_selecionada_usuario, status",
            [(s.choice(codigos), s.choice("AB"), None, dia(), quanto(), s.choice(["CRIADO", "X"]))
             for _ in range(8)],
        ),
        "programacao_producao": (
            "cod_produto, linha_producao, data_programacao, qtd_programada",
            [(s.choice(codigos), s.choice(["L1", "L2", None]), dia(), quanto())
             for _ in range(12)],
        ),
        "unificacao_codigos": (
            "codigo_origem, codigo_destino, ativo", [("P7", "P0", True), ("P6", "P7", True)]
        ),
    }  # fmt: skip
    banco.cru(
        "TRUNCATE estoque_regra; INSERT INTO estoque_regra (cod_produto, minimo, tolerancia,"
        " prazo_reposicao) VALUES (NULL, 2, 0.5, NULL), ('P1', 20, NULL, 3), ('P6', 9, 4, 2),"
        " ('P7', 8, 5, NULL), ('P2', NULL, 3, 1), ('nobody', 9, 9, 9)"
    )
    banco.cru("TRUNCATE " + ", ".join([*linhas, "embarque_itens"]))
    for tabela, (colunas, dados) in linhas.items():
        with banco.conn.cursor() as cur, cur.copy(f"COPY {tabela} ({colunas}) FROM STDIN") as copia:
            for linha in dados:
                copia.write_row(linha)
    banco.cru(
        "INSERT INTO embarque_itens (separacao_lote_id, status, nota_fiscal)"
        " VALUES ('F', 'ativo', '1')"
    )
    certo = banco.verificar()
    assert comparar_planejador(banco.conn, certo, semente) == []


def escrever(banco: Banco, antes: Sequence[Linha], depois: Sequence[Linha]) -> None:
    """Write to the ERP's tables what the changes leave of the documents."""
    for tabela, (data, quantidade) in COLUNAS.items():
        ficam = {d["numero"]: d for d in depois if d["origem"] == tabela}
        for d in (d for d in antes if d["origem"] == tabela):
            agora = ficam.get(d["numero"])
            if agora is None:
                banco.cru(f"DELETE FROM {tabela} WHERE id = %s", [d["numero"]])
            elif agora != d:
                banco.cru(
                    f"UPDATE {tabela} SET {data} = %s, {quantidade} = %s WHERE id = %s",
                    [agora["data"], agora["quanto"], d["numero"]],
                )
    for d in (d for d in depois if d["origem"] is None):
        tabela = "programacao_producao" if d["entra"] else "separacao"
        data, quantidade = COLUNAS[tabela]
        banco.cru(
            f"INSERT INTO {tabela} (cod_produto, {data}, {quantidade}) VALUES (%s, %s, %s)",
            [d["produto"], d["data"], d["quanto"]],
        )


def projecoes(banco: Banco) -> dict[str, list[Any]]:
    """The end of each day of each product, as our tables have it."""
    return {
        r["cod_produto"]: r["saldos"]
        for r in banco.cru(
            "SELECT t.cod_produto, array_agg(p.saldo_final ORDER BY p.dia) AS saldos"
            " FROM estoque_tempo_real AS t, estoque_projecao(t.cod_produto, %s) AS p"
            " GROUP BY t.cod_produto",
            [DIAS],
        )
    }


def mudar_de_verdade(banco: Banco, mudancas: list[dict[str, Any]]) -> None:
    certo = Planejador(oraculo_de(banco.conn))
    antes = [d for d in certo.abertos if not d["faturado"] and d["quanto"] > 0]
    depois, _ = certo.mudar(mudancas)
    # What the changes could not meet stays as it is.
    conhecidos = {(d["origem"], d["numero"]) for d in depois}
    fora = [d for d in antes if certo.situacao(d, date.max) not in ("conta", "atrasada")]
    depois += [d for d in fora if (d["origem"], d["numero"]) not in conhecidos
               and not any("para" in m for m in mudancas)]  # fmt: skip
    escrever(banco, antes, depois)


@pytest.mark.parametrize("semente", range(3))
def test_what_is_predicted_is_what_comes(banco: Banco, semente: int) -> None:
    encher(banco, semente)
    sorteio = random.Random(semente)
    for _ in range(12):
        mudancas = mudancas_ao_acaso(sorteio, Planejador(oraculo_de(banco.conn)))
        texto = json.dumps(mudancas)
        antes = projecoes(banco)
        ditos = {
            r["cod_produto"]: r
            for r in banco.cru("SELECT * FROM estoque_simular(%s, %s)", [texto, DIAS])
        }
        previstas = {
            c: [
                r["saldo_depois"]
                for r in banco.cru(
                    "SELECT * FROM estoque_projecao_simulada(%s, %s, %s)", [c, texto, DIAS]
                )
            ]
            for c in antes
        }
        with banco.transacao(desfazer=True):
            mudar_de_verdade(banco, mudancas)
            depois = projecoes(banco)
            assert depois == previstas, texto
            assert set(ditos) == {c for c in antes if antes[c] != depois[c]}, texto
            for codigo, r in ditos.items():
                saldo = banco.valor(
                    "SELECT saldo_atual FROM estoque_tempo_real WHERE cod_produto = %s", [codigo]
                )
                for quando, saldos in (("antes", antes[codigo]), ("depois", depois[codigo])):
                    ruptura = next((banco.dia(n) for n, s in enumerate(saldos) if s < 0), None)
                    assert r[f"dia_ruptura_{quando}"] == ruptura, texto
                    assert r[f"menor_{quando}"] == min(saldo, *saldos), texto


@pytest.mark.parametrize("semente", range(3))
def test_each_remedy_ends_the_interval_when_it_is_done(banco: Banco, semente: int) -> None:
    encher(banco, semente)
    tentados = set()
    for codigo in projecoes(banco):
        for r in banco.cru("SELECT * FROM estoque_explicar(%s, %s)", [codigo, DIAS]):
            dias = [
                n for n in range(DIAS + 1)
                if r["inicio"] <= banco.dia(n) <= (r["fim"] or banco.dia(DIAS))
            ]  # fmt: skip
            assert all(projecoes(banco)[codigo][n] < 0 for n in dias)
            for remedio in r["remedios"]:
                tentados.add(remedio["acao"])
                with banco.transacao(desfazer=True):
                    mudar_de_verdade(banco, remedio["mudancas"])
                    saldos = projecoes(banco)[codigo]
                    assert all(saldos[n] >= 0 for n in dias), (codigo, r, remedio)
    assert "repor" in tentados


@pytest.mark.parametrize("semente", range(3))
def test_a_promise_is_kept_and_the_day_before_is_too_early(banco: Banco, semente: int) -> None:
    encher(banco, semente)
    s = random.Random(semente)
    codigos = sorted(projecoes(banco))
    prometidas = 0
    for _ in range(15):
        pedido = [(s.choice(codigos), Dec(s.choice(["0.5", "2", "6", "15"]))) for _ in range(2)]
        linhas = banco.cru(
            "SELECT * FROM estoque_prometer(%s, %s, %s)",
            [[c for c, _ in pedido], [q for _, q in pedido], DIAS],
        )
        junta = linhas[0]["data_conjunta"]

        def faltam(dia: date, quais: list[tuple[str, Dec]]) -> bool:
            """Whether these exits, really there on that day, make it or a later one short."""
            with banco.transacao(desfazer=True):
                for codigo, quantidade in quais:
                    banco.sep(codigo, quantidade, (dia - banco.D).days)
                depois = projecoes(banco)
                return any(min(depois[c][(dia - banco.D).days :]) < 0 for c, _ in quais)

        assert banco.dia() if junta is None else not faltam(junta, pedido)
        if junta is not None:
            prometidas += 1
            if junta > banco.D:
                assert faltam(date.fromordinal(junta.toordinal() - 1), pedido)
        for r in linhas:
            if r["maximo_na_data"] is not None:
                produto = r["cod_produto"]
                assert not faltam(r["data_disponivel"], [(produto, r["maximo_na_data"])])
                mais = r["maximo_na_data"] + Dec("0.001")
                assert faltam(r["data_disponivel"], [(produto, mais)])
    assert prometidas


# -- what is refused ----------------------------------------------------------------------------


@pytest.fixture
def um_produto(banco: Banco) -> Banco:
    banco.cru(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " VALUES ('P', 'x', '2025-08-01', 'E', 10, true);"
        " INSERT INTO separacao (id, cod_produto, num_pedido, expedicao, qtd_saldo)"
        " VALUES (1, 'P', 'A', '2025-08-08', 4)"
    )
    return banco


@pytest.mark.parametrize(
    ("item", "campo", "trecho"),
    [
        (1, "mudancas", "item 2 of mudancas must be an object, not number"),
        ({}, "acao", "missing"),
        ({"acao": "x"}, "acao", '"x"'),
        ({"acao": 1}, "acao", "not 1"),
        ({"acao": "ignorar"}, "mudancas", "no filter"),
        ({"acao": "ignorar", "pedido": ["A"]}, "pedido", "'pedido'"),
        ({"acao": "ignorar", "pedidos": []}, "pedidos", "list of texts, not []"),
        ({"acao": "ignorar", "pedidos": "A"}, "pedidos", 'not "A"'),
        ({"acao": "ignorar", "pedidos": [1]}, "pedidos", "not [1]"),
        ({"acao": "ignorar", "codigos": [None]}, "codigos", "not [null]"),
        ({"acao": "ignorar", "ids": ["1"]}, "ids", "ids need origem"),
        ({"acao": "ignorar", "ids": [1.5], "origem": "separacao"}, "ids", "not [1.5]"),
        ({"acao": "ignorar", "origem": "movimentacao_estoque"}, "origem", "one of"),
        ({"acao": "ignorar", "origem": None}, "origem", "not null"),
        ({"acao": "ignorar", "de": "01/12/2026"}, "de", "YYYY-MM-DD"),
        ({"acao": "ignorar", "ate": "2026-02-30"}, "ate", '"2026-02-30"'),
        ({"acao": "ignorar", "ate": "0000-01-01"}, "ate", '"0000-01-01"'),
        ({"acao": "ignorar", "ate": 5}, "ate", "not 5"),
        ({"acao": "ignorar", "de": "2026-02-01", "dias": 1}, "dias", "knows no key 'dias'"),
        ({"acao": "somar", "codigo": "P", "data": "2025-08-09"}, "entrada", "either"),
        ({"acao": "somar", "codigo": "P", "data": "2025-08-09", "entrada": 1, "saida": 1},
         "entrada", "either"),
        ({"acao": "somar", "codigo": "zz", "data": "2025-08-09", "saida": 1}, "codigo", "'zz'"),
        ({"acao": "somar", "codigo": 1, "data": "2025-08-09", "saida": 1}, "codigo", "text"),
        ({"acao": "somar", "codigo": "P", "saida": 1}, "data", "missing"),
        ({"acao": "somar", "codigo": "P", "data": "2025-08-05", "entrada": 1}, "data", "before"),
        ({"acao": "somar", "codigo": "P", "data": "2025-08-09", "entrada": "1"}, "entrada", '"1"'),
        ({"acao": "somar", "codigo": "P", "data": "2025-08-09", "entrada": 0}, "entrada", "not 0"),
        ({"acao": "somar", "codigo": "P", "data": "2025-08-09", "saida": -1}, "saida", "not -1"),
        ({"acao": "somar", "codigo": "P", "data": "2025-08-09", "saida": 0.0004}, "saida",
         "0.0004"),
        ({"acao": "somar", "codigo": "P", "data": "2025-08-09", "saida": 1e15}, "saida", "above"),
        ({"acao": "somar", "codigo": "P", "data": "2025-08-09", "saida": 1, "de": "2025-08-09"},
         "de", "knows no key"),
        ({"acao": "adiar", "pedidos": ["A"]}, "dias", "either dias or para"),
        ({"acao": "adiar", "pedidos": ["A"], "dias": 1, "para": "2025-08-09"}, "dias", "either"),
        ({"acao": "adiar", "pedidos": ["A"], "dias": 1.5}, "dias", "whole"),
        ({"acao": "adiar", "pedidos": ["A"], "dias": "2"}, "dias", '"2"'),
        ({"acao": "adiar", "pedidos": ["A"], "dias": 99999}, "dias", "3650"),
        ({"acao": "adiar", "pedidos": ["A"], "dias": None}, "dias", "null"),
        ({"acao": "adiar", "pedidos": ["A"], "para": "2025-08-05"}, "para", "before"),
        ({"acao": "escalar", "pedidos": ["A"]}, "fator", "fator"),
        ({"acao": "escalar", "pedidos": ["A"], "fator": -0.1}, "fator", "-0.1"),
        ({"acao": "escalar", "pedidos": ["A"], "fator": "2"}, "fator", '"2"'),
    ],
)  # fmt: skip
def test_a_bad_item_is_named(um_produto: Banco, item: object, campo: str, trecho: str) -> None:
    texto = json.dumps([{"acao": "ignorar", "pedidos": ["A"]}, item])
    for pergunta in ("estoque_simular(%s)", "estoque_projecao_simulada('P', %s)"):
        with pytest.raises(psycopg.Error) as erro:
            um_produto.cru(f"SELECT * FROM {pergunta}", [texto])
        diag = erro.value.diag
        assert diag.sqlstate == "22023"
        assert diag.column_name == campo
        assert trecho in str(diag.message_primary)
        assert "item 2 of mudancas" in str(diag.message_primary)
        assert diag.message_hint
        # A program can say it in another language without reading the message.
        valores = json.loads(str(diag.datatype_name))
        modelo = str(diag.constraint_name)
        assert modelo.count("%s") == len(valores)
        assert modelo.replace("%s", "{}").format(*valores) == diag.message_primary


def test_changes_as_a_whole(um_produto: Banco) -> None:
    for nada in ("null", "[]", None):
        assert um_produto.cru("SELECT * FROM estoque_simular(%s)", [nada]) == []
        assert len(um_produto.cru("SELECT * FROM estoque_projecao_simulada('P', %s)", [nada])) == 29
    assert um_produto.cru("SELECT * FROM estoque_projecao_simulada('zz', '[]')") == []
    muitas = json.dumps([{"acao": "ignorar", "pedidos": ["A"]}] * 1001)
    for ruim, trecho in (("{}", "object"), ('"x"', "string"), (muitas, "1001")):
        with pytest.raises(psycopg.Error, match=trecho) as erro:
            um_produto.cru("SELECT * FROM estoque_simular(%s)", [ruim])
        assert erro.value.sqlstate == "22023"
    for dias in (-1, 3651, None):
        for pergunta in (
            "estoque_simular('[]', %s)",
            "estoque_projecao_simulada('P', '[]', %s)",
            "estoque_explicar('P', %s)",
            "estoque_prometer('{P}', '{1}', %s)",
        ):
            with pytest.raises(psycopg.Error) as erro:
                um_produto.cru(f"SELECT * FROM {pergunta}", [dias])
            assert erro.value.sqlstate == "22023"


def test_a_filter_that_meets_nothing_is_told(um_produto: Banco) -> None:
    avisos: list[str | None] = []
    um_produto.conn.add_notice_handler(lambda aviso: avisos.append(aviso.message_primary))
    texto = json.dumps(
        [{"acao": "ignorar", "pedidos": [p]} for p in ("A", "B")]
        + [{"acao": "ignorar", "codigos": ["nobody"]}]
    )
    assert len(um_produto.cru("SELECT * FROM estoque_simular(%s)", [texto])) == 1
    um_produto.cru("SELECT * FROM estoque_projecao_simulada('P', %s)", [texto])
    assert (
        avisos
        == [
            "item 2 of mudancas meets no open document",
            "item 3 of mudancas meets no open document",
        ]
        * 2
    )


def test_an_overdue_entry_counts_again_only_with_a_date(um_produto: Banco) -> None:
    um_produto.cru(
        "INSERT INTO programacao_producao (cod_produto, linha_producao, data_programacao,"
        " qtd_programada) VALUES ('P', 'L1', '2024-01-01', 5), ('P', 'L1', NULL, 7)"
    )

    def depois(item: dict[str, Any]) -> Any:
        return um_produto.cru(
            "SELECT * FROM estoque_projecao_simulada('P', %s, 7)", [json.dumps([item])]
        )[-1]["saldo_depois"]

    assert depois({"acao": "adiar", "dias": 2, "linhas": ["L1"]}) == 6
    assert depois({"acao": "adiar", "para": "2025-08-07", "linhas": ["L1"]}) == 18
    assert depois({"acao": "adiar", "para": "2025-08-07", "ate": "2025-01-01"}) == 11
    assert depois({"acao": "adiar", "para": "2025-08-07", "origem": "programacao_producao"}) == 18


@pytest.mark.parametrize(
    ("codigos", "quantidades", "trecho"),
    [
        (["P", None], [1, 1], "line 2 of the order has no code"),
        (["P"], [1, 1], "codigos has 1 entries and quantidades has 2"),
        (["P"], None, "codigos has 1 entries and quantidades has 0"),
        (["P", "Q"], [1, 0], "line 2 of the order, code 'Q'"),
        (["P"], [-1], "not -1"),
        (["P"], [Dec("0.0004")], "not 0.0004"),
        (["P"], [None], "not NULL"),
        (["P"], [Dec("NaN")], "not NaN"),
        (["P"], [Dec("Infinity")], "not Infinity"),
        (["P"], [Dec("1e15")], "above zero"),
    ],
)
def test_a_bad_line_of_an_order_is_named(
    um_produto: Banco, codigos: Any, quantidades: Any, trecho: str
) -> None:
    with pytest.raises(psycopg.Error) as erro:
        um_produto.cru(
            "SELECT * FROM estoque_prometer(%s::text[], %s::numeric[])", [codigos, quantidades]
        )
    assert erro.value.sqlstate == "22023"
    assert trecho in str(erro.value)


def test_a_long_order(um_produto: Banco) -> None:
    linhas = um_produto.cru(
        "SELECT * FROM estoque_prometer(%s, %s)",
        [["P"] * 10_000 + ["zz"], [Dec("0.0006")] * 10_001],
    )
    assert [(r["cod_produto"], r["quantidade"], r["codigos_pedidos"]) for r in linhas] == [
        ("P", 10, ["P"]),
        (None, Dec("0.001"), ["zz"]),
    ]
    assert {r["data_conjunta"] for r in linhas} == {None}
    for vazio in ("'{}', '{}'", "NULL, NULL", "NULL, '{}'"):
        assert um_produto.cru(f"SELECT * FROM estoque_prometer({vazio})") == []


# -- who may ask, and what it costs others ------------------------------------------------------

PERGUNTAS = (
    "SELECT count(*) FROM estoque_documentos('P')",
    "SELECT count(*) FROM estoque_explicar('P')",
    "SELECT count(*) FROM estoque_prometer('{P}', '{1}')",
    'SELECT count(*) FROM estoque_simular(\'[{"acao": "ignorar", "pedidos": ["A"]}]\')',
    'SELECT count(*) FROM estoque_projecao_simulada(\'P\','
    ' \'[{"acao": "adiar", "dias": 2, "origem": "separacao", "ids": [1]}]\')',
)  # fmt: skip


def test_a_reader_without_any_right_on_the_sources(um_produto: Banco) -> None:
    with (
        papel_novo(um_produto.conn, "leitor") as papel,
        papel_novo(um_produto.conn, "outro") as fora,
    ):
        um_produto.cru(f"SELECT estoque_conceder('{papel}', true)")
        um_produto.cru(f"GRANT USAGE ON SCHEMA public TO {fora}")
        conn = um_produto.conectar(user=papel, options="-c default_transaction_read_only=on")
        outra = um_produto.conectar(user=fora)
        for pergunta in PERGUNTAS:
            [linha] = conn.execute(pergunta).fetchall()
            assert linha[0] >= ("explicar" not in pergunta), pergunta
            if "prometer" not in pergunta:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    outra.execute(pergunta)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("SELECT * FROM separacao")
        conn.close()
        outra.close()


def test_no_writer_waits_for_a_question(um_produto: Banco) -> None:
    """Nor a question for a writer: each holds what it has while the other goes on."""
    leitor = um_produto.conectar(autocommit=False, options="-c lock_timeout=2s")
    escritor = um_produto.conectar(autocommit=False, options="-c lock_timeout=2s")
    escreve = (
        "INSERT INTO separacao (id, cod_produto, expedicao, qtd_saldo)"
        " SELECT count(*) + 10, 'P', '2025-08-09', 1 FROM separacao",
        "UPDATE separacao SET qtd_saldo = 5 WHERE id = 1",
        "DELETE FROM separacao WHERE id = 1",
    )
    for passo in escreve:
        escritor.execute(passo)
        for pergunta in PERGUNTAS:
            leitor.execute(pergunta)
        escritor.commit()
        escritor.execute(passo)
        escritor.commit()
        leitor.rollback()
    leitor.close()
    escritor.close()
