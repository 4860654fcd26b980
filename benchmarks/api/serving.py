"""`mastery serve` as a user starts it, on files or on servers, and a bare application beside it."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

_SERVING: Final = re.compile(r"serving (http://\S+)")
_START_SECONDS: Final = 60.0


@asynccontextmanager
async def serving(home: Path, secret: str, settings: Mapping[str, str]) -> AsyncGenerator[str]:
    """A service on loopback; where it listens.

    Args:
        home: Folder of its files.
        secret: Of its tokens.
        settings: Further ones, by name of their variables.
    """
    known = {name: value for name, value in os.environ.items() if not name.startswith("MASTERY_")}
    variables = {"MASTERY_HOME": str(home), "MASTERY_JWT_SECRET": secret, **settings}
    command = ("-m", "mastery_engine.cli.main", "serve", "--port", "0")
    async with _process(command, known | variables) as url:
        yield url


@asynccontextmanager
async def bare(answer: bytes) -> AsyncGenerator[str]:
    """The same server with an application that does nothing but answer these bytes."""
    command = ("-m", "benchmarks.api.bare", answer.hex())
    async with _process(command, dict(os.environ)) as url:
        yield url


def new_secret() -> str:
    """A secret of tokens."""
    return secrets.token_urlsafe(48)


@asynccontextmanager
async def _process(command: tuple[str, ...], variables: dict[str, str]) -> AsyncGenerator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=variables, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    told = ""
    try:
        async with asyncio.timeout(_START_SECONDS):
            while (found := _SERVING.search(told)) is None:
                line = (await process.stderr.readline()).decode()
                if not line:
                    raise SystemExit(f"the service did not start:\n{told}")
                told += line
        drained = asyncio.create_task(process.stderr.read())
        yield found[1]
        process.terminate()
        await drained
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
