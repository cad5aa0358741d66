"""The team's pages: what waits for it, what nobody has opened in time, one hand-over, and a new referral."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from joinedup.access import Grant, actor_of, disclose, grants_for_residents, purpose_of, requires
from joinedup.access.resident_decision import roles_that_may
from joinedup.errors import NotFound, Refused, RuleError
from joinedup.identity import subjects_of_many
from joinedup.moment import LONDON, now
from joinedup.record import handing_over
from joinedup.record.forms import ReferForm, errors_of
from joinedup.record.handing_over import PERMISSION, Row
from joinedup.record.handover import NEEDS_REASON, STEPS, URGENCIES, is_sent_in_time
from joinedup.record.lines import line_of
from joinedup.record.residents import audit_reading, organisation_name
from joinedup.record.sources import every_source, is_loaded
from joinedup.record.summary import Identity, identity_of
from joinedup.record.views.additions import form_page
from joinedup.record.views.parts import ResidentPage, keeps_no_copy, say, setting_name
from joinedup.ui import Column, Crumb, Page, Table, day
from joinedup.ui.dates import instant

KINDS = {"referral": "Referral", "discharge_summary": "Discharge summary", "letter": "Clinic letter"}
STATES = {
    "requested": "Waits for an answer",
    "accepted": "Accepted",
    "in-progress": "Being worked on",
    "completed": "Completed",
    "rejected": "Rejected",
    "withdrawn": "Withdrawn",
    "sent": "To be read",
    "filed": "Read and filed",
    "opened": "First opened",
}
ACTS = {
    "accepted": "Accept",
    "rejected": "Reject",
    "in-progress": "Begin work",
    "completed": "Complete",
    "withdrawn": "Withdraw",
    "filed": "File as read",
}


@dataclass(frozen=True, slots=True)
class Team:
    """A body in which the reader works hand-overs: its id, the ODS codes it answers for, and the one it signs with."""

    body_id: UUID
    name: str
    code: str
    codes: frozenset[str]


def teams_of(request: Any) -> list[Team]:
    """Answer the bodies in which whoever asks may work the inbox today."""
    from joinedup.system import Picture
    from joinedup.system.lookup import ods_codes_of

    today = datetime.now(UTC).astimezone(LONDON).date()
    held = [role for role, _purpose in roles_that_may(actor_of(request.user), PERMISSION, today, "") if role.body_id]
    ids = list(dict.fromkeys(role.body_id for role in held if role.body_id))
    bodies, codes = Picture(now()).bodies_by_id(ids), ods_codes_of(ids)
    return [
        # A body without an ODS code is no addressee: an empty code would be that of whatever names no receiver.
        Team(
            id_,
            bodies[id_].name,
            bodies[id_].code or "",
            frozenset(code for code in (*codes.get(id_, ()), bodies[id_].code) if code),
        )
        for id_ in ids
        if id_ in bodies
    ]


def _codes(teams: Iterable[Team]) -> set[str]:
    return {code for team in teams for code in team.codes}


def _leave(request: Any) -> Grant:
    """Answer the leave to list, for the purpose of the session."""
    grant: Grant = request.grant
    return replace(grant, purpose=purpose_of(request, PERMISSION, None, datetime.now(UTC)) or grant.purpose)


# --- lists ---------------------------------------------------------------------------------------------------------


@requires("record.handover")
@require_safe
@keeps_no_copy
def inbox(request: Any) -> HttpResponseBase:
    """What waits for the reader's teams, and what they sent that is not over."""
    teams = teams_of(request)
    codes = _codes(teams)
    waiting = handing_over.inbox(_leave(request), codes) if codes else []
    waiting += _for_our_practice(request, teams)
    sent = handing_over.outbox(_leave(request), codes) if codes else []
    people = _people(request, teams, [*waiting, *sent])
    return _list_page(
        request,
        "record/inbox.jinja",
        _("Inbox"),
        teams=teams,
        waiting=_table(
            waiting, people, _("Waiting for your team"), "waiting", _("Nothing waits for your team."), "sender"
        ),
        sent=_table(
            sent,
            people,
            _("Sent by your team"),
            "sent",
            _("Your team has sent nothing that is still open."),
            "receiver",
        ),
        overdue=sum(row.is_late(datetime.now(UTC)) for row in waiting),
    )


@requires("record.handover")
@require_safe
@keeps_no_copy
def unopened(request: Any) -> HttpResponseBase:
    """What nobody has opened in time, of what the reader's teams sent or were sent (rules: record R71, R72)."""
    teams = teams_of(request)
    codes = _codes(teams)
    at = datetime.now(UTC)
    rows = handing_over.unopened(_leave(request), codes, at) if codes else []
    rows += [row for row in _for_our_practice(request, teams) if row.is_late(at)]
    people = _people(request, teams, rows)
    empty = _("Everything has been opened in time.")
    table = _table(rows, people, _("Not opened in time"), "unopened", empty, "sender", "receiver")
    return _list_page(request, "record/unopened.jinja", _("Not opened in time"), teams=teams, rows=table)


