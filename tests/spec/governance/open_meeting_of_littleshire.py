"""A meeting of Littleshire that the public reads of: a public decision, a private one, approved minutes."""

from __future__ import annotations

from datetime import date
from typing import Any

from joinedup.governance import models
from joinedup.governance.acts import assurance, interests, minutes, papers

from .sitting import ASKS, BOARD, EFFECT, OPENED, arrive, call, close, exclude, grant, item, minute, open_, paper, vote

EVERYBODY = ("ada", "ben", "cat", "dan", "eve", "fay", "gus", "hal")
SECRET = "Settlement with a former officer"
TITLE = "#panic() *care* $x$ _a_ @b"  # titles with < or > are refused where they are typed
SCRIPT = "<script>alert(1)</script> #panic()"
TEXT = f"{SCRIPT} Ring 01632 960123.\n\nA second paragraph, number 9434765910."
NEXT = date(2022, 11, 25)


def decide(number: int, meeting: str, *, at: str = "10:20", until: str = "10:30", **more: Any) -> models.Decision:
    """Put an item with its paper, and carry it by five to two; `declares` is the interest that hal declares in it."""
    given, declares = more.pop("paper", {}), more.pop("declares", "")
    key = item(meeting, number, function="resources", **more)
    paper(key, cost_pence=more.get("amount_pence") or 0, **given)
    papers.publish_papers(grant("governance.prepare"), meeting, published_at=minute("09:00", date(2022, 9, 16)))
    if declares:
        interests.declare_for_item(
            grant("governance.preside"), key, "hal", nature="actual", declared_at=minute(at), interest=declares
        )
        exclude(key, "hal", at)
    return carry(key, at, until)


def carry(key: str, at: str, until: str, **more: Any) -> models.Decision:
    open_(key, at)
    vote(key, at, ada="for", ben="for", cat="for", dan="for", eve="for", fay="against", gus="against")
    return close(key, until, **{"dissents": {"fay": "It is too early."}} | more)  # type: ignore[no-any-return]


def sit(**more: Any) -> str:
    """Hold a meeting with a public item 1 and a private item 2; its minutes are approved at the next."""
    meeting = call()
    arrive(meeting, *EVERYBODY)
    interest = interests.declare_interest(
        grant("governance.keep"), "hal", type="financial", about_org="CARE", description="a director of it",
        arose_on=OPENED, declared_on=OPENED, publish=more.pop("publish", "yes"), publish_reason="as asked",
    )  # fmt: skip
    first = decide(
        1, meeting, title=TITLE, amount_pence=50_000_000, supplier="Care Ltd", asks=ASKS, expects=EFFECT,
        declares=interest,
        paper={"title": f"Paper on {TITLE}", "text": TEXT},
    )  # fmt: skip
    decide(2, meeting, at="10:40", until="10:50", title=SECRET, is_private=True)
    assurance.open_commitment(
        grant("governance.assure"), BOARD, "C-1", text="Open six beds", owner="ICB", due_on=date(2023, 3, 1),
        test="six beds are open", decision=first.reference,
    )  # fmt: skip
    minutes.draft_minutes(grant("governance.prepare"), meeting)
    return meeting


def approve(meeting: str) -> None:
    later = call(on=NEXT)
    number = models.MinutesVersion.objects.filter(meeting=meeting).count()
    minutes.approve_minutes(grant("governance.preside"), meeting, later, number=number)
