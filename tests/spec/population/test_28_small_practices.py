"""A practice with a list below 1,000 is named in no row: its network stands for it (rules: population PB7)."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from joinedup.errors import RuleError
from joinedup.population import open_snapshot
from joinedup.population.areas import Areas, areas
from joinedup.population.building import write_table
from joinedup.population.opt_outs import ask_file
from joinedup.population.people import list_sizes
from joinedup.population.services import verify
from joinedup.population.small_practices import LEAST_LIST, folded, least_list, stand_ins
from joinedup.population.tables import TABLES

from .kept_record import GP, ODS, PEOPLE, files_of, keep, manifest_of
from .test_23_areas_and_people import Told, facts, registered
from .test_24_a_snapshot import everybody, snapshot
from .test_27_bulk_exports import export, snapshot as bulk_snapshot

SINCE = date(2021, 1, 1)
MERGED = date(2024, 4, 1)
LAID = Told(GP.organisation, "south", MERGED)


# --- the limit -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "recipient", "is_simulated", "least"),
    [
        (None, "icb-analytics", False, 1_000),
        (None, "research-a", False, 1_000),
        (None, "research-a", True, 1_000),
        (None, "icb-analytics", True, 0),
        (50, "icb-analytics", True, 50),
        (1_000, "icb-analytics", False, 1_000),
        (2_500, "research-a", False, 2_500),
    ],
)
def test_it_is_1000_for_everybody_but_our_own_analysts_of_made_up_people(
    asked: int | None, recipient: str, is_simulated: bool, least: int
) -> None:
    assert least_list(asked, recipient, is_simulated=is_simulated) == least


@pytest.mark.parametrize(("recipient", "is_simulated"), [("icb-analytics", False), ("research-a", True)])
def test_it_may_be_raised_and_not_lowered(recipient: str, is_simulated: bool) -> None:
    with pytest.raises(RuleError, match=r"PB7: a practice with a list of 999 .* expected 1,000 or more"):
        least_list(999, recipient, is_simulated=is_simulated)


# --- what stands for a practice --------------------------------------------------------------------------------------


def lies(practice: str, hood: str | None, starts: date | None = None, ends: date | None = None) -> dict[str, Any]:
    place = hood and f"place of {hood[0]}"
    return {
        "practice": practice, "neighbourhood": hood, "place": place, "system": hood and "QM7", "starts": starts,
        "ends": ends,
    }  # fmt: skip


def test_small_practices_of_one_network_share_a_stand_in() -> None:
    rows = [lies("P1", "N1"), lies("P2", "N1"), lies("P3", "N1"), lies("P4", "N2")]
    found = stand_ins({"P1": 999, "P2": 1, "P3": 1_000, "P4": 12}, rows, LEAST_LIST, SINCE)
    assert found == {"P1": "N1-small", "P2": "N1-small", "P4": "N2-small"}


def test_who_came_to_a_network_by_another_way_has_a_stand_in_of_its_own() -> None:
    rows = [lies("P1", "N1"), lies("P2", "N2", None, MERGED), lies("P2", "N1", MERGED)]
    rows += [lies("P3", "N2", None, date(2020, 1, 1)), lies("P3", "N1", date(2020, 1, 1))]  # before the months told
    assert stand_ins({}, rows, LEAST_LIST, SINCE) == {"P1": "N1-small", "P2": "N1-small-2", "P3": "N1-small"}


def test_one_that_lies_nowhere_and_one_that_only_the_data_name_are_unplaced() -> None:
    found = stand_ins({"far": 3, "FAR": 4, "BIG": 1_200}, [lies("P1", None)], LEAST_LIST, SINCE)
    assert found == {"FAR": "unplaced-small", "P1": "unplaced-small"}
    assert stand_ins({"far": 600, "FAR": 400}, [], LEAST_LIST, SINCE) == {}  # one code, in two ways of writing


def test_a_trust_that_a_source_calls_somebody_s_practice_is_none_and_a_practice_stays_one() -> None:
    found = stand_ins({"RWH": 2, "P1": 2}, [lies("P1", "N1")], LEAST_LIST, SINCE, others={"RWH", "P1"})
    assert found == {"P1": "N1-small"}


@pytest.mark.parametrize("seed", range(20))
def test_sums_of_neighbourhoods_places_and_systems_are_the_same_in_every_month(seed: int) -> None:
    draw = random.Random(seed)
    rows, lists = [], {}
    for nth in range(30):
        code = f"P{nth}"
        lists[code] = draw.choice([3, 80, 999, 1_000, 5_000])
        cuts = sorted(draw.sample([date(2019 + at // 12, 1 + at % 12, 1) for at in range(90)], draw.randrange(4)))
        closes = draw.random() < 0.2 and cuts
        edges = [None if draw.random() < 0.7 else date(2010, 1, nth + 1), *cuts, *([] if closes else [None])]
        for starts, ends in pairwise(edges):
            rows.append(lies(code, draw.choice(["N1", "N2", "M1", None]), starts, ends))
    before = Areas(rows, [], [], ())
    instead = stand_ins(lists, rows, LEAST_LIST, SINCE)
    after = folded(before, instead, SINCE)

    def counted(found: Areas, names: dict[str, str], day: date) -> Counter[tuple[str, str]]:
        sums: Counter[tuple[str, str]] = Counter()
        for code, many in lists.items():
            for row in found.practice_area:
                if row["practice"] != names.get(code, code):
                    continue
                if (row["starts"] is None or row["starts"] <= day) and (row["ends"] is None or day < row["ends"]):
                    sums.update({(kind, row[kind]): many for kind in ("neighbourhood", "place", "system") if row[kind]})
        return sums

    assert set(instead) == {code for code, many in lists.items() if many < LEAST_LIST}
    for month in range(1, 70):
        day = date(2021 + month // 12, 1 + month % 12, 28)
        assert counted(before, {}, day) == counted(after, instead, day)


def test_it_is_no_area_and_nothing_became_it() -> None:
    before = areas(facts(successions=[("E81001", "E81002", MERGED)], practices=[
        Told("E81001", "practice", None, MERGED), Told("E81002", "practice"), Told("E81003", "practice"),
    ]), lambda postcode: "E01000006", lambda postcode: [])  # fmt: skip
    assert "E81002" in {row["became"] for row in before.area}
    after = folded(before, {"E81002": "south-small"}, SINCE)
    assert "E81002" not in json.dumps([after.practice_area, after.area], default=str)
    assert {row["practice"] for row in after.practice_area} == {"E81001", "E81003", "south-small"}
    assert {row["code"] for row in after.area if row["kind"] == "practice"} == {"E81001", "E81003"}
    assert folded(before, {}, SINCE) is before


# --- how long a list is ----------------------------------------------------------------------------------------------


def test_a_list_is_of_today_and_that_of_a_closed_practice_as_long_as_it_once_was(tmp_path: Path) -> None:
    closed = date(2024, 1, 1)
    spells = [("a", "NOW", None, None), ("b", "NOW", None, None), ("c", "NOW", None, closed)]
    spells += [(who, "CLOSED", None, closed) for who in "def"] + [("g", "CLOSED", closed, date(2025, 1, 1))]
    told = [{"person": who, "feed": "gp", "key": who, **registered(*rest)} for who, *rest in spells]
    patients = [{"person": "h", "feed": "sus-apc", "key": "h", "practice": "NAMED"}]
    patients += [{"person": "i", "feed": "gp", "key": "i", "practice": "NOW", "death_month": "2025-02"}]
    for name, rows in (("pop_registration", told), ("pop_patient", patients)):
        write_table(pa.Table.from_pylist(rows, schema=TABLES[name]), tmp_path / "tables" / name / "part-0.parquet")
    assert list_sizes(tmp_path, date(2026, 3, 31)) == {"CLOSED": 3, "NAMED": 0, "NOW": 2}


# --- in a snapshot ---------------------------------------------------------------------------------------------------


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawn practice lies in a neighbourhood of a system."""
    told = facts(practices=[Told(GP.organisation, "practice")], linked=[LAID])
    monkeypatch.setattr("joinedup.system.dated_areas", lambda known_at, since: told)


