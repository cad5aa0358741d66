"""What a paper expects and cites, as kept: stated before the vote, shown as known then, and what became of it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from tests.spec.measures.drawn_results import DEFINITIONS, draw

from joinedup import database
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts import expecting
from joinedup.governance.kept.citations import cited, today_differs
from joinedup.governance.kept.expecting import effects_of
from joinedup.governance.kept.outcomes import judged
from joinedup.governance.meetings.voting import VoteRefused
from joinedup.governance.views.cited import cited_shown
from joinedup.measures import definition
from joinedup.moment import now

from .sitting import ASKS, EFFECT, arrive, call, close, grant, item, minute, open_, paper, vote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board", "figures")]
MET, EARLY = date(2025, 12, 5), date(2025, 11, 20)
EVERYBODY = ("ada", "ben", "cat", "dan", "eve", "fay", "gus", "hal")
MORE = {**EFFECT, "area": "PA", "by": "2026-09-30"}
MONEY = {"function": "resources", "amount_pence": 50_000_000, "supplier": "Care Ltd", "asks": ASKS}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw(folder)
    return folder


@pytest.fixture
def figures(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawn results: 24 months from November 2024; admissions of place PA rise in September 2026."""
    monkeypatch.setattr(database, "data_dir", lambda: drawn)
    monkeypatch.setattr(definition, "definitions", lambda: DEFINITIONS)


def asked(**more: Any) -> str:
    """An item that asks for money, without an expected effect, with a whole paper that states what is given."""
    key = item(call(on=MET), 1, title="Care at home", **MONEY)
    paper(key, cost_pence=50_000_000, submitted_at=minute("09:00", EARLY), **more)
    return key


def decided(key: str) -> models.Decision:
    meeting = models.AgendaItem.objects.get(pk=key).meeting_id
    arrive(meeting, *EVERYBODY, on=MET)
    assert open_(key, "10:05", MET) == ("approve", ())
    vote(key, "10:20", MET, ada="for", ben="for", cat="for", dan="for", eve="for", fay="against")
    return close(key, "10:30", MET, dissents={"fay": "It is too early."})  # type: ignore[no-any-return]


# --- before the vote


def test_nobody_votes_on_money_whose_effect_nobody_states() -> None:
    key = asked()
    arrive(models.AgendaItem.objects.get(pk=key).meeting_id, *EVERYBODY, on=MET)
    assert open_(key, "10:05", MET) == ("discuss", ("expected_effect",))
    with pytest.raises(VoteRefused, match="states no expected effect: measure, size, by when, for whom"):
        vote(key, "10:20", MET, ada="for")
    with pytest.raises(RuleError, match="lacks expected_effect"):
        close(key, "10:30", MET)


def test_the_paper_states_it_and_a_later_statement_takes_its_place_until_the_decision() -> None:
    key = asked(expects=[MORE])
    second = {**MORE, "size": "10% fewer"}
    submit = grant("governance.submit")
    assert expecting.state_effects(submit, key, second)[0].amount == 10
    expecting.state_effects(submit, key, second)  # the same again changes nothing
    assert [(one.statement, one.size) for one in models.Expectation.objects.filter(item=key).order_by("pk")] == [
        (1, "5% fewer"), (2, "10% fewer"),
    ]  # fmt: skip
    decision = decided(key)
    assert [one.size for one in effects_of(decision)] == ["10% fewer"]
    with pytest.raises(RuleError, match="is not stated afterwards"):
        expecting.state_effects(submit, key, MORE)
    with transaction.atomic(), pytest.raises(DatabaseError, match="only grows"):
        models.Expectation.objects.update(size="50% fewer")


def test_an_effect_is_on_a_measure_that_is_collected_and_an_area_that_has_figures() -> None:
    key, submit = asked(), grant("governance.submit")
    with pytest.raises(NotFound, match="Did you mean 'emergency-admissions'"):
        expecting.state_effects(submit, key, {**MORE, "measure": "emergency-admission"})
    with pytest.raises(RuleError, match="is not collected, so that nobody could see"):
        expecting.state_effects(submit, key, {**MORE, "measure": "early-cancer"})
    with pytest.raises(NotFound, match="There is no area 'PX'"):
        expecting.state_effects(submit, key, {**MORE, "area": "PX"})
    assert not models.Expectation.objects.filter(item=key).exists()


# --- citations


def test_a_measure_is_cited_with_the_value_that_the_measures_show() -> None:
    known = now().known_at
    [said] = cited([("measure", "emergency-admissions|PA|2026-10")], known)
    assert (said["month"], said["place"], said["title"]) == ("2026-10", "Alder", "Emergency admissions")
    assert said["snapshot"] == "2026-10-31-drawn0000000"
    assert (said["denominator"], said["numerator"] % 5) == (10_000, 0)
    assert float(said["value"]) == pytest.approx(1000 * said["numerator"] / said["denominator"], abs=1e-5)
    assert float(said["lower"]) < float(said["value"]) < float(said["upper"])
    [latest] = cited([("measure", "emergency-admissions")], known)
    assert (latest["area"], latest["month"]) == ("QM7", "2026-10")


def test_what_is_suppressed_is_cited_as_suppressed() -> None:
    [said] = cited([("measure", "high-blood-pressure|NA1|2026-10")], now().known_at)
    assert (said["value"], said["numerator"], said["lower"], said["status"]) == (None, None, None, "suppressed")
    [shown] = cited_shown([said], now().known_at)
    assert "suppressed, Alder 1, October 2026" in shown.then


