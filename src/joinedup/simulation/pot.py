"""The single pot of the simulated system: funds, authorities, budget lines, and what happened to them this year.

Everything is an event that somebody would post, each with its key, day and authority; nothing is a balance. The same
events make the partners' trial balances (`partner_ledgers`), so that both sides tell of one year.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from joinedup.simulation.plan_rows import Row, months

CONTRACTS = "HWE-POT"
RESERVE = "POT-RESERVE"
DECISION = "Partnership board (simulated), 12 March 2026, item 4"
REASON = "Leave for the simulated year, until boards give it"


@cache
def terms() -> dict[str, Any]:
    """Answer funds, purchases and differences as pot.toml has them."""
    return tomllib.loads((files("joinedup.simulation") / "pot.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to the pot; "" where a column does not apply. `about` is the key of what is undone."""

    kind: str  # contribute, receive, commit, invoice, accrue, unaccrue, pay, virement, release, reverse
    key: str
    on: str
    fund: str
    body: str
    pence: int
    line: str = ""
    party: str = ""
    sector: str = ""
    commitment: str = ""
    contract: str = ""
    purpose: str = ""
    authority: str = ""
    about: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """What a body may spend of a fund on one thing."""

    code: str
    fund: str
    body: str
    name: str
    pence: int
    ring_fence: str = ""
    envelope: str = "revenue"
    plan_line: str = ""


@dataclass(frozen=True, slots=True)
class Pot:
    """The pot of a year: lines and events in the order in which they are posted."""

    lines: tuple[BudgetLine, ...]
    events: tuple[Event, ...]

    def month_pence(self, commitment: str) -> int:
        """Answer what one invoice of a commitment comes to."""
        return next(one.pence for one in self.events if one.kind == "invoice" and one.commitment == commitment)


def contract_values(ours: list[Row]) -> dict[str, dict[str, int]]:
    """Answer what the commissioner plans to pay each provider, by month in pence."""
    return {
        row.provider: {month: int(pence) for month, pence in row.figures.items()}
        for row in ours
        if row.measure == "contract_value"
    }


def make_pot(ours: list[Row], icb: str) -> Pot:
    """Answer the year's pot: the contracts of the commissioner's plan, pooled and aligned budgets beside them."""
    values = contract_values(ours)
    lines = [
        BudgetLine(f"POT-{provider}", CONTRACTS, icb, f"Contract with {provider}", sum(by_month.values()),
                   plan_line=plan_line(icb, provider))
        for provider, by_month in values.items()
    ]  # fmt: skip
    reserve = sum(one.pence for one in lines) * terms()["reserve_thousandths"] // 1000
    lines.append(BudgetLine(RESERVE, CONTRACTS, icb, "Reserve for risks", reserve))
    lines += [
        BudgetLine(one["key"], one["fund"], one["body"], one["name"], one["budget_pence"], one.get("ring_fence", ""),
                   one.get("envelope", "revenue"))
        for one in terms()["purchase"]
    ]  # fmt: skip
    events = [*_contributions(lines, icb), *_purchases(), *_changes(icb)]
    # What is bound comes before what uses it, on one day as in all others.
    order = (
        "contribute",
        "commit",
        "virement",
        "unaccrue",
        "receive",
        "invoice",
        "accrue",
        "pay",
        "reverse",
        "release",
    )
    events.sort(key=lambda one: (one.on, order.index(one.kind), one.key))
    return Pot(tuple(lines), tuple(events))


def plan_line(icb: str, provider: str) -> str:
    """Answer how a line of the commissioner's plan is named in budgets: its keys, one after the other, for the year."""
    return f"finance|{icb}|{provider}|||{terms()['year']}|contract_value"


def _contributions(lines: list[BudgetLine], icb: str) -> list[Event]:
    given = list(terms()["contribution"])
    given.append({"fund": CONTRACTS, "partner": icb, "sector": "nhs",
                  "pence": sum(one.pence for one in lines if one.fund == CONTRACTS)})  # fmt: skip
    given += [
        {"fund": one.fund, "partner": one.body, "sector": "nhs", "pence": one.pence}
        for one in lines if _fund(one.fund)["kind"] == "aligned"
    ]  # fmt: skip
    events = []
    for one in given:
        fund, partner = one["fund"], one["partner"]
        body = partner if _fund(fund)["kind"] == "aligned" else _fund(fund)["host"]
        said = {"fund": fund, "body": body, "party": partner, "sector": one["sector"]}
        events.append(Event("contribute", f"{fund}-{partner}", f"{months()[0]}-01", pence=one["pence"],
                            authority=f"A-{fund}-IN", words=f"Contribution of {partner}", **said))  # fmt: skip
        for number, month in enumerate(months()[: terms()["months"]]):
            part = one["pence"] // 12 + (one["pence"] % 12 if number == 0 else 0)
            events.append(Event("receive", f"{fund}-{partner}-{month}", f"{month}-01", pence=part, **said))
    return events


def contract_code(provider: str) -> str:
    """Answer the code of a provider's contract."""
    return f"{provider}-2627"


def _purchases() -> list[Event]:
    events = []
    for one in terms()["purchase"]:
        key = f"C-{one['key']}"
        said = {"fund": one["fund"], "body": one["body"], "line": one["key"], "party": one["party"], "commitment": key}
        events.append(Event("commit", key, f"{months()[0]}-01", pence=12 * one["month_pence"],
                            purpose=f"{one['name']} 2026/27", authority=f"A-{one['fund']}-OUT", **said))  # fmt: skip
        events += _paid(said, dict.fromkeys(months()[: terms()["months"]], one["month_pence"]))
    return events


