"""The demo's planners and finance at work: what the partners returned is taken in through the rooms' public services.

Plans are handed in and compared, a table of weighted populations is kept, and the year of the single pot is posted,
each act under leave of the demo user whose work it is. Each step is done once; a second demo in the same folder does
none again. Nothing here reads what is hidden in the returns.
"""

from __future__ import annotations

import csv
import json
import shutil
import tomllib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joinedup import database

if TYPE_CHECKING:
    from joinedup.access import Grant
    from joinedup.money.contracts.contract import Contract

YEAR, YEAR_BEFORE = "2026/27", "2025/26"
SYSTEM = "QM7"
# What the accounts of every simulated partner are, by the end of their codes (simulation.partner_ledgers).
OWN_ACCOUNTS = {"15001": "balance", "18001": "balance", "31001": "balance", "41001": "income", "51001": "spend",
                "56001": "spend"}  # fmt: skip
CONTRIBUTIONS, SPEND = "4000", "5000"
# Simulated: the own affairs of bodies whose returns say nothing of them, in pence a month.
OWN_PLANS = {"QM7": (41_350_777, 41_350_777), "606": (41_350_777, 41_150_000), "620": (41_350_777, 41_100_000)}
# Simulated: whose Better Care Fund a fund is, by the board's code, and the least that the ICB puts in, in pence.
BOARDS = (("E10000015", "HERTS-BCF", 60_900_000), ("E10000012", "ESSEX-BCF", 16_750_000))
SIMULATED = "simulated: nobody published it"
# Simulated: the limit of joinedup's own parameter, at the scale of the returns.
POSITION_PARAMETERS = """# Simulated; nobody decided it.
[[parameter]]
id = "intra_system.abs_limit"
value = 31_250
unit = "pence"
valid_from = 2022-04-01
status = "adopted"
source = "simulated: five million pence at the scale of the demo's returns"
decided_by = "simulated system finance group"
"""
_TELL = Callable[[str], None]


