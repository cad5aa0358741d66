"""All England from the published files, with two systems loaded before the import and one after it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from django.db import connection

from joinedup.access import Grant

from . import test_10_three_systems as three
from .conftest import See, undone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("england")]
show = three.show


@pytest.mark.parametrize("day", three.DAYS)
def test_hertfordshire_and_west_essex_is_857_small_areas_in_three_places_throughout(see: See, day: str) -> None:
    answer = show(see(day), "QM7")
    assert (answer["small_areas"], answer["is_simulated"]) == (857, False)
    assert sorted(three.places(answer).values()) == [178, 330, 349]


@pytest.mark.parametrize(("system", "day", "expected"), three.SIZES)
def test_how_large_a_system_is(see: See, system: str, day: str, expected: int) -> None:
    answer = show(see(day), system)
    assert (answer["small_areas"], answer["is_simulated"]) == (expected, False)


@pytest.mark.parametrize(("system", "day", "expected"), three.CCGS)
def test_the_groups_that_purchased_care(see: See, system: str, day: str, expected: set[str]) -> None:
    assert three.ccgs(see(day), system) == expected


@pytest.mark.parametrize(
    ("day", "expected"), [("2013-04-01", 211), ("2019-04-01", 191), ("2020-04-01", 135), ("2021-04-01", 106)]
)
def test_the_number_of_ccgs_in_england(see: See, day: str, expected: int) -> None:
    assert see(day).counts_by_kind()["ccg"] == expected
    assert len(see(day).bodies_of_kind("ccg")) == expected


def test_no_ccg_is_left_on_1_july_2022_and_there_are_42_boards(see: See) -> None:
    before, after = see("2022-06-30").counts_by_kind(), see("2022-07-01").counts_by_kind()
    assert (before["ccg"], before.get("icb", 0)) == (106, 0)
    assert (after.get("ccg", 0), after["icb"]) == (0, 42)


@pytest.mark.parametrize("code", ["06K", "06N", "07H", "A3A8R", "15M", "00T", "D4U1Y"])
def test_a_code_outlives_the_body_it_named(see: See, code: str) -> None:
    """Rules: T3. Whether a system's file or the published files have described it."""
    before, after = show(see("2022-06-30"), code), show(see("2022-07-01"), code)
    assert (before["what"], before["kind"], before["exists"]) == ("body", "ccg", True)
    assert (after["what"], after["kind"]) == ("area", "sub_icb_location")


def test_all_of_england_lies_in_one_system_each(see: See) -> None:
    """Rules: T4. 32,844 small areas in 42 systems on 1 July 2022."""
    from joinedup.system import answers

    answer = answers.coverage(see("2022-07-01"))
    assert (answer["small_areas"], answer["in_one_system"]) == (32_844, 32_844)
    assert (answer["in_none"], answer["in_several"]) == ([], [])
    assert len(answer["systems"]) == 42
    assert sum(system["small_areas"] for system in answer["systems"]) == 32_844
    assert {s["led_by"]["code"]: s["small_areas"] for s in answer["systems"]}.items() >= {
        ("QM7", 857),
        ("QMF", 1023),
        ("QJ2", 642),
    }


@pytest.mark.parametrize("day", ["2013-04-01", "2021-04-01", "2022-06-30", "2022-07-01", "2024-01-01"])
def test_no_small_area_lies_in_two_systems(see: See, day: str) -> None:
    """Rules: T4, V4. Before July 2022 the files cannot place the small areas of three CCGs that were split."""
    from joinedup.system import answers

    assert answers.coverage(see(day))["in_several"] == []


def test_what_cannot_be_placed_before_july_2022_is_said(see: See) -> None:
    """Rules: T4. Greater Manchester, and two others, had a CCG that was split: 141/21, 712/92 and 498/9."""
    from joinedup.system import answers

    unplaced = answers.coverage(see("2022-06-30"))["in_none"]
    assert len(unplaced) == 1195


@pytest.mark.parametrize(
    ("code", "day", "expected"),
    [
        ("08V", "2021-03-31", {"08V"}),
        ("08V", "2021-04-01", {"A3A8R"}),
        ("RW6", "2021-10-01", {"R0A", "RM3"}),
        ("4CG71", "2000-10-01", {"4CG71", "5CJ"}),
        ("4CG71", "2003-01-01", {"5KT"}),
        ("4KX17", "2001-04-01", {"5GY"}),
        ("03x", "2019-04-01", {"15M"}),
        ("06K", "2022-07-01", {"06K"}),
    ],
)
def test_what_a_code_has_become(see: See, code: str, day: str, expected: set[str]) -> None:
    """Rules: T6, T7; from the database."""
    assert see(day).resolve(code) == expected


def test_a_trust_that_has_a_successor_is_shown_as_ended(see: See) -> None:
    """Rules: T9. A list without dates said in 2022 that R1J is a trust; the succession says that it became RTQ."""
    assert [see(day).body("R1J").exists for day in ("2019-09-30", "2019-10-01", "2022-07-01")] == [True, False, False]
    answer = show(see("2022-07-01"), "R1J")
    assert answer["exists"] is False


