"""The forms of whoever leads a transition: proposal, changes, applications, steps, counts, new owners, leavers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.acts import transition_staff, transitions as acts
from joinedup.governance.acts.transitions import COUNTS, TRANSIT
from joinedup.governance.kept.transitions import closing_bodies, events_of, steps_of, transition_of
from joinedup.governance.transition.steps import TransitionStep
from joinedup.governance.views.transition_parts import KINDS, codes_in, crumbs, receiving_items
from joinedup.moment import LONDON, now
from joinedup.system import CLOSING, PartialDate, as_of
from joinedup.ui import Crumb
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items

APPLICATIONS: Final = {"merger": "Merger", "designation": "Designation"}
PRECISIONS: Final = {"day": "By that day", "month": "By the end of that month", "year": "By the end of that year"}
OUTCOMES: Final = {
    "approved": "Approved", "approved_with_conditions": "Approved with conditions", "refused": "Refused",
}  # fmt: skip
COUNTED: Final = {"staff": "People it employs before", "posts": "Posts it has after"}
RATINGS: Final = {str(number): str(number) for number in range(1, 6)}


def _crumbs(row: models.Transition) -> list[Crumb]:
    return crumbs(Crumb(row.title, reverse("transition:transition", args=[row.pk])))


def _page(key: str) -> str:
    return reverse("transition:transition", args=[key])


def _free_events() -> dict[str, str]:
    """Answer the planned changes that belong to no transition yet, by key, in words."""
    moment = now()
    held = set(models.TransitionEvent.objects.values_list("event", flat=True))
    found = [one for one in as_of(moment.valid_on, moment.known_at).events() if one.key not in held]
    planned = [one for one in found if one.certainty not in {"in_force", "withdrawn"}]
    return {one.key: f"{_(KINDS.get(one.kind, one.kind))}, {one.effective} ({one.key})" for one in planned}


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: Any) -> HttpResponseBase:
    """Open the workspace of a transition."""
    moment = now()
    systems = {one.key: one.name for one in as_of(moment.valid_on, moment.known_at).areas_of_kind("system")}
    questions = [
        Question("title", "text", _("What is the transition called?"), _("Say what the transition is called")),
        Question("code", "text", _("What is its key?"), _("Give it a key"),
                 hint=_("Small letters and hyphens, such as hwe-2022. It stands in the address.")),
        Question("system", "choice", _("Which system is it about?"), _("Choose which system it is about"),
                 items=code_items(dict(sorted(systems.items(), key=lambda one: one[1])), _("Choose a system"))),
        Question("proposal", "long", _("What is proposed?"), _("Say in a few words what is proposed")),
        Question("proposed", "day", _("When was it proposed?"), _("The day on which it was proposed")),
        Question("event", "choice", _("Which change belongs to it?"), is_optional=True,
                 hint=_("A planned change of bodies. You can add more later."),
                 items=code_items(_free_events(), _("None yet"))),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        acts.propose_transition(
            request.grant, got.text("code"), system=got.text("system"), title=got.text("title"),
            proposal=got.text("proposal"), proposed_on=got.day("proposed"),
            events=[got.text("event")] if got.text("event") else [],
        )  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.day("proposed") > moment.valid_on:
            errors["proposed-day"] = _("The day on which it was proposed must not be in the future")
        if got.text("system") not in systems:
            errors["system"] = _("Choose which system it is about")
        if models.Transition.objects.filter(pk=got.text("code")).exists():
            errors["code"] = _("There is a transition with this key already. Give another.")

    def done(got: Answers) -> tuple[str, str]:
        return _("The transition is open. Add its changes, applications and steps."), _page(got.text("code"))

    return _answer(
        request,
        Act(_("Propose a transition"), _("Open the transition"), "transition", crumbs(), questions, do, done,
            check=check),
    )  # fmt: skip


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def add_change(request: Any, key: str) -> HttpResponseBase:
    row = transition_of(key)
    events = _free_events()
    questions = [
        Question("event", "choice", _("Which change belongs to this transition?"), _("Choose a change"),
                 items=code_items(events, _("Choose a change"))),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        acts.add_event(request.grant, key, got.text("event"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The change belongs to the transition now. It takes force only once day one is clear."), _page(key)

    none = _("Every planned change belongs to a transition. Plan another in the room of the system first.")
    return _answer(
        request,
        Act(_("Add a change"), _("Add this change"), "change", _crumbs(row), questions, do, done, caption=row.title,
            intro=[] if events else [none]),
    )  # fmt: skip


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def add_application(request: Any, key: str) -> HttpResponseBase:
    row = transition_of(key)
    questions = [
        Question("title", "text", _("What is the application?"), _("Say what the application is")),
        Question("code", "text", _("What is its key?"), _("Give it a key"), hint=_("Such as hwe-designation.")),
        Question("kind", "radios", _("What does it ask for?"), _("Choose what it asks for"),
                 items=code_items({one: _(text) for one, text in APPLICATIONS.items()})),
        Question("due", "day", _("By when must it be sent?"), _("The last day to send it"),
                 hint=_("For example, 30 9 2020. The day counts to its end in London.")),
        Question("precision", "radios", _("How exactly is that meant?"), _("Choose how exactly it is meant"),
                 items=code_items({one: _(text) for one, text in PRECISIONS.items()}), start="day"),
        Question("effective", "day", _("When shall it take effect?"), _("The day on which it shall take effect")),
        Question("adopting", "text", _("Which bodies adopt it?"), is_optional=True,
                 hint=_("Their codes with commas between, such as 06K, 06N, 07H.")),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        acts.add_application(
            request.grant, key, got.text("code"), kind=got.text("kind"), title=got.text("title"),
            submit_by=PartialDate(got.day("due"), got.text("precision")), effective_from=got.day("effective"),
            adopting=codes_in(got.text("adopting")),
        )  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if models.Application.objects.filter(pk=got.text("code")).exists():
            errors["code"] = _("There is an application with this key already. Give another.")
        picture = as_of(now().valid_on, now().known_at)
        for code in codes_in(got.text("adopting")):
            if picture.find(code) is None:
                errors["adopting"] = _("There is no body with the code %(code)s") % {"code": code}

    def done(_got: Answers) -> tuple[str, str]:
        return _("The application and its deadline are written down."), _page(key)

    return _answer(
        request,
        Act(_("Add an application"), _("Add this application"), "application", _crumbs(row), questions, do, done,
            caption=row.title, check=check),
    )  # fmt: skip


def _application(key: str, text: str) -> models.Application:
    found: models.Application | None = models.Application.objects.filter(pk=text, transition=key).first()
    if found is None:
        raise NotFound(_("This application does not belong to the transition."))
    return found


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def send_application(request: Any, key: str, text: str) -> HttpResponseBase:
    row, application = transition_of(key), _application(key, text)
    questions = [
        Question("sent", "day", _("On which day was it sent?"), _("The day on which it was sent")),
        Question("at", "time", _("At which minute?"), _("The minute"), hint=_("Such as 15:00, in London.")),
        Question("evidence", "text", _("What shows it?"), _("Say what shows it"), hint=_("Such as the receipt.")),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        when = datetime.combine(got.day("sent"), got.time("at"), tzinfo=LONDON)
        acts.send_application(request.grant, text, submitted_at=when, evidence=got.text("evidence"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("It is recorded that the application was sent."), _page(key)

    return _answer(
        request,
        Act(_("Record that an application was sent"), _("Record it"), "sent", _crumbs(row), questions, do, done,
            caption=application.title),
    )  # fmt: skip


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def decide_application(request: Any, key: str, text: str) -> HttpResponseBase:
    row, application = transition_of(key), _application(key, text)
    questions = [
        Question("outcome", "radios", _("What was decided?"), _("Choose what was decided"),
                 items=code_items({one: _(said) for one, said in OUTCOMES.items()})),
        Question("decided", "day", _("On which day?"), _("The day of the decision")),
        Question("by", "text", _("Who decided it?"), _("Say who decided it"), hint=_("Such as the regional director.")),
        Question("conditions", "long", _("On which conditions?"), is_optional=True),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("outcome") == "approved_with_conditions" and not got.text("conditions"):
            errors["conditions"] = _("Say on which conditions it was approved")

    def do(got: Answers) -> None:
        acts.decide_application(
            request.grant, text, outcome=got.text("outcome"), decided_on=got.day("decided"), decided_by=got.text("by"),
            conditions=got.text("conditions"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The decision on the application is recorded."), _page(key)

    return _answer(
        request,
        Act(_("Record what became of an application"), _("Record it"), "decided", _crumbs(row), questions, do, done,
            caption=application.title, check=check),
    )  # fmt: skip


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: Any, key: str, text: str = "") -> HttpResponseBase:
    """Write a step, or say otherwise of one: another owner or day, or that it is done and what shows it."""
    row = transition_of(key)
    known = {one.key: one for one in steps_of(key, now().known_at)}
    old = known.get(text)
    if text and old is None:
        raise NotFound(_("This step does not belong to the transition."))
    rating = {"items": code_items(RATINGS, _("Choose from 1 to 5"))}
    questions = [
        Question("title", "text", _("What is the step?"), _("Say what the step is"), start=old.title if old else None),
        Question("owner", "text", _("Who does it?"), _("Say who does it"), start=old.owner if old else None),
        Question("due", "day", _("By when?"), _("The last day"), start=old.due_on if old else None),
        Question("disruption", "choice", _("How much does it disturb?"), _("Choose how much it disturbs"),
                 start=str(old.disruption) if old else None, hint=_("1 is least, 5 is most."), **rating),
        Question("value", "choice", _("How much is it worth?"), _("Choose how much it is worth"),
                 start=str(old.value) if old else None, hint=_("1 is least, 5 is most."), **rating),
        Question("reason", "long", _("Why is it taken?"), is_optional=True, start=old.reason if old else None,
                 hint=_("Needed where it disturbs more than it is worth.")),
    ]  # fmt: skip
    if old:
        questions += [
            Question("finished", "day", _("When was it done?"), _("The day on which it was done"), is_optional=True,
                     start=old.done_on, hint=_("Leave it empty as long as it is open.")),
            Question("evidence", "text", _("What shows that it is done?"), is_optional=True, start=old.evidence),
        ]  # fmt: skip
    else:
        called = Question("code", "text", _("What is its key?"), _("Give it a key"), hint=_("Such as payroll."))
        questions.insert(1, called)

    def check(got: Answers, errors: dict[str, str]) -> None:
        if not old and got.text("code") in known:
            errors["code"] = _("There is a step with this key already. Give another.")
        for name in ("disruption", "value"):
            if got.text(name) not in RATINGS:
                errors[name] = _("Choose a number from 1 to 5")
        if not errors and int(got.text("disruption")) > int(got.text("value")) and not got.text("reason"):
            errors["reason"] = _("It disturbs more than it is worth: say why it is taken")
        if old and got.values["finished"] and not got.text("evidence"):
            errors["evidence"] = _("Say what shows that it is done")

    def do(got: Answers) -> None:
        written = TransitionStep(
            text or got.text("code"), got.text("title"), int(got.text("disruption")), int(got.text("value")),
            got.text("reason"),
        )  # fmt: skip
        acts.keep_step(
            request.grant, key, written, owner=got.text("owner"), due_on=got.day("due"),
            done_on=got.values["finished"] if old else None, evidence=got.text("evidence") if old else "",
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The step is written down."), _page(key)

    title = _("Change a step, or say that it is done") if old else _("Add a step")
    return _answer(
        request,
        Act(title, _("Save this step"), "step", _crumbs(row), questions, do, done,
            caption=old.title if old else row.title, check=check),
    )  # fmt: skip


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def count(request: Any, key: str) -> HttpResponseBase:
    """Say how many people a body employs before, or how many posts one has after."""
    row = transition_of(key)
    bodies = {**_closing_names(key), **receiving_items(key)}
    questions = [
        Question("what", "radios", _("What was counted?"), _("Choose what was counted"),
                 items=code_items({one: _(COUNTED[one]) for one in COUNTS})),
        Question("body", "choice", _("Of which body?"), _("Choose a body"),
                 items=code_items(bodies, _("Choose a body"))),
        Question("number", "number", _("How many?"), _("The number")),
        Question("source", "text", _("Who counted them?"), _("Say who counted them"), hint=_("Such as payroll.")),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("body") not in bodies:
            errors["body"] = _("Choose a body of this transition")
        if got.values["number"] != int(got.values["number"]):
            errors["number"] = _("The number must be a whole one")

    def do(got: Answers) -> None:
        acts.count(
            request.grant, key, got.text("what"), got.text("body"), int(got.values["number"]),
            source=got.text("source"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The count is recorded. A list of staff must agree with it."), _page(key)

    return _answer(
        request,
        Act(_("Record a count of people or posts"), _("Record this count"), "count", _crumbs(row), questions, do, done,
            caption=row.title, check=check),
    )  # fmt: skip


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_owner(request: Any, key: str) -> HttpResponseBase:
    """Say who has open work of a closing body from day one on: all of it, a room's, a kind, or one piece."""
    row = transition_of(key)
    rooms = {path.split(".")[1]: path.split(".")[1].capitalize() for path in settings.OPEN_WORK}
    asked = {name: request.GET.get(name, "") for name in ("body", "room", "kind", "work")}
    questions = [
        Question("body", "choice", _("Whose open work is it?"), _("Choose the body that closes"), start=asked["body"],
                 items=code_items(_closing_names(key), _("Choose a body that closes"))),
        Question("room", "choice", _("Work in which room?"), is_optional=True, start=asked["room"],
                 items=code_items(rooms, _("All rooms"))),
        Question("kind", "text", _("Only one kind of work?"), is_optional=True, start=asked["kind"],
                 hint=_("As the check before day one calls it, such as contract. Empty: every kind.")),
        Question("work", "text", _("Only one piece of work?"), is_optional=True, start=asked["work"],
                 hint=_("Its key, such as C-2021-04. Empty: every piece.")),
        Question("to", "choice", _("Who has it from the day of the change?"), _("Choose who has it"),
                 items=code_items(receiving_items(key), _("Choose a body"))),
        Question("reason", "long", _("Why?"), _("Say in a few words why"), hint=_("Such as the order that says so.")),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("kind") and not got.text("room"):
            errors["room"] = _("Choose the room in which this kind of work is")
        if got.text("work") and not got.text("kind"):
            errors["kind"] = _("Say which kind of work this piece is")

    def do(got: Answers) -> None:
        acts.give_new_owner(
            request.grant, key, got.text("body"), got.text("to"), room=got.text("room"), kind=got.text("kind"),
            work=got.text("work"), reason=got.text("reason"),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The new owner is recorded. It counts from the day of the change."), _page(key)

    return _answer(
        request,
        Act(_("Name a new owner of open work"), _("Name this owner"), "owner", _crumbs(row), questions, do, done,
            caption=row.title, check=check),
    )  # fmt: skip


@requires(TRANSIT)
@require_http_methods(["GET", "HEAD", "POST"])
def leaver(request: Any, key: str) -> HttpResponseBase:
    row = transition_of(key)
    questions = [
        Question("employment", "text", _("Which employment ended?"), _("Give the key of the employment"),
                 hint=_("As the list of staff has it.")),
        Question("reason", "long", _("Why, and on which day?"), _("Say why it ended and on which day")),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        transition_staff.record_leaver(request.grant, key, got.text("employment"), reason=got.text("reason"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The employment is recorded as ended. It needs no place any more."), _page(key)

    return _answer(
        request,
        Act(_("Record somebody who left before day one"), _("Record it"), "leaver", _crumbs(row), questions, do, done,
            caption=row.title),
    )  # fmt: skip


def _closing_names(key: str) -> dict[str, str]:
    moment = now()
    found: dict[str, str] = {}
    for event in events_of(key, moment):
        if event.kind in CLOSING:
            found |= {code: f"{one.name} ({code})" for code, one in closing_bodies(event, moment.known_at).items()}
    return found


# Beside which field a refusal stands: the first of these that the form has.
FIELDS: Final = (
    (NotFound, ("event", "employment", "to")),
    (Exception, ("to", "employment", "sent-day", "decided-day", "finished-day", "due-day", "code", "event")),
)


def _answer(request: Any, act: Act) -> HttpResponseBase:
    return answer(request, act, fields=FIELDS)
