"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.cli import words
from mastery_engine.domain.formulas import Formulas
from mastery_engine.domain.scores import Components

ADR_004 = Formulas().get("adr-004")
values = st.one_of(st.sampled_from((0.0, 1.0, 0.5, 0.7999, 1 / 3)), st.floats(0.0, 1.0))


@given(st.builds(Components, values, values, values, values))
def test_the_points_of_the_parts_add_up_to_the_score_as_printed(components: Components) -> None:
    score = ADR_004.score(components)
    brought = [
        weight * round(value or 0.0, 6) for weight, value in zip(ADR_004.weights, components, strict=True)
    ]
    shown = words.adding_up(brought, score)
    assert sum(round(float(one) * 10) for one in shown) == round(float(words.points(score)) * 10)
    for one, exact in zip(shown, brought, strict=True):
        assert float(one) == pytest.approx(exact * 100, abs=0.1001)


def test_the_tenths_that_cutting_loses_go_to_the_parts_that_lost_most() -> None:
    assert words.adding_up([0.2288, 0.2256, 0.1501], 0.6045) == ["22.9", "22.5", "15.0"]
    assert words.adding_up([0.4, 0.0, 0.1209, 0.0098], 0.5307) == ["40.0", "0.0", "12.1", "0.9"]


@pytest.mark.parametrize(("share", "told"), [(0.4, "40%"), (4 / 7, "57.1%"), (1.0, "100%"), (0.0, "0%")])
def test_a_weight_has_decimals_only_where_it_is_shared_out(share: float, told: str) -> None:
    assert words.weight(share) == told
