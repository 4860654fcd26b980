"""What all parts of an engine are built on, whoever builds them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from mastery_engine.bootstrap.choice import MEMORY_URL, Adapters
from mastery_engine.config import Settings
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.domain.formulas import Formulas
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.learners import Learners, StoredLearners
from mastery_engine.engine.lifetimes import Lifetimes
from mastery_engine.engine.tenants import TenantDirectory

if TYPE_CHECKING:
    # Not in the way of a command that asks once.
    from mastery_engine.engine.cached_learners import CachedLearners
    from mastery_engine.engine.live import LiveHub
    from mastery_engine.engine.rewording import ReasonRewording

CONSUMER_GROUP: Final = "mastery-engine"
PROCESSED_KEPT_SECONDS: Final = 14 * 86_400
"""On Kafka: twice as long as the requests, so that whatever may come again is known."""


@dataclass(frozen=True)
class Foundation:
    """Settings, what they name, and what follows from them for everybody.

    Attributes:
        cached: Learners kept in memory, where a process serves many questions.
        live: Tells those who follow a learner, there too.
        rewording: Says reasons in other words, where a language model is named.
    """

    settings: Settings
    adapters: Adapters
    formulas: Formulas
    choice: FormulaChoice
    pseudonyms: Pseudonyms
    cached: CachedLearners | None = None
    live: LiveHub | None = None
    rewording: ReasonRewording | None = None

    @cached_property
    def group(self) -> str:
        """Consumer group of those who fold. A state in memory begins from nothing, and so does its group."""
        forgetful = self.adapters.apart is not None and self.settings.store_url == MEMORY_URL
        return self.settings.kafka_prefix + CONSUMER_GROUP + (f"-{uuid4()}" if forgetful else "")

    @cached_property
    def tenants(self) -> TenantDirectory:
        """Tenants."""
        return TenantDirectory(self.adapters.store, self.formulas, self.adapters.tenant_book)

    @cached_property
    def learners(self) -> Learners:
        """States of learners, for those who only read them."""
        return self.cached or StoredLearners(self.adapters.store)

    @cached_property
    def lifetimes(self) -> Lifetimes:
        """How long keys live."""
        return Lifetimes() if self.adapters.apart is None else Lifetimes(PROCESSED_KEPT_SECONDS)
