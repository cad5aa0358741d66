"""Orders and referrals: ORC with OBR, ODS or RQD, and RF1, as ServiceRequest; RXO, RXE, RXD as medicines."""

from __future__ import annotations

from datetime import timedelta

from joinedup.feeds.hl7v2 import Hl7Error, Segment
from joinedup.feeds.hl7v2_results import filler_number, groups
from joinedup.feeds.hl7v2_taken import Taken, set_all
from joinedup.feeds.hl7v2_time import required
from joinedup.feeds.hl7v2_types import (
    LOCAL,
    ODS,
    Json,
    concept,
    is_organisation,
    made_id,
    notes,
    number,
    organisation,
    person,
    practitioner,
    time_text,
)

# What the order control (ORC-1, HL7 table 0119) makes of the order; where it says nothing, the status (ORC-5) does.
_BY_CONTROL = {"CA": "revoked", "OC": "revoked", "CR": "revoked", "DC": "revoked", "OD": "revoked", "DR": "revoked",
               "HD": "on-hold", "OH": "on-hold", "HR": "on-hold", "RP": "revoked", "RU": "revoked"}  # fmt: skip
_BY_STATUS = {"CA": "revoked", "DC": "revoked", "RP": "revoked", "HD": "on-hold", "CM": "completed",
              "ER": "entered-in-error", "A": "active", "IP": "active", "SC": "active"}  # fmt: skip
_MEDICATION_STATUS = {"revoked": "stopped"}  # MedicationRequest has other words for the same
_PRIORITIES = {"S": "stat", "A": "asap", "R": "routine", "U": "urgent", "P": "routine"}
_REFERRAL_STATUS = {"C": "revoked", "E": "revoked", "R": "revoked", "A": "active", "P": "active"}  # HL7 table 0283
_WHAT_IS_ORDERED = {"OBR": 4, "ODS": 3, "RQD": 3}


def take_orders(taken: Taken) -> None:
    """Take a ServiceRequest for each OBR, ODS and RQD, known by the number of the one who asked for it."""
    for place, group in enumerate(groups(taken, {"OBR", "ODS", "RQD", "RXO", "RXE", "RXD"})):
        segment, orc = group.obr, group.orc
        if segment is None or segment.name not in _WHAT_IS_ORDERED:
            continue
        obr = segment if segment.name == "OBR" else None
        placer = (obr.text(2) if obr is not None else "") or (orc.text(2) if orc is not None else "")
        filler = filler_number(obr, orc)
        if taken.message.type in ("ORU", "OUL") and not placer:
            continue  # nobody ordered it: the report stands alone
        key = placer or filler or f"{taken.message.id}#{place}"
        content = taken.begin("ServiceRequest", made_id("order", key))
        status = order_status(orc)
        if (
            taken.message.type in ("ORU", "OUL")
            and status == "active"
            and obr is not None
            and obr.text(25) in ("F", "C")
        ):
            status = "completed"
        numbers = [("placer-orders", placer), ("filler-orders", obr.text(3) if obr is not None else "")]
        set_all(
            content,
            identifier=[{"system": f"{LOCAL}/{taken.key}/{line}", "value": text} for line, text in numbers if text],
            requisition=_requisition(taken, orc),
            status=status,
            intent="order",
            priority=_priority(obr, orc),
            code=concept(segment.value(_WHAT_IS_ORDERED[segment.name]), taken.key),
            subject=taken.subject(),
            encounter=taken.in_encounter(),
            occurrenceDateTime=(time_text(obr, 36) or time_text(obr, 7)) if obr is not None else "",
            authoredOn=_authored(taken, orc, obr),
            requester=(practitioner(orc.value(12), taken.key) if orc is not None else None)
            or (practitioner(obr.value(16), taken.key) if obr is not None else None),
            reasonCode=[found for v in obr.values(31) if (found := concept(v, taken.key))] if obr is not None else None,
            note=notes(group.comments),
        )
        taken.add(content)


def _authored(taken: Taken, orc: Segment | None, obr: Segment | None) -> str:
    """Answer when an order was given (ORC-9, else OBR-6); a time after the message that brings it is left out."""
    for segment, field in ((orc, 9), (obr, 6)):
        text = segment.text(field) if segment is not None else ""
        if not text:
            continue
        when = required(text, "ORC-9" if field == 9 else "OBR-6")
        if when.instant <= taken.event_at + timedelta(hours=24):
            return when.text
        taken.warnings.append("order-after-its-message")
    return ""


