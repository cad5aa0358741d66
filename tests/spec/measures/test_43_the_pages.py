"""The pages of measures: the way in, an area's profile, one measure, comparing, and why a number is so."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import transaction
from django.test import Client

from joinedup import database
from joinedup.access.demo import demo_users
from joinedup.measures import definition

from .drawn_results import DEFINITIONS, LAST, draw

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _people(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The demo users, made once: gone after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw(folder)
    return folder


@pytest.fixture
def client(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An analyst's browser on a site whose results are the drawn ones."""
    monkeypatch.setattr(database, "data_dir", lambda: drawn)
    monkeypatch.setattr(definition, "definitions", lambda: DEFINITIONS)
    return signed_in("analyst")


def signed_in(role: str) -> Client:
    client = Client(raise_request_exception=False)
    assert client.post("/access/demo/", {"role": role}).status_code == 302
    return client


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    page = answer.content.decode()
    assert answer.status_code == status, page[:2000]
    return " ".join(page.split())


def words_of(html: str) -> str:
    """A page without its marks, as it is read."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows_of(client: Client, address: str) -> list[dict[str, str]]:
    """A CSV's rows, without the manifest below them."""
    text = b"".join(client.get(address).streaming_content).decode()
    return list(csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#")))


def sheet_of(client: Client, address: str) -> Any:
    return openpyxl.load_workbook(io.BytesIO(b"".join(client.get(address).streaming_content)))


# --- planted counts ------------------------------------------------------------------------------------------------


def test_counts_7_8_12_13_read_alike_on_page_api_and_workbook(client: Client) -> None:
    """Planted in the last four months of practice Y00001; see drawn_results."""
    address = "/measures/high-blood-pressure/?area=Y00001&months-page=2"
    expected = ["*", "10", "10", "15"]

    page = client.get(address).content.decode()
    table = page[page.index('id="months-caption"') :].split("</table>")[0]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in table.split("<tr")[2:]]
    shown = [words_of(row[1]) for row in cells][-4:]
    assert shown == ["* suppressed, between 1 and 7", "10", "10", "15"]

    answer = client.get("/api/measures/high-blood-pressure/series?area=Y00001").json()
    assert [figure["numerator_shown"] for figure in answer["figures"]][-4:] == expected
    assert [figure["numerator"] for figure in answer["figures"]][-4:] == [None, 10, 10, 15]

    sheet = sheet_of(client, address + "&months-download=xlsx").worksheets[0]
    titles = [cell.value for cell in sheet[1]]
    column = titles.index("Counted")
    assert [str(row[column].value) for row in sheet.iter_rows(min_row=2)][-4:] == expected

    rows = rows_of(client, address + "&months-download=csv")
    assert [row["Counted"] for row in rows][-4:] == ["", "10", "10", "15"]  # a value column, and a status column
    assert [row["Status"] for row in rows][-4:] == ["suppressed", "", "", ""]


def test_a_suppressed_value_reads_the_same_in_a_picture_and_in_the_table_beside_it(client: Client) -> None:
    page = client.get("/measures/high-blood-pressure/?area=PA").content.decode()
    assert ">Mixed: *</text>" in page
    table = page[page.index('id="ethnic_group-caption"') :].split("</table>")[0]
    row = next(row for row in table.split("<tr") if ">Mixed<" in row)
    assert words_of(row).count("* suppressed, between 1 and 7") == 2  # the count and the value

    trend = client.get("/measures/high-blood-pressure/?area=Y00001").content.decode()
    assert ">*</text>" in trend.split('id="trend"')[1].split("</svg>")[1]


def test_a_suppressed_area_is_hatched_on_the_map(client: Client) -> None:
    page = client.get("/measures/high-blood-pressure/").content.decode()
    assert "<pattern id=" in page
    assert "<title>Alder 1: Suppressed: it rests on 1 to 7 people" in page
    assert "Without a figure: Alder 1." in page


# --- the way in ----------------------------------------------------------------------------------------------------


def test_any_figure_is_two_clicks_away(client: Client) -> None:
    start = text_of(client, "/measures/")
    assert 'href="/measures/emergency-admissions/?area=QM7"' in start  # one
    moved = client.get("/measures/?area=PA")
    assert moved["Location"] == "/measures/areas/PA/"
    assert 'href="/measures/emergency-admissions/?area=PA"' in text_of(client, "/measures/areas/PA/")  # two


def test_an_area_may_be_asked_for_by_its_name(client: Client) -> None:
    assert client.get("/measures/?area=alder 1")["Location"] == "/measures/areas/NA1/"


