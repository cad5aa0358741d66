"""Every act on the pot by a form: checked before it is done, done once, or refused beside its field."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.test import Client

from joinedup.access.models import AuditEntry
from joinedup.money import availability, models, services
from joinedup.money.ledger.posting import closed_until
from joinedup.money.ledger.reading import commitment_standing, fund_of, owed_to
from joinedup.money.pot import spending
from joinedup.money.pot.outturn import ReasonRequired
from joinedup.money.pot.reporting_forecasts import report_forecast
from joinedup.money.pot.sharing_risk import Layer
from joinedup.money.views.risk_share import split_of

from . import pot

pytestmark = pytest.mark.django_db
M = pot.MILLION


def on(day: int, month: int, year: int = 2026, name: str = "on") -> dict[str, str]:
    return {f"{name}_day": str(day), f"{name}_month": str(month), f"{name}_year": str(year)}


def key(prefix: str) -> dict[str, str]:
    return {"key": f"{prefix}-0a0a0a0a-0000-4000-8000-000000000000"}


FUND = {"name": "Aligned", "code": "AL", "kind": "aligned", "host": "QM7", **on(1, 4, 2026, "start"),
        **on(31, 3, 2027, "end")}  # fmt: skip
LINE = {"name": "Carers", "code": "carers", "year": "2026/27", "pence": "1000", "decision": "Item 6", "body": "QM7",
        "envelope": "revenue"}  # fmt: skip
PUT = {"partner": "QM7", "sector": "nhs", "pence": "100000", "authority": "A1", **on(1, 5), **on(1, 4, 2026, "start"),
       **on(31, 3, 2027, "end"), **key("contribution")}  # fmt: skip
CAME = {"partner": "E10000015", "pence": "1000000", **on(1, 5), **key("receipt")}
CLOSE = {**on(1, 6), "reason": "May is over", **key("close")}
CALL = {"overspend": "1250000", "underspend": "400000", "risk_pool": "500000", "uncommitted": "200000",
        "share-1-QM7": "65", "share-1-E10000015": "35", "authority": "A1", "reason": "overspent", **on(1, 5),
        **key("riskshare")}  # fmt: skip
INVOICE = {"pence": "700000", **on(2, 5), **key("invoice")}
PAY = {"pence": "500000", **on(3, 5), **key("pay")}
TOP = {"pence": "1", "authority": "A1", **on(2, 5), **key("topup")}
LET_GO = {"reason": "It is not needed", **on(2, 5), **key("release")}
UNDO = {"reason": "posted twice", **on(20, 5), **key("reverse")}
FORECAST = {"month": "1", "method": "manual", "outturn": "4500000", "reason": "Winter comes late", **key("forecast")}


@pytest.fixture
def client(db: None, signed_in: Any) -> Client:
    pot.open_pot()
    spending.commit(
        pot.grant("money.post"), 120_000_000, key="C/1", budget_line="home", supplier="RWG", purpose="home care",
        authority_id="A1", on=pot.MAY,
    )  # fmt: skip
    return signed_in("finance_lead")  # type: ignore[no-any-return]


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def done(client: Client, path: str, sent: dict[str, str]) -> str:
    """Check first, which does nothing, then confirm, twice, as somebody impatient does; answers where it leads."""
    counts = models.Transaction.objects.count(), AuditEntry.objects.count()
    checked = client.post(path, sent)
    assert checked.status_code == 200, text_of(checked)
    assert "Check what you are about to do" in text_of(checked)
    assert (models.Transaction.objects.count(), AuditEntry.objects.count()) == counts
    where = client.post(path, sent | {"confirmed": "yes"})
    assert where.status_code == 302, text_of(where)
    after = models.Transaction.objects.count()
    client.post(path, sent | {"confirmed": "yes"})
    assert models.Transaction.objects.count() == after
    return str(where["Location"])


def refused(client: Client, path: str, sent: dict[str, str], field: str, says: str = "") -> None:
    counts = models.Transaction.objects.count(), AuditEntry.objects.count()
    answer = client.post(path, sent | {"confirmed": "yes"})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.content.decode()
    assert f'id="{field}"' in answer.content.decode()
    assert says in text_of(answer)
    assert (models.Transaction.objects.count(), AuditEntry.objects.count()) == counts


def test_a_fund_is_opened_and_a_line_is_set(client: Client) -> None:
    assert done(client, "/money/funds/open/", FUND) == "/money/funds/AL/"
    assert fund_of("AL").valid_to == date(2027, 4, 1)  # up to, so that 31 March counts
    assert done(client, "/money/funds/POT/add-line/", LINE) == "/money/lines/carers/"
    assert availability("carers").current == 100_000
    refused(client, "/money/funds/open/", FUND | {"code": "S", "kind": "section_75"}, "agreement", "no agreement")
    refused(client, "/money/funds/open/", FUND | {"code": "S", "end_year": "2025"}, "end-day")
    refused(client, "/money/funds/open/", FUND | {"code": "S", "kind": "purse"}, "kind")
    refused(client, "/money/funds/POT/add-line/", LINE | {"code": "x", "plan_line": "no/such"}, "plan_line")
    refused(client, "/money/funds/POT/add-line/", LINE | {"code": "x", "decision": ""}, "decision")


def test_a_contribution_falls_due_under_an_authority_and_comes_in(client: Client) -> None:
    assert done(client, "/money/funds/POT/contribution/", PUT) == "/money/funds/POT/"
    assert models.Contribution.objects.count() == 3
    assert done(client, "/money/funds/POT/receipt/", CAME) == "/money/funds/POT/"
    assert "£0.00 still owed" in text_of(client.get("/money/funds/POT/receipt/"))  # all £4m of the council came in
    refused(client, "/money/funds/POT/contribution/", PUT | {"authority": ""}, "authority", "Choose the authority")
    pot.give("SMALL", limit_pence=1)
    small = PUT | {"authority": "SMALL", "key": PUT["key"].replace("0a0a", "0b0b", 1)}
    refused(client, "/money/funds/POT/contribution/", small, "authority", "too much")
    refused(client, "/money/funds/POT/receipt/", CAME | {"partner": "RWG"}, "partner")


def test_council_money_does_not_fall_due_in_a_pot_without_an_agreement(client: Client) -> None:
    done(client, "/money/funds/open/", FUND | {"code": "SP", "kind": "single_pot"})
    done(client, "/money/funds/SP/contribution/", PUT | {"key": PUT["key"].replace("0a0a", "0c0c", 1)})
    council = PUT | {"partner": "E10000015", "sector": "la", "key": PUT["key"].replace("0a0a", "0d0d", 1)}
    refused(client, "/money/funds/SP/contribution/", council, "sector", "section 75")


def test_the_risk_share_shows_its_split_before_anybody_is_called_on(client: Client) -> None:
    """Rule MB9's example: £1,250,000 less 400,000, 500,000 and 200,000 leaves £150,000 at 65/35."""
    said = text_of(client.post("/money/funds/POT/risk-share/", CALL))
    for words in ("Left for the partners £150,000.00", "Called £52,500.00 £97,500.00 £150,000.00"):
        assert words in said
    assert done(client, "/money/funds/POT/risk-share/", CALL) == "/money/funds/POT/"
    assert "£150,000.00 were called from partners under the risk share" in text_of(client.get("/money/funds/POT/"))
    refused(
        client, "/money/funds/POT/risk-share/", CALL | {"overspend": "1000"}, "overspend", "nothing is left to call"
    )
    refused(client, "/money/funds/POT/risk-share/", CALL | {"width-1": "5"}, "share-1-E10000015", "last layer")
    none = CALL | {"share-1-QM7": "", "share-1-E10000015": ""}
    refused(client, "/money/funds/POT/risk-share/", none, "share-1-E10000015", "by which shares")
    refused(client, "/money/funds/POT/risk-share/", CALL | {"authority": ""}, "authority")


