"""Where a trained model is kept: `models/<snapshot>.json` in the data folder, for its owner alone."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from joinedup import database
from joinedup.errors import FileError, NotFound
from joinedup.population.risk import Fit, RiskModel


def model_file(snapshot_id: str) -> Path:
    return database.data_dir() / "models" / f"{snapshot_id}.json"


def keep_model(model: RiskModel) -> Path:
    """Write a model in the place of one that was trained on the same snapshot before; answers its file."""
    path = model_file(model.snapshot_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(model.to_json(), encoding="utf-8")
    return path


def kept_model(snapshot_id: str) -> RiskModel:
    """Answer the model that was trained on a snapshot; raises NotFound with the command that trains one."""
    path = model_file(snapshot_id)
    if not path.is_file():
        raise NotFound(f"No model was trained on snapshot {snapshot_id} yet. Train one: joinedup risk train")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        told.pop("digest")
        fits = tuple(Fit(**fit) for fit in told.pop("fits"))
        return RiskModel(**told | {"index_day": date.fromisoformat(told["index_day"]), "fits": fits})
    except (ValueError, KeyError, TypeError):
        raise FileError(path.name, "this is no model", "Train it anew: joinedup risk train") from None
