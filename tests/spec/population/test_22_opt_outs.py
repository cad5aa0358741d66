"""Who is left out: the national data opt-out, a practice's dissent, a Consent that denies (rules: record R86, R87)."""

from __future__ import annotations

import os
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from joinedup.errors import FileError
from joinedup.population import opt_outs
from joinedup.population.opt_outs import (
    DISSENT,
    DISSENT_WITHDRAWN,
    SNOMED,
    ask_file,
    dissents,
    from_answer,
    is_denied,
    made_up,
)
from joinedup.population.verhoeff import is_snomed_code

ASKED = {"9990000018", "9990000026", "9990000034"}


def answered(tmp_path: Path, content: bytes, days_ago: int = 0) -> Path:
    path = tmp_path / "answer.dat"
    path.write_bytes(content)
    at = time.time() - days_ago * 86_400
    os.utime(path, (at, at))
    return path


def today() -> date:
    return datetime.now().astimezone().date()


def test_numbers_go_out_one_a_line_with_a_comma_and_a_line_feed() -> None:
    assert (
        ask_file(["9990000034", "9990000018", "9990000026", "9990000018"]) == b"9990000018,\n9990000026,\n9990000034,\n"
    )


def test_who_is_not_in_the_answer_is_left_out(tmp_path: Path) -> None:
    found = from_answer(answered(tmp_path, b"9990000018,\n9990000034,\n"), ASKED, today())
    assert [number for number in sorted(ASKED) if found.allows([number])] == ["9990000018", "9990000034"]
    assert not found.allows(["9990000018", "9990000026"])  # one of two numbers has opted out
    assert not found.allows(["9990000042"])  # nobody asked


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"9990000018,\r\n9990000034,\r\n", 1),
        (b"9990000018,\n99900000AB,\n", 2),
        (b"9990000018,\n9990000034\n", 2),
        (b"9990000018,\n\n", 2),
        (b"9990000018,\n9990000034,", 2),
    ],
)
def test_one_malformed_line_stops_everything_and_is_named_without_its_text(
    tmp_path: Path, content: bytes, line: int
) -> None:
    with pytest.raises(FileError) as refused:
        from_answer(answered(tmp_path, content), ASKED, today())
    assert refused.value.line == line
    assert "99900000" not in str(refused.value)


def test_an_answer_that_is_missing_too_old_or_of_others_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="can't be read"):
        from_answer(tmp_path / "none.dat", ASKED, today())
    with pytest.raises(FileError, match="expected one of the last 7 days"):
        from_answer(answered(tmp_path, b"9990000018,\n", days_ago=9), ASKED, today())
    with pytest.raises(FileError, match="1 numbers that are not asked about"):
        from_answer(answered(tmp_path, b"9990000018,\n9990000042,\n"), ASKED, today())


def test_an_answer_for_made_up_people_is_the_same_each_time_and_leaves_out_one_in_twenty() -> None:
    numbers = {f"{9_990_000_000 + nth}" for nth in range(4_000)}
    found = made_up(numbers, b"m" * 32)
    assert found == made_up(numbers, b"m" * 32)
    assert 0.03 < 1 - len(found.without or ()) / len(numbers) < 0.07


def coded(code: str, day: str, **more: Any) -> dict[str, Any]:
    return {"code": {"coding": [{"system": SNOMED, "code": code}]}, "effectiveDateTime": day, **more}


def test_the_codes_of_dissent_are_codes() -> None:
    assert is_snomed_code(DISSENT)
    assert is_snomed_code(DISSENT_WITHDRAWN)


@pytest.mark.parametrize(
    ("told", "is_out"),
    [
        ([coded(DISSENT, "2020-01-01")], True),
        ([coded(DISSENT, "2020-01-01"), coded(DISSENT_WITHDRAWN, "2021-01-01")], False),
        ([coded(DISSENT_WITHDRAWN, "2021-01-01"), coded(DISSENT, "2022-01-01")], True),
        ([coded(DISSENT_WITHDRAWN, "2021-01-01"), coded(DISSENT, "2021-01-01")], True),
        ([coded(DISSENT, "2020-01-01", status="entered-in-error")], False),
        ([coded("38341003", "2020-01-01")], False),
    ],
)
def test_the_newest_entry_of_a_practice_s_dissent_counts(told: list[dict[str, Any]], is_out: bool) -> None:
    assert dissents(("somebody", one) for one in told) == ({"somebody"} if is_out else set())


def test_only_a_consent_in_force_that_denies_takes_data_out() -> None:
    assert is_denied({"status": "active", "provision": {"type": "deny"}})
    assert not is_denied({"status": "inactive", "provision": {"type": "deny"}})
    assert not is_denied({"status": "active", "provision": {"type": "permit"}})
    assert not is_denied({"status": "active"})


def test_how_long_an_answer_may_be_used_is_said_in_one_place() -> None:
    assert opt_outs.ALLOWED_DAYS == 7
