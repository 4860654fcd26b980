"""What became of events that were sent, each told by itself."""

from __future__ import annotations

from msgspec import Struct


class Detail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One broken rule.

    Attributes:
        field: Path of the field, dotted; empty for the whole.
        value: What was sent, shortened.
        rule: The rule in words.
        index: Place of the event in what was sent, where several were.
        event_id: Id of that event, if it could be read.
        since: Of what is down, since when this process has seen it so, ISO 8601 in UTC.
        reason: Which of several rules of one code it is, where a program may want to know: `history_not_kept`, ...
    """

    field: str
    value: str
    rule: str
    index: int | None = None
    event_id: str | None = None
    since: str | None = None
    reason: str | None = None


class ItemResult(Struct, frozen=True, kw_only=True):
    """What became of one event.

    Attributes:
        index: Its place in what was sent, from 0.
        event_id: Its id, null if it could not be read.
        accepted: Whether it is in the log; then it counts exactly once, whatever happens.
        errors: Every rule that it breaks.
    """

    index: int
    event_id: str | None
    accepted: bool
    errors: tuple[Detail, ...]


class IngestAnswer(Struct, frozen=True, kw_only=True):
    """What became of the events.

    Attributes:
        accepted: How many are in the log.
        refused: How many are not.
        position: Opaque; a query that sends it in `X-Mastery-Position` waits until these events are folded.
        results: One for each event, in order.
    """

    accepted: int
    refused: int
    position: str
    results: tuple[ItemResult, ...]
