"""What people are called: names by community, sex and generation, nicknames, streets."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Final

import numpy as np

_TOML: Final[dict[str, Any]] = tomllib.loads(
    (files("joinedup.simulation") / "names.toml").read_text(encoding="utf-8"),
)
NICKNAMES: Final[dict[str, str]] = _TOML["nicknames"]
STREET_STEMS: Final[list[str]] = _TOML["streets"]["stems"].split()
STREET_KINDS: Final[list[str]] = _TOML["streets"]["kinds"].split()
HOUSES: Final[list[str]] = _TOML["streets"]["houses"].split(",")
# Which communities' names the people of a category of the census bear, with shares.
COMMUNITIES: Final = {
    "A": (("british", 1.0),), "B": (("irish", 1.0),), "C": (("east_european", 0.7), ("other", 0.3)),
    "D": (("british", 0.6), ("caribbean", 0.4)), "E": (("african", 0.5), ("british", 0.5)),
    "F": (("south_asian_muslim", 0.35), ("south_asian_indian", 0.35), ("british", 0.3)),
    "G": (("british", 0.5), ("other", 0.5)), "H": (("south_asian_indian", 0.86), ("south_asian_muslim", 0.14)),
    "J": (("south_asian_muslim", 1.0),), "K": (("south_asian_muslim", 1.0),), "L": (("other_asian", 1.0),),
    "M": (("caribbean", 1.0),), "N": (("african", 1.0),), "P": (("african", 0.5), ("caribbean", 0.5)),
    "R": (("chinese", 1.0),), "S": (("other", 1.0),),
}  # fmt: skip
LANGUAGES: Final = {
    "C": ("pl", 0.55), "H": ("pa", 0.2), "J": ("ur", 0.35), "K": ("bn", 0.5), "L": ("ta", 0.3), "N": ("so", 0.2),
    "R": ("zh", 0.4), "S": ("tr", 0.4),
}  # fmt: skip
"""The commonest main language besides English of a category, and the share that speaks it at home."""


class Names:
    """A list of names, the first the commonest, drawn with weights that fall with rank (Zipf, flattened)."""

    __slots__ = ("cumulated", "names")

    def __init__(self, names: list[str], steepness: float = 0.75, tail: list[str] | None = None) -> None:
        weights = 1.0 / np.arange(2, len(names) + 2) ** steepness
        if tail:  # Rare names: together a fifth of all people.
            weights = np.append(weights / weights.sum() * 0.8, np.full(len(tail), 0.2 / len(tail)))
        self.names = [*names, *(tail or [])]
        self.cumulated = np.cumsum(weights / weights.sum())

    def at(self, uniform: np.ndarray) -> list[str]:
        """Answer a name for each number from 0 to 1."""
        places = np.minimum(np.searchsorted(self.cumulated, uniform), len(self.names) - 1)
        names = self.names
        return [names[place] for place in places.tolist()]


def _given(community: str, sex: str, birth_year: int) -> Names:
    return _GIVEN[community, sex, 0 if birth_year < 1960 else 1 if birth_year < 1992 else 2]


def _read() -> tuple[dict[tuple[str, str, int], Names], dict[str, Names]]:
    given, family = {}, {}
    british = _TOML["british"]
    tail = [stem + end for stem in british["stems"].split() for end in british["endings"].split()]
    for community in sorted({name for shares in COMMUNITIES.values() for name, _ in shares}):
        says = _TOML[community]
        for sex in ("female", "male"):
            by_age = says[sex]
            for number, cohort in enumerate(("older", "middle", "younger")):
                names = (by_age[cohort] if isinstance(by_age, dict) else by_age).split()
                given[community, sex, number] = Names(list(dict.fromkeys(names)))
        names = list(dict.fromkeys(says["family"].split()))
        family[community] = Names(names, 0.6, tail if community in ("british", "caribbean", "irish") else None)
    return given, family


_GIVEN, _FAMILY = _read()


def community_of(ethnicity: str, uniform: float) -> str:
    """Answer whose names somebody of that category bears, by a number from 0 to 1."""
    for name, share in COMMUNITIES[ethnicity]:
        uniform -= share
        if uniform < 0:
            return name
    return COMMUNITIES[ethnicity][-1][0]


def given_name(community: str, sex: str, birth_year: int, uniform: float) -> str:
    """Answer a given name."""
    names = _given(community, sex, birth_year)
    return names.names[min(int(names.cumulated.searchsorted(uniform)), len(names.names) - 1)]


def family_name(community: str, uniform: float) -> str:
    """Answer a family name."""
    names = _FAMILY[community]
    return names.names[min(int(names.cumulated.searchsorted(uniform)), len(names.names) - 1)]


def street(area: int, unit: int) -> str:
    """Answer the street of a postcode: every postcode of an area has its own."""
    return f"{STREET_STEMS[(area * 7 + unit * 3) % len(STREET_STEMS)]} {STREET_KINDS[(area + unit * 11) % 20]}"
