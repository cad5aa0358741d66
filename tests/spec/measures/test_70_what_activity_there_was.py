"""Activity is counted once, at one point of delivery, where and when it was: each number here was counted by hand."""

from __future__ import annotations

import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.spec.measures.made_activity import Made, number

from joinedup.errors import NotFound, RuleError
from joinedup.measures.activity.counted import Activity, activity_of
from joinedup.measures.activity.definitions import point_of_delivery, points_of_delivery, read_point
from joinedup.population import open_snapshot

D = date


def counted(made: Made, *pods: str) -> Activity:
    points = {pod: point_of_delivery(pod) for pod in pods} if pods else None
    return activity_of(open_snapshot(made.write(Path(tempfile.mkdtemp(prefix="joinedup-tiny-")))), points)


def units(activity: Activity, pod: str, **where: Any) -> int:
    rows = activity.counts[activity.counts["pod"] == pod]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return int(rows["units"].sum())


STAYS = (
    # admission method, patient classification, day of admission, day of discharge, point of delivery
    ("11", "1", D(2026, 5, 4), D(2026, 5, 6), "EL"),
    ("12", "1", D(2026, 5, 4), D(2026, 5, 4), "EL"),
    ("13", "2", D(2026, 5, 4), D(2026, 5, 4), "DC"),
    ("11", "3", D(2026, 5, 4), D(2026, 5, 4), "RA"),
    ("11", "4", D(2026, 5, 4), D(2026, 5, 5), "RA"),
    ("21", "1", D(2026, 5, 4), D(2026, 5, 4), "NELS"),
    ("2A", "1", D(2026, 5, 4), D(2026, 5, 5), "NEL"),
    ("2D", "1", D(2026, 5, 4), D(2026, 5, 31), "NEL"),
    ("81", "1", D(2026, 5, 4), D(2026, 5, 9), "NEL"),
    ("31", "5", D(2026, 5, 4), D(2026, 5, 4), "MAT"),
    ("82", "1", D(2026, 5, 4), D(2026, 5, 6), "MAT"),
)


@cache
def stays() -> Activity:
    made = Made()
    for nth, (method, kind, on, ends, _) in enumerate(STAYS):
        made.stay(f"p{nth}", on, ends, method, kind, provider=f"R{nth:02d}")
    return counted(made)


@pytest.mark.parametrize("nth", range(len(STAYS)))
def test_a_stay_is_of_one_point_of_delivery(nth: int) -> None:
    rows = stays().counts[stays().counts["provider"] == f"R{nth:02d}"]
    assert rows[["pod", "units"]].to_numpy().tolist() == [[STAYS[nth][4], 1]]


def test_nights_are_counted_for_stays_with_beds() -> None:
    nights = stays().counts.groupby("pod")["nights"].sum().to_dict()
    assert nights == {"EL": 2, "DC": 0, "RA": 0, "NELS": 0, "NEL": 1 + 27 + 5, "MAT": 2}


CONTACTS = (
    # table, what the row says, point of delivery ("" for none)
    ("appointment", {"attended": "5", "is_first": True, "hrg": "WF01B"}, "OPFA"),
    ("appointment", {"attended": "6", "is_first": True, "hrg": None}, "OPFA"),
    ("appointment", {"attended": "5", "is_first": False, "hrg": "WF01A"}, "OPFU"),
    ("appointment", {"attended": "5", "is_first": False, "hrg": "UZ01Z"}, "OPFU"),
    ("appointment", {"attended": "5", "is_first": False, "hrg": "JC43A"}, "OPPROC"),
    ("appointment", {"attended": "5", "is_first": True, "hrg": "JC43A"}, "OPPROC"),
    ("appointment", {"attended": "3", "is_first": True, "hrg": None}, ""),
    ("appointment", {"attended": "7", "is_first": True, "hrg": None}, ""),
    ("appointment", {"feed": "hl7v2", "attended": None, "is_first": None}, ""),
    ("encounter", {"feed": "ecds", "activity": "emergency", "service": "300"}, "AE"),
    ("encounter", {"feed": "hl7v2", "class_code": "EMER"}, ""),
    ("encounter", {"feed": "hl7v2", "class_code": "IMP", "admission_method": "21"}, ""),
    ("encounter", {"feed": "letters", "class_code": "IMP"}, ""),
    ("encounter", {"feed": "sus-op", "activity": "outpatient"}, ""),
    ("encounter", {"feed": "csds", "activity": "community-contact", "attended": "5"}, "COM"),
    ("encounter", {"feed": "csds", "activity": "community-contact", "attended": None}, "COM"),
    ("encounter", {"feed": "csds", "activity": "community-contact", "attended": "3"}, ""),
    ("encounter", {"feed": "mhsds", "activity": "mental-health-contact", "attended": "6"}, "MHC"),
    ("encounter", {"feed": "mhsds", "activity": "mental-health-contact", "attended": "3"}, ""),
    ("encounter", {"feed": "gp", "class_code": "AMB"}, "GPA"),
    ("encounter", {"feed": "asc-cld", "kind_text": "Assessment"}, ""),
)


