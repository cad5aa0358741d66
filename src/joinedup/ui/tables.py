"""A table that people can sort, filter and page without JavaScript, and take away as a file.

Everything a reader chose stands in the address: `<name>-q` (words that a row must hold), `<name>-sort` (a column's
key, with a minus for falling order), `<name>-page`. Links keep the rest of the address, so two tables on one page, the
day of the site and a search do not disturb each other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from joinedup.errors import RuleError, did_you_mean
from joinedup.ui.dates import day, instant

if TYPE_CHECKING:
    from joinedup.ui.exports import Provenance

Kind = Literal["text", "number", "date", "link", "pence"]
Row = Mapping[str, Any]
# What stands in the place of a number that may not be shown, and how it is read aloud.
SAID_ALOUD = {"*": "suppressed, between 1 and 7"}
# A box for words helps when a table is longer than the eye; below this it is only clutter.
FILTER_FROM_ROWS = 10


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the row's key, the words above it, what its values are, and the row's key that holds a link.

    Kinds: text; number (int, float or Decimal); date (a date, or an aware datetime); link (text with `href_key`);
    pence (whole pence, shown and exported in pounds). `decimals` fixes the places of a number; without it a number
    is shown as it is. `note` explains the column and goes into the notes of a download. `mark_key` is the row's key
    that holds what a page and a workbook show where there is no value ("*"); a CSV leaves such a cell empty. `where`
    "page" or "file" keeps a column to one of them: a page says "1.0 to 2.0" where a file has two numbers.
    """

    key: str
    title: str
    kind: Kind = "text"
    href_key: str | None = None
    decimals: int | None = None
    note: str = ""
    mark_key: str | None = None
    where: Literal["everywhere", "page", "file"] = "everywhere"

    @property
    def is_numeric(self) -> bool:
        return self.kind in {"number", "pence"}

    def shown(self, row: Row) -> str:
        """Answer the cell as people read it; nothing is an empty text."""
        return shown(row.get(self.key), self.kind, self.decimals) or self.mark(row)

    def mark(self, row: Row) -> str:
        """Answer what stands in the place of a value that is not there."""
        return str(row.get(self.mark_key) or "") if self.mark_key and _is_missing(row.get(self.key)) else ""

    def said(self, row: Row) -> str:
        """Answer how the cell is read aloud where that is not how it is written, else an empty text."""
        return SAID_ALOUD.get(self.mark(row), "")

    def href(self, row: Row) -> str | None:
        return (row.get(self.href_key) or None) if self.href_key else None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with their columns, a caption and a name that is unique on its page.

    `source` says where the figures come from and `notes` what to know about them; both stand under the table and in
    its downloads, `file_notes` in its downloads only. `per_page` 0 shows all rows. Rows keep the order given until
    somebody sorts them. `empty` is the sentence shown instead of a table without rows.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    _: KW_ONLY
    caption: str
    name: str
    source: str = ""
    notes: Sequence[str] = ()
    file_notes: Sequence[str] = ()
    per_page: int = 25
    can_filter: bool = True
    can_sort: bool = True
    can_download: bool = True
    empty: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise RuleError(f"A table's name is lower-case letters and digits, such as 'bodies'; not '{self.name}'.")
        keys = [column.key for column in self.columns]
        if len(set(keys)) != len(keys):
            raise RuleError(f"The table '{self.name}' has two columns with the same key.")

    @property
    def page_columns(self) -> list[Column]:
        return [column for column in self.columns if column.where != "file"]

    @property
    def file_columns(self) -> list[Column]:
        return [column for column in self.columns if column.where != "page"]

    def for_request(self, request: Any) -> TableView:
        """Answer what this request's address asks to see of the table."""
        return self.view(request.GET.dict() if hasattr(request.GET, "dict") else request.GET)

    def view(self, query: Mapping[str, str]) -> TableView:
        """Answer the rows that the query asks for. Words of the query that name no column are ignored, not errors:

        an address may be old, and the table is still worth seeing.
        """
        words = query.get(f"{self.name}-q", "").strip()
        rows = self.matching(words)
        sort = query.get(f"{self.name}-sort", "")
        sorted_by = next((column for column in self.columns if column.key == sort.lstrip("-")), None)
        falling = sort.startswith("-")
        if sorted_by:
            rows = in_order(rows, sorted_by.key, falling=falling)
        size = self.per_page or max(len(rows), 1)
        pages = max(1, math.ceil(len(rows) / size))
        asked = query.get(f"{self.name}-page", "1")
        page = min(max(int(asked), 1), pages) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1
        return TableView(
            table=self,
            query=dict(query),
            words=words,
            sorted_by=sorted_by.key if sorted_by else "",
            falling=falling,
            matching=rows,
            rows=rows[(page - 1) * size : page * size],
            page=page,
            pages=pages,
            first=(page - 1) * size + 1 if rows else 0,
        )

    def matching(self, words: str) -> list[Row]:
        """Answer the rows in which every one of the words occurs in some cell, whatever its case."""
        wanted = words.casefold().split()
        if not wanted:
            return list(self.rows)
        return [row for row in self.rows if self._holds(row, wanted)]

    def _holds(self, row: Row, wanted: Sequence[str]) -> bool:
        text = "\n".join(column.shown(row) for column in self.columns).casefold()
        return all(word in text for word in wanted)

    def column(self, key: str) -> Column:
        """Answer the column of that key; RuleError with the nearest one when there is none."""
        for column in self.columns:
            if column.key == key:
                return column
        near = did_you_mean(key, (column.key for column in self.columns))
        raise RuleError(f"The table '{self.name}' has no column '{key}'.{near}")

    def download(self, request: Any, provenance: Provenance | None = None) -> Any:
        """Answer the file this request asks of the table, as a response, or None when it asks for none."""
        from joinedup.ui.downloads import download  # needs Django; the table itself does not

        return download(self, request, provenance)


