"""Parts of backups: packed, cut off, damaged, and of a newer release."""

from __future__ import annotations

import zlib
from random import Random

import msgspec
import pytest

from mastery_engine.contracts.backup import (
    FORMAT,
    Counts,
    DamagedBackup,
    Inflater,
    Item,
    Manifest,
    Packer,
    Unpacker,
    decode_manifest,
    encode_manifest,
)
from mastery_engine.contracts.stored_keys import event_of, learner_of
from mastery_engine.domain.errors import NewerVersion

ITEMS = [
    Item("document", f"student:s{n}:profile:current_mastery", Random(n).randbytes(n * 97)) for n in range(60)
]
MANIFEST = Manifest(
    engine="1",
    began_ms=1,
    ended_ms=2,
    store="sqlite",
    log="embedded",
    topic="mastery.requests",
    topic_id="t",
    offsets={0: 3},
    pseudonyms="ab",
    tenants=["default"],
    counts=Counts(documents=1),
    parts=[],
)


def packed() -> bytes:
    packer = Packer()
    return b"".join([packer.add(item) for item in ITEMS]) + packer.end()


def unpacked(value: bytes, size: int) -> list[Item]:
    unpacker = Unpacker("state-1")
    found = [
        item
        for first in range(0, len(value), size)
        for items in unpacker.feed(value[first : first + size])
        for item in items
    ]
    unpacker.check_end()
    return found


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_items_come_back_in_pieces_of_any_size(size: int) -> None:
    assert unpacked(packed(), size) == ITEMS


def test_a_part_that_is_cut_off_anywhere_is_known_for_it() -> None:
    value = packed()
    for length in (0, 1, 10, len(value) // 2, len(value) - 1):
        with pytest.raises(DamagedBackup, match="state-1 is cut off"):
            unpacked(value[:length], 100)


def test_bytes_behind_the_end_are_refused() -> None:
    with pytest.raises(DamagedBackup, match="behind its end"):
        unpacked(packed() + b"more", 1_000_000)


def test_other_bytes_are_refused() -> None:
    for value in (
        b"rubbish",
        zlib.compress(b"\xff\xff\xff\xff rubbish"),
        zlib.compress(b"\0\0\0\1\xc1\0\0\0\0"),
    ):
        with pytest.raises(DamagedBackup, match="state-1 is damaged"):
            unpacked(value, 1_000_000)


def test_a_file_of_nothing_but_zeros_is_spread_in_bounded_pieces() -> None:
    plain = bytes(5 * 1024 * 1024 + 3)
    inflater = Inflater("log.db")
    pieces = list(inflater.feed(zlib.compress(plain)))
    inflater.check_end()
    assert b"".join(pieces) == plain
    assert max(map(len, pieces)) <= 1024 * 1024


def test_a_manifest_comes_back() -> None:
    assert decode_manifest(encode_manifest(MANIFEST)) == MANIFEST


def test_a_newer_format_is_refused_whatever_else_it_has() -> None:
    newer = msgspec.json.encode({"format": FORMAT + 1, "pieces": 3})
    with pytest.raises(NewerVersion, match=rf"format {FORMAT + 1}, this release reads up to {FORMAT}"):
        decode_manifest(newer)


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff", b'{"format": 1}', b'{"format": "1"}'])
def test_a_damaged_manifest_is_refused(value: bytes) -> None:
    with pytest.raises(DamagedBackup, match=r"manifest\.json is damaged"):
        decode_manifest(value)


def test_keys_tell_whose_they_are() -> None:
    assert learner_of("student:s1:profile:current_mastery") == ("default", "s1")
    assert learner_of("school:t-1:student:s_1:profile:current_mastery") == ("t-1", "s_1")
    event = "00000000-0000-4000-8000-000000000001"
    assert event_of(f"processed:{event}") == ("default", bytes.fromhex(event.replace("-", "")))
    assert event_of(f"school:t:processed:{event}") == ("t", bytes.fromhex(event.replace("-", "")))
    for other in (
        "student:s1:mastery:2024-01-01",
        "replay:r:student:s1:profile:current_mastery",
        "school:t:student:a:b:profile:current_mastery",
        f"processed:{event}0",
        "processed:nothing",
        "tenant:t",
    ):
        assert learner_of(other) is None
        assert event_of(other) is None


def of_parts(*parts: tuple[str, str]) -> bytes:
    found = [{"name": name, "kind": kind, "size": 1, "sha256": ""} for name, kind in parts]
    return msgspec.json.encode(msgspec.to_builtins(MANIFEST, str_keys=True) | {"parts": found})


@pytest.mark.parametrize(
    "parts",
    [
        [("../../etc/passwd", "state")],
        [("/dev/zero", "archive.db")],
        [("state-000001.part\n", "state")],
        [("state-000001.part/../x", "state")],
        [("", "state")],
        [("archive.db.z", "state")],
        [("log.db.z", "pseudonym.key")],
        [("log.db.z", "log.db"), ("log.db.z", "log.db")],
    ],
)
def test_a_manifest_cannot_name_what_lies_elsewhere(parts: list[tuple[str, str]]) -> None:
    with pytest.raises(DamagedBackup, match=r"manifest\.json is damaged"):
        decode_manifest(of_parts(*parts))


@pytest.mark.parametrize(
    "changed",
    [
        {"began_ms": 10**18},
        {"ended_ms": -1},
        {"offsets": {"0": -5}},
        {"offsets": {"-1": 5}},
        {"tenants": ["a:b"]},
        {"tenant": "*"},
        {"format": -1},
    ],
)
def test_a_manifest_cannot_say_what_nothing_can_work_with(changed: dict[str, object]) -> None:
    value = msgspec.json.encode(msgspec.to_builtins(MANIFEST, str_keys=True) | changed)
    with pytest.raises(DamagedBackup, match=r"manifest\.json is damaged"):
        decode_manifest(value)


def test_a_small_part_that_spreads_to_very_many_items_is_read_in_bounded_batches() -> None:
    packer = Packer()
    item = Item("marker", "erased:" + "0" * 32, b"")
    value = b"".join([packer.add(item) for _ in range(60_000)]) + packer.end()
    assert len(value) < 20_000
    sizes = [len(items) for items in Unpacker("state-1").feed(value)]
    assert sum(sizes) == 60_000
    assert max(sizes) < 30_000
