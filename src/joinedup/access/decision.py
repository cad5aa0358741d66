"""May this actor do this? One function answers, by default no, and always with the reason.

A rule is put together from small predicates with `&` and `|`. Each predicate looks at ONE role that the actor holds:
what a rule asks for must be true of the same role. (Somebody who administers trust A and is a member of board B must
not administer B, though she "holds a role in B" and "may administer".)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from joinedup.access.roles import TABLE, RoleTable


@dataclass(frozen=True, slots=True)
class RoleOn:
    """A role held from one day up to, but not on, another, in one body or (no body) in the whole system."""

    role: str
    body_id: UUID | None
    valid_from: date
    valid_to: date | None = None

    def is_held_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks. Without `is_signed_in` nothing but what is open to everyone is allowed."""

    id: str
    name: str = ""
    is_signed_in: bool = False
    is_active: bool = True
    roles: tuple[RoleOn, ...] = ()


ANONYMOUS = Actor("anonymous")


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, the reason in words, and the role that made it a yes (None where no role was needed)."""

    allowed: bool
    reason: str
    by: RoleOn | None = None


Test = Callable[[Actor, RoleOn | None], tuple[bool, str]]


@dataclass(frozen=True, slots=True)
class Predicate:
    """A question about an actor and one of his roles; `a & b` needs both, `a | b` either, and the reason is kept."""

    test: Test

    def __call__(self, actor: Actor, held: RoleOn | None) -> tuple[bool, str]:
        return self.test(actor, held)

    def __and__(self, other: Predicate) -> Predicate:
        def both(actor: Actor, held: RoleOn | None) -> tuple[bool, str]:
            first, why = self(actor, held)
            if not first:
                return False, why
            second, why_too = other(actor, held)
            return second, f"{why}, {why_too}" if second else why_too

        return Predicate(both)

    def __or__(self, other: Predicate) -> Predicate:
        def either(actor: Actor, held: RoleOn | None) -> tuple[bool, str]:
            first, why = self(actor, held)
            if first:
                return True, why
            second, why_too = other(actor, held)
            return second, why_too if second else f"{why}; {why_too}"

        return Predicate(either)


def _open_to_everyone(permission: str, table: RoleTable) -> Predicate:
    is_open = table.permission(permission).open_to == "everyone"
    return Predicate(lambda _actor, _held: (is_open, "open to everyone" if is_open else "not open to everyone"))


signed_in = Predicate(
    lambda actor, _held: (
        (True, "signed in")
        if actor.is_signed_in and actor.is_active
        else (False, "not signed in" if actor.is_active else "the account has ended")
    )
)


def open_to_signed_in(permission: str, table: RoleTable = TABLE) -> Predicate:
    """Is this open to whoever is signed in, whatever the role?"""
    is_open = table.permission(permission).open_to != "roles"
    return Predicate(lambda _actor, _held: (is_open, "open to whoever is signed in" if is_open else "needs a role"))


def held_on(day: date) -> Predicate:
    """Is the role held on this day?"""

    def test(_actor: Actor, held: RoleOn | None) -> tuple[bool, str]:
        if held is None:
            return False, "holds no role"
        if held.is_held_on(day):
            return True, f"{held.role} on {day}"
        return False, f"{held.role} is not held on {day}"

    return Predicate(test)


def may(permission: str, table: RoleTable = TABLE) -> Predicate:
    """Does the role come with this permission?"""
    table.permission(permission)

    def test(_actor: Actor, held: RoleOn | None) -> tuple[bool, str]:
        if held is None:
            return False, "holds no role"
        role = table.roles.get(held.role)
        if role is not None and permission in role.permissions:
            return True, f"{held.role} may {permission}"
        return False, f"{held.role} may not {permission}"

    return Predicate(test)


def holds_role_in(body_id: UUID | None) -> Predicate:
    """Is the role held in this body, or in the whole system? Always true where no body is asked about."""

    def test(_actor: Actor, held: RoleOn | None) -> tuple[bool, str]:
        if body_id is None:
            return True, "no body asked about"
        if held is None:
            return False, "holds no role"
        if held.body_id is None:
            return True, "held in the whole system"
        if held.body_id == body_id:
            return True, "held in the body"
        return False, f"{held.role} is held in another body"

    return Predicate(test)


def decide(
    actor: Actor, permission: str, on: date, body_id: UUID | None = None, *, table: RoleTable = TABLE
) -> Decision:
    """Answer whether the actor may do this on this day (in this body, when one is named), and why.

    The reason goes to the audit, never to whoever asked. Raises NotFound for a permission that does not exist.
    """
    rule = _open_to_everyone(permission, table) | (
        signed_in
        & (open_to_signed_in(permission, table) | (held_on(on) & may(permission, table) & holds_role_in(body_id)))
    )
    reasons: list[str] = []
    # A role in the whole system first: whoever holds one must not be narrowed by another that is held in a body.
    for held in (*sorted(actor.roles, key=lambda held: held.body_id is not None), None):
        allowed, reason = rule(actor, held)
        if allowed:
            return Decision(True, reason, held)
        if held is not None or not actor.roles:
            reasons.append(reason)
    return Decision(False, "; ".join(dict.fromkeys("; ".join(reasons).split("; "))))
