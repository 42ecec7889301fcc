"""The Portuguese screens of README.pt-BR.md are those that the commands print.

Their figures are of one day: compared are the words, line by line and in their order. With
ATUALIZAR_DOCS=1 in the environment the lines are written anew, with the figures of this day.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

BLOCO = re.compile(r"(?:^    .*\n(?:\n(?=    ))?)+", re.MULTILINE)
GRAFICO = re.compile(r"[┤│┼]|^[\d/ ]+$")
_TROCAS = (
    (r"\(PostgreSQL .*\)", "(PostgreSQL)"),
    (r"\(([A-Z]{3,4}|[-+]\d+)\)", "(fuso)"),
    (r"por \S+;|(?<=\d\d  )[a-z_]+(?=  )", "alguém"),  # who drives the minute job
    (r"\b(hoje|amanhã|em \d+ dias)\b", "quando"),
    (r"\b[A-ZÀ-Ü]{3,}( [A-ZÀ-Ü0-9]+)*", "NOME"),
    (r"(?<= )-(?= |$)|-?\d[\d.,/:]*", "#"),
    (r"─+", "─"),
    (r"\s+", " "),
)


def esqueleto(linha: str) -> str:
    """What stays of a line when its figures, names and widths are another day's."""
    for padrao, novo in _TROCAS:
        linha = re.sub(padrao, novo, linha.strip())
    return linha


def conferir(pagina: Path, telas: dict[str, str]) -> None:
    """Compare the block that begins with each of these lines with what a command printed."""
    texto = pagina.read_text(encoding="utf-8")
    for comeco, tela in telas.items():
        [bloco] = [b for b in BLOCO.findall(texto) if b.lstrip().startswith(comeco)]
        novo = _com(bloco, tela.splitlines())
        if os.environ.get("ATUALIZAR_DOCS"):
            texto = texto.replace(bloco, novo)
    pagina.write_text(texto, encoding="utf-8")


def _com(bloco: str, impressas: list[str]) -> str:
    novas: list[str] = []
    onde = 0
    for linha in bloco.splitlines():
        if not linha or linha.strip() == "..." or linha.lstrip().startswith("$ "):
            novas.append(linha)
        elif GRAFICO.search(linha.strip()):
            while onde < len(impressas) and GRAFICO.search(impressas[onde].strip()):
                novas.append(f"    {impressas[onde]}")
                onde += 1
        else:
            ditas = [esqueleto(i) for i in impressas]
            assert esqueleto(linha) in ditas[onde:], f"no command prints {linha!r}"
            onde = ditas.index(esqueleto(linha), onde)
            novas.append(f"    {impressas[onde]}")
            onde += 1
    return "\n".join(novas) + "\n"
