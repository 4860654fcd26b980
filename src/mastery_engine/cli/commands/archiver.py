"""`mastery archiver`."""

from __future__ import annotations

from mastery_engine.cli.program import examples


@examples("mastery archiver")
def archiver() -> None:
    """Put what counted on Kafka into the archive, and dead letters where `mastery dlq` finds them.

    It follows the workers in consumer groups of its own, so that a database that is down delays no score.
    It ends after the step under way when it is told to stop (Ctrl-C or SIGTERM).
    """
    import asyncio

    from mastery_engine.bootstrap.logs import configure_logs
    from mastery_engine.cli.output import note
    from mastery_engine.config import load_settings
    from mastery_engine.worker.archive import run_archiver

    settings = load_settings()
    configure_logs(settings)
    kept = asyncio.run(
        run_archiver(settings, lambda: note("archiving what the workers count; Ctrl-C ends it"))
    )
    note(f"ended: {kept.events:,} events archived, {kept.letters:,} dead letters filed")
