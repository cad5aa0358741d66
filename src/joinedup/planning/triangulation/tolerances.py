"""How far two plans may lie apart: in units, in proportion, in money, over the year, in points (rule MD5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from joinedup.errors import RuleError
from joinedup.planning.parameters import ParameterSet

IDS = (
    "triangulation.abs",
    "triangulation.rel",
    "triangulation.money",
    "triangulation.rel_year",
    "triangulation.points",
)


@dataclass(frozen=True, slots=True)
class ToleranceSet:
    """The tolerances of one comparison, and the parameter rows that they come from.

    `abs_tol` in the line's unit; `rel_tol` and `rel_year` as shares of the larger figure, exact; `money_p` in pence;
    `points` in percentage points. RuleError for a float or a tolerance below 0.
    """

    abs_tol: Decimal | int = 5
    rel_tol: Decimal = Decimal("0.02")
    money_p: int = 5_000_000
    rel_year: Decimal = Decimal("0.01")
    points: Decimal = Decimal(1)
    parameter_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("abs_tol", "rel_tol", "money_p", "rel_year", "points"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | Decimal):
                raise RuleError(f"MD5: the tolerance {name} is {value!r}; expected an int or a Decimal made from text.")
            if not value >= 0:
                raise RuleError(f"MD5: the tolerance {name} is {value}; expected 0 or more.")


def tolerance_set(parameters: ParameterSet, on: date) -> ToleranceSet:
    """Answer the tolerances that hold for activity of a day; raises as `ParameterSet.one` does."""
    absolute, relative, money, year, points = (parameters.number(key, on) for key in IDS)
    return ToleranceSet(
        abs_tol=absolute, rel_tol=relative, money_p=int(money), rel_year=year, points=points,
        parameter_ids=tuple(f"{key} from {parameters.one(key, on).valid_from}" for key in IDS),
    )  # fmt: skip
