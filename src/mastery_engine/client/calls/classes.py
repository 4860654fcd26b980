"""Classes: who teaches whom, and when."""

from __future__ import annotations

import msgspec

from mastery_engine.client.call import API, Call, enveloped, path
from mastery_engine.contracts.cohort_summary import CohortSummary
from mastery_engine.contracts.pages import Page
from mastery_engine.contracts.roster_report import RosterReport
from mastery_engine.domain.cohort import Cohort
from mastery_engine.domain.enrolment import Mode


def cohorts(*, limit: int = 100) -> Call[Page[CohortSummary]]:
    """Those that the caller may see, so many (1 to 500) on a page."""
    return Call("GET", f"{API}/cohorts", enveloped(Page[CohortSummary]), query={"limit": limit})


def cohort(cohort_id: str) -> Call[Cohort]:
    """One class; `Reply.etag` tells which state of it."""
    return Call("GET", path("/cohorts/{}", cohort_id), enveloped(Cohort))


def put_cohort(cohort: Cohort, *, etag: str | None = None, only_new: bool = False) -> Call[Cohort]:
    """A class made, or another roster in the place of its old one.

    Args:
        cohort: The whole of it.
        etag: Of a read: it is replaced only if it is still what was read, else Conflict is raised.
        only_new: It is made only if there is none, else Conflict is raised.
    """
    sent = {"name": cohort.name, "teachers": cohort.teachers, "students": cohort.students}
    conditional = etag is not None or only_new
    return Call(
        "PUT",
        path("/cohorts/{}", cohort.cohort_id),
        enveloped(Cohort),
        body=msgspec.json.encode(sent),
        headers=_if_match(etag) | ({"If-None-Match": "*"} if only_new else {}),
        # Sent again after a lost answer, the condition would no longer hold, though it was this call that changed it.
        repeatable=not conditional,
    )


def delete_cohort(cohort_id: str, *, etag: str | None = None) -> Call[Cohort]:
    """A class removed; answers what it was."""
    # Sent again after a lost answer, it would not be found.
    return Call(
        "DELETE",
        path("/cohorts/{}", cohort_id),
        enveloped(Cohort),
        headers=_if_match(etag),
        repeatable=False,
    )


def import_cohorts(table: bytes, *, mode: Mode = "replace", dry_run: bool = False) -> Call[RosterReport]:
    """Classes from a CSV file.

    Args:
        table: The file.
        mode: Whether who is not in it leaves the classes that it names (`replace`) or stays (`merge`).
        dry_run: Tell what would change, and change nothing.
    """
    return Call(
        "POST",
        f"{API}/cohorts/import",
        enveloped(RosterReport),
        query={"mode": mode, "dry_run": "true" if dry_run else "false"},
        body=table,
        media_type="text/csv",
    )


def _if_match(etag: str | None) -> dict[str, str]:
    return {} if etag is None else {"If-Match": etag}
