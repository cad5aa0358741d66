"""What a measure's definition says, and how a definition that cannot be one is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from joinedup.errors import FileError, NotFound
from joinedup.measures.definition import OURS, definition_of, definitions, read_file, read_folder, themes
from joinedup.population import TABLES, counted_event, parse_statement

WANTED = (
    "Wellness",
    "Prevention",
    "Long-term conditions",
    "Mental health",
    "Cancer",
    "Children and maternity",
    "Primary care access",
    "Urgent and emergency care",
    "Planned care",
    "Community and social care",
    "Care that fits together",
    "Wider determinants",
)
GOOD = {
    "id": '"one"',
    "title": '"One"',
    "meaning": '"The share of some."',
    "kind": '"proportion"',
    "unit": '"%"',
    "numerator": '["is on the register hypertension"]',
    "standard": '"joinedup"',
    "purposes": "[1]",
    "feeds": '["gp"]',
}


def file_of(folder: Path, **changed: str) -> Path:
    said = {**GOOD, **changed}
    text = 'theme = "Theme"\n[[measure]]\n' + "\n".join(f"{name} = {value}" for name, value in said.items() if value)
    path = folder / "theme.toml"
    path.write_text(text)
    return path


def test_there_is_at_least_one_measure_for_each_theme_and_thirty_five_in_all() -> None:
    collected = [one for one in definitions().values() if one.is_collected]
    assert len(collected) >= 35
    assert set(WANTED) <= {one.theme for one in collected}
    assert themes()[0] == "Wellness"


def test_national_measures_that_the_feeds_cannot_fill_are_listed_with_the_reason() -> None:
    left_out = [one for one in definitions().values() if not one.is_collected]
    assert len(left_out) >= 10
    assert all(one.national and len(one.why_not) > 20 for one in left_out)


@pytest.mark.parametrize("one", [one for one in definitions().values() if one.is_collected], ids=lambda one: one.id)
def test_every_sentence_and_event_of_a_measure_is_understood(one: object) -> None:
    from joinedup.measures.definition import MeasureDefinition

    assert isinstance(one, MeasureDefinition)
    for sentence in one.sentences:
        parse_statement(sentence)
    for name in filter(None, (one.counts, one.of, one.average)):
        event = counted_event(name)
        # What is counted comes from the tables of a snapshot and nothing else.
        assert {part.table for part in event.parts} <= set(TABLES)
        for part in event.parts:
            columns = {column for column, _ in (*part.equal, *part.begins)} | {part.on}
            assert columns <= set(TABLES[part.table].names)


def test_a_measure_that_differs_from_the_national_one_does_not_bear_its_name() -> None:
    for one in definitions().values():
        if one.is_collected and one.standard.startswith("After"):
            assert one.differs, f"{one.id} follows another definition and does not say how it differs"
            assert not one.national


def test_a_meaning_is_a_plain_sentence() -> None:
    for one in definitions().values():
        assert one.meaning.endswith(".")
        assert one.meaning[0].isupper()
        # Abbreviations are for those who know them: a meaning has none but units and names.
        assert not re.search(r"\b(COPD|QOF|SMI|A&E|LTC|DNA|ACS|RTT|PCN)\b", one.meaning), one.id


def test_a_target_says_who_set_it() -> None:
    assert all(one.target_source for one in definitions().values() if one.target is not None)


# what is wrong, the field named, and words of the message
WRONG = [
    ({"kind": '"ratio"'}, "kind", "'ratio' given, expected proportion, rate, mean, count. Did you mean 'rate'?"),
    ({"numerater": '["is registered"]', "numerator": ""}, "numerater", "Did you mean 'numerator'?"),
    ({"numerator": ""}, "numerator", "is missing; a proportion needs it"),
    ({"numerator": '["is on the registar hypertension"]'}, "numerator", "is not understood. Did you mean"),
    ({"purposes": "[5]"}, "purposes", "expected a list of the purposes 1 to 4"),
    ({"polarity": '"up"'}, "polarity", "expected increase, decrease, neutral"),
    ({"target": "80"}, "target_source", "expected who set the target"),
    ({"target": '"high"'}, "target", "'high' given, expected a number"),
    ({"title": ""}, "title", "is missing; expected a value"),
    ({"id": '"One Two"'}, "id", "expected small letters, digits and single hyphens"),
    ({"numerator": "", "counts": '"emergency admission"'}, "of", "is missing; a share of events"),
    ({"numerator": "", "kind": '"rate"', "counts": '"emergency admision"'}, "counts", "Did you mean"),
    ({"national": '"HYP001"', "differs": '"a little"'}, "national", "a measure that differs is our own"),
    ({"collected": "false"}, "why_not", "is missing"),
    ({"multiplier": "-1"}, "multiplier", "expected a number above 0"),
    ({"denominator": '["is aged 18 or over"]', "standardise": "true"}, "standardise", "of all ages"),
    ({"kind": '"mean"', "numerator": "", "average": '"emergency admissions"'}, "average", "has no amounts"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "field", "said"), WRONG)
def test_a_definition_that_cannot_be_one_names_file_field_and_what_was_expected(
    tmp_path: Path, changed: dict[str, str], field: str, said: str
) -> None:
    with pytest.raises(FileError) as raised:
        read_file(file_of(tmp_path, **changed))
    assert raised.value.file == "theme.toml"
    assert raised.value.field == field
    assert said in str(raised.value)


def test_an_id_that_stands_twice_names_both_files(tmp_path: Path) -> None:
    file_of(tmp_path).rename(tmp_path / "a.toml")
    file_of(tmp_path).rename(tmp_path / "b.toml")
    with pytest.raises(FileError, match=r"b\.toml, field id: the measure 'one' stands in a\.toml too"):
        read_folder(tmp_path)


def test_an_unknown_measure_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="Did you mean 'four-hours'"):
        definition_of("four-hour")


def test_a_changed_definition_has_another_digest_and_a_changed_title_the_same(tmp_path: Path) -> None:
    (first,) = read_file(file_of(tmp_path))
    (retitled,) = read_file(file_of(tmp_path, title='"Another"'))
    (other,) = read_file(file_of(tmp_path, numerator='["is on the register diabetes"]'))
    assert first.digest == retitled.digest != other.digest


def test_our_files_are_read_in_their_order() -> None:
    assert next(path.stem[:2] for path in sorted(OURS.glob("*.toml"))) == "01"
