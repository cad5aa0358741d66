"""Messages as British hospitals send them, for the tests of HL7 v2. Everybody in them is made up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from joinedup.feeds.hl7v2 import split
from joinedup.feeds.hl7v2_map import take
from joinedup.feeds.hl7v2_taken import Taken
from joinedup.feeds.values import EncounterEvent, Source

SOURCE = Source("acute-1", "Princess Alexandra Hospital", "RQW", "acute", "hl7v2", is_simulated=True)
REAL = Source("acute-2", "A hospital", "RQW", "acute", "hl7v2")
RECEIVED = datetime(2026, 11, 22, 12, tzinfo=UTC)
PID = (
    "PID|1||700001^^^RQW^MR~9990000018^^^NHS^NH||TAYLOR^ROSE^MAY^^MRS^^L||19510214|F|||"
    "1 HIGH STREET^^HARLOW^ESSEX^ZH1 1AB^GBR^H||01279555001^PRN^PH|||||||||||||||||||NSTS01"
)


def message(*segments: str, kind: str = "ADT^A31", id_: str = "M1", at: str = "20260301090000", msh: str = "") -> bytes:
    """Answer a message of these segments, after an MSH of this type, id and time."""
    head = msh or f"MSH|^~\\&|PAS|RQW|JOINEDUP|QM7|{at}||{kind}|{id_}|P|2.4|||AL|NE|GBR|UNICODE UTF-8"
    return "\r".join((head, *segments)).encode()


def taken(*segments: str, source: Source = SOURCE, **said: str) -> Taken:
    """Answer what is taken from such a message."""
    return take(split(message(*segments, **said)), source, RECEIVED)


def only(found: Taken, type_: str) -> dict[str, Any]:
    """Answer the one resource of a type."""
    (one,) = every(found, type_)
    return one


def every(found: Taken, type_: str) -> list[dict[str, Any]]:
    """Answer all resources of a type, in the order of the message."""
    return [content for (kind, _), (content, _) in found.resources.items() if kind == type_]


def event(trigger: str, hour: float, **content: Any) -> EncounterEvent:
    """Answer an event of the stay V1, on 1 March 2026."""
    at = datetime(2026, 3, 1, int(hour), round(hour % 1 * 60), tzinfo=UTC)
    return EncounterEvent("700001", "V1", trigger, at, 0, f"{trigger}-{hour}", content, 1)


def corpus(reference: Path) -> list[Path]:
    """Answer the 139 published sample messages, in the order of their names."""
    folder = reference / "microsoft-FHIR-Converter-hl7v2" / "data" / "SampleData" / "Hl7v2"
    return sorted(folder.glob("*.hl7"))
