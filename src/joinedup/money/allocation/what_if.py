"""What a system's places get when a pot, its limits to change or the weights of need are tried otherwise.

The page with the sliders asks this; it stores nothing. The pence come from `allocate_by_need`, and so from
`allocate_tree` and `pace_of_change`, as those of the command line do. Below a place its money goes by need alone:
limits hold between the places of a system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.money.allocation.capitation import Leaf, allocate_tree
from joinedup.money.allocation.explained import Allocation, Limits, Unit, allocate_by_need
from joinedup.money.allocation.splitting import Number, exact, half_up, share_out, split_pence, whole_weights
from joinedup.money.allocation.weighted_populations import WeightedPopulation

BELOW = ("neighbourhood", "practice")
FINENESS = 1_000_000  # parts of a whole into which relative weights of components are rounded, so that they make 1
NO_FLOOR, NO_CAP = -1, 10**9  # as growth: to nothing, and further than any pot goes


@dataclass(frozen=True, slots=True)
class Tried:
    """What is tried: the pot before, by how much it changes, how fast places move to target, what need is made of.

    `before` is in pence; `change` is the growth of the pot (.04 is 4 per cent). `kappa` 1 without `floor`, `cap` and
    `max_under` gives each place its share by need at once. `baseline` is what each place had; without it, the pot
    before by list size. `shares` blends components instead of one.
    """

    system: str
    before: int
    component: str = "core"
    shares: Mapping[str, Decimal] | None = None
    change: Number = 0
    kappa: Number = 1
    floor: Number | None = None
    cap: Number | None = None
    max_under: Number | None = None
    baseline: Mapping[str, int] | None = None

    @property
    def pot(self) -> int:
        """The pot that is shared, in pence: half-up, once."""
        return half_up(Fraction(self.before) * (1 + Fraction(exact(self.change, "the change of the pot", "MA14"))))

    @property
    def is_paced(self) -> bool:
        """Whether anything keeps places from their share by need."""
        return exact(self.kappa, "kappa", "MA9") != 1 or (self.floor, self.cap, self.max_under) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Answer:
    """The allocation to places, what each had (`assumed` where nobody said), and the way down one of them."""

    allocation: Allocation
    before: Mapping[str, int]
    is_assumed: bool
    below: tuple[Unit, ...] = ()


def try_out(table: WeightedPopulation, tried: Tried, *, place: str = "", neighbourhood: str = "") -> Answer:
    """Answer what the places of a system get, and with `place` what its neighbourhoods, or the practices of one, get.

    Everything adds up to what stands above it, to the penny. Raises Infeasible where no way of sharing holds to the
    limits; RuleError for a baseline that is not of these places; NotFound for a place or neighbourhood that is none.
    """
    before = dict(tried.baseline) if tried.baseline else by_list_size(table, tried.system, tried.before)
    _must_be_the_places(table, tried.system, before)
    limits = (
        Limits(
            before,
            tried.kappa,
            NO_FLOOR if tried.floor is None else tried.floor,
            NO_CAP if tried.cap is None else tried.cap,
            tried.max_under,
        )
        if tried.is_paced
        else None
    )
    made = allocate_by_need(
        table, tried.pot, by="place", system=tried.system, component=tried.component, shares=tried.shares, limits=limits
    )
    below = _below(table, tried, made, place, neighbourhood) if place else ()
    return Answer(made, before, not tried.baseline, below)


def by_list_size(table: WeightedPopulation, system: str, pot: int) -> dict[str, int]:
    """Answer a pot shared over a system's places by their projected lists: a start where nobody says what they had."""
    people: dict[str, Decimal] = {}
    for one in table.of(system):
        people[one.place] = people.get(one.place, Decimal(0)) + one.population
    return split_pence(pot, people)


def shares_of_weights(weights: Mapping[str, Number]) -> dict[str, Decimal]:
    """Answer weights as shares of exactly 1, which `blend` asks for; a weight of 0 drops out. WeightError for all 0."""
    parts = share_out(FINENESS, whole_weights(weights))
    return {name: Decimal(part) / FINENESS for name, part in parts.items() if part}


def _below(
    table: WeightedPopulation, tried: Tried, made: Allocation, place: str, neighbourhood: str
) -> tuple[Unit, ...]:
    """Answer the neighbourhoods of a place, or the practices of one: the place's pence go down the tree by need."""
    given = {unit.code: unit.pence for unit in made.units}
    if place not in given:
        raise NotFound(f"'{place}' is no place of {tried.system}.{did_you_mean(place, given)}")
    level = "practice" if neighbourhood else "neighbourhood"

    def of(by: str) -> list[Unit]:
        everything = allocate_by_need(
            table, tried.pot, by=by, system=tried.system, component=tried.component, shares=tried.shares
        )
        return [unit for unit in everything.units if unit.path[0] == place]

    practices = of("practice")
    tree = allocate_tree(
        given[place], [Leaf(unit.path[1:], unit.weighted) for unit in practices], BELOW, as_of=made.as_of
    )
    units = practices if neighbourhood else of(level)
    if neighbourhood:
        known = {unit.path[1] for unit in practices}
        if neighbourhood not in known:
            raise NotFound(f"'{neighbourhood}' is no neighbourhood of {place}.{did_you_mean(neighbourhood, known)}")
        units = [unit for unit in units if unit.path[1] == neighbourhood]
    return tuple(replace(unit, pence=tree[unit.path[1:]]) for unit in units)


def _must_be_the_places(table: WeightedPopulation, system: str, before: Mapping[str, int]) -> None:
    places = {one.place for one in table.of(system)}
    if places != before.keys():
        odd = sorted(places ^ before.keys())
        raise RuleError(f"MA9: say what each place had; {', '.join(odd)} is missing or is no place of {system}.")
