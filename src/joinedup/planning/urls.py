"""The pages of this room, under /planning/."""

from __future__ import annotations

from django.urls import path

from joinedup.planning.views import (
    capacity,
    disagreements,
    forecasts,
    handing_in,
    papers,
    settling,
    signing_off,
    start,
    waiting,
    workforce,
    workforce_planned,
)

app_name = "planning"
urlpatterns = [
    path("", start.start, name="start"),
    path("plans/", start.plans, name="plans"),
    path("plans/template/", handing_in.template, name="template"),
    path("plans/hand-in/", handing_in.hand_in, name="hand-in"),
    path("plans/<int:number>/", handing_in.version, name="version"),
    path("plans/<int:number>/submit/", handing_in.submit, name="submit"),
    path("disagreements/", disagreements.disagreements, name="disagreements"),
    path("disagreements/compare/", disagreements.compare, name="compare"),
    path("disagreements/<int:number>/", disagreements.disagreement, name="disagreement"),
    path("disagreements/<int:number>/propose/", settling.propose, name="propose"),
    path("disagreements/<int:number>/answer/", settling.answer, name="answer"),
    path("disagreements/<int:number>/assign/", settling.assign, name="assign"),
    path("disagreements/<int:number>/escalate/", settling.escalate, name="escalate"),
    path("disagreements/<int:number>/decide/", settling.decide, name="decide"),
    path("disagreements/<int:number>/close/", settling.close, name="close"),
    path("sign-off/", signing_off.pairs, name="pairs"),
    path("sign-off/<int:number>/", signing_off.sign_off, name="sign-off"),
    path("sign-off/<int:number>/waive/", signing_off.waive, name="waive"),
    path("sign-off/<int:number>/sign/", signing_off.sign, name="sign"),
    path("workforce/", workforce.workforce, name="workforce"),
    path("workforce/planned/", workforce_planned.planned, name="workforce-planned"),
    path("capacity/", capacity.capacity, name="capacity"),
    path("forecast/", forecasts.forecast, name="forecast"),
    path("waiting-lists/", waiting.waiting_lists, name="waiting-lists"),
    path("documents/", papers.documents, name="documents"),
    path("documents/<slug:kind>/", papers.document, name="document"),
    path("documents/<slug:kind>/tell/", papers.tell, name="tell"),
    path("documents/<slug:kind>/<slug:name>/", papers.section, name="section"),
]