@cache
def contacts() -> Activity:
    made = Made()
    for nth, (table, said, _) in enumerate(CONTACTS):
        getattr(made, table)(f"p{nth}", on=D(2026, 5, 4), **{"provider": f"R{nth:02d}", **said})
    return counted(made)


@pytest.mark.parametrize("nth", range(len(CONTACTS)))
def test_a_contact_is_of_one_point_of_delivery_or_of_none(nth: int) -> None:
    rows = contacts().counts[contacts().counts["provider"] == f"R{nth:02d}"]
    wanted = CONTACTS[nth][2]
    assert rows[["pod", "units"]].to_numpy().tolist() == ([[wanted, 1]] if wanted else [])


def test_what_several_feeds_tell_of_is_counted_once() -> None:
    made = Made()
    on, ends = D(2026, 5, 4), D(2026, 5, 8)
    made.stay("a", on, ends, episodes=(("300", 0), ("320", 325_591)))
    made.encounter("a", "hl7v2", on, class_code="IMP", admission_method="21", provider="RWG", ends=ends)
    made.encounter("a", "letters", on, class_code="IMP", provider="RWG", ends=ends)
    made.encounter("a", "ecds", on, activity="emergency", provider="RWG")
    made.encounter("a", "hl7v2", on, class_code="EMER", provider="RWG")
    made.appointment("a", D(2026, 5, 20))
    made.appointment("a", D(2026, 5, 20), feed="hl7v2", attended=None)
    made.encounter("a", "sus-op", D(2026, 5, 20), activity="outpatient", provider="RWG")
    activity = counted(made)
    assert activity.counts.set_index("pod")["units"].to_dict() == {"NEL": 1, "AE": 1, "OPFA": 1}
    (stay,) = activity.counts[activity.counts["pod"] == "NEL"].to_dict("records")
    assert (stay["service"], stay["nights"]) == ("320", 4)  # the specialty of the last episode


def test_every_point_of_delivery_is_counted_from_one_feed() -> None:
    everything = {source.feed: {} for one in points_of_delivery().values() for source in one.sources}
    for one in points_of_delivery().values():
        source = one.source_among(everything)
        assert source is (one.sources[0] if one.sources else None)
        assert len({other.feed for other in one.sources}) == len(one.sources)


def test_another_servers_export_counts_only_where_the_extract_has_not_come() -> None:
    made = Made()
    made.coverage = {"bulk": made.coverage["ecds"]}
    made.encounter("a", "bulk", D(2026, 5, 4), class_code="EMER", provider="R1")
    made.encounter("b", "bulk", D(2026, 5, 4), class_code="IMP", admission_method="21", ends=D(2026, 5, 6))
    alone = counted(made)
    assert alone.counts.set_index("pod")["units"].to_dict() == {"AE": 1, "NEL": 1}
    assert alone.not_collected["OPFA"] == "No feed of this snapshot tells of it."
    made.coverage["ecds"] = made.coverage["bulk"]
    made.encounter("a", "ecds", D(2026, 5, 4), activity="emergency", provider="R1")
    assert units(counted(made), "AE") == 1


def test_a_stay_counts_in_the_month_in_which_it_ended() -> None:
    made = Made()
    made.stay("a", D(2026, 4, 28), D(2026, 5, 2))
    activity = counted(made, "NEL")
    assert units(activity, "NEL", month=number(2026, 5)) == 1
    assert units(activity, "NEL", month=number(2026, 4)) == 0


