"""/metrics: what it tells, what it must not, and the files that read it or the tables."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2 as httpx
import psycopg
import pytest
from apoio import RAIZ, Banco, papel_novo
from conftest import Servico
from fastapi.testclient import TestClient
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from psycopg.conninfo import make_conninfo
from test_http import BASE, TOKEN, autorizado
from test_http import Servico as Servindo

from estoque_pg import APIEstoqueTempoReal, __version__
from estoque_pg.http import conexoes, criar_aplicacao, metricas
from servidor.pacotes import ErroPacotes, baixar_programa

PASTA = RAIZ / "docs" / "monitoramento"
PAGINA = RAIZ / "docs" / "metricas.md"
Series = dict[tuple[str, ...], float]


@contextmanager
def aplicacao(dsn: str, **opcoes: Any) -> Iterator[TestClient]:
    app = criar_aplicacao(dsn, com_metricas=True, **opcoes)
    with TestClient(app, raise_server_exceptions=False) as cliente:
        yield cliente


def familias(cliente: Any, **mais: Any) -> list[Metric]:
    resposta = cliente.get("/metrics", **mais)
    assert resposta.status_code == 200, resposta.text
    assert resposta.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return list(text_string_to_metric_families(resposta.text))


def series(achadas: list[Metric]) -> Series:
    """The values by name and the values of the labels, in the order of the labels' names."""
    return {
        (a.name, *(a.labels[r] for r in sorted(a.labels))): a.value
        for familia in achadas
        for a in familia.samples
    }


def esperar(cliente: Any, nome: str, valor: float) -> Series:
    """Scrape until it is so."""
    for _ in range(200):
        ditas = series(familias(cliente))
        if ditas[nome,] == valor:
            return ditas
        time.sleep(0.1)
    raise AssertionError(f"{nome} is {ditas[nome,]} for ever")


@pytest.fixture(scope="module")
def cheio(servico: Servico, modelo: str) -> Iterator[Banco]:
    """A database in which everything that can be told is there to be told; nobody writes to it."""
    with servico.banco(modelo) as banco:
        banco.mov("P001", 10)
        banco.sep("P001", 12, 0)
        banco.mov("P002", 10)
        banco.sep("P002", 12, 5)
        banco.mov("P003", 10)
        banco.sep("P003", 12, 20)
        banco.mov("P004", -1)
        banco.prod("P004", 5, 0)  # below zero now, and no day ends so
        banco.mov("P005", 7)
        banco.cru("UPDATE estoque_tempo_real SET saldo_atual = 1 WHERE cod_produto = 'P005'")
        api = APIEstoqueTempoReal(banco.conn)
        assert [e.corrigidos for e in [api.minuto()] if e] == [1]
        api.minuto()
        inscricao = api.inscrever("email", "a@b.example").id
        api.testar_inscricao(inscricao)
        banco.cru("UPDATE estoque_entrega SET estado = 'morta'")
        api.testar_inscricao(inscricao)
        banco.cru("ALTER TABLE separacao DISABLE TRIGGER USER")
        yield banco


@pytest.fixture(scope="module")
def contadas(cheio: Banco) -> list[Metric]:
    """What /metrics tells of it to a role that may do nothing but look."""
    with papel_novo(cheio.conn, "medidor") as papel:
        cheio.cru(f"GRANT USAGE ON SCHEMA public TO {papel}")
        with aplicacao(make_conninfo(cheio.dsn, user=papel), com_painel=True) as cliente:
            cliente.get(f"{BASE}/produto/P001")
            return familias(cliente)


# -- what it tells ------------------------------------------------------------------------------


