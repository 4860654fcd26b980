"""The copy of the erasure ledger, from the settings."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mastery_engine.bootstrap.foundation import Foundation
from mastery_engine.bootstrap.targets import open_target
from mastery_engine.engine.erasure.ledger_copy import LedgerCopy


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
