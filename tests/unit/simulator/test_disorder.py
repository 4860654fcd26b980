"""Late, repeated and broken events."""

from collections import Counter
from datetime import date

import msgspec
import pytest

from mastery_engine.contracts.event_json import decode_event
from mastery_engine.domain.calendar import DAY_MS, Calendar
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import LearningEvent
from mastery_engine.domain.rules import AcceptanceRules
from mastery_engine.simulator.broken import broken_events
from mastery_engine.simulator.disorder import Disorder, disturb
from mastery_engine.simulator.school import simulate
from mastery_engine.simulator.settings import SchoolSettings, Term

SCHOOL = SchoolSettings(start=date(2026, 1, 5), students=12, term=Term(days=40))
NOW_MS = 1_780_000_000_000


@pytest.fixture(scope="module")
def events() -> list[LearningEvent]:
    return list(simulate(SCHOOL))


def test_nothing_is_lost_or_changed_on_the_way(events: list[LearningEvent]) -> None:
    arrived = list(disturb(events, Disorder(late=0.2, repeated=0.1)))
    assert set(arrived) == set(events)
    assert max(Counter(arrived).values()) == 2


def test_no_disorder_changes_nothing(events: list[LearningEvent]) -> None:
    assert list(disturb(events, Disorder(late=0.0, repeated=0.0))) == events


def test_the_shares_of_late_and_repeated_events_are_those_asked_for(events: list[LearningEvent]) -> None:
    arrived = list(disturb(events, Disorder(late=0.1, repeated=0.05)))
    newest = late = 0
    for event in dict.fromkeys(arrived):
        late += event.timestamp < newest
        newest = max(newest, event.timestamp)
    assert len(arrived) - len(events) == pytest.approx(0.05 * len(events), rel=0.3)
    assert late == pytest.approx(0.1 * len(events), rel=0.3)


def test_no_event_is_later_than_the_longest_delay(events: list[LearningEvent]) -> None:
    newest = longest = 0
    for event in disturb(events, Disorder(late=0.3, repeated=0.3, longest_delay_days=2.0)):
        newest = max(newest, event.timestamp)
        longest = max(longest, newest - event.timestamp)
    assert DAY_MS < longest <= 2 * DAY_MS


def test_equal_seeds_give_equal_disorder(events: list[LearningEvent]) -> None:
    first, same, other = (list(disturb(events, Disorder(seed=seed))) for seed in (5, 5, 6))
    assert first == same
    assert first != other


@pytest.mark.parametrize(("late", "repeated"), [(1.5, 0.0), (0.0, -0.1)])
def test_a_share_out_of_bounds_is_refused(late: float, repeated: float) -> None:
    with pytest.raises(InvalidInput, match="must be from 0 to 1"):
        Disorder(late=late, repeated=repeated)


def test_every_broken_event_is_refused_by_schema_or_rules() -> None:
    rules = AcceptanceRules(Calendar())
    refused: list[str] = []
    broken = broken_events(SCHOOL, NOW_MS)
    for event in broken:
        try:
            problems = rules.problems(decode_event(event.raw), NOW_MS)
        except InvalidInput as error:
            problems = error.problems
        assert problems, event.name
        refused.append("; ".join(sorted({problem.field for problem in problems})))
    assert refused == [
        "correct_answers",
        "total_questions",
        "total_questions",
        "event_type",
        "timestamp",
        "student_id",
        "student_id",
        "",
        "",
    ]
    assert len({event.name for event in broken}) == len(broken)


def test_broken_events_have_one_fault_each_and_are_the_same_every_time() -> None:
    broken = broken_events(SCHOOL, NOW_MS)
    assert broken == broken_events(SCHOOL, NOW_MS)
    assert broken != broken_events(SCHOOL, NOW_MS + 1)
    mended = msgspec.json.decode(broken[0].raw) | {"correct_answers": 10}
    assert AcceptanceRules(Calendar()).problems(decode_event(msgspec.json.encode(mended)), NOW_MS) == ()
