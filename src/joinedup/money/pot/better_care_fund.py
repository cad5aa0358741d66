"""Checks of the Better Care Fund, for each health and wellbeing board and year (rule MB2).

Source of the method: NHS England, Better Care Fund policy framework, and its addendum on the discharge fund (gov.uk).
Rates are parameters with dates, in better_care_fund.toml: `bcf.icb_minimum_uplift`, `bcf.discharge_fund_la_share`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from joinedup.money.allocation.splitting import half_up, split_pence
from joinedup.money.pot.funds import Contribution, Fund
from joinedup.planning import ParameterSet, read_parameters, year_days

UPLIFT, DISCHARGE_LA_SHARE = "bcf.icb_minimum_uplift", "bcf.discharge_fund_la_share"
DEFAULTS = Path(__file__).with_name("better_care_fund.toml")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of a board's fund: what is required and what there is, in pence, and whether that is enough."""

    board: str
    check: str
    required: int
    actual: int

    @property
    def passes(self) -> bool:
        return self.actual >= self.required


def bcf_parameters() -> ParameterSet:
    """Answer the published rates that joinedup brings along; a system adds its own rows."""
    return read_parameters(DEFAULTS)


def icb_minimum(last_year_pence: int, year: str, params: ParameterSet) -> int:
    """Answer the least that an ICB puts in this year, in pence: last year's least and the uplift, half-up."""
    uplift = params.number(UPLIFT, year_days(year)[0])
    return half_up(Fraction(last_year_pence) * (1 + Fraction(uplift)))


def discharge_fund(pence: int, year: str, params: ParameterSet) -> dict[str, int]:
    """Answer how the discharge fund is shared between local authority (la) and ICB (icb), exact to the penny."""
    share = params.number(DISCHARGE_LA_SHARE, year_days(year)[0])
    return dict(split_pence(pence, {"la": share, "icb": 1 - share}))


def bcf_checks(
    board: str,
    year: str,
    fund: Fund,
    contributions: Iterable[Contribution],
    params: ParameterSet,
    *,
    last_year_minimum_pence: int,
    discharge_fund_pence: int = 0,
) -> list[CheckResult]:
    """Answer the checks of one board's fund in one financial year.

    The ICB's minimum, the discharge fund of both (contributions ring-fenced as `discharge`), and that all of it lies in
    a section 75 agreement.
    """
    minimum = icb_minimum(last_year_minimum_pence, year, params)
    return checks_with(board, year, fund, contributions, minimum, discharge_fund(discharge_fund_pence, year, params))


def checks_with(
    board: str,
    year: str,
    fund: Fund,
    contributions: Iterable[Contribution],
    minimum_pence: int | None,
    discharge: Mapping[str, int] | None,
) -> list[CheckResult]:
    """Answer the checks with what is required: the ICB's minimum, and the shares {la, icb} of the discharge fund.

    A check whose requirement is None is left out: it cannot be made.
    """
    begins, ends = year_days(year)
    rows = [one for one in contributions if one.fund == fund.code and one.valid_from < ends and one.valid_to > begins]

    def total(sector: str, *, discharge: bool) -> int:
        return sum(
            one.amount_pence for one in rows if one.sector == sector and (one.ring_fence == "discharge") == discharge
        )

    whole = sum(one.amount_pence for one in rows)
    covered = fund.kind == "section_75" and fund.valid_from <= begins and fund.valid_to >= ends
    found = []
    if minimum_pence is not None:
        given = total("nhs", discharge=False)
        found.append(CheckResult(board, "ICB minimum contribution", minimum_pence, given))
    if discharge is not None:
        la, icb = total("la", discharge=True), total("nhs", discharge=True)
        found.append(CheckResult(board, "Discharge fund, local authority", discharge["la"], la))
        found.append(CheckResult(board, "Discharge fund, ICB", discharge["icb"], icb))
    return [*found, CheckResult(board, "In a section 75 agreement", whole, whole if covered else 0)]
