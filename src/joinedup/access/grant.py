"""The value without which nothing is done: who acts, in which role and body, for which purpose, and who says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from joinedup.access.decision import ANONYMOUS, Actor, RoleOn, decide
from joinedup.errors import Refused
from joinedup.moment import now


class NotSignedIn(Refused):
    """This needs a sign-in."""

    status = 401


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to do one thing, given by `grant_for` to a person or by `service_grant` to a job.

    `body_id` is the body in which the role is held (None: the whole system); `reason` is for the audit only. Leave to
    open a resident's record (`grant_for_resident`) names the relationship and the subjects that are this resident.
    """

    actor_id: str  # "user:<uuid>", "service:<job>" or "anonymous"
    actor_name: str
    role: str | None
    body_id: UUID | None
    purpose: str
    permission: str
    decided_at: datetime
    reason: str
    relationship: str | None = None
    subject_ids: frozenset[UUID] = frozenset()

    @property
    def is_service(self) -> bool:
        return self.actor_id.startswith("service:")

    def must_be_for(self, permission: str) -> None:
        """Raise Refused when this grant was given for something else. A service's grant is for its whole job."""
        if self.permission != permission and not self.is_service:
            raise Refused(f"This needs leave for {permission}; the leave given was for {self.permission}.")

    def must_cover(self, subject_ids: Iterable[UUID]) -> None:
        """Raise Refused when this grant is not for all of these subjects. A service's grant is for all of them."""
        if not self.is_service and not self.subject_ids.issuperset(subject_ids):
            raise Refused("This needs leave for each of these residents; the leave given was for others.")


def actor_of(user: Any) -> Actor:
    """Answer the actor that a signed-in or anonymous user is, with every role held at any time."""
    if not getattr(user, "is_authenticated", False):
        return ANONYMOUS
    held = tuple(
        RoleOn(role.role, role.body_id, role.valid.lower, role.valid.upper)
        for role in user.roles_held.all()
        if not role.valid.isempty
    )
    return Actor(f"user:{user.pk}", user.name, True, user.is_active, held)


def grant_for(asker: Any, permission: str, *, purpose: str = "", body_id: UUID | None = None) -> Grant:
    """Answer the grant for a request or a user, decided on today's roles.

    Raises NotSignedIn (401) for somebody anonymous and Refused (403) for somebody whose roles do not permit it; the
    refusal of a signed-in person is recorded in the audit first. `purpose` defaults to the permission's title.
    """
    from joinedup.access.roles import TABLE

    actor = actor_asking(asker)
    decision = decide(actor, permission, now().valid_on, body_id)
    held = decision.by
    grant = Grant(
        actor_id=actor.id,
        actor_name=actor.name,
        role=held.role if held else None,
        body_id=held.body_id if held else None,
        purpose=purpose or TABLE.permission(permission).title,
        permission=permission,
        decided_at=datetime.now(UTC),
        reason=decision.reason,
    )
    if decision.allowed:
        return grant
    if not actor.is_signed_in:
        # Not in the audit: nobody is named, and a stranger could fill it at will. The server's log has the line.
        raise NotSignedIn("Sign in to do this.")
    from django.db import transaction

    from joinedup.access.audit import record

    with transaction.atomic():
        record(grant, permission, _subject(asker, body_id), outcome="denied")
    raise Refused("Your roles do not permit this. Ask a system administrator if your work needs it.")


def service_grant(job: str, purpose: str, approved_by: str) -> Grant:
    """Answer the grant of a job that acts without a person: which job, for which purpose, and who approved it."""
    return Grant(
        actor_id=f"service:{job}",
        actor_name=job,
        role=None,
        body_id=None,
        purpose=purpose,
        permission="service",
        decided_at=datetime.now(UTC),
        reason=f"approved by {approved_by}",
    )


def requires(permission: str, *, purpose: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a view open only to whoever has the permission; the view finds the grant as `request.grant`.

    `view.permission` names the permission for the table of routes. Somebody anonymous who opens a page is led to
    the sign-in page and back.
    """

    def wrap(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                request.grant = grant_for(request, permission, purpose=purpose)
            except NotSignedIn:
                if request.method not in {"GET", "HEAD"} or request.path.startswith("/api/"):
                    raise
                from django.contrib.auth.views import redirect_to_login

                return redirect_to_login(request.get_full_path())
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return wrap


def actor_asking(asker: Any) -> Actor:
    """Answer the actor behind a request, a user or an actor."""
    if isinstance(asker, Actor):
        return asker
    if not hasattr(asker, "user"):
        return actor_of(asker)
    # A request asks once and keeps the answer: its roles do not change while it is answered.
    if not hasattr(asker, "access_actor"):
        asker.access_actor = actor_of(asker.user)
    return asker.access_actor  # type: ignore[no-any-return]


def _subject(asker: Any, body_id: UUID | None) -> str:
    if body_id is not None:
        return f"body:{body_id}"
    match = getattr(asker, "resolver_match", None)
    return f"route:{match.route}" if match else "route:none"
