"""`mastery simulate --to kafka` and `--to http`, at systems that run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tools.installation import Installation

SCHOOL = ("-n", "20", "--days", "20", "--events", "200", "--json")


def simulate(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mastery_engine.cli.main", "simulate", *arguments],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def seen(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["sent"] == 200
    assert told["without_update"] == 0
    assert 0.0 < told["latency_ms"]["p50"] <= told["latency_ms"]["longest"]
    return told


async def test_a_load_on_kafka_is_followed_to_its_results(installation: Installation) -> None:
    worker = installation.start("worker")
    try:
        told = seen(simulate(installation.environment, *SCHOOL, "--to", "kafka", "--rate", "200"))
    finally:
        worker.terminate()
        worker.communicate(timeout=30)
    assert 100 < told["rate"] < 210


async def test_a_load_that_nobody_folds_says_so(installation: Installation) -> None:
    done = simulate(installation.environment, *SCHOOL[:-1], "--to", "kafka", "--patience", "0.5")
    assert done.returncode == 1
    assert "events without an update: nobody folds them (mastery worker)" in done.stdout


def test_a_load_over_http_is_followed_to_its_reads(tmp_path: Path) -> None:
    environment = {**os.environ, "MASTERY_HOME": str(tmp_path)}
    served = subprocess.Popen(
        [sys.executable, "-m", "mastery_engine.cli.main", "serve", "--port", "0"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stderr is not None
        told = ""
        while "export TOKEN" not in told:
            line = served.stderr.readline()
            assert line, told
            told += line
        server, token = re.search(r"http://[\d.:]+", told), re.search(r"TOKEN=(\S+)", told)
        assert server is not None
        assert token is not None
        caller = {**environment, "MASTERY_TOKEN": token[1]}
        to = ("--to", "http", "--server", server[0])
        seen(simulate(caller, *SCHOOL, "--tenant", "default", *to))
        other = simulate(caller, *SCHOOL, "--tenant", "other", *to)
        assert other.returncode == 3
        assert json.loads(other.stdout)["reasons"] == {"tenant_id must be the tenant of the token": 200}
        stranger = simulate({**caller, "MASTERY_TOKEN": "x"}, *SCHOOL, *to)
        assert (stranger.returncode, "401" in stranger.stderr) == (2, True)
    finally:
        served.terminate()
        served.communicate(timeout=30)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--to", "kafka"), "MASTERY_LOG_URL"),
        (("--to", "http"), "MASTERY_TOKEN"),
        (("--to", "http", "--server", "ftp://x"), "http://"),
        (("--to", "events.jsonl", "--rate", "5"), "--to kafka"),
        (("--to", "kafka", "--rate", "-1"), "must be above 0"),
    ],
)
def test_a_load_that_cannot_be_sent_says_why(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MASTERY_")}
    done = simulate({**environment, "MASTERY_HOME": str(tmp_path)}, *arguments)
    assert done.returncode == 2
    assert told in done.stderr
