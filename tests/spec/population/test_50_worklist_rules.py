"""Turning pseudonyms back at the source, and the steps of a worklist: values in, values out."""

from __future__ import annotations

import pytest

from joinedup.errors import RuleError
from joinedup.population.pseudonym import Keys, recipient_key
from joinedup.population.worklists.rules import TurnedBack, must_follow, people_said, state_of, turned_back

KEYS = Keys("icb-analytics", 1, recipient_key(bytes(32), "icb-analytics", 1))
OTHER = Keys("somebody-else", 1, recipient_key(bytes(32), "somebody-else", 1))
RESIDENT = {"gp-1": "R1", "trust-1": "R1", "gp-2": "R2", "gp-3": "R3", "trust-3": "R9", "no-number": "R4"}
NUMBERS = {"9990000018": ["gp-1", "trust-1"], "9990000026": ["gp-2"], "9990000034": ["gp-3", "trust-3"]}


def back(*pseudonyms: str) -> TurnedBack:
    return turned_back(
        frozenset(pseudonyms), NUMBERS, ["no-number"], of_number=KEYS.of_number, of_person=KEYS.of_person,
        resident_of=lambda subjects: {one: RESIDENT[one] for one in subjects},
    )  # fmt: skip


def test_a_pseudonym_leads_to_whoever_has_the_number_it_was_made_of() -> None:
    assert back(KEYS.of_number("9990000018")) == TurnedBack(frozenset({"gp-1"}), unsure=0, not_found=0)


def test_somebody_without_a_number_is_found_by_the_id_that_the_record_knows_them_by() -> None:
    assert back(KEYS.of_person("no-number")).subjects == {"no-number"}


def test_nobody_else_comes_along() -> None:
    found = back(KEYS.of_number("9990000018"), KEYS.of_person("no-number"))
    assert {RESIDENT[one] for one in found.subjects} == {"R1", "R4"}


def test_a_number_in_the_records_of_two_residents_leads_to_neither() -> None:
    assert back(KEYS.of_number("9990000034")) == TurnedBack(frozenset(), unsure=1, not_found=0)


def test_pseudonyms_made_for_another_recipient_lead_to_nobody() -> None:
    assert back(OTHER.of_number("9990000018")) == TurnedBack(frozenset(), unsure=0, not_found=1)


@pytest.mark.parametrize(("steps", "state"), [
    (["asked"], "waiting"), (["asked", "approved"], "approved"), (["asked", "approved", "opened"], "approved"),
    (["asked", "refused"], "refused"), (["asked", "approved", "opened", "closed"], "closed"),
])  # fmt: skip
def test_the_newest_deciding_step_is_the_state(steps: list[str], state: str) -> None:
    assert state_of(steps) == state


@pytest.mark.parametrize(("steps", "step"), [
    (["asked", "approved"], "approved"), (["asked", "refused"], "approved"), (["asked"], "opened"),
    (["asked", "closed"], "approved"), (["asked", "approved", "closed"], "opened"),
])  # fmt: skip
def test_what_cannot_follow_is_refused(steps: list[str], step: str) -> None:
    with pytest.raises(RuleError):
        must_follow(steps, step)


@pytest.mark.parametrize(("count", "said"), [(0, "0"), (1, "*"), (7, "*"), (8, "10"), (12, "10"), (1_238, "1,240")])
def test_those_who_may_not_see_people_are_told_about_how_many(count: int, said: str) -> None:
    assert people_said(count) == said
