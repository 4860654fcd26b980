"""Erasures, told to people."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Final

import typer

from mastery_engine.bootstrap import Engine
from mastery_engine.cli import output
from mastery_engine.cli.exits import Interrupted
from mastery_engine.cli.session import Session, run
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.domain.errors import Conflict

_LOOK_AGAIN_SECONDS: Final = 1.0
_LISTED: Final = 100


def erase(student: str, tenant: str | None, *, wait: bool, as_json: bool) -> None:
    """Ask for an erasure, and wait for it if that is wanted."""

    async def job(session: Session) -> PrivacyRequest:
        asked = await session.engine.erasures.ask(session.caller, student)
        return await _done(session, asked) if wait else asked

    _tell(_run(job, tenant), as_json=as_json)


def erase_tenant(tenant: str, *, sure: bool, wait: bool, as_json: bool) -> None:
    """The same for a whole tenant.

    Raises:
        Conflict: Nobody said that it is meant.
    """
    if not sure:
        if not sys.stdin.isatty():
            raise Conflict(
                f"this removes everything of the school {tenant!r} for good; say --yes if that is meant"
            )
        typer.confirm(f"Remove everything of the school {tenant!r} for good?", abort=True)

    async def job(session: Session) -> PrivacyRequest:
        asked = await session.engine.erasures.ask_tenant(session.caller)
        return await _done(session, asked) if wait else asked

    _tell(_run(job, tenant), as_json=as_json)


def requests(tenant: str | None, *, as_json: bool) -> None:
    """List them."""

    async def job(session: Session) -> tuple[list[PrivacyRequest], list[dict[str, Any]]]:
        erasures = session.engine.erasures
        listed = await erasures.list(session.caller, limit=_LISTED)
        now_ms = session.engine.adapters.clock.now_ms()
        waiting = [
            {
                "kind": one.kind,
                "number": one.number,
                "oldest_asked_at": _moment(one.oldest_ms),
                "oldest_seconds": max(0, now_ms - one.oldest_ms) // 1_000,
            }
            for one in await erasures.oldest_open()
        ]
        return listed, waiting

    listed, waiting = run(job, tenant)
    if as_json:
        output.print_json({"items": [_view(one) for one in listed], "next_cursor": None, "open": waiting})
        return
    for one in listed:
        output.say(
            f"{one.request_id}  {_moment(one.asked_ms)}  {one.kind}  {one.state}  {one.subject or '-'}"
        )
    for kind in waiting:
        minutes = kind["oldest_seconds"] // 60
        output.say(
            f"in all schools: {kind['number']} open of the kind {kind['kind']}, the oldest for {minutes} minutes"
        )
    if not waiting:
        output.say("in all schools: nothing is open")


def show(request_id: str, tenant: str | None, *, as_json: bool) -> None:
    """Show one."""

    async def job(session: Session) -> PrivacyRequest:
        return await session.engine.erasures.show(session.caller, request_id)

    _tell(run(job, tenant), as_json=as_json)


def lift(request_id: str, tenant: str | None, *, as_json: bool) -> None:
    """Lift one."""

    async def job(session: Session) -> PrivacyRequest:
        return await session.engine.erasures.lift(session.caller, request_id)

    _tell(run(job, tenant), as_json=as_json)


def _run(job: Any, tenant: str | None) -> PrivacyRequest:
    try:
        return run(job, tenant)
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted; the erasure is in force, and the service, or the same command with --wait, carries it out"
        ) from None


async def _done(session: Session, asked: PrivacyRequest) -> PrivacyRequest:
    """Carry it out, or wait until a service has."""
    engine = session.engine
    with ExitStack() as stack:
        alone = _alone(engine, stack)
        output.note(
            "nobody folds; carried out at once"
            if alone
            else "waiting for the steps of those who fold: this takes a minute or two"
        )
        async with engine.eraser(0.0 if alone else None) as eraser:
            while True:
                now = await engine.erasures.show(session.caller, asked.request_id)
                if now.state != "open":
                    return now
                try:
                    done = await eraser.run_once()
                except Conflict:
                    # A service does it.
                    done = 0
                if not done:
                    await engine.adapters.clock.sleep(_LOOK_AGAIN_SECONDS)


def _alone(engine: Engine, stack: ExitStack) -> bool:
    """Whether this process has the lock of those who fold: then nobody is in the middle of a step."""
    if engine.adapters.apart is not None:
        return False
    try:
        stack.enter_context(engine.fold_lock())
    except Conflict:
        return False
    return True


def _tell(request: PrivacyRequest, *, as_json: bool) -> None:
    if as_json:
        output.print_json(_view(request))
        return
    output.say(f"{request.kind} {request.request_id}: {request.state}")
    for name, told in [*request.progress.items(), *(request.report or {}).items()]:
        output.say(f"  {name}: {_words(told)}")


def _words(told: object) -> str:
    if isinstance(told, dict):
        return ", ".join(f"{name} {_words(one)}" for name, one in told.items()) or "none"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return str(told)


def _view(request: PrivacyRequest) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "request_id": request.request_id,
        "kind": request.kind,
        "state": request.state,
        "subject": request.subject,
        "asked_at": _moment(request.asked_ms),
        "asked_by": request.asked_by,
        "changed_at": _moment(request.changed_ms),
        "progress": request.progress,
        "report": request.report,
    }


def _moment(at_ms: int) -> str:
    return (
        datetime.fromtimestamp(at_ms / 1_000, tz=UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
