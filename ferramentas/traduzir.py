"""Keeps the catalogue of the Portuguese sentences in step with what the code says.

`make traducoes` writes estoque_pg/traducoes: a sentence that is new stands there with an empty
translation, to be written by hand, after which it is run again. With --conferir it only says what
the catalogue lacks.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

RAIZ = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(RAIZ))

from estoque_pg.cli import cli  # noqa: E402
from estoque_pg.cli.ajuda import frases_da_ajuda  # noqa: E402
from estoque_pg.cli.base import contagem  # noqa: E402
from estoque_pg.idioma import DOMINIO, PORTUGUES, TRADUCOES  # noqa: E402
from estoque_pg.metodos import perguntas_com_metodo  # noqa: E402
from estoque_pg.perguntas.publicacao import publicacao  # noqa: E402
from servidor.__main__ import cli as servidor  # noqa: E402

PACOTE = RAIZ / "estoque_pg"
PO = TRADUCOES / PORTUGUES / "LC_MESSAGES" / f"{DOMINIO}.po"
MO = PO.with_suffix(".mo")

# Which arguments of which functions are sentences: one, or a singular and its plural.
PALAVRAS = {"t": 1, "tn": 2, "marcar": 1, "Coluna": 1}
PALAVRAS_DO_CLICK = {"_": 1, "ngettext": 2}

# The mark of click's sentences, which stay when another release of it says them no more.
CLICK = "click"

# A sentence, or its singular and plural.
Frase = str | tuple[str, ...]


def frases() -> set[Frase]:
    """All that the product says: in Python, in the help, in the errors of SQL, by click's mouth."""
    return {
        *_do_python(PACOTE, PALAVRAS),
        *_dos_modelos(),
        *_do_python(RAIZ / "demo", PALAVRAS),
        *_do_python(RAIZ / "servidor", PALAVRAS),
        *frases_da_ajuda(servidor),
        *(contagem(str(nome)) for nome in _do_python(PACOTE, {"contar": 1})),
        *do_click(),
        *frases_da_ajuda(cli),
        *_das_perguntas(),
        *_do_sql(),
    }


def do_click() -> set[Frase]:
    """What the installed click says."""
    return set(_do_python(Path(click.__file__).parent, PALAVRAS_DO_CLICK))


def _do_python(pasta: Path, palavras: Mapping[str, int]) -> Iterator[Frase]:
    for arquivo in sorted(pasta.rglob("*.py")):
        for no in ast.walk(ast.parse(arquivo.read_text(encoding="utf-8"))):
            if isinstance(no, ast.Call) and isinstance(no.func, ast.Name | ast.Attribute):
                nome = no.func.id if isinstance(no.func, ast.Name) else no.func.attr
                valores = [a.value for a in no.args if isinstance(a, ast.Constant)]
                frases = [v for v in valores if isinstance(v, str) and v][: palavras.get(nome, 0)]
                if frases:
                    yield frases[0] if len(frases) == 1 else tuple(frases)


def _dos_modelos() -> Iterator[Frase]:
    """What the pages of the panel say."""
    ambiente = Environment()
    for arquivo in sorted((PACOTE / "painel" / "modelos").glob("*.html")):
        for no in ambiente.parse(arquivo.read_text(encoding="utf-8")).find_all(nodes.Call):
            nome = no.node.name if isinstance(no.node, nodes.Name) else ""
            valores = [a.value for a in no.args if isinstance(a, nodes.Const)]
            frases = [v for v in valores if isinstance(v, str) and v][: PALAVRAS.get(nome, 0)]
            if frases:
                yield frases[0] if len(frases) == 1 else tuple(frases)


def _das_perguntas() -> Iterator[Frase]:
    """What the plain commands say of their answers."""
    for perguntar in perguntas_com_metodo().values():
        if (comando := publicacao(perguntar).comando) is not None:
            yield tuple(f"{{n}} {contada}" for contada in comando.contadas)
            yield from comando.titulos


# A literal may go on in the next line, as in standard SQL.
_LITERAL = r"'(?:[^']|'')*'(?:\s*\n\s*'(?:[^']|'')*')*"
# Where SQL says something: to _estoque_acusar and in the fields of RAISE, in variables that are
# called so, in the hint that a function is given, and wherever a literal has a value's place.
_QUE = rf"(?:({_LITERAL})|CASE[^;]*?END)"
_DITOS = (
    rf"_estoque_acusar\(\s*[^,]+,\s*(?:'\w*'|\w+|CASE[^;]*?END),\s*{_QUE},\s*({_LITERAL})",
    rf"\b(?:CONSTRAINT|HINT|DETAIL) = ({_LITERAL})\s*[,;]",
    rf"RAISE NOTICE ({_LITERAL});",
    rf"\bv_(?:modelo|dica|aviso)\w* [^;=']*:= ({_LITERAL})",
    rf"_estoque_exigir_fontes\(\s*(?:p_dica text DEFAULT )?({_LITERAL})",
    rf"(?:ARRAY\[|jsonb?_build_array\(|THEN |ELSE )(?='[^']*[a-z:] )(?='[^']*%s)({_LITERAL})",
)