def test_a_provider_serves_several_systems(see: See) -> None:
    """Rules: T11. RWG: 0.932223 of its patients come from Hertfordshire and West Essex; its shares sum to 1."""
    picture = see("2022-07-01")
    serves = {
        s["area"]["code"]: s["share"] for s in show(picture, "RWG")["serves"] if s["role"] == "serves" and s["share"]
    }
    assert serves["E54000025"] == pytest.approx(0.932223)
    assert sum(serves.values()) == pytest.approx(1, abs=1e-5)


def test_the_shares_of_every_trust_sum_to_1() -> None:
    """Rules: T11. 138 trusts."""
    from joinedup.system.models import Serving

    shares: Counter[Any] = Counter()
    facts = Serving.objects.filter(source="published:lookup_nhs_trusts22_icb22.csv") | Serving.objects.filter(
        role="serves", area__kind="system", share__isnull=False
    )
    for body, share in facts.filter(known__endswith__isnull=True, valid__contains=date(2022, 7, 1)).values_list(
        "body", "share"
    ):
        shares[body] += share
    assert len(shares) == 138
    assert all(float(total) == pytest.approx(1, abs=1e-4) for total in shares.values())


# The English ones of the 391 to 361 codes of the United Kingdom: those that begin with E.
COUNCILS = {
    2016: 326, 2017: 326, 2018: 326, 2019: 317, 2020: 314, 2021: 309, 2022: 309, 2023: 296, 2024: 296,
}  # fmt: skip


@pytest.mark.parametrize("year", COUNCILS)
def test_the_councils_of_england_in_each_year(see: See, year: int) -> None:
    """Rules: T12."""
    assert len([a for a in see(f"{year}-04-01").areas_of_kind("council") if a.codes]) == COUNCILS[year]


@pytest.mark.parametrize("code", ["E07000073", "E06000015"], ids=["file first: Harlow", "list first: Derby"])
def test_a_council_of_a_file_and_of_the_published_list_is_one_body(see: See, code: str) -> None:
    picture = see("2023-04-01")
    serving = [body for body, _, role, _ in picture.servings([picture.area(code).id]) if role == "serves"]
    councils = [body for body in picture.bodies_by_id(serving).values() if body.kind == "local_authority"]
    assert len(councils) == 1


def test_boards_take_each_column_as_a_list_of_its_own(see: See) -> None:
    """Rules: T10. In the table 07H stands beside Hertfordshire; it lies in Essex all the same. Regions go by code."""
    from joinedup.system import answers

    small_areas = see("2022-07-01").small_areas(see("2022-07-01").area("07H").id)
    hertfordshire = see("2022-07-01").small_areas(see("2022-07-01").area("06K").id)
    assert len(small_areas) == 178
    assert not small_areas & hertfordshire
    picture = see("2022-07-01")
    links = [answers.body(picture, icb)["links"] for icb in picture.bodies_of_kind("icb")]
    regions = [[one["to"]["code"] for one in of if one["kind"] == "regulated_by"] for of in links]
    assert [len(of) for of in regions] == [1] * 42
    assert {code for of in regions for code in of} == {"Y56", "Y58", "Y59", "Y60", "Y61", "Y62", "Y63"}


def test_u_is_not_a_network(see: See) -> None:
    """75 practices belong to no network; no body has the code U."""
    from joinedup.errors import NotFound

    with pytest.raises(NotFound):
        see("2022-07-01").body("U")
    assert see("2022-07-01").counts_by_kind()["gp_practice"] > 6000


@pytest.mark.usefixtures("_three_systems")
@pytest.mark.parametrize("system", ["QM7", "QMF", "QJ2"])
def test_the_published_files_change_no_answer_about_a_described_system(
    see: See, system: str, django_db_blocker: Any
) -> None:
    """Loaded before the import (QM7, QMF) or after it (QJ2): names, leaders and counts today are the file's own."""
    days = ["2019-04-01", "2021-04-01", "2022-06-30", "2022-07-01", "2025-04-01"]
    here = {day: outline(show(see(day), system)) for day in days}
    usual = connection.settings_dict["NAME"].removesuffix("_england")
    assert usual != connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = usual
    try:
        with undone("three", django_db_blocker):
            described = {day: outline(show(see(day), system)) for day in days}
    finally:
        connection.settings_dict["NAME"] = f"{usual}_england"
    assert here == described


def outline(answer: Any) -> Any:
    """Answer what a system's file says of the system: its leader, its areas, its people."""
    return {
        "name": answer["name"],
        "led_by": answer["led_by"]["key"],
        "population": answer["population"],
        "areas": {
            area["key"]: (area["name"], area["small_areas"], area["population"], (area["led_by"] or {}).get("key"))
            for area in answer["areas"]
            if ":" not in area["key"]
        },
        "ccgs": sorted(body["key"] for body in answer["bodies"].get("ccg", [])),
    }


def test_importing_again_changes_nothing(grant: Grant, rows: Any, reference: Any) -> None:
    from joinedup.system import services

    before = rows()
    assert services.import_published(reference, grant).is_unchanged
    after = rows()
    assert {t for t in after if after[t] != before[t]} == {"access_auditentry", "access_unsealed"}


def test_no_simulated_small_area_is_in_use(see: See) -> None:
    from joinedup.system import answers
    from joinedup.system.simulated import is_loaded

    assert not is_loaded()
    assert not answers.england(see("2022-07-01"))["is_simulated"]
    assert answers.england(see("2022-07-01"))["population"] == 56_550_138
