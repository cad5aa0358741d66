"""The demo's boards at work: a partnership board and three place boards sit, declare, vote and decide.

All of it is done by the public acts of governance, in the order in which it happened, each known since its own day;
nothing is inserted. People, meetings and sums are simulated. Days are counted from the day on which the demo is made,
so that there is always a meeting today for its chair to run, and one to come.

More meetings are added as functions that take a `Script` (see `MEETINGS`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from joinedup import database
from joinedup.demo_boards.sitting import Script, asks, expects, whole_paper
from joinedup.moment import now

SYSTEM, BODY = "hwe", "QM7"
BOARD = "hwe-board"
PLACES: Final = {
    "hwe-place-east-north": "East and North Hertfordshire place board",
    "hwe-place-south-west": "South and West Hertfordshire place board",
    "hwe-place-west-essex": "West Essex place board",
}
SINCE = date(2022, 7, 1)
PLACE_LIMIT = 25_000_000  # pence in one purchase and year, simulated
# The seats of the partnership board: title, kind, further kinds, whether it votes, who sits there, for which body.
SEATS: Final = (
    ("chair", "Chair", "chair", (), True, "hwe-chair", ""),
    ("chief-executive", "Chief executive", "leader", (), True, "hwe-chief", BODY),
    ("ned-1", "Non-executive member", "non_exec", (), True, "hwe-member", ""),
    ("ned-2", "Non-executive member, audit", "non_exec", (), True, "hwe-audit", ""),
    ("finance", "Director of finance", "exec", (), True, "hwe-finance", BODY),
    ("medical", "Medical director", "exec", ("clinical",), True, "hwe-medical", BODY),
    ("nursing", "Director of nursing", "exec", ("clinical",), True, "hwe-nursing", BODY),
    ("trust-acute", "Member, acute trusts", "partner_trust", (), True, "hwe-acute", "RWG"),
    ("trust-mental-health", "Member, mental health", "partner_trust", ("mental_health",), True, "hwe-mind", "RWR"),
    ("primary-care", "Partner member, primary care", "partner_primary_care", ("clinical",), True, "hwe-gp", ""),
    ("council-herts", "Partner member, Hertfordshire", "partner_la", (), True, "hwe-herts", ""),
    ("council-essex", "Partner member, Essex", "partner_la", (), True, "hwe-essex", ""),
    ("vcse", "Partner member, voluntary sector", "vcse", (), True, "hwe-vcse", ""),
    ("secretary", "Board secretary", "exec", (), False, "hwe-secretary", BODY),
)  # fmt: skip
NAMES: Final = {
    "hwe-chief": "Jane Sample", "hwe-audit": "Omar Sample", "hwe-finance": "Ruth Sample", "hwe-medical": "Tunde Sample",
    "hwe-nursing": "Grace Sample", "hwe-acute": "Peter Sample", "hwe-mind": "Leila Sample", "hwe-gp": "Anil Sample",
    "hwe-herts": "Maura Sample", "hwe-essex": "Colin Sample", "hwe-vcse": "Esme Sample",
    "hwe-place-lead-1": "Hugh Sample", "hwe-place-lead-2": "Nadia Sample", "hwe-place-lead-3": "Victor Sample",
    "hwe-community": "Bridget Sample",
}  # fmt: skip
# Demo users (by role) and the people they are on the boards.
ACCOUNTS: Final = {"chair": "hwe-chair", "board_secretary": "hwe-secretary", "member": "hwe-member"}
COMPOSITION: Final = tuple(
    {"category": kind, "minimum": least}
    for kind, least in (
        ("chair", 1), ("leader", 1), ("non_exec", 2), ("exec", 3), ("partner_trust", 1), ("partner_primary_care", 1),
        ("partner_la", 1), ("vcse", 1),
    )
)  # fmt: skip
EVERYBODY: Final = tuple(seat[5] for seat in SEATS if seat[4])


def hold_boards(tell: Callable[[str], None]) -> dict[str, Any]:
    """Set the demo's boards up and hold their meetings, once; answers what there is."""
    from django.db import transaction

    marker = database.data_dir() / "demo-boards.json"
    if marker.exists():
        return dict(json.loads(marker.read_text()))
    tell("Boards sit, declare interests, vote and decide ...")
    script = _script()
    with transaction.atomic():  # All of it or nothing, and one wait for the disk.
        people(script)
        boards(script)
        registers(script)
        held = [hold(script) for hold in MEETINGS]
        assure(script)
    counts = {"boards": 1 + len(PLACES), "people": len(NAMES) + len(ACCOUNTS), "meetings": len(held)}
    marker.write_text(json.dumps(counts))
    return counts


def _script() -> Script:
    from joinedup.access import service_grant

    return Script(service_grant("demo.boards", "hold simulated meetings", "whoever runs this machine"), now().valid_on)


