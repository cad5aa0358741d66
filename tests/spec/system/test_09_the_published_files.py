"""Published files come in whole or not at all; before a system's file or after it, the answers are the same."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from joinedup.access import Grant
from joinedup.errors import FileError
from joinedup.system import Picture

from . import littleshire, small_england
from .conftest import See

pytestmark = pytest.mark.django_db
Rows = Callable[[], dict[str, int]]


@pytest.fixture(autouse=True)
def _ten_small_areas(monkeypatch: pytest.MonkeyPatch) -> None:
    """The census counted 32,844; the drawn England has ten."""
    from joinedup.system import published

    monkeypatch.setattr(published, "SMALL_AREAS_OF_ENGLAND", small_england.SMALL_AREAS)
    tables = {n: small_england.text_of(n).count("\n") - 1 for n in small_england.FILES if ".csv" in n}
    for name, file in published.CATALOGUE.items():
        monkeypatch.setitem(published.CATALOGUE, name, replace(file, at_least=tables.get(name, 0)))


def load(folder: Path, grant: Grant) -> Any:
    """Load Littleshire; of Bigshire only the published files speak, as of what lies around a real system."""
    from joinedup.system import services

    first = littleshire.TOML.index('[[area]]\nkey = "bigshire"')
    bigshire = littleshire.TOML[first : littleshire.TOML.index("[[area]]", first + 1)]
    return services.load_system(littleshire.write(folder, (bigshire, ""), ('from_area = "bigshire"\n', "")), grant)


def bring_in(folder: Path, grant: Grant, *file: Any) -> Any:
    from joinedup.system import services

    published = folder / "published"
    published.mkdir(exist_ok=True)
    return services.import_published(small_england.write(published, *file), grant)


# --- what comes in


def test_an_import_brings_bodies_areas_and_their_changes(tmp_path: Path, grant: Grant, see: See) -> None:
    done = bring_in(tmp_path, grant)
    before, after = see("2022-06-30"), see("2022-07-01")
    days = ["2013-04-01", "2020-03-31", "2020-04-01", "2022-06-30"]
    assert [see(day).counts_by_kind()["ccg"] for day in days] == [4, 4, 3, 3]
    assert after.counts_by_kind()["icb"] == 2
    sizes = {ons: (before.area(ons).small_areas, after.area(ons).small_areas) for ons in ("E54000911", "E54000901")}
    assert sizes == {"E54000911": (5, 0), "E54000901": (0, 7)}
    assert (before.area("E54000902").small_areas, after.area("E54000902").small_areas) == (5, 3)
    assert {event.kind for event in after.events()} == {"merge"}
    assert after.resolve("01A") == {"01X"}
    assert not after.body("RZ0").exists
    assert after.body("RZ1").name == "Littleshire Hospitals NHS Trust"
    assert any("1 belong to no network" in remark for remark in done.remarks)


def test_a_practice_changes_its_network(tmp_path: Path, grant: Grant, see: See) -> None:
    """By the list of 2023/24; PCN "U" is not a network."""
    from joinedup.errors import NotFound
    from joinedup.system import answers

    bring_in(tmp_path, grant)

    def of(day: str, known: str = "") -> Any:
        picture = see(day, known) if known else see(day)
        links = answers.body(picture, picture.body("Y90001"))
        return [link["to"]["code"] for link in links["links"]], links["site"]["registered_patients"]

    assert of("2023-03-31") == (["U90001"], 4000)
    assert of("2023-04-01") == (["U90002"], 4100)
    assert of("2023-04-01", "2024-03-31") == (["U90001"], 4000)
    with pytest.raises(NotFound):
        see("2022-07-01").body("U")


def test_importing_again_changes_nothing(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    first = bring_in(tmp_path, grant)
    before = rows()
    again = bring_in(tmp_path, grant)
    after = rows()
    assert (first.is_unchanged, again.is_unchanged) == (False, True)
    assert {table for table in after if after[table] != before[table]} == {"access_auditentry", "access_unsealed"}


def test_another_edition_is_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    bring_in(tmp_path, grant)
    before = rows()
    with pytest.raises(FileError, match="another edition"):
        bring_in(tmp_path, grant, "trusts.json", json.dumps(small_england.TRUSTS[:1]) + "\n")
    assert rows() == before


# --- before or after the system's file


ASKED = [
    "littleshire",
    "E54000911",
    "E54000901",
    "E54000902",
    "north",
    "south",
    "QZ9",
    "QZ8",
    "ccg-north",
    "01X",
    "01A",
    "RZ1",
    "02X",
    "03X",
]


def today(picture: Picture) -> dict[str, Any]:
    from joinedup.system import answers

    return {text: told(answers.show(picture, text)) for text in [*ASKED, "england"]}


def told(value: Any) -> Any:
    """Leave out what a database numbers by itself, and since when it knows."""
    if isinstance(value, dict):
        left_out = {"id", "parents", "known_at", "known_from", "known_to", "facts", "lineage"}
        return {key: told(item) for key, item in value.items() if key not in left_out}
    return sorted((told(item) for item in value), key=repr) if isinstance(value, list) else value


DAYS = ["2019-04-01", "2020-04-01", "2021-04-01", "2022-06-30", "2022-07-01"]


@pytest.fixture
def after_load(tmp_path: Path, grant: Grant, see: See) -> dict[str, Any]:
    """Answer the pictures of all days when the system's file was loaded first; then undo it."""
    from django.db import transaction

    class Undo(Exception):
        pass

    found: dict[str, Any] = {}
    try:
        with transaction.atomic():
            load(tmp_path, grant)
            bring_in(tmp_path, grant)
            found = {day: today(see(day)) for day in DAYS}
            raise Undo
    except Undo:
        return found


