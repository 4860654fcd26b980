"""A position lets nothing be done about somebody whom the caller may not see: its time would tell who is there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mastery_engine.engine.access import Caller
from tests.api.school import open_school, quiz


async def test_a_students_position_refreshes_nothing_of_another_student(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_school(serves=True) as school:
        sent = await school.post("ingest", [quiz(student_id="bo")], school.bearer("tutor", "service"))
        await school.fold()
        refreshed: list[str] = []
        reader = school.engine.reader
        refresh = reader.refresh

        async def watched(caller: Caller, student_ids: Sequence[str]) -> None:
            refreshed.extend(student_ids)
            await refresh(caller, student_ids)

        monkeypatch.setattr(reader, "refresh", watched)
        headers = {"X-Mastery-Position": sent.json()["data"]["position"]}
        for student_id, status in (("bo", 404), ("amal", 404)):
            answer = await school.get(f"students/{student_id}/mastery", "amal", "student", headers)
            assert answer.status_code == status
        assert refreshed == ["amal"]
