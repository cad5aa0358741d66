"""Two years of the demo's boards, as their acts left them: what a visitor of the simulated system finds.

Days are counted from today; a meeting is found by its board and how many weeks ago it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def played(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """The simulated system with its demo users, and the boards of two years in it; undone after the chapter."""
    from joinedup.access import demo_users, service_grant
    from joinedup.demo_boards import play
    from joinedup.system import services

    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        services.load_system(services.system_file("hwe"), service_grant("demo", "load a system", "the reader"))
        yield play()
        transaction.set_rollback(True)


def friday(weeks: int) -> date:
    """Answer the Friday of a week so many weeks ago, as the script counts."""
    from joinedup.moment import now

    today = now().valid_on
    return today - timedelta(days=today.weekday()) - timedelta(weeks=weeks) + timedelta(days=4)


def page(path: str, role: str = "") -> str:
    """Answer what a page says: to a demo user of a role, or to somebody without a sign-in."""
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    if role:
        client.post("/access/demo/", {"role": role})
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def decision(key: str) -> Any:
    from joinedup.governance.kept.decisions import decision_of

    return decision_of(key)


def outcome(key: str) -> str | None:
    from joinedup.governance.kept.decisions import outcome_of
    from joinedup.moment import now

    return outcome_of(decision(key), now())


def test_six_boards_sit_twelve_times_one_of_them_today_and_two_to_come(played: dict[str, Any]) -> None:
    from joinedup.governance import models
    from joinedup.moment import LONDON, now

    assert played == {"boards": 6, "people": 27, "meetings": 12}
    today = now().valid_on
    days = sorted(one.starts_at.astimezone(LONDON).date() for one in models.Meeting.objects.all())
    assert [sum(one < today for one in days), days.count(today), sum(one > today for one in days)] == [9, 1, 2]
    assert today - days[0] > timedelta(days=700)


def test_todays_meeting_has_begun_at_whatever_hour_the_demo_is_made(played: dict[str, Any]) -> None:
    from joinedup.governance.kept.meetings import meeting_of
    from joinedup.moment import now

    assert meeting_of(f"hwe-board-{now().valid_on}").starts_at <= now().known_at


@pytest.mark.parametrize(("board", "bodies", "kinds"), [
    ("hwe-mental-health", ["QM7", "RWR", "606"], ["mental_health", "clinical", "vcse", "patient"]),
    ("hwe-providers", ["RWG", "RWH", "RQW", "RWR", "RY4"], ["chair", "partner_trust", "clinical"]),
])  # fmt: skip
def test_a_joint_committee_has_its_bodies_and_required_kinds(
    played: dict[str, Any], board: str, bodies: list[str], kinds: list[str]
) -> None:
    from joinedup.governance.kept.boards import board_of, terms_on
    from joinedup.moment import now

    assert board_of(board).joint_of == bodies
    assert {one["category"] for one in terms_on(board, now()).composition} >= set(kinds)


def test_a_place_is_one_penny_over_and_the_partnership_board_decides(played: dict[str, Any]) -> None:
    place, board = f"hwe-place-south-west-{friday(22)}-2", f"hwe-board-{friday(14)}-1"
    referred = decision(place)
    assert (referred.outcome, referred.amount_pence) == ("referred", 25_000_001)
    assert referred.reasons[-1] == "referred to hwe-board"
    assert "£250,000.01" in page(f"/open/decisions/{place}/")
    assert (outcome(board), decision(board).amount_pence) == ("carried", 25_000_001)
    assert decision(board).tier_reason == "One penny above what the place may decide"
    from joinedup.governance import models

    assert not models.GivenAuthority.objects.filter(decision=place).exists()
    assert models.GivenAuthority.objects.get(decision=board).authority == board


def test_a_conflict_breaks_the_quorum_and_the_item_is_taken_again_by_the_vice_chair(played: dict[str, Any]) -> None:
    first, again = f"hwe-board-{friday(6)}-2", f"hwe-board-{friday(2)}-1"
    assert decision(first).outcome == "deferred"
    assert decision(first).quorum_snapshot["says"] == "Not quorate: 6 of 7 needed, 2 with a conflict not counted."
    assert outcome(again) == "carried"
    assert decision(again).votes_snapshot["presiding"] == "hwe-member"
    assert len(decision(again).conflicts_snapshot) == 3
    assert "6 of 7 needed" in page(f"/governance/decisions/{first}/", "chair")


def test_an_urgent_decision_is_ratified_by_the_next_meeting(played: dict[str, Any]) -> None:
    from joinedup.governance import models

    ratified = models.Ratification.objects.get()
    assert ratified.decision.method == "urgent"
    assert (ratified.is_ratified, ratified.meeting_id) == (True, f"hwe-board-{friday(6)}")


def test_three_bodies_adopt_with_a_dissent_minuted(played: dict[str, Any]) -> None:
    key = f"hwe-mental-health-{friday(92)}-1"
    assert (decision(key).method, outcome(key)) == ("consensus", "carried")
    assert [one.person for one in decision(key).dissents.all()] == ["hwe-mhld-expert"]
    assert "A month with two numbers" in page(f"/governance/decisions/{key}/", "chair")


def test_one_trust_declines_and_its_later_word_is_too_late(played: dict[str, Any]) -> None:
    from joinedup.governance.kept.decisions import adoption_of
    from joinedup.moment import now

    key = f"hwe-providers-{friday(64)}-1"
    adopted = adoption_of(decision(key), now())
    assert adopted is not None
    assert (adopted.outcome, adopted.unbound) == ("carried_for_adopters", ("RWH",))
    assert adopted.bound == ("RQW", "RWG", "RWR", "RY4")


def test_the_pot_has_its_authority_by_the_decision(played: dict[str, Any]) -> None:
    from joinedup.governance import models

    key = f"hwe-board-{friday(34)}-1"
    assert outcome(key) == "carried"
    assert models.GivenAuthority.objects.filter(decision=key).count() == 1


def test_a_decision_states_its_effect_and_a_later_meeting_reads_what_became_of_it(played: dict[str, Any]) -> None:
    key = f"hwe-place-south-west-{friday(78)}-1"
    assert decision(key).item.expects["measure"] == "falls-admissions-65"
    review = decision(f"hwe-place-south-west-{friday(22)}-2").item.meeting.items.get(number=1)
    cites = review.paper_versions.get().cites
    assert {(one["kind"], one["id"]) for one in cites} >= {("decision", key), ("measure", "falls-admissions-65")}


def test_a_late_paper_says_why_and_how_late(played: dict[str, Any]) -> None:
    late = decision(f"hwe-board-{friday(6)}-2").item.paper_versions.get()
    assert (late.days_late, late.number) == (2, 1)
    assert late.late_reason.startswith("One trust's figures came late")


def test_a_private_item_stays_private(played: dict[str, Any]) -> None:
    said = page(f"/open/meetings/hwe-board-{friday(2)}/")
    assert "Private item" in said
    assert "Settlement of a claim" not in said + page("/open/decisions/")


def test_an_overdue_action_reaches_todays_agenda_and_minutes_wait_there(played: dict[str, Any]) -> None:
    from joinedup.governance import agenda_of
    from joinedup.moment import now

    found = agenda_of(f"hwe-board-{now().valid_on}", now())
    assert [one.text for one in found.overdue] == ["Staff for thirty beds are found"]
    assert list(found.minutes_of) == [f"hwe-board-{friday(2)}"]


def test_minutes_are_approved_at_the_next_meeting_of_their_board(played: dict[str, Any]) -> None:
    from joinedup.governance import models

    approved = models.MinutesVersion.objects.filter(approved_at__isnull=False)
    assert {(one.meeting_id, one.approved_at_id) for one in approved} == {
        (f"{board}-{friday(weeks)}", f"{board}-{friday(later)}")
        for board, weeks, later in (
            ("hwe-board", 104, 34), ("hwe-place-south-west", 78, 22), ("hwe-board", 34, 14), ("hwe-board", 14, 6),
            ("hwe-board", 6, 2),
        )
    }  # fmt: skip


def test_a_corrected_minute_leaves_the_quorum_as_it_was_known(played: dict[str, Any]) -> None:
    from joinedup.governance import quorum_views

    views = quorum_views(f"hwe-board-{friday(6)}-1")
    assert (views.as_known.count, views.corrected.count) == (8, 7)
    assert views.differs
    before = quorum_views(f"hwe-board-{friday(6)}-1", decision(f"hwe-board-{friday(6)}-1").at)
    assert (before.corrected.count, before.corrections) == (8, ())


def test_scrutiny_the_health_board_and_healthwatch_were_asked_and_answered(played: dict[str, Any]) -> None:
    from joinedup.governance import models

    kinds = models.Referral.objects.order_by("pk").values_list("to_kind", flat=True)
    assert sorted(kinds) == ["healthwatch", "hwb", "scrutiny_committee"]
    for one in models.Referral.objects.all():
        assert one.replies.filter(kind="answered", on__lte=one.answer_by).count() == 1


def test_a_risk_comes_down_on_evidence_and_an_objective_has_none(played: dict[str, Any]) -> None:
    from joinedup.governance import models

    scores = models.RiskScore.objects.filter(risk="winter").order_by("pk")
    assert [one.current_likelihood * one.current_consequence for one in scores] == [20, 16]
    assert "The system has the staff it needs" in page("/governance/risks/", "chair")


def test_who_has_no_interest_has_said_so(played: dict[str, Any]) -> None:
    from joinedup.governance import models

    nil = set(models.RegisterConfirmed.objects.filter(is_nil=True).values_list("person", flat=True))
    assert {"hwe-finance", "hwe-nursing", "hwe-mhld-expert"} <= nil
    assert not nil & {"hwe-acute", "hwe-gp"}


def test_everything_is_known_since_its_own_day(played: dict[str, Any]) -> None:
    from joinedup.governance import models
    from joinedup.moment import LONDON

    for one in models.Decision.objects.all():
        assert one.at.astimezone(LONDON).date() == one.decided_at.astimezone(LONDON).date(), one.pk


def test_each_paper_reads_as_its_own_and_none_holds_a_place_to_fill_in(played: dict[str, Any]) -> None:
    from joinedup.governance import models

    versions = list(models.PaperVersion.objects.all())
    assert len(versions) == len({one.content_hash for one in versions}) == 19
    assert not [one.pk for one in versions if "{" in one.text or len(one.text) < 150]
