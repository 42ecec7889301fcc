"""The commands of alerts: who is told of what, what was announced, and its delivery."""

from __future__ import annotations

import sys
from datetime import datetime, time
from typing import Any

import click

from estoque_pg.avisos.entregador import Entregador
from estoque_pg.avisos.falhas import NaoEntregue
from estoque_pg.avisos.inscricao import de_que, motivo, quando
from estoque_pg.avisos.mensagem import causa_em_palavras
from estoque_pg.cli import tabela
from estoque_pg.cli.base import (
    Banco,
    Grupo,
    avisar,
    campo,
    com_banco,
    com_formato,
    com_json,
    contar,
    escrever,
    escrever_json,
    escrever_linha,
    escrever_linhas,
    tabular,
)
from estoque_pg.cli.codigos import completar
from estoque_pg.cli.entrega import entregador
from estoque_pg.cli.trabalhador import ate_o_sinal
from estoque_pg.erros import ErroEstoque, SemPermissao
from estoque_pg.idioma import INGLES, PORTUGUES, t, tn
from estoque_pg.perguntas.avisos import (
    FUSO,
    TIPOS,
    EntregaMorta,
    EntregaPendente,
    Inscricao,
    Transicao,
)


@click.group(cls=Grupo)
def avisos() -> None:
    """Tell people and programs when products run out, sooner, later or no longer.

    The minute job announces what changed since it last looked; `estoque worker` and `estoque avisos
    entregar` deliver it to those subscribed.
    """


def _hora(contexto: click.Context, parametro: click.Parameter, texto: str | None) -> time | None:
    if texto is None:
        return None
    try:
        return datetime.strptime(texto, "%H:%M").time()
    except ValueError:
        raise click.BadParameter(t("write the hour as 07:00")) from None


@avisos.command()
@click.option("--email", metavar="ADDRESS", help="By e-mail.")
@click.option("--webhook", metavar="URL", help="To a webhook, signed.")
@click.option("--apprise", metavar="URL", help="To an address of Apprise: Telegram, Slack, Teams.")
@click.option("--segredo", metavar="SECRET", help="Of a webhook, whsec_...; else one is made.")
@click.option(
    "--produto",
    "produtos",
    metavar="CODIGO",
    multiple=True,
    shell_complete=completar,
    help="Of this product only; may be given several times.",
)
@click.option("--prefixo", metavar="TEXT", help="Of products whose code begins so.")
@click.option("--responsavel", metavar="NAME", help="Of products that this person looks after.")
@click.option(
    "--tipo",
    "tipos",
    type=click.Choice(list(TIPOS)),
    multiple=True,
    help="Of this type only; may be given several times.",
)
@click.option(
    "--resumo", metavar="HH:MM", callback=_hora, help="One message a day instead, at this hour."
)
@click.option(
    "--idioma",
    type=click.Choice([PORTUGUES, INGLES]),
    default=PORTUGUES,
    show_default=True,
    help="Language of the messages.",
)
@click.option(
    "--fuso", default=FUSO, show_default=True, metavar="NAME", help="Time zone of that hour."
)
@com_banco
@com_json
def inscrever(
    email: str | None,
    webhook: str | None,
    apprise: str | None,
    produtos: tuple[str, ...],
    tipos: tuple[str, ...],
    resumo: time | None,
    banco: Banco,
    em_json: bool,
    **mais: Any,
) -> None:
    """Subscribe an address to what changes of ruptures and minimums.

    All conditions given have to hold together. The secret of a webhook is shown now and never
    again.

    \b
    Examples:
      estoque avisos inscrever --email compras@empresa.example --responsavel Ana
      estoque avisos inscrever --webhook https://erp.example/estoque --tipo apareceu
      estoque avisos inscrever --email diretoria@empresa.example --resumo 07:00
    """
    destinos = {"email": email, "webhook": webhook, "apprise": apprise}
    dados = [(canal, destino) for canal, destino in destinos.items() if destino is not None]
    if len(dados) != 1:
        raise click.UsageError(t("give one of --email, --webhook, --apprise"))
    [(canal, destino)] = dados
    with banco.api() as api:
        nova = api.inscrever(
            canal,
            destino,
            produtos=produtos or None,
            tipos=tipos or None,
            resumo_as=resumo,
            **mais,
        )
    if em_json:
        escrever_linha(nova)
        return
    escrever(t("subscription {id} made", id=nova.id))
    if nova.segredo is not None:
        campo(t("secret"), nova.segredo)
        avisar(t("keep the secret: it is not shown again"))


@avisos.command()
@com_banco
@com_formato
def listar(banco: Banco, em_json: bool) -> None:
    """List the subscriptions, without their secrets.

    \b
    Example:
      estoque avisos listar
    """
    with banco.api() as api:
        inscricoes = api.inscricoes()
    if em_json:
        escrever_linhas(Inscricao, inscricoes)
        return
    if inscricoes:
        tabular(
            [t("no."), t("destination"), t("of"), t("when"), t("waiting"), t("given up")],
            [[i.id, i.destino, de_que(i), quando(i), i.pendentes, i.mortas] for i in inscricoes],
        )
    avisar(contar(len(inscricoes), "subscription"))


