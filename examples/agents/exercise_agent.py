"""Tell over HTTP that a student has worked on exercises.

python exercise_agent.py --url http://127.0.0.1:8080 --student amal --completed 12 --total 20

The token is one of role `service`, in MASTERY_TOKEN. It sends with the Python client, `pip install 'mastery-engine[client]'`.
"""

from __future__ import annotations

import argparse
import json
import os

from sending import add_time, event_of, finite, identify, parser_of, refuse

from mastery_engine.client import Client, Retries, calls
from mastery_engine.domain.errors import MasteryError


def main() -> None:
    """Send one event, and print it once it is safe."""
    told = arguments()
    event = event_of(
        "exercise.completion.submitted", "exercise-agent", told.student, told.course, told.at
    ) | {
        "exercise_id": told.exercise,
        "total_exercises": told.total,
        "completed_exercises": told.completed,
        "difficulty": told.difficulty,
        "time_taken": told.minutes * 60.0,
    }
    event = identify(event, told.exercise)
    # As often as it takes, while the patience lasts; the client waits as long as it is asked to.
    retries = Retries(most=100, first_seconds=0.5, longest_total_seconds=told.patience)
    try:
        with Client(told.url, told.token, retries=retries) as client:
            client.send(calls.ingest([event]))
    except MasteryError as error:
        # What is wrong with it will be wrong tomorrow too: the message names field and rule.
        refuse(f"{error.code}: {error.message}")
    print(json.dumps(event))


def arguments() -> argparse.Namespace:
    """What it is told."""
    parser = parser_of(__doc__)
    add_time(parser)
    parser.add_argument("--url", default=os.environ.get("MASTERY_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--exercise", default="loops-3", help="the last one; default: %(default)s")
    parser.add_argument("--completed", type=int, required=True, help="exercises done in the course so far")
    parser.add_argument("--total", type=int, required=True, help="exercises that the course has")
    parser.add_argument(
        "--difficulty", choices=["beginner", "intermediate", "advanced"], default="intermediate"
    )
    parser.add_argument("--minutes", type=finite, default=15, help="spent on it; default: %(default)s")
    told = parser.parse_args()
    # Not an option: a command line can be read by everybody on the machine.
    told.token = os.environ.get("MASTERY_TOKEN", "")
    if not told.token:
        parser.error("set MASTERY_TOKEN to a token of role service")
    return told


if __name__ == "__main__":
    main()
