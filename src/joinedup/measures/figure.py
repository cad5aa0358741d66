"""One protected figure as people read it: on a page, in a chart, in a file and over the API the same words.

Nothing here decides what may be shown: a `Figure` is one row of a `Protected` frame, where that was decided. This file
only says it aloud: a count that was suppressed is `*`, read "suppressed, between 1 and 7" (rules: population PE7), and
a value that is not there says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

MARK: Final = "*"
MARK_SAID: Final = "suppressed, between 1 and 7"
SUPPRESSED: Final = "suppressed"
TOO_FEW: Final = "too few events"
NO_DATA: Final = "no data for the month"
NOT_COLLECTED: Final = "not collected"
NO_AREA_THEN: Final = "the area did not exist then"
NOBODY: Final = "nobody in the denominator"
WHY: Final[Mapping[str, str]] = {
    SUPPRESSED: "Suppressed: it rests on 1 to 7 people, or would let such a number be worked out.",
    TOO_FEW: "Too few events for a rate that means anything; the rule book asks for ten.",
    NO_DATA: "No data came for the month.",
    NOT_COLLECTED: "Not collected by the feeds that exist here.",
    NO_AREA_THEN: "The area did not exist then.",
    NOBODY: "Nobody is in the denominator.",
    "≥ 95%": "At least 95%: the share itself would tell of the few who are not among them.",
    "≤ 5%": "At most 5%: the share itself would tell of the few who are among them.",
}
"""The statuses of a figure that is not shown, with the sentence that a page says of each."""

GROUPS: Final[Mapping[str, str]] = {
    "deprivation_national": "Deprivation, fifths of England",
    "deprivation_local": "Deprivation, fifths of this system",
    "ethnic_group": "Ethnic group",
    "sex": "Sex",
    "age_band": "Age",
}
"""The breakdowns in the order in which pages show them."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How the values of a measure are written: the unit after or above them, and how many decimals."""

    kind: str  # proportion, rate, mean or count
    unit: str
    multiplier: float = 1.0

    @property
    def decimals(self) -> int:
        return 0 if self.kind == "count" else 1

    def number(self, value: float | None) -> str:
        """Answer a value as a number; "" for none."""
        if value is None or not math.isfinite(value):
            return ""
        text = f"{value:,.{self.decimals}f}"
        return text.replace("-", "−")

    def shown(self, value: float | None) -> str:
        """Answer a value as a sentence or a chart has it: "31.4%", "1,204.0"."""
        text = self.number(value)
        return f"{text}%" if text and self.kind == "proportion" else text

    @property
    def title(self) -> str:
        """Answer what stands above a column or beside an axis."""
        if self.kind == "proportion":
            return "%"
        return self.unit[:1].upper() + self.unit[1:] if self.unit else "Value"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a measure for an area, a month and a group; what is None was not to be shown or is not there."""

    measure: str
    month: date
    area_kind: str
    area: str
    breakdown: str = "all"
    band: str = ""
    numerator: int | None = None
    denominator: int | None = None
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    standardised: float | None = None
    standardised_lower: float | None = None
    standardised_upper: float | None = None
    standardised_status: str = ""
    status: str = ""

    @property
    def is_shown(self) -> bool:
        return self.value is not None

    @property
    def has_interval(self) -> bool:
        return self.lower is not None and self.upper is not None

    @property
    def numerator_shown(self) -> str:
        return count_shown(self.numerator, self.status)

    @property
    def denominator_shown(self) -> str:
        return count_shown(self.denominator, self.status)

    @property
    def mark(self) -> str:
        """Answer what stands in the place of a value that is not shown: `*`, or why in words."""
        if self.value is not None:
            return ""
        return MARK if self.status == SUPPRESSED else self.status or "no figure"

    @property
    def why(self) -> str:
        """Answer the sentence that says why there is no value; "" where there is one."""
        if self.value is not None:
            return ""
        return WHY.get(self.status, self.status[:1].upper() + self.status[1:] + "." if self.status else "No figure.")

    def value_shown(self, scale: Scale) -> str:
        return scale.shown(self.value) or self.mark

    def interval_shown(self, scale: Scale) -> str:
        if not self.has_interval:
            return ""
        return f"{scale.number(self.lower)} to {scale.shown(self.upper)}"

    def standardised_said(self, scale: Scale) -> str:
        """Answer the standardised rate with its interval, or in its place why there is none; "" where none is asked."""
        if self.standardised is None:
            return self.standardised_status
        low, high = scale.number(self.standardised_lower), scale.number(self.standardised_upper)
        return f"{scale.number(self.standardised)} ({low} to {high})"

    def said(self, scale: Scale) -> str:
        """Answer the figure in words: "31.4% (29.0 to 33.9%), 410 of 1,305 people"; or why there is none."""
        if self.value is None:
            return self.why
        interval = f" ({self.interval_shown(scale)})" if self.has_interval else ""
        return f"{scale.shown(self.value)}{interval}"


def count_shown(count: int | None, status: str) -> str:
    """Answer a protected count as it reads everywhere: "1,235", `*` for a suppressed one, "" where there is none."""
    if count is not None:
        return f"{count:,}"
    return MARK if status == SUPPRESSED else ""


def figures(rows: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """Answer the rows of a protected frame as figures; missing numbers of whatever kind become None."""
    return [
        Figure(
            measure=str(row["measure"]),
            month=_day(row["month"]),
            area_kind=str(row["area_kind"]),
            area=str(row["area"]),
            breakdown=str(row.get("breakdown") or "all"),
            band=str(row.get("band") or ""),
            numerator=_whole(row.get("numerator")),
            denominator=_whole(row.get("denominator")),
            value=_number(row.get("value")),
            lower=_number(row.get("lower")),
            upper=_number(row.get("upper")),
            standardised=_number(row.get("standardised")),
            standardised_lower=_number(row.get("standardised_lower")),
            standardised_upper=_number(row.get("standardised_upper")),
            standardised_status=_text(row.get("standardised_status")),
            status=str(row.get("status") or ""),
        )
        for row in rows
    ]


def month_shown(month: date) -> str:
    """Answer a month as people read it: "October 2026"."""
    return f"{month:%B %Y}"


def _day(value: Any) -> date:
    day: date = value.date() if hasattr(value, "date") else value
    return day


def _number(value: Any) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""  # results of an earlier version have no such column


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else round(number)
