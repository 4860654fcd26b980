"""Jobs as the state store keeps them: what is to do for whom, how far it is, and who works on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mastery_engine.domain.errors import MasteryError, NewerVersion

VERSION: Final = 1
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
Priority = Literal["high", "normal", "low"]
PRIORITIES: Final[tuple[Priority, ...]] = ("high", "normal", "low")
FINISHED: Final[frozenset[JobState]] = frozenset({"done", "failed", "cancelled"})
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError)


class DamagedJob(MasteryError):
    """A job's record cannot be read."""


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to do in parts, which a process does or goes on with.

    Attributes:
        job_id: Its id.
        tenant_id: Whose.
        kind: Name of what does it.
        subject: Who asked: access is decided for this caller, when the job runs.
        role: In which role.
        request_id: Of the request that asked, for the audit trail.
        payload: What to do, as its kind reads it.
        created_ms: When it was asked for, Unix milliseconds.
        priority: Which jobs go before others.
        state: How it stands.
        done: How much is done.
        total: Of how much; None before that is known.
        note: What its kind needs in order to go on, or tells of what came of it.
        parts: How many parts are done.
        results: Number of each part that has results under a key of its own, and the claim under which they were written.
        lost: The same of parts that were begun and not seen to end: results may lie there that nobody reads.
        claims: How often it was claimed.
        tries: How often its next part was begun.
        lease_until_ms: Until when whoever has claimed it may write.
        touched_ms: When it was claimed or a part of it done last.
        finished_ms: When it was finished.
        cancelled: Whether somebody wants it to end.
        error: Code of the error that it failed with.
        message: The error in words.
        version: Of this layout.
    """

    job_id: str
    tenant_id: str
    kind: str
    subject: str
    role: str
    request_id: str
    payload: bytes
    created_ms: int
    priority: Priority = "normal"
    state: JobState = "queued"
    done: int = 0
    total: int | None = None
    note: bytes = b""
    parts: int = 0
    results: tuple[tuple[int, int], ...] = ()
    lost: tuple[tuple[int, int], ...] = ()
    claims: int = 0
    tries: int = 0
    lease_until_ms: int = 0
    touched_ms: int = 0
    finished_ms: int | None = None
    cancelled: bool = False
    error: str | None = None
    message: str | None = None
    version: int = VERSION

    @property
    def is_finished(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in FINISHED

    def finished(self, state: JobState, now_ms: int, error: MasteryError | None = None) -> Job:
        """The job as it ends.

        Args:
            state: How.
            now_ms: When.
            error: With what, if it failed.
        """
        return replace(
            self,
            state=state,
            finished_ms=now_ms,
            touched_ms=now_ms,
            lease_until_ms=0,
            error=None if error is None else error.code,
            message=None if error is None else error.message,
        )


class Listed(Struct, array_like=True, frozen=True):
    """A job in a list of jobs.

    Attributes:
        tenant_id: Whose.
        job_id: Its id.
        created_ms: When it was asked for.
        priority: Place in `PRIORITIES`.
        requester: Keyed hash of who asked.
    """

    tenant_id: str
    job_id: str
    created_ms: int
    priority: int
    requester: str


_decoder: Final = msgspec.msgpack.Decoder(Job)
_any_version: Final = msgspec.msgpack.Decoder(dict[str, object])
_listed: Final = msgspec.msgpack.Decoder(list[Listed])


def encode_job(job: Job) -> bytes:
    """A job as MessagePack."""
    # Written always, so that any release can tell which layout it is.
    return msgspec.msgpack.encode(
        {**msgspec.to_builtins(job, builtin_types=(bytes,)), "version": job.version}
    )


def decode_job(value: bytes) -> Job:
    """A job from MessagePack.

    Raises:
        NewerVersion: A newer release wrote it.
        DamagedJob: It cannot be read.
    """
    try:
        version = _any_version.decode(value).get("version")
        if isinstance(version, int) and version > VERSION:
            raise NewerVersion(f"a job has version {version}, this release knows {VERSION}; upgrade")
        return _decoder.decode(value)
    except _UNREADABLE as error:
        raise DamagedJob("a job's record is damaged; ask for the work again") from error


def encode_list(jobs: Sequence[Listed]) -> bytes:
    """A list of jobs as MessagePack."""
    return msgspec.msgpack.encode(jobs)


def decode_list(value: bytes) -> list[Listed]:
    """A list of jobs from MessagePack.

    Raises:
        DamagedJob: It cannot be read.
    """
    try:
        return _listed.decode(value)
    except _UNREADABLE as error:
        raise DamagedJob(
            "the list of jobs is damaged; remove its key, and ask for open work again"
        ) from error


class BatchStatus(Struct, frozen=True, kw_only=True):
    """Progress of a batch, for those who read the store directly.

    Attributes:
        batch_id: Id of the batch, and of its job.
        state: How it stands.
        done: Students that are done with.
        total: All of them.
        v: Version of this layout.
    """

    batch_id: str
    state: JobState
    done: int
    total: int | None
    v: int = 1


def encode_batch_status(job: Job) -> bytes:
    """The progress of a batch as JSON."""
    status = BatchStatus(batch_id=job.job_id, state=job.state, done=job.done, total=job.total)
    return msgspec.json.encode(status)
