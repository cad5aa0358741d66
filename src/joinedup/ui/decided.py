"""From the reference of a decision to its page: rooms above governance show the link and do not import it.

settings.DECISION_PAGES: dotted paths of callables `(references) -> {reference: address}`, for those they know.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.utils.module_loading import import_string


def decision_pages(references: Iterable[str]) -> dict[str, str]:
    """Answer the address of each decision that a room knows by its reference; a reference nobody knows is left out."""
    asked = {one for one in references if one}
    found: dict[str, str] = {}
    for path in getattr(settings, "DECISION_PAGES", []) if asked else []:
        found |= import_string(path)(asked)
    return found


def decision_page(reference: str) -> str:
    """Answer the address of a decision by its reference; "" where nobody knows it."""
    return decision_pages([reference]).get(reference, "")
