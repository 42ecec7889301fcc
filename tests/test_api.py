"""The Python API: the dictionaries applications know, typed rows, errors. Synchronous and not."""

from __future__ import annotations

import asyncio
import doctest
import inspect
import json
import re
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from apoio import GATILHOS, Banco
from psycopg.types.json import set_json_loads
from psycopg.types.numeric import FloatLoader

import estoque_pg
from estoque_pg import APIEstoqueTempoReal, APIEstoqueTempoRealAsync
from estoque_pg.cli.saidas import SAIDAS, saida_de
from estoque_pg.erros import POR_SQLSTATE, ArgumentoInvalido, ErroEstoque, MigracoesPendentes
from estoque_pg.metodos import perguntas_com_metodo
from estoque_pg.perguntas.saldos import Atrasado


class NoLaco:
    """The asynchronous API as the synchronous one is called, so that one test serves both."""

    def __init__(self, dsn: str) -> None:
        self.laco = asyncio.new_event_loop()
        self.conn = self.rodar(psycopg.AsyncConnection.connect(dsn, autocommit=True))
        self.api = APIEstoqueTempoRealAsync(self.conn)

    def rodar(self, rotina: Any) -> Any:
        return self.laco.run_until_complete(rotina)

    def __getattr__(self, nome: str) -> Any:
        return lambda *args, **kwargs: self.rodar(getattr(self.api, nome)(*args, **kwargs))

    def fechar(self) -> None:
        self.rodar(self.conn.close())
        self.laco.close()


@pytest.fixture(params=["sync", "async"])
def api(banco: Banco, request: pytest.FixtureRequest) -> Iterator[Any]:
    banco.mov("P001", 1500, nome_produto="Produto Exemplo")
    banco.sep("P001", 500, 1)
    banco.sep("P001", Decimal("1200.5"), 4)
    banco.prod("P001", 100.25, 4)
    banco.mov("P002", 7, nome_produto="Outro")
    banco.unir("ALIAS", "P001")
    if request.param == "sync":
        yield APIEstoqueTempoReal(banco.conn)
    else:
        no_laco = NoLaco(banco.dsn)
        yield no_laco
        no_laco.fechar()


def test_dictionary_of_a_product_is_exactly_this(api: Any) -> None:
    esperado = {
        "cod_produto": "P001",
        "nome_produto": "Produto Exemplo",
        "estoque_atual": 1500.0,
        "menor_estoque_d7": -100.25,
        "dia_ruptura": "2025-08-10",
        "movimentacoes_previstas": [
            {"data": "2025-08-07", "entrada": 0, "saida": 500, "saldo_dia": -500},
            {"data": "2025-08-10", "entrada": 100.25, "saida": 1200.5, "saldo_dia": -1100.25},
        ],
    }
    obtido = api.consultar_produto("P001")
    assert obtido == esperado
    assert list(obtido) == list(esperado)
    assert api.consultar_produto("ALIAS") == esperado  # names the canonical code
    assert json.loads(json.dumps(obtido)) == esperado
    assert api.consultar_produto("não existe") is None


def test_workspace(api: Any) -> None:
    resposta = api.consultar_workspace(["P002", "zzz", "ALIAS", "P002", "", "zzz"])
    assert list(resposta) == ["total", "produtos", "nao_encontrados"]
    assert resposta["total"] == 2
    assert resposta["produtos"] == [api.consultar_produto("P002"), api.consultar_produto("P001")]
    assert resposta["nao_encontrados"] == ["zzz", ""]
    # A code and its alias are two questions with one answer.
    assert api.consultar_workspace(["ALIAS", "P001"])["total"] == 2
    assert api.consultar_workspace([]) == {"total": 0, "produtos": [], "nao_encontrados": []}
    assert api.consultar_workspace(f"X{n}" for n in range(3))["nao_encontrados"] == [
        "X0",
        "X1",
        "X2",
    ]


