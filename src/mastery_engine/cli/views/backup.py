"""Backups as people read them."""

from __future__ import annotations

from collections.abc import Iterator

from mastery_engine.cli.words import counted
from mastery_engine.contracts.backup import Manifest
from mastery_engine.domain.calendar import moment_of
from mastery_engine.engine.backup_verify import Verified
from mastery_engine.engine.restore_items import RestoreReport


def backup_view(manifest: Manifest, where: str) -> Iterator[str]:
    """What a new backup holds."""
    yield f"backed up to {where}"
    yield from _contents(manifest)


def verified_view(found: Verified, where: str) -> Iterator[str]:
    """What a backup holds that was read whole."""
    yield f"{where} is whole, made {_moment(found.manifest.began_ms)} by release {found.manifest.engine}"
    yield from _contents(found.manifest)
    if found.damaged:
        yield (
            f"{counted(found.damaged, 'document')} could not be read when it was made, and cannot now; "
            "after a restore: mastery replay --all"
        )


def restore_view(report: RestoreReport) -> Iterator[str]:
    """What a restore came to, and what to do next."""
    done = "would be restored" if report.dry_run else "restored"
    if report.files:
        yield f"{', '.join(report.files)} {'would be put back' if report.dry_run else 'put back'}"
    if report.removed:
        yield f"{counted(report.removed, 'key')} removed first"
    elif report.dry_run and not report.was_empty:
        yield "the state store holds students; --replace would empty it first"
    documents = counted(report.documents, "learner's document", "learners' documents")
    yield f"{documents}, {counted(report.processed, 'processed record')} and {counted(report.tenants, 'school')} {done}"
    if report.learned:
        learned, when = ("would be learned", "then") if report.dry_run else ("learned", "now")
        erasures = f"{counted(report.learned, 'erasure')} {learned} from the copy of the ledger"
        yield f"{erasures}: hidden {when}, and carried out once more by the service"
    if report.erased:
        yield f"{counted(report.erased, 'student')} left out, being erased"
    if report.expired:
        yield f"{counted(report.expired, 'student')} left out, whose retention has passed"
    if report.markers:
        yield f"{counted(report.markers, 'erasure marker')} written anew from the ledger"
    if report.to_come:
        yield (
            f"{counted(report.to_come, 'record')} of the log since {_moment(report.began_ms)}, for whoever folds next; "
            "what is in the state already is passed over"
        )
    if report.needs_replay:
        gone = (
            "the log is not that of the backup"
            if report.other_topic
            else f"{counted(report.lost, 'record')} since the backup are gone from the log"
        )
        yield f"{gone}; once all is folded, take them from the archive: mastery replay --all --tenant SCHOOL"


def _contents(manifest: Manifest) -> Iterator[str]:
    counts = manifest.counts
    size = sum(part.size for part in manifest.parts)
    documents = counted(counts.documents, "learner's document", "learners' documents")
    yield (
        f"{documents}, "
        f"{counted(counts.processed, 'processed record')}, {counted(len(manifest.tenants), 'school')}"
        + (f", {counted(counts.markers, 'erasure marker')}" if counts.markers else "")
    )
    files = [part.kind for part in manifest.parts if part.kind != "state"]
    if files:
        yield f"with {', '.join(files)}"
    yield f"{counted(len(manifest.parts) + 1, 'object')}, {size:,} bytes"


def _moment(ms: int) -> str:
    return f"{moment_of(ms):%Y-%m-%d %H:%M} UTC"
