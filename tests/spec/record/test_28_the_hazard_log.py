"""The hazard log: its matrix, its risks, and that every control names tests that exist (rules: trust T64, T65)."""

from __future__ import annotations

import ast
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from joinedup.record.statement import quantity

from .kept import GP, GRACE, keep, patient, people, registration, signed_in_as

__all__ = ["people"]
REPOSITORY = Path(__file__).resolve().parents[3]
FOLDER = REPOSITORY / "docs" / "safety"
LOG = tomllib.loads((FOLDER / "hazard-log.toml").read_text(encoding="utf-8"))
SEVERITIES = ("minor", "significant", "considerable", "major", "catastrophic")
HAZARDS = LOG["hazard"]


def risk(severity: str, likelihood: str) -> int:
    return int(LOG["matrix"][likelihood][SEVERITIES.index(severity)])


@pytest.mark.parametrize(
    ("severity", "likelihood", "expected"),
    [("major", "low", 3), ("catastrophic", "very low", 3), ("minor", "high", 2), ("minor", "very low", 1),
     ("catastrophic", "very high", 5)],
)  # fmt: skip
def test_the_matrix_is_that_of_the_rule_book(severity: str, likelihood: str, expected: int) -> None:
    assert risk(severity, likelihood) == expected


def test_the_matrix_never_falls_with_severity_or_likelihood() -> None:
    rows = list(LOG["matrix"].values())
    assert all(row == sorted(row) and len(row) == len(SEVERITIES) for row in rows)
    for likelier, less_likely in pairwise(rows):
        assert all(upper >= lower for upper, lower in zip(likelier, less_likely, strict=True))


@pytest.mark.parametrize("hazard", HAZARDS, ids=[one["id"] for one in HAZARDS])
def test_each_hazard_is_complete_and_its_residual_risk_is_acceptable(hazard: dict[str, Any]) -> None:
    for field in ("title", "causes", "effect", "state"):
        assert hazard[field], field
    before, after = risk(hazard["severity"], hazard["before"]), risk(hazard["severity"], hazard["after"])
    assert after <= before
    assert after <= 3, "this blocks a release"
    assert after < 3 or len(hazard.get("accepted", "")) > 40, "a residual risk of 3 needs its reason in words"
    assert hazard["control"], "a hazard without a control is open"


def functions_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("hazard", HAZARDS, ids=[one["id"] for one in HAZARDS])
def test_each_control_names_tests_that_exist(hazard: dict[str, Any]) -> None:
    named = [test for control in hazard["control"] for test in control["tests"]]
    assert named
    missing = []
    for test in named:
        file, _, function = test.partition("::")
        if not (REPOSITORY / file).is_file() or function not in functions_of(REPOSITORY / file):
            missing.append(test)
    assert missing == []


# --- controls that have their test here ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"value": 5.4, "unit": "mmol/L"}, "5.4 mmol/L"),
        ({"value": 0.088, "comparator": "<", "unit": "mmol/L"}, "<0.088 mmol/L"),
        ({"value": -3, "unit": "dioptre"}, "-3 dioptre"),
        ({"value": 1200000.0, "code": "10*9/L"}, "1200000 10*9/L"),
        ({"value": 0}, "0"),
        ({"unit": "mmol/L"}, ""),
    ],
)
def test_a_value_keeps_its_comparator_digits_and_unit(value: dict[str, Any], said: str) -> None:
    assert quantity(value) == said


@pytest.mark.django_db
@pytest.mark.usefixtures("people")
def test_an_entry_is_withdrawn_only_in_its_own_record() -> None:
    from joinedup.feeds import subject_id

    keep(GP, patient(GP, "p9", number="9990000026", family="Nowak", given="Jan"), registration(patient="p9"))
    other = subject_id(GP.key, "p9")
    client = signed_in_as("clinician")
    assert client.post(f"/record/{GRACE}/note/", {"text": "About Grace"}).status_code == 302
    timeline = client.get(f"/record/{GRACE}/timeline/").content.decode()
    href = next(part.split('"')[0] for part in timeline.split('href="') if "/entry/Communication/" in part)
    wrong = href.replace("/entry/", "/withdraw/").replace(str(GRACE), str(other))
    assert client.post(wrong).status_code in {403, 404}
    assert client.get(href.replace(str(GRACE), str(other))).status_code == 404
    assert b"About Grace" in client.get(f"/record/{GRACE}/").content