@avisos.command()
@click.argument("numero", type=int)
@com_banco
@com_json
def pausar(numero: int, banco: Banco, em_json: bool) -> None:
    """Let a subscription rest: nothing is told until `estoque avisos retomar`.

    What waits for it is given up; `estoque avisos reenviar` takes it up again.

    \b
    Example:
      estoque avisos pausar 3
    """
    with banco.api() as api:
        havia = api.pausar_inscricao(numero)
    if em_json:
        escrever_json({"pausada": havia})
    elif havia:
        escrever(t("subscription {id} paused", id=numero))
    if not havia:
        raise _sem_inscricao(numero)


@avisos.command()
@click.argument("numero", type=int)
@com_banco
@com_json
def retomar(numero: int, banco: Banco, em_json: bool) -> None:
    """Take up a subscription that was paused, or that its destination had ended.

    \b
    Example:
      estoque avisos retomar 3
    """
    with banco.api() as api:
        havia = api.pausar_inscricao(numero, False)
    if em_json:
        escrever_json({"retomada": havia})
    elif havia:
        escrever(t("subscription {id} goes on", id=numero))
    if not havia:
        raise _sem_inscricao(numero)


@avisos.command()
@click.argument("numero", type=int)
@com_banco
@com_json
def cancelar(numero: int, banco: Banco, em_json: bool) -> None:
    """Remove a subscription, and what was to be delivered to it.

    \b
    Example:
      estoque avisos cancelar 3
    """
    with banco.api() as api:
        havia = api.cancelar_inscricao(numero)
    if em_json:
        escrever_json({"cancelada": havia})
    elif havia:
        escrever(t("subscription {id} removed", id=numero))
    if not havia:
        raise _sem_inscricao(numero)


def _sem_inscricao(numero: int) -> ErroEstoque:
    return ErroEstoque(
        t("there is no subscription {id}", id=numero), t("`estoque avisos listar` names them")
    )


@avisos.command()
@click.argument("numero", type=int)
@com_banco
def testar(numero: int, banco: Banco) -> None:
    """Send a test message to a subscription, and say whether it was taken.

    \b
    Example:
      estoque avisos testar 3
    """
    falhas: list[NaoEntregue] = []
    quem = Entregador(
        banco.api, dizer=lambda entrega, falha: falhas.append(falha) if falha else None
    )
    with banco.api() as api:
        entrega = api.testar_inscricao(numero)
        if entrega is None:
            raise _sem_inscricao(numero)
        try:
            enviada = quem.uma(api, entrega)
        except SemPermissao:
            enviada = False  # who may subscribe need not be who delivers
    if falhas:
        raise ErroEstoque(
            t("not delivered: {motivo}", motivo=falhas[0].motivo),
            t("it is tried again where `estoque avisos entregar` or `estoque worker` runs"),
        )
    if enviada:
        escrever(t("delivered"))
    else:
        escrever(t("waiting for who delivers by this channel: this session cannot"))


@avisos.command()
@click.option("--uma-vez", is_flag=True, help="Deliver what is due, and end.")
@click.option(
    "--reserva",
    type=click.FloatRange(0, 86400, min_open=True),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="After which another takes up what this one began.",
)
@click.option(
    "--prazo",
    type=click.FloatRange(0, 3600, min_open=True),
    default=20,
    show_default=True,
    metavar="SECONDS",
    help="How long an attempt may take.",
)
@click.option(
    "--espera",
    type=click.FloatRange(0, 3600, min_open=True),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="Before the second attempt; doubles from one to the next.",
)
@com_banco
def entregar(uma_vez: bool, reserva: float, prazo: float, espera: float, banco: Banco) -> None:
    """Announce what changed, and deliver it, until SIGINT or SIGTERM.

    ESTOQUE_SMTP names the mail server, smtp://user:password@host:587 or smtps://, and
    ESTOQUE_REMETENTE the sender; addresses of Apprise need what `pip install apprise` installs.
    What this one cannot send is left to others. Any number may run side by side.

    \b
    Examples:
      estoque avisos entregar --dsn "dbname=erp"
      estoque avisos entregar --uma-vez
    """
    if prazo >= reserva:
        raise click.UsageError(t("--reserva has to be longer than --prazo"))
    quem = entregador(banco, reserva=reserva, prazo=prazo, base=espera)
    if uma_vez:
        avisar(contar(quem.uma_vez(), "attempt"))
        return
    escrever(t("delivering by {canais}", canais=", ".join(quem.canais)))
    sys.stdout.flush()
    with ate_o_sinal(quem.fim):
        quem.ciclo()
    avisar(t("deliverer ended"))


