"""The tombstone in place of a student's document: whoever reads finds nobody, and whoever writes what was read before fails."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, final

from msgspec.structs import replace

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE, DamagedDocument, decode_document
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.domain.errors import Conflict, DependencyDown
from mastery_engine.engine.erasure.parts import Case, ErasurePorts
from mastery_engine.engine.erasure.sweep_state import StateSweep
from mastery_engine.ports import ABSENT, Write

_TRIES: Final = 1_000
_MOST_DAYS: Final = 400
_REMOVED: Final = "removed "


@final
class Burial:
    """Puts tombstones, and notes in the request what nobody could tell from the tombstone."""

    def __init__(self, ports: ErasurePorts) -> None:
        """Work on the ports."""
        self._ports = ports
        self._state = StateSweep(ports.store, ports.pseudonyms)

    async def bury(self, case: Case, *, also_absent: bool) -> None:
        """Put the tombstone in the place of a document, once it is noted on which days there may be results.

        Args:
            case: Whose; its request notes the progress.
            also_absent: Whether to put one where there is no document too. Only the eraser does, who takes it away again.

        Raises:
            Conflict: The request was ended by somebody else.
            DependencyDown: The store does not answer, or the document kept changing.
        """
        store, key = self._ports.store, keys.document(*case.person)
        for _ in range(_TRIES):
            (entry,) = await store.get_many([key])
            if entry is None and not also_absent:
                return
            if entry is not None and entry.value == TOMBSTONE:
                return
            if entry is not None:
                # Counted before it goes: whoever goes on after a crash finds the tombstone.
                case.found["documents"] = 1
                await self._note_days(case, entry.value)
            version = ABSENT if entry is None else entry.version
            try:
                if (await store.write_many([Write(key, TOMBSTONE, version)]))[0]:
                    return
            except DependencyDown:
                # It may be there; whoever comes next sees.
                await store.ping()
        raise DependencyDown("a document kept changing under the eraser; it tries again")

    async def unearth(self, case: Case) -> None:
        """Take the tombstone away, if it still is one."""
        store, key = self._ports.store, keys.document(*case.person)
        (entry,) = await store.get_many([key])
        if entry is not None and entry.value == TOMBSTONE:
            await store.write_many([Write(key, None, entry.version)])

    async def note(self, case: Case, told: dict[str, int | str]) -> None:
        """Keep in the request how far it is, and what was removed so far."""
        counted: dict[str, int | str] = {
            f"{_REMOVED}{kind}": number for kind, number in case.found.items() if number
        }
        await self.change(case, progress={**case.request.progress, **counted, **told})

    async def change(self, case: Case, **changes: Any) -> None:
        """Change the case's request, whatever it has become meanwhile.

        Raises:
            Conflict: It was ended by somebody else, or keeps changing.
        """
        for _ in range(_TRIES):
            changed = replace(case.request, changed_ms=self._ports.clock.now_ms(), **changes)
            if await self._ports.requests.replace(changed, case.request):
                case.request = changed
                return
            now = await self._ports.requests.get(case.request.request_id)
            if now is None or now.state != "open":
                raise Conflict(f"request {case.request.request_id} was ended by somebody else")
            case.request = now
        raise Conflict(f"request {case.request.request_id} keeps changing")

    async def _note_days(self, case: Case, value: bytes) -> None:
        try:
            document = decode_document(value)
        except DamagedDocument:
            await self.note(case, {})
            return
        state = document.state
        days: dict[str, int | str] = {}
        if state.newest_day >= 0:
            # Where a tenant keeps for ever, the archive tells the older ones.
            first = max(state.kept_from, state.newest_day - _MOST_DAYS)
            days = {"first_day": first - 1, "last_day": state.newest_day + 1}
        await self.note(case, days)
        ids = [outcome.event_id for outcome in document.outcomes]
        case.found["processed"] += await self._state.processed(case.person, ids)
        await self.note(case, {})


def counted_before(request: PrivacyRequest) -> Counter[str]:
    """What was removed before a crash, as far as its progress had been noted."""
    return Counter(
        {
            name.removeprefix(_REMOVED): number
            for name, number in request.progress.items()
            if name.startswith(_REMOVED) and isinstance(number, int)
        }
    )
