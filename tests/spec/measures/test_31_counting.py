"""What the engine counts is what somebody counts who goes through the rows by hand."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from tests.spec.measures.counted_by_hand import ByHand, last_day, month_of
from tests.spec.measures.made_measures import folder, raw, snapshot

LAST = 2026 * 12 + 9
MONTHS = (LAST, LAST - 1, LAST - 11, LAST - 20)
AREAS = ("QM7", "PD", "PC", "NA1", "Y00001", "Y00008")


@cache
def hand() -> ByHand:
    return ByHand(folder())


@cache
def encounters(feed: str) -> list[dict[str, Any]]:
    return [row for row in hand().rows("pop_encounter") if row["feed"] == feed]


@cache
def emergency_stays() -> list[dict[str, Any]]:
    return [row for row in encounters("sus-apc") if (row["admission_method"] or "").startswith("2")]


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("month", MONTHS)
def test_emergency_admissions_for_registered_people(area: str, month: int) -> None:
    found = raw("emergency-admissions", area, month)
    assert found["numerator"] == hand().events(emergency_stays(), area, month)
    assert found["denominator"] == len(hand().registered(area, month))


@pytest.mark.parametrize("area", AREAS)
def test_people_of_65_and_over_vaccinated_in_the_twelve_months(area: str) -> None:
    given = hand().by_person("pop_immunisation", lambda row: row["code"] == "46233009")
    for month in (LAST, LAST - 7):
        old = hand().registered(area, month, lambda age: age >= 65)
        found = raw("flu-vaccination-65", area, month)
        assert found["denominator"] == len(old)
        assert found["numerator"] == sum(hand().had_in_the_year(given, person, month) for person in old)


def test_the_last_reading_of_the_year_decides_whether_blood_pressure_is_controlled() -> None:
    month = LAST
    systolic = hand().by_person("pop_observation", lambda row: row["code"] == "271649006")
    diastolic = hand().by_person("pop_observation", lambda row: row["code"] == "271650006")
    dx = hand().by_person("pop_condition", lambda row: row["code"] == "38341003" and row["on"] <= last_day(month))
    held = {
        person
        for person, rows in dx.items()
        if any(row["abated"] is None or row["abated"] > last_day(month) for row in rows)
    }
    people = {one for one in hand().registered("QM7", month, lambda age: age < 80) if one in held}
    good = 0
    for one in people:
        upper, lower = hand().latest(systolic.get(one, []), month), hand().latest(diastolic.get(one, []), month)
        good += upper is not None and lower is not None and upper["value"] <= 140 and lower["value"] <= 90
    found = raw("hypertension-controlled", "QM7", month)
    assert found["denominator"] == len(people)
    assert found["numerator"] == good


@pytest.mark.parametrize("area", ["QM7", "PC", "Y00002"])
def test_attendances_within_four_hours_are_some_of_all_attendances(area: str) -> None:
    for month in MONTHS:
        found = raw("four-hours", area, month)
        assert found["denominator"] == hand().events(encounters("ecds"), area, month)
        short = [row for row in encounters("ecds") if row["minutes"] <= 240]
        assert found["numerator"] == hand().events(short, area, month)


def test_discharges_followed_by_a_consultation_within_fourteen_days() -> None:
    month = LAST - 2
    seen: dict[str, list[date]] = {}
    for row in encounters("gp"):
        seen.setdefault(row["person"], []).append(row["on"])
    alive = [row for row in emergency_stays() if row["discharge_method"] in {"1", "2", "3"}]
    after = [
        row
        for row in alive
        if any(row["ends"] < day <= row["ends"] + timedelta(days=14) for day in seen.get(row["person"], []))
    ]
    found = raw("seen-after-emergency-stay", "QM7", month)
    assert found["denominator"] == hand().events(alive, "QM7", month, on="ends")
    assert found["numerator"] == hand().events(after, "QM7", month, on="ends")


def test_a_readmission_is_another_stay_within_thirty_days_of_a_discharge() -> None:
    month = LAST - 3
    discharged = [row for row in encounters("sus-apc") if row["discharge_method"] in {"1", "2", "3"}]
    again = [
        row
        for row in discharged
        if any(
            other["person"] == row["person"]
            and other["key"] != row["key"]
            and row["ends"] <= other["on"] <= row["ends"] + timedelta(days=30)
            for other in emergency_stays()
        )
    ]
    found = raw("readmissions-30-days", "QM7", month)
    assert found["denominator"] == hand().events(discharged, "QM7", month, on="ends")
    assert found["numerator"] == hand().events(again, "QM7", month, on="ends")


def test_nights_are_added_up_over_stays() -> None:
    found = raw("emergency-length-of-stay", "QM7", LAST)
    stays = [
        (row["ends"] - row["on"]).days
        for row in emergency_stays()
        if month_of(row["on"]) == LAST
        and hand().in_area(hand().practice_when_it_happened(row["person"], LAST), "QM7", LAST)
    ]
    assert (found["denominator"], found["numerator"], found["squares"]) == (
        len(stays),
        sum(stays),
        sum(nights**2 for nights in stays),
    )


def test_who_waits_over_18_weeks_waits() -> None:
    waits = hand().by_person("pop_referral", lambda row: row["feed"] == "wlmds")
    for month in MONTHS:
        day = last_day(month)

        def running(person: str, day: date = day) -> list[date]:
            return [
                row["clock_starts"]
                for row in waits.get(person, [])
                if row["clock_starts"] <= day and (row["clock_ends"] is None or row["clock_ends"] > day)
            ]

        waiting = {one for one in hand().registered("QM7", month) if running(one)}
        long = {one for one in waiting if any((day - start).days > 18 * 7 for start in running(one))}
        found = raw("waits-over-18-weeks", "QM7", month)
        assert (found["numerator"], found["denominator"]) == (len(long), len(waiting))


def test_deaths_of_a_year_are_for_the_people_there_on_average() -> None:
    month = LAST
    died = [
        (row["person"], int(row["death_month"][:4]) * 12 + int(row["death_month"][5:]) - 1)
        for row in hand().people.values()
        if row["death_month"]
    ]
    year = range(month - 11, month + 1)
    deaths = sum(1 for person, at in died if at in year and hand().practice_when_it_happened(person, at))
    people = sum(len(hand().registered("QM7", each)) for each in year)
    found = raw("deaths-all-causes", "QM7", month)
    assert found["numerator"] == deaths > 0
    assert abs(found["denominator"] - people / 12) <= 0.5


def test_residents_are_counted_where_they_live() -> None:
    month = LAST
    small = {row["lsoa11"]: row for row in hand().rows("small_area") if row["ends"] is None}
    living = {}
    for row in hand().rows("residence"):
        person = hand().people[row["person"]]
        if row["starts"] <= last_day(month) and row["ends"] is None and not person["death_month"]:
            living[row["person"]] = small[row["lsoa11"]]
    found = raw("core20", "PC", month)
    there = [area for area in living.values() if area["place"] == "PC"]
    assert found["denominator"] == len(there)
    assert found["numerator"] == sum(area["imd_decile"] <= 2 for area in there)


def test_the_planted_practice_has_three_times_the_emergency_admissions() -> None:
    def rate(practice: str) -> float:
        rows = [raw("emergency-admissions", practice, month) for month in range(LAST - 23, LAST + 1)]
        return float(sum(row["numerator"] for row in rows) / sum(row["denominator"] for row in rows))

    # Practice 7 has the same small areas, and so the same deprivation.
    assert 2.0 < rate("Y00001") / rate("Y00007") < 4.5


def test_the_planted_rise_of_attendances_is_found() -> None:
    def rate(months: range) -> float:
        rows = [raw("emergency-attendances", "QM7", month) for month in months]
        return float(sum(row["numerator"] for row in rows) / sum(row["denominator"] for row in rows))

    assert 1.25 < rate(range(LAST - 8, LAST + 1)) / rate(range(LAST - 30, LAST - 11)) < 1.75


def test_the_snapshot_s_own_words_for_registered_give_the_same_people() -> None:
    from joinedup.population import states

    found = states(snapshot(), ["is registered"]).to_pyarrow().to_pylist()
    for month in MONTHS:
        people = {row["person"] for row in found if row["first_month"] <= month <= row["last_month"]}
        assert people == hand().registered("QM7", month)
