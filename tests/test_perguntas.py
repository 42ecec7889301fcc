"""A question is declared once: nothing that belongs to one is left without it."""

from __future__ import annotations

import ast
import csv
import importlib
import inspect
import io
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from apoio import Banco, publicos
from fastapi.testclient import TestClient
from oraculo import Oraculo, comparar_consultas
from oraculo_manha import OraculoDaManha, comparar_manha
from oraculo_planejador import Planejador, comparar_planejador
from test_cli import estoque

import estoque_pg
from estoque_pg import perguntas
from estoque_pg.api import responder
from estoque_pg.consultas import CONSULTAS
from estoque_pg.http import criar_aplicacao
from estoque_pg.metodos import perguntas_com_metodo
from estoque_pg.perguntas import internas
from estoque_pg.perguntas.base import Pergunta
from estoque_pg.perguntas.linha import Linha, dicts
from estoque_pg.perguntas.publicacao import Publicacao, forma, publicacao

PACOTE = Path(estoque_pg.__file__).parent
RAIZ = PACOTE.parent

# Statements of the installer, which runs where there is no installation yet, on connections that
# it sets up as it needs them.
DO_INSTALADOR = {
    "donos_da_trava", "usam", "arvore_das_fontes", "tabelas_nossas", "schemas_com_fontes",
    "instalacoes", "existe_tabela", "folhas", "transacoes", "indice_valido", "nomes_tomados",
    "objetos_nossos", "indices_das_fontes", "fontes_a_anotar", "pela_metade",
    "esperam_por_nos", "citus_presente", "citus_coordenador", "citus_propaga", "citus_distribuido",
}  # fmt: skip
QUEM_EXECUTA = {
    "api.py", "api_async.py", "adocao.py", "citus.py", "migracoes.py",
    "instalacao/__init__.py",
    "grupos/__init__.py",  # the group's own objects, by its owner
}  # fmt: skip

# Public objects of sql/ that no statement of ours names, and why.
SEM_PERGUNTA = {
    "estoque_contradicoes": "read in psql, by who mends the sources",
    "estoque_desajustes": "read in psql; `desajustes` asks for the same in parts, to translate",
    "estoque_linhas_recusadas": "read in psql, by who mends the sources",
    "estoque_por_codigo": "a view, for reports that join it; `produtos` answers the same",
    "estoque_projecao_simulada": "`projecao_simulada` asks for the same, its notices as rows",
    "estoque_simular": "`simular` asks for the same, its notices as rows",
    "estoque_virada": "the minute job does it",
}


def declaradas(sem: Sequence[ModuleType] = ()) -> dict[str, Callable[..., Pergunta[Any]]]:
    """Every question of every theme, by name."""
    achadas: dict[str, Callable[..., Pergunta[Any]]] = {}
    for info in pkgutil.iter_modules(perguntas.__path__):
        modulo = importlib.import_module(f"{perguntas.__name__}.{info.name}")
        if modulo in sem or info.name == "base":
            continue
        for nome, objeto in vars(modulo).items():
            if (
                inspect.isfunction(objeto)
                and objeto.__module__ == modulo.__name__
                and not nome.startswith("_")
                and str(inspect.signature(objeto).return_annotation).startswith("Pergunta[")
            ):
                assert nome not in achadas, nome
                achadas[nome] = objeto
    return achadas


def argumentos(perguntar: Callable[..., Pergunta[Any]]) -> dict[str, Any]:
    """Some arguments of the types a question asks for; and how far to look, by its default."""
    cron = internas.Cron("nome", "* * * * *", "SELECT 1", "banco", None)
    entrega = internas.Entrega(1, UUID(int=1), "c", 1, 0, "email", "a@b.example", None, "en", {})
    exemplos: dict[Any, Any] = {
        Sequence: ["P1"], internas.Cron: cron, internas.Entrega: entrega, str: "P1", int: 1,
        float: 1.0, bool: True,
    }  # fmt: skip
    tipos = get_type_hints(perguntar)

    def exemplo(tipo: Any) -> Any:
        possiveis = (tipo, get_origin(tipo), *get_args(tipo))
        return next(exemplos[t] for t in possiveis if t in exemplos)

    parametros = inspect.signature(perguntar).parameters.values()
    dados = {p.name: exemplo(tipos[p.name]) for p in parametros if p.default is p.empty}
    if "pedido" in dados:
        dados["pedido"] = [("P1", 1)]
    if "canal" in dados:
        dados |= {"canal": "email", "destino": "a@b.example"}
    if "mudancas" in dados:
        dados["mudancas"] = [{"acao": "ignorar", "codigos": ["P1"]}]
    return dados | {p.name: p.default for p in parametros if p.name == "dias"}


