"""Whether whoever gives an authority may be the one who posts or pays under it.

No rule book of ours asks for two people, and a small system may have one finance lead; auditors ask for it everywhere.
So it is a parameter with dates, `authority.same_person`: "warn" lets it pass and the audit says so, "refuse" stops it,
"allow" says nothing.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from joinedup.errors import RuleError, did_you_mean
from joinedup.planning import ParameterSet, read_parameters

SAME_PERSON: Final = "authority.same_person"
CHOICES: Final = ("allow", "warn", "refuse")
PARAMETERS = Path(__file__).with_name("separation_of_duties.toml")


class SamePerson(RuleError):
    """Whoever gave the authority would post or pay under it, and the system's rule wants two people."""


@cache
def separation_parameters() -> ParameterSet:
    """Answer what joinedup brings along; a system replaces the row with its own decision."""
    return read_parameters(PARAMETERS)


def is_to_be_said(given_by: str, actor: str, on: date, params: ParameterSet) -> bool:
    """Answer whether the audit must say that one person did both; SamePerson where that is refused.

    `on` is the day of the effect. RuleError for a parameter that is none of allow, warn, refuse.
    """
    choice = str(params.value(SAME_PERSON, on))
    if choice not in CHOICES:
        raise RuleError(
            f"M0.4: {SAME_PERSON} is '{choice}'; expected {', '.join(CHOICES)}.{did_you_mean(choice, CHOICES)}"
        )
    if given_by != actor or choice == "allow":
        return False
    if choice == "refuse":
        raise SamePerson("MB5: you gave this authority; somebody else must post or pay under it. Ask a colleague.")
    return True
