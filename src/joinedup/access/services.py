"""The acts on users: invite, accept, reset, give and end roles, end access. Each is audited where it is done."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, NoReturn
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from joinedup.access.audit import record
from joinedup.access.grant import Grant
from joinedup.access.letters import send_when_done
from joinedup.access.limits import INVITATION_LASTS, RESET_LASTS, RESETS_AN_HOUR
from joinedup.access.models import Invitation, OwnRecord, PasswordReset, RoleHeld, SingleUseLink, User
from joinedup.access.roles import TABLE
from joinedup.access.sessions import end_all_sessions
from joinedup.access.tokens import end_all_tokens
from joinedup.errors import NotFound, Refused, RuleError, did_you_mean
from joinedup.moment import LONDON

ADMINISTRATOR = "system_admin"


def invite(grant: Grant, email: str, name: str, at: datetime) -> User:
    """Make a user who has yet to choose a password, and send the link to do so; inviting again sends a new link.

    Raises RuleError for an address that is none or that belongs to somebody who has accepted already.
    """
    grant.must_be_for("access.users")
    email, name = email.strip().lower(), " ".join(name.split())
    _must_be_email(email)
    if not name:
        raise RuleError("Give the name of whoever you invite.")
    with transaction.atomic():
        user, is_new = User.objects.select_for_update().get_or_create(
            email=email, defaults={"name": name, "created_at": at, "password": _unusable()}
        )
        if not is_new and (user.has_usable_password() or not user.is_active or user.is_demo):
            raise RuleError(f"There is a user with the address {email} already.")
        _close_links(Invitation, user, at)
        token, token_hash = _new_token()
        Invitation.objects.create(
            user=user, token_hash=token_hash, created_at=at, expires_at=at + INVITATION_LASTS, invited_by=grant.actor_id
        )
        record(grant, "user.invite", f"user:{user.pk}")
        send_when_done(
            user.email,
            "You are invited to joinedup",
            f"{user.name}, you are invited to joinedup. Choose your password within 7 days:",
            "accept",
            token,
        )
    return user


def accept_invitation(token: str, password: str, at: datetime) -> User:
    """Set the password that an invited user chose; the link works once.

    Raises NotFound for a link that is unknown, used or too old, and RuleError for a password that is too weak.
    """
    return _set_password_by_link(Invitation, token, password, at, "user.accept")


def ask_for_reset(email: str, at: datetime) -> None:
    """Send a link to choose a new password, if there is such an account; nothing tells the asker whether there is."""
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email=email.strip().lower()).first()
        if user is None or not user.is_active or user.is_demo or not user.has_usable_password():
            return
        since = at - RESET_LASTS
        if PasswordReset.objects.filter(user=user, created_at__gt=since).count() >= RESETS_AN_HOUR:
            return
        _close_links(PasswordReset, user, at)
        token, token_hash = _new_token()
        PasswordReset.objects.create(user=user, token_hash=token_hash, created_at=at, expires_at=at + RESET_LASTS)
        record(_by_link("Ask for a new password"), "user.ask-reset", f"user:{user.pk}")
        send_when_done(
            user.email,
            "Choose a new joinedup password",
            "Somebody asked for a new password for this address. If it was not you, do nothing. "
            "Otherwise choose one within an hour:",
            "reset",
            token,
            asked_by_stranger=True,
        )


def reset_password(token: str, password: str, at: datetime) -> User:
    """Set a new password by a link; the link works once, and every open session of the user ends.

    Raises NotFound for a link that is unknown, used or too old, and RuleError for a password that is too weak.
    """
    return _set_password_by_link(PasswordReset, token, password, at, "user.reset")


def link_holder(kind: type[SingleUseLink], token: str, at: datetime) -> User:
    """Answer whose link this is; raises NotFound when it is unknown, used or too old."""
    return _open_link(kind, token, at).user


def give_role(
    grant: Grant,
    user: User,
    role: str,
    at: datetime,
    *,
    body_id: UUID | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> RoleHeld:
    """Let a user hold a role in a body (none: in the whole system) from a day up to, but not on, another.

    Raises NotFound for a role that does not exist; RuleError when the period is empty or overlaps one in which the
    user holds the same role in the same body; Refused when the giver gives it to himself or beyond his own body.
    """
    grant.must_be_for("access.users")
    _must_reach(grant, body_id, "role.give", user.pk)
    if grant.actor_id == f"user:{user.pk}":
        _refuse(grant, "role.give", user.pk, "Nobody gives a role to themselves. Ask another administrator.")
    title = TABLE.role(role).title
    valid_from = valid_from or at.astimezone(LONDON).date()
    if valid_to is not None and valid_to <= valid_from:
        raise RuleError("The role must end after it begins.")
    if not user.is_active:
        raise RuleError("This user's access has ended. Invite them anew under another address.")
    with transaction.atomic():
        try:
            with transaction.atomic():
                held = RoleHeld.objects.create(
                    user=user,
                    role=role,
                    body_id=body_id,
                    valid=DateRange(valid_from, valid_to),
                    granted_by=grant.actor_id,
                    granted_at=at,
                )
        except IntegrityError as error:
            if "access_role_held_once_at_a_time" not in str(error):
                raise
            raise RuleError(f"They hold the role {title} there in that time already. End it first.") from None
        details = {
            "role": role,
            "body": str(body_id) if body_id else None,
            "from": valid_from.isoformat(),
            "to": valid_to.isoformat() if valid_to else None,
        }
        record(grant, "role.give", f"user:{user.pk}", details=details)
    return held


def own_record(
    grant: Grant,
    user: User,
    subject_id: UUID,
    at: datetime,
    *,
    kind: str = "self",
    valid_to: date | None = None,
) -> OwnRecord:
    """Let a user open a subject's record as their own ("self") or as whoever acts for the resident ("proxy").

    It holds from today up to, but not on, `valid_to`. Said again, it changes nothing. Raises RuleError for another
    kind, an end that is not after today, or where the user has this record as the other kind.
    """
    grant.must_be_for("access.users")
    today = at.astimezone(LONDON).date()
    if kind not in ("self", "proxy"):
        raise RuleError(f"'{kind}' is neither self nor proxy.")
    if valid_to is not None and valid_to <= today:
        raise RuleError("It must end after today.")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        held = OwnRecord.objects.filter(user=user, subject_id=subject_id, valid__overlap=DateRange(today, valid_to))
        if (there := held.first()) is not None:
            if there.kind != kind:
                raise RuleError(f"This user has the record as {there.kind} already. End that first.")
            return there
        made = OwnRecord.objects.create(
            user=user,
            subject_id=subject_id,
            kind=kind,
            valid=DateRange(today, valid_to),
            granted_by=grant.actor_id,
            granted_at=at,
        )
        record(grant, "user.own-record", f"user:{user.pk}", details={"kind": kind, "subject": str(subject_id)})
    return made


def end_role(grant: Grant, held: RoleHeld, at: datetime) -> None:
    """End a role today, so that it permits nothing from now on. One that has not begun is as if never given.

    Raises RuleError when it is over already or when nobody would be left who can manage users.
    """
    grant.must_be_for("access.users")
    _must_reach(grant, held.body_id, "role.end", held.user_id)
    with transaction.atomic():
        if held.role == ADMINISTRATOR:
            _one_administrator_at_a_time()
        held = RoleHeld.objects.select_for_update().get(pk=held.pk)
        today = at.astimezone(LONDON).date()
        if held.valid.isempty or (held.valid.upper is not None and held.valid.upper <= today):
            raise RuleError("This role has ended already.")
        _end(held, today)
        if held.role == ADMINISTRATOR:
            _must_leave_an_administrator(today)
        record(grant, "role.end", f"user:{held.user_id}", details={"role": held.role})


def end_access(grant: Grant, user: User, at: datetime) -> None:
    """End all of a leaver's access at once: the account, every role, every open session, token and link.

    Raises RuleError when it has ended already or when nobody would be left who can manage users, and Refused for
    one's own access.
    """
    grant.must_be_for("access.users")
    _must_reach(grant, None, "user.end-access", user.pk)
    if grant.actor_id == f"user:{user.pk}":
        _refuse(grant, "user.end-access", user.pk, "Nobody ends their own access. Ask another administrator.")
    today = at.astimezone(LONDON).date()
    with transaction.atomic():
        _one_administrator_at_a_time()
        user = User.objects.select_for_update().get(pk=user.pk)
        if not user.is_active:
            raise RuleError("This user's access has ended already.")
        user.is_active, user.ended_at, user.password = False, at, _unusable()
        user.save(update_fields=["is_active", "ended_at", "password"])
        roles = [held for held in user.roles_held.select_for_update() if not held.valid.isempty]
        open_roles = [held for held in roles if held.valid.upper is None or held.valid.upper > today]
        for held in open_roles:
            _end(held, today)
        _close_links(Invitation, user, at)
        _close_links(PasswordReset, user, at)
        sessions = end_all_sessions(user, at, "access ended")
        tokens = end_all_tokens(user, at)
        if any(held.role == ADMINISTRATOR for held in open_roles):
            _must_leave_an_administrator(today)
        details = {"roles": len(open_roles), "sessions": sessions, "tokens": tokens}
        record(grant, "user.end-access", f"user:{user.pk}", details=details)


def make_administrator(email: str, name: str, password: str, grant: Grant) -> User:
    """Make the first system administrator of an installation, without invitation.

    Raises RuleError when there is an administrator already, demo users are loaded, the address is none, or the
    password is too weak.
    """
    at = datetime.now(UTC)
    with transaction.atomic():
        _one_administrator_at_a_time()
        if User.objects.filter(is_demo=True).exists():
            raise RuleError(
                "Demo users are here, who sign in without a password. A real system needs a data folder of its own: "
                "set JOINEDUP_DATA, and run joinedup init again."
            )
        if RoleHeld.objects.filter(role=ADMINISTRATOR, user__is_demo=False, user__is_active=True).exists():
            raise RuleError("There is an administrator already. Let them invite others: joinedup user invite")
        made = make_user(grant, email, name, password, at)
        give_role(grant, made, ADMINISTRATOR, at)
    return made


def user_by_email(email: str) -> User:
    """Answer the user with this address; raises NotFound with the nearest address there is."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        near = did_you_mean(email.strip().lower(), User.objects.values_list("email", flat=True))
        raise NotFound(f"There is no user with the address '{email}'.{near}")
    return user


