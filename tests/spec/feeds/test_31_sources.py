"""Who sends what is declared in sources.toml; what is wrong there is named with its line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from joinedup.errors import FileError, NotFound
from joinedup.feeds.sources import deliveries_in, mapping_names, parse_sources, read_sources, source_of
from joinedup.feeds.values import Source

PAS = """
[[source]]
key = "rwh-pas"
name = "East and North Hertfordshire"
organisation = "RWH"
setting = "acute"
format = "hl7v2"
files = "rwh/*.hl7"
"""
APC = PAS.replace("rwh-pas", "rwh-apc").replace("hl7v2", "csv").replace("*.hl7", "*.csv") + 'mapping = "sus-apc"\n'


def test_a_declaration_says_who_sends_what_and_the_rest_has_its_usual_value() -> None:
    pas, apc = parse_sources(PAS + APC + "interval_hours = 744\nsimulated = true\nid_unique = false\n")
    assert pas == Source("rwh-pas", "East and North Hertfordshire", "RWH", "acute", "hl7v2", "rwh/*.hl7")
    assert (pas.interval_hours, pas.charset, pas.id_unique, pas.is_simulated) == (24, "utf-8", True, False)
    assert (apc.mapping, apc.interval_hours, apc.is_simulated, apc.id_unique) == ("sus-apc", 744, True, False)


@pytest.mark.parametrize(
    ("line", "instead", "says"),
    [
        ('format = "hl7v2"', 'format = "hl7"', r"line 7, field format: 'hl7' is none of .*'hl7v2'\?"),
        ('setting = "acute"', 'setting = "joinedup"', "line 6, field setting: 'joinedup' is none of gp, acute"),
        ('setting = "acute"', 'seting = "acute"', r"line 6, field seting: .* Did you mean 'setting'\?"),
        ('name = "East and North Hertfordshire"', "", "line 2, field name: expected it"),
        ('organisation = "RWH"', 'organisation = "rwh"', "line 5, field organisation: expected an ODS code"),
        ('key = "rwh-pas"', 'key = "RWH PAS"', "line 3, field key: expected small letters"),
        ('key = "rwh-pas"', 'key = "joinedup"', "field key: expected another"),
        ('files = "rwh/*.hl7"', 'files = "../*.hl7"', "line 8, field files: expected a pattern below the folder"),
        ('files = "rwh/*.hl7"', 'files = "/etc/*"', "field files: expected a pattern below the folder"),
        ('files = "rwh/*.hl7"', 'files = "a"\nmapping = "sus-apc"', "field mapping: expected none: the format hl7v2"),
        ('files = "rwh/*.hl7"', 'files = "a"\ncharset = "utf-9"', "line 9, field charset: expected a character set"),
        ('files = "rwh/*.hl7"', 'files = "a"\ninterval_hours = 0', "field interval_hours: expected a number above 0"),
        ('files = "rwh/*.hl7"', 'files = "a"\ninterval_hours = true', "field interval_hours: expected a number"),
        ('files = "rwh/*.hl7"', 'files = "a"\nsimulated = "yes"', "field simulated: expected true or false"),
        ("[[source]]", "[source]", r"expected \[\[source\]\] with two brackets"),
        ("[[source]]", "[[sources]]", r"line 2: there is no table 'sources'; .* Did you mean 'source'\?"),
        ('key = "rwh-pas"', "key = rwh", "line 3: not valid TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_line_and_field(line: str, instead: str, says: str) -> None:
    with pytest.raises(FileError, match=says):
        parse_sources(PAS.replace(line, instead))


def test_a_csv_source_names_a_mapping_that_there_is() -> None:
    with pytest.raises(FileError, match="field mapping: expected the name of a mapping: CSV is never guessed"):
        parse_sources(APC.replace('mapping = "sus-apc"\n', ""))
    with pytest.raises(FileError, match=r"'sus-acp' is none of asc-cld, .*\. Did you mean 'sus-apc'\?"):
        parse_sources(APC.replace('"sus-apc"', '"sus-acp"'))


def test_two_sources_need_two_keys() -> None:
    with pytest.raises(FileError, match="line 11, field key: two sources have the key 'rwh-pas'"):
        parse_sources(PAS + PAS)
    with pytest.raises(FileError, match="at least one"):
        parse_sources("")


def test_files_come_source_by_source_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "rwh").mkdir()
    for name in ("b.csv", "a.csv", "z.hl7", "notes.txt"):
        (tmp_path / "rwh" / name).write_text("x")
    (tmp_path / "sources.toml").write_text(PAS + APC)
    sources = read_sources(tmp_path)
    found = deliveries_in(tmp_path, sources)
    assert [(path.name, source.key) for path, source in found] == [
        ("z.hl7", "rwh-pas"), ("a.csv", "rwh-apc"), ("b.csv", "rwh-apc"),
    ]  # fmt: skip
    assert source_of(tmp_path / "rwh" / "a.csv", tmp_path, sources).key == "rwh-apc"
    with pytest.raises(NotFound, match=r"No source of sources\.toml declares the file notes\.txt"):
        source_of(tmp_path / "rwh" / "notes.txt", tmp_path, sources)


def test_a_file_that_two_sources_claim_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "rwh").mkdir()
    (tmp_path / "rwh" / "a.hl7").write_text("x")
    with pytest.raises(FileError, match="'rwh-pas' and 'other' both claim it"):
        deliveries_in(tmp_path, parse_sources(PAS + PAS.replace("rwh-pas", "other")))


def test_a_folder_without_a_declaration_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"can't be read \(No such file"):
        read_sources(tmp_path)
    (tmp_path / "sources.toml").write_bytes(b'[[source]]\nname = "\xff"')
    with pytest.raises(FileError, match="expected UTF-8"):
        read_sources(tmp_path)


def test_nine_mappings_are_shipped() -> None:
    assert mapping_names() == [
        "asc-cld", "csds", "ecds", "mhsds", "register", "sus-apc", "sus-op", "voluntary", "wlmds",
    ]  # fmt: skip
