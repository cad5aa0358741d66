"""The scheme of reservation and delegation: who owns each function, who may decide what, up to how much (D1, D5, V7).

A delegation attaches to a post, a committee, a board or a body, never to a person. Its `key` is that of the line in the
scheme; a line that changed is several delegations with one key, each for its days [start, end).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.delegation.money_limits import limit_by_population
from joinedup.system import Period, gaps

KINDS: Final = ("board", "committee", "post", "body")
PER: Final = ("decision", "contract", "fy")
SUB_DELEGATION: Final = ("none", "written")
SIGNATURES_OF_INTERIM: Final = 2


class DelegationError(RuleError):
    """A line of the scheme that cannot be: unknown words, a limit that is no whole pence, an end before its start."""


class ChainBroken(RuleError):
    """A delegation does not reach up to a board on this day: a link is missing, ended, or leads back to itself."""


class HandingOnRefused(RuleError):
    """A delegation may not be handed further down: not allowed at all, or not approved as the scheme wants it."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """A line of the scheme. `parent` is the line it was handed on from; "" where the board itself gave it.

    `limit_pence` of None is no limit of its own; with `per_population`, it is for so many heads (D2).
    """

    key: str
    function: str
    from_board: str
    to_kind: str
    to: str
    start: date
    end: date | None = None
    limit_pence: int | None = None
    per: str = "decision"
    per_population: int | None = None
    sub_delegation: str = "none"
    reserved: bool = False
    parent: str = ""
    written_approval: str = ""
    conditions: str = ""

    def __post_init__(self) -> None:
        for name, known in (("to_kind", KINDS), ("per", PER), ("sub_delegation", SUB_DELEGATION)):
            given = getattr(self, name)
            if given not in known:
                raise DelegationError(
                    f"D1: delegation {self.key}: {name} is '{given}'; expected {', '.join(known)}."
                    f"{did_you_mean(given, known)}"
                )
        if self.end is not None and self.end <= self.start:
            raise DelegationError(f"D1: delegation {self.key} would end on {self.end}, not after {self.start}.")
        for name in ("limit_pence", "per_population"):
            given = getattr(self, name)
            if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 0):
                raise DelegationError(f"D2: delegation {self.key}: {name} is {given!r}; expected a whole number.")
        if self.per_population == 0:
            raise DelegationError(f"D2: delegation {self.key} has a limit for each 0 people; expected 1 or more.")

    def is_on(self, day: date) -> bool:
        """Answer whether the line holds on a day."""
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class Owned:
    """That a body owns a function for the days [start, end)."""

    function: str
    owner: str
    start: date
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on which a function has no owner, several, or nobody who may decide; `who` are the several."""

    function: str
    days: Period
    who: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SchemeReport:
    """What a scheme must say of itself: days without owner, with several, and without a line for a function.

    Every function and day in question is in exactly one of: owned by one, `gaps`, `overlaps` (V7).
    """

    gaps: tuple[Stretch, ...]
    overlaps: tuple[Stretch, ...]
    without_line: tuple[Stretch, ...]  # neither reserved nor delegated
    reserved_and_delegated: tuple[Stretch, ...]

    @property
    def is_complete(self) -> bool:
        """Answer whether every function has one owner on every day, and is either reserved or delegated."""
        return not (self.gaps or self.overlaps or self.without_line or self.reserved_and_delegated)


def owned_by_lines(delegations: Iterable[Delegation]) -> list[Owned]:
    """Answer who owns each function by the lines of a scheme: who reserved it, or gave it away and stays accountable.

    A line that was handed on changes no owner: its function is owned by the board at the top of the chain (D1).
    """
    return [Owned(one.function, one.from_board, one.start, one.end) for one in delegations if not one.parent]


def owners_by_day(functions: Iterable[str], owned: Iterable[Owned], within: Period) -> list[Stretch]:
    """Answer who owns each function on every day of `within`: one owner, none (a gap) or several (an overlap).

    The stretches of a function follow one another without a break, so that each day is in exactly one (V7).
    """
    if within.end is None:
        raise RuleError("D1: owners can be named only within a period that ends; give the last day, too.")
    spans: dict[str, list[tuple[date, date | None, str]]] = {}
    for one in owned:
        spans.setdefault(one.function, []).append((one.start, one.end, one.owner))
    return [
        Stretch(function, days, who)
        for function in sorted(set(functions))
        for days, who in _stretches(spans.get(function, ()), within)
    ]


