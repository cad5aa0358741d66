"""Sessions: every signed-in request must have an open row here, so that all of a user's sessions can end at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from joinedup.access.audit import record
from joinedup.access.grant import Grant
from joinedup.access.limits import session_ends_at
from joinedup.access.models import User, UserSession
from joinedup.errors import NotFound

# Written at most this often, so that reading pages does not write a row each; a session may idle so much longer.
SEEN_EVERY = timedelta(seconds=30)


class SessionRules:
    """Ends sessions that were idle for 15 minutes, are 8 hours old, or were ended elsewhere (rules: trust T56).

    A request whose session was over goes on as anonymous, with `request.session_ended = True` for the sign-in page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        # Only a session cookie can make a request signed in; without one nothing is looked up.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            at = datetime.now(UTC)
            session = UserSession.objects.filter(session_key=request.session.session_key, ended_at=None).first()
            if session is None or ends_at(session) <= at:
                if session is not None:
                    _close([session], at, "time")
                request.session.flush()
                request.user = AnonymousUser()
                request.session_ended = True
            elif at - session.last_seen_at > SEEN_EVERY:
                UserSession.objects.filter(pk=session.pk).update(last_seen_at=at)
        return self.get_response(request)


def ends_at(session: UserSession) -> datetime:
    """Answer when this session ends if nothing more is done in it."""
    idle = timedelta(minutes=settings.SESSION_IDLE_MINUTES)
    return session_ends_at(
        session.began_at, session.last_seen_at, idle, timedelta(hours=settings.SESSION_ABSOLUTE_HOURS)
    )


def open_session(user: User, session_key: str, at: datetime, *, address: str, browser: str) -> UserSession:
    """Note that a session began; without this the next request of it is not signed in."""
    return UserSession.objects.create(
        user=user,
        session_key=session_key,
        began_at=at,
        last_seen_at=at,
        address=address[:64],
        browser=browser[:200],
    )


def open_sessions(user: User, at: datetime) -> list[UserSession]:
    """Answer a user's sessions that are not over, latest first."""
    return [session for session in user.sessions.filter(ended_at=None) if ends_at(session) > at]


def end_session(grant: Grant, user: User, session_id: int, at: datetime) -> UserSession:
    """End one of a user's own sessions, on this machine or elsewhere; raises NotFound for anybody else's."""
    grant.must_be_for("access.own")
    session = user.sessions.filter(pk=session_id, ended_at=None).first()
    if session is None or grant.actor_id != f"user:{user.pk}":
        raise NotFound("There is no such open session.")
    _close([session], at, "ended by the user")
    record(grant, "session.end", f"session:{session.pk}")
    return session


def end_all_sessions(user: User, at: datetime, because: str) -> int:
    """End every open session of a user at once; answers how many there were. The act that calls this is audited."""
    return _close(list(user.sessions.filter(ended_at=None)), at, because)


def forget_sessions(at: datetime) -> None:
    """Delete what browsers that never came back left behind, such as the day that a stranger looked at."""
    Session.objects.filter(expire_date__lte=at).delete()


def _close(sessions: list[UserSession], at: datetime, because: str) -> int:
    Session.objects.filter(session_key__in=[session.session_key for session in sessions]).delete()
    return UserSession.objects.filter(pk__in=[session.pk for session in sessions]).update(
        ended_at=at, ended_because=because
    )
