"""Single lines of the plans that stand, by their keys: for what hangs on a line elsewhere, such as a budget.

A plan stands by its newest version that was handed in and not drawn back: signed, agreed, being reconciled or
submitted. A draft is nobody's business yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from joinedup.errors import NotFound, did_you_mean
from joinedup.planning.models import Line, Plan, Version
from joinedup.planning.plans.kept_plans import newest_of, state_of, states_of
from joinedup.planning.plans.line_keys import LineKey, parse_line_key
from joinedup.planning.plans.plan_lines import Code, Number, PlanLine, months_of, total, year_of

STANDING: Final = ("submitted", "reconciling", "agreed", "signed")
SETTLED: Final = ("agreed", "signed")
MOST_KEYS = 2_000  # looked at for the nearest one


@dataclass(frozen=True, slots=True)
class KeptLine:
    """What a key means in a plan that stands: the line, whose plan it is on which side, its version and state."""

    key: str
    line: PlanLine
    owner: Code
    side: str
    version: int
    number: int
    state: str

    @property
    def is_settled(self) -> bool:
        """Whether both sides agreed on the plan; else it is only what its owner says."""
        return self.state in SETTLED


@dataclass(frozen=True, slots=True)
class StandingPlan:
    """A plan as it stands: its owner, side and year, its version and state, and its lines of one kind."""

    owner: Code
    side: str
    year: str
    version: int
    number: int
    state: str
    lines: tuple[PlanLine, ...]

    @property
    def is_settled(self) -> bool:
        return self.state in SETTLED


def plan_line(key: str, *, known_at: datetime | None = None) -> KeptLine | None:
    """Answer the line that a key means, of the commissioner's plan where it has one and else of the provider's.

    None where no standing plan has it. LineError for a text that is no key; NotAdditive for a year of prices.
    """
    asked = parse_line_key(key)
    for owner, side in ((asked.commissioner, "commissioner"), (asked.provider, "provider")):
        plan = Plan.objects.filter(owner=owner, side=side, year=asked.year).first() if owner else None
        standing = _standing(plan, known_at) if plan else None
        if standing is None:
            continue
        version, state = standing
        found = _lines_of_key(version, asked)
        if found:
            whole = total(found)._replace(period=asked.period, place=found[0].place if len(found) == 1 else "")
            return KeptLine(str(asked), whole, owner, side, version.pk, version.number, state)
    return None


def must_be_planned(key: str) -> KeptLine:
    """Answer the line that a key means; NotFound with the nearest key there is, LineError for a text that is none."""
    found = plan_line(key)
    if found is None:
        asked = parse_line_key(key)
        near = did_you_mean(str(asked), _keys_near(asked))
        raise NotFound(
            f"MD1: no plan that was submitted has the line '{asked}'.{near} joinedup plan list shows the plans."
        )
    return found


def standing_plans(year: str, *, kind: str, side: str = "", known_at: datetime | None = None) -> Iterator[StandingPlan]:
    """Answer every plan of a year that stands, by owner and side, each with its lines of one kind."""
    months_of(year)
    plans = Plan.objects.filter(year=year, **({"side": side} if side else {}))
    versions = newest_of(plans, states=STANDING, known_at=known_at).values()
    states = states_of(versions, known_at)
    lines: dict[int, list[PlanLine]] = {version.pk: [] for version in versions}
    for row in Line.objects.filter(version__in=lines, kind=kind).order_by("pk"):
        lines[row.version_id].append(_line(row))
    for version in sorted(versions, key=lambda one: (one.plan.owner, one.plan.side)):
        plan, found = version.plan, tuple(lines[version.pk])
        yield StandingPlan(plan.owner, plan.side, plan.year, version.pk, version.number, states[version.pk], found)


def _standing(plan: Plan, known_at: datetime | None) -> tuple[Version, str] | None:
    version = newest_of([plan], states=STANDING, known_at=known_at).get(plan.pk)
    return (version, state_of(version, known_at)) if version else None


def _lines_of_key(version: Version, key: LineKey) -> list[PlanLine]:
    rows = Line.objects.filter(
        version=version, provider=key.provider, kind=key.kind, commissioner=key.commissioner, service=key.service,
        pod=key.pod, measure=key.measure,
    )  # fmt: skip
    found = [_line(row) for row in rows.filter(period=key.period).order_by("place")]
    if not found and key.period == key.year:
        found = [_line(row) for row in rows.filter(period__in=months_of(key.year)).order_by("period", "place")]
    return found


def _keys_near(key: LineKey) -> list[str]:
    """Answer keys of the same year that share a body with this one: those that may have been meant."""
    codes = [code for code in (key.commissioner, key.provider) if code]
    rows = Line.objects.filter(
        Q(provider__in=codes) | Q(commissioner__in=codes), version__plan__year=key.year, kind=key.kind
    )
    names = ("commissioner", "provider", "service", "pod", "period", "measure")
    found = set()
    for row in rows.values_list(*names).distinct().order_by(*names)[:MOST_KEYS]:
        one = LineKey(key.kind, *row)
        found.add(str(one if key.period != key.year else one._replace(period=year_of(one.period))))
    return sorted(found)


def _line(row: Line) -> PlanLine:
    return PlanLine(
        row.kind, row.commissioner, row.provider, row.service, row.pod, row.period, row.measure, row.unit,
        _number(row.value), row.place, None if row.of is None else _number(row.of),
    )  # fmt: skip


def _number(value: Number) -> Number:
    return int(value) if value == int(value) else value
