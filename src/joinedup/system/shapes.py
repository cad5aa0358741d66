"""The shapes of areas for other rooms' maps: outlines where they are published, tiles where areas are simulated."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from joinedup.errors import NotFound
from joinedup.system import maps
from joinedup.system.picture import Picture


@dataclass(frozen=True, slots=True)
class Shapes:
    """Geometry by what was asked for, how maps project it, and a mark that differs where a shape differs."""

    by_code: Mapping[str, Mapping[str, Any]]
    projection: Literal["lonlat", "identity"]
    mark: str


def shapes_of(picture: Picture, codes: Sequence[str]) -> Shapes | None:
    """Answer the shapes of areas, each named by its code or key, on the picture's day.

    None where one of them is not known here or has a small area without an outline: a map with holes would mislead.
    """
    try:
        areas = {code: picture.area(code).id for code in codes}
    except NotFound:
        return None
    mark = maps._digest(picture, list(areas.values())) if areas else None
    if mark is None:
        return None
    found = maps._kept(("shapes", mark, sorted(areas)), lambda: _read(picture, areas))
    return Shapes(*found, mark) if found[0] else None


def _read(picture: Picture, areas: Mapping[str, UUID]) -> Any:
    sql = """SELECT p.area_id, s.code, s.is_simulated, s.outline
               FROM system_part p JOIN system_smallarea s ON s.id = p.small_area_id AND s.retired_at IS NULL
              WHERE p.area_id = ANY(%(areas)s) AND p.known @> %(known)s AND p.valid @> %(on)s ORDER BY s.code"""
    with connection.cursor() as cursor:
        cursor.execute(sql, maps._times(picture) | {"areas": list(areas.values())})
        rows = [
            (area, code, simulated, json.loads(outline) if isinstance(outline, str) else outline)
            for area, code, simulated, outline in cursor.fetchall()
        ]
    codes_of: dict[UUID, list[str]] = defaultdict(list)
    for code, area in areas.items():
        codes_of[area].append(code)
    if not rows or not all(outline for *_, outline in rows) or {row[0] for row in rows} != set(codes_of):
        return {}, "identity"
    if all(simulated for *_, simulated, _ in rows):
        by_area = maps._tiles((str(area), code, outline) for area, code, _, outline in rows)
        return {code: by_area[str(area)] for area, found in codes_of.items() for code in found}, "identity"
    outlines: dict[UUID, list[Any]] = defaultdict(list)
    for area, _, _, outline in rows:
        outlines[area].append(outline)
    return {code: maps._joined(outlines[area]) for area, found in codes_of.items() for code in found}, "lonlat"
