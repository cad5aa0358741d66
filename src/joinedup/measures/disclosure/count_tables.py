"""Tables of counts of one shape, as they were counted, and what of them is hidden."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from joinedup.measures.disclosure.bounds import Flags, Whole
from joinedup.measures.disclosure.rounding import SMALL

SENSITIVE_FROM: Final = 145
"""From this denominator on 7 people are at most 5 %, whatever it was before rounding (143 or more). [decision]"""


@dataclass(frozen=True)
class Tables:
    """Raw counts of tables of one shape, (tables, cells), and what each table is.

    `is_published` marks cells that there are at all; `has_people` tables with a denominator; `is_share` those whose
    numerator is a part of it; `is_sensitive` those of PE6. `knows_n` and `knows_d` mark counts that an earlier release
    has shown: hiding them now takes nothing back. `hid_n` and `hid_d` mark what it has hidden: that stays hidden.
    """

    n: Whole
    d: Whole
    is_published: Flags
    has_people: Flags
    is_share: Flags
    is_sensitive: Flags
    knows_n: Flags | None = None
    knows_d: Flags | None = None
    hid_n: Flags | None = None
    hid_d: Flags | None = None


@dataclass
class Hidden:
    """Which numerators and denominators are hidden, each (tables, cells), and which of them may also be 0.

    `unprotected` are the tables in which something can be worked out all the same, because of what is out already.
    """

    n: Flags
    d: Flags
    n_may_be_0: Flags
    d_may_be_0: Flags
    unprotected: set[int] = field(default_factory=set)


def shows_at_most_5(tables: Tables, shown_d: Whole) -> Flags:
    """Answer where a sensitive share is given as "≤ 5%": the numerator is 0 to 7 and that is at most 5 % of all."""
    return tables.is_sensitive[:, None] & tables.is_share[:, None] & (tables.n <= SMALL) & (shown_d >= SENSITIVE_FROM)


def shows_at_least_95(tables: Tables, shown_d: Whole) -> Flags:
    """Answer where a sensitive share is given as "≥ 95%": all but 0 to 7, and those are at most 5 % of all."""
    few_others = tables.d - tables.n <= SMALL
    return tables.is_sensitive[:, None] & tables.is_share[:, None] & few_others & (shown_d >= SENSITIVE_FROM)
