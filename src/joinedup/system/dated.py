"""Neighbourhoods, places, systems, practices and small areas with their dates, read whole, for those who count by area.

A `Picture` answers what stood on one day; this answers everything that stood on any day from `since` on, by what was
known at an instant. Periods are half-open: [starts, ends), `ends` None while they last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

KINDS = ("neighbourhood", "place", "system")


class Dated(NamedTuple):
    """Something that holds of `of` for a time: a name, a parent, a part of the country."""

    of: str
    says: str
    starts: date | None
    ends: date | None


@dataclass(frozen=True, slots=True)
class SmallAreaFacts:
    """A small area (LSOA 2011): rank and decile of deprivation (1 the most deprived) and people, where known."""

    code: str
    imd_rank: int | None
    imd_decile: int | None
    population: int | None
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class DatedAreas:
    """All of it, areas by their codes. An area's code is its ODS code, else its leader's, else its key here.

    `parts` leads from a small area's code to (area's code) by kind; `within` from an area to its parent; `practices`
    says which ODS code was a practice when; `postcodes` where; `located` in which small areas' set (by `sub_icb`).
    """

    kind_of: dict[str, str]
    names: list[Dated]
    within: list[Dated]
    parts: dict[str, list[Dated]]
    small_areas: list[SmallAreaFacts]
    practices: list[Dated]
    practice_names: list[Dated]
    postcodes: list[Dated]
    linked: list[Dated]
    sub_icb_of: dict[str, str]
    small_areas_of_sub_icb: dict[str, list[str]]
    successions: list[tuple[str, str, date]]


def dated_areas(known_at: datetime, since: date) -> DatedAreas:
    """Answer areas, practices and small areas as they stood on any day from `since` on."""
    with connection.cursor() as cursor:

        def rows(sql: str, **more: Any) -> list[Any]:
            cursor.execute(sql, {"known": known_at, "since": since, "kinds": list(KINDS), **more})
            return list(cursor.fetchall())

        code_of = dict(rows(_AREA_CODES))
        areas = rows("SELECT id, kind, key FROM system_area WHERE kind = ANY(%(kinds)s)")
        codes = {area: code_of.get(area) or key for area, _, key in areas}
        parts: dict[str, list[Dated]] = {kind: [] for kind in KINDS}
        for kind, small, area, starts, ends in rows(_PARTS):
            parts[kind].append(Dated(small, codes[area], starts, ends))
        return DatedAreas(
            kind_of={codes[area]: kind for area, kind, _ in areas},
            names=[Dated(codes[area], name, starts, ends) for area, name, starts, ends in rows(_NAMES)],
            within=[Dated(codes[area], codes[parent], a, b) for area, parent, a, b in rows(_WITHIN)],
            parts=parts,
            small_areas=[SmallAreaFacts(*row) for row in rows(_SMALL_AREAS)],
            practices=[Dated(*row) for row in rows(_PRACTICES)],
            practice_names=[Dated(*row) for row in rows(_PRACTICE_NAMES)],
            postcodes=[Dated(*row) for row in rows(_POSTCODES)],
            linked=[Dated(code, codes[area], a, b) for code, area, a, b in rows(_LINKED) if area in codes],
            sub_icb_of=dict(rows(_LOCATED)),
            small_areas_of_sub_icb={code: list(found) for code, found in rows(_SUB_ICBS)},
            successions=rows(
                'SELECT old_code, new_code, "on" FROM system_codesuccession WHERE old_code <> new_code'
                " AND old_code = ANY(%(codes)s)",
                codes=[row[0] for row in rows(_PRACTICES)],
            ),
        )


_AREA_CODES = """
SELECT DISTINCT ON (a.id) a.id, i.code
  FROM system_area a
  LEFT JOIN system_serving s ON s.area_id = a.id AND s.role = 'leads' AND s.known @> %(known)s
  JOIN system_identifier i ON i.scheme = 'ods' AND i.known @> %(known)s AND (i.area_id = a.id OR i.body_id = s.body_id)
 WHERE a.kind = ANY(%(kinds)s)
 ORDER BY a.id, i.area_id IS NULL, upper(s.valid) IS NULL DESC, lower(s.valid) DESC, upper(i.valid) IS NULL DESC,
          lower(i.valid) DESC, i.code
