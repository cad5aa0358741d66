"""People who do the work: posts, WTE, vacancies, joiners and leavers, and skills against what the plan needs (MD2).

One WTE (whole-time equivalent) is a full-time week. Staff who work in sessions (consultants, general practitioners)
have a divisor of their own. Posts that are filled, plus bank and agency, are what is worked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from joinedup.errors import RuleError
from joinedup.planning.plans.plan_lines import PEOPLE, WTE, Code, Number, PlanLine, first_day

WEEK = Decimal("37.5")  # contracted hours a week of one WTE
# What a workforce line may measure, and in what.
MEASURES = {
    "establishment": WTE,
    "in_post": WTE,
    "bank": WTE,
    "agency": WTE,
    "needed": WTE,
    "joiners": WTE,
    "leavers": WTE,
    "headcount": PEOPLE,
}
KEYS = {"partner": "provider", "profession": "pod", "place": "place"}


class StaffBalance(RuleError):
    """Staff in post at the end are not those at the start, plus joiners, less leavers."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """The staff of one group (partner, profession, place, as asked) in one month; None where no line says."""

    group: tuple[Code, ...]
    period: str
    establishment: Decimal | None
    in_post: Decimal | None
    bank: Decimal
    agency: Decimal
    needed: Decimal | None
    joiners: Decimal
    leavers: Decimal
    headcount: int | None

    @property
    def worked(self) -> Decimal | None:
        """In post, bank and agency."""
        return None if self.in_post is None else self.in_post + self.bank + self.agency

    @property
    def vacancy(self) -> Decimal | None:
        """Establishment less in post; below 0 when more are in post than there are posts."""
        return None if self.establishment is None or self.in_post is None else self.establishment - self.in_post

    @property
    def vacancy_rate(self) -> Decimal | None:
        """The vacancy as a share of the establishment; None without one."""
        return None if self.vacancy is None or not self.establishment else self.vacancy / self.establishment

    @property
    def short_of_need(self) -> Decimal | None:
        """WTE that the plan needs beyond those that work; below 0 when more work than it needs."""
        return None if self.needed is None or self.worked is None else self.needed - self.worked


def wte(contracted: Decimal | int, *, divisor: Decimal | int = WEEK) -> Decimal:
    """Answer the WTE of contracted hours a week (or of sessions, with their divisor), exact. RuleError below 0."""
    if contracted < 0 or divisor <= 0:
        raise RuleError(f"MD2: {contracted} over {divisor}; expected 0 or more, over more than 0.")
    return Decimal(contracted) / Decimal(divisor)


def productive_hours(absence: Decimal, *, week: Decimal = WEEK, weeks: Decimal | int = 52) -> Decimal:
    """Answer the hours a year that one WTE works, when `absence` is the share lost to leave, sickness and training."""
    if not 0 <= absence < 1:
        raise RuleError(f"MD2: the share of absence is {absence}; expected 0 or more and less than 1.")
    return week * weeks * (1 - absence)


def wte_required(units: Mapping[Code, Decimal], minutes: Mapping[Code, Decimal], productive_hours: Decimal) -> Decimal:
    """Answer the WTE that so many units of each POD need, at so many minutes each, exact (rule MD8).

    RuleError for a POD without minutes: it would count as no work.
    """
    missing = sorted(units.keys() - minutes.keys())
    if missing:
        raise RuleError(f"MD8: no minutes are known for a unit of {', '.join(missing)}; add them.")
    if productive_hours <= 0:
        raise RuleError(f"MD8: a WTE works {productive_hours} hours a year; expected more than 0.")
    return sum((units[pod] * minutes[pod] for pod in sorted(units)), Decimal(0)) / 60 / productive_hours


def staffing(lines: Iterable[PlanLine], *, by: Sequence[str] = ("partner", "profession", "place")) -> list[Staffing]:
    """Answer the staff by month and by partner, profession and place, or fewer of them; sorted by group and month.

    Sums of the lines' WTE; joiners and leavers are of the month. RuleError for an unknown measure or unit.
    """
    for name in by:
        if name not in KEYS:
            raise RuleError(f"MD2: staff are grouped by {', '.join(KEYS)}; not by '{name}'.")
    found: dict[tuple[tuple[Code, ...], str], dict[str, Decimal]] = {}
    for line in lines:
        if line.kind != "workforce":
            continue
        if MEASURES.get(line.measure) != line.unit:
            raise RuleError(
                f"MD2: '{line.measure}' in {line.unit} is no measure of staff; expected "
                + ", ".join(f"{name} in {unit}" for name, unit in MEASURES.items())
            )
        group = tuple(getattr(line, KEYS[name]) for name in by)
        held = found.setdefault((group, line.period), {})
        held[line.measure] = held.get(line.measure, Decimal(0)) + line.value
    return [_staffing(group, period, held) for (group, period), held in sorted(found.items())]


def check_balance(months: Iterable[Staffing], *, tolerance: Decimal = Decimal("0.01")) -> None:
    """Raise StaffBalance unless, in each group, in post = in post a month before + joiners - leavers.

    Months without staff in post are left out; `tolerance` WTE may be lost in rounding.
    """
    before: dict[tuple[Code, ...], Staffing] = {}
    for now in sorted(months, key=lambda one: (one.group, first_day(one.period))):
        last = before.get(now.group)
        if last is not None and last.in_post is not None and now.in_post is not None:
            expected = last.in_post + now.joiners - now.leavers
            if abs(expected - now.in_post) > tolerance:
                raise StaffBalance(
                    f"MD2: {' '.join(now.group)} has {now.in_post} WTE in post in {now.period}; {last.in_post} in "
                    f"{last.period}, {now.joiners} joiners and {now.leavers} leavers make {expected}. Correct one."
                )
        before[now.group] = now


def skills_gaps(months: Iterable[Staffing]) -> list[Staffing]:
    """Answer the groups and months in which fewer work than the plan needs, the largest shortage first."""
    short = [one for one in months if one.short_of_need is not None and one.short_of_need > 0]
    return sorted(short, key=lambda one: (-(one.short_of_need or 0), one.group, one.period))


def headcount(lines: Iterable[PlanLine], period: str) -> dict[Code, int]:
    """Answer how many people each partner has in a month, as its headcount lines add up. They sum to the system's."""
    found: dict[Code, int] = {}
    for line in lines:
        if line.kind == "workforce" and line.measure == "headcount" and line.period == period:
            found[line.provider] = found.get(line.provider, 0) + int(line.value)
    return dict(sorted(found.items()))


def rounded(value: Decimal, places: int = 1) -> Decimal:
    """Round half up, for showing."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _staffing(group: tuple[Code, ...], period: str, held: Mapping[str, Number]) -> Staffing:
    def given(name: str) -> Decimal | None:
        return Decimal(held[name]) if name in held else None

    people = given("headcount")
    return Staffing(
        group,
        period,
        given("establishment"),
        given("in_post"),
        given("bank") or Decimal(0),
        given("agency") or Decimal(0),
        given("needed"),
        given("joiners") or Decimal(0),
        given("leavers") or Decimal(0),
        None if people is None else int(people),
    )
