"""Invented records: what must hold of linking whatever they say.

same_residents_in_any_batches, statements_and_rules_agree, whole_groups_equal_single_steps,
undoing_brings_back_what_was, every_record_has_one_resident.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from bench.linkage import Maker
from django.db import connection, transaction
from hypothesis import given, settings, strategies as st

from joinedup.access import service_grant
from joinedup.feeds import Source, subject_id
from joinedup.identity import (
    MatchingFields,
    SubjectSeen,
    decide,
    keep_subjects,
    link,
    resident_of,
    residents_of,
    subjects_of,
    unmerge,
)
from joinedup.identity.cluster import Link, Node, cluster
from joinedup.identity.ladder import LocalId, decide_pair
from joinedup.identity.partition import Evidence, Limits, partition
from joinedup.identity.score import Rarity, against_household
from joinedup.identity.values import CODES

GRANT = service_grant("test", "Show how it works", "the reader")
SEEN = datetime(2026, 7, 1, 9, tzinfo=UTC)


def invented(seed: int, people: int) -> list[SubjectSeen]:
    """What the partners of an invented town write of its people, with more faults than real ones make."""
    maker = Maker(seed)
    # Few names, so that strangers share them.
    maker.given, maker.family = maker.given[:12], maker.family[:15]
    maker.given_weights, maker.family_weights = maker._zipf(12, 0.5), maker._zipf(15, 0.5)
    seen: dict[UUID, SubjectSeen] = {}
    for number, person in enumerate(maker.people(people)):
        for row in maker.records(person, number):
            key, code, organisation, nhs_number, verified, family, given_, middle, born, sex, *rest = row
            postcode, house, phone, email = rest
            source = Source(key, key, organisation, "acute", "fhir", is_simulated=True)
            if maker.random.random() < 0.25:
                nhs_number, verified = None, False
            fields = MatchingFields(
                nhs_number=nhs_number, is_verified=bool(verified), family=family, given=given_, middle=middle,
                birth_date=born, sex=sex, postcode=postcode, house=house, phone=phone, email=email,
            )  # fmt: skip
            one = subject_id(key, code)
            seen[one] = SubjectSeen(one, source, code, fields, SEEN)
    return list(seen.values())


def residents_after(batches: list[list[SubjectSeen]]) -> set[frozenset[UUID]]:
    """The residents after these deliveries, each linked when it came; the database is as before afterwards."""
    everyone = [one.subject_id for batch in batches for one in batch]
    with transaction.atomic():
        for batch in batches:
            keep_subjects(batch)
            link(GRANT)
        leads = residents_of(everyone)
        transaction.set_rollback(True)
    groups: dict[UUID, set[UUID]] = {}
    for one, resident in leads.items():
        groups.setdefault(resident, set()).add(one)
    assert all(resident in members for resident, members in groups.items())
    return {frozenset(members) for members in groups.values()}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_same_residents_in_any_batches(seed: int) -> None:
    """PA11: any split of the same records into batches, in any order, gives the same partition as one run."""
    records = invented(seed, 45)
    whole = residents_after([records])
    assert max(map(len, whole)) > 2
    pick = random.Random(seed)
    for pieces in (2, 4):
        shuffled = pick.sample(records, len(records))
        cuts = sorted(pick.sample(range(1, len(records)), pieces - 1))
        split = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
        assert residents_after(split) == whole


@pytest.mark.django_db
def test_undoing_brings_back_what_was() -> None:
    """Whatever joins are decided and undone, the open memberships and all residents are those of before."""
    records = invented(3, 25)
    everyone = [one.subject_id for one in records]
    keep_subjects(records)
    link(GRANT)
    before, rows = residents_of(everyone), open_memberships()
    pick = random.Random(3)
    for _ in range(6):
        one, other = pick.sample(everyone, 2)
        if resident_of(one) == resident_of(other):
            continue
        others = subjects_of(other)
        decide(GRANT, one, other, "match", "as an experiment")
        assert set(subjects_of(one)) >= {one, other}
        unmerge(GRANT, resident_of(one), others, "the experiment is over")
        assert residents_of(everyone) == before
    assert open_memberships() == rows


def open_memberships() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject_id, resident_id FROM identity_membership WHERE until IS NULL ORDER BY 1")
        return cursor.fetchall()


@pytest.mark.django_db
def test_every_record_has_one_resident() -> None:
    records = invented(4, 25)
    keep_subjects(records)
    link(GRANT)
    for one in records:
        assert one.subject_id in subjects_of(resident_of(one.subject_id))
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM identity_membership m JOIN identity_subject s USING (subject_id)
                WHERE m.until IS NULL AND s.is_duplicate_free
                GROUP BY m.resident_id, s.source HAVING count(*) > 1"""
        )
        assert cursor.fetchall() == []


