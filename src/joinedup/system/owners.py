"""Who owns each function within an area, of all days, as believed at an instant (rule C6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import connection

from joinedup.moment import Moment
from joinedup.system.picture import Picture

_OWNERS = """
WITH RECURSIVE tree(id) AS (
    SELECT %(area)s::uuid
    UNION
    SELECT w.area_id FROM system_within w JOIN tree ON w.parent_id = tree.id WHERE w.known @> %(known)s
)
SELECT f.key, f.title, o.area_id, o.body_id, lower(o.valid), upper(o.valid)
  FROM system_functionowner o JOIN system_function f ON f.key = o.function_id JOIN tree ON tree.id = o.area_id
 WHERE o.known @> %(known)s
 ORDER BY f.title, f.key, o.area_id, lower(o.valid)
"""


@dataclass(frozen=True, slots=True)
class OwnedFunction:
    """That a body owns a function for an area for the days [start, end); names are those of the day asked about."""

    function: str
    title: str
    area: str
    owner: str
    start: date
    end: date | None


def owned_functions(system: str, moment: Moment) -> list[OwnedFunction]:
    """Answer who owns the functions of a system's area, and of what lies within it, on all days; [] for no area."""
    picture = Picture(moment)
    found = picture.find(system)
    if found is None or found[0] != "area":
        return []
    with connection.cursor() as cursor:
        cursor.execute(_OWNERS, {"known": moment.known_at, "area": found[1]})
        rows = cursor.fetchall()
    areas = picture.areas_by_id({row[2] for row in rows}, counted=False)
    bodies = picture.bodies_by_id({row[3] for row in rows})
    return [
        OwnedFunction(key, title, areas[area].name, bodies[body].name, start, end)
        for key, title, area, body, start, end in rows
    ]
