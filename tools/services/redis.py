"""Redis: the machine's own, or Debian's packages unpacked beside it without installing anything."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Final

from tools.services.commands import DEBIAN, run
from tools.services.failures import ServiceError
from tools.services.places import building
from tools.services.service import Launch

_SETTINGS: Final = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--daemonize", "no"]


class Redis:
    """A server."""

    name = "redis"
    ports = 1
    seconds = 30.0
    ending = signal.SIGTERM

    def version(self) -> str:
        """Of the server."""
        program, env = _program()
        told = subprocess.run([program, "--version"], env=env, capture_output=True, text=True, check=False)
        return told.stdout.partition("v=")[2].partition(" ")[0]

    def prepare(self, folder: Path, ports: list[int]) -> Launch:
        """Find or fetch the program."""
        program, env = _program()
        data = folder / "data"
        data.mkdir(exist_ok=True)
        return Launch([program, *_SETTINGS, "--port", str(ports[0]), "--dir", str(data)], folder, env)

    def is_ready(self, ports: list[int]) -> bool:
        """Whether it answers PING."""
        try:
            with socket.create_connection(("127.0.0.1", ports[0]), 2) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def address(self, ports: list[int]) -> str:
        """As clients want it."""
        return f"redis://127.0.0.1:{ports[0]}/0"


def _program() -> tuple[str, dict[str, str]]:
    """The program, and the environment that it needs."""
    env = dict(os.environ)
    found = shutil.which("redis-server")
    if found is not None:
        return found, env
    home = _unpacked()
    folders = [str(one) for one in home.glob("usr/lib/*-linux-*") if one.is_dir()]
    env["LD_LIBRARY_PATH"] = ":".join([*folders, *filter(None, [env.get("LD_LIBRARY_PATH")])])
    # A link to redis-check-rdb, which tells by its name what it is asked for.
    return str(home / "usr" / "bin" / "redis-server"), env


def _unpacked() -> Path:
    with building("redis-debian") as (folder, to_do):
        if to_do:
            if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
                raise ServiceError(
                    "not found on this machine: redis-server; macOS: brew install redis, Fedora: sudo dnf install redis"
                )
            for package in _packages(folder):
                run(["apt-get", "download", package], cwd=folder)
            for package in folder.glob("*.deb"):
                run(["dpkg-deb", "-x", str(package), str(folder)], cwd=folder)
                package.unlink()
    with building("redis-debian") as (folder, _):
        return folder


def _packages(folder: Path) -> list[str]:
    """What apt would install."""
    ask = ["apt-get", "install", "--print-uris", "-qq", "-y", "--no-install-recommends", "redis-server"]
    ask += ["-o", "Debug::NoLocking=1"]
    try:
        told = run(ask, cwd=folder)
    except ServiceError:
        if os.geteuid() != 0:
            raise ServiceError(
                f"not found on this machine: redis-server. Debian, Ubuntu: sudo apt-get update && "
                f"sudo apt-get install {DEBIAN['redis-server']}"
            ) from None
        run(["apt-get", "update", "-qq"], cwd=folder)
        told = run(ask, cwd=folder)
    names = [line.split()[1].partition("_")[0] for line in told.splitlines() if line.startswith("'")]
    if not names:
        raise ServiceError("apt-get has no package redis-server; install Redis by hand")
    return names
