"""The scheme of reservation and delegation as kept, and whether a board may decide an item (rules: D1 to D6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db.models import Q

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.boards.governance_models import Law, NoModel, check_power
from joinedup.governance.delegation.deciding_alone import (
    DecidedFunction,
    Question,
    Scheme,
    Verdict,
    may_decide,
)
from joinedup.governance.delegation.money_limits import Spending, population_day
from joinedup.governance.delegation.scheme import Delegation, suspended_days
from joinedup.governance.kept.boards import partnership_board_of
from joinedup.governance.kept.decisions import model_of_system, outcome_of
from joinedup.governance.kept.registers import believed, days_of
from joinedup.moment import LONDON, Moment
from joinedup.planning import financial_year
from joinedup.system import Period, as_of

AHEAD = timedelta(days=366)


class NotInScheme(RuleError):
    """A function is decided about that no line of the scheme of reservation and delegation names."""


def as_delegation(row: models.Delegation) -> Delegation:
    """Answer a line of the scheme as the rules take it."""
    return Delegation(
        row.key, row.function, row.from_board_id, row.to_kind, row.to, row.valid.lower, row.valid.upper,
        row.limit_pence, row.per or "decision", row.per_population, row.sub_delegation, row.reserved, row.parent,
        row.written_approval, row.conditions,
    )  # fmt: skip


def delegations_of(system: str, known_at: datetime) -> list[models.Delegation]:
    """Answer the lines of a system's scheme, of all days, as believed at an instant."""
    return believed(models.Delegation, known_at, from_board__system=system)


def must_be_in_scheme(system: str, function: str, moment: Moment) -> None:
    """Raise NotInScheme, with the nearest, for a function without a line on a day (D1)."""
    lines = [line for line in delegations_of(system, moment.known_at) if as_delegation(line).is_on(moment.valid_on)]
    known = {line.function for line in lines}
    if function not in known:
        raise NotInScheme(
            f"D1: the scheme of {system} has no line for '{function}' on {moment.valid_on}."
            f"{did_you_mean(function, known)} Reserve or delegate the function first."
        )


def scheme_of(system: str, moment: Moment, *, but: str = "") -> Scheme:
    """Answer a system's scheme as the rule takes it, with what was decided below the partnership board before.

    `but` is a decision that does not count, since the one in question takes its place.
    """
    lines = delegations_of(system, moment.known_at)
    top = partnership_board_of(system, moment)
    laws = powers_of(moment.known_at)
    functions = {line.function: DecidedFunction(line.function, law=_law(laws, line.function, moment)) for line in lines}
    functions |= {
        line.function: DecidedFunction(line.function, line.reserved_type, _law(laws, line.function, moment))
        for line in lines
        if line.reserved_type and as_delegation(line).is_on(moment.valid_on)
    }
    try:
        model = model_of_system(system, moment).key
    except NoModel:
        model = ""
    boards = frozenset(
        models.BoardTerms.objects.filter(
            board__system=system, valid__contains=moment.valid_on, known__contains=moment.known_at
        ).values_list("board", flat=True)
    )
    heads = {}
    if any(line.per_population for line in lines):
        area = as_of(population_day(moment.valid_on), moment.known_at).area(system)
        if area.population is not None:
            heads[financial_year(moment.valid_on)] = area.population
    return Scheme(
        model, top, boards, functions, tuple(map(as_delegation, lines)), heads,
        vacant=vacant_posts(lines, moment),
        earlier=tuple(_earlier(system, top, moment, but, any(line.per == "contract" for line in lines))),
        committee_laws={one: law for one in boards if (law := _law(laws, one, moment)) is not None},
    )  # fmt: skip


def powers_of(known_at: datetime) -> dict[str, list[models.PowerInLaw]]:
    """Answer the days on which a law allows each function or committee, as believed at an instant (G6)."""
    found: dict[str, list[models.PowerInLaw]] = {}
    for one in believed(models.PowerInLaw, known_at):
        found.setdefault(one.power, []).append(one)
    return found


