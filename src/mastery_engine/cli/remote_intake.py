"""A file of events sent to a service, in parts that it takes at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from mastery_engine.adapters.files.event_file import EventFile, open_events
from mastery_engine.adapters.files.mapping import FieldMapping, load_mapping
from mastery_engine.adapters.files.records import Record, shortened
from mastery_engine.adapters.files.rejects import RejectsWriter
from mastery_engine.cli.intake_report import IntakeReport
from mastery_engine.cli.progress import Meter
from mastery_engine.cli.refused_lines import RefusedLines
from mastery_engine.cli.remote import token
from mastery_engine.client import Client, EventsRefused, PayloadTooLarge, calls
from mastery_engine.client.calls.events import MOST_BYTES, MOST_EVENTS
from mastery_engine.contracts.ingest_answer import Detail
from mastery_engine.domain.errors import InvalidInput, Problem

STREAM_BATCH: Final = 100
"""Of what comes slowly, or never ends, so that it counts soon."""
Outcome = Sequence[Problem]
"""Why an event was refused; of an accepted one nothing."""


def send_file(
    file: str, server: str, *, mapping_file: Path | None, rejects: Path | None, quiet: bool
) -> IntakeReport:
    """Send a file; what is accepted lies in the service's log when this returns.

    Args:
        file: Its name, `-` for standard input.
        server: Address of the service.
        mapping_file: Other names of columns and values.
        rejects: Where refused lines go.
        quiet: Do not tell each refused line.

    Raises:
        InvalidInput: File, mapping, address or the target of the refused lines cannot be used, or there is no token.
        MasteryError: The service refuses the caller, or does not answer; what was accepted before stays so, and the whole
            file may be sent again.
    """
    mapping = FieldMapping() if mapping_file is None else load_mapping(mapping_file)
    report = IntakeReport(sent_to=server)
    with ExitStack() as stack:
        client = stack.enter_context(Client(server, token()))
        source = stack.enter_context(open_events(file, mapping))
        meter = stack.enter_context(Meter(f"send {Path(file).name}", source.size))
        if source.ignored_columns:
            meter.say(f"columns that no event has are passed over: {', '.join(source.ignored_columns)}")
        writer = None if rejects is None else stack.enter_context(RejectsWriter(rejects, source))
        refused = RefusedLines(writer, meter, quiet=quiet)
        position = 0
        for records in _batches(source):
            for record, problems in zip(records, _sent(client, records), strict=True):
                if problems:
                    report.refused += 1
                    refused.add(record, None, problems)
                else:
                    report.accepted += 1
            meter.advance(source.position - position, len(records))
            position = source.position
        report.seconds = round(meter.seconds, 3)
        refused.complete(report, rejects)
    return report


def _batches(source: EventFile) -> Generator[list[Record]]:
    most = STREAM_BATCH if source.size is None else MOST_EVENTS
    records: list[Record] = []
    size = 0
    for record in source:
        if records and (len(records) == most or size + len(record.event) > MOST_BYTES):
            yield records
            records, size = [], 0
        records.append(record)
        size += len(record.event) + 1
    if records:
        yield records


def _sent(client: Client, records: Sequence[Record]) -> list[Outcome]:
    """What became of each line."""
    outcomes: list[Outcome] = [_unfit(record) for record in records]
    fit = [place for place, problems in enumerate(outcomes) if not problems]
    for place, problems in zip(fit, _answered(client, [records[one] for one in fit]), strict=True):
        outcomes[place] = problems
    return outcomes


def _unfit(record: Record) -> Outcome:
    """Why a line cannot be sent at all: it would spoil the whole part."""
    if record.problems:
        return record.problems
    try:
        msgspec.json.decode(record.event)
    except (ValueError, RecursionError) as error:
        return (Problem("", shortened(record.event), f"is not JSON: {error}"),)
    return ()


def _answered(client: Client, records: Sequence[Record]) -> list[Outcome]:
    """What the service says of each; where it refuses a part as a whole, its halves are sent."""
    if not records:
        return []
    body = b"[" + b",".join(record.event for record in records) + b"]"
    try:
        told = client.send(calls.ingest_bytes(body))
    except EventsRefused as error:
        return _by_place(error.details, len(records))
    except (InvalidInput, PayloadTooLarge) as error:
        if len(records) == 1:
            return [getattr(error, "problems", ()) or (Problem("", "", error.message),)]
        middle = len(records) // 2
        return _answered(client, records[:middle]) + _answered(client, records[middle:])
    return _by_place([detail for one in told.results for detail in one.errors], len(records))


def _by_place(details: Sequence[Detail], count: int) -> list[Outcome]:
    problems: list[list[Problem]] = [[] for _ in range(count)]
    for one in details:
        if one.index is not None:
            problems[one.index].append(Problem(one.field, one.value, one.rule))
    return list(problems)
