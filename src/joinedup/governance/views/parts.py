"""What the pages of this room share: the way to them, who asks, what people are called, and private titles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from joinedup.access import actor_of, decide
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.boards.seats import CATEGORIES
from joinedup.governance.kept.boards import board_at, holdings_of, person_of_account
from joinedup.governance.kept.decisions import outcome_of
from joinedup.governance.kept.meetings import day_of
from joinedup.governance.meetings.decisions import OUTCOMES
from joinedup.moment import LONDON, Moment, now
from joinedup.system import names_of_people
from joinedup.ui import Crumb

# How a paper's missing part is called to whoever has to write it (B8).
PARTS = {
    "purposes": "which of the four purposes it serves", "triple_aim.health": "what it does for health",
    "triple_aim.quality": "what it does for quality", "triple_aim.sustainability": "what it does for sustainability",
    "expected_effect": "the expected effect (measure, size, by when, for whom)",
    "evidence": "evidence", "engagement": "engagement", "co_production": "co-production",
    "equality_impact": "the impact on equality", "conflicts_considered": "conflicts of interest",
    "cost_pence": "what it costs", "lowest_tier": "the lowest tier that could decide",
}  # fmt: skip
TYPES = {"approve": "To approve", "discuss": "To discuss", "note": "To note"}
COLOURS = {
    "carried": "green", "carried_for_adopters": "yellow", "not_carried": "red", "referred": "blue",
    "deferred": "orange", "not_quorate": "red",
}  # fmt: skip
ACTIONS = {
    "note": "Noted: takes part and votes", "discuss_no_vote": "Discusses, but does not vote",
    "leave": "Leaves for the item", "no_papers": "Leaves, and does not have the papers",
}  # fmt: skip
VOTES = {"for": "For", "against": "Against", "abstain": "Abstain"}


def crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb("joinedup", "/"), Crumb(_("Boards"), reverse("governance:start")), *more]


def board_crumb(board: str, moment: Moment) -> Crumb:
    return Crumb(board_name(board, moment), reverse("governance:board", args=[board]))


def meeting_crumbs(meeting: models.Meeting, *more: Crumb) -> list[Crumb]:
    moment = Moment(day_of(meeting), now().known_at)
    here = Crumb(said_day(meeting), reverse("governance:meeting", args=[meeting.key]))
    return crumbs(board_crumb(meeting.board_id, moment), here, *more)


def item_crumbs(item: models.AgendaItem) -> list[Crumb]:
    return meeting_crumbs(
        item.meeting, Crumb(_("Item %(number)s") % {"number": item.number}, reverse("governance:item", args=[item.key]))
    )


def said_day(meeting: models.Meeting) -> str:
    on = day_of(meeting)
    return f"{on.day} {on:%B %Y}"


def said_minute(instant: datetime | None) -> str:
    """Answer a minute in London, such as 10:30; "" for none."""
    return f"{instant.astimezone(LONDON):%H:%M}" if instant else ""


def minute_of(meeting: models.Meeting, clock: time) -> datetime:
    """Answer the instant of a typed minute on the day of a meeting."""
    return datetime.combine(day_of(meeting), clock, tzinfo=LONDON)


def end_of_minute(meeting: models.Meeting, clock: time) -> datetime:
    """Answer the last instant of a typed minute, or now within it: votes of the same minute are before a closing."""
    return min(minute_of(meeting, clock) + timedelta(seconds=59, microseconds=999_999), now().known_at)


def board_names(moment: Moment) -> dict[str, str]:
    """Answer the names of the boards that sit on a day."""
    rows = models.BoardTerms.objects.filter(valid__contains=moment.valid_on, known__contains=moment.known_at)
    return dict(rows.values_list("board", "name"))


def board_name(board: str, moment: Moment) -> str:
    return board_names(moment).get(board, board)


def may(request: Any, permission: str) -> bool:
    """Answer whether whoever asks may do this today; the act asks again."""
    return decide(actor_of(request.user), permission, now().valid_on).allowed


def person_of(request: Any) -> str:
    """Answer which person of the boards asks; "" where the account is linked with none."""
    try:
        return person_of_account(actor_of(request.user).id, now())
    except NotFound:
        return ""


def names_of(people: Iterable[str], moment: Moment) -> dict[str, str]:
    """Answer what people are called; who is not known keeps the key."""
    keys = {one for one in people if one}
    return {key: key for key in keys} | names_of_people(sorted(keys), moment.valid_on, moment.known_at)


def members_of(board: str, moment: Moment) -> list[str]:
    """Answer who holds a seat of a board on a day."""
    held = board_at(board, moment).holders_on(moment.valid_on)
    return sorted({one for people in held.values() for one in people})


def own_boards(person: str, moment: Moment) -> set[str]:
    """Answer the boards on which a person holds a seat on a day."""
    return {line.board_id for line in holdings_of(person, moment)} if person else set()


def sees_private(request: Any, board: str) -> bool:
    """Answer whether whoever asks sees private items of a board: its members, and those who prepare its meetings."""
    return may(request, "governance.prepare") or board in own_boards(person_of(request), now())


def title_of(item: models.AgendaItem, sees: bool) -> str:
    return item.title if sees or not item.is_private else _("Private item")


def must_see(request: Any, item: models.AgendaItem | None) -> None:
    """Raise NotFound for a private item of a board to whose private part whoever asks does not belong."""
    if item is not None and item.is_private and not sees_private(request, item.meeting.board_id):
        raise NotFound(_("This item is private. Ask the board secretary if your work needs it."))


def outcome_said(decision: models.Decision, moment: Moment) -> dict[str, str]:
    """Answer the outcome of a decision with the colour of its tag."""
    found = outcome_of(decision, moment)
    if found is None:
        return {"text": _("With its members to adopt"), "colour": "blue"}
    return {"text": _(OUTCOMES[found]), "colour": COLOURS[found]}


def people_items(people: Iterable[str], names: Mapping[str, str], none: str = "") -> list[dict[str, str]]:
    """Answer people as choices, by name."""
    first = [{"value": "", "text": none}] if none else []
    return [*first, *({"value": one, "text": names[one]} for one in sorted(people, key=lambda one: names[one]))]


def kind_said(kind: str) -> str:
    return _(CATEGORIES.get(kind, kind.replace("_", " ")))


def missing_said(missing: Iterable[str]) -> str:
    return ", ".join(_(PARTS.get(one, one)) for one in missing)


def is_to_come(meeting: models.Meeting, moment: Moment) -> bool:
    return day_of(meeting) >= moment.valid_on
