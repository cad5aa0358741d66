"""The map of an allocation's places, coloured by how needy they are or how far from target they end.

Where outlines are not known on the day the places are squares in a row, and the map says so.
"""

from __future__ import annotations

import hashlib

from django.core.cache import caches
from django.utils.translation import gettext as _

from joinedup.moment import Moment
from joinedup.money.allocation.explained import Allocation, Unit
from joinedup.money.allocation.pace import distance_from_target
from joinedup.system import Picture, shapes_of
from joinedup.ui import Column, Feature, Map, Table, tile
from joinedup.ui.maps import DrawnMap, draw as draw_svg

EDITION = 1  # change it when the same places are to be drawn differently
NEED, DISTANCE = "need", "distance"


def draw(moment: Moment, made: Allocation, colour: str) -> DrawnMap:
    """Answer the map of the places of an allocation; `colour` is "need" or "distance"."""
    values = {unit.code: value_of(unit, colour) for unit in made.units}
    names = {unit.code: place_name(unit) for unit in made.units}
    shapes = shapes_of(Picture(moment), list(values))
    is_need = colour != DISTANCE
    title = _("Places by need") if is_need else _("Places by distance from target")
    said = repr((EDITION, sorted(values.items()), names, shapes.mark if shapes else "tiles", title))
    key = f"money-map-{hashlib.sha256(said.encode()).hexdigest()[:32]}"
    table = Table(
        [Column("name", _("Place")), Column("value", _("Need index") if is_need else _("From target (%)"), "number")],
        [{"name": names[code], "value": value} for code, value in values.items()],
        caption=title,
        name="map",
        per_page=0,
        can_filter=False,
        can_sort=False,
        can_download=False,
    )
    drawn = caches["drawings"].get(key)
    if drawn is None:
        whole = Map(
            [
                Feature(
                    code,
                    names[code],
                    shapes.by_code[code] if shapes else tile(number, 0),
                    value=value,
                    detail=said_of(value, is_need=is_need),
                )
                for number, (code, value) in enumerate(values.items())
            ],
            title=title,
            summary="",
            table=table,
            projection=shapes.projection if shapes else "identity",
        )
        # Drawn without `Map.svg`, which would keep it a second time under all its corners.
        drawn = (draw_svg(whole), whole.keys)
        caches["drawings"].set(key, drawn)
    held = {code: value for code, value in values.items() if value is not None}
    summary = []
    if held:
        low, high = min(held, key=held.__getitem__), max(held, key=held.__getitem__)
        summary.append(
            _("From %(low)s (%(low_name)s) to %(high)s (%(high_name)s).")
            % {
                "low": said_of(held[low], is_need=is_need),
                "low_name": names[low],
                "high": said_of(held[high], is_need=is_need),
                "high_name": names[high],
            }
        )
    if shapes is None:
        summary.append(_("Their outlines are not known here on this day, so each is one square."))
    return DrawnMap(
        title,
        " ".join(summary),
        table,
        drawn[0],
        drawn[1],
        _("Need index: 1 is England, above it is needier") if is_need else _("Per cent from target: below 0 is under"),
    )


def value_of(unit: Unit, colour: str) -> float | None:
    """Answer what a place is coloured by, as people read it: an index to 3 places, per cent to 2."""
    if colour != DISTANCE:
        return None if unit.index_of_england is None else float(round(unit.index_of_england, 3))
    if not unit.target_p:
        return None
    return float(round(distance_from_target(unit.pence, unit.target_p) * 100, 2)) + 0.0


def said_of(value: float | None, *, is_need: bool) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if is_need else f"{value:+.2f}%".replace("-", "−").replace("+0.00", "0.00")


def place_name(unit: Unit) -> str:
    return plain_name(unit.name) or unit.code


def plain_name(name: str) -> str:
    """Answer a name of the published table as people say it: without the board before it and its code.

    "NHS Hertfordshire and West Essex ICB - 07H West Essex" is West Essex; "NHS Kent and Medway ICB" Kent and Medway.
    """
    head, dash, tail = name.partition(" - ")
    code, _space, place = tail.partition(" ")
    if dash and place and any(letter.isdigit() for letter in code):  # every code has a figure; "East" has none
        return place
    return tail if dash else head.removeprefix("NHS ").removesuffix(" ICB")
