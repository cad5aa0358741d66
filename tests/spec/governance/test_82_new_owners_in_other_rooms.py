"""A page of a contract or a commitment says who has it from the day on which its body closes (rule: C3)."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import engines

from joinedup.governance.acts import transitions
from joinedup.governance.kept.new_owners import new_owners

from .sitting import grant
from .three_groups import DAY, TRANSITION

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_groups")]


def name(to: str, **more: str) -> None:
    transitions.give_new_owner(grant("governance.transit"), TRANSITION, "10A", to, reason="the order of 2022", **more)


def told(key: str = "C-1", *bodies: str) -> list[str]:
    return [one["to"] for one in new_owners("money", "contract", key, bodies or ("10A", "RWG"))]


def test_the_nearest_that_was_said_counts() -> None:
    assert told() == []
    name("20A")
    assert told() == ["20A"]
    name("20B", room="money")
    assert told() == ["20B"]
    name("20C", room="money", kind="contract", work="C-1")
    assert (told(), told("C-2")) == (["20C"], ["20B"])
    name("20D", room="governance")
    assert told() == ["20C"]
    assert told("C-1", "10B") == told("C-1", "") == []


def test_it_is_said_with_the_day_and_leads_to_the_transition() -> None:
    name("20A")
    (found,) = new_owners("money", "contract", "C-1", ["body-10a"])
    assert (found["body"], found["on"], found["is_in_force"]) == ("10A", DAY, False)
    engine: Any = engines.all()[0]
    text = (
        '{% from "ui/new_owners.jinja" import passing %}{{ passing("money", "contract", "C-1", ["10A", none]) }}'
        '{{ passing("money", "contract", "C-1", ["RWG"]) }}'
    )
    page = " ".join(engine.from_string(text).render({}).split())
    assert "10A is to close on 1 July 2022. From then on 20A has this." in page
    assert page.count("nhsuk-inset-text") == 1
    assert f'href="/governance/transitions/{TRANSITION}/"' in page
