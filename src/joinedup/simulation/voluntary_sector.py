"""What voluntary organisations hold: one row a session of support, typed by people into a spreadsheet.

The columns are our own. NHS numbers are typed with spaces, names as people call themselves, notes as they come to mind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from joinedup.simulation.columns import VOLUNTARY
from joinedup.simulation.days import LAST_DAY, UK
from joinedup.simulation.periods import PERIODS, draw, period_of, quoted
from joinedup.simulation.services import VOLUNTARY as SERVICES
from joinedup.simulation.sus import wrong_check_digit
from joinedup.simulation.world import Block, Declared, World
from joinedup.simulation.writing import Out

END: Final = "\r\n"
BYTE_ORDER_MARK: Final = "\ufeff"
WRONG_NUMBER: Final = 300
BAD_DATE: Final = 800
_GENDER: Final = {"female": ("F", "Female"), "male": ("M", "Male"), "unknown": ("", "")}
_REASONS: Final = (
    "Lonely since moving", "Money worries", "Wants to be more active", "Caring for partner", "Recently bereaved",
    "Low mood", "Housing - damp", "Needs help with shopping",
)  # fmt: skip
_NOTES: Final = (
    "", "", "", "", "", "Doing well", "Called, no answer - tried again Tues",
    'Says she feels "a lot better", wants to go on',
    "Transport an issue, bus pass applied for", "Daughter visits weekends; neighbour helps", "Benefits form sent",
    "Prefers calls after 10am", "Café meet-up went well",
)  # fmt: skip
_KINDS: Final = ("Face to face", "Telephone", "Home visit", "Group")


def declare(world: World) -> list[Declared]:
    """Answer the voluntary organisations as sources."""
    return [
        Declared(
            key=one.source,
            name=f"{one.name}: contacts",
            organisation=one.ods,
            setting="voluntary",
            format="csv",
            files=f"{one.source}/voluntary_{one.ods}_*.csv",
            mapping="voluntary",
            interval_hours=24 * 31,
            charset="utf-8",
        )
        for one in world.voluntary
    ]


def headers(world: World) -> Mapping[str, str]:
    """Answer the header of every file that can be written, with the byte-order mark that spreadsheets put first."""
    return {
        f"{one.source}/voluntary_{one.ods}_{period}.csv": BYTE_ORDER_MARK + ",".join(VOLUNTARY) + END
        for one in world.voluntary
        for period in PERIODS
    }


def write(world: World, block: Block, out: Out) -> None:
    """Add the sessions of a block's residents to the spreadsheets of those who supported them."""
    sources = {one.ods: one.source for one in world.voluntary}
    for activity in block.activities:
        source = sources[activity.organisation]
        shown = block.subject(activity.person, source, activity.id)
        person = block.person(activity.person)
        number = shown.nhs_number
        if number and draw(activity.id + "nhs", WRONG_NUMBER) == 0:
            number = wrong_check_digit(number)
        spaced = f"{number[:3]} {number[3:6]} {number[6:]}" if number else ""
        known_as = person.nickname if person.nickname != shown.given else ""
        email = person.email if draw(activity.id + "mail", 3) == 0 else ""
        who = (
            f"{shown.source_id},{quoted(shown.given)},{quoted(shown.family)},{quoted(known_as)},"
            f"{UK[shown.birth] if shown.birth else ''},{_GENDER[shown.sex][draw(shown.source_id, 2)]},{shown.postcode},"
            f"{shown.phone},{email},{spaced},{shown.practice if draw(activity.id + 'gp', 2) else ''},"
            f"{'Y' if draw(activity.id + 'yes', 12) else 'N'},{UK[activity.start]},"
            f"{activity.referred_by.replace('_', ' ')},"
            f"{quoted(_REASONS[draw(activity.id + 'why', len(_REASONS))])},{SERVICES[activity.service].text}"
        )
        is_closed = activity.end and activity.end <= LAST_DAY
        days = [day for day in activity.sessions if day <= LAST_DAY]
        for place, day in enumerate(days):
            record = f"{activity.id}-{place + 1}"
            score = ""
            if place == 0:
                score = str(7 + activity.wellbeing_before * 28 // 10)
            elif is_closed and place == len(days) - 1:
                score = str(7 + activity.wellbeing_after * 28 // 10)
            date = UK[day]
            if draw(record + "bad", BAD_DATE) == 0:
                date = "31/02/2026"
                out.count(source, "impossible dates")
            last = is_closed and place == len(days) - 1
            out.file(f"{source}/voluntary_{activity.organisation}_{period_of(day)}.csv").append(
                f"{record},{activity.organisation},{who},{date},{_KINDS[draw(activity.id, 4)]},"
                f"{15 * (1 + draw(record, 5))},{'Completed' if last else 'Continues'},{score},"
                f"{UK[activity.end] if last else ''},{quoted(_NOTES[draw(record + 'note', len(_NOTES))])}{END}"
            )
            out.count(source, "rows")
            out.same_event(activity.id, source, "Encounter", record)
            out.subject(source, shown.source_id, person.id, " ".join(shown.faults))
