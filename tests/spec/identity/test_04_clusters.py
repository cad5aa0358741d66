"""From pairs to persons: the strongest evidence first, and what forbids a join (PA9)."""

from __future__ import annotations

from datetime import date

from joinedup.identity.cluster import Link, Node, cluster, resident_ids

A, E = "9990123454", "9990000018"


def test_the_example_of_the_book() -> None:
    """a-b 12.0, b-c 9.1, c-d 8.0, d-e 7.2; never a,c; a and e have different numbers."""
    nodes = {"a": Node(A), "b": Node(), "c": Node(), "d": Node(), "e": Node(E)}
    links = [Link("a", "b", 12.0), Link("b", "c", 9.1), Link("c", "d", 8.0), Link("d", "e", 7.2)]
    found = cluster(nodes, links, nevers=[("a", "c")])
    assert found.groups == [["a", "b"], ["c", "d", "e"]]
    assert [(one.left, one.right, one.reason) for one in found.blocked] == [("b", "c", "never_match")]


def two(one: Node, other: Node, **more: object) -> tuple[list[list[str]], list[str]]:
    found = cluster({"a": one, "b": other}, [Link("a", "b", 20.0)], **more)  # type: ignore[arg-type]
    return found.groups, [blocked.reason for blocked in found.blocked]


APART = [["a"], ["b"]]
TOGETHER = [["a", "b"]]


def test_two_numbers_are_two_people_unless_one_replaced_the_other() -> None:
    assert two(Node(A), Node(E)) == (APART, ["different_numbers"])
    assert two(Node(A, (E,)), Node(E)) == (TOGETHER, [])
    assert two(Node(A, (E,)), Node(E, (A,))) == (TOGETHER, [])


def test_two_dates_of_death_may_differ_by_a_day() -> None:
    died = Node(died=date(2026, 3, 1))
    assert two(died, Node(died=date(2026, 3, 2))) == (TOGETHER, [])
    assert two(died, Node(died=date(2026, 3, 3))) == (APART, ["death_dates"])


def test_a_source_without_duplicates_holds_a_person_once() -> None:
    assert two(Node(source="gp-1"), Node(source="gp-1")) == (APART, ["same_source"])
    assert two(Node(source="gp-1"), Node(source="gp-2")) == (TOGETHER, [])
    assert two(Node(), Node()) == (TOGETHER, [])


def test_a_decision_joins_against_every_limit_but_never() -> None:
    one, other = Node(A, source="gp-1"), Node(E, source="gp-1")
    assert two(one, other, matches=[("a", "b")]) == (TOGETHER, [])
    assert two(one, other, matches=[("a", "b")], nevers=[("a", "b")])[0] == APART


def test_more_than_twenty_records_wait_for_a_person() -> None:
    nodes = {number: Node() for number in range(21)}
    found = cluster(nodes, [Link(number, number + 1, 20.0) for number in range(20)])
    assert sorted(map(len, found.groups)) == [1, 20]
    assert [one.reason for one in found.blocked] == ["too_many"]


def test_a_record_without_a_number_that_fits_two_people_joins_neither() -> None:
    nodes = {"x": Node(), "y": Node(A), "z": Node(E)}
    close = cluster(nodes, [Link("x", "y", 20.0), Link("x", "z", 15.0)])
    assert close.groups == [["x"], ["y"], ["z"]]
    assert {one.reason for one in close.blocked} == {"second_candidate"}
    clear = cluster(nodes, [Link("x", "y", 30.0), Link("x", "z", 15.0)])
    assert clear.groups == [["x", "y"], ["z"]]
    assert clear.blocked == []


def test_the_order_of_the_evidence_does_not_matter() -> None:
    nodes = {"a": Node(A), "b": Node(), "c": Node(), "d": Node(E)}
    links = [Link("a", "b", 12.0), Link("b", "c", 12.0), Link("c", "d", 12.0)]
    assert cluster(nodes, links).groups == cluster(nodes, links[::-1]).groups == [["a", "b", "c"], ["d"]]


def test_a_resident_keeps_the_id_that_most_of_its_records_have() -> None:
    assert resident_ids([["a", "b", "c"]], {"b": "b", "c": "b"}, {}) == {"a": "b", "b": "b", "c": "b"}


def test_what_is_parted_takes_back_its_former_id() -> None:
    current = dict.fromkeys("abcd", "a")
    former = {"c": ["d"], "d": ["d"]}
    assert resident_ids([["a", "b"], ["c", "d"]], current, former) == {"a": "a", "b": "a", "c": "d", "d": "d"}


def test_no_id_ever_goes_to_records_of_somebody_else() -> None:
    """b and c had the id of a; without a they cannot keep it."""
    answer = resident_ids([["a"], ["b", "c"]], dict.fromkeys("abc", "a"), {})
    assert answer == {"a": "a", "b": "b", "c": "b"}
