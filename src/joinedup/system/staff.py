"""The people who hold posts on a day, counted as heads and as full-time equivalents (rules: governance C10)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from joinedup.system.names import body_kind, span
from joinedup.system.picture import Picture

_EMPLOYERS = """
SELECT e.person_id, e.employer_id, e.fte FROM system_employment e
 WHERE e.valid @> %(on)s AND e.known @> %(known)s
"""


@dataclass(frozen=True, slots=True)
class Staff:
    """Rows of (post, holder, body), the posts nobody holds, and the counts: one head for each person."""

    rows: tuple[dict[str, Any], ...]
    heads: int
    fte: Decimal
    posts: int
    vacant: int


def staff(picture: Picture) -> Staff:
    """Answer everybody who holds a post on the day, and every post that nobody holds."""
    times = {"on": picture.moment.valid_on, "known": picture.moment.known_at}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT body_id FROM system_poststanding WHERE valid @> %(on)s AND known @> %(known)s", times
        )
        with_posts = [row[0] for row in cursor.fetchall()]
        cursor.execute(_EMPLOYERS, times)
        employed = {person: (employer, fte) for person, employer, fte in cursor.fetchall()}
    posts = picture.posts(with_posts)
    works_for = {holding.works_for for post in posts for holding in post.holders}
    bodies = picture.bodies_by_id({*with_posts, *works_for, *(employer for employer, _ in employed.values())})
    rows: list[dict[str, Any]] = []
    heads, fte = set(), Decimal(0)
    for post in posts:
        body = bodies[post.body]
        at = {"post": post.title, "body": body.name, "body_key": body.key, "kind": body_kind(body.kind)}
        for holding in post.holders:
            heads.add(holding.person.id)
            fte += Decimal(holding.fte or 0)
            employer = employed.get(holding.person.id)
            since = {"from": str(holding.since.start), "to": str(holding.since.end) if holding.since.end else None}
            rows.append(
                at
                | {
                    "person": holding.person.name,
                    "status": holding.status,
                    "fte": Decimal(holding.fte) if holding.fte else None,
                    "employer": bodies[employer[0]].name if employer else "",
                    "since": span(since),
                }
            )
        if not post.holders:
            rows.append(at | {"person": "Nobody", "status": "vacant", "fte": None, "employer": "", "since": ""})
    vacant = sum(1 for post in posts if not post.holders)
    rows.sort(key=lambda row: row["status"] == "vacant")  # who is there first, then the gaps
    return Staff(tuple(rows), len(heads), fte, len(posts), vacant)
