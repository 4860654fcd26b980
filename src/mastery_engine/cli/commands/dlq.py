"""`mastery dlq`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session

Letter = Annotated[str, typer.Argument(help="Id of the dead letter.", show_default=False)]


@examples("mastery dlq list", "mastery dlq list --status all --tenant school-7 --json")
def list_letters(
    status: Annotated[
        Literal["open", "reprocessed", "discarded", "all"], typer.Option("--status", help="Only those.")
    ] = "open",
    after: Annotated[str | None, typer.Option("--after", help="Go on after this id.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many, 1 to 1,000.")] = 100,
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="One school. Default: all.")] = None,
    json: options.Json = False,
) -> None:
    """List events that could not be counted, and why."""
    from mastery_engine.cli import letters, output
    from mastery_engine.cli.session import run

    async def job(session: Session) -> list[letters.LetterView]:
        return await letters.listed(session, None if status == "all" else status, after, limit, tenant)

    found = run(job, tenant)
    if json:
        output.print_json(found)
    else:
        output.show(*letters.table(found))


@examples("mastery dlq show 3f0c6a52-7d41-5a8e-9c37-2b1f0e5d9a10")
def show(letter: Letter, json: options.Json = False) -> None:
    """Show one dead letter whole."""
    from mastery_engine.cli import letters, output
    from mastery_engine.cli.session import run

    async def job(session: Session) -> letters.LetterView:
        return await letters.shown(session, letter)

    found = run(job)
    if json:
        output.print_json(found)
    else:
        output.show(*letters.page(found))
        output.say(letters.bytes_of(found))


@examples(
    "mastery dlq fix 3f0c6a52-7d41-5a8e-9c37-2b1f0e5d9a10 --set correct_answers=8",
    "mastery dlq fix 3f0c6a52-7d41-5a8e-9c37-2b1f0e5d9a10 --event mended.json",
)
def fix(
    letter: Letter,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a field; may be given more than once."),
    ] = None,
    event: Annotated[
        Path | None, typer.Option("--event", help="File with the whole event in its place.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Mend the event of a dead letter; what had come in is kept beside it. Then reprocess it."""
    from mastery_engine.cli import letters, output
    from mastery_engine.cli.session import run

    if bool(changes) == (event is not None):
        raise typer.BadParameter("give --set or --event, and not both")

    async def job(session: Session) -> letters.LetterView:
        payload = event.read_bytes() if event else await letters.changed(session, letter, changes or [])
        return letters.letter_view(await session.engine.letters.fix(session.caller, letter, payload))

    found = run(job)
    if json:
        output.print_json(found)
    else:
        output.say(f"mended; count it with: mastery dlq reprocess {letter}")


@examples(
    "mastery dlq reprocess 3f0c6a52-7d41-5a8e-9c37-2b1f0e5d9a10",
    "mastery dlq reprocess --all --dry-run",
    "mastery dlq reprocess --all --tenant school-7 --rate 50",
)
def reprocess(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of dead letters.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open one.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be sent.")] = False,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help="At most so many events a second. Default: as fast as it goes."),
    ] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="With --all: of one school.")] = None,
    json: options.Json = False,
) -> None:
    """Send the events of dead letters again and fold them; an event that counted meanwhile is not sent.

    On Kafka they are folded by its workers.
    """
    from mastery_engine.cli import letters, output, reprocessing
    from mastery_engine.cli.exits import DONE, SOME_REFUSED
    from mastery_engine.cli.session import run

    if bool(ids) == everything:
        raise typer.BadParameter("name dead letters or give --all, and not both")

    async def job(session: Session) -> list[letters.Reprocessing]:
        return await reprocessing.reprocessed(session, ids, tenant, rate, dry_run=dry_run)

    outcomes = run(job, tenant)
    if json:
        output.print_json(outcomes)
    else:
        output.show(*(f"{one.letter_id}  {one.outcome}: {one.message}" for one in outcomes))
        output.note(letters.counts(outcomes, rate))
    some_refused = any(one.outcome in {"refused", "skipped"} for one in outcomes)
    raise typer.Exit(SOME_REFUSED if some_refused else DONE)


@examples('mastery dlq discard 3f0c6a52-7d41-5a8e-9c37-2b1f0e5d9a10 --reason "a test"')
def discard(
    letter: Letter,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.", show_default=False)],
    json: options.Json = False,
) -> None:
    """End a dead letter without sending it."""
    from mastery_engine.cli import letters, output
    from mastery_engine.cli.session import run

    async def job(session: Session) -> letters.LetterView:
        return letters.letter_view(await session.engine.letters.discard(session.caller, letter, reason))

    found = run(job)
    if json:
        output.print_json(found)
    else:
        output.say(f"discarded: {found.note}")
