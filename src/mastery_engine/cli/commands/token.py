"""`mastery token`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.contracts.revocation import Revocation

TokenRole = Literal["student", "teacher", "admin", "service"]


@examples(
    "mastery token create head --role admin",
    "mastery token create amal --role student --lifetime 600 --json",
)
def create(
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="Who; a student's id.", show_default=False)
    ],
    role: Annotated[TokenRole, typer.Option("--role", "-r", help="What they are.")] = "student",
    tenant: options.Tenant = None,
    lifetime: Annotated[
        int, typer.Option("--lifetime", metavar="SECONDS", min=1, max=86_400, help="Until it expires.")
    ] = 3_600,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: the token and what it says.")] = False,
) -> None:
    """Make a token for development, signed with MASTERY_JWT_SECRET.

    In production nobody makes tokens here: the school's own sign-on does.
    """
    import time

    from mastery_engine.cli.making_tokens import development_token
    from mastery_engine.cli.output import print_json, say
    from mastery_engine.config import load_settings

    settings = load_settings()
    made = development_token(settings, subject, role, tenant or settings.tenant, int(time.time()), lifetime)
    if json:
        print_json(made)
    else:
        say(made.token)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"{text!r} is no moment; write it like 2026-03-02T10:00:00Z"
        raise typer.BadParameter(message)
    return moment


@examples(
    'mastery token revoke --id "$JTI"',
    "mastery token revoke --subject amal --tenant school-7",
    "mastery token revoke --subject amal --not-before 2026-03-02T10:00:00Z --json",
)
def revoke(
    token_id: Annotated[str | None, typer.Option("--id", metavar="JTI", help="One token, by `jti`.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="All tokens of somebody.")] = None,
    not_before: Annotated[
        datetime | None,
        typer.Option(
            "--not-before",
            parser=_moment,
            metavar="MOMENT",
            help="With --subject: those issued up to then. Default: up to now.",
        ),
    ] = None,
    tenant: options.Tenant = None,
    json: options.Json = False,
) -> None:
    """Let tokens hold no longer: one, or all of somebody's up to a moment.

    Every process refuses them within a second. Give either --id or --subject.
    """
    from mastery_engine.cli.making_tokens import check_revocable
    from mastery_engine.cli.output import print_json, say
    from mastery_engine.cli.session import run

    if (token_id is None) == (subject is None):
        raise typer.BadParameter("give one of the two", param_hint="--id or --subject")
    if not_before is not None and subject is None:
        raise typer.BadParameter("goes with --subject", param_hint="--not-before")
    check_revocable(token_id, subject)

    async def job(session: Session) -> Revocation:
        engine, caller = session.engine, session.caller
        await engine.tenants.get(caller.tenant_id)
        if token_id is not None:
            return await engine.revocations.revoke_token(caller, token_id)
        moment = None if not_before is None else int(not_before.timestamp())
        return await engine.revocations.revoke_subject(caller, subject or "", moment)

    done = run(job, tenant)
    if json:
        print_json(done)
    elif done.token_id is not None:
        say("revoked; every process refuses that token within a second")
    else:
        say("revoked; every process refuses tokens issued to them up to then within a second")
