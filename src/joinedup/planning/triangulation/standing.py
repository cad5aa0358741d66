"""Where the plans of a year disagree today: each gap with what it is worth, and each plan that contradicts itself.

Read from the newest comparison of each two plans. What one version says against another never changes, so the checks
of two contents are made once and kept in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from joinedup.planning.models import CheckWaiver, Comparison, Line, Plan, Version
from joinedup.planning.parameters import ParameterMissing, ParameterSet
from joinedup.planning.plans import kept_plans
from joinedup.planning.plans.plan_lines import Code, first_day
from joinedup.planning.plans.versions import PlanVersion
from joinedup.planning.triangulation.consistency_checks import CheckResult, consistency
from joinedup.planning.triangulation.pairing import ShareWarning, share_warnings
from joinedup.planning.triangulation.resolution import Gap, is_late, is_settled, must_escalate
from joinedup.planning.triangulation.worth import in_pence, in_people


@dataclass(frozen=True, slots=True)
class Standing:
    """A gap as it stands on a day: its number, what it is worth, whether it is settled, late, or to be escalated."""

    number: int
    comparison: int
    gap: Gap
    pence: int | None
    people: Decimal | None
    is_settled: bool
    is_late: bool
    must_escalate: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A check that a provider's plan did not pass, in the comparison in which it stands; `waived` by whom, or ""."""

    comparison: int
    version: int
    provider: Code
    result: CheckResult
    waived: str = ""


def standing_gaps(comparisons: Sequence[Comparison], params: ParameterSet, on: date) -> list[Standing]:
    """Answer every gap of these comparisons, the dearest first; those without a price come last."""
    found = []
    gaps = kept_plans.gaps_of_each(comparisons)
    for comparison in comparisons:
        start = first_day(comparison.provider_version.plan.year)
        for row, gap in gaps[comparison.pk]:
            one = gap.disagreement
            found.append(
                Standing(
                    row.pk, comparison.pk, gap, in_pence(one, params, start), in_people(one, params, start),
                    is_settled(gap, on), is_late(gap, on), must_escalate(gap, on),
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (one.pence is None, -(one.pence or 0), one.number))


def total_pence(found: Sequence[Standing]) -> int:
    """Answer what gaps are worth together. A year's gap counts only where no month of the same is among them."""
    months = {one.gap.disagreement.pair[1:3] + _what(one) for one in found if one.gap.disagreement.reason != "year"}
    return sum(
        one.pence or 0
        for one in found
        if one.gap.disagreement.reason != "year" or one.gap.disagreement.pair[1:3] + _what(one) not in months
    )


def contradictions(comparisons: Sequence[Comparison], params: ParameterSet) -> list[Contradiction]:
    """Answer the checks that failed or could not be made, of each provider's plan once."""
    found = []
    before = kept_plans.plans_before([one.provider_version for one in comparisons])
    versions = [one.commissioner_version_id for one in comparisons] + [one.provider_version_id for one in comparisons]
    waivers = list(CheckWaiver.objects.filter(version__in=versions).order_by("pk"))
    for comparison in comparisons:
        theirs, ours = comparison.provider_version, comparison.commissioner_version
        waived = {one.check_name: one.by for one in waivers if one.version_id in (theirs.pk, ours.pk)}
        for result in _checks(_Held((theirs, ours, before.get(theirs.pk)), params)):
            if not result.passed:
                found.append(
                    Contradiction(
                        comparison.pk, theirs.pk, theirs.plan.owner, result, waived.get(result.check, "")
                    )
                )  # fmt: skip
    return found


def checks_of(comparison: Comparison, params: ParameterSet) -> tuple[CheckResult, ...]:
    """Answer every check of the provider's plan in a comparison, also those that passed.

    Growth and cuts are held against the provider's plan of the year before, where it was handed in.
    """
    theirs, ours = comparison.provider_version, comparison.commissioner_version
    return _checks(_Held((theirs, ours, kept_plans.plan_before(theirs)), params))


def share_warnings_of(comparison: Comparison, params: ParameterSet) -> list[ShareWarning]:
    """Answer where the commissioner's share of the provider's planned activity is not plausible (rule MD4).

    The share of the provider's patients is the parameter "pairing.share:<commissioner>:<provider>"; nothing is warned
    of where the system does not know it.
    """
    theirs, ours = comparison.provider_version, comparison.commissioner_version
    on = first_day(theirs.plan.year)
    known = f"pairing.share:{ours.plan.owner}:{theirs.plan.owner}"
    if known not in params.ids:
        return []
    try:
        share, points = params.number(known, on), params.number("pairing.share_points", on)
    except ParameterMissing:
        return []
    return _warnings(_Held((theirs, ours), params), share, points)


class _Held:
    """What an answer is made of: versions by their content, and parameters; not read when it was made before."""

    def __init__(self, versions: tuple[Version | None, ...], params: ParameterSet) -> None:
        self.versions, self.params = versions, params

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self._names == other._names and self.params is other.params

    def __hash__(self) -> int:
        return hash(self._names)

    @property
    def _names(self) -> tuple[tuple[str, str] | None, ...]:
        return tuple(one and (kept_plans.name_of(one), one.content_hash) for one in self.versions)

    def plans(self) -> list[PlanVersion | None]:
        return [one and kept_plans.plan_version(one) for one in self.versions]


@lru_cache(maxsize=100)
def _checks(held: _Held) -> tuple[CheckResult, ...]:
    theirs, ours, before = held.plans()
    assert theirs is not None
    return tuple(consistency(theirs, held.params, previous=before, other=ours))


@lru_cache(maxsize=100)
def _warnings(held: _Held, share: Decimal, points: Decimal) -> list[ShareWarning]:
    theirs, ours = held.plans()
    assert theirs is not None
    assert ours is not None
    return share_warnings(ours, theirs, {theirs.owner: share}, points=points)


def _what(one: Standing) -> tuple[str, str, str]:
    pair = one.gap.disagreement.pair
    return pair.kind, pair.pod, pair.measure


def pairs_to_compare(year: str = "", *, provider: Code = "") -> list[tuple[int, int]]:
    """Answer the newest submitted versions (commissioner's, provider's) that have anything between them, by year.

    A body is not compared with itself, nor with one of which neither plan says that it buys from the other.
    """
    newest: dict[tuple[str, str], list[Version]] = {}
    plans = Plan.objects.filter(**({"year": year} if year else {}))
    versions = kept_plans.newest_of(plans, states=kept_plans.HANDED_IN).values()
    for version in sorted(versions, key=lambda one: (one.plan.year, one.plan.owner)):
        plan = version.plan
        if plan.side == "commissioner" or not provider or plan.owner == provider:
            newest.setdefault((plan.year, plan.side), []).append(version)
    return [
        (ours.pk, theirs.pk)
        for (of_year, side), bought in newest.items()
        if side == "commissioner"
        for theirs in newest.get((of_year, "provider"), [])
        for ours in bought
        if ours.plan.owner != theirs.plan.owner and _has_between(ours, theirs)
    ]


def _has_between(ours: Version, theirs: Version) -> bool:
    buyer, seller = ours.plan.owner, theirs.plan.owner
    between = Line.objects.filter(version__in=[ours.pk, theirs.pk], commissioner=buyer, provider=seller)
    return between.exists()
