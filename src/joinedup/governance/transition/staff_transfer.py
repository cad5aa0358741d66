"""Staff transfer at a change of bodies: nobody is unplaced, nobody is placed twice, terms stay as they are (C7 to C10).

Everybody below senior level has exactly one receiving post for each employment. Senior leaders are an explicit list
outside that promise. Reports count people; they name nobody, since each may read only their own row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.transition.offers import OFFERS_RUN_UNTIL, Offer, offer_stands

CLASSES: Final = ("below_senior", "senior_leader")
BASES: Final = ("tupe", "order", "promise")


class TransferBlocked(RuleError):
    """A transfer would leave somebody behind, place somebody twice, or change somebody's terms."""


class FteExceeded(RuleError):
    """A person is assigned to more work than the employment is for."""


@dataclass(frozen=True, slots=True)
class Employed:
    """An employment before the change: whose, where, in which post, how much, on which terms, since when unbroken."""

    employment: str
    person: str
    body: str
    post: str
    fte: Decimal
    terms_hash: str
    continuous_from: date
    staff_class: str = "below_senior"

    def __post_init__(self) -> None:
        if self.staff_class not in CLASSES:
            raise RuleError(
                f"C7: '{self.staff_class}' is no class of staff; expected {', '.join(CLASSES)}."
                f"{did_you_mean(self.staff_class, CLASSES)}"
            )


@dataclass(frozen=True, slots=True)
class Placing:
    """Where an employment goes: the receiving body and post, as much and on the same terms, on which basis."""

    employment: str
    to_body: str
    to_post: str
    fte: Decimal
    terms_hash: str
    continuous_from: date
    basis: str = "order"
    offer: Offer = field(default_factory=Offer)
    consulted_on: date | None = None

    def __post_init__(self) -> None:
        if self.basis not in BASES:
            raise RuleError(
                f"C8: '{self.basis}' is no basis of a transfer; expected {', '.join(BASES)}."
                f"{did_you_mean(self.basis, BASES)}"
            )


@dataclass(frozen=True, slots=True)
class Headcount:
    """People and how much they work together, in full-time equivalents."""

    heads: int
    fte: Decimal


@dataclass(frozen=True, slots=True)
class TransferReport:
    """How a transfer stands. The tuples hold keys of employments or posts, for those who may see them."""

    before: Headcount
    after: Headcount
    senior: int
    unplaced: tuple[str, ...]
    doubled: tuple[str, ...]
    unknown: tuple[str, ...]
    shared_posts: tuple[str, ...]
    over_posts: Mapping[str, int]  # receiving body -> people above its posts
    changed_terms: tuple[str, ...]
    broken_service: tuple[str, ...]
    changed_fte: tuple[str, ...]
    without_offer: tuple[str, ...]
    not_consulted: tuple[str, ...]

    @property
    def blocks(self) -> tuple[str, ...]:
        """Answer in words what stands in the way of carrying it out, with how many people each concerns."""
        said = (
            ("unplaced", len(self.unplaced)),
            ("placed twice", len(self.doubled)),
            ("placed without an employment", len(self.unknown)),
            ("in a post that somebody else was given", len(self.shared_posts)),
            ("more than there are posts", sum(self.over_posts.values())),
            ("with changed terms", len(self.changed_terms)),
            ("with broken service", len(self.broken_service)),
            ("with other hours", len(self.changed_fte)),
            ("without an offer that runs long enough", len(self.without_offer)),
            ("not consulted", len(self.not_consulted)),
        )
        found = [f"{number} {what}" for what, number in said if number]
        if not found and self.before != self.after:
            found.append(f"{self.before.heads} people before and {self.after.heads} after")
        return tuple(found)

    @property
    def is_complete(self) -> bool:
        """Answer whether it may be carried out."""
        return not self.blocks


