"""The demonstration from beginning to end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import date

from rich.console import RenderableType

from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.logs import configure_logs
from mastery_engine.cli import letters
from mastery_engine.cli.class_lines import class_lines
from mastery_engine.cli.demo import acts, page
from mastery_engine.cli.demo.stage import CLASS_ID, TENANT, Stage, set_stage
from mastery_engine.cli.demo.story import Story
from mastery_engine.cli.session import Session, operator
from mastery_engine.cli.student_page import student_page


def perform(students: int, seed: int, today: date | None, show: Callable[[RenderableType], None]) -> Story:
    """Do everything, and show it as it happens.

    Args:
        students: In the class.
        seed: All chance follows from it.
        today: As if today were that day.
        show: Shows a part of the page; one that does nothing where only the data is wanted.

    Raises:
        DemoFailed: Something did not add up.
    """
    stage = set_stage(students, seed, today)
    return asyncio.run(_perform(stage, show))


def print_nothing(part: RenderableType) -> None:
    """Show no part of the page."""
    del part


async def _perform(stage: Stage, show: Callable[[RenderableType], None]) -> Story:
    began = time.monotonic()
    configure_logs(stage.settings)
    show(page.opening(stage))
    async with open_engine(stage.settings) as engine:
        sent = await acts.send(engine, stage)
        show(page.sent(sent))
        crashed = await acts.crash(engine, stage, sent)
        show(page.crashed(crashed))
        passed_over = await acts.go_on(engine, sent)
        proof = await acts.prove(engine, sent, passed_over)
        show(page.proven(sent, proof))
        session = Session(engine, operator(TENANT))
        comparison = await engine.analytics.compare(session.caller, CLASS_ID, as_of=stage.today)
        show(page.the_class(comparison, await class_lines(session, comparison, None)))
        student = acts.student_to_show(comparison)
        profile = await engine.queries.profile(session.caller, student, as_of=stage.today)
        show(page.the_student(await student_page(session, student, None, stage.today, None)))
        caught = await letters.listed(session, "open", None, 100, TENANT)
        caught += [
            one for one in await letters.listed(session, "open", None, 100, None) if one.tenant_id is None
        ]
        show(page.the_dead_letters(caught))
    story = Story(
        home=str(stage.settings.home),
        tenant_id=TENANT,
        today=stage.today,
        seed=stage.school.seed,
        sent=sent,
        crash=crashed,
        proof=proof,
        comparison=comparison,
        student=profile,
        dead_letters=caught,
        seconds=round(time.monotonic() - began, 3),
    )
    show(page.ending(story))
    if not proof.holds:
        raise acts.DemoFailed("the numbers do not add up; please report this with the seed")
    return story
