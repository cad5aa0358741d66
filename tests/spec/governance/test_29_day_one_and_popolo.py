"""Nothing is left without an owner on day one (C3, C4); people and bodies as Popolo JSON (X8)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.governance import (
    DayOneBlocked,
    OpenWork,
    Orphan,
    check_day_one,
    popolo_membership,
    popolo_motion,
    popolo_organization,
    popolo_person,
    popolo_post,
    popolo_vote_event,
    shown_under,
)
from joinedup.governance.publication.popolo import BodyCode, Named
from joinedup.governance.transition.day_one import OpenWorkOf, must_be_clear
from joinedup.system import PartialDate, index

D = date.fromisoformat
ON = D("2022-07-01")


def room(body: str, *works: OpenWork) -> OpenWorkOf:
    def open_work(asked: str, on: date) -> Iterable[OpenWork]:
        return works if asked == body and on == ON else ()

    return open_work


def many(kind: str, number: int) -> list[OpenWork]:
    return [OpenWork(kind, f"{kind} {at:02}") for at in range(number)]


def test_one_orphan_of_26_blocks_the_change() -> None:
    governed = [*many("commitment", 9), *many("delegation", 14)]
    rooms = {
        "governance": room("06N", *governed),
        "access": room("06N", *many("request", 3)),
        "money": room("RWG", *many("contract", 5)),  # another body's
        "engagement": None,
    }
    pointed = {("governance", one): "QM7" for one in governed}
    pointed |= {("access", one): "QM7" for one in many("request", 2)}
    found = check_day_one(["06N"], ON, rooms=rooms, new_owner_of=lambda room, work: pointed.get((room, work)))
    assert found.found == {"commitment": 9, "delegation": 14, "request": 3}
    assert found.orphans == (Orphan("access", "06N", OpenWork("request", "request 02")),)
    assert (found.not_checked, found.is_clear) == (("engagement",), False)
    with pytest.raises(DayOneBlocked, match=r"1 request of closing bodies .* the first: request request 02 of 06N"):
        must_be_clear(found)


def test_a_closing_body_is_no_new_owner() -> None:
    rooms = {"money": room("06N", OpenWork("contract", "c1"))}
    assert not check_day_one(["06K", "06N"], ON, rooms=rooms, new_owner_of=lambda *_: "06K").is_clear
    clear = check_day_one(["06K", "06N"], ON, rooms=rooms, new_owner_of=lambda *_: "QM7")
    assert clear.is_clear
    must_be_clear(clear)


# parent became        moved to   shown under   by
CHILDREN = [
    (["B"], None, "B", "succession"),
    (["B", "C"], None, "", "orphan"),
    (["B", "C"], "C", "C", "move"),
    ([], None, "A", "itself"),
]


@pytest.mark.parametrize(("became", "moved", "parent", "by"), CHILDREN, ids=[row[3] for row in CHILDREN])
def test_where_a_child_of_a_closed_body_is_shown(became: list[str], moved: str | None, parent: str, by: str) -> None:
    rows = index(("A", new, ON) for new in became)
    found = shown_under("A", ON, rows, moved_to=moved)
    assert (found.parent, found.by) == (parent, by)
    assert shown_under("A", D("2022-06-30"), rows).by == "itself"


# --- Popolo ---------------------------------------------------------------------------------------------------------

AT = datetime(2022, 9, 23, 10, 30, tzinfo=UTC)
MAY = PartialDate.parse("2020-05")
VOTES = popolo_vote_event("v1", "m1", "board", AT, {"p1": "for", "p2": "against", "p3": "abstain"}, result="pass")
EXPORTS = {
    "person": popolo_person(
        "p1", "A Chair", other_names=[Named("An Earlier Name", end=MAY)],
        memberships=[popolo_membership("x1", "p1", "QM7", post="chair", on_behalf_of="RWG", start=MAY)],
    ),
    "organization": popolo_organization(
        "QM7", "Hertfordshire and West Essex", "icb", codes=[BodyCode("ods", "QM7")], founded=MAY,
        dissolved=PartialDate.parse("2026"), other_names=[Named("STP", MAY, PartialDate.parse("2021-04-01"))],
        parent="region", predecessors=["06K", "06N"], successors=["XYZ"],
    ),
    "post": popolo_post("chair", "Chair", "QM7", role="chair", start=MAY, end=PartialDate.parse("2022-07-01")),
    "membership": popolo_membership("x1", "p1", "QM7", role="chair", start=MAY, end=PartialDate.parse("2022-07-01")),
    "motion": popolo_motion("m1", "board", "That it be so.", AT, result="pass", vote_events=[VOTES]),
    "vote_event": VOTES,
}  # fmt: skip


@pytest.fixture(scope="module")
def is_valid(reference: Path) -> Any:
    """Answer whether a value is valid by the schema of a name; the schemas name each other by their addresses."""
    jsonschema = pytest.importorskip("jsonschema")
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT3

    folder = reference / "popolo-project+popolo-spec" / "schemas"
    schemas = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    assert len(schemas) == 16
    registry: Any = Registry().with_resources(
        (uri, Resource(one, DRAFT3)) for one in schemas.values() for uri in (one["id"], one["id"].rstrip("#"))
    )

    def check(name: str, value: Any) -> bool:
        validator = jsonschema.Draft3Validator(schemas[name], registry=registry)
        return not list(validator.iter_errors(value))

    return check


@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_exported_is_valid(is_valid: Any, name: str) -> None:
    assert is_valid(name, EXPORTS[name])


def test_fifteen_of_the_sixteen_published_examples_are_valid_and_the_motion_is_not(
    is_valid: Any, reference: Path
) -> None:
    folder = reference / "popolo-project+popolo-spec"
    examples = {path.stem: json.loads(path.read_text()) for path in sorted((folder / "examples").glob("*.json"))}
    named = {stem: stem.removeprefix("embedding-") for stem in examples}
    with_schema = [stem for stem, name in named.items() if (folder / "schemas" / f"{name}.json").is_file()]
    assert (len(examples), len(with_schema)) == (18, 16)
    assert [stem for stem in with_schema if not is_valid(named[stem], examples[stem])] == ["motion"]
    assert not is_valid("motion", EXPORTS["motion"] | {"vote_events": ["v1"]})  # ids where objects are wanted


@pytest.mark.parametrize("written", ["2020-5", "May 2020"])
def test_a_month_is_exported_as_it_was_given_and_no_other_way(is_valid: Any, written: str) -> None:
    assert EXPORTS["organization"]["founding_date"] == "2020-05"
    assert not is_valid("organization", EXPORTS["organization"] | {"founding_date": written})


def test_succession_stands_in_the_extension_and_nothing_private_is_exported() -> None:
    assert EXPORTS["organization"]["joinedup"] == {"predecessor_ids": ["06K", "06N"], "successor_ids": ["XYZ"]}
    assert set(EXPORTS["person"]) == {"id", "name", "other_names", "memberships"}
    assert VOTES["counts"] == [
        {"option": "yes", "value": 1}, {"option": "no", "value": 1}, {"option": "abstain", "value": 1},
    ]  # fmt: skip
    assert re.fullmatch(r"2022-09-23T10:30:00\+00:00", VOTES["start_date"])


def test_a_vote_is_one_of_three_at_an_instant_with_a_zone() -> None:
    with pytest.raises(RuleError, match="'maybe' is no vote; expected for, against, abstain"):
        popolo_vote_event("v1", "m1", "board", AT, {"p1": "maybe"}, result="pass")
    naive = datetime(2022, 9, 23)  # noqa: DTZ001
    with pytest.raises(RuleError, match="a vote needs the time zone"):
        popolo_vote_event("v1", "m1", "board", naive, {}, result="pass")
    with pytest.raises(RuleError, match="a motion needs the time zone"):
        popolo_motion("m1", "board", "x", naive, result="pass")
