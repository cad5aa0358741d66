"""The route table: which room answers which address."""

from __future__ import annotations

from typing import Any, NoReturn

from django.urls import include, path
from ninja import NinjaAPI
from ninja.errors import ValidationError

from joinedup import __version__, home
from joinedup.errors import RuleError
from joinedup.measures.api import router as measures_api
from joinedup.money.api import router as money_api
from joinedup.planning.api import router as planning_api
from joinedup.system.api import router as system_api

handler400 = "joinedup.ui.errors.bad_request"
handler403 = "joinedup.ui.errors.forbidden"
handler404 = "joinedup.ui.errors.not_found"
handler500 = "joinedup.ui.errors.failed"

# Ninja's own pages would load a script from another host; its document is served by a view with a permission.
api = NinjaAPI(title="joinedup", version=__version__, description="The same answers as the pages.", docs_url=None,
               openapi_url=None)  # fmt: skip
api.add_router("/system", system_api)
api.add_router("/measures", measures_api)
api.add_router("/planning", planning_api)
api.add_router("/money", money_api)


@api.exception_handler(ValidationError)
def say_what_is_missing(request: Any, error: Any) -> NoReturn:
    """Turn ninja's list of parameters that are wrong into our own error, which every door answers alike."""
    parts = [f"{wrong['loc'][-1]}: {wrong['msg']}" for wrong in error.errors]
    raise RuleError(f"{'; '.join(parts)}. /api/openapi.json describes the parameters.") from error


urlpatterns = [
    path("", home.front_page, name="home"),
    path("search/", home.search, name="search"),
    path("access/", include("joinedup.access.urls")),
    path("system/", include("joinedup.system.urls")),
    path("feeds/", include("joinedup.feeds.urls")),
    path("api/openapi.json", home.openapi, name="openapi"),
    path("api/", api.urls),
    path("identity/", include("joinedup.identity.urls")),
    path("record/", include("joinedup.record.urls")),
    path("fhir/", include("joinedup.record.fhir.urls")),
    path("population/", include("joinedup.population.urls")),
    path("measures/", include("joinedup.measures.urls")),
    path("planning/", include("joinedup.planning.urls")),
    path("money/", include("joinedup.money.urls")),
    path("governance/", include("joinedup.governance.transition_urls")),
    path("governance/", include("joinedup.governance.urls")),
    path("governance/", include("joinedup.governance.pack_urls")),
    path("open/", home.open_start, name="open-start"),
    path("open/", include("joinedup.measures.open_urls")),
    path("open/", include("joinedup.money.open_urls")),
    path("open/", include("joinedup.governance.open_urls")),
    path("", include("joinedup.ui.urls")),
]
