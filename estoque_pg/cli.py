"""The command line: installs the schema, asks the questions, repairs and audits.

Data goes to stdout, everything else to stderr. Exit codes: 0 ok, 1 error, 2 wrong usage,
3 migrations pending or database newer, 4 divergence found, 5 cannot connect.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click
import psycopg
from psycopg import sql

from estoque_pg import __version__, migracoes, tabela
from estoque_pg.api import APIEstoqueTempoReal
from estoque_pg.consultas import CONSULTAS
from estoque_pg.erros import (
    DivergenciaEncontrada,
    ErroConexao,
    ErroEstoque,
    MigracoesPendentes,
    ProdutoDesconhecido,
    traduzir,
)
from estoque_pg.linhas import Produto
from estoque_pg.tabela import Marcado

F = TypeVar("F", bound=Callable[..., Any])


# -- errors -----------------------------------------------------------------------------------


def _relatar(erro: ErroEstoque) -> None:
    """Print one line and the hint, to stderr."""
    vermelho = tabela.colorir("error:", tabela.VERMELHO, _colorido(sys.stderr))
    linhas = [f"{vermelho} {tabela.limpo(erro.mensagem)}"]
    # Misfits, keys and the like: the server gives them line by line.
    linhas += [f"  {tabela.limpo(linha)}" for linha in (erro.detalhe or "").splitlines()]
    if erro.dica:
        linhas.append(f"hint: {tabela.limpo(erro.dica)}")
    _escrever("\n".join(linhas), sys.stderr)


class _Grupo(click.Group):
    """The command group: turns errors into a line and an exit code, survives a closed pipe."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # as they are written below, not by the alphabet

    def invoke(self, ctx: click.Context) -> Any:
        try:
            resultado = super().invoke(ctx)
            sys.stdout.flush()
            return resultado
        except (ErroEstoque, psycopg.Error) as erro:
            nosso = traduzir(erro) if isinstance(erro, psycopg.Error) else erro
            sys.stdout.flush()  # what was found comes before what went wrong
            _relatar(nosso)
            ctx.exit(nosso.saida)
        except OSError as erro:
            # Whatever is left to print has nowhere to go: nothing may be flushed there again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if isinstance(erro, BrokenPipeError):  # the reader (head, less) has what it wanted
                ctx.exit(0)
            _relatar(ErroEstoque(f"cannot write the output: {erro.strerror or erro}"))
            ctx.exit(1)


# -- output -----------------------------------------------------------------------------------


