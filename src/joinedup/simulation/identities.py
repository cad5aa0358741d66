"""What each source holds about who somebody is, with the mistakes that such sources make.

How often each kind of source errs follows what linkage studies found: NHS numbers are nearly complete at practices,
less so in hospitals, seldom known in social care and the voluntary sector; names are typed wrong in 1 to 4 of 100
records; and errors are commoner for people of deprived areas and of Black and Asian groups (Hagger-Johnson 2017,
Bohensky 2010).
"""

from __future__ import annotations

import zlib
from datetime import date, timedelta
from typing import Final, NamedTuple

from joinedup.simulation.days import EPOCH, FIRST_DAY, LAST_DAY
from joinedup.simulation.world import Block, Merge, Person, Shown, World


class Care(NamedTuple):
    """How often a kind of source errs, as shares of its patients."""

    no_number: float
    wrong_number: float  # another's, or a check digit that is wrong
    unverified: float
    typing: float  # of a name
    nickname: float
    swapped: float  # given and family name
    birth: float  # a wrong date
    no_birth: float
    old_address: float  # of those who moved
    old_name: float  # of those renamed within the years
    no_address: float
    no_ethnicity: float
    twice: float  # the same person under two ids
    middle: float  # share that holds a middle name


CARE: Final = {
    "gp": Care(.003, 0.0015, .004, .006, .004, .0006, .002, 0, .08, .1, 0, .06, .0015, .85),
    "acute": Care(.028, .0025, .03, .018, .018, .003, .006, 0, .35, .4, .004, .1, .012, .4),
    "community": Care(.025, .002, .03, .016, .03, .003, .006, .002, .3, .4, .006, .12, .006, .25),
    "mental_health": Care(.035, .003, .04, .02, .035, .004, .008, .003, .35, .45, .012, .1, .008, .3),
    "council": Care(.13, .004, .2, .028, .06, .006, .014, .012, .3, .4, .01, .16, .008, .2),
    "voluntary": Care(.72, .006, 1, .04, .17, .008, .03, .12, .3, .3, .14, .5, .015, .05),
    "registry": Care(.008, .0008, .004, .006, 0, .0005, .003, 0, 0, .05, .002, 1, 0, .9),
}  # fmt: skip
"""By kind of organisation."""
_NEAR_KEYS: Final = {
    "a": "sqz", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
_SPELLINGS: Final = (
    ("ph", "f"), ("ck", "k"), ("ee", "ea"), ("ie", "y"), ("mm", "m"), ("nn", "n"), ("ll", "l"), ("tt", "t"),
    ("ss", "s"), ("ae", "e"), ("oo", "u"), ("ou", "o"), ("z", "s"), ("w", "v"), ("y", "i"), ("h", ""), ("kh", "k"),
)  # fmt: skip
_ANGLICISED: Final = {
    "Mohammed": "Muhammad", "Muhammad": "Mohammad", "Ahmed": "Ahmad", "Hussain": "Hussein", "Hussein": "Hussain",
    "Ayesha": "Aisha", "Aisha": "Ayesha", "Yusuf": "Yousef", "Yasmin": "Yasmeen", "Fatima": "Fathima",
    "Choudhury": "Chowdhury", "Chowdhury": "Choudhury", "Uddin": "Udin", "Begum": "Begam", "Rahman": "Rehman",
    "Katarzyna": "Catherine", "Krzysztof": "Christopher", "Piotr": "Peter", "Aleksandra": "Alexandra",
    "Sean": "Shaun", "Siobhan": "Shivaun", "Clark": "Clarke", "Clarke": "Clark", "Philips": "Phillips",
    "Phillips": "Philips", "Stephen": "Steven", "Steven": "Stephen", "Catherine": "Katherine", "Sara": "Sarah",
    "Mohamed": "Mohammed", "Hassan": "Hasan", "Wong": "Huang", "Chen": "Chan", "Lucy": "Lucie", "Jon": "John",
}  # fmt: skip


def mistype(name: str, draw: float, other: float) -> str:
    """Answer a name as a hurried hand or ear puts it down: spelt otherwise, a key beside, letters exchanged or lost."""
    if name in _ANGLICISED and draw < 0.55:
        return _ANGLICISED[name]
    plain = name.lower()
    if draw < 0.35:
        for written, heard in _SPELLINGS:
            at = plain.find(written, 1)
            if at > 0:
                return name[:at] + heard + name[at + len(written) :]
    at = 1 + int(other * max(1, len(name) - 2))
    letter = plain[at] if at < len(plain) else ""
    if draw < 0.6 and letter in _NEAR_KEYS:
        near = _NEAR_KEYS[letter]
        return name[:at] + near[int(draw * 1000) % len(near)] + name[at + 1 :]
    if draw < 0.78 and at + 1 < len(name) and name[at] != name[at + 1]:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    if draw < 0.9 and len(name) > 3:
        return name[:at] + name[at + 1 :]
    return name[:at] + name[at - 1 : at].lower() + name[at:]


def wrong_birth(birth: int, draw: float) -> int:
    """Answer another day of birth: day and month exchanged, a digit off, or the first of the year when unsure."""
    day = EPOCH + timedelta(days=birth)
    if draw < 0.4 and day.day <= 12 and day.day != day.month:
        wrong = date(day.year, day.day, day.month)
    elif draw < 0.65:
        wrong = day.replace(day=1 + (day.day + int(draw * 100)) % 28)
    elif draw < 0.85:
        try:
            wrong = day.replace(year=day.year + (10 if draw < 0.7 else 1 if draw < 0.78 else -1))
        except ValueError:
            wrong = day.replace(month=3, day=1)
    else:
        wrong = date(day.year, 1, 1)
    number = (wrong - EPOCH).days
    return number if 0 < number <= LAST_DAY else max(1, birth - 365)


def wrong_number(number: str, spare: str, draw: float) -> tuple[str, str]:
    """Answer a wrong NHS number and what is wrong: another's (a spare that nobody has), or one that fails its check."""
    if draw < 0.4:
        return spare, "other_number"
    at = 3 + int(draw * 1000) % 7
    wrong = number[:at] + str((int(number[at]) + 1 + int(draw * 97) % 8) % 10) + number[at + 1 :]
    return (wrong, "bad_check_digit") if wrong != number else (spare, "other_number")


def show(world: World, block: Block) -> None:
    """Fill `block.shown` and `block.merges`: every source that has had to do with somebody, and what it holds."""
    pairs = _who_holds_whom(world, block)
    rng = block.rng("identities")
    uniform = rng.random((len(pairs), 20)).tolist()
    spare_from = world.residents
    spares = len(world.nhs_numbers) - spare_from
    for at, (index, kind, source, since) in enumerate(pairs):
        one, draws = block.person(index), uniform[at]
        spare = str(int(world.nhs_numbers[spare_from + (index * 31 + at) % spares])) if spares > 0 else one.nhs_number
        first = _held(block, one, kind, source, since, draws, spare)
        held: tuple[Shown, ...] = (first,)
        if draws[17] < CARE[kind].twice and kind != "registry":
            again = rng.random(20).tolist()
            again[0] = min(again[0], CARE[kind].no_number * 9)  # A second entry is made because the first isn't found:
            if again[18] < 0.55:  # without a number, or
                again[0] = 0.0
            if again[18] > 0.4:  # under a name that is written otherwise.
                again[3 if again[19] < 0.6 else 4] = 0.0
            second = _held(block, one, kind, source, min(since + 40, LAST_DAY), again, spare, second=True)
            held = (first, second)
            if draws[19] < 0.6 and kind == "acute":
                low = max(since + 45, LAST_DAY - 500)
                day = low + int(draws[18] * max(1, LAST_DAY - low))
                block.merges.append(
                    Merge(
                        source, first.source_id, second.source_id, index, min(day, LAST_DAY), 540 + int(draws[18] * 400)
                    )
                )
        block.shown[index, source] = held


def _who_holds_whom(world: World, block: Block) -> list[tuple[int, str, str, int]]:
    """Answer (person, kind of organisation, source, first day) for each pair, in one order on every machine."""
    since: dict[tuple[int, str, str], int] = {}

    def seen(person: int, kind: str, ods: str, day: int) -> None:
        key = person, kind, world.organisation(kind, ods).source
        if since.get(key, LAST_DAY + 1) > day:
            since[key] = day

    for one in block.people:
        seen(one.index, "gp", one.practice, one.registered_on)
        if one.previous_practice:
            seen(one.index, "gp", one.previous_practice, max(one.birth + 9, one.registered_on - 2000))
        if one.death:
            since[one.index, "registry", "registry"] = one.death
        elif one.moved_on and one.previous_postcode:
            since[one.index, "registry", "registry"] = one.moved_on
    for hospital in (block.attendances, block.admissions, block.reports):
        for event in hospital:
            seen(event.person, "acute", event.trust, event.day)
    for appointment in block.outpatients:
        seen(appointment.person, "acute", appointment.trust, min(appointment.booked_on, LAST_DAY))
    for entry in block.waiting:
        seen(entry.person, "acute", entry.trust, entry.referred)
    for referral in block.referrals:
        seen(referral.person, "acute", referral.to, referral.day)
    for episode in block.episodes:
        seen(episode.person, episode.setting, episode.provider, episode.referred)
    for care in block.social_care:
        seen(care.person, "council", care.council, care.start)
    for activity in block.activities:
        seen(activity.person, "voluntary", activity.organisation, activity.start)
    return sorted((person, kind, source, day) for (person, kind, source), day in since.items())


def _held(
    block: Block,
    one: Person,
    kind: str,
    source: str,
    since: int,
    draws: list[float],
    spare: str,
    *,
    second: bool = False,
) -> Shown:
    care = CARE[kind]
    # Linkage errors fall unevenly; the ratios are of the size that studies of hospital records found.
    times = 1.35 ** ((5.5 - one.decile) / 9) * (1.0 if one.ethnicity in "ABC" else 1.45)
    faults: list[str] = []
    number, status = one.nhs_number, "01"
    if draws[0] < care.no_number * times:
        number, status = "", "03" if draws[1] < 0.4 else "07" if draws[1] < 0.8 else "04"
        faults.append("no_number")
    elif draws[0] > 1 - care.wrong_number * times:
        # What goes through a programme or a national portal that checks the digit is another's number, if wrong.
        is_checked = kind not in ("gp", "acute")
        number, fault = wrong_number(number, spare, draws[1] * 0.4 if is_checked else draws[1])
        status = "02"
        faults.append(fault)
    elif draws[2] < care.unverified:
        status = "02"
    if one.birth > LAST_DAY - 40 and kind != "gp":
        number, status = "", "08"
    given, family, middle = one.given, one.family, one.middle if draws[9] < care.middle else ""
    if one.former_family and one.renamed_on > FIRST_DAY and (since < one.renamed_on or kind == "voluntary"):
        # Since when the source has known them decides which name it has, and whether it was told of the new one.
        if draws[5] < care.old_name:
            family = one.former_family
            faults.append("former_name")
    elif one.former_family and draws[5] < care.old_name * 0.02:
        family = one.former_family
        faults.append("former_name")
    if draws[6] < care.nickname * (1 if one.nickname != one.given else 0):
        given = one.nickname
        faults.append("nickname")
    if draws[3] < care.typing * times:
        family = mistype(family, draws[10], draws[11])
        faults.append("family_mistyped")
    if draws[4] < care.typing * times * 0.8:
        given = mistype(given, draws[11], draws[10])
        faults.append("given_mistyped")
    if "-" in family and draws[12] < 0.3 and kind != "gp":
        family = family.replace("-", " ") if draws[12] < 0.12 else family.split("-")[0 if draws[12] < 0.2 else 1]
        faults.append("hyphen_lost")
    if draws[7] < care.swapped * times:
        given, family = family, given
        faults.append("names_swapped")
    birth = one.birth
    if draws[8] < care.no_birth:
        birth = 0
        faults.append("no_birth")
    elif draws[8] > 1 - care.birth * times:
        birth = wrong_birth(birth, draws[13])
        faults.append("wrong_birth")
    line, town, postcode = one.line, one.town, one.postcode
    if "two_homes" in one.tags and kind not in ("gp", "registry") and one.father >= 0 and draws[14] < 0.6:
        father = block.person(one.father)
        line, town, postcode = father.line, father.town, father.postcode
        faults.append("other_home")
    elif one.previous_postcode and since < one.moved_on and draws[14] < care.old_address:
        line, town, postcode = one.previous_line, one.previous_town, one.previous_postcode
        faults.append("old_address")
    elif draws[14] > 1 - care.no_address:
        line, town, postcode = "", "", ""
        faults.append("no_address")
    elif draws[14] > 0.992 and postcode:
        postcode = postcode[:-2] + postcode[-1] + postcode[-2]
        faults.append("postcode_mistyped")
    practice = one.practice
    if one.previous_practice and kind != "gp" and draws[15] < care.old_address:
        practice = one.previous_practice
    if kind == "gp":
        is_old = source == f"gp-{one.previous_practice.lower()}"
        practice = one.previous_practice if is_old else one.practice
        if is_old and one.previous_postcode:
            line, town, postcode = one.previous_line, one.previous_town, one.previous_postcode
    ethnicity = one.ethnicity if draws[16] > care.no_ethnicity else "Z" if draws[16] > care.no_ethnicity / 2 else "99"
    phone = one.phone if draws[12] > 0.2 else ""
    source_id = _source_id(kind, source, one.index, second=second)
    prefix = one.prefix if kind != "council" else ""
    return Shown(
        source, source_id, one.index, number, status, prefix, given, middle, family, birth, one.sex, ethnicity, line,
        town, postcode, phone, practice, since, tuple(faults),
    )  # fmt: skip


def _source_id(kind: str, source: str, index: int, *, second: bool) -> str:
    """Answer what a source calls a patient: numbers that say nothing, of the shape that such systems give."""
    # A permutation for each source (odd factor, modulus a power of two), so that numbers are unique and unordered.
    code = zlib.crc32(source.encode())
    number = index * 2 + second
    if kind == "gp":
        number = (number * (code * 2 + 1) + code * 65_537) % 2**40
        first, middle = f"{number >> 8:08x}-{code & 0xFFFF:04x}", f"4{number & 0xFF:02x}0-8{code >> 20:03x}"
        return f"{first}-{middle}-{code * 40_503 % 2**48:012x}"
    number = number * (code % 100_000 * 2 + 1) + code
    number %= 2**21
    return {
        "acute": f"{chr(65 + code % 20)}{1_000_000 + number}",
        "community": f"C{5_000_000 + number}",
        "mental_health": f"M{3_000_000 + number}",
        "council": f"{30_000_000 + number}",
        "voluntary": f"VS-{number:07d}",
    }.get(kind, f"R{number:08d}")
