"""An allocation by need with everything that explains it: shares, need indices, distances, what it was made from.

The command line and the pages with their sliders call `allocate_by_need`; the pence come from `allocate_tree` alone,
and with limits to growth from `pace_of_change`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from joinedup import __version__
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.money.allocation.boundaries import BoundaryGap
from joinedup.money.allocation.capitation import Leaf, Path, allocate_tree, blend, need_index
from joinedup.money.allocation.pace import PaceResult, distance_from_target, pace_of_change
from joinedup.money.allocation.splitting import EXACT, RATIO, Number, exact, pence, total
from joinedup.money.allocation.weighted_populations import LEVELS, Practice, WeightedPopulation
from joinedup.planning import year_days


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a year's change (MA9): the baseline in pence of each unit by its code, and the four numbers."""

    baseline: Mapping[str, int]
    kappa: Number
    floor: Number
    cap: Number
    max_under: Number | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """What one unit gets, and why.

    `share` is its part of the pot's weighted population; an index is None where there is nobody to divide by.
    `target_p` is its share by need; `pence` is that too unless limits hold it back.
    """

    path: Path
    level: str
    name: str
    pence: int
    target_p: int
    share: Decimal
    weighted: Decimal
    population: Decimal
    patients: int
    practices: int
    index_of_england: Decimal | None
    index_of_area: Decimal | None
    baseline_p: int | None = None
    opening_dft: Decimal | None = None
    closing_dft: Decimal | None = None

    @property
    def code(self) -> str:
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Allocation:
    """A pot shared over the units of one level; `area` is the system, or England, whose pot it is."""

    year: str
    component: str
    by: str
    as_of: date
    pot: int
    area: Unit
    units: tuple[Unit, ...]
    theta: Decimal | None
    blanks: int
    inputs_hash: str
    parameter_ids: tuple[str, ...]
    table_digest: str
    code_version: str = __version__


def figure(value: Decimal | None) -> float | None:
    """Answer a figure for reading, to six places; money never goes through here."""
    return None if value is None else float(round(value, 6))


def allocate_by_need(
    table: WeightedPopulation,
    pot: int,
    *,
    by: str,
    system: str | None = None,
    component: str = "core",
    shares: Mapping[str, Number] | None = None,
    as_of: date | None = None,
    moved: Sequence[Leaf] = (),
    limits: Limits | None = None,
) -> Allocation:
    """Share a pot of pence of a system, or of England, by need over its places, neighbourhoods or practices.

    The pot always goes down to the practices (MA6) and is shown at the level `by`, so that a place has the same pence
    whichever level is asked for. `shares` blends components instead of using one (MA2). `moved` are leaves (system,
    place, neighbourhood, practice) with their days that take the place of those of the table; `as_of`, the first day
    of the year unless given, picks those that hold. With `limits` the units of `by` change no faster than these allow.

    Raises NotFound for an unknown system, component or level, BoundaryGap for a day that the table says nothing of,
    and as `allocate_tree`, `blend` and `pace_of_change` do.
    """
    pence(pot, "MA4", "the pot")
    levels = LEVELS if system is None else LEVELS[1:]
    if by not in levels:
        raise NotFound(f"A pot of {system or 'England'} cannot be shared by '{by}'.{did_you_mean(by, levels)} "
                       f"Expected {', '.join(levels)}.")  # fmt: skip
    start = year_days(table.year)[0]
    on = as_of or start
    end = start.replace(year=start.year + 1)
    if not start <= on < end:
        raise BoundaryGap(
            f"MA11: the table of {table.year} says who belongs to whom from {start} until {end}, and nothing of {on}. "
            "Give a day of that year, or import the table of the other."
        )
    parts = _parts(table, component, shares)
    leaves = _leaves(table, system, moved, on, (start, end))
    practices = table.by_code
    weights = _weights([practices[leaf.path[-1]] for leaf in leaves], parts)
    cut = 0 if system is None else 1
    down = [Leaf(leaf.path[cut:], weights[leaf.path[-1]], leaf.start, leaf.to) for leaf in leaves]
    tree = allocate_tree(pot, down, levels, as_of=on)
    depth = levels.index(by) + 1
    members: dict[Path, list[Practice]] = {}
    for leaf in down:
        if _holds(leaf, on):
            members.setdefault(leaf.path[:depth], []).append(practices[leaf.path[-1]])
    targets = {path: tree[path] for path in members}
    paced = _paced(members, weights, pot, limits) if limits else None
    everyone = [one for held in members.values() for one in held]
    england = total(EXACT.multiply(share, table.england[name]) for name, share in parts.items())
    everybody = table.england["population"]
    area_sums = _sums(everyone, weights)
    name = table.names.get(("system", system), "") if system else "England"
    area = Unit(
        (system or "England",), "system" if system else "country", name, pot, pot, Decimal(1), *area_sums,
        len(everyone), need_index(area_sums[0], area_sums[1], england, everybody), Decimal(1),
    )  # fmt: skip
    units = []
    for path in sorted(members):
        weighted, population, patients = _sums(members[path], weights)
        key = "/".join(path)
        before = limits.baseline[key] if limits else None
        units.append(
            Unit(
                path, by, table.names.get((by, path[-1]), ""), paced.pence[key] if paced else targets[path],
                targets[path], RATIO.divide(weighted, area.weighted), weighted, population, patients,
                len(members[path]), need_index(weighted, population, england, everybody),
                need_index(weighted, population, area.weighted, area.population), before,
                _opening(before, weighted, area.weighted, limits), paced.dft[key] if paced else None,
            )
        )  # fmt: skip
    told = _inputs(table, pot, system, by, component, shares, on, moved, limits)
    return Allocation(
        table.year, "blend" if shares else component, by, on, pot, area, tuple(units), paced.theta if paced else None,
        len(table.blanks), told, (), table.digest,
    )  # fmt: skip


