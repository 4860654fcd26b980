"""Servers that let nobody in: one knows no password, one has a certificate of nobody's."""

import asyncio
import contextlib
import socket
import ssl


async def refuse_the_password(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server's side of a login with a wrong password."""
    await reader.read(int.from_bytes(await reader.readexactly(4)) - 4)
    writer.write(b"R" + (8).to_bytes(4) + (3).to_bytes(4))
    await reader.readexactly(1)
    password = await reader.readexactly(int.from_bytes(await reader.readexactly(4)) - 4)
    assert password.startswith(b"hush")
    fields = b'SFATAL\0C28P01\0Mpassword authentication failed for user "ada"\0\0'
    writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
    writer.close()
    await writer.wait_closed()


def show_a_certificate(listening: socket.socket, context: ssl.SSLContext) -> None:
    """Agree to TLS with who comes first, who does not like the certificate and hangs up."""
    accepted, _ = listening.accept()
    with accepted:
        assert len(accepted.recv(8)) == 8
        accepted.sendall(b"S")
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            context.wrap_socket(accepted, server_side=True).close()
