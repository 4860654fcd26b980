"""What a lost state store gets back from the stores of record."""

from __future__ import annotations

from mastery_engine.bootstrap.foundation import Foundation
from mastery_engine.engine.recovery import Recovery


def recovery_of(foundation: Foundation) -> Recovery:
    """What gets schools and erasure markers back."""
    return Recovery(foundation.adapters.store, foundation.tenants, foundation.adapters.erasures)
