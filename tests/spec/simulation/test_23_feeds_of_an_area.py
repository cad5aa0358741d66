"""The feeds of a simulated area: every trigger is there, every row is of its header's width, need shows as in life."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from joinedup.simulation import (
    care_services,
    hl7v2,
    letters,
    register,
    social_care,
    sus,
    voluntary_sector,
    waiting_list,
)
from joinedup.simulation.making import blocks_of, make_block
from joinedup.simulation.place import make_world
from joinedup.simulation.world import Block, World
from joinedup.simulation.writing import Out

FEEDS = (hl7v2, letters, sus, waiting_list, care_services, social_care, voluntary_sector, register)
RESIDENTS = 2_500


def write_all(world: World, blocks: list[Block]) -> Out:
    out = Out()
    for block in blocks:
        for feed in FEEDS:
            feed.write(world, block, out)
    return out


@pytest.fixture(scope="module")
def area() -> tuple[World, list[Block], Out]:
    """Two and a half thousand residents of Derbyshire and all that its partners but the practices send."""
    world = make_world("derbyshire", RESIDENTS, 11)
    blocks = [make_block(world, number) for number in range(blocks_of(world))]
    return world, blocks, write_all(world, blocks)


def tables(world: World, out: Out) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Name, header and rows of each CSV file."""
    headers = {name: text for feed in FEEDS for name, text in feed.headers(world).items()}
    for name, parts in out.files.items():
        if name.endswith(".csv"):
            mark = "|" if name.startswith("register/") else ","
            quoting = csv.QUOTE_NONE if mark == "|" else csv.QUOTE_MINIMAL
            text = (headers[name] + "".join(parts)).removeprefix("\ufeff")
            header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark, quoting=quoting)
            yield name, header, rows


def test_every_trigger_is_among_the_messages(area: tuple[World, list[Block], Out]) -> None:
    mix: Counter[str] = Counter()
    for name, parts in area[2].files.items():
        if name.endswith(".hl7"):
            for text in parts:
                found = re.match(
                    r"MSH\|\^~\\&\|[^|]*\|[^|]*\|JOINEDUP\|[^|]*\|\d{14}\|\|(?:ADT|ORU|SIU)\^(\w+)\|", text
                )
                mix[found.group(1) if found else "broken"] += 1
    told = {"A01", "A02", "A03", "A04", "A08", "A11", "A13", "A28", "A31", "A40", "R01", "S12", "S15"}
    assert told <= set(mix)
    assert mix["broken"] < 20
    assert mix["A03"] > mix["A01"] > mix["A08"]


def test_every_row_has_its_headers_width_and_every_file_its_source(area: tuple[World, list[Block], Out]) -> None:
    world, _, out = area
    seen = set()
    for name, header, rows in tables(world, out):
        assert {len(row) for row in rows} == {len(header)}, name
        seen.add(name.split("/")[0])
    declared = {one.key for feed in FEEDS for one in feed.declare(world) if one.format == "csv"}
    assert seen <= declared
    assert len(declared - seen) <= 2  # a voluntary organisation may have had nobody


def test_no_nhs_number_is_outside_the_test_range(area: tuple[World, list[Block], Out]) -> None:
    world, _, out = area
    numbers = {
        re.sub(" ", "", row[header.index(column)])
        for _, header, rows in tables(world, out)
        for column in header
        if column.replace("_", " ").upper() in ("NHS NUMBER", "NHSNUMBER")
        for row in rows
    } - {""}
    assert len(numbers) > 1_000
    assert all(re.fullmatch(r"999\d{7}", number) for number in numbers)


def test_every_event_of_a_hospital_is_told_by_both_its_messages_and_its_extract(
    area: tuple[World, list[Block], Out],
) -> None:
    _, blocks, out = area
    told: dict[str, set[str]] = {}
    for event, source, _, _ in out.events:
        told.setdefault(event, set()).add(source)
    for block in blocks:
        for attendance in block.attendances:
            source = f"acute-{attendance.trust.lower()}"
            assert {source, f"{source}-ecds"} <= told.get(attendance.id, set())
        for admission in block.admissions:
            source = f"acute-{admission.trust.lower()}"
            expected = {source, f"{source}-sus-apc"} if admission.end_day else {source}
            assert expected <= told.get(admission.id, set())


def test_every_subject_of_a_row_is_in_the_truth(area: tuple[World, list[Block], Out]) -> None:
    world, _, out = area
    column = {
        "sus": "LOCAL PATIENT IDENTIFIER (EXTENDED)",
        "ecds": "LOCAL PATIENT IDENTIFIER (EXTENDED)",
        "wlmds": "LOCAL_PATIENT_IDENTIFIER",
        "mental": "LocalPatientId",
        "community": "LocalPatientID",
        "social": "LA Person Unique Identifier",
        "voluntary": "client_id",
        "register": "NHS_NUMBER",
    }
    for name, header, rows in tables(world, out):
        source = name.split("/")[0]
        key = next(word for word in column if word in source)
        place = header.index(column[key])
        assert {(source, row[place]) for row in rows} <= set(out.subjects), name


def test_old_people_are_admitted_more_often_and_deprived_people_come_to_emergency_more(
    area: tuple[World, list[Block], Out],
) -> None:
    world, blocks, out = area
    everyone = [one for block in blocks for one in block.people]
    last = max(one.birth for one in everyone)
    spells, attendances = Counter[str](), Counter[str]()
    deciles = {one.code: one.decile for one in world.areas}
    for name, header, rows in tables(world, out):
        if "-sus-apc/" in name:
            place = header.index("AGE AT CDS ACTIVITY DATE")
            spells.update("old" if int(row[place]) >= 75 else "young" for row in rows if 18 <= int(row[place]) < 40
                          or int(row[place]) >= 75)  # fmt: skip
        if "-ecds/" in name:
            place = header.index("LOWER LAYER SUPER OUTPUT AREA (RESIDENCE)")
            for row in rows:
                decile = deciles[row[place]]
                attendances["deprived" if decile <= 3 else "well off" if decile >= 8 else "between"] += 1
    years = [(last - one.birth) / 365.25 for one in everyone]
    old, young = sum(age >= 75 for age in years), sum(18 <= age < 40 for age in years)
    assert spells["old"] / old > 2 * spells["young"] / young
    deprived, well_off = sum(one.decile <= 3 for one in everyone), sum(one.decile >= 8 for one in everyone)
    assert attendances["deprived"] / deprived > 1.15 * attendances["well off"] / well_off


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    def first(seed: int) -> dict[str, list[str]]:
        world = make_world("nel", 400, seed)
        return write_all(world, [make_block(world, 0)]).files

    assert first(3) == first(3)
    assert first(3) != first(4)


@pytest.mark.parametrize("system", ["hwe", "nel"])
def test_every_system_declares_sources_by_keys_of_their_own(system: str) -> None:
    world = make_world(system, 100, 1)
    keys = [one.key for feed in FEEDS for one in feed.declare(world)]
    assert len(keys) == len(set(keys))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", key) for key in keys)
    patterns = [one.files for feed in FEEDS for one in feed.declare(world)]
    assert len(patterns) == len(set(patterns))
