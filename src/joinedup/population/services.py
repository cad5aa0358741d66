"""The acts of this room: a snapshot is made, people are taken out of snapshots, postcodes are loaded.

Each takes a Grant, and its audit entry is written in the transaction of its row in the register.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource as usage
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from joinedup import database
from joinedup.access import Grant, record
from joinedup.errors import RuleError
from joinedup.feeds.declared import declared_sources
from joinedup.feeds.nhs_number import NhsNumber, check
from joinedup.identity import analysis_groups
from joinedup.moment import LONDON
from joinedup.population import (
    areas as area_rules,
    bulk,
    erasing,
    from_record,
    gate,
    manifest,
    opt_outs,
    people,
    small_practices,
)
from joinedup.population.building import (
    Around,
    Part,
    Reader,
    Unit,
    build,
    keyed,
    number_digest,
    organisation_digests,
    part_digest,
    read_plans,
    sha256_of,
    view_digest,
    write_numbers,
    write_table,
)
from joinedup.population.deidentify import Plan, known_texts
from joinedup.population.folders import alone, put_in_place, put_in_place_of
from joinedup.population.models import Postcode, SnapshotMade, Tombstone
from joinedup.population.months import month_number
from joinedup.population.postcodes import Lookup, read_postcodes, write_lookup
from joinedup.population.pseudonym import RECIPIENT, Keys, keys_for, master_key
from joinedup.population.snapshot import read_manifest, snapshot_ids, snapshots_folder
from joinedup.population.sql_on_fhir.view_files import product_views, read_views
from joinedup.population.tables import TABLES
from joinedup.record.extracting import Instant, one_instant

Tell = Callable[[str], None]
AREA_TABLES = ("practice_area", "small_area", "area")


@dataclass(frozen=True, slots=True)
class WantedSnapshot:
    """What a snapshot is to be made of: from the record or a bulk export, by whose views, for whom."""

    recipient: str = RECIPIENT
    key_version: int | None = None  # None: the newest that this recipient has
    as_of: datetime | None = None
    views: Path | None = None
    export: Path | None = None
    answer: Path | None = None  # of the national data opt-out
    accept: str = ""  # why it is to stand although the gate complains
    keep_without_number: bool = False
    least_list: int | None = None  # people on a practice's list for it to be named; None: by the rule
    afresh: bool = False  # take nothing over from the snapshot before
    processes: int | None = None


@dataclass(slots=True)
class Made:
    """What was made: the snapshot's id, its counts, and how long it took."""

    id: str
    folder: str
    day: date
    people: int
    rows: int
    tables: dict[str, int]
    opt_outs: dict[str, Any]
    is_new: bool
    resources: int = 0
    parts_taken_over: int = 0
    parts: int = 0
    complaints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    peak_megabytes: int = 0


@dataclass(slots=True)
class _Input:
    """A source made ready: what to read, how, and what to say of it."""

    reader: Reader
    units: list[Unit]
    origin: str
    numbers: frozenset[str]
    people: int
    left_out: opt_outs.LeftOut
    answer: opt_outs.OptOuts
    sources: list[dict[str, Any]]
    linkage: dict[str, Any]
    is_simulated: bool
    feeds: str
    others: frozenset[str] = frozenset()  # senders that are no practices


