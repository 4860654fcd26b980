"""Ids of students in open requests."""

from __future__ import annotations

import pytest

from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.contracts.sealed_id import seal, unseal

OURS, OTHERS = Pseudonyms(b"k" * 32), Pseudonyms(b"x" * 32)


@pytest.mark.parametrize("student_id", ["a", "S-1", "Z" * 50])
def test_a_sealed_id_is_opened_with_the_same_key_for_the_same_request(student_id: str) -> None:
    sealed = seal(OURS, "r1", student_id)
    assert unseal(OURS, "r1", "t", OURS.of("t", student_id), sealed) == student_id


def test_nothing_else_opens_it_and_its_length_does_not_show() -> None:
    sealed, subject = seal(OURS, "r1", "anna"), OURS.of("t", "anna")
    assert unseal(OTHERS, "r1", "t", subject, sealed) is None
    assert unseal(OURS, "r2", "t", subject, sealed) is None
    assert unseal(OURS, "r1", "t", OURS.of("t", "ben"), sealed) is None
    assert unseal(OURS, "r1", "t", subject, sealed[2:]) is None
    assert unseal(OURS, "r1", "t", subject, "no digits") is None
    assert len(sealed) == len(seal(OURS, "r1", "a" * 50))
    assert b"anna" not in bytes.fromhex(sealed)
    assert seal(OURS, "r2", "anna") != sealed
