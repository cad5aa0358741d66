"""A map: areas as inline SVG with their names and links, a legend in words, and the table of its figures beside it.

We draw the paths ourselves. Altair's geoshape gives neither links nor names to areas, and once they are projected,
rounded and grouped by colour, which it does not do either, nothing is left for it. Areas are projected as equal steps
of latitude and longitude, shrunk to the width that a degree has in the middle of the map: across an English region
the eye cannot tell it from the national grid.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from html import escape
from itertools import pairwise
from typing import Any, Literal

from joinedup.errors import RuleError
from joinedup.ui.drawings import digest, kept
from joinedup.ui.tables import Table, shown

# Coordinates are whole tenths of a pixel on a sheet this wide: short to write, finer than a screen.
SHEET = 7200
EDGE = 40
TALLEST = 1.3  # times the width
CATEGORY_COLOURS = (
    "#005eb8", "#ed8b00", "#007f3b", "#7c2855", "#330072", "#00a499", "#ffb81c", "#4c6272", "#d5281b", "#41b6e6",
)  # fmt: skip
SEQUENCE = ("#d8e6f5", "#9cc3e6", "#5a9bd4", "#005eb8", "#002f5c")
NOTHING = "#e8edee"
NO_FIGURE = "No figure"
SUPPRESSED = "Suppressed"
# More links than this would make a keyboard user press Tab for ever: they go by the table instead.
MOST_TAB_STOPS = 60

Point = tuple[float, float]
Ring = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Feature:
    """One area or point of a map: GeoJSON geometry, what colours it (a number or a category), where it leads.

    `is_hatched` is for an area whose figure may not be shown: it has no value, and is hatched, not blank.
    """

    id: str
    name: str
    geometry: Mapping[str, Any]
    value: float | str | None = None
    href: str | None = None
    detail: str = ""  # read out after the name instead of the value
    is_hatched: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the legend."""

    label: str
    colour: str
    is_hatched: bool = False


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """A map as `{{ map(m) }}` shows it, with its picture from the cache."""

    title: str
    summary: str
    table: Table
    svg: str
    keys: Sequence[Any]
    colour_key: str
    is_walked_by_table: bool = False


@dataclass(frozen=True, slots=True)
class Map:
    """Features with a title, a sentence that says what the map shows, and the table of its figures.

    `colour_key` says in words what the colour means. `legend` gives categories their labels and order; without it
    they are labelled by themselves. Numbers fall into at most five classes of about equally many areas. `outlines`
    are drawn over the areas as lines only. `projection` is "lonlat" for degrees and "identity" for tiles, whose rows
    grow downwards. `{{ map(m) }}` shows it.
    """

    features: Sequence[Feature]
    _: KW_ONLY
    title: str
    summary: str
    table: Table
    colour_key: str | None = None
    legend: Mapping[str, str] | None = None
    outlines: Sequence[Feature] = ()
    projection: Literal["lonlat", "identity"] = "lonlat"

    @property
    def svg(self) -> str:
        """Answer the map as inline SVG, without style elements or attributes; drawn once for the same features."""
        what = json.dumps(
            [
                self.title,
                self.projection,
                self.legend,
                [
                    [f.id, f.name, f.value, f.href, f.detail, f.geometry, *(["hatched"] if f.is_hatched else [])]
                    for f in self.features
                ],
                [[f.name, f.geometry] for f in self.outlines],
            ],
            default=str,
        )
        return kept(f"map:{what}", lambda: draw(self))

    @property
    def keys(self) -> list[Key]:
        """Answer the legend; empty when the colour says nothing, or when there are more categories than colours."""
        keys = classed(self.features, self.legend)[0]
        return keys if 0 < len(keys) <= len(CATEGORY_COLOURS) + 1 else []

    @property
    def has_links(self) -> bool:
        return any(feature.href for feature in self.features)

    @property
    def is_walked_by_table(self) -> bool:
        """Answer whether the areas are too many for the Tab key, so that the table is the way to them."""
        return sum(bool(feature.href) for feature in self.features) > MOST_TAB_STOPS


def tile(column: int, row: int) -> dict[str, Any]:
    """Answer a square of a tile map as GeoJSON; rows grow downwards, and neighbours touch."""
    x, y = column, row
    return {"type": "Polygon", "coordinates": [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]]}


