"""What is told of many events."""

from __future__ import annotations

from mastery_engine.cli.intake_report import IntakeReport
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.engine.ingest import Receipt
from tests.cli.conftest import Mastery


def _refused(field: str, value: str) -> Receipt:
    return Receipt(index=0, event_id=None, error=InvalidInput.of(Problem(field, value, "must be right")))


def test_events_that_are_no_lines_of_a_file_are_refused_with_reasons(mastery: Mastery) -> None:
    mastery("tenant", "create", "ours", "--retention", "30")
    done = mastery("simulate", "-n", 3, "--days", 90, "--tenant", "ours")
    assert done.code == 3
    assert "events refused: timestamp must not be older than the retention of 30 days" in done.out
    report = mastery("simulate", "-n", 3, "--days", 90, "--tenant", "ours", "--json").data
    assert report["reasons"] == {
        "timestamp must not be older than the retention of 30 days": report["refused"]
    }


def test_reasons_are_counted_whatever_the_values_and_no_more_than_twenty_are_told() -> None:
    report = IntakeReport(refused=26)
    report.count_reasons([_refused("score", str(value)) for value in range(3)])
    report.count_reasons([Receipt(index=0, event_id="x", already=True)])
    report.count_reasons([_refused(f"field-{number}", "x") for number in range(23)])
    assert report.reasons["score must be right"] == 3
    lines = report.sentence().splitlines()
    assert lines[1] == "3 events refused: score must be right"
    assert lines[2] == "1 event refused: field-0 must be right"
    assert lines[-1] == "4 events refused for other reasons"
    assert len(report.reasons) == 20


def test_records_that_others_had_put_into_the_log_are_told_apart() -> None:
    assert IntakeReport(accepted=5, folded=5).sentence() == "5 events taken in and folded in 0.0 s"
    more = IntakeReport(accepted=5, folded=7, repeats=1).sentence().splitlines()
    assert more[0] == "5 events taken in in 0.0 s: 7 folded, 1 repeat passed over"
    assert more[1].startswith("3 records of these were not of this run: an interrupted one had left them")
