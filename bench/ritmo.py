"""How much a run measures: the sizes of its databases, and how often it repeats."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tamanho:
    """How many rows a database has. `rupturas` further products run out, and as many later."""

    produtos: int
    movimentos: int
    documentos: int
    rupturas: int = 250

    @property
    def separacoes(self) -> int:
        return self.documentos * 3 // 5

    @property
    def pre_separacoes(self) -> int:
        return self.documentos // 5

    @property
    def producoes(self) -> int:
        return self.documentos // 5

    def parametros(self) -> dict[str, int]:
        """The parameters of cenario.sql."""
        nomes = ("produtos", "movimentos", "separacoes", "pre_separacoes", "producoes", "rupturas")
        return {nome: getattr(self, nome) for nome in nomes}

    def __str__(self) -> str:
        return (
            f"{self.produtos:,} products, {self.movimentos:,} movements, "
            f"{self.documentos:,} open documents"
        )


@dataclass(frozen=True, slots=True)
class Ritmo:
    """A kind of run."""

    escritas: Tamanho  # where the speed of writes is measured
    pequeno: Tamanho  # growth: from here ...
    largo: Tamanho  # ... to more products ...
    grande: Tamanho  # ... to more movements; the questions and the adoption are measured here
    enorme: Tamanho  # the live pages
    empresa: Tamanho  # each company of a group
    empresas: int
    concentracao: int  # open separations of one product and day, against one
    rodadas: int
    duracao: str  # of a run of pgbench, as it takes it: -T seconds or -t statements
    apagaveis: int  # rows that are there to be deleted in such a run; more where they run out
    cpu: int  # statements whose processor time is read
    lote: int  # rows of a bulk statement
    rodadas_do_lote: int
    perguntas: int  # executions of a question about few products; a tenth of the others
    atualizacoes: int  # single-row updates of the wear
    olhares: int  # looks of the panel for what changed
    paginas: int  # open pages of it
    avisos: int  # changes that these are told
    sossego: float  # seconds of each measurement of what they cost meanwhile


COMPLETO = Ritmo(
    escritas=Tamanho(10_000, 1_000_000, 50_000),
    pequeno=Tamanho(1_000, 100_000, 1_000),
    largo=Tamanho(100_000, 100_000, 100_000),
    grande=Tamanho(100_000, 10_000_000, 100_000),
    enorme=Tamanho(1_000_000, 1_000_000, 100_000),
    empresa=Tamanho(2_000, 10_000, 2_000, rupturas=20),
    empresas=50,
    concentracao=5_000,
    rodadas=3,
    duracao="-T2",
    apagaveis=80_000,
    cpu=5_000,
    lote=200_000,
    rodadas_do_lote=5,
    perguntas=2_000,
    atualizacoes=1_000_000,
    olhares=20,
    paginas=500,
    avisos=20,
    sossego=15,
)
RAPIDO = Ritmo(
    escritas=Tamanho(5_000, 100_000, 25_000),
    pequeno=Tamanho(500, 5_000, 500, rupturas=50),
    largo=Tamanho(5_000, 5_000, 5_000, rupturas=50),
    grande=Tamanho(5_000, 200_000, 5_000, rupturas=50),
    enorme=Tamanho(10_000, 10_000, 1_000, rupturas=50),
    empresa=Tamanho(200, 1_000, 200, rupturas=10),
    empresas=10,
    concentracao=500,
    rodadas=1,
    duracao="-T1",
    apagaveis=40_000,
    cpu=500,
    lote=20_000,
    rodadas_do_lote=1,
    perguntas=200,
    atualizacoes=20_000,
    olhares=10,
    paginas=100,
    avisos=3,
    sossego=2,
)
# A few rows of everything: that it runs, not how fast.
ENSAIO = Ritmo(
    escritas=Tamanho(100, 1_000, 100, rupturas=5),
    pequeno=Tamanho(40, 100, 40, rupturas=5),
    largo=Tamanho(100, 100, 100, rupturas=5),
    grande=Tamanho(100, 1_000, 100, rupturas=5),
    enorme=Tamanho(200, 200, 100, rupturas=5),
    empresa=Tamanho(60, 100, 40, rupturas=5),
    empresas=2,
    concentracao=20,
    rodadas=1,
    duracao="-t2",
    apagaveis=20,
    cpu=10,
    lote=100,
    rodadas_do_lote=1,
    perguntas=20,
    atualizacoes=80,
    olhares=2,
    paginas=3,
    avisos=1,
    sossego=0.1,
)
