"""The verb `joinedup pay`."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from joinedup.errors import JoinedupError, NotFound, RuleError

if TYPE_CHECKING:
    from datetime import date

    from joinedup.access import Grant

pay = typer.Typer(add_completion=False, rich_markup_mode=None)


@pay.callback(invoke_without_command=True)
def by_rule(
    month: Annotated[str, typer.Option(help="The month to settle, such as 2026-03; it settles the year to date.")] = "",
    provider: Annotated[str, typer.Option(help="Every contract of this provider, by code.")] = "",
    contract: Annotated[str, typer.Option(help="One contract, by code.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every contract that holds in the month.")] = False,
    authority: Annotated[
        str, typer.Option(help="The authority under which a commitment is topped up, where less is open than due.")
    ] = "",
    trial: Annotated[
        bool, typer.Option("--try", help="Only say what would be due, by proposed schemes as well; nothing is settled.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Settle a month of contracts by rule: an explained statement of each, posted to the ledger under its authority.

    The same month again settles what came late, and nothing where nothing came.

    Example: joinedup pay --provider RWG --month 2026-03
    """
    if not month:
        raise RuleError("Say which month is settled: --month 2026-03")
    if sum((bool(provider), bool(contract), every)) != 1:
        raise RuleError("Say what is settled: --provider RWG, --contract CODE, or --all")
    from joinedup import database

    database.ready()
    from joinedup.access import service_grant
    from joinedup.money.contracts.reading import contract_row, contracts_on, month_of, signed_on

    day = month_of(month)
    if contract:
        codes = [contract_row(contract).code]
    else:
        codes = [
            one.contract.code
            for one in contracts_on(day, provider=provider)
            if one.contract.holds_in(day) and (trial or signed_on(one.contract.code))
        ]
    if not codes:
        raise NotFound(
            f"No signed contract{f' of {provider}' if provider else ''} holds in {day:%B %Y}. The contracts are listed "
            "at /money/contracts/."
        )
    leave = service_grant("pay", "settle contracts", "whoever may run commands on this server")
    answers = [_one(leave, code, day, authority, trial, alone=len(codes) == 1) for code in codes]
    if as_json:
        typer.echo(json.dumps(answers))
    else:
        typer.echo("\n\n".join(map(_told, answers)))
    if any("error" in one for one in answers):
        raise typer.Exit(RuleError.exit_code)


def _one(leave: Grant, code: str, month: date, authority: str, trial: bool, *, alone: bool) -> dict[str, Any]:
    from joinedup.money.payment.paying import settle_month, try_month

    try:
        if trial:
            return {"settled": False, "statement": json.loads(try_month(leave, code, month).text)}
        done = settle_month(leave, code, month, authority_id=authority)
    except JoinedupError as error:
        if alone:
            raise
        return {"contract": code, "error": str(error)}
    return {
        "settled": True,
        "is_new": done.is_new,
        "number": done.row.pk,
        "corrects": done.row.number - 1 or None,
        "statement": json.loads(done.row.body),
        "postings": list(done.row.postings.order_by("pk").values_list("transaction__key", flat=True)),
        "needs_review": hasattr(done.row, "review"),
    }


def _told(answer: dict[str, Any]) -> str:
    from joinedup.ui.tables import pounds

    if "error" in answer:
        return f"{answer['contract']}: not settled. {answer['error']}"
    said = answer["statement"]
    head = f"{said['contract']}, {said['month']} ({said['mechanism']})"
    if not answer["settled"]:
        head += ": tried out, nothing is settled"
    elif not answer["is_new"]:
        head += f": statement {answer['number']}, settled already; nothing has changed"
    else:
        head += f": statement {answer['number']}" + (", a correction" if answer["corrects"] else "")
    lines = [head]
    for one in said["lines"]:
        units = "*" if one["is_small"] else one["units"] or ""
        name, *more = textwrap.wrap(one["what"], 50) or [""]
        lines.append(f"  {one['section']:<11}{name:<52}{units:>11} {pounds(one['pence']):>18}  {one['rule']}")
        lines += [f"  {'':<11}{text}" for text in (*more, *textwrap.wrap(one["says"], 92))]
    lines += [
        f"  {'entitled for the year to date':<75}{pounds(said['entitled_p']):>18}  MC5",
        f"  {'settled so far':<75}{pounds(said['paid_before_p']):>18}",
        f"  {'due':<75}{pounds(said['due_p']):>18}  MC3",
        *(f"  {text}" for note in said["notes"] for text in textwrap.wrap(note, 103)),
    ]
    if answer.get("needs_review"):
        lines.append("  The difference from plan reached a band that opens a review (MC2).")
    return "\n".join(lines)
