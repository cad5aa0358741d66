"""Submitting a paper: choose its item, then one form for what a board needs to decide on it, in the order it is read.

Each part is asked for once; a new version begins with what the last one says. A part may be left out: then the item is
taken for discussion, and the check page says what is missing (B8).
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.acts import papers as acts
from joinedup.governance.kept.citations import KINDS
from joinedup.governance.kept.meetings import as_changed, day_of, item_of, must_be_on_agenda, not_cancelled
from joinedup.governance.meetings.chain import TIERS
from joinedup.governance.meetings.expected_effect import EffectUnclear, NoExpectedEffect
from joinedup.governance.meetings.notice import days_late
from joinedup.governance.meetings.papers import PURPOSES, TRIPLE_AIM, PaperParts, missing_parts
from joinedup.governance.views.parts import (
    board_names,
    crumbs,
    item_crumbs,
    may,
    members_of,
    missing_said,
    must_see,
    names_of,
    own_boards,
    people_items,
    person_of,
    said_day,
)
from joinedup.governance.views.pounds_sent import pence_sent
from joinedup.measures import definitions
from joinedup.moment import LONDON, Moment, now
from joinedup.ui import Column, Page, Table, day
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items

CITED = {
    "decision": "Decision", "plan_line": "Line of a plan", "measure": "Measure", "allocation": "Allocation",
    "budget_line": "Budget line",
}  # fmt: skip
EFFECT = ("measure", "size", "by", "for")


@requires("governance.submit")
@require_safe
def choose(request: Any) -> HttpResponseBase:
    """The items of coming meetings, nearest first: which one is the paper for?"""
    moment = now()
    names = board_names(moment)
    begins = datetime.combine(moment.valid_on, time(), tzinfo=LONDON)
    meetings = not_cancelled(
        models.Meeting.objects.filter(starts_at__gte=begins, board__in=names), moment.known_at
    ).order_by("starts_at", "key")[:30]
    rows = models.AgendaItem.objects.select_related("meeting").filter(meeting__in=list(meetings), decision=None)
    mine = own_boards(person_of(request), moment)
    prepares = may(request, "governance.prepare")
    items = [
        one for one in as_changed(rows, moment.known_at)
        if not one.withdrawn and (not one.is_private or prepares or one.meeting.board_id in mine)
    ]  # fmt: skip
    have = dict(models.PaperVersion.objects.filter(item__in=items).order_by("number").values_list("item", "number"))
    items.sort(key=lambda one: (one.meeting.starts_at, one.meeting_id, one.number))
    return Page(
        request,
        "governance/submit.jinja",
        title=_("Submit a paper"),
        breadcrumbs=crumbs(),
        items=Table(
            [
                Column("title", _("Item"), "link", "href"),
                Column("board", _("Board")),
                Column("meets", _("Meeting")),
                Column("due", _("Papers due"), "date"),
                Column("state", _("Paper")),
            ],
            [
                {
                    "title": one.title, "href": reverse("governance:paper", args=[one.key]),
                    "board": names[one.meeting.board_id], "meets": said_day(one.meeting),
                    "due": one.meeting.papers_due,
                    "state": _("Version %(number)s") % {"number": have[one.key]} if one.key in have else _("None yet"),
                }
                for one in items
            ],
            caption=_("Which item is the paper for?"),
            name="items",
            empty=_("No item waits for a paper. A board secretary calls a meeting and puts items on its agenda."),
        ),
    ).response()  # fmt: skip


@requires("governance.submit")
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: Any, key: str) -> HttpResponseBase:
    """Submit the paper of an item, or a new version of it."""
    kept = item_of(key)
    must_see(request, kept)
    must_be_on_agenda(kept)
    moment = Moment(day_of(kept.meeting), now().known_at)
    last = kept.paper_versions.order_by("-number").first()
    paper = last.paper_id if last else f"paper-{key}"
    late = days_late(now().known_at, kept.meeting.papers_due)
    takes_late = may(request, "governance.preside")
    members = members_of(kept.meeting.board_id, moment)
    questions = [
        *_words(last),
        *_parts(kept, last),
        *_effect(kept),
        *_rests_on(last),
        Question("embargo", "day", _("Under embargo until which day?"), is_optional=True,
                 hint=_("Until 12:00 of that day only those named below read it")),
        Question("listed", "checks", _("Who reads it before?"), is_optional=True,
                 items=people_items(members, names_of(members, moment))),
    ]  # fmt: skip
    if late and takes_late:
        questions.append(
            Question("late", "long", _("Why is it taken late?"), _("Say why it is taken late"),
                     hint=_("Everybody may read this reason"))
        )  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if late and not takes_late:
            errors["title"] = _(
                "Papers were due on %(day)s. The chair or the board secretary may take yours with a reason: ask them, "
                "or put it on the next agenda"
            ) % {"day": day(kept.meeting.papers_due)}  # fmt: skip
        given = {name for name in EFFECT if got.values[name]}
        if given and given != set(EFFECT):
            first = next(name for name in EFFECT if name not in given)
            errors["by-day" if first == "by" else first] = _(
                "An expected effect needs a measure, how much, by when and for whom"
            )
        for line in _lines(got, "cites"):
            kind, _space, id_ = line.partition(" ")
            if kind not in KINDS or not id_.strip():
                words = _("Write each as a kind and its id, such as measure emergency-admissions: %(line)s")
                errors["cites"] = words % {"line": line}

    number = 0

    def do(got: Answers) -> None:
        nonlocal number
        until = got.values["embargo"]
        number = acts.submit_paper(
            request.grant, key, paper, title=got.text("title"), text=got.text("text"), parts=_parts_in(got),
            cites=[_cite(line) for line in _lines(got, "cites")], submitted_at=now().known_at,
            expects=[_effect_in(got)] if got.text("measure") else (),
            embargo_until=datetime.combine(until, time(12), tzinfo=LONDON) if isinstance(until, date) else None,
            listed=list(got.chosen("listed")), late_reason=str(got.values.get("late", "")),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        words = _("Version %(number)s of the paper is submitted.") % {"number": number}
        return words, reverse("governance:item", args=[key])

    intro = [_("Papers are due by %(day)s.") % {"day": day(kept.meeting.papers_due)}]
    if late:
        intro.append(_("It is %(days)s days late.") % {"days": late})
    title = _("Submit a new version of the paper") if last else _("Submit a paper")
    return answer(
        request,
        Act(title, _("Submit it"), "paper", item_crumbs(kept), questions, do, done, caption=kept.title, intro=intro,
            check=check, worked=lambda got: _missing(kept, got)),
        fields=[
            (acts.LatePaper, ("late", "title")), ((NoExpectedEffect, EffectUnclear), ("size",)),
            (NotFound, ("cites",)),
        ], read_pounds=pence_sent,
    )  # fmt: skip


def _words(last: models.PaperVersion | None) -> list[Question]:
    return [
        Question("title", "text", _("What is the paper called?"), _("Say what the paper is called"),
                 start=last.title if last else None),
        Question("text", "long", _("What does it say?"), _("Write the paper, or its summary"),
                 hint=_("What is asked of the board, and why. An empty line begins a paragraph"),
                 start=last.text if last else None),
    ]  # fmt: skip


def _parts(kept: models.AgendaItem, last: models.PaperVersion | None) -> list[Question]:
    """Answer the questions for the parts that B8 asks for, in its order."""
    said = last.parts if last else {}
    aims = said.get("triple_aim", {})
    cost = said.get("cost_pence") if last else kept.amount_pence
    lines = {name: "\n".join(said.get(name, ())) for name in ("evidence", "engagement", "co_production")}
    one_a_line = _("One a line")
    return [
        Question("purposes", "checks", _("Which purposes does it serve?"), is_optional=True,
                 items=code_items({one: _(text) for one, text in PURPOSES.items()}),
                 start=",".join(said.get("purposes", kept.purposes))),
        *(Question(f"aim-{aim}", "long", _(text), is_optional=True, start=aims.get(aim), hint=_("What it does for it"))
          for aim, text in TRIPLE_AIM.items()),
        Question("evidence", "long", _("What evidence does it rest on?"), is_optional=True, hint=one_a_line,
                 start=lines["evidence"]),
        Question("engagement", "long", _("Who was asked?"), is_optional=True, hint=one_a_line,
                 start=lines["engagement"]),
        Question("co_production", "long", _("Who made it together with you?"), is_optional=True, hint=one_a_line,
                 start=lines["co_production"]),
        Question("no_engagement", "long", _("If nobody was asked, why?"), is_optional=True,
                 start=said.get("no_engagement_reason")),
        Question("equality", "long", _("What is its impact on equality?"), is_optional=True,
                 start=said.get("equality_impact")),
        Question("conflicts", "long", _("Which conflicts of interest were considered?"), is_optional=True,
                 start=said.get("conflicts_considered")),
        Question("cost", "pounds", _("What does it cost?"), _("The cost"), is_optional=True, hint=_("0 is an answer"),
                 start=None if cost is None else f"{cost // 100}.{cost % 100:02d}"),
        Question("tier", "choice", _("What is the lowest tier that could decide it?"), is_optional=True,
                 items=code_items({one: _(text) for one, text in TIERS.items()}, _("Not said")),
                 start=said.get("lowest_tier")),
    ]  # fmt: skip


def _effect(kept: models.AgendaItem) -> list[Question]:
    expects = kept.expects or {}
    until = expects.get("by")
    titles = {key: one.title for key, one in definitions().items()}
    hint = _("Needed before the vote, since money is asked for") if kept.asks else ""
    return [
        Question("measure", "choice", _("Which measure is expected to move?"), is_optional=True, hint=hint,
                 items=code_items(dict(sorted(titles.items(), key=lambda one: one[1])), _("None")),
                 start=expects.get("measure")),
        Question("size", "text", _("By how much?"), is_optional=True, hint=_("Such as 5% fewer, or 2.5 more"),
                 start=expects.get("size")),
        Question("by", "day", _("By when?"), is_optional=True, start=date.fromisoformat(until) if until else None),
        Question("for", "text", _("For whom?"), is_optional=True, start=expects.get("for")),
    ]  # fmt: skip


def _rests_on(last: models.PaperVersion | None) -> list[Question]:
    kinds = ", ".join(f"{one} ({_(text).lower()})" for one, text in CITED.items())
    return [
        Question("cites", "long", _("Which figures and decisions does it cite?"), is_optional=True,
                 hint=_("One a line: %(kinds)s, then its id. It is kept as known today.") % {"kinds": kinds},
                 start="\n".join(f"{one['kind']} {one['id']}" for one in last.cites) if last else None),
    ]  # fmt: skip


def _lines(got: Answers, name: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in got.text(name).splitlines() if line.strip())


def _cite(line: str) -> tuple[str, str]:
    kind, _space, id_ = line.partition(" ")
    return kind, id_.strip()


def _effect_in(got: Answers) -> dict[str, Any]:
    return {
        "measure": got.text("measure"), "size": got.text("size"), "by": str(got.values["by"]), "for": got.text("for"),
    }  # fmt: skip


def _parts_in(got: Answers) -> PaperParts:
    return PaperParts(
        purposes=got.chosen("purposes"), triple_aim={aim: got.text(f"aim-{aim}") for aim in TRIPLE_AIM},
        evidence=_lines(got, "evidence"), engagement=_lines(got, "engagement"),
        co_production=_lines(got, "co_production"), no_engagement_reason=got.text("no_engagement"),
        equality_impact=got.text("equality"), conflicts_considered=got.text("conflicts"),
        cost_pence=got.values["cost"], lowest_tier=got.text("tier"),
    )  # fmt: skip


def _missing(kept: models.AgendaItem, got: Answers) -> list[Table]:
    """Answer what the paper still lacks before the board may approve the item, said before it is submitted (B8)."""
    missing = missing_parts(_parts_in(got)) if kept.type == "approve" else ()
    if not missing:
        return []
    return [
        Table(
            [Column("part", _("What is missing"))], [{"part": missing_said([one])} for one in missing],
            caption=_("Without these parts it can be discussed, and not decided"),
            name="missing", can_download=False, can_sort=False, can_filter=False,
        )
    ]  # fmt: skip