def make_snapshot(grant: Grant, wanted: WantedSnapshot, tell: Tell = lambda line: None) -> Made:
    """Make a snapshot and give it its name, or answer the one that stands already when nothing has changed.

    Raises RuleError when the gate complains and nobody has signed it off, or when opt-outs have no answer; FileError
    for an answer, a view or an export that can't be used; Unavailable while another process makes one. Nothing is
    left of one that was not made.
    """
    began = time.monotonic()
    views = read_views(wanted.views) if wanted.views else product_views()
    plans = keyed(read_plans(views))
    instant_now = datetime.now(UTC)
    export = bulk.open_export(wanted.export) if wanted.export else None
    stored_by = wanted.as_of or (export.at if export and export.at else None) or instant_now
    day = stored_by.astimezone(LONDON).date()
    origin = "bulk" if export else "record"
    before = _before(wanted.recipient, origin, wanted.key_version, own_views=wanted.views is not None)
    keys = keys_for(wanted.recipient, wanted.key_version or _newest_version(wanted.recipient))
    with alone() as making:
        folder = making / "new"
        lookups = making / "lookups"
        folder.mkdir(mode=0o700)
        postcodes_digest = write_lookup(Postcode.objects.values_list("postcode", "lsoa11").iterator(50_000), lookups)
        with nullcontext() if export else one_instant() as instant:
            tell("Reading who may be in it ...")
            given = (
                _from_export(export, wanted, keys, lookups, day)
                if export
                else _from_record(grant, wanted, keys, stored_by, instant, day)
            )
            write_numbers(given.numbers, lookups / "numbers.npy")
            texts = known_texts(database.data_dir())
            around = Around(keys, day, lookups, texts, tuple(one.view for one in plans.values()), folder)
            least = small_practices.least_list(wanted.least_list, keys.recipient, is_simulated=given.is_simulated)
            known_at = wanted.as_of or instant_now
            if least:
                tell("Counting how many people each practice has ...")
                around = replace(around, practices=_small(given, around, least, making / "lists", known_at, wanted))
            stable = {
                "code": manifest.code_version(), "feeds": given.feeds, "postcodes": postcodes_digest,
                "texts": hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest(),
            }  # fmt: skip
            old = None if wanted.afresh else before
            taken, work = _take_over(old, given, plans, around, stable)
            tell(f"Writing tables of {given.people:,} people ...")
            parts = taken + build(given.reader, work, around, processes=wanted.processes)
        told = _finish(wanted, given, parts, plans, around, least, postcodes_digest, stored_by, instant_now, tell)
        complaints = gate.complaints(told["tables"], before[1]["tables"] if before else None)
        if complaints and not wanted.accept:
            raise RuleError(
                "The snapshot was not made:\n  " + "\n  ".join(complaints)
                + "\nLook at the feeds. If this is right: joinedup snapshot --accept REASON"
            )  # fmt: skip
        if complaints:
            told["accepted"] = {"complaints": complaints, "reason": wanted.accept, "by": grant.actor_id}
        digest = manifest.write_json(folder, manifest.MANIFEST, told)
        is_new = not (snapshots_folder() / told["id"]).exists()
        with transaction.atomic():
            _register(grant, told, digest, wanted.accept)
            record(grant, "population.snapshot", f"snapshot:{told['id']}", details={
                "day": told["day"], "origin": origin, "recipient": keys.recipient, "key_version": keys.version,
                "people": told["people"], "rows": _rows(told), "opt_outs": told["opt_outs"], "manifest": digest,
                "accepted": wanted.accept, "subjects": told["linkage"].get("subjects", 0),
            })  # fmt: skip
            if is_new:
                put_in_place(folder, told["id"])
    return Made(
        told["id"], str(snapshots_folder() / told["id"]), day, told["people"], _rows(told),
        {name: table["rows"] for name, table in told["tables"].items()}, told["opt_outs"], is_new,
        resources=sum(part.resources for part in parts if not part.taken_over),
        parts_taken_over=sum(part.taken_over for part in parts), parts=len(parts), complaints=complaints,
        notes=list(told["notes"]), seconds=round(time.monotonic() - began, 1), peak_megabytes=_peak(),
    )  # fmt: skip


def numbers_to_ask(grant: Grant, export: Path | None = None) -> frozenset[str]:
    """Answer every valid NHS number that a snapshot would ask the national data opt-out about. Audited as a count."""
    if export:
        found = {number for _, number in bulk.patients(bulk.open_export(export)) if number}
    else:
        found = {number for numbers in analysis_groups().numbers.values() for number in numbers}
    valid = frozenset(number for number in found if isinstance(check(number), NhsNumber))
    with transaction.atomic():
        record(grant, "population.ask_opt_outs", "snapshot:none", details={"numbers": len(valid)})
    return valid


def load_postcodes(grant: Grant, path: Path) -> int:
    """Put a file of postcodes in the place of the lookup there is; answers how many postcodes it holds."""
    rows = dict(read_postcodes(path))
    if not rows:
        raise RuleError(f"{path.name} holds no postcode that lies in a small area. The lookup stays as it is.")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM population_postcode")
            with cursor.copy("COPY population_postcode (postcode, lsoa11) FROM STDIN") as copy:
                for row in sorted(rows.items()):
                    copy.write_row(row)
        record(grant, "population.postcodes", "lookup:postcodes", details={
            "postcodes": len(rows), "file": path.name, "sha256": sha256_of(path),
        })  # fmt: skip
    return len(rows)


