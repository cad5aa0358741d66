"""Votes are taken or refused with the reason; the last counts, all are kept."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from joinedup.access.models import AuditEntry
from joinedup.errors import Refused, RuleError
from joinedup.governance import models
from joinedup.governance.acts import (
    boards as services_boards,
    interests as services_interests,
    meetings as services_meetings,
    voting as services_voting,
)
from joinedup.governance.meetings.voting import VoteRefused

from .sitting import BOARD, MEETS, OPENED, arrive, call, close, exclude, grant, item, minute, open_, paper, vote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
EVERYBODY = ("ada", "ben", "cat", "dan", "eve", "fay", "gus", "hal")


def an_open_item(**more: Any) -> tuple[str, str, dict[str, Any]]:
    meeting = call()
    key = item(meeting, 1, function="resources", **more)
    paper(key)
    visits = arrive(meeting, *EVERYBODY[:-1])
    open_(key, "10:00")
    return meeting, key, visits


def refused(key: str, at: str, person: str, because: str) -> None:
    before = models.Vote.objects.count()
    with pytest.raises(VoteRefused, match=because):
        vote(key, at, **{person: "for"})
    assert models.Vote.objects.count() == before
    told = AuditEntry.objects.order_by("-id").first()
    assert told is not None
    assert '"action":"governance.cast-vote"' in told.body
    assert '"outcome":"denied"' in told.body
    assert f'"person":"{person}"' in told.body


def test_a_vote_of_somebody_who_is_not_there_or_has_gone_is_refused() -> None:
    _, key, visits = an_open_item()
    refused(key, "10:05", "hal", "is not in the meeting at this minute")
    services_meetings.record_leaving(grant("governance.preside"), visits["gus"], minute("10:10"))
    vote(key, "10:09", gus="for")
    refused(key, "10:10", "gus", "is not in the meeting at this minute")


def test_a_vote_of_somebody_with_a_conflict_is_refused_from_the_minute_on_which_it_was_decided() -> None:
    _, key, _ = an_open_item()
    vote(key, "10:04", eve="for", ben="for")
    exclude(key, "eve", "10:05")
    refused(key, "10:05", "eve", "has a conflict of interest in this item")
    # The vote of before is kept and not counted.
    decision = close(key, "10:10")
    assert [one["person"] for one in decision.votes_snapshot["set_aside"]] == ["eve"]
    assert [one["person"] for one in decision.votes_snapshot["counted"]] == ["ben"]


def test_a_vote_by_one_who_left_the_board_is_refused() -> None:
    services_boards.end_holding(
        grant("governance.keep"), BOARD, "trust", "eve", on=date(2022, 9, 1), reason="left the trust"
    )
    _, key, _ = an_open_item()
    refused(key, "10:05", "eve", "left the board on 2022-09-01")


def test_a_vote_on_another_day_than_the_meetings_is_refused_though_nobody_was_seen_to_leave() -> None:
    _, key, _ = an_open_item()
    with pytest.raises(VoteRefused, match="a vote is cast on its day"):
        vote(key, "10:05", on=MEETS + timedelta(days=1), ada="for")
    vote(key, "10:05", ada="for")


def test_a_conflict_is_declared_before_the_item_is_decided() -> None:
    _, key, _ = an_open_item()
    vote(key, "10:05", ada="for", ben="for")
    close(key, "10:10")
    with pytest.raises(RuleError, match="this item is decided"):
        services_interests.declare_for_item(
            grant("governance.preside"),
            key,
            "cat",
            nature="actual",
            declared_at=minute("10:11"),
            words="A share in it.",
        )


def test_a_vote_before_and_after_the_item_is_open_is_refused() -> None:
    _, key, _ = an_open_item()
    refused(key, "09:59", "ada", "is not open")
    vote(key, "10:05", ada="for")
    close(key, "10:10")
    refused(key, "10:11", "ada", "a change needs a new decision")


def test_the_last_vote_counts_and_all_are_kept() -> None:
    _, key, _ = an_open_item()
    for at, value in (("10:01", "for"), ("10:02", "abstain"), ("10:03", "against")):
        vote(key, at, ada=value)
    vote(key, "10:04", ben="for", cat="for")
    kept = close(key, "10:10").votes_snapshot
    assert (kept["votes_for"], kept["votes_against"], len(kept["superseded"])) == (2, 1, 2)
    assert models.Vote.objects.filter(item=key).count() == 5


def test_on_a_tie_the_vote_of_who_presides_decides_or_the_casting_vote() -> None:
    _, key, _ = an_open_item()
    vote(key, "10:05", ada="for", ben="for", cat="against", dan="against")
    decision = close(key, "10:10")
    assert (decision.outcome, decision.votes_snapshot["presiding"], decision.votes_snapshot["casting"]) == (
        "carried", "ada", "for",
    )  # fmt: skip


def test_a_casting_vote_that_the_terms_do_not_know_is_refused_and_a_tie_is_not_carried() -> None:
    services_boards.change_terms(
        grant("governance.keep"), BOARD, version="2", since=OPENED, has_casting_vote=False, reason="as agreed"
    )
    _, key, _ = an_open_item()
    vote(key, "10:05", ada="for", ben="against")
    with pytest.raises(RuleError, match="know no casting vote"):
        close(key, "10:10", casting="for")
    assert close(key, "10:10").outcome == "not_carried"


@pytest.mark.parametrize(("against", "outcome"), [(2, "carried"), (3, "not_carried")])
def test_a_special_majority_is_of_those_present(against: int, outcome: str) -> None:
    # Seven are there: 2/3 of 7 is 5.
    _, key, _ = an_open_item(needs="2/3 of present")
    vote(key, "10:05", **dict.fromkeys(EVERYBODY[: 7 - against], "for"))
    decision = close(key, "10:10")
    assert (decision.outcome, decision.reasons) == (outcome, ["2/3 of present: 5 needed"])


def test_a_member_votes_for_himself_alone() -> None:
    own = grant("governance.vote", "user:ada")
    services_boards.name_account(
        grant("governance.keep"), "user:ada", "ada", since=OPENED, reason="the chair's account"
    )
    _, key, _ = an_open_item()
    services_voting.cast_vote(own, key, "ada", "for", cast_at=minute("10:05"))
    with pytest.raises(Refused, match="You speak for yourself here"):
        services_voting.cast_vote(own, key, "ben", "for", cast_at=minute("10:05"))


def test_a_proxy_is_one_extra_vote_until_who_gave_it_comes() -> None:
    services_boards.change_terms(
        grant("governance.keep"), BOARD, version="2", since=OPENED, proxies=True, reason="as agreed"
    )
    meeting, key, _ = an_open_item()
    services_voting.name_proxy(grant("governance.preside"), meeting, giver="hal", holder="ada")
    vote(key, "10:05", ada="for")
    services_voting.cast_vote(grant("governance.preside"), key, "ada", "for", cast_at=minute("10:06"), proxy_for="hal")
    arrive(meeting, "hal", at="10:20")
    with pytest.raises(VoteRefused, match="so that it is void"):
        services_voting.cast_vote(
            grant("governance.preside"), key, "ada", "against", cast_at=minute("10:21"), proxy_for="hal"
        )
    assert close(key, "10:30").votes_snapshot["votes_for"] == 2


def test_no_proxy_where_the_terms_know_none() -> None:
    with pytest.raises(VoteRefused, match="know no votes by proxy"):
        services_voting.name_proxy(grant("governance.preside"), call(), giver="hal", holder="ada")
