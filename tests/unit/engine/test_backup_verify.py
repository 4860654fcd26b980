"""What is wrong with a backup is found before anything is restored from it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from mastery_engine.contracts.backup import MANIFEST, Counts, DamagedBackup, Item, Part, encode_manifest
from mastery_engine.contracts.tenant import Tenant, encode_tenant
from mastery_engine.domain.errors import NewerVersion
from mastery_engine.engine.backup_parts import PartWriter
from mastery_engine.engine.backup_verify import verify
from tests.unit.engine.backup_house import folded_house


@pytest.mark.parametrize("place", [0, 50, -1])
async def test_a_changed_byte_is_found_and_the_part_named(place: int) -> None:
    house = await folded_house()
    await house.back_up()
    name = "state-000001.part"
    value = bytearray(house.target.objects[name])
    value[place] ^= 1
    house.target.objects[name] = bytes(value)
    with pytest.raises(DamagedBackup, match=name):
        await verify(house.target)


async def test_a_missing_part_is_named() -> None:
    house = await folded_house()
    await house.back_up()
    del house.target.objects["state-000001.part"]
    with pytest.raises(DamagedBackup, match=r"state-000001\.part is missing"):
        await verify(house.target)


async def test_a_newer_format_is_refused() -> None:
    house = await folded_house()
    await house.back_up()
    house.target.objects[MANIFEST] = house.target.objects[MANIFEST].replace(b'"format": 2', b'"format": 3')
    with pytest.raises(NewerVersion, match="format 3"):
        await verify(house.target)


@pytest.mark.parametrize(
    "item",
    [
        Item("marker", "student:ann:profile:current_mastery", b"x"),
        Item("marker", "erased:", b"x"),
        Item("revocation", "erased:" + "ab" * 16, b"1"),
        Item("revocation", "school:a:revoked:subject:" + "ab" * 16, b"x"),
        Item("tenant", "processed:default", encode_tenant(Tenant(tenant_id="default"))),
        Item("tenant", "tenant:a:b", encode_tenant(Tenant(tenant_id="a:b"))),
    ],
)
async def test_no_item_takes_the_place_of_something_else(item: Item) -> None:
    house = await folded_house()
    backed = await house.back_up()

    async def forged() -> AsyncIterator[list[Item]]:
        yield [item]

    parts = await PartWriter(house.target).items(forged())
    counts = Counts()
    counts.add(item.kind)
    house.target.objects[MANIFEST] = encode_manifest(replace(backed, parts=parts, counts=counts))
    with pytest.raises(DamagedBackup, match=rf"state-000001\.part holds a {item.kind}"):
        await verify(house.target)


async def test_what_is_too_long_for_a_key_is_no_key() -> None:
    house = await folded_house()
    backed = await house.back_up()
    value = zlib.compress(bytes(1_000_000))
    house.target.objects["pseudonym.key.z"] = value
    part = Part(
        name="pseudonym.key.z",
        kind="pseudonym.key",
        size=len(value),
        sha256=hashlib.sha256(value).hexdigest(),
    )
    house.target.objects[MANIFEST] = encode_manifest(replace(backed, parts=[*backed.parts, part]))
    with pytest.raises(DamagedBackup, match="too long for a key"):
        await verify(house.target)
