"""The verb `joinedup risk`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

risk = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Which = Annotated[str, typer.Option("--snapshot", help="A snapshot's id, or latest.")]


@risk.command()
def train(snapshot: Which = "latest", as_json: Json = False) -> None:
    """Train the model of the risk of an emergency admission on a snapshot, and keep it for the pages.

    Example: joinedup risk train
    """
    from joinedup import database

    database.ready()
    from django.db import transaction

    from joinedup.access import record, service_grant
    from joinedup.population.risk import train_admission_risk
    from joinedup.population.risk_files import keep_model
    from joinedup.population.snapshot import open_snapshot

    grant = service_grant(
        "population.risk", "train the model of the risk of an emergency admission", "whoever may run commands here"
    )
    chosen = open_snapshot(snapshot)
    model = train_admission_risk(chosen)
    with transaction.atomic():
        details = {"revision": int(chosen.manifest.get("revision", 1)), "model": model.digest}
        record(grant, "population.risk.train", f"snapshot:{chosen.id}", details=details)
        path = keep_model(model)
    if as_json:
        typer.echo(json.dumps({"model": model.digest, "snapshot": model.snapshot_id, "file": str(path)}))
        return
    typer.echo(f"Model {model.digest}, trained on snapshot {model.snapshot_id}. Read its card: joinedup risk card")


@risk.command()
def card(snapshot: Which = "latest", as_json: Json = False) -> None:
    """Print what is known of a model: what it is for, how well it does in each group, what counts in it.

    Example: joinedup risk card
    """
    from joinedup.population.risk_files import kept_model
    from joinedup.population.snapshot import open_snapshot

    model = kept_model(open_snapshot(snapshot).id)
    typer.echo(json.dumps({"model": model.digest, "card": model.card()}) if as_json else model.card())