def test_zero_is_a_value(api: Any, banco: Banco) -> None:
    banco.mov("P0", 5)
    banco.mov("P0", -5)
    produto = api.consultar_produto("P0")
    assert produto["estoque_atual"] == 0.0
    assert produto["menor_estoque_d7"] == 0.0
    assert produto["dia_ruptura"] is None
    assert produto["movimentacoes_previstas"] == []


def test_other_dictionaries(api: Any) -> None:
    assert api.consultar_rupturas() == [
        {
            "cod_produto": "P001",
            "nome_produto": "Produto Exemplo",
            "estoque_atual": 1500.0,
            "menor_estoque_d7": -100.25,
            "dia_ruptura": "2025-08-10",
            "dias_ate_ruptura": 4,
            "falta": 100.25,
            "fim_ruptura": None,
        }
    ]
    assert api.consultar_rupturas(3) == []
    projecao = api.consultar_projecao("P001", 4)
    assert [p["dia"] for p in projecao] == [0, 1, 2, 3, 4]
    assert projecao[-1] == {
        "dia": 4,
        "data": "2025-08-10",
        "saldo_inicial": 1000.0,
        "entrada": 100.25,
        "saida": 1200.5,
        "saldo_final": -100.25,
    }
    assert len(api.consultar_projecao("P001")) == 29
    assert api.consultar_disponibilidade("P002", 7) == {
        "data_disponivel": "2025-08-06",
        "quantidade_disponivel": 7.0,
    }
    assert api.consultar_disponibilidade("P001", "2000") == {
        "data_disponivel": None,
        "quantidade_disponivel": None,
    }
    assert api.consultar_disponibilidade("zzz", 1) is None
    documentos = api.documentos("P001")
    assert documentos is not None
    (*_, ultimo) = (d for d in documentos if d.dia is not None)
    assert ultimo.saldo == api.projecao("P001")[-1].saldo_final
    assert (api.documentos("P002"), api.documentos("zzz")) == ([], None)
    assert [c.codigo_consultado for c in api.cobertura(["P002", "zzz", "P001"])] == ["P002", "P001"]
    assert [a.cod_produto for a in api.buscar("p001", limite=1)] == ["P001"]
    assert api.incoerencias() == []
    assert [p.cod_produto for p in api.negativos()] == []
    assert [p.cod_produto for p in api.em_risco(7)] == []
    [causa] = api.causas(["P001", "P002"])
    assert (causa.cod_produto, causa.origem, causa.saida) == (
        "P001",
        "separacao",
        Decimal("1200.5"),
    )
    assert api.responsaveis() == {None: None}
    assert api.atrasado("P001") == api.atrasado("zzz") == Atrasado(Decimal(0), Decimal(0))
    [intervalo] = api.explicar("P001")
    assert intervalo.falta == Decimal("100.25")
    assert [r.acao for r in intervalo.remedios][:1] == ["repor"]
    assert (api.explicar("P002"), api.explicar("zzz")) == ([], None)
    mudancas = [*intervalo.remedios[0].mudancas, {"acao": "ignorar", "pedidos": ["nobody's"]}]
    simulacao = api.simular(mudancas)
    assert [(p.cod_produto, p.dia_ruptura_depois) for p in simulacao.produtos] == [("P001", None)]
    assert simulacao.avisos == ("item 2 of mudancas meets no open document",)
    projetada = api.projecao_simulada("P001", mudancas, 3)
    assert projetada is not None
    assert [d.dia for d in projetada.dias] == [0, 1, 2, 3]
    assert (projetada.avisos, api.projecao_simulada("zzz", [])) == (simulacao.avisos, None)
    promessas = api.prometer([("P002", 3), ("P002", "4"), ("zzz", 1)])
    assert [(p.cod_produto, p.quantidade, p.codigos_pedidos) for p in promessas] == [
        ("P002", 7, ("P002",)),
        (None, 1, ("zzz",)),
    ]
    assert [p.cod_produto for p in api.abaixo_do_minimo(7)] == ["P001"]
    vigente = api.definir_regra("P002", minimo="10.5", responsavel="Ana")
    assert (vigente.minimo, vigente.responsavel) == (Decimal("10.5"), "Ana")
    assert api.regra("P002") == vigente
    assert [(r.codigo, r.minimo) for r in api.regras()] == [("P002", Decimal("10.5"))]
    assert api.definir_regra("P002", limpar=["minimo", "responsavel"]) == api.regra("P002")
    assert api.regras() == []
    assert (api.regra("zzz"), api.definir_regra("zzz", minimo=1)) == (None, None)
    inscricao = api.inscrever("email", "a@b.example", produtos=["P001"])
    assert [(i.id, i.produtos) for i in api.inscricoes()] == [(inscricao.id, ["P001"])]
    assert (api.anunciar(), api.transicoes(None, 10)) == (0, [])
    assert (api.testar_inscricao(inscricao.id) is None, api.testar_inscricao(0)) == (False, None)
    assert [e.inscricao for e in api.entregas_pendentes()] == [inscricao.id]
    assert (api.pausar_inscricao(inscricao.id), api.pausar_inscricao(0)) == (True, False)
    assert ([m.erro for m in api.entregas_mortas()], api.reenviar(0), api.reenviar_mortas(),
            api.descartar_entrega(0)) == (
        ["the subscription was paused"], False, 0, False,
    )  # fmt: skip
    assert (api.cancelar_inscricao(inscricao.id), api.cancelar_inscricao(0)) == (True, False)
    for ruim in (
        "x",
        {"acao": "ignorar"},
        5,
        [{"acao": "escalar", "fator": float("nan")}],
        [{"acao": "ignorar", "lotes": ["\0"]}],
        [{"acao": "ignorar", "lotes": ["\ud800"]}],
    ):
        with pytest.raises(ArgumentoInvalido):
            api.simular(ruim)
    for pedido in ([("P002", 0)], [("P002",)], [("P002", "x")], [(None, 1)]):
        with pytest.raises(ArgumentoInvalido, match="line 1"):
            api.prometer(pedido)
    ruins: list[dict[str, Any]] = [
        {"minimo": -1},
        {"minimo": "x"},
        {"tolerancia": float("nan")},
        {"tolerancia": 10**12},
        {"prazo_reposicao": 1.5},
        {"prazo_reposicao": True},
        {"prazo_reposicao": 3651},
        {"responsavel": "\0"},
        {"limpar": ["codigo"]},
        {"limpar": "minimo"},
    ]
    for campos in ruins:
        with pytest.raises(ArgumentoInvalido):
            api.definir_regra("P002", **campos)
    assert api.get_estatisticas() == {
        "total_produtos": 2,
        "produtos_com_ruptura": 1,
        "produtos_estoque_negativo": 0,
        "produtos_estoque_zerado": 0,
        "movimentacoes_previstas_7d": 2,
        "percentual_ruptura": 50.0,
    }


