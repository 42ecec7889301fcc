"""Puts the figures of a run into the READMEs, between two marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from comandos import PASTA
from resultado import numero

INGLES, PORTUGUES = "README.md", "README.pt-BR.md"
ABRE, FECHA = "<!-- costs -->\n", "<!-- /costs -->\n"


@dataclass(frozen=True, slots=True)
class Linha:
    """A line of both tables: some figures of the run side by side. {...} is filled from the run."""

    chaves: tuple[str, ...]
    ingles: str
    portugues: str


def _velocidade(chave: str, ingles: str, portugues: str) -> Linha:
    return Linha(
        (f"velocidade.{chave}.1", f"velocidade.{chave}.8"),
        f"{ingles}, 1 / 8 clients, speed relative to bare",
        f"{portugues}, 1 / 8 clientes, velocidade em relação às nuas",
    )


def _crescimento(chave: str, ingles: str, portugues: str) -> Linha:
    eixos = ("produtos", "movimentos", "separacoes")
    return Linha(
        tuple(f"crescimento.{eixo}.{chave}" for eixo in eixos),
        f"{ingles}, time with {{fator_produtos}} times the products / {{fator_movimentos}} times "
        "the movements / {concentracao} open separations of one product and day instead of 1",
        f"{portugues}, tempo com {{fator_produtos}} vezes os produtos / {{fator_movimentos}} vezes "
        "os movimentos / {concentracao} separações abertas de um produto e dia em vez de 1",
    )


LINHAS = (
    _velocidade("movimento_inserido", "single movement insert", "inserir um movimento"),
    _velocidade(
        "movimento_outro_nome",
        "the same, under another name than the product's",
        "o mesmo, com outro nome que o do produto",
    ),
    _velocidade(
        "movimento_quantidade",
        "one movement's quantity changed",
        "mudar a quantidade de um movimento",
    ),
    _velocidade(
        "movimento_ativo",
        "one movement struck out or restored",
        "desativar ou reativar um movimento",
    ),
    _velocidade("movimento_apagado", "one movement deleted", "apagar um movimento"),
    _velocidade("separacao_inserida", "single separation insert", "inserir uma separação"),
    _velocidade("separacao_data", "one separation's date moved", "mudar a data de uma separação"),
    _velocidade(
        "pre_separacao_status",
        "one pre-separation's status changed",
        "mudar o status de uma pré-separação",
    ),
    _velocidade("producao_inserida", "single production insert", "inserir uma produção"),
    _velocidade("producao_data", "one production's date moved", "mudar a data de uma produção"),
    _velocidade("producao_apagada", "one production deleted", "apagar uma produção"),
    Linha(
        ("lote.transacao",),
        "1,000 movements inserted one by one in one transaction, speed relative to bare",
        "1.000 movimentos inseridos um a um numa transação, velocidade em relação às nuas",
    ),
    Linha(
        ("lote.instrucao",),
        "{lote} movements in one statement, time relative to bare",
        "{lote} movimentos numa instrução, tempo em relação às nuas",
    ),
    Linha(
        ("lote.copia",),
        "{lote} movements by `COPY`, time relative to bare",
        "{lote} movimentos por `COPY`, tempo em relação às nuas",
    ),
    Linha(
        ("velocidade.produto_quente.16",),
        "one hot product, 16 clients, speed relative to a textbook row trigger",
        "um produto disputado, 16 clientes, velocidade em relação a um gatilho por linha clássico",
    ),
    Linha(
        ("cpu.movimento_inserido", "cpu.separacao_inserida", "cpu.separacao_data"),
        "processor time of a movement insert / separation insert / separation's date moved",
        "tempo de processador de inserir um movimento / inserir uma separação / mudar sua data",
    ),
    Linha(
        ("pergunta.consultar_1", "pergunta.consultar_50"),
        "`estoque_consultar` of 1 / 50 products, p99",
        "`estoque_consultar` de 1 / 50 produtos, p99",
    ),
    Linha(
        ("pergunta.consultar_200",),
        "`estoque_consultar` of 200 products, p99",
        "`estoque_consultar` de 200 produtos, p99",
    ),
    Linha(
        ("pergunta.rupturas_7",),
        "`estoque_rupturas(7)`, p99",
        "`estoque_rupturas(7)`, p99",
    ),
    Linha(
        ("pergunta.rupturas_28",),
        "`estoque_rupturas(28)`, p99",
        "`estoque_rupturas(28)`, p99",
    ),
    Linha(
        ("pergunta.meia_noite",),
        "`estoque_rupturas(7)` just after midnight, nothing refreshed, {escritas_produtos} "
        "products, p99",
        "`estoque_rupturas(7)` logo após a meia-noite sem nada renovado, {escritas_produtos} "
        "produtos, p99",
    ),
    Linha(
        ("pergunta.estatisticas", "pergunta.projecao"),
        "`estoque_estatisticas` / `estoque_projecao` of 28 days, p99",
        "`estoque_estatisticas` / `estoque_projecao` de 28 dias, p99",
    ),
    Linha(
        ("pergunta.documentos", "pergunta.explicar"),
        "`estoque_documentos` / `estoque_explicar` of 28 days, p99",
        "`estoque_documentos` / `estoque_explicar` de 28 dias, p99",
    ),
    Linha(
        ("pergunta.prometer_50", "pergunta.simular"),
        "`estoque_prometer` of 50 lines / `estoque_simular` of 500 documents moved, p99",
        "`estoque_prometer` de 50 linhas / `estoque_simular` de 500 documentos adiados, p99",
    ),
    Linha(
        ("pergunta.buscar", "pergunta.incoerencias"),
        "`estoque_buscar` / `estoque_incoerencias`, p99",
        "`estoque_buscar` / `estoque_incoerencias`, p99",
    ),
    Linha(
        ("vivo.olhar.escritas", "vivo.olhar.largo", "vivo.olhar.enorme"),
        "the panel's look for changes, processor time at {escritas_produtos} / {largo_produtos} / "
        "{enorme_produtos} products",
        "o painel procurar mudanças, tempo de processador com {escritas_produtos} / "
        "{largo_produtos} / {enorme_produtos} produtos",
    ),
    Linha(
        ("vivo.avisados.escritas", "vivo.avisados.enorme"),
        "from a COMMIT until the last of {paginas} open pages is told, {escritas_produtos} / "
        "{enorme_produtos} products",
        "de um COMMIT até a última de {paginas} páginas abertas saber, {escritas_produtos} / "
        "{enorme_produtos} produtos",
    ),
    Linha(
        ("alternativa.rupturas", "alternativa.materializada"),
        "the ruptures of 7 days from the sources / by `REFRESH MATERIALIZED VIEW`, time relative "
        "to ours",
        "as rupturas de 7 dias lidas das origens / por `REFRESH MATERIALIZED VIEW`, tempo em "
        "relação ao nosso",
    ),
    Linha(
        ("pergunta.visao",),
        "view `estoque_por_codigo` of all codes, time relative to the join of its tables",
        "visão `estoque_por_codigo` de todos os códigos, tempo em relação à junção de suas tabelas",
    ),
    Linha(
        ("pergunta.auditoria",),
        "the audit of it all, time relative to one `GROUP BY` over the movements",
        "a auditoria de tudo isso, tempo em relação a um `GROUP BY` sobre os movimentos",
    ),
    Linha(
        ("grupo.rupturas_7", "grupo.estatisticas", "grupo.saldos_50"),
        "`estoque_rupturas(7)` / `estoque_estatisticas` / balances of 50 codes of a group of "
        "{empresas} companies of {empresa_produtos} products, p99",
        "`estoque_rupturas(7)` / `estoque_estatisticas` / saldos de 50 códigos de um grupo de "
        "{empresas} empresas de {empresa_produtos} produtos, p99",
    ),
    _crescimento("movimento_inserido", "movement insert", "inserir um movimento"),
    _crescimento("separacao_data", "separation's date moved", "mudar a data de uma separação"),
    Linha(
        ("desgaste.estoque_tempo_real",),
        "share of HOT updates of the product rows in {atualizacoes} updates",
        "parte das atualizações HOT das linhas de produto em {atualizacoes} de atualizações",
    ),
    Linha(
        ("adocao.espera",),
        "adopting {grande_movimentos} movements: writers held off",
        "adotar {grande_movimentos} de movimentos: escritas seguradas",
    ),
)


def escrever(dados: Mapping[str, Any]) -> None:
    """Replace what stands between the marks of both READMEs."""
    for pagina in (INGLES, PORTUGUES):
        caminho = PASTA.parent / pagina
        antes, resto = caminho.read_text(encoding="utf-8").split(ABRE)
        _, depois = resto.split(FECHA)
        texto = "".join((antes, ABRE, bloco(dados, pagina), FECHA, depois))
        caminho.write_text(texto, encoding="utf-8")


def faltando(dados: Mapping[str, Any]) -> list[str]:
    """The figures that the READMEs name and a run does not have."""
    achados = _resultados(dados)
    return [chave for linha in LINHAS for chave in linha.chaves if chave not in achados]


def bloco(dados: Mapping[str, Any], pagina: str) -> str:
    """The sentence with the sizes, and the table. Lines without all their figures are left out."""
    achados, ritmo = _resultados(dados), dados["ritmo"]
    ingles = pagina == INGLES
    valores = _valores(ritmo, ingles)
    cabeca = (
        "Writes at {escritas_produtos} products and {escritas_movimentos} movements, questions at "
        "{grande_produtos} and {grande_movimentos}.\n\n| what | figure | aim | reached |"
        if ingles
        else "Escritas com {escritas_produtos} produtos e {escritas_movimentos} de movimentos, "
        "consultas com {grande_produtos} e {grande_movimentos}.\n\n"
        "| o quê | número | meta | alcançada |"
    ).format(**valores)
    linhas = [cabeca, "|---|---|---|---|"]
    for linha in LINHAS:
        if all(chave in achados for chave in linha.chaves):
            resultados = [achados[chave] for chave in linha.chaves]
            texto = (linha.ingles if ingles else linha.portugues).format(**valores)
            linhas.append(f"| {texto} | {' | '.join(_celulas(resultados, ingles))} |")
    return "\n".join(linhas) + "\n"


def _resultados(dados: Mapping[str, Any]) -> dict[str, Any]:
    return {r["chave"]: r for secao in dados["secoes"] for r in secao["resultados"]}


def _valores(ritmo: Mapping[str, Any], ingles: bool) -> dict[str, str]:
    """What {...} stands for: the numbers of the run, those of its databases after their names."""
    pequeno, largo, grande = ritmo["pequeno"], ritmo["largo"], ritmo["grande"]
    numeros = {nome: n for nome, n in ritmo.items() if isinstance(n, int)}
    for nome, tamanho in ritmo.items():
        if isinstance(tamanho, Mapping):
            numeros |= {f"{nome}_{campo}": n for campo, n in tamanho.items()}
    numeros["fator_produtos"] = largo["produtos"] // pequeno["produtos"]
    numeros["fator_movimentos"] = grande["movimentos"] // largo["movimentos"]
    return {nome: _escrito(f"{n:,}", ingles) for nome, n in numeros.items()}


def _celulas(resultados: list[Any], ingles: bool) -> tuple[str, str, str]:
    """Figures, aims and whether they were reached; what is the same of all stands once."""
    unidade, sinal = resultados[0]["unidade"], resultados[0]["sinal"]
    sufixo = "" if unidade == "×" else f" {unidade}"
    com_meta = [r for r in resultados if r["meta"] is not None]
    figuras = " / ".join(numero(r["valor"], unidade) for r in resultados)
    metas = _juntar([f"{r['meta']:.2f}" if unidade == "×" else f"{r['meta']:g}" for r in com_meta])
    sim, nao = ("yes", "**no**") if ingles else ("sim", "**não**")
    return (
        _escrito(f"{figuras}{sufixo}", ingles),
        _escrito(f"{sinal} {metas}{sufixo}", ingles) if com_meta else "",
        _juntar([sim if r["alcancada"] else nao for r in com_meta]),
    )


def _juntar(textos: list[str]) -> str:
    return textos[0] if len(set(textos)) == 1 else " / ".join(textos)


def _escrito(texto: str, ingles: bool) -> str:
    """A number as the language writes it."""
    return texto if ingles else texto.translate(str.maketrans(",.", ".,"))