def feita(perguntar: Callable[..., Pergunta[Any]]) -> Pergunta[Any]:
    """A question with such arguments."""
    return perguntar(**argumentos(perguntar))


def test_every_statement_belongs_to_a_question() -> None:
    usadas = {feita(perguntar).nome for perguntar in declaradas().values()}
    escritas = set(CONSULTAS)
    sem_pergunta = escritas - usadas - DO_INSTALADOR
    assert sem_pergunta == set(), "estoque_pg/perguntas/: a function that returns its Pergunta"
    assert usadas - escritas == set(), "estoque_pg/consultas.sql: the statement"
    assert usadas | DO_INSTALADOR == escritas
    assert not usadas & DO_INSTALADOR


def test_every_public_function_has_a_question_or_a_reason() -> None:
    publicas = publicos()
    perguntadas = set(re.findall(r"\bestoque_\w+", b"\n".join(CONSULTAS.values()).decode()))
    faltam = publicas - perguntadas - set(SEM_PERGUNTA)
    assert faltam == set(), "estoque_pg/consultas.sql: a statement that calls it, or SEM_PERGUNTA"
    assert publicas - perguntadas == set(SEM_PERGUNTA), "SEM_PERGUNTA: take out what is asked"


def test_nobody_else_sends_a_statement() -> None:
    """Only what carries a question out, and the installer."""
    for arquivo in PACOTE.rglob("*.py"):
        nome = arquivo.relative_to(PACOTE).as_posix()
        if nome.startswith("perguntas/") or nome == "consultas.py":
            continue
        if "CONSULTAS" in arquivo.read_text(encoding="utf-8"):
            assert nome in QUEM_EXECUTA - {"api.py", "api_async.py"}, nome
        for no in ast.walk(ast.parse(arquivo.read_text(encoding="utf-8"))):
            if isinstance(no, ast.Attribute) and no.attr in ("execute", "executemany"):
                assert nome in QUEM_EXECUTA, nome


def test_every_method_is_called_by_a_test() -> None:
    """Of what it answers; here all are asked only for how they are made."""
    este = Path(__file__).name
    testes = [t for t in Path(__file__).parent.glob("test_*.py") if t.name != este]
    texto = "".join(t.read_text(encoding="utf-8") for t in testes)
    sem_teste = {n for n in perguntas_com_metodo() if not re.search(rf"\.{n}\(", texto)}
    sem_teste -= {"tarefa"}  # which test_cron.py asks through the status
    assert sem_teste == set(), (
        "tests/test_api.py: call them as methods and look at what they answer"
    )


def test_rows_have_the_columns_of_their_statement(banco: Banco) -> None:
    """What a statement selects, in the answer's row type: neither more nor less."""
    conferidas = 0
    for nome, perguntar in declaradas().items():
        pergunta = feita(perguntar)
        classe = getattr(pergunta.linha, "__self__", pergunta.linha)  # of de_linha, too
        # The job's row in pg_cron can only be asked where there is one: test_cron.py does.
        if inspect.isclass(classe) and issubclass(classe, Linha) and nome != "tarefa":
            cursor = banco.conn.execute(pergunta.consulta(), pergunta.parametros)
            colunas = {c.name for c in cursor.description or ()}
            campos = {c.name for c in fields(classe)}
            onde = f"{nome}: the fields of {classe.__module__}.{classe.__name__}"
            assert colunas == campos, onde
            conferidas += 1
    assert conferidas > 20


def test_each_class_has_a_name_of_its_own() -> None:
    """One word for one thing, in the whole package."""
    nomes = Counter(
        no.name
        for arquivo in PACOTE.rglob("*.py")
        if "demo" not in arquivo.parts
        for no in ast.walk(ast.parse(arquivo.read_text(encoding="utf-8")))
        if isinstance(no, ast.ClassDef)
    )
    assert [nome for nome, vezes in nomes.items() if vezes > 1] == []


def test_what_a_method_returns_is_exported() -> None:
    """The classes of rows, and of the rows within them, by the package itself."""

    def devolvidas(tipo: Any) -> Iterator[type]:
        for parte in get_args(tipo):
            yield from devolvidas(parte)
        if isinstance(tipo, type) and tipo.__module__.startswith("estoque_pg."):
            yield tipo
            if issubclass(tipo, Linha):
                for campo in get_type_hints(tipo).values():
                    yield from devolvidas(campo)

    retornos = [get_type_hints(p)["return"] for p in perguntas_com_metodo().values()]
    classes = {c for retorno in retornos for c in devolvidas(retorno) if c is not Pergunta}
    assert len(classes) > 40
    faltam = {c.__name__ for c in classes} - set(estoque_pg.__all__)
    assert faltam == set(), "estoque_pg/__init__.py: export them"
    assert all(getattr(estoque_pg, c.__name__) is c for c in classes)


