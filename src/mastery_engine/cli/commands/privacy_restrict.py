"""`mastery privacy restrict` and `unrestrict`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.contracts.answers import RestrictionView


@examples("mastery privacy restrict ada-01", "mastery privacy restrict 11391 --tenant oulad --json")
def restrict(student: options.Student, tenant: options.Tenant = None, json: options.Json = False) -> None:
    """Restrict the processing of a student's data (GDPR, Article 18).

    Everything stays stored and events go on being counted; but nobody reads the student's results, save the student, and who
    exports everything held on them. Other processes know of it within a second.
    """
    from mastery_engine.cli.output import print_json, say

    found = _done(student, tenant, lift=False)
    if json:
        print_json(found)
    else:
        say(f"{student} is restricted; lift it with: mastery privacy unrestrict {student}")


@examples("mastery privacy unrestrict ada-01")
def unrestrict(student: options.Student, tenant: options.Tenant = None, json: options.Json = False) -> None:
    """Lift the restriction of a student.

    Results are read again, with all that came meanwhile; outputs that were kept back are not sent later.
    """
    from mastery_engine.cli.output import print_json, say

    found = _done(student, tenant, lift=True)
    if json:
        print_json(found)
    else:
        was = "no longer restricted" if found.request_id else "not restricted; nothing was changed"
        say(f"{student} is {was}")


def _done(student: str, tenant: str | None, *, lift: bool) -> RestrictionView:
    from mastery_engine.cli.session import run
    from mastery_engine.cli.students import check_student

    check_student(student)

    async def job(session: Session) -> RestrictionView:
        engine, caller = session
        await engine.tenants.get(caller.tenant_id)
        desk = engine.restricting
        return await (desk.lift if lift else desk.restrict)(caller, student)

    return run(job, tenant)
