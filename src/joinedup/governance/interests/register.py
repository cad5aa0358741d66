"""The register of interests: what is in time, what is public until when, and what an interest does (I1, I2, I4 to I7).

An interest holds on the days [arose_on, ended_on); an end of None is open. People and bodies are known by their keys
and codes alone. Gifts are kept beside this register, not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.calendar_months import months_after, percent

TYPES: Final = {
    "financial": "Financial interest",
    "professional": "Non-financial professional interest",
    "personal": "Non-financial personal interest",
    "indirect": "Indirect interest",
}
NATURES: Final = {"actual": "Actual conflict", "potential": "Potential conflict", "perceived": "Perceived conflict"}
PUBLISHED: Final = ("yes", "redacted", "no")
DAYS_TO_DECLARE: Final = 28
PUBLIC_MONTHS: Final = 6  # [to confirm] how long an interest that ended stays public
KEPT_MONTHS: Final = 72  # [to confirm] and how long it stays on private file
CONFIRMED_MONTHS: Final = 12


class InterestError(RuleError):
    """A line of the register that cannot be: an unknown type, no reason for hiding it, an end before its beginning."""


class NotNil(RuleError):
    """Somebody declares that there is nothing while the register has an open interest of that person."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What an action leaves a person for one item, and for that item only (I4, V25)."""

    may_vote: bool
    may_be_present: bool
    may_read_papers: bool
    counts: bool  # for the quorum, where the terms do not count people who have a conflict

    @property
    def is_excluded(self) -> bool:
        """Answer whether the person is among those excluded that the quorum of the item is given."""
        return not self.counts


ACTIONS: Final = {
    "note": Rights(may_vote=True, may_be_present=True, may_read_papers=True, counts=True),
    "discuss_no_vote": Rights(may_vote=False, may_be_present=True, may_read_papers=True, counts=False),
    "leave": Rights(may_vote=False, may_be_present=False, may_read_papers=True, counts=False),
    "no_papers": Rights(may_vote=False, may_be_present=False, may_read_papers=False, counts=False),
}


@dataclass(frozen=True, slots=True)
class Interest:
    """A line of the register: whose, of which type, about which body, from when to when, and who may read it."""

    key: str
    person: str
    type: str
    about_org: str
    arose_on: date
    declared_on: date | None = None  # None: not typed in, but derived
    ended_on: date | None = None
    publish: str = "yes"
    publish_reason: str = ""
    is_derived: bool = False

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise InterestError(
                f"I1: '{self.type}' is no type of interest; expected {', '.join(TYPES)}."
                f"{did_you_mean(self.type, TYPES)}"
            )
        if self.publish not in PUBLISHED:
            raise InterestError(
                f"I1: an interest is published as {', '.join(PUBLISHED)}; not '{self.publish}'."
                f"{did_you_mean(self.publish, PUBLISHED)}"
            )
        if self.publish != "yes" and not self.publish_reason.strip():
            raise InterestError(f"I1: interest {self.key} is not published in full; say why.")
        if self.ended_on is not None and self.ended_on <= self.arose_on:
            raise InterestError(
                f"I5: interest {self.key} would end on {self.ended_on}, not after it arose on {self.arose_on}."
            )

    def is_open_on(self, day: date) -> bool:
        """Answer whether the interest is there on a day: only such a one can exclude from a meeting of that day."""
        return self.arose_on <= day and (self.ended_on is None or day < self.ended_on)

    @property
    def is_late(self) -> bool:
        """Answer whether it was declared after its 28 days; an interest that is derived never is."""
        return self.declared_on is not None and not is_declared_in_time(self.arose_on, self.declared_on)


@dataclass(frozen=True, slots=True)
class Work:
    """That a person works for a body or holds a post or seat on it, for the days [start, end)."""

    person: str
    body: str
    start: date
    end: date | None = None
    is_paid: bool = True


def is_declared_in_time(arose_on: date, declared_on: date) -> bool:
    """Answer whether an interest was declared within 28 days of when it arose, the 28th included (I2)."""
    return (declared_on - arose_on).days <= DAYS_TO_DECLARE


