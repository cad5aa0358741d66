"""Computing measures: raw counts of every measure, month, area and group, in one pass over the people of a snapshot.

What comes out is not for showing: `protecting.py` makes figures of it. Numerators are counted among those of the
denominator only, so that none is ever more than its denominator. Who has no ethnic group or no small area is in the
group "Unknown", and in every total (rules: population PC3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from joinedup.errors import RuleError
from joinedup.measures.coverage import covers_before, has_data
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
    is no figure, "" where there is one). `strata`: the same by age band, for standardising, its denominators in months
    of people where the numerators are of a year. `parts`: which area is part
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
    rows, strata = _Rows(_COUNTS), _Rows(_STRATA)
    for one in many:
        if on_measure:
            on_measure(one.title)
        counting = _Measure(one, tallies, lead, snapshot)
        counting.counts(rows)
        if one.standardise:
            counting.strata(strata)
    belongings = [*read_belongings(snapshot, "registered"), *read_belongings(snapshot, "resident")]
    return Computed(
        rows.frame(),
        strata.frame(),
        areas,
        [
            (area, whole, family, months[first], months[last])
            for area, whole, family, first, last in parts(areas, belongings)
        ],
        shown,
        many,
    )


_KEYS: Final = ("measure", "month", "area_kind", "area", "breakdown", "band")
_COUNTS: Final = (*_KEYS, "numerator", "denominator", "squares", "why")
_STRATA: Final = (*_KEYS, "age", "numerator", "denominator")
_ABSENT: Final = -1
_WHOLE: Final = ("numerator", "denominator", "squares")


class _Rows:
    """Columns that grow block by block, and become a frame once. A whole number that is not there is below nought."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.blocks: dict[str, list[Any]] = {column: [] for column in columns}

    def add(self, many: int, **columns: Any) -> None:
        """Add rows; a column is an array of so many, or one value for all of them."""
        for name, blocks in self.blocks.items():
            value = columns[name]
            if value is None:
                value = np.full(many, _ABSENT, dtype=np.int64)
            blocks.append(value if isinstance(value, np.ndarray) else np.full(many, value, dtype=object))

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        joined: dict[str, Any] = {
            name: np.concatenate(blocks) if blocks else [] for name, blocks in self.blocks.items()
        }
        frame = pd.DataFrame(joined)
        for name in _WHOLE:
            if name in frame:
                values = frame[name].astype("int64")
                frame[name] = values.astype("Int64").mask(values == _ABSENT)
        return frame


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
        return self.tallies.people(of, [*self.others, *one.numerator], (*one.exclude, *one.without)), whole, None

    def _cells(self, pick: Callable[[Tally], Numbers]) -> _Cells:
        """Answer the numerator and denominator of some cells over the months shown; slices not asked for are 0."""
        denominator = self._over_months(self._of_ages(pick(self.denominator)))
        numerator = squares = None
        if self.numerator is not None:
            numerator = self._over_months(self._of_ages(pick(self.numerator)))
        if self.squares is not None:
            squares = self._over_months(self._of_ages(pick(self.squares)))
        return _Cells(numerator, denominator, squares)

    @property
    def _months_of_people(self) -> int:
        """Answer how many months a person in the denominator is counted in: over a year twelve times."""
        of_events = self.one.of or self.one.average or self.one.kind == "count"
        return 1 if of_events else self.one.months

    def _of_ages(self, counts: Numbers) -> Numbers:
        return np.where(self.slices[:, None], counts, 0)

    def _over_months(self, counts: Numbers) -> Numbers:
        """Answer the months shown, each alone or with the eleven before it."""
        if self.one.months == 1:
            return counts[..., self.lead :]
        summed = np.cumsum(counts, axis=-1)
        before = np.zeros_like(summed)
        before[..., 12:] = summed[..., :-12]
        return (summed - before)[..., self.lead :]

    def counts(self, rows: _Rows) -> None:
        """Add the rows of this measure: every area's totals, and the groups of the system and of its places."""
        self._totals(rows)
        self._groups(rows)

    def _totals(self, rows: _Rows) -> None:
        areas = self.tallies.areas
        cells = self._cells(lambda tally: self.tallies.by_area(self.one.population, tally))
        lives = areas.lives
        why = np.full((len(lives), len(self.shown)), "", dtype=object)
        why[:, ~self.has_data] = NO_DATA
        why[~areas.has_figure[:, self.lead :]] = NOT_THEN
        if self.one.population == "resident":
            why[[n for n, life in enumerate(lives) if life.kind == "practice"]] = NOT_HERE
        self._add(
            rows,
            np.repeat(np.array([life.kind for life in lives], dtype=object), len(self.shown)),
            np.repeat(np.array([life.code for life in lives], dtype=object), len(self.shown)),
            "all",
            "",
            np.tile(self.shown, len(lives)),
            cells,
            why.reshape(-1),
        )

    def _groups(self, rows: _Rows) -> None:
        """Add each breakdown: of the system in every month, of each place in the last month with data."""
        lives, many = self.tallies.areas.lives, len(self.shown)
        system = next(life for life in lives if life.kind == "system")
        why = np.where(self.has_data, "", NO_DATA).astype(object)
        # What looks ahead has no data for the last month of all: its groups of places are those of the month before.
        last = int(np.flatnonzero(self.has_data)[-1]) if self.has_data.any() else many - 1
        for breakdown, (bands, pick) in self._breakdowns().items():
            cells = self._cells(pick)
            whole = _summed_places(cells)
            # A group in which there is never anybody, such as an age that the measure is not about, is no group of it.
            ever = np.flatnonzero(whole.denominator.sum(axis=(-2, -1)) > 0)
            names = np.array(bands, dtype=object)[ever]
            self._add(
                rows,
                "system",
                system.code,
                breakdown,
                np.repeat(names, many),
                np.tile(self.shown, len(ever)),
                _picked(whole, ever),
                np.tile(why, len(ever)),
            )
            for n, at in enumerate(self.tallies.places):
                if self.tallies.areas.exists[at, self.lead + last]:
                    self._add(
                        rows,
                        "place",
                        lives[at].code,
                        breakdown,
                        names,
                        np.repeat(self.shown[last], len(ever)),
                        _picked(_of_place(cells, n, last), ever),
                        np.repeat(why[last], len(ever)),
                    )

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

    def _add(
        self, rows: _Rows, kinds: Any, codes: Any, breakdown: str, bands: Any, months: Any, cells: _Cells, why: Any
    ) -> None:
        """Add the rows of cells[…, slice, month], added up over slices."""

        def flat(counts: Numbers | None) -> Any:
            return None if counts is None else counts.sum(axis=-2).reshape(-1)

        rows.add(
            len(why),
            measure=self.one.id,
            month=months,
            area_kind=kinds,
            area=codes,
            breakdown=breakdown,
            band=bands,
            numerator=flat(cells.numerator),
            # People over a year are as many as there were on average, to the nearest whole person.
            denominator=(flat(cells.denominator) + self._months_of_people // 2) // self._months_of_people,
            squares=flat(cells.squares),
            why=why,
        )

    def strata(self, rows: _Rows) -> None:
        """Add numerators and denominators by age band, of every area and of the system's groups."""
        lives = self.tallies.areas.lives
        cells = self._cells(lambda tally: self.tallies.by_area(self.one.population, tally))
        self._add_strata(
            rows, [life.kind for life in lives], [life.code for life in lives], "all", [""] * len(lives), cells
        )
        system = next(life for life in lives if life.kind == "system")
        for breakdown, (bands, pick) in self._breakdowns().items():
            if breakdown != "age_band":
                whole, count = _summed_places(self._cells(pick)), len(bands)
                self._add_strata(rows, ["system"] * count, [system.code] * count, breakdown, list(bands), whole)

    def _add_strata(
        self, rows: _Rows, kinds: list[str], codes: list[str], breakdown: str, bands: list[str], cells: _Cells
    ) -> None:
        assert cells.numerator is not None
        # Groups one after the other, each with its ages in order, in the months with data and with people of all ages.
        numerator = np.moveaxis(self._by_band(cells.numerator), -1, 1)
        denominator = np.moveaxis(self._by_band(cells.denominator), -1, 1)
        group, month = np.nonzero((denominator > 0).all(axis=-1) & self.has_data)
        ages = len(BANDS)

        def spread(values: Any) -> Any:
            return np.repeat(np.array(values, dtype=object)[group], ages)

        rows.add(
            len(group) * ages,
            measure=self.one.id,
            month=np.repeat(np.array(self.shown)[month], ages),
            area_kind=spread(kinds),
            area=spread(codes),
            breakdown=breakdown,
            band=spread(bands),
            age=np.tile(np.array(BANDS, dtype=object), len(group)),
            numerator=numerator[group, month].reshape(-1),
            denominator=denominator[group, month].reshape(-1),
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


def _of_place(cells: _Cells, place: int, month: int) -> _Cells:
    def then(counts: Numbers | None) -> Any:
        return None if counts is None else counts[place][..., month : month + 1]

    return _Cells(then(cells.numerator), then(cells.denominator), then(cells.squares))


def _picked(cells: _Cells, groups: Any) -> _Cells:
    def those(counts: Numbers | None) -> Any:
        return None if counts is None else counts[groups]

    return _Cells(those(cells.numerator), those(cells.denominator), those(cells.squares))


def _lead(snapshot: Any, many: Sequence[MeasureDefinition]) -> int:
    """Answer how many months before the first are counted: one, for those who have just left; a year for a year."""
    needs_year = any(
        one.months == 12 and covers_before(one, snapshot.manifest["coverage"], snapshot.months.start) for one in many
    )
    return 12 if needs_year else 1


def _last_day(month: int) -> date:
    return date((month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)
