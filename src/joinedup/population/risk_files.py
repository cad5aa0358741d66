"""Where a trained model is kept: `models/<snapshot>.json` in the data folder, for its owner alone."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from joinedup import database
from joinedup.errors import NotFound
from joinedup.population.kept_files import definitions_digest, read_kept, write_whole
from joinedup.population.risk import Fit, RiskModel


def model_file(snapshot_id: str) -> Path:
    return database.data_dir() / "models" / f"{snapshot_id}.json"


def keep_model(model: RiskModel) -> Path:
    """Write a model in the place of one that was trained on the same snapshot before; answers its file."""
    path = model_file(model.snapshot_id)
    write_whole(path, json.dumps({**json.loads(model.to_json()), "definitions": definitions_digest()}, indent=1))
    return path


def kept_model(snapshot_id: str) -> RiskModel:
    """Answer the model that was trained on a snapshot.

    Raises NotFound, with the command that trains one, where there is none, where its file is damaged, and where the
    definitions have changed since: its predictors would be answered otherwise than those that it learnt from.
    """
    path = model_file(snapshot_id)
    if not path.is_file():
        raise NotFound(f"No model was trained on snapshot {snapshot_id} yet. Train one: joinedup risk train")
    told = read_kept(path)
    try:
        definitions, digest = told.pop("definitions"), told.pop("digest")
        fits = tuple(Fit(**fit) for fit in told.pop("fits"))
        model = RiskModel(**told | {"index_day": date.fromisoformat(told["index_day"]), "fits": fits})
        is_whole = model.digest == digest
    except (ValueError, KeyError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        raise NotFound(f"The file of the model of snapshot {snapshot_id} is damaged. Train anew: joinedup risk train")
    if definitions != definitions_digest():
        raise NotFound(
            f"The definitions have changed since the model of snapshot {snapshot_id} was trained. "
            "Train it anew: joinedup risk train"
        )
    return model
