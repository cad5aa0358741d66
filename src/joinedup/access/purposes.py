"""Why somebody opens records: chosen once for a session, named in every grant and every entry of the audit (R80)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from joinedup.access.grant import actor_asking, grant_for
from joinedup.access.resident_decision import roles_that_may
from joinedup.access.roles import TABLE, Purpose
from joinedup.errors import Refused
from joinedup.moment import LONDON

KEY = "purpose"


def purposes_for(asker: Any, permission: str, at: datetime | None = None) -> list[Purpose]:
    """Answer the purposes for which whoever asks may do this today: those that a role begins with come first."""
    on = (at or datetime.now(UTC)).astimezone(LONDON).date()
    actor = actor_asking(asker)
    keys = [
        key for held, _ in roles_that_may(actor, permission, on, "") for key in TABLE.purposes_of(held.role, permission)
    ]
    return [TABLE.purposes[key] for key in dict.fromkeys(keys)]


def choose_purpose(request: Any, key: str) -> Purpose:
    """Keep the purpose that somebody chose for this session; raises NotFound for one that does not exist.

    Refused (403) when none of their roles has it.
    """
    purpose = TABLE.purpose(key)
    actor = actor_asking(request)
    on = datetime.now(UTC).astimezone(LONDON).date()
    held = {role.role for role in actor.roles if role.is_held_on(on)}
    if not any(key in TABLE.roles[role].purposes for role in held if role in TABLE.roles):
        raise Refused("Your roles do not have this purpose.")
    request.session[KEY] = key
    return purpose


def purpose_of(asker: Any, permission: str, purpose: str | None, at: datetime) -> str:
    """Answer the purpose for which this is asked: as given, else the token's, else the session's, else the first.

    One that is given, or that a token bears, must fit what is asked: Refused (403), because it says nothing about any
    resident. The session's choice is for what it fits; for anything else (a doctor's own record) the role's first
    purpose that fits is taken. Raises NotSignedIn and Refused as `grant_for` does where no role permits this at all.
    """
    grant_for(asker, permission, purpose=purpose or "")
    fitting = [one.key for one in purposes_for(asker, permission, at)]
    must = purpose or getattr(asker, "purpose", None)
    if must:
        if must not in fitting:
            allowed = ", ".join(fitting) or "none"
            raise Refused(f"This is not done for the purpose '{must}'. Your roles allow: {allowed}.")
        return str(must)
    session = getattr(asker, "session", None)
    chosen = session.get(KEY) if session is not None else None
    if chosen in fitting:
        return str(chosen)
    return fitting[0] if fitting else ""
