"""A system's file that is wrong is refused with file, line, field, what was expected, what to do; nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from joinedup.access import Grant
from joinedup.errors import FileError
from joinedup.system import Picture

from . import littleshire
from .conftest import See

pytestmark = pytest.mark.django_db
Rows = Callable[[], dict[str, int]]


def refused(path: Path, grant: Grant, rows: Rows) -> FileError:
    """Answer what is said of a file that must be refused, after looking that nothing of it was kept."""
    from joinedup.system import services

    before = rows()
    with pytest.raises(FileError) as error:
        services.load_system(path, grant)
    assert rows() == before
    found = error.value
    assert found.file == path.name
    assert str(found).startswith(f"{path.name}, line {found.line}")
    assert found.next_step
    assert "Nothing was loaded" in str(found)
    return found


# What is wrong, on one line of the file: the words of the right file, the wrong ones, the field, what is said.
WRONG_LINES = {
    "overlapping names":
        ('{ name = "Littleshire", from = "2016" }',
         '{ name = "Littleshire", from = "2016" }, { name = "Greater Littleshire", from = "2020" }',
         "from", "overlaps"),
    "a code of two bodies": ('code = "01B"', 'code = "01A"', "from", "overlaps"),
    "an end before its beginning":
        ('"01X-north"], from = "2013-04-01" }', '"01X-north"], from = "2013-04-01", to = "2013-04-01" }',
         "to", "not later"),
    "an unknown area": ('{ area = "north", role', '{ area = "nroth", role', "serves.area", "Did you mean 'north'"),
    "an unknown body":
        ('originals = ["ccg-north", "ccg-south"]', 'originals = ["ccg-north", "ccg-suoth"]',
         "originals", "Did you mean 'ccg-south'"),
    "an unknown cell":
        ('cells = ["01X-south"]', 'cells = ["01X-suoth"]', "cells", "Did you mean '01X-south'"),
    "no cell with this beginning": ('cells = ["01X-*"]', 'cells = ["09X-*"]', "cells", "no cell begins with '09X-'"),
    "an unknown source":
        ('"A Leader", source = "plan"', '"A Leader", source = "paln"', "source", "Did you mean 'plan'"),
    "an unknown owner of a function":
        ('"south", body = "ccg-south"', '"south", body = "ccg-sooth"', "owners.body", "Did you mean 'ccg-south'"),
    "a post in no body":
        ('body = "ccg-littleshire"\ntitle', 'body = "ccg-littelshire"\ntitle',
         "body", "Did you mean 'ccg-littleshire'"),
    "a link to nobody":
        ('body = "littleshire-ics", from', 'body = "littleshire-isc", from',
         "links.body", "Did you mean 'littleshire-ics'"),
    "an unknown kind of body": ('kind = "stp"', 'kind = "sttp"', "kind", "Did you mean 'stp'"),
    "an unknown legal form":
        ('"stp"\nlegal_form = "partnership"', '"stp"\nlegal_form = "partnersip"',
         "legal_form", "Did you mean 'partnership'"),
    "an unknown kind of event":
        ('kind = "boundary_change"', 'kind = "boundry_change"', "kind", "Did you mean 'boundary_change'"),
    "an unknown certainty":
        ('"proposed", effective', '"propossed", effective', "beliefs.certainty", "Did you mean 'proposed'"),
    "an unknown scheme of codes":
        ('"ons", code = "E54000901"', '"onz", code = "E54000901"', "codes.scheme", "Did you mean 'ons'"),
    "an unknown role": ('role = "leads", to', 'role = "leeds", to', "serves.role", "Did you mean 'leads'"),
    "an unknown link": ('kind = "member_of"', 'kind = "membr_of"', "links.kind", "Did you mean 'member_of'"),
    "an unknown field":
        ('legal_form = "nhs_trust"', 'legal_from = "nhs_trust"', "legal_from", "Did you mean 'legal_form'"),
    "an unknown field within":
        ('{ kind = "web", value', '{ kind = "web", valeu', "contacts.valeu", "Did you mean 'value'"),
    "a day that does not exist":
        ('effective = "2020-04-01"', 'effective = "2020-04-31"', "beliefs.effective", "does not exist"),
    "a 29 February that does not exist": ('from = "2010-04-01"', 'from = "2010-02-29"', "from", "does not exist"),
    "a month that does not exist":
        ('source = "plan"\nfrom = "2020-05"\n\n[[assignment]]\nperson = "a-leader"\nworks_for = "ccg',
         'source = "plan"\nfrom = "2020-13"\n\n[[assignment]]\nperson = "a-leader"\nworks_for = "ccg',
         "from", "does not exist"),
    "a date in another form": ('published = "2016-03-15"', 'published = "15/03/2016"', "published", "is not a date"),
    "a number for a date": ('published = "2016-03-15"', "published = 20160315", "published", "date in quotes"),
    "a known date that does not exist": ('known = "2020-11-26"', 'known = "2020-11-31"', "known", "does not exist"),
    "a date of TOML's own that does not exist":
        ('known = "2020-11-26"', "known = 2020-11-31", None, "not valid TOML"),
    "a share above 1": ('share = "0.75"', 'share = "1.75"', "links.share", "from 0 to 1"),
    "a share in words": ('share = "0.75"', 'share = "most"', "links.share", "from 0 to 1"),
    "deciles that do not sum":
        ("[1, 1, 0, 0, 1, 0, 0, 0, 0, 0]", "[1, 1, 0, 0, 0, 0, 0, 0, 0, 0]",
         "imd2019_deciles", "sum to small_areas, 3; they sum to 2"),
    "nine deciles":
        ("[0, 0, 0, 2, 0, 0, 0, 0, 0, 0]", "[0, 0, 0, 2, 0, 0, 0, 0, 0]", "imd2019_deciles", "ten numbers"),
    "deciles in words": ("[0, 0, 0, 2, 0, 0, 0, 0, 0, 0]", '["two"]', "imd2019_deciles", "ten numbers"),
    "deciles below 0":
        ("[1, 1, 0, 0, 1, 0, 0, 0, 0, 0]", "[1, 1, -1, 1, 1, 0, 0, 0, 0, 0]", "imd2019_deciles", "ten numbers"),
    "small areas in words": ("small_areas = 3", 'small_areas = "three"', "small_areas", "whole number"),
    "people below 0":
        ("population_mid2020 = 4501", "population_mid2020 = -4501", "population_mid2020", "whole number"),
    "a name that is a number": ('{ name = "NHS Northam CCG" }', "{ name = 7 }", "names.name", "text"),
    "a text where a list belongs":
        ('names = [{ name = "NHS Northam CCG" }]', 'names = "NHS Northam CCG"', "names", "list"),
    "texts where tables belong":
        ('names = [{ name = "NHS Northam CCG" }]', 'names = ["NHS Northam CCG"]', "names", "list"),
    "a text where bodies belong":
        ('originals = ["ccg-north", "ccg-south"]', 'originals = "ccg-north"', "originals", "list"),
    "a text where cells belong": ('cells = ["01X-*"]', 'cells = "01X-*"', "cells.cells", "list"),
    "a key that is a number": ('key = "littleshire-trust"', "key = 7", "key", "text"),
    "a word where a table belongs":
        ('becomes = { kind = "ics", legal_form = "partnership" }', 'becomes = "ics"', "becomes", "table"),
    "half a table":
        ('becomes = { kind = "ics", legal_form = "partnership" }', 'becomes = { kind = "ics" }',
         "becomes.legal_form", "missing"),
    "a place within itself":
        ('within = [{ area = "littleshire", from = "2016" }]\ncells = [{ cells = ["01X-north"]',
         'within = [{ area = "north", from = "2016" }]\ncells = [{ cells = ["01X-north"]',
         "within.area", "circle on 2016-01-01: north → north"),
    "the wrong area for the system":
        ('area = "littleshire"\n\n[[source]]', 'area = "north"\n\n[[source]]', "area", "not a system"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG_LINES)
def test_a_wrong_line_is_named(what: str, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    right, wrong, field, says = WRONG_LINES[what]
    path = littleshire.write(tmp_path, (right, wrong))
    error = refused(path, grant, rows)
    assert says in error.expected, error
    assert error.field == field
    # The line is the one on which the two files differ (with words over several lines: the first that differs).
    right_lines, wrong_lines = littleshire.TOML.split("\n"), path.read_text().split("\n")
    differing = [n for n, (one, other) in enumerate(zip(right_lines, wrong_lines, strict=True), 1) if one != other]
    assert [error.line] == differing


def entry(path: Path, words: str) -> int:
    """Answer the line of the table's header above these words."""
    lines = path.read_text().split("\n")
    return max(n for n, line in enumerate(lines[: littleshire.line_of(path, words)], 1) if line.startswith("["))


