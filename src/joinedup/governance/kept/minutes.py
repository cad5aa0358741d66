"""Minutes as drafted from what was recorded: who was there, what was declared and decided, and who dissented."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from joinedup.governance import models
from joinedup.governance.kept.boards import terms_on
from joinedup.governance.kept.conflicts import actions_of
from joinedup.governance.kept.meetings import attendances_of, day_of, items_of, presiding_at
from joinedup.governance.meetings.decisions import OUTCOMES
from joinedup.governance.meetings.voting import Tally
from joinedup.moment import LONDON, Moment
from joinedup.system import names_of_people

ACTIONS = {
    "note": "it was noted",
    "discuss_no_vote": "discussed, but did not vote",
    "leave": "left for the item",
    "no_papers": "left for the item and did not have its papers",
}


def drafted(meeting: models.Meeting, known_at: datetime) -> str:
    """Answer the draft of a meeting's minutes in plain text, from everything recorded by an instant."""
    return "\n".join(_lines(meeting, known_at)) + "\n"


def _lines(meeting: models.Meeting, known_at: datetime) -> Iterator[str]:
    day = day_of(meeting)
    there = attendances_of(meeting, known_at)
    items = items_of(meeting, known_at)
    people = {row.person for row in there} | {presiding_at(meeting, meeting.starts_at).person}
    people |= {row.person for item in items for row in item.declarations.all()}
    people |= {one.person for item in items for one in models.Dissent.objects.filter(decision__item=item)}
    name = names_of_people(people, day, known_at)
    terms = terms_on(meeting.board_id, Moment(day, known_at))
    yield f"Minutes of {terms.name}, {day.day} {day:%B %Y}, {meeting.starts_at.astimezone(LONDON):%H:%M}"
    yield ""
    yield f"In the chair: {name[presiding_at(meeting, meeting.starts_at).person]}"
    for row in there:
        since, until = row.present.lower.astimezone(LONDON), row.present.upper
        left = f" to {until.astimezone(LONDON):%H:%M}" if until else ""
        deputy = f", deputy for {name.get(row.deputy_for, row.deputy_for)}" if row.deputy_for else ""
        yield f"Present from {since:%H:%M}{left}: {name[row.person]}{deputy}"
    for item in items:
        yield ""
        yield f"{item.number}. {item.title}"
        yield from _item_lines(item, name, known_at)


def _item_lines(item: models.AgendaItem, name: dict[str, str], known_at: datetime) -> Iterator[str]:
    if item.withdrawn:
        yield f"The item was withdrawn: {item.withdrawn}."
        return
    decision = models.Decision.objects.filter(item=item, at__lte=known_at).first()
    until = decision.decided_at if decision else known_at
    actions = actions_of(item, until, known_at)
    for row in item.declarations.filter(at__lte=known_at).order_by("declared_at", "pk"):
        action = actions.get(row.person)
        done = f": {ACTIONS[action.action]}" if action else ""
        yield f"{name[row.person]} declared an interest ({row.nature}){done}."
    if decision is None:
        opened = models.ItemOpened.objects.filter(item=item, at__lte=known_at).first()
        yield "The item was discussed." if opened else "The item was not taken."
        return
    yield decision.text
    said = OUTCOMES[decision.outcome] if decision.outcome else "Agreed by consensus; now with the members to adopt"
    votes = decision.votes_snapshot
    tally = ""
    if "votes_for" in votes:
        tally = " " + Tally(votes["votes_for"], votes["votes_against"], votes["abstentions"], votes["no_vote"]).says
    yield f"{said}{tally}. {decision.quorum_snapshot['says']}"
    for reason in decision.reasons:
        yield f"{reason[:1].upper()}{reason[1:]}."
    for one in decision.dissents.order_by("pk"):
        yield f"Dissent of {name[one.person]}: {one.text}"
