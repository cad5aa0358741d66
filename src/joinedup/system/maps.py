"""The maps and the chart of an area, drawn once for what they show and kept.

Which outlines are drawn: those of small areas where they are published; tiles where small areas are simulated; else
the councils that the area is made of; else the whole outline. A map is found again by a digest of what belongs to what
on the day, so that no outline is read when nothing has moved.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.db import connection

from joinedup.system.models import Outline
from joinedup.system.names import area_href
from joinedup.system.picture import Picture
from joinedup.ui import Chart, Column, Feature, Map, Table, tile

EDITION = 2  # change it when the same areas are to be drawn differently
WIDE = 5.5  # a sheet of tiles is about so many times wider than high, gaps not counted
NO_PLACE = "In no place"
FIFTHS = {
    5: "Most deprived fifth of England",
    4: "Second fifth",
    3: "Third fifth",
    2: "Fourth fifth",
    1: "Least deprived fifth",
}


@dataclass(frozen=True, slots=True)
class Legend:
    """One line of a kept map's legend."""

    label: str
    colour: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A drawing as `{{ map(m) }}` and `{{ chart(c) }}` show it, with its picture from the cache."""

    title: str
    summary: str
    table: Table
    svg: str
    keys: Sequence[Legend] = ()
    colour_key: str | None = None
    is_walked_by_table: bool = False


def map_of_places(picture: Picture, system: Mapping[str, Any], table: Table) -> Kept | None:
    """Answer the map of a system on the day, coloured by place; None where no small area is known."""
    places = [a for a in system["areas"] if a["kind"] == "place"]
    digest = _digest(picture, [UUID(system["id"]), *(UUID(p["id"]) for p in places)])
    if digest is None:
        return None
    labels = [(p["key"], p["name"], p["small_areas"], p["population"]) for p in places]
    title = f"{system['name']}: {len(places)} places" if places else system["name"]
    svg, keys = _kept(("places", digest, system["name"], labels), lambda: _draw_places(picture, system, places, title))
    return Kept(
        title=title,
        summary=_summary(system, places),
        table=table,
        svg=svg,
        keys=[Legend(*key) for key in keys] if places else (),
        colour_key="Place" if places else None,
    )


def map_of_small_areas(
    picture: Picture, area: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], table: Table
) -> Kept | None:
    """Answer the map of an area's small areas, coloured by how deprived they are; None where they have no outline."""
    if not rows or not all(row["outline"] for row in rows):
        return None
    what = ("small", area["name"], [(r["code"], r["deprivation_decile"], r["population"]) for r in rows])
    simulated = area["is_simulated"]
    title = f"{'Simulated small areas' if simulated else 'Small areas'} of {area['name']} by deprivation"
    svg, keys = _kept(what, lambda: _draw_small_areas(rows, title, simulated))
    return Kept(
        title=title,
        summary=_deprived_summary(rows),
        table=table,
        svg=svg,
        keys=[Legend(FIFTHS.get(int(label), label) if label.isdigit() else label, colour) for label, colour in keys][
            ::-1
        ],
        colour_key="Deprivation (IMD 2019)",
        is_walked_by_table=False,
    )


