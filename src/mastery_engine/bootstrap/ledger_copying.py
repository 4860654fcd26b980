"""The copy of the erasure ledger, from the settings."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mastery_engine.bootstrap.foundation import Foundation
from mastery_engine.bootstrap.targets import open_target
from mastery_engine.config import Settings
from mastery_engine.contracts.ledger_copy import newest
from mastery_engine.engine.erasure.ledger_copy import LedgerCopy, begun_names, check_identity


@asynccontextmanager
async def copy_of(foundation: Foundation) -> AsyncGenerator[LedgerCopy | None]:
    """The copy that the settings name, None where they name none.

    Raises:
        InvalidInput: The setting is another kind of URL.
        ConfigurationError: The extra `objects` is not installed, or the object store cannot be used.
    """
    address, adapters = foundation.settings.ledger_copy_url, foundation.adapters
    if not address:
        yield None
        return
    async with open_target(address) as target:
        yield LedgerCopy(target, adapters.erasures, adapters.store, foundation.pseudonyms)


async def copied_students(settings: Settings, known: str | None) -> int:
    """Of how many students the copy knows an erasure, for a home that is not there yet; 0 where none is kept.

    Args:
        settings: Tell where it is.
        known: Which copy a backup knows; None if it knows none.

    Raises:
        DependencyDown: The place does not answer.
        InvalidInput: The setting is another kind of URL.
        ConfigurationError: No copy was begun there, it is another one, or the place cannot be used.
    """
    if not settings.ledger_copy_url:
        return 0
    async with open_target(settings.ledger_copy_url) as target:
        names = await begun_names(target)
        await check_identity(target, known)
        return len(newest(names))
