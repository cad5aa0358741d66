"""Which board answers for a resident, by where the resident lives and what the resident needs (rules: T8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Territory:
    """One board's claim: the small areas it covers and the needs it covers there; no needs named means all."""

    board: str
    small_areas: frozenset[str]
    needs: frozenset[str] = frozenset()


def responsible_board(small_area: str, need: str, territories: Iterable[Territory]) -> str | None:
    """Answer the board for this need in this small area: one named for the need first, else the one for the place.

    None when the small area lies in no territory; the caller reports it.
    """
    for_place = None
    for territory in territories:
        if small_area not in territory.small_areas:
            continue
        if need in territory.needs:
            return territory.board
        if not territory.needs:
            for_place = territory.board
    return for_place
