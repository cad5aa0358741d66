"""People and files for the chapters on releases."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

from joinedup.access import Grant
from joinedup.measures.releases.files import read_file
from joinedup.measures.releases.services import APPROVE, ASK, Content
from joinedup.measures.releases.steps import Request

TABLE = "place,people\r\nEast,20\r\nWest,*\r\n"
WORLD = UUID("6f2b1f0e-7c52-4d61-9f55-0f6d2f2c9a01")


def grant(name: str, permission: str = ASK, role: str = "analyst") -> Grant:
    """Leave for one thing, as a signed-in person has it."""
    return Grant(
        actor_id=f"user:{uuid5(WORLD, name)}", actor_name=name, role=role, body_id=None, purpose="test",
        permission=permission, decided_at=datetime.now(UTC), reason="a test",
    )  # fmt: skip


MEI = grant("Mei Sample")
ANIL = grant("Anil Sample", APPROVE, "privacy_officer")


def request(**changes: str) -> Request:
    said = {
        "title": "Smoking by place", "purpose": "For the annual report of the board", "recipient_kind": "public",
        "recipient": "", "kind": "file", "mode": "nhs",
        "explanation": "Nothing of these people is out", **changes,
    }  # fmt: skip
    return Request(**said)


def content(text: str = TABLE, **more: object) -> Content:
    return Content(read_file(text.encode(), "figures.csv"), {"how": "By a notebook"}, **more)  # type: ignore[arg-type]
