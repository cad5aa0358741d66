"""The command `joinedup measure activity`: what activity there was, as it may be seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from joinedup.measures.activity.reading import ActivityHistory

_STAR = "*"


def activity(
    pod: Annotated[str, typer.Argument(metavar="[POD]", help="The point of delivery, such as NEL.")] = "",
    provider: Annotated[str, typer.Option(help="Of one provider, by its ODS code.")] = "",
    service: Annotated[str, typer.Option(help="Of one treatment function, team or service.")] = "",
    place: Annotated[str, typer.Option(help="Of the patients of one place, by its code.")] = "",
    snapshot: Annotated[str, typer.Option(help="The snapshot, by id.")] = "latest",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Show what activity there was, month by month; without a point of delivery, which there are and why not others.

    Example: joinedup measure activity NEL --provider RWG --json
    """
    from joinedup.measures.activity.reading import activity_history

    history = activity_history(snapshot)
    if not pod:
        answer = _points(history)
        typer.echo(json.dumps(answer) if as_json else _told(answer))
        return
    shown = history.series(pod, service or None, place or None, provider or None)
    rows = _rows(shown.frame)
    if as_json:
        typer.echo(json.dumps({"pod": pod, "unit": history.unit(pod), "months": rows, "note": shown.note}))
        return
    lines = [f"{pod}, {history.unit(pod)}"]
    for row in rows:
        beds = "" if row["bed_days"] is None else f"  {row['bed_days']:,} bed days {row['bed_days_status']}"
        lines.append(f"  {row['month'][:7]}  {_count(row['units'], row['status']):>24}{beds}".rstrip())
    typer.echo("\n".join([*lines, shown.note]))


def _points(history: ActivityHistory) -> dict[str, Any]:
    points = [
        {
            "pod": pod,
            "unit": history.unit(pod),
            "months_with_data": len(history.known(pod)),
            "providers": history.providers(pod),
        }
        for pod in history.pods
    ]
    return {
        "snapshot": history.snapshot_id,
        "places": history.places,
        "points": points,
        "not_collected": history.not_collected,
    }


def _told(answer: dict[str, Any]) -> str:
    lines = [f"Activity of the snapshot {answer['snapshot']}"]
    for one in answer["points"]:
        many = len([code for code in one["providers"] if code])
        of = f"{many} provider{'' if many == 1 else 's'}" if many else "no provider is told"
        lines.append(f"  {one['pod']:<7} {one['unit']}, {one['months_with_data']} months, {of}")
    lines += ["Not collected", *(f"  {pod:<7} {why}" for pod, why in answer["not_collected"].items())]
    return "\n".join(lines)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    import pandas as pd

    rows = []
    for row in frame.to_dict("records"):
        numbers = {name: None if pd.isna(row[name]) else int(row[name]) for name in ("units", "bed_days")}
        said = {name: str(row[name]) for name in ("status", "bed_days_status")}
        rows.append({"month": row["month"].isoformat(), **numbers, **said})
    return rows


def _count(units: int | None, status: str) -> str:
    if units is None:
        return _STAR if status == "suppressed" else status
    return f"{units:,} {status}".strip()
