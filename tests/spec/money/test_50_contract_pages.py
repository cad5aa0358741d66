"""Contracts and payments as pages: what a finance lead does, what others read, what everybody sees."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from joinedup.moment import now
from joinedup.money import models, paying
from joinedup.money.contract_reading import version_on

from .contracted import ACUTE, LINE, STARTS, YEAR, contract, month, priced, signed
from .test_37_paying import history

pytestmark = [pytest.mark.usefixtures("littleshire_with_a_pot"), pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _house(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STATIC_ROOT = tmp_path
    monkeypatch.setattr(paying, "priced_activity", priced)
    counted = history((100, 9_000_000, month(4)), (4, 400_000, month(5)))
    monkeypatch.setattr(paying, "activity_history", lambda: counted)


@pytest.fixture
def lead(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("finance_lead")


def text_of(response: Any) -> str:
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(plain).split())


def boxes(name: str, on: date) -> dict[str, int]:
    return {f"{name}_day": on.day, f"{name}_month": on.month, f"{name}_year": on.year}


def typed(**changes: Any) -> dict[str, Any]:
    said = {
        "code": "RZ1-2526", "title": "Acute care of Littleshire", "provider": "RZ1", "commissioner": "QZ9",
        "provider_kind": "nhs", "services": "Emergency care\nPlanned surgery", **boxes("starts", STARTS),
        **boxes("ends", date(2026, 4, 1)), "value": "40,000,000", "fixed": "24000000.00", "way": "elective",
        "pods": ["DC", "EL"], "level": "3000000", "share": "1.25", "mff": "",
        "metrics": "seen in time; 0.5; 60; 80\nassessed for clots; 0.3; 90; 95\ncame back; 0.2; 12; 8",
        "award": "direct_award_a", "award_reason": "No other hospital can", "reason": "Board, 3 April 2025, item 4",
        **{f"spec-{key}": "As nationally" for key in ("needs", "outcomes", "scope", "standards", "location")},
        "std-rtt_18_weeks": "92",
    }  # fmt: skip
    return said | changes


def test_a_contract_from_the_form_to_the_first_payment(lead: Client) -> None:
    assert "There is no contract yet" in text_of(lead.get("/money/contracts/"))
    assert lead.get("/money/contracts/add/").status_code == 200
    assert lead.post("/money/contracts/add/", typed()).status_code == 302, "the form is right"
    made = version_on("RZ1-2526", STARTS).contract
    assert (made.value_of(YEAR), [part.kind for part in made.parts], len(made.metrics)) == (
        4_000_000_000, ["fixed", "elective"], 3,
    )  # fmt: skip
    page = text_of(lead.get("/money/contracts/RZ1-2526/"))
    for said in ("£40.00m", "Not signed", "Littleshire Hospitals", "Sign this contract", "Quality schedule"):
        assert said in page
    today = now().valid_on
    assert lead.post("/money/contracts/RZ1-2526/sign/", boxes("signed", STARTS)).status_code == 302
    notice = {"kind": "award", "text": "We awarded it to Littleshire Hospitals", **boxes("published", today)}
    assert lead.post("/money/contracts/RZ1-2526/notice/", notice).status_code == 302
    bind = {"pence": "10000000", "line": "acute", "authority": "A1", **boxes("bound", STARTS)}
    assert lead.post("/money/contracts/RZ1-2526/bind/", bind).status_code == 302
    got = {"metric": "came back", "month": "2025-04", "value": "11", "reason": ""}
    assert lead.post("/money/contracts/RZ1-2526/achieved/", got).status_code == 302
    settled = lead.post("/money/payments/settle/", {"contract": "RZ1-2526", "month": "2025-04", "authority": ""})
    assert settled.status_code == 302
    statement = text_of(lead.get(settled["Location"]))
    # £2,090,000.00 less the pool of £41,666.67, of which a twentieth is earned.
    for said in ("Settled: the ledger holds it", "£2,050,416.66", "API-2526", "MC1", "snapshot s1", "came back: 11"):
        assert said in statement, said
    links = lead.get(settled["Location"]).content.decode()
    for href in ("/money/authorities/A1/", "/money/contracts/RZ1-2526/", f"/money/plan-lines/{quote(LINE.plan_line)}/"):
        assert f'href="{href}"' in links
    # Back from the posting to the contract in one click.
    posting = re.search(r'href="(/money/postings/[^"]+)"', links)
    assert posting is not None
    assert 'href="/money/contracts/RZ1-2526/"' in lead.get(html.unescape(posting[1])).content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"code": ""}, "code", "Give the contract a code"),
        ({"provider": "01A"}, "provider", "it has closed"),
        ({"value": "lots"}, "value", "must be pounds and pence"),
        ({"ends_day": 31, "ends_month": 2}, "ends-day", ""),
        ({"pods": []}, "pods", "Choose the points of delivery"),
        ({"fixed": "", "way": ""}, "fixed", "Say what is fixed"),
        ({"metrics": "seen in time; half; 60; 80"}, "metrics", "Line 1"),
        ({"metrics": "seen in time; 0.5; 60; 80"}, "metrics", "make exactly 1"),
        ({"mff": "one"}, "mff", "must be a number"),
        ({"award": "before_2024"}, "award", "no contract is awarded by"),
        ({"reason": ""}, "reason", "Say what was decided"),
    ],
)
def test_each_field_of_the_form_says_what_is_wrong(
    lead: Client, changes: dict[str, Any], field: str, says: str
) -> None:
    response = lead.post("/money/contracts/add/", typed(**changes))
    assert response.status_code == 400
    page = response.content.decode()
    assert f'href="#{field}' in page
    assert says in text_of(response)
    assert not models.Contract.objects.exists()


def test_what_is_refused_on_a_contract_s_page_is_said_there(lead: Client) -> None:
    signed(contract(code="OTHER", parts=ACUTE.parts[:1]))
    lead.post("/money/contracts/add/", typed(award="direct_award_c"))
    today = now().valid_on
    early = lead.post("/money/contracts/RZ1-2526/sign/", boxes("signed", today))
    assert (early.status_code, "publish 'Intention to award'" in text_of(early)) == (400, True)
    empty = lead.post("/money/contracts/RZ1-2526/notice/", {"kind": "intention"})
    assert "Write what the notice says" in text_of(empty)
    notice = {"kind": "intention", "text": "We intend to", **boxes("published", today - timedelta(days=1))}
    assert lead.post("/money/contracts/RZ1-2526/notice/", notice).status_code == 302
    page = text_of(lead.get("/money/contracts/RZ1-2526/"))
    assert "In standstill" in page
    assert "may be signed from" in page
    over = {"pence": "99999999", "line": "acute", "authority": "A1", **boxes("bound", STARTS)}
    assert "are too much" in text_of(lead.post("/money/contracts/OTHER/bind/", over))
    not_bound = lead.post("/money/payments/settle/", {"contract": "OTHER", "month": "2025-04"})
    assert "No money is bound for contract OTHER" in text_of(not_bound)
    assert "Give the month" in text_of(lead.post("/money/payments/settle/", {"contract": "OTHER"}))
    assert "Choose the measure" in text_of(lead.post("/money/contracts/OTHER/achieved/", {}))
    assert lead.get("/money/contracts/NONE/").status_code == 404
    assert lead.get("/money/payments/999/").status_code == 404


def test_small_numbers_are_not_shown(lead: Client) -> None:
    signed(bound=1_000_000_000)
    from .pot import grant

    done = paying.settle_month(grant("money.pay"), ACUTE.code, month(5))
    page = text_of(lead.get(f"/money/payments/{done.row.pk}/"))
    assert "other activity" in page
    assert "folded into" in page
    assert "104" not in page


def test_who_reads_and_who_acts(signed_in: Callable[[str], Client]) -> None:
    signed(bound=1_000_000_000)
    planner = signed_in("planner")
    page = text_of(planner.get("/money/contracts/RZ1-2526/"))
    assert "Bind this money" not in page
    assert "Settle a month" not in page
    assert "Add a contract" not in text_of(planner.get("/money/contracts/"))
    assert planner.post("/money/payments/settle/", {"contract": "RZ1-2526", "month": "2025-04"}).status_code == 403
    assert not models.Statement.objects.exists()


def test_everybody_sees_contracts_awards_and_payments_over_25_000_pounds() -> None:
    nobody = Client()
    assert "No contract is signed" in text_of(nobody.get("/open/contracts/"))
    assert "No payment over £25,000" in text_of(nobody.get("/open/spend/"))
    from joinedup.money import contracting

    from .pot import grant

    contracting.make_contract(grant("money.contract"), ACUTE, reason="the year's agreement")
    assert nobody.get("/open/contracts/RZ1-2526/").status_code == 404
    contracting.sign_contract(grant("money.contract"), ACUTE.code, STARTS)
    contracting.bind_money(
        grant("money.post"), ACUTE.code, 1_000_000_000, budget_line="acute", authority_id="A1", on=STARTS
    )
    contracting.publish_notice(grant("money.contract"), ACUTE.code, "award", now().valid_on, "We awarded it")
    page = text_of(nobody.get("/open/contracts/RZ1-2526/"))
    for said in ("Littleshire Hospitals", "£40,000,000.00", "Direct award process A", "We awarded it"):
        assert said in page
    paying.settle_month(grant("money.pay"), ACUTE.code, month(4))
    paying.settle_month(grant("money.pay"), ACUTE.code, month(5))
    spend = text_of(nobody.get("/open/spend/"))
    assert "£2,090,000.00" in spend
    assert "Littleshire Hospitals" in spend
    assert nobody.get("/open/spend/?month=2025-04").status_code == 200
    assert "£2,004,000.00" not in text_of(nobody.get("/open/spend/?month=2025-04"))
    assert nobody.get("/open/spend/?month=2024-04").status_code == 404
    rows = b"".join(nobody.get("/open/spend/?payments-download=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert '"2025-04"' in rows
    assert "2090000.00" in rows


def test_payments_of_25_000_pounds_and_less_are_not_in_it() -> None:
    from joinedup.money import spending

    from .pot import grant

    for number, pence in enumerate((2_500_000, 2_500_001), start=1):
        spending.commit(grant("money.post"), pence, key=f"C{number}", budget_line="acute", supplier=f"S{number}",
                        purpose="care", authority_id="A1", on=STARTS)  # fmt: skip
        spending.invoice(grant("money.post"), f"C{number}", pence, key=f"I{number}", on=STARTS)
        spending.pay(grant("money.pay"), f"C{number}", pence, key=f"P{number}", on=STARTS)
    page = text_of(Client().get("/open/spend/"))
    assert "£25,000.01" in page
    assert "£25,000.00" not in page
