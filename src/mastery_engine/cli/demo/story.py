"""What happened in the demonstration, as data."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from mastery_engine.cli.letters import LetterView
from mastery_engine.contracts.answers import Comparison, Profile


class Sent(Struct, frozen=True, kw_only=True):
    """What went into the log.

    Attributes:
        records: All of it.
        different: Different good events.
        repeated: Good events sent a second time.
        late: Good events that came a day late or more.
        broken: Events that nobody can count.
    """

    records: int
    different: int
    repeated: int
    late: int
    broken: int


class Crash(Struct, frozen=True, kw_only=True):
    """How the first worker ended.

    Attributes:
        signal: That ended it.
        committed: Records whose step was whole.
        written: Events that were in the students' documents at that moment.
        uncommitted: Events in the documents whose step was not: they come again.
    """

    signal: str
    committed: int
    written: int
    uncommitted: int


class Proof(Struct, frozen=True, kw_only=True):
    """What adds up.

    Attributes:
        counted: Events in the students' documents.
        archived: Events in the archive.
        passed_over: Records that came again and were not counted again.
        students: Students rebuilt from the archive.
        equal: Those of them whose live state is the same, field by field.
        holds: Whether everything adds up.
    """

    counted: int
    archived: int
    passed_over: int
    students: int
    equal: int
    holds: bool


class Story(Struct, frozen=True, kw_only=True):
    """All of it.

    Attributes:
        home: Folder that holds it.
        today: Day as of which everything is shown.
        student: The one who is shown in full.
    """

    home: str
    tenant_id: str
    today: date
    seed: int
    sent: Sent
    crash: Crash
    proof: Proof
    comparison: Comparison
    student: Profile
    dead_letters: list[LetterView]
    seconds: float
