"""A made-up snapshot, written directly: every table of `tables.TABLES`, for tests and benchmarks. Nobody in it is real.

    folder = make(Path("somewhere"), residents=5000, seed=1)
    snapshot = open_snapshot(folder)

Three places with two neighbourhoods each and `practices` practices in the system QM7; three years of events up to
`day`, with the codes that the simulated feeds use. What is put in on purpose, so that it can be found again:

- hypertension, diabetes, COPD and depression are commoner where deprived, and with age;
- emergency department attendances rise by half in the last ten months (`RISE`);
- the first practice has three times the emergency admissions of the others;
- every hundredth person has no ethnic category, every two hundredth no small area;
- with `council`, one adult in twelve has a service of the council's social care, most with their employment known;
- with `merger`, the places PA and PB became PD 18 months before the end.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from joinedup.population.tables import TABLES

SYSTEM = "QM7"
RISE = 10
BLOCK = 50_000
LETTERS = np.array(list("ABCDEFGHJKLMNPRSZ"))
SHARES = np.array([62, 1, 9, 1.5, 1, 1, 1.5, 6, 3, 1.5, 2.5, 1.5, 4, 1, 1, 1.5, 1.0])
GROUPS = dict(
    zip(
        "ABCDEFGHJKLMNPRSZ",
        ["White"] * 3 + ["Mixed"] * 4 + ["Asian"] * 4 + ["Black"] * 3 + ["Other"] * 2 + ["Unknown"],
        strict=True,
    )
)
# code, share at 20 years, more of it at 80, how much commoner in the most deprived tenth
CONDITIONS = (
    ("38341003", 0.01, 0.50, 1.4),
    ("44054006", 0.01, 0.18, 2.0),
    ("195967001", 0.08, 0.02, 1.3),
    ("13645005", 0.0, 0.08, 2.6),
    ("53741008", 0.0, 0.15, 1.5),
    ("84114007", 0.0, 0.06, 1.4),
    ("49436004", 0.0, 0.14, 1.0),
    ("230690007", 0.0, 0.07, 1.3),
    ("399957001", 0.0, 0.03, 1.8),
    ("433144002", 0.0, 0.20, 1.2),
    ("35489007", 0.12, 0.0, 1.6),
    ("58214004", 0.008, 0.0, 2.4),
    ("52448006", 0.0, 0.10, 1.1),
    ("84757009", 0.008, 0.002, 1.4),
    ("110359009", 0.006, 0.0, 1.6),
    ("254837009", 0.001, 0.04, 0.9),
    ("69896004", 0.003, 0.01, 1.0),
    ("64859006", 0.0, 0.09, 1.0),
    ("414916001", 0.10, 0.08, 1.7),
    ("714628002", 0.01, 0.10, 1.5),
    ("46635009", 0.004, 0.0, 1.0),
    ("197480006", 0.09, 0.0, 1.3),
    ("396275006", 0.01, 0.25, 1.1),
    ("15188001", 0.01, 0.30, 1.0),
)
DRUGS = ("372567009", "386864001", "372897005", "387467008", "386847004", "372733002", "387517004")
VACCINES = (("46233009", "822851000000102"), ("333598008", "12866006"), ("61153008", "38598009"))
ICD = ("J189", "J441", "I500", "N390", "E119", "I219", "W19X", "R074", "S720", "J459")


def make(
    folder: Path,
    residents: int = 5_000,
    seed: int = 1,
    *,
    practices: int = 12,
    day: date = date(2026, 10, 31),
    merger: bool = False,
    simulated: bool = True,
    council: bool = False,
) -> Path:
    """Write a snapshot into a new folder below `folder` and answer it; the same arguments give the same bytes."""
    rng = np.random.default_rng([seed, residents, practices])
    root = (
        folder / f"{day.isoformat()}-made{residents}x{practices}x{seed}{'m' if merger else ''}{'c' if council else ''}"
    )
    if (root / "manifest.json").exists():
        return root
    (root / "tables").mkdir(parents=True, mode=0o700)
    areas = _areas(practices, day, merger)
    for name, columns in areas.items():
        _write(root, name, "all", columns)
    lsoas = areas["small_area"]["lsoa11"]
    for block, first in enumerate(range(0, residents, BLOCK)):
        people = _people(rng, min(BLOCK, residents - first), practices, areas, day, simulated)
        for name, columns in _facts(rng, people, day, len(lsoas), council).items():
            _write(root, name, f"{block:03d}", columns)
    for name in TABLES:
        if not (root / "tables" / name).exists():
            _write(root, name, "none", {column: [] for column in TABLES[name].names})
    _write_manifest(root, day, simulated, council)
    return root


def _areas(practices: int, day: date, merger: bool) -> dict[str, Any]:
    hoods = [f"N{place}{n}" for place in "ABC" for n in (1, 2)]
    codes = [f"Y{n + 1:05d}" for n in range(practices)]
    merged = date(day.year - 2 if day.month < 7 else day.year - 1, (day.month + 5) % 12 + 1, 1)
    began = date(2010, 4, 1)

    def spells(place: str) -> list[tuple[str, date, date | None]]:
        if merger and place in "AB":
            return [(f"P{place}", began, merged), ("PD", merged, None)]
        return [(f"P{place}", began, None)]

    practice_area: dict[str, list[Any]] = {name: [] for name in TABLES["practice_area"].names}
    for n, code in enumerate(codes):
        hood = hoods[n % len(hoods)]
        for place, starts, ends in spells(hood[1]):
            _add(practice_area, practice=code, neighbourhood=hood, place=place, system=SYSTEM, starts=starts, ends=ends)
    small_area: dict[str, list[Any]] = {name: [] for name in TABLES["small_area"].names}
    many = 60
    for n in range(many):
        hood = hoods[n % len(hoods)]
        rank = 300 + n * 540
        for place, starts, ends in spells(hood[1]):
            _add(
                small_area,
                lsoa11=f"MADE-{n:03d}",
                neighbourhood=hood,
                place=place,
                system=SYSTEM,
                imd_rank=rank,
                imd_decile=min(10, rank * 10 // 32844 + 1),
                deprivation_national=min(5, rank * 5 // 32844 + 1),
                deprivation_local=n * 5 // many + 1,
                population=1500,
                starts=starts,
                ends=ends,
            )
    area: dict[str, list[Any]] = {name: [] for name in TABLES["area"].names}
    _add(area, code=SYSTEM, kind="system", name="Made-up system", part_of=None, starts=began, ends=None, became=None)
    for place in "ABC":
        gone = merger and place in "AB"
        _add(
            area,
            code=f"P{place}",
            kind="place",
            name=f"Place {place}",
            part_of=SYSTEM,
            starts=began,
            ends=merged if gone else None,
            became="PD" if gone else None,
        )
    if merger:
        _add(area, code="PD", kind="place", name="Place D", part_of=SYSTEM, starts=merged, ends=None, became=None)
    for hood in hoods:
        for place, starts, ends in spells(hood[1]):
            _add(
                area,
                code=hood,
                kind="neighbourhood",
                name=f"Neighbourhood {hood[1:]}",
                part_of=place,
                starts=starts,
                ends=ends,
                became=None,
            )
    for n, code in enumerate(codes):
        _add(
            area,
            code=code,
            kind="practice",
            name=f"Practice {n + 1}",
            part_of=hoods[n % len(hoods)],
            starts=began,
            ends=None,
            became=None,
        )
    return {"practice_area": practice_area, "small_area": small_area, "area": area}


def _people(rng: Any, many: int, practices: int, areas: Any, day: date, simulated: bool) -> dict[str, Any]:
    raw = rng.bytes(16 * many).hex()
    person = np.array([raw[at : at + 32] for at in range(0, 32 * many, 32)])
    age = np.clip(rng.normal(41, 24, many).astype(int), 0, 99)
    age = np.where(age == 0, rng.integers(0, 30, many), age)
    born_month = (day.year * 12 + day.month - 1) - age * 12 - rng.integers(0, 12, many)
    codes = np.unique(areas["small_area"]["lsoa11"])
    home = rng.integers(0, len(codes), many)
    decile = np.array([min(10, (300 + n * 540) * 10 // 32844 + 1) for n in range(len(codes))])[home]
    practice = home % 6 + 6 * rng.integers(0, max(practices // 6, 1), many)
    practice = np.where(practice < practices, practice, practice % practices)
    letter = rng.choice(LETTERS, many, p=SHARES / SHARES.sum())
    no_letter = np.arange(many) % 100 == 7
    no_home = np.arange(many) % 200 == 9
    old = np.clip(age - 60, 0, None)
    dies = rng.random(many) < 0.004 + 0.03 * old / 10
    death_ago = np.where(dies, rng.integers(0, 36, many), -1)
    household = rng.integers(0, max(many // 2, 1), many)
    return {
        "person": person,
        "age": age,
        "born": born_month,
        "sex": rng.choice(["female", "male"], many, p=[0.51, 0.49]),
        "letter": np.where(no_letter, None, letter),
        "home": home,
        "lsoa": np.where(no_home, None, codes[home]),
        "decile": decile,
        "no_home": no_home,
        "practice": practice,
        "death_ago": death_ago,
        "household": household,
        "simulated": simulated,
        "codes": codes,
        "day": day,
        "areas": areas,
    }


def _facts(rng: Any, p: Mapping[str, Any], day: date, _lsoas: int, council: bool) -> dict[str, Mapping[str, Any]]:
    many = len(p["person"])
    this_month = day.year * 12 + day.month - 1
    death_month = np.where(p["death_ago"] >= 0, this_month - p["death_ago"], -1)
    alive_days = np.where(p["death_ago"] >= 0, p["death_ago"] * 30 + 15, 0)  # no events so many days before the end
    out: dict[str, Mapping[str, Any]] = {}
    home_of = dict(
        zip(
            p["areas"]["small_area"]["lsoa11"],
            zip(
                p["areas"]["small_area"]["deprivation_national"],
                p["areas"]["small_area"]["deprivation_local"],
                strict=True,
            ),
            strict=True,
        )
    )
    national = np.array([home_of[code][0] for code in p["codes"]])[p["home"]]
    local = np.array([home_of[code][1] for code in p["codes"]])[p["home"]]
    practice = np.array([f"Y{n + 1:05d}" for n in range(p["practice"].max() + 1)])[p["practice"]]
    known = np.array([GROUPS[one] if one else "Unknown" for one in p["letter"]])
    dead = death_month >= 0
    sizes = np.bincount(p["household"], minlength=p["household"].max() + 1)
    months = _month_texts(death_month)
    hidden = p["no_home"]
    out["person"] = {
        "person": p["person"],
        "birth_month": _month_texts(p["born"]),
        "age": np.minimum(p["age"], 90),
        "sex": p["sex"],
        "ethnic_category": p["letter"],
        "ethnic_group": known,
        "lsoa11": p["lsoa"],
        "imd_decile": np.where(hidden, None, p["decile"]),
        "deprivation_national": np.where(hidden, None, national),
        "deprivation_local": np.where(hidden, None, local),
        "practice": np.where(dead, None, practice),
        "household": [f"{n:016x}" for n in p["household"]],
        "household_size": sizes[p["household"]],
        "death_month": months,
        "is_simulated": np.full(many, p["simulated"]),
    }
    joined = (date(2023, 1, 1) - date(1970, 1, 1)).days - rng.integers(0, 9_000, many)
    born_day = np.array([(date(int(b) // 12, int(b) % 12 + 1, 1) - date(1970, 1, 1)).days for b in p["born"]])
    joined = np.maximum(joined, born_day)
    end = (day - date(1970, 1, 1)).days
    left = np.where(dead, end - alive_days, -1)
    out["registration"] = {
        "person": p["person"],
        "practice": practice,
        "starts": _days(joined),
        "ends": _days(left),
    }
    out["residence"] = {
        "person": p["person"][~hidden],
        "lsoa11": p["lsoa"][~hidden],
        "starts": _days(joined[~hidden]),
        "ends": _days(left[~hidden]),
    }
    out["pop_patient"] = {
        **_base(p, np.arange(many), "gp", "a"),
        "sex": p["sex"],
        "birth_month": _month_texts(p["born"]),
        "age": np.minimum(p["age"], 90),
        "ethnic_category": p["letter"],
        "lsoa11": p["lsoa"],
        "practice": practice,
        "death_month": months,
        "is_active": np.full(many, True),
    }
    gone = np.flatnonzero(dead)
    out["pop_death"] = {
        **_base(p, gone, "register", "d"),
        "death_month": [months[n] for n in gone],
        "cause": rng.choice(["I25", "C34", "J44", "F03", "I63"], len(gone)),
        "place": rng.choice(["H", "O", "C", "P"], len(gone), p=[0.45, 0.28, 0.22, 0.05]),
    }
    # Draws of their own, so that those of everything else stay as they are.
    own = rng.spawn(1)[0]
    helped = np.flatnonzero((p["age"] > 17) & (own.random(many) < (0.08 if council else 0)))
    helped_on = np.maximum(joined[helped], end - own.integers(60, 1500, len(helped)))
    known = own.random(len(helped)) < 0.6
    spells = {
        "registration": {**_base(p, np.arange(many), "gp", "r"), "starts": _days(joined), "ends": _days(left)},
        "social care": {**_base(p, helped, "asc-cld", "s"), "starts": _days(helped_on), "ends": _days(left[helped])},
    }
    kinds = np.repeat(list(spells), [many, len(helped)])
    whose = np.concatenate([np.arange(many), helped])
    out["pop_registration"] = {
        **{
            name: _joined([one[name] for one in spells.values()])
            for name in ("person", "feed", "key", "starts", "ends")
        },
        "kind": kinds,
        "kind_text": [None] * len(whose),
        "status": np.where(dead[whose], "finished", "active"),
        "organisation": np.where(kinds == "registration", np.asarray(practice)[whose], "504"),
    }

    who: list[Any] = []
    codes: list[Any] = []
    fraction = np.clip(p["age"] - 20, 0, 65) / 60
    for code, base, slope, poor in CONDITIONS:
        odds = (base * (p["age"] > 15) + slope * fraction**2) * (poor ** ((10 - p["decile"]) / 9)) / np.sqrt(poor)
        sick = np.flatnonzero(rng.random(many) < odds)
        who.append(sick)
        codes.append(np.full(len(sick), code))
    at = np.concatenate(who)
    ago = alive_days[at] + (rng.random(len(at)) ** 1.5 * 4_000).astype(int)
    on = np.maximum(end - ago, born_day[at])
    ill = np.isin(np.arange(many), at)
    out["pop_condition"] = {
        **_base(p, at, "gp", "c"),
        "system": np.full(len(at), "snomed"),
        "code": np.concatenate(codes),
        "position": np.zeros(len(at), int),
        "on": _days(on),
        "on_precision": np.full(len(at), "day"),
        "recorded": _days(on),
        "abated": _days(np.where(rng.random(len(at)) < 0.03, on + 400, -1)),
        "status": np.full(len(at), "active"),
        "category": np.full(len(at), "problem-list-item"),
        "encounter": [None] * len(at),
    }

    def events(rate: Any, *, years: float = 3.0) -> tuple[Any, Any]:
        counts = rng.poisson(np.broadcast_to(rate, (many,)))
        index = np.repeat(np.arange(many), counts)
        back = (rng.random(len(index)) * years * 365.25).astype(int)
        kept = (back >= alive_days[index]) & (end - back >= born_day[index])
        return index[kept], end - back[kept]

    parts = []
    bp, bp_on = events(1.2 + 3.0 * ill)
    for code, middle, spread in (("271649006", 134, 17), ("271650006", 80, 10)):
        parts.append(("gp", bp, bp_on, code, "75367002", rng.normal(middle, spread, len(bp)).round(), "mm[Hg]", None))
    for code, rate, middle, spread, unit in (
        ("60621009", 1.2, 27.5, 5.2, "kg/m2"),
        ("999791000000106", 0.6 * ill, 50, 15, "mmol/mol"),
        ("1011481000000105", 0.8 * ill, 72, 19, "mL/min/{1.73_m2}"),
        ("1005671000000105", 0.5, 5.1, 1.1, "mmol/L"),
        ("720433000", 0.25, 9, 5, "{score}"),
        ("763264000", 0.5 * (p["age"] > 64), 4, 1.6, "{score}"),
    ):
        index, seen = events(rate)
        values = np.maximum(rng.normal(middle, spread, len(index)), 1).round(1)
        parts.append(("gp", index, seen, code, None, values, unit, None))
    index, seen = events(1.0 * (p["age"] > 14))
    smokes = np.array(["266919005", "77176002", "8517006"])
    parts.append(
        ("gp", index, seen, "365981007", None, None, None, rng.choice(smokes, len(index), p=[0.6, 0.15, 0.25]))
    )
    index, seen = events(0.06)
    parts.append(
        ("voluntary", index, seen, "swemwbs", None, rng.integers(12, 35, len(index)).astype(float), None, None)
    )
    parts.append(("asc-cld", helped[known], helped_on[known], "employment", None, None, None, None))
    out["pop_observation"] = _observations(p, parts)

    index, on = events(1.0 + 5.0 * ill)
    out["pop_medication"] = {
        **_base(p, index, "gp", "m"),
        "kind": np.full(len(index), "request"),
        "system": np.full(len(index), "snomed"),
        "code": rng.choice(DRUGS, len(index)),
        "on": _days(on),
        "on_precision": np.full(len(index), "day"),
        "ends": [None] * len(index),
        "status": np.full(len(index), "active"),
    }
    index, on = events(0.5 + 1.2 * (p["age"] > 64))
    which = np.where(p["age"][index] < 18, 2, (rng.random(len(index)) < 0.1).astype(int))
    out["pop_immunisation"] = {
        **_base(p, index, "gp", "i"),
        "system": np.full(len(index), "snomed"),
        "code": np.array([v[0] for v in VACCINES])[which],
        "procedure": np.array([v[1] for v in VACCINES])[which],
        "on": _days(on),
        "on_precision": np.full(len(index), "day"),
        "dose": np.ones(len(index), int),
        "status": np.full(len(index), "completed"),
    }

    deprived = 1 + 0.8 * (10 - p["decile"]) / 9
    busy = np.where(p["practice"] == 0, 3.0, 1.0)
    stays, stay_on = events(0.18 * deprived * busy * (1 + 2 * (p["age"] > 70)))
    plans, plan_on = events(0.15)
    visits, visit_on = events(0.7 * deprived)
    late = visit_on > end - RISE * 30
    more = rng.random(len(visits)) < 0.5
    visits, visit_on = np.concatenate([visits, visits[late & more]]), np.concatenate([visit_on, visit_on[late & more]])
    seen_gp, gp_on = events(9.0)
    team, team_on = events(0.5 * (1 + 3 * (p["age"] > 74)))
    mind, mind_on = events(0.35)
    blocks = [
        ("sus-apc", stays, stay_on, "IMP", "spell", "21", "300"),
        ("sus-apc", plans, plan_on, "IMP", "spell", "11", "110"),
        ("ecds", visits, visit_on, "EMER", "emergency", None, None),
        ("gp", seen_gp, gp_on, "AMB", None, None, None),
        ("csds", team, team_on, "AMB", "community-contact", None, "33"),
        ("mhsds", mind, mind_on, "AMB", "mental-health-contact", None, "A06"),
    ]
    out["pop_encounter"] = _encounters(rng, p, blocks)
    index, on = events(1.4)
    missed = rng.random(len(index)) < 0.05 + 0.06 * (p["decile"][index] < 4)
    out["pop_appointment"] = {
        **_base(p, index, "sus-op", "o"),
        "status": np.where(missed, "noshow", "fulfilled"),
        "attended": np.where(missed, "3", "5"),
        "on": _days(on),
        "starts_at": _instants(on),
        "service": rng.choice(["110", "130", "320", "330"], len(index)),
        "provider": rng.choice(["RWG", "RWH"], len(index)),
        "is_first": rng.random(len(index)) < 0.35,
        "hrg": np.full(len(index), "WF01A"),
        "tariff_pence": np.full(len(index), 12_300),
        "clock_starts": [None] * len(index),
        "clock_ends": [None] * len(index),
    }
    index, on = events(0.25, years=2.0)
    wait = rng.exponential(14 * 7, len(index)).astype(int)
    stops = np.where(on + wait <= end, on + wait, -1)
    out["pop_referral"] = {
        **_base(p, index, "wlmds", "w"),
        "kind": np.full(len(index), "wait"),
        "system": np.full(len(index), "other"),
        "code": np.full(len(index), "110"),
        "status": np.where(stops >= 0, "completed", "active"),
        "priority": np.full(len(index), "routine"),
        "on": _days(on),
        "provider": rng.choice(["RWG", "RWH"], len(index)),
        "service": rng.choice(["110", "130", "320", "330"], len(index)),
        "waiting_list": np.full(len(index), "ORTT"),
        "clock_starts": _days(on),
        "clock_ends": _days(stops),
        "removed": [None] * len(index),
        "removal_reason": [None] * len(index),
        "decided_to_admit": [None] * len(index),
        "is_cancer": rng.random(len(index)) < 0.1,
        "reason": [None] * len(index),
    }
    return out


def _observations(p: Mapping[str, Any], parts: list[Any]) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {name: [] for name in TABLES["pop_observation"].names}
    for number, (feed, index, on, code, panel, value, unit, answer) in enumerate(parts):
        many = len(index)
        rows = {
            **_base(p, index, feed, f"v{number}"),
            "system": np.full(many, "other" if code in {"swemwbs", "employment"} else "snomed"),
            "code": np.full(many, code),
            "panel": np.full(many, panel),
            "on": _days(on),
            "on_precision": np.full(many, "day"),
            "value": np.full(many, np.nan) if value is None else value,
            "unit": np.full(many, unit),
            "value_system": np.full(many, None if answer is None else "snomed"),
            "value_code": np.full(many, None) if answer is None else answer,
            "status": np.full(many, "final"),
            "encounter": np.full(many, None),
        }
        for name, values in rows.items():
            columns[name].append(values)
    return {name: _joined(values) for name, values in columns.items()}


def _encounters(rng: Any, p: Mapping[str, Any], blocks: list[Any]) -> dict[str, Any]:
    columns: dict[str, list[Any]] = {name: [] for name in TABLES["pop_encounter"].names}
    for number, (feed, index, on, kind, activity, method, service) in enumerate(blocks):
        many = len(index)
        stay = rng.geometric(0.25, many) - 1 if feed == "sus-apc" else np.zeros(many, int)
        minutes = rng.gamma(4, 45, many).astype(int) if feed == "ecds" else np.full(many, 15)
        starts = on.astype("int64") * 86_400 + rng.integers(8 * 3600, 18 * 3600, many)
        ends = starts + minutes * 60 + stay * 86_400
        texts = rng.choice(["Surgery consultation", "Telephone call", "Online consultation"], many, p=[0.6, 0.32, 0.08])
        rows = {
            **_base(p, index, feed, f"e{number}"),
            "class_code": np.full(many, kind),
            "activity": np.full(many, activity),
            "kind_text": texts if feed == "gp" else np.full(many, None),
            "status": np.full(many, "finished"),
            "on": _days(on),
            "ends": _days(on + stay),
            "starts_at": _at(starts),
            "ends_at": _at(ends),
            "service": np.full(many, service),
            "provider": rng.choice(["RWG", "RWH"], many),
            "part_of": np.full(many, None),
            "admission_method": np.full(many, method),
            "admission_source": np.full(many, "19" if method else None),
            "discharge_method": np.full(many, "1" if method else None),
            "discharge_destination": np.full(many, "19" if method else None),
            "classification": np.where(stay == 0, "2", "1")
            if method == "11"
            else np.full(many, "1" if method else None),
            "is_last_episode": np.full(many, None),
            "attended": np.full(many, "5" if feed in {"csds", "mhsds"} else None),
            "reason": rng.choice(ICD, many) if method == "21" else np.full(many, None),
            "diagnosis": np.full(many, None),
            "hrg": np.full(many, None),
            "tariff_pence": np.full(many, None),
            "commissioner": np.full(many, None),
            "minutes": minutes,
        }
        for name, values in rows.items():
            columns[name].append(values)
    return {name: _joined(values) for name, values in columns.items()}


def _base(p: Mapping[str, Any], index: Any, feed: str, mark: str) -> dict[str, Any]:
    keys = [f"{mark}{n:x}-{p['person'][0][:8]}" for n in range(len(index))]
    return {"person": p["person"][index], "feed": np.full(len(index), feed), "key": keys}


def _joined(parts: list[Any]) -> list[Any]:
    return [pa.array(part) if not isinstance(part, pa.Array) else part for part in parts]


def _days(days: Any) -> Any:
    days = np.asarray(days)
    return pa.array(days.astype("int32"), pa.int32(), mask=days < 0).cast(pa.date32())


def _instants(days: Any) -> Any:
    return _at(np.asarray(days, dtype="int64") * 86_400 + 36_000)


def _at(seconds: Any) -> Any:
    return pa.array(seconds * 1_000_000, pa.int64()).cast(pa.timestamp("us", tz="UTC"))


def _month_texts(months: Any) -> list[str | None]:
    return [f"{m // 12:04d}-{m % 12 + 1:02d}" if m >= 0 else None for m in np.asarray(months).tolist()]


def _add(table: dict[str, list[Any]], **row: Any) -> None:
    for name, value in row.items():
        table[name].append(value)


def _write(root: Path, name: str, unit: str, columns: Mapping[str, Any]) -> None:
    schema = TABLES[name]
    arrays = []
    for one in schema:
        values = columns[one.name]
        parts = values if isinstance(values, list) and values and isinstance(values[0], pa.Array) else [values]
        arrays.append(pa.chunked_array([_as(part, one.type) for part in parts], one.type))
    folder = root / "tables" / name
    folder.mkdir(exist_ok=True, mode=0o700)
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), folder / f"part-{unit}.parquet", compression="zstd")


def _as(values: Any, kind: pa.DataType) -> Any:
    array = values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True)
    return array if array.type == kind else array.cast(kind)


def _write_manifest(root: Path, day: date, simulated: bool, council: bool) -> None:
    tables = {}
    whole = hashlib.sha256()
    for name in sorted(TABLES):
        files = {}
        rows = 0
        for path in sorted((root / "tables" / name).glob("*.parquet")):
            files[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
            rows += pq.ParquetFile(path).metadata.num_rows
            whole.update(files[path.name].encode())
        tables[name] = {"rows": rows, "files": files, "columns": TABLES[name].names}
    first = (day - timedelta(days=3 * 365)).strftime("%Y-%m")
    reach = {"from": first, "to": day.strftime("%Y-%m"), "missing": []}
    feeds = (
        "gp",
        "sus-apc",
        "sus-op",
        "ecds",
        "wlmds",
        "mhsds",
        "csds",
        "voluntary",
        "register",
        *(["asc-cld"] if council else []),
    )
    manifest = {
        "id": root.name,
        "day": day.isoformat(),
        "made_at": f"{day.isoformat()}T12:00:00+00:00",
        "revision": 1,
        "content": whole.hexdigest(),
        "code_version": "made",
        "simulated": simulated,
        "recipient": "made",
        "key_version": 1,
        "system": SYSTEM,
        "tables": tables,
        "views": {},
        "sources": [{"feed": feed, "source": f"made-{feed}", "deliveries": 1} for feed in feeds],
        "coverage": {feed: dict(reach) for feed in feeds},
        "opt_outs": {"removed": 0},
        "quality": {},
        "linkage": {},
    }
    (root / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    os.chmod(root, 0o700)
