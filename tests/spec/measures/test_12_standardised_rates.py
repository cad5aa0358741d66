"""Rates as they would be at the same ages: directly and indirectly standardised (PD5 to PD7, PD13)."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from joinedup.measures import ESP2013, StatError, count_limits, dsr, esp2013_weights, isr, rate

BANDS = ["0-39", "40-64", "65+"]
WEIGHTS = esp2013_weights(BANDS)
AREAS = pd.DataFrame(
    {
        "area": ["A"] * 3 + ["B"] * 3,
        "band": BANDS * 2,
        "events": [6, 18, 60, 4, 12, 48],
        "people": [5_200, 3_600, 2_100, 5_200, 3_600, 1_500],
    }
)


# --- the standard population -----------------------------------------------------------------------------------------


def test_the_european_standard_population_is_one_of_a_hundred_thousand() -> None:
    assert len(ESP2013) == 19
    assert sum(ESP2013.values()) == 100_000
    under_75 = [band for band in ESP2013 if band not in {"75-79", "80-84", "85-89", "90+"}]
    assert sum(ESP2013[band] for band in under_75) == 91_000


def test_bands_are_joined_explicitly() -> None:
    assert WEIGHTS == {"0-39": 47_000, "40-64": 33_500, "65+": 19_500}


@pytest.mark.parametrize("bands", [["0-41", "42+"], ["0-39", "35-64"], ["old"]])
def test_a_wider_band_is_made_of_whole_bands(bands: list[str]) -> None:
    with pytest.raises(StatError) as raised:
        esp2013_weights(bands)
    assert raised.value.code == "unknown_band"


# --- directly --------------------------------------------------------------------------------------------------------


def test_two_areas_of_different_ages_are_nearly_alike_once_standardised() -> None:
    found = dsr(AREAS, "events", "people", WEIGHTS, by=["area"], confidence=(0.95, 0.998)).set_index("area")
    a, b = found.loc["A"], found.loc["B"]
    assert (a["value"], a["lower_95"], a["upper_95"]) == pytest.approx((778.873626, 621.236799, 964.314367), abs=5e-7)
    assert (a["lower_998"], a["upper_998"]) == pytest.approx((542.231595, 1_079.125436), abs=5e-7)
    assert (b["value"], b["lower_95"], b["upper_95"]) == pytest.approx((771.820513, 592.753192, 987.556581), abs=5e-7)
    assert (a["numerator"], a["denominator"]) == (84, 10_900)
    crude = rate(AREAS.groupby("area", as_index=False)[["events", "people"]].sum(), "events", "people")["value"]
    assert crude.tolist() == pytest.approx([770.642202, 621.359223], abs=5e-7)
    assert crude[0] / crude[1] == pytest.approx(1.24, abs=0.005)
    assert a["value"] / b["value"] == pytest.approx(1.01, abs=0.005)


def test_the_width_follows_from_the_variance() -> None:
    found = dsr(AREAS[:3], "events", "people", WEIGHTS, multiplier=1).iloc[0]
    lower, upper = (limit[0] for limit in count_limits([84], method="byar"))
    for limit, of_count in ((found["lower"], lower), (found["upper"], upper)):
        variance = 84 * ((limit - found["value"]) / (of_count - 84)) ** 2
        assert variance == pytest.approx(7.222313e-7, rel=5e-7)


def test_below_ten_events_there_is_no_rate() -> None:
    few = dsr(AREAS[:3].assign(events=[1, 3, 4]), "events", "people", WEIGHTS).iloc[0]
    assert few["numerator"] == 8
    assert math.isnan(few["value"])
    assert math.isnan(few["lower"])
    assert few["status"] == "suppressed: fewer than 10 events"
    ten = dsr(AREAS[:3].assign(events=[1, 3, 6]), "events", "people", WEIGHTS).iloc[0]
    assert ten["value"] > 0
    assert ten["status"] == ""


def test_the_standard_is_named_or_given_as_weights_by_band_or_in_a_column() -> None:
    column = dsr(AREAS.assign(w=AREAS["band"].map(WEIGHTS)), "events", "people", "w", by=["area"])
    mapping = dsr(AREAS, "events", "people", WEIGHTS, by=["area"])
    pd.testing.assert_frame_equal(column, mapping)
    everybody = pd.DataFrame({"band": list(ESP2013), "x": 3, "n": 1_000})
    assert dsr(everybody, "x", "n")["value"][0] == pytest.approx(300)
    with_dashes = everybody.assign(band=[band.replace("-", "–") for band in ESP2013])
    assert dsr(with_dashes, "x", "n")["value"][0] == pytest.approx(300)


def test_every_band_of_the_standard_must_be_there() -> None:
    everybody = pd.DataFrame({"band": list(ESP2013), "x": 3, "n": 1_000})
    with pytest.raises(StatError, match=r"age band 90\+") as raised:
        dsr(everybody[:-1], "x", "n")
    assert raised.value.code == "missing_band"
    with pytest.raises(StatError, match="every age band of column 'band'") as raised:
        dsr(AREAS[:-1], "events", "people", WEIGHTS, by=["area"])
    assert (raised.value.code, raised.value.rows) == ("missing_band", [3, 4])
    with pytest.raises(StatError, match="bands of the standard") as raised:
        dsr(AREAS, "events", "people", by=["area"])
    assert raised.value.code == "unknown_band"
    with pytest.raises(StatError, match="equal in all rows of an age band") as raised:
        dsr(AREAS.assign(w=[4, 2, 1, 4, 2, 3]), "events", "people", "w", by=["area"])
    assert raised.value.code == "unequal"
    with pytest.raises(StatError, match="esp2013, a column or a mapping, not 'esp1976'"):
        dsr(AREAS, "events", "people", "esp1976", by=["area"])


# The 84 events of area A, by how many events each person had.
REPEATED = pd.DataFrame(
    {
        "band": BANDS * 3,
        "each": [1, 1, 1, 2, 2, 2, 3, 3, 3],
        "people_with": [4, 9, 31, 1, 3, 10, 0, 1, 3],
        "people": [5_200, 3_600, 2_100] * 3,
    }
)


def test_the_same_person_several_times_widens_the_limits() -> None:
    found = dsr(REPEATED, "people_with", "people", WEIGHTS, independent=False, event_frequency="each").iloc[0]
    assert (found["numerator"], found["denominator"]) == (84, 10_900)
    assert (found["value"], found["lower"], found["upper"]) == pytest.approx(
        (778.873626, 578.224372, 1_014.913307), abs=5e-7
    )
    without_nobody = REPEATED[REPEATED["people_with"] > 0]
    same = dsr(without_nobody, "people_with", "people", WEIGHTS, independent=False, event_frequency="each").iloc[0]
    assert same["upper"] == found["upper"]


def test_frequencies_share_their_people() -> None:
    def ask(df: pd.DataFrame) -> None:
        dsr(df, "people_with", "people", WEIGHTS, independent=False, event_frequency="each")

    with pytest.raises(StatError, match="denominator must be equal") as raised:
        ask(REPEATED.assign(people=[5_200, 3_600, 2_100, 5_200, 3_600, 2_100, 5_200, 3_600, 2_101]))
    assert (raised.value.code, raised.value.rows) == ("unequal", [8])
    with pytest.raises(StatError) as raised:
        ask(REPEATED.assign(each=[1, 1, 1, 2, 2, 2, 2.5, 3, 3]))
    assert (raised.value.code, raised.value.rows) == ("out_of_range", [6])
    with pytest.raises(StatError) as raised:
        ask(pd.concat([REPEATED, REPEATED[-1:]], ignore_index=True))
    assert (raised.value.code, raised.value.rows) == ("duplicate", [8, 9])
    with pytest.raises(StatError, match="event_frequency names the column"):
        dsr(REPEATED, "people_with", "people", WEIGHTS, independent=False)


# --- indirectly ------------------------------------------------------------------------------------------------------

WITH_REFERENCE = AREAS[:3].assign(ref_events=[900, 2_600, 9_500], ref_people=[1_200_000, 900_000, 600_000])


def test_observed_over_expected() -> None:
    found = isr(WITH_REFERENCE, "events", "people", "ref_events", "ref_people").iloc[0]
    assert (found["numerator"], found["denominator"]) == (84, pytest.approx(47.55))
    assert (found["value"], found["lower"], found["upper"]) == pytest.approx((1.766562, 1.409035, 2.187149), abs=5e-7)
    assert found["method"] == "indirectly standardised, Byar"
    assert "never two areas with each other" in found["note"]
    hundred = isr(WITH_REFERENCE, "events", "people", "ref_events", "ref_people", refvalue=100).iloc[0]
    assert hundred["value"] == pytest.approx(176.6562, abs=5e-5)


def test_the_ratio_times_the_rate_of_the_reference() -> None:
    found = isr(WITH_REFERENCE, "events", "people", "ref_events", "ref_people", "rate").iloc[0]
    assert (found["value"], found["lower"], found["upper"]) == pytest.approx(
        (850.566655, 678.424097, 1_053.071641), abs=5e-7
    )


def test_few_events_have_exact_limits() -> None:
    tenth = WITH_REFERENCE.assign(people=WITH_REFERENCE["people"] / 10, events=[1, 2, 3])
    found = isr(tenth, "events", "people", "ref_events", "ref_people").iloc[0]
    assert (found["value"], found["lower"], found["upper"]) == pytest.approx((1.261830, 0.463069, 2.746472), abs=5e-7)
    assert found["method"] == "indirectly standardised, exact"


def test_observed_events_may_come_without_ages() -> None:
    people = AREAS.drop(columns="events").assign(
        ref_events=[900, 2_600, 9_500] * 2, ref_people=[1_200_000, 900_000, 600_000] * 2
    )
    totals = pd.DataFrame({"area": ["B", "A"], "events": [None, 84]})
    found = isr(people, "events", "people", "ref_events", "ref_people", observed=totals, by=["area"]).set_index("area")
    assert found.loc["A", "value"] == pytest.approx(1.766562, abs=5e-7)
    assert math.isnan(found.loc["B", "value"])
    assert found.loc["B", "status"] == "missing numerator"
    with pytest.raises(StatError) as raised:
        isr(people, "events", "people", "ref_events", "ref_people", observed=totals.replace("B", "C"), by=["area"])
    assert (raised.value.code, raised.value.rows) == ("missing_group", [0])
    whole = isr(people[:3], "events", "people", "ref_events", "ref_people", observed=totals[1:])
    assert whole["value"][0] == pytest.approx(1.766562, abs=5e-7)
