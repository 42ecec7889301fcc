"""What goes in and out, as OpenAPI describes it. The answers are made of the row types."""

from __future__ import annotations

import types
from dataclasses import fields
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema, create_model

from estoque_pg.linhas import (
    Disponibilidade,
    Estatisticas,
    Linha,
    Produto,
    ProjecaoCompleta,
    Recalculo,
    Ruptura,
)
from estoque_pg.perguntas import MAX_DIAS

MAX_CODIGOS = 5000
MAX_QUANTIDADE = Decimal("999999999999.999")  # what numeric(15,3) holds

# A product code: text, never a number. PostgreSQL has no NUL in text.
Codigo = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
Dias = Annotated[int, Field(ge=0, le=MAX_DIAS)]
Quantidade = Annotated[
    Decimal,
    Field(gt=0, le=MAX_QUANTIDADE, allow_inf_nan=False),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": float(MAX_QUANTIDADE)}),
]


class Consulta(BaseModel):
    """The body of /consultar."""

    model_config = ConfigDict(extra="forbid")
    produtos: Annotated[
        list[Codigo], Field(min_length=1, max_length=MAX_CODIGOS, examples=[["P001", "P002"]])
    ]


class Erro(BaseModel):
    """What every error answers."""

    model_config = ConfigDict(extra="forbid")
    sucesso: Literal[False]
    erro: str


class ErroDeSaude(BaseModel):
    """What /saude answers when something is wrong; `saude` is null when nothing could be seen."""

    model_config = ConfigDict(extra="forbid")
    sucesso: Literal[False]
    erro: str
    saude: dict[str, Any] | None


def _modelo(linha: type[Linha], sem: str = "") -> type[BaseModel]:
    """Make the model of what a row's `como_dict()` gives."""
    tipos = get_type_hints(linha)
    campos = {c.name: (_em_json(tipos[c.name]), ...) for c in fields(linha) if c.name != sem}
    return _criar(linha.__name__, campos)


def _em_json(tipo: Any) -> Any:
    """Return the type of a row's field in JSON: floats for quantities, models for rows."""
    if tipo is Decimal:
        return float
    if isinstance(tipo, type) and issubclass(tipo, Linha):
        return _modelo(tipo)
    if get_origin(tipo) is tuple:  # of any length
        return list[_em_json(get_args(tipo)[0])]  # type: ignore[misc]
    if get_origin(tipo) in (Union, types.UnionType):
        return Union[tuple(_em_json(t) for t in get_args(tipo))]  # noqa: UP007
    return tipo


def _resposta(nome: str, **campos: Any) -> type[BaseModel]:
    tipos = {"sucesso": (Literal[True], ...), **{c: (t, ...) for c, t in campos.items()}}
    return _criar(f"Resposta{nome}", tipos)


def _criar(nome: str, campos: dict[str, Any]) -> type[BaseModel]:
    modelo: type[BaseModel] = create_model(nome, __config__=ConfigDict(extra="forbid"), **campos)
    return modelo


_produto = _modelo(Produto, sem="codigo_consultado")

RespostaConsultar = _resposta(
    "Consultar",
    total=int,
    produtos=list[_produto],  # type: ignore[valid-type]
    nao_encontrados=list[str],
)
RespostaProduto = _resposta("Produto", produto=_produto)
RespostaRupturas = _resposta(
    "Rupturas",
    dias_analisados=int,
    total_rupturas=int,
    produtos=list[_modelo(Ruptura)],  # type: ignore[misc]
)
RespostaProjecao = _resposta("Projecao", projecao=_modelo(ProjecaoCompleta))
RespostaDisponibilidade = _resposta("Disponibilidade", disponibilidade=_modelo(Disponibilidade))
RespostaEstatisticas = _resposta("Estatisticas", estatisticas=_modelo(Estatisticas))
RespostaRecalcular = _resposta(
    "Recalcular", **{c: f.annotation for c, f in _modelo(Recalculo).model_fields.items()}
)
RespostaSaude = _resposta("Saude", saude=dict[str, Any])
