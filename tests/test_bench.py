"""The benchmark runs, and measures what the READMEs show."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from dataclasses import asdict

import pytest
from apoio import RAIZ


@pytest.mark.lento
def test_a_rehearsal_measures_all_that_the_readmes_show(monkeypatch: pytest.MonkeyPatch) -> None:
    feito = subprocess.run(
        [sys.executable, "bench/executar.py", "--ensaio", "--json"],
        cwd=RAIZ, capture_output=True, text=True,
    )  # fmt: skip
    assert feito.returncode == 0, feito.stderr
    dados = json.loads(feito.stdout)
    assert dados["auditoria"]["diferencas"] == 0

    monkeypatch.syspath_prepend(RAIZ / "bench")
    leiame, ritmo = (importlib.import_module(nome) for nome in ("leiame", "ritmo"))
    assert leiame.faltando(dados) == []
    dados["ritmo"] = asdict(ritmo.COMPLETO)
    for pagina in (leiame.INGLES, leiame.PORTUGUES):
        bloco = leiame.bloco(dados, pagina)
        assert len(_linhas(bloco)) == len(leiame.LINHAS) + 1
        # A line whose figure nobody has measured yet is left out; there is none of another kind.
        texto = (RAIZ / pagina).read_text(encoding="utf-8")
        assert texto.count(leiame.ABRE) == texto.count(leiame.FECHA) == 1
        atual = texto.split(leiame.ABRE)[1].split(leiame.FECHA)[0]
        assert _linhas(atual)
        assert set(_linhas(atual)) <= set(_linhas(bloco))


def _linhas(bloco: str) -> list[str]:
    """The first cell of each line of the table, its head included."""
    return re.findall(r"^\| (.+?) \|", bloco, re.MULTILINE)
