"""How the pages call things: kinds, dates as exact as they are known, facts and changes in words, and addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

from django.urls import reverse

from joinedup.system.change import PLANNED
from joinedup.system.kinds import AREA_KINDS, BODY_KINDS, FACTS, LEGAL_FORMS, LINK_KINDS, SERVING_ROLES
from joinedup.system.periods import PartialDate
from joinedup.ui import day

Told = Mapping[str, Any]

# What people say for short, where the long name of a kind would be read again and again.
SHORT_KINDS = {"stp": "STP", "ics": "ICS", "icb": "ICB", "ccg": "CCG", "pcn": "PCN", "gp_practice": "GP practice"}
NAME_ROLES = {"official": "Name", "short": "Short name", "former_brand": "Former brand"}
CONTACTS = {"web": "Website", "post": "Postal address", "social": "Social media"}
SECTORS = {
    "nhs": "NHS",
    "local_government": "local government",
    "voluntary": "voluntary sector",
    "primary_care": "primary care",
    "independent": "independent sector",
}
CERTAINTIES = {
    "proposed": ("Proposed", "yellow"),
    "subject_to_parliament": ("Subject to Parliament", "yellow"),
    "approved": ("Approved", "aqua-green"),
    "in_force": ("In force", "green"),
    "withdrawn": ("Withdrawn", "grey"),
}
CHANGES = {
    "found": "Founding",
    "rename": "New name",
    "recode": "New code",
    "redesignate": "New status",
    "merge": "Merger",
    "split": "Split",
    "absorb": "Absorption",
    "transfer_function": "Transfer of functions",
    "boundary_change": "Change of boundary",
    "dissolve": "Dissolution",
}
SCHEMES = {"ods": "ODS code", "ons": "ONS code", "charity": "Charity number", "company": "Company number"}


def body_kind(kind: str | None) -> str:
    """Answer the title of a kind of body; a body that does not exist on the day has none."""
    return BODY_KINDS.get(kind or "", kind or "does not exist on this day")


def area_kind(kind: str) -> str:
    return AREA_KINDS.get(kind, kind)


@lru_cache(maxsize=4096)
def said(text: str | None) -> str:
    """Answer a date of an answer as the NHS writes it, no more exact than it is known: "1 July 2022", "May 2020"."""
    if not text:
        return ""
    known = PartialDate.parse(text)
    written = day(known.earliest)
    return {"day": written, "month": written.partition(" ")[2], "year": text}[known.precision]


@lru_cache(maxsize=4096)
def last_day(to: str | None) -> str:
    """Answer the last day of a period whose end is half-open; an end known by month or year stays that."""
    if not to:
        return ""
    end = PartialDate.parse(to)
    return day(end.earliest - timedelta(days=1)) if end.precision == "day" else said(to)


def span(since: Told | None) -> str:
    """Answer a period in words: "since 1 July 2022", "1 April 2013 to 30 June 2022"."""
    if not since:
        return ""
    if not since["to"]:
        return f"since {said(since['from'])}"
    return f"{said(since['from'])} to {last_day(since['to'])}"


def sort_day(text: str | None) -> date | None:
    """Answer the earliest day of a date, for tables that sort."""
    return PartialDate.parse(text).earliest if text else None


def listed(names: Iterable[str]) -> str:
    """Answer names as a sentence lists them: "A, B and C"."""
    *most, last = list(names) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def body_href(found: Told) -> str:
    # Lists have thousands of these; the route is looked up once.
    return f"{_bodies()}{quote(found['key'], safe=':')}/"


@cache
def _bodies() -> str:
    return reverse("system:body", args=["KEY"]).removesuffix("KEY/")


def area_href(found: Told) -> str:
    return reverse("system:system" if found["kind"] == "system" else "system:area", args=[found["key"]])


def event_href(found: Told) -> str:
    return reverse("system:event", args=[found["key"]])


def event_sentence(event: Told) -> str:
    """Answer what a change is, in words that suit a plan as well as a past."""
    before = listed(b["name"] for b in event["originals"])
    after = listed(b["name"] for b in event["results"])
    kind = event["kind"]
    if kind == "merge":
        return f"Merger of {before} into {after}"
    if kind == "split":
        return f"Split of {before} into {after}"
    if kind == "absorb":
        return f"{before} absorbed by {after}"
    if kind == "dissolve":
        return f"Dissolution of {before}" + (f", followed by {after}" if after else "")
    if kind == "found":
        return f"Founding of {after}"
    if kind == "transfer_function":
        return f"Transfer of functions from {before} to {after}"
    title = CHANGES.get(kind, kind)
    return f"{title} of {before or after}" if before or after else event["note"] or title


def event_rows(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """dict[str, Any] change events as pages list them: when, what, how certain, what nobody has said yet."""
    rows = []
    for event in events:
        certainty, colour = CERTAINTIES[event["certainty"]]
        rows.append(
            {
                **event,
                "when": said(event["effective"]),
                "sort": sort_day(event["effective"]),
                "what": event_sentence(event),
                "change": CHANGES.get(event["kind"], event["kind"]),
                "href": event_href(event),
                "certainty_said": certainty,
                "colour": colour,
                "is_overdue": event["days_overdue"] > 0,
                "is_planned": event["certainty"] in PLANNED,
            }
        )
    return rows


def fact_words(fact: Told) -> tuple[str, str]:
    """Answer what a fact is about and what it says, as two texts for people."""
    says, kind = fact["says"], fact["fact"]
    if kind == "Standing":
        sector = SECTORS.get(says.get("sector", ""), says.get("sector", ""))
        legal = LEGAL_FORMS.get(says.get("legal_form", ""), "")
        parts = [body_kind(says.get("kind")), legal if legal != body_kind(says.get("kind")) else "", sector]
        return FACTS[kind], ", ".join(part for part in parts if part)
    if kind == "Name":
        return NAME_ROLES.get(says.get("role", "official"), "Name"), str(says.get("name", ""))
    if kind == "Identifier":
        scheme = said_scheme(says.get("scheme") or fact["of"])
        return scheme, str(says.get("code", ""))
    if kind == "ContactPoint":
        return CONTACTS.get(says.get("kind", ""), "Contact"), str(says.get("value", ""))
    if kind == "Site":
        patients = says.get("registered_patients")
        return "Site", ", ".join(
            part for part in (says.get("postcode", ""), f"{patients:,} registered patients" if patients else "") if part
        )
    if kind == "Serving":
        role = SERVING_ROLES.get(says.get("role", ""), says.get("role", ""))
        return FACTS[kind], f"{role} {says.get('area', '')}{share(says.get('share'))}"
    if kind == "Link":
        role = LINK_KINDS.get(says.get("kind", ""), says.get("kind", ""))
        return FACTS[kind], f"{role} {says.get('to', '')}{share(says.get('share'))}"
    if kind == "PostStanding":
        return FACTS[kind], str(says.get("title", ""))
    if kind == "FunctionOwner":
        return FACTS[kind], str(says.get("function") or fact["of"])
    return FACTS.get(kind, kind), ", ".join(str(value) for value in says.values()) or "holds"


def said_scheme(scheme: str) -> str:
    return SCHEMES.get(scheme, scheme.upper())


def share(value: float | None) -> str:
    """Answer a share in brackets, as a percentage; nothing where none is known."""
    return f" ({value:.0%})" if value is not None else ""


def percent(value: float | None) -> str:
    return f"{value:.1%}" if value is not None else ""
