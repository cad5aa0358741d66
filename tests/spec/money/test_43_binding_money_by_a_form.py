"""Authorities given and revoked on a page; money committed and moved under them, or refused with the reason."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from joinedup.access.models import AuditEntry
from joinedup.moment import now
from joinedup.money import availability, models, services
from joinedup.money.ledger.reading import authority_of, left_of

from . import pot

pytestmark = pytest.mark.django_db
TODAY = now().valid_on
THIS_DAY = {"on_day": str(TODAY.day), "on_month": str(TODAY.month), "on_year": str(TODAY.year)}
COMMIT = {
    "pence": "1,200,000.00", "supplier": "RWG", "purpose": "Home care", "authority": "A1", "on_day": "1",
    "on_month": "5", "on_year": "2026", "confirmed": "yes", "key": "commit-0a0a0a0a-0000-4000-8000-000000000000",
}  # fmt: skip
MOVE = {
    "pence": "50000", "from": "beds", "to": "home", "authority": "A1", "reason": "More home care", "on_day": "1",
    "on_month": "5", "on_year": "2026", "confirmed": "yes", "key": "virement-0a0a0a0a-0000-4000-8000-000000000000",
}  # fmt: skip
GIVE = {
    "id": "A-7", "reference": "Board, item 9", "reason": "Until governance stands", "acts": ["commitment", "virement"],
    "limit": "250,000", "start_day": "1", "start_month": "4", "start_year": "2026", "end_day": "31", "end_month": "3",
    "end_year": "2027",
}  # fmt: skip


@pytest.fixture
def client(db: None, signed_in: Any) -> Client:
    pot.open_pot()
    return signed_in("finance_lead")  # type: ignore[no-any-return]


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def test_an_authority_is_given_with_its_reason_and_audited(client: Client) -> None:
    answer = client.post("/money/authorities/give/", GIVE)
    assert answer["Location"] == "/money/authorities/A-7/"
    kept = authority_of("A-7")
    assert (kept.limit_pence, kept.acts) == (25_000_000, {"commitment", "virement"})
    assert (kept.valid_from, kept.valid_to) == (pot.APRIL, pot.ENDS)  # up to, so that 31 March counts
    assert kept.given_by.startswith("user:")
    (told,) = [one for one in AuditEntry.objects.values_list("body", flat=True) if "authority:A-7" in one]
    assert '"money.give-authority"' in told
    said = text_of(client.get("/money/authorities/A-7/"))
    for words in ("Board, item 9", "Until governance stands", "Commitments, Virements", "£250,000.00"):
        assert words in said
    # The form sent twice gives one.
    assert client.post("/money/authorities/give/", GIVE)["Location"] == "/money/authorities/A-7/"
    assert models.Authority.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reference": ""}, "reference"), ({"reason": " "}, "reason"), ({"acts": []}, "acts"),
        ({"limit": "much"}, "limit"),
        ({"limit": "0"}, "limit"), ({"year_limit": "x"}, "year_limit"), ({"end_year": "2025"}, "end-day"),
        ({"start_month": "13"}, "start-day"), ({"fund": "NONE"}, "fund"), ({"id": "A1"}, "reference"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_authority_is_said_beside_its_field(
    client: Client, change: dict[str, Any], field: str
) -> None:
    answer = client.post("/money/authorities/give/", GIVE | change)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.content.decode()
    assert f'id="{field}"' in answer.content.decode()
    assert models.Authority.objects.count() == 1


def test_an_authority_is_revoked_and_refuses_the_next_penny(client: Client) -> None:
    assert client.post("/money/authorities/A1/revoke/", THIS_DAY | {"reason": ""}).status_code == 422
    gone = client.post(
        "/money/authorities/A1/revoke/", THIS_DAY | {"on_year": "2020", "reason": "The board took it back"}
    )
    assert gone.status_code == 422
    assert "is over" in text_of(gone)
    done = client.post("/money/authorities/A1/revoke/", THIS_DAY | {"reason": "The board took it back"})
    assert done["Location"] == "/money/authorities/A1/"
    said = text_of(client.get("/money/authorities/A1/"))
    assert "The board took it back" in said
    assert "Revoke it" not in said
    assert "Revoked" in text_of(client.get("/money/authorities/"))
    refused = client.post("/money/lines/home/commit/", COMMIT)
    assert refused.status_code == 422
    assert "was revoked from" in text_of(refused)
    assert not models.Commitment.objects.exists()


def test_money_is_committed_once_however_often_the_form_is_sent(client: Client) -> None:
    for _again in range(2):
        assert client.post("/money/lines/home/commit/", COMMIT)["Location"] == "/money/lines/home/"
    assert availability("home").committed == 120_000_000
    assert models.Commitment.objects.count() == 1
    assert "are committed" in text_of(client.get("/money/lines/home/"))


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"authority": "SMALL"}, "authority", "too much"), ({"authority": "OVER"}, "authority", "ended on"),
        ({"authority": "OTHER"}, "authority", "not for a commitment"),
        ({"authority": ""}, "authority", "Choose the authority"),
        ({"authority": "NONE"}, "authority", "no authority"), ({"pence": "6000000"}, "pence", "too much"),
        ({"pence": "-5"}, "pence", "above 0"), ({"supplier": ""}, "supplier", "promised"),
        ({"purpose": ""}, "purpose", "what it is for"), ({"on_day": "32"}, "on-day", "real date"),
        ({"on_year": "2030"}, "on-day", ""),
    ],
)  # fmt: skip
def test_a_commitment_is_refused_with_the_reason(
    client: Client, change: dict[str, str], field: str, reason: str
) -> None:
    pot.give("SMALL", limit_pence=100_000_000)
    pot.give("OVER", valid_to=pot.APRIL + timedelta(days=1))
    pot.give("OTHER", "virement")
    answer = client.post("/money/lines/home/commit/", COMMIT | change)
    assert answer.status_code == 422
    assert reason in text_of(answer)
    if change != {"on_year": "2030"}:
        assert f'href="#{field}"' in answer.content.decode()
    assert not models.Commitment.objects.exists()


def test_only_what_holds_and_has_something_left_is_offered(client: Client) -> None:
    pot.give("GONE", valid_to=pot.APRIL + timedelta(days=1))
    offered = re.findall(r'<option value="([^"]*)"', client.get("/money/lines/home/commit/").content.decode())
    assert offered == ["", "A1"]


def test_money_is_moved_between_lines(client: Client) -> None:
    for _again in range(2):
        assert client.post("/money/funds/POT/virement/", MOVE)["Location"] == "/money/funds/POT/"
    assert (availability("beds").current, availability("home").current) == (495_000_000, 505_000_000)
    # the two contributions of £10m, and this
    assert left_of("A1") == 2_000 * pot.MILLION - 10 * pot.MILLION - 5_000_000


@pytest.mark.parametrize(
    ("change", "field"),
    [({"to": "beds"}, "to"), ({"from": "nowhere"}, "from"), ({"reason": ""}, "reason"), ({"from": "fenced"}, "from"),
     ({"pence": "5000000.01"}, "pence"), ({"authority": ""}, "authority")],
)  # fmt: skip
def test_a_virement_is_refused_beside_its_field(client: Client, change: dict[str, str], field: str) -> None:
    fenced = pot.BudgetLine("fenced", "POT", "QM7", "2026/27", "Fenced", pot.MILLION, ring_fence="discharge")
    services.set_budget_line(pot.grant("money.allocate"), fenced, decision=pot.DECISION)
    answer = client.post("/money/funds/POT/virement/", MOVE | change)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.content.decode()
    assert not models.Virement.objects.exists()


@pytest.mark.parametrize(
    "path",
    ["/money/lines/home/commit/", "/money/funds/POT/virement/", "/money/authorities/give/",
     "/money/authorities/A1/revoke/", "/money/trial-balances/take-in/"],
)  # fmt: skip
def test_who_only_reads_binds_nothing(client: Client, signed_in: Any, path: str) -> None:
    assert signed_in("planner").post(path, COMMIT | GIVE).status_code == 403
