"""Funds, lines, the ledger and trial balances as pages: what stands where, and any pound traced to its authority."""

from __future__ import annotations

import re
from datetime import date
from html import escape, unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse as address

from joinedup.money import models, reverse, services
from joinedup.money.pot import spending
from joinedup.money.pot.line_standings import months_over

from . import pot

pytestmark = pytest.mark.django_db
ON = "as_of=2026-06-30"
PLANNED = address("money:plan-line", args=[pot.HOME.plan_line])


@pytest.fixture
def client(db: None, signed_in: Any) -> Client:
    return signed_in("finance_lead")  # type: ignore[no-any-return]


@pytest.fixture
def opened() -> None:
    """The rule book's case: £1.2m committed, £0.7m of it invoiced, £0.5m paid; and one invoice posted twice."""
    pot.open_pot()
    post = pot.grant("money.post")
    spending.commit(
        post, 120_000_000, key="C1/26", budget_line="home", supplier="RWG", purpose="home care", authority_id="A1",
        on=pot.MAY,
    )  # fmt: skip
    spending.invoice(post, "C1/26", 70_000_000, key="I1", on=pot.MAY)
    spending.invoice(post, "C1/26", 1_000_000, key="I2", on=pot.MAY)
    reverse(post, "I2", date(2026, 5, 20), "posted twice")
    spending.pay(pot.grant("money.pay"), "C1/26", 50_000_000, key="P1", on=date(2026, 6, 1))
    services.virement(
        pot.grant("money.allocate"), {"beds": -5_000_000, "home": 5_000_000}, authority_id="A1", on=pot.MAY,
        reason="More home care", key="V1",
    )  # fmt: skip


def said(client: Client, path: str, **more: Any) -> str:
    answer = client.get(path, **more)
    assert answer.status_code == 200, answer.content.decode()[:500]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


def test_with_no_fund_the_start_says_the_next_step(client: Client) -> None:
    text = said(client, "/money/")
    assert "There is no fund yet." in text
    assert "the weighted populations are to be imported first" in text or "Share a pot by need" in text


@pytest.mark.parametrize(("role", "may"), [("finance_lead", True), ("planner", False)])
def test_only_who_may_give_an_authority_is_offered_it(signed_in: Any, role: str, may: bool) -> None:
    assert ("Give an authority" in said(signed_in(role), "/money/")) is may


@pytest.mark.usefixtures("opened")
def test_a_fund_with_its_lines(client: Client) -> None:
    text = said(client, f"/money/funds/POT/?{ON}")
    assert "Pooled under section 75" in text
    assert "Agreement: S75/2026/1." in text
    # Two months of the year are over: £0.7m in two months is £4.2m in twelve.
    assert "Home care £5,050,000.00 £500,000.00 £700,000.00 £3,850,000.00 £4,200,000.00 £850,000.00" in text
    assert "Beds £4,950,000.00 £0.00 £0.00 £4,950,000.00 £0.00 £4,950,000.00" in text
    assert "Available £8.80m £8,800,000.00" in text  # the rule book's own (MB3)
    assert "E10000015 Local authority £4,000,000.00 1 April 2026 1 April 2027" in text


@pytest.mark.parametrize(
    ("on", "months"),
    [
        (date(2026, 4, 3), 1),
        (date(2026, 10, 1), 6),
        (date(2027, 3, 31), 11),
        (date(2027, 4, 1), 12),
        (date(2025, 1, 1), 1),
    ],
)  # fmt: skip
def test_months_that_are_over(on: date, months: int) -> None:
    assert months_over("2026/27", on) == months


@pytest.mark.usefixtures("opened")
def test_a_line_with_both_forecasts_its_commitments_and_its_virements(client: Client) -> None:
    text = said(client, f"/money/lines/home/?{ON}")
    assert "By run rate: as so far £4,200,000.00 £850,000.00" in text
    assert "By commitments: spent and committed £1,200,000.00 £3,850,000.00" in text
    assert "differ by more than 5 per cent" in text
    assert "C1/26" in text
    assert "part-invoiced" in text
    assert "1 May 2026 £50,000.00 More home care A1" in text
    assert "finance QM7 E10000015 SOC 2026/27 contract value" in text, "the plan line, in words"


