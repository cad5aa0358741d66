"""What the automatic checks find in a file that is to leave, and what they let pass (T42, T43, PB7, PE1, PE4).

A finding says what and where, and never the value that stood there.
"""

from __future__ import annotations

import pytest

from joinedup.errors import FileError
from joinedup.measures.disclosure.identifiers import Planted, digest_of, kinds_in
from joinedup.measures.releases.checks import Finding, check_file, check_words, smallest_group
from joinedup.measures.releases.files import read_file

NUMBER = "9990000018"  # a valid number of the range that is never issued
GOOD = """place,sex,numerator,denominator,value,status
East and North,Female,120,1240,9.68,
East and North,Male,*,1100,,suppressed
West,Female,0,900,0,
West,Male,15,985,1.52,
"""


def found_in(text: str, **more: object) -> list[Finding]:
    return check_file(read_file(text.encode()), **more)  # type: ignore[arg-type]


def codes_in(text: str, **more: object) -> set[str]:
    return {one.code for one in found_in(text, **more)}


def test_a_protected_table_passes() -> None:
    assert found_in(GOOD) == []


@pytest.mark.parametrize("count", range(1, 8))
def test_counts_of_1_to_7_cannot_leave(count: int) -> None:
    (one,) = found_in(f"place,people\nWest,{count}\nEast,20\n")
    assert (one.code, one.severity, one.column, one.row) == ("small-count", "refuse", "people", 2)


@pytest.mark.parametrize("count", [8, 12, 13, 118, 122])
def test_counts_that_are_not_rounded_cannot_leave(count: int) -> None:
    assert codes_in(f"place,people\nWest,{count}\nEast,20\n") == {"unrounded"}


@pytest.mark.parametrize(("mode", "passes", "fails"), [("midpoint6", 9, 10), ("suppress", 12, -1), ("nhs", 10, 12)])
def test_a_count_must_be_as_its_mode_says(mode: str, passes: int, fails: int) -> None:
    assert "unrounded" not in codes_in(f"place,people\nWest,{passes}\n", mode=mode)
    assert "unrounded" in codes_in(f"place,people\nWest,{fails}\n", mode=mode)


def test_exact_counts_need_an_explanation() -> None:
    (one,) = found_in("place,people\nWest,12\nEast,*\n", mode="suppress")
    assert (one.code, one.severity) == ("exact", "explain")


def test_whole_numbers_of_an_unknown_title_are_taken_for_counts() -> None:
    assert codes_in("place,asthma\nWest,3\n") == {"small-count"}
    assert codes_in("place,quintile,people\nWest,3,20\n") == set()
    assert codes_in("month,people\n3,20\n") == set()


@pytest.mark.parametrize(
    "titles",
    ["measure,Age 0-17,Age 18-39", "condition,Practice A,Practice B", "condition,group size", "condition,local"],
)
def test_a_title_that_merely_holds_a_word_of_a_label_is_taken_for_a_count(titles: str) -> None:
    """Groups side by side: "Age 0-17" heads counts of people of that age."""
    columns = titles.count(",")
    assert codes_in(f"{titles}\nasthma{',3' * columns}\ndiabetes{',7' * columns}\n") == {"small-count"}


@pytest.mark.parametrize(
    "title", ["age", "Year", "month", "IMD decile", "quintile", "Age band", "practice code", "rank"]
)
def test_a_whole_label_heads_no_counts(title: str) -> None:
    assert codes_in(f"measure,{title},people\nasthma,3,20\ndiabetes,7,20\n") == set()


def test_small_counts_are_found_however_they_are_written() -> None:
    for written in ("3.0", '"3"', " 3 "):
        assert "small-count" in codes_in(f"place,people\nWest,{written}\nEast,20\n"), written
    assert codes_in('place,people\nWest,"1,240"\n') == set()
    assert "unrounded" in codes_in('place,people\nWest,"1,241"\n')


