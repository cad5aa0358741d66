"""What the partnership board and a place board decided in two years: the scheme, a falls car, the pot, one penny."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from typing import Final

from joinedup import database
from joinedup.demo_boards.people import EVERYBODY
from joinedup.demo_boards.registers import write_risks
from joinedup.demo_boards.setting_up import BOARD, LIMIT, QUORUM, delegate_home_care
from joinedup.demo_boards.sitting import Script, asks, expects

PLACE: Final = "hwe-place-south-west"
PLACE_PEOPLE: Final = ("hwe-place-lead-2", "hwe-gp", "hwe-community", "hwe-vcse")
POT: Final = "HWE-POT"
REABLEMENT: Final = "Sample Reablement Ltd"


def board_sets_up_its_scheme(script: Script) -> str:
    """The board raises what places may decide, writes a clinical member into its quorum, and everybody declares."""
    on = script.friday(104)
    meeting = script.call(BOARD, on, place="County Hall, Hertford")
    item = script.item(meeting, 1, "Terms, scheme of delegation and registers", on)
    script.paper(item, "scheme", on)
    note = script.item(meeting, 2, "Declarations of interests, nil declarations included", on, type="note")
    script.publish(meeting, on)
    visits = script.arrive(meeting, on, EVERYBODY)
    script.open(item, on, "10:05")
    script.vote(item, on, "10:25", dict.fromkeys(visits, "for"))
    script.close(item, on, "10:30", f"Places decide up to £{LIMIT // 100:,} for one supplier and year")
    script.open(note, on, "10:31")
    script.done(meeting, on, visits)
    since = on + timedelta(days=1)
    delegate_home_care(script, LIMIT, since, "The board's decision on the scheme")
    script.act(
        "boards.change_terms", BOARD, version="2", since=since, reason="The board's decision on its terms",
        quorum=QUORUM | {"categories": ["clinical"]}, on=since,
    )  # fmt: skip
    return meeting


def place_buys_a_falls_car(script: Script) -> str:
    """A place decides within its limit, and says which measure is to move, by how much, by when and for whom."""
    on = script.friday(78)
    meeting = script.call(PLACE, on, place="Hemel Hempstead")
    item = script.item(
        meeting, 1, "A falls car that comes within two hours", on, function="home-care", amount_pence=24_800_000,
        supplier="Sample Falls Car CIC", orgs_named=["Sample Falls Car CIC"],
        asks=asks(on, "Sample Falls Car CIC", "falls car"),
        expects=[
            expects(
                on, "falls-admissions-65", "8% fewer", "people over 75", extreme=True,
                why="The place was among the highest of the system in the year before",
            ),
            # A measure of months, which the charts can judge after a year.
            expects(on, "emergency-admissions", "2% fewer", "everybody in the place", area="hwe-west-hertfordshire"),
        ],
    )  # fmt: skip
    script.paper(item, "falls", on, cost=24_800_000)
    script.publish(meeting, on)
    visits = script.arrive(meeting, on, PLACE_PEOPLE)
    script.open(item, on, "10:05")
    script.vote(item, on, "10:30", dict.fromkeys(visits, "for"))
    script.known["falls"] = script.close(item, on, "10:35", "A falls car serves the place from eight to eight")
    script.done(meeting, on, visits)
    return meeting


def board_adopts_the_pot(script: Script) -> str:
    """The board adopts the pot of the year: by that decision money has leave to bind it. Risks are written down."""
    on = script.friday(34)
    pence, authority = pot_of_the_year(on)
    script.known["pot"] = f"£{pence / 100:,.2f}"
    meeting = script.call(BOARD, on)
    item = script.item(
        meeting, 1, "The single pot of the year", on, function="resources", amount_pence=pence, supplier=POT,
        asks=authority,
        expects=expects(
            on, "ambulatory-care-admissions", "3% fewer", "people in the most deprived fifth of neighbourhoods"
        ),
    )  # fmt: skip
    script.paper(item, "pot", on, cost=pence)
    risks = script.item(meeting, 2, "Objectives and risks of the year", on, type="discuss")
    script.publish(meeting, on)
    visits = script.arrive(meeting, on, [one for one in EVERYBODY if one != "hwe-nursing"])
    script.approve(f"{BOARD}-{script.friday(104)}", meeting, on)
    script.open(item, on, "10:05")
    votes = dict.fromkeys(visits, "for") | {"hwe-essex": "abstain"}
    script.vote(item, on, "10:50", votes)
    reference = script.close(item, on, "10:55", "The single pot is adopted, and may be committed up to its sum")
    script.open(risks, on, "11:00")
    script.done(meeting, on, visits)
    write_risks(script)
    referral = script.act(
        "scrutiny.refer", BOARD, to_kind="hwb", to="Hertfordshire Health and Wellbeing Board", decision=reference,
        matter="Does the pot of the year follow the local health and wellbeing strategy?", referred_on=on,
        answer_by=on + timedelta(days=42), on=on,
    )  # fmt: skip
    answered = on + timedelta(days=34)
    script.act(
        "scrutiny.record_reply", referral, kind="answered", known=answered, on=answered,
        text="It does for older people; the board asks that children's mental health has a line of its own next year.",
    )  # fmt: skip
    return meeting


def pot_of_the_year(on: date) -> tuple[int, dict[str, object]]:
    """Answer the pence of the pot that the demo's returns open, and leave to commit them; a sum where there is none."""
    path = database.data_dir() / "demo-returns" / "pot" / "pot.toml"
    if not path.exists():
        return 450_000_000, asks(on, "", "the single pot")
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    (fund,) = [one for one in said["fund"] if one["code"] == POT]
    pence = sum(line["pence"] for line in said["line"] if line["fund"] == POT)
    days = {"valid_from": fund["valid_from"], "valid_to": fund["valid_to"]}
    return pence, asks(on, "", "", fund=POT) | days


