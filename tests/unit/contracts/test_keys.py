"""Keys as others read them, and ids that follow from others."""

from __future__ import annotations

from uuid import UUID

from mastery_engine.contracts import keys
from tests.unit.engine.house import event_id

ID = UUID(event_id(7)).bytes


def test_keys_of_the_default_tenant_have_no_prefix() -> None:
    assert keys.document("default", "ann") == "student:ann:profile:current_mastery"
    assert keys.day_result("default", "ann", "2024-03-08") == "student:ann:mastery:2024-03-08"
    assert keys.recent_activity("default", "ann") == "student:ann:activity:recent"
    assert keys.processed("default", ID) == f"processed:{event_id(7)}"


def test_keys_of_other_tenants_begin_with_their_school() -> None:
    assert keys.document("s1", "ann") == "school:s1:student:ann:profile:current_mastery"
    assert keys.processed("s1", ID) == f"school:s1:processed:{event_id(7)}"
    assert keys.learner("s1", "ann") == "school:s1:student:ann"


def test_keys_of_nobody() -> None:
    assert keys.tenant("s1") == "tenant:s1"
    assert keys.erased("ab") == "erased:ab"


def test_what_a_replay_keeps_is_its_schools_too() -> None:
    assert keys.unfinished_replay("default") == "replay:unfinished"
    assert keys.rebuilt("default", "r", "ann") == "replay:r:student:ann:profile:current_mastery"
    assert keys.unfinished_replay("s1") == "school:s1:replay:unfinished"
    assert keys.rebuilt("s1", "r", "ann") == "school:s1:replay:r:student:ann:profile:current_mastery"
    assert keys.replayed_slice("s1", "r", 7) == "school:s1:replay:r:slice:7"


def test_a_document_tells_its_student_and_other_keys_tell_none() -> None:
    prefix = keys.learner("s1", "")
    assert keys.student_of_document(keys.document("s1", "ann"), prefix) == "ann"
    assert keys.student_of_document(keys.recent_activity("s1", "ann"), prefix) is None


def test_derived_ids_are_uuids_that_follow_from_all_their_parts() -> None:
    one = keys.derived_id("a", "b")
    assert UUID(one).version == 5
    assert str(UUID(one)) == one
    assert UUID(one).variant == UUID("00000000-0000-5000-8000-000000000000").variant
    assert one == keys.derived_id("a", "b")
    assert len({one, keys.derived_id("ab"), keys.derived_id("b", "a"), keys.derived_id("a", "b", "")}) == 4


def test_derived_ids_stay_what_they_are() -> None:
    """Consumers drop repeats by them, across releases."""
    expected = "6ccb603c-692e-5264-976e-a942c8d13ac1"
    assert keys.derived_id("student:ann", event_id(1), "mastery.updated") == expected


def test_an_id_is_told_in_lower_case_with_its_dashes() -> None:
    assert keys.uuid_text(ID) == event_id(7)


def test_pseudonyms_follow_from_key_tenant_and_student() -> None:
    one = keys.Pseudonyms(b"k" * 32)
    assert len(one.digest("default", "ann")) == 16
    assert one.of("default", "ann") == one.digest("default", "ann").hex()
    others = {
        one.of("default", "bob"),
        one.of("s1", "ann"),
        keys.Pseudonyms(b"j" * 32).of("default", "ann"),
        one.of("default", "ann"),
    }
    assert len(others) == 4


def test_a_key_for_something_else_follows_from_the_key_and_the_purpose() -> None:
    one, same, other = (keys.Pseudonyms(key * 32) for key in (b"k", b"k", b"j"))
    assert one.key_for("a") == same.key_for("a")
    assert len({one.key_for("a"), one.key_for("b"), other.key_for("a"), b"k" * 32}) == 4
