"""Computing measures: raw counts of every measure, month, area and group, in one pass over the people of a snapshot.

What comes out is not for showing: `protecting.py` makes figures of it. Numerators are counted among those of the
denominator only, so that none is ever more than its denominator. Who has no ethnic group or no small area is in the
group "Unknown", and in every total (rules: population PC3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from joinedup.errors import RuleError
from joinedup.measures.coverage import has_data
from joinedup.measures.dated_areas import DatedAreas, parts, read_areas, read_belongings
from joinedup.measures.definition import MeasureDefinition, definitions
from joinedup.measures.tallying import BANDS, GROUPS, Tallies, Tally, split_ages

if TYPE_CHECKING:
    import pandas as pd

Numbers = npt.NDArray[np.int64]
UNKNOWN: Final = "Unknown"
NO_DATA: Final = "no data for the month"
NOT_THEN: Final = "the area did not exist then"
NOT_HERE: Final = "not collected"


@dataclass(frozen=True)
class Computed:
    """Raw counts, and what protecting them needs.

    `counts`: measure, month (number), area_kind, area, breakdown, band, numerator, denominator, squares, why (why there
    is no figure, "" where there is one). `strata`: the same by age band, for standardising. `parts`: which area is part
    of which, by month numbers.
    """

    counts: pd.DataFrame
    strata: pd.DataFrame
    areas: DatedAreas
    parts: list[tuple[str, str, str, int, int]]
    months: range
    measures: tuple[MeasureDefinition, ...]


@dataclass(frozen=True)
class _Cells:
    """A measure's numerator and denominator as arrays: by area[area, slice, month], by group[name][place, …]."""

    numerator: Numbers | None
    denominator: Numbers
    squares: Numbers | None = None


def compute(
    snapshot: Any,
    measures: Iterable[MeasureDefinition] | None = None,
    *,
    on_measure: Callable[[str], None] | None = None,
) -> Computed:
    """Answer the raw counts of measures (all that are collected, when none are named) on a snapshot.

    Raises RuleError for a measure that is not collected, and whatever its sentences raise.
    """
    import pandas as pd

    many = tuple(definitions().values() if measures is None else measures)
    many = tuple(one for one in many if one.is_collected) if measures is None else many
    for one in many:
        if not one.is_collected:
            raise RuleError(f"'{one.id}' is not collected. {one.why_not}")
    shown = snapshot.months
    lead = _lead(snapshot, many)
    months = range(shown.start - lead, shown.stop)
    areas = read_areas(snapshot, [_last_day(month) for month in months])
    tallies = Tallies(snapshot, many, months, areas)
    frames, strata = [], []
    for one in many:
        if on_measure:
            on_measure(one.title)
        counting = _Measure(one, tallies, lead, snapshot)
        frames.append(counting.counts())
        if one.standardise:
            strata.append(counting.strata())
    belongings = [*read_belongings(snapshot, "registered"), *read_belongings(snapshot, "resident")]
    return Computed(
        pd.concat(frames, ignore_index=True),
        pd.concat(strata, ignore_index=True) if strata else pd.DataFrame(columns=_STRATA),
        areas,
        [
            (area, whole, family, months[first], months[last])
            for area, whole, family, first, last in parts(areas, belongings)
        ],
        shown,
        many,
    )


_STRATA = ["measure", "month", "area_kind", "area", "breakdown", "band", "age", "numerator", "denominator"]


