"""What the engine needs of the outside, as protocols: async, in batches, raising `DependencyDown` when nothing answers.

One contract suite for each (tests/contract) runs on every adapter. Moments are Unix milliseconds throughout.
"""

from mastery_engine.contracts.dead_letter import DeadLetter, LetterKind, LetterStatus
from mastery_engine.contracts.erasure import Erasure
from mastery_engine.contracts.privacy_request import PrivacyRequest, RequestKind, RequestState
from mastery_engine.ports.archive import Archive, ArchivedDay, ArchivedEvent
from mastery_engine.ports.audit_trail import (
    REFUSED,
    UNREADABLE,
    AuditEntry,
    AuditRecord,
    AuditTrail,
    IndexRow,
    action_term,
    actor_term,
    request_term,
)
from mastery_engine.ports.backup_target import BackupTarget
from mastery_engine.ports.cache import Cache, Cached, Fill
from mastery_engine.ports.clock import Clock
from mastery_engine.ports.dead_letters import DeadLetters, DeadLetterSink
from mastery_engine.ports.erasable import ErasableLog, Leftover, RawScan, Retention, Retentions
from mastery_engine.ports.erasure_ledger import ErasureLedger
from mastery_engine.ports.event_codec import EventCodec
from mastery_engine.ports.event_log import (
    WHOLE,
    EventLog,
    LogConsumer,
    LogFollower,
    NewRecord,
    OutputMessage,
    Position,
    Record,
    Results,
    Share,
)
from mastery_engine.ports.flags import Flags
from mastery_engine.ports.limits import WINDOW_SECONDS, Limits, Standing
from mastery_engine.ports.privacy_requests import OpenRequests, PrivacyRequests
from mastery_engine.ports.rewording import Prompt, Rewording, Rewriter
from mastery_engine.ports.rosters import Rosters
from mastery_engine.ports.state_store import ABSENT, Entry, StateStore, Write
from mastery_engine.ports.tenant_book import TenantBook

__all__ = [
    "ABSENT",
    "REFUSED",
    "UNREADABLE",
    "WHOLE",
    "WINDOW_SECONDS",
    "Archive",
    "ArchivedDay",
    "ArchivedEvent",
    "AuditEntry",
    "AuditRecord",
    "AuditTrail",
    "BackupTarget",
    "Cache",
    "Cached",
    "Clock",
    "DeadLetter",
    "DeadLetterSink",
    "DeadLetters",
    "Entry",
    "ErasableLog",
    "Erasure",
    "ErasureLedger",
    "EventCodec",
    "EventLog",
    "Fill",
    "Flags",
    "IndexRow",
    "Leftover",
    "LetterKind",
    "LetterStatus",
    "Limits",
    "LogConsumer",
    "LogFollower",
    "NewRecord",
    "OpenRequests",
    "OutputMessage",
    "Position",
    "PrivacyRequest",
    "PrivacyRequests",
    "Prompt",
    "RawScan",
    "Record",
    "RequestKind",
    "RequestState",
    "Results",
    "Retention",
    "Retentions",
    "Rewording",
    "Rewriter",
    "Rosters",
    "Share",
    "Standing",
    "StateStore",
    "TenantBook",
    "Write",
    "action_term",
    "actor_term",
    "request_term",
]