def test_the_figures_are_those_of_the_questions(cheio: Banco, contadas: list[Metric]) -> None:
    api = APIEstoqueTempoReal(cheio.conn)
    ditas = series(contadas)
    resumo = api.resumo()
    assert ditas["estoque_up",] == 1
    assert ditas["estoque_info", __version__] == 1
    assert ditas["estoque_produtos",] == resumo.produtos == 5
    assert ditas["estoque_negativos",] == len(api.negativos()) == 1
    for dias, quantos in ((0, 1), (7, 2), (28, 3)):
        assert ditas["estoque_rupturas", str(dias)] == len(api.rupturas(dias)) == quantos
    assert resumo.comparado_desde is not None
    mais_antiga = ditas["estoque_comparacao_mais_antiga_timestamp_seconds",]
    assert mais_antiga == pytest.approx(resumo.comparado_desde.timestamp())
    ultima = api.execucoes()[0]
    assert ditas["estoque_tarefa_execucoes_total",] == len(api.execucoes()) == 2
    terminou = ditas["estoque_tarefa_ultima_execucao_timestamp_seconds",]
    assert terminou == pytest.approx(ultima.fim.timestamp())
    levou = ditas["estoque_tarefa_ultima_execucao_duracao_seconds",]
    assert levou == pytest.approx((ultima.fim - ultima.inicio).total_seconds())
    assert ditas["estoque_correcoes_total",] == len(api.correcoes()) >= 1
    assert ditas["estoque_falhas",] == ditas["estoque_codigos_por_comparar",] == 0
    fora = [g for g in api.gatilhos() if not g.no_lugar]
    assert ditas["estoque_gatilhos_fora_do_lugar",] == len(fora) == 4
    assert ditas["estoque_avisos_pendentes",] == ditas["estoque_avisos_mortos",] == 1
    assert resumo.avisos_desde is not None
    mais_antigo = ditas["estoque_avisos_mais_antigo_timestamp_seconds",]
    assert mais_antigo == pytest.approx(resumo.avisos_desde.timestamp())


def test_what_there_is_none_of_is_not_told(banco: Banco) -> None:
    with aplicacao(banco.dsn) as cliente:
        ditas = series(familias(cliente))
    assert ditas["estoque_up",] == 1
    assert ditas["estoque_produtos",] == ditas["estoque_rupturas", "28"] == 0
    assert ditas["estoque_tarefa_execucoes_total",] == ditas["estoque_correcoes_total",] == 0
    momentos = [nome for nome, *_ in ditas if nome.startswith("estoque_") and "timestamp" in nome]
    assert momentos == []


def test_requests_are_told_by_template_and_never_by_code(banco: Banco) -> None:
    banco.mov("SEGREDO-1", 10)
    with aplicacao(banco.dsn, com_painel=True) as cliente:
        for caminho in ("produto", "projecao", "documentos"):
            cliente.get(f"{BASE}/{caminho}/SEGREDO-1")
            cliente.get(f"{BASE}/{caminho}/SEGREDO/2")
        cliente.get("/produto/SEGREDO-1")
        cliente.get("/SEGREDO-3")
        cliente.get("/SEGREDO-4/SEGREDO-5")
        cliente.get("/estatico/SEGREDO-6")
        cliente.get("/estatico/estilo.css")
        cliente.request("SEGREDO-7", "/saude")
        cliente.post(f"{BASE}/consultar", json={"produtos": ["SEGREDO-1"]})
        cliente.post(f"{BASE}/consultar", content=b"{")
        texto = cliente.get("/metrics").text
    assert "SEGREDO" not in texto
    assert "_created" not in texto
    ditas = series(list(text_string_to_metric_families(texto)))
    contadas = {
        (rota, metodo, status): quantas
        for (nome, *rotulos), quantas in ditas.items()
        if nome == "estoque_http_duracao_seconds_count"
        for metodo, rota, status in [rotulos]
    }
    assert contadas == {
        (f"{BASE}/produto/{{codigo}}", "GET", "2xx"): 1,
        (f"{BASE}/produto/{{codigo}}", "GET", "4xx"): 1,
        (f"{BASE}/projecao/{{codigo}}", "GET", "2xx"): 1,
        (f"{BASE}/projecao/{{codigo}}", "GET", "4xx"): 1,
        (f"{BASE}/documentos/{{codigo}}", "GET", "2xx"): 1,
        (f"{BASE}/documentos/{{codigo}}", "GET", "4xx"): 1,
        (f"{BASE}/consultar", "POST", "2xx"): 1,
        (f"{BASE}/consultar", "POST", "4xx"): 1,
        ("/produto/{codigo}", "GET", "2xx"): 1,
        ("/estatico", "GET", "2xx"): 1,
        ("/estatico", "GET", "4xx"): 1,
        ("/saude", "outro", "4xx"): 1,
        ("outra", "GET", "4xx"): 2,
    }


def test_an_error_of_ours_is_timed_as_what_is_answered(banco: Banco) -> None:
    with aplicacao(banco.dsn) as cliente:
        estado = cliente.app.state  # type: ignore[attr-defined]
        estado.api = SimpleNamespace(banco=estado.api.banco)  # it answers no question
        assert cliente.get(f"{BASE}/negativos").status_code == 500
        ditas = series(familias(cliente))
    assert ditas["estoque_http_duracao_seconds_count", "GET", f"{BASE}/negativos", "5xx"] == 1


