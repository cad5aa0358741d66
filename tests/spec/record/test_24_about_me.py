"""About me: the person's own words under their headings, versioned and named (R68)."""

from __future__ import annotations

import pytest

from joinedup.errors import RuleError
from joinedup.record.about_me import HEADINGS, LONGEST, is_about_me, read_about_me, write_about_me

from .drawn import NOON


def test_what_is_written_is_read_back_in_the_order_of_the_headings() -> None:
    content = write_about_me(
        {"please-do": "Knock\r\nand wait", "what-matters": "My garden", "people": "  "}, "Grace", NOON, on_behalf=False
    )
    assert is_about_me(content)
    about = read_about_me(content)
    assert about.filled == [("What is most important to me", "My garden"), ("Please do", "Knock\nand wait")]
    assert (about.written_by, about.on_behalf, about.written_at) == ("Grace", False, NOON)


def test_staff_who_write_it_down_are_named_as_such() -> None:
    content = write_about_me({"also": "x"}, "Joe Sample, social worker", NOON, on_behalf=True)
    assert read_about_me(content).on_behalf
    assert content["author"] == {"display": "Joe Sample, social worker"}


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({}, "at least one heading"),
        ({"also": " \n "}, "at least one heading"),
        ({"plese-do": "x"}, "Did you mean 'please-do'"),
        ({"also": "x" * (LONGEST + 1)}, "2,000 characters or fewer"),
    ],
)
def test_what_cannot_be_kept_is_refused(answers: dict[str, str], says: str) -> None:
    with pytest.raises(RuleError, match=says):
        write_about_me(answers, "Grace", NOON, on_behalf=False)


def test_another_questionnaire_is_not_about_me() -> None:
    assert not is_about_me({"resourceType": "QuestionnaireResponse", "questionnaire": "https://example.org/frailty"})
    assert len(HEADINGS) == 8