def test_typed_rows_have_decimals_and_dates(api: Any) -> None:
    produto = api.produtos(["P001"])[0]
    assert produto.estoque_atual == Decimal("1500.000")
    assert isinstance(produto.menor_estoque_d7, Decimal)
    assert produto.dia_ruptura == date(2025, 8, 10)
    assert produto.movimentacoes_previstas[1].saldo_dia == Decimal("-1100.25")
    with pytest.raises(AttributeError):
        produto.estoque_atual = Decimal(0)


def test_projection_with_its_product(api: Any) -> None:
    completa = api.projecao_completa("ALIAS", 5)
    assert completa.como_dict() == {
        "cod_produto": "P001",
        "nome_produto": "Produto Exemplo",
        "estoque_atual": 1500.0,
        "menor_estoque_d7": -100.25,
        "dia_ruptura": "2025-08-10",
        "data_disponivel": None,  # whatever is promised makes a later day short
        "quantidade_disponivel": None,
        "projecao": api.consultar_projecao("P001", 5),
    }
    assert isinstance(completa.projecao[4].saldo_final, Decimal)
    assert completa.projecao == tuple(api.projecao("P001", 5))
    livre = api.projecao_completa("P002")
    assert (livre.data_disponivel, livre.quantidade_disponivel) == (date(2025, 8, 6), 7)
    assert len(livre.projecao) == 29
    assert api.projecao_completa("zzz") is None


