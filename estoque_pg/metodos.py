"""The one list of methods, which the synchronous and the asynchronous API share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from estoque_pg.erros import ArgumentoInvalido
from estoque_pg.idioma import marcar, t
from estoque_pg.perguntas import (
    avisos,
    busca,
    cobertura,
    conferencia,
    documentos,
    grupos,
    incoerencias,
    operacao,
    planejamento,
    projecoes,
    regras,
    saldos,
    totais,
)
from estoque_pg.perguntas.base import Pergunta

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Sincrona:
    """An API that answers at once."""

    def responder(self, pergunta: Pergunta[T]) -> T:
        """Carry a question out."""
        raise NotImplementedError


class Assincrona:
    """An API whose answers are awaited."""

    async def responder(self, pergunta: Pergunta[T]) -> T:
        """Carry a question out."""
        raise NotImplementedError


class Metodo(Generic[P, T]):
    """Makes a method of a question: its arguments, its docstring, and its answer or a wait for it.

    What `Metodos` holds is this; what an API gives for it is an ordinary function or coroutine
    function, bound as methods are.
    """

    def __init__(self, perguntar: Callable[P, Pergunta[T]]) -> None:
        def metodo(self: Sincrona, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return self.responder(perguntar(*args, **kwargs))

        async def metodo_async(self: Assincrona, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return await self.responder(perguntar(*args, **kwargs))

        self.perguntar = perguntar
        self.__doc__ = perguntar.__doc__
        self._sincrono = _vestir(metodo, perguntar)
        self._assincrono = _vestir(metodo_async, perguntar)

    @overload
    def __get__(self, api: Sincrona, classe: type) -> Callable[P, T]: ...

    @overload
    def __get__(self, api: Assincrona, classe: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    @overload
    def __get__(
        self, api: None, classe: type[Sincrona]
    ) -> Callable[Concatenate[Sincrona, P], T]: ...

    @overload
    def __get__(
        self, api: None, classe: type[Assincrona]
    ) -> Callable[Concatenate[Assincrona, P], Coroutine[Any, Any, T]]: ...

    def __get__(self, api: Any, classe: type) -> Any:
        funcao = self._assincrono if issubclass(classe, Assincrona) else self._sincrono
        return funcao if api is None else funcao.__get__(api)


def _vestir(metodo: F, perguntar: Callable[..., Pergunta[Any]]) -> F:
    """Give a method the name, docstring and signature of its question."""
    assinatura = inspect.signature(perguntar)
    eu = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    vars(metodo)["__signature__"] = assinatura.replace(
        parameters=[eu, *assinatura.parameters.values()],
        return_annotation=assinatura.return_annotation.removeprefix("Pergunta[")[:-1],
    )
    metodo.__name__ = metodo.__qualname__ = perguntar.__name__
    metodo.__module__ = perguntar.__module__
    metodo.__doc__ = perguntar.__doc__
    return metodo


class Metodos:
    """Every question that is a method. Each is one round trip, and raises `ErroEstoque`.

    Those named `consultar_*` and `get_*` return JSON-ready dictionaries, the others typed rows
    and values.
    """

    consultar_workspace = Metodo(saldos.consultar_workspace)
    consultar_produto = Metodo(saldos.consultar_produto)
    consultar_rupturas = Metodo(saldos.consultar_rupturas)
    consultar_projecao = Metodo(projecoes.consultar_projecao)
    consultar_disponibilidade = Metodo(projecoes.consultar_disponibilidade)
    get_estatisticas = Metodo(totais.get_estatisticas)

    produtos = Metodo(saldos.produtos)
    produto = Metodo(saldos.produto)
    atrasado = Metodo(saldos.atrasado)
    rupturas = Metodo(saldos.rupturas)
    negativos = Metodo(saldos.negativos)
    em_risco = Metodo(saldos.em_risco)
    acompanhar = Metodo(saldos.acompanhar)
    completar = Metodo(saldos.completar)
    codigo_canonico = Metodo(saldos.codigo_canonico)

    projecao = Metodo(projecoes.projecao)
    projecao_completa = Metodo(projecoes.projecao_completa)
    disponibilidade = Metodo(projecoes.disponibilidade)
    documentos = Metodo(documentos.documentos)
    explicar = Metodo(planejamento.explicar)
    causas = Metodo(planejamento.causas)
    simular = Metodo(planejamento.simular)
    projecao_simulada = Metodo(planejamento.projecao_simulada)
    prometer = Metodo(planejamento.prometer)
    abaixo_do_minimo = Metodo(planejamento.abaixo_do_minimo)
    definir_regra = Metodo(regras.definir_regra)
    responsaveis = Metodo(regras.responsaveis)
    regra = Metodo(regras.regra)
    regras = Metodo(regras.regras)
    incoerencias = Metodo(incoerencias.incoerencias)
    cobertura = Metodo(cobertura.cobertura)
    buscar = Metodo(busca.buscar)

    transicoes = Metodo(avisos.transicoes)
    anunciar = Metodo(avisos.anunciar)
    inscrever = Metodo(avisos.inscrever)
    inscricoes = Metodo(avisos.inscricoes)
    cancelar_inscricao = Metodo(avisos.cancelar_inscricao)
    pausar_inscricao = Metodo(avisos.pausar_inscricao)
    testar_inscricao = Metodo(avisos.testar_inscricao)
    entregas_pendentes = Metodo(avisos.entregas_pendentes)
    entregas_mortas = Metodo(avisos.entregas_mortas)
    reenviar = Metodo(avisos.reenviar)
    reenviar_mortas = Metodo(avisos.reenviar_mortas)
    descartar_entrega = Metodo(avisos.descartar_entrega)

    estatisticas = Metodo(totais.estatisticas)
    hoje = Metodo(totais.hoje)

    verificar = Metodo(conferencia.verificar)
    contagem = Metodo(conferencia.contagem)
    recalcular = Metodo(conferencia.recalcular)
    recalcular_produto = Metodo(conferencia.recalcular_produto)
    recalcular_tudo = Metodo(conferencia.recalcular_tudo)
    minuto = Metodo(conferencia.minuto)
    fallback = Metodo(conferencia.fallback)
    configurar = Metodo(conferencia.configurar)

    resumo = Metodo(operacao.resumo)
    gatilhos = Metodo(operacao.gatilhos)
    alterados = Metodo(operacao.alterados)
    desajustes = Metodo(operacao.desajustes)
    execucoes = Metodo(operacao.execucoes)
    correcoes = Metodo(operacao.correcoes)
    falhas = Metodo(operacao.falhas)
    tarefa = Metodo(operacao.tarefa)
    vigiar = Metodo(operacao.vigiar)
    conceder = Metodo(operacao.conceder)


class MetodosDoGrupo:
    """What is asked of all companies of a group at once; each is one round trip."""

    rupturas = Metodo(grupos.rupturas_do_grupo)
    estatisticas = Metodo(grupos.estatisticas_do_grupo)
    saldos = Metodo(grupos.saldos_do_grupo)
    empresas = Metodo(grupos.empresas)


def perguntas_com_metodo() -> dict[str, Callable[..., Pergunta[Any]]]:
    """Return the question behind each method, in the order of the list."""
    return {n: m.perguntar for n, m in vars(Metodos).items() if isinstance(m, Metodo)}


# What is taken for a connection by mistake, by the package it is of, and what to do instead.
_ENGANOS = {
    "psycopg2": marcar(
        "connect with psycopg 3 (SQLAlchemy: postgresql+psycopg://), or call the SQL functions over"
        " what you have, in SQLAlchemy through text(): see docs/ecossistema.md"
    ),
    "sqlalchemy": marcar(
        "give the driver's own connection, which has to be of psycopg 3:"
        " session.connection().connection.driver_connection"
    ),
    "django": marcar(
        "give connection.connection, after connection.ensure_connection(), on psycopg 3"
    ),
}


def exigir_banco(banco: object, conexao: type) -> None:
    """Raise ArgumentoInvalido for what is neither a connection of that class nor a pool."""
    pool = all(callable(getattr(banco, metodo, None)) for metodo in ("check", "connection"))
    if not isinstance(banco, conexao) and not pool:
        tipo = type(banco)
        dica = _ENGANOS.get(tipo.__module__.partition(".")[0])
        raise ArgumentoInvalido(
            t(
                "banco must be a psycopg.{classe} or a pool of them, not {tipo}",
                classe=conexao.__name__,
                tipo=f"{tipo.__module__}.{tipo.__qualname__}".removeprefix("builtins."),
            ),
            dica=t(dica) if dica else None,
        )
