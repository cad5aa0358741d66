"""Need-weighted capitation: from components of need to shares of a pot, level by level (rules MA2, MA3, MA4, MA6, MA7).

A weighted population is a population scaled by need, so that England's weighted population is England's population. A
pot is shared over the units of the highest level, then each unit's share over those below it, and so on: every level
adds up to the one above it to the penny.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from joinedup.errors import RuleError, did_you_mean
from joinedup.money.allocation.boundaries import EARLIEST, gap, overlap
from joinedup.money.allocation.splitting import (
    EXACT,
    RATIO,
    Code,
    Number,
    ShareError,
    WeightError,
    exact,
    pence,
    share_out,
    total,
    whole_weights,
)

Path = tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A unit of the lowest level: the way down to it, itself included, its weight, and from when until when it is so.

    A unit that moves has a leaf for each of its places, one after the other. It is known by the last code of its path;
    where that says too little (a network called "U" in many places), `known_as` tells it from the others.
    """

    path: Path
    weight: Number
    start: date = EARLIEST
    to: date | None = None
    known_as: Code = ""


def blend(components: Mapping[str, Mapping[Code, Decimal]], shares: Mapping[str, Number]) -> dict[Code, Decimal]:
    """Answer each unit's weighted population as the sum of its components, each times its share (MA2).

    Raises ShareError unless the shares are 0 or more and make exactly 1, and unless every share has its component;
    WeightError where a unit is in one component and not in another, because what is missing is not 0.
    """
    held = {name: exact(share, f"the share of '{name}'", "MA2") for name, share in shares.items()}
    for name, share in held.items():
        if name not in components:
            raise ShareError(f"MA2: there is no component '{name}'.{did_you_mean(name, components)} "
                             f"Components: {', '.join(components)}.")  # fmt: skip
        if share < 0:
            raise ShareError(f"MA2: the share of '{name}' is {share}; expected 0 or more.")
    whole = total(held.values())
    if whole != 1:
        raise ShareError(f"MA2: the shares make {whole}; expected exactly 1. Correct them: they are never scaled here.")
    units: dict[Code, None] = {}
    for name in held:
        units.update(dict.fromkeys(components[name]))
    blended: dict[Code, Decimal] = {}
    for unit in units:
        added = Decimal(0)
        for name, share in held.items():
            if unit not in components[name]:
                raise WeightError(
                    f"MA2: '{unit}' has no '{name}'; expected one for every unit. Say what a blank means (M0.6)."
                )
            added = EXACT.add(added, EXACT.multiply(share, components[name][unit]))
        blended[unit] = added
    return blended


def need_index(wp: Decimal, pop: Decimal, parent_wp: Decimal, parent_pop: Decimal) -> Decimal | None:
    """Answer how needy a unit is beside its parent: 1 is as needy, more is needier (MA3), unrounded.

    Weighted and plain population are summed over members before they come here. None where there is nobody to divide
    by: an index of 1 would say that the unit is as needy as its parent. Raises WeightError below 0.
    """
    given = {"the weighted population": wp, "the population": pop,
             "the parent's weighted population": parent_wp, "the parent's population": parent_pop}  # fmt: skip
    for what, value in given.items():
        if exact(value, what, "MA3") < 0:
            raise WeightError(f"MA3: {what} is {value}; expected 0 or more.")
    below = EXACT.multiply(pop, parent_wp)
    return RATIO.divide(EXACT.multiply(wp, parent_pop), below) if below else None


def allocate_tree(pot: int, leaves: Iterable[Leaf], levels: Sequence[str], *, as_of: date) -> dict[Path, int]:
    """Share a pot by need down the levels, so that every unit's share is exactly the sum of those below it (MA6).

    `levels` names the levels from the highest down to the leaves, such as ("place", "neighbourhood", "practice"); each
    leaf's path has one code for each. The answer has every unit of every level by its path, a unit before those below
    it: a network in two places is two units (MA7). A unit whose weights are all 0 gets 0. The order of the leaves
    changes no share.

    Raises BoundaryGap for a leaf that is nowhere on `as_of`, BoundaryOverlap for one that is in two places, WeightError
    as `split_pence`, RuleError for a path of another length.
    """
    pence(pot, "MA6", "the pot")
    chosen = _leaves_on(leaves, levels, as_of)
    weights = whole_weights({leaf.path: leaf.weight for leaf in chosen.values()})
    if not any(weights.values()):
        raise WeightError(f"MA6: none of the {len(weights)} leaves has a weight above 0; expected one that has.")
    summed: dict[Path, int] = {}
    below: dict[Path, list[Path]] = {}
    for path in sorted(weights):
        weight = weights[path]
        for depth in range(1, len(path) + 1):
            unit = path[:depth]
            if unit in summed:
                summed[unit] += weight
            else:
                summed[unit] = weight
                below.setdefault(path[: depth - 1], []).append(unit)
    shares: dict[Path, int] = {}
    ahead: list[tuple[Path, int]] = [((), pot)]
    while ahead:
        parent, amount = ahead.pop()
        children = below.get(parent)
        if children is None:
            continue
        held = {unit: summed[unit] for unit in children}
        # Nothing was given to a unit without weight, so those below it share nothing.
        found = share_out(amount, held) if parent == () or summed[parent] else dict.fromkeys(children, 0)
        shares.update(found)
        ahead.extend(found.items())
    return shares


def _leaves_on(leaves: Iterable[Leaf], levels: Sequence[str], as_of: date) -> dict[Code, Leaf]:
    """Answer the one leaf of each unit on a day, by its code."""
    if not levels:
        raise RuleError("MA6: no levels; expected at least one, such as ('place', 'practice').")
    chosen: dict[Code, Leaf] = {}
    elsewhere: set[Code] = set()
    for leaf in leaves:
        if len(leaf.path) != len(levels):
            raise RuleError(
                f"MA6: the path {' / '.join(leaf.path)} has {len(leaf.path)} codes; expected {len(levels)}, "
                f"one for each of {', '.join(levels)}."
            )
        code = leaf.known_as or leaf.path[-1]
        if not (leaf.start <= as_of and (leaf.to is None or as_of < leaf.to)):
            elsewhere.add(code)
        elif code in chosen:
            raise overlap(code, as_of, *(" / ".join(one.path[:-1]) or "the pot" for one in (chosen[code], leaf)))
        else:
            chosen[code] = leaf
    for code in sorted(elsewhere - chosen.keys()):
        raise gap(code, as_of)
    if not chosen:
        raise WeightError("MA6: no leaves; expected at least one to give the pot to.")
    return chosen
