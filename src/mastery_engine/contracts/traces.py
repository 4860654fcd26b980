"""Where students are mentioned: in keys, in decoded values and, as a last look, in raw bytes.

Ids may be as short as one letter, so nothing is searched for as a mere run of characters. A mention is: a key that names the
student; a text of a decoded value that is the id whole, or has it as `student:{id}` or in quotes, in a field that may hold a
person; in bytes that cannot be decoded, `student:{id}` or a field for persons with that id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast, final

import msgspec

from mastery_engine.contracts.keys import DEFAULT_TENANT, tenant_prefix
from mastery_engine.contracts.stored_keys import SCHOOL

Person = tuple[str, str]
"""Tenant and student id."""

_NAMED: Final = re.compile(r"(?:^|:)student:\{?([A-Za-z0-9_-]+)\}?(?=:|$)")
_TENANT: Final = re.compile(r"school:([a-z0-9][a-z0-9_-]*):")
_IN_TEXT: Final = re.compile(
    r"(?:school:(?P<tenant>[a-z0-9][a-z0-9_-]*):)?student:(?P<named>[A-Za-z0-9_-]+)"
    r"|(?P<quote>['\"])(?P<quoted>[A-Za-z0-9_-]{1,50})(?P=quote)"
)
_PERSONS: Final = ("student_id", "person_id", "student", "subject", "sub")
_NO_PERSONS: Final = frozenset(
    (
        *(
            "tenant_id",
            "cohort_id",
            "course_id",
            "topic_id",
            "quiz_id",
            "exercise_id",
            "submission_id",
            "event_id",
            "event_type",
            "request_id",
        ),
        *("source", "level", "formula", "difficulty", "metadata", "role", "kind", "state", "status", "name"),
        # Of the school's staff, who may have an id like a student's.
        *("actor", "teachers"),
    )
)
"""Fields that hold a word of their own, which may be like somebody's id."""
_DEEPEST: Final = 12


