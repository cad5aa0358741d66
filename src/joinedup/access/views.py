"""The pages of access: signing in and out, the account, the users, the audit, and who may do what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms as django_forms
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from joinedup.access import purposes, services, sessions, sign_in as signing, tokens
from joinedup.access.bodies import body_with_code, names_of
from joinedup.access.forms import (
    AskForResetForm,
    AuditFilterForm,
    ChoosePasswordForm,
    GiveRoleForm,
    InviteForm,
    SignInForm,
)
from joinedup.access.grant import grant_for, requires
from joinedup.access.models import Invitation, PasswordReset, RoleHeld, SingleUseLink, User
from joinedup.access.purposes import purposes_for
from joinedup.access.reading import read_audit
from joinedup.access.roles import TABLE
from joinedup.access.users import list_of_users, roles_of, state_of, title_of
from joinedup.errors import JoinedupError, NotFound, RuleError
from joinedup.moment import LONDON
from joinedup.ui import Column, Crumb, Page, Table

read_only = require_safe
keeps_no_copy = cache_control(no_store=True)  # Signed in or not, the page says whose link it is.
page_with_form = require_http_methods(["GET", "HEAD", "POST"])


# --- signing in and out --------------------------------------------------------------------------------------------


@requires("access.sign_in")
@page_with_form
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponseBase:
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                signing.sign_in(request, form.cleaned_data["email"], form.cleaned_data["password"], _now())
                return HttpResponseRedirect(_next(request))
            except (signing.WrongSignIn, signing.LockedOut) as error:
                form.add_error(None, django_forms.ValidationError(str(error), code="email"))
                status = error.status
        else:
            status = 400
    return Page(
        request,
        "access/sign_in.jinja",
        title=_("Sign in"),
        form=form,
        errors=_errors(form),
        next=request.POST.get("next") or request.GET.get("next", ""),
        session_ended=getattr(request, "session_ended", False),
        has_demo=signing.users_for_demo().exists(),
    ).response(status)


@requires("access.sign_in")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    signing.sign_out(request, _now())
    return HttpResponseRedirect("/")


@requires("access.sign_in")
@page_with_form
def demo_sign_in(request: HttpRequest) -> HttpResponseBase:
    users = list(signing.users_for_demo())
    if not users:
        raise NotFound(_("There is no such page."))
    if request.method == "POST":
        signing.demo_sign_in(request, request.POST.get("role", ""), _now())
        return HttpResponseRedirect(_next(request))
    today = _now().astimezone(LONDON).date()
    held_today = [(user, held) for user in users for held in user.roles_held.all() if today in held.valid]
    bodies = names_of(held.body_id for _user, held in held_today)
    people: dict[str, tuple[str, str, list[str]]] = {}
    for holder, held in held_today:
        key = holder.email.split("@", 1)[0]
        works_for = people.setdefault(key, (held.role, holder.name, []))[2]
        if held.body_id is not None:
            works_for.append(bodies[held.body_id])
    order = list(TABLE.roles)
    return Page(
        request,
        "access/demo.jinja",
        title=_("Demo sign-in"),
        people=[
            (key, TABLE.roles[role].title, name, works_for)
            for key, (role, name, works_for) in sorted(people.items(), key=lambda one: (order.index(one[1][0]), one[0]))
        ],
        next=request.GET.get("next", ""),
    ).response()


@requires("access.sign_in")
@page_with_form
@keeps_no_copy
@sensitive_post_parameters("password")
def accept(request: HttpRequest, token: str) -> HttpResponseBase:
    return _choose_password(request, token, Invitation, services.accept_invitation, _("Choose your password"))


@requires("access.sign_in")
@page_with_form
@keeps_no_copy
@sensitive_post_parameters("password")
def reset(request: HttpRequest, token: str) -> HttpResponseBase:
    return _choose_password(request, token, PasswordReset, services.reset_password, _("Choose a new password"))


@requires("access.sign_in")
@page_with_form
def ask_for_reset(request: HttpRequest) -> HttpResponseBase:
    form = AskForResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.ask_for_reset(form.cleaned_data["email"], _now())
        return Page(request, "access/reset_asked.jinja", title=_("Check your email")).response()
    return Page(
        request, "access/ask_for_reset.jinja", title=_("Choose a new password"), form=form, errors=_errors(form)
    ).response(400 if form.errors else 200)


def _choose_password(
    request: HttpRequest, token: str, kind: type[SingleUseLink], choose: Any, title: str
) -> HttpResponseBase:
    holder = services.link_holder(kind, token, _now())
    form = ChoosePasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            choose(token, form.cleaned_data["password"], _now())
            return HttpResponseRedirect(reverse("access:sign-in"))
        except RuleError as error:
            form.add_error("password", str(error))
    return Page(
        request, "access/choose_password.jinja", title=title, form=form, errors=_errors(form), email=holder.email
    ).response(422 if form.errors else 200)


# --- one's own account ---------------------------------------------------------------------------------------------


@requires("access.own")
@read_only
@keeps_no_copy
def account(request: Any) -> HttpResponseBase:
    return _account(request)


def _account(
    request: Any,
    status: int = 200,
    *,
    new_token: str = "",
    form: Any = None,
    errors: list[dict[str, str]] | None = None,
) -> HttpResponseBase:
    at = _now()
    return Page(
        request,
        "access/account.jinja",
        title=_("Your account"),
        roles=_roles_table(roles_of(request.user, at), _("Your roles")),
        purposes=purposes_for(request, "record.summary", at),
        purpose=_purpose(request, at),
        api_purposes=purposes_for(request, "fhir.read", at),
        most_hours=tokens.MOST_HOURS,
        tokens=tokens.open_tokens(request.user, at),
        purpose_titles={purpose.key: purpose.title for purpose in TABLE.purposes.values()},
        new_token=new_token,
        form=form or {},
        errors=errors or [],
        sessions=[
            {
                "id": session.pk,
                "began_at": session.began_at,
                "last_seen_at": session.last_seen_at,
                "ends_at": sessions.ends_at(session),
                "address": session.address,
                "browser": session.browser,
                "is_this": session.session_key == request.session.session_key,
            }
            for session in sessions.open_sessions(request.user, at)
        ],
    ).response(status)


@requires("access.own")
@require_POST
def end_session(request: Any, session_id: int) -> HttpResponseBase:
    with transaction.atomic():
        sessions.end_session(request.grant, request.user, session_id, _now())
    return HttpResponseRedirect(reverse("access:account"))


@requires("access.own")
@require_POST
def choose_purpose(request: Any) -> HttpResponseBase:
    """Keep the purpose of this session and go back to the page that asked."""
    purposes.choose_purpose(request, request.POST.get("purpose", ""))
    return HttpResponseRedirect(_next(request))


@requires("access.own")
@require_POST
@keeps_no_copy
def make_token(request: Any) -> HttpResponseBase:
    """Make a token and show it this once: nothing but its hash is kept."""
    try:
        hours = int(request.POST.get("hours", "") or 8)
    except ValueError:
        hours = 0
    try:
        purpose, name = request.POST.get("token_purpose", ""), request.POST.get("name", "")
        text, _token = tokens.make_token(request.grant, request.user, purpose, hours, _now(), name=name)
    except RuleError as error:
        field = "hours" if not 0 < hours <= tokens.MOST_HOURS else "token_purpose"
        return _account(request, 422, form=request.POST, errors=[{"text": str(error), "href": f"#{field}"}])
    return _account(request, 201, new_token=text)


@requires("access.own")
@require_POST
def end_token(request: Any, token_id: int) -> HttpResponseBase:
    tokens.end_token(request.grant, request.user, token_id, _now())
    return HttpResponseRedirect(reverse("access:account"))


# --- users ---------------------------------------------------------------------------------------------------------


@requires("access.users")
@read_only
def users(request: Any) -> HttpResponseBase:
    rows = [
        {
            "name": row.name,
            "href": reverse("access:user", args=[row.id]),
            "email": row.email,
            "state": _state(row.state, row.is_demo),
            "roles": "; ".join(row.roles),
        }
        for row in list_of_users(request.grant, _now())
    ]
    table = Table(
        [
            Column("name", _("Name"), "link", href_key="href"),
            Column("email", _("Email address")),
            Column("state", _("State")),
            Column("roles", _("Roles today")),
        ],
        rows,
        caption=_("Users"),
        name="users",
        empty=_("Nobody can sign in yet."),
    )
    return Page(request, "access/users.jinja", title=_("Users"), users=table).response()


@requires("access.users")
@page_with_form
def invite(request: Any) -> HttpResponseBase:
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invited = services.invite(request.grant, form.cleaned_data["email"], form.cleaned_data["name"], _now())
            return HttpResponseRedirect(reverse("access:user", args=[invited.pk]))
        except RuleError as error:
            form.add_error("email", str(error))
    return Page(
        request,
        "access/invite.jinja",
        title=_("Invite a user"),
        breadcrumbs=[_users_crumb()],
        form=form,
        errors=_errors(form),
    ).response(422 if form.errors else 200)


@requires("access.users")
@page_with_form
def user(request: Any, user_id: UUID) -> HttpResponseBase:
    """One user: their roles, and the form that gives another."""
    shown = _user(user_id)
    form = GiveRoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            values = form.cleaned_data
            body_id = body_with_code(values["body_code"])
            services.give_role(
                grant_for(request, "access.users", body_id=body_id),
                shown,
                values["role"],
                _now(),
                body_id=body_id,
                valid_from=values["valid_from"],
                valid_to=values["valid_to"],
            )
            return HttpResponseRedirect(reverse("access:user", args=[user_id]))
        except NotFound as error:
            form.add_error("body_code", str(error))
        except JoinedupError as error:
            form.add_error("role", str(error))
    return Page(
        request,
        "access/user.jinja",
        title=shown.name,
        breadcrumbs=[_users_crumb()],
        shown=shown,
        state=_state(state_of(shown), shown.is_demo),
        is_self=shown.pk == request.user.pk,
        held=roles_of(shown, _now()),
        form=form,
        errors=_errors(form),
        choices=[(role.key, role.title) for role in TABLE.roles.values()],
    ).response(422 if form.errors else 200)


@requires("access.users")
@page_with_form
def end_access(request: Any, user_id: UUID) -> HttpResponseBase:
    shown = _user(user_id)
    if request.method == "POST":
        services.end_access(request.grant, shown, _now())
        return HttpResponseRedirect(reverse("access:user", args=[user_id]))
    crumbs = [_users_crumb(), Crumb(shown.name, reverse("access:user", args=[user_id]))]
    return Page(
        request, "access/end_access.jinja", title=_("End all access"), breadcrumbs=crumbs, shown=shown
    ).response()


@requires("access.users")
@require_POST
def end_role(request: Any, user_id: UUID, held_id: int) -> HttpResponseBase:
    held = RoleHeld.objects.filter(pk=held_id, user_id=user_id).first()
    if held is None:
        raise NotFound(_("There is no such role."))
    services.end_role(grant_for(request, "access.users", body_id=held.body_id), held, _now())
    return HttpResponseRedirect(reverse("access:user", args=[user_id]))


# --- the audit, and who may do what --------------------------------------------------------------------------------

MOST_ENTRIES = 2000


@requires("access.audit")
@read_only
def audit(request: Any) -> HttpResponseBase:
    form = AuditFilterForm(request.GET)
    values = form.cleaned_data if form.is_valid() else {"day": None, "actor": "", "action": ""}
    lines, has_more = read_audit(
        request.grant,
        from_day=values["day"],
        to_day=values["day"],
        actor=values["actor"],
        action=values["action"],
        limit=MOST_ENTRIES,
    )
    rows = [
        {
            "at": line.at,
            "who": line.who,
            "role": title_of(line.entry.get("role", "")),
            "action": line.entry["action"],
            "subject": line.what,
            "outcome": line.entry["outcome"],
            "purpose": line.entry["purpose"],
            "id": line.id,
        }
        for line in lines
    ]
    more = _("These are the latest %(count)s entries. Choose a day, a person or an action to see older ones.")
    table = Table(
        [
            Column("at", _("When"), "date"),
            Column("who", _("Who")),
            Column("role", _("Role")),
            Column("action", _("Action")),
            Column("subject", _("What")),
            Column("outcome", _("Outcome")),
            Column("purpose", _("Purpose")),
            Column("id", _("Entry"), "number"),
        ],
        rows,
        caption=_("Audit entries, latest first"),
        name="audit",
        per_page=50,
        notes=[more % {"count": f"{MOST_ENTRIES:,}"}] if has_more else [],
        empty=_("No entry fits."),
    )
    return Page(
        request,
        "access/audit.jinja",
        title=_("Audit"),
        entries=table,
        form=form,
        errors=_errors(form),
    ).response(400 if form.errors else 200)


@requires("system.read")
@read_only
def roles(request: Any) -> HttpResponseBase:
    """Who may do what, as roles.toml has it."""
    words = {"everyone": _("Everyone, also without signing in"), "signed_in": _("Everyone who is signed in")}
    rows = [
        {
            "permission": permission.title,
            "key": permission.key,
            "roles": words.get(permission.open_to)
            or ", ".join(role.title for role in TABLE.roles.values() if permission.key in role.permissions),
        }
        for permission in TABLE.permissions.values()
    ]
    table = Table(
        [Column("permission", _("What may be done")), Column("roles", _("By whom")), Column("key", _("Permission"))],
        rows,
        caption=_("What may be done, and by whom"),
        name="permissions",
        can_filter=False,
    )
    return Page(request, "access/roles.jinja", title=_("Who may do what"), permissions=table).response()


def _purpose(request: Any, at: datetime) -> str:
    """The purpose that this session has for opening a record, or "" for whoever opens none."""
    if not purposes_for(request, "record.summary", at):
        return ""
    return purposes.purpose_of(request, "record.summary", None, at)


# --- shared by the pages -------------------------------------------------------------------------------------------


def _now() -> datetime:
    return datetime.now(UTC)


def _next(request: HttpRequest) -> str:
    """Where to go after signing in: only ever a page of this site."""
    asked = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return asked
    return "/"


def _errors(form: django_forms.Form) -> list[dict[str, str]]:
    """The error summary's lines, each with the address of its field; a form's own error names its field as code."""
    if not form.is_bound:
        return []
    return [
        {"text": message, "href": f"#{error.code if field == '__all__' else field}"}
        for field, found in form.errors.as_data().items()
        for error in found
        for message in error.messages
    ]


def _user(user_id: UUID) -> User:
    found = User.objects.filter(pk=user_id).first()
    if found is None:
        raise NotFound(_("There is no such user."))
    return found


def _users_crumb() -> Crumb:
    return Crumb(_("Users"), reverse("access:users"))


def _state(state: str, is_demo: bool) -> str:
    words = {"active": _("Active"), "invited": _("Invited"), "ended": _("Access ended")}
    return words[state] + (f" ({_('demo')})" if is_demo else "")


def _roles_table(rows: list[Any], caption: str) -> Table:
    return Table(
        [
            Column("title", _("Role")),
            Column("body", _("In")),
            Column("valid_from", _("From"), "date"),
            Column("valid_to", _("Until (not on)"), "date"),
        ],
        [
            {"title": row.title, "body": row.body, "valid_from": row.valid_from, "valid_to": row.valid_to}
            for row in rows
        ],
        caption=caption,
        name="roles",
        can_download=False,
        empty=_("You hold no role yet. A system administrator gives roles."),
    )
