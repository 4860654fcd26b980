"""Mastery: score, level, what to do next, what if, forecast; alone, or by the API of a Mastery Engine.

Python's standard library only, in one file: under `python3 -I` no file beside it is found. Results equal the engine's.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import ipaddress
import json
import os
import re
import signal
import sys
import threading
import urllib.error
import urllib.request
from bisect import bisect_right
from collections.abc import Sequence
from http import HTTPStatus
from math import ceil, fsum
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

if sys.version_info < (3, 9):  # noqa: UP036 - whoever runs it has whatever Python there is
    sys.exit(f"error: Python 3.9 or newer is needed; this is {sys.version.split()[0]}")

Parts = Sequence[Optional[float]]
Answer = tuple[list[str], Any]
"""What is printed for people, a line each, and what for programs."""
View = Callable[[dict[str, Any]], list[str]]

FORMULA = "adr-004@1"
COMPONENTS = ("completion", "quiz", "quality", "consistency")
WEIGHTS = (0.40, 0.30, 0.20, 0.10)
WEAK_BELOW, HIGH_GAIN, MEDIUM_GAIN = 0.7, 0.10, 0.03
LEVELS = ("beginner", "developing", "competent", "proficient", "expert")
LEVEL_FROM = (0.40, 0.60, 0.75, 0.90)
ACTIONS = ("practice", "review", "refactor", "schedule")
WHOLE_MINUTES = (150, 120, 180, 60)
NOUNS = ("exercise completion", "quiz average", "quality of work", "study consistency")
MISSING = ("No exercise has", "No quiz has", "No assessed work has", "No active day has")
KEEP_IT = "All that counts is at 100 %; keep your study days, for each day without one takes 10 % off your consistency."
ALL = 100.0
NOISE = 1e-9

MODELS = ("linear", "persistence", "decay")
FEWEST_SCORES, MOST_SCORES, WINDOW, TREND_DAYS, TREND_EDGE = 3, 1000, 90, 7, 0.02
WEEK = 7
HORIZONS = (1, 2, 3, 5, 7, 10, 14, 21, 30)
BELOW = (0.0000, 0.0140, 0.0229, 0.0295, 0.0278, 0.0275, 0.0193, 0.0313, 0.0592)
ABOVE = (0.0200, 0.0367, 0.0474, 0.0541, 0.0667, 0.0733, 0.0899, 0.1005, 0.1118)

MOST_PLANS, MOST_AT_ONCE, MOST_DAYS = 5, 1000, 30
PLAN = "a plan is quiz=8/10, exercises=5, quality=0.9 or study_days=3, or several of these joined by +"

API = "/api/v1"
SECONDS = 30.0
MOVED = 3
MOST_BYTES = 8_000_000
MOST_TEXT = 300


class Refused(Exception):
    """Wrong input: exit code 2."""


class Failed(Exception):
    """The server could not be asked, or said no: exit code 1."""


# The formula.


def calculate(parts: Parts) -> dict[str, Any]:
    """Score, level and what to do next; None is not observed and counts 0."""
    score = round(sum_of(parts), 6)
    found = {"mastery_score": score, "level": level_of(score), "formula": FORMULA}
    return {**found, "recommendations": recommend(parts, score)}


def sum_of(parts: Parts) -> float:
    """Weighted sum, added in the engine's order."""
    a, b, c, d = (weight * (value or 0.0) for weight, value in zip(WEIGHTS, parts))
    return a + b + c + d


def level_of(score: float) -> str:
    """Level of a rounded score."""
    return LEVELS[bisect_right(LEVEL_FROM, score)]


def recommend(parts: Parts, score: float) -> list[dict[str, Any]]:
    """One for each weak component, most score to win first; where none is weak, goals beyond."""
    short = [(WEAK_BELOW - (value or 0.0), place) for place, value in enumerate(parts)]
    weak = sorted((-WEIGHTS[place] * lack, place) for lack, place in short if lack > 0.0)
    if weak:
        return [reach(place, parts[place], WEAK_BELOW) for _, place in weak]
    goals = [goal for place, value in enumerate(parts) if (goal := reach(place, value, 1.0))["gain"] > 0.0]
    if not goals:
        return [advice(3, 0.0, 10, KEEP_IT)]
    goals.sort(key=lambda goal: -goal["gain"])
    first = goals[0]
    most, reason = f"{first['area'].capitalize()} has most to give", first["reason"]
    first["reason"] = f"{standing(score)} {most}: {reason[0].lower()}{reason[1:]}"
    return goals


