"""Which payment mechanism a commissioner and a provider use in a year (rule MC7)."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from joinedup.errors import RuleError, did_you_mean
from joinedup.money.allocation.splitting import pence
from joinedup.planning import ParameterMissing, ParameterSet, read_parameters

PARAMETERS = Path(__file__).with_name("parameters.toml")
LIMIT = "low_volume.limit"
# A system's own decisions, below the folder of its data.
OWN_FILE = "decisions/payment_parameters.toml"
# Between a commissioner and an NHS provider the expected value decides. Independent providers are paid the unit prices
# for what they do; services without a national price are agreed between the two.
KINDS = {"nhs": "api", "independent": "activity", "unpriced": "local"}


@cache
def money_parameters() -> ParameterSet:
    """Answer the parameters that money brings along; a system replaces or adds rows with its own decisions."""
    return read_parameters(PARAMETERS)


def mechanism(expected_annual_p: int, kind: str, on: date, *, parameters: ParameterSet | None = None) -> str:
    """Answer "lva" (low-volume, a schedule without invoices), "api", "activity" or "local" for a pair (MC7).

    It is decided once, at the start of the year, on the expected annual value in pence. `kind` is "nhs" (an NHS
    provider), "independent" or "unpriced". Up to and including the limit of the day an NHS provider is low-volume.
    Raises ParameterMissing on a day without a limit, RuleError for another kind or a value below 0.
    """
    if kind not in KINDS:
        raise RuleError(
            f"MC7: '{kind}' is no kind of provider; expected {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}"
        )
    if pence(expected_annual_p, "MC7", "the expected annual value") < 0:
        raise RuleError(f"MC7: the expected annual value is {expected_annual_p:,} p; expected 0 or more.")
    try:
        limit = (parameters or money_parameters()).number(LIMIT, on)
    except ParameterMissing as error:
        raise ParameterMissing(
            f'MC7: {error} Missing is a [[parameter]] with id = "{LIMIT}", status = "adopted" and days that hold {on}: '
            f"add it to {OWN_FILE}, in pence, with who decided it in decided_by."
        ) from None
    return "lva" if kind == "nhs" and expected_annual_p <= limit else KINDS[kind]