def erase_residents(grant: Grant, residents: Iterable[Any], reason: str) -> dict[str, int]:
    """Take these residents (ids of the record) out of every snapshot for good; answers rows taken out by snapshot."""
    groups = analysis_groups()
    wanted = {groups.group_of.get(one, one) for one in residents}
    identities = []
    for group in sorted(wanted):
        identities += [f"nhs|{number}" for number in groups.numbers.get(group, ())]
        identities += [f"person|{subject}" for subject, of in groups.group_of.items() if of == group] or [
            f"person|{group}"
        ]
    return _take_out(grant, identities, reason, for_good=True)


def erase_numbers(grant: Grant, numbers: Iterable[str], reason: str) -> dict[str, int]:
    """Take whoever has one of these NHS numbers out of every snapshot for good."""
    return _take_out(grant, [f"nhs|{number}" for number in numbers], reason, for_good=True)


def uphold_opt_outs(grant: Grant, path: Path) -> dict[str, int]:
    """Take whoever has opted out, by a new answer, out of every snapshot; they may opt in again."""
    groups = analysis_groups()
    asked = {number for numbers in groups.numbers.values() for number in numbers}
    answer = opt_outs.from_answer(path, asked, datetime.now(LONDON).date())
    out = [f"nhs|{number}" for numbers in groups.numbers.values() if not answer.allows(numbers) for number in numbers]
    return _take_out(grant, out, "national data opt-out", for_good=False)


def verify(id_: str) -> list[str]:
    """Answer what of a snapshot is not as its manifest and the register say, a sentence each; none when all is."""
    folder = snapshots_folder() / id_
    told = json.loads((folder / manifest.MANIFEST).read_bytes())
    wrong = []
    made = SnapshotMade.objects.filter(snapshot=id_).order_by("-revision").first()
    if made is None or made.manifest != sha256_of(folder / manifest.MANIFEST):
        wrong.append("manifest.json is not the one that the register holds.")
    for name, table in told["tables"].items():
        held = {path.name for path in (folder / "tables" / name).glob("*.parquet")}
        wrong += [
            f"{name}: {file} is in the folder and not in the manifest." for file in sorted(held - set(table["files"]))
        ]
        for file, digest in table["files"].items():
            if file not in held:
                wrong.append(f"{name}: {file} is missing.")
            elif sha256_of(folder / "tables" / name / file) != digest:
                wrong.append(f"{name}: {file} is not what the manifest says.")
    return wrong


# --- sources ---------------------------------------------------------------------------------------------------------


def _from_record(
    grant: Grant, wanted: WantedSnapshot, keys: Keys, stored_by: datetime, instant: Instant, day: date
) -> _Input:
    declared = declared_sources(stored_by)
    sending = [one for one in declared if one.deliveries]
    groups = analysis_groups()
    if not groups.group_of:
        raise RuleError("The record holds nobody yet. Take in what partners sent first: joinedup load FOLDER")
    numbers = {number for found in groups.numbers.values() for number in found}
    is_simulated = bool(sending) and all(one.source.is_simulated for one in sending)
    answer = _answer(wanted, numbers, is_simulated, day)
    type_1, denied = from_record.objections(grant, declared, stored_by=stored_by, instant=instant)
    persons = from_record.persons_of(
        groups, keys, answer, type_1=type_1, denied=denied, is_erased=_is_erased(),
        keep_without_number=wanted.keep_without_number,
    )  # fmt: skip
    feeds = {one.source.key: one.feed for one in declared}
    return _Input(
        reader=from_record.RecordReader(grant, stored_by, instant, feeds),
        units=from_record.units(grant, persons, stored_by=stored_by, instant=instant),
        origin="record", numbers=persons.numbers, people=persons.people, left_out=persons.left_out, answer=answer,
        sources=[
            {
                "feed": one.feed, "source": one.source.key, "name": one.source.name,
                "organisation": one.source.organisation, "simulated": one.source.is_simulated,
                "deliveries": one.deliveries, "newest": one.newest.isoformat() if one.newest else None,
                "versions": int(one.versions or 0),
            }
            for one in sending
        ],
        linkage=groups.linkage, is_simulated=is_simulated,
        feeds=hashlib.sha256(json.dumps(feeds, sort_keys=True).encode()).hexdigest(),
        others=frozenset(one.source.organisation for one in declared if one.source.setting != "gp")
        - {one.source.organisation for one in declared if one.source.setting == "gp"},
    )  # fmt: skip


