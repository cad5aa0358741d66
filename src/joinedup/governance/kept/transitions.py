"""A transition as kept: changes, deadlines, steps, functions and staff, as the rules take them (C1 to C10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from joinedup.errors import NotFound, did_you_mean
from joinedup.governance import models
from joinedup.governance.transition.offers import Offer
from joinedup.governance.transition.plan_standing import days_late, light
from joinedup.governance.transition.staff_transfer import Employed, Placing, TransferReport, transfer_report
from joinedup.governance.transition.steps import TransitionStep, without_reason
from joinedup.moment import Moment
from joinedup.system import CLOSING, Event, PartialDate, as_of, gaps_and_overlaps

LEFT = "left"


@dataclass(frozen=True, slots=True)
class Deadline:
    """An application and how it stands on a day: days left until its last day (below 0: late), and its light."""

    row: models.Application
    due: PartialDate
    days_left: int
    light: str
    submitted_at: datetime | None
    days_late: int
    decided: models.ApplicationDecided | None = None


@dataclass(frozen=True, slots=True)
class FunctionReport:
    """Functions that nobody would have, that several would have, and that change hands (rules: C5, C6)."""

    functions: int
    gaps: tuple[str, ...]
    overlaps: tuple[str, ...]
    moved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClosingBody:
    """A body that closes: its key, the code by which other rooms know it, its name, and all it is known by."""

    key: str
    code: str
    name: str
    aliases: frozenset[str]


def transition_of(key: str) -> models.Transition:
    """Answer a transition; NotFound with the nearest there is."""
    found: models.Transition | None = models.Transition.objects.filter(pk=key).first()
    if found is None:
        known = models.Transition.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no transition '{key}'.{did_you_mean(key, known)}")
    return found


def transition_with(event: str) -> models.Transition | None:
    """Answer the transition that a change event belongs to."""
    held = models.TransitionEvent.objects.filter(event=event).select_related("transition").first()
    return held.transition if held else None


def events_of(transition: str, moment: Moment) -> list[Event]:
    """Answer the change events of a transition, as believed at a moment, by date."""
    rows = models.TransitionEvent.objects.filter(transition=transition, at__lte=moment.known_at)
    return as_of(moment.valid_on, moment.known_at).events_of(rows.values_list("event", flat=True))


def closing_bodies(event: Event, known_at: datetime) -> dict[str, ClosingBody]:
    """Answer the bodies that an event closes, by code, as they are on the day before it."""
    if event.kind not in CLOSING:
        return {}
    before = date.fromordinal(event.effective.earliest.toordinal() - 1)
    bodies = as_of(before, known_at).bodies_by_id(event.originals).values()
    return {
        one.code: ClosingBody(one.key, one.code, one.name, frozenset({one.code, one.key, str(one.id)}))
        for one in bodies
    }


def receiving_codes(event: Event, known_at: datetime) -> frozenset[str]:
    """Answer by what the bodies are known that are there after an event, also before they exist."""
    bodies = as_of(event.effective.earliest, known_at).bodies_by_id(event.results).values()
    return frozenset({name for one in bodies for name in (one.code, one.key)})


def deadlines_of(transition: str, moment: Moment) -> list[Deadline]:
    """Answer the applications of a transition and how each stands on a day, the next deadline first (P1)."""
    rows = models.Application.objects.filter(transition=transition, at__lte=moment.known_at)
    decided = {
        one.application_id: one
        for one in models.ApplicationDecided.objects.filter(
            application__transition=transition, at__lte=moment.known_at, decided_on__lte=moment.valid_on
        ).order_by("pk")
    }
    found = []
    for row in rows.select_related("sent").order_by("submit_by", "key"):
        due = PartialDate(row.submit_by, row.precision)
        sent = getattr(row, "sent", None)
        at = sent.submitted_at if sent is not None and sent.at <= moment.known_at else None
        found.append(
            Deadline(
                row, due, (due.breach - moment.valid_on).days - 1, light(due, moment.valid_on), at,
                days_late(due, at) if at else max(0, (moment.valid_on - due.breach).days + 1), decided.get(row.pk),
            )
        )  # fmt: skip
    return found


def steps_of(transition: str, known_at: datetime) -> list[models.TransitionStep]:
    """Answer the steps of a transition as last said, by their day."""
    rows = models.TransitionStep.objects.filter(transition=transition, at__lte=known_at)
    return sorted(rows.order_by("key", "-pk").distinct("key"), key=lambda one: (one.due_on, one.key))


def steps_without_reason(transition: str, known_at: datetime) -> list[TransitionStep]:
    """Answer the steps that disturb more than they are worth and have no reason (P9)."""
    return without_reason(as_step(row) for row in steps_of(transition, known_at))


def as_step(row: models.TransitionStep) -> TransitionStep:
    """Answer a step as the rule takes it."""
    return TransitionStep(row.key, row.title, row.disruption, row.value, row.reason)


def functions_of(transition: str, known_at: datetime) -> FunctionReport | None:
    """Answer how the functions stand by the last map; None where there is none (C6)."""
    row = models.FunctionMap.objects.filter(transition=transition, at__lte=known_at).order_by("-pk").first()
    if row is None:
        return None
    after = [(function, body) for function, body in row.after]
    missing, several = gaps_and_overlaps(row.before, after)
    moved = sorted({function for function, body in after if row.before.get(function) not in (None, body)})
    return FunctionReport(len(row.before), tuple(missing), tuple(several), tuple(moved))


def new_owners_of(transition: str, known_at: datetime) -> list[models.NewOwner]:
    """Answer the new owners of open work as last said, each for its body, room, kind and piece."""
    rows = models.NewOwner.objects.filter(transition=transition, at__lte=known_at)
    return list(
        rows.order_by("body", "room", "kind", "work", "-pk").distinct("body", "room", "kind", "work")
    )  # fmt: skip


def counts_of(transition: str, what: str, known_at: datetime) -> dict[str, int]:
    """Answer the last counts of people (`staff`) or posts (`posts`) by body."""
    rows = models.TransitionCount.objects.filter(transition=transition, what=what, at__lte=known_at)
    return {row.body: row.number for row in rows.order_by("body", "-pk").distinct("body")}


def staff_of(transition: str, known_at: datetime) -> list[models.StaffTransfer]:
    """Answer the last row of each employment of a transition, those who left among them.

    Rows name people: whoever shows them answers for whom he shows them to.
    """
    rows = models.StaffTransfer.objects.filter(transition=transition, at__lte=known_at)
    return list(rows.order_by("employment", "-pk").distinct("employment"))


def as_employed(row: models.StaffTransfer) -> Employed:
    """Answer an employment as the rules take it."""
    return Employed(
        row.employment, row.person, row.from_body, row.from_post, row.fte, row.terms_hash_before, row.continuous_from,
        row.staff_class,
    )  # fmt: skip


def as_placing(row: models.StaffTransfer) -> Placing | None:
    """Answer where an employment goes as the rules take it; None for one that is unplaced."""
    if not row.to_post or row.to_fte is None or row.to_continuous_from is None:
        return None
    return Placing(
        row.employment, row.to_body, row.to_post, row.to_fte, row.terms_hash_after, row.to_continuous_from, row.basis,
        Offer(row.wish, row.offer_valid_to), row.consulted_on,
    )  # fmt: skip


def report_of(transition: str, rows: list[models.StaffTransfer], known_at: datetime) -> TransferReport:
    """Answer how the transfer of these rows stands (C7 to C9). Senior leaders need no place and may have one."""
    there = [row for row in rows if row.status != LEFT]
    senior = {row.employment for row in there if row.staff_class == "senior_leader"}
    placings = [one for row in there if row.employment not in senior and (one := as_placing(row)) is not None]
    posts = counts_of(transition, "posts", known_at)
    return transfer_report([as_employed(row) for row in there], placings, posts=posts or None)
