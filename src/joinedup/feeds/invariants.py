"""The invariants of FHIR R4 for types and resources, those that a few lines can hold (hl7.org/fhir/R4, constraints).

Each is named as R4 names it. A rule answers the place below the element, and what was expected there. What R4 says in
FHIRPath alone and no case of ours needed is not here.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

from joinedup.feeds import codes
from joinedup.feeds.elements import is_after
from joinedup.feeds.r4 import definitions

Content = dict[str, Any]
Faults = Iterator[tuple[str, str]]
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s]+")
_URN_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_URN_OID = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+")


def is_absolute(uri: str) -> bool:
    """Answer whether a URI is absolute and, where it is a urn:uuid or urn:oid, whether that is well formed."""
    if uri.startswith("urn:uuid:"):
        return _URN_UUID.fullmatch(uri) is not None
    if uri.startswith("urn:oid:"):
        return _URN_OID.fullmatch(uri) is not None
    return _ABSOLUTE.fullmatch(uri) is not None


def _has(value: Content, *names: str) -> bool:
    """Answer whether any of the elements is there, be it a choice (`value` for `valueString`) or only extensions."""
    return any(
        key.lstrip("_") == name or (key.lstrip("_").startswith(name) and key.lstrip("_")[len(name) :][:1].isupper())
        for key in value
        for name in names
    )


def attachment(value: Content) -> Faults:
    data = value.get("data")
    if data is None:
        return
    if not _has(value, "contentType"):
        yield "", "expected a contentType with data (att-1)"
    if "size" in value:
        try:
            length = len(base64.b64decode(data))
        except (binascii.Error, ValueError):
            return
        if length != value["size"]:
            yield ".size", "expected the size of the data"


def extension(value: Content) -> Faults:
    nested, has_value = "extension" in value, _has(value, "value")
    if nested == has_value:
        yield "", "expected either a value or extensions (ext-1)"


def contact_point(value: Content) -> Faults:
    if "value" in value and not _has(value, "system"):
        yield "", "expected a system with the value (cpt-2)"


def quantity(value: Content) -> Faults:
    if "code" in value and not _has(value, "system"):
        yield "", "expected a system with the code (qty-3)"


def range_(value: Content) -> Faults:
    low, high = value.get("low", {}).get("value"), value.get("high", {}).get("value")
    if low is not None and high is not None and low > high:
        yield "", "expected low not above high (rng-2)"


def ratio(value: Content) -> Faults:
    if ("numerator" in value) != ("denominator" in value) or ("numerator" not in value and "extension" not in value):
        yield "", "expected both numerator and denominator (rat-1)"


def period(value: Content) -> Faults:
    start, end = value.get("start"), value.get("end")
    if start is None or end is None:
        return
    if is_after(start, end):
        yield ".end", "expected an end that is not before the start (per-1)"
    elif len(start) != len(end) and start[: min(len(start), len(end))] == end[: min(len(start), len(end))]:
        yield "", "expected start and end of the same precision, or it cannot be said which is first (per-1)"


def identifier(value: Content) -> Faults:
    if "system" in value and not is_absolute(value["system"]):
        yield ".system", "expected an absolute URI"
    if value.get("system") == "urn:ietf:rfc:3986" and "value" in value and not _is_uri(value["value"]):
        yield ".value", "expected an absolute URI, as the system says"


def _is_uri(value: str) -> bool:
    return is_absolute(value) and re.search(r"[|<>\"{}^`\\ ]", value) is None


def coding(value: Content) -> Faults:
    if "system" in value and not is_absolute(value["system"]):
        yield ".system", "expected an absolute URI"
    if "/ValueSet/" in value.get("system", ""):
        yield ".system", "expected a code system, not a value set"


def timing(value: Content) -> Faults:
    repeat = value.get("repeat", {})
    for number, unit in (("duration", "durationUnit"), ("period", "periodUnit")):
        if number in repeat and not _has(repeat, unit):
            yield ".repeat", f"expected {unit} with {number} (tim-1, tim-2)"
        if repeat.get(number, 0) < 0:
            yield f".repeat.{number}", "expected a number that is not negative (tim-4, tim-5)"
    for most, least in (("periodMax", "period"), ("durationMax", "duration"), ("countMax", "count")):
        if most in repeat and least not in repeat:
            yield f".repeat.{most}", f"expected {least} too (tim-6, tim-7, tim-8)"


TYPES: dict[str, Callable[[Content], Faults]] = {
    "Attachment": attachment, "Coding": coding, "ContactPoint": contact_point, "Extension": extension,
    "Identifier": identifier, "Period": period, "Quantity": quantity, "Age": quantity, "Duration": quantity,
    "Range": range_, "Ratio": ratio, "Timing": timing,
}  # fmt: skip


def allergy_intolerance(value: Content) -> Faults:
    is_error = _is_code(value.get("verificationStatus"), "entered-in-error")
    if not is_error and not _has(value, "clinicalStatus"):
        yield ".clinicalStatus", "expected a clinical status (ait-1)"
    if is_error and "clinicalStatus" in value:
        yield ".clinicalStatus", "expected no clinical status of what was entered in error (ait-2)"


def _is_code(concept: Any, *codes: str) -> bool:
    return isinstance(concept, dict) and any(one.get("code") in codes for one in concept.get("coding", ()))


def condition(value: Content) -> Faults:
    is_error = _is_code(value.get("verificationStatus"), "entered-in-error")
    if is_error and "clinicalStatus" in value:
        yield ".clinicalStatus", "expected no clinical status of what was entered in error (con-5)"
    if _has(value, "abatement") and not _is_code(value.get("clinicalStatus"), "inactive", "resolved", "remission"):
        yield ".clinicalStatus", "expected inactive, resolved or remission of what has abated (con-4)"
    for n, stage in enumerate(value.get("stage", ())):
        if "summary" not in stage and "assessment" not in stage:
            yield f".stage[{n}]", "expected a summary or an assessment (con-1)"


def observation(value: Content) -> Faults:
    if "dataAbsentReason" in value and _has(value, "value"):
        yield ".dataAbsentReason", "expected no reason of absence with a value (obs-6)"
    own = _pairs(value.get("code", {}))
    for n, part in enumerate(value.get("component", ())):
        if _has(value, "value") and own & _pairs(part.get("code", {})):
            yield f".component[{n}].code", "expected another code than that of the whole (obs-7)"
    for n, one in enumerate(value.get("referenceRange", ())):
        if not _has(one, "low", "high", "text"):
            yield f".referenceRange[{n}]", "expected low, high or text (obs-3)"


def _pairs(concept: Content) -> set[tuple[Any, Any]]:
    return {(one.get("system"), one.get("code")) for one in concept.get("coding", ()) if "code" in one}


def patient(value: Content) -> Faults:
    for n, contact in enumerate(value.get("contact", ())):
        if not _has(contact, "name", "telecom", "address", "organization"):
            yield f".contact[{n}]", "expected a name, telecom, address or organisation (pat-1)"


def organization(value: Content) -> Faults:
    if not _has(value, "name", "identifier"):
        yield "", "expected a name or an identifier (org-1)"
    for key, elements in (("address", value.get("address", ())), ("telecom", value.get("telecom", ()))):
        for n, one in enumerate(elements):
            if one.get("use") == "home":
                yield f".{key}[{n}].use", "expected no home of an organisation (org-2, org-3)"


def risk_assessment(value: Content) -> Faults:
    for n, one in enumerate(value.get("prediction", ())):
        if "probabilityDecimal" in one and not 0 <= one["probabilityDecimal"] <= 100:
            yield f".prediction[{n}].probabilityDecimal", "expected at most 100 (ras-2)"


def composition(value: Content) -> Faults:
    def sections(found: list[Content], place: str) -> Faults:
        for n, one in enumerate(found):
            if not _has(one, "text", "entry", "section"):
                yield f"{place}[{n}]", "expected text, entries or sections (cmp-1)"
            if "emptyReason" in one and "entry" in one:
                yield f"{place}[{n}].emptyReason", "expected no entries of what is empty (cmp-2)"
            yield from sections(one.get("section", []), f"{place}[{n}].section")

    yield from sections(value.get("section", []), ".section")


def questionnaire(value: Content) -> Faults:
    yield from _named(value)
    seen: dict[str, str] = {}

    def items(found: list[Content], place: str) -> Faults:
        for n, one in enumerate(found):
            here, kind = f"{place}[{n}]", one.get("type")
            if one.get("linkId") in seen:
                yield f"{here}.linkId", "expected each linkId once (que-2)"
            seen[one.get("linkId", "")] = kind or ""
            if kind == "group" and "item" not in one:
                yield here, "expected items in a group (que-1)"
            if kind == "display" and "item" in one:
                yield here, "expected no items below a text (que-1)"
            if kind == "display" and "code" in one:
                yield f"{here}.code", "expected no code of a text (que-3)"
            if "answerOption" in one and "answerValueSet" in one:
                yield here, "expected answers as options or as a value set (que-4)"
            if kind not in (
                None,
                "choice",
                "open-choice",
                "decimal",
                "integer",
                "date",
                "dateTime",
                "time",
                "string",
                "quantity",
            ) and _has(one, "answerOption", "answerValueSet"):
                yield here, "expected no answers to choose from for this type (que-5)"
            if kind == "display" and ("required" in one or "repeats" in one):
                yield here, "expected no required or repeats of a text (que-6)"
            if kind in ("group", "display") and "initial" in one:
                yield f"{here}.initial", "expected no initial value of a group or text (que-8)"
            if "answerOption" in one and "initial" in one:
                yield f"{here}.initial", "expected the option itself to say that it is initial (que-11)"
            if not one.get("repeats") and len(one.get("initial", ())) > 1:
                yield f"{here}.initial", "expected one initial value of what does not repeat (que-13)"
            if len(one.get("enableWhen", ())) > 1 and not _has(one, "enableBehavior"):
                yield f"{here}.enableBehavior", "expected whether all or any must hold (que-12)"
            for m, when in enumerate(one.get("enableWhen", ())):
                if when.get("operator") == "exists" and "answerBoolean" not in when:
                    yield f"{here}.enableWhen[{m}]", "expected a boolean answer with exists (que-7)"
            yield from items(one.get("item", []), f"{here}.item")

    yield from items(value.get("item", []), ".item")

    def questions(found: list[Content], place: str) -> Faults:
        for n, one in enumerate(found):
            for m, when in enumerate(one.get("enableWhen", ())):
                asked = when.get("question")
                here = f"{place}[{n}].enableWhen[{m}]"
                if asked not in seen:
                    yield f"{here}.question", "expected the linkId of another item"
                elif asked == one.get("linkId"):
                    yield f"{here}.question", "expected another item than the one it stands in"
                elif when.get("operator") != "exists" and not any(
                    f"answer{kind}" in when for kind in _ANSWERS.get(seen[asked], _ANY_ANSWER)
                ):
                    yield here, "expected an answer of the type of the question"
            yield from questions(one.get("item", []), f"{place}[{n}].item")

    yield from questions(value.get("item", []), ".item")


_ANY_ANSWER = ("Boolean", "Decimal", "Integer", "Date", "DateTime", "Time", "String", "Coding", "Quantity", "Reference")
_ANSWERS = {
    "boolean": ("Boolean",), "decimal": ("Decimal",), "integer": ("Integer",), "date": ("Date",),
    "dateTime": ("DateTime",), "time": ("Time",), "string": ("String",), "text": ("String",), "url": ("Uri", "String"),
    "choice": ("Coding", "String", "Integer", "Date", "Time"), "quantity": ("Quantity",), "reference": ("Reference",),
}  # fmt: skip


def questionnaire_response(value: Content) -> Faults:
    def items(found: list[Content], place: str) -> Faults:
        for n, one in enumerate(found):
            if "answer" in one and "item" in one:
                yield f"{place}[{n}]", "expected either answers or items (qrs-1)"
            for m, answer in enumerate(one.get("answer", ())):
                yield from items(answer.get("item", []), f"{place}[{n}].answer[{m}].item")
            yield from items(one.get("item", []), f"{place}[{n}].item")

    yield from items(value.get("item", []), ".item")
    canonical = value.get("questionnaire", "")
    if canonical and not canonical.startswith("#") and "/" in canonical:
        kind = canonical.partition("|")[0].rsplit("/", 2)[-2]
        if kind != "Questionnaire" and kind[:1].isupper() and kind in ("ValueSet", "CodeSystem", "StructureDefinition"):
            yield ".questionnaire", "expected the canonical of a Questionnaire"


def _named(value: Content) -> Faults:
    url = value.get("url")
    if url is not None and (not is_absolute(url) or "|" in url or "#" in url):
        yield ".url", "expected an absolute URI without version or fragment (cnl-1)"


def value_set(value: Content) -> Faults:
    yield from _named(value)
    for place in ("include", "exclude"):
        for n, one in enumerate(value.get("compose", {}).get(place, ())):
            here = f".compose.{place}[{n}]"
            if not _has(one, "system", "valueSet"):
                yield here, "expected a system or a value set (vsd-1)"
            if _has(one, "concept", "filter") and not _has(one, "system"):
                yield here, "expected a system with concepts or filters (vsd-2)"
            if "concept" in one and "filter" in one:
                yield here, "expected either concepts or filters (vsd-3)"
            system = one.get("system")
            if system is not None and (not is_absolute(system) or "|" in system):
                yield f"{here}.system", "expected an absolute URI without a version"
            if "/ValueSet/" in (system or ""):
                yield f"{here}.system", "expected a code system, not a value set"
            for m, concept in enumerate(one.get("concept", ())):
                if system is not None and (wrong := codes.fault(system, concept.get("code", ""))) is not None:
                    yield f"{here}.concept[{m}].code", wrong
            for m, rule in enumerate(one.get("filter", ())):
                if (
                    system == codes.SNOMED
                    and rule.get("property") == "concept"
                    and rule.get("op") in _HIERARCHY
                    and not codes.is_snomed_id(rule.get("value", ""))
                ):
                    yield f"{here}.filter[{m}].value", "expected a SNOMED CT identifier with a valid check digit"
            for m, canonical in enumerate(one.get("valueSet", ())):
                if not is_absolute(canonical):
                    yield f"{here}.valueSet[{m}]", "expected an absolute URI"


_HIERARCHY = ("is-a", "descendent-of", "is-not-a", "generalizes")


def code_system(value: Content) -> Faults:
    yield from _named(value)
    seen: set[str] = set()
    properties = {one.get("code"): one.get("type") for one in value.get("property", ())}
    if len(properties) != len(value.get("property", ())):
        yield ".property", "expected each property once"
    for n, one in enumerate(value.get("property", ())):
        known = _PROPERTIES.get(
            one.get("uri", "").rpartition("#")[2] if "concept-properties#" in one.get("uri", "") else ""
        )
        if known is not None and one.get("type") != known:
            yield f".property[{n}].type", "expected the type that FHIR gives this property"

    def concepts(found: list[Content], place: str) -> Faults:
        for n, one in enumerate(found):
            code = one.get("code", "")
            if code in seen:
                yield f"{place}[{n}].code", "expected each code once (csd-1)"
            seen.add(code)
            for m, two in enumerate(one.get("property", ())):
                kind = properties.get(two.get("code"))
                if kind is None and two.get("code") not in _PROPERTIES:
                    yield f"{place}[{n}].property[{m}].code", "expected a property that the system declares"
                elif kind is not None and f"value{kind[0].upper()}{kind[1:]}" not in two:
                    yield f"{place}[{n}].property[{m}]", "expected a value of the declared type"
            yield from concepts(one.get("concept", []), f"{place}[{n}].concept")

    yield from concepts(value.get("concept", []), ".concept")
    if "supplements" in value and value.get("content") != "supplement":
        yield ".content", "expected content supplement of what supplements another system"
    if value.get("content") == "supplement" and not _has(value, "supplements"):
        yield ".supplements", "expected the system that it supplements"


_PROPERTIES = {
    "inactive": "boolean", "deprecated": "dateTime", "deprecationDate": "dateTime", "notSelectable": "boolean",
    "parent": "code", "child": "code", "status": "code", "retirementDate": "dateTime", "effectiveDate": "dateTime",
}  # fmt: skip


def concept_map(value: Content) -> Faults:
    yield from _named(value)
    for n, group in enumerate(value.get("group", ())):
        for m, one in enumerate(group.get("element", ())):
            wrong = codes.fault(group.get("source", ""), one.get("code", "")) if "code" in one else None
            if wrong is not None:
                yield f".group[{n}].element[{m}].code", wrong
            for k, target in enumerate(one.get("target", ())):
                wrong = codes.fault(group.get("target", ""), target.get("code", "")) if "code" in target else None
                if wrong is not None:
                    yield f".group[{n}].element[{m}].target[{k}].code", wrong
                if target.get("equivalence") in ("narrower", "inexact") and not _has(target, "comment"):
                    yield f".group[{n}].element[{m}].target[{k}]", "expected a comment on what maps inexactly (cmd-1)"


def structure_definition(value: Content) -> Faults:
    yield from _named(value)
    if not _has(value, "snapshot", "differential"):
        yield "", "expected a snapshot or a differential (sdf-6)"
    if value.get("derivation") == "constraint" and not _has(value, "baseDefinition"):
        yield ".baseDefinition", "expected the definition that is constrained (sdf-4)"
    if value.get("type") == "Extension" and value.get("derivation") == "constraint" and not _has(value, "context"):
        yield ".context", "expected where the extension may stand (sdf-5)"
    url = value.get("url", "")
    for name in ("snapshot", "differential"):
        found = value.get(name, {}).get("element", [])
        root = value.get("type", "").rpartition("/")[2]
        if found and found[0].get("path", "").partition(".")[0] != root:
            yield f".{name}.element[0].path", "expected the path to begin with the type (sdf-8)"
        for n, one in enumerate(found):
            if not _is_path(one.get("path", "")):
                yield f".{name}.element[{n}].path", "expected a path of the type that is constrained"
            if value.get("type") == "Extension" and one.get("path") == "Extension.url":
                fixed = one.get("fixedUri")
                if fixed is not None and fixed != url and one.get("id") == "Extension.url":
                    yield f".{name}.element[{n}].fixedUri", "expected the url of the definition"


def _is_path(path: str) -> bool:
    """Answer whether a path leads through the elements of a type of R4; of other types nobody can say."""
    types = definitions().types
    root, *steps = path.split(".")
    if root not in types:
        return True
    here = root
    for step in steps:
        known = types.get(here)
        if known is None:
            return True
        element = known.get(step)
        if element is None:
            return any(one.choice == step.removesuffix("[x]") for one in known.values()) or here == "Element"
        here = element.type
    return True


def search_parameter(value: Content) -> Faults:
    yield from _named(value)
    if "xpath" in value and not _has(value, "xpathUsage"):
        yield ".xpathUsage", "expected xpathUsage with xpath (spd-1)"
    if "expression" in value and value.get("type") == "composite" and not value.get("component"):
        yield ".component", "expected the components of a composite"
    if ("chain" in value or "modifier" in value) and "chain" in value and value.get("type") != "reference":
        yield ".chain", "expected chains only of references (spd-2)"


def operation_definition(value: Content) -> Faults:
    yield from _named(value)
    for n, one in enumerate(value.get("parameter", ())):
        kind = one.get("type")
        if (kind is None) != ("part" in one):
            yield f".parameter[{n}]", "expected either a type or parts (opd-1)"
        if "searchType" in one and kind != "string":
            yield f".parameter[{n}].searchType", "expected a search type only of strings (opd-2)"
        if "targetProfile" in one and kind not in ("Reference", "canonical"):
            yield f".parameter[{n}].targetProfile", "expected a target only of references (opd-3)"


def capability_statement(value: Content) -> Faults:
    yield from _named(value)
    kind = value.get("kind")
    if not _has(value, "rest", "messaging", "document"):
        yield "", "expected rest, messaging or document (cpb-1)"
    if not _has(value, "description", "software", "implementation"):
        yield "", "expected a description, software or implementation (cpb-2)"
    if kind == "instance" and not _has(value, "implementation"):
        yield ".implementation", "expected the implementation of an instance (cpb-14)"
    if kind == "requirements" and _has(value, "implementation", "software"):
        yield ".kind", "expected no implementation or software of requirements (cpb-16)"


def measure(value: Content) -> Faults:
    yield from _named(value)
    for n, group in enumerate(value.get("group", ())):
        for m, one in enumerate(group.get("stratifier", ())):
            if _has(one, "code", "description", "criteria") == _has(one, "component"):
                yield f".group[{n}].stratifier[{m}]", "expected either criteria or components (mea-1)"


def list_(value: Content) -> Faults:
    if "emptyReason" in value and "entry" in value:
        yield ".emptyReason", "expected no entries of an empty list (lst-1)"
    for n, one in enumerate(value.get("entry", ())):
        if "deleted" in one and value.get("mode") != "changes":
            yield f".entry[{n}].deleted", "expected deleted only in a list of changes (lst-2)"
        if "date" in one and value.get("mode") != "working":
            yield f".entry[{n}].date", "expected a date only in a working list (lst-3)"


def appointment(value: Content) -> Faults:
    if ("start" in value) != ("end" in value):
        yield "", "expected both start and end (app-2)"
    if "start" not in value and value.get("status") not in ("proposed", "cancelled", "waitlist"):
        yield "", "expected a start and end of this status (app-3)"
    for n, one in enumerate(value.get("participant", ())):
        if not _has(one, "type", "actor"):
            yield f".participant[{n}]", "expected a type or an actor (app-1)"


def task(value: Content) -> Faults:
    if "lastModified" in value and "authoredOn" in value and is_after(value["authoredOn"], value["lastModified"]):
        yield ".lastModified", "expected a change not before it was written (inv-1)"


def care_plan(value: Content) -> Faults:
    for n, one in enumerate(value.get("activity", ())):
        if "detail" in one and "reference" in one:
            yield f".activity[{n}]", "expected either a detail or a reference (cpl-3)"


def provenance(value: Content) -> Faults:
    for n, one in enumerate(value.get("agent", ())):
        who, behalf = one.get("who", {}).get("reference"), one.get("onBehalfOf", {}).get("reference")
        if who is not None and who == behalf:
            yield f".agent[{n}].onBehalfOf", "expected another than who acted (prov-1)"


RESOURCES: dict[str, Callable[[Content], Faults]] = {
    "AllergyIntolerance": allergy_intolerance, "Appointment": appointment, "CapabilityStatement": capability_statement,
    "CarePlan": care_plan, "CodeSystem": code_system, "Composition": composition, "ConceptMap": concept_map,
    "Condition": condition, "List": list_, "Measure": measure,
    "Observation": observation, "OperationDefinition": operation_definition, "Organization": organization,
    "Patient": patient, "Provenance": provenance, "Questionnaire": questionnaire,
    "QuestionnaireResponse": questionnaire_response, "RiskAssessment": risk_assessment,
    "SearchParameter": search_parameter, "StructureDefinition": structure_definition, "Task": task,
    "ValueSet": value_set,
}  # fmt: skip
