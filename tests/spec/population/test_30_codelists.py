"""Chapter 30: code lists, and the check digit of SNOMED CT codes (rules: population PC4)."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from joinedup.errors import FileError, NotFound, RuleError
from joinedup.population import codelists, definitions
from joinedup.population.activities import activities
from joinedup.population.codelists import (
    Codelist,
    DuplicateCodes,
    codelist,
    codelist_from_column,
    codelist_names,
    read_codelist,
)
from joinedup.population.named_values import named_value, named_values
from joinedup.population.verhoeff import check_digit, is_snomed_code

OURS = Path(codelists.__file__).parent


# --- the check digit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["73211009", "128264007", "280797561000119107", "38341003"])
def test_a_code_ends_with_its_check_digit(code: str) -> None:
    assert is_snomed_code(code)
    assert check_digit(code[:-1]) == code[-1]


@pytest.mark.parametrize(
    "code",
    [
        "128264008",  # the last digit is wrong
        "280797561000119104",  # what is left of …107 when it has been a number with a point
        "73211090",  # two digits swapped
        "073211009",
        "12345",
        "7321100９",  # a full-width digit
        "",
    ],
)
def test_other_texts_are_no_codes(code: str) -> None:
    assert not is_snomed_code(code)


@given(st.from_regex(r"[1-9][0-9]{4,15}", fullmatch=True), st.data())
def test_any_one_wrong_digit_is_caught(digits: str, data: st.DataObject) -> None:
    code = digits + check_digit(digits)
    at = data.draw(st.integers(1, len(code) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != code[at]]))
    assert is_snomed_code(code)
    assert not is_snomed_code(code[:at] + other + code[at + 1 :])


# --- reading a file ------------------------------------------------------------------------------------------------


def _file(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = tmp_path / "stroke_codes.csv"
    file.write_text(text, encoding=encoding)
    return file


def test_a_list_is_read_as_text_with_its_terms(tmp_path: Path) -> None:
    read = read_codelist(_file(tmp_path, "code,term\n230690007 , Stroke\n\n266257000,TIA\n"), system="snomed")
    assert read.codes == {"230690007", "266257000"}
    assert read.terms["230690007"] == "Stroke"
    assert read.name == "stroke codes"


@pytest.mark.parametrize("header", ["code,term", "Code,Term", "term,CTV3Code", "name,conceptId", "x,dmd_id"])
def test_the_header_may_have_the_names_that_publishers_use(tmp_path: Path, header: str) -> None:
    at = [cell.casefold() in codelists.CODE_HEADERS for cell in header.split(",")].index(True)
    row = ["something", "something"]
    row[at] = "230690007"
    assert read_codelist(_file(tmp_path, f"{header}\n{','.join(row)}\n"), system="snomed").codes == {"230690007"}


def test_a_byte_order_mark_is_not_part_of_the_header(tmp_path: Path) -> None:
    assert len(read_codelist(_file(tmp_path, "code,term\nI64,Stroke\n", "utf-8-sig"), system="icd10")) == 1


def test_the_dots_of_ctv3_are_part_of_the_code(tmp_path: Path) -> None:
    assert read_codelist(_file(tmp_path, "CTV3Code\n134B.\nG66..\n"), system="ctv3").codes == {"134B.", "G66.."}


def test_a_code_given_twice_is_taken_once_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(DuplicateCodes, match="1 codes are given again"):
        assert len(read_codelist(_file(tmp_path, "code\n230690007\n230690007\n"), system="snomed")) == 1


def test_a_wrong_check_digit_names_file_row_code_and_the_digit_expected(tmp_path: Path) -> None:
    with pytest.raises(FileError) as told:
        read_codelist(_file(tmp_path, "code,term\n73211009,Diabetes\n128264008,Impaired\n"), system="snomed")
    for part in ("stroke_codes.csv", "line 3", "128264008", "expected 7 at its end, not 8"):
        assert part in str(told.value)


@pytest.mark.parametrize("spoilt", ["2.80797561000119E+17", "128264007.0"])
def test_a_code_that_a_program_took_for_a_number_is_refused(tmp_path: Path, spoilt: str) -> None:
    with pytest.raises(FileError, match="took codes for numbers"):
        read_codelist(_file(tmp_path, f"code\n{spoilt}\n"), system="snomed")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("term\nStroke\n", "a column of codes"),
        ("code,term\n", "no code"),
        ("code,term\n,Stroke\n", "the code is empty"),
    ],
)
def test_files_without_codes_say_what_they_lack(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(FileError, match=told):
        read_codelist(_file(tmp_path, text), system="snomed")


def test_a_column_of_numbers_is_refused_where_digits_may_be_lost() -> None:
    assert codelist_from_column("x", ["280797561000119107", 73211009], system="snomed").codes == {
        "280797561000119107",
        "73211009",
    }
    for spoilt in (280797561000119107, float(280797561000119107), 2**53 + 1):
        with pytest.raises(RuleError, match="Read the column as text"):
            codelist_from_column("x", [spoilt], system="snomed")


def test_published_lists_load_and_pass(reference: Path) -> None:
    folder = reference / "opensafely_codelists"
    read = 0
    for file in sorted(folder.glob("*.csv")):
        if "_icd10" in file.name:
            system = "icd10"
        elif file.name.startswith(("opensafely-ethnicity", "opensafely-smoking")):
            system = "ctv3"
        else:
            system = "snomed"
        if file.name == "opensafely-ethnicity.csv":
            with pytest.warns(DuplicateCodes, match="4 codes are given again"):
                assert len(read_codelist(file, system=system)) == 266
        else:
            assert len(read_codelist(file, system=system)) > 0
        read += 1
    assert read > 50


def test_four_of_the_codes_of_a_published_list_do_not_survive_being_numbers(reference: Path) -> None:
    codes = read_codelist(
        reference / "opensafely_codelists" / "nhsd-primary-care-domain-refsets-afib_cod.csv", system="snomed"
    ).codes
    spoilt = [code for code in codes if str(int(float(code))) != code]
    assert len(codes) == 24
    assert len(spoilt) == 4
    assert str(int(float("280797561000119107"))) == "280797561000119104"
    assert not any(is_snomed_code(str(int(float(code)))) for code in spoilt)


# --- putting lists together ----------------------------------------------------------------------------------------

STROKE = Codelist("stroke", "snomed", frozenset({"230690007"}))
TIA = Codelist("TIA", "snomed", frozenset({"266257000"}))
ICD = Codelist("stroke in hospital", "icd10", frozenset({"I64"}))


def test_lists_unite_and_subtract() -> None:
    assert (STROKE | TIA).codes == {"230690007", "266257000"}
    assert ((STROKE | TIA) - TIA).codes == STROKE.codes


def test_a_list_of_another_system_stands_beside_it() -> None:
    both = STROKE | ICD
    assert [part.system for part in both.parts] == ["snomed", "icd10"]
    assert len(both) == 2
    with pytest.raises(RuleError, match="only lists of one system"):
        STROKE - ICD


def test_two_lists_that_share_no_code_are_united(reference: Path) -> None:
    folder = reference / "opensafely_codelists"
    dementia = read_codelist(folder / "user-elsie_horne-dementia_snomed.csv", system="snomed")
    vascular = read_codelist(folder / "user-elsie_horne-dementia_vascular_snomed.csv", system="snomed")
    assert not dementia.codes & vascular.codes
    assert len(dementia | vascular) == len(dementia) + len(vascular)


def test_an_update_says_what_it_added_and_removed() -> None:
    changed = (STROKE | TIA).compared_with(TIA | Codelist("old", "snomed", frozenset({"73211009"})))
    assert (changed.added, changed.removed) == (("230690007",), ("73211009",))


def test_a_list_is_known_by_the_digest_of_its_codes() -> None:
    assert STROKE.sha256 == Codelist("another name", "snomed", frozenset({"230690007"})).sha256
    assert STROKE.sha256 != (STROKE | TIA).sha256
    assert STROKE.sha256 != (STROKE | ICD).sha256


# --- the lists that come with joinedup, and those of an installation -----------------------------------------------


def test_every_list_of_ours_is_described_and_says_that_it_is_a_starter_list() -> None:
    described = tomllib.loads((OURS / "codelists.toml").read_text())
    assert set(described) == {path.stem for path in (OURS / "codelists").glob("*.csv")}
    for name in codelist_names():
        one = codelist(name)
        assert one.title
        assert one.version
        assert "starter list" in one.source


def test_what_the_other_definitions_name_is_there() -> None:
    for value in named_values().values():
        assert len(value.codes) > 0
    assert not set(activities()) & set(codelist_names()), "a name is of a list or of an activity"
    with pytest.raises(NotFound, match="Did you mean 'systolic'"):
        named_value("systolc")


def test_a_list_by_any_spelling_of_its_name() -> None:
    assert codelist("Non-diabetic hyperglycaemia") is codelist("non_diabetic_hyperglycaemia")
    with pytest.raises(NotFound, match="Did you mean 'stroke'"):
        codelist("strok")


def test_an_installations_list_takes_the_place_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOINEDUP_DATA", str(tmp_path))
    folder = definitions.installed("codelists")
    folder.mkdir(parents=True)
    (folder / "stroke.csv").write_text("code,term\n230706003,Haemorrhagic cerebral infarction\n")
    (folder / "our own list.csv").write_text("code,term\nR54,Senility\n")
    (folder / "codelists.toml").write_text(
        '["our own list"]\ntitle = "Ours"\nsystem = "icd10"\nversion = "7"\n[stroke]\ntitle = "Stroke, national"\n'
    )
    assert codelist("stroke").codes == {"230706003"}
    assert codelist("stroke").title == "Stroke, national"
    assert codelist("our own list").system == "icd10"
    assert len(codelist("dementia")) > 1, "ours are still there"