@pytest.fixture
def seen(record: None) -> Any:
    """Somebody was seen by the practice: it is a provider as well."""
    visit = {
        "resourceType": "Encounter", "id": "visit", "status": "finished", "subject": {"reference": "Patient/p3"},
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "serviceProvider": {"identifier": {"system": ODS, "value": GP.organisation}},
        "period": {"start": "2026-02-04T10:00:00Z"},
    }  # fmt: skip
    keep(GP, [visit])
    yield
    keep(GP, [{**visit, "status": "entered-in-error"}])


def named_in(folder: Path, code: str = GP.organisation) -> set[str]:
    """Answer the tables in which a code stands."""
    return {
        f"{path.parent.name}.{name}"
        for path in (folder / "tables").rglob("*.parquet")
        for table in [pq.read_table(path)]
        for name in table.column_names
        if any(code in str(value) for value in set(table.column(name).to_pylist()))
    }


@pytest.mark.usefixtures("seen", "placed")
class TestOfTheRecord:
    def test_a_small_practice_is_named_nowhere(self, data: Path, tmp_path: Path) -> None:
        plain = data / snapshot(tmp_path).id
        assert named_in(plain) == {
            "area.code", "area.name", "person.practice", "pop_encounter.provider", "pop_patient.practice",
            "pop_registration.organisation", "practice_area.practice", "registration.practice",
        }  # fmt: skip
        made = snapshot(tmp_path, recipient="research-a")
        folder = data / made.id
        assert named_in(folder) == set()
        assert GP.organisation not in (folder / "units.json").read_text()
        assert named_in(folder, "south-small") == named_in(plain) - {"area.code", "area.name"}
        told = manifest_of(folder)
        assert told["practices"] == {"least_list": 1_000, "folded": 1}
        assert any("1 practices with a list of less than 1,000" in note for note in made.notes)
        assert manifest_of(plain)["practices"] == {"least_list": 0, "folded": 0}
        assert verify(made.id) == []

    def test_its_people_are_still_of_their_neighbourhood_place_and_system(self, data: Path, tmp_path: Path) -> None:
        found = []
        for recipient in ("icb-analytics", "research-a"):
            opened = open_snapshot(data / snapshot(tmp_path, recipient=recipient).id)
            joined = opened.table("registration").inner_join(opened.table("practice_area"), "practice").to_pandas()
            held = joined.groupby(["neighbourhood", "place", "system"])["person"].nunique()
            found.append((held.to_dict(), opened.manifest["system"], opened.manifest["quality"]))
        assert found[0] == found[1]
        assert found[0][0] == {("south", "place", "QM7"): PEOPLE}

    def test_one_that_grows_past_the_limit_comes_back_and_one_that_shrinks_goes(
        self, data: Path, tmp_path: Path
    ) -> None:
        fewer = everybody(tmp_path, but=(3,)).rename(tmp_path / "fewer.dat")
        folded_ids = []
        for nth in range(2):
            small = snapshot(tmp_path, answer=fewer, least_list=PEOPLE)
            assert named_in(data / small.id) == set()
            folded_ids.append(small.id)
            grown = snapshot(tmp_path, least_list=PEOPLE)
            assert "person.practice" in named_in(data / grown.id)
            assert named_in(data / grown.id, "south-small") == set()
            assert grown.parts_taken_over > 0  # what names no practice
            if not nth:
                files = files_of(data / grown.id)
                (data / grown.id).rename(data.parent / "aside")
                assert snapshot(tmp_path, least_list=PEOPLE, afresh=True).id == grown.id
                assert files_of(data / grown.id) == files
        assert len(set(folded_ids)) == 1

    def test_the_same_record_gives_the_same_bytes(self, data: Path, tmp_path: Path) -> None:
        first = snapshot(tmp_path, recipient="research-a", afresh=True)
        files, units = files_of(data / first.id), (data / first.id / "units.json").read_bytes()
        (data / first.id).rename(data.parent / "aside")
        again = snapshot(tmp_path, recipient="research-a", afresh=True, processes=2)
        assert again.id == first.id
        assert files_of(data / first.id) == files
        assert (data / first.id / "units.json").read_bytes() == units
        assert not (data / ".making").exists()

    def test_anybody_s_own_views_name_it_no_more(self, data: Path, tmp_path: Path) -> None:
        views = tmp_path / "views"
        views.mkdir()
        tag = {"name": "joinedup/leaves-as", "value": "organisation"}
        (views / "mine.json").write_text(json.dumps({
            "resource": "Patient", "name": "mine", "status": "active", "select": [{"column": [
                {"name": "person", "path": "getResourceKey()"},
                {"name": "surgery", "path": "generalPractitioner.identifier.value.first()", "tag": [tag]},
            ]}],
        }))  # fmt: skip
        made = snapshot(tmp_path, views=views, recipient="research-a")
        assert set(open_snapshot(data / made.id).table("mine").to_pandas()["surgery"]) == {"south-small"}
        assert manifest_of(data / made.id)["practices"]["folded"] == 1


@pytest.mark.usefixtures("record")
def test_of_real_people_it_holds_for_our_own_analysts_too(data: Path, tmp_path: Path) -> None:
    number = "9434765919"
    real = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}]
    folder = export(tmp_path / "export", people=1, identifier=real)
    answer = tmp_path / "answer.dat"
    answer.write_bytes(ask_file([number]))
    with pytest.raises(RuleError, match="PB7"):
        bulk_snapshot(folder, answer=answer, least_list=999)
    assert not list(data.glob("2*"))
    made = bulk_snapshot(folder, answer=answer)
    person = open_snapshot(data / made.id).table("person").to_pandas()
    assert (made.people, list(person["practice"])) == (1, ["unplaced-small"])
    assert manifest_of(data / made.id)["practices"] == {"least_list": LEAST_LIST, "folded": 1}
