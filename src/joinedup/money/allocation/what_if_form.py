"""What somebody set on the page of the allocation, as it stands in its address: sliders, pot, component, baselines.

Each thing that cannot be is said beside its field; the rest is kept as it was typed. Percentages are typed as people
say them ("4.5") and go on as exact fractions ("0.045").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from joinedup.errors import RuleError
from joinedup.money.allocation.explained import pot_of_pounds
from joinedup.money.allocation.splitting import exact
from joinedup.money.allocation.what_if import Tried, shares_of_weights

BLEND: Final = "blend"
BLENDED: Final = (
    "general-and-acute", "community", "mental-health", "maternity", "health-inequalities", "prescribing",
)  # fmt: skip
POT: Final = "1,000,000,000.00"
MOST_POUNDS: Final = 10**12
EVEN: Final = "10"
BLANK: Final = "error"  # what a blank cell is until somebody says it (M0.6)
BLANKS: Final = MappingProxyType(
    {"error": "Nothing is shared while there is one", "zero": "Nobody", "one": "One weighted person"}
)


@dataclass(frozen=True, slots=True)
class Slider:
    """One slider: its field, from where to where, in which steps, where it stands at first, and what an end means.

    At the value `off` it limits nothing, which `off_says` in words.
    """

    name: str
    least: str
    most: str
    step: str
    start: str
    unit: str = "%"
    off: str = ""
    off_says: str = ""


CHANGE: Final = Slider("change", "-10", "10", "0.1", "0")
KAPPA: Final = Slider("kappa", "0", "100", "1", "100")
FLOOR: Final = Slider("floor", "-10", "10", "0.5", "-10", off="-10", off_says="no floor")
CAP: Final = Slider("cap", "0", "20", "0.5", "20", off="20", off_says="no cap")
MAX_UNDER: Final = Slider("max_under", "0", "20", "0.5", "20", off="20", off_says="no limit")
SLIDERS: Final = {one.name: one for one in (CHANGE, KAPPA, FLOOR, CAP, MAX_UNDER)}
WEIGHTS: Final = {name: Slider(f"weight-{name}", "0", "100", "1", EVEN, unit="") for name in BLENDED}


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, by field, with what is wrong with it; `tried` is None when something is."""

    values: Mapping[str, str]
    errors: Mapping[str, str]
    tried: Tried | None = field(default=None)

    @property
    def component(self) -> str:
        return self.values["component"]

    @property
    def blank(self) -> str:
        return self.values["blank"]

    @property
    def components(self) -> tuple[str, ...]:
        """The components of the table that are needed."""
        return BLENDED if self.component == BLEND else (self.component,)


def read(
    sent: Mapping[str, str],
    *,
    system: str,
    places: Sequence[str],
    components: Sequence[str],
    kept: Mapping[str, int] | None = None,
) -> Typed:
    """Read what the address says; what it does not say stands as at first. `places` are those of the system.

    `kept` is what each place had by the baselines that are kept: the address may say otherwise, and an empty field
    there says that nobody knows.
    """
    values = {one.name: one.start for one in (*SLIDERS.values(), *WEIGHTS.values())}
    values |= {"component": "core", "blank": BLANK, "pot": _typed(sum(kept.values())) if kept else POT}
    values |= {name: sent[name].strip() for name in values if sent.get(name, "").strip()}
    values |= {
        f"before-{place}": sent.get(f"before-{place}", _typed(kept[place]) if kept else "").strip() for place in places
    }
    errors: dict[str, str] = {}
    if values["blank"] not in BLANKS:
        errors["blank"] = "Choose what a blank cell is"
        values["blank"] = BLANK
    if values["component"] not in (*components, BLEND):
        errors["component"] = "Choose one of the components"
        values["component"] = "core"
    numbers = {name: _number(one, values[name], errors) for name, one in SLIDERS.items()}
    weights = {name: _number(one, values[one.name], errors) for name, one in WEIGHTS.items()}
    pot = _pence(values["pot"], "pot", errors)
    if pot == 0:
        errors["pot"] = "The pot must be more than £0"
    baseline = _baseline(values, places, errors)
    shares = None
    if values["component"] == BLEND:
        if any(weights.values()):
            shares = shares_of_weights(weights)
        else:
            errors[next(iter(WEIGHTS.values())).name] = "Give at least one component a weight above 0"
    if errors or pot is None:
        return Typed(values, errors)
    tried = Tried(
        system,
        pot,
        component=next(iter(BLENDED)) if shares else values["component"],
        shares=shares,
        change=numbers["change"] / 100,
        kappa=numbers["kappa"] / 100,
        floor=_limit(FLOOR, numbers),
        cap=_limit(CAP, numbers),
        max_under=_limit(MAX_UNDER, numbers),
        baseline=baseline,
    )
    if tried.floor is not None and tried.cap is not None and exact(tried.floor, "floor") > exact(tried.cap, "cap"):
        return Typed(values, {"floor": "The floor must not be above the cap"})
    return Typed(values, errors, tried)


def shown(one: Slider, value: str) -> str:
    """Answer where a slider stands in words: "50%", "no cap"."""
    try:
        number = Decimal(value)
    except ArithmeticError:
        return value
    return one.off_says if one.off and number == Decimal(one.off) else f"{number.normalize():f}{one.unit}"


def _typed(pence: int) -> str:
    """Answer pence as somebody types them."""
    return f"{pence // 100:,}.{pence % 100:02}"


def _limit(one: Slider, numbers: Mapping[str, Decimal]) -> Decimal | None:
    return None if numbers[one.name] == Decimal(one.off) else numbers[one.name] / 100


def _number(one: Slider, text: str, errors: dict[str, str]) -> Decimal:
    try:
        number = exact(text.removesuffix("%"), one.name)
    except RuleError:
        number = Decimal("NaN")
    if number.is_nan() or not Decimal(one.least) <= number <= Decimal(one.most):
        errors[one.name] = f"Give a number from {one.least} to {one.most}"
        return Decimal(one.start)
    return number


def _pence(text: str, name: str, errors: dict[str, str]) -> int | None:
    try:
        pence = pot_of_pounds(text)
        if not 0 <= pence <= MOST_POUNDS * 100:
            raise RuleError("outside")
    except RuleError:
        errors[name] = f"Give pounds and pence such as 1234.56, from 0 to {MOST_POUNDS:,}"
        return None
    return pence


def _baseline(values: Mapping[str, str], places: Sequence[str], errors: dict[str, str]) -> dict[str, int] | None:
    """Answer what each place had; None where nobody says. Some without the others are no baseline."""
    given = [place for place in places if values[f"before-{place}"]]
    if not given:
        return None
    found: dict[str, int] = {}
    for place in places:
        if place not in given:
            errors[f"before-{place}"] = "Say what this place had, too, or leave all of them empty"
            continue
        pence = _pence(values[f"before-{place}"], f"before-{place}", errors)
        if pence == 0:
            errors[f"before-{place}"] = "Give more than £0"
        found[place] = pence or 0
    return found
