"""What the national register tells: who died, who moved, who changed practice. Columns are our own, pipe-delimited.

The register is where NHS numbers come from: it always has the true one. Names and dates are as the registrar heard
them; notices come days after the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from joinedup.simulation.catalogue import icd10_of
from joinedup.simulation.columns import REGISTER
from joinedup.simulation.days import COMPACT, FIRST_DAY, LAST_DAY
from joinedup.simulation.periods import PERIODS, draw, period_of
from joinedup.simulation.world import Block, Declared, Person, World
from joinedup.simulation.writing import Out

SOURCE: Final = "register"
END: Final = "\n"
BAD_DATE: Final = 1500
_SEX: Final = {"female": "2", "male": "1"}
_PLACES: Final = {"hospital": "H", "care_home": "C", "home": "O", "hospice": "P"}


def declare(world: World) -> list[Declared]:
    """Answer the register as one source for the whole system; it reaches the system through its board."""
    return [
        Declared(
            key=SOURCE,
            name="Register of deaths and moves",
            organisation=world.icb,
            setting="registry",
            format="csv",
            files=f"{SOURCE}/register_*.csv",
            mapping="register",
            interval_hours=24 * 31,
            duplicate_free=True,
        )
    ]


def headers(world: World) -> Mapping[str, str]:
    """Answer the header of every file that can be written."""
    return {f"{SOURCE}/register_{period}.csv": "|".join(REGISTER) + END for period in PERIODS}


def write(world: World, block: Block, out: Out) -> None:
    """Add the notices about a block's residents, each to the file of the period in which it was given."""
    for place, person in enumerate(block.people):
        died = person.death
        if died >= FIRST_DAY:
            told = died + 3 + draw(person.id + "D", 9)
            causes = [
                code
                for one in sorted(block.conditions[place], key=lambda one: one.onset)
                if (code := icd10_of(one.key)) and one.onset <= died
            ]
            main = icd10_of(person.death_cause) or "R99X"
            _notice(
                world, block, out, person, "D", told, died,
                f"||{COMPACT[died]}|{_PLACES.get(person.death_place, 'O')}|{main}|"
                f"{'|'.join(([main, *[code for code in causes if code != main]] + [''] * 3)[:3])}|{COMPACT[told]}",
            )  # fmt: skip
        if person.moved_on >= FIRST_DAY and (not died or died > person.moved_on) and person.previous_postcode:
            told = person.moved_on + 5 + draw(person.id + "M", 40)
            _notice(world, block, out, person, "M", told, person.moved_on, f"{person.previous_postcode}||||||||")
        if person.registered_on >= FIRST_DAY and person.previous_practice:
            told = person.registered_on + 1 + draw(person.id + "R", 6)
            _notice(world, block, out, person, "R", told, person.registered_on, f"|{person.previous_practice}|||||||")


def _notice(
    world: World, block: Block, out: Out, person: Person, kind: str, told: int, effective: int, rest: str
) -> None:
    """Add one notice; what is told after the last day is not known yet."""
    if told > LAST_DAY:
        return
    number = f"N{person.id}{kind}"
    day = COMPACT[effective]
    if draw(number + "bad", BAD_DATE) == 0:
        day = "20260230"
        out.count(SOURCE, "impossible dates")
    held = block.shown.get((person.index, "registry"))
    said = held[0] if held else None
    given, family, middle = (
        (said.given, said.family, said.middle) if said else (person.given, person.family, person.middle)
    )
    birth = said.birth if said else person.birth
    forenames = f"{given} {middle}".strip()
    out.file(f"{SOURCE}/register_{period_of(told)}.csv").append(
        f"{number}|{kind}|{COMPACT[told]}|{person.nhs_number}|{family.upper()}|{forenames}|{_SEX[person.sex]}|"
        f"{COMPACT[birth] if birth else ''}|{person.postcode}|{world.areas[person.area].code}|{person.practice}|{day}|"
        f"{rest}{END}"
    )
    out.count(SOURCE, "rows")
    out.subject(SOURCE, person.nhs_number, person.id, " ".join(said.faults) if said else "")