def reach(place: int, value: float | None, target: float) -> dict[str, Any]:
    """To raise a component to its target."""
    lack = target - (value or 0.0)
    gain = round(WEIGHTS[place] * lack, 6)
    tenths = (round(gain * 1_000_000) + 500) // 1_000
    won = f"adds {f'{tenths / 10:.1f}' if tenths else 'less than 0.1'} points to your score"
    aim = f"{round(target * 100.0, 1):g} %"
    if value is None:
        reason = f"{MISSING[place]} been counted yet; reaching {aim} {won}."
    else:
        reason = f"Your {NOUNS[place]} is {int(value * 100.0 + NOISE)} %, below {aim}; reaching it {won}."
    minutes = ceil(lack * WHOLE_MINUTES[place] / 5 - NOISE) * 5
    return advice(place, gain, max(10, min(minutes, 120)), reason)


def advice(place: int, gain: float, minutes: int, reason: str) -> dict[str, Any]:
    """A recommendation as the engine tells it."""
    priority = "high" if gain >= HIGH_GAIN else "medium" if gain >= MEDIUM_GAIN else "low"
    found = {"area": COMPONENTS[place], "action": ACTIONS[place], "priority": priority, "gain": gain}
    return {**found, "estimated_time": minutes, "reason": reason}


def standing(score: float) -> str:
    """Where the next level starts."""
    points, level = f"{int(score * 1000.0 + NOISE) / 10:.1f}", level_of(score)
    if level == LEVELS[-1]:
        return f"With {points} points you have reached {level}, the highest level."
    place = LEVELS.index(level)
    start = f"{round(LEVEL_FROM[place] * 100.0, 1):g}"
    return f"You have {points} points, and {LEVELS[place + 1]} starts at {start}."


def what_if(parts: Parts, changes: dict[str, float]) -> dict[str, Any]:
    """Before, after, and the change of the score."""
    changed = [changes.get(name, value) for name, value in zip(COMPONENTS, parts)]
    before, after = calculate(parts), calculate(changed)
    change = round(after["mastery_score"] - before["mastery_score"], 6)
    return {"before": before, "after": after, "change": change}


# The forecast.


def forecast(history: Sequence[float], days: int = WEEK, model: str = "linear") -> dict[str, Any] | None:
    """The score in some days, from one score a day; None with fewer than three."""
    if len(history) < FEWEST_SCORES:
        return None
    scores = [round(score or 0.0, 6) for score in history]
    today = score = scores[-1]
    counted = range(max(0, len(scores) - WINDOW), len(scores))
    low, high = max(0.0, today - between(BELOW, days)), min(1.0, today + between(ABOVE, days))
    if model == "linear":
        score = min(1.0, max(0.0, today + slope(counted, scores) * days))
        low, high = min(low, score), max(high, score)
        confidence = min(0.9, 0.1 * len(counted))
    else:
        confidence = min(1.0, len(counted) / 10) * (1.0 - (high - low))
    score = round(score, 6)
    moved = round(today - scores[max(0, len(scores) - 1 - TREND_DAYS)], 6)
    level, current = level_of(score), level_of(today)
    return {
        "predicted_score": score,
        "confidence": round(confidence, 6),
        "interval_80": {"low": round(low, 6), "high": round(high, 6)},
        "predicted_level": level,
        "timeframe_days": days,
        "current_score": today,
        "current_level": current,
        "trend": "improving" if moved > TREND_EDGE else "declining" if moved < -TREND_EDGE else "stable",
        "intervention_needed": score < LEVEL_FROM[0] or LEVELS.index(level) < LEVELS.index(current),
        "days_with_events": len(counted),
        "model": model,
    }


def between(offsets: Sequence[float], days: int) -> float:
    """Measured offset so many days ahead, interpolated between two columns."""
    place = bisect_right(HORIZONS, days) - 1
    if HORIZONS[place] == days:
        return offsets[place]
    share = (days - HORIZONS[place]) / (HORIZONS[place + 1] - HORIZONS[place])
    return offsets[place] + share * (offsets[place + 1] - offsets[place])


