"""A roster as a partner sends it: rows of people and posts, every fault by line and field, all of it or nothing.

month,partner,place,site,profession,staff_group,grade,establishment_wte,in_post_wte,…,headcount,joined,left,skills
2026-10,RWG,hwe-west-hertfordshire,,NURSE,,Band 5,1,1,0,0,1,2026-03,,theatre
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from joinedup.planning import DatedCode, DatedCodes, own_codes
from joinedup.planning.workforce.roster_codes import sectors, skills
from joinedup.planning.workforce.rows import (
    COLUMNS,
    RosterError,
    RosterReturn,
    first_of_window,
    joined_up,
    read_roster,
)

START = date(2020, 4, 1)
CODES = DatedCodes(
    [
        *own_codes(),
        DatedCode("provider", "RWG", "West Hertfordshire", START),
        DatedCode("provider", "RXX", "Closed Trust", START, date(2026, 4, 1)),
        DatedCode("commissioner", "QM7", "The board", START),
        DatedCode("place", "hwe-west-essex", "West Essex", START),
    ]
)
NURSE = {
    "month": "2026-10", "partner": "RWG", "place": "hwe-west-essex", "site": "", "profession": "NURSE",
    "staff_group": "Nursing", "grade": "Band 5", "establishment_wte": "1", "in_post_wte": "0.8", "bank_wte": "0",
    "agency_wte": "0", "headcount": "1", "joined": "2026-03", "left": "", "skills": "",
}  # fmt: skip


def csv(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> bytes:
    lines = [",".join(columns), *(",".join({**NURSE, **row}[name] for name in columns) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def read(*rows: dict[str, str], content: bytes | None = None) -> list[RosterReturn]:
    return read_roster(
        "roster.csv", content or csv(*rows), codes_of=lambda month: CODES, sectors=sectors(), skills=skills()
    )


def faults(*rows: dict[str, str], content: bytes | None = None) -> list[tuple[int, str, str]]:
    with pytest.raises(RosterError) as refused:
        read(*rows, content=content)
    return [(one.line, one.field, one.expected) for one in refused.value.faults]


def test_rows_are_read_by_partner_and_month() -> None:
    rows = ({"partner": "general-practice", "profession": "GP"}, {}, {"skills": "theatre; prescribing"})
    found = {one.partner: one for one in read(*rows, {"partner": "QM7", "place": ""})}
    assert set(found) == {"QM7", "RWG", "general-practice"}
    assert found["RWG"].headcount == 2
    first, second = found["RWG"].rows
    assert (first.in_post, first.joined, first.left) == (Decimal("0.8"), date(2026, 3, 1), None)
    assert second.skills == "prescribing;theatre"


def test_who_left_counts_as_a_leaver_and_not_in_post() -> None:
    (one,) = read({}, {"left": "2026-05", "establishment_wte": "0"})
    assert [row.is_in_post for row in one.rows] == [True, False]
    assert one.headcount == 1


def test_the_order_of_rows_does_not_change_what_was_said() -> None:
    one, other = {"grade": "Band 6"}, {"grade": "Band 7"}
    assert read(one, other)[0].content_hash == read(other, one)[0].content_hash
    assert read(one)[0].content_hash != read(other)[0].content_hash
    assert read(one, one)[0].content_hash != read(one)[0].content_hash, "two nurses are not one"


@pytest.mark.parametrize(
    ("month", "first"), [("2026-10", date(2025, 11, 1)), ("2026-12", date(2026, 1, 1)), ("2026-01", date(2025, 2, 1))]
)
def test_joiners_and_leavers_are_of_twelve_months(month: str, first: date) -> None:
    assert first_of_window(month) == first


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        ({"month": ""}, "month", "the month at whose end"),
        ({"month": "2026-13"}, "month", "a month such as 2026-10"),
        ({"partner": "RWQ"}, "partner", "Did you mean 'RWG'?"),
        ({"partner": "general-practise"}, "partner", "Did you mean 'general-practice'?"),
        ({"partner": "RXX"}, "partner", "closed on 2026-04-01"),
        ({"partner": "care-providers", "place": ""}, "place", "the rows of a sector have one"),
        ({"place": "hwe-west-sussex"}, "place", "Did you mean 'hwe-west-essex'?"),
        ({"profession": "NURSES"}, "profession", "Did you mean 'NURSE'?"),
        ({"in_post_wte": "many"}, "in_post_wte", "without words or commas"),
        ({"in_post_wte": "=1+1"}, "in_post_wte", "a formula is not read"),
        ({"in_post_wte": "NaN"}, "in_post_wte", "a number such as 12.5"),
        ({"establishment_wte": "-1"}, "establishment_wte", "0 or more"),
        ({"bank_wte": "0.125"}, "bank_wte", "at most 2 decimals"),
        ({"headcount": "1.5"}, "headcount", "a whole number"),
        ({"in_post_wte": "37.5"}, "in_post_wte", "are these hours?"),
        ({"in_post_wte": "0", "headcount": "0", "establishment_wte": "0"}, "headcount", "says nothing"),
        ({"joined": "12/03/2026"}, "joined", "without a day"),
        ({"joined": "2026-11"}, "joined", "a month up to 2026-10"),
        ({"left": "2025-10", "establishment_wte": "0", "joined": ""}, "left", "leave earlier leavers out"),
        ({"left": "2026-09"}, "left", "who left has no post"),
        ({"left": "2026-02", "establishment_wte": "0"}, "left", "not before 2026-03"),
        ({"skills": "theater"}, "skills", "Did you mean 'theatre'?"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value).split()[-1].strip("?."),
)
def test_what_cannot_be_is_named_by_line_and_field(row: dict[str, str], field: str, says: str) -> None:
    ((line, where, expected),) = faults({}, row)
    assert (line, where) == (3, field)
    assert says in expected


def test_all_faults_are_told_at_once() -> None:
    assert [(line, field) for line, field, _ in faults({"grade": "", "headcount": "x", "in_post_wte": "y"}, {},
                                                       {"profession": "?"})] == [
        (2, "in_post_wte"), (2, "headcount"), (4, "profession"),
    ]  # fmt: skip
    with pytest.raises(RosterError, match=r"roster\.csv, line 2, field headcount(.|\n)*line 11(.|\n)*and 3 more"):
        read(*[{"headcount": "x"}] * 13)


@pytest.mark.parametrize(
    ("content", "field", "says"),
    [
        (b"", "month", "the columns month"),
        (csv({}, columns=COLUMNS[1:]), "month", "the columns month"),
        (csv({}).replace(b"headcount", b"head_count", 1), "head_count", "Did you mean 'headcount'?"),
        (csv({}, columns=(*COLUMNS, "month")), "month", "it once"),
        (csv(), "the file", "at least one line"),
        (b"\xff\xfe", "the file", "CSV in UTF-8"),
        (csv({"grade": "Band 5,"}), "the line", "15 fields"),
    ],
    ids=["empty", "without-a-column", "misspelt", "twice", "no-lines", "no-text", "one-comma-more"],
)
def test_a_file_of_another_shape_is_refused(content: bytes, field: str, says: str) -> None:
    found = faults(content=content) if content else _empty()
    assert (found[0][1], says in found[0][2]) == (field, True)


def _empty() -> list[tuple[int, str, str]]:
    with pytest.raises(RosterError) as refused:
        read_roster("roster.csv", b"", codes_of=lambda month: CODES, sectors=sectors(), skills=skills())
    return [(one.line, one.field, one.expected) for one in refused.value.faults]


def test_a_partners_month_stands_in_one_file() -> None:
    assert len(joined_up([("a.csv", read({})), ("b.csv", read({"month": "2026-09"}))])) == 2
    with pytest.raises(RosterError, match=r"b\.csv.*RWG in 2026-10, which is in a\.csv"):
        joined_up([("a.csv", read({})), ("b.csv", read({}))])
