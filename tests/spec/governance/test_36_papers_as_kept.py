"""Papers as kept: late ones are named, versions pinned, an embargo kept, a conflict shuts them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from joinedup.access.models import AuditEntry
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts import boards as services_boards, papers as services_papers
from joinedup.governance.acts.papers import LatePaper, PapersWithheld, content_of
from joinedup.governance.meetings.papers import Pin, UnderEmbargo, check_pin

from .sitting import OPENED, arrive, call, close, exclude, grant, item, minute, open_, paper, vote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
DUE, LATE = date(2022, 9, 16), date(2022, 9, 17)


def an_item(**more: Any) -> str:
    return item(call(), 1, **more)


def version(key: str, number: int = 1) -> models.PaperVersion:
    return models.PaperVersion.objects.get(paper=f"paper-{key}", number=number)


def test_a_paper_after_its_deadline_is_refused_without_a_reason_and_named_with_one() -> None:
    key = an_item()
    assert paper(key, submitted_at=minute("23:59", DUE)) == 1
    with pytest.raises(LatePaper, match="this one is 1 day late"):
        paper(key, text="Anew.", submitted_at=minute("00:00", LATE))
    assert paper(key, text="Anew.", submitted_at=minute("00:00", LATE), late_reason="the audit came late") == 2
    assert (version(key, 1).days_late, version(key, 2).days_late) == (0, 1)
    assert paper(key, text="Anew.", submitted_at=minute("00:00", LATE), late_reason="said twice") == 2


def test_publication_says_how_late_it_was_and_waits_for_the_end_of_an_embargo() -> None:
    key = an_item()
    paper(key, embargo_until=minute("12:00", LATE))
    publish = services_papers.publish_papers
    meeting = version(key).item.meeting_id
    assert publish(grant("governance.prepare"), meeting, published_at=minute("11:59", LATE)) == 0
    assert publish(grant("governance.prepare"), meeting, published_at=minute("12:00", LATE)) == 1
    assert publish(grant("governance.prepare"), meeting, published_at=minute("13:00", LATE)) == 0
    assert version(key).published.days_late == 1


def test_before_its_embargo_ends_only_who_is_listed_reads_it_and_a_refusal_is_kept() -> None:
    key = an_item()
    paper(key, embargo_until=minute("12:00", DUE), listed=["user:press"])
    read = services_papers.open_paper
    with pytest.raises(UnderEmbargo, match="under embargo until 2022-09-16 12:00"):
        read(grant("governance.read", "user:other"), f"paper-{key}", 1, at=minute("11:59", DUE))
    assert '"outcome":"denied"' in AuditEntry.objects.order_by("-id")[0].body
    assert read(grant("governance.read", "user:press"), f"paper-{key}", 1, at=minute("11:59", DUE)).number == 1
    assert '"under_embargo":true' in AuditEntry.objects.order_by("-id")[0].body
    assert read(grant("governance.read", "user:other"), f"paper-{key}", 1, at=minute("12:00", DUE)).number == 1


def test_who_may_not_have_the_papers_of_an_item_does_not_open_them_from_that_minute() -> None:
    services_boards.name_account(grant("governance.keep"), "user:eve", "eve", since=OPENED, reason="her account")
    key = an_item()
    paper(key)
    exclude(key, "eve", "09:00", "no_papers")
    read, leave = services_papers.open_paper, grant("governance.read", "user:eve")
    assert read(leave, f"paper-{key}", 1, at=minute("08:59")).number == 1
    with pytest.raises(PapersWithheld, match="you do not read its papers"):
        read(leave, f"paper-{key}", 1, at=minute("09:00"))


def test_an_item_whose_paper_lacks_a_part_is_discussed_and_not_decided() -> None:
    key = an_item()
    from dataclasses import replace

    from .sitting import WHOLE

    aims = dict(WHOLE.triple_aim) | {"sustainability": " "}
    paper(key, parts=replace(WHOLE, cost_pence=0, triple_aim=aims))
    arrive(version(key).item.meeting_id, "ada", "ben", "cat", "dan", "eve")
    assert open_(key, "10:00") == ("discuss", ("triple_aim.sustainability",))
    with pytest.raises(RuleError, match="no vote is taken"):
        vote(key, "10:05", ada="for")
    with pytest.raises(RuleError, match=r"nothing is decided on it. Its paper lacks triple_aim.sustainability"):
        close(key, "10:10")


def test_a_decision_pins_the_version_it_was_taken_on() -> None:
    key = an_item()
    paper(key)
    arrive(version(key).item.meeting_id, "ada", "ben", "cat", "dan", "eve")
    open_(key, "10:00")
    pin = Pin(**close(key, "10:10").papers[0])
    check_pin(pin, content_of(version(key)))
    with pytest.raises(RuleError, match="is decided and keeps its paper"):
        paper(key, text="Anew.")


def test_what_a_paper_cites_is_shown_as_it_was_known_when_it_was_submitted() -> None:
    key = an_item()
    paper(key)
    arrive(version(key).item.meeting_id, "ada", "ben", "cat", "dan", "eve")
    open_(key, "10:00")
    vote(key, "10:05", ada="for")
    decision = close(key, "10:10")
    later = item(call(on=date(2022, 11, 25)), 1)
    paper(later, cites=[("decision", decision.reference)])
    assert version(later).cites[0]["outcome"] == "carried"
    with pytest.raises(NotFound, match="Did you mean 'icb-2022-09-23-1'"):
        paper(later, cites=[("decision", "icb-2022-09-23-2")], text="Anew.")
    with pytest.raises(RuleError, match="is nothing a paper cites"):
        paper(later, cites=[("rumour", "x")], text="Anew.")


def test_paper_and_item_say_one_amount() -> None:
    from .sitting import ASKS, EFFECT

    key = an_item(function="resources", amount_pence=100, asks=ASKS, expects=EFFECT)
    with pytest.raises(RuleError, match="Say one amount"):
        paper(key, cost_pence=99)
    assert paper(key, cost_pence=100) == 1
