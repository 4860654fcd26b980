"""Tries the tools for language models with clients of other makers: the inspector, and one that shares no code with the SDK.

python -m tools.mcp_clients FOLDER    with the packages of package.json in FOLDER/node_modules; `make mcp-clients` does it all

Exit code 1 if one of them got another answer than it should.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from tools.serving import Service, serving

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
    with (
        TemporaryDirectory(prefix="mastery-mcp-clients-") as home,
        serving(Path(home) / "home", {}) as service,
    ):
        token = prepared(service, Path(home))
        told = {**service.variables, "MASTERY_TOKEN": token}
        for trial in trials(folder, f"{service.url}/mcp", token):
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


def prepared(service: Service, folder: Path) -> str:
    """Let the service have a student; gives the student's token."""
    events = folder / "events.jsonl"
    events.write_text(json.dumps(quiz()))
    service.run("ingest", str(events)).check_returncode()
    made = service.run("token", "create", "amal", "--role", "student")
    made.check_returncode()
    return made.stdout.strip()


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


if __name__ == "__main__":
    sys.exit(main())
