"""Whether a code can be one of its system, as far as its form or a published list says so.

SNOMED CT and LOINC carry a check digit each, so a mistyped code shows without the licensed content. Code systems of
HL7 that are published whole are known code by code.
"""

from __future__ import annotations

import re

from joinedup.feeds.r4 import code_systems

SNOMED, LOINC, UCUM = "http://snomed.info/sct", "http://loinc.org", "http://unitsofmeasure.org"
_PERMUTED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_DIHEDRAL = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7), (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3), (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)  # fmt: skip
_SNOMED_ID = re.compile(r"[1-9][0-9]{5,17}")
_LOINC_CODE = re.compile(r"(\d{1,7})-(\d)|L[A-Z]\d{1,7}-\d|MTHU\d{6}")  # answers and parts have another check digit


def is_snomed_id(code: str) -> bool:
    """Answer whether a text is a SNOMED CT identifier: 6 to 18 digits with a valid Verhoeff check digit.

    Source: SNOMED CT Technical Implementation Guide, component identifiers and check-digit.
    """
    if _SNOMED_ID.fullmatch(code) is None:
        return False
    checked, row = 0, list(range(10))
    for digit in reversed(code):
        checked = _DIHEDRAL[checked][row[int(digit)]]
        row = [_PERMUTED[one] for one in row]
    return checked == 0


def is_loinc_code(code: str) -> bool:
    """Answer whether a text is a LOINC number with a valid check digit (mod 10), or a LOINC part or answer.

    Source: LOINC Users' Guide, the algorithm of the check digit.
    """
    match = _LOINC_CODE.fullmatch(code)
    if match is None:
        return False
    if match[1] is None:
        return True
    doubled = "".join(str(int(digit) * 2) if n % 2 == 0 else digit for n, digit in enumerate(reversed(match[1])))
    return (10 - sum(map(int, doubled)) % 10) % 10 == int(match[2])


def fault(system: str, code: str) -> str | None:
    """Answer why a code cannot be one of its system, or None when it can, or when nobody can say."""
    if system == SNOMED:
        # An expression of several concepts is longer than an identifier, and not looked into.
        if is_snomed_id(code) or re.search(r"[:+=|,{\s]", code):
            return None
        return "expected a SNOMED CT identifier with a valid check digit"
    if system == LOINC:
        return None if is_loinc_code(code) else "expected a LOINC code with a valid check digit"
    known = code_systems().get(system)
    return "expected a code of that code system" if known and code not in known else None
