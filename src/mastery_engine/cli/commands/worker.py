"""`mastery worker`."""

from __future__ import annotations

from mastery_engine.cli.health import HealthPort
from mastery_engine.cli.program import examples


@examples("mastery worker", "mastery worker --health-port 8081")
def worker(health_port: HealthPort = None) -> None:
    """Fold events as they come, without the API.

    Of an embedded log, one process folds; on Kafka, as many as there are partitions share them.

    It ends after the step under way when it is told to stop (Ctrl-C or SIGTERM).
    """
    import asyncio

    from mastery_engine.bootstrap.logs import configure_logs
    from mastery_engine.cli.health import watch_of
    from mastery_engine.cli.output import note
    from mastery_engine.cli.words import counted, letters_by_kind
    from mastery_engine.config import EMBEDDED_LOG, load_settings, without_secrets
    from mastery_engine.worker.run import run_worker

    settings = load_settings()
    configure_logs(settings)
    where = settings.home if settings.log_url == EMBEDDED_LOG else without_secrets(settings.log_url)
    watch = watch_of(settings, health_port)
    begun = f"folding the events of {where}; Ctrl-C ends it"
    report = asyncio.run(run_worker(settings, lambda: note(begun), watch))
    counts = f"{report.folded:,} events counted, {report.repeats:,} repeats, {letters_by_kind(report)}"
    if report.answered:
        counts += f", {counted(report.answered, 'request')} answered"
    if report.unarchived:
        counts += f", {report.unarchived:,} not archived before their log was deleted"
    note(f"ended: {counts}")
