"""What every dead letter store keeps to."""

import asyncio

import msgspec

from mastery_engine.ports import DeadLetter, DeadLetters, LetterStatus


def letter(number: int, **changes: object) -> DeadLetter:
    made = DeadLetter(
        letter_id=f"letter-{number:04}",
        topic="mastery.requests",
        topic_id="topic-a",
        partition=1,
        offset=number,
        key=b"\0key",
        headers=(("event_type", b"\xff"), ("größe", b"")),
        payload=b"\0not json",
        kind="validation",
        reason="invalid",
        message="score = 2: at most 1",
        attempts=1,
        failed_at_ms=1_400_000_000_000,
        tenant_id="t1",
    )
    return msgspec.structs.replace(made, **changes)


async def ids(
    letters: DeadLetters, tenant_id: str | None = None, status: LetterStatus | None = None
) -> list[str]:
    return [one.letter_id for one in await letters.find(tenant_id=tenant_id, status=status)]


async def test_a_letter_comes_back_as_it_was(letters: DeadLetters) -> None:
    whole = letter(1, student_id="s1", event_id="e1", original=b"old", status="reprocessed", note="sent")
    assert await letters.add([letter(0, tenant_id=None), whole]) == 2
    assert await letters.get("letter-0001") == whole
    assert await letters.get("letter-0000") == letter(0, tenant_id=None)
    assert await letters.get("nothing") is None


async def test_a_second_letter_of_an_id_is_not_kept(letters: DeadLetters) -> None:
    assert await letters.add([letter(1), letter(1, attempts=2)]) == 1
    assert await letters.add([letter(1, attempts=3), letter(2)]) == 1
    assert await letters.get("letter-0001") == letter(1)


async def test_nothing_to_add_is_nothing_added(letters: DeadLetters) -> None:
    assert await letters.add([]) == 0
    assert await letters.find() == []


async def test_letters_are_found_in_the_order_of_their_ids_page_by_page(letters: DeadLetters) -> None:
    await letters.add([letter(n) for n in reversed(range(250))])
    found: list[str] = []
    after: str | None = None
    while page := await letters.find(after=after, limit=100):
        found += [one.letter_id for one in page]
        after = found[-1]
    assert found == [f"letter-{n:04}" for n in range(250)]


async def test_letters_are_found_by_tenant_and_status(letters: DeadLetters) -> None:
    await letters.add(
        [letter(1), letter(2, tenant_id="t2"), letter(3, status="discarded"), letter(4, tenant_id=None)]
    )
    assert await ids(letters, "t1") == ["letter-0001", "letter-0003"]
    assert await ids(letters, "t1", "open") == ["letter-0001"]
    assert await ids(letters, status="discarded") == ["letter-0003"]
    assert len(await ids(letters)) == 4


async def test_a_letter_is_replaced_when_it_is_still_as_expected(letters: DeadLetters) -> None:
    await letters.add([letter(1)])
    mended = letter(1, payload=b"{}", original=b"\0not json", tenant_id="t2", status="reprocessed")
    assert await letters.replace(mended, letter(1))
    assert not await letters.replace(letter(1, status="discarded"), letter(1))
    assert await letters.get("letter-0001") == mended
    assert await ids(letters, "t2", "reprocessed") == ["letter-0001"]
    assert await ids(letters, "t1") == []


async def test_a_letter_that_is_not_there_is_not_replaced(letters: DeadLetters) -> None:
    assert not await letters.replace(letter(1), letter(1))
    assert await letters.get("letter-0001") is None


async def test_of_concurrent_replacements_one_wins(letters: DeadLetters) -> None:
    await letters.add([letter(1)])
    tries = (letters.replace(letter(1, note=str(n)), letter(1)) for n in range(16))
    assert sum(await asyncio.gather(*tries)) == 1


async def test_every_status_is_counted(letters: DeadLetters) -> None:
    assert await letters.counts() == {"open": 0, "reprocessed": 0, "discarded": 0}
    await letters.add([letter(1), letter(2), letter(3, status="discarded")])
    assert await letters.counts() == {"open": 2, "reprocessed": 0, "discarded": 1}


async def test_the_store_closes_twice(letters: DeadLetters) -> None:
    await letters.close()
    await letters.close()