def people(script: Script) -> None:
    """Write down who holds seats, and which demo users they are."""
    from joinedup.access import User
    from joinedup.governance.acts import boards as acts
    from joinedup.system import keep_person

    told = script.told(SINCE, "08:00")
    users = {role: User.objects.get(is_demo=True, email=f"{role}@demo.invalid") for role in ACCOUNTS}
    names = dict(NAMES) | {person: users[role].name for role, person in ACCOUNTS.items()}
    for key, name in names.items():
        keep_person(
            script.grant,
            key,
            name,
            since=date(2020, 1, 1),
            source="demo-boards",
            reason="Simulated boards' people",
            **told,
        )
    for role, person in ACCOUNTS.items():
        acts.name_account(
            script.grant, f"user:{users[role].pk}", person, since=SINCE, reason="a simulated sign-in", **told
        )


def boards(script: Script) -> None:
    """Set up the four boards with their seats, the model of the system, and what is reserved and delegated."""
    from joinedup.governance import Delegation
    from joinedup.governance.acts import boards as acts, delegations

    grant, told = script.grant, script.told(SINCE, "09:00")
    acts.create_board(
        grant, BOARD, system=SYSTEM, tier="system", name="Hertfordshire and West Essex integrated care board",
        since=SINCE, joint_of=[BODY], is_partnership_board=True, composition=COMPOSITION,
        quorum={"need": {"fraction": "1/2", "plus": 1}, "base": "all", "categories": ["clinical"]},
        scrutinised_by="Hertfordshire health scrutiny committee", **told,
    )  # fmt: skip
    for key, title, kind, also, votes, person, for_body in SEATS:
        acts.add_seat(
            grant, BOARD, key, title=title, category=kind, also=also, voting=votes, required=votes, since=SINCE, **told
        )
        acts.appoint(
            grant,
            BOARD,
            key,
            person,
            since=SINCE,
            on_behalf_of=for_body,
            reason="Appointed when the board began",
            **told,
        )
    for number, (board, name) in enumerate(PLACES.items(), start=1):
        acts.create_board(
            grant, board, system=SYSTEM, tier="place", name=name, since=SINCE, joint_of=[BODY],
            quorum={"need": {"fixed": 3}}, composition=[{"category": "chair"}, {"category": "vcse"}], **told,
        )  # fmt: skip
        for key, title, kind, person in (
            ("chair", "Chair", "chair", f"hwe-place-lead-{number}"),
            ("gp", "Primary care", "partner_primary_care", "hwe-gp"),
            ("community", "Community health", "community_health", "hwe-community"),
            ("vcse", "Voluntary sector", "vcse", "hwe-vcse"),
        ):  # fmt: skip
            acts.add_seat(grant, board, key, title=title, category=kind, since=SINCE, required=True, **told)
            acts.appoint(grant, board, key, person, since=SINCE, reason="Appointed when the board began", **told)
        delegations.delegate(
            grant,
            Delegation(
                f"home-care-{board}", "home-care", BOARD, "board", board, SINCE, limit_pence=PLACE_LIMIT, per="fy",
                conditions="Home care bought for the place only",
            ),
            reason="The scheme of 1 July 2022", **told,
        )  # fmt: skip
    acts.put_under_model(grant, SYSTEM, "option2", since=SINCE, reason="The Act of 2022", **told)
    for key, function, kind in (
        ("reserved-resources", "resources", "distribution"), ("reserved-data", "use-of-data", "data"),
        ("reserved-emergency", "emergency-planning", "emergency"),
    ):  # fmt: skip
        delegations.reserve(
            grant, key, function, BOARD, since=SINCE, reserved_type=kind, reason="The scheme of 1 July 2022", **told
        )
    # Somebody left, and nobody has taken the seat yet.
    left = script.friday(5)
    acts.end_holding(
        grant, "hwe-place-west-essex", "vcse", "hwe-vcse", on=left, reason="Ended by the sector", **script.told(left)
    )


