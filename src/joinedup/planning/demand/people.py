"""How many people a place will have, by age, and how much care that alone brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.planning.waiting.durations import Floats, numbers

MID_YEAR = (7, 1)  # population estimates and projections are of 30 June


@dataclass(frozen=True)
class PopulationProjection:
    """People by (place, age band, year), in the middle of each year, for every year from first to last.

    RuleError when a place lacks a band in a year; a projection with holes would show a fall that nobody expects.
    """

    people: Mapping[tuple[str, str, int], float]

    def __post_init__(self) -> None:
        numbers("ME10", "a population", list(self.people.values()), least=0)
        for place in self.places:
            for band in self.bands:
                if gap := [year for year in self.years if (place, band, year) not in self.people]:
                    raise RuleError(
                        f"ME10: the population of {place} lacks the ages {band} in {gap[0]}; expected every age band "
                        "in every year."
                    )

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(sorted({place for place, _, _ in self.people}))

    @property
    def bands(self) -> tuple[str, ...]:
        return tuple(sorted({band for _, band, _ in self.people}))

    @property
    def years(self) -> tuple[int, ...]:
        found = {year for _, _, year in self.people}
        return tuple(range(min(found), max(found) + 1)) if found else ()

    def index(
        self, place: str, months: Sequence[date], *, base: date, age_shares: Mapping[str, float] | None = None
    ) -> Floats:
        """Answer, for each month, the care that the people alone bring, against the month `base` (1.0).

        `age_shares` is how the care of the base month is spread over age bands; each share grows with its band. Without
        it everyone counts the same. Between mid-years, and only there, it runs straight; before the first and after the
        last it stays. NotFound for an unknown place or band.
        """
        if place not in self.places:
            raise NotFound(f"ME10: there is no population of '{place}'.{did_you_mean(place, self.places)}")
        if age_shares is not None:
            for band in age_shares:
                if band not in self.bands:
                    raise NotFound(f"ME10: the population has no ages '{band}'.{did_you_mean(band, self.bands)}")
            if abs(sum(age_shares.values()) - 1) > 1e-6:
                raise RuleError(f"ME10: the shares of ages add up to {sum(age_shares.values()):g}; expected 1.")
        at = [(date(year, *MID_YEAR) - date(1900, 1, 1)).days for year in self.years]
        # A month stands at its middle.
        when = [(month - date(1900, 1, 1)).days + 15 for month in (base, *months)]
        by_band = {
            band: np.interp(when, at, [self.people[place, band, year] for year in self.years]) for band in self.bands
        }
        if age_shares is None:
            all_ages = np.sum(list(by_band.values()), axis=0)
            return self._against_base(place, "all ages", all_ages)
        return np.asarray(
            sum(share * self._against_base(place, band, by_band[band]) for band, share in age_shares.items() if share)
        )

    @staticmethod
    def _against_base(place: str, band: str, people: Floats) -> Floats:
        if not people[0]:
            raise RuleError(f"ME10: {place} has nobody of {band} in the base month, so no growth can be told.")
        return np.asarray(people[1:] / people[0], dtype=float)
