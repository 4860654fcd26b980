"""Our server, as it is over standard input and output for whoever sits at the machine."""

from __future__ import annotations

from typing import Any

from mcp.server.lowlevel import Server

from benchmarks.tokens.school import who
from mastery_engine.bootstrap import Engine
from mastery_engine.mcp.asking import Asking, admit_all
from mastery_engine.mcp.server import server_of


def our_server(engine: Engine) -> Server[Any]:
    """A server that answers by an engine.

    Args:
        engine: Open.
    """
    return server_of(lambda _: Asking(engine, who(), admit_all))
