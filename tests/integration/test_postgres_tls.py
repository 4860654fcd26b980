"""A PostgreSQL with which no connection by TLS comes about is told as such."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres.records import open_postgres
from mastery_engine.domain.errors import DependencyDown
from tests.integration.certificates import certificates
from tests.integration.postgres_refusal import show_a_certificate
from tests.integration.test_postgres_failures import PASSWORD, told_of


async def test_a_certificate_that_is_not_believed_is_told_as_such_and_not_as_silence(tmp_path: Path) -> None:
    shown = certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # The certificate is for the number, not for the name.
        server = f"localhost:{listening.getsockname()[1]}"
        url = f"postgresql://ada:hush@{server}/mastery?sslmode=verify-full&sslrootcert={shown.authority}&hostaddr=127.0.0.1"
        showing = asyncio.create_task(asyncio.to_thread(show_a_certificate, listening, context))
        with pytest.raises(
            DependencyDown, match=r"answers, but no connection by TLS .*does not match host name.*sslrootcert"
        ) as refused:
            await open_postgres(url, SystemClock())
        await showing
    assert PASSWORD not in told_of(refused.value)


async def test_tls_that_the_server_does_not_speak_is_told_as_such(ready_postgres: str) -> None:
    parted = ready_postgres + ("&" if "?" in ready_postgres else "?")
    with pytest.raises(DependencyDown, match=r"answers, but .*does not support SSL.*look at sslmode"):
        await open_postgres(f"{parted}sslmode=require", SystemClock())
