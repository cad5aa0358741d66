"""Where somebody is registered and lives, which area that is in, and how deprived it is, by the dates of each."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from joinedup.population.areas import areas, national_quintile, quantiles
from joinedup.population.building import write_table
from joinedup.population.people import derive
from joinedup.population.postcodes import Lookup, read_postcodes, write_lookup
from joinedup.population.tables import TABLES

DAY = date(2026, 3, 31)


class Told(NamedTuple):
    of: str
    says: str
    starts: date | None = None
    ends: date | None = None


def small(code: str, rank: int | None = None, decile: int | None = None) -> Any:
    return SimpleNamespace(code=code, imd_rank=rank, imd_decile=decile, population=1500, is_simulated=False)


def facts(**changes: Any) -> Any:
    """Ten small areas in two neighbourhoods of one place; the second neighbourhood was two until April 2024."""
    merged = date(2024, 4, 1)
    codes = [f"E0100000{nth}" for nth in range(10)]
    parts = [Told(code, "north") for code in codes[:5]]
    parts += [Told(code, "south-old", None, merged) for code in codes[5:8]]
    parts += [Told(code, "west-old", None, merged) for code in codes[8:]]
    parts += [Told(code, "south", merged) for code in codes[5:]]
    whole = {
        "kind_of": {
            "north": "neighbourhood", "south": "neighbourhood",
            "south-old": "neighbourhood", "west-old": "neighbourhood",
            "place": "place", "QM7": "system",
        },
        "names": [Told(code, code.title()) for code in ("north", "south", "south-old", "west-old", "place", "QM7")],
        "within": [Told("place", "QM7"),
                   *(Told(code, "place") for code in ("north", "south", "south-old", "west-old"))],
        "parts": {
            "neighbourhood": parts, "place": [Told(code, "place") for code in codes],
            "system": [Told(code, "QM7") for code in codes],
        },
        "small_areas": [small(code, rank=1000 * (nth + 1)) for nth, code in enumerate(codes)],
        "practices": [Told("E81001", "practice"), Told("E81002", "practice"), Told("E81003", "practice")],
        "practice_names": [Told("E81001", "Hill Surgery")],
        "postcodes": [Told("E81001", "ZQ1 1AA"), Told("E81003", "XX1 1XX")],
        "linked": [Told("E81002", "south", merged)], "sub_icb_of": {}, "small_areas_of_sub_icb": {}, "successions": [],
    }  # fmt: skip
    return SimpleNamespace(**{**whole, **changes})


def made(**changes: Any) -> Any:
    return areas(facts(**changes), {"ZQ1 1AA": "E01000006"}.get, lambda postcode: [])


def test_a_small_area_lies_where_it_lay_at_the_time() -> None:
    found = [row for row in made().small_area if row["lsoa11"] == "E01000009"]
    assert [(row["neighbourhood"], row["ends"]) for row in found] == [("west-old", date(2024, 4, 1)), ("south", None)]


def test_an_area_that_went_whole_into_another_says_so() -> None:
    became = {row["code"]: row["became"] for row in made().area}
    assert became["south-old"] == became["west-old"] == "south"
    assert became["north"] is None


def test_a_practice_lies_where_it_is_linked_else_where_its_postcode_lies_else_nowhere() -> None:
    now = {row["practice"]: row for row in made().practice_area if row["ends"] is None}
    assert now["E81001"]["neighbourhood"] == "south"
    assert (now["E81002"]["neighbourhood"], now["E81002"]["place"], now["E81002"]["system"]) == (
        "south",
        "place",
        "QM7",
    )
    assert now["E81003"]["neighbourhood"] is None


def test_a_practice_of_an_unknown_postcode_lies_where_its_whole_sector_lies() -> None:
    found = areas(
        facts(),
        lambda postcode: None,
        lambda postcode: [{"E01000000", "E01000001"}] if postcode.startswith("XX") else [],
    )
    now = {row["practice"]: row["neighbourhood"] for row in found.practice_area if row["ends"] is None}
    assert now["E81003"] == "north"
    assert now["E81001"] is None


@pytest.mark.parametrize(
    ("rank", "decile", "quintile"),
    [(1, None, 1), (6_568, None, 1), (6_570, None, 2), (32_844, None, 5), (None, 10, 5), (None, None, None)],
)
def test_national_quintiles_are_fifths_of_england(rank: int | None, decile: int | None, quintile: int | None) -> None:
    assert national_quintile(rank, decile) == quintile


def test_the_rule_book_s_areas_fall_into_the_rule_book_s_fifths() -> None:
    values = [31, 8, 15, 22, 40, 12, 27, 19, 5, 36, 12, 24]
    assert quantiles(values, 5) == [4, 1, 2, 3, 5, 1, 4, 3, 1, 5, 1, 3]
    assert quantiles([10, None, 20], 5) == [None, None, None]


def test_local_fifths_rank_the_small_areas_of_one_system() -> None:
    found = {row["lsoa11"]: row["deprivation_local"] for row in made().small_area}
    assert [found[f"E0100000{nth}"] for nth in range(10)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_where_only_deciles_are_known_local_fifths_are_of_equal_size_and_a_note_says_so() -> None:
    tied = made(small_areas=[small(f"E0100000{nth}", decile=1) for nth in range(10)])
    local = {row["lsoa11"]: row["deprivation_local"] for row in tied.small_area}
    assert sorted(local.values()) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert "by decile" in tied.notes[0]


def test_the_directory_of_the_statistics_office_is_read_as_it_is_published(tmp_path: Path) -> None:
    path = tmp_path / "ONSPD.csv"
    path.write_text(
        '"pcd","pcd2","pcds","lsoa11"\n"ZQ1 1AA","ZQ1  1AA","ZQ1 1AA","E01000006"\n'
        '"GY1 1AA","GY1  1AA","GY1 1AA","L99999999"\n'
    )
    assert list(read_postcodes(path)) == [("ZQ11AA", "E01000006")]


def test_a_postcode_is_found_and_so_is_its_sector(tmp_path: Path) -> None:
    write_lookup([("ZQ11AA", "E1"), ("ZQ11AB", "E2"), ("ZQ12AA", "E3"), ("ZQ101AA", "E4")], tmp_path)
    lookup = Lookup(tmp_path)
    assert (lookup.lsoa("zq1 1ab"), lookup.lsoa("ZQ1 1ZZ"), lookup.lsoa(None)) == ("E2", None, None)
    assert lookup.small_areas_near("ZQ1 1ZZ") == [{"E1", "E2"}, {"E1", "E2", "E3"}]


# --- people ----------------------------------------------------------------------------------------------------------


def people(tmp_path: Path, **tables: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    for name in ("pop_patient", "pop_address", "pop_registration", "pop_death", "small_area"):
        rows = [
            {"person": "a", "feed": "gp", "key": "k", **row} if name != "small_area" else row
            for row in tables.get(name, [])
        ]
        write_table(pa.Table.from_pylist(rows, schema=TABLES[name]), tmp_path / "tables" / name / "part-0.parquet")
    derive(tmp_path, tmp_path, DAY, is_simulated=True)
    return {
        name: pq.read_table(tmp_path / "tables" / name / "part-all.parquet").to_pylist()
        for name in ("person", "registration", "residence")
    }


def registered(practice: str, starts: date | None, ends: date | None = None) -> dict[str, Any]:
    return {"kind": "registration", "status": "active", "organisation": practice, "starts": starts, "ends": ends}


def test_of_two_registrations_the_one_that_started_later_wins(tmp_path: Path) -> None:
    found = people(tmp_path, pop_patient=[{"birth_month": "1980-05"}], pop_registration=[
        registered("OLD", date(2010, 1, 1)), registered("NEW", date(2024, 6, 1)),
    ])  # fmt: skip
    assert [(row["practice"], row["starts"], row["ends"]) for row in found["registration"]] == [
        ("OLD", date(2010, 1, 1), date(2024, 6, 1)), ("NEW", date(2024, 6, 1), None),
    ]  # fmt: skip
    assert found["person"][0]["practice"] == "NEW"


def test_a_death_ends_registration_and_residence(tmp_path: Path) -> None:
    found = people(
        tmp_path, pop_patient=[{"birth_month": "1940-05"}], pop_registration=[registered("E81001", date(2010, 1, 1))],
        pop_address=[{"use": "home", "lsoa11": "E01000006"}], pop_death=[{"death_month": "2025-02"}],
    )  # fmt: skip
    assert found["registration"][0]["ends"] == found["residence"][0]["ends"] == date(2025, 2, 28)
    assert (found["person"][0]["practice"], found["person"][0]["death_month"]) == (None, "2025-02")


def test_the_day_of_a_death_is_not_told_by_what_ended_with_it(tmp_path: Path) -> None:
    found = people(
        tmp_path, pop_patient=[{"birth_month": "1940-05"}], pop_death=[{"death_month": "2025-02"}],
        pop_registration=[
            registered("OLD", date(2010, 1, 1)), registered("E81001", date(2025, 2, 4), date(2025, 2, 11)),
        ],
        pop_address=[{"use": "home", "lsoa11": "E01000006", "starts": date(2010, 1, 1), "ends": date(2025, 2, 11)}],
    )  # fmt: skip
    assert [row["ends"] for row in found["registration"]] == [date(2025, 2, 4), date(2025, 2, 28)]
    assert [row["ends"] for row in found["residence"]] == [date(2025, 2, 28)]


def test_a_server_without_episodes_of_care_says_on_the_patient_where_somebody_is_registered(tmp_path: Path) -> None:
    found = people(tmp_path, pop_patient=[{"feed": "bulk", "birth_month": "1980-05", "practice": "E81001"}])
    assert found["registration"] == [{"person": "a", "practice": "E81001", "starts": date(1980, 5, 1), "ends": None}]


def test_homes_follow_one_another_by_the_dates_of_the_register(tmp_path: Path) -> None:
    found = people(tmp_path, pop_patient=[{"birth_month": "1980-05"}], pop_address=[
        {"use": "home", "lsoa11": "NOW", "feed": "gp"},
        {"use": "old", "lsoa11": "FIRST", "feed": "register", "ends": date(2020, 1, 1)},
        {"use": "old", "lsoa11": "SECOND", "feed": "register", "ends": date(2023, 1, 1)},
    ])  # fmt: skip
    assert [(row["lsoa11"], row["starts"], row["ends"]) for row in found["residence"]] == [
        ("FIRST", date(1980, 5, 1), date(2020, 1, 1)), ("SECOND", date(2020, 1, 1), date(2023, 1, 1)),
        ("NOW", date(2023, 1, 1), None),
    ]  # fmt: skip


def test_of_several_sources_the_practice_of_the_registration_is_believed_first(tmp_path: Path) -> None:
    found = people(tmp_path, pop_registration=[registered("E81001", date(2010, 1, 1))], pop_patient=[
        {"feed": "voluntary", "sex": "male", "birth_month": "1979-01", "age": 47, "ethnic_category": "M"},
        {"feed": "gp", "sex": "female", "birth_month": "1980-05", "age": 45, "ethnic_category": "Z",
         "practice": "E81001"},
        {"feed": "sus-apc", "sex": "male", "birth_month": "1981-01", "age": 45, "ethnic_category": "A"},
    ])  # fmt: skip
    (person,) = found["person"]
    assert (person["sex"], person["birth_month"]) == ("female", "1980-05")
    assert (person["ethnic_category"], person["ethnic_group"]) == ("A", "White")  # "not stated" gives way


def test_a_household_is_whoever_lives_at_one_address_today(tmp_path: Path) -> None:
    found = people(
        tmp_path, pop_patient=[{"person": who, "birth_month": "1980-05"} for who in "abc"],
        pop_address=[{"person": who, "use": "home", "household": home} for who, home in zip("abc", "hhj", strict=True)],
    )  # fmt: skip
    assert [row["household_size"] for row in found["person"]] == [2, 2, 1]


def test_deprivation_is_that_of_the_home_on_the_day(tmp_path: Path) -> None:
    area = {
        "lsoa11": "NOW",
        "imd_decile": 3,
        "deprivation_national": 2,
        "deprivation_local": 1,
        "starts": None,
        "ends": None,
    }
    past = {**area, "deprivation_local": 5, "ends": date(2020, 1, 1)}
    found = people(
        tmp_path, pop_patient=[{"birth_month": "1980-05"}], pop_address=[{"use": "home", "lsoa11": "NOW"}],
        small_area=[past, {**area, "starts": date(2020, 1, 1)}],
    )  # fmt: skip
    (person,) = found["person"]
    assert (person["imd_decile"], person["deprivation_national"], person["deprivation_local"]) == (3, 2, 1)
