"""Sentences about a person that a clinician would say, read into statements (docs: reference/statements.md).

A sentence is one of `FORMS`, word for word but for what stands in italics there: a codelist, a register, a named
value, a number, a stretch of time. Nothing is guessed: a sentence that is none of them is refused, with the form that
is nearest. What statements mean on a population is in `states`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from joinedup.errors import RuleError
from joinedup.population.definitions import as_said
from joinedup.population.grid import EVER, Window

MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WIDEST_AGE: Final = 150


class StatementError(RuleError):
    """A sentence is none that is understood; the message names the nearest form."""


@dataclass(frozen=True)
class Form:
    """One way to say something: its name, the pattern that reads it, examples, and what it means."""

    name: str
    pattern: str
    examples: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class Statement:
    """What a sentence says. `form` names the form; the others are what was said in it, or nothing."""

    sentence: str
    form: str
    negated: bool = False
    name: str = ""
    names: tuple[str, ...] = ()
    at_least: int = 1
    low: int | None = None
    high: int | None = None
    comparison: str = ""
    number: float | None = None
    window: Window = EVER


_WITHIN = r"(?P<window>in the (?:\d+ )?(?:day|week|month|year)s?|since \d{4}-\d{2}-\d{2}|since (?:the last )?1 [a-z]+)"
_NAME = r"(?P<name>[a-z0-9][a-z0-9 ,.'/()+%-]*?)"
_NUMBER = r"(?P<number>-?\d+(?:\.\d+)?)"

FORMS: Final = (
    Form(
        "registered",
        r"is (?P<not>not )?registered",
        ("is registered", "is not registered"),
        "A registration with a practice covers the day. Nobody is registered after the month of their death.",
    ),
    Form(
        "registered in",
        r"is registered (?:with|in) the (?P<kind>practice|neighbourhood|place) (?P<code>[a-z0-9-]+)",
        ("is registered with the practice Y00001", "is registered in the place PA"),
        "The practice of the registration is this one, or lies in this area on the day. Areas are given by their code.",
    ),
    Form(
        "resident",
        r"is (?P<not>not )?resident",
        ("is resident", "is not resident"),
        "The home on the day lies in a small area of the system.",
    ),
    Form(
        "resident in",
        r"lives in the (?P<kind>small area|neighbourhood|place) (?P<code>[a-z0-9-]+)",
        ("lives in the place PA", "lives in the neighbourhood NA1"),
        "The home on the day lies in this area. Areas are given by their code.",
    ),
    Form(
        "aged",
        r"is (?:aged )?(?:under (?P<under>\d+)|(?P<low>\d+) (?:to (?P<high>\d+)|(?P<over>or over)))",
        ("is aged 18 or over", "is under 5", "is aged 40 to 74"),
        "Age in completed years on the day; both ends count. Unknown where the month of birth is. At the end of a "
        "month it is exact but for people born on 29 February: in most years they turn on 1 March, and count as a year "
        "older on the last day of February.",
    ),
    Form(
        "turned",
        r"turned (?P<low>\d+) " + _WITHIN,
        ("turned 2 in the 12 months",),
        "The birthday lies in the stretch of time. A number of months or years only.",
    ),
    Form(
        "sex",
        r"is (?P<not>not )?(?P<name>female|male)",
        ("is female", "is male"),
        "Sex as recorded. Unknown where it is recorded as neither.",
    ),
    Form(
        "ethnic group",
        r"is (?P<not>not )?in the ethnic groups? (?P<names>[a-z ,]+)",
        ("is in the ethnic group Asian", "is in the ethnic group Black, Asian or Mixed"),
        "The group of the recorded category: Asian, Black, Mixed, Other, White. Unknown where none is recorded.",
    ),
    Form(
        "deprivation",
        r"lives in (?P<kind>local |national )?deprivation (?P<unit>quintile|decile) (?P<low>\d+)(?: to (?P<high>\d+))?",
        (
            "lives in deprivation quintile 1",
            "lives in local deprivation quintile 1",
            "lives in deprivation decile 1 to 2",
        ),
        "The small area of the home on the day, by the Index of Multiple Deprivation; 1 is the most deprived. National "
        "unless said otherwise; local ones share out the small areas of this system. Unknown without a small area.",
    ),
    Form(
        "register",
        r"is (?P<not>not )?on the register " + _NAME,
        ("is on the register hypertension", "is on the register DM", "is not on the register diabetes"),
        "The register holds the person on the day. By name or by the short name of the quality framework.",
    ),
    Form(
        "registers",
        r"is on (?:at least (?P<many>\d+) registers?|(?P<none>no register))",
        ("is on at least 2 registers", "is on no register"),
        "So many of the registers hold the person on the day.",
    ),
    Form(
        "ever had",
        r"has (?:(?P<not>never) had|(?:ever )?had) (?:(?:a|an|any) )?"
        + _NAME
        + r"(?: (?P<window>since \d{4}-\d{2}-\d{2}))?",
        ("has ever had stroke", "has never had stroke", "has had fragility fracture since 2012-04-01"),
        "A code of the codelist, or an event of the activity, is dated on or before the day, by any feed.",
    ),
    Form(
        "first had",
        r"first had (?:(?:a|an) )?" + _NAME + " " + _WITHIN,
        ("first had stroke in the 12 months",),
        "The earliest code of the codelist lies in the stretch of time.",
    ),
    Form(
        "measured",
        r"had (?P<not>no )?" + _NAME + " measured " + _WITHIN,
        ("had systolic measured in the 12 months", "had no HbA1c measured in the 12 months"),
        "There is a value of this name in the stretch of time.",
    ),
    Form(
        "had",
        r"had (?:(?:(?P<not>no)|at least (?P<many>\d+)|fewer than (?P<fewer>\d+)|an?|any) )?" + _NAME + " " + _WITHIN,
        (
            "had a foot check in the 12 months",
            "had no foot check in the 12 months",
            "had at least 2 emergency admissions in the 12 months",
            "had fewer than 2 GP consultations in the year",
        ),
        "So many codes of the codelist, or events of the activity, are dated in the stretch of time. Codes count once "
        "a day, so that two feeds that tell of one thing do not make it two; events count each.",
    ),
    Form(
        "last value",
        r"last "
        + _NAME
        + r" is (?P<comparison>above|at least|below|at most) "
        + _NUMBER
        + "(?: "
        + _WITHIN
        + ")?",
        ("last systolic is above 140", "last HbA1c is at most 58 in the 12 months"),
        "The latest value of this name, in its unit, on or before the day (and in the stretch of time). Unknown where "
        "there is none.",
    ),
    Form(
        "last answer",
        r"last " + _NAME + r" is (?P<not>not )?(?P<answer>[a-z][a-z0-9 -]*?)(?: " + _WITHIN + ")?",
        ("last smoking status is current smoker",),
        "The latest answer of this name is a code of the codelist. Unknown where there is none.",
    ),
    Form(
        "prescribed",
        r"was (?P<not>not )?prescribed (?:at least (?P<many>\d+) times )?" + _NAME + " " + _WITHIN,
        (
            "was prescribed statins in the 6 months",
            "was not prescribed statins in the 12 months",
            "was prescribed at least 4 times opioids in the 12 months",
        ),
        "So many issues (not statements of what is taken) are dated in the stretch of time.",
    ),
    Form(
        "ever prescribed",
        r"has (?P<not>never|ever) been prescribed " + _NAME,
        ("has ever been prescribed lithium", "has never been prescribed statins"),
        "An issue is dated on or before the day.",
    ),
    Form(
        "taking",
        r"is (?P<not>not )?taking " + _NAME,
        ("is taking anticoagulants",),
        "A record of what is taken has begun and not ended on the day.",
    ),
    Form(
        "immunised",
        r"was (?P<not>not )?immunised (?:at least (?P<many>\d+) times )?with " + _NAME + " " + _WITHIN,
        (
            "was immunised with influenza vaccine since 1 September",
            "was not immunised with influenza vaccine in the year",
        ),
        "So many immunisations given, on different days, are dated in the stretch of time.",
    ),
    Form(
        "ever immunised",
        r"has (?P<not>never |ever )?been immunised (?:at least (?P<many>\d+) times )?with " + _NAME,
        ("has been immunised at least 2 times with MMR vaccine", "has never been immunised with pneumococcal vaccine"),
        "So many immunisations given, on different days, are dated on or before the day.",
    ),
    Form(
        "waiting",
        r"is (?P<not>not )?waiting for (?P<kind>cancer )?treatment(?: over (?P<number>\d+) (?P<unit>weeks|days))?",
        (
            "is waiting for treatment",
            "is waiting for treatment over 18 weeks",
            "is waiting for cancer treatment over 62 days",
        ),
        "A clock from referral to treatment runs on the day, for longer than so many days or weeks of seven days; of "
        "cancer, where the wait is on a list of suspected cancer.",
    ),
    Form(
        "receiving",
        r"is (?P<not>not )?receiving (?P<name>social care|voluntary services)",
        ("is receiving social care", "is receiving voluntary services"),
        "A service of the council's adult social care, or of a voluntary organisation, has begun and not ended.",
    ),
    Form(
        "segment",
        r"is (?P<not>not )?in the segment " + _NAME,
        ("is in the segment long-term condition",),
        "The segment of the person on the day.",
    ),
    Form(
        "cohort",
        r"is (?P<not>not )?in the cohort " + _NAME,
        ("is in the cohort diabetes overdue for review",),
        "All that the cohort includes holds on the day, and nothing that it excludes.",
    ),
)  # fmt: skip
"""Every form of sentence, in the order in which they are tried."""
FORM: Final = {form.name: form for form in FORMS}
_READ: Final = tuple((form, re.compile(form.pattern)) for form in FORMS)


@lru_cache(maxsize=4096)
def parse(sentence: str) -> Statement:
    """Answer what a sentence says; raises StatementError, naming the nearest form, where it says nothing known.

    Capitals and repeated blanks do not matter. Whether a codelist or register of the name exists is not looked at
    here, but when states are asked for.
    """
    said = " ".join(sentence.strip().rstrip(".").split())
    if not said:
        raise StatementError("A statement is empty. " + _forms())
    for form, pattern in _READ:
        found = pattern.fullmatch(said.casefold())
        if found:
            return _statement(said, form.name, found.groupdict())
    raise StatementError(f"'{said}' is not understood.{_nearest(said)} {_forms()}")


parse_statement = parse
"""The name of `parse` outside this room."""


def _statement(said: str, form: str, at: Mapping[str, str | None]) -> Statement:
    def number(key: str) -> int | None:
        return int(at[key] or 0) if at.get(key) else None

    low, high = number("low"), number("high")
    if form == "aged":
        under = number("under")
        low, high = (0, under - 1) if under is not None else (low, high)
        _expect(said, max(low or 0, high or 0) <= WIDEST_AGE, f"an age up to {WIDEST_AGE}")
        _expect(said, under is None or under > 0, "an age of 1 or more after 'under'")
    if form == "deprivation":
        high = high or low
        parts = 10 if at["unit"] == "decile" else 5
        _expect(said, 1 <= (low or 0) <= (high or 0) <= parts, f"a {at['unit']} from 1 to {parts}")
        _expect(
            said, not (at["unit"] == "decile" and (at["kind"] or "").strip() == "local"), "local quintiles, not deciles"
        )
    _expect(said, low is None or high is None or low <= high, "the lower number first")
    window = _window(said, at.get("window"))
    if form == "turned":
        _expect(said, window.kind == "months", "whole months or years")
    many, fewer = number("many"), number("fewer")
    _expect(said, many != 0 and fewer != 0, "a number of 1 or more")
    names = tuple(re.split(r",\s*|\s+(?:or|and)\s+", (at.get("names") or "").strip())) if at.get("names") else ()
    name = at.get("name") or at.get("code") or at.get("answer") or ""
    if form == "last answer":
        names = (as_said(at["answer"] or ""),)
    no = at.get("not")
    return Statement(
        sentence=said,
        form=form,
        negated=bool(no and no.strip() != "ever") or bool(fewer) or bool(at.get("none")),
        name=name.upper() if form in {"registered in", "resident in"} else as_said(name),
        names=names,
        at_least=many or fewer or 1,
        low=low,
        high=high,
        comparison=at.get("comparison") or f"{(at.get('kind') or '').strip()} {at.get('unit') or ''}".strip(),
        number=float(at["number"] or 0) if at.get("number") else None,
        window=window,
    )


def _window(said: str, text: str | None) -> Window:
    if not text:
        return EVER
    if text == "in the month":
        return Window("month")
    if text.startswith("in the "):
        parts = text.split()
        count, unit = (int(parts[2]), parts[3]) if len(parts) == 4 else (1, parts[2])
        _expect(said, 1 <= count <= 1200, "a stretch of time of 1 or more")
        unit = unit.rstrip("s")
        if unit in {"day", "week"}:
            return Window("days", count * (7 if unit == "week" else 1))
        return Window("months", count * (12 if unit == "year" else 1))
    word = text.split()[-1]
    if word in MONTHS:
        return Window("season", month=MONTHS.index(word) + 1)
    try:
        return Window("since", since=date.fromisoformat(word))
    except ValueError:
        raise StatementError(f"'{said}': '{word}' is no day. Expected since 2024-04-01 or since 1 September.") from None


def _expect(said: str, right: bool, expected: str) -> None:
    if not right:
        raise StatementError(f"'{said}': expected {expected}.")


def _nearest(said: str) -> str:
    examples = {example.casefold(): example for form in FORMS for example in form.examples}
    near = difflib.get_close_matches(said.casefold(), examples, n=1, cutoff=0.5)
    return f" Did you mean something like '{examples[near[0]]}'?" if near else ""


def _forms() -> str:
    return "Statements look like: " + "; ".join(form.examples[0] for form in FORMS) + "."
