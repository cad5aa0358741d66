"""Contracts of the simulated providers, how each was awarded, and the price list that the extracts are priced at."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from joinedup.simulation.emergency import BIRTH, ILLNESSES, PLANNED, SPECIALTIES, URGENT_CARE_GROUPS
from joinedup.simulation.plan_rows import Catchment
from joinedup.simulation.pot import contract_code, toml_value
from joinedup.simulation.services import TEAMS

STARTS, SIGNED, ENDS, YEARS = "2026-04-01", "2026-03-27", "2028-04-01", ("2026/27", "2027/28")
PLANNED_CARE, REST = ("DC", "EL", "OPFA"), ("AE1", "MAT", "NEL", "NELS", "OPFU")
PLANNED_SHARE: Final = 22  # hundredths of an acute contract that are paid by activity, as its funded level
# Which process awarded it, and what was published when; the dates are made up.
AWARDS: Final[Mapping[str, tuple[str, str, dict[str, str]]]] = {
    "RWG": ("direct_award_a", "Emergency care of the area can be given by no other hospital.",
            {"award": "2026-04-14"}),
    "RWH": ("direct_award_a", "Emergency care of the area can be given by no other hospital.",
            {"award": "2026-04-14"}),
    "RQW": ("direct_award_a", "Emergency care of the area can be given by no other hospital.",
            {"award": "2026-04-16"}),
    "RWR": ("direct_award_c", "The provider does well and is likely to go on so.",
            {"intention": "2026-02-03", "award": "2026-04-10"}),
    "RY4": ("most_suitable_provider", "Integrated with the council's reablement; no other offers both.",
            {"approach": "2025-11-18", "intention": "2026-01-20", "award": "2026-04-08"}),
    "RYX": ("competitive", "Best offer of three, by quality, value, access and social value.",
            {"invitation": "2025-10-07", "intention": "2026-01-27", "award": "2026-04-09"}),
    "R1L": ("direct_award_c", "The provider does well and is likely to go on so.",
            {"intention": "2026-02-05", "award": "2026-04-11"}),
}  # fmt: skip
# A measure, its weight, where earning begins and where all is earned, and what was achieved so far ("": nobody says).
QUALITY: Final = {
    "acute": (("ae-4h", "0.4", "70", "78", "74.2"), ("rtt-18", "0.4", "60", "67", "63.1"),
              ("diagnostics-6", "0.2", "80", "90", "")),
    "community": (("urgent-response-2h", "0.6", "70", "85", "81.5"), ("care-plan", "0.4", "75", "95", "88")),
    "mental_health": (("access-4-weeks", "0.5", "60", "80", "71.9"), ("recovery", "0.5", "45", "52", "50.3")),
}  # fmt: skip
STANDARDS: Final = {"acute": {"rtt_18_weeks": "92", "emergency_4_hours": "95"}}
PODS: Final = {"community": ("COM",), "mental_health": ("MHC",)}
SERVICES: Final = {
    "acute": "Emergency, planned, outpatient and maternity care", "community": "Community health services",
    "mental_health": "Mental health and learning disability services",
}  # fmt: skip


def contracts_toml(every: list[Catchment], values: Mapping[str, Mapping[str, int]], icb: str, note: str) -> str:
    """Answer the contracts as TOML: value and parts by year in pence, award, notices, quality, specification."""
    texts = [f"# {note}\n"]
    for one in every:
        this_year = sum(values[one.ods].values())
        # Prices rise by 2.15 per cent, the uplift of a made-up year.
        by_year = dict(zip(YEARS, (this_year, (this_year * 10_215 + 5_000) // 10_000), strict=True))
        process, reason, notices = AWARDS[one.ods]
        main = "acute" if "acute" in one.settings else one.settings[0]
        texts.append(_table("contract", {
            "code": contract_code(one.ods), "title": f"{SERVICES[main]}: {one.name}", "commissioner": icb,
            "provider": one.ods, "provider_kind": "nhs", "starts": STARTS, "ends": ENDS, "signed": SIGNED,
            "services": [SERVICES[setting] for setting in one.settings], "values": by_year, "award": process,
            "award_reason": reason, "notices": notices, "has_mff_in_extract": True, "mff": "1.0712",
            "quality_share": "0.0125", "budget_line": f"POT-{one.ods}",
            "standards": STANDARDS.get(main, {}),
            "specification": {
                "needs": "The people of its catchment, as the plan counts them.",
                "outcomes": "Shorter waits, fewer stays that could be avoided, the same for every neighbourhood.",
                "scope": "Everybody registered with or living in the system; urgent care for everybody.",
                "standards": "National standards, and those of the quality schedule.",
                "location": "The provider's sites in the system, people's homes, and by video.",
            },
        }))  # fmt: skip
        for part in _parts(main, one, by_year):
            texts.append(_table("contract.part", part))
        for name, weight, floor, ceiling, achieved in QUALITY[main]:
            said = {"name": name, "weight": weight, "floor": floor, "ceiling": ceiling, "achieved": achieved}
            texts.append(_table("contract.metric", said))
    return "\n".join(texts)


def _parts(main: str, one: Catchment, by_year: Mapping[str, int]) -> list[dict[str, Any]]:
    if main != "acute":
        pods = [pod for setting in one.settings for pod in PODS[setting]]
        return [{"name": "Block", "kind": "fixed", "pods": pods, "pence": dict(by_year)}]
    planned = {year: whole * PLANNED_SHARE // 100 for year, whole in by_year.items()}
    rest = {year: whole - planned[year] for year, whole in by_year.items()}
    return [
        {"name": "Planned care", "kind": "elective", "pods": list(PLANNED_CARE), "pence": planned},
        {"name": "Urgent, maternity and follow-up care", "kind": "fixed", "pods": list(REST), "pence": rest},
    ]


def decisions() -> dict[str, str]:
    """Answer, by the name of its file, what the simulated system decided about payment in its year.

    No national scheme of the year was at hand; and the limit below which a contract is paid without counting is for
    whole systems, while these contracts are for 10,000 residents.
    """
    scheme = {
        "id": "SIM-2627", "kind": "elective", "title": "Simulated system: planned care paid by activity, 2026/27",
        "valid_from": date(2026, 4, 1), "valid_to": date(2027, 4, 1), "status": "adopted",
        "plan": "none: all of it varies with activity", "over": [{"rate": "1.00"}], "under": [{"rate": "1.00"}],
        "is_capped": True, "source": "simulated, as the national scheme of 2025/26", "to_confirm": [],
        "decided_by": "simulated system finance group",
    }  # fmt: skip
    limit = {
        "id": "low_volume.limit", "value": 900_000, "unit": "pence of expected value a year",
        "valid_from": date(2026, 4, 1), "valid_to": date(2027, 4, 1), "status": "adopted",
        "source": "simulated: the national limit of 2025/26, at the scale of 10,000 residents",
        "decided_by": "simulated system finance group",
    }  # fmt: skip
    return {
        "payment_schemes.toml": _table("scheme", scheme), "payment_parameters.toml": _table("parameter", limit),
    }  # fmt: skip


def price_list_csv() -> str:
    """Answer the prices by currency: HRGs, outpatient attendances by specialty, contacts by team; whole pence.

    A stay is priced by its nights and diagnoses around this, as the extracts carry it; the market forces factor is in.
    """
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for illness in ILLNESSES.values():
        found.setdefault(("HRG", illness.hrg), (illness.concept.display, illness.pence))
    for planned in PLANNED.values():
        found.setdefault(("HRG", planned.hrg), (planned.text, planned.pence))
    for way, (_, _, _, hrg, pence, _) in BIRTH.items():
        found.setdefault(("HRG", hrg), (f"Birth, {way}", pence))
    for hrg, text, pence in URGENT_CARE_GROUPS:
        found.setdefault(("HRG", hrg), (text, pence))
    for code, text in SPECIALTIES.items():
        for attendance, pence in (("first", 17_800), ("follow-up", 10_400)):
            found["outpatient", f"{code} {attendance}"] = (f"{text}, {attendance}", pence + 37 * int(code) % 4000)
    for team in TEAMS.values():
        found["contact", team.key] = (team.text, team.pence)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["kind", "currency", "name", "pence", "valid_from"])
    for (kind, currency), (text, pence) in sorted(found.items()):
        writer.writerow([kind, currency, text, pence, STARTS])
    return out.getvalue()


def _table(name: str, says: Mapping[str, Any]) -> str:
    return f"[[{name}]]\n" + "".join(f"{key} = {toml_value(value)}\n" for key, value in says.items())
