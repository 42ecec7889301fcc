"""Beside the tools of others: Alembic and Flask-Migrate, Django, drivers that are not psycopg 3."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from apoio import RAIZ, Banco, arquivos_sql
from conftest import Servico
from oraculo import FONTES
from sqlalchemy import Column, Engine, Index, Integer, MetaData, Table, create_engine, text
from sqlalchemy.orm import Session

from estoque_pg import APIEstoqueTempoReal, APIEstoqueTempoRealAsync, ArgumentoInvalido
from estoque_pg.integracoes import include_name, include_object
from estoque_pg.migracoes import indices_nossos, instalar, tabelas_nossas

OUTRO = "empresa b"  # a second install, in a schema of its own
PAGINA = (RAIZ / "docs" / "ecossistema.md").read_text(encoding="utf-8")


def da_pagina(capitulo: str, linguagem: str = "python") -> list[str]:
    """The examples of a chapter of the page."""
    texto = PAGINA.partition(f"\n## {capitulo}\n")[2].partition("\n## ")[0]
    blocos = re.findall(rf"^```{linguagem}\n(.*?)^```", texto, re.MULTILINE | re.DOTALL)
    assert blocos, capitulo
    return blocos


# --- Alembic -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dsn(servico: Servico) -> Iterator[str]:
    """An ERP that is alone still: its tables, in two schemas, and two names much like ours."""
    nome = servico.criar()
    with psycopg.connect(servico.dsn(nome), autocommit=True) as conn:
        conn.execute(f'CREATE SCHEMA "{OUTRO}"'.encode())
        for schema in ("public", OUTRO):
            conn.execute(f'SET search_path = "{schema}"'.encode())
            for arquivo in arquivos_sql("01_fontes/*.sql"):
                conn.execute(arquivo.read_bytes())
            conn.execute("CREATE INDEX estoque_do_erp ON separacao (num_pedido)")
            conn.execute("CREATE TABLE estoque_minimo (cod_produto text PRIMARY KEY)")
    yield servico.dsn(nome)
    servico.remover(nome)


@pytest.fixture(scope="module")
def motor(dsn: str) -> Iterator[Engine]:
    motor = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
    yield motor
    motor.dispose()


def modelos_do_erp(motor: Engine) -> MetaData:
    modelos = MetaData()
    for schema in (None, OUTRO):
        modelos.reflect(motor, schema=schema, only=lambda nome, _: nome in DO_ERP)
    assert len(modelos.tables) == 2 * len(DO_ERP)
    return modelos


DO_ERP = {*FONTES, "estoque_minimo"}


@pytest.fixture(scope="module")
def erp(dsn: str, motor: Engine) -> MetaData:
    """The ERP's models, of its tables as they were before estoque_pg came into both schemas."""
    modelos = modelos_do_erp(motor)
    for schema in ("public", OUTRO):
        instalar(dsn, schema)
    return modelos


Diferencas = set[tuple[str, str]]


def por_fazer(motor: Engine, modelos: MetaData, **opcoes: Any) -> Diferencas:
    """What autogenerate would write into a revision: what is to be done, and to what."""
    with motor.connect() as conn, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types of ours that SQLAlchemy does not know
        contexto = MigrationContext.configure(conn, opts=opcoes)
        feitos = compare_metadata(contexto, modelos)
    return {(d[0], d[-1].name) for d in feitos}


@pytest.mark.parametrize("schemas", [False, True])
def test_autogenerate_finds_nothing_to_do(motor: Engine, erp: MetaData, schemas: bool) -> None:
    opcoes: dict[str, Any] = {"include_schemas": schemas}
    if not schemas:
        modelos = MetaData()
        for tabela in erp.tables.values():
            if tabela.schema is None:
                tabela.to_metadata(modelos)
        erp = modelos
    sem = por_fazer(motor, erp, **opcoes)
    assert ("remove_table", "estoque_tempo_real") in sem
    assert ("remove_index", "estoque_separacao_lote") in sem
    assert por_fazer(motor, erp, **opcoes, include_object=include_object) == set()


