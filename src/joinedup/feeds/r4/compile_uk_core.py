"""Compile `uk_core.json` from the UK Core definitions: the addresses of those that are retired (rules: record R26).

Source: NHSDigital/FHIR-R4-UKCORE-STAGING-MAIN, commit 3d2827e, package UKCore.R4.STU.02.00.00 (Apache-2.0, HL7 UK). To
compile again, with the folder that holds its index.csv:

    python -m joinedup.feeds.r4.compile_uk_core ukcore-definitions
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

OUTPUT = Path(__file__).with_name("uk_core.json")


def compile_retired(folder: Path) -> dict[str, list[str]]:
    """Answer the content of `uk_core.json`: an address counts as retired when no definition in use bears it."""
    with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    in_use = {row["url"] for row in rows if row["status"] != "retired"}
    return {"retired": sorted({row["url"] for row in rows if row["status"] == "retired"} - in_use)}


if __name__ == "__main__":
    OUTPUT.write_text(json.dumps(compile_retired(Path(sys.argv[1])), indent=1) + "\n")
