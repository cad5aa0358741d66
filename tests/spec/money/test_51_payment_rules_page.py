"""By which rule each kind of care is paid on a day: adopted, only proposed, missing, or two at once."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from joinedup.money.payment.mechanisms import money_parameters
from joinedup.money.payment.rules_on import figures_on, in_order, percent, rules_on
from joinedup.money.payment.schemes import national_schemes


def text_of(response: Any) -> str:
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(plain).split())


@pytest.mark.parametrize(
    ("on", "elective", "emergency"),
    [
        (date(2019, 3, 31), ("missing", ""), ("adopted", "MRET-70")),
        (date(2020, 6, 1), ("missing", ""), ("proposed", "BP-2021")),
        (date(2021, 6, 1), ("missing", ""), ("missing", "")),
        (date(2022, 4, 1), ("adopted", "API-2223"), ("missing", "")),
        (date(2026, 4, 1), ("missing", ""), ("proposed", "UEC-2627")),
    ],
    ids=str,
)
def test_each_kind_of_care_has_its_rule_or_says_that_it_has_none(
    on: date, elective: tuple[str, str], emergency: tuple[str, str]
) -> None:
    found = {one.kind: one for one in rules_on(on, national_schemes())}
    said = {kind: (one.state, one.scheme.id if one.scheme else "") for kind, one in found.items()}
    assert said == {"elective": elective, "emergency": emergency}
    assert all(one.settles is (one.state == "adopted") for one in found.values())
    assert all(bool(one.next_step) is not one.settles for one in found.values())


def test_two_that_hold_at_once_are_said_and_not_chosen_from() -> None:
    twice = (*national_schemes(), replace(national_schemes()[0], id="OURS"))
    (rule,) = [one for one in rules_on(date(2012, 1, 1), twice) if one.kind == "emergency"]
    assert (rule.state, rule.scheme) == ("overlap", None)
    assert "MRET-30 and OURS both hold" in rule.next_step


def test_figures_of_a_day_and_the_order_of_all_rules() -> None:
    found = {one.id: one for one in figures_on(date(2025, 6, 1), money_parameters())}
    assert (found["low_volume.limit"].state, found["elective.plan_share"].state) == ("adopted", "missing")
    assert figures_on(date(2022, 6, 1), money_parameters())[2].state == "proposed"
    assert [one.id for one in in_order(national_schemes())][:2] == ["API-2526", "API-2425"]
    assert [percent(Decimal(one)) for one in ("0.75", "1", "0", "1.07", "0.0125", "0.30")] == [
        "75%", "100%", "0%", "107%", "1.25%", "30%",
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("littleshire_with_a_pot")
def test_the_page_of_a_day(signed_in: Callable[[str], Client], settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    lead = signed_in("finance_lead")
    page = text_of(lead.get("/money/payments/rules/?on_day=1&on_month=5&on_year=2025"))
    assert "How care is paid for on 1 May 2025" in page
    assert "API-2526" in page
    assert "the funded level in the contract" in page
    assert "£1,500,000.00" in page, "the limit of low volume, in pounds"
    assert "Emergency care Missing" in page
    assert "decisions/payment_schemes.toml" in page
    assert "MRET-30" in page, "every rule is listed"
    assert lead.get("/money/payments/rules/").status_code == 200
    wrong = lead.get("/money/payments/rules/?on_day=31&on_month=2&on_year=2025")
    assert wrong.status_code == 422
    assert "There is a problem" in text_of(wrong)


@pytest.mark.django_db
@pytest.mark.usefixtures("littleshire_with_a_pot")
def test_a_systems_own_decision_stands_on_the_page(
    signed_in: Callable[[str], Client], settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from joinedup import database

    settings.STATIC_ROOT = tmp_path
    (tmp_path / "decisions").mkdir()
    (tmp_path / "decisions" / "payment_schemes.toml").write_text(
        '[[scheme]]\nid = "OURS-2122"\nkind = "emergency"\ntitle = "Our own"\nvalid_from = 2021-04-01\n'
        'valid_to = 2022-04-01\nstatus = "adopted"\nsource = "Board"\ndecided_by = "Board, 1 April 2021"\n'
        'over = [{ up_to = "0.05", rate = "0.20" }, { rate = "0.80", break_glass = true }]\n'
        'under = [{ rate = "0.20" }]\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(database, "data_dir", lambda: tmp_path)
    page = text_of(signed_in("finance_lead").get("/money/payments/rules/?on_day=1&on_month=6&on_year=2021"))
    assert "Our own (OURS-2122)" in page
    assert "up to 5% of the plan: 20%; the rest: 80%, and a review opens" in page