def _colorido(saida: Any) -> bool:
    return bool(
        saida.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def _escrever(texto: str, saida: Any = None) -> None:
    saida = saida or sys.stdout
    try:
        texto.encode(saida.encoding or "utf-8")
    except UnicodeEncodeError:
        codificacao = saida.encoding or "ascii"
        texto = texto.translate(tabela.ASCII).encode(codificacao, "replace").decode(codificacao)
    saida.write(texto + "\n")


def _avisar(texto: str) -> None:
    _escrever(texto, sys.stderr)


def _escrever_json(objeto: Any) -> None:
    _escrever(json.dumps(objeto, ensure_ascii=False, indent=2))


def _largura() -> int | None:
    """Return the width to fit tables into; none when nobody looks."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _conta(n: int, nome: str) -> str:
    return f"{tabela.numero(n)} {nome}{'' if n == 1 else 's'}"


def _tabela(colunas: list[str], linhas: list[list[object]]) -> None:
    _escrever(tabela.tabela(colunas, linhas, _colorido(sys.stdout), _largura()))


def _saldo(valor: Decimal) -> object:
    return Marcado(valor) if valor < 0 else valor


# -- the database -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Banco:
    """Where to work: what --dsn and --schema say."""

    dsn: str
    schema: str | None

    @contextmanager
    def conectar(self) -> Iterator[psycopg.Connection[Any]]:
        """Open an autocommit connection whose search_path finds the schema."""
        try:
            conn = psycopg.connect(
                self.dsn,
                autocommit=True,
                client_encoding="utf8",
                fallback_application_name="estoque",
                **({} if "PGCONNECT_TIMEOUT" in os.environ else self._paciencia()),
            )
        except psycopg.Error as erro:
            raise ErroConexao(traduzir(erro).mensagem, sqlstate=erro.sqlstate) from erro
        with conn:
            if self.schema is not None:
                caminho = sql.Identifier(self.schema).as_string(conn) + ", pg_temp"
                conn.execute(CONSULTAS["search_path"], {"caminho": caminho})
            yield conn

    def _paciencia(self) -> dict[str, Any]:
        limite = psycopg.conninfo.conninfo_to_dict(self.dsn).get("connect_timeout", 10)
        return {"connect_timeout": limite}

    @contextmanager
    def api(self) -> Iterator[APIEstoqueTempoReal]:
        """Open the API; where its functions are missing, say what the schema lacks."""
        with self.conectar() as conn:
            try:
                yield APIEstoqueTempoReal(conn)
            except MigracoesPendentes as erro:
                estado = migracoes.estado(conn, self.schema)
                raise (migracoes.recusa(estado) or erro) from erro


def _com_banco(comando: F) -> F:
    """Add --dsn and --schema; the command gets one `banco` for both."""

    @click.option(
        "--dsn",
        metavar="DSN",
        help="Database, as a libpq string or URI. Else DATABASE_URL, else the PG* variables.",
    )
    @click.option(
        "--schema", metavar="NAME", help="Schema of the install; else the current schema."
    )
    @functools.wraps(comando)
    def com_banco(*args: Any, dsn: str | None, schema: str | None, **kwargs: Any) -> Any:
        if dsn is None:
            dsn = os.environ.get("DATABASE_URL", "")
        if schema == "":
            raise click.BadParameter("a schema has a name", param_hint="'--schema'")
        return comando(*args, banco=_Banco(dsn, schema), **kwargs)

    return com_banco  # type: ignore[return-value]


_com_json = click.option("--json", "em_json", is_flag=True, help="Print JSON.")


def _com_dias(padrao: int) -> Callable[[F], F]:
    return click.option(
        "--dias",
        type=click.IntRange(0, 36500),
        default=padrao,
        show_default=True,
        metavar="N",
        help="How many days to look ahead.",
    )


def _quantidade(contexto: click.Context, parametro: click.Parameter, texto: str) -> Decimal:
    """Read a positive quantity: 1234.5, or 1.234,5 as in Brazil."""
    limpo = texto.strip()
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", limpo):
        # One thousand or one and a bit: the tables write the former, JSON the latter.
        opcoes = f"{limpo.replace('.', '')} or {limpo.replace('.', ',')}"
        raise click.BadParameter(f"{limpo} is ambiguous: write {opcoes}")
    if re.fullmatch(r"\d{1,3}(\.\d{3})*,\d+|\d{1,3}(\.\d{3}){2,}|\d+,\d+", limpo):
        limpo = limpo.replace(".", "").replace(",", ".")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", limpo) or not Decimal(limpo):
        raise click.BadParameter(f"{texto} is not a positive quantity")
    return Decimal(limpo)


# -- the commands -----------------------------------------------------------------------------


@click.group(cls=_Grupo, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="estoque")
def cli() -> None:
    """Real-time stock on PostgreSQL: balances, forecasts and stock-outs.

    The database is --dsn, else DATABASE_URL, else libpq's PG* variables. `demo` shows it all
    on a private server.

    \b
    Exit codes: 0 ok, 1 error, 2 wrong usage, 3 migrations pending or database newer,
                4 divergence found, 5 cannot connect.
    """


def main() -> None:
    """Run the command line."""
    cli(prog_name="estoque")


@cli.command()
@_com_banco
@_com_json
def install(banco: _Banco, em_json: bool) -> None:
    """Install into a database, or bring it up to date.

    Creates the schema and the source tables that are missing, and adopts those that exist.
    Running it again changes nothing.

    \b
    Example:
      estoque install --dsn "dbname=erp" --schema estoque
    """
    _relatar_migracoes(banco, migracoes.instalar(banco.dsn, banco.schema), em_json)


@cli.command()
@_com_banco
@_com_json
def migrate(banco: _Banco, em_json: bool) -> None:
    """Apply the pending migrations to an existing install.

    \b
    Example:
      estoque migrate --dsn "dbname=erp" --schema estoque
    """
    _relatar_migracoes(banco, migracoes.migrar(banco.dsn, banco.schema), em_json)


def _relatar_migracoes(banco: _Banco, aplicadas: list[str], em_json: bool) -> None:
    if em_json:
        _escrever_json({"schema": banco.schema, "aplicadas": aplicadas})
        return
    for migracao in aplicadas:
        _escrever(f"applied {migracao}")
    if not aplicadas:
        _escrever("nothing to apply: the schema is up to date")


@cli.command()
@_com_banco
@_com_json
def status(banco: _Banco, em_json: bool) -> None:
    """Show what is installed.

    Read-only. Exit code 3 unless schema and package match.

    \b
    Example:
      estoque status --schema estoque
    """
    with banco.conectar() as conn:
        estado = migracoes.estado(conn, banco.schema)
        servidor = conn.info.parameter_status("server_version") or ""
        if em_json:
            _escrever_json(
                {
                    "versao": __version__,
                    "servidor": servidor,
                    "banco": conn.info.dbname,
                    "schema": estado.schema,
                    "instalado": estado.instalado,
                    "em_dia": estado.em_dia,
                    "aplicadas": estado.aplicadas,
                    "pendentes": estado.pendentes,
                    "desconhecidas": estado.desconhecidas,
                    "alteradas": estado.alteradas,
                }
            )
        else:
            _escrever(f"database  {conn.info.dbname} (PostgreSQL {servidor})")
            _escrever(f"schema    {tabela.limpo(estado.schema or '(none)')}")
            _escrever(f"package   estoque_pg {__version__}")
            for migracao in estado.aplicadas:
                nota = "  (THE FILE DIFFERS NOW)" if migracao in estado.alteradas else ""
                _escrever(f"applied   {migracao}{nota}")
            for migracao in estado.pendentes:
                _escrever(f"pending   {migracao}")
            for migracao in estado.desconhecidas:
                _escrever(f"unknown   {migracao} (from a newer package)")
            if estado.em_dia:
                _escrever("up to date")
    if (erro := migracoes.recusa(estado)) is not None:
        raise erro


@cli.command()
@click.option(
    "--pasta",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the private server; else one in the project.",
)
@click.option(
    "--semente", type=int, default=42, show_default=True, metavar="N", help="Seed of the data."
)
def demo(pasta: Path | None, semente: int) -> None:
    """Show it all on a private server.

    Starts the server, loads a year of an ERP, and lives one day of it.

    \b
    Example:
      estoque demo
    """
    from estoque_pg.demo import executar  # imports the server's machinery: only when asked for

    executar(pasta, semente)


@cli.command()
@click.argument("codigos", nargs=-1, required=True, metavar="CODIGO...")
@_com_banco
@_com_json
def consultar(codigos: tuple[str, ...], banco: _Banco, em_json: bool) -> None:
    """Show products, a line each.

    Balance, lowest balance of the next 7 days, and the day on which stock runs out.

    \b
    Example:
      estoque consultar P001 P002
    """
    with banco.api() as api:
        produtos = api.produtos(codigos)
        hoje = api.hoje()
    if em_json:
        _escrever_json([p.como_dict() for p in produtos])
    elif produtos:
        unificado = any(p.codigo_consultado != p.cod_produto for p in produtos)
        linhas: list[list[object]] = []
        for p in produtos:
            quando = _ruptura((p.dia_ruptura - hoje).days, p) if p.dia_ruptura else None
            pedido: list[object] = [p.codigo_consultado] if unificado else []
            saldos = [_saldo(p.estoque_atual), _saldo(p.menor_estoque_d7)]
            linhas.append([*pedido, p.cod_produto, p.nome_produto, *saldos, quando])
        pedidos = ["asked"] if unificado else []
        _tabela([*pedidos, "product", "name", "balance", "lowest D+7", "runs out"], linhas)
    achados = {p.codigo_consultado for p in produtos}
    _exigir([c for c in dict.fromkeys(codigos) if c not in achados])


def _ruptura(dias: int, produto: Produto) -> Marcado:
    assert produto.dia_ruptura is not None
    return Marcado(
        f"{tabela.MARCA_RUPTURA} {tabela.data(produto.dia_ruptura)} ({tabela.em_dias(dias)})"
    )


def _exigir(desconhecidos: list[str]) -> None:
    """Fail, naming the codes nothing is known of."""
    if desconhecidos:
        plural = "s" if len(desconhecidos) > 1 else ""
        raise ProdutoDesconhecido(f"unknown product{plural}: {', '.join(desconhecidos)}")


def _produto(api: APIEstoqueTempoReal, codigo: str) -> Produto:
    achados = api.produtos([codigo])
    _exigir([] if achados else [codigo])
    return achados[0]


def _titulo(produto: Produto) -> None:
    nome = tabela.limpo(produto.nome_produto or "")
    titulo = f"{tabela.limpo(produto.cod_produto)}  {nome}".rstrip()
    _escrever(tabela.colorir(titulo, tabela.NEGRITO, _colorido(sys.stdout)))
    if produto.codigo_consultado != produto.cod_produto:
        _escrever(f"{tabela.limpo(produto.codigo_consultado)} is unified into this code")


@cli.command()
@click.argument("codigo")
@_com_banco
@_com_json
def produto(codigo: str, banco: _Banco, em_json: bool) -> None:
    """Show one product and its next 7 days.

    \b
    Example:
      estoque produto P001
    """
    with banco.api() as api:
        achado = _produto(api, codigo)
        hoje = api.hoje()
    if em_json:
        _escrever_json(achado.como_dict())
        return
    cores = _colorido(sys.stdout)
    _titulo(achado)
    for rotulo, saldo in (
        ("balance now", achado.estoque_atual),
        ("lowest D+7", achado.menor_estoque_d7),
    ):
        cor = tabela.VERMELHO if saldo < 0 else tabela.NEGRITO
        _escrever(f"{rotulo:12} {tabela.colorir(tabela.numero(saldo), cor, cores)}")
    if achado.dia_ruptura is None:
        _escrever(f"{'runs out':12} not within 7 days")
    else:
        marca = _ruptura((achado.dia_ruptura - hoje).days, achado)
        _escrever(f"{'runs out':12} {tabela.colorir(str(marca.valor), marca.cor, cores)}")
    if achado.movimentacoes_previstas:
        _escrever("")
        _tabela(
            ["date", "in", "out", "net"],
            [[m.data, m.entrada, m.saida, m.saldo_dia] for m in achado.movimentacoes_previstas],
        )


@cli.command()
@_com_dias(7)
@_com_banco
@_com_json
def rupturas(dias: int, banco: _Banco, em_json: bool) -> None:
    """List the products that run out soon.

    Those within --dias days from today, soonest first.

    \b
    Example:
      estoque rupturas --dias 14
    """
    with banco.api() as api:
        linhas = api.rupturas(dias)
    if em_json:
        _escrever_json([r.como_dict() for r in linhas])
        return
    if linhas:
        _tabela(
            ["runs out", "when", "product", "name", "balance", "lowest D+7"],
            [
                [
                    Marcado(f"{tabela.MARCA_RUPTURA} {tabela.data(r.dia_ruptura)}"),
                    tabela.em_dias(r.dias_ate_ruptura),
                    r.cod_produto,
                    r.nome_produto,
                    _saldo(r.estoque_atual),
                    _saldo(r.menor_estoque_d7),
                ]
                for r in linhas
            ],
        )
    corre = "runs" if len(linhas) == 1 else "run"
    _avisar(f"{_conta(len(linhas), 'product')} {corre} out within {_conta(dias, 'day')}")


@cli.command()
@click.argument("codigo")
@_com_dias(28)
@_com_banco
@_com_json
def projecao(codigo: str, dias: int, banco: _Banco, em_json: bool) -> None:
    """Project a product day by day.

    A table of the days, and a chart of the balance at the end of each.

    \b
    Example:
      estoque projecao P001 --dias 28
    """
    with banco.api() as api:
        achado = _produto(api, codigo)
        linhas = api.projecao(codigo, dias)
    if em_json:
        _escrever_json([d.como_dict() for d in linhas])
        return
    cores = _colorido(sys.stdout)
    _titulo(achado)
    _escrever("")
    ruptura = next((d for d in linhas if d.saldo_final < 0), None)
    _tabela(
        ["day", "date", "opening", "in", "out", "closing", ""],
        [
            [
                f"D+{d.dia}" if d.dia else "today",
                d.data,
                _saldo(d.saldo_inicial),
                d.entrada or None,
                d.saida or None,
                _saldo(d.saldo_final),
                Marcado(f"{tabela.MARCA_RUPTURA} rupture") if d is ruptura else " ",
            ]
            for d in linhas
        ],
    )
    _escrever("")
    _escrever(tabela.grafico_projecao(linhas, min(_largura() or 80, 120), 12, cores))


@cli.command()
@click.argument("codigo")
@click.argument("quantidade", callback=_quantidade)
@_com_dias(28)
@_com_banco
@_com_json
def disponibilidade(
    codigo: str, quantidade: Decimal, dias: int, banco: _Banco, em_json: bool
) -> None:
    """Say when a quantity can be promised.

    That is the first day from which the projected balance stays at or above it, up to the
    horizon, so that promising it causes no later stock-out.

    \b
    Example:
      estoque disponibilidade P001 1500
    """
    with banco.api() as api:
        achado = _produto(api, codigo)
        resposta = api.disponibilidade(codigo, quantidade, dias)
        hoje = api.hoje()
    if em_json:
        _escrever_json(resposta.como_dict() if resposta else None)
        return
    _titulo(achado)
    pedida = tabela.numero(quantidade)
    if (
        resposta is None
        or resposta.data_disponivel is None
        or resposta.quantidade_disponivel is None
    ):
        _escrever(f"{pedida} cannot be promised within {_conta(dias, 'day')}")
        return
    dia = resposta.data_disponivel
    _escrever(
        f"{pedida} can be promised from {tabela.data(dia)} ({tabela.em_dias((dia - hoje).days)});"
        f" up to {tabela.numero(resposta.quantidade_disponivel)} on that day"
    )


@cli.command()
@_com_banco
@_com_json
def estatisticas(banco: _Banco, em_json: bool) -> None:
    """Show the figures of the whole stock.

    \b
    Example:
      estoque estatisticas --json
    """
    with banco.api() as api:
        e = api.estatisticas()
    if em_json:
        _escrever_json(e.como_dict())
        return
    rupturas: object = e.produtos_com_ruptura
    if e.produtos_com_ruptura:
        rupturas = Marcado(rupturas)
    _tabela(
        ["stock", "count"],
        [
            ["products", e.total_produtos],
            [f"{tabela.MARCA_RUPTURA} running out within 7 days", rupturas],
            ["  per cent of all", e.percentual_ruptura],
            ["balance below zero", e.produtos_estoque_negativo],
            ["balance zero", e.produtos_estoque_zerado],
            ["forecast rows of the next 7 days", e.movimentacoes_previstas_7d],
        ],
    )


@cli.command()
@click.argument("codigos", nargs=-1, metavar="[CODIGO]...")
@click.option("--tudo", is_flag=True, help="Every product.")
@_com_banco
@_com_json
def recalcular(codigos: tuple[str, ...], tudo: bool, banco: _Banco, em_json: bool) -> None:
    """Rebuild products from the sources.

    Idempotent, and safe while others write.

    \b
    Examples:
      estoque recalcular P001 P002
      estoque recalcular --tudo
    """
    if bool(codigos) == tudo:
        raise click.UsageError("name the products, or give --tudo for all of them")
    with banco.api() as api:
        if tudo:
            corrigidos = api.recalcular_tudo()
        else:
            # A code nothing knows may still have a stored row to remove: rebuild before judging.
            corrigidos = sum(api.recalcular(c) for c in dict.fromkeys(codigos))
            achados = {p.codigo_consultado for p in api.produtos(codigos)}
    if em_json:
        _escrever_json({"corrigidos": corrigidos})
    else:
        _escrever(f"{_conta(corrigidos, 'product')} corrected")
    if not tudo and not corrigidos:
        _exigir([c for c in dict.fromkeys(codigos) if c not in achados])


@cli.command()
@click.argument("codigos", nargs=-1, metavar="[CODIGO]...")
@_com_banco
@_com_json
def verificar(codigos: tuple[str, ...], banco: _Banco, em_json: bool) -> None:
    """Compare stored values with the sources.

    Lists every difference, and ends with exit code 4 when there is one.

    \b
    Examples:
      estoque verificar
      estoque verificar P001
    """
    with banco.api() as api:
        if codigos:
            achados = {p.codigo_consultado for p in api.produtos(codigos)}
        inicio = time.perf_counter()
        divergencias = api.verificar(list(codigos) or None)
        ms = round((time.perf_counter() - inicio) * 1000)
        contagem = api.contagem() if not codigos else None
    if em_json:
        _escrever_json([d.como_dict() for d in divergencias])
    elif divergencias:
        _tabela(
            ["product", "field", "date", "stored", "expected"],
            [
                [d.cod_produto, d.campo, d.data_prevista, d.valor_armazenado, d.valor_esperado]
                for d in divergencias
            ],
        )
    if contagem:
        o_que = f"{_conta(contagem.produtos, 'product')} and "
        o_que += _conta(contagem.previsoes, "forecast row")
    else:
        o_que = _conta(len(set(codigos)), "code")
    conta = _conta(len(divergencias), "difference")
    resumo = f"{o_que} compared with the sources in {tabela.numero(ms)} ms: {conta}"
    (_avisar if em_json else _escrever)(resumo)
    if divergencias:
        raise DivergenciaEncontrada(f"{conta} between stored values and sources")
    if codigos:
        _exigir([c for c in dict.fromkeys(codigos) if c not in achados])


if __name__ == "__main__":
    main()
