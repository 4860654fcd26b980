"""A server that knows no password."""

import asyncio


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
