"""The built-in formulas, and who gets which."""

import pytest
from msgspec.structs import replace

from mastery_engine.domain.errors import InvalidInput, NotFound
from mastery_engine.domain.formulas import BUILT_IN, DEFAULT_FORMULA, Formulas, Rollout
from mastery_engine.domain.scores import Components

STUDENTS = [f"student-{number}" for number in range(10_000)]
ADR = BUILT_IN[0]
OBSERVED = BUILT_IN[1]
FIRST_EIGHT = ["c", "adr-004", "b", "c", "b", "b", "adr-004", "b"]


def fallen_to(rollout: Rollout, name: str, tenant: str = "default") -> set[str]:
    return {student for student in STUDENTS if rollout.formula_for(tenant, student) == name}


def test_the_default_formula_has_the_published_weights_and_levels() -> None:
    assert DEFAULT_FORMULA == "adr-004"
    assert (ADR.id, OBSERVED.id) == ("adr-004@1", "adr-004-observed@1")
    for formula in BUILT_IN:
        assert list(formula.weights) == [0.40, 0.30, 0.20, 0.10]
        assert list(formula.weak_below) == [0.7] * 4
        edges = formula.thresholds
        assert (edges.developing, edges.competent, edges.proficient, edges.expert) == (0.4, 0.6, 0.75, 0.9)


def test_what_is_not_observed_counts_nothing_in_one_and_is_left_out_in_the_other() -> None:
    components = Components(0.5, None, 0.8, None)
    assert (ADR.score(components), OBSERVED.score(components)) == (0.36, 0.6)


def test_a_name_alone_means_the_newest_version() -> None:
    second, third = replace(ADR, version=2), replace(ADR, version=3)
    formulas = Formulas([third, second])
    assert formulas.get("adr-004") is third
    assert formulas.get("adr-004@2") is second
    assert formulas.get("adr-004@1") == ADR
    assert [formula.id for formula in formulas.all()] == [
        "adr-004@1",
        "adr-004@2",
        "adr-004@3",
        "adr-004-observed@1",
    ]


def test_an_unknown_formula_is_not_found_and_the_known_ones_are_named() -> None:
    with pytest.raises(NotFound, match=r"no formula named 'nonsense'; there are adr-004, adr-004-observed$"):
        Formulas().get("nonsense")


def test_the_message_about_an_unknown_formula_is_bounded() -> None:
    with pytest.raises(NotFound) as refused:
        Formulas().get("x" * 1000)
    assert "x" * 100 in refused.value.message
    assert "x" * 101 not in refused.value.message


def test_the_same_name_and_version_twice_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"formula = adr-004@1: is defined twice; raise the version"):
        Formulas([ADR])


def test_a_rollout_without_a_default_leaves_the_others_the_tenants_own() -> None:
    assert Rollout().formula_for("default", "anybody", "own") == "own"
    assert Rollout(shares={"a": 0.0}).formula_for("default", "anybody", "own") == "own"


def test_without_shares_everybody_has_the_default() -> None:
    assert Rollout().formula_for("default", "anybody") == "adr-004"
    assert Rollout(default="other").formula_for("default", "anybody") == "other"


def test_a_student_always_falls_alike() -> None:
    # Fixed: a change of the hash would move students of running schools to another formula.
    rollout = Rollout(shares={"a": 25.0, "b": 25.0, "c": 25.0})
    fallen = [rollout.formula_for("default", student) for student in STUDENTS[:8]]
    assert fallen == FIRST_EIGHT


def test_percentages_hold_within_four_standard_deviations() -> None:
    rollout = Rollout(shares={"a": 10.0, "b": 30.0})
    assert abs(len(fallen_to(rollout, "a")) - 1000) < 4 * 30
    assert abs(len(fallen_to(rollout, "b")) - 3000) < 4 * 46
    assert abs(len(fallen_to(rollout, "adr-004")) - 6000) < 4 * 49


def test_a_growing_share_keeps_its_students_and_takes_only_from_the_default() -> None:
    ten = fallen_to(Rollout(shares={"a": 10.0}), "a")
    twenty = fallen_to(Rollout(shares={"a": 20.0}), "a")
    assert ten < twenty
    assert 800 < len(twenty - ten) < 1200


def test_a_later_name_that_grows_leaves_the_earlier_ones_alone() -> None:
    before, after = Rollout(shares={"a": 10.0, "b": 10.0}), Rollout(shares={"b": 30.0, "a": 10.0})
    assert fallen_to(before, "a") == fallen_to(after, "a")
    assert fallen_to(before, "b") < fallen_to(after, "b")


def test_nobody_is_in_a_share_of_nothing_and_everybody_in_one_of_a_hundred() -> None:
    assert fallen_to(Rollout(shares={"a": 0.0}), "a") == set()
    assert len(fallen_to(Rollout(shares={"a": 100.0}), "a")) == len(STUDENTS)
    assert len(fallen_to(Rollout(shares={"a": 33.3, "b": 33.3, "c": 33.4}), "adr-004")) == 0


def test_tenant_and_salt_both_choose_who_falls_where() -> None:
    rollout = Rollout(shares={"a": 50.0})
    here = fallen_to(rollout, "a")
    assert here != fallen_to(rollout, "a", tenant="elsewhere")
    assert here != fallen_to(Rollout(shares={"a": 50.0}, salt="other"), "a")


@pytest.mark.parametrize(
    "shares",
    [{"a": -0.1}, {"a": 100.1}, {"a": 50.0, "b": 50.1}, {"a": float("nan")}, {"a": float("inf")}],
)
def test_shares_that_cannot_be_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=r"shares = .*: must be percentages, at most 100 together"):
        Rollout(shares=shares)
