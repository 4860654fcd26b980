"""Keys of the state store and of the log, and the ids that follow from others.

A tenant's keys start with `school:{tenant}:`, those of the tenant `default` with nothing.
"""

from __future__ import annotations

import hashlib
from typing import Final

DEFAULT_TENANT: Final = "default"
_NAMESPACE: Final = bytes.fromhex("5d0d2d8e1c0f5b0e9a41d2b7c3a4e6f1")
_SCHOOL: Final = "school:"
_DOCUMENT: Final = ":profile:current_mastery"
_KEYED_HASH_BYTES: Final = 16


def tenant_prefix(tenant_id: str) -> str:
    """What a tenant's keys start with."""
    return "" if tenant_id == DEFAULT_TENANT else f"{_SCHOOL}{tenant_id}:"


def tenant_of(key: str) -> str:
    """The tenant whose key this is; those that are nobody's count as of the tenant `default`."""
    return key[len(_SCHOOL) :].split(":", 1)[0] if key.startswith(_SCHOOL) else DEFAULT_TENANT


def learner(tenant_id: str, student_id: str) -> str:
    """Name of a learner: the start of its keys in the store, and whole the key of its records in the log."""
    return f"{tenant_prefix(tenant_id)}student:{student_id}"


def document(tenant_id: str, student_id: str) -> str:
    """Key of the learner's document."""
    return document_of(learner(tenant_id, student_id))


def document_of(name: str) -> str:
    """Key of the document of the learner who has this name (see `learner`)."""
    return f"{name}{_DOCUMENT}"


def is_document(key: str) -> bool:
    """Whether this is the key of a learner's live document; that of one rebuilt beside it is not."""
    return key.endswith(_DOCUMENT) and key.startswith((learner(DEFAULT_TENANT, ""), _SCHOOL))


def cached(document_key: str) -> str:
    """Key under which caches hold a copy of the document with this key."""
    cut = document_key.index(":", len(_SCHOOL)) + 1 if document_key.startswith(_SCHOOL) else 0
    return f"{document_key[:cut]}cache:{document_key[cut:]}"


def student_of_document(key: str, prefix: str) -> str | None:
    """Student whose document has this key, None for any other key.

    Args:
        key: A key that starts with `prefix`.
        prefix: `learner(tenant_id, "")`.
    """
    return key[len(prefix) : -len(_DOCUMENT)] if key.endswith(_DOCUMENT) else None


def day_result(tenant_id: str, student_id: str, day: str) -> str:
    """Key of a day's result, the day as an ISO date; a component's score of that day is under it, after another colon."""
    return f"{learner(tenant_id, student_id)}:mastery:{day}"


def recent_activity(tenant_id: str, student_id: str) -> str:
    """Key of the active days."""
    return f"{learner(tenant_id, student_id)}:activity:recent"


def processed(tenant_id: str, event_id: bytes) -> str:
    """Key of the record that says: folded, and its outputs sent; the id as 16 bytes."""
    return f"{tenant_prefix(tenant_id)}processed:{uuid_text(event_id)}"


def tenant(tenant_id: str) -> str:
    """Key of a tenant's settings."""
    return f"tenant:{tenant_id}"


def erased(student_hash: str) -> str:
    """Key of an erasure marker."""
    return f"erased:{student_hash}"


def stream_ticket(digest: str) -> str:
    """Key of a ticket for a stream, by the digest of its text."""
    return f"stream-ticket:{digest}"


def revoked_token(tenant_id: str, token_id: str) -> str:
    """Key of the note that a token was revoked; a digest of its id (`jti`), which may be long and hold any character."""
    digest = hashlib.blake2b(token_id.encode(), digest_size=_KEYED_HASH_BYTES).hexdigest()
    return f"{tenant_prefix(tenant_id)}revoked:{digest}"


def revoked_subject(tenant_id: str, subject_hash: str) -> str:
    """Key of the moment up to which somebody's tokens were revoked; the keyed hash of who it is."""
    return f"{tenant_prefix(tenant_id)}revoked:subject:{subject_hash}"


def newest_revocation(tenant_id: str) -> str:
    """Key of the mark of a tenant's newest revocation: while it stays the same, nothing was revoked."""
    return f"{tenant_prefix(tenant_id)}revoked:newest"


