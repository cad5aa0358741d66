"""The check digit of SNOMED CT codes (Verhoeff's dihedral scheme), which catches any one wrong digit and any swap."""

from __future__ import annotations

from typing import Final

_TIMES: Final = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_TURNS: Final = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
_INVERSE: Final = "0432156789"


def check_digit(digits: str) -> str:
    """Answer the digit that these digits end with when they are a code: "7321100" gives "9"."""
    state = 0
    for place, digit in enumerate(reversed(digits), start=1):
        state = int(_TIMES[state][int(_TURNS[place % 8][int(digit)])])
    return _INVERSE[state]


def is_snomed_code(code: str) -> bool:
    """Tell whether text is a SNOMED CT identifier: 6 to 18 digits, no leading nought, with the right last digit."""
    return (
        code.isascii()
        and code.isdigit()
        and 6 <= len(code) <= 18
        and code[0] != "0"
        and check_digit(code[:-1]) == code[-1]
    )