def _from_export(export: bulk.Export, wanted: WantedSnapshot, keys: Keys, lookups: Path, day: date) -> _Input:
    told = bulk.patients(export)
    if not told:
        raise RuleError(f"No Patient is among the files of {export.folder.name}. A snapshot is of people.")
    numbers = {number for _, number in told if number is not None}
    is_simulated = bool(numbers) and all(_is_synthetic(number) for number in numbers)
    answer = _answer(wanted, numbers, is_simulated, day)
    type_1, denied = bulk.objections(export)
    found = bulk.persons_of(
        told, keys, answer, type_1=type_1, denied=denied, is_erased=_is_erased(),
        keep_without_number=wanted.keep_without_number,
    )  # fmt: skip
    bulk.write_people(found, lookups)
    units = [Unit(one.name, f"{one.digest}|{found.digest}", one.what) for one in bulk.units(export)]
    return _Input(
        reader=bulk.BulkReader(lookups), units=units, origin="bulk", numbers=found.numbers, people=found.people,
        left_out=found.left_out, answer=answer,
        sources=[{
            "feed": bulk.FEED, "source": export.server or export.folder.name, "name": "bulk export",
            "organisation": None, "simulated": is_simulated, "deliveries": len(export.files),
            "newest": export.at.isoformat() if export.at else None, "versions": None,
        }],
        linkage={"grade": "one Patient is one person, two with one NHS number are one", "subjects": len(told)},
        is_simulated=is_simulated, feeds=bulk.FEED,
    )  # fmt: skip


def _answer(wanted: WantedSnapshot, numbers: set[str], is_simulated: bool, day: date) -> opt_outs.OptOuts:
    if wanted.answer is not None:
        return opt_outs.from_answer(wanted.answer, numbers, datetime.now(LONDON).date())
    if not numbers:
        return opt_outs.nobody_to_ask()
    if is_simulated:
        return opt_outs.made_up(numbers, master_key())
    raise opt_outs.must_be_answered(numbers)


def _is_synthetic(number: str) -> bool:
    found = check(number)
    return isinstance(found, NhsNumber) and found.is_synthetic


def _is_erased() -> Callable[[Sequence[str]], bool]:
    gone = set(Tombstone.objects.values_list("digest", flat=True))
    master = master_key()
    return lambda identities: bool(gone) and any(erasing.tombstone(master, one) in gone for one in identities)


# --- small practices --------------------------------------------------------------------------------------------------


def _small(
    given: _Input, around: Around, least: int, folder: Path, known_at: datetime, wanted: WantedSnapshot
) -> dict[str, str]:
    """Answer what practices of too short a list leave as: a first pass over who is registered where, which is not kept.

    Our own views are read for it, whichever views the snapshot is of.
    """
    found = [view for view in product_views() if view.name in ("pop_patient", "pop_registration")]
    plans = keyed(read_plans(found))
    folder.mkdir(mode=0o700)
    counting = replace(around, views=tuple(found), folder=folder)
    work = [(unit, [(name, "") for name in plans]) for unit in given.units]
    build(given.reader, work, counting, processes=wanted.processes)
    for one in found:  # where there is no row at all there is no file
        write_table(TABLES[one.name].empty_table(), folder / "tables" / one.name / "part-none.parquet")
    lists = people.list_sizes(folder, around.day)
    shutil.rmtree(folder)
    everywhere = _everywhere(around, known_at)
    since = area_rules.since(around.day)
    return small_practices.stand_ins(lists, everywhere.practice_area, least, since, given.others)


# --- parts of the snapshot before ------------------------------------------------------------------------------------


def _before(recipient: str, origin: str, version: int | None, *, own_views: bool) -> tuple[Path, dict[str, Any]] | None:
    """Answer the newest snapshot of the same kind, for the gate and for taking over; one of other views is not."""
    for id_ in reversed(snapshot_ids()):
        folder = snapshots_folder() / id_
        told = json.loads((folder / manifest.MANIFEST).read_bytes())
        if (told.get("recipient"), told.get("origin"), told.get("own_views", False)) == (
            recipient,
            origin,
            own_views,
        ) and (version is None or told.get("key_version") == version):
            return folder, told
    return None


def _newest_version(recipient: str) -> int:
    found = SnapshotMade.objects.filter(recipient=recipient).order_by("-key_version").first()
    return found.key_version if found else 1