@final
class Traces:
    """Knows the mentions of some students."""

    def __init__(self, people: Iterable[Person], elsewhere: Iterable[str] = ()) -> None:
        """Look for these, at least one.

        Args:
            people: Tenants and students.
            elsewhere: Those of the ids that another tenant's student has too: bytes without a tenant tell nothing of them.
        """
        self.people: Final = frozenset(people)
        self._elsewhere: Final = frozenset(elsewhere)
        self._tenants_of: dict[str, list[str]] = {}
        for tenant_id, student_id in sorted(self.people):
            self._tenants_of.setdefault(student_id, []).append(tenant_id)
        some = "|".join(map(re.escape, self._tenants_of))
        # Before anything is decoded; a sender may have written letters as numbers.
        self._likely = re.compile(rf"{some}|\\u00".encode())

    def of_key(self, key: str) -> Person | None:
        """The student whom a key of the store or of the log names."""
        named = _NAMED.search(key)
        if named is None:
            return None
        found = (tenant_of(key), named[1])
        return found if found in self.people else None

    def of_value(self, value: bytes, tenant_id: str | None = None) -> set[Person]:
        """Those whom a value mentions.

        Args:
            value: JSON, MessagePack, or anything.
            tenant_id: Whose value it is, unless it says so itself; None where that is not known.
        """
        return set(self._of_bytes(value, tenant_id, 0)) if self.might(value) else set()

    def of_persons(self, value: bytes, tenant_id: str | None = None) -> set[Person]:
        """Those whom a value has in a field for persons, or names as `student:{id}`; words like an id are no mention here."""
        return set(self._of_bytes(value, tenant_id, 0, words=False)) if self.might(value) else set()

    def might(self, value: bytes) -> bool:
        """Whether one of the ids stands in a value at all; quickly told, and no mention yet."""
        return self._likely.search(value) is not None

    def in_bytes(self, value: bytes, tenant_id: str | None = None) -> set[Person]:
        """Those of whom bytes hold the name, or a field for persons with the id, decoded or not.

        Args:
            value: Anything.
            tenant_id: Whose value it is; None where that is not known.
        """
        return set(self._of_raw(value, tenant_id)) if self.might(value) else set()

    def of_text(self, text: str, tenant_id: str | None = None) -> set[Person]:
        """Those whom a text of a field for persons, or a message, mentions."""
        return set(self._of_text(text, tenant_id))

    def raw_patterns(self) -> dict[Person, str]:
        """For each student the pattern of bytes that are a mention."""
        return {
            person: (
                name_pattern(person) if person[1] in self._elsewhere else raw_pattern(person)
            ).pattern.decode()
            for person in sorted(self.people)
        }

    def remnant_patterns(self) -> dict[Person, str]:
        """For each student the pattern of bytes that may be what is left of a mention, its beginning written over."""
        return {person: f"{re.escape(person[1])}(?![A-Za-z0-9_-])" for person in sorted(self.people)}

    def _of_bytes(
        self, value: bytes, tenant_id: str | None, depth: int, *, words: bool = True
    ) -> Iterator[Person]:
        for decode in (msgspec.json.decode, msgspec.msgpack.decode):
            try:
                decoded: object = decode(value)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
                continue
            if isinstance(decoded, dict | list):
                yield from self._of_any(cast("object", decoded), tenant_id, depth, words=words)
                return
        yield from self._of_raw(value, tenant_id)

    def _of_raw(self, value: bytes, tenant_id: str | None) -> Iterator[Person]:
        for person in self.people:
            if tenant_id in {None, person[0]} and raw_pattern(person).search(value):
                yield person

    def _of_any(self, value: object, tenant_id: str | None, depth: int, *, words: bool) -> Iterator[Person]:
        if isinstance(value, str):
            yield from self._of_text(value, tenant_id, words=words)
        elif isinstance(value, bytes):
            if depth < _DEEPEST:
                yield from self._of_bytes(value, tenant_id, depth + 1, words=words)
        elif isinstance(value, dict):
            fields = cast("dict[Any, object]", value)
            told = fields.get("tenant_id")
            tenant_id = told if isinstance(told, str) else tenant_id
            for name, one in fields.items():
                if name not in _NO_PERSONS and depth < _DEEPEST:
                    yield from self._of_any(name, tenant_id, depth + 1, words=words)
                    yield from self._of_any(one, tenant_id, depth + 1, words=words or name in _PERSONS)
        elif isinstance(value, list) and depth < _DEEPEST:
            for one in cast("list[object]", value):
                yield from self._of_any(one, tenant_id, depth + 1, words=words)

    def _of_text(self, text: str, tenant_id: str | None, *, words: bool = True) -> Iterator[Person]:
        if words:
            yield from self._known(text, tenant_id)
        for found in _IN_TEXT.finditer(text):
            if found["named"] is not None:
                yield from self._known(found["named"], found["tenant"] or tenant_id or DEFAULT_TENANT)
            elif words:
                yield from self._known(found["quoted"], tenant_id)

    def _known(self, student_id: str, tenant_id: str | None) -> Iterator[Person]:
        for tenant in self._tenants_of.get(student_id, ()):
            if tenant_id in {None, tenant}:
                yield tenant, student_id


def tenant_of(key: str) -> str:
    """The tenant of a key that starts with a tenant's prefix."""
    found = _TENANT.match(key) if key.startswith(SCHOOL) else None
    return DEFAULT_TENANT if found is None else found[1]


def raw_pattern(person: Person) -> re.Pattern[bytes]:
    """What bytes have in them that mention a student: the learner's name, or a field for persons with the id.

    The field does not tell the tenant: where another tenant has a student of the same id, it may be that one.
    """
    tenant_id, student_id = person
    before = r"(?<!:)" if tenant_id == DEFAULT_TENANT else ""
    name = f"{before}{re.escape(tenant_prefix(tenant_id))}student:{re.escape(student_id)}(?![A-Za-z0-9_-])"
    return re.compile(f"{name}|{_field(student_id)}".encode())


def name_pattern(person: Person) -> re.Pattern[bytes]:
    """The first half of `raw_pattern`, which tells the tenant too."""
    whole = raw_pattern(person).pattern
    return re.compile(whole.partition(b"|")[0])


def _field(student_id: str) -> str:
    names = "|".join(_PERSONS)
    return rf'"(?:{names})"\s*:\s*"{re.escape(student_id)}"'
