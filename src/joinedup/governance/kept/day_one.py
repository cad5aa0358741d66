"""The check before a change takes force, by what the rooms say of the bodies that close (rules: C3, C6, C7, P9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.conf import settings
from django.utils.module_loading import import_string

from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.kept.transitions import (
    ClosingBody,
    FunctionReport,
    closing_bodies,
    counts_of,
    functions_of,
    report_of,
    staff_of,
    steps_without_reason,
)
from joinedup.governance.transition.day_one import DayOne, OpenWork, OpenWorkOf, check_day_one, shown_under
from joinedup.governance.transition.staff_transfer import TransferReport
from joinedup.moment import Moment
from joinedup.system import Event, as_of

# What C3 names and nobody answers for yet, with why: their silence is not the same as nothing.
TO_COME = {
    "engagement": "the room is not built: consultations that are open, and what residents asked, are not kept here",
    "subscriptions": "nothing here keeps who subscribes to what",
    "oversight": "the room is not built",
    "pressure": "the room is not built",
}
# Children of a closing body: where nobody said who has them, they are shown under the one body that it became (C4).
CHILDREN = frozenset({
    ("system", "sub-body"), ("system", "post"), ("system", "site"), ("system", "area served"), ("governance", "seat"),
})  # fmt: skip
# Rooms that find a body by its code, key or uuid alike: they are asked once, by its code.
KNOW_BY_ANY_NAME = frozenset({"access", "system", "feeds", "identity", "record", "population", "measures"})
RoomAsked = Callable[[str, date], Iterable[Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Readiness:
    """What stands in the way of a change, and what was looked at; `blocks` is empty where it may take force."""

    event: Event
    closing: tuple[ClosingBody, ...]
    day_one: DayOne
    staff: TransferReport | None
    counted: dict[str, int]
    functions: FunctionReport | None
    blocks: tuple[str, ...] = field(default=())
    by_succession: int = 0  # children that nobody placed and that go to the one body that follows (C4)

    @property
    def is_ready(self) -> bool:
        return not self.blocks


def event_known(key: str, moment: Moment) -> Event:
    """Answer a change event as believed at a moment; NotFound where none is known by this key."""
    found = as_of(moment.valid_on, moment.known_at).events_of([key])
    if not found:
        raise NotFound(f"No change '{key}' is known then. joinedup system events --json lists all.")
    return found[0]


def rooms_asked(closing: dict[str, ClosingBody]) -> dict[str, OpenWorkOf | None]:
    """Answer, by room, who is asked for open work; None for a room that nobody registered."""
    registered = {path.split(".")[1]: path for path in settings.OPEN_WORK}
    rooms = [one.rpartition(".")[2] for one in settings.ROOMS if one != "joinedup.ui"]
    return {
        room: _asking(room, import_string(registered[room]), closing) if room in registered else None
        for room in (*rooms, *TO_COME)
    }


def day_one_of(event: Event, transition: str, known_at: datetime) -> tuple[DayOne, int]:
    """Ask every room what the bodies that close have open on the day of a change, and who has it then (C3).

    With it, how many children of theirs are placed by succession alone (C4).
    """
    closing = closing_bodies(event, known_at)
    owners = _Owners(event, transition, closing, known_at)
    found = check_day_one(closing, event.effective.earliest, rooms=rooms_asked(closing), new_owner_of=owners.of)
    return found, owners.by_succession


def readiness(key: str, moment: Moment) -> Readiness:
    """Answer whether a change may take force, by what is known at a moment.

    Of an event that is in no transition only open work is checked: nobody said anything of its staff and functions.
    """
    event = event_known(key, moment)
    held = models.TransitionEvent.objects.filter(event=key, at__lte=moment.known_at).first()
    transition = held.transition_id if held else ""
    closing = closing_bodies(event, moment.known_at)
    found, inherited = day_one_of(event, transition, moment.known_at)
    lost = sum(one.work.count for one in found.orphans)
    blocks = [f"{lost} pieces of open work without a new owner"] if lost else []
    if not transition:
        return Readiness(event, tuple(closing.values()), found, None, {}, None, tuple(blocks), inherited)
    functions = functions_of(transition, moment.known_at)
    staff: TransferReport | None = None
    counted: dict[str, int] = {}
    if closing:
        staff, counted, said = _staff(transition, closing, moment.known_at)
        blocks += said
        if functions is None:
            blocks.append("no map of functions")
    if functions is not None:
        blocks += [f"{len(functions.gaps)} functions without an owner"] if functions.gaps else []
        blocks += [f"{len(functions.overlaps)} functions with several owners"] if functions.overlaps else []
        if event.kind == "rename" and functions.moved:
            blocks.append(f"{len(functions.moved)} functions that a rename would move")
    if steps := steps_without_reason(transition, moment.known_at):
        blocks.append(f"{len(steps)} steps that disturb more than they are worth, without a reason")
    return Readiness(event, tuple(closing.values()), found, staff, counted, functions, tuple(blocks), inherited)


def _staff(
    transition: str, closing: dict[str, ClosingBody], known_at: datetime
) -> tuple[TransferReport, dict[str, int], list[str]]:
    """Answer how the staff of closing bodies stand, how many people each said it has, and what stands in the way."""
    names = {alias for one in closing.values() for alias in one.aliases}
    rows = [row for row in staff_of(transition, known_at) if row.from_body in names]
    report = report_of(transition, rows, known_at)
    counts = counts_of(transition, "staff", known_at)
    said: list[str] = []
    counted: dict[str, int] = {}
    for code, body in closing.items():
        number = next((counts[alias] for alias in sorted(body.aliases) if alias in counts), None)
        if number is None:
            said.append(f"the people of {code} were not counted")
            continue
        counted[code] = number
        listed = len({row.person for row in rows if row.from_body in body.aliases})
        if listed != number:
            said.append(f"{code} has {number} people and {listed} in the list")
    return report, counted, [*said, *report.blocks]


def _asking(room: str, ask: RoomAsked, closing: dict[str, ClosingBody]) -> OpenWorkOf:
    """Answer a question to a room about a body by everything that it is known by; the same work counts once."""

    def of(body: str, on: date) -> Iterable[OpenWork]:
        found: dict[tuple[str, str], OpenWork] = {}
        for alias in [body] if room in KNOW_BY_ANY_NAME else sorted(closing[body].aliases):
            for work in ask(alias, on):
                key = (work["kind"], work["id"])
                count = int(work.get("count", 1))
                found[key] = OpenWork(*key, work["title"], body, work["owner"], work["link"], count)
        return found.values()

    return of


class _Owners:
    """Who has open work from day one on: the nearest row that was said; for a child, whoever follows; or nobody."""

    def __init__(self, event: Event, transition: str, closing: dict[str, ClosingBody], known_at: datetime) -> None:
        self.by_succession = 0
        self._codes = {alias: code for code, one in closing.items() for alias in one.aliases}
        rows = models.NewOwner.objects.filter(transition=transition, at__lte=known_at).order_by("pk")
        self._said: dict[tuple[str, ...], str] = {
            (self._codes.get(row.body, row.body), row.room, row.kind, row.work): row.to for row in rows
        }
        self._on = event.effective.earliest
        after = as_of(self._on, known_at).bodies_by_id(event.results).values()
        self._became = {code: {self._on: {one.code or one.key for one in after}} for code in closing}

    def of(self, room: str, work: OpenWork) -> str | None:
        for key in ((room, work.kind, work.key), (room, work.kind, ""), (room, "", ""), ("", "", "")):
            to = self._said.get((work.body, *key))
            if to:
                return self._codes.get(to, to)  # A closing body is no owner, by whatever it is called.
        if (room, work.kind) in CHILDREN and self._became[work.body][self._on]:
            shown = shown_under(work.body, self._on, self._became)
            self.by_succession += shown.by == "succession"
            return shown.parent or None
        return None
