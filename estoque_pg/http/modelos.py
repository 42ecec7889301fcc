"""What goes in and out, as OpenAPI describes it. The answers are made of the row types."""

from __future__ import annotations

import types
from dataclasses import fields
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    create_model,
)

from estoque_pg.idioma import t
from estoque_pg.perguntas.argumentos import MAX_DIAS
from estoque_pg.perguntas.cobertura import Cobertura
from estoque_pg.perguntas.linha import Linha
from estoque_pg.perguntas.planejamento import DiaSimulado, Promessa, Simulado
from estoque_pg.perguntas.regras import RegraVigente
from estoque_pg.perguntas.saldos import Produto

MAX_CODIGOS = 5000
MAX_LINHAS = 10000
MAX_QUANTIDADE = Decimal("999999999999.999")  # what numeric(15,3) holds

# A product code: text, never a number. PostgreSQL has no NUL in text.
Codigo = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
Texto = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
Limite = Annotated[int, Field(ge=0, le=MAX_CODIGOS)]
Dias = Annotated[int, Field(ge=0, le=MAX_DIAS)]
Quantidade = Annotated[
    Decimal,
    Field(gt=0, le=MAX_QUANTIDADE, allow_inf_nan=False),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": float(MAX_QUANTIDADE)}),
]


def _sem_logico(valor: Any) -> Any:
    """Refuse true and false, which would pass for 1 and 0."""
    if isinstance(valor, bool):
        raise ValueError(t("a number is expected"))
    return valor


# The same, where lines are rounded to what is counted before they are added up.
MENOR_QUANTIDADE = Decimal("0.001")
QuantidadeContada = Annotated[
    Decimal,
    Field(ge=MENOR_QUANTIDADE, le=MAX_QUANTIDADE, allow_inf_nan=False, strict=False),
    WithJsonSchema(
        {"type": "number", "minimum": float(MENOR_QUANTIDADE), "maximum": float(MAX_QUANTIDADE)}
    ),
]


class Consulta(BaseModel):
    """The body of /consultar and /cobertura."""

    model_config = ConfigDict(extra="forbid")
    produtos: Annotated[
        list[Codigo], Field(min_length=1, max_length=MAX_CODIGOS, examples=[["P001", "P002"]])
    ]


class Simular(BaseModel):
    """The body of /simular: changes as `estoque_simular` takes them, which checks them."""

    model_config = ConfigDict(extra="forbid")
    mudancas: Annotated[
        list[dict[str, Any]],
        Field(max_length=1000, examples=[[{"acao": "adiar", "dias": 2, "linhas": ["LINHA 3"]}]]),
    ]
    dias: Annotated[Dias, BeforeValidator(_sem_logico)] = 28


class SimularProduto(Simular):
    """The body of /projecao_simulada."""

    codigo: Codigo


class LinhaDoPedido(BaseModel):
    """A line of an order."""

    model_config = ConfigDict(extra="forbid")
    codigo: Codigo
    quantidade: QuantidadeContada


class Prometer(BaseModel):
    """The body of /prometer."""

    model_config = ConfigDict(extra="forbid")
    pedido: Annotated[list[LinhaDoPedido], Field(min_length=1, max_length=MAX_LINHAS)]
    dias: Annotated[Dias, BeforeValidator(_sem_logico)] = 28


NaoNegativa = Annotated[
    Decimal,
    BeforeValidator(_sem_logico),
    Field(ge=0, le=MAX_QUANTIDADE, allow_inf_nan=False),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": float(MAX_QUANTIDADE)}),
]


class DefinirRegra(BaseModel):
    """The body of /regra: what is null or left out stays, what `limpar` names is taken back."""

    model_config = ConfigDict(extra="forbid")
    codigo: Annotated[Codigo | None, Field(description="null: the rule of all others")]
    minimo: NaoNegativa | None = None
    prazo_reposicao: Annotated[Dias | None, BeforeValidator(_sem_logico)] = None
    tolerancia: NaoNegativa | None = None
    responsavel: Texto | None = None
    limpar: list[Literal["minimo", "prazo_reposicao", "tolerancia", "responsavel"]] = []


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


# One for each row, so that two answers with the same rows share its description.
_MODELOS: dict[type[Linha], type[BaseModel]] = {}


def modelo(linha: type[Linha]) -> type[BaseModel]:
    """Make the model of what a row's `como_dict()` gives."""
    if linha not in _MODELOS:
        tipos = get_type_hints(linha)
        publicos = (c.name for c in fields(linha) if c.name not in linha.RESERVADAS)
        campos = {nome: (_em_json(tipos[nome]), ...) for nome in publicos}
        _MODELOS[linha] = _criar(linha.__name__, campos)
    return _MODELOS[linha]


def _em_json(tipo: Any) -> Any:
    """Return the type of a row's field in JSON: floats for quantities, models for rows."""
    if tipo is Decimal:
        return float
    if isinstance(tipo, type) and issubclass(tipo, Linha):
        return modelo(tipo)
    if get_origin(tipo) is tuple:  # of any length
        return list[_em_json(get_args(tipo)[0])]  # type: ignore[misc]
    if get_origin(tipo) in (Union, types.UnionType):
        return Union[tuple(_em_json(t) for t in get_args(tipo))]  # noqa: UP007
    return tipo


def resposta(nome: str, **campos: Any) -> type[BaseModel]:
    """Make the model of an answer: `sucesso`, and what else it says."""
    tipos = {"sucesso": (Literal[True], ...), **{c: (t, ...) for c, t in campos.items()}}
    return _criar(f"Resposta{nome}", tipos)


def _criar(nome: str, campos: dict[str, Any]) -> type[BaseModel]:
    modelo: type[BaseModel] = create_model(nome, __config__=ConfigDict(extra="forbid"), **campos)
    return modelo


RespostaConsultar = resposta(
    "Consultar",
    total=int,
    produtos=list[modelo(Produto)],  # type: ignore[misc]
    nao_encontrados=list[str],
)
RespostaCobertura = resposta(
    "Cobertura",
    total=int,
    produtos=list[modelo(Cobertura)],  # type: ignore[misc]
    nao_encontrados=list[str],
)
RespostaSimular = resposta(
    "Simular",
    total=int,
    produtos=list[modelo(Simulado)],  # type: ignore[misc]
    avisos=list[str],
)
RespostaProjecaoSimulada = resposta(
    "ProjecaoSimulada",
    dias=list[modelo(DiaSimulado)],  # type: ignore[misc]
    avisos=list[str],
)
RespostaPrometer = resposta(
    "Prometer",
    data_conjunta=str | None,
    produtos=list[modelo(Promessa)],  # type: ignore[misc]
)
RespostaRegra = resposta("DefinirRegra", regra=modelo(RegraVigente))
RespostaSaude = resposta("Saude", saude=dict[str, Any])
