"""Budget lines, commitments and what moves between lines (rules MB4, MB6, MB15)."""

from __future__ import annotations

from typing import Any

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.money.pot.budget_lines import (
    Availability,
    BudgetLine,
    OverBudget,
    OverCommitted,
    RingFence,
    VirementImbalance,
    check_invoice,
    check_left,
    check_virement,
    commitment_state,
    moved,
)


def line(code: str, **more: Any) -> BudgetLine:
    return BudgetLine(**{"code": code, "fund": "POT", "body": "ICB", "year": "2026/27", "name": code,
                         "original_pence": 100_000_000} | more)  # fmt: skip


LINES = {
    one.code: one
    for one in (
        line("beds"), line("care"), line("next", year="2027/28"), line("bcf", fund="BCF"),
        line("scanner", envelope="capital"), line("mh1", ring_fence="mental health"),
        line("mh2", ring_fence="mental health"),
    )
}  # fmt: skip


def test_the_example_of_the_rule_book() -> None:
    left = Availability(100_000_000, 5_000_000, committed=32_000_000, actual=41_000_000)
    assert (left.current, left.available) == (105_000_000, 32_000_000)
    assert moved(left, -32_000_000).available == 0


def test_a_virement_moves_and_adds_nothing() -> None:
    assert check_virement({"beds": -500, "care": 300, "mh1": 200}, LINES) == 500
    assert check_virement({"mh1": -5, "mh2": 5}, LINES) == 5


REFUSED = [
    ({"beds": -500, "care": 499}, VirementImbalance, "sum to -1 p"),
    ({"beds": 0, "care": 0}, VirementImbalance, "not 0"),
    ({"beds": 5}, VirementImbalance, "two lines"),
    ({}, VirementImbalance, "two lines"),
    ({"mh1": -5, "beds": 5}, RingFence, "5 p would leave the ring fence 'mental health'"),
    ({"bcf": -5, "beds": 5}, RingFence, "bounds of fund"),
    ({"next": -5, "beds": 5}, RingFence, "bounds of year"),
    ({"scanner": -5, "beds": 5}, RingFence, "bounds of envelope"),
    ({"beds": -5, "scanner": 5}, RingFence, "bounds of envelope"),
    ({"bed": -5, "care": 5}, NotFound, "Did you mean 'beds'"),
    ({"beds": -5.0, "care": 5.0}, RuleError, "M0.1"),
]


@pytest.mark.parametrize(("moves", "error", "says"), REFUSED)
def test_what_a_virement_may_not(moves: dict[str, int], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        check_virement(moves, LINES)


def test_no_more_is_used_than_is_left() -> None:
    left = Availability(100, 0, 30, 50)
    check_left("beds", left, 20)
    check_left("beds", Availability(0, 0, 30, 50), -20)
    with pytest.raises(OverBudget, match="has 20 p available and 21 p are asked for: 1 p too much"):
        check_left("beds", left, 21)


def test_states_of_a_commitment() -> None:
    told = [(120, 0, 0), (120, 70, 0), (120, 120, 0), (120, 70, 50), (120, 0, 120)]
    assert [commitment_state(*one) for one in told] == ["open", "part-invoiced", "closed", "released", "released"]


def test_an_invoice_above_its_commitment_waits_for_a_top_up() -> None:
    check_invoice("C1", 50, 50)
    with pytest.raises(OverCommitted, match=r"1 p too much. Top it up first"):
        check_invoice("C1", 50, 51)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"year": "2026"}, "no financial year"),
        ({"envelope": "loan"}, "MB15"),
        ({"original_pence": 1.5}, "M0.1"),
        ({"original_pence": -1}, "0 or more"),
    ],
)
def test_a_budget_line_that_cannot_be(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(RuleError, match=says):
        line("x", **wrong)
