"""What a Patient says about who it is, brought into one form so that two records can be compared.

Method: rules/population PA4. The original stands in the record; here stays only what comparing needs. What everybody
writes when they do not know (UNKNOWN, BABY, 1900-01-01, ZZ99 3VZ) is no value at all: it would agree by accident.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from joinedup.feeds import nhs_number

# Where the character has no parts to take the accent from.
_LETTERS = str.maketrans(
    {"Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Æ": "AE", "Œ": "OE", "Þ": "TH", "ẞ": "SS", "İ": "I", "ı": "I", "Ħ": "H"}
)
_APOSTROPHES = str.maketrans("", "", "'’‘`´ʼʹ\u02bb")
_NOT_A_LETTER = re.compile(r"[^A-Z]+")
_NOT_A_LETTER_OR_DIGIT = re.compile(r"[^A-Z0-9]+")
_TITLES = frozenset(
    ["MR", "MRS", "MS", "MISS", "MX", "DR", "PROF", "PROFESSOR", "REV", "SIR", "DAME", "LADY", "LORD", "MASTER"]
)
_NO_NAME = frozenset(
    [
        "UNKNOWN",
        "UNK",
        "NOT KNOWN",
        "NK",
        "NOT STATED",
        "NO NAME",
        "ANON",
        "ANONYMOUS",
        "BABY",
        "BABY BOY",
        "BABY GIRL",
        "BABY OF",
        "NEWBORN",
        "INFANT",
        "TWIN",
        "TWIN ONE",
        "TWIN TWO",
        "TWIN A",
        "TWIN B",
        "TRIPLET",
        "TEST",
        "TEST PATIENT",
        "DUMMY",
        "MALE",
        "FEMALE",
        "NULL",
        "NONE",
        "N A",
    ]
)
_NO_BIRTH_DATES = frozenset({"1900-01-01", "1800-01-01"})
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}")
_SEXES = {"male": "M", "female": "F", "m": "M", "f": "F", "1": "M", "2": "F"}
# Of `meta.security`: a restricted address is not matched on (rules: PA3); a withheld identity joins nobody (R25).
_RESTRICTED = frozenset({"R", "V"})
_WITHHELD = frozenset({"V", "REDACTED"})
_FORMER_USES = frozenset({"old", "maiden"})
MAX_AGE_YEARS = 120
FIRST_YEAR = 1880


@dataclass(frozen=True, slots=True)
class MatchingFields:
    """One record as it is compared; None or an empty tuple where the source says nothing that can be compared.

    `nhs_number` is ten digits with a right check digit, of a range that may join; `is_verified` when its source traced
    it (status 01). `former_numbers` are those that it replaced. `family` and `given` are capitals A-Z and single
    spaces; `given` is the first forename, `middle` the rest; `other_families` and `other_givens` are all else that the
    person is known by. `sex` is M or F. `house` is the first line of the address.
    """

    nhs_number: str | None = None
    is_verified: bool = False
    former_numbers: tuple[str, ...] = ()
    family: str | None = None
    given: str | None = None
    middle: str | None = None
    other_families: tuple[str, ...] = ()
    other_givens: tuple[str, ...] = ()
    birth_date: date | None = None
    death_date: date | None = None
    sex: str | None = None
    postcode: str | None = None
    house: str | None = None
    phone: str | None = None
    email: str | None = None
    is_withheld: bool = False


def matching_fields(patient: Mapping[str, Any]) -> MatchingFields:
    """Answer what a FHIR R4 Patient gives to compare. What cannot be read is missing, never an error.

    Of a withheld identity nothing is kept, so that nothing can ever join it.

    A date of birth in the future, or more than 120 years ago, is left for `plausible_birth`, which is told the day.
    """
    security = {one.get("code") for one in (patient.get("meta") or {}).get("security") or ()}
    if security & _WITHHELD:
        return MatchingFields(is_withheld=True)
    number, is_verified, former = _numbers(patient.get("identifier") or ())
    family, given, middle, other_families, other_givens = _names(patient.get("name") or ())
    postcode, house = (None, None) if security & _RESTRICTED else _address(patient.get("address") or ())
    phone, email = (None, None) if security & _RESTRICTED else _contacts(patient.get("telecom") or ())
    return MatchingFields(
        nhs_number=number,
        is_verified=is_verified,
        former_numbers=former,
        family=family,
        given=given,
        middle=middle,
        other_families=other_families,
        other_givens=other_givens,
        birth_date=birth_date(patient.get("birthDate") or ""),
        death_date=_day((patient.get("deceasedDateTime") or "")[:10]),
        sex=_SEXES.get(str(patient.get("gender") or "").lower()),
        postcode=postcode,
        house=house,
        phone=phone,
        email=email,
    )


@lru_cache(maxsize=100_000)
def name(text: str) -> str | None:
    """Answer a name in capitals A-Z with single spaces, without accents, apostrophes and titles; None for no name.

    A hyphen is a space: SMITH-JONES and Smith Jones are one name. Letters of other scripts are not guessed at.
    """
    upper = text.upper()
    if not upper.isascii():
        upper = upper.translate(_LETTERS)
        upper = "".join(c for c in unicodedata.normalize("NFKD", upper) if not unicodedata.combining(c)).upper()
    words = _NOT_A_LETTER.sub(" ", upper.translate(_APOSTROPHES)).split()
    while len(words) > 1 and words[0] in _TITLES:
        del words[0]
    plain = " ".join(words)
    if not plain or plain in _NO_NAME or (len(plain) > 1 and not plain.strip("X ")):
        return None
    return plain


def family_name(text: str) -> str | None:
    """Answer a surname as `name` does; a single letter is not one."""
    plain = name(text)
    return plain if plain is not None and len(plain) > 1 else None


@lru_cache(maxsize=100_000)
def postcode(text: str) -> str | None:
    """Answer a postcode with one space before its last three characters; None for ZZ99 (no abode, not known)."""
    plain = text.upper().replace(" ", "").replace("\u00a0", "")
    if not _POSTCODE.fullmatch(plain) or plain.startswith("ZZ99"):
        return None
    return f"{plain[:-3]} {plain[-3:]}"


@lru_cache(maxsize=100_000)
def birth_date(text: str) -> date | None:
    """Answer a date of birth that is given to the day; None for what stands for "not known"."""
    return None if text in _NO_BIRTH_DATES else _day(text)


def plausible_birth(born: date | None, on: date) -> date | None:
    """Answer the date of birth unless it lies in the future of `on` or more than 120 years before it."""
    return None if born is None or born > on or born.year < on.year - MAX_AGE_YEARS else born


@lru_cache(maxsize=100_000)
def phone(text: str) -> str | None:
    """Answer a telephone number as digits that begin with 0; None for what is too short to be one."""
    digits = re.sub(r"[^0-9+]", "", text)
    if digits.startswith(("+44", "0044")):
        digits = "0" + digits[3 if digits[0] == "+" else 4 :].removeprefix("0")
    digits = digits.replace("+", "")
    return digits if len(digits) >= 9 and digits.strip(digits[-1]) else None


def email(text: str) -> str | None:
    """Answer an e-mail address in lower case."""
    plain = text.strip().lower()
    return plain if 3 < len(plain) <= 200 and 0 < plain.find("@") < len(plain) - 1 else None


@lru_cache(maxsize=100_000)
def house(text: str) -> str | None:
    """Answer the first line of an address in capitals and digits with single spaces."""
    return _NOT_A_LETTER_OR_DIGIT.sub(" ", text.upper().translate(_APOSTROPHES)).strip()[:80] or None


@lru_cache(maxsize=100_000)
def number(text: str) -> str | None:
    """Answer an NHS number that may join records: its check digit is right and its range is England's, or 999."""
    checked = nhs_number.check(text)
    return checked.value if isinstance(checked, nhs_number.NhsNumber) and checked.may_join else None


