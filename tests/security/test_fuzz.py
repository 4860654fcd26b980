"""A small slice of `make fuzz`, and that what it is to notice it does notice."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Mapping

import pytest

from tools.fuzz.bodies import ask_with_bodies
from tools.fuzz.findings import Findings
from tools.fuzz.judging import HEADERS, broken_rules, leaks
from tools.fuzz.people import OTHER, OWN, ROLES, People, settle
from tools.fuzz.run import Run
from tools.fuzz.serving import serving
from tools.fuzz.sockets import ask_by_bytes
from tools.fuzz.tokens import ask_with_tokens
from tools.serving import Service

COMPLETE: Mapping[str, str] = dict.fromkeys(HEADERS, "x") | {"content-type": "application/json"}
REFUSED = b'{"success": false, "error": {"code": "NOT_FOUND", "message": "", "details": []}}'
PARTS = {"by_bytes": ask_by_bytes, "with_tokens": ask_with_tokens, "with_bodies": ask_with_bodies}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    with serving(tmp_path_factory.mktemp("fuzz") / "home", {}) as made:
        yield made


@pytest.fixture(scope="module")
def people(service: Service) -> People:
    return settle(service)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "only"),
    [("by_bytes", "length"), ("by_bytes", "packed"), ("with_tokens", ""), ("with_bodies", "query:")],
)
def test_nothing_is_found(service: Service, people: People, part: str, only: str) -> None:
    findings = Findings()
    PARTS[part](Run(service, people, 1, time.monotonic() + 60.0, findings, ROLES, only))
    assert not findings.found
    assert findings.requests.total() > 10
    assert service.lives


@pytest.mark.slow
def test_the_audit_trail_holds_afterwards(service: Service, people: People) -> None:
    assert people
    assert service.run("audit", "verify").returncode == 0


def test_an_answer_that_keeps_to_all_rules_is_let_pass() -> None:
    assert not list(broken_rules(404, COMPLETE, REFUSED, role="student", sent=OTHER))


@pytest.mark.parametrize(
    ("status", "left_out", "body"),
    [
        (500, "", REFUSED.replace(b"NOT_FOUND", b"INTERNAL_ERROR")),
        (503, "", REFUSED.replace(b"NOT_FOUND", b"SERVICE_UNAVAILABLE")),
        (404, "x-frame-options", REFUSED),
        (400, "", REFUSED),
        (404, "", b"no such page"),
        (404, "", b'{"error": 1}'),
        (404, "content-type", REFUSED),
        (404, "", REFUSED.replace(b'""', b'"Traceback (most recent call last)"')),
    ],
)
def test_an_answer_that_breaks_one_is_noticed(status: int, left_out: str, body: bytes) -> None:
    headers = {name: value for name, value in COMPLETE.items() if name != left_out}
    assert list(broken_rules(status, headers, body))


@pytest.mark.parametrize(
    ("data", "noticed"),
    [
        ({"student_id": OWN}, False),
        ({"student_id": OTHER}, True),
        ({"student_id": OTHER, "current": None, "result": 0.5}, False),
        ({"student_id": OTHER, "current": {"score": 0.5}, "result": 0.5}, True),
        ({"student_id": OTHER, "current": None, "also": OTHER}, True),
        ({"items": [{"student_id": OTHER, "error": {"code": "NOT_FOUND"}}]}, False),
        ({"items": [{"student_id": OTHER, "error": None, "score": 0.5}]}, True),
    ],
)
def test_a_student_who_may_not_be_seen_is_noticed_in_an_answer(data: object, *, noticed: bool) -> None:
    assert bool(list(leaks(200, json.dumps({"data": data}), "student", OTHER))) == noticed


def test_findings_of_one_kind_are_told_a_few_times_and_counted() -> None:
    findings = Findings()
    for number in range(10):
        findings.add("part", "what", "rule", "--seed 1", str(number))
    assert len(findings.found) == 3
    assert findings.counts["part", "what", "rule"] == 10
