"""What acute trusts send as HL7 v2.4 messages: admissions, attendances, results, appointments, changes and merges.

One file a period and trust, several messages in a file, every segment ended by CR. A hospital's messages are as they
are: sometimes late, sent twice, taken back, cut off, or under a number that was merged away. What each fault is and how
often it comes is in docs/reference/extracts.md; the truth counts them.

Messages say when the clerk recorded something, the extracts when it happened: `clerk_delay` is the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from joinedup.simulation.catalogue import (
    allergen,
    complaint,
    diagnosis_words,
    icd10,
    panel,
    reaction,
    specialty_name,
    test,
)
from joinedup.simulation.days import COMPACT, FIRST_DAY, LAST_DAY
from joinedup.simulation.hl7v2_segments import (
    CR,
    NULL,
    ail,
    al1,
    dg1,
    location,
    msh,
    nk1,
    obr,
    obx,
    orc,
    pd1,
    pid,
    pv1,
    sch,
    source_of,
)
from joinedup.simulation.periods import draw, period_of, stamp
from joinedup.simulation.world import (
    Admission,
    Allergy,
    Attendance,
    Block,
    Declared,
    Merge,
    Organisation,
    Outpatient,
    Report,
    Shown,
    World,
)
from joinedup.simulation.writing import Out

# Faults, one in so many.
LATE: Final = 100  # messages
REPEATED: Final = 200  # messages
MALFORMED: Final = 2000  # messages
CANCELLED: Final = 50  # planned stays for A11, stays for A13
UPDATED: Final = 10  # stays
WITHDRAWN: Final = 500  # reports
PRELIMINARY: Final = 40  # reports
NO_PHONE: Final = 50  # changes of address
NOW: Final = (LAST_DAY + 1) * 1440 - 1
_SEVERITY: Final = {"mild": "MI", "moderate": "MO", "severe": "SV"}


def declare(world: World) -> list[Declared]:
    """Answer the acute trusts as sources of HL7 v2 files."""
    return [
        Declared(
            key=trust.source,
            name=f"{trust.name}: messages",
            organisation=trust.ods,
            setting="acute",
            format="hl7v2",
            files=f"{trust.source}/{trust.ods}_HL7_*.hl7",
            interval_hours=24,
            id_unique=True,
        )
        for trust in world.of_kind("acute")
    ]


def headers(world: World) -> Mapping[str, str]:
    """Answer no header: messages begin at once."""
    return {}


def write(world: World, block: Block, out: Out) -> None:
    """Add the messages of a block's residents to the files of their hospitals, in the order in which they were sent."""
    desks: dict[str, _Desk] = {}

    def desk(trust: str) -> _Desk:
        found = desks.get(trust)
        if found is None:
            found = desks[trust] = _Desk(world, block, world.organisation("acute", trust))
        return found

    for attendance in block.attendances:
        desk(attendance.trust).attendance(attendance, out)
    for admission in block.admissions:
        desk(admission.trust).admission(admission, out)
    for outpatient in block.outpatients:
        desk(outpatient.trust).appointment(outpatient, out)
    for report in block.reports:
        desk(report.trust).report(report, out)
    trusts = {trust.source: trust.ods for trust in world.of_kind("acute")}
    for (_, source), held in block.shown.items():
        if source in trusts:
            for shown in held:
                desk(trusts[source]).changes(shown, out)
    for merge in block.merges:
        if merge.source in trusts:
            held = block.shown[merge.person, merge.source]
            desk(trusts[merge.source]).merge(merge, held, out)
    for trust in desks.values():
        trust.send(out)


def clerk_delay(event: str) -> int:
    """Answer by how many minutes the clerk's time of an event is after the coders', 3 before to 12 after."""
    return draw(event, 16) - 3


