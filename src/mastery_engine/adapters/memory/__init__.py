"""Every port in plain memory, for tests, simulations and trying out."""

from mastery_engine.adapters.memory.archive import MemoryArchive
from mastery_engine.adapters.memory.audit import MemoryAuditTrail
from mastery_engine.adapters.memory.cache import MemoryCache
from mastery_engine.adapters.memory.erasures import MemoryErasureLedger
from mastery_engine.adapters.memory.limits import MemoryLimits
from mastery_engine.adapters.memory.log import MemoryEventLog, MemoryLogConsumer, MemoryResults
from mastery_engine.adapters.memory.privacy_requests import MemoryPrivacyRequests
from mastery_engine.adapters.memory.records import MemoryDeadLetters, MemoryRosters, MemoryTenantBook
from mastery_engine.adapters.memory.state import MemoryStateStore

__all__ = [
    "MemoryArchive",
    "MemoryAuditTrail",
    "MemoryCache",
    "MemoryDeadLetters",
    "MemoryErasureLedger",
    "MemoryEventLog",
    "MemoryLimits",
    "MemoryLogConsumer",
    "MemoryPrivacyRequests",
    "MemoryResults",
    "MemoryRosters",
    "MemoryStateStore",
    "MemoryTenantBook",
]
