"""Real disagreements are hidden in the simulated partners' plans: triangulation finds each, and hardly anything else.

The truth about them is read here alone. What is compared are the filled templates, as they are handed in.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import joinedup
from joinedup.money.pot.positions import Mismatch, intra_system_mismatches
from joinedup.planning import (
    DatedCode,
    DatedCodes,
    ParameterSet,
    PlanVersion,
    ToleranceSet,
    consistency,
    import_plan,
    own_codes,
    pair_lines,
    planning_crosswalks,
    planning_parameters,
    read_parameters,
    share_warnings,
    triangulate,
)
from joinedup.planning.triangulation.disagreements import Disagreement
from joinedup.simulation.returns import write_returns

YEAR, TODAY, LONG_AGO = "2026/27", date(2026, 11, 22), date(2019, 4, 1)
BODIES = ("R1L", "RQW", "RWG", "RWH", "RWR", "RY4", "RYX")
PLACES = ("hwe-east-and-north-hertfordshire", "hwe-west-hertfordshire", "hwe-west-essex")
Key = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class Found:
    """Everything that comparing the templates and checking each plan says."""

    gaps: dict[Key, Disagreement]
    years: dict[Key, Disagreement]
    within: set[Key]
    failed: set[tuple[str, str]]
    not_made: set[str]
    plans: dict[str, PlanVersion]
    growth: dict[str, Decimal]
    parameters: ParameterSet


@pytest.fixture(scope="module")
def returned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("returns") / "hwe"
    write_returns("hwe", 10_000, 1, out)
    return out


@pytest.fixture(scope="module")
def truth(returned: Path) -> list[dict[str, str]]:
    with (returned / "truth" / "disagreements.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def found(returned: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    # A folder without the truth: nothing that is compared could have read it.
    folder = tmp_path_factory.mktemp("sent")
    shutil.copytree(returned / "plans", folder / "plans")
    shutil.copytree(returned / "plans-of-the-year-before", folder / "before")
    rows = [DatedCode("commissioner", code, code, LONG_AGO) for code in ("QM7", "QMF")]
    rows += [DatedCode("provider", code, code, LONG_AGO) for code in BODIES]
    rows += [DatedCode("place", code, code, LONG_AGO) for code in PLACES]
    codes = DatedCodes([*own_codes(), *rows])
    plans = {
        path.stem.split("-")[0]: import_plan(
            path, template="plan", owner=path.stem.split("-")[0], codes=codes, year=YEAR
        )
        for path in sorted((folder / "plans").iterdir())
    }
    before = {
        body: import_plan(
            folder / "before" / f"{body}-provider.csv", template="plan", owner=body, codes=codes, year="2025/26"
        )
        for body in BODIES
    }
    parameters = ParameterSet([*planning_parameters(), *read_parameters(returned / "planning-assumptions.toml")])
    gaps: dict[Key, Disagreement] = {}
    years: dict[Key, Disagreement] = {}
    within: set[Key] = set()
    failed: set[tuple[str, str]] = set()
    not_made: set[str] = set()
    growth: dict[str, Decimal] = {}
    for body in BODIES:
        pairs = pair_lines(plans["QM7"], plans[body], planning_crosswalks(), as_of=TODAY)
        report = triangulate(pairs, ToleranceSet())
        for one in report.disagreements:
            (years if one.reason == "year" else gaps)[key_of(one)] = one
        within |= {pair[2:3] + pair[0:1] + pair[3:5] + pair[6:7] + pair[5:6] for pair in report.within}
        for check in consistency(plans[body], parameters, previous=before[body], other=plans["QM7"]):
            name, provider = check.check.split(": ")
            if name == "productivity" and check.actual is not None:
                growth[provider] = check.actual
            if check.status == "fails":
                failed.add((name, provider))
            elif check.status == "cannot be made":
                not_made.add(name)
    return Found(gaps, years, within, failed, not_made, plans, growth, parameters)


def key_of(one: Disagreement) -> Key:
    pair = one.pair
    return pair.provider, pair.kind, pair.service, pair.pod, pair.measure, pair.period


def hidden(truth: list[dict[str, str]], found_by: str) -> Iterator[Key]:
    for row in truth:
        if row["found_by"] == found_by:
            yield row["provider"], row["line"], row["service"], row["pod"], row["measure"], row["period"]


def test_about_twenty_five_disagreements_of_many_kinds_are_hidden(truth: list[dict[str, str]]) -> None:
    assert len({row["number"] for row in truth}) == 29
    assert len({row["kind"] for row in truth}) == 13
    assert {row["provider"] for row in truth} == set(BODIES)


def test_every_hidden_gap_is_found_in_its_month_and_no_other_gap_is(truth: list[dict[str, str]], found: Found) -> None:
    assert set(hidden(truth, "comparison")) == set(found.gaps)


def test_each_gap_is_as_far_apart_as_it_was_planted(truth: list[dict[str, str]], found: Found) -> None:
    for row, key in zip([r for r in truth if r["found_by"] == "comparison"], hidden(truth, "comparison"), strict=True):
        pair = found.gaps[key].pair
        scale = 100 if pair.unit.startswith("pence") else 1
        for side, value, of in (
            ("commissioner", pair.commissioner_value, pair.commissioner_of),
            ("provider", pair.provider_value, pair.provider_of),
        ):
            said = row[f"{side}_says"]
            if not said:
                assert value is None
                continue
            number, _, below = said.partition(" of ")
            assert value == Decimal(number) * scale
            assert not below or of == Decimal(below)


def test_small_gaps_of_one_sign_are_within_every_month_and_found_in_the_sum_of_the_year(
    truth: list[dict[str, str]], found: Found
) -> None:
    small = set(hidden(truth, "sum of the year"))
    assert len(small) == 4 * 12
    assert small <= found.within
    for provider, line, _, pod, measure, _ in small:
        assert (provider, line, "", pod, measure, YEAR) in found.years


def test_every_year_that_is_apart_is_the_sum_of_hidden_gaps(truth: list[dict[str, str]], found: Found) -> None:
    causes = {key[:2] + key[3:5] for by in ("comparison", "sum of the year") for key in hidden(truth, by)}
    assert found.years
    assert {key[:2] + key[3:5] for key in found.years} <= causes


def test_money_and_staff_that_do_not_fit_the_activity_are_found_by_the_checks(
    truth: list[dict[str, str]], found: Found
) -> None:
    checks = {(row["found_by"], row["provider"]) for row in truth if row["line"] and row["found_by"].find(" to ") > 0}
    assert len(checks) == 6
    values = {("both sides", row["provider"]) for row in truth if row["measure"] == "contract_value"}
    assert found.failed == checks | values
    assert found.not_made == set()


def test_every_provider_grows_by_a_little_more_than_it_must_beside_its_plan_of_the_year_before(found: Found) -> None:
    assert set(found.growth) == set(BODIES)
    assert all(Decimal("0.02") <= growth < Decimal("0.04") for growth in found.growth.values()), found.growth


def test_what_only_looks_like_a_disagreement_is_none(found: Found) -> None:
    # Bought as one, planned as two, and the same together.
    apart = [line for line in found.plans["RWH"].lines if (line.service, line.kind) == ("130", "activity")]
    assert {line.pod for line in apart if line.pod.startswith("OP")} == {"OPFA", "OPPROC", "OPFU"}
    assert not [key for key in found.gaps if key[0] == "RWH" and key[2] == "130"]
    # Patients of another commissioner, in the trust's plan only.
    elsewhere = [line for line in found.plans["RQW"].lines if line.commissioner == "QMF"]
    assert len(elsewhere) > 50
    # The same share of twice as many people.
    few, many = (
        next(
            line
            for line in found.plans[body].lines
            if (line.provider, line.measure, line.period) == ("RWG", "rtt-18", "2026-04")
        )
        for body in ("QM7", "RWG")
    )
    assert (many.value, many.of) == (2 * few.value, 2 * (few.of or 0))
    assert ("RWG", "performance", "", "", "rtt-18", "2026-04") not in found.gaps
    # Months that differ by a unit or two, and are level over the year.
    ours, theirs = (
        {
            (line.provider, line.kind, line.service, line.pod, line.measure, line.period): line.value
            for body in bodies
            for line in found.plans[body].lines
            if line.kind == "activity" and line.commissioner == "QM7"
        }
        for bodies in (("QM7",), BODIES)
    )
    differ = [key for key in found.within if key in ours and key in theirs and ours[key] != theirs[key]]
    assert len(differ) > 60


def test_a_trust_whose_plan_leaves_out_patients_of_elsewhere_is_warned_of_and_no_other(found: Found) -> None:
    shares = {
        body: found.parameters.number(f"pairing.share:QM7:{body}", date(2026, 4, 1)) for body in ("RQW", "RWG", "RWH")
    }
    warned = {one.provider for body in BODIES for one in share_warnings(found.plans["QM7"], found.plans[body], shares)}
    assert warned == {"RWH"}, "RQW plans its other commissioner's patients, too"


def test_bodies_of_the_system_that_say_different_things_of_one_pound_are_found(returned: Path) -> None:
    with (returned / "finance" / "balances-between-bodies.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["month"] == "2026-10"]
    pairs = [
        Mismatch(row["payer"], row["payee"], int(row["payer_says_pence"]), int(row["payee_says_pence"])) for row in rows
    ]
    apart = intra_system_mismatches(pairs, abs_limit=10_000, rel_limit=Decimal("0.01"))
    assert [(one.payer, one.payee, one.difference) for one in apart] == [
        ("RWG", "RY4", -180_000), ("RQW", "R1L", 145_000),
    ]  # fmt: skip


def test_no_code_outside_the_simulation_names_the_truth_about_disagreements() -> None:
    names = ("truth/disagreements", "disagreements.csv", "trial-balance-differences", "planted_disagreements")
    source = Path(joinedup.__file__).parent
    for path in source.rglob("*.py"):
        if path.parent.name != "simulation":
            text = path.read_text(encoding="utf-8")
            assert not [name for name in names if name in text], path
