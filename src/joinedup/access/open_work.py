"""What a body has open here, for the check before it closes: roles that people hold in it (rule: governance C3)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from joinedup.access.models import RoleHeld


def open_work(body: str, on: date) -> list[dict[str, str]]:
    """Answer the roles held in a body on a day, by its code or id: dicts of kind, id, title, owner and link.

    Nobody is named: the owner is the account's id.
    """
    found = _id_of(body)
    if found is None:
        return []
    rows = RoleHeld.objects.filter(body_id=found, valid__contains=on, user__is_active=True).order_by("pk")
    return [
        {
            "kind": "role", "id": str(row.pk), "title": row.role, "owner": f"user:{row.user_id}",
            "link": f"/access/users/{row.user_id}/",
        }
        for row in rows
    ]  # fmt: skip


def _id_of(body: str) -> UUID | None:
    try:
        return UUID(body)
    except ValueError:
        return next((found for path in settings.BODY_BY_CODE if (found := import_string(path)(body))), None)
