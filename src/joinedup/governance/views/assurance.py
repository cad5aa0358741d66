"""Risks on the five by five with the gaps of the assurance framework; commitments, with what was shown for them."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.acts import assurance as acts
from joinedup.governance.assurance.appetite import appetite_for, is_above
from joinedup.governance.assurance.commitments import status_on
from joinedup.governance.assurance.risks import band_of
from joinedup.governance.kept.assurance import (
    appetites_of,
    as_scores,
    closing_of,
    commitments_of,
    framework_gaps,
    newest_score,
    open_risks,
)
from joinedup.governance.kept.registers import visible
from joinedup.governance.views.parts import board_names, crumbs, may
from joinedup.governance.views.risk_acts import GRAVE, LIKELY, LINES_SAID, risk_of
from joinedup.moment import Moment, now
from joinedup.ui import Column, Crumb, Page, Table
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items
from joinedup.ui.sent import NOTICE

BANDS = {"low": "Low", "moderate": "Moderate", "high": "High", "extreme": "Extreme"}
BAND_COLOURS = {"low": "green", "moderate": "yellow", "high": "orange", "extreme": "red"}
STATUSES = {
    "open": "Open", "overdue": "Overdue", "met": "Met", "broken": "Broken", "superseded": "Superseded",
}  # fmt: skip


@requires("governance.read")
@require_safe
def risks(request: Any) -> HttpResponseBase:
    moment = request.moment
    names = board_names(moment)
    found = _scored(names, moment)
    cells: dict[tuple[int, int], list[str]] = {}
    for risk, scores in found:
        cells.setdefault((scores.current.likelihood, scores.current.consequence), []).append(risk.key)
    matrix = [
        {
            "likelihood": f"{likelihood} {_(LIKELY[likelihood - 1])}",
            "cells": [
                {
                    "number": likelihood * grave, "keys": cells.get((likelihood, grave), []),
                    "colour": BAND_COLOURS[band_of(likelihood * grave)], "band": _(BANDS[band_of(likelihood * grave)]),
                }
                for grave in range(1, 6)
            ],
        }
        for likelihood in range(5, 0, -1)
    ]  # fmt: skip
    titles = {
        (one.board_id, one.key): one.title
        for one in models.Objective.objects.filter(valid__contains=moment.valid_on, known__contains=moment.known_at)
    }
    return Page(
        request,
        "governance/risks.jinja",
        title=_("Risks and assurance"),
        breadcrumbs=crumbs(),
        matrix=matrix,
        consequences=[f"{number} {_(text)}" for number, text in enumerate(GRAVE, start=1)],
        has_risks=bool(found),
        risks=_risks_table(found, names, titles, moment),
        gaps=_gaps_table(names, titles, moment),
        closed=_closed_table(names, moment),
        notice=request.session.pop(NOTICE, ""),
        may_assure=may(request, "governance.assure"),
    ).response()


@requires("governance.read")
@require_safe
def risk(request: Any, key: str) -> HttpResponseBase:
    """One risk: its scores over time, what is done against it, what shows that it works, and its end."""
    moment = request.moment
    kept = risk_of(key)
    last = newest_score(kept, moment)
    scores = as_scores(last) if last else None
    closed = closing_of(kept, moment)
    most = appetite_for(appetites_of(kept.board_id, moment), kept.objective)
    titles = {one.key: one.title for one in visible(models.Objective, moment, board=kept.board_id)}
    return Page(
        request,
        "governance/risk.jinja",
        title=kept.event,
        breadcrumbs=crumbs(Crumb(_("Risks and assurance"), reverse("governance:risks"))),
        notice=request.session.pop(NOTICE, ""),
        risk=kept,
        board=board_names(moment).get(kept.board_id, kept.board_id),
        objective=titles.get(kept.objective, kept.objective),
        last=last,
        scores=scores,
        band={"text": _(BANDS[scores.current.band]), "colour": BAND_COLOURS[scores.current.band]} if scores else None,
        is_gravest=bool(scores and scores.current.is_gravest),
        most=most,
        is_above=bool(scores and is_above(scores.current, most)),
        is_late=bool(last and closed is None and last.review_by < moment.valid_on),
        closed=closed,
        may_assure=may(request, "governance.assure"),
        has_controls=kept.controls.filter(at__lte=moment.known_at).exists(),
        gaps=[one.says for one in framework_gaps(kept.board_id, moment) if one.risk == key] if not closed else [],
        reviews=_reviews_table(kept, moment),
        controls=_controls_table(kept, moment),
    ).response()


@requires("governance.read")
@require_safe
def commitments(request: Any) -> HttpResponseBase:
    moment = request.moment
    names = board_names(moment)
    asked = request.GET.get("board", "")
    may_assure = may(request, "governance.assure")
    rows = []
    decisions = dict(models.Commitment.objects.values_list("key", "decision"))
    first_due = dict(models.Commitment.objects.values_list("key", "due_on"))
    moves: dict[str, list[models.CommitmentMoved]] = {}
    for moved in models.CommitmentMoved.objects.filter(at__lte=moment.known_at).order_by("pk"):
        moves.setdefault(moved.commitment_id, []).append(moved)
    for board in sorted(names):
        if asked and board != asked:
            continue
        for one, evidence in commitments_of(board, moment.known_at):
            status = status_on(one, evidence, moment.valid_on)
            if status == "open" and one.due_on < moment.valid_on:
                status = "overdue"
            private = _is_private(decisions.get(one.key))
            rows.append({
                "text": one.text, "board": names[board], "owner": one.owner, "due": one.due_on, "test": one.test,
                "status": _(STATUSES.get(status, status)), "evidence": evidence[-1].text if evidence else "",
                "source": one.source,
                "source_href": reverse("governance:decision", args=[decisions[one.key]])
                if decisions.get(one.key) and not private else "",
                "first": first_due[one.key] if one.key in moves else None,
                "moved": "; ".join(move.reason for move in moves.get(one.key, ())),
                "move": _("Move the day") if status in {"open", "overdue"} else "",
                "move_href": reverse("governance:move-commitment", args=[one.key]),
                "change": _("Show evidence") if status in {"open", "overdue"} else "",
                "href": reverse("governance:evidence", args=[one.key]),
            })  # fmt: skip
    columns = [
        Column("text", _("Commitment")), Column("status", _("Stands")), Column("due", _("Due"), "date"),
        Column("first", _("First due"), "date"), Column("moved", _("Moved because")),
        Column("owner", _("Owner")), Column("board", _("Board")), Column("test", _("Kept when")),
        Column("evidence", _("Last evidence")), Column("source", _("From"), "link", "source_href"),
    ]  # fmt: skip
    if may_assure:
        columns += [
            Column("change", _("Change"), "link", "href", where="page"),
            Column("move", _("Day"), "link", "move_href", where="page"),
        ]
    rows.sort(key=lambda row: (row["status"] != _(STATUSES["overdue"]), row["due"]))
    return Page(
        request,
        "governance/commitments.jinja",
        title=_("Commitments and actions"),
        breadcrumbs=crumbs(),
        notice=request.session.pop(NOTICE, ""),
        board=names.get(asked, ""),
        may_assure=may_assure,
        overdue=sum(1 for row in rows if row["status"] == _(STATUSES["overdue"])),
        commitments=Table(
            columns, rows, caption=_("Commitments"), name="commitments",
            notes=[_("An overdue commitment stands on the next agenda of its board by itself.")],
            empty=_("No commitment is open. One is opened from a decision."),
        ),
    ).response()  # fmt: skip


@requires("governance.assure")
@require_http_methods(["GET", "HEAD", "POST"])
def evidence(request: Any, key: str) -> HttpResponseBase:
    kept = models.Commitment.objects.filter(pk=key).first()
    if kept is None:
        raise NotFound(_("There is no such commitment."))
    questions = [
        Question("text", "long", _("What shows how it stands?"), _("Say what shows how it stands"),
                 hint=_("It is kept when: %(test)s") % {"test": kept.test}),
        Question("dated", "day", _("Of which day is that?"), _("The day"), start=now().valid_on),
        Question("status", "radios", _("How does it stand by that?"), _("Choose how it stands"),
                 items=code_items({one: _(text) for one, text in STATUSES.items() if one != "overdue"})),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        acts.give_evidence(request.grant, key, got.text("text"), dated=got.day("dated"), status=got.text("status"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The evidence is kept."), reverse("governance:commitments")

    here = crumbs(Crumb(_("Commitments and actions"), reverse("governance:commitments")))
    title = _("Show evidence for a commitment")
    return answer(
        request, Act(title, _("Keep this evidence"), "evidence", here, questions, do, done, caption=kept.text)
    )


def _scored(names: dict[str, str], moment: Moment) -> list[tuple[models.Risk, Any]]:
    """Answer the open risks with their last review, known and done by then, the worst first."""
    found = []
    for risk in open_risks(moment):
        last = newest_score(risk, moment) if risk.board_id in names else None
        if last is not None:
            risk.last = last
            found.append((risk, as_scores(last)))
    return sorted(found, key=lambda one: (-one[1].current.number, one[0].key))


def _closed_table(names: dict[str, str], moment: Moment) -> Table:
    """Answer the risks that were closed by a day, apart from the open ones: since when, by whom, and why."""
    rows = []
    for risk in models.Risk.objects.filter(at__lte=moment.known_at, board__in=names).select_related("closed"):
        closed = closing_of(risk, moment)
        if closed is not None:
            rows.append({
                "key": risk.key, "href": reverse("governance:risk", args=[risk.key]), "says": _says(risk),
                "board": names[risk.board_id], "on": closed.closed_on, "by": closed.closed_by, "why": closed.reason,
            })  # fmt: skip
    return Table(
        [
            Column("key", _("Risk"), "link", "href"), Column("says", _("What might have happened")),
            Column("on", _("Closed"), "date"), Column("by", _("By")), Column("why", _("Why")),
            Column("board", _("Board")),
        ],
        sorted(rows, key=lambda row: row["on"], reverse=True), caption=_("Closed risks"), name="closed",
        empty=_("No risk was closed by this day."),
    )  # fmt: skip


def _says(risk: models.Risk) -> str:
    return f"{risk.event}, because {risk.cause[:1].lower()}{risk.cause[1:]}: {risk.effect}"


def _risks_table(found: list[Any], names: dict[str, str], titles: dict[Any, str], moment: Moment) -> Table:
    borne = {board: appetites_of(board, moment) for board in {risk.board_id for risk, _scores in found}}
    most = {risk.key: appetite_for(borne[risk.board_id], risk.objective) for risk, _scores in found}
    return Table(
        [
            Column("key", _("Risk"), "link", "href"), Column("says", _("What may happen")),
            Column("objective", _("Objective")),
            Column("now", _("Now"), "number"), Column("band", _("Band")),
            Column("before", _("Before controls"), "number"),
            Column("target", _("Target"), "number"), Column("most", _("Borne up to"), "number", mark_key="unset"),
            Column("above", _("Appetite")), Column("owner", _("Owner")),
            Column("review", _("Review by"), "date"),
            Column("late", _("Review")),
        ],
        [
            {
                "key": risk.key, "href": reverse("governance:risk", args=[risk.key]), "says": _says(risk),
                "most": most[risk.key], "unset": "" if most[risk.key] is not None else _("Not set"),
                "above": _("Above") if is_above(scores.current, most[risk.key]) else "",
                "objective": titles.get((risk.board_id, risk.objective), risk.objective), "now": scores.current.number,
                "band": _(BANDS[scores.current.band]), "before": scores.inherent.number, "target": scores.target.number,
                "owner": risk.owner, "review": risk.last.review_by,
                "late": _("Overdue") if risk.last.review_by < moment.valid_on else "",
            }
            for risk, scores in found
        ],
        caption=_("Risks, the worst first"), name="risks",
        empty=_("No risk is entered. A board secretary enters the first under an objective."),
    )  # fmt: skip


def _reviews_table(kept: models.Risk, moment: Moment) -> Table:
    rows = [
        {
            "on": row.scored_on, "before": as_scores(row).inherent.number, "now": as_scores(row).current.number,
            "target": as_scores(row).target.number, "band": _(BANDS[as_scores(row).current.band]), "why": row.reason,
        }
        for row in kept.scores.filter(at__lte=moment.known_at, scored_on__lte=moment.valid_on).order_by("-pk")
    ]  # fmt: skip
    return Table(
        [
            Column("on", _("Reviewed"), "date"), Column("now", _("Then"), "number"), Column("band", _("Band")),
            Column("before", _("Before controls"), "number"), Column("target", _("Target"), "number"),
            Column("why", _("Why")),
        ],
        rows, caption=_("Reviews, the newest first"), name="reviews", empty=_("Not reviewed by this day."),
    )  # fmt: skip


def _controls_table(kept: models.Risk, moment: Moment) -> Table:
    rows = []
    for control in kept.controls.filter(at__lte=moment.known_at).order_by("pk"):
        assured = list(control.assurances.filter(at__lte=moment.known_at, assured_on__lte=moment.valid_on))
        row: dict[str, Any] = {"text": control.text}
        for line in LINES_SAID:
            of_line = sorted((one for one in assured if one.line == line), key=lambda one: (one.assured_on, one.pk))
            row[f"line{line}"] = "; ".join(
                f"{one.result} ({one.assured_on.day} {one.assured_on:%B %Y})" for one in reversed(of_line)
            )
        rows.append(row)
    return Table(
        [
            Column("text", _("Control")),
            *(Column(f"line{line}", _(text)) for line, text in LINES_SAID.items()),
        ],
        rows, caption=_("What is done against it, and what shows that it works"), name="controls",
        empty=_("Nothing is done against it yet. Add a control."),
    )  # fmt: skip


def _gaps_table(names: dict[str, str], titles: dict[Any, str], moment: Moment) -> Table:
    words = {"no risk, and no reason why there is none": _("No risk is named, and no reason why there is none")}
    rows = [
        {
            "objective": titles.get((board, one.objective), one.objective), "risk": one.risk,
            "says": words.get(one.says, one.says[:1].upper() + one.says[1:]), "board": names[board],
        }
        for board in sorted(names)
        for one in framework_gaps(board, moment)
    ]  # fmt: skip
    return Table(
        [Column("objective", _("Objective")), Column("risk", _("Risk")), Column("says", _("What is missing")),
         Column("board", _("Board"))],
        rows, caption=_("Gaps in the assurance framework"), name="gaps",
        empty=_("No gap: each objective has its risks, and each risk its controls and assurance."),
    )  # fmt: skip


def _is_private(reference: str | None) -> bool:
    return bool(reference) and models.Decision.objects.filter(pk=reference, item__is_private=True).exists()
