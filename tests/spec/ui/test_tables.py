"""Tables that people sort, filter and page by the address alone."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.test import Client

from joinedup.errors import RuleError
from joinedup.moment import Moment
from joinedup.ui import Column, Export, Provenance, Table, csv_lines, workbook
from joinedup.ui.tables import in_order, pounds, shown

PLACES = [
    {"place": "West Essex", "areas": 178, "since": date(2013, 4, 1)},
    {"place": "East and North Hertfordshire", "areas": 330, "since": date(2013, 4, 1)},
    {"place": "Place 10", "areas": None, "since": None},
    {"place": "Place 2", "areas": 349, "since": date(2012, 4, 1)},
]


def places(**choices: Any) -> Table:
    columns = [Column("place", "Place"), Column("areas", "Small areas", "number"), Column("since", "Since", "date")]
    return Table(columns, PLACES, caption="Places", name="places", **choices)


# the address                  the places shown
VIEWS = [
    ({}, ["West Essex", "East and North Hertfordshire", "Place 10", "Place 2"]),
    ({"places-sort": "place"}, ["East and North Hertfordshire", "Place 2", "Place 10", "West Essex"]),
    ({"places-sort": "areas"}, ["West Essex", "East and North Hertfordshire", "Place 2", "Place 10"]),
    ({"places-sort": "-areas"}, ["Place 2", "East and North Hertfordshire", "West Essex", "Place 10"]),
    ({"places-sort": "since"}, ["Place 2", "West Essex", "East and North Hertfordshire", "Place 10"]),
    ({"places-sort": "nonsense"}, ["West Essex", "East and North Hertfordshire", "Place 10", "Place 2"]),
    ({"places-q": "ESSEX west"}, ["West Essex"]),
    ({"places-q": "april 2012"}, ["Place 2"]),
    ({"places-q": "349"}, ["Place 2"]),
    ({"places-q": "nobody"}, []),
    ({"other-q": "nobody"}, ["West Essex", "East and North Hertfordshire", "Place 10", "Place 2"]),
]

# value                                        kind      as people read it
SHOWN = [
    (None, "number", ""),
    (float("nan"), "number", ""),
    (1234567, "number", "1,234,567"),
    (Decimal("0.10"), "number", "0.10"),
    (-5, "pence", "−£0.05"),
    (123456, "pence", "£1,234.56"),
    (date(2022, 7, 1), "date", "1 July 2022"),
    (datetime(2022, 7, 1, 8, 30, tzinfo=UTC), "date", "1 July 2022 at 9:30am"),
    (datetime(2022, 1, 1, 12, 0, tzinfo=UTC), "date", "1 January 2022 at midday"),
    (True, "text", "Yes"),
    ("06K", "text", "06K"),
]


@pytest.mark.parametrize(("query", "expected"), VIEWS)
def test_the_address_says_what_is_shown(query: dict[str, str], expected: list[str]) -> None:
    assert [row["place"] for row in places().view(query).rows] == expected


@pytest.mark.parametrize(("value", "kind", "text"), SHOWN)
def test_values_are_shown_as_people_read_them(value: Any, kind: Any, text: str) -> None:
    assert shown(value, kind) == text


# page asked   page shown   rows shown
PAGES = [("1", 1, (1, 2)), ("2", 2, (3, 4)), ("99", 2, (3, 4)), ("0", 1, (1, 2)), ("-1", 1, (1, 2)), ("²", 1, (1, 2))]


@pytest.mark.parametrize(("asked", "page", "rows"), PAGES)
def test_a_page_that_is_not_there_is_the_nearest_one(asked: str, page: int, rows: tuple[int, int]) -> None:
    view = places(per_page=2).view({"places-page": asked})
    assert (view.page, view.pages, (view.first, view.last)) == (page, 2, rows)


def test_pages_left_out_are_shown_as_a_gap() -> None:
    long = Table([Column("n", "N", "number")], [{"n": n} for n in range(200)], caption="N", name="n", per_page=10)
    assert long.view({}).page_numbers == [1, 2, None, 20]
    assert long.view({"n-page": "10"}).page_numbers == [1, None, 9, 10, 11, None, 20]
    assert long.view({"n-page": "4"}).page_numbers == [1, 2, 3, 4, 5, None, 20]


def test_links_keep_the_rest_of_the_address() -> None:
    view = places(per_page=1).view({"as_of": "2022-07-01", "places-sort": "areas", "places-page": "2"})
    by_areas = view.table.column("areas")
    assert view.sort_href(by_areas) == "?as_of=2022-07-01&places-sort=-areas#places"
    assert view.page_href(3) == "?as_of=2022-07-01&places-sort=areas&places-page=3#places"
    assert view.download_href("csv") == "?as_of=2022-07-01&places-sort=areas&places-download=csv"
    assert view.sort_state(by_areas) == "ascending"


def test_a_mixed_column_sorts_instead_of_failing() -> None:
    rows = [{"x": "b"}, {"x": 2}, {"x": date(2020, 1, 1)}, {"x": None}, {"x": 1}]
    assert [row["x"] for row in in_order(rows, "x")] == [1, 2, date(2020, 1, 1), "b", None]


def test_pounds_are_exact() -> None:
    assert [pounds(pence) for pence in (0, 1, 99, 100, 320_000_000_001)] == [
        "£0.00",
        "£0.01",
        "£0.99",
        "£1.00",
        "£3,200,000,000.01",
    ]


def test_a_table_refuses_a_name_or_columns_it_cannot_keep_apart() -> None:
    with pytest.raises(RuleError, match="lower-case"):
        Table([], [], caption="", name="Two words")
    with pytest.raises(RuleError, match="same key"):
        Table([Column("a", "A"), Column("a", "B")], [], caption="", name="a")
    with pytest.raises(RuleError, match="Did you mean 'areas'"):
        places().column("aeras")


def test_a_page_shows_the_table_with_links_to_sort_filter_and_take_away(site: Client) -> None:
    page = site.get("/?bodies-sort=-beds&bodies-q=body").content.decode()
    assert 'aria-sort="descending"' in page
    assert '<a href="/body/30">Body 30</a>' in page
    assert '<a href="/body/1">' not in page  # on the second page
    assert "£30.00" in page
    assert "Rows 1 to 25 of 30" in page
    assert 'href="?bodies-sort=-beds&amp;bodies-q=body&amp;bodies-download=xlsx"' in page
    assert 'tabindex="0" aria-labelledby="bodies-caption"' in page  # a wide table scrolls, also by keyboard


def test_a_page_answers_the_whole_filtered_table_as_a_file(site: Client) -> None:
    answer = site.get("/?as_of=2022-07-01&bodies-q=3&bodies-sort=-beds&bodies-download=csv")
    lines = b"".join(answer.streaming_content).decode().split("\r\n")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="bodies-2022-07-01.csv"'
    assert lines[:3] == ['"Name","Beds","Budget (£)"', '"Body 30",300,30.00', '"Body 23",230,23.00']
    assert "# as of: 2022-07-01 (1 July 2022)" in lines
    assert "# filtered by: the words “3”" in lines

    answer = site.get("/?as_of=2022-07-01&bodies-download=xlsx")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert book.sheetnames == ["Bodies", "Notes"]
    assert [cell.value for cell in book["Bodies"][2]] == ["Body 1", 10, 1]
    assert book["Bodies"].freeze_panes == "A2"
    notes = {row[0].value: row[1].value for row in book["Notes"].rows}
    assert (notes["source"], notes["rows"]) == ("A drawn table", "30")


def test_a_file_of_another_kind_is_refused_by_name(site: Client) -> None:
    answer = site.get("/?bodies-download=exe")
    assert answer.status_code == 422
    assert "expected csv or xlsx" in answer.content.decode()


def test_a_number_that_may_not_be_shown_has_its_mark_on_page_and_in_a_workbook_and_no_value_in_a_csv() -> None:
    column = Column("seen", "Seen", "number", mark_key="seen_mark")
    table = Table(
        [column, Column("why", "Why")],
        [{"seen": 10}, {"seen": None, "seen_mark": "*", "why": "suppressed"}, {"seen": 0, "seen_mark": "*"}],
        caption="Seen",
        name="seen",
        file_notes=["How it was counted."],
    )
    assert [column.shown(row) for row in table.rows] == ["10", "*", "0"]
    assert [column.said(row) for row in table.rows] == ["", "suppressed, between 1 and 7", ""]
    about = Provenance("Seen", Moment(date(2026, 10, 31), datetime(2026, 11, 1, tzinfo=UTC)))
    lines = list(csv_lines(Export(table, table.rows), about))
    assert lines[2] == '"","suppressed"\r\n'
    assert "# note: How it was counted.\r\n" in lines
    with workbook([Export(table, table.rows)], about) as file:
        book = openpyxl.load_workbook(file)
    assert [cell.value for cell in book["Seen"]["A"]] == ["Seen", 10, "*", 0]
