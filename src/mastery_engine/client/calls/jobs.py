"""What takes longer than an answer."""

from __future__ import annotations

from mastery_engine.client.call import Call, asking, enveloped, path
from mastery_engine.contracts.job_view import BatchView, JobView


def job(job_id: str) -> Call[JobView]:
    """How a job stands."""
    return Call("GET", path("/jobs/{}", job_id), enveloped(JobView))


def cancel_job(job_id: str) -> Call[JobView]:
    """A job that ends after the part under way."""
    return Call("DELETE", path("/jobs/{}", job_id), enveloped(JobView))


def read_batch(batch_id: str, *, limit: int = 100) -> Call[BatchView]:
    """A batch that became a job (`batch`), with a page of its results once it is done; `Call.after` gives the next one."""
    return Call("GET", path("/batch/{}", batch_id), enveloped(BatchView), query={"limit": limit})


def replay(
    *, student_id: str | None = None, formula: str | None = None, switch: bool = True
) -> Call[JobView]:
    """A job that rebuilds from the archive.

    Args:
        student_id: One student; None means all who have an archived event.
        formula: What would change under this formula, changing nothing; None rebuilds.
        switch: Whether a live state that differs is replaced.
    """
    asked = {"student_id": student_id, "formula": formula, "switch": switch}
    return asking("/replays", asked, JobView).once()
