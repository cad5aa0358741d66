"""How the demo's meetings are held: one act a method, each known since the minute at which it happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from joinedup.moment import LONDON, now

if TYPE_CHECKING:
    from joinedup.access import Grant
    from joinedup.governance import PaperParts


@dataclass(frozen=True, slots=True)
class Script:
    """What the acts of the demo need: leave as a job, and the day on which the demo is made."""

    grant: Grant
    today: date

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

    def call(self, board: str, on: date, *, starts: str = "10:00", **more: Any) -> str:
        """Call a decision meeting, known three weeks before; answers its key."""
        from joinedup.governance.acts import meetings

        given: dict[str, Any] = {"kind": "decision", "starts_at": self.minute(on, starts), "place": "Council chamber"}
        return meetings.call_meeting(self.grant, board, **given | self.told(on - timedelta(days=21)) | more)

    def item(self, meeting: str, number: int, title: str, on: date, *, type: str = "approve", **more: Any) -> str:
        """Put an item on the agenda, known two weeks before."""
        from joinedup.governance.acts import meetings

        told = self.told(on - timedelta(days=14))
        return meetings.add_item(self.grant, meeting, number, title, type=type, **told | more)

    def paper(self, item: str, title: str, text: str, on: date, parts: PaperParts, **more: Any) -> None:
        """Submit the paper of an item, ten days before the meeting unless said otherwise."""
        from joinedup.governance.acts import papers

        given: dict[str, Any] = {"submitted_at": self.minute(on - timedelta(days=10), "12:00")}
        given |= self.told(on - timedelta(days=10))
        papers.submit_paper(self.grant, item, f"paper-{item}", title=title, text=text, parts=parts, **given | more)

    def publish(self, meeting: str, on: date) -> None:
        """Publish the papers, eight days before the meeting."""
        from joinedup.governance.acts import papers

        day = on - timedelta(days=8)
        papers.publish_papers(self.grant, meeting, published_at=self.minute(day, "12:00"), **self.told(day))

    def arrive(self, meeting: str, on: date, people: Iterable[str], at: str = "09:55") -> dict[str, Any]:
        """Let people come at a minute; answers their visits by person."""
        from joinedup.governance.acts import meetings

        return {
            one: meetings.record_attendance(
                self.grant, meeting, one, arrived=self.minute(on, at), **self.told(on, "12:30")
            )
            for one in people
        }

    def leave(self, visit: Any, on: date, at: str) -> None:
        from joinedup.governance.acts import meetings

        meetings.record_leaving(self.grant, visit, self.minute(on, at), **self.told(on, "12:31"))

    def open(self, item: str, on: date, at: str) -> None:
        from joinedup.governance.acts import voting

        voting.open_item(self.grant, item, at=self.minute(on, at), **self.told(on, "12:32"))

    def vote(self, item: str, on: date, at: str, values: Mapping[str, str]) -> None:
        """Take the votes of people: {person: for, against or abstain}."""
        from joinedup.governance.acts import voting

        for person, value in values.items():
            voting.cast_vote(self.grant, item, person, value, cast_at=self.minute(on, at), **self.told(on, "12:33"))

    def conflict(self, item: str, person: str, on: date, at: str, words: str, *, action: str, decided_by: str) -> None:
        """Let a person declare a conflict in an item, and whoever presides decide what it means."""
        from joinedup.governance.acts import interests

        since = self.minute(on, at)
        told = self.told(on, "12:32")
        interests.declare_for_item(self.grant, item, person, nature="actual", declared_at=since, words=words, **told)
        interests.decide_conflict_action(
            self.grant, item, person, action=action, decided_by=decided_by, since=since, reason=words, **told
        )

    def close(self, item: str, on: date, at: str, text: str, **more: Any) -> str:
        """Close an item; answers the decision's reference."""
        from joinedup.governance.acts import deciding

        done = deciding.close_item(self.grant, item, at=self.minute(on, at), text=text, **self.told(on, "12:34") | more)
        return str(done.reference)

    def done(self, meeting: str, on: date, visits: Mapping[str, Any], at: str = "12:15") -> None:
        """Let everybody leave, and draft the minutes."""
        from joinedup.governance.acts import minutes

        for visit in visits.values():
            self.leave(visit, on, at)
        minutes.draft_minutes(self.grant, meeting, **self.told(on, "12:40"))


def whole_paper(**more: Any) -> PaperParts:
    """Answer the parts of a paper that lacks nothing (B8), with what is said otherwise."""
    from joinedup.governance import PaperParts

    whole = PaperParts(
        purposes=("outcomes",),
        triple_aim={
            "health": "Fewer people wait in the emergency department", "quality": "Care nearer to home",
            "sustainability": "Paid within the allocation",
        },
        evidence=("Simulated evaluation of last winter",), no_engagement_reason="Residents asked for it before",
        equality_impact="None found; reviewed by the equality lead", conflicts_considered="Seats of the provider named",
        cost_pence=0, lowest_tier="system",
    )  # fmt: skip
    return replace(whole, **more)


def asks(on: date, party: str, purpose: str) -> dict[str, Any]:
    """Answer the authority that an item asks money for: to commit to one party for a purpose, for a year."""
    start = on + timedelta(days=1)
    return {
        "acts": ["commitment"], "valid_from": str(start), "valid_to": str(start + timedelta(days=365)), "party": party,
        "purpose": purpose,
    }  # fmt: skip


def expects(on: date, whom: str) -> dict[str, str]:
    """Answer the effect that an item expects of its money."""
    return {"measure": "emergency-admissions", "size": "5% fewer", "by": str(on + timedelta(days=365)), "for": whom}
