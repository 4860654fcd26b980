"""`mastery show`."""

from __future__ import annotations

from mastery_engine.cli import options
from mastery_engine.cli.program import examples


@examples(
    "mastery show 11391 --tenant oulad --as-of 2014-06-30",
    "mastery show 11391 --tenant oulad --course AAA_2013J --as-of 2014-06-30",
)
def show(
    student: options.Student,
    tenant: options.Tenant = None,
    course: options.Course = None,
    as_of: options.AsOf = None,
    formula: options.FormulaName = None,
    server: options.Server = None,
    json: options.Json = False,
) -> None:
    """Show how a student stands, and why.

    The score with its parts, its trend, what to do next, and a forecast.
    """
    from mastery_engine.cli.session import Session, run

    async def data(session: Session) -> None:
        from mastery_engine.cli.output import print_json

        profile = await session.engine.queries.profile(
            session.caller, student, course_id=course, as_of=as_of, formula=formula
        )
        print_json(profile)

    async def page(session: Session) -> None:
        from mastery_engine.cli import output
        from mastery_engine.cli.student_page import student_page

        output.show(await student_page(session, student, course, as_of, formula))

    run(data if json else page, tenant, student=student, server=server, asks=True)
