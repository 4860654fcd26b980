"""Which media type is answered."""

import pytest

from mastery_engine.api.accept import accepts_json, best_of

JSON, CSV = "application/json", "text/csv"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ([], JSON),
        (["*/*"], JSON),
        (["text/*, application/*"], JSON),
        (["TEXT/CSV"], CSV),
        (["text/csv;header=present;q=0.5, application/json;q=0.4"], CSV),
        (["text/csv;q=0.4", "application/json;q=0.5"], JSON),
        (["application/json;q=0, */*;q=0.1"], CSV),
        (["text/csv;q=0, text/*"], None),
        (["text/html"], None),
        (["text/csv;q=much"], None),
    ],
)
def test_the_best_liked_is_answered_and_of_equals_the_first(accept: list[str], wanted: str | None) -> None:
    assert best_of(accept, (JSON, CSV)) == wanted


def test_json_is_taken_unless_it_is_left_out() -> None:
    assert accepts_json(["text/html, */*;q=0.1"])
    assert not accepts_json(["text/csv"])