def public_until(ended_on: date) -> date:
    """Answer the day up to which an interest that ended stays public; months end where they end (I5)."""
    return months_after(ended_on, PUBLIC_MONTHS)


def kept_until(ended_on: date) -> date:
    """Answer the day up to which an interest that ended stays on private file (I5)."""
    return months_after(ended_on, KEPT_MONTHS)


def shown_on(interest: Interest, day: date) -> str:
    """Answer how the public register shows an interest on a day: "yes", "redacted" or "no" (I5, X1)."""
    if day < interest.arose_on or (interest.ended_on is not None and day >= public_until(interest.ended_on)):
        return "no"
    return interest.publish


def interests_of_employment(works: Iterable[Work]) -> list[Interest]:
    """Answer the interests that follow from who works where, each person and body once while it goes on (I1).

    Paid work is financial, unpaid professional. Times that touch or overlap are one interest; after a break there is
    another one. These need no declaration.
    """
    found: list[Interest] = []
    by_pair: dict[tuple[str, str, bool], list[Work]] = {}
    for work in works:
        by_pair.setdefault((work.person, work.body, work.is_paid), []).append(work)
    for (person, body, is_paid), many in sorted(by_pair.items()):
        spans: list[tuple[date, date | None]] = []
        for work in sorted(many, key=lambda one: one.start):
            if spans and (spans[-1][1] is None or work.start <= spans[-1][1]):
                start, end = spans[-1]
                spans[-1] = (start, None if end is None or work.end is None else max(end, work.end))
            else:
                spans.append((work.start, work.end))
        kind = "financial" if is_paid else "professional"
        found += [
            Interest(f"{person}:{body}:{kind}:{start}", person, kind, body, start, None, end, is_derived=True)
            for start, end in spans
        ]
    return found


def rights_in(action: str, *, recorded_at: datetime, at: datetime) -> Rights:
    """Answer what a person may do in an item at an instant, after an action was recorded for it (I4).

    Before the instant of the record nothing was taken away, so a paper that was opened then was opened rightly.
    """
    if action not in ACTIONS:
        raise InterestError(
            f"I4: '{action}' is nothing to do about a conflict; expected {', '.join(ACTIONS)}."
            f"{did_you_mean(action, ACTIONS)}"
        )
    return ACTIONS[action] if at >= recorded_at else ACTIONS["note"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of those who should have confirmed the register did, and who did not."""

    confirmed: int
    people: int
    missing: tuple[str, ...]

    @property
    def percent(self) -> Decimal:
        """The share in per cent, to one place; 100 where nobody has to."""
        return percent(self.confirmed, self.people) if self.people else Decimal("100.0")


def confirmation_coverage(people: Iterable[str], confirmed: Mapping[str, date], on: date) -> Coverage:
    """Answer how many of the people who decide confirmed their line, a nil one too, in the 12 months up to a day (I6).

    `confirmed` is {person: the last day of it}. A day exactly 12 months before is out: there are 12 months in between.
    """
    everyone = sorted(set(people))
    since = months_after(on, -CONFIRMED_MONTHS)
    missing = [one for one in everyone if not (one in confirmed and since < confirmed[one] <= on)]
    return Coverage(len(everyone) - len(missing), len(everyone), tuple(missing))


def conflict_load(exclusions: int, items: int) -> Fraction:
    """Answer the exclusions for each item under a governance model (I7); RuleError where there were no items."""
    if items <= 0:
        raise InterestError("I7: there were no items, so that there is no load to compare.")
    return Fraction(exclusions, items)


def conflict_loads(items: Iterable[tuple[str, int]]) -> dict[str, Fraction]:
    """Answer the load of each model, given (model, exclusions) of each item decided under it (I7)."""
    sums: dict[str, tuple[int, int]] = {}
    for model, exclusions in items:
        number, total = sums.get(model, (0, 0))
        sums[model] = number + 1, total + exclusions
    return {model: conflict_load(total, number) for model, (number, total) in sorted(sums.items())}