def test_recalculating(api: Any, banco: Banco) -> None:
    assert api.recalcular("P001") == 0
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 0 WHERE cod_produto = 'P001'")
    assert [d.campo for d in api.verificar()] == ["saldo_atual"]
    assert api.recalcular("ALIAS") == 1
    assert api.verificar() == []
    assert api.recalcular_tudo() == 0
    banco.verificar()


def test_recalculating_and_reading_the_balance_it_leaves(api: Any, banco: Banco) -> None:
    certo = {"cod_produto": "P001", "saldo_atual": 1500.0, "corrigido": False}
    assert api.recalcular_produto("ALIAS").como_dict() == certo
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 0 WHERE cod_produto = 'P001'")
    assert api.recalcular_produto("ALIAS").como_dict() == {**certo, "corrigido": True}
    assert api.recalcular_produto("zzz") is None
    banco.cru(
        "INSERT INTO estoque_tempo_real SELECT 'SOBRA', nome_produto, saldo_atual,"
        " menor_estoque_d7, dia_ruptura, atualizado_em, valido_desde, valido_ate"
        " FROM estoque_tempo_real WHERE cod_produto = 'P002'"
    )
    sobra = {"cod_produto": "SOBRA", "saldo_atual": None, "corrigido": True}
    assert api.recalcular_produto("SOBRA").como_dict() == sobra
    assert api.recalcular_produto("SOBRA") is None
    banco.verificar()


def test_floats_are_what_they_are_written(api: Any, banco: Banco) -> None:
    """0.1 is 0.1, as it is for whoever reads the number."""
    banco.mov("P3", Decimal("0.3"))
    for tres, mais in ((0.3, 0.1 + 0.2), ("0.3", "0.301"), (Decimal("0.3"), Decimal("0.301"))):
        assert api.consultar_disponibilidade("P3", tres)["quantidade_disponivel"] == 0.3
        assert api.consultar_disponibilidade("P3", mais)["quantidade_disponivel"] is None
    for ruim, dito in (
        (float("nan"), "nan"), (float("inf"), "inf"), (float("-inf"), "-inf"), (" x", "' x'"),
        ("", "''"), (True, "True"),
    ):  # fmt: skip
        with pytest.raises(ArgumentoInvalido) as erro:
            api.disponibilidade("P3", ruim)
        assert erro.value.mensagem == f"quantidade must be a positive number, not {dito}"
        assert erro.value.sqlstate == "22023"
    for tempo in (float("nan"), float("inf"), Decimal("NaN"), "20", True):
        with pytest.raises(ArgumentoInvalido, match="orcamento must be a"):
            api.configurar(orcamento=tempo)
    assert api.configurar(orcamento=Decimal("0.1")).orcamento == 0.1


def test_codes_for_a_screen(api: Any) -> None:
    """Known or not, in the order asked for; and what begins so, for a field that completes."""
    um, nada, outro = api.acompanhar(["ALIAS", "zzz", "P002", "ALIAS"])
    assert (um.codigo_consultado, um.cod_produto, um.dias_ate_ruptura) == ("ALIAS", "P001", 4)
    assert (nada.codigo_consultado, nada.cod_produto, nada.estoque_atual) == ("zzz", None, None)
    assert (outro.estoque_atual, outro.dia_ruptura) == (7, None)
    assert [c.codigo for c in api.completar("P0")] == ["P001", "P002"]
    (alias,) = api.completar("AL")
    assert (alias.codigo, alias.nome_produto) == ("ALIAS", "Produto Exemplo")
    assert api.completar("%") == []


