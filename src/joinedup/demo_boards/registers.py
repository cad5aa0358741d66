"""The registers of the demo's boards: interests, one of them late, nil declarations, a gift; objectives and risks."""

from __future__ import annotations

from datetime import date
from typing import Final

from joinedup.demo_boards.people import EVERYBODY, NAMES
from joinedup.demo_boards.setting_up import BOARD
from joinedup.demo_boards.sitting import SINCE, Script

# person, type, about whom, what, since when, and when it was declared.
INTERESTS: Final = (
    ("hwe-acute", "professional", "RWG", "Chief executive of the trust", SINCE, SINCE),
    ("hwe-mind", "professional", "RWR", "Chief executive of the trust", SINCE, SINCE),
    ("hwe-providers-enh", "professional", "RWH", "Chief executive of the trust", SINCE, SINCE),
    ("hwe-providers-pah", "professional", "RQW", "Chief executive of the trust", SINCE, SINCE),
    ("hwe-community", "professional", "RY4", "Chief executive of the trust", SINCE, SINCE),
    ("hwe-mhld-doctor", "professional", "RWR", "Consultant in the trust", SINCE, SINCE),
    ("hwe-gp", "financial", "Sample Surgery", "Partner in the practice", SINCE, SINCE),
    ("hwe-vcse", "professional", "Sample Hospice", "Trustee", SINCE, SINCE),
    ("hwe-mhld-vcse", "professional", "Sample Mind Charity", "Director of the charity", SINCE, SINCE),
    ("hwe-member", "indirect", "Sample Home Care Ltd", "Sister a director", date(2024, 3, 5), date(2024, 4, 10)),
)


def declare_interests(script: Script) -> None:
    """Declare what each has; whoever has nothing says so. Most confirm each year, the demo's member has not yet."""
    for person, kind, about, words, arose, declared in INTERESTS:
        script.act(
            "interests.declare_interest", person, type=kind, about_org=about, description=words, arose_on=arose,
            declared_on=declared, on=declared, at="12:00",
        )  # fmt: skip
    first, last = script.friday(104), script.friday(30)
    for person in sorted({*EVERYBODY, *NAMES}):
        script.act("interests.confirm_register", person, known=first, on=first, at="09:00")
        if person != "hwe-member":
            script.act("interests.confirm_register", person, known=last, on=last)
    script.act(
        "interests.record_gift", "hwe-chief", offered_by="Sample Digital Ltd", description="Two tickets for a concert",
        value_pence=12_000, offered_on=last, declared_on=last, outcome="declined", on=last,
    )  # fmt: skip
    # It arose after the meeting that could not decide, and before the one that takes the same item again.
    new = script.friday(5)
    script.act(
        "interests.declare_interest", "hwe-chair", type="personal", about_org="Friends of the Sample Ward",
        description="Trustee of the charity", arose_on=new, declared_on=new, on=new, at="12:00",
    )  # fmt: skip


def write_risks(script: Script) -> None:
    """Write the objectives of the partnership board and its risks with their controls, and an action of an audit."""
    from joinedup.governance import RiskScores, Score

    on = script.friday(34)
    for key, title in (
        ("waits", "People are seen in time"), ("money", "The system lives within its means"),
        ("staff", "The system has the staff it needs"),
    ):  # fmt: skip
        script.act("assurance.set_objective", BOARD, key, title, since=on, on=on)
    for key, objective, cause, event, effect, owner, numbers in (
        ("winter", "waits", "Beds are full by December", "Ambulances wait outside", "People come to harm",
         "Medical director", ((5, 5), (4, 5), (2, 4))),
        ("deficit", "money", "Prices rise faster than the allocation", "The system ends the year in deficit",
         "Services are cut", "Director of finance", ((4, 5), (3, 4), (2, 3))),
        ("cyber", "waits", "Old systems are in use", "A system is locked by an attack", "Care is given without records",
         "Chief information officer", ((3, 5), (2, 5), (1, 5))),
    ):  # fmt: skip
        inherent, current, target = (Score(*pair) for pair in numbers)
        script.act(
            "assurance.record_risk", BOARD, key, objective=objective, cause=cause, event=event, effect=effect,
            owner=owner, scores=RiskScores(inherent, current, target, on), on=on, at="18:01",
        )  # fmt: skip
    beds = script.act("assurance.add_control", "winter", "Thirty beds more from November to March", on=on, at="18:02")
    script.act("assurance.add_control", "deficit", "Monthly review of the position", on=on, at="18:02")
    script.act("assurance.add_control", "cyber", "Every trust keeps a copy that no network reaches", on=on, at="18:02")
    audited = script.friday(4)
    script.act("assurance.assure", beds, 1, "Beds are staffed each week", known=audited, on=audited)
    script.act("assurance.assure", beds, 3, "Internal audit found the plan sound", known=audited, on=audited)
    script.act(
        "assurance.open_commitment", BOARD, "digital-backups", text="Every trust restores a backup once",
        owner="Digital lead", due_on=script.friday(-8), test="A report of each restored backup",
        source="Internal audit", on=on,
    )  # fmt: skip


def review_risks(script: Script, on: date) -> None:
    """Review the risks at a meeting: winter comes down on internal audit's evidence, the others stay."""
    from joinedup.governance import RiskScores, Score

    for key, numbers, reason in (
        ("winter", ((5, 5), (4, 4), (2, 4)), "Internal audit found the plan of the beds sound"),
        ("deficit", ((4, 5), (3, 4), (2, 3)), "The position has not moved"),
        ("cyber", ((3, 5), (2, 5), (1, 5)), "Nobody has yet shown that the copies work"),
    ):
        inherent, current, target = (Score(*pair) for pair in numbers)
        scores = RiskScores(inherent, current, target, on)
        script.act("assurance.score_risk", key, scores, reason=reason, on=on)
