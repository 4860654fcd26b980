"""Ask through Dapr's service invocation what a student should do next.

python tutor_agent.py --student amal

It asks for the student, whose own JWT is in MASTERY_TOKEN; the sidecars find each other, and vouch for each other.
"""

from __future__ import annotations

import argparse
import os

from sending import parser_of, post, refuse

ANSWERED = 200


def main() -> None:
    """Ask, and print what to do, best first."""
    told = arguments()
    asked = {
        "intent": "recommend",
        "payload": {"student_id": told.student, "course_id": told.course, "limit": told.limit},
        "security_context": {"token": told.token},
    }
    url = f"{told.sidecar}/v1.0/invoke/{told.app}/method/process"
    answer = post(url, asked, {"dapr-api-token": os.environ.get("DAPR_API_TOKEN", "")}, told.patience)
    if answer.status_code != ANSWERED:
        # An error looks alike whatever went wrong: code, message, details.
        refuse(f"not answered: {answer.status_code} {answer.text}")
    data = answer.json()["data"]
    print(f"{told.student} in {told.course}: {data['current']['score']:.2f}, {data['current']['level']}")
    for number, one in enumerate(data["recommendations"], 1):
        print(f"{number}. {one['action']} ({one['estimated_time']} min): {one['reason']}")


def arguments() -> argparse.Namespace:
    """What it is told."""
    parser = parser_of(__doc__)
    own = f"http://127.0.0.1:{os.environ.get('DAPR_HTTP_PORT', '3500')}"
    parser.add_argument("--sidecar", default=own, help="default: %(default)s")
    parser.add_argument("--app", default="mastery-engine", help="id of the engine; default: %(default)s")
    parser.add_argument("--limit", type=int, default=3, help="how many at most; default: %(default)s")
    told = parser.parse_args()
    # Not an option: a command line can be read by everybody on the machine.
    told.token = os.environ.get("MASTERY_TOKEN", "")
    if not told.token:
        parser.error("set MASTERY_TOKEN to the student's token, or a teacher's")
    return told


if __name__ == "__main__":
    main()
