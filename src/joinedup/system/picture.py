"""`as_of(valid_on, known_at)`: the one way to read bodies, areas, posts and people (rules: governance T1).

Everything a picture answers was true on its day by what was known at its instant. A picture asked again later answers
the same, whatever has been learnt since. SQL is written out here because one body must come in under two
milliseconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from joinedup.errors import NotFound, did_you_mean
from joinedup.moment import Moment
from joinedup.system.bodies import Area, Body, Event, Holding, Person, Post, Since
from joinedup.system.change import days_overdue
from joinedup.system.periods import PartialDate
from joinedup.system.responsibility import Territory, responsible_board
from joinedup.system.succession import resolve_with

_BODIES = """
SELECT b.id, b.key,
       (SELECT n.name FROM system_name n
         WHERE n.body_id = b.id AND n.role = 'official' AND n.known @> %(known)s
         ORDER BY n.valid @> %(on)s DESC, lower(n.valid) > %(on)s, abs(lower(n.valid) - %(on)s) LIMIT 1),
       s.kind, s.legal_form, s.sector, lower(s.valid), s.from_precision, upper(s.valid), s.to_precision,
       s.to_confirm,
       (SELECT array_agg(i.scheme || ':' || i.code ORDER BY i.scheme, i.code) FROM system_identifier i
         WHERE i.body_id = b.id AND i.known @> %(known)s AND i.valid @> %(on)s)
  FROM system_body b
  LEFT JOIN system_standing s ON s.body_id = b.id AND s.known @> %(known)s AND s.valid @> %(on)s
 WHERE b.id = ANY(%(ids)s)
"""
_AREAS = """
SELECT a.id, a.key, a.kind,
       (SELECT n.name FROM system_name n
         WHERE n.area_id = a.id AND n.role = 'official' AND n.known @> %(known)s
         ORDER BY n.valid @> %(on)s DESC, lower(n.valid) > %(on)s, abs(lower(n.valid) - %(on)s) LIMIT 1),
       (SELECT array_agg(i.scheme || ':' || i.code ORDER BY i.scheme, i.code) FROM system_identifier i
         WHERE i.area_id = a.id AND i.known @> %(known)s AND i.valid @> %(on)s),
       (SELECT array_agg(w.parent_id) FROM system_within w
         WHERE w.area_id = a.id AND w.known @> %(known)s AND w.valid @> %(on)s),
       coalesce(p.small_areas, 0), p.population, p.deprived, coalesce(p.is_simulated, false)
  FROM system_area a
  LEFT JOIN (
       SELECT p.area_id, count(*) AS small_areas,
              round(sum(s.population_mid2020 * p.weight::float8))::int AS population,
              sum(s.population_mid2020 * p.weight::float8) FILTER (WHERE s.imd2019_decile <= 2)
                / nullif(sum(s.population_mid2020 * p.weight::float8), 0) AS deprived,
              bool_or(s.is_simulated) AS is_simulated
         FROM system_part p JOIN system_smallarea s ON s.id = p.small_area_id AND s.retired_at IS NULL
        WHERE p.area_id = ANY(%(ids)s) AND p.known @> %(known)s AND p.valid @> %(on)s
        GROUP BY p.area_id
  ) p ON p.area_id = a.id
 WHERE a.id = ANY(%(ids)s)
"""
# The same columns without counting small areas, for those who need the name only.
_AREA_NAMES = """
SELECT a.id, a.key, a.kind,
       (SELECT n.name FROM system_name n
         WHERE n.area_id = a.id AND n.role = 'official' AND n.known @> %(known)s
         ORDER BY n.valid @> %(on)s DESC, lower(n.valid) > %(on)s, abs(lower(n.valid) - %(on)s) LIMIT 1),
       (SELECT array_agg(i.scheme || ':' || i.code ORDER BY i.scheme, i.code) FROM system_identifier i
         WHERE i.area_id = a.id AND i.known @> %(known)s AND i.valid @> %(on)s),
       NULL, 0, NULL, NULL, false
  FROM system_area a
 WHERE a.id = ANY(%(ids)s)