def test_importing_before_or_after_gives_the_same_answers(
    tmp_path: Path, grant: Grant, see: See, after_load: dict[str, Any]
) -> None:
    bring_in(tmp_path, grant)
    load(tmp_path, grant)
    for day in DAYS:
        here = today(see(day))
        for text, answer in after_load[day].items():
            for key in answer:
                assert here[text].get(key) == answer[key], f"{key} of {text} on {day}"


def test_published_small_areas_take_the_place_of_simulated_ones(tmp_path: Path, grant: Grant, see: See) -> None:
    load(tmp_path, grant)
    simulated = see("2022-07-01").area("littleshire")
    bring_in(tmp_path, grant)
    real = see("2022-07-01").area("littleshire")
    assert (simulated.small_areas, simulated.population, simulated.is_simulated) == (7, 10_500, True)
    assert (real.small_areas, real.population, real.is_simulated) == (7, 10_500, False)
    assert all(code.startswith("E01") for code in see("2022-07-01").small_areas(real.id))
    assert see("2022-06-30").area("littleshire").small_areas == 5
    assert see("2022-07-01", "2022-06-30").area("littleshire").small_areas == 5


# --- what is refused


def refused(folder: Path, grant: Grant, rows: Rows, name: str, content: bytes | str) -> FileError:
    before = rows()
    with pytest.raises(FileError) as error:
        bring_in(folder, grant, name, content)
    assert rows() == before
    found = error.value
    assert found.file == name
    assert found.next_step
    assert "Nothing was loaded" in str(found)
    return found


