"""The needs of a place on one page, and the card of the risk model: protected, and nothing trained while one waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.made_population import make

from joinedup.errors import NotFound
from joinedup.measures.cohorts import counting
from joinedup.measures.needs import CONDITIONS, REGISTERED, Needs, needs_of, protected, raw_needs
from joinedup.population import open_snapshot, segment_list
from joinedup.population.risk import Fit, RiskModel
from joinedup.population.risk_files import keep_model, kept_model, model_file

from .test_61_counting_cohorts import signed_in, text_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("snapshots"), residents=5000)


@pytest.fixture(scope="module")
def people(folder: Path) -> Any:
    from joinedup.measures.cohorts.held_people import HeldPeople

    return HeldPeople(open_snapshot(folder))


@pytest.fixture(scope="module")
def raw(people: Any) -> Any:
    return raw_needs(people)


@pytest.fixture(scope="module")
def needs(people: Any, raw: Any) -> Needs:
    return protected(people.snapshot, raw)


@pytest.fixture
def house(
    folder: Path, people: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, db: None
) -> Iterator[Path]:
    settings.STATIC_ROOT = tmp_path
    monkeypatch.setattr("joinedup.population.snapshot.snapshots_folder", lambda: folder.parent)
    monkeypatch.setattr("joinedup.database.data_dir", lambda: tmp_path)
    counting.forget()
    yield tmp_path
    counting.forget()


def test_everybody_registered_is_in_exactly_one_segment(raw: Any) -> None:
    whole = sum(raw[REGISTERED, "", ""].values())
    assert sum(sum(raw["segment", one.name, ""].values()) for one in segment_list()) == whole
    assert sum(sum(raw["conditions", name, ""].values()) for name, _, _ in CONDITIONS) == whole


def test_each_count_is_rounded_or_hidden(raw: Any, needs: Needs) -> None:
    for key, counts in raw.items():
        for code, _, kind in needs.areas:
            people = sum(counts.values()) if kind == "system" else counts.get(code, 0)
            shown = needs.of(code)[key]
            assert shown is None or (shown == (people + 2) // 5 * 5 and not 1 <= people <= 7)


def test_no_place_that_is_hidden_follows_from_the_others(people: Any) -> None:
    """7 and 22 are 29: shown as * and 20 of 30 they would tell that * is 6 or 7 (rules: PE3). So one more is hidden."""
    name = ("plus", "autism")
    raw = {(*name, ""): {"PA": 7, "PB": 22}, (*name, "core20"): {"PB": 22}, (*name, "not core20"): {"PA": 7}}
    told = protected(people.snapshot, raw)
    system, *places = [code for code, _, _ in told.areas]
    shown = [told.of(place)[(*name, "")] for place in places]
    assert places == ["PA", "PB"]
    assert shown[0] is None
    assert shown[1] is None or told.of(system)[(*name, "")] is None
    plain = protected(people.snapshot, {(*name, ""): {"PA": 20, "PB": 22}})
    assert [plain.of(code)[(*name, "")] for code, _, _ in plain.areas] == [40, 20, 20]


def test_a_place_is_found_by_code_or_name_and_the_nearest_is_offered(needs: Needs) -> None:
    code, name, _ = needs.areas[1]
    assert needs.area(code) == needs.area(name.upper()) == needs.areas[1]
    assert needs.area("")[2] == "system"
    with pytest.raises(NotFound, match="Did you mean"):
        needs.area(name + "x")


def test_they_are_worked_out_once_and_kept_for_the_owner_alone(
    people: Any, needs: Needs, raw: Any, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joinedup.measures.needs.raw_needs", lambda people: raw)
    monkeypatch.setattr("joinedup.measures.needs.protected", lambda snapshot, raw: needs)
    first = needs_of(people)
    assert first == needs
    kept = next((house / "needs").iterdir())
    assert kept.stat().st_mode & 0o077 == 0
    monkeypatch.setattr("joinedup.measures.needs.raw_needs", lambda people: pytest.fail("worked out twice"))
    assert needs_of(people) == first


def test_a_damaged_file_and_other_definitions_are_worked_out_anew(
    people: Any, needs: Needs, raw: Any, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out = []
    monkeypatch.setattr("joinedup.measures.needs.raw_needs", lambda people: raw)
    monkeypatch.setattr("joinedup.measures.needs.protected", lambda snapshot, raw: worked_out.append(1) or needs)
    needs_of(people)
    kept = next((house / "needs").iterdir())
    for damaged in (kept.read_text()[:100], "[]", '{"format": 1}', ""):
        kept.write_text(damaged)
        assert needs_of(people) == needs
    assert len(worked_out) == 5
    assert [one.name for one in (house / "needs").iterdir()] == [kept.name], "nothing is left aside"
    (house / "definitions").mkdir()
    (house / "definitions" / "values.toml").write_text("")
    needs_of(people)
    needs_of(people)
    assert len(worked_out) == 6


def test_the_page_of_a_place_tells_its_needs(house: Path, needs: Needs, monkeypatch: Any) -> None:
    monkeypatch.setattr("joinedup.measures.needs.needs_of", lambda people: needs)
    code, name, _ = needs.areas[1]
    page = signed_in("planner").get("/measures/needs/", {"area": code})
    said = text_of(page)
    assert page.status_code == 200
    assert f"Needs of {name}" in said
    for words in ("Core20PLUS5", "Hypertension case-finding", "Frailty and dementia", "4 or more"):
        assert words in said


# --- risk -------------------------------------------------------------------------------------------------------------


def model(snapshot: str) -> RiskModel:
    fits = (
        Fit("sex", "female", 804, 60, 50.0), Fit("sex", "male", 803, 9, 30.0), Fit("ethnic group", "Black", 3, 1, 0.4),
    )  # fmt: skip
    return RiskModel(
        "Emergency admission", snapshot, date(2025, 10, 31), 12, 3001, 1203, -3.0, {"is aged 80 or over": 1.2}, 0.731,
        0.98, 0.02, fits, "To find people who may be helped.",
    )  # fmt: skip


def test_a_model_is_kept_as_it_was_trained(house: Path) -> None:
    before = model("2026-10-31-x")
    path = keep_model(before)
    assert path.stat().st_mode & 0o077 == 0
    assert kept_model("2026-10-31-x") == before
    assert kept_model("2026-10-31-x").digest == before.digest


def test_a_file_that_is_no_model_says_so(house: Path) -> None:
    for damaged in ("{}", "[1]", '{"digest', keep_model(model("x")).read_text().replace("-3.0", "-2.0")):
        model_file("x").write_text(damaged)
        with pytest.raises(NotFound, match=r"damaged.*joinedup risk train"):
            kept_model("x")


def test_a_model_of_other_definitions_is_trained_anew(house: Path) -> None:
    keep_model(model("x"))
    (house / "definitions" / "codelists").mkdir(parents=True)
    (house / "definitions" / "codelists" / "asthma.csv").write_text("code,term\n195967001,Asthma\n")
    with pytest.raises(NotFound, match=r"definitions have changed.*joinedup risk train"):
        kept_model("x")


def test_without_a_model_the_page_says_how_to_train_one_and_trains_none(house: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("joinedup.population.risk.train_admission_risk", lambda snapshot: pytest.fail("trained"))
    page = signed_in("analyst").get("/measures/risk/")
    assert page.status_code == 200
    assert "No model was trained" in text_of(page)
    assert "joinedup risk train" in text_of(page)


def test_the_card_tells_ratios_by_group_and_hides_what_rests_on_few(house: Path, folder: Path) -> None:
    keep_model(model(folder.name))
    page = signed_in("analyst").get("/measures/risk/")
    said = text_of(page)
    assert "C-index (0.5: chance, 1: perfect) 0.731" in said
    assert "3,000" in said
    assert "3,001" not in said
    assert "Female 805 1.20" in said or "female 805 1.20" in said
    assert "male 805 too few events" in said.casefold()
    assert "Black * suppressed, between 1 and 7 too few events" in said
    assert "is aged 80 or over 3.32" in said
    assert np.isclose(np.exp(1.2), 3.32, atol=0.005)