def deprivation_chart(picture: Picture, area: Mapping[str, Any]) -> Kept | None:
    """Answer the chart of people by tenth of deprivation in an area, with its table."""
    sql = """SELECT s.imd2019_decile, count(*), round(sum(s.population_mid2020 * p.weight))::int
               FROM system_part p JOIN system_smallarea s ON s.id = p.small_area_id AND s.retired_at IS NULL
              WHERE p.area_id = %(area)s AND p.known @> %(known)s AND p.valid @> %(on)s AND s.imd2019_decile IS NOT NULL
              GROUP BY 1"""
    with connection.cursor() as cursor:
        cursor.execute(sql, _times(picture) | {"area": area["id"]})
        counted = {decile: (areas, people) for decile, areas, people in cursor.fetchall()}
    if not counted:
        return None
    rows = [
        {"decile": decile, "areas": counted.get(decile, (0, 0))[0], "people": counted.get(decile, (0, 0))[1]}
        for decile in range(1, 11)
    ]
    table = Table(
        [
            Column("decile", "Tenth (1 is the most deprived)", "number"),
            Column("areas", "Small areas", "number"),
            Column("people", "People, mid-2020", "number"),
        ],
        rows,
        caption="People by tenth of deprivation",
        name="deprivation",
        can_filter=False,
        source="Index of Multiple Deprivation 2019; population estimates of mid-2020 (ONS).",
    )
    title = "How deprived are the areas that people live in?"
    most = max(rows, key=lambda row: row["people"])
    two = sum(row["people"] for row in rows[:2])
    everyone = sum(row["people"] for row in rows) or 1
    summary = (
        f"{two:,} people ({two / everyone:.0%}) live in small areas of the most deprived fifth of England. "
        f"The largest group, {most['people']:,}, lives in tenth {most['decile']}, where 1 is the most deprived tenth."
    )
    svg, _ = _kept(("deciles", [tuple(row.values()) for row in rows]), lambda: (_draw_deciles(rows, title, table), []))
    return Kept(title=title, summary=summary, table=table, svg=svg)


# --- kept


def _kept(what: Any, draw: Callable[[], tuple[str, list[tuple[str, str]]]]) -> tuple[str, list[tuple[str, str]]]:
    key = f"system-{EDITION}-{hashlib.sha256(repr(what).encode()).hexdigest()[:32]}"
    found = caches["drawings"].get(key)
    if found is None:
        found = draw()
        caches["drawings"].set(key, found)
    return found  # type: ignore[no-any-return]


def _times(picture: Picture) -> dict[str, Any]:
    return {"on": picture.moment.valid_on, "known": picture.moment.known_at}


def _digest(picture: Picture, areas: Sequence[UUID]) -> str | None:
    """Answer a mark of which small areas belong to which of these areas on the day, and how many outlines there are."""
    sql = """SELECT md5(string_agg(p.area_id || ':' || p.small_area_id, ',' ORDER BY p.area_id, p.small_area_id)),
                    (SELECT count(*) FROM system_outline)
               FROM system_part p JOIN system_smallarea s ON s.id = p.small_area_id AND s.retired_at IS NULL
              WHERE p.area_id = ANY(%(areas)s) AND p.known @> %(known)s AND p.valid @> %(on)s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, _times(picture) | {"areas": list(areas)})
        digest, outlines = cursor.fetchone()
    return f"{digest}-{outlines}" if digest else None


# --- drawing


def _draw_places(
    picture: Picture, system: Mapping[str, Any], places: Sequence[Mapping[str, Any]], title: str
) -> tuple[str, list[tuple[str, str]]]:
    sql = """SELECT p.area_id::text, s.code, s.council, s.is_simulated, s.outline
               FROM system_part p JOIN system_smallarea s ON s.id = p.small_area_id AND s.retired_at IS NULL
              WHERE p.area_id = ANY(%(areas)s) AND p.known @> %(known)s AND p.valid @> %(on)s ORDER BY s.code"""
    with connection.cursor() as cursor:
        cursor.execute(sql, _times(picture) | {"areas": [UUID(system["id"]), *(UUID(p["id"]) for p in places)]})
        rows = [
            (area, code, council, simulated, json.loads(outline) if isinstance(outline, str) else outline)
            for area, code, council, simulated, outline in cursor.fetchall()
        ]
    place_of = {code: area for area, code, *_ in rows if area != system["id"]}
    small = [(code, council, sim, outline) for area, code, council, sim, outline in rows if area == system["id"]]
    if small and all(sim for _, _, sim, _ in small):
        geometries = _tiles((place_of.get(code, ""), code, outline) for code, _, _, outline in small)
        return _draw_features(_place_features(geometries, places), title, "identity")
    if small and all(outline for *_, outline in small):
        by_place: dict[str, list[Any]] = defaultdict(list)
        for code, _, _, outline in small:
            by_place[place_of.get(code, "")].append(outline)
        geometries = {key: _joined(found) for key, found in by_place.items()}
        return _draw_features(_place_features(geometries, places), title, "lonlat")
    return _draw_features(_council_features(system, places, small, place_of), title, "lonlat")


def _place_features(geometries: Mapping[str, Any], places: Sequence[Mapping[str, Any]]) -> list[Feature]:
    features = [
        Feature(
            place["key"], place["name"], geometries[place["id"]], value=place["name"], href=area_href(place),
            detail=f"{place['small_areas']:,} small areas, {place['population'] or 0:,} people",
        )
        for place in places
        if place["id"] in geometries
    ]  # fmt: skip
    if "" in geometries:
        features.append(Feature("rest", NO_PLACE, geometries[""], value=NO_PLACE if places else None))
    return features


def _council_features(
    system: Mapping[str, Any], places: Sequence[Mapping[str, Any]], small: Sequence[Any], place_of: Mapping[str, str]
) -> list[Feature]:
    """Answer the councils' outlines, each in the colour of the place that holds most of its small areas."""
    by_id = {place["id"]: place for place in places}
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for code, council, *_ in small:
        counted[council][place_of.get(code, "")] += 1
    outlines = dict(Outline.objects.filter(code__in=counted).values_list("code", "geometry"))
    if len(outlines) == len(counted):
        features = []
        for council, found in sorted(counted.items()):
            place = by_id.get(found.most_common(1)[0][0])
            words = f"{sum(found.values()):,} small areas" + ("" if len(found) == 1 else ", in several places")
            if place:
                name, value, href = f"{place['name']}", place["name"], area_href(place)
            else:
                name, value, href = council, NO_PLACE if places else None, None
            features.append(Feature(council, name, outlines[council], value=value, href=href, detail=words))
        return features
    codes = [code for found in system["codes"].values() for code in found]
    whole = Outline.objects.filter(code__in=codes).first()
    return [Feature(system["key"], system["name"], whole.geometry)] if whole else []


