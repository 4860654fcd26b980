import pytest

from mastery_engine.domain import errors
from mastery_engine.domain.errors import InvalidInput, MasteryError, Problem


def test_a_problem_reads_as_field_value_and_rule() -> None:
    assert str(Problem("total", "0", "must be at least 1")) == "total = 0: must be at least 1"
    assert str(Problem("", "{", "is no JSON")) == "{: is no JSON"
    assert str(Problem("", "", "is no JSON")) == "is no JSON"


def test_invalid_input_lists_its_problems_in_the_message() -> None:
    one, two = Problem("a", "1", "too small"), Problem("b", "2", "too large")
    error = InvalidInput.of(one, two, reason="sizes")
    assert error.message == str(error) == "a = 1: too small; b = 2: too large"
    assert error.problems == (one, two)
    assert error.reason == "sizes"
    assert InvalidInput.of(one).reason == InvalidInput("no").reason == "invalid"
    assert InvalidInput("no").problems == ()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (MasteryError, "INTERNAL_ERROR"),
        (InvalidInput, "VALIDATION_ERROR"),
        (errors.HistoryNotKept, "VALIDATION_ERROR"),
        (errors.NotEnoughDays, "VALIDATION_ERROR"),
        (errors.TooManyCourses, "VALIDATION_ERROR"),
        (errors.NotAuthenticated, "AUTH_ERROR"),
        (errors.NotAllowed, "FORBIDDEN"),
        (errors.NotFound, "NOT_FOUND"),
        (errors.Conflict, "CONFLICT"),
        (errors.DependencyDown, "SERVICE_UNAVAILABLE"),
        (errors.NewerVersion, "INTERNAL_ERROR"),
        (errors.ConfigurationError, "INTERNAL_ERROR"),
    ],
)
def test_every_error_of_the_tree_has_its_code_and_message(kind: type[MasteryError], code: str) -> None:
    error = kind("what, where, what to do")
    assert error.code == code
    assert error.message == str(error) == "what, where, what to do"


def test_the_tree_in_the_docstring_is_complete() -> None:
    classes = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    ]
    assert errors.__doc__ is not None
    assert [name for name in classes if name not in errors.__doc__] == []
