"""What was found, once each, with what is needed to find it again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, final

MOST_TOLD: Final = 3
"""Of one kind; the others are counted."""
_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be.

    Attributes:
        part: Part of the run.
        what: Where: an operation, or the name of a mutation.
        rule: What was broken.
        again: Arguments that make the same requests again.
        told: What was sent and answered, shortened.
    """

    part: str
    what: str
    rule: str
    again: str
    told: str


@final
@dataclass
class Findings:
    """Those of a run, and how much was asked.

    Attributes:
        found: At most `MOST_TOLD` of each part, place and rule.
        counts: How often each came.
        requests: How many were sent, by part.
        statuses: How they were answered, by part.
    """

    found: list[Finding] = field(default_factory=list[Finding])
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    requests: Counter[str] = field(default_factory=Counter[str])
    statuses: dict[str, Counter[int]] = field(default_factory=dict[str, Counter[int]])

    def add(self, part: str, what: str, rule: str, again: str, told: str) -> None:
        """Note one."""
        kind = (part, what, rule)
        self.counts[kind] += 1
        if self.counts[kind] <= MOST_TOLD:
            self.found.append(Finding(part, what, rule, again, told[:_LONGEST]))

    def answered(self, part: str, status: int) -> None:
        """Count an answer; 0 is for none."""
        self.requests[part] += 1
        self.statuses.setdefault(part, Counter())[status] += 1
