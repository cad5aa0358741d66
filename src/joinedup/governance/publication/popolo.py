"""People, bodies, posts and votes as Popolo JSON, which others can read without knowing joinedup (rule X8).

The format is that of https://www.popoloproject.com. Dates are as exact as they were given ("2020-05" for a month), and
a motion holds its vote events as objects. What Popolo has no word for, which is succession, stands in a member of our
own, "joinedup".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from joinedup.errors import RuleError
from joinedup.system import PartialDate

EXTENSION: Final = "joinedup"
OPTIONS: Final = {"for": "yes", "against": "no", "abstain": "abstain"}


@dataclass(frozen=True, slots=True)
class Named:
    """What somebody was called, from when to when; the end is not included."""

    name: str
    start: PartialDate | None = None
    end: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class BodyCode:
    """A code of a body and its scheme, such as ods and QM7."""

    scheme: str
    code: str


def popolo_person(
    key: str, name: str, *, other_names: Iterable[Named] = (), memberships: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Answer a person: no way to reach and no day of birth, which nobody publishes here."""
    return _without_empty(
        {"id": key, "name": name, "other_names": [_named(one) for one in other_names], "memberships": list(memberships)}
    )


def popolo_organization(
    key: str,
    name: str,
    kind: str,
    *,
    codes: Iterable[BodyCode] = (),
    other_names: Iterable[Named] = (),
    parent: str = "",
    founded: PartialDate | None = None,
    dissolved: PartialDate | None = None,
    predecessors: Sequence[str] = (),
    successors: Sequence[str] = (),
) -> dict[str, Any]:
    """Answer a body with its codes and dates; what it was and became stands in the extension."""
    succession = _without_empty({"predecessor_ids": list(predecessors), "successor_ids": list(successors)})
    return _without_empty(
        {
            "id": key, "name": name, "classification": kind,
            "identifiers": [{"scheme": one.scheme, "identifier": one.code} for one in codes],
            "other_names": [_named(one) for one in other_names],
            "parent_id": parent, "founding_date": _day(founded), "dissolution_date": _day(dissolved),
            EXTENSION: succession,
        }
    )  # fmt: skip


def popolo_post(
    key: str, label: str, body: str, *, role: str = "", start: PartialDate | None = None, end: PartialDate | None = None
) -> dict[str, Any]:
    """Answer a post or a seat: a position that exists whoever holds it."""
    return _without_empty(
        {
            "id": key, "label": label, "role": role, "organization_id": body,
            "start_date": _day(start), "end_date": _day(end),
        }
    )  # fmt: skip


def popolo_membership(
    key: str,
    person: str,
    body: str,
    *,
    post: str = "",
    role: str = "",
    on_behalf_of: str = "",
    start: PartialDate | None = None,
    end: PartialDate | None = None,
) -> dict[str, Any]:
    """Answer that a person holds a post or seat of a body, for whom, from when to when."""
    return _without_empty(
        {
            "id": key, "person_id": person, "organization_id": body, "post_id": post, "role": role,
            "on_behalf_of_id": on_behalf_of, "start_date": _day(start), "end_date": _day(end),
        }
    )  # fmt: skip


def popolo_vote_event(
    key: str, motion: str, body: str, at: datetime, votes: Mapping[str, str], *, result: str
) -> dict[str, Any]:
    """Answer one vote: {person: for, against or abstain}, counted and by name; `result` is pass or fail."""
    if at.tzinfo is None:
        raise RuleError("X8: a vote needs the time zone of its instant; give an aware datetime.")
    unknown = sorted(set(votes.values()) - OPTIONS.keys())
    if unknown:
        raise RuleError(f"X8: '{unknown[0]}' is no vote; expected {', '.join(OPTIONS)}.")
    counted = {OPTIONS[value]: sum(one == value for one in votes.values()) for value in OPTIONS}
    return {
        "id": key,
        "motion_id": motion,
        "organization_id": body,
        "start_date": at.isoformat(timespec="seconds"),
        "result": result,
        "counts": [{"option": option, "value": number} for option, number in counted.items()],
        "votes": [
            {"vote_event_id": key, "voter_id": person, "option": OPTIONS[value]}
            for person, value in sorted(votes.items())
        ],
    }


def popolo_motion(
    key: str, body: str, text: str, at: datetime, *, result: str, vote_events: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Answer a decision as a motion, its vote events whole: the schema wants objects, not their ids."""
    if at.tzinfo is None:
        raise RuleError("X8: a motion needs the time zone of its instant; give an aware datetime.")
    return _without_empty(
        {
            "id": key, "organization_id": body, "text": text, "date": at.isoformat(timespec="seconds"),
            "result": result, "vote_events": [dict(one) for one in vote_events],
        }
    )  # fmt: skip


def _named(one: Named) -> dict[str, Any]:
    return _without_empty({"name": one.name, "start_date": _day(one.start), "end_date": _day(one.end)})


def _day(date: PartialDate | None) -> str:
    return str(date) if date is not None else ""


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", [], {})}
