"""What a measurement comes to: one line of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Resultado:
    """The figures behind a line, the figure that counts, and its aim."""

    chave: str  # names it for machines, the same in every run
    o_que: str
    valor: float
    unidade: str  # "×" for a ratio, "ms", "s", "µs", "%"
    partes: Mapping[str, float] = field(default_factory=dict)  # what was measured, by name
    unidade_das_partes: str = ""
    nota: str = ""
    meta: float | None = None  # None: shown for information
    maior_e_melhor: bool = False

    @property
    def alcancada(self) -> bool | None:
        """Whether the aim was reached; None where there is none."""
        if self.meta is None:
            return None
        return self.valor >= self.meta if self.maior_e_melhor else self.valor <= self.meta

    @property
    def sinal(self) -> str:
        return "≥" if self.maior_e_melhor else "≤" if self.unidade == "×" else "<"

    def celulas(self) -> tuple[str, ...]:
        partes = ", ".join(
            f"{nome} {numero(valor, self.unidade_das_partes)}"
            for nome, valor in self.partes.items()
        )
        medido = f"{partes} {self.unidade_das_partes}".strip() if partes else ""
        return (
            self.o_que,
            "; ".join(filter(None, (medido, self.nota))),
            com_unidade(self.valor, self.unidade),
            "" if self.meta is None else f"{self.sinal} {com_unidade(self.meta, self.unidade)}",
            {None: "", True: "yes", False: "**no**"}[self.alcancada],
        )


@dataclass(frozen=True, slots=True)
class Secao:
    """A table of the report."""

    titulo: str
    resultados: list[Resultado]


def numero(valor: float, unidade: str) -> str:
    """Three figures that count, and no more decimals than the unit deserves."""
    if unidade in ("×", "s"):
        return f"{valor:.2f}"
    if unidade == "ms":
        return f"{valor:.2f}" if valor < 10 else f"{valor:,.1f}" if valor < 100 else f"{valor:,.0f}"
    return f"{valor:,.0f}"


def com_unidade(valor: float, unidade: str) -> str:
    return numero(valor, unidade) if unidade == "×" else f"{numero(valor, unidade)} {unidade}"