# --- rules that stand twice ----------------------------------------------------------------------------------------

NAMES = [None, "ANA", "WILLIAM", "BILL", "CLARK", "CLARKE", "HILL"]
DAYS = [None, date(1971, 6, 12), date(1971, 12, 6), date(1971, 6, 24), date(1971, 1, 1), date(1938, 11, 2)]
NUMBERS = [None, "9990000018", "9990000018", "9990000026"]


def record_of_few_words(pick: random.Random) -> tuple[MatchingFields, LocalId]:
    number = pick.choice(NUMBERS)
    former = pick.choice([(), (), ("9990000018",)])
    fields = MatchingFields(
        nhs_number=number,
        is_verified=number is not None and pick.random() < 0.5,
        former_numbers=tuple(old for old in former if number and old != number),
        family=pick.choice(NAMES),
        given=pick.choice(NAMES),
        other_families=pick.choice([(), ("CLARK",)]),
        birth_date=pick.choice(DAYS),
        postcode=pick.choice([None, "ZH1 1AA", "ZH2 2BB"]),
    )
    return fields, LocalId(pick.choice(["", "RWH"]), pick.choice(["H1", "H2"]))


@pytest.mark.parametrize("seed", range(3))
def test_statements_and_rules_agree(seed: int) -> None:
    """The ladder in SQL, for a million pairs at once, says of each pair what `ladder.decide_pair` says."""
    import duckdb

    from joinedup.identity import comparing

    pick = random.Random(seed)
    told = [record_of_few_words(pick) for _ in range(150)]
    db = duckdb.connect()
    columns = ", ".join(f"{name} {kind}" for name, kind in comparing.COLUMNS.items())
    db.execute(f"CREATE OR REPLACE TABLE raw ({columns})")
    for number, (fields, local) in enumerate(told):
        row = {
            "subject_id": UUID(int=number), "source": "s", "source_id": local.source_id, "is_duplicate_free": True,
            "organisation": local.organisation, "is_new": True,
            **{name: getattr(fields, name) for name in comparing.COLUMNS if hasattr(fields, name)},
        }  # fmt: skip
        for name in comparing.LISTS:
            row[name] = "|".join(row[name]) or None
        values = [row[name] for name in comparing.COLUMNS]
        db.execute(f"INSERT INTO raw VALUES ({', '.join('?' * len(values))})", values)
    comparing.prepare(db, {})
    comparing.find_ladder_pairs(db)
    found = {(left, right): method for left, right, method in db.execute("SELECT l, r, method FROM ladder").fetchall()}
    for left, (one, here) in enumerate(told):
        for right in range(left + 1, len(told)):
            other, there = told[right]
            step = decide_pair(one, other, local=(here, there))
            method = CODES.get(step.method)
            if step.step == "D4" and (left, right) not in found:
                continue  # Two numbers are kept only where all else is the same.
            assert found.get((left, right)) == (None if step.step == "D7" else method), (step, one, other)
    db.close()


