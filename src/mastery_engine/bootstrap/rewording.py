"""The language model of the settings, where one is named."""

from __future__ import annotations

from contextlib import AsyncExitStack

from mastery_engine.bootstrap.extras import require
from mastery_engine.config import Settings
from mastery_engine.engine.rewording import ReasonRewording
from mastery_engine.engine.rewording_budget import TokenBudget
from mastery_engine.ports import Clock, StateStore


def rewording_of(
    settings: Settings, store: StateStore, clock: Clock, stack: AsyncExitStack
) -> ReasonRewording:
    """Who rewords reasons; nothing is asked yet, and `stack` closes it.

    Raises:
        ConfigurationError: The extra is not installed.
    """
    require("llm", ("httpx",), "MASTERY_REWORDING_URL")
    from mastery_engine.adapters.llm.chat import ChatCompletions  # noqa: PLC0415 - only where it is used

    key = settings.rewording_api_key
    model = ChatCompletions(
        settings.rewording_url, settings.rewording_model, "" if key is None else key.get_secret_value()
    )
    stack.push_async_callback(model.close)
    budget = TokenBudget(store, clock, settings.rewording_tokens_per_day)
    return ReasonRewording(model, budget, clock, settings.rewording_seconds)
