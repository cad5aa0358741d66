"""Pairs of lines: what the commissioner and the provider each say of the same thing (rule MD4).

Where one side is coarser, the finer side is summed up to it, its prices weighted by its units; a coarser figure is
never split. What only one side says is a pair, too. Provider totals hold other commissioners' patients, so a
commissioner's share of a trust is held against the share of the trust's patients who live there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import compress
from pathlib import Path
from typing import NamedTuple

from joinedup.errors import FileError, NotFound, RuleError
from joinedup.planning.plans.plan_lines import (
    ACTIVITY,
    PENCE,
    UNIT_PRICE,
    Code,
    Number,
    PlanLine,
    point_of_delivery,
    prices_of,
)
from joinedup.planning.plans.versions import PlanVersion
from joinedup.planning.triangulation.crosswalks import CrosswalkMissing, Crosswalks
from joinedup.planning.triangulation.mean_prices import prices_of_parts, with_mean_prices

LOOKUP = ("nhs_trust22_code", "icb22_code", "proportion_trust_came_from_icb")


class UnitMismatch(RuleError):
    """Both sides speak of the same thing in different units."""


class Pair(NamedTuple):
    """What each side says of one thing; None where it says nothing. `price_p` is pence for a unit, 0 if unknown.

    Rates have numerators in `commissioner_value` and `provider_value` and denominators in the two `_of`.
    """

    kind: str
    commissioner: Code
    provider: Code
    service: Code
    pod: Code
    period: str
    measure: str
    unit: str
    commissioner_value: Number | None
    provider_value: Number | None
    commissioner_of: Number | None = None
    provider_of: Number | None = None
    price_p: int = 0


@dataclass(frozen=True, slots=True)
class ShareWarning:
    """The commissioner's share of a provider's planned activity is far from its share of the provider's patients."""

    provider: Code
    unit: str
    commissioner_plan: Number
    provider_plan: Number
    implied: Decimal
    expected: Decimal

    @property
    def plausible(self) -> Decimal:
        """How many of the provider's units the share of its patients would be."""
        return self.provider_plan * self.expected


Key = tuple[str, Code, Code, Code, Code, str, str]  # kind, commissioner, provider, service, pod, period, measure


class _Side(NamedTuple):
    """One side's lines of a comparison, thrice in one order: as its plan has them, under the codes that bodies bear
    on the day, and at the grain of the comparison.
    """

    kept: list[PlanLine]
    own: list[PlanLine]
    lifted: list[PlanLine]


def pair_lines(
    c: PlanVersion,
    p: PlanVersion,
    crosswalks: Crosswalks,
    *,
    as_of: date,
    prices: Mapping[tuple[Code, Code], int] | None = None,
) -> list[Pair]:
    """Answer the pairs of a commissioner's and a provider's plan, sorted by their keys.

    Lines of other bodies than these two are left out: a provider's plan also holds other commissioners' patients. Lines
    without a commissioner (a provider's own staff or pay) pair on the provider, where the other side speaks of that
    measure at all; prices pair where both sides say one, a finer side's as the mean over the units that it plans.
    `prices` is pence by (service, pod); without it, those of the commissioner's plan, else of the provider's, else of
    the finer codes that a coarser one is made of (`prices_of_parts`). Where nobody says a price it is 0.

    UnitMismatch when units of one key differ; CrosswalkMissing for a POD that is neither in use on `as_of` nor in the
    crosswalk, and for a code whose rows do not hold on `as_of`; RuleError unless one is of each side.
    """
    ours, theirs = _at_one_grain(c, p, crosswalks, as_of)
    left, right = (_sum(with_mean_prices(side.own, side.lifted)) for side in (ours, theirs))
    if prices is None:
        of_parts = prices_of_parts(theirs.own, theirs.lifted) | prices_of_parts(ours.own, ours.lifted)
        prices = of_parts | prices_of(p.lines) | prices_of(c.lines)
    # In the order of the lines, which is that of the keys where a plan was kept: sorting then has nothing to do.
    keys = [key for key in left if key[6] != UNIT_PRICE or key in right]
    keys += [key for key in right if key not in left and key[6] != UNIT_PRICE]
    keys.sort()
    return [_pair(key, left.get(key), right.get(key), prices) for key in keys]


