"""The template environment: the NHS.UK macros, every room's templates, and the components as functions.

In any template: `{{ table(t) }}`, `{{ chart(c) }}`, `{{ map(m) }}`, `{{ diagram(d) }}`, `{{ asset("joinedup.css") }}`,
`{{ url("name") }}`, the filters `day`, `instant`, `pounds`, and `_("text")` for what is to be translated.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2
from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext, ngettext, pgettext
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader
from markupsafe import Markup

from joinedup.ui import assets, dates, tables


def environment(**options: Any) -> Environment:
    """Answer the environment that Django's Jinja backend renders all pages with."""
    given = options["loader"]
    folders = [_folder(room) / "templates" for room in settings.ROOMS]
    package = Path(__file__).resolve().parent.parent / "templates"
    options |= {
        "loader": ChoiceLoader([given, FileSystemLoader([*folders, package]), PackageLoader("nhsuk_frontend_jinja")]),
        # The NHS.UK macros ask for parameters of parameters that were not given; only this kind allows it.
        "undefined": ChainableUndefined,
        "extensions": ["jinja2.ext.i18n"],
        "trim_blocks": True,
        "lstrip_blocks": True,
        "autoescape": True,  # which the linters cannot see from here
    }
    env = Environment(**options)  # noqa: S701  # nosec B701
    env.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext)  # type: ignore[attr-defined]
    env.filters |= {"day": dates.day, "instant": dates.instant, "pounds": tables.pounds, "inline_svg": inline_svg}
    env.globals |= {
        "asset": assets.address,
        "url": lambda name, **values: reverse(name, kwargs=values or None),
        "is_used": is_used,
        "new_owners": new_owners,
        "table": show_table,
        "chart": _shown_by("ui/chart.jinja", "chart"),
        "map": _shown_by("ui/map.jinja", "map"),
        "diagram": _shown_by("ui/diagram.jinja", "diagram"),
    }
    return env


def new_owners(room: str, kind: str, key: str, *bodies: str) -> list[dict[str, Any]]:
    """Answer who has a piece of work of these bodies, by code, from the day on which one of them closes."""
    return [one for path in settings.NEW_OWNERS for one in import_string(path)(room, kind, key, bodies)]


@jinja2.pass_context
def show_table(context: jinja2.runtime.Context, shown: tables.Table) -> Markup:
    """Answer a table as its reader asked to see it."""
    request = context.get("request")
    view = shown.for_request(request) if request is not None else shown.view({})
    template = context.environment.get_template("ui/table.jinja")
    return Markup(template.render({**_around(context), "view": view}))  # noqa: S704  # nosec B704 - an escaped template


def inline_svg(svg: str) -> Markup:
    """Answer a drawing of ours as markup: charts.py, maps.py and diagrams.py escape each text they put into it."""
    return Markup(svg)  # noqa: S704  # nosec B704


def is_used(shown: tables.Table, request: Any) -> bool:
    """Answer whether the address sorts, filters or pages this table."""
    return request is not None and any(key.startswith(f"{shown.name}-") for key in request.GET)


def _shown_by(template_name: str, name: str) -> Any:
    @jinja2.pass_context
    def show(context: jinja2.runtime.Context, component: Any) -> Markup:
        template = context.environment.get_template(template_name)
        return Markup(template.render({**_around(context), name: component}))  # noqa: S704  # nosec B704

    return show


def _around(context: jinja2.runtime.Context) -> dict[str, Any]:
    return {"request": context.get("request"), "site": context.get("site")}


def _folder(room: str) -> Path:
    spec = find_spec(room)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"settings.ROOMS names '{room}', which is not installed.")
    return Path(spec.submodule_search_locations[0])
