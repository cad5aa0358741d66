"""What providers have of beds, theatres, clinics and spaces, and what plans need of it: short or spare (ME12, ME13).

provider   beds there   taken   needed at 92 per cent   short (+) or spare (-)
RQW        459          445     484                     +25
RWG        610          540     587                     -23
RWH        575          473     515                     -60
together   1,644        1,458   1,585                   -59, not the sum of -58
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from joinedup.errors import RuleError
from joinedup.planning import DatedCode, DatedCodes, own_codes
from joinedup.planning.capacity.position import (
    Assumed,
    CapacityScenario,
    beds_needed,
    cases_in,
    of_beds,
    system_beds,
    system_units,
    units_needed,
)
from joinedup.planning.capacity.rows import (
    COLUMNS,
    CapacityError,
    CapacityRow,
    ProviderCapacity,
    read_capacity,
)

START = date(2020, 4, 1)
CODES = DatedCodes([*own_codes(), *(DatedCode("provider", code, code, START) for code in ("RQW", "RWG", "RWH"))])
BEDS = {
    "month": "2026-10", "provider": "RWG", "resource": "beds", "name": "General and acute beds", "available": "610",
    "in_use": "540", "no_criteria_to_reside": "139.94", "hours_a_week": "", "utilisation": "", "minutes": "",
}  # fmt: skip
SPACES = BEDS | {
    "resource": "emergency", "name": "Spaces", "available": "50", "in_use": "", "no_criteria_to_reside": "",
    "hours_a_week": "168", "utilisation": "0.70", "minutes": "215",
}  # fmt: skip
PUBLISHED = {
    "RQW": CapacityRow("beds", "Beds", Decimal(459), Decimal(445)),
    "RWG": CapacityRow("beds", "Beds", Decimal(610), Decimal(540), Decimal("139.94")),
    "RWH": CapacityRow("beds", "Beds", Decimal(575), Decimal(473)),
}
NOW = CapacityScenario()
# A year as one long month makes the worked example: 86,400 attendances in 52 weeks.
A_YEAR = Assumed({("emergency", "AE1"): 1.0}, {"NEL": 5.6, "EL": 3.0}, 0.92, 364)


def csv(*rows: dict[str, str]) -> bytes:
    return "\n".join([",".join(COLUMNS), *(",".join(row[name] for name in COLUMNS) for row in rows)]).encode()


def read(*rows: dict[str, str]) -> list[ProviderCapacity]:
    return read_capacity("capacity.csv", csv(*rows), codes_of=lambda month: CODES)


# --- the return ----------------------------------------------------------------------------------------------------


def test_a_return_is_read_by_provider_and_month() -> None:
    (one,) = read(BEDS, SPACES)
    assert (one.provider, one.month) == ("RWG", "2026-10")
    beds, spaces = one.rows
    assert (beds.available, beds.no_criteria_to_reside, beds.minutes) == (Decimal(610), Decimal("139.94"), None)
    assert (spaces.utilisation, spaces.in_use) == (Decimal("0.70"), None)
    assert read(SPACES, BEDS)[0].content_hash == one.content_hash
    assert read(BEDS | {"no_criteria_to_reside": ""})[0].rows[0].no_criteria_to_reside is None


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        (BEDS | {"provider": "RWX"}, "provider", "there is no provider 'RWX'"),
        (BEDS | {"month": ""}, "month", "2026-10"),
        (BEDS | {"resource": "bed"}, "resource", "Did you mean 'beds'?"),
        (BEDS | {"name": ""}, "name", "what it is called"),
        (BEDS | {"available": ""}, "available", "a number"),
        (BEDS | {"in_use": ""}, "in_use", "a number"),
        (BEDS | {"no_criteria_to_reside": "541"}, "no_criteria_to_reside", "at most the 540 beds"),
        (BEDS | {"minutes": "10"}, "minutes", "does not apply to beds"),
        (SPACES | {"in_use": "10"}, "in_use", "does not apply to emergency"),
        (SPACES | {"utilisation": "70"}, "utilisation", "a share above 0 and up to 1"),
        (SPACES | {"hours_a_week": "169"}, "hours_a_week", "at most 168"),
        (SPACES | {"minutes": "0"}, "minutes", "more than 0"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_what_cannot_be_is_named_by_line_and_field(row: dict[str, str], field: str, says: str) -> None:
    with pytest.raises(CapacityError) as refused:
        read(BEDS | {"provider": "RWH"}, row)
    ((line, where, _, expected),) = refused.value.faults
    assert (line, where) == (3, field)
    assert says in expected


def test_a_provider_says_a_kind_once() -> None:
    with pytest.raises(CapacityError, match=r"line 3, field resource.*beds of RWG in 2026-10 once"):
        read(BEDS, BEDS)
    with pytest.raises(CapacityError, match="at least one line"):
        read()


# --- beds ----------------------------------------------------------------------------------------------------------


def test_beds_are_rounded_at_the_level_that_is_told() -> None:
    found = beds_needed(PUBLISHED, {}, A_YEAR, NOW)
    assert [(one.provider, one.today.required, one.today.gap) for one in found] == [
        ("RQW", 484, 25), ("RWG", 587, -23), ("RWH", 515, -60),
    ]  # fmt: skip
    together = system_beds(found, "all", 0.92)
    assert (together.today.required, together.today.gap) == (1585, -59)
    assert sum(one.today.gap for one in found) == -58
    assert round(found[1].today.no_criteria_share or 0, 3) == 0.259
    assert together.today.no_criteria_to_reside is None, "two of three did not say"


def test_a_plan_needs_beds_for_its_stays() -> None:
    cases = {("RWG", "NEL"): 42.0 * 364, ("RWG", "OPFA"): 9_000.0, ("RWH", "NEL"): 1.0}
    found = {one.provider: one.planned for one in beds_needed(PUBLISHED, cases, A_YEAR, NOW)}
    assert round(found["RWG"].occupied, 1) == 235.2
    assert found["RWG"].required == 256
    assert found["RQW"].required == 0, "no plan of a stay there"


@pytest.mark.parametrize(
    ("scenario", "required"),
    [
        (CapacityScenario(stay_percent=-10), 231),  # 211.68 / .92 = 230.09
        (CapacityScenario(activity_percent=10), 282),  # 258.72 / .92 = 281.2
        (CapacityScenario(occupancy=0.85), 277),  # 235.2 / .85 = 276.7
    ],
    ids=["shorter-stays", "more-activity", "emptier-wards"],
)
def test_a_scenario_changes_what_is_needed(scenario: CapacityScenario, required: int) -> None:
    (found,) = beds_needed({"RWG": PUBLISHED["RWG"]}, {("RWG", "NEL"): 42.0 * 364}, A_YEAR, scenario)
    assert found.planned.required == required
    assert found.today.occupied == 540, "what is taken today stays as it is"
    assert not scenario.is_none


@pytest.mark.parametrize(
    "given_", [{"stay_percent": -91}, {"activity_percent": 201}, {"occupancy": 1.2}, {"utilisation": 0.0}], ids=str
)
def test_a_scenario_that_cannot_be_is_refused(given_: dict[str, float]) -> None:
    with pytest.raises(RuleError, match="ME13"):
        CapacityScenario(**given_)


# --- everything else -----------------------------------------------------------------------------------------------


def rows_of_spaces(available: str = "50") -> dict[tuple[str, str], CapacityRow]:
    (one,) = read(SPACES | {"available": available}, BEDS)
    return {(row.resource, provider): row for provider in ("RWG", "RWH") for row in one.rows}


def test_spaces_of_an_emergency_department() -> None:
    rg, rh = units_needed(rows_of_spaces(), {("RWG", "AE1"): 86_400.0, ("RWG", "AE3"): 500.0}, A_YEAR, NOW)
    assert round(rg.load, 3) == 50.628
    assert (rg.required, rg.gap) == (51, 1)
    assert rg.in_use is not None
    assert round(rg.in_use, 4) == round(0.7 * 50.628 / 50, 4)
    assert (rh.required, rh.gap) == (0, -50)
    (tighter,) = units_needed(
        {("emergency", "RWG"): rows_of_spaces()["emergency", "RWG"]}, {("RWG", "AE1"): 86_400.0}, A_YEAR,
        CapacityScenario(utilisation=0.8),
    )  # fmt: skip
    assert tighter.required == 45


def test_units_of_the_system_are_added_up_before_they_are_rounded() -> None:
    cases = {("RWG", "AE1"): 86_400.0, ("RWH", "AE1"): 86_400.0}
    found = units_needed(rows_of_spaces(), cases, A_YEAR, NOW)
    (both,) = system_units(found, "all")
    assert (sum(one.required for one in found), both.required) == (102, 102)
    (three,) = system_units([*found, found[0], found[1]], "all")
    assert (three.required, three.available) == (203, 200)


def test_units_without_any_open_hours_have_no_share() -> None:
    (found, _) = units_needed(rows_of_spaces("0"), {("RWG", "AE1"): 86_400.0}, A_YEAR, NOW)
    assert (found.in_use, found.gap) == (None, 51)


def test_beds_are_found_among_the_rows() -> None:
    assert set(of_beds(rows_of_spaces())) == {"RWG", "RWH"}


def test_what_is_planned_for_the_year_counts_by_days() -> None:
    activity = {("RWG", "DC", "2026-10"): Decimal(31), ("RWG", "DC", "2026-11"): Decimal(99),
                ("RWG", "EL", "2026/27"): Decimal(365)}  # fmt: skip
    assert cases_in(activity, "2026-10", 31, 365, Decimal(2)) == {("RWG", "DC"): 62.0, ("RWG", "EL"): 62.0}


@given(st.floats(0, 500), st.floats(0, 50), st.floats(-50, 50), st.floats(0.5, 1))
def test_more_activity_never_needs_fewer_beds_or_spaces(
    cases: float, more: float, stay: float, occupancy: float
) -> None:
    def needed(extra: float) -> tuple[int, int]:
        scenario = CapacityScenario(extra, stay, occupancy)
        (beds,) = beds_needed({"RWG": PUBLISHED["RWG"]}, {("RWG", "NEL"): cases * 364}, A_YEAR, scenario)
        spaces = units_needed(rows_of_spaces(), {("RWG", "AE1"): cases * 364}, A_YEAR, scenario)
        return beds.planned.required, spaces[0].required

    before, after = needed(0), needed(more)
    assert before[0] <= after[0]
    assert before[1] <= after[1]
