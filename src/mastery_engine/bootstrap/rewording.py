"""The language model of the settings, where one is named."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from mastery_engine.bootstrap.extras import require
from mastery_engine.config import Settings
from mastery_engine.ports import Clock, StateStore

if TYPE_CHECKING:
    from mastery_engine.engine.rewording import ReasonRewording


def rewording_of(
    settings: Settings, store: StateStore, clock: Clock, stack: AsyncExitStack
) -> ReasonRewording | None:
    """Who rewords reasons, None where nobody does; nothing is asked yet, and `stack` closes it.

    Raises:
        ConfigurationError: The endpoint must not be used, or the extra is not installed.
    """
    settings.check_rewording()
    if not settings.rewording_url:
        return None
    require("llm", ("httpx",), "MASTERY_REWORDING_URL")
    # Only where it is used, for the short commands' sake.
    from mastery_engine.adapters.llm.chat import ChatCompletions  # noqa: PLC0415
    from mastery_engine.engine.rewording import ReasonRewording  # noqa: PLC0415
    from mastery_engine.engine.rewording_budget import TokenBudget  # noqa: PLC0415

    key = settings.rewording_api_key
    model = ChatCompletions(
        settings.rewording_url, settings.rewording_model, "" if key is None else key.get_secret_value()
    )
    stack.push_async_callback(model.close)
    budget = TokenBudget(store, clock, settings.rewording_tokens_per_day)
    return ReasonRewording(model, budget, clock, settings.rewording_seconds)