def _list_page(request: Any, template: str, title: str, **context: Any) -> HttpResponseBase:
    return Page(
        request, template, title=title, breadcrumbs=[Crumb("joinedup", "/")], is_simulated=is_loaded(),
        notice=request.session.pop("record.notice", None), **context,
    ).response()  # fmt: skip


def _for_our_practice(request: Any, teams: Sequence[Team], only: UUID | None = None) -> list[Row]:
    """Answer the summaries that name no receiver and are about people registered at one of these practices.

    Each as if addressed to the practice. With `only`, that hand-over or nothing.
    """
    found: dict[UUID, Row] = {}
    for team in teams:
        for row in handing_over.unaddressed(_leave(request), team.codes, only=only):
            found.setdefault(row.id, replace(row, receiver=team.code or min(team.codes)))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Person:
    who: Identity
    about: str

    @property
    def said(self) -> str:
        """Answer who it is in one line: a name alone is not enough to know somebody by."""
        born = _("born %(day)s") % {"day": day(self.who.born)} if self.who.born else ""
        return ", ".join(part for part in (self.who.name, born) if part)


def _people(request: Any, teams: Sequence[Team], rows: Sequence[Row]) -> dict[UUID, _Person]:
    """Answer whom each hand-over is about and what it is; that these people were listed is in the audit."""
    found: dict[UUID, _Person] = {}
    if not rows:
        return found
    by_side: dict[tuple[UUID, str], list[Row]] = {}
    for row in rows:
        team = next(
            (one for one in teams if row.receiver in one.codes), None
        ) or next(one for one in teams if row.sender in one.codes)  # fmt: skip
        by_side.setdefault((team.body_id, handing_over.side_of(row, team.codes)), []).append(row)
    for (body_id, side), group in by_side.items():
        leave = handing_over.leave_to_read(request, group, body_id, side)
        leads = set()
        for read in handing_over.read_handovers(leave, group):
            title = line_of(read.row.type, read.resource.content)[0] if read.resource else ""
            who = identity_of(read.patients, datetime.now(UTC), read.resident_id)
            leads.add(read.resident_id)
            found[read.row.id] = _Person(who, str(title))
        with transaction.atomic():
            disclose(leave, leads, "record.list", parts=["demographics"])
    return found


def _table(rows: Sequence[Row], people: dict[UUID, _Person], caption: str, name: str, empty: str, *sides: str) -> Table:
    """A list of hand-overs; `sides` says whether the sender, the receiver or both are worth a column."""
    at = datetime.now(UTC)
    titles = {"sender": _("From"), "receiver": _("To")}
    return Table(
        [
            Column("what", _("What"), "link", "href"),
            Column("name", _("Resident")),
            *(Column(side, titles[side]) for side in sides),
            Column("arrived", _("Arrived")),
            Column("state", _("State")),
        ],
        [
            {
                "what": _what(row, people),
                "name": people[row.id].said if row.id in people else "",
                "href": reverse("record:handover", args=[row.id]),
                "sender": organisation_name(row.sender) or row.sender,
                "receiver": organisation_name(row.receiver) or row.receiver,
                "arrived": day(row.arrived_at),
                "state": _state(row, at),
            }
            for row in rows
        ],
        caption=caption,
        name=name,
        can_download=False,
        empty=empty,
    )


def _what(row: Row, people: dict[UUID, _Person]) -> str:
    about = people[row.id].about if row.id in people else ""
    return _kind(row) if not about or about == KINDS.get(row.kind) else f"{_kind(row)}: {about}"


def _state(row: Row, at: datetime) -> str:
    said = STATES.get(row.state, row.state)
    return f"{said}, {due}" if (due := _due(row, at)) else said


def _kind(row: Row) -> str:
    urgent = f" ({row.urgency})" if row.urgency not in {"", "routine"} else ""
    return KINDS.get(row.kind, row.kind) + urgent


def _due(row: Row, at: datetime) -> str:
    if row.opened_at is not None:
        return _("opened %(when)s") % {"when": instant(row.opened_at)}
    if row.open_by is None:
        return ""
    said = instant(row.open_by)
    return (_("overdue since %(when)s") if row.is_late(at) else _("to be opened by %(when)s")) % {"when": said}


# --- one hand-over -------------------------------------------------------------------------------------------------


