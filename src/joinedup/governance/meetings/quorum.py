"""Whether a board may decide an item at an instant (rules: governance Q1, Q4, V8, V11).

    rule = read_quorum_rule({"need": {"fraction": "1/2", "plus": 1}, "base": "all", "conflicted": "not_counted"})
    quorum_of_item(rule, board, attendances, at=instant, excluded={"p3"}).is_quorate

Two practices are about for people who have a conflict (they do not count, or count as if present), and two for what a
share is taken of (all seats, or those that are filled). Neither is ours to choose: both are settings of a board's
terms.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.boards.matching import match_kinds, match_seats
from joinedup.governance.boards.seats import Attendance, Board
from joinedup.moment import LONDON

BASES: Final = ("all", "filled")
CONFLICTED: Final = ("not_counted", "counted")


class QuorumRuleError(RuleError):
    """The quorum of a board's terms cannot be worked out: name the setting and what is expected of it."""


@dataclass(frozen=True, slots=True)
class FixedNeed:
    """So many people, however many seats there are."""

    number: int

    def of(self, base: int) -> int:
        """Answer how many people are needed of a board of `base` seats."""
        return self.number


@dataclass(frozen=True, slots=True)
class TableNeed:
    """{seats of the board: people needed}. A size between two rows needs what the next larger size needs."""

    rows: Mapping[int, int]

    def of(self, base: int) -> int:
        """Answer how many people are needed; QuorumRuleError for a board larger than every row.

        No source says what holds between the rows, as when one of ten seats is vacant: we take the stricter row, so
        that no item is decided by fewer than the terms meant.
        """
        larger = [size for size in self.rows if size >= base]
        if not larger:
            raise QuorumRuleError(
                f"Q1: the table of the quorum ends at {max(self.rows)} seats and the board has {base}; add a row to "
                "its terms."
            )
        return self.rows[min(larger)]


@dataclass(frozen=True, slots=True)
class FractionNeed:
    """floor(fraction x base) + plus: "more than half" is 1/2 and 1."""

    fraction: Fraction
    plus: int = 0

    def of(self, base: int) -> int:
        """Answer how many people are needed of a board of `base` seats."""
        return math.floor(self.fraction * base) + self.plus


@dataclass(frozen=True, slots=True)
class QuorumRule:
    """The quorum of a board's terms. A kind of `categories` that stands twice needs two people of that kind."""

    need: FixedNeed | TableNeed | FractionNeed
    base: str = "all"
    conflicted: str = "not_counted"
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for setting, value, known in (("base", self.base, BASES), ("conflicted", self.conflicted, CONFLICTED)):
            if value not in known:
                raise QuorumRuleError(
                    f"Q1: {setting} is '{value}'; expected {' or '.join(known)}.{did_you_mean(value, known)}"
                )


@dataclass(frozen=True, slots=True)
class Quorum:
    """What the quorum of one item was at one instant: the snapshot that a decision keeps.

    `counted` are the people who made up `count`, `excluded` those of them who are there and have a conflict.
    """

    at: datetime
    count: int
    need: int
    base: int
    missing_categories: tuple[str, ...]
    counted: tuple[str, ...]
    present: tuple[str, ...]
    excluded: tuple[str, ...]
    conflicted: str

    @property
    def is_quorate(self) -> bool:
        """Enough people, and one of its own for each category that is needed."""
        return self.count >= self.need and not self.missing_categories

    @property
    def says(self) -> str:
        """One sentence for the minutes, without names."""
        missing = f"; missing: {', '.join(self.missing_categories)}" if self.missing_categories else ""
        away = f", {len(self.excluded)} with a conflict {self.conflicted.replace('_', ' ')}" if self.excluded else ""
        return f"{'Quorate' if self.is_quorate else 'Not quorate'}: {self.count} of {self.need} needed{away}{missing}."


