"""What people fill in: a correction of one fact, and the two dates of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from joinedup.system.kinds import BODY_KINDS, LEGAL_FORMS
from joinedup.system.names import SECTORS
from joinedup.system.periods import PartialDate
from joinedup.system.services import CORRECTABLE
from joinedup.ui import PARTS, WrittenDate, read_date

# The words above the box of each column that can be corrected.
LABELS = {
    "name": "Name",
    "value": "Address or link",
    "kind": "Kind of body",
    "legal_form": "Legal form",
    "sector": "Sector",
    "share": "Share",
    "title": "Title of the post",
    "category": "Category",
    "postcode": "Postcode",
    "registered_patients": "Registered patients",
    "code": "Code",
}
HINTS = {"share": "A number between 0 and 1, such as 0.93. Leave it empty when it is not known."}
CHOICES: dict[str, Mapping[str, str]] = {"kind": BODY_KINDS, "legal_form": LEGAL_FORMS, "sector": SECTORS}


@dataclass(frozen=True, slots=True)
class Box:
    """One value to fill in: its name, label, what stands in it, and the choices if only some are possible."""

    name: str
    label: str
    value: str
    hint: str = ""
    choices: Mapping[str, str] | None = None


@dataclass(slots=True)
class CorrectionForm:
    """A correction as somebody wrote it, and what is wrong with it: (text, id of the box) pairs."""

    fact: str
    values: dict[str, str]
    start: dict[str, str]
    end: dict[str, str]
    reason: str = ""
    never: bool = False  # the fact never held: withdraw it
    errors: list[tuple[str, str]] = field(default_factory=list)
    from_day: PartialDate | None = None
    to_day: PartialDate | None = None

    @property
    def boxes(self) -> list[Box]:
        return [
            Box(name, LABELS.get(name, name), self.values.get(name, ""), HINTS.get(name, ""), CHOICES.get(name))
            for name in CORRECTABLE[self.fact]
        ]

    @classmethod
    def of_fact(cls, fact: Mapping[str, Any]) -> CorrectionForm:
        """Answer the form filled with what is believed now."""
        says = {name: fact["says"].get(name) for name in CORRECTABLE[fact["fact"]]}
        start = PartialDate.parse(fact["from"])
        end = PartialDate.parse(fact["to"]) if fact["to"] else None
        if end is not None and end.precision == "day":  # People write the last day; we keep the day after it.
            end = PartialDate(end.earliest - timedelta(days=1))
        return cls(
            fact["fact"],
            {name: "" if value is None else str(value) for name, value in says.items()},
            _boxes_of(start),
            _boxes_of(end),
        )

    @classmethod
    def sent(cls, fact: str, data: Mapping[str, str]) -> CorrectionForm:
        """Answer the form as it was sent, checked; what only the database can tell is left to the service."""
        form = cls(
            fact,
            {name: data.get(name, "").strip() for name in CORRECTABLE[fact]},
            {part: data.get(f"from_{part}", "").strip() for part in PARTS},
            {part: data.get(f"to_{part}", "").strip() for part in PARTS},
            data.get("reason", "").strip(),
            data.get("never") == "yes",
        )
        if len(form.reason) < 10:
            form.errors.append(("Enter the reason in at least 10 characters: which source says so?", "reason"))
        if form.never:
            return form
        form.from_day = form._day("from", form.start, "The first day")
        form.to_day = form._day("to", form.end, "The last day")
        if form.from_day is None and not any(box.startswith("from") for _, box in form.errors):
            form.errors.append(("Enter the first day, or only its month and year", "from-day"))
        if form.to_day is not None and form.to_day.precision == "day":
            form.to_day = PartialDate(form.to_day.earliest + timedelta(days=1))
        if form.from_day and form.to_day and form.to_day.earliest <= form.from_day.earliest:
            form.errors.append(("The last day must not be before the first day", "to-day"))
        return form

    def _day(self, name: str, boxes: Mapping[str, str], called: str) -> PartialDate | None:
        """Read a day, or a month or a year when the smaller boxes are empty."""
        day, month, year = (boxes[part] for part in PARTS)
        if not (day or month or year):
            return None
        precision = "day" if day else "month" if month else "year"
        filled = {f"{name}_day": day or "1", f"{name}_month": month or ("1" if not day else ""), f"{name}_year": year}
        read: WrittenDate = read_date(filled, name, called)
        if read.problem or read.value is None:
            self.errors.append((read.problem, f"{name}-{read.first_wrong}"))
            return None
        return PartialDate(read.value, precision)

    def error_of(self, box: str) -> str | None:
        """Answer what is wrong with a box, by its id or the beginning of its id."""
        return next((text for text, at in self.errors if at == box or at.startswith(f"{box}-")), None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The two days (and, if asked, the two states of knowledge) to compare, or what is wrong with them."""

    before: WrittenDate
    after: WrittenDate
    before_known: WrittenDate
    after_known: WrittenDate
    of: str = ""

    @property
    def errors(self) -> list[tuple[str, str]]:
        named = (
            ("from", self.before),
            ("to", self.after),
            ("from_known", self.before_known),
            ("to_known", self.after_known),
        )
        return [(date_.problem, f"{name}-{date_.first_wrong}") for name, date_ in named if date_.problem]

    @classmethod
    def asked(cls, query: Mapping[str, str], today: date) -> Comparison:
        """Read `from`, `to`, `from_known`, `to_known` as ISO days or as three boxes each."""
        return cls(
            _read(query, "from", "The first day"),
            _read(query, "to", "The second day"),
            _read(query, "from_known", "The first “as known on”", latest=today),
            _read(query, "to_known", "The second “as known on”", latest=today),
            query.get("of", "").strip(),
        )


def _read(query: Mapping[str, str], name: str, called: str, latest: date | None = None) -> WrittenDate:
    iso = query.get(name, "").strip()
    if iso:
        try:
            value = date.fromisoformat(iso)
        except ValueError:
            return WrittenDate(problem=f"{called} must be a real date, for example 2022-07-01", wrong=("day",))
        found = WrittenDate(str(value.day), str(value.month), str(value.year), value)
    else:
        found = read_date(query, name, called)
    if latest and found.value and found.value > latest:
        problem = f"{called} must be today or in the past: nobody knows yet what will be known later"
        return WrittenDate(found.day, found.month, found.year, None, problem, ("year",))
    return found


def _boxes_of(at: PartialDate | None) -> dict[str, str]:
    if at is None:
        return dict.fromkeys(PARTS, "")
    return {
        "day": str(at.earliest.day) if at.precision == "day" else "",
        "month": str(at.earliest.month) if at.precision != "year" else "",
        "year": str(at.earliest.year),
    }
