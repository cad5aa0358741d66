"""The route table of the small site."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path
from django.views.decorators.http import require_POST

from joinedup.errors import NotFound, Refused
from joinedup.ui import Arrow, Box, Chart, Column, Crumb, Diagram, Feature, Map, NavigationEntry, Page, Table, tile

CANARY = "CANARY-0123456789abcdef"


def entries(request: HttpRequest) -> list[NavigationEntry]:
    return [NavigationEntry("The system", "/"), NavigationEntry("Sign out", "/access/sign-out/", "account", "post")]


def is_simulated() -> bool:
    return True


def bodies() -> Table:
    rows = [{"name": f"Body {n}", "href": f"/body/{n}", "beds": n * 10, "budget": n * 100} for n in range(1, 31)]
    return Table(
        [
            Column("name", "Name", "link", href_key="href"),
            Column("beds", "Beds", "number"),
            Column("budget", "Budget", "pence"),
        ],
        rows,
        caption="Bodies",
        name="bodies",
        source="A drawn table",
    )


def front(request: HttpRequest) -> HttpResponseBase:
    crumbs = [Crumb("England", "/england")]
    return Page(request, "front.jinja", title="A <system>", breadcrumbs=crumbs, bodies=bodies()).response()


def drawings(request: HttpRequest) -> HttpResponseBase:
    import altair as alt

    figures = Table([Column("month", "Month"), Column("n", "Referrals", "number")], MONTHS, caption="M", name="months")
    line = alt.Chart(alt.Data(values=MONTHS)).mark_line().encode(x="month:N", y="n:Q")
    areas = [Feature(f"t{n}", f"Area {n}", tile(n, 0), value=n, href=f"/area/{n}") for n in range(4)]
    return Page(
        request,
        "drawings.jinja",
        title="Drawings",
        line=Chart(line, title="Referrals", summary="They rose.", table=figures),
        areas=Map(areas, title="Areas", summary="Four tiles.", table=bodies(), projection="identity"),
        lineage=Diagram([Box("a", "CCG"), Box("b", "ICB", href="/icb")], [Arrow("a", "b", "became")], title="Before"),
    ).response()


MONTHS: list[dict[str, Any]] = [{"month": "2022-01", "n": 3}, {"month": "2022-02", "n": 5}]


def broken(request: HttpRequest) -> HttpResponseBase:
    raise ValueError(CANARY)


def unknown(request: HttpRequest) -> HttpResponseBase:
    raise NotFound("There is no place called 'Harlo'. Did you mean 'Harlow'?")


def refused(request: HttpRequest) -> HttpResponseBase:
    raise Refused("Your role may not correct facts.")


def no_database(request: HttpRequest) -> HttpResponseBase:
    raise OperationalError(CANARY)


def moment(request: HttpRequest) -> HttpResponseBase:
    from django.http import JsonResponse

    return JsonResponse(
        {"valid_on": request.moment.valid_on.isoformat(), "known_at": request.moment.known_at.isoformat()}
    )


urlpatterns = [
    path("", front),
    path("drawings/", drawings),
    path("broken/", broken),
    path("unknown/", unknown),
    path("refused/", refused),
    path("no-database/", no_database),
    path("api/broken/", broken),
    path("api/moment/", moment),
    path("access/moment/", moment),
    path("form/", require_POST(front)),
    path("", include("joinedup.ui.urls")),
]
handler400 = "joinedup.ui.errors.bad_request"
handler403 = "joinedup.ui.errors.forbidden"
handler404 = "joinedup.ui.errors.not_found"
handler500 = "joinedup.ui.errors.failed"