def _take_over(
    before: tuple[Path, dict[str, Any]] | None, given: _Input, plans: Mapping[str, Plan], around: Around,
    stable: Mapping[str, str],
) -> tuple[list[Part], list[tuple[Unit, list[tuple[str, str]]]]]:  # fmt: skip
    """Link what the snapshot before made of the same; answers those parts, and the work that is left."""
    units: dict[str, Any] = {}
    if before and (before[0] / manifest.UNITS).is_file():
        units = json.loads((before[0] / manifest.UNITS).read_bytes())
    known: set[str] | None = None
    small = organisation_digests(around.keys, around.practices)
    taken: list[Part] = []
    work = []
    for unit in given.units:
        left = []
        for name, one in plans.items():
            digest = part_digest(one, unit, around, stable)
            old = units.get(one.view.name, {}).get(f"{unit.name}{name.removeprefix(one.view.name)}")
            if (
                old is not None
                and old["digest"] == digest
                and all(small.get(code, "") == instead for code, instead in old["organisations"].items())
            ):
                if old["candidates"] and known is None:
                    known = {number_digest(around.keys, number) for number in given.numbers}
                if not (known and known.intersection(old["candidates"])) and _linked(
                    before, one.view.name, old, around
                ):
                    taken.append(Part(name, one.view.name, unit.name, taken_over=True, **_again(old)))
                    continue
            left.append((name, digest))
        work.append((unit, left))
    return taken, work


def _again(old: Mapping[str, Any]) -> dict[str, Any]:
    months = {feed: {int(month): many for month, many in told.items()} for feed, told in old["months"].items()}
    return {**old, "months": months}


def _linked(before: tuple[Path, dict[str, Any]] | None, table: str, old: Mapping[str, Any], around: Around) -> bool:
    if not old["file"]:
        return True
    assert before is not None
    source = before[0] / "tables" / table / old["file"]
    if not source.is_file() or sha256_of(source) != old["sha256"]:
        return False
    target = around.folder / "tables" / table / old["file"]
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.link(source, target)
    return True


# --- what is made of the parts ---------------------------------------------------------------------------------------


def _finish(
    wanted: WantedSnapshot, given: _Input, parts: list[Part], plans: Mapping[str, Plan], around: Around, least: int,
    postcodes: str, stored_by: datetime, made_at: datetime, tell: Tell,
) -> dict[str, Any]:  # fmt: skip
    """Write what is derived, and answer the manifest."""
    folder, day = around.folder, around.day
    schemas = {one.view.name: one.schema for one in plans.values()}
    for name, schema in schemas.items():
        if not any(part.table == name and part.file for part in parts):
            write_table(schema.empty_table(), folder / "tables" / name / "part-none.parquet")
            parts.append(Part(name, name, "none", "", "part-none.parquet",
                              sha256_of(folder / "tables" / name / "part-none.parquet")))  # fmt: skip
    derived: dict[str, Any] = {}
    notes: list[str] = []
    system = ""
    quality = _quality(parts)
    if wanted.views is None and people.can_derive(schemas):
        tell("Deriving people, registrations, homes and areas ...")
        system, notes, area_rows = _write_areas(folder, around, wanted.as_of or made_at)
        rows = people.derive(folder, folder, day, is_simulated=given.is_simulated)
        for name, many in {**area_rows, **rows}.items():
            derived[name] = _derived_table(folder, name, many)
        quality |= _people_quality(folder, derived)
    tables = manifest.tables_of(parts, {name: schema.names for name, schema in schemas.items()}, derived)
    for name in tables:
        tables[name]["unmapped"] = sum(part.counts.get("without_code", 0) for part in parts if part.table == name)
    units: dict[str, dict[str, Any]] = {}
    for part in parts:
        if part.digest:
            units.setdefault(part.table, {})[f"{part.unit}{part.view.removeprefix(part.table)}"] = part.as_json()
    files = {f"{name}/{file}": digest for name, table in tables.items() for file, digest in table["files"].items()}
    content = manifest.content_digest({**files, "day": day.isoformat()})
    if given.answer.how == "made up":
        notes.append("Everybody is made up, and so is the answer of the national data opt-out: one in twenty.")
    if given.left_out.without_number_kept:
        notes.append(
            f"{given.left_out.without_number_kept:,} people have no NHS number: nobody could be asked whether they "
            "opted out, and they are kept."
        )
    folded = len({code for part in parts for code, instead in part.organisations.items() if instead})
    if folded:
        notes.append(
            f"{folded:,} practices with a list of less than {least:,} are not named: their network stands for them."
        )
    last = month_number(day)
    return {
        "id": f"{day.isoformat()}-{content[:12]}", "day": day.isoformat(), "made_at": made_at.isoformat(),
        "stored_by": stored_by.isoformat(), "revision": 1, "content": content, "code_version": manifest.code_version(),
        "simulated": given.is_simulated, "recipient": around.keys.recipient, "key_version": around.keys.version,
        "origin": given.origin, "own_views": wanted.views is not None, "system": system, "people": derived.get(
            "person", {}).get("rows", given.people),
        "tables": tables,
        "views": {f"{name}.{one.view.resource}": view_digest(one.view) for name, one in plans.items()},
        "sources": given.sources, "coverage": manifest.coverage(parts, last), "opt_outs": {
            "national": given.left_out.national, "type_1": given.left_out.type_1,
            "consent_subjects": given.left_out.consent_subjects, "erased": given.left_out.erased,
            "asked": given.answer.asked, "answer": given.answer.how,
            "answered_on": given.answer.answered_on.isoformat() if given.answer.answered_on else None,
            "without_number_kept": given.left_out.without_number_kept,
            "without_number_left_out": given.left_out.without_number_left_out,
        },
        "quality": {**quality, "several_numbers": given.left_out.several_numbers}, "linkage": given.linkage,
        "lookups": {"postcodes": postcodes}, "practices": {"least_list": least, "folded": folded}, "notes": notes,
        "tombstones": [],
        "units": manifest.write_json(folder, manifest.UNITS, units),
    }  # fmt: skip


