"""Options that several commands share."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer


def day(text: str) -> date:
    """A day as it is written on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2014-06-30") from None


Tenant = Annotated[str | None, typer.Option("--tenant", "-t", help="The school. Default: MASTERY_TENANT.")]
Course = Annotated[
    str | None, typer.Option("--course", "-c", help="One course only. Default: all courses together.")
]
AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of", parser=day, metavar="DAY", help="At the end of that day, like 2014-06-30. Default: today."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON: the `data` of the API.")]
Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        envvar="MASTERY_SERVER",
        help="Ask this service, with the token in MASTERY_TOKEN. Default: the files here.",
    ),
]
Student = Annotated[str, typer.Argument(help="Id of the student.", show_default=False)]
FormulaName = Annotated[
    str | None,
    typer.Option("--formula", help="Another formula than the one in force; see: mastery formula list."),
]
