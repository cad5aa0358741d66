"""Who a board must consist of, checked for each day (rules: governance B2, B3, B4).

    composition_failures(read_composition(rows), board, day)
    days_failing(lambda day: composition_failures(rules, board, day), board, first, last)

A seat that nobody holds does not count, and a deputy does not fill one. Each kind needs people of its own: somebody in
two seats stands for one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from joinedup.errors import RuleError
from joinedup.governance.boards.matching import match_kinds
from joinedup.governance.boards.seats import Board
from joinedup.governance.boards.stretches import Dated, Stretch, failing_stretches


@dataclass(frozen=True, slots=True)
class KindRule:
    """How many filled seats of a kind a board has at least, and at most (None: any number)."""

    kind: str
    least: int = 1
    most: int | None = None

    def __post_init__(self) -> None:
        if self.least < 0 or (self.most is not None and self.most < self.least):
            raise RuleError(
                f"B2: '{self.kind}' needs {self.least} to {self.most} seats; expected 0 or more, and not more than "
                "the maximum."
            )


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A required seat that nobody holds, and since how many days."""

    seat: str
    title: str
    since: date
    age_days: int


@dataclass(frozen=True, slots=True)
class PartnerPost:
    """That a person holds a post in a partner, from a day up to a day."""

    person: str
    body: str
    start: date
    end: date | None = None

    def is_on(self, day: date) -> bool:
        """Answer whether the person holds the post on a day."""
        return self.start <= day and (self.end is None or day < self.end)


def read_composition(rows: Iterable[Mapping[str, Any]]) -> tuple[KindRule, ...]:
    """Read composition rules as a board's terms keep them: [{category, minimum, maximum}], maximum None for any."""
    found = []
    for row in rows:
        least, most = row.get("minimum", 1), row.get("maximum")
        for number in (least, 0 if most is None else most):
            if isinstance(number, bool) or not isinstance(number, int):
                raise RuleError(f"B2: the composition says {number!r} for '{row.get('category')}'; expected a number.")
        found.append(KindRule(str(row["category"]), least, most))
    kinds = [one.kind for one in found]
    if len(set(kinds)) != len(kinds):
        raise RuleError(f"B2: the composition names {max(kinds, key=kinds.count)} twice; give each kind one row.")
    return tuple(found)


def composition_failures(rules: Iterable[KindRule], board: Board, day: date) -> list[str]:
    """Answer in sentences what is wrong with who sits on a board on a day; nothing is wrong with an empty list (B2).

    Too few people of their own for the kinds, too many filled seats of a kind, more holders of a seat than it may have.
    """
    rules = tuple(rules)
    holders = board.holders_on(day)
    seats = [seat for seat in board.seats_on(day) if holders[seat.key]]
    seats_of: dict[str, list[str]] = {}
    for seat in seats:
        for person in holders[seat.key]:
            seats_of.setdefault(person, []).append(seat.key)
    wanted = [rule.kind for rule in rules for _ in range(rule.least)]
    _, missing = match_kinds(seats_of, {seat.key: seat.kinds for seat in seats}, wanted)
    found = []
    for rule in rules:
        filled = sum(1 for seat in seats if rule.kind in seat.kinds)
        if rule.kind in missing:
            met = rule.least - missing.count(rule.kind)
            found.append(f"{rule.kind}: {met} of {rule.least} needed")
        if rule.most is not None and filled > rule.most:
            found.append(f"{rule.kind}: {filled} seats are filled, {rule.most} at most")
    for seat in seats:
        if len(holders[seat.key]) > seat.max_holders:
            found.append(f"{seat.title}: {len(holders[seat.key])} holders, {seat.max_holders} at most")
    return found


def least_members(rules: Iterable[KindRule]) -> int:
    """Answer how many members a board has at least."""
    return sum(rule.least for rule in rules)


def vacancies(board: Board, day: date) -> list[Vacancy]:
    """Answer the required seats that nobody holds on a day, oldest first, with their age in days (B2).

    A seat is vacant since its last holder left it, else since it was made.
    """
    holders = board.holders_on(day)
    found = []
    for seat in board.seats_on(day):
        if seat.is_required and not holders[seat.key]:
            left = [
                one.end
                for one in board.holdings
                if one.seat == seat.key and one.status != "deputy" and one.end is not None and one.end <= day
            ]
            since = max([*left, seat.start])
            found.append(Vacancy(seat.key, seat.title, since, (day - since).days))
    return sorted(found, key=lambda one: (one.since, one.seat))


def least_statutory_partnership(responsible_councils: Collection[str]) -> int:
    """Answer the smallest size of a statutory integrated care partnership: 1 from the board and 1 a council (B3)."""
    if not responsible_councils:
        raise RuleError("B3: a statutory partnership has one responsible council or more; none was given.")
    return 1 + len(set(responsible_councils))


def leadership_failures(
    board: Board, day: date, *, partner_posts: Iterable[PartnerPost] = (), is_chair_independent: bool = True
) -> list[str]:
    """Answer in sentences what is wrong with a board's leader and chair on a day (B4).

    One seat of the kind "leader" and one of the kind "chair" are filled, each perhaps by joint holders. The chair holds
    no executive seat and does not lead. An independent chair holds no post in a partner on that day.
    """
    holders = board.holders_on(day)
    filled = [seat for seat in board.seats_on(day) if holders[seat.key]]
    people = {
        kind: [(seat.key, holders[seat.key]) for seat in filled if kind in seat.kinds] for kind in ("leader", "chair")
    }
    found = [f"{kind}: {len(seats)} filled, 1 needed" for kind, seats in people.items() if len(seats) != 1]
    chairs = {one for _, held in people["chair"] for one in held}
    executive = {one for seat in filled if seat.kinds & {"exec", "leader"} for one in holders[seat.key]}
    if chairs & executive:
        found.append("chair: holds an executive seat too; expected a non-executive")
    if is_chair_independent:
        posts = sorted({one.body for one in partner_posts if one.person in chairs and one.is_on(day)})
        if posts:
            found.append(f"chair: holds a post in {', '.join(posts)}; an independent chair holds none in a partner")
    return found


def days_failing(
    check: Callable[[date], list[str]], board: Board, first: date, last: date, *, also: Iterable[Dated] = ()
) -> list[Stretch]:
    """Answer the stretches, from the first up to and not including the last day, in which a check finds something.

    `also` are further dated facts that the check looks at, such as posts in partners.
    """
    return failing_stretches(check, (*board.seats, *board.holdings, *also), first, last)
