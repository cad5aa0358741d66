"""A new table beside those that are out: what their difference would give away (PE5, T45)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from joinedup.errors import RuleError
from joinedup.measures.disclosure.differencing import Released, leaks

PARTS = {"System": "", "East": "System", "West": "System", "Mid": "System", "East1": "East", "East2": "East"}


def table(
    counts: Mapping[str, int],
    *,
    dimension: str = "area",
    conditions: tuple[str, ...] = ("is on the register diabetes",),
    period: str = "2026-03",
    mode: str = "suppress",
    hidden: tuple[str, ...] = (),
) -> Released:
    cells = {(value,): count for value, count in counts.items()}
    return Released(frozenset(conditions), (dimension,), period, mode, cells, frozenset((one,) for one in hidden))


def kinds(new: Released, *out: Released) -> set[str]:
    return {leak.kind for leak in leaks([new], out, parts=PARTS)}


def test_system_minus_two_places_leaves_the_third() -> None:
    assert kinds(table({"East": 20, "West": 18}), table({"System": 43})) == {"remainder"}
    assert kinds(table({"System": 43}), table({"East": 20, "West": 18})) == {"remainder"}
    # Thirteen are no small group, and rounding leaves 0 to 11 open.
    assert kinds(table({"East": 20, "West": 18}), table({"System": 51})) == set()
    assert kinds(table({"East": 20, "West": 18}, mode="nhs"), table({"System": 43}, mode="nhs")) == set()


def test_rounded_counts_may_come_out_month_by_month() -> None:
    # 117 and 120 are shown as 115 and 120, 118 and 120 as 120 twice: no person can be read.
    for before in (117, 118):
        earlier = table({"System": before}, mode="nhs", period="2026-02")
        assert kinds(table({"System": 120}, mode="nhs"), earlier) == set()
        assert kinds(table({"System": 120}), table({"System": before}, period="2026-02")) == {"period"}


def test_one_more_condition_isolates_those_it_leaves_out() -> None:
    women = ("is on the register diabetes", "is female")
    assert "nested" in kinds(table({"System": 120}, conditions=women), table({"System": 123}))
    assert kinds(table({"System": 80}, conditions=women), table({"System": 123})) == set()
    # Another condition instead of one more: neither group is a part of the other.
    assert kinds(table({"System": 120}, conditions=("is on the register asthma",)), table({"System": 123})) == set()


def test_one_year_more_of_age() -> None:
    assert "nested" in kinds(table({"18-64": 120}, dimension="age"), table({"18-65": 123}, dimension="age"))
    assert "overlap" in kinds(table({"18-64": 120}, dimension="age"), table({"19-65": 123}, dimension="age"))
    assert kinds(table({"18-39": 120}, dimension="age"), table({"40-64": 123}, dimension="age")) == set()


def test_a_filter_on_one_category() -> None:
    everybody = table({"all": 123}, dimension="sex")
    assert kinds(table({"female": 120}, dimension="sex"), everybody)
    assert kinds(table({"female": 60, "male": 63}, dimension="sex"), everybody) == set()


def test_areas_that_overlap() -> None:
    ward, pcn = Released(frozenset(), ("area",), "", "suppress", {("Ward",): 90}), {("PCN",): 93}
    found = leaks([ward], [Released(frozenset(), ("area",), "", "suppress", pcn)])
    assert {leak.kind for leak in found} == {"overlap"}
    # With the fixed list of areas, one that is not on it is not released at all.
    assert "area" in {leak.kind for leak in leaks([ward], [], parts=PARTS)}


def test_a_star_is_audited_across_tables() -> None:
    # Each table is fine; together 30 - 20 leaves 6 or 7 for the star.
    parts = table({"East1": 7, "East2": 22}, mode="nhs")
    assert kinds(parts) == set()
    assert kinds(table({"East": 29}, mode="nhs"), parts) == {"star"}
    assert kinds(table({"East": 26}, mode="nhs"), table({"East1": 4, "East2": 22}, mode="nhs")) == set()


def test_one_count_shown_in_two_modes() -> None:
    # 7 is a star in mode nhs, and "7 to 12" as a midpoint of six: together they say 7.
    assert kinds(table({"East": 7}, mode="midpoint6"), table({"East": 7}, mode="nhs")) == {"star"}


def test_a_partner_s_star_is_taken_as_hidden() -> None:
    total = table({"System": 43})
    assert kinds(table({"East": 20, "West": 18}, hidden=("West",)), total) == set()


def test_what_is_said_names_cells_and_no_count() -> None:
    (leak,) = leaks([table({"East": 20, "West": 18})], [table({"System": 43})], parts=PARTS)
    assert leak.cells == ("area System, period 2026-03", "area East, period 2026-03", "area West, period 2026-03")
    said = f"{leak.says} {leak.advice} {leak.cells}".replace("2026-03", "")
    assert not any(count in said for count in ("43", "20", "18"))


def test_a_mode_that_is_not_one() -> None:
    with pytest.raises(RuleError, match="no mode"):
        table({"System": 43}, mode="exact")
