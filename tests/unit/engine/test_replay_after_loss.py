"""A store that was lost comes back from the archive, and what is sent again does not count twice."""

from datetime import date

from mastery_engine.adapters.memory import MemoryResults
from mastery_engine.bootstrap import Engine
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.ports import Write
from tests.unit.engine.house import quiz
from tests.unit.engine.small_school import School, caller, open_school

EVENTS = [quiz(number, 6 + number, f"2024-03-0{number}T10:00:00", student="ann") for number in (1, 2, 3)]


async def lose_everything(engine: Engine) -> None:
    store = engine.adapters.store
    async for batch in store.scan(""):
        await store.write_many([Write(key, None) for key in batch])


async def lost_and_rebuilt(school: School) -> None:
    await school.learn(*EVENTS)
    await lose_everything(school.engine)
    report = await school.engine.replay.run(DEFAULT, "run-1", switch=True)
    assert (report.students, report.missing, report.switched) == (1, 1, 1)


async def test_a_lost_student_is_rebuilt_with_the_same_result() -> None:
    async with open_school() as school:
        await school.learn(*EVENTS)
        before = await school.engine.queries.profile(caller(), "ann")
        await lose_everything(school.engine)
        await school.engine.replay.run(DEFAULT, "run-1", switch=True)
        assert await school.engine.queries.profile(caller(), "ann") == before


async def test_the_same_events_sent_again_after_a_loss_are_repeats() -> None:
    async with open_school() as school:
        await lost_and_rebuilt(school)
        await school.learn(*EVENTS)
        assert (await school.engine.queries.profile(caller(), "ann")).events == len(EVENTS)


async def test_a_new_event_after_a_loss_tells_the_difference_to_the_rebuilt_result() -> None:
    async with open_school() as school:
        await lost_and_rebuilt(school)
        profile = await school.engine.queries.profile(caller(), "ann", as_of=date(2024, 3, 3))
        before = profile.current.score
        await school.learn(quiz(4, 1, "2024-03-04T10:00:00", student="ann"))
        results = school.engine.adapters.results
        assert isinstance(results, MemoryResults)
        updated = [one.value for one in results.messages if one.message_type == "mastery.updated"]
        assert f'"previous_score":{before}'.encode() in updated[-1]
