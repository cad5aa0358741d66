"""The pack of a meeting as tagged PDF: its tags and bookmarks, texts that stay texts, and who is given what."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pypdf
import pytest

from joinedup.errors import NotFound
from joinedup.governance.acts import boards
from joinedup.governance.kept.packs import CONFLICT, EMBARGO, Reader, pack_of
from joinedup.governance.publication.pack import Cited, Pack, PackItem, PackPaper, cited_in_words, paragraphs_of
from joinedup.governance.publication.pack_pdf import pdf_of
from joinedup.moment import Moment, now

from .open_meeting_of_littleshire import SECRET, TITLE, sit
from .sitting import BOARD, OPENED, call, exclude, grant, item, minute, paper

KNOWN = datetime(2022, 9, 20, 12, tzinfo=UTC)
EVIL = '<script>alert(1)</script> #panic() *care* $x$ _a_ @b \\ [z] "q" // c /* d */ `e` = f - g + h ~ i \u202e'


def made(text: str = "Plain.", **more: Any) -> Pack:
    part = PackPaper("p", 1, f"Paper {text}", (("Purposes", text),), (text, text), (Cited("Measure", "m", text),))
    row = PackItem(1, f"Item {text}", "For decision", False, (("Amount", text),), (("Measure", text),), (text,), "d",
                   (("Outcome", text),), (part,))  # fmt: skip
    return replace(
        Pack(
            "m", "b", f"Board {text}", (("Where", text),), (row,), (text,), (text,), "members", date(2022, 9, 23), KNOWN
        ),
        **more,
    )


def opened(pack: Pack) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf_of(pack)))


def tags_below(element: Any) -> Iterator[str]:
    element = element.get_object()
    if isinstance(element, list):
        for one in element:
            yield from tags_below(one)
    elif isinstance(element, dict):
        if "/S" in element:
            yield str(element["/S"])
        if "/K" in element:
            yield from tags_below(element["/K"])


def bookmarks(outline: Any) -> Iterator[str]:
    for one in outline:
        if isinstance(one, list):
            yield from bookmarks(one)
        else:
            yield str(one.title)


def test_a_pack_is_tagged_has_a_title_and_a_language_and_says_that_it_is_pdf_ua() -> None:
    file = opened(made())
    root: Any = file.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value
    assert str(root["/Lang"]) == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value
    assert file.metadata is not None
    assert file.metadata.title == "Board Plain."
    assert b"pdfuaid" in root["/Metadata"].get_data()
    tags = set(tags_below(root["/StructTreeRoot"]["/K"]))
    assert {"/Document", "/H1", "/H2", "/H3", "/P", "/Table", "/TH", "/TD", "/L", "/LI", "/TOC"} <= tags


def test_each_item_and_paper_has_its_bookmark() -> None:
    rows = tuple(PackItem(number, f"Matter {number}", "To note") for number in range(1, 4))
    file = opened(made(items=(*rows, replace(made().items[0], number=4))))
    found = list(bookmarks(file.outline))
    assert [one for one in found if one[:1].isdigit()] == [
        "1. Matter 1",
        "2. Matter 2",
        "3. Matter 3",
        "4. Item Plain.",
    ]
    assert {"Agenda", "Paper Plain.", "What is asked", "What was decided"} <= set(found)


def test_markup_and_scripts_in_any_text_stay_text() -> None:
    file = opened(made(EVIL))
    said = " ".join(" ".join(page.extract_text().split()) for page in file.pages)
    for part in ("<script>alert(1)</script>", "#panic()", "*care*", "$x$", "_a_", "@b", "// c", "/* d */", "`e`"):
        assert said.count(part) >= 10, part
    root: Any = file.trailer["/Root"]
    assert "/JavaScript" not in root.get("/Names", {})
    assert "/OpenAction" not in root


def test_letters_for_which_no_font_is_there_are_named_and_the_pack_is_made() -> None:
    file = opened(made("Ŵyn Łucja 日本 \U0001f600 \x07"))
    said = " ".join(page.extract_text() for page in file.pages)
    assert "Ŵyn Łucja" in said
    assert "[U+65E5]" in said or "日" in said


def test_the_same_pack_gives_the_same_bytes_and_its_hash_leaves_out_when_it_was_asked_for() -> None:
    one = made()
    assert pdf_of(one) == pdf_of(made())
    assert (
        replace(one, valid_on=date(2030, 1, 1), known_at=datetime(2030, 1, 1, tzinfo=UTC)).content_hash
        == one.content_hash
    )
    assert made("Other.").content_hash != one.content_hash


def test_a_text_is_parted_into_paragraphs_by_empty_lines() -> None:
    assert paragraphs_of("One\r\nline.\r\n\r\n  \nTwo.\n\n\n") == ("One line.", "Two.")
    assert paragraphs_of(" \n") == ()


@pytest.mark.parametrize(
    ("cite", "said"),
    [
        ({"kind": "decision", "id": "d-1", "outcome": "carried", "pence": 123456, "decided_at": "2022-09-23T10:00"},
         Cited("Decision", "d-1", "carried, £1,234.56, 2022-09-23")),
        ({"kind": "decision", "id": "d-1", "outcome": None, "pence": None, "decided_at": "2022-09-23T10:00"},
         Cited("Decision", "d-1", "with its members to adopt, 2022-09-23")),
        ({"kind": "plan_line", "id": "l", "value": "12", "unit": "beds", "version": 2, "state": "signed"},
         Cited("Line of the plan", "l", "12 beds, version 2 (signed)")),
        ({"kind": "measure", "id": "m", "title": "Smoking", "unit": "%"}, Cited("Measure", "m", "Smoking (%)")),
    ],
    ids=["a decision", "one to adopt", "a plan line", "a measure"],
)  # fmt: skip
def test_what_a_paper_cites_is_said_as_it_was_known(cite: dict[str, Any], said: Cited) -> None:
    assert cited_in_words(cite) == said
    assert cited_in_words(cite, is_private=True).id == ""


@pytest.mark.django_db
@pytest.mark.usefixtures("littleshire_with_a_board")
class TestAsKept:
    """Who is given what of a meeting that was held."""

    def test_members_have_the_private_item_and_the_public_has_not_even_its_title(self) -> None:
        meeting = sit()
        at = now()
        ours = opened(pack_of(meeting, at, Reader(at.known_at, is_member=True, is_secretary=True)))
        theirs = opened(pack_of(meeting, at, Reader(at.known_at)))
        all_of = [" ".join(page.extract_text() for page in file.pages) for file in (ours, theirs)]
        assert SECRET in all_of[0]
        assert SECRET not in all_of[1]
        assert "2. Private item" in list(bookmarks(theirs.outline))
        assert f"1. {TITLE}" in list(bookmarks(theirs.outline))
        assert "01632" in all_of[0]
        assert "01632" not in all_of[1]

    def test_a_member_with_a_conflict_has_the_pack_without_the_papers_of_that_item(self) -> None:
        boards.name_account(grant("governance.keep"), "user:eve", "eve", since=OPENED, reason="her account")
        meeting = call()
        first, second = (item(meeting, number) for number in (1, 2))
        paper(first, title="Beds")
        paper(second, title="Chairs")
        exclude(first, "eve", "09:00", "no_papers")
        at = now()
        found = pack_of(meeting, at, Reader(minute("09:30"), is_member=True, actor="user:eve", person="eve"))
        assert [one.papers[0].held_back for one in found.items] == [CONFLICT, ""]
        assert [one.papers[0].title for one in found.items] == ["A paper", "Chairs"]

    def test_before_an_embargo_ends_only_who_is_listed_and_who_prepares_has_the_paper(self) -> None:
        meeting = call()
        paper(item(meeting, 1), embargo_until=minute("12:00", date(2090, 1, 1)), listed=["user:press"])
        at = now()

        def held(**reader: Any) -> str:
            return pack_of(meeting, at, Reader(at.known_at, **reader)).items[0].papers[0].held_back

        assert held(is_member=True, actor="user:other") == EMBARGO
        assert held(is_member=True, actor="user:press") == ""
        assert held(is_member=True, is_secretary=True) == ""
        assert held(actor="user:press") == EMBARGO  # Listed people sign in.

    def test_a_meeting_has_no_pack_before_it_was_called(self) -> None:
        before = now()
        meeting = call()
        with pytest.raises(NotFound, match="was not called yet"):
            pack_of(meeting, before, Reader(before.known_at))
        assert pack_of(meeting, Moment(before.valid_on, now().known_at), Reader(now().known_at)).board == BOARD
