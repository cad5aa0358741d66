"""Acts of the chair: passing the chair, proxies, urgent decisions and their ratifying, and posts that decide alone."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts import alone, meetings as meeting_acts, urgent, voting
from joinedup.governance.delegation.deciding_alone import ReferredUp
from joinedup.governance.kept.boards import board_at, board_of, chairs_on, terms_on
from joinedup.governance.kept.decisions import day_decided, decision_of
from joinedup.governance.kept.delegations import as_delegation, delegations_of
from joinedup.governance.kept.meetings import day_of, item_of, meeting_of, must_take_place
from joinedup.governance.kept.standing import clock_of
from joinedup.governance.meetings.urgent import UrgentRefused
from joinedup.governance.meetings.voting import VoteRefused
from joinedup.governance.views.parts import (
    VOTES,
    board_crumb,
    crumbs,
    item_crumbs,
    meeting_crumbs,
    members_of,
    minute_of,
    names_of,
    people_items,
    said_day,
    said_minute,
)
from joinedup.governance.views.pounds_sent import pence_sent
from joinedup.moment import Moment, now
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def pass_chair(request: Any, key: str) -> HttpResponseBase:
    """Say who presides from a minute on."""
    kept = must_take_place(meeting_of(key))
    moment = Moment(day_of(kept), now().known_at)
    members = members_of(kept.board_id, moment)
    names = names_of(members, moment)
    questions = [
        Question("person", "choice", _("Who presides now?"), _("Choose who presides now"),
                 items=people_items(members, names, _("Choose a member"))),
        Question("deputy", "choice", _("Who presides where that person may not?"), is_optional=True,
                 items=people_items(members, names, _("Nobody is named"))),
        Question("at", "time", _("From which minute?"), _("The minute"),
                 start=said_minute(clock_of(kept, moment.known_at))),
        Question("reason", "long", _("Why?"), _("Say in a few words why")),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        meeting_acts.pass_the_chair(
            request.grant, key, got.text("person"), since=minute_of(kept, got.time("at")), deputy=got.text("deputy"),
            reason=got.text("reason"),
        )  # fmt: skip

    def done(got: Answers) -> tuple[str, str]:
        return _("%(name)s presides.") % {"name": names[got.text("person")]}, reverse("governance:run", args=[key])

    return answer(
        request,
        Act(_("Pass the chair"), _("Pass the chair"), "chair", meeting_crumbs(kept), questions, do, done,
            caption=said_day(kept), check=_known_person("person", names)),
    )  # fmt: skip


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def proxy(request: Any, key: str) -> HttpResponseBase:
    """Write down that a member lets another vote in this meeting; refused where the terms know no proxies."""
    kept = must_take_place(meeting_of(key))
    moment = Moment(day_of(kept), now().known_at)
    members = members_of(kept.board_id, moment)
    names = names_of(members, moment)
    allowed = terms_on(kept.board_id, moment).proxies
    questions = [
        Question("giver", "choice", _("Who is away, and gives the proxy?"), _("Choose who gives the proxy"),
                 items=people_items(members, names, _("Choose a member"))),
        Question("holder", "choice", _("Who votes for that member?"), _("Choose who votes for that member"),
                 items=people_items(members, names, _("Choose a member"))),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        voting.name_proxy(request.grant, key, giver=got.text("giver"), holder=got.text("holder"))

    def done(_got: Answers) -> tuple[str, str]:
        words = _("The proxy is written down. It is void from the minute at which the member comes.")
        return words, reverse("governance:run", args=[key])

    def check(got: Answers, errors: dict[str, str]) -> None:
        _known_person("giver", names)(got, errors)
        _known_person("holder", names)(got, errors)

    says = _("A member votes for one absent member at most. A proxy never counts towards the quorum.")
    if not allowed:
        says = _("The terms of this board know no votes by proxy: a proxy is refused.")
    return answer(
        request,
        Act(_("Write down a proxy"), _("Write down this proxy"), "proxy", meeting_crumbs(kept), questions, do, done,
            caption=said_day(kept), intro=[says], check=check),
    )  # fmt: skip


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def proxy_vote(request: Any, key: str) -> HttpResponseBase:
    """Use a proxy: the holder's vote for the member who is away."""
    kept = item_of(key)
    moment = Moment(day_of(kept.meeting), now().known_at)
    given = list(kept.meeting.proxies.order_by("pk"))
    names = names_of({one.giver for one in given} | {one.holder for one in given}, moment)
    pairs = {
        str(one.pk): _("%(holder)s for %(giver)s") % {"holder": names[one.holder], "giver": names[one.giver]}
        for one in given
    }
    questions = [
        Question("proxy", "radios", _("Which proxy is used?"), _("Choose which proxy is used"),
                 items=code_items(pairs)),
        Question("value", "radios", _("How?"), _("Choose the vote"),
                 items=code_items({one: _(text) for one, text in VOTES.items()})),
        Question("at", "time", _("At which minute?"), _("The minute"),
                 start=said_minute(clock_of(kept.meeting, moment.known_at))),
    ]  # fmt: skip
    if not given:
        raise RuleError(_("No proxy is written down for this meeting. Write it down first."))

    def do(got: Answers) -> None:
        one = next(one for one in given if str(one.pk) == got.text("proxy"))
        voting.cast_vote(
            request.grant, key, one.holder, got.text("value"), cast_at=minute_of(kept.meeting, got.time("at")),
            proxy_for=one.giver,
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The vote by proxy is taken."), reverse("governance:item", args=[key])

    return answer(
        request,
        Act(_("Vote by proxy"), _("Take this vote"), "proxy-vote", item_crumbs(kept), questions, do, done,
            caption=kept.title),
        fields=[(VoteRefused, ("proxy",))],
    )  # fmt: skip


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def decide_urgently(request: Any, key: str) -> HttpResponseBase:
    """Decide between meetings: chair and leader, with a reason; the next meeting ratifies it."""
    kept, moment = board_of(key), now()
    two = [*chairs_on(board_at(key, moment), moment), *_leaders(key, moment)]
    names = names_of(two, moment)
    questions = [
        Question("text", "long", _("What is decided, in one sentence?"), _("Say what is decided")),
        Question("reason", "long", _("Why can it not wait for the next meeting?"), _("Say why it cannot wait")),
        *_what(kept, moment),
        Question("conflicted", "checks", _("Does one of them have a conflict of interest?"), is_optional=True,
                 items=people_items(two, names)),
    ]  # fmt: skip
    made = ""

    def do(got: Answers) -> None:
        nonlocal made
        made = urgent.take_urgent_decision(
            request.grant, key, text=got.text("text"), reason=got.text("reason"), decided_at=now().known_at,
            function=got.text("function"), amount_pence=got.values["pence"], supplier=got.text("supplier"),
            conflicted=got.chosen("conflicted"),
        ).pk  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        words = _("It is decided. It waits to be ratified, and stands on the agenda of the next meeting by itself.")
        return words, reverse("governance:decision", args=[made])

    says = _("The chair and the leader decide: %(names)s.") % {"names": ", ".join(names[one] for one in two)}
    return answer(
        request,
        Act(_("Take an urgent decision"), _("Take this decision"), "urgent", crumbs(board_crumb(key, moment)),
            questions, do, done, caption=terms_on(key, moment).name, intro=[says], check=_money_of_function),
        fields=[(UrgentRefused, ("conflicted",)), (ReferredUp, ("pence",))], read_pounds=pence_sent,
    )  # fmt: skip


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def ratify(request: Any, key: str) -> HttpResponseBase:
    """Record what a later meeting made of an urgent decision, by the item that decided it."""
    kept, moment = decision_of(key), now()
    rows = models.Decision.objects.select_related("item").filter(
        board=kept.board_id, item__isnull=False, decided_at__gt=kept.decided_at
    ).order_by("decided_at")  # fmt: skip
    choices = {one.pk: f"{one.item.title}, {day_decided(one)}" for one in rows if one.item is not None}
    hint = "" if choices else _("No later item of this board is decided yet. Put it on the next agenda.")
    question = Question("item", "choice", _("By which item did the meeting decide about it?"), _("Choose the item"),
                        items=code_items(choices, _("Choose an item")), hint=hint)  # fmt: skip

    def do(got: Answers) -> None:
        urgent.ratify(request.grant, key, got.text("item"))

    def done(_got: Answers) -> tuple[str, str]:
        ratified = models.Ratification.objects.get(decision=kept).is_ratified
        words = _("The meeting ratified it.") if ratified else _("The meeting did not ratify it.")
        return words, reverse("governance:decision", args=[key])

    return answer(
        request,
        Act(_("Ratify an urgent decision"), _("Record it"), "ratify", crumbs(board_crumb(kept.board_id, moment)),
            [question], do, done, caption=kept.text),
    )  # fmt: skip


@requires("governance.preside")
@require_http_methods(["GET", "HEAD", "POST"])
def decide_alone(request: Any, key: str) -> HttpResponseBase:
    """Write down what the holder of a post decided alone under a delegation."""
    kept, moment = board_of(key), now()
    lines = [
        one for one in delegations_of(kept.system, moment.known_at)
        if one.to_kind == "post" and one.from_board_id == key and as_delegation(one).is_on(moment.valid_on)
    ]  # fmt: skip
    members = members_of(key, moment)
    names = names_of(members, moment)
    what = [one for one in _what(kept, moment) if one.name != "function"]
    questions = [
        Question("line", "radios", _("Which post decides about what?"), _("Choose the post and the function"),
                 items=code_items({one.key: f"{one.to}: {one.function.replace('-', ' ')}" for one in lines})),
        Question("person", "choice", _("Who holds the post?"), _("Choose who holds the post"),
                 items=people_items(members, names, _("Choose a person"))),
        Question("text", "long", _("What is decided, in one sentence?"), _("Say what is decided")),
        Question("reason", "long", _("Why?"), _("Say in a few words why")),
        *what,
    ]  # fmt: skip
    if not lines:
        raise RuleError(_("No post has a delegation from this board today. A board secretary delegates first."))
    made = ""

    def do(got: Answers) -> None:
        nonlocal made
        line = next(one for one in lines if one.key == got.text("line"))
        made = alone.decide_alone(
            request.grant, kept.system, line.to, function=line.function, text=got.text("text"),
            reason=got.text("reason"), decided_at=now().known_at, amount_pence=got.values["pence"],
            supplier=got.text("supplier"), person=got.text("person"),
        ).pk  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        words = _("The decision is kept among those of the board that delegated.")
        return words, reverse("governance:decision", args=[made])

    return answer(
        request,
        Act(_("Decide under a delegation"), _("Keep this decision"), "alone", crumbs(board_crumb(key, moment)),
            questions, do, done, caption=terms_on(key, moment).name, check=_known_person("person", names)),
        fields=[(ReferredUp, ("pence",)), (alone.NotThePost, ("person",))], read_pounds=pence_sent,
    )  # fmt: skip


def _what(kept: models.Board, moment: Moment) -> list[Question]:
    lines = delegations_of(kept.system, moment.known_at)
    functions = sorted({one.function for one in lines if as_delegation(one).is_on(moment.valid_on)})
    return [
        Question("function", "choice", _("Which power to decide is it?"), is_optional=True,
                 items=code_items({one: one.replace("-", " ").capitalize() for one in functions}, _("None"))),
        Question("pence", "pounds", _("How much money is it about?"), _("The amount"), is_optional=True),
        Question("supplier", "text", _("To which supplier or party?"), is_optional=True),
    ]  # fmt: skip


def _leaders(board: str, moment: Moment) -> list[str]:
    seated = board_at(board, moment)
    held = seated.holders_on(moment.valid_on)
    return sorted({one for seat in seated.seats if "leader" in seat.kinds for one in held.get(seat.key, ())})


def _money_of_function(got: Answers, errors: dict[str, str]) -> None:
    if got.values["pence"] and not got.text("function"):
        errors["function"] = _("Choose of which function it is: money is decided about by function")


def _known_person(field: str, names: dict[str, str]) -> Any:
    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text(field) not in names:
            errors[field] = _("Choose one of the members")

    return check
