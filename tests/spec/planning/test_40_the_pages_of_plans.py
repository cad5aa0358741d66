"""Who has sent a plan, templates out and in, and the plans that a system owes: as pages."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.spec.planning.kept import OURS, SUBMIT, THEIRS, grant, handed_in
from tests.spec.planning.pages import RWG, a_system, signed_in, text_of
from tests.spec.planning.plans import activity, price, provider

from joinedup.planning import plan_csv, plan_workbook, services
from joinedup.planning.models import DocumentEntry, Version
from joinedup.planning.plans.plan_lines import months_of
from joinedup.planning.plans.system_codes import codes_for

pytestmark = pytest.mark.django_db
YEAR = "2026/27"
A_YEAR = provider(*(activity("110", "DC", month, 1001) for month in months_of(YEAR)), price("110", "DC", 1100))


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


def upload(content: bytes, name: str = "plan.xlsx", **more: str) -> dict[str, Any]:
    return {"owner": RWG, "file": SimpleUploadedFile(name, content), **more}


# --- the way in ----------------------------------------------------------------------------------------------------


def test_without_plans_each_page_says_the_next_step(buyer: Client) -> None:
    assert "Nobody has handed in a plan for 2026/27" in text_of(buyer.get("/planning/", {"year": YEAR}))
    assert "Nobody has handed in a plan" in text_of(buyer.get("/planning/plans/", {"year": YEAR}))
    assert "must have submitted their plans" in text_of(buyer.get("/planning/disagreements/", {"year": YEAR}))
    assert "No plans of 2026/27 were compared yet" in text_of(buyer.get("/planning/sign-off/", {"year": YEAR}))
    assert buyer.get("/planning/", {"year": "2026/28"}).status_code == 422


def test_plans_are_listed_with_version_state_and_lateness(buyer: Client) -> None:
    handed_in(OURS)
    services.store_plan(grant(SUBMIT), THEIRS)
    said = text_of(buyer.get("/planning/plans/", {"year": YEAR}))
    assert "final on 12 February 2026" in said
    assert re.search(r"Integrated Care Board Commissioner 1 Submitted 3 \d+ \w+ \d{4}[^A-Z]* Late", said)
    assert "West Hertfordshire Teaching Hospitals NHS Trust Provider 1 Draft 3 Not sent, overdue" in said
    assert "No deadline is set for 2031/32" in text_of(buyer.get("/planning/plans/", {"year": "2031/32"}))


# --- templates -----------------------------------------------------------------------------------------------------


def test_a_template_is_taken_as_a_workbook_or_as_a_csv(buyer: Client) -> None:
    import openpyxl

    asked = {"owner": RWG, "side": "provider", "year": YEAR}
    assert "Take a plan template" in text_of(buyer.get("/planning/plans/template/", {"year": YEAR}))
    taken = buyer.get("/planning/plans/template/", asked | {"form": "xlsx"})
    assert taken["Content-Disposition"] == 'attachment; filename="plan-RWG-provider-2026-27.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(taken.content))
    assert book["About"]["B3"].value == RWG
    handed_in(THEIRS)
    filled = buyer.get("/planning/plans/template/", asked | {"form": "csv", "filled": "yes"})
    assert filled.content.decode("utf-8-sig") == plan_csv(RWG, "provider", YEAR, THEIRS.lines)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"side": "provider"}, "Choose the body whose plan it is"),
        ({"owner": RWG}, "Choose as what the body plans"),
        ({"owner": RWG, "side": "commissioner"}, "RWG is no commissioner in 2026/27"),
        ({"owner": RWG, "side": "provider", "form": "pdf"}, "Choose Excel or CSV"),
    ],
)
def test_a_template_of_nothing_says_what_to_choose(buyer: Client, asked: dict[str, str], says: str) -> None:
    response = buyer.get("/planning/plans/template/", {"form": "xlsx", "year": YEAR} | asked)
    assert response.status_code == 400
    assert says in text_of(response)
    assert "There is a problem" in text_of(response)


# --- handing in ----------------------------------------------------------------------------------------------------


def test_a_filled_template_is_taken_in_as_a_draft_then_submitted(hospital: Client, buyer: Client) -> None:
    content = plan_workbook(RWG, "provider", YEAR, codes_for(YEAR), A_YEAR.lines)
    response = hospital.post("/planning/plans/hand-in/", upload(content), follow=True)
    said = text_of(response)
    assert "It is taken in as a draft" in said
    assert "Trauma and orthopaedics" in said
    assert "1,001" in said
    version = Version.objects.get()
    assert version.content_hash == A_YEAR.content_hash
    assert "who submits it" in text_of(buyer.get(f"/planning/plans/{version.pk}/"))
    assert buyer.post(f"/planning/plans/{version.pk}/submit/").status_code == 403, "another body's plan"
    said = text_of(hospital.post(f"/planning/plans/{version.pk}/submit/", follow=True))
    assert "It is submitted." in said
    assert "Submit it to all partners" not in said


def test_every_cell_that_is_wrong_is_named_and_nothing_is_taken_in(hospital: Client) -> None:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(plan_workbook(RWG, "provider", YEAR, codes_for(YEAR), A_YEAR.lines)))
    sheet = book["Activity"]
    sheet["G2"] = "many"
    sheet["H2"] = "=1+1"
    kept = io.BytesIO()
    book.save(kept)
    response = hospital.post("/planning/plans/hand-in/", upload(kept.getvalue()))
    assert response.status_code == 422
    said = text_of(response)
    assert "Sheet Activity, cell G2: found the text 'many', expected a number" in said
    assert "Sheet Activity, cell H2: found the formula" in said
    assert "Cells that cannot be read" in said
    assert "Nothing of the file was taken in" in said
    assert not Version.objects.exists()
    page = response.content.decode()
    assert page.count('href="#cells"') == 2
    assert 'id="cells"' in page


@pytest.mark.parametrize(
    ("given", "says", "box"),
    [
        ({"owner": RWG}, "no file was chosen", "#file"),
        (upload(b"not a workbook at all"), "", "#file"),
        (upload(b"a,b\r\n1,2\r\n", "plan.csv"), "", "#"),
        ({"owner": "QM7", "file": SimpleUploadedFile("plan.csv", b"")}, "body whose plan it is", "#owner"),
    ],
)
def test_a_file_that_is_none_is_refused_at_its_field(
    hospital: Client, given: dict[str, Any], says: str, box: str
) -> None:
    for one in given.values():
        if hasattr(one, "seek"):
            one.seek(0)
    response = hospital.post("/planning/plans/hand-in/", given)
    assert response.status_code == 422
    assert says in text_of(response)
    assert f'href="{box}' in response.content.decode()
    assert not Version.objects.exists()


def test_a_version_shows_its_lines_by_kind_and_as_a_file(buyer: Client) -> None:
    version = handed_in(THEIRS)
    address = f"/planning/plans/{version.pk}/"
    assert "£" not in text_of(buyer.get(address, {"kind": "activity"})).split("Lines", 1)[1]
    assert "1,100.00" in text_of(buyer.get(address, {"kind": "finance"}))
    assert buyer.get(address, {"kind": "poems"}).status_code == 404
    assert buyer.get("/planning/plans/0/").status_code == 404
    file = b"".join(buyer.get(address, {"lines-download": "csv"}).streaming_content).decode()
    assert '"RWG"' in file
    assert "1001" in file


def test_a_plan_of_twelve_months_has_its_year(buyer: Client) -> None:
    assert "12,012" in text_of(buyer.get(f"/planning/plans/{handed_in(A_YEAR).pk}/"))


# --- the plans that a system owes -----------------------------------------------------------------------------------


def test_what_a_development_plan_lacks_is_said_with_its_deadlines(buyer: Client) -> None:
    said = text_of(buyer.get("/planning/documents/"))
    assert "Development plan 0 of 6 21 September 2020" in said
    said = text_of(buyer.get("/planning/documents/development/"))
    assert "The external draft is not sent; due on 1 September 2020" in said
    assert "Final, external, due on 21 September 2020: not sent Late" in said
    assert "'Governance" not in said
    assert "Streamlined commissioning: one approach across the system' is empty director of commissioning" in said
    assert buyer.get("/planning/documents/poem/").status_code == 404


def test_a_section_is_written_and_what_was_sent_is_told(buyer: Client) -> None:
    address = "/planning/documents/development/governance/"
    response = buyer.post(address, {"text": " ", "owner": ""})
    assert response.status_code == 422
    assert "Write the section" in text_of(response)
    assert "Name the post" in text_of(response)
    said = text_of(buyer.post(address, {"text": "One board.\r\n\r\nIt meets in public.", "owner": "secretary"},
                              follow=True))  # fmt: skip
    assert "It meets in public." in said
    assert "Owner: secretary" in said
    said = text_of(buyer.post("/planning/documents/development/tell/", {"sent": "final"}, follow=True))
    assert "The external final was sent late; due on 21 September 2020" in said
    said = text_of(buyer.post("/planning/documents/development/tell/", {"adoption": "QM7"}, follow=True))
    assert "Adopted by NHS Hertfordshire" in said
    assert buyer.post("/planning/documents/development/tell/", {"approval": "my cat"}).status_code == 422
    assert DocumentEntry.objects.count() == 3
    assert buyer.get("/planning/documents/development/poems/").status_code == 404
