"""The verb `joinedup link`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def link(
    everything: Annotated[bool, typer.Option("--everything", help="Compare all subjects anew.")] = False,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train a new model on the area first.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Score the links that stand against a truth.")] = False,
    truth: Annotated[Path | None, typer.Option(help="The folder of the truth, for --report.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Say which source records are one resident: link what is new or changed.

    A first load is compared whole, a later delivery with the records that share a block with it. With --report,
    precision, recall and F1 by pair and by person, by deprivation and ethnicity, against the truth of simulated people.

    Example: joinedup link --report --truth nel-feeds/truth
    """
    from joinedup import database
    from joinedup.errors import RuleError

    if report and truth is None:
        raise RuleError("--report needs --truth: the folder `truth` of a simulated system.")
    if truth is not None and not report:
        raise RuleError("--truth is for --report: linking itself never sees the truth.")
    database.ready()
    from joinedup.access import service_grant

    if report and truth is not None:
        from joinedup.identity.report import measure, told

        grant = service_grant(
            "link-report", "measure how right the links are", "whoever may run commands on this server"
        )
        answer = measure(grant, truth)
        typer.echo(json.dumps(answer, indent=2) if as_json else told(answer))
        return
    from joinedup.identity.linking import link as run

    grant = service_grant("link", "say which records are one resident", "whoever may run commands on this server")
    done = run(grant, everything=everything, retrain=retrain, on_step=_on_step(as_json))
    typer.echo(json.dumps(done.as_json(), indent=2) if as_json else str(done))


def _on_step(as_json: bool) -> Any:
    if as_json:
        return lambda step: None
    return lambda step: typer.echo(f"{step} ...", err=True)