def classed(features: Sequence[Feature], legend: Mapping[str, str] | None = None) -> tuple[list[Key], list[str]]:
    """Answer the legend and the colour of each feature in turn."""
    values = [feature.value for feature in features]
    hatched = any(feature.is_hatched for feature in features)
    if all(value is None for value in values) and not hatched:
        return [], [SEQUENCE[1]] * len(values)
    if any(isinstance(value, str) for value in values):
        words = [str(value) for value in values if value is not None]
        order = [word for word in legend or () if word in set(words)]
        order += sorted(set(words) - set(order))
        colour_of = {word: CATEGORY_COLOURS[place % len(CATEGORY_COLOURS)] for place, word in enumerate(order)}
        keys = [Key((legend or {}).get(word, word), colour_of[word]) for word in order]
        colours = [colour_of[str(value)] if value is not None else NOTHING for value in values]
    else:
        numbers = [None if value is None else float(value) for value in values]
        place_of, labels = number_classes([number for number in numbers if number is not None])
        steps = [SEQUENCE[round(i * (len(SEQUENCE) - 1) / max(len(labels) - 1, 1))] for i in range(len(labels))]
        keys = [Key(label, colour) for label, colour in zip(labels, steps, strict=True)]
        colours = [NOTHING if number is None else steps[place_of[number]] for number in numbers]
    if hatched:
        keys.append(Key(SUPPRESSED, NOTHING, is_hatched=True))
    if any(feature.value is None and not feature.is_hatched for feature in features):
        keys.append(Key(NO_FIGURE, NOTHING))
    return keys, colours