def test_what_is_read_but_not_ours_to_compare_gives_no_warning(
    motor: Engine, erp: MetaData
) -> None:
    opcoes = {"include_object": include_object, "include_name": include_name}
    with motor.connect() as conn, warnings.catch_warnings():
        warnings.simplefilter("error")
        contexto = MigrationContext.configure(conn, opts={"include_schemas": True, **opcoes})
        assert compare_metadata(contexto, erp) == []


def test_the_changes_of_the_erp_are_still_found(motor: Engine, erp: MetaData) -> None:
    """Tables, columns and indexes, on the sources too, and where a name begins as ours do."""
    novos = MetaData()
    for tabela in erp.tables.values():
        if tabela.name != "estoque_minimo":
            tabela.to_metadata(novos)
    separacao = novos.tables["separacao"]
    separacao.append_column(Column("doca", Integer))
    (indice,) = (i for i in separacao.indexes if i.name == "estoque_do_erp")
    separacao.indexes.remove(indice)
    Index("estoque_separacao_doca", separacao.c.doca)
    Table("estoque_inventario", novos, Column("id", Integer, primary_key=True))
    esperado = {
        ("add_column", "doca"),
        ("remove_index", "estoque_do_erp"),
        ("add_index", "estoque_separacao_doca"),
        ("add_table", "estoque_inventario"),
        ("remove_table", "estoque_minimo"),
    }
    opcoes: dict[str, Any] = {"include_schemas": True, "include_name": include_name}
    assert por_fazer(motor, novos, **opcoes, include_object=include_object) == esperado


def test_beside_an_include_object_of_the_project(motor: Engine, erp: MetaData) -> None:
    """As the page has it."""
    nomes: dict[str, Any] = {}
    exec(da_pagina("Alembic and Flask-Migrate")[1], nomes)
    novos = MetaData()
    for tabela in erp.tables.values():
        if tabela.name != "estoque_minimo":
            tabela.to_metadata(novos)
    opcoes: dict[str, Any] = {"include_schemas": True}
    feito = por_fazer(motor, novos, **opcoes, include_object=nomes["include_object"])
    assert feito == {("remove_table", "estoque_minimo")}
    Table("legado_x", novos, Column("id", Integer, primary_key=True))
    Table("outra", novos, Column("id", Integer, primary_key=True))
    feito = por_fazer(motor, novos, **opcoes, include_object=nomes["include_object"])
    assert feito == {("remove_table", "estoque_minimo"), ("add_table", "outra")}


def test_in_the_schemas_named_alone(motor: Engine, erp: MetaData) -> None:
    """A schema that is not named has nothing of ours: what bears such a name there is the ERP's."""

    def feito(*schemas: str | None) -> Diferencas:
        return por_fazer(
            motor, erp, include_schemas=True,
            include_object=partial(include_object, schemas=schemas),
            include_name=partial(include_name, schemas=schemas),
        )  # fmt: skip

    assert feito(None, OUTRO) == set()
    do_resto = {
        ("remove_table", "movimentacao_prevista"),
        ("remove_index", "estoque_embarque_lote"),
    }
    assert do_resto <= feito(OUTRO)
    assert feito(OUTRO) == feito(None)


def test_a_model_of_a_table_of_ours_is_not_compared(motor: Engine, erp: MetaData) -> None:
    modelos = MetaData()
    for tabela in erp.tables.values():
        tabela.to_metadata(modelos)
    Table("estoque_tempo_real", modelos, Column("cod_produto", Integer, primary_key=True))
    Table("estoque_por_codigo", modelos, Column("codigo", Integer, primary_key=True))
    opcoes: dict[str, Any] = {"include_schemas": True}
    assert por_fazer(motor, modelos, **opcoes, include_object=include_object) == set()


