"""A measure of an area as the command line shows it: as data, and in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from joinedup.measures.definition import PURPOSES, MeasureDefinition
from joinedup.measures.figure import Figure, Scale, figures, month_shown
from joinedup.measures.result_files import BREAKDOWNS
from joinedup.measures.results import Results
from joinedup.measures.standing import compared
from joinedup.measures.why import Why


def shown(results: Results, one: MeasureDefinition, area: str, breakdown: str = "all") -> dict[str, Any]:
    """Answer a measure of an area: latest figure, series or groups, the system's figure, definition and snapshot."""
    series = _figures(results.series(one.id, area))
    latest = results.latest_month(one.id)
    figure = next((figure for figure in series if figure.month == latest), series[-1] if series else None)
    system = next((each for each in _figures(results.series(one.id, results.system)) if each.month == latest), None)
    answer: dict[str, Any] = {
        "measure": one.id,
        "title": one.title,
        "meaning": one.meaning,
        "unit": one.unit,
        "area": asdict(results.area(area)),
        "latest": _said(figure, one),
        "system": _said(system, one) if area != results.system else None,
        "comparison_with_system": _comparison(figure, system, one) if area != results.system else None,
        "series": [_said(each, one) for each in series],
        "target": one.target,
        "target_source": one.target_source,
        "polarity": one.polarity,
        "definition": {**asdict(one), "digest": one.digest},
        "snapshot": results.snapshot_id,
        "made_at": results.made_at,
        "simulated": results.is_simulated,
        "suppression": results.manifest["mode"],
    }
    if breakdown != "all":
        groups = _figures(results.groups(one.id, area, breakdown))
        answer["breakdown"] = breakdown
        answer["groups"] = [_said(each, one) for each in groups]
        answer["breakdowns"] = list(BREAKDOWNS)
    return answer


def told(answer: dict[str, Any]) -> str:
    """Answer it in words: the latest figure, the system beside it, and the last twelve months or the groups."""
    latest = answer["latest"]
    lines = [answer["title"], answer["meaning"], ""]
    area = answer["area"]
    lines.append(f"{area['name']} ({area['code']}): {_line(latest)}")
    if answer["system"]:
        lines.append(f"The system: {_line(answer['system'])}; {answer['comparison_with_system']}")
    if answer["target"] is not None:
        lines.append(f"Target: {answer['target']:g} ({answer['target_source']})")
    lines.append("")
    if "groups" in answer:
        lines += [f"  {each['band']:<14} {_line(each)}" for each in answer["groups"]] or ["  No groups for this area."]
    else:
        lines += [f"  {_line(each)}" for each in answer["series"][-12:]]
    lines += [
        "",
        f"Unit: {answer['unit']}. Snapshot {answer['snapshot']}{' (simulated)' if answer['simulated'] else ''}.",
    ]
    lines.append(f"Why it is so: joinedup measure why {answer['measure']} --area {area['code']}")
    return "\n".join(lines)


def told_why(answer: Why) -> str:
    """Answer in words why a number is so."""
    one = answer.definition
    scale = Scale(one.kind, one.unit, one.multiplier)
    lines = [one.title, one.meaning, ""]
    if answer.figure is not None:
        lines.append(f"{answer.area.name}, {month_shown(answer.figure.month)}: {answer.figure.said(scale)}")
    lines += [
        "",
        "Definition",
        f"  counted where people are {'registered' if one.population == 'registered' else 'living'}",
    ]
    for name in ("denominator", "numerator", "without", "exclude"):
        if sentences := getattr(one, name):
            lines.append(f"  {name}: {'; '.join(sentences)}")
    lines += [f"  {event.name}: {event.meaning} ({', '.join(event.feeds)})" for event in answer.events]
    lines.append(f"  source: {one.standard}")
    if one.differs:
        lines.append(f"  differs: {one.differs}")
    lines.append("  purposes: " + "; ".join(PURPOSES[each] for each in one.purposes))
    if not answer.is_same_definition:
        lines.append("  The definition has been changed since the figures were made: joinedup measure --all")
    lines += ["", "Code lists"]
    lines += [
        f"  {each.name}: {each.codes} codes, {each.source} {each.version}, sha256 {each.sha256[:12]}"
        for each in answer.lists
    ]
    lines += [] if answer.lists else ["  none"]
    lines += [
        "",
        f"Snapshot {answer.snapshot}, content {answer.snapshot_content[:12]}, made into figures at {answer.made_at}",
    ]
    for feed in answer.feeds:
        months = f"{feed.first_month} to {feed.last_month}" if feed.first_month else "nothing was sent"
        gaps = f", without {', '.join(feed.missing)}" if feed.missing else ""
        lines.append(f"  {feed.feed}: {feed.sources} sources, {feed.deliveries} deliveries, {months}{gaps}")
    lines += ["", "Data quality"]
    known = {**dict(answer.quality), **{f"linkage: {name}": value for name, value in answer.linkage.items()}}
    lines += [f"  {name}: {value}" for name, value in known.items() if not isinstance(value, dict | list)]
    lines += [] if known else ["  nothing is known of it"]
    return "\n".join(lines)


def _figures(protected: Any) -> list[Figure]:
    return figures(protected.frame.to_dict("records"))


def _said(figure: Figure | None, one: MeasureDefinition) -> dict[str, Any] | None:
    if figure is None:
        return None
    scale = Scale(one.kind, one.unit, one.multiplier)
    return {
        "month": figure.month.isoformat()[:7],
        "band": figure.band,
        "value": figure.value,
        "lower": figure.lower,
        "upper": figure.upper,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "standardised": figure.standardised,
        "standardised_lower": figure.standardised_lower,
        "standardised_upper": figure.standardised_upper,
        "standardised_status": figure.standardised_status,
        "status": figure.status,
        "said": figure.said(scale),
    }


def _line(said: dict[str, Any] | None) -> str:
    return "no figure" if said is None else f"{said['month']}  {said['said']}"


def _comparison(figure: Figure | None, system: Figure | None, one: MeasureDefinition) -> str:
    if figure is None or system is None or system.value is None:
        return "cannot be compared"
    return compared(figure.value, figure.lower, figure.upper, system.value, one.polarity) or "cannot be compared"
