"""`acompanhar`: a screen that follows the stock as it changes.

curses, of the standard library: it knows the terminal, restores it whatever happens, and handles
resizing and Ctrl-Z by itself. The questions are asked by a thread, so that keys are answered at
once even while the database is away or a lock holds the question up.
"""

from __future__ import annotations

import contextlib
import locale
import os
import re
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click
import psycopg

from estoque_pg.cli import tabela
from estoque_pg.cli.base import (
    Banco,
    avisar,
    com_banco,
    contar,
    escrever,
    saldo,
    tabular,
)
from estoque_pg.cli.codigos import com_codigos, exigir
from estoque_pg.cli.tabela import Marcado
from estoque_pg.erros import ErroConexao, ErroEstoque
from estoque_pg.idioma import t
from estoque_pg.perguntas import saldos
from estoque_pg.perguntas.argumentos import MAX_DIAS
from estoque_pg.perguntas.base import Pergunta
from estoque_pg.perguntas.saldos import Acompanhado, Ruptura
from estoque_pg.relogio import fuso

if TYPE_CHECKING:
    from curses import window

INTERVALO = 1.0  # seconds between two questions, at least
PARTE = 10  # and at least so many times what the question took: a tenth of one server process
CABECALHO = 4  # rows above the first product: title, blank, column titles, rule


@dataclass(frozen=True)
class Alvo:
    """What is followed: the codes given, else the ruptures within `dias` days."""

    codigos: tuple[str, ...]
    dias: int

    @property
    def titulo(self) -> str:
        if self.codigos:
            return contar(len(self.codigos), "product")
        return t("Products that run out {prazo}", prazo=tabela.ate_em(self.dias))

    def perguntar(self) -> Pergunta[list[Acompanhado]]:
        """One statement, as cheap as telling whether anything changed would be."""
        if self.codigos:
            return saldos.acompanhar(self.codigos)
        return saldos.rupturas(self.dias).entao(_das_rupturas)


def _das_rupturas(rupturas: list[Ruptura]) -> list[Acompanhado]:
    return [
        Acompanhado(
            r.cod_produto,
            r.cod_produto,
            r.nome_produto,
            r.estoque_atual,
            r.menor_estoque_d7,
            r.dia_ruptura,
            r.dias_ate_ruptura,
        )
        for r in rupturas
    ]


@click.command()
@com_codigos("[CODIGO]...")
@click.option(
    "--dias",
    type=click.IntRange(0, MAX_DIAS),
    metavar="N",
    help="How many days to look ahead for ruptures.  [default: 7]",
)
@com_banco
def acompanhar(codigos: tuple[str, ...], dias: int | None, banco: Banco) -> None:
    """Follow the stock on a screen, as data change.

    The products that run out soon or, where codes are given, those products. What the last
    change touched is bold. Arrows and page keys scroll; q or Ctrl-C ends it. It asks once a
    second, and survives a restart of the database. Where the output is no terminal, it prints
    the state once.

    \b
    Examples:
      estoque acompanhar
      estoque acompanhar --dias 14
      estoque acompanhar P001 P002
    """
    if codigos and dias is not None:
        raise click.UsageError(t("--dias is for ruptures: give it, or codes, not both"))
    alvo = Alvo(tuple(dict.fromkeys(codigos)), 7 if dias is None else dias)
    # The first question is asked before the screen opens: what is wrong is a line, as ever.
    with banco.conectar() as conn, banco.explicando(conn):
        primeira = banco.responder(conn, alvo.perguntar())
    exigir(codigos, {s.codigo_consultado for s in primeira if s.cod_produto is not None})
    if not sys.stdout.isatty() or not _teclado():
        _mostrar_uma_vez(alvo, primeira)
        return
    observador = Observador(banco, alvo, primeira)
    observador.start()
    try:
        _na_tela(observador)
    finally:
        observador.parar()


def _teclado() -> bool:
    """See to it that keys can be read, also where the codes came through standard input."""
    if sys.stdin.isatty():
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return False
    os.dup2(terminal, 0)
    os.close(terminal)
    return True


# -- what is shown ----------------------------------------------------------------------------