def test_many_scrapes_at_once_and_open_pages(cheio: Banco) -> None:
    """Of the real service: it finds the library by itself."""
    sessoes = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'estoque servir' AND datname = current_database()"
    )
    with Servindo(cheio.dsn) as servindo:
        with servindo.cliente.stream("GET", "/ao-vivo?versao=0") as aberta:
            linhas = aberta.iter_lines()
            next(linhas)
            antes = cheio.valor(sessoes)
            with ThreadPoolExecutor(20) as fios:
                textos = list(fios.map(lambda _: servindo.cliente.get("/metrics"), range(20)))
            assert cheio.valor(sessoes) == antes + 1
        assert {r.status_code for r in textos} == {200}
        ditas = series(list(text_string_to_metric_families(textos[-1].text)))
        assert ditas["estoque_pool_conexoes", "metricas"] == 1
        assert ditas["estoque_painel_ouvintes",] == 1
        assert ditas["estoque_up",] == 1
        esperar(servindo.cliente, "estoque_painel_ouvintes", 0)
        assert "/ao-vivo" not in servindo.cliente.get("/metrics").text


def test_who_may_scrape(banco: Banco) -> None:
    with aplicacao(banco.dsn, token=TOKEN, token_para_tudo=True) as cliente:
        assert cliente.get("/metrics").status_code == 401
        assert series(familias(cliente, headers=autorizado(TOKEN)))["estoque_up",] == 1
    with aplicacao(banco.dsn, token=TOKEN) as cliente:  # on this machine only
        assert cliente.get("/metrics").status_code == 200
    with TestClient(criar_aplicacao(banco.dsn)) as sem:
        assert sem.get("/metrics").status_code == 404


# -- when the database does not answer ----------------------------------------------------------


def test_while_the_database_is_away_the_rest_is_told(
    servico: Servico, modelo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conexoes, "ESPERA", 0.3)
    nome = servico.criar(modelo)
    try:
        with aplicacao(servico.dsn(nome)) as cliente:
            assert series(familias(cliente))["estoque_up",] == 1
            servico.admin.execute(f"ALTER DATABASE {nome} ALLOW_CONNECTIONS false")
            servico.admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [nome]
            )
            assert cliente.get(f"{BASE}/negativos").status_code == 503
            ditas = esperar(cliente, "estoque_up", 0)  # an answer is kept for a second
            assert ditas["estoque_http_duracao_seconds_count", "GET", f"{BASE}/negativos", "5xx"]
            assert ("estoque_pool_conexoes", "perguntas") in ditas
            assert ("process_cpu_seconds_total",) in ditas
            do_banco = {n for n, _ in metricas.FIGURAS.values()} | {"estoque_rupturas"}
            assert do_banco & {nome for nome, *_ in ditas} == set()
            servico.admin.execute(f"ALTER DATABASE {nome} ALLOW_CONNECTIONS true")
            ditas = esperar(cliente, "estoque_up", 1)
            assert ditas["estoque_produtos",] == 0
    finally:
        servico.admin.execute(f"ALTER DATABASE {nome} ALLOW_CONNECTIONS true")
        servico.remover(nome)


def test_a_scrape_waits_for_no_lock_longer_than_its_limit(
    banco: Banco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metricas, "LIMITE", 0.3)
    with banco.conectar(autocommit=False) as outra:
        # What only the counts read: they are lacking, and no more.
        outra.execute("LOCK TABLE movimentacao_prevista")
        with aplicacao(banco.dsn) as cliente:
            ditas = series(familias(cliente))
            assert ditas["estoque_up",] == 1
            assert ("estoque_tarefa_execucoes_total",) in ditas
            assert ("estoque_produtos",) not in ditas
        with aplicacao(banco.dsn) as cliente, ThreadPoolExecutor(5) as fios:
            for ditas in fios.map(lambda _: series(familias(cliente)), range(5)):
                assert ditas["estoque_up",] == 1  # though one of them waits for the counts
        outra.execute("LOCK TABLE estoque_tempo_real")
        with aplicacao(banco.dsn) as cliente:
            assert series(familias(cliente))["estoque_up",] == 0


# -- the page -----------------------------------------------------------------------------------


def tabela(achadas: list[Metric]) -> str:
    """The metrics as the page lists them."""
    linhas = ["| metric | kind | labels | what |", "|---|---|---|---|"]
    for f in achadas:
        if f.name.startswith("process_"):
            continue
        nome = f"{f.name}_total" if f.type == "counter" else f.name
        rotulos = sorted({r for a in f.samples for r in a.labels} - {"le"})
        marcados = ", ".join(f"`{r}`" for r in rotulos)
        linhas.append(f"| `{nome}` | {f.type} | {marcados} | {f.documentation} |")
    return "\n".join(linhas) + "\n"