def lines_of_pairs(
    c: PlanVersion, p: PlanVersion, crosswalks: Crosswalks, *, as_of: date
) -> tuple[dict[Key, list[PlanLine]], dict[Key, list[PlanLine]]]:
    """Answer which lines of the commissioner's and of the provider's plan each pair is made of; raises as `pair_lines`.

    The lines are those of the versions themselves, before any code was succeeded or lifted.
    """
    found: list[dict[Key, list[PlanLine]]] = []
    for side in _at_one_grain(c, p, crosswalks, as_of):
        by_key: dict[Key, list[PlanLine]] = {}
        for kept, lifted in zip(side.kept, side.lifted, strict=True):
            by_key.setdefault(lifted[:7], []).append(kept)
        found.append(by_key)
    return found[0], found[1]


def share_warnings(
    c: PlanVersion, p: PlanVersion, shares: Mapping[Code, Decimal], *, points: Decimal | int = 5
) -> list[ShareWarning]:
    """Answer, for each unit of activity of a provider whose share is known, where the plans' share is not plausible.

    Implied: the commissioner's figure over the provider's for all commissioners. Warned when it lies more than `points`
    percentage points from the share of the provider's patients. Nothing for a provider of unknown share, or without
    activity.
    """
    if p.owner not in shares:
        return []
    ours = _activity(line for line in c.lines if line.provider == p.owner)
    theirs = _activity(p.lines)
    found = []
    for unit, of_all in sorted(theirs.items()):
        if unit not in ours or not of_all:
            continue
        implied = Decimal(ours[unit]) / Decimal(of_all)
        if abs(implied - shares[p.owner]) * 100 > points:
            found.append(ShareWarning(p.owner, unit, ours[unit], of_all, implied, shares[p.owner]))
    return found


def read_patient_shares(path: Path | str, *, system: Code) -> dict[Code, Decimal]:
    """Read each trust's share of patients from a system: a CSV with the columns of `LOOKUP`.

    The published lookup covers acute trusts only. FileError names line and field.
    """
    path = Path(path)
    trust, area, share = LOOKUP
    found: dict[Code, Decimal] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for name in LOOKUP:
            if name not in (reader.fieldnames or ()):
                raise FileError(path.name, f"the column {name} is missing", "Give the published lookup of trusts.")
        for number, row in enumerate(reader, start=2):
            if row[area] != system:
                continue
            try:
                found[row[trust]] = Decimal(row[share])
            except InvalidOperation:
                raise FileError(
                    path.name, "expected a share such as 0.85", "Correct it.", line=number, field=share
                ) from None
    if not found:
        raise FileError(path.name, f"no trust has patients from {system}", "Give the system's code as in the file.")
    return found


def _at_one_grain(c: PlanVersion, p: PlanVersion, crosswalks: Crosswalks, as_of: date) -> tuple[_Side, _Side]:
    """Answer what the two plans say of each other, the finer side's codes lifted to the coarser one's."""
    if (c.side, p.side) != ("commissioner", "provider"):
        raise RuleError(f"MD4: expected a commissioner's and a provider's plan, not a {c.side}'s and a {p.side}'s.")
    if c.year != p.year:
        raise RuleError(f"MD4: {c.name} and {p.name} are of different years; compare plans of one year.")
    succession = {name: crosswalks.ancestors(name, as_of) for name in ("commissioner", "provider")}
    owners = {_last(succession["commissioner"], c.owner), _last(succession["provider"], p.owner)}
    both = [_of_both(version.lines, owners, succession) for version in (c, p)]
    _check_codes([*both[0][1], *both[1][1]], crosswalks, as_of)
    said = [{(line.kind, line.measure) for line in own if not line.commissioner} for _, own in both]
    (our_kept, ours), (their_kept, theirs) = (
        _spoken_of(*one, others) for one, others in zip(both, reversed(said), strict=True)
    )
    own = ours, theirs
    for name, alike in (("measure", (0, 1, 2)), ("service", (0, 1, 2, 6)), ("pod", (0, 1, 2, 3, 6))):
        ours, theirs = _lift(name, alike, ours, theirs, crosswalks.ancestors(name, as_of))
    return _Side(our_kept, own[0], ours), _Side(their_kept, own[1], theirs)


def _of_both(
    lines: Iterable[PlanLine], owners: set[Code], succession: Mapping[str, Mapping[Code, tuple[Code, ...]]]
) -> tuple[list[PlanLine], list[PlanLine]]:
    """Answer the lines between the two owners, as they are and under the codes that bodies bear on the day."""
    commissioners, providers = succession["commissioner"], succession["provider"]
    kept, own = [], []
    for line in lines:
        now = line
        if line.commissioner in commissioners or line.provider in providers:
            now = line._replace(
                commissioner=_last(commissioners, line.commissioner), provider=_last(providers, line.provider)
            )
        if now.provider in owners and (not now.commissioner or now.commissioner in owners):
            kept.append(line)
            own.append(now)
    return kept, own


