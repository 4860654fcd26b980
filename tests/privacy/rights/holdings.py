"""A student of whom every store holds something that nobody else has."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from typing import Any

from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.domain.cohort import Cohort, Membership
from tests.api.school import NOW_MS, School, quiz

HOSTILE = '<script>alert("x")</script>'
PATH = "/api/v1/students/{}/export"


def letter(number: int, student: str | None, *, key: bytes = b"", **changes: Any) -> DeadLetter:
    fields: dict[str, Any] = {
        "letter_id": f"00000000-0000-5000-8000-{number:012x}",
        "topic": "mastery.requests",
        "topic_id": "t",
        "partition": 0,
        "offset": number,
        "key": key,
        "headers": (),
        "payload": f'{{"student_id": "{student}", "n": "payload-{number}"}}'.encode(),
        "kind": "validation",
        "reason": "invalid",
        "message": f"message-{number} {HOSTILE}",
        "attempts": 1,
        "failed_at_ms": NOW_MS - number,
        "tenant_id": "default" if student else None,
        "student_id": student,
    }
    return DeadLetter(**fields | changes)


async def plant(school: School, student: str = "amal", number: int = 1) -> None:
    """Something in each store."""
    ours = school.engine.adapters
    await school.teach(
        student,
        quiz(
            course_id=f"course-{number}",
            topic_id=f"topic-{number}",
            metadata={"note": f"meta-{number} {HOSTILE}"},
        ),
        quiz(course_id="shared", source=f"=source-{number}"),
    )
    await ours.dead_letters.add(
        [letter(number * 10, student), letter(number * 10 + 1, None, key=f"student:{student}".encode())]
    )
    membership = Membership(person_id=student, start=date(2026, 1, number % 28 + 1))
    cohort = Cohort(
        cohort_id=f"class-{number}",
        name=f"Class {HOSTILE}",
        teachers=(Membership(person_id="ms-yun"),),
        students=(membership, Membership(person_id="somebody-else")),
    )
    await ours.rosters.put("default", [cohort])
    await school.query({"student_id": student}, f"head-{number}", "admin")
    await school.http.put(f"/api/v1/students/{student}/restriction", headers=school.bearer("head", "admin"))


async def exported(
    school: School, student: str = "amal", subject: str = "head", role: Any = "admin"
) -> bytes:
    answer = await school.http.get(PATH.format(student), headers=school.bearer(subject, role))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return answer.content


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def lines(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.splitlines()]
