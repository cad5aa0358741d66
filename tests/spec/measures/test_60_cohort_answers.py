"""What a cohort is answered with when others much like it were counted before: nobody is told from a difference."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from joinedup.measures.cohorts.answers import (
    Counted,
    answered_as,
    is_near,
    lies_within,
    lines_shown,
    said_alike,
)


def counted(people: int, *include: str, exclude: tuple[str, ...] = ()) -> Counted:
    return Counted(said_alike(include), said_alike(exclude), people)


def never(one: Counted) -> bool:
    raise AssertionError("the sentences say it already")


def answers(*raw: int) -> list[Counted]:
    """Count a chain of cohorts, each with one sentence more, as a page does."""
    register: list[Counted] = []
    found = []
    for number, people in enumerate(raw):
        mine = counted(people, *(f"sentence {n}" for n in range(number)))
        found.append(answered_as(mine, register, lambda one: False))
        if found[-1] is mine:
            register.append(mine)
    return found


def shown(*raw: int) -> list[Any]:
    sentences = [(f"sentence {n}", False) for n in range(len(raw))]
    return lines_shown(sentences, raw, [0] * len(raw), answers(*raw))


def test_a_line_that_removes_1_to_7_people_changes_no_figure() -> None:
    lines = shown(143, 136)
    assert [line.left for line in lines] == [145, 145]
    assert lines[1].removed is None


def test_a_line_that_removes_8_has_a_figure_of_its_own() -> None:
    lines = shown(143, 135)
    assert [line.left for line in lines] == [145, 135]
    assert lines[1].removed == 10


def test_a_line_that_removes_nobody_says_so() -> None:
    lines = shown(143, 143)
    assert [(line.left, line.removed) for line in lines] == [(145, 0), (145, 0)]


def test_small_lines_one_after_another_do_not_keep_a_figure_for_ever() -> None:
    assert [line.left for line in shown(143, 139, 136, 134, 131)] == [145, 145, 145, 135, 135]


def test_below_a_hidden_figure_nothing_is_told_not_even_that_it_is_nobody() -> None:
    lines = shown(50, 5, 0)
    assert [line.left for line in lines] == [50, None, None]
    assert [line.removed for line in lines[1:]] == [None, None]


def test_nobody_before_is_no_answer_for_somebody_now() -> None:
    new = counted(3, "a")
    assert answered_as(new, [counted(0, "a", "b")], never) is new
    assert new.shown is None


def test_the_same_sentences_in_another_order_are_the_same_cohort() -> None:
    before = counted(40, "is female", "is registered")
    assert answered_as(counted(40, "Is  registered", "is female."), [before], never) is before


@pytest.mark.parametrize(("one", "other", "within"), [
    (counted(1, "a", "b"), counted(1, "a"), True),
    (counted(1, "a", exclude=("x",)), counted(1, "a"), True),
    (counted(1, "a"), counted(1, "a", "b"), False),
    (counted(1, "a", exclude=("x",)), counted(1, "a", "b"), False),
])  # fmt: skip
def test_one_sentence_more_to_include_or_leave_out_lies_within(one: Counted, other: Counted, within: bool) -> None:
    assert lies_within(one, other) is within


def test_an_edited_sentence_is_looked_at_person_by_person() -> None:
    before, new = counted(40, "is registered", "is aged 18 or over"), counted(38, "is registered", "is aged 19 or over")
    assert is_near(new, before)
    assert answered_as(new, [before], lambda one: True) is before
    assert answered_as(new, [before], lambda one: False) is new


def test_cohorts_that_share_little_are_not_compared() -> None:
    new = counted(38, "is registered", "is male", "is under 5")
    assert answered_as(new, [counted(40, "is registered", "is female", "is aged 18 or over")], never) is new


@given(st.lists(st.integers(0, 60), min_size=2, max_size=8))
def test_no_step_of_1_to_7_people_can_be_seen(drops: list[int]) -> None:
    raw = [400]
    for drop in drops:
        raw.append(max(raw[-1] - drop, 0))
    lines = shown(*raw)
    for (before, line), (was, now) in zip(pairwise(lines), pairwise(raw), strict=True):
        if 1 <= was - now <= 7:
            assert line.removed is None
        if line.removed is not None and line.left is not None and before.left is not None:
            assert line.removed == before.left - line.left, "what is removed follows from the figures shown"
    for line in lines:
        assert line.left is None or line.left % 5 == 0
        assert line.left is None or line.left > 7 or line.left == 0


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(0, 5), st.integers(1, 7))
def test_whether_one_small_group_is_there_changes_no_later_figure(drops: list[int], at: int, few: int) -> None:
    """An attacker asks for a cohort, and then for it without 1 to 7 people: the two answers are the same."""
    raw = 300 - sum(drops[:at])
    register = answers(300, raw) if raw < 300 else answers(300)
    whole = answered_as(counted(raw, "a"), register, lambda one: True)
    register.append(whole)
    without = answered_as(counted(raw - few, "a", "b"), register, lambda one: True)
    assert without.shown == whole.shown or abs(without.people - (raw - few)) <= 7
