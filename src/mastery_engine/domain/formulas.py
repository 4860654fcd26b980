"""The built-in formulas, and how a tenant's students are shared out among formulas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from msgspec import Struct

from mastery_engine.domain.errors import InvalidInput, NotFound, Problem
from mastery_engine.domain.scores import Formula, Weights

_ADR_WEIGHTS: Final = Weights(completion=0.40, quiz=0.30, quality=0.20, consistency=0.10)
BUILT_IN: Final = (
    Formula(
        name="adr-004",
        version=1,
        description=(
            "40 % completion, 30 % quiz, 20 % quality, 10 % consistency; what is not observed counts 0."
        ),
        weights=_ADR_WEIGHTS,
    ),
    Formula(
        name="adr-004-observed",
        version=1,
        description=(
            "The same shares, spread over the observed components only: for courses without quizzes, say."
        ),
        weights=_ADR_WEIGHTS,
        only_observed=True,
    ),
)
DEFAULT_FORMULA: Final = BUILT_IN[0].name
_BUCKETS: Final = 10_000
_ALL: Final = 100.0
_FLOAT_NOISE: Final = 1e-9


class Formulas:
    """All formulas that this installation knows; a name alone means its newest version."""

    def __init__(self, more: Iterable[Formula] = ()) -> None:
        """Add formulas to the built-in ones.

        Raises:
            InvalidInput: Two formulas share a name and a version.
        """
        self._by_id: dict[str, Formula] = {}
        self._newest: dict[str, Formula] = {}
        for formula in (*BUILT_IN, *more):
            if formula.id in self._by_id:
                raise InvalidInput.of(Problem("formula", formula.id, "is defined twice; raise the version"))
            self._by_id[formula.id] = formula
            newest = self._newest.get(formula.name)
            if newest is None or formula.version > newest.version:
                self._newest[formula.name] = formula

    def get(self, name: str) -> Formula:
        """Formula of a name or of a `name@version`.

        Raises:
            NotFound: There is no such formula; the message lists those that are.
        """
        formula = self._by_id.get(name) or self._newest.get(name)
        if formula is None:
            raise NotFound(f"no formula named {name[:100]!r}; there are {', '.join(sorted(self._newest))}")
        return formula

    def all(self) -> list[Formula]:
        """Every formula, by name and version."""
        return sorted(self._by_id.values(), key=lambda formula: (formula.name, formula.version))


class Rollout(Struct, frozen=True, kw_only=True):
    """Shares of a tenant's students by formula.

    Attributes:
        default: Formula of everybody who is in no share; None leaves them the tenant's own.
        shares: Percent of the students by formula name, together at most 100; the same student always falls
            alike. Shares lie side by side in the order of their names: a share that grows takes the students
            after its edge, and so moves the edges of the names after it.
        salt: Changes who falls where; by default the flag's name.
    """

    default: str | None = None
    shares: Mapping[str, float] = {}
    salt: str = "mastery.formula"

    def __post_init__(self) -> None:
        """Refuse shares that cannot be."""
        shares = list(self.shares.values())
        if not all(share >= 0.0 for share in shares) or not sum(shares) <= _ALL + _FLOAT_NOISE:
            rule = "must be percentages, at most 100 together"
            raise InvalidInput.of(Problem("shares", str(dict(self.shares))[:100], rule))

    def formula_for(self, tenant_id: str, student_id: str, own: str = DEFAULT_FORMULA) -> str:
        """Name of the student's formula, by a stable hash of tenant and student in 10,000 buckets.

        Args:
            tenant_id: The student's tenant.
            student_id: Whose formula.
            own: The tenant's own formula.
        """
        others = own if self.default is None else self.default
        if not self.shares:
            return others
        digest = sha256(f"{self.salt}:{tenant_id}:{student_id}".encode()).digest()
        bucket = int.from_bytes(digest[:8], "big") % _BUCKETS
        edge = 0.0
        for name, percent in sorted(self.shares.items()):
            edge += percent
            if bucket < round(edge * _BUCKETS / _ALL):
                return name
        return others
