"""What pages, the API and the files say of measures: the same answers, from the same protected figures.

Every answer is made of `Figure`s out of `open_results()`; nothing here sees a count that was not protected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from joinedup.errors import NotFound, did_you_mean
from joinedup.measures import definition
from joinedup.measures.definition import MeasureDefinition
from joinedup.measures.figure import GROUPS, NO_AREA_THEN, NO_DATA, Figure, Scale, figures
from joinedup.measures.results import AreaName, Results
from joinedup.measures.standing import compared

MANY: Final[Mapping[str, str]] = {
    "system": "systems",
    "place": "places",
    "neighbourhood": "neighbourhoods",
    "practice": "practices",
}
"""Each kind of area, and how several of it are called; from the largest to the smallest."""
ORDER_OF_BANDS: Final[Mapping[str, Sequence[str]]] = {
    "sex": ("female", "male"),
    "ethnic_group": ("White", "Asian", "Black", "Mixed", "Other", "Unknown"),
}


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A measure in the profile of an area: its latest figure, its peers' spread, the system's value, and the test."""

    definition: MeasureDefinition
    figure: Figure
    peers: int
    lowest: float | None
    low_quarter: float | None
    high_quarter: float | None
    highest: float | None
    system: float | None
    verdict: str

    @property
    def scale(self) -> Scale:
        return scale_of(self.definition)


def scale_of(one: MeasureDefinition) -> Scale:
    return Scale(one.kind, one.unit, one.multiplier)


def measure(results: Results, measure_id: str) -> MeasureDefinition:
    """Answer a measure's definition; raises NotFound for one without figures, saying why it has none."""
    known = definition.definitions()
    if measure_id in known and not known[measure_id].is_collected:
        raise NotFound(f"“{known[measure_id].title}” is not collected. {known[measure_id].why_not}")
    if measure_id not in known or measure_id not in results.measures:
        raise NotFound(
            f"There are no figures of a measure '{measure_id}'.{did_you_mean(measure_id, results.measures)} "
            "The page /measures/ lists them all."
        )
    return known[measure_id]


def is_same_definition(results: Results, one: MeasureDefinition) -> bool:
    """Answer whether the figures were made by the definition as it is now."""
    return bool(results.manifest["measures"][one.id] == one.digest)


def held(results: Results) -> list[MeasureDefinition]:
    """Answer the measures that have figures, in the order of their files."""
    with_figures = set(results.measures)
    return [one for one in definition.definitions().values() if one.id in with_figures]


def not_collected() -> list[MeasureDefinition]:
    return [one for one in definition.definitions().values() if not one.is_collected]


def by_theme(many: Sequence[MeasureDefinition]) -> dict[str, list[MeasureDefinition]]:
    found: dict[str, list[MeasureDefinition]] = {}
    for one in many:
        found.setdefault(one.theme, []).append(one)
    return found


def areas_on(results: Results, month: date | None = None) -> list[AreaName]:
    """Answer the areas that exist at the end of a month, or the latest: the system first, then ever smaller ones."""
    last = month or results.months[-1]
    return [
        area
        for area in results.areas()
        if (area.ended is None or area.ended > last) and (area.began is None or _month(area.began) <= last)
    ]


def month_for(results: Results, day: date | None) -> date | None:
    """Answer the month to show on a day: the last one that was over by then; None for the latest that there is.

    Raises NotFound for a day before the first month.
    """
    if day is None or _month(day) > results.months[-1]:
        return None
    over = [month for month in results.months if month < _month(day)]
    if not over:
        raise NotFound(
            f"There are no figures for {day:%-d %B %Y}: they go from {results.months[0]:%B %Y} to "
            f"{results.months[-1]:%B %Y}. Look at another day, or return to today."
        )
    return over[-1]


def series(results: Results, measure_id: str, area: str, breakdown: str = "all", band: str = "") -> list[Figure]:
    """Answer a measure of an area month by month."""
    measure(results, measure_id)
    found = _figures(results.series(measure_id, area, breakdown, band))
    return sorted(found, key=lambda figure: figure.month)


def all_series(results: Results, area: str) -> dict[str, list[Figure]]:
    """Answer every measure of an area month by month, by the measure's id, from one reading of the files."""
    import pyarrow as pa
    import pyarrow.compute as pc

    results.area(area)
    parts = []
    for one in held(results):
        table = results._read(one.id)
        parts.append(table.filter(pc.and_(pc.equal(table["area"], area), pc.equal(table["breakdown"], "all"))))
    found: dict[str, list[Figure]] = {}
    if parts:
        for figure in _figures(results._protected(pa.concat_tables(parts))):
            found.setdefault(figure.measure, []).append(figure)
    return found


