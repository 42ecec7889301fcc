"""What is drawn, and what the keys do.

curses, of the standard library: it knows the terminal, restores it whatever happens, and handles
resizing and Ctrl-Z by itself.
"""

from __future__ import annotations

import contextlib
import locale
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from estoque_pg import tabela
from estoque_pg.cli.acompanhar.observador import Aberto, Observador, Visto
from estoque_pg.cli.base import saldo
from estoque_pg.cli.colunas import Colunas
from estoque_pg.cli.ficha import ficha, previsoes
from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import marcar, t
from estoque_pg.leitura import simples
from estoque_pg.perguntas.documentos import Documento
from estoque_pg.perguntas.saldos import Acompanhado
from estoque_pg.relogio import fuso
from estoque_pg.tabela import Marcado

if TYPE_CHECKING:
    from curses import window

ESCAPE, ENTER, APAGAR = 27, (10, 13), (8, 127)
AJUDA = (
    ("↑ ↓ k j", marcar("move by a line")),
    ("PgUp PgDn", marcar("move by a page, as does the space bar")),
    ("Home End", marcar("go to the first or the last line")),
    ("Enter →", marcar("open the product of the line, with its documents")),
    ("Esc ←", marcar("back; in the list: show all products again")),
    ("/", marcar("show only products whose code or name contains what is typed")),
    ("?", marcar("this help")),
    ("q", marcar("end, as does Ctrl-C")),
)


def mostrar(observador: Observador) -> None:
    """Draw on the terminal until q; raises what ended the asking."""
    import curses  # where Python was built without it, the other commands still work

    # curses draws in the encoding of the locale; one that is not installed is no reason to fail.
    for nome in ("", "C.UTF-8"):
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, nome)
            break
    os.environ.setdefault("ESCDELAY", "25")  # ms: how long Esc waits for the rest of an arrow key
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


# -- what is shown ------------------------------------------------------------------------------


