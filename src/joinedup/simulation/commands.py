"""The verb `joinedup simulate`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from joinedup.errors import RuleError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def simulate(
    system: Annotated[str, typer.Option(help="hwe, nel or derbyshire.")],
    out: Annotated[Path | None, typer.Option(help="The folder to write; it must be new or empty.")] = None,
    residents: Annotated[int, typer.Option(help="How many residents.", min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="Same seed, same files.", min=0)] = 1,
    reference: Annotated[
        Path | None, typer.Option(help="The folder of the published small areas and practices of the system.")
    ] = None,
    returns: Annotated[
        Path | None, typer.Option(help="A folder for plans, ledgers and contracts (hwe only); instead of --out or too.")
    ] = None,
    processes: Annotated[int, typer.Option(help="How many work at once; 0: one a core.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Write what the partners of a made-up system would send, with the truth beside it in truth/.

    Nobody in it is real; every NHS number is of the test range. To take it in: joinedup load FOLDER

    Example: joinedup simulate --system nel --residents 5000 --seed 7 --out nel-feeds
    """
    if out is None and returns is None:
        raise RuleError("Say what to write: --out FOLDER for what partners send of residents, --returns FOLDER for "
                        "plans, ledgers and contracts.")  # fmt: skip
    answer: dict[str, Any] = {}
    texts: list[str] = []
    if returns is not None:
        from joinedup.simulation.returns import write_returns

        told = write_returns(system, residents, seed, returns, reference=reference)
        answer["returns"] = {**asdict(told), "folder": str(returns)}
        texts.append(
            f"{returns} holds {told.plans} plans, {told.trial_balances} trial balances and {told.events} events of the "
            f"pot, for {told.residents:,} residents. Nobody and nothing in it is real."
        )
    if out is not None:
        _feeds(system, out, residents, seed, reference, processes, answer, texts, quiet=as_json)
    typer.echo(json.dumps(answer) if as_json else "\n".join(texts))


def _feeds(
    system: str, out: Path, residents: int, seed: int, reference: Path | None, processes: int, answer: dict[str, Any],
    texts: list[str], *, quiet: bool,
) -> None:  # fmt: skip
    """Write the feeds with a bar of progress, and add what is to be said of them."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from joinedup.simulation.run import simulate as run

    shown = (
        TextColumn("simulating"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    began = time.monotonic()
    with Progress(*shown, console=Console(stderr=True), transient=True, disable=quiet) as progress:
        bar = progress.add_task("", total=residents, rate="")

        def on_progress(done: int, of: int) -> None:
            rate = done / max(0.001, time.monotonic() - began)
            progress.update(bar, completed=done, total=of, rate=f"{rate:,.0f} residents/s")

        done = run(
            system, residents, seed, out, reference=reference, processes=processes or None, on_progress=on_progress
        )
    seconds = time.monotonic() - began
    answer |= {**asdict(done), "folder": str(out), "seconds": round(seconds, 2)}
    texts.append(
        f"{out} holds what {done.sources} sources would send of {done.residents:,} residents: {done.files} files, "
        f"{done.bytes / 1e6:,.0f} MB, written in {seconds:,.1f} s "
        f"({done.residents / max(0.001, seconds):,.0f} residents/s).\nNobody in it is real. Next: joinedup load {out}"
    )