def order_status(orc: Segment | None) -> str:
    """Answer the state of an order: by its control code, else by its status, else it is active."""
    if orc is None:
        return "active"
    return _BY_CONTROL.get(orc.text(1).upper()) or _BY_STATUS.get(orc.text(5).upper()) or "active"


def _requisition(taken: Taken, orc: Segment | None) -> Json | None:
    text = orc.text(4) if orc is not None else ""
    return {"system": f"{LOCAL}/{taken.key}/order-groups", "value": text} if text else None


def _priority(obr: Segment | None, orc: Segment | None) -> str:
    for segment, field, component in ((obr, 5, 1), (obr, 27, 6), (orc, 7, 6)):
        if segment is not None and (found := _PRIORITIES.get(segment.text(field, component).upper()[:1])):
            return found
    return ""


def take_referral(taken: Taken) -> None:
    """Take the ServiceRequest that RF1 and PRD state (REF): who asks, who is asked, why, and how far it is."""
    rf1 = taken.message.first("RF1")
    if rf1 is None:
        raise Hl7Error("missing-required", "RF1", "expected what the referral says of itself")
    ours, theirs = rf1.text(6), rf1.text(11)
    content = taken.begin("ServiceRequest", made_id("referral", ours or theirs or taken.message.id))
    status = "revoked" if taken.message.trigger == "I14" else _REFERRAL_STATUS.get(rf1.text(1).upper(), "active")
    asks: Json | None = None
    asked: list[Json] = []
    for prd in taken.message.all("PRD"):
        role = prd.text(1).upper()
        who = _provider(prd, taken.key)
        if role == "RP" and who:
            asks = who
        elif role == "RT" and who:
            asked.append(who)
    asked += _addressed(taken)
    identifiers = [("referrals", ours), ("external-referrals", theirs)]
    set_all(
        content,
        identifier=[{"system": f"{LOCAL}/{taken.key}/{line}", "value": text} for line, text in identifiers if text],
        status=status,
        intent="order",
        category=[found for value in rf1.values(3) if (found := concept(value, taken.key))],
        priority=_PRIORITIES.get(rf1.text(2).upper()[:1], ""),
        code=_first([concept(value, taken.key) for value in rf1.values(4)]),
        subject=taken.subject(),
        encounter=taken.in_encounter(),
        authoredOn=time_text(rf1, 9) or time_text(rf1, 7),
        requester=asks or taken.organisation(),
        performer=asked,
        reasonCode=[found for value in rf1.values(10) if (found := concept(value, taken.key))],
        note=notes(taken.message.all("NTE")),
    )
    taken.add(content)


def _provider(prd: Segment, source: str) -> Json | None:
    who = person(prd.value(2))
    if who is None:
        return None
    number_ = prd.text(7)
    return ({"identifier": {"system": f"{LOCAL}/{source}/staff", "value": number_}} if number_ else {}) | who


def _addressed(taken: Taken) -> list[Json]:
    """Answer the organisations that a referral goes to: the provider's (PRD-10), else who the message is for."""
    found = []
    for prd in taken.message.all("PRD"):
        if prd.text(1).upper() != "RT":
            continue
        value = prd.value(10)
        if one := organisation(value, taken.key):
            found.append(one)
    facility = taken.message.msh.text(6)
    if is_organisation(facility) and not any(one.get("identifier", {}).get("system") == ODS for one in found):
        found.append({"identifier": {"system": ODS, "value": facility}})
    return found


def take_medicines(taken: Taken) -> None:
    """Take a MedicationRequest for each order of a medicine (RXO, RXE) and a MedicationDispense for each RXD.

    RXE is what the pharmacy made of RXO, so it speaks for both. A medicine without code and words is refused.
    """
    message = taken.message
    orc: Segment | None = None
    request: Segment | None = None
    place = 0
    for at, segment in enumerate(message):
        name = segment.name
        if name == "ORC":
            orc, request = segment, None
            place += 1
        elif name == "RXE" or (name == "RXO" and "RXE" not in _until_next_order(taken, at)):
            _take_request(taken, segment, orc, at, place)
            request = segment
        elif name == "RXD":
            _take_dispense(taken, segment, orc, request is not None, place)


