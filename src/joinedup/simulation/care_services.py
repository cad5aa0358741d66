"""What mental health and community providers send: MHSDS and CSDS, each joined into one row a care contact.

A referral without any contact yet has one row with empty contact columns. docs/reference/extracts.md gives the columns,
their codes and the faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from joinedup.simulation.catalogue import (
    community_team,
    condition_snomed,
    icd10_of,
    mental_health_team,
    referral_reason,
)
from joinedup.simulation.columns import CSDS, MHSDS
from joinedup.simulation.days import CLOCK, ISO, LAST_DAY
from joinedup.simulation.periods import PERIODS, draw, period_of
from joinedup.simulation.sus import wrong_check_digit
from joinedup.simulation.world import Block, Contact, Declared, Episode, Person, Shown, World
from joinedup.simulation.writing import Out

END: Final = "\n"
WRONG_NUMBER: Final = 500
BAD_DATE: Final = 1500
KINDS: Final = (("mental_health", "mhsds", "MHSDS", MHSDS), ("community", "csds", "CSDS", CSDS))
_GENDER: Final = {"female": "2", "male": "1", "unknown": "X"}
_MODES: Final = {"face_to_face": "01", "telephone": "02", "video": "11", "group": "01"}
_FROM_MENTAL_HEALTH: Final = {"gp": "A1", "self": "B1", "social_care": "C1", "acute": "H2", "other": "N3"}
_FROM_COMMUNITY: Final = {"gp": "01", "self": "02", "acute": "04", "social_care": "06", "other": "99"}


def declare(world: World) -> list[Declared]:
    """Answer the mental health and the community providers as sources."""
    return [
        Declared(
            key=provider.source,
            name=f"{provider.name}: {'mental health' if kind == 'mental_health' else 'community services'} data set",
            organisation=provider.ods,
            setting=kind,
            format="csv",
            files=f"{provider.source}/{stem}_{provider.ods}_*.csv",
            mapping=mapping,
            interval_hours=24 * 31,
        )
        for kind, mapping, stem, _ in KINDS
        for provider in world.of_kind(kind)
    ]


def headers(world: World) -> Mapping[str, str]:
    """Answer the header of every file that can be written."""
    return {
        f"{provider.source}/{stem}_{provider.ods}_{period}.csv": ",".join(columns) + END
        for kind, _, stem, columns in KINDS
        for provider in world.of_kind(kind)
        for period in PERIODS
    }


def write(world: World, block: Block, out: Out) -> None:
    """Add the care contacts of a block's residents to the extracts of their providers."""
    for episode in block.episodes:
        is_mental_health = episode.setting == "mental_health"
        provider = world.organisation(episode.setting, episode.provider)
        source = provider.source
        stem = "MHSDS" if is_mental_health else "CSDS"
        shown = block.subject(episode.person, source, episode.id)
        person = block.person(episode.person)
        area = world.areas[person.area]
        site = provider.sites[draw(episode.id, len(provider.sites))].ods if provider.sites else episode.provider
        begin = _mental_health if is_mental_health else _community
        referral = begin(episode, person, area.sub_icb)
        contacts: list[Contact | None] = [one for one in episode.contacts if one.day <= LAST_DAY]
        out.subject(source, shown.source_id, person.id, " ".join(shown.faults))
        out.same_event(episode.id, source, "ServiceRequest", episode.id)
        for contact in contacts or [None]:
            key = contact.id if contact else episode.id
            day = contact.day if contact else episode.referred
            number = shown.nhs_number
            if number and draw(key + "nhs", WRONG_NUMBER) == 0:
                number = wrong_check_digit(number)
            period = period_of(day)
            row = (
                f"{_first_of(day)},{_last_of(day)},{episode.provider},"
                f"{_who(shown, episode.provider, number, person, day)},{referral},"
                f"{_contact(contact, site, out, source)}{END}"
            )
            out.file(f"{source}/{stem}_{episode.provider}_{period}.csv").append(row)
            out.count(source, "rows")
            if contact:
                out.same_event(contact.id, source, "Encounter", contact.id)


def _who(shown: Shown, provider: str, number: str, person: Person, day: int) -> str:
    """Answer the columns from the patient's local number to the practice."""
    died = ISO[person.death] if 0 < person.death <= day else ""
    return (
        f"{shown.source_id},{provider},{number},{shown.nhs_status},{ISO[shown.birth] if shown.birth else ''},"
        f"{_GENDER[shown.sex]},{shown.ethnicity},{shown.postcode},{died},{shown.practice}"
    )


def _mental_health(episode: Episode, person: Person, residence: str) -> str:
    """Answer the columns of the referral and of the main diagnosis, as in MHSDS."""
    team = mental_health_team(episode.team)
    coded = icd10_of(episode.reason)
    received = f"{ISO[episode.referred]},{CLOCK[480 + draw(episode.id, 540)]}:00"
    closed = ISO[episode.end] if episode.end and episode.end <= LAST_DAY else ""
    priority = "1" if team == "A03" else "2" if draw(episode.id + "p", 6) == 0 else "3"
    diagnosed = f"02,{coded},{ISO[min(episode.referred + 14, LAST_DAY)]}T12:00:00" if coded else ",,"
    return (
        f"{episode.id},{residence},{received},{_FROM_MENTAL_HEALTH.get(episode.referred_by, 'N3')},"
        f"{person.practice if episode.referred_by == 'gp' else ''},{priority},{referral_reason(episode.reason)},{team},"
        f"T{draw(episode.provider + episode.team, 900) + 100},{closed},{'01' if closed else ''},{diagnosed}"
    )


def _community(episode: Episode, person: Person, residence: str) -> str:
    """Answer the columns of the referral, as in CSDS."""
    received = f"{ISO[episode.referred]},{CLOCK[480 + draw(episode.id, 540)]}:00"
    closed = ISO[episode.end] if episode.end and episode.end <= LAST_DAY else ""
    team = community_team(episode.team)
    return (
        f"{episode.id},{residence},{received},{_FROM_COMMUNITY.get(episode.referred_by, '99')},"
        f"{person.practice if episode.referred_by == 'gp' else ''},{'2' if team == '51' else '1'},"
        f"{condition_snomed(episode.reason)},{team},T{draw(episode.provider + episode.team, 900) + 100},"
        f"{closed},{'01' if closed else ''}"
    )


def _contact(contact: Contact | None, site: str, out: Out, source: str) -> str:
    """Answer the columns of a care contact, empty where there was none."""
    if contact is None:
        return "," * 9
    date = ISO[contact.day]
    if draw(contact.id + "bad", BAD_DATE) == 0:
        date = "2026-02-30"
        out.count(source, "impossible dates")
    place = ("A01", "A01", "B01", "C01")[draw(contact.id, 4)]
    attended = "5" if contact.attended else "3"
    return (
        f"{contact.id},{date},{CLOCK[contact.minute]}:00,{contact.minutes},02,01,{_MODES[contact.mode]},{place},{attended},"
        f"{site}"
    )


def _first_of(day: int) -> str:
    """Answer the first day of the month of a day."""
    return ISO[day][:8] + "01"


def _last_of(day: int) -> str:
    """Answer the last day of the month of a day."""
    last = day + 28 - int(ISO[day][8:])
    month = ISO[day][:7]
    while ISO[last + 1].startswith(month):
        last += 1
    return ISO[last]
