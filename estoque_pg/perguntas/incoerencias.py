"""Documents that contradict each other: right by the rules, wrong in the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

from estoque_pg.idioma import marcar
from estoque_pg.perguntas.base import Pergunta, linhas
from estoque_pg.perguntas.linha import CodProduto, Coluna, Linha, NomeProduto
from estoque_pg.perguntas.publicacao import Rota, publicada

# What is wrong, by the key that the database gives.
TIPOS: Mapping[str, str] = MappingProxyType(
    {
        "faturado sem movimento": marcar("invoiced without a movement"),
        "movimento sem fatura": marcar("movement without an invoice"),
        "pre-separacao repetida": marcar("pre-separation of a lot that has gone on"),
        "lote faturado em parte": marcar("lot invoiced in part"),
        "lote reutilizado": marcar("lot used again"),
        "separacao repetida": marcar("separation repeated"),
        "estorno repetido": marcar("return repeated"),
        "demanda sem data": marcar("demand without a date"),
        "saida atrasada": marcar("exit overdue"),
        "codigos parecidos": marcar("codes alike"),
    }
)

# What to do, by the key that the database gives; each key belongs to one kind.
O_QUE_FAZER: Mapping[str, str] = MappingProxyType(
    {
        "lancar_movimento": marcar("book the movement of the invoice, or cancel the invoice"),
        "conferir_fatura": marcar("mend the invoice of the shipment, or strike the movement out"),
        "encerrar_pre_separacao": marcar(
            "close the pre-separation: its lot has gone on without it"
        ),
        "faturar_pedido": marcar("invoice the order, or take it out of the lot"),
        "trocar_lote": marcar("give the separation a lot of its own: this one is invoiced"),
        "excluir_repetida": marcar("delete the separations that are there twice"),
        "conferir_estorno": marcar("strike out what was returned once too often"),
        "informar_data": marcar("give the document a date: without one it is not counted"),
        "remarcar_saida": marcar("ship it, move it to another day, or cancel it"),
        "unificar_codigos": marcar("unify the codes, if they are the same product"),
    }
)


@dataclass(frozen=True, slots=True)
class DocumentoCitado(Linha):
    """A document by its source and id; a code by the table that lists the known ones.

    `documento` is what people call it: the order of a separation or pre-separation, the invoice of
    a movement, the invoice of an item of a shipment, its order while it has none.
    """

    origem: Annotated[str, Coluna("")]
    id: Annotated[str, Coluna("")]
    documento: Annotated[str | None, Coluna("")]


@dataclass(frozen=True, slots=True)
class Incoerencia(Linha):
    """A row of `estoque_incoerencias`.

    `quantidade` is hidden or counted twice, None for codes. `o_que_fazer` is a key of
    `O_QUE_FAZER`. `desde` is None for codes and for documents without a date.
    """

    tipo: Annotated[str, Coluna("what is wrong", frases=TIPOS)]
    cod_produto: CodProduto
    nome_produto: NomeProduto
    documentos: Annotated[tuple[DocumentoCitado, ...], Coluna("documents")]
    desde: Annotated[date | None, Coluna("since")]
    quantidade: Annotated[Decimal | None, Coluna("quantity")]
    o_que_fazer: Annotated[str, Coluna("what to do", frases=O_QUE_FAZER)]

    @classmethod
    def de_linha(cls, **colunas: Any) -> Incoerencia:
        """Build it from the columns of the query, whose documents are JSON."""
        documentos = tuple(DocumentoCitado(**d) for d in colunas.pop("documentos"))
        return cls(documentos=documentos, **colunas)


@publicada(
    rota=Rota("incoerencias", "Documents that contradict each other.", "incoerencias"),
)
def incoerencias() -> Pergunta[list[Incoerencia]]:
    """Return the documents that contradict each other, by kind, since when, and product."""
    return linhas(Incoerencia.de_linha, "incoerencias")