"""
_WITHIN = """
WITH RECURSIVE tree(id) AS (
    SELECT %(area)s::uuid
    UNION
    SELECT w.area_id FROM system_within w JOIN tree ON w.parent_id = tree.id
     WHERE w.known @> %(known)s AND w.valid @> %(on)s
)
SELECT id FROM tree
"""
_BODIES_OF_AREAS = """
SELECT s.body_id, s.area_id, s.role, s.share FROM system_serving s
 WHERE s.area_id = ANY(%(areas)s) AND s.known @> %(known)s AND s.valid @> %(on)s
"""
_LINKED_TO = """
SELECT DISTINCT l.body_id FROM system_link l
 WHERE l.to_id = ANY(%(bodies)s) AND l.known @> %(known)s AND l.valid @> %(on)s
"""
_CODE = """
SELECT i.body_id, i.area_id FROM system_identifier i
 WHERE i.code = upper(%(code)s) AND i.known @> %(known)s
 ORDER BY i.valid @> %(on)s DESC, lower(i.valid) > %(on)s, abs(lower(i.valid) - %(on)s) LIMIT 1
"""
_CODES = """
SELECT DISTINCT ON (i.code) i.code, i.body_id, i.area_id FROM system_identifier i
 WHERE i.code = ANY(%(codes)s) AND i.known @> %(known)s
 ORDER BY i.code, i.valid @> %(on)s DESC, lower(i.valid) > %(on)s, abs(lower(i.valid) - %(on)s)
"""
_POSTS = """
SELECT p.id, p.key, s.title, s.category, s.body_id, lower(s.valid), s.from_precision, upper(s.valid), s.to_precision,
       a.person_id, a.works_for_id, a.status, a.fte::text, lower(a.valid), a.from_precision, upper(a.valid),
       a.to_precision, a.to_confirm,
       (SELECT n.name FROM system_name n WHERE n.person_id = a.person_id AND n.known @> %(known)s
         ORDER BY n.valid @> %(on)s DESC, lower(n.valid) DESC LIMIT 1)
  FROM system_post p
  JOIN system_poststanding s ON s.post_id = p.id AND s.known @> %(known)s AND s.valid @> %(on)s
  LEFT JOIN system_assignment a ON a.post_id = p.id AND a.known @> %(known)s AND a.valid @> %(on)s
 WHERE s.body_id = ANY(%(bodies)s)
 ORDER BY s.title, p.key, lower(a.valid)
"""

_EVENTS = """
SELECT e.id, e.key, e.kind, b.certainty, b.effective_on, b.precision,
       array(SELECT p.body_id FROM system_eventparty p WHERE p.belief_id = b.id AND p.side = 'original' ORDER BY p.id),
       array(SELECT p.body_id FROM system_eventparty p WHERE p.belief_id = b.id AND p.side = 'result' ORDER BY p.id),
       b.instrument, b.note, s.title, b.to_confirm, lower(b.known), upper(b.known)
  FROM system_changeevent e
  JOIN system_eventbelief b ON b.event_id = e.id
  JOIN system_source s ON s.key = b.source_id
 WHERE e.id = ANY(%(events)s)
 ORDER BY b.effective_on, e.key, lower(b.known)
