"""Bodies that were good JSON before somebody has been at their bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, cast

import requests

from mastery_engine.api.models import STATUS
from mastery_engine.api.openapi import examples
from mastery_engine.api.operation import JSON, Operation
from mastery_engine.api.table import OPERATIONS
from tools.fuzz.run import Run

BODIES: Final = "bodies"
_SECONDS: Final = 30.0
_HUGE: Final = 7 << 20
_DEEPER: Final = 0.9

Mutation = Callable[[bytes, Random], bytes]


def _at(body: bytes, chance: Random, put: bytes) -> bytes:
    place = chance.randrange(len(body) + 1)
    return body[:place] + put + body[place:]


def _flip(body: bytes, chance: Random) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _value(put: str) -> Mutation:
    def mutate(body: bytes, chance: Random) -> bytes:
        marked = json.dumps(_marked(json.loads(body), chance))
        return marked.replace('"MARK"', put).encode("utf-8", errors="surrogatepass")

    return mutate


def _marked(value: Any, chance: Random) -> Any:
    """The same with a mark in the place of one value."""
    if not value or chance.random() > _DEEPER:
        return "MARK"
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        name = chance.choice(sorted(fields))
        return fields | {name: _marked(fields[name], chance)}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        place = chance.randrange(len(items))
        return [*items[:place], _marked(items[place], chance), *items[place + 1 :]]
    return "MARK"


MUTATIONS: Final[Mapping[str, Mutation]] = {
    "truncated": lambda body, chance: body[: chance.randrange(len(body))],
    "twice": lambda body, _: body + body,
    "name-twice": lambda body, _: (
        b'{"student_id": "x", ' + body.lstrip()[1:] if body.lstrip()[:1] == b"{" else body
    ),
    "flipped": _flip,
    "inserted": lambda body, chance: _at(body, chance, chance.randbytes(chance.randint(1, 8))),
    "nul": lambda body, chance: _at(body, chance, b"\0"),
    "bom": lambda body, _: b"\xef\xbb\xbf" + body,
    "utf-16": lambda body, _: body.decode().encode("utf-16"),
    "utf-32": lambda body, _: body.decode().encode("utf-32-be"),
    "latin-1": lambda body, chance: _at(body, chance, b"\xe9"),
    "overlong": lambda body, chance: _at(body, chance, b"\xc0\xaf"),
    "raw-surrogate": lambda body, chance: _at(body, chance, b"\xed\xa0\x80"),
    "comment": lambda body, chance: _at(body, chance, b"/* */"),
    "spaces": lambda body, chance: b" " * chance.randint(1, 100_000) + body,
    "empty": lambda _body, _chance: b"",
    "too-large": lambda body, _: body + b" " * _HUGE,
    "deep-lists": _value("[" * 100_000 + "]" * 100_000),
    "deep-objects": _value('{"a":' * 5_000 + "1" + "}" * 5_000),
    "open-lists": _value("[" * 500_000),
    "huge-number": _value("9" * 100_000),
    "huge-exponent": _value("1e999999999"),
    "small-exponent": _value("1e-999999999"),
    "64-bits": _value("18446744073709551616"),
    "minus-zero": _value("-0.0"),
    "nan": _value("NaN"),
    "infinity": _value("-Infinity"),
    "lone-surrogate": _value(r'"\ud800"'),
    "escaped-nul": _value(r'"\u0000"'),
    "long-text": _value('"' + "x" * 900_000 + '"'),
    "right-to-left": _value('"\u202e\u2066 a"'),
    "proto": _value('{"__proto__": {"role": "admin"}}'),
    "many-names": _value("{" + ",".join(f'"n{number}": 0' for number in range(50_000)) + "}"),
    "null": _value("null"),
    "true": _value("true"),
}


def ask_with_bodies(run: Run) -> None:
    """Send each mutation of each operation's example, as an admin."""
    known = examples()
    chance = run.chance(BODIES)
    rows = [
        row for row in OPERATIONS if row.media_type in {JSON, "application/cloudevents+json"} and row.request
    ]
    asked = [(row, name) for row in rows for name in MUTATIONS if run.wants(f"{row.name}:{name}")]
    chance.shuffle(asked)
    bearer = run.people.bearer("admin")
    with requests.Session() as session:
        for row, name in asked:
            if run.over:
                return
            body = json.dumps(known[row.name]["request"], ensure_ascii=False).encode()
            changed = MUTATIONS[name](body, run.chance(f"{row.name}:{name}"))
            path = row.path
            for parameter, value in known[row.name].get("parameters", {}).items():
                path = path.replace(f"{{{parameter}}}", value)
            headers = bearer | {"Content-Type": row.media_type}
            what = f"{row.name}:{name}"
            try:
                answer = session.request(
                    row.method.upper(),
                    run.service.url + path,
                    data=changed,
                    headers=headers,
                    timeout=_SECONDS,
                )
            except requests.RequestException as error:
                run.note(BODIES, what, f"no answer: {type(error).__name__}", str(error))
                continue
            sent = changed[:2_000].decode("utf-8", errors="replace")
            run.judge(
                BODIES, what, answer.status_code, answer.headers, answer.content, role="admin", sent=sent
            )
            if answer.status_code not in _documented(row):
                rule = f"{answer.status_code} is not in the document"
                run.note(BODIES, what, rule, f"{sent} -> {answer.text[:500]}")


def _documented(row: Operation) -> set[int]:
    return {row.status, *(status for status, _ in row.others), *(STATUS[code] for code in row.codes)}
