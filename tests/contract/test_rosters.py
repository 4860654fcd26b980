"""What every roster store keeps to."""

import asyncio
from datetime import date

from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.ports import Rosters

DAY = date(2014, 3, 1)
EVE = date(2014, 2, 28)


def cohort(cohort_id: str, teachers: list[Membership], students: list[Membership], name: str = "") -> Cohort:
    return Cohort(cohort_id=cohort_id, name=name, teachers=tuple(teachers), students=tuple(students))


def person(person_id: str, start: date | None = None, end: date | None = None) -> Membership:
    return Membership(person_id=person_id, start=start, end=end)


async def test_a_cohort_comes_back_as_it_was(rosters: Rosters) -> None:
    whole = cohort("7b", [person("T", EVE)], [person("a", EVE, DAY), person("ß")], "Größe 🦉")
    await rosters.put("t1", [whole, cohort("empty", [], [])])
    assert await rosters.get("t1", "7b") == whole
    assert await rosters.get("t1", "empty") == cohort("empty", [], [])
    assert await rosters.get("t1", "none") is None
    assert await rosters.get("t2", "7b") is None


async def test_a_cohort_takes_the_place_of_one_of_the_same_id_teachers_included(rosters: Rosters) -> None:
    await rosters.put("t1", [cohort("7b", [person("Old")], [person("a")])])
    await rosters.put("t1", [cohort("7b", [person("Mid")], []), cohort("7b", [person("New")], [person("b")])])
    assert await rosters.get("t1", "7b") == cohort("7b", [person("New")], [person("b")])
    assert await rosters.taught("t1", "Old", ["a", "b"], DAY) == set()
    assert await rosters.taught("t1", "New", ["a", "b"], DAY) == {"b"}


async def test_cohorts_are_listed_by_id_page_by_page(rosters: Rosters) -> None:
    await rosters.put("t1", [cohort(f"c{n:03}", [], []) for n in reversed(range(25))])
    await rosters.put("t2", [cohort("other", [], [])])
    pages = [await rosters.list("t1", after=after, limit=10) for after in ("", "c009", "c019", "c024")]
    assert [one.cohort_id for page in pages for one in page] == [f"c{n:03}" for n in range(25)]
    assert pages[-1] == []
    assert await rosters.list("nowhere") == []


async def test_a_teacher_teaches_the_students_of_her_classes_and_no_others(rosters: Rosters) -> None:
    await rosters.put(
        "t1",
        [
            cohort("7a", [person("T"), person("U")], [person("a"), person("b")]),
            cohort("7b", [person("T")], [person("c")]),
            cohort("7c", [person("U")], [person("d")]),
        ],
    )
    assert await rosters.taught("t1", "T", ["a", "c", "d", "x"], DAY) == {"a", "c"}
    assert await rosters.taught("t1", "U", ["a", "c", "d"], DAY) == {"a", "d"}
    assert await rosters.taught("t1", "T", [], DAY) == set()
    assert await rosters.taught("t2", "T", ["a"], DAY) == set()
    assert await rosters.taught("t1", "Nobody", ["a"], DAY) == set()


async def test_teaching_needs_both_to_be_members_on_the_day(rosters: Rosters) -> None:
    await rosters.put(
        "t1",
        [
            cohort("left", [person("T", end=EVE)], [person("a")]),
            cohort("mixed", [person("T", DAY, DAY)], [person("b", end=EVE), person("c", start=DAY)]),
            cohort("twice", [person("V", end=EVE), person("V", start=DAY)], [person("d")]),
        ],
    )
    assert await rosters.taught("t1", "T", ["a", "b", "c"], DAY) == {"c"}
    assert await rosters.taught("t1", "T", ["a", "b", "c"], EVE) == {"a"}
    assert await rosters.taught("t1", "V", ["d"], DAY) == {"d"}


async def test_a_deleted_cohort_is_gone_with_its_teachers(rosters: Rosters) -> None:
    await rosters.put("t1", [cohort("7b", [person("T")], [person("a")])])
    assert not await rosters.delete("t2", "7b")
    assert await rosters.delete("t1", "7b")
    assert not await rosters.delete("t1", "7b")
    assert await rosters.get("t1", "7b") is None
    assert await rosters.taught("t1", "T", ["a"], DAY) == set()


async def test_the_store_closes_twice(rosters: Rosters) -> None:
    await rosters.put("t1", [])
    await rosters.close()
    await rosters.close()


async def test_a_teachers_cohorts_are_listed_by_id_whenever_they_are_taught(rosters: Rosters) -> None:
    taught = [cohort(f"c{n}", [person("T", end=EVE), person("U")], []) for n in (3, 1, 2)]
    await rosters.put("t1", [*taught, cohort("c0", [person("U")], [])])
    await rosters.put("t2", [cohort("other", [person("T")], [])])
    first = await rosters.list("t1", limit=2, teacher_id="T")
    assert [one.cohort_id for one in first] == ["c1", "c2"]
    assert [one.cohort_id for one in await rosters.list("t1", after="c2", teacher_id="T")] == ["c3"]
    assert await rosters.list("t1", teacher_id="Nobody") == []


async def test_a_cohort_is_replaced_only_while_it_is_as_it_was(rosters: Rosters) -> None:
    old, new = cohort("7b", [person("T")], [person("a")]), cohort("7b", [person("U")], [person("a", EVE)])
    assert not await rosters.replace("t1", "7b", old, new)
    assert await rosters.replace("t1", "7b", None, old)
    assert not await rosters.replace("t1", "7b", None, new)
    assert await rosters.replace("t1", "7b", old, new)
    assert not await rosters.replace("t1", "7b", old, cohort("7b", [], []))
    assert await rosters.get("t1", "7b") == new
    assert await rosters.taught("t1", "T", ["a"], DAY) == set()
    assert await rosters.taught("t1", "U", ["a"], DAY) == {"a"}
    assert not await rosters.replace("t1", "7b", old, None)
    assert not await rosters.replace("t2", "7b", new, None)
    assert await rosters.replace("t1", "7b", new, None)
    assert await rosters.get("t1", "7b") is None
    assert await rosters.list("t1", teacher_id="U") == []


async def test_of_many_who_replace_a_cohort_at_once_one_does(rosters: Rosters) -> None:
    for before in (None, cohort("7b", [], [], "none")):
        after = [cohort("7b", [person(f"T{n}")], [], f"n{n}") for n in range(8)]
        if before is not None:
            await rosters.put("t1", [before])
        done = await asyncio.gather(*(rosters.replace("t1", "7b", before, one) for one in after))
        assert sum(done) == 1
        assert await rosters.get("t1", "7b") == after[done.index(True)]
