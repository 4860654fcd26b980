"""What every server has."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

Tell = Callable[[str], None]


def tell_nobody(line: str) -> None:
    """For whoever asks in silence."""
    del line


@dataclass(frozen=True)
class Launch:
    """How a server is started.

    Attributes:
        argv: The command.
        cwd: Where.
        env: Its whole environment.
        user: Numbers of another user and group to run as, None for those of this process.
    """

    argv: list[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    user: tuple[int, int] | None = None


class Service(Protocol):
    """One server.

    Attributes:
        name: For people.
        ports: How many ports it listens on.
        seconds: How long it may take to become ready.
        ending: The signal that makes it end well, whoever is connected.
    """

    name: str
    ports: int
    seconds: float
    ending: signal.Signals

    def version(self) -> str:
        """Its version, for people; asked for once it was fetched."""
        ...

    def fetch(self, tell: Tell) -> None:
        """See that its programs are on this machine; at once if they are.

        Raises:
            ServiceError: They cannot be had here.
        """
        ...

    def launch(self, folder: Path, ports: list[int]) -> Launch:
        """Write what it needs to start, on the data that is there or on none.

        Raises:
            ServiceError: It cannot be had here.
        """
        ...

    def is_ready(self, ports: list[int]) -> bool:
        """Whether it answers as what it is."""
        ...

    def address(self, ports: list[int]) -> str:
        """Where clients find it."""
        ...


@runtime_checkable
class Dependent(Service, Protocol):
    """A server that is a client of others.

    Attributes:
        needs: Their names; they are started before it.
    """

    needs: tuple[str, ...]

    def beside(self, servers: Mapping[str, str]) -> Service:
        """The same, which knows by name where those are."""
        ...
