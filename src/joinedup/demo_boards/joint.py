"""What the joint committees agreed on by consensus, and what each of their bodies made of it afterwards."""

from __future__ import annotations

from datetime import timedelta

from joinedup.demo_boards.setting_up import MENTAL_HEALTH, PROVIDERS
from joinedup.demo_boards.sitting import Script


def partnership_agrees_with_a_dissent(script: Script) -> str:
    """The mental health partnership finds consensus with one dissent, and all three bodies adopt; Healthwatch asks."""
    on = script.friday(92)
    meeting = script.call(MENTAL_HEALTH, on, place="The Colonnades, Hatfield")
    item = script.item(meeting, 1, "One front door for people in a crisis", on, orgs_named=["RWR"])
    script.paper(item, "crisis", on)
    script.publish(meeting, on)
    people = ("chair", "buyer", "doctor", "vcse", "expert")
    visits = script.arrive(meeting, on, [f"hwe-mhld-{one}" for one in people] + ["hwe-mind", "hwe-herts"])
    script.conflict(
        item, "hwe-mind", on, "10:04", "Chief executive of the trust that runs two of the lines", action="note",
        decided_by="hwe-mhld-chair",
    )  # fmt: skip
    script.open(item, on, "10:05")
    reference = script.close(
        item, on, "11:10", "One number for a crisis, by day and by night; the five lines close a month later",
        consensus=True,
        dissents={"hwe-mhld-expert": "A month with two numbers is a month in which people ring the wrong one."},
    )  # fmt: skip
    script.done(meeting, on, visits)
    for days, body, by, duty in (
        (12, "RWR", "Board of directors", "Community mental health services"),
        (19, "606", "Cabinet member for adult care", "Care Act, section 2"),
        (33, "QM7", "Board of the integrated care board", "NHS Act 2006, section 3"),
    ):
        day = on + timedelta(days=days)
        script.act(
            "adopting.record_adoption", reference, body, status="adopted", decided_by=by, duty=duty, known=day, on=day
        )
    asked = on + timedelta(days=40)
    referral = script.act(
        "scrutiny.refer", MENTAL_HEALTH, to_kind="healthwatch", to="Healthwatch Hertfordshire", decision=reference,
        matter="Do people know the new number, half a year on?", referred_on=asked, on=asked,
        answer_by=asked + timedelta(days=200),
    )  # fmt: skip
    answered = asked + timedelta(days=190)
    script.act(
        "scrutiny.record_reply", referral, kind="answered", known=answered, on=answered,
        text="Of 180 people asked, 121 knew it. Fewest knew it among those who do not read English.",
    )  # fmt: skip
    return meeting


def providers_share_a_bank(script: Script) -> str:
    """The collaborative agrees on one bank: three trusts adopt, one on a condition met later, and one declines.

    The one that declined thinks better of it after the six weeks: its word is too late, and it stays unbound.
    """
    on = script.friday(64)
    meeting = script.call(PROVIDERS, on, place="Remote")
    item = script.item(meeting, 1, "One staff bank for five trusts", on, orgs_named=["RWG", "RWH", "RQW", "RWR", "RY4"])
    script.paper(item, "bank", on)
    script.publish(meeting, on)
    here = [f"hwe-providers-{one}" for one in ("chair", "enh", "pah", "nurse")]
    visits = script.arrive(meeting, on, [*here, "hwe-acute", "hwe-mind", "hwe-community"], mode="remote")
    script.open(item, on, "10:05")
    reference = script.close(item, on, "11:00", "Five trusts have one bank with one rate", consensus=True)
    script.done(meeting, on, visits)
    duty = "NHS Act 2006, section 43: providing services"
    for days, body, status, more in (
        (7, "RWG", "adopted", {"duty": duty}),
        (14, "RY4", "adopted", {"duty": duty}),
        (16, "RWR", "adopted", {"duty": duty}),
        (20, "RQW", "conditional", {"duty": duty, "condition": "The staff side of the trust agrees to the rate"}),
        (28, "RWH", "declined", {}),
    ):
        day = on + timedelta(days=days)
        script.act(
            "adopting.record_adoption", reference, body, status=status, decided_by="Board of directors", known=day,
            on=day, **more,
        )  # fmt: skip
    met = on + timedelta(days=38)
    script.act(
        "adopting.meet_condition", reference, "RQW", known=met, on=met, evidence="Letter of the staff side (simulated)"
    )
    late = on + timedelta(days=50)
    script.refused("AdoptionRefused", lambda: script.act(
        "adopting.record_adoption", reference, "RWH", status="adopted", decided_by="Board of directors", duty=duty,
        known=late, on=late,
    ))  # fmt: skip
    script.act("adopting.settle_adoption", reference, known=late, on=late, at="18:30")
    return meeting
