"""Tokens that held before somebody has been at them."""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import requests

from tools.fuzz.people import OTHER
from tools.fuzz.run import Run

TOKENS: Final = "tokens"
_SECONDS: Final = 30.0
_ALPHABET: Final = string.ascii_letters + string.digits + "-_"
_OF_EACH: Final = 5


def _packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _opened(part: str) -> dict[str, Any]:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _character(token: str, chance: Random) -> str:
    # Not the very last one: of it two bits say nothing, and a token has no twin only if they are looked at.
    place = chance.randrange(len(token) - 1)
    other = chance.choice([one for one in _ALPHABET + ".=+/% \t" if one != token[place]])
    return token[:place] + other + token[place + 1 :]


def _claim(**changed: object) -> Callable[[str, Random], str]:
    def mutate(token: str, _chance: Random) -> str:
        head, payload, signature = token.split(".")
        return f"{head}.{_packed(_opened(payload) | changed)}.{signature}"

    return mutate


def _header(**changed: object) -> Callable[[str, Random], str]:
    def mutate(token: str, _chance: Random) -> str:
        head, payload, signature = token.split(".")
        return f"{_packed(_opened(head) | changed)}.{payload}.{signature}"

    return mutate


MUTATIONS: Final[Mapping[str, Callable[[str, Random], str]]] = {
    "character": _character,
    "shorter": lambda token, chance: token[: chance.randrange(1, len(token))],
    "longer": lambda token, chance: token + "".join(chance.choices(_ALPHABET, k=chance.randint(1, 40))),
    "swapped": lambda token, _: ".".join(reversed(token.split("."))),
    "unsigned": lambda token, _: token.rpartition(".")[0] + ".",
    "two-parts": lambda token, _: token.rpartition(".")[0],
    "five-parts": lambda token, _: f"{token}.{token.partition('.')[2]}",
    "padded": lambda token, _: token + "==",
    "capitals": lambda token, _: token.swapcase(),
    "huge": lambda token, _: token + "A" * 9_000,
    "role": _claim(role="admin", sub="root"),
    "subject": _claim(sub=OTHER),
    "school": _claim(tenant_id="north"),
    "later": _claim(exp=1 << 40),
    "none": _header(alg="none"),
    "rs256": _header(alg="RS256"),
    "key-inside": _header(jwk={"kty": "oct", "k": "AAAA"}),
    "key-elsewhere": _header(jku="http://127.0.0.1:9/keys", kid="../../dev/null"),
    "critical": _header(crit=["b64"], b64=False),
}


def ask_with_tokens(run: Run) -> None:
    """Ask with each mutation: 401 each time, whatever the token said before."""
    with requests.Session() as session:
        for name, mutation in MUTATIONS.items():
            chance = run.chance(name)
            for role in run.roles if run.wants(name) else ():
                for _ in range(_OF_EACH):
                    if run.over:
                        return
                    _ask(run, session, name, mutation(run.people.token(role), chance))


def _ask(run: Run, session: requests.Session, name: str, token: str) -> None:
    url = f"{run.service.url}/api/v1/students/{OTHER}/mastery"
    try:
        answer = session.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS)
    except requests.RequestException as error:
        run.note(TOKENS, name, f"no answer: {type(error).__name__}", str(error))
        return
    run.judge(TOKENS, name, answer.status_code, answer.headers, answer.content, role="student", sent=url)
    # Of headers that are too long together the server says so itself.
    if answer.status_code != requests.codes.unauthorized:
        run.note(TOKENS, name, f"{answer.status_code} for a token that cannot hold", token[:200])
