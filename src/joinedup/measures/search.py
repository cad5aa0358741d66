"""Finding measures by their titles, and the profiles of areas, for those who may see them."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import Grant
from joinedup.access.roles import TABLE
from joinedup.errors import JoinedupError
from joinedup.measures import answers
from joinedup.measures.results import open_results, result_ids
from joinedup.moment import Moment
from joinedup.ui import SearchResult

MOST = 8


def find(text: str, moment: Moment, grant: Grant) -> list[SearchResult]:
    """Answer the measures and areas that have all of these words, to roles that may see measures."""
    role = TABLE.roles.get(grant.role or "")
    words = text.casefold().split()
    if role is None or "measures.read" not in role.permissions or not words or not result_ids():
        return []
    try:
        results = open_results()
    except JoinedupError:
        # A search over all rooms goes on without this one.
        return []
    found = [
        SearchResult(one.title, reverse("measures:measure", args=[one.id]), _("Measure"), one.theme)
        for one in answers.held(results)
        if all(word in f"{one.title} {one.theme}".casefold() for word in words)
    ]
    profiles = [
        SearchResult(
            _("Profile of %(area)s") % {"area": area.name},
            reverse("measures:area", args=[area.code]),
            _("Profile of an area"),
            _("What stands out, measure by measure"),
        )
        for area in answers.areas_on(results)
        if all(word in f"{area.name} {area.code}".casefold() for word in words)
    ]
    return [*found[:MOST], *profiles[:MOST]]
