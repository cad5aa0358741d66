"""What the partnership board did lately: a conflict that broke its quorum, an urgent decision, a private item."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from joinedup.demo_boards.people import EVERYBODY
from joinedup.demo_boards.registers import review_risks
from joinedup.demo_boards.setting_up import BOARD
from joinedup.demo_boards.sitting import Script

TRUSTS: Final = ("hwe-acute", "hwe-mind")  # who lead the two trusts that the item names
BOILER_PENCE: Final = 1_850_000


def conflict_breaks_quorum(script: Script) -> str:
    """Eight of thirteen come, two of them may not decide about their own trusts: six of seven needed, and deferred.

    A paper that came late is refused without a reason and taken with one. What chair and chief executive decided
    between meetings is ratified. A week later it turns out that somebody had left before the first vote.
    """
    on = script.friday(6)
    urgent = _boiler(script)
    meeting = script.call(BOARD, on)
    first = script.item(meeting, 1, "How the system uses data this year", on, function="use-of-data")
    second = script.item(
        meeting, 2, "Twelve mental health beds of two trusts", on, function="resources", orgs_named=["RWG", "RWR"],
        amount_pence=80_000_000,
    )  # fmt: skip
    third = script.item(meeting, 3, "Urgent decision: a boiler at the Harlow day centre", on)
    script.paper(first, "data", on)
    script.paper(third, "ratify", on, cost=BOILER_PENCE)
    script.publish(meeting, on)
    script.refused("LatePaper", lambda: script.paper(second, "joint-beds", on, cost=80_000_000, days=5))
    script.paper(
        second, "joint-beds", on, cost=80_000_000, days=5,
        late_reason="One trust's figures came late, and the beds must open before the winter",
    )  # fmt: skip
    script.publish_late(meeting, on - timedelta(days=5))
    here = ("hwe-chair", "hwe-chief", "hwe-member", "hwe-finance", "hwe-medical", *TRUSTS, "hwe-herts")
    visits = script.arrive(meeting, on, here)
    script.approve(f"{BOARD}-{script.friday(14)}", meeting, on)
    script.open(first, on, "10:05")
    script.vote(first, on, "10:20", dict.fromkeys(here, "for"))
    script.close(first, on, "10:25", "The plan for the use of data is approved")
    for person in TRUSTS:
        script.conflict(
            second, person, on, "10:26", "Leads one of the two trusts", action="leave", decided_by="hwe-chair"
        )
    script.open(second, on, "10:30")
    # Who left for the item has no vote on it: tried, refused, and the refusal is kept.
    script.refused("VoteRefused", lambda: script.vote(second, on, "10:31", {"hwe-acute": "for"}))
    script.known["joint-beds"] = script.close(
        second, on, "10:40", "Put to a panel without a conflict", way_on="conflicts_panel"
    )
    script.open(third, on, "10:45")
    script.vote(third, on, "10:50", dict.fromkeys(here, "for"))
    ratified = script.close(third, on, "10:52", "The board would have done the same")
    script.act("urgent.ratify", urgent, ratified, on=on, at="12:34")
    script.done(meeting, on, visits)
    found = on + timedelta(days=7)
    script.act(
        "meetings.correct_attendance", visits["hwe-herts"], arrived=script.minute(on, "09:55"),
        left=script.minute(on, "10:15"), on=found,
        reason="The building's log: left at 10:15 and not at 12:15",
    )  # fmt: skip
    return meeting


def _boiler(script: Script) -> str:
    """Let chair and chief executive decide on a Tuesday between meetings; answers the decision."""
    on = script.friday(9) + timedelta(days=4)
    done = script.act(
        "urgent.take_urgent_decision", BOARD, text="A hired boiler for the Harlow day centre, for twelve weeks",
        reason="Forty people come each day, and the building has no heat; the next meeting is more than two weeks away",
        decided_at=script.minute(on, "15:30"), function="resources", amount_pence=BOILER_PENCE,
        supplier="Sample Heating Ltd", on=on, at="16:00",
        asks={
            "acts": ["commitment"], "valid_from": str(on), "valid_to": str(on + timedelta(days=84)),
            "party": "Sample Heating Ltd", "purpose": "hired boiler",
        },
        expects={
            "measure": "emergency-admissions", "size": "1% fewer", "by": str(on + timedelta(days=120)),
            "for": "people who come to the day centre",
        },
    )  # fmt: skip
    return str(done.reference)


def board_takes_the_beds_again(script: Script) -> str:
    """The deferred item is decided under the vice-chair; a private item; risks reviewed; an overdue action arrives."""
    on = script.friday(2)
    meeting = script.call(BOARD, on)
    again = script.item(
        meeting, 1, "Twelve mental health beds of two trusts", on, function="resources", orgs_named=["RWG", "RWR"],
        amount_pence=80_000_000,
    )  # fmt: skip
    script.paper(again, "joint-beds-again", on, cost=80_000_000)
    risks = script.item(meeting, 2, "Risks and the board assurance framework", on, type="discuss")
    script.paper(risks, "risks", on)
    claim = script.item(meeting, 3, "Settlement of a claim", on, is_private=True)
    script.paper(claim, "claim", on)
    script.publish(meeting, on)
    visits = script.arrive(meeting, on, [one for one in EVERYBODY if one not in {"hwe-essex", "hwe-vcse"}])
    script.approve(f"{BOARD}-{script.friday(6)}", meeting, on)
    _decide_under_the_vice_chair(script, meeting, again, on, visits)
    script.open(risks, on, "11:00")
    script.open(claim, on, "11:30")
    script.vote(claim, on, "11:40", dict.fromkeys(visits, "for"))
    script.close(claim, on, "11:45", "The claim is settled as advised")
    script.done(meeting, on, visits)
    review_risks(script, on)
    return meeting


def _decide_under_the_vice_chair(script: Script, meeting: str, item: str, on: date, visits: dict[str, object]) -> None:
    script.act(
        "meetings.pass_the_chair", meeting, "hwe-member", since=script.minute(on, "10:02"), on=on, at="12:31",
        reason="The chair is a trustee of a charity that supports one of the trusts",
    )  # fmt: skip
    for person in (*TRUSTS, "hwe-chair"):
        words = "Trustee of Friends of the Sample Ward" if person == "hwe-chair" else "Leads one of the two trusts"
        script.conflict(item, person, on, "10:03", words, action="leave", decided_by="hwe-member")
    script.open(item, on, "10:05")
    script.vote(item, on, "10:40", {one: "for" for one in visits if one not in {*TRUSTS, "hwe-chair"}})
    script.close(item, on, "10:45", "The two trusts open twelve beds together, and report waits by the month")
    script.act(
        "meetings.pass_the_chair", meeting, "hwe-chair", since=script.minute(on, "10:50"), on=on, at="12:35",
        reason="The item is over",
    )  # fmt: skip
