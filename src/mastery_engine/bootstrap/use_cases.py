"""What doors ask for and answer, each part built when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mastery_engine.bootstrap.foundation import Foundation
from mastery_engine.engine.access import Access
from mastery_engine.engine.advise import Advice
from mastery_engine.engine.analytics import Analytics
from mastery_engine.engine.ingest import Ingest
from mastery_engine.engine.judge import Judge
from mastery_engine.engine.predict import Predictions
from mastery_engine.engine.query import Queries
from mastery_engine.engine.reading import Reader
from mastery_engine.engine.restrictions import Restrictions

if TYPE_CHECKING:
    # Imported where they are used: a reading command starts in half the time without them.
    from mastery_engine.engine.audit_search import AuditDesk
    from mastery_engine.engine.cohorts import Cohorts
    from mastery_engine.engine.export import Exports
    from mastery_engine.engine.idempotency import Idempotency
    from mastery_engine.engine.letters import DeadLetterDesk
    from mastery_engine.engine.live_updates import LiveUpdates
    from mastery_engine.engine.replay import Replay
    from mastery_engine.engine.revocations import Revocations
    from mastery_engine.engine.roster_import import RosterImport
    from mastery_engine.engine.roster_writes import RosterWrites
    from mastery_engine.engine.stream_tickets import StreamTickets
    from mastery_engine.engine.tenant_settings import TenantSettings
    from mastery_engine.engine.what_if import WhatIf


@dataclass(frozen=True)
class UseCases(Foundation):
    """Questions, events and what is managed."""

    @cached_property
    def access(self) -> Access:
        """Who may do what."""
        ours = self.adapters
        return Access(ours.rosters, ours.audit, self.pseudonyms, ours.clock, self.restrictions)

    @cached_property
    def restrictions(self) -> Restrictions:
        """Who is restricted."""
        ours = self.adapters
        return Restrictions(ours.store, ours.privacy_requests, self.pseudonyms, ours.clock)

    @cached_property
    def revocations(self) -> Revocations:
        """Tokens that hold no longer."""
        from mastery_engine.engine.revocations import Revocations  # noqa: PLC0415 - see above

        return Revocations(
            self.adapters.store, self.tenants, self.access, self.pseudonyms, self.adapters.clock
        )

    @cached_property
    def reader(self) -> Reader:
        """Learners for those who may see them."""
        return Reader(self.learners, self.tenants, self.choice, self.access, self.adapters.clock)

    @cached_property
    def queries(self) -> Queries:
        """How a student stands."""
        return Queries(self.reader)

    @cached_property
    def predictions(self) -> Predictions:
        """Where a student is heading."""
        return Predictions(self.reader)

    @cached_property
    def what_if(self) -> WhatIf:
        """What interventions would change."""
        from mastery_engine.engine.what_if import WhatIf  # noqa: PLC0415 - see above

        return WhatIf(self.reader, self.adapters.clock)

    @cached_property
    def advice(self) -> Advice:
        """What to do next."""
        return Advice(self.reader, self.rewording)

    @cached_property
    def analytics(self) -> Analytics:
        """A student over time and in a class."""
        return Analytics(self.reader, self.adapters.rosters)

    @cached_property
    def cohorts(self) -> Cohorts:
        """Classes."""
        from mastery_engine.engine.cohorts import Cohorts  # noqa: PLC0415 - see above

        return Cohorts(self.reader, self.adapters.rosters, self.roster_writes)

    @cached_property
    def roster_import(self) -> RosterImport:
        """Rosters from other systems."""
        from mastery_engine.engine.roster_import import RosterImport  # noqa: PLC0415 - see above

        return RosterImport(self.reader, self.adapters.rosters, self.roster_writes)

    @cached_property
    def roster_writes(self) -> RosterWrites:
        """Rosters without the erased."""
        from mastery_engine.engine.roster_writes import RosterWrites  # noqa: PLC0415 - see above

        return RosterWrites(self.adapters.rosters, self.adapters.erasures, self.pseudonyms)

    @cached_property
    def live_updates(self) -> LiveUpdates:
        """A student's result as it changes."""
        from mastery_engine.engine.live_updates import LiveUpdates  # noqa: PLC0415 - see above

        return LiveUpdates(self.reader, self.live, self.adapters.clock)

    @cached_property
    def stream_tickets(self) -> StreamTickets:
        """Tickets for those who open a stream without a token."""
        from mastery_engine.engine.stream_tickets import StreamTickets  # noqa: PLC0415 - see above

        return StreamTickets(self.adapters.store, self.adapters.clock)

    @cached_property
    def ingest(self) -> Ingest:
        """Events in."""
        return Ingest(self.adapters.log, Judge(self.tenants), self.adapters.clock, self.adapters.codec)

    @cached_property
    def exports(self) -> Exports:
        """Results of everybody."""
        from mastery_engine.engine.export import Exports  # noqa: PLC0415 - see above

        return Exports(self.reader, self.adapters.store)

    @cached_property
    def letters(self) -> DeadLetterDesk:
        """Dead letters."""
        from mastery_engine.engine.letters import DeadLetterDesk  # noqa: PLC0415 - see above

        ours = self.adapters
        return DeadLetterDesk(
            ours.dead_letters, ours.log, ours.store, self.access, ours.clock, ours.codec, self.tenants
        )

    @cached_property
    def audit(self) -> AuditDesk:
        """Looks into the audit trail."""
        from mastery_engine.engine.audit_search import AuditDesk  # noqa: PLC0415 - see above
        from mastery_engine.engine.audit_witness import Witnesses  # noqa: PLC0415 - see above

        ours = self.adapters
        return AuditDesk(self.reader, self.tenants, ours.audit, self.pseudonyms, Witnesses(ours.store))

    @cached_property
    def replay(self) -> Replay:
        """Rebuilding from the archive."""
        from mastery_engine.bootstrap.replay_parts import replay_of  # noqa: PLC0415 - see above

        return replay_of(self)

    @cached_property
    def idempotency(self) -> Idempotency:
        """Requests that may be sent again."""
        from mastery_engine.engine.idempotency import Idempotency  # noqa: PLC0415 - see above

        return Idempotency(self.adapters.store, self.pseudonyms, self.adapters.clock)

    @cached_property
    def settings_of_tenants(self) -> TenantSettings:
        """Settings of tenants that may change."""
        from mastery_engine.engine.tenant_settings import TenantSettings  # noqa: PLC0415 - see above

        ours = self.adapters
        return TenantSettings(ours.tenant_book, self.tenants, self.access, ours.clock)
