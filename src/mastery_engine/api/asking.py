"""What all questions about students have in common: days within our calendar, and reading one's own write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fastapi import Request

from mastery_engine.api.models import FIRST_DAY, LAST_DAY
from mastery_engine.api.parts import Parts
from mastery_engine.api.positions import HEADER
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.engine.access import Caller
from mastery_engine.engine.policy import TABLE, Action


def check_day(day: date | None, field: str = "date") -> None:
    """Refuse a day that no calendar of ours has.

    Args:
        day: None is no day.
        field: Where it stood.

    Raises:
        InvalidInput: It is too early or too late.
    """
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        rule = f"must be from {FIRST_DAY.isoformat()} to {LAST_DAY.isoformat()}"
        raise InvalidInput.of(Problem(field, day.isoformat(), rule))


async def wait_for_position(
    request: Request, parts: Parts, caller: Caller, action: Action, *students: str
) -> None:
    """Return once the events are folded that the request names, if it names any and the role may use the action.

    What is read of the students from then on is no older than they are.
    """
    if await position_is_reached(request, parts, caller, action):
        # Of others a student is refused all the same: nothing kept of them goes, and no time tells who is there.
        mine = [one for one in students if caller.role != "student" or one == caller.subject]
        await parts.engine.reader.refresh(caller, mine)


async def position_is_reached(request: Request, parts: Parts, caller: Caller, action: Action) -> bool:
    """Whether the request named events and they are folded now; False where it named none, or the role may not.

    Raises:
        InvalidInput: It names them more than once.
        Refusal: They are not folded within two seconds.
    """
    positions: Sequence[str] = request.headers.getlist(HEADER)
    if len(positions) > 1:
        raise InvalidInput.of(
            Problem(HEADER, f"{len(positions)} of them", "must stand once; send the last one")
        )
    if not positions or caller.role not in TABLE[action]:
        return False
    await parts.positions.wait(positions[0])
    return True