def test_the_household_in_statements_and_in_the_rule_agree() -> None:
    import duckdb

    from joinedup.identity import comparing, configuration, scoring

    db = duckdb.connect()
    db.execute(f"CREATE TABLE raw ({', '.join(f'{name} {kind}' for name, kind in comparing.COLUMNS.items())})")
    for one in invented(5, 40):
        said = one.fields
        row = {name: getattr(said, name, None) for name in comparing.COLUMNS} | {
            "subject_id": one.subject_id, "source": one.source.key, "source_id": one.source_id, "organisation": "",
            "is_duplicate_free": True, "is_new": True, **dict.fromkeys(comparing.LISTS),
        }  # fmt: skip
        db.execute(f"INSERT INTO raw VALUES ({', '.join('?' * len(row))})", [row[name] for name in comparing.COLUMNS])
    comparing.prepare(db, {})
    db.execute(
        "CREATE OR REPLACE TEMP TABLE candidate AS SELECT a.n AS join_key_l, b.n AS join_key_r, '0' AS match_key "
        "FROM subject a JOIN subject b ON a.n < b.n "
        "AND (a.given = b.given OR a.born = b.born OR a.postcode = b.postcode)"
    )
    scoring.score(db, scoring.shipped(), configuration.read(configuration.SHIPPED.read_text()), least_bits=-500)
    rows = db.execute(
        "SELECT s.*, a.given_root = b.given_root, a.given = b.family AND a.family = b.given, a.born = b.born, "
        "contains(a.givens, '|' || b.given || '|') OR contains(b.givens, '|' || a.given || '|') "
        "FROM scored s JOIN subject a ON a.n = s.l JOIN subject b ON b.n = s.r"
    )
    names = [column[0] for column in rows.description]
    checked = 0
    for row in rows.fetchall():
        said_bits = dict(zip(names[:-4], row, strict=False))
        root, swapped, born, called = row[-4:]
        expected = against_household(
            said_bits["summed"],
            given=said_bits["mw_given"] + said_bits["mw_tf_adj_given"],
            birth=said_bits["mw_birth_date"],
            rest=said_bits["mw_sex"] + said_bits["mw_middle"],
            same_given=bool(root or swapped or called),
            same_birth=bool(born),
            rarity=Rarity(),
        )
        assert said_bits["weight"] == pytest.approx(expected, abs=1e-6)
        checked += 1
    assert checked > 300
    db.close()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9))
def test_whole_groups_equal_single_steps(seed: int) -> None:
    """Grouping by arrays answers the same groups and the same forbidden joins as step by step."""
    pick = random.Random(seed)
    count = pick.randint(2, 14)
    nodes = [
        Node(pick.choice([None, None, "1", "2"]), pick.choice([(), (), ("2",)]), pick.choice([None, "a", "b", "c"]))
        for _ in range(count)
    ]
    edges = [
        (a, b, float(pick.randint(1, 30)), pick.random() < 0.3)
        for a in range(count) for b in range(a + 1, count) if pick.random() < 0.25
    ]  # fmt: skip
    matches = [(0, 1)] if pick.random() < 0.2 else []
    nevers = [(1, count - 1)] if count > 2 and pick.random() < 0.3 else []
    groups: list[list[int]] = []
    forbidden: list[tuple[int, int, str]] = []
    for members in connected(count, [edge[:2] for edge in edges] + matches):
        steps = cluster(
            {one: nodes[one] for one in members},
            [Link(*edge) for edge in edges if edge[0] in members],
            matches=[pair for pair in matches if pair[0] in members],
            nevers=[pair for pair in nevers if pair[0] in members and pair[1] in members],
            most_records=6,
        )
        groups += steps.groups
        forbidden += [(one.left, one.right, one.reason) for one in steps.blocked]

    def codes(values: list[str | None]) -> Any:
        return np.array([-1 if value is None else ord(value) for value in values], dtype=np.int64)

    columns = list(zip(*edges, strict=True)) or [(), (), (), ()]
    kinds: tuple[Any, ...] = (np.int64, np.int64, np.float64, np.bool_)
    evidence = Evidence(*(np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)))
    limits = Limits(
        codes([node.number for node in nodes]), codes([node.source for node in nodes]), np.full(count, -1),
        np.array([bool(node.former_numbers) for node in nodes]), lambda places: [nodes[place] for place in places],
    )  # fmt: skip
    group, blocked = partition(count, evidence, limits, matches=matches, nevers=nevers, most_records=6)
    together: dict[int, list[int]] = {}
    for record, lead in enumerate(group.tolist()):
        together.setdefault(lead, []).append(record)
    assert sorted(together.values()) == sorted(groups)
    assert sorted((one.left, one.right, one.reason) for one in blocked) == sorted(forbidden)


def connected(count: int, pairs: list[tuple[int, int]]) -> list[set[int]]:
    """The sets of records that evidence connects, by the plainest way there is."""
    found = [{one} for one in range(count)]
    for one, other in pairs:
        joined = [members for members in found if one in members or other in members]
        found = [members for members in found if members not in joined] + [set().union(*joined)]
    return found
