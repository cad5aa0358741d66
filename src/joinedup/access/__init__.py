"""Who may see or do what, and the proof of who did: sign-in, roles, relationships, consent, break-glass, audit."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A module never has the name of one of these: importing it would put it in the name's place.
_WHERE = {
    "Act": "audit",
    "Actor": "decision",
    "Decision": "decision",
    "Grant": "grant",
    "NotSignedIn": "grant",
    "Predicate": "decision",
    "Relationship": "relationships",
    "Report": "proof",
    "Role": "roles",
    "User": "models",
    "actor_of": "grant",
    "decide": "decision",
    "demo_users": "demo",
    "grant_for": "grant",
    "holds_role_in": "decision",
    "keep_relationships": "kept_relationships",
    "make_administrator": "services",
    "may": "decision",
    "record": "audit",
    "record_many": "audit",
    "requires": "grant",
    "seal": "sealing",
    "service_grant": "grant",
    "verify": "proof",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"joinedup.access has no public name '{name}'")
    return getattr(import_module(f"joinedup.access.{_WHERE[name]}"), name)