def test_a_share_must_follow_from_the_counts_beside_it() -> None:
    table = "place,numerator,denominator,percent\nWest,10,25,{}\n"
    assert codes_in(table.format("40")) == set()
    assert codes_in(table.format("40.0%")) == set()
    assert codes_in(table.format("0.4")) == set()
    # 12 of 23: the counts are rounded and the share is not (PE4).
    assert codes_in(table.format("52.17")) == {"share-unprotected"}


def test_a_share_beside_a_suppressed_count_cannot_leave() -> None:
    assert "share-of-suppressed" in codes_in("place,numerator,denominator,percent\nWest,*,25,20\nEast,10,20,50\n")


def test_a_share_without_its_counts_needs_an_explanation() -> None:
    (one,) = found_in("place,mean\nWest,4.25\nEast,3.5\n")
    assert (one.code, one.severity) == ("share-unproven", "explain")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("nhs-number", NUMBER),
        ("nhs-number", "999 000 0018"),
        ("nhs-number", "999-000-0018"),
        ("nhs-number", f"seen with {NUMBER} today"),
        ("nhs-number", f"{NUMBER}.0"),
        ("nhs-number", "9.990000018e9"),
        ("nhs-number", "９９９００００018"),
        ("pseudonym", "3501b47463f9deef0153a1eb0cc41d70"),
        ("pseudonym", "3501B474-63f9-4eef-8153-a1eb0cc41d70"),
        ("postcode", "SG14 1AB"),
        ("postcode", "lives at cm201qx"),
        ("birth-date", "born 12/03/1961"),
        ("birth-date", "DOB: 1961-03-12"),
        ("e-mail", "ana.sample@example.nhs.uk"),
        ("phone", "07700 900123"),
        ("phone", "+44 7700 900123"),
        ("phone", "01992 555 123"),
    ],
)
def test_what_names_a_person_is_found_and_never_repeated(kind: str, text: str) -> None:
    assert kind in set(kinds_in(text))
    found = [one for one in found_in(f'place,note\nWest,"{text}"\nEast,none\n') if one.code == "identifier"]
    assert [(one.severity, one.column, one.row) for one in found] == [("refuse", "note", 2)] * len(found)
    assert found
    assert text.lower() not in str(found).lower()


@pytest.mark.parametrize(
    "text",
    ["9990000019", "E01023456", "QM7", "U12345", "2026-03", "2026-03-31", "0.1234567890", "0.9990000018", "1,240",
     "Stort Valley and Villages", "40 to 74", "W1", "1234567", "95% to 100%", "I10", "E11.9", "6.25e-05", "38341003"],
)  # fmt: skip
def test_what_names_nobody_is_let_pass(text: str) -> None:
    assert list(kinds_in(text)) == []


def test_a_number_that_lost_its_leading_nought_is_found() -> None:
    leading = next(
        f"{n:010d}" for n in range(400_000_000, 400_000_200) if list(kinds_in(f"{n:010d}")) == ["nhs-number"]
    )
    assert list(kinds_in(leading.lstrip("0"))) == ["nhs-number"]


def test_a_planted_name_is_found_by_its_keyed_digest_alone() -> None:
    key = b"a key of this installation"
    planted = Planted(key, frozenset({digest_of("Zebedee Quillfeather", key)}))
    for text in ("zebedee quillfeather", "Mr Zebedee  QUILLFEATHER's care", "ZÉBEDEE-QUILLFEATHER"):
        assert list(kinds_in(text, planted)) == ["planted"]
    assert list(kinds_in("Zebedee Sample", planted)) == []
    # Over two columns, too.
    found = check_file(read_file(b"given,family,people\nZebedee,Quillfeather,20\n"), planted=planted)
    assert [(one.code, one.row) for one in found] == [("identifier", 2)]
    assert "quill" not in str(found).lower()


def test_identifiers_are_looked_for_in_titles_and_notes_as_well() -> None:
    (one,) = found_in(f"place,{NUMBER}\nWest,20\n")
    assert (one.code, one.column) == ("identifier", "2")
    (one,) = found_in(f"place,people\nWest,20\n# for {NUMBER}\n")
    assert one.code == "identifier"
    assert NUMBER not in str(one)