def _colunas(
    acompanhados: Sequence[Acompanhado], mudou: set[str]
) -> tuple[list[str], list[list[Any]]]:
    """Return the table's titles and rows; a row that changed stands out."""
    unificado = any(s.cod_produto not in (None, s.codigo_consultado) for s in acompanhados)
    titulos = [
        t("product"), t("name"), t("balance"), t("lowest D+7"), t("runs out"), t("when")
    ]  # fmt: skip
    linhas = []
    for s in acompanhados:
        quando = None if s.dias_ate_ruptura is None else tabela.em_dias(s.dias_ate_ruptura)
        marca = None
        if s.dia_ruptura is not None:
            marca = Marcado(f"{tabela.MARCA_RUPTURA} {tabela.data(s.dia_ruptura)}")
        saldos = [None if v is None else saldo(v) for v in (s.estoque_atual, s.menor_estoque_d7)]
        nome = s.nome_produto if s.cod_produto is not None else t("(no longer known)")
        linha: list[Any] = [s.cod_produto or s.codigo_consultado, nome, *saldos, marca, quando]
        if unificado:
            linha.insert(0, s.codigo_consultado)
        if s.codigo_consultado in mudou:
            linha = [v if isinstance(v, Marcado) else Marcado(v, tabela.NEGRITO) for v in linha]
        linhas.append(linha)
    return ([t("asked"), *titulos] if unificado else titulos), linhas


def _mostrar_uma_vez(alvo: Alvo, acompanhados: Sequence[Acompanhado]) -> None:
    if acompanhados:
        tabular(*_colunas(acompanhados, set()))
    else:
        escrever(_nada(alvo))
    avisar(t("shown once: this is not a terminal"))


def _hora(momento: float) -> str:
    return f"{time.strftime('%H:%M:%S', time.localtime(momento))} {fuso()}"


def _nada(alvo: Alvo) -> str:
    return t("no product runs out {prazo}", prazo=tabela.ate_em(alvo.dias))


# -- asking -----------------------------------------------------------------------------------


@dataclass(eq=False)
class Visto:
    """What the asking thread found; replaced as a whole, never changed."""

    acompanhados: list[Acompanhado]
    mudou: set[str] = field(default_factory=set)
    desde: float = field(default_factory=time.time)  # of the last change
    fora_desde: float | None = None  # when the database went away
    fim: Exception | None = None  # an error that waiting does not mend


class Observador(threading.Thread):
    """Asks again and again on a connection of its own, and connects again when it is lost."""

    def __init__(self, banco: Banco, alvo: Alvo, primeira: list[Acompanhado]) -> None:
        super().__init__(daemon=True)
        self.banco = banco
        self.alvo = alvo
        self.visto = Visto(primeira)
        self._parar = threading.Event()
        self._conn: psycopg.Connection[Any] | None = None

    def run(self) -> None:
        while not self._parar.is_set():
            try:
                self._observar()
            except ErroConexao:
                if self.visto.fora_desde is None:
                    self._publicar(fora_desde=time.time())
                self._parar.wait(INTERVALO)
            except Exception as erro:  # raised again by whoever watches
                self._publicar(fim=erro)
                return

    def parar(self) -> None:
        """End it, also in the middle of a question that waits for somebody's lock."""
        self._parar.set()
        if (conn := self._conn) is not None:
            with contextlib.suppress(psycopg.Error):
                conn.cancel_safe(timeout=1)
        self.join(3)

    def _observar(self) -> None:
        with self.banco.conectar(paciencia=5) as conn, self.banco.explicando(conn):
            self._conn = conn
            while not self._parar.is_set():
                inicio = time.monotonic()
                self._receber(self.banco.responder(conn, self.alvo.perguntar()))
                levou = time.monotonic() - inicio
                self._parar.wait(max(INTERVALO, levou * PARTE))

    def _receber(self, novas: list[Acompanhado]) -> None:
        velhas = self.visto.acompanhados
        if novas != velhas:
            antes = {s.codigo_consultado: s for s in velhas}
            mudou = {s.codigo_consultado for s in novas if antes.get(s.codigo_consultado) != s}
            self.visto = Visto(novas, mudou)
        elif self.visto.fora_desde is not None:
            self._publicar(fora_desde=None)

    def _publicar(self, **mais: Any) -> None:
        agora = self.visto
        campos = {"mudou": agora.mudou, "desde": agora.desde, "fora_desde": agora.fora_desde}
        self.visto = Visto(agora.acompanhados, **{**campos, **mais})


# -- the screen -------------------------------------------------------------------------------


def _na_tela(observador: Observador) -> None:
    import curses  # where Python was built without it, the other commands still work

    # curses draws in the encoding of the locale; one that is not installed is no reason to fail.
    for nome in ("", "C.UTF-8"):
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, nome)
            break
    try:
        curses.setupterm()
        if not curses.tigetstr("cup"):
            raise curses.error(t("it cannot move its cursor"))
        with contextlib.suppress(KeyboardInterrupt):
            curses.wrapper(lambda janela: Tela(janela, observador).seguir())
    except curses.error as erro:
        raise ErroEstoque(
            t("no screen on this terminal: {erro}", erro=erro), dica=t("check the variable TERM")
        ) from erro
    if observador.visto.fim is not None:
        raise observador.visto.fim


