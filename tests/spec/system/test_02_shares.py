"""Whole numbers shared so that the parts add up, rates made anew from their sums, and a provider's main system."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from joinedup.errors import RuleError
from joinedup.system import published
from joinedup.system.shares import Weight, largest_remainder, main_of

# whole   weights                    parts
SHARED = [
    (1000, [141, 21], [870, 130]),  # exactly 870.37 and 129.63
    (10, [1, 1, 1], [4, 3, 3]),  # equal remainders: the earlier one
    (0, [3, 7], [0, 0]),
    (7, [0, 1], [0, 7]),
    (1, [1, 2, 2], [0, 1, 0]),
    (100, ["0.335", "0.335", "0.33"], [34, 33, 33]),
    (3, [Fraction(1, 3), Decimal("0.5"), Fraction(1, 6)], [1, 2, 0]),
]


@pytest.mark.parametrize(("whole", "weights", "expected"), SHARED)
def test_counts_are_shared_by_largest_remainder(whole: int, weights: list[Weight], expected: list[int]) -> None:
    """Rules: T5. 1,000 heads split 141:21 are 870 and 130."""
    assert largest_remainder(whole, weights) == expected


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 3], [-1]])
def test_nothing_can_be_shared_by_no_weight(weights: list[Weight]) -> None:
    with pytest.raises(RuleError, match="Weights"):
        largest_remainder(10, weights)


# shares                                              main system
MAINS = [
    ({"E54000025": 0.932223, "E54000026": 0.067777}, "E54000025"),
    ({"a": Decimal("0.5"), "b": Decimal("0.5")}, None),
    ({"a": Decimal("0.4"), "b": Decimal("0.2"), "c": Decimal("0.4")}, None),
    ({"a": Decimal(1)}, "a"),
    ({}, None),
]


@pytest.mark.parametrize(("shares", "expected"), MAINS)
def test_the_main_system_is_the_largest_share_and_a_tie_is_for_a_person(
    shares: dict[str, float | Decimal], expected: str | None
) -> None:
    """Rules: T11."""
    assert main_of(shares) == expected


def test_the_published_shares_of_trusts_sum_to_1(reference: Path) -> None:
    """Rules: T11. 1,321 rows, 138 trusts, every sum within 1e-9 of 1; RWG has 0.932223 in E54000025."""
    path = published.find_files(reference)["lookup_nhs_trusts22_icb22.csv"]
    shares: dict[str, dict[str, Decimal]] = defaultdict(dict)
    rows = [row for _, row in published.rows(path, "nhs_trust22_code")]
    for row in rows:
        shares[row["nhs_trust22_code"]][row["icb22_code"]] = Decimal(row["proportion_trust_came_from_icb"])
    assert (len(rows), len(shares)) == (1321, 138)
    assert max(abs(sum(by_icb.values()) - 1) for by_icb in shares.values()) < Decimal("1e-9")
    assert main_of(shares["RWG"]) == "E54000025"
    assert round(shares["RWG"]["E54000025"], 6) == Decimal("0.932223")
