"""The front page, the search over all rooms, and the description of the HTTP interface."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import User, actor_of, decide, grant_for, requires
from joinedup.moment import now
from joinedup.system import Picture, overview_of
from joinedup.ui import Crumb, Page, SearchResult


@requires("system.read")
@require_safe
def front_page(request: Any) -> HttpResponseBase:
    signed_in = request.user.is_authenticated
    return Page(
        request,
        "home.jinja",
        title=_("One system, as it was, is and will be"),
        overview=overview_of(Picture(request.moment)),
        signed_in=signed_in,
        has_demo=not signed_in and User.objects.filter(is_demo=True).exists(),
    ).response()


@requires("system.read")
@require_safe
def search(request: Any) -> HttpResponseBase:
    """Ask every room that registered a search in settings; people are found by those who may see them."""
    text = request.GET.get("q", "").strip()
    sees_people = decide(actor_of(request.user), "system.people", now().valid_on).allowed
    grant = grant_for(request, "system.people") if sees_people else request.grant
    found: list[SearchResult] = []
    if text:
        for path in settings.SEARCHES:
            found += import_string(path)(text, request.moment, grant)
    # A code that denotes one thing only is still shown as a list: people must see what else bears the words.
    return Page(
        request,
        "search.jinja",
        title=_("Results for “%(text)s”") % {"text": text} if text else _("Search"),
        breadcrumbs=[Crumb("joinedup", reverse("home"))],
        text=text,
        results=found,
        instead=[result for result in found if result.href.startswith(reverse("search"))],
    ).response()


@requires("system.read")
@require_safe
def open_start(request: Any) -> HttpResponseBase:
    """The way into what everybody may read without a sign-in: decisions, money and released figures."""
    groups = [
        (_("Who decides what, and why"), [
            (_("Boards, their meetings, papers and minutes"), reverse("open_boards:boards")),
            (_("Decisions"), reverse("open_boards:decisions")),
            (_("Interests of those who decide"), reverse("open_boards:interests")),
            (_("What scrutiny asked, and the answers"), reverse("open_boards:scrutiny")),
            (_("How far boards publish what they must"), reverse("open_boards:compliance")),
        ]),
        (_("Where the money goes"), [
            (_("Payments over £25,000"), reverse("open_money:spend")),
            (_("Contracts, and how each was awarded"), reverse("open_money:contracts")),
        ]),
        (_("Figures"), [(_("What was released"), reverse("open:releases"))]),
    ]  # fmt: skip
    return Page(request, "open.jinja", title=_("Open to everybody"), groups=groups).response()


@requires("system.read")
@require_safe
def openapi(request: Any) -> HttpResponse:
    """Answer the OpenAPI document of everything under /api/."""
    from joinedup.urls import api

    return JsonResponse(api.get_openapi_schema())
