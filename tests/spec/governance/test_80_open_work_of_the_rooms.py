"""Each room says what a body that closes still has open in it: counts and links, and no person (rules: C3, C4)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from psycopg.types.range import DateRange, TimestamptzRange

from joinedup.feeds import Source, ledger
from joinedup.feeds.models import SetAside
from joinedup.governance.acts import transitions
from joinedup.governance.kept.day_one import TO_COME, readiness
from joinedup.identity.models import Review, Subject
from joinedup.measures import open_work as measures_open_work
from joinedup.measures.models import Release, ReleaseContent, ReleaseStep
from joinedup.moment import now
from joinedup.population.worklists.models import Worklist, WorklistStep
from joinedup.record.models import Handover
from joinedup.system import PartialDate, as_of, models as system, services

from .sitting import grant, job
from .three_groups import DAY, EVENT, TRANSITION

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_groups")]
AT = datetime(2022, 6, 1, 12, tzinfo=UTC)
TRANSIT = "governance.transit"


def asked(room: str, body: str = "10A", on: date = DAY) -> list[tuple[str, str, int]]:
    """Answer what a room tells: kind, id and of how many."""
    from importlib import import_module

    rows = import_module(f"joinedup.{room}.open_work").open_work(body, on)
    assert all(row["link"].startswith("/") and row["owner"] and row["title"] for row in rows)
    return [(row["kind"], row["id"], int(row.get("count", 1))) for row in rows]


def body_id(code: str) -> UUID:
    return as_of(date(2022, 6, 1), now().known_at).body(code).id


def subject(organisation: str) -> UUID:
    said = {one: [] for one in ("former_numbers", "other_families", "other_givens")}
    return Subject.objects.create(
        subject_id=uuid4(), source="s", source_id=str(uuid4()), organisation=organisation, setting="gp",
        is_duplicate_free=True, is_withheld=False, is_verified=True, family="Sample", seen_at=AT, changed_at=AT, **said,
    ).subject_id  # fmt: skip


def handed(state: str, *, sender: str = "20A", receiver: str = "10A", kind: str = "referral", due: bool = True) -> None:
    Handover.objects.create(
        id=uuid4(), subject_id=uuid4(), type="ServiceRequest", kind=kind, sender=sender, receiver=receiver,
        urgency="routine", arrived_at=AT, open_by=AT if due else None, source="s", state=state,
    )  # fmt: skip


def worklist(*steps: str, body: str = "10A") -> int:
    row = Worklist.objects.create(
        title="Frail and not reviewed", include=[], exclude=[], snapshot="s", revision=1, people="15", purpose="p",
        reason="r", asked_by="user:1", asked_name="Somebody", asked_body=body_id(body), asked_at=AT,
    )  # fmt: skip
    for step in ("asked", *steps):
        WorklistStep.objects.create(worklist=row, step=step, who="user:1", name="Somebody", at=AT)
    return int(row.pk)


def release(*steps: str, areas: tuple[str, ...] = (), recipient: str = "") -> int:
    said = {"content": b"x", "rows": 1, "columns": 1}
    content, _made = ReleaseContent.objects.get_or_create(digest="d", defaults=said)
    row = Release.objects.create(
        title="Waits", purpose="p", recipient_kind="nhs", recipient=recipient, kind="measures",
        definition={"areas": list(areas)}, snapshot="s", mode="nhs", asked_by="user:1", asked_at=AT, content=content,
    )  # fmt: skip
    for step in ("asked", "checked", *steps):
        ReleaseStep.objects.create(release=row, step=step, who="user:1", name="Somebody", at=AT)
    return int(row.pk)


@pytest.mark.parametrize(
    "room",
    ["access", "system", "feeds", "identity", "record", "population", "measures", "planning", "money", "governance"],
)
def test_every_room_that_is_built_is_asked_and_has_nothing_of_a_body_that_is_not_there(room: str) -> None:
    assert f"joinedup.{room}.open_work.open_work" in settings.OPEN_WORK
    assert asked(room, "nobody") == []


def test_rooms_that_are_not_built_are_listed_as_not_checked_each_with_why() -> None:
    assert readiness(EVENT, now()).day_one.not_checked == tuple(TO_COME)
    assert set(TO_COME) == {"engagement", "subscriptions", "oversight", "pressure"}
    assert all(TO_COME.values())


def test_feeds_still_come_under_the_code_of_the_body_and_of_those_that_ended_in_it() -> None:
    plan = system.Source.objects.get(key="shire:plan")
    system.CodeSuccession.objects.create(old_code="09Z", new_code="10A", on=date(2013, 4, 1), source=plan)
    ledger.declare([
        Source("gp-1", "Surgery", "10A", "gp", "fhir"), Source("gp-2", "Old surgery", "09Z", "gp", "fhir"),
        Source("gp-3", "Another's", "20A", "gp", "fhir"),
    ])  # fmt: skip
    waits, done = "quarantined", "discarded"
    for source, state in (("gp-2", waits), ("gp-2", waits), ("gp-2", done), ("gp-3", waits)):
        SetAside.objects.create(
            delivery_id=1, source=source, position=1, reason="bad-date", message="m", raw=b"Sample", state=state,
            received_at=AT,
        )  # fmt: skip
    expected = [("feed", "gp-1", 1), ("feed", "gp-2", 1), ("piece set aside", "gp-2", 2)]
    assert asked("feeds") == asked("feeds", "body-10a") == expected


def test_pairs_with_a_record_of_the_body_wait_for_a_person() -> None:
    own, others = subject("10A"), [subject("20A") for _ in range(2)]
    more = {"method": 1, "model_id": 1, "run_id": 1, "reason": "score", "opened_at": AT}
    Review.objects.create(left_id=own, right_id=others[0], **more)
    Review.objects.create(left_id=others[0], right_id=others[1], **more)
    Review.objects.create(left_id=own, right_id=others[1], closed_at=AT, outcome="match", **more)
    assert asked("identity") == [("pair to review", "reviews", 1)]
    from joinedup.identity.open_work import open_work

    assert "Sample" not in json.dumps(open_work("10A", DAY))


def test_hand_overs_that_are_open_count_by_kind_and_side_and_history_does_not() -> None:
    for state in ("requested", "accepted", "completed", "rejected"):
        handed(state)
    handed("requested", due=False)
    handed("sent", sender="10A", receiver="20B", kind="letter")
    assert asked("record") == [("referral", "referral/received", 2), ("letter", "letter/sent", 1)]


def test_worklists_of_the_body_that_wait_or_are_open() -> None:
    waits, opened, _refused = worklist(), worklist("approved"), worklist("refused")
    worklist("approved", "closed")
    worklist(body="20A")
    assert asked("population") == [("worklist", str(waits), 1), ("worklist", str(opened), 1)]


def test_series_with_no_area_to_go_on_in_and_releases_that_are_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    areas = [
        SimpleNamespace(code="10A", name="A", became=None), SimpleNamespace(code="20A", name="Other", became=None),
    ]  # fmt: skip
    monkeypatch.setattr(
        measures_open_work, "open_results", lambda: SimpleNamespace(areas=lambda: areas, measures=["m1", "m2", "m3"])
    )
    about, to, out = release(areas=("10A",)), release("approved", recipient="10A"), release("refused", areas=("10A",))
    assert asked("measures") == [("measure series", "10A", 3), ("release", str(about), 1), ("release", str(to), 1)]
    assert out
    areas[0].became = "20A"
    assert [kind for kind, _id, _count in asked("measures")] == ["release", "release"]


def child_of(body: str, key: str = "body-20d") -> None:
    fact = {
        "valid": DateRange(date(2015, 4, 1), None), "known": TimestamptzRange(datetime(2015, 4, 1, tzinfo=UTC), None),
        "source": system.Source.objects.get(key="shire:plan"),
    }  # fmt: skip
    part, whole = (system.Body.objects.get(key=one) for one in (key, body))
    system.Link.objects.create(body=part, to=whole, kind="part_of", **fact)
    system.Site.objects.create(body=whole, postcode="SG13 8XX", **fact)


def test_sub_bodies_and_sites_are_children_of_the_body() -> None:
    child_of("body-10a")
    kinds = [(kind, id_) for kind, id_, _count in asked("system")]
    assert kinds[0] == ("sub-body", "body-20d")
    assert [kind for kind, _id in kinds[1:]] == ["site"]


def test_a_child_of_a_body_that_became_several_is_an_orphan_until_somebody_places_it() -> None:
    child_of("body-10a")
    assert {one.work.kind for one in readiness(EVENT, now()).day_one.orphans} == {"sub-body", "site"}
    transitions.give_new_owner(
        grant(TRANSIT), TRANSITION, "10A", "20C", room="system", kind="sub-body", work="body-20d", reason="the order"
    )
    assert {one.work.kind for one in readiness(EVENT, now()).day_one.orphans} == {"site"}


def test_a_child_of_bodies_that_became_one_is_shown_there_through_succession_and_an_explicit_move_wins() -> None:
    child_of("body-20a")
    services.record_event(
        job(), "absorb", ["body-20a"], ["body-20b"], "approved", PartialDate(DAY), "the order of 2022", key="one-after"
    )
    transitions.propose_transition(
        grant(TRANSIT), "one", system="shire", title="Into one", proposal="so that one answers",
        proposed_on=date(2022, 1, 1), events=["one-after"],
    )  # fmt: skip
    found = readiness("one-after", now())
    assert (found.day_one.orphans, found.by_succession, found.day_one.found) == ((), 2, {"sub-body": 1, "site": 1})
    for kind in ("sub-body", "site"):
        transitions.give_new_owner(grant(TRANSIT), "one", "20A", "20C", room="system", kind=kind, reason="the order")
    assert readiness("one-after", now()).by_succession == 0


def test_codes_of_a_body_after_which_nothing_follows_would_lead_nowhere() -> None:
    assert asked("system", "10A") == []
    services.record_event(
        job(), "dissolve", ["body-20c"], [], "approved", PartialDate(DAY), "the order of 2022", key="nothing-after"
    )
    assert asked("system", "20C") == [("old code", "20C", 1)]
    plan = system.Source.objects.get(key="shire:plan")
    system.CodeSuccession.objects.create(old_code="20C", new_code="20B", on=DAY, source=plan)
    assert asked("system", "20C") == []


def test_the_number_of_a_count_is_said_where_it_stands_in_the_way() -> None:
    handed("requested")
    handed("accepted")
    found: Any = readiness(EVENT, now())
    assert found.day_one.found == {"referral": 2}
    assert found.blocks[0] == "2 pieces of open work without a new owner"