def _day(text: str) -> date | None:
    if len(text) != 10:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= FIRST_YEAR else None


def _numbers(identifiers: Iterable[Mapping[str, Any]]) -> tuple[str | None, bool, tuple[str, ...]]:
    current: str | None = None
    is_verified = False
    former: list[str] = []
    for one in identifiers:
        if one.get("system") != nhs_number.SYSTEM:
            continue
        value = number(str(one.get("value") or ""))
        if value is None:
            continue
        if one.get("use") == "old" or "end" in (one.get("period") or {}):
            former.append(value)
        elif current is None:
            current, is_verified = value, _is_traced(one)
    return current, is_verified, tuple(dict.fromkeys(old for old in former if old != current))


def _is_traced(identifier: Mapping[str, Any]) -> bool:
    for extension in identifier.get("extension") or ():
        if extension.get("url") == nhs_number.VERIFICATION_EXTENSION:
            codings = (extension.get("valueCodeableConcept") or {}).get("coding") or ()
            return any(coding.get("code") == nhs_number.VERIFIED for coding in codings)
    return False


def _names(
    names: Iterable[Mapping[str, Any]],
) -> tuple[str | None, str | None, str | None, tuple[str, ...], tuple[str, ...]]:
    """Answer family, first forename, other forenames, and all else that the person is or was called.

    The official name leads, else the usual one, else the first that is not a former one.
    """
    found = sorted(names, key=_rank_of_name)
    if not found:
        return None, None, None, (), ()
    families: list[str] = []
    givens: list[str] = []
    middle: str | None = None
    for number_, one in enumerate(found):
        family = family_name(str(one.get("family") or ""))
        if family:
            families.append(family)
        said = [plain for text in one.get("given") or () if (plain := name(str(text)))]
        if number_ == 0 and len(said) == 1 and " " in said[0]:
            said = said[0].split()  # "Mary Ann" in one field is two forenames in another system.
        givens += said[:1]
        if number_ == 0 and len(said) > 1:
            middle = " ".join(said[1:])
    leads = found[0]
    family = families[0] if families and leads.get("family") else None
    given = givens[0] if givens and leads.get("given") else None
    return (
        family,
        given,
        middle,
        tuple(dict.fromkeys(one for one in families if one != family)),
        tuple(dict.fromkeys(one for one in givens if one != given)),
    )


def _rank_of_name(one: Mapping[str, Any]) -> int:
    use = one.get("use")
    if use in _FORMER_USES or "end" in (one.get("period") or {}):
        return 3
    return {"official": 0, "usual": 1, None: 1}.get(use, 2)


def _address(addresses: Iterable[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    best: Mapping[str, Any] | None = None
    for one in addresses:
        if one.get("use") == "old" or "end" in (one.get("period") or {}):
            continue
        if best is None or (one.get("use") == "home" and best.get("use") != "home"):
            best = one
    if best is None:
        return None, None
    lines = best.get("line") or ()
    return postcode(str(best.get("postalCode") or "")), house(str(lines[0])) if lines else None


def _contacts(telecoms: Iterable[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    found_phone: str | None = None
    found_email: str | None = None
    for one in telecoms:
        if one.get("use") == "old":
            continue
        system, value = one.get("system"), str(one.get("value") or "")
        if system == "phone":
            # A mobile telephone belongs to one person more often than a telephone at home does.
            if found_phone is None or one.get("use") == "mobile":
                found_phone = phone(value) or found_phone
        elif system == "email" and found_email is None:
            found_email = email(value)
    return found_phone, found_email
