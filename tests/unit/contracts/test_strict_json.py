"""JSON from strangers costs no more than it is long."""

from __future__ import annotations

import json

import pytest

from mastery_engine.contracts import strict_json
from mastery_engine.contracts.strict_json import MOST_MARKS, MOST_VALUES, decode_strictly, name_twice
from mastery_engine.domain.errors import InvalidInput

NAMES = 100_000


@pytest.fixture(scope="module")
def many_names() -> bytes:
    """An object whose last name stands twice: compared with all the others one by one, it would take minutes."""
    return b"{" + b"".join(b'"%06d":1,' % number for number in range(NAMES)) + b'"%06d":2}' % (NAMES - 1)


@pytest.mark.timeout(20)
def test_a_name_that_stands_twice_is_found_among_very_many(many_names: bytes) -> None:
    with pytest.raises(InvalidInput, match="099999 = twice"):
        decode_strictly(many_names)
    problem = name_twice(many_names)
    assert problem is not None
    assert problem.field == "099999"


def test_the_first_of_several_names_that_stand_twice_is_told() -> None:
    with pytest.raises(InvalidInput, match="b = twice"):
        decode_strictly(b'{"a": 1, "b": 1, "c": 1, "c": 2, "b": 2}')


@pytest.mark.parametrize(
    "raw",
    [
        b"[" + b",".join([b"[]"] * (MOST_MARKS + 1)) + b"]",
        b"[" + b",".join([b"{}"] * (MOST_MARKS + 1)) + b"]",
        b"{" + b",".join(b'"%x":1' % number for number in range(MOST_MARKS + 1)) + b"}",
        b"[" + b",".join([b"1"] * (MOST_VALUES + 2)) + b"]",
    ],
)
def test_what_would_keep_a_processor_busy_is_not_even_read(
    raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_json, "_decoder", None)
    with pytest.raises(InvalidInput) as refused:
        decode_strictly(raw)
    assert refused.value.reason == "too_many_values"


def test_a_thousand_events_with_a_year_of_days_each_are_not_too_much() -> None:
    days = [f"2025-{number:05}" for number in range(366)]
    events = [{"event_id": str(number), "activity_dates": days} for number in range(1_000)]
    assert decode_strictly(json.dumps(events, separators=(",", ":")).encode()) == events


@pytest.mark.parametrize("most", [1, 10, 11])
@pytest.mark.parametrize(("opens", "closes"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_so_many_levels_are_read_and_no_more(opens: bytes, closes: bytes, most: int) -> None:
    each = opens.count(b"[") + opens.count(b"{")
    fits = most // each
    assert decode_strictly(opens * fits + b"1" + closes * fits, most) is not None
    with pytest.raises(InvalidInput, match=f"at most {most} levels"):
        decode_strictly(opens * (fits + 1) + b"1" + closes * (fits + 1), most)


def test_all_that_json_has_is_read_as_it_is() -> None:
    value: dict[str, object] = {
        "a": [1, -1.5, 1e300, 2**63, "é", True, False, None, {}, []],
        "b": {"c": "\u0000"},
    }
    assert decode_strictly(json.dumps(value).encode()) == value


@pytest.mark.parametrize("raw", [b"[1e999]", b"[" + b"9" * 5_000 + b"]"])
def test_a_number_beyond_all_bounds_is_told_as_such_and_not_as_depth(raw: bytes) -> None:
    with pytest.raises(InvalidInput, match="a number that is too large"):
        decode_strictly(raw)
