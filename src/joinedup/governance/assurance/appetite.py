"""How much risk a board bears, and which of its risks are above that (K1's scores)."""

from __future__ import annotations

from collections.abc import Mapping

from joinedup.governance.assurance.risks import Score, band_of


def check_appetite(most: int) -> int:
    """Answer the highest score that a board bears; ScoreError for one that no risk can have, such as 7."""
    band_of(most)
    return most


def appetite_for(appetites: Mapping[str, int], objective: str) -> int | None:
    """Answer the appetite for an objective: its own, else that for all ("" as objective), else None: none was set."""
    return appetites.get(objective, appetites.get(""))


def is_above(score: Score, most: int | None) -> bool:
    """Answer whether a risk is above what is borne; nothing is where no appetite was set. The bound itself is borne."""
    return most is not None and score.number > most
