from datetime import date

import pytest

from mastery_engine.domain.calendar import day_of
from mastery_engine.domain.errors import HistoryNotKept, NotFound, TooManyCourses
from mastery_engine.domain.events import Event
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.learner import MAX_COURSES, OVERALL, LearnerState
from tests.unit.domain.sending import at, completion, question, quiz, visit

FORMULA = BUILT_IN[0]
FIRST = day_of(date(2024, 3, 1))


def folded(*events: Event, retention: int | None = None) -> LearnerState:
    state = LearnerState()
    for event in events:
        state.fold(event, event.timestamp // 86_400_000, retention)
    return state


def counts(state: LearnerState, course: str = "A") -> tuple[int, dict[int, int]]:
    """Events in the base, and by kept day from the first of March."""
    held = state.courses[course]
    return held.base.events, {day - FIRST: evidence.events for day, evidence in held.days.items()}


def march(day: int, hour: int = 12) -> str:
    return f"2024-03-{day:02d}T{hour:02d}:00:00"


def test_a_new_learner_has_nothing() -> None:
    state = LearnerState()
    assert (state.events, state.newest, state.newest_day, state.kept_from) == (0, -1, -1, 0)
    assert state.courses == {}
    assert state.history(FORMULA, FIRST) == []
    assert state.course_ids(FIRST) == []


def test_an_event_is_folded_into_its_course_and_into_its_day() -> None:
    state = folded(quiz(5, when=march(2)), quiz(7, when=march(1)), visit(march(2, 9)), quiz(1, course=None))
    assert (state.events, state.newest, state.newest_day) == (4, at(march(2)), FIRST + 1)
    assert sorted(state.courses) == ["", "A"]
    assert counts(state) == (0, {0: 1, 1: 2})
    assert counts(state, "") == (0, {0: 1})
    assert state.courses["A"].now.events == 3


def test_the_day_that_leaves_the_window_is_merged_into_the_base() -> None:
    events = [visit(march(day)) for day in (1, 1, 2, 3, 4)]
    assert counts(folded(*events[:4], retention=3)) == (0, {0: 2, 1: 1, 2: 1})
    assert counts(folded(*events, retention=3)) == (2, {1: 1, 2: 1, 3: 1})
    assert counts(folded(*events, visit(march(30)), retention=3)) == (5, {29: 1})
    assert folded(*events, retention=3).kept_from == FIRST + 1


def test_days_leave_the_window_in_every_course() -> None:
    state = folded(visit(march(1)), visit(march(1), course="B"), visit(march(4), course="B"), retention=3)
    assert counts(state, "A") == (1, {})
    assert counts(state, "B") == (1, {3: 1})


def test_a_late_event_changes_only_its_own_day_or_the_base() -> None:
    state = folded(*(visit(march(day)) for day in (1, 5, 7)), retention=3)
    assert counts(state) == (1, {4: 1, 6: 1})
    state.fold(visit(march(5)), FIRST + 4, 3)
    state.fold(visit(march(6)), FIRST + 5, 3)
    state.fold(visit(march(4)), FIRST + 3, 3)
    assert counts(state) == (2, {4: 2, 5: 1, 6: 1})
    assert (state.newest, state.newest_day, state.kept_from) == (at(march(7)), FIRST + 6, FIRST + 4)


def test_without_a_retention_every_day_is_kept() -> None:
    state = folded(visit("1970-01-01T00:00:00"), visit(march(1)))
    assert counts(state) == (0, {-FIRST: 1, 0: 1})
    assert state.kept_from == 0


def test_a_question_is_refused_and_changes_nothing() -> None:
    state = folded(visit(march(1)))
    with pytest.raises(KeyError):
        state.fold(question(march(9)), FIRST + 8, 3)
    assert (state.events, state.newest_day, list(state.courses)) == (1, FIRST, ["A"])


def many_courses(first: int, count: int) -> LearnerState:
    return folded(*(visit(course=f"C{number:03d}") for number in range(first, first + count)))


def test_a_student_has_at_most_two_hundred_courses() -> None:
    state = many_courses(0, MAX_COURSES)
    state.fold(visit(march(2), course="C007"), FIRST + 1, None)
    with pytest.raises(TooManyCourses) as refused:
        state.fold(visit(march(3), course="X"), FIRST + 2, None)
    (problem,) = refused.value.problems
    assert (problem.field, problem.value) == ("course_id", "X")
    assert problem.rule == "a student has at most 200 courses"
    assert refused.value.reason == "too_many_courses"
    assert (state.events, state.newest, state.newest_day) == (201, at(march(2)), FIRST + 1)
    assert len(state.courses) == 200


def test_merging_beyond_the_limit_of_courses_changes_nothing() -> None:
    state, other = many_courses(0, 150), many_courses(149, 52)
    with pytest.raises(TooManyCourses) as refused:
        state.merge(other, None)
    assert refused.value.problems[0].value == "C200"
    assert (len(state.courses), state.events) == (150, 150)
    state.merge(many_courses(149, 51), None)
    assert (len(state.courses), state.events) == (200, 201)


def test_merging_moves_the_window_of_both_to_the_newest_day() -> None:
    old, new = (
        folded(*(visit(march(day)) for day in (1, 2, 4)), retention=3),
        folded(visit(march(5)), retention=3),
    )
    old.merge(new, 3)
    assert counts(old) == (2, {3: 1, 4: 1})
    early, late = folded(visit(march(1)), visit(march(3)), retention=3), folded(visit(march(5)), retention=3)
    late.merge(early, 3)
    assert counts(late) == (1, {2: 1, 4: 1})
    assert (late.kept_from, late.newest_day, late.newest) == (FIRST + 2, FIRST + 4, at(march(5)))


def test_partial_states_without_a_window_get_one_when_they_are_merged() -> None:
    events = [visit(march(day)) for day in (1, 2, 3, 4, 5)]
    state = folded(*events[:3])
    state.merge(folded(*events[3:]), 3)
    assert counts(state) == counts(folded(*events, retention=3)) == (2, {2: 1, 3: 1, 4: 1})
    assert state.kept_from == FIRST + 2


def test_merging_keeps_a_window_that_has_moved_when_there_is_no_retention_now() -> None:
    moved, fresh = folded(visit(march(1)), visit(march(9)), retention=3), folded(visit(march(2)))
    fresh.merge(moved, None)
    assert counts(fresh) == (2, {8: 1})
    assert fresh.kept_from == FIRST + 6


def test_merging_adds_up_a_day_that_both_have() -> None:
    state = folded(quiz(5, when=march(1)), visit(march(2)))
    state.merge(folded(quiz(9, when=march(1)), visit(course="B")), None)
    assert counts(state) == (0, {0: 2, 1: 1})
    assert counts(state, "B") == (0, {0: 1})
    assert state.result(FORMULA, FIRST, "A").components.quiz == 0.7


def test_a_read_as_of_a_day_knows_nothing_later() -> None:
    state = folded(quiz(10, when=march(1)), quiz(0, when=march(2)), completion(5, when=march(3)))
    assert state.result(FORMULA, FIRST).components.quiz == 1.0
    assert state.result(FORMULA, FIRST).components.completion is None
    assert state.result(FORMULA, FIRST + 1).components.completion is None
    assert state.result(FORMULA, FIRST + 2).components.completion == 0.5
    assert state.result(FORMULA, FIRST + 2) == state.latest_result(FORMULA)
    assert state.result(FORMULA, FIRST + 2).day == FIRST + 2
    assert state.result(FORMULA, FIRST + 9).components.consistency == pytest.approx(0.9**7)


def test_a_read_names_a_course_or_means_the_student_overall() -> None:
    state = folded(quiz(10), quiz(0, course="B"), completion(1, course=None))
    assert state.result(FORMULA, FIRST, "A").components.quiz == 1.0
    assert state.result(FORMULA, FIRST, "B").components.quiz == 0.0
    assert state.result(FORMULA, FIRST, "").components.quiz is None
    assert state.result(FORMULA, FIRST, OVERALL).components.quiz == 0.5
    assert [part.events for part in state.evidence(FIRST)] == [1, 1, 1]


def test_a_student_or_course_without_an_event_up_to_the_day_is_not_found() -> None:
    state = folded(visit(march(2)), visit(march(3), course="B"))
    for day, course in ((FIRST, None), (FIRST, "A")):
        with pytest.raises(NotFound, match=r"^there is no event of this student up to that day$"):
            state.result(FORMULA, day, course)
    assert state.course_ids(FIRST) == []
    assert state.course_ids(FIRST + 1) == ["A"]
    assert state.course_ids(FIRST + 2) == ["A", "B"]


def test_a_course_without_an_event_is_named_beside_those_that_have_one() -> None:
    state = folded(visit(march(2)), visit(march(2), course=None), visit(march(3), course="B"))
    for day, course, told in (
        (FIRST + 1, "B", "in course 'B' up to that day, only in 'A'"),
        (FIRST + 2, "C", "in course 'C' up to that day, only in 'A', 'B'"),
    ):
        with pytest.raises(NotFound) as error:
            state.result(FORMULA, day, course)
        assert error.value.message == f"there is no event of this student {told}"
    many = folded(*(visit(course=f"c{number:02}") for number in range(12)))
    with pytest.raises(NotFound, match=r"student without a course up to that day, only in 'c00', .*"):
        many.result(FORMULA, FIRST, "")
    with pytest.raises(NotFound, match=r" 'c08', 'c09' and 2 more$"):
        many.result(FORMULA, FIRST, "x" * 101)


def test_course_ids_are_told_in_their_order() -> None:
    assert folded(*(visit(course=name) for name in ("b", "c", None, "a"))).course_ids(FIRST) == [
        "",
        "a",
        "b",
        "c",
    ]


def test_a_day_before_the_kept_ones_is_a_clear_error() -> None:
    state = folded(visit(march(1)), visit(march(5)), visit(march(5), course="B"), retention=3)
    for ask in (
        lambda: state.result(FORMULA, FIRST + 1),
        lambda: state.evidence(FIRST + 1, "B"),
        lambda: state.course_ids(FIRST + 1),
    ):
        with pytest.raises(HistoryNotKept) as refused:
            ask()
        (problem,) = refused.value.problems
        assert (problem.field, problem.value) == ("as_of", "2024-03-02")
        assert problem.rule == "is before 2024-03-03, the first day whose history is kept"
        assert refused.value.reason == "history_not_kept"
    assert state.result(FORMULA, FIRST + 2).components.consistency == pytest.approx(0.81)


def test_before_the_window_of_a_student_without_older_events_there_is_just_nothing() -> None:
    state = folded(visit(march(5)), retention=3)
    with pytest.raises(NotFound):
        state.result(FORMULA, FIRST)


def test_history_tells_each_kept_day_with_an_event_on_top_of_the_base() -> None:
    state = folded(
        quiz(10, when=march(1)),
        quiz(0, when=march(4)),
        quiz(0, when=march(6), course="B"),
        quiz(0, when=march(6)),
        retention=3,
    )
    told = state.history(FORMULA, FIRST + 5)
    assert [result.day - FIRST for result in told] == [3, 5]
    assert told == [state.result(FORMULA, FIRST + 3), state.result(FORMULA, FIRST + 5)]
    assert 0.4 < (told[0].components.quiz or 0.0) < 0.5
    assert [result.day - FIRST for result in state.history(FORMULA, FIRST + 5, "B")] == [5]
    assert [result.day - FIRST for result in state.history(FORMULA, FIRST + 4)] == [3]
    assert state.history(FORMULA, FIRST + 5, from_day=FIRST + 4) == told[1:]
    assert state.history(FORMULA, FIRST + 5, from_day=FIRST + 5) == told[1:]
    assert state.history(FORMULA, FIRST + 5, "C") == []
    assert counts(state) == (1, {3: 1, 5: 1})


def test_days_with_an_event_are_counted_once_over_the_courses() -> None:
    state = folded(visit(march(1)), visit(march(3)), visit(march(3), course="B"), visit(march(4), course="B"))
    assert state.has_days(3, FIRST)
    assert not state.has_days(4, FIRST)
    assert not state.has_days(3, FIRST + 1)
    assert state.has_days(2, FIRST + 2)
    assert state.has_days(1, FIRST + 3)
    assert not state.has_days(1, FIRST + 4)
    assert not LearnerState().has_days(1, 0)
