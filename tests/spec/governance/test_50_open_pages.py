"""What everybody reads of boards without a sign-in, and what nobody reads: private items, embargoed papers, numbers."""

from __future__ import annotations

import html
import re
from datetime import date
from typing import Any

import pytest

from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.acts import interests, minutes, papers
from joinedup.governance.kept.open_record import open_decision, open_meeting
from joinedup.governance.kept.open_registers import open_compliance, open_interests
from joinedup.moment import Moment, now

from .open_meeting_of_littleshire import SECRET, TITLE, approve, decide, sit
from .sitting import BOARD, MEETS, OPENED, arrive, call, grant, item, minute, paper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
FIRST, SECOND = f"{BOARD}-2022-09-23-1", f"{BOARD}-2022-09-23-2"
PAGES = [
    "/open/boards/", f"/open/boards/{BOARD}/", "/open/boards/compliance/?year=2022",
    f"/open/meetings/{BOARD}-2022-09-23/", "/open/decisions/", f"/open/decisions/{FIRST}/", "/open/interests/",
]  # fmt: skip


def read(client: Any, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize("path", PAGES)
def test_an_open_page_is_read_without_a_sign_in_and_says_nothing_private(client: Any, path: str) -> None:
    approve(sit())
    answer = client.get(path)
    assert answer.status_code == 200
    raw = answer.content.decode()
    assert "<script>alert" not in raw
    for secret in (SECRET, "Settlement", SECOND, "01632", "9434765910"):
        assert secret not in html.unescape(raw), secret


def test_a_decision_page_says_who_why_how_and_what_it_changed(client: Any) -> None:
    sit()
    said = read(client, f"/open/decisions/{FIRST}/")
    for part in (
        "Decided by Littleshire board on 23 September 2022", "That it be done", "Carried", "5-2",
        "Quorate: 7 of 5 needed, 1 with a conflict not counted", "Dissent of Fay Sample", "It is too early.",
        "Hal Sample: actual conflict; discussed, but did not vote", "£500,000.00", "Open six beds", "5% fewer",
        "[telephone removed]", "more years", "Committed by now", "Spent by now",
    ):  # fmt: skip
        assert part in said, part


def test_a_private_decision_answers_as_one_that_never_was(client: Any) -> None:
    sit()
    private, never = (client.get(f"/open/decisions/{one}/") for one in (SECOND, "nothing-of-that-name"))
    assert (private.status_code, never.status_code) == (404, 404)
    with pytest.raises(NotFound, match=r"^There is no such decision, or nothing of it is published\.$"):
        open_decision(SECOND, now(), now().known_at)


def test_a_private_item_stands_on_the_agenda_without_its_title(client: Any) -> None:
    meeting = sit()
    said = read(client, f"/open/meetings/{meeting}/")
    assert "Private item: the public was excluded" in said
    assert f"1. {TITLE}" in said


def test_minutes_are_read_once_they_are_approved_and_without_the_private_item(client: Any) -> None:
    meeting = sit()
    path = f"/open/meetings/{meeting}/"
    assert "published when a later meeting has approved them" in read(client, path)
    approve(meeting)
    said = read(client, path)
    assert "2. Private item: the public was excluded." in said
    assert "In the chair: Ada Sample" in said


def test_minutes_that_no_longer_show_where_a_private_item_is_stay_back(client: Any) -> None:
    meeting = sit()
    minutes.edit_minutes(grant("governance.prepare"), meeting, f"All was well.\nAlso the {SECRET.lower()} was agreed.")
    approve(meeting)
    said = read(client, f"/open/meetings/{meeting}/")
    assert "Parts of them are private" in said
    assert "All was well." not in said


def test_of_a_private_meeting_the_reason_alone_is_read(client: Any) -> None:
    meeting = call(is_public=False, exclusion_resolution="That the public leave", exclusion_reason="names of staff")
    item(meeting, 1, title=SECRET, type_="note")
    said = read(client, f"/open/meetings/{meeting}/")
    assert "names of staff" in said
    assert SECRET not in said
    assert "Private item" not in said
    assert client.get(f"/open/meetings/{meeting}/pack.pdf").status_code == 200


def test_a_paper_under_embargo_or_not_yet_published_is_held_back_with_its_title(client: Any) -> None:
    meeting = call()
    first, second = (item(meeting, number, type_="note") for number in (1, 2))
    paper(first, title="Closing the ward", text="It closes.", embargo_until=minute("12:00", date(2090, 1, 1)))
    paper(second, title="Opening hours", text="They open.")
    said = read(client, f"/open/meetings/{meeting}/")
    assert "This paper is under embargo." in said
    assert "This paper is not published yet." in said
    for secret in ("Closing the ward", "It closes.", "Opening hours", "They open."):
        assert secret not in said
    papers.publish_papers(grant("governance.prepare"), meeting, published_at=minute("09:00", date(2022, 9, 16)))
    said = read(client, f"/open/meetings/{meeting}/")
    assert "They open." in said
    assert "It closes." not in said


def test_a_version_that_is_not_published_does_not_take_the_place_of_the_published_one(client: Any) -> None:
    meeting = call()
    key = item(meeting, 1, type_="note")
    paper(key, text="As published.")
    papers.publish_papers(grant("governance.prepare"), meeting, published_at=minute("09:00", date(2022, 9, 16)))
    paper(key, text="As still being written.", late_reason="anew", submitted_at=minute("09:00", date(2022, 9, 20)))
    said = read(client, f"/open/meetings/{meeting}/")
    assert "As published." in said
    assert "still being written" not in said


def test_a_public_paper_that_cites_a_private_decision_says_nothing_of_it(client: Any) -> None:
    meeting = sit()
    later = call(on=date(2022, 11, 25))
    key = item(later, 1, type_="note")
    paper(key, cites=[("decision", SECOND), ("decision", FIRST)])
    papers.publish_papers(grant("governance.prepare"), later, published_at=minute("09:00", date(2022, 11, 1)))
    said = read(client, f"/open/meetings/{later}/")
    assert "A decision that was taken in private" in said
    assert SECOND not in said
    assert FIRST in said
    assert meeting


def declared(publish: str, ended_on: date | None = None) -> str:
    return interests.declare_interest(
        grant("governance.keep"), "eve", type="personal", about_org="CARE", description="her sister works there",
        arose_on=OPENED, declared_on=OPENED, ended_on=ended_on, publish=publish, publish_reason="harm",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("publish", "shown", "hidden"),
    [("yes", ["Eve Sample", "her sister"], []), ("redacted", ["Eve Sample", "Withheld"], ["her sister", "CARE"]),
     ("no", ["1 interest is kept back whole"], ["Eve Sample", "her sister", "CARE"])],
)  # fmt: skip
def test_an_interest_is_published_as_the_register_says(
    client: Any, publish: str, shown: list[str], hidden: list[str]
) -> None:
    declared(publish)
    said = read(client, "/open/interests/")
    assert all(one in said for one in shown)
    assert not any(one in said for one in hidden)


def test_an_interest_is_withdrawn_six_months_after_its_end_also_for_who_asks_for_an_earlier_day() -> None:
    declared("yes", ended_on=date(2023, 1, 31))
    known = now().known_at

    def names(on: date, today: date) -> list[str]:
        return [row[0] for row in open_interests(Moment(on, known), Moment(today, known)).rows]

    assert names(date(2023, 7, 30), date(2023, 7, 30)) == ["Eve Sample"]
    assert names(date(2023, 7, 31), date(2023, 7, 31)) == []
    assert names(date(2022, 9, 1), date(2023, 7, 31)) == []


def test_a_declaration_of_an_interest_that_is_not_published_withholds_the_name(client: Any) -> None:
    meeting = sit(publish="no")
    said = read(client, f"/open/meetings/{meeting}/")
    assert "Name withheld: actual conflict" in said
    assert "Hal Sample: actual" not in said


def test_compliance_counts_papers_meetings_minutes_and_the_register(client: Any) -> None:
    meeting = sit()
    later = call(on=date(2022, 11, 25))
    paper(item(later, 1, type_="note"))
    papers.publish_papers(grant("governance.prepare"), later, published_at=minute("09:00", date(2022, 11, 20)))
    interests.confirm_register(grant("governance.keep"), "eve", on=date(2022, 12, 1))
    report = open_compliance(2022, Moment(date(2023, 3, 31), now().known_at))
    (row,) = report.boards
    # Papers: two in time, one two days late. Meetings: both in public. Minutes: none yet. One of eight confirmed.
    assert [str(one) for one in row.percents] == ["66.7", "100.0", "0.0", "12.5"]
    assert report.at_zero == (0, 0, 1, 0)
    assert "66.7" in read(client, "/open/boards/compliance/?year=2022")
    number = models.MinutesVersion.objects.filter(meeting=meeting).count()
    minutes.approve_minutes(grant("governance.preside"), meeting, later, number=number)
    (row,) = open_compliance(2022, Moment(date(2023, 3, 31), now().known_at)).boards
    assert str(row.percents[2]) == "50.0"


@pytest.mark.parametrize("year", ["next", "9999", "-1", "²"])
def test_a_year_that_is_none_is_refused_with_one_that_is(client: Any, year: str) -> None:
    answer = client.get("/open/boards/compliance/", {"year": year})
    assert answer.status_code == 422


def test_a_page_is_asked_for_as_it_was_known_and_says_that_it_was_corrected(client: Any) -> None:
    meeting = sit()
    path = f"/open/meetings/{meeting}/"
    before = now()
    old = open_meeting(meeting, before, before.known_at)
    approve(meeting)
    assert open_meeting(meeting, now(), now().known_at).content_hash != old.content_hash
    rebuilt = open_meeting(meeting, before, now().known_at)
    assert rebuilt.content_hash == old.content_hash
    said = client.get(path, {"as_of": str(before.valid_on), "known_at": before.known_at.isoformat()}).content.decode()
    assert old.content_hash in said
    assert "This page was corrected since" in said
    assert "This page was corrected since" not in client.get(path, {"as_of": "today"}, follow=True).content.decode()


def test_a_decision_is_not_known_before_it_was_taken(client: Any) -> None:
    before = now()
    meeting = call()
    arrive(meeting, "ada", "ben", "cat", "dan", "eve", "fay", "gus")
    reference = decide(1, meeting).reference
    assert client.get(f"/open/decisions/{reference}/").status_code == 200
    with pytest.raises(NotFound):
        open_decision(reference, before, before.known_at)
    with pytest.raises(NotFound):
        open_decision(reference, Moment(MEETS.replace(day=22), now().known_at), now().known_at)


def test_the_way_into_what_is_open_leads_to_pages_that_answer(client: Any) -> None:
    main = client.get("/open/").content.decode().split("<main", 1)[1].split("</main", 1)[0]
    links = re.findall(r'href="(/open/[^"]+)"', main)
    assert len(links) == 8
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)
