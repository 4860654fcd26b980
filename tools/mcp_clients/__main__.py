"""Tries the tools for language models with clients of other makers: the inspector, and one that shares no code with the SDK.

python -m tools.mcp_clients FOLDER    with the packages of package.json in FOLDER/node_modules; `make mcp-clients` does it all

Exit code 1 if one of them got another answer than it should.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

HERE: Final = Path(__file__).resolve().parent
MASTERY: Final = str(Path(sys.executable).with_name("mastery"))
PARTS: Final = {"completion": 0.8, "quiz": 0.7, "quality": 0.9, "consistency": 0.6}
SECONDS: Final = 60


class Trial(NamedTuple):
    """What a client is started with, and what must stand in what it prints."""

    name: str
    command: list[str]
    expected: str


def main() -> int:
    """Try them all, one after the other."""
    folder = Path(sys.argv[1])
    failed = 0
    with TemporaryDirectory(prefix="mastery-mcp-clients-") as home, service(Path(home)) as (port, told):
        for trial in trials(folder, f"http://127.0.0.1:{port}/mcp", told["MASTERY_TOKEN"]):
            ran = subprocess.run(
                trial.command, capture_output=True, text=True, timeout=SECONDS, env=told, check=False
            )
            well = ran.returncode == 0 and trial.expected in plain(ran.stdout)
            failed += not well
            print(f"{trial.name}: {'well' if well else 'FAILED'}")
            if not well:
                print(ran.stdout + ran.stderr, file=sys.stderr)
    return 1 if failed else 0


def trials(folder: Path, url: str, token: str) -> Iterator[Trial]:
    """Each client by each way."""
    # Without its launcher, which loses the headers.
    program = folder / "node_modules/@modelcontextprotocol/inspector-cli/build/index.js"
    inspector = ["node", str(program)]
    call = ["--method", "tools/call", "--tool-name", "calculate"]
    arguments = [word for name, value in PARTS.items() for word in ("--tool-arg", f"{name}={value}")]
    yield Trial(
        "inspector, stdio, tools",
        [*inspector, MASTERY, "mcp", "--method", "tools/list"],
        "compare_interventions",
    )
    yield Trial("inspector, stdio, call", [*inspector, MASTERY, "mcp", *call, *arguments], '"score":0.77')
    over_http = [*inspector, url, "--transport", "http", "--header", f"Authorization: Bearer {token}"]
    yield Trial("inspector, HTTP, call", [*over_http, *call, *arguments], '"score":0.77')
    yield Trial("inspector, HTTP, prompts", [*over_http, "--method", "prompts/list"], "plan_week")
    ask = ["node", str(folder / "ask.mjs")]
    yield Trial(
        "AI SDK, stdio, call", [*ask, "stdio", MASTERY, "calculate", json.dumps(PARTS)], '"score":0.77'
    )
    amal = json.dumps({"student_id": "amal"})
    yield Trial("AI SDK, HTTP, call", [*ask, "http", url, "get_mastery", amal], '"quiz":0.8')
    bo = json.dumps({"student_id": "bo"})
    yield Trial("AI SDK, HTTP, a peer", [*ask, "http", url, "get_mastery", bo], "NOT_FOUND")


def plain(text: str) -> str:
    """What a client prints, without blanks and escapes, which differ from one to the next."""
    return "".join(text.split()).replace("\\", "")


@contextmanager
def service(home: Path) -> Generator[tuple[int, dict[str, str]]]:
    """A service with a student, and the environment of its clients: a student's token among it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    told = os.environ | {"MASTERY_HOME": str(home), "MASTERY_JWT_SECRET": secrets.token_urlsafe(48)}
    run(["ingest", "-"], told, json.dumps(quiz()))
    told["MASTERY_TOKEN"] = run(["token", "create", "amal", "--role", "student"], told).strip()
    with subprocess.Popen(
        [MASTERY, "serve", "--port", str(port)],
        env=told,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for(port, process)
            yield port, told
        finally:
            process.terminate()


def quiz() -> dict[str, Any]:
    """An event of today."""
    return {
        "event_id": "00000000-0000-4000-8000-000000000001",
        "event_type": "quiz.performance.submitted",
        "timestamp": datetime.now(UTC).isoformat(),
        "student_id": "amal",
        "source": "a-trial",
        "quiz_id": "loops",
        "total_questions": 10,
        "correct_answers": 8,
        "time_spent": 300,
    }


def run(arguments: list[str], told: dict[str, str], given: str | None = None) -> str:
    """A command of ours, and what it prints."""
    command = [MASTERY, *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, env=told, check=True).stdout


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once the service answers."""
    for _ in range(SECONDS * 10):
        if process.poll() is not None:
            raise SystemExit("the service has ended")
        connection = HTTPConnection("127.0.0.1", port)
        try:
            connection.request("GET", "/ready")
            if connection.getresponse().status == HTTPStatus.OK:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise SystemExit("the service does not answer")


if __name__ == "__main__":
    sys.exit(main())
