"""Turns a run into RESULTADOS.md, and into resultados.json for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from auditoria import Auditoria
from bancada import CONFIGURACAO
from resultado import Resultado, Secao
from ritmo import Ritmo


@dataclass(frozen=True, slots=True)
class Relatorio:
    """All that a run found out."""

    ritmo: Ritmo
    secoes: list[Secao]
    auditoria: Auditoria
    maquina: list[str]
    com_ivm: bool
    segundos: float

    def dados(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return {
            "secoes": [
                {
                    "titulo": secao.titulo,
                    "resultados": [
                        {**asdict(r), "sinal": r.sinal, "alcancada": r.alcancada}
                        for r in secao.resultados
                    ],
                }
                for secao in self.secoes
            ],
            "auditoria": asdict(self.auditoria),
            "ritmo": asdict(self.ritmo),
            "maquina": self.maquina,
            "segundos": self.segundos,
        }

    def tabelas(self) -> str:
        """The tables alone."""
        secoes = [f"## {s.titulo}\n\n{tabela(s.resultados)}" for s in self.secoes]
        return "\n\n".join([*secoes, str(self.auditoria)])

    def documento(self) -> str:
        """The text of RESULTADOS.md."""
        com_meta = [r for secao in self.secoes for r in secao.resultados if r.meta is not None]
        alcancadas = sum(bool(r.alcancada) for r in com_meta)
        return f"""# Measured costs

Written by `make bench`; do not edit. Figures are of one machine at one time: run it on yours.
{alcancadas} of {len(com_meta)} aims were reached.

{self.tabelas()}

## Scenario

{lista(self._cenario())}

## Method

{lista(self._metodo())}

## Machine

{lista(self.maquina)}
"""

    def _cenario(self) -> list[str]:
        escritas = self.ritmo.escritas
        ivm = (
            "*pg_ivm*: the same sums as views that it keeps."
            if self.com_ivm
            else "pg_ivm is not installed here and was not measured. Figures from elsewhere, its "
            "own README (https://github.com/sraoss/pg_ivm), another view and another machine: "
            "15.4 ms for an update that takes 9.1 ms without it; one writer of a view at a time."
        )
        return [
            f"Writes: {escritas}; each product opens with 20,000 pieces, one in twenty has an old "
            "code, three fifths of the documents are separations, a fifth each pre-separations "
            "and productions, one product in twenty has a minimum laid down. The other sizes are "
            "made alike.",
            f"Further {escritas.rupturas:,} products run out within seven days and as many later, "
            "in every size. Those that are written to do not.",
            "*bare*: the same tables and indexes without triggers. *row trigger*: a textbook "
            "trigger that keeps one sum per product and one per product and day, nothing else. "
            f"{ivm} *ours*: the whole product.",
            "*plain SQL*: the same answer, compared before it is measured, from the same tables "
            "and indexes without any stored field.",
        ]

    def _metodo(self) -> list[str]:
        ritmo = self.ritmo
        return [
            f"Speed: pgbench {ritmo.duracao}, prepared, each statement a transaction of its own. "
            f"The schemas alternate within each of {ritmo.rodadas} rounds, each of which begins "
            "with another; everything is vacuumed before each statement. tps are medians; a ratio "
            "is the median of the rounds' own.",
            f"Deletes: before each run {ritmo.apagaveis:,} rows are inserted, under ids that the "
            "statements take from a sequence; afterwards as many must be missing as statements "
            "were sent.",
            f"Processor time: up to {ritmo.cpu:,} statements on one connection, "
            "synchronous_commit off, by what the kernel says the backend has run "
            f"(/proc/PID/schedstat); median of {ritmo.rodadas} rounds.",
            f"Many rows: median of {ritmo.rodadas_do_lote} rounds, rolled back, vacuumed in "
            "between. Those of one transaction are sent from Python (psycopg), prepared, and "
            "committed; the COMMIT counts.",
            "Indexes on movements: processor time, with all of them and without one or any; they "
            f"are built anew before each, in {ritmo.rodadas} rounds.",
            "Questions: prepared, binary, over the unix socket, until the last row has arrived; "
            "some to warm up. The stored fields hold. After midnight: the business day moved on "
            "by one, no stored row refreshed. The longer list of ruptures: further products are "
            "made that run out, and rolled back. Orders are of ten pieces of each product, "
            "simulations move separations by three days. The first of the two words searched for "
            "stands in every name.",
            f"Panel: a movement is written before each of {ritmo.olhares} looks. The pages are "
            "connections of the measuring process to a real `estoque servir`, all of one product, "
            "told by server-sent events; the writes come at any moment between two looks. "
            f"Processor time and memory while they listen, over {ritmo.sossego:g} s each: by "
            "/proc, the service and its server processes; ten movements a second of another "
            "product where one is written.",
            "Growth: processor time of a write, as above; median time of a question. All else "
            "stays alike: so many movements of more products, more movements of so many "
            "products; answers with a row for each open document have no aim where these grow. The "
            "writes to one product with one or many open separations are rolled "
            "back one by one, so that they stay as many; BEGIN and ROLLBACK count.",
            "Adopting: nobody writes meanwhile; the time is from the lock to the commit.",
            "Server settings: " + ", ".join(CONFIGURACAO).replace("'", "") + ".",
            f"The whole run took {self.segundos:,.0f} s.",
        ]


def tabela(resultados: Sequence[Resultado]) -> str:
    """A Markdown table that is one to the eye as well."""
    titulos = ("what", "measured", "figure", "aim", "reached")
    linhas = [titulos, *(r.celulas() for r in resultados)]
    larguras = [max(len(linha[i]) for linha in linhas) for i in range(len(titulos))]
    texto = [_linha(titulos, larguras), "|" + "|".join("-" * (n + 2) for n in larguras) + "|"]
    return "\n".join(texto + [_linha(linha, larguras) for linha in linhas[1:]])


def _linha(celulas: Sequence[str], larguras: Sequence[int]) -> str:
    return "| " + " | ".join(c.ljust(n) for c, n in zip(celulas, larguras, strict=True)) + " |"


def lista(itens: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in itens)
