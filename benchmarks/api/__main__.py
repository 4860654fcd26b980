"""`make bench-api`: the service on files, and on Redis and PostgreSQL, with all that users get; kept by `--keep`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.__main__ import machine
from benchmarks.api import load, stages
from benchmarks.api.report import report
from benchmarks.api.serving import bare, new_secret, serving
from benchmarks.keeping import say, show
from tools.own_database import database
from tools.own_redis import OwnRedis
from tools.services.running import addresses

_EVENTS: Final = 40_000
_SECONDS: Final = 10.0


async def of_service(folder: Path, settings: Mapping[str, str], count: int, seconds: float) -> dict[str, Any]:
    """The figures of one service.

    Args:
        folder: Of its files.
        settings: Where it keeps what it keeps.
        count: Events.
        seconds: For so long each rate is asked at.
    """
    secret = new_secret()
    async with serving(folder, secret, settings) as url:
        return await load.measure(url, secret, count, seconds)


async def measure(postgres: str, count: int, seconds: float) -> dict[str, Any]:
    """Everything, one after the other.

    Args:
        postgres: Address of a server, on which a database is made and dropped.
        count: Events.
        seconds: For so long each rate is asked at.
    """
    figures: dict[str, Any] = {"events": count}
    with tempfile.TemporaryDirectory(prefix="mastery-bench-") as name:
        folder = Path(name)
        say("embedded: events in, questions, 1,000 students at once")
        (folder / "embedded").mkdir(mode=0o700)
        figures["embedded"] = await of_service(folder / "embedded", {}, count, seconds)
        server = OwnRedis(folder / "redis")
        await server.start()
        try:
            with database(postgres) as archive_url:
                say("the same with state in Redis and audit in PostgreSQL")
                (folder / "servers").mkdir(mode=0o700)
                urls = {"MASTERY_STORE_URL": server.url, "MASTERY_ARCHIVE_URL": archive_url}
                figures["servers"] = await of_service(folder / "servers", urls, count, seconds)
                say("what an answer costs, part by part")
                figures["stages"] = await stages.measure(folder, urls)
        finally:
            await server.kill()
        say("a bare application")
        async with bare(figures["stages"]["answer"].encode()) as url:
            asked = load.questions(new_secret(), load.students(count))
            figures["bare"] = await load.climb(url, asked, seconds)
    return figures


def main() -> int:
    """Measure, print, and with `--keep` write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api", description=__doc__)
    parser.add_argument("--events", type=int, default=_EVENTS)
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="how long each rate is asked at")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/api.json and .txt")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    postgres = os.environ.get("MASTERY_TEST_POSTGRES") or addresses(["postgres"], say)["postgres"]
    figures = asyncio.run(measure(postgres, asked.events, asked.seconds))
    about = machine() | {name: version(name) for name in ("fastapi", "uvicorn", "redis", "psycopg")}
    show("api", about, figures, report(figures), as_json=asked.json, keep=asked.keep)
    return 0


if __name__ == "__main__":
    sys.exit(main())