class _Desk:
    """The messages of one hospital for one block: written as they come, sent in order at the end."""

    __slots__ = ("block", "care_homes", "organisation", "people", "queue", "receiver", "source", "world", "written")

    def __init__(self, world: World, block: Block, organisation: Organisation) -> None:
        self.world = world
        self.block = block
        self.care_homes = {one.index for one in block.households if one.kind == "care_home"}
        self.organisation = organisation
        self.source = organisation.source
        self.receiver = world.system.upper()
        self.queue: list[tuple[int, int, str]] = []
        self.people: dict[str, _Paper] = {}
        self.written = 0

    # --- what hospitals tell of ------------------------------------------------------------------------------------

    def attendance(self, event: Attendance, out: Out) -> None:
        """Tell that somebody came to the emergency department (A04) and left it (A03)."""
        paper = self.paper(event.person, event.id)
        begins = event.day * 1440 + event.minute + clerk_delay(event.id)
        ends = begins + max(event.minutes, 1)
        site = event.site
        visit = event.id
        source = "A" if event.by_ambulance else "O"
        arrived = stamp(begins)
        _, reason = complaint(event.complaint)
        segments = (
            paper.segments(begins)
            + pv1(
                "E",
                f"ED^{'RESUS' if event.acuity == 1 else 'MAJORS' if event.acuity < 4 else 'MINORS'}^^{site}",
                visit,
                specialty="180",
                method="21" if event.admission else "",
                source=source,
                begins=arrived,
            )
            + f"{CR}PV2|||^{reason}{CR}"
        )
        self.adt("A04", begins, segments, event.id)
        out.same_event(event.id, self.source, "Encounter", visit)
        if ends > NOW:
            return
        left = stamp(ends)
        found = ""
        if event.diagnosis and not event.left_before:
            code, words = diagnosis_words(event.diagnosis)
            found = dg1(1, code, words, left, "F") + CR
        segments = (
            paper.segments(ends)
            + pv1(
                "E",
                f"ED^^^{site}",
                visit,
                specialty="180",
                source=source,
                disposition="1" if not event.left_before else "2",
                destination="19",
                begins=arrived,
                ends=left,
            )
            + CR
            + found
        )
        self.adt("A03", ends, segments, event.id + "x")

    def admission(self, event: Admission, out: Out) -> None:
        """Tell of a stay: admitted (A01), moved (A02), changed (A08), discharged (A03), and what was taken back."""
        paper = self.paper(event.person, event.id)
        person = self.block.person(event.person)
        shift = clerk_delay(event.id)
        begins = event.day * 1440 + event.minute + shift
        bed = draw(event.id, 997)
        consultant = consultant_of(self.organisation.ods, event.specialty)
        lives_in_care = person.household in self.care_homes
        arrived = stamp(begins)
        stays = event.stays
        ward = location(stays[0].ward if stays else "ADM", bed, event.site)

        def visit(where: str, prior: str = "", number: str = event.id, begins: str = arrived, **more: str) -> str:
            return (
                pv1(
                    "I",
                    where,
                    number,
                    specialty=event.specialty,
                    method=event.method,
                    source=source_of(event, lives_in_care),
                    prior=prior,
                    consultant=consultant,
                    begins=begins,
                    **more,
                )
                + CR
            )

        code = icd10(event.diagnoses[0]) if event.diagnoses else "R69X"
        _, words = diagnosis_words(event.reason)
        reason = f"PV2|||^{words}{CR}"
        if draw(event.id + "A11", CANCELLED) == 0 and event.method < "20":
            # Admitted on the screen a day too early; the clerk takes it back within the hour.
            early = begins - 1440
            false = visit(ward, number=event.id + "X", begins=stamp(early))
            self.adt("A01", early, paper.segments(early) + false + reason, event.id + "f")
            self.adt("A11", early + 40, paper.segments(early) + false, event.id + "g")
            out.count(self.source, "A11")
        self.adt(
            "A01",
            begins,
            paper.segments(begins) + visit(ward) + reason + dg1(1, code, words, arrived, "A") + CR,
            event.id + "a",
        )
        out.same_event(event.id, self.source, "Encounter", event.id)
        before = ward
        for number, stay in enumerate(stays[1:]):
            moved = stay.day * 1440 + stay.minute + shift
            where = location(stay.ward, bed + number, event.site)
            self.adt("A02", moved, paper.segments(moved) + visit(where, before), f"{event.id}b{number}")
            before = where
        if draw(event.id + "A08", UPDATED) == 0:
            changed = begins + 300 + bed
            self.adt(
                "A08",
                changed,
                paper.segments(changed) + visit(ward) + dg1(1, code, words, stamp(changed), "W") + CR,
                event.id + "h",
            )
        if not event.end_day:
            return
        ends = event.end_day * 1440 + event.end_minute + shift
        diagnoses = "".join(
            dg1(number, icd10(coded), words if number == 1 else diagnosis_words(coded)[1], stamp(ends), "F") + CR
            for number, coded in enumerate(event.diagnoses, 1)
        )

        def discharge(moment: int) -> str:
            return (
                paper.segments(moment)
                + visit(
                    before, disposition="4" if event.died else "1", destination=event.destination, ends=stamp(moment)
                )
                + diagnoses
            )

        if draw(event.id + "A13", CANCELLED) == 0 and ends - begins > 600:
            early = ends - 400
            self.adt("A03", early, discharge(early), event.id + "c")
            self.adt("A13", early + 90, paper.segments(early) + visit(before), event.id + "d")
            out.count(self.source, "A13")
        self.adt("A03", ends, discharge(ends), event.id + "e")

    def appointment(self, event: Outpatient, out: Out) -> None:
        """Tell that an appointment was booked (S12) and, where it was, that it was cancelled (S15)."""
        paper = self.paper(event.person, event.id)
        at = event.day * 1440 + event.minute
        booked = event.booked_on * 1440 + 540 + draw(event.id, 480)
        if event.booked_on > LAST_DAY:
            return
        minutes = 30 if event.is_first else 15
        kind = "NEW^New" if event.is_first else "FUP^Follow-up"
        begins, ends = stamp(at), stamp(at + minutes)
        clinic = f"{event.specialty}C{draw(event.id, 9)}"
        words = specialty_name(event.specialty)
        rest = (
            paper.segments(booked)
            + pv1(
                "O",
                f"{clinic}^^^{event.site}",
                event.id,
                specialty=event.specialty,
                consultant=consultant_of(self.organisation.ods, event.specialty),
            )
            + CR
            + ail(clinic, event.site)
            + CR
        )
        self.queue_up(
            "SIU^S12", "PAS", booked, sch(event.id, words, kind, minutes, begins, ends, "BOOKED") + CR + rest, event.id
        )
        out.same_event(event.id, self.source, "Appointment", event.id)
        if event.outcome.startswith("cancelled"):
            cancelled = max(booked + 60, at - 1440 * (1 + draw(event.id, 9)))
            if cancelled <= NOW:
                reason = "Cancelled by patient" if event.outcome.endswith("patient") else "Cancelled by hospital"
                self.queue_up(
                    "SIU^S15",
                    "PAS",
                    cancelled,
                    sch(event.id, reason, kind, minutes, begins, ends, "CANCELLED") + CR + rest,
                    event.id + "x",
                )

    def report(self, event: Report, out: Out) -> None:
        """Tell laboratory results (R01), and those that were corrected or withdrawn later."""
        paper = self.paper(event.person, event.id)
        taken_at = event.day * 1440 + event.minute
        taken, received = stamp(taken_at), stamp(taken_at + 90)
        reported = min(taken_at + 240 + draw(event.id, 600), NOW)
        code, words = panel(event.panel)
        who = paper.segments(taken_at, with_relatives=False)

        def tell(moment: int, status: str, only_first: bool, tail: str) -> None:
            lines = []
            for number, result in enumerate(event.results[:1] if only_first else event.results, 1):
                name = test(result.key)
                value, flag = result.value, result.flag
                if status == "C":
                    value = event.corrected
                    flag = "L" if value < name.low else "H" if value > name.high else ""
                lines.append(
                    obx(
                        number,
                        name.loinc,
                        name.local,
                        name.words,
                        name.written(value),
                        name.unit,
                        name.limits,
                        flag or "N",
                        status,
                        taken,
                    )
                )
            head = obr(
                event.id + "P",
                event.id,
                code,
                words,
                taken,
                received,
                event.asked_by,
                stamp(moment),
                "C" if status == "W" else status,
            )
            self.queue_up(
                "ORU^R01",
                "LIMS",
                moment,
                f"{who}{orc(event.id + 'P', event.id)}{CR}{head}{CR}{CR.join(lines)}{CR}",
                event.id + tail,
            )

        if draw(event.id + "P", PRELIMINARY) == 0 and event.panel == "full_blood_count":
            tell(reported - 60, "P", True, "p")
            out.count(self.source, "preliminary results")
        tell(reported, "F", False, "")
        out.same_event(event.id, self.source, "DiagnosticReport", event.id)
        if event.corrected and reported + 1440 <= NOW:
            tell(reported + 1440, "C", True, "c")
            out.count(self.source, "corrected results")
        elif draw(event.id + "W", WITHDRAWN) == 0 and reported + 700 <= NOW:
            tell(reported + 700, "W", False, "w")
            out.count(self.source, "withdrawn results")

    def changes(self, shown: Shown, out: Out) -> None:
        """Tell of a new person (A28), and of a move, a new name or a death that the hospital heard of (A31)."""
        paper = self.paper_of(shown)
        person = paper.person
        out.subject(self.source, shown.source_id, person.id, " ".join(shown.faults))
        if shown.since >= FIRST_DAY:
            new = shown.since * 1440 + 480 + draw(shown.source_id, 500)
            self.adt("A28", new, paper.segments(new) + pv1("N", "", "") + CR, shown.source_id)
        moved = person.moved_on
        if moved >= FIRST_DAY and shown.since < moved and shown.postcode == person.postcode:
            told = (moved + 1 + draw(shown.source_id, 30)) * 1440 + 600
            phone = ""
            if draw(shown.source_id + "phone", NO_PHONE) == 0:
                phone = NULL
                out.count(self.source, "telephone withdrawn")
            self.adt("A31", told, paper.segments(told, phone=phone) + pv1("N", "", "") + CR, shown.source_id + "m")
        renamed = person.renamed_on
        if renamed >= FIRST_DAY and shown.since < renamed and shown.family == person.family:
            told = (renamed + 3 + draw(shown.source_id, 60)) * 1440 + 630
            self.adt("A31", told, paper.segments(told) + pv1("N", "", "") + CR, shown.source_id + "n")
        if person.death >= FIRST_DAY and draw(shown.source_id + "death", 10) < 9:
            told = (person.death + 1 + draw(shown.source_id, 14)) * 1440 + 660
            self.adt("A31", told, paper.segments(told) + pv1("N", "", "") + CR, shown.source_id + "d")

    def merge(self, event: Merge, held: Sequence[Shown], out: Out) -> None:
        """Tell that two of the hospital's patients are one (A40)."""
        for shown in held:
            if shown.source_id == event.surviving:
                moment = event.day * 1440 + event.minute
                body = self.paper_of(shown).segments(moment, with_relatives=False)
                mrg = f"MRG|{event.retired}^^^{self.organisation.ods}^PI{CR}"
                self.adt("A40", moment, body + mrg, event.surviving + "A40")
                out.count(self.source, "A40")

    # --- paper and post --------------------------------------------------------------------------------------------

    def paper(self, person: int, event: str) -> _Paper:
        """Answer the papers of the patient under whom an event was written."""
        return self.paper_of(self.block.subject(person, self.source, event))

    def paper_of(self, shown: Shown) -> _Paper:
        found = self.people.get(shown.source_id)
        if found is None:
            found = self.people[shown.source_id] = _Paper(self.world, self.block, self.organisation, shown)
        return found

    def adt(self, trigger: str, occurred: int, segments: str, name: str) -> None:
        """Queue an ADT message about something that occurred then; one in a hundred is sent much later."""
        self.queue_up(f"ADT^{trigger}", "PAS", occurred, segments, name + trigger, trigger)

    def queue_up(self, kind: str, application: str, occurred: int, body: str, name: str, trigger: str = "") -> None:
        if occurred > NOW:  # not yet known on the last day
            return
        self.written += 1
        chance = draw(f"{self.source}{name}", LATE * REPEATED * MALFORMED)
        sent = occurred + 2 + chance % 5
        if chance % LATE == 7:
            sent = occurred + 60 + chance % 4000
        sent = min(sent, NOW)
        control = f"{self.organisation.ods}{self.block.number:06d}{self.written:06d}"
        at = stamp(sent, chance % 60)
        head = msh(application, self.organisation.ods, self.receiver, at, kind, control)
        if trigger:
            head = f"{head}{CR}EVN|{trigger}|{at}||||{stamp(occurred)}"
        self.queue.append((sent, chance, f"{head}{CR}{body}"))

    def send(self, out: Out) -> None:
        """Put the messages into the files of their periods, in the order of sending, some twice and some broken."""
        self.queue.sort(key=lambda message: message[0])
        folder, ods = self.source, self.organisation.ods
        files: dict[str, list[str]] = {}
        repeated = malformed = late = 0
        for sent, chance, text in self.queue:
            period = period_of(sent // 1440)
            post = files.get(period)
            if post is None:
                post = files[period] = out.file(f"{folder}/{ods}_HL7_{period}.hl7")
            if chance % MALFORMED == 11:
                malformed += 1
                text = _BROKEN[chance // MALFORMED % len(_BROKEN)](text)
            post.append(text)
            if chance % LATE == 7:
                late += 1
            if chance // LATE % REPEATED == 3:
                repeated += 1
                post.append(text)
        out.count(folder, "messages", len(self.queue) + repeated)
        out.count(folder, "repeated messages", repeated)
        out.count(folder, "malformed messages", malformed)
        out.count(folder, "late messages", late)


class _Paper:
    """What a hospital writes at the head of each message about one patient."""

    __slots__ = ("_kept", "block", "organisation", "person", "shown", "world")

    def __init__(self, world: World, block: Block, organisation: Organisation, shown: Shown) -> None:
        self.world = world
        self.block = block
        self.organisation = organisation
        self.shown = shown
        self.person = block.person(shown.person)
        self._kept: dict[tuple[bool, bool, str, bool, bool], str] = {}

    def segments(self, moment: int, *, phone: str = "", with_relatives: bool = True) -> str:
        """Answer PID, PD1, NK1 and AL1 as they stood at a moment: the old address before a move."""
        person, shown = self.person, self.shown
        day = moment // 1440
        is_before = day < person.moved_on and bool(person.previous_line) and shown.postcode == person.postcode
        is_dead = 0 < person.death < day
        is_former = bool(person.former_family) and day < person.renamed_on and shown.family == person.family
        key = (is_before, is_dead, phone, with_relatives, is_former)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._write(*key)
        return kept

    def _write(self, is_before: bool, is_dead: bool, phone: str, with_relatives: bool, is_former: bool) -> str:
        person, shown, block = self.person, self.shown, self.block
        parts = [
            pid(
                shown,
                self.organisation.ods,
                line=person.previous_line if is_before else shown.line,
                town=person.previous_town if is_before else shown.town,
                postcode=person.previous_postcode if is_before else shown.postcode,
                phone=phone or shown.phone,
                family=person.former_family if is_former else shown.family,
                language=person.language,
                death=COMPACT[person.death] if is_dead else "",
            ),
            pd1(self.world.organisations.get(f"gp {shown.practice}"), shown.practice),
        ]
        if with_relatives:
            relatives = ((person.partner, "SPO"), (person.mother, "MTH"), (person.father, "FTH"))
            near = [(index - block.first, role) for index, role in relatives if index >= 0]
            parts += [
                nk1(number, block.people[place], role)
                for number, (place, role) in enumerate(near[:2], 1)
                if 0 <= place < len(block.people)
            ]
            parts += _allergies(block.allergies[shown.person - block.first])
        parts.append("")
        return CR.join(parts)


def _allergies(allergies: Sequence[Allergy]) -> list[str]:
    """Answer what the hospital holds of allergies: where only the practice knows of one, it says that there is none."""
    known = [one for one in allergies if one.known_to != "gp"]
    if allergies and not known:
        return [al1(1, "DA", "716186003", "No known allergy", "", "", "")]
    lines = []
    for number, one in enumerate(known, 1):
        kind, code, words = allergen(one.key)
        lines.append(
            al1(number, kind, code, words, _SEVERITY[one.severity], reaction(one.reaction), COMPACT[one.since])
        )
    return lines


def consultant_of(ods: str, specialty: str) -> str:
    """Answer the consultant of a specialty at a trust: `C1234567^Okafor^A^^^Dr`."""
    number = draw(ods + specialty, 9_000_000) + 1_000_000
    family = _CONSULTANTS[number % len(_CONSULTANTS)]
    return f"C{number}^{family}^{'ABCDEFGHJKLMNPRST'[number % 17]}^^^Dr"


_CONSULTANTS: Final = (
    "Okafor", "Patel", "Whitfield", "Nowak", "Hughes", "Banerjee", "Stone", "Adeyemi", "Murphy", "Chaudhry", "Fletcher",
    "Rossi", "Iqbal", "Marsh", "Osei", "Lindqvist",
)  # fmt: skip


def _cut_off(text: str) -> str:
    return text[: text.rfind("PID") + 25] + CR


def _unknown_trigger(text: str) -> str:
    return text.replace("ADT^A", "ADT^Z", 1).replace("ORU^R", "ORU^Z", 1).replace("SIU^S", "SIU^Z", 1)


def _nobody(text: str) -> str:
    """Answer the message with PID-3 empty."""
    lines = text.split(CR)
    for number, line in enumerate(lines):
        if line.startswith("PID|"):
            fields = line.split("|")
            fields[3] = ""
            lines[number] = "|".join(fields)
    return CR.join(lines)


def _no_header(text: str) -> str:
    return text.replace("MSH|^~\\&|", "MSH|", 1)


_BROKEN: Final[tuple[Callable[[str], str], ...]] = (_cut_off, _unknown_trigger, _nobody, _no_header)
