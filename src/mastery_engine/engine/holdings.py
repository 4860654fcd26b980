"""What is held on a student, save what is read in pages: gathered once, before the first byte of an export."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, NamedTuple, final

from msgspec import Struct

from mastery_engine import __version__
from mastery_engine.contracts import keys
from mastery_engine.contracts import student_export as form
from mastery_engine.contracts.document import TOMBSTONE, Document, decode_document
from mastery_engine.contracts.document_view import document_view
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.contracts.results_export import StudentResults, scope_result
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import Calendar, date_of
from mastery_engine.domain.cohort import Cohort
from mastery_engine.domain.errors import NotFound
from mastery_engine.domain.scores import Formula
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.restrictions import in_force
from mastery_engine.engine.tenant_settings import TenantSettings
from mastery_engine.ports import Archive, AuditTrail, Clock, DeadLetters, PrivacyRequests, Rosters, StateStore

_PAGE: Final = 1_000


class ExportPorts(Struct, frozen=True, kw_only=True):
    """Where something is held on a student."""

    store: StateStore
    archive: Archive
    dead_letters: DeadLetters
    audit: AuditTrail
    rosters: Rosters
    requests: PrivacyRequests
    clock: Clock


class Held(NamedTuple):
    """What is held on a student, save what is read in pages."""

    tenant: Tenant
    student_id: str
    document: Document | None
    formula: Formula
    classes: list[Cohort]
    requests: list[PrivacyRequest]
    made_ms: int
    told: form.ExportedStudent


@final
class Holdings:
    """Gathers it."""

    def __init__(
        self,
        ports: ExportPorts,
        settings: TenantSettings,
        formulas: FormulaChoice,
        pseudonyms: keys.Pseudonyms,
    ) -> None:
        """Put the parts together."""
        self._ports = ports
        self._settings = settings
        self._formulas = formulas
        self._pseudonyms = pseudonyms

    async def of_student(self, tenant: Tenant, student_id: str, made_ms: int) -> Held:
        """What is held on a student, save what is read in pages; the access must be on record already."""
        ports, tenant_id = self._ports, tenant.tenant_id
        subject = self._pseudonyms.of(tenant_id, student_id)
        (entry,) = await ports.store.get_many([keys.document(tenant_id, student_id)])
        document = None if entry is None or entry.value == TOMBSTONE else decode_document(entry.value)
        formula = await self._formulas.now(tenant, student_id)
        classes = [one async for one in self._classes(tenant_id, student_id)]
        requests = [one async for one in self._requests(tenant_id, subject)]
        privacy = await self._settings.privacy(tenant_id)
        told = form.ExportedStudent(
            format=form.FORMAT,
            student_id=student_id,
            made_at=form.iso(made_ms),
            engine_version=__version__,
            school=form.ExportedSchool(
                tenant_id=tenant_id,
                retention_days=tenant.retention_days,
                time_zone=tenant.time_zone,
                formula=formula.id,
                legal_basis=privacy.legal_basis,
                purposes=privacy.purposes,
                controller=privacy.controller,
                dpo=privacy.dpo,
            ),
            restricted=await in_force(ports.requests, tenant_id, subject) is not None,
            profile=_profile(student_id, document, formula, Calendar(tenant.time_zone).day(made_ms)),
            classes=[membership for one in classes for membership in _memberships(one, student_id)],
            requests=[_request(one) for one in requests],
            document=None if document is None else document_view(document),
        )
        return Held(tenant, student_id, document, formula, classes, requests, made_ms, told)

    async def _classes(self, tenant_id: str, student_id: str) -> AsyncIterator[Cohort]:
        after = ""
        while page := await self._ports.rosters.list(tenant_id, after=after, limit=_PAGE):
            for one in page:
                if any(member.person_id == student_id for member in one.students):
                    yield one
            after = page[-1].cohort_id

    async def _requests(self, tenant_id: str, subject: str) -> AsyncIterator[PrivacyRequest]:
        after: tuple[int, str] | None = None
        while page := await self._ports.requests.find(tenant_id=tenant_id, subject=subject, after=after):
            for one in page:
                yield one
            after = (page[-1].asked_ms, page[-1].request_id)


def _profile(
    student_id: str, document: Document | None, formula: Formula, today: int
) -> StudentResults | None:
    if document is None or document.state.newest_day < 0:
        return None
    state, day = document.state, max(today, document.state.newest_day)
    try:
        overall = scope_result(state.result(formula, day, None))
    except NotFound:
        return None
    courses = {one: scope_result(state.result(formula, day, one)) for one in state.course_ids(day)}
    return StudentResults(student_id=student_id, as_of=date_of(day), overall=overall, courses=courses)


def _memberships(cohort: Cohort, student_id: str) -> list[form.ExportedMembership]:
    """The student's own; who else is in the class is not told."""
    return [
        form.ExportedMembership(
            cohort_id=cohort.cohort_id,
            name=cohort.name,
            start=None if one.start is None else one.start.isoformat(),
            end=None if one.end is None else one.end.isoformat(),
        )
        for one in cohort.students
        if one.person_id == student_id
    ]


def _request(request: PrivacyRequest) -> form.ExportedRequest:
    return form.ExportedRequest(
        request_id=request.request_id,
        kind=request.kind,
        state=request.state,
        asked_at=form.iso(request.asked_ms),
        changed_at=form.iso(request.changed_ms),
    )
