"""Setting the log back to where a backup began, so that what came later is folded again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from mastery_engine.contracts.backup import Manifest
from mastery_engine.domain.errors import Conflict
from mastery_engine.engine.committed import committed_of
from mastery_engine.engine.restore_items import RestoreReport
from mastery_engine.ports import EventLog


@final
class LogSetback:
    """Commits for a group whose members have all left."""

    def __init__(self, log: EventLog, group: str) -> None:
        """Use a log.

        Args:
            log: What is folded.
            group: Of those who fold.
        """
        self._log = log
        self._group = group

    async def set_back(self, manifest: Manifest, report: RestoreReport, *, dry_run: bool) -> None:
        """Commit where the log is to be read on from, and note it.

        Where the backup began, or at the first record behind it that is still there: what is gone would be waited for.
        Of another topic, the start.

        Args:
            manifest: Of the backup.
            report: Told where, and how much of the log comes again or is gone.
            dry_run: Commit nothing.

        Raises:
            Conflict: Somebody folds, or the log is older than the backup.
            DependencyDown: The log does not answer.
        """
        report.other_topic = await self._log.topic_id() != manifest.topic_id
        began = {} if report.other_topic else manifest.offsets
        for partition, end in (await self._log.ends()).items():
            wanted = began.get(partition, 0)
            if wanted > end:
                raise Conflict(
                    f"the log is older than the backup: partition {partition} ends at {end:,}, and the backup has seen "
                    f"{wanted:,} records; new events would be taken for old ones, so move that log away"
                )
            records = await self._log.read(partition, wanted, 1)
            first = records[0].offset if records else end
            report.offsets[partition] = first
            report.lost += first - wanted
            report.to_come += end - first
        if not dry_run:
            await self._commit(report.offsets)

    async def check(self, report: RestoreReport) -> None:
        """See that nobody has folded since, nor is about to.

        Raises:
            Conflict: Somebody has.
        """
        committed = await committed_of(self._log, self._group)
        if dict(committed.offsets) != report.offsets or not await self._is_left_alone(report.offsets):
            raise Conflict(
                "somebody has folded while the state was restored, so that it may lack events; end whoever folds, "
                "and restore again with --replace"
            )

    async def _is_left_alone(self, offsets: Mapping[int, int]) -> bool:
        """Who has joined meanwhile may have written what was then replaced, and not have committed it yet."""
        try:
            await self._commit(offsets)
        except Conflict:
            return False
        return True

    async def _commit(self, offsets: Mapping[int, int]) -> None:
        consumer = self._log.consumer(self._group)
        try:
            await consumer.commit(offsets)
        finally:
            await consumer.close()