def scheme_report(
    functions: Iterable[str], owned: Iterable[Owned], delegations: Iterable[Delegation], within: Period
) -> SchemeReport:
    """Answer the gaps and overlaps of a scheme on the days of `within`, which must end (D1, C6)."""
    if within.end is None:
        raise RuleError("D1: gaps can be found only within a period that ends; give the last day, too.")
    owners: dict[str, list[Owned]] = {}
    lines: dict[str, list[Delegation]] = {}
    for one in owned:
        owners.setdefault(one.function, []).append(one)
    for line in delegations:
        lines.setdefault(line.function, []).append(line)
    found: dict[str, list[Stretch]] = {"gap": [], "overlap": [], "none": [], "both": []}
    for function in sorted(set(functions)):
        mine = [(one.start, one.end, one.owner) for one in owners.get(function, ())]
        for days, who in _stretches(mine, within):
            if len(who) != 1:
                found["overlap" if who else "gap"].append(Stretch(function, days, who))
        said = [(one.start, one.end, "reserved" if one.reserved else "delegated") for one in lines.get(function, ())]
        for days, what in _stretches(said, within):
            if len(what) != 1:
                found["both" if what else "none"].append(Stretch(function, days))
    return SchemeReport(*(tuple(found[name]) for name in ("gap", "overlap", "none", "both")))


def _stretches(spans: Iterable[tuple[date, date | None, str]], within: Period) -> list[tuple[Period, tuple[str, ...]]]:
    """Cut `within` where a span begins or ends; answer each piece with the words that hold on it, joined when equal."""
    assert within.end is not None
    many = list(spans)
    cuts = {within.start, within.end}
    cuts |= {day for start, end, _ in many for day in (start, end) if day is not None and day in within}
    days = sorted(cuts)
    found: list[tuple[Period, tuple[str, ...]]] = []
    for start, end in itertools.pairwise(days):
        words = tuple(
            sorted({word for since, until, word in many if since <= start and (until is None or start < until)})
        )
        if found and found[-1][1] == words:
            found[-1] = (Period(found[-1][0].start, end), words)
        else:
            found.append((Period(start, end), words))
    return found


def chain_of(key: str, delegations: Iterable[Delegation], on: date) -> tuple[Delegation, ...]:
    """Answer the lines from the board's own down to this one, as they hold on a day; ChainBroken if it cannot."""
    by_key: dict[str, list[Delegation]] = {}
    for one in delegations:
        by_key.setdefault(one.key, []).append(one)
    found: list[Delegation] = []
    at = key
    while at:
        if any(one.key == at for one in found):
            raise ChainBroken(f"D5: delegation {key} leads back to {at}; name the line it was handed on from.")
        holding = [one for one in by_key.get(at, ()) if one.is_on(on)]
        if not holding:
            hint = did_you_mean(at, by_key) if at not in by_key else f" It holds on {_said(by_key[at])}."
            raise ChainBroken(f"D5: there is no delegation {at} on {on}.{hint}")
        if len(holding) > 1:
            raise ChainBroken(f"D5: delegation {at} has {len(holding)} lines on {on}; exactly one may hold.")
        found.append(holding[0])
        at = holding[0].parent
    return tuple(reversed(found))


def effective_limit(chain: Iterable[Delegation], population: int | None = None) -> int | None:
    """Answer the least limit along a chain in pence, None where no link has one (D5).

    `population` is that of 1 April of the financial year; RuleError where a link needs it and it was not given.
    """
    limits = []
    for link in chain:
        if link.limit_pence is None:
            continue
        if link.per_population is None:
            limits.append(link.limit_pence)
        elif population is None:
            raise DelegationError(
                f"D2: delegation {link.key} is limited by population; give the people on 1 April of that year."
            )
        else:
            limits.append(limit_by_population(link.limit_pence, population, link.per_population))
    return min(limits, default=None)


def suspended_days(holdings: Iterable[Period], within: Period) -> list[Period]:
    """Answer the days on which a post's delegations rest, because nobody holds the post (D1, C11)."""
    return gaps(holdings, within)


def check_handing_on(
    parent: Delegation, child: Delegation, *, signatures: Iterable[str] = (), is_interim: bool = False
) -> None:
    """Raise HandingOnRefused unless a delegation may go on from one to another (D5).

    Giving it back to the board it came from is free. Further down it needs the accountable officer's written approval;
    where whoever receives it is interim, two different people sign.
    """
    if child.function != parent.function:
        raise HandingOnRefused(
            f"D5: delegation {child.key} is for {child.function}; only {parent.function} can be handed on."
        )
    if child.to == parent.from_board:
        return
    if parent.sub_delegation != "written":
        raise HandingOnRefused(
            f"D5: delegation {parent.key} may not be handed on; ask {parent.from_board} to change it."
        )
    if not child.written_approval.strip():
        raise HandingOnRefused(
            f"D5: delegation {child.key} needs the written approval of the accountable officer; give its reference."
        )
    signed = {one.strip() for one in signatures if one.strip()}
    if is_interim and len(signed) < SIGNATURES_OF_INTERIM:
        raise HandingOnRefused(
            f"D5: delegation {child.key} goes to interim staff and has {len(signed)} of {SIGNATURES_OF_INTERIM} "
            "signatures. Have another person sign."
        )


def _said(lines: Iterable[Delegation]) -> str:
    return " and ".join(f"{one.start} to {one.end or 'further notice'}" for one in lines)
