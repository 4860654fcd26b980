"""A service on the files of a command line, and a token for it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from mastery_engine.adapters.auth import TokenRole

if TYPE_CHECKING:
    from tests.cli.conftest import Mastery

SECRET = "words of the tests' own, more than 32 bytes"
RUN = """
import asyncio, sys
from mastery_engine.api.serve import serve
from mastery_engine.config import load_settings
sys.exit(asyncio.run(serve(load_settings(), port=0)))
"""


@contextmanager
def serving() -> Generator[str]:
    """Serve the files of the environment; gives the address."""
    process = subprocess.Popen([sys.executable, "-c", RUN], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process:
        try:
            found = re.search(r"http://\S+", process.stderr.readline())
            assert found is not None
            yield found[0]
        finally:
            process.terminate()


def take_token(mastery: Mastery, monkeypatch: pytest.MonkeyPatch, role: TokenRole) -> None:
    """Put a token into the environment."""
    monkeypatch.setenv("MASTERY_JWT_SECRET", SECRET)
    made = mastery("token", "create", "somebody", "--role", role, "--json")
    assert made.code == 0, made.err
    monkeypatch.setenv("MASTERY_TOKEN", made.data["token"])
