"""What a body has open in planning, for the check before it closes (rule: governance C3).

Plans of years that are not over, disagreements that nobody settled and that it is to settle, and the documents of the
system that it leads as long as they have not been sent.
"""

from __future__ import annotations

from datetime import date

from joinedup.planning import models
from joinedup.planning.plans.kept_plans import standing
from joinedup.planning.triangulation.resolution import is_settled

Work = dict[str, str]


def open_work(body: str, on: date) -> list[Work]:
    """Answer what a body, by its code in the plans, has open on a day: dicts of kind, id, title, owner and link."""
    plans = [
        _work(
            "plan",
            f"{row.owner}/{row.side}/{row.year}",
            f"{row.side} {row.year}",
            body,
            f"/planning/plans/?year={row.year}",
        )
        for row in models.Plan.objects.filter(owner=body).order_by("year", "side")
        if date(int(row.year[:4]) + 1, 4, 1) > on
    ]
    gaps = [
        _work("disagreement", str(row.pk), row.key, body, f"/planning/disagreements/{row.pk}/")
        for row in models.Gap.objects.filter(owner=body).order_by("pk")
        if not is_settled(standing(row), on)
    ]
    sent = models.DocumentEntry.objects.filter(what="sent").values("document")
    documents = [
        _work("document", f"{row.kind}/{row.system}", row.kind, body, f"/planning/documents/{row.kind}/")
        for row in models.Document.objects.filter(system=body).exclude(pk__in=sent).order_by("kind")
    ]
    return [*plans, *gaps, *documents]


def _work(kind: str, id_: str, title: str, owner: str, link: str) -> Work:
    return {"kind": kind, "id": id_, "title": title, "owner": owner, "link": link}