def registers(script: Script) -> None:
    """Declare interests, one of them late; most confirm the register, and the demo's member has not yet."""
    from joinedup.governance.acts import interests

    told = script.told(SINCE, "12:00")
    for person, kind, about, words, arose, declared in (
        ("hwe-acute", "professional", "RWG", "Chief executive of the trust", SINCE, SINCE),
        ("hwe-mind", "professional", "RWR", "Chief executive of the trust", SINCE, SINCE),
        ("hwe-gp", "financial", "Sample Surgery", "Partner in the practice", SINCE, SINCE),
        ("hwe-vcse", "professional", "Sample Hospice", "Trustee", SINCE, SINCE),
        ("hwe-member", "indirect", "Sample Home Care Ltd", "Sister a director", date(2024, 3, 5), date(2024, 4, 10)),
    ):  # fmt: skip
        later = told if declared == SINCE else script.told(declared)
        interests.declare_interest(
            script.grant,
            person,
            type=kind,
            about_org=about,
            description=words,
            arose_on=arose,
            declared_on=declared,
            **later,
        )
    confirmed = script.friday(30)
    for person in EVERYBODY:
        if person != "hwe-member":
            interests.confirm_register(script.grant, person, on=confirmed, **script.told(confirmed))
    interests.record_gift(
        script.grant, "hwe-chief", offered_by="Sample Digital Ltd", description="Two tickets for a concert",
        value_pence=12_000, offered_on=confirmed, declared_on=confirmed, outcome="declined", **script.told(confirmed),
    )  # fmt: skip


def place_buys_home_care(script: Script) -> str:
    """A place board decides within its delegation: £248,000.00 of £250,000.00; money is given its authority."""
    on, board = script.friday(20), "hwe-place-south-west"
    meeting = script.call(board, on, place="Hemel Hempstead")
    item = script.item(
        meeting, 1, "Home care for people leaving hospital", on, function="home-care", amount_pence=24_800_000,
        supplier="Sample Home Care Ltd", orgs_named=["Sample Home Care Ltd"],
        asks=asks(on, "Sample Home Care Ltd", "home care"), expects=expects(on, "people over 75"),
    )  # fmt: skip
    script.paper(
        item, "Home care this year", "Four more home care teams from the next month on.", on,
        whole_paper(cost_pence=24_800_000, lowest_tier="place"),
    )  # fmt: skip
    script.publish(meeting, on)
    visits = script.arrive(meeting, on, ("hwe-place-lead-2", "hwe-gp", "hwe-community", "hwe-vcse"))
    script.open(item, on, "10:05")
    script.vote(item, on, "10:30", dict.fromkeys(visits, "for"))
    script.close(item, on, "10:35", "Four home care teams are bought for the place")
    script.done(meeting, on, visits)
    return meeting


def board_opens_winter_beds(script: Script) -> str:
    """The partnership board gives money an authority for winter beds, with one dissent."""
    on = script.friday(14)
    meeting = script.call(BOARD, on)
    item = script.item(
        meeting, 1, "Winter beds at Watford General Hospital", on, function="resources", amount_pence=125_000_000,
        supplier="RWG", orgs_named=["RWG"], asks=asks(on, "RWG", "winter beds"),
        expects=expects(on, "people over 65"),
    )  # fmt: skip
    script.paper(
        item, "Winter beds", "Thirty beds are opened from November to March.", on,
        whole_paper(cost_pence=125_000_000),
    )  # fmt: skip
    note = script.item(meeting, 2, "Chief executive's report", on, type="note")
    script.publish(meeting, on)
    visits = script.arrive(meeting, on, [one for one in EVERYBODY if one not in {"hwe-essex", "hwe-mind"}])
    script.conflict(
        item, "hwe-acute", on, "10:01", "Chief executive of the trust", action="discuss_no_vote", decided_by="hwe-chair"
    )
    script.open(item, on, "10:05")
    values = {one: "for" for one in visits if one != "hwe-acute"} | {"hwe-audit": "against"}
    script.vote(item, on, "10:40", values)
    reference = script.close(
        item, on, "10:45", "Thirty beds are opened at Watford from November to March",
        dissents={"hwe-audit": "The beds will cost more staff than there are."},
    )  # fmt: skip
    script.open(note, on, "10:50")
    script.done(meeting, on, visits)
    from joinedup.governance.acts import assurance

    assurance.open_commitment(
        script.grant, BOARD, "winter-beds-staff", text="Staff for thirty beds are found", owner="Director of nursing",
        due_on=script.friday(4), test="A signed roster for each week", decision=reference, **script.told(on),
    )  # fmt: skip
    return meeting


