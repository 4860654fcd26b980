"""Our side of a question: a server of the Model Context Protocol, or the skill."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import mcp_types as types
from mcp.client import Client

from benchmarks.tokens.counting import compact
from benchmarks.tokens.skill_calls import CALCULATION, lines_for
from benchmarks.tokens.tasks import CALCULATE, Call, Task

_FIELDS: Final = ("name", "description", "inputSchema", "outputSchema", "annotations")


class Exchange(NamedTuple):
    """What a call takes.

    Attributes:
        call: As a model writes it.
        result: The text that a model reads.
        wire: All content as it is sent.
    """

    call: str
    result: str
    wire: str


class Refused(Exception):
    """A call was refused: a refusal is short, and no answer. Or it told something else than what is right."""


class Side(Protocol):
    """A way to our answers."""

    @property
    def name(self) -> str:
        """As the table has it."""
        ...

    async def definitions(self) -> str:
        """What a model reads once, whatever it asks."""
        ...

    async def answer(self, task: Task) -> Sequence[Exchange]:
        """Every call of a task.

        Raises:
            Refused: A call was refused.
        """
        ...

    async def calculate(self) -> Exchange:
        """A calculation with all four parts given."""
        ...


@dataclass(frozen=True)
class ServerSide:
    """Tools of a server, asked by the client of the official SDK.

    Attributes:
        client: Connected.
    """

    client: Client
    name: str = "MCP"

    async def definitions(self) -> str:
        """The server's instructions, and all tools as `tools/list` tells them; only what a model reads of each."""
        tools: list[types.Tool] = []
        cursor: str | None = None
        while True:
            page = await self.client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        told = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
        listed = compact([{name: one[name] for name in _FIELDS if name in one} for one in told])
        return f"{self.client.instructions or ''}{listed}"

    async def answer(self, task: Task) -> Sequence[Exchange]:
        """Every call of a task, and what comes back."""
        return [await self.exchange(call) for call in task.calls]

    async def calculate(self) -> Exchange:
        """A calculation with all four parts given."""
        return await self.exchange(CALCULATE)

    async def exchange(self, call: Call) -> Exchange:
        """One call.

        Args:
            call: Of a tool.

        Raises:
            Refused: The result is marked as an error.
        """
        found = await self.client.call_tool(call.tool, call.arguments)
        assert isinstance(found, types.CallToolResult)
        text = "\n".join(one.text for one in found.content if isinstance(one, types.TextContent))
        if found.is_error:
            raise Refused(f"{call.tool} {compact(call.arguments)} was refused: {text}")
        structured: Any = found.structured_content
        wire = text if structured is None else text + compact(structured)
        return Exchange(compact({"name": call.tool, "arguments": call.arguments}), text, wire)


@dataclass(frozen=True)
class SkillSide:
    """The skill: its page is read once, its script is run, and what it prints is read.

    Attributes:
        folder: Holds `SKILL.md`.
        variables: Where its server is, and the token.
    """

    folder: Path
    variables: Mapping[str, str]
    name: str = "skill"

    async def definitions(self) -> str:
        """The page that is loaded when the skill is used."""
        return (self.folder / "SKILL.md").read_text("utf-8")

    async def answer(self, task: Task) -> Sequence[Exchange]:
        """Every command of a task, and what it prints."""
        return [await self.run(line) for line in lines_for(task)]

    async def calculate(self) -> Exchange:
        """A calculation with all four parts given."""
        return await self.run(CALCULATION)

    async def run(self, line: str) -> Exchange:
        """One command.

        Args:
            line: As a model writes it, in the folder of the skill.

        Raises:
            Refused: It ended with an error.
        """
        program, *arguments = line.split()
        assert program == "python3"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], **self.variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, errors = await process.communicate()
        if process.returncode != 0:
            raise Refused(f"{line} ended with {process.returncode}: {errors.decode()[-500:]}")
        text = printed.decode()
        return Exchange(line, text, text)
