"""Plan lines, workforce and deadlines: what may be added, who is missing, and by when (MD1, MD2, MD9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.planning import (
    Deadline,
    DeadlineOrder,
    DuplicateLine,
    LineError,
    NaiveDatetime,
    NotAdditive,
    PlanLine,
    StaffBalance,
    bank_holidays,
    check_balance,
    check_deadlines,
    check_lines,
    deadline_status,
    headcount,
    months_of,
    point_of_delivery,
    points_of_delivery,
    prices_of,
    productive_hours,
    skills_gaps,
    staffing,
    total,
    working_day_after,
    working_day_before,
    wte,
    wte_required,
    year_of,
)
from joinedup.record.working_days import bank_holidays as computed

DAY_CASE = PlanLine("activity", "QM7", "RWG", "110", "DC", "2026-04", "activity", "spells", 940)
NURSES = PlanLine("workforce", "", "RWG", "", "NURSE", "2026-04", "establishment", "WTE", Decimal("480.0"))
RTT = PlanLine("performance", "QM7", "RWG", "110", "", "2026-04", "rtt-18", "percent", 620, of=1000)


def test_counts_add_up_and_rates_add_numerators_and_denominators() -> None:
    assert total([DAY_CASE, DAY_CASE._replace(value=1001, service="100")]).value == 1941
    both = total([RTT, RTT._replace(value=300, of=500)])
    assert (both.value, both.of) == (920, 1500)


@pytest.mark.parametrize(
    "other",
    [
        DAY_CASE._replace(unit="attendances", pod="OPFA"),
        DAY_CASE._replace(measure="referrals"),
        RTT,
    ],
)
def test_figures_of_another_unit_or_measure_are_not_added(other: PlanLine) -> None:
    with pytest.raises(NotAdditive):
        total([DAY_CASE, other])


def test_prices_are_rates_and_nothing_is_added_up_from_nothing() -> None:
    price = PlanLine("finance", "QM7", "RWG", "110", "DC", "2026/27", "unit_price", "pence a unit", 110_000)
    with pytest.raises(NotAdditive, match="are rates"):
        total([price, price])
    with pytest.raises(NotAdditive, match="no line"):
        total([])
    assert prices_of([DAY_CASE, price]) == {("110", "DC"): 110_000}


def test_every_point_of_delivery_has_its_unit() -> None:
    on = date(2026, 4, 1)
    units = {"EL": "spells", "DC": "spells", "RA": "spells", "NEL": "spells", "NELS": "spells", "MAT": "spells",
             "OPFA": "attendances", "OPFU": "attendances", "OPPROC": "attendances", "UTC": "attendances",
             "AE1": "attendances", "CC": "bed days", "XBD": "bed days", "DIAG": "tests", "COM": "contacts",
             "MHC": "contacts", "GPA": "appointments", "VAC": "doses", "SC": "weeks", "MHB": "bed days"}  # fmt: skip
    assert {pod: point_of_delivery(pod, on).unit for pod in units} == units
    assert len({one.code for one in points_of_delivery()}) == len(points_of_delivery())
    with pytest.raises(NotFound, match=r"'OPFAA' on 2026-04-01. Did you mean 'OPFA'\?"):
        point_of_delivery("OPFAA", on)
    with pytest.raises(NotFound):
        point_of_delivery("EL", date(2018, 4, 1))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (DAY_CASE._replace(kind="actvity"), "Did you mean 'activity'"),
        (DAY_CASE._replace(period="2026-13"), "is no period"),
        (DAY_CASE._replace(period="2026/28"), "is no period"),
        (DAY_CASE._replace(unit="attendances"), "DC is counted in spells, not in attendances"),
        (DAY_CASE._replace(value=-1), "only money may be below 0"),
        (DAY_CASE._replace(value=1.5), "is a float"),  # type: ignore[arg-type]
        (DAY_CASE._replace(value=Decimal("NaN")), "expected a finite number"),
        (RTT._replace(of=None), "has a denominator"),
        (DAY_CASE._replace(of=3), "has a denominator"),
        (RTT._replace(of=0), "expected more than 0"),
        (PlanLine("finance", "QM7", "RWG", "", "", "2026-04", "pay", "pence", Decimal("1.5")), "whole pence"),
    ],
)
def test_a_line_that_cannot_be_is_refused(wrong: PlanLine, said: str) -> None:
    with pytest.raises(LineError, match=said):
        check_lines([wrong])


def test_nothing_is_said_twice() -> None:
    check_lines([DAY_CASE, DAY_CASE._replace(place="06K"), NURSES, RTT])
    with pytest.raises(DuplicateLine, match="activity activity QM7 RWG 110 DC 2026-04"):
        check_lines([DAY_CASE, NURSES, DAY_CASE._replace(value=3)])


def test_a_financial_year_has_its_twelve_months_from_april() -> None:
    assert months_of("2026/27")[0] == "2026-04"
    assert months_of("2026/27")[-1] == "2027-03"
    assert len(months_of("2026/27")) == 12
    assert {year_of(month) for month in months_of("2026/27")} == {"2026/27"}
    assert year_of("2026-03") == "2025/26"
    assert year_of("1999/00") == "1999/00"
    with pytest.raises(LineError, match="no financial year"):
        months_of("2026-04")


# --- workforce ------------------------------------------------------------------------------------------------------


def staff(measure: str, value: str | int, period: str = "2026-04", profession: str = "NURSE") -> PlanLine:
    unit = "people" if measure == "headcount" else "WTE"
    return PlanLine("workforce", "", "RWG", "", profession, period, measure, unit, Decimal(value), place="06N")


def test_1650_contracted_hours_are_44_wte_and_sessions_have_their_own_divisor() -> None:
    assert wte(1650) == 44
    assert wte(25, divisor=10) == Decimal("2.5")
    with pytest.raises(RuleError, match="expected 0 or more"):
        wte(-1)


def test_a_vacancy_is_the_establishment_less_those_in_post() -> None:
    lines = [staff("establishment", "480.0"), staff("in_post", "452.3"), staff("bank", "12"), staff("agency", "4.5"),
             staff("needed", "475")]  # fmt: skip
    (month,) = staffing(lines)
    assert month.group == ("RWG", "NURSE", "06N")
    assert month.vacancy == Decimal("27.7")
    assert month.vacancy_rate is not None
    assert round(month.vacancy_rate * 100, 2) == Decimal("5.77")
    assert month.worked == Decimal("468.8")
    assert month.short_of_need == Decimal("6.2")
    assert skills_gaps(staffing(lines)) == [month]
    assert skills_gaps(staffing([*lines, staff("bank", "100", profession="DOCTOR")])) == [month]


def test_staff_are_grouped_by_what_is_asked_and_an_unknown_measure_is_refused() -> None:
    lines = [staff("in_post", 10), staff("in_post", 5, profession="DOCTOR"), DAY_CASE]
    assert [(one.group, one.in_post) for one in staffing(lines, by=["partner"])] == [(("RWG",), 15)]
    assert [one.group for one in staffing(lines, by=["profession"])] == [("DOCTOR",), ("NURSE",)]
    assert staffing([staff("in_post", 10)])[0].vacancy is None
    assert staffing([staff("in_post", 10)])[0].vacancy_rate is None
    assert staffing([staff("in_post", 10)])[0].short_of_need is None
    with pytest.raises(RuleError, match="not by 'team'"):
        staffing(lines, by=["team"])
    with pytest.raises(RuleError, match="'vacancies' in WTE is no measure"):
        staffing([staff("vacancies", 1)])


def test_those_in_post_are_those_before_with_joiners_and_without_leavers() -> None:
    april, may = staff("in_post", 100), staff("in_post", 103, "2026-05")
    moved = [staff("joiners", 5, "2026-05"), staff("leavers", 2, "2026-05")]
    check_balance(staffing([april, may, *moved]))
    with pytest.raises(StaffBalance, match="make 101"):
        check_balance(staffing([april, may, *moved, staff("leavers", 2, "2026-05", "NURSE")]))


def test_the_headcount_of_the_partners_is_that_of_the_system() -> None:
    people = [staff("headcount", 30_000), staff("headcount", 20_000, profession="DOCTOR"),
              staff("headcount", 6_000)._replace(provider="RY4")]  # fmt: skip
    assert headcount(people, "2026-04") == {"RWG": 50_000, "RY4": 6_000}
    assert sum(headcount(people, "2026-04").values()) == 56_000
    assert headcount(people, "2026-05") == {}


def test_activity_needs_so_many_wte() -> None:
    hours = productive_hours(Decimal("0.21"))
    assert hours == Decimal("1540.5")
    needed = wte_required({"OPFA": Decimal(24_000)}, {"OPFA": Decimal(35)}, hours)
    assert round(needed, 3) == Decimal("9.088")
    with pytest.raises(RuleError, match="no minutes are known for a unit of OPFU"):
        wte_required({"OPFU": Decimal(1)}, {"OPFA": Decimal(35)}, hours)
    with pytest.raises(RuleError, match="0 hours"):
        wte_required({}, {}, Decimal(0))
    with pytest.raises(RuleError, match="share of absence"):
        productive_hours(Decimal(1))


# --- deadlines ------------------------------------------------------------------------------------------------------


def test_a_deadline_lasts_until_its_last_second_in_london() -> None:
    final = date(2020, 9, 21)
    assert deadline_status(final, datetime(2020, 9, 21, 23, 30, tzinfo=timezone(timedelta(hours=1)))) == "on_time"
    assert deadline_status(final, datetime(2020, 9, 21, 23, 30, tzinfo=UTC)) == "late"  # 00:30 in London
    assert deadline_status(final, datetime(2020, 9, 21, 22, 59, 59, tzinfo=UTC)) == "on_time"
    assert deadline_status(final, datetime(2020, 9, 21, 23, 0, tzinfo=UTC)) == "late"
    with pytest.raises(NaiveDatetime, match="no time zone"):
        deadline_status(final, datetime(2020, 9, 21, 12))  # noqa: DTZ001


def test_working_days_before_leave_out_weekends_and_bank_holidays() -> None:
    holidays = bank_holidays()
    assert working_day_before(date(2020, 9, 21), 5, holidays) == date(2020, 9, 14)
    assert working_day_before(date(2020, 9, 21), 20, holidays) == date(2020, 8, 21)  # 31 August is a holiday
    assert working_day_before(date(2021, 1, 8), 4, holidays) == date(2021, 1, 4)
    assert working_day_before(date(2020, 9, 20), 0, holidays) == date(2020, 9, 18)
    assert working_day_after(date(2020, 12, 24), 1, holidays) == date(2020, 12, 29)
    assert working_day_after(date(2020, 9, 19), 0, holidays) == date(2020, 9, 21)
    with pytest.raises(RuleError, match="expected 0 or more"):
        working_day_before(date(2020, 9, 21), -1, holidays)


def test_the_listed_bank_holidays_are_those_of_the_law() -> None:
    listed = bank_holidays()
    years = sorted({day.year for day in listed})
    assert years == list(range(2018, 2033))
    for year in years:
        assert {day for day in listed if day.year == year} == computed(year)


def test_internal_comes_before_external_and_the_draft_before_the_final() -> None:
    draft = Deadline("development", date(2020, 9, 1), "draft", "external")
    final = Deadline("development", date(2020, 9, 21), "final", "external", is_hard=True)
    internal = Deadline("development", date(2020, 9, 14), "final", "internal")
    check_deadlines([final, internal, draft, Deadline("transition", date(2020, 8, 1), "final", "external")])
    with pytest.raises(DeadlineOrder, match="external draft is due on 2020-10-01, not before the external final"):
        check_deadlines([final, Deadline("development", date(2020, 10, 1), "draft", "external")])
    with pytest.raises(DeadlineOrder, match="internal final is due on 2020-09-21"):
        check_deadlines([final, Deadline("development", final.due, "final", "internal")])
    with pytest.raises(RuleError, match="draft or final"):
        Deadline("development", final.due, "last", "internal")
