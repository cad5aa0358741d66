"""The meetings that are still to be held: one on the day of the demo, for its chair to run, and two to come."""

from __future__ import annotations

from datetime import timedelta

from joinedup.demo_boards.setting_up import BOARD
from joinedup.demo_boards.sitting import Script, asks, expects
from joinedup.errors import NotFound
from joinedup.moment import LONDON, now

PLACE = "hwe-place-east-north"
# A line of the commissioner's plan, cited where the demo has taken plans in.
PLAN_LINE = "finance|QM7|RWG|||2026/27|contract_value"


def meeting_of_today(script: Script) -> str:
    """A meeting on the day of the demo, prepared and not yet held: its chair can run it at once.

    It begins with the hour in which the demo is made, so that there is no hour at which nobody could run it.
    """
    on = script.today
    meeting = script.call(BOARD, on, starts=f"{now().known_at.astimezone(LONDON):%H}:00", place="Remote")
    clinics = script.item(meeting, 1, "Winter vaccination clinics", on, function="resources")
    script.paper(clinics, "clinics", on)
    team = script.item(
        meeting, 2, "A joint hospital discharge team", on, function="resources", orgs_named=["RWG", "RWR"],
        amount_pence=40_000_000, supplier="RWG", asks=asks(on, "RWG", "discharge team", **_plan_line()),
        expects=expects(on, "emergency-length-of-stay", "5% shorter", "people ready to leave hospital"),
    )  # fmt: skip
    script.paper(team, "discharge", on, cost=40_000_000)
    premises = script.item(meeting, 3, "Premises in Harlow", on, function="resources")
    # Its equality impact is missing: it can be discussed, not approved.
    script.paper(premises, "premises", on)
    script.publish(meeting, on)
    return meeting


def place_has_its_papers(script: Script) -> str:
    """A place's meeting to come: its agenda and paper are there, and its secretary has not published them yet."""
    on = script.friday(-3)
    meeting = script.call(PLACE, on, place="Stevenage")
    item = script.item(meeting, 1, "A weekly round in eleven care homes", on)
    today = (on - script.today) // timedelta(days=1)
    script.paper(item, "frailty", on, days=max(10, today), cites=_plan_cite())
    script.item(meeting, 2, "What the place spends on home care", on, type="discuss")
    return meeting


def board_to_come(script: Script) -> str:
    """The board's next meeting, with an agenda and no papers yet."""
    on = script.friday(-4)
    meeting = script.call(BOARD, on)
    script.item(meeting, 1, "Allocation of next year's growth", on, function="resources")
    script.item(meeting, 2, "Risks of the winter", on, type="discuss")
    return meeting


def _plan_line() -> dict[str, str]:
    from joinedup.planning import must_be_planned

    try:
        return {"plan_line": must_be_planned(PLAN_LINE).key}
    except NotFound:
        return {}


def _plan_cite() -> list[tuple[str, str]]:
    return [("plan_line", one) for one in _plan_line().values()]
