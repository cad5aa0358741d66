"""Rosters and capacity taken in by services and commands, and shown: sums that stay exact, nobody to be recognised.

general practice in West Essex: 3 pharmacists and 40 nurses are shown as 43 others to those who do not employ them
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client
from tests.spec.planning.kept import SUBMIT, grant, handed_in
from tests.spec.planning.pages import QM7, RWG, a_system, signed_in, text_of
from tests.spec.planning.plans import activity, provider
from tests.spec.planning.test_60_rosters import NURSE, csv as roster_csv
from tests.spec.planning.test_62_capacity_returns import BEDS, SPACES, csv as capacity_csv
from typer.testing import CliRunner

from joinedup import database
from joinedup.errors import FileError, NotFound, Refused, RuleError, Unavailable
from joinedup.planning import PlanLine, system_parameters
from joinedup.planning.capacity import as_kept as capacity_as_kept
from joinedup.planning.capacity.forecast_demand import Expected
from joinedup.planning.commands import plan
from joinedup.planning.models import CapacityReturn, Roster
from joinedup.planning.workforce import rosters_as_kept
from joinedup.planning.workforce.rows import RosterError
from joinedup.system.lookup import id_of

pytestmark = pytest.mark.django_db
WEST = "hwe-west-hertfordshire"
DECIDED = "".join(
    f'[[parameter]]\nid = "{key}"\nvalue = {value}\nunit = ""\nvalid_from = 2026-04-01\nstatus = "adopted"\n'
    'source = "test"\ndecided_by = "test"\n'
    for key, value in (
        ("consistency.los:NEL", "6.5"), ("scale.activity", "10"), ("scale.workforce:RWG", "100"),
        ("workforce.minutes:NEL:NURSE", "1000"), ("workforce.minutes:NEL:NURSE/theatre", "50"),
    )
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _system(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with a_system(django_db_blocker):
        yield


@pytest.fixture(autouse=True)
def _house(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"
    (tmp_path / "decisions").mkdir()
    (tmp_path / "decisions" / "planning_parameters.toml").write_text(DECIDED)
    monkeypatch.setattr(system_parameters.database, "data_dir", lambda: tmp_path)
    monkeypatch.setattr(database, "ready", lambda: None)


def nurses(many: int, **row: str) -> dict[str, str]:
    wte = str(many)
    given = {"place": WEST, "headcount": wte, "establishment_wte": wte, "in_post_wte": wte, "joined": ""}
    return NURSE | given | row


ROSTER = (
    nurses(60, skills="theatre", joined="2026-03"), nurses(40), nurses(30, profession="DOCTOR", grade="Consultant"),
    nurses(12, left="2026-05", establishment_wte="0"),
    nurses(0, establishment_wte="8", bank_wte="3", agency_wte="1.5"),
    nurses(40, partner="general-practice", profession="GPN"), nurses(3, partner="general-practice", profession="PHARM"),
    nurses(80, partner="general-practice", profession="GP"),
)  # fmt: skip


def taken_in(*rows: dict[str, str], file: str = "roster.csv") -> list[rosters_as_kept.ImportedRoster]:
    return rosters_as_kept.import_rosters(grant(SUBMIT), [(file, roster_csv(*(rows or ROSTER)))])


@pytest.fixture
def kept() -> None:
    taken_in()
    handed_in(
        provider(
            activity("300", "NEL", "2026-10", 90),
            PlanLine("activity", QM7, RWG, "180", "AE1", "2026-10", "activity", "attendances", 150),
            PlanLine("workforce", "", RWG, "", "NURSE", "2026-10", "in_post", "WTE", 1, WEST),
        )
    )  # fmt: skip
    capacity_as_kept.import_capacity(grant(SUBMIT), [("capacity.csv", capacity_csv(BEDS, SPACES))])


# --- taken in ------------------------------------------------------------------------------------------------------


def test_a_roster_comes_again_as_the_next_version_and_the_earlier_stays_readable() -> None:
    first = taken_in()
    assert [(one.partner, one.number, one.headcount, one.is_new) for one in first] == [
        (RWG, 1, 130, True), ("general-practice", 1, 123, True),
    ]  # fmt: skip
    assert not any(one.is_new for one in taken_in(*reversed(ROSTER))), "the same rows in another order"
    again = taken_in(nurses(50))
    assert [(one.number, one.headcount) for one in again] == [(2, 50)]
    assert sum(one.headcount for one in rosters_as_kept.newest("2026-10")) == 173
    earlier = rosters_as_kept.version_of(RWG, "2026-10", 1)
    assert sum(one.headcount for one in rosters_as_kept.staff_of([earlier])) == 130
    assert [one.number for one in rosters_as_kept.newest("2026-10", known_at=earlier.at)] == [1]
    with pytest.raises(NotFound, match="no version 3"):
        rosters_as_kept.version_of(RWG, "2026-10", 3)


def test_nothing_is_kept_of_a_call_with_any_fault() -> None:
    good, bad = roster_csv(nurses(3)), roster_csv(nurses(3, month="2026-09", profession="?"))
    with pytest.raises(RosterError, match=r"b\.csv, line 2, field profession"):
        rosters_as_kept.import_rosters(grant(SUBMIT), [("a.csv", good), ("b.csv", bad)])
    with pytest.raises(RuleError, match="the month has not begun"):
        taken_in(nurses(3), nurses(3, month="2099-01"))
    assert not Roster.objects.exists()


def test_who_hands_in_what() -> None:
    board, hospital = (grant(SUBMIT, body_id=id_of(code)) for code in (QM7, RWG))
    with pytest.raises(Refused, match="handed in by the integrated care board"):
        rosters_as_kept.import_rosters(hospital, [("a.csv", roster_csv(nurses(3, partner="general-practice")))])
    with pytest.raises(Refused, match="another body than RWG"):
        rosters_as_kept.import_rosters(board, [("a.csv", roster_csv(nurses(3)))])
    with pytest.raises(Refused, match="another body than RWG"):
        capacity_as_kept.import_capacity(board, [("a.csv", capacity_csv(BEDS))])
    with pytest.raises(Refused):
        rosters_as_kept.import_rosters(grant("planning.read"), [("a.csv", roster_csv(nurses(3)))])
    rosters_as_kept.import_rosters(board, [("a.csv", roster_csv(nurses(3, partner="general-practice")))])
    rosters_as_kept.import_rosters(hospital, [("a.csv", roster_csv(nurses(3)))])
    assert Roster.objects.count() == 2


@pytest.mark.parametrize("table", ["roster", "rosterline", "capacityreturn", "capacityline"])
def test_what_is_kept_is_neither_changed_nor_taken_away(kept: None, table: str) -> None:
    for said in (f"UPDATE planning_{table} SET id = id", f"DELETE FROM planning_{table}"):
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(said)


def test_a_roster_with_lost_rows_is_not_added_up(kept: None) -> None:
    (one,) = Roster.objects.filter(partner=RWG)
    one.rows_count += 1
    with pytest.raises(Unavailable, match="lost rows"):
        rosters_as_kept.staff_of([one])


def test_capacity_comes_again_as_the_next_version() -> None:
    def take(*rows: dict[str, str]) -> list[tuple[int, bool]]:
        done = capacity_as_kept.import_capacity(grant(SUBMIT), [("capacity.csv", capacity_csv(*rows))])
        return [(one.number, one.is_new) for one in done]

    assert take(BEDS, SPACES) == [(1, True)]
    assert take(SPACES, BEDS) == [(1, False)]
    assert take(BEDS | {"available": "612"}) == [(2, True)]
    assert {key: int(row.available) for key, row in capacity_as_kept.rows_of("2026-10").items()} == {("beds", RWG): 612}
    first = CapacityReturn.objects.get(number=1)
    assert len(capacity_as_kept.rows_of("2026-10", known_at=first.at)) == 2
    with pytest.raises(RuleError, match="the month has not begun"):
        take(BEDS | {"month": "2099-01"})
    with pytest.raises(FileError, match="in one file only"):
        capacity_as_kept.import_capacity(grant(SUBMIT), [("a.csv", capacity_csv(BEDS)), ("b.csv", capacity_csv(BEDS))])


# --- the commands --------------------------------------------------------------------------------------------------


def answered(*words: str) -> Any:
    result = CliRunner().invoke(plan, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0
    return json.loads(result.stdout) if "--json" in words else result.stdout


def test_the_commands_take_in_and_show(tmp_path: Path) -> None:
    for words in (("roster", "show"), ("capacity",)):
        with pytest.raises(NotFound, match="taken in yet"):
            answered(*words)
    file = tmp_path / "roster.csv"
    with pytest.raises(FileError, match="there is no such file"):
        answered("roster", "import", str(file))
    file.write_bytes(roster_csv(*ROSTER))
    assert "2 rosters are taken in" in answered("roster", "import", str(file))
    assert [one["is_new"] for one in answered("roster", "import", str(file), "--json")] == [False, False]
    said = answered("roster", "show", "--by", "profession", "--json")
    assert said["all"]["people"] == 253
    assert [(one["profession"], one["people"]) for one in said["groups"]] == [
        ("GP", 80), ("GPN", 40), ("NURSE", 100), ("others", 33),
    ], "three pharmacists are shown with the next smallest group"  # fmt: skip
    assert answered("roster", "show", "--partner", RWG, "--version", "1", "--json")["all"]["vacancy"] == "8.00"
    assert "DOCTOR" in answered("roster", "show", "--by", "profession", "--partner", RWG)
    with pytest.raises(RuleError, match="--partner"):
        answered("roster", "show", "--version", "1")
    with pytest.raises(NotFound, match="There are: 2026-10"):
        answered("roster", "show", "--month", "2026-01")


def test_the_command_tells_gaps_and_what_if(kept: None, tmp_path: Path) -> None:
    beds, spaces = answered("capacity", "--json")["rows"][0], answered("capacity", "--json")["rows"][2]
    # 900 stays of 6.5 nights in 31 days: 188.7 beds taken, 205.1 needed at 92 per cent
    assert (beds["provider"], beds["required"], beds["gap"]) == (RWG, 206, -404)
    assert (beds["required_today"], beds["gap_today"]) == (587, -23)
    # 1,500 attendances of 215 minutes over 31 / 7 weeks of 168 hours at 70 per cent: 10.3 spaces
    assert (spaces["required"], spaces["gap"]) == (11, -39)
    assert answered("capacity", "--stay", "-10", "--json")["rows"][0]["required"] == 185
    assert "404 spare" in answered("capacity")
    file = tmp_path / "capacity.csv"
    file.write_bytes(capacity_csv(BEDS | {"available": "100"}))
    assert answered("capacity", "import", str(file), "--json")[0]["version"] == 2
    assert "106 short" in answered("capacity")
    with pytest.raises(NotFound, match="There is: 2026-10"):
        answered("capacity", "--month", "2026-01")


# --- the pages -----------------------------------------------------------------------------------------------------


@pytest.fixture
def buyer() -> Client:
    return signed_in("planner")


def test_without_returns_the_pages_say_the_next_step(buyer: Client) -> None:
    assert "joinedup plan roster import FILE" in text_of(buyer.get("/planning/workforce/"))
    assert "joinedup plan capacity import FILE" in text_of(buyer.get("/planning/capacity/"))


def test_staff_are_shown_by_partner_then_by_what_they_are(buyer: Client, kept: None) -> None:
    page = buyer.get("/planning/workforce/")
    said = text_of(page)
    assert "People 253" in said
    assert "Posts 261.0 WTE" in said
    assert "Vacant 8.0 WTE (3.1%)" in said
    assert "60 and 12 people" in said
    assert "General practice 123" in said
    assert 'href="/planning/workforce/?month=2026-10&amp;partner=RWG"' in page.content.decode()
    said = text_of(buyer.get("/planning/workforce/", {"partner": RWG}))
    assert "By profession" in said
    assert "Registered nurses 100" in said
    both = buyer.get("/planning/workforce/", {"partner": RWG, "profession": "NURSE"})
    assert "By place" in text_of(both)
    without = "/planning/workforce/?month=2026-10&profession=NURSE"
    assert without.replace("&", "&amp;") in both.content.decode()
    assert "By partner" in text_of(buyer.get(without))
    assert "Nobody shown here has submitted a plan" in text_of(
        buyer.get("/planning/workforce/", {"partner": "general-practice"})
    )
    assert "Nobody on a roster fits" in text_of(buyer.get("/planning/workforce/", {"profession": "MIDWIFE"}))


def test_what_plans_need_and_say_stands_beside(buyer: Client, kept: None) -> None:
    said = text_of(buyer.get("/planning/workforce/"))
    # 90 stays of 1,000 minutes: 1,500 hours, 0.974 WTE, times 100
    assert "Registered nurses All 97.4 104.5 -7.1" in said
    assert "Registered nurses Operating theatre 4.9 60.0" in said
    assert "Emergency department, type 1 (major) (West Hertfordshire" in said, "named as not counted"
    assert "Registered nurses Staff in post 100.0 100.0 0.0" in said
    assert "multiplied: West Hertfordshire Teaching Hospitals NHS Trust × 100.0" in said
    assert "Take the place away to see skills" in text_of(buyer.get("/planning/workforce/", {"place": WEST}))


def test_groups_of_few_people_are_shown_with_others(buyer: Client, kept: None) -> None:
    asked = {"partner": "general-practice", "by": "profession"}
    page = buyer.get("/planning/workforce/", asked)
    said = text_of(page)
    assert "Pharmacists 3" not in said
    assert "Others, too few to show by themselves 43" in said
    assert "Groups of fewer than 5 people are shown together" in said
    alone = text_of(buyer.get("/planning/workforce/", asked | {"profession": "PHARM"}))
    assert "Fewer than 5 people are in this group" in alone
    assert "People 3" not in alone
    file = buyer.get("/planning/workforce/", asked | {"staff-download": "csv"}).getvalue().decode()
    assert "PHARM" not in file
    assert "43" in file


def test_who_hands_in_a_partners_roster_sees_its_small_groups() -> None:
    taken_in(nurses(3, profession="PHARM"), nurses(90), nurses(20, partner="general-practice"))
    hospital = signed_in("planner.provider")
    assert "Pharmacists 3" in text_of(hospital.get("/planning/workforce/", {"partner": RWG}))
    member = text_of(signed_in("member").get("/planning/workforce/", {"partner": RWG}))
    assert "Pharmacists 3" not in member
    assert "too few to show by themselves 93" in member


def test_several_months_make_a_trend_and_missing_rosters_are_named(buyer: Client, kept: None) -> None:
    assert "Posts and staff in post by month" not in text_of(buyer.get("/planning/workforce/"))
    taken_in(nurses(90, month="2026-09", joined=""))
    said = text_of(buyer.get("/planning/workforce/", {"partner": RWG}))
    assert "Staff in post went from 90 WTE in September 2026 to 130 WTE in October 2026 (+40)" in said
    assert "No roster of this month came from: General practice" in text_of(
        buyer.get("/planning/workforce/", {"month": "2026-09"})
    )


@pytest.mark.parametrize("asked", [{"month": "2026-01"}, {"by": "mood"}], ids=["month", "way"])
def test_what_is_not_there_is_not_found(buyer: Client, kept: None, asked: dict[str, str]) -> None:
    assert buyer.get("/planning/workforce/", asked).status_code == 404


def test_capacity_says_what_is_short_and_what_a_scenario_changes(buyer: Client, kept: None) -> None:
    page = buyer.get("/planning/capacity/")
    said = text_of(page)
    assert "General and acute beds 404 to spare 206 needed, 610 there" in said
    assert "540.0 (88.5%) 139.9 (25.9%) 587 -23 206 -404" in said
    assert "multiplied by 10.0" in said
    assert "Emergency department spaces The whole system 50 11 -39" in said
    what_if = text_of(buyer.get("/planning/capacity/", {"stay": "−10", "occupancy": "85"}))
    assert "200 needed, 610 there; −6 against the plans" in what_if
    assert "at most 85% of them" in what_if
    assert "Back to the plans as they are" in what_if
    no_activity = text_of(buyer.get("/planning/capacity/", {"demand": "forecast"}))
    assert "It cannot be shown by the forecast: No activity has been made yet." in no_activity
    assert "206 needed, 610 there" in no_activity, "the plans are shown instead"
    assert buyer.get("/planning/capacity/", {"month": "2026-01"}).status_code == 404


def test_capacity_by_the_forecast(buyer: Client, kept: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of 90 spells planned, 45 are expected; how many attendances is not known.
    expected = {"NEL": Expected(45, 30, 60), "AE": "ME10: too many months are hidden."}
    monkeypatch.setattr(capacity_as_kept, "expected_in", lambda month, pods: expected)
    said = text_of(buyer.get("/planning/capacity/", {"demand": "forecast"}))
    assert "103 needed (69 to 137 in 4 cases of 5), 610 there; −103 against the plans" in said
    assert "Non-elective 900 450 300 600 -50.0 forecast" in said
    assert "Too many months are hidden." in said
    assert "Emergency department spaces The whole system 50 11 -39" in said, "as planned"
    answer = CliRunner().invoke(plan, ["capacity", "--demand", "forecast", "--json"])
    assert '"required": 103' in answer.stdout
    wrong = CliRunner().invoke(plan, ["capacity", "--demand", "forcast"])
    assert "Did you mean 'forecast'?" in str(wrong.exception)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"stay": "long"}, "Enter a number for “Length of stay"),
        ({"activity": "nan"}, "must be from -90 to 200"),
        ({"occupancy": "101"}, "must be from 1 to 100"),
        ({"utilisation": "0"}, "must be from 1 to 100"),
    ],
    ids=["text", "no-number", "too-much", "nothing"],
)
def test_a_scenario_that_cannot_be_is_named_at_its_box(
    buyer: Client, kept: None, asked: dict[str, str], says: str
) -> None:
    response = buyer.get("/planning/capacity/", asked)
    assert response.status_code == 422
    assert says in text_of(response)
    assert "There is a problem" in text_of(response)
    assert "nhsuk-input--error" in response.content.decode()


def test_what_nobody_decided_or_planned_is_said(buyer: Client, tmp_path: Path) -> None:
    capacity_as_kept.import_capacity(grant(SUBMIT), [("capacity.csv", capacity_csv(BEDS, SPACES))])
    said = text_of(buyer.get("/planning/capacity/"))
    assert "No plan of 2026/27 was submitted by: West Hertfordshire Teaching Hospitals NHS Trust" in said
    (tmp_path / "decisions" / "planning_parameters.toml").write_text("")
    assert "how many nights a stay is reckoned with" in text_of(buyer.get("/planning/capacity/"))