# What is missing or stands too often, so that no single line is the wrong one: then the entry's first line is named.
WRONG_ENTRIES = {
    "a missing field": (('title = "Accountable officer"\n', ""), 'key = "leader"', "title", "missing"),
    "a missing source": (('source = "letter"\nbecomes', "becomes"), 'key = "becomes-ics"', "source", "missing"),
    "a body that never begins": (('from = "2010-04-01"\n', ""), 'key = "littleshire-trust"', "from", "missing"),
    "an event without what it is about": (('to_area = "littleshire"\n', ""), 'key = "westham"', "to_area", "missing"),
    "an event nobody believes": (
        ('beliefs = [{ certainty = "in_force", effective = "2021-04-01" }]', "beliefs = []"), 'key = "becomes-ics"',
        "beliefs", "at least one",
    ),
    "no small area": (
        ("small_areas = 3", "small_areas = 0"), 'key = "01X-north"', "imd2019_deciles", "they sum to 3",
    ),
    "a merger of one": (
        ('originals = ["ccg-north", "ccg-south"]', 'originals = ["ccg-north"]'), 'key = "merger"',
        "kind", "two or more bodies before",
    ),
    "a redesignation into another body": (
        ('results = ["littleshire-ics"]', 'results = ["ccg-littleshire"]'), 'key = "becomes-ics"',
        "kind", "keeps its body",
    ),
    "beliefs in the wrong order": (
        ('known = "2020-11-26"', 'known = "2022-12-26"'), 'key = "board"', "beliefs", "oldest first",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG_ENTRIES)
def test_a_wrong_entry_is_named(what: str, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    change, words, field, says = WRONG_ENTRIES[what]
    path = littleshire.write(tmp_path, change)
    error = refused(path, grant, rows)
    assert says in error.expected, error
    first = entry(path, words)
    after = path.read_text().split("\n")[first:]
    length = next((n for n, line in enumerate(after) if line.startswith("[")), len(after))
    assert error.field == field
    assert first <= error.line <= first + length


SPLIT = """
[[event]]
key = "parting"
kind = "split"
originals = ["littleshire-trust"]
results = ["one-trust", "other-trust"]
source = "order"
shares = [
  { from = "littleshire-trust", to = "one-trust", basis = "head", weight = "0.5" },
  { from = "littleshire-trust", to = "other-trust", basis = "head", weight = "0.5" },
]
beliefs = [{ certainty = "in_force", effective = "2022-07-01" }]
"""
TRUST = """
[[body]]
key = "{key}"
kind = "nhs_trust"
legal_form = "nhs_trust"
source = "order"
names = [{{ name = "{key}" }}]
"""
TWO_TRUSTS = TRUST.format(key="one-trust") + TRUST.format(key="other-trust")


def with_more(folder: Path, text: str) -> Path:
    return littleshire.write(folder, ("\n# End of file\n", f"{text}\n# End of file\n"))


def test_a_split_with_shares_that_sum_to_1_is_loaded(tmp_path: Path, grant: Grant, see: See) -> None:
    from joinedup.system import services

    services.load_system(with_more(tmp_path, TWO_TRUSTS + SPLIT), grant)
    assert [see("2022-07-01").body(key).exists for key in ("RZ1", "one-trust", "other-trust")] == [False, True, True]


# the wrong share                                                     what is said
WRONG_SHARES = [
    (('to = "other-trust", basis = "head", weight = "0.5"', 'to = "other-trust", basis = "head", weight = "0.4"'),
     "sum to 0.9"),
    (('to = "other-trust", basis = "head", weight = "0.5"', 'to = "thirdtrust", basis = "head", weight = "0.5"'),
     "not in this event"),
    (('to = "other-trust", basis = "head", weight = "0.5"', 'to = "other-trust", basis = "head", weight = "1.5"'),
     "from 0 to 1"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "says"), WRONG_SHARES)
def test_shares_that_do_not_sum_are_refused(
    change: tuple[str, str], says: str, tmp_path: Path, grant: Grant, rows: Rows
) -> None:
    """Rules: V2."""
    path = with_more(tmp_path, TWO_TRUSTS + SPLIT.replace(*change))
    error = refused(path, grant, rows)
    assert says in error.expected
    assert error.field.startswith("shares")
    assert entry(path, 'key = "parting"') <= error.line <= littleshire.line_of(path, change[1])


CIRCLE = """
[[event]]
key = "there"
kind = "absorb"
originals = ["littleshire-trust"]
results = ["one-trust"]
source = "order"
beliefs = [{ certainty = "in_force", effective = "2022-07-01" }]

[[event]]
key = "back"
kind = "absorb"
originals = ["one-trust"]
results = ["littleshire-trust"]
source = "order"
beliefs = [{ certainty = "in_force", effective = "2022-08-01" }]
"""


def test_changes_that_go_in_a_circle_are_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    """Rules: V3."""
    trust = TRUST.format(key="one-trust").replace('source = "order"', 'source = "order"\nfrom = "2010-04-01"')
    path = with_more(tmp_path, trust + CIRCLE)
    error = refused(path, grant, rows)
    assert "circle: " in error.expected
    assert "littleshire-trust → one-trust → littleshire-trust" in error.expected
    assert entry(path, 'key = "there"') <= error.line <= littleshire.line_of(path, 'key = "back"')


def test_bodies_that_are_parts_of_each_other_are_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    link = 'links = [{ kind = "part_of", body = "littleshire-trust" }]\n'
    trust = TRUST.format(key="one-trust").replace('source = "order"', 'source = "order"\nfrom = "2010-04-01"') + link
    path = with_more(tmp_path, trust)
    path.write_text(
        path.read_text().replace('kind = "member_of", body = "littleshire-ics"', 'kind = "part_of", body = "one-trust"')
    )
    error = refused(path, grant, rows)
    assert "circle" in error.expected
    assert error.field == "links.body"


def test_two_bodies_that_lead_one_area_at_once_are_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    """The partnership leads until July 2022; without that end it would lead beside the board."""
    path = littleshire.write(tmp_path, ('role = "leads", to = "2022-07-01" }', 'role = "leads" }'))
    error = refused(path, grant, rows)
    assert "one leader of an area" in error.expected
    lines = path.read_text().split("\n")
    assert '{ area = "littleshire", role = "leads" }' in lines[error.line - 1]


def test_a_small_area_in_two_systems_at_once_is_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    """Rules: T4."""
    path = littleshire.write(tmp_path, ('cells = [{ cells = ["02X-west"], from', 'cells = [{ cells = ["*"], from'))
    error = refused(path, grant, rows)
    assert "one area of a partition" in error.expected
    assert error.line == littleshire.line_of(path, 'cells = ["*"]')


# --- files that are not what they seem


def raw(folder: Path, content: bytes) -> Path:
    path = folder / "littleshire.toml"
    path.write_bytes(content)
    return path


WELSH = littleshire.TOML.replace("NHS Southam CCG", "NHS Sŵn y Môr CCG")


# the bytes                                              line                                         what is said
NOT_UTF8 = {
    "a byte-order mark": (littleshire.TOML.encode("utf-8-sig"), 1, "byte-order mark"),
    "UTF-16": (littleshire.TOML.encode("utf-16"), 1, "byte-order mark"),
    "Latin-1": (
        WELSH.replace("ŵ", "w").encode("latin-1"),
        WELSH[: WELSH.index("Môr")].count("\n") + 1,
        "expected UTF-8; byte 0xf4",
    ),
}


@pytest.mark.parametrize("what", NOT_UTF8)
def test_another_encoding_is_refused(what: str, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    content, line, says = NOT_UTF8[what]
    error = refused(raw(tmp_path, content), grant, rows)
    assert says in error.expected
    assert error.line == line
    assert "UTF-8" in error.next_step


def test_welsh_names_are_loaded(tmp_path: Path, grant: Grant, see: See) -> None:
    from joinedup.system import services

    services.load_system(raw(tmp_path, WELSH.encode()), grant)
    assert see("2019-01-01").body("01B").name == "NHS Sŵn y Môr CCG"


# Where the file breaks off: the last words that are left of it.
CUTS = {
    "within a text": 'title = "Letter to stake',
    "within a list": "imd2019_deciles = [1, 1, 0",
    "within a number": "population_mid2020 = 45",
    "after a number, without the end of the line": "population_mid2020 = 2999",
    "within a date": 'effective = "2021-04',
    "after a field, at the end of a line": 'kind = "redesignate"\n',
    "after an entry, at the end of a line": "cells = [{ cells = [\"01X-south\"], from = \"2013-04-01\" }]\n",
    "within the header of an entry": "\n[[per",
}  # fmt: skip


@pytest.mark.parametrize("what", CUTS)
def test_a_file_that_breaks_off_is_refused_where_it_does(what: str, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    assert littleshire.TOML.count(CUTS[what]) == 1
    text = littleshire.TOML[: littleshire.TOML.index(CUTS[what]) + len(CUTS[what])]
    error = refused(raw(tmp_path, text.encode()), grant, rows)
    assert "breaks off" in error.expected
    assert error.line == len(text.splitlines())


@pytest.mark.parametrize("content", [b"", b"# nothing", b"[[system]]\nkey = 'x'", b"[system]", b"system = 7"])
def test_a_file_without_a_system_is_refused(content: bytes, tmp_path: Path, grant: Grant, rows: Rows) -> None:
    error = refused(raw(tmp_path, content + b"\n# End of file\n"), grant, rows)
    assert error.line == 1
    assert "[system]" in error.expected


def test_a_table_that_is_unknown_or_has_one_bracket_is_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    path = with_more(tmp_path, '\n[[boddy]]\nkey = "x"\n')
    error = refused(path, grant, rows)
    assert (error.line, error.field) == (littleshire.line_of(path, "[[boddy]]"), "boddy")
    assert "Did you mean 'body'" in error.expected
    path = raw(tmp_path, b'[area]\nkey = "x"\n# End of file\n')
    error = refused(path, grant, rows)
    assert (error.line, error.field) == (1, "area")
    assert "two brackets" in error.expected


def test_a_key_that_stands_twice_is_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    path = with_more(tmp_path, TRUST.format(key="ccg-north"))
    error = refused(path, grant, rows)
    assert error.field == "key"
    assert "stands twice" in error.expected
    assert error.line > littleshire.line_of(path, 'key = "littleshire-trust"')


def test_a_file_that_is_not_there_is_refused_with_the_systems_there_are() -> None:
    from joinedup.errors import NotFound
    from joinedup.system import services

    with pytest.raises(NotFound, match="Did you mean 'derbyshire'"):
        services.system_file("derbshire")


# --- loading again


def today(see: See) -> dict[str, object]:
    """Answer what the site says today of each thing of the system, without the numbers that a database gives."""
    from joinedup.system import answers

    picture: Picture = see("2022-07-02")
    return {
        text: without_numbers(answers.show(picture, text, with_people=True))
        for text in ("littleshire", "north", "QZ9", "ccg-littleshire", "RZ1", "01A")
    }


def without_numbers(value: object) -> object:
    if isinstance(value, dict):
        return {k: without_numbers(v) for k, v in value.items() if k not in {"id", "known_at"}}
    return [without_numbers(item) for item in value] if isinstance(value, list) else value


def test_loading_again_changes_nothing(tmp_path: Path, grant: Grant, see: See, rows: Rows) -> None:
    from joinedup.system import services

    path = littleshire.write(tmp_path)
    first = services.load_system(path, grant)
    before, said = rows(), today(see)
    second = services.load_system(path, grant)
    assert (first.is_unchanged, second.is_unchanged, dict(second.added)) == (False, True, {})
    after = rows()
    # The second load is an act, too: it stands in the audit, and nowhere else.
    assert {table: after[table] - before[table] for table in after if after[table] != before[table]} == {
        "access_auditentry": 1,
        "access_unsealed": 1,
    }
    assert today(see) == said


def test_another_version_of_a_loaded_file_is_refused(tmp_path: Path, grant: Grant, rows: Rows) -> None:
    from joinedup.system import services

    services.load_system(littleshire.write(tmp_path), grant)
    path = littleshire.write(tmp_path, ("NHS Southam CCG", "NHS Southam and Eastham CCG"))
    error = refused(path, grant, rows)
    assert "loaded already" in error.expected
    assert "correct" in error.next_step
