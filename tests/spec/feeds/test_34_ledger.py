"""Each delivery is in the ledger once, with how far it is taken in, and its counts add up (rules: record R1-R3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from joinedup.errors import NotFound
from joinedup.feeds import ledger
from joinedup.feeds.values import Batch, SetAside, Source

TRUST = Source("rwh-pas", "East and North Hertfordshire", "RWH", "acute", "hl7v2", "*.hl7")
COUNCIL = Source("hcc-asc", "Hertfordshire", "10E", "social_care", "csv", "*.csv", "asc-cld")

pytestmark = pytest.mark.django_db


@dataclass
class Kept:
    """What became of a batch, as the intake counts it."""

    added: int = 0
    unchanged: int = 0
    set_aside: int = 0
    repeated: int = 0
    not_mapped: int = 0
    late: int = 0
    merges: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)


def begin(content: bytes = b"one file", source: Source = TRUST, shards: int = 1) -> ledger.Delivery:
    return ledger.begin(source.key, "a.hl7", hashlib.sha256(content).digest(), len(content), shards=shards)


def bad_row(position: int, reason: str = "bad-date") -> SetAside:
    return SetAside(position, reason, "column date", "expected a date", b"raw \x00 bytes of %d" % position)


def test_a_source_is_kept_as_declared_and_again_only_when_it_changed() -> None:
    assert ledger.declare([TRUST, COUNCIL]) == 2
    assert ledger.declare([TRUST, COUNCIL]) == 0
    assert ledger.declare([replace(TRUST, interval_hours=1)]) == 1
    assert ledger.declared() == {"rwh-pas": replace(TRUST, interval_hours=1), "hcc-asc": COUNCIL}
    assert ledger.source("hcc-asc") == COUNCIL
    with pytest.raises(NotFound, match=r"no source 'rwh-pass'\. Did you mean 'rwh-pas'\?"):
        ledger.source("rwh-pass")


def test_bytes_come_once_and_what_was_broken_off_goes_on_as_it_was_begun() -> None:
    first = begin(shards=2)
    assert (first.state, first.shards, first.is_duplicate) == ("receiving", 2, False)
    assert ledger.positions(first.id) == {0: 0, 1: 0}
    # Killed and begun again, with other processes: the same delivery, in its own number of shards.
    assert begin(shards=4) == first
    ledger.finish(first.id)
    again = begin()
    assert (again.state, again.duplicate_of) == ("duplicate", first.id)
    assert again.is_duplicate
    # The same bytes of another source are another delivery: its ids are other patients.
    assert begin(source=COUNCIL).state == "receiving"


def test_what_was_refused_may_come_again() -> None:
    first = begin()
    ledger.refuse(first.id, "the header is wrong")
    second = begin()
    assert second.state == "receiving"
    assert second.id != first.id


def test_the_equation_holds_for_the_example_of_the_rule_book() -> None:
    """R1: 1,000 lines, 12 malformed, 30 exact repeats: applied 958, duplicate 30, quarantined 12, pending 0."""
    delivery = begin()
    bad = [bad_row(number, "bad-syntax") for number in range(1, 13)]
    ledger.keep_set_aside(delivery.id, bad)
    kept = Kept(added=900, unchanged=58, set_aside=12, repeated=30, reasons={"bad-syntax": 12})
    assert ledger.advance(delivery.id, 0, Batch(position=1000, read=1000), kept)
    assert ledger.balance(delivery.id) == ledger.Balance(1000, 958, 30, 0, quarantined=12, pending=0, discarded=0)
    assert ledger.balance(delivery.id).holds
    assert ledger.finish(delivery.id) == {
        "items_read": 1000, "items_applied": 958, "items_repeated": 30, "items_set_aside": 12, "items_not_mapped": 0,
        "resources_added": 900, "resources_unchanged": 58,
    }  # fmt: skip


def test_a_row_that_is_missing_in_the_quarantine_shows() -> None:
    delivery = begin()
    ledger.keep_set_aside(delivery.id, [bad_row(1)])
    ledger.advance(delivery.id, 0, Batch(position=10, read=10), Kept(set_aside=2))
    assert not ledger.balance(delivery.id).holds


def test_counts_that_cannot_be_are_refused() -> None:
    delivery = begin()
    with pytest.raises(IntegrityError, match="feeds_position_adds_up"), transaction.atomic():
        ledger.advance(delivery.id, 0, Batch(position=1, read=1), Kept(set_aside=2))
    assert ledger.positions(delivery.id) == {0: 0}


def test_a_batch_that_another_process_has_committed_moves_nothing() -> None:
    delivery = begin(shards=2)
    batch = Batch(position=500, read=240)
    assert ledger.advance(delivery.id, 1, batch, Kept(added=240))
    assert not ledger.advance(delivery.id, 1, batch, Kept(added=240))
    assert ledger.positions(delivery.id) == {0: 0, 1: 500}
    assert ledger.totals(delivery.id)["items_read"] == 240


def test_reasons_and_warnings_of_batches_add_up() -> None:
    delivery = begin()
    ledger.advance(delivery.id, 0, Batch(1, 1), Kept(set_aside=1, reasons={"bad-date": 1}, warnings={"late": 3}))
    ledger.advance(delivery.id, 0, Batch(2, 2), Kept(set_aside=2, reasons={"bad-date": 1, "bad-code": 1}))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reasons, warnings FROM feeds_position WHERE delivery_id = %s AND reasons @> %s AND warnings @> %s",
            [delivery.id, '{"bad-date": 2, "bad-code": 1}', '{"late": 3}'],
        )
        assert cursor.fetchone() is not None


def test_messages_are_known_by_id_and_content() -> None:
    one, other = b"1" * 32, b"2" * 32
    ledger.keep_messages("rwh-pas", [("A", one), ("B", one)])
    ledger.keep_messages("rwh-pas", [("A", one)])  # The same again: it stays as it is.
    assert ledger.seen_messages("rwh-pas", ["A", "C"]) == {"A": one}
    assert ledger.seen_messages("another", ["A"]) == {}
    # A source whose ids are not unique: the message that is equal is found among those of its id.
    ledger.keep_messages("rwh-pas", [("A", other)])
    assert ledger.seen_messages("rwh-pas", ["A"], [other]) == {"A": other}
    assert ledger.seen_messages("rwh-pas", ["A"], [one]) == {"A": one}


def test_trying_again_keeps_arrival_and_order_and_the_equation() -> None:
    """R6: 12 rows held for bad-unit; the map is mended; tried again, 12 are applied and `received_at` is as it was."""
    delivery = begin()
    ledger.keep_set_aside(delivery.id, [bad_row(number, "bad-unit") for number in (5, 3, 9)])
    ledger.advance(delivery.id, 0, Batch(10, 10), Kept(set_aside=3))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE feeds_setaside SET state = 'pending'")
    assert ledger.balance(delivery.id) == ledger.Balance(10, 7, 0, 0, quarantined=0, pending=3, discarded=0)
    found = ledger.waiting()
    assert [one.position for one in found] == [3, 5, 9]
    assert {one.received_at for one in found} == {delivery.received_at}
    assert found[0].raw == b"raw \x00 bytes of 3"
    outcomes = {found[0].id: None, found[1].id: None, found[2].id: bad_row(9, "bad-code")}
    assert ledger.settle(outcomes, by="service:retry", by_name="retry") == {"applied": 2, "still-refused": 1}
    assert ledger.balance(delivery.id) == ledger.Balance(10, 9, 0, 0, quarantined=1, pending=0, discarded=0)
    assert ledger.balance(delivery.id).holds
    assert ledger.settle(outcomes, by="service:retry", by_name="retry") == {"applied": 0, "still-refused": 0}


def test_what_was_set_aside_cannot_be_changed_or_removed() -> None:
    delivery = begin()
    ledger.keep_set_aside(delivery.id, [bad_row(1)])
    for change in ("UPDATE feeds_setaside SET raw = ''", "DELETE FROM feeds_setaside"):
        with (
            pytest.raises(OperationalError, match="never changed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)


def test_a_delivery_is_found_by_its_number() -> None:
    delivery = begin()
    assert ledger.delivery(delivery.id) == delivery
    with pytest.raises(NotFound, match="no delivery 0"):
        ledger.delivery(0)
