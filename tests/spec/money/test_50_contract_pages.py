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
from joinedup.money import models, services
from joinedup.money.contracts.reading import version_on
from joinedup.money.payment import paying

from .contracted import ACUTE, LINE, STARTS, YEAR, contract, month, priced, signed
from .pot import grant
from .test_36_contracts_as_kept import lasting
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


def do(client: Client, path: str, sent: dict[str, Any]) -> None:
    """Answer a form of a contract, look at what is to be checked, and confirm it."""
    address = f"/money/contracts/{path}"
    assert client.get(address).status_code == 200
    looked = client.post(address, sent)
    assert (looked.status_code, "Check what you are about to do" in text_of(looked)) == (200, True), text_of(looked)
    assert client.post(address, sent | {"confirmed": "yes"}).status_code == 302


def refused(client: Client, path: str, sent: dict[str, Any]) -> str:
    """Answer the page on which a form of a contract is refused, as text."""
    response = client.post(f"/money/contracts/{path}", sent | {"confirmed": "yes"})
    assert response.status_code == 422
    assert "There is a problem" in text_of(response)
    return text_of(response)


def test_a_contract_from_the_form_to_the_first_payment(lead: Client) -> None:
    assert "There is no contract yet" in text_of(lead.get("/money/contracts/"))
    assert lead.get("/money/contracts/add/").status_code == 200
    assert lead.post("/money/contracts/add/", typed()).status_code == 302, "the form is right"
    made = version_on("RZ1-2526", STARTS).contract
    assert (made.value_of(YEAR), [part.kind for part in made.parts], len(made.metrics)) == (
        4_000_000_000, ["fixed", "elective"], 3,
    )  # fmt: skip
    page = text_of(lead.get("/money/contracts/RZ1-2526/"))
    for said in ("£40.00m", "Not signed", "Littleshire Hospitals", "Sign the contract", "Quality schedule"):
        assert said in page
    today = now().valid_on
    do(lead, "RZ1-2526/sign/", boxes("signed", STARTS))
    do(lead, "RZ1-2526/notice/", {"text": "We awarded it to Littleshire Hospitals", **boxes("published", today)})
    do(lead, "RZ1-2526/bind/", {"pence": "10000000", "line": "acute", "authority": "A1", **boxes("bound", STARTS)})
    do(lead, "RZ1-2526/quality/", {"month": "2025-04", "value-2": "11"})
    settled = lead.post("/money/payments/settle/", {"contract": "RZ1-2526", "month": "2025-04", "authority": ""})
    assert settled.status_code == 302
    statement = text_of(lead.get(settled["Location"]))
    # £2,090,000.00 less the pool of £41,666.67, of which a twentieth is earned.
    for said in (
        "Settled: the ledger holds it",
        "£2,050,416.66",
        "API-2526",
        "snapshot s1",
        "came back: 11 between 12 and 8",
    ):
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


def test_what_is_refused_is_said_beside_its_question(lead: Client) -> None:
    signed(contract(code="OTHER", parts=ACUTE.parts[:1]))
    lead.post("/money/contracts/add/", typed(award="direct_award_c"))
    today = now().valid_on
    assert "publish 'Intention to award'" in refused(lead, "RZ1-2526/sign/", boxes("signed", today))
    assert "Write what the notice says" in refused(lead, "RZ1-2526/notice/", {})
    do(lead, "RZ1-2526/notice/", {"text": "We intend to", **boxes("published", today - timedelta(days=1))})
    page = text_of(lead.get("/money/contracts/RZ1-2526/"))
    assert "In standstill" in page
    assert "may be signed from" in page
    over = {"pence": "99999999", "line": "acute", "authority": "A1", **boxes("bound", STARTS)}
    assert "are too much" in refused(lead, "OTHER/bind/", over)
    not_bound = lead.post("/money/payments/settle/", {"contract": "OTHER", "month": "2025-04"})
    assert "No money is bound for contract OTHER" in text_of(not_bound)
    assert "Give the month" in text_of(lead.post("/money/payments/settle/", {"contract": "OTHER"}))
    for path in ("NONE/", "NONE/sign/", "NONE/change/", "OTHER/quality/", "OTHER/deductions/1/"):
        assert lead.get(f"/money/contracts/{path}").status_code == 404
    assert lead.get("/money/payments/999/").status_code == 404


