"""`python -m tools.fuzz [--seconds N] [--servers] [--seed S]`: 0 if nothing was found, else 1."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from mastery_engine.adapters.auth import TokenRole
from tools.fuzz.bodies import BODIES, ask_with_bodies
from tools.fuzz.described import CHAINS, DESCRIBED, ask_as_described, follow_links
from tools.fuzz.findings import Findings
from tools.fuzz.people import ROLES, settle
from tools.fuzz.run import Run
from tools.fuzz.serving import serving
from tools.fuzz.sockets import SOCKETS, ask_by_bytes
from tools.fuzz.tokens import TOKENS, ask_with_tokens
from tools.serving import Service

PARTS: Final[Mapping[str, Callable[[Run], None]]] = {
    SOCKETS: ask_by_bytes,
    TOKENS: ask_with_tokens,
    BODIES: ask_with_bodies,
    CHAINS: follow_links,
    DESCRIBED: ask_as_described,
}
SECONDS: Final = 420.0
LIFE: Final = "service"
_UNFORESEEN: Final = '"level": "error"'
"""A line of the log like that is a fault of the service: what callers do wrong is none."""
_SHARE: Final = {SOCKETS: 0.15, TOKENS: 0.3, BODIES: 0.5, CHAINS: 0.65, DESCRIBED: 1.0}
"""By when of a round's time each part must be over."""
_ROUND: Final = 0.5
"""Of the time that is left, for each round: later ones have other seeds."""


def fuzz(
    service: Service,
    seconds: float,
    seed: int,
    rounds: int,
    part: str,
    only: str,
    roles: tuple[TokenRole, ...],
) -> Findings:
    """Ask for so long; what was found.

    Args:
        service: Whom.
        seconds: At most so long.
        seed: Of the first round; each later one has the next.
        rounds: At most so many.
        part: Only this part; all if it is empty.
        only: Only what has this in its name.
        roles: As whom.
    """
    people, findings = settle(service), Findings()
    end = time.monotonic() + seconds
    for number in range(rounds):
        began = time.monotonic()
        left = end - began
        if left <= 1.0 or not service.lives:
            break
        length = left if rounds == 1 or left < seconds * 0.2 else left * _ROUND
        for name, ask in PARTS.items():
            if part in {"", name}:
                until = began + length * (_SHARE[name] if not part else 1.0)
                ask(Run(service, people, seed + number, until, findings, roles, only))
    _look_after(service, findings)
    return findings


def _look_after(service: Service, findings: Findings) -> None:
    if not service.lives:
        findings.add(
            LIFE,
            "process",
            "the service has ended",
            "",
            service.log.read_text("utf-8", errors="replace")[-2_000:],
        )
    for line in service.log.read_text("utf-8", errors="replace").splitlines():
        if _UNFORESEEN in line:
            findings.add(LIFE, "log", "something that nobody foresaw is in the log", "", line)
    for school in ("default", "north"):
        found = service.run("audit", "verify", "--tenant", school)
        if found.returncode:
            findings.add(
                LIFE, f"audit of {school}", "the audit trail does not hold", "", found.stdout + found.stderr
            )


@contextmanager
def _servers(folder: Path) -> Generator[dict[str, str]]:
    # Not above: whoever asks the embedded service needs none of their clients.
    from tools.own_database import database  # noqa: PLC0415
    from tools.own_redis import OwnRedis  # noqa: PLC0415
    from tools.services.running import addresses  # noqa: PLC0415

    postgres = os.environ.get("MASTERY_TEST_POSTGRES") or addresses(["postgres"], print)["postgres"]
    redis = OwnRedis(folder / "redis")
    asyncio.run(redis.start())
    try:
        with database(postgres) as archive:
            yield {"MASTERY_STORE_URL": redis.url, "MASTERY_ARCHIVE_URL": archive}
    finally:
        asyncio.run(redis.kill())


def _print(findings: Findings) -> None:
    console = Console(width=160)
    table = Table("part", "requests", "answers")
    for part, count in findings.requests.items():
        statuses = ", ".join(
            f"{status or 'none'}: {many}" for status, many in sorted(findings.statuses[part].items())
        )
        table.add_row(part, f"{count:,}", statuses)
    console.print(table)
    for finding in findings.found:
        many = findings.counts[finding.part, finding.what, finding.rule]
        console.print(
            f"{finding.part} {finding.what}: {finding.rule} ({many} times)\n  again: {finding.again}",
            markup=False,
        )
        console.print(f"  {finding.told}", markup=False, highlight=False)
    console.print("nothing was found" if not findings.found else f"{len(findings.counts)} things were found")


def main(arguments: list[str] | None = None) -> int:
    """Do one run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for so long it asks")
    parser.add_argument(
        "--seed", type=int, default=int(time.time()) % 1_000_000, help="default: another each time"
    )
    parser.add_argument("--rounds", type=int, default=1_000, help="at most so many, each with the next seed")
    parser.add_argument("--part", choices=("", *PARTS), default="", help="only this part")
    parser.add_argument("--only", default="", help="only operations and mutations with this in their name")
    parser.add_argument("--role", choices=ROLES, action="append", help="only as this role")
    parser.add_argument(
        "--servers", action="store_true", help="with state in Redis and records in PostgreSQL"
    )
    asked = parser.parse_args(arguments)
    print(f"fuzz: seed {asked.seed}, {asked.seconds:g} s", file=sys.stderr)
    roles: tuple[TokenRole, ...] = tuple(asked.role or ROLES)
    with tempfile.TemporaryDirectory(prefix="mastery-fuzz-") as name:
        folder = Path(name)

        def run(settings: Mapping[str, str]) -> Findings:
            with serving(folder / "home", settings) as service:
                return fuzz(service, asked.seconds, asked.seed, asked.rounds, asked.part, asked.only, roles)

        if asked.servers:
            with _servers(folder) as settings:
                findings = run(settings)
        else:
            findings = run({})
    _print(findings)
    return 1 if findings.found else 0


if __name__ == "__main__":
    sys.exit(main())