class _Measure:
    """Counts one measure."""

    def __init__(self, one: MeasureDefinition, tallies: Tallies, lead: int, snapshot: Any) -> None:
        self.one, self.tallies, self.lead = one, tallies, lead
        self.low, self.high, self.others = split_ages(one.denominator)
        self.slices = tallies.slices(self.low, self.high)
        self.shown = list(tallies.months)[lead:]
        self.has_data = np.array(has_data(one, snapshot.manifest["coverage"], snapshot.months, snapshot.day))
        self.numerator, self.denominator, self.squares = self._tallied()

    def _tallied(self) -> tuple[Tally | None, Tally, Tally | None]:
        one, of = self.one, self.one.population
        if one.average:
            events = self.tallies.events(of, self.others, one.exclude, one.average)
            return events.total, events, events.squares
        if one.of:
            whole = self.tallies.events(of, self.others, one.exclude, one.of)
            return self.tallies.events(of, self.others, one.exclude, one.counts), whole, None
        whole = self.tallies.people(of, self.others, one.exclude)
        if one.counts:
            counted = self.tallies.events(of, self.others, one.exclude, one.counts)
            return (None, counted, None) if one.kind == "count" else (counted, whole, None)
        if one.kind == "count":
            return None, whole, None
        said = [*self.others, *(one.numerator or one.without)]
        return self.tallies.people(of, said, one.exclude), whole, None

    def _cells(self, pick: Callable[[Tally], Numbers]) -> _Cells:
        """Answer the numerator and denominator of some cells, over the months shown; slices that are not asked for are 0."""
        denominator = self._over_months(self._of_ages(pick(self.denominator)), is_stock=self._denominator_is_stock)
        numerator = squares = None
        if self.numerator is not None:
            counted = self._of_ages(pick(self.numerator))
            if self.one.without:
                counted = self._of_ages(pick(self.denominator)) - counted
            numerator = self._over_months(counted, is_stock=False)
        if self.squares is not None:
            squares = self._over_months(self._of_ages(pick(self.squares)), is_stock=False)
        return _Cells(numerator, denominator, squares)

    @property
    def _denominator_is_stock(self) -> bool:
        # People at the end of each month: over twelve months, as many as there were on average.
        return not self.one.of and not self.one.average and self.one.kind != "count"

    def _of_ages(self, counts: Numbers) -> Numbers:
        return np.where(self.slices[:, None], counts, 0)

    def _over_months(self, counts: Numbers, *, is_stock: bool) -> Numbers:
        if self.one.months == 1:
            return counts[..., self.lead :]
        summed = np.cumsum(counts, axis=-1)
        before = np.zeros_like(summed)
        before[..., 12:] = summed[..., :-12]
        year = (summed - before)[..., self.lead :]
        # Whole people: half a person counts as one.
        return (year + 6) // 12 if is_stock else year

    def counts(self) -> pd.DataFrame:
        """Answer the rows of this measure: every area's totals, and the groups of the system and of its places."""
        import pandas as pd

        return pd.concat([self._totals(), *self._groups()], ignore_index=True)

    def _totals(self) -> pd.DataFrame:
        areas = self.tallies.areas
        cells = self._cells(lambda tally: self.tallies.by_area(self.one.population, tally))
        lives = areas.lives
        why = np.full((len(lives), len(self.shown)), "", dtype=object)
        why[:, ~self.has_data] = NO_DATA
        why[~areas.has_figure[:, self.lead :]] = NOT_THEN
        if self.one.population == "resident":
            why[[n for n, life in enumerate(lives) if life.kind == "practice"]] = NOT_HERE
        return self._frame(
            np.repeat([life.kind for life in lives], len(self.shown)),
            np.repeat([life.code for life in lives], len(self.shown)),
            "all",
            "",
            np.tile(self.shown, len(lives)),
            cells,
            why.reshape(-1),
        )

    def _groups(self) -> list[pd.DataFrame]:
        """Answer each breakdown: of the system in every month, of each place in the last month with data."""
        lives, found = self.tallies.areas.lives, []
        system = next(life for life in lives if life.kind == "system")
        for breakdown, (bands, pick) in self._breakdowns().items():
            cells = self._cells(pick)
            count, many = len(bands), len(self.shown)
            whole = _summed_places(cells)
            why = np.where(self.has_data, "", NO_DATA).astype(object)
            found.append(
                self._frame(
                    np.repeat("system", count * many),
                    np.repeat(system.code, count * many),
                    breakdown,
                    np.repeat(bands, many),
                    np.tile(self.shown, count),
                    whole,
                    np.tile(why, count),
                )
            )
            for n, at in enumerate(self.tallies.places):
                if not self.tallies.areas.exists[at, -1]:
                    continue
                last = _of_place(cells, n)
                found.append(
                    self._frame(
                        np.repeat("place", count),
                        np.repeat(lives[at].code, count),
                        breakdown,
                        np.array(bands, dtype=object),
                        np.repeat(self.shown[-1], count),
                        last,
                        np.repeat(why[-1], count),
                    )
                )
        return found

    def _breakdowns(self) -> dict[str, tuple[Sequence[str], Callable[[Tally], Numbers]]]:
        """Answer each breakdown's groups, and how its cells [place, group, slice, month] are got from a tally."""
        made: dict[str, tuple[Sequence[str], Callable[[Tally], Numbers]]] = {
            "age_band": ((*BANDS, UNKNOWN), self._by_age)
        }
        for name, words in GROUPS.items():
            made[name] = (words, lambda tally, name=name: tally.by_group[name])  # type: ignore[misc]
        return made

    def _by_age(self, tally: Tally) -> Numbers:
        # Ages are the slices themselves: each band keeps its own, so that the ages asked for still choose.
        cells = tally.by_group["sex"].sum(axis=1)
        spread = np.zeros((cells.shape[0], len(BANDS) + 1, *cells.shape[1:]), dtype=cells.dtype)
        for slice_, band in enumerate(self.tallies.band_of_slice):
            spread[:, band, slice_] = cells[:, slice_]
        return spread

    def _frame(
        self, kinds: Any, codes: Any, breakdown: str, bands: Any, months: Any, cells: _Cells, why: Any
    ) -> pd.DataFrame:
        """Answer rows of cells[…, slice, month], added up over slices."""
        import pandas as pd

        def flat(counts: Numbers | None) -> Any:
            return None if counts is None else counts.sum(axis=-2).reshape(-1)

        frame = pd.DataFrame(
            {
                "measure": self.one.id,
                "month": months,
                "area_kind": kinds,
                "area": codes,
                "breakdown": breakdown,
                "band": bands,
                "numerator": pd.array([pd.NA] * len(why), dtype="Int64")
                if cells.numerator is None
                else flat(cells.numerator),
                "denominator": flat(cells.denominator),
                "squares": pd.array([pd.NA] * len(why), dtype="Int64")
                if cells.squares is None
                else flat(cells.squares),
                "why": why,
            }
        ).astype({"numerator": "Int64", "denominator": "Int64", "squares": "Int64"})
        is_group = breakdown != "all"
        # A group in which there is never anybody, such as an age that the measure is not about, is no group of it.
        if is_group:
            ever = frame.groupby("band", sort=False)["denominator"].transform("sum") > 0
            frame = frame[ever]
        return frame

    def strata(self) -> pd.DataFrame:
        """Answer numerators and denominators by age band, of every area and of the system's groups."""
        import pandas as pd

        lives, many = self.tallies.areas.lives, len(self.shown)
        cells = self._cells(lambda tally: self.tallies.by_area(self.one.population, tally))
        frames = [
            self._stratum([life.kind for life in lives], [life.code for life in lives], "all", [""] * len(lives), cells)
        ]
        system = next(life for life in lives if life.kind == "system")
        for breakdown, (bands, pick) in self._breakdowns().items():
            if breakdown == "age_band":
                continue
            whole = _summed_places(self._cells(pick))
            count = len(bands)
            frames.append(self._stratum(["system"] * count, [system.code] * count, breakdown, list(bands), whole))
        frame = pd.concat(frames, ignore_index=True)
        with_data = {month for month, has in zip(self.shown, self.has_data, strict=True) if has}
        assert many == len(self.has_data)
        return frame[frame["month"].isin(with_data)]

    def _stratum(self, kinds: list[str], codes: list[str], breakdown: str, bands: list[str], cells: _Cells) -> Any:
        import pandas as pd

        assert cells.numerator is not None
        numerator, denominator = self._by_band(cells.numerator), self._by_band(cells.denominator)
        rows, ages, months = numerator.shape
        return pd.DataFrame(
            {
                "measure": self.one.id,
                "month": np.tile(self.shown, rows * ages),
                "area_kind": np.repeat(kinds, ages * months),
                "area": np.repeat(codes, ages * months),
                "breakdown": breakdown,
                "band": np.repeat(bands, ages * months),
                "age": np.tile(np.repeat(BANDS, months), rows),
                "numerator": numerator.reshape(-1),
                "denominator": denominator.reshape(-1),
            }
        )

    def _by_band(self, counts: Numbers) -> Numbers:
        """Answer counts[…, band, month] of counts[…, slice, month], without those of unknown age."""
        bands = np.zeros((*counts.shape[:-2], len(BANDS), counts.shape[-1]), dtype=counts.dtype)
        for slice_, band in enumerate(self.tallies.band_of_slice):
            if band < len(BANDS):
                bands[..., band, :] += counts[..., slice_, :]
        return bands


def _summed_places(cells: _Cells) -> _Cells:
    def summed(counts: Numbers | None) -> Any:
        return None if counts is None else counts.sum(axis=0)

    return _Cells(summed(cells.numerator), summed(cells.denominator), summed(cells.squares))


def _of_place(cells: _Cells, place: int) -> _Cells:
    def last(counts: Numbers | None) -> Any:
        return None if counts is None else counts[place][..., -1:]

    return _Cells(last(cells.numerator), last(cells.denominator), last(cells.squares))


def _lead(snapshot: Any, many: Sequence[MeasureDefinition]) -> int:
    """Answer how many months before the first shown are counted: one, for those who have just left; a year for a year."""
    from joinedup.measures.coverage import covers_before

    needs_year = any(
        one.months == 12 and covers_before(one, snapshot.manifest["coverage"], snapshot.months.start) for one in many
    )
    return 12 if needs_year else 1


def _last_day(month: int) -> Any:
    from datetime import date, timedelta

    return date((month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)
