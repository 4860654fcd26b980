"""Both sides, set up over the same class and asked one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from mcp.client import Client
from mcp.server.lowlevel import Server

from benchmarks.api.serving import new_secret, serving
from benchmarks.tokens.answers import Answers, Asking, answers_of
from benchmarks.tokens.measure import Measured, measure
from benchmarks.tokens.school import MEMBERS, TENANT, moved_to_end_yesterday, open_school, settings_of
from benchmarks.tokens.sides import Refused, ServerSide, Side, SkillSide
from benchmarks.tokens.student import Student
from mastery_engine.adapters.auth import make_token
from mastery_engine.bootstrap import Engine
from mastery_engine.domain.events import LearningEvent

Making = Callable[[Engine], Server[Any]]
_HOUR: Final = 3_600


async def measured(
    home: Path,
    events: Sequence[LearningEvent],
    skill: Path,
    server: Making,
    say: Callable[[str], None],
    *,
    right: Asking = answers_of,
) -> list[Measured]:
    """What both sides take.

    Args:
        home: An empty folder for the installation.
        events: Of one student.
        skill: Folder of the skill; left out where there is none.
        server: Makes the server.
        say: Told how far it is.
        right: Knows what the answers must tell.

    Raises:
        Refused: A call was refused, or an answer does not tell what it must.
    """
    secret = new_secret()
    settings = settings_of(home, secret)
    async with open_school(settings, events) as engine:
        now_ms = engine.adapters.clock.now_ms()
        answers = right(Student(moved_to_end_yesterday(events, MEMBERS[0], now_ms)), now_ms, MEMBERS)
        say("asking the MCP server")
        async with Client(server(engine)) as client:
            told = await _asked(ServerSide(client), answers)
        if isinstance(told, Refused):
            raise told
        found = [told]
        issued = now_ms // 1_000
    if not (skill / "SKILL.md").is_file():
        say(f"the skill is not measured: there is no {skill / 'SKILL.md'}")
        return found
    say("asking the skill, and the service by it")
    token = make_token(
        secret.encode(),
        subject="tutor",
        role="admin",
        tenant_id=TENANT,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        issued_at=issued,
        lifetime_seconds=_HOUR,
    )
    async with serving(home, secret, {}) as url:
        side = SkillSide(skill, {"MASTERY_SERVER": url, "MASTERY_TOKEN": token})
        return [*found, await measure(side, answers)]


async def _asked(side: Side, answers: Answers) -> Measured | Refused:
    """What a side takes, or its refusal: raised within the client's own tasks it would come out as a group."""
    try:
        return await measure(side, answers)
    except Refused as error:
        return error
