"""A table of weighted populations in the national layout, for the simulated practices and a made-up rest of England.

Simulated: no figure is an estimate of a real practice. Weights rise with age and deprivation of those who live near a
practice; they are normalised so that each column adds up to the people of the table, as the published ones do.
"""

from __future__ import annotations

import csv
import io
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import numpy as np

from joinedup.simulation.place import providers_of
from joinedup.simulation.world import World
from joinedup.system import largest_remainder

HEADER: Final = (
    "Practice_Code", "GP_Practice_Name", "Practice_Postcode", "Latitude", "Longitude", "CCG21", "Former CCG",
    "PCN_Code", "PCN_Name", "LOC22", "LOC22name", "ICS22", "ICS22name", "R22", "Region22", "LAD21", "LTLA21", "LA21",
    "UTLA21", "Patients", "pop 2022/23", "G&A WP", "CS WP", "MH WP", "Mat WP", "Health Ineq WP", "Prescr WP",
    "Final WP", "Primary Medical Care WP", "Final PMC WP",
)  # fmt: skip
COMPONENTS: Final = HEADER[21:]
# How each component's weight grows: for each year of mean age above 40, and for each decile nearer the most deprived.
SLOPES: Final = {
    "G&A WP": (0.016, 0.020), "CS WP": (0.020, 0.016), "MH WP": (-0.004, 0.062), "Mat WP": (-0.020, 0.022),
    "Health Ineq WP": (0.000, 0.160), "Prescr WP": (0.019, 0.016), "Primary Medical Care WP": (0.012, 0.020),
}  # fmt: skip
FINAL: Final = {
    "Final WP": {"G&A WP": 0.60, "CS WP": 0.10, "MH WP": 0.13, "Mat WP": 0.03, "Health Ineq WP": 0.04,
                 "Prescr WP": 0.10},
    "Final PMC WP": {"Primary Medical Care WP": 0.96, "Health Ineq WP": 0.04},
}  # fmt: skip
PLACES: Final = {
    "06K": "East and North Hertfordshire", "06N": "South and West Hertfordshire", "07H": "West Essex",
}  # fmt: skip
# The made-up rest of England: systems of five practices that are older or younger, and more or less deprived.
REST, REST_NAME = "QZZ", "Rest of England (simulated)"
REST_PEOPLE: Final = 38  # times as many as live in the system
REST_PRACTICES: Final = ((37.5, 4.1), (39.5, 4.8), (41.0, 5.3), (42.5, 5.9), (38.5, 5.0), (43.5, 5.6))  # age, decile


def need_table_csv(world: World) -> str:
    """Answer the table: a row for each practice, in the order of their codes; the same world, the same bytes."""
    people, ages, deciles = _lists(world)
    rest = sum(people) * REST_PEOPLE
    shares = largest_remainder(rest, [1] * len(REST_PRACTICES))
    counts = np.array([*people, *shares], dtype=float)
    age = np.array([*ages, *(one for one, _ in REST_PRACTICES)])
    decile = np.array([*deciles, *(one for _, one in REST_PRACTICES)])
    weighted = {
        name: _normalised(counts, np.exp(by_age * (age - 40) + by_decile * (5.5 - decile)))
        for name, (by_age, by_decile) in SLOPES.items()
    }
    for name, parts in FINAL.items():
        weighted[name] = sum((weighted[part] * share for part, share in parts.items()), np.zeros(len(counts)))
    columns = {name: _rounded(weighted[name], int(counts.sum())) for name in COMPONENTS}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for at, keys in enumerate([*_system_keys(world), *_rest_keys()]):
        said = f"{int(counts[at])}.0"
        writer.writerow([*keys, int(counts[at]), said, *(columns[name][at] for name in COMPONENTS)])
    return out.getvalue()


def _lists(world: World) -> tuple[list[int], list[float], list[float]]:
    """Answer people, mean age and mean decile by practice, from who lives where and who registers where."""
    odds = np.diff(world.practice_odds, axis=1, prepend=0.0)
    registered = odds * np.array(world.residents_by_area, dtype=float)[:, None]
    in_area = world.age_weights / world.age_weights.sum(axis=1, keepdims=True)
    area_age = in_area @ np.arange(91)
    area_decile = np.array([one.decile for one in world.areas], dtype=float)
    sums = registered.sum(axis=0) + 1e-9
    people = largest_remainder(world.residents, [int(one * 1_000_000) + 1 for one in sums])
    return (
        people, list((registered * area_age[:, None]).sum(axis=0) / sums),
        list((registered * area_decile[:, None]).sum(axis=0) / sums),
    )  # fmt: skip


def _normalised(counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.asarray(counts * weights * counts.sum() / (counts * weights).sum())


def _rounded(values: np.ndarray, total: int) -> list[str]:
    """Answer values with six decimals that add up to the total exactly: the last row takes the rounding."""
    exact = [Decimal(repr(float(one))).quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP) for one in values]
    exact[-1] += Decimal(total) - sum(exact, Decimal(0))
    return [str(one) for one in exact]


def _system_keys(world: World) -> list[tuple[str, ...]]:
    council_of = {area.sector: area for area in world.areas}
    rows: list[tuple[str, ...]] = []
    for one in world.practices:
        area = council_of[one.postcode[:-2]]
        council = providers_of(world.system, area.council)["council"]
        place = PLACES.get(one.sub_icb, one.sub_icb)
        rows.append((
            one.ods, f"{one.name} (simulated)", one.postcode, "", "", one.sub_icb, place, one.pcn, one.pcn_name,
            one.sub_icb, f"{world.name} - {place}", world.icb, world.name, "Y61", "East of England", area.council,
            area.council_name, council, council,
        ))  # fmt: skip
    return rows


def _rest_keys() -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (f"Z9{number:04d}", f"{REST_NAME} {number}", "ZX99 9ZZ", "", "", "99Z", REST_NAME, "UZ9999", REST_NAME, "99Z",
         REST_NAME, REST, REST_NAME, "Y99", REST_NAME, "E99999999", REST_NAME, "999", REST_NAME)
        for number in range(1, len(REST_PRACTICES) + 1)
    ]  # fmt: skip
    return rows
