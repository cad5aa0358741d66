"""What was set aside waits, whole, until somebody tries it again or discards it (rules: record R5, R6)."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from tests.spec.feeds.test_34_ledger import Kept

from joinedup.access import service_grant
from joinedup.access.grant import Grant
from joinedup.errors import NotFound, Refused, RuleError
from joinedup.feeds import ledger, services
from joinedup.feeds.values import Batch, SetAside, Source

TRUST = Source("rwh-ecds", "East and North Hertfordshire", "RWH", "acute", "csv", "*.csv", "ecds", interval_hours=1)
SECRET = b"a,b\nMrs Secret,9990000018"

pytestmark = pytest.mark.django_db


def somebody(permission: str = services.QUARANTINE) -> Grant:
    return Grant("user:1", "Anil Sample", "data_engineer", None, "run feeds", permission, datetime.now(UTC), "")


SERVICE = service_grant("test", "test the quarantine", "the reader")


def held(*reasons: str, name: str = "ecds.csv", source: Source = TRUST) -> list[int]:
    """Put a delivery with these faults into the ledger; answers the numbers of what was set aside."""
    ledger.declare([source])
    delivery = ledger.begin(source.key, name, hashlib.sha256(name.encode()).digest(), 10)
    rows = [SetAside(number, reason, "column", "expected another", SECRET) for number, reason in enumerate(reasons, 1)]
    ledger.keep_set_aside(delivery.id, rows)
    counts: dict[str, int] = {reason: reasons.count(reason) for reason in reasons}
    ledger.advance(delivery.id, 0, Batch(20, 20), Kept(set_aside=len(rows), reasons=counts))
    ledger.finish(delivery.id)
    return [one.id for one in reversed(services.quarantine(SERVICE, delivery_id=delivery.id))]


def try_again(grant: Grant, ids: list[int]) -> dict[str, int]:
    """Stands for the intake: what was refused for its unit is mended, nothing else."""
    with transaction.atomic():
        outcomes = {
            one.id: None if one.reason == "bad-unit" else SetAside(one.position, "bad-code", "column", "no", one.raw)
            for one in ledger.waiting(ids)
        }
        return ledger.settle(outcomes, by=grant.actor_id, by_name=grant.actor_name)


@pytest.fixture(autouse=True)
def intake(settings: Any) -> None:
    settings.RETRY = "tests.spec.feeds.test_35_quarantine.try_again"


def audit_of(action: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM access_auditentry ORDER BY id")
        return [entry for (body,) in cursor.fetchall() if (entry := json.loads(body))["action"] == action]


def test_the_list_tells_why_and_what_mends_it_and_shows_nothing_of_anybody() -> None:
    first, second = held("bad-unit", "bad-date")
    found = services.quarantine(SERVICE)
    assert [one.id for one in found] == [second, first]
    assert (found[0].file, found[0].position, found[0].reason, found[0].place) == ("ecds.csv", 2, "bad-date", "column")
    assert found[0].remedy == "the sender corrects the dates and sends it again"
    assert "Secret" not in repr(found)


def test_the_list_is_chosen_by_source_reason_and_state() -> None:
    (unit, _) = held("bad-unit", "bad-date")
    assert [one.id for one in services.quarantine(SERVICE, reason="bad-unit")] == [unit]
    assert services.quarantine(SERVICE, source="other") == []
    assert services.quarantine(SERVICE, state="discarded") == []
    with pytest.raises(NotFound, match=r"no reason 'bad-dates'\. Did you mean 'bad-date'\?"):
        services.quarantine(SERVICE, reason="bad-dates")
    with pytest.raises(NotFound, match=r"Did you mean 'discarded'\?"):
        services.quarantine(SERVICE, state="discard")


def test_opening_shows_the_content_and_each_look_is_audited() -> None:
    (number,) = held("bad-unit")
    assert services.open_set_aside(somebody(), number).raw == SECRET
    (entry,) = audit_of("feeds.quarantine.open")
    assert (entry["actor"], entry["subject"]) == ("user:1", f"set-aside:{number}")
    assert "Secret" not in json.dumps(entry)
    with pytest.raises(NotFound, match="with the number 0"):
        services.open_set_aside(somebody(), 0)


def test_who_may_only_see_feeds_may_not_open_or_decide() -> None:
    (number,) = held("bad-unit")
    reader = somebody(services.READ)
    assert services.quarantine(reader)
    for act in (
        lambda: services.open_set_aside(reader, number),
        lambda: services.retry(reader, [number]),
        lambda: services.discard(reader, [number], "for a good reason"),
    ):
        with pytest.raises(Refused):
            act()


def test_twelve_rows_held_for_a_unit_are_applied_when_the_map_is_mended() -> None:
    """R6: received_at is kept, R1 holds before and after, one audit entry for the run."""
    numbers = held(*["bad-unit"] * 12)
    received = {one.received_at for one in services.quarantine(SERVICE)}
    assert ledger.balance().holds
    assert services.retry(somebody(), reason="bad-unit") == {"tried": 12, "applied": 12, "still-refused": 0}
    assert services.quarantine(SERVICE) == []
    assert {one.received_at for one in services.quarantine(SERVICE, state="applied")} == received
    assert ledger.balance().holds
    (entry,) = audit_of("feeds.quarantine.retry")
    assert entry["details"]["count"] == 12
    decisions = [one.decision for one in services.open_set_aside(somebody(), numbers[0]).decisions]
    assert decisions == ["retry", "applied"]


def test_what_is_still_wrong_goes_back_with_its_newest_reason() -> None:
    (number,) = held("bad-date")
    assert services.retry(somebody(), [number]) == {"tried": 1, "applied": 0, "still-refused": 1}
    (again,) = services.quarantine(SERVICE)
    assert (again.id, again.reason, again.state) == (number, "bad-code", "quarantined")
    assert ledger.balance().holds


def test_a_try_that_was_broken_off_is_taken_up_by_the_next(settings: Any) -> None:
    (number,) = held("bad-unit")
    settings.RETRY = "tests.spec.feeds.test_35_quarantine.fail"
    with pytest.raises(ZeroDivisionError):
        services.retry(somebody(), [number])
    assert [one.id for one in services.quarantine(SERVICE, state="pending")] == [number]
    assert ledger.balance().holds
    settings.RETRY = "tests.spec.feeds.test_35_quarantine.try_again"
    assert services.retry(somebody(), source="rwh-ecds")["applied"] == 1


def fail(grant: Grant, ids: list[int]) -> dict[str, int]:
    raise ZeroDivisionError


def test_nothing_is_tried_by_mistake() -> None:
    held("bad-unit")
    with pytest.raises(RuleError, match="its numbers, a source or a reason"):
        services.retry(somebody())


def test_a_named_person_discards_with_a_reason_and_it_stays_readable() -> None:
    (number,) = held("bad-unit")
    with pytest.raises(RuleError, match="at least 10 characters"):
        services.discard(somebody(), [number], "because")
    with pytest.raises(RuleError, match="Say who discards it"):
        services.discard(SERVICE, [number], "sent again, corrected")
    assert services.discard(somebody(), [number], "sent again, corrected") == 1
    assert services.quarantine(SERVICE) == []
    opened = services.open_set_aside(somebody(), number)
    assert (opened.held.state, opened.raw) == ("discarded", SECRET)
    (decided,) = opened.decisions
    assert (decided.decision, decided.by_name, decided.reason) == ("discard", "Anil Sample", "sent again, corrected")
    assert ledger.balance() == ledger.Balance(20, 19, 0, 0, quarantined=0, pending=0, discarded=1)


def test_what_is_decided_is_not_decided_again() -> None:
    first, second = held("bad-unit", "bad-unit")
    services.discard(somebody(), [first], "sent again, corrected")
    with pytest.raises(NotFound, match=f"Not in the quarantine: {first}"):
        services.retry(somebody(), [first, second])
    # Nothing of a choice that is wrong is done.
    assert [one.id for one in services.quarantine(SERVICE)] == [second]


# --- health, as the pages and the record ask for it


def test_a_feed_is_as_fresh_as_its_last_good_delivery() -> None:
    held("bad-date")
    ledger.declare([Source("never", "Never", "RWH", "acute", "hl7v2", "*.hl7")])
    now = datetime.now(UTC)
    found = {key: one.colour for key, one in services.freshness(now).items()}
    assert found == {"rwh-ecds": "green", "never": "red"}
    assert services.freshness(now + timedelta(hours=3))["rwh-ecds"].colour == "amber"
    assert services.freshness(now + timedelta(hours=5))["rwh-ecds"].colour == "red"
    # A file that was refused is no good delivery.
    refused = ledger.begin("never", "bad.hl7", b"0" * 32, 1)
    ledger.refuse(refused.id, "the header is wrong")
    assert services.freshness(now)["never"].received_at is None


def test_the_health_of_a_feed_counts_what_came_and_why_it_was_refused() -> None:
    held("bad-date", "bad-date", "bad-unit")
    refused = ledger.begin(TRUST.key, "bad.csv", b"0" * 32, 1)
    ledger.refuse(refused.id, "the header is wrong", state="held")
    ledger.begin(TRUST.key, "under way.csv", b"1" * 32, 1)
    found = services.feed(SERVICE, TRUST.key)
    assert (found.quarantined, found.refused, found.receiving) == (3, 1, 1)
    assert found.reasons == {"bad-date": 2, "bad-unit": 1}
    assert list(found.by_day.values()) == [20]
    assert found.volume is not None
    assert (found.volume.items, found.volume.verdict) == (20, "unknown")
    with pytest.raises(NotFound, match=r"no feed 'rwh-ecd'. Did you mean 'rwh-ecds'\?"):
        services.feed(SERVICE, "rwh-ecd")


def test_the_last_deliveries_have_their_counts_also_while_they_are_under_way() -> None:
    held("bad-date")
    (line,) = services.deliveries(SERVICE, source=TRUST.key)
    assert (line.state, line.items_read, line.items_applied, line.items_set_aside) == ("applied", 20, 19, 1)
    open_one = ledger.begin(TRUST.key, "under way.csv", b"1" * 32, 1)
    ledger.advance(open_one.id, 0, Batch(7, 7), Kept(added=9))
    line = services.deliveries(SERVICE)[0]
    assert (line.state, line.items_read, line.resources_added) == ("receiving", 7, 9)
