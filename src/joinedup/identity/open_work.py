"""What a body has open in linking, for the check before it closes (rule: governance C3): pairs that wait for a person.

A pair counts when either of its records came from the body. Nobody is told of: there is one line with their number.
"""

from __future__ import annotations

from datetime import date

from django.db import connection

from joinedup.system import codes_answered_for

_WAITING = """
SELECT count(*) FROM identity_review r
 WHERE r.closed_at IS NULL
   AND EXISTS (SELECT FROM identity_subject s
                WHERE s.subject_id IN (r.left_id, r.right_id) AND s.organisation = ANY(%s))
"""


def open_work(body: str, on: date) -> list[dict[str, str]]:
    """Answer how many pairs with a record of a body, by its code, key or uuid, wait to be reviewed.

    One dict of kind, id, title, owner, link and count, or none. A review has no last day, so that `on` changes nothing.
    """
    codes = sorted(codes_answered_for(body))
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [codes])
        number = cursor.fetchone()[0]
    if not number:
        return []
    return [
        {
            "kind": "pair to review", "id": "reviews", "title": "Pairs that wait for a person", "owner": body,
            "link": "/identity/", "count": str(number),
        }
    ]  # fmt: skip
