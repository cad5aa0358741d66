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
from joinedup.governance.assurance.commitments import status_on
from joinedup.governance.assurance.risks import band_of
from joinedup.governance.kept.assurance import as_scores, commitments_of, framework_gaps
from joinedup.governance.views.parts import board_names, crumbs, may
from joinedup.moment import Moment, now
from joinedup.ui import Column, Crumb, Page, Table
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items
from joinedup.ui.sent import NOTICE

BANDS = {"low": "Low", "moderate": "Moderate", "high": "High", "extreme": "Extreme"}
BAND_COLOURS = {"low": "green", "moderate": "yellow", "high": "orange", "extreme": "red"}
STATUSES = {
    "open": "Open", "overdue": "Overdue", "met": "Met", "broken": "Broken", "superseded": "Superseded",
}  # fmt: skip
LIKELY = ("Rare", "Unlikely", "Possible", "Likely", "Almost certain")
GRAVE = ("Negligible", "Minor", "Moderate", "Major", "Catastrophic")


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
                "change": _("Show evidence") if status in {"open", "overdue"} else "",
                "href": reverse("governance:evidence", args=[one.key]),
            })  # fmt: skip
    columns = [
        Column("text", _("Commitment")), Column("status", _("Stands")), Column("due", _("Due"), "date"),
        Column("owner", _("Owner")), Column("board", _("Board")), Column("test", _("Kept when")),
        Column("evidence", _("Last evidence")), Column("source", _("From"), "link", "source_href"),
    ]  # fmt: skip
    if may_assure:
        columns.append(Column("change", _("Change"), "link", "href", where="page"))
    return Page(
        request,
        "governance/commitments.jinja",
        title=_("Commitments and actions"),
        breadcrumbs=crumbs(),
        notice=request.session.pop(NOTICE, ""),
        board=names.get(asked, ""),
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
    """Answer the risks with their last review, known and done by then, the worst first."""
    found = []
    rows = models.Risk.objects.filter(at__lte=moment.known_at, board__in=names).prefetch_related("scores")
    for risk in rows:
        last = [
            one for one in sorted(risk.scores.all(), key=lambda one: one.pk)
            if one.at <= moment.known_at and one.scored_on <= moment.valid_on
        ]  # fmt: skip
        if last:
            risk.last = last[-1]
            found.append((risk, as_scores(last[-1])))
    return sorted(found, key=lambda one: (-one[1].current.number, one[0].key))


def _risks_table(found: list[Any], names: dict[str, str], titles: dict[Any, str], moment: Moment) -> Table:
    return Table(
        [
            Column("key", _("Risk")), Column("says", _("What may happen")), Column("objective", _("Objective")),
            Column("now", _("Now"), "number"), Column("band", _("Band")),
            Column("before", _("Before controls"), "number"),
            Column("target", _("Target"), "number"), Column("owner", _("Owner")),
            Column("review", _("Review by"), "date"),
            Column("late", _("Review")),
        ],
        [
            {
                "key": risk.key,
                "says": f"{risk.event}, because {risk.cause[:1].lower()}{risk.cause[1:]}: {risk.effect}",
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
