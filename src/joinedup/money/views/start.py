"""The way into money: what there is, and what whoever looks may do."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.money.views.parts import crumbs
from joinedup.ui import Page


@requires("money.read")
@require_safe
def start(request: Any) -> HttpResponseBase:
    return Page(request, "money/start.jinja", title=_("Money"), breadcrumbs=crumbs()[:1]).response()