"""
_PARTS = """
SELECT a.kind, s.code, a.id, lower(p.valid), upper(p.valid)
  FROM system_part p JOIN system_area a ON a.id = p.area_id JOIN system_smallarea s ON s.id = p.small_area_id
 WHERE a.kind = ANY(%(kinds)s) AND p.known @> %(known)s AND s.retired_at IS NULL AND p.weight >= 0.5
   AND (upper(p.valid) IS NULL OR upper(p.valid) > %(since)s)
 ORDER BY s.code, a.kind, lower(p.valid), a.key
"""
_NAMES = """
SELECT n.area_id, n.name, lower(n.valid), upper(n.valid)
  FROM system_name n JOIN system_area a ON a.id = n.area_id
 WHERE a.kind = ANY(%(kinds)s) AND n.role = 'official' AND n.known @> %(known)s
 ORDER BY a.key, lower(n.valid)
"""
_WITHIN = """
SELECT w.area_id, w.parent_id, lower(w.valid), upper(w.valid)
  FROM system_within w JOIN system_area a ON a.id = w.area_id JOIN system_area p ON p.id = w.parent_id
 WHERE a.kind = ANY(%(kinds)s) AND p.kind = ANY(%(kinds)s) AND w.known @> %(known)s
 ORDER BY a.key, lower(w.valid), p.key
"""
_SMALL_AREAS = """
SELECT code, imd2019_rank, imd2019_decile, population_mid2020, is_simulated FROM system_smallarea
 WHERE retired_at IS NULL ORDER BY code
"""
_PRACTICES = """
SELECT i.code, 'practice', lower(t.valid), upper(t.valid)
  FROM system_standing t
  JOIN system_identifier i ON i.body_id = t.body_id AND i.scheme = 'ods' AND i.known @> %(known)s
 WHERE t.kind = 'gp_practice' AND t.known @> %(known)s
   AND (upper(t.valid) IS NULL OR upper(t.valid) > %(since)s) AND i.valid && t.valid
 ORDER BY i.code, lower(t.valid)
"""
_OF_PRACTICES = """
  JOIN system_identifier i ON i.body_id = x.body_id AND i.scheme = 'ods' AND i.known @> %(known)s
 WHERE x.known @> %(known)s AND EXISTS (
       SELECT 1 FROM system_standing t WHERE t.body_id = x.body_id AND t.kind = 'gp_practice' AND t.known @> %(known)s)
"""
_PRACTICE_NAMES = f"""
SELECT i.code, x.name, lower(x.valid), upper(x.valid) FROM system_name x {_OF_PRACTICES} AND x.role = 'official'
 ORDER BY i.code, lower(x.valid)
"""  # noqa: S608  # nosec B608 (own words)
_POSTCODES = f"""
SELECT i.code, x.postcode, lower(x.valid), upper(x.valid) FROM system_site x {_OF_PRACTICES} AND x.postcode <> ''
 ORDER BY i.code, lower(x.valid)
"""  # noqa: S608  # nosec B608
# A practice may be linked to its neighbourhood itself, or be a member of a body (a network) that serves one.
_LINKED = f"""
SELECT i.code, x.area_id, lower(x.valid), upper(x.valid) FROM (
       SELECT s.body_id, s.area_id, s.valid, s.known FROM system_serving s
        WHERE s.role IN ('located_in', 'serves') AND s.known @> %(known)s
       UNION ALL
       SELECT l.body_id, s.area_id, l.valid * s.valid, l.known FROM system_link l
         JOIN system_serving s ON s.body_id = l.to_id AND s.role IN ('located_in', 'serves', 'leads')
                              AND s.known @> %(known)s
        WHERE l.kind IN ('member_of', 'part_of') AND l.known @> %(known)s AND l.valid && s.valid) x
  JOIN system_area a ON a.id = x.area_id AND a.kind = 'neighbourhood' {_OF_PRACTICES}
 ORDER BY i.code, lower(x.valid), a.key
"""  # noqa: S608  # nosec B608
_LOCATED = f"""
SELECT DISTINCT ON (i.code) i.code, a.key FROM system_serving x
  JOIN system_area a ON a.id = x.area_id AND a.kind = 'sub_icb_location' {_OF_PRACTICES} AND x.role = 'located_in'
 ORDER BY i.code, upper(x.valid) IS NULL DESC, lower(x.valid) DESC
"""  # noqa: S608  # nosec B608
_SUB_ICBS = """
SELECT a.key, array_agg(s.code ORDER BY s.code) FROM system_area a
  JOIN system_part p ON p.area_id = a.id AND p.known @> %(known)s AND upper(p.valid) IS NULL
  JOIN system_smallarea s ON s.id = p.small_area_id AND s.retired_at IS NULL
 WHERE a.kind = 'sub_icb_location' GROUP BY a.key
"""