def headline(results: Results, measure_id: str, area: str, month: date | None = None) -> Figure:
    """Answer the figure of an area in a month, or in the latest month that has data for the measure."""
    found = series(results, measure_id, area)
    if not found:
        raise NotFound(f"There are no figures of '{measure_id}' for {results.area(area).name}.")
    if month is not None:
        return next((figure for figure in found if figure.month == month), found[-1])
    with_data = [figure for figure in found if figure.status != NO_DATA]
    return with_data[-1] if with_data else found[-1]


def across(results: Results, measure_id: str, kind: str, month: date | None = None) -> list[Figure]:
    """Answer a measure of the areas of a kind that there were in a month, by their names: never ranked."""
    measure(results, measure_id)
    names = {area.code: area.name for area in results.areas(kind)}
    found = [f for f in _figures(results.across(measure_id, kind, month)) if f.status != NO_AREA_THEN]
    return sorted(found, key=lambda figure: (names.get(figure.area, figure.area).casefold(), figure.area))


def groups(results: Results, measure_id: str, area: str, breakdown: str, month: date | None = None) -> list[Figure]:
    """Answer a measure of each group of a breakdown; none where the area has no breakdowns."""
    measure(results, measure_id)
    found = _figures(results.groups(measure_id, area, breakdown, month))
    return sorted(found, key=lambda figure: band_rank(breakdown, figure.band))


def profile(results: Results, area: str) -> list[ProfileRow]:
    """Answer each measure's latest figure for an area, with the spread of its peers and the test against the system."""
    known = {one.id: one for one in held(results)}
    is_system = results.area(area).kind == "system"
    rows = []
    for row in records(results.profile(area)):
        figure = figures([row])[0]
        if figure.measure not in known:
            continue
        one = known[figure.measure]
        system = None if is_system else _number(row.get("system_value"))
        rows.append(
            ProfileRow(
                one,
                figure,
                int(row.get("areas") or 0),
                _number(row.get("lowest")),
                _number(row.get("lower_quarter")),
                _number(row.get("upper_quarter")),
                _number(row.get("highest")),
                _number(row.get("system_value")),
                compared(figure.value, figure.lower, figure.upper, system, one.polarity),
            )
        )
    order = {measure_id: place for place, measure_id in enumerate(known)}
    return sorted(rows, key=lambda row: order[row.definition.id])


def band_rank(breakdown: str, band: str) -> tuple[Any, ...]:
    """Answer where a group stands among those of its breakdown: fifths and ages by number, others as always."""
    fixed = ORDER_OF_BANDS.get(breakdown, ())
    digits = "".join(character for character in band.split("-")[0].split(" ")[-1] if character.isdigit())
    if band in fixed:
        return (0, fixed.index(band), band)
    return (1, int(digits), band) if digits else (2, 0, band)


def band_name(breakdown: str, band: str, *, is_short: bool = False) -> str:
    """Answer a group as people read it: "1, most deprived fifth of England"; short where a title says of what."""
    if breakdown in {"deprivation_national", "deprivation_local"} and is_short:
        return {"1": "1, most deprived", "5": "5, least deprived"}.get(band, band[:1].upper() + band[1:])
    if breakdown in {"deprivation_national", "deprivation_local"}:
        whole = "England" if breakdown == "deprivation_national" else "this system"
        ends = {"1": f"1, most deprived fifth of {whole}", "5": f"5, least deprived fifth of {whole}"}
        return ends.get(band, band) if band.isdigit() else band[:1].upper() + band[1:]
    return band[:1].upper() + band[1:]


def breakdown_name(breakdown: str) -> str:
    return GROUPS.get(breakdown, breakdown)


def records(protected: Any) -> list[dict[str, Any]]:
    """Answer the rows of a protected frame; what is missing in whatever kind of column is None."""
    import pandas as pd

    frame = protected.frame
    # By columns: several times as fast as pandas' own records, and a profile has two thousand of them.
    columns = [
        [None if cell is pd.NA or cell != cell else cell for cell in frame[name].tolist()] for name in frame.columns
    ]
    return [dict(zip(frame.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def _figures(protected: Any) -> list[Figure]:
    return figures(records(protected))


def _month(day: date) -> date:
    return day.replace(day=1)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
