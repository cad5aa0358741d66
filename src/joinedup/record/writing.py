"""What people add to a resident's record: a note, an alert, "About me". Versioned, named, audited, kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from joinedup.access import Grant
from joinedup.access.roles import TABLE
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.record import store
from joinedup.record.about_me import is_about_me, write_about_me
from joinedup.record.residents import OpenRecord
from joinedup.record.statement import OWN
from joinedup.record.summary import REVIEW_DATE

WRITE = "record.write"
LONGEST_NOTE = 10_000  # characters; a letter is a document, not a note
CATEGORY_SYSTEM = "https://joinedup.example/CodeSystem/alert-category"
# What an alert is about, with the section of the summary in which it stands (summary.py reads the words).
ALERT_CATEGORIES = {
    "safety": "Safety alert",
    "clinical": "Clinical alert",
    "risk": "Risk",
    "safeguarding": "Safeguarding",
    "adjustment": "Reasonable adjustment",
    "legal": "Legal information",
}
_MAY_BE_WITHDRAWN = frozenset({"Flag", "Communication", "QuestionnaireResponse"})


def author_of(grant: Grant) -> dict[str, Any]:
    """Answer who writes, as every reader sees it: name, role and organisation."""
    from joinedup.system.lookup import names_of

    body = names_of([grant.body_id]).get(grant.body_id, "") if grant.body_id else ""
    role = TABLE.role(grant.role).title if grant.role else ""
    return {"display": ", ".join(part for part in (grant.actor_name, role, body) if part)}


def add_note(opened: OpenRecord, text: str, topic: str = "") -> store.Stored:
    """Add a note. Raises RuleError when it is empty or longer than a note may be."""
    opened.grant.must_be_for(WRITE)
    return store.write(opened.grant, opened.resident_id, _note(opened, text, topic), action=WRITE)


def _note(opened: OpenRecord, text: str, topic: str) -> dict[str, Any]:
    text, topic = text.replace("\r\n", "\n").strip(), " ".join(topic.split())
    if not text:
        raise RuleError("Write the note.")
    if len(text) > LONGEST_NOTE:
        raise RuleError(f"A note has at most {LONGEST_NOTE:,} characters; this one has {len(text):,}.")
    if len(topic) > 100:
        raise RuleError("The subject must be 100 characters or fewer.")
    content: dict[str, Any] = {
        "resourceType": "Communication",
        "status": "completed",
        "category": [{"text": "Note"}],
        "sent": opened.at.isoformat(timespec="seconds"),
        "sender": author_of(opened.grant),
        "payload": [{"contentString": text}],
    }
    if topic:
        content["topic"] = {"text": topic}
    return content


def add_alert(
    opened: OpenRecord, category: str, text: str, *, starts: date, ends: date | None = None, review: date | None = None
) -> store.Stored:
    """Add an alert (a Flag) with its category, period, author and the day by which it is to be looked at again (R70).

    Raises RuleError for a category that does not exist, no text, or days in the wrong order.
    """
    opened.grant.must_be_for(WRITE)
    text = " ".join(text.split())
    if category not in ALERT_CATEGORIES:
        raise RuleError(f"Select what the alert is about.{did_you_mean(category, ALERT_CATEGORIES)}")
    if not 3 <= len(text) <= 500:
        raise RuleError("Say what others must know, in 3 to 500 characters.")
    if ends is not None and ends < starts:
        raise RuleError("The last day must not be before the first day.")
    if review is not None and review < starts:
        raise RuleError("The review must not be before the first day.")
    title = ALERT_CATEGORIES[category]
    content: dict[str, Any] = {
        "resourceType": "Flag",
        "status": "active",
        "category": [{"coding": [{"system": CATEGORY_SYSTEM, "code": category, "display": title}], "text": title}],
        "code": {"text": text},
        "period": {"start": starts.isoformat()} | ({"end": ends.isoformat()} if ends else {}),
        "author": author_of(opened.grant),
    }
    if review is not None:
        content["extension"] = [{"url": REVIEW_DATE, "valueDate": review.isoformat()}]
    return store.write(opened.grant, opened.resident_id, content, action=WRITE)


def keep_about_me(opened: OpenRecord, answers: Mapping[str, str], *, on_behalf: bool) -> store.Stored:
    """Keep the person's own words as the next version of their "About me"; by staff only on their behalf, named."""
    opened.grant.must_be_for(WRITE if on_behalf else "record.own")
    content = write_about_me(answers, author_of(opened.grant)["display"], opened.at, on_behalf=on_behalf)
    before = about_me_of(opened)
    return store.write(
        opened.grant,
        before.subject_id if before else opened.resident_id,
        content,
        action="record.write",
        resource=before.id if before else None,
    )


def about_me_of(opened: OpenRecord) -> store.Stored | None:
    """Answer the current "About me" of a resident: of several (two people became one) the newest."""
    found = [
        row
        for row in store.everything(opened.grant, opened.subject_ids, ["QuestionnaireResponse"])
        if row.source == OWN and is_about_me(row.content) and row.content.get("status") != "entered-in-error"
    ]
    return max(found, key=lambda row: row.stored_at, default=None)


def withdraw(opened: OpenRecord, type_: str, id_: UUID) -> store.Stored:
    """Mark what was written here as entered in error: it disappears from every page and stays in its history.

    Raises NotFound for what is not of this resident, was not written here, or cannot be withdrawn.
    """
    opened.grant.must_be_for(WRITE)
    if type_ not in _MAY_BE_WITHDRAWN:
        raise NotFound(_NO_SUCH_ENTRY)
    found = store.one(opened.grant, type_, id_)
    if found.source != OWN:
        raise NotFound(_NO_SUCH_ENTRY)
    content = {key: value for key, value in found.content.items() if key != "id"}
    content["status"] = "entered-in-error"
    return store.write(opened.grant, found.subject_id, content, action=WRITE, resource=id_)


_NO_SUCH_ENTRY = "There is no such entry, or none that you may withdraw."