def check_powers(powers: Iterable[str], start: date, end: date | None, known_at: datetime) -> None:
    """Raise PowerNotInForce unless a law allows each of these on all days [start, end); where none is kept, it does."""
    kept = powers_of(known_at)
    last = None if end is None else end - timedelta(days=1)
    for power in sorted(powers):
        held = kept.get(power)
        if not held:
            continue
        # The law of the first day, else the one that comes next: the message names its days.
        line = next((one for one in held if start in days_of(one)), max(held, key=lambda one: one.valid.lower))
        law = Law(line.valid.lower, line.valid.upper)
        check_power(power, law, start)
        if law.law_to is not None:
            check_power(power, law, law.law_to if last is None else last)


def _law(laws: Mapping[str, list[models.PowerInLaw]], power: str, moment: Moment) -> Period | None:
    """Answer the days of the law that allows something on a day, else those of the newest; None where none is kept."""
    held = [days_of(one) for one in laws.get(power, ())]
    return next((one for one in held if moment.valid_on in one), held[-1] if held else None)


def vacant_posts(lines: Iterable[models.Delegation], moment: Moment) -> dict[str, tuple[Period, ...]]:
    """Answer on which days up to a year ahead nobody holds a post that a function was delegated to (C11).

    A post is a seat of the board that delegates, by its key, or `board/seat` for one of another board. A post that is
    no seat is not known to be vacant.
    """
    found: dict[str, tuple[Period, ...]] = {}
    for line in lines:
        if line.to_kind != "post" or line.to in found:
            continue
        board, _, seat = line.to.rpartition("/")
        board = board or line.from_board_id
        seats = believed(models.Seat, moment.known_at, board=board, key=seat)
        if not seats:
            continue
        held = [
            days_of(one)
            for one in believed(models.SeatHolding, moment.known_at, board=board, seat=seat)
            if one.status != "deputy"
        ]
        first = min(one.valid.lower for one in seats)
        within = Period(min(first, moment.valid_on), moment.valid_on + AHEAD)
        found[line.to] = tuple(suspended_days(held, within))
    return found


def verdict_on(
    board: models.Board,
    function: str,
    amount_pence: int | None,
    supplier: str,
    instant: datetime,
    known_at: datetime,
    *,
    supersedes: str = "",
    is_quorate: bool | None = None,
) -> Verdict | None:
    """Answer whether a board may decide something at an instant (D6); None for what is of no function."""
    if not function:
        return None
    moment = Moment(instant.astimezone(LONDON).date(), known_at)
    question = Question(board.key, function, moment.valid_on, amount_pence, supplier, is_quorate=is_quorate)
    return may_decide(question, scheme_of(board.system, moment, but=supersedes))


def _earlier(system: str, top: str, moment: Moment, but: str, is_by_contract: bool) -> list[Spending]:
    """Answer the decisions about money that stand, of those who decide under a delegation (D3)."""
    first = population_day(moment.valid_on)
    rows = models.Decision.objects.filter(
        board__system=system, amount_pence__gt=0, at__lte=moment.known_at
    ).exclude(~Q(method="delegated"), board=top)  # fmt: skip
    if not is_by_contract:  # Else decisions of all years count.
        rows = rows.filter(decided_at__gte=datetime(first.year, 4, 1, tzinfo=LONDON))
    replaced = {one.supersedes_id for one in rows if outcome_of(one, moment) in {None, "carried"}} | {but}
    return [
        Spending(one.supplier, one.function, one.decided_at.astimezone(LONDON).date(), one.amount_pence or 0)
        for one in rows.select_related("board").prefetch_related("adoptions")
        # What members may still adopt is spoken for as well.
        if outcome_of(one, moment) in {None, "carried", "carried_for_adopters"} and one.reference not in replaced
    ]
