"""What is public and what is not, and how far boards keep to it (rules: X1, X2, X3, X7, V26).

Everything is public unless a resolution with a reason and a review date makes one item private. Payments to publish
come from the ledger of the room `money`; here is which of them, and what is left out of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from joinedup.errors import RuleError
from joinedup.governance.calendar_months import percent

SPEND_OVER_PENCE: Final = 2_500_000  # more than this is published [to confirm: more than, not from]
NAME_WITHHELD: Final = "Name withheld"
FIGURES: Final = ("papers on time", "meetings in public", "minutes published", "register confirmed")


class ResolutionIncomplete(RuleError):
    """An item cannot be made private: its resolution has no text, reason or review date."""


class PageChanged(RuleError):
    """A published page rebuilt for its day and instant is not what was published."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was resolved to hold an item in private: the words, the reason, and when it is looked at again."""

    text: str
    reason: str
    review_on: date | None


@dataclass(frozen=True, slots=True)
class Openness:
    """Whether something is public on a day, and if not, why; `review_is_due`: the reason must be looked at again."""

    is_public: bool
    reason: str = ""
    review_is_due: bool = False


def openness(resolution: Resolution | None, on: date) -> Openness:
    """Answer whether an item is public: it is unless a complete resolution says otherwise (X1).

    A review date that is over does not open the item by itself, since it may hold what harms somebody; it is flagged.
    """
    if resolution is None:
        return Openness(True)
    for name, given in (("text", resolution.text), ("reason", resolution.reason)):
        if not given.strip():
            raise ResolutionIncomplete(
                f"X1: a resolution for a private item needs its {name}; until then it is public."
            )
    if resolution.review_on is None:
        raise ResolutionIncomplete("X1: a resolution for a private item needs the day on which it is looked at again.")
    return Openness(False, resolution.reason, on >= resolution.review_on)


@dataclass(frozen=True, slots=True)
class BoardYear:
    """What a board had to do in a year and what it did: of each pair, the second is all."""

    board: str
    papers_on_time: int
    papers: int
    meetings_in_public: int
    meetings: int
    minutes_published: int
    minutes: int
    confirmed: int
    people: int


@dataclass(frozen=True, slots=True)
class Compliance:
    """The four percentages of a board, in the order of FIGURES; None where there was nothing to publish."""

    board: str
    percents: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class ComplianceReport:
    """Each board's percentages, and for each figure how many boards are at 0."""

    boards: tuple[Compliance, ...]
    at_zero: tuple[int, ...]


def compliance(years: Iterable[BoardYear]) -> ComplianceReport:
    """Answer how far boards published what they must (X2), a row a board, in their order."""
    rows = []
    for year in years:
        pairs = (
            (year.papers_on_time, year.papers),
            (year.meetings_in_public, year.meetings),
            (year.minutes_published, year.minutes),
            (year.confirmed, year.people),
        )
        for (part, whole), figure in zip(pairs, FIGURES, strict=True):
            if not 0 <= part <= whole:
                raise RuleError(
                    f"X2: {year.board}: {part} of {whole} for '{figure}'; a part is from 0 up to its whole."
                )
        rows.append(Compliance(year.board, tuple(percent(part, whole) if whole else None for part, whole in pairs)))
    at_zero = tuple(sum(row.percents[place] == 0 for row in rows) for place in range(len(FIGURES)))
    return ComplianceReport(tuple(rows), at_zero)


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment: when, to whom, what for, how many pence; `is_individual`: the supplier is a natural person."""

    on: date
    supplier: str
    purpose: str
    pence: int
    is_individual: bool = False


def spend_to_publish(payments: Iterable[Payment], month: date) -> list[Payment]:
    """Answer the payments of a month over £25,000, by day and amount, without the names of individuals (X3).

    `month` is any day of it. Exactly £25,000.00 is not published.
    """
    found = [
        replace(one, supplier=NAME_WITHHELD) if one.is_individual else one
        for one in payments
        if (one.on.year, one.on.month) == (month.year, month.month) and one.pence > SPEND_OVER_PENCE
    ]
    return sorted(found, key=lambda one: (one.on, -one.pence, one.supplier))


@dataclass(frozen=True, slots=True)
class PublishedPage:
    """A page as it was published: its address, the two times it was built for, and the hash of its bytes."""

    address: str
    valid_on: date
    known_at: datetime
    content_hash: str

    def __post_init__(self) -> None:
        if self.known_at.tzinfo is None:
            raise RuleError("X7: a published page needs the time zone of its instant; give an aware datetime.")


def page_hash(content: bytes) -> str:
    """Answer the SHA-256 of a page's bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def published(address: str, valid_on: date, known_at: datetime, content: bytes) -> PublishedPage:
    """Answer what is kept of a page when it is published (X7)."""
    return PublishedPage(address, valid_on, known_at, page_hash(content))


def must_be_same(page: PublishedPage, content: bytes) -> None:
    """Raise PageChanged unless a page rebuilt for its two times has the same bytes (X7, V26)."""
    found = page_hash(content)
    if found != page.content_hash:
        raise PageChanged(
            f"X7: {page.address} for {page.valid_on}, known {page.known_at.isoformat()}, was published as "
            f"{page.content_hash[:12]}… and is rebuilt as {found[:12]}…. A past page must not change: find what was "
            "overwritten."
        )


def notice_on(page: PublishedPage, later: Iterable[PublishedPage]) -> str:
    """Answer what stands above an old page when a later one of its address and day says something else, or ""."""
    newer = [
        one
        for one in later
        if (one.address, one.valid_on) == (page.address, page.valid_on)
        and one.known_at > page.known_at
        and one.content_hash != page.content_hash
    ]
    if not newer:
        return ""
    first = min(newer, key=lambda one: one.known_at)
    return f"This page was corrected on {first.known_at:%-d %B %Y}. You see it as it was known before."
