"""`mastery state`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session


@examples(
    "mastery state show student:ada-01:profile:current_mastery",
    "mastery state show school:oulad:student:11391:profile:current_mastery",
)
def show(
    key: Annotated[str, typer.Argument(help="A key of the state store.", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="It is JSON always.")] = False,
) -> None:
    """Print what the state store holds under a key, decoded."""
    from mastery_engine.cli.output import print_json
    from mastery_engine.cli.session import run
    from mastery_engine.cli.stored import stored

    del json

    async def job(session: Session) -> dict[str, Any]:
        return await stored(session, key)

    print_json(run(job))


@examples("mastery state complete")
def complete(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Finish what a fault left unfinished: fold what waits, then send outputs that are not known to be sent.

    One pass over all students, for after a loss of the event log. What was sent before may be sent again, under the same ids.
    """
    from mastery_engine.cli.output import print_json, say
    from mastery_engine.cli.session import run
    from mastery_engine.cli.words import counted

    async def job(session: Session) -> int:
        async with session.engine.folding() as worker:
            return await worker.complete()

    finished = run(job)
    if json:
        print_json({"finished": finished})
    else:
        say(f"{counted(finished, 'event')} had outputs to send" if finished else "nothing was unfinished")