def slope(counted: range, scores: Sequence[float]) -> float:
    """Score a day, by least squares."""
    middle, mean = fsum(counted) / len(counted), fsum(scores[day] for day in counted) / len(counted)
    spread = fsum((day - middle) ** 2 for day in counted)
    return fsum((day - middle) * (scores[day] - mean) for day in counted) / spread


# The API.


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the token is for the server that was named."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """No further request."""


def ask(server: str | None, route: str, body: dict[str, Any], view: View) -> Answer:
    """Ask the API, and look at its `data`."""
    token = os.environ.get("MASTERY_TOKEN", "")
    if not re.fullmatch(r"[!-~]{1,8192}", token):
        raise Refused("put a token into the environment variable MASTERY_TOKEN")
    url, plain = address(server)
    head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    told = {name: value for name, value in body.items() if value is not None}
    request = urllib.request.Request(f"{url}{API}{route}", json.dumps(told).encode(), head, method="POST")
    # A proxy would read what is sent to this machine in plain.
    proxies = urllib.request.ProxyHandler({} if plain else None)
    opener = urllib.request.build_opener(proxies, Stay)
    answers: list[tuple[int, bytes] | Exception] = []
    # In a thread, for a time-out of urllib begins anew with every byte.
    thread = threading.Thread(target=lambda: answers.append(answer_to(opener, request)), daemon=True)
    thread.start()
    thread.join(SECONDS)
    answer = answers[0] if answers else TimeoutError(f"no answer within {SECONDS:g} seconds")
    if isinstance(answer, Exception):
        raise Failed(
            f"cannot ask the server: {getattr(answer, 'reason', None) or answer or type(answer).__name__}"
        )
    data = data_of(*answer)
    try:
        return view(data), data
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        raise Failed("the server's answer is not that of this API") from None


def address(server: str | None) -> tuple[str, bool]:
    """A good address, and whether it is one in plain."""
    named = os.environ.get("MASTERY_SERVER", "")
    if server and named and server.rstrip("/") != named.rstrip("/"):
        # Whoever talks a model into other arguments would else be sent the token.
        raise Refused("MASTERY_SERVER names the server that MASTERY_TOKEN is for; leave --server out")
    server = server or named
    rule = "--server must be https://HOST[:PORT], or http:// on this machine, with no user, query or fragment"
    try:
        parts = urlsplit(server)
        host, _ = parts.hostname or "", parts.port
        loopback = host == "localhost" or (bool(host) and ipaddress.ip_address(host).is_loopback)
    except ValueError:
        loopback = False
    # A host is letters, or an address in brackets and nothing beside: urllib and the line above could read others apart.
    good = re.fullmatch(r"(https?)://(?:[\w.-]+|\[[\w:.]+\])(?::\d+)?(?:/[^@?#\s\\]*)?", server)
    if not good or len(server) > MOST_TEXT or not server.isascii() or (good[1] == "http" and not loopback):
        raise Refused(rule)
    server = server.rstrip("/")
    # Whoever calls the API by hand writes its path too.
    return server.removesuffix(API), good[1] == "http"


def answer_to(
    opener: urllib.request.OpenerDirector, request: urllib.request.Request
) -> tuple[int, bytes] | Exception:
    """Status and body, or why there is none."""
    try:
        try:
            with opener.open(request, timeout=SECONDS) as response:
                return response.status, response.read(MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(MOST_BYTES + 1)
    except Exception as error:  # noqa: BLE001 - told by the thread that waits
        return error


def data_of(status: int, body: bytes) -> dict[str, Any]:
    """The `data` of an answer."""
    if len(body) > MOST_BYTES:
        raise Failed(f"the answer is longer than {MOST_BYTES} bytes")
    try:
        whole = json.loads(body)
        if status == HTTPStatus.OK:
            data: dict[str, Any] = {**whole["data"]}
            # What JSON has no word for, or is nested too deep, could not be printed either.
            json.dumps(data, allow_nan=False)
            return data
        error = whole["error"]
        message = f"{error['code']}: {error['message']}"
    except (ValueError, LookupError, TypeError, RecursionError):
        hint = "; redirects are not followed" if status // 100 == MOVED else ""
        message = f"the server answered {status}, and not as this API does{hint}"
    raise Failed(message)


# What is printed: few words, for a model reads them.


def number(value: float) -> str:
    """At most six decimals, without zeros at the end."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def signed(change: float) -> str:
    """A change of the score."""
    return f"{'-' if change < 0 else '+'}{number(abs(change))}"