def test_the_words_around_a_release_are_checked_too() -> None:
    (one,) = check_words({"title": "Smoking by place", "purpose": f"for {NUMBER}"})
    assert (one.code, one.severity, one.column) == ("identifier", "refuse", "purpose")


def test_full_dates_of_birth_cannot_leave_and_other_full_days_need_a_reason() -> None:
    assert ("identifier", "refuse") in {
        (one.code, one.severity) for one in found_in("date_of_birth,people\n1961-03-12,20\n")
    }
    assert {(one.code, one.severity) for one in found_in("day,people\n2026-03-12,20\n")} == {("full-day", "explain")}
    assert codes_in("month,people\n2026-03-01,20\n2026-03-31,20\n") == set()


@pytest.mark.parametrize("title", ["person", "nhs_number", "Patient ID", "pseudonym", "id", "personId"])
def test_a_row_a_person_cannot_leave(title: str) -> None:
    assert "persons" in codes_in(f"{title},condition\na1,asthma\na2,asthma\n")


def test_rows_that_repeat_without_a_count_look_like_persons() -> None:
    assert "persons" in codes_in("place,condition\nWest,asthma\nWest,asthma\nEast,asthma\n")
    assert codes_in("place,rating\nWest,good\nEast,better\n") == set()


def test_fewer_than_eight_alike_cannot_leave() -> None:
    seven = "age_band,sex,place,condition\n" + "40-44,Female,West,asthma\n" * 7 + "45-49,Male,West,asthma\n" * 8
    (one,) = [one for one in found_in(seven) if one.code == "few-alike"]
    assert (one.severity, one.row, one.places) == ("refuse", 2, 7)
    assert smallest_group(read_file(seven.encode())) == 7
    eight = seven.replace("45-49,Male,West,asthma\n" * 8, "") + "40-44,Female,West,asthma\n"
    assert smallest_group(read_file(eight.encode())) == 8
    assert "few-alike" not in codes_in(eight)


def test_free_text_cannot_leave_and_names_of_areas_can() -> None:
    texts = [f"the resident said number {n} things about it all" for n in ("one", "two", "three", "four", "five")]
    free = "comment,people\n" + "".join(f"{text},20\n" for text in texts)
    assert codes_in(free) == {"free-text"}
    areas = "area_name,people\n" + "".join(f"The {n} Valley and Villages Primary Care Network,20\n" for n in "ABCDEF")
    assert codes_in(areas) == set()


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "@SUM(A1)", "-2+3", "=HYPERLINK(1)"])
def test_text_that_a_spreadsheet_would_run_cannot_leave(text: str) -> None:
    assert "formula" in codes_in(f'place,people\n"{text}",20\n')
    assert "formula" not in codes_in(f"place,people\n'{text},20\n")


def test_the_gravest_finding_comes_first() -> None:
    found = found_in("place,mean,people\nWest,4.25,3\n")
    assert [one.refuses for one in found] == sorted((one.refuses for one in found), reverse=True)
    assert found[0].refuses
    assert not found[-1].refuses


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04rest", "workbook"),
        ("place,people\nM\u00fcnchen,20\n".encode("latin-1"), "UTF-8"),
        (b"place,people\n", "at least one row"),
        (b"place,people\nWest\n", "found 1"),
        (b"place,place\nWest,20\n", "same title"),
        (b"place,\nWest,20\n", "no title"),
        (b'place,people\n"West"x,20\n', "quotation mark"),
        (b"place,people\nWest\0,20\n", "NUL"),
        (b"place,people\n" + b"x" * 2001 + b",20\n", "longer than"),
    ],
)
def test_a_file_that_is_no_plain_csv_is_refused_by_line_and_without_a_value(content: bytes, says: str) -> None:
    with pytest.raises(FileError) as error:
        read_file(content, "figures.csv")
    assert says in str(error.value)
    assert "West" not in str(error.value)


def test_rows_are_counted_as_a_text_editor_counts_lines() -> None:
    (one,) = found_in('place,people\n\nWest,20\n"North\nand East",20\nSouth,3\n')
    assert one.row == 6
