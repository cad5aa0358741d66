"""A small block drawn by hand: three residents of one trust, so that a feed can be read beside what truly happened."""

from __future__ import annotations

from joinedup.simulation.days import birth_day
from joinedup.simulation.world import (
    Activity,
    Admission,
    Allergy,
    Area,
    Attendance,
    Block,
    Condition,
    Contact,
    Episode,
    Household,
    Medicine,
    Merge,
    Organisation,
    Outpatient,
    Person,
    Referral,
    Report,
    Result,
    Shown,
    Site,
    SocialCare,
    Stay,
    Waiting,
    World,
)
from joinedup.simulation.writing import Out

TRUST = "RWH"


def _organisation(kind: str, ods: str, source: str, name: str) -> Organisation:
    return Organisation(ods, name, kind, source, "ZH99 1AA", (Site(f"{ods}01", f"{name} site", ("Ashwood", "Elm")),))


def little_world() -> World:
    """One area, one practice, and one partner of each kind."""
    organisations = {
        f"{one.kind} {one.ods}": one
        for one in (
            _organisation("acute", TRUST, "acute-rwh", "Lister Trust"),
            _organisation("mental_health", "RWR", "mental-health-rwr", "Minds Trust"),
            _organisation("community", "RY4", "community-ry4", "Community Trust"),
            _organisation("council", "606", "social-606", "County Council"),
            _organisation("voluntary", "VZH01", "voluntary-vzh01", "Good Neighbours"),
            _organisation("gp", "Z00001", "gp-z00001", "Northgate Surgery & Clinic"),
        )
    }
    area = Area("SIM-06K-E07000243-001", "Stevenage 1", "E07000243", "Stevenage", "06K", 2, 1500, "ZH1 4", 0, 0, False)
    names = list(World.__dataclass_fields__)
    values: dict[str, object] = dict.fromkeys(names, ())
    values |= {
        "system": "hwe",
        "name": "Hertfordshire and West Essex",
        "icb": "QM7",
        "seed": 1,
        "residents": 3,
        "areas": (area,),
        "organisations": organisations,
        "practices": (organisations["gp Z00001"],),
        "voluntary": (organisations["voluntary VZH01"],),
        "has_reference": False,
    }
    return World(**values)  # type: ignore[arg-type]


def person(index: int, **more: object) -> Person:
    """A resident of the little world; by default a woman of 84 with a name that holds every delimiter."""
    told: dict[str, object] = {
        "index": index,
        "id": f"P{index:07d}",
        "household": 0,
        "nhs_number": "9990000018",
        "prefix": "Mrs",
        "given": "Zofia",
        "middle": "",
        "family": "O'Neil-Nowak",
        "former_family": "",
        "renamed_on": 0,
        "nickname": "Zosia",
        "sex": "female",
        "birth": birth_day("1942-03-09"),
        "birth_minute": 0,
        "death": 0,
        "death_place": "",
        "death_cause": "",
        "ethnicity": "C",
        "language": "pl",
        "phone": "01632 960123",
        "email": "z@example.org",
        "area": 0,
        "decile": 2,
        "line": "12 Orchard Close",
        "town": "Stevenage",
        "postcode": "ZH1 4AB",
        "previous_line": "",
        "previous_town": "",
        "previous_postcode": "",
        "moved_on": 0,
        "practice": "Z00001",
        "registered_on": 0,
        "previous_practice": "",
        "is_deducted": False,
        "trust": TRUST,
        "community": "RY4",
        "mental_health": "RWR",
        "council": "606",
        "frailty": 0.3,
        "smoking": "never",
        "bmi": 24.0,
        "need": 1.0,
        "lives_alone": True,
        "is_carer": False,
        "mother": -1,
        "father": -1,
        "partner": -1,
        "tags": (),
    }
    told |= more
    fields = Person._fields
    return Person(**{name: told.get(name, "") for name in fields})  # type: ignore[arg-type]


def shown(whom: Person, source: str, source_id: str, **more: object) -> Shown:
    """What a source holds of somebody: the truth, but for what is said otherwise."""
    told: dict[str, object] = {
        "source": source,
        "source_id": source_id,
        "person": whom.index,
        "nhs_number": whom.nhs_number,
        "nhs_status": "01",
        "prefix": whom.prefix,
        "given": whom.given,
        "middle": whom.middle,
        "family": whom.family,
        "birth": whom.birth,
        "sex": whom.sex,
        "ethnicity": whom.ethnicity,
        "line": whom.line,
        "town": whom.town,
        "postcode": whom.postcode,
        "phone": whom.phone,
        "practice": whom.practice,
        "since": birth_day("2020-01-01"),
        "faults": (),
    }
    told |= more
    return Shown(**{name: told.get(name, ()) for name in Shown._fields})  # type: ignore[arg-type]


