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

from joinedup.planning import kept_plans
from joinedup.planning.consistency_checks import CheckResult, consistency
from joinedup.planning.models import CheckWaiver, Comparison, Version
from joinedup.planning.parameters import ParameterSet
from joinedup.planning.plan_lines import Code, first_day
from joinedup.planning.resolution import Gap, is_late, is_settled, must_escalate
from joinedup.planning.worth import in_pence, in_people


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
    for comparison in comparisons:
        start = first_day(comparison.provider_version.plan.year)
        for row, gap in kept_plans.gaps_of(comparison):
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
    for comparison in comparisons:
        theirs = comparison.provider_version
        versions = (comparison.commissioner_version, theirs)
        waived = {one.check_name: one.by for one in CheckWaiver.objects.filter(version__in=versions)}
        for result in checks_of(comparison, params):
            if not result.passed:
                found.append(
                    Contradiction(
                        comparison.pk, theirs.pk, theirs.plan.owner, result, waived.get(result.check, "")
                    )
                )  # fmt: skip
    return found


def checks_of(comparison: Comparison, params: ParameterSet) -> tuple[CheckResult, ...]:
    """Answer every check of the provider's plan in a comparison, also those that passed."""
    theirs, ours = comparison.provider_version, comparison.commissioner_version
    return _checks(theirs.content_hash, ours.content_hash, _Held(theirs, ours, params))


class _Held:
    """What the checks are made of; not looked at when they were made before."""

    def __init__(self, theirs: Version, ours: Version, params: ParameterSet) -> None:
        self.theirs, self.ours, self.params = theirs, ours, params

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self._names == other._names and self.params is other.params

    def __hash__(self) -> int:
        return hash(self._names)

    @property
    def _names(self) -> tuple[str, str]:
        return kept_plans.name_of(self.theirs), kept_plans.name_of(self.ours)


@lru_cache(maxsize=100)
def _checks(_theirs: str, _ours: str, held: _Held) -> tuple[CheckResult, ...]:
    plans = [kept_plans.plan_version(one) for one in (held.theirs, held.ours)]
    return tuple(consistency(plans[0], held.params, other=plans[1]))


def _what(one: Standing) -> tuple[str, str, str]:
    pair = one.gap.disagreement.pair
    return pair.kind, pair.pod, pair.measure
