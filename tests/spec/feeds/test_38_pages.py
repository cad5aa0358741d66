"""The pages of feeds: how each feed is, what waits in the quarantine, and the decision about it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from tests.spec.feeds.test_34_ledger import Kept
from tests.spec.feeds.test_35_quarantine import SERVICE

from joinedup.access import demo_users
from joinedup.feeds import ledger, services
from joinedup.feeds.values import Batch, SetAside, Source

pytestmark = pytest.mark.django_db
ECDS = Source("rwh-ecds", "East and North Hertfordshire", "RWH", "acute", "csv", "*.csv", "ecds", is_simulated=True)
ROW = b"NAME,BORN\nMrs Secret,13/13/2026"


@pytest.fixture
def number(settings: Any) -> int:
    """A feed with one delivery, of which one row was set aside; answers its number."""
    settings.RETRY = "tests.spec.feeds.test_35_quarantine.try_again"
    ledger.declare([ECDS, Source("never", "Never sent", "RWG", "acute", "hl7v2", "*.hl7")])
    delivery = ledger.begin(ECDS.key, "ecds.csv", hashlib.sha256(ROW).digest(), 10)
    ledger.keep_set_aside(delivery.id, [SetAside(7, "bad-unit", "BORN", "expected a date", ROW)])
    ledger.advance(delivery.id, 0, Batch(20, 20), Kept(set_aside=1, reasons={"bad-unit": 1}))
    ledger.finish(delivery.id)
    return services.quarantine(SERVICE)[0].id


@pytest.fixture
def engineer() -> Client:
    with transaction.atomic():
        demo_users()
    client = Client()
    assert client.post("/access/demo/", {"role": "data_engineer"}).status_code == 302
    return client


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def test_the_feeds_page_shows_who_is_late_and_what_came(number: int, engineer: Client) -> None:
    text = page(engineer, "/feeds/")
    assert "2 feeds are declared." in text
    assert "1 is late." in text
    assert "Never sent" in text
    assert "Nothing yet" in text
    assert "ecds.csv" in text
    assert "Secret" not in text


def test_a_feeds_page_draws_its_volumes_and_names_the_reasons(number: int, engineer: Client) -> None:
    text = page(engineer, "/feeds/source/rwh-ecds/")
    assert "How much came each day" in text
    assert "<svg" in text
    assert "add the unit to the source&#39;s mapping, then retry" in text
    assert "Secret" not in text
    assert page(engineer, "/feeds/source/never/")
    assert engineer.get("/feeds/source/rwh-ecd/").status_code == 404


def test_the_list_shows_nothing_of_anybody_and_opening_is_audited(number: int, engineer: Client) -> None:
    text = page(engineer, "/feeds/quarantine/?source=rwh-ecds&reason=bad-unit")
    assert "expected a date" in text
    assert "Try 1 item again" in text
    assert "Secret" not in text
    opened = engineer.get(f"/feeds/quarantine/{number}/")
    assert "Mrs Secret" in opened.content.decode()
    assert opened.headers["Cache-Control"] == "no-store"
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM access_auditentry ORDER BY id DESC LIMIT 1")
        entry = json.loads(cursor.fetchone()[0])
    assert (entry["action"], entry["subject"]) == ("feeds.quarantine.open", f"set-aside:{number}")
    assert engineer.get("/feeds/quarantine/0/").status_code == 404


def test_it_is_tried_again(number: int, engineer: Client) -> None:
    response = engineer.post(f"/feeds/quarantine/{number}/retry/", follow=True)
    assert "Tried 1 again: 1 applied, 0 still refused." in response.content.decode()
    assert services.quarantine(SERVICE) == []


def test_all_of_a_reason_are_tried_again(number: int, engineer: Client) -> None:
    assert engineer.post("/feeds/quarantine/retry/", {}).status_code == 422
    response = engineer.post("/feeds/quarantine/retry/", {"reason": "bad-unit"}, follow=True)
    assert "1 applied" in response.content.decode()


def test_it_is_discarded_with_a_reason_and_by_a_name(number: int, engineer: Client) -> None:
    refused = engineer.post(f"/feeds/quarantine/{number}/discard/", {"reason": "no"})
    assert refused.status_code == 422
    assert "Say why it is discarded" in refused.content.decode()
    response = engineer.post(f"/feeds/quarantine/{number}/discard/", {"reason": "sent again, corrected"}, follow=True)
    text = response.content.decode()
    assert "Anil Sample" in text
    assert "sent again, corrected" in text
    assert "Try it again" not in text


def test_who_may_only_read_sees_the_list_and_no_way_to_decide(number: int) -> None:
    with transaction.atomic():
        demo_users()
    client = Client()
    client.post("/access/demo/", {"role": "data_quality"})
    text = page(client, "/feeds/quarantine/?source=rwh-ecds")
    assert "expected a date" in text
    assert f"/feeds/quarantine/{number}/" not in text
    assert "again</button>" not in text
