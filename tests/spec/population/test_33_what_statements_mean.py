"""Chapter 33: what statements mean, on people drawn by hand (rules: population PC1, PC2)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.spec.population.drawn import LAST, MARCH, draw, held, now

from joinedup.errors import NotFound, RuleError
from joinedup.population import events, states
from joinedup.population.codelist_updates import update
from joinedup.population.codelists import Codelist
from joinedup.population.evaluation import answer
from joinedup.population.grid import MonthEnds, OneDay
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import parse

STROKE, HYPERTENSION, SYSTOLIC, SMOKING = "230690007", "38341003", "271649006", "365981007"
SMOKER, EX_SMOKER, ATORVASTATIN, FLU = "77176002", "8517006", "373444002", "46233009"


def _people(*names: str, **said: Any) -> list[dict[str, Any]]:
    return [{"person": name, **said} for name in names]


def _when(snapshot: Snapshot, *sentences: str) -> dict[str, list[tuple[int, int]]]:
    return held(snapshot, states(snapshot, sentences))


def _unknown(snapshot: Snapshot, sentence: str) -> set[str]:
    """Answer of whom the sentence is unknown at the end of the last month."""
    grid = MonthEnds(range(MARCH, MARCH + 1))
    found = answer(snapshot, parse(sentence), grid).known
    everybody = set(snapshot.table("person").execute().person)
    if found is None:
        return set()
    from joinedup.population.facts import facts

    return everybody - set(found.inner_join(facts(snapshot).people, "who").execute().person)


# --- who and where -------------------------------------------------------------------------------------------------


def test_registered_from_the_day_on_up_to_the_day_before_the_end(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=_people("stays", "joins", "leaves", "moves", "gap", "never") + _people("died", death_month="2026-01"),
        registration=[
            {"person": "stays", "practice": "Y00001", "starts": date(2010, 4, 1)},
            {"person": "joins", "practice": "Y00001", "starts": date(2026, 2, 28)},
            {"person": "leaves", "practice": "Y00001", "starts": date(2010, 4, 1), "ends": date(2026, 2, 28)},
            {"person": "moves", "practice": "Y00001", "starts": date(2010, 4, 1), "ends": date(2026, 1, 15)},
            {"person": "moves", "practice": "Y00002", "starts": date(2026, 1, 15)},
            {"person": "gap", "practice": "Y00001", "starts": date(2010, 4, 1), "ends": date(2025, 12, 1)},
            {"person": "gap", "practice": "Y00002", "starts": date(2026, 2, 1)},
            {"person": "died", "practice": "Y00001", "starts": date(2010, 4, 1)},
        ],
        practice_area=[
            {"practice": "Y00001", "neighbourhood": "NA1", "place": "PA", "system": "QM7", "starts": date(2010, 4, 1)},
            {
                "practice": "Y00002",
                "place": "PA",
                "system": "QM7",
                "starts": date(2010, 4, 1),
                "ends": date(2026, 3, 1),
            },
            {"practice": "Y00002", "place": "PB", "system": "QM7", "starts": date(2026, 3, 1)},
        ],
    )
    assert _when(snapshot, "is registered") == {
        "died": [(-35, -3)],  # not at the end of the month of the death
        "gap": [(-35, -4), (-1, 0)],
        "joins": [(-1, 0)],
        "leaves": [(-35, -2)],  # a registration that ends on the last day of February does not cover it
        "moves": [(-35, 0)],
        "stays": [(-35, 0)],
    }
    assert _when(snapshot, "is not registered")["leaves"] == [(-1, 0)]
    assert _when(snapshot, "is not registered")["never"] == [(-35, 0)]
    assert _when(snapshot, "is registered with the practice Y00002")["moves"] == [(-2, 0)]
    assert _when(snapshot, "is registered in the place PA")["moves"] == [(-35, -1)]
    assert _when(snapshot, "is registered in the place PB") == {"moves": [(0, 0)], "gap": [(0, 0)]}


def test_resident_where_the_home_is_and_deprived_as_its_small_area(tmp_path: Path) -> None:
    areas = [
        {
            "lsoa11": f"S{n}",
            "place": "PA",
            "system": "QM7" if n < 3 else None,
            "imd_decile": n * 2,
            "deprivation_national": n,
            "deprivation_local": 6 - n,
            "starts": date(2010, 4, 1),
        }
        for n in (1, 2, 3)
    ]
    snapshot = draw(
        tmp_path,
        person=_people("poor", "moves", "outside", "nowhere"),
        small_area=areas,
        residence=[
            {"person": "poor", "lsoa11": "S1", "starts": date(2010, 4, 1)},
            {"person": "moves", "lsoa11": "S1", "starts": date(2010, 4, 1), "ends": date(2026, 2, 10)},
            {"person": "moves", "lsoa11": "S2", "starts": date(2026, 2, 10)},
            {"person": "outside", "lsoa11": "S3", "starts": date(2010, 4, 1)},
        ],
    )
    assert set(_when(snapshot, "is resident")) == {"poor", "moves"}
    assert _when(snapshot, "lives in deprivation quintile 1") == {"poor": [(-35, 0)], "moves": [(-35, -2)]}
    assert _when(snapshot, "lives in local deprivation quintile 4") == {"moves": [(-1, 0)]}
    assert _when(snapshot, "lives in deprivation decile 1 to 4")["moves"] == [(-35, 0)]
    assert _when(snapshot, "lives in the small area S2") == {"moves": [(-1, 0)]}
    assert _unknown(snapshot, "lives in deprivation quintile 1") == {"nowhere"}


# --- age, sex, ethnic group ----------------------------------------------------------------------------------------


def test_age_at_the_end_of_the_month_of_the_birthday(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=[
            {"person": "turns 18 this month", "birth_month": "2008-03"},
            {"person": "turns 18 next month", "birth_month": "2008-04"},
            {"person": "leap day", "birth_month": "2008-02"},
            {"person": "unknown", "birth_month": None},
        ],
    )
    assert _when(snapshot, "is aged 18 or over") == {"leap day": [(-1, 0)], "turns 18 this month": [(0, 0)]}
    assert _when(snapshot, "is under 18")["turns 18 this month"] == [(-35, -1)]
    assert _when(snapshot, "is aged 17 to 17")["turns 18 next month"] == [(-11, 0)]
    assert _when(snapshot, "turned 18 in the 12 months")["leap day"] == [(-1, 0)]
    assert "unknown" not in _when(snapshot, "is under 150")
    assert _unknown(snapshot, "is aged 18 or over") == {"unknown"}


def test_on_the_snapshots_day_the_age_is_the_one_that_was_worked_out_from_the_whole_date(tmp_path: Path) -> None:
    day = date(2026, 3, 10)
    snapshot = draw(
        tmp_path,
        day=day,
        person=[
            {"person": "64 still", "birth_month": "1961-03", "age": 64},
            {"person": "65 already", "birth_month": "1961-03", "age": 65},
        ],
    )
    true = answer(snapshot, parse("is aged 65 or over"), OneDay(day)).true
    assert len(true.execute()) == 1
    with pytest.raises(RuleError, match="Ages are known at the ends of months and on the snapshot's day"):
        answer(snapshot, parse("is aged 65 or over"), OneDay(date(2026, 3, 9)))


def test_what_is_not_recorded_is_neither_true_nor_false(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=[
            {"person": "woman", "sex": "female", "ethnic_group": "Asian"},
            {"person": "man", "sex": "male", "ethnic_group": "White"},
            {"person": "not said", "sex": None, "ethnic_group": "Unknown"},
        ],
    )
    assert now(snapshot, states(snapshot, ["is female"])) == {"woman"}
    assert now(snapshot, states(snapshot, ["is not female"])) == {"man"}
    assert _unknown(snapshot, "is female") == {"not said"}
    assert now(snapshot, states(snapshot, ["is in the ethnic group Asian, Black or Mixed"])) == {"woman"}
    assert now(snapshot, states(snapshot, ["is not in the ethnic group Asian"])) == {"man"}
    with pytest.raises(NotFound, match="there is no ethnic group 'martian'"):
        states(snapshot, ["is in the ethnic group Martian"])


# --- what was recorded ---------------------------------------------------------------------------------------------


def test_a_code_holds_from_its_day_as_long_as_it_is_within_the_window(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=_people("a", "b", "c"),
        pop_condition=[
            {"person": "a", "code": STROKE, "on": date(2025, 3, 31)},
            {"person": "b", "code": STROKE, "on": date(2025, 4, 1)},
            {"person": "b", "code": "I63.9", "system": "icd10", "feed": "sus-apc", "on": date(2025, 4, 1)},
            {"person": "c", "code": "I639", "system": "icd10", "feed": "hl7v2", "on": date(2026, 1, 31)},
            {"person": "c", "code": STROKE, "on": date(2026, 3, 2)},
        ],
    )
    assert _when(snapshot, "has ever had stroke") == {"a": [(-12, 0)], "b": [(-11, 0)], "c": [(-2, 0)]}
    assert _when(snapshot, "had a stroke in the 12 months") == {"a": [(-12, -1)], "b": [(-11, 0)], "c": [(-2, 0)]}
    assert _when(snapshot, "had a stroke in the month") == {
        "a": [(-12, -12)],
        "b": [(-11, -11)],
        "c": [(-2, -2), (0, 0)],
    }
    assert _when(snapshot, "had at least 2 stroke in the 12 months") == {"c": [(0, 0)]}, "two codes of one day are one"
    assert _when(snapshot, "had fewer than 2 stroke in the 12 months")["c"] == [(-35, -1)]
    # One month to 30 April begins on 31 March; one to 28 February on 29 January.
    assert _when(snapshot, "had a stroke in the 1 month")["a"] == [(-12, -11)]
    assert _when(snapshot, "had a stroke in the 1 month")["c"] == [(-2, 0)]
    assert _when(snapshot, "had no stroke in the month")["b"] == [(-35, -12), (-10, 0)]
    assert _when(snapshot, "first had stroke in the 2 months") == {
        "a": [(-12, -11)],
        "b": [(-11, -10)],
        "c": [(-2, -1)],
    }
    assert _when(snapshot, "has had stroke since 2025-04-01") == {"b": [(-11, 0)], "c": [(-2, 0)]}
    assert _when(snapshot, "had a stroke in the 30 days") == {"a": [(-12, -12)], "b": [(-11, -11)], "c": [(-2, 0)]}
    assert _when(snapshot, "has never had stroke")["a"] == [(-35, -13)]
    counted = snapshot.connection.to_pyarrow(events(snapshot, "stroke")).to_pylist()
    assert sorted((row["person"], row["month"] - MARCH, row["events"]) for row in counted) == [
        ("a", -12, 1),
        ("b", -11, 1),
        ("c", -2, 1),
        ("c", 0, 1),
    ]


def test_the_last_value_is_the_latest_one_and_unknown_where_there_is_none(tmp_path: Path) -> None:
    def systolic(who: str, on: date, value: float | None) -> dict[str, Any]:
        return {"person": who, "code": SYSTOLIC, "on": on, "value": value}

    snapshot = draw(
        tmp_path,
        person=_people("falls", "twice a day", "old", "none", "slip"),
        pop_observation=[
            systolic("falls", date(2025, 12, 5), 150),
            systolic("falls", date(2026, 2, 5), 160),
            systolic("falls", date(2026, 2, 25), 130),
            systolic("twice a day", date(2026, 1, 5), 150),
            systolic("twice a day", date(2026, 1, 5), 138),
            systolic("old", date(2024, 1, 31), 150),
            systolic("none", date(2026, 1, 1), None),
            systolic("slip", date(2026, 1, 1), 1400),
        ],
    )
    assert _when(snapshot, "last systolic is above 140") == {"falls": [(-3, -2)], "old": [(-26, 0)]}
    assert _when(snapshot, "last systolic is above 140 in the 12 months") == {
        "falls": [(-3, -2)],
        "old": [(-26, -15)],
    }
    assert _when(snapshot, "last systolic is at most 138")["twice a day"] == [(-2, 0)], "the lowest of the day"
    assert _when(snapshot, "last systolic is below 138") == {"falls": [(-1, 0)]}
    assert _when(snapshot, "had systolic measured in the 2 months")["falls"] == [(-3, 0)]
    assert set(_when(snapshot, "had no systolic measured in the 60 months")) >= {"none", "slip"}
    assert _unknown(snapshot, "last systolic is above 140") == {"none", "slip"}
    assert _unknown(snapshot, "last systolic is above 140 in the 12 months") == {"none", "slip", "old"}


def test_an_answer_is_the_code_chosen_or_the_code_itself(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=_people("smokes", "stopped", "said so", "not asked"),
        pop_observation=[
            {"person": "smokes", "code": SMOKING, "on": date(2025, 5, 1), "value_code": SMOKER},
            {"person": "stopped", "code": SMOKING, "on": date(2025, 5, 1), "value_code": SMOKER},
            {"person": "stopped", "code": SMOKING, "on": date(2026, 1, 1), "value_code": EX_SMOKER},
            {"person": "said so", "code": SMOKER, "on": date(2025, 5, 1)},
        ],
    )
    assert _when(snapshot, "last smoking status is current smoker") == {
        "said so": [(-10, 0)],
        "smokes": [(-10, 0)],
        "stopped": [(-10, -3)],
    }
    assert now(snapshot, states(snapshot, ["last smoking status is not current smoker"])) == {"stopped"}
    with pytest.raises(RuleError, match="systolic is a number"):
        states(snapshot, ["last systolic is current smoker"])


def test_medicines_issued_and_medicines_taken(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=_people("issued", "old issue", "takes", "stopped"),
        pop_medication=[
            {"person": "issued", "code": ATORVASTATIN, "on": date(2026, 2, 1)},
            {"person": "issued", "code": ATORVASTATIN, "on": date(2026, 3, 1)},
            {"person": "old issue", "code": ATORVASTATIN, "on": date(2025, 9, 30)},
            {"person": "takes", "kind": "statement", "code": ATORVASTATIN, "on": date(2025, 1, 1)},
            {
                "person": "stopped", "kind": "statement", "code": ATORVASTATIN, "on": date(2025, 1, 1),
                "ends": date(2026, 3, 1),
            },
        ],
    )  # fmt: skip
    assert now(snapshot, states(snapshot, ["was prescribed statins in the 6 months"])) == {"issued"}
    assert now(snapshot, states(snapshot, ["was prescribed at least 2 times statins in the 6 months"])) == {"issued"}
    assert now(snapshot, states(snapshot, ["has ever been prescribed statins"])) == {"issued", "old issue"}
    assert now(snapshot, states(snapshot, ["has never been prescribed statins"])) == {"takes", "stopped"}
    assert now(snapshot, states(snapshot, ["is taking statins"])) == {"takes"}
    assert _when(snapshot, "is taking statins")["stopped"] == [(-14, -1)]


def test_immunised_this_season_by_the_product_or_the_procedure_counted_once_a_day(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=_people("this season", "last season", "both codes", "not done"),
        pop_immunisation=[
            {"person": "this season", "code": FLU, "on": date(2025, 9, 1)},
            {"person": "last season", "code": None, "procedure": "822851000000102", "on": date(2025, 8, 31)},
            {"person": "both codes", "code": FLU, "procedure": "822851000000102", "on": date(2025, 10, 1)},
            {"person": "not done", "code": FLU, "on": date(2025, 10, 1), "status": "not-done"},
        ],
    )
    flu = "was immunised with influenza vaccine since 1 September"
    assert _when(snapshot, flu) == {
        "both codes": [(-5, 0)],
        "last season": [(-7, -7)],
        "this season": [(-6, 0)],
    }
    assert now(snapshot, states(snapshot, ["has never been immunised with influenza vaccine"])) == {"not done"}
    assert _when(snapshot, "has been immunised at least 2 times with influenza vaccine") == {}


def test_waiting_over_18_weeks_is_more_than_126_days(tmp_path: Path) -> None:
    def wait(who: str, starts: date, **more: Any) -> dict[str, Any]:
        return {"person": who, "feed": "wlmds", "clock_starts": starts, "is_cancer": False, **more}

    snapshot = draw(
        tmp_path,
        person=_people("126 days", "127 days", "treated", "removed", "by letter")
        + _people("died", death_month="2026-03"),
        pop_referral=[
            wait("126 days", date(2025, 11, 25)),
            wait("127 days", date(2025, 11, 24)),
            wait("treated", date(2025, 6, 1), clock_ends=date(2026, 3, 31)),
            wait("removed", date(2025, 6, 1), removed=date(2026, 1, 1)),
            wait("died", date(2025, 6, 1)),
            wait("by letter", date(2025, 6, 1), feed="gp"),
        ],
    )
    assert now(snapshot, states(snapshot, ["is waiting for treatment over 18 weeks"])) == {"127 days"}
    assert now(snapshot, states(snapshot, ["is waiting for treatment"])) == {"126 days", "127 days"}
    assert _when(snapshot, "is waiting for treatment")["removed"] == [(-9, -3)]


# --- several sentences ---------------------------------------------------------------------------------------------


def test_all_the_sentences_have_to_hold_at_once(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=_people("a", "b"),
        registration=[{"person": "a", "practice": "Y00001", "starts": date(2026, 1, 1)}],
        pop_condition=[{"person": who, "code": STROKE, "on": date(2025, 12, 1)} for who in "ab"],
    )
    assert _when(snapshot, "is registered", "had a stroke in the 3 months") == {"a": [(-2, -1)]}
    assert _when(snapshot) == {"a": [(-35, 0)], "b": [(-35, 0)]}, "no sentence: everybody"
    earlier = range(MARCH - 1, MARCH + 1)
    assert held(snapshot, states(snapshot, ["had a stroke in the 3 months"], months=earlier)) == {
        "a": [(-1, -1)],
        "b": [(-1, -1)],
    }


def test_what_there_is_not_is_named_with_the_nearest(tmp_path: Path) -> None:
    snapshot = draw(tmp_path, person=_people("a"))
    with pytest.raises(NotFound, match=r"'has ever had strok': There is no codelist 'strok'. Did you mean 'stroke'"):
        states(snapshot, ["has ever had strok"])
    with pytest.raises(NotFound, match="Did you mean 'emergency admissions'"):
        states(snapshot, ["had at least 2 emergency admission s in the year"])
    with pytest.raises(NotFound, match="Did you mean 'emergency admissions'"):
        events(snapshot, "emergency admisions")
    with pytest.raises(NotFound, match=r"There is no value called 'systolicc'. Did you mean 'systolic'"):
        states(snapshot, ["last systolicc is above 140"])


def test_a_person_is_in_a_state_once_for_every_spell_and_never_outside_the_months(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path, person=_people("a"), pop_condition=[{"person": "a", "code": STROKE, "on": date(1999, 1, 1)}]
    )
    assert snapshot.months == range(MARCH - 35, MARCH + 1)
    assert snapshot.day == LAST
    assert _when(snapshot, "has ever had stroke") == {"a": [(-35, 0)]}


# --- a new version of a code list ----------------------------------------------------------------------------------


def test_an_update_of_a_list_says_how_many_people_it_gains_and_loses(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=_people("kept", "gained", "also gained", "lost"),
        pop_condition=[
            {"person": "kept", "code": STROKE, "on": LAST},
            {"person": "gained", "code": HYPERTENSION, "on": LAST},
            {"person": "also gained", "code": HYPERTENSION, "on": LAST},
            {"person": "lost", "code": "266257000", "on": LAST},
            {"person": "lost", "system": "icd10", "code": STROKE, "on": LAST},
        ],
    )
    before = Codelist("x", "snomed", frozenset({STROKE, "266257000"}))
    after = Codelist("x", "snomed", frozenset({STROKE, HYPERTENSION}))
    told = update(snapshot, before, after)
    assert (told.gained, told.lost) == (2, 1)
    assert told.codes.added == (HYPERTENSION,)
