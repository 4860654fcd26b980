"""What every store of requests about data keeps to."""

from __future__ import annotations

import asyncio

import msgspec

from mastery_engine.contracts.privacy_request import RequestKind
from mastery_engine.ports import PrivacyRequest, PrivacyRequests

ANNA, BEN, ADMIN = "a" * 32, "b" * 32, "c" * 32


def request(
    number: int, tenant_id: str = "t1", kind: RequestKind = "erasure", **fields: object
) -> PrivacyRequest:
    first = PrivacyRequest(
        request_id=f"00000000-0000-4000-8000-{number:012}",
        tenant_id=tenant_id,
        kind=kind,
        subject=ANNA,
        asked_ms=1_000 + number,
        asked_by=ADMIN,
    )
    return msgspec.structs.replace(first, **fields)


async def test_a_request_is_kept_whole_and_once(requests: PrivacyRequests) -> None:
    whole = request(
        1, progress={"step": "sweep", "keys": 3}, report={"found": {"state": 3}, "öl": [1.5]}, sealed="00"
    )
    assert await requests.add(whole)
    assert not await requests.add(request(1, tenant_id="t2"))
    assert await requests.get(whole.request_id) == whole
    assert await requests.get("00000000-0000-4000-8000-999999999999") is None


async def test_a_request_is_replaced_only_by_who_knows_how_it_stands(requests: PrivacyRequests) -> None:
    first, done = request(1, sealed="00"), request(1, state="done", report={"removed": 2})
    await requests.add(first)
    assert not await requests.replace(done, expected=request(1))
    assert await requests.replace(done, expected=first)
    assert not await requests.replace(first, expected=first)
    assert await requests.get(first.request_id) == done
    assert not await requests.replace(request(2), expected=request(2))


async def test_of_two_who_replace_at_once_one_wins(requests: PrivacyRequests) -> None:
    await requests.add(request(1))
    tries = [requests.replace(request(1, changed_ms=number), expected=request(1)) for number in (1, 2)]
    assert sorted(await asyncio.gather(*tries)) == [False, True]


async def test_requests_are_found_in_order_by_tenant_kind_state_and_subject(
    requests: PrivacyRequests,
) -> None:
    all_of_them = [
        request(1),
        request(2, state="done"),
        request(3, kind="export"),
        request(4, tenant_id="t2"),
        request(5, subject=BEN),
        request(6, kind="tenant_erasure", subject=None),
    ]
    for one in reversed(all_of_them):
        await requests.add(one)
    assert await requests.find() == all_of_them
    assert await requests.find(newest_first=True) == all_of_them[::-1]
    assert await requests.find(tenant_id="t2") == [all_of_them[3]]
    assert await requests.find(kind="export") == [all_of_them[2]]
    assert await requests.find(state="done") == [all_of_them[1]]
    assert await requests.find(subject=BEN) == [all_of_them[4]]
    assert await requests.find(tenant_id="t1", kind="erasure", state="open", subject=ANNA) == [all_of_them[0]]


async def test_pages_follow_each_other_also_where_several_were_asked_for_at_one_moment(
    requests: PrivacyRequests,
) -> None:
    all_of_them = [request(number, asked_ms=number // 3) for number in range(8)]
    for one in all_of_them:
        await requests.add(one)
    for newest_first in (False, True):
        wanted, found = all_of_them[::-1] if newest_first else all_of_them, list[PrivacyRequest]()
        after = None
        while page := await requests.find(after=after, newest_first=newest_first, limit=3):
            found += page
            after = (page[-1].asked_ms, page[-1].request_id)
        assert found == wanted


async def test_what_is_open_is_counted_by_kind_with_the_oldest(requests: PrivacyRequests) -> None:
    assert await requests.open_requests() == []
    for one in (
        request(1, state="done"),
        request(2, tenant_id="t2"),
        request(3),
        request(4, kind="export"),
        request(5, state="failed"),
    ):
        await requests.add(one)
    assert await requests.open_requests() == [("erasure", 2, 1_002), ("export", 1, 1_004)]
