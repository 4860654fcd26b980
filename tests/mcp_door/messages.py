"""Messages of the protocol as they are sent over HTTP, by hand."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from tests.api.school import School

JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def body(tool: str, version: str, **arguments: object) -> dict[str, Any]:
    params: dict[str, Any] = {"name": tool, "arguments": arguments}
    if version == "2026-07-28":
        prefix = "io.modelcontextprotocol"
        params["_meta"] = {
            f"{prefix}/protocolVersion": version,
            f"{prefix}/clientInfo": {"name": "a-test", "version": "1"},
            f"{prefix}/clientCapabilities": {},
        }
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


async def post(
    school: School, sent: dict[str, Any], who: dict[str, str], version: str = "2025-11-25", **headers: str
) -> httpx2.Response:
    named = JSON | {"MCP-Protocol-Version": version} | who | headers
    if version == "2026-07-28":
        named |= {"Mcp-Method": "tools/call", "Mcp-Name": sent["params"]["name"]}
    return await school.http.post("/mcp", content=json.dumps(sent), headers=named)
