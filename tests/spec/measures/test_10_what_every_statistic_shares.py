"""What every statistic shares: the columns of its answer, its confidence, its groups, and what it refuses (PD1)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from joinedup.errors import RuleError
from joinedup.measures import StatError, dsr, isr, proportion, rate
from joinedup.measures.statistics.frames import levels

AREAS = pd.DataFrame({"area": ["north", "south", "east"], "x": [7, 12, 0], "n": [40, 80, 20]})


def test_the_answer_has_the_same_columns_whatever_is_asked() -> None:
    found = rate(AREAS, "x", "n", by=["area"])
    assert list(found.columns) == [
        "area", "numerator", "denominator", "value", "lower", "upper", "method", "status",
    ]  # fmt: skip
    assert list(found["status"]) == ["", "", ""]


def test_rows_without_a_group_stand_for_themselves_under_their_own_index() -> None:
    found = proportion(AREAS[AREAS["n"] > 20], "x", "n")
    assert list(found.index) == [0, 1]
    assert list(found["value"]) == [0.175, 0.15]


@pytest.mark.parametrize(
    ("confidence", "columns"),
    [
        (0.95, ["lower", "upper"]),
        (95, ["lower", "upper"]),
        ((0.95, 0.998), ["lower_95", "upper_95", "lower_998", "upper_998"]),
        ((95, 99.8), ["lower_95", "upper_95", "lower_998", "upper_998"]),
        (None, []),
    ],
)
def test_confidence_is_a_share_or_a_percentage_or_several_or_none(confidence: Any, columns: list[str]) -> None:
    found = rate(AREAS, "x", "n", confidence=confidence)
    assert [name for name in found.columns if name.startswith(("lower", "upper"))] == columns


@pytest.mark.parametrize(("share", "z"), [(0.95, 1.959963985), (0.998, 3.090232306), (99.8, 3.090232306)])
def test_the_normal_deviate_of_a_confidence(share: float, z: float) -> None:
    assert levels(share)[0].z == pytest.approx(z, abs=5e-10)


@pytest.mark.parametrize("wrong", [0.89, 1, 1.5, 89.9, 100, True, "95"])
def test_confidence_outside_its_range_is_refused(wrong: Any) -> None:
    with pytest.raises(StatError) as raised:
        rate(AREAS, "x", "n", confidence=wrong)
    assert raised.value.code == "confidence"


# --- faults of the input ---------------------------------------------------------------------------------------------


def table(**columns: list[Any]) -> pd.DataFrame:
    """Three bands of one area with their reference; what is given replaces a column."""
    good: dict[str, list[Any]] = {
        "band": ["0-39", "40-64", "65+"], "x": [6, 18, 60], "n": [5_200, 3_600, 2_100],
        "w": [47_000, 33_500, 19_500], "rx": [900, 2_600, 9_500], "rn": [1_200_000, 900_000, 600_000],
    }  # fmt: skip
    return pd.DataFrame(good | columns, index=["a", "b", "c"])


def a_proportion(df: pd.DataFrame) -> pd.DataFrame:
    return proportion(df, "x", "n", by=["band"])


def a_rate(df: pd.DataFrame) -> pd.DataFrame:
    return rate(df, "x", "n", by=["band"])


def a_dsr(df: pd.DataFrame) -> pd.DataFrame:
    return dsr(df, "x", "n", "w")


def an_isr(df: pd.DataFrame) -> pd.DataFrame:
    return isr(df, "x", "n", "rx", "rn", age="band")


ALL = [a_proportion, a_rate, a_dsr, an_isr]
FAULTS: list[tuple[str, dict[str, list[Any]], list[Callable[[pd.DataFrame], pd.DataFrame]], str, list[str]]] = [
    ("a negative numerator", {"x": [6, -1, 60]}, ALL, "negative", ["b"]),
    ("a denominator of zero", {"n": [5_200, 0, 2_100]}, ALL, "not_positive", ["b"]),
    ("a negative denominator", {"n": [5_200, 3_600, -1]}, ALL, "not_positive", ["c"]),
    ("a missing denominator", {"n": [None, 3_600, None]}, ALL, "missing", ["a", "c"]),
    ("text for a count", {"x": [6, "18", 60]}, ALL, "not_numeric", ["b"]),
    ("text for every count", {"x": ["6", "18", "60"]}, ALL, "not_numeric", ["a", "b", "c"]),
    ("truth for a count", {"x": [True, False, True]}, ALL, "not_numeric", ["a", "b", "c"]),
    ("infinitely many", {"n": [5_200, float("inf"), 2_100]}, ALL, "not_numeric", ["b"]),
    ("a stratum twice", {"band": ["0-39", "65+", "65+"]}, ALL, "duplicate", ["b", "c"]),
    ("a missing group", {"band": ["0-39", None, "65+"]}, ALL, "missing_group", ["b"]),
    ("more than all", {"x": [5_201, 18, 60]}, [a_proportion], "more_than_denominator", ["a"]),
    ("a negative weight", {"w": [47_000, -1, 19_500]}, [a_dsr], "negative", ["b"]),
    ("a missing weight", {"w": [47_000, None, 19_500]}, [a_dsr], "missing", ["b"]),
    ("weights of nothing", {"w": [0, 0, 0]}, [a_dsr], "not_positive", ["a", "b", "c"]),
    ("a reference of nobody", {"rn": [0, 900_000, 600_000]}, [an_isr], "not_positive", ["a"]),
    ("a reference without a count", {"rx": [900, None, 9_500]}, [an_isr], "missing", ["b"]),
    ("nothing to expect", {"rx": [0, 0, 0]}, [an_isr], "not_positive", ["a", "b", "c"]),
]


@pytest.mark.parametrize(
    ("columns", "ask", "code", "rows"),
    [
        pytest.param(columns, ask, code, rows, id=f"{what}: {ask.__name__}")
        for what, columns, asked, code, rows in FAULTS
        for ask in asked
    ],
)
def test_a_row_that_cannot_be_right_stops_everything(
    columns: dict[str, list[Any]], ask: Callable[[pd.DataFrame], pd.DataFrame], code: str, rows: list[str]
) -> None:
    with pytest.raises(StatError, match="Nothing was computed") as raised:
        ask(table(**columns))
    assert (raised.value.code, raised.value.rows) == (code, rows)


def test_the_message_names_column_rows_and_the_nearest_name() -> None:
    with pytest.raises(RuleError, match=r"no column 'events'\. Did you mean 'event'"):
        rate(pd.DataFrame({"event": [1], "n": [2]}), "events", "n")
    with pytest.raises(StatError, match=r"\('n'\) is above 0.*Rows at fault: 7 \(index 0, 1, 2, 3, 4, …\)"):
        rate(pd.DataFrame({"x": [1] * 7, "n": [0] * 7}), "x", "n")


@pytest.mark.parametrize("ask", [a_proportion, a_rate])
def test_a_missing_numerator_answers_nothing_for_its_row(ask: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    found = ask(table(x=[6, None, 60]))
    assert found["value"].isna().tolist() == [False, True, False]
    assert found["lower"].isna().tolist() == found["upper"].isna().tolist() == [False, True, False]
    assert found["status"].tolist() == ["", "missing numerator", ""]


@pytest.mark.parametrize("ask", [a_dsr, an_isr])
def test_a_missing_numerator_of_an_age_counts_as_none_and_is_told(ask: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    found, none = ask(table(x=[6, None, 60])), ask(table(x=[6, 0, 60]))
    assert found["value"][0] == none["value"][0]
    assert found["status"][0] == "missing numerators counted as 0"
    assert none["status"][0] == ""


def test_numbers_come_as_the_engines_give_them() -> None:
    plain = rate(table(), "x", "n")
    nullable = rate(table().astype({"x": "Int64", "n": "Float64"}), "x", "n")
    decimals = rate(table(n=[Decimal(5_200), Decimal(3_600), Decimal(2_100)]), "x", "n")
    assert plain["value"].tolist() == nullable["value"].tolist() == decimals["value"].tolist()


@pytest.mark.parametrize("ask", ALL)
def test_no_rows_answer_no_rows(ask: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    found = ask(table().iloc[:0])
    assert len(found) == 0
    assert {"numerator", "denominator", "value", "lower", "upper", "method", "status"} <= set(found.columns)


def test_the_statistics_need_no_site() -> None:
    """A notebook that imports them starts neither Django nor a database."""
    asked = (
        "import sys\n"
        "from joinedup.measures import compare_with, dsr, icon_of, life_expectancy, mean, rate, sii, xmr\n"
        "assert 'django' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", asked], check=True, env={"PATH": ""})