def test_the_names_are_those_of_the_catalogue(dsn: str, erp: MetaData) -> None:
    with psycopg.connect(dsn) as conn:
        tabelas = conn.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p', 'v', 'm', 'c', 'f')"
        ).fetchall()
        indices = conn.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY (%s)",
            [list(FONTES)],
        ).fetchall()
    so_ao_instalar = {"_estoque_anotacao"}
    assert {t for (t,) in tabelas} - DO_ERP == tabelas_nossas() - so_ao_instalar
    do_erp = {"estoque_do_erp", *(f"{t}_pkey" for t in FONTES)}
    assert {i for (i,) in indices} - do_erp == indices_nossos()


def test_a_revision_that_takes_a_column_away_is_not_stopped(banco: Banco) -> None:
    """What the page warns of; the write that fails says what is missing."""
    banco.cru("ALTER TABLE separacao RENAME qtd_saldo TO saldo")
    insercao = "INSERT INTO separacao (cod_produto, saldo, expedicao) VALUES ('P1', 1, now())"
    with pytest.raises(psycopg.errors.UndefinedColumn, match="qtd_saldo"):
        banco.cru(insercao)
    banco.cru("ALTER TABLE separacao RENAME saldo TO qtd_saldo")
    banco.sep("P1", 1)


