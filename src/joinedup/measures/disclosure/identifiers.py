"""Finding what names a person in a text: NHS numbers, postcodes, birth dates, addresses to reach, planted names.

A finding says what kind it is and never what stood there. Patterns err on the side of finding: a cell that only looks
like a telephone number is one more question to an analyst, an NHS number that slips through is a breach.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from joinedup.feeds.nhs_number import is_valid

KINDS: Final = {
    "nhs-number": "a valid NHS number",
    "pseudonym": "a pseudonym or another long technical number",
    "postcode": "a full postcode",
    "birth-date": "a date of birth",
    "e-mail": "an e-mail address",
    "phone": "a telephone number",
    "planted": "a name that this installation planted to find leaks",
}
_TEN_DIGITS = re.compile(r"(?<![\d.])\d(?:[ \-\u00a0\u2007\u2009\u202f\u2010-\u2013\u2212]?\d){9}(?![\d])")
_TECHNICAL = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE
)
_POSTCODE = re.compile(
    r"(?<![A-Z0-9])(?:GIR ?0AA|[A-PR-UWYZ](?:\d[\dA-HJKPS-UW]?|[A-HK-Y]\d[\dABEHMNPRVWXY]?) ?\d[ABD-HJLNP-UW-Z]{2})"
    r"(?![A-Z0-9])"
)
_E_MAIL = re.compile(r"[^\s@,;<>\"']{1,64}@[^\s@,;<>\"']{1,200}\.[a-z]{2,}", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\d.])(?:\+44[ -]?\(?0?\)?|0044|0)[ -]?[1-37-9]\d(?:[ -]?\d){7,8}(?!\d)")
_DAY = r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2}))"
_BORN = re.compile(rf"(?:born|birth|dob|d\.o\.b\.?)\W{{0,12}}(?:\w+\W{{1,3}})?{_DAY}", re.IGNORECASE)
_DECIMAL = re.compile(r"[+-]?(\d+)\.\d*")
_POWER = re.compile(r"[+-]?\d+(?:\.\d+)?e[+-]?\d{1,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Planted:
    """Names that were planted into feeds to find leaks, as keyed digests: the list itself names nobody."""

    key: bytes = b""
    digests: frozenset[str] = frozenset()

    def stands_in(self, text: str) -> bool:
        """Answer whether a planted name, of one to three words, stands anywhere in the text."""
        if not self.digests:
            return False
        words = folded(text).split()
        phrases: Iterable[str] = (" ".join(words[at : at + size]) for size in (1, 2, 3) for at in range(len(words)))
        return any(digest_of(phrase, self.key) in self.digests for phrase in set(phrases))


def digest_of(name: str, key: bytes) -> str:
    """Answer the keyed digest of a name, whatever its case, accents and marks between the words."""
    return hmac.new(key, b"planted|" + folded(name).encode(), hashlib.sha256).hexdigest()


def folded(text: str) -> str:
    """Answer a text as its words in small letters without accents."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return " ".join(re.findall(r"[^\W_]+", plain.casefold()))


def kinds_in(text: str, planted: Planted | None = None) -> Iterator[str]:
    """Yield the kinds of what names a person in this text, a key of KINDS each."""
    if not text:
        return
    if _has_nhs_number(text):
        yield "nhs-number"
    if _TECHNICAL.search(text):
        yield "pseudonym"
    if _POSTCODE.search(text.upper()):
        yield "postcode"
    if _BORN.search(text):
        yield "birth-date"
    if "@" in text and _E_MAIL.search(text):
        yield "e-mail"
    if _PHONE.search(text):
        yield "phone"
    if planted is not None and planted.stands_in(text):
        yield "planted"


def _has_nhs_number(text: str) -> bool:
    # A number that a notebook wrote as 9990123454.0 or 9.990123454e9 is still that number; the digits after the point
    # of a rate are none.
    stripped = text.strip()
    if decimal := _DECIMAL.fullmatch(stripped):
        return is_valid(decimal[1])
    if _POWER.fullmatch(stripped):
        value = abs(float(stripped))
        return value.is_integer() and value < 1e10 and is_valid(f"{int(value):010d}")
    if stripped.isdigit() and len(stripped) == 9:
        return is_valid(f"0{stripped}")  # A spreadsheet takes leading zeros away.
    return any(is_valid(found.group()) for found in _TEN_DIGITS.finditer(unicodedata.normalize("NFKC", text)))


def is_full_date(text: str) -> bool:
    """Answer whether a cell is a day that neither begins nor ends a month: one that a period would not be."""
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?", text) or re.fullmatch(
        r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text
    )
    if found is None:
        return False
    parts = found.groups()
    day = int(parts[2] if len(parts[0]) == 4 else parts[0])
    return 1 < day < 28
