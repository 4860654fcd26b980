"""Tell by Dapr's pub/sub how a student did in a quiz.

python concepts_agent.py --student amal --questions 10 --correct 8

It speaks to its own sidecar only, and knows neither Kafka nor the engine.
"""

from __future__ import annotations

import argparse
import json
import os
from urllib.parse import quote

from sending import add_time, event_of, finite, identify, parser_of, post, refuse

PUBLISHED = 204


def main() -> None:
    """Publish one event, and print it once the sidecar has handed it on."""
    told = arguments()
    event = event_of("quiz.performance.submitted", "concepts-agent", told.student, told.course, told.at) | {
        "quiz_id": told.quiz,
        "total_questions": told.questions,
        "correct_answers": told.correct,
        "time_spent": told.minutes * 60.0,
    }
    if told.confidence is not None:
        event["confidence_score"] = told.confidence
    event = identify(event, told.quiz)
    # The sidecar puts it into a CloudEvent. The key keeps a student's events in their order.
    key = quote(f"student:{told.student}", safe="")
    url = f"{told.sidecar}/v1.0/publish/{told.pubsub}/{told.topic}?metadata.partitionKey={key}"
    answer = post(url, event, {"dapr-api-token": os.environ.get("DAPR_API_TOKEN", "")}, told.patience)
    if answer.status_code != PUBLISHED:
        refuse(f"refused: {answer.status_code} {answer.text}")
    print(json.dumps(event))


def arguments() -> argparse.Namespace:
    """What it is told."""
    parser = parser_of(__doc__)
    add_time(parser)
    own = f"http://127.0.0.1:{os.environ.get('DAPR_HTTP_PORT', '3500')}"
    parser.add_argument("--sidecar", default=own, help="default: %(default)s")
    parser.add_argument("--pubsub", default="pubsub", help="its component; default: %(default)s")
    parser.add_argument("--topic", default="learning.events", help="default: %(default)s")
    parser.add_argument("--quiz", default="loops", help="default: %(default)s")
    parser.add_argument("--questions", type=int, required=True)
    parser.add_argument("--correct", type=int, required=True)
    parser.add_argument("--confidence", type=finite, help="how sure the student was, 0 to 1")
    parser.add_argument("--minutes", type=finite, default=5, help="spent on it; default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