# the file, the right words, the wrong ones, the field, what is said. The line must be the one that differs.
MASTER, LINEAGE, SUCCESSION, COUNCILS, TRUST_SHARES, PRACTICES, LATER = (
    "england_lsoa11_master.csv.gz", "area_lineage_2021_to_2022.csv", "ods_succession_all.csv", "lookup_ltla_ltla.csv",
    "lookup_nhs_trusts22_icb22.csv", "wp_2022_2023.csv", "hwe_practices_2023_24.csv",
)  # fmt: skip
LAST = "E01000910,Eastham 910,E02000901,E07000904,Eastham,E38000903,"
SHARE, SIZE = "proportion_trust_came_from_icb", "Number of Registered Patients (Last Known Figure)"
CWM = "W06000001,Cwm," * 4
WRONG_LINES = {
    "a day that does not exist":
        (SUCCESSION, "01A,01X,2020-04-01", "01A,01X,2020-04-31", "date", "not a date that exists"),
    "an empty code": (SUCCESSION, "5AA,01A", ",01A", "old_code", "empty"),
    "a row that stands twice": (SUCCESSION, "01B,01X", "01A,01X", None, "stands twice"),
    "a field too few": (SUCCESSION, "RZ0,RZ1,2019-04-01", "RZ0,RZ1", None, "expected 3 fields, found 2"),
    "a field too many": (SUCCESSION, "RZ0,RZ1,", "RZ0,RZ1,RZ2,", None, "expected 3 fields, found 4"),
    "a missing column": (SUCCESSION, "old_code,", "oldcode,", "old_code", "expected a column"),
    "a quotation mark that never closes": (SUCCESSION, "RZ0,RZ1,", 'RZ0,"RZ1,', None, "CSV"),
    "a circle": (SUCCESSION, "5AA,01A", "01X,01A", "new_code", "circle: 01A → 01X → 01A"),
    "people that do not sum":
        (MASTER, "351,1501", "351,1502", "pop_total", "the ages sum to 1501, pop_total is 1502"),
    "people in words": (MASTER, "351,1501", "many,1501", "pop_85plus", "'many' is no whole number"),
    "a small area that stands twice": (MASTER, "E01000910,", "E01000909,", "lsoa11_code", "stands twice"),
    "an unknown board":
        (MASTER, f"{LAST}03X,E54000902,QZ8", f"{LAST}03X,E54000902,QZ7", "icb22_code_h", "no 'QZ7'. Did you mean"),
    "an unknown location": (MASTER, f"{LAST}03X", f"{LAST}09X", "sicbl22_code_h", "no '09X'. Did you mean"),
    "a missing column among many": (MASTER, ",ltla22_code,", ",ltla23_code,", "ltla22_code", "expected a column"),
    "a missing decile column": (MASTER, "IMD_decile", "IMD_dec", "IMD_decile", "expected a column"),
    "a number in words": (LINEAGE, "03X,3", "03X,three", "lsoas", "'three' is no whole number"),
    "a missing name column": (LINEAGE, "ccg21_name", "ccg_name", "ccg21_name", "expected a column"),
    "an unknown system": (TRUST_SHARES, "RZ1,E54000902", "RZ1,E54000909", "icb22_code", "E54000909"),
    "a share in words": (TRUST_SHARES, "E54000902,0.25", "E54000902,some", SHARE, "'some' is no number"),
    "a share below 0": (TRUST_SHARES, "E54000902,0.25", "E54000902,-0.25", SHARE, "no number of 0 or more"),
    "patients in words": (PRACTICES, "E07000902,3000", "E07000902,lots", "Patients", "'lots' is no whole number"),
    "a practice that stands twice": (PRACTICES, "Y90002,", "Y90001,", "Practice_Code", "stands twice"),
    "a place on no map": (PRACTICES, "LS2 1AA,51.8", "LS2 1AA,north", "Latitude", "'north' is no number"),
    "a missing column of practices":
        (PRACTICES, "Practice_Postcode", "Postcode", "Practice_Postcode", "expected a column"),
    "a later list in words": (LATER, "4100.5", "lots", SIZE, "'lots' is no number"),
    "a later list without a column": (LATER, "postcode", "post_code", "postcode", "expected a column"),
    "a council without a code": (COUNCILS, f"{CWM}W06000001", CWM, "ltla20_code", "empty"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG_LINES)
def test_a_wrong_line_is_named(what: str, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    name, right, wrong, field, says = WRONG_LINES[what]
    text = small_england.text_of(name)
    assert text.count(right) == 1
    content = text.replace(right, wrong)
    error = refused(tmp_path, grant, rows, name, content)
    assert says in error.expected, error
    assert error.field == field
    pairs = zip(text.split("\n"), content.split("\n"), strict=True)
    assert [error.line] == [number for number, (one, other) in enumerate(pairs, 1) if one != other]


def test_shares_that_do_not_sum_are_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    """Rules: T11, V2."""
    content = small_england.SHARES.replace("0.25", "0.2")
    error = refused(tmp_path, grant, rows, "lookup_nhs_trusts22_icb22.csv", content)
    assert "the shares of RZ1 sum to 0.95, expected 1" in error.expected
    assert (error.line, error.field) == (3, "proportion_trust_came_from_icb")


@pytest.mark.parametrize("name", [name for name in small_england.FILES if name.endswith((".csv", ".csv.gz"))])
@pytest.mark.parametrize("cut", ["within a line", "before the end of the last line"])
def test_a_table_that_breaks_off_is_refused_at_its_last_line(
    name: str, cut: str, tmp_path: Path, grant: Grant, rows: Rows
) -> None:
    text = small_england.text_of(name)
    left = text[: len(text) * 2 // 3].rstrip("\n") if cut == "within a line" else text.removesuffix("\n")
    error = refused(tmp_path, grant, rows, name, left)
    assert error.line == left.count("\n") + 1
    assert "breaks off" in error.expected


@pytest.mark.parametrize("name", [name for name in small_england.FILES if ".csv" in name])
def test_a_table_that_breaks_off_at_the_end_of_a_line_is_refused(
    name: str, tmp_path: Path, grant: Grant, rows: Rows
) -> None:
    lines = small_england.text_of(name).splitlines(keepends=True)
    error = refused(tmp_path, grant, rows, name, "".join(lines[:-1]))
    assert "cut off" in error.expected
    assert error.line == len(lines) - 1


@pytest.mark.parametrize("name", [name for name in small_england.FILES if name.endswith("json")])
def test_json_that_breaks_off_is_refused_where_it_does(name: str, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    lines = small_england.text_of(name).splitlines(keepends=True)
    left = "".join(lines[: len(lines) // 2])
    error = refused(tmp_path, grant, rows, name, left)
    assert "not valid JSON" in error.expected
    assert abs(error.line - len(lines) // 2) <= 1


# a file in JSON, and what it holds instead
WRONG_SHAPES = {
    "boards that are no list": ("integrated_care_boards.json", {"boards": small_england.BOARDS}),
    "boards without a code": ("integrated_care_boards.json", [{"name": "NHS LITTLESHIRE INTEGRATED CARE BOARD"}]),
    "boards that are another two": ("integrated_care_boards.json", [{"ods_code": "QZ9"}, {"ods_code": "QZ7"}]),
    "trusts without a name": ("trusts.json", [{"ods_code": "RZ1"}]),
    "regions without a code": ("nhs_england_regions.json", [{"NHS_ENGLAND_REGION_NAME": "Midlands"}]),
    "lists of no board": ("integrated_care_boards_local_authorities.json", [{"ODS ICB Code": "QZ9"}]),
    "lists of an unknown board":
        ("integrated_care_boards_local_authorities.json", [small_england.LISTS[0] | {"ODS ICB Code": "QZ7"}]),
    "outlines that are a list": ("icb22_england.geojson", [1, 2, 3]),
    "outlines without a geometry":
        ("lsoa11_HWE.geojson", {"features": [{"properties": {"lsoa11_code": "E01000901"}, "geometry": None}]}),
    "outlines without a code":
        ("ltla24_england.geojson", {"features": [{"properties": {}, "geometry": {"type": "Point"}}]}),
    "no outline at all": ("icb22_england.geojson", {"type": "FeatureCollection"}),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG_SHAPES)
def test_json_of_another_shape_is_refused(what: str, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    name, content = WRONG_SHAPES[what]
    error = refused(tmp_path, grant, rows, name, json.dumps(content, indent=1) + "\n")
    assert error.expected


@pytest.mark.parametrize("name", small_england.FILES)
def test_another_encoding_is_refused_at_its_line(name: str, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    text = small_england.text_of(name)
    at = text.rindex("01") if "01" in text else text.rindex("RZ")
    raw = text[:at].encode() + b"\xf4" + text[at:].encode()
    packed = gzip.compress(raw) if name.endswith(".gz") else raw
    error = refused(tmp_path, grant, rows, name, packed)
    assert "byte 0xf4" in error.expected
    assert error.line == text[:at].count("\n") + 1


@pytest.mark.parametrize("name", sorted(set(small_england.FILES) - {"wp_2022_2023.csv"}))
def test_a_byte_order_mark_is_refused(name: str, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    raw = small_england.text_of(name).encode("utf-8-sig")
    error = refused(tmp_path, grant, rows, name, gzip.compress(raw) if name.endswith(".gz") else raw)
    assert "byte-order mark" in error.expected
    assert error.line == 1


def test_the_list_of_practices_is_published_with_a_byte_order_mark(tmp_path: Path, grant: Grant, see: See) -> None:
    bring_in(tmp_path, grant, "wp_2022_2023.csv", small_england.PRACTICES.encode("utf-8-sig"))
    assert see("2022-07-01").body("Y90001").kind == "gp_practice"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_packed_file_that_breaks_off_is_refused(share: float, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    packed = gzip.compress(small_england.MASTER.encode())
    error = refused(tmp_path, grant, rows, "england_lsoa11_master.csv.gz", packed[: int(len(packed) * share)])
    assert "damaged or cut off" in error.expected


def test_a_packed_file_with_a_changed_byte_is_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    packed = bytearray(gzip.compress(small_england.MASTER.encode()))
    packed[len(packed) // 2] ^= 0xFF
    refused(tmp_path, grant, rows, "england_lsoa11_master.csv.gz", bytes(packed))


def test_an_empty_file_is_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    for name in small_england.FILES:
        folder = tmp_path / name
        folder.mkdir()
        refused(folder, grant, rows, name, gzip.compress(b"") if name.endswith(".gz") else b"")


def test_a_needed_file_that_is_missing_is_named(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    from joinedup.system import services

    before = rows()
    small_england.write(tmp_path)
    (tmp_path / "ods_succession_all.csv").unlink()
    with pytest.raises(FileError, match=r"needed file.*ods_succession_all\.csv"):
        services.import_published(tmp_path, grant)
    with pytest.raises(FileError, match="no such folder"):
        services.import_published(tmp_path / "nowhere", grant)
    assert rows() == before


def test_files_that_are_not_needed_may_be_left_out(tmp_path: Path, grant: Grant, see: See) -> None:
    from joinedup.system import published, services

    small_england.write(tmp_path)
    for name, file in published.CATALOGUE.items():
        if not file.is_needed:
            (tmp_path / name).unlink(missing_ok=True)
    services.import_published(tmp_path, grant)
    assert see("2022-07-01").counts_by_kind() == {"icb": 2}
