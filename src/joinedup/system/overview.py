"""What the front page says of what is loaded: the systems, and the changes that lie behind and ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from joinedup.system import answers
from joinedup.system.kept import kept
from joinedup.system.names import event_rows
from joinedup.system.picture import Picture

MOST_EVENTS = 5
# A system is told in full when its places are known; of the others only the published lists are.
_WITH_PLACES = """
SELECT DISTINCT w.parent_id::text FROM system_within w JOIN system_area a ON a.id = w.area_id AND a.kind = 'place'
 WHERE w.known @> %(known)s AND w.valid @> %(on)s
"""


@dataclass(frozen=True, slots=True)
class Overview:
    """The systems told in full, how many others are known, and the changes: overdue, planned, latest."""

    told: list[dict[str, Any]]
    systems: int
    small_areas: int
    population: int
    is_simulated: bool
    counts: dict[str, int]
    overdue: list[dict[str, Any]]
    planned: list[dict[str, Any]]
    latest: list[dict[str, Any]]

    @property
    def is_empty(self) -> bool:
        return not self.systems and not self.counts


def overview_of(picture: Picture) -> Overview:
    """Answer what is loaded and what changes, at the picture's moment."""
    return kept(picture, "overview", lambda: _overview(picture))


def _overview(picture: Picture) -> Overview:
    england = answers.england(picture)
    with connection.cursor() as cursor:
        cursor.execute(_WITH_PLACES, {"on": picture.moment.valid_on, "known": picture.moment.known_at})
        with_places = {row[0] for row in cursor.fetchall()}
    told = [s for s in england["systems"] if s["id"] in with_places]
    events = picture.events()
    in_force = [e for e in events if e.certainty == "in_force" and e.effective.earliest <= picture.moment.valid_on]
    ahead = [e for e in events if e.certainty in {"proposed", "subject_to_parliament", "approved"}]
    shown = [*ahead, *in_force[-MOST_EVENTS:]]
    rows = {row["key"]: row for row in event_rows(answers.event(picture, e) for e in shown)}
    return Overview(
        told=told or england["systems"][:6],
        systems=len(england["systems"]),
        small_areas=england["small_areas"],
        population=england["population"],
        is_simulated=england["is_simulated"],
        counts=england["counts"],
        overdue=[rows[e.key] for e in ahead if e.days_overdue],
        planned=[rows[e.key] for e in ahead if not e.days_overdue],
        latest=[rows[e.key] for e in reversed(in_force[-MOST_EVENTS:])],
    )
