"""Rosters beside what plans say and need: where they differ, and which skills are short (rules MD2, MD8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from joinedup.planning.parameters import ParameterSet
from joinedup.planning.plans.plan_lines import Code
from joinedup.planning.workforce.needed import scale_of, staff_needed
from joinedup.planning.workforce.rosters import StaffSum

COMPARED = ("establishment", "in_post", "bank", "agency")


class PlannedStaff(NamedTuple):
    """A sum of workforce lines: of one provider, profession and place, in a month."""

    provider: Code
    profession: Code
    place: Code
    period: str
    measure: str  # of workforce.MEASURES
    value: Decimal


@dataclass(frozen=True, slots=True)
class PlanBeside:
    """One measure of a group, in WTE, as plan and roster have it; None where only one of them speaks."""

    partner: Code
    profession: Code
    measure: str
    planned: Decimal | None
    rostered: Decimal | None

    @property
    def apart(self) -> Decimal | None:
        """Roster less plan; below 0 when the roster has less than was planned."""
        return None if self.planned is None or self.rostered is None else self.rostered - self.planned


@dataclass(frozen=True, slots=True)
class SkillGap:
    """The WTE of a profession, or of those of it with a skill, that plans need and that there are.

    Of a profession, in post, bank and agency work; of a skill only those in post, since a roster does not say what
    bank and agency can do.
    """

    profession: Code
    skill: Code  # "" for the profession as a whole
    needed: Decimal
    working: Decimal
    headcount: int

    @property
    def short(self) -> Decimal:
        """Needed less working; below 0 when there are more than the plans need."""
        return self.needed - self.working

    @property
    def short_share(self) -> Decimal | None:
        return self.short / self.needed if self.needed else None


def beside_plans(
    sums: Iterable[StaffSum], planned: Iterable[PlannedStaff], month: str, parameters: ParameterSet, on: date
) -> list[PlanBeside]:
    """Answer both for each partner that has a plan, its professions and measures, sorted; plans scaled to their whole.

    `sums` are of one month. A profession that only one side knows is answered with None on the other.
    """
    theirs: dict[tuple[Code, Code, str], Decimal] = {}
    for line in planned:
        if line.period == month and line.measure in COMPARED:
            key = (line.provider, line.profession, line.measure)
            theirs[key] = theirs.get(key, Decimal(0)) + line.value * scale_of(parameters, line.provider, on)
    partners = {key[0] for key in theirs}
    ours: dict[tuple[Code, Code, str], Decimal] = {}
    for one in sums:
        if one.partner in partners:
            for measure in COMPARED:
                key = (one.partner, one.profession, measure)
                ours[key] = ours.get(key, Decimal(0)) + Decimal(getattr(one, measure))
    order = {measure: place for place, measure in enumerate(COMPARED)}
    keys = sorted({*theirs, *ours}, key=lambda key: (key[0], key[1], order[key[2]]))
    return [PlanBeside(*key, theirs.get(key), ours.get(key)) for key in keys]


@dataclass(frozen=True, slots=True)
class Skills:
    """Needed and working by profession and skill, the largest shortage first; of which partners; what is not counted.

    `uncounted` are (partner, point of delivery) of which nobody said what minutes of whom a unit takes.
    """

    gaps: tuple[SkillGap, ...]
    partners: tuple[Code, ...]
    uncounted: tuple[tuple[Code, Code], ...]


def skills_needed(
    sums: Iterable[StaffSum],
    skilled: Mapping[tuple[Code, Code, Code, Code], tuple[Decimal, int]],
    activity: Mapping[tuple[Code, Code, str], Decimal],
    parameters: ParameterSet,
    on: date,
) -> Skills:
    """Answer what the activity of the plans' year needs beside the staff of the same partners.

    `skilled` has WTE and people in post by (partner, place, profession, skill), `activity` units by (partner, point of
    delivery, period). Partners without activity or without staff are left out of both sides.
    """
    every = list(sums)
    units: dict[Code, dict[Code, Decimal]] = {}
    for (partner, pod, _period), many in activity.items():
        of = units.setdefault(partner, {})
        of[pod] = of.get(pod, Decimal(0)) + many
    here = {one.partner for one in every}
    needed: dict[tuple[Code, Code], Decimal] = {}
    uncounted: list[tuple[Code, Code]] = []
    counted = []
    for partner in sorted(units.keys() & here):
        found = staff_needed(units[partner], parameters, on, scale=scale_of(parameters, partner, on))
        uncounted += [(partner, pod) for pod in found.uncounted]
        if not found.is_known:
            continue
        counted.append(partner)
        whole = {(profession, ""): wte for profession, wte in found.by_profession.items()}
        for who, wte in (*whole.items(), *found.by_skill.items()):
            needed[who] = needed.get(who, Decimal(0)) + wte
    working: dict[tuple[Code, Code], list[Decimal]] = {}
    for one in every:
        if one.partner in counted:
            _add(working, (one.profession, ""), one.in_post + one.bank + one.agency, one.headcount)
    for (partner, _place, profession, skill), (wte, people) in skilled.items():
        if partner in counted:
            _add(working, (profession, skill), wte, people)
    none = [Decimal(0), Decimal(0)]
    gaps = [SkillGap(*who, wte, working.get(who, none)[0], int(working.get(who, none)[1]))
            for who, wte in needed.items()]  # fmt: skip
    gaps.sort(key=lambda one: (-one.short, one.profession, one.skill))
    return Skills(tuple(gaps), tuple(counted), tuple(uncounted))


def _add(working: dict[tuple[Code, Code], list[Decimal]], who: tuple[Code, Code], wte: Decimal, people: int) -> None:
    held = working.setdefault(who, [Decimal(0), Decimal(0)])
    held[0] += wte
    held[1] += people