def test_the_installation_is_asked_like_the_stock(api: Any, banco: Banco) -> None:
    assert api.configurar(por_execucao=50, orcamento=1.5).como_dict() == {
        "por_execucao": 50,
        "orcamento": 1.5,
    }
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 0 WHERE cod_produto = 'P001'")
    assert api.minuto().corrigidos == 1
    assert api.fallback(5).como_dict() == {"processados": 2, "corrigidos": 0, "falhas": 0}
    (execucao,) = api.execucoes()
    assert isinstance(execucao.fim, datetime)
    assert execucao.fim.tzinfo is not None
    (correcao,) = api.correcoes()
    gravada = banco.valor("SELECT corrigido_em FROM estoque_correcao")
    assert correcao.corrigido_em == gravada  # to the microsecond
    assert (correcao.campo, correcao.data_prevista) == ("saldo_atual", None)
    resumo = api.resumo()
    assert (resumo.produtos, resumo.correcoes_24h, resumo.espelho) == (2, 1, False)
    assert execucao.fim <= resumo.agora
    assert (len(api.gatilhos()), api.alterados(), api.falhas()) == (GATILHOS, [], [])
    assert api.desajustes() == []
    assert (resumo.por_execucao, resumo.orcamento) == (50, 1.5)
    banco.cru("ALTER TABLE separacao DISABLE TRIGGER estoque_inserir")
    assert [g.estado for g in api.gatilhos() if not g.no_lugar] == ["disabled"]
    assert (api.vigiar(), api.vigiar()) == (1, 0)
    papel = f"papel_{banco.conn.info.dbname}"
    banco.cru(f"CREATE ROLE {papel}")
    try:
        comandos = api.conceder(papel, leitura=True)
        assert comandos
        assert all(c.startswith("GRANT ") and papel in c for c in comandos)
    finally:
        banco.cru(f"DROP OWNED BY {papel}; DROP ROLE {papel}")


@pytest.mark.parametrize(
    "chamada",
    [
        lambda a: a.consultar_rupturas(-1),
        lambda a: a.consultar_projecao("P001", -1),
        lambda a: a.consultar_disponibilidade("P001", 0),
        lambda a: a.consultar_disponibilidade("P001", float("nan")),
        lambda a: a.consultar_disponibilidade("P001", "muito"),
        lambda a: a.consultar_workspace("P001"),
        lambda a: a.consultar_produto("a\0b"),
        lambda a: a.consultar_produto(None),
        lambda a: a.consultar_workspace(None),
        lambda a: a.consultar_workspace(7),
        lambda a: a.rupturas("7"),
        lambda a: a.rupturas(True),
        lambda a: a.rupturas(7.5),
        lambda a: a.projecao("P001", None),
        lambda a: a.disponibilidade("P001", Decimal("Infinity")),
    ],
)
def test_bad_arguments_are_named_and_leave_the_transaction_alone(
    banco: Banco, chamada: Any
) -> None:
    with banco.conectar() as conn, conn.transaction():
        api = APIEstoqueTempoReal(conn)
        conn.execute("CREATE TEMPORARY TABLE minha (n int)")
        with pytest.raises(ArgumentoInvalido) as erro:
            chamada(api)
        assert "\n" not in erro.value.mensagem
        assert api.rupturas() == []
        assert conn.execute("SELECT count(*) FROM minha").fetchone() == (0,)


def test_arguments_only_the_database_can_judge(api: Any) -> None:
    with pytest.raises(ArgumentoInvalido):
        api.consultar_rupturas(2**40)


