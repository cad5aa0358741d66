"""Long-term conditions and short illnesses: their codes, and how common they are by age, sex, place and ethnicity.

`conditions.csv` holds one row a condition. a0 to a80 are percents of the people of an age band who live with it (short
illnesses: who have it in a year); men, deprived, south_asian and black are ratios of men to women, of the most to the
least deprived tenth, and of ethnic groups to white people; `follows` multiplies it where another condition is there;
`deficit` counts towards frailty; `deadly` multiplies mortality; `like` names whose published figures the row follows.
docs/reference/simulated-system.md gives these sources in full.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from joinedup.simulation.world import Concept

BANDS: Final = (0, 5, 18, 30, 40, 50, 60, 70, 80)
"""The first year of each age band."""


class Kind(NamedTuple):
    """How a condition spreads. `percents` stand in the order of BANDS."""

    concept: Concept
    percents: tuple[float, ...]
    men: float
    deprived: float
    south_asian: float
    black: float
    is_deficit: bool
    deadly: float
    is_lasting: bool
    follows: tuple[tuple[str, float], ...]
    like: str


def _read() -> dict[str, Kind]:
    kinds = {}
    text = (files("joinedup.simulation") / "conditions.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        concept = Concept(row["key"], row["snomed"], row["display"], row["icd10"], row["icd10_display"])
        follows = tuple((key, float(many)) for key, many in (one.split(":") for one in row["follows"].split()))
        kinds[concept.key] = Kind(
            concept,
            tuple(float(row[f"a{band}"]) for band in BANDS),
            float(row["men"]),
            float(row["deprived"]),
            float(row["south_asian"]),
            float(row["black"]),
            row["deficit"] == "1",
            float(row["deadly"]),
            row["lasting"] == "yes",
            follows,
            row["like"],
        )
    return kinds


KINDS: Final = _read()
"""Every condition by key: those that last first, short illnesses after them."""
CONDITIONS: Final = {key: kind.concept for key, kind in KINDS.items()}
"""The codes of every condition, by key."""
LASTING: Final = tuple(key for key, kind in KINDS.items() if kind.is_lasting)
SHORT: Final = tuple(key for key, kind in KINDS.items() if not kind.is_lasting)


@cache
def in_order() -> tuple[str, ...]:
    """Answer the lasting conditions so that each stands after those that it follows."""
    placed: list[str] = []
    waiting = list(LASTING)
    while waiting:
        ready = [key for key in waiting if all(before in placed for before, _ in KINDS[key].follows)]
        if not ready:
            raise ValueError(f"conditions.csv: these follow each other in a circle: {', '.join(waiting)}")
        placed += ready
        waiting = [key for key in waiting if key not in ready]
    return tuple(placed)
