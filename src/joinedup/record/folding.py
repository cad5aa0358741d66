"""One event that two feeds report is one entry, with both sources kept.

Two statements of *different* sources are one event when all of this holds:

1. they are of the same type;
2. they share an identifier (system and value), or the same organisation did it (the one named in the resource, else
   the sender); and it was at the same time: within 60 minutes for contacts, stays and appointments, within 5 minutes
   for all else; where one of them gives only a day, on the same day in London. Without a time, only an identifier
   joins. A month or a year is too wide to be the same time. A measured result needs neither identifier nor organisation
   when its minute is the same: a practice that files what the laboratory sent reports the same measurement;
3. they are about the same: they share a code, or, where one has no code, their words are equal;
   of a contact or stay, its class, and whether it is a part of a stay (a consultant's episode) or the whole;
4. they do not contradict each other: no different values, no different ends, and not one that happened with one that
   did not (cancelled, refuted, not done).

What fails 4 stays two entries, so that both are seen. Two statements of one source are never folded: it may mean two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from joinedup.moment import LONDON
from joinedup.record.extract import span
from joinedup.record.lines import value_of
from joinedup.record.statement import Statement, coded, codes, dated_by, organisation_of, subject_matter, words

TOLERANCE = timedelta(minutes=5)
_INSTANT = timedelta(microseconds=1)
TOLERANCE_OF = {"Encounter": timedelta(minutes=60), "Appointment": timedelta(minutes=60)}
_NOT_SO = frozenset({"cancelled", "noshow", "not-done", "refuted", "rejected", "revoked", "stopped"})
# Facts that are shown side by side by substance (conflicts.py), and what is nobody's event.
NEVER = frozenset({"Patient", "AllergyIntolerance", "Provenance", "List", "QuestionnaireResponse", "Communication"})


def fold(statements: Iterable[Statement]) -> list[tuple[Statement, ...]]:
    """Answer the statements as events: each a tuple of the statements that report it, the most exact one first.

    Takes time in proportion to the statements. The order of the events is that of their first statements.
    """
    ordered = list(statements)
    senders = _senders_by_day(ordered)
    event_of: dict[int, int] = {}
    events: dict[int, list[Statement]] = {}
    near: dict[Hashable, list[int]] = defaultdict(list)
    for number, one in enumerate(ordered):
        home = number
        if one.type not in NEVER and _has_company(one, senders):
            keys = _keys(one)
            candidates = (event_of[other] for key in keys for other in near[key])
            home = next((event for event in candidates if _fits(one, events[event])), number)
            for key in keys:
                near[key].append(number)
        event_of[number] = home
        events.setdefault(home, []).append(one)
    return [tuple(sorted(event, key=_exactness)) for event in events.values()]


def _senders_by_day(statements: Iterable[Statement]) -> dict[tuple[str, int], set[str]]:
    """Which sources say something of a type on which day (0: no time): most days have one source, so nothing folds."""
    senders: dict[tuple[str, int], set[str]] = defaultdict(set)
    for one in statements:
        senders[one.type, one.starts.toordinal() if one.starts else 0].add(one.sender.key)
    return senders


def _has_company(one: Statement, senders: Mapping[tuple[str, int], set[str]]) -> bool:
    """Answer whether another source says something of this type around this day; a day either side, for the zone."""
    if one.starts is None:
        # Without a time an identifier may join it with anything of its type.
        return bool(one.content.get("identifier"))
    if senders.get((one.type, 0)) and one.content.get("identifier"):
        return True
    day = one.starts.toordinal()
    around = (senders.get((one.type, near)) for near in (day - 1, day, day + 1))
    return any(found and found != {one.sender.key} for found in around)


def _keys(one: Statement) -> list[Hashable]:
    """Under which an event is looked for: its identifiers; its organisation, subject matter and days.

    A day has two keys, so that two instants around midnight meet.
    """
    keys: list[Hashable] = [(one.type, *identifier) for identifier in _identifiers(one)]
    if one.starts is None or len(dated_by(one)) in {4, 7}:
        return keys
    tolerance = _tolerance(one)
    local = one.starts.astimezone(LONDON).replace(tzinfo=None)
    days = {(local - tolerance).date(), local.date(), (local + tolerance).date()}
    organisation = organisation_of(one)
    minute = _minute(one)
    for about in _about(one):
        keys.extend((one.type, organisation, about, day) for day in days)
        if minute is not None:
            keys.append((one.type, "measured", about, minute))
    return keys


def _minute(one: Statement) -> datetime | None:
    """The minute of a measured result that bears an exact time, None for all else."""
    if one.type != "Observation" or "valueQuantity" not in one.content or one.starts is None:
        return None
    return one.starts.replace(second=0, microsecond=0) if len(dated_by(one)) > 10 else None


def _about(one: Statement) -> set[Hashable]:
    concept = subject_matter(one.type, one.content)
    if one.type == "Encounter":
        return {((one.content.get("class") or {}).get("code") or "", bool(one.content.get("partOf")))}
    found: set[Hashable] = set(coded(concept))
    if said := words(concept).text.casefold():
        found.add(said)
    return found or {""}


def _fits(one: Statement, event: Sequence[Statement]) -> bool:
    return all(
        one.sender.key != other.sender.key and _is_same_business(one, other) and _agrees(one, other) for other in event
    )


def _is_same_business(one: Statement, other: Statement) -> bool:
    shared = _identifiers(one) & _identifiers(other)
    if one.starts is None or other.starts is None:
        return bool(shared)
    if (minute := _minute(one)) is not None and minute == _minute(other):
        return True
    return bool(shared or organisation_of(one) == organisation_of(other)) and is_same_time(one, other)


def _identifiers(one: Statement) -> set[tuple[str, str]]:
    return {
        (identifier.get("system") or "", identifier["value"])
        for identifier in one.content.get("identifier") or ()
        if isinstance(identifier, dict) and identifier.get("value")
    }


def is_same_time(one: Statement, other: Statement) -> bool:
    """Answer whether two statements are about the same time, as exactly as the less exact of them says."""
    text, text_too = dated_by(one), dated_by(other)
    return not {len(text), len(text_too)} & {0, 4, 7} and _meets(text, text_too, _tolerance(one))


def _tolerance(one: Statement) -> timedelta:
    return TOLERANCE_OF.get(one.type, TOLERANCE)


def _meets(text: str, text_too: str, tolerance: timedelta) -> bool:
    """Answer whether two dates or times cover a time in common, or nearly when both are exact."""
    (start, end), (start_too, end_too) = span(text), span(text_too)
    if start is None or end is None or start_too is None or end_too is None:
        return False
    if 10 in {len(text), len(text_too)}:
        tolerance = timedelta(0)
    else:
        end, end_too = max(end, start + _INSTANT), max(end_too, start_too + _INSTANT)
    return start - tolerance < end_too and start_too - tolerance < end


def _agrees(one: Statement, other: Statement) -> bool:
    if one.type != other.type or not _shares_subject(one, other):
        return False
    if _is_not_so(one) != _is_not_so(other):
        return False
    values = {said for said in (_value(one), _value(other)) if said}
    return len(values) < 2 and _ends_agree(one, other)


def _shares_subject(one: Statement, other: Statement) -> bool:
    if one.type == "Encounter":
        return _about(one) == _about(other)
    concept, concept_too = subject_matter(one.type, one.content), subject_matter(other.type, other.content)
    both_coded = coded(concept) and coded(concept_too)
    if both_coded:
        return bool(coded(concept) & coded(concept_too))
    return words(concept).text.casefold() == words(concept_too).text.casefold()


def _is_not_so(one: Statement) -> bool:
    return one.content.get("status") in _NOT_SO or bool(_NOT_SO & codes(one.content.get("verificationStatus")))


def _value(one: Statement) -> str:
    said = [value_of(one.content)]
    said += sorted(f"{words(part.get('code')).text}={value_of(part)}" for part in one.content.get("component") or ())
    said.append(str(one.content.get("conclusion") or ""))
    return "|".join(part.casefold() for part in said if part)


def _ends_agree(one: Statement, other: Statement) -> bool:
    """Ends of stays and care; where only one of them gives an end, they do not contradict each other."""
    if one.type not in {"Encounter", "EpisodeOfCare", "Procedure", "Appointment"}:
        return True
    end, end_too = _end(one), _end(other)
    return not end or not end_too or _meets(end, end_too, _tolerance(one))


def _end(one: Statement) -> str:
    period = one.content.get("period") or one.content.get("performedPeriod") or {}
    return str(period.get("end") or "") if isinstance(period, dict) else ""


def _exactness(one: Statement) -> tuple[int, datetime]:
    return -len(dated_by(one)), one.recorded_at
