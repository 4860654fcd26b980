"""Answers as people see them."""

from __future__ import annotations

import msgspec
import pytest

from mastery_engine.contracts.answers import METRICS, component_views, result_view
from mastery_engine.domain.scores import Components, Result

RESULT = Result(
    score=0.54,
    level="developing",
    components=Components(0.5, 0.1234567, None, 1.0),
    formula="adr-004@1",
    day=19_790,
)


def test_a_result_tells_components_at_6_decimals_and_what_was_not_observed() -> None:
    assert msgspec.json.decode(msgspec.json.encode(result_view(RESULT))) == {
        "score": 0.54,
        "level": "developing",
        "formula": "adr-004@1",
        "components": {
            "completion": {"value": 0.5, "observed": True},
            "quiz": {"value": 0.123457, "observed": True},
            "quality": {"value": 0.0, "observed": False},
            "consistency": {"value": 1.0, "observed": True},
        },
    }


def test_components_that_were_not_asked_for_are_left_out() -> None:
    assert msgspec.json.encode(result_view(RESULT, components=False)) == (
        b'{"score":0.54,"level":"developing","formula":"adr-004@1"}'
    )


@pytest.mark.parametrize("one", [1, 1.0])
def test_a_whole_number_is_told_as_a_fraction(one: float) -> None:
    views = component_views(Components(one, 0, 0.0, None))
    assert [repr(view.value) for view in views.values()] == ["1.0", "0.0", "0.0", "0.0"]
    assert [view.observed for view in views.values()] == [True, True, True, False]


def test_the_metrics_are_the_score_and_the_components() -> None:
    assert METRICS == ("score", "completion", "quiz", "quality", "consistency")
