"""What the pages of a transition share: words for kinds and certainties, the way back, the bodies after a change."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import actor_of, decide
from joinedup.governance.kept.transitions import events_of
from joinedup.moment import now
from joinedup.system import as_of
from joinedup.ui import Crumb

KINDS: Final = {
    "found": "New body", "rename": "New name", "recode": "New code", "redesignate": "New standing", "merge": "Merger",
    "absorb": "Taken into another", "split": "Split", "transfer_function": "Functions move",
    "boundary_change": "Boundary moves", "dissolve": "Dissolved",
}  # fmt: skip
CERTAINTIES: Final = {
    "proposed": ("Proposed", "grey"), "subject_to_parliament": ("Subject to Parliament", "yellow"),
    "approved": ("Approved", "blue"), "in_force": ("In force", "green"), "withdrawn": ("Withdrawn", "red"),
}  # fmt: skip


def crumbs(*more: Crumb) -> list[Crumb]:
    boards = Crumb(_("Boards"), reverse("governance:start"))
    return [Crumb("joinedup", "/"), boards, Crumb(_("Transitions"), reverse("transition:transitions")), *more]


def may(request: Any, permission: str) -> bool:
    """Answer whether whoever asks may do this today; the act asks again."""
    return decide(actor_of(request.user), permission, now().valid_on).allowed


def codes_in(text: str) -> list[str]:
    """Answer the codes of bodies in a text, between commas or blanks."""
    return [one.upper() for one in text.replace(",", " ").split()]


def receiving_items(transition: str) -> dict[str, str]:
    """Answer the bodies that are there after the changes of a transition, by code, with their names."""
    moment = now()
    found: dict[str, str] = {}
    for event in events_of(transition, moment):
        bodies = as_of(event.effective.earliest, moment.known_at).bodies_by_id(event.results)
        found |= {one.code or one.key: f"{one.name} ({one.code or one.key})" for one in bodies.values()}
    return found
