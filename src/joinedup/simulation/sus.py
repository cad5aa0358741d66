"""What commissioners hold of hospital care: SUS admitted care and outpatients, and emergency care, as CSV by period.

One row is one finished episode, one appointment, one attendance. Coders work from the notes, so times here are the true
ones, diagnoses are complete, and what had not been coded in time is sent again in the next period's file.
docs/reference/extracts.md gives columns, codes and faults; `columns.py` holds the headers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

from joinedup.simulation.catalogue import complaint, condition_snomed, icd10, main_specialty, opcs
from joinedup.simulation.columns import ECDS, SUS_APC, SUS_OP
from joinedup.simulation.days import CLOCK, ISO, LAST_DAY
from joinedup.simulation.periods import PERIODS, draw, period_of, quoted
from joinedup.simulation.world import Admission, Attendance, Block, Declared, Outpatient, Shown, World
from joinedup.simulation.writing import Out

# Faults, one in so many rows.
SENT_AGAIN: Final = 100
DELETED: Final = 500
WRONG_NUMBER: Final = 500
BAD_DATE: Final = 1500
BAD_NUMBER: Final = 3000
FEEDS: Final = (("sus-apc", "SUS_APC", SUS_APC), ("sus-op", "SUS_OP", SUS_OP), ("ecds", "ECDS", ECDS))
END: Final = "\r\n"
MARKET_FORCES: Final = 1.0712
_GENDER: Final = {"female": "2", "male": "1", "unknown": "X"}
_ACUITY: Final = (
    "",
    "1064891000000107",
    "1064911000000105",
    "1064901000000108",
    "1077241000000103",
    "1077251000000100",
)
_NEXT: Final = dict(pairwise(PERIODS))
_OUTCOMES: Final = {
    "attended": "5", "did_not_attend": "3", "cancelled_by_patient": "2", "cancelled_by_hospital": "4", "booked": "0",
}  # fmt: skip


def declare(world: World) -> list[Declared]:
    """Answer the three extracts of each acute trust as sources of their own."""
    titles = {"sus-apc": "SUS admitted care", "sus-op": "SUS outpatients", "ecds": "emergency care data set"}
    return [
        Declared(
            key=f"{trust.source}-{feed}",
            name=f"{trust.name}: {titles[feed]}",
            organisation=trust.ods,
            setting="acute",
            format="csv",
            files=f"{trust.source}-{feed}/{stem}_{trust.ods}_*.csv",
            mapping=feed,
            interval_hours=24 * 31,
        )
        for trust in world.of_kind("acute")
        for feed, stem, _ in FEEDS
    ]


def headers(world: World) -> Mapping[str, str]:
    """Answer the header of every file that can be written."""
    return {
        f"{trust.source}-{feed}/{stem}_{trust.ods}_{period}.csv": ",".join(map(quoted, columns)) + END
        for trust in world.of_kind("acute")
        for feed, stem, columns in FEEDS
        for period in PERIODS
    }


def write(world: World, block: Block, out: Out) -> None:
    """Add the rows of a block's residents to the extracts of their hospitals."""
    coders = _Coders(world, block, out)
    for admission in block.admissions:
        if admission.end_day and admission.end_day <= LAST_DAY:
            coders.admission(admission)
    for outpatient in block.outpatients:
        if outpatient.day <= LAST_DAY:
            coders.outpatient(outpatient)
    for attendance in block.attendances:
        if attendance.day * 1440 + attendance.minute + attendance.minutes < (LAST_DAY + 1) * 1440:
            coders.attendance(attendance)


def wrong_check_digit(number: str) -> str:
    """Answer an NHS number whose check digit is wrong; nothing stays nothing."""
    return number and number[:9] + str((int(number[9]) + 1) % 10)


def pounds(pence: int) -> str:
    """Answer an amount in pounds with two decimals."""
    return f"{pence // 100}.{pence % 100:02d}"


