"""A small table of weighted populations as it is published, of which the rule book's own figures come out (MA9).

Three places of QM7 with 380,000, 420,000 and 200,000 people and weighted populations of 400,000, 390,000 and 210,000:
a pot of £1,000m by list size is then the rule book's baselines. One practice more is in another system.
"""

from __future__ import annotations

import csv
from pathlib import Path

from joinedup.money import WeightedPopulation, read_weighted_population
from joinedup.money.allocation.kept_tables import keep_table
from joinedup.money.allocation.weighted_populations import COLUMNS, NAMES, POPULATION

YEAR = "2023/24"
PLACES = {"06K": "East and North Hertfordshire", "06N": "Herts Valleys", "07H": "West Essex", "QX1": "Elsewhere"}
# practice, network, place, system, people, weighted for need; maternity is needed in other proportions
PRACTICES = [
    ("A1", "U1", "06K", "QM7", 230_000, 250_000, 260_000),
    ("A2", "U", "06K", "QM7", 150_000, 150_000, 130_000),
    ("B1", "U2", "06N", "QM7", 420_000, 390_000, 400_000),
    ("C1", "U3", "07H", "QM7", 120_000, 130_000, 130_000),
    ("C2", "U3", "07H", "QM7", 80_000, 80_000, 80_000),
    ("X1", "U9", "QX1", "QX", 100_000, 100_000, 100_000),
]


def published(folder: Path) -> Path:
    """Write the table as a CSV of its published form."""
    path = folder / "weighted.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["Practice_Code", "GP_Practice_Name", "PCN_Code", "LOC22", "ICS22", "Patients", POPULATION,
             *COLUMNS.values(), NAMES["neighbourhood"], NAMES["place"], NAMES["system"]]
        )  # fmt: skip
        for code, network, place, system, people, weighted, maternity in PRACTICES:
            need = dict.fromkeys(COLUMNS, weighted) | {"maternity": maternity}
            cells = [need[name] for name in COLUMNS]
            rows.writerow(
                [code, f"Practice {code}", network, place, system, people, people, *cells, f"Network {network}",
                 f"NHS Test ICB - {place} {PLACES[place]}", f"NHS {system} ICB"]
            )  # fmt: skip
    return path


def table(folder: Path, *components: str) -> WeightedPopulation:
    return read_weighted_population(published(folder), year=YEAR, components=components or tuple(COLUMNS))


def keep(folder: Path) -> None:
    """Keep it as an installation does; whoever calls has said where kept tables lie."""
    keep_table(published(folder), YEAR)
