"""Whether somebody may decide something, with all reasons if not, and to whom it goes then (rules: D6, B12).

    may_decide(question, scheme)    # Verdict(is_allowed=False, reasons=(reserved, over limit), refer_to="the board")

The order of the questions is fixed: model and board, function, reserved, delegate, handing on, limit, interests,
quorum. All are asked, so that whoever asks learns everything at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.governance.delegation.money_limits import Spending, contract_limit, year_limit
from joinedup.governance.delegation.scheme import ChainBroken, Delegation, chain_of, effective_limit
from joinedup.planning import financial_year
from joinedup.system import Period

RESERVED: Final = {
    "distribution": "Distribution of financial resources",
    "transformation": "Improvement and transformation",
    "delivery": "Operational delivery arrangements",
    "workforce": "Commissioning development and workforce planning",
    "emergency": "Emergency planning and response",
    "data": "Use of digital data",
}
CHECKS: Final = ("model", "function", "reserved", "delegate", "handing_on", "limit", "interests", "quorum")


class ReferredUp(RuleError):
    """Whoever wants to decide may not; the message says why, and to whom it is referred."""


@dataclass(frozen=True, slots=True)
class DecidedFunction:
    """A function that can be decided about: its reserved type ("": none), and the days for which a law allows it."""

    code: str
    reserved_type: str = ""
    law: Period | None = None

    def __post_init__(self) -> None:
        if self.reserved_type and self.reserved_type not in RESERVED:
            raise RuleError(
                f"B12: '{self.reserved_type}' is no reserved type; expected {', '.join(RESERVED)}."
                f"{did_you_mean(self.reserved_type, RESERVED)}"
            )


@dataclass(frozen=True, slots=True)
class Scheme:
    """What is true when somebody asks: the model, the boards, functions, delegations, and what was decided before.

    `population_by_year` is that of 1 April, by financial year ("2022/23"). `vacant` are the days on which nobody holds
    a post. `earlier` are decisions about money.
    """

    model: str
    partnership_board: str
    boards: frozenset[str]
    functions: Mapping[str, DecidedFunction]
    delegations: tuple[Delegation, ...] = ()
    population_by_year: Mapping[str, int] = field(default_factory=dict)
    vacant: Mapping[str, tuple[Period, ...]] = field(default_factory=dict)
    earlier: tuple[Spending, ...] = ()
    committee_laws: Mapping[str, Period] = field(default_factory=dict)  # the days on which a law allows a committee


@dataclass(frozen=True, slots=True)
class Question:
    """Who wants to decide what: a board, committee, post or body; the pence (None: no money) and to which supplier.

    `excluded` are the people who would decide and are excluded by their interests; `is_quorate` is None where a post
    decides, which needs no quorum.
    """

    who: str
    function: str
    on: date
    amount_pence: int | None = None
    supplier: str = ""
    is_excluded: bool = False
    is_quorate: bool | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: which check, of which rule, in words, and who could decide instead."""

    check: str
    rule: str
    says: str
    refer_to: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may be decided; if not, all reasons in the order of the checks, and to whom it goes."""

    is_allowed: bool
    reasons: tuple[Reason, ...] = ()
    refer_to: str = ""
    limit_pence: int | None = None


def may_decide(question: Question, scheme: Scheme) -> Verdict:
    """Answer whether somebody may decide something on a day (D6)."""
    function = scheme.functions.get(question.function)
    reasons = [*_model(question, scheme), *_function(question, scheme, function)]
    limit: int | None = None
    if function is not None:
        if question.who != scheme.partnership_board:
            limit, more = _below(question, scheme, function)
            reasons += more
        else:
            limit = None
    up = _above(question, scheme)
    if question.is_excluded:
        reasons.append(Reason("interests", "I4", "whoever decides has a conflict and is excluded", up))
    if question.is_quorate is False:
        reasons.append(Reason("quorum", "Q1", "there is no quorum for this item", up))
    if not reasons:
        return Verdict(True, limit_pence=limit)
    # One reason for the top takes the whole question there: nobody below could meet it.
    to = {reason.refer_to for reason in reasons}
    top = scheme.partnership_board if scheme.partnership_board in to else reasons[0].refer_to
    return Verdict(False, tuple(reasons), top, limit)


def must_be_allowed(question: Question, scheme: Scheme) -> Verdict:
    """As `may_decide`; raises ReferredUp with all reasons."""
    verdict = may_decide(question, scheme)
    if not verdict.is_allowed:
        said = "; ".join(f"{one.says} ({one.rule})" for one in verdict.reasons)
        raise ReferredUp(
            f"D6: {question.who} may not decide {question.function}: {said}. Refer it to {verdict.refer_to}."
        )
    return verdict


def _model(question: Question, scheme: Scheme) -> Iterable[Reason]:
    if not scheme.model:
        yield Reason("model", "G1", f"no governance model is in force on {question.on}", scheme.partnership_board)
    if scheme.partnership_board not in scheme.boards:
        yield Reason("model", "G1", f"there is no partnership board on {question.on}", scheme.partnership_board)


def _function(question: Question, scheme: Scheme, function: DecidedFunction | None) -> Iterable[Reason]:
    if function is None:
        hint = did_you_mean(question.function, scheme.functions)
        says = f"'{question.function}' is no function of the scheme{f' ({hint.strip()})' if hint else ''}"
        yield Reason("function", "D1", says, scheme.partnership_board)
    elif function.law is not None and question.on not in function.law:
        says = f"no law allows {function.code} on {question.on}"
        yield Reason("function", "G6", says, scheme.partnership_board)
    committee = scheme.committee_laws.get(question.who)
    if committee is not None and question.on not in committee:
        says = f"no law allows {question.who} on {question.on}"
        yield Reason("function", "G6", says, scheme.partnership_board)


def _below(question: Question, scheme: Scheme, function: DecidedFunction) -> tuple[int | None, list[Reason]]:
    """Answer what binds whoever is not the partnership board: reserved, delegated, handed on, limited."""
    top, found = scheme.partnership_board, list[Reason]()
    mine = [one for one in scheme.delegations if one.function == function.code]
    if function.reserved_type:
        says = f"'{RESERVED[function.reserved_type]}' is reserved to the partnership board"
        found.append(Reason("reserved", "B12", says, top))
    for line in mine:
        if line.reserved and line.is_on(question.on) and line.from_board != question.who:
            found.append(Reason("reserved", "D1", f"{function.code} is reserved to {line.from_board}", line.from_board))
    if any(line.reserved and line.is_on(question.on) and line.from_board == question.who for line in mine):
        return None, found
    lines = [one for one in mine if not one.reserved and one.to == question.who]
    holding = [one for one in lines if one.is_on(question.on)]
    if not holding:
        # What is reserved needs no second reason that it was not delegated; a line that ended is worth a word.
        if lines or not found:
            ended = f"; its delegation {lines[0].key} does not hold on that day" if lines else ""
            says = f"{question.who} has no delegation for {function.code} on {question.on}{ended}"
            found.append(Reason("delegate", "D1", says, top))
        return None, found
    line = holding[0]
    for days in scheme.vacant.get(question.who, ()):
        if question.on in days:
            says = f"nobody holds the post {question.who} on {question.on}, so that its delegations rest"
            found.append(Reason("delegate", "C11", says, line.from_board))
    try:
        chain = chain_of(line.key, scheme.delegations, question.on)
    except ChainBroken as error:
        found.append(Reason("handing_on", "D5", str(error).removeprefix("D5: ").rstrip("."), line.from_board))
        return None, found
    for above, below in itertools.pairwise(chain):
        if above.sub_delegation != "written" or not below.written_approval.strip():
            says = f"delegation {below.key} was handed on without written approval"
            found.append(Reason("handing_on", "D5", says, above.from_board))
    population = scheme.population_by_year.get(financial_year(question.on))
    if population is None and any(link.per_population is not None for link in chain):
        says = "the limit is by population, and that of 1 April is not known"
        found.append(Reason("limit", "D2", says, line.from_board))
        return None, found
    limit = effective_limit(chain, population)
    if limit is not None and question.amount_pence is not None:
        asked = Spending(question.supplier, question.function, question.on, question.amount_pence)
        standing = year_limit(asked, scheme.earlier, limit)
        if not standing.is_within:
            sum_ = standing.before_pence + standing.asked_pence
            found.append(Reason("limit", "D3", standing.says, _enough(chain, scheme, question, sum_)))
        for link in chain:
            own = effective_limit([link], population)
            if link.per != "contract" or own is None or not standing.is_within:
                continue
            whole = contract_limit(asked, scheme.earlier, own, since=link.start)
            if not whole.is_within:
                sum_ = whole.before_pence + whole.asked_pence
                found.append(Reason("limit", "D3", whole.says, _enough(chain, scheme, question, sum_)))
                break
    return limit, found


def _enough(chain: tuple[Delegation, ...], scheme: Scheme, question: Question, pence: int) -> str:
    """Answer the nearest one up a chain whose limit is enough for the whole sum, or the board that gave its top."""
    population = scheme.population_by_year.get(financial_year(question.on))
    for size in range(len(chain) - 1, 0, -1):
        limit = effective_limit(chain[:size], population)
        if limit is None or pence <= limit:
            return chain[size - 1].to
    return chain[0].from_board


def _above(question: Question, scheme: Scheme) -> str:
    """Answer who is next above whoever asks: the board that delegated to it, else the partnership board."""
    for line in scheme.delegations:
        if line.to == question.who and line.function == question.function and line.is_on(question.on):
            return line.from_board
    return scheme.partnership_board
