"""The icons of a Making Data Count chart: each a colour, a letter and the words that must stand beside it.

Colour is never the only sign. Two-point comparisons and traffic lights are not offered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

GREY, BLUE, ORANGE, PURPLE = "#a6a6a6", "#00b0f0", "#e46c0a", "#490092"


@dataclass(frozen=True)
class Icon:
    """What stands for a variation or an assurance: `sign` is its letter or shape, `text` must accompany it."""

    name: str
    colour: str
    sign: str
    text: str


ICONS: dict[tuple[str, str], Icon] = {
    (icon.name, direction): icon
    for direction, icon in [
        ("", Icon("common cause", GREY, "wave", "no significant change")),
        ("high", Icon("improvement", BLUE, "H", "significant change for the better, high")),
        ("low", Icon("improvement", BLUE, "L", "significant change for the better, low")),
        ("high", Icon("concern", ORANGE, "H", "significant change for the worse, high")),
        ("low", Icon("concern", ORANGE, "L", "significant change for the worse, low")),
        ("high", Icon("neutral", PURPLE, "up arrow", "significant change upwards, no judgement")),
        ("low", Icon("neutral", PURPLE, "down arrow", "significant change downwards, no judgement")),
        ("", Icon("pass", BLUE, "P", "the process will meet the target as it runs now")),
        ("", Icon("fail", ORANGE, "F", "the process will not meet the target as it runs now")),
        ("", Icon("hit or miss", GREY, "?", "the process may or may not meet the target as it runs now")),
    ]
}


def icon_of(name: str, direction: str = "") -> Icon | None:
    """Answer the icon of a variation (with its direction) or an assurance as `xmr` names it; None for ""."""
    return ICONS[name, direction] if name else None


def exceptions_first(summary: pd.DataFrame) -> pd.DataFrame:
    """Answer the summaries of `xmr` in the order in which they need a look: concern and failing the target come first.

    Then other concerns, others that fail, and the rest; within each as they were.
    """
    is_concern, is_failing = summary["variation"] == "concern", summary["assurance"] == "fail"
    urgency = np.select([is_concern & is_failing, is_concern, is_failing], [0, 1, 2], 3)
    return summary.iloc[np.argsort(urgency, kind="stable")]