def test_the_page_lists_what_is_told(contadas: list[Metric]) -> None:
    """With ATUALIZAR_DOCS=1 in the environment it is written anew instead."""
    texto = PAGINA.read_text(encoding="utf-8")
    marcas = r"(<!-- written by tests/test_metricas.py -->\n\n)(.*?)(\n<!-- up to here -->)"
    novo = re.sub(marcas, lambda m: m[1] + tabela(contadas) + m[3], texto, flags=re.DOTALL)
    if os.environ.get("ATUALIZAR_DOCS"):
        PAGINA.write_text(novo, encoding="utf-8")
    assert tabela(contadas) in novo
    assert PAGINA.read_text(encoding="utf-8") == novo


# -- the alert rules ----------------------------------------------------------------------------


def test_rules_are_about_what_is_told(contadas: list[Metric]) -> None:
    ditas = {a.name for f in contadas for a in f.samples}
    for arquivo in ("alertas.yml", "alertas_teste.yml"):
        texto = (PASTA / arquivo).read_text(encoding="utf-8")
        expressoes = "\n".join(re.findall(r"^ +(?:expr|- series): .*(?:\n {10}.*)*", texto, re.M))
        citadas = set(re.findall(r"\bestoque_\w+", expressoes))
        assert citadas - ditas == set(), arquivo
        assert len(citadas) > 8
    # A series that nobody looks for is no alert's business; one with a label's value must exist.
    pools = {a.labels["pool"] for f in contadas for a in f.samples if "pool" in a.labels}
    citados = set(re.findall(r'pool!?="(\w+)"', texto))
    assert citados <= pools


def _promtool() -> str:
    """Debian's promtool: its package is unpacked privately, and never becomes a service."""
    if instalado := shutil.which("promtool"):
        return instalado
    if not all(map(shutil.which, ("apt-get", "dpkg"))):
        pytest.skip("promtool is taken from Debian's package prometheus, and there is no apt")
    try:
        return str(baixar_programa("prometheus", sozinho=True) / "usr/bin/promtool")
    except ErroPacotes as erro:
        pytest.skip(f"promtool is not to be had here: {erro.mensagem}")


def test_promtool_takes_the_rules_the_configuration_and_what_is_told(
    cheio: Banco, tmp_path: Path
) -> None:
    promtool = _promtool()

    def rodar(*args: object, entrada: str | None = None) -> None:
        feito = subprocess.run(
            [promtool, *map(str, args)], cwd=PASTA, input=entrada, capture_output=True, text=True
        )
        assert feito.returncode == 0, feito.stdout + feito.stderr

    rodar("check", "rules", "alertas.yml")
    rodar("test", "rules", "alertas_teste.yml")
    [da_pagina] = re.findall(
        r"^```yaml\n(.*?)^```", PAGINA.read_text(encoding="utf-8"), re.M | re.S
    )
    shutil.copy(PASTA / "alertas.yml", tmp_path)
    (tmp_path / "estoque.token").write_text(TOKEN)
    arquivo = tmp_path / "prometheus.yml"
    arquivo.write_text(da_pagina.replace("/etc/prometheus", str(tmp_path)))
    rodar("check", "config", arquivo)
    with aplicacao(cheio.dsn) as cliente:
        cliente.get("/saude")
        rodar("check", "metrics", entrada=cliente.get("/metrics").text)


def test_every_alert_is_seen_firing() -> None:
    regras = re.findall(r"- alert: (\w+)", (PASTA / "alertas.yml").read_text(encoding="utf-8"))
    testes = (PASTA / "alertas_teste.yml").read_text(encoding="utf-8")
    assert [r for r in regras if r not in testes] == []
    assert len(regras) == len(set(regras))


def test_the_page_describes_every_alert() -> None:
    regras = re.findall(r"- alert: (\w+)", (PASTA / "alertas.yml").read_text(encoding="utf-8"))
    descritas = re.findall(r"^\| `(Estoque\w+)` \|", PAGINA.read_text(encoding="utf-8"), re.M)
    assert descritas == regras


# -- the dashboard ------------------------------------------------------------------------------


