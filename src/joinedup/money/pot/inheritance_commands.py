"""What a body inherits, and what its capital envelope gains or loses: the verbs of rules MB13 and MB15.

Both only reckon: nothing is stored, and whoever reports a figure says where each of them came from.
"""

from __future__ import annotations

from typing import Annotated

import typer

from joinedup.errors import RuleError
from joinedup.money.typed_by_commands import Json, Year, pence_of_pounds, say, share_of, told

YEARS = {"met": True, "missed": False}
STATES = {
    "surplus": "It stays as a surplus of the system",
    "frozen": "It is frozen: two years in balance write it off, one missed brings it back",
    "year1_met": "One year in balance was met; one more writes it off",
    "written_off": "It is written off",
    "reinstated": "A year was missed: it is to be paid back",
}


def succession(
    predecessor: Annotated[
        list[str], typer.Option(help="BODY=POUNDS: a body before and its net position, adjusted; plus is a surplus.")
    ],
    year: Annotated[list[str] | None, typer.Option(help="2022/23=met or =missed, in their order.")] = None,
    as_json: Json = False,
) -> None:
    """Say what a body inherits from those before it, and what became of it after each year (MB13).

    Example: joinedup money succession --predecessor 06K=4200000 --predecessor 06N=-11000000 --year 2022/23=met
    """
    from joinedup.money.pot.inherited_balances import after_year, inherit
    from joinedup.planning import year_days

    positions = {}
    for text in predecessor:
        body, _, pounds = text.partition("=")
        if not body.strip() or not pounds.strip() or body in positions:
            raise RuleError(f"MB13: --predecessor is '{text}'; expected a body once and its pounds, as 06K=4200000.")
        positions[body] = pence_of_pounds(pounds, "--predecessor")
    balance = inherit(positions.values())
    steps = [{"year": "", "state": balance.state, "owed_pence": balance.owed}]
    before = ""
    for text in year or []:
        named, _, word = text.partition("=")
        year_days(named)
        if word not in YEARS or named <= before:
            raise RuleError(f"MB13: --year is '{text}'; expected years in their order, each =met or =missed.")
        before = named
        balance = after_year(balance, broke_even=YEARS[word])
        steps.append(
            {"year": named, "state": balance.state, "net_pence": balance.net_pence, "owed_pence": balance.owed}
        )
    answer = {"what": "succession", "predecessors": positions, "net_pence": balance.net_pence, "state": balance.state,
              "owed_pence": balance.owed, "steps": steps}  # fmt: skip
    lines = [f"Inherited: {told(balance.net_pence)} net of {', '.join(positions)}."]
    lines += [f"{step['year'] or 'At the start'}: {STATES[str(step['state'])]}." for step in steps]
    say(as_json, answer, [*lines, f"To be paid back today: {told(balance.owed)}."])


def capital_change_(
    year: Year,
    plan_pounds: Annotated[str, typer.Option(help="The capital plan of the system.")],
    fair_share_pounds: Annotated[str, typer.Option(help="Its fair share of the national envelope.")],
    position_pounds: Annotated[str, typer.Option(help="Its revenue position; plus is a surplus.")],
    cut: Annotated[str, typer.Option(help="The share that a deficit costs, at most the parameter's; else that.")] = "",
    as_json: Json = False,
) -> None:
    """Say what a system's capital envelope gains or loses for its revenue position, by the year's rates (MB15).

    Example: joinedup money capital-change --year 2024/25 --plan-pounds 120 --fair-share-pounds 100 --position-pounds 0
    """
    from joinedup import database

    database.ready()
    from joinedup.money.pot.inherited_balances import capital_change
    from joinedup.money.pot.positions_as_kept import position_parameters
    from joinedup.planning import year_days

    on, params = year_days(year)[0], position_parameters()
    bonus, most = params.number("capital.bonus", on), params.number("capital.cut", on)
    taken = share_of(cut, "--cut", "MB15") if cut else most
    if not 0 <= taken <= most:
        raise RuleError(f"MB15: --cut is {taken}; a deficit costs from 0 up to {most} of the fair share in {year}.")
    given = {
        name: pence_of_pounds(text, f"--{name}-pounds")
        for name, text in (("plan", plan_pounds), ("fair-share", fair_share_pounds), ("position", position_pounds))
    }
    change = capital_change(given["plan"], given["fair-share"], given["position"], bonus=bonus, cut=taken)
    answer = {"what": "capital-change", "year": year, "change_pence": change, "bonus": str(bonus), "cut": str(taken),
              "parameter_ids": ["capital.bonus", "capital.cut"]}  # fmt: skip
    word = "gains" if change >= 0 else "loses"
    say(as_json, answer, [f"The capital envelope of {year} {word} {told(abs(change))}."])
