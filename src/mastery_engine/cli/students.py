"""Ids of students as commands take them."""

from __future__ import annotations


def check_student(student_id: str) -> None:
    """Refuse what is no student's id, before anything is recorded of it.

    Raises:
        InvalidInput: It is none.
    """
    import msgspec

    from mastery_engine.contracts.event_words import shown
    from mastery_engine.domain.errors import InvalidInput, Problem
    from mastery_engine.domain.events import StudentId

    try:
        msgspec.convert(student_id, StudentId)
    except msgspec.ValidationError:
        rule = "must be 1 to 50 of A-Z, a-z, 0-9, _ and -"
        raise InvalidInput.of(Problem("student", shown(student_id), rule)) from None
