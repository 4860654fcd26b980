"""Things of Anna's, each put alone into one of the places where something of a student may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from mastery_engine.adapters.memory import MemoryCache
from mastery_engine.contracts import keys
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.engine.erasure.sweep import cached_of
from mastery_engine.ports import Fill, Write
from tests.contract.test_archive import event as archived
from tests.privacy.leaving import ANNA, BEN, Leaving, admin, event

Plant = Callable[[Leaving, MemoryCache], Awaitable[None]]
PERSON = ("default", ANNA)
NAME = keys.learner(*PERSON)
MANY = [ANNA, *(f"s-{number}" for number in range(101))]
"""More than are answered at once: a job."""


def key(name: str, value: bytes = b'{"v":1}') -> Plant:
    """A key of the state store."""

    async def plant(school: Leaving, cache: MemoryCache) -> None:
        del cache
        await school.store([Write(name, value)])

    return plant


def letter(**fields: Any) -> Plant:
    """A dead letter that mentions Anna in one place alone."""

    async def plant(school: Leaving, cache: MemoryCache) -> None:
        del cache
        alone: dict[str, Any] = {"key": b"k", "payload": b"{", "message": "broken", "tenant_id": "default"}
        await school.letter(5, "nobody", **{**alone, **fields})

    return plant


async def _member(school: Leaving, cache: MemoryCache) -> None:
    del cache
    students = (Membership(person_id=ANNA), Membership(person_id=BEN))
    await school.engine.adapters.rosters.put("default", [Cohort(cohort_id="7b", students=students)])


async def _archived(school: Leaving, cache: MemoryCache) -> None:
    del cache
    await school.engine.adapters.archive.add([archived(1, ANNA, "default", day=20_500)])


async def _waiting(school: Leaving, cache: MemoryCache) -> None:
    del cache
    await school.append(event(1, ANNA))


async def _folded(school: Leaving, cache: MemoryCache) -> None:
    del cache
    await school.append(event(1, ANNA))
    await school.fold()
    # What is left is the record of the event alone.
    await school.engine.adapters.archive.remove_student(*PERSON)
    names = [one async for some in school.engine.adapters.store.scan(NAME) for one in some]
    await school.store([Write(one, None) for one in names])


async def _named_in_output(school: Leaving, cache: MemoryCache) -> None:
    await _folded(school, cache)
    await school.ports.topics[0].log.scrub(lambda record: record.key == NAME.encode(), b"")
    await school.store(
        [Write(keys.processed("default", bytes.fromhex("00000000000040008000000000000001")), None)]
    )


async def _batch(school: Leaving, cache: MemoryCache) -> None:
    """A job that is done, with its results."""
    del cache
    await school.engine.batches.ask(admin(), MANY)
    await school.engine.job_runner.drain()


async def _open_batch(school: Leaving, cache: MemoryCache) -> None:
    del cache
    await school.engine.batches.ask(admin(), MANY)


async def _ticket(school: Leaving, cache: MemoryCache) -> None:
    del cache
    claims = msgspec.json.encode({"tenant_id": "default", "sub": "T", "role": "teacher"})
    await school.engine.stream_tickets.give("a text that nobody guesses", ANNA, claims)


async def _copy(school: Leaving, cache: MemoryCache) -> None:
    del school
    name = cached_of(PERSON)
    (free,) = await cache.get_many([name])
    await cache.fill_many([Fill(name, b"copy", free.lease)])


PLANTS: dict[str, tuple[str, Plant]] = {
    # What is folded, before there are documents of which nobody folds anything.
    "outputs": ("mastery.results", _named_in_output),
    "the record of an event": ("processed", _folded),
    "a document": ("documents", key(keys.document(*PERSON), b"\x91\x01")),
    "a day's result": ("keys", key(keys.day_result(*PERSON, "2026-03-01"))),
    "a component of a day": ("keys", key(keys.day_result(*PERSON, "2026-03-01") + ":quiz")),
    "active days": ("keys", key(keys.recent_activity(*PERSON))),
    "a path": ("keys", key(f"{NAME}:path:adaptive")),
    "a forecast": ("keys", key(f"{NAME}:prediction:7")),
    "a key of a later release": ("keys", key(f"{NAME}:something:new")),
    "a rebuilt document": ("replayed documents", key(keys.rebuilt("default", "run", ANNA))),
    "the report on a slice of a replay": (
        "values",
        key(keys.replayed_slice("default", "run", 1), b'{"differences":[{"student_id":"anna-lena"}]}'),
    ),
    "a copy in a cache": ("shared cache", _copy),
    "an event that waits": ("mastery.requests", _waiting),
    "an archived event": ("archive", _archived),
    "a job with results": ("values", _batch),
    "a job that waits": ("values", _open_batch),
    "a damaged job": ("values", key(keys.job("default", "2"), b'{"payload":"student:anna-lena')),
    "part of a job's results": (
        "values",
        key(keys.job_part("default", "3", 0, 1), msgspec.msgpack.encode([{"student_id": ANNA}])),
    ),
    "progress of a batch": ("values", key(keys.batch_status("default", "4"), b'{"student_id":"anna-lena"}')),
    "a kept answer": ("values", key(keys.idempotency("default", "x", "y"), b'{"results":["anna-lena"]}')),
    "a ticket": ("values", _ticket),
    "a membership": ("rosters", _member),
    "a letter under the student": ("dead letters", letter(student_id=ANNA)),
    "a letter's key": ("dead letters", letter(key=NAME.encode())),
    "a letter's bytes": ("dead letters", letter(payload=b'{"student_id":"anna-lena",')),
    "a letter's first bytes": ("dead letters", letter(original=b'{"student_id":"anna-lena"}')),
    "a letter's header": ("dead letters", letter(headers=(("about", b"student:anna-lena"),))),
    "a letter's message": ("dead letters", letter(message="'anna-lena' was refused")),
    "a letter's note": ("dead letters", letter(note="of student:anna-lena")),
}
"""By what it is, as what a look tells it, and how it gets there."""
