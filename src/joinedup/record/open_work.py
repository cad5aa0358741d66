"""What a body has open between teams, for the check before it closes (rule: governance C3): hand-overs not yet settled.

Referrals, summaries and letters that it sent or received and that are still open. Nobody is told of: there is one line
for each kind and side, with their number. What was history when it arrived waits for nobody and does not count.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Count

from joinedup.record.handover import KINDS, OPEN_STATES
from joinedup.record.models import Handover
from joinedup.system import codes_answered_for

_SIDES = {"receiver": ("received", "/record/inbox/"), "sender": ("sent", "/record/unopened/")}
_SAID = {"referral": "Referrals", "discharge_summary": "Discharge summaries", "letter": "Letters"}


def open_work(body: str, on: date) -> list[dict[str, str]]:
    """Answer how many hand-overs a body, by its code, key or uuid, has open, by kind and side.

    Dicts of kind, id, title, owner, link and count. A hand-over has no last day, so that `on` changes nothing.
    """
    codes = codes_answered_for(body)
    found = []
    for side, (said, link) in _SIDES.items():
        rows = (
            Handover.objects.filter(state__in=OPEN_STATES, open_by__isnull=False, **{f"{side}__in": codes})
            .values("kind").annotate(number=Count("pk"))
        )  # fmt: skip
        numbers = {row["kind"]: row["number"] for row in rows}
        found += [
            {
                "kind": kind.replace("_", " "), "id": f"{kind}/{said}", "title": f"{_SAID[kind]} {said}", "owner": body,
                "link": link, "count": str(numbers[kind]),
            }
            for kind in KINDS
            if kind in numbers
        ]  # fmt: skip
    return found
