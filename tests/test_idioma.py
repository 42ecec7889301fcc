"""Portuguese where the locale is pt, English elsewhere; chosen per request, never per process."""

from __future__ import annotations

import ast
import gettext
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, get_args

import click
import psycopg
import pytest
from apoio import RAIZ, Banco
from click.testing import CliRunner, Result
from conftest import Servico
from fastapi.testclient import TestClient
from pydantic_core.core_schema import ErrorType
from terminal import Terminal
from test_cli import estoque

from estoque_pg import APIEstoqueTempoReal, erros
from estoque_pg.cli import cli, imagem
from estoque_pg.erros import ErroEstoque, em_palavras, traduzir
from estoque_pg.http import criar_aplicacao, respostas
from estoque_pg.idioma import com_idioma, dizer, do_ambiente, do_cabecalho, idioma, t
from estoque_pg.migracoes import instalar
from ferramentas import traduzir as traduzir_frases

VARIAVEIS = ("ESTOQUE_IDIOMA", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def ambiente(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment without any of the variables that choose a language."""
    for nome in VARIAVEIS:
        monkeypatch.delenv(nome, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("variaveis", "esperado"),
    [
        ({}, "en"),
        ({"LANG": "pt_BR.UTF-8"}, "pt_BR"),
        ({"LANG": "pt_PT@euro"}, "pt_BR"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LC_MESSAGES": "pt_BR.UTF-8", "LANG": "en_US.UTF-8"}, "pt_BR"),
        ({"LC_ALL": "en_US.UTF-8", "LC_MESSAGES": "pt_BR.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "pt"}, "pt_BR"),
        ({"LANGUAGE": "pt_BR", "LC_ALL": "en_US.UTF-8"}, "pt_BR"),
        ({"LANGUAGE": "fr:pt:en", "LANG": "de_DE.UTF-8"}, "pt_BR"),
        ({"LANGUAGE": "fr:en:pt", "LANG": "pt_BR.UTF-8"}, "en"),
        ({"LANGUAGE": "pt_BR"}, "pt_BR"),
        ({"LANGUAGE": "pt_BR", "LC_ALL": "C"}, "en"),
        ({"LANGUAGE": "pt_BR", "LANG": "POSIX"}, "en"),
        ({"LANGUAGE": "pt_BR", "LANG": "C.UTF-8"}, "pt_BR"),
        ({"ESTOQUE_IDIOMA": "pt-BR", "LC_ALL": "C"}, "pt_BR"),
        ({"ESTOQUE_IDIOMA": "en", "LANGUAGE": "pt_BR"}, "en"),
        ({"ESTOQUE_IDIOMA": "xx", "LANG": "pt_BR.UTF-8"}, "en"),
        ({"ESTOQUE_IDIOMA": "", "LANG": "pt_BR.UTF-8"}, "pt_BR"),
    ],
)
def test_the_environment_chooses_as_for_other_programs(
    ambiente: pytest.MonkeyPatch, variaveis: dict[str, str], esperado: str
) -> None:
    for nome, valor in variaveis.items():
        ambiente.setenv(nome, valor)
    assert do_ambiente() == idioma() == esperado


@pytest.mark.parametrize(
    ("cabecalho", "esperado"),
    [
        ("pt-BR", "pt_BR"),
        ("pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", "pt_BR"),
        ("en-US,en;q=0.9,pt-BR;q=0.8", "en"),
        ("en;q=0.2, pt;q=0.6", "pt_BR"),
        ("de, pt;q=0.1", "pt_BR"),
        ("de, fr;q=0.5", "en"),
        ("pt;q=0, en;q=0.1", "en"),
        ("PT-br", "pt_BR"),
        ("fr, *;q=0.1", "en"),
        ("*", "en"),
        (";;q=,", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_header_chooses_by_its_weights(
    ambiente: pytest.MonkeyPatch, cabecalho: str | None, esperado: str
) -> None:
    assert do_cabecalho(cabecalho) == esperado


def test_without_a_choice_in_the_header_the_environment_decides(
    ambiente: pytest.MonkeyPatch,
) -> None:
    ambiente.setenv("LANG", "pt_BR.UTF-8")
    assert {do_cabecalho(None), do_cabecalho("fr, *;q=0.1")} == {"pt_BR"}
    assert do_cabecalho("fr") == do_cabecalho("en") == "en"


def test_a_language_holds_for_its_block(ambiente: pytest.MonkeyPatch) -> None:
    ambiente.setenv("LANG", "pt_BR.UTF-8")
    with com_idioma("en_US"):
        with com_idioma("pt-BR"):
            assert idioma() == "pt_BR"
        assert idioma() == "en"
        with com_idioma("fr"):  # which we do not have
            assert idioma() == "en"
    assert idioma() == "pt_BR"


def test_a_sentence_that_the_catalogue_lacks_stays_english() -> None:
    with com_idioma("pt_BR"):
        assert t("nobody says {isto}", isto="{x}") == "nobody says {x}"


def test_threads_speak_their_own_language() -> None:
    """Each holds its block open while the other speaks."""
    juntas, ditas = threading.Barrier(2, timeout=10), {}

    def falar(qual: str) -> None:
        with com_idioma(qual):
            juntas.wait()
            ditas[qual] = t("today")
            juntas.wait()

    falantes = [threading.Thread(target=falar, args=[qual]) for qual in ("pt_BR", "en")]
    for falante in falantes:
        falante.start()
    for falante in falantes:
        falante.join()
    assert ditas == {"pt_BR": "hoje", "en": "today"}


# -- the catalogue ------------------------------------------------------------------------------


def test_the_catalogue_has_every_sentence_translated() -> None:
    """Ours, those of the help and of SQL, and click's; none more, and compiled as it is written."""
    feito = subprocess.run(
        [sys.executable, "ferramentas/traduzir.py", "--conferir"],
        cwd=RAIZ, capture_output=True, text=True,
    )  # fmt: skip
    assert feito.returncode == 0, feito.stderr


def test_what_sql_raises_can_be_found_for_the_catalogue() -> None:
    """The model and the hint stand where the reader of sql/ looks for them."""
    acusar, *_ = traduzir_frases._DITOS
    for arquivo in (RAIZ / "sql").rglob("*.sql"):
        texto = arquivo.read_text(encoding="utf-8")
        achados = len(re.findall(acusar, texto))
        assert achados == texto.count("PERFORM _estoque_acusar("), arquivo.name
        proprios = len(re.findall("RAISE (?:EXCEPTION|NOTICE) USING", texto))
        assert texto.count("CONSTRAINT = ") >= proprios, f"{arquivo.name}: give it a model"


# What shows its first argument to people, or all of them.
MOSTRAM = {"escrever", "avisar", "diga", "UsageError", "BadParameter", "Problema", "HTTPException"}
MOSTRAM |= {nome for nome, coisa in vars(erros).items() if isinstance(coisa, type)}


@pytest.mark.parametrize("pasta", ["estoque_pg", "demo", "servidor"])
def test_no_sentence_passes_by_the_catalogue(pasta: str) -> None:
    """What is shown is a value, or went through t() or tn()."""
    crus = []
    for arquivo in (RAIZ / pasta).rglob("*.py"):
        for no in ast.walk(ast.parse(arquivo.read_text(encoding="utf-8"))):
            if not isinstance(no, ast.Call):
                continue
            nome = getattr(no.func, "id", getattr(no.func, "attr", ""))
            ditos = [*(no.args if nome in MOSTRAM else ())]
            ditos += [k.value for k in no.keywords if k.arg == "dica"]
            crus += [f"{arquivo.name}:{no.lineno}" for dito in ditos if _frase_crua(dito)]
    assert crus == [], "write t(...) around them, then run `make traducoes`"


def _frase_crua(no: ast.expr) -> bool:
    if isinstance(no, ast.JoinedStr):
        partes = [p.value for p in no.values if isinstance(p, ast.Constant)]
    else:
        partes = [no.value] if isinstance(no, ast.Constant) else []
    texto = " ".join(p for p in partes if isinstance(p, str))
    return len([p for p in texto.split() if p.isalpha()]) > 1 and not texto.startswith("pip ")


def test_click_speaks_through_the_catalogue() -> None:
    """Whichever of its modules took gettext's functions for itself; others hear what they heard."""
    CliRunner().invoke(cli, ["--version"])
    donos = [m for nome, m in sys.modules.items() if nome.partition(".")[0] == "click"]
    assert [m.__name__ for m in donos if getattr(m, "_", None) is gettext.gettext] == []
    assert [m.__name__ for m in donos if getattr(m, "ngettext", None) is gettext.ngettext] == []

    alheio = click.Command("alheio", params=[click.Argument(["coisa"])])
    pedido = CliRunner().invoke(alheio, [], env={"ESTOQUE_IDIOMA": "pt_BR", "LANGUAGE": None})
    assert "Missing argument 'COISA'" in pedido.stderr


def test_what_is_refused_goes_by_the_names_that_pydantic_has() -> None:
    assert set(respostas._QUEIXAS) <= set(get_args(ErrorType))


# -- the command line ---------------------------------------------------------------------------


@pytest.fixture
def cena(banco: Banco) -> Banco:
    banco.mov("P001", 1500, nome_produto="Parafuso")
    banco.sep("P001", 1600, 1)
    banco.prod("P001", 500.5, 5)
    banco.mov("P002", 7)
    banco.unir("ALIAS", "P001")
    return banco


def em_portugues(*args: str, dsn: str | None = None, codigo: int = 0, **mais: Any) -> Result:
    feito = estoque(*args, dsn=dsn, ESTOQUE_IDIOMA="pt_BR", **mais)
    assert feito.exit_code == codigo, feito.output
    return feito


def test_the_questions_answer_in_portuguese(cena: Banco) -> None:
    rupturas = em_portugues("rupturas", dsn=cena.dsn)
    titulos, _, linha = rupturas.stdout.splitlines()
    assert re.split("  +", titulos) == [
        "produto", "nome", "saldo", "acaba em", "quando", "falta", "até"
    ]  # fmt: skip
    assert linha.endswith("▼ 07/08/2025  amanhã    100  10/08/2025")
    assert rupturas.stderr == "1 produto acaba em até 7 dias\n"

    projecao = em_portugues("projecao", "ALIAS", "--dias", "6", dsn=cena.dsn).stdout
    assert "ALIAS está unificado neste código" in projecao
    assert "saldo inicial  entrada  saída  saldo final" in projecao
    assert "▼ ruptura em 07/08/2025 (amanhã), faltam 100 nesse dia" in projecao

    produto = em_portugues("produto", "P002", dsn=cena.dsn).stdout
    assert produto.splitlines()[1:] == [
        "saldo atual  7", "menor D+7    7", "acaba em     não em 7 dias"
    ]  # fmt: skip
    promessa = em_portugues("disponibilidade", "P001", "300", dsn=cena.dsn).stdout
    assert "pode-se prometer 300 a partir de 11/08/2025 (em 5 dias); até 400,5" in promessa
    documentos = em_portugues("documentos", "P001", "--dias", "2", dsn=cena.dsn).stdout
    assert "além do horizonte" in documentos
    auditoria = em_portugues("verificar", dsn=cena.dsn).stdout
    assert auditoria.startswith("2 produtos e 2 previsões conferidos com as origens em ")
    assert auditoria.endswith(": 0 diferença\n")


def test_the_status_is_a_portuguese_screen(cena: Banco) -> None:
    tela = em_portugues("status", dsn=cena.dsn).stdout
    rotulos = [linha[:12].strip() for linha in tela.splitlines()]
    assert rotulos[:3] == ["banco", "esquema", "pacote"]
    assert ", em dia\n" in tela
    assert "no lugar\n" in tela
    assert {"gatilhos", "partes", "produtos", "conferidos", "ajustes", "tarefa"} <= set(rotulos)
    # What it advises, with a sign or indented, depends on how long ago the installation was.
    linhas = [linha for linha in tela.splitlines() if linha[0] not in " ~"]
    assert linhas[-1] == "com falha    nenhum"

    cena.cru("ALTER TABLE separacao DISABLE TRIGGER estoque_inserir")
    cena.cru("DROP FUNCTION estoque_virada()")
    doente = em_portugues("status", dsn=cena.dsn, codigo=4)
    assert "! o gatilho estoque_inserir de separacao não dispara\n" in doente.stdout
    assert "! falta a função estoque_virada()\n" in doente.stdout
    assert "  rode `estoque vigiar`" in doente.stdout
    assert doente.stderr.startswith("erro: 2 coisas a corrigir\ndica: cada linha marcada com !")


def test_help_and_wrong_usage_are_portuguese() -> None:
    ajuda = em_portugues("--help").stdout
    assert ajuda.startswith("Uso: cli [OPÇÕES] COMANDO [ARGUMENTOS]...\n")
    assert "\nOpções:\n" in ajuda
    assert "  rupturas          Lista os produtos que acabam em breve.\n" in ajuda
    assert em_portugues("--version").stdout.startswith("estoque, versão ")

    uma = em_portugues("rupturas", "--help").stdout
    assert "Exemplo:\n    estoque rupturas --dias 14" in uma
    assert "Quantos dias olhar à frente.  [padrão: 7;" in uma
    assert "--schema NOME" in uma

    for args, queixa in [
        (["produto"], "Erro: Falta o argumento 'CODIGO'."),
        (["rupturas", "--dias", "x"], "Erro: Valor inválido para '--dias': 'x' não é um número"),
        (["rupturass"], "Erro: Não existe o comando 'rupturass'. Você quis dizer 'rupturas'?"),
        (["produto", "A", "B"], "Erro: Argumento a mais, inesperado (B)"),
        (["consultar"], "Erro: diga quais produtos, ou dê seus códigos"),
        (["disponibilidade", "A", "-"], "Erro: Valor inválido para 'QUANTIDADE': '-' não é uma"),
    ]:
        errado = em_portugues(*args, codigo=2)
        assert queixa in errado.stderr
        assert "para ver a ajuda." in errado.stderr


def test_one_language_leaves_nothing_behind_for_the_next() -> None:
    """Help is made once for the process; click keeps its help option."""
    assert "Mostra esta mensagem e sai." in em_portugues("produto", "--help").stdout
    ingles = estoque("produto", "--help", ESTOQUE_IDIOMA="en").stdout
    assert "Show this message and exit." in ingles
    assert "Mostra" not in ingles


@pytest.mark.parametrize(
    ("variaveis", "palavra"),
    [
        ({"LC_ALL": "pt_BR.UTF-8"}, "Uso:"),
        ({"LANG": "pt_BR.UTF-8"}, "Uso:"),
        ({"LANGUAGE": "pt_BR:en", "LANG": "en_US.UTF-8"}, "Uso:"),
        ({"LANG": "pt_BR.UTF-8", "LC_ALL": "C"}, "Usage:"),
        ({"LANG": "fr_FR.UTF-8"}, "Usage:"),
        ({"ESTOQUE_IDIOMA": "en", "LANG": "pt_BR.UTF-8"}, "Usage:"),
    ],
)
def test_each_invocation_reads_the_environment(variaveis: dict[str, str], palavra: str) -> None:
    env: dict[str, str | None] = dict.fromkeys(VARIAVEIS)
    assert estoque("--help", **{**env, **variaveis}).stdout.startswith(palavra)


def test_data_are_the_same_in_every_language(cena: Banco) -> None:
    for args in (["rupturas"], ["documentos", "P001"], ["estatisticas"]):
        for formato in ("json", "csv"):
            ditos = {
                estoque(*args, "--formato", formato, dsn=cena.dsn, ESTOQUE_IDIOMA=qual).stdout
                for qual in ("en", "pt_BR")
            }
            assert len(ditos) == 1
    chaves = [
        d["situacao"]
        for d in json.loads(em_portugues("documentos", "P001", "--json", dsn=cena.dsn).stdout)
    ]
    assert "conta" in chaves
    ingles, portugues = (
        json.loads(estoque("status", "--json", dsn=cena.dsn, ESTOQUE_IDIOMA=qual).stdout)
        for qual in ("en", "pt_BR")
    )
    assert list(ingles) == list(portugues)
    assert list(ingles["operacao"]) == list(portugues["operacao"])


def test_an_installation_talks_portuguese(vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("CREATE TABLE separacao (id bigint PRIMARY KEY)")
    ensaio = em_portugues("install", "--dry-run", dsn=vazio, codigo=1)
    assert ensaio.stdout.startswith("esquema        public\naplicaria      0001.nucleo")
    assert "erro: as tabelas do esquema public não servem\n" in ensaio.stderr
    assert "  falta separacao.cod_produto\n" in ensaio.stderr
    assert "dica: Corrija o que foi apontado" in ensaio.stderr
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("DROP TABLE separacao")
    feita = em_portugues("install", "--sem-agendamento", dsn=vazio)
    assert "aplicada 0001.nucleo\n" in feita.stdout
    assert "tabelas de origem que faltam e serão criadas: " in feita.stderr
    assert "nada a aplicar: o esquema está em dia" in em_portugues("migrate", dsn=vazio).stdout
    saiu = em_portugues("uninstall", "--sim", dsn=vazio).stdout
    assert saiu.startswith("removido de public: ")
    falta = em_portugues("status", dsn=vazio, codigo=3).stderr
    assert falta.startswith('erro: o estoque_pg não está instalado (esquema "public")\n')


def test_acompanhar_is_a_portuguese_screen(cena: Banco) -> None:
    with Terminal("acompanhar", dsn=cena.dsn, ESTOQUE_IDIOMA="pt_BR") as tela:
        texto = tela.espera("Produtos que acabam em até 7 dias: 1")
        assert "acaba em      quando" in texto
        assert "07/08/2025  amanhã" in texto
        assert "sem mudanças desde " in texto
        cena.mov("P001", 5000)
        tela.espera("nenhum produto acaba em até 7 dias")
        tela.teclar("q")
        assert tela.fim() == 0


def test_the_picture_is_labelled_in_portuguese(
    cena: Banco, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.text import Text

    textos: list[str] = []
    desenhar = Text.draw

    def anotar(texto: Text, *args: Any, **mais: Any) -> None:
        textos.append(texto.get_text())
        desenhar(texto, *args, **mais)

    monkeypatch.setattr(Text, "draw", anotar)
    api = APIEstoqueTempoReal(cena.conn)
    produto = api.produto("P001")
    assert produto is not None
    with com_idioma("pt_BR"):
        imagem.desenhar_projecao(produto, api.projecao("P001", 7))
    assert {"saldo no fim do dia", "entradas", "saídas"} <= set(textos)
    assert "ruptura 07/08 (amanhã), faltam 100" in textos
    assert "06/08/2025 a 13/08/2025   saldo atual 1.500, menor \u2212100" in textos


# -- errors -------------------------------------------------------------------------------------


@pytest.fixture
def recusados(banco: Banco) -> dict[str, psycopg.Error]:
    """An error of each kind that our SQL raises."""
    banco.mov("P1", 1)
    banco.unir("A", "B")
    comandos = {
        "EP001": "INSERT INTO separacao (cod_produto, qtd_saldo, expedicao)"
        " VALUES ('P1', 'NaN', now())",
        "EP001 varios": "INSERT INTO separacao (cod_produto, qtd_saldo, expedicao)"
        " SELECT 'P' || n % 12, 'NaN', now() FROM generate_series(1, 13) AS n",
        "EP002": "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('B', 'A', true)",
        "EP002 varios": "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
        " VALUES ('A', 'C', true), ('A', 'D', true)",
        "EP004": "SELECT estoque_agendar()",
        "EP007": "CREATE TABLE copia (LIKE separacao);"
        " CREATE TRIGGER estoque_inserir AFTER INSERT ON copia REFERENCING NEW TABLE AS novos"
        " FOR EACH STATEMENT EXECUTE FUNCTION _estoque_gatilho_separacao();"
        " INSERT INTO copia SELECT * FROM separacao",
        "22023 dias": "SELECT * FROM estoque_rupturas(-1)",
        "22023 quantidade": "SELECT * FROM estoque_disponibilidade('P1', 0)",
        "22023 lote": "SELECT * FROM estoque_fallback(0)",
        "22023 ajuste": "SELECT * FROM estoque_configurar(0)",
        "0A000": "BEGIN ISOLATION LEVEL REPEATABLE READ; TRUNCATE separacao",
        "EP003": "ALTER TABLE separacao RENAME qtd_saldo TO quantidade; SELECT estoque_vigiar()",
    }
    achados = {}
    for nome, comando in comandos.items():
        with pytest.raises(psycopg.Error) as erro:
            banco.conn.execute(comando.encode())
        if banco.conn.info.transaction_status:
            banco.conn.execute("ROLLBACK")
        assert erro.value.sqlstate == nome.partition(" ")[0], erro.value
        achados[nome] = erro.value
    return achados


def test_errors_of_sql_are_said_from_their_parts(recusados: dict[str, psycopg.Error]) -> None:
    """In English the parts give the very words of the server; in Portuguese others."""
    portugues: dict[str, tuple[str, str | None, str | None]] = {}
    for nome, erro in recusados.items():
        diag = erro.diag
        servidor = (diag.message_primary, diag.message_hint, diag.message_detail)
        with com_idioma("en"):
            assert em_palavras(diag) == servidor, nome
        with com_idioma("pt_BR"):
            nosso = traduzir(erro)
        portugues[nome] = (nosso.mensagem, nosso.dica, nosso.detalhe)
        assert nosso.mensagem != servidor[0]
        assert nosso.dica != servidor[1]
    mensagens = {nome: dito[0] for nome, dito in portugues.items()}
    assert (
        mensagens["EP001"] == "separacao.qtd_saldo do produto 'P1' é NaN, infinita ou grande demais"
    )
    assert (
        mensagens["EP002"] == "a unificação de códigos se contradiz: em círculo: 'B' -> 'A' -> 'B'"
    )
    assert mensagens["EP002 varios"].endswith("'A' tem os destinos ativos 'B', 'C' e 'D'")
    assert mensagens["EP003"] == "as tabelas do esquema public não servem"
    assert portugues["EP003"][2] == "falta separacao.qtd_saldo"
    assert mensagens["EP004"].startswith("o pg_cron não está no banco ")
    assert "SELECT cron.schedule_in_database(" in (portugues["EP004"][1] or "")
    assert mensagens["EP007"].startswith("a tabela copia do esquema public tem gatilhos")
    assert mensagens["22023 dias"] == "dias tem de ser zero ou mais, não -1"
    assert mensagens["22023 quantidade"] == "quantidade tem de ser um número positivo, não 0"
    linhas = (portugues["EP001 varios"][2] or "").splitlines()
    assert linhas[0] == "separacao.qtd_saldo do produto 'P0'"
    assert linhas[1] == "separacao.qtd_saldo do produto 'P1' em 2 linhas"
    assert linhas[-1] == "e de mais 2"


def test_every_class_of_error_has_its_hint_in_portuguese() -> None:
    classes = [c for c in vars(erros).values() if isinstance(c, type)]
    for classe in (c for c in classes if issubclass(c, ErroEstoque)):
        with com_idioma("pt_BR"):
            dito = classe("x").dica
        assert (dito is None) == (classe.dica_padrao is None)
        assert dito is None or dito != classe.dica_padrao


def test_arguments_are_refused_in_the_language_of_the_block(banco: Banco) -> None:
    api = APIEstoqueTempoReal(banco.conn)
    for qual, dito in (("pt_BR", "tem de ser zero ou mais"), ("en", "must be zero or more")):
        with com_idioma(qual), pytest.raises(ErroEstoque, match=dito):
            api.rupturas(-1)


def test_an_error_of_the_server_itself_stays_as_it_is(banco: Banco) -> None:
    erro = banco.recusa("23505", "INSERT INTO estoque_controle SELECT * FROM estoque_controle")
    with com_idioma("pt_BR"):
        assert traduzir(erro).mensagem == erro.diag.message_primary


def test_rows_that_cannot_be_counted_are_listed_in_portuguese(servico: Servico, vazio: str) -> None:
    with psycopg.connect(vazio, autocommit=True) as conn:
        instalar(vazio)
        conn.execute("SET session_replication_role = replica")
        conn.execute(
            "INSERT INTO unificacao_codigos (codigo_origem, codigo_destino, ativo)"
            " VALUES ('A', 'A', true)"
        )
        with pytest.raises(psycopg.Error) as erro:
            conn.execute("SELECT _estoque_exigir_linhas()")
        diag = erro.value.diag
        with com_idioma("en"):
            assert em_palavras(diag)[2] == diag.message_detail
        with com_idioma("pt_BR"):
            detalhe = traduzir(erro.value).detalhe or ""
    assert detalhe.startswith("unificacao_codigos: 1 linha, em círculo: 'A' -> 'A'\n    WITH ")


def test_who_is_in_the_way_is_named_in_portuguese(banco: Banco) -> None:
    with (
        psycopg.connect(banco.dsn, application_name="caixa") as um,
        psycopg.connect(banco.dsn) as outro,
    ):
        for conn in (um, outro):
            conn.execute("LOCK TABLE separacao IN ROW EXCLUSIVE MODE")
        achado = banco.conn.execute("SELECT quem, partes FROM _estoque_quem_usa()").fetchone()
        assert achado is not None
        quem, partes = achado
    with com_idioma("en"):
        assert dizer(partes) == quem
    with com_idioma("pt_BR"):
        portugues = dizer(partes)
    assert re.fullmatch(r"processo \d+ \(\w+, caixa, desde [^)]+\), processo .*", portugues)


# -- over HTTP ----------------------------------------------------------------------------------

BASE = "/api/estoque/tempo-real"


@pytest.fixture
def cliente(cena: Banco) -> Iterator[TestClient]:
    with TestClient(criar_aplicacao(cena.dsn), raise_server_exceptions=False) as cliente:
        yield cliente


def test_each_request_is_answered_in_its_language(cliente: TestClient) -> None:
    """Side by side, too."""
    ditos: dict[str, set[str]] = {"pt-BR,pt;q=0.9": set(), "en": set(), "fr": set(), "": set()}
    juntas = threading.Barrier(len(ditos), timeout=20)

    def pedir(aceita: str) -> None:
        for _ in range(10):
            juntas.wait()
            resposta = cliente.get(f"{BASE}/produto/X9", headers={"Accept-Language": aceita})
            assert resposta.status_code == 404
            ditos[aceita].add(f"{resposta.headers['content-language']}: {resposta.json()['erro']}")

    pedidos = [threading.Thread(target=pedir, args=[aceita]) for aceita in ditos]
    for pedido in pedidos:
        pedido.start()
    for pedido in pedidos:
        pedido.join()
    ingles = {"en: no source knows the code 'X9'"}
    assert ditos.pop("pt-BR,pt;q=0.9") == {"pt-BR: nenhuma origem conhece o código 'X9'"}
    assert list(ditos.values()) == [ingles] * 3


def test_without_a_header_the_environment_of_the_service_decides(
    cliente: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTOQUE_IDIOMA", "pt_BR")
    sem = cliente.get(f"{BASE}/nada", headers={"Accept-Language": ""}).json()["erro"]
    assert sem.startswith("não há nada neste endereço")
    com = cliente.get(f"{BASE}/nada", headers={"Accept-Language": "en"}).json()["erro"]
    assert com.startswith("there is nothing at this address")


@pytest.mark.parametrize(
    ("metodo", "caminho", "corpo", "dito"),
    [
        ("GET", "/rupturas?dias=-1", None, "dias: tem de ser 0 ou mais"),
        ("GET", "/rupturas?dias=9999", None, "dias: tem de ser no máximo 3650"),
        ("GET", "/rupturas?dias=x", None, "dias: tem de ser um número inteiro"),
        ("GET", "/disponibilidade/P001", None, "quantidade: é obrigatório"),
        ("GET", "/disponibilidade/P001?quantidade=0", None, "quantidade: tem de ser maior que 0"),
        ("GET", "/disponibilidade/P001?quantidade=x", None, "quantidade: tem de ser um número"),
        ("GET", "/disponibilidade/P001?quantidade=inf", None, "tem de ser um número finito"),
        ("GET", f"/produto/{'x' * 256}", None, "codigo: tem de ter no máximo 255 caracteres"),
        ("POST", "/consultar", {}, "produtos: é obrigatório"),
        ("POST", "/consultar", {"produtos": []}, "produtos: tem de ter pelo menos 1 item"),
        ("POST", "/consultar", {"produtos": [1]}, "produtos.0: tem de ser um texto"),
        ("POST", "/consultar", {"produtos": "A"}, "produtos: tem de ser uma lista"),
        ("POST", "/consultar", {"produtos": ["A"], "x": 1}, "x: não é aceito aqui"),
        ("POST", "/consultar", [], "o corpo: era esperado um objeto JSON, com "),
        ("DELETE", "/consultar", None, "Método não permitido"),
    ],
)  # fmt: skip
def test_what_a_request_gets_wrong_is_said_in_portuguese(
    cliente_vazio: TestClient, metodo: str, caminho: str, corpo: object, dito: str
) -> None:
    resposta = cliente_vazio.request(
        metodo, BASE + caminho, json=corpo, headers={"Accept-Language": "pt"}
    )
    assert dito in resposta.json()["erro"]


@pytest.fixture(scope="module")
def cliente_vazio() -> Iterator[TestClient]:
    """For what is refused before a database is asked: there is none."""
    with TestClient(criar_aplicacao("host=/nada"), raise_server_exceptions=False) as cliente:
        yield cliente


def test_a_database_that_is_away_is_said_in_portuguese(cliente_vazio: TestClient) -> None:
    resposta = cliente_vazio.get(f"{BASE}/estatisticas", headers={"Accept-Language": "pt"})
    assert resposta.status_code == 503
    assert resposta.json()["erro"].startswith("o banco de dados está fora de alcance")


def test_health_tells_in_the_language_of_the_request(cena: Banco, cliente: TestClient) -> None:
    cena.cru("ALTER TABLE separacao DISABLE TRIGGER estoque_inserir")
    doente = cliente.get("/saude", headers={"Accept-Language": "pt-BR"})
    assert doente.status_code == 503
    assert doente.json()["erro"] == "o gatilho estoque_inserir de separacao não dispara"
    assert "is disabled" in cliente.get("/saude", headers={"Accept-Language": "en"}).json()["erro"]
