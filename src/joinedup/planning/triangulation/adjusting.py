"""Doing what two sides agreed on: a figure that was adjusted goes into a new version, which is compared at once (MD6).

Whoever accepts writes for both: each side said yes to the figures, the one by proposing and the other by accepting. The
older version stays as it was, and no signature goes over to the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from joinedup.errors import RuleError
from joinedup.moment import now
from joinedup.planning.models import Comparison, Gap, GapStep, Plan, Version
from joinedup.planning.plans import kept_plans
from joinedup.planning.plans.plan_lines import PlanLine
from joinedup.planning.plans.versions import PlanVersion
from joinedup.planning.triangulation.adjusted_lines import adjusted_lines
from joinedup.planning.triangulation.crosswalks import planning_crosswalks
from joinedup.planning.triangulation.resolution import ADJUSTMENTS

if TYPE_CHECKING:
    from joinedup.access import Grant

SIDES = ("commissioner", "provider")


def plans_of(gap: Gap) -> tuple[Plan, Plan]:
    """Answer the commissioner's and the provider's plan that a gap lies between."""
    found = Comparison.objects.filter(found__gap=gap).order_by("-pk").first()
    if found is None:
        raise RuleError(f"MD6: no comparison found the gap {gap.pk}. Compare the plans again.")
    return found.commissioner_version.plan, found.provider_version.plan


def lock_plans(gap: Gap) -> None:
    """Let nobody else change or compare the plans of a gap until the transaction ends; before the gap is locked."""
    for plan in sorted(plans_of(gap), key=lambda one: one.pk):
        Plan.objects.select_for_update().get(pk=plan.pk)


def changed_lines(
    gap: Gap, action: str, values: Mapping[str, Any]
) -> dict[str, tuple[Version, PlanVersion, tuple[PlanLine, ...]]]:
    """Answer, by side, the version that a proposal changes, and its lines after that; {} for one that changes none.

    The newest submitted version of each plan is taken. RuleError where a figure is already what is proposed.
    """
    if action not in ADJUSTMENTS:
        return {}
    kept = {
        side: kept_plans.latest(plan.owner, side, plan.year, states=kept_plans.HANDED_IN)
        for side, plan in zip(SIDES, plans_of(gap), strict=True)
    }
    plans = {side: kept_plans.plan_version(version) for side, version in kept.items()}
    one = kept_plans.disagreement_of(gap)
    wanted = {side: values[side] for side in SIDES} if action == "both" else {action[7:]: values["value"]}
    found = {}
    refused: list[RuleError] = []
    for side, value in wanted.items():
        other = plans["provider" if side == "commissioner" else "commissioner"]
        try:
            lines = adjusted_lines(plans[side], other, one, value, planning_crosswalks(), as_of=now().valid_on)
        except RuleError as error:
            refused.append(error)
            continue
        found[side] = (kept[side], plans[side], lines)
    # Of two figures one may stay as it is.
    if refused and (not found or not all("already" in str(error) for error in refused)):
        raise refused[0]
    return found


def carry_out(grant: Grant, gap: Gap, action: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Write, submit and compare the versions that an accepted proposal asks for; answer them by side, as text.

    In the open transaction, with the plans locked. Every pair of plans that one of them is in is compared again.
    """
    from joinedup.planning import services

    changes = changed_lines(gap, action, values)
    made: dict[str, str] = {}
    for side, (before, plan, lines) in changes.items():
        version = services.keep_version(
            grant, before.plan, lines, template=plan.template, template_version=plan.template_version,
            file=f"resolution of gap {gap.pk}", act="planning.adjust",
            details={"gap": gap.pk, "from": before.number},
        )  # fmt: skip
        services.put_submitted(grant, version)
        made[f"{side}_version"] = str(version.pk)
    plans = {before.plan_id for before, _, _ in changes.values()}
    year = plans_of(gap)[0].year
    for one in kept_plans.latest_comparisons(year) if plans else ():
        pair = (one.commissioner_version.plan, one.provider_version.plan)
        if plans & {plan.pk for plan in pair}:
            newest = [kept_plans.latest(plan.owner, plan.side, year, states=kept_plans.HANDED_IN).pk for plan in pair]
            services.triangulate(grant, newest[0], newest[1])
    return made


def gap_of_version(version: Version) -> int | None:
    """Answer the gap whose settlement made a version, or None for one that was handed in."""
    name = f"values__{version.plan.side}_version"
    step = GapStep.objects.filter(action="close", **{name: str(version.pk)}).first()
    return step.gap_id if step else None