def conflict_breaks_quorum(script: Script) -> str:
    """Eight of thirteen come, two of them may not decide about their own trusts: six of seven needed, and deferred."""
    on = script.friday(6)
    meeting = script.call(BOARD, on)
    first = script.item(meeting, 1, "Annual plan for the use of data", on, function="use-of-data")
    second = script.item(
        meeting, 2, "Joint mental health beds of two trusts", on, function="resources", orgs_named=["RWG", "RWR"],
        amount_pence=80_000_000,
    )  # fmt: skip
    script.paper(first, "Use of data", "How the system uses data this year.", on, whole_paper())
    script.paper(
        second, "Joint beds", "Two trusts share twelve beds.", on, whole_paper(cost_pence=80_000_000),
        submitted_at=script.minute(on - timedelta(days=5), "12:00"), late_reason="One trust's figures came late",
        **script.told(on - timedelta(days=5)),
    )  # fmt: skip
    script.publish(meeting, on)
    here = ("hwe-chair", "hwe-chief", "hwe-member", "hwe-finance", "hwe-medical", "hwe-acute", "hwe-mind", "hwe-herts")
    visits = script.arrive(meeting, on, here)
    script.open(first, on, "10:05")
    script.vote(first, on, "10:20", dict.fromkeys(here, "for"))
    script.close(first, on, "10:25", "The plan for the use of data is approved")
    for person in ("hwe-acute", "hwe-mind"):
        script.conflict(
            second, person, on, "10:26", "Leads one of the two trusts", action="leave", decided_by="hwe-chair"
        )
    script.open(second, on, "10:30")
    script.close(second, on, "10:40", "Put to a panel without a conflict", way_on="conflicts_panel")
    script.done(meeting, on, visits)
    return meeting


def meeting_of_today(script: Script) -> str:
    """A meeting on the day of the demo, prepared and not yet held: its chair can run it."""
    on = script.today
    meeting = script.call(BOARD, on, starts="00:30", place="Remote")
    _prepared(script, meeting, on)
    return meeting


def meeting_to_come(script: Script) -> str:
    """The next meeting, with an agenda and no papers yet."""
    on = script.friday(-4)
    meeting = script.call(BOARD, on)
    script.item(meeting, 1, "Allocation of next year's growth", on, function="resources")
    script.item(meeting, 2, "Risks of the winter", on, type="discuss")
    return meeting


MEETINGS: Final[tuple[Callable[[Script], str], ...]] = (
    place_buys_home_care, board_opens_winter_beds, conflict_breaks_quorum, meeting_of_today, meeting_to_come,
)  # fmt: skip


def _prepared(script: Script, meeting: str, on: date) -> None:
    first = script.item(meeting, 1, "Winter vaccination clinics", on, function="resources")
    script.paper(first, "Vaccination clinics", "Clinics in six market towns.", on, whole_paper())
    second = script.item(
        meeting, 2, "A joint hospital discharge team", on, function="resources", orgs_named=["RWG", "RWR"],
        amount_pence=40_000_000, supplier="RWG", asks=asks(on, "RWG", "discharge team"),
        expects=expects(on, "people ready to leave hospital"),
    )  # fmt: skip
    script.paper(second, "Discharge team", "One team for two trusts.", on, whole_paper(cost_pence=40_000_000))
    third = script.item(meeting, 3, "Premises in Harlow", on, function="resources")
    # Its equality impact is missing: it can be discussed, not approved.
    script.paper(third, "Premises in Harlow", "Rooms for a practice.", on, whole_paper(equality_impact=""))
    script.publish(meeting, on)


def assure(script: Script) -> None:
    """Write objectives and risks with controls and assurances of the partnership board."""
    from joinedup.governance import RiskScores, Score
    from joinedup.governance.acts import assurance as acts

    on = script.friday(12)
    told = script.told(on)
    for key, title in (
        ("waits", "People are seen in time"), ("money", "The system lives within its means"),
        ("staff", "The system has the staff it needs"),
    ):  # fmt: skip
        acts.set_objective(script.grant, BOARD, key, title, since=on, **told)
    for key, objective, cause, event, effect, owner, numbers in (
        ("winter", "waits", "Beds are full by December", "Ambulances wait outside", "People come to harm",
         "Medical director", ((5, 5), (4, 4), (2, 4))),
        ("deficit", "money", "Prices rise faster than the allocation", "The system ends the year in deficit",
         "Services are cut", "Director of finance", ((4, 5), (3, 4), (2, 3))),
        ("cyber", "waits", "Old systems are in use", "A system is locked by an attack", "Care is given without records",
         "Chief information officer", ((3, 5), (2, 5), (1, 5))),
    ):  # fmt: skip
        inherent, current, target = (Score(*pair) for pair in numbers)
        acts.record_risk(
            script.grant, BOARD, key, objective=objective, cause=cause, event=event, effect=effect, owner=owner,
            scores=RiskScores(inherent, current, target, on), **told,
        )  # fmt: skip
    beds = acts.add_control(script.grant, "winter", "Thirty beds more from November to March", **told)
    acts.assure(script.grant, beds, 1, "Beds are staffed each week", on=on, **told)
    acts.assure(script.grant, beds, 3, "Internal audit found the plan sound", on=on, **told)
    acts.add_control(script.grant, "deficit", "Monthly review of the position", **told)
    acts.open_commitment(
        script.grant, BOARD, "digital-backups", text="Every trust restores a backup once", owner="Digital lead",
        due_on=script.friday(-8), test="A report of each restored backup", source="Internal audit", **told,
    )  # fmt: skip