def _write_areas(folder: Path, around: Around, known_at: datetime) -> tuple[str, list[str], dict[str, int]]:
    import pyarrow as pa

    since = area_rules.since(around.day)
    everywhere = small_practices.folded(_everywhere(around, known_at), around.practices, since)
    systems, main = _systems(folder, everywhere.practice_area, everywhere.small_area)
    found = small_practices.folded(_everywhere(around, known_at, systems or None), around.practices, since)
    rows = {"practice_area": found.practice_area, "small_area": found.small_area, "area": found.area}
    for name, told in rows.items():
        write_table(pa.Table.from_pylist(told, schema=TABLES[name]), folder / "tables" / name / "part-all.parquet")
    return main, list(found.notes), {name: len(told) for name, told in rows.items()}


def _everywhere(around: Around, known_at: datetime, systems: frozenset[str] | None = None) -> area_rules.Areas:
    from joinedup.system import dated_areas

    facts = dated_areas(known_at, area_rules.since(around.day))
    lookup = Lookup(around.lookups)
    return area_rules.areas(facts, lookup.lsoa, lookup.small_areas_near, systems)


def _systems(folder: Path, practices: list[dict[str, Any]], small: list[dict[str, Any]]) -> tuple[frozenset[str], str]:
    """Answer the systems to which a hundredth of the people or more belong by practice or home, and the largest."""
    import duckdb

    system_of = {row["practice"]: row["system"] for row in practices if row["ends"] is None}
    lives = {row["lsoa11"]: row["system"] for row in small if row["ends"] is None}
    database = duckdb.connect()
    counted: Counter[str] = Counter()
    for table, column, where in (("pop_registration", "organisation", system_of), ("pop_patient", "lsoa11", lives)):
        files = str(folder / "tables" / table / "*.parquet")
        for code, many in database.execute(
            f"SELECT {column}, count(DISTINCT person) FROM read_parquet('{files}') GROUP BY 1"  # noqa: S608  # nosec B608
        ).fetchall():
            if system := where.get(code):
                counted[system] += many
    database.close()
    whole = sum(counted.values())
    main = min(counted, key=lambda code: (-counted[code], code), default="")
    return frozenset(code for code, many in counted.items() if many * 100 >= whole), main


def _derived_table(folder: Path, name: str, rows: int) -> dict[str, Any]:
    import pyarrow.parquet as pq

    file = "part-all.parquet"
    path = folder / "tables" / name / file
    nulls = dict.fromkeys(TABLES[name].names, 0)
    reader = pq.ParquetFile(path)
    for nth in range(reader.num_row_groups):
        group = reader.metadata.row_group(nth)
        for at in range(group.num_columns):
            column = group.column(at)
            nulls[column.path_in_schema] += (column.statistics.null_count or 0) if column.statistics else 0
    return {
        "rows": rows, "files": {file: sha256_of(path)}, "columns": TABLES[name].names,
        "nulls": {column: many for column, many in sorted(nulls.items()) if many},
    }  # fmt: skip


