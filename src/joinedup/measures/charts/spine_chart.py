"""A profile of an area at one look: each measure's value against the system's and the spread of areas of its kind.

Every row has a scale of its own: the system's value stands in the middle, and the farthest area at an edge. Where a
measure has a better direction, better is to the right. Letters say the same as the colours (rules: PD14).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

INK: Final = "#212b32"
LETTERS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "better": ("B", "Better", "#00b0f0", "circle"),
    "similar": ("S", "Similar", "#ffffff", "circle"),
    "worse": ("W", "Worse", "#e46c0a", "square"),
    "higher": ("H", "Higher", "#b79ad6", "diamond"),
    "lower": ("L", "Lower", "#d9c8ec", "diamond"),
    "": ("N", "Not compared", "#d8dde0", "circle"),
}
"""What a comparison with the system may say: its letter, words, colour and shape."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measure of the profile: values for drawing, the texts of the table beside it, and the verdict of the test."""

    title: str
    value: float | None
    shown: str
    system: float | None
    system_shown: str
    lowest: float | None
    low_quarter: float | None
    high_quarter: float | None
    highest: float | None
    polarity: str  # increase, decrease or neutral
    verdict: str  # better, similar, worse, higher, lower or "" where there is no comparison


def placed(row: Row, value: float | None) -> float | None:
    """Answer where a value stands between -1 and 1: 0 is the system's, better to the right where there is a better."""
    if value is None or row.system is None or row.lowest is None or row.highest is None:
        return None
    reach = max(row.highest - row.system, row.system - row.lowest, abs((row.value or row.system) - row.system))
    if reach <= 0:
        return 0.0
    place = (value - row.system) / reach
    return -place if row.polarity == "decrease" else place


def spine_svg(rows: Sequence[Row], *, title: str) -> str:
    """Answer the spine chart as inline SVG: a line for each measure, its texts at the left, its scale at the right.

    Drawn here and not by Vega: each area has a chart of its own with a line for every measure, which Vega takes a
    second for, and plain rectangles and letters a millisecond.
    """
    parts = [_text(x, 16, words, anchor, bold=True) for x, anchor, words in HEADS]
    top = 28
    for number, row in enumerate(rows):
        parts.append(_line(row, top + number * STEP))
    middle, bottom = _across(0.0), top + len(rows) * STEP
    parts.append(f'<path d="M{middle} {top}V{bottom}" stroke="#d5281b" stroke-width="2"/>')
    parts += [_marker(row, top + number * STEP + STEP / 2) for number, row in enumerate(rows)]
    used = [key for key in LETTERS if any(row.verdict == key and row.value is not None for row in rows)]
    for place, key in enumerate(used):
        letter, words, _, _ = LETTERS[key]
        x = 12 + place * 118
        parts.append(_sign(key, x, bottom + 20, letter) + _text(x + 16, bottom + 25, words, "start"))
    height = bottom + 40
    return (
        f'<svg class="joinedup-spine" role="img" aria-label="{escape(title)}" focusable="false" '
        f'viewBox="0 0 {WIDE} {height}" width="{WIDE}" '
        f'height="{height}" font-family="Arial, sans-serif" font-size="14" fill="{INK}">'
        f'<rect width="{WIDE}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>'
    )


WIDE: Final = 810
STEP: Final = 26
HEADS: Final = ((6, "start", "Measure"), (396, "end", "Here"), (466, "end", "System"))
FROM, TO = 492, 792


def _across(place: float) -> float:
    return round((FROM + TO) / 2 + place * (TO - FROM) / 2, 1)


def _line(row: Row, top: float) -> str:
    text = top + STEP / 2 + 5
    parts = [
        _text(6, text, _shortened(row.title), "start"),
        _text(396, text, row.shown if len(row.shown) < 12 else "–", "end"),
        _text(466, text, row.system_shown, "end"),
    ]
    for low, high, colour in ((row.lowest, row.highest, "#d8dde0"), (row.low_quarter, row.high_quarter, "#aeb7bd")):
        ends = sorted(place for place in (placed(row, low), placed(row, high)) if place is not None)
        if len(ends) == 2:
            left, right = _across(ends[0]), _across(ends[1])
            parts.append(
                f'<rect x="{left}" y="{top + 6}" width="{max(right - left, 1):.1f}" height="14" fill="{colour}"/>'
            )
    return "".join(parts)


def _marker(row: Row, y: float) -> str:
    place = placed(row, row.value)
    return "" if place is None else _sign(row.verdict, _across(place), y, LETTERS[row.verdict][0])


def _sign(verdict: str, x: float, y: float, letter: str) -> str:
    """Answer a verdict's shape with its letter in it."""
    _, _, colour, shape = LETTERS[verdict]
    outline = f'fill="{colour}" stroke="{INK}"'
    drawn = {
        "circle": f'<circle cx="{x}" cy="{y}" r="9" {outline}/>',
        "square": f'<rect x="{x - 8}" y="{y - 8}" width="16" height="16" {outline}/>',
        "diamond": f'<path d="M{x} {y - 11}l11 11-11 11-11-11z" {outline}/>',
    }[shape]
    return drawn + f'<text x="{x}" y="{y + 4}" font-size="11" font-weight="bold" text-anchor="middle">{letter}</text>'


def _text(x: float, y: float, words: str, anchor: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{weight}>{escape(words)}</text>'


def _shortened(text: str, most: int = 46) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def spine_summary(rows: Sequence[Row], *, area: str, system: str) -> str:
    """Answer in a sentence how the area compares, measure by measure, with the system."""
    counts = {key: sum(row.verdict == key for row in rows) for key in LETTERS}
    said = [f"{many} {LETTERS[key][1].lower()}" for key, many in counts.items() if many and key]
    hidden = sum(row.value is None for row in rows)
    parts = [f"{area} against {system}, measure by measure: {', '.join(said) or 'nothing can be compared'}."]
    if hidden:
        parts.append(f"{hidden} without a figure that may be shown.")
    return " ".join(parts)
