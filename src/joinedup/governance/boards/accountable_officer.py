"""Whether the accountable officer of a system may hold the posts that he or she holds (rule: governance G4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from joinedup.errors import RuleError
from joinedup.governance.boards.governance_models import GovernanceModel
from joinedup.governance.boards.stretches import Stretch, failing_stretches

LEADING: Final = frozenset({"accountable_officer", "chief_executive"})


class OfficerNotAllowed(RuleError):
    """The accountable officer's other posts are not what the governance model allows."""


@dataclass(frozen=True, slots=True)
class OfficerPost:
    """A post of the accountable officer: in which body, as what, from a day up to a day."""

    body: str
    role: str
    start: date
    end: date | None = None
    is_employed: bool = True
    fte: Decimal | None = None

    def is_on(self, day: date) -> bool:
        """Answer whether the post is held on a day."""
        return self.start <= day and (self.end is None or day < self.end)


def officer_faults(
    model: GovernanceModel, posts: Iterable[OfficerPost], *, system: str, members: Collection[str], on: date
) -> list[str]:
    """Answer in sentences what is wrong with the accountable officer's posts on a day (G4).

    `posts` are all posts of the person, `system` the body that the officer answers for. Where the model takes the
    officer from a member, he or she holds a leading post in one on that day; where other posts are forbidden, he or she
    holds no other employed post, and this one is full time (an unknown share of time passes).
    """
    held = [one for one in posts if one.is_on(on)]
    own = [one for one in held if one.body == system and one.role == "accountable_officer"]
    others = [one for one in held if one not in own]
    if not own:
        return [f"{system} has no accountable officer"]
    found = []
    if model.officer_from_member_post and not any(one.body in members and one.role in LEADING for one in others):
        found.append("The accountable officer leads no member; expected a leading post in one of them")
    if model.officer_other_posts == "forbidden":
        employed = [one for one in others if one.is_employed]
        if employed:
            number = len(employed)
            found.append(f"The accountable officer holds {number} other post{'s' if number > 1 else ''}")
        fte = own[0].fte
        if fte is not None and fte < 1:
            found.append(f"The accountable officer works {fte} of full time; expected 1")
    return found


def check_officer(
    model: GovernanceModel, posts: Iterable[OfficerPost], *, system: str, members: Collection[str], on: date
) -> None:
    """Raise OfficerNotAllowed, with every fault, unless the officer's posts are as the model wants them on a day."""
    faults = officer_faults(model, posts, system=system, members=members, on=on)
    if faults:
        raise OfficerNotAllowed(f"G4: on {on}, under '{model.title}': {'; '.join(faults)}.")


def days_not_allowed(
    model: GovernanceModel,
    posts: Iterable[OfficerPost],
    *,
    system: str,
    members: Collection[str],
    first: date,
    last: date,
) -> list[Stretch]:
    """Answer the stretches from the first up to, not including, the last day on which something is wrong (G4)."""
    held = tuple(posts)
    return failing_stretches(
        lambda day: officer_faults(model, held, system=system, members=members, on=day), held, first, last
    )
