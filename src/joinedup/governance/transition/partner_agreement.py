"""Agreement of all partners with one very version of a plan, and the regional director's (rules: P3, P4, V16).

A new version has no signatures, except where it is editorial: it corrects spelling and nothing else, which is checked
and shown word by word. Whoever signed the version before has then signed this one as well.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from joinedup.errors import RuleError
from joinedup.governance.calendar_months import percent

# How alike two words are at least, of which one is the other's correction. The sum of what is common, over the sum of
# both: "comission" and "commission" 0.95, "may" and "must" 0.57. [to confirm]
LEAST_ALIKE: Final = 0.75


class NotEditorial(RuleError):
    """A version that was marked editorial changes more than spelling, so that all partners sign anew."""


class NotAgreed(RuleError):
    """A plan is not agreed by all partners, or lacks the regional director's approval of this version."""


@dataclass(frozen=True, slots=True)
class TextVersion:
    """A version of a plan's text; numbers begin at 1. `is_editorial`: it corrects the spelling of the one before."""

    number: int
    text: str
    is_editorial: bool = False


@dataclass(frozen=True, slots=True)
class Signed:
    """That a partner, or the regional director, put a name under a version."""

    by: str
    version: int


@dataclass(frozen=True, slots=True)
class Correction:
    """A word and what became of it."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who of today's partners agreed to the newest version, and who did not yet."""

    version: int
    signed: tuple[str, ...]
    missing: tuple[str, ...]
    is_approved: bool

    @property
    def percent(self) -> Decimal:
        """The share of partners who signed, in per cent to one place."""
        return percent(len(self.signed), len(self.signed) + len(self.missing))

    @property
    def is_agreed(self) -> bool:
        """Answer whether all partners signed this very version."""
        return not self.missing


def corrections(before: str, after: str) -> tuple[Correction, ...]:
    """Answer the corrected words of an editorial version; NotEditorial where anything but spelling changed (P3).

    A word may be replaced by one that is much like it; no word comes, goes or moves, and no figure changes.
    """
    old, new = before.split(), after.split()
    if len(old) != len(new):
        raise NotEditorial(
            f"P3: an editorial version has as many words as the one before; this has {len(new)} for {len(old)}. Submit "
            "it as a new version."
        )
    found = tuple(Correction(a, b) for a, b in zip(old, new, strict=True) if a != b)
    for one in found:
        if re.findall(r"\d+", one.before) != re.findall(r"\d+", one.after):
            raise NotEditorial(
                f"P3: '{one.before}' became '{one.after}'; a figure is no spelling. Submit a new version."
            )
        alike = difflib.SequenceMatcher(None, one.before.casefold(), one.after.casefold(), autojunk=False).ratio()
        if alike < LEAST_ALIKE:
            raise NotEditorial(f"P3: '{one.before}' became '{one.after}', another word. Submit it as a new version.")
    return found


def check_versions(versions: Sequence[TextVersion]) -> None:
    """Raise RuleError unless versions are numbered 1, 2, 3 … and each editorial one is (NotEditorial)."""
    if [one.number for one in versions] != list(range(1, len(versions) + 1)):
        raise RuleError("P3: the versions of a plan are numbered 1, 2, 3 and so on, none left out.")
    for before, after in itertools.pairwise(versions):
        if after.is_editorial:
            corrections(before.text, after.text)
    if versions and versions[0].is_editorial:
        raise NotEditorial("P3: the first version corrects nothing; it is no editorial one.")


def agreement(
    versions: Sequence[TextVersion], signatures: Iterable[Signed], partners: Iterable[str], *, director: str = ""
) -> Agreement:
    """Answer how far today's partners agree to the newest version of a plan (P3, P4).

    A signature counts for its own version and for editorial ones right after it. A signature of somebody who is no
    partner today counts for nothing. `director`: whose approval the plan needs besides ("": nobody's).
    """
    check_versions(versions)
    everyone = sorted(set(partners))
    if not versions or not everyone:
        raise RuleError("P3: agreement needs a version of the plan and at least one partner.")
    newest = versions[-1].number
    since = newest
    while versions[since - 1].is_editorial:
        since -= 1
    signed = {one.by for one in signatures if since <= one.version <= newest}
    return Agreement(
        newest,
        tuple(one for one in everyone if one in signed),
        tuple(one for one in everyone if one not in signed),
        not director or director in signed,
    )


def must_be_agreed(found: Agreement) -> None:
    """Raise NotAgreed, which names who has not signed, unless a plan is agreed and approved."""
    if not found.is_agreed:
        raise NotAgreed(
            f"P3: version {found.version} is signed by {found.percent}% of partners; missing: "
            f"{', '.join(found.missing)}. Ask them to sign this very version."
        )
    if not found.is_approved:
        raise NotAgreed(
            f"P4: the regional director has not approved version {found.version}; an earlier version's approval does "
            "not count for it."
        )
