"""The place of a simulation: its small areas, practices, trusts and councils, real as far as files are given.

Without reference files areas are as many as the system's file counts in each cell (district and sub-ICB), with its
people and its spread of deprivation, a national age structure and made-up practices. With them they are the published
small areas with their people by single year of age, and the published practices with their list sizes.
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

import numpy as np

from joinedup.errors import FileError, NotFound, RuleError, did_you_mean
from joinedup.simulation.world import Area, Organisation, Site, World
from joinedup.system import SystemFile, largest_remainder, read_system_file

MOST: Final = 900_000
"""So many residents at most: the test range has 909,090 numbers with a valid check digit, and some are needed spare."""
AREAS_FILE, AGES_FILE = "{}_lsoa11_master.csv", "{}_lsoa11_pop_single_year_mid2020.csv"
PRACTICES_FILE, LISTS_FILE = "{}_practices_2023_24.csv", "{}_practices_weighted_populations_2022_23.csv"
REACH_KM: Final = 2.2
"""Distance at which a practice is chosen 1/e as often as next door."""
# People by five years of age, thousandths of all, from 0-4 to 90 and over: mid-2020 of England, and of inner and outer
# north east London, rounded.
NATIONAL: Final = (58, 63, 61, 56, 62, 66, 68, 67, 62, 63, 69, 67, 57, 50, 50, 37, 25, 16, 9)
LONDON: Final = (73, 70, 65, 56, 73, 100, 104, 90, 76, 63, 56, 47, 38, 29, 24, 16, 11, 6, 4)
WARDS: Final = (
    "Emergency Assessment Unit", "Acute Medical Ward", "Ashwood Ward", "Bluebell Ward", "Cedar Ward", "Daffodil Ward",
    "Elm Ward", "Stroke Unit", "Coronary Care Unit", "Intensive Care Unit", "Surgical Assessment Unit",
    "Orthopaedic Ward", "Day Surgery Unit", "Endoscopy Unit", "Children's Ward", "Maternity Unit", "Delivery Suite",
    "Elderly Care Ward", "Respiratory Ward", "Renal Unit", "Oncology Day Unit", "Discharge Lounge",
)  # fmt: skip
_SURGERIES: Final = (
    "Surgery", "Medical Centre", "Health Centre", "Family Practice", "Group Practice", "Medical Practice",
)  # fmt: skip
_PLACES: Final = (
    "Abbey", "Bridge", "Castle", "Deanery", "Elmtree", "Ferry", "Grange", "Haymarket", "Ivel", "Junction", "Kiln",
    "Lakeside", "Manor", "Northgate", "Old Mill", "Parkside", "Quayside", "Riverside", "Southgate", "Tanners",
    "Upland", "Valley", "Westgate", "Yew Tree",
)  # fmt: skip


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((files("joinedup.simulation") / name).read_text(encoding="utf-8"))


PROVIDERS: Final = _toml("providers.toml")


def systems() -> list[str]:
    """Answer the keys of the systems that can be simulated."""
    return [key for key in PROVIDERS if key not in ("split", "sites", "voluntary")]


def make_world(system: str, residents: int, seed: int, reference: Path | None = None) -> World:
    """Answer the place and its organisations for so many residents.

    Raises NotFound for an unknown system, RuleError for too few or too many residents, FileError for reference files
    that are not there or not as published.
    """
    if system not in systems():
        known = ", ".join(systems())
        raise NotFound(f"There is no system called '{system}' to simulate: expected one of {known}."
                       f"{did_you_mean(system, systems())}")  # fmt: skip
    if not 1 <= residents <= MOST:
        raise RuleError(
            f"{residents:,} residents can't be simulated: expected 1 to {MOST:,}, since each needs a number of the "
            "test range (999 000 0000 to 999 999 9999)."
        )
    with as_file(files("joinedup.system") / "systems" / f"{system}.toml") as path:
        file = read_system_file(path)
    local = PROVIDERS[system]
    if reference is None:
        areas, ages = _made_up_areas(file.cells, local)
        practices = _made_up_practices(areas, local, residents)
    else:
        areas, ages = _published_areas(reference, system, local)
        practices = _published_practices(reference, system, areas, local, residents)
    everyone = [area.population for area in areas]
    organisations = {f"gp {one.ods}": one for one in practices}
    for one in _providers(local, _names_of(file)):
        organisations[f"{one.kind} {one.ods}"] = one
    voluntary = tuple(
        Organisation(f"V{local['letters']}{n:02d}", name, "voluntary", f"voluntary-v{local['letters'].lower()}{n:02d}",
                     f"{local['letters']}98 {n}AA", (Site(f"V{local['letters']}{n:02d}", name),))
        for n, name in enumerate(PROVIDERS["voluntary"][system], 1)
    )  # fmt: skip
    for one in voluntary:
        organisations[f"voluntary {one.ods}"] = one
    return World(
        system, file.name, local["icb"], seed, residents, areas, organisations, practices, voluntary,
        reference is not None, ages, tuple(largest_remainder(residents, everyone)), _nhs_numbers(seed),
        {council: _ethnicities(says, local["kind"]) for council, says in local["council"].items()},
        _practice_odds(areas, practices),
    )  # fmt: skip


# --- areas


def _made_up_areas(cells: Mapping[str, Mapping[str, Any]], local: Mapping[str, Any]) -> tuple[tuple[Area, ...], Any]:
    areas: list[Area] = []
    structure = np.array(LONDON if local["kind"] == "london" else NATIONAL, dtype=float)
    single = np.append(np.repeat(structure[:18] / 5, 5), structure[18])
    # Deprived areas are younger: in the most deprived tenth of England the median age is about 11 years lower.
    tilt = np.linspace(0.5, -0.5, 91)
    rows = []
    for at, cell in enumerate(cells.values()):
        deciles = [decile for decile, many in enumerate(cell["imd2019_deciles"], 1) for _ in range(many)]
        people = largest_remainder(cell["population_mid2020"], [1] * cell["small_areas"])
        # Areas of like deprivation lie near each other, yet no district is sorted from end to end.
        order = sorted(range(len(deciles)), key=lambda n: (deciles[n] + (n * 7919 % 5)) * 1000 + n)
        for number, which in enumerate(order):
            decile = deciles[which]
            # The code is the one by which `system` knows the area of this deprivation, wherever it lies.
            areas.append(
                _area(
                    len(areas), at, number, cell["small_areas"], code=f"SIM-{cell['key']}-{which + 1:03d}",
                    name=f"{cell['council_name']} simulated small area {which + 1}", council=cell["council"],
                    council_name=cell["council_name"], sub_icb=cell["sub_icb"], decile=decile,
                    population=people[number], letters=local["letters"], is_rural=local["kind"] == "shire"
                    and number % 6 == 0,
                )
            )  # fmt: skip
            rows.append(single * (1 + tilt * (5.5 - decile) / 9))
    return tuple(areas), np.array(rows)


def _area(index: int, council_at: int, number: int, of: int, *, letters: str, **says: Any) -> Area:
    # Districts stand in a row of squares, areas in each by rows: enough for distances; no map is drawn from it.
    side = math.ceil(math.sqrt(of))
    east = council_at % 4 * 16 + number % side * 12 / side
    north = council_at // 4 * 16 + number // side * 12 / side
    # Two areas share a postcode sector, each with its own half of the units.
    sector = index // 2
    return Area(east_km=round(east, 2), north_km=round(north, 2), sector=f"{letters}{1 + sector // 10} {sector % 10}",
                **says)  # fmt: skip


UNITS: Final = ("ABDEFGHJLN", "PQRSTUWXYZ")
"""First letters of the postcode units of an area with an even index, and of one with an odd."""
_SECOND: Final = "ABDEFGHJLNPQRSTUWXYZ"


@cache
def postcodes_of(index: int, area: Area) -> list[str]:
    """Answer the made-up postcodes of an area, about one for every 45 people."""
    many = min(200, max(4, area.population // 45))
    return [f"{area.sector}{UNITS[index % 2][n // 20]}{_SECOND[n % 20]}" for n in range(many)]


def _read(reference: Path, name: str, *columns: str) -> list[dict[str, str]]:
    path = reference / name
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            for column in columns:
                if column not in (reader.fieldnames or ()):
                    raise FileError(name, f"expected a column '{column}'.", "Give the folder as published.", line=1)
            return list(reader)
    except OSError as error:
        raise FileError(
            str(path), f"the file can't be read ({error.strerror}).", "Give the folder that holds it as --reference."
        ) from None


def _published_areas(reference: Path, system: str, local: Mapping[str, Any]) -> tuple[tuple[Area, ...], Any]:
    ages_by_code = {
        row["lsoa11_code"]: [int(row[str(age)]) for age in range(90)] + [int(row["90+"])]
        for row in _read(reference, AGES_FILE.format(system), "lsoa11_code", "0", "90+")
    }
    rows = _read(reference, AREAS_FILE.format(system), "lsoa11_code", "lsoa11_name", "IMD_decile", "ltla22_code")
    # By their names: areas of one neighbourhood bear the same number, so that they stand beside each other.
    rows.sort(key=lambda row: (row["sicbl22_code_h"], row["ltla22_code"], row["lsoa11_name"]))
    by_council: dict[str, int] = {}
    for row in rows:
        by_council[row["ltla22_code"]] = by_council.get(row["ltla22_code"], 0) + 1
    councils = list(by_council)
    seen: dict[str, int] = {}
    areas: list[Area] = []
    for row in rows:
        council = row["ltla22_code"]
        number = seen[council] = seen.get(council, -1) + 1
        areas.append(
            _area(
                len(areas), councils.index(council), number, by_council[council], code=row["lsoa11_code"],
                name=row["lsoa11_name"], council=council, council_name=row["ltla22_name"],
                sub_icb=row["sicbl22_code_h"], decile=int(row["IMD_decile"]),
                population=sum(ages_by_code[row["lsoa11_code"]]), letters=local["letters"],
                is_rural=row["ruc"] != "Urban",
            )
        )  # fmt: skip
    return tuple(areas), np.array([ages_by_code[area.code] for area in areas], dtype=float)


# --- organisations


def _how_many_practices(residents: int, real: int) -> int:
    # A small simulation has proportionally fewer practices, so that each has a list worth opening.
    return min(real, max(8, residents // 300))


def _practice(ods: str, name: str, area: Area, list_size: int, number: int, pcn: str, pcn_name: str) -> Organisation:
    return Organisation(
        ods, name, "gp", f"gp-{ods.lower()}", f"{area.sector}ZZ", (Site(ods, name),), area.sub_icb,
        area.east_km, area.north_km, list_size, pcn, pcn_name, f"01632 96{number:04d}",
    )  # fmt: skip


def _made_up_practices(areas: Sequence[Area], local: Mapping[str, Any], residents: int) -> tuple[Organisation, ...]:
    people = sum(area.population for area in areas)
    many = _how_many_practices(residents, people // 11_000)
    sizes = np.array([6 + 5 * (n * 7 % 11) / 5 for n in range(many)])
    sizes = (sizes / sizes.sum() * people).astype(int)
    practices = []
    for n in range(many):
        area = areas[(2 * n + 1) * len(areas) // (2 * many)]
        name = f"{_PLACES[n % len(_PLACES)]} {_SURGERIES[n * 5 // 3 % len(_SURGERIES)]}"
        if n >= len(_PLACES):
            name = f"{area.council_name} {name}"
        pcn = n // 4
        practices.append(
            _practice(f"Z{'HND'.index(local['letters'][1]) + 1}{n + 1:04d}", name, area, int(sizes[n]), n,
                      f"UZ{pcn:04d}", f"{area.council_name} {pcn + 1} PCN")
        )  # fmt: skip
    return tuple(practices)


def _published_practices(
    reference: Path, system: str, areas: Sequence[Area], local: Mapping[str, Any], residents: int
) -> tuple[Organisation, ...]:
    size = "Number of Registered Patients (Last Known Figure)"
    rows = _read(reference, PRACTICES_FILE.format(system), "PRACTICE_CODE", "PRACTICE_NAME", "SUB_ICB_ODS_CODE", size)
    lists = _read(reference, LISTS_FILE.format(system), "Practice_Code", "LAD21")
    council_of = {row["Practice_Code"]: row["LAD21"] for row in lists}
    rows = [row for row in rows if row[size] and float(row[size]) > 0]
    rows.sort(key=lambda row: (-float(row[size]), row["PRACTICE_CODE"]))
    many = _how_many_practices(residents, len(rows))
    people: dict[str, float] = {}
    for row in rows:
        people[row["SUB_ICB_ODS_CODE"]] = people.get(row["SUB_ICB_ODS_CODE"], 0) + float(row[size])
    places = sorted(people)
    shares = dict(zip(places, largest_remainder(many, [int(people[place]) for place in places]), strict=True))
    chosen = [
        row for place in places
        for row in [one for one in rows if one["SUB_ICB_ODS_CODE"] == place][: max(1, shares[place])]
    ]  # fmt: skip
    by_council: dict[str, list[Area]] = {}
    for area in areas:
        by_council.setdefault(area.council, []).append(area)
    by_sub_icb: dict[str, list[Area]] = {}
    for area in areas:
        by_sub_icb.setdefault(area.sub_icb, []).append(area)
    seen: dict[str, int] = {}
    practices = []
    for number, row in enumerate(sorted(chosen, key=lambda row: row["PRACTICE_CODE"])):
        code = row["PRACTICE_CODE"]
        near = by_council.get(council_of.get(code, "")) or by_sub_icb[row["SUB_ICB_ODS_CODE"]]
        # Spread over the district: the published files give no small area of a practice.
        which = seen[near[0].council] = seen.get(near[0].council, 0) + 1
        area = near[int(which * 0.618034 * len(near)) % len(near)]
        practices.append(
            _practice(code, row["PRACTICE_NAME"], area, int(float(row[size])), number, row["PCN_ODS_CODE"],
                      row["PCN_NAME"])
        )  # fmt: skip
    return tuple(practices)


def _practice_odds(areas: Sequence[Area], practices: Sequence[Organisation]) -> np.ndarray:
    """Answer for each area the cumulated odds of each practice: near and large ones more, of another place hardly."""
    east, north = np.array([one.east_km for one in areas]), np.array([one.north_km for one in areas])
    distance = np.hypot(
        east[:, None] - np.array([one.east_km for one in practices]),
        north[:, None] - np.array([one.north_km for one in practices]),
    )
    is_same = np.array([one.sub_icb for one in areas])[:, None] == np.array([one.sub_icb for one in practices])
    size = np.array([one.list_size for one in practices], dtype=float)
    weight = size * (np.exp(-distance / REACH_KM) * np.where(is_same, 1, 0.02) + 1e-12)
    return np.asarray(np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1))


def _names_of(file: SystemFile) -> dict[str, str]:
    """Answer the last name of each body, by ODS code."""
    names = {fact.about["body"]: fact.says["name"] for fact in file.facts if fact.model == "Name"}
    codes = {
        fact.about["code"]: fact.says["body"]
        for fact in file.facts
        if fact.model == "Identifier" and fact.about["scheme"] == "ods" and fact.says["body"]
    }
    return {code: names[body] for code, body in codes.items() if body in names}


def _providers(local: Mapping[str, Any], names: Mapping[str, str]) -> list[Organisation]:
    kinds: dict[tuple[str, str], None] = {}
    for says in local["council"].values():
        for kind in ("acute", "community", "mental_health", "council"):
            if ods := says.get(kind, local["default"][kind]):
                kinds[kind, ods] = None
    prefixes = {"acute": "acute", "community": "community", "mental_health": "mental-health", "council": "social"}
    found = []
    for number, (kind, ods) in enumerate(kinds):
        site = PROVIDERS["sites"].get(ods, {})
        name = names.get(ods, ods)
        sites = (Site(site.get("code", f"{ods}01"), site.get("name", name), WARDS if kind == "acute" else ()),)
        postcode = site.get("postcode", f"{local['letters']}97 {number % 10}AA")
        found.append(Organisation(ods, name, kind, f"{prefixes[kind]}-{ods.lower()}", postcode, sites))
    return found


def providers_of(system: str, council: str) -> dict[str, str]:
    """Answer the ODS codes of those who look after a council's residents: acute, community, mental_health, council."""
    local = PROVIDERS[system]
    says = local["council"][council]
    return {kind: says.get(kind, code) for kind, code in local["default"].items()}


def _ethnicities(says: Mapping[str, Any], kind: str) -> tuple[tuple[str, float], ...]:
    split = PROVIDERS["split"][kind]
    groups = {name: float(says[name]) for name in ("asian", "black", "mixed", "other")}
    groups["white"] = 100 - sum(groups.values())
    return tuple(
        (category, groups[group] / 100 * part / 100)
        for group in ("white", "mixed", "asian", "black", "other")
        for category, part in split[group].items()
    )


# --- NHS numbers


def with_check_digit(nine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Answer ten-digit numbers for nine-digit stems, and which of them are valid (modulus 11 leaves no check digit 10).

    Method: NHS Data Dictionary, NHS number.
    """
    weighted = np.zeros(nine.shape, dtype=np.int64)
    for place in range(9):
        weighted += nine // 10 ** (8 - place) % 10 * (10 - place)
    check = 11 - weighted % 11
    check[check == 11] = 0
    return nine * 10 + check, check != 10


def _nhs_numbers(seed: int) -> np.ndarray:
    numbers, valid = with_check_digit(np.arange(999_000_000, 1_000_000_000, dtype=np.int64))
    generator = np.random.Generator(np.random.PCG64([seed, 999]))
    return generator.permutation(numbers[valid])
