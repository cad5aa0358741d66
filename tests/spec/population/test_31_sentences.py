"""Chapter 31: sentences about people, and what is said of those that are not understood."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from joinedup.population.grid import Window
from joinedup.population.statements import FORMS, StatementError, parse


@pytest.mark.parametrize(("form", "example"), [(form.name, example) for form in FORMS for example in form.examples])
def test_every_example_is_read_as_the_form_that_it_is_an_example_of(form: str, example: str) -> None:
    assert parse(example).form == form
    assert parse(f"  {example.upper()}.  ").form == form, "capitals, blanks and a full stop do not matter"


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("is aged 18 or over", {"low": 18, "high": None}),
        ("is under 5", {"low": 0, "high": 4}),
        ("is aged 40 to 74", {"low": 40, "high": 74}),
        ("lives in deprivation quintile 1", {"low": 1, "high": 1, "comparison": "quintile"}),
        ("lives in local deprivation quintile 1 to 2", {"low": 1, "high": 2, "comparison": "local quintile"}),
        ("is in the ethnic group Black, Asian or Mixed", {"names": ("black", "asian", "mixed")}),
        ("had at least 2 foot checks in the 2 years", {"at_least": 2, "window": Window("months", 24)}),
        ("had no foot check in the month", {"negated": True, "window": Window("month")}),
        ("had fewer than 3 foot checks in the year", {"negated": True, "at_least": 3}),
        ("had a foot check in the 2 weeks", {"window": Window("days", 14)}),
        ("was immunised with MMR since 1 September", {"name": "mmr", "window": Window("season", month=9)}),
        ("has had a stroke since 2012-04-01", {"window": Window("since", since=date(2012, 4, 1))}),
        ("last HbA1c is at most 58.5 in the 12 months", {"comparison": "at most", "number": 58.5}),
        ("is waiting for treatment over 18 weeks", {"number": 18}),
        ("is registered with the practice y00001", {"name": "Y00001"}),
        ("is on the register Non-diabetic  hyperglycaemia", {"name": "non diabetic hyperglycaemia"}),
    ],
)
def test_what_a_sentence_says(sentence: str, said: dict[str, object]) -> None:
    read = parse(sentence)
    for name, value in said.items():
        assert getattr(read, name) == value, name


@pytest.mark.parametrize(
    ("sentence", "nearest"),
    [
        ("is on register hypertension", "is on the register hypertension"),
        ("is registerd", "is registered"),
        ("aged 18 or over", "is aged 18 or over"),
        ("last systolic over 140", "last systolic is above 140"),
        ("prescribed statins in 6 months", "was prescribed statins in the 6 months"),
    ],
)
def test_a_sentence_that_is_not_understood_names_the_nearest_and_the_forms(sentence: str, nearest: str) -> None:
    with pytest.raises(StatementError, match=re.escape(f"Did you mean something like '{nearest}'?")) as told:
        parse(sentence)
    assert sentence in str(told.value)
    for form in FORMS:
        assert form.examples[0] in str(told.value)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("", "empty"),
        ("is aged 74 to 40", "the lower number first"),
        ("is aged 18 to 400", "an age up to 150"),
        ("is under 0", "an age of 1 or more"),
        ("lives in deprivation quintile 6", "quintile from 1 to 5"),
        ("lives in deprivation decile 0", "decile from 1 to 10"),
        ("lives in local deprivation decile 1", "local quintiles, not deciles"),
        ("had at least 0 foot checks in the year", "a number of 1 or more"),
        ("had a foot check in the 0 months", "a stretch of time of 1 or more"),
        ("had a foot check since 2024-02-30", "'2024-02-30' is no day"),
        ("was immunised with MMR since 1 Septembre", "'septembre' is no day"),
        ("turned 2 in the 30 days", "whole months or years"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(sentence: str, expected: str) -> None:
    with pytest.raises(StatementError, match=re.escape(expected)):
        parse(sentence)


PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "statements.md"


def test_the_page_of_the_docs_is_the_grammar() -> None:
    from joinedup.population.statement_page import statement_page

    assert PAGE.read_text(encoding="utf-8") == statement_page(), (
        "docs/reference/statements.md is out of date: python -m joinedup.population.statement_page > " + str(PAGE.name)
    )