def headline(found: dict[str, Any]) -> str:
    """Score and level."""
    return f"{number(found['mastery_score'])} {found['level']}"


def steps_line(steps: Sequence[dict[str, Any]]) -> str:
    """What to do next, in one line."""
    told = (
        f"{one['action']} {one['area']} {one['estimated_time']} min +{number(one['gain'])}" for one in steps
    )
    return "next: " + ("; ".join(told) or "nothing")


def reasons(found: Sequence[dict[str, Any]]) -> list[str]:
    """What to do next with the sentences for the student, a line each."""
    return [f"{one['priority']}: {steps_line([one])[6:]}. {one['reason']}" for one in found]


def advised(data: dict[str, Any]) -> list[str]:
    """A student's recommendations."""
    return [current_line(data), *reasons(data["recommendations"])]


def briefly(data: dict[str, Any]) -> list[str]:
    """The same in one line, without reasons."""
    return [steps_line(data["recommendations"])]


def forecast_lines(found: dict[str, Any]) -> list[str]:
    """A forecast."""
    low, high = (number(found["interval_80"][end]) for end in ("low", "high"))
    ahead = f"{number(found['predicted_score'])} {found['predicted_level']} in {found['timeframe_days']} days"
    now = f"now {number(found['current_score'])} {found['current_level']}, {found['trend']}"
    lines = [f"{ahead}, 80% {low} to {high}, confidence {number(found['confidence'])}; {now}"]
    return (
        [*lines, "step in: it will be below 0.4, or a level lower"] if found["intervention_needed"] else lines
    )


def current_line(data: dict[str, Any]) -> str:
    """What it is now; whose and when was asked for."""
    current = data["current"]
    return f"{number(current['score'])} {current['level']}"


def shown(data: dict[str, Any]) -> list[str]:
    """A profile."""
    parts = data["current"]["components"].items()
    told = (f"{name} {number(one['value']) if one['observed'] else 'not observed'}" for name, one in parts)
    trend = data["trend"] or "too few days for a trend"
    return [current_line(data), f"{', '.join(told)}; {trend}"]


def foreseen(data: dict[str, Any]) -> list[str]:
    """A student's forecast, or the last day of a trajectory."""
    first, *more = forecast_lines(data.get("trajectory", data)["forecast"])
    return [f"{data['student_id']} {data['as_of']}: {first}", *more]


def compared(data: dict[str, Any], plans: int) -> list[str]:
    """The score now, and after each plan, by its place: who asks has just written them."""
    found = [(one["result"], one["change"]) for one in data["interventions"]]
    if len(found) != plans:
        raise ValueError
    told = (f"{number(one['score'])} {one['level']} {signed(change)}" for one, change in found)
    return [current_line(data), *(f"{place}: {line}" for place, line in enumerate(told, 1))]


def class_lines(data: dict[str, Any], most: int) -> list[str]:
    """A class, the lowest first: who needs help stands at the top."""
    whole = data["standings"]["score"]
    lines = [
        f"{data['cohort_id']} {data['as_of']}: {whole['with_evidence'] or 0} of {whole['size']} with evidence"
    ]
    if whole["mean"] is not None:
        lines[0] += f", mean {number(whole['mean'])}, median {number(whole['median'])}"
    ranked = sorted(
        (one for one in data["members"] if one["value"] is not None), key=lambda one: one["value"]
    )
    lines += [f"{one['student_id']} {number(one['value'])} {one['level']}" for one in ranked[:most]]
    return lines + ([f"and {len(ranked) - most} higher"] if len(ranked) > most else [])


# The commands.


def on_calculate(given: argparse.Namespace) -> Answer:
    """`calculate`."""
    found = calculate(parts_of(given))
    return [headline(found), steps_line(found["recommendations"])], found


def on_recommend(given: argparse.Namespace) -> Answer:
    """`recommend`, of numbers or of a student."""
    if given.student is None:
        without_student(given)
        found = calculate(parts_of(given))
        steps = found["recommendations"]
        if given.brief is not None:
            return [steps_line(steps[: given.brief])], steps[: given.brief]
        return [headline(found), *reasons(steps)], steps
    if any(value is not None for value in named_parts(given)):
        raise Refused("give parts or --student, not both")
    if given.brief is not None:
        return ask(given.server, "/recommendations/adaptive", {**scope(given), "limit": given.brief}, briefly)
    return ask(given.server, "/recommendations/adaptive", scope(given), advised)