def take_returns(system: str, residents: int, seed: int, tell: _TELL) -> dict[str, Any]:
    """Simulate the returns where that was not done, take them in, and answer what of it there is."""
    from django.db import transaction

    from joinedup.simulation.returns import write_returns

    folder = database.data_dir() / "demo-returns"
    if not folder.exists():
        unfinished = folder.with_name("demo-returns.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        write_returns(system, residents, seed, unfinished)
        unfinished.rename(folder)
    done: dict[str, Any] = {}
    for name, words, step in (
        ("plans", "Taking in plans, and comparing commissioner and providers ...", _plans),
        ("staff", "Taking in rosters of 56,000 people, and what beds and rooms there are ...", _staff),
        ("documents", "Writing the plans that the system owes ...", _documents),
        ("need", "Keeping the weighted populations ...", _need),
        ("pot", "Posting the year of the single pot ...", _pot),
        ("trial_balances", "Importing the partners' trial balances ...", _trial_balances),
        ("contracts", "Signing contracts, and settling their months by rule ...", _contracts),
        ("baselines", "Keeping what each place had before ...", _baselines),
        ("positions", "Saying what partners' own accounts are, and what bodies say of each other ...", _positions),
    ):
        marker = folder / "taken" / f"{name}.json"
        if not marker.exists():
            tell(words)
            with transaction.atomic():  # All of a step or nothing of it, and one wait for the disk.
                counts = step(folder)
            marker.parent.mkdir(exist_ok=True)
            marker.write_text(json.dumps(counts))
        done[name] = json.loads(marker.read_text())
    return done


def _plans(folder: Path) -> dict[str, int]:
    """Hand in every return as its body's plan, submit it, and compare each provider's with the commissioner's.

    The plans of the year before come first: what grows is held against them.
    """
    from joinedup.planning import services, system_parameters
    from joinedup.planning.plans.system_codes import codes_for

    decided = database.data_dir() / system_parameters.FILE
    decided.parent.mkdir(exist_ok=True)
    if not decided.exists():
        shutil.copyfile(folder / "planning-assumptions.toml", decided)
    counts = {"plans": 0, "lines": 0, "comparisons": 0, "to_settle": 0}
    for path in sorted((folder / "plans-of-the-year-before").iterdir()):
        owner = path.stem.rsplit("-", 1)[0]
        grant = _planner(owner)
        before = services.import_plan(
            grant, path, template="plan", owner=owner, codes=codes_for(YEAR_BEFORE), year=YEAR_BEFORE
        )
        services.submit(grant, before.pk)
    codes = codes_for(YEAR)
    versions: dict[str, int] = {}
    commissioner = ""
    for path in sorted((folder / "plans").iterdir()):
        owner, side = path.stem.rsplit("-", 1)
        grant = _planner(owner)
        kept = services.import_plan(grant, path, template="plan", owner=owner, codes=codes, year=YEAR)
        services.submit(grant, kept.pk)
        versions[owner] = kept.pk
        commissioner = owner if side == "commissioner" else commissioner
        counts["plans"] += 1
        counts["lines"] += kept.lines_count
    leave = _leave("planner", "planning.resolve")
    for owner, version in versions.items():
        if owner != commissioner:
            _, report = services.triangulate(leave, versions[commissioner], version)
            counts["comparisons"] += 1
            counts["to_settle"] += len(report.disagreements)
    return counts


def _documents(folder: Path) -> dict[str, int]:
    """Write what the system has of its development, transition and implementation plans, and send each."""
    from joinedup.planning.plans import signing

    said = tomllib.loads((folder / "documents.toml").read_text(encoding="utf-8"))
    leave = _leave("planner", "planning.submit")
    counts = {"documents": len(said), "sections": 0}
    for kind, sections in said.items():
        for key, one in sections.items():
            signing.write_document(
                leave, kind, SYSTEM, "section", key, text=one["text"].strip(), owner=one["owner"]
            )  # fmt: skip
            counts["sections"] += 1
        signing.write_document(leave, kind, SYSTEM, "sent", "final")
    return counts


def _planner(owner: str) -> Grant:
    """Answer leave to hand a body's plan in: of the demo's planner there, else of the job that collects returns."""
    from joinedup.access import User, service_grant
    from joinedup.errors import Refused
    from joinedup.planning.services import must_act_for

    for user in User.objects.filter(is_demo=True, email__startswith="planner").order_by("email"):
        grant = _leave_of(user, "planning.submit")
        try:
            must_act_for(grant, owner)
        except Refused:
            continue
        return grant
    return service_grant("demo", "hand in what a partner returned", "whoever runs this machine")


def _staff(folder: Path) -> dict[str, int]:
    """Take in everybody's rosters, by the job that collects returns, and each provider's capacity."""
    from joinedup.access import service_grant
    from joinedup.planning.capacity.as_kept import import_capacity
    from joinedup.planning.workforce.rosters_as_kept import import_rosters

    grant = service_grant("demo", "take in rosters and capacity", "whoever runs this machine")
    rosters = import_rosters(grant, _contents(folder / "workforce"))
    newest = max(one.month for one in rosters)
    capacity = import_capacity(grant, _contents(folder / "capacity"))
    return {
        "rosters": len(rosters),
        "people": sum(one.headcount for one in rosters if one.month == newest),
        "capacity_returns": len(capacity),
    }


def _contents(folder: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.csv"))]


def _need(folder: Path) -> dict[str, int]:
    """Keep the simulated table of weighted populations as that of the year."""
    from joinedup.money.allocation.kept_tables import import_table

    (table,) = sorted((folder / "allocation").glob("weighted-populations-*.csv"))
    done = import_table(table, _leave("finance_lead", "money.allocate"), YEAR)
    return {"practices": done.edition.practices, "systems": done.edition.systems}


def _baselines(folder: Path) -> dict[str, int]:
    """Keep what each place of the system had before the year: simulated, a pot by list size, slow to follow need."""
    from joinedup.money.allocation.kept_baselines import keep_baselines
    from joinedup.money.allocation.kept_tables import kept_table
    from joinedup.money.allocation.what_if import by_list_size

    table, _ = kept_table(YEAR, components=("core",), blank="zero")
    said = tomllib.loads((folder / "pot" / "pot.toml").read_text(encoding="utf-8"))
    (fund,) = [one for one in said["fund"] if one["kind"] == "single_pot"]
    pot = sum(line["pence"] for line in said["line"] if line["fund"] == fund["code"])
    path = folder / "allocation" / f"simulated-baselines-{YEAR.replace('/', '-')}.csv"
    rows = [f"{code},{pence}" for code, pence in sorted(by_list_size(table, fund["host"], pot).items())]
    path.write_text("\n".join(["code,pence", *rows, ""]))
    kept, _ = keep_baselines(_leave("finance_lead", "money.allocate"), path, YEAR)
    return {"places": len(kept.pence)}


def _pot(folder: Path) -> dict[str, int]:
    """Open the funds, give the authorities, set the lines, and post what happened, in its order."""
    from joinedup.moment import now
    from joinedup.money import Authority, BudgetLine, Fund, services

    said = tomllib.loads((folder / "pot" / "pot.toml").read_text(encoding="utf-8"))
    authorise, allocate = (_leave("finance_lead", name) for name in ("money.authorise", "money.allocate"))
    for fund in said["fund"]:
        services.make_fund(allocate, Fund(**_dated(fund)))
    for given in said["authority"]:
        one = _dated(given)
        revoked = one.pop("revoked_because", "")
        given_now = Authority(**one | {"acts": frozenset(one["acts"])}, given_by=authorise.actor_id)
        services.give_authority(authorise, given_now)
        if revoked:
            services.revoke_authority(authorise, given_now.id, now().valid_on, revoked)
    for line in said["line"]:
        one = dict(line)
        one["original_pence"] = one.pop("pence")
        decision = one.pop("decision")
        services.set_budget_line(allocate, BudgetLine(**one), decision=decision)
    leaves = {name: _leave("finance_lead", name) for name in ("money.allocate", "money.post", "money.pay")}
    events = 0
    with (folder / "pot" / "events.csv").open(encoding="utf-8", newline="") as file:
        for event in csv.DictReader(file):
            _post(leaves, event)
            events += 1
    return {
        "funds": len(said["fund"]), "authorities": len(said["authority"]), "budget_lines": len(said["line"]),
        "events": events,
    }  # fmt: skip


def _post(leaves: dict[str, Grant], event: dict[str, str]) -> None:
    from joinedup.money import Contribution, reverse, services
    from joinedup.money.pot import spending

    on, key, pence = date.fromisoformat(event["on"]), event["key"], int(event["pence"])
    post, allocate = leaves["money.post"], leaves["money.allocate"]
    match event["kind"]:
        case "contribute":
            put = Contribution(
                event["fund"], event["party"], event["sector"], pence, date(2026, 4, 1), date(2027, 4, 1)
            )
            services.contribute(
                allocate, put, authority_id=event["authority"], on=on, key=key, description=event["words"]
            )
        case "receive":
            services.receive(post, event["fund"], event["party"], pence, on=on, key=key)
        case "commit":
            spending.commit(
                post, pence, key=key, budget_line=event["line"], supplier=event["party"], purpose=event["purpose"],
                authority_id=event["authority"], on=on, contract=event["contract"], description=event["words"],
            )  # fmt: skip
        case "invoice":
            spending.invoice(post, event["commitment"], pence, key=key, on=on, description=event["words"])
        case "accrue":
            spending.accrue(post, event["commitment"], pence, key=key, on=on)
        case "unaccrue":
            spending.reverse_accruals(post, event["fund"], on)
        case "pay":
            spending.pay(leaves["money.pay"], event["commitment"], pence, key=key, on=on)
        case "release":
            spending.release(post, event["commitment"], key=key, on=on, reason=event["words"])
        case "reverse":
            reverse(post, event["about"], on, event["words"])
        case "virement":
            moves = {event["line"]: pence, event["about"]: -pence}
            services.virement(allocate, moves, authority_id=event["authority"], on=on, reason=event["words"], key=key)
        case other:
            raise AssertionError(f"the simulation knows an event that the demo does not: {other}")


def _trial_balances(folder: Path) -> dict[str, int]:
    """Say which of each partner's accounts are the pot's, and import its months."""
    from joinedup.money import PartnerAccount, import_trial_balance
    from joinedup.money.ledger.importing_trial_balances import name_accounts

    grant = _leave("finance_lead", "money.post")
    counts = {"trial_balances": 0, "accounts": 0, "differences": 0}
    for path in sorted((folder / "finance" / "account-names").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            name_accounts(grant, path.stem, [PartnerAccount(**row) for row in csv.DictReader(file)])
    for path in sorted((folder / "finance" / "trial-balances").glob("*.csv")):
        body, month = path.stem.split("-", 1)
        done = import_trial_balance(grant, body, date.fromisoformat(f"{month}-01"), path.name, path.read_bytes())
        counts["trial_balances"] += 1
        counts["accounts"] += done.accounts
        counts["differences"] += len(done.reconciliation.differences)
    return counts


def _contracts(folder: Path) -> dict[str, int]:
    """Make, publish and sign the contracts, bind their money, and settle what is over of the year by rule.

    The year up to October is closed first: what the partners' trial balances are compared with stays as it was, and
    the settlements are posted on the first open day.
    """
    from django.db import transaction

    from joinedup.errors import JoinedupError
    from joinedup.money import services
    from joinedup.money.contracts import contracting
    from joinedup.money.payment.paying import settle_month

    decided = database.data_dir() / "decisions"
    decided.mkdir(exist_ok=True)
    for file in (folder / "decisions").iterdir():
        if not (decided / file.name).exists():
            shutil.copyfile(file, decided / file.name)
    contract, post, pay = (_leave("finance_lead", f"money.{name}") for name in ("contract", "post", "pay"))
    said = tomllib.loads((folder / "contracts" / "contracts.toml").read_text(encoding="utf-8"))["contract"]
    counts = {"contracts": len(said), "statements": 0, "unsettled": 0}
    for one in said:
        contracting.make_contract(contract, _contract_of(one), reason="The contract of the simulated year")
        later = {kind: day for kind, day in one["notices"].items() if day > one["signed"]}
        for kind, day in one["notices"].items():
            if kind not in later:
                contracting.publish_notice(contract, one["code"], kind, date.fromisoformat(day), one["award_reason"])
        contracting.sign_contract(contract, one["code"], date.fromisoformat(one["signed"]))
        for kind, day in later.items():
            contracting.publish_notice(contract, one["code"], kind, date.fromisoformat(day), one["award_reason"])
        for metric in one["metric"]:
            if metric["achieved"]:
                value = Decimal(metric["achieved"])
                contracting.write_achieved(contract, one["code"], metric["name"], date(2026, 4, 1), value)
        contracting.bind_money(
            post, one["code"], one["values"][YEAR], budget_line=one["budget_line"], authority_id="A-HWE-POT-OUT",
            on=date(2026, 4, 1),
        )  # fmt: skip
    services.close_period(post, "HWE-POT", date(2026, 11, 1), "The month of October is closed")
    for one in said:
        for month in range(4, 11):
            try:
                with transaction.atomic():
                    done = settle_month(pay, one["code"], date(2026, month, 1))
            except JoinedupError:
                # Where the demo is small or nothing was measured there is no activity to pay by; its page says so.
                counts["unsettled"] += 1
                break
            counts["statements"] += done.is_new
    return counts


def _positions(folder: Path) -> dict[str, int]:
    """Say what each partner's own accounts are, whose Better Care Funds there are, and what bodies say of each other.

    What partners put into the pot is money that moves between them: it does not count for the control total. What a
    host spends of pooled money does not either; its own spend is made up with it. A host's own plan is made up here.
    """
    from joinedup.money import OwnAccount, import_balances_between, name_board_fund, name_own_accounts
    from joinedup.money.pot.better_care_fund_as_kept import BoardTerms
    from joinedup.planning import PlanLine, PlanVersion, months_of, services

    decided = database.data_dir() / "decisions" / "position_parameters.toml"
    decided.parent.mkdir(exist_ok=True)
    if not decided.exists():
        decided.write_text(POSITION_PARAMETERS)
    post, allocate = _leave("finance_lead", "money.post"), _leave("finance_lead", "money.allocate")
    for body, (income, spend) in OWN_PLANS.items():
        lines = tuple(
            PlanLine("finance", "", body, "", "", month, measure, "pence", pence)
            for month in months_of(YEAR)
            for measure, pence in (("income", income), ("spend", spend))
        )
        grant = _planner(body)
        services.submit(grant, services.store_plan(grant, PlanVersion(body, "provider", YEAR, 1, lines)).pk)
    counts = {"own_accounts": 0, "boards": 0, "between_bodies": 0}
    said_of_pot = tomllib.loads((folder / "pot" / "pot.toml").read_text(encoding="utf-8"))
    pooled = {one["code"] for one in said_of_pot["fund"] if one["kind"] != "aligned"}
    for path in sorted((folder / "finance" / "account-names").glob("*.csv")):
        body = path.stem
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        pots = [
            row["partner_account"]
            for row in rows
            if row["account"] == CONTRIBUTIONS or (row["account"] == SPEND and row["fund"] in pooled)
        ]
        said = [OwnAccount(f"{body}-{end}", kind) for end, kind in OWN_ACCOUNTS.items()]
        said += [OwnAccount(code, "adjustment") for code in pots]
        counts["own_accounts"] += name_own_accounts(post, body, said)
    for board, fund, least in BOARDS:
        name_board_fund(allocate, BoardTerms(board, YEAR, fund, least, None, 0, SIMULATED))
        counts["boards"] += 1
    path = folder / "finance" / "balances-between-bodies.csv"
    counts["between_bodies"] = import_balances_between(post, path.name, path.read_bytes())
    return counts


def _contract_of(said: dict[str, Any]) -> Contract:
    from joinedup.money.contracts.contract import Contract, PaidPart, ScheduledMetric

    parts = tuple(
        PaidPart(one["name"], one["kind"], tuple(one["pods"]), tuple(one["pence"].items())) for one in said["part"]
    )
    metrics = tuple(
        ScheduledMetric(one["name"], *(Decimal(one[name]) for name in ("weight", "floor", "ceiling")))
        for one in said["metric"]
    )
    return Contract(
        said["code"], said["title"], said["commissioner"], said["provider"], said["provider_kind"],
        date.fromisoformat(said["starts"]), date.fromisoformat(said["ends"]), tuple(said["services"]),
        tuple(said["values"].items()), parts, said["award"], said["award_reason"], mff=Decimal(said["mff"]),
        has_mff_in_extract=said["has_mff_in_extract"], quality_share=Decimal(said["quality_share"]), metrics=metrics,
        specification=tuple(said["specification"].items()), standards=tuple(said["standards"].items()),
    )  # fmt: skip


def _leave(role: str, permission: str) -> Grant:
    from joinedup.access import User

    return _leave_of(User.objects.get(is_demo=True, email=f"{role}@demo.invalid"), permission)


def _leave_of(user: Any, permission: str) -> Grant:
    from joinedup.access import grant_for

    return grant_for(user, permission)


def _dated(says: dict[str, Any]) -> dict[str, Any]:
    days = {name: date.fromisoformat(says[name]) for name in ("valid_from", "valid_to")}
    return says | days