def test_only_months_that_were_over_were_known_and_later_figures_say_so() -> None:
    [said] = cited([("measure", "emergency-admissions|PA")], minute("12:00", date(2025, 6, 15)))
    assert (said["month"], said["made_later"]) == ("2025-05", True)
    with pytest.raises(NotFound, match="in June 2025 was known then"):
        cited([("measure", "emergency-admissions|PA|2025-06")], minute("12:00", date(2025, 6, 15)))
    with pytest.raises(RuleError, match="'soon' is no month"):
        cited([("measure", "emergency-admissions|PA|soon")], now().known_at)


def test_what_a_thing_says_today_stands_beside_it_only_where_it_differs() -> None:
    known = now().known_at
    [said] = cited([("measure", "emergency-admissions|PA|2026-10")], known)
    assert today_differs(said, known) is None
    then = said | {"value": "1", "shown": "1.0"}
    today = today_differs(then, known)
    assert today is not None
    assert today["value"] == said["value"]
    [shown] = cited_shown([then], known)
    assert shown.then.startswith("1.0 for 1,000 people")
    assert shown.today.startswith(said["shown"])
    assert cited_shown([said], known)[0].today == ""


def test_an_allocation_is_cited_by_year_system_place_and_pot() -> None:
    with pytest.raises(RuleError, match=r"expected year\|system\|place\|pence of the pot"):
        cited([("allocation", "2022/23|QM7")], now().known_at)
    with pytest.raises(NotFound, match="No weighted populations of 2022/23 are kept"):
        cited([("allocation", "2022/23|QM7|06K|1000")], now().known_at)
    with pytest.raises(NotFound, match="no budget line 'none'"):
        cited([("budget_line", "none")], now().known_at)


# --- afterwards


def test_from_a_decision_to_what_became_of_what_was_expected() -> None:
    decision = decided(asked(expects=[{**MORE, "extreme": True, "why": "the highest of the places"}]))
    [found] = judged(decision, now().known_at)
    assert (found.place, found.compared_with) == ("Alder", "the other places of the system")
    outcome = found.outcome
    assert outcome is not None
    # 13 months from November 2024 to November 2025, then January to September 2026; PA jumps in September.
    assert (outcome.measured.before, outcome.measured.after) == (13, 9)
    assert outcome.verdict == "moved"
    assert "the other way" in outcome.why[0]
    assert "regression to the mean" in outcome.regression
    assert outcome.comparator is not None
    assert len(found.comparator) == 24


def test_the_whole_system_has_no_comparator_and_that_is_said() -> None:
    [found] = judged(decided(asked(expects=[{**MORE, "area": ""}])), now().known_at)
    assert found.outcome is not None
    assert found.comparator == ()
    assert "There is no comparator" in found.outcome.why[-1]


@pytest.fixture
def member(boards_people: None) -> Client:
    client = Client()
    assert client.post("/access/demo/", {"role": "board_secretary"}).status_code == 302
    return client


@pytest.fixture
def boards_people() -> None:
    from joinedup.access.demo import demo_users

    demo_users()


def words_of(response: Any) -> str:
    words = " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
    assert response.status_code == 200, words
    return words


def test_the_page_marks_the_decision_and_never_says_that_it_worked(member: Client) -> None:
    decision = decided(asked(expects=[MORE], cites=[("measure", "emergency-admissions|PA|2025-09")]))
    page = member.get(f"/governance/decisions/{decision.reference}/")
    words = words_of(page)
    assert f"/governance/decisions/{decision.reference}/outcome/" in page.content.decode()
    assert "Expected: 5% fewer of emergency admissions by 30 September 2026, for people over 75" in words
    assert "Measure: Emergency admissions" in words
    assert "Quorum of this item" in words
    assert "It is too early." in words  # the dissent
    words = words_of(answer := member.get(f"/governance/decisions/{decision.reference}/outcome/"))
    assert "It moved, and the other way: decrease was expected" in words
    assert "decided" in answer.content.decode()
    assert "Change of the other places of the system" in words
    assert "£500,000.00" in words
    assert "worked" not in words


def test_where_nothing_was_expected_the_page_says_so(member: Client) -> None:
    key = item(call(on=MET), 1, function="resources", title="Terms of reference")
    paper(key, submitted_at=minute("09:00", EARLY))
    decision = decided(key)
    words = words_of(member.get(f"/governance/decisions/{decision.reference}/outcome/"))
    assert "Nothing was stated that it was expected to do" in words
    assert "No pound, plan line or promise hangs on it" in words


def test_from_a_pound_one_click_reaches_the_decision(member: Client) -> None:
    decision = decided(asked(expects=[MORE]))
    client = Client()
    assert client.post("/access/demo/", {"role": "finance_lead"}).status_code == 302
    page = client.get(f"/money/authorities/{decision.reference}/")
    assert page.status_code == 200
    assert f'href="/governance/decisions/{decision.reference}/"' in page.content.decode()


def test_an_urgent_decision_has_its_page_and_keeps_what_was_expected(member: Client) -> None:
    from joinedup.governance.acts import urgent

    decision = urgent.take_urgent_decision(
        grant("governance.preside"), "icb", text="Beds for the winter", reason="The winter came early",
        decided_at=minute("12:00", MET), expects=MORE, **MONEY,
    )  # fmt: skip
    assert [one.size for one in effects_of(decision)] == ["5% fewer"]
    words = words_of(member.get(f"/governance/decisions/{decision.reference}/"))
    assert "Decided by the chair and the leader." in words
    assert "Expected: 5% fewer of emergency admissions" in words
    assert "Beds for the winter" in words_of(member.get(f"/governance/decisions/{decision.reference}/outcome/"))
