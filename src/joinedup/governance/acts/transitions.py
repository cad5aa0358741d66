"""The acts of a transition: its changes, applications, steps, map of functions, counts and new owners of open work.

Each checks its grant, takes its lock, writes and audits in one transaction. Nothing is overwritten: what is said again
is another row, and the newest counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from django.db import transaction as one_transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.boards import one_of
from joinedup.governance.kept.day_one import event_known
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.governance.kept.transitions import (
    closing_bodies,
    events_of,
    receiving_codes,
    transition_of,
    transition_with,
)
from joinedup.governance.transition.steps import TransitionStep, check_steps
from joinedup.moment import LONDON, Moment, now
from joinedup.system import Event, PartialDate, as_of, check_rename, checked_name

if TYPE_CHECKING:
    from joinedup.access import Grant

TRANSIT: Final = "governance.transit"
APPLICATIONS: Final = ("merger", "designation")
COUNTS: Final = ("staff", "posts")
OUTCOMES: Final = ("approved", "approved_with_conditions", "refused")


class FunctionsMoved(RuleError):
    """A map of functions moves a function by a rename, which may not."""


def propose_transition(
    grant: Grant,
    key: str,
    *,
    system: str,
    title: str,
    proposal: str,
    proposed_on: date,
    events: Iterable[str] = (),
    known_at: datetime | None = None,
) -> str:
    """Open the workspace of a transition with its change events; answers its key. RuleError for a key that is taken."""
    grant.must_be_for(TRANSIT)
    if not key or key != key.strip().lower() or " " in key:
        raise RuleError(f"'{key}' is no key of a transition; expected small letters and hyphens, such as hwe-2022.")
    with one_transaction.atomic():
        lock(f"transition {key}")
        at = known_from(grant, known_at)
        if models.Transition.objects.filter(pk=key).exists():
            raise RuleError(f"C1: there is a transition '{key}' already; add its events to it.")
        models.Transition.objects.create(
            key=key, system=system, title=checked_name(title), proposal=said(proposal, "C1: a transition"),
            proposed_on=proposed_on, **grown(grant, at),
        )  # fmt: skip
        record(grant, "governance.propose-transition", f"transition:{key}", details={"system": system})
        for event in events:
            add_event(grant, key, event, known_at=known_at)
    return key


def add_event(grant: Grant, transition: str, event: str, *, known_at: datetime | None = None) -> None:
    """Say that a change event, planned or in force, belongs to a transition; it belongs to one."""
    grant.must_be_for(TRANSIT)
    with one_transaction.atomic():
        lock(f"event {event}")
        at = known_from(grant, known_at)
        held = transition_with(event)
        if held is not None:
            raise RuleError(f"C1: the change {event} belongs to the transition {held.pk} already.")
        event_known(event, Moment(at.astimezone(LONDON).date(), at))
        models.TransitionEvent.objects.create(transition=transition_of(transition), event=event, **grown(grant, at))
        record(grant, "governance.add-event", f"transition:{transition}", details={"event": event})


def add_application(
    grant: Grant,
    transition: str,
    key: str,
    *,
    kind: str,
    title: str,
    submit_by: PartialDate,
    effective_from: date,
    adopting: Sequence[str] = (),
    known_at: datetime | None = None,
) -> None:
    """Add an application that must be sent by a day, a month or a year, and which bodies adopt it."""
    grant.must_be_for(TRANSIT)
    one_of(kind, APPLICATIONS, "kind of application")
    if submit_by.earliest > effective_from:
        raise RuleError(f"P1: {key} is to be sent by {submit_by}, after it takes effect on {effective_from}.")
    with one_transaction.atomic():
        lock(f"application {key}")
        at = known_from(grant, known_at)
        if models.Application.objects.filter(pk=key).exists():
            raise RuleError(f"P1: there is an application '{key}' already.")
        models.Application.objects.create(
            transition=transition_of(transition), key=key, kind=kind, title=checked_name(title),
            submit_by=submit_by.earliest, precision=submit_by.precision, effective_from=effective_from,
            adopting=list(adopting), **grown(grant, at),
        )  # fmt: skip
        record(grant, "governance.add-application", f"application:{key}", details={"submit_by": str(submit_by)})


def send_application(
    grant: Grant, key: str, *, submitted_at: datetime, evidence: str, known_at: datetime | None = None
) -> None:
    """Say that an application was sent, once; how late it was follows from its deadline (P1)."""
    grant.must_be_for(TRANSIT)
    if submitted_at.tzinfo is None:
        raise RuleError("P1: the instant has no time zone; give an aware datetime.")
    with one_transaction.atomic():
        lock(f"application {key}")
        at = known_from(grant, known_at)
        row = models.Application.objects.filter(pk=key).first()
        if row is None:
            raise NotFound(f"There is no application '{key}'.")
        if models.ApplicationSent.objects.filter(application=row).exists():
            raise RuleError(f"P1: {key} was sent already; it is sent once.")
        if submitted_at > now().known_at:
            raise RuleError(f"P1: {submitted_at:%Y-%m-%d %H:%M} is still to come; nothing was sent then.")
        models.ApplicationSent.objects.create(
            application=row, submitted_at=submitted_at, evidence=said(evidence, "P1: an application that was sent"),
            **grown(grant, at),
        )  # fmt: skip
        record(grant, "governance.send-application", f"application:{key}")


def decide_application(
    grant: Grant,
    key: str,
    *,
    outcome: str,
    decided_on: date,
    decided_by: str,
    conditions: str = "",
    known_at: datetime | None = None,
) -> None:
    """Say what became of an application that was sent; said again, the newest counts."""
    grant.must_be_for(TRANSIT)
    one_of(outcome, OUTCOMES, "outcome of an application")
    if outcome == "approved_with_conditions" and not conditions.strip():
        raise RuleError(f"P1: {key} is approved with conditions; say which.")
    with one_transaction.atomic():
        lock(f"application {key}")
        at = known_from(grant, known_at)
        row = models.Application.objects.filter(pk=key).select_related("sent").first()
        if row is None:
            raise NotFound(f"There is no application '{key}'.")
        sent = getattr(row, "sent", None)
        if sent is None:
            raise RuleError(f"P1: {key} was not sent yet; say first when it was sent.")
        if decided_on < sent.submitted_at.astimezone(LONDON).date():
            raise RuleError(f"P1: {key} can't have been decided on {decided_on}, before it was sent.")
        if decided_on > at.astimezone(LONDON).date():
            raise RuleError(f"P1: {decided_on} is still to come; nothing was decided then.")
        models.ApplicationDecided.objects.create(
            application=row, outcome=outcome, decided_on=decided_on, conditions=conditions.strip(),
            decided_by=said(decided_by, "P1: who decided an application"), **grown(grant, at),
        )  # fmt: skip
        record(grant, "governance.decide-application", f"application:{key}", details={"outcome": outcome})


def keep_step(
    grant: Grant,
    transition: str,
    step: TransitionStep,
    *,
    owner: str,
    due_on: date,
    done_on: date | None = None,
    evidence: str = "",
    known_at: datetime | None = None,
) -> None:
    """Write a step, or say otherwise of it. StepReasonMissing where it disturbs more than it is worth, unsaid why.

    A step that is done says what shows it, and was not done on a day that is still to come.
    """
    grant.must_be_for(TRANSIT)
    check_steps([step])
    if done_on is not None and not evidence.strip():
        raise RuleError(f"P9: {step.title} is done; say what shows it.")
    if done_on is not None and done_on > now().valid_on:
        raise RuleError(f"P9: {done_on} is still to come; {step.title} can't be done yet.")
    with one_transaction.atomic():
        lock(f"transition {transition}")
        at = known_from(grant, known_at)
        models.TransitionStep.objects.create(
            transition=transition_of(transition), key=step.key, title=checked_name(step.title), owner=owner,
            due_on=due_on, done_on=done_on, disruption=step.disruption, value=step.value, reason=step.reason.strip(),
            evidence=evidence.strip(), **grown(grant, at),
        )  # fmt: skip
        record(grant, "governance.keep-step", f"transition:{transition}", details={"step": step.key})


def map_functions(
    grant: Grant,
    transition: str,
    before: Mapping[str, str],
    after: Iterable[tuple[str, str]],
    *,
    reason: str,
    known_at: datetime | None = None,
) -> None:
    """Say which body has which function before and after; gaps and overlaps are reported and block day one (C6).

    FunctionsMoved where all that changes is names (C5).
    """
    grant.must_be_for(TRANSIT)
    pairs = sorted({(function, body) for function, body in after})
    with one_transaction.atomic():
        lock(f"transition {transition}")
        at = known_from(grant, known_at)
        row = transition_of(transition)
        unknown = sorted({function for function, _body in pairs} - set(before))
        if unknown:
            raise RuleError(f"C6: nobody has {', '.join(unknown)} before; name the same functions on both sides.")
        events = events_of(transition, Moment(at.astimezone(LONDON).date(), at))
        if events and all(one.kind == "rename" for one in events):
            try:
                check_rename(before, dict(pairs))
            except RuleError as error:
                raise FunctionsMoved(f"C5: {error}") from None
        models.FunctionMap.objects.create(
            transition=row, before=dict(before), after=[list(pair) for pair in pairs],
            reason=said(reason, "C6: a map of functions"), **grown(grant, at),
        )  # fmt: skip
        record(
            grant, "governance.map-functions", f"transition:{transition}", details={"functions": len(before)}
        )  # fmt: skip


def functions_before(event: str, known_at: datetime) -> dict[str, str]:
    """Answer {function and its area: code of the body} of the bodies that an event closes, on the day before it."""
    found = event_known(event, Moment(now().valid_on, known_at))
    before = date.fromordinal(found.effective.earliest.toordinal() - 1)
    codes = {one.key: one.code for one in closing_bodies(found, known_at).values()}
    picture = as_of(before, known_at)
    bodies = picture.bodies_by_id(found.originals)
    return {
        f"{function}/{area}": codes[bodies[body].key]
        for body, function, _title, area in picture.functions_of(found.originals)
        if bodies[body].key in codes
    }


def count(
    grant: Grant,
    transition: str,
    what: str,
    body: str,
    number: int,
    *,
    source: str,
    known_at: datetime | None = None,
) -> None:
    """Say how many people a body employs before, or how many posts it has after (C7); the source says who counted."""
    grant.must_be_for(TRANSIT)
    one_of(what, COUNTS, "count")
    if number < 0:
        raise RuleError(f"C7: {body} would have {number} {what}; expected 0 or more.")
    with one_transaction.atomic():
        lock(f"transition {transition}")
        at = known_from(grant, known_at)
        models.TransitionCount.objects.create(
            transition=transition_of(transition), what=what, body=body, number=number,
            source=said(source, "C7: a count"), **grown(grant, at),
        )  # fmt: skip
        record(grant, "governance.count", f"transition:{transition}", details={"what": what, "number": number})


def give_new_owner(
    grant: Grant,
    transition: str,
    body: str,
    to: str,
    *,
    reason: str,
    room: str = "",
    kind: str = "",
    work: str = "",
    known_at: datetime | None = None,
) -> None:
    """Say which body has open work of a closing body from day one on (C3): one piece, all of a kind, a room, or all.

    RuleError where the body does not close, or the new owner closes too or will not be there.
    """
    grant.must_be_for(TRANSIT)
    if (work and not (room and kind)) or (kind and not room):
        raise RuleError("C3: name the room of a kind of work, and room and kind of one piece of work.")
    with one_transaction.atomic():
        lock(f"transition {transition}")
        at = known_from(grant, known_at)
        row = transition_of(transition)
        _must_take_over(events_of(transition, Moment(at.astimezone(LONDON).date(), at)), body, to, at)
        models.NewOwner.objects.create(
            transition=row, body=body, room=room, kind=kind, work=work, to=to, reason=said(reason, "C3: a new owner"),
            **grown(grant, at),
        )  # fmt: skip
        details = {"body": body, "to": to, "room": room, "kind": kind, "work": work}
        record(grant, "governance.new-owner", f"transition:{transition}", details=details)


def _must_take_over(events: Sequence[Event], body: str, to: str, known_at: datetime) -> None:
    """Raise RuleError unless an event of a transition closes a body and the other is there on the day."""
    for event in events:
        closing = closing_bodies(event, known_at)
        names = {alias for one in closing.values() for alias in one.aliases}
        if body not in names:
            continue
        if to in names:
            raise RuleError(f"C3: {to} closes by the same change; name a body that is there after it.")
        if to not in receiving_codes(event, known_at):
            day = event.effective.earliest
            if not as_of(day, known_at).body(to).exists:
                raise RuleError(f"C3: {to} is not there on {day}; name a body that is.")
        return
    raise RuleError(f"C3: no change of this transition closes {body}; name a body that closes.")