def test_what_is_not_collected_is_listed_with_the_reason(client: Client) -> None:
    assert "No feed carries the stage of a cancer." in words_of(text_of(client, "/measures/"))
    assert "No feed carries the stage of a cancer." in text_of(client, "/measures/early-cancer/", 404)


def test_measures_and_areas_are_found_by_the_search_of_the_site(client: Client) -> None:
    found = text_of(client, "/search/?q=emergency")
    assert 'href="/measures/emergency-admissions/"' in found
    assert 'href="/measures/areas/NA1/"' in text_of(client, "/search/?q=Alder 1")
    assert "/measures/areas/" not in text_of(Client(), "/search/?q=Alder 1")


def test_before_anything_was_made_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "data_dir", lambda: tmp_path)
    monkeypatch.setattr(definition, "definitions", lambda: DEFINITIONS)
    client = signed_in("analyst")
    assert "No measure has been made yet" in text_of(client, "/measures/")
    assert "joinedup measure --all" in text_of(client, "/measures/areas/PA/", 404)


# --- an area -------------------------------------------------------------------------------------------------------


def test_a_profile_says_what_stands_out(client: Client) -> None:
    said = words_of(text_of(client, "/measures/areas/PA/"))
    worse = said.split("Changing for the worse")[1].split("Changing for the better")[0]
    assert "Emergency admissions : 14.5" in worse or "Emergency admissions : 14.0" in worse
    assert "significant change for the worse, high" in worse
    assert "Emergency admissions" in said.split("Worse than Made-up system")[1].split("Better than")[0]


def test_a_verdict_has_a_letter_and_the_spine_chart_says_it_too(client: Client) -> None:
    page = text_of(client, "/measures/areas/PA/")
    assert "W: worse" in page
    assert ">W</text>" in page


def test_a_profile_s_file_says_where_its_figures_come_from(client: Client) -> None:
    book = sheet_of(client, "/measures/areas/PA/?profile-download=xlsx")
    notes = [f"{row[0].value}: {row[1].value}" for row in book["Notes"].iter_rows()]
    for word in ("Alder (PA), place", "mode nhs (rules PE1 to PE7)", "2026-10-31-drawn0000000", "code version: 0.1.0"):
        assert any(word in note for note in notes), word
    assert any("nobody real is described" in note for note in notes)


def test_the_system_is_not_compared_with_itself(client: Client) -> None:
    page = words_of(text_of(client, "/measures/areas/QM7/"))
    assert "Worse than" not in page
    assert "Against the system" not in page


@pytest.mark.parametrize("address", ["/measures/areas/PX/", "/measures/high-blood-pressure/?area=PX"])
def test_an_area_that_is_not_there_is_named(client: Client, address: str) -> None:
    assert "There is no area" in text_of(client, address, 404)


# --- a measure -----------------------------------------------------------------------------------------------------


def test_a_measure_s_page_has_a_table_beside_each_picture(client: Client) -> None:
    page = text_of(client, "/measures/high-blood-pressure/")
    assert page.count("joinedup-drawing--chart") == 5  # trend, funnel, two gradients, one other breakdown
    assert page.count("joinedup-drawing--map") == 1
    assert page.count("Show the figures as a table") == 6
    assert "By deprivation, national: fifths of England" in page
    assert "By deprivation, local: fifths of this system" in page
    assert "falls by" in page


def test_an_area_too_small_for_groups_shows_the_system_s_and_says_so(client: Client) -> None:
    page = words_of(text_of(client, "/measures/high-blood-pressure/?area=NA2"))
    assert "Groups are shown for Made-up system as a whole" in page


def test_another_breakdown_can_be_chosen(client: Client) -> None:
    assert "By ethnic group" in text_of(client, "/measures/high-blood-pressure/")
    page = text_of(client, "/measures/high-blood-pressure/?by=sex")
    assert "By sex" in page
    assert "By ethnic group" not in page


def test_a_month_without_data_is_named_and_never_nought(client: Client) -> None:
    page = words_of(text_of(client, "/measures/emergency-admissions/?area=NB2&months-page=2"))
    assert "Left out (no data for the month): June 2026." in page
    rows = rows_of(client, "/measures/emergency-admissions/?area=NB2&months-download=csv")
    assert [(row["For 1,000 people"], row["Status"]) for row in rows if row["Month"] == "2026-06-01"] == [
        ("", "no data for the month")
    ]


def test_the_day_of_the_site_chooses_the_month(client: Client) -> None:
    page = words_of(text_of(client, "/measures/high-blood-pressure/?area=PB&as_of=2026-03-15"))
    assert "Birch, February 2026" in page
    assert "There are no figures for 1 May 2020" in text_of(
        client, "/measures/high-blood-pressure/?as_of=2020-05-01", 404
    )


