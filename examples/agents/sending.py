"""What the agents have in common: ids that say the same whenever they are made, and sending with patience."""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID, uuid5

import httpx

# Of these agents; another maker takes another one.
NAMESPACE = UUID("2f3c7f0e-6f0b-4c58-9a57-5a8f6a3b1c22")
COME_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_PAUSE_SECONDS = 30.0
MOST_SECONDS_FOR_AN_ANSWER = 10.0


def event_of(kind: str, source: str, student: str, course: str, at: str) -> dict[str, Any]:
    """What every event holds; the id follows from `identify`, once the event is whole."""
    return {
        "event_type": kind,
        "source": source,
        "student_id": student,
        "course_id": course,
        "timestamp": at,
    }


def identify(event: dict[str, Any], *names: str) -> dict[str, Any]:
    """Give an event the id of what it tells of: told twice, it counts once.

    Args:
        event: All but its id.
        names: What makes it another event than its like, beside student, course and time.
    """
    parts = (event["event_type"], event["student_id"], event["course_id"], event["timestamp"], *names)
    return {"event_id": str(uuid5(NAMESPACE, "\n".join(parts))), **event}


def post(url: str, body: object, headers: dict[str, str], give_up_after: float) -> httpx.Response:
    """Send until there is an answer that is final, and wait as long as one is asked to.

    Args:
        url: Where to.
        body: Is sent as JSON, the same each time.
        headers: Tokens, say.
        give_up_after: Seconds after which the program ends with an error.
    """
    deadline, pause = time.monotonic() + give_up_after, 0.5
    while True:
        asked_to_wait = ""
        try:
            answer = httpx.post(url, json=body, headers=headers, timeout=MOST_SECONDS_FOR_AN_ANSWER)
        except httpx.UnsupportedProtocol:
            refuse(f"{url} is no address; write it like http://127.0.0.1:8080")
        except httpx.TransportError as error:
            reason = f"no answer: {error}"
        else:
            if answer.status_code not in COME_AGAIN:
                return answer
            reason = f"{answer.status_code} {answer.text}"
            asked_to_wait = answer.headers.get("Retry-After", "")
        # Not all at once, who were turned away together.
        wait = float(asked_to_wait) if asked_to_wait.isdecimal() else pause * random.uniform(0.5, 1.5)
        if time.monotonic() + wait > deadline:
            refuse(f"{url}: given up after {give_up_after:g} s: {reason}")
        time.sleep(wait)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def refuse(reason: str) -> NoReturn:
    """End with an error."""
    sys.exit(reason)


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A parser of what all agents are asked."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--student", required=True, help="whom it is about")
    parser.add_argument("--course", default="python-1", help="default: %(default)s")
    parser.add_argument("--patience", type=finite, default=60, help="seconds to try; default: %(default)s")
    return parser


def finite(text: str) -> float:
    """A number that JSON has: neither `nan` nor `inf`. What it may be at most, the engine says."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def add_time(parser: argparse.ArgumentParser) -> None:
    """Let a parser ask when it happened."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    parser.add_argument("--at", default=now, help="when it happened, with an offset; default: now")
