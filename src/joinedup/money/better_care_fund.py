"""Checks of the Better Care Fund, for each health and wellbeing board and year (rule MB2).

Source of the method: NHS England, Better Care Fund policy framework, and its addendum on the discharge fund (gov.uk).
Rates are parameters with dates, in better_care_fund.toml: `bcf.icb_minimum_uplift`, `bcf.discharge_fund_la_share`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from joinedup.money.authority import year_days
from joinedup.money.funds import Contribution, Fund
from joinedup.money.splitting import half_up, split_pence
from joinedup.planning import ParameterSet, read_parameters

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
    begins, ends = year_days(year)
    rows = [one for one in contributions if one.fund == fund.code and one.valid_from < ends and one.valid_to > begins]

    def total(sector: str, *, discharge: bool) -> int:
        return sum(
            one.amount_pence for one in rows if one.sector == sector and (one.ring_fence == "discharge") == discharge
        )

    whole = sum(one.amount_pence for one in rows)
    covered = fund.kind == "section_75" and fund.valid_from <= begins and fund.valid_to >= ends
    shares = discharge_fund(discharge_fund_pence, year, params)
    return [
        CheckResult(
            board, "ICB minimum contribution", icb_minimum(last_year_minimum_pence, year, params),
            total("nhs", discharge=False),
        ),
        CheckResult(board, "Discharge fund, local authority", shares["la"], total("la", discharge=True)),
        CheckResult(board, "Discharge fund, ICB", shares["icb"], total("nhs", discharge=True)),
        CheckResult(board, "In a section 75 agreement", whole, whole if covered else 0),
    ]  # fmt: skip
