"""Attacks on the audit by somebody who owns the database, at random places (rules: trust T38).

Fifty each of six kinds. Every one must be found and its first bad entry named; and, so that the test has teeth, a
verification that believes the database alone must miss exactly the two kinds that only the heads outside can tell.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from joinedup.access import Act, record_many, seal, service_grant, verify
from joinedup.access.chain import ZERO, canonical, extend, misfits, swapped

ATTACKS_A_KIND = 50
SEGMENTS, ENTRIES_A_SEGMENT = 6, 12


class Attacker:
    """Has every right in the database, and none outside it."""

    def __init__(self, chance: random.Random) -> None:
        from django.db import connection

        self.chance = chance
        self.cursor = connection.cursor()
        self.cursor.execute("SET LOCAL session_replication_role = replica")  # the triggers are off
        self.ids = [row[0] for row in self.ask("SELECT id FROM access_auditentry ORDER BY id")]

    def ask(self, sql: str, *values: Any) -> list[Any]:
        self.cursor.execute(sql, values)
        return self.cursor.fetchall() if self.cursor.description else []

    def body(self, entry_id: int) -> str:
        return self.ask("SELECT body FROM access_auditentry WHERE id = %s", entry_id)[0][0]

    def write(self, entry_id: int, body: str) -> None:
        self.ask("UPDATE access_auditentry SET body = %s WHERE id = %s", body, entry_id)

    def forged(self, entry_id: int) -> str:
        return self.body(entry_id).replace("body:", "body:forged-")

    # Each attack answers the first entry that is not what it was.

    def edit(self) -> int:
        entry_id = self.chance.choice(self.ids)
        self.write(entry_id, self.forged(entry_id))
        return entry_id

    def delete(self) -> int:
        entry_id = self.chance.choice(self.ids)
        self.ask("DELETE FROM access_auditentry WHERE id = %s", entry_id)
        return entry_id

    def insert(self) -> int:
        entry_id = self.ids[-1] + self.chance.randint(1, 1000)
        body = self.forged(self.chance.choice(self.ids))
        self.ask("INSERT INTO access_auditentry (id, body) VALUES (%s, %s)", entry_id, body)
        return entry_id

    def swap(self) -> int:
        first, second = sorted(self.chance.sample(self.ids, 2))
        texts = self.body(first), self.body(second)
        self.write(first, texts[1])
        self.write(second, texts[0])
        return first

    def cut_the_end(self) -> int:
        at = self.chance.randrange(len(self.ids))
        self.ask("DELETE FROM access_auditentry WHERE id = ANY(%s)", self.ids[at:])
        self.rehash()
        return self.ids[at]

    def rewrite(self) -> int:
        at = self.chance.randrange(len(self.ids))
        for entry_id in self.ids[at:]:
            self.write(entry_id, self.forged(entry_id))
        self.rehash()
        return self.ids[at]

    def rehash(self) -> None:
        """Make every segment fit the entries as they are now."""
        there = dict(self.ask("SELECT id, body FROM access_auditentry"))
        head = ZERO
        for number, ids in self.ask("SELECT number, entry_ids FROM access_segment ORDER BY number"):
            kept = [entry_id for entry_id in ids if entry_id in there]
            if not kept:
                self.ask("DELETE FROM access_segment WHERE number = %s", number)
                continue
            hashes = extend(head, [there[entry_id].encode() for entry_id in kept])
            self.ask(
                "UPDATE access_segment SET entry_ids = %s, hashes = %s, previous_head = %s, head = %s"
                " WHERE number = %s",
                kept, b"".join(hashes), head, hashes[-1], number,
            )  # fmt: skip
            head = hashes[-1]


# attack -> can the database alone tell?
KINDS: dict[str, tuple[Callable[[Attacker], int], bool]] = {
    "edit": (Attacker.edit, True),
    "delete": (Attacker.delete, True),
    "insert": (Attacker.insert, True),
    "swap": (Attacker.swap, True),
    "cut the end": (Attacker.cut_the_end, False),
    "rewrite": (Attacker.rewrite, False),
}


@pytest.fixture
def _sealed_audit(db: None, settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_HEADS_DIR = tmp_path
    grant = service_grant("test", "Be attacked", "the reader")
    for segment in range(SEGMENTS):
        record_many(grant, [Act("a.b", f"body:{segment}-{number}") for number in range(ENTRIES_A_SEGMENT)])
        seal()


@pytest.mark.usefixtures("_sealed_audit")
@pytest.mark.parametrize("kind", KINDS)
def test_every_attack_is_found_and_its_first_entry_named(kind: str) -> None:
    from django.db import transaction

    attack, shows_inside = KINDS[kind]
    named = missed_without_heads = 0
    for number in range(ATTACKS_A_KIND):
        with transaction.atomic():
            first_bad = attack(Attacker(random.Random(f"{kind} {number}")))
            report = verify()
            named += not report.holds and report.findings[0].entry_id == first_bad
            missed_without_heads += verify(with_heads=False).holds
            transaction.set_rollback(True)
    assert verify().holds
    assert (named, missed_without_heads) == (ATTACKS_A_KIND, 0 if shows_inside else ATTACKS_A_KIND)


bodies = st.lists(st.binary(min_size=1, max_size=20), min_size=2, max_size=12, unique=True)


@given(bodies)
def test_an_untouched_chain_has_no_misfit(texts: list[bytes]) -> None:
    ids = range(1, len(texts) + 1)
    assert misfits(ZERO, ids, extend(ZERO, texts), dict(zip(ids, texts, strict=True))) == []


@given(bodies, st.data())
def test_one_changed_entry_is_one_misfit(texts: list[bytes], data: st.DataObject) -> None:
    ids = range(1, len(texts) + 1)
    hashes, entries = extend(ZERO, texts), dict(zip(ids, texts, strict=True))
    changed = data.draw(st.sampled_from(ids))
    entries[changed] += b"!"
    assert [misfit.entry_id for misfit in misfits(ZERO, ids, hashes, entries)] == [changed]
    del entries[changed]
    assert [misfit.entry_id for misfit in misfits(ZERO, ids, hashes, entries)] == [changed]


@given(bodies, st.data())
def test_swapped_entries_name_each_other(texts: list[bytes], data: st.DataObject) -> None:
    ids = range(1, len(texts) + 1)
    hashes, entries = extend(ZERO, texts), dict(zip(ids, texts, strict=True))
    one, other = data.draw(st.lists(st.sampled_from(ids), min_size=2, max_size=2, unique=True))
    entries[one], entries[other] = entries[other], entries[one]
    assert swapped(misfits(ZERO, ids, hashes, entries)) == {one: other, other: one}


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=6), st.randoms())
def test_equal_entries_have_one_text(entry: dict[str, Any], chance: random.Random) -> None:
    shuffled = list(entry.items())
    chance.shuffle(shuffled)
    assert canonical(dict(shuffled)) == canonical(entry)
