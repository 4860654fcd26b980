"""Send a quiz and read its result, with the Python client.

python send_with_client.py --server URL --student ID

The token, in MASTERY_TOKEN, is one of role `admin`: it sends, and it reads.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from uuid import uuid4

from mastery_engine.client import Client, calls
from mastery_engine.domain.errors import MasteryError


def main():
    """Send one quiz, and print the score after it."""
    parser = argparse.ArgumentParser(description="Send a quiz and read its result.")
    parser.add_argument("--server", required=True, help="address, like https://mastery.school.example")
    parser.add_argument("--student", required=True, help="whom it is about")
    told = parser.parse_args()
    quiz = {
        "event_id": str(uuid4()),
        "event_type": "quiz.performance.submitted",
        "timestamp": datetime.now(UTC).isoformat(),
        "student_id": told.student,
        "source": "an-example",
        "course_id": "python-1",
        "quiz_id": "loops",
        "total_questions": 10,
        "correct_answers": 8,
        "time_spent": 300.0,
    }
    try:
        with Client(told.server, os.environ.get("MASTERY_TOKEN")) as client:
            taken = client.send(calls.ingest([quiz]))
            # The answer waits until the quiz is in it.
            profile = client.send(calls.profile(told.student, position=taken.position))
    except MasteryError as error:
        sys.exit(f"{error.code}: {error.message}")
    print(f"{profile.current.score:.4f} {profile.current.level}")


if __name__ == "__main__":
    main()
