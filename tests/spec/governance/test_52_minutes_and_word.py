"""Minutes to Word and back, what differs, and what of them the public reads."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import docx
import pytest

from joinedup.errors import RuleError
from joinedup.governance import models
from joinedup.governance.acts.minutes_files import minutes_as_docx, take_in_minutes
from joinedup.governance.publication.masking import BEING_CHECKED, public_text
from joinedup.governance.publication.minutes import ItemTitle, LineChange, differences, public_minutes
from joinedup.governance.publication.minutes_docx import NoMinutesFile, docx_of, text_of_docx

from .open_meeting_of_littleshire import approve, sit
from .sitting import grant

TEXT = "Minutes of a board\n\nIn the chair: <b>Ada</b>\n\n1. Beds & chairs\nCarried 5-2.\n"
ITEMS = [ItemTitle(1, "Beds"), ItemTitle(2, "Pay of an officer", True), ItemTitle(3, "Close")]


def edited(content: bytes, old: str, new: str) -> bytes:
    """Answer a Word file in which somebody changed some words, as people do it."""
    document = docx.Document(io.BytesIO(content))
    for paragraph in document.paragraphs:
        if old in paragraph.text:
            paragraph.text = paragraph.text.replace(old, new)
    kept = io.BytesIO()
    document.save(kept)
    return kept.getvalue()


def test_what_comes_back_from_word_unchanged_is_the_same_text() -> None:
    assert text_of_docx(docx_of(TEXT, title="Minutes", version=1)) == TEXT


def test_an_item_is_a_heading_so_that_word_lists_it() -> None:
    document = docx.Document(io.BytesIO(docx_of(TEXT, title="Minutes", version=1)))
    headings = [one.text for one in document.paragraphs if one.style is not None and "Heading" in str(one.style.name)]
    assert headings == ["Minutes of a board", "1. Beds & chairs"]
    assert document.core_properties.title == "Minutes"


def test_what_was_put_in_with_tracked_changes_is_read_and_what_was_taken_out_is_not() -> None:
    content = docx_of(TEXT, title="Minutes", version=1)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        files = {name: parts.read(name) for name in parts.namelist()}
    tracked = b'<w:ins w:id="1" w:author="a"><w:r><w:t>Six</w:t></w:r></w:ins>'
    tracked += b'<w:del w:id="2" w:author="a"><w:r><w:delText>Five</w:delText></w:r></w:del><w:r><w:t>'
    files["word/document.xml"] = files["word/document.xml"].replace(
        b"<w:r><w:t>Carried", tracked + b" Carried"
    )  # fmt: skip
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as parts:
        for name, one in files.items():
            parts.writestr(name, one)
    assert "Six Carried 5-2." in text_of_docx(kept.getvalue())


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"no file", "no Word document"), (b"", "no Word document"), (b"PK\x03\x04broken", "no Word document")],
    ids=["text", "nothing", "broken"],
)
def test_what_is_no_word_document_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(NoMinutesFile, match=says):
        text_of_docx(content)


def test_a_file_that_unpacks_to_too_much_and_one_without_text_are_refused() -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("word/document.xml", b"\0" * 20_000_001)
    with pytest.raises(NoMinutesFile, match="unpacked"):
        text_of_docx(kept.getvalue())
    with pytest.raises(NoMinutesFile, match="holds no text"):
        text_of_docx(docx_of("  ", title="Minutes", version=1))


def test_what_differs_is_said_line_by_line() -> None:
    assert differences("One\nTwo\nThree\n", "One\nTwo!  \nThree") == (
        LineChange("taken out", "Two"), LineChange("put in", "Two!"),
    )  # fmt: skip
    assert differences("One \n", "One") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Head\n1. Beds\nTen.\n2. Pay of an officer\n1. a secret\nmore\n3. Close\nEnd.\n",
         "Head\n1. Beds\nTen.\n2. Private item: the public was excluded.\n\n3. Close\nEnd.\n"),
        ("Head\n1. Beds\nTen.\n3. Close\n", None),
        ("Head\n1. Beds\nSee the pay  of an\nofficer.\n2. Pay of an officer\nsecret\n3. Close\n", None),
        ("Head\n1. Beds\n2.  Pay of  an officer\nsecret", "Head\n1. Beds\n2. Private item: the public was excluded.\n"),
    ],
    ids=["its lines go", "where it is cannot be told", "named elsewhere", "the last one"],
)  # fmt: skip
def test_of_a_private_item_the_public_reads_that_there_was_one(text: str, expected: str | None) -> None:
    assert public_minutes(text, ITEMS) == expected


def test_ten_digits_that_a_person_must_look_at_are_held_back() -> None:
    said = public_text("Case 943 476 5910, ring 01632 960123, form 12345.")
    assert said == f"Case {BEING_CHECKED}, ring [telephone removed], form 12345."
    assert public_text(said) == said
    assert public_text("Nothing here.") == "Nothing here."


@pytest.mark.django_db
@pytest.mark.usefixtures("littleshire_with_a_board")
class TestAsKept:
    """Minutes of a meeting that was held."""

    def test_edited_minutes_come_back_as_a_new_version_and_what_differs_is_shown(self) -> None:
        meeting = sit()
        content, number = minutes_as_docx(grant("governance.prepare"), meeting)
        assert number == 1
        assert take_in_minutes(grant("governance.prepare"), meeting, content) == (1, ())
        number, changes = take_in_minutes(
            grant("governance.prepare"), meeting, edited(content, "That it be done", "That it be done soon")
        )
        assert number == 2
        assert LineChange("put in", "That it be done soon") in changes
        versions = models.MinutesVersion.objects.filter(meeting=meeting).order_by("number")
        assert ["soon" in one.text for one in versions] == [False, True]
        assert models.Decision.objects.filter(text__contains="soon").count() == 0

    def test_approved_minutes_take_in_nothing_more(self) -> None:
        meeting = sit()
        content, _ = minutes_as_docx(grant("governance.prepare"), meeting)
        approve(meeting)
        with pytest.raises(RuleError, match="approved and stay as they are"):
            take_in_minutes(grant("governance.prepare"), meeting, edited(content, "done", "undone"))


def test_the_board_verb_says_what_is_missing(capsys: Any) -> None:
    from typer.testing import CliRunner

    from joinedup.cli import app

    answer = CliRunner().invoke(app, ["board", "minutes", "icb-2022-09-23"])
    assert isinstance(answer.exception, RuleError)
    assert "--edited FILE takes in" in str(answer.exception)
