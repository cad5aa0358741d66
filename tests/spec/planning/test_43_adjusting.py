"""A figure that both sides agreed to change goes into a new version of the plan, which is compared at once (MD6)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from tests.spec.planning.kept import OURS, RESOLVE, SIGN, SUBMIT, THEIRS, grant, handed_in
from tests.spec.planning.plans import activity, commissioner, price, provider

from joinedup.errors import RuleError
from joinedup.planning import (
    LineError,
    PlanLine,
    PlanVersion,
    ToleranceSet,
    months_of,
    pair_lines,
    planning_crosswalks,
    services,
    triangulate,
)
from joinedup.planning.models import Gap
from joinedup.planning.plans import kept_plans, signing
from joinedup.planning.triangulation.adjusted_lines import adjusted_lines
from joinedup.planning.triangulation.adjusting import gap_of_version
from joinedup.planning.triangulation.disagreements import Disagreement

ON = date(2026, 5, 4)
Figures = dict[tuple[str, str, str], object]


def found(ours: PlanVersion, theirs: PlanVersion) -> tuple[Disagreement, ...]:
    return triangulate(pair_lines(ours, theirs, planning_crosswalks(), as_of=ON), ToleranceSet()).disagreements


def adjusted(version: PlanVersion, other: PlanVersion, one: Disagreement, value: Any) -> PlanVersion:
    lines = adjusted_lines(version, other, one, value, planning_crosswalks(), as_of=ON)
    return replace(version, lines=lines)


def figures(version: PlanVersion) -> Figures:
    return {(line.pod, line.place, line.period): line.value for line in version.lines if line.measure == "activity"}


# --- which lines change --------------------------------------------------------------------------------------------


def test_one_line_takes_the_new_figure_and_the_others_stay() -> None:
    (gap, *_) = found(OURS, THEIRS)
    after = adjusted(THEIRS, OURS, gap, 945)
    assert figures(after) == {("DC", "", "2026-04"): 945, ("EL", "", "2026-04"): 176}
    assert len(after.lines) == len(THEIRS.lines)
    assert not found(OURS, after)


def test_a_sum_of_places_or_finer_codes_takes_its_new_sum_in_proportion() -> None:
    ours = commissioner(activity("110", "OPFP", "2026-04", 500))
    theirs = provider(activity("110", "OPFA", "2026-04", 400), activity("110", "OPPROC", "2026-04", 205))
    (gap, *_) = found(ours, theirs)
    after = adjusted(theirs, ours, gap, 500)
    # 500 * 400/605 = 330.58, 500 * 205/605 = 169.42
    assert figures(after) == {("OPFA", "", "2026-04"): 331, ("OPPROC", "", "2026-04"): 169}
    places = [activity("110", "DC", "2026-04", value)._replace(place=of) for of, value in (("06K", 300), ("06N", 100))]
    ours = commissioner(*places)
    (gap, *_) = found(ours, provider(activity("110", "DC", "2026-04", 450)))
    after = adjusted(ours, provider(activity("110", "DC", "2026-04", 450)), gap, Decimal("450.5"))
    assert figures(after) == {("DC", "06K", "2026-04"): Decimal("337.9"), ("DC", "06N", "2026-04"): Decimal("112.6")}


def test_a_rate_keeps_its_denominator() -> None:
    def rate(value: int, of: int) -> PlanLine:
        return PlanLine("performance", "QM7", "RWG", "", "", "2026-04", "rtt-18", "percent", value, of=of)

    ours, theirs = commissioner(rate(620, 1000)), provider(rate(1270, 2000))
    (gap,) = found(ours, theirs)
    after = adjusted(theirs, ours, gap, Decimal("62.5"))
    assert (after.lines[0].value, after.lines[0].of) == (1250, 2000)
    assert not found(ours, after)
    alone = adjusted(provider(), ours, found(ours, provider(rate(1270, 2000)))[0], 62)
    assert (alone.lines[0].value, alone.lines[0].of) == (620, 1000)
    with pytest.raises(RuleError, match="a rate of 101%; expected 0 to 100"):
        adjusted(theirs, ours, gap, 101)


def test_what_one_side_does_not_plan_is_added_or_taken_out() -> None:
    ours = commissioner(activity("110", "EL", "2026-04", 180), activity("300", "NEL", "2026-04", 90))
    theirs = provider(activity("110", "EL", "2026-04", 180))
    (gap,) = found(ours, theirs)
    assert gap.reason == "commissioner only"
    assert not found(ours, adjusted(theirs, ours, gap, 90))
    without = adjusted(ours, theirs, gap, 0)
    assert figures(without) == {("EL", "", "2026-04"): 180}
    assert not found(without, theirs)


def test_a_price_of_several_lines_becomes_one_price() -> None:
    priced = [activity("110", "OPFA", "2026-04", 300), price("110", "OPFA", 200),
              activity("110", "OPPROC", "2026-04", 100), price("110", "OPPROC", 300)]  # fmt: skip
    ours = commissioner(activity("110", "OPFP", "2026-04", 400), price("110", "OPFP", 250))
    (gap,) = [one for one in found(ours, provider(*priced)) if one.pair.measure == "unit_price"]
    after = adjusted(provider(*priced), ours, gap, 25_000)
    assert {line.value for line in after.lines if line.measure == "unit_price"} == {25_000}


def test_a_years_total_changes_where_the_sides_differ_and_no_month_moves_further_apart() -> None:
    months = months_of("2026/27")
    more = dict(zip(months, (15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 20, -5), strict=True))
    ours = commissioner(*(activity("110", "DC", month, 1000) for month in months))
    theirs = provider(*(activity("110", "DC", month, 1000 + more[month]) for month in months))
    (gap,) = found(ours, theirs)
    assert (gap.reason, gap.gap) == ("year", 165)
    after = adjusted(theirs, ours, gap, 12_000)
    values = {line.period: line.value for line in after.lines}
    assert sum(values.values()) == 12_000
    assert all(abs(values[month] - 1000) <= abs(more[month]) for month in months)
    assert values[months[-1]] == 995, "the month that lies the other way stays"
    assert not found(ours, after)
    beyond = adjusted(ours, theirs, gap, 13_200)
    assert {line.value for line in beyond.lines} == {1100}


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [(1001, RuleError, "MD6: RWG provider 2026/27 version 1 says this figure already"),
     (-1, LineError, "only money may be below 0")],
)  # fmt: skip
def test_a_figure_that_cannot_be_is_refused(value: int, error: type[Exception], said: str) -> None:
    (gap, *_) = found(OURS, THEIRS)
    with pytest.raises(error, match=said):
        adjusted(THEIRS, OURS, gap, value)


# --- as it is kept -------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _heads(settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"


def audited(action: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT body::json FROM access_auditentry ORDER BY id")
        bodies = [row[0] if isinstance(row[0], dict) else json.loads(row[0]) for row in cursor.fetchall()]
    return [body for body in bodies if body["action"] == action]


@pytest.fixture
def agreed() -> Callable[..., Gap]:
    """Answer a maker of a gap that the commissioner's planner proposed to settle and the provider's accepted."""

    def make(proposal: str, values: dict[str, Any]) -> Gap:
        services.triangulate(grant(RESOLVE), handed_in(OURS).pk, handed_in(THEIRS).pk)
        row = Gap.objects.get(reason="outside")
        services.propose(grant(RESOLVE), row.pk, proposal, acting_for="QM7", values=values)
        services.accept(grant(RESOLVE, "Ann Sample"), row.pk, acting_for="RWG")
        return row

    return make


@pytest.mark.django_db
def test_a_new_version_carries_what_was_agreed_and_the_older_one_stays(agreed: Callable[..., Gap]) -> None:
    row = agreed("adjust_provider", {"value": 945})
    newest = kept_plans.latest("RWG", "provider", "2026/27")
    older = newest.plan.versions.get(number=1)
    assert (newest.number, newest.file, gap_of_version(newest)) == (2, f"resolution of gap {row.pk}", row.pk)
    assert [kept_plans.state_of(one) for one in (older, newest)] == ["superseded", "reconciling"]
    assert kept_plans.plan_version(older).content_hash == THEIRS.content_hash
    assert figures(kept_plans.plan_version(newest))["DC", "", "2026-04"] == 945
    assert gap_of_version(older) is None
    gap = kept_plans.standing(row)
    assert gap.state == "closed"
    assert gap.steps[-1].values == (("provider_version", str(newest.pk)),)
    (entry,) = audited("planning.adjust")
    assert (entry["details"]["gap"], entry["details"]["from"], entry["details"]["number"]) == (row.pk, 1, 2)
    (comparison,) = kept_plans.latest_comparisons("2026/27")
    assert comparison.provider_version == newest
    assert not kept_plans.gaps_of(comparison), "April's and the year's gap are both gone"


@pytest.mark.django_db
def test_both_may_change_and_what_still_differs_is_a_gap_again(agreed: Callable[..., Gap]) -> None:
    row = agreed("both", {"commissioner": 945, "provider": 1000})
    (comparison,) = kept_plans.latest_comparisons("2026/27")
    assert (comparison.commissioner_version.number, comparison.provider_version.number) == (2, 2)
    left = [(one.pk, gap.state, gap.disagreement.gap) for one, gap in kept_plans.gaps_of(comparison)]
    assert [(state, apart) for _, state, apart in left] == [("open", 55), ("open", 55)]
    assert row.pk not in [pk for pk, _, _ in left]


@pytest.mark.django_db
def test_a_signature_does_not_go_over_to_the_new_version(agreed: Callable[..., Gap]) -> None:
    agreed("adjust_provider", {"value": 945})
    (comparison,) = kept_plans.latest_comparisons("2026/27")
    for check in signing.reconciliation(comparison).blocks:
        signing.waive(grant(SIGN), comparison.provider_version_id, check.split("'")[1], "Agreed with the regulator")
    signing.sign(grant(SIGN), comparison.pk, body="QM7")
    signing.sign(grant(SIGN, "Ann Sample"), comparison.pk, body="RWG")
    more = replace(THEIRS, lines=(*kept_plans.plan_version(comparison.provider_version).lines,
                                  activity("300", "NEL", "2026-04", 300)))  # fmt: skip
    services.triangulate(grant(RESOLVE), comparison.commissioner_version_id, handed_in(more).pk)
    row = Gap.objects.get(reason="provider only")
    services.propose(grant(RESOLVE), row.pk, "adjust_commissioner", acting_for="RWG", values={"value": 300})
    services.accept(grant(RESOLVE), row.pk, acting_for="QM7")
    (newest,) = kept_plans.latest_comparisons("2026/27")
    assert newest.commissioner_version.number == 2
    assert not kept_plans.signatures_of(newest)
    assert len(kept_plans.signatures_of(comparison)) == 2, "what was signed stays signed, of the older versions"


@pytest.mark.django_db
def test_a_figure_that_changes_nothing_is_not_proposed(agreed: Callable[..., Gap]) -> None:
    services.triangulate(grant(RESOLVE), handed_in(OURS).pk, handed_in(THEIRS).pk)
    row = Gap.objects.get(reason="outside")
    with pytest.raises(RuleError, match="says this figure already"):
        services.propose(grant(RESOLVE), row.pk, "adjust_provider", acting_for="QM7", values={"value": 1001})
    with pytest.raises(LineError):
        services.propose(grant(RESOLVE), row.pk, "both", acting_for="QM7", values={"commissioner": -1, "provider": 3})
    assert not row.steps.exists()
    assert not audited("planning.adjust_provider")


@pytest.mark.django_db
def test_an_older_draft_does_not_come_after_what_was_submitted_since() -> None:
    first = services.store_plan(grant(SUBMIT), THEIRS)
    handed_in(replace(THEIRS, lines=THEIRS.lines[:1]))
    with pytest.raises(RuleError, match="version 2 of this plan was submitted since version 1 was made"):
        services.submit(grant(SUBMIT), first.pk)
    assert kept_plans.state_of(first) == "draft"
