"""The demo's boards at work: six boards sit, declare, vote, decide and adopt, in twelve meetings over two years.

All of it is done by the public acts of governance, in the order in which it happened, each known since its own day;
nothing is inserted. People, meetings and sums are simulated. Days are counted from the day on which the demo is made,
so that there is always a meeting today for its chair to run, and two to come.

More meetings are added as functions that take a `Script` (see `MEETINGS`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from joinedup import database
from joinedup.demo_boards.joint import partnership_agrees_with_a_dissent, providers_share_a_bank
from joinedup.demo_boards.lately import board_takes_the_beds_again, conflict_breaks_quorum
from joinedup.demo_boards.over_two_years import (
    board_adopts_the_pot,
    board_opens_winter_beds,
    board_sets_up_its_scheme,
    place_buys_a_falls_car,
    place_is_asked_for_one_penny_more,
)
from joinedup.demo_boards.people import ACCOUNTS, NAMES, write_people
from joinedup.demo_boards.registers import declare_interests
from joinedup.demo_boards.setting_up import PARTNERS, PLACES, set_up
from joinedup.demo_boards.sitting import Script
from joinedup.demo_boards.to_come import board_to_come, meeting_of_today, place_has_its_papers
from joinedup.moment import now

MEETINGS: Final[tuple[Callable[[Script], str], ...]] = (
    board_sets_up_its_scheme, partnership_agrees_with_a_dissent, place_buys_a_falls_car, providers_share_a_bank,
    board_adopts_the_pot, place_is_asked_for_one_penny_more, board_opens_winter_beds, conflict_breaks_quorum,
    board_takes_the_beds_again, meeting_of_today, place_has_its_papers, board_to_come,
)  # fmt: skip


def hold_boards(tell: Callable[[str], None]) -> dict[str, Any]:
    """Set the demo's boards up and hold their meetings, once; answers what there is."""
    marker = database.data_dir() / "demo-boards.json"
    if marker.exists():
        return dict(json.loads(marker.read_text()))
    tell("Boards sit, declare interests, vote and decide ...")
    counts = play()
    marker.write_text(json.dumps(counts))
    return counts


def play() -> dict[str, Any]:
    """Play two years of boards: all of it or nothing, and one wait for the disk; answers what there is by then.

    The system and its demo users must be there.
    """
    from django.db import transaction

    from joinedup.access import service_grant

    grant = service_grant("demo.boards", "hold simulated meetings", "whoever runs this machine")
    script = Script(grant, now().valid_on)
    with transaction.atomic():
        write_people(script)
        set_up(script)
        declare_interests(script)
        held = [hold(script) for hold in MEETINGS]
    boards = 1 + len(PLACES) + len(PARTNERS)
    return {"boards": boards, "people": len(NAMES) + len(ACCOUNTS), "meetings": len(held)}
