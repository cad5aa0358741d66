"""What bodies of one system say of each other, from what is kept: plans, agreed balances, trial balances (rule MB12).

A pair is compared where both say something. Where one is silent the pair is answered as such, with the reason: silence
is not 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.money.ledger.own_accounts import kinds_of
from joinedup.money.pot import positions
from joinedup.money.pot.balances_between import said_between
from joinedup.money.pot.positions_as_kept import month_day, newest_balances, position_parameters
from joinedup.planning import ParameterSet, standing_plans, year_days

ABS_LIMIT: Final = "intra_system.abs_limit"
REL_LIMIT: Final = "intra_system.rel_limit"
BASES: Final = ("plan", "actual")
Pairs = dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class OneSided:
    """A pair of which only one says something, in pence; `silent` is the body that does not, `why` the reason."""

    payer: str
    payee: str
    said_pence: int
    silent: str
    why: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The pairs of a year: those further apart than the limits, how many agree, and those of which one is silent.

    `total_difference` is what the payers say more than the payees, in pence: by so much the system's total changes
    when the payers' figures count (positions.eliminated).
    """

    year: str
    basis: str
    abs_limit: int
    rel_limit: Decimal
    apart: tuple[positions.Mismatch, ...]
    agreed: int
    one_sided: tuple[OneSided, ...]
    parameter_ids: tuple[str, ...]

    @property
    def total_difference(self) -> int:
        return sum(one.difference for one in self.apart)


def intra_system_mismatches(
    year: str,
    *,
    abs_limit: int | None = None,
    rel_limit: Decimal | None = None,
    basis: str = "plan",
    month: int | None = None,
    parameters: ParameterSet | None = None,
) -> Comparison:
    """Compare what payers say they spend with payees and what these say they earn from them.

    `basis` is "plan" (the year's contract values in both sides' plans; a provider's income by commissioner where it
    plans no contract value), or "actual" (up to `month`, 1 is April: what bodies said when they agreed balances, and
    else accounts of that month's trial balances that name the other body). Limits not given are the parameters of the
    year's first day.
    """
    if basis not in BASES:
        raise RuleError(f"MB12: '{basis}' is no basis; expected {', '.join(BASES)}.{did_you_mean(basis, BASES)}")
    if basis == "actual" and month is None:
        raise RuleError("MB12: actuals are compared by month; say which, 1 (April) to 12 (March).")
    on, params = year_days(year)[0], parameters or position_parameters()
    used = [ABS_LIMIT] * (abs_limit is None) + [REL_LIMIT] * (rel_limit is None)
    most = int(params.number(ABS_LIMIT, on)) if abs_limit is None else abs_limit
    share = params.number(REL_LIMIT, on) if rel_limit is None else rel_limit
    payers, payees, sent, nothing = _plans(year) if basis == "plan" else _actuals(year, month or 0)
    both = [positions.Mismatch(*pair, payers[pair], payees[pair]) for pair in sorted(payers.keys() & payees.keys())]
    apart = positions.intra_system_mismatches(both, abs_limit=most, rel_limit=share)
    one_sided = [
        OneSided(*pair, (payers | payees)[pair], silent, "says nothing of the other" if silent in sent else nothing)
        for pair in sorted(payers.keys() ^ payees.keys())
        for silent in [pair[1] if pair in payers else pair[0]]
    ]
    return Comparison(year, basis, most, share, tuple(apart), len(both) - len(apart), tuple(one_sided), tuple(used))


def _plans(year: str) -> tuple[Pairs, Pairs, set[str], str]:
    payers: Pairs = {}
    contracts: Pairs = {}
    incomes: Pairs = {}
    sent = set()
    for plan in standing_plans(year, kind="finance"):
        sent.add(plan.owner)
        for line in plan.lines:
            if not line.commissioner:
                continue
            pair = (line.commissioner, line.provider)
            if plan.side == "commissioner" and line.commissioner == plan.owner and line.measure == "contract_value":
                payers[pair] = payers.get(pair, 0) + int(line.value)
            elif plan.side == "provider" and line.provider == plan.owner:
                sums = {"contract_value": contracts, "income": incomes}.get(line.measure)
                if sums is not None:
                    sums[pair] = sums.get(pair, 0) + int(line.value)
    return payers, incomes | contracts, sent, f"submitted no plan for {year}"


def _actuals(year: str, month: int) -> tuple[Pairs, Pairs, set[str], str]:
    payers: Pairs = {}
    payees: Pairs = {}
    at = month_day(year, month)
    held = newest_balances(at)
    known = kinds_of(held)
    for body, balance in held.items():
        for line in balance.lines.all():
            one = known[body].get(line.account)
            if one is None or not one.counterparty:
                continue
            pence = line.debit_pence - line.credit_pence
            if one.kind == "spend":
                payers[body, one.counterparty] = payers.get((body, one.counterparty), 0) + pence
            elif one.kind == "income":
                payees[one.counterparty, body] = payees.get((one.counterparty, body), 0) - pence
    agreed_payers, agreed_payees, said = _agreed(year, month)
    return payers | agreed_payers, payees | agreed_payees, set(held) | said, f"sent no trial balance of {at:%B %Y}"


def _agreed(year: str, month: int) -> tuple[Pairs, Pairs, set[str]]:
    """Answer what bodies said of each other up to a month, pairs of which they said every month, and who said any."""
    months = {month_day(year, number) for number in range(1, month + 1)}
    sums: dict[tuple[str, str, str], list[int]] = {}
    for one in said_between(months):
        sums.setdefault((one.body, one.payer, one.payee), []).append(one.pence)
    whole = {key: sum(pence) for key, pence in sums.items() if len(pence) == len(months)}
    payers = {(payer, payee): pence for (body, payer, payee), pence in whole.items() if body == payer}
    payees = {(payer, payee): pence for (body, payer, payee), pence in whole.items() if body == payee}
    return payers, payees, {body for body, _payer, _payee in sums}