def test_layers_after_the_ladder_are_the_rule_books() -> None:
    """Rule MB10's example: £3.0m; first £1.0m 50/50, next £1.5m 80/20, the rest 100/0: £2.2m and £0.8m."""
    shares = [{"NHS": a, "LA": b} for a, b in ((50, 50), (80, 20), (100, 0))]
    widths = (1 * M, 150_000_000, None)
    layers = [Layer(width, share) for width, share in zip(widths, shares, strict=True)]
    split = split_of(3 * M, {"underspend": 0, "risk_pool": 0, "uncommitted": 0}, layers)
    assert split.calls == {"LA": 80_000_000, "NHS": 220_000_000}
    assert [sum(part.values()) for part in split.layers] == [1 * M, 150_000_000, 50_000_000]
    assert {one: sum(part[one] for part in split.layers) for one in ("LA", "NHS")} == split.calls


def test_an_invoice_is_posted_and_paid_against_its_commitment(client: Client) -> None:
    page = "/money/commitments/C/1/"
    refused(client, page + "pay/", PAY, "pence", "is owed")
    assert done(client, page + "invoice/", INVOICE) == page
    assert done(client, page + "pay/", PAY) == page
    assert (commitment_standing("C/1").open, owed_to("RWG", fund="POT", body="QM7")) == (50_000_000, 20_000_000)
    assert "Open £500,000.00 Owed to the supplier in this fund £200,000.00" in text_of(client.get(page))
    more = INVOICE | {"pence": "500000.01", "key": INVOICE["key"].replace("0a0a", "0b0b", 1)}
    refused(client, page + "invoice/", more, "pence", "Top it up first")


