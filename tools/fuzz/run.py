"""One run: where it asks, until when, and what it has found."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from mastery_engine.adapters.auth import TokenRole
from tools.fuzz.findings import Findings
from tools.fuzz.judging import broken_rules
from tools.fuzz.people import People
from tools.serving import Service


@dataclass
class Run:
    """What every part needs.

    Attributes:
        service: The service that is asked.
        people: Tokens.
        seed: Of this round; the same seed makes the same requests.
        until: When it is over, by the monotonic clock.
        findings: What was found.
        only: Names of operations and mutations that contain this; all if it is empty.
        roles: Who asks.
    """

    service: Service
    people: People
    seed: int
    until: float
    findings: Findings
    roles: tuple[TokenRole, ...]
    only: str = ""
    last: str = field(default="", init=False)

    @property
    def over(self) -> bool:
        """Whether there is no time left, or nobody to ask."""
        return time.monotonic() >= self.until or not self.service.lives

    def chance(self, name: str) -> Random:
        """Randomness of a part of this round, the same for the same seed."""
        return Random(f"{self.seed} {name}")

    def wants(self, name: str) -> bool:
        """Whether this is asked in this run."""
        return self.only in name

    def note(self, part: str, what: str, rule: str, told: str) -> None:
        """Note a finding."""
        self.findings.add(
            part, what, rule, f"--seed {self.seed} --rounds 1 --part {part} --only {what}", told
        )

    def judge(
        self,
        part: str,
        what: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        role: TokenRole | None = None,
        sent: str = "",
    ) -> None:
        """Hold an answer to the rules of all answers."""
        self.findings.answered(part, status)
        told = {name.lower(): value for name, value in headers.items()}
        for rule in broken_rules(status, told, body, role=role, sent=sent):
            self.note(part, what, rule, f"{sent[:800]} -> {status} {body[:800]!r}")
