"""Flags through the OpenFeature API, with its in-memory provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

import msgspec
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from mastery_engine.domain.formulas import Rollout

FORMULA_FLAG: Final = "mastery.formula"
EVERY_TENANT: Final = "*"
_OWN: Final = ""
_Value = dict[str, object]


class OpenFeatureFlags:
    """The object flag `mastery.formula`, evaluated with the tenant as targeting key.

    The provider is bound to an OpenFeature domain of this object alone, so the program's default provider and
    other instances are left as they are.
    """

    def __init__(self, rollouts: Mapping[str, Rollout] | None = None) -> None:
        """Bind the flag.

        Args:
            rollouts: Rollout by tenant; that of `*` is for tenants that are not named.
        """
        self._domain = f"mastery-{uuid4()}"
        self._client = api.get_client(self._domain)
        self._bind(rollouts or {})

    async def formula_rollout(self, tenant_id: str, tenant_formula: str) -> Rollout:
        context = EvaluationContext(targeting_key=tenant_id, attributes={"tenant": tenant_id})
        value = await self._client.get_object_value_async(FORMULA_FLAG, {}, context)
        return msgspec.convert(value, Rollout) if value else Rollout(default=tenant_formula)

    async def close(self) -> None:
        """Let go of the rollouts; from then on every tenant has its own formula. Idempotent."""
        self._bind({})

    def _bind(self, rollouts: Mapping[str, Rollout]) -> None:
        variants: dict[str, _Value] = {_OWN: {}}
        variants.update((tenant, msgspec.to_builtins(rollout)) for tenant, rollout in rollouts.items())
        flag = InMemoryFlag(_OWN, variants, context_evaluator=_by_tenant)
        api.set_provider_and_wait(InMemoryProvider({FORMULA_FLAG: flag}), self._domain)


def _by_tenant(flag: InMemoryFlag[_Value], context: EvaluationContext) -> FlagResolutionDetails[_Value]:
    tenant = context.targeting_key or EVERY_TENANT
    for variant, reason in ((tenant, Reason.TARGETING_MATCH), (EVERY_TENANT, Reason.STATIC)):
        if variant in flag.variants:
            return FlagResolutionDetails(flag.variants[variant], reason=reason, variant=variant)
    return FlagResolutionDetails(flag.variants[_OWN], reason=Reason.DEFAULT, variant=_OWN)
