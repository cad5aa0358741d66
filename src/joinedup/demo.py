"""The demo: a simulated system, fed through the real intake, linked, with a sign-in for each kind of user in it.

What its partners plan, spend and agree is taken in by `demo_returns`; its boards sit in `demo_boards`.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from joinedup import database
from joinedup.errors import NotFound, RuleError

SYSTEM = "hwe"
SEED = 1
# What each kind of resident worth opening shows.
WORTH_OPENING = {
    "many_conditions": "many conditions, many services",
    "merged": "two hospital records, merged by the hospital",
    "conflicting_allergies": "the hospital and the practice disagree on allergies",
    "two_homes": "a child with two homes",
    "pending_review": "a record elsewhere that may be theirs, waiting for a decision",
}
# Whom the sign-in page names first: the six who come for a resident.
FIRST = ("clinician", "nurse", "emergency_clinician", "social_worker", "social_prescribing_link_worker", "resident")


@dataclass(slots=True)
class Opening:
    """A resident worth opening: why, the page's path, and whose sign-in opens it."""

    why: str
    path: str
    by: str


@dataclass(slots=True)
class Demo:
    """What the demo holds: systems, what was loaded, linked and returned, who can sign in, and whom to look at."""

    systems: list[str]
    residents: int
    loaded: dict[str, Any]
    linked: dict[str, Any]
    snapshot: dict[str, Any]
    measures: dict[str, Any]
    returned: dict[str, Any]
    boards: dict[str, Any]
    sign_ins: list[dict[str, str]]
    worth_opening: list[Opening] = field(default_factory=list)


def prepare(residents: int, tell: Callable[[str], None], on_progress: Callable[[Any], None]) -> Demo:
    """Set up what the demo shows, in the data folder; what is there already stays.

    Simulates `residents` of Hertfordshire and West Essex into `demo-feeds`, loads all of it, links it, makes a snapshot
    and its measures, gives the demo users their places, and lets them take in plans and money. Raises RuleError where
    real users are, or where a demo of another size is.
    """
    from django.db import transaction

    from joinedup.access import demo_users, seal, service_grant
    from joinedup.demo_boards import hold_boards
    from joinedup.demo_returns import take_returns
    from joinedup.demo_transition import make_transition
    from joinedup.feeds import deliveries_in, ledger, read_sources
    from joinedup.identity import link
    from joinedup.record import loading
    from joinedup.record.commands import know_the_senders
    from joinedup.simulation.run import simulate
    from joinedup.system import services

    folder = database.data_dir() / "demo-feeds"
    size = folder / "residents"
    if size.exists() and int(size.read_text()) != residents:
        raise RuleError(
            f"This data folder holds a demo of {int(size.read_text()):,} residents. For one of {residents:,} name "
            "another folder in JOINEDUP_DATA."
        )
    grant = service_grant("demo", "show a simulated system", approved_by="whoever runs this machine")
    with transaction.atomic():  # First the users, who are refused where real ones are; all of it or nothing.
        users = demo_users()
        for key in services.systems():
            if services.is_loaded(key):
                continue
            tell(f"Loading the system {key} ...")
            services.load_system(services.system_file(key), grant)
    if not folder.exists():
        tell(f"Simulating {residents:,} residents and what their partners send ...")
        unfinished = folder.with_name("demo-feeds.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)  # What a demo that was ended meanwhile left.
        simulate(SYSTEM, residents, SEED, unfinished)
        (unfinished / size.name).write_text(str(residents))
        unfinished.rename(folder)
    sources = read_sources(folder)
    ledger.declare(sources)
    know_the_senders(sources, folder, grant)
    tell("Taking in what the partners sent ...")
    intake = service_grant("record.intake", "take in what partners sent", "whoever runs this machine")
    loaded = loading.load(intake, deliveries_in(folder, sources), on_progress=on_progress)
    tell(f"{loaded.added:,} versions of resources added in {loaded.seconds:.0f} s. Linking them to residents ...")
    linked = link(service_grant("identity.link", "join the records of each resident", "whoever runs this machine"))
    openings = _place(folder, sources)
    snapshot, measures = _population(folder, tell)
    returned = take_returns(SYSTEM, residents, SEED, tell)
    boards = hold_boards(tell)
    make_transition(tell)
    seal()
    return Demo(
        services.systems(),
        residents,
        asdict(loaded),
        asdict(linked),
        snapshot,
        measures,
        returned,
        boards,
        [asdict(user) for user in sorted(users, key=lambda user: _rank(user.email))],
        openings,
    )


def _population(folder: Path, tell: Callable[[str], None]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make the snapshot and its measures, where what is there already is not of the same records."""
    from joinedup.access import service_grant
    from joinedup.measures import open_results
    from joinedup.measures.making import make_measures
    from joinedup.population import WantedSnapshot, load_postcodes, make_snapshot, open_snapshot

    grant = service_grant("population.snapshot", "make a pseudonymised snapshot", "whoever runs this machine")
    load_postcodes(grant, folder / "postcodes.csv")
    tell("Making a snapshot of the population ...")
    made = make_snapshot(grant, WantedSnapshot())
    tell(f"{made.people:,} people in {made.seconds:.0f} s. Working out the measures ...")
    try:
        open_results(made.id)
    except NotFound:
        figures = make_measures(
            open_snapshot(made.id),
            grant=service_grant("measures.make", "work out the measures", "whoever runs this machine"),
        )
        return asdict(made), figures.as_json()
    return asdict(made), {}


def _place(folder: Path, sources: Iterable[Any]) -> list[Opening]:
    """Let the demo users work where the residents worth opening are known; answers those residents."""
    from joinedup.access import own_demo_record, place_demo_users
    from joinedup.feeds import subject_id
    from joinedup.identity import resident_of
    from joinedup.system.lookup import id_of

    by_key = {source.key: source for source in sources}
    known: dict[str, list[tuple[Any, str]]] = {}
    with (folder / "truth" / "worth_opening.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            known.setdefault(row["kind"], []).append((by_key[row["source"]], row["source_id"]))

    def bodies(setting: str) -> list[UUID]:
        codes = dict.fromkeys(one.organisation for told in known.values() for one, _ in told if one.setting == setting)
        codes |= dict.fromkeys(one.organisation for one in by_key.values() if one.setting == setting and not codes)
        return [body for code in codes if (body := id_of(code))]

    practices, hospitals = bodies("gp"), bodies("acute")
    place_demo_users({
        "clinician": practices,
        "nurse": practices[:1],
        "reception": practices[:1],
        "emergency_clinician": hospitals[:1],
        "social_worker": bodies("social_care")[:1],
        "social_prescribing_link_worker": bodies("voluntary")[:1],
        # A disagreement is settled by both: the board that buys, and the hospital in the west.
        "planner": [body for code in ["QM7"] if (body := id_of(code))],
        "planner.provider": [body for code in ["RWG"] if (body := id_of(code))],
    })  # fmt: skip
    openings = []
    for kind, why in WORTH_OPENING.items():
        told = known.get(kind, [])
        first = next(((one, source_id) for one, source_id in told if one.setting == "gp"), None)
        if first is None:
            continue
        subject = subject_id(first[0].key, first[1])
        openings.append(Opening(why, f"/record/{resident_of(subject)}/", "clinician"))
        if kind == "many_conditions":
            own_demo_record(subject)
    return openings


def _rank(email: str) -> tuple[int, str]:
    role = email.split("@", 1)[0]
    return (FIRST.index(role) if role in FIRST else len(FIRST), email)
