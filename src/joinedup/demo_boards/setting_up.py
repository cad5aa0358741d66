"""The demo's boards are set up: the partnership board, three places, and two committees joint of several bodies.

The system is under option 2 since the Act of 2022: its board binds its body. The mental health and learning disability
partnership and the provider collaborative are joint committees of bodies that stay their own: what they agree on by
consensus binds who adopts it (option 1). A model is chosen by system and day, and so these two have a system of their
own in the scheme, `hwe-joint`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from joinedup.demo_boards.people import BODY, MENTAL_HEALTH_SEATS, PROVIDER_SEATS, SEATS
from joinedup.demo_boards.sitting import SINCE, Script

SYSTEM, JOINT = "hwe", "hwe-joint"
BOARD, MENTAL_HEALTH, PROVIDERS = "hwe-board", "hwe-mental-health", "hwe-providers"
PLACES: Final = {
    "hwe-place-east-north": "East and North Hertfordshire place board",
    "hwe-place-south-west": "South and West Hertfordshire place board",
    "hwe-place-west-essex": "West Essex place board",
}
FIRST_LIMIT, LIMIT = 20_000_000, 25_000_000  # pence for one supplier and year, simulated
PARTNERS: Final = {MENTAL_HEALTH: (BODY, "RWR", "606"), PROVIDERS: ("RWG", "RWH", "RQW", "RWR", "RY4")}
COMPOSITION: Final = tuple(
    {"category": kind, "minimum": least}
    for kind, least in (
        ("chair", 1), ("leader", 1), ("non_exec", 2), ("exec", 3), ("partner_trust", 1), ("partner_primary_care", 1),
        ("partner_la", 1), ("vcse", 1),
    )
)  # fmt: skip
QUORUM: Final = {"need": {"fraction": "1/2", "plus": 1}, "base": "all"}


def set_up(script: Script) -> None:
    """Set up the six boards with their seats, the models, and what is reserved and delegated."""
    _partnership_board(script)
    for number, (board, name) in enumerate(PLACES.items(), start=1):
        _place(script, number, board, name)
    _scheme(script)
    _joint(
        script, MENTAL_HEALTH, "Mental health and learning disability partnership", MENTAL_HEALTH_SEATS,
        [{"category": kind} for kind in ("chair", "mental_health", "clinical", "partner_la", "vcse", "patient")],
        {"need": {"fixed": 4}, "categories": ["clinical"]}, care_group="mental health and learning disability",
    )  # fmt: skip
    _joint(
        script, PROVIDERS, "Hertfordshire and West Essex provider collaborative", PROVIDER_SEATS,
        [{"category": "chair"}, {"category": "partner_trust", "minimum": 4}, {"category": "clinical"}],
        {"need": {"fixed": 5}},
    )  # fmt: skip
    script.act("boards.put_under_model", JOINT, "option1", since=SINCE, on=SINCE, reason="Each body keeps its duties")
    # Somebody left, and nobody has taken the seat yet.
    left = script.friday(5)
    script.act(
        "boards.end_holding", "hwe-place-west-essex", "vcse", "hwe-vcse", known=left, on=left,
        reason="Ended by the sector",
    )  # fmt: skip


def _partnership_board(script: Script) -> None:
    script.act(
        "boards.create_board", BOARD, system=SYSTEM, tier="system", since=SINCE, joint_of=[BODY], on=SINCE,
        name="Hertfordshire and West Essex integrated care board", is_partnership_board=True, composition=COMPOSITION,
        quorum=QUORUM, scrutinised_by="Hertfordshire health scrutiny committee",
    )  # fmt: skip
    _seats(script, BOARD, SEATS)


def _place(script: Script, number: int, board: str, name: str) -> None:
    script.act(
        "boards.create_board", board, system=SYSTEM, tier="place", name=name, since=SINCE, joint_of=[BODY], on=SINCE,
        quorum={"need": {"fixed": 3}}, composition=[{"category": kind} for kind in ("chair", "clinical", "vcse")],
    )  # fmt: skip
    _seats(script, board, (
        ("chair", "Chair", "chair", (), True, f"hwe-place-lead-{number}", ""),
        ("gp", "Primary care, clinical lead", "partner_primary_care", ("clinical",), True, "hwe-gp", ""),
        ("community", "Community health", "community_health", (), True, "hwe-community", ""),
        ("vcse", "Voluntary sector", "vcse", (), True, "hwe-vcse", ""),
    ))  # fmt: skip


def _joint(
    script: Script, board: str, name: str, seats: Iterable[tuple[Any, ...]], composition: list[dict[str, Any]],
    quorum: dict[str, Any], **more: Any,
) -> None:  # fmt: skip
    script.act(
        "boards.create_board", board, system=JOINT, tier="collaborative", name=name, since=SINCE, on=SINCE,
        joint_of=list(PARTNERS[board]), composition=composition, quorum=quorum, **more,
    )  # fmt: skip
    _seats(script, board, seats)


def _seats(script: Script, board: str, seats: Iterable[tuple[Any, ...]]) -> None:
    for key, title, kind, also, votes, person, for_body in seats:
        script.act(
            "boards.add_seat", board, key, title=title, category=kind, also=also, voting=votes, required=votes,
            since=SINCE, on=SINCE, nominating=[for_body] if for_body and board in PARTNERS else [],
        )  # fmt: skip
        script.act(
            "boards.appoint", board, key, person, since=SINCE, on_behalf_of=for_body, on=SINCE,
            reason="Appointed when the board began",
        )  # fmt: skip


def _scheme(script: Script) -> None:
    delegate_home_care(script, FIRST_LIMIT, SINCE, "The scheme of 1 July 2022")
    script.act("boards.put_under_model", SYSTEM, "option2", since=SINCE, on=SINCE, reason="The Act of 2022")
    for key, function, kind in (
        ("reserved-resources", "resources", "distribution"), ("reserved-data", "use-of-data", "data"),
        ("reserved-emergency", "emergency-planning", "emergency"),
    ):  # fmt: skip
        script.act(
            "delegations.reserve", key, function, BOARD, since=SINCE, reserved_type=kind, on=SINCE,
            reason="The scheme of 1 July 2022",
        )  # fmt: skip


def delegate_home_care(script: Script, limit_pence: int, since: Any, reason: str) -> None:
    """Delegate home care to each place up to a limit for one supplier and year, from a day on."""
    from joinedup.governance import Delegation

    for board in PLACES:
        line = Delegation(
            f"home-care-{board}", "home-care", BOARD, "board", board, since, limit_pence=limit_pence, per="fy",
            conditions="Home care bought for the place only",
        )  # fmt: skip
        script.act("delegations.delegate", line, on=since, at="13:00", reason=reason)
