"""Chapter 41: the risk of an emergency admission, and how well the model does in each group (rules: population PC9)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.made_population import make
from typer.testing import CliRunner

from joinedup.access.models import AuditEntry
from joinedup.errors import RuleError
from joinedup.population import open_snapshot
from joinedup.population.evaluation import states
from joinedup.population.risk import HELD_OUT, Fit, RiskModel, train_admission_risk
from joinedup.population.risk_commands import risk
from joinedup.population.snapshot import Snapshot


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return open_snapshot(make(tmp_path_factory.mktemp("made"), residents=12_000))


@pytest.fixture(scope="module")
def model(snapshot: Snapshot) -> RiskModel:
    return train_admission_risk(snapshot)


def test_what_was_put_into_the_population_is_found_again(model: RiskModel) -> None:
    """Admissions were made commoner where deprived and above 70, and twice as common with an earlier one's practice."""
    assert model.discrimination > 0.6
    assert model.log_odds["is 85 or over"] > 0.3
    assert model.log_odds["lives in deprivation quintile 1"] > 0.1
    assert abs(model.log_odds["is male"]) < 0.35


def test_the_model_is_calibrated_among_those_it_was_not_trained_on(model: RiskModel) -> None:
    assert 0.7 < model.calibration_slope < 1.3
    assert model.tested_on / (model.tested_on + model.trained_on) == pytest.approx(len(HELD_OUT) / 16, abs=0.02)
    ratios = [fit.ratio for fit in model.fits if fit.group == "tenth of risk" and fit.ratio is not None]
    assert len(ratios) >= 5
    assert all(0.4 < ratio < 2 for ratio in ratios)


def test_fairness_is_told_by_deprivation_ethnicity_sex_and_age(model: RiskModel) -> None:
    groups = {fit.group for fit in model.fits}
    assert groups == {"tenth of risk", "deprivation quintile (national)", "ethnic group", "sex", "age"}
    for group in groups:
        assert sum(fit.people for fit in model.fits if fit.group == group) == model.tested_on
    assert any(fit.name == "Unknown" for fit in model.fits if fit.group == "ethnic group")


def test_the_same_snapshot_gives_the_same_model(snapshot: Snapshot, model: RiskModel) -> None:
    again = train_admission_risk(snapshot)
    assert again.digest == model.digest
    assert json.loads(model.to_json())["digest"] == model.digest


def test_everybody_registered_of_age_has_a_risk(snapshot: Snapshot, model: RiskModel) -> None:
    risks = model.risks(snapshot)
    adults = states(snapshot, ["is registered", "is aged 18 or over"]).execute()
    assert set(risks.person) == set(adults[adults.last_month == snapshot.months[-1]].person)
    assert risks.risk.between(0, 1).all()
    assert risks.unknown.between(0, len(model.log_odds)).all()
    assert risks.unknown.max() > 0  # whoever has no small area
    assert float(np.mean(risks.risk)) == pytest.approx(0.2, abs=0.12)


def test_the_card_says_what_it_is_for_and_counts_nobody_exactly(model: RiskModel) -> None:
    card = model.card()
    assert "Never the only reason" in card
    assert f"{model.discrimination:.3f}" in card
    few = [fit for fit in model.fits if fit.ratio is None]
    assert few
    assert card.count("too few events") == len(few)
    for fit in model.fits:
        line = next(one for one in card.splitlines() if one.startswith(f"| {fit.group}: {fit.name} |"))
        said = line.split("|")[2].strip()
        assert said == "fewer than 8" if fit.people < 8 else int(said.replace(",", "")) % 5 == 0


@pytest.mark.parametrize(
    ("people", "said"),
    [(0, "fewer than 8"), (2, "fewer than 8"), (7, "fewer than 8"), (8, "10"), (12, "10"), (13, "15"), (1203, "1,205")],
)
def test_the_card_tells_no_small_count(people: int, said: str) -> None:
    fits = (Fit("ethnic group", "Mixed", people, 0, 0.0),)
    card = RiskModel("Any", "x", date(2025, 10, 31), 12, people, people, 0.0, {}, 0.7, 1, 0, fits, "To help.").card()
    assert f"| ethnic group: Mixed | {said} |" in card
    assert f"{said} to train, {said} held out" in card


def test_training_is_written_down_with_the_model_or_not_at_all(
    db: None, model: RiskModel, snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joinedup.database.data_dir", lambda: tmp_path)
    monkeypatch.setattr("joinedup.database.ready", lambda: None)
    monkeypatch.setattr("joinedup.population.snapshot.open_snapshot", lambda name: snapshot)
    monkeypatch.setattr("joinedup.population.risk.train_admission_risk", lambda snapshot: model)
    done = CliRunner().invoke(risk, ["train"])
    assert done.exit_code == 0, done.output
    entry = next(one.body for one in AuditEntry.objects.all() if '"action":"population.risk.train"' in one.body)
    assert "service:population.risk" in entry
    assert f"snapshot:{snapshot.id}" in entry
    assert model.digest in entry
    before = AuditEntry.objects.count()
    monkeypatch.setattr("joinedup.population.risk_files.write_whole", full)
    assert CliRunner().invoke(risk, ["train"]).exit_code != 0
    assert AuditEntry.objects.count() == before


def full(path: Path, text: str) -> None:
    raise OSError("no space left")


def test_a_snapshot_with_few_admissions_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    small = open_snapshot(make(tmp_path_factory.mktemp("small"), residents=300))
    with pytest.raises(RuleError, match=r"Too few people were admitted.*(fewer than 8|\d*[05]), and it takes 100"):
        train_admission_risk(small)
