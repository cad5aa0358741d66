"""The verb `joinedup money`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from joinedup.money.pot.inheritance_commands import capital_change_, succession
from joinedup.money.typed_by_commands import Json, Year, pence_of_pounds, say, share_of, told

if TYPE_CHECKING:
    from joinedup.access import Grant

money = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
Month = Annotated[int, typer.Option(help="The month of the year: 1 is April, 12 is March.")]


@money.callback()
def verbs() -> None:
    """The pot: the system's position, what bodies say of each other, the checks of the Better Care Fund.

    Example: joinedup money position --year 2026/27 --month 7
    """


@money.command()
def position(
    year: Year,
    month: Month,
    control_total_pounds: Annotated[
        str, typer.Option(help="What the NHS bodies together are to reach, plus is a surplus; else the parameter.")
    ] = "",
    method: Annotated[
        str, typer.Option(help="run_rate goes on as so far; plan adds what the plan has for the rest of the year.")
    ] = "run_rate",
    as_json: Json = False,
) -> None:
    """Say where the system stands against its control total: plan, forecast and variance of each body.

    Plans come from what was signed, agreed or else submitted, actuals from the trial balances of the month.

    Example: joinedup money position --year 2026/27 --month 7 --control-total-pounds 0
    """
    _ready()
    from joinedup.money.pot.positions_as_kept import system_position

    total = pence_of_pounds(control_total_pounds, "--control-total-pounds") if control_total_pounds else None
    found = system_position(year, month, control_total=total, method=method)
    counted = found.position
    answer = {
        "what": "position", "year": year, "month": month, "method": method,
        "control_total_pence": found.control_total, "met": found.met,
        "plan_pence": counted.plan, "forecast_pence": counted.forecast, "variance_pence": counted.variance,
        "unsaid": [one.body for one in found.unsaid],
        "bodies": [asdict(one) | {"variance": one.variance} for one in found.bodies],
        "offsets": {body: dict(given) for body, given in counted.offsets.items()},
        "funds": [asdict(one) | {"variance": one.variance} for one in found.funds],
        "parameter_ids": list(found.parameter_ids),
    }  # fmt: skip
    lines = [f"{'':<12}{'plan':>20}{'forecast':>20}{'variance':>20}"]
    for one in found.bodies:
        beside = "" if one.in_control_total else " (beside the control total)"
        state = f" plan {one.plan_state}" if one.plan_state else ""
        lines.append(
            f"{one.body:<12}{told(one.plan):>20}{told(one.forecast):>20}{told(one.variance):>20} {state}{beside}"
        )
        lines += [f"            {why}" for why in one.missing]
    lines += [f"{body} is offset by {', '.join(f'{one} {told(p)}' for one, p in given.items())}"
              for body, given in counted.offsets.items()]  # fmt: skip
    lines += [f"Fund {one.fund}: budget {told(one.budget)}, spent {told(one.actual)}, forecast {told(one.forecast)}"
              + (f"; {told(one.since)} more since, in neither" if one.since else "")
              for one in found.funds]  # fmt: skip
    verdict = {True: "met", False: "NOT met", None: "cannot be said yet"}[found.met]
    if found.met is None:
        lines.append(
            f"Not known: {', '.join(one.body for one in found.unsaid) or 'any body inside the control total'}."
        )
    lines.append(
        f"Together, of those known: plan {told(counted.plan)}, forecast {told(counted.forecast)}; the control total "
        f"of {told(found.control_total)} is {verdict}."
    )
    say(as_json, answer, lines)


@money.command()
def mismatches(
    year: Year,
    month: Annotated[int, typer.Option(help="With --basis actual: the month, 1 is April.")] = 0,
    basis: Annotated[str, typer.Option(help="plan, or actual: what trial balances say of each other.")] = "plan",
    abs_limit_pounds: Annotated[str, typer.Option(help="Pairs no further apart agree; else the parameter.")] = "",
    rel_limit: Annotated[str, typer.Option(help="The same as a share of the larger figure, such as .001.")] = "",
    as_json: Json = False,
) -> None:
    """Say where bodies of the system disagree on what one pays the other, the widest apart first.

    Example: joinedup money mismatches --year 2026/27 --json
    """
    _ready()
    from joinedup.money.pot.mismatches_as_kept import intra_system_mismatches

    found = intra_system_mismatches(
        year, basis=basis, month=month or None,
        abs_limit=pence_of_pounds(abs_limit_pounds, "--abs-limit-pounds") if abs_limit_pounds else None,
        rel_limit=share_of(rel_limit, "--rel-limit", "MB12") if rel_limit else None,
    )  # fmt: skip
    answer = {
        "what": "mismatches", "year": year, "basis": basis, "month": month or None,
        "abs_limit_pence": found.abs_limit, "rel_limit": str(found.rel_limit), "agreed": found.agreed,
        "total_difference_pence": found.total_difference,
        "apart": [asdict(one) | {"difference": one.difference} for one in found.apart],
        "one_sided": [asdict(one) for one in found.one_sided],
        "parameter_ids": list(found.parameter_ids),
    }  # fmt: skip
    lines = [
        f"{one.payer} says it pays {one.payee} {told(one.payer_says)}; {one.payee} says {told(one.payee_says)}: "
        f"{told(abs(one.difference))} apart"
        for one in found.apart
    ]
    lines += [
        f"{one.payer} pays {one.payee} {told(one.said_pence)}, and {one.silent} {one.why}" for one in found.one_sided
    ]
    lines.append(f"{len(found.apart)} apart, {found.agreed} agree, of {len(found.one_sided)} one is silent.")
    say(as_json, answer, lines)


@money.command()
def bcf(
    year: Year,
    board: Annotated[str, typer.Option(help="One health and wellbeing board; else every one that is named.")] = "",
    as_json: Json = False,
) -> None:
    """Check the Better Care Fund of each health and wellbeing board: minimum, discharge fund, agreement.

    Example: joinedup money bcf --year 2026/27
    """
    _ready()
    from joinedup.money.pot.better_care_fund_as_kept import bcf_checks, boards_of, funds_without_board

    found = [bcf_checks(one, year) for one in ([board] if board else boards_of(year))]
    without = [] if board else funds_without_board(year)
    answer = {
        "what": "bcf", "year": year,
        "boards": [
            {"board": one.board, "fund": one.fund, "passes": one.passes, "unsaid": list(one.unsaid),
             "checks": [{"check": check.check, "required_pence": check.required, "actual_pence": check.actual,
                         "passes": check.passes} for check in one.results]}
            for one in found
        ],
        "funds_without_board": without,
    }  # fmt: skip
    lines = []
    for one in found:
        lines.append(f"{one.board}, fund {one.fund}")
        lines += [
            f"  {'passes' if check.passes else 'FAILS '}  {check.check}: required {told(check.required)}, there is "
            f"{told(check.actual)}"
            for check in one.results
        ]
        lines += [f"  cannot be said: {why}" for why in one.unsaid]
    lines += [f"Fund {one} is pooled under section 75 and no board's. Say whose it is: joinedup money board-fund"
              for one in without]  # fmt: skip
    say(as_json, answer, lines or [f"No Better Care Fund is known for {year}. Say whose: joinedup money board-fund"])


@money.command(name="board-fund")
def board_fund(
    fund: Annotated[str, typer.Argument(help="The fund, by code.")],
    board: Annotated[str, typer.Option(help="The health and wellbeing board whose Better Care Fund it is, by code.")],
    year: Year,
    source: Annotated[str, typer.Option(help="Where the amounts are published.")],
    minimum_pounds: Annotated[str, typer.Option(help="The ICB's minimum of this year, where it is published.")] = "",
    last_year_minimum_pounds: Annotated[str, typer.Option(help="Last year's, where only the uplift is known.")] = "",
    discharge_fund_pounds: Annotated[str, typer.Option(help="The discharge fund; 0 where there is none.")] = "",
    as_json: Json = False,
) -> None:
    """Say which fund is a board's Better Care Fund in a year, and what is required of it.

    Example: joinedup money board-fund HERTS-BCF --board E10000015 --year 2026/27 --source "BCF planning, annex A"
    """
    _ready()
    from joinedup.money.pot.better_care_fund_as_kept import BoardTerms, name_board_fund

    terms = BoardTerms(
        board,
        year,
        fund,
        pence_of_pounds(minimum_pounds, "--minimum-pounds") if minimum_pounds else None,
        pence_of_pounds(last_year_minimum_pounds, "--last-year-minimum-pounds") if last_year_minimum_pounds else None,
        pence_of_pounds(discharge_fund_pounds, "--discharge-fund-pounds") if discharge_fund_pounds else None,
        source,
    )
    name_board_fund(_leave("say whose Better Care Fund a fund is"), terms)
    say(as_json, asdict(terms), [f"{fund} is the Better Care Fund of {board} in {year}."])


@money.command()
def accounts(
    file: Annotated[Path, typer.Argument(help="A CSV of partner_account,kind,counterparty.")],
    body: Annotated[str, typer.Option(help="The partner whose accounts they are, by code.")],
    as_json: Json = False,
) -> None:
    """Say which of a partner's own accounts are income, spend, adjustment or balance, and with which body.

    Example: joinedup money accounts rwg-accounts.csv --body RWG
    """
    _ready()
    from joinedup.money.ledger.own_accounts import name_own_accounts, read_own_accounts

    new = name_own_accounts(_leave("say what a partner's own accounts are"), body, read_own_accounts(file))
    say(as_json, {"body": body, "new": new}, [f"{new} accounts of {body} are named anew."])


@money.command()
def between(
    file: Annotated[Path, typer.Argument(help="A CSV of month,payer,payee,payer_says_pence,payee_says_pence.")],
    as_json: Json = False,
) -> None:
    """Take in what bodies say of each other's money month by month, as they agree balances.

    Example: joinedup money between balances-between-bodies.csv
    """
    _ready()
    from joinedup.errors import FileError
    from joinedup.money.pot.balances_between import import_balances_between

    if not file.is_file():
        raise FileError(str(file), "there is no such file.", "Give the CSV in which bodies agree balances.")
    new = import_balances_between(_leave("take in what bodies say of each other"), file.name, file.read_bytes())
    say(as_json, {"file": file.name, "new": new}, [f"{new} figures are new."])


money.command()(succession)
money.command(name="capital-change")(capital_change_)


def _ready() -> None:
    from joinedup import database

    database.ready()


def _leave(job: str) -> Grant:
    from joinedup.access import service_grant

    return service_grant("money.command", job, "whoever may run commands on this server")