@pytest.mark.parametrize("banco", ["dbname=erp", None, 7])
def test_a_database_that_is_none(banco: Any) -> None:
    for classe in (APIEstoqueTempoReal, APIEstoqueTempoRealAsync):
        with pytest.raises(ArgumentoInvalido, match="pool"):
            classe(banco)


def test_not_installed(vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        with pytest.raises(MigracoesPendentes):
            APIEstoqueTempoReal(conn).get_estatisticas()


def test_settings_of_the_callers_connection_do_not_matter(banco: Banco) -> None:
    banco.mov("P1", 5)
    banco.sep("P1", "2.5", 1)
    conn = banco.conectar()
    conn.row_factory = psycopg.rows.dict_row
    conn.cursor_factory = psycopg.ServerCursor
    conn.adapters.register_loader("numeric", FloatLoader)
    set_json_loads(lambda _: None, conn)
    api = APIEstoqueTempoReal(conn)
    assert api.hoje() == banco.D
    produto = api.produtos(["P1"])[0]
    assert isinstance(produto.estoque_atual, Decimal)
    assert isinstance(produto.movimentacoes_previstas[0].saida, Decimal)
    assert isinstance(api.projecao("P1")[0].saldo_final, Decimal)
    assert api.recalcular("P1") == 0


def idas(conn: psycopg.Connection[Any], chamada: Any) -> int:
    """How often a call sends something to the server and waits for it, as libpq tells."""
    with tempfile.TemporaryFile("w+") as registro:
        conn.pgconn.trace(registro.fileno())
        try:
            chamada()
        finally:
            conn.pgconn.untrace()
        registro.seek(0)
        return sum("ReadyForQuery" in linha.split("\t") for linha in registro)


def test_one_round_trip_however_many_products(banco: Banco) -> None:
    banco.cru(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " SELECT 'P' || n, 'Produto', '2025-08-06', 'ENTRADA', n, true"
        " FROM generate_series(1, 500) AS n"
    )
    conn = banco.conectar()
    conn.prepare_threshold = None  # psycopg prepares a statement it sees often: once, a trip more
    api = APIEstoqueTempoReal(conn)
    todos = [f"P{n}" for n in range(1, 501)]
    assert api.consultar_workspace([*todos, "zzz"])["total"] == 500
    for chamada in (
        lambda: api.consultar_produto("P1"),
        lambda: api.consultar_workspace(todos),
        lambda: api.consultar_rupturas(30),
        lambda: api.consultar_projecao("P1"),
        lambda: api.projecao_completa("P1"),
        lambda: api.consultar_disponibilidade("P1", 1),
        lambda: api.get_estatisticas(),
        lambda: api.recalcular("P1"),
        lambda: api.recalcular_produto("P1"),
        lambda: api.verificar(todos),
        lambda: api.contagem(),
        lambda: api.hoje(),
        lambda: api.codigo_canonico("P1"),
    ):
        assert idas(conn, chamada) == 1
    assert idas(conn, lambda: [api.hoje(), api.hoje()]) == 2  # the counter counts
    banco.verificar()


def test_every_sqlstate_of_ours_has_an_exception_of_its_own() -> None:
    raiz = Path(estoque_pg.__file__).parent.parent
    sql = "".join(arquivo.read_text() for arquivo in (raiz / "sql").rglob("*.sql"))
    no_sql = set(re.findall(r"ERRCODE\s*=\s*'(EP\d{3})'", sql))
    em_python = {estado: c for estado, c in POR_SQLSTATE.items() if estado.startswith("EP")}
    assert no_sql == set(em_python)
    assert len(set(em_python.values())) == len(em_python)
    assert {c.__name__ for c in POR_SQLSTATE.values()} <= set(estoque_pg.__all__)


def classes_de_erro() -> list[type[ErroEstoque]]:
    """All of them, and nobody's subclass of one."""
    vistas, novas = [], [ErroEstoque]
    while novas:
        vistas.append(classe := novas.pop())
        novas += classe.__subclasses__()
    return [c for c in vistas if c.__module__ == "estoque_pg.erros"]


def test_every_error_has_its_exit_code() -> None:
    """A class no pair stands for would end with the code of its base: said here, or 1."""
    em_ordem = [classe for classe, _ in SAIDAS]
    for n, classe in enumerate(em_ordem):  # the most specific first: none hides a later one
        assert not any(issubclass(classe, antes) for antes in em_ordem[:n]), classe
    assert em_ordem[-1] is ErroEstoque
    um = {
        "ErroEstoque", "ErroSerializacao", "ProdutoDesconhecido",
        "ArgumentoInvalido", "QuantidadeInvalida", "UnificacaoInvalida", "FonteIncompativel",
        "CronAusente", "GatilhoAlheio", "SemPermissao",
    }  # fmt: skip
    assert {c.__name__ for c in classes_de_erro() if saida_de(c("x")) == 1} == um
    assert {c for c in classes_de_erro() if c.__name__ not in um} == set(em_ordem[:-1])


# -- the documents ------------------------------------------------------------------------------

DOCS = Path(estoque_pg.__file__).parent.parent / "docs"


def cenario_dos_documentos(banco: Banco) -> None:
    """What the examples of docs/python.md and docs/http.md are about: the rows the former gives."""
    (linhas,) = re.findall(r"```sql\n(.*?)```", (DOCS / "python.md").read_text("utf-8"), re.DOTALL)
    banco.execute(linhas)


def test_examples_of_the_python_document(banco: Banco) -> None:
    cenario_dos_documentos(banco)
    texto = (DOCS / "python.md").read_text(encoding="utf-8")
    codigo = texto.replace('"dbname=erp"', repr(banco.dsn))
    exemplos = doctest.DocTestParser().get_doctest(codigo, {}, "python.md", None, 0)
    assert len(exemplos.examples) > 15
    falhas = doctest.DocTestRunner(verbose=False).run(exemplos, clear_globs=False)
    exemplos.globs["conn"].close()
    assert falhas.failed == 0
    banco.verificar()


def test_the_python_document_names_every_method() -> None:
    texto = (DOCS / "python.md").read_text(encoding="utf-8")
    for nome in perguntas_com_metodo():
        metodo = getattr(APIEstoqueTempoReal, nome)
        parametros = list(inspect.signature(metodo).parameters.values())[1:]
        assinatura = ", ".join(
            p.name if p.default is p.empty else f"{p.name}={p.default}" for p in parametros
        )
        assert f"`{nome}({assinatura})`" in texto


def test_the_document_of_errors(banco: Banco) -> None:
    from estoque_pg.http.respostas import status_de

    texto = (DOCS / "erros.md").read_text(encoding="utf-8")
    linhas = re.findall(r"^\| (\w{5}) \| `(\w+)` \| (\d+) \| (\d) \|", texto, re.MULTILINE)
    assert {estado: nome for estado, nome, *_ in linhas} == {
        estado: classe.__name__ for estado, classe in POR_SQLSTATE.items()
    }
    for estado, nome, status, saida in linhas:
        classe = getattr(estoque_pg, nome)
        assert status_de(classe("x", sqlstate=estado))[0] == int(status), estado
        assert saida_de(classe("x", sqlstate=estado)) == int(saida), estado
    for nome in dir(estoque_pg.erros):
        objeto = getattr(estoque_pg.erros, nome)
        if isinstance(objeto, type) and issubclass(objeto, ErroEstoque):
            assert f"`{nome}`" in texto

    banco.mov("P001", 1)
    (bloco,) = re.findall(r"^```sql\n(.*?)^```", texto, re.MULTILINE | re.DOTALL)
    exemplos = re.findall(r"(.*?);\n-- (\w{5}) (.*?)\n", bloco, re.DOTALL)
    assert len(exemplos) == 5
    for comando, estado, mensagem in exemplos:
        assert banco.recusa(estado, comando).diag.message_primary == mensagem
