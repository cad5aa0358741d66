"""Who pays for an overspend: the ladder of a pooled fund (rule MB9) and shares in layers (rule MB10)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from joinedup.errors import RuleError
from joinedup.money.allocation.splitting import ShareError, WeightError, split_pence

LADDER: Final = ("underspend", "risk_pool", "uncommitted")
"""The order of the sample clauses for section 75 agreements; an agreement may say another."""


class UncoveredRisk(RuleError):
    """The layers end before the overspend does: the last one must have no width."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A slice of an overspend, `width` pence wide (None: all the rest), and the weights by which partners share it."""

    width: int | None
    shares: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class LadderResult:
    """What each rung of the ladder took of an overspend, in pence, what was left, and what each partner pays of it."""

    taken: Mapping[str, int]
    left: int
    calls: Mapping[str, int]


def risk_share(overspend: int, layers: Sequence[Layer]) -> dict[str, int]:
    """Answer what each partner pays of an overspend, in pence that add up to it exactly; partners sorted by code.

    UncoveredRisk unless the last layer, and it alone, has no width; ShareError for shares that share nothing out.
    """
    _must_be_pence("overspend", overspend)
    if not layers or layers[-1].width is not None:
        raise UncoveredRisk("MB10: the last layer needs the width None, so that no overspend is left uncovered.")
    if any(layer.width is None or layer.width <= 0 for layer in layers[:-1]):
        raise UncoveredRisk(
            "MB10: each layer but the last needs a width above 0 p; what follows no width is never met."
        )
    calls: dict[str, int] = defaultdict(int)
    left = overspend
    for number, layer in enumerate(layers, start=1):
        part = left if layer.width is None else min(left, layer.width)
        for partner, pence in _split(part, layer.shares, f"layer {number}").items():
            calls[partner] += pence
        left -= part
    return dict(sorted(calls.items()))


def overspend_ladder(
    overspend: int,
    underspend: int,
    risk_pool: int,
    uncommitted: int,
    shares: Mapping[str, Decimal],
    *,
    order: Sequence[str] = LADDER,
) -> LadderResult:
    """Answer how an overspend of a pooled fund is met: rung after rung, and what is left by the partners.

    The rungs, each with the pence it can give at most: `underspend` of other lines of the pool, the `risk_pool`, and
    `uncommitted` schemes that are cancelled. An underspend that is not needed stays in the pool.
    """
    rungs = {"underspend": underspend, "risk_pool": risk_pool, "uncommitted": uncommitted}
    for name, pence in {"overspend": overspend, **rungs}.items():
        _must_be_pence(name, pence)
    if sorted(order) != sorted(rungs):
        raise RuleError(f"MB9: the order is {', '.join(order)}; expected each of {', '.join(LADDER)} once.")
    taken, left = {}, overspend
    for rung in order:
        taken[rung] = min(left, rungs[rung])
        left -= taken[rung]
    return LadderResult(taken, left, _split(left, shares, "the agreed ratio"))


def _split(pence: int, shares: Mapping[str, Decimal], where: str) -> dict[str, int]:
    if not shares:
        raise ShareError(f"MB10: {where} names no partner.")
    try:
        return dict(split_pence(pence, shares))
    except WeightError as error:
        raise ShareError(f"MB10: the shares of {where} share nothing out. {error}") from None


def _must_be_pence(name: str, pence: int) -> None:
    if isinstance(pence, bool) or not isinstance(pence, int) or pence < 0:
        raise RuleError(f"MB9: {name} is {pence!r}; expected whole pence, 0 or more.")
