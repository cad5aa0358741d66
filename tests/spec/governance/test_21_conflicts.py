"""Which interests an item touches, also through what bodies were and became (I3)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from joinedup.governance import Interest, Relations, Tie, Work, interests_of_employment, proposals
from joinedup.system import index, published

D = date.fromisoformat
ON = D("2021-06-10")
SEVEN = ("07L", "07T", "08F", "08M", "08N", "08V", "08W")
MERGED = index((old, "A3A8R", D("2021-04-01")) for old in SEVEN)


def interest(about: str, person: str = "p1", **changes: object) -> Interest:
    values = {"key": f"{person}-{about}", "person": person, "type": "financial", "about_org": about}
    dates = {"arose_on": D("2020-01-01"), "declared_on": D("2020-01-10")}
    return Interest(**(values | dates | changes))  # type: ignore[arg-type]


# interest in   item names   hit
HITS = [
    ("08V", "A3A8R", True),  # the old hits the new
    ("A3A8R", "08V", True),  # and the new the old
    ("08V", "08V", True),
    ("08V", "07L", False),  # two that went into one do not touch each other
    ("06K", "A3A8R", False),
]


@pytest.mark.parametrize(("about", "named", "is_hit"), HITS, ids=[f"{a}-{b}" for a, b, _ in HITS])
def test_an_interest_follows_the_succession_both_ways(about: str, named: str, is_hit: bool) -> None:
    found = proposals({"item": [named]}, [interest(about)], Relations.of(MERGED), on=ON)
    assert [one.about_org for one in found] == ([about] if is_hit else [])


def test_a_proposal_says_the_way() -> None:
    relations = Relations.of(
        MERGED,
        parents=[Tie("A3A8R", "QMF"), Tie("A3A8R", "NEL", D("2019-01-01"), D("2021-01-01"))],
        members=[Tie("RF4", "collaborative"), Tie("RAL", "collaborative", end=D("2021-06-10"))],
    )
    about = ("08V", "A3A8R", "QMF", "NEL", "RF4", "RAL", "collaborative")
    items = {"merger": ["A3A8R"], "beds": ["collaborative"], "nothing": []}
    found = proposals(items, [interest(one) for one in about], relations, on=ON)
    assert [(one.item, one.says) for one in found] == [
        ("merger", "08V went into A3A8R, which the item names."),
        ("merger", "The item names A3A8R."),
        ("merger", "QMF is a parent of A3A8R, which the item names."),
        ("beds", "RF4 is a member of collaborative, which the item names."),
        ("beds", "The item names collaborative."),
    ]


def test_the_joint_leader_is_hit_when_one_of_the_four_bodies_is_named() -> None:
    works = [Work("leader", body, D("2020-06-08")) for body in ("QM7", "06K", "06N", "07H")]
    employed = interests_of_employment(works)
    found = proposals({"contract": ["06N", "RWG"]}, employed, Relations.of(), on=ON)
    assert [(one.person, one.about_org) for one in found] == [("leader", "06N")]


def test_only_interests_open_on_the_day_of_the_meeting_are_proposed() -> None:
    many = [
        interest("08V", "ended", ended_on=ON),
        interest("08V", "still open", ended_on=D("2021-06-11")),
        interest("08V", "to come", arose_on=D("2021-06-11")),
    ]
    found = proposals({"item": ["A3A8R"]}, many, Relations.of(MERGED), on=ON)
    assert [one.person for one in found] == ["still open"]


def test_a_chain_is_followed_to_its_end_and_a_self_row_is_no_edge() -> None:
    rows = index(
        [
            ("4CG71", "4CG71", D("2000-10-01")), ("4CG71", "5CJ", D("2000-10-01")), ("4CG71", "5CJ", D("2001-04-01")),
            ("5CJ", "5KT", D("2003-01-01")),
        ]
    )  # fmt: skip
    relations = Relations.of(rows)
    assert relations.became("4CG71") == {"5CJ", "5KT"}
    assert relations.was("5KT") == {"5CJ", "4CG71"}
    assert relations.was("4CG71") == frozenset()


def test_the_published_successions_touch_both_ways(reference: Path) -> None:
    path = reference / "humaniverse+geographr" / "ods_succession_all.csv"
    file = published.rows(path, "old_code", "new_code", "date")
    rows = [(row["old_code"], row["new_code"], D(row["date"])) for _, row in file]
    relations = Relations.of(index(rows))
    assert set(SEVEN) <= relations.was("A3A8R")
    assert relations.became("RW6") >= {"R0A", "RM3"}
    some = sorted({old for old, _, _ in rows})[::50]
    assert all(code in relations.was(later) for code in some for later in relations.became(code))
