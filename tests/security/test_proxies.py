"""Whom a proxy names is believed of proxies that are trusted, and of nobody else."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from mastery_engine.api.asgi import Message, Receive, Scope, Send
from mastery_engine.api.proxies import Proxies
from tests.api.test_limits import school_with

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


async def seen(client: str | None, *headers: tuple[str, str]) -> tuple[str | None, str]:
    """The address and the scheme that the application sees."""
    found: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        found.append(scope)

    async def nothing(*_: Message) -> Any:
        return {}

    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope: Scope = {"type": "http", "client": client and (client, 7), "scheme": "http", "headers": raw}
    await Proxies(app, TRUSTED)(scope, nothing, nothing)
    told = found[0]["client"]
    return told and told[0], found[0]["scheme"]


FOR, PROTO = "X-Forwarded-For", "X-Forwarded-Proto"


@pytest.mark.parametrize(
    ("client", "headers", "expected"),
    [
        ("1.2.3.4", [(FOR, "9.9.9.9"), (PROTO, "https")], ("1.2.3.4", "http")),
        ("10.0.0.1", [(FOR, "9.9.9.9"), (PROTO, "https")], ("9.9.9.9", "https")),
        ("10.0.0.1", [(FOR, "6.6.6.6, 9.9.9.9")], ("9.9.9.9", "http")),
        ("10.0.0.1", [(FOR, "6.6.6.6, 10.0.0.9, 9.9.9.9, 10.0.0.2")], ("9.9.9.9", "http")),
        ("10.0.0.1", [(FOR, "6.6.6.6"), (FOR, "9.9.9.9")], ("9.9.9.9", "http")),
        ("10.0.0.1", [(FOR, "10.0.0.3, 10.0.0.2")], ("10.0.0.3", "http")),
        ("10.0.0.1", [(FOR, "6.6.6.6, nonsense, 10.0.0.2")], ("10.0.0.2", "http")),
        ("10.0.0.1", [(FOR, "unknown")], ("10.0.0.1", "http")),
        ("10.0.0.1", [(FOR, "")], ("10.0.0.1", "http")),
        ("10.0.0.1", [(FOR, "9.9.9.9:4711")], ("9.9.9.9", "http")),
        ("10.0.0.1", [(FOR, "[2001:db8::1]:4711")], ("2001:db8::1", "http")),
        ("fd00::1", [(FOR, "2001:db8::1")], ("2001:db8::1", "http")),
        ("::ffff:10.0.0.1", [(FOR, "9.9.9.9")], ("9.9.9.9", "http")),
        ("10.0.0.1", [(PROTO, "https")], ("10.0.0.1", "https")),
        ("10.0.0.1", [(PROTO, "HTTPS")], ("10.0.0.1", "https")),
        ("10.0.0.1", [(PROTO, "javascript")], ("10.0.0.1", "http")),
        ("10.0.0.1", [(FOR, "9.9.9.9"), (PROTO, "https, http")], ("9.9.9.9", "http")),
        ("10.0.0.1", [(FOR, "9.9.9.9, 10.0.0.2"), (PROTO, "https, http")], ("9.9.9.9", "https")),
        (
            "10.0.0.1",
            [(FOR, "6.6.6.6, 9.9.9.9, 10.0.0.2"), (PROTO, "https, http, https")],
            ("9.9.9.9", "http"),
        ),
        (None, [(FOR, "9.9.9.9")], (None, "http")),
    ],
)
async def test_the_list_is_read_from_its_end_for_as_long_as_who_wrote_it_is_trusted(
    client: str | None, headers: list[tuple[str, str]], expected: tuple[str | None, str]
) -> None:
    assert await seen(client, *headers) == expected


async def test_tls_is_wished_for_where_a_trusted_proxy_says_that_the_caller_came_by_it() -> None:
    for trusted, told in ((("127.0.0.1",), True), ((), False)):
        async with school_with(trusted_proxies=trusted) as school:
            answer = await school.http.get("/health", headers={PROTO: "https"})
            assert ("strict-transport-security" in answer.headers) == told


async def test_who_guesses_behind_a_proxy_does_not_close_the_door_for_the_others() -> None:
    async with school_with(trusted_proxies=("127.0.0.1",), most_failed_tokens=1) as school:
        token = {"Authorization": "Bearer nonsense"}
        told = [
            (await school.post("query", {}, token | {FOR: address})).status_code
            for address in ("6.6.6.6", "6.6.6.6", "9.9.9.9")
        ]
        assert told == [401, 429, 401]


async def test_nobody_escapes_by_naming_another_address() -> None:
    async with school_with(most_failed_tokens=1) as school:
        token = {"Authorization": "Bearer nonsense"}
        told = [
            (await school.post("query", {}, token | {FOR: f"6.6.6.{number}"})).status_code
            for number in range(2)
        ]
        assert told == [401, 429]
