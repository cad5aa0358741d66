"""Terms that stay as they are, and offers of employment to all who wish (rules: C8, C9).

Two sets of terms are equal when their hashes are: SHA-256 of one canonical text (keys sorted, no spaces, UTF-8), in
which decimals have two places. 37.5 hours and 37.50 hours are the same week.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from joinedup.access import canonical
from joinedup.errors import RuleError, did_you_mean

WISHES: Final = ("stay", "leave", "unknown")
OFFERS_RUN_UNTIL: Final = date(2022, 3, 31)
# Terms that are decimals even where a list of staff says them as text; a spine point such as 6.3 is a name, not one.
DECIMAL_TERMS: Final = frozenset({"hours_per_week"})


class TermsError(RuleError):
    """Terms of employment that cannot be compared: a float, more than two places, something without a plain text."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a member of staff wishes, and until which day the offer runs (None: there is none)."""

    wish: str = "unknown"
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if self.wish not in WISHES:
            raise RuleError(
                f"C9: '{self.wish}' is no wish; expected {', '.join(WISHES)}.{did_you_mean(self.wish, WISHES)}"
            )


def offer_stands(offer: Offer, until: date = OFFERS_RUN_UNTIL) -> bool:
    """Answer whether the promise is kept: an offer up to this day or later, or the recorded wish to leave (C9).

    A wish that nobody asked for excuses no missing offer.
    """
    if offer.valid_to is not None:
        return offer.valid_to >= until
    return offer.wish == "leave"


def terms_hash(terms: Mapping[str, Any]) -> str:
    """Answer the SHA-256 of terms, in hexadecimal (C8). TermsError for a float: write 37.50 as text or Decimal."""
    return hashlib.sha256(canonical({name: _plain(name, value) for name, value in terms.items()}).encode()).hexdigest()


def _plain(name: str, value: Any) -> str | int | bool | None:
    if isinstance(value, float):
        raise TermsError(f"C8: {name} is the float {value!r}; write it as a text such as 37.50.")
    if isinstance(value, Decimal) or (name in DECIMAL_TERMS and isinstance(value, int | str)):
        return _two_places(name, value)
    if isinstance(value, datetime) or not isinstance(value, str | int | date | None):
        raise TermsError(
            f"C8: {name} is a {type(value).__name__}; expected a text, a whole number, a decimal or a day."
        )
    return value.isoformat() if isinstance(value, date) else value


def _two_places(name: str, value: Decimal | int | str) -> str:
    try:
        exact = Decimal(value)
        rounded = exact.quantize(Decimal("0.01"))
    except InvalidOperation:
        raise TermsError(f"C8: {name} is '{value}'; expected a decimal such as 37.50.") from None
    if rounded != exact:
        raise TermsError(f"C8: {name} is {exact}; expected at most two places, so that nothing is rounded away.")
    return str(rounded)