def little_block() -> Block:
    """Zofia, who falls and is admitted; Adam, held twice by the trust; Mary, who moves and dies."""
    zofia = person(0)
    adam = person(
        1, nhs_number="9990000026", given="Adam", family="Iqbal", sex="male", birth=birth_day("1980-05-05"), prefix="Mr"
    )
    mary = person(
        2,
        nhs_number="9990000034",
        given="Mary",
        family="Stone",
        birth=birth_day("1951-01-01"),
        previous_line="1 High Street",
        previous_town="Ware",
        previous_postcode="ZH2 1AA",
        moved_on=birth_day("2025-02-03"),
        death=birth_day("2026-09-20"),
        death_place="hospital",
        death_cause="copd",
        registered_on=birth_day("2025-02-20"),
        previous_practice="Z00001",
    )
    people = (zofia, adam, mary)
    held: dict[tuple[int, str], tuple[Shown, ...]] = {}
    for one in people:
        for source in ("mental-health-rwr", "community-ry4", "social-606", "voluntary-vzh01"):
            held[one.index, source] = (shown(one, source, f"{source[0].upper()}{one.index}01"),)
        held[one.index, "acute-rwh"] = (shown(one, "acute-rwh", f"H{one.index}00001"),)
    held[1, "acute-rwh"] = (
        shown(adam, "acute-rwh", "H100001", since=birth_day("2024-05-01")),
        shown(adam, "acute-rwh", "H100002", nhs_number="", nhs_status="07", given="Adan", faults=("no_number", "typo")),
    )
    day = birth_day("2026-06-10")
    block = Block(
        7,
        1,
        0,
        people,
        (Household(0, "alone", 0, "12 Orchard Close", "Stevenage", "ZH1 4AB", (0, 1, 2)),),
        ((Condition("dementia", birth_day("2022-01-01"), 0, "C1"),), (), (Condition("copd", day - 900, 0, "C2"),)),
        (
            (Allergy("penicillin", "rash", "moderate", birth_day("2001-01-01"), "gp", "A1"),),
            (Allergy("latex", "anaphylaxis", "severe", birth_day("2011-01-01"), "both", "A2"),),
            (),
        ),
        ((Medicine("amlodipine", birth_day("2020-01-01"), 0, 60, True, "hypertension", "M1"),), (), ()),
    )
    block.shown = held
    block.attendances = [
        Attendance(
            "AE1", 0, TRUST, "RWH01", day, 600, 230, True, "fall", "hip_fracture", 2, "AD1", False, "VB05Z", 33700
        ),
    ]
    block.admissions = [
        Admission(
            "AD1",
            0,
            TRUST,
            "RWH01",
            day,
            830,
            day + 14,
            660,
            "21",
            False,
            "110",
            ("S72.0", "F03", "I10"),
            "hip_fracture",
            "W37.1",
            (Stay("Ashwood", day, 830), Stay("Elm", day + 1, 600)),
            "19",
            False,
            "AE1",
            "",
            "HT12B",
            985000,
        ),
        Admission(
            "AD2",
            2,
            TRUST,
            "RWH01",
            day + 100,
            100,
            0,
            0,
            "21",
            False,
            "340",
            ("J44.1",),
            "copd_exacerbation",
            "",
            (Stay("Elm", day + 100, 100),),
            "",
            False,
            "",
            "",
            "DZ65H",
            214000,
        ),
    ]
    block.outpatients = [
        Outpatient("OP1", 1, TRUST, "RWH01", day, 600, day - 40, "110", True, "attended", "RF1", "", "WF01B", 15000),
        Outpatient(
            "OP2", 1, TRUST, "RWH01", day + 60, 600, day, "110", False, "cancelled_by_patient", "RF1", "", "WF01A", 9000
        ),
        Outpatient(
            "OP3",
            1,
            TRUST,
            "RWH01",
            birth_day("2026-12-01"),
            600,
            day,
            "110",
            False,
            "booked",
            "RF1",
            "",
            "WF01A",
            9000,
        ),
    ]
    block.referrals = [Referral("RF1", 1, "Z00001", day - 50, TRUST, "110", "routine", "", "active")]
    block.waiting = [
        Waiting("WL1", 1, TRUST, "RWH01", "110", "W40.1", day - 50, day + 1, 0, "", 3, "", "RF1"),
        Waiting(
            "WL2", 2, TRUST, "RWH01", "130", "C75.1", day - 90, day - 80, birth_day("2026-09-20"), "died", 4, "", ""
        ),
    ]
    block.reports = [
        Report(
            "LB1",
            0,
            TRUST,
            "Z00001",
            day + 20,
            640,
            "full_blood_count",
            (Result("haemoglobin", 101.0, "L"), Result("white_cells", 7.2, ""), Result("platelets", 250.0, "")),
            111.0,
        ),
    ]
    block.episodes = [
        Episode(
            "EP1",
            0,
            "RWR",
            "mental_health",
            "memory_service",
            day - 300,
            "gp",
            day - 200,
            "dementia",
            (
                Contact("CC1", day - 280, 600, 60, "face_to_face", True),
                Contact("CC2", day - 250, 600, 30, "video", False),
            ),
            50000,
        ),
        Episode("EP2", 2, "RY4", "community", "district_nursing", day + 20, "acute", 0, "copd", (), 0),
    ]
    block.social_care = [
        SocialCare("SC1", 0, "606", "request", "", day + 15, day + 16, "assessment", 0, "physical"),
        SocialCare("SC2", 0, "606", "service", "home_care", day + 20, 0, "", 24500, "physical"),
    ]
    block.activities = [
        Activity("VA1", 0, "VZH01", "befriending", "gp", day - 20, 0, (day - 15, day + 30), 3, 6),
    ]
    block.merges = [Merge("acute-rwh", "H100001", "H100002", 1, day + 5, 600)]
    return block


def written(feed: object, block: Block | None = None) -> Out:
    """What a feed writes of the little block."""
    out = Out()
    feed.write(little_world(), block or little_block(), out)  # type: ignore[attr-defined]
    return out
