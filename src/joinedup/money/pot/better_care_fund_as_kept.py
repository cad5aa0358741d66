"""The Better Care Fund of each health and wellbeing board, checked on what is kept of its fund (rule MB2).

Which fund is whose, and what is required of it in a year, somebody says with its source: the amounts are published by
board. The ICB's minimum may be given itself, or follows from last year's and the uplift where one is adopted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.money import models
from joinedup.money.ledger.posting import must_be_theirs, must_say_why
from joinedup.money.ledger.reading import contributions_of, fund_of
from joinedup.money.pot.better_care_fund import (
    CheckResult,
    bcf_parameters,
    checks_with,
    discharge_fund,
    icb_minimum,
)
from joinedup.planning import ParameterMissing, ParameterSet, year_days

if TYPE_CHECKING:
    from joinedup.access import Grant

ALLOCATE = "money.allocate"


@dataclass(frozen=True, slots=True)
class BoardTerms:
    """Which fund is a board's in a year, and what is required of it, in pence; None where nobody has said it."""

    board: str
    year: str
    fund: str
    icb_minimum_pence: int | None = None
    last_year_minimum_pence: int | None = None
    discharge_fund_pence: int | None = None
    source: str = ""

    def __post_init__(self) -> None:
        year_days(self.year)
        if not self.board.strip():
            raise RuleError("MB2: say whose Better Care Fund it is: the health and wellbeing board, by its code.")
        for name in ("icb_minimum_pence", "last_year_minimum_pence", "discharge_fund_pence"):
            pence = getattr(self, name)
            if pence is not None and (isinstance(pence, bool) or not isinstance(pence, int) or pence < 0):
                raise RuleError(f"M0.1: {name} is {pence!r}; expected whole pence of 0 or more.")


@dataclass(frozen=True, slots=True)
class BoardChecks:
    """The checks of one board's fund in a year, and in words those that could not be made."""

    board: str
    year: str
    fund: str
    results: tuple[CheckResult, ...]
    unsaid: tuple[str, ...]

    @property
    def passes(self) -> bool | None:
        """Whether every check passes; None while one that fails none could not be made."""
        if not all(one.passes for one in self.results):
            return False
        return None if self.unsaid else True


def name_board_fund(grant: Grant, terms: BoardTerms) -> None:
    """Say which fund is a board's in a year and what is required of it; the same again changes nothing."""
    grant.must_be_for(ALLOCATE)
    must_say_why(terms.source)
    with transaction.atomic():
        must_be_theirs(grant, [fund_of(terms.fund).host])
        if _newest(terms.board, terms.year) == terms:
            return
        said = asdict(terms)
        fund = said.pop("fund")
        models.BoardFund.objects.create(fund_id=fund, **said, by=grant.actor_id, at=datetime.now(UTC))
        record(grant, "money.name-board-fund", f"fund:{fund}", details={"board": terms.board, "year": terms.year})


def boards_of(year: str) -> list[str]:
    """Answer the boards of which somebody has said which fund is theirs in a year."""
    year_days(year)
    return sorted(set(models.BoardFund.objects.filter(year=year).values_list("board", flat=True)))


def funds_without_board(year: str) -> list[str]:
    """Answer the funds under section 75 of a year that are no board's: nobody has said that they are not."""
    first, after = year_days(year)
    funds = models.Fund.objects.filter(kind="section_75", valid_from__lt=after, valid_to__gt=first)
    named = {terms.fund for board in boards_of(year) if (terms := _newest(board, year))}
    return sorted(set(funds.values_list("code", flat=True)) - named)


def bcf_checks(board: str, year: str, params: ParameterSet | None = None) -> BoardChecks:
    """Check a board's fund of a year by the contributions that are kept; NotFound where nobody has said which it is.

    A check whose requirement nobody has said, or for which no rate is adopted, is named in `unsaid`.
    """
    terms = _newest(board, year)
    if terms is None:
        raise NotFound(
            f"MB2: nobody has said which fund is that of the board '{board}' in {year}."
            f"{did_you_mean(board, boards_of(year))} Say it: joinedup money board-fund"
        )
    rates = params or bcf_parameters()
    unsaid = []
    minimum = terms.icb_minimum_pence
    if minimum is None and terms.last_year_minimum_pence is None:
        unsaid.append("ICB minimum contribution: neither this year's nor last year's was said")
    elif minimum is None and terms.last_year_minimum_pence is not None:
        try:
            minimum = icb_minimum(terms.last_year_minimum_pence, year, rates)
        except ParameterMissing as error:
            unsaid.append(f"ICB minimum contribution: {error}")
    shares = None
    if terms.discharge_fund_pence is None:
        unsaid.append("Discharge fund: its amount was not said")
    elif terms.discharge_fund_pence:
        try:
            shares = discharge_fund(terms.discharge_fund_pence, year, rates)
        except ParameterMissing as error:
            unsaid.append(f"Discharge fund: {error}")
    results = checks_with(board, year, fund_of(terms.fund), contributions_of(terms.fund), minimum, shares)
    return BoardChecks(board, year, terms.fund, tuple(results), tuple(unsaid))


def _newest(board: str, year: str) -> BoardTerms | None:
    kept = models.BoardFund.objects.filter(board=board, year=year).order_by("-pk").first()
    if kept is None:
        return None
    return BoardTerms(
        kept.board, kept.year, kept.fund_id, kept.icb_minimum_pence, kept.last_year_minimum_pence,
        kept.discharge_fund_pence, kept.source,
    )  # fmt: skip
