"""What is asked of each route for its example, and the school that it is asked of."""

from __future__ import annotations

import json
from typing import Final

import msgspec

from mastery_engine.contracts import keys
from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.job import Job, Listed
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.contracts.sealed_id import seal
from mastery_engine.engine.batch_jobs import KIND, BatchAsked
from tests.api.school import DAY_MS, NOW, NOW_MS, School, quiz

BATCH: Final = "0b6f3d1f4c5e4a8f9d2a7c1e5b3f6a70"
LETTERS: Final = ("3f0c6a52-7d41-5a8e-9c37-2b1f0e5d9a10", "3f0c6a52-7d41-5a8e-9c37-2b1f0e5d9a11")
ERASED: Final = "5d0d2d8e-1c0f-5b0e-9a41-d2b7c3a4e6f1"
CANCELLED: Final = "0b6f3d1f4c5e4a8f9d2a7c1e5b3f6a71"
PARAMETERS: Final[dict[str, dict[str, str]]] = {
    "accesses": {"student_id": "amal"},
    "stream": {"student_id": "amal"},
    "ticket": {"student_id": "amal"},
    "export_student": {"student_id": "amal"},
    "restrict": {"student_id": "cleo"},
    "unrestrict": {"student_id": "cleo"},
    "read_batch": {"batch_id": BATCH, "limit": "1"},
    "read_job": {"job_id": BATCH},
    "cancel_job": {"job_id": CANCELLED},
    "mastery": {"student_id": "amal", "course_id": "python-1", "date": "2026-03-02"},
    "put_cohort": {"cohort_id": "8b"},
    "cohorts": {"limit": "10"},
    "cohort": {"cohort_id": "8b"},
    "delete_cohort": {"cohort_id": "8b"},
    "dead_letters": {"status": "open", "limit": "1"},
    "dead_letter": {"letter_id": LETTERS[0]},
    "fix_letter": {"letter_id": LETTERS[0]},
    "discard_letter": {"letter_id": LETTERS[1]},
    "erase": {"student_id": "leaver"},
    "privacy_requests": {"limit": "1"},
    "privacy_request": {"request_id": ERASED},
    "lift_erasure": {"request_id": ERASED},
}
"""Of path and query, by the name of the operation."""
REQUESTS: Final[dict[str, object]] = {
    "import_cohorts": "cohort_id,name,role,person_id,end\n8c,Python,teacher,ms-yun,\n8c,Python,student,amal,2026-07-15\n",
    "ingest": [
        quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a01", course_id="python-1", confidence_score=0.9),
        {
            "event_id": "6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a02",
            "event_type": "exercise.completion.submitted",
            "timestamp": "2026-03-02T09:30:00Z",
            "student_id": "amal",
            "course_id": "python-1",
            "source": "exercise-agent",
            "exercise_id": "loops-3",
            "total_exercises": 20,
            "completed_exercises": 12,
            "difficulty": "intermediate",
            "time_taken": 900,
        },
        quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a03", correct_answers=11),
    ],
    "query": {"student_id": "amal", "include_components": True},
    "calculate": {"student_id": "amal", "components": {"completion": 0.8, "quiz": 0.9}},
    "batch": {"student_ids": ["amal", "nobody"]},
    "replay": {"student_id": "amal"},
    "next_week": {"student_id": "amal"},
    "trajectory": {"student_id": "amal", "days": 7, "ahead": 2},
    "what_if": {
        "student_id": "amal",
        "interventions": [{"quiz": [8, 10]}, {"quality": 0.9, "study_days": 3}],
    },
    "adaptive": {"student_id": "amal", "limit": 1},
    "learning_path": {"student_id": "amal", "goal": "improve_mastery", "daily_minutes": 45},
    "mastery_history": {"student_id": "amal", "start": "2026-02-23", "aggregation": "weekly"},
    "compare": {"cohort_id": "7a", "metric": "score"},
    "put_cohort": {
        "name": "Python for beginners",
        "teachers": [{"person_id": "ms-yun"}],
        "students": [{"person_id": "amal", "start": "2026-02-01"}, {"person_id": "bo", "end": "2026-06-30"}],
    },
    "fix_letter": {"event": quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a05")},
    "reprocess_letters": {"letter_ids": [LETTERS[0]], "dry_run": True},
    "discard_letter": {"reason": "a test of the sender's"},
    "revoke_tokens": {"subject": "bo"},
    "process": {"intent": "recommend", "payload": {"student_id": "amal", "limit": 1}},
    "learning": {
        "specversion": "1.0",
        "id": "quiz-agent-7",
        "source": "quiz-agent",
        "type": "com.dapr.event.sent",
        "datacontenttype": "application/json",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a04", correct_answers=9),
    },
}


async def prepare(school: School) -> None:
    """Something to ask about, under ids that are known."""
    await _jobs(school)
    await school.teach("amal", *(quiz(timestamp=NOW_MS - day * DAY_MS) for day in range(1, 4)))
    await school.engine.adapters.dead_letters.add([_letter(one) for one in LETTERS])
    await _erasure(school)


async def _erasure(school: School) -> None:
    """An erasure that is done, under an id that is known."""
    engine = school.engine
    subject, by = (engine.pseudonyms.of("default", one) for one in ("gone", "head"))
    request = PrivacyRequest(
        request_id=ERASED,
        tenant_id="default",
        kind="erasure",
        subject=subject,
        asked_ms=NOW_MS - 120_000,
        asked_by=by,
        changed_ms=NOW_MS,
        sealed=seal(engine.pseudonyms, ERASED, "gone"),
    )
    await school.teach("gone", quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a09"))
    await engine.adapters.privacy_requests.add(request)
    async with engine.eraser(0) as eraser:
        await eraser.run_once()


async def _jobs(school: School) -> None:
    """A batch that is done, and one that waits, under ids that are known."""
    asked = BatchAsked(["amal", "nobody"], None, NOW.date())
    book, open_ = school.engine.jobs.book, keys.open_jobs()
    for job_id in (BATCH, CANCELLED):
        job = Job(
            job_id=job_id,
            tenant_id="default",
            kind=KIND,
            subject="head",
            role="admin",
            request_id="example",
            payload=msgspec.msgpack.encode(asked),
            created_ms=NOW_MS,
            total=2,
        )
        await book.add(job)
        if job_id == BATCH:
            await school.teach("amal", quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a00"))
            await book.change(open_, lambda listed: [*listed, Listed("default", BATCH, NOW_MS, 1, "")])
            await school.engine.job_runner.drain()


def _letter(letter_id: str) -> DeadLetter:
    """One of an event that breaks a rule."""
    return DeadLetter(
        letter_id=letter_id,
        topic="learning.events",
        topic_id="5f0c4c36-25e0-4eab-9c62-e42a51e1159b",
        partition=0,
        offset=LETTERS.index(letter_id),
        key=b"amal",
        headers=(),
        payload=json.dumps(
            quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a05", correct_answers=11)
        ).encode(),
        kind="validation",
        reason="invalid",
        message="correct_answers = 11: must not be more than total_questions = 10",
        attempts=1,
        failed_at_ms=NOW_MS - DAY_MS,
        tenant_id="default",
        student_id="amal",
        event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a05",
    )
