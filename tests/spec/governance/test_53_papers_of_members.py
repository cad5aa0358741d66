"""The pages of a meeting's papers and minutes for those who sit and those who prepare."""

from __future__ import annotations

import html

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from joinedup.access import User, demo_users
from joinedup.governance import models
from joinedup.governance.acts import boards
from joinedup.governance.acts.minutes_files import minutes_as_docx

from .open_meeting_of_littleshire import SECRET, sit
from .sitting import OPENED, grant
from .test_52_minutes_and_word import edited

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]


def signed_in(role: str, person: str = "") -> Client:
    demo_users()
    client = Client()
    assert client.post("/access/demo/", {"role": role}).status_code == 302
    if person:
        user = User.objects.get(email=f"{role}@demo.invalid")
        boards.name_account(grant("governance.keep"), f"user:{user.pk}", person, since=OPENED, reason="a member")
    return client


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def test_a_member_reads_the_private_item_and_an_analyst_what_the_public_reads() -> None:
    path = f"/governance/meetings/{sit()}/pack/"
    member = text_of(signed_in("member", "cat"), path)
    assert SECRET in member
    assert "01632 960123" in member
    assert "<script>alert" not in Client().get(path).content.decode()
    analyst = text_of(signed_in("analyst"), path)
    assert SECRET not in analyst
    assert "Private item" in analyst
    assert "[telephone removed]" in analyst


def test_the_pack_is_answered_as_pdf_named_after_its_meeting() -> None:
    answer = signed_in("board_secretary").get(f"/governance/meetings/{sit()}/pack.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'inline; filename="littleshire-board-23-september-2022.pdf"'
    assert answer.content.startswith(b"%PDF-")


def test_a_secretary_takes_minutes_to_word_and_back_and_sees_what_changed() -> None:
    meeting = sit()
    secretary = signed_in("board_secretary")
    out = secretary.post(f"/governance/meetings/{meeting}/minutes.docx")
    assert out["Content-Disposition"] == 'attachment; filename="minutes-version-1.docx"'
    path = f"/governance/meetings/{meeting}/minutes/"
    assert "Take the minutes to Word" in text_of(secretary, path)
    back = SimpleUploadedFile("m.docx", edited(out.content, "That it be done", "That it be done by May"))
    assert secretary.post(path, {"file": back}).status_code == 302
    said = text_of(secretary, path)
    assert "<ins>That it be done by May</ins>" in said
    assert "<del>That it be done</del>" in said
    assert models.MinutesVersion.objects.filter(meeting=meeting).count() == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "Choose the Word file that you edited"), (b"a letter", "this is no Word document")],
    ids=["no file", "another file"],
)
def test_what_is_no_word_file_is_said_beside_the_field_and_nothing_is_kept(content: bytes | None, says: str) -> None:
    meeting = sit()
    secretary = signed_in("board_secretary")
    given = {} if content is None else {"file": SimpleUploadedFile("m.docx", content)}
    answer = secretary.post(f"/governance/meetings/{meeting}/minutes/", given)
    assert answer.status_code == 422
    said = html.unescape(answer.content.decode())
    assert says in said
    assert 'href="#file"' in said
    assert models.MinutesVersion.objects.filter(meeting=meeting).count() == 1


def test_minutes_are_for_who_prepares_them() -> None:
    meeting = sit()
    assert signed_in("member", "cat").get(f"/governance/meetings/{meeting}/minutes/").status_code == 403
    assert minutes_as_docx(grant("governance.prepare"), meeting)[1] == 1
