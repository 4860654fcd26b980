"""A few events of two students, some of them late, folded one after the other."""

from __future__ import annotations

from tests.unit.engine.house import House, completion, quiz, visit


async def folded(*, days: int = 3) -> House:
    """A house with a few events of two students, some of them late."""
    house = House()
    for day in range(days):
        when = f"2024-03-{day + 1:02}T10:00:00"
        await house.send(quiz(10 * day + 1, day, when), completion(10 * day + 2, day, when, student="bob"))
        await house.work()
    await house.send(visit(900, "2024-02-10T10:00:00", "2024-02-09"))
    await house.work()
    return house
