"""How a system decides, as data: a joint committee, a statutory corporate body, or its own (rules: G1, G5, G6).

models = governance_models()
model_on([ModelChoice("QM7", "option1", day, other), ModelChoice("QM7", "option2", other)], "QM7", on)
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from joinedup.errors import NotFound, RuleError, did_you_mean

MODELS: Final = Path(__file__).with_name("governance_models.toml")
# What each setting may be. A setting that holds a table has its own settings.
CHOICES: Final[Mapping[str, tuple[object, ...]]] = {
    "legal_form": ("joint_committee", "statutory_corporate"),
    "board_required": (True, False),
    "decides_by": ("consensus", "majority"),
    "binds": ("adopters", "body"),
    "veto": (True, False),
    "duties": ("retained", "transfer_list"),
    "plan_duty": ("all_members", "body"),
    "dissent": ("minuted",),
    "adoption.required": (True, False),
    "adoption.names_duty": (True, False),
    "accountable_officer.from_member_post": (True, False),
    "accountable_officer.other_posts": ("allowed", "forbidden"),
}
TEXTS: Final = ("title", "source")
OPTIONAL: Final = frozenset({"title", "source", "adoption.names_duty", "adoption.days"})


class GovernanceModelError(RuleError):
    """A file of governance models breaks rules; `faults` names each with its setting, value and rule."""

    def __init__(self, faults: Iterable[ModelFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("G5: the governance models were not loaded.\n" + "\n".join(one.says for one in self.faults))


class NoModel(RuleError):
    """No governance model holds in a system on a day, so that no decision of the system can be taken."""


class PowerNotInForce(RuleError):
    """No law allows this function or committee on that day."""


@dataclass(frozen=True, slots=True)
class ModelFault:
    """One thing that is wrong with a model or with the choice of models, and the rule that says so."""

    model: str
    setting: str
    value: object
    rule: str
    expected: str

    @property
    def says(self) -> str:
        """The fault in one sentence."""
        value = str(self.value).lower() if isinstance(self.value, bool) else repr(self.value)
        return f"{self.model}: {self.setting} is {value}; {self.expected} ({self.rule})."


@dataclass(frozen=True, slots=True)
class GovernanceModel:
    """The settings of one governance model; `adoption_days` is None where nobody has to adopt anything."""

    key: str
    title: str
    legal_form: str
    board_required: bool
    decides_by: str
    adoption_required: bool
    adoption_names_duty: bool
    adoption_days: int | None
    binds: str
    officer_from_member_post: bool
    officer_other_posts: str
    duties: str
    plan_duty: str
    dissent: str
    source: str = ""
    veto: bool = False


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """That a system is under a model from a day up to, not including, another; None is until further notice."""

    system: str
    model: str
    start: date
    end: date | None = None

    def is_on(self, day: date) -> bool:
        """Answer whether the choice holds on a day."""
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class Law:
    """The days on which a law allows a function or a committee: from `law_from` up to, not including, `law_to`."""

    law_from: date
    law_to: date | None = None
    name: str = ""


@cache
def governance_models() -> Mapping[str, GovernanceModel]:
    """Answer the models that joinedup brings along, option 1 and option 2, by their keys."""
    return read_governance_models(MODELS.read_text())


def read_governance_models(text: str) -> Mapping[str, GovernanceModel]:
    """Read a TOML text of models, one table each; GovernanceModelError with every fault: none is loaded then (G5)."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise GovernanceModelError([ModelFault("the file", "TOML", "unreadable", "G5", str(error))]) from None
    faults = [fault for key, settings in said.items() for fault in model_faults(key, settings)]
    if not said:
        faults = [ModelFault("the file", "models", "none", "G5", "expected one table or more")]
    if faults:
        raise GovernanceModelError(faults)
    return MappingProxyType({key: _model(key, settings) for key, settings in said.items()})


def model_faults(key: str, settings: object) -> list[ModelFault]:
    """Answer everything that is wrong with one model, setting by setting; an empty list lets it be loaded (G5)."""
    if not isinstance(settings, Mapping):
        return [ModelFault(key, "the model", settings, "G5", "expected a table of settings")]
    flat = _flat(settings)
    known = (*CHOICES, *TEXTS, "adoption.days")
    found = [
        ModelFault(key, one, value, "G5", f"there is no such setting.{did_you_mean(one, known)}".rstrip("."))
        for one, value in flat.items()
        if one not in known
    ]
    for setting, choices in CHOICES.items():
        value = flat.get(setting)
        # True == 1 in Python: a number is no yes or no.
        if value is None and setting in OPTIONAL:
            continue
        if not any(value == one and type(value) is type(one) for one in choices):
            words = " or ".join(str(one).lower() if isinstance(one, bool) else str(one) for one in choices)
            expected = f"expected {words}"
            found.append(ModelFault(key, setting, "missing" if value is None else value, "G5", expected))
    for setting in TEXTS:
        if not isinstance(flat.get(setting, ""), str):
            found.append(ModelFault(key, setting, flat[setting], "G5", "expected text"))
    return [*found, *_together(key, flat)]


