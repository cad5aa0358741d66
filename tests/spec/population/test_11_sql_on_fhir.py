"""The published tests of SQL on FHIR v2 pass, each of them. Totals:

python -m joinedup.population.sql_on_fhir.conformance FOLDER
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from joinedup.population.sql_on_fhir.conformance import Case, cases, fault, main

_NAMED = os.environ.get("JOINEDUP_REFERENCE")
_DATA = Path(_NAMED) if _NAMED else Path(__file__).resolve().parents[4] / "shared" / "data"
FOLDER = _DATA / "sql-on-fhir-v2" / "tests"
CASES = list(cases(FOLDER)) if FOLDER.is_dir() else []
pytestmark = pytest.mark.skipif(not CASES, reason=f"the published tests are not here ({FOLDER})")


@pytest.mark.parametrize("case", CASES, ids=[f"{case.file}-{case.title}" for case in CASES])
def test_published(case: Case) -> None:
    assert fault(case) == ""


def test_none_of_them_is_missing() -> None:
    assert len(CASES) == 134


def test_the_report_counts_what_passed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(FOLDER)]) == 0
    told = capsys.readouterr().out
    assert "foreach.json              13 of  13" in told
    assert told.endswith("all                      134 of 134\n")


def test_the_report_tells_what_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = {"resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]}]}
    tests = [
        {"title": "right", "view": view, "expect": [{"id": "a"}]},
        {"title": "wrong value", "view": view, "expect": [{"id": "b"}]},
        {"title": "no error", "view": view, "expectError": True},
        {"title": "wrong count", "view": view, "expectCount": 2},
        {"title": "wrong columns", "view": view, "expectColumns": ["key"]},
        {"title": "refused", "view": {}, "expect": []},
    ]
    (tmp_path / "one.json").write_text(
        json.dumps({"resources": [{"resourceType": "Patient", "id": "a"}], "tests": tests})
    )
    assert main([str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "one.json                   1 of   6" in told
    assert "one.json, no error: expected an error, came 1 rows" in told
    main([str(tmp_path), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert [one["result"]["passed"] for one in report["one.json"]["tests"]] == [True] + [False] * 5
