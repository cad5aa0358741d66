"""MA12 to MA14: mergers and splits, the switch of basis, uplifts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from joinedup.errors import RuleError
from joinedup.money import (
    ShareError,
    TotalsChanged,
    WeightError,
    mix_basis,
    next_baseline,
    split_body,
    succeed,
    top_slice,
)

JULY = date(2022, 7, 1)
WEIGHTED = {"06K": "571172.992068025", "06N": "620788.247822", "07H": "312179.04843674"}
LEDGER = {
    code: {"weighted_population": Decimal(wp), "baseline": 38_000_000_001 + n, "open_balance": -7 * n}
    for n, (code, wp) in enumerate(WEIGHTED.items())
}


def test_three_groups_become_one_and_hold_what_they_held() -> None:
    lineage = succeed(list(LEDGER), "QM7", JULY, LEDGER)
    assert lineage.held["QM7"] == {
        "weighted_population": Decimal("1504140.288326765"), "baseline": 114_000_000_006, "open_balance": -21
    }  # fmt: skip
    assert [(row.from_body, row.to_body, row.share, row.on) for row in lineage.rows] == [
        (code, "QM7", 1, JULY) for code in LEDGER
    ]


def test_a_successor_that_is_said_to_hold_a_penny_more_is_refused() -> None:
    whole = dict(succeed(list(LEDGER), "QM7", JULY, LEDGER).held["QM7"])
    succeed(list(LEDGER), "QM7", JULY, LEDGER | {"QM7": whole})
    with pytest.raises(TotalsChanged, match=r"baseline of QM7 .* \(difference 1\)"):
        succeed(list(LEDGER), "QM7", JULY, LEDGER | {"QM7": whole | {"baseline": 114_000_000_007}})


def test_who_cannot_be_merged() -> None:
    for bodies in ([], ["06K", "06K"]):
        with pytest.raises(RuleError, match="each once"):
            succeed(bodies, "QM7", JULY, LEDGER)
    with pytest.raises(RuleError, match="nothing is known of what 'XYZ' holds"):
        succeed(["XYZ"], "QM7", JULY, LEDGER)
    with pytest.raises(RuleError, match="expected whole pence"):
        succeed(["06K"], "QM7", JULY, {"06K": {"baseline": 1.5}})  # type: ignore[dict-item]


def test_a_body_that_splits_loses_no_penny() -> None:
    split = split_body("06K", {"A": "2", "B": "1"}, JULY, LEDGER)
    assert split.held["A"]["baseline"] == 25_333_333_334
    assert split.held["B"]["baseline"] == 12_666_666_667
    again = succeed(["A", "B"], "06K2", JULY, split.held)
    assert again.held["06K2"] == LEDGER["06K"]
    with pytest.raises(WeightError):
        split_body("06K", {"A": 0}, JULY, LEDGER)


@pytest.mark.parametrize(
    ("phi", "expected"), [("0", (52, 48)), (".25", (50.25, 49.75)), (".5", (48.5, 51.5)), ("1", (45, 55))]
)
def test_from_what_providers_had_to_what_people_need(phi: str, expected: tuple[float, float]) -> None:
    million = 100_000_000
    found = mix_basis({"A": 52 * million, "B": 48 * million}, {"A": 45 * million, "B": 55 * million}, Decimal(phi))
    assert found == {"A": round(expected[0] * million), "B": round(expected[1] * million)}


def test_a_switch_is_between_two_splits_of_one_pot() -> None:
    with pytest.raises(TotalsChanged, match="expected the same pot"):
        mix_basis({"A": 100}, {"A": 101}, Decimal(".5"))
    with pytest.raises(ShareError, match=r"phi is 1\.5"):
        mix_basis({"A": 100}, {"A": 100}, Decimal("1.5"))
    with pytest.raises(RuleError, match="expected 0 or more"):
        mix_basis({"A": 101, "B": -1}, {"A": 100}, Decimal(".5"))
    assert mix_basis({"A": 100}, {"B": 100}, Decimal(".5")) == {"A": 50, "B": 50}
    assert mix_basis({"A": 0}, {"B": 0}, Decimal(".5")) == {"A": 0, "B": 0}


def test_uplift_and_efficiency() -> None:
    assert next_baseline(4_000_000_000, "0.042", "0.011") == 4_122_152_000
    with pytest.raises(RuleError, match="expected fractions"):
        next_baseline(100, "0.042", "1.1")


def test_what_is_taken_off_the_top_is_not_shared() -> None:
    assert top_slice(1_000, {"reserve": 100, "system work": 50}) == 850
    with pytest.raises(RuleError, match="take 1,001 p"):
        top_slice(1_000, {"reserve": 1_001})
    with pytest.raises(RuleError, match="expected 0 or more"):
        top_slice(1_000, {"reserve": -1})