def test_a_commitment_is_topped_up_under_an_authority_and_released(client: Client) -> None:
    page = "/money/commitments/C/1/"
    assert done(client, page + "top-up/", TOP) == page
    assert commitment_standing("C/1").made == 120_000_100
    refused(client, page + "top-up/", TOP | {"authority": "", "key": ""}, "authority")
    refused(client, page + "release/", LET_GO | {"reason": ""}, "reason")
    assert done(client, page + "release/", LET_GO) == page
    assert (commitment_standing("C/1").state, availability("home").committed) == ("released", 0)


def test_a_posting_is_reversed_with_a_reason_and_a_payment_needs_leave_to_pay(client: Client) -> None:
    spending.invoice(pot.grant("money.post"), "C/1", 100, key="I/1", on=pot.MAY)
    spending.pay(pot.grant("money.pay"), "C/1", 100, key="P/1", on=pot.MAY)
    for posting in ("P/1", "I/1"):
        sent = UNDO | {"reason": "posted twice"}
        path = f"/money/postings/{posting}/reverse/"
        refused(client, path, sent | {"reason": ""}, "reason")
        checked = client.post(path, sent)
        assert checked.status_code == 200
        assert client.post(path, sent | {"confirmed": "yes"})["Location"] == f"/money/postings/{posting}/"
    assert commitment_standing("C/1").open == 120_000_000
    assert "Reverse this posting" not in text_of(client.get("/money/postings/I/1/"))
    (told,) = [one for one in AuditEntry.objects.values_list("body", flat=True) if '"transaction:P/1-reversed"' in one]
    assert '"permission":"money.post"' in told  # taking a payment back brings cash in


def test_a_leftover_rolls_into_the_next_year_or_lapses_by_a_choice(client: Client) -> None:
    long = replace(pot.POT, code="TWO", valid_to=date(2028, 4, 1))
    services.make_fund(pot.grant("money.allocate"), long)
    for line in (replace(pot.HOME, code="this", fund="TWO"),
                 replace(pot.HOME, code="next", fund="TWO", year="2027/28")):  # fmt: skip
        services.set_budget_line(pot.grant("money.allocate"), line, decision=pot.DECISION)
    for code in ("R1", "L1"):
        spending.commit(
            pot.grant("money.post"), 100, key=code, budget_line="this", supplier="RWG", purpose=code,
            authority_id="A1", on=pot.MAY,
        )  # fmt: skip
    pot.give("NEXT", "commitment", valid_from=date(2027, 4, 1), valid_to=date(2028, 4, 1))
    said = text_of(client.get("/money/funds/TWO/year-end/?year=2026/27"))
    assert "L1 RWG L1 £1.00" in said
    assert "R1 RWG R1 £1.00" in said

    path = "/money/commitments/R1/year-end/"
    roll = {"choice": "roll", "to_line": "next", "authority": "NEXT", "reason": "It runs on", **key("yearend")}
    refused(client, path, roll | {"to_line": ""}, "to_line")
    refused(client, path, roll | {"authority": ""}, "authority")
    refused(client, path, roll | {"authority": "A1"}, "authority", "ended on")  # it does not hold on 1 April
    assert re.findall(r'<option value="([^"]*)"', client.get(path).content.decode()) == ["", "next", "", "NEXT"]
    done(client, path, roll | {"key": ""})
    assert commitment_standing("R1 2027/28").open == 100
    assert models.Commitment.objects.get(pk="R1 2027/28").rolled_from_id == "R1"

    lapse = {"choice": "lapse", "reason": "Over", "confirmed": "yes"}
    where = client.post("/money/commitments/L1/year-end/", lapse)["Location"]
    assert where == "/money/funds/TWO/year-end/"
    assert (commitment_standing("L1").state, availability("this").committed) == ("released", 0)
    assert "there is nothing to roll" in text_of(client.get("/money/funds/TWO/year-end/?year=2026/27"))