def _until_next_order(taken: Taken, at: int) -> list[str]:
    names = taken.message.names[at + 1 :]
    return names[: names.index("ORC")] if "ORC" in names else names


def _order_id(taken: Taken, orc: Segment | None, place: int) -> str:
    number_ = (orc.text(2) or orc.text(3)) if orc is not None else ""
    return made_id("medicine", number_ or f"{taken.message.id}#{place}")


def _medicine(taken: Taken, segment: Segment, field: int) -> Json:
    found = concept(segment.value(field), taken.key)
    if found is None:
        raise Hl7Error("missing-required", f"{segment.name}-{field}", "expected the medicine, as a code or in words")
    return found


def _take_request(taken: Taken, segment: Segment, orc: Segment | None, at: int, place: int) -> None:
    is_encoded = segment.name == "RXE"
    content = taken.begin("MedicationRequest", _order_id(taken, orc, place))
    status = order_status(orc)
    dose_field, unit_field = (3, 5) if is_encoded else (2, 4)
    amount_field, amount_unit, refills = (10, 11, 12) if is_encoded else (11, 12, 13)
    dosage: Json = {}
    set_all(
        dosage,
        text="; ".join(words for value in segment.values(7) if (words := value[2] or value[1])),
        route=_after(taken, at, "RXR", 1),
        site=_after(taken, at, "RXR", 2),
        doseAndRate=_dose(segment, dose_field, unit_field),
    )
    supply: Json = {}
    set_all(supply, quantity=_amount(segment, amount_field, amount_unit))
    if (repeats := segment.text(refills)).isdecimal() and len(repeats) < 4:
        supply["numberOfRepeatsAllowed"] = int(repeats)
    number_ = orc.text(2) if orc is not None else ""
    set_all(
        content,
        identifier=[{"system": f"{LOCAL}/{taken.key}/placer-orders", "value": number_}] if number_ else None,
        status=_MEDICATION_STATUS.get(status, status),
        intent="order",
        medicationCodeableConcept=_medicine(taken, segment, 2 if is_encoded else 1),
        subject=taken.subject(),
        encounter=taken.in_encounter(),
        authoredOn=_authored(taken, orc, None),
        requester=practitioner(orc.value(12), taken.key) if orc is not None else None,
        dosageInstruction=[dosage] if dosage else None,
        dispenseRequest=supply,
    )
    taken.add(content)


def _take_dispense(taken: Taken, rxd: Segment, orc: Segment | None, is_ordered: bool, place: int) -> None:
    order = _order_id(taken, orc, place)
    content = taken.begin("MedicationDispense", made_id("RXD", order, rxd.text(7), rxd.text(1), rxd.text(3)))
    set_all(
        content,
        identifier=[{"system": f"{LOCAL}/{taken.key}/prescriptions", "value": rxd.text(7)}] if rxd.text(7) else None,
        status="completed",
        medicationCodeableConcept=_medicine(taken, rxd, 2),
        subject=taken.subject(),
        context=taken.in_encounter(),
        performer=[{"actor": one} for value in rxd.values(10) if (one := practitioner(value, taken.key))],
        authorizingPrescription=[{"reference": f"MedicationRequest/{order}"}] if is_ordered else None,
        quantity=_amount(rxd, 4, 5),
        whenHandedOver=time_text(rxd, 3),
        note=[{"text": value.whole()} for value in rxd.values(9)],
    )
    taken.add(content)


def _dose(segment: Segment, field: int, unit_field: int) -> list[Json]:
    quantity = _amount(segment, field, unit_field)
    return [{"doseQuantity": quantity}] if quantity else []


def _amount(segment: Segment, field: int, unit_field: int) -> Json | None:
    amount = number(segment.text(field))
    if amount is None:
        return None
    unit = segment.text(unit_field, 2) or segment.text(unit_field)
    return {"value": amount} | ({"unit": unit} if unit else {})


def _after(taken: Taken, at: int, name: str, field: int) -> Json | None:
    """Answer a coded field of the first segment of a name that belongs to the segment in place `at`."""
    for number_ in range(at + 1, len(taken.message.lines)):
        other = taken.message.names[number_]
        if other == name:
            return concept(taken.message.segment(number_).value(field), taken.key)
        if other in ("ORC", "RXO", "RXE", "RXD"):
            return None
    return None


def _first(found: list[Json | None]) -> Json | None:
    return next((one for one in found if one), None)