def test_a_provider_challenges_an_award_and_is_answered(lead: Client) -> None:
    lead.post("/money/contracts/add/", typed(award="direct_award_c"))
    today = now().valid_on
    long_ago = today - timedelta(days=40)
    assert "Record a representation" not in text_of(lead.get("/money/contracts/RZ1-2526/"))
    do(lead, "RZ1-2526/notice/", {"text": "We intend to", **boxes("published", long_ago)})
    early = boxes("came", today - timedelta(days=39))
    assert "is not in that" in refused(lead, "RZ1-2526/representation/", {"text": "We can too", **boxes("came", today)})
    do(lead, "RZ1-2526/representation/", {"text": "We can too", **early})
    page = text_of(lead.get("/money/contracts/RZ1-2526/"))
    assert "Answer the representation" in page
    assert "Sign the contract" not in page
    assert "is not answered" in refused(lead, "RZ1-2526/sign/", boxes("signed", today))
    said = {"text": "They do not offer it at night", **boxes("answered", today - timedelta(days=30))}
    assert "Choose what comes of it" in refused(lead, "RZ1-2526/answer/", said)
    do(lead, "RZ1-2526/answer/", said | {"outcome": "stands"})
    assert "Answer: The award stands" in text_of(lead.get("/money/contracts/RZ1-2526/"))
    do(lead, "RZ1-2526/sign/", boxes("signed", today))
    # What a provider wrote, and what it was answered, is not for everybody.
    assert "They do not offer it" not in text_of(Client().get("/open/contracts/RZ1-2526/"))


def test_an_abandoned_award_is_told_to_everybody(lead: Client) -> None:
    lead.post("/money/contracts/add/", typed(award="direct_award_c"))
    long_ago = now().valid_on - timedelta(days=40)
    do(lead, "RZ1-2526/notice/", {"text": "We intend to", **boxes("published", long_ago)})
    do(lead, "RZ1-2526/representation/", {"text": "We can too", **boxes("came", long_ago)})
    do(lead, "RZ1-2526/answer/", {"text": "So they can", "outcome": "abandoned", **boxes("answered", long_ago)})
    page = text_of(lead.get("/money/contracts/RZ1-2526/"))
    assert "This contract is never signed" in page
    assert "Sign the contract" not in page
    assert "Abandoned" in text_of(Client().get("/open/contracts/RZ1-2526/"))


def test_quality_and_deductions_by_their_forms(lead: Client) -> None:
    lead.post("/money/contracts/add/", typed())
    do(lead, "RZ1-2526/sign/", boxes("signed", STARTS))
    month_said = {"month": "2025-04"}
    for sent, says in (
        (month_said, "Give a figure, or say why"), (month_said | {"value-0": "many"}, "must be a number"),
        ({"month": "April", "value-0": "5"}, "is no month"), ({"month": "2024-04", "value-0": "5"}, "expected a month"),
    ):  # fmt: skip
        assert says in refused(lead, "RZ1-2526/quality/", sent)
    do(lead, "RZ1-2526/quality/", month_said | {"value-0": "75", "why-1": "The system was down"})
    page = text_of(lead.get("/money/contracts/RZ1-2526/"))
    assert "excused" in page
    assert "must be pounds" in refused(lead, "RZ1-2526/deduct/", month_said | {"pence": "much", "reason": "Late"})
    do(lead, "RZ1-2526/deduct/", month_said | {"pence": "500.00", "reason": "Letters late, clause 12"})
    page = lead.get("/money/contracts/RZ1-2526/")
    assert "Letters late, clause 12" in text_of(page)
    back = re.search(r'href="/money/contracts/(RZ1-2526/deductions/\d+/)"', page.content.decode())
    assert back is not None
    do(lead, back[1], {"reason": "They were in time"})
    assert "Taken back: They were in time" in text_of(lead.get("/money/contracts/RZ1-2526/"))
    assert lead.get(f"/money/contracts/{back[1]}").status_code == 404


def boxes_typed(page: str) -> dict[str, str]:
    """What a form holds before anybody typed: its inputs, and its areas of text."""
    found = dict(re.findall(r'<input[^>]*name="([\w-]+)"[^>]*?value="([^"]*)"', page))
    found |= dict(re.findall(r'<textarea[^>]*name="([\w-]+)"[^>]*>([^<]*)</textarea>', page))
    return {name: html.unescape(text) for name, text in found.items()}