def audit_witness(tenant_id: str) -> str:
    """Key of what is noted of a tenant's audit chain; of the register of heads with an empty id."""
    return f"audit-witness:{tenant_id}"


def restricted(tenant_id: str) -> str:
    """Key of the list of a tenant's restricted students."""
    return f"restricted:{tenant_id}"


def erasing(tenant_id: str) -> str:
    """Key of the list of a tenant's students whose erasure was asked for and is not done."""
    return f"{tenant_prefix(tenant_id)}erasing"


def rebuilt(tenant_id: str, run: str, student_id: str) -> str:
    """Key of a document that a replay has rebuilt beside the live one."""
    return f"{tenant_prefix(tenant_id)}replay:{run}:student:{student_id}{_DOCUMENT}"


def unfinished_replay(tenant_id: str) -> str:
    """Key of the note on the replay of a tenant that has begun and not ended."""
    return f"{tenant_prefix(tenant_id)}replay:unfinished"


def replayed_slice(tenant_id: str, run: str, number: int) -> str:
    """Key of the report on a slice that a replay is done with."""
    return f"{tenant_prefix(tenant_id)}replay:{run}:slice:{number}"


def job(tenant_id: str, job_id: str) -> str:
    """Key of a job."""
    return f"{tenant_prefix(tenant_id)}job:{job_id}"


def job_part(tenant_id: str, job_id: str, number: int, claim: int) -> str:
    """Key of a part of a job's results, as whoever had claimed the job for the so-manieth time wrote it."""
    return f"{job(tenant_id, job_id)}:part:{number}:{claim}"


def open_jobs() -> str:
    """Key of the list of all tenants' jobs that are not finished."""
    return "jobs:open"


def kept_jobs(tenant_id: str) -> str:
    """Key of the list of a tenant's jobs, finished ones too."""
    return f"{tenant_prefix(tenant_id)}jobs:kept"


def batch_status(tenant_id: str, batch_id: str) -> str:
    """Key of the progress of a batch, for those who read the store directly."""
    return f"{tenant_prefix(tenant_id)}batch:{batch_id}:status"


def idempotency(tenant_id: str, caller_hash: str, key_hash: str) -> str:
    """Key of the answer to a request that may be sent again; both hashes are keyed ones."""
    return f"{tenant_prefix(tenant_id)}idempotency:{caller_hash}:{key_hash}"


def rewording_tokens(tenant_id: str, day: str) -> str:
    """Key of how many tokens a tenant's rewordings have taken on a day of UTC, which is given as an ISO date."""
    return f"{tenant_prefix(tenant_id)}rewording:tokens:{day}"


def derived_id(*parts: str) -> str:
    """UUID (version 5) that follows from the parts, the same whenever it is asked for."""
    digest = hashlib.sha1(_NAMESPACE + "\n".join(parts).encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def uuid_text(raw: bytes) -> str:
    """Canonical text of a UUID's 16 bytes."""
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Pseudonyms:
    """Keyed hashes that stand for students where their ids must not be, audit trail and markers above all."""

    def __init__(self, key: bytes) -> None:
        """Take the key.

        Args:
            key: 16 to 64 secret bytes; another key gives other hashes.
        """
        self._key = key

    def of(self, tenant_id: str, student_id: str) -> str:
        """Keyed hash (BLAKE2b, 128 bits, hex) of a student."""
        return self.digest(tenant_id, student_id).hex()

    def of_request(self, tenant_id: str, request_id: str) -> str:
        """What stands in records in place of a request's id that a caller chose."""
        return self.of(tenant_id, f"request {request_id}")

    @property
    def fingerprint(self) -> str:
        """Tells one key from another, and nothing of any student."""
        return self.of("", "")

    def key_for(self, purpose: str) -> bytes:
        """A key for something else, which follows from this one and tells nothing of it."""
        return hashlib.blake2b(purpose.encode(), key=self._key, person=b"another key").digest()

    def digest(self, tenant_id: str, student_id: str) -> bytes:
        """The same as 16 bytes."""
        name = f"{tenant_id}\n{student_id}".encode()
        return hashlib.blake2b(name, key=self._key, digest_size=_KEYED_HASH_BYTES).digest()
