"""A planner at the terminal: lists of codes, CSV, charts and pictures, the following screen."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from apoio import Banco, do_extra, papel_novo
from click.shell_completion import ShellComplete
from conftest import Servico
from terminal import FIM, INICIO, SETA_ABAIXO, Terminal
from test_cli import RAIZ, dados, estoque, processo, uma_linha

from estoque_pg import DiaProjetado, tabela
from estoque_pg.cli import cli
from estoque_pg.migracoes import instalar
from servidor import Servidor

NOME = 'Azeitona "preta", 5 kg; ção'


@pytest.fixture
def cena(banco: Banco) -> Banco:
    banco.mov("P001", 1500, nome_produto="Parafuso çã")
    banco.sep("P001", 1600, 1)
    banco.prod("P001", 500.5, 5)
    banco.mov("P002", 7, nome_produto=NOME)
    banco.mov("A B,1", 3)
    banco.unir("ALIAS", "P001")
    return banco


def ler_csv(texto: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(texto, newline=""), strict=True))


# --- many codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "entrada", "esperados"),
    [
        ([], "P002\nP001\n", ["P002", "P001"]),
        (["-"], "P002\r\n\r\nP001\r\n", ["P002", "P001"]),
        (["P001", "-"], "P002", ["P001", "P002"]),
        (["-", "P001"], "P002\nP002\n", ["P002", "P001"]),
        (["-", "-"], "P002", ["P002"]),
        ([], "\ufeffA B,1\rP002", ["A B,1", "P002"]),
        (["P001"], "P002", ["P001"]),
    ],
)
def test_codes_from_standard_input(
    cena: Banco, args: list[str], entrada: str, esperados: list[str]
) -> None:
    feito = estoque("consultar", *args, "--json", entrada=entrada, dsn=cena.dsn)
    assert feito.exit_code == 0, feito.stderr
    assert [p["cod_produto"] for p in json.loads(feito.stdout)] == esperados


@pytest.mark.parametrize(
    ("entrada", "args", "saida", "trecho"),
    [
        (b"", ["consultar"], 2, "name the products"),
        (b"\n \n", ["consultar", "-"], 2, "no code"),
        (b"P001\nP\xe7\n", ["consultar"], 1, "line 2"),
        (b"P001\nP\x00\n", ["consultar"], 1, "NUL"),
        (b"P001,P002", ["consultar"], 1, "lines of standard input"),
        (b"P001\nP003\n", ["verificar", "-"], 1, "P003"),
    ],
)
def test_bad_standard_input(
    cena: Banco, entrada: bytes, args: list[str], saida: int, trecho: str
) -> None:
    feito = estoque(*args, entrada=entrada, dsn=cena.dsn)
    assert feito.exit_code == saida
    assert trecho in feito.stderr
    assert "Traceback" not in feito.output


def test_a_code_is_asked_for_as_it_is_given(cena: Banco) -> None:
    """'P001 ' is another product than 'P001', which has no business answering for it."""
    feito = estoque("consultar", "--json", entrada=" P001\nP001 \n", dsn=cena.dsn)
    assert feito.exit_code == 1
    assert " P001" in feito.stderr
    cena.mov("P001 ", 7)
    feito = estoque("consultar", "--json", entrada="P001 \nP001\n", dsn=cena.dsn)
    produtos = {p["cod_produto"]: p["estoque_atual"] for p in json.loads(feito.stdout)}
    assert produtos["P001 "] == 7
    assert len(produtos) == 2


def test_thousands_of_codes_in_one_call(cena: Banco) -> None:
    cena.cru(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " SELECT 'N' || i, 'n', current_date, 'E', i, true FROM generate_series(1, 6000) AS i"
    )
    codigos = [f"N{i}" for i in range(6000, 0, -1)]
    feito = estoque("consultar", "--formato", "csv", entrada="\n".join(codigos), dsn=cena.dsn)
    assert feito.exit_code == 0, feito.stderr
    linhas = ler_csv(feito.stdout)
    assert [linha["cod_produto"] for linha in linhas] == codigos
    assert [int(linha["estoque_atual"]) for linha in linhas] == list(range(6000, 0, -1))
    feito = estoque("consultar", entrada="\n".join(f"X{i}" for i in range(3000)), dsn=cena.dsn)
    assert feito.exit_code == 1
    assert "'X19' and 2.980 more" in feito.stderr
    assert len(feito.stderr) < 500


def test_codes_feed_the_audit_and_the_repair(cena: Banco) -> None:
    assert estoque("verificar", "-", entrada="P001\nALIAS", dsn=cena.dsn).exit_code == 0
    cena.cru("UPDATE estoque_tempo_real SET saldo_atual = 1")
    feito = estoque("recalcular", "-", "--json", entrada="P001\nP002", dsn=cena.dsn)
    assert json.loads(feito.stdout) == {"corrigidos": 2}
    assert estoque("recalcular", "-", entrada="A B,1", dsn=cena.dsn).exit_code == 0
    cena.verificar()


# --- formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        ["consultar", "P002", "ALIAS"],
        ["produto", "P001"],
        ["rupturas"],
        ["projecao", "P001"],
        ["disponibilidade", "P001", "400"],
        ["disponibilidade", "P001", "99999"],
        ["estatisticas"],
        ["list"],
        ["recalcular", "--tudo"],
    ],
)
def test_csv_says_what_json_says(cena: Banco, args: list[str]) -> None:
    objeto = dados(*args, dsn=cena.dsn)
    objetos = objeto if isinstance(objeto, list) else [objeto]
    texto = estoque(*args, "--formato", "csv", dsn=cena.dsn).stdout
    linhas = ler_csv(texto)
    assert list(linhas[0]) == list(objetos[0])
    assert len(linhas) == len(objetos)
    for linha, esperado in zip(linhas, objetos, strict=True):
        for chave, valor in esperado.items():
            if valor is None:
                assert linha[chave] == ""
            elif isinstance(valor, (list, bool)):
                assert json.loads(linha[chave]) == valor
            elif isinstance(valor, float):
                assert Decimal(linha[chave]) == Decimal(str(valor))
            else:
                assert linha[chave] == str(valor)
    assert dados(*args, "--formato", "json", dsn=cena.dsn) == objeto


def test_csv_quotes_and_writes_numbers_for_machines(cena: Banco) -> None:
    texto = estoque("consultar", "P002", "--formato", "csv", dsn=cena.dsn).stdout
    assert f'P002,"{NOME.replace(chr(34), 2 * chr(34))}",7,7,,[]\n' in texto
    texto = estoque("disponibilidade", "P001", "400", "--formato", "csv", dsn=cena.dsn).stdout
    assert texto == "data_disponivel,quantidade_disponivel\n2025-08-11,400.5\n"


def test_csv_of_nothing_is_its_header(cena: Banco) -> None:
    feito = estoque("rupturas", "--dias", "0", "--formato", "csv", dsn=cena.dsn)
    assert feito.stdout == (
        "cod_produto,nome_produto,estoque_atual,menor_estoque_d7,dia_ruptura,dias_ate_ruptura,"
        "falta,fim_ruptura\n"
    )
    feito = estoque("verificar", "--formato", "csv", dsn=cena.dsn)
    assert feito.stdout == "cod_produto,campo,data_prevista,valor_armazenado,valor_esperado\n"


def test_formats_that_contradict(cena: Banco) -> None:
    assert estoque("rupturas", "--json", "--formato", "csv", dsn=cena.dsn).exit_code == 2
    assert estoque("rupturas", "--formato", "xml", dsn=cena.dsn).exit_code == 2
    assert estoque("rupturas", "--json", "--formato", "json", dsn=cena.dsn).exit_code == 0


def test_data_are_utf8_where_the_terminal_is_not(cena: Banco) -> None:
    for formato in ("csv", "json"):
        feito = subprocess.run(
            [sys.executable, "-m", "estoque_pg", "consultar", "P001", "--formato", formato],
            capture_output=True,
            cwd=RAIZ,
            env={**os.environ, "DATABASE_URL": cena.dsn, "PYTHONIOENCODING": "ascii"},
        )
        assert "Parafuso çã" in feito.stdout.decode("utf-8")


def test_a_pipe_gets_everything_and_nothing_else(cena: Banco) -> None:
    longo = "Nome comprido " * 14
    cena.mov("P003", -1, nome_produto=longo)
    for args in (["consultar", "P003"], ["rupturas"], ["projecao", "P003"], ["produto", "P003"]):
        texto = processo(*args, DATABASE_URL=cena.dsn, COLUMNS="40").stdout
        assert longo.strip() in texto
        assert not set("\x1b█▀…") & set(texto)
    assert "short that day" in processo("projecao", "P003", DATABASE_URL=cena.dsn).stdout


# --- on a terminal ----------------------------------------------------------------------------


def test_terminal_has_colours_and_fits(cena: Banco) -> None:
    cena.mov("P001", 0, nome_produto="Parafuso de nome comprido " * 6)
    for args in (["consultar", "P001"], ["rupturas"]):
        with Terminal(*args, dsn=cena.dsn, colunas=70) as t:
            assert t.fim() == 0
            assert b"\x1b[31m" in t.recebido
            assert "…" in t.texto
            linhas = t.recebido.decode().splitlines()
            assert len(linhas) == sum(bool(x.strip()) for x in t.tela.display)  # none wrapped
    with Terminal("rupturas", dsn=cena.dsn, NO_COLOR="1") as t:
        assert t.fim() == 0
        assert b"\x1b" not in t.recebido


def test_chart_on_a_terminal(cena: Banco) -> None:
    with Terminal("projecao", "P001", dsn=cena.dsn, linhas=60) as t:
        assert t.fim() == 0
        texto = t.texto
        assert "▼ rupture on 07/08/2025 (tomorrow), 100 short that day" in texto
        zero = next(linha for linha in texto.splitlines() if "┼" in linha)
        # Two columns a day: the mark stands under the second.
        assert zero.strip().startswith("0 ┼──▼─")
        assert "1.500 ┤█" in texto
        assert "06/08" in texto
        assert max(map(len, texto.splitlines())) <= 80
        assert b"\x1b[7m" in t.recebido  # bars that hang, in eighths


def dias(*saldos: object) -> list[DiaProjetado]:
    zero = Decimal(0)
    return [
        DiaProjetado(n, Banco.D, zero, zero, zero, Decimal(str(s))) for n, s in enumerate(saldos)
    ]


@pytest.mark.parametrize("cores", [False, True])
def test_chart_of_any_balance(cores: bool) -> None:
    """Bars are as long as their numbers, also very small and very unequal ones."""
    for saldos in ([0], [0.001], [-0.001], [1, -1], [10**12, -1], [1, -(10**12)], [0] * 400):
        texto = tabela.grafico_projecao(dias(*saldos), 60, 12, cores)
        assert ("▼" in texto) == (min(saldos) < 0)
        assert ("no rupture" in texto) == (min(saldos) >= 0)
        pretas = [x for x in "▁▂▃▄▅▆▇█▀" if x in texto]
        assert bool(pretas) == any(saldos)


# --- pictures ---------------------------------------------------------------------------------


def tamanho_do_png(arquivo: Path) -> tuple[int, int]:
    conteudo = arquivo.read_bytes()
    assert conteudo.startswith(b"\x89PNG\r\n\x1a\n")
    assert conteudo.endswith(b"IEND\xaeB`\x82")
    return int.from_bytes(conteudo[16:20], "big"), int.from_bytes(conteudo[20:24], "big")


@pytest.mark.parametrize("mais", [["--dias", "0"], ["--dias", "28"], ["--dias", "3650"]])
def test_picture(cena: Banco, tmp_path: Path, mais: list[str]) -> None:
    # A name that means something to the drawing library, and signs that its font lacks.
    cena.mov("P001", 1, nome_produto="$x^2_{$ \\frac 漢字 " + "m" * 150)
    arquivo = tmp_path / "p.png"
    arquivo.write_bytes(b"an older one")
    feito = estoque("projecao", "ALIAS", "--png", str(arquivo), *mais, dsn=cena.dsn)
    assert (feito.exit_code, feito.stdout) == (0, ""), feito.stderr
    assert feito.stderr == f"{arquivo} written\n"
    assert tamanho_do_png(arquivo) == (1500, 825)


def test_picture_beside_the_data(cena: Banco, tmp_path: Path) -> None:
    arquivo = tmp_path / "p.png"
    feito = estoque("projecao", "P001", "--png", str(arquivo), "--json", dsn=cena.dsn)
    assert len(json.loads(feito.stdout)) == 29
    assert tamanho_do_png(arquivo) == (1500, 825)


def test_picture_that_cannot_be_written(cena: Banco, tmp_path: Path) -> None:
    sem_pasta = estoque("projecao", "P001", "--png", str(tmp_path / "x/y.png"), dsn=cena.dsn)
    assert "No such file" in uma_linha(sem_pasta, 1)
    assert estoque("projecao", "P001", "--png", str(tmp_path), dsn=cena.dsn).exit_code == 2
    uma_linha(estoque("projecao", "nada", "--png", str(tmp_path / "n.png"), dsn=cena.dsn), 1)
    assert list(tmp_path.iterdir()) == []


def test_picture_without_the_library(
    cena: Banco, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)  # as Python sees a missing module
    texto = uma_linha(estoque("projecao", "P001", "--png", str(tmp_path / "p"), dsn=cena.dsn), 1)
    assert "pip install " + " ".join(do_extra("png")) in texto


# --- the following screen ---------------------------------------------------------------------


def test_follows_ruptures(cena: Banco) -> None:
    with Terminal("acompanhar", dsn=cena.dsn) as t:
        texto = t.espera("Products that run out within 7 days: 1")
        assert "07/08/2025  tomorrow" in texto
        cena.mov("P001", -1500)
        t.espera("-1.600")
        assert t.negrito("Produto P001")
        cena.mov("P001", 5000)
        t.espera("no product runs out within 7 days")
        cena.mov("P009", -3)
        t.espera("P009")
        t.teclar("q")
        assert t.fim() == 0
        assert t.restaurado()


def test_draws_only_what_changes(cena: Banco) -> None:
    with Terminal("acompanhar", "P002", "ALIAS", dsn=cena.dsn) as t:
        t.espera("2 products")
        t.ler(0.3)
        assert t.ler(1.4) == b""
        cena.mov("P002", 1)
        t.espera(lambda texto: " 8 " in texto)
        t.teclar("q")
        assert t.fim() == 0


def test_follows_given_codes_until_ctrl_c(cena: Banco) -> None:
    with Terminal("acompanhar", "ALIAS", "P002", dsn=cena.dsn) as t:
        texto = t.espera("2 products")
        assert "asked" in texto
        assert texto.index("ALIAS") < texto.index("P002")
        cena.execute("DELETE FROM movimentacao_estoque WHERE cod_produto = 'P002'")
        t.espera("(no longer known)")
        t.teclar("\x03")
        assert t.fim() == 0
        assert t.restaurado()


def test_scrolls_and_resizes(banco: Banco) -> None:
    banco.cru(
        "INSERT INTO movimentacao_estoque (cod_produto, nome_produto, data_movimentacao,"
        " tipo_movimentacao, qtd_movimentacao, ativo)"
        " SELECT 'N' || 100 + i, 'n', current_date, 'E', -1, true FROM generate_series(1, 60) i"
    )
    with Terminal("acompanhar", dsn=banco.dsn) as t:
        assert "N119" in t.espera("1-19 of 60")
        t.teclar(SETA_ABAIXO)
        assert "N101" not in t.espera("2-20 of 60")
        t.teclar(FIM)
        assert "N160" in t.espera("42-60 of 60")
        t.redimensionar(12, 60)
        t.espera("42-48 of 60")
        t.teclar(INICIO)
        texto = t.espera("1-7 of 60")
        assert "N107" in texto
        t.redimensionar(70, 120)
        t.espera("N160")
        t.redimensionar(3, 10)
        t.ler(0.5)
        t.redimensionar(1, 1)
        t.ler(0.5)
        t.redimensionar(24, 80)
        t.espera("1-19 of 60")
        t.teclar("q")
        assert t.fim() == 0


def test_opens_a_product_with_its_documents(cena: Banco) -> None:
    cena.sep("P001", 30, -2)
    cena.prod("P001", 40, -3)
    with Terminal("acompanhar", "P002", "ALIAS", dsn=cena.dsn, colunas=110) as t:
        t.espera("2 products")
        t.teclar(SETA_ABAIXO + "\r")
        texto = t.espera("overdue, counts today")
        assert "ALIAS is unified into this code" in texto
        # Every screen adds up: the balance now, then each document's.
        corpo = [linha.split() for linha in texto.splitlines()]
        saldos = [linha[-2:-1] for linha in corpo if linha[-1:] == ["counts"]]
        assert saldos == [["-130"], ["370,5"]]
        assert "1.470  overdue, counts today" in texto
        [ignorada] = [linha.split() for linha in texto.splitlines() if "overdue entry" in linha]
        assert ignorada[-8:-5] == ["40", "0", "-"]
        cena.sep("P001", 7, 2)
        t.espera("-137")
        t.teclar("\x1b")
        assert "2 products" in t.espera("P002")
        t.teclar("q")
        assert t.fim() == 0
        assert t.restaurado()


def test_a_product_that_nothing_knows_any_more(cena: Banco) -> None:
    with Terminal("acompanhar", "P002", dsn=cena.dsn) as t:
        t.espera("1 product")
        t.teclar("\r")
        t.espera("no open documents")
        cena.execute("DELETE FROM movimentacao_estoque WHERE cod_produto = 'P002'")
        t.espera("(no longer known)")
        t.teclar("q")
        assert t.fim() == 0


def test_without_the_right_to_read_documents(cena: Banco) -> None:
    cena.sep("P001", 30, -2)
    with papel_novo(cena.conn, "olheiro") as papel:
        with Terminal("acompanhar", "P001", dsn=f"{cena.dsn} user={papel}") as t:
            t.espera("1 product")
            t.teclar("\r")
            texto = t.espera("this role may not read documents")
            assert [linha.split() for linha in texto.splitlines() if "overdue" in linha] == [
                ["overdue", "0", "30", "-30"]
            ]
            t.teclar("q")
            assert t.fim() == 0


def test_filters_and_helps(banco: Banco) -> None:
    for i, nome in enumerate(["Azeitona", "Óleo de soja", "OLEO de milho"]):
        banco.mov(f"N{i}", -1, nome_produto=nome)
    with Terminal("acompanhar", dsn=banco.dsn) as t:
        t.espera("within 7 days: 3")
        t.teclar("/óleo")
        texto = t.espera("3; 2 with óleo")
        assert "Azeitona" not in texto
        t.teclar("\x7f\x7f\x7f\x7fn0\r")
        assert "Azeitona" in t.espera("3; 1 with n0")
        t.teclar("\r")
        t.espera("no open documents")
        t.teclar("\x1b")
        t.espera("3; 1 with n0")
        t.teclar("/zzz\r")
        t.espera("nothing contains n0zzz")
        t.teclar("\r")  # there is nothing to open
        t.teclar("\x1b")
        assert "Azeitona" in t.espera(lambda texto: "milho" in texto and " with " not in texto)
        t.teclar("?")
        t.espera("open the product of the line")
        t.teclar("x")
        t.espera("within 7 days: 3")
        t.teclar("/q\x1bq")  # a letter of the filter, not the end
        assert t.fim() == 0
        assert t.restaurado()


@pytest.mark.parametrize("sinal", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_the_terminal_as_it_was(cena: Banco, sinal: signal.Signals) -> None:
    with Terminal("acompanhar", dsn=cena.dsn) as t:
        t.espera("q ends")
        t.processo.send_signal(sinal)
        t.fim()
        assert t.restaurado()


def test_suspended_and_resumed(cena: Banco) -> None:
    with Terminal("acompanhar", dsn=cena.dsn) as t:
        t.espera("q ends")
        t.processo.send_signal(signal.SIGTSTP)
        ate = time.monotonic() + 5
        while b"\x1b[?1049l" not in t.recebido and time.monotonic() < ate:
            t.ler(0.05)
        assert b"\x1b[?1049l" in t.recebido
        t.processo.send_signal(signal.SIGCONT)
        t.ler(0.5)
        t.espera("q ends")
        t.teclar("q")
        assert t.fim() == 0
        assert t.restaurado()


def test_q_works_while_a_lock_holds_the_question_up(cena: Banco) -> None:
    with Terminal("acompanhar", dsn=cena.dsn) as t:
        t.espera("q ends")
        with cena.conn.transaction():
            cena.cru("LOCK TABLE estoque_tempo_real")
            t.ler(1.5)
            t.teclar("q")
            assert t.fim(3) == 0
        assert t.restaurado()


def test_survives_a_restart_of_the_database(servico: Servico) -> None:
    with Servidor() as servidor:
        instalar(servidor.dsn(), None)
        with Terminal("acompanhar", dsn=servidor.dsn()) as t:
            t.espera("no product runs out")
            servidor.parar()
            t.espera("the database has been away since")
            servidor.iniciar()
            t.espera("unchanged since")
            with psycopg.connect(servidor.dsn(), autocommit=True) as conn:
                conn.execute(
                    "INSERT INTO movimentacao_estoque (cod_produto, nome_produto,"
                    " data_movimentacao, tipo_movimentacao, qtd_movimentacao, ativo)"
                    " VALUES ('P1', 'n', current_date, 'E', -1, true)"
                )
            t.espera("P1")
            t.teclar("q")
            assert t.fim() == 0
            assert t.restaurado()


def test_an_uninstall_ends_it_with_a_line(cena: Banco) -> None:
    with Terminal("acompanhar", dsn=cena.dsn) as t:
        t.espera("q ends")
        cena.cru("DROP FUNCTION estoque_rupturas(integer)")
        assert t.fim() != 0
        assert "error:" in t.espera("error:")
        assert "Traceback" not in t.texto
        assert t.restaurado()


def test_codes_through_a_pipe_and_keys_from_the_terminal(cena: Banco) -> None:
    leitura, escrita = os.pipe()
    os.write(escrita, b"P001\nP002\n")
    os.close(escrita)
    with Terminal("acompanhar", "-", dsn=cena.dsn, stdin=leitura) as t:
        os.close(leitura)
        t.espera("2 products")
        t.teclar("q")
        assert t.fim() == 0


@pytest.mark.parametrize("term", ["dumb", "naoexiste"])
def test_terminal_without_screens(cena: Banco, term: str) -> None:
    with Terminal("acompanhar", dsn=cena.dsn, TERM=term) as t:
        assert t.fim() == 1
        assert "no screen on this terminal" in t.texto.replace("\n", "")
        assert "Traceback" not in t.texto


def test_screen_in_plain_ascii(cena: Banco) -> None:
    with Terminal("acompanhar", dsn=cena.dsn, LC_ALL="POSIX", PYTHONCOERCECLOCALE="0") as t:
        t.espera("v 07/08/2025")
        t.teclar("q")
        assert t.fim() == 0


def test_not_a_terminal_prints_once(cena: Banco) -> None:
    feito = processo("acompanhar", DATABASE_URL=cena.dsn)
    assert feito.returncode == 0
    assert "P001" in feito.stdout
    assert "shown once" in feito.stderr
    assert "no product runs out today" in processo(
        "acompanhar", "--dias", "0", DATABASE_URL=cena.dsn
    ).stdout  # fmt: skip
    uma_linha(estoque("acompanhar", "P001", "nada", dsn=cena.dsn), 1)
    uma_linha(estoque("acompanhar", dsn="host=/nonexistent"), 5)
    assert estoque("acompanhar", "P001", "--dias", "3", dsn=cena.dsn).exit_code == 2


# --- completion -------------------------------------------------------------------------------


def completar(shell: str, *palavras: str, dsn: str) -> str:
    """What the shell gets to hear, from a process of its own that must not complain."""
    atual = palavras[-1] if shell == "fish" else str(len(palavras))
    feito = processo(
        DATABASE_URL=dsn,
        _ESTOQUE_COMPLETE=f"{shell}_complete",
        COMP_WORDS=" ".join(("estoque", *palavras)),
        COMP_CWORD=atual,
    )
    assert feito.stderr == ""
    return feito.stdout.strip()


def test_shell_completes_codes(cena: Banco) -> None:
    assert completar("bash", "produto", "P00", dsn=cena.dsn) == "plain,P001\nplain,P002"
    assert "ALIAS" in completar("zsh", "consultar", "P002", "AL", dsn=cena.dsn)
    assert "Parafuso" in completar("fish", "projecao", "P001", dsn=cena.dsn)
    assert completar("bash", "produto", "%", dsn=cena.dsn) == ""


def test_every_command_that_takes_codes_completes_them(
    cena: Banco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", cena.dsn)
    completos = ShellComplete(cli, {}, "estoque", "_ESTOQUE_COMPLETE")
    for nome, comando in cli.commands.items():
        parametro = next((p for p in comando.params if p.name in ("codigo", "codigos")), None)
        if parametro is not None:
            antes = [nome, *parametro.opts[-1:]] if parametro.opts[0].startswith("-") else [nome]
            itens = completos.get_completions(antes, "P0")
            assert [i.value for i in itens] == ["P001", "P002"], nome


def test_completion_uses_the_database_of_the_line_and_never_complains(cena: Banco) -> None:
    linha = ["produto", "--dsn", "host=/nonexistent", "P00"]
    assert completar("bash", *linha, dsn=cena.dsn) == ""
    linha = ["produto", "--schema", "nada", "P00"]
    assert completar("bash", *linha, dsn=cena.dsn) == ""
    assert completar("bash", "produto", "P00", dsn="isto não é um dsn") == ""
    linha = ["produto", "--dsn", cena.dsn.replace(" ", "\\ "), "P00"]
    assert "P001" in completar("bash", *linha, dsn="host=/nonexistent")


def test_completion_is_soon_over_where_a_lock_holds_it_up(cena: Banco) -> None:
    with cena.conn.transaction():
        cena.cru("LOCK TABLE estoque_codigo_conhecido")
        inicio = time.monotonic()
        assert completar("bash", "produto", "P00", dsn=cena.dsn) == ""
        assert time.monotonic() - inicio < 12


def test_completion_script_as_the_help_says() -> None:
    assert "_ESTOQUE_COMPLETE=bash_source estoque" in estoque("--help").stdout
    for shell in ("bash", "zsh", "fish"):
        assert "_ESTOQUE_COMPLETE" in processo(_ESTOQUE_COMPLETE=f"{shell}_source").stdout
