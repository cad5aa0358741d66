"""What a gap is worth in pounds and in people; who works in the system; when plans of a year are due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.spec.planning.kept import handed_in
from tests.spec.planning.pages import a_system, signed_in, text_of
from tests.spec.planning.plans import provider

from joinedup.planning import (
    Disagreement,
    Pair,
    Parameter,
    ParameterOverlap,
    ParameterSet,
    PlanLine,
    planning_parameters,
)
from joinedup.planning.plans.return_deadlines import return_deadlines, standing_of
from joinedup.planning.system_parameters import FILE, system_parameters
from joinedup.planning.triangulation.worth import in_pence, in_people

YEAR, START = "2026/27", date(2026, 4, 1)


def row(key: str, value: int) -> Parameter:
    return Parameter(key, Decimal(value), "", START, None, "adopted", "test", "test")


SAID = [row("consistency.minutes:OPFA", 35), row("consistency.cost:NURSE", 48_000_00)]
KNOWN = ParameterSet([*planning_parameters(), *SAID])


def gap(kind: str, pod: str, period: str, unit: str, size: int | Decimal, money: int | None = None) -> Disagreement:
    pair = Pair(kind, "QM7", "RWG", "110", pod, period, kind, unit, size, 0)
    return Disagreement("outside", pair, size, 5, money, False)


def test_activity_is_worth_the_people_whom_its_minutes_take() -> None:
    """MD8: 24,000 at 35 minutes are 14,000 hours; 1,540.5 hours a WTE, 9.088 WTE."""
    year = in_people(gap("activity", "OPFA", YEAR, "attendances", 24_000), KNOWN, START)
    assert year is not None
    assert round(year, 3) == Decimal("9.088")
    month = in_people(gap("activity", "OPFA", "2026-04", "attendances", 2_000), KNOWN, START)
    assert month is not None
    assert abs(month - year) < Decimal("1e-20"), "a twelfth of the activity keeps as many people busy for a month"


def test_staff_are_people_and_cost_what_a_month_of_them_costs() -> None:
    month = gap("workforce", "NURSE", "2026-04", "WTE", Decimal("1.5"))
    assert in_people(month, KNOWN, START) == Decimal("1.5")
    assert in_pence(month, KNOWN, START) == 6_000_00
    assert in_pence(gap("workforce", "NURSE", YEAR, "WTE", Decimal("1.5")), KNOWN, START) == 72_000_00


def test_what_nobody_has_said_is_not_guessed() -> None:
    assert in_people(gap("activity", "DC", "2026-04", "spells", 61), KNOWN, START) is None
    assert in_pence(gap("activity", "DC", "2026-04", "spells", 61), KNOWN, START) is None
    assert in_pence(gap("workforce", "AHP", "2026-04", "WTE", 3), KNOWN, START) is None
    assert in_people(gap("finance", "", YEAR, "pence", 100), KNOWN, START) is None


def test_a_price_and_pence_are_worth_themselves() -> None:
    assert in_pence(gap("activity", "DC", "2026-04", "spells", 61, 67_100_00), KNOWN, START) == 67_100_00
    assert in_pence(gap("finance", "", YEAR, "pence", 1_234), KNOWN, START) == 1_234


# year        sent                                         on                  stands
DUE = [
    (YEAR, datetime(2026, 2, 12, 23, 59, tzinfo=UTC), date(2026, 3, 1), "on_time"),
    (YEAR, datetime(2026, 2, 13, 0, 0, tzinfo=UTC), date(2026, 3, 1), "late"),
    (YEAR, None, date(2026, 2, 12), "awaited"),
    (YEAR, None, date(2026, 2, 13), "overdue"),
    ("2031/32", None, date(2026, 2, 13), "none"),
]


@pytest.mark.parametrize(("year", "sent", "on", "stands"), DUE)
def test_plans_of_a_year_are_due_as_data_say(year: str, sent: datetime | None, on: date, stands: str) -> None:
    assert standing_of(year, sent, on) == stands
    assert [one.stage for one in return_deadlines()[YEAR]] == ["draft", "final"]


def test_the_systems_own_parameters_stand_beside_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joinedup.database.data_dir", lambda: tmp_path)
    assert system_parameters().ids == planning_parameters().ids
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text(
        '[[parameter]]\nid = "consistency.mff:RWG"\nvalue = 1.0375\nunit = "factor"\nvalid_from = 2026-04-01\n'
        'status = "adopted"\nsource = "test"\ndecided_by = "test"\n'
    )
    assert system_parameters().number("consistency.mff:RWG", START) == Decimal("1.0375")


def test_a_row_of_the_system_that_holds_beside_one_of_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joinedup.database.data_dir", lambda: tmp_path)
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text(
        '[[parameter]]\nid = "triangulation.abs"\nvalue = 50\nunit = "units"\nvalid_from = 2026-04-01\n'
        'status = "adopted"\nsource = "test"\ndecided_by = "test"\n'
    )
    with pytest.raises(ParameterOverlap, match="triangulation"):
        system_parameters()


# --- the page of the workforce -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _system(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with a_system(django_db_blocker):
        yield


@pytest.fixture
def planner(_system: None, db: None, settings: Any, tmp_path: Path) -> Client:
    settings.STATIC_ROOT = tmp_path
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"
    return signed_in("planner")


def staff(owner: str, profession: str, place: str, **figures: str) -> list[PlanLine]:
    return [
        PlanLine("workforce", "", owner, "", profession, "2026-04", measure, "people" if measure == "headcount" else
                 "WTE", Decimal(value), place)
        for measure, value in figures.items()
    ]  # fmt: skip


def test_staff_add_up_to_the_system_by_each_way_of_looking(planner: Client) -> None:
    """MD2: establishment 480.0, in post 452.3, vacancy 27.7, 5.77%; in two professions and two partners."""
    handed_in(provider(
        *staff("RWG", "NURSE", "06N", establishment="300", in_post="282.3", needed="300", bank="5", headcount="330"),
        *staff("RWG", "DOCTOR", "06N", establishment="80", in_post="80", headcount="84"),
    ))  # fmt: skip
    handed_in(provider(*staff("RWH", "NURSE", "06K", establishment="100", in_post="90", joiners="2", headcount="101"),
                       owner="RWH"))  # fmt: skip
    said = text_of(planner.get("/planning/workforce/planned/", {"year": YEAR}))
    assert "People 515 Posts 480.0 WTE In post 452.3 WTE Vacant 27.7 WTE (5.8%)" in said
    assert "West Hertfordshire Teaching Hospitals NHS Trust 380.0 362.3 17.7 4.7" in said
    assert "Registered nurses 300.0 287.3 12.7" in said, "short: needed, working, the difference"
    by_profession = text_of(planner.get("/planning/workforce/planned/", {"year": YEAR, "by": "profession"}))
    assert "Registered nurses 400.0 372.3 27.7" in by_profession
    assert "06K 100.0 90.0 10.0" in text_of(planner.get("/planning/workforce/planned/", {"year": YEAR, "by": "place"}))
    assert planner.get("/planning/workforce/planned/", {"by": "mood"}).status_code == 404
    assert planner.get("/planning/workforce/planned/", {"year": YEAR, "month": "2026-12"}).status_code == 404


def test_without_staff_the_page_says_the_next_step(planner: Client) -> None:
    assert "No submitted plan of 2026/27 says who works" in text_of(
        planner.get("/planning/workforce/planned/", {"year": YEAR})
    )