@pytest.mark.usefixtures("opened")
def test_corrections_stand_beside_what_they_undo(client: Client) -> None:
    text = said(client, f"/money/funds/POT/ledger/?{ON}")
    assert re.search(r"20 May 2026 Reversal .*? undoes I2 A1 1 May 2026 Invoice .*? undone by I2-reversed", text)
    pair = said(client, f"/money/postings/I2/?{ON}")
    assert "A pair: this was undone by I2-reversed" in pair
    assert "A pair: this undoes I2" in said(client, f"/money/postings/I2-reversed/?{ON}")


@pytest.mark.usefixtures("opened")
def test_the_ledger_is_shown_as_of_a_day_and_as_known(client: Client) -> None:
    before = said(client, "/money/funds/POT/ledger/?as_of=2026-05-10")
    assert "Reversal" not in before
    assert "undone by I2-reversed" in before  # it is known today that it was undone later
    long_ago = said(client, "/money/funds/POT/ledger/?as_of=2026-05-10&known_at=2020-01-01")
    assert "Nothing had been posted by this day" in long_ago
    assert "differ by £0.00" in said(client, "/money/funds/POT/trial-balance/?as_of=2026-05-10&known_at=2020-01-01")


def test_a_long_ledger_is_read_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joinedup.money.views.ledger.ROWS", 3)
    pot.open_pot()
    first = client.get(f"/money/funds/POT/ledger/?{ON}").content.decode()
    older = re.search(r'href="\?before=(\d+)"', first)
    assert older is not None
    second = client.get(f"/money/funds/POT/ledger/?{ON}&before={older[1]}").content.decode()
    seen = re.findall(r"/money/postings/(\w+)/", first) + re.findall(r"/money/postings/(\w+)/", second)
    assert sorted(set(seen)) == sorted(models.Transaction.objects.values_list("key", flat=True))
    assert "Older postings" not in second


@pytest.mark.usefixtures("opened")
def test_the_trial_balance_balances(client: Client) -> None:
    text = said(client, f"/money/funds/POT/trial-balance/?{ON}")
    for row in ("1000 Cash asset £8,500,000.00", "1100 Owed by partners asset £1,000,000.00",
                "2000 Owed to suppliers liability £200,000.00", "5000 Spend spend £700,000.00"):  # fmt: skip
        assert row in text
    assert "they differ by £0.00" in text


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("key", ["C1/26", "I1", "P1"])
def test_from_any_pound_to_its_authority_and_plan_line_and_back(client: Client, key: str) -> None:
    text = client.get(f"/money/postings/{key}/").content.decode()
    assert pot.DECISION in text
    assert 'href="/money/authorities/A1/"' in text
    assert f'href="{escape(PLANNED)}"' in text
    for path in (PLANNED, "/money/authorities/A1/"):
        assert f'href="/money/postings/{key}/"' in client.get(path).content.decode()
    assert "Budgeted £5,050,000.00" in said(client, PLANNED)


@pytest.mark.parametrize(
    "path",
    ["/money/funds/NONE/", "/money/lines/none/", "/money/postings/none/", "/money/plan-lines/none/",
     "/money/authorities/none/", "/money/funds/NONE/ledger/", "/money/funds/NONE/trial-balance/"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.usefixtures("opened")
def test_the_interface_says_the_same(client: Client) -> None:
    lines = client.get("/api/money/lines", {"fund": "POT", "on": "2026-06-30"}).json()["lines"]
    assert [(one["code"], one["available_pence"]) for one in lines] == [("beds", 495_000_000), ("home", 385_000_000)]
    balance = client.get("/api/money/trial-balance", {"fund": "POT", "on": "2026-06-30"}).json()
    assert balance["sum_pence"] == 0
    assert balance["accounts"]["1000"] == 850_000_000
    assert client.get("/api/money/trace", {"key": "I1"}).json()["authority"] == "A1"
    assert client.get("/api/money/plan-line", {"plan_line": pot.HOME.plan_line}).json()["spent_pence"] == 70_000_000
    assert [one["code"] for one in client.get("/api/money/funds").json()["funds"]] == ["POT"]
    yesterday = {"fund": "POT", "known_on": "2020-01-01"}
    assert client.get("/api/money/trial-balance", yesterday).json()["accounts"] == {}
