"""A board as at a day: terms, seats and who holds them, what is wrong with it, interests, delegations, decisions."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.boards.composition import (
    composition_failures,
    leadership_failures,
    read_composition,
    vacancies,
)
from joinedup.governance.boards.governance_models import NoModel
from joinedup.governance.boards.seats import Board, Holding
from joinedup.governance.kept.boards import board_at, board_of, chairs_on, terms_on
from joinedup.governance.kept.decisions import day_decided, model_of_system
from joinedup.governance.kept.employment import partner_posts
from joinedup.governance.kept.meetings import day_of
from joinedup.governance.kept.registers import believed
from joinedup.governance.kept.reminders import confirmations_due_on
from joinedup.governance.meetings.chain import TIERS
from joinedup.governance.meetings.decisions import MEETING_KINDS
from joinedup.governance.views.parts import (
    crumbs,
    kind_said,
    may,
    names_of,
    outcome_said,
    said_day,
    sees_private,
    title_of,
)
from joinedup.governance.views.registers import interests_table
from joinedup.governance.views.scheme import delegations_table
from joinedup.moment import Moment
from joinedup.ui import Column, Page, Table

STATUSES = {"substantive": "", "interim": "Interim", "acting": "Acting", "deputy": "Deputy"}


@requires("governance.read")
@require_safe
def board(request: Any, key: str) -> HttpResponseBase:
    moment = request.moment
    kept = board_of(key)
    terms = terms_on(key, moment)
    seated = board_at(key, moment)
    holders = seated.holders_on(moment.valid_on)
    members = sorted({one for people in holders.values() for one in people})
    names = names_of({line.person for line in seated.holdings}, moment)
    return Page(
        request,
        "governance/board.jinja",
        title=terms.name,
        breadcrumbs=crumbs(),
        board=kept,
        may_prepare=may(request, "governance.prepare"),
        may_run=may(request, "governance.preside"),
        may_keep=may(request, "governance.keep"),
        terms=terms,
        tier=_(TIERS[kept.tier]),
        quorum=quorum_said(terms.quorum),
        model=_model(kept, moment),
        unconfirmed=[
            names_of([one.person], moment)[one.person]
            for one in confirmations_due_on(moment, board=key)
            if one.is_overdue(moment.valid_on)
        ],
        failures=failures_of(kept, terms, seated, moment),
        seats=_seats(seated, names, moment),
        meetings=_meetings(kept, moment),
        decisions=decisions_table(request, kept, moment),
        interests=interests_table(moment, members, caption=_("Interests of its members")),
        delegations=delegations_table(
            [line for line in _lines(kept, moment) if key in {line.from_board_id, line.to}], moment
        ),
    ).response()


def quorum_said(said: dict[str, Any]) -> str:
    """Answer the quorum of terms in words."""
    need = said["need"]
    base = _("filled voting seats") if said.get("base") == "filled" else _("voting seats")
    if "fixed" in need:
        words = _("%(number)s people") % {"number": need["fixed"]}
    elif "fraction" in need:
        words = _("%(share)s of the %(base)s, rounded down, and %(plus)s more") % {
            "share": need["fraction"], "base": base, "plus": need.get("plus", 0),
        }  # fmt: skip
    else:
        words = ", ".join(f"{size}: {number}" for size, number in need["table"].items())
    kinds = [kind_said(one) for one in said.get("categories", ())]
    among = _(", among them: %(kinds)s") % {"kinds": ", ".join(kinds)} if kinds else ""
    away = (
        _("who has a conflict counts")
        if said.get("conflicted") == "counted"
        else _("who has a conflict does not count")
    )
    return f"{words}{among}; {away}"


def failures_of(kept: models.Board, terms: models.BoardTerms, seated: Board, moment: Moment) -> list[str]:
    """Answer in sentences what is wrong with who sits on a board on a day (B2, B4)."""
    day = moment.valid_on
    every = Board(seated.seats, tuple(_holdings_of_all_days(kept, seated, moment)))
    found = [
        _("%(seat)s: nobody holds this seat, for %(days)s days (since %(since)s)")
        % {"seat": one.title, "days": one.age_days, "since": f"{one.since.day} {one.since:%B %Y}"}
        for one in vacancies(every, day)
    ]
    try:
        found += composition_failures(read_composition(terms.composition), seated, day)
    except RuleError as error:
        found.append(str(error))
    if kept.is_partnership_board:
        chairs = chairs_on(seated, moment)
        found += leadership_failures(seated, day, partner_posts=partner_posts(kept, chairs, moment))
    for kind in sorted({one for rule in terms.composition for one in [rule["category"]]}, key=len, reverse=True):
        found = [one.replace(f"{kind}: ", f"{kind_said(kind)}: ", 1) if one.startswith(f"{kind}: ") else one
                 for one in found]  # fmt: skip
    return list(dict.fromkeys(found))


def _holdings_of_all_days(kept: models.Board, seated: Board, moment: Moment) -> list[Holding]:
    keys = {seat.key for seat in seated.seats}
    return [
        Holding(line.seat, line.person, line.valid.lower, line.valid.upper, line.status, line.on_behalf_of)
        for line in believed(models.SeatHolding, moment.known_at, board=kept)
        if line.seat in keys
    ]


def _model(kept: models.Board, moment: Moment) -> str:
    try:
        return model_of_system(kept.system, moment).title
    except NoModel:
        return _("No governance model is in force on this day: nothing can be decided.")


def _lines(kept: models.Board, moment: Moment) -> list[models.Delegation]:
    return list(
        models.Delegation.objects.select_related("from_board")
        .filter(from_board__system=kept.system, valid__contains=moment.valid_on, known__contains=moment.known_at)
        .order_by("function", "key")
    )


def _seats(seated: Board, names: dict[str, str], moment: Moment) -> Table:
    day = moment.valid_on
    rows = []
    for seat in seated.seats_on(day):
        held = [one for one in seated.holdings if one.seat == seat.key and one.is_on(day)]
        for one in held or [None]:
            status = _(STATUSES[one.status]) if one and one.status != "substantive" else ""
            rows.append({
                "seat": seat.title,
                "kind": ", ".join(kind_said(kind) for kind in sorted(seat.kinds, key=lambda one: one != seat.category)),
                "votes": _("Yes") if seat.is_voting else _("No"),
                "person": names[one.person] if one else _("Vacant"),
                "status": status,
                "for": one.on_behalf_of if one else "",
                "since": one.start if one else None,
            })  # fmt: skip
    return Table(
        [
            Column("seat", _("Seat")),
            Column("person", _("Held by")),
            Column("status", _("As")),
            Column("for", _("For")),
            Column("kind", _("Kind")),
            Column("votes", _("Votes")),
            Column("since", _("Since"), "date"),
        ],
        rows,
        caption=_("Seats and who holds them"),
        name="seats",
        per_page=0,
        empty=_("This board has no seats on this day. A board secretary adds them."),
    )


def _meetings(kept: models.Board, moment: Moment) -> Table:
    rows = kept.meetings.filter(at__lte=moment.known_at).order_by("-starts_at")
    return Table(
        [
            Column("day", _("Meeting"), "link", "href"),
            Column("on", _("Day"), "date", where="file"),
            Column("kind", _("Kind")),
            Column("public", _("Open to the public")),
            Column("items", _("Items"), "number"),
        ],
        [
            {
                "day": said_day(one), "on": day_of(one), "href": reverse("governance:meeting", args=[one.key]),
                "kind": _(MEETING_KINDS[one.kind]), "public": _("Yes") if one.is_public else _("No"),
                "items": one.items.count(),
            }
            for one in rows
        ],
        caption=_("Meetings"),
        name="meetings",
        per_page=10,
        empty=_("No meeting of this board is called. A board secretary calls one."),
    )  # fmt: skip


def decisions_table(request: Any, kept: models.Board, moment: Moment) -> Table:
    """Answer the decisions of a board up to a day; a private one has no title here."""
    sees = sees_private(request, kept.key)
    rows = []
    for one in (
        kept.decisions.filter(at__lte=moment.known_at)
        .select_related("board", "item__meeting")
        .prefetch_related("adoptions")
        .order_by("-decided_at")
    ):
        if day_decided(one) > moment.valid_on:
            continue
        hidden = one.item is not None and one.item.is_private and not sees
        rows.append({
            "title": title_of(one.item, sees) if one.item else _("Urgent decision"),
            "href": "" if hidden else reverse("governance:decision", args=[one.reference]),
            "on": day_decided(one),
            "outcome": outcome_said(one, moment)["text"],
            "pence": None if hidden else one.amount_pence,
        })  # fmt: skip
    return Table(
        [
            Column("title", _("Decision"), "link", "href"),
            Column("on", _("Day"), "date"),
            Column("outcome", _("Outcome")),
            Column("pence", _("Money"), "pence"),
        ],
        rows,
        caption=_("Decisions"),
        name="decisions",
        per_page=10,
        empty=_("This board has decided nothing by this day."),
    )
