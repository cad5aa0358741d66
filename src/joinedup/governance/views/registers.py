"""The register of interests: whose, about what, declared in time; one's own declaration, its end, its confirmation."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from joinedup.access import grant_for, requires
from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts import interests as acts
from joinedup.governance.interests.register import TYPES, confirmation_coverage, is_declared_in_time
from joinedup.governance.kept.boards import person_of_account
from joinedup.governance.kept.employment import employed_interests
from joinedup.governance.kept.registers import believed, visible
from joinedup.governance.reading import register_of_holdings
from joinedup.governance.views.parts import crumbs, may, names_of, people_items, person_of
from joinedup.moment import Moment, now
from joinedup.system import checked_name
from joinedup.ui import Column, Crumb, Page, Table
from joinedup.ui.act_form import Act, Answers, Question, answer
from joinedup.ui.sent import NOTICE

PUBLISH = {
    "yes": "Published whole", "redacted": "Published without what it is about", "no": "Not published",
}  # fmt: skip


@requires("governance.read")
@require_safe
def interests(request: Any) -> HttpResponseBase:
    moment = request.moment
    person = person_of(request)
    members = {line.person for _board, line in register_of_holdings(moment)}
    last = {
        one.person: one.confirmed_on
        for one in models.RegisterConfirmed.objects.filter(
            at__lte=moment.known_at, confirmed_on__lte=moment.valid_on
        ).order_by("confirmed_on")
    }
    covered = confirmation_coverage(members, last, moment.valid_on) if members else None
    unconfirmed = names_of(covered.missing if covered else (), moment)
    return Page(
        request,
        "governance/interests.jinja",
        title=_("Interests and gifts"),
        breadcrumbs=crumbs(),
        notice=request.session.pop(NOTICE, ""),
        person=person,
        person_name=names_of([person], moment).get(person, ""),
        may_declare=may(request, "governance.declare") and (person or may(request, "governance.keep")),
        confirmed_on=last.get(person),
        covered=covered,
        unconfirmed=sorted(unconfirmed.values()),
        own=interests_table(moment, [person], caption=_("What the register says of you"), name="own", may_end=True)
        if person
        else None,
        register=interests_table(moment, None, caption=_("Register of interests"),
                                 may_end=may(request, "governance.keep")),
        may_keep=may(request, "governance.keep"),
    ).response()  # fmt: skip


@requires("governance.declare")
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: Any) -> HttpResponseBase:
    today = now().valid_on
    questions = [
        Question("type", "radios", _("What kind of interest is it?"), _("Choose what kind of interest it is"),
                 items=[{"value": key, "text": _(text)} for key, text in TYPES.items()]),
        Question("about", "text", _("Which body is it about?"), _("Say which body it is about"),
                 hint=_("Its code where it has one, such as RWG, else its name.")),
        Question("description", "long", _("What is the interest?"), _("Say what the interest is")),
        Question("arose", "day", _("When did it arise?"), _("The day on which it arose"),
                 hint=_("It is declared within 28 days of that.")),
        Question("publish", "radios", _("How is it published?"), _("Choose how it is published"), start="yes",
                 items=[{"value": key, "text": _(text)} for key, text in PUBLISH.items()]),
        Question("publish_reason", "long", _("Why is it not published whole?"), is_optional=True),
    ]  # fmt: skip
    grant, person = speaker(request)
    if not person:
        questions = [whose(request, _("Whose interest is it?"), _("Choose whose interest it is")), *questions]

    def who(got: Answers) -> str:
        return person or got.text("person")

    def check(got: Answers, errors: dict[str, str]) -> None:
        try:
            checked_name(got.text("about"))
        except RuleError as error:
            errors["about"] = str(error)
        if got.text("publish") != "yes" and not got.text("publish_reason"):
            errors["publish_reason"] = _("Say why it is not published whole")

    def do(got: Answers) -> None:
        acts.declare_interest(
            grant, who(got), type=got.text("type"), about_org=got.text("about"), description=got.text("description"),
            arose_on=got.day("arose"), declared_on=today, publish=got.text("publish"),
            publish_reason=got.text("publish_reason"),
        )  # fmt: skip

    def done(got: Answers) -> tuple[str, str]:
        late = not is_declared_in_time(got.day("arose"), today)
        words = (
            _("The interest is declared, after its 28 days; the register says so.")
            if late
            else _("The interest is declared.")
        )
        return words, reverse("governance:interests")

    return answer(
        request,
        Act(
            _("Declare an interest"),
            _("Declare this interest"),
            "interest",
            interests_crumbs(),
            questions,
            do,
            done,
            check=check,
        ),
    )


@requires("governance.declare")
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: Any, key: str) -> HttpResponseBase:
    grant = grant_for(request, "governance.keep") if may(request, "governance.keep") else request.grant
    lines = believed(models.Interest, now().known_at, key=key)
    about = lines[-1].about_org if lines else ""

    def do(got: Answers) -> None:
        acts.end_interest(grant, key, on=got.day("on"), reason=got.text("reason"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The interest has ended; the register keeps it as ended."), reverse("governance:interests")

    questions = [
        Question("on", "day", _("On which day did it end?"), _("The day on which it ended"), start=now().valid_on),
        Question("reason", "long", _("How did it end?"), _("Say in a few words how it ended")),
    ]
    title = _("End an interest")
    return answer(
        request, Act(title, _("End this interest"), "end", interests_crumbs(), questions, do, done, caption=about)
    )


@requires("governance.declare")
@require_POST
def confirm(request: Any) -> HttpResponseBase:
    """Confirm what the register says of whoever asks."""
    person = person_of_account(request.grant.actor_id, now())
    nil = acts.confirm_register(request.grant, person, on=now().valid_on)
    request.session[NOTICE] = (
        _("You confirmed that you have no interest to declare.") if nil else _("You confirmed what the register says.")
    )
    return HttpResponseRedirect(reverse("governance:interests"))


def interests_table(
    moment: Moment, people: Collection[str] | None, *, caption: str, name: str = "interests", may_end: bool = False
) -> Table:
    """Answer the register, or the part of some people. What is not published is not here either: it is the file's."""
    where = {} if people is None else {"person__in": list(people)}
    lines = visible(models.Interest, moment, **where)
    names = names_of({one.person for one in lines}, moment)
    rows = []
    for one in sorted(lines, key=lambda one: (names[one.person], one.valid.lower, one.key)):
        if one.publish == "no" and not may_end:
            continue
        hidden = one.publish == "redacted" and not may_end
        rows.append({
            "person": names[one.person],
            "type": _(TYPES[one.type]),
            "about": _("Not published") if hidden else one.about_org,
            "what": one.publish_reason if hidden else one.description,
            "arose": one.valid.lower,
            "declared": one.declared_on,
            "late": "" if is_declared_in_time(one.valid.lower, one.declared_on) else _("Late"),
            "end": _("End it"),
            "href": reverse("governance:end-interest", args=[one.key]),
        })  # fmt: skip
    rows += _derived_rows(moment, people, {(one.person, one.about_org) for one in lines})
    rows.sort(key=lambda row: (row["person"], row["arose"]))
    columns = [
        Column("person", _("Person")),
        Column("type", _("Kind")),
        Column("about", _("About")),
        Column("what", _("What it is")),
        Column("arose", _("Arose"), "date"),
        Column("declared", _("Declared"), "date"),
        Column("late", _("In time"), note="Late: declared more than 28 days after it arose."),
    ]
    if may_end:
        columns.append(Column("end", _("Change"), "link", "href", where="page"))
    return Table(
        columns,
        rows,
        caption=caption,
        name=name,
        notes=[
            _("Late: declared more than 28 days after it arose."),
            _("Where a member works is an interest without being declared; it ends with the work."),
        ],
        empty=_("Nothing is declared. Whoever has an interest declares it within 28 days."),
    )


