"""`protect`: the one way in which counts of people reach pages, API and exports (PE1, PE3, PE4, PE6 to PE8)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from joinedup.errors import RuleError
from joinedup.measures import Protected, protect
from joinedup.measures.disclosure.protected import EXCLUDES, protected_mean, protected_percentile, with_share

PEOPLE = pd.DataFrame({"practice": ["A", "B", "C", "D"], "people": [7, 8, 12, 13], "surname": ["x", "y", "z", "w"]})


def shown(protected: Protected, column: str) -> list[int | str]:
    frame = protected.frame
    return ["*" if pd.isna(one) else int(one) for one in frame[column]]


def test_counts_with_their_status() -> None:
    protected = protect(PEOPLE, ["practice"], ["people"])
    assert shown(protected, "people") == ["*", 10, 10, 15]
    assert protected.frame["people_status"].tolist() == ["suppressed", "", "", ""]
    # Nobody has looked at what other columns give away.
    assert protected.frame.columns.tolist() == ["practice", "people", "people_status"]


def test_in_a_csv_a_hidden_count_is_empty_beside_its_status() -> None:
    lines = protect(PEOPLE, ["practice"], ["people"]).frame.to_csv(index=False).splitlines()
    assert lines[:3] == ["practice,people,people_status", "A,,suppressed", "B,10,"]


def test_it_cannot_be_changed_and_shares_nothing_with_the_raw_counts() -> None:
    raw = PEOPLE.copy()
    protected = protect(raw, ["practice"], ["people"])
    before = protected.frame
    taken = protected.frame
    taken.loc[0, "people"] = 7
    raw.loc[1, "practice"] = "changed"
    pd.testing.assert_frame_equal(protected.frame, before)
    for name in ("_frame", "mode", "anything"):
        with pytest.raises(AttributeError):
            setattr(protected, name, raw)
    assert not np.shares_memory(np.asarray(protected.frame["practice"]), np.asarray(raw["practice"]))


def test_the_log_says_what_and_why_but_no_count() -> None:
    protected = protect(PEOPLE, ["practice"], ["people"])
    assert [(change.cell, change.reason) for change in protected.log] == [
        (("A",), "suppressed"),
        (("B",), "rounded to the nearest 5"),
        (("C",), "rounded to the nearest 5"),
        (("D",), "rounded to the nearest 5"),
    ]
    # A 10 that was a 10 is logged as well: otherwise the log would tell that it was exact.
    exact = protect(PEOPLE.assign(people=[10, 20, 30, 40]), ["practice"], ["people"])
    assert len(exact.log) == 4


@pytest.mark.parametrize("mode", ["nhs", "opensafely", "midpoint6", "suppress", "internal"])
def test_protecting_twice_changes_nothing(mode: str) -> None:
    once = protect(PEOPLE, ["practice"], ["people"], mode=mode)
    pd.testing.assert_frame_equal(protect(once, ["practice"], ["people"], mode=mode).frame, once.frame)
    pd.testing.assert_frame_equal(protect(once.frame, ["practice"], ["people"], mode=mode).frame, once.frame)


def test_what_was_protected_in_one_way_is_not_protected_in_another() -> None:
    with pytest.raises(RuleError, match="protected already, in mode nhs"):
        protect(protect(PEOPLE, ["practice"], ["people"]), ["practice"], ["people"], mode="suppress")


def test_the_raw_mode_says_that_it_may_not_leave() -> None:
    protected = protect(PEOPLE, ["practice"], ["people"], mode="internal")
    assert not protected.may_leave
    assert "Not to be exported" in protected.note
    assert protect(PEOPLE, ["practice"], ["people"]).may_leave


# --- totals --------------------------------------------------------------------------------------------------------

BANDS = pd.DataFrame({"band": ["under 65", "65 and over", "total"], "people": [7, 22, 29]})
TOTAL = {"band": {"under 65": "total", "65 and over": "total"}}


def test_a_total_is_the_sum_of_what_is_shown() -> None:
    protected = protect(BANDS, ["band"], ["people"], hierarchy=TOTAL)
    assert shown(protected, "people") == ["*", 20, 20]  # 30 would leave 6 or 7 for the star
    assert protected.frame["people_status"].tolist() == ["suppressed", "", EXCLUDES]
    assert EXCLUDES in protected.note


def test_a_total_of_its_own_is_audited_and_a_partner_hidden() -> None:
    assert shown(protect(BANDS, ["band"], ["people"], hierarchy=TOTAL, totals="own"), "people") == ["*", "*", 30]
    leaking = protect(BANDS, ["band"], ["people"], hierarchy=TOTAL, totals="own", audit=False)
    assert shown(leaking, "people") == ["*", 20, 30]


def test_a_total_of_stars_only_is_a_star() -> None:
    few = BANDS.assign(people=[3, 4, 7])
    assert shown(protect(few, ["band"], ["people"], hierarchy=TOTAL), "people") == ["*", "*", "*"]


def test_the_published_table_of_opensafely(reference: Path) -> None:
    case = json.loads((reference / "opensafely_sdc" / "cases.json").read_text())["worked_table"]
    rows = [*case["rows"], "total"]
    table = pd.DataFrame(
        {
            "age": rows,
            "numerator": [*case["numerator"], sum(case["numerator"])],
            "denominator": [*case["denominator"], sum(case["denominator"])],
        }
    )
    hierarchy = {"age": dict.fromkeys(case["rows"], "total")}
    protected = protect(table, ["age"], ["numerator", "denominator"], mode="opensafely", hierarchy=hierarchy)
    redacted = ["*" if one == "[REDACTED]" else one for one in case["published_numerator"]]
    assert shown(protected, "numerator") == [*redacted, case["published_totals"][0]]
    assert shown(protected, "denominator") == [*case["published_denominator"], case["published_totals"][1]]


# --- shares --------------------------------------------------------------------------------------------------------


def share(n: int, d: int, *, is_sensitive: bool = False) -> tuple[float | None, str]:
    table = pd.DataFrame({"practice": ["A"], "n": [n], "d": [d]})
    frame = with_share(protect(table, ["practice"], ["n", "d"]), "n", "d", is_sensitive=is_sensitive).frame
    value = frame["value"].iloc[0]
    return (None if pd.isna(value) else round(float(value), 2)), frame["value_status"].iloc[0]


def test_a_share_follows_from_the_shown_counts() -> None:
    assert share(12, 23) == (40.0, "")  # exactly 52.17
    table = pd.DataFrame({"practice": ["A"], "n": [12], "d": [23]})
    assert "denominator is below 100" in with_share(protect(table, ["practice"], ["n", "d"]), "n", "d").note


def test_no_share_without_both_counts() -> None:
    assert share(5, 40) == (None, "suppressed")
    assert share(5, 6) == (None, "suppressed")
    assert share(0, 7) == (None, "suppressed")
    assert share(0, 0) == (None, "nobody in the denominator")
    assert share(0, 40) == (0.0, "")


def test_nearly_all_is_at_least_95_per_cent() -> None:
    assert share(38, 40) == (None, "≥ 95%")  # both are shown as 40: 100 % would hide 2 people, and be wrong
    assert share(40, 40) == (None, "≥ 95%")  # and the two cannot be told apart
    assert share(33, 40) == (87.5, "")


def test_on_a_sensitive_topic_none_and_all_are_not_said() -> None:
    for few in (0, 1, 7):
        assert share(few, 200, is_sensitive=True) == (None, "≤ 5%")
        assert share(200 - few, 200, is_sensitive=True) == (None, "≥ 95%")
        # "≤ 5%" of 40 would say 0, 1 or 2: narrower than 1 to 7.
        assert share(few, 40, is_sensitive=True) == (None, "suppressed")
    table = pd.DataFrame({"practice": ["A", "B", "C"], "n": [0, 5, 200], "d": [200, 200, 200]})
    frame = with_share(protect(table, ["practice"], ["n", "d"]), "n", "d", is_sensitive=True).frame
    assert frame["n"].isna().all()


def test_means_and_percentiles_rest_on_eight_people() -> None:
    assert protected_mean(560.0, 7) is None
    assert protected_mean(644.0, 8) == 80.5
    values = [float(one) for one in range(16)]
    assert protected_percentile(values, 0.5) == 7.5
    assert protected_percentile(values[:15], 0.5) is None
    assert protected_percentile(values, 0.25) is None
    with pytest.raises(RuleError, match="one person's"):
        protected_percentile(values, 1.0)


# --- faults --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "dims", "says"),
    [
        (PEOPLE, ["practise"], "Did you mean 'practice'"),
        (pd.concat([PEOPLE, PEOPLE]), ["practice"], "Two rows are the same cell"),
        (PEOPLE.assign(people=[1, 2, -3, 4]), ["practice"], "below 0"),
        (PEOPLE.assign(people=[1.5, 2, 3, 4]), ["practice"], "whole numbers"),
    ],
)
def test_what_cannot_be_protected(table: pd.DataFrame, dims: list[str], says: str) -> None:
    with pytest.raises(RuleError, match=says):
        protect(table, dims, ["people"])


def test_a_hierarchy_of_no_dimension() -> None:
    with pytest.raises(RuleError, match="no dimension"):
        protect(PEOPLE, ["practice"], ["people"], hierarchy={"area": {}})
