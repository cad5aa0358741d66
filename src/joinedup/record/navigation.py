"""What this room adds to the site's navigation, for those who may follow it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import actor_of, decide
from joinedup.moment import now
from joinedup.ui import NavigationEntry


def entries(request: Any) -> list[NavigationEntry]:
    """Answer the links into this room that whoever asks may follow."""
    actor, today = actor_of(request.user), now().valid_on
    if not actor.is_signed_in:
        return []
    found = []
    if decide(actor, "record.find", today).allowed:
        found.append(NavigationEntry(_("Find a resident"), reverse("record:find")))
    if decide(actor, "record.handover", today).allowed:
        found.append(NavigationEntry(_("Inbox"), reverse("record:inbox")))
        found.append(NavigationEntry(_("Not opened in time"), reverse("record:unopened")))
    if decide(actor, "record.own", today).allowed:
        found.append(NavigationEntry(_("Your record"), reverse("record:mine")))
    return found
