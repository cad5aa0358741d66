"""For which bodies people work on a day: who employs them, and for whom they hold a post (rule C10)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import connection

from joinedup.moment import Moment
from joinedup.system.picture import Picture

_WORKS = """
SELECT DISTINCT p.key, w.body, lower(w.valid), upper(w.valid)
  FROM system_person p
  JOIN (SELECT person_id, employer_id AS body, valid, known FROM system_employment
         UNION ALL
        SELECT person_id, works_for_id, valid, known FROM system_assignment) w ON w.person_id = p.id
 WHERE p.key = ANY(%(people)s) AND w.known @> %(known)s AND w.valid @> %(on)s
 ORDER BY p.key, lower(w.valid), w.body
"""


@dataclass(frozen=True, slots=True)
class WorksFor:
    """That a person, by key, works for a body, by the code people use for it, for the days [start, end)."""

    person: str
    body: str
    start: date
    end: date | None


def works_of(people: Collection[str], moment: Moment) -> list[WorksFor]:
    """Answer for which bodies these people work on a day, by what was known at an instant; deputies work, too.

    Nobody works for a body that does not exist on the day, also where nobody has said where its people went.
    """
    if not people:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_WORKS, {"people": sorted(people), "known": moment.known_at, "on": moment.valid_on})
        rows = cursor.fetchall()
    bodies = Picture(moment).bodies_by_id({row[1] for row in rows})
    return [WorksFor(person, bodies[body].code, start, end) for person, body, start, end in rows if bodies[body].exists]
