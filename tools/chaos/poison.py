"""Records that cannot count, of ten kinds."""

from __future__ import annotations

from msgspec.structs import replace

from mastery_engine.contracts.event_json import encode_event
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.events import QuizPerformanceSubmitted


def poison(good: QuizPerformanceSubmitted, value: bytes) -> list[bytes]:
    """One record of each kind.

    Args:
        good: A quiz of the last days that could count.
        value: Its record's value, as Avro.
    """
    event = encode_event(good)
    id_of = [f"{good.event_id[:-4]}{number:04x}" for number in range(4)]
    return [
        b"\x01\0\0\0\x01",
        b"\0\x7f\xff\xff\xff\0",
        value[:-3],
        b"{broken",
        b"plain words",
        b'{"event_type": "unheard.of"}',
        event.replace(b'"correct_answers":%d' % good.correct_answers, b'"correct_answers":NaN'),
        encode_event(replace(good, event_id=id_of[0], tenant_id="nobody")),
        encode_event(replace(good, event_id=id_of[1], timestamp=good.timestamp + 20 * DAY_MS)),
        encode_event(replace(good, event_id=id_of[2], correct_answers=good.total_questions + 89)),
    ]