def test_flask_migrate(dsn: str, erp: MetaData, tmp_path: Path) -> None:
    """Its own `check`, with the env.py that it writes, in an application as the page shows it."""
    programa = f"""
import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, create_engine
import flask_migrate

def conectar():
    return psycopg.connect({dsn!r})

app = Flask("erp")
app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg://"
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {{"creator": conectar}}
db = SQLAlchemy(app)
{da_pagina("Alembic and Flask-Migrate")[2]}
from estoque_pg.migracoes import indices_nossos
with app.app_context():
    db.metadata.reflect(db.engine, only={sorted(DO_ERP)!r})
    for tabela in db.metadata.tables.values():
        tabela.indexes = {{i for i in tabela.indexes if i.name not in indices_nossos()}}
    flask_migrate.init("migrations")
    flask_migrate.check("migrations")
    del app.extensions["migrate"].configure_args["include_object"]
    try:
        flask_migrate.check("migrations")
    except SystemExit:
        print("without it: dropped")
"""
    feito = subprocess.run(
        [sys.executable, "-c", programa], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert feito.returncode == 0, feito.stderr
    assert "No new upgrade operations detected" in feito.stdout + feito.stderr
    assert feito.stdout.endswith("without it: dropped\n")


# --- Django --------------------------------------------------------------------------------------

DJANGO = """
import io, json, sys
from datetime import date
import django
from django.conf import settings
from django.core.management import call_command
from psycopg.conninfo import conninfo_to_dict

dsn = conninfo_to_dict(sys.argv[1])
settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": dsn["dbname"], "USER": dsn["user"],
        "HOST": dsn["host"], "PORT": str(dsn["port"]),
    }},
    INSTALLED_APPS=["estoque"], USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()
from django.apps import apps
from estoque.models import EstoquePorCodigo, EstoqueTempoReal, MovimentacaoPrevista

def comando(*args, **opcoes):
    saida = io.StringIO()
    call_command(*args, stdout=saida, **opcoes)
    return saida.getvalue()

previstas = MovimentacaoPrevista.objects.filter(data_prevista__range=(date.min, date.max))
print(json.dumps({
    "inspectdb": comando("inspectdb", *(m._meta.db_table for m in apps.get_models())),
    "campos": {
        m._meta.db_table: [f.name for f in m._meta.local_concrete_fields if f.name != "pk"]
        for m in apps.get_models()
    },
    "produtos": list(EstoqueTempoReal.objects.order_by("pk").values_list("pk", "saldo_atual")),
    "alias": EstoquePorCodigo.objects.get(codigo="ALIAS").cod_produto,
    "previstas": [(p.cod_produto, p.data_prevista, p.saida_prevista) for p in previstas],
    "chave": str(MovimentacaoPrevista.objects.get(pk=("P1", previstas[0].data_prevista)).pk),
    "makemigrations": comando("makemigrations", "estoque"),
    "sql": comando("sqlmigrate", "estoque", "0001"),
    "migrate": comando("migrate"),
    "de novo": comando("makemigrations", "estoque", check_changes=True),
    "volta": comando("migrate", "estoque", "zero"),
}, default=str))
"""


def test_django_reads_and_does_not_migrate(banco: Banco, tmp_path: Path) -> None:
    banco.mov("P1", 10)
    banco.sep("P1", 4, 2)
    banco.sep("P1", 1, "infinity")  # type: ignore[arg-type]
    banco.unir("ALIAS", "P1")
    app = tmp_path / "estoque"
    app.mkdir()
    (app / "__init__.py").touch()
    modelos = (RAIZ / "examples" / "django_modelos.py").read_text(encoding="utf-8")
    (app / "models.py").write_text(modelos, encoding="utf-8")
    catalogo = "SELECT oid, relname, relkind, relnatts FROM pg_class WHERE relnamespace ="
    catalogo += " 'public'::regnamespace AND relname !~ '^django_' ORDER BY oid"
    antes = (banco.cru(catalogo), banco.retrato())
    feito = subprocess.run(
        [sys.executable, "-c", DJANGO, banco.dsn],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert feito.returncode == 0, feito.stderr
    dito = json.loads(feito.stdout)
    assert dito["produtos"] == [["P1", "10.000"]]
    assert dito["alias"] == "P1"
    assert dito["previstas"] == [["P1", banco.dia(2).isoformat(), "4.000"]]
    # The models are what inspectdb finds, without the columns for inner use.
    assert dito["inspectdb"].count("\n        managed = False\n") == len(dito["campos"]) == 3
    for tabela, campos in dito["campos"].items():
        (classe,) = re.findall(
            rf"^class \w+\(.*?db_table = '{tabela}'", dito["inspectdb"], re.MULTILINE | re.DOTALL
        )
        classe = classe.rpartition("\nclass ")[2]
        achados = [c for c in re.findall(r"^    (\w+) = models", classe, re.MULTILINE) if c != "pk"]
        assert [c for c in achados if c in campos] == campos, tabela
        internas = {"liquidos", "recalculado_por", "comparado_em", "busca"}
        assert set(achados) - set(campos) <= internas, tabela
    comandos = re.sub(r"^--.*$", "", dito["sql"], flags=re.MULTILINE).split()
    assert comandos in ([], ["BEGIN;", "COMMIT;"])
    assert "Applying estoque.0001_initial" in dito["migrate"]
    assert "No changes detected" in dito["de novo"]
    assert (
        banco.cru(catalogo),
        {t: v for t, v in banco.retrato().items() if t in antes[1]},
    ) == antes
    banco.verificar()


# --- psycopg2 ------------------------------------------------------------------------------------


@pytest.fixture
def antigo(banco: Banco) -> Iterator[Session]:
    """A session of SQLAlchemy over psycopg2."""
    motor = create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(banco.dsn))
    with Session(motor) as sessao:
        yield sessao
    motor.dispose()


def test_a_connection_of_another_driver_is_refused_with_the_way_out(
    banco: Banco, antigo: Session
) -> None:
    crua = antigo.connection().connection.driver_connection
    for api in (APIEstoqueTempoReal, APIEstoqueTempoRealAsync):
        with pytest.raises(ArgumentoInvalido) as erro:
            api(crua)  # type: ignore[arg-type]
        assert "not psycopg2.extensions.connection" in erro.value.mensagem
        assert "psycopg 3" in (erro.value.dica or "")
        assert "text()" in (erro.value.dica or "")
        for da_alchemy in (
            antigo, antigo.connection(), antigo.connection().connection, antigo.get_bind(),
        ):  # fmt: skip
            with pytest.raises(ArgumentoInvalido) as erro:
                api(da_alchemy)  # type: ignore[arg-type]
            assert "not sqlalchemy." in erro.value.mensagem
            assert "driver_connection" in (erro.value.dica or "")
    for outro in (banco.dsn, None, object()):
        with pytest.raises(ArgumentoInvalido, match=r"not (str|NoneType|object)$"):
            APIEstoqueTempoReal(outro)  # type: ignore[arg-type]


def test_the_functions_through_text(banco: Banco, antigo: Session) -> None:
    """The examples of the page, within the transaction of the session."""
    banco.mov("P001", 100)
    antigo.execute(
        text(
            "INSERT INTO separacao (cod_produto, qtd_saldo, expedicao)"
            " VALUES ('P001', 120, estoque_hoje() + 3)"
        )
    )
    (bloco,) = da_pagina("SQLAlchemy over psycopg2")
    nomes: dict[str, Any] = {"sessao": antigo}
    exec(bloco, nomes)
    (produto,) = nomes["produtos"]
    assert (produto["cod_produto"], produto["menor_estoque_d7"]) == ("P001", Decimal(-20))
    assert produto["movimentacoes_previstas"][0]["saida"] == 120
    (ruptura,) = nomes["rupturas"]
    assert ruptura["dia_ruptura"] == banco.dia(3)
    assert nomes["promessa"]["data_disponivel"] is None
    assert banco.d7("P001") == (100, None)  # nobody else sees it yet
    antigo.rollback()


# --- infinite dates ------------------------------------------------------------------------------


def test_audit_and_status_of_infinite_dates(banco: Banco) -> None:
    """A difference or a correction on a date that psycopg cannot read is told nevertheless."""
    extremos = [date(1, 1, 1), banco.dia(2), date(9999, 12, 31)]
    banco.sep("P1", 1, "infinity")  # type: ignore[arg-type]
    banco.sep("P1", 2, "-infinity")  # type: ignore[arg-type]
    banco.sep("P1", 3, 2)
    banco.cru("UPDATE movimentacao_prevista SET saida_prevista = saida_prevista + 1")
    banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 1")
    api = APIEstoqueTempoReal(banco.conectar())
    assert [d.data_prevista for d in api.verificar() if d.data_prevista] == extremos
    assert any(d.data_prevista is None for d in api.verificar())
    api.fallback()
    corrigidas = [c.data_prevista for c in api.correcoes()]
    assert sorted(d for d in corrigidas if d) == extremos
    assert None in corrigidas
    assert api.verificar() == []


def test_the_columns_that_may_hold_infinite_dates(banco: Banco) -> None:
    """What the page says of drivers, and its view, which any of them can read."""
    banco.sep("P1", 1, "infinity")  # type: ignore[arg-type]
    banco.sep("P1", 2, "-infinity")  # type: ignore[arg-type]
    banco.sep("P1", 3, 2)
    banco.cru("UPDATE movimentacao_prevista SET saida_prevista = saida_prevista + 1")
    banco.cru("SELECT estoque_fallback()")
    colunas = banco.cru(
        "SELECT table_name || '.' || column_name AS coluna FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN ('date', 'timestamp with time zone')"
    )
    infinitas = {
        c["coluna"]
        for c in colunas
        if c["coluna"].split(".")[0] not in FONTES
        and banco.valor(
            "SELECT EXISTS (SELECT FROM {} WHERE NOT isfinite({}))".format(*c["coluna"].split("."))
        )
    }
    capitulo = PAGINA.partition("\n## Infinite dates\n")[2]
    assert infinitas == {"movimentacao_prevista.data_prevista", "estoque_correcao.data_prevista"}
    assert all(f"`{c}`" in capitulo for c in infinitas)
    comum = banco.conectar()  # that of these tests reads them
    with pytest.raises(psycopg.DataError):
        comum.execute("SELECT data_prevista FROM movimentacao_prevista").fetchall()
    with psycopg2.connect(banco.dsn) as conn, conn.cursor() as cursor:
        cursor.execute("SELECT max(data_prevista) FROM movimentacao_prevista")
        assert cursor.fetchone() == (date.max,)
    banco.cru(da_pagina("Infinite dates", "sql")[0])
    legivel = "SELECT data_prevista, saida_prevista FROM previsao_finita ORDER BY 1"
    assert [tuple(r.values()) for r in banco.cru(legivel)] == [
        (date(1, 1, 1), 2), (banco.dia(2), 3), (date(9999, 12, 31), 1),
    ]  # fmt: skip
