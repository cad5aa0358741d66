"""Signing in and out: by password with a lock-out, or as a demo user where simulated data are loaded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from joinedup.access.audit import record
from joinedup.access.grant import Grant, grant_for
from joinedup.access.limits import WITHIN, locked_until
from joinedup.access.models import SignInAttempt, User, UserSession
from joinedup.access.sessions import open_session
from joinedup.errors import JoinedupError, NotFound

BACKEND = "django.contrib.auth.backends.ModelBackend"


class WrongSignIn(JoinedupError):
    """The address and the password do not belong together, or the account has ended: the same words for both."""

    status = 400


class LockedOut(JoinedupError):
    """Too many failures; `until` says when the next try is allowed."""

    status = 429

    def __init__(self, until: datetime, at: datetime) -> None:
        minutes = max(1, -(-int((until - at).total_seconds()) // 60))
        super().__init__(f"Too many tries. Try again in {minutes} minute{'' if minutes == 1 else 's'}.")
        self.until = until


def sign_in(request: Any, email: str, password: str, at: datetime) -> User:
    """Sign a user in, with a new session id, and answer who it is.

    Raises LockedOut after five failures in five minutes for the account or for the address, and WrongSignIn for
    everything else, whether or not the account exists. Every outcome is in the audit.
    """
    account, address = email.strip().lower()[:254], address_of(request)
    attempt = _begin_attempt(account, address, at)
    if isinstance(attempt, LockedOut):
        _record_failure(account, address, "locked out")
        raise attempt
    user = User.objects.filter(email=account).first()
    if user is None:
        make_password(password)  # takes as long as checking one, so that the time tells nothing
    if user is None or not user.check_password(password) or not user.is_active or user.is_demo:
        _record_failure(account, address, "wrong")
        raise WrongSignIn("The email address or the password is wrong.")
    with transaction.atomic():
        SignInAttempt.objects.filter(pk=attempt.pk).update(succeeded=True)
        _let_in(request, user, at, "password")
    return user


def demo_sign_in(request: Any, role: str, at: datetime) -> User:
    """Sign in as the demo user of a role, or as a second one by key; NotFound where no demo users are loaded."""
    user = users_for_demo().filter(email=f"{role}@demo.invalid").first()
    if user is None:
        raise NotFound("There is no such page.")
    with transaction.atomic():
        _let_in(request, user, at, "demo")
    return user


def users_for_demo() -> Any:
    """Answer the demo users; there are none where no demo data are loaded."""
    return User.objects.filter(is_demo=True, is_active=True).prefetch_related("roles_held")


def sign_out(request: Any, at: datetime) -> None:
    """End the session on the server, not only in the browser. Somebody not signed in may ask for it too."""
    if request.user.is_authenticated:
        with transaction.atomic():
            _end_this_session(request, at)
            record(grant_for(request, "access.own"), "sign-out", f"user:{request.user.pk}")
            logout(request)


def address_of(request: Any) -> str:
    """Answer the address of whoever asks: behind our proxy the last one it added, else the connection's own.

    Earlier addresses in X-Forwarded-For come from the asker and prove nothing.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return str(forwarded).rsplit(",", 1)[-1].strip()[:64]
    return str(request.META.get("REMOTE_ADDR") or "unknown")[:64]


def _begin_attempt(account: str, address: str, at: datetime) -> SignInAttempt | LockedOut:
    """Count this try as a failure before the password is checked, so that tries made at once cannot slip through."""
    with transaction.atomic(), connection.cursor() as cursor:
        for lock in sorted({f"account {account}", f"address {address}"}):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"joinedup sign-in {lock}"])
        # What was typed is kept as a keyed hash only: people type passwords into the wrong box.
        typed = salted_hmac("joinedup sign-in", account, algorithm="sha256").hexdigest()
        failed = SignInAttempt.objects.filter(at__gt=at - WITHIN, succeeded=False)
        until = max(
            (
                lock
                for which in (Q(account=typed), Q(address=address))
                if (lock := locked_until(failed.filter(which).values_list("at", flat=True), at))
            ),
            default=None,
        )
        if until is not None:
            return LockedOut(until, at)
        return SignInAttempt.objects.create(account=typed, address=address, at=at)


def forget_tries(at: datetime) -> None:
    """Delete the tries that can lock nobody any more."""
    SignInAttempt.objects.filter(at__lte=at - WITHIN).delete()


def _end_this_session(request: Any, at: datetime) -> None:
    UserSession.objects.filter(session_key=request.session.session_key, ended_at=None).update(
        ended_at=at, ended_because="sign-out"
    )


def _let_in(request: Any, user: User, at: datetime, by: str) -> None:
    if request.user.is_authenticated:
        # Django would keep the session's id when a user signs in over his own session; a new one is promised always.
        _end_this_session(request, at)
        request.session.flush()
    login(request, user, backend=BACKEND)
    session = open_session(
        user,
        request.session.session_key,
        at,
        address=address_of(request),
        browser=request.META.get("HTTP_USER_AGENT", ""),
    )
    record(grant_for(user, "access.own"), "sign-in", f"user:{user.pk}", details={"by": by, "session": session.pk})


def _record_failure(account: str, address: str, why: str) -> None:
    user = User.objects.filter(email=account).first()
    stranger = Grant(
        actor_id="anonymous",
        actor_name="",
        role=None,
        body_id=None,
        purpose="Sign in",
        permission="access.own",
        decided_at=datetime.now(UTC),
        reason=why,
    )
    # What was typed is not kept when it is no account, for the same reason as above.
    subject = f"user:{user.pk}" if user else "user:none"
    with transaction.atomic():
        record(stranger, "sign-in", subject, outcome="denied", details={"address": address})
