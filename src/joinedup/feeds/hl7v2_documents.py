"""Documents: TXA with its text (MDM) as DocumentReference; vaccinations: RXA (VXU) as Immunization."""

from __future__ import annotations

import base64

from joinedup.feeds.hl7v2 import Hl7Error, Segment
from joinedup.feeds.hl7v2_results import attachment, groups
from joinedup.feeds.hl7v2_taken import Taken, set_all
from joinedup.feeds.hl7v2_types import (
    LOCAL,
    UCUM,
    Json,
    concept,
    location,
    made_id,
    notes,
    number,
    practitioner,
    time_text,
)

_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0270"
_STATES = {**dict.fromkeys(("AU", "LA"), "final"), **dict.fromkeys(("DI", "DO", "IN", "IP", "PA"), "preliminary")}
# T05 and T06 add to a document, T09 and T10 put another in its place.
_RELATIONS = {"T05": "appends", "T06": "appends", "T09": "replaces", "T10": "replaces"}
_ORIGINS = "http://terminology.hl7.org/CodeSystem/immunization-origin"
_NOT_GIVEN = {"RE": "not-done", "NA": "not-done"}
MDM_TRIGGERS = {f"T{number:02}" for number in range(1, 12)}


def take_document(taken: Taken) -> None:
    """Take the DocumentReference of TXA; the text or file of the document is in the OBX segments."""
    message = taken.message
    txa = message.first("TXA")
    if txa is None:
        raise Hl7Error("missing-required", "TXA", "expected what is said of the document")
    key = txa.text(12) or txa.text(12, 3) or txa.text(16) or message.id
    content = taken.begin("DocumentReference", made_id("document", key))
    parent = txa.text(13) or txa.text(13, 3)
    relation = _RELATIONS.get(message.trigger)
    kind = txa.text(2).upper()
    words = txa.text(2, 2)
    when = time_text(txa, 6) or time_text(txa, 8) or time_text(txa, 4)
    related = {"code": relation, "target": {"reference": f"DocumentReference/{made_id('document', parent)}"}}
    context: Json = {}
    set_all(context, encounter=[taken.in_encounter()] if taken.encounter else None)
    if performed := time_text(txa, 4):
        context["period"] = {"start": performed}
    set_all(
        content,
        masterIdentifier={"system": f"{LOCAL}/{taken.key}/documents", "value": key},
        status="entered-in-error" if message.trigger == "T11" else "current",
        docStatus=_STATES.get(txa.text(17).upper()),
        type=concept(txa.value(2), taken.key, system="HL70270") if kind else None,
        subject=taken.subject(),
        date=when if len(when) > 10 else "",
        author=[one for value in txa.values(9) if (one := practitioner(value, taken.key))],
        authenticator=practitioner(txa.value(22), taken.key),
        custodian=taken.organisation(),
        relatesTo=[related] if relation and parent else None,
        description=txa.text(25),
        content=_contents(message.all("OBX"), words or txa.text(16) or "document"),
        context=context,
    )
    taken.add(content)


def _contents(results: list[Segment], title: str) -> list[Json]:
    lines: list[str] = []
    files: list[Json] = []
    for obx in results:
        kind = obx.text(2).upper()
        if kind in ("ED", "RP"):
            files += [found for value in obx.values(5) if (found := attachment(value, kind))]
        else:
            lines += [value.whole() for value in obx.values(5)]
    contents: list[Json] = []
    if lines:
        data = base64.b64encode("\n".join(lines).encode()).decode()
        contents.append({"attachment": {"contentType": "text/plain; charset=utf-8", "data": data, "title": title}})
    contents += [{"attachment": one} for one in files]
    return contents or [{"attachment": {"title": title}}]


def take_vaccinations(taken: Taken) -> None:
    """Take an Immunization for each RXA; refused and not given ones are `not-done`, deleted ones `entered-in-error`."""
    for place, group in enumerate(groups(taken, {"RXA"})):
        rxa, orc = group.obr, group.orc
        if rxa is None:
            continue
        vaccine = concept(rxa.value(5), taken.key)
        if vaccine is None:
            raise Hl7Error("missing-required", "RXA-5", "expected the vaccine, as a code or in words")
        when = time_text(rxa, 3)
        if not when:
            raise Hl7Error("missing-required", "RXA-3", "expected when it was given")
        filler = (orc.text(3) or orc.text(2)) if orc is not None else ""
        parts = (filler,) if filler else (taken.patient, when, rxa.text(5), str(place))
        content = taken.begin("Immunization", made_id("RXA", *parts))
        status = _NOT_GIVEN.get(rxa.text(20).upper(), "completed")
        if rxa.text(21).upper() == "D":
            status = "entered-in-error"
        route = _route_of(taken, rxa)
        source = rxa.text(9)
        set_all(
            content,
            identifier=[{"system": f"{LOCAL}/{taken.key}/vaccinations", "value": filler}] if filler else None,
            status=status,
            statusReason=concept(rxa.value(18), taken.key) if status == "not-done" else None,
            vaccineCode=vaccine,
            patient=taken.subject(),
            encounter=taken.in_encounter(),
            occurrenceDateTime=when,
            primarySource=None if not source else source == "00",
            reportOrigin=concept(rxa.value(9), taken.key) if source and source != "00" else None,
            location=location(rxa.value(11), taken.key),
            manufacturer={"display": rxa.text(17, 2) or rxa.text(17)} if rxa.text(17) else None,
            lotNumber=rxa.text(15),
            expirationDate=time_text(rxa, 16)[:10],
            site=concept(route.value(2), taken.key) if route is not None else None,
            route=concept(route.value(1), taken.key) if route is not None else None,
            doseQuantity=_dose(rxa),
            performer=[{"actor": one} for value in rxa.values(10) if (one := practitioner(value, taken.key))],
            note=notes(group.comments),
        )
        taken.add(content)


def _route_of(taken: Taken, rxa: Segment) -> Segment | None:
    """Answer the RXR that stands behind an RXA, before the next one."""
    is_here = False
    for segment in taken.message:
        if segment is rxa:
            is_here = True
        elif is_here and segment.name == "RXR":
            return segment
        elif is_here and segment.name in ("RXA", "ORC"):
            return None
    return None


def _dose(rxa: Segment) -> Json | None:
    amount = number(rxa.text(6))
    if amount is None or amount == 999:  # 999 says that the amount is not known
        return None
    found: Json = {"value": amount}
    if unit := rxa.text(7, 2) or rxa.text(7):
        found["unit"] = unit
        if rxa.text(7, 3).upper() == "UCUM":
            found["system"], found["code"] = UCUM, rxa.text(7)
    return found
