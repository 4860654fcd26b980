"""What the doctor looks at for the doors: tokens, issuer, limits, revocations, erasures that wait, the register of audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Final

from mastery_engine.bootstrap import Engine
from mastery_engine.bootstrap.ledger_copying import copy_of
from mastery_engine.bootstrap.limits import shared_limits
from mastery_engine.bootstrap.tokens import published_algorithms
from mastery_engine.cli.check import Check, tried, works
from mastery_engine.cli.words import counted
from mastery_engine.config import SHORTEST_SECRET_BYTES, Settings
from mastery_engine.contracts import keys
from mastery_engine.domain.calendar import DAY_MS, moment_of
from mastery_engine.domain.errors import ConfigurationError, DependencyDown, MasteryError

_PATIENT_SECONDS: Final = 5.0
"""How long shared limits may take to answer a process that has only just begun; a service waits less."""
_KEY: Final = "doctor"
_MOST: Final = 1_000
_ERASURES: Final = ("erasure", "tenant_erasure")


def secrets(settings: Settings) -> Iterator[Check]:
    """Whether the secrets are there and as long as they must be."""
    try:
        settings.check_secrets()
    except MasteryError as error:
        yield Check(name="secrets", outcome="failed", message=error.message)
        return
    count = len(settings.jwt_secrets)
    if count:
        message = f"{counted(count, 'secret')} of tokens, none shorter than {SHORTEST_SECRET_BYTES} bytes"
    elif settings.checks_tokens:
        message = "no secret of tokens: the issuer's keys verify them"
    else:
        message = "MASTERY_JWT_SECRET is not set: the API makes one of its own at each start"
    yield Check(name="secrets", outcome="ok", message=message)


def tls(settings: Settings) -> Iterator[Check]:
    """Whether a service can speak TLS with the files that are named; nothing where none is."""
    from mastery_engine.api.listening import tls_of

    try:
        context = tls_of(settings)
    except MasteryError as error:
        yield Check(name="tls", outcome="failed", message=error.message)
        return
    if context is not None:
        yield Check(name="tls", outcome="ok", message="certificate and key can be used")


async def doors(settings: Settings) -> AsyncIterator[Check]:
    """What a service asks beside its stores; needs no home, and makes none."""
    yield await _issuer(settings)
    yield await _limits(settings)


async def within(engine: Engine) -> AsyncIterator[Check]:
    """What an open engine can tell: revocations, and erasures that wait."""
    home = engine.settings.home
    revoked = "the state store tells which tokens are revoked"
    yield await works("revocations", _revocations(engine), revoked, home)
    yield await tried("erasures", _erasures(engine), home)
    yield await tried("ledger copy", _ledger_copy(engine), home)
    register = "its register holds; every record: mastery audit verify"
    yield await works("audit trail", _register(engine), register, home)


async def _issuer(settings: Settings) -> Check:
    if not settings.jwt_jwks_url:
        return Check(name="issuer", outcome="ok", message="none is named (MASTERY_JWT_JWKS_URL)")
    hours = f"{settings.jwt_jwks_stale_seconds / 3_600:g} hours"
    try:
        found = Counter(await published_algorithms(settings))
    except DependencyDown as error:
        message = (
            f"{error.message}; services that have its keys use them until these are {hours} old "
            "(`issuer_keys` at /ready), new ones take no token"
        )
        return Check(name="issuer", outcome="failed", message=message)
    except MasteryError as error:
        return Check(name="issuer", outcome="failed", message=error.message)
    told = ", ".join(f"{number} {algorithm}" for algorithm, number in sorted(found.items()))
    message = f"gives {counted(found.total(), 'key')} ({told}); a service keeps them for {hours} at most"
    return Check(name="issuer", outcome="ok", message=message)


async def _limits(settings: Settings) -> Check:
    try:
        opens = shared_limits(settings, _PATIENT_SECONDS)
        if opens is None:
            message = (
                "each process counts for itself; replicas count together in a Redis (MASTERY_LIMITS_URL)"
            )
            return Check(name="limits", outcome="ok", message=message)
        limits = opens()
        try:
            # As a request does: who may not write there, or run a script, would still answer a ping.
            await limits.take(_KEY, _MOST)
        finally:
            await limits.close()
    except DependencyDown as error:
        message = f"{error.message}; until then each process counts for itself"
        return Check(name="limits", outcome="warning", message=message)
    except MasteryError as error:
        return Check(name="limits", outcome="failed", message=error.message)
    return Check(name="limits", outcome="ok", message="replicas count together, in the Redis that answers")


async def _ledger_copy(engine: Engine) -> Check:
    name = "ledger copy"
    async with copy_of(engine) as copy:
        if copy is None:
            message = "none is kept (MASTERY_LEDGER_COPY_URL): a restore of everything brings back who was erased since"
            return Check(name=name, outcome="ok", message=message)
        standing = await copy.standing()
    if not standing.lacking and not standing.unknown:
        return Check(name=name, outcome="ok", message="knows what the erasure ledger knows")
    message = (
        f"lacks {standing.lacking:,} of the ledger's erasures, and knows {standing.unknown:,} that it does not; "
        "`mastery serve` brings both to the same"
    )
    return Check(name=name, outcome="warning", message=message)


async def _register(engine: Engine) -> None:
    # Short, whatever the trail's length: it tells a database that was begun anew, and another key of the hashes.
    (report,) = await engine.audit.check(())
    if not report.holds:
        said = report.problem or f"note {report.broken_at} was changed, put in or taken out"
        raise ConfigurationError(
            f"its register does not hold: {said}. See that archive.db or its database, and the key of the hashes, are those "
            "of before; put them back from a backup. All of it: mastery audit verify"
        )


async def _revocations(engine: Engine) -> None:
    tenants = await engine.tenants.list()
    await engine.adapters.store.get_many([keys.newest_revocation(one.tenant_id) for one in tenants])


async def _erasures(engine: Engine) -> Check:
    told = await engine.adapters.privacy_requests.open_requests()
    waiting = [one for one in told if one.kind in _ERASURES]
    if not waiting:
        return Check(name="erasures", outcome="ok", message="0 open")
    oldest_ms = min(one.oldest_ms for one in waiting)
    since = f"{moment_of(oldest_ms):%Y-%m-%d %H:%M} UTC"
    message = f"{sum(one.number for one in waiting):,} open, the oldest since {since}"
    if engine.adapters.clock.now_ms() - oldest_ms <= DAY_MS:
        return Check(name="erasures", outcome="ok", message=message)
    advice = (
        "longer than a day: see that `mastery serve` runs, and `erasures` at its /ready; "
        "which: mastery privacy requests"
    )
    return Check(name="erasures", outcome="warning", message=f"{message}, {advice}")