def on_forecast(given: argparse.Namespace) -> Answer:
    """`forecast`, of daily scores or of a student."""
    if given.student is not None:
        if given.scores or given.model is not None:
            raise Refused("give daily scores or --student, not both; --model goes with scores")
        if given.days == WEEK:
            return ask(given.server, "/predictions/next-week", scope(given), foreseen)
        return ask(given.server, "/predictions/trajectory", {**scope(given), "ahead": given.days}, foreseen)
    without_student(given)
    if len(given.scores) > MOST_SCORES:
        raise Refused(f"at most {MOST_SCORES} scores, {len(given.scores)} are given")
    told = forecast(given.scores, given.days, given.model or MODELS[0])
    if told is None:
        raise Refused(
            f"no forecast: at least {FEWEST_SCORES} daily scores are needed, {len(given.scores)} given"
        )
    return forecast_lines(told), told


def on_what_if(given: argparse.Namespace) -> Answer:
    """`what-if`, of numbers or of a student."""
    if given.student is not None:
        return on_plans(given)
    without_student(given)
    if given.plans or not given.to:
        raise Refused("give parts and --to NAME=VALUE, or --student ID and plans such as quiz=8/10")
    changes: dict[str, float] = {}
    for one in given.to:
        name, _, value = one.partition("=")
        if name not in COMPONENTS or name in changes:
            raise Refused(f"--to takes NAME=VALUE, each of {', '.join(COMPONENTS)} once")
        try:
            changes[name] = share(value)
        except argparse.ArgumentTypeError as error:
            raise Refused(f"--to {name}: {error}") from None
    found = what_if(parts_of(given), changes)
    line = f"{headline(found['before'])} -> {headline(found['after'])} ({signed(found['change'])})"
    return [line, steps_line(found["after"]["recommendations"])], found


def on_plans(given: argparse.Namespace) -> Answer:
    """`what-if` of a student, by what could happen."""
    if given.to or any(value is not None for value in named_parts(given)):
        raise Refused("give parts and --to, or --student and plans, not both")
    if not 1 <= len(given.plans) <= MOST_PLANS:
        raise Refused(f"give 1 to {MOST_PLANS} plans; {PLAN}")
    plans = [plan_of(one) for one in given.plans]
    asked = {**scope(given), "interventions": plans}
    return ask(given.server, "/predictions/what-if", asked, lambda data: compared(data, len(plans)))


def plan_of(text: str) -> dict[str, Any]:
    """What happens together, as the API takes it."""
    plan: dict[str, Any] = {}
    for act in text.split("+"):
        name, _, value = act.partition("=")
        if name not in ACTS or name in plan:
            raise Refused(f"{act[:40]!r}: {PLAN}")
        try:
            plan[name] = ACTS[name](value)
        except argparse.ArgumentTypeError as error:
            raise Refused(f"{name}: {error}") from None
    return plan


def on_show(given: argparse.Namespace) -> Answer:
    """`show`."""
    return ask(given.server, "/mastery/query", scope(given), shown)


def on_class(given: argparse.Namespace) -> Answer:
    """`class`."""
    asked = {"cohort_id": given.cohort, "course_id": given.course, "date": given.date, "metric": "score"}
    return ask(given.server, "/analytics/compare", asked, lambda data: class_lines(data, given.limit))


def without_student(given: argparse.Namespace) -> None:
    """Refuse what would be passed over."""
    if given.server is not None or given.course is not None or given.date is not None:
        raise Refused("--server, --course and --date go with --student")


def scope(given: argparse.Namespace) -> dict[str, Any]:
    """Whose, of what and when."""
    return {"student_id": given.student, "course_id": given.course, "date": given.date}


def named_parts(given: argparse.Namespace) -> Parts:
    """The four parts as they were given."""
    return [getattr(given, name) for name in COMPONENTS]


def parts_of(given: argparse.Namespace) -> Parts:
    """The four parts, at least one."""
    parts = named_parts(given)
    if all(value is None for value in parts):
        raise Refused(f"give at least one of --{', --'.join(COMPONENTS)}")
    return parts


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        hint = ": write 80 % as 0.8" if 1.0 < value <= ALL else ""
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1{hint}")
    return value


