"""Tables that joinedup makes itself for a release: as the address asks, protected, with what it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict

from joinedup.errors import NotFound, RuleError
from joinedup.measures import services
from joinedup.measures.release_checks import check_file
from joinedup.measures.release_contents import asked_in, made

from . import drawn_results
from .releasing import ANIL, MEI, request

BP = "high-blood-pressure"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The drawn results of H's chapters, as the newest of this installation."""
    folder = drawn_results.draw(tmp_path)
    monkeypatch.setattr("joinedup.measures.results.results_folder", lambda: folder.parent)
    monkeypatch.setattr("joinedup.measures.definition.definitions", lambda: drawn_results.DEFINITIONS)
    return folder


def wanted(query: str) -> Any:
    return asked_in(QueryDict(query))


def test_an_address_without_a_measure_or_sentence_asks_for_a_file() -> None:
    assert wanted("") is None
    assert wanted("area=QM7") is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("measure=x&area=QM7&breakdown=sexx", "Did you mean 'sex'"),
        ("measure=x&area=QM7&months=some", "latest, all"),
        ("measure=x", "1 to 200 areas"),
    ],
)
def test_an_address_that_asks_for_what_is_not_there_says_so(query: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        wanted(query)


def test_a_table_of_a_measure_is_protected_and_says_what_it_was_made_from(results: Path) -> None:
    content = made(wanted(f"measure={BP}&area=QM7&area=NA1&area=Y00001&months=latest"))
    file = content.file
    assert file.columns[:5] == ("measure", "area", "area_code", "month", "group")
    by_area = {row[2]: dict(zip(file.columns, row, strict=True)) for row in file.rows}
    assert by_area["NA1"]["numerator"] == ""
    assert by_area["NA1"]["value"] == ""
    assert by_area["NA1"]["status"] == "suppressed"
    assert by_area["Y00001"]["numerator"] == "15"  # counted 13
    assert any("2026-10-31-drawn0000000" in note for note in file.notes)
    assert any("nobody in these figures is real" in note for note in file.notes)
    assert content.definition["period"] == "2026-10"
    assert content.snapshot == results.name
    assert check_file(file, shares_are_ours=True) == []


def test_every_month_and_every_group_can_be_asked_for(results: Path) -> None:
    content = made(wanted(f"measure={BP}&area=Y00001&months=all"))
    last = [row[content.file.columns.index("numerator")] for row in content.file.rows][-4:]
    assert last == ["", "10", "10", "15"]  # counted 7, 8, 12 and 13
    assert content.definition["period"] == "2024-11 to 2026-10"
    groups = made(wanted(f"measure={BP}&area=PA&breakdown=ethnic_group"))
    shown = {row[4]: row[content.file.columns.index("status")] for row in groups.file.rows}
    assert shown["Mixed"] == "suppressed"
    assert shown["White"] == ""


def test_an_area_or_measure_without_figures_is_not_found(results: Path) -> None:
    with pytest.raises(NotFound):
        made(wanted(f"measure={BP}&area=QM9"))
    with pytest.raises(RuleError):
        made(wanted(f"measure={BP}&area=NA1&breakdown=sex"))


def test_the_same_address_gives_the_same_bytes(results: Path) -> None:
    query = f"measure={BP}&area=QM7&months=all"
    assert made(wanted(query)).file.digest == made(wanted(query)).file.digest


@pytest.mark.django_db
def test_it_goes_through_the_queue_as_any_file_does(results: Path) -> None:
    content = made(wanted(f"measure={BP}&area=QM7&area=PA&breakdown=sex"))
    number = services.ask_release(MEI, request(kind="measures", title="High blood pressure by sex"), content)
    services.approve(ANIL, number, "Looked at each cell", publish_now=True)
    (release,) = services.public_releases()
    assert release.definition["measures"] == [BP]
    assert release.snapshot == results.name
