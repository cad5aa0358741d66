"""Development, transition and implementation plans: what each must hold, what is missing today, and writing it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.moment import LONDON, now
from joinedup.planning import Section, missing_today, services
from joinedup.planning.plans import kept_plans, signing
from joinedup.planning.plans.deadlines import deadline_status
from joinedup.planning.plans.documents import Missing, document_kind, document_kinds
from joinedup.planning.views import parts
from joinedup.planning.views.systems import partners_of, system_asked, systems
from joinedup.ui import Column, Crumb, Page, Table, day, instant

READ = "planning.read"
MOST_TEXT = 50_000
LACKS = {
    "section": "Section",
    "owner": "Owner",
    "approval": "Approval",
    "partner": "Partner",
    "deadline": "Deadline",
}


@requires(READ)
@require_safe
def documents(request: Any) -> HttpResponseBase:
    """The documents that a system owes, by when, and how much of each is missing today."""
    system = system_asked(request)
    today = now().valid_on
    rows = []
    for key, kind in document_kinds().items():
        document = kept_plans.document_of(key, system.code)
        missing = missing_today(document, today, partners=partners_of(system.code))
        filled = sum(1 for one in kind.sections if document.sections.get(one.key, Section()).text.strip())
        rows.append(
            {
                "title": kind.title,
                "href": parts.href("document", key, system=system.code),
                "filled": _("%(filled)s of %(all)s") % {"filled": filled, "all": len(kind.sections)},
                "due": max(one.due for one in kind.deadlines),
                "missing": len(missing),
                "late": _("Late") if any(one.is_late for one in missing) else "",
            }
        )
    return Page(
        request,
        "planning/documents.jinja",
        title=_("Plans that %(system)s owes") % {"system": system.name},
        breadcrumbs=parts.crumbs(),
        system=system,
        systems=parts.items([(one.code, one.name) for one in systems()], system.code),
        documents=Table(
            [
                Column("title", _("Plan"), "link", href_key="href"),
                Column("filled", _("Sections written")),
                Column("due", _("Final due"), "date"),
                Column("missing", _("Missing today"), "number"),
                Column("late", _("Deadline")),
            ],
            rows,
            caption=_("Plans"),
            name="documents",
            can_filter=False,
        ),
    ).response()


@requires(READ)
@require_safe
def document(request: Any, kind: str) -> HttpResponseBase:
    """One document: its sections with their owners, approvals, partners, deadlines, and what is missing today."""
    wanted, system = document_kind(kind), system_asked(request)
    today = now().valid_on
    found = kept_plans.document_of(kind, system.code)
    partners = partners_of(system.code)
    names = parts.names_of(partners)
    missing = missing_today(found, today, partners=partners)
    sections = [
        {
            "title": one.title,
            "text": found.sections.get(one.key, Section()).text,
            "owner": found.sections.get(one.key, Section()).owner,
            "proposed": one.owner,
            "href": parts.href("section", kind, one.key, system=system.code),
        }
        for one in wanted.sections
    ]
    may_write = parts.may(request, services.SUBMIT)
    mine = [one for one in partners if one not in found.adopted_by]
    return Page(
        request,
        "planning/document.jinja",
        title=wanted.title,
        breadcrumbs=parts.crumbs(Crumb(_("Plans that are owed"), parts.href("documents", system=system.code))),
        kind=wanted,
        system=system,
        missing=Table(
            [Column("what", _("What")), Column("says", _("What is missing")), Column("owner", _("Whose it is")),
             Column("late", _("Deadline"))],
            [
                {
                    "what": _(LACKS[one.what]),
                    "says": _said(one, names),
                    "owner": names.get(one.owner, one.owner),
                    "late": _("Late") if one.is_late else "",
                }
                for one in missing
            ],
            caption=_("Missing today"),
            name="missing",
            per_page=0,
            can_filter=False,
            empty=_("Nothing is missing."),
        ),
        sections=sections,
        deadlines=[
            {
                "text": f"{one.stage.capitalize()}, {_(one.scope)}, {_('due on')} {day(one.due)}",
                "sent": instant(found.sent[one.stage]) if one.stage in found.sent else "",
                "is_late": (
                    deadline_status(one.due, found.sent[one.stage].astimezone(LONDON)) == "late"
                    if one.stage in found.sent
                    else today > one.due
                ),
                "stage": one.stage,
            }
            for one in sorted(wanted.deadlines, key=lambda one: one.due)
        ],
        approvals=[{"key": one, "on": day(found.approvals.get(one))} for one in wanted.approvals],
        adopted=[{"name": names[one], "has": one in found.adopted_by} for one in partners],
        may_write=may_write,
        can_adopt=[
            {"code": one, "name": names[one]} for one in (parts.bodies_of(_writer(request), mine) if may_write else [])
        ],
        notice=parts.said(request),
    ).response()  # fmt: skip


@requires(services.SUBMIT)
@require_http_methods(["GET", "HEAD", "POST"])
def section(request: Any, kind: str, name: str) -> HttpResponseBase:
    """Write a section and name who owns it."""
    wanted, system = document_kind(kind), system_asked(request)
    heading = next((one for one in wanted.sections if one.key == name), None)
    if heading is None:
        raise NotFound(_("The %(plan)s has no section “%(key)s”.") % {"plan": wanted.title.lower(), "key": name})
    held = kept_plans.document_of(kind, system.code).sections.get(name, Section())
    text, owner = held.text, held.owner or heading.owner
    errors = []
    if request.method == "POST":
        text = str(request.POST.get("text", "")).replace("\r\n", "\n").strip()
        owner = str(request.POST.get("owner", "")).strip()
        if not text:
            errors.append(parts.error(_("Write the section"), "text"))
        elif len(text) > MOST_TEXT:
            errors.append(parts.error(_("Use at most 50,000 characters"), "text"))
        if not owner or len(owner) > 200:
            errors.append(parts.error(_("Name the post that owns the section, in up to 200 characters"), "owner"))
        if not errors:
            signing.write_document(request.grant, kind, system.code, "section", name, text=text, owner=owner)
            parts.say(request, _("The section is kept. What it said before stays readable under its date."))
            return HttpResponseRedirect(parts.href("document", kind, system=system.code))
    return Page(
        request,
        "planning/section.jinja",
        title=heading.title,
        breadcrumbs=parts.crumbs(Crumb(wanted.title, parts.href("document", kind, system=system.code))),
        caption=wanted.title,
        text=text,
        owner=owner,
        errors=errors,
    ).response(422 if errors else 200)


@requires(services.SUBMIT)
@require_POST
def tell(request: Any, kind: str) -> HttpResponseBase:
    """Say that a stage was sent, that somebody approved, or that a partner adopted it."""
    system = system_asked(request)
    for what in ("sent", "approval", "adoption"):
        if key := str(request.POST.get(what, "")).strip():
            signing.write_document(request.grant, kind, system.code, what, key)
            parts.say(request, _("It is written down, with your name and the time."))
    return HttpResponseRedirect(parts.href("document", kind, system=system.code))


def _writer(request: Any) -> Any:
    from joinedup.access import grant_for

    return grant_for(request, services.SUBMIT)


def _said(one: Missing, names: dict[str, str]) -> str:
    text = one.says
    if one.what == "partner":
        text = text.replace(one.key, names.get(one.key, one.key))
    return text[:1].upper() + text[1:]