def _spoken_of(
    kept: list[PlanLine], own: list[PlanLine], measures: set[tuple[str, str]]
) -> tuple[list[PlanLine], list[PlanLine]]:
    """Answer the lines but for those of one body's own affairs that the other side's plan is not about."""
    goes_in = [bool(line.commissioner) or (line.kind, line.measure) in measures for line in own]
    return list(compress(kept, goes_in)), list(compress(own, goes_in))


def _last(ancestors: Mapping[Code, tuple[Code, ...]], code: Code) -> Code:
    return ancestors[code][-1] if code in ancestors else code


def _check_codes(lines: Iterable[PlanLine], crosswalks: Crosswalks, as_of: date) -> None:
    pods: set[Code] = set()
    services: set[Code] = set()
    measures: set[Code] = set()
    for line in lines:
        services.add(line.service)
        measures.add(line.measure)
        if line.kind == "activity":
            pods.add(line.pod)
    for name, codes in (("service", services), ("measure", measures), ("pod", pods)):
        for code in codes:
            crosswalks.must_know(name, code, as_of)
    mapped = crosswalks.on("pod", as_of)
    for pod in sorted(pods - mapped.keys() - set(mapped.values())):
        try:
            point_of_delivery(pod, as_of)
        except NotFound as error:
            raise CrosswalkMissing(f"MD4: {error} Or add a row of the crosswalk for it.") from None


def _lift(
    name: str,
    alike: tuple[int, ...],
    ours: list[PlanLine],
    theirs: list[PlanLine],
    ancestors: Mapping[Code, tuple[Code, ...]],
) -> tuple[list[PlanLine], list[PlanLine]]:
    """Answer both sides' lines with a finer code as the coarsest that either side uses for the same thing."""
    if not ancestors:
        return ours, theirs
    coarse = {code for chain in ancestors.values() for code in chain}
    where = PlanLine._fields.index(name)
    used = {
        (line[where], *(line[one] for one in alike))
        for side in (ours, theirs)
        for line in side
        if line[where] in coarse
    }
    if not used:
        return ours, theirs

    def lifted(line: PlanLine) -> PlanLine:
        for code in reversed(ancestors.get(str(line[where]), ())):
            if (code, *(line[one] for one in alike)) in used:
                return PlanLine._make((*line[:where], code, *line[where + 1 :]))
        return line

    return [lifted(line) for line in ours], [lifted(line) for line in theirs]


def _sum(lines: Iterable[PlanLine]) -> dict[Key, tuple[str, Number, Number | None]]:
    found: dict[Key, tuple[str, Number, Number | None]] = {}
    for line in lines:
        key = line[:7]
        held = found.get(key)
        if held is None:
            found[key] = (line.unit, line.value, line.of)
            continue
        unit, value, of = held
        if unit != line.unit or (of is None) != (line.of is None):
            raise _mismatch(key, _told(unit, of), _told(line.unit, line.of))
        found[key] = (unit, value + line.value, None if of is None or line.of is None else of + line.of)
    return found


def _pair(
    key: Key,
    ours: tuple[str, Number, Number | None] | None,
    theirs: tuple[str, Number, Number | None] | None,
    prices: Mapping[tuple[Code, Code], int],
) -> Pair:
    if ours is not None and theirs is not None and ours[0] != theirs[0]:
        raise _mismatch(key, ours[0], theirs[0])
    either = ours or theirs
    assert either is not None
    unit = either[0]
    price = 1 if unit == PENCE else prices.get((key[3], key[4]), 0) if key[0] == "activity" else 0
    _, c_value, c_of = ours or (unit, None, None)
    _, p_value, p_of = theirs or (unit, None, None)
    return Pair._make((*key, unit, c_value, p_value, c_of, p_of, price))


def _told(unit: str, of: Number | None) -> str:
    return unit if of is None else f"{unit} with a denominator"


def _mismatch(key: Key, one: str, other: str) -> UnitMismatch:
    return UnitMismatch(
        f"MD4: {' '.join(part for part in key if part)} is in {one} on one line and in {other} on another; give both "
        "in one unit."
    )


def _activity(lines: Iterable[PlanLine]) -> dict[str, Number]:
    found: dict[str, Number] = {}
    for line in lines:
        if line.kind == "activity" and line.measure == ACTIVITY:
            found[line.unit] = found.get(line.unit, 0) + line.value
    return found