def test_a_patient_is_of_the_place_of_that_day_and_a_place_goes_on_as_what_it_became() -> None:
    made = Made()
    for practice in ("Y1", "Y2", "Y3", "Y4"):
        made.person(f"of {practice}", practice)
        for on in (D(2025, 12, 31), D(2026, 3, 31), D(2026, 4, 1)):
            made.encounter(f"of {practice}", "ecds", on, activity="emergency", provider=practice)
    activity = counted(made, "AE")
    places = {
        (row["provider"], row["month"]): row["place"]
        for row in activity.counts[activity.counts["pod"] == "AE"].to_dict("records")
    }
    before, march, april = number(2025, 12), number(2026, 3), number(2026, 4)
    assert activity.places == {"PC": "Place C", "PD": "Place D"}
    assert [places["Y1", month] for month in (before, march, april)] == ["PD", "PD", "PD"]
    assert [places["Y2", month] for month in (before, march, april)] == ["PD", "PD", "PD"]
    assert [places["Y3", month] for month in (before, march, april)] == ["PC", "PC", "PD"]
    assert [places["Y4", month] for month in (before, march, april)] == ["PC", "PC", "PC"]


def test_who_moves_or_dies_is_of_one_place_and_who_is_registered_nowhere_of_none() -> None:
    made = Made()
    made.add("person", person="mover", birth_month="1950-01", sex="male")
    made.add("registration", person="mover", practice="Y1", starts=D(2020, 1, 1), ends=D(2026, 6, 10))
    made.add("registration", person="mover", practice="Y4", starts=D(2026, 6, 10), ends=D(2026, 8, 5))
    made.people["mover"] = {}
    made.add("person", person="nowhere", birth_month="1950-01", sex="male")
    made.people["nowhere"] = {}
    for on, provider in ((D(2026, 6, 9), "R1"), (D(2026, 6, 10), "R2"), (D(2026, 8, 5), "R3"), (D(2026, 8, 6), "R4")):
        made.encounter("mover", "ecds", on, activity="emergency", provider=provider)
    made.encounter("nowhere", "ecds", D(2026, 6, 9), activity="emergency", provider="R5")
    rows = counted(made, "AE").counts
    assert rows.set_index("provider")["place"].to_dict() == {"R1": "PD", "R2": "PC", "R3": "PC", "R4": "", "R5": ""}
    assert rows["units"].sum() == 5


def test_rows_about_people_who_are_not_in_the_snapshot_are_not_counted() -> None:
    made = Made()
    made.encounter("a", "ecds", D(2026, 5, 4), activity="emergency", provider="R1")
    made.rows["pop_encounter"].append({**made.rows["pop_encounter"][0], "person": "opted out", "key": "other"})
    assert units(counted(made, "AE"), "AE") == 1


def test_weeks_of_social_care_are_its_mondays() -> None:
    made = Made()
    made.person("a")
    made.person("b")
    said = {"feed": "asc-cld", "kind": "service", "organisation": "606"}
    long = "Long Term Support: Community"
    # Mondays of June 2026: 1, 8, 15, 22 and 29; of July 6, 13, 20, 27.
    made.add("pop_registration", person="a", kind_text=long, starts=D(2026, 6, 9), ends=D(2026, 7, 13), **said)
    made.add("pop_registration", person="b", kind_text=long, starts=D(2026, 6, 1), ends=D(2026, 6, 2), **said)
    made.add("pop_registration", person="b", kind_text="Carer Support: Direct to Carer", starts=D(2026, 6, 1), **said)
    rows = counted(made, "SC").counts.groupby("month")[["units", "cases"]].sum()
    assert rows.loc[number(2026, 6)].tolist() == [3 + 1, 2]  # 15, 22, 29 and the 1st; two packages
    assert rows.loc[number(2026, 7)].tolist() == [1, 1]  # the 6th: on the 13th it has ended


