"""One item of an agenda: its paper, declared and proposed conflicts, its quorum now, votes, and what comes next."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import Refused, RuleError
from joinedup.governance import models
from joinedup.governance.acts.papers import open_paper, parts_of
from joinedup.governance.interests.register import NATURES
from joinedup.governance.kept.conflicts import actions_of
from joinedup.governance.kept.delegations import verdict_on
from joinedup.governance.kept.expecting import newest_statement
from joinedup.governance.kept.meetings import day_of, item_of, presiding_at
from joinedup.governance.kept.standing import Room, clock_of, proposed_conflicts, room_at
from joinedup.governance.meetings.asking_planning import of_money
from joinedup.governance.meetings.lost_quorum import WAYS
from joinedup.governance.meetings.papers import PURPOSES, TRIPLE_AIM, type_of_item
from joinedup.governance.views.agenda_lines import paper_said
from joinedup.governance.views.cited import cited_shown
from joinedup.governance.views.parts import (
    ACTIONS,
    TYPES,
    VOTES,
    board_names,
    may,
    meeting_crumbs,
    members_of,
    missing_said,
    must_see,
    names_of,
    outcome_said,
    people_items,
    person_of,
    said_minute,
    sees_private,
    title_of,
)
from joinedup.moment import Moment, now
from joinedup.ui import Column, Page, Table, day
from joinedup.ui.sent import NOTICE


@requires("governance.read")
@require_safe
def item(request: Any, key: str) -> HttpResponseBase:
    return item_page(request, key, {}, {})


def item_page(request: Any, key: str, values: dict[str, str], errors: dict[str, str]) -> HttpResponseBase:
    """Answer the page of an item, with what was typed into its forms and what was wrong with it."""
    kept = item_of(key)
    must_see(request, kept)
    moment = Moment(day_of(kept.meeting), now().known_at)
    clock = clock_of(kept.meeting, moment.known_at)
    members = members_of(kept.meeting.board_id, moment)
    names = names_of(
        {*members, *kept.declarations.values_list("person", flat=True), *kept.votes.values_list("person", flat=True),
         *kept.meeting.attendances.values_list("person", flat=True),
         *kept.conflict_actions.values_list("decided_by", flat=True)}, moment,
    )  # fmt: skip
    opened = models.ItemOpened.objects.filter(item=kept).first()
    decision = models.Decision.objects.select_related("board").filter(item=kept).first()
    version = kept.paper_versions.order_by("-number").first()
    _type, missing = type_of_item(kept.type, parts_of(version) if version else None)
    effects = newest_statement(kept, moment.known_at)
    if kept.amount_pence and of_money(kept.asks or {}) and not effects:
        missing = (*missing, "expected_effect")
    room = room_at(kept, clock, moment.known_at)
    person = person_of(request)
    may_run = may(request, "governance.preside")
    is_open = opened is not None and decision is None and opened.type == "approve"
    may_vote = is_open and room.standing.shows_vote_form
    cast = kept.votes.filter(person=person).order_by("-cast_at", "-pk").first() if person else None
    return Page(
        request,
        "governance/item.jinja",
        title=kept.title,
        breadcrumbs=meeting_crumbs(kept.meeting),
        notice=request.session.pop(NOTICE, ""),
        item=kept,
        type=_(TYPES[opened.type if opened else kept.type]),
        opened=opened,
        opened_at=said_minute(opened.since) if opened else "",
        decision=decision,
        outcome=outcome_said(decision, Moment(now().valid_on, moment.known_at)) if decision else None,
        effects=[
            _("%(size)s of %(measure)s by %(by)s, for %(whom)s")
            % {"size": one.size, "measure": one.measure.replace("-", " "), "by": day(one.by_day), "whom": one.whom}
            for one in effects
        ],
        paper=_paper(request, version),
        version=version,
        paper_said=paper_said(kept, version, missing),
        missing=missing_said(missing),
        referral=_referral(kept, room, moment),
        room=room,
        clock=said_minute(clock),
        ways=[_(WAYS[one]) for one in room.standing.options],
        there=[names[one] for one in room.standing.quorum.present],
        excluded=[names[one] for one in room.standing.quorum.excluded],
        conflicts=_conflicts(kept, room, names, moment, may_decide=may_run and decision is None),
        proposals=_proposals(kept, names, moment, person, may_run=may_run) if decision is None else None,
        votes=_votes(kept, names) if opened else None,
        person=person,
        cast=_(VOTES[cast.value]) if cast else "",
        may_run=may_run,
        may_submit=decision is None and not kept.withdrawn and may(request, "governance.submit"),
        may_change=decision is None and opened is None and not kept.withdrawn and may(request, "governance.prepare"),
        purposes=[_(PURPOSES[one]) for one in kept.purposes],
        **_referred(request, kept, decision, moment),
        may_declare=decision is None and (may_run or (may(request, "governance.declare") and bool(person))),
        may_vote=may_vote and may(request, "governance.vote") and person in members,
        may_record_votes=may_vote and may_run,
        has_proxies=may_vote and kept.meeting.proxies.exists(),
        may_open=may_run and opened is None and decision is None and not kept.withdrawn,
        may_close=may_run and is_open,
        voters=people_items(room.standing.quorum.present, names, _("Choose a member")),
        chair=names.get(presiding_at(kept.meeting, clock).person, ""),
        choices=[{"value": key, "text": _(text)} for key, text in VOTES.items()],
        values=values or {"at": said_minute(clock)},
        errors=errors,
    ).response(422 if errors else 200)


def _referred(
    request: Any, kept: models.AgendaItem, decision: models.Decision | None, moment: Moment
) -> dict[str, Any]:
    """Answer where an item came from, where it went on, and whether it waits to be taken on by another board."""
    came = models.ReferredItem.objects.select_related("decision").filter(item=kept).first()
    went = models.ReferredItem.objects.select_related("item").filter(decision=decision).first() if decision else None
    waits = decision is not None and went is None and decision.outcome == "referred"
    names = board_names(moment)
    return {
        "referred_from": came and {
            "reference": came.decision_id,
            "board": names.get(came.decision.board_id, came.decision.board_id),
        },
        "taken_on": went and {
            "key": went.item_id, "title": title_of(went.item, sees_private(request, went.item.meeting.board_id)),
        },
        "may_take_on": waits and may(request, "governance.prepare"),
    }  # fmt: skip


def _paper(request: Any, version: models.PaperVersion | None) -> dict[str, Any] | None:
    """Answer what the paper says, or why whoever asks does not read it."""
    if version is None:
        return None
    try:
        found = open_paper(request.grant if request.grant.permission == "governance.read" else _reads(request),
                           version.paper_id, version.number, at=now().known_at)  # fmt: skip
    except (Refused, RuleError) as error:
        return {"withheld": str(error).partition(": ")[2] or str(error)}
    parts = parts_of(found)
    return {
        "title": found.title,
        "text": found.text,
        "purposes": [_(PURPOSES[one]) for one in parts.purposes],
        "aims": [(_(TRIPLE_AIM[one]), text) for one, text in parts.triple_aim.items() if text],
        "evidence": parts.evidence,
        "equality": parts.equality_impact,
        "conflicts": parts.conflicts_considered,
        "engagement": [*parts.engagement, *parts.co_production, *filter(None, [parts.no_engagement_reason])],
        "cost": parts.cost_pence,
        "cites": cited_shown(found.cites, now().known_at, request),
        "late_reason": found.late_reason,
    }


def _reads(request: Any) -> Any:
    from joinedup.access import grant_for

    return grant_for(request, "governance.read")


def _referral(kept: models.AgendaItem, room: Room, moment: Moment) -> list[str]:
    """Answer why this board may not decide the item and who may, before anybody votes on it (D6)."""
    verdict = verdict_on(
        kept.meeting.board, kept.function, kept.amount_pence, kept.supplier, room.at, moment.known_at,
        supersedes=kept.supersedes,
    )  # fmt: skip
    if verdict is None or verdict.is_allowed or kept.type != "approve":
        return []
    to = board_names(moment).get(verdict.refer_to, verdict.refer_to)
    reasons = [one.says[:1].upper() + one.says[1:] for one in verdict.reasons]
    return [*reasons, _("It will be referred to: %(board)s") % {"board": to}]


def _conflicts(
    kept: models.AgendaItem, room: Room, names: dict[str, str], moment: Moment, *, may_decide: bool
) -> Table:
    actions = actions_of(kept, room.at, moment.known_at)
    declared = {row.person: row for row in kept.declarations.order_by("declared_at", "pk")}
    columns = [
        Column("person", _("Person")),
        Column("nature", _("Conflict")),
        Column("said", _("What was said")),
        Column("action", _("What was decided")),
        Column("by", _("Decided by")),
    ]
    if may_decide:
        columns.append(Column("change", _("Change"), "link", "href", where="page"))
    rows = []
    for person in sorted(declared.keys() | actions.keys(), key=lambda one: names.get(one, one)):
        row, action = declared.get(person), actions.get(person)
        rows.append({
            "person": names.get(person, person),
            "nature": _(NATURES[row.nature]) if row else "",
            "said": (row.said or _("As in the register of interests")) if row else "",
            "action": _(ACTIONS[action.action]) if action else _("Nothing yet"),
            "by": names.get(action.decided_by, action.decided_by) if action else "",
            "change": _("Decide"),
            "href": f"{reverse('governance:conflict', args=[kept.key])}?person={person}",
        })  # fmt: skip
    return Table(
        columns,
        rows,
        caption=_("Conflicts declared in this item"),
        name="conflicts",
        empty=_("Nobody declared a conflict in this item."),
    )


def _proposals(
    kept: models.AgendaItem, names: dict[str, str], moment: Moment, person: str, *, may_run: bool
) -> list[dict[str, str]]:
    """Answer which declared interests the item seems to touch, and nobody has spoken about yet (I3).

    Who runs the meeting sees all of them, a member the own ones: an interest may be one that is not published.
    """
    spoken = set(kept.declarations.values_list("person", flat=True))
    spoken |= set(kept.conflict_actions.values_list("person", flat=True))
    return [
        {"person": names.get(one.person, one.person), "says": one.says,
         "href": f"{reverse('governance:conflict', args=[kept.key])}?person={one.person}" if may_run else ""}
        for one in proposed_conflicts([kept], moment)
        if one.person not in spoken and (may_run or one.person == person)
    ]  # fmt: skip


def _votes(kept: models.AgendaItem, names: dict[str, str]) -> Table:
    rows = list(kept.votes.order_by("cast_at", "pk"))
    last = {(row.proxy_for or row.person): row.pk for row in rows}
    return Table(
        [
            Column("person", _("Member")),
            Column("value", _("Vote")),
            Column("at", _("At")),
            Column("counts", _("Counts")),
        ],
        [
            {
                "person": names.get(row.person, row.person), "value": _(VOTES[row.value]),
                "at": said_minute(row.cast_at),
                "counts": _("Yes") if last[row.proxy_for or row.person] == row.pk else _("No, a later vote counts"),
            }
            for row in rows
        ],
        caption=_("Votes"),
        name="votes",
        per_page=0,
        empty=_("Nobody has voted yet."),
    )  # fmt: skip
