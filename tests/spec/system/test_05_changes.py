"""The form of each kind of change, what its shares sum to, when it is late, and what it may not move."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from joinedup.errors import RuleError
from joinedup.system.change import (
    KINDS,
    Share,
    check_event,
    check_order,
    check_rename,
    check_shares,
    days_overdue,
    gaps_and_overlaps,
)
from joinedup.system.periods import PartialDate

D = date.fromisoformat
SEVEN = ("07L", "07T", "08F", "08M", "08N", "08V", "08W")
HALVES = (Share("a", "b", "lsoa", Decimal("0.5")), Share("a", "c", "lsoa", Decimal("0.5")))

# kind, before, after, shares
IN_ORDER = [
    ("found", (), ("QM7",), ()),
    ("found", (), ("QM7", "QMF", "QJ2"), ()),
    ("rename", ("a",), ("a",), ()),
    ("recode", ("a",), ("a",), ()),
    ("redesignate", ("stp",), ("stp",), ()),
    ("merge", SEVEN, ("A3A8R",), ()),
    ("merge", ("a", "b"), ("c",), ()),
    ("absorb", ("a",), ("b",), ()),
    ("absorb", ("a", "b", "c"), ("d",), ()),
    ("split", ("a",), ("b", "c"), HALVES),
    ("transfer_function", ("a",), ("b",), ()),
    ("transfer_function", ("a",), ("b", "c"), ()),
    ("boundary_change", (), (), ()),
    ("dissolve", ("a",), (), ()),
    ("dissolve", ("a",), ("b",), ()),
]

# kind, before, after, shares, and what is said
OUT_OF_ORDER = [
    ("found", ("a",), ("b",), (), "nothing before"),
    ("found", (), (), (), "one or more bodies after"),
    ("rename", ("a",), ("b",), (), "keeps its body"),
    ("rename", ("a", "b"), ("a",), (), "one body"),
    ("recode", ("a",), ("b",), (), "keeps its body"),
    ("redesignate", ("stp",), ("ics",), (), "keeps its body"),
    ("merge", ("a",), ("b",), (), "two or more bodies before"),
    ("merge", ("a", "b"), ("c", "d"), (), "one new body after"),
    ("merge", ("a", "b"), ("b",), (), "can't also be there after"),
    ("merge", ("a", "a"), ("b",), (), "same body twice"),
    ("merge", ("a", "b"), (), (), "one new body after"),
    ("absorb", (), ("b",), (), "one or more bodies before"),
    ("absorb", ("a", "b"), ("b",), (), "can't also be there after"),
    ("split", ("a",), ("b",), (), "two or more after"),
    ("split", ("a", "b"), ("c", "d"), (), "one body before"),
    ("split", ("a",), ("a", "b"), HALVES, "can't also be there after"),
    ("split", ("a",), ("b", "c"), (), "needs shares"),
    ("split", ("a",), ("b", "c"), HALVES[:1], "sum to 0.5"),
    ("transfer_function", ("a",), (), (), "one or more receivers"),
    ("transfer_function", ("a", "b"), ("c",), (), "one body before"),
    ("dissolve", (), (), (), "one or more bodies before"),
    ("dissolve", ("a",), ("a",), (), "can't also be there after"),
    ("merg", ("a", "b"), ("c",), (), "Did you mean 'merge'"),
]


@pytest.mark.parametrize(("kind", "before", "after", "shares"), IN_ORDER)
def test_a_change_of_the_right_form(
    kind: str, before: tuple[str, ...], after: tuple[str, ...], shares: tuple[Share, ...]
) -> None:
    """Rules: C1."""
    check_event(kind, before, after, shares)


@pytest.mark.parametrize(("kind", "before", "after", "shares", "says"), OUT_OF_ORDER)
def test_a_change_of_the_wrong_form_is_refused_by_name(
    kind: str, before: tuple[str, ...], after: tuple[str, ...], shares: tuple[Share, ...], says: str
) -> None:
    """Rules: C1. A merge with one original is an error."""
    with pytest.raises(RuleError, match=says):
        check_event(kind, before, after, shares)


def test_each_kind_of_the_rule_book_is_drawn_above() -> None:
    """Rules: C1."""
    of_the_rule_book = {
        "found", "rename", "recode", "redesignate", "merge", "absorb", "split", "transfer_function", "boundary_change",
        "dissolve",
    }  # fmt: skip
    assert set(KINDS) == of_the_rule_book == {kind for kind, *_ in IN_ORDER}
    assert of_the_rule_book - {"boundary_change"} <= {kind for kind, *_ in OUT_OF_ORDER}


def share(original: str, result: str, weight: str, basis: str = "lsoa") -> Share:
    return Share(original, result, basis, Decimal(weight))


# The three CCGs that were split on 1 July 2022 (rules: T4), to eight places, and shares of two bases side by side.
ADDING_UP = [
    [share("a", "b", "0.87037037"), share("a", "c", "0.12962963")],  # 141 : 21
    [share("a", "b", "0.88557214"), share("a", "c", "0.11442786")],  # 712 : 92
    [share("a", "b", "0.98224852"), share("a", "c", "0.01775148")],  # 498 : 9
    [share("a", "b", "0.33333333"), share("a", "c", "0.66666667"), share("d", "c", "1")],
    [share("a", "b", "1"), share("a", "b", "0.4", "head"), share("a", "c", "0.6", "head")],
    [],
]
# shares, and what is said of them
NOT_ADDING_UP = [
    ([share("a", "b", "0.87"), share("a", "c", "0.12")], "shares of a by lsoa sum to 0.99"),
    ([share("a", "b", "0.5"), share("a", "c", "0.5001")], "shares of a by lsoa sum to 1.0001"),
    ([share("a", "b", "1"), share("a", "c", "0.5", "head")], "shares of a by head sum to 0.5"),
    ([share("a", "b", "1.5"), share("a", "c", "-0.5")], "expected above 0"),
    ([share("a", "b", "1"), share("a", "c", "0")], "expected above 0"),
    ([share("a", "z", "1")], "not in this event"),
    ([share("z", "b", "1")], "not in this event"),
]


@pytest.mark.parametrize("shares", ADDING_UP)
def test_shares_that_add_up(shares: list[Share]) -> None:
    """Rules: V2."""
    check_shares(shares, ["a", "d"], ["b", "c"])


@pytest.mark.parametrize(("shares", "says"), NOT_ADDING_UP)
def test_shares_that_do_not_add_up_are_refused(shares: list[Share], says: str) -> None:
    """Rules: V2."""
    with pytest.raises(RuleError, match=says):
        check_shares(shares, ["a", "d"], ["b", "c"])


# certainty, planned for, today, days overdue
OVERDUE = [
    ("proposed", "2022-04-01", "2022-03-31", 0),
    ("proposed", "2022-04-01", "2022-04-01", 0),
    ("proposed", "2022-04-01", "2022-04-02", 1),
    ("subject_to_parliament", "2022-04-01", "2022-06-30", 90),
    ("approved", "2022-04-01", "2022-04-03", 2),
    ("in_force", "2022-04-01", "2022-04-02", 0),
    ("withdrawn", "2022-04-01", "2022-04-02", 0),
    ("proposed", "2022-04", "2022-04-30", 0),
    ("proposed", "2022-04", "2022-05-01", 1),
    ("proposed", "2022", "2022-12-31", 0),
    ("proposed", "2022", "2023-01-02", 2),
]


@pytest.mark.parametrize(("certainty", "planned", "today", "expected"), OVERDUE)
def test_how_late_a_plan_is(certainty: str, planned: str, today: str, expected: int) -> None:
    """Rules: C2 and T2. Planned for 1 April 2022, on 2 April it is 1 day overdue; with a month, from the next month."""
    assert days_overdue(certainty, PartialDate.parse(planned), D(today)) == expected


SIX = ["estates", "finance", "medicines", "planning", "quality", "workforce"]

# functions before, (function, new owner), without an owner, with several
TRANSFERS = [
    (SIX, [(function, "QM7") for function in SIX[:5]], ["workforce"], []),
    (SIX, [(function, "QM7") for function in SIX], [], []),
    (SIX[:2], [("estates", "QM7"), ("estates", "QMF"), ("finance", "QM7")], [], ["estates"]),
    (SIX[:2], [("estates", "QM7"), ("estates", "QM7"), ("finance", "QM7")], [], []),
    (SIX[:2], [], ["estates", "finance"], []),
]


@pytest.mark.parametrize(("before", "after", "missing", "doubled"), TRANSFERS)
def test_a_transfer_leaves_no_function_behind_and_none_with_two_owners(
    before: list[str], after: list[tuple[str, str]], missing: list[str], doubled: list[str]
) -> None:
    """Rules: C6. Six functions, five on the list: one gap."""
    assert gaps_and_overlaps(before, after) == (missing, doubled)


def test_a_rename_moves_no_function() -> None:
    """Rules: C5."""
    before = {"estates": "a", "finance": "b"}
    check_rename(before, dict(before))
    for after in ({"estates": "b", "finance": "b"}, {"estates": "a"}, {**before, "quality": "a"}):
        with pytest.raises(RuleError, match="rename may not move functions"):
            check_rename(before, after)


def test_closing_changes_may_not_go_round() -> None:
    """Rules: V3."""
    check_order({"one": (("a", "b"), ("c",)), "two": (("c", "d"), ("e",)), "three": (("e",), ())})
    circle = {"one": (("a", "b"), ("c",)), "two": (("c", "d"), ("e",)), "three": (("e", "f"), ("a",))}
    with pytest.raises(RuleError, match="circle: a → c → e → a"):
        check_order(circle)
