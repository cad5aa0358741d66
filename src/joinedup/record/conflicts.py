"""Allergies and medicines from several sources: side by side, grouped by substance, with what does not agree marked.

No rule here picks a winner. Which of two sources is right is for somebody to find out who can ask; until then both
stand there with their dates (rules: record R66).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from joinedup.record.lines import line_of
from joinedup.record.statement import Statement, Words, coded, codes, dated_by, medicine, said_date, words

# "No known allergy", and those for one kind of substance only (SNOMED CT), with the FHIR categories that they cover.
NONE_KNOWN = {
    "716186003": frozenset({"food", "medication", "environment", "biologic"}),
    "409137002": frozenset({"medication", "biologic"}),
    "429625007": frozenset({"food"}),
    "428607008": frozenset({"environment"}),
}
_NONE_IN_WORDS = re.compile(r"\b(no|nil) known (drug )?allerg|\bnkd?a\b", re.IGNORECASE)
_STOPPED = frozenset({"stopped", "not-taken"})
_PAST = frozenset({"stopped", "completed", "cancelled", "not-taken", "ended", "declined", "inactive"})
# Words of a medicine's name that say its form, not its substance.
_FORMS = frozenset(
    {
        "tablet", "tablets", "capsule", "capsules", "caps", "tabs", "oral", "solution", "suspension", "inhaler",
        "cream", "ointment", "injection", "drops", "spray", "gastro-resistant", "modified-release", "effervescent",
        "dispersible", "soluble", "patch", "patches", "sachet", "sachets", "pen", "pens",
    }
)  # fmt: skip
DISPENSED_LASTS = timedelta(days=183)


@dataclass(frozen=True, slots=True)
class Version:
    """What one source says of a substance. `statements` are those that say exactly this, the newest first."""

    statements: tuple[Statement, ...]
    title: Words
    details: tuple[str, ...]
    is_active: bool

    @property
    def newest(self) -> Statement:
        return self.statements[0]


@dataclass(frozen=True, slots=True)
class SubstanceGroup:
    """All that is said of one substance. `conflicts` says in words what does not agree; empty: all agree."""

    title: Words
    versions: tuple[Version, ...]
    conflicts: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        return any(version.is_active for version in self.versions)


def is_none_known(statement: Statement) -> bool:
    """Answer whether an AllergyIntolerance says that there is no known allergy."""
    code = statement.content.get("code")
    return bool(codes(code) & NONE_KNOWN.keys()) or bool(_NONE_IN_WORDS.search(words(code).text))


def allergy_groups(statements: Iterable[Statement]) -> tuple[list[SubstanceGroup], list[Version]]:
    """Answer the allergies by substance, active ones first, and who says that none is known.

    A statement that none is known conflicts with each active allergy of a kind that it covers, by whomever: then the
    allergy is shown, and "none known" only beside it as what somebody else says.
    """
    found = [one for one in statements if one.type == "AllergyIntolerance" and not one.is_in_error]
    none_known = [one for one in found if is_none_known(one) and _is_active_allergy(one)]
    groups = []
    for alike in _by_substance([one for one in found if not is_none_known(one)], _allergen):
        versions = _versions(alike, _is_active_allergy)
        conflicts = _status_conflicts(versions)
        active = [version.newest for version in versions if version.is_active]
        denying = [none for none in none_known if any(_covers(none, one) for one in active)]
        if denying:
            said = sorted({f"{_who(none)} ({said_date(dated_by(none)) or 'date not known'})" for none in denying})
            conflicts.append(f"No known allergies, according to {' and '.join(said)}")
        groups.append(SubstanceGroup(_title(versions), tuple(versions), tuple(conflicts)))
    groups.sort(key=lambda group: (not group.is_active, group.title.text.lower()))
    return groups, _versions(none_known, _is_active_allergy)


def medicine_groups(statements: Iterable[Statement], at: datetime) -> list[SubstanceGroup]:
    """Answer the medicines by substance, those that are taken now first.

    Two lines become one only where organisation, words, dose and status are equal; the newest stands for all. A
    dispensing counts as taken now for half a year. Sources that give different doses for a medicine that is taken now,
    or of which one has stopped it, conflict; an order that is completed is no stop.
    """
    types = {"MedicationRequest", "MedicationStatement", "MedicationDispense"}

    def is_active(one: Statement) -> bool:
        if one.content.get("status") in _PAST and one.type != "MedicationDispense":
            return False
        if one.type == "MedicationDispense":
            return at - (one.starts or one.recorded_at) <= DISPENSED_LASTS
        return one.ends is None or one.type == "MedicationRequest" or one.ends > at

    found = [one for one in statements if one.type in types and not one.is_in_error]
    groups = []
    for alike in _by_substance(found, _substance):
        versions = _versions(alike, is_active)
        conflicts = _stops(versions)
        doses = {v.details[0].casefold() for v in versions if v.is_active and v.details and _is_order(v.newest)}
        orders = {_who(v.newest) for v in versions if v.is_active and v.details and _is_order(v.newest)}
        if len(doses) > 1 and len(orders) > 1:
            conflicts.append("The dose differs between sources")
        groups.append(SubstanceGroup(_title(versions), tuple(versions), tuple(conflicts)))
    groups.sort(key=lambda group: (not group.is_active, group.title.text.lower()))
    return groups


def _is_order(statement: Statement) -> bool:
    # What is dispensed bears the label's words for the dose, which are not the prescriber's.
    return statement.type != "MedicationDispense"


def _is_active_allergy(statement: Statement) -> bool:
    clinical = codes(statement.content.get("clinicalStatus"))
    return not clinical & {"inactive", "resolved"} and "refuted" not in codes(
        statement.content.get("verificationStatus")
    )


def _covers(none: Statement, allergy: Statement) -> bool:
    covered = frozenset().union(*(NONE_KNOWN[c] for c in codes(none.content.get("code")) if c in NONE_KNOWN))
    of = set(allergy.content.get("category") or ())
    return not covered or not of or bool(covered & of)


def _who(statement: Statement) -> str:
    return statement.sender.organisation_name


def _status_conflicts(versions: Sequence[Version]) -> list[str]:
    """Sources of which one says that it is so and another that it is over or is not so."""
    holding = {_who(v.newest) for v in versions if v.is_active}
    ended = {_who(v.newest) for v in versions if not v.is_active} - holding
    if not holding or not ended:
        return []
    return [f"Ended or refuted, according to {' and '.join(sorted(ended))}"]


def _stops(versions: Sequence[Version]) -> list[str]:
    """Sources that say that a medicine was stopped, while another says that it is taken."""
    taking = {_who(v.newest) for v in versions if v.is_active}
    stopped = {_who(v.newest) for v in versions if v.newest.content.get("status") in _STOPPED} - taking
    return [f"Stopped, according to {' and '.join(sorted(stopped))}"] if taking and stopped else []


def _title(versions: Sequence[Version]) -> Words:
    """The shortest words among what sources call it, words before bare codes."""
    return min((v.title for v in versions), key=lambda said: (said.is_code, len(said.text), said.text))


def _versions(statements: Sequence[Statement], is_active: Callable[[Statement], bool]) -> list[Version]:
    alike: dict[tuple[object, ...], list[Statement]] = defaultdict(list)
    said = {}
    for one in statements:
        title, details = line_of(one.type, one.content)
        active = is_active(one)
        key = (one.sender.organisation_name, title.text.casefold(), tuple(details), active)
        said[key] = (title, tuple(details), active)
        alike[key].append(one)
    versions = [
        Version(tuple(sorted(alike[key], key=_newest_first, reverse=True)), title, details, active)
        for key, (title, details, active) in said.items()
    ]
    versions.sort(key=lambda version: _newest_first(version.newest), reverse=True)
    return sorted(versions, key=lambda version: not version.is_active)


def _newest_first(statement: Statement) -> datetime:
    return statement.starts or statement.recorded_at


def _by_substance(statements: Iterable[Statement], named: Callable[[Statement], set[object]]) -> list[list[Statement]]:
    """Group statements that share a code or the words for the substance; both ways join groups that stood apart."""
    group_of: dict[object, int] = {}
    groups: dict[int, list[Statement]] = {}
    for number, one in enumerate(statements):
        keys = named(one)
        joined = sorted({group_of[key] for key in keys if key in group_of})
        home = joined[0] if joined else number
        groups.setdefault(home, [])
        for other in joined[1:]:
            groups[home].extend(groups.pop(other))
            for key, group in group_of.items():
                if group == other:
                    group_of[key] = home
        for key in keys:
            group_of[key] = home
        groups[home].append(one)
    return list(groups.values())


def _allergen(statement: Statement) -> set[object]:
    code = statement.content.get("code")
    text = re.sub(
        r"\b(allergy|allergic|allergies|adverse reaction|reaction|intolerance|hypersensitivity|to)\b",
        " ",
        words(code).text.casefold(),
    )
    name = " ".join(re.findall(r"[a-z]+", text))
    substances = [one.get("substance") for one in statement.content.get("reaction") or ()]
    keys: set[object] = {pair for concept in (code, *substances) for pair in coded(concept)}
    return keys | ({name} if name else set()) or {statement.id}


def _substance(statement: Statement) -> set[object]:
    """The codes of the medicine, and its words up to the strength and without the form: "amoxicillin"."""
    concept = medicine(statement.content)
    keys: set[object] = set(coded(concept))
    name = []
    said = words(concept)
    for word in re.findall(r"[a-zé-]+|\d", said.text.casefold()):
        if word.isdigit():
            break
        if word not in _FORMS:
            name.append(word)
    if name and not said.is_code:
        keys.add(" ".join(name))
    return keys or {statement.id}
