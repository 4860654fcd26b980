"""A restricted student: kept, folded, and there for nobody but themselves and an export."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.adapters.memory import MemoryResults
from mastery_engine.contracts import keys
from mastery_engine.contracts.restricted import encode_restricted
from mastery_engine.domain.errors import Conflict, NotFound
from mastery_engine.engine import restrictions
from mastery_engine.engine.access import Caller
from mastery_engine.engine.policy import DESPITE_RESTRICTION, TABLE, Action
from mastery_engine.ports import Write
from tests.api.school import School, open_school, quiz

PATH = "/api/v1/students/{}/restriction"
READS: set[Action] = {
    "jobs.read",
    "mastery.read",
    "mastery.follow",
    "mastery.calculate",
    "history.read",
    "forecast.read",
    "recommendations.read",
    "cohort.compare",
    "batch.read",
    "results.export",
}
CLASS = ("amal", "bo")


def caller(role: Any, subject: str = "somebody") -> Caller:
    return Caller(tenant_id="default", subject=subject, role=role, request_id="r")


async def restrict(school: School, student: str = "amal", method: str = "PUT") -> Any:
    answer = await school.http.request(method, PATH.format(student), headers=school.bearer("head", "admin"))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_every_action_is_told_to_read_results_or_not_to() -> None:
    assert set(get_args(Action)) == set(TABLE)
    assert set(TABLE) == READS | DESPITE_RESTRICTION
    assert not READS & DESPITE_RESTRICTION


@pytest.mark.parametrize(
    ("action", "role"),
    [
        (action, role)
        for action in sorted(READS)
        for role in ("teacher", "admin", "operator")
        if role in TABLE[action]
    ],
)
async def test_nobody_else_reads_results_of_a_restricted_student(
    school: School, action: Action, role: str
) -> None:
    await restrict(school)
    access, who = school.engine.access, caller(role, "ms-yun")
    today = school.engine.reader.today(await school.engine.tenants.get("default"))
    with pytest.raises(NotFound):
        await access.permit(who, action, ["amal"], today)
    assert (await school.audit())[-1].allowed is False
    assert await access.visible(who, action, CLASS, today) == ["bo"]
    await access.permit(who, action, ["bo"], today)


@pytest.mark.parametrize(
    ("subject", "role", "status"),
    [("amal", "student", 200), ("ms-yun", "teacher", 404), ("head", "admin", 404)],
)
async def test_over_http_a_restricted_student_is_there_for_themselves_alone(
    school: School, subject: str, role: TokenRole, status: int
) -> None:
    await school.teach("amal")
    absent = await school.query({"student_id": "nobo"}, subject, role)
    await restrict(school)
    answer = await school.query({"student_id": "amal"}, subject, role)
    assert answer.status_code == status
    if status == 404:
        assert answer.json()["error"] == absent.json()["error"]


async def test_a_class_is_compared_without_its_restricted_members(school: School) -> None:
    for student in CLASS:
        await school.teach(student)
    await restrict(school)
    analytics = school.engine.analytics
    found = await analytics.compare(caller("teacher", "ms-yun"), "7a")
    assert [one.student_id for one in found.members or ()] == ["bo"]
    assert found.standings["score"].size == 1
    with pytest.raises(NotFound):
        await analytics.compare(caller("teacher", "ms-yun"), "7a", student_id="amal")
    own = await analytics.compare(caller("student", "amal"), "7a", student_id="amal")
    assert own.standings["score"].size == 2


async def test_batches_and_exports_leave_a_restricted_student_out(school: School) -> None:
    for student in CLASS:
        await school.teach(student)
    await restrict(school)
    batch = await school.engine.queries.batch(caller("admin"), CLASS)
    assert [one.error for one in batch.items] == ["NOT_FOUND", None]
    exported = [
        one.student_id async for part in school.engine.exports.results(caller("admin")) for one in part
    ]
    assert exported == ["bo"]


async def test_events_go_on_being_counted_and_outputs_and_derived_keys_stay_away() -> None:
    results = MemoryResults()
    async with open_school(results=results) as school:
        await school.teach("amal")
        before = len(results.messages)
        day = keys.day_result("default", "amal", "2026-03-02")
        activity = keys.recent_activity("default", "amal")
        store = school.engine.adapters.store
        assert None not in await store.get_many([day, f"{day}:quiz", activity])
        await restrict(school)
        await school.teach("amal", quiz(correct_answers=10), quiz(correct_answers=2))
        await school.teach("bo")
        assert {message.key for message in results.messages[before:]} == {b"student:bo"}
        assert await store.get_many([day, f"{day}:quiz", activity]) == [None, None, None]
        own = await school.query({"student_id": "amal"}, "amal", "student")
        assert own.json()["data"]["events"] == 3
        assert len(await school.engine.adapters.archive.of_student("default", "amal")) == 3
        await restrict(school, method="DELETE")
        after = len(results.messages)
        await school.teach("amal")
        assert {message.key for message in results.messages[after:]} == {b"student:amal"}
        assert None not in await store.get_many([day, activity])
        assert (await school.query({"student_id": "amal"})).json()["data"]["events"] == 4


async def test_setting_and_lifting_are_recorded_and_safe_to_repeat(school: School) -> None:
    first, again = await restrict(school), await restrict(school)
    assert first == again
    assert first["restricted"]
    assert (await school.audit())[-1].action == "restriction.write"
    for changed in (True, False):
        lifted = await restrict(school, method="DELETE")
        assert not lifted["restricted"]
        assert (lifted["request_id"] is not None) is changed
    (kept,) = await school.engine.adapters.privacy_requests.find(tenant_id="default", kind="restriction")
    assert (kept.state, kept.subject) == ("lifted", school.hash("amal"))
    assert "amal" not in str(kept)


@pytest.mark.parametrize("role", ["student", "teacher", "service"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_only_admins_set_and_lift_it(school: School, role: TokenRole, method: str) -> None:
    await restrict(school)
    answer = await school.http.request(method, PATH.format("amal"), headers=school.bearer("amal", role))
    assert answer.status_code == 403
    assert (await school.query({"student_id": "amal"})).status_code == 404


async def test_a_list_that_the_store_has_lost_is_made_anew_from_the_records(school: School) -> None:
    await school.teach("amal")
    await restrict(school)
    await restrict(school, "cleo")
    await restrict(school, "cleo", "DELETE")
    store, clock = school.engine.adapters.store, school.engine.adapters.clock
    (entry,) = await store.get_many([keys.restricted("default")])
    assert entry is not None
    assert entry.value == encode_restricted([bytes.fromhex(school.hash("amal"))])
    await _lose(store)
    await clock.sleep(2)
    assert (await school.query({"student_id": "amal"})).status_code == 404
    assert (await store.get_many([keys.restricted("default")]))[0] is not None
    await _lose(store)
    await restrict(school, "cleo")
    await clock.sleep(2)
    assert (await school.query({"student_id": "amal"})).status_code == 404


async def test_a_change_by_another_process_is_known_within_a_second(school: School) -> None:
    await school.teach("amal")
    assert (await school.query({"student_id": "amal"})).status_code == 200
    ours = school.engine.adapters
    other = restrictions.Restrictions(ours.store, ours.privacy_requests, school.engine.pseudonyms, ours.clock)
    await other.note("default", "amal", restricted=True)
    await ours.clock.sleep(restrictions.REMEMBERED_SECONDS)
    assert (await school.query({"student_id": "amal"})).status_code == 404


async def test_a_school_has_a_bounded_number_of_restricted_students(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restrictions, "MOST_RESTRICTED", 1)
    await restrict(school)
    answer = await school.http.put(PATH.format("bo"), headers=school.bearer("head", "admin"))
    assert answer.status_code == 409
    with pytest.raises(Conflict):
        await school.engine.restrictions.note("default", "bo", restricted=True)
    requests = await school.engine.adapters.privacy_requests.find(subject=school.hash("bo"))
    assert [one.state for one in requests] == ["failed"]


async def _lose(store: Any) -> None:
    await store.write_many([Write(keys.restricted("default"), None)])


@pytest.mark.parametrize("last", ["set", "lift"])
async def test_of_two_who_set_and_lift_at_once_the_record_decides(
    school: School, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    head, restricting = caller("admin", "head"), school.engine.restricting
    steps = {"set": restricting.restrict, "lift": restricting.lift}
    first = "lift" if last == "set" else "set"
    if last == "set":
        await restrict(school)
        clock: Any = school.engine.adapters.clock
        clock.ms += 1
    note, between = restrictions.Restrictions.note, [steps[last]]

    async def noted(
        self: restrictions.Restrictions, tenant_id: str, student: str, *, restricted: bool
    ) -> None:
        # The other one does all of it between the record of the first one and its place in the list.
        while between:
            await between.pop()(head, student)
        await note(self, tenant_id, student, restricted=restricted)

    monkeypatch.setattr(restrictions.Restrictions, "note", noted)
    await steps[first](head, "amal")
    hidden = await school.engine.access.open_to(head, "mastery.read", ["amal"])
    assert hidden == ([] if last == "set" else ["amal"])


async def test_a_restriction_tells_since_when_as_every_other_moment_is_told(school: School) -> None:
    await school.teach("amal")
    head = school.bearer("head", "admin")
    answer = await school.http.put("/api/v1/students/amal/restriction", headers=head)
    listed = await school.get("privacy/requests")
    assert answer.json()["data"]["since"] == listed.json()["data"]["items"][0]["asked_at"]
    lifted = await school.http.delete("/api/v1/students/amal/restriction", headers=head)
    assert lifted.json()["data"]["since"] is None
