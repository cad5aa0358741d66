"""The truth beside the feeds: who is who, what was merged, which events were told of twice. Intake never reads it.

Each function answers rows of text for one block; `run.py` puts them under their headers in the order of blocks.
"""

from __future__ import annotations

import json
from typing import Final

from joinedup.simulation.days import CLOCK, ISO
from joinedup.simulation.world import Block, Person, World
from joinedup.simulation.writing import Out

HEADERS: Final = {
    "people.csv": "person_id,nhs_number,given,family,former_family,sex,birth_date,died_on,ethnicity,lsoa11,"
    "deprivation_decile,council,practice,household,frailty,conditions,events,cost_pence,tags\n",
    "subjects.csv": "source,source_id,person_id,faults\n",
    "merges.csv": "source,surviving_id,retired_id,person_id,merged_at\n",
    "same_events.csv": "event_id,source,what,source_event_id\n",
    "counts.csv": "source,what,many\n",
    "worth_opening.csv": "kind,person_id,source,source_id,why\n",
}
"""The files of truth/ with their first lines."""
KINDS: Final = ("many_conditions", "merged", "conflicting_allergies", "two_homes", "pending_review")
"""Residents worth opening, one of each kind."""


def people_rows(world: World, block: Block) -> str:
    """Answer a row for each person, with what they cost in the three years as far as it is priced."""
    cost = [0] * len(block.people)
    events = [0] * len(block.people)
    for priced in (block.attendances, block.admissions, block.outpatients, block.episodes):
        for event in priced:
            cost[event.person - block.first] += event.cost_pence
    for told in (
        block.consultations, block.measurements, block.jabs, block.referrals, block.attendances, block.admissions,
        block.outpatients, block.reports, block.episodes, block.social_care, block.activities,
    ):  # fmt: skip
        for one in told:
            events[one.person - block.first] += 1
    for care in block.social_care:
        cost[care.person - block.first] += care.weekly_pence * max(0, (care.end or care.start + 182) - care.start) // 7
    rows = []
    for at, person in enumerate(block.people):
        area = world.areas[person.area]
        lasting = " ".join(sorted({condition.key for condition in block.conditions[at] if not condition.end}))
        rows.append(
            f"{person.id},{person.nhs_number},{person.given},{person.family},{person.former_family},{person.sex},"
            f"{ISO[person.birth]},{ISO[person.death] if person.death else ''},"
            f"{person.ethnicity},{area.code},{person.decile},{area.council},"
            f"{person.practice},{person.household},{person.frailty},{lasting},{events[at]},{cost[at]},"
            f"{' '.join(person.tags)}\n"
        )
    return "".join(rows)


def subject_rows(out: Out) -> str:
    """Answer a row for each patient of each source."""
    return "".join(
        f"{source},{source_id},{person},{faults}\n" for (source, source_id), (person, faults) in out.subjects.items()
    )


def merge_rows(block: Block) -> str:
    """Answer a row for each merge that a source finds."""
    return "".join(
        f"{one.source},{one.surviving},{one.retired},{block.person(one.person).id},{ISO[one.day]}T{CLOCK[one.minute]}\n"
        for one in block.merges
    )


def event_rows(out: Out) -> str:
    """Answer a row for each telling of an event that a feed has declared."""
    return "".join(",".join(row) + "\n" for row in out.events)


def candidates(block: Block, out: Out) -> dict[str, tuple[float, str, str]]:
    """Answer for each kind the best resident of the block: a score, the person id, and the reason in words."""
    best: dict[str, tuple[float, str, str]] = {}
    sources: dict[str, int] = {}
    for person, _ in out.subjects.values():
        sources[person] = sources.get(person, 0) + 1

    def offer(kind: str, score: float, one: Person, why: str) -> None:
        # The rich one stands for many conditions alone, so that five people are named.
        if (
            not one.death
            and ("rich" not in one.tags or kind == "many_conditions")
            and score > best.get(kind, (-1.0, "", ""))[0]
        ):
            best[kind] = score + sources.get(one.id, 0) / 10, one.id, why

    merged = {merge.person: merge for merge in block.merges}
    was_there = {one.person for one in block.admissions} | {one.person for one in block.attendances}
    for at, one in enumerate(block.people):
        lasting = sum(not condition.end for condition in block.conditions[at])
        offer("many_conditions", lasting + 5 * ("rich" in one.tags), one, f"{lasting} conditions that last")
        if one.index in merged:
            offer("merged", 1 + lasting / 5, one, f"merged by A40 at {merged[one.index].source}")
        unknown = [allergy.key for allergy in block.allergies[at] if allergy.known_to == "acute"]
        if unknown and len(unknown) == len(block.allergies[at]) and one.index in was_there:
            offer("conflicting_allergies", 1 + len(unknown), one,
                  f"the hospital knows of {' and '.join(unknown)}, the practice says no known allergies")  # fmt: skip
    for held in block.shown.values():
        for shown in held:
            one = block.person(shown.person)
            if "other_home" in shown.faults:
                offer("two_homes", 1, one, f"{shown.source} has the address of the other parent")
            named = {"family_mistyped", "given_mistyped", "nickname", "former_name"} & set(shown.faults)
            if "no_number" in shown.faults and named and shown.birth == one.birth and shown.postcode == one.postcode:
                offer("pending_review", 1 + (shown.source.startswith("acute")), one,
                      f"{shown.source} has no NHS number and {' '.join(sorted(named))}")  # fmt: skip
    return best


def worth_rows(chosen: dict[str, tuple[float, str, str]], subjects: dict[str, list[tuple[str, str]]]) -> str:
    """Answer a row for each record of each resident worth opening."""
    rows = []
    for kind in KINDS:
        if kind in chosen:
            _, person, why = chosen[kind]
            rows += [
                f"{kind},{person},{source},{source_id},{json.dumps(why)}\n" for source, source_id in subjects[person]
            ]
    return "".join(rows)
