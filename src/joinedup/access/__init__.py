"""Who may see or do what, and the proof of who did: sign-in, roles, relationships, consent, break-glass, audit."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A module never has the name of one of these: importing it would put it in the name's place.
_WHERE = {
    "AccessLogEntry": "log_of_access",
    "Act": "audit",
    "Actor": "decision",
    "Decision": "decision",
    "Grant": "grant",
    "NO_SUCH_RECORD": "residents",
    "NotNeeded": "breaking_glass",
    "NotSignedIn": "grant",
    "Predicate": "decision",
    "Purpose": "roles",
    "Relationship": "relationships",
    "Report": "proof",
    "Role": "roles",
    "User": "models",
    "access_log": "log_of_access",
    "access_log_table": "alert_views",
    "actor_of": "grant",
    "await_sealing": "audit",
    "break_glass": "breaking_glass",
    "canonical": "chain",
    "choose_purpose": "purposes",
    "decide": "decision",
    "demo_users": "demo",
    "disclose": "residents",
    "extend": "chain",
    "grant_for": "grant",
    "grant_for_resident": "residents",
    "grants_for_residents": "residents",
    "holds_role_in": "decision",
    "keep_relationships": "kept_relationships",
    "make_administrator": "services",
    "may": "decision",
    "may_see_residents": "residents",
    "own_demo_record": "demo",
    "own_record": "services",
    "own_subjects": "residents",
    "place_demo_users": "demo",
    "purpose_of": "purposes",
    "purposes_for": "purposes",
    "record": "audit",
    "record_many": "audit",
    "relationship_in_words": "residents",
    "requires": "grant",
    "requires_token": "tokens",
    "seal": "sealing",
    "service_grant": "grant",
    "verify": "proof",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"joinedup.access has no public name '{name}'")
    return getattr(import_module(f"joinedup.access.{_WHERE[name]}"), name)