def test_means_have_no_funnel_but_a_table(client: Client) -> None:
    page = text_of(client, "/measures/wellbeing/")
    assert "Do practices differ" not in page
    assert 'id="funnel-caption"' in page


def test_a_file_says_definition_formula_and_disclosure(client: Client) -> None:
    text = b"".join(client.get("/measures/high-blood-pressure/?months-download=csv").streaming_content).decode()
    for word in (
        "# note: formula: numerator ÷ denominator × 100",
        "PD2",
        "PE1 to PE7",
        "digest ",
        "# complete: 24 rows",
    ):
        assert word in text, word


# --- comparing -----------------------------------------------------------------------------------------------------


def test_areas_of_a_kind_stand_in_the_order_of_their_names(client: Client) -> None:
    rows = rows_of(client, "/measures/compare/?measure=high-blood-pressure&kind=practice&compared-download=csv")
    assert [row["Area"] for row in rows] == [f"Practice {n}" for n in range(1, 9)]


def test_the_difference_of_two_areas_is_tested(client: Client) -> None:
    page = words_of(text_of(client, "/measures/compare/?areas=PA,PB"))
    assert re.search(
        r"Emergency admissions 14\.\d \([^)]*\) 8\.\d \([^)]*\) Higher by 6\.\d \([^)]*\), which is worse", page
    )


def test_an_area_and_its_part_are_not_tested(client: Client) -> None:
    page = words_of(text_of(client, "/measures/compare/?area=PA&with=NA1"))
    assert "One lies within the other" in page
    assert "Higher by" not in page


def test_three_areas_are_refused_with_what_was_expected(client: Client) -> None:
    assert "3 areas given; expected one or two" in text_of(client, "/measures/compare/?areas=PA,PB,NA1", 422)


# --- why -----------------------------------------------------------------------------------------------------------


def test_why_opens_the_figure_down_to_sentences_and_code_lists(client: Client) -> None:
    page = words_of(text_of(client, "/measures/high-blood-pressure/why/?area=PA"))
    assert "is aged 18 or over" in page
    assert "is on the register hypertension" in page
    assert "It never leads to people" in page
    assert "2026-10-31-drawn0000000" in page


def test_why_says_that_the_definition_has_been_changed_since(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, address = (
        "The definition has been changed since the figures were made",
        "/measures/high-blood-pressure/why/",
    )
    assert changed not in text_of(client, address)
    other = replace(DEFINITIONS["high-blood-pressure"], denominator=("is aged 16 or over",))
    monkeypatch.setattr(definition, "definitions", lambda: DEFINITIONS | {other.id: other})
    assert changed in text_of(client, address)


def test_a_trend_of_points_that_overlap_has_no_limits_and_says_why(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "/measures/emergency-admissions/?area=PA"
    assert "Significant change for the worse, high" in text_of(client, address)
    yearly = replace(DEFINITIONS["emergency-admissions"], months=12)
    monkeypatch.setattr(definition, "definitions", lambda: DEFINITIONS | {yearly.id: yearly})
    page = text_of(client, address)
    assert "Significant change" not in page
    assert "each point covers 12 months that overlap with its neighbours" in page


def test_a_code_list_can_be_taken_away(client: Client) -> None:
    page = text_of(client, "/measures/high-blood-pressure/why/")
    address = re.findall(r'href="(/measures/high-blood-pressure/why/[^"]+\.csv)"', page)[0]
    lines = client.get(address).content.decode().splitlines()
    assert lines[0] == '"system","code","term"'
    assert any("38341003" in line for line in lines)
    assert "uses no code list" in text_of(client, "/measures/high-blood-pressure/why/nothing.csv", 404)


# --- who may -------------------------------------------------------------------------------------------------------


def test_residents_and_strangers_see_no_measures(client: Client) -> None:
    assert signed_in("resident").get("/measures/").status_code == 403
    assert Client().get("/measures/")["Location"].startswith("/access/sign-in/")
    assert "Measures" not in words_of(Client().get("/").content.decode()).split("Menu")[0]


def test_the_pages_show_only_figures_of_the_protected_files(client: Client, drawn: Path) -> None:
    """The raw counts planted (7, 8, 12, 13) stand in no file from which pages read."""
    import pyarrow.parquet as pq

    table = pq.read_table(next(drawn.glob("results/*/protected/measures/high-blood-pressure.parquet"))).to_pandas()
    mine = table[(table["area"] == "Y00001") & (table["month"] >= LAST)]
    assert set(mine["numerator"].dropna()) == {15}
    assert not set(table["numerator"].dropna()) & {7, 8, 12, 13}
