"""How the demo's meetings are held: one act a method, each known since the minute at which it happened."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joinedup.errors import JoinedupError, NotFound
from joinedup.moment import LONDON, now

if TYPE_CHECKING:
    from joinedup.access import Grant

SINCE = date(2022, 7, 1)
PAPERS = Path(__file__).with_name("papers.toml")
_PARTS = ("purposes", "evidence", "engagement", "co_production")
_WORDS = ("no_engagement_reason", "equality_impact", "conflicts_considered", "lowest_tier")


@dataclass(frozen=True, slots=True)
class Script:
    """What the acts of the demo need: leave as a job, and the day on which the demo is made.

    `known` are the words by which papers name what happened before: references of decisions, sums.
    """

    grant: Grant
    today: date
    known: dict[str, str] = field(default_factory=dict)

    def friday(self, weeks: int) -> date:
        """Answer the Friday so many weeks before the Monday of this week; a negative number is a week to come."""
        monday = self.today - timedelta(days=self.today.weekday())
        return monday - timedelta(weeks=weeks) + timedelta(days=4)

    def minute(self, on: date, text: str) -> datetime:
        """Answer a minute of a day in London, such as 10:30."""
        hour, minutes = text.split(":")
        return datetime(on.year, on.month, on.day, int(hour), int(minutes), tzinfo=LONDON)

    def told(self, on: date, text: str = "18:00") -> dict[str, Any]:
        """Answer since when an act is known: that minute, or now where that is still to come."""
        return {"known_at": min(self.minute(on, text), now().known_at)}

    def act(
        self, act_name: str, /, *given: Any, on: date, at: str = "09:00", known: date | None = None, **more: Any
    ) -> Any:
        """Do an act of governance by its name (`boards.appoint`), known since a minute of the day `on`.

        Where the act itself takes `on`, give that as `known`.
        """
        module, act = act_name.split(".")
        named = {"on": known} if known is not None else {}
        does = getattr(import_module(f"joinedup.governance.acts.{module}"), act)
        return does(self.grant, *given, **named, **self.told(on, at) | more)

    def refused(self, by: str, act: Callable[[], Any]) -> str:
        """Do what must be refused by the error of this name; answers its message. Anything else breaks the script."""
        try:
            act()
        except JoinedupError as error:
            if type(error).__name__ == by:
                return str(error)
            raise
        raise AssertionError(f"the script expected {by}, and nothing was refused")

    def call(self, board: str, on: date, *, starts: str = "10:00", **more: Any) -> str:
        """Call a decision meeting, known three weeks before; answers its key."""
        given: dict[str, Any] = {"kind": "decision", "starts_at": self.minute(on, starts), "place": "Council chamber"}
        return str(self.act("meetings.call_meeting", board, on=on - timedelta(days=21), at="18:00", **given | more))

    def item(self, meeting: str, number: int, title: str, on: date, *, type: str = "approve", **more: Any) -> str:
        """Put an item on the agenda, known two weeks before."""
        before = on - timedelta(days=14)
        return str(self.act("meetings.add_item", meeting, number, title, type=type, on=before, at="18:00", **more))

    def paper(self, item: str, name: str, on: date, *, cost: int = 0, days: int = 10, **more: Any) -> None:
        """Submit a paper of papers.toml for an item, so many days before the meeting.

        What it cites must have been known by then; a measure without figures of that time is left out.
        """
        from joinedup.governance import PaperParts

        said = _papers()[name]
        parts = PaperParts(
            triple_aim={aim: said[aim] for aim in ("health", "quality", "sustainability") if aim in said},
            cost_pence=cost, **{one: tuple(said.get(one, ())) for one in _PARTS},
            **{one: str(said.get(one, "")) for one in _WORDS},
        )  # fmt: skip
        day = on - timedelta(days=days)
        text = said["text"].strip().format_map(self.known)
        given: dict[str, Any] = {"title": said["title"], "text": text, "parts": parts}
        given |= {"submitted_at": self.minute(day, "12:00")} | self.told(day) | more
        cites = [(kind, id_.format_map(self.known)) for kind, id_ in said.get("cites", ())] + list(
            given.pop("cites", ())
        )
        given["cites"] = [one for one in cites if self._is_known(one, given["known_at"])]
        self.act("papers.submit_paper", item, f"paper-{item}", on=day, **given)

    def _is_known(self, cite: tuple[str, str], known_at: datetime) -> bool:
        from joinedup.governance.kept.citations import cited

        try:
            cited([cite], known_at)
        except NotFound:
            if cite[0] == "decision":
                raise
            return False
        return True

    def publish(self, meeting: str, on: date) -> None:
        """Publish the papers, eight days before the meeting."""
        day = on - timedelta(days=8)
        self.act("papers.publish_papers", meeting, published_at=self.minute(day, "12:00"), on=day, at="18:00")

    def publish_late(self, meeting: str, day: date) -> None:
        """Publish what came late, on the day on which it came."""
        self.act("papers.publish_papers", meeting, published_at=self.minute(day, "16:00"), on=day, at="18:01")

    def arrive(self, meeting: str, on: date, people: Iterable[str], at: str = "09:55", **more: Any) -> dict[str, Any]:
        """Let people come at a minute; answers their visits by person."""
        given: dict[str, Any] = {"arrived": self.minute(on, at), "on": on, "at": "12:30"} | more
        return {one: self.act("meetings.record_attendance", meeting, one, **given) for one in people}

    def leave(self, visit: Any, on: date, at: str) -> None:
        """Let a person who is there leave at a minute."""
        self.act("meetings.record_leaving", visit, self.minute(on, at), on=on, at="12:36")

    def open(self, item: str, on: date, at: str) -> None:
        """Open an item at a minute."""
        from joinedup.governance.acts import voting

        voting.open_item(self.grant, item, at=self.minute(on, at), **self.told(on, "12:32"))

    def vote(self, item: str, on: date, at: str, values: Mapping[str, str]) -> None:
        """Take the votes of people: {person: for, against or abstain}."""
        for person, value in values.items():
            self.act("voting.cast_vote", item, person, value, cast_at=self.minute(on, at), on=on, at="12:33")

    def conflict(self, item: str, person: str, on: date, at: str, words: str, *, action: str, decided_by: str) -> None:
        """Let a person declare a conflict in an item, and whoever presides decide what it means."""
        since = self.minute(on, at)
        self.act(
            "interests.declare_for_item", item, person, nature="actual", declared_at=since, words=words, on=on,
            at="12:32",
        )  # fmt: skip
        self.act(
            "interests.decide_conflict_action", item, person, action=action, decided_by=decided_by, since=since,
            reason=words, on=on, at="12:32",
        )  # fmt: skip

    def close(self, item: str, on: date, at: str, text: str, **more: Any) -> str:
        """Close an item; answers the decision's reference."""
        from joinedup.governance.acts import deciding

        done = deciding.close_item(self.grant, item, at=self.minute(on, at), text=text, **self.told(on, "12:34") | more)
        return str(done.reference)

    def done(self, meeting: str, on: date, visits: Mapping[str, Any], at: str = "12:15") -> None:
        """Let everybody leave, and draft the minutes."""
        for visit in visits.values():
            self.leave(visit, on, at)
        self.act("minutes.draft_minutes", meeting, on=on, at="12:40")

    def approve(self, meeting: str, at_meeting: str, on: date, *, number: int = 1) -> None:
        """Approve a version of an earlier meeting's minutes at a meeting."""
        self.act("minutes.approve_minutes", meeting, at_meeting, number=number, on=on, at="12:35")


def asks(on: date, party: str, purpose: str, **more: Any) -> dict[str, Any]:
    """Answer the authority that an item asks money for: to commit to one party for a purpose, for a year."""
    start = on + timedelta(days=1)
    return {
        "acts": ["commitment"], "valid_from": str(start), "valid_to": str(start + timedelta(days=365)), "party": party,
        "purpose": purpose,
    } | more  # fmt: skip


def expects(on: date, measure: str, size: str, whom: str, **more: Any) -> dict[str, Any]:
    """Answer the effect that an item expects of its money, a year from a day unless said otherwise."""
    return {"measure": measure, "size": size, "by": str(on + timedelta(days=365)), "for": whom} | more


@cache
def _papers() -> dict[str, dict[str, Any]]:
    return tomllib.loads(PAPERS.read_text(encoding="utf-8"))
