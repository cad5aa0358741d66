"""The acts on risks, by forms: entered, scored, controlled, assured, closed; objectives and how much is borne."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.acts import assurance as acts
from joinedup.governance.assurance.framework import LINES
from joinedup.governance.assurance.risks import POSSIBLE, RiskScores, Score, ScoresOutOfOrder
from joinedup.governance.kept.assurance import as_scores, newest_score
from joinedup.governance.kept.registers import visible
from joinedup.governance.views.parts import board_names, crumbs
from joinedup.moment import now
from joinedup.ui import Crumb
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items

LIKELY = ("Rare", "Unlikely", "Possible", "Likely", "Almost certain")
GRAVE = ("Negligible", "Minor", "Moderate", "Major", "Catastrophic")
SCORES = {"inherent": "Before any control", "current": "Now", "target": "As it should be"}
LINES_SAID = {1: "First line: management", 2: "Second line: oversight", 3: "Third line: independent"}
assert LINES_SAID.keys() == LINES.keys()


@requires("governance.assure")
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: Any) -> HttpResponseBase:
    """Enter a risk under an objective of a board, with its first scores."""
    moment = now()
    names = board_names(moment)
    objectives = {
        f"{one.board_id} {one.key}": f"{names[one.board_id]}: {one.title}"
        for one in visible(models.Objective, moment)
        if one.board_id in names
    }
    whole = {one.key: f"{one.key}: {one.event}" for one in models.Risk.objects.filter(part_of=None, closed=None)}
    questions = [
        Question("objective", "choice", _("Which objective does it endanger?"),
                 _("Choose which objective it endangers"), items=code_items(objectives, _("Choose an objective"))),
        Question("event", "text", _("What may happen?"), _("Say what may happen"),
                 hint=_("Such as winter beds close.")),
        Question("cause", "text", _("Because of what?"), _("Say because of what it may happen")),
        Question("effect", "text", _("What would follow?"), _("Say what would follow")),
        Question("owner", "text", _("Whose risk is it?"), _("Say whose risk it is"),
                 hint=_("A post or a body, not a person.")),
        Question("part_of", "choice", _("Is it part of a risk of the whole system?"), is_optional=True,
                 items=code_items(whole, _("No"))),
        *_score_questions(None),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        board, _space, objective_key = got.text("objective").partition(" ")
        acts.record_risk(
            request.grant, board, _key(got.text("event")), objective=objective_key, cause=got.text("cause"),
            event=got.text("event"), effect=got.text("effect"), owner=got.text("owner"),
            scores=_scores(got, moment.valid_on), part_of=got.text("part_of"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The risk is entered. Write down next what is done against it."), reverse("governance:risks")

    return answer(
        request,
        Act(_("Enter a risk"), _("Enter this risk"), "risk", risk_crumbs(), questions, do, done),
        fields=[(ScoresOutOfOrder, ("current_likelihood",))],
    )


@requires("governance.assure")
@require_http_methods(["GET", "HEAD", "POST"])
def objective(request: Any) -> HttpResponseBase:
    """Write an objective of a board's assurance framework, or say why it has no risk (K5)."""
    questions = [
        _board_question(_("Whose objective is it?"), _("Choose whose objective it is")),
        Question("title", "text", _("What is the objective?"), _("Say what the objective is")),
        Question("none", "long", _("If it has no risk: why not?"), is_optional=True),
        Question("since", "day", _("From which day on?"), _("The first day"), start=now().valid_on),
    ]

    def do(got: Answers) -> None:
        acts.set_objective(
            request.grant, got.text("board"), _slug(got.text("title")), got.text("title"), since=got.day("since"),
            no_risk_because=got.text("none"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The objective is in the assurance framework."), reverse("governance:risks")

    return answer(
        request, Act(_("Set an objective"), _("Set this objective"), "objective", risk_crumbs(), questions, do, done)
    )


@requires("governance.assure")
@require_http_methods(["GET", "HEAD", "POST"])
def appetite(request: Any) -> HttpResponseBase:
    """Say the highest score that a board bears, for one objective or for all."""
    moment = now()
    names = board_names(moment)
    objectives = {
        one.key: f"{names[one.board_id]}: {one.title}"
        for one in visible(models.Objective, moment)
        if one.board_id in names
    }
    questions = [
        _board_question(_("Which board bears it?"), _("Choose which board bears it")),
        Question("objective", "choice", _("For which objective?"), is_optional=True,
                 items=code_items(objectives, _("For all of its objectives"))),
        Question("most", "choice", _("What is the highest score that it bears?"), _("Choose the highest score"),
                 items=code_items({str(one): str(one) for one in sorted(POSSIBLE)}, _("Choose a score")),
                 hint=_("A risk above it is marked until it is brought down.")),
        Question("since", "day", _("From which day on?"), _("The first day"), start=moment.valid_on),
        Question("reason", "long", _("Who decided that, and why?"), _("Say who decided that, and why")),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("most") not in {str(one) for one in POSSIBLE}:
            errors["most"] = _("Choose the highest score")

    def do(got: Answers) -> None:
        acts.set_appetite(
            request.grant, got.text("board"), int(got.text("most")), since=got.day("since"),
            objective=got.text("objective"), reason=got.text("reason"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The appetite is set. Risks above it are marked."), reverse("governance:risks")

    return answer(
        request,
        Act(_("Say how much risk is borne"), _("Set this"), "appetite", risk_crumbs(), questions, do, done,
            check=check),
        fields=[(NotFound, ("objective",))],
    )  # fmt: skip


@requires("governance.assure")
@require_http_methods(["GET", "HEAD", "POST"])
def score(request: Any, key: str) -> HttpResponseBase:
    """Review a risk: score it again, and say why."""
    risk = risk_of(key)
    moment = now()
    last = newest_score(risk, moment)
    questions = [
        *_score_questions(as_scores(last) if last else None),
        Question("on", "day", _("On which day was it reviewed?"), _("The day of the review"), start=moment.valid_on),
        Question("reason", "long", _("What changed, or why did nothing change?"), _("Say what changed")),
    ]

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.day("on") > moment.valid_on:
            errors["on-day"] = _("This day is still to come")

    def do(got: Answers) -> None:
        acts.score_risk(request.grant, key, _scores(got, got.day("on")), reason=got.text("reason"))

    def done(_got: Answers) -> tuple[str, str]:
        kept = newest_score(risk_of(key), now())
        words = f"{kept.review_by.day} {kept.review_by:%B %Y}" if kept else ""
        return _("The risk is scored again. It is reviewed by %(day)s.") % {"day": words}, _page(key)

    return answer(
        request,
        Act(_("Score a risk again"), _("Keep these scores"), "score", risk_crumbs(risk), questions, do, done,
            caption=risk.event, check=check,
            intro=[_("A lower score needs an assurance of a control that is newer than the last review.")]),
        fields=[(ScoresOutOfOrder, ("current_likelihood",))],
    )  # fmt: skip


@requires("governance.assure")
@require_http_methods(["GET", "HEAD", "POST"])
def control(request: Any, key: str) -> HttpResponseBase:
    """Write down what is done against a risk."""
    risk = risk_of(key)

    def do(got: Answers) -> None:
        acts.add_control(request.grant, key, got.text("text"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The control is written down. Write down next what shows that it works."), _page(key)

    questions = [Question("text", "long", _("What is done against it?"), _("Say what is done against it"))]
    return answer(
        request,
        Act(_("Add a control"), _("Add this control"), "control", risk_crumbs(risk), questions, do, done,
            caption=risk.event),
    )  # fmt: skip


@requires("governance.assure")
@require_http_methods(["GET", "HEAD", "POST"])
def assure(request: Any, key: str) -> HttpResponseBase:
    """Write down evidence, from one of the three lines, that a control works (K5)."""
    risk = risk_of(key)
    controls = {str(one.pk): one.text for one in risk.controls.order_by("pk")}
    questions = [
        Question("control", "radios", _("Which control does it show to work?"), _("Choose which control it shows"),
                 items=code_items(controls)),
        Question("line", "radios", _("Who looked?"), _("Choose who looked"),
                 items=code_items({str(line): _(text) for line, text in LINES_SAID.items()})),
        Question("result", "long", _("What was found?"), _("Say what was found")),
        Question("on", "day", _("Of which day is that?"), _("The day"), start=now().valid_on),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        chosen, line = int(got.text("control")), int(got.text("line"))
        acts.assure(request.grant, chosen, line, got.text("result"), on=got.day("on"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The assurance is kept."), _page(key)

    if not controls:
        raise NotFound(_("This risk has no control yet. Add a control first, then what shows that it works."))
    return answer(
        request,
        Act(_("Add an assurance"), _("Keep this assurance"), "assure", risk_crumbs(risk), questions, do, done,
            caption=risk.event),
    )  # fmt: skip


@requires("governance.assure")
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: Any, key: str) -> HttpResponseBase:
    """Close a risk: since when, who decided it, and why."""
    risk = risk_of(key)

    def do(got: Answers) -> None:
        acts.close_risk(
            request.grant, key, on=got.day("on"), closed_by=got.text("by"), reason=got.text("reason")
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The risk is closed. It stays to be read, apart from the open ones."), reverse("governance:risks")

    questions = [
        Question("on", "day", _("Since when is it closed?"), _("The day"), start=now().valid_on),
        Question("by", "text", _("Who decided that?"), _("Say who decided that"),
                 hint=_("A board, a committee or a post.")),
        Question("reason", "long", _("Why is it closed?"), _("Say why it is closed")),
    ]  # fmt: skip
    return answer(
        request,
        Act(_("Close a risk"), _("Close this risk"), "close-risk", risk_crumbs(risk), questions, do, done,
            caption=risk.event),
    )  # fmt: skip


def risk_of(key: str) -> models.Risk:
    """Answer a risk by its key; NotFound for none."""
    found = models.Risk.objects.filter(pk=key).select_related("closed").first()
    if found is None:
        raise NotFound(_("There is no such risk."))
    return found


def risk_crumbs(risk: models.Risk | None = None) -> list[Crumb]:
    """Answer the way to what lies under the risks."""
    more = [Crumb(risk.key, _page(risk.key))] if risk else []
    return crumbs(Crumb(_("Risks and assurance"), reverse("governance:risks")), *more)


def _score_questions(last: RiskScores | None) -> list[Question]:
    found = []
    for name, text in SCORES.items():
        kept: Score | None = getattr(last, name) if last else None
        for what, words, label in (
            ("likelihood", LIKELY, _("How likely?")), ("consequence", GRAVE, _("How grave?")),
        ):  # fmt: skip
            found.append(
                Question(
                    f"{name}_{what}", "choice", label, _("%(when)s: choose %(what)s")
                    % {"when": _(text), "what": _("how likely") if what == "likelihood" else _("how grave")},
                    items=code_items({str(n): f"{n} {_(one)}" for n, one in enumerate(words, start=1)}, _("Choose")),
                    start=str(getattr(kept, what)) if kept else None, group=_(text),
                )
            )  # fmt: skip
    return found


def _scores(got: Answers, on: date) -> RiskScores:
    return RiskScores(
        *(Score(_digit(got.text(f"{name}_likelihood")), _digit(got.text(f"{name}_consequence"))) for name in SCORES), on
    )


def _digit(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0  # 0 is refused by the rule, in its words


def _board_question(asks: str, says: str) -> Question:
    return Question("board", "choice", asks, says, items=code_items(board_names(now()), _("Choose a board")))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "risk"


def _key(event: str) -> str:
    """Answer a key for a new risk that none has yet: of the first words of what may happen."""
    first = key = "-".join(_slug(event).split("-")[:5])
    taken = set(models.Risk.objects.filter(pk__startswith=first).values_list("key", flat=True))
    number = 1
    while key in taken:
        number += 1
        key = f"{first}-{number}"
    return key


def _page(key: str) -> str:
    return reverse("governance:risk", args=[key])
