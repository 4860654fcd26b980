"""Databases of a test's own on the PostgreSQL that everybody shares."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from mastery_engine.adapters.postgres.upgrade import upgrade_schema
from tools.own_database import beside


def _new_database(url: str, template: str = "template1") -> str:
    name = f"mastery_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(made.format(sql.Identifier(name), sql.Identifier(template)))
    return name


def _drop_database(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """Name of a database with the newest schema and nothing in it."""
    name = _new_database(postgres_url)
    # In a thread: a fixture may be asked for while a loop runs.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, upgrade_schema(beside(postgres_url, name))).result()
    yield name
    _drop_database(postgres_url, name)


@pytest.fixture
def bare_postgres(postgres_url: str) -> Iterator[str]:
    """URL of a database without anything in it."""
    name = _new_database(postgres_url)
    yield beside(postgres_url, name)
    _drop_database(postgres_url, name)


@pytest.fixture
def ready_postgres(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """URL of a database with the newest schema and nothing in it."""
    name = _new_database(postgres_url, postgres_template)
    yield beside(postgres_url, name)
    _drop_database(postgres_url, name)
