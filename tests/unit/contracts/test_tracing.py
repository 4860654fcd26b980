"""Trace context and correlation id, as headers tell them."""

from __future__ import annotations

import pytest

from mastery_engine.contracts.tracing import Trace, trace_of

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_both_are_read_and_written_back() -> None:
    headers = (("traceparent", PARENT), ("correlation_id", b"lesson-7"))
    trace = trace_of((("event_type", b"x"), *headers))
    assert trace == Trace(PARENT.decode(), "lesson-7")
    assert trace is not None
    assert trace.headers() == headers


def test_without_either_there_is_none() -> None:
    assert trace_of((("event_id", b"1"),)) is None


@pytest.mark.parametrize(
    "value", [b"", PARENT[:-1], PARENT + b"0", PARENT.upper(), b"\xff" * 55, PARENT + b"\n"]
)
def test_a_malformed_context_is_passed_over(value: bytes) -> None:
    assert trace_of((("traceparent", value), ("correlation_id", b"c"))) == Trace(None, "c")


@pytest.mark.parametrize("value", [b"", b"a b", b"x" * 101, b"line\n", "é".encode()])
def test_a_correlation_id_that_no_header_should_carry_is_passed_over(value: bytes) -> None:
    assert trace_of((("correlation_id", value),)) is None
