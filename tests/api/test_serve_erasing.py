"""A real service carries out an erasure to its end, though it is ended, or killed, in the middle."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from mastery_engine.adapters.auth import make_token
from tests.api.school import SECRET, quiz
from tests.integration.kafka_house import until

# What `mastery serve` runs, with a wait and a lease that a test can bear: nobody but a test's own program can set them.
RUN = """
import asyncio, sys
from mastery_engine.bootstrap import erasing
from mastery_engine.engine.erasure import runner
erasing.WAIT_SECONDS, runner.LEASE_SECONDS = float(sys.argv[2]), 1
from mastery_engine.api.serve import serve
from mastery_engine.config import load_settings
settings = load_settings(home=sys.argv[1], jwt_secret=sys.argv[3])
sys.exit(asyncio.run(serve(settings, port=0)))
"""


def admin() -> dict[str, str]:
    told = make_token(
        SECRET.encode(),
        subject="head",
        role="admin",
        tenant_id="default",
        issuer="mastery-engine",
        audience="mastery-api",
        issued_at=int(time.time()),
        lifetime_seconds=600,
    )
    return {"Authorization": f"Bearer {told}"}


@contextmanager
def service(home: Path, wait: float) -> Generator[tuple[subprocess.Popen[str], str]]:
    program = [sys.executable, "-c", RUN, str(home), str(wait), SECRET]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield process, re.findall(r"http://\S+", process.stderr.readline())[0]
        finally:
            process.kill()


@pytest.mark.parametrize(("ended", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
async def test_an_erasure_that_was_interrupted_is_done_by_the_next_service(
    ended: signal.Signals, code: int, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with service(home, 3_600) as (process, url):
        async with httpx2.AsyncClient(base_url=url, headers=admin()) as http:
            now = (await http.get("/")).json()["meta"]["timestamp"]
            await http.post("/api/v1/mastery/ingest", json=quiz(timestamp=now))
            asked = await http.delete("/api/v1/students/amal")
            place = asked.headers["Location"]

            async def waits() -> bool:
                return (await http.get(place)).json()["data"]["progress"].get("step") == "wait"

            await until(waits)
        process.send_signal(ended)
        assert process.wait(30) == code
    with service(home, 0.1) as (process, url):
        async with httpx2.AsyncClient(base_url=url, headers=admin()) as http:

            async def is_done() -> bool:
                return (await http.get(place)).json()["data"]["state"] == "done"

            await until(is_done)
            report = (await http.get(place)).json()["data"]["report"]
            seen = await http.post("/api/v1/mastery/query", json={"student_id": "amal"})
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert report["verified"]["left"] == 0
    assert report["removed"]["mastery.requests"] == 1
    assert (seen.status_code, seen.json()["error"]["code"]) == (404, "NOT_FOUND")
    named = [one for one in home.rglob("*") if one.is_file() and b"amal" in one.read_bytes()]
    assert named == []
