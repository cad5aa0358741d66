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
    if not actor.is_signed_in or not decide(actor, "governance.read", now().valid_on).allowed:
        return [NavigationEntry(_("Boards"), reverse("open_boards:boards"))]  # what everybody may read
    return [NavigationEntry(_("Boards"), reverse("governance:start"))]
