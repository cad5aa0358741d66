"""Drawing up an agenda: items put on it, in which order, withdrawn, held in private, or taken on from another board."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts import agenda as agenda_acts, meetings as acts
from joinedup.governance.delegation.deciding_alone import Verdict
from joinedup.governance.kept.decisions import decision_of
from joinedup.governance.kept.delegations import NotInScheme, as_delegation, delegations_of, verdict_on
from joinedup.governance.kept.meetings import (
    day_of,
    item_of,
    items_of,
    meeting_of,
    must_be_on_agenda,
    must_take_place,
    next_number,
    not_cancelled,
)
from joinedup.governance.meetings.decisions import MeetingCannotDecide
from joinedup.governance.meetings.papers import PURPOSES
from joinedup.governance.views.parts import (
    TYPES,
    board_crumb,
    board_names,
    crumbs,
    item_crumbs,
    meeting_crumbs,
    must_see,
    said_day,
)
from joinedup.governance.views.pounds_sent import pence_sent
from joinedup.moment import Moment, now
from joinedup.ui import Column, Table
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items

MAJORITIES = {
    "2/3 of present": "Two thirds of those present", "3/4 of present": "Three quarters of those present",
    "2/3 of all_seats": "Two thirds of all seats", "4/5 of all_seats": "Four fifths of all seats",
}  # fmt: skip
ACTS = {
    "commitment": "Committing money", "virement": "Moving money between budget lines",
    "contribution": "Paying into a pooled fund", "risk_share": "Calling on a risk share",
}  # fmt: skip
ASKS = ("acts", "from", "to", "purpose", "plan_line")


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Any, key: str) -> HttpResponseBase:
    """Put an item on an agenda; where the board lacks the power to decide it, that is said before."""
    kept = must_take_place(meeting_of(key))
    moment = Moment(day_of(kept), now().known_at)
    questions = _about() + _power(kept, moment) + _money()

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.values["pence"] and not got.text("function"):
            errors["function"] = _("Choose of which function it is: money is decided about by function")
        if got.chosen("acts") and not got.values["pence"]:
            errors["pence"] = _("Say how much money is asked for")
        if got.chosen("acts"):
            for name, what in (("from", _("from which day")), ("to", _("until which day"))):
                if _day(got, name) is None:
                    errors[f"{name}-day"] = _("Say %(what)s the money may be used") % {"what": what}
        minutes = got.values["minutes"]
        if minutes is not None and minutes != minutes.to_integral_value():
            errors["minutes"] = _("Give whole minutes")

    made = ""

    def do(got: Answers) -> None:
        nonlocal made
        made = acts.add_item(
            request.grant, key, next_number(kept), got.text("title"), type=got.text("type"),
            is_private=got.text("private") == "yes", function=got.text("function"), orgs_named=_codes(got),
            amount_pence=got.values["pence"], supplier=got.text("supplier"), needs=got.text("needs"),
            asks=_asks(got), presenter=got.text("presenter"), purposes=got.chosen("purposes"),
            minutes=_whole(got.values["minutes"]),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The item is on the agenda. Its paper comes next."), reverse("governance:item", args=[made])

    return answer(
        request,
        Act(_("Put an item on the agenda"), _("Put it on the agenda"), "item", meeting_crumbs(kept), questions, do,
            done, caption=_("Meeting of %(day)s") % {"day": said_day(kept)}, check=check,
            worked=lambda got: _power_tables(kept, moment, got)),
        fields=[(MeetingCannotDecide, ("type",)), (NotInScheme, ("function",))], read_pounds=pence_sent,
    )  # fmt: skip


def _about() -> list[Question]:
    return [
        Question("title", "text", _("What is the item called?"), _("Say what the item is called")),
        Question("type", "radios", _("What is asked of the board?"), _("Choose what is asked of the board"),
                 items=code_items({one: _(text) for one, text in TYPES.items()})),
        Question("private", "radios", _("Is it held in private?"), _("Say whether it is held in private"), start="no",
                 items=code_items({"no": _("No"), "yes": _("Yes: its title too is private everywhere")})),
        Question("purposes", "checks", _("Which purposes does it serve?"), is_optional=True,
                 items=code_items({one: _(text) for one, text in PURPOSES.items()})),
        Question("presenter", "text", _("Who presents it?"), is_optional=True),
        Question("minutes", "number", _("How many minutes may it take?"), _("The minutes"), is_optional=True),
        Question("orgs", "text", _("Which bodies does it name?"), is_optional=True,
                 hint=_("Codes or names with commas between, such as QM7, RWG. Conflicts of interest are looked for")),
    ]  # fmt: skip


def _power(kept: models.Meeting, moment: Moment) -> list[Question]:
    lines = delegations_of(kept.board.system, moment.known_at)
    functions = sorted({one.function for one in lines if as_delegation(one).is_on(moment.valid_on)})
    return [
        Question("function", "choice", _("Which power to decide does it ask for?"), is_optional=True,
                 hint=_("A function of the scheme of delegation. You are told if this board lacks the power."),
                 items=code_items({one: one.replace("-", " ").capitalize() for one in functions}, _("None"))),
        Question("needs", "choice", _("Which majority does it need?"), is_optional=True,
                 items=code_items({one: _(text) for one, text in MAJORITIES.items()},
                                  _("More votes for than against"))),
    ]  # fmt: skip


def _money() -> list[Question]:
    return [
        Question("pence", "pounds", _("How much money is it about?"), _("The amount"), is_optional=True),
        Question("supplier", "text", _("To which supplier or party?"), is_optional=True),
        Question("acts", "checks", _("What may the money be used for, once it is carried?"), is_optional=True,
                 items=code_items({one: _(text) for one, text in ACTS.items()}),
                 hint=_("Tick nothing where no authority to spend is asked for.")),
        Question("from", "day", _("From which day?"), _("The first day"), is_optional=True),
        Question("to", "day", _("Until which day?"), _("The last day"), is_optional=True),
        Question("purpose", "text", _("For which purpose alone?"), is_optional=True),
        Question("plan_line", "text", _("For which line of a plan?"), is_optional=True,
                 hint=_("Its key, as the page of the plan shows it")),
    ]  # fmt: skip


def _power_tables(kept: models.Meeting, moment: Moment, got: Answers) -> list[Table]:
    """Answer the warning that the board may not decide this, with the reasons and to whom it would go (D6)."""
    function = got.text("function")
    if got.text("type") != "approve" or not function:
        return []
    verdict = verdict_on(
        kept.board, function, got.values["pence"], got.text("supplier"), kept.starts_at, moment.known_at
    )
    return power_table(verdict, moment) if verdict is not None else []


def power_table(verdict: Verdict, moment: Moment) -> list[Table]:
    """Answer in a table whether somebody may decide, and if not why and who may."""
    if verdict.is_allowed:
        return []
    to = board_names(moment).get(verdict.refer_to, verdict.refer_to)
    rows = [{"why": one.says[:1].upper() + one.says[1:]} for one in verdict.reasons]
    return [
        Table(
            [Column("why", _("Why not"))], rows,
            caption=_("Warning: this board may not decide it. It will be referred to %(board)s") % {"board": to},
            name="power", can_download=False, can_sort=False, can_filter=False,
        )
    ]  # fmt: skip


def _asks(got: Answers) -> dict[str, Any] | None:
    if not got.chosen("acts"):
        return None
    asked: dict[str, Any] = {
        "acts": list(got.chosen("acts")), "valid_from": str(_day(got, "from")), "valid_to": str(_day(got, "to")),
        "party": got.text("supplier"), "purpose": got.text("purpose"), "plan_line": got.text("plan_line"),
    }  # fmt: skip
    return {name: value for name, value in asked.items() if value}


def _day(got: Answers, name: str) -> Any:
    return got.values[name]


def _whole(minutes: Decimal | None) -> int | None:
    return None if minutes is None else int(minutes)


def _codes(got: Answers) -> list[str]:
    return [one for one in (" ".join(part.split()) for part in got.text("orgs").split(",")) if one]


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def order(request: Any, key: str) -> HttpResponseBase:
    """Put the items of an agenda into another order: each says its new place."""
    kept = must_take_place(meeting_of(key))
    items = items_of(kept, now().known_at)
    places = {str(place): str(place) for place in range(1, len(items) + 1)}
    questions = [
        Question(f"place-{place}", "choice", one.title, items=code_items(places), start=str(place), says=one.title)
        for place, one in enumerate(items, 1)
    ]

    def keys_in(got: Answers) -> list[str]:
        wanted = [(int(got.text(f"place-{place}")), one.key) for place, one in enumerate(items, 1)]
        return [item for _place, item in sorted(wanted)]

    def check(got: Answers, errors: dict[str, str]) -> None:
        seen: set[str] = set()
        for place, one in enumerate(items, 1):
            chosen = got.text(f"place-{place}")
            if chosen not in places or chosen in seen:
                errors[f"place-{place}"] = _("Two items cannot have place %(place)s: %(title)s") % {
                    "place": chosen, "title": one.title,
                }  # fmt: skip
            seen.add(chosen)

    def do(got: Answers) -> None:
        agenda_acts.order_items(request.grant, key, keys_in(got))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The agenda has its new order."), reverse("governance:meeting", args=[key])

    if not items:
        raise RuleError(_("Nothing is on the agenda yet. Put items on it first."))
    return answer(
        request,
        Act(_("Change the order of the agenda"), _("Put it in this order"), "order", meeting_crumbs(kept), questions,
            do, done, caption=said_day(kept), check=check),
    )  # fmt: skip


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: Any, key: str) -> HttpResponseBase:
    """Withdraw an item; it stays on the agenda as withdrawn, with the reason."""
    kept = must_be_on_agenda(item_of(key))
    question = Question("reason", "long", _("Why is it withdrawn?"), _("Say in a few words why"),
                        hint=_("Everybody may read this reason"))  # fmt: skip

    def do(got: Answers) -> None:
        agenda_acts.withdraw_item(request.grant, key, reason=got.text("reason"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The item is withdrawn. It stays on the agenda as withdrawn."), _meeting(kept)

    return answer(
        request,
        Act(_("Withdraw this item"), _("Withdraw it"), "withdraw", item_crumbs(kept), [question], do, done,
            caption=kept.title),
    )  # fmt: skip


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def private(request: Any, key: str) -> HttpResponseBase:
    """Hold an item in private from now on: its title too."""
    kept = must_be_on_agenda(item_of(key))
    question = Question("reason", "long", _("Why is it held in private?"), _("Say in a few words why"))

    def do(got: Answers) -> None:
        agenda_acts.make_private(request.grant, key, reason=got.text("reason"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The item is private. Its title is shown to members alone."), _meeting(kept)

    return answer(
        request,
        Act(_("Hold this item in private"), _("Hold it in private"), "private", item_crumbs(kept), [question], do,
            done, caption=kept.title,
            intro=[_("The public then reads that there is a private item, and nothing else of it. It stays private.")]),
    )  # fmt: skip


@requires("governance.prepare")
@require_http_methods(["GET", "HEAD", "POST"])
def take_on(request: Any, key: str) -> HttpResponseBase:
    """Take what another board referred onto an agenda of the board to which it was referred."""
    kept = decision_of(key)
    must_see(request, kept.item)
    moment = now()
    to = agenda_acts.referred_to(kept)
    rows = models.Meeting.objects.select_related("board").filter(starts_at__gt=moment.known_at)
    rows = rows.filter(board=to) if to else rows.exclude(board=kept.board_id)
    names = board_names(moment)
    coming = not_cancelled(rows, moment.known_at).order_by("starts_at")
    choices = {one.key: f"{names.get(one.board_id, one.board_id)}, {said_day(one)}" for one in coming}
    hint = "" if choices else _("No meeting of that board is called. Call one first.")
    question = Question("meeting", "choice", _("At which meeting is it taken on?"), _("Choose a meeting"), hint=hint,
                        items=code_items(choices, _("Choose a meeting")))  # fmt: skip
    made = ""

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("meeting") not in choices:
            errors["meeting"] = _("Choose a meeting")

    def do(got: Answers) -> None:
        nonlocal made
        made = agenda_acts.take_on(request.grant, key, got.text("meeting"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("It is on the agenda, and linked with where it comes from."), reverse("governance:item", args=[made])

    here = crumbs(board_crumb(kept.board_id, moment))
    return answer(
        request,
        Act(_("Take on what was referred"), _("Put it on this agenda"), "take-on",
            item_crumbs(kept.item) if kept.item else here, [question], do, done, check=check,
            caption=kept.item.title if kept.item else kept.text),
    )  # fmt: skip


def _meeting(item: models.AgendaItem) -> str:
    return reverse("governance:meeting", args=[item.meeting_id])