def make_user(
    grant: Grant, email: str, name: str, password: str | None, at: datetime, *, is_demo: bool = False
) -> User:
    """Make a user with a password (a demo user has none), without invitation: for the first run and for the demo."""
    grant.must_be_for("access.users")
    email = email.strip().lower()
    _must_be_email(email)
    if User.objects.filter(email=email).exists():
        raise RuleError(f"There is a user with the address {email} already.")
    user = User(email=email, name=name, created_at=at, is_demo=is_demo, password=_unusable())
    if password is not None:
        _must_be_strong(password, user)
        user.set_password(password)
    with transaction.atomic():
        user.save(force_insert=True)
        record(grant, "user.make", f"user:{user.pk}", details={"demo": is_demo})
    return user


# --- links ---------------------------------------------------------------------------------------------------------


def _set_password_by_link(kind: type[SingleUseLink], token: str, password: str, at: datetime, action: str) -> User:
    with transaction.atomic():
        link = _open_link(kind, token, at, lock=True)
        user: User = link.user
        _must_be_strong(password, user)
        user.set_password(password)
        user.save(update_fields=["password"])
        _close_links(Invitation, user, at)
        _close_links(PasswordReset, user, at)
        sessions = end_all_sessions(user, at, "password changed")
        end_all_tokens(user, at)  # Whoever knew the old password may have made one.
        record(_by_link("Choose a password by a link"), action, f"user:{user.pk}", details={"sessions": sessions})
    return user


