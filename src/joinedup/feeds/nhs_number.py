"""Whether a text is an NHS number, and from which of the number's ranges it is.

Method: modulus 11 of the NHS Data Dictionary (rules: record R20, population PA1) and the ranges of population PA2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
VERIFICATION_EXTENSION = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
VERIFICATION_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
VERIFIED = "01"  # number present and verified: the only status that counts as verified (rules: record R25)

# What people type between the groups of a number: spaces, no-break spaces, hyphens of each kind.
_BETWEEN = str.maketrans("", "", " -\t\u00a0\u2007\u202f\u2009\u2010\u2011\u2012\u2013\u2212")
_LENGTH = 10


class Range(StrEnum):
    """To whom numbers of a range are given (rules: population PA2)."""

    SYNTHETIC = "synthetic"  # 999: never issued; demonstrations and tests only
    ENGLAND = "england"  # 4, 60-79: England, Wales and the Isle of Man
    SCOTLAND = "scotland"  # begins with a date of birth: a Community Health Index number, not an NHS number
    NORTHERN_IRELAND = "northern-ireland"  # 320 000 001 to 399 999 999: a Health and Care number
    UNALLOCATED = "unallocated"  # accepted, never reason enough for an automatic join


@dataclass(frozen=True, slots=True)
class NhsNumber:
    """A valid number as ten digits, and its range. Always text: a number that lost its leading zeros is another one."""

    value: str
    range: Range

    @property
    def is_synthetic(self) -> bool:
        return self.range is Range.SYNTHETIC

    @property
    def may_join(self) -> bool:
        """Whether the number belongs to a range in which an equal number may join two records by itself."""
        return self.range in (Range.ENGLAND, Range.SYNTHETIC)


def check(text: str) -> NhsNumber | str:
    """Answer the NHS number that a text is, or why it is none, in words without the value.

    Spaces, hyphens and no-break spaces are taken out first; then there must be ten ASCII digits, not all equal, of
    which the last is the check digit. Digits of other scripts are refused: they look the same and compare as different.
    """
    digits = text.translate(_BETWEEN)
    if len(digits) != _LENGTH or not (digits.isascii() and digits.isdigit()):
        return "expected 10 digits"
    if digits == digits[0] * _LENGTH:
        return "expected an issued number, found ten equal digits"
    d = digits.encode()
    # 48 is the code of "0"; the weights 10 to 2 sum to 54.
    total = d[0] * 10 + d[1] * 9 + d[2] * 8 + d[3] * 7 + d[4] * 6 + d[5] * 5 + d[6] * 4 + d[7] * 3 + d[8] * 2 - 48 * 54
    if (11 - total % 11) % 11 != d[9] - 48:  # A remainder of 1 asks for a digit "10": no last digit fits.
        return "expected a valid check digit"
    return NhsNumber(digits, _range_of(digits))


def is_valid(text: str) -> bool:
    """Answer whether a text is a valid NHS number of any range."""
    return isinstance(check(text), NhsNumber)


def shown(value: str) -> str:
    """Answer a number in the three groups that people read: 943 476 5919; other text comes back as it is."""
    return f"{value[:3]} {value[3:6]} {value[6:]}" if len(value) == _LENGTH and value.isdigit() else value


def _range_of(digits: str) -> Range:
    first = digits[0]
    if first == "4" or first in "67":
        return Range.ENGLAND
    if digits.startswith("999"):
        return Range.SYNTHETIC
    if "320000001" <= digits[:9] <= "399999999":
        return Range.NORTHERN_IRELAND
    if "010100" <= digits[:6] <= "311299":
        return Range.SCOTLAND
    return Range.UNALLOCATED