def colunas_da_lista(
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


def filtrar(acompanhados: Sequence[Acompanhado], filtro: str) -> list[Acompanhado]:
    """Return those whose code or name contains the text, whatever its accents and capitals."""
    procurado = simples(filtro)
    return [
        s
        for s in acompanhados
        if any(
            procurado in simples(valor)
            for valor in (s.codigo_consultado, s.cod_produto, s.nome_produto)
            if valor is not None
        )
    ]


@dataclass(frozen=True)
class Pagina:
    """Lines of a screen: those that stay on top, and those that move under them."""

    fixas: list[str]
    rolam: list[str]


def pagina_do_produto(aberto: Aberto, largura: int) -> Pagina:
    """Return a product as it stands, and its documents; its days where they may not be read."""
    if aberto.produto is None:
        return Pagina([tabela.limpo(aberto.codigo), "", t("(no longer known)")], [])
    fixas = [*ficha(aberto.produto, aberto.hoje, True), ""]
    if aberto.documentos is None:
        titulos, linhas = previsoes(aberto.produto, aberto.atrasado)
        fixas.append(t("this role may not read documents: the days instead"))
    elif aberto.documentos:
        titulos, linhas = DOCUMENTOS.tabela(aberto.documentos)
    else:
        titulos, linhas = [], []
        fixas.append(t("no open documents"))
    if not linhas:
        return Pagina(fixas, [])
    cabeca, regua, *resto = tabela.tabela(titulos, linhas, True, largura).splitlines()
    return Pagina([*fixas, cabeca, regua], resto)


DOCUMENTOS = Colunas(
    Documento, ("dia", "origem", "id", "documento", "entrada", "saida", "saldo", "situacao")
)


def _hora(momento: float) -> str:
    return f"{time.strftime('%H:%M:%S', time.localtime(momento))} {fuso()}"


# -- the screen ---------------------------------------------------------------------------------


class Tela:
    """Draws a state, and only when it, the terminal's size or what the keys did is another."""

    def __init__(self, janela: window, observador: Observador) -> None:
        import curses

        self.curses = curses
        self.janela = janela
        self.observador = observador
        self.topo = 0  # the first line shown, of those that move
        self.marca = 0  # the line of the list that Enter opens
        self.aberto: str | None = None  # the code of the product that is open
        self.voltar_a = (0, 0)  # topo and marca of the list, meanwhile
        self.filtro = ""
        self.digitando = False  # the filter
        self.ajuda = False
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
            visto = self.observador.visto
            if self._estado(visto) != mostrado:
                self._desenhar(visto)
                mostrado = self._estado(visto)
            try:
                tecla = self.janela.get_wch()
            except self.curses.error:  # nothing was typed
                continue
            if tecla == self.curses.KEY_RESIZE:
                mostrado = None  # Ctrl-Z and fg end here too
            elif not self._obedecer(tecla if isinstance(tecla, int) else ord(tecla)):
                return

    def _estado(self, visto: Visto) -> object:
        onde = (self.topo, self.marca, self.aberto, self.filtro, self.digitando, self.ajuda)
        return (visto, self.janela.getmaxyx(), onde)

    # -- keys -----------------------------------------------------------------------------------

    def _obedecer(self, tecla: int) -> bool:
        """Do what a key asks for; whether to go on."""
        if self.digitando:
            self._digitar(tecla)
        elif tecla in (ord("q"), ord("Q")):
            return False
        elif self.ajuda:
            self.ajuda = False
        elif tecla == ord("?"):
            self.ajuda = True
        elif tecla in (ESCAPE, self.curses.KEY_LEFT, self.curses.KEY_BACKSPACE, *APAGAR):
            self._voltar()
        elif self.aberto is None and tecla == ord("/"):
            self.digitando = True
        elif self.aberto is None and tecla in (
            self.curses.KEY_ENTER, self.curses.KEY_RIGHT, *ENTER
        ):  # fmt: skip
            self._abrir()
        else:
            self._mover(tecla)
        return True

    def _digitar(self, tecla: int) -> None:
        if tecla in (self.curses.KEY_ENTER, *ENTER):
            self.digitando = False
        elif tecla == ESCAPE:
            self.digitando, self.filtro = False, ""
        elif tecla in (self.curses.KEY_BACKSPACE, *APAGAR):
            self.filtro = self.filtro[:-1]
        elif tecla < self.curses.KEY_MIN and chr(tecla).isprintable():
            self.filtro += chr(tecla)
            self.topo = self.marca = 0
        elif tecla >= self.curses.KEY_MIN:  # arrows: what was typed is meant
            self.digitando = False
            self._mover(tecla)

    def _abrir(self) -> None:
        if lista := self._lista(self.observador.visto):
            self.voltar_a = self.topo, self.marca
            self.aberto, self.topo = lista[min(self.marca, len(lista) - 1)].codigo_consultado, 0
            self.observador.abrir(self.aberto)

    def _voltar(self) -> None:
        if self.aberto is not None:
            self.aberto = None
            self.topo, self.marca = self.voltar_a
            self.observador.abrir(None)
        else:
            self.filtro = ""

    def _mover(self, tecla: int) -> None:
        c = self.curses
        pagina = max(self._cabem() - 1, 1)
        passos = {c.KEY_UP: -1, c.KEY_DOWN: 1, ord("k"): -1, ord("j"): 1, c.KEY_PPAGE: -pagina,
                  c.KEY_NPAGE: pagina, ord(" "): pagina, c.KEY_HOME: -(10**9),
                  c.KEY_END: 10**9}  # fmt: skip
        # Lines move along with the mark as long as there are more of them.
        self.topo += passos.get(tecla, 0)
        self.marca += passos.get(tecla, 0)

    def _limitar(self, total: int) -> None:
        self.topo = max(min(self.topo, total - self._cabem()), 0)
        if self.aberto is None:
            ultima = min(self.topo + self._cabem(), total) - 1
            self.marca = max(min(self.marca, ultima), self.topo)

    # -- drawing --------------------------------------------------------------------------------

    def _lista(self, visto: Visto) -> list[Acompanhado]:
        return filtrar(visto.acompanhados, self.filtro) if self.filtro else visto.acompanhados

    def _cabem(self) -> int:
        return max(int(self.janela.getmaxyx()[0]) - self._fixas - 1, 0)

    _fixas = 4  # lines above those that move: in the list title, blank, column titles, rule

    def _desenhar(self, visto: Visto) -> None:
        altura, largura = self.janela.getmaxyx()
        pagina = self._pagina(visto, largura - 1)
        self._fixas = len(pagina.fixas)
        self._limitar(len(pagina.rolam))
        self.janela.erase()
        for y, linha in enumerate([*pagina.fixas, *pagina.rolam[self.topo :]]):
            if y < altura - 1:
                marcada = y - self._fixas + self.topo == self.marca and y >= self._fixas
                self._linha(y, linha, marcada and self.aberto is None and not self.ajuda)
        self._linha(altura - 1, self._rodape(visto, len(pagina.rolam)))
        self.janela.refresh()

    def _pagina(self, visto: Visto, largura: int) -> Pagina:
        if self.ajuda:
            return Pagina([], [f"{teclas:<11} {t(o_que)}" for teclas, o_que in AJUDA])
        if self.aberto is not None:
            if visto.aberto is None or visto.aberto.codigo != self.aberto:
                return Pagina([tabela.limpo(self.aberto)], [])  # asked for, not yet answered
            return pagina_do_produto(visto.aberto, largura)
        lista = self._lista(visto)
        titulo = f"\x1b[1m{self._titulo(visto, lista)}\x1b[0m"
        if not lista:
            nada = t("nothing contains {texto}", texto=self.filtro) if self.filtro else (
                self.observador.alvo.nada
            )  # fmt: skip
            return Pagina([titulo, "", tabela.limpo(nada)], [])
        texto = tabela.tabela(*colunas_da_lista(lista, visto.mudou), True, largura)
        titulos, regua, *linhas = texto.splitlines()
        return Pagina([titulo, "", titulos, regua], linhas)

    def _titulo(self, visto: Visto, lista: Sequence[Acompanhado]) -> str:
        alvo = self.observador.alvo
        titulo = alvo.titulo
        if not alvo.codigos:
            titulo = f"{titulo}: {tabela.numero(len(visto.acompanhados))}"
        if self.filtro:
            achados = t("{n} with {texto}", n=tabela.numero(len(lista)), texto=self.filtro)
            titulo = f"{titulo}; {tabela.limpo(achados)}"
        return titulo

    def _rodape(self, visto: Visto, total: int) -> str:
        if self.digitando:
            return f"/{tabela.limpo(self.filtro)}█"
        teclas = t("? help") + "   " + t("q ends")
        if self.aberto is not None:
            teclas = t("Esc back") + "   " + teclas
        if visto.fora_desde is not None:
            hora = _hora(visto.fora_desde)
            fora = t("the database has been away since {hora}; trying again", hora=hora)
            return f"\x1b[31m{fora}\x1b[0m   {teclas}"
        hora = _hora(visto.desde)
        cabem = self._cabem()
        onde = ""
        if total > cabem:
            ultimo = min(self.topo + cabem, total)
            onde = t(
                "{primeiro}-{ultimo} of {total}", primeiro=self.topo + 1, ultimo=ultimo, total=total
            )
            onde += "   "
        quieto = t("unchanged since {hora}", hora=hora)
        return f"\x1b[2m{onde}{quieto}   {teclas}\x1b[0m"

    def _linha(self, y: int, texto: str, marcada: bool = False) -> None:
        """Write a line, its colours given as in any terminal, cut at the right edge."""
        c = self.curses
        cabe, x, estilo = int(self.janela.getmaxyx()[1]) - 1, 0, 0
        fundo = c.A_REVERSE if marcada else 0
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
                self.janela.addstr(y, x, parte, estilo | fundo)
            x += tabela.largura_de(parte)