def _derived_rows(
    moment: Moment, people: Collection[str] | None, declared: Collection[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Answer lines for where members work on a day, but for what they declared of the same body (I1)."""
    who = {line.person for _board, line in register_of_holdings(moment)} if people is None else set(people)
    found = [one for one in employed_interests(who, moment) if (one.person, one.about_org) not in declared]
    names = names_of({one.person for one in found}, moment)
    return [
        {
            "person": names[one.person], "type": _(TYPES[one.type]), "about": one.about_org, "what": _("Works there"),
            "arose": one.arose_on, "declared": None, "late": _("Needs no declaration"), "end": "", "href": "",
        }
        for one in found
    ]  # fmt: skip


def speaker(request: Any) -> tuple[Any, str]:
    """Answer leave to speak, and for whom: oneself, or "" for whoever the secretary names."""
    if may(request, "governance.keep"):
        return grant_for(request, "governance.keep"), ""
    return request.grant, person_of_account(request.grant.actor_id, now())


def whose(request: Any, asks: str, says: str) -> Question:
    """Answer the question for whom a secretary writes something down, among those who hold a seat."""
    moment = now()
    people = {line.person for _board, line in register_of_holdings(moment)}
    return Question(
        "person", "choice", asks, says,
        items=people_items(people, names_of(people, moment), _("Choose a person")), start=person_of(request) or None,
    )  # fmt: skip


def interests_crumbs() -> list[Crumb]:
    """Answer the way to what lies under the register."""
    return crumbs(Crumb(_("Interests and gifts"), reverse("governance:interests")))
