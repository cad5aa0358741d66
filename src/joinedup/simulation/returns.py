"""What partners of the simulated system send to planners and finance: plans, roster, ledgers, the pot, contracts.

Beside the feeds, in a folder of its own, with the truth about what is hidden in `truth/`. The same system, residents
and seed give the same bytes (a workbook's those of one version of its writer). Nobody in it is real.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

from joinedup.errors import NotFound, RuleError
from joinedup.simulation import partner_ledgers
from joinedup.simulation.capacity_returns import capacity_csv, terms as capacity_terms, whole_system
from joinedup.simulation.contract_terms import contracts_toml, decisions, price_list_csv
from joinedup.simulation.need_table import need_table_csv
from joinedup.simulation.place import make_world
from joinedup.simulation.plan_before import rows_before, year_before
from joinedup.simulation.plan_layout import plan_csv, plan_workbook
from joinedup.simulation.plan_returns import Hidden, Returns, plan_returns, planted
from joinedup.simulation.plan_rows import catchments, months, planned_people, terms
from joinedup.simulation.pot import Pot, contract_values, events_csv, make_pot, pot_toml, toml_value
from joinedup.simulation.rosters import minutes_by_profession, rosters, terms as roster_terms
from joinedup.simulation.world import World

KNOWN = ("hwe",)
# These return a workbook, the others CSV: both forms come in.
WORKBOOKS = ("QM7", "R1L")


@dataclass(frozen=True, slots=True)
class Returned:
    """What was written: for how many residents it is, how many plans, trial balances, events, and hidden things."""

    system: str
    residents: int
    plans: int
    trial_balances: int
    events: int
    hidden: int
    files: int


def write_returns(system: str, residents: int, seed: int, out: Path, *, reference: Path | None = None) -> Returned:
    """Write the returns of a made-up system into an empty or new folder.

    Figures are for `residents`, and for at least 10,000 of them. Raises RuleError for a folder that holds something,
    NotFound for a system without returns.
    """
    if system not in KNOWN:
        raise NotFound(f"Plans and ledgers are made up for {', '.join(KNOWN)} only, not for '{system}'.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RuleError(f"{out} is not empty, and a simulation overwrites nothing. Name a new or an empty folder.")
    world = make_world(system, residents, seed, reference)
    people = planned_people(world)
    note = f"Simulated, for {people:,} residents of {world.name}; nobody and nothing in it is real."
    returns, hidden = plan_returns(world)
    ours = returns[world.icb, "commissioner"]
    pot = make_pot(ours, world.icb)
    folder = _Folder(out)
    folder.text("README.txt", _read_me(note))
    for (owner, side), rows in returns.items():
        if owner in WORKBOOKS:
            folder.bytes(f"plans/{owner}-{side}.xlsx", plan_workbook(owner, side, rows, note))
        else:
            folder.text(f"plans/{owner}-{side}.csv", plan_csv(owner, side, rows))
        if side == "provider":
            before = plan_csv(owner, side, rows_before(rows), year=year_before())
            folder.text(f"plans-of-the-year-before/{owner}-{side}.csv", before)
    folder.text("documents.toml", (files("joinedup.simulation") / "plan_documents.toml").read_text(encoding="utf-8"))
    folder.text("planning-assumptions.toml", _assumptions(note, world))
    for month, text in rosters().items():
        folder.text(f"workforce/roster-{month}.csv", text)
    folder.text(f"capacity/capacity-{capacity_terms()['month']}.csv", capacity_csv(world, returns))
    _ledgers(folder, pot, returns)
    folder.text("finance/balances-between-bodies.csv", _between())
    folder.text("pot/pot.toml", pot_toml(pot, note))
    folder.text("pot/events.csv", events_csv(pot))
    folder.text(f"allocation/weighted-populations-{terms()['year'].replace('/', '-')}.csv", need_table_csv(world))
    values = contract_values(ours)
    folder.text("contracts/contracts.toml", contracts_toml(catchments(world), values, world.icb, note))
    folder.text("contracts/price-list.csv", price_list_csv())
    for name, text in decisions().items():
        folder.text(f"decisions/{name}", text)
    booked = partner_ledgers.differences(pot)
    folder.text("truth/disagreements.csv", _rows(Hidden, hidden))
    folder.text("truth/trial-balance-differences.csv", _rows(partner_ledgers.BookedOtherwise, booked))
    count = len({one.number for one in hidden})
    balances = len(partner_ledgers.bodies(pot)) * _many_months()
    return Returned(system, people, len(returns), balances, len(pot.events), count, folder.files)


def _many_months() -> int:
    from joinedup.simulation.pot import terms as pot_terms

    return int(pot_terms()["months"])


def _ledgers(folder: _Folder, pot: Pot, returns: Returns) -> None:
    for body in partner_ledgers.bodies(pot):
        folder.text(f"finance/account-names/{body}.csv", partner_ledgers.account_names_csv(pot, body))
        for month in months()[: _many_months()]:
            text = partner_ledgers.trial_balance_csv(pot, body, month, returns)
            folder.text(f"finance/trial-balances/{body}-{month}.csv", text)


class _Folder:
    """The folder, and how many files are in it."""

    def __init__(self, out: Path) -> None:
        self.out, self.files = out, 0

    def text(self, name: str, text: str) -> None:
        self.bytes(name, text.encode())

    def bytes(self, name: str, content: bytes) -> None:
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.files += 1


def _rows(kind: Any, rows: Iterable[Any]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([one.name for one in fields(kind)])
    writer.writerows(astuple(one) for one in rows)
    return out.getvalue()


def _between() -> str:
    """Answer what bodies say of each other's money in each month so far."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["month", "payer", "payee", "payer_says_pence", "payee_says_pence"])
    for month in months()[: _many_months()]:
        for one in planted()["between"]:
            writer.writerow([month, one["payer"], one["payee"], one["payer_pence"], one["payee_pence"]])
    return out.getvalue()


