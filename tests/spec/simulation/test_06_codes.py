"""Every SNOMED CT code that partners send passes its check digit, so that no receiver has to set it aside.

| feed | where codes stand |
|---|---|
| practices, letters | codings of the system http://snomed.info/sct |
| hospital messages | code^words^SCT |
| extracts | columns whose name says SNOMED CT |
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import defaultdict
from pathlib import Path

import pytest
import zstandard

from joinedup.population.verhoeff import is_snomed_code
from joinedup.simulation.conditions import CONDITIONS
from joinedup.simulation.medicines import ALLERGENS, MEDICINES, REACTIONS, VACCINES
from joinedup.simulation.run import simulate

_CODING = re.compile(r'"system"\s*:\s*"http://snomed.info/sct"\s*,\s*"code"\s*:\s*"([^"]*)"')
_FIELD = re.compile(r"\b(\w+)\^[^|^\r\n]*\^SCT\b")


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    if path.suffix == ".zst":
        raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    return raw.decode(errors="replace")


def codes_in(path: Path) -> set[str]:
    text = text_of(path)
    if path.suffix == ".csv":
        rows = csv.DictReader(io.StringIO(text))
        return {value for row in rows for name, value in row.items() if "SNOMED" in (name or "") and value}
    return set((_FIELD if path.suffix == ".hl7" else _CODING).findall(text))


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The codes of each way of writing them."""
    folder = tmp_path_factory.mktemp("simulated") / "codes"
    simulate("hwe", 1_000, 12, folder)
    found = defaultdict(set)
    for path in folder.rglob("*"):
        if path.is_file() and "truth" not in path.parts:
            kind = {".csv": "extracts", ".hl7": "messages"}.get(path.suffix, path.parent.name.split("-")[-1])
            found[kind] |= codes_in(path)
    return found


def test_every_code_that_is_sent_passes_its_check_digit(sent: dict[str, set[str]]) -> None:
    assert {code for codes in sent.values() for code in codes if not is_snomed_code(code)} == set()
    assert {kind for kind, codes in sent.items() if len(codes) >= 5} >= {"gp", "letters", "messages", "extracts"}


def test_every_code_that_may_be_sent_passes_it_too() -> None:
    tables = {
        "conditions": [one.snomed for one in CONDITIONS.values()],
        "medicines": [code for one in MEDICINES.values() for code in (one.substance, one.vmp)],
        "allergens": [one.snomed for one in (*ALLERGENS.values(), *REACTIONS.values())],
        "vaccines": [code for one in VACCINES.values() for code in (one.snomed, one.procedure, one.target)],
    }
    assert all(len(codes) > 5 for codes in tables.values())
    assert [code for codes in tables.values() for code in codes if code and not is_snomed_code(code)] == []


def test_gliclazide_is_found_by_the_code_list_of_diabetes_drugs() -> None:
    from joinedup.population import codelists

    folder = Path(codelists.__file__).parent / "codelists"
    listed = (folder / "diabetes_drugs.csv").read_text().split()
    assert any(line.startswith(MEDICINES["gliclazide"].substance + ",") for line in listed)
