"""A server that stands in the place of the database, and has not its certificate."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from urllib.parse import urlencode, urlunsplit

import pytest

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres.records import open_postgres
from mastery_engine.domain.errors import DependencyDown
from tests.integration.certificates import certificates


async def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(tmp_path: Path) -> None:
    ours, strangers = certificates(tmp_path / "ours"), certificates(tmp_path / "strangers")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(strangers.certificate, strangers.key)
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"S")
        try:
            await writer.start_tls(context)
            heard.set_result(await reader.read(1_000))
        except OSError:
            heard.set_result(b"")
        writer.close()

    server = await asyncio.start_server(pretend, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    query = urlencode({"sslmode": "verify-full", "sslrootcert": ours.authority})
    url = urlunsplit(("postgresql", f"ada:hush@127.0.0.1:{port}", "/mastery", query, ""))
    async with server:
        with pytest.raises(DependencyDown, match="SSL error") as refused:
            await open_postgres(url, SystemClock())
        assert await asyncio.wait_for(heard, 30) == b""
    assert "hush" not in str(refused.value)
