"""What councils hold of adult social care: client level data, one row a request, assessment, service or review.

Columns and words are those of release 1 of the national specification; docs/reference/extracts.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from joinedup.simulation.columns import ASC_CLD
from joinedup.simulation.days import ISO, LAST_DAY, UK
from joinedup.simulation.periods import PERIODS, draw, period_of, quoted
from joinedup.simulation.sus import pounds, wrong_check_digit
from joinedup.simulation.world import Block, Declared, Organisation, Person, Shown, SocialCare, World
from joinedup.simulation.writing import Out

END: Final = "\r\n"
WRONG_NUMBER: Final = 500
BAD_DATE: Final = 1500
_GENDER: Final = {"female": "Female", "male": "Male", "unknown": "Unknown"}
_ETHNICITY: Final = {
    "A": "English, Welsh, Scottish, Northern Irish or British", "B": "Irish", "C": "Any other White background",
    "D": "White and Black Caribbean", "E": "White and Black African", "F": "White and Asian",
    "G": "Any other mixed or multiple ethnic background", "H": "Indian", "J": "Pakistani", "K": "Bangladeshi",
    "L": "Any other Asian background", "M": "Caribbean", "N": "African", "P": "Any other Black background",
    "R": "Chinese", "S": "Any other ethnic group", "Z": "Refused", "99": "Undeclared or not known",
}  # fmt: skip
_REASONS: Final = {
    "physical": "Physical Support: Personal care support",
    "memory": "Support with Memory & Cognition",
    "learning_disability": "Learning Disability Support",
    "mental_health": "Mental Health Support",
    "carer": "Social Support: Support to Carer",
    "social": "Social Support: Support for Social Isolation/Other",
}
# key -> (service type, component, delivery mechanism, how the cost is given)
_SERVICES: Final = {
    "home_care": ("Long Term Support: Community", "Home Support", "CASSR Managed Personal Budget", "Hourly"),
    "reablement": ("Short Term Support: ST-Max", "Reablement", "", "Per week"),
    "residential_care": ("Long Term Support: Residential Care", "Residential Care", "", "Per week"),
    "nursing_care": ("Long Term Support: Nursing Care", "Nursing Care", "", "Per week"),
    "direct_payment": ("Long Term Support: Community", "Direct Payment", "Direct Payment", "Per week"),
    "day_care": ("Long Term Support: Community", "Day Support", "CASSR Commissioned Support", "Per session"),
    "equipment": ("Short Term Support: Other Short Term", "Equipment", "", ""),
    "telecare": ("Short Term Support: Ongoing Low Level", "Equipment", "", "Per week"),
    "respite": ("Carer Support: Support involving the person cared-for", "Short Break/Respite", "", "Per week"),
    "supported_living": (
        "Long Term Support: Community", "Extra Care Housing", "CASSR Managed Personal Budget", "Per week",
    ),
    "carer_support": ("Carer Support: Direct to Carer", "Carer Respite", "", "Per week"),
}  # fmt: skip
_OTHER: Final = ("Short Term Support: Other Short Term", "", "", "")
_HOURLY_PENCE: Final = 2365


def declare(world: World) -> list[Declared]:
    """Answer the councils with adult social care as sources."""
    return [
        Declared(
            key=council.source,
            name=f"{council.name}: adult social care",
            organisation=council.ods,
            setting="social_care",
            format="csv",
            files=f"{council.source}/ASC_CLD_{council.ods}_*.csv",
            mapping="asc-cld",
            interval_hours=24 * 92,
        )
        for council in world.of_kind("council")
    ]


def headers(world: World) -> Mapping[str, str]:
    """Answer the header of every file that can be written."""
    return {
        f"{council.source}/ASC_CLD_{council.ods}_{period}.csv": ",".join(map(quoted, ASC_CLD)) + END
        for council in world.of_kind("council")
        for period in PERIODS
    }


def write(world: World, block: Block, out: Out) -> None:
    """Add the social care events of a block's residents to the extracts of their councils."""
    sources = {council.ods: council.source for council in world.of_kind("council")}
    homes = {one.index: one for one in block.households if one.kind == "care_home"}
    for event in block.social_care:
        if event.start > LAST_DAY:
            continue
        source = sources[event.council]
        shown = block.subject(event.person, source, event.id)
        person = block.person(event.person)
        home = homes.get(person.household)
        period = period_of(event.start)
        start = UK[event.start]
        if draw(event.id + "bad", BAD_DATE) == 0:
            start = "13/13/2026"
            out.count(source, "impossible dates")
        practice = world.organisations.get(f"gp {shown.practice}")
        has_dementia = any(one.key == "dementia" for one in block.conditions[event.person - block.first])
        out.file(f"{source}/ASC_CLD_{event.council}_{period}.csv").append(
            f"{event.council},{_period_days(event.start)},{_who(event, shown, person, practice)},"
            f"{_client(event, shown, person, has_dementia, home is not None)},"
            f"{_event(event, start, home.line if home else '')}{END}"
        )
        out.count(source, "rows")
        out.subject(source, shown.source_id, person.id, " ".join(shown.faults))
        out.same_event(event.id, source, event.event, event.id)


