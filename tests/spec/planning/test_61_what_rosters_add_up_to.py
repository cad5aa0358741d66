"""Posts, staff, vacancies, turnover and skills of any grouping; groups too small to show; plans beside rosters (MD2).

people now 100, joined 10, left 20 within a year: 110 a year ago, turnover 20 / 105 = 19.05 per cent
establishment 480.0, in post 452.3: 27.7 vacant, 5.77 per cent
24,000 attendances of 35 minutes: 14,000 hours; 1,540.5 hours a WTE: 9.088 WTE
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from joinedup.errors import RuleError
from joinedup.planning import Parameter, ParameterSet, planning_parameters
from joinedup.planning.workforce.beside_plans import PlannedStaff, beside_plans, skills_needed
from joinedup.planning.workforce.needed import scale_of, staff_needed
from joinedup.planning.workforce.rosters import OTHERS, StaffSum, grouped, merge_small, whole

ON = date(2026, 10, 1)
MONTH = "2026-10"


def staff(
    partner: str = "RWG", profession: str = "NURSE", people: int = 100, *, place: str = "west", posts: str = "480.0",
    in_post: str = "452.3", joiners: int = 10, leavers: int = 20, bank: str = "8", agency: str = "2",
) -> StaffSum:  # fmt: skip
    figures = (Decimal(posts), Decimal(in_post), Decimal(bank), Decimal(agency))
    return StaffSum(partner, MONTH, place, profession, "", "Band 5", *figures, people, joiners, leavers,
                    Decimal(joiners), Decimal(leavers))  # fmt: skip


def parameters(**values: str) -> ParameterSet:
    """Decided numbers; `__` stands for a colon, `_of_` for a point, `_with_` for a stroke."""
    said = [
        Parameter(key.replace("_of_", ".").replace("__", ":").replace("_with_", "/"), Decimal(value), "", ON, None,
                  "adopted", "test", "test")
        for key, value in values.items()
    ]  # fmt: skip
    return ParameterSet([*planning_parameters(), *said])


# --- sums ----------------------------------------------------------------------------------------------------------


def test_turnover_is_of_the_mean_of_both_ends_of_the_year() -> None:
    one = whole([staff()])
    assert one.before == 110
    assert one.turnover is not None
    assert round(one.turnover, 4) == Decimal("0.1905")
    assert whole([]).turnover is None
    assert whole([]).headcount == 0


def test_vacancy_is_posts_less_staff() -> None:
    found = whole([staff()]).staffing
    assert (found.vacancy, found.worked) == (Decimal("27.7"), Decimal("462.3"))
    assert found.vacancy_rate is not None
    assert round(found.vacancy_rate, 4) == Decimal("0.0577")


def test_staff_are_grouped_by_anything_they_have() -> None:
    sums = [staff(), staff(place="east", people=7), staff("RY4", "AHP", people=3)]
    by_partner = grouped(sums, by=("partner",))
    assert [(one.key, one.headcount) for one in by_partner] == [(("RWG",), 107), (("RY4",), 3)]
    assert [one.key for one in grouped(sums, by=("partner", "place"))] == [("RWG", "east"), ("RWG", "west"),
                                                                           ("RY4", "west")]  # fmt: skip
    needed = grouped(sums, by=("profession",), needed={("AHP",): Decimal(500)})
    assert [one.staffing.short_of_need for one in needed] == [Decimal("37.7"), None]
    with pytest.raises(RuleError, match=r"MD2.*not by 'professions'.*Did you mean 'profession'"):
        grouped(sums, by=("professions",))


@pytest.mark.parametrize(
    ("people", "shown"),
    [
        ([50, 20, 7], [50, 20, 7]),
        ([50, 20, 3], [50, 23]),  # one small group alone would be the total less the others
        ([50, 20, 3, 2], [50, 20, 5]),
        ([50, 20, 1, 1], [50, 22]),
        ([50, 0, 3, 3], [50, 0, 6]),
        ([3], [3]),
        ([], []),
    ],
    ids=str,
)
def test_groups_of_fewer_than_five_are_shown_together(people: list[int], shown: list[int]) -> None:
    groups = grouped([staff(f"P{place}", people=many) for place, many in enumerate(people)], by=("partner",))
    found = merge_small(groups, 5)
    assert [one.headcount for one in found] == shown
    assert any(one.key == (OTHERS,) for one in found) == any(0 < many < 5 for many in people)


COUNTS = st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from("XYZ"), st.integers(0, 12)), max_size=30)


@given(COUNTS, st.integers(2, 8))
def test_every_grouping_and_merging_adds_up_to_the_same_staff(rows: list[tuple[str, str, int]], least: int) -> None:
    sums = [staff(partner, profession, many, in_post=str(many)) for partner, profession, many in rows]
    all_ = whole(sums)
    for by in ((), ("partner",), ("profession",), ("partner", "profession"), ("place",)):
        groups = grouped(sums, by=by)
        for found in (groups, merge_small(groups, least)):
            assert sum(one.headcount for one in found) == all_.headcount
            assert sum((one.staffing.in_post or 0 for one in found), start=Decimal(0)) == all_.staffing.in_post
            assert sum(one.leavers for one in found) == all_.leavers
        merged = merge_small(groups, least)
        if all_.headcount >= least and by:
            assert all(one.headcount == 0 or one.headcount >= least for one in merged)


# --- what plans need -----------------------------------------------------------------------------------------------


def test_activity_times_minutes_is_staff() -> None:
    known = parameters(workforce_of_minutes__OPFA__NURSE="35", workforce_of_minutes__OPFA__DOCTOR="17.5")
    found = staff_needed({"OPFA": Decimal(24_000), "XBD": Decimal(10)}, known, ON)
    assert round(found.by_profession["NURSE"], 3) == Decimal("9.088")
    assert found.by_profession["DOCTOR"] * 2 == found.by_profession["NURSE"]
    assert found.uncounted == ("XBD",)
    twice = staff_needed({"OPFA": Decimal(24_000)}, known, ON, scale=Decimal(2))
    assert twice.by_profession["NURSE"] == found.by_profession["NURSE"] * 2
    assert not staff_needed({"OPFA": Decimal(1)}, parameters(), ON).is_known


def test_minutes_hold_on_their_days_only() -> None:
    known = parameters(workforce_of_minutes__OPFA__NURSE="35")
    assert staff_needed({"OPFA": Decimal(24_000)}, known, date(2026, 9, 30)).uncounted == ("OPFA",)


def test_what_a_plan_stands_for_is_one_unless_somebody_decided() -> None:
    assert scale_of(parameters(scale_of_workforce__RWG="2.5"), "RWG", ON) == Decimal("2.5")
    assert scale_of(parameters(), "RWG", ON) == 1


def test_skills_are_compared_for_partners_with_plan_and_roster() -> None:
    known = parameters(
        workforce_of_minutes__DC__NURSE="385.125", workforce_of_minutes__DC__NURSE_with_theatre="100",
        workforce_of_minutes__DC__MIDWIFE="1",
    )  # fmt: skip
    sums = [staff(), staff("RY4")]
    skilled = {
        ("RWG", "west", "NURSE", "theatre"): (Decimal(30), 34),
        ("RY4", "west", "NURSE", "theatre"): (Decimal(9), 9),
    }
    activity = {("RWG", "DC", "2026-04"): Decimal(60_000), ("RWG", "DC", "2026/27"): Decimal(60_000),
                ("RWG", "COM", "2026-04"): Decimal(5), ("ABC", "DC", "2026-04"): Decimal(7)}  # fmt: skip
    found = skills_needed(sums, skilled, activity, known, ON)
    assert found.partners == ("RWG",)
    assert found.uncounted == (("RWG", "COM"),)
    assert [(one.profession, one.skill) for one in found.gaps] == [("NURSE", "theatre"), ("NURSE", ""), ("MIDWIFE", "")]
    theatre, nurses, midwives = found.gaps
    assert nurses.needed == Decimal(500)
    assert nurses.working == Decimal("462.3"), "in post, bank and agency"
    assert nurses.short == Decimal("37.7")
    assert (theatre.working, theatre.headcount) == (Decimal(30), 34)
    assert round(theatre.short, 1) == Decimal("99.8")
    assert midwives.working == 0


def test_plans_are_laid_beside_rosters_and_scaled_to_their_whole() -> None:
    planned = [
        PlannedStaff("RWG", "NURSE", "west", MONTH, "in_post", Decimal(200)),
        PlannedStaff("RWG", "NURSE", "east", MONTH, "in_post", Decimal(20)),
        PlannedStaff("RWG", "NURSE", "west", "2026-11", "in_post", Decimal(999)),
        PlannedStaff("RWG", "NURSE", "west", MONTH, "headcount", Decimal(230)),
        PlannedStaff("RWG", "AHP", "west", MONTH, "in_post", Decimal(4)),
    ]
    found = beside_plans([staff(), staff("RY4")], planned, MONTH, parameters(scale_of_workforce__RWG="2"), ON)
    said = {(one.profession, one.measure): (one.planned, one.rostered, one.apart) for one in found}
    assert {one.partner for one in found} == {"RWG"}, "RY4 has no plan"
    assert said["NURSE", "in_post"] == (Decimal(440), Decimal("452.3"), Decimal("12.3"))
    assert said["NURSE", "bank"] == (None, Decimal(8), None)
    assert said["AHP", "in_post"] == (Decimal(8), None, None)
    assert [one.measure for one in found if one.profession == "NURSE"] == ["establishment", "in_post", "bank", "agency"]