@requires("record.handover")
@form_page
@keeps_no_copy
@sensitive_post_parameters("reason")
def handover(request: Any, handover_id: UUID) -> HttpResponseBase:
    """One hand-over: what is asked, of whom, and the step that is the reader's to take."""
    teams = teams_of(request)
    row = handing_over.handover(handover_id)
    if row.receiver == "":
        row = next(iter(_for_our_practice(request, teams, only=row.id)), row)
    team = next((one for one in teams if row.receiver and row.receiver in one.codes), None) or next(
        (one for one in teams if row.sender in one.codes), None
    )
    if team is None:
        raise NotFound(handing_over.NO_SUCH)
    side = handing_over.side_of(row, team.codes)
    grant = handing_over.leave_to_read(request, [row], team.body_id, side)
    errors: list[dict[str, str]] = []
    status = 200
    if request.method == "POST":
        wanted, reason = request.POST.get("state", ""), request.POST.get("reason", "")
        if wanted in NEEDS_REASON and len(reason.strip()) < 5:
            errors.append(
                {"text": _("Give the reason, so that the other side knows what to do now"), "href": "#reason"}
            )
            status = 400
        else:
            handing_over.take_step(grant, row, side, wanted, reason)
            say(request, _("Done: %(state)s.") % {"state": STATES.get(wanted, wanted).lower()})
            return HttpResponseRedirect(reverse("record:inbox"))
    (read,) = handing_over.read_handovers(grant, [row])
    if read.resource is None:
        raise NotFound(handing_over.NO_SUCH)
    lead = read.resident_id
    if side == "receiver":
        handing_over.mark_opened(grant, row, datetime.now(UTC))
    else:
        with transaction.atomic():
            disclose(grant, [lead], PERMISSION, parts=["hand-over"])
    title, details = line_of(row.type, read.resource.content)
    may_open = bool(grants_for_residents(request, "record.summary", subjects_of_many([lead])))
    in_time = None
    if row.kind != "referral" and row.began_at:
        in_time = is_sent_in_time(row.kind, row.began_at, row.reached_at)
    return Page(
        request,
        "record/handover.jinja",
        title=KINDS.get(row.kind, row.kind),
        breadcrumbs=[Crumb("joinedup", "/"), Crumb(_("Inbox"), reverse("record:inbox"))],
        row=row,
        kind=_kind(row),
        state=STATES.get(row.state, row.state),
        what=title,
        details=details,
        sections=_texts(read.resource.content),
        who=identity_of(read.patients, datetime.now(UTC), lead),
        sender=organisation_name(row.sender) or row.sender,
        receiver=organisation_name(row.receiver) or row.receiver or _("the practice where the resident is registered"),
        steps=[
            {"state": STATES.get(s.state, s.state), "at": s.at, "reason": s.reason,
             "who": ", ".join(part for part in (s.who, organisation_name(s.organisation) or s.organisation) if part)}
            for s in handing_over.steps_of(row.id)
        ],
        acts=[(state, ACTS[state], state in NEEDS_REASON) for state, by in STEPS[row.state].items() if by == side],
        in_time=in_time,
        is_shifted=row.reached_at != row.arrived_at,
        due=_due(row, datetime.now(UTC)),
        resident_href=reverse("record:resident", args=[lead]) if may_open else "",
        errors=errors,
        reason=request.POST.get("reason", ""),
        is_simulated=is_loaded(),
    ).response(status)  # fmt: skip


def _texts(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Answer the sections of a document as plain text; markup of a sender is never put into our pages."""
    from html import unescape
    from re import sub

    found = []
    for section in content.get("section") or ():
        div = str((section.get("text") or {}).get("div") or "")
        said = " ".join(unescape(sub(r"<[^>]*>", " ", div)).split())
        if said:
            found.append((str(section.get("title") or ""), said))
    return found


# --- a new referral ------------------------------------------------------------------------------------------------


@requires("record.handover")
@form_page
@keeps_no_copy
@sensitive_post_parameters()
def refer(request: Any, resident_id: UUID) -> HttpResponseBase:
    page = ResidentPage(request, resident_id, PERMISSION)
    team = next((one for one in teams_of(request) if one.body_id == page.opened.grant.body_id), None)
    if team is None or not team.code:
        raise Refused(_("Your role is not held in an organisation with an ODS code, in whose name you could refer."))
    form = ReferForm(request.POST if request.method == "POST" else None)
    errors = errors_of(form)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        try:
            handing_over.send_referral(
                page.opened, team.code, values["to"], what=values["what"], reason=values["reason"],
                urgency=values["urgency"],
            )  # fmt: skip
        except RuleError as error:
            errors = [{"text": str(error), "href": "#receiver"}]
        else:
            say(request, _("The referral is sent. It stands in the other team's inbox, and in yours until it is over."))
            return HttpResponseRedirect(page.href("resident"))
    audit_reading(page.opened, "demographics")
    return page.page(
        "record/refer.jinja", _("Refer"), form=form, errors=errors, receivers=_receivers(team), urgencies=URGENCIES,
        today=day(datetime.now(UTC)),
    ).response(400 if errors else 200)  # fmt: skip


def _receivers(team: Team) -> list[tuple[str, str]]:
    """Answer the organisations that send to this record and are no practice, as (code, name); the rest by code."""
    found = {
        source.organisation: f"{organisation_name(source.organisation) or source.name} ({setting_name(source.setting)})"
        for source in every_source().values()
        if source.setting not in {"gp", "registry"} and source.organisation not in team.codes
    }
    return sorted(found.items(), key=lambda item: item[1])
