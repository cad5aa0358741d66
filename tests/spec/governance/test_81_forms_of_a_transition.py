"""The forms of whoever leads a transition, of human resources and of a member of staff: valid, refused, wrong role."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from joinedup.access.demo import demo_users
from joinedup.access.models import AuditEntry
from joinedup.errors import FileError, RuleError
from joinedup.governance import models
from joinedup.governance.acts import transition_cases, transition_staff
from joinedup.governance.transition.staff_file import CHOICES, COLUMNS, read_staff
from joinedup.governance.transition.staff_sheet import read_sheet, write_template
from joinedup.moment import now
from joinedup.system import PartialDate, services

from .sitting import grant, job
from .test_62_transition_pages import signed_in, text_of
from .three_groups import DAY, TRANSITION, as_csv, count_everybody, staff_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_groups")]
TRANSIT = "governance.transit"
ALL = "/governance/transitions/"
PAGE = f"{ALL}{TRANSITION}/"
ANSWER = "/governance/my-transfer/answer/"
STEP = {
    "code": "payroll", "title": "One payroll", "owner": "finance", "due_day": "31", "due_month": "5",
    "due_year": "2022", "disruption": "3", "value": "4",
}  # fmt: skip
APPLICATION = {
    "code": "to-merge", "title": "To merge", "kind": "merger", "precision": "day", "due_day": "30", "due_month": "9",
    "due_year": "2020", "effective_day": "1", "effective_month": "4", "effective_year": "2021", "adopting": "10A, 10b",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def people(three_groups: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        count_everybody()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def staffed() -> None:
    transition_staff.import_staff(grant(TRANSIT), TRANSITION, "s.csv", as_csv(staff_rows()), reason="the list of May")


def send(client: Client, path: str, given: Mapping[str, str], status: int = 302) -> str:
    """Fill a form, look at it, and confirm it; answers the page where that stops."""
    looked = client.post(path, given)
    if status != 302:
        assert looked.status_code == status, looked.content.decode()[-3000:]
        return " ".join(looked.content.decode().split())
    assert looked.status_code == 200, looked.content.decode()[-3000:]
    assert "Check what you are about to do" in looked.content.decode()
    done = client.post(path, {**given, "confirmed": "yes"})
    assert done.status_code == 302, done.content.decode()[-3000:]
    return text_of(client, done.headers["Location"])


def on(name: str, year: int, month: int, day: int) -> dict[str, str]:
    return {f"{name}_day": str(day), f"{name}_month": str(month), f"{name}_year": str(year)}


def test_a_transition_is_proposed_with_its_change_and_a_key_that_is_taken_is_refused() -> None:
    services.record_event(
        job(), "absorb", ["body-20a"], ["body-20b"], "approved", PartialDate(DAY), "the order of 2022", key="two-one"
    )
    client = signed_in("board_secretary")
    given = {
        "title": "Two into one", "code": "shire-two", "system": "shire", "proposal": "so that one answers",
        "event": "two-one", **on("proposed", 2021, 2, 1),
    }  # fmt: skip
    said = send(client, f"{ALL}propose/", given)
    assert "The transition is open" in said
    assert "Taken into another, 1 July 2022" in said
    assert "There is a transition with this key already" in send(client, f"{ALL}propose/", given, 422)
    assert "no key of a transition" in send(client, f"{ALL}propose/", {**given, "code": "Shire Two", "event": ""}, 422)
    assert "Choose which system" in send(client, f"{ALL}propose/", {**given, "code": "x", "system": "mars"}, 422)
    assert "must not be in the future" in send(
        client, f"{ALL}propose/", {**given, "code": "x", **on("proposed", now().valid_on.year + 1, 1, 1)}, 422
    )
    assert "governance.propose-transition" in "".join(AuditEntry.objects.values_list("body", flat=True))


def test_a_change_is_added_once() -> None:
    services.record_event(
        job(), "absorb", ["body-20a"], ["body-20b"], "approved", PartialDate(DAY), "the order of 2022", key="two-one"
    )
    client = signed_in("board_secretary")
    assert "Taken into another" in send(client, f"{PAGE}add-change/", {"event": "two-one"})
    assert "belongs to the transition" in send(client, f"{PAGE}add-change/", {"event": "two-one"}, 422)
    assert "No change &#39;nothing&#39;" in send(client, f"{PAGE}add-change/", {"event": "nothing"}, 422)


def test_an_application_is_added_sent_and_decided() -> None:
    client = signed_in("board_secretary")
    send(client, f"{PAGE}add-application/", APPLICATION)
    assert models.Application.objects.get(pk="to-merge").adopting == ["10A", "10B"]
    base = f"{PAGE}applications/to-merge/"
    decided = {"outcome": "approved_with_conditions", "by": "the region", **on("decided", 2020, 11, 26)}
    assert "on which conditions" in send(client, f"{base}decided/", decided, 422)
    assert "not sent yet" in send(client, f"{base}decided/", {**decided, "conditions": "a plan"}, 422)
    sent = {**on("sent", 2020, 10, 1), "at": "00:10", "evidence": "the receipt"}
    assert "still to come" in send(client, f"{base}sent/", {**sent, **on("sent", now().valid_on.year + 1, 1, 1)}, 422)
    assert "must be a time" in send(client, f"{base}sent/", {**sent, "at": "noon"}, 422)
    assert "Sent on 1 October 2020, 1 day late" in send(client, f"{base}sent/", sent)
    early = {**decided, "conditions": "a plan", **on("decided", 2020, 9, 1)}
    assert "before it was sent" in send(client, f"{base}decided/", early, 422)
    said = send(client, f"{base}decided/", {**decided, "conditions": "a plan for estates"})
    assert "Approved with conditions on 26 November 2020: a plan for estates" in said
    assert client.get(f"{PAGE}applications/nothing/sent/").status_code == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"title": ""}, "Say what the application is"),
        ({"kind": "wish"}, "Choose what it asks for"),
        ({"due_day": "31"}, "must be a real date"),
        ({"effective_year": "2019"}, "after it takes effect"),
        ({"adopting": "10A, 99Z"}, "There is no body with the code 99Z"),
    ],
    ids=["title", "kind", "a day that is none", "after its effect", "body"],
)
def test_an_application_that_is_wrong_says_so_by_its_field(change: dict[str, str], says: str) -> None:
    assert says in send(signed_in("board_secretary"), f"{PAGE}add-application/", {**APPLICATION, **change}, 422)
    assert not models.Application.objects.exists()


def test_a_step_is_written_and_done_with_what_shows_it() -> None:
    client = signed_in("board_secretary")
    assert "One payroll" in send(client, f"{PAGE}add-step/", STEP)
    assert "a step with this key already" in send(client, f"{PAGE}add-step/", STEP, 422)
    worse = {**STEP, "code": "signs", "disruption": "4", "value": "2"}
    assert "say why it is taken" in send(client, f"{PAGE}add-step/", worse, 422)
    assert "Choose a number from 1 to 5" in send(
        client, f"{PAGE}add-step/", {**STEP, "code": "x", "value": "many"}, 422
    )
    path, done = f"{PAGE}steps/payroll/", {**STEP, **on("finished", 2022, 5, 24)}
    assert 'value="One payroll"' in text_of(client, path)
    assert "Say what shows that it is done" in send(client, path, done, 422)
    future = {**done, "evidence": "the first payslips", **on("finished", now().valid_on.year + 1, 5, 24)}
    assert "still to come" in send(client, path, future, 422)
    said = send(client, path, {**done, "evidence": "the first payslips"})
    assert "the first payslips" in said
    assert "Done" in said
    assert client.get(f"{PAGE}steps/nothing/").status_code == 404


def test_a_count_is_recorded_of_a_body_of_the_transition() -> None:
    client = signed_in("board_secretary")
    given = {"what": "staff", "body": "10A", "number": "121", "source": "payroll"}
    send(client, f"{PAGE}count/", given)
    newest = models.TransitionCount.objects.order_by("-pk")[0]
    assert (newest.body, newest.number, newest.source) == ("10A", 121, "payroll")
    assert "Choose a body of this transition" in send(client, f"{PAGE}count/", {**given, "body": "QM7"}, 422)
    assert "must be a whole one" in send(client, f"{PAGE}count/", {**given, "number": "1.5"}, 422)
    assert "must be a number" in send(client, f"{PAGE}count/", {**given, "number": "some"}, 422)


def test_a_new_owner_is_named_for_all_or_for_one_piece() -> None:
    client = signed_in("board_secretary")
    said = send(client, f"{PAGE}new-owner/", {"body": "10A", "to": "20A", "reason": "the order"})
    assert "New owners of open work" in said
    piece = {"body": "10A", "to": "20B", "reason": "by its board", "room": "money", "kind": "contract", "work": "C-1"}
    assert "Money, contract, C-1" in send(client, f"{PAGE}new-owner/", piece)
    assert "closes by the same change" in send(client, f"{PAGE}new-owner/", {**piece, "to": "10B"}, 422)
    assert "Choose the room" in send(client, f"{PAGE}new-owner/", {**piece, "room": ""}, 422)
    assert "which kind of work" in send(client, f"{PAGE}new-owner/", {**piece, "kind": ""}, 422)
    assert 'value="contract"' in text_of(client, f"{PAGE}new-owner/?body=10A&room=money&kind=contract")


def test_the_map_of_functions_asks_each_function_and_says_how_many_have_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    from joinedup.governance.views import transition_functions

    before = {"planning/shire": "10A", "buying-care/shire": "10B"}
    monkeypatch.setattr(transition_functions, "_before", lambda key: before)
    client = signed_in("board_secretary")
    path = f"{PAGE}functions/"
    assert "Buying care, shire (10B before)" in text_of(client, path)
    assert "1 functions have nobody yet" in send(client, path, {"after0": "20A", "reason": "a draft"})
    said = send(client, path, {"after0": "20A", "after1": "20B", "reason": "the order"})
    assert "Each has one owner" in said
    wrong = {"after0": "10C", "after1": "20B", "reason": "the order"}
    assert "there after the change" in send(client, path, wrong, 422)


def as_workbook(rows: list[dict[str, Any]]) -> bytes:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(write_template(COLUMNS, CHOICES, {"10A": "NHS Body 10A, which closes"})))
    for row in rows:
        book["Staff"].append([row.get(column, "") for column in COLUMNS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def uploaded(client: Client, name: str, content: bytes, reason: str = "payroll of May") -> Any:
    file = io.BytesIO(content)
    file.name = name
    return client.post(f"{PAGE}staff/", {"file": file, "reason": reason})


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_list_is_looked_at_before_it_is_taken_in(form: str) -> None:
    client = signed_in("board_secretary")
    looked = uploaded(client, f"staff.{form}", as_workbook(staff_rows()) if form == "xlsx" else as_csv(staff_rows()))
    said = " ".join(looked.content.decode().split())
    assert looked.status_code == 200, said[-2000:]
    assert "Nothing was taken in yet" in said
    assert "291 before, 291 after" in said
    assert not models.StaffTransfer.objects.exists()
    kept = said.partition('name="kept" value="')[2].partition('"')[0]
    done = client.post(f"{PAGE}staff/", {"kept": kept, "reason": "payroll of May", "confirmed": "yes"})
    assert done.status_code == 302
    assert models.StaffTransfer.objects.count() == 300
    assert "300 rows are new" in text_of(client, PAGE)
    audited = "".join(AuditEntry.objects.values_list("body", flat=True))
    assert "governance.try-staff" in audited
    assert "governance.import-staff" in audited


@pytest.mark.usefixtures("staffed")
def test_a_list_that_loses_a_member_of_staff_is_refused_on_the_page_with_row_and_reason() -> None:
    client = signed_in("board_secretary")
    lost = uploaded(client, "staff.csv", as_csv(staff_rows()[:-1]))
    assert lost.status_code == 422
    assert "1 of the employments that are known are not in this list" in lost.content.decode()
    rows = staff_rows()
    rows[7] |= {"fte": "two"}
    wrong = uploaded(client, "staff.xlsx", as_workbook(rows))
    said = wrong.content.decode()
    assert "line 9, field fte" in said
    assert "p007" not in said
    assert models.StaffTransfer.objects.count() == 300


def test_a_file_that_is_none_or_no_longer_here_or_without_a_reason_is_refused() -> None:
    client = signed_in("board_secretary")
    for given, says in (
        ({"reason": "r"}, "Choose the list of staff"),
        ({"reason": "r", "kept": "forged"}, "no longer here"),
        ({}, "Say where the list comes from"),
    ):
        refused = client.post(f"{PAGE}staff/", given)
        assert refused.status_code == 422
        assert says in refused.content.decode()
    assert "expected an XLSX workbook" in uploaded(client, "staff.xlsx", b"no workbook").content.decode()


def test_the_workbook_to_fill_says_what_each_column_takes_and_is_read_back() -> None:
    client = signed_in("board_secretary")
    content = client.get(f"{PAGE}staff/template/").content
    titles, rows = read_sheet("staff.xlsx", content)
    assert (tuple(titles), rows) == (COLUMNS, [])
    assert client.get(f"{PAGE}staff/template/?form=csv").content.decode().strip() == ",".join(COLUMNS)
    row = staff_rows()[5] | {"fte": 0.6, "to_fte": 0.6, "continuous_from": DAY, "to_continuous_from": DAY}
    (line,) = read_staff("staff.xlsx", as_workbook([row]))
    assert (str(line.employed.fte), line.employed.continuous_from) == ("0.600", DAY)


def test_a_workbook_of_another_kind_says_what_is_expected() -> None:
    from openpyxl import Workbook

    out = io.BytesIO()
    Workbook().save(out)
    with pytest.raises(FileError, match="expected a sheet 'Staff'"):
        read_sheet("staff.xlsx", out.getvalue())


@pytest.mark.usefixtures("staffed")
def test_somebody_who_left_needs_no_place() -> None:
    client = signed_in("board_secretary")
    send(client, f"{PAGE}leaver/", {"employment": "e299", "reason": "retired on 1 May 2022"})
    assert models.StaffTransfer.objects.filter(employment="e299").order_by("-pk")[0].status == "left"
    assert "has no employment" in send(client, f"{PAGE}leaver/", {"employment": "e999", "reason": "retired"}, 422)


@pytest.mark.usefixtures("staffed")
def test_a_member_of_staff_answers_the_own_offer_and_asks_and_human_resources_answers() -> None:
    nurse, secretary = signed_in("nurse", "p010"), signed_in("board_secretary")
    asks = {"answer": "consultation/question", "words": "Where will my desk be?"}
    assert "Say in a few words" in send(nurse, ANSWER, {**asks, "words": ""}, 422)
    assert "Choose what you want to say" in send(nurse, ANSWER, {"answer": "offer/perhaps"}, 422)
    assert "has not answered yet" in send(nurse, ANSWER, asks)
    declined = send(nurse, ANSWER, {"answer": "offer/decline", "words": "I retire"})
    assert "I wish to leave" in declined
    said = text_of(secretary, f"{PAGE}cases/")
    for words in ("Where will my desk be?", "e010", "Declined the offer", "I retire"):
        assert words in said, words
    assert "p010" not in said
    number = models.StaffResponse.objects.get(answer="question").pk
    send(secretary, f"{PAGE}cases/{number}/reply/", {"words": "In Hertford, as it is now."})
    assert "answered already" in send(secretary, f"{PAGE}cases/{number}/reply/", {"words": "Again."}, 422)
    assert "In Hertford, as it is now." in text_of(nurse, "/governance/my-transfer/")
    assert "Where will my desk be?" not in text_of(signed_in("pharmacist", "p011"), "/governance/my-transfer/")
    assert secretary.get(f"{PAGE}cases/999999/reply/").status_code == 404


@pytest.mark.usefixtures("staffed")
def test_nobody_answers_for_anybody_else() -> None:
    nurse = signed_in("nurse", "p010")
    assert nurse.get(f"{ANSWER}?employment=e011").status_code == 404
    assert signed_in("pharmacist").get(ANSWER).status_code == 404
    with pytest.raises(RuleError, match="no matter to answer; expected one of offer, consultation"):
        transition_staff.say_own_response(grant("governance.own_transfer"), "e010", "salary", "accept")
    send(nurse, ANSWER, {"answer": "consultation/agree", "employment": "e011"})
    assert [one.employment for one in models.StaffResponse.objects.all()] == ["e010"]


def test_an_answer_without_an_offer_is_refused() -> None:
    rows = staff_rows()
    rows[10] |= {"offer_valid_to": ""}
    transition_staff.import_staff(grant(TRANSIT), TRANSITION, "s.csv", as_csv(rows), reason="the list of May")
    refused = send(signed_in("nurse", "p010"), ANSWER, {"answer": "offer/accept"}, 422)
    assert "no offer to you is recorded" in refused.lower()


def test_the_open_cases_are_those_of_the_report_by_employment() -> None:
    rows = staff_rows()
    for column in ("to_body", "to_post", "to_fte", "to_continuous_from", "terms_after"):
        rows[20][column] = ""
    rows[21] |= {"terms_after": "b" * 64}
    rows[22] |= {"consulted_on": ""}
    transition_staff.import_staff(grant(TRANSIT), TRANSITION, "s.csv", as_csv(rows), reason="the list of May")
    found = transition_cases.read_cases(grant("governance.staff_cases"), TRANSITION, now().known_at)
    assert [(one.case.employment, one.case.kind) for one in found] == [
        ("e020", "unplaced"), ("e021", "changed_terms"), ("e022", "not_consulted"),
    ]  # fmt: skip
    assert "governance.read-cases" in "".join(AuditEntry.objects.values_list("body", flat=True))


@pytest.mark.parametrize(
    "path",
    ["propose/", f"{TRANSITION}/add-step/", f"{TRANSITION}/staff/", f"{TRANSITION}/cases/", f"{TRANSITION}/functions/",
     f"{TRANSITION}/new-owner/", f"{TRANSITION}/staff/template/"],
)  # fmt: skip
def test_whoever_does_not_lead_is_refused(path: str) -> None:
    client = signed_in("member")
    assert client.get(ALL + path).status_code == 403
    assert Client().get(ALL + path).status_code == 302


def test_others_are_not_offered_what_they_may_not_do() -> None:
    assert "Propose a transition" in text_of(signed_in("board_secretary"), ALL)
    assert "Propose a transition" not in text_of(signed_in("member"), ALL)
    assert "Hand in the list of staff" not in text_of(signed_in("member"), PAGE)
