"""A batch's records by learner, and learners in lanes."""

from __future__ import annotations

from typing import cast

import pytest

from mastery_engine.engine.fold_batch import Learner
from mastery_engine.engine.grouping import in_lanes
from mastery_engine.engine.judge import Accepted
from mastery_engine.engine.step import Work


def work(records: int) -> Work:
    return Work(cast("Learner", None), [cast("Accepted", None)] * records)


@pytest.mark.parametrize(
    ("sizes", "least", "lanes"),
    [
        ([], 3, []),
        ([1], 3, [[1]]),
        ([1, 1, 1, 1], 3, [[1, 1, 1], [1]]),
        ([5, 1, 2, 1], 3, [[5], [1, 2], [1]]),
        ([2, 2, 2], 1, [[2], [2], [2]]),
    ],
)
def test_a_lane_takes_learners_until_it_has_records_enough(
    sizes: list[int], least: int, lanes: list[list[int]]
) -> None:
    found = in_lanes([work(size) for size in sizes], least)
    assert [[len(one.records) for one in lane] for lane in found] == lanes
