"""Chapter 36: events of care, each counted once, from the feed that counts it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.made_population import make
from tests.spec.population.drawn import MARCH, draw, held

from joinedup.errors import NotFound
from joinedup.population import events, states
from joinedup.population.activities import activities, activity
from joinedup.population.snapshot import Snapshot
from joinedup.population.tables import FEEDS, TABLES

DAY = date(2026, 3, 10)


def _stay(who: str, feed: str, **more: Any) -> dict[str, Any]:
    return {"person": who, "feed": feed, "class_code": "IMP", "on": DAY, "admission_method": "21", **more}


def _counted(snapshot: Snapshot, name: str) -> dict[str, int]:
    rows = snapshot.connection.to_pyarrow(events(snapshot, name)).to_pylist()
    assert {row["month"] for row in rows} <= {MARCH}
    return {row["person"]: row["events"] for row in rows}


def test_a_stay_that_three_feeds_tell_of_is_one_admission(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=[{"person": who} for who in ("once", "twice", "planned", "elsewhere")],
        pop_encounter=[
            _stay("once", "sus-apc", activity="spell"),
            _stay("once", "sus-apc", activity="episode"),
            _stay("once", "hl7v2"),
            _stay("once", "letters"),
            _stay("twice", "sus-apc", activity="spell"),
            _stay("twice", "sus-apc", activity="spell"),
            _stay("planned", "sus-apc", activity="spell", admission_method="11"),
            _stay("elsewhere", "bulk"),
            _stay("elsewhere", "sus-apc", activity="spell", on=date(2019, 1, 1)),
        ],
    )
    assert _counted(snapshot, "emergency admissions") == {"once": 1, "twice": 2, "elsewhere": 1}
    assert _counted(snapshot, "planned admissions") == {"planned": 1}
    assert _counted(snapshot, "inpatient stays") == {"once": 1, "twice": 2, "planned": 1, "elsewhere": 1}
    assert held(snapshot, states(snapshot, ["had at least 2 emergency admissions in the 12 months"])) == {
        "twice": [(0, 0)]
    }
    assert held(snapshot, states(snapshot, ["had an emergency admission in the month"])) == {
        "elsewhere": [(0, 0)],
        "once": [(0, 0)],
        "twice": [(0, 0)],
    }


def test_what_took_place_and_what_did_not(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=[{"person": "a"}],
        pop_appointment=[
            {"person": "a", "feed": "sus-op", "on": DAY, "attended": code} for code in ("5", "6", "3", "7", "2", "4")
        ],
        pop_encounter=[
            {"person": "a", "feed": "csds", "activity": "community-contact", "on": DAY, "attended": attended}
            for attended in ("5", None, "3")
        ],
    )
    assert _counted(snapshot, "outpatient attendances") == {"a": 2}
    assert _counted(snapshot, "outpatient appointments missed") == {"a": 2}
    assert _counted(snapshot, "outpatient appointments") == {"a": 4}
    assert _counted(snapshot, "community contacts") == {"a": 2}


def test_a_reason_is_told_by_its_codes_with_or_without_the_dot(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=[{"person": who} for who in ("asthma", "with the dot", "pneumonia", "twice told")],
        pop_encounter=[
            _stay("asthma", "sus-apc", activity="spell", reason="J459"),
            _stay("with the dot", "sus-apc", activity="spell", reason="I50.0"),
            _stay("pneumonia", "sus-apc", activity="spell", reason="J189"),
            _stay("twice told", "sus-apc", activity="spell", reason="J441"),
            _stay("twice told", "sus-apc", activity="episode", reason="J441"),
        ],
    )
    assert _counted(snapshot, "emergency admissions for ambulatory care sensitive conditions") == {
        "asthma": 1,
        "with the dot": 1,
        "twice told": 1,
    }


def test_a_death_is_counted_in_its_month(tmp_path: Path) -> None:
    snapshot = draw(
        tmp_path,
        person=[{"person": "died", "death_month": "2026-03"}, {"person": "long ago", "death_month": "2019-01"}],
        pop_death=[{"person": "died", "feed": "register", "death_month": "2026-03", "place": "H"}],
    )
    assert _counted(snapshot, "deaths") == {"died": 1}
    assert _counted(snapshot, "deaths in hospital") == {"died": 1}


def test_activities_ask_for_feeds_and_columns_that_there_are() -> None:
    for one in activities().values():
        assert one.meaning.endswith(".")
        for part in one.parts:
            columns = {part.on, *(name for name, _ in part.equal), *(name for name, _ in part.begins)}
            assert columns <= set(TABLES[part.table].names), one.name
            assert set(part.feeds) <= set(FEEDS), one.name
            if "feed" in TABLES[part.table].names:
                assert not set(part.feeds) & {"hl7v2", "letters"}, "messages and letters tell of stays again"


def test_an_activity_by_its_plural_or_singular() -> None:
    assert activity("emergency admission") is activity("Emergency admissions")
    with pytest.raises(NotFound, match="Did you mean 'emergency admissions'"):
        activity("emergency admisions")


def test_events_of_everybody_add_up_to_the_rows_of_the_feed(tmp_path: Path) -> None:
    from joinedup.population import open_snapshot

    snapshot = open_snapshot(make(tmp_path, residents=1_000))
    rows = snapshot.table("pop_encounter").execute()
    months = [day.year * 12 + day.month - 1 for day in rows.on]
    within = rows[[month in snapshot.months for month in months]]
    for name, wanted in (
        ("GP consultations", within.feed == "gp"),
        ("emergency department attendances", within.feed == "ecds"),
        ("emergency admissions", (within.feed == "sus-apc") & (within.admission_method == "21")),
    ):
        assert events(snapshot, name).events.sum().execute() == wanted.sum() > 0, name