def _who(event: SocialCare, shown: Shown, person: Person, practice: Organisation | None) -> str:
    """Answer the columns from NHS number to date of death."""
    number = shown.nhs_number
    if number and draw(event.id + "nhs", WRONG_NUMBER) == 0:
        number = wrong_check_digit(number)
    # A council does not hear of every death.
    died = UK[person.death] if 0 < person.death <= LAST_DAY and draw(person.id + "told", 20) else ""
    return (
        f"{number},{shown.source_id},{quoted(shown.given)},{quoted(shown.family)},"
        f"{quoted(practice.name) if practice else ''},{shown.practice},{_GENDER[shown.sex]},"
        f"{quoted(_ETHNICITY.get(shown.ethnicity, 'Undeclared or not known'))},"
        f"{UK[shown.birth] if shown.birth else ''},{died}"
    )


def _client(event: SocialCare, shown: Shown, person: Person, has_dementia: bool, lives_in_care_home: bool) -> str:
    """Answer the columns from client type to client funding status."""
    if lives_in_care_home:
        home = "Residential care home"
    elif person.decile < 4:
        home = "Tenant (including local authority)"
    else:
        home = "Owner occupier or shared ownership scheme"
    is_of_working_age = event.start - person.birth < 65 * 365.25
    work = "Not in Paid Employment (not actively seeking work / retired)" if is_of_working_age else ""
    has_carer = not person.lives_alone and draw(person.id + "carer", 3) > 0
    if event.event == "service" and person.decile > 8:
        funding = "Fully funded by Client"
    else:
        funding = "Partially Client and LA funded" if person.decile > 3 else "Fully LA funded"
    return (
        f"{'Carer' if event.reason == 'carer' else 'Service User'},{_REASONS.get(event.reason, _REASONS['physical'])},"
        f"{shown.postcode},{home},{work},{_yes(has_carer)},No,{_yes(draw(person.id + 'eyes', 9) == 0)},"
        f"{_yes(draw(person.id + 'ears', 6) == 0)},{_yes(has_dementia)},{funding}"
    )


def _yes(answer: bool) -> str:
    return "Yes" if answer else "No"


def _event(event: SocialCare, start: str, home: str) -> str:
    """Answer the columns of the event, those of its own module filled and the others empty."""
    kind = event.event
    end = UK[event.end] if event.end and event.end <= LAST_DAY else ""
    request, assessment, service, review, money = "", ",,", ",,,,", ",,", ",,"
    if kind == "request":
        request = "Community / Other route" if draw(event.id, 3) else "Discharge from Hospital"
    elif kind == "assessment":
        assessment = f"Long Term Assessment,{_yes(draw(event.id, 5) > 0)},Face to face"
    elif kind == "review":
        achieved = "Fully Achieved" if draw(event.id, 2) else "Partially Achieved"
        review = f"{'Planned' if draw(event.id, 3) else 'Unplanned'},{achieved},Face to face"
    elif kind == "service":
        support, component, mechanism, frequency = _SERVICES.get(event.service, _OTHER)
        place = quoted(home) if home and "Care" in component else ""
        place_id = f"1-{100_000_000 + draw(place, 9_000_000)}" if place else ""
        service = f"{support},{component},{mechanism},{place},{place_id}"
        if frequency == "Hourly":
            money = f"{pounds(_HOURLY_PENCE)},Hourly,{event.weekly_pence / _HOURLY_PENCE:.1f}"
        elif frequency == "Per session":
            money = f"{pounds(event.weekly_pence // 2)},Per session,2"
        elif frequency and event.weekly_pence:
            money = f"{pounds(event.weekly_pence)},Per week,1"
    caring = "20-34 hours,1,,," if event.reason == "carer" else ",,,,"
    words = event.service.replace("_", " ").capitalize()
    outcome = quoted(event.outcome.replace("_", " ").capitalize())
    return (
        f"{kind.capitalize()},{event.id},{start},{end},{words},{outcome},{request},{assessment},{caring},{service},"
        f"{review},{money}"
    )


def _period_days(day: int) -> str:
    """Answer first and last day of the quarter of a day, as UK dates."""
    year, month = int(ISO[day][:4]), int(ISO[day][5:7])
    first = (month - 1) // 3 * 3 + 1
    last = {1: "31/03", 4: "30/06", 7: "30/09", 10: "31/12"}[first]
    return f"01/{first:02d}/{year},{last}/{year}"
