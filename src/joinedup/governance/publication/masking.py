"""Taking out of a text what names a person, before the public reads it (rules: X4, X5, V19).

E-mail addresses, telephone numbers, NHS numbers and postcodes always go; names go where they are given as terms, the
longest first. What goes is said in its place, and logged without the text itself. Ten digits that look like an NHS
number and are none are left for a person to look at. Who wrote the text still sees it whole, and so does whoever it is
addressed to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from joinedup.feeds.nhs_number import is_valid

MASKS: Final = {
    "nhs-number": "[NHS number removed]",
    "telephone": "[telephone removed]",
    "e-mail": "[e-mail removed]",
    "postcode": "[postcode removed]",
    "name": "[name removed]",
}
NAME_WITHHELD: Final = "Name withheld"
BEING_CHECKED: Final = "[number being checked]"

# What people type between digits: spaces, hyphens of each kind, and signs that are not seen.
_BETWEEN = r"[ .\-\u00a0\u00ad\u2007\u2009\u200b-\u200d\u202f\u2010-\u2013\u2060\u2212\ufeff]"
_TEN_DIGITS = re.compile(rf"(?<!\d)\d(?:{_BETWEEN}?\d){{9}}(?!\d)")
_ANY_TEN_DIGITS = re.compile(rf"(?<!\d)(?=(\d(?:{_BETWEEN}?\d){{9}})(?!\d))")  # also those that overlap others
_PHONE = re.compile(
    rf"(?<!\d)(?:(?:\+|00{_BETWEEN}?){_BETWEEN}?44{_BETWEEN}?\(?0?\)?|\(?0)(?:(?:{_BETWEEN}|[()]){{0,2}}\d){{9,10}}(?!\d)"
)
_E_MAIL = re.compile(r"[^\s@,;:<>\"'()\[\]]{1,64}@[^\s@,;:<>\"'()\[\]]{1,200}\.[^\W\d_]{2,}")
# ZZ99 stands for no address in England, and has letters that postcodes leave out.
_POSTCODE = re.compile(
    r"(?<![A-Z0-9])(?:GIR ?0AA|ZZ99 ?\d[A-Z]{2}|[A-PR-UWYZ](?:\d[\dA-HJKPS-UW]?|[A-HK-Z]\d[\dABEHMNPRVWXY]?)[ \u00a0]?"
    r"\d[ABD-HJLNP-UW-Z]{2})(?![A-Z0-9])",
    re.IGNORECASE,
)
_MASK = re.compile("(" + "|".join(re.escape(mask) for mask in MASKS.values()) + ")")


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken out: its kind and how many characters; never what stood there."""

    kind: str
    characters: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A text for the public, what went, and how many places a person must look at (ten digits of no known kind)."""

    text: str
    removed: tuple[Removed, ...]
    to_check: int = 0

    @property
    def needs_a_person(self) -> bool:
        """Answer whether somebody must look at it before it is published."""
        return self.to_check > 0


def mask(text: str, terms: Iterable[str] = ()) -> Masked:
    """Answer a text without what names a person (X5). `terms` are the names to take out, in any case and order.

    Masking the answer again changes nothing (V19).
    """
    names = _names(terms)
    removed: list[Removed] = []
    # What goes can uncover the edge of something else, so it is read again until nothing more goes.
    while True:
        shorter = "".join(_pieces(text, names, removed))
        if shorter == text:
            break
        text = shorter
    plain = _folded(_MASK.sub("|", text))
    return Masked(text, tuple(removed), sum(1 for _ in _TEN_DIGITS.finditer(plain)))


def public_text(text: str) -> str:
    """Answer a text as the public reads it at once: masked, and with numbers that a person must look at held back (X5).

    Saying it again changes nothing.
    """
    found = mask(text)
    if not found.needs_a_person:
        return found.text
    pieces = []
    for piece in _MASK.split(found.text):
        at = 0
        if not _MASK.fullmatch(piece):
            for one in _TEN_DIGITS.finditer(_folded(piece)):
                pieces += [piece[at : one.start()], BEING_CHECKED]
                at = one.end()
        pieces.append(piece[at:])
    return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Response:
    """What somebody sent to a consultation, with the consents given for it."""

    name: str
    body: str
    consent_publish_name: bool = False
    email: str = ""
    telephone: str = ""
    attachments: tuple[str, ...] = ()  # their texts
    file_names: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()  # earlier messages under the reply
    names: tuple[str, ...] = field(default=())  # further people or practices that were marked to go


@dataclass(frozen=True, slots=True)
class PublicCopy:
    """A response as everybody may read it; no field for ways to reach who wrote it. `log` says what went from where."""

    name: str
    body: str
    attachments: tuple[str, ...]
    file_names: tuple[str, ...]
    quoted: tuple[str, ...]
    log: Mapping[str, tuple[Removed, ...]]
    needs_a_person: bool


def public_copy(response: Response) -> PublicCopy:
    """Answer a response for the public: the name with consent alone; e-mail, telephone and the like never (X4)."""
    is_named = response.consent_publish_name and bool(response.name.strip())
    names = response.names if is_named else (*response.names, response.name)
    log: dict[str, tuple[Removed, ...]] = {}
    must_look = False

    def cleaned(where: str, text: str) -> str:
        nonlocal must_look
        found = mask(text, names)
        log[where] = found.removed
        must_look |= found.needs_a_person
        return found.text

    return PublicCopy(
        # A name that is published is masked for what else it may hold: people write addresses into any field.
        cleaned("name", response.name) if is_named else NAME_WITHHELD,
        cleaned("body", response.body),
        tuple(cleaned(f"attachment {place}", one) for place, one in enumerate(response.attachments, 1)),
        tuple(cleaned(f"file name {place}", one) for place, one in enumerate(response.file_names, 1)),
        tuple(cleaned(f"quoted {place}", one) for place, one in enumerate(response.quoted, 1)),
        log,
        must_look,
    )


def _names(terms: Iterable[str]) -> list[re.Pattern[str]]:
    words = {" ".join(_folded(term).split()) for term in terms}
    longest_first = sorted((word for word in words if any(one.isalnum() for one in word)), key=lambda w: (-len(w), w))
    return [
        re.compile(r"(?<!\w)" + r"\s+".join(re.escape(part) for part in word.split()) + r"(?!\w)", re.IGNORECASE)
        for word in longest_first
    ]


def _pieces(text: str, names: Sequence[re.Pattern[str]], removed: list[Removed]) -> Iterator[str]:
    """Yield the text piece by piece: what was masked as it is, what lies between masked."""
    for piece in _MASK.split(text):
        if _MASK.fullmatch(piece):
            yield piece
            continue
        at = 0
        for start, end, kind in _found(_folded(piece), names):
            removed.append(Removed(kind, end - start))
            yield piece[at:start] + MASKS[kind]
            at = end
        yield piece[at:]


def _found(piece: str, names: Sequence[re.Pattern[str]]) -> list[tuple[int, int, str]]:
    """Answer what to take out of a piece, from left to right. What overlaps goes together, as what is longest of it.

    So of "Alpha" and "Alpha Lane Surgery" nothing is left of the second, and nothing of two names that share a word.
    """
    found = [(*one.span(), "e-mail") for one in _E_MAIL.finditer(piece)]
    found += [(*one.span(1), "nhs-number") for one in _ANY_TEN_DIGITS.finditer(piece) if _is_nhs_number(one.group(1))]
    found += [(*one.span(), "telephone") for one in _PHONE.finditer(piece)]
    found += [(*one.span(), "postcode") for one in _POSTCODE.finditer(piece)]
    found += [(*one.span(), "name") for name in names for one in name.finditer(piece)]
    order = list(MASKS)
    merged: list[list[tuple[int, int, str]]] = []
    reached = 0
    for one in sorted(found):
        if merged and one[0] < reached:
            merged[-1].append(one)
        else:
            merged.append([one])
        reached = max(reached, one[1])
    answer = []
    for many in merged:
        kind = min(many, key=lambda one: (one[0] - one[1], order.index(one[2])))[2]
        answer.append((many[0][0], max(end for _, end, _ in many), kind))
    return answer


def _is_nhs_number(digits: str) -> bool:
    return is_valid("".join(one for one in digits if one.isdigit()))


def _folded(text: str) -> str:
    """Answer a text of the same length in which digits of every script are 0 to 9, and full-width letters plain."""
    return text if text.isascii() else "".join(map(_plain, text))


def _plain(one: str) -> str:
    digit = unicodedata.digit(one, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", one)
    return plain if len(plain) == 1 else one
