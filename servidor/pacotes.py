"""Gets PostgreSQL from the Debian or Ubuntu archive: system-wide for root, privately for a user.

A user gets the very same packages, unpacked below a cache folder and never installed: Debian's
server finds its own files relative to where its program lies, so the tree may sit anywhere.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from estoque_pg.idioma import t
from servidor.erros import ErroServidor

MAJOR_MINIMO = 14

# What the server packages pull in and a private server never calls: the JIT compiler (we run with
# jit=off), Debian's cluster scripts and perl. Leaving them out halves the download.
_DISPENSAVEIS = re.compile(
    r"(libllvm|libz3|ssl-cert|openssl$|perl|libperl|libgdbm|postgresql(-client)?-common"
    r"|postgresql-\d+-jit|libjson-perl|sensible-utils|netbase|ucf|logrotate|debconf|adduser|locales)"
)
_LISTAS_FRESCAS = 3600  # seconds


class ErroPacotes(ErroServidor):
    """The packages could not be had (no archive, no network, no such package)."""


def ha_apt() -> bool:
    """Tell whether this machine gets its software as Debian packages."""
    return all(shutil.which(p) for p in ("apt-get", "apt-cache", "dpkg"))


def instalar_no_sistema(instalados: Collection[int], extras: Sequence[str] = ()) -> None:
    """As root, install the server, pg_cron and `postgresql-N-<extra>` with apt-get.

    `instalados` are the majors already on the machine; one that pg_cron exists for is kept.
    """
    apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120"]
    with _listas(apt):
        pacotes = _escolher(["apt-cache"], instalados, extras)
        _rodar([*apt, "--no-install-recommends", "install", *pacotes])


def pasta_de_cache() -> Path:
    """The folder that private packages are kept in, shared by all projects of this user."""
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(xdg) if os.path.isabs(xdg) else Path.home() / ".cache") / "estoque_pg"


def privado_pronto(extras: Sequence[str] = ()) -> Path | None:
    """The program folder of the private server, when an earlier run got all that is asked now."""
    raiz = _raiz_privada()
    try:
        ficha = json.loads((raiz / "pacotes.json").read_text())
    except (OSError, ValueError):
        return None
    bindir = raiz / str(ficha.get("bindir"))
    tem_tudo = set(extras) <= set(ficha.get("extras", ()))
    return bindir if tem_tudo and (bindir / "postgres").exists() else None


def baixar_privado(instalados: Collection[int], extras: Sequence[str] = ()) -> Path:
    """Without root, unpack the server, pg_cron and the extras privately; give the program folder.

    The tree is put together beside its place and renamed, so that an interrupted run leaves
    nothing that looks finished; a lock lets two runs at once share one download.
    """
    raiz = _raiz_privada()
    with _trancada(pasta_de_cache()):
        if pronto := privado_pronto(extras):
            return pronto
        conf = _conf_privada()
        with _listas(["apt-get", *conf], marca=pasta_de_cache() / "apt" / "lists" / "atualizado"):
            return _montar(raiz, conf, instalados, extras)


def baixar_programa(pacote: str, sozinho: bool = False) -> Path:
    """Unpack one more package privately, with the libraries the machine lacks; give its folder.

    For root, too: what the tests want to run shall not become a service of the machine. `sozinho`
    leaves out all that the package needs, for a program that needs none of it.
    """
    raiz = _raiz_privada()
    raiz = raiz.with_name(f"{raiz.name}-{pacote}")
    with _trancada(pasta_de_cache()):
        if not raiz.exists():
            conf = _conf_privada()
            with _listas(
                ["apt-get", *conf], marca=pasta_de_cache() / "apt" / "lists" / "atualizado"
            ):
                obra = _desempacotar(raiz, conf, [] if sozinho else [pacote], [pacote])
            obra.rename(raiz)
    return raiz


def _montar(
    raiz: Path, conf: Sequence[str], instalados: Collection[int], extras: Sequence[str]
) -> Path:
    pedidos = _escolher(["apt-cache", *conf], instalados, extras)
    major = next(m[1] for p in pedidos if (m := re.fullmatch(r"postgresql-(\d+)", p)))
    # The server comes along even when installed: pg_cron must lie in the same tree.
    sempre = [*pedidos, f"postgresql-client-{major}", "libpq5"]
    obra = _desempacotar(raiz, conf, pedidos, sempre)
    bindir = Path("usr/lib/postgresql", major, "bin")
    (obra / "pacotes.json").write_text(
        json.dumps({"bindir": str(bindir), "extras": sorted(extras)})
    )
    shutil.rmtree(raiz, ignore_errors=True)
    obra.rename(raiz)
    return raiz / bindir


def _desempacotar(
    raiz: Path, conf: Sequence[str], pedidos: Sequence[str], sempre: Sequence[str]
) -> Path:
    """Unpack packages beside their place, `sempre` and what `pedidos` need that is not here yet."""
    obra = raiz.with_name(f"{raiz.name}.obra")
    shutil.rmtree(obra, ignore_errors=True)
    (obra / "debs").mkdir(parents=True)
    simulado = _rodar(["apt-get", *conf, "-s", "--no-install-recommends", "install", *pedidos])
    nomes = {*sempre, *re.findall(r"^Inst (\S+)", simulado, re.M)}
    nomes = {n for n in nomes if not _DISPENSAVEIS.match(n)}
    _rodar(["apt-get", *conf, "download", *sorted(nomes)], cwd=obra / "debs")
    for deb in sorted((obra / "debs").glob("*.deb")):
        _rodar(["dpkg", "-x", str(deb), str(obra)])
    shutil.rmtree(obra / "debs")
    return obra


def _raiz_privada() -> Path:
    """One tree per distribution and machine type: a shared home may serve several."""
    campos = {}
    try:
        for linha in Path("/etc/os-release").read_text().splitlines():
            chave, _, valor = linha.partition("=")
            campos[chave] = valor.strip("\"'")
    except OSError:
        pass
    sistema = f"{campos.get('ID', 'linux')}{campos.get('VERSION_ID', '')}"
    return pasta_de_cache() / f"{sistema}-{os.uname().machine}"


def _conf_privada() -> list[str]:
    """Point apt at lists and caches of our own, and silence the machine's hooks, which want root.

    A file, because the command line can add to apt's lists of hooks but not clear them.
    """
    pasta = pasta_de_cache() / "apt"
    for nome in ("lists/partial", "cache/archives/partial"):
        (pasta / nome).mkdir(parents=True, exist_ok=True)
    (pasta / "apt.conf").write_text(
        "#clear APT::Update::Pre-Invoke;\n"
        "#clear APT::Update::Post-Invoke;\n"
        "#clear APT::Update::Post-Invoke-Success;\n"
        f'Dir::State::lists "{pasta}/lists";\n'
        f'Dir::Cache "{pasta}/cache";\n'
        'Debug::NoLocking "true";\n'
        'Acquire::Languages "none";\n'
        'Acquire::Retries "2";\n'
    )
    return ["-q", "-c", str(pasta / "apt.conf")]


def _escolher(
    apt_cache: Sequence[str], instalados: Collection[int], extras: Sequence[str]
) -> list[str]:
    """The packages to ask for: the newest major with pg_cron, an installed one going first."""
    nomes = set(_rodar([*apt_cache, "pkgnames", "postgresql-"]).split())
    majores = {int(m[1]) for n in nomes if (m := re.fullmatch(r"postgresql-(\d+)", n))}
    com_cron = {n for n in majores if n >= MAJOR_MINIMO and f"postgresql-{n}-cron" in nomes}
    if com_cron:
        major = max(com_cron & set(instalados) or com_cron)
    elif instalados:
        raise ErroPacotes(t("the package archive has no pg_cron for PostgreSQL"))
    elif max(majores, default=0) >= MAJOR_MINIMO:
        major = max(majores)
    else:
        raise ErroPacotes(
            t(
                "the package archive has no PostgreSQL {minimo} or newer",
                minimo=MAJOR_MINIMO,
            )
        )
    opcionais = [f"postgresql-{major}-{e}" for e in ("cron", *extras)]
    return [f"postgresql-{major}", *(p for p in opcionais if p in nomes)]


@contextmanager
def _listas(apt_get: Sequence[str], marca: Path | None = None) -> Iterator[None]:
    """Refresh the package lists, then do the body with them.

    One archive of several out of reach is no matter while the lists at hand serve. When they do
    not, what went wrong with the refresh is the better explanation. (By itself apt-get calls a
    refresh without any network a success.)
    """
    falha: ErroPacotes | None = None
    if marca is None or not _fresca(marca):
        try:
            _rodar([*apt_get, "-o", "APT::Update::Error-Mode=any", "update"])
            if marca is not None:
                marca.touch()
        except ErroPacotes as erro:
            falha = erro
    try:
        yield
    except ErroPacotes as erro:
        raise falha or erro from erro


def _fresca(marca: Path) -> bool:
    return marca.exists() and 0 <= time.time() - marca.stat().st_mtime < _LISTAS_FRESCAS


def _rodar(comando: Sequence[str], cwd: Path | None = None) -> str:
    ambiente = os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        feito = subprocess.run(
            comando, cwd=cwd, env=ambiente, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    except OSError as erro:
        raise ErroPacotes(
            t("{comando} could not be run: {erro}", comando=comando[0], erro=erro)
        ) from erro
    if feito.returncode:
        queixas = [x for x in feito.stderr.splitlines() if x.startswith(("E:", "dpkg"))]
        queixa = (queixas or feito.stderr.splitlines() or [f"exit code {feito.returncode}"])[0]
        raise ErroPacotes(
            t("{comando} failed: {queixa}", comando=comando[0], queixa=queixa.removeprefix("E: "))
        )
    return feito.stdout


@contextmanager
def _trancada(pasta: Path) -> Iterator[None]:
    try:
        pasta.mkdir(parents=True, exist_ok=True)
        fd = os.open(pasta, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as erro:
        raise ErroPacotes(
            t(
                "the cache folder {pasta} cannot be used: {strerror}",
                pasta=pasta,
                strerror=erro.strerror,
            )
        ) from erro
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