def test_every_query_has_its_oracle() -> None:
    """A function of the queries is recomputed in plain Python, by a method of its name."""
    consultas = {f.stem for f in (RAIZ / "sql").glob("*_consultas/estoque_*.sql")}
    # canonico; the rows of consultar; disponibilidade for another type
    outro_nome = {"estoque_codigo", "estoque_por_codigo", "estoque_disponibilidade_double"}
    assert consultas > outro_nome
    classes = (Oraculo, OraculoDaManha, Planejador)
    sem_oraculo = {
        c for c in consultas if not any(hasattr(k, c.removeprefix("estoque_")) for k in classes)
    }
    assert sem_oraculo - outro_nome == set(), "tests/oraculo.py: work them out, as Oraculo.<name>"
    assert sem_oraculo == outro_nome
    # The view is the rows of the products once more, and its rows are compared with the tables'.
    comparadas = inspect.getsource(comparar_consultas)
    comparadas += inspect.getsource(comparar_manha).replace("manha.", "certo.")
    comparadas += inspect.getsource(comparar_planejador)
    respostas = {c.removeprefix("estoque_") for c in consultas - outro_nome}
    esquecidas = {nome for nome in respostas if f"certo.{nome}(" not in comparadas}
    assert esquecidas == set(), "tests/oraculo.py: compare them in comparar_consultas"


# -- what is published --------------------------------------------------------------------------


@pytest.fixture
def cena(banco: Banco) -> Banco:
    banco.mov("P1", 10, nome_produto="Parafuso çã")
    banco.sep("P1", 12, 1)
    banco.mov("P2", 7)
    return banco


def publicadas() -> Iterator[tuple[Callable[..., Pergunta[Any]], Publicacao, dict[str, Any]]]:
    """Questions that have an endpoint or a command, with some arguments."""
    todas = perguntas_com_metodo()
    for nome, perguntar in declaradas().items():
        p = publicacao(perguntar)
        if p.rota is not None or p.comando is not None:
            assert nome in todas, f"estoque_pg/metodos.py: a line for {nome}"
            yield perguntar, p, argumentos(perguntar)


def test_every_endpoint_answers_what_its_question_does(cena: Banco) -> None:
    feitas = 0
    with TestClient(criar_aplicacao(cena.dsn)) as cliente:
        for perguntar, p, dados in publicadas():
            if p.rota is None:
                continue
            consulta = dict(dados)
            caminho = f"/api/estoque/tempo-real/{p.rota.nome}"
            if "codigo" in consulta:
                caminho += f"/{consulta.pop('codigo')}"
            metodo = "POST" if p.rota.escreve else "GET"
            resposta = cliente.request(metodo, caminho, params=consulta)
            assert resposta.status_code == 200, resposta.text
            corpo = resposta.json()
            esperado = responder(cena.conn, perguntar(**dados))
            if p.rota.chave is None:
                assert corpo == {"sucesso": True, **esperado.como_dict()}
            elif isinstance(esperado, list):
                assert corpo[p.rota.chave] == dicts(esperado)
                assert corpo[f"total_{p.rota.nome}"] == len(esperado)
            else:
                assert corpo == {"sucesso": True, p.rota.chave: esperado.como_dict()}
            feitas += 1
    assert feitas >= 6


def test_every_plain_command_prints_what_its_question_answers(cena: Banco) -> None:
    feitas = 0
    for perguntar, p, dados in publicadas():
        if p.comando is None:
            continue
        args = [p.comando.nome]
        for nome, valor in dados.items():
            valores = list(map(str, valor if isinstance(valor, list) else [valor]))
            args += [f"--{nome}", *valores] if nome == "dias" else valores
        resposta = responder(cena.conn, perguntar(**dados))
        linhas = resposta if isinstance(resposta, list) else [resposta]
        tabela = estoque(*args, dsn=cena.dsn)
        assert tabela.exit_code == 0, tabela.output
        colunas = p.comando.colunas or [c.name for c in fields(forma(perguntar).linha)]
        if not isinstance(resposta, list):  # a line for each column, under two titles
            assert len(tabela.stdout.splitlines()) == 2 + len(colunas)
        elif linhas:
            assert len(tabela.stdout.splitlines()) == 2 + len(linhas)
        todas = [linha.todas() for linha in linhas]
        em_json = json.loads(estoque(*args, "--json", dsn=cena.dsn).stdout)
        assert em_json == (todas if isinstance(resposta, list) else todas[0])
        texto = estoque(*args, "--formato", "csv", dsn=cena.dsn).stdout
        lidas = list(csv.DictReader(io.StringIO(texto, newline="")))
        assert [list(linha) for linha in lidas] == [list(linha) for linha in todas]
        feitas += 1
    assert feitas >= 2
