"""Serving over standard input and output: one client, which has started this process."""

from __future__ import annotations

from uuid import uuid4

from mcp.server.stdio import stdio_server
from msgspec.structs import replace

from mastery_engine.bootstrap import Engine
from mastery_engine.engine.access import Caller
from mastery_engine.mcp.asking import Asking, admit_all
from mastery_engine.mcp.server import Context, server_of


async def serve_stdio(engine: Engine, caller: Caller) -> None:
    """Serve until the client closes our input, or no longer reads what we answer.

    Args:
        engine: Open.
        caller: For whom; each request has an id of its own in the audit trail.
    """

    def who(_: Context) -> Asking:
        return Asking(engine, replace(caller, request_id=str(uuid4())), admit_all)

    server = server_of(who, caller.subject if caller.role == "student" else None)
    try:
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
    except* BrokenPipeError:
        pass  # Nobody is there to be told; what was asked is on record.
