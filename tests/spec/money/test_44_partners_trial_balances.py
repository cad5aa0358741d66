"""A partner's trial balance on a page: taken in whole or not at all, then compared with the pot line by line."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from joinedup.money import PartnerAccount, models
from joinedup.money.ledger.importing_trial_balances import name_accounts
from joinedup.money.views import partner_balances

from . import pot

pytestmark = pytest.mark.django_db
HEAD = "account,name,debit,credit\n"
GOOD = HEAD + "1001,Cash,9000000.00,\n1101,Partners,1000000.00,\n4001,Contributions,,10000000.00\n"
PATH = "/money/trial-balances/take-in/"


@pytest.fixture
def client(db: None, signed_in: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    pot.open_pot()
    monkeypatch.setattr(partner_balances, "_months", lambda today: {"2026-04": "April 2026"})
    of_the_pot = [PartnerAccount("1001", "1000", "POT"), PartnerAccount("1101", "1100", "POT"),
                  PartnerAccount("4001", "4000", "POT")]  # fmt: skip
    name_accounts(pot.grant("money.post"), "QM7", of_the_pot)
    return signed_in("finance_lead")  # type: ignore[no-any-return]


def sent(client: Client, text: str, **more: str) -> Any:
    file = SimpleUploadedFile("april.csv", text.encode(), "text/csv")
    return client.post(PATH, {"partner": "QM7", "month": "2026-04", "file": file} | more)


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def test_one_that_agrees_to_the_penny(client: Client) -> None:
    answer = sent(client, GOOD)
    assert answer["Location"] == "/money/trial-balances/QM7/2026-04/"
    said = text_of(client.get(answer["Location"]))
    assert "3 accounts were taken in." in said
    assert "Agrees to the penny" in said
    assert "april.csv" in text_of(client.get("/money/trial-balances/"))


def test_differences_are_named_by_line(client: Client) -> None:
    penny_off = GOOD.replace("9000000.00", "9000000.01").replace("1000000.00,\n", "999999.99,\n", 1)
    said = text_of(client.get(sent(client, penny_off)["Location"]))
    assert "2 lines differ" in said
    assert "1000 Cash POT £9,000,000.01 £9,000,000.00 £0.01 1001" in said
    assert "1100 Owed by partners POT £999,999.99 £1,000,000.00 −£0.01 1101" in said


BAD = [
    ("it does not balance", GOOD.replace("9000000.00", "9000000.01"), "differ by £0.01"),
    ("text for a number", GOOD.replace("9000000.00", "nine million"), "2 debit expected pounds and pence"),
    ("a formula", GOOD.replace("9000000.00", "=9000000"), "such as 1234.56, found a formula"),
    ("an account twice", GOOD.replace("1101", "1001"), "3 account the account is there already, in row 2"),
    ("a column is missing", GOOD.replace("credit", "something"), "1 credit the column is missing"),
    ("no UTF-8", GOOD.replace("Cash", "C\udce4sh"), "UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
def test_what_cannot_be_is_named_by_row_and_column_and_nothing_is_kept(client: Client, text: str, reason: str) -> None:
    file = SimpleUploadedFile("april.csv", text.encode("utf-8", "surrogateescape"), "text/csv")
    answer = client.post(PATH, {"partner": "QM7", "month": "2026-04", "file": file})
    assert answer.status_code == 422
    said = text_of(answer)
    assert reason in said
    assert "Nothing was taken in" in said
    assert 'href="#file"' in answer.content.decode()
    assert not models.TrialBalance.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"), [({"partner": ""}, "partner"), ({"month": "2026-13"}, "month"), ({"file": ""}, "file")]
)
def test_what_is_missing_is_said_beside_its_field(client: Client, change: dict[str, str], field: str) -> None:
    answer = sent(client, GOOD, **change)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.content.decode()


def test_a_month_that_is_here_is_replaced_with_a_reason_only(client: Client) -> None:
    sent(client, GOOD)
    other = GOOD.replace("Cash", "Cash at bank")
    refused = sent(client, other)
    assert refused.status_code == 422
    assert 'href="#replace_because"' in refused.content.decode()
    assert models.TrialBalance.objects.count() == 1
    done = sent(client, other, replace_because="The partner sent a corrected one")
    assert "The partner sent a corrected one" in text_of(client.get(done["Location"]))


@pytest.mark.parametrize("path", ["/money/trial-balances/QM7/2026-05/", "/money/trial-balances/QM7/May/"])
def test_a_month_that_is_not_here_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_without_named_accounts_all_are_outside_and_the_page_says_so(client: Client) -> None:
    answer = sent(client, GOOD, partner="E10000015")
    assert "Nobody has said yet which of this partner's accounts are the pot's" in text_of(
        client.get(answer["Location"])
    )
