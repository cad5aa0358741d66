"""The addresses of decisions by their references, for the rooms that hold money and plans (settings.DECISION_PAGES)."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from joinedup.governance import models


def pages_of(references: Iterable[str]) -> dict[str, str]:
    """Answer the address of each of these that is the reference of a decision."""
    known = models.Decision.objects.filter(pk__in=list(references)).values_list("pk", flat=True)
    return {one: reverse("governance:decision", args=[one]) for one in known}