@avisos.command()
@com_banco
@com_formato
def pendentes(banco: Banco, em_json: bool) -> None:
    """List the deliveries that wait, the oldest 100, and what the last attempt met with.

    \b
    Example:
      estoque avisos pendentes
    """
    with banco.api() as api:
        entregas = api.entregas_pendentes()
    if em_json:
        escrever_linhas(EntregaPendente, entregas)
        return
    if entregas:
        tabular(
            [t("no."), t("destination"), t("product"), t("what"), t("tries"), t("next"),
             t("error")],
            [
                [e.id, e.destino, e.cod_produto, e.tipo and t(TIPOS[e.tipo]), e.tentativas,
                 f"{e.proxima_em.astimezone():%d/%m %H:%M:%S}", motivo(e.erro)]
                for e in entregas
            ],
        )  # fmt: skip
    avisar(tn("{n} delivery waits", "{n} deliveries wait", len(entregas),
              n=tabela.numero(len(entregas))))  # fmt: skip


@avisos.command()
@com_banco
@com_formato
def mortas(banco: Banco, em_json: bool) -> None:
    """List the deliveries that were given up, and why.

    \b
    Example:
      estoque avisos mortas
    """
    with banco.api() as api:
        entregas = api.entregas_mortas()
    if em_json:
        escrever_linhas(EntregaMorta, entregas)
        return
    if entregas:
        tabular(
            [t("no."), t("destination"), t("product"), t("what"), t("tries"), t("error")],
            [
                [
                    e.id,
                    e.destino,
                    e.cod_produto,
                    e.tipo and t(TIPOS[e.tipo]),
                    e.tentativas,
                    motivo(e.erro),
                ]
                for e in entregas
            ],
        )
    avisar(tn("{n} delivery given up", "{n} deliveries given up", len(entregas),
              n=tabela.numero(len(entregas))))  # fmt: skip


@avisos.command()
@click.argument("numero", type=int, required=False)
@click.option("--todas", is_flag=True, help="All, but of subscriptions that rest or ended.")
@click.option("--inscricao", type=int, metavar="N", help="All of this subscription.")
@com_banco
@com_json
def reenviar(
    numero: int | None, todas: bool, inscricao: int | None, banco: Banco, em_json: bool
) -> None:
    """Take up again a delivery that was given up, or many at once.

    They are tried at once, and arrive after what their products were told meanwhile, under the keys
    they always had.

    \b
    Examples:
      estoque avisos reenviar 17
      estoque avisos reenviar --inscricao 3
      estoque avisos reenviar --todas
    """
    if (numero is not None) + todas + (inscricao is not None) != 1:
        raise click.UsageError(t("give a number, or one of --todas, --inscricao"))
    if numero is None:
        with banco.api() as api:
            quantas = api.reenviar_mortas(inscricao)
        if em_json:
            escrever_json({"reenviadas": quantas})
        else:
            escrever(
                tn("{n} delivery is tried again", "{n} deliveries are tried again", quantas,
                   n=tabela.numero(quantas))
            )  # fmt: skip
        return
    with banco.api() as api:
        havia = api.reenviar(numero)
    if em_json:
        escrever_json({"reenviada": havia})
    elif havia:
        escrever(t("delivery {n} is tried again", n=numero))
    if not havia:
        raise _nao_morta(numero)


@avisos.command()
@click.argument("numero", type=int)
@com_banco
@com_json
def descartar(numero: int, banco: Banco, em_json: bool) -> None:
    """Forget a delivery that was given up.

    \b
    Example:
      estoque avisos descartar 17
    """
    with banco.api() as api:
        havia = api.descartar_entrega(numero)
    if em_json:
        escrever_json({"descartada": havia})
    elif havia:
        escrever(t("delivery {n} is forgotten", n=numero))
    if not havia:
        raise _nao_morta(numero)


def _nao_morta(numero: int) -> ErroEstoque:
    return ErroEstoque(
        t("no delivery {n} was given up", n=numero), t("`estoque avisos mortas` names them")
    )


@avisos.command()
@click.option(
    "--desde",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]),
    metavar="MOMENT",
    help="Since then, as 2025-08-07 or 2025-08-07T14:30.  [default: 7 days ago]",
)
@click.option(
    "--limite",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    metavar="N",
    help="How many at most.",
)
@com_banco
@com_formato
def transicoes(desde: datetime | None, limite: int, banco: Banco, em_json: bool) -> None:
    """List what changed of ruptures and minimums, newest first.

    \b
    Examples:
      estoque avisos transicoes
      estoque avisos transicoes --desde 2025-08-01 --json
    """
    with banco.api() as api:
        achadas = api.transicoes(desde and desde.astimezone(), limite)
    if em_json:
        escrever_linhas(Transicao, achadas)
        return
    if achadas:
        tabular(
            [t("announced"), t("product"), t("name"), t("what"), t("was"), t("is"), t("lacks"),
             t("cause")],
            [
                [f"{x.em.astimezone():%d/%m %H:%M:%S}", x.cod_produto, x.nome_produto,
                 t(TIPOS[x.tipo]), x.dia_antes, x.dia_depois, x.falta_depois,
                 causa_em_palavras(x.causa)]
                for x in achadas
            ],
        )  # fmt: skip
    avisar(contar(len(achadas), "transition"))
