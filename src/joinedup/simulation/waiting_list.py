"""Who waits for hospital care: the Waiting List Minimum Data Set of each trust, as it stood on three Sundays.

A wait is in each week's file until it ends; the file after its end has it once more with why it ended. Of the time
before the first of these Sundays there is one file for each closed period, with the waits that ended in it. Waits for a
first appointment (ORTT) come from practices' referrals, waits for admission (IRTT) from the waiting list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from joinedup.simulation.catalogue import main_specialty, opcs
from joinedup.simulation.columns import WLMDS
from joinedup.simulation.days import COMPACT, FIRST_DAY, ISO, LAST_DAY
from joinedup.simulation.periods import CLOSED, SUNDAYS, draw
from joinedup.simulation.sus import wrong_check_digit
from joinedup.simulation.world import Block, Declared, World
from joinedup.simulation.writing import Out

END: Final = "\r\n"
WRONG_NUMBER: Final = 500
BAD_DATE: Final = 1500
_GENDER: Final = {"female": "2", "male": "1", "unknown": "X"}
_PRIORITY: Final = {"routine": "1", "urgent": "2", "two_week_wait": "3"}
_REASONS: Final = {"treated": "TREATED", "removed": "NOT REQUIRED", "died": "DIED"}


class Wait(NamedTuple):
    """One wait of one person, of either kind. `end` is 0 while it lasts."""

    id: str
    person: int
    trust: str
    site: str
    kind: str  # ORTT, IRTT
    pathway: str
    referred: int
    listed: int  # decision to admit, 0 for appointments
    end: int
    reason: str
    specialty: str
    priority: str  # 1, 2, 3
    urgency: int  # P1 to P6, 0 for appointments
    procedure: str
    next_day: int  # of the appointment or the admission that is booked, or 0
    last_seen: int


def declare(world: World) -> list[Declared]:
    """Answer the waiting list of each acute trust as a source of its own."""
    return [
        Declared(
            key=f"{trust.source}-wlmds",
            name=f"{trust.name}: waiting list",
            organisation=trust.ods,
            setting="acute",
            format="csv",
            files=f"{trust.source}-wlmds/WLMDS_{trust.ods}_*.csv",
            mapping="wlmds",
            interval_hours=24 * 7,
        )
        for trust in world.of_kind("acute")
    ]


def headers(world: World) -> Mapping[str, str]:
    """Answer the header of every file that can be written."""
    return {
        f"{trust.source}-wlmds/WLMDS_{trust.ods}_{COMPACT[sunday]}.csv": ",".join(WLMDS) + END
        for trust in world.of_kind("acute")
        for sunday in (*CLOSED, *SUNDAYS)
    }


def write(world: World, block: Block, out: Out) -> None:
    """Add the waits of a block's residents to the waiting lists of their hospitals."""
    sources = {trust.ods: trust.source for trust in world.of_kind("acute")}
    for wait in _waits(block, sources):
        source = sources[wait.trust]
        feed = f"{source}-wlmds"
        before = FIRST_DAY - 1
        shown = block.subject(wait.person, source, wait.id)
        person = block.person(wait.person)
        residence = world.areas[person.area].sub_icb
        who = (
            f"{shown.source_id},{{}},{ISO[shown.birth] if shown.birth else ''},{_GENDER[shown.sex]},{shown.ethnicity},"
            f"{shown.postcode},{shown.practice}"
        )
        is_listed = wait.kind == "IRTT"
        is_told = False
        for sunday in (*CLOSED, *SUNDAYS):
            is_open = sunday in SUNDAYS and wait.referred <= sunday and (not wait.end or wait.end > sunday)
            has_ended = before < wait.end <= sunday
            before = sunday
            if (not is_open and not has_ended) or (is_listed and wait.listed > sunday):
                continue
            row = wait.id + COMPACT[sunday]
            number = shown.nhs_number
            if number and draw(row + "nhs", WRONG_NUMBER) == 0:
                number = wrong_check_digit(number)
            clock = ISO[wait.referred]
            if draw(row + "bad", BAD_DATE) == 0:
                clock = "13/13/2026"
                out.count(feed, "impossible dates")
            next_day = ISO[wait.next_day] if wait.next_day > sunday else ""
            out.file(f"{feed}/WLMDS_{wait.trust}_{COMPACT[sunday]}.csv").append(
                f"{ISO[sunday]},{wait.trust},{residence},{wait.site},{who.format(number)},{wait.kind},{wait.id},"
                f"{wait.pathway},{wait.trust},03,{ISO[wait.referred]},{clock},"
                f"{ISO[wait.end] if has_ended else ''},{'30' if has_ended else '20'},{main_specialty(wait.specialty)},"
                f"{wait.specialty},{wait.priority},{f'P{wait.urgency}' if is_listed else ''},,"
                f"{ISO[max(wait.listed, sunday - draw(wait.id, 80))] if is_listed else ''},"
                f"{ISO[wait.listed] if is_listed else ''},{'11' if is_listed else ''},{opcs(wait.procedure)},"
                f"{'1' if is_listed else ''},{'' if is_listed else next_day},"
                f"{ISO[wait.last_seen] if wait.last_seen else ''},{next_day if is_listed else ''},"
                f"{'1' if wait.priority == '3' else '0'},{ISO[max(wait.referred, sunday - draw(wait.id + 'v', 84))]},"
                f"{ISO[wait.end] if has_ended else ''},{wait.reason if has_ended else ''}{END}"
            )
            out.count(feed, "rows")
            if not is_told:
                is_told = True
                out.subject(feed, shown.source_id, person.id, " ".join(shown.faults))
                out.same_event(wait.id, feed, "ServiceRequest", wait.id)


def _waits(block: Block, sources: Mapping[str, str]) -> list[Wait]:
    """Answer all waits that were open at some time within the years."""
    since = FIRST_DAY - 1
    waits = []
    for entry in block.waiting:
        if entry.end and entry.end <= since:
            continue
        # P5 and P6 are people who asked to wait, whatever their urgency.
        chance = draw(entry.id, 40)
        urgency = entry.priority if chance > 2 else 5 if chance == 0 else 6
        reason = _REASONS.get(entry.reason_ended, "NOT REQUIRED")
        waits.append(
            Wait(
                entry.id, entry.person, entry.trust, entry.site, "IRTT", f"{entry.trust}{entry.referral or entry.id}",
                entry.referred, entry.listed, entry.end, reason, entry.specialty, "2" if entry.priority < 3 else "1",
                urgency, entry.procedure, entry.end or (LAST_DAY + 20 + chance if chance > 30 else 0), entry.listed,
            )
        )  # fmt: skip
    seen: dict[str, int] = {}
    booked: dict[str, tuple[int, str]] = {}
    for outpatient in block.outpatients:
        if outpatient.referral:
            if outpatient.outcome == "attended" and outpatient.is_first:
                seen.setdefault(outpatient.referral, outpatient.day)
            elif outpatient.outcome == "booked":
                booked.setdefault(outpatient.referral, (outpatient.day, outpatient.site))
    for referral in block.referrals:
        if referral.to not in sources:
            continue
        end = seen.get(referral.id, 0)
        if (end and end <= since) or (not end and referral.state != "active"):
            continue
        next_day, site = booked.get(referral.id, (end, ""))
        waits.append(
            Wait(
                f"W{referral.id}", referral.person, referral.to, site or f"{referral.to}01", "ORTT",
                f"{referral.to}{referral.id}", referral.day, 0, end, "TREATED" if end else "", referral.specialty,
                _PRIORITY.get(referral.priority, "1"), 0, "", next_day, 0,
            )
        )  # fmt: skip
    return waits
