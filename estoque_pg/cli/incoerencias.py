"""The command that lists documents that contradict each other, kind by kind."""

from __future__ import annotations

from itertools import groupby

import click

from estoque_pg.cli.base import (
    Banco,
    avisar,
    com_banco,
    com_formato,
    contar,
    escrever,
    escrever_linhas,
    tabular,
)
from estoque_pg.idioma import t
from estoque_pg.perguntas.documentos import chamar
from estoque_pg.perguntas.incoerencias import O_QUE_FAZER, TIPOS, Incoerencia


@click.command()
@com_banco
@com_formato
def incoerencias(banco: Banco, em_json: bool) -> None:
    """List documents that contradict each other.

    What is right by the rules and wrong in the warehouse, kind by kind, with what to do. Those
    about invoices are looked for in the lots of the last 90 days.

    \b
    Example:
      estoque incoerencias
    """
    with banco.api() as api:
        achadas = api.incoerencias()
    if em_json:
        escrever_linhas(Incoerencia, achadas)
        return
    for tipo, grupo in groupby(achadas, key=lambda i: i.tipo):
        linhas = list(grupo)
        escrever(f"{t(TIPOS[tipo])}: {len(linhas)}. {t(O_QUE_FAZER[linhas[0].o_que_fazer])}")
        tabular(
            [t("product"), t("name"), t("since"), t("quantity"), t("documents")],
            [[i.cod_produto, i.nome_produto, i.desde, i.quantidade, _citar(i)] for i in linhas],
            cede=1,  # the documents are what a row is about
        )
        escrever("")
    avisar(contar(len(achadas), "contradiction"))


def _citar(incoerencia: Incoerencia) -> str:
    """Name the documents, those that people call the same together, with source and ids."""
    juntos = groupby(incoerencia.documentos, key=lambda d: (d.documento, d.origem))
    return "; ".join(
        chamar(documento, origem, ", ".join(d.id for d in docs))
        for (documento, origem), docs in juntos
    )
