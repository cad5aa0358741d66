"""The allocation by need with its sliders: what each place gets, why, and what it would get otherwise.

Everything stands in the address, so that what was tried can be sent to somebody; nothing is stored. A script asks for
the answer's part alone while a slider moves; without it the button asks for the whole page.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.measures import open_results
from joinedup.money.allocation import places_map as allocation_map
from joinedup.money.allocation.explained import Unit
from joinedup.money.allocation.kept_baselines import baselines_of
from joinedup.money.allocation.kept_tables import Edition, editions, kept_residents, kept_table
from joinedup.money.allocation.pace import Infeasible
from joinedup.money.allocation.weighted_populations import COLUMNS, BlankCell, WeightedPopulation
from joinedup.money.allocation.what_if import Answer, try_out
from joinedup.money.allocation.what_if_form import (
    BLANKS,
    BLEND,
    CAP,
    FLOOR,
    MAX_UNDER,
    SLIDERS,
    WEIGHTS,
    Slider,
    Typed,
    read,
    shown,
)
from joinedup.money.models import Fund
from joinedup.money.views import allocation_tables as tables
from joinedup.money.views.parts import crumbs, in_millions
from joinedup.ui import Page, Table
from joinedup.ui.tables import pounds

COMPONENTS = {
    "core": "Core services (published as one)", "general-and-acute": "General and acute", "community": "Community",
    "mental-health": "Mental health", "maternity": "Maternity", "health-inequalities": "Health inequalities",
    "prescribing": "Prescribing", "primary-medical-care-need": "Primary medical care, need alone",
    "primary-medical-care": "Primary medical care",
}  # fmt: skip
PART = "X-Part"


@requires("money.read")
@require_safe
def allocation(request: Any) -> HttpResponseBase:
    kept = editions()
    if not kept:
        return Page(
            request, "money/no_table.jinja", title=_("Share a pot by need"), breadcrumbs=crumbs()
        ).response()  # fmt: skip
    edition = _edition(kept, request.GET.get("edition", ""))
    # Names, systems and places need no figure, so that no blank cell keeps the page from asking what it is.
    plain, _kept = kept_table(edition.year, components=("core",), blank="zero", edition=edition.digest)
    system = _system(plain, request.GET.get("system", ""))
    places = sorted({one.place for one in plain.of(system)})
    had = baselines_of(edition.year, places)
    typed = read(request.GET, system=system, places=places, components=tuple(COLUMNS), kept=had.pence if had else None)
    table: WeightedPopulation | None = None
    errors, bounds, answer = dict(typed.errors), None, None
    try:
        table = _table(plain, typed, edition)
    except BlankCell:
        errors["blank"] = _("A cell of the table that is needed is blank, and a blank is not 0. Choose what it is")
    place, neighbourhood = request.GET.get("place", ""), request.GET.get("neighbourhood", "")
    if typed.tried is not None and table is not None:
        try:
            answer = try_out(
                table, typed.tried, place=place if place in places else "", neighbourhood=neighbourhood
            )  # fmt: skip
        except Infeasible as error:
            bounds = error
            errors[_culprit(error, typed)] = _infeasible(error, typed)
    page = Page(
        request,
        "money/allocation_part.jinja" if request.headers.get(PART) else "money/allocation.jinja",
        title=_("Share a pot by need: %(system)s") % {"system": _name(plain, "system", system)},
        breadcrumbs=crumbs(),
        **_form(plain, typed, kept, edition, system, places),
        had=had,
        errors=errors,
        bounds=bounds,
        colour=_colour(request),
        **(_answered(request, table, answer, typed, edition) if answer and table else {"answer": None}),
    )
    response = page.response(422 if errors else 200)
    patch_vary_headers(response, [PART])
    return response


def _table(plain: WeightedPopulation, typed: Typed, edition: Edition) -> WeightedPopulation:
    """Answer the table with what is needed of it, as blank cells are to count; BlankCell where that was not said."""
    if typed.components == plain.components and (typed.blank == "zero" or not plain.blanks):
        return plain
    return kept_table(edition.year, components=typed.components, blank=typed.blank, edition=edition.digest)[0]


# --- the form


def _form(
    table: WeightedPopulation, typed: Typed, kept: list[Edition], edition: Edition, system: str, places: list[str]
) -> dict[str, Any]:
    assumed = typed.tried is None or typed.tried.baseline is None
    return {
        "editions": [
            {"value": one.digest[:12], "text": f"{one.year} ({one.file}, {one.digest[:8]})",
             "selected": one.digest == edition.digest}
            for one in kept
        ],
        "systems": [
            {"value": code, "text": _name(table, "system", code), "selected": code == system}
            for code in sorted(table.systems(), key=lambda code: _name(table, "system", code))
        ],
        "component_choices": [
            {"value": key, "text": text, "selected": key == typed.component}
            for key, text in [*COMPONENTS.items(), (BLEND, _("A blend of your own, by the sliders below"))]
        ],
        "blank_choices": [
            {"value": key, "text": text, "selected": key == typed.blank} for key, text in BLANKS.items()
        ],
        "is_blend": typed.component == BLEND,
        "values": typed.values,
        "sliders": {name: _slider(one, typed) for name, one in SLIDERS.items()},
        "weights": [_slider(one, typed, COMPONENTS[name]) for name, one in WEIGHTS.items()],
        "befores": [
            {"name": f"before-{code}", "label": _name(table, "place", code), "value": typed.values[f"before-{code}"]}
            for code in places
        ],
        "has_befores": not assumed or any(name.startswith("before-") for name in typed.errors),
        "is_paced": typed.tried is not None and typed.tried.is_paced,
    }  # fmt: skip


def _slider(one: Slider, typed: Typed, label: str = "") -> dict[str, Any]:
    value = typed.values[one.name]
    return {
        "name": one.name, "label": label, "least": one.least, "most": one.most, "step": one.step, "unit": one.unit,
        "value": value, "shown": shown(one, value), "off": one.off, "off_says": one.off_says,
    }  # fmt: skip


def _edition(kept: list[Edition], asked: str) -> Edition:
    found = [one for one in kept if asked and one.digest.startswith(asked)]
    if asked and not found:
        raise NotFound(_("No such edition of the weighted populations is kept here. Choose one on the page."))
    return (found or kept)[0]


def _system(table: WeightedPopulation, asked: str) -> str:
    """Answer the system that is asked for, else the one whose pot or measures are kept here."""
    known = table.systems()
    if asked:
        table.of(asked)
        return asked
    hosts = [host for host in Fund.objects.order_by("at").values_list("host", flat=True) if host in known]
    if hosts:
        return hosts[0]
    try:
        held = open_results().system
    except NotFound:
        held = ""
    return held if held in known else known[0]


# --- the answer


def _answered(
    request: Any, table: WeightedPopulation, answer: Answer, typed: Typed, edition: Edition
) -> dict[str, Any]:
    made = answer.allocation
    residents = kept_residents()
    notes = tables.file_notes(answer, typed, edition)
    inside = request.GET.get("place", "")
    neighbourhood = request.GET.get("neighbourhood", "")
    below: Table | None = None
    if answer.below:
        name = _name(table, "place", inside)
        if neighbourhood:
            name = f"{_network(table, neighbourhood)}, {name}"
        below = tables.below_table(answer.below, name, lambda unit: _down(request, unit), notes)
    given = sum(unit.pence for unit in made.units)
    return {
        "answer": answer,
        "made": made,
        "whole": {
            "pot": pounds(made.pot), "pot_millions": in_millions(made.pot), "given": pounds(given),
            "differs": pounds(given - made.pot), "is_exact": given == made.pot,
        },
        "places": tables.places_table(answer, lambda unit: _down(request, unit), notes),
        "people": tables.people_table(answer, residents, notes),
        "below": below,
        "below_sum": _below_sum(answer, inside, neighbourhood) if answer.below else None,
        "up": _up(request) if inside else None,
        "places_map": allocation_map.draw(request.moment, made, _colour(request)),
        "blend": [
            {"name": COMPONENTS[name], "share": f"{share * 100:.2f}%"}
            for name, share in (typed.tried.shares or {}).items()
        ] if typed.tried else [],
        "index": f"{round(made.area.index_of_england, 3):.3f}" if made.area.index_of_england else "–",
        "edition": edition,
        "year_from": made.as_of,
        "residents_file": residents.get("file", ""),
        "counted_as": _("nobody") if typed.blank == "zero" else _("one weighted person"),
    }  # fmt: skip


def _colour(request: Any) -> str:
    return "distance" if request.GET.get("colour") == "distance" else "need"


def _below_sum(answer: Answer, place: str, neighbourhood: str) -> dict[str, Any]:
    """Answer what the units below add up to, beside what stands above them."""
    whole = sum(unit.pence for unit in answer.below)
    above = {unit.code: unit.pence for unit in answer.allocation.units}[place]
    return {"sum": pounds(whole), "above": None if neighbourhood else pounds(above)}


def _down(request: Any, unit: Unit) -> str | None:
    """Answer the address of what lies below a unit."""
    if unit.level == "practice":
        return None
    where = {"place": unit.path[0]} | ({"neighbourhood": unit.path[1]} if unit.level == "neighbourhood" else {})
    return f"{reverse('money:allocation')}?{urlencode(_kept(request) | where)}#below"


def _up(request: Any) -> str:
    where = {"place": request.GET["place"]} if request.GET.get("neighbourhood") else {}
    return f"{reverse('money:allocation')}?{urlencode(_kept(request) | where)}#answer"


def _kept(request: Any) -> dict[str, str]:
    return {
        key: value
        for key, value in request.GET.items()
        if key not in {"place", "neighbourhood"} and not key.endswith(("-download", "-page", "-sort", "-q"))
    }


def _culprit(error: Infeasible, typed: Typed) -> str:
    """Answer the slider beside which it is said: what keeps places up, or what holds them down."""
    values = typed.values
    if error.pot > error.upper:
        return "cap"
    off = {one.name: shown(one, values[one.name]) == one.off_says for one in (FLOOR, MAX_UNDER)}
    return "max_under" if off["floor"] and not off["max_under"] else "floor"


def _infeasible(error: Infeasible, typed: Typed) -> str:
    if error.pot < error.lower and shown(CAP, typed.values["cap"]) == CAP.off_says:
        said = _(
            "With these limits the pot must be at least %(lower)s; it is %(pot)s. Lower the floor or raise the pot."
        )
        return said % {"lower": pounds(error.lower), "pot": pounds(error.pot)}
    step = (
        _("Lower the floor, let places stay further below target, or raise the pot.")
        if error.pot < error.lower
        else _("Raise the cap, or lower the pot.")
    )
    return _("With these limits the pot must be from %(lower)s to %(upper)s; it is %(pot)s. %(step)s") % {
        "lower": pounds(error.lower), "upper": pounds(error.upper), "pot": pounds(error.pot), "step": step,
    }  # fmt: skip


def _name(table: WeightedPopulation, level: str, code: str) -> str:
    return tables.plain_name(table.names.get((level, code), "")) or code


def _network(table: WeightedPopulation, code: str) -> str:
    return tables.unit_name("neighbourhood", code, table.names.get(("neighbourhood", code), ""))