# --- forecasts -----------------------------------------------------------------------------------------------------


def test_a_forecast_is_reported_with_its_reason_and_the_next_stands_beside_it(client: Client) -> None:
    assert done(client, "/money/lines/home/forecast/", FORECAST) == "/money/lines/home/"
    assert models.LineForecast.objects.count() == 1
    assert "April 2026 By hand £4,500,000.00 £500,000.00 Winter comes late" in text_of(client.get("/money/lines/home/"))
    refused(client, "/money/lines/home/forecast/", FORECAST | {"reason": ""}, "reason", "needs a reason")
    refused(client, "/money/lines/home/forecast/", FORECAST | {"outturn": ""}, "outturn")
    profile = {"method": "profile", "share": ""}
    refused(client, "/money/lines/home/forecast/", FORECAST | profile, "share")
    # By run rate nothing was spent, by commitments £1.2m: more than 5 per cent of £5m apart.
    apart = FORECAST | {"month": "2", "method": "run_rate", "reason": ""}
    refused(client, "/money/lines/home/forecast/", apart, "reason", "differ by")
    done(client, "/money/lines/home/forecast/", apart | {"reason": "The invoices are late"})
    assert models.LineForecast.objects.count() == 2


def test_a_forecast_within_the_bounds_needs_no_reason(client: Client) -> None:
    with pytest.raises(ReasonRequired):
        report_forecast(pot.grant("money.post"), "home", 2, "commitment")
    made = report_forecast(pot.grant("money.post"), "beds", 2, "run_rate")
    assert (made.outturn, made.variance) == (0, 5 * M)


# --- the pattern ---------------------------------------------------------------------------------------------------


def test_whoever_changes_an_answer_finds_what_was_typed(client: Client) -> None:
    again = client.post("/money/commitments/C/1/invoice/", INVOICE | {"change": "yes"})
    assert again.status_code == 200
    assert 'value="700000"' in again.content.decode()
    assert "There is a problem" not in text_of(again)


@pytest.mark.parametrize(
    "path",
    ["funds/open/", "funds/POT/add-line/", "funds/POT/contribution/", "funds/POT/receipt/", "funds/POT/risk-share/",
     "funds/POT/close/", "lines/home/forecast/", "commitments/C/1/invoice/", "commitments/C/1/pay/",
     "commitments/C/1/top-up/", "commitments/C/1/release/", "commitments/C/1/year-end/", "postings/C/1/reverse/"],
)  # fmt: skip
def test_each_form_asks_and_who_only_reads_does_nothing(client: Client, signed_in: Any, path: str) -> None:
    assert client.get(f"/money/{path}").status_code == 200
    assert signed_in("planner").post(f"/money/{path}", CALL | LET_GO).status_code == 403
    assert client.get("/money/commitments/nothing/").status_code == 404


def test_no_act_is_offered_to_who_only_reads(client: Client, signed_in: Any) -> None:
    for page in ("/money/funds/POT/", "/money/commitments/C/1/", "/money/lines/home/", "/money/postings/C/1/"):
        said = text_of(signed_in("planner").get(page))
        for words in ("Set a budget line", "Post an invoice", "Report a forecast", "Reverse this posting"):
            assert words not in said
    assert "Set a budget line" in text_of(client.get("/money/funds/POT/"))


def test_a_period_is_closed_once_and_refuses_what_is_of_it(client: Client) -> None:
    assert client.post("/money/funds/POT/close/", CLOSE | {"confirmed": "yes"})["Location"] == "/money/funds/POT/"
    assert closed_until(["POT"])["POT"] == date(2026, 6, 1)
    refused(client, "/money/funds/POT/close/", CLOSE, "on-day", "closed up to")
    refused(client, "/money/commitments/C/1/invoice/", INVOICE, "on-day", "closed up to")
