"""What became of many events, for people and programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from mastery_engine.cli.exits import DONE, SOME_REFUSED
from mastery_engine.cli.words import counted
from mastery_engine.engine.ingest import Receipt

_MOST_REASONS: Final = 20


class RefusedEvent(Struct, frozen=True, kw_only=True):
    """An event that was refused.

    Attributes:
        line: Line of the file, counted from 1.
        event_id: None if it could not be read.
        problems: Field, value and rule of each.
    """

    line: int
    event_id: str | None
    problems: list[dict[str, str]]


class IntakeReport(Struct, kw_only=True):
    """What became of many events.

    Attributes:
        accepted: Taken into the log.
        already: Were folded before, so they were not taken again.
        refused: Refused at the door.
        repeats: Taken, and found to have counted already when they were folded.
        dead_letters: Taken, and refused when they were folded, by whatever process.
        folded: Counted by this run.
        answered: Requests for a calculation that this run answered. Of what an interrupted run had left in the
            log, this one folds too: it is in these four numbers, and not in `accepted`.
        folded_by_another: Whether another process folded them; then `repeats`, `folded` and `answered` are 0.
        acknowledged: Whether they are in Kafka now, for its workers to fold; then these four numbers are 0.
        sent_to: Service that has them now, and folds them; then these four numbers are 0, and `accepted` counts repeats too.
        seconds: How long it took.
        rejects: File with the refused lines.
        items: The refused lines of a file, at most a thousand.
        reasons: Of refused events that are no lines of a file: how many by field and rule, at most twenty.
    """

    accepted: int = 0
    already: int = 0
    refused: int = 0
    repeats: int = 0
    dead_letters: int = 0
    folded: int = 0
    answered: int = 0
    folded_by_another: bool = False
    acknowledged: bool = False
    sent_to: str | None = None
    seconds: float = 0.0
    rejects: str | None = None
    items: list[RefusedEvent] = []
    reasons: dict[str, int] = {}

    @property
    def code(self) -> int:
        """The exit code."""
        return SOME_REFUSED if self.refused or self.dead_letters else DONE

    def sentence(self) -> str:
        """All of it in a few lines."""
        lines = [self._taken(), *self._left_over()]
        if self.already:
            verb = "was" if self.already == 1 else "were"
            lines.append(f"{counted(self.already, 'event')} {verb} there already and not counted again")
        if self.dead_letters:
            lines.append("what was refused when it was folded waits, with its reason: mastery dlq list")
        lines += self._refused()
        return "\n".join(lines)

    def count_reasons(self, receipts: Iterable[Receipt]) -> None:
        """Count why events were refused."""
        for receipt in receipts:
            if receipt.error is None:
                continue
            problems = receipt.error.problems
            reason = "; ".join(f"{one.field} {one.rule}" for one in problems) or receipt.error.message
            if reason in self.reasons or len(self.reasons) < _MOST_REASONS:
                self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def _refused(self) -> list[str]:
        if not self.refused:
            return []
        if self.reasons:
            told = [f"{counted(count, 'event')} refused: {why}" for why, count in self.reasons.items()]
            others = self.refused - sum(self.reasons.values())
            return told + ([f"{counted(others, 'event')} refused for other reasons"] if others else [])
        where = f"; they are in {self.rejects}, to be mended and sent again" if self.rejects else ""
        return [f"{counted(self.refused, 'line')} refused{where}"]

    def _taken(self) -> str:
        rate = f", {self.accepted / self.seconds:,.0f} a second" if self.seconds > 0 and self.accepted else ""
        taken = f"{counted(self.accepted, 'event')} taken in"
        took = f"in {self.seconds:.1f} s{rate}"
        if self.sent_to is not None:
            return f"{taken} {took}" + (f": {self.sent_to} has them, and folds them" if self.accepted else "")
        if self.acknowledged:
            return f"{taken} {took}: Kafka has them, and its workers fold them"
        if self.folded_by_another:
            refused = f"; it refused {self.dead_letters:,} of them" if self.dead_letters else ""
            return f"{taken} and folded {took}, by the process that folds{refused}"
        if self.folded == self.accepted and not (self.answered or self.repeats or self.dead_letters):
            return f"{taken} and folded {took}"
        became = [f"{self.folded:,} folded"]
        if self.answered:
            became.append(f"{counted(self.answered, 'request')} answered")
        if self.repeats:
            became.append(f"{counted(self.repeats, 'repeat')} passed over")
        if self.dead_letters:
            became.append(f"{self.dead_letters:,} refused when folded")
        return f"{taken} {took}: {', '.join(became)}"

    def _left_over(self) -> list[str]:
        more = self.folded + self.answered + self.repeats + self.dead_letters - self.accepted
        if more <= 0 or self.folded_by_another:
            return []
        verb = "was" if more == 1 else "were"
        why = "an interrupted one had left them in the log, or another process sent them meanwhile"
        return [f"{counted(more, 'record')} of these {verb} not of this run: {why}"]