class _Coders:
    """Clinical coders at work on one block."""

    __slots__ = ("block", "out", "pathways", "people", "sources", "trusts", "world")

    def __init__(self, world: World, block: Block, out: Out) -> None:
        self.world = world
        self.block = block
        self.out = out
        self.people: dict[tuple[str, str], str] = {}
        self.sources = {trust.ods: trust.source for trust in world.of_kind("acute")}
        self.trusts = {source: ods for ods, source in self.sources.items()}
        self.pathways = {one.id: f"{one.trust}{one.referral or one.id}" for one in block.waiting}

    def admission(self, event: Admission) -> None:
        """Add the finished episodes of a spell: two where an emergency went on to another specialty, else one."""
        begins = event.day * 1440 + event.minute
        ends = event.end_day * 1440 + event.end_minute
        turn = ends
        if event.method[0] == "2" and len(event.stays) > 1 and event.specialty not in ("300", "420"):
            turn = event.stays[1].day * 1440 + event.stays[1].minute
        if turn < ends:
            self.episode(event, 1, begins, turn, "300", is_last=False)
            self.episode(event, 2, turn, ends, event.specialty, is_last=True)
        else:
            self.episode(event, 1, begins, ends, event.specialty, is_last=True)
        self.out.same_event(event.id, f"{self.sources[event.trust]}-sus-apc", "Encounter", event.id)

    def episode(self, event: Admission, number: int, begins: int, ends: int, specialty: str, *, is_last: bool) -> None:
        """Add one episode of a spell; the spell's price stands at its last one."""
        source = self.sources[event.trust]
        feed = f"{source}-sus-apc"
        shown = self.block.subject(event.person, source, event.id)
        person = self.block.person(event.person)
        area = self.world.areas[person.area]
        cds = f"B{event.trust}{event.id}{number:02d}"
        stay = event.end_day - event.day
        kind = "2" if event.is_day_case else "5" if event.method[0] == "3" else "1"
        spell = (
            f"{event.id},{number},{'1' if is_last else '2'},{kind},{event.method},19,"
            f"{ISO[event.day]},{CLOCK[event.minute]}:00,{ISO[event.end_day]},{CLOCK[event.end_minute]}:00,"
            f"{'4' if event.died else '1'},{'79' if event.died else event.destination or '19'}"
        )
        listed = ISO[event.day - 14 - draw(event.id, 90)] if event.method[0] == "1" else ""
        episode = (
            f"{_at(begins)},{_at(ends)},{main_specialty(specialty)},{specialty},"
            f"C{draw(event.trust + specialty, 9_000_000) + 1_000_000},{listed}"
        )
        codes = [icd10(code) for code in event.diagnoses] or ["R69X"]
        coded = ",".join((codes + [""] * 7)[:7])
        operation = ",,"
        if event.procedure and is_last:
            operation = f"{opcs(event.procedure)},{ISO[event.day + min(1, stay)]},"
        age = (event.day - person.birth) // 365.25
        length = "n/a" if draw(cds + "n", BAD_NUMBER) == 0 else stay
        pathway = self.pathways.get(event.waiting, "")

        def row(made: int, *, is_coded: bool) -> str:
            price = event.cost_pence if is_last and is_coded else 0
            hrg = event.hrg if is_coded else "UZ01Z"
            return (
                f"{cds},9,{ISO[made]},{pathway},{self.who(feed, shown, area.sub_icb, cds)},"
                f"{area.sub_icb},{event.site},{spell},{self.bad(feed, cds, episode)},"
                f"{coded if is_coded else 'R69X,,,,,,'},{operation if is_coded else ',,'},{age:.0f},{area.code},"
                f"{length},"
                f"{hrg},{hrg},{pounds(int(price / MARKET_FORCES))},{MARKET_FORCES},{pounds(price)}{END}"
            )

        self.put(feed, f"SUS_APC_{event.trust}", event.end_day, cds, row)

    def outpatient(self, event: Outpatient) -> None:
        """Add an appointment, attended or not."""
        source = self.sources[event.trust]
        feed = f"{source}-sus-op"
        shown = self.block.subject(event.person, source, event.id)
        person = self.block.person(event.person)
        area = self.world.areas[person.area]
        cds = f"B{event.trust}{event.id}"
        attended = _OUTCOMES[event.outcome]
        is_remote = draw(event.id + "remote", 4) == 0
        was_seen = attended == "5"
        received = ISO[event.booked_on - draw(event.id, 12)]
        first = ("3" if event.is_first else "4") if is_remote else ("1" if event.is_first else "2")
        status = "10" if event.is_first else "30" if event.procedure else "20"
        practice = shown.practice
        when = f"{ISO[event.day]},{CLOCK[event.minute]}:00"
        age = (event.day - person.birth) // 365.25
        referral = event.referral or event.id
        hrg = event.hrg if was_seen else ""
        consultant = f"C{draw(event.trust + event.specialty, 9_000_000) + 1_000_000}"

        def row(made: int, *, is_coded: bool) -> str:
            price = event.cost_pence if was_seen and is_coded else 0
            return (
                f"{cds},9,{ISO[made]},{event.trust}{referral},{status if was_seen else '98'},{received},"
                f"{ISO[event.day] if status == '30' and was_seen else ''},"
                f"{self.who(feed, shown, area.sub_icb, cds)},{area.sub_icb},{event.site},"
                f"G{draw(practice, 9_000_000) + 1_000_000},{practice},{'03' if event.referral else '05'},1,{received},"
                f"{event.id},{attended},{first},{'02' if is_remote else '01'},"
                f"{('1' if draw(event.id + 'o', 3) == 0 else '2') if was_seen else ''},{self.bad(feed, cds, when)},"
                f"{main_specialty(event.specialty)},{event.specialty},"
                f"{consultant},,{opcs(event.procedure) if was_seen else ''},"
                f"{age:.0f},{area.code},{hrg if is_coded or not hrg else 'UZ01Z'},"
                f"{pounds(int(price / MARKET_FORCES))},{pounds(price)}{END}"
            )

        self.put(feed, f"SUS_OP_{event.trust}", event.day, cds, row)
        if draw(cds + "delete", DELETED) == 0 and (later := _NEXT.get(period_of(event.day))):
            # Entered twice by mistake under another number; the trust deletes the second one with its next file.
            twin = row(event.day, is_coded=True).replace(cds, cds + "D").replace(f",{event.id},", f",{event.id}D,")
            self.out.file(f"{feed}/SUS_OP_{event.trust}_{period_of(event.day)}.csv").append(twin)
            self.out.file(f"{feed}/SUS_OP_{event.trust}_{later}.csv").append(twin.replace(",9,", ",1,", 1))
            self.out.count(feed, "rows", 2)
            self.out.count(feed, "deleted rows")
        self.out.same_event(event.id, feed, "Appointment", event.id)

    def attendance(self, event: Attendance) -> None:
        """Add an attendance at an emergency department."""
        source = self.sources[event.trust]
        feed = f"{source}-ecds"
        shown = self.block.subject(event.person, source, event.id)
        person = self.block.person(event.person)
        area = self.world.areas[person.area]
        cds = f"B{event.trust}{event.id}"
        begins = event.day * 1440 + event.minute
        ends = begins + event.minutes
        assessed = begins + min(5 + draw(event.id, 20), max(event.minutes // 3, 1))
        seen = begins + max(event.minutes // 2, 1)
        concluded = max(seen, ends - draw(event.id + "c", 30))
        chance = draw(event.id + "way", 20)
        way = (
            ("1048041000000109" if chance == 0 else "1048031000000100") if event.by_ambulance
            else "1048061000000105" if chance < 3 else "1048071000000103"
        )  # fmt: skip
        died = person.death == event.day and not event.admission and person.death_place == "hospital"
        status = (
            "1066321000000107" if event.left_before
            else "75004002" if died
            else "1077021000000100" if chance % 2 and not event.admission
            else "182992009"
        )  # fmt: skip
        goes = "306706006" if event.admission else "305398007" if died else "306689006"
        decided = f"{_at(concluded)},300" if event.admission else ",,"
        diagnosis = condition_snomed(event.diagnosis) if event.diagnosis and not event.left_before else ""
        age = (event.day - person.birth) // 365.25
        call = f"{draw(event.id + 'call', 90_000_000) + 10_000_000}" if event.by_ambulance else ""

        def row(made: int, *, is_coded: bool) -> str:
            price = event.cost_pence if is_coded else 0
            return (
                f"{cds},9,{ISO[made]},{self.who(feed, shown, area.sub_icb, cds)},{event.site},01,{call},"
                f"{event.id},{way},1,{'1065391000000104' if not event.by_ambulance else '1066031000000107'},"
                f"{self.bad(feed, cds, _at(begins))},{_at(assessed)},"
                f"{_ACUITY[event.acuity]},{complaint(event.complaint)[0]},"
                f"{_at(seen) if not event.left_before else ','},{diagnosis if is_coded else ''},"
                f"{'410605003' if diagnosis and is_coded else ''},{_at(concluded)},{decided},{_at(ends)},{status},"
                f"{goes if not event.left_before else ''},{age:.0f},{area.code},"
                f"{'n/a' if draw(cds + 'n', BAD_NUMBER) == 0 else event.minutes},{event.hrg if is_coded else 'UZ01Z'},"
                f"{pounds(int(price / MARKET_FORCES))},{pounds(price)}{END}"
            )

        self.put(feed, f"ECDS_{event.trust}", event.day, cds, row)
        self.out.same_event(event.id, feed, "Encounter", event.id)

    # --- what all three share --------------------------------------------------------------------------------------

    def put(self, feed: str, name: str, day: int, cds: str, row: Callable[..., str]) -> None:
        """Add a row to the file of its period; one in a hundred comes uncoded first and coded in the next period."""
        period = period_of(day)
        made = min(day + 5 + draw(cds, 25), LAST_DAY)
        later = _NEXT.get(period)
        is_sent_again = draw(cds + "again", SENT_AGAIN) == 0 and later is not None
        self.out.file(f"{feed}/{name}_{period}.csv").append(row(made, is_coded=not is_sent_again))
        self.out.count(feed, "rows")
        if is_sent_again:
            self.out.file(f"{feed}/{name}_{later}.csv").append(row(min(made + 45, LAST_DAY), is_coded=True))
            self.out.count(feed, "rows")
            self.out.count(feed, "rows sent again")

    def bad(self, feed: str, cds: str, when: str) -> str:
        """Answer the date and what follows it, or once in a while a date that no calendar has."""
        chance = draw(cds + "bad", BAD_DATE)
        if chance:
            return when
        self.out.count(feed, "impossible dates")
        return ("13/13/2026" if draw(cds, 2) else "2026-02-30") + when[10:]

    def who(self, feed: str, shown: Shown, residence: str, cds: str) -> str:
        """Answer the columns that say who it is, from the local number to the provider.

        A name is given only where the NHS number is not verified, as the Commissioning Data Sets do.
        """
        key = (shown.source, shown.source_id)
        kept = self.people.get(key)
        self.out.subject(feed, shown.source_id, self.block.person(shown.person).id, " ".join(shown.faults))
        if kept is None:
            trust = self.trusts[shown.source]
            name = "," if shown.nhs_status == "01" else f"{quoted(shown.given)},{quoted(shown.family)}"
            kept = self.people[key] = (
                f"{shown.source_id},{trust},{shown.nhs_number},{shown.nhs_status},{name},"
                f"{ISO[shown.birth] if shown.birth else ''},{_GENDER[shown.sex]},{shown.ethnicity},{shown.postcode},"
                f"{residence},{shown.practice},{trust}"
            )
        if shown.nhs_number and draw(cds + "nhs", WRONG_NUMBER) == 0:
            return kept.replace(f",{shown.nhs_number},", f",{wrong_check_digit(shown.nhs_number)},", 1)
        return kept


def _at(moment: int) -> str:
    """Answer a moment as the two columns of its date and its time."""
    return f"{ISO[moment // 1440]},{CLOCK[moment % 1440]}:00"
