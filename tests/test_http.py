"""The HTTP application: what it answers, what it refuses, and the service around it."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2 as httpx
import psycopg
import pytest
from apoio import Banco, Sessao, do_extra
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg.conninfo import make_conninfo
from test_api import cenario_dos_documentos
from test_cli import estoque, uma_linha
from test_concorrencia import mov

from estoque_pg import APIEstoqueTempoReal, APIEstoqueTempoRealAsync
from estoque_pg.http import criar_aplicacao, rotas
from estoque_pg.http.acesso import MAX_CORPO
from estoque_pg.migracoes import TABELA_SOMA, instalar
from servidor import Servidor

BASE = "/api/estoque/tempo-real"
SIMULACOES = "/(simular|projecao_simulada)$"
TOKEN = "segredo-de-teste"
PARADOS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@pytest.fixture
def cena(banco: Banco) -> Banco:
    banco.mov("P001", 1500, nome_produto="Produto Exemplo")
    banco.sep("P001", 1600, 4)
    banco.prod("P001", "300.25", 6)
    banco.mov("P002", 7, nome_produto="Outro")
    banco.unir("ALIAS", "P001")
    return banco


@contextmanager
def aplicacao(banco: Banco, **opcoes: Any) -> Iterator[TestClient]:
    with TestClient(criar_aplicacao(banco.dsn, **opcoes), raise_server_exceptions=False) as c:
        yield c


@pytest.fixture
def cliente(cena: Banco) -> Iterator[TestClient]:
    with aplicacao(cena) as cliente:
        yield cliente


def erro(resposta: httpx.Response, status: int) -> str:
    """An error is a status, and one readable line in JSON."""
    assert resposta.status_code == status, resposta.text
    assert resposta.headers["content-type"] == "application/json"
    corpo = resposta.json()
    assert set(corpo) == {"sucesso", "erro"}
    assert corpo["sucesso"] is False
    assert corpo["erro"]
    assert "Traceback" not in corpo["erro"]
    return str(corpo["erro"])


# -- what it answers ----------------------------------------------------------------------------


def test_every_endpoint_answers_what_the_api_answers(cliente: TestClient, cena: Banco) -> None:
    api = APIEstoqueTempoReal(cena.conn)

    def ler(caminho: str, metodo: str = "GET", **mais: Any) -> Any:
        resposta = cliente.request(metodo, BASE + caminho, **mais)
        assert resposta.status_code == 200, resposta.text
        return resposta.json()

    codigos = ["P002", "zzz", "ALIAS"]
    assert ler("/consultar", "POST", json={"produtos": codigos}) == {
        "sucesso": True,
        **api.consultar_workspace(codigos),
    }
    assert ler("/produto/ALIAS") == {"sucesso": True, "produto": api.consultar_produto("P001")}
    assert ler("/rupturas") == {
        "sucesso": True,
        "dias_analisados": 7,
        "total_rupturas": 1,
        "produtos": api.consultar_rupturas(7),
    }
    assert ler("/rupturas?dias=3")["total_rupturas"] == 0
    assert ler("/projecao/ALIAS?dias=6") == {
        "sucesso": True,
        "projecao": {
            "cod_produto": "P001",
            "nome_produto": "Produto Exemplo",
            "estoque_atual": 1500.0,
            "menor_estoque_d7": -100.0,
            "dia_ruptura": "2025-08-10",
            "data_disponivel": "2025-08-12",
            "quantidade_disponivel": 200.25,
            "projecao": api.consultar_projecao("P001", 6),
        },
    }
    assert len(ler("/projecao/P002")["projecao"]["projecao"]) == 29
    assert ler("/disponibilidade/P001?quantidade=200.25") == {
        "sucesso": True,
        "disponibilidade": {"data_disponivel": "2025-08-12", "quantidade_disponivel": 200.25},
    }
    assert ler("/disponibilidade/P001?quantidade=200.26")["disponibilidade"] == {
        "data_disponivel": None,
        "quantidade_disponivel": None,
    }
    assert ler("/estatisticas") == {"sucesso": True, "estatisticas": api.get_estatisticas()}
    certo = {"sucesso": True, "cod_produto": "P001", "saldo_atual": 1500.0, "corrigido": False}
    assert ler("/recalcular/ALIAS", "POST") == certo
    cena.cru("UPDATE estoque_tempo_real SET saldo_atual = 1 WHERE cod_produto = 'P001'")
    assert ler("/recalcular/ALIAS", "POST") == {**certo, "corrigido": True}
    cena.verificar()


def test_each_is_a_single_question(cliente: TestClient) -> None:
    feitas: list[bytes] = []

    class Contadora(APIEstoqueTempoRealAsync):
        async def responder(self, pergunta: Any) -> Any:
            feitas.append(pergunta.consulta())
            return await super().responder(pergunta)

    app = cliente.app
    assert isinstance(app, FastAPI)
    app.state.api = Contadora(app.state.api.banco)
    for caminho in (
        "/produto/P001",
        "/produto/zzz",
        "/rupturas",
        "/projecao/P001",
        "/projecao/zzz",
        "/disponibilidade/P001?quantidade=1",
        "/disponibilidade/zzz?quantidade=1",
        "/estatisticas",
    ):
        cliente.get(BASE + caminho)
        assert len(feitas) == 1, caminho
        assert feitas.pop().count(b";") == 0
    cliente.post(f"{BASE}/consultar", json={"produtos": ["P001", "zzz"]})
    assert len(feitas) == 1
    for codigo in ("P001", "zzz"):
        feitas.clear()
        cliente.post(f"{BASE}/recalcular/{codigo}")
        assert len(feitas) == 1


def test_codes_are_any_text(cena: Banco) -> None:
    codigos = ["A/B", "/A", "A/", "A//B", "../A", "it's", '"A"', "çãoé", "A%2FB", "A?b=1#c", ";--"]
    codigos += ["日本", "🍅", "{x}", "\\"]
    codigos += ["A B", "A\nB", "A\n", "\t", " ", "'; DROP TABLE separacao; --", "x" * 50]
    for codigo in codigos:
        cena.mov(codigo, 3)
    with Servico(cena.dsn) as servico:
        for codigo in codigos:
            no_caminho = quote(codigo, safe="").replace(".", "%2E")
            for caminho in ("produto", "projecao"):
                resposta = servico.cliente.get(f"{BASE}/{caminho}/{no_caminho}")
                assert resposta.json()[caminho]["cod_produto"] == codigo
            resposta = servico.cliente.post(f"{BASE}/recalcular/{no_caminho}")
            assert resposta.json()["cod_produto"] == codigo
        resposta = servico.cliente.post(f"{BASE}/consultar", json={"produtos": codigos})
        assert [p["cod_produto"] for p in resposta.json()["produtos"]] == codigos
        # A slash need not be written %2F.
        assert servico.cliente.get(f"{BASE}/produto/A/B").json()["sucesso"]


def test_as_many_codes_as_are_allowed(cliente: TestClient) -> None:
    codigos = [f"P{n:03}" for n in range(5000)]
    resposta = cliente.post(f"{BASE}/consultar", json={"produtos": codigos}).json()
    assert resposta["total"] == 2
    assert len(resposta["nao_encontrados"]) == 4998


# -- what it refuses ----------------------------------------------------------------------------


def test_bad_requests(cliente: TestClient) -> None:
    for status, caminho, fala_de in (
        (404, "/produto/nada", "nada"),
        (404, "/projecao/nada", "nada"),
        (404, "/disponibilidade/nada?quantidade=1", "nada"),
        (404, "/produto/%FF", "no source"),
        (404, "/produto/", "openapi.json"),
        (404, "/nada", "openapi.json"),
        (404, "/rupturas/", "openapi.json"),
        (422, "/produto/a%00b", "NUL"),
        (422, "/produto/" + "x" * 256, "255"),
        (422, "/rupturas?dias=-1", "dias"),
        (422, "/rupturas?dias=abc", "dias"),
        (422, "/rupturas?dias=", "dias"),
        (422, "/rupturas?dias=1.5", "dias"),
        (422, "/rupturas?dias=3651", "3650"),
        (422, "/rupturas?dias=99999999999999999999", "3650"),
        (422, "/projecao/P001?dias=-1", "dias"),
        (422, "/disponibilidade/P001", "quantidade"),
        (422, "/disponibilidade/P001?quantidade=0", "quantidade"),
        (422, "/disponibilidade/P001?quantidade=-1", "quantidade"),
        (422, "/disponibilidade/P001?quantidade=NaN", "quantidade"),
        (422, "/disponibilidade/P001?quantidade=inf", "quantidade"),
        (422, "/disponibilidade/P001?quantidade=1e400", "quantidade"),
        (422, "/disponibilidade/P001?quantidade=1e-20000", "numeric"),
        (422, "/disponibilidade/P001?quantidade=muito", "quantidade"),
        (405, "/consultar", "Method"),
        (405, "/recalcular/P001", "Method"),
    ):
        assert fala_de in erro(cliente.get(BASE + caminho), status), caminho


def test_bad_bodies(cliente: TestClient) -> None:
    caminho, tipo = f"{BASE}/consultar", {"content-type": "application/json"}
    for status, corpo, fala_de in (
        (422, b"", "body"),
        (422, b'{"produtos":', "JSON"),
        (422, b"null", "body"),
        (422, b"[]", "body"),
        (422, b"{}", "produtos"),
        (422, b'{"produtos": []}', "produtos"),
        (422, b'{"produtos": null}', "produtos"),
        (422, b'{"produtos": "P001"}', "produtos"),
        (422, b'{"produtos": [1]}', "produtos.0"),
        (422, b'{"produtos": [""]}', "produtos.0"),
        (422, b'{"produtos": ["a\\u0000b"]}', "NUL"),
        (422, b'{"produtos": ["a", "\\ud800"]}', "produtos.1"),
        (422, b'{"produtos": ["a"], "outro": 1}', "outro"),
        (422, b'{"\\ud800": 1}', "body"),
        (422, json.dumps({"produtos": [str(n) for n in range(10_000)]}).encode(), "5000"),
        (400, b"\xff\xfe\xfa", "body"),
        (400, b"[" * 100_000, "body"),
        (413, b" " * (MAX_CORPO + 1), "bytes"),
    ):
        assert fala_de in erro(cliente.post(caminho, content=corpo, headers=tipo), status), corpo
        # The same without saying how much is to come.
        aos_poucos = cliente.post(caminho, content=iter([corpo]), headers=tipo)
        assert fala_de in erro(aos_poucos, status), corpo


def test_a_body_that_does_not_say_it_is_json(cliente: TestClient) -> None:
    """As `curl -d` sends it: the error says what is missing."""
    formulario = {"content-type": "application/x-www-form-urlencoded"}
    resposta = cliente.post(
        f"{BASE}/consultar", content=b'{"produtos": ["P001"]}', headers=formulario
    )
    assert "Content-Type: application/json" in erro(resposta, 422)


def test_other_methods(cliente: TestClient) -> None:
    for metodo in ("PUT", "PATCH", "DELETE"):
        resposta = cliente.request(metodo, f"{BASE}/produto/P001")
        erro(resposta, 405)
        assert resposta.headers["allow"] == "GET"


def test_what_the_database_refuses(cena: Banco) -> None:
    """Contradictions in the sources, a missing privilege, a bug: a status and a line each."""
    with aplicacao(cena) as cliente:
        caminho = f"{BASE}/recalcular/P001"
        for sqlstate, status, fala_de in (
            ("EP001", 409, "of the test"),
            ("EP002", 409, "of the test"),
            ("40001", 503, "again"),
            ("42501", 403, "privilege"),
            ("57014", 503, "too long"),
            ("22012", 500, "internal"),
        ):
            cena.cru(
                "CREATE OR REPLACE FUNCTION estoque_recalcular(codigo text) RETURNS bigint"
                " LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE ="
                f" '{sqlstate}', MESSAGE = 'error of the test'; END $$"
            )
            assert fala_de in erro(cliente.post(caminho), status)
        # Not even an error that no one has thought of shows more than a line.
        app = cliente.app
        assert isinstance(app, FastAPI)
        app.state.api = None
        assert "internal" in erro(cliente.get(f"{BASE}/estatisticas"), 500)


def test_a_role_that_may_only_read(cena: Banco) -> None:
    papel = f"leitor_{cena.conn.info.dbname}"
    cena.cru(f"CREATE ROLE {papel} LOGIN")
    try:
        with TestClient(criar_aplicacao(make_conninfo(cena.dsn, user=papel))) as cliente:
            assert cliente.get("/saude").status_code == 200
            codigos = {"produtos": ["ALIAS"]}
            assert cliente.post(f"{BASE}/consultar", json=codigos).json()["total"] == 1
            assert cliente.get(f"{BASE}/projecao/P001").status_code == 200
            assert "privilege" in erro(cliente.post(f"{BASE}/recalcular/P001"), 403)
            cena.cru(f"GRANT EXECUTE ON FUNCTION estoque_recalcular(text) TO {papel}")
            assert cliente.post(f"{BASE}/recalcular/P001").json()["saldo_atual"] == 1500
    finally:
        cena.cru(f"DROP OWNED BY {papel}")
        cena.cru(f"DROP ROLE {papel}")


# -- who may ask --------------------------------------------------------------------------------


def autorizado(token: str) -> dict[bytes, bytes]:
    return {b"authorization": b"Bearer " + token.encode()}


def test_without_a_token_on_this_machine(cliente: TestClient) -> None:
    assert cliente.post(f"{BASE}/recalcular/P001").status_code == 200
    assert "securitySchemes" not in cliente.get("/openapi.json").json()["components"]


def test_a_token_guards_the_recalculation(cena: Banco) -> None:
    with aplicacao(cena, token=TOKEN) as cliente:
        assert cliente.get(f"{BASE}/produto/P001").status_code == 200
        assert cliente.get("/openapi.json").status_code == 200
        caminho = f"{BASE}/recalcular/P001"
        for cabecalhos in (
            {},
            {b"authorization": b""},
            autorizado(""),
            autorizado("outro"),
            autorizado(TOKEN + "x"),
            autorizado(TOKEN[:-1]),
            {b"authorization": b"Basic " + TOKEN.encode()},
            {b"authorization": b"Bearer \xff\xfe"},
        ):
            resposta = cliente.post(caminho, headers=cabecalhos)
            assert "token" in erro(resposta, 401)
            assert resposta.headers["www-authenticate"] == "Bearer"
        assert cliente.post(caminho, headers=autorizado(TOKEN)).status_code == 200


def test_a_token_for_everything(cena: Banco) -> None:
    with aplicacao(cena, token=TOKEN, token_para_tudo=True) as cliente:
        assert cliente.get("/saude").status_code == 200
        esquema = cliente.get("/openapi.json", headers=autorizado(TOKEN)).json()
        erro(cliente.get("/openapi.json"), 401)
        for caminho, metodos in esquema["paths"].items():
            for metodo, operacao in metodos.items():
                sem_token = cliente.request(metodo, caminho.replace("{codigo}", "P001"))
                if caminho == "/saude":
                    assert "security" not in operacao
                else:
                    erro(sem_token, 401)
                    assert operacao["security"] == [{"HTTPBearer": []}]
        assert cliente.get(f"{BASE}/produto/P001", headers=autorizado(TOKEN)).status_code == 200
    with pytest.raises(ValueError, match="token"):
        criar_aplicacao(cena.dsn, token_para_tudo=True)


# -- how it is ----------------------------------------------------------------------------------


def test_health(cena: Banco, vazio: str) -> None:
    with aplicacao(cena) as cliente:
        resposta = cliente.get("/saude")
        assert resposta.status_code == 200
        corpo = resposta.json()
        assert corpo["sucesso"] is True
        assert corpo["saude"]["migracoes_pendentes"] == []
        assert corpo["saude"]["ultima_execucao"] is None
        assert corpo["saude"]["idade_comparacao_s"] >= 0
        cena.cru("SELECT estoque_minuto()")
        assert cliente.get("/saude").json()["saude"]["ultima_execucao"] is not None
        cena.cru("INSERT INTO estoque_correcao (cod_produto, campo) VALUES ('P1', 'saldo_atual')")
        resposta = cliente.get("/saude")  # mended: told, and no trouble
        assert resposta.status_code == 200
        saude = resposta.json()["saude"]
        assert saude["problemas"] == []
        assert "corrected" in saude["corrigidos"][0]
        cena.cru("UPDATE estoque_execucao SET fim = now() - interval '1 hour'")
        resposta = cliente.get("/saude")
        assert resposta.status_code == 503
        assert "minute job" in resposta.json()["erro"]
        cena.cru("SELECT estoque_minuto()")
        cena.cru("ALTER TABLE separacao DISABLE TRIGGER estoque_inserir")
        resposta = cliente.get("/saude")
        assert resposta.status_code == 503
        assert "estoque_inserir of separacao is disabled" in resposta.json()["erro"]
        cena.cru("SELECT estoque_vigiar()")
        cena.cru(f"DELETE FROM {TABELA_SOMA}")
        resposta = cliente.get("/saude")
        assert resposta.status_code == 503
        assert resposta.json()["sucesso"] is False
        assert "not installed" in resposta.json()["erro"]
        assert resposta.json()["saude"]["migracoes_pendentes"]
    with TestClient(criar_aplicacao(vazio)) as cliente:
        assert cliente.get("/saude").status_code == 503
        assert "/saude" in erro(cliente.get(f"{BASE}/estatisticas"), 503)


def test_health_has_a_connection_of_its_own(cena: Banco) -> None:
    """Recalculations that wait for a lock may use up the pool, not the patience of all."""
    with aplicacao(cena) as cliente, Sessao(cena) as outra:
        outra.faz("BEGIN").result(10)
        outra.faz("SELECT FROM estoque_tempo_real FOR UPDATE").result(10)
        presas = [
            threading.Thread(target=cliente.post, args=(f"{BASE}/recalcular/P001",))
            for _ in range(10)
        ]
        for presa in presas:
            presa.start()
        while cena.valor(PARADOS) < 10:
            assert all(presa.is_alive() for presa in presas)
        assert "reached" in erro(cliente.get(f"{BASE}/produto/P001"), 503)
        assert cliente.get("/saude").status_code == 200
        outra.faz("COMMIT").result(10)
        for presa in presas:
            presa.join(20)
        assert cliente.get(f"{BASE}/produto/P001").status_code == 200


def test_schema_by_name(vazio: str) -> None:
    instalar(vazio, 'o "schema"')
    with psycopg.connect(vazio, autocommit=True) as conn:
        conn.execute("""SET search_path = 'o "schema"'""")
        conn.execute(mov("P1", 5))
    with TestClient(criar_aplicacao(vazio, schema='o "schema"')) as cliente:
        assert cliente.get("/saude").status_code == 200
        assert cliente.get(f"{BASE}/produto/P1").json()["produto"]["estoque_atual"] == 5


# -- the service --------------------------------------------------------------------------------


class Servico:
    """A real `estoque servir`, on a port of its own."""

    def __init__(self, dsn: str, *args: str, token: str | None = None) -> None:
        limpo = {v: x for v, x in os.environ.items() if not v.startswith(("PG", "ESTOQUE_TOKEN"))}
        self.processo = subprocess.Popen(
            [sys.executable, "-m", "estoque_pg", "servir", "--porta", "0", "--dsn", dsn, *args],
            env={**limpo, **({"ESTOQUE_TOKEN": token} if token else {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.dito: list[str] = []
        self._linhas: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._ouvir, daemon=True).start()
        while not (m := re.match(r"listening on http://(\S+):(\d+)", self._linhas.get(timeout=30))):
            pass
        host = m[1].replace("0.0.0.0", "127.0.0.1")
        self.cliente = httpx.Client(base_url=f"http://{host}:{m[2]}", timeout=20)

    def _ouvir(self) -> None:
        assert self.processo.stderr is not None
        for linha in self.processo.stderr:
            self.dito.append(linha)
            self._linhas.put(linha)

    def __enter__(self) -> Servico:
        return self

    def __exit__(self, *_: object) -> None:
        self.cliente.close()
        self.processo.kill()
        self.processo.wait(10)


def test_started_and_stopped_in_good_order(cena: Banco) -> None:
    with Servico(cena.dsn) as servico, Sessao(cena) as outra:
        assert servico.cliente.get(f"{BASE}/produto/P001").status_code == 200
        assert servico.cliente.get("/saude").status_code == 200
        outra.faz("BEGIN").result(10)
        outra.faz("SELECT FROM estoque_tempo_real FOR UPDATE").result(10)
        respostas: list[httpx.Response] = []
        fio = threading.Thread(
            target=lambda: respostas.append(servico.cliente.post(f"{BASE}/recalcular/P001"))
        )
        fio.start()
        while cena.valor(PARADOS) < 1:
            assert fio.is_alive()
        servico.processo.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            servico.processo.wait(0.5)  # it finishes what it has begun
        outra.faz("COMMIT").result(10)
        fio.join(20)
        assert respostas[0].json()["corrigido"] is False
        assert servico.processo.wait(10) == 0
        assert servico.dito == [servico.dito[0]]  # nothing to say but where it listens
    resto = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'estoque servir'"
    assert cena.valor(resto + " AND datname = current_database()") == 0


def test_ctrl_c_is_no_error(cena: Banco) -> None:
    with Servico(cena.dsn) as servico:
        servico.processo.send_signal(signal.SIGINT)
        assert servico.processo.wait(10) == 0


def test_the_database_goes_away_and_comes_back() -> None:
    def todos(servico: Servico, status: int) -> None:
        """At once: each waits a while for a connection before it gives up."""
        caminhos = ["/saude", f"{BASE}/estatisticas", f"{BASE}/produto/P1"]
        with ThreadPoolExecutor(3) as fios:
            saude, *outras = fios.map(servico.cliente.get, caminhos)
        assert saude.status_code == status
        if status == 503:
            assert all("reached" in erro(outra, 503) for outra in outras)
        else:
            assert [outra.status_code for outra in outras] == [200, 404]

    with Servidor(conf=("timezone='UTC'",)) as servidor:
        dsn = servidor.dsn()
        instalar(dsn, None)
        with Servico(dsn) as servico:
            todos(servico, 200)
            servidor.matar()
            todos(servico, 503)
            servidor.iniciar()
            todos(servico, 200)
            # Not one for each attempt and answer. Whether the reader of changes looked while the
            # database was away is chance.
            ditas = [linha for linha in servico.dito[1:] if "changes are not seen" not in linha]
            assert len(ditas) == 2
            assert len(servico.dito) <= 4
            assert any("error connecting" in linha for linha in ditas)
            assert all(linha.startswith("warning: ") for linha in servico.dito[1:])
        servidor.parar()
        with Servico(dsn) as servico:  # not there at the start either
            assert servico.dito[0].startswith("warning:")
            todos(servico, 503)
            servidor.iniciar()
            todos(servico, 200)
            servidor.parar()
            servico.processo.send_signal(signal.SIGTERM)
            assert servico.processo.wait(10) == 0


def recusado(dsn: str, *args: str, **env: str) -> str:
    return uma_linha(estoque("servir", *args, dsn=dsn, ESTOQUE_TOKEN=env.get("ESTOQUE_TOKEN")), 1)


def test_an_address_others_can_reach_needs_a_token(cena: Banco) -> None:
    for host in ("0.0.0.0", "::"):
        assert "ESTOQUE_TOKEN" in recusado(cena.dsn, "--endereco", host, "--porta", "0")
    assert "ESTOQUE_TOKEN" in recusado(cena.dsn, "--endereco", "0.0.0.0", ESTOQUE_TOKEN="")
    with Servico(cena.dsn, "--endereco", "0.0.0.0", token=TOKEN) as servico:
        erro(servico.cliente.get(f"{BASE}/produto/P001"), 401)
        assert servico.cliente.get("/saude").status_code == 200
        resposta = servico.cliente.get(f"{BASE}/produto/P001", headers=autorizado(TOKEN))
        assert resposta.status_code == 200


def test_where_it_cannot_listen(cena: Banco) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ocupado:
        porta = str(ocupado.getsockname()[1])
        assert "in use" in recusado(cena.dsn, "--porta", porta)
    for host in ("nowhere.invalid", "", "192.0.2.1"):
        assert "cannot listen" in recusado(cena.dsn, "--endereco", host, "--porta", "0")


@pytest.mark.parametrize("pacote", ["fastapi", "uvicorn", "psycopg_pool"])
def test_without_the_extra(pacote: str) -> None:
    codigo = f"import sys; sys.modules[{pacote!r}] = None; from estoque_pg.cli import main; main()"
    feito = subprocess.run(
        [sys.executable, "-c", codigo, "servir"], capture_output=True, text=True, timeout=30
    )
    assert feito.returncode == 1
    assert feito.stderr.splitlines() == [
        f"error: the HTTP service needs the package {pacote}, which is not installed",
        "hint: pip install " + " ".join(do_extra("http")),
    ]


# -- OpenAPI ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quais", "menos"),
    [
        (f"--exclude-path-regex={SIMULACOES}", ()),
        # What a change may say is told apart by the database, which names it: no schema could say
        # which codes and dates it takes.
        (f"--include-path-regex={SIMULACOES}", ("--exclude-checks=positive_data_acceptance",)),
    ],
)
def test_schemathesis_finds_nothing(
    cena: Banco, tmp_path: Path, quais: str, menos: tuple[str, ...]
) -> None:
    """It asks whatever the description allows, and much that it does not."""
    with Servico(cena.dsn, token=TOKEN) as servico:
        caminhos = servico.cliente.get("/openapi.json").json()["paths"]
        comando = [str(Path(sys.executable).with_name("schemathesis")), "run"]
        comando += [f"{servico.cliente.base_url}/openapi.json", "--no-color", "--seed=1"]
        comando += ["--phases=examples,coverage,fuzzing", "--max-examples=15", "--checks=all"]
        comando += ["--generation-database=none", "--header", f"Authorization: Bearer {TOKEN}"]
        comando += [quais, *menos]
        feito = subprocess.run(comando, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert feito.returncode == 0, feito.stdout[-6000:] + feito.stderr
    assert sum(map(len, caminhos.values())) >= 8
    enderecos = sum(
        len(metodos)
        for caminho, metodos in caminhos.items()
        if bool(re.search(SIMULACOES, caminho)) is bool(menos)
    )
    assert f"Tested: {enderecos}" in feito.stdout, feito.stdout
    cena.verificar()


# -- the document -------------------------------------------------------------------------------


def test_examples_of_the_document_answer_what_it_prints(banco: Banco) -> None:
    texto = (Path(__file__).parent.parent / "docs" / "http.md").read_text(encoding="utf-8")
    blocos = re.findall(r"^```http\n(.*?)^```", texto, re.MULTILINE | re.DOTALL)
    assert len(blocos) >= 12
    cenario_dos_documentos(banco)
    with aplicacao(banco, token="segredo") as cliente:
        for bloco in blocos:
            pedido, resposta = bloco.split("\n\n")
            metodo, caminho, *resto = re.split(r"[ \n]", pedido.strip(), maxsplit=2)
            dado = "".join(resto)
            cabecalhos = dict([dado.split(": ")]) if dado.startswith("Authorization") else {}
            corpo = json.loads(dado) if dado.startswith("{") else None
            status, _, esperado = resposta.partition("\n")
            obtida = cliente.request(metodo, caminho, json=corpo, headers=cabecalhos)
            assert obtida.status_code == int(status), bloco
            assert obtida.json() == json.loads(esperado), bloco
        esquema = cliente.get("/openapi.json").json()
        for caminho, metodos in esquema["paths"].items():
            for metodo, operacao in metodos.items():
                assert f"`{metodo.upper()} {caminho}" in texto
                assert all(
                    f"| {status} |" in texto for status in set(operacao["responses"]) - {"200"}
                )


def test_a_question_that_takes_too_long(cena: Banco, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up in the database as well, and its connection serves the next one."""
    monkeypatch.setattr(rotas, "LIMITE", 0.5)
    with aplicacao(cena) as cliente, psycopg.connect(cena.dsn) as outro:
        assert cliente.get(f"{BASE}/produto/P001").status_code == 200
        outro.execute("LOCK estoque_tempo_real")
        for _ in range(12):  # more than the pool has connections
            assert "too long" in erro(cliente.get(f"{BASE}/produto/P001"), 503)
        assert cena.valor(PARADOS) == 0
        outro.rollback()
        assert cliente.get(f"{BASE}/produto/P001").status_code == 200
