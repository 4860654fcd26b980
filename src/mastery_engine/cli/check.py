"""One thing that the doctor tried."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Literal

from msgspec import Struct

from mastery_engine.domain.errors import MasteryError


class Check(Struct, frozen=True, kw_only=True):
    """Something that was tried.

    Attributes:
        outcome: `ok`, `warning` (it works, look at it) or `failed`.
        message: What was found, and what to do.
    """

    name: str
    outcome: Literal["ok", "warning", "failed"]
    message: str


async def works(name: str, job: Awaitable[None], well: str) -> Check:
    """Whether a job ends without an error.

    Args:
        name: Of the check.
        job: Raises MasteryError where something does not work.
        well: Message where it does.
    """
    try:
        await job
    except MasteryError as error:
        return Check(name=name, outcome="failed", message=error.message)
    return Check(name=name, outcome="ok", message=well)