@dataclass(frozen=True, slots=True)
class TableView:
    """What one reader sees of a table: `matching` rows in order, `rows` on this page, and the addresses around it."""

    table: Table
    query: Mapping[str, str]
    words: str
    sorted_by: str
    falling: bool
    matching: Sequence[Row]
    rows: Sequence[Row]
    page: int
    pages: int
    first: int

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def has_filter(self) -> bool:
        return self.table.can_filter and (bool(self.words) or len(self.table.rows) >= FILTER_FROM_ROWS)

    @property
    def has_sort(self) -> bool:
        return self.table.can_sort and len(self.matching) > 1

    def sort_state(self, column: Column) -> str:
        """Answer "ascending", "descending" or "" as aria-sort wants it."""
        if column.key != self.sorted_by:
            return ""
        return "descending" if self.falling else "ascending"

    def sort_href(self, column: Column) -> str:
        """Answer the address that sorts by the column, or turns the order round when it is sorted by it already."""
        minus = "-" if column.key == self.sorted_by and not self.falling else ""
        return self.href(sort=minus + column.key, page=None)

    def page_href(self, page: int) -> str:
        return self.href(page=None if page == 1 else str(page))

    def download_href(self, form: str) -> str:
        return self.href(download=form, page=None, anchor=False)

    def href(self, *, anchor: bool = True, **changes: str | None) -> str:
        """Answer this page's address with the table's own parameters changed; None takes one away."""
        ours = {f"{self.table.name}-{key}": value for key, value in changes.items()}
        query = {k: v for k, v in self.query.items() if k not in ours and not k.endswith("-download")}
        query |= {key: value for key, value in ours.items() if value}
        return "?" + urlencode(query) + (f"#{self.table.name}" if anchor else "")

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Answer the parameters that the filter form must carry along."""
        own = {f"{self.table.name}-q", f"{self.table.name}-page"}
        return [(k, v) for k, v in self.query.items() if k not in own and not k.endswith("-download")]

    @property
    def page_numbers(self) -> list[int | None]:
        """Answer the pages to link: first, last, this one and its neighbours; None stands for those left out."""
        near = {1, self.pages, self.page - 1, self.page, self.page + 1}
        numbers: list[int | None] = []
        for number in sorted(n for n in near if 1 <= n <= self.pages):
            previous = numbers[-1] if numbers else 0
            if previous is not None and number > previous + 1:
                numbers.append(number - 1 if number == previous + 2 else None)
            numbers.append(number)
        return numbers


def in_order(rows: Iterable[Row], key: str, *, falling: bool = False) -> list[Row]:
    """Answer the rows sorted by one value: numbers by size, text without regard to case, missing values always last.

    Rows that are equal in it keep their order, also when the order falls.
    """
    held = [row for row in rows if not _is_missing(row.get(key))]
    held_ids = {id(row) for row in held}
    missing = [row for row in rows if id(row) not in held_ids]
    return sorted(held, key=lambda row: _rank(row[key]), reverse=falling) + missing


def _is_missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _rank(value: Any) -> tuple[int, Any]:
    """Kinds that cannot be compared are kept apart, so that a mixed column sorts instead of failing."""
    if isinstance(value, bool | int | float | Decimal):
        return (0, value)
    if isinstance(value, datetime):
        return (1, (value.date(), value.timestamp()))
    if isinstance(value, date):
        return (1, (value, 0.0))
    # "Place 2" before "Place 10": digits inside a text count as numbers.
    parts = re.split(r"(\d+)", str(value).casefold())
    return (2, [(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts if part])


def shown(value: Any, kind: Kind = "text", decimals: int | None = None) -> str:
    """Answer a value as people read it: "1,234", "£12.50", "1 July 2022", "" for nothing."""
    if _is_missing(value):
        return ""
    if kind == "pence":
        return pounds(int(value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if kind == "number" and isinstance(value, int | float | Decimal):
        return f"{value:,.{decimals}f}" if decimals is not None else f"{value:,}"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return day(value)
    return str(value)


def pounds(pence: int) -> str:
    """Answer whole pence as pounds, "£1,234.50"; a debt has its minus before the pound sign."""
    whole, rest = divmod(abs(pence), 100)
    return f"{'−' if pence < 0 else ''}£{whole:,}.{rest:02d}"
