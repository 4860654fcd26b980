"""Classes over HTTP: kept by admins, looked at by their teachers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.domain.cohort import NAME_RULE, Cohort, Membership
from tests.api.school import NOW, School

TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
SENT: dict[str, Any] = {
    "name": "Python for beginners",
    "teachers": [{"person_id": "mr-ode"}],
    "students": [{"person_id": "cleo", "start": "2026-01-01"}, {"person_id": "dee", "end": "2026-01-31"}],
}


async def put(
    school: School,
    cohort_id: str = "8b",
    body: object = SENT,
    role: TokenRole = "admin",
    **headers: str,
) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await school.http.put(
        f"/api/v1/cohorts/{cohort_id}", json=body, headers={**school.bearer("head", role), **named}
    )


async def delete(
    school: School, cohort_id: str = "7a", role: TokenRole = "admin", **headers: str
) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await school.http.request(
        "DELETE", f"/api/v1/cohorts/{cohort_id}", headers={**school.bearer("head", role), **named}
    )


async def test_a_class_is_made_then_replaced_whole(school: School) -> None:
    made = await put(school)
    assert made.status_code == 201
    assert made.json()["data"]["students"][1] == {"person_id": "dee", "start": None, "end": "2026-01-31"}
    again = await put(school, body={"students": [{"person_id": "eli"}]})
    assert again.status_code == 200
    found = (await school.get("cohorts/8b")).json()["data"]
    assert found == again.json()["data"]
    assert (found["name"], found["teachers"]) == ("", [])


@pytest.mark.parametrize("name", ["7\0b", "7b\n", "7b\u202e", "7\u200bb", "n" * 201])
async def test_a_class_has_no_name_that_cannot_be_seen_or_turns_the_text_around_it(
    school: School, name: str
) -> None:
    answer = await put(school, body={"name": name})
    assert answer.status_code == 400
    (detail,) = answer.json()["error"]["details"]
    assert (detail["field"], detail["rule"]) == ("name", NAME_RULE)
    assert (await put(school, body={"name": "Klasse 7b, 数学 — ½"})).status_code == 201


async def test_a_change_gives_and_takes_a_teachers_sight_at_once(school: School) -> None:
    await school.teach("cleo")
    query = {"student_id": "cleo"}
    assert (await school.query(query, "mr-ode", "teacher")).status_code == 404
    await put(school)
    assert (await school.query(query, "mr-ode", "teacher")).status_code == 200
    await delete(school, "8b")
    assert (await school.query(query, "mr-ode", "teacher")).status_code == 404


async def test_what_changes_is_on_record_with_everybody_who_was_or_is_in_the_class(school: School) -> None:
    await put(school, "7a", SENT)
    entry = (await school.audit())[-1]
    assert (entry.action, entry.allowed, entry.detail) == ("cohorts.write", True, {"cohort_id": "7a"})
    assert set(entry.subjects) == {school.hash(one) for one in ("amal", "bo", "cleo", "dee")}
    await delete(school)
    assert set((await school.audit())[-1].subjects) == {school.hash("cleo"), school.hash("dee")}


@pytest.mark.parametrize("role", ["student", "teacher", "service"])
async def test_only_an_admin_changes_classes_and_others_try_on_record(
    school: School, role: TokenRole
) -> None:
    for answer in (await put(school, "7a", role=role), await delete(school, role=role)):
        assert answer.status_code == 403
        assert (await school.audit())[-1].allowed is False
    assert [one["person_id"] for one in (await school.get("cohorts/7a")).json()["data"]["students"]] == [
        "amal",
        "bo",
    ]


@pytest.mark.parametrize("role", ["student", "service"])
@pytest.mark.parametrize("path", ["cohorts", "cohorts/7a"])
async def test_students_and_services_look_at_no_class(school: School, role: TokenRole, path: str) -> None:
    assert (await school.get(path, "amal", role)).status_code == 403


async def test_a_teacher_sees_the_own_class_without_those_who_have_left_and_it_is_on_record(
    school: School,
) -> None:
    members = (
        Membership(person_id="amal"),
        Membership(person_id="gone", end=YESTERDAY),
        Membership(person_id="next", start=TODAY + timedelta(days=1)),
    )
    cohort = Cohort(cohort_id="9c", teachers=(Membership(person_id="ms-yun"),), students=members)
    await school.engine.adapters.rosters.put("default", [cohort])
    seen = (await school.get("cohorts/9c", "ms-yun", "teacher")).json()["data"]
    assert [one["person_id"] for one in seen["students"]] == ["amal"]
    entry = (await school.audit())[-1]
    assert (entry.action, entry.subjects) == ("cohorts.read", (school.hash("amal"),))
    whole = (await school.get("cohorts/9c")).json()["data"]
    assert len(whole["students"]) == 3


@pytest.mark.parametrize("ended", [False, True])
async def test_a_class_of_somebody_else_answers_like_one_that_does_not_exist(
    school: School, *, ended: bool
) -> None:
    teachers = (Membership(person_id="ms-yun", end=YESTERDAY),) if ended else ()
    cohort = Cohort(cohort_id="9c", teachers=teachers, students=(Membership(person_id="amal"),))
    hidden_before = await school.get("cohorts/9c", "ms-yun", "teacher")
    await school.engine.adapters.rosters.put("default", [cohort])
    hidden = await school.get("cohorts/9c", "ms-yun", "teacher")
    assert hidden.status_code == 404
    assert hidden.json()["error"] == hidden_before.json()["error"]
    assert set(hidden.headers) == set(hidden_before.headers)


async def test_no_class_is_seen_or_touched_from_another_tenant(school: School) -> None:
    bearer = school.bearer("head", "admin", "north")
    path = "/api/v1/cohorts/7a"
    assert (await school.http.get(path, headers=bearer)).status_code == 404
    assert (await school.http.request("DELETE", path, headers=bearer)).status_code == 404
    assert (await school.http.put(path, json={}, headers=bearer)).status_code == 201
    assert (await school.get("cohorts/7a")).json()["data"]["students"] != []


async def test_classes_are_listed_page_after_page_without_naming_a_student(school: School) -> None:
    cohorts = [Cohort(cohort_id=f"k{number}", name=f"K {number}") for number in range(5)]
    await school.engine.adapters.rosters.put("default", cohorts)
    found: list[dict[str, Any]] = []
    path: str | None = "cohorts?limit=2"
    pages = 0
    while path is not None:
        page = (await school.get(path)).json()["data"]
        found += page["items"]
        pages += 1
        path = page["next_cursor"] and f"cohorts?limit=2&cursor={page['next_cursor']}"
    assert [one["cohort_id"] for one in found] == ["7a", "k0", "k1", "k2", "k3", "k4"]
    assert found[0] == {"cohort_id": "7a", "name": "", "teachers": ["ms-yun"], "students": 2}
    assert pages == 3


async def test_a_teacher_lists_those_that_are_taught_today(school: School) -> None:
    me = "ms-yun"
    await school.engine.adapters.rosters.put(
        "default",
        [
            Cohort(cohort_id="6z", teachers=(Membership(person_id="mr-no"),)),
            Cohort(cohort_id="7b", teachers=(Membership(person_id=me, end=YESTERDAY),)),
            Cohort(cohort_id="7c", teachers=(Membership(person_id=me, start=TODAY),)),
        ],
    )
    page = (await school.get("cohorts", me, "teacher")).json()["data"]
    assert [one["cohort_id"] for one in page["items"]] == ["7a", "7c"]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "cursor=%3F", "cursor=a", "color=red"])
async def test_a_list_that_cannot_be_is_refused(school: School, query: str) -> None:
    answer = await school.get(f"cohorts?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == query.partition("=")[0]


async def test_who_changes_what_has_changed_meanwhile_is_told_so(school: School) -> None:
    tag = (await school.get("cohorts/7a")).headers["etag"]
    first = await put(school, "7a", If_Match=tag)
    assert first.status_code == 200
    second = await put(school, "7a", {}, If_Match=tag)
    assert second.status_code == 409
    assert second.json()["error"]["code"] == "CONFLICT"
    assert (await delete(school, If_Match=tag)).status_code == 409
    assert (await delete(school, If_Match=first.headers["etag"])).status_code == 200
    assert (await put(school, "7a", If_Match="*")).status_code == 409


async def test_a_class_may_be_made_on_condition_that_there_is_none(school: School) -> None:
    assert (await put(school, "8b", If_None_Match="*")).status_code == 201
    assert (await put(school, "8b", {}, If_None_Match="*")).status_code == 409
    assert (await school.get("cohorts/8b")).json()["data"]["name"] == SENT["name"]


async def test_a_weak_tag_is_no_condition_that_holds(school: School) -> None:
    tag = (await school.get("cohorts/7a")).headers["etag"]
    assert (await put(school, "7a", If_Match=f"W/{tag}")).status_code == 409


async def test_a_class_is_sent_only_to_who_does_not_have_it_and_each_look_is_on_record(
    school: School,
) -> None:
    who = school.bearer("head", "admin")
    first = await school.http.get("/api/v1/cohorts/7a", headers=who)
    assert first.headers["cache-control"] == "private, no-cache"
    looks = len((await school.get("audit?action=cohorts.read")).json()["data"]["items"])
    again = await school.http.get(
        "/api/v1/cohorts/7a", headers=who | {"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert len((await school.get("audit?action=cohorts.read")).json()["data"]["items"]) == looks + 1
    await put(school, "7a", {"name": "another"}, "admin")
    news = await school.http.get("/api/v1/cohorts/7a", headers=who | {"If-None-Match": first.headers["etag"]})
    assert news.status_code == 200


@pytest.mark.parametrize(
    "headers", [{"If_Match": "none"}, {"If_None_Match": '"0123"'}, {"If_Match": "*", "If_None_Match": "*"}]
)
async def test_a_condition_that_is_none_is_refused_before_anything_changes(
    school: School, headers: dict[str, str]
) -> None:
    answer = await put(school, "7a", {}, "admin", **headers)
    assert answer.status_code == 400
    assert (await school.get("cohorts/7a")).json()["data"]["students"] != []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"students": [{"person_id": "a b"}]}, "students[0].person_id"),
        ({"teachers": [{"person_id": "os:root"}]}, "teachers[0].person_id"),
        ({"students": [{"person_id": "amal", "mood": "sunny"}]}, "students[0].mood"),
        (
            {"students": [{"person_id": "amal", "start": "2026-03-02", "end": "2026-03-01"}]},
            "students[0].end",
        ),
        ({"name": "x" * 201}, "name"),
        ({"color": "red"}, "color"),
    ],
)
async def test_a_roster_that_breaks_a_rule_is_refused_and_the_rule_is_named(
    school: School, body: dict[str, object], field: str
) -> None:
    answer = await put(school, "7a", body)
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]


async def test_an_id_that_breaks_its_rule_is_refused(school: School) -> None:
    answer = await put(school, "a%20b")
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "cohort_id"


async def test_a_class_that_is_not_there_cannot_be_removed(school: School) -> None:
    assert (await delete(school, "none")).status_code == 404