def _paid(said: Mapping[str, str], by_month: Mapping[str, int]) -> list[Event]:
    """Answer an invoice for each month at its end, and its payment three weeks later; the last is not due yet."""
    events = []
    key = said["commitment"]
    every = list(by_month)
    for at, (month, pence) in enumerate(by_month.items()):
        if key == "C-HERTS-CARERS" and month == every[-1]:
            # Its invoice is late: accrued at the end of the month, and undone on the first of the next.
            after = months()[at + 1]
            events.append(Event("accrue", f"{key}-{month}-A", _last(month), pence=pence, **said))
            events.append(Event("unaccrue", f"{key}-{month}-A-reversed", f"{after}-01", pence=pence,
                                about=f"{key}-{month}-A", **said))  # fmt: skip
            continue
        events.append(Event("invoice", f"{key}-{month}", _last(month), pence=pence, **said))
        if at + 1 < len(every):
            events.append(Event("pay", f"{key}-{month}-P", f"{every[at + 1]}-21", pence=pence, **said))
    return events


def _changes(icb: str) -> list[Event]:
    """Answer a virement for the winter, an invoice that was wrong and undone, and a commitment let go."""
    winter = 2_500_000
    said = {"fund": CONTRACTS, "body": icb}
    wrong = {"fund": "HERTS-BCF", "body": "606", "line": "HERTS-CARERS", "party": "Carers Together",
             "commitment": "C-HERTS-CARERS"}  # fmt: skip
    short = {"fund": CONTRACTS, "body": icb, "line": RESERVE, "party": "Winter communications (simulated)",
             "commitment": "C-WINTER-WORDS"}  # fmt: skip
    return [
        Event("virement", "V-WINTER", "2026-09-14", line=RESERVE, pence=-winter, about="POT-RWH",
              authority=f"A-{CONTRACTS}-MOVE", words="Beds for the winter at RWH", **said),
        Event("invoice", "C-HERTS-CARERS-2026-06-again", "2026-07-06", pence=498_750, words="Sent twice", **wrong),
        Event("reverse", "C-HERTS-CARERS-2026-06-again-reversed", "2026-07-20", pence=498_750,
              about="C-HERTS-CARERS-2026-06-again", words="The invoice of June was posted a second time", **wrong),
        Event("commit", "C-WINTER-WORDS", "2026-08-03", pence=340_000, purpose="Leaflets for the winter 2026/27",
              authority=f"A-{CONTRACTS}-OUT", **short),
        Event("release", "C-WINTER-WORDS-R", "2026-10-12", pence=340_000, words="Printed by the council instead",
              **short),
    ]  # fmt: skip


def _fund(code: str) -> dict[str, Any]:
    return next(one for one in terms()["fund"] if one["code"] == code)


def _last(month: str) -> str:
    return f"{month}-{30 if month[5:] in ('04', '06', '09', '11') else 31}"


def authorities(pot: Pot) -> list[dict[str, Any]]:
    """Answer the leave that the year's events need, a little more than they use, and one that was given and revoked."""
    found = []
    for fund in terms()["fund"]:
        code = fund["code"]
        for suffix, act in (("IN", "contribution"), ("OUT", "commitment"), ("MOVE", "virement")):
            used = sum(abs(one.pence) for one in pot.events if one.fund == code and one.kind == _KINDS[act])
            if act == "commitment" and code == CONTRACTS:  # Contracts are bound when they are signed.
                used += sum(one.pence for one in pot.lines if one.plan_line)
            if used:
                limit = -(-used * 21 // 20 // 100_000) * 100_000
                found.append({"id": f"A-{code}-{suffix}", "acts": [act], "fund": code, "limit_pence": limit})
    found.append(
        {
            "id": "A-EARLY-CALL",
            "acts": ["risk_share"],
            "fund": "HERTS-BCF",
            "limit_pence": 5_000_000,
            "revoked_because": "Given before the agreement was read; the agreement calls on nobody this year",
        }
    )
    return [
        one | {"reference": DECISION, "reason": REASON, "valid_from": "2026-04-01", "valid_to": "2027-04-01"}
        for one in found
    ]


_KINDS = {"contribution": "contribute", "commitment": "commit", "virement": "virement"}


def pot_toml(pot: Pot, note: str) -> str:
    """Answer funds, authorities and budget lines as TOML."""
    texts = [f"# {note}\n"]
    for fund in terms()["fund"]:
        texts.append(_table("fund", fund | {"valid_from": "2026-04-01", "valid_to": "2027-04-01"}))
    texts += [_table("authority", one) for one in authorities(pot)]
    for line in pot.lines:
        said = {one.name: getattr(line, one.name) for one in fields(BudgetLine)}
        texts.append(_table("line", said | {"year": terms()["year"], "decision": DECISION}))
    return "\n".join(texts)


def events_csv(pot: Pot) -> str:
    """Answer the events as CSV, in the order in which they are posted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([one.name for one in fields(Event)])
    writer.writerows(astuple(one) for one in pot.events)
    return out.getvalue()


def _table(name: str, says: Mapping[str, Any]) -> str:
    return f"[[{name}]]\n" + "".join(f"{key} = {toml_value(value)}\n" for key, value in says.items())


def toml_value(value: Any) -> str:
    """Answer a text, whole number, boolean, day, list or table as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f'"{key}" = {toml_value(one)}' for key, one in value.items()) + " }"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
