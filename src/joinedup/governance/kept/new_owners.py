"""Who has a piece of open work of a closing body from the day on, for the pages of the rooms in which it is (C3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from joinedup.governance import models
from joinedup.governance.kept.transitions import closing_bodies, events_of
from joinedup.moment import now


def new_owners(room: str, kind: str, key: str, bodies: Iterable[str]) -> list[dict[str, Any]]:
    """Answer, for each of these bodies (by code) that closes, who has this piece of work of it from which day on.

    Dicts of body, to, on, is_in_force, title and href (of the transition). The room's pages say it and change nothing.
    """
    asked = {one for one in bodies if one}
    if not asked:
        return []
    moment = now()
    found = []
    fits = (("", "", ""), (room, "", ""), (room, kind, ""), (room, kind, key))
    transitions = models.Transition.objects.filter(new_owners__isnull=False, at__lte=moment.known_at).distinct()
    for transition in transitions.order_by("key"):
        said = {
            (row.body, row.room, row.kind, row.work): row.to
            for row in transition.new_owners.filter(at__lte=moment.known_at).order_by("pk")
        }
        for event in events_of(transition.pk, moment):
            for code, closing in closing_bodies(event, moment.known_at).items():
                if not asked & closing.aliases or event.certainty == "withdrawn":
                    continue
                owners = [said[alias, *fit] for fit in fits for alias in closing.aliases if (alias, *fit) in said]
                if owners:
                    found.append(
                        {
                            "body": code, "to": owners[-1], "on": event.effective.earliest, "title": transition.title,
                            "is_in_force": event.certainty == "in_force",
                            "href": reverse("transition:transition", args=[transition.pk]),
                        }
                    )  # fmt: skip
    return found
