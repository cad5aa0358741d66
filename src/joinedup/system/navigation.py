"""What this room adds to the site's navigation."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import actor_of, decide
from joinedup.moment import now
from joinedup.ui import NavigationEntry


def entries(request: Any) -> list[NavigationEntry]:
    """Answer the links into this room that whoever asks may follow."""
    found = [
        NavigationEntry(_("Systems"), reverse("system:england")),
        NavigationEntry(_("Bodies"), reverse("system:bodies")),
        NavigationEntry(_("What changed"), reverse("system:changes")),
        NavigationEntry(_("Plans and events"), reverse("system:events")),
    ]
    if decide(actor_of(request.user), "system.people", now().valid_on).allowed:
        found.append(NavigationEntry(_("People in post"), reverse("system:people")))
    return found