def _together(key: str, flat: Mapping[str, Any]) -> list[ModelFault]:
    """Answer the faults of settings that are words of theirs, but do not go together."""
    found = []
    corporate = flat.get("legal_form") == "statutory_corporate"
    if flat.get("veto") is True:
        expected = "no body may stop the others: under a joint committee it stays unbound, a corporate body has no veto"
        found.append(ModelFault(key, "veto", True, "G5", expected))
    required = flat.get("adoption.required")
    days = flat.get("adoption.days")
    if flat.get("binds") == "adopters" and required is not True:
        found.append(ModelFault(key, "binds", "adopters", "G5", "it needs adoption.required = true"))
    if required is True and flat.get("binds") == "body":
        found.append(ModelFault(key, "adoption.required", True, "G2", "a model that binds the body has no adoption"))
    if required is True and (isinstance(days, bool) or not isinstance(days, int) or days < 1):
        value = "missing" if days is None else days
        found.append(ModelFault(key, "adoption.days", value, "G2", "expected a whole number of days, 1 or more"))
    if required is not True and days is not None:
        found.append(ModelFault(key, "adoption.days", days, "G2", "days are counted only where adoption is required"))
    if corporate and flat.get("duties") != "transfer_list":
        expected = "a statutory corporate body takes its duties by a complete transfer list"
        found.append(ModelFault(key, "duties", flat.get("duties", "missing"), "G5", expected))
    if corporate and flat.get("binds") == "adopters":
        found.append(ModelFault(key, "binds", "adopters", "G3", "a statutory corporate body binds itself"))
    if corporate and flat.get("accountable_officer.other_posts") == "allowed":
        expected = "the accountable officer of a statutory corporate body is full time"
        found.append(ModelFault(key, "accountable_officer.other_posts", "allowed", "G4", expected))
    return found


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Answer settings with the tables in them unfolded: {"adoption.days": 42}."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": one for inner, one in value.items()}
        else:
            flat[name] = value
    return flat


def _model(key: str, settings: Mapping[str, Any]) -> GovernanceModel:
    flat = _flat(settings)
    return GovernanceModel(
        key, str(flat.get("title", key)), flat["legal_form"], flat["board_required"], flat["decides_by"],
        flat["adoption.required"], flat.get("adoption.names_duty", False), flat.get("adoption.days"), flat["binds"],
        flat["accountable_officer.from_member_post"], flat["accountable_officer.other_posts"], flat["duties"],
        flat["plan_duty"], flat["dissent"], str(flat.get("source", "")), flat["veto"],
    )  # fmt: skip


def model_named(key: str, models: Mapping[str, GovernanceModel] | None = None) -> GovernanceModel:
    """Answer a model by its key; NotFound, with the nearest, for one that is not there."""
    known = models or governance_models()
    if key not in known:
        raise NotFound(f"There is no governance model '{key}'; known: {', '.join(known)}.{did_you_mean(key, known)}")
    return known[key]


def choice_faults(choices: Iterable[ModelChoice]) -> list[ModelFault]:
    """Answer each day on which a system would be under two models, as faults (G1, G5); one for two that overlap."""
    found = []
    by_system: dict[str, list[ModelChoice]] = {}
    for one in choices:
        by_system.setdefault(one.system, []).append(one)
    for system, its in sorted(by_system.items()):
        for first, second in pairwise(sorted(its, key=lambda one: one.start)):
            if first.end is None or second.start < first.end:
                expected = f"{first.model} still holds on {second.start}; end it on that day"
                found.append(ModelFault(system, f"the model from {second.start}", second.model, "G1", expected))
    return found


def model_on(choices: Iterable[ModelChoice], system: str, on: date) -> str:
    """Answer the key of the model under which a system decides on a day (G1).

    NoModel where none holds: then the system takes no decision. GovernanceModelError where two do. A decision keeps the
    key and is read under that model for ever; a choice made later changes nothing about it.
    """
    holding = [one for one in choices if one.system == system and one.is_on(on)]
    if not holding:
        raise NoModel(f"G1: no governance model holds in {system} on {on}; choose one before the system decides.")
    if len(holding) > 1:
        raise GovernanceModelError(choice_faults(holding))
    return holding[0].model


def is_usable(law: Law, on: date) -> bool:
    """Answer whether a law allows a function or committee on a day (G6)."""
    return law.law_from <= on and (law.law_to is None or on < law.law_to)


def check_power(what: str, law: Law, on: date) -> None:
    """Raise PowerNotInForce unless a law allows the function or committee on that day (G6)."""
    if not is_usable(law, on):
        until = f" until {law.law_to}" if law.law_to else ""
        raise PowerNotInForce(
            f"G6: {what} is allowed by law from {law.law_from}{until}, not on {on}; decide it another way, or on a day "
            "on which the law holds."
        )
