"""The page with the sliders: what each place gets, in pence that add up; refused with the bounds beside the slider."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from . import kept_need

PAGE = "/money/allocation/"
PACED = {"system": "QM7", "change": "4", "kappa": "50", "floor": "2", "cap": "6"}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is kept yet; `kept_need.keep` keeps a table here."""
    monkeypatch.setattr("joinedup.money.allocation.kept_tables._root", lambda: tmp_path / "kept")
    return tmp_path


@pytest.fixture
def client(db: None, signed_in: Any) -> Client:
    return signed_in("finance_lead")  # type: ignore[no-any-return]


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def places(client: Client, **asked: str) -> dict[str, str]:
    """What each place gets, in pounds, as the page's CSV says it."""
    taken = client.get(PAGE, asked | {"places-download": "csv"})
    text = b"".join(taken.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO("".join(x for x in text.splitlines(keepends=True) if x[0] != "#"))))
    return {row["Place"]: row["Gets (£)"] for row in rows}


def test_without_a_table_the_page_says_what_to_do_next(client: Client, kept: Path) -> None:
    assert "joinedup allocate import published-files" in text_of(client.get(PAGE))


def test_three_places_share_the_pot(client: Client, kept: Path) -> None:
    kept_need.keep(kept)
    said = text_of(client.get(PAGE, {"system": "QM7"}))
    for words in ("£400,000,000.00", "£390,000,000.00", "£210,000,000.00", "West Essex", "Herts Valleys"):
        assert words in said
    assert "The places together get £1,000,000,000.00: the difference is £0.00." in said


def test_sliders_give_what_the_rule_book_reckons_and_the_file_says_by_what(client: Client, kept: Path) -> None:
    kept_need.keep(kept)
    assert places(client, **PACED) == {
        "East and North Hertfordshire": "400880672.27", "Herts Valleys": "428400000.00", "West Essex": "210719327.73",
    }  # fmt: skip
    taken = client.get(PAGE, PACED | {"places-download": "csv"})
    notes = b"".join(taken.streaming_content).decode()  # type: ignore[attr-defined]
    for words in ("inputs hash: ", "SHA-256 ", "kappa 50", "theta: 0.98836", "baselines: the pot before", "component"):
        assert words in notes


def test_a_script_asks_for_what_changes_alone(client: Client, kept: Path) -> None:
    kept_need.keep(kept)
    whole, part = client.get(PAGE, PACED), client.get(PAGE, PACED, headers={"X-Part": "yes"})
    assert b"<form" in whole.content
    assert b"data-sliders" not in part.content
    assert b"<h1" not in part.content
    assert b'id="answer" data-part' in part.content
    assert "£400,880,672.27" in text_of(part)
    assert "X-Part" in part["Vary"]


@pytest.mark.parametrize(
    ("limits", "field", "bounds"),
    [
        ({"floor": "5"}, "floor", ("£1,050,000,000.00", "£1,060,000,000.00")),
        ({"change": "8"}, "cap", ("£1,020,000,000.00", "£1,060,000,000.00")),
    ],
)
def test_limits_that_leave_no_way_are_named_beside_their_slider(
    client: Client, kept: Path, limits: dict[str, str], field: str, bounds: tuple[str, str]
) -> None:
    kept_need.keep(kept)
    answer = client.get(PAGE, PACED | limits)
    assert answer.status_code == 422
    beside = re.search(rf'id="{field}-error" data-part>(.*?)</div>', answer.content.decode(), re.S)
    assert beside is not None
    for bound in bounds:
        assert bound in beside[1]
    assert f'href="#{field}"' in answer.content.decode()
    assert "What each place gets" not in text_of(answer)


def test_down_to_a_practice_everything_adds_up(client: Client, kept: Path) -> None:
    kept_need.keep(kept)
    said = text_of(client.get(PAGE, PACED | {"place": "07H"}))
    assert "Network U3" in said
    assert "Together £210,719,327.73. The place gets £210,719,327.73." in said
    practices = text_of(client.get(PAGE, PACED | {"place": "07H", "neighbourhood": "U3"}))
    assert "Practice C1" in practices
    assert "Together £210,719,327.73" in practices


def test_a_network_of_none_is_called_so(client: Client, kept: Path) -> None:
    kept_need.keep(kept)
    assert "In no neighbourhood" in text_of(client.get(PAGE, {"system": "QM7", "place": "06K"}))


def test_both_kinds_of_people_stand_side_by_side(client: Client, kept: Path) -> None:
    kept_need.keep(kept)
    assert "Residents were not imported" in text_of(client.get(PAGE, {"system": "QM7"}))
    note = {"file": "areas.csv", "digest": "d", "people": {"07H": 160_000}, "imported_at": "2026-01-01"}
    (kept / "kept" / "residents-d.json").write_text(json.dumps(note))
    said = text_of(client.get(PAGE, {"system": "QM7"}))
    assert "West Essex 200,000 200,000 210,000 160,000 1.2500 £1,050.00" in said


def test_a_blend_of_ones_own(client: Client, kept: Path) -> None:
    kept_need.keep(kept)
    weights = {f"weight-{name}": "0" for name in ("general-and-acute", "community", "mental-health", "prescribing")}
    blend = {"system": "QM7", "component": "blend", "weight-maternity": "30", "weight-health-inequalities": "10"}
    said = text_of(client.get(PAGE, weights | blend))
    # three parts of 390, 400, 210 and one of 400, 390, 210
    assert "£392,500,000.00" in said
    assert "Maternity 75.00%" in said


@pytest.mark.parametrize("asked", [{"system": "QM8"}, {"edition": "nothing"}])
def test_what_is_not_kept_is_not_found(client: Client, kept: Path, asked: dict[str, str]) -> None:
    kept_need.keep(kept)
    assert client.get(PAGE, asked).status_code == 404


@pytest.mark.parametrize("asked", [{"place": "'\"><script>"}, {"kappa": "<b>1", "system": "QM7"}])
def test_nothing_typed_becomes_markup(client: Client, kept: Path, asked: dict[str, str]) -> None:
    kept_need.keep(kept)
    answer = client.get(PAGE, asked)
    for typed in asked.values():
        assert not ("<" in typed and typed in answer.content.decode())


def test_the_interface_answers_the_same_pence(client: Client, kept: Path) -> None:
    kept_need.keep(kept)
    asked = PACED | {"year": kept_need.YEAR, "pot_pounds": "1000000000", "place": "07H"}
    told = client.get("/api/money/allocation", asked).json()
    assert [one["pence"] for one in told["places"]] == [40_088_067_227, 42_840_000_000, 21_071_932_773]
    assert told["sum_pence"] == told["pot_pence"] == 104_000_000_000
    assert sum(one["pence"] for one in told["below"]) == 21_071_932_773
    assert client.get("/api/money/allocation", asked | {"floor": "5"}).status_code == 422
    assert client.get("/api/money/allocation", asked | {"kappa": "x"}).status_code == 422