def test_a_signed_contract_is_changed_field_by_field_under_an_authority(lead: Client) -> None:
    services.give_authority(grant("money.authorise"), lasting("A2", 5_000_000_000))
    lead.post("/money/contracts/add/", typed())
    do(lead, "RZ1-2526/sign/", boxes("signed", STARTS))
    address = "/money/contracts/RZ1-2526/change/"
    held = boxes_typed(lead.get(address).content.decode())
    assert (held["value-2025-26"], held["part-0-2025-26"], held["mff"]) == ("40000000.00", "24000000.00", "1")
    more = held | {"authority": "A2", "reason": "Board, 7 October 2025, item 2"}
    assert "says all of this already" in refused(lead, "RZ1-2526/change/", more)
    for changes, says in (
        ({"value-2025-26": "lots"}, "must be pounds and pence"), ({"value-2025-26": "60000000"}, "change considerably"),
        ({"title": ""}, "Give the contract a title"), ({"mff": "one"}, "must be a number"),
        ({"metrics": "seen in time; 0.5; 60; 80"}, "make exactly 1"), ({"pods-1": "XX"}, "no point of delivery 'XX'"),
        ({"value-2025-26": "41000000", "authority": ""}, "Choose the authority"),
        ({"extends_day": "1", "extends_month": "4", "extends_year": "2025"}, "An extension ends after the contract"),
    ):  # fmt: skip
        assert says in refused(lead, "RZ1-2526/change/", more | changes), says
    looked = text_of(lead.post(address, more | {"value-2025-26": "41000000", "part-0-2025-26": "25000000"}))
    assert "2025/26: £40,000,000.00 2025/26: £41,000,000.00" in looked
    do(lead, "RZ1-2526/change/", more | {"value-2025-26": "41000000", "part-0-2025-26": "25000000"})
    page = lead.get("/money/contracts/RZ1-2526/")
    assert "Board, 7 October 2025, item 2" in text_of(page)
    assert 'href="/money/authorities/A2/"' in page.content.decode()
    made = version_on("RZ1-2526", now().valid_on).contract
    assert (made.value_of(YEAR), made.parts[0].of_year(YEAR), made.metrics) == (
        4_100_000_000, 2_500_000_000, version_on("RZ1-2526", STARTS).contract.metrics,
    )  # fmt: skip


def test_a_contract_is_extended_and_ended_by_its_forms(lead: Client) -> None:
    services.give_authority(grant("money.authorise"), lasting("A2", 5_000_000_000))
    signed(contract(extends_to=date(2027, 4, 1)))
    said = {"authority": "A2", "reason": "Board, 7 October 2025, item 3", "annual": "41000000"}
    assert "may be extended up to" in refused(lead, "RZ1-2526/extend/", said | boxes("on", date(2028, 4, 1)))
    assert "would end" not in text_of(lead.get("/money/contracts/RZ1-2526/extend/"))
    do(lead, "RZ1-2526/extend/", said | boxes("on", date(2027, 4, 1)))
    made = version_on("RZ1-2526", STARTS).contract
    assert (made.ends, made.value_of("2026/27")) == (date(2027, 4, 1), 4_100_000_000)
    assert "expected a day after the first" in refused(lead, "RZ1-2526/end/", said | boxes("on", STARTS)).lower()
    do(lead, "RZ1-2526/end/", said | boxes("on", date(2026, 10, 1)))
    assert version_on("RZ1-2526", STARTS).contract.ends == date(2026, 10, 1)


def test_small_numbers_are_not_shown(lead: Client) -> None:
    signed(bound=1_000_000_000)
    done = paying.settle_month(grant("money.pay"), ACUTE.code, month(5))
    page = text_of(lead.get(f"/money/payments/{done.row.pk}/"))
    assert "other activity" in page
    assert "folded into" in page
    assert "104" not in page


def test_who_reads_and_who_acts(signed_in: Callable[[str], Client]) -> None:
    signed(bound=1_000_000_000)
    planner = signed_in("planner")
    page = text_of(planner.get("/money/contracts/RZ1-2526/"))
    for act in ("Bind money", "Change it", "Take something off", "Sign the contract"):
        assert act not in page
    assert "Settle a month" not in page
    assert "Add a contract" not in text_of(planner.get("/money/contracts/"))
    assert planner.post("/money/payments/settle/", {"contract": "RZ1-2526", "month": "2025-04"}).status_code == 403
    assert not models.Statement.objects.exists()


def test_everybody_sees_contracts_awards_and_payments_over_25_000_pounds() -> None:
    nobody = Client()
    assert "No contract is signed" in text_of(nobody.get("/open/contracts/"))
    assert "No payment over £25,000" in text_of(nobody.get("/open/spend/"))
    from joinedup.money.contracts import contracting

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
    from joinedup.money.pot import spending

    for number, pence in enumerate((2_500_000, 2_500_001), start=1):
        spending.commit(grant("money.post"), pence, key=f"C{number}", budget_line="acute", supplier=f"S{number}",
                        purpose="care", authority_id="A1", on=STARTS)  # fmt: skip
        spending.invoice(grant("money.post"), f"C{number}", pence, key=f"I{number}", on=STARTS)
        spending.pay(grant("money.pay"), f"C{number}", pence, key=f"P{number}", on=STARTS)
    page = text_of(Client().get("/open/spend/"))
    assert "£25,000.01" in page
    assert "£25,000.00" not in page
