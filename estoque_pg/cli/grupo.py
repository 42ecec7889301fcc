"""The commands of groups of companies, and how answers of a group are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, TypeVar

import click

from estoque_pg import grupos, tabela
from estoque_pg.api import GrupoEstoque
from estoque_pg.cli.base import (
    Banco,
    Grupo,
    avisar,
    com_banco,
    com_formato,
    com_json,
    contar,
    em_arquivo,
    escrever,
    escrever_json,
    escrever_linha,
    escrever_linhas,
    tabular,
)
from estoque_pg.cli.colunas import Colunas
from estoque_pg.erros import EmpresasFora, MigracoesPendentes
from estoque_pg.idioma import t, tn
from estoque_pg.perguntas.base import Pergunta
from estoque_pg.perguntas.grupos import (
    MOTIVOS,
    EmpresaDoGrupo,
    EmpresaFora,
    GrupoDeEmpresas,
)
from estoque_pg.perguntas.linha import Linha

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R", bound=Linha)

com_grupo = click.option(
    "--grupo", metavar="NAME", help="Ask all companies of a group (`estoque grupo`)."
)


# -- answers of a group -------------------------------------------------------------------------


def perguntar(banco: Banco, grupo: str, pergunta: Pergunta[R]) -> R:
    """Ask a group; raise ArgumentoInvalido where there is none of that name."""
    if banco.schema is not None:
        raise click.UsageError(t("--grupo asks its own companies: leave out --schema"))
    with _aberto(banco, grupo) as api:
        return api.responder(pergunta)


@contextmanager
def _aberto(banco: Banco, grupo: str) -> Iterator[GrupoEstoque]:
    with banco.conectar() as conn:
        try:
            yield GrupoEstoque(conn, grupo)
        except MigracoesPendentes as erro:
            raise grupos.sem_grupo(conn, grupo) from erro


def mostrar(resposta: Linha, colunas: Sequence[str] = (), em_json: bool = False) -> int:
    """Print the rows of an answer, and return how many there are; `exigir_todas` says the rest."""
    linhas: Sequence[Linha] = getattr(resposta, resposta.TABELA)
    if em_arquivo():
        escrever_linha(resposta)
    elif em_json:
        # The public form leaves out what a server said of itself.
        fora = [f.todas() for f in _fora(resposta)]
        escrever_json({**resposta.como_dict(), resposta.RESTO: fora})
    elif linhas:
        nomes = colunas or [c.name for c in fields(linhas[0]) if c.name != "fora"]
        tabular(*Colunas(type(linhas[0]), nomes).tabela(linhas))
    return len(linhas)


def exigir_todas(resposta: Linha) -> None:
    """Raise EmpresasFora, which names them, where companies did not answer."""
    if fora := _fora(resposta):
        raise fora_do_ar(fora)


def fora_do_ar(fora: Sequence[EmpresaFora]) -> EmpresasFora:
    """Return the error that names the companies which did not answer."""
    return EmpresasFora(
        tn("{n} company did not answer", "{n} companies did not answer", len(fora), n=len(fora)),
        detalhe="\n".join(f"{f.empresa}: {t(MOTIVOS[f.fora])} ({f.erro})" for f in fora),
    )


def _fora(resposta: Linha) -> tuple[EmpresaFora, ...]:
    fora: tuple[EmpresaFora, ...] = getattr(resposta, resposta.RESTO)
    return fora


# -- groups -------------------------------------------------------------------------------------


@click.group(cls=Grupo)
def grupo() -> None:
    """Make groups of companies, which answer together.

    A group is a schema of its own, and its companies are other schemas of the database, or of
    other servers. `--grupo` of `rupturas`, `estatisticas` and `consultar` asks it, and so does
    `estoque servir --grupo`.

    \b
    Examples:
      estoque grupo criar holding --padrao 'empresa_%'
      estoque rupturas --grupo holding
    """


def _nomes(contexto: click.Context, parametro: click.Parameter, texto: str | None) -> list[str]:
    return [nome for nome in (texto or "").split(",") if nome]


com_limite = click.option(
    "--limite",
    type=click.FloatRange(0.1, 600),
    metavar="SECONDS",
    help="How long another server may take over a company's answer.",
)
com_padrao = click.option(
    "--padrao",
    metavar="TEXT",
    help="All schemas called so in which something is installed, later ones too; % is any text.",
)


@grupo.command()
@click.argument("nome", metavar="NAME")
@click.option(
    "--esquemas", metavar="A,B,C", callback=_nomes, help="Schemas of this database, each a company."
)
@com_padrao
@com_limite
@click.option("--dono", metavar="ROLE", help="Who owns the group; else who makes it.")
@click.option(
    "--leitura",
    "leitores",
    metavar="ROLE",
    multiple=True,
    help="Let a role ask it; may be given several times.",
)
@com_banco
@com_json
def criar(
    nome: str,
    esquemas: list[str],
    padrao: str | None,
    limite: float | None,
    dono: str | None,
    leitores: tuple[str, ...],
    banco: Banco,
    em_json: bool,
) -> None:
    """Make a group of companies.

    It is asked with its owner's rights, so that who owns the functions of a company has to be the
    owner of the group, or able to act as it: the role that installed the companies, as a rule.
    Ends with exit code 4 where a company does not answer.

    \b
    Examples:
      estoque grupo criar holding --padrao 'empresa_%'
      estoque grupo criar sul --esquemas empresa_1,empresa_4 --leitura planejador
    """
    with banco.conectar() as conn:
        grupos.criar(
            conn, nome, esquemas, padrao,
            limite=limite or grupos.LIMITE, dono=dono, leitores=leitores,
        )  # fmt: skip
    _mostrar_grupo(banco, nome, em_json)


@grupo.command()
@click.argument("nome", metavar="NAME")
@com_padrao
@com_limite
@com_banco
@com_json
def atualizar(
    nome: str, padrao: str | None, limite: float | None, banco: Banco, em_json: bool
) -> None:
    """Bring a group's functions up to date; change its pattern or its limit.

    Needed after the package was upgraded. Who may read the group stays as it is.

    \b
    Example:
      estoque grupo atualizar holding --limite 10
    """
    with banco.conectar() as conn:
        grupos.atualizar(conn, nome, padrao, limite)
    _mostrar_grupo(banco, nome, em_json)


@grupo.command()
@click.argument("nome", metavar="NAME")
@click.argument("empresa", metavar="COMPANY")
@click.option("--esquema", metavar="NAME", help="Its schema, where that is called otherwise.")
@click.option("--servidor", metavar="DSN", help="The database it is in, as the server finds it.")
@com_banco
@com_json
def incluir(
    nome: str,
    empresa: str,
    esquema: str | None,
    servidor: str | None,
    banco: Banco,
    em_json: bool,
) -> None:
    """Take a company into a group.

    One of another server is asked through postgres_fdw and dblink, which are made where they are
    missing, as the user of the DSN: `estoque grant USER --leitura` gives it what it needs there.
    A password that is not in the DSN is looked for in PGPASSWORD and the password file; it is
    kept in a user mapping, and never shown.

    \b
    Examples:
      estoque grupo incluir holding empresa_9
      estoque grupo incluir holding filial --servidor "host=10.0.0.2 dbname=erp user=leitor"
    """
    with banco.conectar() as conn:
        grupos.incluir(conn, nome, empresa, esquema, servidor)
    _mostrar_grupo(banco, nome, em_json)


@grupo.command()
@click.argument("nome", metavar="NAME")
@click.argument("empresa", metavar="COMPANY")
@com_banco
@com_json
def retirar(nome: str, empresa: str, banco: Banco, em_json: bool) -> None:
    """Take a company out of a group; nothing of the company is touched.

    \b
    Example:
      estoque grupo retirar holding filial
    """
    with banco.conectar() as conn:
        grupos.retirar(conn, nome, empresa)
    if em_json:
        escrever_json({"grupo": nome, "retirada": empresa})
    else:
        escrever(t("{empresa} is no longer in {grupo}", empresa=empresa, grupo=nome))


@grupo.command()
@click.argument("nome", metavar="NAME")
@click.argument("papel", metavar="ROLE")
@com_banco
@com_json
def conceder(nome: str, papel: str, banco: Banco, em_json: bool) -> None:
    """Let a role ask a group; it needs no right in any company.

    Prints the statements it runs, which are plain GRANTs.

    \b
    Example:
      estoque grupo conceder holding planejador
    """
    with banco.conectar() as conn:
        comandos = grupos.conceder(conn, nome, papel)
    if em_json:
        escrever_json({"papel": papel, "comandos": comandos})
    else:
        for comando in comandos:
            escrever(f"{comando};")


@grupo.command()
@com_banco
@com_formato
def listar(banco: Banco, em_json: bool) -> None:
    """Name the groups of a database, and whom they belong to.

    \b
    Example:
      estoque grupo listar
    """
    with banco.conectar() as conn:
        achados = grupos.listar(conn)
    if em_json:
        escrever_linhas(GrupoDeEmpresas, achados)
        return
    if achados:
        tabular(*Colunas(GrupoDeEmpresas).tabela(achados))
    avisar(contar(len(achados), "group"))


@grupo.command("mostrar")
@click.argument("nome", metavar="NAME")
@com_banco
@com_json
def mostrar_grupo(nome: str, banco: Banco, em_json: bool) -> None:
    """Show where each company of a group is, and whether it answers.

    Ends with exit code 4 where one does not.

    \b
    Example:
      estoque grupo mostrar holding
    """
    _mostrar_grupo(banco, nome, em_json)


def _mostrar_grupo(banco: Banco, nome: str, em_json: bool) -> None:
    with _aberto(banco, nome) as api:
        empresas = api.empresas()
        respostas = api.estatisticas()
    produtos = {e.empresa: e.total_produtos for e in respostas.empresas}
    fora = {f.empresa: f for f in respostas.empresas_fora}
    if em_json:
        escrever_json(
            {"grupo": nome, "empresas": [_como_json(e, produtos, fora) for e in empresas]}
        )
    elif empresas:
        tabular(
            [t("company"), t("schema"), t("server"), t("products"), t("state")],
            [
                [
                    e.empresa,
                    e.esquema,
                    e.endereco,
                    produtos.get(e.empresa),
                    t(MOTIVOS[fora[e.empresa].fora]) if e.empresa in fora else t("answers"),
                ]
                for e in empresas
            ],
        )
    if not em_json:
        avisar(tn("{n} company", "{n} companies", len(empresas), n=tabela.numero(len(empresas))))
    exigir_todas(respostas)


def _como_json(
    empresa: EmpresaDoGrupo, produtos: dict[str, int], fora: dict[str, EmpresaFora]
) -> dict[str, Any]:
    quem = fora.get(empresa.empresa)
    return {
        "empresa": empresa.empresa,
        "esquema": empresa.esquema,
        "servidor": empresa.endereco,
        "produtos": produtos.get(empresa.empresa),
        "fora": quem.fora if quem else None,
        "erro": quem.erro if quem else None,
    }


@grupo.command()
@click.argument("nome", metavar="NAME")
@click.option("--sim", is_flag=True, help="Do not ask.")
@com_banco
@com_json
def apagar(nome: str, sim: bool, banco: Banco, em_json: bool) -> None:
    """Take a group away; its companies stay as they are.

    Asks for the group's name unless --sim is given.

    \b
    Example:
      estoque grupo apagar holding --sim
    """
    if not sim:
        if not sys.stdin.isatty():
            raise click.UsageError(t("give --sim to take it away without being asked"))
        pergunta = t("Type the group's name ({nome}) to take it away", nome=nome)
        if click.prompt(pergunta, err=True, default="", show_default=False) != nome:
            raise click.UsageError(t("that is not its name: nothing was removed"))
    with banco.conectar() as conn:
        grupos.apagar(conn, nome)
    if em_json:
        escrever_json({"grupo": nome})
    else:
        escrever(t("the group {grupo} is gone; its companies stay", grupo=nome))
