"""Triangulation: versions, pairs, tolerances (MD3, MD4, MD5)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from tests.spec.planning.plans import activity, commissioner, price, provider

from joinedup.errors import FileError, RuleError
from joinedup.planning import (
    CrosswalkMissing,
    CrosswalkOverlap,
    CrosswalkRow,
    Crosswalks,
    IllegalTransition,
    ImmutableVersion,
    Pair,
    ParameterMissing,
    ParameterSet,
    PlanLine,
    PlanVersion,
    ToleranceSet,
    UnitMismatch,
    content_hash,
    edit,
    months_of,
    move,
    next_version,
    pair_lines,
    planning_crosswalks,
    planning_parameters,
    read_patient_shares,
    share_warnings,
    tolerance_set,
    triangulate,
)

ON = date(2026, 4, 1)
DEFAULT = ToleranceSet()


def pairs(ours: PlanVersion, theirs: PlanVersion, crosswalks: Crosswalks | None = None) -> list[Pair]:
    return pair_lines(ours, theirs, crosswalks or planning_crosswalks(), as_of=ON)


# --- versions -------------------------------------------------------------------------------------------------------


def test_a_version_goes_through_its_states_and_no_others() -> None:
    version = commissioner(activity("110", "DC", "2026-04", 1))
    for state in ("submitted", "reconciling", "agreed", "signed", "superseded"):
        version = move(version, state)
        assert version.state == state
    with pytest.raises(IllegalTransition, match="cannot become 'draft'; possible: none"):
        move(version, "draft")
    with pytest.raises(IllegalTransition, match="cannot become 'signed'"):
        move(commissioner(activity("110", "DC", "2026-04", 1)), "signed")
    with pytest.raises(RuleError, match="has no line"):
        move(commissioner(), "submitted")


def test_a_version_changes_as_a_draft_only_and_the_next_is_a_draft() -> None:
    draft = commissioner(activity("110", "DC", "2026-04", 1))
    other = [activity("110", "DC", "2026-04", 2)]
    assert edit(draft, other).lines == tuple(other)
    submitted = move(draft, "submitted")
    with pytest.raises(ImmutableVersion, match="Make version 2"):
        edit(submitted, other)
    following = next_version(submitted, other)
    assert (following.number, following.state) == (2, "draft")
    with pytest.raises(RuleError, match="not of the 'payer'"):
        PlanVersion("QM7", "payer", "2026/27", 1, ())
    with pytest.raises(RuleError, match="'done' is no state"):
        commissioner(state="done")


def test_the_hash_is_of_the_content_in_any_order() -> None:
    lines = [activity("110", "DC", "2026-04", 940), activity("100", "EL", "2026-04", Decimal("612.50"))]
    assert content_hash(lines) == content_hash(reversed(lines))
    assert content_hash(lines) == content_hash([lines[0], lines[1]._replace(value=Decimal("612.5"))])
    for changed in ({"value": 941}, {"provider": "RWH"}, {"period": "2026-05"}, {"place": "06K"}, {"of": 2}):
        assert content_hash([lines[0]._replace(**changed), lines[1]]) != content_hash(lines)  # type: ignore[arg-type]
    assert len(content_hash([])) == 64


# --- pairs ----------------------------------------------------------------------------------------------------------


def test_the_finer_side_is_summed_to_the_grain_of_the_coarser() -> None:
    ours = commissioner(activity("110", "OPFP", "2026-04", 500))
    theirs = provider(activity("110", "OPFA", "2026-04", 310), activity("110", "OPPROC", "2026-04", 195))
    (pair,) = pairs(ours, theirs)
    assert (pair.pod, pair.commissioner_value, pair.provider_value) == ("OPFP", 500, 505)
    report = triangulate([pair], DEFAULT)
    assert report.within == (pair,)
    from joinedup.planning.triangulation.disagreements import tolerance_of

    assert tolerance_of(pair, DEFAULT) == Decimal("10.1")


def unit_price(pair_list: list[Pair]) -> Pair | None:
    return next((one for one in pair_list if one.measure == "unit_price"), None)


def test_prices_of_a_finer_grain_are_weighted_by_units_and_never_summed() -> None:
    ours = commissioner(activity("110", "OPFP", "2026-04", 400), price("110", "OPFP", 225))
    theirs = [
        activity("110", "OPFA", "2026-04", 100), activity("110", "OPFA", "2026-05", 200),
        activity("110", "OPPROC", "2026-04", 100), price("110", "OPFA", 200), price("110", "OPPROC", 300),
    ]  # fmt: skip
    found = unit_price(pairs(ours, provider(*theirs)))
    assert found is not None
    assert (found.pod, found.commissioner_value, found.provider_value) == ("OPFP", 22_500, 22_500)
    # The other way round, 2 to 1: 700 / 3 pounds, rounded once.
    other = provider(*ours.lines)
    finer = commissioner(*[line for line in theirs if (line.pod, line.period) != ("OPFA", "2026-04")])
    found = unit_price(pairs(finer, other))
    assert found is not None
    assert (found.commissioner_value, found.provider_value) == (Decimal("23333.3333"), 22_500)
    report = triangulate([found], DEFAULT)
    assert [one.gap for one in report.outside] == [Decimal("833.3333")]


def test_a_price_of_a_month_is_weighted_by_the_units_of_that_month() -> None:
    april = {"period": "2026-04"}
    ours = commissioner(price("110", "OPFP", 225)._replace(**april))  # type: ignore[arg-type]
    theirs = [
        activity("110", "OPFA", "2026-04", 100), activity("110", "OPFA", "2026-05", 200),
        activity("110", "OPPROC", "2026-04", 100),
        price("110", "OPFA", 200)._replace(**april), price("110", "OPPROC", 300)._replace(**april),  # type: ignore[arg-type]
    ]  # fmt: skip
    found = unit_price(pairs(ours, provider(*theirs)))
    assert found is not None
    assert found.provider_value == 25_000


def test_different_prices_without_units_are_not_compared_and_equal_ones_are() -> None:
    ours = commissioner(price("110", "OPFP", 225))
    assert unit_price(pairs(ours, provider(price("110", "OPFA", 200), price("110", "OPPROC", 300)))) is None
    found = unit_price(pairs(ours, provider(price("110", "OPFA", 200), price("110", "OPPROC", 200))))
    assert found is not None
    assert found.provider_value == 20_000
    other = price("110", "OPPROC", 300)._replace(unit="pence")
    with pytest.raises(UnitMismatch, match="unit_price"):
        pairs(ours, provider(price("110", "OPFA", 200), other))


def test_both_sides_keep_their_grain_where_neither_is_coarser() -> None:
    ours = commissioner(activity("110", "OPFA", "2026-04", 300), activity("100", "OPFP", "2026-04", 9))
    theirs = provider(activity("110", "OPFA", "2026-04", 310), activity("110", "OPPROC", "2026-04", 195))
    assert [(one.service, one.pod, one.commissioner_value, one.provider_value) for one in pairs(ours, theirs)] == [
        ("100", "OPFP", 9, None),
        ("110", "OPFA", 300, 310),
        ("110", "OPPROC", None, 195),
    ]


def test_places_are_summed_and_other_commissioners_left_out() -> None:
    line = activity("110", "DC", "2026-04", 400)
    ours = commissioner(line._replace(place="06K"), line._replace(place="06N", value=540))
    theirs = provider(line._replace(value=930), line._replace(commissioner="QHG", value=99))
    (pair,) = pairs(ours, theirs)
    assert (pair.commissioner_value, pair.provider_value) == (940, 930)


def test_a_body_is_found_under_the_code_that_followed() -> None:
    rows = [*planning_crosswalks().rows, CrosswalkRow("provider", "RWG", "R1K", date(2026, 4, 1))]
    ours = commissioner(activity("110", "DC", "2026-04", 940))
    theirs = provider(activity("110", "DC", "2026-04", 930, "R1K"), owner="R1K")
    (pair,) = pairs(ours, theirs, Crosswalks(rows))
    assert (pair.provider, pair.commissioner_value, pair.provider_value) == ("R1K", 940, 930)
    assert all(one.provider != "RWG" for one in pairs(ours, theirs, Crosswalks(rows)))


def test_staff_of_a_provider_pair_without_a_commissioner_and_rates_keep_their_denominators() -> None:
    nurses = PlanLine("workforce", "", "RWG", "", "NURSE", "2026-04", "in_post", "WTE", Decimal("452.3"))
    rtt = PlanLine("performance", "QM7", "RWG", "110", "", "2026-04", "rtt-18", "percent", 620, of=1000)
    more = rtt._replace(place="06K", value=15, of=20)
    found = pairs(
        commissioner(nurses, rtt, more), provider(nurses._replace(value=Decimal(450)), rtt._replace(value=635))
    )
    assert [(one.kind, one.commissioner_value, one.commissioner_of) for one in found] == [
        ("performance", 635, 1020),
        ("workforce", Decimal("452.3"), None),
    ]
    assert (found[0].provider_value, found[0].provider_of) == (635, 1000)


def test_a_body_s_own_affairs_are_compared_only_where_the_other_side_speaks_of_them() -> None:
    nurses = PlanLine("workforce", "", "RWG", "", "NURSE", "2026-04", "in_post", "WTE", 450)
    pay = PlanLine("finance", "", "RWG", "", "", "2026-04", "pay", "pence", 100)
    assert pairs(commissioner(), provider(nurses, pay)) == []
    doctors = nurses._replace(pod="DOCTOR")
    found = pairs(commissioner(doctors), provider(nurses, pay))
    assert [(one.pod, one.commissioner_value, one.provider_value) for one in found] == [
        ("DOCTOR", 450, None),
        ("NURSE", None, 450),
    ]


def test_prices_are_compared_where_both_sides_say_one() -> None:
    ours, theirs = price("110", "DC", 1100), price("110", "DC", 1200)
    assert pairs(commissioner(ours), provider()) == []
    (found,) = triangulate(pairs(commissioner(ours), provider(theirs)), DEFAULT).outside
    assert (found.gap, found.money_p) == (10_000, None)


def test_different_units_are_a_mismatch_on_one_side_and_between_both() -> None:
    pay = PlanLine("finance", "QM7", "RWG", "", "", "2026-04", "contract_value", "pence", 100)
    with pytest.raises(UnitMismatch, match="in pence on one line and in pounds on another"):
        pairs(commissioner(pay), provider(pay._replace(unit="pounds")))
    with pytest.raises(UnitMismatch):
        pairs(commissioner(pay, pay._replace(unit="pounds", place="06K")), provider())


def test_an_unknown_pod_and_a_row_that_does_not_hold_today_are_missing() -> None:
    local = activity("110", "DC", "2026-04", 1)._replace(pod="DAYX")
    with pytest.raises(CrosswalkMissing, match="no point of delivery 'DAYX'"):
        pairs(commissioner(local), provider())
    rows = [CrosswalkRow("pod", "DAYX", "DC", date(2024, 4, 1), date(2025, 4, 1))]
    with pytest.raises(CrosswalkMissing, match="known: 2024-04-01 up to 2025-04-01"):
        pairs(commissioner(local), provider(), Crosswalks(rows))
    ours = commissioner(local)
    renewed = Crosswalks([*rows, CrosswalkRow("pod", "DAYX", "DC", date(2025, 4, 1))])
    (pair,) = pairs(ours, provider(activity("110", "DC", "2026-04", 2)), renewed)
    assert (pair.pod, pair.commissioner_value, pair.provider_value) == ("DC", 1, 2)


def test_a_crosswalk_neither_splits_nor_goes_in_circles() -> None:
    two = [CrosswalkRow("pod", "OPFA", "A", ON), CrosswalkRow("pod", "OPFA", "B", ON)]
    with pytest.raises(CrosswalkOverlap, match="to A and to B"):
        pairs(commissioner(), provider(), Crosswalks(two))
    circle = [CrosswalkRow("service", "1", "2", ON), CrosswalkRow("service", "2", "1", ON)]
    with pytest.raises(RuleError, match="in a circle"):
        pairs(commissioner(), provider(), Crosswalks(circle))
    with pytest.raises(RuleError, match="not for 'colour'"):
        CrosswalkRow("colour", "1", "2", ON)
    with pytest.raises(RuleError, match="part of itself"):
        CrosswalkRow("pod", "1", "1", ON)


def test_only_a_commissioner_and_a_provider_of_one_year_are_paired() -> None:
    with pytest.raises(RuleError, match="expected a commissioner's and a provider's"):
        pairs(provider(), commissioner())
    with pytest.raises(RuleError, match="different years"):
        pairs(commissioner(), PlanVersion("RWG", "provider", "2025/26", 1, ()))


def test_a_share_of_a_trust_is_held_against_that_of_its_patients(reference: Path) -> None:
    lookup = reference / "humaniverse+geographr" / "lookup_nhs_trusts22_icb22.csv"
    shares = read_patient_shares(lookup, system="E54000025")
    assert {code: round(shares[code], 4) for code in ("RQW", "RWG", "RWH")} == {
        "RQW": Decimal("0.9739"),
        "RWG": Decimal("0.9322"),
        "RWH": Decimal("0.8501"),
    }
    theirs = provider(activity("110", "DC", "2026-04", 100_000, "RWH")._replace(commissioner="NCA"), owner="RWH")
    (warning,) = share_warnings(commissioner(activity("110", "DC", "2026-04", 91_000, "RWH")), theirs, shares)
    assert (warning.provider, warning.unit, warning.implied) == ("RWH", "spells", Decimal("0.91"))
    assert abs(warning.plausible - 85_010) < 2
    assert not share_warnings(commissioner(activity("110", "DC", "2026-04", 90_000, "RWH")), theirs, shares)
    assert not share_warnings(commissioner(), provider(owner="XXX"), shares)
    assert not share_warnings(commissioner(), theirs, shares)
    with pytest.raises(FileError, match="no trust has patients from QM7"):
        read_patient_shares(lookup, system="QM7")


def test_a_lookup_of_shares_that_is_not_right_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "shares.csv"
    file.write_text("nhs_trust22_code,icb22_code\nRWH,E1\n")
    with pytest.raises(FileError, match="column proportion_trust_came_from_icb is missing"):
        read_patient_shares(file, system="E1")
    file.write_text("nhs_trust22_code,icb22_code,proportion_trust_came_from_icb\nRWH,E1,most\n")
    with pytest.raises(FileError, match="line 2, field proportion"):
        read_patient_shares(file, system="E1")


# --- tolerances -----------------------------------------------------------------------------------------------------

OURS = commissioner(
    activity("110", "EL", "2026-04", 180), activity("110", "DC", "2026-04", 940),
    activity("110", "OPFA", "2026-04", 2100), activity("100", "EL", "2026-05", 600),
    activity("110", "OPFU", "2026-04", 0), activity("300", "NEL", "2026-04", 1500),
    price("110", "EL", 4200), price("110", "DC", 1100), price("110", "OPFA", 190), price("100", "EL", 4800),
    price("110", "OPFU", 95),
)  # fmt: skip
THEIRS = provider(
    activity("110", "EL", "2026-04", 176), activity("110", "DC", "2026-04", 1001),
    activity("110", "OPFA", "2026-04", 2138), activity("100", "EL", "2026-05", 612),
    activity("110", "OPFU", "2026-04", 3), activity("300", "XBD", "2026-04", 420),
    price("110", "EL", 4200), price("110", "DC", 1100), price("110", "OPFA", 190), price("100", "EL", 4800),
    price("110", "OPFU", 95),
)  # fmt: skip


def test_every_line_of_the_worked_example() -> None:
    report = triangulate(pairs(OURS, THEIRS), DEFAULT)
    inside = {(one.pod, one.service) for one in report.within if one.kind == "activity"}
    assert inside == {("EL", "110"), ("OPFA", "110"), ("EL", "100"), ("OPFU", "110")}
    (outside,) = report.outside
    assert (outside.pair.pod, outside.gap, outside.tolerance) == ("DC", 61, Decimal("20.02"))
    assert (outside.money_p, outside.is_material) == (6_710_000, True)
    worth = {(one.pair.pod, one.pair.service): (one.reason, one.money_p) for one in report.material}
    assert worth == {("DC", "110"): ("outside", 6_710_000), ("EL", "100"): ("material", 5_760_000)}
    elective = next(one for one in report.material if one.reason == "material")
    assert (elective.gap, elective.tolerance) == (12, Decimal("12.24"))
    assert [(one.reason, one.pair.pod, one.gap) for one in report.one_sided] == [
        ("commissioner only", "NEL", 1500),
        ("provider only", "XBD", 420),
    ]
    assert {one.reason for one in report.disagreements} == {"outside", "material", "commissioner only",
                                                            "provider only", "year"}  # fmt: skip


def test_small_gaps_of_one_sign_add_up_over_the_year() -> None:
    months = months_of("2026/27")
    ours = commissioner(*(activity("110", "DC", month, 1000) for month in months))
    theirs = provider(*(activity("110", "DC", month, 1015) for month in months))
    report = triangulate(pairs(ours, theirs), DEFAULT)
    assert len(report.within) == 12
    assert not report.outside
    (year,) = report.year
    assert (year.pair.commissioner_value, year.pair.provider_value, year.gap) == (12_000, 12_180, 180)
    assert round(Decimal(year.gap) / 12_180 * 100, 3) == Decimal("1.478")
    assert year.tolerance == Decimal("121.80")
    assert year.pair.period == "2026/27"
    assert report.disagreements == (year,)


def test_rates_are_compared_in_points() -> None:
    rtt = PlanLine("performance", "QM7", "RWG", "110", "", "2026-04", "rtt-18", "percent", 620, of=1000)
    report = triangulate(pairs(commissioner(rtt), provider(rtt._replace(value=635))), DEFAULT)
    assert [(one.gap, one.tolerance) for one in report.outside] == [(Decimal("1.5"), Decimal(1))]
    point = triangulate(pairs(commissioner(rtt), provider(rtt._replace(value=630))), DEFAULT)
    assert not point.outside
    assert len(point.within) == 1
    alone = triangulate(pairs(commissioner(rtt), provider()), DEFAULT)
    assert [(one.reason, one.gap) for one in alone.one_sided] == [("commissioner only", Decimal(62))]
    with pytest.raises(RuleError, match="a rate on one side only"):
        triangulate([pairs(commissioner(rtt), provider(rtt))[0]._replace(provider_of=None)], DEFAULT)


@pytest.mark.parametrize(
    ("ours", "theirs", "is_outside"),
    [
        (0, 5, False), (0, 6, True), (650, 637, False), (650, 636, True), (10**12, 98 * 10**10, False),
        (10**12, 98 * 10**10 - 1, True), (10**25, 98 * 10**23, False), (10**25, 98 * 10**23 - 1, True),
        (Decimal("300.5"), Decimal("306.632"), False), (Decimal("300.5"), Decimal("306.633"), True),
    ],
)  # fmt: skip
def test_a_gap_of_exactly_the_tolerance_is_within(ours: int, theirs: int, is_outside: bool) -> None:
    pair = Pair("finance", "QM7", "RWG", "", "", "2026-04", "spend", "pence", ours, theirs)
    report = triangulate([pair], ToleranceSet(rel_year=Decimal(1)))
    assert bool(report.outside) is is_outside


def test_money_is_material_above_the_tolerance_in_pence() -> None:
    spend = Pair("finance", "QM7", "RWG", "", "", "2026-04", "spend", "pence", 10**10, 10**10 + 5_000_000, price_p=1)
    assert not triangulate([spend], DEFAULT).material
    more = spend._replace(provider_value=10**10 + 5_000_001)
    (found,) = triangulate([more], DEFAULT).material
    assert (found.reason, found.money_p) == ("material", 5_000_001)


def test_the_hash_of_a_report_is_that_of_its_inputs() -> None:
    every = pairs(OURS, THEIRS)
    report = triangulate(every, DEFAULT)
    assert triangulate(reversed(every), DEFAULT).hash == report.hash
    assert triangulate(every, ToleranceSet(abs_tol=6)).hash != report.hash
    assert triangulate(every[1:], DEFAULT).hash != report.hash
    assert triangulate([], DEFAULT).disagreements == ()
    same = [one._replace(provider_value=Decimal(one.provider_value or 0).quantize(Decimal("0.0"))) for one in every]
    whole = [one._replace(provider_value=one.provider_value or 0) for one in every]
    assert triangulate(same, DEFAULT).hash == triangulate(whole, DEFAULT).hash
    with pytest.raises(RuleError, match="two pairs speak of"):
        triangulate([*every, every[0]], DEFAULT)


def test_tolerances_come_from_dated_parameters_and_are_exact() -> None:
    found = tolerance_set(planning_parameters(), ON)
    assert (found.abs_tol, found.rel_tol, found.money_p) == (5, Decimal("0.02"), 5_000_000)
    assert (found.rel_year, found.points) == (Decimal("0.01"), 1)
    assert "triangulation.rel from 2019-04-01" in found.parameter_ids
    with pytest.raises(ParameterMissing):
        tolerance_set(ParameterSet([]), ON)
    with pytest.raises(RuleError, match="expected an int or a Decimal"):
        ToleranceSet(rel_tol=0.02)  # type: ignore[arg-type]
    with pytest.raises(RuleError, match="0 or more"):
        ToleranceSet(points=Decimal(-1))