def place_is_asked_for_one_penny_more(script: Script) -> str:
    """The place reads what became of its falls car; it is asked for its limit and one penny, and refers it up."""
    on = script.friday(22)
    meeting = script.call(PLACE, on, place="Watford Town Hall")
    review = script.item(meeting, 1, "The falls car after a year", on, type="discuss")
    script.paper(review, "falls-follow-up", on)
    item = script.item(
        meeting, 2, "Reablement at home for the winter", on, function="home-care", amount_pence=LIMIT + 1,
        supplier=REABLEMENT, orgs_named=[REABLEMENT], asks=asks(on, REABLEMENT, "reablement"),
        expects=expects(on, "social-care-services-65", "5% fewer", "people over 65 who leave hospital"),
    )  # fmt: skip
    script.paper(item, "reablement", on, cost=LIMIT + 1)
    script.publish(meeting, on)
    visits = script.arrive(meeting, on, PLACE_PEOPLE)
    script.approve(f"{PLACE}-{script.friday(78)}", meeting, on)
    script.open(review, on, "10:05")
    script.open(item, on, "10:30")
    script.vote(item, on, "10:45", dict.fromkeys(visits, "for"))
    script.known["reablement"] = script.close(
        item, on, "10:50", "The place wants it, may not decide it, and refers it to the partnership board"
    )
    script.done(meeting, on, visits)
    return meeting


def board_opens_winter_beds(script: Script) -> str:
    """The board decides what the place could not; it opens winter beds with one dissent; scrutiny asks about them."""
    on = script.friday(14)
    meeting = script.call(BOARD, on)
    before = on - timedelta(days=14)
    referred = str(script.act("agenda.take_on", script.known["reablement"], meeting, on=before, at="17:00"))
    script.paper(referred, "reablement-referred", on, cost=LIMIT + 1)
    beds = script.item(
        meeting, 2, "Winter beds at Watford General Hospital", on, function="resources", amount_pence=125_000_000,
        supplier="RWG", orgs_named=["RWG"], asks=asks(on, "RWG", "winter beds"),
        expects=expects(on, "four-hours", "4 points more", "people over 65"),
    )  # fmt: skip
    script.paper(beds, "winter-beds", on, cost=125_000_000)
    note = script.item(meeting, 3, "Chief executive's report", on, type="note")
    script.publish(meeting, on)
    visits = script.arrive(meeting, on, [one for one in EVERYBODY if one not in {"hwe-essex", "hwe-mind"}])
    script.approve(f"{BOARD}-{script.friday(34)}", meeting, on)
    script.open(referred, on, "10:05")
    script.vote(referred, on, "10:20", dict.fromkeys(visits, "for"))
    script.close(
        referred, on, "10:25", "Forty places of reablement are bought for the place, with the penny",
        tier_reason="One penny above what the place may decide",
    )  # fmt: skip
    words = "Chief executive of the trust"
    script.conflict(beds, "hwe-acute", on, "10:26", words, action="discuss_no_vote", decided_by="hwe-chair")
    script.open(beds, on, "10:30")
    values = {one: "for" for one in visits if one != "hwe-acute"} | {"hwe-audit": "against"}
    script.vote(beds, on, "11:00", values)
    reference = script.close(
        beds, on, "11:05", "Thirty beds are opened at Watford from November to March",
        dissents={"hwe-audit": "The beds will cost more staff than there are."},
    )  # fmt: skip
    script.open(note, on, "11:10")
    script.done(meeting, on, visits)
    _after_winter_beds(script, on, reference)
    return meeting


def _after_winter_beds(script: Script, on: date, decision: str) -> None:
    script.act(
        "assurance.open_commitment", BOARD, "winter-beds-staff", text="Staff for thirty beds are found",
        owner="Director of nursing", due_on=script.friday(4), test="A signed roster for each week", decision=decision,
        on=on,
    )  # fmt: skip
    referral = script.act(
        "scrutiny.refer", BOARD, to_kind="scrutiny_committee", to="Hertfordshire health scrutiny committee",
        matter="Winter beds at Watford: from which wards do the nurses come?", decision=decision, referred_on=on,
        answer_by=on + timedelta(days=28), on=on,
    )  # fmt: skip
    for days, kind, text in (
        (10, "asked", "The committee asks for the roster of each week, and for the beds of the wards that lend staff."),
        (25, "answered", "Rosters are sent each Friday. No ward lends more than two nurses, and none of children."),
    ):
        day = on + timedelta(days=days)
        script.act("scrutiny.record_reply", referral, kind=kind, text=text, known=day, on=day)
