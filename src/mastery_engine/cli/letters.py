"""Dead letters as people read them, and what is done with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mastery_engine.cli.session import Session
from mastery_engine.contracts.dead_letter import LetterStatus
from mastery_engine.contracts.event_words import printable
from mastery_engine.contracts.letter_view import LetterView, letter_view, text_of
from mastery_engine.contracts.reprocessing import Reprocessing
from mastery_engine.domain.errors import InvalidInput, Problem

__all__ = [
    "LetterView",
    "Reprocessing",
    "bytes_of",
    "changed",
    "counts",
    "letter_view",
    "listed",
    "page",
    "shown",
    "table",
]


async def shown(session: Session, letter_id: str) -> LetterView:
    """One letter, with its event where the bytes do not tell it to people."""
    engine, caller = session
    letter = await engine.letters.show(caller, letter_id)
    return letter_view(letter, await engine.letters.event_of(letter))


async def listed(
    session: Session, status: LetterStatus | None, after: str | None, limit: int, tenant_id: str | None
) -> list[LetterView]:
    """Letters in the order of their ids."""
    engine, caller = session
    found = await engine.letters.list(caller, status=status, after=after, limit=limit, tenant_id=tenant_id)
    return [letter_view(letter) for letter in found]


async def changed(session: Session, letter_id: str, changes: Sequence[str]) -> bytes:
    """The letter's event with fields changed.

    Raises:
        InvalidInput: The payload is neither a JSON object nor an event as Avro, or a change is not `FIELD=VALUE`.
    """
    engine, caller = session
    letter = await engine.letters.show(caller, letter_id)
    event = await engine.letters.event_of(letter)
    try:
        fields = msgspec.json.decode(event or letter.payload, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        rule = f"is no JSON object ({error}), so no field of it can be set; give the whole event with --event"
        raise InvalidInput.of(Problem("payload", text_of(letter.payload)[:100], rule)) from None
    for change in changes:
        name, equals, value = change.partition("=")
        if not name or not equals:
            raise InvalidInput.of(Problem("--set", change[:100], "must be FIELD=VALUE"))
        fields[name] = _value(value)
    return msgspec.json.encode(fields)


def counts(outcomes: Sequence[Reprocessing], rate: float | None) -> str:
    """What became of many letters, in a line."""
    found = Counter(one.outcome for one in outcomes)
    words = {"dry_run": "would be sent"}
    told = ", ".join(f"{count:,} {words.get(outcome, outcome)}" for outcome, count in found.items())
    seconds = found["dry_run"] / rate if rate else 0.0
    return (told or "no dead letters") + (f"; takes {seconds:,.0f} seconds" if seconds >= 1 else "")


def table(found: Sequence[LetterView]) -> list[RenderableType]:
    """A list for people."""
    if not found:
        return [Text("no dead letters")]
    parts: list[RenderableType] = []
    for one in found:
        line = Text(one.letter_id, style="bold")
        line.append(f"  {one.kind}: {one.reason}", style="bright_red")
        if one.status != "open":
            line.append(f"  {one.status}", style="bright_yellow")
        where = Text(f"{one.failed_at[:19].replace('T', ' ')}  {one.place}", style="dim")
        parts += [line, *(Padding(part, (0, 0, 0, 4), expand=False) for part in (where, Text(one.message)))]
    advice = "look closer: mastery dlq show ID · mend: mastery dlq fix ID --set FIELD=VALUE"
    parts += [Text(), Text(advice, style="dim")]
    return parts


def page(one: LetterView) -> list[RenderableType]:
    """One letter for people, without its bytes: see `bytes_of`."""
    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    rows: list[tuple[str, str | None]] = [
        ("Letter", one.letter_id),
        ("Status", one.status if one.note is None else f"{one.status}: {one.note}"),
        ("Why", f"{one.reason} ({one.kind}, {one.attempts} attempt{'s' if one.attempts != 1 else ''})"),
        ("", one.message),
        ("School", one.tenant_id),
        ("Student", one.student_id),
        ("Event", one.event_id),
        ("Lies at", one.place),
        ("Failed at", one.failed_at),
        ("Key", one.key or None),
        *(("Header", f"{name}: {value}") for name, value in one.headers),
    ]
    for name, value in rows:
        if value is not None:
            grid.add_row(name, Text(printable(value)))
    return [grid]


def bytes_of(one: LetterView) -> str:
    """The letter's bytes, each on a line of its own however long it is, so that they can be copied whole."""
    told = f"\nPayload:\n{printable(one.payload)}"
    if one.event is not None:
        told += f"\n\nWhich says:\n{printable(one.event)}"
    return told if one.original is None else f"{told}\n\nCame in as:\n{printable(one.original)}"


def _value(text: str) -> object:
    """JSON if it is, else the text itself."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