def _parts(table: WeightedPopulation, component: str, shares: Mapping[str, Number] | None) -> dict[str, Decimal]:
    """Answer the components that count, with their shares; `blend` refuses shares that make no whole."""
    parts = {name: exact(share, f"the share of '{name}'", "MA2") for name, share in (shares or {component: 1}).items()}
    for name in parts:
        if name not in table.components:
            raise NotFound(f"The table was read without the component '{name}'.{did_you_mean(name, table.components)}")
    return parts


def _weights(practices: Iterable[Practice], parts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    held = {one.code: one for one in practices}
    return blend({name: {code: one.weighted[name] for code, one in held.items()} for name in parts}, parts)


def _leaves(
    table: WeightedPopulation, system: str | None, moved: Sequence[Leaf], on: date, year: tuple[date, date]
) -> list[Leaf]:
    """Answer the leaves of the system's tree, or England's: of the table, and of what was given in its place."""
    elsewhere = {leaf.path[-1] for leaf in moved}
    for code in sorted(elsewhere - table.by_code.keys()):
        raise NotFound(f"'{code}' is no practice of the weighted populations of {table.year}."
                       f"{did_you_mean(code, table.by_code)} Only practices of that table have a weight.")  # fmt: skip
    # A practice that is in another system on the day is no gap in this one.
    gone = {leaf.path[-1] for leaf in moved if system not in (None, leaf.path[0]) and _holds(leaf, on)}
    stayed = table.practices if system is None else table.of(system)
    kept = [Leaf(one.path(), 0, *year) for one in stayed if one.code not in elsewhere]
    came = [
        leaf for leaf in moved if system in (None, leaf.path[0]) and (leaf.path[-1] not in gone or _holds(leaf, on))
    ]
    return kept + came


def _holds(leaf: Leaf, on: date) -> bool:
    return leaf.start <= on and (leaf.to is None or on < leaf.to)


def _sums(practices: Iterable[Practice], weights: Mapping[str, Decimal]) -> tuple[Decimal, Decimal, int]:
    held = list(practices)
    return (
        total(weights[one.code] for one in held),
        total(one.population for one in held),
        sum(one.patients for one in held),
    )


def _paced(
    members: Mapping[Path, Sequence[Practice]], weights: Mapping[str, Decimal], pot: int, limits: Limits
) -> PaceResult:
    wp = {"/".join(path): total(weights[one.code] for one in held) for path, held in members.items()}
    return pace_of_change(
        limits.baseline, wp, pot, kappa=limits.kappa, floor=limits.floor, cap=limits.cap, max_under=limits.max_under
    )


def _opening(before: int | None, weighted: Decimal, whole: Decimal, limits: Limits | None) -> Decimal | None:
    """Answer the distance from the share by need of this year's pot, which is the sum of the baselines (MA8)."""
    if before is None or limits is None or not weighted:
        return None
    pot = sum(limits.baseline.values())
    target = int(RATIO.divide(Decimal(pot) * weighted, whole).to_integral_value())
    return distance_from_target(before, target) if target else None


def _inputs(
    table: WeightedPopulation,
    pot: int,
    system: str | None,
    by: str,
    component: str,
    shares: Mapping[str, Number] | None,
    on: date,
    moved: Sequence[Leaf],
    limits: Limits | None,
) -> str:
    """Answer the SHA-256 of all that the answer depends on: the same inputs have the same, and give the same bytes."""
    told: dict[str, object] = {
        "table": table.digest, "year": table.year, "blank": table.blank, "pot_pence": pot, "system": system, "by": by,
        "component": None if shares else component,
        "shares": {name: str(exact(share, "a share")) for name, share in shares.items()} if shares else None,
        "as_of": str(on),
        "moved": sorted([*leaf.path, str(leaf.start), str(leaf.to)] for leaf in moved),
    }  # fmt: skip
    if limits:
        numbers = (limits.kappa, limits.floor, limits.cap, limits.max_under)
        told["limits"] = [None if number is None else str(exact(number, "a limit")) for number in numbers]
        told["baseline"] = dict(limits.baseline)
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def pot_of_pounds(text: str) -> int:
    """Answer the pence of an amount in pounds, "1000000000" or "2,500,000,000.01"; RuleError for a part of a penny."""
    pounds = exact(text.replace(",", "").removeprefix("£"), "the pot", "M0.1")
    amount = pounds.scaleb(2)
    if amount != amount.to_integral_value():
        raise RuleError(f"M0.1: £{text} has a part of a penny; expected two places after the point at most.")
    return int(amount)
