"""`mastery mcp`: a process of its own, spoken to as clients do."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from mastery_engine.bootstrap import open_engine
from mastery_engine.config import load_settings
from mastery_engine.domain.cohort import Cohort, Membership
from tests.mcp_door.tools_of import Told, called

COMMAND = [sys.executable, "-m", "mastery_engine.cli.main", "mcp"]
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "a-test", "version": "1"},
    },
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    async with open_engine(load_settings(home=folder)) as engine:
        members = (Membership(person_id="amal"), Membership(person_id="bo"))
        teachers = (Membership(person_id="ms-yun"),)
        await engine.adapters.rosters.put(
            "default", [Cohort(cohort_id="7a", teachers=teachers, students=members)]
        )
    return folder


def environment(home: Path) -> dict[str, str]:
    return {"MASTERY_HOME": str(home), "PATH": os.environ["PATH"], "PYTHONUTF8": "1"}


async def ask(home: Path, *arguments: str, tool: str, mode: str = "auto", **sent: object) -> Told:
    server = StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], *arguments], env=environment(home))
    async with Client(stdio_client(server), mode=mode) as client:
        return await called(client, tool, sent)


@asynccontextmanager
async def spoken_to(home: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The process, spoken to line by line."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(home), limit=1 << 22
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def say(process: asyncio.subprocess.Process, *messages: object) -> None:
    assert process.stdin is not None
    for one in messages:
        line = one if isinstance(one, bytes) else json.dumps(one).encode()
        process.stdin.write(line + b"\n")
    await process.stdin.drain()


async def hear(process: asyncio.subprocess.Process, number: int) -> dict[str, Any]:
    """The answer to the message of that number."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        told: dict[str, Any] = json.loads(line)
        if told.get("id") == number:
            return told
    raise AssertionError("the process has ended")


def calling(number: int, tool: str, **arguments: object) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_of_the_sdk_is_answered(home: Path, mode: str) -> None:
    told = await ask(
        home, tool="calculate", mode=mode, completion=0.8, quiz=0.7, quality=0.9, consistency=0.6
    )
    assert (told.data["score"], told.data["level"]) == (0.77, "proficient")


async def test_who_serves_for_a_student_or_a_teacher_gives_the_model_no_more_than_these_may_see(
    home: Path,
) -> None:
    refused = await ask(home, "--student", "amal", tool="class_overview", cohort_id="7a")
    assert refused.is_error
    assert not (await ask(home, "--teacher", "ms-yun", tool="class_overview", cohort_id="7a")).is_error
    other = await ask(home, "--teacher", "mr-no", tool="class_overview", cohort_id="7a")
    assert other.is_error
    peer = await ask(home, "--student", "amal", tool="get_mastery", student_id="bo")
    assert peer.text.startswith("NOT_FOUND")
    async with open_engine(load_settings(home=home)) as engine:
        entries = [record.entry for record in await engine.adapters.audit.read("default")]
        amal = engine.pseudonyms.of("default", "amal")
    last = entries[-1]
    assert (last.role, last.action, last.allowed) == ("student", "mastery.read", False)
    # Who sits at the machine leaves no record in the name of another.
    assert last.actor.startswith("os:")
    assert [one.detail["with_rights_of"] for one in (last, entries[-2])] == [amal, "mr-no"]


async def test_a_model_that_serves_one_student_is_told_whom(home: Path) -> None:
    for arguments, told in ((["--student", "amal"], True), ([], False)):
        server = StdioServerParameters(
            command=COMMAND[0], args=[*COMMAND[1:], *arguments], env=environment(home)
        )
        async with Client(stdio_client(server)) as client:
            assert ("You serve student 'amal'." in str(client.instructions)) is told


async def test_what_is_no_message_or_far_too_long_does_not_end_it(home: Path) -> None:
    async with spoken_to(home) as process:
        await say(process, HELLO)
        await hear(process, 1)
        await say(process, READY, b"no message", b"[]", b'{"jsonrpc": "2.0"}', b"\xff\xfe")
        await say(process, calling(2, "get_mastery", student_id="x" * 1_000_000))
        assert (await hear(process, 2))["result"]["isError"]
        await say(
            process,
            b'{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"calculate",'
            b'"arguments":{"quiz":NaN}}}',
        )
        assert "quiz = nan: must be >= 0" in (await hear(process, 3))["result"]["content"][0]["text"]
        await say(process, calling(4, "calculate", quiz=0.5))
        assert (await hear(process, 4))["result"]["structuredContent"]["score"] == 0.15


async def test_a_cancelled_call_leaves_the_next_ones_answered(home: Path) -> None:
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}
    async with spoken_to(home) as process:
        await say(process, HELLO)
        await hear(process, 1)
        await say(process, READY, calling(2, "class_overview", cohort_id="7a"), cancelled)
        await say(process, calling(3, "calculate", quiz=0.5))
        assert (await hear(process, 3))["result"]["structuredContent"]["score"] == 0.15


async def test_it_ends_when_its_client_has_gone_and_prints_nothing_else(home: Path) -> None:
    async with spoken_to(home) as process:
        await say(process, HELLO)
        await hear(process, 1)
        assert process.stdin is not None
        process.stdin.close()
        out, words = await process.communicate()
        assert (process.returncode, out, words) == (0, b"", b"")


async def test_it_ends_without_a_word_when_its_client_no_longer_reads(home: Path) -> None:
    ours, theirs = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=theirs,
        stderr=asyncio.subprocess.PIPE,
        env=environment(home),
    )
    os.close(theirs)
    os.close(ours)
    await say(process, HELLO)
    assert process.stdin is not None
    process.stdin.close()
    _, words = await process.communicate()
    assert (process.returncode, words) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "saying"),
    [
        (("--student", "amal", "--teacher", "ms-yun"), b"not both"),
        (("--tenant", "nowhere"), b"no tenant 'nowhere'"),
        (("--student", "a b"), b"student = a b: must be 1 to 50 of"),
        (("--teacher", ""), b"teacher = : must be 1 to 200 visible"),
    ],
)
async def test_what_cannot_be_served_is_said_at_once(
    home: Path, arguments: tuple[str, ...], saying: bytes
) -> None:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(home),
    )
    out, words = await process.communicate()
    assert process.returncode
    assert out == b""
    assert saying in words