"""


# One round trip for the body of a code, since this is asked most of all. Both parts stand above.
_BODY_OF_CODE = _BODIES.replace("ANY(%(ids)s)", "(SELECT body_id FROM (" + _CODE + ") AS found)")  # noqa: S608  # nosec B608


def as_of(valid_on: date, known_at: datetime) -> Picture:
    """Answer the picture of the system on a day, by what was known at an instant (an aware datetime)."""
    return Picture(Moment(valid_on, known_at))


class Picture:
    """Bodies, areas, posts and people at one moment. Methods read the database; nothing is remembered between them."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self._times = {"on": moment.valid_on, "known": moment.known_at}

    # --- one thing

    def body(self, text: str) -> Body:
        """Answer the body of a code (in use on the day, else the nearest in time), a key or a uuid.

        Raises NotFound, with the nearest name, when no body was known by it.
        """
        rows = self._rows(_BODY_OF_CODE, code=text)
        if rows:
            return self._body(rows[0])
        found = self.find(text)
        if found is None or found[0] != "body":
            raise self._not_found("body", text)
        return self.bodies_by_id([found[1]])[found[1]]

    def area(self, text: str) -> Area:
        """Answer the area of a code, a key or a uuid; raises NotFound as `body` does."""
        found = self.find(text)
        if found is None or found[0] != "area":
            raise self._not_found("area", text)
        return self.areas_by_id([found[1]])[found[1]]

    def find(self, text: str) -> tuple[str, UUID] | None:
        """Answer ("body" or "area", its id) for a code, key or uuid, or None."""
        rows = self._rows(_CODE, code=text)
        if rows:
            body, area = rows[0]
            return ("body", body) if body else ("area", area)
        for kind, sql in (
            ("area", "SELECT id FROM system_area WHERE key = %(key)s OR id::text = %(key)s"),
            ("body", "SELECT id FROM system_body WHERE key = %(key)s OR id::text = %(key)s"),
        ):
            rows = self._rows(sql, key=text.lower())
            if rows:
                return kind, rows[0][0]
        return None

    def find_each(self, texts: Iterable[str]) -> dict[str, tuple[str, UUID]]:
        """Answer what each of these codes, keys or uuids denotes, as `find` does; what denotes nothing is left out."""
        asked = list(dict.fromkeys(texts))
        rows = self._rows(_CODES, codes=[text.upper() for text in asked])
        of_code = {code: ("body", body) if body else ("area", area) for code, body, area in rows}
        found = {text: of_code.get(text.upper()) or self.find(text) for text in asked}
        return {text: one for text, one in found.items() if one}

    def _not_found(self, what: str, text: str) -> NotFound:
        names = [row[0] for row in self._rows("SELECT DISTINCT name FROM system_name WHERE person_id IS NULL")]
        codes = [row[0] for row in self._rows("SELECT DISTINCT code FROM system_identifier WHERE length(code) < 8")]
        others = [code for code in codes if code != text.upper()]
        known_by = did_you_mean(text, names) or did_you_mean(text, others)
        return NotFound(
            f"No {what} has the code '{text}'.{known_by} Search by name, or load the system that it belongs to."
        )

    # --- many

    def bodies_by_id(self, ids: Iterable[UUID]) -> dict[UUID, Body]:
        """Answer bodies by id, those that do not exist on the day among them (their kind is None)."""
        return {row[0]: self._body(row) for row in self._rows(_BODIES, ids=list(ids))}

    def bodies_of_kind(self, kind: str) -> list[Body]:
        """Answer the bodies of a kind that exist on the day, by name."""
        sql = "SELECT body_id FROM system_standing WHERE kind = %(kind)s AND known @> %(known)s AND valid @> %(on)s"
        return _by_name(self.bodies_by_id(row[0] for row in self._rows(sql, kind=kind)).values())

    def counts_by_kind(self) -> dict[str, int]:
        """Answer how many bodies of each kind exist on the day."""
        sql = """SELECT kind, count(*) FROM system_standing WHERE known @> %(known)s AND valid @> %(on)s
                  GROUP BY kind ORDER BY kind"""
        return dict(self._rows(sql))

    def areas_by_id(self, ids: Iterable[UUID], *, counted: bool = True) -> dict[UUID, Area]:
        """Answer areas by id, with parents and small areas counted on the day; or with `counted` false, names only."""
        return {row[0]: self._area(row) for row in self._rows(_AREAS if counted else _AREA_NAMES, ids=list(ids))}

    def areas_of_kind(self, kind: str) -> list[Area]:
        """Answer the areas of a kind that have a small area or a name on the day, by name."""
        sql = """SELECT DISTINCT area_id FROM system_name JOIN system_area a ON a.id = area_id
                  WHERE a.kind = %(kind)s AND known @> %(known)s AND valid @> %(on)s"""
        return _by_name(self.areas_by_id(row[0] for row in self._rows(sql, kind=kind)).values())

    def areas_within(self, area: UUID) -> list[Area]:
        """Answer the area and all areas within it, at any depth: the area first, then by kind and name."""
        found = self.areas_by_id(row[0] for row in self._rows(_WITHIN, area=area))
        rest = sorted((a for a in found.values() if a.id != area), key=lambda a: (a.kind, a.name))
        return [found[area], *rest] if area in found else rest

    def servings(self, areas: Iterable[UUID]) -> list[tuple[UUID, UUID, str, float | None]]:
        """Answer (body, area, role, share) of every body that leads, commissions for, serves or is in these areas."""
        rows = self._rows(_BODIES_OF_AREAS, areas=list(areas))
        return [(body, area, role, None if share is None else float(share)) for body, area, role, share in rows]

    def leaders(self, areas: Iterable[UUID]) -> dict[UUID, Body]:
        """Answer the body that leads each of these areas on the day."""
        leading = {area: body for body, area, role, _ in self.servings(areas) if role == "leads"}
        bodies = self.bodies_by_id(leading.values())
        return {area: bodies[body] for area, body in leading.items() if bodies[body].exists}

    def linked_to(self, bodies: Iterable[UUID]) -> list[UUID]:
        """Answer the bodies that are members or parts of these."""
        return [row[0] for row in self._rows(_LINKED_TO, bodies=list(bodies))]

    def small_areas(self, area: UUID) -> set[str]:
        """Answer the codes of an area's small areas on the day."""
        sql = """SELECT s.code FROM system_part p JOIN system_smallarea s ON s.id = p.small_area_id
                  WHERE p.area_id = %(area)s AND s.retired_at IS NULL AND p.known @> %(known)s AND p.valid @> %(on)s"""
        return {row[0] for row in self._rows(sql, area=area)}

    def posts(self, bodies: Iterable[UUID]) -> list[Post]:
        """Answer the posts of these bodies with their holders, by title."""
        posts: dict[UUID, tuple[Any, list[Holding]]] = {}
        for row in self._rows(_POSTS, bodies=list(bodies)):
            _, holders = posts.setdefault(row[0], (row, []))
            if row[9] is not None:
                person = Person(row[9], row[18] or "")
                holders.append(Holding(person, row[10], row[11], row[12], _since(*row[13:17]), row[17]))
        return [
            Post(row[0], row[1], row[2], row[3], row[4], _since(*row[5:9]), tuple(holders))
            for row, holders in posts.values()
        ]

    def events(self, bodies: Iterable[UUID] | None = None) -> list[Event]:
        """Answer the events that these bodies (or any) take part in, as believed at the moment, by date."""
        if bodies is None:
            sql = "SELECT event_id FROM system_eventbelief WHERE known @> %(known)s"
            ids = [row[0] for row in self._rows(sql)]
        else:
            sql = """SELECT DISTINCT b.event_id FROM system_eventparty p JOIN system_eventbelief b ON b.id = p.belief_id
                      WHERE p.body_id = ANY(%(bodies)s)"""
            ids = [row[0] for row in self._rows(sql, bodies=list(bodies))]
        return [event for event in self.beliefs(ids) if _is_known(event, self.moment.known_at)]

    def events_of(self, keys: Iterable[str]) -> list[Event]:
        """Answer the events of these keys, as believed at the moment, by date; those not known then are left out."""
        ids = [
            row[0] for row in self._rows("SELECT id FROM system_changeevent WHERE key = ANY(%(keys)s)", keys=list(keys))
        ]
        return [event for event in self.beliefs(ids) if _is_known(event, self.moment.known_at)]

    def functions_of(self, bodies: Iterable[UUID]) -> list[tuple[UUID, str, str, str]]:
        """Answer (body, function, its title, area) of every function that these bodies have on the day."""
        sql = """SELECT o.body_id, f.key, f.title, a.key FROM system_functionowner o
                   JOIN system_function f ON f.key = o.function_id JOIN system_area a ON a.id = o.area_id
                  WHERE o.body_id = ANY(%(bodies)s) AND o.known @> %(known)s AND o.valid @> %(on)s
                  ORDER BY f.title, a.key"""
        return [tuple(row) for row in self._rows(sql, bodies=list(bodies))]

    def beliefs(self, events: Iterable[UUID]) -> list[Event]:
        """Answer everything that was ever believed of these events up to the moment, oldest belief first."""
        rows = self._rows(_EVENTS, events=list(events))
        return [event for event in map(self._event, rows) if event.known_from <= self.moment.known_at]

    # --- rules that need the picture

    def resolve(self, code: str) -> frozenset[str]:
        """Answer the codes that a code has become by the day, by the published succession (rules: T6)."""

        def rows_of(old: str) -> Mapping[date, set[str]]:
            sql = 'SELECT "on", new_code FROM system_codesuccession WHERE old_code = %(old)s'
            by_date: dict[date, set[str]] = defaultdict(set)
            for on, new in self._rows(sql, old=old):
                by_date[on].add(new)
            return by_date

        return resolve_with(code.upper(), self.moment.valid_on, rows_of)

    def responsible_board(self, small_area: str, need: str = "") -> Body:
        """Answer the board that answers for a need of someone who lives in a small area (rules: T8).

        A board that leads a care group's area comes before the one that leads the place. Raises NotFound when the
        small area lies in no place on the day.
        """
        sql = """SELECT a.id, a.kind, s.body_id, array_agg(sa.code) FROM system_area a
                   JOIN system_serving s ON s.area_id = a.id AND s.role = 'leads' AND s.known @> %(known)s
                    AND s.valid @> %(on)s
                   JOIN system_part p ON p.area_id = a.id AND p.known @> %(known)s AND p.valid @> %(on)s
                   JOIN system_smallarea sa ON sa.id = p.small_area_id AND sa.code = %(code)s
                  WHERE a.kind IN ('place', 'care_group') GROUP BY a.id, a.kind, s.body_id"""
        territories = [
            Territory(
                str(body),
                frozenset(codes),
                frozenset({"mental_health", "learning_disability"} if kind == "care_group" else ()),
            )
            for _, kind, body, codes in self._rows(sql, code=small_area)
        ]
        board = responsible_board(small_area, need, territories)
        if board is None:
            raise NotFound(f"The small area {small_area} lies in no place on {self.moment.valid_on}.")
        return self.bodies_by_id([UUID(board)])[UUID(board)]

    # --- rows to values

    def _rows(self, sql: str, **parameters: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self._times | parameters)
            return list(cursor.fetchall())

    def _body(self, row: Any) -> Body:
        since = _since(*row[6:10]) if row[3] else None
        return Body(
            id=row[0], key=row[1], name=row[2] or row[1], kind=row[3], legal_form=row[4], sector=row[5] or "",
            since=since, codes=_codes(row[11]), to_confirm=bool(row[10]),
            is_uncertain=since is not None and since.is_uncertain_on(self.moment.valid_on),
        )  # fmt: skip

    def _event(self, row: Any) -> Event:
        effective = PartialDate(row[4], row[5])
        return Event(
            id=row[0], key=row[1], kind=row[2], certainty=row[3], effective=effective, originals=tuple(row[6]),
            results=tuple(row[7]), days_overdue=days_overdue(row[3], effective, self.moment.valid_on),
            instrument=row[8], note=row[9], source=row[10], to_confirm=row[11], known_from=row[12], known_to=row[13],
        )  # fmt: skip

    def _area(self, row: Any) -> Area:
        return Area(
            id=row[0], key=row[1], kind=row[2], name=row[3] or row[1], codes=_codes(row[4]),
            parents=tuple(row[5] or ()), small_areas=row[6], population=row[7],
            deprived_share=(row[8] or 0.0) if row[7] else None, is_simulated=row[9],
        )  # fmt: skip


def _since(start: date, from_precision: str, end: date | None, to_precision: str) -> Since:
    return Since(PartialDate(start, from_precision), PartialDate(end, to_precision) if end else None)


def _codes(joined: list[str] | None) -> dict[str, tuple[str, ...]]:
    codes: dict[str, tuple[str, ...]] = {}
    for item in joined or ():
        scheme, _, code = item.partition(":")
        codes[scheme] = (*codes.get(scheme, ()), code)
    return codes


def _is_known(event: Event, known_at: datetime) -> bool:
    return event.known_from <= known_at and (event.known_to is None or known_at < event.known_to)


def _by_name(things: Iterable[Any]) -> list[Any]:
    return sorted(things, key=lambda thing: (thing.name, thing.key))
