"""A client of the SDK on a server in this process, without a network."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from mcp.client.client import Client
from mcp.shared.exceptions import MCPError

from mastery_engine.engine.access import Caller
from mastery_engine.mcp.asking import Asking, admit_all
from mastery_engine.mcp.server import server_of
from tests.api.school import School

HEAD = Caller(tenant_id="default", subject="head", role="admin", request_id="asked")
T = TypeVar("T")


class Told(NamedTuple):
    """What a tool answered: whether that is an error, the text, and the same as data."""

    is_error: bool
    text: str
    data: Any


@dataclass(frozen=True)
class Tools:
    """The tools of a school for a caller; a client for each call, since one lives in the task that opened it."""

    school: School
    caller: Caller = HEAD
    mode: str = "auto"

    async def ask(self, what: Callable[[Client], Awaitable[T]]) -> T:
        server = server_of(lambda _: Asking(self.school.engine, self.caller, admit_all))
        failed: MCPError | None = None
        async with Client(server, mode=self.mode) as client:
            try:
                return await what(client)
            except MCPError as error:
                # Leaving the client would wrap it into a group.
                failed = error
        raise failed

    async def call(self, tool: str, **arguments: object) -> Told:
        return await self.ask(lambda client: called(client, tool, arguments))


async def called(client: Client, tool: str, arguments: dict[str, Any]) -> Told:
    """Call a tool, and check that text and data are the same."""
    result = await client.call_tool(tool, arguments)
    (content,) = result.content
    assert content.type == "text"
    if not result.is_error:
        assert json.loads(content.text) == result.structured_content
    return Told(result.is_error, content.text, result.structured_content)
