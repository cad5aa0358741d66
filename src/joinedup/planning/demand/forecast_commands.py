"""The verbs `joinedup plan forecast` and `joinedup plan waiting-list`: what is to come, and how far to trust it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Snapshot = Annotated[str, typer.Option(help="The snapshot, by id.")]


def forecast(
    pod: Annotated[str, typer.Argument(help="The point of delivery, such as OPFA.")],
    place: Annotated[str, typer.Option(help="Of the patients of one place, by its code.")] = "",
    provider: Annotated[str, typer.Option(help="Of one provider, by its code.")] = "",
    service: Annotated[str, typer.Option(help="Of one specialty of the provider, by its code.")] = "",
    horizon: Annotated[int, typer.Option(help="How many months.")] = 12,
    every_model: Annotated[bool, typer.Option("--every-model", help="Also try ETS, which takes seconds.")] = False,
    prevention: Annotated[str, typer.Option(help="Per cent of it that will not be needed.")] = "",
    stay: Annotated[str, typer.Option(help="Per cent by which stays become shorter.")] = "",
    shift: Annotated[str, typer.Option(help="Per cent given in the community instead.")] = "",
    contacts: Annotated[str, typer.Option(help="Community contacts for each case that is moved.")] = "",
    growth: Annotated[str, typer.Option(help="Population growth a year in per cent; else as it was.")] = "",
    full_after: Annotated[str, typer.Option(help="Months until these have their full effect.")] = "",
    snapshot: Snapshot = "latest",
    as_json: Json = False,
) -> None:
    """Forecast activity, with an 80% interval, how well each model forecast the past, and what levers would change.

    Example: joinedup plan forecast OPFA --horizon 6 --shift 5 --contacts 2
    """
    from joinedup.errors import RuleError
    from joinedup.planning.demand.activity_to_come import Asked, known_code, outlook, points
    from joinedup.planning.demand.forecast_said import forecast_said
    from joinedup.planning.demand.scenario import read_scenario

    known_code(pod, points(snapshot), "point of delivery")
    sent = {"prevention": prevention, "stay": stay, "shift": shift, "contacts": contacts, "growth": growth,
            "full_after": full_after}  # fmt: skip
    typed = read_scenario(sent, pod)
    if typed.scenario is None:
        said = "; ".join(f"--{name.replace('_', '-')}: {text}" for name, text in typed.errors.items())
        raise RuleError(f"ME10: {said}.")
    found = outlook(
        Asked(pod, place, provider, service, horizon, every_model), typed.scenario, snapshot=snapshot
    )  # fmt: skip
    answer = forecast_said(found)
    typer.echo(json.dumps(answer) if as_json else "\n".join(_forecast_lines(answer)))


def waiting_list(
    provider: Annotated[str, typer.Option(help="Of one provider, by its code; else of the whole system.")] = "",
    service: Annotated[str, typer.Option(help="Of one specialty of the provider, by its code.")] = "",
    weeks: Annotated[int, typer.Option(min=1, max=520, help="How many weeks ahead.")] = 52,
    capacity: Annotated[float | None, typer.Option(min=0, help="Treatments a week; else as in the last year.")] = None,
    referrals: Annotated[float | None, typer.Option(min=0, help="Referrals a week; else as in the last year.")] = None,
    target: Annotated[float, typer.Option(min=1, help="The target wait in weeks.")] = 18.0,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed of chance.")] = None,
    runs: Annotated[int, typer.Option(min=2, max=10_000, help="How many runs by chance.")] = 200,
    snapshot: Snapshot = "latest",
    as_json: Json = False,
) -> None:
    """Say how a waiting list stands, what capacity it needs, and where it is heading, with bands of chance.

    Example: joinedup plan waiting-list --provider RWG --capacity 40 --weeks 26
    """
    from joinedup.planning.demand.forecast_said import waiting_said
    from joinedup.planning.waiting.waiting_to_come import SEED, Tried, heading, list_now

    now = list_now(provider, service, snapshot=snapshot)
    found = heading(now, Tried(capacity, referrals, target, weeks, SEED if seed is None else seed, runs))
    answer = waiting_said(found)
    typer.echo(json.dumps(answer) if as_json else "\n".join(_list_lines(answer)))


def _forecast_lines(answer: dict[str, Any]) -> list[str]:
    what = " ".join(answer[key] for key in ("pod", "place", "provider", "service") if answer[key])
    tested = answer["backtest"]
    share = f"{answer['interval']:.0%}"
    tried = {one["month"]: one["point"] for one in answer.get("scenario", {}).get("months", ())}
    lines = [
        f"{what}, {answer['unit']}, by {answer['model']}; trained on {answer['trained_from'][:7]} to "
        f"{answer['trained_to'][:7]}",
        f"  month        point   {share} interval" + ("       scenario" if tried else ""),
    ]
    for one in answer["months"]:
        other = f"  {tried[one['month']]:>12,.0f}" if tried else ""
        lines.append(
            f"  {one['month'][:7]}  {one['point']:>8,.0f}   {one['lower']:>8,.0f} to {one['upper']:<8,.0f}{other}"
            + ("" if one["basis"] == "back-tested" else f"  {one['basis']}")
        )
    if tried:
        lines.append("The scenario changes " + (", ".join(
            f"{name} {change:+,.0f}" for name, change in answer["scenario"]["changes"].items()) or "no cases")
            + _more(answer["scenario"]) + ".")  # fmt: skip
    covered = "too few tests to say" if tested["coverage"] is None else f"{tested['coverage']:.0%}"
    lines += [
        f"Back-test coverage of the {share} interval, one month ahead: {covered}",
        f"  {'model':<22} ahead   MAPE %    MASE      bias  coverage  tests",
    ]
    for one in tested["scores"]:
        mape = "-" if one["mape"] is None else f"{one['mape']:.1f}"
        cover = "-" if one["coverage"] is None else f"{one['coverage']:.0%}"
        lines.append(
            f"  {one['model']:<22} {one['horizon']:>5} {mape:>8} {one['mase']:>7.3f} {one['bias']:>9,.1f} {cover:>9} "
            f"{one['tests']:>6}{'  chosen' if one['chosen'] else ''}"
        )
    for one in tested["left_out"]:
        lines.append(f"  {one['model']} was left out: {one['why']}")
    for one in answer["repeated"]:
        lines.append(f"{one['later'][:7]} repeats {one['earlier'][:7]} ({one['share']:.0%} of series); both left out.")
    odd = [one for one in answer["history"] if one["use"] not in ("trained on", "repeated")]
    lines += [f"{one['month'][:7]}: {one['use']}" for one in odd]
    return [*lines, answer["note"]]


def _more(scenario: dict[str, Any]) -> str:
    brings = scenario["community_contacts"]
    beds = f"; beds at the end: {scenario['beds'][-1]}" if scenario["beds"] else ""
    return (f"; {brings:+,.0f} community contacts" if brings is not None else "") + beds


def _list_lines(answer: dict[str, Any]) -> list[str]:
    whose = " ".join(answer[key] for key in ("provider", "service") if answer[key]) or "The whole system"
    counted = set(answer["counted_limits"])
    lines = [f"{whose}: {answer['waiting']:,.0f} waiting on {answer['on']}"]
    for limit in (18, 52, 65, 78):
        about = "" if limit in counted else " (estimated from joined bands)"
        lines.append(f"  over {limit} weeks {answer[f'over_{limit}_weeks']:>9,.0f}{about}")
    within = answer["within_18_weeks"]
    lines.append(f"  within 18 weeks {'-' if within is None else format(within, '.0%'):>7}")
    for name in ("referrals", "treated", "removed"):
        one = answer[name]
        lines.append(f"  {name:<10} {one['a_week']:>8,.1f} a week, {one['months']} months, {one['hidden']} hidden")
    load = "no capacity" if answer["load"] is None else f"{answer['load']:.3f}"
    relief = f"{answer['relief_capacity']:,.1f} a week" if answer["relief_needed"] else "not needed"
    lines += [
        f"  target queue {answer['target_queue']:,.0f}, load {load}, relief capacity {relief}, then "
        f"{answer['target_capacity']:,.1f} a week",
    ]
    for one in answer["cohort_at_risk"]:
        lines.append(
            f"  so that nobody is over {one['limit_weeks']} weeks in {one['within_weeks']}: treat "
            f"{one['people']:,.0f}, {one['a_week']:,.1f} a week"
        )
    for name in ("projection", "scenario"):
        if name in answer:
            lines += _projection_lines("as it goes on" if name == "projection" else "with your change", answer[name])
    return [*lines, f"{answer['runs']} runs, seed {answer['seed']}, fingerprint {answer['projection']['inputs_hash']}"]


def _projection_lines(name: str, one: dict[str, Any]) -> list[str]:
    last, clear = one["weeks"][-1], one["clearance"]
    when = ", ".join(f"{key} {clear[key] or 'not by then'}" for key in ("p10", "p50", "p90"))
    return [
        f"{name.capitalize()}, on {last['ending']}: mean {last['mean']:,.0f} waiting (P10 {last['p10']:,.0f}, "
        f"P50 {last['p50']:,.0f}, P90 {last['p90']:,.0f}), {last['over_18']:,.0f} over 18 weeks",
        f"  at its target queue: {when} ({clear['share']:.0%} of runs)",
    ]
