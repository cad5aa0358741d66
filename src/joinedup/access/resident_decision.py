"""May this actor open this resident's record? Role, purpose, relationship and the resident's own choice together.

allow = signed in AND a role that is held today and permits it AND a purpose that the role has and that fits
        AND (a legitimate relationship of the body in which that role is held, OR a glass broken for it)
        AND the resident's choice permits it                                                (rules: record R80)

By default no. What makes it a yes must hold of ONE role: a nurse of trust A who is also on the board of B has nothing
to do with the patients of B. The reason goes to the audit, never to whoever asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from joinedup.access.decision import Actor, RoleOn
from joinedup.access.relationships import first_in_order
from joinedup.access.roles import TABLE, RoleTable

# The states of a resident's choice (R77) in which a relationship opens the record. In the others only the resident's
# own way and a broken glass do.
SHARED = frozenset({"none recorded", "refused"})
RESTRICTED = frozenset({"objection pending", "upheld"})
OWN = "record.own"
BREAK_GLASS = "record.break_glass"


@dataclass(frozen=True, slots=True)
class Ties:
    """What stands between an actor and one resident.

    `by_body`: the open kinds of relationship of each body in which the actor holds a role. `own`: "self" or "proxy".
    `broken_glass`: the reference of a glass that the actor broke for this resident in this session and that is open.
    `choice`: the resident's choice.
    """

    by_body: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    own: str | None = None
    broken_glass: UUID | None = None
    choice: str = "none recorded"


NO_TIES = Ties()


@dataclass(frozen=True, slots=True)
class ResidentDecision:
    """Yes or no, the reason in words; on a yes the role, the purpose, and by which relationship.

    `relationship` is a kind of relationships.KINDS, or "break-glass:<reference>".
    """

    allowed: bool
    reason: str
    by: RoleOn | None = None
    purpose: str = ""
    relationship: str | None = None


def roles_that_may(
    actor: Actor, permission: str, on: date, purpose: str, table: RoleTable = TABLE
) -> list[tuple[RoleOn, str]]:
    """Answer the roles held on the day that permit this for the purpose (any, for ""), each with the purpose it takes.

    Without a purpose a role takes the first of its own that fits.
    """
    found = []
    for held in actor.roles:
        fitting = table.purposes_of(held.role, permission)
        if actor.is_signed_in and actor.is_active and held.is_held_on(on) and fitting:
            if not purpose:
                found.append((held, fitting[0]))
            elif purpose in fitting:
                found.append((held, purpose))
    return found


def decide_for_resident(
    actor: Actor, permission: str, on: date, purpose: str, ties: Ties, *, table: RoleTable = TABLE
) -> ResidentDecision:
    """Answer whether the actor may do this with this resident's record on this day for this purpose, and why.

    `purpose` of "" takes the first that the role has. A relationship comes before a broken glass. Raises NotFound for
    a permission that does not exist.
    """
    table.permission(permission)
    roles = roles_that_may(actor, permission, on, purpose, table)
    if not roles:
        return ResidentDecision(False, f"no role that may {permission}" + (f" for {purpose}" if purpose else ""))
    for held, takes in roles:
        relationship = _relationship(permission, held, ties)
        if relationship is None or (permission != OWN and ties.choice not in SHARED):
            continue
        return ResidentDecision(True, f"{held.role} may {permission}, {relationship}", held, takes, relationship)
    for held, takes in roles:
        if ties.broken_glass and BREAK_GLASS in table.roles[held.role].permissions:
            by = f"break-glass:{ties.broken_glass}"
            return ResidentDecision(True, f"{held.role} may {permission}, broken glass", held, takes, by)
    why = "no relationship" if ties.choice in SHARED else f"the resident's choice: {ties.choice}"
    return ResidentDecision(False, f"{', '.join(sorted({held.role for held, _ in roles}))}: {why}")


def _relationship(permission: str, held: RoleOn, ties: Ties) -> str | None:
    if permission == OWN:
        return ties.own
    # A role held in the whole system has to do with nobody by itself: it is no team that cares for anyone.
    return first_in_order(ties.by_body.get(held.body_id, ())) if held.body_id else None