def number_classes(numbers: Sequence[float], most: int = len(SEQUENCE)) -> tuple[dict[float, int], list[str]]:
    """Share numbers out into classes of about equally many; equal numbers always share a class.

    Answers the class of each number and the label of each class, which names the smallest and largest number in it.
    """
    ordered = sorted(numbers)
    distinct = sorted(set(ordered))
    if len(distinct) <= most:
        place_of = {number: place for place, number in enumerate(distinct)}
    else:
        first = {number: place for place, number in reversed(list(enumerate(ordered)))}
        place_of = {number: first[number] * most // len(ordered) for number in distinct}
    used = sorted(set(place_of.values()))
    place_of = {number: used.index(place) for number, place in place_of.items()}
    labels = []
    for place in range(len(used)):
        within = [number for number in distinct if place_of[number] == place]
        low, high = _figure(within[0]), _figure(within[-1])
        labels.append(low if low == high else f"{low} to {high}")
    return place_of, labels


def draw(shown_map: Map) -> str:
    """Answer a map as SVG: one group for each colour, in it a path with a title and a link for each feature."""
    everything = [*shown_map.features, *shown_map.outlines]
    if not everything:
        return f'<svg viewBox="0 0 {SHEET} {SHEET // 8}" role="img" aria-label="{escape(shown_map.title)}"></svg>'
    place, height = _sheet(everything, shown_map.projection)
    _, colours = classed(shown_map.features, shown_map.legend)
    groups: dict[str, list[str]] = {}
    reach = "" if not shown_map.is_walked_by_table else ' tabindex="-1"'
    for feature, colour in zip(shown_map.features, colours, strict=True):
        groups.setdefault(colour, []).append(_feature(feature, place, reach))
    stroke = 8 if len(shown_map.features) > 200 else 14
    parts = [
        f'<g fill="{colour}" stroke="#fff" stroke-width="{stroke}" stroke-linejoin="round">{"".join(paths)}</g>'
        for colour, paths in groups.items()
    ]
    if any(feature.is_hatched for feature in shown_map.features):
        parts.append(_hatching(shown_map, place))
    if shown_map.outlines:
        lines = "".join(
            f'<path d="{_path(f, place)}"><title>{escape(f.name)}</title></path>' for f in shown_map.outlines
        )
        parts.append(f'<g fill="none" stroke="#212b32" stroke-width="24" pointer-events="none">{lines}</g>')
    # A picture without links is one image; one with links is a group, so that the links stay reachable.
    role = "group" if shown_map.has_links else "img"
    return (
        f'<svg viewBox="0 0 {SHEET} {height}" width="{SHEET // 10}" height="{height // 10}" role="{role}" '
        f'aria-label="{escape(shown_map.title)}"><rect width="{SHEET}" height="{height}" fill="#fff"/>'
        f"{''.join(parts)}</svg>"
    )


def _feature(feature: Feature, place: Callable[[Sequence[float]], Point], reach: str) -> str:
    said = feature.detail or (shown(feature.value, "number") if feature.value is not None else "")
    name = escape(f"{feature.name}: {said}" if said else feature.name)
    title = f"<title>{name}</title>"
    if feature.geometry.get("type") == "Point":
        x, y = place(feature.geometry["coordinates"])
        shape = f'<circle cx="{round(x)}" cy="{round(y)}" r="70">{title}</circle>'
    else:
        shape = f'<path d="{_path(feature, place)}">{title}</path>'
    if not feature.href:
        return shape
    return f'<a href="{escape(feature.href)}"{reach}>{shape}</a>'


def _hatching(shown_map: Map, place: Callable[[Sequence[float]], Point]) -> str:
    """Answer lines over the areas whose figure may not be shown; they do not stand in the way of a link below."""
    hatched = [feature for feature in shown_map.features if feature.is_hatched]
    # Two maps on one page must not share the name of their hatching.
    name = f"hatch-{digest(shown_map.title + ''.join(feature.id for feature in hatched))[:8]}"
    paths = "".join(f'<path d="{_path(feature, place)}"/>' for feature in hatched)
    return (
        f'<defs><pattern id="{name}" width="100" height="100" patternUnits="userSpaceOnUse">'
        '<path d="M-25 25 25 -25M0 100 100 0M75 125 125 75" stroke="#212b32" stroke-width="18"/></pattern></defs>'
        f'<g fill="url(#{name})" stroke="#212b32" stroke-width="10" pointer-events="none">{paths}</g>'
    )


def _path(feature: Feature, place: Callable[[Sequence[float]], Point]) -> str:
    """Answer a feature's rings as relative whole steps; an area too small for the sheet becomes a dot."""
    parts = []
    for ring in _rings(feature):
        points: list[tuple[int, int]] = []
        for corner in ring:
            x, y = place(corner)
            point = (round(x), round(y))
            if not points or point != points[-1]:
                points.append(point)
        if len(points) > 1 and points[0] == points[-1]:
            points.pop()
        if len(points) < 3:
            continue
        steps = [f"{b[0] - a[0]} {b[1] - a[1]}".replace(" -", "-") for a, b in pairwise(points)]
        parts.append(f"m{points[0][0]} {points[0][1]}l" + _joined(steps) + "z")
        # After "z" the pen is back at the ring's first point; an absolute move begins the next one.
        parts[-1] = "M" + parts[-1][1:]
    if not parts:
        corners = [corner for ring in _rings(feature) for corner in ring]
        if not corners:
            return ""
        x, y = place(corners[0])
        return f"M{round(x)} {round(y)}h4v4h-4z"
    return "".join(parts)


def _joined(steps: Iterable[str]) -> str:
    text = ""
    for step in steps:
        text += step if not text or step.startswith("-") else f" {step}"
    return text


def _rings(feature: Feature) -> Iterator[Ring]:
    geometry = feature.geometry
    kind = geometry.get("type")
    if kind == "Polygon":
        yield from geometry["coordinates"]
    elif kind == "MultiPolygon":
        for polygon in geometry["coordinates"]:
            yield from polygon
    elif kind == "Point":
        yield [geometry["coordinates"]]
    else:
        raise RuleError(f"A map draws Polygon, MultiPolygon and Point; '{feature.name}' is a {kind}.")


def _sheet(features: Sequence[Feature], projection: str) -> tuple[Callable[[Sequence[float]], Point], int]:
    """Answer how a coordinate falls on the sheet, and the sheet's height."""
    corners = [corner for feature in features for ring in _rings(feature) for corner in ring]
    west, east = min(c[0] for c in corners), max(c[0] for c in corners)
    low, high = min(c[1] for c in corners), max(c[1] for c in corners)
    squeeze = math.cos(math.radians((low + high) / 2)) if projection == "lonlat" else 1.0
    wide, tall = max((east - west) * squeeze, 1e-9), max(high - low, 1e-9)
    inner = SHEET - 2 * EDGE
    scale = min(inner / wide, inner * TALLEST / tall)
    height = round(tall * scale) + 2 * EDGE
    left = EDGE + (inner - wide * scale) / 2

    def place(corner: Sequence[float]) -> Point:
        down = high - corner[1] if projection == "lonlat" else corner[1] - low
        return left + (corner[0] - west) * squeeze * scale, EDGE + down * scale

    return place, height


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:,.4g}"
