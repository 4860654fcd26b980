"""`mastery calculate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.contracts.answers import Calculation

Value = Annotated[float | None, typer.Option(help="In 0 to 1; left out is not observed.")]


@examples(
    "mastery calculate --completion 0.8 --quiz 0.75 --quality 0.9",
    "mastery calculate --quiz 0.9 --formula adr-004-observed --json",
)
def calculate(
    completion: Value = None,
    quiz: Value = None,
    quality: Value = None,
    consistency: Value = None,
    student: Annotated[
        str | None, typer.Option("--student", "-s", help="Put it beside this student's score.")
    ] = None,
    formula: options.FormulaName = None,
    tenant: options.Tenant = None,
    server: options.Server = None,
    json: options.Json = False,
) -> None:
    """Calculate a score from given parts.

    Nothing is stored.
    """
    from mastery_engine.cli.session import run
    from mastery_engine.domain.scores import Components

    async def job(session: Session) -> Calculation:
        engine, caller = session
        parts = Components(completion=completion, quiz=quiz, quality=quality, consistency=consistency)
        answer = await engine.queries.calculate(caller, parts, student_id=student, formula=formula)
        if not json:
            from mastery_engine.cli.output import show
            from mastery_engine.cli.views.calculation import calculation_view

            show(calculation_view(answer, engine.formulas.get(answer.result.formula)))
        return answer

    answer = run(job, tenant, server=server, asks=True)
    if json:
        from mastery_engine.cli.output import print_json

        print_json(answer)
