"""`mastery export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session


@examples(
    "mastery export results --as-of 2014-06-30 --tenant oulad > results.jsonl",
    "mastery export results | jq -r '[.student_id, .overall.score] | @csv'",
)
def results(
    as_of: options.AsOf = None,
    tenant: options.Tenant = None,
    json: Annotated[bool, typer.Option("--json", help="The lines are JSON always.")] = False,
) -> None:
    """Write the results of all students, a line of JSON each.

    Students with an event up to the day, ordered by id.
    """
    import sys

    from mastery_engine.cli.session import run

    del json

    async def job(session: Session) -> None:
        from mastery_engine.contracts.results_export import encode_results

        out = sys.stdout.buffer
        async for batch in session.engine.exports.results(session.caller, as_of):
            out.write(b"".join(encode_results(one) + b"\n" for one in batch))
        out.flush()

    run(job, tenant)
