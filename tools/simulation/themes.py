"""What a history is about: faults that need many things at once are rare where everything happens."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final, NamedTuple

_TRAFFIC: Final = {"send": 36, "repeat": 15, "break": 3, "ask": 3}


class Theme(NamedTuple):
    """A mixture of actions, and who is there.

    Attributes:
        actions: Weights of the actions, by the names of the methods that do them, without the underscore.
        students: How many there are.
        workers: How many there may be at once, drawn from these.
        scattered: Share of the records that lie under another key than their student's.
        calm: Whether nothing fails by chance.
        stay: Chances that the same actor goes on, one of these.
        sleep: Chances that an actor stands still for long once it has reached a moment, one of these.
        batches: Most records that a worker takes, one of these.
        length: How many actions there are: at least, and less than.
    """

    actions: Mapping[str, int]
    students: int = 4
    workers: tuple[int, ...] = (1, 1, 2, 3)
    scattered: float = 0.2
    calm: bool = False
    stay: tuple[float, ...] = (0.5, 0.8, 0.95, 0.99)
    sleep: tuple[float, ...] = (0.0, 0.0, 0.03)
    batches: tuple[int, ...] = (1, 2, 4, 20)
    length: tuple[int, int] = (4, 22)


_EVERYTHING: Final = Theme(
    {
        **_TRAFFIC,
        "send_poison": 1,
        "heal": 1,
        "reuse_with_other_content": 1,
        "reuse_for_another_student": 1,
        "reset_offsets": 1,
        "rebalance": 1,
        "recreate_topic": 1,
        "start_replay": 1,
        "damage": 1,
        "damage_record": 1,
        "remember": 1,
        "go_back": 1,
        "store_down": 1,
        "pass_time": 1,
        "expire": 1,
        "erase": 1,
    }
)
_CROWD: Final = _EVERYTHING._replace(students=1, workers=(2,), calm=True, stay=(0.9, 0.97, 0.99))
_REPEATS: Final = Theme(
    {
        "send": 6,
        "repeat": 8,
        "reuse_with_other_content": 3,
        "reuse_for_another_student": 3,
        "reset_offsets": 2,
        "rebalance": 2,
        "expire": 1,
    },
    students=2,
    workers=(1, 2, 2),
    scattered=0.5,
)
_SAME_IDS: Final = _REPEATS._replace(workers=(1,), calm=True)
_GIVING_UP: Final = Theme(
    {"send_poison": 2, "repeat": 3, "heal": 2},
    students=1,
    workers=(2, 3),
    scattered=0.8,
    calm=True,
    stay=(0.8, 0.9),
    sleep=(0.05, 0.1),
    batches=(1,),
    length=(20, 60),
)
_MENDING: Final = Theme(
    {"send": 8, "repeat": 4, "damage": 5, "start_replay": 3, "damage_record": 2, "remember": 1, "go_back": 1},
    students=1,
    workers=(1, 2),
    calm=True,
    stay=(0.5, 0.8, 0.9),
    sleep=(0.0, 0.05),
)
_COMPARING: Final = _MENDING._replace(actions={"send": 6, "repeat": 2, "start_replay": 3}, sleep=(0.0, 0.03))
_DYING: Final = Theme(
    {
        "send": 8,
        "repeat": 2,
        "start_replay": 4,
        "reuse_with_other_content": 4,
        "recreate_topic": 1,
        "reset_offsets": 1,
        "rebalance": 1,
    },
    students=1,
    workers=(1, 1, 2),
    scattered=0.5,
    batches=(1, 2, 20),
)
THEMES: Final = (_EVERYTHING, _CROWD, _REPEATS, _SAME_IDS, _GIVING_UP, _MENDING, _COMPARING, _DYING)
_WEIGHTS: Final = (25, 10, 15, 5, 15, 10, 10, 10)


def draw_theme(chance: random.Random) -> Theme:
    """The theme of a history."""
    return chance.choices(THEMES, _WEIGHTS)[0]
