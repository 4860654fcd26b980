"""Outcomes as they are kept until their outputs are known to be sent."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from mastery_engine.contracts.outcome import (
    PROCESSED_VERSION,
    Outcome,
    Processed,
    component_places,
    decode_processed,
    encode_processed,
    from_micros,
    level_place,
    micros,
    to_micros,
)
from mastery_engine.domain.errors import NewerVersion
from mastery_engine.domain.scores import Components
from tests.unit.contracts.test_document import outcomes

OUTCOME = Outcome(b"i" * 16, b"d" * 8, 1, 2, 3, 4, 340_000, 0, (600_000, None, None, 1_000_000), "adr-004@1")


@given(outcomes)
def test_a_processed_record_comes_back_as_it_went(outcome: Outcome) -> None:
    assert decode_processed(encode_processed(b"s" * 16, outcome)) == Processed(
        PROCESSED_VERSION, b"s" * 16, outcome
    )


def test_a_newer_processed_record_is_refused() -> None:
    newer = msgspec.msgpack.encode(Processed(PROCESSED_VERSION + 1, b"s", OUTCOME))
    with pytest.raises(NewerVersion, match="version 2, this release knows 1; upgrade"):
        decode_processed(newer)


def test_the_result_of_an_outcome_is_what_was_published() -> None:
    result = OUTCOME.result
    assert (result.score, result.level, result.day, result.formula) == (0.34, "beginner", 4, "adr-004@1")
    assert result.components == Components(0.6, None, None, 1.0)


def test_values_are_kept_in_millionths() -> None:
    components = Components(0.1234567, None, 0.0, 1.0)
    assert to_micros(components) == (123_457, None, 0, 1_000_000)
    assert to_micros(Components(None, 0.5, None, None)) == (None, 500_000, None, None)
    assert from_micros((123_457, None, 0, 1_000_000)) == Components(0.123457, None, 0.0, 1.0)
    assert from_micros((None, 5, None, None)) == Components(None, 0.000005, None, None)
    assert micros(0.74) == 740_000


def test_levels_and_components_are_kept_by_their_places() -> None:
    assert [level_place(level) for level in ("beginner", "expert")] == [0, 4]
    assert component_places(("quality", "completion")) == (2, 0)
