"""Writes the open migration: the difference between sql/ and what is released, and the way back.

`make migration NOME=...` runs it. `sql/` is what people read and edit; databases only ever
receive `migrations/`. A released migration is frozen (see lancar.py); the one after the last of
them is open and written anew each time. What is released of an object is read out of the frozen
files, where each part is headed by the file of sql/ that it comes from; an object goes by the name
of that file.

Functions and views are replaced as a whole. Tables, types and indexes hold data: a change of one is
written by hand, between the two marks of the migration and of its rollback, and is kept there. The
text that sql/ then has of it is in the migration as a comment, so that the next one knows it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlparse

RAIZ = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(RAIZ))

from ferramentas.lancar import conferir_lancadas, lancadas  # noqa: E402

PRIMEIRA = "nucleo"
GERADA = "-- Generated from sql/ by `make migration`; edit there.\n"
# The runner holds the writers of the sources off unless every pending migration says this.
SEGUEM = "-- writers go on\n"
# Folders of sql/, without their numbers, whose objects no trigger depends on.
FORA_DA_ESCRITA = {
    "consultas", "auditoria", "minuto", "vigia", "agenda", "acesso", "instalacao", "avisos",
}  # fmt: skip
# The functions that tables are made with: they come before what is by hand, and go after it.
DAS_TABELAS = "00_textos/"
ABRE, FECHA = "-- by hand: kept when this file is written anew\n", "-- end of what is by hand\n"
TEXTO = "-- | "  # before each line of a text that is there to be known, not to be run
CABECA = re.compile(r"^-- (sql|without)/(?:\S+/)?(\w+)\.sql$", re.MULTILINE)
CRIA = re.compile(r"^CREATE (FUNCTION|VIEW|TABLE|TYPE) (IF NOT EXISTS )?(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Objeto:
    """An object of the database as its file of sql/ defines it, or as it was released."""

    caminho: str  # below sql/
    texto: str

    @property
    def nome(self) -> str:
        return Path(self.caminho).stem

    @property
    def tipo(self) -> str:
        """FUNCTION, VIEW, TABLE or TYPE."""
        return self._criacao[1]

    @property
    def do_erp(self) -> bool:
        """A source table: made where it is missing, never dropped."""
        return bool(self._criacao[2])

    @property
    def _criacao(self) -> re.Match[str]:
        achado = CRIA.search(self.texto)
        assert achado, f"sql/{self.caminho} creates nothing"
        return achado

    @property
    def substituivel(self) -> bool:
        return self.tipo in ("FUNCTION", "VIEW")

    @property
    def assinatura(self) -> str:
        """What may not differ where a function is replaced in place: parameters and result."""
        return self.texto[self._criacao.start() :].partition("\nLANGUAGE ")[0]

    @property
    def prende(self) -> bool:
        """Whether it holds what it names: PostgreSQL drops nothing that such an object uses."""
        return self.tipo == "VIEW" or bool(re.search(r"^(RETURN |BEGIN ATOMIC)", self.texto, re.M))

    def nomeia(self, outro: str) -> bool:
        """Whether its definition, without comments and rights, names another object."""
        definicao = re.split(r"^(?:GRANT|REVOKE|COMMENT)", self.texto, flags=re.M)[0]
        return bool(re.search(rf"^(?!--).*\b{outro}\b", definicao, re.M))

    def com_dados(self) -> list[str]:
        """The statements that hold data, as they are written."""
        return [s for s in _comandos(self.texto) if not _repetivel(s)]

    def repetiveis(self) -> str:
        """The statements that can be run again: rights and comments."""
        return "\n".join(s for s in _comandos(self.texto) if _repetivel(s)) + "\n"

    def substituir(self) -> str:
        return CRIA.sub(r"CREATE OR REPLACE \1 \3", self.texto, count=1)

    def remover(self) -> str:
        # Which tables bear a trigger is known only there: partitions come and go.
        cascata = " CASCADE" if self.nome.startswith("_estoque_gatilho_") else ""
        return f"DROP {self.tipo} {self._qual}{cascata};\n"

    @property
    def _qual(self) -> str:
        """What it is called; a function of a name that another has, with its types."""
        if self._criacao[3] == self.nome:
            return self.nome
        comentado = re.search(r"^COMMENT ON FUNCTION (\w+\(.*\)) IS$", self.texto, re.MULTILINE)
        assert comentado, f"sql/{self.caminho} has no comment that tells its types"
        return comentado[1]


def _comandos(texto: str) -> list[str]:
    return [
        c.strip() for c in sqlparse.split(sqlparse.format(texto, strip_comments=True)) if c.strip()
    ]


def _repetivel(comando: str) -> bool:
    return comando.split(None, 1)[0] in ("GRANT", "REVOKE", "COMMENT")


def objetos(raiz: Path) -> dict[str, Objeto]:
    """The objects of sql/ by name, in the order of their folders."""
    pasta = raiz / "sql"
    achados = [
        Objeto(a.relative_to(pasta).as_posix(), a.read_text(encoding="utf-8"))
        for a in sorted(pasta.rglob("*.sql"))
    ]
    nomes = [o.nome for o in achados]
    for nome in nomes:
        if nomes.count(nome) > 1:
            sys.exit(f"sql/ has two files named {nome}.sql: an object goes by the name of its file")
    return {o.nome: o for o in achados}


def lancados(raiz: Path) -> dict[str, Objeto]:
    """The objects as the frozen migrations leave them, by name."""
    achados: dict[str, Objeto] = {}
    for nome in lancadas(raiz):
        texto = (raiz / "migrations" / f"{nome}.sql").read_text(encoding="utf-8")
        partes = list(CABECA.finditer(texto))
        fins = [p.start() for p in partes[1:]] + [len(texto)]
        for parte, fim in zip(partes, fins, strict=True):
            objeto, corpo = parte[2], texto[parte.end() + 1 : fim].partition(ABRE)[0]
            if parte[1] == "without":
                achados.pop(objeto, None)
                continue
            linhas = corpo.splitlines(True)
            conhecido = "".join(x.removeprefix(TEXTO) for x in linhas if x.startswith(TEXTO))
            # At the beginning of a line: a function may hold such words as a text.
            criado = re.sub("^CREATE OR REPLACE ", "CREATE ", corpo, count=1, flags=re.MULTILINE)
            corrido = criado.rstrip("\n") + "\n"
            corpo = conhecido or corrido
            caminho = parte[0].removeprefix("-- sql/").removeprefix("-- without/")
            achados[objeto] = Objeto(caminho, corpo)
    return achados


@dataclass(frozen=True)
class Diferenca:
    """What a migration has to do, all in the order of sql/."""

    novos: list[Objeto]
    trocados: list[tuple[Objeto, Objeto]]  # replaced in place: released, present
    refeitos: list[tuple[Objeto, Objeto]]  # dropped and made anew
    alterados: list[tuple[Objeto, Objeto]]  # what holds data: by hand
    removidos: list[Objeto]

    @property
    def caminhos(self) -> list[str]:
        pares = [*self.trocados, *self.refeitos, *self.alterados]
        return [o.caminho for o in [*self.novos, *self.removidos, *(depois for _, depois in pares)]]


def comparar(antes: dict[str, Objeto], depois: dict[str, Objeto]) -> Diferenca:
    """Tell what changed, and what has to be made anew because it holds what is dropped."""
    mudados = [(antes[n], o) for n, o in depois.items() if n in antes and antes[n].texto != o.texto]
    soltos = {n for n in antes if n not in depois}
    soltos |= {a.nome for a, d in mudados if a.tipo == "FUNCTION" and a.assinatura != d.assinatura}
    while presos := {
        o.nome
        for o in antes.values()
        if o.prende and o.nome not in soltos and any(o.nomeia(nome) for nome in soltos)
    }:
        soltos |= presos
    return Diferenca(
        novos=[o for n, o in depois.items() if n not in antes],
        trocados=[(a, d) for a, d in mudados if d.substituivel and d.nome not in soltos],
        refeitos=[(antes[n], o) for n, o in depois.items() if n in soltos],
        alterados=[(a, d) for a, d in mudados if not d.substituivel],
        removidos=[o for n, o in antes.items() if n not in depois],
    )


def escrever_ida(d: Diferenca, depende: str | None, a_mao: str) -> str:
    """The migration: what is by hand, what goes, then everything in the order of sql/."""
    fora = all(re.sub(r"^\d+_", "", c.split("/")[0]) in FORA_DA_ESCRITA for c in d.caminhos)
    partes = [f"-- depends: {depende}\n" if depende else "", GERADA]
    partes += [SEGUEM if depende and fora and not a_mao else ""]
    primeiros = [o for o in d.novos if depende and o.caminho.startswith(DAS_TABELAS)]
    partes += [f"\n-- sql/{o.caminho}\n{o.texto}" for o in primeiros]
    partes += [f"\n{ABRE}{a_mao}{FECHA}" if depende else ""]
    vao = [*d.removidos, *(a for a, _ in d.refeitos)]
    partes += [
        f"\n-- without/{o.caminho}\n{o.remover()}" for o in reversed(_em_ordem(vao)) if not o.do_erp
    ]
    textos = {o.caminho: o.texto for o in d.novos if o not in primeiros}
    textos |= {o.caminho: o.texto for _, o in d.refeitos}
    textos |= {o.caminho: o.substituir() for _, o in d.trocados}
    textos |= {o.caminho: _comentado(o.texto) + o.repetiveis() for _, o in d.alterados}
    partes += [f"\n-- sql/{caminho}\n{texto}" for caminho, texto in sorted(textos.items())]
    return "".join(partes)


def escrever_volta(d: Diferenca, inicial: bool, a_mao: str) -> str:
    """The rollback: the released text of what changed, what was new goes, then what is by hand."""
    partes = [GERADA]
    ultimos = [o for o in d.novos if not inicial and o.caminho.startswith(DAS_TABELAS)]
    novos = [*(o for o in d.novos if o not in ultimos), *(depois for _, depois in d.refeitos)]
    textos = {a.caminho: a.substituir() for a, _ in d.trocados}
    partes += [texto for _, texto in sorted(textos.items())]
    partes += [o.remover() for o in reversed(_em_ordem(novos)) if not o.do_erp]
    textos = {
        o.caminho: o.texto for o in (*d.removidos, *(a for a, _ in d.refeitos)) if not o.do_erp
    }
    textos |= {a.caminho: a.repetiveis() for a, _ in d.alterados}
    partes += [texto for _, texto in sorted(textos.items())]
    partes += [] if inicial else [f"\n{ABRE}{a_mao}{FECHA}"]
    partes += [o.remover() for o in ultimos]
    return "".join(partes)


def _em_ordem(objetos: Iterable[Objeto]) -> list[Objeto]:
    return sorted(objetos, key=lambda o: o.caminho)


def _comentado(texto: str) -> str:
    return "".join(TEXTO + linha for linha in texto.splitlines(True))


def _a_mao(arquivo: Path) -> str:
    """What somebody wrote between the marks of a migration, if it is there."""
    texto = arquivo.read_text(encoding="utf-8") if arquivo.exists() else ""
    return texto.partition(ABRE)[2].partition(FECHA)[0]


def _nomeia(mao: str, objeto: Objeto) -> bool:
    """Whether what is by hand is about an object, too; a comment that names it will do."""
    return bool(re.search(rf"\b{objeto.nome}\b", mao))


def gerar(raiz: Path, nome: str | None = None) -> tuple[dict[Path, str], list[str]]:
    """The files of the open migration, none where nothing changed, and what is left to be done."""
    conferir_lancadas(raiz)
    feitas = lancadas(raiz)
    pasta = raiz / "migrations"
    todas = sorted(a.stem for a in pasta.glob("*.sql") if not a.name.endswith(".rollback.sql"))
    abertas = [m for m in todas if m not in feitas]
    if len(abertas) > 1:
        sys.exit(f"two open migrations: {', '.join(abertas)}; one at a time")
    diferenca = comparar(lancados(raiz), objetos(raiz))
    aberta = abertas[0] if abertas else None
    if not diferenca.caminhos and not (aberta and _a_mao(pasta / f"{aberta}.sql")):
        return {}, [f"{aberta} is no longer needed: remove it"] if aberta else []
    numero = f"{len(feitas) + 1:04d}"
    if nome is None and aberta is None and feitas:
        sys.exit("give the new migration a name: make migration NOME=...")
    esta = f"{numero}.{nome}" if nome else aberta or f"{numero}.{PRIMEIRA}"
    ida, volta = pasta / f"{esta}.sql", pasta / f"{esta}.rollback.sql"
    if aberta not in (None, esta):
        sys.exit(f"{aberta} is open already: release it first, or leave NOME out")
    mao, mao_de_volta = _a_mao(ida), _a_mao(volta)
    tarefas = []
    com_dados = [d for a, d in diferenca.alterados if a.com_dados() != d.com_dados()]
    sem_mao = [o for o in com_dados if not (_nomeia(mao, o) and _nomeia(mao_de_volta, o))]
    if sem_mao:
        quais = ", ".join(f"sql/{o.caminho}" for o in sem_mao)
        tarefas.append(f"{quais}: write the change by hand between the marks of {ida.name} and of"
                       f" {volta.name}; both have to name it")  # fmt: skip
    if (mao or mao_de_volta) and not diferenca.caminhos:
        tarefas.append(f"{esta} has a part by hand, but sql/ is as it was released. To give it"
                       f" up, put sql/ back and delete both files: {ida.name},"
                       f" {volta.name}")  # fmt: skip
    return {
        ida: escrever_ida(diferenca, feitas[-1] if feitas else None, mao),
        volta: escrever_volta(diferenca, not feitas, mao_de_volta),
    }, tarefas


def atrasadas(arquivos: dict[Path, str]) -> list[str]:
    """Say which files of the open migration are not what sql/ makes of them."""
    return [
        f"{arquivo.name} differs from sql/: run `make migration`"
        for arquivo, texto in arquivos.items()
        if not arquivo.exists() or arquivo.read_text(encoding="utf-8") != texto
    ]


def main() -> None:
    """Write the open migration; with --conferir say whether it is up to date."""
    opcoes = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    opcoes.add_argument("nome", nargs="?", help="name of a new migration: letters, digits, _")
    opcoes.add_argument("--conferir", action="store_true", help="only say what is out of date")
    pedido = opcoes.parse_args()
    if pedido.nome and not re.fullmatch(r"[a-z0-9_]+", pedido.nome):
        sys.exit("the name of a migration has small letters, digits and _ only")
    arquivos, queixas = gerar(RAIZ, pedido.nome or None)
    if pedido.conferir:
        queixas += atrasadas(arquivos)
    else:
        for arquivo, texto in arquivos.items():
            arquivo.write_text(texto, encoding="utf-8")
    if queixas:
        sys.exit("\n".join(queixas))
    if not arquivos and not pedido.conferir:
        print("sql/ is as it was released: nothing to migrate")


if __name__ == "__main__":
    main()
