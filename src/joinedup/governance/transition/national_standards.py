"""Lines of a local plan against the national specification: none may fall below it (rule P8).

What contracts must say is checked by the room `money`; this is about what a plan promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from joinedup.errors import RuleError, did_you_mean

BETTER: Final = ("lower", "higher")


class BelowNationalStandard(RuleError):
    """A plan promises less than the national specification."""


@dataclass(frozen=True, slots=True)
class NationalStandard:
    """A figure that no plan may be worse than: `better` says whether lower or higher is better."""

    key: str
    unit: str
    value: Decimal
    better: str

    def __post_init__(self) -> None:
        if self.better not in BETTER:
            raise RuleError(
                f"P8: for {self.key} '{self.better}' is better; expected {' or '.join(BETTER)}."
                f"{did_you_mean(self.better, BETTER)}"
            )


@dataclass(frozen=True, slots=True)
class Breach:
    """A line that falls below: what is planned, what is wanted, and by how much."""

    key: str
    planned: Decimal
    wanted: Decimal
    unit: str

    @property
    def by(self) -> Decimal:
        """How far it is off, in the unit, above 0."""
        return abs(self.planned - self.wanted)


def breaches(standards: Iterable[NationalStandard], planned: Mapping[str, Decimal]) -> list[Breach]:
    """Answer the lines of a plan, {key: value}, that are worse than the specification; equal to it is no breach.

    What a plan does not say anything about is no breach of a figure: its completeness is another question (P2).
    """
    found = []
    for one in standards:
        value = planned.get(one.key)
        if value is not None and (value > one.value if one.better == "lower" else value < one.value):
            found.append(Breach(one.key, value, one.value, one.unit))
    return found


def must_meet_standards(standards: Iterable[NationalStandard], planned: Mapping[str, Decimal]) -> None:
    """Raise BelowNationalStandard, which lists each breach, where a plan promises less."""
    if found := breaches(standards, planned):
        said = "; ".join(f"{one.key}: {one.planned} for {one.wanted}, {one.by} {one.unit} off" for one in found)
        raise BelowNationalStandard(f"P8: the plan falls below the national specification: {said}.")