def test_the_dashboard_asks_what_anybody_may_ask(cheio: Banco) -> None:
    """Each statement, as Grafana would send it, as a role with USAGE on the schema and no more."""
    quadro = json.loads((PASTA / "grafana.json").read_text(encoding="utf-8"))
    fonte = {"type": "grafana-postgresql-datasource", "uid": "${fonte}"}
    assert {v["name"] for v in quadro["templating"]["list"]} == {"fonte", "schema"}
    paineis = quadro["panels"]
    assert len({p["id"] for p in paineis}) == len(paineis) > 8
    ocupadas: set[tuple[int, int]] = set()
    respostas: dict[str, list[tuple[Any, ...]]] = {}
    with papel_novo(cheio.conn, "painelista") as papel:
        cheio.cru(f"GRANT USAGE ON SCHEMA public TO {papel}")
        with psycopg.connect(make_conninfo(cheio.dsn, user=papel), autocommit=True) as conn:
            for p in paineis:
                onde = p["gridPos"]
                cobre = {
                    (x, y)
                    for x in range(onde["x"], onde["x"] + onde["w"])
                    for y in range(onde["y"], onde["y"] + onde["h"])
                }
                assert not cobre & ocupadas, p["title"]
                assert max(x for x, _ in cobre) < 24
                ocupadas |= cobre
                [alvo] = p["targets"]
                assert alvo["datasource"] == p["datasource"] == fonte
                sql = alvo["rawSql"].replace("${schema}", "public")
                sql = re.sub(
                    r"\$__timeFilter\((\w+)\)",
                    r"\1 BETWEEN '2000-01-01T00:00:00Z' AND '2100-01-01T00:00:00Z'",
                    sql,
                )
                assert "$" not in sql
                cursor = conn.execute(sql)
                if alvo["format"] == "time_series":
                    assert cursor.description is not None
                    assert cursor.description[0].name == "time"
                respostas[p["title"]] = cursor.fetchall()
    assert respostas["Products that run out"] == [(1, 2, 3)]
    por_dia = respostas["Ruptures by day"]
    assert len(por_dia) == 29
    assert [(dia, n) for dia, n in por_dia if n] == [("06/08", 1), ("11/08", 1), ("26/08", 1)]
    assert [linha[0] for linha in respostas["Largest shortages"]] == ["P001", "P002", "P003"]
    assert respostas["Below zero now"] == [(1,)]
    assert [tuple(linha[:2]) for linha in respostas["Deliveries of alerts"]] == [(1, 1)]
    assert len(respostas["Triggers that do not fire"]) == 4
    assert respostas["Cannot be compared"] == []
    assert {linha[1] for linha in respostas["Corrections"]} == {"P005"}
    assert sum(linha[1] for linha in respostas["Minute job"]) == 2


# -- OpenTelemetry ------------------------------------------------------------------------------


def test_spans_without_product_codes(cheio: Banco, tmp_path: Path) -> None:
    """The program of docs/opentelemetry.md, its spans printed in the place of being sent."""
    pagina = (RAIZ / "docs" / "opentelemetry.md").read_text(encoding="utf-8")
    [programa] = re.findall(r"^```python\n(.*?)^```", pagina, re.M | re.S)
    envia = "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter"
    imprime = "from opentelemetry.sdk.trace.export import ConsoleSpanExporter as OTLPSpanExporter"
    assert envia in programa
    programa = programa.replace(envia, imprime)
    (tmp_path / "servir_com_spans.py").write_text(programa)
    limpo = {v: x for v, x in os.environ.items() if not v.startswith(("PG", "ESTOQUE_TOKEN"))}
    with subprocess.Popen(
        [sys.executable, tmp_path / "servir_com_spans.py", "servir", "--porta", "0",
         "--dsn", cheio.dsn],
        env=limpo, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as processo:  # fmt: skip
        assert processo.stderr is not None
        onde = re.search(r"http://\S+", processo.stderr.readline())
        assert onde is not None
        with httpx.Client(base_url=onde[0], timeout=20) as cliente:
            assert cliente.get(f"{BASE}/produto/P001").status_code == 200
            assert cliente.get("/buscar?texto=P002").status_code == 303
            corpo = {"produtos": ["P003"]}
            assert cliente.post(f"{BASE}/consultar", json=corpo).status_code == 200
        processo.send_signal(signal.SIGTERM)
        dito, _ = processo.communicate(timeout=20)
    assert f'"name": "GET {BASE}/produto/{{codigo}}"' in dito
    assert set(re.findall(r'"(?:url.path|url.query)": (".*?")', dito)) == {'"-"'}
    assert dito.count('"url.query"') == 1
    assert "P00" not in dito
