"""The addresses of this room, under /measures/."""

from __future__ import annotations

from django.urls import path

from joinedup.measures.releases.urls import release_patterns
from joinedup.measures.views import areas, cohorts, comparisons, measure, needs, start, why

app_name = "measures"
urlpatterns = [
    path("", start.start, name="start"),
    path("areas/<str:code>/", areas.area, name="area"),
    path("compare/", comparisons.compare, name="compare"),
    *release_patterns,
    path("cohorts/", cohorts.cohorts, name="cohorts"),
    path("cohorts/build/", cohorts.build, name="build-cohort"),
    path("needs/", needs.needs, name="needs"),
    path("risk/", needs.risk, name="risk"),
    path("<slug:measure_id>/", measure.measure, name="measure"),
    path("<slug:measure_id>/why/", why.why, name="why"),
    path("<slug:measure_id>/why/<slug:name>.csv", why.codes, name="codes"),
]
