"""The record as the source of a snapshot: whose data may be in it, by which pseudonym, read slice by slice.

Only what had been stored at the snapshot's instant counts, and of each resource its current version. What is written in
joinedup itself ("About me", notes on hand-overs) is for care and is not read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from joinedup.access import Grant
from joinedup.feeds.declared import DeclaredSource
from joinedup.identity import AnalysisGroups
from joinedup.population.building import Told, Unit
from joinedup.population.opt_outs import DISSENT, DISSENT_WITHDRAWN, SNOMED, LeftOut, OptOuts, dissents, is_denied
from joinedup.population.pseudonym import Keys
from joinedup.record.extracting import Instant, digests_of, read_current, slices, subjects_with_tokens

SLICES = 16


@dataclass(frozen=True, slots=True)
class Persons:
    """Whose data may be in a snapshot: subjects with pseudonyms, all NHS numbers that are known, who is left out."""

    pseudonyms: dict[Any, str]
    numbers: frozenset[str]
    left_out: LeftOut
    people: int


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Reads slices of the record in processes of its own, all at the instant that `instant` names."""

    grant: Grant
    stored_by: datetime
    instant: Instant
    feeds: dict[str, str] = field(repr=False)  # source -> feed

    def read(self, unit: Unit, types: Sequence[str]) -> Iterator[Told]:
        part, pseudonyms = unit.what
        feeds = self.feeds
        current = None
        person = None
        for subject, _, source, body in read_current(
            self.grant, part, stored_by=self.stored_by, instant=self.instant, types=types
        ):
            if subject != current:
                current, person = subject, pseudonyms.get(subject)
            if person is not None and source in feeds:
                yield Told(person, feeds[source], source, body)

    def person_of(self, key: str) -> str | None:
        return None


def units(
    grant: Grant, persons: Persons, *, stored_by: datetime, instant: Instant, count: int | None = None
) -> list[Unit]:
    """Answer the slices with what each digest rests on: the versions in it, and whose they are by which pseudonym."""
    count = count or SLICES
    by_slice: list[dict[Any, str]] = [{} for _ in range(count)]
    width = 2**128 // count
    for subject, pseudonym in persons.pseudonyms.items():
        by_slice[subject.int // width][subject] = pseudonym
    held = digests_of(grant, count, stored_by=stored_by, instant=instant)
    answer = []
    for nth, (part, mapping, (_, digest)) in enumerate(zip(slices(count), by_slice, held, strict=True)):
        whose = hashlib.sha256(
            "\n".join(f"{subject}={mapping[subject]}" for subject in sorted(mapping)).encode()
        ).hexdigest()
        answer.append(Unit(f"{nth:0{len(f'{count - 1:x}')}x}", f"{digest}|{whose}", (part, mapping)))
    return answer


def persons_of(
    groups: AnalysisGroups, keys: Keys, opt_outs: OptOuts, *, type_1: set[Any], denied: set[Any], is_erased: Any,
    keep_without_number: bool = False,
) -> Persons:  # fmt: skip
    """Answer who may be in a snapshot, and by which pseudonym: the lowest verified NHS number's, else the group's own.

    `type_1` and `denied` are subjects. A dissent takes out the whole person, a denied Consent that one source's
    subject. Numbers that no source has verified never make a pseudonym, but an opt-out is upheld for them too.
    """
    left_out = LeftOut()
    dissenting = {groups.group_of[subject] for subject in type_1 if subject in groups.group_of}
    pseudonym_of: dict[Any, str | None] = {}
    all_numbers: set[str] = set()
    for group in sorted(set(groups.group_of.values())):
        numbers, verified = groups.numbers.get(group, ()), groups.verified.get(group, ())
        all_numbers.update(numbers)
        pseudonym_of[group] = None
        if group in dissenting:
            left_out.type_1 += 1
        elif numbers and not opt_outs.allows(numbers):
            left_out.national += 1
        elif not numbers and not keep_without_number:
            left_out.without_number_left_out += 1
        else:
            left_out.without_number_kept += not numbers
            left_out.several_numbers += len(verified) > 1
            found = keys.of_number(verified[0]) if verified else keys.of_person(group)
            if is_erased([*(f"nhs|{number}" for number in numbers), f"person|{group}"]):
                left_out.erased += 1
            else:
                pseudonym_of[group] = found
    pseudonyms = {}
    for subject, group in groups.group_of.items():
        mine = pseudonym_of[group]
        if mine is None:
            continue
        if subject in denied:
            left_out.consent_subjects += 1
            continue
        pseudonyms[subject] = mine
    return Persons(pseudonyms, frozenset(all_numbers), left_out, len(set(pseudonyms.values())))


def objections(
    grant: Grant, declared: Sequence[DeclaredSource], *, stored_by: datetime, instant: Instant
) -> tuple[set[Any], set[Any]]:
    """Answer the subjects whose GP data carry a dissent (type 1), and those whom a Consent in force denies."""
    practices = {one.source.key for one in declared if one.source.setting == "gp"}
    tokens = [f"code={SNOMED}|{code}" for code in (DISSENT, DISSENT_WITHDRAWN)]
    told = subjects_with_tokens(grant, tokens, ["Condition", "Observation"], stored_by=stored_by, instant=instant)
    subject_of = {str(one.subject_id): one.subject_id for one in told}
    type_1 = dissents((str(one.subject_id), orjson.loads(one.body)) for one in told if one.source in practices)
    consents = subjects_with_tokens(grant, [], ["Consent"], stored_by=stored_by, instant=instant)
    denied = {one.subject_id for one in consents if is_denied(orjson.loads(one.body))}
    return {subject_of[subject] for subject in type_1}, denied
