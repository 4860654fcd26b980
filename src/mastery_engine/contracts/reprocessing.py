"""What became of dead letters whose events were wanted again."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Outcome = Literal["sent", "dry_run", "settled", "refused", "skipped"]


class Reprocessing(Struct, frozen=True, kw_only=True):
    """What became of a letter.

    Attributes:
        letter_id: Which.
        outcome: `sent` again, would be sent (`dry_run`), `settled` since it counted meanwhile, `refused` as it stands, or
            `skipped` since it is open no more.
        message: Why, in words.
    """

    letter_id: str
    outcome: Outcome
    message: str


class ReprocessAnswer(Struct, frozen=True, kw_only=True):
    """What became of the letters.

    Attributes:
        sent: How many events were sent again.
        results: One for each letter, in order.
    """

    sent: int
    results: list[Reprocessing]
