"""About me: the person's own words, told once and shown first everywhere (rules: record R68; PRSB About Me 1.2).

Kept as a QuestionnaireResponse of joinedup's own, because none of the 186 record headings is for it. It is written by
the person, or by staff on their behalf, who are then named; it is not clinically checked, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joinedup.errors import RuleError, did_you_mean
from joinedup.record.statement import Content

QUESTIONNAIRE = "https://joinedup.example/Questionnaire/about-me"
# linkId: (what is asked, a hint). The words follow PRSB About Me 1.2; exact item names are to be confirmed.
HEADINGS: dict[str, tuple[str, str]] = {
    "what-matters": ("What is most important to me", "For example who and what makes a good day."),
    "people": ("People who are important to me", "Who they are, and when I want them told or asked."),
    "communication": ("How I communicate and how to communicate with me", "Language, hearing, aids, time I need."),
    "support": ("How and when to support me", "What I do by myself and what I need help with."),
    "please-do": ("Please do", "What helps me."),
    "please-do-not": ("Please don't", "What upsets or harms me."),
    "wellness": ("My wellness", "How I am on a good and on a bad day."),
    "also": ("Also worth knowing about me", "Anything else you want every team to know."),
}
LONGEST = 2000  # characters of one answer: a page, not a file


@dataclass(frozen=True, slots=True)
class AboutMe:
    """What somebody wants known: answers by heading in order, who wrote them and, when staff did, on whose behalf."""

    answers: Mapping[str, str]
    written_by: str
    on_behalf: bool
    written_at: datetime | None

    @property
    def filled(self) -> list[tuple[str, str]]:
        """Answer (heading, answer) for each heading that has one."""
        return [(HEADINGS[key][0], self.answers[key]) for key in HEADINGS if self.answers.get(key)]


def is_about_me(content: Content) -> bool:
    """Answer whether a resource is an "About me"."""
    return content.get("resourceType") == "QuestionnaireResponse" and content.get("questionnaire") == QUESTIONNAIRE


def read_about_me(content: Content) -> AboutMe:
    """Answer what a kept "About me" says."""
    answers = {
        item["linkId"]: str(item["answer"][0].get("valueString") or "")
        for item in content.get("item") or ()
        if item.get("linkId") in HEADINGS and item.get("answer")
    }
    author = content.get("author") or {}
    written = content.get("authored")
    return AboutMe(
        answers,
        str(author.get("display") or ""),
        content.get("source") is not None,
        datetime.fromisoformat(written) if written else None,
    )


def write_about_me(answers: Mapping[str, str], written_by: str, at: datetime, *, on_behalf: bool) -> dict[str, Any]:
    """Make the resource of somebody's answers, without empty ones.

    Raises RuleError for a heading that does not exist, an answer that is too long, or when nothing is answered.
    """
    unknown = [key for key in answers if key not in HEADINGS]
    if unknown:
        raise RuleError(f"There is no heading '{unknown[0]}'.{did_you_mean(unknown[0], HEADINGS)}")
    cleaned = {key: answers.get(key, "").replace("\r\n", "\n").strip() for key in HEADINGS}
    too_long = [HEADINGS[key][0] for key, text in cleaned.items() if len(text) > LONGEST]
    if too_long:
        raise RuleError(f"“{too_long[0]}” must be {LONGEST:,} characters or fewer.")
    if not any(cleaned.values()):
        raise RuleError("Write something under at least one heading.")
    content: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": QUESTIONNAIRE,
        "status": "completed",
        "authored": at.isoformat(timespec="seconds"),
        "author": {"display": written_by},
        "item": [
            {"linkId": key, "text": HEADINGS[key][0], "answer": [{"valueString": text}]}
            for key, text in cleaned.items()
            if text
        ],
    }
    if on_behalf:
        # Who answered is the person; who wrote it down is the author.
        content["source"] = {"display": "The person themselves"}
    return content
