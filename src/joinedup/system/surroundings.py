"""Who answers for an area on a day: the areas that it lies in, who leads them, and who commissions for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from joinedup.system.bodies import Area, Body
from joinedup.system.picture import Picture

# From the widest to the narrowest, as people look for who is responsible.
ORDER = ("system", "sub_icb_location", "place", "care_group", "neighbourhood", "county", "council")

# Cut to the rows of these small areas first: the index on the small area is what makes this quick.
_OVERLAPS = """
SELECT asked.area_id, p.area_id, count(*)
  FROM system_part asked
  JOIN system_smallarea s ON s.id = asked.small_area_id AND s.retired_at IS NULL
  JOIN system_part p ON p.small_area_id = s.id AND p.known @> %(known)s AND p.valid @> %(on)s
 WHERE asked.area_id = ANY(%(areas)s) AND asked.known @> %(known)s AND asked.valid @> %(on)s
 GROUP BY asked.area_id, p.area_id
"""


@dataclass(frozen=True, slots=True)
class Surrounding:
    """An area that holds all (or, `is_whole` false, some) of the small areas of the one asked for."""

    area: Area
    is_whole: bool
    leader: Body | None
    commissioners: tuple[Body, ...]


def surroundings(picture: Picture, areas: Iterable[UUID]) -> dict[UUID, list[Surrounding]]:
    """Answer for each area the areas that its small areas lie in on the day, itself among them, widest first."""
    asked = list(areas)
    with connection.cursor() as cursor:
        cursor.execute(_OVERLAPS, {"areas": asked, "on": picture.moment.valid_on, "known": picture.moment.known_at})
        overlaps = [tuple(row) for row in cursor.fetchall()]
    sizes = {area: many for area, other, many in overlaps if area == other}
    others = {other for _, other, _ in overlaps}
    named = picture.areas_by_id(others)
    leaders = picture.leaders(others)
    commissions: dict[UUID, list[UUID]] = defaultdict(list)
    for body, area, role, _ in picture.servings(others):
        if role == "commissions_for":
            commissions[area].append(body)
    bodies = picture.bodies_by_id({body for found in commissions.values() for body in found})
    answer: dict[UUID, list[Surrounding]] = defaultdict(list)
    for area, other, many in overlaps:
        found = named[other]
        # What is smaller than the area lies in it; what is larger holds it, wholly or in part.
        if found.small_areas < sizes[area]:
            continue
        commissioners = sorted((bodies[b] for b in commissions[other] if bodies[b].exists), key=lambda b: b.name)
        answer[area].append(Surrounding(found, many == sizes[area], leaders.get(other), tuple(commissioners)))
    for rows in answer.values():
        rows.sort(key=lambda s: (ORDER.index(s.area.kind) if s.area.kind in ORDER else 9, -s.area.small_areas))
    return answer
