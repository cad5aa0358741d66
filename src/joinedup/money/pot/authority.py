"""The gate: no commitment, virement, contribution or call under the risk share without an authority (rule MB5).

An authority is the decision of somebody entitled: its reference, who gave it, for what, how much, from when to when. It
may be revoked or superseded, and it is spent. Boards give them; until governance stands, a finance lead does, with a
reason.

Two limits hold at once. `limit_pence` is what may be done under this authority, however long it lives.
`year_limit_pence` is the limit of whoever gave it: no more in one financial year for the same supplier and purpose,
under all authorities together, so that a purchase in pieces is judged as the one it is (rules: money MB5, governance
D3). Without one, `limit_pence` stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.planning import financial_year

ACTS: Final = ("commitment", "virement", "contribution", "risk_share")


class NoAuthority(RuleError):
    """No authority for this act on this day: none named, of another kind, not begun, ended, revoked, superseded."""


class OverAuthority(RuleError):
    """The act would take more than the authority, or whoever gave it, allows."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Leave to bind money: `reference` is the decision's, `acts` what it allows, the days are [valid_from, valid_to).

    `fund`, `party` (supplier or partner), `purpose` and `plan_line` narrow it where they are not "". `revoked_on` is
    the first day on which it allows nothing more; `superseded_by` names the authority in its place from that day.
    """

    id: str
    reference: str
    given_by: str
    reason: str
    acts: frozenset[str]
    limit_pence: int
    valid_from: date
    valid_to: date
    year_limit_pence: int | None = None
    fund: str = ""
    party: str = ""
    purpose: str = ""
    plan_line: str = ""
    revoked_on: date | None = None
    superseded_by: str = ""

    def __post_init__(self) -> None:
        for name in ("id", "reference", "given_by", "reason"):
            if not getattr(self, name).strip():
                raise RuleError(f"MB5: an authority needs its {name.replace('_', ' ')}.")
        for act in self.acts:
            if act not in ACTS:
                raise RuleError(
                    f"MB5: '{act}' is nothing an authority allows; expected {', '.join(ACTS)}.{did_you_mean(act, ACTS)}"
                )
        if not self.acts:
            raise RuleError(f"MB5: authority {self.id} allows nothing; expected one or more of {', '.join(ACTS)}.")
        for limit in (self.limit_pence, self.year_limit_pence):
            if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit <= 0):
                raise RuleError(f"MB5: authority {self.id} has the limit {limit!r}; expected whole pence above 0.")
        if self.valid_to <= self.valid_from:
            raise RuleError(
                f"MB5: authority {self.id} would end on {self.valid_to}, not after it begins on {self.valid_from}."
            )


@dataclass(frozen=True, slots=True)
class Use:
    """What was done under an authority: pence (below 0: given back), for whom and what, in which financial year."""

    authority: str
    pence: int
    party: str
    purpose: str
    year: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to do: the act, its pence, the day it takes effect, and what it is for."""

    act: str
    pence: int
    on: date
    fund: str
    party: str = ""
    purpose: str = ""
    plan_line: str = ""


def plain(words: str) -> str:
    """Answer a name as it is compared: a supplier in capitals or with two spaces is the same supplier."""
    return " ".join(words.split()).casefold()


def spent(uses: Iterable[Use], authority: str) -> int:
    """Answer the pence done under an authority, less what was given back."""
    return sum(use.pence for use in uses if use.authority == authority)


def check_authority(asked: Asked, authority: Authority | None, uses: Iterable[Use], *, today: date) -> None:
    """Raise NoAuthority or OverAuthority unless an act may be done under this authority.

    `uses` are the earlier ones under this authority and, under any, for the same supplier and purpose. The authority
    must hold on the day of the effect, and must not be revoked by `today` either: an effect put back into the days
    before it was revoked is refused like any other. Something given back (pence of 0 or below) needs none.
    """
    if asked.pence <= 0:
        return
    if authority is None:
        raise NoAuthority(
            f"MB5: a {asked.act.replace('_', ' ')} of {asked.pence} p needs an authority and none was named. Ask a "
            "board, or until then the finance lead, to give one."
        )
    _must_hold(asked, authority, today)
    _must_be_for(asked, authority)
    uses = list(uses)
    before = spent(uses, authority.id)
    if before + asked.pence > authority.limit_pence:
        raise OverAuthority(
            f"MB5: authority {authority.id} ({authority.reference}) allows {authority.limit_pence} p, of which "
            f"{before} p are spent; {asked.pence} p more are {before + asked.pence - authority.limit_pence} p too much."
        )
    limit = authority.limit_pence if authority.year_limit_pence is None else authority.year_limit_pence
    year = financial_year(asked.on)
    purchase = plain(asked.party), plain(asked.purpose), year
    same = sum(use.pence for use in uses if (plain(use.party), plain(use.purpose), use.year) == purchase)
    if same + asked.pence > limit:
        raise OverAuthority(
            f"MB5: in {year} {same} p were bound for {asked.party or 'the same party'}, "
            f"{asked.purpose or 'the same purpose'}; with {asked.pence} p more it is over the {limit} p that whoever "
            f"gave authority {authority.id} may allow in one year. A purchase in pieces counts as one."
        )


def _must_hold(asked: Asked, authority: Authority, today: date) -> None:
    named = f"authority {authority.id} ({authority.reference})"
    if asked.on < authority.valid_from:
        raise NoAuthority(f"MB5: {named} begins on {authority.valid_from}; the act is of {asked.on}.")
    if asked.on >= authority.valid_to:
        raise NoAuthority(f"MB5: {named} ended on {authority.valid_to}; the act is of {asked.on}. Ask for a new one.")
    if authority.revoked_on is not None and max(asked.on, today) >= authority.revoked_on:
        instead = f" Use {authority.superseded_by} instead." if authority.superseded_by else " Ask for a new one."
        what = "superseded" if authority.superseded_by else "revoked"
        raise NoAuthority(f"MB5: {named} was {what} from {authority.revoked_on}.{instead}")


def _must_be_for(asked: Asked, authority: Authority) -> None:
    if asked.act not in authority.acts:
        raise NoAuthority(
            f"MB5: authority {authority.id} is for {', '.join(sorted(authority.acts))}, not for a "
            f"{asked.act.replace('_', ' ')}."
        )
    for name, what in (("fund", "fund"), ("party", "party"), ("purpose", "purpose"), ("plan_line", "plan line")):
        bound, given = getattr(authority, name), getattr(asked, name)
        if bound and plain(bound) != plain(given):
            raise NoAuthority(f"MB5: authority {authority.id} is for {what} '{bound}'; the act is for '{given}'.")
