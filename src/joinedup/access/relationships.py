"""Legitimate relationships: who has to do with whom, by which tie, from when until when (rules: record R79).

A tie is stated by what a partner sent (a registration, a stay, an appointment, a referral, a caseload) and holds
between a subject and an organisation. Whether it opens the record on a day is a matter of its kind's window: after a
discharge the ward still answers letters, so a stay opens for some days more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from joinedup.moment import LONDON

# What says that there is no tie (any more): a cancelled appointment, a declined referral, a registration in error.
NONE = "none"


@dataclass(frozen=True, slots=True)
class Window:
    """How many days before its start and after its end a tie opens the record; the last day is open to its end."""

    days_before: int
    days_after: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of tie: what it is called, and in which order it is named where several open the record."""

    key: str
    title: str


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("registered_practice", "registered at the practice"),
        Kind("open_encounter", "a stay or visit, or one that ended lately"),
        Kind("caseload", "on the team's caseload"),
        Kind("referral", "an accepted referral"),
        Kind("appointment", "an appointment, lately or soon"),
        Kind("self", "the resident's own record"),
        Kind("proxy", "acts for the resident"),
    )
}
IN_ORDER = tuple(KINDS)


def windows(days_before_appointment: int = 7, days_after_care: int = 28) -> Mapping[str, Window]:
    """Answer the window of each kind; the two figures are settings."""
    return {
        "registered_practice": Window(0, 0),
        "open_encounter": Window(0, days_after_care),
        "appointment": Window(days_before_appointment, days_after_care),
        "referral": Window(0, days_after_care),
        "caseload": Window(0, 0),
        "self": Window(0, 0),
        "proxy": Window(0, 0),
    }


@dataclass(frozen=True, slots=True)
class Relationship:
    """One tie as a resource states it. All rows of one `source_ref` with one `stated_at` are one statement.

    The newest statement of a `source_ref` wins whole: a registration that moves names the new practice only, and what
    ends a tie altogether (cancelled, declined, in error) states the kind "none". `organisation` is an ODS code;
    `source_ref` is the resource that states it. `starts_at` of None is not known, `ends_at` of None goes on.
    `stated_at` is the source's time of the statement (None: now), so that a late message ends nothing newer.
    """

    subject_id: UUID
    organisation: str
    kind: str
    starts_at: datetime | None
    ends_at: datetime | None
    source_ref: UUID
    delivery_id: int | None = None
    stated_at: datetime | None = None


def opens(
    kind: str, starts_at: datetime | None, ends_at: datetime | None, at: datetime, window: Mapping[str, Window]
) -> bool:
    """Answer whether a tie of this kind opens the record at this instant.

    Days are days in London. A kind with days after its end is open to the end of the last of them (discharged on
    1 March with 28 days: open on 29 March, not on 30 March); one without ends at its very instant. An appointment
    without an end ends when it starts.
    """
    if kind not in window:
        return False
    rule = window[kind]
    today = _day(at)
    if starts_at is not None and today < _day(starts_at) - timedelta(rule.days_before):
        return False
    if kind == "appointment" and ends_at is None:
        ends_at = starts_at
    if ends_at is None:
        # An appointment of which no time is known opens nothing: it could never end.
        return kind != "appointment"
    if rule.days_after == 0:
        return at < ends_at
    return today <= _day(ends_at) + timedelta(rule.days_after)


def first_in_order(kinds: Iterable[str]) -> str | None:
    """Answer the tie that is named where several open the record: the one that stands first in KINDS; None of none."""
    return min(kinds, key=IN_ORDER.index, default=None)


def _day(at: datetime) -> date:
    # Far instants have no London time; their day in UTC does.
    return at.astimezone(LONDON if 1 < at.year < 9999 else UTC).date()