def _assumptions(note: str, world: World) -> str:
    """Answer what the partners agreed to reckon with, as dated parameters."""
    rows: list[tuple[str, str, str]] = [
        ("consistency.mff", "1", "market forces factor; prices of the plans hold it already"),
        ("consistency.occupancy", "0.9", "share of beds that are occupied"),
        *((f"consistency.minutes:{pod}", str(value), "worked minutes of all staff for a unit")
          for pod, value in terms()["minutes"].items()),
        *((f"consistency.cost:{profession}", str(value), "pence a year of one WTE")
          for profession, value in terms()["cost"].items()),
        *((f"consistency.los:{pod}", value, "nights of a stay") for pod, value in terms()["stay"].items()),
        ("consistency.inflation", terms()["before"]["inflation"], "growth of prices since the year before"),
        *((f"pairing.share:{world.icb}:{trust}", share, "share of the trust's patients who live in the system")
          for trust, share in terms()["share_of_patients"].items()),
        ("scale.activity", _three(whole_system(world)), "units of the whole system for one of a plan"),
        *((f"scale.workforce:{partner}", _three(whole_system(world) * Fraction(times)),
           "WTE of the whole partner for one of its plan; much of its work is not simulated")
          for partner, times in roster_terms()["beyond_plans"].items()),
        *((f"workforce.minutes:{pod}:{who}", _three(minutes), "minutes of these staff for a unit")
          for pod, who, minutes in minutes_by_profession()),
    ]  # fmt: skip
    texts = [f"# {note}\n# What its partners agreed to reckon with when they plan.\n"]
    for key, value, unit in rows:
        texts.append(
            f"[[parameter]]\nid = {toml_value(key)}\nvalue = {value}\nunit = {toml_value(unit)}\n"
            'valid_from = 2025-04-01\nstatus = "adopted"\nsource = "simulated"\n'
            'decided_by = "simulated system planning group"\n'
        )
    return "\n".join(texts)


def _three(value: Fraction) -> str:
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.3f}"


def _read_me(note: str) -> str:
    first = date.fromisoformat(f"{months()[0]}-01")
    return (
        f"{note}\n\nPlans and money are of the financial year {terms()['year']} (from {first:%-d %B %Y}),\n"
        f"at that scale; the roster in workforce/ is of the whole system, {roster_terms()['people']:,} people.\n"
        "docs/reference/simulated-system.md says what each file is. truth/ is for tests only.\n"
    )