def _draw_features(features: Sequence[Feature], title: str, projection: Any) -> tuple[str, list[tuple[str, str]]]:
    if not features:
        return "", []
    shown = Map(features, title=title, summary="", table=_no_table(), projection=projection)
    return shown.svg, [(key.label, key.colour) for key in shown.keys]


def _draw_small_areas(
    rows: Sequence[Mapping[str, Any]], title: str, simulated: bool
) -> tuple[str, list[tuple[str, str]]]:
    features = []
    if simulated:
        places = _laid_out([(_cell(row["code"]), row["outline"]) for row in rows])
        shapes = {row["code"]: tile(*at) for row, at in zip(rows, places, strict=True)}
    for row in rows:
        decile = row["deprivation_decile"]
        features.append(
            Feature(
                row["code"],
                row["name"],
                shapes[row["code"]] if simulated else row["outline"],
                value=None if decile is None else 5 - (decile - 1) // 2,
                detail=f"tenth {decile} of deprivation, {row['population'] or 0:,} people",
            )
        )
    return _draw_features(features, title, "identity" if simulated else "lonlat")


def _draw_deciles(rows: Sequence[Mapping[str, Any]], title: str, table: Table) -> str:
    import altair  # a second to import: only when there is something to draw

    bars = (
        altair.Chart(altair.Data(values=[dict(row) for row in rows]))
        .mark_bar()
        .encode(
            x=altair.X(
                "decile:O",
                title="Tenth of deprivation in England (1 is the most deprived)",
                axis=altair.Axis(labelAngle=0),
            ),
            y=altair.Y("people:Q", title="People, mid-2020"),
        )
        .properties(width=600, height=260)
    )
    return Chart(bars, title=title, summary="", table=table).svg


