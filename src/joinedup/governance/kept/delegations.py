"""The scheme of reservation and delegation as kept, and whether a board may decide an item (rules: D1 to D6)."""

from __future__ import annotations

from datetime import datetime

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.boards.governance_models import NoModel
from joinedup.governance.delegation.deciding_alone import (
    DecidedFunction,
    Question,
    Scheme,
    Verdict,
    may_decide,
)
from joinedup.governance.delegation.money_limits import Spending, population_day
from joinedup.governance.delegation.scheme import Delegation
from joinedup.governance.kept.boards import partnership_board_of
from joinedup.governance.kept.decisions import model_of_system, outcome_of
from joinedup.governance.kept.registers import believed
from joinedup.moment import LONDON, Moment
from joinedup.planning import financial_year
from joinedup.system import as_of


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
    functions = {line.function: DecidedFunction(line.function) for line in lines}
    functions |= {
        line.function: DecidedFunction(line.function, line.reserved_type)
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
        earlier=tuple(_earlier(system, top, moment, but)),
    )  # fmt: skip


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


def _earlier(system: str, top: str, moment: Moment, but: str) -> list[Spending]:
    """Answer the decisions about money that stand, of those who decide under a delegation (D3)."""
    first = population_day(moment.valid_on)
    rows = models.Decision.objects.filter(
        board__system=system, amount_pence__gt=0, decided_at__gte=datetime(first.year, 4, 1, tzinfo=LONDON),
        at__lte=moment.known_at,
    ).exclude(board=top)  # fmt: skip
    replaced = {one.supersedes_id for one in rows if outcome_of(one, moment) in {None, "carried"}} | {but}
    return [
        Spending(one.supplier, one.function, one.decided_at.astimezone(LONDON).date(), one.amount_pence or 0)
        for one in rows.select_related("board").prefetch_related("adoptions")
        # What members may still adopt is spoken for as well.
        if outcome_of(one, moment) in {None, "carried", "carried_for_adopters"} and one.reference not in replaced
    ]
