"""A decision: outcome, model, quorum as known then and corrected, conflicts, votes, dissent, adoption, money."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.acts import adopting
from joinedup.governance.boards.governance_models import model_named
from joinedup.governance.interests.register import NATURES
from joinedup.governance.kept.assurance import status_of
from joinedup.governance.kept.decisions import adoption_of, day_decided, decision_of
from joinedup.governance.kept.expecting import effects_of
from joinedup.governance.meetings.adoption import STATUSES
from joinedup.governance.meetings.chain import TIERS
from joinedup.governance.meetings.lost_quorum import WAYS
from joinedup.governance.meetings.voting import Tally
from joinedup.governance.reading import quorum_views
from joinedup.governance.views.cited import cited_shown
from joinedup.governance.views.parts import (
    ACTIONS,
    VOTES,
    board_crumb,
    board_name,
    crumbs,
    item_crumbs,
    may,
    must_see,
    names_of,
    outcome_said,
    said_minute,
    sees_private,
)
from joinedup.moment import LONDON, Moment, now
from joinedup.ui import Column, Page, Table
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items
from joinedup.ui.sent import NOTICE

POSITIONS = dict(zip(STATUSES, ("Adopted", "Adopted under a condition", "Declined", "Nothing yet"), strict=True))
METHODS = {"consensus": "By consensus", "vote": "By votes", "urgent": "Urgently", "delegated": "Under a delegation"}


@requires("governance.read")
@require_safe
def decision(request: Any, key: str) -> HttpResponseBase:
    kept = decision_of(key)
    must_see(request, kept.item)
    if kept.at > request.moment.known_at:
        raise NotFound(_("This decision was not known at that time."))
    day = day_decided(kept)
    then = Moment(day, request.moment.known_at)
    moment = Moment(max(request.moment.valid_on, day), request.moment.known_at)
    # Who decides alone or urgently has no quorum: the record says who it was instead.
    views = quorum_views(key, request.moment.known_at) if "count" in kept.quorum_snapshot else None
    votes = kept.votes_snapshot
    people = {one["person"] for one in kept.conflicts_snapshot} | set(kept.dissents.values_list("person", flat=True))
    people |= {one["person"] for name in ("counted", "set_aside", "superseded") for one in votes.get(name, ())}
    people |= {one["decided_by"] for one in kept.conflicts_snapshot} | {votes.get("presiding", "")}
    if views is not None:
        people |= {*views.as_known.counted, *views.corrected.counted, *(one.person for one in views.corrections)}
    names = names_of(people, then)
    adoption = adoption_of(kept, moment)
    given = models.GivenAuthority.objects.filter(decision=kept).first()
    asks = kept.asks or {}
    return Page(
        request,
        "governance/decision.jinja",
        title=kept.item.title if kept.item else kept.text,
        breadcrumbs=item_crumbs(kept.item) if kept.item else crumbs(board_crumb(kept.board_id, then)),
        notice=request.session.pop(NOTICE, ""),
        decision=kept,
        item=kept.item,
        board=board_name(kept.board_id, then),
        outcome=outcome_said(kept, moment),
        model=model_named(kept.model).title,
        method=_(METHODS[kept.method]),
        tier=_(TIERS[kept.tier]),
        decided_at=kept.decided_at.astimezone(LONDON),
        reasons=[_(WAYS.get(one, one)) for one in kept.reasons],
        views=views,
        quorum=_quorum(views, names) if views else None,
        corrections=[
            (names[one.person], one.known_at.astimezone(LONDON), one.reason)
            for one in (views.corrections if views else ())
        ],
        conflicts=_conflicts(kept, names),
        tally=Tally(votes["votes_for"], votes["votes_against"], votes["abstentions"], votes["no_vote"]).says
        if "votes_for" in votes
        else "",
        votes=_votes(votes, names) if votes.get("counted") or votes.get("superseded") else None,
        dissents=[(names[one.person], one.text) for one in kept.dissents.order_by("pk")],
        adoption=adoption,
        positions=_positions(kept, request.moment) if adoption else None,
        may_adopt=may(request, "governance.prepare") and adoption is not None,
        authority=given.authority if given else "",
        plan_lines=sorted({
            *filter(None, [asks.get("plan_line")]), *(asks.get("planning") or {}).get("plan_lines", ()),
            *_cited_lines(kept),
        }),
        gap=(asks.get("planning") or {}).get("gap"),
        cites=cited_shown(_cites(kept), request.moment.known_at, request),
        effects=effects_of(kept),
        commitments=[
            {"text": one.text, "owner": one.owner, "due": one.due_on, "status": status_of(one.key, moment)}
            for one in kept.commitments.order_by("due_on", "key")
        ],
        papers=[one | {"version": models.PaperVersion.objects.get(paper=one["paper"], number=one["number"])}
                for one in kept.papers],
        supersedes=kept.supersedes_id,
        taken_on=_taken_on(request, kept),
        may_ratify=may(request, "governance.preside") and kept.method == "urgent"
        and not models.Ratification.objects.filter(decision=kept).exists(),
        may_take_on=may(request, "governance.prepare") and _waits_elsewhere(kept),
        superseded_by=list(kept.successors.values_list("reference", flat=True)),
    ).response()  # fmt: skip


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def adopt(request: Any, key: str) -> HttpResponseBase:
    """Record what a member body made of a decision of a joint committee."""
    kept = decision_of(key)
    questions = [
        Question("body", "choice", _("Which body?"), _("Choose which body"),
                 items=code_items({one: one for one in kept.board.joint_of}, _("Choose a body"))),
        Question("status", "radios", _("What did it make of the decision?"), _("Choose what it made of the decision"),
                 items=code_items({one: _(text) for one, text in POSITIONS.items() if one != "none"})),
        Question("duty", "text", _("Under which of its duties?"), is_optional=True,
                 hint=_("Named where it adopts the decision.")),
        Question("condition", "text", _("Under which condition?"), is_optional=True),
        Question("by", "text", _("Who decided it there?"), _("Say who decided it there"),
                 hint=_("Such as its cabinet, or its board.")),
        Question("on", "day", _("On which day?"), _("The day"), start=now().valid_on),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        adopting.record_adoption(
            request.grant, key, got.text("body"), status=got.text("status"), decided_by=got.text("by"),
            on=got.day("on"), duty=got.text("duty"), condition=got.text("condition"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The body's word is recorded."), reverse("governance:decision", args=[key])

    here = item_crumbs(kept.item) if kept.item else crumbs(board_crumb(kept.board_id, now()))
    title = _("Record what a member made of it")
    return answer(request, Act(title, _("Record it"), "adopt", here, questions, do, done, caption=kept.text))


def _taken_on(request: Any, kept: models.Decision) -> models.AgendaItem | None:
    """Answer the item by which another board took on what was referred to it, where this reader may see it."""
    found = models.ReferredItem.objects.select_related("item__meeting").filter(
        decision=kept, at__lte=request.moment.known_at
    ).first()  # fmt: skip
    if found is None or (found.item.is_private and not sees_private(request, found.item.meeting.board_id)):
        return None
    return found.item


def _waits_elsewhere(kept: models.Decision) -> bool:
    """Answer whether another board is still to take on what was referred to it."""
    return kept.outcome == "referred" and not models.ReferredItem.objects.filter(decision=kept).exists()


def _quorum(views: Any, names: dict[str, str]) -> Table:
    rows = [{
        "view": _("As known when it was decided"), "says": views.as_known.says,
        "counted": ", ".join(sorted(names[one] for one in views.as_known.counted)),
    }]  # fmt: skip
    if views.corrections:
        rows.append({
            "view": _("As corrected since"), "says": views.corrected.says,
            "counted": ", ".join(sorted(names[one] for one in views.corrected.counted)),
        })  # fmt: skip
    return Table(
        [Column("view", _("View")), Column("says", _("Quorum")), Column("counted", _("Who counted"))],
        rows, caption=_("Quorum of this item"), name="quorum", can_sort=False,
    )  # fmt: skip


def _conflicts(kept: models.Decision, names: dict[str, str]) -> Table:
    return Table(
        [
            Column("person", _("Person")), Column("nature", _("Conflict")), Column("action", _("What was decided")),
            Column("by", _("Decided by")),
        ],
        [
            {
                "person": names[one["person"]], "nature": _(NATURES.get(one["nature"], "")) if one["nature"] else "",
                "action": _(ACTIONS[one["action"]]) if one["action"] else _("Nothing"),
                "by": names.get(one["decided_by"], ""),
            }
            for one in kept.conflicts_snapshot
        ],
        caption=_("Conflicts of interest at that minute"), name="conflicts",
        empty=_("Nobody had declared a conflict."),
    )  # fmt: skip


def _votes(votes: dict[str, Any], names: dict[str, str]) -> Table:
    from datetime import datetime

    rows = [
        {
            "person": names[one["person"]], "value": _(VOTES[one["value"]]),
            "at": said_minute(datetime.fromisoformat(one["cast_at"])), "counts": words,
        }
        for name, words in (
            ("counted", _("Counted")), ("set_aside", _("Set aside: a conflict, or not there")),
            ("superseded", _("A later vote counts")),
        )
        for one in votes.get(name, ())
    ]  # fmt: skip
    return Table(
        [Column("person", _("Member")), Column("value", _("Vote")), Column("at", _("At")),
         Column("counts", _("Counts"))],
        rows, caption=_("Votes"), name="votes", per_page=0,
    )  # fmt: skip


def _positions(kept: models.Decision, moment: Moment) -> Table:
    last = {row.body: row for row in kept.adoptions.filter(at__lte=moment.known_at).order_by("pk")}
    return Table(
        [
            Column("body", _("Member body")), Column("status", _("Its word")), Column("duty", _("Under which duty")),
            Column("by", _("Decided there by")), Column("on", _("Day"), "date"),
        ],
        [
            {
                "body": body, "status": _(POSITIONS[last[body].status]) if body in last else _("Nothing yet"),
                "duty": last[body].duty if body in last else "", "by": last[body].decided_by if body in last else "",
                "on": last[body].on if body in last else None,
            }
            for body in kept.board.joint_of
        ],
        caption=_("What member bodies made of it"), name="positions",
    )  # fmt: skip


def _cites(kept: models.Decision) -> list[dict[str, Any]]:
    """Answer what the papers cite that a decision rests on, once each."""
    found = {}
    for one in kept.papers:
        version = models.PaperVersion.objects.get(paper=one["paper"], number=one["number"])
        found |= {(cite["kind"], cite["id"]): cite for cite in version.cites}
    return list(found.values())


def _cited_lines(kept: models.Decision) -> list[str]:
    return [cite["id"] for cite in _cites(kept) if cite["kind"] == "plan_line"]
