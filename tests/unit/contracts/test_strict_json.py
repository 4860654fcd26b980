"""JSON from strangers costs no more than it is long."""

from __future__ import annotations

import pytest

from mastery_engine.contracts.strict_json import decode_strictly, name_twice
from mastery_engine.domain.errors import InvalidInput

NAMES = 100_000


@pytest.fixture(scope="module")
def many_names() -> bytes:
    """An object whose last name stands twice: compared with all the others one by one, it would take minutes."""
    return b"{" + b"".join(b'"%06d":1,' % number for number in range(NAMES)) + b'"%06d":2}' % (NAMES - 1)


@pytest.mark.timeout(20)
def test_a_name_that_stands_twice_is_found_among_very_many(many_names: bytes) -> None:
    with pytest.raises(InvalidInput, match="099999 = twice"):
        decode_strictly(many_names)
    problem = name_twice(many_names)
    assert problem is not None
    assert problem.field == "099999"


def test_the_first_of_several_names_that_stand_twice_is_told() -> None:
    with pytest.raises(InvalidInput, match="b = twice"):
        decode_strictly(b'{"a": 1, "b": 1, "c": 1, "c": 2, "b": 2}')
