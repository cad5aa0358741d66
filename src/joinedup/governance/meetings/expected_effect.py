"""The effect that a paper expects: of which measure where, how much more or fewer, by when, for whom.

It is stated before the vote, so that afterwards nobody chooses what to look at. A size reads as people write it ("5%
fewer", "2.5 more"), and is taken apart once: per cent are of what the measure was before, a number alone or points are
in the measure's own unit. Whoever chose a measure because it was extreme says so: such a figure comes back by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.moment import parse_day

NEEDED: Final = ("measure", "size", "by", "for")
MAY: Final = ("area", "extreme", "why")
PERCENT, OWN = "percent", "own unit"
UP: Final = ("more", "higher", "up", "increase", "greater", "longer")
DOWN: Final = ("fewer", "less", "lower", "down", "decrease", "shorter", "reduction")
LEAST_REASON = 3
_SIZE = re.compile(r"(?P<sign>[+−-]?)\s*(?P<number>[\d,]+(?:\.\d+)?)\s*(?P<rest>.*)", re.DOTALL)


class NoExpectedEffect(RuleError):
    """Money is asked for and nobody says what it is expected to do."""


class EffectUnclear(RuleError):
    """An expected effect is stated in words that nobody could hold against a figure later."""


@dataclass(frozen=True, slots=True)
class ExpectedEffect:
    """One expected effect. `area` "" is the whole system; `amount` is above 0 and in `unit`; `by` is a day."""

    measure: str
    direction: str  # increase, decrease
    amount: Decimal
    unit: str  # PERCENT of what it was before, or OWN: the measure's own unit
    by: date
    whom: str
    size: str  # as it was said
    area: str = ""
    extreme: bool = False
    why: str = ""


def effects(given: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> tuple[ExpectedEffect, ...]:
    """Answer what is expected, from one statement or several, each {measure, size, by, for} and, as wanted, {area,
    extreme, why}.

    `extreme` says whether the measure was chosen because its figure stood out, and then `why` says how it was chosen.
    Raises NoExpectedEffect, naming what is missing, EffectUnclear for a size or a choice that says too little.
    """
    rows = [given] if isinstance(given, Mapping) else list(given or ())
    found = tuple(_effect(row) for row in rows)
    keys = [(one.measure, one.area, one.whom, one.by) for one in found]
    for key in keys:
        if keys.count(key) > 1:
            raise EffectUnclear(f"The effect on {key[0]} for {key[2]} by {key[3]} is stated twice. State it once.")
    return found


def summary(found: Sequence[ExpectedEffect]) -> dict[str, str] | None:
    """Answer the first of the effects as an item keeps it beside its title; None where there is none."""
    if not found:
        return None
    first = found[0]
    return {"measure": first.measure, "size": first.size, "by": str(first.by), "for": first.whom}


def read_size(text: str) -> tuple[str, Decimal, str]:
    """Answer direction, amount and unit of a size such as "5% fewer", "2.5 more", "−3 points".

    EffectUnclear for one without a number above 0, or that does not say which way.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise EffectUnclear(f"The size '{text}' has no number; write it such as 5% fewer, or 2.5 more.")
    words = found["rest"].replace("%", " percent ").casefold().split()
    ways = {("increase" if word in UP else "decrease") for word in words if word in (*UP, *DOWN)}
    if found["sign"]:
        ways.add("increase" if found["sign"] == "+" else "decrease")
    if len(ways) != 1:
        raise EffectUnclear(f"The size '{text}' does not say one way; write it such as 5% fewer, or 2.5 more.")
    amount = Decimal(found["number"].replace(",", ""))
    if amount <= 0:
        raise EffectUnclear(f"The size '{text}' is nothing; an effect is more than 0.")
    is_percent = ("percent" in words or "cent" in words) and not {"point", "points"} & set(words)
    return ways.pop(), amount, PERCENT if is_percent else OWN


def must_be_stated(pence: int | None, asks_for_money: bool, stated: int) -> None:
    """Raise NoExpectedEffect where money is asked for and no effect is stated: then nobody votes on it."""
    if asks_for_money and pence and not stated:
        raise NoExpectedEffect(
            "A paper that asks for money states the expected effect before the vote: measure, size, by (a day), for "
            "(whom). None is stated, so no vote is taken. Submit a version of the paper that states it."
        )


def _effect(row: Mapping[str, Any]) -> ExpectedEffect:
    for name in row:
        if name not in (*NEEDED, *MAY):
            raise EffectUnclear(f"An expected effect has no '{name}'.{did_you_mean(name, (*NEEDED, *MAY))}")
    said = {name: str(row.get(name) or "").strip() for name in (*NEEDED, "area", "why")}
    missing = [name for name in NEEDED if not said[name]]
    if missing:
        raise NoExpectedEffect(
            "A paper that asks for money states the expected effect before the vote: measure, size, by (a day), for "
            f"(whom). Missing: {', '.join(missing)}."
        )
    extreme = row.get("extreme", False)
    if not isinstance(extreme, bool):
        raise EffectUnclear(f"'extreme' is {extreme!r}; expected true or false: was it chosen because it stood out?")
    if extreme and len(said["why"]) < LEAST_REASON:
        raise EffectUnclear(
            f"The measure {said['measure']} was chosen because its figure stood out. Say how it was chosen: such a "
            "figure comes back towards its mean by itself."
        )
    direction, amount, unit = read_size(said["size"])
    return ExpectedEffect(
        said["measure"], direction, amount, unit, parse_day(said["by"]), said["for"], said["size"], said["area"],
        extreme, said["why"],
    )  # fmt: skip
