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
    actor = actor_of(request.user)
    if not actor.is_signed_in:
        return []
    day = now().valid_on
    found = []
    if decide(actor, "measures.read", day).allowed:
        found.append(NavigationEntry(_("Measures"), reverse("measures:start")))
    if decide(actor, "population.count", day).allowed:
        found.append(NavigationEntry(_("Cohorts"), reverse("measures:cohorts")))
    # Whoever decides comes for what waits; whoever asks, for their own.
    if decide(actor, "measures.approve_release", day).allowed:
        found.append(NavigationEntry(_("Releases"), reverse("measures:release-queue")))
    elif decide(actor, "measures.release", day).allowed:
        found.append(NavigationEntry(_("Releases"), reverse("measures:releases")))
    return found
