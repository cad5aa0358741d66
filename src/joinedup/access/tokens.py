"""Tokens with which programs read as their user (`Authorization: Bearer …`), for one purpose and some hours.

The API takes tokens and no cookies, pages take cookies and no tokens (rules: trust T57): a page of another site can
make a browser send its cookies, but cannot make it send a token.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from joinedup.access.audit import record
from joinedup.access.grant import Grant, NotSignedIn, actor_of, grant_for
from joinedup.access.models import AccessToken, User
from joinedup.access.purposes import purposes_for
from joinedup.errors import NotFound, Refused, RuleError

MOST_HOURS = 24
PREFIX = "joinedup_"  # so that a scanner for secrets finds one that somebody left in a file
# Written at most this often, so that each read of the API does not write a row.
SEEN_EVERY = timedelta(minutes=1)


def make_token(
    grant: Grant, user: User, purpose: str, hours: float, at: datetime, *, name: str = "", permission: str = "fhir.read"
) -> tuple[str, AccessToken]:
    """Make a token of a user and answer its text, which is kept nowhere, and its row.

    One's own with leave for access.own, anybody's with leave for access.users. Raises RuleError for a purpose that
    the user's roles do not have for the API, or for more than 24 hours.
    """
    if grant.actor_id != f"user:{user.pk}":
        grant.must_be_for("access.users")
    else:
        grant.must_be_for("access.own")
    if not 0 < hours <= MOST_HOURS:
        raise RuleError(f"A token lasts at least a moment and at most {MOST_HOURS} hours; given {hours:g}.")
    fitting = [one.key for one in purposes_for(user, permission, at)]
    if not user.is_active or purpose not in fitting:
        expected = f"; expected one of {', '.join(fitting)}" if fitting else ": none of their roles may use the API"
        raise RuleError(f"'{purpose}' is no purpose for which {user.email} may read through the API{expected}.")
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = AccessToken.objects.create(
            user=user,
            token_hash=_hash(text),
            name=" ".join(name.split())[:100],
            purpose=purpose,
            created_at=at,
            expires_at=at + timedelta(hours=hours),
        )
        record(grant, "token.make", f"user:{user.pk}", details={"token": token.pk, "for": purpose, "hours": hours})
    return text, token


def end_token(grant: Grant, user: User, token_id: int, at: datetime) -> None:
    """End one of a user's own tokens at once; raises NotFound for anybody else's."""
    grant.must_be_for("access.own")
    token = user.tokens.filter(pk=token_id, ended_at=None).first()
    if token is None or grant.actor_id != f"user:{user.pk}":
        raise NotFound("There is no such token.")
    with transaction.atomic():
        AccessToken.objects.filter(pk=token.pk).update(ended_at=at)
        record(grant, "token.end", f"user:{user.pk}", details={"token": token.pk})


def end_all_tokens(user: User, at: datetime) -> int:
    """End every token of a user at once; answers how many. The act that calls this is audited."""
    return int(AccessToken.objects.filter(user=user, ended_at=None, expires_at__gt=at).update(ended_at=at))


def open_tokens(user: User, at: datetime) -> list[AccessToken]:
    """Answer a user's tokens that are not over, latest first."""
    return list(user.tokens.filter(ended_at=None, expires_at__gt=at))


def requires_token(permission: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a view of the API open only to whoever brings a token of a user who has the permission.

    The view finds the user's actor as `request.access_actor` and the token's purpose as `request.purpose`, so that
    `grant_for_resident(request, …)` answers for them, and leave for what is about no resident as `request.grant`.
    Cookies count for nothing here: whoever comes with a session alone is nobody (401). Raises NotSignedIn for a token
    that is missing, unknown, ended or over, and Refused as `grant_for` does.
    """

    def wrap(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            at = datetime.now(UTC)
            request.user, request.session = AnonymousUser(), None
            token = _token_of(request, at)
            request.access_token, request.purpose = token, token.purpose
            request.access_actor = actor_of(token.user)
            if permission and token.purpose not in {one.key for one in purposes_for(request, permission, at)}:
                grant_for(request, permission)  # Says no, and records it, where no role of the user permits this.
                raise Refused("This token is for another purpose.")
            request.grant = grant_for(request, permission, purpose=token.purpose)
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        # Without cookies there is nothing that another site could misuse, and programs have no form to take a token
        # from (rules: trust T57).
        guarded.csrf_exempt = True  # type: ignore[attr-defined]
        guarded.takes_tokens = True  # type: ignore[attr-defined]
        return guarded

    return wrap


def _token_of(request: Any, at: datetime) -> AccessToken:
    scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    token = None
    if scheme.lower() == "bearer" and text:
        found = AccessToken.objects.select_related("user").filter(token_hash=_hash(text.strip()), ended_at=None)
        token = found.filter(expires_at__gt=at, user__is_active=True).first()
    if token is None:
        raise NotSignedIn("Send a token that is valid now: Authorization: Bearer <token>.")
    if token.last_used_at is None or at - token.last_used_at > SEEN_EVERY:
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=at)
    return token


def _hash(text: str) -> bytes:
    # 256 random bits cannot be guessed back from a plain hash, unlike a number or an address.
    return sha256(text.encode()).digest()