def test_a_month_without_data_is_not_known_and_the_first_year_of_packages_only_settles() -> None:
    made = Made()
    made.coverage["ecds"]["missing"] = ["2026-05"]
    made.coverage["csds"] = {"from": "2025-03", "to": "2026-08", "missing": []}
    for month in (4, 5, 6):
        made.encounter("a", "ecds", D(2026, month, 4), activity="emergency", provider="R1")
    made.add("pop_registration", person="a", feed="asc-cld", kind="service", organisation="606",
             kind_text="Long Term Support: Community", starts=D(2024, 1, 1))  # fmt: skip
    activity = counted(made, "AE", "COM", "SC")
    assert number(2026, 5) not in activity.known["AE"]
    assert len(activity.known["AE"]) == 35
    assert units(activity, "AE") == 2
    assert (min(activity.known["COM"]), max(activity.known["COM"])) == (number(2025, 3), number(2026, 8))
    assert min(activity.known["SC"]) == number(2024, 11)
    assert units(activity, "SC", month=number(2024, 10)) == 0


def test_prices_are_sums_of_what_the_extract_carries_in_whole_pence() -> None:
    made = Made()
    on, ends = D(2026, 5, 4), D(2026, 5, 8)
    made.stay("a", on, ends, episodes=(("300", 1), ("320", 325_591)))
    made.stay("b", on, ends, episodes=(("300", 100_003),))
    made.stay("c", on, ends, episodes=(("300", 7),), is_whole=False)  # its last episode was set aside
    made.stay("d", on, ends, episodes=(("300", 0),), hrg="UZ01Z")
    made.appointment("a", on, hrg="WF01B", tariff_pence=19_545)
    made.appointment("b", on, hrg="WF01B", tariff_pence=17_373)
    made.appointment("c", on, hrg="WF01B", tariff_pence=None)
    made.encounter("a", "csds", on, activity="community-contact", provider="RY4")
    found = {
        (row["provider"], row["pod"], row["hrg"]): (row["units"], row["unpriced"], row["pence"])
        for row in counted(made, "NEL", "OPFA", "COM").prices.to_dict("records")
    }
    assert found == {
        ("RWG", "NEL", "DZ11R"): (3, 1, 1 + 325_591 + 100_003),
        ("RWG", "NEL", "UZ01Z"): (1, 0, 0),
        ("RWG", "OPFA", "WF01B"): (3, 1, 19_545 + 17_373),
        ("RY4", "COM", ""): (1, 1, 0),
    }


def test_what_no_feed_tells_is_not_collected_and_says_why() -> None:
    said = stays().not_collected
    assert set(said) == {"AE1", "AE2", "AE3", "AE4", "UTC", "CC", "XBD", "DIAG", "MHB"}
    assert all(why.endswith(".") for why in said.values())
    assert not set(said) & set(stays().known)


def test_people_registered_by_place_sex_and_five_years_of_age() -> None:
    made = Made()
    made.person("a", "Y1", birth_month="1980-01", sex="female")
    made.person("b", "Y2", birth_month="1980-01", sex="female")
    made.person("c", "Y3", birth_month="2021-11", sex="male")
    made.person("d", "Y4", birth_month="1930-06", sex="male", death_month="2026-07")
    made.person("e", "Y4", birth_month=None, sex=None)
    found = {
        (row["month"], row["place"], row["sex"], row["age_band"]): row["people"]
        for row in counted(made, "AE").people.to_dict("records")
    }
    march, april, october = number(2026, 3), number(2026, 4), number(2026, 10)
    assert found[march, "PD", "female", "45-49"] == 2  # PA and PB are counted in what they became
    assert found[number(2024, 12), "PD", "female", "40-44"] == 2
    assert found[march, "PC", "male", "0-4"] == 1
    assert found[april, "PD", "male", "0-4"] == 1
    assert found[number(2026, 6), "PC", "male", "90+"] == 1
    assert (number(2026, 7), "PC", "male", "90+") not in found
    assert found[october, "PC", "Unknown", "Unknown"] == 1


def test_a_definition_that_says_nothing_is_refused() -> None:
    with pytest.raises(RuleError, match=r"'sauce' means nothing\. Did you mean 'source'"):
        read_point("EL", {"title": "x", "unit": "spells", "sauce": []})
    with pytest.raises(RuleError, match="either a source or why it is not collected"):
        read_point("EL", {"title": "x", "unit": "spells"})
    with pytest.raises(NotFound, match="no point of delivery 'NELL'"):
        point_of_delivery("NELL")
