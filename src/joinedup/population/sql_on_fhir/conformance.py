"""The test suite of SQL on FHIR v2, run against our own runner:

    python -m joinedup.population.sql_on_fhir.conformance FOLDER

Prints how many tests of each file pass, then each that does not with what came instead; `--json` prints the report in
the form that the specification's site collects. Ends with 1 when any test fails.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from joinedup.population.sql_on_fhir.view_compiler import compile_view
from joinedup.population.sql_on_fhir.view_definition import read_view
from joinedup.population.sql_on_fhir.view_errors import ViewError


@dataclass(frozen=True)
class Case:
    """One test: a view, resources, and the rows or the error that is expected."""

    file: str
    title: str
    resources: tuple[dict[str, Any], ...]
    test: dict[str, Any]


def cases(folder: Path) -> Iterator[Case]:
    """Yield the tests of each file of a folder, in order. Decimals are read as they are written: 1.0 is not 1."""
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        for test in content["tests"]:
            yield Case(path.name, test["title"], tuple(content["resources"]), test)


def fault(case: Case) -> str:
    """Answer what is wrong with our answer to a test, "" when nothing is."""
    test = case.test
    try:
        view = compile_view(read_view(test["view"]))
        names = [column.name for column in view.columns]
        rows = [dict(zip(names, row, strict=True)) for one in case.resources for row in view.rows(one)]
    except ViewError as error:
        return "" if test.get("expectError") else f"refused: {error}"
    if test.get("expectError"):
        return f"expected an error, came {len(rows)} rows"
    if "expectColumns" in test and names != test["expectColumns"]:
        return f"expected the columns {test['expectColumns']}, came {names}"
    if "expectCount" in test and len(rows) != test["expectCount"]:
        return f"expected {test['expectCount']} rows, came {len(rows)}"
    if "expect" in test and _in_some_order(rows) != _in_some_order(test["expect"]):
        return f"expected {_in_some_order(test['expect'])}, came {_in_some_order(rows)}"
    return ""


def _in_some_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True, default=float) for row in rows)


def main(arguments: list[str]) -> int:
    folder = Path(next((one for one in arguments if not one.startswith("-")), "."))
    report: dict[str, dict[str, list[Any]]] = {}
    faults = []
    for case in cases(folder):
        found = fault(case)
        result = {"passed": True} if not found else {"passed": False, "reason": found}
        report.setdefault(case.file, {"tests": []})["tests"].append({"name": case.title, "result": result})
        if found:
            faults.append(f"{case.file}, {case.title}: {found}")
    if "--json" in arguments:
        print(json.dumps(report, indent=2))  # noqa: T201
        return 1 if faults else 0
    total = passed = 0
    for file, tests in report.items():
        good = sum(one["result"]["passed"] for one in tests["tests"])
        total, passed = total + len(tests["tests"]), passed + good
        print(f"{file:24} {good:3} of {len(tests['tests']):3}")  # noqa: T201
    print("\n".join([f"{'all':24} {passed:3} of {total:3}", *faults]))  # noqa: T201
    return 1 if faults or not total else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