def _open_link(kind: type[SingleUseLink], token: str, at: datetime, *, lock: bool = False) -> Any:
    links: Any = kind.objects.select_related("user")  # type: ignore[attr-defined]
    if lock:
        links = links.select_for_update()
    link = links.filter(token_hash=_hash(token), closed_at=None, expires_at__gt=at, user__is_active=True).first()
    if link is None:
        raise NotFound("This link has been used or is too old. Ask for a new one.")
    return link


def _close_links(kind: type[SingleUseLink], user: User, at: datetime) -> None:
    kind.objects.filter(user=user, closed_at=None).update(closed_at=at)  # type: ignore[attr-defined]


def _new_token() -> tuple[str, bytes]:
    token = secrets.token_urlsafe(32)
    return token, _hash(token)


def _hash(token: str) -> bytes:
    # 256 random bits cannot be guessed back from a plain hash, unlike a number or an address.
    return sha256(token.encode()).digest()


def _by_link(purpose: str) -> Grant:
    """The grant of somebody who is known by the link alone."""
    return Grant(
        actor_id="anonymous",
        actor_name="",
        role=None,
        body_id=None,
        purpose=purpose,
        permission="access.own",
        decided_at=datetime.now(UTC),
        reason="holds the link that was sent",
    )


# --- rules that need the tables ------------------------------------------------------------------------------------


def _end(held: RoleHeld, today: date) -> None:
    held.valid = DateRange(held.valid.lower, max(today, held.valid.lower))
    held.save(update_fields=["valid"])


def _must_reach(grant: Grant, body_id: UUID | None, action: str, user_id: UUID) -> None:
    """An administrator of one body acts within that body only."""
    if grant.body_id is not None and grant.body_id != body_id:
        says = "You administer another body. Ask an administrator of the whole system."
        _refuse(grant, action, user_id, says, body_id=body_id)


def _refuse(grant: Grant, action: str, user_id: UUID, says: str, *, body_id: UUID | None = None) -> NoReturn:
    """Refuse what the permission alone does not forbid; that it was tried is in the audit."""
    with transaction.atomic():
        details = {"body": str(body_id)} if body_id else None
        record(grant, action, f"user:{user_id}", outcome="denied", details=details)
    raise Refused(says)


def _one_administrator_at_a_time() -> None:
    """Wait, to the end of the transaction: two administrators who end each other at once would leave none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('joinedup administrators', 0))")


def _must_leave_an_administrator(today: date) -> None:
    held = RoleHeld.objects.filter(
        role=ADMINISTRATOR, body_id=None, valid__contains=today, user__is_active=True, user__is_demo=False
    )
    demo = User.objects.filter(is_demo=True, is_active=True)
    if not held.exists() and not demo.exists():
        raise RuleError("Nobody would be left who can manage users. Make another system administrator first.")


def _must_be_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise RuleError(f"'{email}' is not an e-mail address; expected name@organisation.uk.") from None


def _must_be_strong(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise RuleError(" ".join(error.messages)) from None


def _unusable() -> str:
    return "!" + secrets.token_urlsafe(32)
