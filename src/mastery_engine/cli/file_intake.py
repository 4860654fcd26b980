"""A file of events, taken in line by line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, final

import msgspec
from msgspec import Struct

from mastery_engine.adapters.files.event_file import EventFile, open_events
from mastery_engine.adapters.files.mapping import FieldMapping, load_mapping
from mastery_engine.adapters.files.records import Record
from mastery_engine.adapters.files.rejects import RejectsWriter
from mastery_engine.cli.intake_report import IntakeReport
from mastery_engine.cli.progress import Meter
from mastery_engine.cli.refused_lines import RefusedLines
from mastery_engine.cli.session import Session, run
from mastery_engine.cli.taking import BATCH, Batch, take_all
from mastery_engine.config import load_settings
from mastery_engine.contracts.event_json import decode_event
from mastery_engine.contracts.keys import DEFAULT_TENANT
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.ingest import Receipt

STREAM_BATCH: Final = 500
BATCH_BYTES: Final = 32 << 20
"""A batch ends here too, so that long lines do not fill the memory."""
MANY_BYTES: Final = 8 << 20
"""Size of a file from which a second process folds; about `MANY` events."""


class _Tenant(Struct):
    tenant_id: str | None = None


_tenant_decoder: Final = msgspec.json.Decoder(_Tenant)


def ingest_file(
    file: str, *, tenant: str | None, mapping_file: Path | None, rejects: Path | None, quiet: bool
) -> IntakeReport:
    """Take a file in.

    Args:
        file: Its name, `-` for standard input.
        tenant: In place of the file's.
        mapping_file: Other names of columns and values.
        rejects: Where refused lines go.
        quiet: Do not tell each refused line.

    Raises:
        InvalidInput: File, mapping or the target of the refused lines cannot be used.
        NotFound: There is no such tenant.
    """
    settings = load_settings()
    mapping = FieldMapping() if mapping_file is None else load_mapping(mapping_file)
    if tenant is not None:
        mapping = mapping.with_constant("tenant_id", tenant)

    async def job(session: Session) -> IntakeReport:
        if tenant is not None:
            await session.engine.tenants.get(tenant)
        with ExitStack() as stack:
            source = stack.enter_context(open_events(file, mapping))
            meter = stack.enter_context(Meter(f"ingest {Path(file).name}", source.size))
            if source.ignored_columns:
                meter.say(f"columns that no event has are passed over: {', '.join(source.ignored_columns)}")
            writer = None if rejects is None else stack.enter_context(RejectsWriter(rejects, source))
            own = settings.tenant if tenant is None else DEFAULT_TENANT
            refused = RefusedLines(writer, meter, quiet=quiet)
            lines = _Lines(source, refused, own)
            many = source.size is not None and source.size >= MANY_BYTES
            report = await take_all(session.engine, lines.batches(), meter, many=many, each=lines.settle)
        refused.complete(report, rejects)
        return report

    return run(job, tenant, settings)


@final
class _Lines:
    """Makes batches of lines, and tells of those that were refused."""

    def __init__(self, source: EventFile, refused: RefusedLines, own_tenant: str) -> None:
        self._source = source
        self._own_tenant = own_tenant
        self._records: list[Record] = []
        self._refused = refused
        # A stream may be slow or endless: what has come counts soon.
        self._most = STREAM_BATCH if source.size is None else BATCH

    def batches(self) -> Iterator[Batch]:
        events: list[LearningEvent | InvalidInput] = []
        position = size = 0
        for record in self._source:
            self._records.append(record)
            events.append(self._event(record))
            size += len(record.raw)
            if len(events) >= self._most or size >= BATCH_BYTES:
                yield events, self._source.position - position
                position, size = self._source.position, 0
                events, self._records = [], []
        yield events, self._source.position - position

    def settle(self, receipts: list[Receipt]) -> None:
        for record, receipt in zip(self._records, receipts, strict=True):
            if receipt.error is not None:
                problems = receipt.error.problems or (Problem("", "", receipt.error.message),)
                self._refused.add(record, receipt.event_id, problems)

    def _event(self, record: Record) -> LearningEvent | InvalidInput:
        if record.problems:
            return InvalidInput.of(*record.problems)
        try:
            event = decode_event(record.event)
        except InvalidInput as error:
            return error
        if self._own_tenant != DEFAULT_TENANT and _tenant_decoder.decode(record.event).tenant_id is None:
            return msgspec.structs.replace(event, tenant_id=self._own_tenant)
        return event
