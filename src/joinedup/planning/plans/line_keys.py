"""The name by which a plan line is known elsewhere, and which stays the same from version to version (rule MD1).

A key is `kind|commissioner|provider|service|pod|period|measure`, with nothing between two bars where a code does not
apply: `finance|QM7|RWG|||2026/27|contract_value`. It says what is planned, never how much. A key of a financial year
means the year's own line, or else its twelve months together; places are summed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from joinedup.errors import did_you_mean
from joinedup.planning.plans.plan_lines import KINDS, Code, LineError, PlanLine, first_day, year_of

SEPARATOR: Final = "|"
FORM: Final = "kind|commissioner|provider|service|pod|period|measure"


class LineKey(NamedTuple):
    """The parts of a key, "" where a code does not apply."""

    kind: str
    commissioner: Code
    provider: Code
    service: Code
    pod: Code
    period: str
    measure: str

    def __str__(self) -> str:
        return SEPARATOR.join(self)

    @property
    def year(self) -> str:
        """The financial year in which the period lies."""
        return year_of(self.period)


def line_key(line: PlanLine, *, of_year: bool = False) -> str:
    """Answer the key of a line; with `of_year`, that of its whole financial year."""
    period = year_of(line.period) if of_year else line.period
    return str(LineKey(line.kind, line.commissioner, line.provider, line.service, line.pod, period, line.measure))


def parse_line_key(text: str) -> LineKey:
    """Answer the parts of a key; LineError for a text that is none, with what was expected."""
    parts = text.split(SEPARATOR)
    if len(parts) != len(LineKey._fields):
        raise LineError(f"MD1: '{text}' is no key of a plan line; expected {FORM}.")
    key = LineKey(*parts)
    if key.kind not in KINDS:
        raise LineError(
            f"MD1: '{key.kind}' is no kind of line; expected one of {', '.join(KINDS)}.{did_you_mean(key.kind, KINDS)}"
        )
    first_day(key.period)
    if not key.provider or not key.measure:
        raise LineError(f"MD1: '{text}' names no {'measure' if key.provider else 'provider'}; expected {FORM}.")
    return key
