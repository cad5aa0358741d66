"""What a form sent: texts, days, minutes and keys that are read, and what is wrong of them by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any
from uuid import uuid4

from django.utils.translation import gettext as _

from joinedup.ui.dates import read_date

NOTICE = "notice"  # what the next page says was done, in the session


def new_key(prefix: str) -> str:
    """Answer a key for an act that a form carries, so that the form sent twice is one act."""
    return f"{prefix}-{uuid4()}"


def key_sent(sent: Mapping[str, str], prefix: str) -> str:
    """Answer the key that the form carried, or a new one where it carried none of ours."""
    key = sent.get("key", "").strip()
    return key if key.startswith(f"{prefix}-") and len(key) <= len(prefix) + 37 else new_key(prefix)


def text_sent(sent: Mapping[str, str], name: str, says: str, errors: dict[str, str]) -> str:
    """Answer a text that must be given."""
    text = sent.get(name, "").strip()
    if not text:
        errors[name] = says
    return text


def day_sent(
    sent: Mapping[str, str], name: str, what: str, errors: dict[str, str], *, start: date | None = None
) -> Any:
    """Answer a typed date with its boxes; one that is empty, or wrong, is said in `errors`."""
    written = read_date(sent, name, what)
    if written.problem:
        errors[f"{name}-{written.first_wrong}"] = written.problem
    elif written.value is None and start is None:
        errors[f"{name}-day"] = _("%(what)s: give the day, for example 1 4 2026") % {"what": what}
    return written


def summary(errors: Mapping[str, str]) -> list[dict[str, str]]:
    """Answer the error summary's lines, each leading to its field."""
    return [{"text": text, "href": f"#{field}"} for field, text in errors.items()]


def without_rule(error: Exception) -> str:
    """Answer an error's sentence without the rule's number, which is for those who write rules."""
    text = str(error)
    head, _colon, rest = text.partition(": ")
    return rest[:1].upper() + rest[1:] if len(head) <= 6 and head[:2].isupper() and rest else text


def time_sent(sent: Mapping[str, str], name: str, what: str, errors: dict[str, str]) -> time | None:
    """Answer a minute of a day that was typed, such as 10:30 or 10.30; what is wrong goes to `errors`."""
    found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", sent.get(name, "").strip(), re.ASCII)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return time(int(found[1]), int(found[2]))
    errors[name] = _("%(what)s must be a time, such as 10:30") % {"what": what}
    return None
