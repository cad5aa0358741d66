"""How a figure stands: against the system's value, and against another area's (rules: population PD14).

Two areas are never compared by whether their intervals overlap, and never ranked: the difference itself is tested.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from joinedup.measures.figure import Figure, Scale

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Difference:
    """The first figure less the second, with its 95% interval; None where it cannot be tested, and then why."""

    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    why_not: str = ""

    @property
    def is_significant(self) -> bool:
        return self.lower is not None and self.upper is not None and (self.lower > 0 or self.upper < 0)

    def said(self, scale: Scale, polarity: str) -> str:
        """Answer the verdict in words: "No significant difference", "Higher by 3.1 (0.4 to 5.8), which is worse"."""
        if self.value is None or self.lower is None or self.upper is None:
            return self.why_not
        if not self.is_significant:
            return "No significant difference"
        size, low, high = abs(self.value), *sorted((abs(self.lower), abs(self.upper)))
        word = "Higher" if self.value > 0 else "Lower"
        better = _judged("higher" if self.value > 0 else "lower", polarity)
        judged = f", which is {better}" if better in {"better", "worse"} else ""
        return f"{word} by {scale.number(size)} ({scale.number(low)} to {scale.number(high)}){judged}"


def compared(
    value: float | None, lower: float | None, upper: float | None, benchmark: float | None, polarity: str
) -> str:
    """Answer better, worse, similar, or higher and lower where there is no better; "" where nothing can be compared.

    An interval wholly above the benchmark is higher, wholly below it lower, else similar.
    """
    if value is None or lower is None or upper is None or benchmark is None:
        return ""
    if lower > benchmark:
        return _judged("higher", polarity)
    if upper < benchmark:
        return _judged("lower", polarity)
    return "similar"


def _judged(side: str, polarity: str) -> str:
    if polarity not in {"increase", "decrease"}:
        return side
    return "better" if (side == "higher") == (polarity == "increase") else "worse"


def how_far(value: float, lower: float, upper: float, benchmark: float) -> float:
    """Answer how many standard errors a value lies from a benchmark, to order what stands out."""
    error = (upper - lower) / (2 * Z_95)
    return abs(value - benchmark) / error if error > 0 else 0.0


def difference(first: Figure, second: Figure) -> Difference:
    """Answer the difference of two areas' figures with its 95% interval, from the limits of each.

    The limits of a difference by the limits of its two parts: the squared distances add up (Newcombe 1998 for
    proportions with Wilson's limits; Zou and Donner 2008 for any other). The two must not share people, as a place and
    a neighbourhood within it do.
    """
    one, other = _parts(first), _parts(second)
    if one is None or other is None:
        lacking = first if one is None else second
        return Difference(why_not=lacking.why or "No interval, so the difference cannot be tested.")
    (a, a_low, a_high), (b, b_low, b_high) = one, other
    return Difference(a - b, a - b - math.hypot(a - a_low, b_high - b), a - b + math.hypot(a_high - a, b - b_low))


def _parts(figure: Figure) -> tuple[float, float, float] | None:
    if figure.value is None or figure.lower is None or figure.upper is None:
        return None
    return figure.value, figure.lower, figure.upper
