"""Who somebody is leaves as a keyed digest, for each recipient another, never a plain one (rules: population PB7)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from joinedup import database
from joinedup.errors import RuleError, Unavailable
from joinedup.population import pseudonym
from joinedup.population.pseudonym import (
    Keys,
    keys_for,
    master_key,
    pseudonym_of_number,
    pseudonym_of_person,
    recipient_key,
    resource_digest,
)

MASTER = bytes.fromhex("00112233445566778899aabbccddeeff") * 2


def test_the_rule_book_s_number_has_the_rule_book_s_pseudonym() -> None:
    key = recipient_key(MASTER, "icb-analytics", 1)
    assert key.hex() == "84d99102b44fcf450318a35f5e31cfd1494dea46e6f4bc7d38741a54953c30a5"
    assert pseudonym_of_number(key, "9990123454") == "3501b47463f9deef0153a1eb0cc41d70"


def test_two_recipients_cannot_join_what_they_hold() -> None:
    assert (
        pseudonym_of_number(recipient_key(MASTER, "research-a", 1), "9990123454") == "53d3f5c5198ace25ea2883de079bb8a2"
    )


def test_a_new_version_of_a_key_makes_new_pseudonyms() -> None:
    first, second = (recipient_key(MASTER, "icb-analytics", version) for version in (1, 2))
    assert pseudonym_of_number(first, "9990123454") != pseudonym_of_number(second, "9990123454")


def test_whoever_has_no_number_is_known_by_the_record_s_own_id() -> None:
    key = recipient_key(MASTER, "icb-analytics", 1)
    found = pseudonym_of_person(key, "9990123454")
    assert len(found) == 32
    assert found != pseudonym_of_number(key, "9990123454")


def test_a_resource_has_one_key_within_its_source_and_another_in_the_next() -> None:
    keys = Keys("icb-analytics", 1, recipient_key(MASTER, "icb-analytics", 1))
    other = Keys("research-a", 1, recipient_key(MASTER, "research-a", 1))
    assert resource_digest(keys, "gp-1", "e1") == resource_digest(keys, "gp-1", "e1")
    assert (
        len(
            {
                resource_digest(keys, "gp-1", "e1"),
                resource_digest(keys, "gp-2", "e1"),
                resource_digest(other, "gp-1", "e1"),
            }
        )
        == 3
    )


def test_keys_are_not_shown() -> None:
    keys = Keys("icb-analytics", 1, recipient_key(MASTER, "icb-analytics", 1))
    assert keys.key.hex() not in repr(keys)
    assert repr(keys.key) not in repr(keys)


@pytest.mark.parametrize(
    ("master", "recipient", "version"), [(MASTER[:31], "a", 1), (MASTER, "A b", 1), (MASTER, "a", 0)]
)
def test_a_key_is_made_of_a_whole_master_a_name_and_a_version(master: bytes, recipient: str, version: int) -> None:
    with pytest.raises(RuleError):
        recipient_key(master, recipient, version)


def test_the_master_key_lies_in_a_file_for_its_owner_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "data_dir", lambda: tmp_path)
    made = master_key()
    path = tmp_path / "keys" / pseudonym.MASTER
    assert len(made) == 32
    assert master_key() == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys_for("icb-analytics", 1).key == recipient_key(made, "icb-analytics", 1)


def test_a_damaged_master_key_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "data_dir", lambda: tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / pseudonym.MASTER).write_text("half a key")
    with pytest.raises(Unavailable, match="Put it back from a copy"):
        master_key()
