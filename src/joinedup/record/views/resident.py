"""The pages of one resident: summary, a section in full, timeline, one entry, documents, who is who, who looked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import access_log, grant_for, requires
from joinedup.errors import NotFound
from joinedup.identity import resident_of, subjects_of
from joinedup.record import handing_over, store
from joinedup.record.about_me import is_about_me, read_about_me
from joinedup.record.lines import TYPE_NAMES, line_of
from joinedup.record.residents import (
    audit_reading,
    joins_of,
    may_also_be_at,
    organisation_name,
    senders,
    told,
)
from joinedup.record.statement import OWN, Statement, dated_by, said_date
from joinedup.record.summary import SECTIONS, SENSITIVE, Summary, address_of, grouped, nhs_numbers, summarise
from joinedup.record.timeline import JOIN, timeline
from joinedup.record.views.parts import ResidentPage, keeps_no_copy, setting_name, stale_said
from joinedup.ui import Column, Table, instant

# A long section shows this many lines; the rest is one link away.
FIRST_LINES = 10
ENTRIES_A_PAGE = 50


# --- the summary ---------------------------------------------------------------------------------------------------


@requires("record.demographics")
@require_safe
@keeps_no_copy
def resident(request: Any, resident_id: UUID) -> HttpResponseBase:
    """The summary; for a role that sees demographics only, the strip and who calls the person what."""
    return show_summary(request, resident_id)


def show_summary(request: Any, resident_id: UUID, *, is_own: bool = False) -> HttpResponseBase:
    """Answer the summary page, for staff or, on their own pages, for the resident."""
    page = _open(request, resident_id, is_own)
    if page.has_moved:
        return page.moved("resident")
    if page.opened.grant.permission == "record.demographics":
        page._statements = _only_patients(page)
    summary = _summary(page, FIRST_LINES)
    own = [one for one in page.statements if one.is_own and is_about_me(one.content) and not one.is_in_error]
    about = max(own, key=lambda one: one.recorded_at, default=None)
    audit_reading(page.opened, "summary" if page.opened.grant.permission != "record.demographics" else "demographics")
    is_summary = page.opened.grant.permission != "record.demographics"
    return page.page(
        "record/summary.jinja",
        _("Summary"),
        summary=summary,
        sections=[one for one in summary.sections if one.code in _ON_TOP or one.many or one.absence],
        on_top=_ON_TOP,
        first_lines=FIRST_LINES,
        about=read_about_me(about.content) if about else None,
        stale=stale_said(summary.stale),
        may_also_be_at=may_also_be_at(page.opened),
        handovers=_handovers(page) if is_summary else [],
        is_summary=is_summary,
        may_write=not is_own and page.may("record.write") and request.is_now,
        may_refer=not is_own and page.may("record.handover") and request.is_now,
    ).response()


_ON_TOP = ("allergies-and-adverse-reaction", "alerts", "reasonable-adjustments-for-health-and-care-access")


def _open(request: Any, resident_id: UUID, is_own: bool) -> ResidentPage:
    if is_own:
        return ResidentPage(request, resident_id, "record.own", is_own=True)
    from joinedup.access import purposes_for

    permission = "record.summary" if purposes_for(request, "record.summary") else "record.demographics"
    return ResidentPage(request, resident_id, permission)


def _only_patients(page: ResidentPage) -> list[Statement]:
    from joinedup.record.residents import statements_of

    return statements_of(page.opened, ["Patient"])


def _summary(page: ResidentPage, most_lines: int | None = None) -> Summary:
    # What is about safeguarding needs more than the summary: only those who may see every entry see it here.
    withheld = frozenset() if page.is_own or page.opening_role_has("record.full") else SENSITIVE
    return summarise(
        page.statements, page.opened.at, withheld=withheld, anchor=page.opened.resident_id, most_lines=most_lines
    )


def _handovers(page: ResidentPage) -> list[dict[str, Any]]:
    return [
        {
            "kind": row.kind,
            "state": row.state,
            "sender": organisation_name(row.sender) or row.sender,
            "receiver": organisation_name(row.receiver) or row.receiver or _("the registered practice"),
            "at": row.began_at or row.arrived_at,
            "is_late": row.is_late(page.opened.at),
        }
        for row in handing_over.of_subjects(page.opened.subject_ids)
        if row.state in {"requested", "accepted", "in-progress"} and row.open_by is not None
    ]


@requires("record.summary")
@require_safe
@keeps_no_copy
def section(request: Any, resident_id: UUID, code: str) -> HttpResponseBase:
    return show_section(request, resident_id, code)


def show_section(request: Any, resident_id: UUID, code: str, *, is_own: bool = False) -> HttpResponseBase:
    """Answer one section of the summary with all its lines."""
    page = ResidentPage(request, resident_id, "record.own" if is_own else "record.summary", is_own=is_own)
    if page.has_moved:
        return page.moved("resident")
    if code not in SECTIONS:
        raise NotFound(_("There is no such section."))
    found = _summary(page).section(code)
    audit_reading(page.opened, "summary")
    return page.page("record/section.jinja", found.title, section=found).response()


# --- the timeline --------------------------------------------------------------------------------------------------


@requires("record.full")
@require_safe
@keeps_no_copy
def story(request: Any, resident_id: UUID) -> HttpResponseBase:
    return show_story(request, resident_id)


def show_story(request: Any, resident_id: UUID, *, is_own: bool = False) -> HttpResponseBase:
    """Answer the timeline page with the filters that its address names."""
    page = ResidentPage(request, resident_id, "record.own" if is_own else "record.full", is_own=is_own)
    if page.has_moved:
        return page.moved("timeline")
    chosen = {name: request.GET.getlist(name) for name in ("setting", "type", "organisation")}
    newest_first = request.GET.get("order") != "oldest"
    joins, events = joins_of(page.opened)
    by_subject = {one.subject_id: one.sender for one in page.statements if not one.is_own}
    found = timeline(
        page.statements,
        joins,
        told(events, by_subject),
        settings=[one for one in chosen["setting"] if one],
        types=[one for one in chosen["type"] if one],
        organisations=[one for one in chosen["organisation"] if one],
        newest_first=newest_first,
    )
    entries = [*found.entries, *found.undated]
    asked = request.GET.get("page", "1")
    pages = max(1, -(-len(entries) // ENTRIES_A_PAGE))
    number = min(max(int(asked), 1), pages) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
    kept = [(name, value) for name, values in chosen.items() for value in values if value]
    kept += [("order", "oldest")] if not newest_first else []
    start = (number - 1) * ENTRIES_A_PAGE
    names = {one.sender.organisation: one.sender.organisation_name for one in page.statements}
    audit_reading(page.opened, "timeline")
    return page.page(
        "record/timeline.jinja",
        _("Timeline"),
        found=found,
        dated=[entry for entry in entries[start : start + ENTRIES_A_PAGE] if entry.starts is not None],
        undated=[entry for entry in entries[start : start + ENTRIES_A_PAGE] if entry.starts is None],
        many=len(entries),
        number=number,
        pages=pages,
        page_href=lambda wanted: "?" + urlencode([*kept, ("page", wanted)]),
        turned_href="?"
        + urlencode([(k, v) for k, v in kept if k != "order"] + ([("order", "oldest")] if newest_first else [])),
        newest_first=newest_first,
        chosen=chosen,
        choices=[
            ("setting", _("Setting"), [(key, setting_name(key), n) for key, n in found.settings.items()]),
            ("type", _("Kind of entry"), [(k, _type_name(k), n) for k, n in found.types.items()]),
            ("organisation", _("Organisation"), [(k, names.get(k) or k, n) for k, n in found.organisations.items()]),
        ],
        may_open_entry=True,
    ).response()


def _type_name(key: str) -> str:
    return _("Who is who") if key == JOIN else TYPE_NAMES.get(key, key)


@requires("record.full")
@require_safe
@keeps_no_copy
def entry(request: Any, resident_id: UUID, kind: str, entry_id: UUID) -> HttpResponseBase:
    return show_entry(request, resident_id, kind, entry_id)


def show_entry(request: Any, resident_id: UUID, kind: str, entry_id: UUID, *, is_own: bool = False) -> HttpResponseBase:
    """Answer one entry with all its versions: who said what, when, by which delivery."""
    page = ResidentPage(request, resident_id, "record.own" if is_own else "record.full", is_own=is_own)
    subject = store.subject_of(kind, entry_id)
    if subject is None or subject not in page.opened.subject_ids:
        raise NotFound(_("There is no such entry in this record."))
    versions = store.history(page.opened.grant, kind, entry_id)
    known = senders()
    sender = known.get(versions[0].source)
    current = max(versions, key=lambda row: (row.event_at, row.version))
    rows = []
    for row in versions:
        title, details = line_of(row.type, row.content)
        rows.append({
            "version": row.version, "is_current": row.version == current.version, "title": title,
            "details": details, "event_at": row.event_at, "stored_at": row.stored_at,
            "delivery": row.delivery_id, "status": row.content.get("status", ""),
        })  # fmt: skip
    audit_reading(page.opened, "entry")
    is_ours = current.source == OWN and current.content.get("status") != "entered-in-error"
    can_be_withdrawn = kind in {"Communication", "Flag"} and is_ours
    return page.page(
        "record/entry.jinja",
        TYPE_NAMES.get(kind, kind),
        kind=TYPE_NAMES.get(kind, kind),
        versions=rows,
        current=rows[[row["is_current"] for row in rows].index(True)],
        when=said_date(_dated(current)),
        sender=sender,
        author=_author(current),
        withdraw_href=page.href("withdraw", kind=kind, entry_id=entry_id)
        if can_be_withdrawn and not is_own and page.may("record.write")
        else "",
        codes=_codings(current.content),
    ).response()


def _dated(row: store.Stored) -> str:
    sender = senders().get(row.source) or senders()[OWN]
    return dated_by(
        Statement(row.id, row.subject_id, row.type, row.version, row.content, sender, row.starts, row.ends,
                  row.event_at, row.stored_at)
    )  # fmt: skip


def _author(row: store.Stored) -> str:
    for element in ("author", "sender", "recorder", "asserter", "requester"):
        value = row.content.get(element)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and one.get("display"):
                return str(one["display"])
    return ""


def _codings(content: dict[str, Any]) -> list[dict[str, str]]:
    from joinedup.record.statement import SYSTEMS, subject_matter

    concept = subject_matter(content.get("resourceType", ""), content) or {}
    return [
        {
            "system": SYSTEMS.get(one.get("system", ""), one.get("system", "")),
            "code": one.get("code", ""),
            "display": one.get("display", ""),
        }
        for one in concept.get("coding") or ()
    ]


# --- documents, who is who, who looked -----------------------------------------------------------------------------


@requires("record.full")
@require_safe
@keeps_no_copy
def documents(request: Any, resident_id: UUID) -> HttpResponseBase:
    return show_documents(request, resident_id)


def show_documents(request: Any, resident_id: UUID, *, is_own: bool = False) -> HttpResponseBase:
    """Answer the documents of a resident, the newest first; what one replaces stays in the list, marked."""
    page = ResidentPage(request, resident_id, "record.own" if is_own else "record.full", is_own=is_own)
    if page.has_moved:
        return page.moved("documents")
    rows = []
    for one in page.statements:
        if one.type in {"DocumentReference", "Composition"} and not one.is_in_error:
            title, details = line_of(one.type, one.content)
            rows.append({
                "at": one.starts, "title": title.text, "href": page.href("entry", kind=one.type, entry_id=one.id),
                "details": ", ".join(details), "who": one.sender.organisation_name,
            })  # fmt: skip
    rows.sort(key=lambda row: (row["at"] is not None, row["at"] or 0), reverse=True)
    audit_reading(page.opened, "documents")
    table = Table(
        [
            Column("at", _("Date"), "date"),
            Column("title", _("Document"), "link", "href"),
            Column("details", _("About it")),
            Column("who", _("From")),
        ],
        rows,
        caption=_("Documents"),
        name="documents",
        can_download=False,
        empty=_("No source has sent a document."),
    )
    return page.page("record/table.jinja", _("Documents"), rows=table).response()


@requires("record.full")
@require_safe
@keeps_no_copy
def identity(request: Any, resident_id: UUID) -> HttpResponseBase:
    return show_identity(request, resident_id)


def show_identity(request: Any, resident_id: UUID, *, is_own: bool = False) -> HttpResponseBase:
    """Answer which source records are this person, since when, how that is known, and what happened before."""
    page = ResidentPage(request, resident_id, "record.own" if is_own else "record.full", is_own=is_own)
    if page.has_moved:
        return page.moved("identity")
    joins, events = joins_of(page.opened)
    patients = {one.subject_id: one for one in page.statements if one.type == "Patient"}
    from joinedup.record.lines import name_of

    rows = []
    for subject in page.opened.subject_ids:
        one = patients.get(subject)
        if one is None:
            continue
        numbers = nhs_numbers(one.content)
        joined = joins.get(subject)
        rows.append({
            "source": f"{one.sender.called} ({setting_name(one.sender.setting)})",
            "name": name_of(one.content) or _("No name given"),
            "born": said_date(str(one.content.get("birthDate") or "")),
            "number": grouped(numbers[0][0]) if numbers else "", "address": address_of(one.content),
            "how": f"{joined.words}, {instant(joined.since)}" if joined else _("The person goes by this record's id"),
        })  # fmt: skip
    by_subject = {one.subject_id: one.sender for one in page.statements if not one.is_own}
    happened = [
        {"at": one.at, "what": one.title, "how": "; ".join(one.details), "who": one.who}
        for one in told(events, by_subject)
    ]
    audit_reading(page.opened, "identity")
    return page.page(
        "record/identity.jinja",
        _("Who is who"),
        may_also_be_at=may_also_be_at(page.opened),
        records=Table(
            [
                Column("source", _("Source")),
                Column("name", _("Name there")),
                Column("born", _("Born")),
                Column("number", _("NHS number")),
                Column("address", _("Address")),
                Column("how", _("How we know, since when")),
            ],
            rows,
            caption=_("Records that are this person"),
            name="records",
            can_download=False,
        ),
        happened=Table(
            [
                Column("at", _("When"), "date"),
                Column("what", _("What happened")),
                Column("how", _("How it was known, and why")),
                Column("who", _("By")),
            ],
            happened,
            caption=_("What happened to it"),
            name="happened",
            can_download=False,
            empty=_("Nothing has been joined or parted."),
        ),
    ).response()


@requires("record.access_log")
@require_safe
@keeps_no_copy
def looked(request: Any, resident_id: UUID) -> HttpResponseBase:
    """Who looked, for those who watch over it: without opening the record itself."""
    grant = grant_for(request, "record.access_log")
    from joinedup.ui import Crumb, Page

    lead = resident_of(resident_id)
    return Page(
        request,
        "record/looked.jinja",
        title=_("Who looked at this record"),
        breadcrumbs=[Crumb("joinedup", "/")],
        is_own=False,
        log=_log_table(access_log(grant, subjects_of(lead)), with_outcome=True),
    ).response()


def show_log(request: Any, resident_id: UUID) -> HttpResponseBase:
    """Answer the resident's own page of who looked."""
    page = ResidentPage(request, resident_id, "record.own", is_own=True)
    if page.has_moved:
        return page.moved("access-log")
    lines = access_log(page.opened.grant, page.opened.subject_ids)
    audit_reading(page.opened, "demographics")
    return page.page(
        "record/looked_own.jinja",
        _("Who looked at your record"),
        log=_log_table(lines, with_outcome=False),
    ).response()


def _log_table(lines: Any, *, with_outcome: bool) -> Table:
    rows = [
        {
            "at": line.at,
            "when": instant(line.at),
            "who": _("You") if line.is_self and not with_outcome else line.who or line.role,
            "role": line.role,
            "organisation": line.organisation,
            "did": line.did,
            "parts": ", ".join(line.parts),
            "why": line.purpose + (f". {line.reason}" if line.reason else ""),
            "by": line.relationship,
            "outcome": {"done": "", "denied": _("Refused"), "failed": _("Failed")}[line.outcome],
        }
        for line in lines
    ]
    columns = [
        Column("at", _("When"), "date"),
        Column("who", _("Who")),
        Column("role", _("Role")),
        Column("organisation", _("Organisation")),
        Column("did", _("What they did")),
        Column("parts", _("Parts")),
        Column("why", _("Why")),
        Column("by", _("By which tie")),
    ]
    if with_outcome:
        columns.append(Column("outcome", _("Outcome")))
    return Table(
        columns, rows, caption=_("Who looked, latest first"), name="looked", per_page=50, can_download=not with_outcome,
        empty=_("Nobody has looked at this record."),
    )  # fmt: skip
