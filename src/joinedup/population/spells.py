"""Months as bits of a whole number, and as spells: (first place, last place) of a grid. Ibis expressions only.

Every function answers the same on every engine: no order-sensitive aggregate, no rounding. A "mask table" is
(who, mask), one row a person, no mask 0; a "spell table" is (who, first, last) with any number of rows a person.
"""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _bit_or() -> Any:
    import ibis

    # Both engines have it by this name; Ibis knows it of one of them only.
    @ibis.udf.agg.builtin(name="bit_or")  # type: ignore[untyped-decorator]
    def bit_or(mask: int) -> int:
        raise NotImplementedError

    return bit_or


def power(place: Any) -> Any:
    """Answer 2 to the place; shifting a large number down, because engines hold a 1 in fewer bits than we need."""
    import ibis

    return ibis.literal(2**62) >> (62 - place)


def whole(length: int) -> int:
    """Answer the mask of a grid's every place."""
    return (1 << length) - 1


def inverse(mask: Any) -> Any:
    """Answer the other bits. Not with ~, which is written without the brackets that it needs before a shift."""
    return -1 - mask


def mask_between(first: Any, last: Any) -> Any:
    return power(last + 1) - power(first)


def clipped(spells: Any, length: int) -> Any:
    """Answer the spells cut to the grid; those that lie outside, are empty or have no end known are left out."""
    import ibis

    # Engines take the larger of a number and nothing to be the number, so what has no place is left out first.
    spells = spells.filter(spells["first"].notnull() & spells["last"].notnull())
    inside = spells.mutate(first=ibis.greatest(spells.first, 0), last=ibis.least(spells.last, length - 1))
    return inside.filter(inside.first <= inside.last)


def masks(spells: Any, length: int, *, by: tuple[str, ...] = ("who",)) -> Any:
    """Answer the mask table of spells, which may overlap."""
    inside = clipped(spells, length)
    bits = inside.select(*by, mask=mask_between(inside.first, inside.last))
    return bits.group_by(*by).aggregate(mask=_bit_or()(bits.mask))


def united(tables: list[Any], *, by: tuple[str, ...] = ("who",)) -> Any:
    """Answer the mask table of those for whom any of some mask tables holds."""
    import ibis

    if len(tables) == 1:
        return tables[0]
    rows = ibis.union(*[one.select(*by, "mask") for one in tables])
    return rows.group_by(*by).aggregate(mask=_bit_or()(rows.mask))


def both(left: Any, right: Any) -> Any:
    """Answer the mask table of those for whom two mask tables hold at once."""
    other = right.select(who="who", other="mask")
    met = left.inner_join(other, "who").select("who", mask=lambda t: t.mask & t.other)
    return met.filter(met.mask != 0)


def without(left: Any, right: Any) -> Any:
    """Answer a mask table less the months of another."""
    import ibis

    other = right.select(who_else="who", other="mask")
    met = left.left_join(other, left.who == other.who_else)
    rest = met.select("who", mask=met.mask & inverse(ibis.coalesce(met.other, ibis.literal(0)).cast("int64")))
    return rest.filter(rest.mask != 0)


def at_least(spells: Any, many: int, length: int, *, by: tuple[str, ...] = ("who",)) -> Any:
    """Answer the mask table of the months in which at least so many of a person's spells hold at once."""
    if many <= 1:
        return masks(spells, length, by=by)
    counted = held_at_once(spells, length, by=by)
    return masks(counted.filter(counted.held >= many), length, by=by)


def held_at_once(spells: Any, length: int, *, by: tuple[str, ...] = ("who",)) -> Any:
    """Answer (who, first, last, held): how many of a person's spells hold at once, from when to when."""
    import ibis

    inside = clipped(spells, length)
    changes = ibis.union(
        inside.select(*by, place="first", change=ibis.literal(1).cast("int32")),
        inside.select(*by, place=(inside.last + 1).cast("int32"), change=ibis.literal(-1).cast("int32")),
    )
    steps = changes.group_by(*by, "place").aggregate(change=changes.change.sum())
    running = ibis.window(group_by=list(by), order_by="place", preceding=None, following=0)
    ahead = ibis.window(group_by=list(by), order_by="place")
    counted = steps.mutate(held=steps.change.sum().over(running), next=steps.place.lead().over(ahead))
    held = counted.filter(counted.held > 0)
    return held.select(*by, "held", first="place", last=(held.next - 1).cast("int32"))


def at_least_in_order(spells: Any, many: int, length: int) -> Any:
    """Answer `at_least` for spells of which a later one never ends earlier: events within one stretch of time.

    Then so many hold at once when one has begun while the one so many before it still lasts. Spells that begin and end
    alike are alike, so that their order does not matter.
    """
    import ibis

    if many <= 1:
        return masks(spells, length)
    inside = spells.filter((spells.last >= 0) & (spells.first < length))
    order = ibis.window(group_by="who", order_by=["first", "last"])
    earlier = inside.mutate(ends=inside["last"].lag(many - 1).over(order))
    held = earlier.filter(earlier.ends.notnull())
    return masks(held.select("who", "first", last="ends"), length)


def spells_of(masks: Any, places: Any, length: int) -> Any:
    """Answer the maximal spells of a mask table. Worked out once for each different mask: there are few."""
    table = masks
    kinds = table.select("mask").distinct()
    starts = kinds.join(places.filter(places.place < length), True)
    at = starts.mutate(run=starts.mask >> starts.place)
    # A start is a set bit with none before it; the lowest unset bit of what follows says how long the spell is.
    begins = at.filter(((at.run & 1) == 1) & ((((at.mask << 1) >> at.place) & 1) == 0))
    begins = begins.select(of="mask", first="place", beyond=(begins.run + 1) & inverse(begins.run))
    ends = places.select(size="place", beyond="power")
    found = begins.inner_join(ends, "beyond").select("of", "first", last=lambda t: t.first + t.size - 1)
    return table.inner_join(found, table.mask == found.of).drop("of", "mask")
