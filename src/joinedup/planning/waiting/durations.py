"""Waits carry their unit: a wait in days never meets a target in weeks unseen (rule book, section E).

A public function for waiting lists subtracts dates, which gives days, and divides by a target in weeks: its pressure is
seven times too high. Whatever here takes weeks therefore also takes `Days`, and turns them into weeks itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from joinedup.errors import RuleError

Floats = NDArray[np.float64]
DAYS_A_WEEK = 7.0


@dataclass(frozen=True, slots=True, order=True)
class Weeks:
    """A length of time in weeks."""

    value: float

    @property
    def days(self) -> Days:
        return Days(self.value * DAYS_A_WEEK)


@dataclass(frozen=True, slots=True, order=True)
class Days:
    """A length of time in days."""

    value: float

    @property
    def weeks(self) -> Weeks:
        return Weeks(self.value / DAYS_A_WEEK)


Wait = Weeks | Days | ArrayLike


def weeks_of(wait: Wait) -> Floats:
    """Answer a wait in weeks: `Days` are divided by seven, `Weeks` and plain numbers or arrays are weeks already."""
    if isinstance(wait, Days):
        return np.asarray(wait.weeks.value, dtype=float)
    return np.asarray(wait.value if isinstance(wait, Weeks) else wait, dtype=float)


def numbers(
    rule: str, name: str, given: ArrayLike, *, above: float | None = None, least: float | None = None
) -> Floats:
    """Answer numbers as an array; RuleError naming the rule when one isn't finite, or is not in the range it must be.

    `above` is a bound that is itself not allowed, `least` one that is.
    """
    try:
        array = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise RuleError(f"{rule}: {name} is not a number; give a number or numbers of equal shape.") from None
    wrong = ~np.isfinite(array)
    expected = "a finite number"
    if above is not None:
        wrong |= ~(array > above)
        expected = f"above {above:g}"
    if least is not None:
        wrong |= ~(array >= least)
        expected = f"{least:g} or more"
    if wrong.any():
        first = np.atleast_1d(array)[np.atleast_1d(wrong)][0]
        raise RuleError(f"{rule}: {name} is {first:g}; expected {expected}. Correct it and ask again.")
    return array


def plain(array: ArrayLike) -> float | Floats:
    """Answer a float for one number and an array for many, so that scalars in give scalars out."""
    found = np.asarray(array, dtype=float)
    return float(found) if found.ndim == 0 else found