def quorum_of_item(
    rule: QuorumRule,
    board: Board,
    attendances: Iterable[Attendance],
    *,
    at: datetime,
    excluded: Collection[str] = (),
) -> Quorum:
    """Answer the quorum of one item at an instant, such as that of its vote (Q1).

    Eligible is who holds a voting seat on that day in London, is there at the instant, and has no conflict in this item
    (`excluded`), unless the rule counts people with one. The count is that of a largest matching of these people with
    the seats they hold: a person with two seats counts once, a shared seat once, a deputy who is a member once. Each
    needed category takes a person and a seat of its own. QuorumRuleError when the rule does not fit the board.
    """
    if at.tzinfo is None:
        raise QuorumRuleError("Q1: the instant needs a time zone; give an aware datetime.")
    day = at.astimezone(LONDON).date()
    seats_of = board.vote_seats_at(attendances, at)
    away = frozenset(excluded)
    eligible = (
        seats_of if rule.conflicted == "counted" else {one: held for one, held in seats_of.items() if one not in away}
    )
    kinds_of = {seat.key: seat.kinds for seat in board.voting_seats_on(day)}
    wanted, missing = match_kinds(eligible, kinds_of, rule.categories)
    person_of = match_seats(eligible, wanted)
    base = base_on(rule.base, board, day)
    return Quorum(
        at, len(person_of), rule.need.of(base), base, missing, tuple(sorted(person_of.values())),
        tuple(seats_of), tuple(sorted(away & set(seats_of))), rule.conflicted,
    )  # fmt: skip


def base_on(base: str, board: Board, day: date) -> int:
    """Answer of how many seats a share is taken on a day: "all" voting seats, or those that are "filled"."""
    holders = board.holders_on(day)
    seats = board.voting_seats_on(day)
    return len(seats) if base == "all" else sum(1 for seat in seats if holders[seat.key])


def exact(value: str | int | Fraction | Decimal, setting: str, rule: str = "Q1") -> Fraction:
    """Answer a share as an exact fraction: "2/3", "0.55", 1.

    RuleError for a float (0.55 x 100 would need 56 votes in place of 55), and for a share below 0 or above 1.
    """
    if isinstance(value, float | bool):
        raise QuorumRuleError(f'{rule}: {setting} is {value!r}; write it as text, such as "2/3" or "0.55".')
    try:
        share = Fraction(value)
    except (ValueError, ZeroDivisionError, TypeError):
        raise QuorumRuleError(f'{rule}: {setting} is {value!r}; expected a share such as "2/3" or "0.55".') from None
    if not 0 <= share <= 1:
        raise QuorumRuleError(f"{rule}: {setting} is {value!r}; expected a share from 0 to 1.")
    return share


def read_quorum_rule(said: Mapping[str, Any]) -> QuorumRule:
    """Read the quorum of a board's terms, as kept in a register or written in TOML.

    `need` is {"fixed": 7}, {"table": {"10": 6, "8": 5}} or {"fraction": "1/2", "plus": 1}; `base` all or filled;
    `conflicted` not_counted or counted; `categories` a list of kinds. QuorumRuleError names the setting.
    """
    known = {"need", "base", "conflicted", "categories"}
    for setting in said:
        if setting not in known:
            raise QuorumRuleError(f"Q1: a quorum has no setting '{setting}'.{did_you_mean(setting, known)}")
    categories = said.get("categories", ())
    if isinstance(categories, str):
        raise QuorumRuleError(f"Q1: categories is '{categories}'; expected a list, such as [\"clinical\"].")
    return QuorumRule(
        _need(said.get("need")), str(said.get("base", "all")), str(said.get("conflicted", "not_counted")),
        tuple(str(one) for one in categories),
    )  # fmt: skip


def _need(said: Any) -> FixedNeed | TableNeed | FractionNeed:
    if not isinstance(said, Mapping) or len({"fixed", "table", "fraction"} & set(said)) != 1:
        raise QuorumRuleError(f"Q1: need is {said!r}; expected one of fixed, table, fraction.")
    if "fixed" in said:
        return FixedNeed(_people(said["fixed"], "need.fixed"))
    if "fraction" in said:
        plus = said.get("plus", 0)
        return FractionNeed(exact(said["fraction"], "need.fraction"), _people(plus, "need.plus", least=0))
    rows = said["table"]
    if not isinstance(rows, Mapping) or not rows:
        raise QuorumRuleError(f"Q1: need.table is {rows!r}; expected rows such as {{10 = 6, 8 = 5}}.")
    return TableNeed(
        MappingProxyType(
            {_people(size, "a size of need.table"): _people(n, f"need.table of {size}") for size, n in rows.items()}
        )
    )


def _people(value: Any, setting: str, least: int = 1) -> int:
    """Read a whole number; the keys of a JSON or TOML table are text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise QuorumRuleError(f"Q1: {setting} is {value!r}; expected a whole number, {least} or more.")
    return value
