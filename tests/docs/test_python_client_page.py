"""The blocks of the page on the Python client, run as they stand against a service."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mastery_engine.adapters.auth import make_token
from mastery_engine.client import Client, calls
from mastery_engine.domain.cohort import Cohort
from tests.api.school import SECRET, quiz, trial_settings

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "how-to" / "use-the-python-client.md"
RUN = """
import asyncio, sys
from mastery_engine.api.serve import serve
from mastery_engine.config import load_settings
sys.exit(asyncio.run(serve(load_settings(store_url="memory://", home="no-such-home", jwt_secret=sys.argv[1]), port=0)))
"""


@pytest.fixture
def server() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-c", RUN, SECRET], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process:
        try:
            found = re.search(r"http://\S+", process.stderr.readline())
            assert found is not None
            yield found[0]
        finally:
            process.terminate()


def token() -> str:
    settings = trial_settings()
    return make_token(
        SECRET.encode(),
        subject="head",
        role="admin",
        tenant_id="default",
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        issued_at=int(time.time()),
        lifetime_seconds=600,
    )


def test_every_block_runs(
    server: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text().replace("https://mastery.school.example", server).replace('"..."', repr(token()))
    first, sending, news, following, waiting, exporting = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(sending, names)  # noqa: S102 - the page is ours
    event = quiz(student_id="ada-01", timestamp=int(time.time() * 1_000) - 60_000)
    score = asyncio.run(names["send"]([event], token()))
    exec(first, names)  # noqa: S102 - as above
    assert capsys.readouterr().out.startswith(f"{score} ")
    exec(news, names)  # noqa: S102 - as above
    assert names["later"] is None
    exec(following, names)  # noqa: S102 - as above
    assert capsys.readouterr().out == f"snapshot {score}\n"
    exec(waiting, names)  # noqa: S102 - as above
    assert capsys.readouterr().out.splitlines()[-1] == "done 151"
    assert len(names["results"]) == 151
    exec(exporting, names)  # noqa: S102 - as above
    assert (tmp_path / "ada-01.zip").stat().st_size == names["size"]


def test_every_command_runs(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAGE.read_text().replace("https://mastery.school.example", server)
    lines = [
        line for block in re.findall(r"```text\n(.*?)```", text, re.DOTALL) for line in block.splitlines()
    ]
    commands = [line for line in lines if line != "export MASTERY_TOKEN=..."]
    assert len(commands) == len(lines) - 1
    monkeypatch.setenv("MASTERY_TOKEN", token())
    event = quiz(student_id="ada-01", timestamp=int(time.time() * 1_000) - 60_000)
    (tmp_path / "events.jsonl").write_text(json.dumps(event))
    with Client(server, token()) as client:
        client.send(calls.put_cohort(Cohort(cohort_id="class-7b")))
    # What is sent is shown after it.
    for command in sorted(commands, key=lambda one: "ingest" not in one):
        program, *arguments = shlex.split(command)
        named = ["-m", "mastery_engine.cli.main"] if program == "mastery" else [REPOSITORY / arguments.pop(0)]
        done = subprocess.run(
            [sys.executable, *named, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        if "ingest" in command:
            with Client(server, token()) as client:
                position = client.send(calls.ingest([event])).position
                client.send(calls.profile("ada-01", position=position))
