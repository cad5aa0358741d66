"""What people add: a note, an alert, About me; and the withdrawal of what was entered in error."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.record import store, writing
from joinedup.record.about_me import HEADINGS, read_about_me
from joinedup.record.forms import AboutMeForm, AlertForm, NoteForm, errors_of, today
from joinedup.record.residents import audit_reading
from joinedup.record.views.parts import ResidentPage, keeps_no_copy, say

form_page = require_http_methods(["GET", "HEAD", "POST"])


@requires("record.write")
@form_page
@keeps_no_copy
@sensitive_post_parameters()
def note(request: Any, resident_id: UUID) -> HttpResponseBase:
    page = ResidentPage(request, resident_id, "record.write")
    form = NoteForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        writing.add_note(page.opened, form.cleaned_data["text"], form.cleaned_data["topic"])
        say(request, _("The note is in the record."))
        return HttpResponseRedirect(page.href("resident"))
    audit_reading(page.opened, "demographics")
    return page.page(
        "record/note.jinja", _("Add a note"), form=form, errors=errors_of(form)
    ).response(400 if form.errors else 200)  # fmt: skip


@requires("record.write")
@form_page
@keeps_no_copy
@sensitive_post_parameters()
def alert(request: Any, resident_id: UUID) -> HttpResponseBase:
    page = ResidentPage(request, resident_id, "record.write")
    form = AlertForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        writing.add_alert(
            page.opened, values["category"], values["text"], starts=today(), ends=values["ends"],
            review=values["review"],
        )  # fmt: skip
        say(request, _("The alert is in the record, where every team sees it first."))
        return HttpResponseRedirect(page.href("resident"))
    audit_reading(page.opened, "demographics")
    return page.page(
        "record/alert.jinja", _("Add an alert"), form=form, errors=errors_of(form), categories=writing.ALERT_CATEGORIES
    ).response(400 if form.errors else 200)


@requires("record.write")
@require_POST
def withdraw(request: Any, resident_id: UUID, kind: str, entry_id: UUID) -> HttpResponseBase:
    page = ResidentPage(request, resident_id, "record.write")
    writing.withdraw(page.opened, kind, entry_id)
    say(request, _("The entry is marked as entered in error. It is on no page any more and stays in its history."))
    return HttpResponseRedirect(page.href("resident"))


# --- About me ------------------------------------------------------------------------------------------------------


@requires("record.summary")
@require_safe
@keeps_no_copy
def about_me(request: Any, resident_id: UUID) -> HttpResponseBase:
    return show_about_me(request, resident_id)


def show_about_me(request: Any, resident_id: UUID, *, is_own: bool = False) -> HttpResponseBase:
    """Answer the person's own words, with all earlier versions."""
    page = ResidentPage(request, resident_id, "record.own" if is_own else "record.summary", is_own=is_own)
    if page.has_moved:
        return page.moved("about-me")
    current = writing.about_me_of(page.opened)
    versions = store.history(page.opened.grant, current.type, current.id) if current else []
    audit_reading(page.opened, "about me")
    may_write = is_own or page.may("record.write")
    return page.page(
        "record/about_me.jinja",
        _("About me"),
        about=read_about_me(current.content) if current else None,
        earlier=[read_about_me(row.content) for row in versions[1:]],
        edit_href=page.href("write-about-me") if may_write and request.is_now else "",
    ).response()


@requires("record.write")
@form_page
@keeps_no_copy
@sensitive_post_parameters()
def write_about_me(request: Any, resident_id: UUID) -> HttpResponseBase:
    return edit_about_me(request, resident_id)


def edit_about_me(request: Any, resident_id: UUID, *, is_own: bool = False) -> HttpResponseBase:
    """Answer the form of the person's own words, or keep them as the next version."""
    page = ResidentPage(request, resident_id, "record.own" if is_own else "record.write", is_own=is_own)
    current = writing.about_me_of(page.opened)
    initial = dict(read_about_me(current.content).answers) if current else {}
    form = AboutMeForm(request.POST if request.method == "POST" else None, initial=initial)
    wrong: list[dict[str, str]] = []
    if form.is_bound and form.is_valid():
        answers = {key: form.cleaned_data[key] for key in HEADINGS}
        seen = request.POST.get("seen", "")
        try:
            with transaction.atomic():
                _must_have_seen(page, seen)
                writing.keep_about_me(page.opened, answers, on_behalf=not is_own)
        except RuleError as error:
            wrong = [{"text": str(error), "href": "#what-matters"}]
        else:
            say(request, _("Thank you. Every team that cares for you now sees this first.") if is_own
                else _("“About me” is kept. Every team sees it first."))  # fmt: skip
            return HttpResponseRedirect(page.href("about-me"))
    errors = errors_of(form) + wrong
    boxes = [
        (key, title, hint, (form.data.get(key, "") if form.is_bound else initial.get(key, "")))
        for key, (title, hint) in HEADINGS.items()
    ]
    audit_reading(page.opened, "about me", "demographics")
    return page.page(
        "record/write_about_me.jinja",
        _("Write “About me”"),
        form=form,
        errors=errors,
        boxes=boxes,
        seen=str(current.version) if current else "",
    ).response(400 if errors else 200)


def _must_have_seen(page: ResidentPage, seen: str) -> None:
    """Two people may write at once: the second must see what the first wrote before replacing it."""
    current = writing.about_me_of(page.opened)
    if (str(current.version) if current else "") != seen:
        raise RuleError(
            _(
                "Somebody has changed “About me” meanwhile. Your words are below; open it in another tab to compare, "
                "then load this page again."
            )
        )
