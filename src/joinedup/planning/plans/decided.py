"""The authority that planning is given by decisions: to settle what plans disagree on, and for plan lines to be funded.

Planning keeps it as its own row and knows nothing of boards: who gave it, by which decision, for which lines or which
disagreement. Whoever settles a disagreement by such a decision types nothing: its reference is offered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.planning.models import Gap, GapStep, PlanAuthority as Row, PlanAuthorityEnd
from joinedup.planning.plans.line_keys import parse_line_key

if TYPE_CHECKING:
    from joinedup.access import Grant

SIGN = "planning.sign"
ACTS: Final = ("arbitrate", "fund")


class NoPlanAuthority(RuleError):
    """A decision is named that does not allow this: for another disagreement, another act, or ended."""


@dataclass(frozen=True, slots=True)
class PlanAuthority:
    """Leave by a decision: `acts` of ACTS, for these plan lines (their keys) or this disagreement; from a day on."""

    id: str
    reference: str
    given_by: str
    reason: str
    acts: tuple[str, ...]
    valid_from: date
    plan_lines: tuple[str, ...] = ()
    gap: int | None = None
    ended_on: date | None = None

    def __post_init__(self) -> None:
        for name in ("id", "reference", "given_by", "reason"):
            if not getattr(self, name).strip():
                raise RuleError(f"MD6: an authority of planning needs its {name.replace('_', ' ')}.")
        if not self.acts:
            raise RuleError(f"MD6: authority {self.id} allows nothing; expected one or more of {', '.join(ACTS)}.")
        for act in self.acts:
            if act not in ACTS:
                raise RuleError(
                    f"MD6: '{act}' is nothing a decision allows planning; expected {', '.join(ACTS)}."
                    f"{did_you_mean(act, ACTS)}"
                )
        if "arbitrate" in self.acts and self.gap is None:
            raise RuleError("MD6: a decision that settles a disagreement names it by its number.")
        if "fund" in self.acts and not self.plan_lines:
            raise RuleError("MD6: a decision that funds plan lines names them by their keys.")


def give_plan_authority(grant: Grant, given: PlanAuthority, *, supersedes: str = "") -> PlanAuthority:
    """Keep an authority that a decision gives; answers it. Whoever gives it is the grant's actor.

    With `supersedes`, the other ends on the day on which this one begins. NotFound for a disagreement that there is
    not, RuleError for an id that is taken; LineError for a text that is no key of a plan line.
    """
    grant.must_be_for(SIGN)
    keys = [str(parse_line_key(one)) for one in given.plan_lines]
    with transaction.atomic():
        if Row.objects.filter(pk=given.id).exists():
            raise RuleError(f"MD6: there is an authority '{given.id}' already; it stays as it was given.")
        if given.gap is not None and not Gap.objects.filter(pk=given.gap).exists():
            raise NotFound(f"There is no disagreement {given.gap}. joinedup plan check lists them.")
        row = Row.objects.create(
            id=given.id, reference=given.reference, given_by=grant.actor_id, reason=given.reason.strip(),
            acts=sorted(given.acts), plan_lines=keys, gap_id=given.gap, valid_from=given.valid_from,
            by=grant.actor_id, at=datetime.now(UTC),
        )  # fmt: skip
        details = {"reference": given.reference, "acts": sorted(given.acts), "lines": len(keys)}
        record(grant, "planning.give-authority", f"plan-authority:{given.id}", details=details)
        if supersedes:
            end_plan_authority(grant, supersedes, given.valid_from, given.reason)
    return _read(row)


def end_plan_authority(grant: Grant, id_: str, on: date, reason: str) -> None:
    """Let an authority allow nothing more from a day on; what was settled under it stays. The same changes nothing."""
    grant.must_be_for(SIGN)
    with transaction.atomic():
        row = Row.objects.filter(pk=id_).first()
        if row is None or row.ends.filter(ends_on__lte=on).exists():
            return
        PlanAuthorityEnd.objects.create(
            authority=row, ends_on=on, reason=reason.strip(), by=grant.actor_id, at=datetime.now(UTC)
        )
        record(grant, "planning.end-authority", f"plan-authority:{id_}", details={"on": str(on)})


def plan_authority(id_: str) -> PlanAuthority | None:
    """Answer an authority as it stands now; None where planning was given none of this id."""
    row = Row.objects.filter(pk=id_).first()
    return _read(row) if row is not None else None


def authorities_for_gap(gap: int, on: date) -> list[PlanAuthority]:
    """Answer the authorities by which a disagreement may be settled on a day, the newest first."""
    found = [_read(row) for row in Row.objects.filter(gap=gap).order_by("-at")]
    return [one for one in found if "arbitrate" in one.acts and _holds(one, on)]


def decisions_of_lines(keys: Iterable[str]) -> list[str]:
    """Answer the references of the decisions that fund plan lines, by their keys."""
    wanted = set(keys)
    rows = Row.objects.order_by("reference")
    return list(dict.fromkeys(row.reference for row in rows if wanted & set(row.plan_lines)))


def gaps_settled_by(reference: str) -> list[int]:
    """Answer the disagreements that were settled by a decision, by its reference."""
    steps = GapStep.objects.filter(action="arbitrate", values__decision_id=reference)
    return sorted(set(steps.values_list("gap", flat=True)))


def check_plan_authority(decision_id: str, gap: int, on: date) -> None:
    """Raise NoPlanAuthority where planning was given this decision and it does not allow settling this disagreement.

    A reference of which planning was given nothing passes: decisions of bodies that do not use this site are typed.
    """
    given = plan_authority(decision_id.strip())
    if given is None:
        return
    if "arbitrate" not in given.acts or given.gap != gap:
        other = f"disagreement {given.gap}" if given.gap is not None else "plan lines"
        raise NoPlanAuthority(f"MD6: decision {decision_id} is for {other}, and does not settle disagreement {gap}.")
    if not _holds(given, on):
        raise NoPlanAuthority(f"MD6: decision {decision_id} does not hold on {on}; ask for another.")


def _holds(given: PlanAuthority, on: date) -> bool:
    return given.valid_from <= on and (given.ended_on is None or on < given.ended_on)


def _read(row: Row) -> PlanAuthority:
    end = row.ends.order_by("ends_on").first()
    return PlanAuthority(
        row.pk, row.reference, row.given_by, row.reason, tuple(row.acts), row.valid_from, tuple(row.plan_lines),
        row.gap_id, end.ends_on if end else None,
    )  # fmt: skip
