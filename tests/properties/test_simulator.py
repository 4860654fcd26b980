"""Laws of the simulator, whatever the settings."""

from datetime import date
from itertools import islice

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.domain.calendar import Calendar
from mastery_engine.domain.events import LearningEvent
from mastery_engine.domain.rules import AcceptanceRules
from mastery_engine.simulator.disorder import Disorder, disturb
from mastery_engine.simulator.kinds import student_id_of
from mastery_engine.simulator.school import simulate
from mastery_engine.simulator.settings import COURSES, SchoolSettings, Term

schools = st.builds(
    SchoolSettings,
    start=st.dates(date(2000, 1, 1), date(2030, 12, 31)),
    students=st.integers(1, 15),
    seed=st.integers(-(2**70), 2**70),
    term=st.builds(Term, days=st.integers(1, 40)),
    courses=st.integers(1, 3).map(lambda count: COURSES[:count]),
)
unit = st.floats(0.0, 1.0)


def place_in_time(event: LearningEvent) -> tuple[int, str]:
    return event.timestamp, event.event_id


def events_of(school: SchoolSettings) -> list[LearningEvent]:
    return list(simulate(school))


@given(schools)
def test_equal_settings_give_equal_events(school: SchoolSettings) -> None:
    assert events_of(school) == events_of(school)


@given(schools)
def test_events_are_in_order_of_time_and_within_the_term(school: SchoolSettings) -> None:
    calendar = Calendar()
    times = [event.timestamp for event in events_of(school)]
    assert times == sorted(times)
    first = school.start.toordinal() - date(1970, 1, 1).toordinal()
    assert all(first <= calendar.day(time) < first + school.term.days for time in times)


@given(schools)
def test_every_event_fits_schema_and_rules_and_ids_differ(school: SchoolSettings) -> None:
    rules = AcceptanceRules(Calendar(), retention_days=None)
    events = events_of(school)
    for event in events:
        assert msgspec.json.decode(msgspec.json.encode(event), type=LearningEvent) == event
        assert rules.problems(event, event.timestamp) == ()
    assert len({event.event_id for event in events}) == len(events)


@given(schools, st.integers(1, 10))
def test_a_student_does_the_same_in_a_larger_school(school: SchoolSettings, more: int) -> None:
    larger = msgspec.structs.replace(school, students=school.students + more)
    ours = {student_id_of(place) for place in range(school.students)}
    of_larger = [event for event in events_of(larger) if event.student_id in ours]
    assert sorted(of_larger, key=place_in_time) == sorted(events_of(school), key=place_in_time)


@given(schools, st.integers(1, 2**32))
def test_other_seeds_and_other_tenants_have_other_ids(school: SchoolSettings, step: int) -> None:
    ids = {event.event_id for event in events_of(school)}
    for other in ({"seed": school.seed + step}, {"tenant_id": "other"}):
        changed = msgspec.structs.replace(school, **other)
        assert ids.isdisjoint(event.event_id for event in simulate(changed))


@given(schools, st.builds(Disorder, late=unit, repeated=unit, seed=st.integers()))
def test_disorder_loses_and_invents_nothing(school: SchoolSettings, disorder: Disorder) -> None:
    events = list(islice(simulate(school), 300))
    arrived = list(disturb(events, disorder))
    assert set(arrived) == set(events)
    assert len(events) <= len(arrived) <= 2 * len(events)
