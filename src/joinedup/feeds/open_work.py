"""What a body has open in its feeds, for the check before it closes (rule: governance C3).

The sources that are declared under a code of its own or of a body that ended in it: they go on sending under the old
code until somebody declares them anew. And what such a source sent that still waits in quarantine.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Count

from joinedup.feeds import ledger
from joinedup.feeds.models import SetAside
from joinedup.system import codes_answered_for

Work = dict[str, str]


def open_work(body: str, on: date) -> list[Work]:
    """Answer the sources of a body, by its code, key or uuid, and how many pieces each has set aside.

    Dicts of kind, id, title, owner, link and, for what is set aside, count. A source has no last day, so that `on`
    changes nothing.
    """
    codes = codes_answered_for(body)
    sources = {key: one for key, one in ledger.declared().items() if one.organisation in codes}
    if not sources:
        return []
    feeds = [
        _work("feed", key, one.name, one.organisation, f"/feeds/source/{key}/") for key, one in sorted(sources.items())
    ]
    waiting = (
        SetAside.objects.filter(source__in=sources, state="quarantined").values("source")
        .annotate(number=Count("pk")).order_by("source")
    )  # fmt: skip
    return feeds + [
        _work("piece set aside", row["source"], sources[row["source"]].name, sources[row["source"]].organisation,
              f"/feeds/quarantine/?source={row['source']}") | {"count": str(row["number"])}
        for row in waiting
    ]  # fmt: skip


def _work(kind: str, id_: str, title: str, owner: str, link: str) -> Work:
    return {"kind": kind, "id": id_, "title": title, "owner": owner, "link": link}
