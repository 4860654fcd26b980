"""A database of its own on a server of PostgreSQL, with our schema, dropped in the end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql


def beside(url: str, database: str) -> str:
    """The URL of another database of the same server."""
    base, question, query = url.partition("?")
    return f"{base.rpartition('/')[0]}/{database}{question}{query}"


@contextmanager
def database(server: str) -> Generator[str]:
    """Make one; its address.

    Args:
        server: Address of a database of the server, whose user may make others.
    """
    name = f"own_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        url = beside(server, name)
        command = [sys.executable, "-m", "mastery_engine.cli.main", "db", "upgrade"]
        subprocess.run(
            command, env=os.environ | {"MASTERY_ARCHIVE_URL": url}, check=True, capture_output=True
        )
        yield url
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