class Tela:
    """Draws a state, and only when it, the terminal's size or the scrolling is another."""

    def __init__(self, janela: window, observador: Observador) -> None:
        import curses

        self.curses = curses
        self.janela = janela
        self.observador = observador
        self.topo = 0  # the first product shown
        self.estilos = {"": 0, "0": 0, tabela.NEGRITO: curses.A_BOLD, tabela.APAGADO: curses.A_DIM}
        if curses.has_colors() and not os.environ.get("NO_COLOR"):
            curses.use_default_colors()
            curses.init_pair(1, curses.COLOR_RED, -1)
            self.estilos[tabela.VERMELHO] = curses.color_pair(1)
        with contextlib.suppress(curses.error):
            curses.curs_set(0)  # not every terminal can hide its cursor
        janela.timeout(100)

    def seguir(self) -> None:
        """Draw until q."""
        mostrado: object = None
        while self.observador.visto.fim is None:
            agora = (self.observador.visto, self.janela.getmaxyx(), self.topo)
            if agora != mostrado:
                self._desenhar(self.observador.visto)
                mostrado = (agora[0], agora[1], self.topo)
            tecla = self.janela.getch()
            if tecla in (ord("q"), ord("Q")):
                return
            self._rolar(tecla)
            if tecla == self.curses.KEY_RESIZE:
                mostrado = None  # Ctrl-Z and fg end here too

    def _rolar(self, tecla: int) -> None:
        c = self.curses
        pagina = max(self._cabem() - 1, 1)
        passos = {c.KEY_UP: -1, c.KEY_DOWN: 1, ord("k"): -1, ord("j"): 1, c.KEY_PPAGE: -pagina,
                  c.KEY_NPAGE: pagina, ord(" "): pagina, c.KEY_HOME: -(10**9),
                  c.KEY_END: 10**9}  # fmt: skip
        self.topo += passos.get(tecla, 0)
        self._limitar(len(self.observador.visto.acompanhados))

    def _cabem(self) -> int:
        return max(int(self.janela.getmaxyx()[0]) - CABECALHO - 1, 0)

    def _limitar(self, total: int) -> None:
        self.topo = max(min(self.topo, total - self._cabem()), 0)

    def _desenhar(self, visto: Visto) -> None:
        altura, largura = self.janela.getmaxyx()
        self._limitar(len(visto.acompanhados))
        self.janela.erase()
        self._linha(0, f"\x1b[1m{self._titulo(visto)}\x1b[0m")
        if visto.acompanhados:
            texto = tabela.tabela(*_colunas(visto.acompanhados, visto.mudou), True, largura - 1)
            titulos, regua, *linhas = texto.splitlines()
            for y, linha in enumerate([titulos, regua, *linhas[self.topo :]], CABECALHO - 2):
                if y < altura - 1:
                    self._linha(y, linha)
        else:
            self._linha(CABECALHO - 2, _nada(self.observador.alvo))
        self._linha(altura - 1, self._rodape(visto))
        self.janela.refresh()

    def _titulo(self, visto: Visto) -> str:
        alvo = self.observador.alvo
        if alvo.codigos:
            return alvo.titulo
        return f"{alvo.titulo}: {tabela.numero(len(visto.acompanhados))}"

    def _rodape(self, visto: Visto) -> str:
        if visto.fora_desde is not None:
            hora = _hora(visto.fora_desde)
            fora = t("the database has been away since {hora}; trying again", hora=hora)
            return f"\x1b[31m{fora}\x1b[0m   {t('q ends')}"
        hora = _hora(visto.desde)
        total, cabem = len(visto.acompanhados), self._cabem()
        onde = ""
        if total > cabem:
            ultimo = min(self.topo + cabem, total)
            onde = t(
                "{primeiro}-{ultimo} of {total}", primeiro=self.topo + 1, ultimo=ultimo, total=total
            )
            onde += "   "
        quieto = t("unchanged since {hora}", hora=hora)
        return f"\x1b[2m{onde}{quieto}   {t('q ends')}\x1b[0m"

    def _linha(self, y: int, texto: str) -> None:
        """Write a line, its colours given as in any terminal, cut at the right edge."""
        c = self.curses
        cabe, x, estilo = int(self.janela.getmaxyx()[1]) - 1, 0, 0
        codificacao = self.janela.encoding
        for i, parte in enumerate(re.split(r"\x1b\[(\d*)m", texto)):
            if i % 2:
                estilo = self.estilos.get(parte, 0)
                continue
            try:
                parte.encode(codificacao)
            except UnicodeEncodeError:
                parte = parte.translate(tabela.ASCII)
                parte = parte.encode(codificacao, "replace").decode(codificacao)
            parte = tabela.cortar(parte, cabe - x)
            # The terminal may have shrunk since it was measured: the next turn draws it again.
            with contextlib.suppress(c.error):
                self.janela.addstr(y, x, parte, estilo)
            x += tabela.largura_de(parte)
