"""The command that shows and lays down the rules of products."""

from __future__ import annotations

from decimal import Decimal

import click

from estoque_pg import tabela
from estoque_pg.cli.base import (
    Banco,
    avisar,
    campo,
    com_banco,
    com_formato,
    contar,
    escrever,
    escrever_linha,
    escrever_linhas,
    ler_limiar,
    tabular,
)
from estoque_pg.cli.codigos import completar, desconhecido
from estoque_pg.idioma import t
from estoque_pg.perguntas.argumentos import MAX_DIAS
from estoque_pg.perguntas.regras import CAMPOS, Regra, RegraVigente


@click.command()
@click.argument("codigo", required=False, shell_complete=completar)
@click.option("--geral", is_flag=True, help="The rule of all products without one of their own.")
@click.option(
    "--minimo", metavar="N", callback=ler_limiar, help="Safety stock, in the product's unit."
)
@click.option(
    "--prazo-reposicao",
    type=click.IntRange(0, MAX_DIAS),
    metavar="N",
    help="Lead time of replenishment, in days.",
)
@click.option(
    "--tolerancia",
    metavar="N",
    callback=ler_limiar,
    help="A shortage up to this is none in lists.",
)
@click.option("--responsavel", metavar="NAME", help="Who looks after the product.")
@click.option(
    "--limpar",
    type=click.Choice(CAMPOS),
    multiple=True,
    help="Take a field back; the general rule's holds then.",
)
@click.option("--remover", is_flag=True, help="Take the whole rule back.")
@com_banco
@com_formato
def regra(
    codigo: str | None,
    geral: bool,
    minimo: Decimal | None,
    prazo_reposicao: int | None,
    tolerancia: Decimal | None,
    responsavel: str | None,
    limpar: tuple[str, ...],
    remover: bool,
    banco: Banco,
    em_json: bool,
) -> None:
    """Show or lay down the rule of a product: minimum, lead time, tolerance, person.

    Without a code the rules that are laid down. With one, and nothing to set, what holds for the
    product: its own rule and, where that leaves something open, the general one.

    \b
    Examples:
      estoque regra
      estoque regra P001 --minimo 50 --prazo-reposicao 10
      estoque regra --geral --tolerancia 0.5
    """
    definir = (
        remover
        or limpar
        or any(valor is not None for valor in (minimo, prazo_reposicao, tolerancia, responsavel))
    )
    if codigo is not None and geral:
        raise click.UsageError(t("give a code or --geral, not both"))
    if codigo is None and not geral:
        if definir:
            raise click.UsageError(t("say whose rule: give a code, or --geral"))
        _listar(banco, em_json)
        return
    with banco.api() as api:
        vigente = (
            api.definir_regra(
                codigo,
                minimo=minimo,
                prazo_reposicao=prazo_reposicao,
                tolerancia=tolerancia,
                responsavel=responsavel,
                limpar=CAMPOS if remover else limpar,
            )
            if definir
            else api.regra(codigo)
        )
    if vigente is None:
        raise desconhecido([codigo or ""])
    if em_json:
        escrever_linha(vigente)
    else:
        _mostrar(vigente)


def _listar(banco: Banco, em_json: bool) -> None:
    with banco.api() as api:
        regras = api.regras()
    if em_json:
        escrever_linhas(Regra, regras)
        return
    if regras:
        tabular(
            [t("product"), t("name"), t("minimum"), t("lead time"), t("tolerance"), t("person")],
            [
                [r.codigo if r.codigo is not None else t("(all others)"), r.nome_produto, r.minimo,
                 r.prazo_reposicao, r.tolerancia, r.responsavel]
                for r in regras
            ],
        )  # fmt: skip
    avisar(contar(len(regras), "rule"))


def _mostrar(vigente: RegraVigente) -> None:
    escrever(vigente.cod_produto or t("(all others)"))
    campo(t("minimum"), tabela.numero(vigente.minimo))
    prazo = vigente.prazo_reposicao
    campo(t("lead time"), t("not laid down") if prazo is None else contar(prazo, "day"))
    campo(t("tolerance"), tabela.numero(vigente.tolerancia))
    campo(t("person"), tabela.limpo(vigente.responsavel or t("not laid down")))
