"""The truth beside the feeds: every patient of every source is a person there, and nobody is worth less than looking.

| kind worth opening | who |
|---|---|
| many_conditions | lives with more conditions than all others |
| merged | one whom a hospital found twice, and merged by A40 |
| conflicting_allergies | the practice says none, the hospital knows of one |
| two_homes | a child whose hospital has the other parent's address |
| pending_review | whom a source holds without NHS number and under another name |
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from joinedup.feeds import deliveries_in, read_delivery, read_sources, subject_id
from joinedup.simulation.run import simulate

RESIDENTS = 1_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "truth"
    simulate("hwe", RESIDENTS, 21, path)
    return path


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "truth" / name).open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_everybody_is_named_once(folder: Path) -> None:
    people = table(folder, "people.csv")
    assert len({person["person_id"] for person in people}) == len(people) == RESIDENTS
    assert len({person["nhs_number"] for person in people}) == RESIDENTS
    assert all(1 <= int(person["deprivation_decile"]) <= 10 for person in people)
    assert sum(int(person["cost_pence"]) for person in people) > 0


def test_every_patient_of_every_source_is_a_person(folder: Path) -> None:
    people = {person["person_id"] for person in table(folder, "people.csv")}
    subjects = table(folder, "subjects.csv")
    assert {subject["person_id"] for subject in subjects} == people
    pairs = Counter((subject["source"], subject["source_id"]) for subject in subjects)
    assert max(pairs.values()) == 1  # No two people under one id of a source.


def test_merges_are_of_two_ids_of_one_person(folder: Path) -> None:
    who = {(row["source"], row["source_id"]): row["person_id"] for row in table(folder, "subjects.csv")}
    merges = table(folder, "merges.csv")
    assert merges
    for merge in merges:
        surviving = who[merge["source"], merge["surviving_id"]]
        assert surviving == who[merge["source"], merge["retired_id"]] == merge["person_id"]
        assert merge["surviving_id"] != merge["retired_id"]


def test_one_of_each_kind_is_worth_opening(folder: Path) -> None:
    rows = table(folder, "worth_opening.csv")
    by_kind: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        by_kind[row["kind"]].add(row["person_id"])
    assert set(by_kind) == {"many_conditions", "merged", "conflicting_allergies", "two_homes", "pending_review"}
    assert all(len(people) == 1 for people in by_kind.values())
    merged = {merge["person_id"] for merge in table(folder, "merges.csv")}
    assert by_kind["merged"] <= merged
    who = {(row["source"], row["source_id"]): row["person_id"] for row in table(folder, "subjects.csv")}
    assert all(who[row["source"], row["source_id"]] == row["person_id"] for row in rows)
    alive = {person["person_id"] for person in table(folder, "people.csv") if not person["died_on"]}
    assert {row["person_id"] for row in rows} <= alive


def test_events_that_two_feeds_tell_of_are_named(folder: Path) -> None:
    tellings: dict[str, set[str]] = defaultdict(set)
    for row in table(folder, "same_events.csv"):
        tellings[row["event_id"]].add(row["source"])
    twice = [sources for sources in tellings.values() if len(sources) > 1]
    assert len(twice) > 200


def test_read_as_partners_feeds_they_make_about_forty_resources_a_resident(tmp_path: Path) -> None:
    folder = tmp_path / "few"
    simulate("derbyshire", 300, 8, folder, processes=1)
    known = {subject_id(row["source"], row["source_id"]): row["person_id"] for row in table(folder, "subjects.csv")}
    about: Counter[str] = Counter()
    seen = set()
    for path, source in deliveries_in(folder, read_sources(folder)):
        for batch in read_delivery(
            path, source, shard=0, shards=1, after=0, is_known_organisation=lambda code, on: True
        ):
            for resource in batch.resources:
                if resource.type == "Patient":
                    assert resource.subject_id in known, (source.key, resource.source_id)
                if resource.id not in seen and resource.subject_id in known:
                    seen.add(resource.id)
                    about[known[resource.subject_id]] += 1
    assert 33 < sum(about.values()) / 300 < 58
    assert max(about.values()) > 500  # the rich one
    assert len(about) >= 298  # A wrong check digit, or a spoilt line, may hide somebody whom nobody else sends.
