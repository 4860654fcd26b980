"""What every server has."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Launch:
    """How a server is started.

    Attributes:
        argv: The command.
        cwd: Where.
        env: Its whole environment.
        user: Another user to run as, None for this one.
    """

    argv: list[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    user: str | None = None


class Service(Protocol):
    """One server.

    Attributes:
        name: For people.
        ports: How many ports it listens on.
        seconds: How long it may take to become ready.
        ending: Signal that asks it to end without waiting for its clients.
    """

    name: str
    ports: int
    seconds: float
    ending: signal.Signals

    def version(self) -> str:
        """Its version, for people."""
        ...

    def prepare(self, folder: Path, ports: list[int]) -> Launch:
        """Fetch and write whatever it needs; idempotent, and on data that is there already.

        Raises:
            ServiceError: It cannot be had here.
        """
        ...

    def is_ready(self, ports: list[int]) -> bool:
        """Whether it answers."""
        ...

    def address(self, ports: list[int]) -> str:
        """Where clients find it."""
        ...