def transfer_report(
    staff: Iterable[Employed],
    placings: Iterable[Placing],
    *,
    posts: Mapping[str, int] | None = None,
    offers_until: date | None = OFFERS_RUN_UNTIL,
) -> TransferReport:
    """Answer how a transfer of staff stands (C7, C8, C9, V6).

    `posts` is {receiving body: its posts}, where it is known. `offers_until` is the day to which offers must run; None
    where nothing was promised. Whoever wishes to leave needs no offer, but still a place until gone.
    """
    every = list(staff)
    senior = [one for one in every if one.staff_class == "senior_leader"]
    mine = {one.employment: one for one in every if one.staff_class != "senior_leader"}
    if len(mine) + len(senior) != len(every) or len({one.employment for one in every}) != len(every):
        raise RuleError("C7: two lines of staff have one employment; give each employment its own key, once.")
    by_employment: dict[str, list[Placing]] = {}
    for placing in placings:
        by_employment.setdefault(placing.employment, []).append(placing)
    placed = {key: many[0] for key, many in by_employment.items() if key in mine}
    pairs = [(mine[key], placing) for key, placing in placed.items()]
    receiving = Counter((one.to_body, one.to_post) for many in by_employment.values() for one in many)
    by_body = Counter(one.to_body for many in by_employment.values() for one in many)
    over = {body: number - (posts or {}).get(body, 0) for body, number in sorted(by_body.items())}
    return TransferReport(
        before=_headcount((one.person, one.fte) for one in mine.values()),
        after=_headcount(
            (mine[key].person if key in mine else key, one.fte) for key, many in by_employment.items() for one in many
        ),
        senior=len(senior),
        unplaced=tuple(sorted(mine.keys() - by_employment.keys())),
        doubled=tuple(sorted(key for key, many in by_employment.items() if len(many) > 1)),
        unknown=tuple(sorted(by_employment.keys() - mine.keys())),
        shared_posts=tuple(sorted(f"{body}/{post}" for (body, post), number in receiving.items() if number > 1)),
        over_posts={} if posts is None else {body: number for body, number in over.items() if number > 0},
        changed_terms=_differing(pairs, "terms_hash"),
        broken_service=_differing(pairs, "continuous_from"),
        changed_fte=_differing(pairs, "fte"),
        without_offer=()
        if offers_until is None
        else tuple(sorted(key for key, one in placed.items() if not offer_stands(one.offer, offers_until))),
        not_consulted=tuple(sorted(key for key, one in placed.items() if one.consulted_on is None)),
    )


def must_be_complete_transfer(report: TransferReport) -> None:
    """Raise TransferBlocked, which counts what is wrong and names nobody, unless a transfer may be carried out."""
    if report.blocks:
        raise TransferBlocked(f"C7: the transfer is blocked: {'; '.join(report.blocks)}. See the list of each.")


def own_placings(staff: Iterable[Employed], placings: Iterable[Placing], person: str) -> list[Placing]:
    """Answer a person's own placings and nobody else's (C7)."""
    mine = {one.employment for one in staff if one.person == person}
    return [one for one in placings if one.employment in mine]


@dataclass(frozen=True, slots=True)
class Assigned:
    """That an employment's time goes to work for a body, in full-time equivalents."""

    employment: str
    works_for: str
    fte: Decimal


def heads_and_fte(employments: Mapping[str, tuple[str, Decimal]], assigned: Iterable[Assigned]) -> Headcount:
    """Answer how many people there are, and how much they are assigned to (C10).

    `employments` is {employment: (person, its fte)}. FteExceeded where assignments of one are more than it has.
    """
    sums: dict[str, Decimal] = dict.fromkeys(employments, Decimal(0))
    for one in assigned:
        if one.employment not in sums:
            raise RuleError(f"C10: an assignment to {one.works_for} has no employment; add the employment first.")
        sums[one.employment] += one.fte
    for key, total in sums.items():
        if total > employments[key][1]:
            raise FteExceeded(
                f"C10: assignments of one employment sum to {total} FTE; it is for {employments[key][1]}. Correct one."
            )
    return Headcount(len({person for person, _ in employments.values()}), sum(sums.values(), Decimal(0)))


def _headcount(rows: Iterable[tuple[str, Decimal]]) -> Headcount:
    every = list(rows)
    return Headcount(len({person for person, _ in every}), sum((fte for _, fte in every), Decimal(0)))


def _differing(pairs: Iterable[tuple[Employed, Placing]], name: str) -> tuple[str, ...]:
    return tuple(sorted(one.employment for one, placing in pairs if getattr(one, name) != getattr(placing, name)))
