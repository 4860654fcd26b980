"""The page of an export that people read: plain words, tables, no script, nothing from elsewhere."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from mastery_engine.contracts import student_export as form
from mastery_engine.contracts.results_export import ScopeResult
from mastery_engine.domain.scores import Component

_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{border-bottom:1px solid #8888;padding:.3rem .6rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}caption{text-align:left;font-weight:600;padding:.3rem 0}"
)
_COMPONENTS: Final[dict[Component, str]] = {
    "completion": "Exercises done",
    "quiz": "Quizzes",
    "quality": "Quality of the work handed in",
    "consistency": "Working regularly",
}
_LEVELS: Final = {
    "expert": "expert (90 and more)",
    "proficient": "proficient (75 and more)",
    "competent": "competent (60 and more)",
    "developing": "developing (40 and more)",
    "beginner": "beginner (less than 40)",
}
_KINDS: Final = {
    "exercise.completion.submitted": "Report on exercises done",
    "quiz.performance.submitted": "Quiz",
    "quality.assessment.completed": "Assessment of a piece of work",
    "consistency.activity.recorded": "Days of activity",
    "mastery.calculation.requested": "Question for a score",
}
_ACTIONS: Final = {
    "mastery.read": "looked at the score",
    "mastery.calculate": "calculated what a score would be",
    "history.read": "looked at the history",
    "forecast.read": "looked at the forecast",
    "recommendations.read": "looked at what to do next",
    "cohort.compare": "compared within a class",
    "batch.read": "looked at many students at once",
    "events.ingest": "sent learning events",
    "results.export": "took out everybody's results",
    "state.read": "looked into the stored evidence",
    "student.export": "took out everything held on the student",
    "tenant.export": "took out everything held on the school",
    "restriction.write": "changed the restriction of processing",
    "replay.run": "calculated everything anew",
    "audit.read": "looked at this list",
}
_BASES: Final = {
    "consent": "consent (GDPR Article 6(1)(a))",
    "contract": "a contract (GDPR Article 6(1)(b))",
    "legal_obligation": "a legal obligation (GDPR Article 6(1)(c))",
    "vital_interests": "vital interests (GDPR Article 6(1)(d))",
    "public_task": "a task in the public interest (GDPR Article 6(1)(e))",
    "legitimate_interests": "legitimate interests (GDPR Article 6(1)(f))",
}
_FILES: Final = (
    (form.STUDENT, "who this is about, results now, classes, requests, and the stored evidence itself"),
    (form.EVENTS, "every learning event, as it was taken"),
    (form.EVENT_TABLE, "the same as a table for a spreadsheet"),
    (form.RESULT_TABLE, "the results of each day, as a table for a spreadsheet"),
    (form.LETTERS, "records that could not be counted"),
    (form.ACCESSES, "everybody who looked at the data or changed it"),
    (form.KEYS, "what is stored beside, all of it worked out from the events"),
    (form.SCHEMA, "describes the files above for programs"),
    (form.MANIFEST, "sizes and check sums of all files"),
)
_Row = Sequence[str]


class PageFacts:
    """What the page tells, gathered while the other parts are made.

    Attributes:
        told: All but what has lines of its own.
        events: How many by kind and course.
        letters: Records not counted, by reason.
        accesses: The last ones, oldest first.
        all_accesses: How many there are.
    """

    def __init__(self, told: form.ExportedStudent) -> None:
        self.told = told
        self.events: Counter[tuple[str, str]] = Counter()
        self.letters: Counter[str] = Counter()
        self.accesses: deque[form.ExportedAccess] = deque()
        self.all_accesses = 0

    def note_accesses(self, accesses: Sequence[form.ExportedAccess], most: int) -> None:
        """Count these, and keep the last `most` of all."""
        self.all_accesses += len(accesses)
        self.accesses.extend(accesses[-most:])
        while len(self.accesses) > most:
            self.accesses.popleft()


def export_page(facts: PageFacts) -> bytes:
    """The page, valid HTML in UTF-8, whatever ids and names are like."""
    told, school = facts.told, facts.told.school
    kept = (
        "as long as the school keeps it"
        if school.retention_days is None
        else f"{school.retention_days} days after the event, then it is deleted"
    )
    about = [
        ("Student", told.student_id),
        ("School", school.tenant_id),
        ("Made at", told.made_at),
        ("Who answers for it", school.controller or "not told; ask the school"),
        ("Data protection officer", school.dpo or "not told; ask the school"),
        ("Processed for", "; ".join(school.purposes)),
        ("On the ground of", _BASES[school.legal_basis]),
        ("Kept for", kept),
        ("Processing restricted", "yes" if told.restricted else "no"),
    ]
    events = [
        (_KINDS.get(kind, kind), course or "without a course", f"{number:,}")
        for (kind, course), number in sorted(facts.events.items())
    ]
    parts = [
        f"<h1>Everything held on {escape(told.student_id)}</h1>",
        (
            "<p>This is a copy of all that the learning service keeps on this student: what was reported by the learning "
            "programs, the results that follow from it, and who has looked at them.</p>"
        ),
        _table("About this copy", ("", ""), about, first_is_head=True),
        "<h2>Results now</h2>",
        *_results(told),
        "<h2>Where they come from</h2>",
        (
            f"<p>{sum(facts.events.values()):,} learning events are kept. "
            f"{sum(facts.letters.values()):,} records could not be counted.</p>"
        ),
        _table("Learning events", ("What", "Course", "How many"), events),
        _table(
            "Records that could not be counted",
            ("Why", "How many"),
            [(reason, f"{number:,}") for reason, number in sorted(facts.letters.items())],
        ),
        "<h2>Classes</h2>",
        _table(
            "Classes of this student",
            ("Class", "Name", "From", "To"),
            [(one.cohort_id, one.name, one.start or "", one.end or "") for one in told.classes],
        ),
        "<h2>Who saw the data</h2>",
        (
            f"<p>{facts.all_accesses:,} accesses are on record; the last {len(facts.accesses):,} are here, newest first, and "
            f"all of them in the file {form.ACCESSES}. An access that was refused has told nobody anything.</p>"
        ),
        _table(
            "Accesses",
            ("When", "Who", "As", "What for", "Allowed"),
            [
                (
                    one.at,
                    one.who,
                    one.role,
                    _ACTIONS.get(one.action, one.action),
                    "yes" if one.allowed else "no",
                )
                for one in reversed(facts.accesses)
            ],
        ),
        "<h2>Requests about this data</h2>",
        _table(
            "Requests",
            ("Asked for at", "What", "How it stands"),
            [(one.asked_at, one.kind.replace("_", " "), one.state) for one in told.requests],
        ),
        "<h2>Files</h2>",
        _table("Files beside this page", ("File", "What it holds"), _FILES),
    ]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>Everything held on {escape(told.student_id)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def _results(told: form.ExportedStudent) -> list[str]:
    if told.profile is None:
        return ["<p>There is no result: no learning event has counted.</p>"]
    scopes = [("All courses together", told.profile.overall)]
    scopes += [(course or "Without a course", result) for course, result in told.profile.courses.items()]
    rows = [(name, _points(result.score), _LEVELS[result.level]) for name, result in scopes]
    return [
        f"<p>At the end of {told.profile.as_of.isoformat()}, in points of 100.</p>",
        _table("Results", ("Course", "Score", "Level"), rows),
        _table("What the score is made of", ("", "Points"), list(_components(told.profile.overall))),
    ]


def _components(result: ScopeResult) -> Iterable[_Row]:
    for name, words in _COMPONENTS.items():
        view = result.components[name]
        yield words, _points(view.value) if view.observed else "nothing reported yet"


def _points(value: float) -> str:
    return f"{value * 100:.1f}"


def _table(caption: str, columns: _Row, rows: Sequence[_Row], *, first_is_head: bool = False) -> str:
    if not rows:
        return f"<p>{escape(caption)}: none.</p>"
    heads = "".join(f'<th scope="col">{escape(one)}</th>' for one in columns)
    head = f"<thead><tr>{heads}</tr></thead>" if any(columns) else ""
    lines = "\n".join(f"<tr>{_cells(row, first_is_head=first_is_head)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption>{head}<tbody>\n{lines}\n</tbody></table>"


def _cells(row: _Row, *, first_is_head: bool) -> str:
    first = f'<th scope="row">{escape(row[0])}</th>' if first_is_head else f"<td>{escape(row[0])}</td>"
    return first + "".join(f"<td>{escape(one)}</td>" for one in row[1:])
