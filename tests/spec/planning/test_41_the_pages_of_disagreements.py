"""Where plans disagree, how two people settle it, and signing: as pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.spec.planning.kept import OURS, SUBMIT, THEIRS, grant, handed_in
from tests.spec.planning.pages import a_system, signed_in, text_of
from tests.spec.planning.plans import activity

from joinedup.planning import document_kinds
from joinedup.planning.models import Comparison, Gap
from joinedup.planning.plans import kept_plans, signing

pytestmark = pytest.mark.django_db
YEAR = "2026/27"
DC = "Day case, Trauma and orthopaedics, April 2026"


@pytest.fixture(scope="module", autouse=True)
def _system(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with a_system(django_db_blocker):
        yield


@pytest.fixture(autouse=True)
def _house(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"


@pytest.fixture
def buyer() -> Client:
    return signed_in("planner")


@pytest.fixture
def hospital() -> Client:
    return signed_in("planner.provider")


@pytest.fixture
def gap(buyer: Client) -> int:
    """The day cases of April: 940 against 1,001, at £1,100."""
    handed_in(OURS)
    handed_in(THEIRS)
    assert "disagreements" in text_of(buyer.post(f"/planning/disagreements/compare/?year={YEAR}", follow=True))
    return Gap.objects.get(reason="outside").pk


def settle(buyer: Client, hospital: Client, number: int) -> None:
    propose = {"proposal": "explain", "reason": "A theatre opens in June", "expires_day": "31",
               "expires_month": "3", "expires_year": "2099"}  # fmt: skip
    address = f"/planning/disagreements/{number}/"
    assert buyer.post(f"{address}propose/", propose).status_code == 302
    assert hospital.post(f"{address}answer/", {"verdict": "accept"}).status_code == 302
    assert buyer.post(f"{address}close/").status_code == 302


def test_every_disagreement_is_shown_in_pounds_the_dearest_first(buyer: Client, gap: int) -> None:
    response = buyer.get("/planning/disagreements/", {"year": YEAR})
    said = text_of(response)
    assert f"{DC} 940 spells 1,001 spells £67,100.00" in said
    assert "In pounds £67,100.00" in said, "the year's total of the same gap is not counted twice"
    order = buyer.get("/planning/disagreements/", {"year": YEAR, "gaps-sort": "-pence"})
    assert order.status_code == 200
    file = b"".join(
        buyer.get("/planning/disagreements/", {"year": YEAR, "gaps-download": "csv"}).streaming_content
    ).decode()
    assert '"61 spells"' in file
    assert "67100.00" in file


# filter                      what is left
FILTERS = [
    ({"provider": "RWG"}, True),
    ({"provider": "RWH"}, False),
    ({"pod": "DC"}, True),
    ({"pod": "EL"}, False),
    ({"state": "open"}, True),
    ({"state": "closed"}, False),
    ({"state": "overdue"}, False),
    ({"owner": "QM7"}, True),
    ({"owner": "RWG"}, False),
    ({"kind": "workforce"}, False),
]


@pytest.mark.parametrize(("asked", "is_there"), FILTERS)
def test_disagreements_are_filtered(buyer: Client, gap: int, asked: dict[str, str], is_there: bool) -> None:
    said = text_of(buyer.get("/planning/disagreements/", {"year": YEAR, **asked}))
    assert (DC in said) == is_there
    assert ("In pounds £67,100.00" in said) == is_there


def test_an_overdue_one_is_said_to_be_so(buyer: Client, gap: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import date

    monkeypatch.setattr("joinedup.planning.triangulation.standing.is_late", lambda found, on: on > date(2000, 1, 1))
    said = text_of(buyer.get("/planning/disagreements/", {"year": YEAR, "state": "overdue"}))
    assert "Open, overdue" in said
    assert re.search(r"Overdue [1-9]", said)


def test_one_disagreement_shows_both_sides_tolerance_worth_and_who_must_resolve_it(buyer: Client, gap: int) -> None:
    said = text_of(buyer.get(f"/planning/disagreements/{gap}/"))
    for part in (
        "NHS Hertfordshire and West Essex Integrated Care Board plans 940 spells",
        "West Hertfordshire Teaching Hospitals NHS Trust plans 1,001 spells",
        "Apart by 61 spells",
        "May differ by 20.02 spells",
        "Worth £67,100.00",
        "Who must resolve it NHS Hertfordshire",
        "Propose how it is settled",
    ):
        assert part in said, part
    reader = text_of(signed_in("member").get(f"/planning/disagreements/{gap}/"))
    assert "What you can do" not in reader
    assert buyer.get("/planning/disagreements/0/").status_code == 404


def test_two_people_settle_it_and_its_history_tells(buyer: Client, hospital: Client, gap: int) -> None:
    address = f"/planning/disagreements/{gap}/"
    said = text_of(buyer.post(f"{address}propose/", {"proposal": "adjust_commissioner", "value_commissioner": "990"},
                              follow=True))  # fmt: skip
    assert "It is proposed." in said
    assert "new figure 990 spells" in said
    assert buyer.get(f"{address}answer/").status_code == 403, "whoever proposes does not answer"
    said = text_of(hospital.get(f"{address}answer/"))
    assert "Proposed: the commissioner changes its figure" in said
    rejected = {"verdict": "reject", "reason": "Our theatre plan says 1,001"}
    assert "open to another proposal" in text_of(hospital.post(f"{address}answer/", rejected, follow=True))
    both = {"proposal": "both", "value_commissioner": "1,000", "value_provider": "1000"}
    assert "The other side answers" in text_of(buyer.post(f"{address}propose/", both, follow=True))
    said = text_of(hospital.post(f"{address}answer/", {"verdict": "accept"}, follow=True))
    assert "A new version of the plan carries it and was compared at once." in said
    assert "version 2 of the commissioner's plan; version 2 of the provider's plan" in said
    assert "Closed" in said
    history = said.split("History", 1)[1]
    acts = ["Closed: done", " Accepted ", "both change", "Rejected", "commissioner changes", "Found"]
    assert [history.index(one) for one in acts] == sorted(history.index(one) for one in acts)


@pytest.mark.parametrize(
    ("given", "says", "box"),
    [
        ({}, "Choose how it is settled", "proposal"),
        ({"proposal": "adjust_provider", "value_provider": "many"}, "Enter the new figure of the provider, such as",
         "value_provider"),
        ({"proposal": "both", "value_commissioner": "1"}, "Enter the new figure of the provider", "value_provider"),
        ({"proposal": "adjust_provider", "value_provider": "1001"}, "says this figure already", "proposal"),
        ({"proposal": "adjust_provider", "value_provider": "-3"}, "only money may be below 0", "proposal"),
        ({"proposal": "explain", "reason": "no"}, "Say why, in at least 10 characters", "reason"),
        ({"proposal": "accept_gap", "reason": "We both can live with it"}, "Enter a day after today", "expires-day"),
        ({"proposal": "accept_gap", "reason": "We both can live with it", "expires_day": "31", "expires_month": "2",
          "expires_year": "2027"}, "must be a real date", "expires-day"),
    ],
)  # fmt: skip
def test_a_proposal_that_lacks_something_says_so_at_its_field(
    buyer: Client, gap: int, given: dict[str, str], says: str, box: str
) -> None:
    response = buyer.post(f"/planning/disagreements/{gap}/propose/", given)
    assert response.status_code == 422
    assert says in text_of(response)
    page = response.content.decode()
    assert f'href="#{box}"' in page
    assert f'id="{box}"' in page
    assert Gap.objects.get(pk=gap).steps.count() == 0


def test_a_version_that_a_settlement_made_says_so(buyer: Client, hospital: Client, gap: int) -> None:
    address = f"/planning/disagreements/{gap}/"
    buyer.post(f"{address}propose/", {"proposal": "adjust_provider", "value_provider": "950"})
    hospital.post(f"{address}answer/", {"verdict": "accept"})
    newest = kept_plans.latest("RWG", "provider", YEAR)
    page = buyer.get(f"/planning/plans/{newest.pk}/")
    assert f"Made by the settlement of disagreement {gap}, which both sides accepted" in text_of(page)
    assert f'href="{address}"' in page.content.decode()
    assert "950" in text_of(page)


def test_whoever_works_elsewhere_settles_nothing(gap: int) -> None:
    from joinedup.access import place_demo_users
    from joinedup.system.lookup import id_of

    elsewhere = id_of("RWH")
    assert elsewhere
    place_demo_users({"planner.provider": [elsewhere]})
    other = signed_in("planner.provider")
    assert other.post(f"/planning/disagreements/{gap}/propose/", {"proposal": "explain"}).status_code == 403
    assert "What you can do" not in text_of(other.get(f"/planning/disagreements/{gap}/")).replace(
        "Decide it for the system", ""
    )


def test_it_is_assigned_escalated_and_decided(buyer: Client, gap: int) -> None:
    address = f"/planning/disagreements/{gap}/"
    past = {"owner": "RWG", "due_day": "1", "due_month": "1", "due_year": "2020"}
    assert "must not be in the past" in text_of(buyer.post(f"{address}assign/", past))
    said = text_of(buyer.post(f"{address}assign/", past | {"due_year": "2099"}, follow=True))
    assert "Who must resolve it West Hertfordshire" in said
    assert "By 1 January 2099" in said
    assert "Say why the two sides" in text_of(buyer.post(f"{address}escalate/", {"reason": ""}))
    reason = {"reason": "Neither side moves any more"}
    assert "The system decides" in text_of(buyer.post(f"{address}escalate/", reason, follow=True))
    assert "Enter the reference" in text_of(buyer.post(f"{address}decide/", reason))
    said = text_of(buyer.post(f"{address}decide/", reason | {"decision": "B-2026-14"}, follow=True))
    assert "decision B-2026-14" in said


def test_signing_waits_for_every_gap_and_both_sign_the_same(buyer: Client, hospital: Client, gap: int) -> None:
    comparison = Comparison.objects.get()
    address = f"/planning/sign-off/{comparison.pk}/"
    said = text_of(buyer.get(address))
    assert "What stands in the way" in said
    assert DC in said
    assert "Sign for" not in said
    before = fingerprint(buyer.get(address))
    wrong = buyer.post(f"{address}sign/", {"body": "QM7", "fingerprint": before})
    assert wrong.status_code == 422
    assert "This cannot be signed yet" in text_of(wrong)
    for one in Gap.objects.values_list("pk", flat=True):
        settle(buyer, hospital, one)
    assert "Something changed" in text_of(buyer.post(f"{address}sign/", {"body": "QM7", "fingerprint": before}))
    waive_all(buyer, address)
    said = text_of(buyer.get(address))
    assert "What stands in the way" in said
    assert "Development plan : the section “Leadership agreed by all partners" in said.replace("plan:", "plan :")
    assert "the final was due on 21 September 2020, and nothing is sent" in said
    blocked = text_of(buyer.post(f"{address}sign/", {"body": "QM7", "fingerprint": fingerprint(buyer.get(address))}))
    assert "the section 'Implementation plan: Milestones, owners and dates' is empty" in blocked
    assert "the deadline Development plan, external final (due on 2020-09-21, nothing sent) was missed" in blocked
    write_documents()
    said = text_of(buyer.get(address))
    assert "Nothing stands in the way" in said
    assert "the final was sent late, after 21 September 2020; that stands in nobody's way" in said
    assert "Handed in late" in said
    now = fingerprint(buyer.get(address))
    assert hospital.post(f"{address}sign/", {"body": "QM7", "fingerprint": now}).status_code == 403
    assert buyer.post(f"{address}sign/", {"body": "QM7", "fingerprint": now}).status_code == 302
    assert "Sign for the system" not in text_of(buyer.get(address)), "the system signs last"
    assert hospital.post(f"{address}sign/", {"body": "RWG", "fingerprint": now}).status_code == 302
    assert "Sign for the system" in text_of(buyer.get(address))
    last = {"body": "QM7", "as": "system", "fingerprint": now}
    assert "It is signed." in text_of(buyer.post(f"{address}sign/", last, follow=True))
    assert {one.reconciliation for one in comparison.signatures.all()} == {now}
    assert kept_plans.state_of(comparison.provider_version) == "signed"
    assert "Signed Signed Signed" in text_of(buyer.get("/planning/sign-off/", {"year": YEAR}))


def write_documents() -> None:
    for kind in document_kinds().values():
        for section in kind.sections:
            signing.write_document(grant(SUBMIT), kind.key, "QM7", "section", section.key, text="As agreed.")
        signing.write_document(grant(SUBMIT), kind.key, "QM7", "sent", "final")


def test_a_share_of_a_providers_patients_that_is_not_plausible_is_warned_of(
    buyer: Client, gap: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = text_of(buyer.get("/planning/disagreements/", {"year": YEAR}))
    assert "Shares of a provider's patients" not in said
    own = tmp_path / "own.toml"
    own.write_text(
        '[[parameter]]\nid = "pairing.share:QM7:RWG"\nvalue = 0.7\nunit = "share"\nvalid_from = 2026-04-01\n'
        'status = "adopted"\nsource = "test"\ndecided_by = "test"\n'
    )
    monkeypatch.setattr("joinedup.planning.system_parameters.FILE", own)
    expected = (
        "West Hertfordshire Teaching Hospitals NHS Trust: the commissioner plans 1,120 of the 1,177 spells that it "
        "plans for everyone, 95.2%. 70.0% of its patients live here, which would be 824."
    )
    for address in ("/planning/disagreements/", f"/planning/sign-off/{Comparison.objects.get().pk}/"):
        assert expected in text_of(buyer.get(address, {"year": YEAR})), address


def fingerprint(response: Any) -> str:
    found = re.search(r"<code[^>]*>([0-9a-f]{64})</code>", response.content.decode())
    assert found
    return found[1]


def waive_all(buyer: Client, address: str) -> None:
    assert "Choose the check" in text_of(buyer.post(f"{address}waive/", {}))
    while (page := buyer.get(f"{address}waive/")).status_code == 200:
        check = re.search(r'name="check"[^>]*value="([^"]+)"', page.content.decode())
        assert check
        given = {"check": check[1], "reason": "The plan of last year is on paper"}
        assert buyer.post(f"{address}waive/", given).status_code == 302
    assert page.status_code == 404


def test_what_is_compared_again_keeps_what_was_settled(buyer: Client, hospital: Client, gap: int) -> None:
    settle(buyer, hospital, gap)
    buyer.post(f"/planning/disagreements/compare/?year={YEAR}")
    assert kept_plans.standing(Gap.objects.get(pk=gap)).state == "closed"
    more = replace(THEIRS, lines=(*THEIRS.lines, activity("110", "DC", "2026-05", 900)))
    handed_in(more)
    buyer.post(f"/planning/disagreements/compare/?year={YEAR}")
    assert "Only the provider plans it" in text_of(
        buyer.get(f"/planning/disagreements/{Gap.objects.get(reason='provider only').pk}/")
    )


def test_the_start_counts_what_is_open(buyer: Client, gap: int) -> None:
    said = text_of(buyer.get("/planning/", {"year": YEAR}))
    assert "2 plans are here" in said
    assert "worth £67,100.00" in said
    assert "0 of 1 pairs of plans are signed by all" in said