def _do_sql() -> Iterator[Frase]:
    """The models of messages and hints, where SQL raises them."""
    for arquivo in sorted((RAIZ / "sql").rglob("*.sql")):
        texto = arquivo.read_text(encoding="utf-8")
        for padrao in _DITOS:
            for achado in re.finditer(padrao, texto):
                yield from map(_valor, filter(None, achado.groups()))


def _valor(literal: str) -> str:
    partes = re.findall(r"'((?:[^']|'')*)'(?!')", literal)
    return "".join(partes).replace("''", "'")


# -- the catalogue ------------------------------------------------------------------------------

# Neither dates nor places: two branches that add sentences shall differ in these sentences only.
PRIMEIRA = """\
# Brazilian Portuguese of estoque_pg. `make traducoes` keeps the list of sentences.
msgid ""
msgstr ""
"Language: pt_BR\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""


def ler() -> Catalog:
    """The catalogue as it stands."""
    with PO.open("rb") as arquivo:
        return read_po(arquivo, locale=PORTUGUES, domain=DOMINIO)


def renovado(velho: Catalog, ditas: set[Frase]) -> str:
    """The catalogue of what is said now, with the translations that there are."""
    novo = read_po(io.BytesIO(PRIMEIRA.encode()), locale=PORTUGUES, domain=DOMINIO)
    dele = do_click()
    for frase in ditas:
        antes = velho.get(frase)
        texto = antes.string if antes is not None and antes.id == frase else ""
        novo.add(frase, texto, auto_comments=[CLICK] if frase in dele else [])
    for m in velho:
        if CLICK in m.auto_comments and m.id not in ditas:
            novo.add(m.id, m.string, auto_comments=[CLICK])
    saida = io.BytesIO()
    write_po(saida, novo, width=100, sort_output=True, omit_header=True)
    return PRIMEIRA + saida.getvalue().decode()


def compilado(catalogo: Catalog) -> bytes:
    """The catalogue as gettext reads it, the same bytes for the same sentences."""
    catalogo.creation_date = catalogo.revision_date = datetime(2000, 1, 1, tzinfo=timezone.utc)
    saida = io.BytesIO()
    write_mo(saida, catalogo)
    return saida.getvalue()


def queixas(catalogo: Catalog, ditas: set[Frase]) -> list[str]:
    """What the catalogue lacks, in a line each; none when it is as it has to be."""
    simples = {f for f in ditas if isinstance(f, str)}
    plurais = {f for f in ditas if isinstance(f, tuple)}
    achadas = [f"both alone and with a plural: {f[0]!r}" for f in plurais if f[0] in simples]
    mensagens = [m for m in catalogo if m.id]
    sobram = [m.id for m in mensagens if m.id not in ditas and CLICK not in m.auto_comments]
    achadas += [f"no longer said: {frase!r}" for frase in [*sobram, *catalogo.obsolete]]
    achadas += [f"not in the catalogue: {f!r}" for f in ditas - {m.id for m in mensagens}]
    for m in mensagens:
        ingles = (m.id,) if isinstance(m.id, str) else tuple(m.id)
        portugues = (m.string,) if isinstance(m.string, str) else tuple(m.string or ())
        if m.fuzzy or not all(portugues) or len(ingles) != len(portugues):
            achadas.append(f"not translated: {m.id!r}")
        elif any(_marcas(p) not in map(_marcas, ingles) for p in portugues):
            achadas.append(f"other values than the English sentence has: {m.id!r}")
    return sorted(achadas)


def _marcas(frase: str) -> list[str]:
    """The places of values; those of %s, which have no names, have to stand in one order."""
    return sorted(re.findall(r"\{[^}]*\}|%\(\w+\)s|%s", frase))


def main() -> None:
    """Writes the catalogue, and says what is to be translated; with --conferir only says."""
    ditas = frases()
    if "--conferir" not in sys.argv[1:]:
        PO.write_text(renovado(ler(), ditas), encoding="utf-8")
        MO.write_bytes(compilado(ler()))
    faltas = queixas(ler(), ditas)
    if MO.read_bytes() != compilado(ler()):
        faltas.append(f"{MO.name} is not what {PO.name} says")
    if faltas:
        sys.exit("\n".join([*faltas, f"mend {PO.relative_to(RAIZ)}, then run `make traducoes`"]))


if __name__ == "__main__":
    main()