def whole(most: int) -> Callable[[str], int]:
    """A whole number from 1 on."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {most}")
        return int(text)

    return read


def marks(text: str) -> list[int]:
    """Correct answers and questions."""
    found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
    correct, questions = (int(one) for one in found.groups()) if found else (0, 0)
    if not correct <= questions or not 1 <= questions <= MOST_AT_ONCE:
        raise argparse.ArgumentTypeError("must be correct answers/questions, such as 8/10")
    return [correct, questions]


ACTS: dict[str, Callable[[str], Any]] = {
    "quiz": marks,
    "exercises": whole(MOST_AT_ONCE),
    "quality": share,
    "study_days": whole(MOST_DAYS),
}


class Parser(argparse.ArgumentParser):
    """One that tells what is wrong in one line."""

    def error(self, message: str) -> Any:
        """Refuse."""
        raise Refused(message)


def parser() -> Parser:
    """All commands and their arguments."""
    top = Parser(
        prog="mastery.py", description="Mastery from four parts (0 to 1), or by the API.", allow_abbrev=False
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, does: Callable[[argparse.Namespace], Answer], says: str) -> Parser:
        made = commands.add_parser(name, help=says, description=says, allow_abbrev=False)
        made.add_argument("--json", action="store_true", help="everything, for programs")
        made.set_defaults(does=does)
        return made

    def with_parts(made: Parser) -> None:
        for name in COMPONENTS:
            made.add_argument(
                f"--{name}", type=share, metavar="0..1", help="left out: not observed, counts 0"
            )

    def with_server(made: Parser) -> None:
        made.add_argument("--server", metavar="URL", help="else MASTERY_SERVER; token in MASTERY_TOKEN")
        made.add_argument("--course", metavar="ID", help="one course; else all")
        made.add_argument("--date", metavar="YYYY-MM-DD", help="as of that day; else today")

    with_parts(command("calculate", on_calculate, "score, level and what to do next"))
    made = command("what-if", on_what_if, "what changed parts would change, or plans of a student")
    with_parts(made)
    made.add_argument("--to", nargs="+", action="extend", metavar="NAME=0..1", help="changed parts")
    made.add_argument("--student", metavar="ID", help="of the API, in place of parts and --to")
    made.add_argument("plans", nargs="*", metavar="PLAN", help=f"of a student: {PLAN[10:]}")
    with_server(made)
    made = command("recommend", on_recommend, "what to do next, with reasons")
    with_parts(made)
    made.add_argument("--student", metavar="ID", help="of the API, in place of parts")
    made.add_argument("--brief", type=whole(10), metavar="N", help="the first N, without reasons")
    with_server(made)
    made = command("forecast", on_forecast, "where daily scores lead")
    made.add_argument(
        "scores", nargs="*", type=share, metavar="SCORE", help="one a day, oldest first, today's last"
    )
    made.add_argument("--days", type=whole(30), default=WEEK, metavar="1..30", help="days ahead (7)")
    made.add_argument("--model", choices=MODELS, help="of scores (linear)")
    made.add_argument("--student", metavar="ID", help="of the API, in place of scores")
    with_server(made)
    made = command("show", on_show, "a student's mastery, by the API")
    made.add_argument("student", metavar="STUDENT")
    with_server(made)
    made = command("class", on_class, "a class, lowest first, by the API")
    made.add_argument("cohort", metavar="COHORT")
    made.add_argument("--limit", type=whole(1000), default=10, metavar="N", help="students told (10)")
    with_server(made)
    return top


def plain(text: object) -> str:
    """One line of bounded length that turns and hides nothing."""
    line = " ".join(str(text).split())
    line = "".join(one if one.isprintable() else "?" for one in line)
    return line if len(line) <= MOST_TEXT else f"{line[:MOST_TEXT]}..."


def run(arguments: Sequence[str]) -> int:
    """Do what is asked; the exit code."""
    try:
        given = parser().parse_args(arguments)
        lines, data = given.does(given)
        print(json.dumps(data) if given.json else "\n".join(map(plain, lines)), flush=True)
    except (Refused, Failed) as error:
        print(f"error: {plain(error)}", file=sys.stderr)
        return 2 if isinstance(error, Refused) else 1
    except OSError as error:
        # Who read has gone, or the disk is full; at exit Python would flush once more.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"error: cannot write the answer: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # Ctrl-C ends it without a word, whatever it does.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        # A terminal without a letter shows its number.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
