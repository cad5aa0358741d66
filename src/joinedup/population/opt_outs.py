"""Who is left out of what is made for other purposes than care, and how the national service is asked.

*National data opt-out* (rules: record R86): the NHS numbers go out, one a line; the answer holds only those without an
opt-out. What is not in the answer is left out, also a number that nobody asked about. An answer that is missing,
damaged or too old stops the snapshot: nothing is ever made unfiltered.

*Type 1* (R87): a practice's dissent from other uses of its data. It is applied at source; a feed that carries it
removes the person from every snapshot.

*Consent*: an active Consent whose provision is to deny takes out what that one source holds about that person.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from joinedup.errors import FileError, RuleError

ALLOWED_DAYS: Final = 7
"""For how many days an answer may be used: opt-outs are upheld within it. [The service's own limit is to confirm.]"""

DISSENT: Final = "827241000000103"
"""Dissent from secondary use of general practitioner patient identifiable data (SNOMED CT)."""
DISSENT_WITHDRAWN: Final = "827261000000102"
SNOMED: Final = "http://snomed.info/sct"
MADE_UP_SHARE: Final = 20  # one in twenty, about as many as in England

_LINE = re.compile(rb"[0-9]{10},")
AGAIN = "Ask anew: joinedup snapshot ask-opt-outs FILE.dat, send it, and give the answer with --opt-outs."


@dataclass(frozen=True, slots=True)
class OptOuts:
    """Who may be in a snapshot by the national service: the numbers in `without`; how the answer came."""

    without: frozenset[str] | None  # None: nobody was asked, since nobody has a number
    how: str  # "answer", "made up", "nobody has a number"
    asked: int = 0
    answered_on: date | None = None

    def allows(self, numbers: Iterable[str]) -> bool:
        """Answer whether somebody with these numbers may be in a snapshot: all of them are without opt-out."""
        return all(self.without is not None and number in self.without for number in numbers)


@dataclass(slots=True)
class LeftOut:
    """How many people were left out, and why; and who has no number. Only these counts reach the manifest."""

    national: int = 0
    type_1: int = 0
    consent_subjects: int = 0
    erased: int = 0
    without_number_kept: int = 0
    without_number_left_out: int = 0
    several_numbers: int = 0
    notes: list[str] = field(default_factory=list)


def ask_file(numbers: Iterable[str]) -> bytes:
    """Answer the content of the file that asks: each number once, ordered, `number,` and a line feed."""
    return b"".join(number.encode() + b",\n" for number in sorted(set(numbers)))


def read_answer(content: bytes, name: str) -> frozenset[str]:
    """Answer the numbers without opt-out in an answer; raises FileError for one malformed line, never with its text."""
    if content and not content.endswith(b"\n"):
        line = content.count(b"\n") + 1
        raise FileError(name, "the answer breaks off: its last line has no end.", AGAIN, line=line)
    lines = content.split(b"\n")[:-1]
    for number, told in enumerate(lines, 1):
        if not _LINE.fullmatch(told):
            raise FileError(name, "expected ten digits, a comma and a line feed.", AGAIN, line=number)
    found = frozenset(told[:10].decode() for told in lines)
    if len(found) != len(lines):
        raise FileError(name, "a number stands twice in the answer.", AGAIN)
    return found


def from_answer(path: Path, asked: Collection[str], today: date) -> OptOuts:
    """Answer what an answer's file says. Raises FileError when it is missing, damaged, too old, or answers others.

    The file's own time of change is when it was answered: keep it when the file is moved.
    """
    try:
        content = path.read_bytes()
        answered = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    except OSError as error:
        raise FileError(str(path), f"the answer can't be read ({error.strerror}).", AGAIN) from None
    if today - answered > timedelta(days=ALLOWED_DAYS):
        raise FileError(path.name, f"the answer is of {answered}; expected one of the last {ALLOWED_DAYS} days.", AGAIN)
    without = read_answer(content, path.name)
    if strangers := len(without - frozenset(asked)):
        raise FileError(path.name, f"the answer holds {strangers} numbers that are not asked about here.", AGAIN)
    return OptOuts(without, "answer", len(asked), answered)


def made_up(numbers: Collection[str], master: bytes) -> OptOuts:
    """Answer an answer for people who are made up: one in twenty has opted out, the same each time."""
    without = frozenset(
        number for number in numbers
        if hmac.digest(master, b"made-up-opt-out|" + number.encode(), "sha256")[0] * MADE_UP_SHARE >= 256
    )  # fmt: skip
    return OptOuts(without, "made up", len(numbers))


def nobody_to_ask() -> OptOuts:
    """Answer that there was nobody to ask about: no number is known."""
    return OptOuts(None, "nobody has a number")


def must_be_answered(numbers: Collection[str]) -> RuleError:
    """Answer the error of a snapshot without an answer."""
    return RuleError(
        f"{len(numbers):,} people have NHS numbers, and no answer of the national data opt-out is given. "
        f"Nothing was made. {AGAIN}"
    )


def is_denied(consent: Mapping[str, Any]) -> bool:
    """Answer whether a Consent, as FHIR, is in force and denies."""
    provision = consent.get("provision")
    return consent.get("status") == "active" and isinstance(provision, Mapping) and provision.get("type") == "deny"


def dissents(resources: Iterable[tuple[str, Mapping[str, Any]]]) -> set[str]:
    """Answer whose GP data carry a dissent (type 1) that was not withdrawn later; pairs of person and resource.

    The newest entry counts, by its own date; on one day a dissent outweighs its withdrawal.
    """
    newest: dict[str, tuple[str, bool]] = {}
    for person, content in resources:
        coding = (content.get("code") or {}).get("coding") or ()
        codes = {one.get("code") for one in coding if one.get("system") in (SNOMED, None)}
        if not codes & {DISSENT, DISSENT_WITHDRAWN} or content.get("status") == "entered-in-error":
            continue
        said = (_day_of(content), DISSENT in codes)
        newest[person] = max(newest.get(person, said), said)
    return {person for person, (_, is_dissent) in newest.items() if is_dissent}


def _day_of(content: Mapping[str, Any]) -> str:
    for name in ("effectiveDateTime", "onsetDateTime", "recordedDate", "issued"):
        if content.get(name):
            return str(content[name])[:10]
    return str((content.get("effectivePeriod") or {}).get("start", ""))[:10]