def _quality(parts: Iterable[Part]) -> dict[str, Any]:
    whole: Counter[str] = Counter()
    for part in parts:
        whole.update(part.counts)
        whole["rows_of_unknown_people"] += part.unknown_persons
    return dict(sorted(whole.items()))


def _people_quality(folder: Path, derived: Mapping[str, Any]) -> dict[str, Any]:
    nulls = derived["person"]["nulls"]
    import duckdb

    database = duckdb.connect()
    (unknown,) = database.execute(
        f"""SELECT count(*) FROM read_parquet('{folder}/tables/person/*.parquet') WHERE practice IS NOT NULL
             AND practice NOT IN (SELECT practice FROM read_parquet('{folder}/tables/practice_area/*.parquet'))"""  # noqa: S608  # nosec B608
    ).fetchone() or (0,)
    database.close()
    return {
        "people_without_practice": nulls.get("practice", 0), "people_without_lsoa": nulls.get("lsoa11", 0),
        "people_of_unknown_practice": unknown, "people_without_birth_month": nulls.get("birth_month", 0),
        "people_without_ethnic_category": nulls.get("ethnic_category", 0),
    }  # fmt: skip


# --- the register ----------------------------------------------------------------------------------------------------


def _register(grant: Grant, told: Mapping[str, Any], digest: str, reason: str) -> None:
    if SnapshotMade.objects.filter(snapshot=told["id"], revision=told["revision"]).exists():
        return  # The same snapshot once more: it stands as it was made first.
    SnapshotMade.objects.create(
        snapshot=told["id"], revision=told["revision"], day=date.fromisoformat(told["day"]),
        made_at=datetime.fromisoformat(told["made_at"]), made_by=grant.actor_id, recipient=told["recipient"],
        key_version=told["key_version"], origin=told["origin"], people=told["people"], rows=_rows(told),
        manifest=digest, reason=reason,
    )  # fmt: skip


def _take_out(grant: Grant, identities: Sequence[str], reason: str, *, for_good: bool) -> dict[str, int]:
    if not reason.strip():
        raise RuleError("Taking somebody out needs a reason, which is kept: --reason.")
    master = master_key()
    stones = [erasing.tombstone(master, one) for one in identities]
    taken: dict[str, int] = {}
    with alone() as making:
        if for_good:
            # First of all, so that no snapshot is made with them should this be ended half-way.
            with transaction.atomic():
                Tombstone.objects.bulk_create(
                    [Tombstone(digest=one, at=datetime.now(UTC)) for one in sorted(set(stones))], ignore_conflicts=True
                )
                record(grant, "population.erase", "snapshot:all", details={"reason": reason, "identities": len(stones)})
        # Every folder, not only those that can be listed: nobody may stay in one because its manifest is damaged.
        for folder in sorted(path.parent for path in snapshots_folder().glob(f"*/{manifest.MANIFEST}")):
            id_ = folder.name
            old = read_manifest(folder)
            keys = keys_for(old["recipient"], old["key_version"])
            pseudonyms = {
                keys.of_number(value) if kind == "nhs" else keys.of_person(value)
                for kind, _, value in (one.partition("|") for one in identities)
            }
            new = erasing.without(
                folder, pseudonyms, [keys.tombstone(one) for one in pseudonyms] if for_good else (), making
            )
            if new is None:
                continue
            rows = _rows(old) - _rows(new)
            with transaction.atomic():
                _register(grant, new, sha256_of(making / id_ / manifest.MANIFEST), reason)
                record(grant, "population.revise", f"snapshot:{id_}", details={
                    "revision": new["revision"], "rows": rows, "reason": reason,
                })  # fmt: skip
                put_in_place_of(making / id_, id_)
            taken[id_] = rows
    return taken


def _rows(told: Mapping[str, Any]) -> int:
    return sum(int(table["rows"]) for table in told["tables"].values())


def _peak() -> int:
    """Answer the most memory that this process or one of its children held, in megabytes."""
    unit = 1_000_000 if sys.platform == "darwin" else 1_000
    most = max(usage.getrusage(who).ru_maxrss for who in (usage.RUSAGE_SELF, usage.RUSAGE_CHILDREN))
    return int(most // unit)
