"""What access adds to the site's navigation."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access.decision import decide
from joinedup.access.grant import actor_asking
from joinedup.moment import now
from joinedup.ui import NavigationEntry


def entries(request: Any) -> list[NavigationEntry]:
    """Answer the links that whoever asks may follow: sign in, or the account, its pages and sign out."""
    actor, today = actor_asking(request), now().valid_on
    if not actor.is_signed_in:
        return [NavigationEntry(_("Sign in"), reverse("access:sign-in"), menu="account")]
    found = []
    if decide(actor, "access.users", today).allowed:
        found.append(NavigationEntry(_("Users"), reverse("access:users")))
    if decide(actor, "access.audit", today).allowed:
        found.append(NavigationEntry(_("Audit"), reverse("access:audit")))
    if decide(actor, "access.alerts", today).allowed:
        found.append(NavigationEntry(_("Alerts"), reverse("access:alerts")))
    return [
        *found,
        NavigationEntry(actor.name, reverse("access:account"), menu="account"),
        NavigationEntry(_("Sign out"), reverse("access:sign-out"), menu="account", method="post"),
    ]
