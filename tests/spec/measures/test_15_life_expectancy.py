"""Years that people may expect to live, from abridged life tables (PD11)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from joinedup.measures import StatError, life_expectancy

AGES = [0, 1, *range(5, 95, 5)]
PEOPLE = [
    1_000, 4_100, 5_300, 5_400, 5_200, 5_600, 6_100, 6_500, 6_700, 6_600, 6_400, 6_700, 6_500, 5_700, 4_900, 4_700,
    3_600, 2_500, 1_400, 800,
]  # fmt: skip
DEATHS = [4, 1, 1, 1, 3, 4, 5, 6, 9, 13, 19, 30, 45, 61, 82, 128, 167, 212, 220, 231]
BANDS = pd.DataFrame({"age": AGES, "people": PEOPLE, "deaths": DEATHS})


def of(df: pd.DataFrame = BANDS, **options: Any) -> pd.DataFrame:
    return life_expectancy(df, "age", "people", "deaths", **options)


def test_the_life_table_of_the_book() -> None:
    assert (sum(PEOPLE), sum(DEATHS)) == (95_700, 1_242)
    found = of().set_index("age")
    for age, years, lower, upper in (
        (0, 77.5305, 76.6923, 78.3686),
        (60, 21.3909, 20.8636, 21.9183),
        (85, 5.0993, 4.7472, 5.4515),
        (90, 3.4632, 3.0166, 3.9098),
    ):
        row = found.loc[age]
        assert (row["value"], row["lower"], row["upper"]) == pytest.approx((years, lower, upper), abs=5e-5)
    assert found.loc[65, "value"] == pytest.approx(17.4296, abs=5e-5)
    assert found.loc[0, "probability_of_dying"] == pytest.approx(0.003986, abs=5e-7)
    assert found.loc[90, "probability_of_dying"] == 1
    assert found.loc[[60, 85], "survivors"].tolist() == pytest.approx([89_545.33, 35_078.84], abs=5e-3)
    assert set(found["status"]) == {""}


def test_only_the_ages_asked_for_and_in_any_order_of_rows() -> None:
    found = of(BANDS[::-1], ages=[0, 65], confidence=None)
    assert found["age"].tolist() == [0, 65]
    assert found["value"].tolist() == pytest.approx([77.5305, 17.4296], abs=5e-5)
    assert "lower" not in found
    with pytest.raises(StatError, match="ages is 'all' or"):
        of(ages=[0, 66])


def changed(column: str, age: int, value: float | None) -> pd.DataFrame:
    return BANDS.assign(**{column: BANDS[column].astype(float).mask(BANDS["age"] == age, value)})


@pytest.mark.parametrize(
    ("bands", "reason"),
    [
        (BANDS[:-1], "not the 20 age bands"),
        (BANDS.assign(age=[*AGES[:-1], 95]), "not the 20 age bands"),
        (changed("people", 5, 0), "an age band has no people"),
        (changed("people", 5, None), "a number is missing"),
        (changed("deaths", 5, None), "a number is missing"),
        (changed("deaths", 5, -1), "an age band has negative deaths"),
        (changed("deaths", 90, 801), "an age band has more deaths than people"),
        (changed("deaths", 90, 0), "no deaths in the last age band"),
        (BANDS.assign(people=250, deaths=1), "5,000 people or fewer"),
    ],
)
def test_a_group_without_a_life_table_says_why_and_spares_the_others(bands: pd.DataFrame, reason: str) -> None:
    both = pd.concat([bands.assign(place="west"), BANDS.assign(place="east")], ignore_index=True)
    found = of(both, by=["place"]).set_index("place")
    assert found.loc["west", "value"].isna().all()
    assert found.loc["west", "lower"].isna().all()
    assert set(found.loc["west", "status"]) == {reason}
    pd.testing.assert_frame_equal(found.loc["east"].reset_index(drop=True), of())


def test_an_age_with_a_wide_interval_is_left_out_alone() -> None:
    """Four deaths among eighty of the oldest: at 90 nothing can be said, at birth it hardly matters."""
    oldest = BANDS["age"] == 90
    few = BANDS.assign(people=BANDS["people"].mask(oldest, 80), deaths=BANDS["deaths"].mask(oldest, 4))
    found = of(few).set_index("age")
    assert found.loc[90, "status"] == "the 95% interval is wider than 20 years"
    assert found.loc[90, ["value", "lower", "upper"]].isna().all()
    assert found.loc[0, "status"] == ""
    assert found.loc[0, "upper"] - found.loc[0, "lower"] < 20
    same_at_another_level = of(few, confidence=0.9).set_index("age")
    assert same_at_another_level["value"].isna().tolist() == found["value"].isna().tolist()


def test_an_age_that_nobody_reaches_has_no_expectation() -> None:
    found = of(changed("deaths", 50, 6_700)).set_index("age")
    assert found.loc[50, "probability_of_dying"] == 1
    assert found.loc[50, "value"] == 2.5
    assert found.loc[55:, "value"].isna().all()
    assert set(found.loc[55:, "status"]) == {"nobody lives to this age"}
    assert found.loc[0, "value"] == pytest.approx(50, abs=3)


def test_text_and_bands_given_twice_are_refused() -> None:
    with pytest.raises(StatError) as raised:
        of(BANDS.assign(deaths=[str(one) for one in DEATHS]))
    assert raised.value.code == "not_numeric"
    with pytest.raises(StatError) as raised:
        of(pd.concat([BANDS, BANDS[-1:]], ignore_index=True))
    assert (raised.value.code, raised.value.rows) == ("duplicate", [19, 20])
