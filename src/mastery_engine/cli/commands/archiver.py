"""`mastery archiver`."""

from __future__ import annotations

from mastery_engine.cli.health import HealthPort
from mastery_engine.cli.program import examples


@examples("mastery archiver", "mastery archiver --health-port 8082")
def archiver(health_port: HealthPort = None) -> None:
    """Put what counted on Kafka into the archive, and dead letters where `mastery dlq` finds them.

    It follows the workers in consumer groups of its own, so that a database that is down delays no score.
    It ends after the step under way when it is told to stop (Ctrl-C or SIGTERM).
    """
    import asyncio

    from mastery_engine.bootstrap.logs import configure_logs
    from mastery_engine.cli.health import watch_of
    from mastery_engine.cli.output import note
    from mastery_engine.config import load_settings
    from mastery_engine.worker.archive import run_archiver

    settings = load_settings()
    configure_logs(settings)
    watch = watch_of(settings, health_port)
    begun = "archiving what the workers count; Ctrl-C ends it"
    kept = asyncio.run(run_archiver(settings, lambda: note(begun), watch))
    note(f"ended: {kept.events:,} events archived, {kept.letters:,} dead letters filed")
