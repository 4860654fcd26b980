"""`mastery privacy`."""

from __future__ import annotations

from typing import Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

RequestId = Annotated[str, typer.Argument(metavar="ID", help="Id of the request.", show_default=False)]
Wait = Annotated[
    bool, typer.Option("--wait", help="Carry it out here, unless a service does, and wait for it.")
]


@examples(
    "mastery privacy erase S-1",
    "mastery privacy erase S-1 --wait",
    "mastery privacy erase S-1 --tenant school-7 --json",
)
def erase(
    student: options.Student, tenant: options.Tenant = None, wait: Wait = False, json: options.Json = False
) -> None:
    """Erase a student: in force at once, and carried out by the service, or here with --wait.

    From now on no event of the student counts or is kept, late ones and replays included. The report tells what was
    removed, and by when the last copies in topics are gone. On record in the audit trail.
    """
    from mastery_engine.cli import erasing

    erasing.erase(student, tenant, wait=wait, as_json=json)


@examples("mastery tenant erase school-7 --yes --wait")
def erase_tenant(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="The school.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether that is meant.")] = False,
    wait: Wait = False,
    json: options.Json = False,
) -> None:
    """Erase a whole school: every student, its classes, dead letters and settings. The audit trail stays, under hashes."""
    from mastery_engine.cli import erasing

    erasing.erase_tenant(tenant, sure=yes, wait=wait, as_json=json)


@examples("mastery privacy requests", "mastery privacy requests --tenant school-7 --json")
def requests(tenant: options.Tenant = None, json: options.Json = False) -> None:
    """List the requests about data of a school, newest first, and what is open in all schools: how many, and since when.

    With --json, `open` has a number and the age of the oldest for each kind: what to watch. An erasure is done in minutes.
    """
    from mastery_engine.cli import erasing

    erasing.requests(tenant, as_json=json)


@examples('mastery privacy show "$ID"')
def show(request_id: RequestId, tenant: options.Tenant = None, json: options.Json = False) -> None:
    """Show a request and its report."""
    from mastery_engine.cli import erasing

    erasing.show(request_id, tenant, as_json=json)


@examples('mastery privacy lift "$ID"')
def lift(request_id: RequestId, tenant: options.Tenant = None, json: options.Json = False) -> None:
    """Lift an erasure that is done: new events of the student count again, older ones stay refused."""
    from mastery_engine.cli import erasing

    erasing.lift(request_id, tenant, as_json=json)
