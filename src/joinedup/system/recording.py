"""Recording a change that took force: which bodies end, which one opens, and what is said of it from that day.

The body that a merger or a foundation brings is made in the same transaction as the change (rules: governance C1, C2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.utils.text import slugify

from joinedup.access import Grant, record
from joinedup.errors import RuleError, did_you_mean
from joinedup.moment import Moment, now
from joinedup.system.change import CLOSING, SAME_BODY, check_event
from joinedup.system.facts import Basis, on_day, state
from joinedup.system.kinds import BODY_KINDS, LEGAL_FORMS
from joinedup.system.load import thing_id
from joinedup.system.models import Body, ChangeEvent, Identifier, Name, Standing
from joinedup.system.periods import PartialDate
from joinedup.system.picture import Picture
from joinedup.system.services import record_event

RECORDED = ("merge", "found", "dissolve", "rename")


class BodyRefused(RuleError):
    """A body cannot take part in the change: it is unknown, has ended, or had not begun."""


class DayRefused(RuleError):
    """The day of a change is still to come."""


class NameRefused(RuleError):
    """A new body has no name, or one that another body bears as its key."""


class KindRefused(RuleError):
    """A new body has no kind or legal form that is known."""


class CodeRefused(RuleError):
    """The code of a new body denotes something already, or did."""


@dataclass(frozen=True, slots=True)
class NewBody:
    """A body that a change founds; its ODS code may be left out until it is given."""

    name: str
    kind: str
    legal_form: str
    code: str = ""

    @property
    def key(self) -> str:
        return slugify(self.name)[:120]


def record_change(
    grant: Grant,
    kind: str,
    codes: Sequence[str],
    on: date,
    reason: str,
    *,
    key: str,
    new: NewBody | None = None,
    name: str = "",
    instrument: str = "",
) -> ChangeEvent:
    """Record a merger, foundation, dissolution or rename that is in force from a day; the same key again is one act.

    `codes` are codes or keys of the bodies before it, `new` the body that a merger or foundation opens, `name` what a
    renamed body is called. Raises BodyRefused, DayRefused, NameRefused, KindRefused or CodeRefused, and RuleError for
    a form that the kind does not allow (C1).
    """
    grant.must_be_for("system.correct")
    if kind not in RECORDED:
        raise RuleError(f"C1: '{kind}' cannot be recorded here; expected one of {', '.join(RECORDED)}.")
    with transaction.atomic():
        if done := ChangeEvent.objects.filter(key=key).first():
            return done
        if on > now().valid_on:
            raise DayRefused(f"C2: {on} is still to come. A change that is only planned belongs to a transition.")
        before = [_standing(code, on) for code in codes]
        opens = kind in {"merge", "found"}
        results = [_free(new)] if opens else [body.key for body in before] if kind in SAME_BODY else []
        check_event(kind, [body.key for body in before], results)
        detail: dict[str, object] = {}
        if opens and new is not None:
            _make(grant, new, on, key)
            detail["results"] = {new.key: {"kind": new.kind, "legal_form": new.legal_form, "sector": ""}}
        if kind == "rename":
            if not name.strip():
                raise NameRefused("C5: give the name that the body bears from that day.")
            detail["name"] = name.strip()
        event = record_event(
            grant, kind, [body.key for body in before], results, "in_force", PartialDate(on), reason,
            key=key, instrument=instrument, detail=detail,
        )  # fmt: skip
        if opens and new is not None:
            _say_of(grant, new, on, event)
    return event


def _standing(code: str, on: date) -> Body:
    """Answer the body of a code that stands on the day, stood on the day before, and has no end yet."""
    at = now().known_at
    found = Picture(Moment(on - timedelta(1), at)).find(code) or Picture(Moment(on, at)).find(code)
    if found is None or found[0] != "body":
        raise BodyRefused(f"C1: there is no body '{code}' on the day before {on}. Give its code as it was then.")
    body = Body.objects.select_for_update().get(pk=found[1])
    days = [row.valid for row in Standing.objects.filter(body=body, known__endswith__isnull=True)]
    if not any(one.lower < on for one in days):
        raise BodyRefused(f"C1: {code} had not begun before {on}. Give a later day, or another body.")
    if not any(one.upper is None for one in days):
        ended = max(one.upper for one in days)
        raise BodyRefused(f"C1: {code} ends on {ended} by what is known. Leave it out, or correct that first.")
    return body


def _free(new: NewBody | None) -> str:
    """Answer the key of a body to come, after checking what it is to be."""
    if new is None or not new.key:
        raise NameRefused("C1: give the name of the body that opens.")
    if Body.objects.filter(key=new.key).exists():
        raise NameRefused(f"C1: a body with the key '{new.key}' is there already. Give the whole name of the new one.")
    for said, known, what in ((new.kind, BODY_KINDS, "kind"), (new.legal_form, LEGAL_FORMS, "legal form")):
        if said not in known:
            raise KindRefused(
                f"C1: '{said}' is no {what}; expected one of {', '.join(known)}.{did_you_mean(said, known)}"
            )
    if new.code and Identifier.objects.filter(code=new.code, known__endswith__isnull=True).exists():
        raise CodeRefused(f"T3: the code {new.code} is taken. Leave it empty until the new one is published.")
    return new.key


def _make(grant: Grant, new: NewBody, on: date, event: str) -> None:
    Body.objects.create(id=thing_id("body", new.key), key=new.key)
    record(grant, "system.found-body", f"body:{new.key}", details={"event": event, "on": on.isoformat()})


def _say_of(grant: Grant, new: NewBody, on: date, event: ChangeEvent) -> None:
    """Say the name and code of a new body from its first day, by the source of the change."""
    body = Body.objects.get(key=new.key)
    belief = event.beliefs.get(known__endswith__isnull=True)
    basis = Basis(max(belief.known.lower, datetime.now(UTC)), belief.source, grant.actor_id, event)
    official = {"body": body, "area": None, "person": None, "role": "official"}
    state(Name, official, {"name": new.name.strip()}, on_day(on), basis)
    if new.code:
        state(Identifier, {"scheme": "ods", "code": new.code}, {"body": body, "area": None}, on_day(on), basis)


def words_of(kind: str, names: Sequence[str], on: date, *, after: str = "") -> list[str]:
    """Answer in sentences what every page shows from the day of a change."""
    day, last = f"{on.day} {on:%B %Y}", on - timedelta(1)
    until = f"{last.day} {last:%B %Y}"
    if kind == "rename":
        return [
            f"From {day} {names[0]} is called {after}. Codes, people and functions stay.",
            f"Until {until}: as now.",
        ]
    found = [f"{name} is shown until {until}, and as closed from {day}." for name in names] if kind in CLOSING else []
    if after:
        found.append(f"{after} is there from {day}.")
    if kind == "merge":
        found.append(f"Functions and areas of the bodies before it are with {after}; their codes lead there.")
    return found