def _joined(outlines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    polygons: list[Any] = []
    for outline in outlines:
        polygons.extend(outline["coordinates"] if outline["type"] == "MultiPolygon" else [outline["coordinates"]])
    return {"type": "MultiPolygon", "coordinates": polygons}


# --- tiles: a block for each cell, the blocks of a place side by side, and the places on one sheet


def _blocks(tiles: Iterable[tuple[str, Mapping[str, int]]]) -> dict[str, tuple[int, int, int]]:
    """Answer the left edge, width and height of each block of tiles by its name."""
    columns: dict[str, list[int]] = defaultdict(list)
    heights: Counter[str] = Counter()
    for name, at in tiles:
        columns[name].append(at["column"])
        heights[name] = max(heights[name], at["row"] + 1)
    return {name: (min(found), max(found) - min(found) + 1, heights[name]) for name, found in columns.items()}


def _shelved(sizes: Mapping[str, tuple[int, int]], width: int, gap: int) -> dict[str, tuple[int, int]]:
    """Place rectangles (width, height) from left to right on shelves no wider than `width`; answers left and top."""
    found, x, y, tallest = {}, 0, 0, 0
    for name, (wide, high) in sizes.items():
        if x and x + wide > width:
            x, y, tallest = 0, y + tallest + gap, 0
        found[name] = (x, y)
        x, tallest = x + wide + gap, max(tallest, high)
    return found


def _cell(code: str) -> str:
    """Answer the cell of a simulated small area: its code without the number within the cell."""
    return code.rpartition("-")[0]


def _laid_out(tiles: Sequence[tuple[str, Mapping[str, int]]]) -> list[tuple[int, int]]:
    """Answer where each tile (its cell, its column and row) stands when the cells' blocks stand on shelves."""
    blocks = _blocks(tiles)
    area = sum(wide * high for _, wide, high in blocks.values())
    width = max(math.ceil(math.sqrt(area * 1.8)), *(wide for _, wide, _ in blocks.values()))
    at = _shelved({name: (wide, high) for name, (_, wide, high) in blocks.items()}, width, gap=1)
    return [
        (at[name][0] + outline["column"] - blocks[name][0], at[name][1] + outline["row"]) for name, outline in tiles
    ]


def _tiles(small: Iterable[tuple[str, str, Mapping[str, int]]]) -> dict[str, Any]:
    """Answer the tiles of each place as one geometry."""
    by_place: dict[str, list[tuple[str, Mapping[str, int]]]] = defaultdict(list)
    for place, code, outline in small:
        by_place[place].append((_cell(code), outline))
    sheets: dict[str, list[tuple[int, int]]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for place, tiles in by_place.items():
        laid = _laid_out(tiles)
        sheets[place] = laid
        sizes[place] = (max(x for x, _ in laid) + 1, max(y for _, y in laid) + 1)
    many = sum(len(laid) for laid in sheets.values())
    width = max(math.ceil(math.sqrt(many * WIDE)), *(wide for wide, _ in sizes.values()))
    corner = _shelved(sizes, width, gap=3)
    return {
        place: _joined(tile(x + corner[place][0], y + corner[place][1]) for x, y in laid)
        for place, laid in sheets.items()
    }


# --- words


def _summary(system: Mapping[str, Any], places: Sequence[Mapping[str, Any]]) -> str:
    how = (
        f"Each square is one of {system['small_areas']:,} simulated small areas, as many as there are real ones; where "
        "it stands says nothing about where it lies."
        if system["is_simulated"]
        else f"{system['small_areas']:,} small areas."
    )
    if not places:
        return how
    largest = max(places, key=lambda p: p["population"] or 0)
    return f"{how} The largest of {len(places)} places is {largest['name']} with {largest['population'] or 0:,} people."


def _deprived_summary(rows: Sequence[Mapping[str, Any]]) -> str:
    most = [row for row in rows if (row["deprivation_decile"] or 10) <= 2]
    return f"{len(most):,} of {len(rows):,} small areas are among the most deprived fifth of England."


def _no_table() -> Table:
    return Table([Column("name", "Name")], [], caption="", name="none")
